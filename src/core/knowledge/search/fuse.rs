//! Scores of several ways of searching made one.
//!
//! Each is put on a common scale over the candidates of this question, from 0 for none to 1
//! for its best, and summed by weight. Ranks alone (reciprocal rank fusion) would throw away
//! how far ahead the first is, which tells a name that was hit from words that were shared.

use std::cmp::Ordering;

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

/// The order of hits. Equal scores follow generations, which are in the order of their names,
/// and ids, which follow documents and places.
pub(super) fn best_first(a: &Candidate, b: &Candidate) -> Ordering {
    b.score.total_cmp(&a.score).then((a.which, a.id).cmp(&(b.which, b.id)))
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

/// What the words alone put first stays among the first: so many of their best, of so many
/// hits. Meaning may reorder them; a long question that is about several things must not lose
/// the passage with its very words.
const KEPT: usize = 2;
const AMONG: usize = 5;

/// Lifts the words' best into the first hits of `candidates`, which are in their order.
pub(super) fn keep_best_words(candidates: &mut Vec<Candidate>) {
    let mut by_words: Vec<(f32, usize)> =
        candidates.iter().enumerate().filter(|(_, c)| c.words > 0.0).map(|(at, c)| (c.words, at)).collect();
    by_words.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut late: Vec<usize> =
        by_words.into_iter().take(KEPT).map(|(_, at)| at).filter(|at| *at >= AMONG).collect();
    late.sort_unstable();
    for (nth, from) in late.iter().enumerate() {
        // The first of them takes the higher place of those that are given up at the end.
        let to = AMONG - late.len() + nth;
        let lifted = candidates.remove(*from);
        candidates.insert(to, lifted);
    }
    // A score falls with the rank.
    let mut least = f32::INFINITY;
    for candidate in candidates {
        candidate.score = candidate.score.min(least);
        least = candidate.score;
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
    fn the_best_by_words_stay_among_the_first_and_scores_still_fall() {
        let mut some: Vec<Candidate> = (0..8).map(|id| candidate(id, 0.1, None)).collect();
        for (nth, c) in some.iter_mut().enumerate() {
            c.score = 1.0 - nth as f32 / 10.0;
        }
        some[6].words = 9.0;
        some[7].words = 8.0;
        keep_best_words(&mut some);
        let ids: Vec<u32> = some.iter().map(|c| c.id).collect();
        assert_eq!(ids, [0, 1, 2, 6, 7, 3, 4, 5]);
        assert!(some.is_sorted_by(|a, b| a.score >= b.score));
    }

    #[test]
    fn without_vectors_the_words_decide() {
        let some = vec![candidate(1, 3.0, None), candidate(2, 4.0, None)];
        assert_eq!(order(some, Only::Reranked), [2, 1]);
        assert!(order(Vec::new(), Only::Fused).is_empty());
    }
}
