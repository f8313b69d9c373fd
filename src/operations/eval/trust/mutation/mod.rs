//! Damaged copies of right answers: does the guard notice one wrong word?
//!
//! The right answers are in [`gold`], the damage in [`damage`]. Each answer, damaged and
//! whole, is judged twice: by the product's [`guard::judge`] with the check for missing
//! warnings, and by [`guard::contradictions`] alone, the part of it that compares figures,
//! codes, negations and comparisons and does not mind words of the answer's own. The bars are
//! held against the second, the harder of the two: a paraphrase that `judge` refuses whole or
//! damaged is no catch.

mod damage;
pub mod gold;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use super::{Options, SEED, Sheet, Told};
use crate::core::answer::Said;
use crate::core::answer::guard::{self, warnings};
use crate::core::knowledge::passage::Passage;
use crate::operations::eval::report::Want;
use crate::operations::eval::retrieval::dice::Dice;
use crate::operations::eval::score::share;
use crate::operations::outcome::{Error, Kind as Fault, Result};

use damage::{KINDS, Kind};
use gold::Gold;

/// How many damaged copies, and how many of them of recombined answers.
const COPIES: usize = 2000;
const RECOMBINED_COPIES: usize = 1000;

/// One damaged copy.
struct Copy {
    gold: usize,
    kind: Kind,
    warnings: Vec<Said>,
    answer: String,
}

/// What was counted of one kind.
#[derive(Default)]
struct Tally {
    copies: usize,
    caught: usize,
    strict: usize,
}

/// Runs the section.
///
/// # Errors
/// `Missing` where there is no answer to damage.
pub fn measure(options: &Options, told: &mut dyn Told, sheet: &mut Sheet) -> Result<()> {
    let (golds, aside) = gold::all(options)?;
    if golds.is_empty() {
        return Err(Error::new(Fault::Missing, format!("no answers below {}", show(&options.from))));
    }
    let recombined: Vec<bool> = golds.iter().map(|g| g.overlap < gold::RECOMBINED).collect();
    let mut wrong: Vec<bool> = Vec::new();
    let mut by_set: BTreeMap<&str, (usize, usize, usize)> = BTreeMap::new();
    let mut strict_wrong = 0;
    for gold in &golds {
        let found = contradiction(&gold.answer, &gold.warnings, &gold.passages);
        let strict = refused(&gold.answer, &gold.warnings, &gold.passages);
        let set = by_set.entry(gold.set).or_default();
        *set = (set.0 + 1, set.1 + usize::from(found.is_some()), set.2 + usize::from(strict));
        strict_wrong += usize::from(strict);
        told.row(&json!({
            "id": gold.id, "damage": null, "overlap": gold.overlap, "caught": found.is_some(),
            "strict": strict, "why": found, "answer": gold.answer,
        }))?;
        wrong.push(found.is_some());
    }
    let mut tallies: BTreeMap<Kind, Tally> = BTreeMap::new();
    let mut on_recombined = Tally::default();
    let copies = draw(&golds, &recombined, if options.quick { COPIES / 10 } else { COPIES });
    for (n, copy) in copies.iter().enumerate() {
        let Some(gold) = golds.get(copy.gold) else { continue };
        let found = contradiction(&copy.answer, &copy.warnings, &gold.passages);
        let strict = refused(&copy.answer, &copy.warnings, &gold.passages);
        let is_recombined = recombined.get(copy.gold) == Some(&true);
        let count = |tally: &mut Tally| {
            tally.copies += 1;
            tally.caught += usize::from(found.is_some());
            tally.strict += usize::from(strict);
        };
        count(tallies.entry(copy.kind).or_default());
        if is_recombined {
            count(&mut on_recombined);
        }
        told.row(&json!({
            "id": gold.id, "damage": copy.kind.name(), "recombined": is_recombined,
            "caught": found.is_some(), "strict": strict, "why": found, "answer": copy.answer,
        }))?;
        if n % 100 == 0 {
            told.progress("damaged copies", n, copies.len());
        }
    }
    let sum = |f: fn(&Tally) -> usize| tallies.values().map(f).sum::<usize>();
    let total = sum(|t| t.copies);
    sheet.put("mutation_answers", golds.len() as f64);
    sheet.put("mutation_set_aside", aside as f64);
    sheet.put("mutation_recombined", recombined.iter().filter(|r| **r).count() as f64);
    sheet.put("mutation_copies", total as f64);
    sheet.put("mutation_recombined_copies", on_recombined.copies as f64);
    sheet.put("mutation_caught_share", share(sum(|t| t.caught), total));
    sheet.put("mutation_recombined_caught_share", share(on_recombined.caught, on_recombined.copies));
    sheet.put("mutation_undamaged_caught_share", share(wrong.iter().filter(|w| **w).count(), golds.len()));
    let among = |want: bool| {
        let of: Vec<bool> =
            wrong.iter().zip(&recombined).filter(|(_, r)| **r == want).map(|(w, _)| *w).collect();
        share(of.iter().filter(|w| **w).count(), of.len())
    };
    sheet.put("mutation_undamaged_recombined_caught_share", among(true));
    sheet.put("mutation_undamaged_copied_caught_share", among(false));
    sheet.put("mutation_strict_caught_share", share(sum(|t| t.strict), total));
    sheet.put("mutation_strict_undamaged_refused_share", share(strict_wrong, golds.len()));
    for (kind, tally) in &tallies {
        sheet.put(&format!("mutation_{}_copies", kind.name()), tally.copies as f64);
        sheet.put(&format!("mutation_{}_caught_share", kind.name()), share(tally.caught, tally.copies));
    }
    for (set, (answers, caught, strict)) in by_set {
        told.note(&format!(
            "{set}: {answers} right answers, {caught} caught, {strict} refused by the strict guard"
        ));
    }
    sheet.want("mutation_answers", Want::AtLeast(400.0));
    if !options.quick {
        sheet.want("mutation_copies", Want::AtLeast(COPIES as f64));
        sheet.want("mutation_recombined", Want::AtLeast(150.0));
        sheet.want("mutation_recombined_copies", Want::AtLeast(RECOMBINED_COPIES as f64));
    }
    sheet.want("mutation_caught_share", Want::AtLeast(0.995));
    sheet.want("mutation_undamaged_caught_share", Want::AtMost(0.02));
    Ok(())
}

fn show(path: &Path) -> String {
    path.display().to_string()
}

/// What contradicts the passages, or is missing.
fn contradiction(answer: &str, said: &[Said], passages: &[Passage]) -> Option<String> {
    let missing = missing(said, passages);
    let verdict = guard::contradictions(answer, passages);
    missing.or_else(|| verdict.unsupported.into_iter().chain(verdict.reasons).next())
}

/// Would the product deliver it as a draft?
fn refused(answer: &str, said: &[Said], passages: &[Passage]) -> bool {
    missing(said, passages).is_some() || !guard::judge(answer, passages).verdict.passed
}

/// A governing warning of the passage that the answer stands on, not said.
fn missing(said: &[Said], passages: &[Passage]) -> Option<String> {
    let cited: Vec<&Passage> = passages.iter().take(1).collect();
    warnings::missing(said, &cited).into_iter().next()
}

/// Draws `wanted` copies, as evenly over the kinds as they can be made, half of them of
/// recombined answers where there are so many.
fn draw(golds: &[Gold], recombined: &[bool], wanted: usize) -> Vec<Copy> {
    let mut dice = Dice::new(SEED);
    let mut pools: BTreeMap<(bool, Kind), Vec<Copy>> = BTreeMap::new();
    for (at, gold) in golds.iter().enumerate() {
        let source: String = gold.passages.iter().map(gold::whole).collect::<Vec<_>>().join("\n");
        let is_recombined = recombined.get(at) == Some(&true);
        for kind in KINDS {
            let pool = pools.entry((is_recombined, kind)).or_default();
            for answer in damage::copies(&gold.answer, &source, kind) {
                pool.push(Copy { gold: at, kind, warnings: gold.warnings.clone(), answer });
            }
            if kind == Kind::WarningRemoved {
                for left_out in 0..gold.warnings.len() {
                    let mut warnings = gold.warnings.clone();
                    warnings.remove(left_out);
                    pool.push(Copy { gold: at, kind, warnings, answer: gold.answer.clone() });
                }
            }
        }
    }
    for pool in pools.values_mut() {
        for i in (1..pool.len()).rev() {
            pool.swap(i, dice.below(i + 1));
        }
    }
    let mut drawn: Vec<Copy> = Vec::new();
    for (side, goal) in [(true, wanted * RECOMBINED_COPIES / COPIES), (false, wanted)] {
        // Round by round one of each kind, until there are enough or none is left.
        let mut took = true;
        while drawn.len() < goal && took {
            took = false;
            for kind in KINDS {
                if drawn.len() < goal
                    && let Some(copy) = pools.get_mut(&(side, kind)).and_then(Vec::pop)
                {
                    drawn.push(copy);
                    took = true;
                }
            }
        }
    }
    drawn
}
