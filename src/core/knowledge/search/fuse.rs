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

/// What the words weigh, and what the sentence vectors.
const WORDS: f32 = 0.7;
const MEANING: f32 = 0.3;
/// What late interaction, 0 to 1, adds to the best.
const LATE: f32 = 1.0;
/// So many of the best are ranked again.
pub(super) const RANKED_AGAIN: usize = 32;

/// Gives each candidate its score by the ways of searching that are asked for: words from 0
/// for none to 1 for the best, vectors from 0 for the farthest to 1 for the nearest.
pub(super) fn fuse(candidates: &mut [Candidate], only: Only) {
    let most_words = candidates.iter().map(|c| c.words).fold(0.0f32, f32::max);
    let cosines = || candidates.iter().filter_map(|c| c.features.cosine);
    let (farthest, nearest) = (cosines().fold(1.0f32, f32::min), cosines().fold(-1.0f32, f32::max));
    let (words, meaning) = match only {
        Only::Words => (1.0, 0.0),
        Only::Vectors => (0.0, 1.0),
        // Without vectors the words are all there is.
        Only::Fused | Only::Reranked if nearest > farthest => (WORDS, MEANING),
        Only::Fused | Only::Reranked => (1.0, 0.0),
    };
    for candidate in candidates.iter_mut() {
        let by_words = if most_words > 0.0 { candidate.words / most_words } else { 0.0 };
        let by_meaning = match candidate.features.cosine {
            Some(cosine) if nearest > farthest => (cosine - farthest) / (nearest - farthest),
            Some(_) => 1.0,
            None => 0.0,
        };
        candidate.score = words * by_words + meaning * by_meaning;
    }
}

/// Adds what late interaction says of a candidate.
pub(super) fn add_late(candidate: &mut Candidate, late: f32) {
    candidate.features.late = Some(late);
    candidate.score += LATE * late;
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
