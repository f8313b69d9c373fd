//! The models suite: which rung has a language model earned?
//!
//! Each answerable golden question is asked three times: quoted, constrained, recombined. A
//! rung is judged by the answers that were delivered on it, beside the quoted answers to the
//! same questions: it is earned where they are right at least as often (less one point) and
//! wrong no more often. So a model is admitted by what it adds to the manual's own words, not
//! by how well it talks.

use std::collections::BTreeMap;

use serde::Serialize;

use super::golden::{Item, Mark, Row};
use super::score::{percentile, share};
use crate::core::answer::Rung;

/// Fewer delivered answers than these prove nothing.
pub const LEAST_DELIVERED: usize = 20;
/// A model whose drafts come through less often than this is not worth its time there.
pub const LEAST_DELIVERED_SHARE: f64 = 0.1;
/// By so much may the right share lie below the quote's: a question or two of a hundred.
pub const TOLERANCE: f64 = 0.01;

/// The rungs that a model must earn, highest first.
pub const RUNGS: [Rung; 2] = [Rung::Recombined, Rung::Constrained];

/// One question on one rung, beside its quote.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trial {
    /// The model.
    pub model: String,
    /// The question.
    pub id: String,
    /// The rung that was asked for.
    pub rung: Rung,
    /// Did the answer stand on it?
    pub delivered: bool,
    /// Was something written and judged, and did it pass the guard?
    pub passed: Option<bool>,
    /// How the answer is marked.
    pub mark: Mark,
    /// How the quote is marked.
    pub quoted_mark: Mark,
    /// The share of what must be in it that is.
    pub complete: f64,
    /// That of the quote.
    pub quoted_complete: f64,
    /// Why it stands no higher.
    pub why: String,
    /// Work of the whole turn, milliseconds.
    pub ms: f64,
}

/// The share of what must be in an answer that is in it.
pub fn complete(item: &Item, row: &Row) -> f64 {
    let wanted = item.row.must_contain.len();
    if wanted == 0 { 1.0 } else { share(wanted.saturating_sub(row.missing.len()), wanted) }
}

/// What a model has earned, and by what.
#[derive(Debug, Clone, PartialEq)]
pub struct Earned {
    /// The highest rung.
    pub ceiling: Rung,
    /// Why it is not a higher one; empty on the highest.
    pub why: String,
    /// By rung: `recombined_right_share`, ….
    pub figures: BTreeMap<String, f64>,
}

/// Judges a model by its trials.
pub fn judge(trials: &[Trial]) -> Earned {
    let mut figures = BTreeMap::new();
    let mut ceiling = Rung::Quoted;
    let mut reasons = Vec::new();
    for rung in RUNGS {
        let of: Vec<&Trial> = trials.iter().filter(|t| t.rung == rung).collect();
        // Both are measured, also where the higher one was earned.
        match held_against_the_quote(rung, &of, &mut figures) {
            Ok(()) => ceiling = ceiling.max(rung),
            Err(why) if ceiling < rung => reasons.push(format!("{rung}: {why}")),
            Err(_) => {}
        }
    }
    figures.insert("ceiling".into(), f64::from(ceiling as u8));
    Earned { ceiling, why: reasons.join("; "), figures }
}

fn held_against_the_quote(
    rung: Rung,
    trials: &[&Trial],
    figures: &mut BTreeMap<String, f64>,
) -> Result<(), String> {
    let mut put = |name: &str, value: f64| {
        figures.insert(format!("{rung}_{name}"), value);
    };
    let delivered: Vec<&&Trial> = trials.iter().filter(|t| t.delivered).collect();
    let (n, asked) = (delivered.len(), trials.len());
    let judged = trials.iter().filter(|t| t.passed.is_some()).count();
    let passed = trials.iter().filter(|t| t.passed == Some(true)).count();
    let marked = |quoted: bool, mark: Mark| {
        let of = |t: &Trial| if quoted { t.quoted_mark } else { t.mark };
        share(delivered.iter().filter(|t| of(t) == mark).count(), n)
    };
    let (right, quoted_right) = (marked(false, Mark::Right), marked(true, Mark::Right));
    let (wrong, quoted_wrong) = (marked(false, Mark::Wrong), marked(true, Mark::Wrong));
    let mean = |of: &dyn Fn(&Trial) -> f64| delivered.iter().map(|t| of(t)).sum::<f64>() / n as f64;
    put("asked", asked as f64);
    put("passed_share", share(passed, judged));
    put("delivered", n as f64);
    put("delivered_share", share(n, asked));
    // Of nothing there is no share.
    if n > 0 {
        put("right_share", right);
        put("quoted_right_share", quoted_right);
        put("wrong_share", wrong);
        put("quoted_wrong_share", quoted_wrong);
        put("complete_share", mean(&|t| t.complete));
        put("quoted_complete_share", mean(&|t| t.quoted_complete));
    }
    let took: Vec<f64> = trials.iter().map(|t| t.ms).collect();
    if let Some(ms) = percentile(&took, 50.0) {
        put("total_ms_p50", ms);
    }
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    if n < LEAST_DELIVERED {
        return Err(format!(
            "{n} of {asked} answers were delivered on it, and fewer than {LEAST_DELIVERED} prove nothing"
        ));
    }
    if share(n, asked) < LEAST_DELIVERED_SHARE {
        return Err(format!("only {} of its answers came through", percent(share(n, asked))));
    }
    if right + TOLERANCE < quoted_right {
        return Err(format!(
            "right {}, the quotes of the same questions {}",
            percent(right),
            percent(quoted_right)
        ));
    }
    if wrong > quoted_wrong {
        return Err(format!(
            "wrong {}, the quotes of the same questions {}",
            percent(wrong),
            percent(quoted_wrong)
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trials(rung: Rung, n: usize, mark: Mark, quoted_mark: Mark, delivered: bool) -> Vec<Trial> {
        (0..n)
            .map(|i| Trial {
                model: "m".into(),
                id: i.to_string(),
                rung,
                delivered,
                passed: Some(delivered),
                mark,
                quoted_mark,
                complete: if mark == Mark::Right { 1.0 } else { 0.5 },
                quoted_complete: 1.0,
                why: String::new(),
                ms: 1.0,
            })
            .collect()
    }

    fn join(parts: &[Vec<Trial>]) -> Vec<Trial> {
        parts.concat()
    }

    use Mark::{Partial, Right, Wrong};
    use Rung::{Constrained, Quoted, Recombined};

    #[test]
    fn as_good_as_the_quote_earns_the_rung() {
        let all = join(&[
            trials(Recombined, 99, Right, Right, true),
            trials(Recombined, 1, Partial, Right, true),
            trials(Recombined, 50, Right, Right, false),
        ]);
        let earned = judge(&all);
        assert_eq!((earned.ceiling, earned.why.as_str()), (Recombined, ""));
        assert_eq!(earned.figures["recombined_delivered"], 100.0);
        assert_eq!(earned.figures["recombined_right_share"], 0.99);
        assert_eq!(earned.figures["recombined_passed_share"], 100.0 / 150.0);
        assert_eq!(earned.figures["ceiling"], 3.0);
    }

    #[test]
    fn two_points_below_the_quote_or_one_more_wrong_do_not() {
        let chosen = trials(Constrained, 40, Right, Right, true);
        let worse = join(&[
            trials(Recombined, 97, Right, Right, true),
            trials(Recombined, 3, Partial, Right, true),
            chosen.clone(),
        ]);
        let earned = judge(&worse);
        assert_eq!(earned.ceiling, Constrained);
        assert!(earned.why.contains("97.0 %"), "{}", earned.why);
        let wrong = join(&[
            trials(Recombined, 200, Right, Right, true),
            trials(Recombined, 1, Wrong, Partial, true),
            chosen,
        ]);
        assert_eq!(judge(&wrong).ceiling, Constrained);
    }

    #[test]
    fn a_few_good_drafts_prove_nothing() {
        let few = trials(Recombined, LEAST_DELIVERED - 1, Right, Right, true);
        assert_eq!(judge(&few).ceiling, Quoted);
        let rare =
            join(&[trials(Recombined, 20, Right, Right, true), trials(Recombined, 300, Right, Right, false)]);
        let earned = judge(&rare);
        assert!(earned.ceiling == Quoted && earned.why.contains("came through"), "{}", earned.why);
        assert_eq!(judge(&[]).ceiling, Quoted);
    }
}
