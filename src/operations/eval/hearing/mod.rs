//! The hearing suite: is the technician heard in the noise, and nothing else?
//!
//! Each section measures one thing on its own and writes into the [`Sheet`].

mod barge;
mod codes;
pub mod corpora;
mod endpoints;
pub mod errors;
mod live;
pub mod mix;
pub mod normalise;
mod peer;
mod phantoms;
mod wake;
mod words;

use std::path::PathBuf;

use super::report::{Bar, Figures, Want};
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

/// Who is told while it runs.
pub trait Told {
    /// A row of the results, one JSON object.
    ///
    /// # Errors
    /// Where it cannot be printed.
    fn row(&mut self, row: &serde_json::Value) -> Result<()>;
    /// A word to the person.
    fn note(&mut self, line: &str);
    /// `done` of `of` steps of `what`.
    fn progress(&mut self, what: &str, done: usize, of: usize);
}

/// What was measured.
#[derive(Debug, Default)]
pub struct Sheet {
    /// By name, each beginning with `hearing.`.
    pub figures: Figures,
    /// What is wanted of some.
    pub bars: Vec<Bar>,
}

impl Sheet {
    /// Writes a figure down.
    pub fn put(&mut self, name: &str, value: f64) {
        self.figures.insert(format!("hearing.{name}"), value);
    }

    /// Holds a figure against what is wanted of it.
    pub fn want(&mut self, name: &str, want: Want) {
        self.bars.push(Bar::of(&self.figures, &format!("hearing.{name}"), want));
    }
}

/// One section of the suite.
type Section = fn(&Options, &mut dyn Told, &mut Sheet) -> Result<()>;

/// The sections by name, in their order.
const SECTIONS: [(&str, Section); 6] = [
    ("words", words::measure),
    ("codes", codes::measure),
    ("endpoints", endpoints::measure),
    ("phantoms", phantoms::measure),
    ("wake", wake::measure),
    ("barge", barge::measure),
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
    let mut sheet = Sheet::default();
    for (name, section) in SECTIONS {
        if only.is_empty() || only.iter().any(|o| o == name) {
            section(options, told, &mut sheet)?;
        }
    }
    Ok(sheet)
}
