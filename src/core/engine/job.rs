//! One request on the model's thread, from its first token to its last.
//!
//! Between any two steps (a chunk of the prompt, a new token) the cancel, the deadline and
//! the lease of cores are looked at.

use std::time::Duration;

use tokio::sync::mpsc;

use super::candle::{Model, chunks};
use super::chat::Chat;
use super::constraint::{Automaton, Next};
use super::vocabulary::Detokeniser;
use super::{Class, Finish, Refusal, Request, Task, Update};
use crate::core::cores::{self, Clock, Cores, Lease};
use crate::core::ledger::millis;
use crate::core::{Moment, Result};

/// What a request needs beside itself.
#[derive(Debug)]
pub(super) struct Load {
    /// The prompt's ids.
    pub ids: Vec<u32>,
    /// Where its updates go. Has room for all that it can ever say.
    pub updates: mpsc::Sender<Update>,
}

/// What was measured while a request was served, for admission.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct Measured {
    /// Prompt tokens read, and the time that it took.
    pub prefill: (usize, Duration),
    /// Tokens written after the first, and the time that it took.
    pub decode: (usize, Duration),
    /// Tokens of the whole answer, where it came to its own end.
    pub answer: Option<usize>,
}

/// Why a request ends before its own end.
enum Stop {
    /// It ends; what was written stands.
    Finish(Finish),
    /// It is given up for something more urgent, or because the engine is being dropped.
    Refuse(Refusal),
    /// The model failed.
    Fail(String),
}

impl From<crate::core::Error> for Stop {
    fn from(error: crate::core::Error) -> Self {
        Stop::Fail(error.to_string())
    }
}

/// What the model's thread works with.
pub(super) struct Bench<'a> {
    pub model: &'a mut Model,
    pub chat: &'a Chat,
    pub cores: &'a Cores,
    pub clock: &'a dyn Clock,
    /// Threads to ask for.
    pub threads: usize,
    /// Asked between steps: must this class stop now, and why?
    pub stop: &'a dyn Fn(Class) -> Option<Refusal>,
}

impl Bench<'_> {
    /// Serves one request to its end. Nothing here waits for its reader.
    pub fn serve(&mut self, request: &Request, load: &Load, arrived: Moment) -> Measured {
        let mut measured = Measured::default();
        let mut written = Written::default();
        let last = match self.run(request, load, arrived, &mut measured, &mut written) {
            Ok(finish) | Err(Stop::Finish(finish)) => {
                if matches!(finish, Finish::Stop | Finish::Length) {
                    measured.answer = Some(written.tokens);
                }
                Update::Done { finish, tokens: written.tokens, ms: millis(written.spent) }
            }
            Err(Stop::Refuse(refusal)) => Update::Refused(refusal),
            Err(Stop::Fail(why)) => Update::Failed(why),
        };
        say(load, last);
        measured
    }

    fn run(
        &mut self,
        request: &Request,
        load: &Load,
        arrived: Moment,
        measured: &mut Measured,
        written: &mut Written,
    ) -> std::result::Result<Finish, Stop> {
        let guessed = request.class == Class::Idle;
        let class = if guessed { cores::Class::GuessedPrefill } else { cores::Class::Prefill };
        let lease = self.cores.lease(class, self.threads);
        let mut span = Span::new(self.clock, lease);
        say(load, Update::Started { wait_ms: millis(self.clock.now().saturating_sub(arrived)) });

        self.model.clear();
        let mut scores = None;
        for chunk in chunks(&load.ids) {
            self.check(request, load)?;
            span.give_way();
            scores = Some(self.model.step(chunk)?);
        }
        let Some(mut scores) = scores else {
            return Err(Stop::Fail("the prompt has no tokens".to_owned()));
        };
        let spent = span.spent(self.clock);
        measured.prefill = (load.ids.len(), spent);
        say(load, Update::Prefilled { prompt_ids: load.ids.clone(), reused: 0, ms: millis(spent) });

        // The prompt's lease ends before the next begins: no thread holds two.
        drop(span);
        let class = if guessed { cores::Class::GuessedPrefill } else { cores::Class::Speech };
        let mut span = Span::new(self.clock, self.cores.lease(class, self.threads));
        let vocabulary = self.chat.vocabulary();
        let Task::Write { constraint, max_tokens } = &request.task else {
            return Err(Stop::Fail("not built yet".to_owned()));
        };
        let mut automaton = Automaton::new(constraint, vocabulary)?;
        let mut text = Detokeniser::default();
        let limit = (*max_tokens).min(self.model.window().saturating_sub(load.ids.len()));
        loop {
            written.spent = span.spent(self.clock);
            self.check(request, load)?;
            let id = match automaton.next() {
                Next::Settled(choice) => {
                    say(load, Update::Text(choice));
                    return Ok(Finish::Stop);
                }
                Next::OneOf { mut ids, end } => {
                    if end {
                        ids.extend(vocabulary.stops());
                        ids.sort_unstable();
                    }
                    scores.best_of(&ids)
                }
                // The limits are for free text: a choice ends by itself, and half of one
                // would be none of them.
                Next::Any if written.tokens >= limit => return Ok(Finish::Length),
                Next::Any => scores.best(),
            };
            let Some(id) = id else {
                return Err(Stop::Fail("the model's scores are not numbers".to_owned()));
            };
            if vocabulary.is_stop(id) {
                if let Some(choice) = automaton.whole() {
                    say(load, Update::Text(choice.to_owned()));
                }
                return Ok(Finish::Stop);
            }
            automaton.take(id);
            written.tokens += 1;
            if matches!(automaton, Automaton::Free) {
                let piece = text.push(vocabulary.bytes(id));
                if !piece.is_empty() {
                    say(load, Update::Text(piece));
                }
            }
            // No step where the next look at the automaton ends the text anyway.
            let full = matches!(automaton, Automaton::Free) && written.tokens >= limit;
            if full || matches!(automaton.next(), Next::Settled(_)) {
                continue;
            }
            span.give_way();
            scores = self.model.step(&[id])?;
            measured.decode = (written.tokens, span.spent(self.clock));
        }
    }

    /// Has the asker left, is it too late, is something else more urgent?
    fn check(&self, request: &Request, load: &Load) -> std::result::Result<(), Stop> {
        if request.cancel.is_raised() || load.updates.is_closed() {
            return Err(Stop::Finish(Finish::Cancelled));
        }
        if self.clock.now() >= request.deadline {
            return Err(Stop::Finish(Finish::Late));
        }
        match (self.stop)(request.class) {
            Some(refusal) => Err(Stop::Refuse(refusal)),
            None => Ok(()),
        }
    }

    /// Reads and writes a little, to have the weights in memory and the rates measured:
    /// (prompt tokens per second, new tokens per second).
    pub fn warm_up(&mut self) -> Result<(f64, f64)> {
        const READ: usize = 32;
        const WRITTEN: usize = 4;
        let text = self.chat.vocabulary().encode("Check the oil level. ")?;
        let prompt: Vec<u32> = text.iter().copied().cycle().take(READ).collect();
        let _lease = self.cores.lease(cores::Class::Prefill, self.threads);
        // The first step of all maps and touches the weights: it is not a measure.
        self.model.clear();
        let Some(first) = prompt.first().copied() else {
            return Ok((f64::NAN, f64::NAN));
        };
        self.model.step(&[first])?;
        self.model.clear();
        let start = self.clock.now();
        for chunk in chunks(&prompt) {
            self.model.step(chunk)?;
        }
        let read = self.clock.now();
        for _ in 0..WRITTEN {
            self.model.step(&[first])?;
        }
        let wrote = self.clock.now();
        self.model.clear();
        let rate = |n: usize, from: Moment, to: Moment| n as f64 / to.saturating_sub(from).as_secs_f64();
        Ok((rate(prompt.len(), start, read), rate(WRITTEN, read, wrote)))
    }
}

#[derive(Default)]
struct Written {
    tokens: usize,
    spent: Duration,
}

/// A lease with the time since it was had, waits apart.
struct Span {
    lease: Lease,
    from: Moment,
    /// What had been waited when the span began.
    waited: Duration,
}

impl Span {
    fn new(clock: &dyn Clock, lease: Lease) -> Self {
        Self { from: clock.now(), waited: lease.waited(), lease }
    }

    fn give_way(&mut self) {
        if self.lease.should_yield() {
            self.lease.yield_now();
        }
    }

    fn spent(&self, clock: &dyn Clock) -> Duration {
        let waited = self.lease.waited().saturating_sub(self.waited);
        clock.now().saturating_sub(self.from).saturating_sub(waited)
    }
}

/// Tells the asker. Where it left, the next check ends the work.
fn say(load: &Load, update: Update) {
    let _ = load.updates.try_send(update);
}
