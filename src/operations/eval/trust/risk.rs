//! Risk and coverage of refusing: of the questions that are answered, surest first, how many
//! should not be? By the evidence that the product weighs, and by the BM25 score beside it.
//!
//! MTRAG-UN: is the question answerable from the passages at all? E-Manual: every question is,
//! so answering is right where the first passage is of the right section.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::json;

use super::{Options, Sheet, Told};
use crate::core::answer::calibration::curve;
use crate::core::answer::refusal::Evidence;
use crate::core::knowledge::search::Only;
use crate::operations::eval::report::Want;
use crate::operations::eval::retrieval::shelf::{Bench, Shelf};
use crate::operations::eval::retrieval::{set, techqa};
use crate::operations::eval::scratch::{Scratch, put};
use crate::operations::outcome::Result;

#[derive(Deserialize)]
struct Row {
    collection: String,
    question: String,
    contexts: Vec<Context>,
    answerable: Option<bool>,
}

#[derive(Deserialize)]
struct Context {
    id: String,
    text: String,
}

/// A question's scores, and whether answering it is right.
#[derive(Clone, Copy)]
struct Scored {
    evidence: f32,
    words: f32,
    right: bool,
}

/// Runs the section.
///
/// # Errors
/// Data is missing, or an index cannot be made.
pub fn measure(options: &Options, told: &mut dyn Told, sheet: &mut Sheet) -> Result<()> {
    let bench = Bench::of(&options.data, &options.config.models.embedder, options.config.threads())?;
    let work = Scratch::new()?;
    let mtrag = mtrag(options, &bench, &work, told)?;
    report("mtrag_un", &mtrag, told, sheet)?;
    let mut emanual = Vec::new();
    for set in techqa::sets(&options.from, work.path())?.iter().filter(|s| s.name.starts_with("emanual")) {
        let shelf = Shelf::build(&bench, &set.dirs, None)?;
        for (n, question) in set.questions.iter().enumerate() {
            told.progress(&set.name, n, set.questions.len());
            let Some(gold) = &question.gold else { continue };
            let found = shelf.search(&question.text, Only::Reranked, 24)?;
            let right = found
                .hits
                .first()
                .is_some_and(|h| shelf.source(h).is_some_and(|source| gold.is_hit(source, &h.passage)));
            let evidence = Evidence::of(&question.text, &found).score;
            emanual.push(Scored { evidence, words: found.best_words_score, right });
        }
    }
    report("emanual", &emanual, told, sheet)
}

/// An index for each collection, of the passages of all its rows.
fn mtrag(options: &Options, bench: &Bench, work: &Scratch, told: &mut dyn Told) -> Result<Vec<Scored>> {
    let file = options.from.join("techqa/mtrag_un.jsonl");
    if !file.is_file() {
        told.note("no techqa/mtrag_un.jsonl: left out");
        return Ok(Vec::new());
    }
    let mut collections: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in set::lines::<Row>(&file)? {
        collections.entry(row.collection.clone()).or_default().push(row);
    }
    let mut scored = Vec::new();
    for (name, rows) in collections {
        let dir = work.path().join(format!("mtrag-{name}"));
        let mut seen = BTreeSet::new();
        for context in rows.iter().flat_map(|r| &r.contexts).filter(|c| seen.insert(c.id.clone())) {
            put(&dir.join(format!("{}.txt", context.id)), &context.text)?;
        }
        let shelf = Shelf::build(bench, &[dir], None)?;
        for (n, row) in rows.iter().enumerate() {
            told.progress(&name, n, rows.len());
            let Some(right) = row.answerable else { continue };
            let found = shelf.search(&row.question, Only::Reranked, 24)?;
            let evidence = Evidence::of(&row.question, &found).score;
            scored.push(Scored { evidence, words: found.best_words_score, right });
        }
    }
    Ok(scored)
}

fn report(name: &str, scored: &[Scored], told: &mut dyn Told, sheet: &mut Sheet) -> Result<()> {
    if scored.is_empty() {
        return Ok(());
    }
    let ours: Vec<(f32, bool)> = scored.iter().map(|s| (s.evidence, s.right)).collect();
    let words: Vec<(f32, bool)> = scored.iter().map(|s| (s.words, s.right)).collect();
    told.row(&json!({"set": name, "curve": "evidence", "points": curve(&ours)}))?;
    told.row(&json!({"set": name, "curve": "bm25", "points": curve(&words)}))?;
    sheet.put(&format!("risk_{name}_questions"), scored.len() as f64);
    sheet.put(&format!("risk_{name}_area"), area(&ours));
    sheet.put(&format!("risk_{name}_area_bm25"), area(&words));
    sheet.put(&format!("risk_{name}_gain"), area(&ours) - area(&words));
    sheet.want(&format!("risk_{name}_gain"), Want::Above(0.0));
    Ok(())
}

/// The mean of 1 - risk over all coverages: the area under the curve of selective accuracy.
/// Equal scores are answered together, in the mean of all their orders.
fn area(scored: &[(f32, bool)]) -> f64 {
    let mut sorted = scored.to_vec();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut right, mut answered, mut sum) = (0.0, 0.0, 0.0);
    for group in sorted.chunk_by(|a, b| a.0 == b.0) {
        let share = group.iter().filter(|g| g.1).count() as f64 / group.len() as f64;
        for _ in group {
            right += share;
            answered += 1.0;
            sum += right / answered;
        }
    }
    sum / scored.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_is_greater_where_what_is_right_is_surer() {
        let good = [(0.9, true), (0.8, true), (0.2, false)];
        let bad = [(0.9, false), (0.8, true), (0.2, true)];
        assert!(area(&good) > area(&bad));
        let same = [(0.5, true), (0.5, false), (0.5, true), (0.5, false)];
        assert!((area(&same) - 0.5).abs() < 1e-9);
    }
}
