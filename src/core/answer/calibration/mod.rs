//! How much evidence an answer needs, found for each index by asking it.
//!
//! The same words mean more in one index than in another: what stands in a manual of ten
//! pages by chance is rare in one of a thousand. So each generation is asked [`questions`]
//! made of its own passages, of which it is known whether it answers them, and the threshold
//! is set where the fewest are judged wrongly. No question of a person is needed for it, and
//! none is used.

mod questions;

pub use questions::{Trial, questions};

use super::refusal::{Evidence, LEAST_SCORE, code_decides};
use crate::core::Result;
use crate::core::knowledge::generation::{Calibration, Finding, Generation, Point};
use crate::core::knowledge::search::{self, Meaning, Query};

/// The threshold stays within these: an index that was asked odd questions of itself shall
/// neither refuse everything nor answer everything.
const BOUNDS: (f32, f32) = (0.6, 0.8);
/// Fewer questions of either kind say nothing: the threshold stays as it was.
const LEAST_TRIALS: usize = 12;
/// So many hits are looked at.
const HITS: usize = 24;

/// Calibrates a generation, or keeps what `before` found, where so little has changed that
/// it holds. Some two hundred searches.
///
/// # Errors
/// The index cannot be read, or the embedder fails.
pub fn calibrate(
    generation: &Generation,
    meaning: Option<Meaning<'_>>,
    before: Option<&Calibration>,
) -> Result<Calibration> {
    if let Some(before) = before.filter(|b| b.fits(generation)) {
        return Ok(Calibration::of(generation, before.finding.clone()));
    }
    let mut scored: Vec<(f32, bool)> = Vec::new();
    for trial in questions(generation) {
        let query =
            Query { text: trial.question.clone(), k: HITS, without: trial.without, ..Query::default() };
        let evidence = Evidence::of(&trial.question, &search::search(&[generation], &query, meaning)?);
        // What a code decides needs no threshold.
        if !code_decides(&evidence) {
            scored.push((evidence.score, trial.answerable));
        }
    }
    Ok(Calibration::of(generation, find(&scored, generation.vectors.is_some())))
}

/// What answering a question that the index does not answer costs, beside refusing one that it
/// does: a person who is refused looks it up, one who is told another machine's figure uses it.
const ANSWERED_WRONGLY: f64 = 2.0;

/// Sets the threshold where what is judged wrongly costs least.
fn find(scored: &[(f32, bool)], by_meaning: bool) -> Finding {
    let of = |kind: bool| scored.iter().filter(|(_, a)| *a == kind).map(|(s, _)| *s).collect::<Vec<f32>>();
    let (answerable, unanswerable) = (of(true), of(false));
    let below = |scores: &[f32], t: f32| {
        scores.iter().filter(|s| **s < t).count() as f64 / scores.len().max(1) as f64
    };
    let mut threshold = LEAST_SCORE;
    if answerable.len().min(unanswerable.len()) >= LEAST_TRIALS {
        let steps = |n: u32| BOUNDS.0 + (BOUNDS.1 - BOUNDS.0) * n as f32 / 40.0;
        let wrong = |t: f32| below(&answerable, t) + ANSWERED_WRONGLY * (1.0 - below(&unanswerable, t));
        let best = (0..=40).map(|n| wrong(steps(n))).fold(f64::INFINITY, f64::min);
        // Of those that are equally good the middle one.
        let good: Vec<f32> = (0..=40).map(steps).filter(|t| wrong(*t) <= best + 1e-9).collect();
        threshold = good.get(good.len() / 2).copied().unwrap_or(LEAST_SCORE);
    }
    Finding {
        threshold,
        by_meaning,
        questions: scored.len(),
        answerable: answerable.len(),
        refused_unanswerable: below(&unanswerable, threshold),
        refused_answerable: below(&answerable, threshold),
        curve: curve(scored),
    }
}

/// Risk by coverage, from the surest question on: a point for each tenth that is answered.
pub fn curve(scored: &[(f32, bool)]) -> Vec<Point> {
    let mut sorted = scored.to_vec();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut points = Vec::new();
    let mut wrong = 0;
    for (n, (score, answerable)) in sorted.iter().enumerate() {
        wrong += usize::from(!answerable);
        let answered = n + 1;
        let tenth = |n: usize| 10 * n / sorted.len();
        if tenth(answered) > tenth(n) {
            points.push(Point {
                threshold: *score,
                coverage: answered as f64 / sorted.len() as f64,
                risk: wrong as f64 / answered as f64,
            });
        }
    }
    points
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_parts_the_kinds_within_its_bounds() {
        let of = |answerable: f32, unanswerable: f32| -> Vec<(f32, bool)> {
            let spread = |middle: f32, kind: bool| (0..20).map(move |n| (middle + n as f32 / 1000.0, kind));
            spread(answerable, true).chain(spread(unanswerable, false)).collect()
        };
        let found = find(&of(0.78, 0.66), true);
        assert!((0.68..0.78).contains(&found.threshold), "{}", found.threshold);
        assert_eq!((found.refused_unanswerable, found.refused_answerable), (1.0, 0.0));
        assert!(find(&of(0.3, 0.1), true).threshold >= BOUNDS.0);
        assert!(find(&of(0.99, 0.95), true).threshold <= BOUNDS.1);
        assert_eq!(find(&[(0.9, true), (0.1, false)], true).threshold, LEAST_SCORE, "too few to say");
    }

    #[test]
    fn the_curve_begins_with_the_surest() {
        let scored: Vec<(f32, bool)> = (0..20).map(|n| (n as f32 / 20.0, n >= 10)).collect();
        let curve = curve(&scored);
        assert_eq!(curve.len(), 10);
        assert_eq!((curve[4].coverage, curve[4].risk), (0.5, 0.0));
        assert_eq!((curve[9].coverage, curve[9].risk), (1.0, 0.5));
    }
}
