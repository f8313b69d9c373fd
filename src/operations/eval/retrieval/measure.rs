//! Pure numbers about ranks: recall, reciprocal rank, and how sure a difference is.

use super::dice::Dice;

/// Where the first right hit stood, from 1; `None` where none was found.
pub type Rank = Option<usize>;

/// A number that a rank scores, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// 1 where the right hit is among the first five.
    RecallAt5,
    /// 1 ÷ rank, 0 below the tenth.
    MrrAt10,
}

impl Metric {
    /// Both, in the order in which they are printed.
    pub const ALL: [Metric; 2] = [Metric::RecallAt5, Metric::MrrAt10];

    /// The figure's name.
    pub fn name(self) -> &'static str {
        match self {
            Metric::RecallAt5 => "recall_at_5",
            Metric::MrrAt10 => "mrr_at_10",
        }
    }

    fn of(self, rank: Rank) -> f64 {
        match (self, rank) {
            (Metric::RecallAt5, Some(1..=5)) => 1.0,
            (Metric::MrrAt10, Some(rank @ 1..=10)) => 1.0 / rank as f64,
            _ => 0.0,
        }
    }

    /// The mean over questions; 0 where there are none.
    pub fn mean(self, ranks: &[Rank]) -> f64 {
        if ranks.is_empty() {
            0.0
        } else {
            ranks.iter().map(|r| self.of(*r)).sum::<f64>() / ranks.len() as f64
        }
    }
}

/// How many ranks are among the first five.
pub fn hits_at_5(ranks: &[Rank]) -> usize {
    ranks.iter().filter(|r| matches!(r, Some(1..=5))).count()
}

/// The 95 % interval of mean(`a`) − mean(`b`) over paired questions, by the bootstrap:
/// `resamples` times as many questions are drawn with replacement, each with both its ranks.
///
/// # Panics
/// Never; `a` and `b` are cut to the shorter.
pub fn difference(metric: Metric, a: &[Rank], b: &[Rank], resamples: usize, seed: u64) -> (f64, f64) {
    let each: Vec<f64> = a.iter().zip(b).map(|(a, b)| metric.of(*a) - metric.of(*b)).collect();
    if each.is_empty() || resamples == 0 {
        return (0.0, 0.0);
    }
    let mut dice = Dice::new(seed);
    let mut means: Vec<f64> = (0..resamples)
        .map(|_| (0..each.len()).map(|_| dice.pick(&each)).sum::<f64>() / each.len() as f64)
        .collect();
    means.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = (share * resamples as f64) as usize;
        means.get(place.min(resamples - 1)).copied().unwrap_or_default()
    };
    (at(0.025), at(0.975))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_score_as_the_field_has_it() {
        let ranks = [Some(1), Some(5), Some(6), Some(11), None];
        assert_eq!(Metric::RecallAt5.mean(&ranks), 0.4);
        assert!((Metric::MrrAt10.mean(&ranks) - (1.0 + 0.2 + 1.0 / 6.0) / 5.0).abs() < 1e-12);
        assert_eq!(hits_at_5(&ranks), 2);
        assert_eq!(Metric::RecallAt5.mean(&[]), 0.0);
    }

    #[test]
    fn a_clear_difference_is_above_zero_and_none_is_around_it() {
        let good = vec![Some(1); 100];
        let worse: Vec<Rank> = (0..100).map(|n| if n % 5 == 0 { None } else { Some(1) }).collect();
        let (low, high) = difference(Metric::RecallAt5, &good, &worse, 2000, 7);
        assert!(low > 0.1 && high < 0.3 && low < 0.2 && high > 0.2, "{low} {high}");
        let shifted: Vec<Rank> = (0..100).map(|n| if n % 5 == 1 { None } else { Some(1) }).collect();
        let (low, high) = difference(Metric::RecallAt5, &worse, &shifted, 2000, 7);
        assert!(low < 0.0 && high > 0.0, "{low} {high}");
        assert_eq!(difference(Metric::MrrAt10, &good, &good, 2000, 7), (0.0, 0.0));
    }
}
