//! What every part of a node shares: clock, cores, audit log, models, index, snapshot.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use super::ahead::Ahead;
use super::governor::Governor;
use super::lexicon::Lexicons;
use super::resident::{Resident, crashed};
use super::session::{Key, SHIFT_MS, Sessions};
use crate::core::Moment;
use crate::core::answer::refusal;
use crate::core::cores::{Clock, Cores};
use crate::core::hear::repair::Lexicon;
use crate::core::knowledge::generation::{self, Generation, Store};
use crate::core::knowledge::search::{self, Only, Query};
use crate::core::snapshot::Snapshot;
use crate::core::turn::Findings;
use crate::operations::audit::{self, Audit};
use crate::operations::config::Config;
use crate::operations::outcome::{Error, Kind, Result};
use crate::operations::platform;

/// The edge's clock: time since the node started.
#[derive(Debug)]
pub struct NodeClock(Instant);

impl NodeClock {
    /// A clock that starts now.
    pub fn start() -> Arc<NodeClock> {
        Arc::new(NodeClock(Instant::now()))
    }
}

impl Clock for NodeClock {
    fn now(&self) -> Moment {
        self.0.elapsed()
    }
}

/// What every part of a node shares.
pub struct Shared {
    /// The data directory.
    pub data: PathBuf,
    /// The resolved configuration.
    pub config: Config,
    /// Time since the start.
    pub clock: Arc<dyn Clock>,
    /// Leases of cores.
    pub cores: Cores,
    /// The audit log.
    pub audit: Audit,
    /// Models in memory.
    pub resident: Resident,
    /// What models may do.
    pub(super) governor: Governor,
    /// What is read before it is asked for.
    pub(super) ahead: Ahead,
    /// The newest state.
    pub snapshot: watch::Sender<Snapshot>,
    /// Commands that run now, over all clients; a watcher is none.
    pub busy: AtomicUsize,
    /// One build of an index at a time.
    pub indexing: tokio::sync::Mutex<()>,
    store: RwLock<Arc<Store>>,
    /// The words of the store's generations.
    lexicons: RwLock<Lexicons>,
    /// The day on which it was decided which revisions are in force.
    day: Mutex<String>,
    /// Why the index could not be opened; empty where it was, or where there is none.
    index_fault: Mutex<String>,
    turns: AtomicU64,
    /// What is remembered between turns.
    sessions: Mutex<Sessions>,
}

impl Shared {
    /// Opens what belongs to a data directory.
    ///
    /// # Errors
    /// The audit log cannot be used. An index that cannot is told to whoever searches it.
    pub fn open(data: &Path, config: &Config) -> Result<Shared> {
        let clock: Arc<dyn Clock> = NodeClock::start();
        // The first question does not wait for its screen.
        std::thread::spawn(crate::entry::screen::safety::warm);
        let cores = Cores::new(config.threads(), clock.clone());
        let shared = Shared {
            data: data.to_owned(),
            config: config.clone(),
            resident: Resident::new(data, config, cores.clone(), clock.clone()),
            clock,
            cores,
            audit: Audit::open(data, config.audit.keep_days, unix_ms())?,
            governor: Governor::new(data, &config.models)?,
            ahead: Ahead::default(),
            snapshot: watch::channel(Snapshot::default()).0,
            busy: AtomicUsize::new(0),
            indexing: tokio::sync::Mutex::new(()),
            day: Mutex::new(String::new()),
            store: RwLock::new(Arc::new(Store { generations: Vec::new() })),
            lexicons: RwLock::default(),
            index_fault: Mutex::new(String::new()),
            turns: AtomicU64::new(0),
            sessions: Mutex::default(),
        };
        if let Err(e) = shared.reopen() {
            *shared.index_fault.lock().unwrap_or_else(PoisonError::into_inner) = e.to_string();
        }
        let notice = shared.interrupted();
        shared.snapshot.send_modify(|s| s.notice = notice);
        Ok(shared)
    }

    /// A line about the turns that the last node did not close; empty where there are none.
    pub fn interrupted(&self) -> String {
        match self.audit.interrupted.as_slice() {
            [] => String::new(),
            [one] => {
                format!("turn {one} was cut off when the last node ended; its question is in the audit log")
            }
            [.., last] => format!(
                "{} turns were cut off when the last node ended (last: {last}); their questions are in the audit log",
                self.audit.interrupted.len()
            ),
        }
    }

    /// Now.
    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    /// The pinned generations of all knowledge bases.
    pub fn store(&self) -> Arc<Store> {
        self.store.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The codes and terms of one knowledge base, or with `None` of all, for what is heard.
    pub fn lexicon(&self, kb: Option<&str>) -> Arc<Lexicon> {
        self.lexicons.read().unwrap_or_else(PoisonError::into_inner).get(kb)
    }

    /// Opens the newest generations; turns that run keep theirs.
    ///
    /// # Errors
    /// Nothing is indexed, or an index cannot be opened.
    pub fn reopen(&self) -> Result<()> {
        let today = today();
        let fresh = Arc::new(generation::open_all(&self.data, None)?.as_of(&today));
        *self.day.lock().unwrap_or_else(PoisonError::into_inner) = today;
        self.snapshot.send_modify(|s| s.index = summary(&fresh));
        let lexicons = Lexicons::of(&fresh);
        *self.store.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        *self.lexicons.write().unwrap_or_else(PoisonError::into_inner) = lexicons;
        self.index_fault.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(())
    }

    /// Searches one knowledge base, or with `None` all of them, for passages and the
    /// sections that they stand in.
    ///
    /// # Errors
    /// Nothing is indexed, no such knowledge base, or an index that cannot be read.
    pub async fn search(&self, query: Query, kb: Option<&str>) -> Result<Findings> {
        // A revision may have come into force at midnight.
        let day = self.day.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if !day.is_empty() && day != today() {
            self.reopen()?;
        }
        let store = self.store();
        let wanted: Vec<usize> = (0..store.generations.len())
            .filter(|i| kb.is_none_or(|kb| store.generations.get(*i).is_some_and(|g| g.kb == kb)))
            .collect();
        if wanted.is_empty() {
            let what = match kb {
                Some(kb) => format!("there is no knowledge base {kb}"),
                None => match self.index_fault.lock().unwrap_or_else(PoisonError::into_inner).as_str() {
                    "" => "no manuals are indexed".to_owned(),
                    fault => fault.to_owned(),
                },
            };
            return Err(Error::new(Kind::Missing, what).hint("millwright index DIR"));
        }
        let embedder = if query.only == Only::Words { None } else { self.resident.embedder().await? };
        let cores = self.cores.clone();
        tokio::task::spawn_blocking(move || {
            let generations: Vec<&Generation> =
                wanted.iter().filter_map(|i| store.generations.get(*i)).collect();
            let meaning = embedder.as_ref().map(|e| e.meaning(cores.total()));
            let found = search::search(&generations, &query, meaning)?;
            let siblings = search::sections(&generations, &found);
            let threshold = refusal::threshold(&generations, &found);
            Ok(Findings { found, siblings, threshold, wait: Duration::ZERO })
        })
        .await
        .map_err(crashed)?
    }

    /// What is remembered between turns.
    pub(super) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up a session that this node does not know yet, where the audit log says that it
    /// was left within a shift. A log that cannot be read costs the memory, not the turn.
    pub(super) async fn take_up(&self, key: &Key) {
        if self.sessions().knows(key) || !key.is_somebodys() {
            return;
        }
        let (data, asked) = (self.data.clone(), key.clone());
        let since = unix_ms() - SHIFT_MS;
        let read = tokio::task::spawn_blocking(move || {
            audit::trail(&data, &asked.session, asked.operator.as_deref(), since)
        });
        match read.await.map_err(crashed).and_then(|r| r) {
            Ok(trail) => self.sessions().take_up(key, &trail),
            Err(e) => tracing::warn!("session {} begins anew: {e}", key.session),
        }
    }

    /// A turn id that sorts by time: `20261123-131500.042-3`.
    pub fn new_turn_id(&self) -> String {
        let n = self.turns.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{}-{n}", utc_stamp(unix_ms()))
    }

    /// Changes the snapshot and brings its gauges up to date.
    pub fn show(&self, change: impl FnOnce(&mut Snapshot)) {
        let leases = self.cores.leases();
        let queue = self.resident.queue();
        let models = self.resident.names();
        self.snapshot.send_modify(|s| {
            change(s);
            s.leases = leases;
            s.queue = queue;
            s.models = models;
            s.memory_bytes = platform::resident_bytes();
        });
    }
}

/// Wall-clock time, for records only.
pub fn unix_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64)
}

/// The day, `YYYY-MM-DD` in UTC.
pub fn today() -> String {
    let stamp = utc_stamp(unix_ms());
    let part = |range: std::ops::Range<usize>| stamp.get(range).unwrap_or_default();
    format!("{}-{}-{}", part(0..4), part(4..6), part(6..8))
}

/// `YYYYMMDD-HHMMSS.mmm` in UTC (civil-from-days, Howard Hinnant's algorithm).
pub fn utc_stamp(unix_ms: i64) -> String {
    let (days, ms) = (unix_ms.div_euclid(86_400_000), unix_ms.rem_euclid(86_400_000));
    let z = days + 719_468;
    let (era, doe) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    let year = yoe + era * 400 + i64::from(month <= 2);
    let (h, m, s) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    format!("{year:04}{month:02}{day:02}-{h:02}{m:02}{s:02}.{:03}", ms % 1000)
}

/// The index in a line, for the panel.
fn summary(store: &Store) -> String {
    let documents: usize = store.generations.iter().map(|g| g.documents().len()).sum();
    let passages: usize = store.generations.iter().map(|g| g.passage_count()).sum();
    let names: Vec<String> = identities(store);
    if names.is_empty() {
        "nothing indexed".into()
    } else {
        format!("{documents} documents, {passages} passages ({})", names.join(", "))
    }
}

/// Each knowledge base with its generation's number.
pub fn identities(store: &Store) -> Vec<String> {
    store.generations.iter().map(|g| format!("{}#{}", g.kb, g.number)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_id_begins_with_the_time() {
        assert_eq!(utc_stamp(0), "19700101-000000.000");
        assert_eq!(utc_stamp(1_795_439_699_042), "20261123-131459.042");
        assert_eq!(utc_stamp(951_782_400_000), "20000229-000000.000");
    }
}
