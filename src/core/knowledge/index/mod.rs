//! Indexing as a job: list, read what has changed, settle revisions, write aside, name it
//! last.
//!
//! ```text
//! walk ─▶ read (threads) ─▶ spool ─▶ settle ─▶ write ─▶ CURRENT     searchable by words
//!           └ unchanged: carried over from the generation before       │
//!                                              vectors ─▶ CURRENT     and by meaning
//! ```
//!
//! Stopped at any point, what was read is kept; killed at any point, the generation before
//! stays in force.

mod input;
mod pictures;
mod reading;
mod settle;
mod stage;
mod vectors;
mod write;

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use super::generation::{Input, checked_name, current};
use super::glossary::Glossary;
use super::read;
use crate::core::cores::{Class, Cores, Lease};
use crate::core::{Error, Kind, Result};

pub use super::generation::{Document, Generation, Standing, Store, kb_dir, knowledge_bases, open_all};
pub use super::walk::Skipped;
pub use vectors::{Vectored, add_vectors, embedded_text};

use super::embed::Embed;
use stage::Stage;

/// Generations of different content that are kept, the current one among them: replay
/// reads the older ones.
pub const KEPT: usize = 3;

/// What is to be built, and with what.
pub struct Build<'a> {
    /// The knowledge base.
    pub kb: &'a str,
    /// The directories to read.
    pub dirs: &'a [PathBuf],
    /// The data directory.
    pub data: &'a Path,
    /// The day, `YYYY-MM-DD`: a revision may be in force only from a later one. `""` where
    /// it is unknown.
    pub today: &'a str,
    /// At most so many threads read and cut.
    pub threads: usize,
    /// Where threads ask for their core before each file; with `None` they just run.
    pub cores: Option<&'a Cores>,
    /// Programs that readers need.
    pub tools: &'a dyn read::Tools,
    /// What makes vectors, once the generation can be searched by words.
    pub embedder: Option<&'a dyn Embed>,
    /// Are vectors of word pieces made too, by which the best passages are ranked again?
    pub token_vectors: bool,
    /// Once true, the job ends soon and keeps what it has done.
    pub stop: &'a AtomicBool,
}

static NEVER: AtomicBool = AtomicBool::new(false);

impl<'a> Build<'a> {
    /// One thread, no tools, no day, never stopped.
    pub fn new(kb: &'a str, dirs: &'a [PathBuf], data: &'a Path) -> Self {
        Build {
            kb,
            dirs,
            data,
            today: "",
            threads: 1,
            cores: None,
            tools: &read::NoTools,
            embedder: None,
            token_vectors: true,
            stop: &NEVER,
        }
    }

    fn hands(&self) -> Hands<'a> {
        Hands { threads: self.threads.max(1), cores: self.cores, stop: self.stop }
    }
}

/// The threads that a job may use.
#[derive(Clone, Copy)]
pub(super) struct Hands<'a> {
    threads: usize,
    cores: Option<&'a Cores>,
    stop: &'a AtomicBool,
}

impl Hands<'_> {
    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// The core of one thread, for one piece of work.
    fn core(&self) -> Option<Lease> {
        self.cores.map(|cores| cores.lease(Class::Index, 1))
    }

    /// `work` on every item, on the threads that there are for it just now; in order.
    fn each<T: Sync, U: Send>(&self, items: &[T], work: impl Fn(&T) -> U + Sync) -> Vec<U> {
        let lease = self.cores.map(|cores| cores.lease(Class::Index, self.threads));
        let threads = lease.as_ref().map_or(self.threads, Lease::threads);
        if threads < 2 || items.len() < 2 {
            return items.iter().map(work).collect();
        }
        let share = items.len().div_ceil(threads);
        let work = &work;
        std::thread::scope(|scope| {
            let shares: Vec<_> = items
                .chunks(share)
                .map(|chunk| scope.spawn(move || chunk.iter().map(work).collect::<Vec<U>>()))
                .collect();
            let done = |s: std::thread::ScopedJoinHandle<Vec<U>>| {
                s.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            shares.into_iter().flat_map(done).collect()
        })
    }
}

/// How far a build is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// A file is read, or found unchanged.
    Reading {
        /// Files done.
        done: usize,
        /// Files in all.
        of: usize,
        /// Bytes of the files done.
        bytes: u64,
        /// Bytes of all files.
        of_bytes: u64,
        /// The file's name.
        name: String,
    },
    /// The generation is written.
    Writing {
        /// Passages written.
        done: usize,
        /// Passages in it.
        of: usize,
    },
    /// The generation is in force: it can be searched by words.
    Words {
        /// Its number.
        generation: u64,
    },
    /// Vectors are computed.
    Vectors {
        /// Passages that have theirs.
        done: usize,
        /// Passages in all.
        of: usize,
    },
}

/// What a build did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Documents in the generation.
    pub documents: usize,
    /// Passages in it.
    pub passages: usize,
    /// What did not go in, and why.
    pub skipped: Vec<Skipped>,
    /// What went in but lacks something, and what was superseded.
    pub warnings: Vec<String>,
    /// The planner's glossary.
    #[serde(skip)]
    pub glossary: String,
    /// Bytes of stored text.
    pub bytes: u64,
    /// The generation's number; 0 where none was made and there was none.
    pub generation: u64,
    /// Files that were read.
    pub read: usize,
    /// Files that are as they were, and were not read again.
    pub unchanged: usize,
    /// Was it stopped before its end?
    pub interrupted: bool,
    /// Passages that have vectors.
    pub vectors: usize,
    /// Files that were not looked at because it was stopped; what the generation before
    /// had of them is kept.
    pub left: usize,
}

/// A document on its way into a generation.
pub(super) struct Entry {
    document: Document,
    input: Input,
    body: Body,
}

/// Where a document's text and passages are.
pub(super) enum Body {
    /// In the spool of this build.
    Spooled {
        /// The text's number.
        text: u32,
        /// The passages' numbers.
        passages: Range<u32>,
    },
    /// In the generation before.
    Before {
        /// The document's place there.
        place: usize,
    },
}

/// By document id.
pub(super) type Entries = BTreeMap<String, Entry>;

/// Indexes directories into a knowledge base: what was indexed from these directories
/// before is replaced, what came from others stays. A file that is as it was (its bytes,
/// its sidecars and its reader) is not read again. Where nothing changed, no generation is
/// made and the report names the current one.
///
/// # Errors
/// `Kind::Unreadable` where one of the directories holds nothing readable; `Kind::Index`
/// for a name that cannot be a knowledge base's; `Kind::Io` where the disk refuses. The
/// generation before stays in force.
pub fn build(build: &Build, progress: &mut dyn FnMut(Progress)) -> Result<Report> {
    let kb_dir = kb_dir(build.data, checked_name(build.kb)?);
    let mut report = Report { glossary: glossary(&kb_dir)?, ..Report::default() };
    let roots = input::roots(build.dirs)?;
    let before = before(&kb_dir, &mut report)?;
    let mut entries =
        carried_over(before.as_ref(), |document| !roots.iter().any(|root| document.source.starts_with(root)));
    let mut stage = Stage::begin(&kb_dir)?;
    reading::read_all(build, &roots, before.as_ref(), &stage, &mut entries, &mut report, progress)?;
    if report.interrupted && entries.is_empty() {
        return Ok(report);
    }
    settle::settle(&mut entries, build.today, &mut report);
    let mut report =
        write::write(build.kb, build.hands(), before.as_ref(), &mut stage, entries, report, progress)?;
    drop(stage);
    if let Some(embedder) = build.embedder.filter(|_| !report.interrupted) {
        let done = add_vectors(build, embedder, progress)?;
        report.generation = done.generation;
        report.vectors = done.done;
        report.interrupted = done.interrupted;
    }
    Ok(report)
}

/// Takes one document out of a knowledge base, in a new generation; `today` as in
/// [`Build::today`].
///
/// # Errors
/// `Kind::Index` where there is no such document or no index, or it is the last one;
/// `Kind::Io` as for [`build`].
pub fn remove(data: &Path, kb: &str, document: &str, today: &str) -> Result<Report> {
    let kb_dir = kb_dir(data, checked_name(kb)?);
    let mut report = Report { glossary: glossary(&kb_dir)?, ..Report::default() };
    let before = Generation::open(&kb_dir)?;
    let mut entries = carried_over(Some(&before), |_| true);
    if entries.remove(document).is_none() {
        return Err(Error::new(Kind::Index, format!("`{document}` is not in the index `{kb}`"))
            .hint("millwright index --check lists the documents"));
    }
    if entries.is_empty() {
        return Err(Error::new(Kind::Index, format!("`{document}` is the only document of `{kb}`"))
            .hint(format!("delete {} to drop the whole index", kb_dir.display())));
    }
    settle::settle(&mut entries, today, &mut report);
    let hands = Hands { threads: 1, cores: None, stop: &NEVER };
    let mut stage = Stage::begin(&kb_dir)?;
    write::write(kb, hands, Some(&before), &mut stage, entries, report, &mut |_| {})
}

/// Where the planner edits the glossary of a knowledge base.
pub fn glossary_file(data: &Path, kb: &str) -> PathBuf {
    kb_dir(data, kb).join(GLOSSARY)
}

const GLOSSARY: &str = "glossary.toml";

/// The planner's glossary, `""` where there is none. One that cannot be read stops the build,
/// and the generation before keeps the one that it has.
fn glossary(kb_dir: &Path) -> Result<String> {
    const LARGEST: u64 = 4 << 20;
    let path = kb_dir.join(GLOSSARY);
    if !path.is_file() {
        return Ok(String::new());
    }
    let named = |e: Error| Error { what: format!("{}: {}", path.display(), e.what), ..e };
    let bytes = input::bounded(&path, LARGEST).map_err(named)?;
    let text = read::decode(&bytes, GLOSSARY).map_err(named)?;
    Glossary::load(Some(&text)).map_err(named)?;
    Ok(text)
}

/// The generation before, where there is one that can be read.
fn before(kb_dir: &Path, report: &mut Report) -> Result<Option<Generation>> {
    if current(kb_dir)?.is_none() {
        return Ok(None);
    }
    match Generation::open(kb_dir) {
        Ok(before) => Ok(Some(before)),
        // Of another version or damaged: it cannot be read, so it cannot be carried over.
        Err(e) if e.kind == Kind::Index => {
            report.warnings.push(format!("{e}; only what is named now is in the new index"));
            Ok(None)
        }
        Err(e) => Err(e),
    }
}

/// The documents of the generation before that `keep` holds.
fn carried_over(before: Option<&Generation>, keep: impl Fn(&Document) -> bool) -> Entries {
    let Some(before) = before else { return Entries::new() };
    let places = before.documents().iter().enumerate().filter(|(_, d)| keep(d));
    places.filter_map(|(place, d)| Some((d.id.clone(), carried(before, place)?))).collect()
}

/// One document of the generation before, as it is.
fn carried(before: &Generation, place: usize) -> Option<Entry> {
    let document = before.documents().get(place)?.clone();
    let input = before.input(place)?.clone();
    Some(Entry { document, input, body: Body::Before { place } })
}

/// Makes a directory and what is missing above it.
fn make_dir(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).map_err(|e| super::generation::place::io(dir, e))
}
