//! The hearing suite: is the technician heard in the noise, and nothing else?
//!
//! Each section measures one thing on its own and writes into the [`Sheet`].

mod barge;
mod codes;
pub mod corpora;
mod ears;
mod endpoints;
pub mod errors;
mod idle;
mod live;
mod loopback;
pub mod mix;
pub mod normalise;
mod peer;
mod phantoms;
mod room;
mod voices;
mod wake;
mod words;

use std::path::PathBuf;

use super::report::{self, Section};
pub use super::report::{Sheet, Told, Want};
use crate::operations::config::Config;
use crate::operations::outcome::Result;

/// Where all randomness starts.
pub const SEED: u64 = 0x44;

/// What is measured.
#[derive(Debug)]
pub struct Options {
    /// Laid out like the evaluation data.
    pub from: PathBuf,
    /// The data directory: models and indexes.
    pub data: PathBuf,
    /// The resolved configuration.
    pub config: Config,
    /// A repository with `tests/golden` and `knowledge`, perhaps.
    pub repository: PathBuf,
    /// A Python that has faster-whisper, to be measured beside; `None` leaves the peer out.
    pub peer: Option<PathBuf>,
    /// Where the peer's results are kept and found again.
    pub peer_cache: Option<PathBuf>,
    /// Fewer of everything.
    pub quick: bool,
}

/// The sections by name, in their order.
const SECTIONS: [(&str, Section<Options>); 7] = [
    ("words", words::measure),
    ("codes", codes::measure),
    ("endpoints", endpoints::measure),
    ("phantoms", phantoms::measure),
    ("wake", wake::measure),
    ("barge", barge::measure),
    ("idle", idle::measure),
];

/// What it printed on a terminal: the word error rates by model and noise.
pub fn table(sheet: &Sheet) -> String {
    words::table(sheet)
}

/// Runs every section, or with `only` the named ones.
///
/// # Errors
/// Data, a model or the microphone's stand-in is missing.
pub fn run(options: &Options, only: &[String], told: &mut dyn Told) -> Result<Sheet> {
    report::run("hearing", &SECTIONS, options, only, told)
}
