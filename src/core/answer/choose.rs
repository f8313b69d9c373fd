//! The constrained rung: the model chooses, it cannot invent.
//!
//! What may be said are the sentences and fields of the quote. Those that what was asked calls
//! for by itself stay whatever the model thinks: the meaning where it is asked what a code
//! means, the figure where one is asked for, and everything with a "not", "only" or "must" in
//! it, because what it qualifies may be said. Of the others the model says how likely each is
//! as the answer, all of them read in one micro-batch after the prompt, and the unlikely ones
//! are left out. Every word stays the manual's.

use super::asked::Asked;
use super::guard::polarity;
use super::{Answer, AnswerKind, Rung};
use crate::core::knowledge::passage::Role;
use crate::core::knowledge::role;

/// A sentence that is this much less likely than the likeliest, in nats per token, is left out.
const LESS_LIKELY: f32 = 0.5;

/// What there is to choose from.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The sentences, as the model reads them.
    pub texts: Vec<String>,
    /// Those that are said in any case.
    stays: Vec<bool>,
}

impl Choice {
    /// The choice that a quote leaves for `question`; `None` where there is none: one sentence,
    /// steps of a procedure (none of which may be left out), or all of it is called for.
    pub fn of(question: &str, quoted: &Answer, is_procedure: bool) -> Option<Choice> {
        if quoted.kind != AnswerKind::Answer || quoted.sentences.len() < 2 || is_procedure {
            return None;
        }
        let asked = Asked::of(question);
        let texts: Vec<String> = quoted.sentences.iter().map(|s| s.text.clone()).collect();
        let mut stays: Vec<bool> = texts.iter().map(|t| stays(t, &asked)).collect();
        if !stays.contains(&true)
            && let Some(first) = stays.first_mut()
        {
            *first = true;
        }
        stays.contains(&false).then_some(Choice { texts, stays })
    }

    /// The quote without the sentences that are unlikely as an answer. `scores` are those of
    /// [`Choice::texts`], as [`crate::core::engine::Update::Scores`] gives them.
    pub fn take(&self, quoted: &Answer, scores: &[(f32, usize)]) -> Answer {
        let each: Vec<f32> = scores.iter().map(|(sum, tokens)| sum / (*tokens).max(1) as f32).collect();
        let best = each.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let likely = |i: usize| each.get(i).is_none_or(|score| *score >= best - LESS_LIKELY);
        let kept: Vec<bool> = self.stays.iter().enumerate().map(|(i, stays)| *stays || likely(i)).collect();
        keep(quoted, &kept)
    }
}

/// Is a sentence called for by what was asked?
fn stays(text: &str, asked: &Asked) -> bool {
    let label = role::label(text).map(|(role, ..)| role);
    let by_role = match label {
        Some(Role::Cause) => asked.cause,
        Some(Role::Remedy) => asked.remedy || asked.how,
        Some(Role::Value) => asked.figure,
        // "E203: Return filter blocked.": what it is, is said first in any case.
        None if asked.codes.iter().any(|c| text.starts_with(c.text.as_str())) => true,
        _ => asked.meaning && label == Some(Role::Meaning),
    };
    by_role || (asked.figure && asked.is_met_by(text)) || polarity::is_qualified(text)
}

/// `answer` with only the sentences of `kept`, their citations and numbers, and all warnings.
fn keep(answer: &Answer, kept: &[bool]) -> Answer {
    let mut chosen = answer.clone();
    let mut flags = kept.iter();
    chosen.sentences.retain(|_| flags.next().copied().unwrap_or(true));
    let said: Vec<&str> = chosen.sentences.iter().map(|s| s.text.as_str()).collect();
    let used = |n: usize| {
        chosen.sentences.iter().any(|s| s.citations.contains(&n))
            || chosen.warnings.iter().any(|w| w.citation == n)
    };
    let numbers: Vec<usize> = (1..=answer.citations.len()).filter(|n| used(*n)).collect();
    let renumbered = |n: usize| numbers.iter().position(|m| *m == n).map_or(n, |at| at + 1);
    let warned: Vec<usize> = chosen.warnings.iter().map(|w| w.citation).collect();
    chosen.numbers.retain(|n| warned.contains(&n.citation) || said.iter().any(|s| s.contains(&n.text)));
    chosen.numbers.iter_mut().for_each(|n| n.citation = renumbered(n.citation));
    chosen.warnings.iter_mut().for_each(|w| w.citation = renumbered(w.citation));
    chosen.sentences.iter_mut().flat_map(|s| &mut s.citations).for_each(|c| *c = renumbered(*c));
    chosen.citations = numbers.iter().filter_map(|n| answer.citations.get(n - 1).cloned()).collect();
    chosen.rung = Rung::Constrained;
    chosen
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::core::answer::ladder::quoted;
    use crate::core::answer::quote::{Hit, quote};
    use crate::core::answer::source::tests::{fault, prose, warning};
    use crate::core::knowledge::passage::{Passage, Signal};

    fn quote_of(question: &str, passage: &Passage) -> Answer {
        quoted(&quote(question, &[Hit { passage, score: 1.0 }], &[]), "")
    }

    fn row() -> Passage {
        let mut row =
            fault("E203", "Return filter blocked", "Dirt in the oil", "Replace the element at 5 bar");
        row.warnings = vec![warning(Signal::Danger, "DANGER: Bleed it first.", 900, false)];
        row
    }

    fn texts(answer: &Answer) -> Vec<&str> {
        answer.sentences.iter().map(|s| s.text.as_str()).collect()
    }

    #[test]
    fn what_is_asked_for_stays_and_what_is_unlikely_goes() {
        let passage = row();
        let question = "What does E203 mean?";
        let all = quote_of(question, &passage);
        assert_eq!(all.sentences.len(), 3);
        let choice = Choice::of(question, &all, false).unwrap();
        let answer = choice.take(&all, &[(-90.0, 10), (-20.0, 10), (-10.0, 10)]);
        assert_eq!(texts(&answer), ["E203: Return filter blocked.", "Remedy: Replace the element at 5 bar."]);
        assert_eq!(answer.rung, Rung::Constrained);
        assert_eq!(answer.warnings.len(), 1, "warnings stay");
        let answer = choice.take(&all, &[(-1.0, 10), (-90.0, 10), (-90.0, 10)]);
        assert_eq!(texts(&answer), ["E203: Return filter blocked."]);
        assert!(answer.numbers.is_empty(), "a number goes with its sentence");
        assert_eq!(answer.sentences[0].citations, [2]);
    }

    #[test]
    fn a_cause_and_a_remedy_stay_where_they_are_asked_for() {
        let passage = row();
        for (question, label) in [("Why does E203 come?", "Cause:"), ("How do I clear E203?", "Remedy:")] {
            let all = quote_of(question, &passage);
            let choice = Choice::of(question, &all, false).unwrap();
            let answer = choice.take(&all, &[(-90.0, 10), (-90.0, 10), (-1.0, 100)]);
            assert!(texts(&answer).iter().any(|t| t.starts_with(label)), "{question}: {:?}", texts(&answer));
        }
    }

    #[test]
    fn a_qualification_is_never_left_out() {
        let passage = prose(
            "Open the drain valve slowly. Never open the drain valve while the pump runs. The drain valve is red.",
        );
        let question = "How is the drain valve opened?";
        let all = quote_of(question, &passage);
        let choice = Choice::of(question, &all, false).unwrap();
        let scores: Vec<(f32, usize)> = choice.texts.iter().map(|_| (-50.0, 10)).collect();
        assert!(texts(&choice.take(&all, &scores)).iter().any(|t| t.starts_with("Never")));
        let mut one = scores;
        one[0] = (-1.0, 10);
        assert!(texts(&choice.take(&all, &one)).iter().any(|t| t.starts_with("Never")));
    }

    #[test]
    fn one_sentence_and_steps_leave_no_choice() {
        let all = quote_of("What is it?", &prose("It is a pump."));
        assert_eq!(Choice::of("What is it?", &all, false), None);
        let all = quote_of("What does E203 mean?", &row());
        assert_eq!(Choice::of("What does E203 mean?", &all, true), None);
    }
}
