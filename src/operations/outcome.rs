//! The one place where an error becomes an exit code.

use crate::{core, entry, exit};

/// What kind of thing went wrong in a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It was tried and failed: exit code 1.
    Failed,
    /// Wrong usage: exit code 2.
    Usage,
    /// Something needed is missing (model, device, index): exit code 3. The hint names the
    /// command that supplies it.
    Missing,
}

impl Kind {
    /// The process's exit code; part of the command line's contract.
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::Failed => 1,
            Kind::Usage => 2,
            Kind::Missing => 3,
        }
    }
}

/// An error of a command.
pub type Error = crate::fault::Fault<Kind>;
/// Shorthand.
pub type Result<T> = std::result::Result<T, Error>;

impl From<core::Error> for Error {
    fn from(e: core::Error) -> Self {
        e.lift(|k| match k {
            core::Kind::Index | core::Kind::Model => Kind::Missing,
            core::Kind::Unreadable | core::Kind::Compute | core::Kind::Io => Kind::Failed,
        })
    }
}

impl From<entry::Error> for Error {
    fn from(e: entry::Error) -> Self {
        e.lift(|k| match k {
            entry::Kind::Device | entry::Kind::Model => Kind::Missing,
            entry::Kind::Unreadable | entry::Kind::Io => Kind::Failed,
        })
    }
}

impl From<exit::Error> for Error {
    fn from(e: exit::Error) -> Self {
        e.lift(|k| match k {
            exit::Kind::Device | exit::Kind::Voice => Kind::Missing,
            exit::Kind::Compute | exit::Kind::Io => Kind::Failed,
        })
    }
}
