//! What a node remembers of each session: its last answer, the warnings that were understood
//! in it, and the answers that a question asked again gets once more.
//!
//! A session is one person's: the same name with another operator is another one. What was
//! understood holds for one shift. All of it is bounded; the session that was not used for
//! longest goes first, and with it at worst a warning is said in full once more.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::core::answer::guard::warnings;
use crate::core::answer::{Answer, AnswerKind, Rung};
use crate::operations::audit::{Record, Trail};

/// The session of those who name none.
pub const DEFAULT: &str = "default";
/// How long a warning stays understood: a shift, milliseconds.
pub const SHIFT_MS: i64 = 12 * 3_600_000;
/// Sessions that are remembered.
const SESSIONS: usize = 64;
/// Questions of a session whose answers are kept.
const ANSWERS: usize = 32;
/// Warnings of a session that are understood.
const WARNINGS: usize = 256;

/// Whose session it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Key {
    /// The session's name.
    pub session: String,
    /// Who asks, where that is known.
    pub operator: Option<String>,
}

impl Key {
    /// Is it known whose it is? Only then is it taken up again from the audit log: behind the
    /// default session without an operator may stand anybody.
    pub fn is_somebodys(&self) -> bool {
        self.session != DEFAULT || self.operator.is_some()
    }
}

/// A question with all that decides its answer, the index and the clock apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The normalised wording.
    pub text: String,
    /// The knowledge base.
    pub kb: Option<String>,
    /// The active machine.
    pub machine: Option<String>,
    /// The highest rung.
    pub rung: Rung,
    /// The model that was named.
    pub model: Option<String>,
    /// Was it spoken? Then codes are understood by their sound.
    pub spoken: bool,
    /// What the index held: its generations and the day for which revisions are in force.
    pub index: Vec<String>,
}

/// An answer as it was delivered, warnings in full.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// The turn that made it.
    pub turn: String,
    /// The answer.
    pub answer: Answer,
    /// The machine that it is about.
    pub machine: String,
    /// Its language.
    pub language: String,
    /// The passages that were used, as the audit names them.
    pub passages: Vec<String>,
}

impl Kept {
    /// From a turn's record.
    pub fn of(record: &Record) -> Kept {
        let report = &record.report;
        let mut answer = Answer {
            kind: report.kind,
            rung: report.rung,
            rung_why: report.rung_why.clone(),
            lead: record.lead.clone(),
            warnings: report.warnings.clone(),
            sentences: report.sentences.clone(),
            citations: report.citations.clone(),
            choices: report.choices.clone(),
            numbers: report.numbers.clone(),
            verdict: report.verdict.clone(),
        };
        warnings::in_full(&mut answer);
        Kept {
            // A repeated answer is still the answer of the turn that made it.
            turn: record.reused.clone().unwrap_or_else(|| report.turn.clone()),
            answer,
            machine: report.machine.clone(),
            language: report.language.clone(),
            passages: record.passages.clone(),
        }
    }
}

/// May an answer be given again to the same question? One that the clock or a fault decided
/// may not: the next time it may come out better.
pub fn is_lasting(record: &Record) -> bool {
    use crate::core::ledger::Stage;
    let drafted = record.report.stages.iter().any(|e| e.stage == Stage::Draft);
    matches!(record.report.kind, AnswerKind::Answer | AnswerKind::Refusal)
        && (!drafted || record.draft_verdict.is_some() || record.report.rung == record.rung_limit)
        && !record.report.question.is_empty()
}

#[derive(Debug, Default)]
struct State {
    last: Option<Kept>,
    /// By [`warnings::key`], with the time.
    understood: HashMap<String, i64>,
    /// Oldest first.
    answers: VecDeque<(Question, Kept)>,
}

/// All sessions of a node, the one used last in front.
#[derive(Debug, Default)]
pub struct Sessions {
    kept: VecDeque<(Key, State)>,
}

impl Sessions {
    /// Is anything known of it?
    pub fn knows(&self, key: &Key) -> bool {
        self.kept.iter().any(|(k, _)| k == key)
    }

    fn of(&mut self, key: &Key) -> &mut State {
        let at = self.kept.iter().position(|(k, _)| k == key);
        let (_, state) = at.and_then(|at| self.kept.remove(at)).unwrap_or_default();
        self.kept.truncate(SESSIONS - 1);
        self.kept.push_front((key.clone(), state));
        &mut self.kept[0].1
    }

    /// Takes a session up where the audit log says that it was left.
    pub fn take_up(&mut self, key: &Key, trail: &Trail) {
        let state = self.of(key);
        state.last = trail.last.as_ref().map(Kept::of);
        for (text, at) in &trail.acknowledged {
            state.understood.insert(warnings::key(text), *at);
        }
    }

    /// The last answer.
    pub fn last(&mut self, key: &Key) -> Option<Kept> {
        self.of(key).last.clone()
    }

    /// The warnings, by [`warnings::key`], that are understood at `now_ms`.
    pub fn understood(&mut self, key: &Key, now_ms: i64) -> HashSet<String> {
        let state = self.of(key);
        state.understood.retain(|_, at| now_ms.saturating_sub(*at) < SHIFT_MS);
        state.understood.keys().cloned().collect()
    }

    /// The answer that this question got before.
    pub fn answer_to(&mut self, key: &Key, question: &Question) -> Option<Kept> {
        let state = self.of(key);
        // Of another index nothing is of use any more.
        state.answers.retain(|(asked, _)| asked.index == question.index);
        state.answers.iter().find(|(asked, _)| asked == question).map(|(_, kept)| kept.clone())
    }

    /// Remembers a turn's answer; to `question` it is given again.
    pub fn answered(&mut self, key: &Key, question: Option<Question>, kept: Kept) {
        let state = self.of(key);
        if let Some(question) = question {
            state.answers.retain(|(asked, _)| *asked != question);
            if state.answers.len() >= ANSWERS {
                state.answers.pop_front();
            }
            state.answers.push_back((question, kept.clone()));
        }
        state.last = Some(kept);
    }

    /// Remembers that warnings were understood at `now_ms`.
    pub fn acknowledge(&mut self, key: &Key, texts: &[String], now_ms: i64) {
        let state = self.of(key);
        for text in texts {
            if state.understood.len() < WARNINGS {
                state.understood.insert(warnings::key(text), now_ms);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::core::answer::again;

    fn key(session: &str, operator: Option<&str>) -> Key {
        Key { session: session.into(), operator: operator.map(Into::into) }
    }

    fn question(text: &str, index: &str) -> Question {
        Question {
            text: text.into(),
            kb: None,
            machine: None,
            rung: Rung::Quoted,
            model: None,
            spoken: false,
            index: vec![index.into()],
        }
    }

    fn kept(turn: &str) -> Kept {
        Kept {
            turn: turn.into(),
            answer: again::stopped(),
            machine: String::new(),
            language: "en".into(),
            passages: Vec::new(),
        }
    }

    #[test]
    fn the_same_question_gets_the_same_answer_while_the_index_stands() {
        let (mut sessions, me) = (Sessions::default(), key("a", None));
        sessions.answered(&me, Some(question("q", "main#1")), kept("t-1"));
        assert_eq!(sessions.answer_to(&me, &question("q", "main#1")).unwrap().turn, "t-1");
        let others = [
            question("other", "main#1"),
            Question { machine: Some("m".into()), ..question("q", "main#1") },
            Question { rung: Rung::Recombined, ..question("q", "main#1") },
            Question { spoken: true, ..question("q", "main#1") },
        ];
        assert!(others.iter().all(|q| sessions.answer_to(&me, q).is_none()));
        assert!(sessions.answer_to(&key("b", None), &question("q", "main#1")).is_none());
        assert!(sessions.answer_to(&me, &question("q", "main#2")).is_none(), "a new generation");
        assert!(sessions.answer_to(&me, &question("q", "main#1")).is_none(), "and it is forgotten");
    }

    #[test]
    fn what_one_person_understood_another_did_not_and_it_holds_for_a_shift() {
        let mut sessions = Sessions::default();
        let (mine, theirs) = (key("line", Some("B-1")), key("line", Some("B-2")));
        sessions.acknowledge(&mine, &["WARNING: Hot oil.".into()], 1000);
        let expected: HashSet<String> = [warnings::key("warning hot oil")].into();
        assert_eq!(sessions.understood(&mine, 2000), expected);
        assert!(sessions.understood(&theirs, 2000).is_empty());
        assert!(sessions.understood(&mine, 1000 + SHIFT_MS).is_empty());
    }

    #[test]
    fn all_of_it_is_bounded_and_the_oldest_goes_first() {
        let mut sessions = Sessions::default();
        for n in 0..SESSIONS + 1 {
            sessions.answered(&key(&n.to_string(), None), None, kept("t"));
        }
        assert!(!sessions.knows(&key("0", None)) && sessions.knows(&key("1", None)));
        let me = key("many", None);
        for n in 0..ANSWERS + 1 {
            sessions.answered(&me, Some(question(&n.to_string(), "i")), kept(&n.to_string()));
        }
        assert!(sessions.answer_to(&me, &question("0", "i")).is_none());
        assert_eq!(sessions.answer_to(&me, &question("1", "i")).unwrap().turn, "1");
        let texts: Vec<String> = (0..2 * WARNINGS).map(|n| format!("WARNING {n}")).collect();
        sessions.acknowledge(&me, &texts, 0);
        assert_eq!(sessions.understood(&me, 1).len(), WARNINGS);
    }

    #[test]
    fn nobodys_session_is_not_taken_up_from_the_log() {
        assert!(!key(DEFAULT, None).is_somebodys());
        assert!(key(DEFAULT, Some("B-1")).is_somebodys() && key("bay 4", None).is_somebodys());
    }
}
