//! How far two runs of phonemes lie apart: an edit distance weighted by articulation.

use super::sounds::{COSTS, Phone};

/// Longer sounds are compared up to here.
const LONGEST: usize = 48;

/// The least cost of turning `a` into `b`; at least `limit` where it is not below that.
pub(super) fn distance(a: &[Phone], b: &[Phone], limit: f32) -> f32 {
    let (a, b) = (a.get(..LONGEST).unwrap_or(a), b.get(..LONGEST).unwrap_or(b));
    let costs = &*COSTS;
    let mut row = [0.0_f32; LONGEST + 1];
    let mut sum = 0.0;
    for (cell, phone) in row.iter_mut().skip(1).zip(b) {
        sum += costs.drop(*phone);
        *cell = sum;
    }
    for phone in a {
        let drop = costs.drop(*phone);
        let mut diagonal = row.first().copied().unwrap_or(0.0);
        let mut left = diagonal + drop;
        let mut least = left;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, other) in row.iter_mut().skip(1).zip(b) {
            let swapped = diagonal + costs.swap(*phone, *other);
            diagonal = *cell;
            left = swapped.min(*cell + drop).min(left + costs.drop(*other));
            *cell = left;
            least = least.min(left);
        }
        if least >= limit {
            return least;
        }
    }
    row.get(b.len()).copied().unwrap_or(f32::MAX)
}

/// [`distance`] for each phoneme of the longer one: 0 is the same, 1 has nothing in common.
/// Not below `limit` where it is not.
pub(super) fn relative(a: &[Phone], b: &[Phone], limit: f32) -> f32 {
    let longer = a.len().max(b.len()).max(1) as f32;
    distance(a, b, limit * longer) / longer
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::sounds::of_word;
    use super::*;

    fn near(a: &str, b: &str) -> f32 {
        relative(&of_word(a), &of_word(b), 9.0)
    }

    #[test]
    fn misheard_words_are_nearer_than_others() {
        assert!(near("fulp", "fault") < near("fulp", "error"));
        assert!(near("air", "error") < near("air", "alarm"));
        assert!(near("page", "pitch") < near("page", "main"));
        assert!(near("ibrive", "odrive") < 0.25);
    }

    proptest! {
        #[test]
        fn it_is_a_distance(
            a in proptest::collection::vec(0u8..39, 0..12),
            b in proptest::collection::vec(0u8..39, 0..12),
        ) {
            let (there, back) = (distance(&a, &b, 99.0), distance(&b, &a, 99.0));
            prop_assert!((there - back).abs() < 1e-4);
            prop_assert!(distance(&a, &a, 99.0) < 1e-6);
            prop_assert!(distance(&a, &b, 1.0) >= there.min(1.0) - 1e-4, "cut off is never said to be near");
        }
    }
}
