//! The rungs: builds the [`Answer`] on each of them, and decides from the evidence, never
//! by asking a model, when the answer is "the manuals do not say".
//!
//! ```text
//! recombined  from_draft     the model's own sentences, every one grounded
//! constrained (the engine's source automaton)
//! quoted      quoted         the passage's own sentences
//! refused     refuse, clarify
//! ```
//!
//! On every rung the warnings that govern a cited passage come first, verbatim; only the
//! lead goes before them.

mod complete;

pub use complete::leaves_out;

use super::asked::Asked;
use super::guard::{self, numbers, warnings};
use super::quantity;
use super::quote::{Hit, Quoted, Steps};
use super::source::Source;
use super::words::{self, plain, stem, terms};
use super::{Answer, AnswerKind, Citation, CitationKind, Number, Rung, Said, Sentence, Verdict};
use crate::core::knowledge::passage::{Passage, Span};

/// Why the manuals do not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// A code of the question that no passage holds.
    UnknownCode(String),
    /// A machine of the question that no manual is about.
    MachineNotCovered(String),
    /// No passage is near the question.
    NothingRelevant,
    /// The passage was found, but does not say what was asked.
    SilentOnPoint,
}

impl Reason {
    fn sentence(&self) -> String {
        match self {
            Reason::UnknownCode(code) => {
                format!("The manuals do not say what {code} is: none of them has this code.")
            }
            Reason::MachineNotCovered(machine) => {
                format!("The manuals do not say: none of them is about {machine}.")
            }
            Reason::NothingRelevant => {
                "The manuals do not say: nothing in them is close to this question.".to_owned()
            }
            Reason::SilentOnPoint => {
                "The manuals do not say: the section is there, but not what you asked for.".to_owned()
            }
        }
    }

    fn why(&self) -> String {
        match self {
            Reason::UnknownCode(code) => format!("no passage holds the code {code}"),
            Reason::MachineNotCovered(machine) => format!("no manual covers {machine}"),
            Reason::NothingRelevant => "no passage is close to the question".to_owned(),
            Reason::SilentOnPoint => "the passages found do not say what was asked".to_owned(),
        }
    }
}

/// What is known about a question before anything is written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evidence {
    /// Codes of the question that the index holds.
    pub known_codes: Vec<String>,
    /// Codes of the question that the index does not hold, as written.
    pub unknown_codes: Vec<String>,
    /// A machine named in the question that no document is about.
    pub foreign_machine: Option<String>,
    /// Scores of the hits, best first.
    pub scores: Vec<f32>,
    /// The share of the question's content, by weight, that the best of the hits holds.
    pub coverage: f32,
    /// Is a hit the own entry of a code of the question?
    pub code_hit: bool,
    /// A figure of a kind was asked for, and no hit that is about the question holds one.
    pub silent: bool,
}

/// Below this coverage nothing is relevant. Fixed, not calibrated on the index: a passage
/// that shares less than half of a question's content with it is about something else.
pub const LEAST_COVERAGE: f32 = 0.5;

/// So many hits are looked at: as many as a prompt shows.
const LOOKED_AT: usize = 3;

/// Words of a question that say nothing about its subject.
const GENERIC: &[&str] = &[
    "mean", "meaning", "show", "display", "code", "error", "alarm", "fault", "number", "value", "correct",
    "right", "problem", "machine", "thing", "need", "use", "happen", "manual", "know", "find", "give",
    "look", "come", "work", "time", "stand",
];

impl Evidence {
    /// Weighs `hits` (best first) against `question`. Which codes the index knows and
    /// whether a machine is covered is the index's knowledge and comes from the caller.
    pub fn of(
        question: &str,
        known_codes: Vec<String>,
        unknown_codes: Vec<String>,
        hits: &[Hit<'_>],
    ) -> Self {
        let asked = Asked::of(question);
        let near = hits.get(..hits.len().min(LOOKED_AT)).unwrap_or(hits);
        let code_hit = hits.iter().any(|h| {
            h.passage.own_codes().iter().any(|c| {
                let key = quantity::code_key(c);
                asked.codes.iter().any(|a| a.key == key)
                    || known_codes.iter().any(|k| quantity::code_key(k) == key)
            })
        });
        let best = |hits: &mut dyn Iterator<Item = &Hit<'_>>| {
            hits.map(|h| coverage(question, h.passage)).fold(0.0, f32::max)
        };
        let covered = best(&mut near.iter());
        // A figure counts only where the passage that holds it is about the question.
        let held = best(&mut hits.iter().filter(|h| asked.is_met_by(&Source::of(h.passage).text())));
        Evidence {
            coverage: covered,
            silent: asked.figure && held < LEAST_COVERAGE,
            scores: hits.iter().map(|h| h.score).collect(),
            known_codes,
            unknown_codes,
            foreign_machine: None,
            code_hit,
        }
    }
}

/// The share of a question's content, by weight, that a passage (its headings and machine
/// included) holds. A question without content is covered by nothing.
pub fn coverage(question: &str, passage: &Passage) -> f32 {
    let source = Source::of(passage);
    let mut held: Vec<String> =
        terms(&source.text()).into_iter().chain(terms(&source.context())).map(|t| t.stem).collect();
    held.extend(passage.codes.iter().flat_map(|c| terms(c)).map(|t| t.stem));
    let generic: Vec<String> = GENERIC.iter().map(|w| stem(w)).collect();
    let wanted: Vec<String> =
        terms(question).into_iter().map(|t| t.stem).filter(|s| !generic.contains(s)).collect();
    let total: f32 = wanted.iter().map(|s| words::weight(s)).sum();
    let found: f32 = wanted.iter().filter(|s| held.contains(s)).map(|s| words::weight(s)).sum();
    if total > 0.0 { found / total } else { 0.0 }
}

/// Must the question be refused? `None` means that it can be answered from the hits.
///
/// In this order: an unknown code, a foreign machine, nothing near, silence on the figure
/// that was asked for. The own entry of a code of the question is always near enough.
pub fn decide_refusal(evidence: &Evidence) -> Option<Reason> {
    if let Some(code) = evidence.unknown_codes.first() {
        return Some(Reason::UnknownCode(code.clone()));
    }
    if let Some(machine) = &evidence.foreign_machine {
        return Some(Reason::MachineNotCovered(machine.clone()));
    }
    if evidence.code_hit {
        return None;
    }
    if evidence.scores.is_empty() || evidence.coverage < LEAST_COVERAGE {
        return Some(Reason::NothingRelevant);
    }
    evidence.silent.then_some(Reason::SilentOnPoint)
}

/// "The manuals do not say", with the nearest sections to choose from.
pub fn refuse(reason: &Reason, nearest: &[Passage]) -> Answer {
    let mut choices: Vec<String> = Vec::new();
    for passage in nearest {
        let name = place(passage);
        if !name.is_empty() && !choices.contains(&name) && choices.len() < 3 {
            choices.push(name);
        }
    }
    bare(AnswerKind::Refusal, reason.sentence(), choices, reason.why())
}

/// One question back: which of `choices` was meant?
pub fn clarify(choices: &[String]) -> Answer {
    let text = match choices {
        [] => "Say it once more, please: I did not catch the question.".to_owned(),
        [one] => format!("Did you mean {one}?"),
        [head @ .., last] => format!("Did you mean {} or {last}?", head.join(", ")),
    };
    bare(AnswerKind::Clarify, text, choices.to_vec(), "the words can be read in more than one way".to_owned())
}

fn bare(kind: AnswerKind, text: String, choices: Vec<String>, why: String) -> Answer {
    Answer {
        kind,
        rung: Rung::Refused,
        rung_why: why,
        lead: String::new(),
        warnings: Vec::new(),
        sentences: vec![Sentence { text, citations: Vec::new() }],
        citations: Vec::new(),
        choices,
        numbers: Vec::new(),
        verdict: Verdict { passed: true, ..Verdict::default() },
    }
}

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
fn place(passage: &Passage) -> String {
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
