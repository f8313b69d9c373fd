//! When the manuals do not answer: decided from the evidence, never by asking a model.

use super::asked::Asked;
use super::ladder::place;
use super::quantity;
use super::quote::Hit;
use super::source::Source;
use super::words::{self, stem, terms};
use super::{Answer, AnswerKind, Rung, Sentence, Verdict};
use crate::core::knowledge::passage::Passage;

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
