//! The model's thread: asks the scheduler, computes the step, tells the askers.
//!
//! One turn of the loop: under the lock the results of the last step are booked, whoever may
//! start is started, and the next step is laid out; without it cores are leased and the model
//! computes. Between two layers the cores are given back to whoever is more urgent.

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use super::bits::Bits;
use super::chat::Chat;
use super::errand::Load;
use super::job::{Job, Part};
use super::kv::{Cache, PAGE};
use super::model::{Forward, Found, Slice, Want};
use super::scheduler::{Cost, Item, Next, State, Ticket, Why};
use super::worker::{Inner, Options, Shared};
use super::{Finish, Refusal, Update};
use crate::core::Result;
use crate::core::cores::{self, Clock, Cores};

/// The model's thread.
pub(super) struct Room {
    pub shared: Arc<Shared>,
    pub chat: Arc<Chat>,
    model: Box<dyn Forward + Send>,
    cores: Cores,
    clock: Arc<dyn Clock>,
    options: Options,
    jobs: Vec<Job>,
    items: Vec<Item>,
    parts: Vec<Part>,
    found: Found,
}

/// What a step came to.
struct Step {
    spent: Duration,
    outcome: Result<()>,
}

impl Room {
    /// Warms the model up and measures it.
    ///
    /// # Errors
    /// [`Kind::Compute`](crate::core::Kind::Compute) where it cannot run.
    pub fn open(
        mut model: Box<dyn Forward + Send>,
        chat: Chat,
        options: Options,
        cores: Cores,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let cost = warm_up(&mut *model, &cores, &*clock, options.threads)?;
        let mut settings = options.settings;
        settings.kv_tokens = settings.kv_tokens.min(model.pages() * PAGE);
        let inner = Inner::new(State::new(settings, cost), Cache::new(model.pages(), 0), model.window());
        tracing::info!(
            prefill_tps = inner.scheduler.cost().prefill_tps(inner.scheduler.settings().step_tokens),
            decode_tps = inner.scheduler.cost().decode_tps(),
            "model ready"
        );
        Ok(Self {
            shared: Arc::new(Shared::new(inner)),
            chat: Arc::new(chat),
            model,
            cores,
            clock,
            options,
            jobs: Vec::new(),
            items: Vec::new(),
            parts: Vec::new(),
            found: Found::default(),
        })
    }

    /// Serves until the engine is dropped. However it ends, by a panic too, everybody hears
    /// of it.
    pub fn work(&mut self) {
        let _farewell = Farewell(self.shared.clone());
        let shared = self.shared.clone();
        let mut step = None;
        loop {
            let mut inner = shared.inner();
            if let Some(step) = step.take() {
                self.book(&mut inner, step);
            }
            if !self.lay_out(inner) {
                return;
            }
            step = Some(self.compute());
        }
    }

    /// Lays out the next step, waiting for one; false when the engine is being dropped.
    fn lay_out(&mut self, mut inner: MutexGuard<'_, Inner>) -> bool {
        loop {
            if inner.stopping {
                for job in self.jobs.drain(..) {
                    job.end(&mut inner.cache, Update::Refused(Refusal::Gone));
                }
                return false;
            }
            let now = self.clock.now();
            while let Some((ticket, load)) = inner.scheduler.start(now) {
                self.start(&mut inner, ticket, load);
            }
            inner.tell_dropped();
            for (ticket, why) in inner.scheduler.take_ended() {
                self.end_early(&mut inner, ticket, why);
            }
            self.follow(&mut inner);
            let next = inner.scheduler.step(now, &mut self.items);
            inner.in_flight = self.jobs.len();
            if next == Next::Run {
                if self.plan(&mut inner) {
                    return true;
                }
                continue;
            }
            let changed = &self.shared.changed;
            inner = match next {
                Next::Run => inner,
                Next::Wait(None) => changed.wait(inner).unwrap_or_else(PoisonError::into_inner),
                Next::Wait(Some(until)) => {
                    let pause = until.saturating_sub(now);
                    changed.wait_timeout(inner, pause).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    fn start(&mut self, inner: &mut Inner, ticket: Ticket, load: Load) {
        let Some(job) = Job::start(ticket, load, &mut inner.cache, self.options.speculate) else {
            inner.scheduler.end(ticket, false);
            return;
        };
        inner.scheduler.found(ticket, job.left());
        self.jobs.push(job);
        // All that it reads may be there already.
        self.turn_over(inner, self.jobs.len() - 1);
    }

    fn end_early(&mut self, inner: &mut Inner, ticket: Ticket, why: Why) {
        let Some(at) = self.jobs.iter().position(|j| j.ticket == ticket) else { return };
        let job = self.jobs.remove(at);
        let last = match why {
            Why::Cancelled => job.done(Finish::Cancelled),
            Why::Late => job.done(Finish::Late),
            Why::Refused(refusal) => Update::Refused(refusal),
        };
        job.end(&mut inner.cache, last);
    }

    /// Whoever reads moves past what others have read of the same meanwhile.
    fn follow(&mut self, inner: &mut Inner) {
        for at in (0..self.jobs.len()).rev() {
            let Some(job) = self.jobs.get_mut(at) else { continue };
            let found = job.follow(&mut inner.cache);
            if found > 0 {
                inner.scheduler.read(job.ticket, found);
                self.turn_over(inner, at);
            }
        }
    }

    /// Where a job has read all that its own sequence reads, what comes then.
    fn turn_over(&mut self, inner: &mut Inner, at: usize) {
        let Some(job) = self.jobs.get_mut(at) else { return };
        let (ticket, left) = (job.ticket, job.left());
        match job.turn_over(&mut inner.cache, self.clock.now()) {
            Ok(None) => {
                // Continuations may have found less than was thought.
                if job.left() != left {
                    inner.scheduler.found(ticket, job.left());
                }
            }
            Ok(Some(last)) => self.end(inner, at, last),
            Err(e) => self.end(inner, at, Update::Failed(e.to_string())),
        }
    }

    fn end(&mut self, inner: &mut Inner, at: usize, last: Update) {
        let job = self.jobs.remove(at);
        let whole = matches!(last, Update::Done { finish: Finish::Stop | Finish::Length, .. });
        inner.scheduler.end(job.ticket, whole);
        job.end(&mut inner.cache, last);
    }

    /// Makes the parts of the step; false where nothing came of it. Whoever is given rows and
    /// has no use for them is out of step with the scheduler: it ends, rather than spin.
    fn plan(&mut self, inner: &mut Inner) -> bool {
        self.parts.clear();
        for item in &self.items {
            let Some(at) = self.jobs.iter().position(|j| j.ticket == item.ticket) else {
                inner.scheduler.end(item.ticket, false);
                continue;
            };
            let Some(job) = self.jobs.get_mut(at) else { continue };
            let before = self.parts.len();
            let planned = job.plan(item.work, &mut inner.cache, &mut self.parts);
            let why = match planned {
                Ok(()) if self.parts.len() > before => continue,
                Ok(()) => "the request has nothing left to compute".to_owned(),
                Err(e) => e.to_string(),
            };
            self.parts.truncate(before);
            let job = self.jobs.remove(at);
            inner.scheduler.end(job.ticket, false);
            job.end(&mut inner.cache, Update::Failed(why));
        }
        !self.parts.is_empty()
    }

    /// What the cores are wanted for: the most urgent part says it.
    fn class(&self) -> cores::Class {
        let real =
            || self.jobs.iter().filter(|j| j.is_real() && self.parts.iter().any(|p| p.ticket == j.ticket));
        if real().next().is_none() {
            cores::Class::GuessedPrefill
        } else if real().any(Job::is_writing) {
            cores::Class::Speech
        } else {
            cores::Class::Prefill
        }
    }

    /// Leases cores and computes the step.
    fn compute(&mut self) -> Step {
        let mut lease = self.cores.lease(self.class(), self.options.threads);
        let (from, waited) = (self.clock.now(), lease.waited());
        for job in self.jobs.iter_mut().filter(|j| self.parts.iter().any(|p| p.ticket == j.ticket)) {
            job.announce(from);
        }
        let job = |part: &Part| self.jobs.iter().find(|j| j.ticket == part.ticket);
        let mut allowed: Vec<Option<&Bits>> = Vec::new();
        let mut ends = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            if let Some(job) = job(part) {
                job.allowed(part, &mut allowed);
            }
            ends.push(allowed.len());
        }
        let mut slices: Vec<Slice<'_>> = Vec::with_capacity(self.parts.len());
        let mut from_mask = 0;
        for (part, end) in self.parts.iter().zip(ends) {
            let allowed = allowed.get(from_mask..end).unwrap_or_default();
            slices.extend(job(part).map(|job| job.slice(part, allowed)));
            from_mask = end;
        }
        let mut threads = || {
            if lease.should_yield() {
                lease.yield_now();
            }
            lease.threads()
        };
        let outcome = self.model.step(&slices, &mut threads, &mut self.found);
        let waited = lease.waited().saturating_sub(waited);
        Step { spent: self.clock.now().saturating_sub(from).saturating_sub(waited), outcome }
    }

    /// Tells the askers what came of a step, and the scheduler what it cost.
    fn book(&mut self, inner: &mut Inner, step: Step) {
        let rows: usize = self.parts.iter().map(Part::rows).sum();
        inner.scheduler.stepped(rows, step.spent);
        inner.saw_step(rows);
        let parts = std::mem::take(&mut self.parts);
        let found = std::mem::take(&mut self.found);
        let mut best = found.best.iter().copied();
        let mut scores = found.scores.iter().copied();
        let mut of = None;
        for part in &parts {
            let Some(at) = self.jobs.iter().position(|j| j.ticket == part.ticket) else { continue };
            let Some(job) = self.jobs.get_mut(at) else { continue };
            // The texts of one job are several parts of the same step.
            if of.replace(part.ticket) != Some(part.ticket) {
                job.spent(step.spent);
            }
            if let Err(e) = &step.outcome {
                let last = Update::Failed(e.to_string());
                self.end(inner, at, last);
                continue;
            }
            let (went, last) = job.absorb(part, &mut best, &mut scores, self.chat.vocabulary());
            if went.read > 0 {
                inner.scheduler.read(part.ticket, went.read);
            }
            if went.rows > 0 || went.wrote > 0 {
                inner.scheduler.wrote(part.ticket, went.rows, went.wrote);
            }
            inner.saw_draft(went.drafted);
            match last {
                Some(last) => self.end(inner, at, last),
                None => {
                    job.keep(&mut inner.cache);
                    self.turn_over(inner, at);
                }
            }
        }
        self.parts = parts;
        self.found = found;
        inner.in_flight = self.jobs.len();
    }
}

/// Reads and writes a little, to have the weights in memory and steps measured.
fn warm_up(
    model: &mut (dyn Forward + Send),
    cores: &Cores,
    clock: &dyn Clock,
    threads: usize,
) -> Result<Cost> {
    /// Rows of the steps that are measured. The first of all maps and touches the weights:
    /// it is not a measure.
    const STEPS: [usize; 6] = [1, 64, 16, 1, 1, 1];
    let mut cache = Cache::new(model.pages(), 0);
    let ids: Vec<u32> = (0..64).map(|i| i % model.vocabulary().max(1) as u32).collect();
    let mut found = Found::default();
    let mut measured = Vec::new();
    let lease = cores.lease(cores::Class::Prefill, threads);
    for (i, rows) in STEPS.into_iter().enumerate() {
        let Some(mut sequence) = cache.start(&[], rows, false) else { continue };
        if !cache.grow(&mut sequence, rows) {
            continue;
        }
        let slice = Slice {
            tokens: ids.get(..rows).unwrap_or_default(),
            start: 0,
            pages: sequence.pages(),
            want: Want::Best { last: 1, allowed: &[] },
        };
        let from = clock.now();
        model.step(&[slice], &mut || lease.threads(), &mut found)?;
        if i > 0 {
            measured.push((rows, clock.now().saturating_sub(from)));
        }
    }
    Ok(Cost::new(&measured))
}

/// However the thread ends, everybody hears of it. Those in flight hear of it by their
/// channels: the jobs that hold them are dropped with the thread.
struct Farewell(Arc<Shared>);

impl Drop for Farewell {
    fn drop(&mut self) {
        let mut inner = self.0.inner();
        inner.gone = true;
        inner.in_flight = 0;
        for load in inner.scheduler.drain() {
            load.say(Update::Refused(Refusal::Gone));
        }
    }
}
