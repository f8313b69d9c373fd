//! The engine under measurement: one model in one mode, spawned for the lab alone.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::core::Moment;
use crate::core::cores::{Clock, Cores};
use crate::core::engine::worker::{Engine, Options};
use crate::operations::config::Config;
use crate::operations::outcome::Result;

/// How the engine puts requests together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// One after the other.
    Single,
    /// A batch starts when four wait, and ends whole.
    Static,
    /// A batch is gathered for 60 ms, and ends whole: the article's micro-batch.
    Window,
    /// A window that grows with the load.
    Adaptive,
    /// Every step takes in who is there: the product.
    Continuous,
}

impl Mode {
    /// All of them, the simplest first.
    pub const ALL: [Mode; 5] = [Mode::Single, Mode::Static, Mode::Window, Mode::Adaptive, Mode::Continuous];

    /// As rows name it.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Single => "single",
            Mode::Static => "static",
            Mode::Window => "window",
            Mode::Adaptive => "adaptive",
            Mode::Continuous => "continuous",
        }
    }
}

/// An engine, and the clock that it goes by.
pub struct Subject {
    /// The engine.
    pub engine: Engine,
    clock: Arc<LabClock>,
}

impl Subject {
    /// Loads the model of `path`; the rest is as configured, save the mode. With `speculate`
    /// false no drafted tokens are tried: for rates that are to be compared token by token.
    ///
    /// # Errors
    /// Where the model cannot be loaded.
    pub fn spawn(path: &Path, config: &Config, mode: Mode, speculate: bool) -> Result<Arc<Subject>> {
        let clock = Arc::new(LabClock(Instant::now()));
        let cores = Cores::new(config.threads(), clock.clone());
        let options = options(config, mode, speculate);
        Ok(Arc::new(Subject { engine: Engine::spawn(path, options, cores, clock.clone())?, clock }))
    }

    /// Now, as the engine counts.
    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    /// Memory that its KV cache may take, bytes; `None` where it does not say.
    pub fn kv_bound_bytes(&self) -> Option<u64> {
        // WIRE: from `Status`, once it says how many pages of how many bytes there are.
        None
    }
}

// WIRE: `scheduler::Mode` and `speculate` go into `Options` here, and nowhere else.
fn options(config: &Config, mode: Mode, speculate: bool) -> Options {
    let _ = (mode, speculate);
    Options { queue_bound: config.engine.queue_bound, threads: config.threads() }
}

/// Time since the engine was spawned.
struct LabClock(Instant);

impl Clock for LabClock {
    fn now(&self) -> Moment {
        self.0.elapsed()
    }
}
