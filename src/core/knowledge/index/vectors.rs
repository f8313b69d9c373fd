//! Vectors behind the words: a generation that can already be searched gets a vector for
//! each passage, and is published again.
//!
//! ```text
//! the generation before ─┐
//! vectors-in-progress/ ──┼─ key of the text ─▶ known? ─▶ carried over
//! the embedder ──────────┘                       └ no ─▶ encoded, kept in a chunk
//! ```
//!
//! What is computed is kept in chunks beside the generations, each written aside and
//! renamed, so that neither Ctrl-C nor a kill costs more than one chunk. They are removed
//! once a generation holds all of it.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use super::stage::Stage;
use super::{Build, Progress, make_dir, write};
use crate::core::cores::{Class, Lease};
use crate::core::knowledge::embed::{self, Embed, Side};
use crate::core::knowledge::generation::place::{
    checked_name, current, generations, io, kb_dir, share_all, sync_dir, write_synced,
};
use crate::core::knowledge::generation::{Generation, KEYS, Meta, SENTENCES, VECTORS};
use crate::core::knowledge::passage::{Passage, Shape};
use crate::core::knowledge::vectors::{Vectors, Writer};
use crate::core::{Error, Kind, Result};

/// Where chunks are, below the knowledge base.
const IN_PROGRESS: &str = "vectors-in-progress";
/// Passages that are looked at together.
const WINDOW: u32 = 256;
/// Vectors of a chunk.
const CHUNK: usize = 1024;

type Key = [u8; 32];

/// What became of the vectors of a generation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Vectored {
    /// The generation that is in force now.
    pub generation: u64,
    /// Passages that have vectors.
    pub done: usize,
    /// Those that were computed, rather than carried over.
    pub computed: usize,
    /// Was it stopped before its end? What was computed is kept for the next time.
    pub interrupted: bool,
}

/// The text that a passage's vector is made of: where it stands, and what it says.
pub fn embedded_text(passage: &Passage) -> String {
    let mut text = passage.section.join(" > ");
    text.push('\n');
    if passage.shape == Shape::Row && !passage.fields.is_empty() {
        for field in passage.fields.iter().filter(|f| !f.value.is_empty()) {
            if !field.name.is_empty() {
                text.push_str(&field.name);
                text.push_str(": ");
            }
            text.push_str(&field.value);
            text.push_str("; ");
        }
    } else {
        text.push_str(&passage.text);
    }
    text
}

/// Gives the current generation of `build`'s knowledge base vectors by `embedder`, as a
/// generation of its own; of `build` the directories are not looked at. Where it has them
/// already, nothing is done.
///
/// # Errors
/// `Kind::Index` where there is no generation; `Kind::Compute` and `Kind::Io` as they come.
/// The generation before stays in force.
pub fn add_vectors(
    build: &Build,
    embedder: &dyn Embed,
    progress: &mut dyn FnMut(Progress),
) -> Result<Vectored> {
    let kb_dir = kb_dir(build.data, checked_name(build.kb)?);
    let generation = Generation::open(&kb_dir)?;
    let of = generation.passage_count();
    let done = Vectored { generation: generation.number, done: of, ..Vectored::default() };
    if generation.vectors.as_ref().is_some_and(|v| v.identity() == embedder.identity()) {
        return Ok(done);
    }
    let mut known = Known::open(&kb_dir, embedder.identity())?;
    let mut chunk = Chunk::default();
    let mut lease: Option<Lease> = None;
    let (mut first, mut computed) = (0u32, 0);
    while (first as usize) < of {
        let last = (first + WINDOW).min(of as u32);
        let texts = (first..last)
            .map(|id| Ok(embedded_text(&generation.read_passage(id)?)))
            .collect::<Result<Vec<String>>>()?;
        let fresh = fresh(&texts, embedder, &known, &chunk);
        let views: Vec<&str> = fresh.iter().map(|(_, text)| *text).collect();
        let threads = build.threads.max(1);
        for step in embed::steps(&views, threads) {
            if build.hands().is_stopped() {
                chunk.keep(&kb_dir, embedder)?;
                return Ok(Vectored { done: known.rows.len(), computed, interrupted: true, ..done });
            }
            match &mut lease {
                Some(lease) if lease.should_yield() => lease.yield_now(),
                Some(_) => {}
                None => lease = build.cores.map(|cores| cores.lease(Class::Index, threads)),
            }
            let threads = lease.as_ref().map_or(threads, Lease::threads);
            let (keys, texts) =
                (fresh.get(step.clone()).unwrap_or_default(), views.get(step).unwrap_or_default());
            let encoded = embedder.encode(texts, Side::Passage, threads)?;
            for ((key, _), vectors) in keys.iter().zip(encoded) {
                chunk.push(*key, vectors.sentence);
                computed += 1;
            }
        }
        if chunk.keys.len() >= CHUNK {
            let path = std::mem::take(&mut chunk).keep(&kb_dir, embedder)?;
            known.add(path, embedder.identity());
        }
        first = last;
        progress(Progress::Vectors { done: first as usize, of });
    }
    drop(lease);
    let path = chunk.keep(&kb_dir, embedder)?;
    known.add(path, embedder.identity());
    let number = publish(&kb_dir, &generation, embedder, &known)?;
    let _ = fs::remove_dir_all(kb_dir.join(IN_PROGRESS));
    Ok(Vectored { generation: number, computed, ..done })
}

/// The texts that have no vector yet, each once, with their keys.
fn fresh<'t>(texts: &'t [String], embedder: &dyn Embed, known: &Known, chunk: &Chunk) -> Vec<(Key, &'t str)> {
    let mut fresh: Vec<(Key, &str)> = Vec::new();
    for text in texts {
        let key = embed::key(text, embedder.identity());
        let has = known.rows.contains_key(&key) || chunk.places.contains_key(&key);
        if !has && !fresh.iter().any(|(k, _)| *k == key) {
            fresh.push((key, text));
        }
    }
    fresh
}

/// Writes the vectors of all passages beside the generation's other files, and names it.
fn publish(kb_dir: &Path, generation: &Generation, embedder: &dyn Embed, known: &Known) -> Result<u64> {
    let mut stage = Stage::begin(kb_dir)?;
    if current(kb_dir)? != Some(generation.number) {
        return Err(Error::new(Kind::Index, "the index was built anew meanwhile").hint("index again"));
    }
    share_all(generation.dir(), &stage.dir)?;
    let dir = stage.dir.join(VECTORS);
    // Those of another embedder.
    let _ = fs::remove_dir_all(&dir);
    let of = generation.passage_count() as u32;
    let rows = (0..of).map(|id| {
        let key = embed::key(&embedded_text(&generation.read_passage(id)?), embedder.identity());
        let row = known.row(&key).ok_or_else(|| {
            Error::new(Kind::Index, format!("the vector of passage {id} is lost")).hint("index again")
        })?;
        Ok((key, row))
    });
    write_rows(&dir, embedder, rows)?;
    let path = stage.dir.join("meta.toml");
    let mut meta = Meta::read(&stage.dir)?;
    // The shared file is never written: it becomes another one.
    fs::remove_file(&path).map_err(|e| io(&path, e))?;
    meta.generation = stage.number;
    write::publish(&mut stage, &meta)?;
    Ok(meta.generation)
}

/// Writes a directory of vectors, and waits until it is on the disk.
fn write_rows(
    dir: &Path,
    embedder: &dyn Embed,
    rows: impl Iterator<Item = Result<(Key, Vec<f32>)>>,
) -> Result<()> {
    make_dir(dir)?;
    let path = dir.join(SENTENCES);
    let failed = |e| io(&path, e);
    let file = File::create(&path).map_err(failed)?;
    let mut writer =
        Writer::new(BufWriter::new(file), embedder.dims(), embedder.identity()).map_err(failed)?;
    let mut keys = Vec::new();
    for row in rows {
        let (key, row) = row?;
        writer.push(&row).map_err(failed)?;
        keys.extend_from_slice(&key);
    }
    let file = writer.finish().map_err(failed)?.into_inner().map_err(|e| failed(e.into_error()))?;
    file.sync_all().map_err(failed)?;
    write_synced(&dir.join(KEYS), |out| out.write_all(&keys))?;
    sync_dir(dir)
}

/// Vectors that were just computed.
#[derive(Default)]
struct Chunk {
    keys: Vec<Key>,
    rows: Vec<Vec<f32>>,
    places: HashMap<Key, usize>,
}

impl Chunk {
    fn push(&mut self, key: Key, row: Vec<f32>) {
        self.places.insert(key, self.keys.len());
        self.keys.push(key);
        self.rows.push(row);
    }

    /// Writes it aside and renames it; returns where it is, `None` where it is empty.
    fn keep(self, kb_dir: &Path, embedder: &dyn Embed) -> Result<Option<PathBuf>> {
        if self.keys.is_empty() {
            return Ok(None);
        }
        let root = kb_dir.join(IN_PROGRESS);
        make_dir(&root)?;
        let free = (0..).map(|n| root.join(n.to_string())).find(|path| !path.exists());
        let (Some(path), aside) = (free, root.join("new")) else { return Ok(None) };
        let _ = fs::remove_dir_all(&aside);
        write_rows(&aside, embedder, self.keys.into_iter().zip(self.rows).map(Ok))?;
        fs::rename(&aside, &path).map_err(|e| io(&path, e))?;
        sync_dir(&root)?;
        Ok(Some(path))
    }
}

/// All vectors of one embedder that are on the disk.
struct Known {
    files: Vec<Vectors>,
    /// Which file, and which row of it.
    rows: HashMap<Key, (u32, u32)>,
}

impl Known {
    /// Those of the newest generation that has any of this embedder, and the chunks.
    fn open(kb_dir: &Path, identity: &str) -> Result<Self> {
        let mut known = Known { files: Vec::new(), rows: HashMap::new() };
        let mut before = generations(kb_dir);
        before.sort_unstable();
        let now = current(kb_dir)?.unwrap_or_default();
        let older = before.into_iter().rev().filter(|(number, _)| *number <= now);
        for (_, dir) in older {
            if known.add(Some(dir.join(VECTORS)), identity) {
                break;
            }
        }
        let root = kb_dir.join(IN_PROGRESS);
        for entry in fs::read_dir(&root).into_iter().flatten().flatten() {
            // One of another embedder, or one that was never finished.
            if !known.add(Some(entry.path()), identity) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        Ok(known)
    }

    /// Adds a directory of vectors; false where there are none of this embedder.
    fn add(&mut self, dir: Option<PathBuf>, identity: &str) -> bool {
        let Some(dir) = dir else { return false };
        let (Ok(vectors), Ok(keys)) = (Vectors::open(&dir.join(SENTENCES)), fs::read(dir.join(KEYS))) else {
            return false;
        };
        let (keys, odd) = keys.as_chunks::<32>();
        if vectors.identity() != identity || keys.len() != vectors.len() || !odd.is_empty() {
            return false;
        }
        let file = self.files.len() as u32;
        self.rows.extend(keys.iter().zip(0u32..).map(|(key, row)| (*key, (file, row))));
        self.files.push(vectors);
        true
    }

    fn row(&self, key: &Key) -> Option<Vec<f32>> {
        let (file, row) = self.rows.get(key)?;
        self.files.get(*file as usize)?.row(*row)
    }
}
