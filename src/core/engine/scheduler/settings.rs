//! How the scheduler is set: how requests are batched, and how much of a step each kind gets.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How requests are put together. All modes compute the same steps; they differ in who may be
/// in flight. The product runs [`Mode::Continuous`]; the others are for the lab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "mode")]
pub enum Mode {
    /// One request at a time.
    Single,
    /// Waits for so many requests (at most [`STATIC_WAIT`]), runs them to their end, then the
    /// next batch.
    Static {
        /// Requests of a batch.
        size: usize,
    },
    /// Collects for so long, runs the batch to its end, then the next.
    Window {
        /// Milliseconds.
        ms: u64,
    },
    /// A window that grows with the size of the batches of late: none for a lone asker.
    Adaptive {
        /// Milliseconds at most.
        most_ms: u64,
    },
    /// Each step takes in whoever waits, as long as there are slots.
    Continuous,
}

/// The longest that a static batch waits for company: nobody else may ever come.
pub const STATIC_WAIT: Duration = Duration::from_millis(500);

/// Sizes and bounds. Rows are tokens of one step, read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// How requests are put together.
    pub mode: Mode,
    /// At most so many requests wait.
    pub queue_bound: usize,
    /// At most so many are in flight.
    pub slots: usize,
    /// How many of the slots long prompts may hold; so many are kept for them while one waits.
    pub long_slots: usize,
    /// From so many tokens left to read on a prompt is long.
    pub long_prompt: usize,
    /// Rows of a step at most.
    pub step_tokens: usize,
    /// Rows that long prompts get at most while a short one is read or written, and guessed
    /// ones at any time: somebody may come.
    pub long_step_tokens: usize,
    /// Tokens of KV cache that may be promised to those in flight together.
    pub kv_tokens: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mode: Mode::Continuous,
            queue_bound: 8,
            slots: 8,
            long_slots: 1,
            long_prompt: 1024,
            step_tokens: 128,
            long_step_tokens: 24,
            kv_tokens: 16 * 1024,
        }
    }
}

impl Settings {
    /// With every size in the range in which the others make sense: each writer has a row in
    /// each step and leaves room to read.
    #[must_use]
    pub fn in_range(mut self) -> Self {
        self.slots = if self.mode == Mode::Single { 1 } else { self.slots.max(1) };
        self.queue_bound = self.queue_bound.max(1);
        self.long_slots = self.long_slots.clamp(1, self.slots);
        self.step_tokens = self.step_tokens.max(2 * self.slots).max(16);
        self.long_step_tokens = self.long_step_tokens.clamp(1, self.step_tokens / 2);
        self
    }

    /// Slots that short prompts leave free while a long one waits.
    pub(super) fn reserved(&self) -> usize {
        self.long_slots.min(self.slots - 1)
    }
}
