//! Scores of several ways of searching made one.
//!
//! Each is put on a common scale over the candidates of this question, from 0 for none to 1
//! for its best, and summed by weight. Ranks alone (reciprocal rank fusion) would throw away
//! how far ahead the first is, which tells a name that was hit from words that were shared.

use super::{Features, Only};

/// A passage that some way of searching found.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// Which generation.
    pub which: usize,
    /// The passage.
    pub id: u32,
    /// Its score by words, machine and figure counted in.
    pub words: f32,
    /// Its raw scores.
    pub features: Features,
    /// Its score among the others.
    pub score: f32,
}

/// What the sentence vectors weigh beside the words' 1.
const MEANING: f32 = 0.6;
/// A cosine below this is that of any two texts.
const UNRELATED: f32 = 0.1;

/// Gives each candidate its score, 0 to 1, by the ways of searching that are asked for.
pub(super) fn fuse(candidates: &mut [Candidate], only: Only) {
    let best = |of: &dyn Fn(&Candidate) -> f32| candidates.iter().map(of).fold(0.0f32, f32::max);
    let nearness = |c: &Candidate| (c.features.cosine.unwrap_or(0.0) - UNRELATED).max(0.0);
    let (most_words, most_near) = (best(&|c| c.words), best(&nearness));
    let (words, meaning) = match only {
        Only::Words => (1.0, 0.0),
        Only::Vectors => (0.0, 1.0),
        // Without vectors the words are all there is.
        Only::Fused | Only::Reranked if most_near > 0.0 => (1.0, MEANING),
        Only::Fused | Only::Reranked => (1.0, 0.0),
    };
    let part = |value: f32, most: f32| if most > 0.0 { value / most } else { 0.0 };
    for candidate in candidates.iter_mut() {
        let by_words = part(candidate.words, most_words);
        let by_meaning = part(nearness(candidate), most_near);
        candidate.score = (words * by_words + meaning * by_meaning) / (words + meaning);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(id: u32, words: f32, cosine: Option<f32>) -> Candidate {
        let features = Features { words, cosine, late: None };
        Candidate { which: 0, id, words, features, score: 0.0 }
    }

    fn order(mut candidates: Vec<Candidate>, only: Only) -> Vec<u32> {
        fuse(&mut candidates, only);
        candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
        candidates.iter().map(|c| c.id).collect()
    }

    #[test]
    fn what_both_ways_find_comes_before_what_one_finds() {
        let some = || {
            vec![candidate(1, 10.0, Some(0.1)), candidate(2, 9.0, Some(0.6)), candidate(3, 0.0, Some(0.7))]
        };
        assert_eq!(order(some(), Only::Fused), [2, 1, 3]);
        assert_eq!(order(some(), Only::Words), [1, 2, 3]);
        assert_eq!(order(some(), Only::Vectors), [3, 2, 1]);
    }

    #[test]
    fn without_vectors_the_words_decide() {
        let some = vec![candidate(1, 3.0, None), candidate(2, 4.0, None)];
        assert_eq!(order(some, Only::Reranked), [2, 1]);
        assert!(order(Vec::new(), Only::Fused).is_empty());
    }
}
