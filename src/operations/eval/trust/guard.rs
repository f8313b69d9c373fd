//! The guard on labelled sets: does what is supported score higher than what is not?
//!
//! WiCE (claims and the sentences of an article), FaithBench (summaries and their texts) and
//! MTRAG (answers and their contexts) with the labels that people gave; rows without a label
//! are left out. Three scorers are compared by the area under the curve: the guard's
//! ([`score`], words only), the share of the claim's content words in the source, and the embedder's
//! likeness alone (the nearest source sentence, mean over the claim's sentences). Time is
//! that of [`guard::judge`] on the same answers and those of the mutation test.

use std::path::Path;
use std::time::Instant;

use serde::Deserialize;
use serde_json::json;

use super::mutation::gold::{self, passage};
use super::{Options, Sheet, Told};
use crate::core::answer::guard::{self, score};
use crate::core::answer::source::Source;
use crate::core::answer::{sentence, words};
use crate::core::knowledge::embed::{Embed, Encoder, Side, steps};
use crate::core::knowledge::passage::Passage;
use crate::operations::eval::report::Want;
use crate::operations::eval::retrieval::set::lines;
use crate::operations::eval::score::{percentile, share};
use crate::operations::models::embedder::Embedder;
use crate::operations::outcome::{Error, Kind, Result};

/// The labelled sets by name, and how a row is read.
const SETS: [(&str, &str); 3] =
    [("wice", "wice.jsonl"), ("faithbench", "faithbench.jsonl"), ("mtrag", "mtrag_human.jsonl")];

/// A claim with what it should be held by.
struct Item {
    id: String,
    claim: String,
    passages: Vec<Passage>,
    grounded: bool,
}

/// A row of any of the three.
#[derive(Deserialize)]
struct Row {
    id: String,
    #[serde(alias = "response")]
    claim: String,
    grounded: Option<bool>,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    evidence: Vec<String>,
    #[serde(default)]
    contexts: Vec<Context>,
}

#[derive(Deserialize)]
struct Context {
    text: String,
}

impl Row {
    fn item(self) -> Option<Item> {
        let mut texts: Vec<String> = self.contexts.into_iter().map(|c| c.text).collect();
        texts.extend(self.source);
        if !self.evidence.is_empty() {
            texts.push(self.evidence.join("\n\n"));
        }
        let passages: Vec<Passage> =
            texts.iter().filter(|t| !t.trim().is_empty()).map(|t| passage(t)).collect();
        let grounded = self.grounded?;
        (!passages.is_empty()).then_some(Item { id: self.id, claim: self.claim, passages, grounded })
    }
}

/// What the scorers say of one item.
#[derive(Clone, Copy)]
struct Scores {
    grounded: bool,
    ours: f64,
    overlap: f64,
    similarity: Option<f64>,
}

/// Runs the section.
///
/// # Errors
/// `Missing` where the labelled sets are.
pub fn measure(options: &Options, told: &mut dyn Told, sheet: &mut Sheet) -> Result<()> {
    let embedder = Embedder::open(&options.data, &options.config.models.embedder)?.map(|e| e.encoder);
    let mut by_set: Vec<(&str, Vec<Scores>)> = Vec::new();
    let mut answers: Vec<(String, Vec<Passage>)> = Vec::new();
    for (name, file) in SETS {
        let items = items(&options.from.join("groundedness").join(file))?;
        let mut scores = Vec::new();
        for (n, item) in items.iter().enumerate() {
            let got = scored(item, embedder.as_ref())?;
            told.row(&json!({
                "id": item.id, "set": name, "grounded": item.grounded, "ours": got.ours, "overlap": got.overlap, "similarity": got.similarity,
            }))?;
            scores.push(got);
            told.progress(name, n, items.len());
        }
        by_set.push((name, scores));
        answers.extend(items.into_iter().map(|i| (i.claim, i.passages)));
    }
    areas(&by_set, sheet);
    own(options, sheet)?;
    answers.extend(gold::all(options)?.0.into_iter().map(|g| (g.answer, g.passages)));
    times(&answers, embedder.as_ref(), sheet)
}

/// Our own claims, on which the weights were chosen: no part of the mean.
fn own(options: &Options, sheet: &mut Sheet) -> Result<()> {
    let file = options.repository.join("tests/trust/claims.jsonl");
    if !file.is_file() {
        return Ok(());
    }
    let scores = items(&file)?.iter().map(|item| scored(item, None)).collect::<Result<Vec<Scores>>>()?;
    let of = |f: fn(&Scores) -> f64| area(&scores.iter().map(|s| (s.grounded, f(s))).collect::<Vec<_>>());
    sheet.put("guard_auc_own", of(|s| s.ours));
    sheet.put("guard_auc_own_overlap", of(|s| s.overlap));
    Ok(())
}

fn items(file: &Path) -> Result<Vec<Item>> {
    if !file.is_file() {
        return Err(Error::new(Kind::Missing, format!("there is no {}", file.display())));
    }
    Ok(lines::<Row>(file)?.into_iter().filter_map(Row::item).collect())
}

/// The sentences of a claim.
fn sentences(text: &str) -> Vec<String> {
    sentence::split(text)
        .into_iter()
        .filter_map(|s| s.of(text))
        .map(words::plain)
        .filter(|s| s.chars().any(char::is_alphanumeric))
        .collect()
}

fn scored(item: &Item, encoder: Option<&Encoder>) -> Result<Scores> {
    let sources: Vec<Source<'_>> = item.passages.iter().map(Source::of).collect();
    let claim = sentences(&item.claim);
    let ground = score::Ground::of(&sources);
    let likeness = match encoder {
        Some(encoder) => {
            let held: Vec<&str> = sources.iter().flat_map(|s| &s.segments).map(|s| s.text.as_str()).collect();
            let held = encoded(encoder, &held)?;
            let said = encoded(encoder, &claim.iter().map(String::as_str).collect::<Vec<_>>())?;
            Some(said.iter().map(|v| nearest(v, &held)).collect::<Vec<f32>>())
        }
        None => None,
    };
    let ours: Vec<(f32, usize)> = claim.iter().map(|s| (ground.score(s), words::terms(s).len())).collect();
    let held: std::collections::HashSet<String> =
        sources.iter().flat_map(|s| words::terms(&s.text())).map(|t| t.stem).collect();
    let said: std::collections::HashSet<String> =
        words::terms(&item.claim).into_iter().map(|t| t.stem).collect();
    Ok(Scores {
        grounded: item.grounded,
        ours: f64::from(score::of_text(&ours)),
        overlap: share(said.iter().filter(|s| held.contains(*s)).count(), said.len()),
        similarity: likeness.map(|l| f64::from(l.iter().sum::<f32>()) / l.len().max(1) as f64),
    })
}

/// A vector for each text.
fn encoded(encoder: &Encoder, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
    let mut all = Vec::new();
    for step in steps(texts, 2) {
        for one in encoder.encode(texts.get(step).unwrap_or_default(), Side::Passage, 2)? {
            all.push(one.sentence);
        }
    }
    Ok(all)
}

fn nearest(vector: &[f32], held: &[Vec<f32>]) -> f32 {
    let dot = |v: &Vec<f32>| -> f32 { v.iter().zip(vector).map(|(a, b)| a * b).sum() };
    held.iter().map(dot).fold(0.0, f32::max)
}

/// The chance that a grounded one scores higher than one that is not; equals count half.
fn area(scores: &[(bool, f64)]) -> f64 {
    let (mut wins, mut pairs) = (0.0, 0.0);
    for (_, yes) in scores.iter().filter(|s| s.0) {
        for (_, no) in scores.iter().filter(|s| !s.0) {
            pairs += 1.0;
            wins += if yes > no {
                1.0
            } else if yes == no {
                0.5
            } else {
                0.0
            };
        }
    }
    if pairs > 0.0 { wins / pairs } else { 0.5 }
}

/// Mean of the shares of both labels that a threshold gets right.
fn balanced(scores: &[(bool, f64)], threshold: f64) -> f64 {
    let right = |label: bool| {
        let of: Vec<_> = scores.iter().filter(|s| s.0 == label).collect();
        share(of.iter().filter(|s| (s.1 >= threshold) == label).count(), of.len())
    };
    f64::midpoint(right(true), right(false))
}

fn areas(by_set: &[(&str, Vec<Scores>)], sheet: &mut Sheet) {
    let embedded = by_set.iter().flat_map(|s| &s.1).all(|s| s.similarity.is_some());
    let pairs = |scores: &[Scores], of: fn(&Scores) -> f64| -> Vec<(bool, f64)> {
        scores.iter().map(|s| (s.grounded, of(s))).collect()
    };
    let ours: fn(&Scores) -> f64 = |s| s.ours;
    let mean = |of: fn(&Scores) -> f64| {
        by_set.iter().map(|(_, s)| area(&pairs(s, of))).sum::<f64>() / by_set.len().max(1) as f64
    };
    for (at, (name, scores)) in by_set.iter().enumerate() {
        let own = pairs(scores, ours);
        sheet.put(&format!("guard_auc_{name}"), area(&own));
        sheet.put(&format!("guard_auc_{name}_overlap"), area(&pairs(scores, |s| s.overlap)));
        if embedded {
            let likeness = pairs(scores, |s| s.similarity.unwrap_or(0.0));
            sheet.put(&format!("guard_auc_{name}_similarity"), area(&likeness));
        }
        // The threshold that serves the other sets best: none is set on what it is tried on.
        let others: Vec<Vec<(bool, f64)>> =
            by_set.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, (_, s))| pairs(s, ours)).collect();
        let threshold = (1..100)
            .map(|n| f64::from(n) / 100.0)
            .max_by(|a, b| {
                let of = |t: f64| others.iter().map(|o| balanced(o, t)).sum::<f64>();
                of(*a).total_cmp(&of(*b))
            })
            .unwrap_or(0.5);
        sheet.put(&format!("guard_balanced_accuracy_{name}"), balanced(&own, threshold));
    }
    let overlap = mean(|s| s.overlap);
    sheet.put("guard_auc_mean", mean(ours));
    sheet.put("guard_auc_overlap_mean", overlap);
    let mut better = overlap;
    if embedded {
        let similarity = mean(|s| s.similarity.unwrap_or(0.0));
        sheet.put("guard_auc_similarity_mean", similarity);
        better = better.max(similarity);
    }
    // Without an embedder one of the baselines was not measured, and the bar does not hold.
    if embedded {
        sheet.put("guard_auc_gain", mean(ours) - better);
    }
    sheet.want("guard_auc_gain", Want::AtLeast(0.02));
}

/// How long the guard takes over an answer, with its passages read, and with the answer's
/// sentences encoded; the source's vectors are the index's.
fn times(answers: &[(String, Vec<Passage>)], encoder: Option<&Encoder>, sheet: &mut Sheet) -> Result<()> {
    // The first call compiles its patterns.
    if let Some((answer, passages)) = answers.first() {
        let _ = guard::judge(answer, passages);
    }
    let (mut plain, mut embedded) = (Vec::new(), Vec::new());
    for (answer, passages) in answers {
        let held = match encoder {
            Some(encoder) if embedded.len() < 300 => {
                let sources: Vec<Source<'_>> = passages.iter().map(Source::of).collect();
                let texts: Vec<&str> =
                    sources.iter().flat_map(|s| &s.segments).take(64).map(|s| s.text.as_str()).collect();
                Some((encoder, encoded(encoder, &texts)?))
            }
            _ => None,
        };
        let began = Instant::now();
        let _ = guard::judge(answer, passages);
        let took = began.elapsed();
        plain.push(took.as_secs_f64() * 1e3);
        if let Some((encoder, held)) = held {
            let began = Instant::now();
            let said = sentences(answer);
            let vectors = encoded(encoder, &said.iter().map(String::as_str).collect::<Vec<_>>())?;
            let likeness: f32 = vectors.iter().map(|v| nearest(v, &held)).sum();
            std::hint::black_box(likeness);
            embedded.push((took + began.elapsed()).as_secs_f64() * 1e3);
        }
    }
    for (name, values, most) in [("guard_ms", &plain, 10.0), ("guard_embedded_ms", &embedded, 30.0)] {
        for p in [50.0, 99.0] {
            if let Some(ms) = percentile(values, p) {
                sheet.put(&format!("{name}_p{p}"), ms);
            }
        }
        sheet.want(&format!("{name}_p99"), Want::AtMost(most));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_and_balance_are_the_textbooks() {
        let scores = [(true, 0.9), (true, 0.5), (false, 0.5), (false, 0.1)];
        assert!((area(&scores) - 0.875).abs() < 1e-9);
        assert!((balanced(&scores, 0.6) - 0.75).abs() < 1e-9);
        assert!((area(&[(true, 0.1)]) - 0.5).abs() < 1e-9, "one label alone says nothing");
    }
}
