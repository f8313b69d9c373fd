//! The best `k` of a stream, in one fixed order: score falling, then id rising.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Ordered so that the *worst* hit is the greatest: the heap's top is the next to go.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Hit {
    id: u32,
    score: f32,
}

impl Eq for Hit {}

impl Ord for Hit {
    fn cmp(&self, other: &Self) -> Ordering {
        other.score.total_cmp(&self.score).then(self.id.cmp(&other.id))
    }
}

impl PartialOrd for Hit {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Keeps the best `k`.
#[derive(Debug)]
pub(super) struct Top {
    k: usize,
    hits: BinaryHeap<Hit>,
}

impl Top {
    pub(super) fn new(k: usize) -> Self {
        Self { k, hits: BinaryHeap::with_capacity(k.min(1024) + 1) }
    }

    /// Would this hit be kept?
    pub(super) fn wants(&self, id: u32, score: f32) -> bool {
        self.hits.len() < self.k || self.hits.peek().is_some_and(|worst| Hit { id, score } < *worst)
    }

    pub(super) fn push(&mut self, id: u32, score: f32) {
        if self.wants(id, score) {
            self.hits.push(Hit { id, score });
            if self.hits.len() > self.k {
                self.hits.pop();
            }
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        for hit in other.hits {
            self.push(hit.id, hit.score);
        }
    }

    /// Best first.
    pub(super) fn take(&mut self) -> Vec<(u32, f32)> {
        std::mem::take(&mut self.hits).into_sorted_vec().into_iter().map(|h| (h.id, h.score)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_best_and_ranks_equals_by_id() {
        let mut top = Top::new(3);
        for (id, score) in [(4, 0.5), (9, 0.1), (2, 0.5), (7, 0.9), (3, 0.5)] {
            top.push(id, score);
        }
        assert_eq!(top.take(), [(7, 0.9), (2, 0.5), (3, 0.5)]);
    }

    #[test]
    fn none_wanted_is_none_kept() {
        let mut top = Top::new(0);
        top.push(1, 1.0);
        assert_eq!(top.take(), []);
    }
}
