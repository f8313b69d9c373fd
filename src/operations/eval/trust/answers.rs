//! Final answers.

use serde_json::json;

use super::{Options, Sheet, Told};
use crate::core::answer::AnswerKind;
use crate::core::answer::refusal::Evidence;
use crate::core::knowledge::search::Query;
use crate::core::turn::{self, Findings};
use crate::operations::eval::retrieval::set;
use crate::operations::eval::retrieval::shelf::{Bench, Shelf};
use crate::operations::eval::score::holds;
use crate::operations::outcome::Result;

/// Runs the section.
///
/// # Errors
/// Data is missing.
pub fn measure(options: &Options, told: &mut dyn Told, _sheet: &mut Sheet) -> Result<()> {
    let bench = Bench::of(&options.data, &options.config.models.embedder, options.config.threads())?;
    let mut sets = set::knowledge_bases(&options.from)?.sets;
    sets.extend(set::golden(&options.repository)?);
    if options.quick {
        sets.retain(|s| s.name == "golden");
    }
    for set in &sets {
        let mut shelf = Shelf::build(&bench, &set.dirs, None)?;
        let began = std::time::Instant::now();
        shelf.calibrate()?;
        for g in &shelf.store().generations {
            told.note(&format!(
                "{}: {:?} in {:?}",
                set.name,
                g.calibration.as_ref().map(|c| (
                    c.finding.threshold,
                    c.finding.questions,
                    c.finding.answerable,
                    c.finding.refused_unanswerable,
                    c.finding.refused_answerable
                )),
                began.elapsed()
            ));
        }
        for question in &set.questions {
            let found = shelf.find(&Query { text: question.text.clone(), k: 24, ..Query::default() })?;
            let evidence = Evidence::of(&question.text, &found);
            let asked = crate::core::answer::asked::Asked::of(&question.text);
            let best: Vec<_> = found.hits.iter().take(5).map(|h| json!({"s": h.support, "f": h.features, "e": h.passage.is_entry(), "m": asked.is_met_by(&crate::core::answer::source::Source::of(&h.passage).text())})).collect();
            let row = json!({
                "set": set.name, "id": question.id, "q": question.text, "answerable": question.gold.is_some(),
                "known": found.codes.known, "unknown": found.codes.unknown, "choices": found.choices,
                "cov": found.coverage, "score": evidence.score, "about": evidence.about, "foreign": evidence.foreign_machine, "code_hit": evidence.code_hit,
                "absent": found.absent, "words": found.best_words_score, "best": best,
                "figure": crate::core::answer::asked::Asked::of(&question.text).figure,
            });
            let siblings = shelf.siblings(&found);
            let threshold = shelf.threshold(&found);
            let ranked = turn::rank(
                &question.text,
                Findings { found, siblings, threshold, wait: std::time::Duration::ZERO },
            );
            let text = ranked.answer.text();
            let keys = question.must_contain.iter().all(|k| holds(&text, k));
            let mut row = row;
            row["kind"] = json!(ranked.answer.kind);
            row["keys"] = json!(keys);
            row["why"] = json!(ranked.answer.rung_why);
            row["text"] = json!(text);
            let _ = AnswerKind::Answer;
            told.row(&row)?;
        }
    }
    Ok(())
}
