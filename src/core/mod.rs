//! The work. Knows no device, no clock, no terminal, no socket: time and randomness come
//! in as arguments.

pub mod answer;
pub mod cores;
pub mod engine;
pub mod hear;
pub mod knowledge;
pub mod ledger;
pub mod snapshot;
pub mod turn;

use std::time::Duration;

/// A moment: time since the node's own start. Only the edge reads a clock.
pub type Moment = Duration;

/// What kind of thing went wrong on this floor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file cannot be read as what it claims to be.
    Unreadable,
    /// The index is missing, of another schema, or damaged.
    Index,
    /// A model file is missing or of a kind that cannot be run.
    Model,
    /// A computation failed inside a model or library.
    Compute,
    /// The file system refused.
    Io,
}

/// An error of the core floor.
pub type Error = crate::fault::Fault<Kind>;
/// Shorthand.
pub type Result<T> = std::result::Result<T, Error>;
