//! Risk and coverage of refusing.

use serde_json::json;

use super::{Options, Sheet, Told};
use crate::core::answer::calibration::questions;
use crate::core::answer::refusal::Evidence;
use crate::core::knowledge::search::Query;
use crate::operations::eval::retrieval::set;
use crate::operations::eval::retrieval::shelf::{Bench, Shelf};
use crate::operations::outcome::Result;

/// Runs the section.
///
/// # Errors
/// Data is missing.
pub fn measure(options: &Options, told: &mut dyn Told, _sheet: &mut Sheet) -> Result<()> {
    let bench = Bench::of(&options.data, &options.config.models.embedder, options.config.threads())?;
    let sets: Vec<_> = set::golden(&options.repository)?.into_iter().collect();
    for set in &sets {
        let shelf = Shelf::build(&bench, &set.dirs, None)?;
        for trial in shelf.store().generations.iter().flat_map(questions) {
            let query = Query {
                text: trial.question.clone(),
                k: 24,
                without: trial.without.clone(),
                ..Query::default()
            };
            let found = shelf.find(&query)?;
            let evidence = Evidence::of(&trial.question, &found);
            let asked = crate::core::answer::asked::Asked::of(&trial.question);
            let best: Vec<_> = found.hits.iter().take(5).map(|h| json!({"s": h.support, "f": h.features, "e": h.passage.is_entry(), "m": asked.is_met_by(&crate::core::answer::source::Source::of(&h.passage).text())})).collect();
            told.row(&json!({
                "set": set.name, "id": if trial.without.is_empty() { "x" } else { "held" }, "q": trial.question, "answerable": trial.answerable,
                "known": found.codes.known, "unknown": found.codes.unknown, "choices": found.choices,
                "cov": found.coverage, "score": evidence.score, "about": evidence.about, "foreign": evidence.foreign_machine, "code_hit": evidence.code_hit,
                "absent": found.absent, "words": found.best_words_score, "best": best, "kind": "", "why": "",
                "figure": crate::core::answer::asked::Asked::of(&trial.question).figure,
            }))?;
        }
    }
    Ok(())
}
