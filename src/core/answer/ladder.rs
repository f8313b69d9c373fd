//! The rungs: builds the [`Answer`] on each of them.
//!
//! ```text
//! recombined  from_draft     the model's own sentences, every one grounded
//! constrained (the engine's source automaton)
//! quoted      quoted         the passage's own sentences
//! refused     (see [`super::refusal`])
//! ```
//!
//! On every rung the warnings that govern a cited passage come first, verbatim; only the
//! lead goes before them.

mod complete;

pub use complete::leaves_out;

use super::guard::{self, numbers, warnings};
use super::quantity;
use super::quote::{Quoted, Steps};
use super::refusal::{Reason, refuse};
use super::source::Source;
use super::words::plain;
use super::{Answer, AnswerKind, Citation, CitationKind, Number, Rung, Said, Sentence, Verdict};
use crate::core::knowledge::passage::{Passage, Span};

/// An answer of the passage's own sentences. `why` says why it stands no higher.
///
/// Quotes pass through the number lock too: one that it does not find in its passage is
/// left out, and the verdict says so. Where nothing is left the answer is a refusal.
pub fn quoted(quoted: &Quoted<'_>, why: &str) -> Answer {
    let mut verdict = Verdict::default();
    let mut said = Vec::new();
    for quote in &quoted.sentences {
        let (_, unsupported) = numbers::check(&quote.text, &[&Source::of(quote.passage)]);
        if unsupported.is_empty() {
            said.push(Stated { text: quote.text.clone(), sources: vec![(quote.passage, vec![quote.span])] });
        } else {
            verdict.unsupported.extend(unsupported.iter().map(ToString::to_string));
            verdict.reasons.push(format!("left out: {}", quote.text));
        }
    }
    if said.is_empty() {
        let nearest: Vec<Passage> = quoted.sentences.iter().map(|q| q.passage.clone()).collect();
        return Answer { verdict, ..refuse(&Reason::SilentOnPoint, &nearest) };
    }
    verdict.passed = true;
    build(Rung::Quoted, why, &said, quoted.steps, verdict)
}

/// An answer of the model's own sentences, if the guard lets all of them pass.
///
/// # Errors
/// The guard's verdict, where it does not; the answer then stands on a lower rung.
pub fn from_draft(draft: &str, passages: &[Passage]) -> Result<Answer, Verdict> {
    let judged = guard::judge(draft, passages);
    if !judged.verdict.passed {
        return Err(judged.verdict);
    }
    let said: Vec<Stated<'_>> = judged
        .sentences
        .into_iter()
        .map(|s| {
            let sources = s
                .passages
                .iter()
                .zip(s.spans)
                .filter_map(|(&i, spans)| Some((passages.get(i)?, spans)))
                .collect();
            Stated { text: super::source::stopped(&s.text), sources }
        })
        .collect();
    let answer = build(Rung::Recombined, "", &said, None, judged.verdict);
    let cited: Vec<&Passage> = said.iter().flat_map(|s| s.sources.iter().map(|(p, _)| *p)).collect();
    let missing = warnings::missing(&answer.warnings, &cited);
    if missing.is_empty() {
        Ok(answer)
    } else {
        let reasons = missing.into_iter().map(|w| format!("a governing warning is missing: {w}")).collect();
        Err(Verdict { passed: false, reasons, ..answer.verdict })
    }
}

/// A verdict in one line, for `rung_why`.
pub fn why_of(verdict: &Verdict) -> String {
    let first = verdict.unsupported.first().or(verdict.reasons.first());
    match first {
        Some(first) => format!("the draft did not pass the guard: {first}"),
        None => "the draft did not pass the guard".to_owned(),
    }
}

/// A sentence with the passages that say it, and where in them.
struct Stated<'p> {
    text: String,
    sources: Vec<(&'p Passage, Vec<Span>)>,
}

fn build(rung: Rung, why: &str, said: &[Stated<'_>], steps: Option<Steps>, verdict: Verdict) -> Answer {
    let mut cited: Vec<(&Passage, Vec<Span>)> = Vec::new();
    for (passage, spans) in said.iter().flat_map(|s| &s.sources) {
        match cited.iter_mut().find(|(p, _)| p == passage) {
            Some((_, all)) => all.extend(spans),
            None => cited.push((passage, spans.clone())),
        }
    }
    let passages: Vec<&Passage> = cited.iter().map(|(p, _)| *p).collect();
    let mut citations: Vec<Citation> = Vec::new();
    let mut warnings_said: Vec<Said> = Vec::new();
    for (i, warning) in warnings::governing(&passages) {
        let Some(passage) = passages.get(i) else {
            continue;
        };
        citations.push(cite(passage, warning.text.clone(), warning.span));
        warnings_said.push(Said::of(warning, citations.len()));
    }
    let first = citations.len() + 1;
    for (passage, spans) in &cited {
        let (quote, span) = excerpt(passage, spans);
        citations.push(cite(passage, quote, span));
    }
    let number_of = |passage: &Passage| passages.iter().position(|p| *p == passage).map(|i| first + i);
    let sentences: Vec<Sentence> = said
        .iter()
        .map(|s| Sentence {
            text: s.text.clone(),
            citations: s.sources.iter().filter_map(|(p, _)| number_of(p)).collect(),
        })
        .collect();
    let mut numbers_said: Vec<Number> = Vec::new();
    for warning in &warnings_said {
        numbers_said.extend(numbers_in(&warning.text, warning.citation));
    }
    for sentence in &sentences {
        if let Some(&citation) = sentence.citations.first() {
            numbers_said.extend(numbers_in(&sentence.text, citation));
        }
    }
    Answer {
        kind: AnswerKind::Answer,
        rung,
        rung_why: why.to_owned(),
        lead: passages.first().map(|p| lead(p, steps)).unwrap_or_default(),
        warnings: warnings_said,
        sentences,
        citations,
        choices: Vec::new(),
        numbers: numbers_said,
        verdict,
    }
}

/// The numbers of a sentence; a range counts with both ends in its text.
fn numbers_in(text: &str, citation: usize) -> Vec<Number> {
    quantity::read(text)
        .quantities
        .into_iter()
        .map(|q| Number { value: q.value, unit: q.symbol().to_owned(), text: q.text, citation })
        .collect()
}

fn cite(passage: &Passage, quote: String, span: Span) -> Citation {
    Citation {
        kind: CitationKind::Passage,
        document: passage.document.clone(),
        revision: passage.revision.clone(),
        section: passage.section_path(),
        page: passage.page,
        page_label: passage.page_label.clone(),
        quote,
        start: span.start,
        end: span.end,
        figures: passage.figures.clone(),
    }
}

/// The stored text from the first cited byte to the last, verbatim; the whole passage
/// where the spans do not lie in it.
fn excerpt(passage: &Passage, spans: &[Span]) -> (String, Span) {
    let start = spans.iter().map(|s| s.start).min().unwrap_or(passage.span.start);
    let end = spans.iter().map(|s| s.end).max().unwrap_or(passage.span.end);
    let at = passage.span.start;
    let cut = start.checked_sub(at).zip(end.checked_sub(at)).and_then(|(a, b)| passage.text.get(a..b));
    match cut {
        Some(text) if !text.is_empty() => (text.to_owned(), Span { start, end }),
        _ => (passage.text.clone(), passage.span),
    }
}

/// "Pump jack PJ-40, Torque table:"
fn lead(passage: &Passage, steps: Option<Steps>) -> String {
    let mut lead = place(passage);
    if let Some(Steps { first, shown, total }) = steps.filter(|s| s.shown < s.total) {
        lead.push_str(&format!(", steps {first} to {} of {total}", first + shown - 1));
    }
    if !lead.is_empty() {
        lead.push(':');
    }
    lead
}

/// Machine and last heading, short enough to be said.
pub(super) fn place(passage: &Passage) -> String {
    let machine = match (passage.machine.as_str(), passage.model.as_str()) {
        ("", "") => passage.title.clone(),
        ("", model) => model.to_owned(),
        (machine, model) if model.is_empty() || machine.contains(model) => machine.to_owned(),
        (machine, model) => format!("{machine} {model}"),
    };
    let heading = passage.section.last().map(|s| plain(s)).unwrap_or_default();
    // "4.2 Torque table" is said without its number.
    let heading = heading.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ' ');
    let heading: String = heading.trim_end_matches([':', '.']).chars().take(60).collect();
    [plain(&machine), heading].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
