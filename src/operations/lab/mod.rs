//! The lab (`millwright lab`): how soon the engine answers, beside its peers.
//!
//! [`trace`] says who asks what and when, pure and seeded; [`play`] plays a trace to our engine in
//! real time, [`peer`] has a script play the very same token ids to llama.cpp. Each section
//! ([`speeds`], [`modes`], [`rated`], [`interference`], [`memory`], [`hour`]) prints rows
//! ([`row`], the command line's contract) with its figures and the bars on them; `docs/lab.md`
//! says what each figure means. Nothing here decides anything at run time of the product.

pub mod card;
pub mod hour;
pub mod interference;
pub mod memory;
pub mod modes;
pub mod peer;
pub mod play;
pub mod plot;
pub mod rated;
pub mod row;
pub mod sentence;
pub mod speeds;
pub mod subject;
pub mod table;
mod text;
pub mod trace;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use card::Card;
use peer::Peer;
use row::Row;
use subject::{Mode, Subject};
use trace::Spell;

use crate::core::engine::Prompt;
use crate::core::engine::kernels::probe;
use crate::operations::config::Config;
use crate::operations::outcome::Result;
use crate::operations::platform;

/// Others may take this share of the machine; beyond it the lab says that its figures are not to
/// be trusted. One core that is busy makes threads that wait for each other many times slower.
const MOST_BUSY: f64 = 0.1;

/// What to measure.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where models are.
    pub data: PathBuf,
    /// The rest of the engine's settings.
    pub config: Config,
    /// The model: an id or a path.
    pub model: String,
    /// Sections, in order; all where empty.
    pub only: Vec<Section>,
    /// Seconds of each played trace; each section has its own where none are named.
    pub seconds: Option<u64>,
    /// Fewer and shorter runs: shows that it works, not how fast it is.
    pub quick: bool,
    /// The peers' programs, where they are wanted.
    pub peers: Option<peer::Where>,
    /// The checkout, for the peers' scripts.
    pub repository: PathBuf,
    /// This program, to measure a start from the beginning.
    pub program: PathBuf,
}

/// A section of the lab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// Prefill and decode, against the machine and the peer.
    Speeds,
    /// The five modes over devices.
    Modes,
    /// The rated load and its multiples.
    Rated,
    /// Short prompts beside a long one.
    Interference,
    /// Memory and starting.
    Memory,
    /// An hour's worth of anything.
    Hour,
}

impl Section {
    /// All, in the order in which they run.
    pub const ALL: [Section; 6] = [
        Section::Speeds,
        Section::Modes,
        Section::Rated,
        Section::Interference,
        Section::Memory,
        Section::Hour,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Section::Speeds => "speeds",
            Section::Modes => "modes",
            Section::Rated => "rated",
            Section::Interference => "interference",
            Section::Memory => "memory",
            Section::Hour => "hour",
        }
    }
}

/// Hears of what goes on.
pub trait Told {
    /// A run is done.
    ///
    /// # Errors
    /// Where it cannot be printed.
    fn row(&mut self, row: &Row) -> Result<()>;
    /// A word for the person.
    fn note(&mut self, line: &str);
    /// How far the present run is.
    fn progress(&mut self, what: &str, done: usize, of: usize);
}

/// What every section works with.
pub struct Bench<'o> {
    /// What is wanted.
    pub options: &'o Options,
    /// The model.
    pub card: Card,
    /// The peer, where one is wanted and there.
    pub peer: Option<Peer>,
    /// Bytes per second that the threads read from memory together.
    pub bandwidth: Option<f64>,
    /// 8-bit operations per second of the threads together.
    pub int8_peak: Option<f64>,
    machine: String,
    /// The share of the machine that others took before the present section.
    others_share: Option<f64>,
}

impl Bench<'_> {
    /// Threads that compute.
    pub fn threads(&self) -> usize {
        self.options.config.threads()
    }

    /// An engine of the lab's own, in this mode.
    ///
    /// # Errors
    /// Where the model cannot be loaded.
    pub fn subject(&self, mode: Mode, speculate: bool) -> Result<Arc<Subject>> {
        let Options { data, config, .. } = self.options;
        Subject::spawn(&self.card.path, data, config, mode, speculate)
    }

    /// How long a trace is: as named, or the section's own, or a quick run's.
    pub fn length(&self, usual: u64, quick: u64) -> Duration {
        let own = if self.options.quick { quick } else { usual };
        Duration::from_secs(self.options.seconds.unwrap_or(own).max(1))
    }

    /// A row of our engine or a peer's, signed by the machine.
    pub fn sign(&self, row: Row, section: Section, engine: &str, mode: &str) -> Row {
        let version = match &self.peer {
            Some(peer) if engine == peer::NAME => peer.version.clone(),
            _ => env!("CARGO_PKG_VERSION").to_owned(),
        };
        Row {
            engine: engine.to_owned(),
            mode: mode.to_owned(),
            model: self.card.name.clone(),
            section: section.name(),
            machine: self.machine.clone(),
            others_share: self.others_share,
            version,
            ..row
        }
    }
}

impl Spell for Card {
    fn count(&self, text: &str) -> usize {
        Card::count(self, text)
    }
    fn length(&self, prompt: &Prompt) -> usize {
        // What cannot be spelt is refused at the engine's door, and seen there.
        self.ids(prompt).map_or(0, |ids| ids.len())
    }
}

/// Runs the sections that are wanted; returns all rows.
///
/// # Errors
/// Where the model or a wanted peer is missing, or something cannot be printed.
pub fn run(options: &Options, told: &mut dyn Told) -> Result<Vec<Row>> {
    let card = Card::open(&options.data, &options.model)?;
    let peer = match &options.peers {
        Some(at) => Some(Peer::of(at, &options.repository)?),
        None => None,
    };
    let threads = options.config.threads();
    let known = |measured: f64| (measured.is_finite() && measured > 0.0).then_some(measured);
    let mut bench = Bench {
        others_share: None,
        bandwidth: known(probe::read_bandwidth(threads)),
        int8_peak: known(probe::int8_peak(threads)),
        machine: platform::machine(),
        options,
        card,
        peer,
    };
    introduce(&bench, told);
    let mut rows = Vec::new();
    for section in Section::ALL {
        if !options.only.is_empty() && !options.only.contains(&section) {
            continue;
        }
        bench.others_share = platform::busy_share(Duration::from_millis(500));
        if let Some(share) = bench.others_share.filter(|share| *share > MOST_BUSY) {
            let (name, percent) = (section.name(), share * 100.0);
            told.note(&format!(
                "{name}: others take {percent:.0} % of this machine; do not trust the figures"
            ));
        }
        rows.extend(match section {
            Section::Speeds => speeds::measure(&bench, told)?,
            Section::Modes => modes::measure(&bench, told)?,
            Section::Rated => rated::measure(&bench, told)?,
            Section::Interference => interference::measure(&bench, told)?,
            Section::Memory => memory::measure(&bench, told)?,
            Section::Hour => hour::measure(&bench, told)?,
        });
    }
    Ok(rows)
}

/// Says on what is measured, and with what.
fn introduce(bench: &Bench<'_>, told: &mut dyn Told) {
    told.note(&format!("machine   {}", bench.machine));
    told.note(&format!("flags     {}", platform::cpu_flags().join(" ")));
    let giga =
        |value: Option<f64>, unit| value.map_or("not known".into(), |v| format!("{:.1} {unit}", v / 1e9));
    told.note(&format!(
        "at most   {} read from memory, {} of 8-bit products, by {} threads",
        giga(bench.bandwidth, "GB/s"),
        giga(bench.int8_peak, "GOP/s"),
        bench.threads()
    ));
    told.note(&format!(
        "model     {} ({:.0} MB)",
        bench.card.name,
        bench.card.weights.file_bytes as f64 / 1e6
    ));
    told.note(&format!("engines   millwright {}", env!("CARGO_PKG_VERSION")));
    match &bench.peer {
        Some(peer) => told.note(&format!("          {} {}", peer::NAME, peer.version)),
        None => told.note("          no peer (--peers measures llama.cpp beside)"),
    }
    if bench.options.quick {
        told.note("a quick run: it shows that all works, not how fast it is");
    }
}
