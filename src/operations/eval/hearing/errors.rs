//! Word errors, pooled rates, and how surely one recogniser makes fewer than another.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use super::super::retrieval::dice::Dice;

/// Draws of the bootstrap.
const RESAMPLES: usize = 2_000;

/// What has to be done to a reference to make what was heard of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Errors {
    /// Words heard as others.
    pub substitutions: usize,
    /// Words that nobody said.
    pub insertions: usize,
    /// Words not heard.
    pub deletions: usize,
    /// Words of the reference.
    pub words: usize,
}

impl Errors {
    /// The fewest edits between two lists of words (Levenshtein); where several ways are as
    /// short, the one with the most substitutions.
    pub fn between(reference: &[&str], heard: &[&str]) -> Errors {
        // One row of the table: cost, then (substitutions, insertions, deletions).
        type Cell = (usize, usize, usize, usize);
        let mut row: Vec<Cell> = (0..=heard.len()).map(|n| (n, 0, n, 0)).collect();
        for (n, word) in reference.iter().enumerate() {
            let mut diagonal = row.first().copied().unwrap_or_default();
            let mut left: Cell = (n + 1, 0, 0, n + 1);
            let mut next = vec![left];
            for (other, above) in heard.iter().zip(row.iter().skip(1)) {
                let wrong = usize::from(word != other);
                let substituted = (diagonal.0 + wrong, diagonal.1 + wrong, diagonal.2, diagonal.3);
                let deleted = (above.0 + 1, above.1, above.2, above.3 + 1);
                let inserted = (left.0 + 1, left.1, left.2 + 1, left.3);
                left = [deleted, inserted]
                    .into_iter()
                    .fold(substituted, |best, cell| if cell.0 < best.0 { cell } else { best });
                next.push(left);
                diagonal = *above;
            }
            row = next;
        }
        let (_, substitutions, insertions, deletions) = row.last().copied().unwrap_or_default();
        Errors { substitutions, insertions, deletions, words: reference.len() }
    }

    /// All edits.
    pub fn edits(&self) -> usize {
        self.substitutions + self.insertions + self.deletions
    }

    /// With at most as many edits as there are words: all of them wrong.
    pub fn capped(&self) -> Errors {
        if self.edits() <= self.words {
            return *self;
        }
        Errors { substitutions: self.words, insertions: 0, deletions: 0, words: self.words }
    }

    /// Edits per word of the reference; above 1 where more was heard than said. `None`
    /// without a reference.
    pub fn rate(&self) -> Option<f64> {
        (self.words > 0).then(|| self.edits() as f64 / self.words as f64)
    }
}

impl AddAssign for Errors {
    fn add_assign(&mut self, other: Errors) {
        self.substitutions += other.substitutions;
        self.insertions += other.insertions;
        self.deletions += other.deletions;
        self.words += other.words;
    }
}

/// All errors together.
pub fn pooled<'e>(errors: impl IntoIterator<Item = &'e Errors>) -> Errors {
    errors.into_iter().fold(Errors::default(), |mut sum, e| {
        sum += *e;
        sum
    })
}

/// One utterance heard by two.
#[derive(Debug, Clone)]
pub struct Pair {
    /// Results that depend on one another: all mixtures of one recording are drawn together.
    pub cluster: String,
    /// Ours.
    pub ours: Errors,
    /// The other's, of the same reference.
    pub theirs: Errors,
}

/// Our pooled error rate less the other's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// As measured.
    pub points: f64,
    /// Lower bound of the 95 % interval.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

/// The pooled difference in percentage points, with its 95 % interval: paired bootstrap over
/// the recordings (Bisani and Ney 2004), 2,000 draws. `None` without words.
pub fn difference(pairs: &[Pair], seed: u64) -> Option<Difference> {
    let mut clusters: BTreeMap<&str, (usize, usize, usize)> = BTreeMap::new();
    for pair in pairs {
        let sum = clusters.entry(&pair.cluster).or_default();
        sum.0 += pair.ours.edits();
        sum.1 += pair.theirs.edits();
        sum.2 += pair.ours.words;
    }
    let all: Vec<(usize, usize, usize)> = clusters.into_values().collect();
    let points = |drawn: &mut dyn Iterator<Item = (usize, usize, usize)>| {
        let sum = drawn.fold((0, 0, 0), |s, c| (s.0 + c.0, s.1 + c.1, s.2 + c.2));
        (sum.2 > 0).then(|| 100.0 * (sum.0 as f64 - sum.1 as f64) / sum.2 as f64)
    };
    let measured = points(&mut all.iter().copied())?;
    let mut dice = Dice::new(seed);
    let mut draws: Vec<f64> =
        (0..RESAMPLES).filter_map(|_| points(&mut (0..all.len()).map(|_| dice.pick(&all)))).collect();
    draws.sort_by(f64::total_cmp);
    let at = |share: f64| draws.get((share * draws.len() as f64) as usize).copied().unwrap_or(measured);
    Some(Difference { points: measured, low: at(0.025), high: at(0.975) })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn errors(reference: &str, heard: &str) -> Errors {
        let words = |text: &'static str| text.split_whitespace().collect::<Vec<_>>();
        Errors::between(&words(reference.to_owned().leak()), &words(heard.to_owned().leak()))
    }

    fn counts(e: Errors) -> (usize, usize, usize, usize) {
        (e.substitutions, e.insertions, e.deletions, e.words)
    }

    #[test]
    fn edits_are_counted_by_kind() {
        assert_eq!(counts(errors("oil the flange", "oil the flange")), (0, 0, 0, 3));
        assert_eq!(counts(errors("oil the flange", "will the flange")), (1, 0, 0, 3));
        assert_eq!(counts(errors("oil the flange", "oil flange")), (0, 0, 1, 3));
        assert_eq!(counts(errors("oil the flange", "oil all the flange now")), (0, 2, 0, 3));
        assert_eq!(counts(errors("a b c d e", "x a b d e")), (0, 1, 1, 5));
        assert_eq!(counts(errors("a b c", "x y z")), (3, 0, 0, 3));
        assert_eq!(counts(errors("", "you")), (0, 1, 0, 0));
        assert_eq!(counts(errors("stop now", "")), (0, 0, 2, 2));
        assert_eq!(errors("", "you").rate(), None);
        assert_eq!(errors("go", "no no no").rate(), Some(3.0));
    }

    proptest! {
        #[test]
        fn edits_explain_the_lengths_and_are_no_more_than_the_longer(
            a in prop::collection::vec("[abc]", 0..12), b in prop::collection::vec("[abc]", 0..12),
        ) {
            let (a, b): (Vec<&str>, Vec<&str>) =
                (a.iter().map(String::as_str).collect(), b.iter().map(String::as_str).collect());
            let there = Errors::between(&a, &b);
            prop_assert_eq!(a.len() + there.insertions, b.len() + there.deletions);
            prop_assert!(there.edits() <= a.len().max(b.len()));
            prop_assert_eq!(there.edits(), Errors::between(&b, &a).edits());
            prop_assert_eq!(there.edits() == 0, a == b);
        }
    }

    fn pair(n: usize, ours: usize, theirs: usize) -> Pair {
        let of = |substitutions| Errors { substitutions, words: 10, ..Errors::default() };
        Pair { cluster: n.to_string(), ours: of(ours), theirs: of(theirs) }
    }

    #[test]
    fn a_clear_difference_is_on_one_side_of_zero_and_none_is_around_it() {
        let worse: Vec<Pair> = (0..200).map(|n| pair(n, 1 + n % 2, n % 2)).collect();
        let d = difference(&worse, 7).unwrap();
        assert!((d.points - 10.0).abs() < 1e-9 && d.low > 5.0 && d.high < 15.0, "{d:?}");
        let same: Vec<Pair> = (0..200).map(|n| pair(n, n % 2, (n + 1) % 2)).collect();
        let d = difference(&same, 7).unwrap();
        assert!(d.points == 0.0 && d.low < 0.0 && d.high > 0.0, "{d:?}");
        assert_eq!(difference(&same, 7), difference(&same, 7), "a seed repeats");
        assert_eq!(difference(&[], 7), None);
    }

    #[test]
    fn mixtures_of_one_recording_are_drawn_together() {
        // The same pairs, as 200 recordings and as 4: less is known of 4.
        let many: Vec<Pair> = (0..200).map(|n| pair(n, usize::from(n % 4 == 0), 0)).collect();
        let few: Vec<Pair> = many
            .iter()
            .enumerate()
            .map(|(n, p)| Pair { cluster: (n % 4).to_string(), ..p.clone() })
            .collect();
        let width = |pairs: &[Pair]| difference(pairs, 7).map(|d| d.high - d.low).unwrap();
        assert!(width(&few) > 2.0 * width(&many));
    }
}
