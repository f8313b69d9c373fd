//! Who is read and written in the next step: plain state, no lock, no thread, no clock.
//!
//! ```text
//!  push ─ admitted ─▶ waiting ─ start ─▶ in flight ── step ─▶ items ─▶ (the worker computes)
//!    └ refused          └ dropped            ▲  └ ended                        │
//!      at the door        (cancelled, late)  └── read · wrote · stepped ◀──────┘
//! ```
//!
//! Batching is iteration-level: each step mixes the rows of all that write with slices of the
//! prompts that are read, and between two steps anybody may come or go. Order: class first (a
//! person before a machine event before guessed work), then the earliest deadline, then the
//! device with fewer sequences in flight, then arrival. A long prompt has a slot and a slice of
//! each step of its own, so that it neither starves nor holds up the short ones.
//!
//! Admission runs the line ahead in imagined time ([`foresee`]): who cannot be ready in time,
//! or would make somebody of its class or a higher one late that is in time without it, is
//! refused at the door with the moment at which it could be ready.
//!
//! Invariants: never more in flight than slots, more rows in a step than `step_tokens`, or
//! more KV cache promised than there is; each accepted request leaves exactly once, by
//! [`State::end`], [`State::take_ended`], [`State::take_dropped`] or [`State::drain`].

mod cost;
mod foresee;
mod line;
mod settings;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod trials;

use std::sync::Arc;

pub use cost::Cost;
pub use settings::{Mode, STATIC_WAIT, Settings};

use self::foresee::{UnderWay, foresee, millis};
use self::line::{Entry, Line};
use super::{Cancel, Class, Refusal};
use crate::core::Moment;

/// Names an accepted request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// What a request asks for, as far as it matters here.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Who asks.
    pub class: Class,
    /// The moment after which the answer is of no use.
    pub deadline: Moment,
    /// The device that asks, for fairness.
    pub device: Arc<str>,
    /// Raised when the asker left.
    pub cancel: Cancel,
    /// Tokens to read that are not in the KV cache.
    pub read: usize,
    /// Tokens to write at most.
    pub write: usize,
    /// Tokens of KV cache that it may come to hold.
    pub promised: usize,
}

/// One sequence's part of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// Whose.
    pub ticket: Ticket,
    /// What.
    pub work: Work,
}

/// What is to be done for a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// So many more tokens of its prompt.
    Read {
        /// At least one.
        tokens: usize,
    },
    /// Its next token, with at most so many drafted ones behind it.
    Write {
        /// May be 0.
        draft: usize,
    },
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Compute the items.
    Run,
    /// Nothing, until somebody comes or this moment is there.
    Wait(Option<Moment>),
}

/// Why an accepted request left before its own end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Its asker left.
    Cancelled,
    /// Its deadline passed while it was in flight.
    Late,
    /// It could not be started in time any more, or somebody more urgent took its place.
    Refused(Refusal),
}

/// Who waits, who is in flight, and what steps cost.
#[derive(Debug)]
pub struct State<T> {
    line: Line,
    cost: Cost,
    next: u64,
    /// The owners' own, of those that wait.
    loads: Vec<(Ticket, T)>,
    dropped: Vec<(T, Why)>,
    ended: Vec<(Ticket, Why)>,
    /// The step that is being computed: its items and when it began.
    under_way: Vec<Item>,
    began: Moment,
    /// When the last step ended, or what was measured was last let fade.
    idle_since: Moment,
}

impl<T> State<T> {
    /// Nobody waits. `cost` is what the warm-up measured.
    pub fn new(settings: Settings, cost: Cost) -> Self {
        Self {
            line: Line::new(settings.in_range()),
            cost,
            next: 0,
            loads: Vec::new(),
            dropped: Vec::new(),
            ended: Vec::new(),
            under_way: Vec::new(),
            began: Moment::ZERO,
            idle_since: Moment::ZERO,
        }
    }

    /// The settings, in range.
    pub fn settings(&self) -> &Settings {
        &self.line.settings
    }

    /// What steps cost.
    pub fn cost(&self) -> &Cost {
        &self.cost
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.line.waiting.len()
    }

    /// How many are in flight.
    pub fn running(&self) -> usize {
        self.line.running.len()
    }

    /// Takes a request in, or refuses it at the door. Where the queue is full of less urgent
    /// classes, the last of them makes room.
    ///
    /// # Errors
    /// [`Refusal::Full`] at the bound, [`Refusal::TooLate`] where it could not be ready in
    /// time or would make an equally urgent one late, and [`Refusal::TooLong`] where the KV
    /// cache could never hold it.
    pub fn push(&mut self, ask: Ask, load: T, now: Moment) -> Result<Ticket, Refusal> {
        self.sweep(now);
        if self.line.running.is_empty() {
            self.cost.rest(now.saturating_sub(self.idle_since));
            self.idle_since = now;
        }
        let (bound, kv_tokens) = (self.line.settings.queue_bound, self.line.settings.kv_tokens);
        if ask.promised > kv_tokens {
            return Err(Refusal::TooLong { tokens: ask.promised, window: kv_tokens });
        }
        let full = Refusal::Full { bound };
        let room = self.line.waiting.len() < bound;
        if !room && self.line.waiting.last().is_none_or(|last| last.class <= ask.class) {
            return Err(full);
        }
        let entry = Entry {
            ticket: Ticket(self.next),
            class: ask.class,
            deadline: ask.deadline,
            device: ask.device,
            cancel: ask.cancel,
            read: ask.read,
            write: ask.write,
            written: 0,
            promised: ask.promised,
            long: self.line.is_long(ask.class, ask.read),
            expected: 0.0,
        };
        if let Err(earliest) = self.admit(&entry, now) {
            if self.line.running.is_empty() && self.line.waiting.is_empty() {
                self.cost.saw_refusal();
            }
            return Err(Refusal::TooLate { earliest_ms: millis_from(now, earliest) });
        }
        if !room && let Some(last) = self.line.waiting.pop() {
            self.drop_waiting(last.ticket, Why::Refused(full));
        }
        self.next += 1;
        let ticket = entry.ticket;
        self.line.waiting.insert(self.line.place(&entry), entry);
        self.loads.push((ticket, load));
        Ok(ticket)
    }

    /// Would it be ready in time, and nobody as urgent late by it? Else when it could be.
    fn admit(&self, new: &Entry, now: Moment) -> Result<(), Moment> {
        let under_way =
            (!self.under_way.is_empty()).then_some(UnderWay { items: &self.under_way, began: self.began });
        let class = new.class;
        let ahead = |new: Option<Entry>| foresee(&self.line, &self.cost, under_way, new, class, now);
        let of = |ended: &[(Ticket, Moment)], ticket| {
            ended.iter().find(|(t, _)| *t == ticket).map_or(Moment::MAX, |(_, at)| *at)
        };
        let with = ahead(Some(new.clone()));
        let own = of(&with, new.ticket);
        if own > new.deadline {
            return Err(own);
        }
        let others = || self.line.running.iter().chain(&self.line.waiting).filter(|e| e.class <= class);
        if others().all(|e| of(&with, e.ticket) <= e.deadline) {
            return Ok(());
        }
        let without = ahead(None);
        let spoilt = |e: &Entry| of(&with, e.ticket) > e.deadline && of(&without, e.ticket) <= e.deadline;
        if !others().any(spoilt) {
            return Ok(());
        }
        let behind = ahead(Some(Entry { deadline: Moment::MAX, ..new.clone() }));
        Err(of(&behind, new.ticket).max(own))
    }

    /// The next one to take into flight, where there is room for it: its owner finds the
    /// part of its prompt that is in the KV cache and reports by [`State::found`]. Called until
    /// it gives `None`, then [`State::step`].
    pub fn start(&mut self, now: Moment) -> Option<(Ticket, T)> {
        self.sweep(now);
        while let Some(place) = self.line.next_to_start(now) {
            let least = self.line.waiting.get(place).map(|e| self.least(e)).unwrap_or_default();
            let ended = &mut self.ended;
            let full = Refusal::Full { bound: self.line.settings.queue_bound };
            let entry =
                self.line.start(place, |guess| ended.push((guess.ticket, Why::Refused(full.clone()))))?;
            let (ticket, ready) = (entry.ticket, now.saturating_add(least));
            if ready > entry.deadline {
                // It would be read in vain, and make others late.
                self.line.running.retain(|e| e.ticket != ticket);
                let earliest_ms = millis_from(now, ready);
                self.drop_waiting(ticket, Why::Refused(Refusal::TooLate { earliest_ms }));
                continue;
            }
            if let Some(at) = self.loads.iter().position(|(t, _)| *t == ticket) {
                return Some(self.loads.remove(at));
            }
        }
        None
    }

    /// The least time that a request takes, were it alone and its answer short.
    fn least(&self, e: &Entry) -> std::time::Duration {
        let wide = self.line.settings.step_tokens;
        let written = self.cost.tokens_left(0).min(e.write as f64) / 2.0;
        let (steps, rest) = (e.read / wide, e.read % wide);
        let read = steps as f64 * self.cost.hopeful(wide as f64);
        let rest = if rest > 0 { self.cost.hopeful(rest as f64) } else { 0.0 };
        millis(read + rest + written / self.cost.writer_tokens() * self.cost.hopeful(1.0))
    }

    /// How much is really left to read of one that has just started.
    pub fn found(&mut self, ticket: Ticket, read: usize) {
        if let Some(at) = self.line.running.iter().position(|e| e.ticket == ticket) {
            let class = self.line.running.get(at).map_or(Class::Idle, |e| e.class);
            let long = self.line.is_long(class, read);
            if let Some(e) = self.line.running.get_mut(at) {
                (e.read, e.long) = (read, long);
            }
        }
    }

    /// What is to be done now. The items of the step are put into `items`.
    pub fn step(&mut self, now: Moment, items: &mut Vec<Item>) -> Next {
        self.line.compose(&self.cost, items);
        if items.is_empty() {
            let deadline = self.line.waiting.iter().map(|w| w.deadline).min();
            return Next::Wait(self.line.opens().into_iter().chain(deadline).min());
        }
        self.under_way.clone_from(items);
        self.began = now;
        Next::Run
    }

    /// So many more tokens of its prompt were read.
    pub fn read(&mut self, ticket: Ticket, tokens: usize) {
        if let Some(e) = self.entry(ticket) {
            e.read = e.read.saturating_sub(tokens);
        }
    }

    /// So many tokens were written with so many rows; none where they are the first, which
    /// comes with the end of the prompt.
    pub fn wrote(&mut self, ticket: Ticket, rows: usize, tokens: usize) {
        if let Some(e) = self.entry(ticket) {
            e.write = e.write.saturating_sub(tokens);
            e.written += tokens;
        }
        if rows > 0 {
            self.cost.saw_write(rows, tokens);
        }
    }

    /// The step is done: so many rows took so long, waits for cores apart.
    pub fn stepped(&mut self, rows: usize, spent: std::time::Duration) {
        self.under_way.clear();
        self.idle_since = self.began.saturating_add(spent);
        self.cost.saw_step(rows, spent);
    }

    /// It left; `whole` where its answer came to its own end.
    pub fn end(&mut self, ticket: Ticket, whole: bool) {
        if let Some(at) = self.line.running.iter().position(|e| e.ticket == ticket) {
            let e = self.line.running.remove(at);
            if whole && e.written > 0 {
                self.cost.saw_answer(e.written);
            }
        }
    }

    /// Those in flight that must end now: their owner tells the askers. They are gone here.
    pub fn take_ended(&mut self) -> Vec<(Ticket, Why)> {
        std::mem::take(&mut self.ended)
    }

    /// Those that left without being started since the last call; their askers must be told.
    pub fn take_dropped(&mut self) -> Vec<(T, Why)> {
        std::mem::take(&mut self.dropped)
    }

    /// Everything that waits, because the model is gone.
    pub fn drain(&mut self) -> Vec<T> {
        self.line.waiting.clear();
        std::mem::take(&mut self.loads).into_iter().map(|(_, load)| load).collect()
    }

    fn entry(&mut self, ticket: Ticket) -> Option<&mut Entry> {
        self.line.running.iter_mut().find(|e| e.ticket == ticket)
    }

    /// Drops those whose asker left or whose deadline passed.
    pub fn sweep(&mut self, now: Moment) {
        let gone = |e: &mut Entry| e.cancel.is_raised() || now >= e.deadline;
        let why = |e: &Entry, late| if e.cancel.is_raised() { Why::Cancelled } else { late };
        while let Some(at) = self.line.waiting.iter_mut().position(gone) {
            let e = self.line.waiting.remove(at);
            let earliest_ms = millis_from(now, now.saturating_add(self.least(&e)));
            self.drop_waiting(e.ticket, why(&e, Why::Refused(Refusal::TooLate { earliest_ms })));
        }
        while let Some(at) = self.line.running.iter_mut().position(gone) {
            let e = self.line.running.remove(at);
            self.ended.push((e.ticket, why(&e, Why::Late)));
        }
    }

    fn drop_waiting(&mut self, ticket: Ticket, why: Why) {
        if let Some(at) = self.loads.iter().position(|(t, _)| *t == ticket) {
            self.dropped.push((self.loads.remove(at).1, why));
        }
    }
}

fn millis_from(now: Moment, then: Moment) -> u64 {
    u64::try_from(then.saturating_sub(now).as_millis()).unwrap_or(u64::MAX)
}
