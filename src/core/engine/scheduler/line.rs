//! Those that wait and those in flight, as numbers: who starts next, and who gets which rows
//! of a step. The scheduler and its foresight run this same code, so what is promised at the
//! door is what will be done.

use std::sync::Arc;
use std::time::Duration;

use super::cost::Cost;
use super::settings::{Mode, STATIC_WAIT, Settings};
use super::{Item, Ticket, Work};
use crate::core::Moment;
use crate::core::engine::{Cancel, Class};

/// Deadlines that are no further apart count as equal: then the device with fewer sequences
/// in flight goes first.
const EQUAL: Duration = Duration::from_millis(250);
/// Drafted tokens of one writer in one step, at most: with the token before them as many rows
/// as the widest tile of the kernels has.
const DRAFT: usize = 7;
/// Rows that a long prompt gets in each step, whatever they cost the others.
const LEAST: usize = 4;
/// By what share of itself a step in which short ones write may grow for the sake of long
/// ones. Where one is read, the long ones get no more than [`LEAST`]: it is soon over, and a
/// prompt that is not quite read costs a step more.
const SHARE: f64 = 0.25;

/// One request as numbers.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub ticket: Ticket,
    pub class: Class,
    pub deadline: Moment,
    pub device: Arc<str>,
    pub cancel: Cancel,
    /// Tokens left to read; while there are any, nothing is written.
    pub read: usize,
    /// Tokens left to write, at most.
    pub write: usize,
    /// Tokens written.
    pub written: usize,
    /// Tokens of KV cache that it may come to hold.
    pub promised: usize,
    /// It had more to read, when it started, than a short prompt has.
    pub long: bool,
    /// Tokens that it is expected to write still: the foresight's own.
    pub expected: f64,
}

impl Entry {
    fn rank(&self) -> (Class, Moment, Ticket) {
        (self.class, self.deadline, self.ticket)
    }

    pub(super) fn is_real(&self) -> bool {
        self.class != Class::Idle
    }
}

/// Who may start in the modes that batch.
#[derive(Debug, Clone, Default)]
struct Gate {
    /// The batch is being filled: it is open until nobody fits.
    filling: bool,
    /// Since when it is collected for.
    since: Option<Moment>,
    /// Size of the batches of late.
    typical: f64,
}

/// Who waits and who is in flight, both by class, deadline and arrival.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub settings: Settings,
    pub waiting: Vec<Entry>,
    pub running: Vec<Entry>,
    gate: Gate,
}

impl Line {
    pub fn new(settings: Settings) -> Self {
        Self { settings, waiting: Vec::new(), running: Vec::new(), gate: Gate::default() }
    }

    /// Where a request would stand among those that wait.
    pub fn place(&self, entry: &Entry) -> usize {
        self.waiting.partition_point(|w| w.rank() < entry.rank())
    }

    /// Is a prompt with so much left to read long? Guessed work never is: it gives way anyway.
    pub fn is_long(&self, class: Class, read: usize) -> bool {
        class != Class::Idle && read >= self.settings.long_prompt
    }

    fn real_running(&self) -> usize {
        self.running.iter().filter(|e| e.is_real()).count()
    }

    /// A batch's size and the time that is waited for it; `None` in modes without batches.
    fn batch(&self) -> Option<(usize, Duration)> {
        let slots = self.settings.slots;
        match self.settings.mode {
            Mode::Single | Mode::Continuous => None,
            Mode::Static { size } => Some((size.clamp(1, slots), STATIC_WAIT)),
            Mode::Window { ms } => Some((slots, Duration::from_millis(ms))),
            Mode::Adaptive { most_ms } => {
                let load = (self.gate.typical - 1.0).max(0.0) / (slots as f64 - 1.0).max(1.0);
                Some((slots, Duration::from_millis(most_ms).mul_f64(load.min(1.0))))
            }
        }
    }

    /// When the batch that is being collected for is run at the latest.
    pub fn opens(&self) -> Option<Moment> {
        let (_, window) = self.batch()?;
        self.gate.since.map(|since| since.saturating_add(window))
    }

    /// May anybody start now?
    fn gate_is_open(&mut self, now: Moment) -> bool {
        let Some((size, window)) = self.batch() else { return true };
        if self.gate.filling {
            return true;
        }
        if self.real_running() > 0 || self.waiting.is_empty() {
            self.gate.since = None;
            return false;
        }
        let since = *self.gate.since.get_or_insert(now);
        let full = size.min(self.settings.queue_bound);
        self.gate.filling = self.waiting.len() >= full || now >= since.saturating_add(window);
        if self.gate.filling {
            self.gate.since = None;
            self.gate.typical += 0.5 * (self.waiting.len().min(size) as f64 - self.gate.typical);
        }
        self.gate.filling
    }

    /// The place in the queue of the one that starts next, where there is room for it.
    pub fn next_to_start(&mut self, now: Moment) -> Option<usize> {
        if !self.gate_is_open(now) {
            return None;
        }
        let next = self.pick();
        if next.is_none() {
            self.gate.filling = false;
        }
        next
    }

    /// By class and deadline; of about equal ones the device with the fewest in flight. Who
    /// does not fit into the KV cache is waited for; a long prompt without a slot is not.
    fn pick(&self) -> Option<usize> {
        let slots = self.batch().map_or(self.settings.slots, |(size, _)| size);
        let real = self.real_running();
        let promised: usize = self.running.iter().filter(|e| e.is_real()).map(|e| e.promised).sum();
        let long = self.running.iter().filter(|e| e.long).count();
        let long_waits = self.waiting.iter().any(|w| w.long);
        let mut best: Option<(usize, usize)> = None;
        for (place, w) in self.waiting.iter().enumerate() {
            if let Some((first, _)) = best
                && self
                    .waiting
                    .get(first)
                    .is_some_and(|f| f.class != w.class || w.deadline > f.deadline.saturating_add(EQUAL))
            {
                break;
            }
            let (held, promised) = match w.is_real() {
                true => (real, promised),
                // Guessed work starts where nobody real is, beside what is there already.
                false if real > 0 || place > 0 && self.waiting.first().is_some_and(Entry::is_real) => break,
                false => (self.running.len(), self.running.iter().map(|e| e.promised).sum()),
            };
            let kept = if long_waits && !w.long { self.settings.reserved().saturating_sub(long) } else { 0 };
            if held + kept >= slots || w.long && long >= self.settings.long_slots {
                continue;
            }
            if self.would_hog(w, slots) {
                continue;
            }
            if promised + w.promised > self.settings.kv_tokens {
                break;
            }
            let in_flight = self.in_flight(&w.device);
            if best.is_none_or(|(_, fewest)| in_flight < fewest) {
                best = Some((place, in_flight));
            }
        }
        best.map(|(place, _)| place)
    }

    /// Would its device hold all slots while another one waits?
    fn would_hog(&self, entry: &Entry, slots: usize) -> bool {
        slots > 1
            && self.in_flight(&entry.device) + 1 >= slots
            && self.waiting.iter().any(|w| w.device != entry.device && w.class == entry.class)
    }

    fn in_flight(&self, device: &str) -> usize {
        self.running.iter().filter(|e| *e.device == *device).count()
    }

    /// Starts the one at `place`. Guessed ones in its way are moved to `out`.
    pub fn start(&mut self, place: usize, mut out: impl FnMut(Entry)) -> Option<&mut Entry> {
        if place >= self.waiting.len() {
            return None;
        }
        let entry = self.waiting.remove(place);
        while let Some(guess) = self.running.iter().rposition(|e| !e.is_real())
            && entry.is_real()
            && !self.has_room(&entry)
        {
            out(self.running.remove(guess));
        }
        let place = self.running.partition_point(|e| e.rank() < entry.rank());
        self.running.insert(place, entry);
        self.running.get_mut(place)
    }

    fn has_room(&self, entry: &Entry) -> bool {
        let promised: usize = self.running.iter().map(|e| e.promised).sum();
        self.running.len() < self.settings.slots && promised + entry.promised <= self.settings.kv_tokens
    }

    /// Who gets which rows of the next step. Each writer has its row and a share of a quarter
    /// of the step for drafts; the rest is read, the most urgent first, long prompts from a
    /// slice of their own: never a whole step, for a short one that comes meanwhile waits for
    /// it, and less beside short ones. Guessed work gets rows only while nobody real is in
    /// flight.
    pub fn compose(&self, cost: &Cost, items: &mut Vec<Item>) {
        items.clear();
        let real = self.real_running() > 0;
        let counted = || self.running.iter().filter(move |e| !real || e.is_real());
        let writers = counted().filter(|e| e.read == 0).count();
        let draft = DRAFT.min(self.settings.step_tokens / 4 / writers.max(1));
        let mut rows = self.settings.step_tokens.saturating_sub(writers * (1 + draft));
        if !real {
            rows = rows.min(self.settings.long_step_tokens);
        }
        let (mut short_rows, mut long_rows, mut short) = (0, 0, false);
        for e in counted() {
            match e.long && e.read > 0 {
                true => long_rows += e.read,
                false => (short, short_rows) = (true, short_rows + e.read),
            }
        }
        let slice = self.settings.long_step_tokens;
        if short_rows > 0 {
            long_rows = long_rows.min(LEAST.min(slice));
        } else if short {
            let others = writers as f64 * cost.writer_rows();
            long_rows = long_rows.min(cost.rows_worth(others, SHARE).clamp(LEAST.min(slice), slice));
        }
        long_rows = long_rows.min(slice.max(1));
        long_rows = long_rows.min(rows);
        short_rows = short_rows.min(rows - long_rows);
        for e in counted() {
            if e.read == 0 {
                items.push(Item { ticket: e.ticket, work: Work::Write { draft } });
                continue;
            }
            let pool = if e.long { &mut long_rows } else { &mut short_rows };
            let tokens = e.read.min(*pool);
            if tokens > 0 {
                *pool -= tokens;
                items.push(Item { ticket: e.ticket, work: Work::Read { tokens } });
            }
        }
    }
}
