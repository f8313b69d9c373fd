//! The passage's own sentences, chosen without any generation: always available, in a
//! millisecond. Every word comes from the passage (headers of a table included); only
//! punctuation is added.

mod record;
mod running;

use super::asked::Asked;
use super::guard::injection;
use super::quantity;
use super::source::{Source, stopped};
use super::words::{self, terms};
use crate::core::knowledge::code;
use crate::core::knowledge::passage::{Passage, Shape, Span};

/// A passage that search found, with its score (higher is better).
#[derive(Debug, Clone, Copy)]
pub struct Hit<'p> {
    /// The passage.
    pub passage: &'p Passage,
    /// The ranker's score; only its order counts here.
    pub score: f32,
}

/// One sentence quoted from a passage.
#[derive(Debug, Clone, PartialEq)]
pub struct Quote<'p> {
    /// What is said.
    pub text: String,
    /// The passage that it was taken from.
    pub passage: &'p Passage,
    /// The bytes of the stored text that it was taken from.
    pub span: Span,
}

/// What was chosen.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Quoted<'p> {
    /// The sentences in the order in which they are said; empty where nothing fits.
    pub sentences: Vec<Quote<'p>>,
    /// For a procedure: which of its steps are quoted.
    pub steps: Option<Steps>,
}

/// Which steps of a procedure are quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    /// The first one, from 1.
    pub first: usize,
    /// How many.
    pub shown: usize,
    /// How many there are.
    pub total: usize,
}

/// At most so many steps of a procedure at once: what a person keeps in mind.
const MOST_STEPS: usize = 6;

/// Quotes what answers `question` best.
///
/// `hits` are best first. `siblings` are all passages of the sections that hits of shape
/// [`Shape::Step`] stand in, so that a procedure can be quoted from its first step; it may
/// be empty. Passages whose orders to an assistant were not masked are passed over.
pub fn quote<'p>(question: &str, hits: &[Hit<'p>], siblings: &'p [Passage]) -> Quoted<'p> {
    let asked = Asked::of(question);
    let clean: Vec<Hit<'p>> = hits.iter().copied().filter(|h| injection::is_masked(h.passage)).collect();
    let codes = codes_asked(question, &asked, &clean);
    let Some(main) = choose(question, &asked, &codes, &clean) else {
        return Quoted::default();
    };
    match main.shape {
        Shape::Row if !main.fields.is_empty() => record::rows(question, &asked, main, &clean),
        Shape::Step if asked.how && !asked.figure => steps(question, main, siblings),
        _ if is_entry(main, &codes) => running::opening(question, &asked, main),
        _ => running::prose(question, &asked, main, &clean),
    }
}

/// The hit that answers best: an entry of a code asked for, else the ranker's order
/// tempered by how much of the question each hit holds.
fn choose<'p>(question: &str, asked: &Asked, codes: &[String], hits: &[Hit<'p>]) -> Option<&'p Passage> {
    if let Some(hit) = hits.iter().find(|h| is_entry(h.passage, codes)) {
        return Some(hit.passage);
    }
    let wanted = terms(question);
    let mut best: Option<(f32, &'p Passage)> = None;
    for (rank, hit) in hits.iter().enumerate() {
        let source = Source::of(hit.passage);
        let text = source.text();
        let in_all = share(&wanted, &format!("{} {}", text, source.context()));
        // A whole procedure stands under the heading that names the thing; a figure is the
        // one beside whose own words the thing stands.
        let held = if asked.figure { (2.0 * share(&wanted, &text) + in_all) / 3.0 } else { in_all };
        let meets = if asked.figure && asked.is_met_by(&text) { 1.3 } else { 1.0 };
        let procedure = if asked.how && hit.passage.shape == Shape::Step { 1.2 } else { 1.0 };
        // Another code's entry explains a fault; it seldom answers a question without one.
        let entry = if hit.passage.is_entry() { 0.8 } else { 1.0 };
        let score = (0.3 + held) * meets * procedure * entry / (1.0 + 0.05 * rank as f32);
        if best.is_none_or(|(top, _)| score > top) {
            best = Some((score, hit.passage));
        }
    }
    best.map(|(_, p)| p)
}

/// The codes of `question`, canonical: those written in it, and those said in it that are
/// the own code of a hit ("e two oh three").
fn codes_asked(question: &str, asked: &Asked, hits: &[Hit<'_>]) -> Vec<String> {
    let own: Vec<String> =
        hits.iter().flat_map(|h| h.passage.own_codes()).map(|c| code::normalise(c)).collect();
    let written = asked.codes.iter().map(|c| code::normalise(&c.text));
    written.chain(code::spoken_candidates(question, &|c| own.iter().any(|o| o == c))).collect()
}

/// Is `passage` the own entry of one of `codes`?
fn is_entry(passage: &Passage, codes: &[String]) -> bool {
    passage.own_codes().iter().any(|own| codes.contains(&code::normalise(own)))
}

/// The share of `wanted`, by weight, that `text` holds.
pub(super) fn share(wanted: &[words::Term], text: &str) -> f32 {
    let held: Vec<String> = terms(text).into_iter().map(|t| t.stem).collect();
    let total: f32 = wanted.iter().map(|t| words::weight(&t.stem)).sum();
    let found: f32 = wanted.iter().filter(|t| held.contains(&t.stem)).map(|t| words::weight(&t.stem)).sum();
    if total > 0.0 { found / total } else { 0.0 }
}

/// The steps of the procedure that `main` stands in, from the first.
fn steps<'p>(question: &str, main: &'p Passage, siblings: &'p [Passage]) -> Quoted<'p> {
    let mut all: Vec<&'p Passage> = siblings
        .iter()
        .filter(|p| {
            p.shape == Shape::Step
                && p.document == main.document
                && p.revision == main.revision
                && p.section == main.section
        })
        .filter(|p| injection::is_masked(p))
        .collect();
    if !all.iter().any(|p| p.span == main.span) {
        all.push(main);
    }
    all.sort_by_key(|p| p.span.start);
    let total = all.len();
    // A question for one late step is answered from there, not from the beginning.
    let begins = match named_step(question) {
        Some(n) if (1..=total).contains(&n) => n - 1,
        _ => 0,
    };
    let sentences: Vec<Quote<'p>> = all
        .into_iter()
        .skip(begins)
        .take(MOST_STEPS)
        .map(|p| Quote { text: stopped(&words::plain(&p.text)), passage: p, span: p.span })
        .collect();
    let steps = Steps { first: begins + 1, shown: sentences.len(), total };
    Quoted { sentences, steps: Some(steps) }
}

/// "step 3" in a question.
fn named_step(question: &str) -> Option<usize> {
    let reading = quantity::read(question);
    let step = reading.quantities.iter().find(|q| q.ordinal && q.unit.is_none())?;
    (step.value >= 1.0 && step.value <= 999.0).then_some(step.value as usize)
}

/// The smallest span that holds `spans`, kept within the passage.
fn cover(passage: &Passage, spans: &[Span]) -> Span {
    let start = spans.iter().map(|s| s.start).min().unwrap_or(passage.span.start);
    let end = spans.iter().map(|s| s.end).max().unwrap_or(passage.span.end);
    if start >= passage.span.start && end <= passage.span.end && start < end {
        Span { start, end }
    } else {
        passage.span
    }
}

#[cfg(test)]
mod tests;
