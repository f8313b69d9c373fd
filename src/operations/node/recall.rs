//! What a turn has to do with those before it in its session: a command about the last
//! answer, a question that was answered already, warnings that were understood.

use std::collections::HashSet;

use super::protocol::AskOptions;
use super::session::{Kept, Key, Question, is_lasting};
use super::shared::{Shared, identities, today, unix_ms};
use crate::core::answer::again;
use crate::core::answer::guard::warnings;
use crate::core::hear::Transcript;
use crate::core::turn::{Given, Turn};
use crate::entry::screen::{Command, Intent, Request};
use crate::operations::audit::Record;

/// One turn's part in its session.
#[derive(Debug)]
pub struct Recall {
    /// Whose session it is.
    pub key: Key,
    /// The command that the turn was.
    pub command: Option<Command>,
    /// The answer that was given again.
    pub reused: Option<Kept>,
    /// The warnings that were acknowledged by it.
    pub acknowledged: Vec<String>,
    /// The question under which its answer is kept.
    question: Option<Question>,
}

impl Recall {
    /// Nothing is known yet of what the turn asks.
    pub fn new(key: Key) -> Recall {
        Recall { key, command: None, reused: None, acknowledged: Vec::new(), question: None }
    }

    /// The warnings that are to be said in short: those understood in the session, or in a
    /// replay those that were.
    pub async fn begin(&mut self, node: &Shared, options: &AskOptions) -> HashSet<String> {
        if let Some(replay) = &options.replay {
            return replay.understood.iter().map(|text| warnings::key(text)).collect();
        }
        if options.trial {
            return HashSet::new();
        }
        node.take_up(&self.key).await;
        node.sessions().understood(&self.key, unix_ms())
    }

    /// The answer that needs no search: to a command, or to a question that was asked before.
    /// A replay makes everything again.
    pub fn given(
        &mut self,
        node: &Shared,
        options: &AskOptions,
        request: &Request,
        turn: &mut Turn,
    ) -> Option<Box<Given>> {
        if options.replay.is_some() {
            return None;
        }
        match request.intent {
            Intent::Command(command) => Some(Box::new(self.commanded(node, command, turn))),
            Intent::Question if !options.trial => {
                self.asked_before(node, options, &request.question, turn).map(Box::new)
            }
            _ => None,
        }
    }

    fn commanded(&mut self, node: &Shared, command: Command, turn: &mut Turn) -> Given {
        self.command = Some(command);
        let plain = |answer| Given { answer, note: String::new() };
        if command == Command::Stop {
            return plain(again::stopped());
        }
        let Some(last) = node.sessions().last(&self.key) else { return plain(again::nothing_yet()) };
        let note = format!("{} of turn {}", command.name(), last.turn);
        let answer = match command {
            Command::Repeat => last.answer.clone(),
            Command::Warnings => {
                // What was understood before is wanted in full now.
                turn.understood.clear();
                again::warnings_of(&last.answer)
            }
            Command::Understood => {
                self.acknowledged = last.answer.warnings.iter().map(|w| w.text.clone()).collect();
                again::understood(&last.answer)
            }
            Command::Stop => again::stopped(),
        };
        self.reused = Some(last);
        Given { answer, note }
    }

    fn asked_before(
        &mut self,
        node: &Shared,
        options: &AskOptions,
        text: &str,
        turn: &Turn,
    ) -> Option<Given> {
        // What was heard in two ways is decided anew each time.
        let doubtful = |t: &Transcript| !t.is_clear_about_numbers() || !t.alternatives().is_empty();
        if turn.transcript.as_ref().is_some_and(doubtful) {
            return None;
        }
        let mut index = identities(&node.store());
        index.push(today());
        let question = Question {
            text: text.to_owned(),
            kb: options.kb.clone(),
            machine: options.machine.clone(),
            rung: options.rung.unwrap_or(node.config.turn.rung),
            model: options.model.clone(),
            spoken: turn.transcript.is_some(),
            index,
        };
        let kept = node.sessions().answer_to(&self.key, &question);
        self.question = Some(question);
        let kept = kept?;
        let note = format!("asked before: the answer of turn {} is reused", kept.turn);
        let answer = kept.answer.clone();
        self.reused = Some(kept);
        Some(Given { answer, note })
    }

    /// Remembers what the turn leaves behind.
    pub fn end(&mut self, node: &Shared, record: &Record, now_ms: i64) {
        let mut sessions = node.sessions();
        sessions.acknowledge(&self.key, &self.acknowledged, now_ms);
        if self.command.is_none() {
            let question = self.question.take().filter(|_| is_lasting(record));
            sessions.answered(&self.key, question, Kept::of(record));
        }
    }
}
