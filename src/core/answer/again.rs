//! What is said to a command: the last answer's warnings in full, that they were understood,
//! or that there is nothing to repeat. None of it comes from a model.

use super::guard::warnings;
use super::{Answer, AnswerKind, Rung, Verdict};

/// All warnings of `last`, in full, with their citations and numbers.
pub fn warnings_of(last: &Answer) -> Answer {
    if last.warnings.is_empty() {
        return notice("The last answer had no warnings.");
    }
    let mut answer = Answer {
        kind: AnswerKind::Notice,
        rung: Rung::Quoted,
        rung_why: String::new(),
        sentences: Vec::new(),
        choices: Vec::new(),
        verdict: Verdict { passed: true, ..Verdict::default() },
        ..last.clone()
    };
    warnings::in_full(&mut answer);
    let said: Vec<usize> = answer.warnings.iter().map(|w| w.citation).collect();
    answer.numbers.retain(|n| said.contains(&n.citation));
    // Citations keep their numbers: those of the warnings come first in every answer.
    let last_said = said.into_iter().max().unwrap_or_default();
    answer.citations.truncate(last_said);
    answer
}

/// That the warnings of `last` were understood.
pub fn understood(last: &Answer) -> Answer {
    let mut text = match last.warnings.is_empty() {
        true => "Noted. The last answer had no warnings.".to_owned(),
        false => "Noted. From now on these warnings are said in short.".to_owned(),
    };
    if last.warnings.iter().any(|w| w.lockout) {
        text.push_str(" Lockout and tagout are always said in full.");
    }
    notice(&text)
}

/// There is no answer yet that could be repeated.
pub fn nothing_yet() -> Answer {
    notice("There is no answer yet in this session.")
}

/// Quiet was asked for.
pub fn stopped() -> Answer {
    notice("Stopped.")
}

/// A sentence of the assistant's own: it holds nothing that a manual would have to hold.
fn notice(text: &str) -> Answer {
    Answer::own(AnswerKind::Notice, "a command to the assistant", [text.to_owned()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::answer::ladder;
    use crate::core::answer::quote::{Hit, quote};
    use crate::core::answer::source::tests::{prose, warning};
    use crate::core::knowledge::passage::{Passage, Signal};

    fn passage() -> Passage {
        let mut passage = prose("Tighten the flange bolt to 195 Nm.");
        passage.warnings = vec![
            warning(Signal::Danger, "DANGER: Crushing hazard. Wait 5 minutes.", 0, false),
            warning(Signal::Warning, "WARNING: Risk of restart. Lock out the drive.", 50, true),
        ];
        passage
    }

    fn last() -> Answer {
        let passage = passage();
        let hits = [Hit { passage: &passage, score: 9.0 }];
        let mut answer = ladder::quoted(&quote("flange bolt torque", &hits, &[]), "");
        let all = answer.warnings.iter().map(|w| warnings::key(&w.text)).collect();
        warnings::shorten(&mut answer, &all);
        answer
    }

    #[test]
    fn warnings_are_repeated_in_full_with_their_numbers_and_nothing_else() {
        let answer = warnings_of(&last());
        assert_eq!(
            answer.text(),
            format!(
                "{} DANGER: Crushing hazard. Wait 5 minutes. WARNING: Risk of restart. Lock out the drive.",
                last().lead
            )
        );
        assert_eq!(answer.numbers.len(), 1);
        assert!(answer.numbers.iter().all(|n| n.citation <= answer.citations.len()));
        assert!(answer.sentences.is_empty());
    }

    #[test]
    fn lockout_is_named_where_it_will_not_be_shortened() {
        assert!(understood(&last()).text().contains("Lockout"));
        let mut harmless = last();
        harmless.warnings.retain(|w| !w.lockout);
        assert!(!understood(&harmless).text().contains("Lockout"));
        assert!(warnings_of(&nothing_yet()).text().contains("no warnings"));
    }
}
