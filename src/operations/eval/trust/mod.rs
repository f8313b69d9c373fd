//! The trust suite: is anything said that the manuals do not say, and is refused what they do
//! not answer?
//!
//! Each section measures one thing on its own and writes into the [`Sheet`].

mod answers;
mod guard;
mod injection;
mod mutation;
mod risk;
mod screen;

use std::path::PathBuf;

use super::report::{self, Section};
pub use super::report::{Sheet, Told};
use crate::operations::config::Config;
use crate::operations::outcome::Result;

/// Where all randomness starts.
pub const SEED: u64 = 0x7405;

/// What is measured.
#[derive(Debug)]
pub struct Options {
    /// Laid out like the evaluation data.
    pub from: PathBuf,
    /// The data directory: models.
    pub data: PathBuf,
    /// The resolved configuration.
    pub config: Config,
    /// A repository with `tests/golden`, `tests/trust` and `knowledge`, perhaps.
    pub repository: PathBuf,
    /// The models that answer; empty: the configured one.
    pub models: Vec<String>,
    /// Fewer of everything.
    pub quick: bool,
}

/// The sections by name, in their order.
const SECTIONS: [(&str, Section<Options>); 6] = [
    ("screen", screen::measure),
    ("injection", injection::measure),
    ("guard", guard::measure),
    ("mutation", mutation::measure),
    ("answers", answers::measure),
    ("risk", risk::measure),
];

/// Runs every section, or with `only` the named ones.
///
/// # Errors
/// Data or a model is missing.
pub fn run(options: &Options, only: &[String], told: &mut dyn Told) -> Result<Sheet> {
    report::run("trust", &SECTIONS, options, only, told)
}
