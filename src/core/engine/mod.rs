//! One resident language model behind one bounded queue.
//!
//! The interface is text in, text out: tokens never leave this floor. A request carries a
//! constraint, a deadline, a class, a device and a cancel; its answer is a stream of
//! [`Update`]s. The model lives on a thread of its own, with the handle to it in [`worker`];
//! [`scheduler`] is the plain state under it, which says what each step computes.

pub mod bits;
pub mod chat;
pub mod constraint;
mod errand;
mod job;
pub mod kernels;
pub mod kv;
pub mod model;
mod room;
pub mod scheduler;
pub mod speculate;
#[cfg(test)]
mod trial;
pub mod vocabulary;
pub mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use super::Moment;

/// The text of a prompt in its fixed order: what never changes first, the question last,
/// so that a prefix can be kept (house plan, decision 7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// System text.
    pub system: String,
    /// Passages, append-only in the order in which they were first used; at most three.
    pub passages: Vec<String>,
    /// The question, and what is asked of the model.
    pub question: String,
}

/// What the model may write. The engine computes only what is allowed: no logits leave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Constraint {
    /// Anything, up to the token limit.
    Free,
    /// One of these texts, exactly.
    Choice(Vec<String>),
    /// Free wording, but every number with its sign, range and unit, and every code, only
    /// as it stands in a source.
    Locked {
        /// The sources.
        sources: Vec<String>,
        /// The text ends after so many sentences; 0: where the model ends it.
        sentences: usize,
    },
    /// Spans of the sources, word for word, joined by connectives.
    Copy {
        /// The sources.
        sources: Vec<String>,
        /// The connectives ("and", ", then"), without the blanks around them.
        joins: Vec<String>,
        /// The text ends after so many sentences; 0: where the model ends it.
        sentences: usize,
    },
}

/// What is asked of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// Write an answer.
    Write {
        /// What may be written.
        constraint: Constraint,
        /// At most so many new tokens.
        max_tokens: usize,
    },
    /// How likely is each of these continuations of the prompt? Answered by one
    /// [`Update::Scores`], all of them read in one micro-batch over the shared prompt.
    Score(Vec<String>),
    /// Only read the prompt up to where the question begins, so that its pages are there
    /// when the question comes.
    Read,
}

impl Task {
    /// New tokens at most.
    pub fn max_tokens(&self) -> usize {
        match self {
            Task::Write { max_tokens, .. } => *max_tokens,
            Task::Score(_) | Task::Read => 0,
        }
    }
}

/// Who is asking; a lower class never waits behind a higher one's prefill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// A person who waits for an answer.
    Person,
    /// A machine event.
    Event,
    /// Guessed work.
    Idle,
}

/// Raised by the asker; looked at between steps.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Raises the flag.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Release);
    }
    /// Is it raised?
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// One request to the model.
#[derive(Debug, Clone)]
pub struct Request {
    /// What to read.
    pub prompt: Prompt,
    /// What to do with it.
    pub task: Task,
    /// The moment after which the answer is of no use.
    pub deadline: Moment,
    /// Who asks.
    pub class: Class,
    /// The device that asks, for fairness.
    pub device: String,
    /// Raised when the asker left.
    pub cancel: Cancel,
}

/// Why the engine does not take a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "refusal")]
pub enum Refusal {
    /// The queue holds its bound.
    Full {
        /// The bound.
        bound: usize,
    },
    /// It cannot be ready in time.
    TooLate {
        /// When it could be ready at the earliest, milliseconds from now.
        earliest_ms: u64,
    },
    /// The prompt is longer than the model's window.
    TooLong {
        /// Prompt tokens.
        tokens: usize,
        /// The window.
        window: usize,
    },
    /// The model is not there, or died.
    Gone,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refusal::Full { bound } => write!(f, "the model's queue is full ({bound} waiting)"),
            Refusal::TooLate { earliest_ms } => {
                write!(f, "a draft would be ready in {earliest_ms} ms at the earliest")
            }
            Refusal::TooLong { tokens, window } => {
                write!(f, "the prompt has {tokens} tokens, the model's window {window}")
            }
            Refusal::Gone => f.write_str("no model is loaded"),
        }
    }
}

/// Why a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Finish {
    /// The model ended its turn, or the constraint was satisfied.
    Stop,
    /// The token limit.
    Length,
    /// The asker left.
    Cancelled,
    /// The deadline passed while it was being written.
    Late,
}

/// What the engine says about a request, in this order: `Started`, `Prefilled`, any number
/// of `Text`, `Done`; or `Refused` at any point, last.
#[derive(Debug, Clone, PartialEq)]
pub enum Update {
    /// It left the queue.
    Started {
        /// Milliseconds in the queue and for cores.
        wait_ms: f64,
    },
    /// The prompt has been read.
    Prefilled {
        /// Its token ids, for the audit: a replay needs them.
        prompt_ids: Vec<u32>,
        /// How many of them were found in the KV cache.
        reused: usize,
        /// Milliseconds of reading, waits apart.
        ms: f64,
    },
    /// A piece of text.
    Text(String),
    /// Of each continuation that [`Task::Score`] named: the sum of the natural logarithms of
    /// its tokens' probabilities, and how many tokens it has.
    Scores(Vec<(f32, usize)>),
    /// The end.
    Done {
        /// Why.
        finish: Finish,
        /// New tokens.
        tokens: usize,
        /// Milliseconds of writing.
        ms: f64,
    },
    /// Not taken, or given up.
    Refused(Refusal),
    /// The computation failed.
    Failed(String),
}
