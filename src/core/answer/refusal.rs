//! When the manuals do not answer: decided from the evidence, never by asking a model.

use serde::{Deserialize, Serialize};

use super::asked::Asked;
use super::ladder::place;
use super::quantity;
use super::source::Source;
use super::{Answer, AnswerKind};
use crate::core::knowledge::analyse;
use crate::core::knowledge::generation::Generation;
use crate::core::knowledge::passage::Passage;
use crate::core::knowledge::search::{Found, Hit};

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
                format!("The manuals do not say: none of them is about the {machine}.")
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
            Reason::MachineNotCovered(machine) => format!("no manual covers the {machine}"),
            Reason::NothingRelevant => "no passage is close to the question".to_owned(),
            Reason::SilentOnPoint => "the passages found do not say what was asked".to_owned(),
        }
    }
}

/// What is known about a question before anything is written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Codes of the question that the index does not hold, as written.
    pub unknown_codes: Vec<String>,
    /// A machine named in the question that no document is about.
    pub foreign_machine: Option<String>,
    /// Is that machine a model that is called like those of the manuals?
    pub other_model: bool,
    /// Is a hit the own entry of a code of the question?
    pub code_hit: bool,
    /// Was anything found at all?
    pub found: bool,
    /// How well the best passages support the question, 0 to 1: comparable between the
    /// questions of one index. Where a figure is asked for, those that hold one count more.
    pub score: f32,
    /// The same without looking at the figure.
    pub about: f32,
}

/// Below this score is refused, where the index was not calibrated.
pub const LEAST_SCORE: f32 = 0.69;

/// So many of the best hits may hold what is asked for.
const LOOKED_AT: usize = 5;
/// What a passage supports that lacks the kind of figure asked for, as a share.
const WITHOUT_FIGURE: f32 = 0.8;

/// The score of the support of some passages: a logistic regression on the share of the
/// question that they hold (`soft`), how near they come word by word (`late`), and how much
/// there was to find: `mass`, the best BM25 score in units of the index's rarest word, for a
/// question of one common word is soon held in full. Fitted to the questions of `tests/golden`.
/// Without an embedder the second is missing.
fn score(soft: f32, late: Option<f32>, mass: f32) -> f32 {
    let mass = (1.0 + RAREST * mass.max(0.0)).ln();
    let z = match late {
        Some(late) => 5.1 * soft + 2.5 * late + 1.9 * mass - 11.1,
        None => 5.3 * soft + 1.3 * mass - 7.1,
    };
    1.0 / (1.0 + (-z).exp())
}

/// The inverse document frequency of the rarest word of the index that the fit was made on.
const RAREST: f32 = 7.9;

impl Evidence {
    /// Weighs what was found for `question`.
    pub fn of(question: &str, found: &Found) -> Self {
        let asked = Asked::of(question);
        let mut known: Vec<String> = found.codes.known.iter().map(|k| quantity::code_key(k)).collect();
        known.extend(asked.codes.iter().map(|c| c.key.clone()));
        let own = |h: &Hit| h.passage.own_codes().iter().any(|c| known.contains(&quantity::code_key(c)));
        // What is said of another machine than the one named is no evidence.
        let best: Vec<&Hit> = found.hits.iter().take(LOOKED_AT).filter(|h| !h.elsewhere).collect();
        let by_meaning = best.iter().any(|h| h.features.late.is_some());
        let lacks = |h: &Hit| asked.figure && !asked.is_met_by(&Source::of(&h.passage).text());
        let scored = |share: &dyn Fn(&Hit) -> f32| {
            let of = |h: &Hit| {
                let late = by_meaning.then(|| share(h) * h.features.late.unwrap_or(0.0));
                score(share(h) * h.support, late, found.mass)
            };
            best.iter().map(|h| of(h)).fold(0.0, f32::max)
        };
        Evidence {
            unknown_codes: found.codes.unknown.clone(),
            foreign_machine: foreign(question, found),
            other_model: found.foreign.is_some(),
            code_hit: found.hits.iter().any(own),
            found: !best.is_empty(),
            score: scored(&|h| if lacks(h) { WITHOUT_FIGURE } else { 1.0 }),
            about: scored(&|_| 1.0),
        }
    }
}

/// Words before what a question is about, in three languages; the last such part counts.
const ABOUT: &[&str] =
    &[" of the ", " on the ", " for the ", " in the ", " at the ", " de la ", " del ", " en la ", " en el "];

/// The machine of a question, where no manual has a word for it: what stands last behind
/// "of the". Chinese puts no such words.
fn foreign(question: &str, found: &Found) -> Option<String> {
    if found.foreign.is_some() || !found.machine.is_empty() {
        return found.foreign.clone();
    }
    let (at, about) = ABOUT.iter().filter_map(|a| Some((question.rfind(a)?, *a))).max()?;
    let tail = question.get(at + about.len()..)?;
    let end = tail.find(['?', '.', ',', '!', ';']).unwrap_or(tail.len());
    let name = tail.get(..end)?.trim();
    let unknown = analyse::question_terms(name, None).iter().any(|t| found.absent.contains(t));
    (unknown && name.split_whitespace().count() <= 4).then(|| name.to_owned())
}

/// The threshold of the index that the best hit is from.
pub fn threshold(generations: &[&Generation], found: &Found) -> f32 {
    let best = found.hits.first();
    let from = |g: &&&Generation| best.is_some_and(|h| g.kb == h.passage.kb && g.number == h.generation);
    let generation = generations.iter().find(from);
    generation.and_then(|g| g.calibration.as_ref()).map_or(LEAST_SCORE, |c| c.finding.threshold)
}

/// Is it decided by a code of the question, known or unknown, whatever the words say?
pub fn code_decides(evidence: &Evidence) -> bool {
    !evidence.unknown_codes.is_empty() || evidence.code_hit
}

/// Must the question be refused? `None` means that it can be answered from the hits.
///
/// In this order: an unknown code, another model, nothing near (or a machine that is not
/// covered), silence on the figure that was asked for. The own entry of a code of the question
/// is always near enough.
pub fn decide_refusal(evidence: &Evidence, threshold: f32) -> Option<Reason> {
    if let Some(code) = evidence.unknown_codes.first() {
        return Some(Reason::UnknownCode(code.clone()));
    }
    if evidence.code_hit {
        return None;
    }
    if let (Some(machine), true) = (&evidence.foreign_machine, evidence.other_model) {
        return Some(Reason::MachineNotCovered(machine.clone()));
    }
    if !evidence.found || evidence.score < threshold {
        return Some(match &evidence.foreign_machine {
            Some(machine) => Reason::MachineNotCovered(machine.clone()),
            None if evidence.found && evidence.about >= threshold => Reason::SilentOnPoint,
            None => Reason::NothingRelevant,
        });
    }
    None
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
    Answer { choices, ..Answer::own(AnswerKind::Refusal, &reason.why(), [reason.sentence()]) }
}

/// One question back: which of `choices` was meant?
pub fn clarify(choices: &[String]) -> Answer {
    let text = match choices {
        [] => "Say it once more, please: I did not catch the question.".to_owned(),
        [one] => format!("Did you mean {one}?"),
        [head @ .., last] => format!("Did you mean {} or {last}?", head.join(", ")),
    };
    let why = "the words can be read in more than one way";
    Answer { choices: choices.to_vec(), ..Answer::own(AnswerKind::Clarify, why, [text]) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::answer::Rung;
    use crate::core::answer::source::tests::{prose, record};

    #[test]
    fn refusals_have_their_own_wording_and_show_the_nearest_sections() {
        let near = [record(&[("Thread", "M16")]), record(&[("Thread", "M16")]), prose("x")];
        let mut texts = Vec::new();
        for reason in [
            Reason::UnknownCode("E999".into()),
            Reason::MachineNotCovered("crane".into()),
            Reason::NothingRelevant,
            Reason::SilentOnPoint,
        ] {
            let answer = refuse(&reason, &near);
            assert_eq!((answer.kind, answer.rung), (AnswerKind::Refusal, Rung::Refused));
            assert!(answer.text().starts_with("The manuals do not say"));
            assert!(!answer.rung_why.is_empty());
            assert_eq!(answer.choices, ["Pump jack PJ-40, Torque table", "Pump jack PJ-40, Gear reducer"]);
            texts.push(answer.text());
        }
        texts.dedup();
        assert_eq!(texts.len(), 4);
    }

    #[test]
    fn one_question_back() {
        assert_eq!(clarify(&["E15".into(), "E50".into()]).text(), "Did you mean E15 or E50?");
        assert_eq!(
            clarify(&["E15".into(), "E50".into(), "E5".into()]).text(),
            "Did you mean E15, E50 or E5?"
        );
        assert_eq!(clarify(&[]).kind, AnswerKind::Clarify);
    }

    #[test]
    fn codes_decide_before_any_threshold() {
        let sure = Evidence { found: true, score: 0.99, about: 0.99, ..Evidence::default() };
        let unknown = Evidence { unknown_codes: vec!["E204".into()], ..sure.clone() };
        assert_eq!(decide_refusal(&unknown, 0.0), Some(Reason::UnknownCode("E204".into())));
        let entry = Evidence { code_hit: true, found: true, ..Evidence::default() };
        assert_eq!(decide_refusal(&entry, 1.0), None);
        assert_eq!(decide_refusal(&sure, 0.7), None);
        assert!(code_decides(&unknown) && code_decides(&entry) && !code_decides(&sure));
    }

    #[test]
    fn what_is_missing_has_its_own_reason() {
        let weak = Evidence { found: true, score: 0.3, about: 0.3, ..Evidence::default() };
        assert_eq!(decide_refusal(&weak, 0.7), Some(Reason::NothingRelevant));
        let silent = Evidence { about: 0.9, ..weak.clone() };
        assert_eq!(decide_refusal(&silent, 0.7), Some(Reason::SilentOnPoint));
        let crane = Evidence { foreign_machine: Some("tower crane".into()), ..weak };
        assert_eq!(decide_refusal(&crane, 0.7), Some(Reason::MachineNotCovered("tower crane".into())));
        let other = Evidence { other_model: true, score: 0.9, ..crane };
        assert!(decide_refusal(&other, 0.7).is_some(), "however near it is");
        assert_eq!(decide_refusal(&Evidence::default(), 0.0), Some(Reason::NothingRelevant));
    }

    #[test]
    fn more_support_is_a_higher_score_with_and_without_meaning() {
        assert!(score(0.9, None, 2.0) > score(0.5, None, 2.0));
        assert!(score(0.9, Some(0.8), 2.0) > score(0.5, Some(0.7), 2.0));
        assert!(score(0.9, Some(0.8), 2.0) > score(0.9, Some(0.8), 1.0), "more to find is surer");
        assert!(score(1.0, None, 9.0) <= 1.0 && score(0.0, Some(0.0), 0.0) >= 0.0);
    }

    #[test]
    fn a_machine_that_no_manual_has_a_word_for_is_named() {
        let found = Found { absent: vec!["boiler".into()], ..Found::default() };
        let named = |question| foreign(question, &found);
        assert_eq!(named("What is the valve setting of the steam boiler?"), Some("steam boiler".into()));
        assert_eq!(named("What is the valve setting of the pump?"), None);
        let known = Found { machine: "pump jack".into(), ..found.clone() };
        assert_eq!(foreign("What is the setting of the boiler?", &known), None);
    }
}
