//! The engine under measurement: one model in one mode, spawned for the lab alone.

use std::path::Path;
use std::sync::Arc;

use crate::core::Moment;
use crate::core::cores::{Clock, Cores};
use crate::core::engine::scheduler;
use crate::core::engine::worker::Engine;
use crate::operations::config::Config;
use crate::operations::node::shared::NodeClock;
use crate::operations::outcome::Result;

/// Requests of a static batch.
const BATCH: usize = 4;

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

    /// As the engine is told.
    fn of(self, config: &Config) -> scheduler::Mode {
        let ms = config.engine.window_ms;
        match self {
            Mode::Single => scheduler::Mode::Single,
            Mode::Static => scheduler::Mode::Static { size: BATCH },
            Mode::Window => scheduler::Mode::Window { ms },
            Mode::Adaptive => scheduler::Mode::Adaptive { most_ms: ms },
            Mode::Continuous => scheduler::Mode::Continuous,
        }
    }
}

/// An engine, and the clock that it goes by.
pub struct Subject {
    /// The engine.
    pub engine: Engine,
    /// Memory that its KV cache may take, bytes.
    pub kv_bound_bytes: u64,
    clock: Arc<NodeClock>,
}

impl Subject {
    /// Loads the model of `path`, its packed weights below `data`; the rest is as configured, save
    /// the mode. With `speculate` false no drafted tokens are tried: for rates that are to be
    /// compared token by token.
    ///
    /// # Errors
    /// Where the model cannot be loaded.
    pub fn spawn(
        path: &Path,
        data: &Path,
        config: &Config,
        mode: Mode,
        speculate: bool,
    ) -> Result<Arc<Subject>> {
        let clock = NodeClock::start();
        let cores = Cores::new(config.threads(), clock.clone());
        let mut options = config.engine.options(config.threads());
        options.packed = Some(data.join("models").join("packed"));
        options.speculate &= speculate;
        options.settings.mode = mode.of(config);
        let kv_bound_bytes = (options.kv_mib as u64) << 20;
        let engine = Engine::spawn(path, options, cores, clock.clone())?;
        Ok(Arc::new(Subject { engine, kv_bound_bytes, clock }))
    }

    /// Now, as the engine counts.
    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    /// Is nothing waiting, nothing running, and no page of the cache held or promised?
    pub fn is_idle(&self) -> bool {
        let status = self.engine.status();
        let held = status.kv.used + status.kv.promised;
        status.queue_len + status.in_flight + held == 0
            && !status.busy
            && status.kv.kept + status.kv.free == status.kv.pages
    }
}
