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

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::BufWriter;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::stage::Stage;
use super::{Build, Progress, make_dir, write};
use crate::core::answer::guard::injection;
use crate::core::cores::{Class, Lease};
use crate::core::knowledge::embed::{self, Embed, Encoded, Side};
use crate::core::knowledge::generation::place::{
    checked_name, current, generations, io, kb_dir, share_all, sync_dir, write_synced,
};
use crate::core::knowledge::generation::{Generation, KEYS, Meta, SENTENCES, TOKENS, VECTORS};
use crate::core::knowledge::passage::{Passage, Shape};
use crate::core::knowledge::vectors::late::{self, Late};
use crate::core::knowledge::vectors::{self, Learner, Projection, Vectors};
use crate::core::{Error, Kind, Result};

/// Where chunks are, below the knowledge base.
const IN_PROGRESS: &str = "vectors-in-progress";
/// Passages that are looked at together.
const WINDOW: u32 = 256;
/// Vectors of a chunk, some seconds' work.
const CHUNK: usize = 512;
/// Passages that the projection of word pieces is learned from.
const LEARNED: usize = 400;

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
    let passage = &*injection::masked(passage);
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
    let made = Made { embedder, tokens: build.token_vectors };
    if made.is_in(&generation) {
        return Ok(done);
    }
    let known = Known::open(&kb_dir, made)?;
    let mut job = Job { build, made, kb_dir, known, chunk: Chunk::default(), lease: None, computed: 0 };
    let mut is_whole = job.learn(&generation)?;
    let mut first = 0u32;
    while is_whole && (first as usize) < of {
        let last = (first + WINDOW).min(of as u32);
        is_whole = job.window(&generation, first..last)?;
        first = last;
        progress(Progress::Vectors { done: first as usize, of });
    }
    job.lease = None;
    job.keep()?;
    let computed = job.computed;
    if !is_whole {
        return Ok(Vectored { done: job.known.rows.len(), computed, interrupted: true, ..done });
    }
    let number = publish(&job.kb_dir, &generation, made, &job.known)?;
    let _ = fs::remove_dir_all(job.kb_dir.join(IN_PROGRESS));
    Ok(Vectored { generation: number, computed, ..done })
}

/// What vectors are to be made.
#[derive(Clone, Copy)]
struct Made<'a> {
    embedder: &'a dyn Embed,
    /// Those of word pieces too?
    tokens: bool,
}

impl Made<'_> {
    /// Does a generation have them?
    fn is_in(&self, generation: &Generation) -> bool {
        let same = generation.vectors.as_ref().is_some_and(|v| v.identity() == self.embedder.identity());
        same && (!self.tokens || generation.late.is_some())
    }

    fn key(&self, text: &str) -> Key {
        embed::key(text, self.embedder.identity())
    }
}

/// The computing of vectors.
struct Job<'a> {
    build: &'a Build<'a>,
    made: Made<'a>,
    kb_dir: PathBuf,
    known: Known,
    chunk: Chunk,
    lease: Option<Lease>,
    computed: usize,
}

impl Job<'_> {
    /// Learns the projection of the word pieces' vectors from passages all over the
    /// generation, where none is known yet; false where the job was stopped.
    fn learn(&mut self, generation: &Generation) -> Result<bool> {
        let of = generation.passage_count();
        if !self.made.tokens || self.known.projection.is_some() || of == 0 {
            return Ok(true);
        }
        let texts = (0..LEARNED.min(of))
            .map(|n| Ok(embedded_text(&generation.read_passage((n * of / LEARNED.min(of)) as u32)?)))
            .collect::<Result<Vec<String>>>()?;
        let (encoded, is_whole) = self.encode(&texts)?;
        if !is_whole {
            // Half a sample would be a worse projection for good.
            return Ok(false);
        }
        let mut learner = Learner::new(self.made.embedder.dims());
        for (_, vector) in encoded.iter().flat_map(|(_, e)| e.tokens.iter()) {
            learner.push(vector);
        }
        self.known.projection = learner.finish(late::NUMBERS);
        self.take(encoded, &texts);
        self.keep()?;
        Ok(true)
    }

    /// Makes the vectors of some passages that have none; false where it was stopped.
    fn window(&mut self, generation: &Generation, ids: Range<u32>) -> Result<bool> {
        let texts = ids
            .map(|id| Ok(embedded_text(&generation.read_passage(id)?)))
            .collect::<Result<Vec<String>>>()?;
        let (encoded, is_whole) = self.encode(&texts)?;
        self.take(encoded, &texts);
        if self.chunk.keys.len() >= CHUNK {
            self.keep()?;
        }
        Ok(is_whole)
    }

    /// Encodes those of `texts` that have no vectors, each once, giving way in between;
    /// with each its place in `texts`, and false where the job was stopped before the last.
    fn encode(&mut self, texts: &[String]) -> Result<(Vec<(usize, Encoded)>, bool)> {
        let mut places: Vec<usize> = Vec::new();
        let mut seen = HashSet::new();
        for (place, text) in texts.iter().enumerate() {
            let key = self.made.key(text);
            let has = self.known.rows.contains_key(&key) || self.chunk.places.contains(&key);
            if !has && seen.insert(key) {
                places.push(place);
            }
        }
        let views: Vec<&str> = places.iter().filter_map(|p| texts.get(*p)).map(String::as_str).collect();
        let threads = self.build.threads.max(1);
        let mut encoded = Vec::with_capacity(places.len());
        for step in embed::steps(&views, threads) {
            if self.build.hands().is_stopped() {
                return Ok((encoded, false));
            }
            match &mut self.lease {
                Some(lease) if lease.should_yield() => lease.yield_now(),
                Some(_) => {}
                None => self.lease = self.build.cores.map(|cores| cores.lease(Class::Index, threads)),
            }
            let threads = self.lease.as_ref().map_or(threads, Lease::threads);
            let texts = views.get(step.clone()).unwrap_or_default();
            let vectors = self.made.embedder.encode(texts, Side::Passage, threads)?;
            encoded.extend(places.get(step).unwrap_or_default().iter().copied().zip(vectors));
        }
        Ok((encoded, true))
    }

    fn take(&mut self, encoded: Vec<(usize, Encoded)>, texts: &[String]) {
        for (place, vectors) in encoded {
            let Some(text) = texts.get(place) else { continue };
            let tokens = self.known.projection.as_ref().filter(|_| self.made.tokens).map(|projection| {
                let is_word = |span| late::word(text, span).contains(char::is_alphanumeric);
                late::pack(projection, &vectors.tokens, is_word)
            });
            self.chunk.push(self.made.key(text), Row { sentence: vectors.sentence, tokens });
            self.computed += 1;
        }
    }

    /// Puts what was computed on the disk.
    fn keep(&mut self) -> Result<()> {
        let projection = self.known.projection.clone();
        if let Some(path) = std::mem::take(&mut self.chunk).keep(&self.kb_dir, self.made, projection)? {
            self.known.add(&path, self.made);
        }
        Ok(())
    }
}

/// The vectors of one text.
struct Row {
    sentence: Vec<f32>,
    /// Of its word pieces, packed.
    tokens: Option<Vec<u8>>,
}

/// Writes the vectors of all passages beside the generation's other files, and names it.
fn publish(kb_dir: &Path, generation: &Generation, made: Made, known: &Known) -> Result<u64> {
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
        let key = made.key(&embedded_text(&generation.read_passage(id)?));
        let row = known.row(&key).ok_or_else(|| {
            Error::new(Kind::Index, format!("the vector of passage {id} is lost")).hint("index again")
        })?;
        Ok((key, row))
    });
    write_rows(&dir, made, known.projection.clone(), rows)?;
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
    made: Made,
    projection: Option<Projection>,
    rows: impl Iterator<Item = Result<(Key, Row)>>,
) -> Result<()> {
    make_dir(dir)?;
    let create = |name: &str| {
        let path = dir.join(name);
        File::create(&path).map(BufWriter::new).map_err(|e| io(&path, e))
    };
    let failed = |e| io(dir, e);
    let embedder = made.embedder;
    let mut sentences =
        vectors::Writer::new(create(SENTENCES)?, embedder.dims(), embedder.identity()).map_err(failed)?;
    let mut tokens = match projection.filter(|_| made.tokens) {
        Some(projection) => {
            let writer = late::Writer::new(create(TOKENS)?, embedder.identity(), projection);
            Some(writer.map_err(failed)?)
        }
        None => None,
    };
    let mut keys = Vec::new();
    for row in rows {
        let (key, row) = row?;
        sentences.push(&row.sentence).map_err(failed)?;
        if let Some(tokens) = &mut tokens {
            tokens.push(row.tokens.as_deref().unwrap_or_default()).map_err(failed)?;
        }
        keys.extend_from_slice(&key);
    }
    let sync = |file: BufWriter<File>| {
        file.into_inner().map_err(std::io::IntoInnerError::into_error).and_then(|f| f.sync_all())
    };
    sentences.finish().and_then(sync).map_err(failed)?;
    if let Some(tokens) = tokens {
        tokens.finish().and_then(sync).map_err(failed)?;
    }
    write_synced(&dir.join(KEYS), |out| out.write_all(&keys))?;
    sync_dir(dir)
}

/// Vectors that were just computed.
#[derive(Default)]
struct Chunk {
    keys: Vec<Key>,
    rows: Vec<Row>,
    places: HashSet<Key>,
}

impl Chunk {
    fn push(&mut self, key: Key, row: Row) {
        self.places.insert(key);
        self.keys.push(key);
        self.rows.push(row);
    }

    /// Writes it aside and renames it; returns where it is, `None` where it is empty.
    fn keep(self, kb_dir: &Path, made: Made, projection: Option<Projection>) -> Result<Option<PathBuf>> {
        if self.keys.is_empty() {
            return Ok(None);
        }
        let root = kb_dir.join(IN_PROGRESS);
        make_dir(&root)?;
        let free = (0..).map(|n| root.join(n.to_string())).find(|path| !path.exists());
        let (Some(path), aside) = (free, root.join("new")) else { return Ok(None) };
        let _ = fs::remove_dir_all(&aside);
        write_rows(&aside, made, projection, self.keys.into_iter().zip(self.rows).map(Ok))?;
        fs::rename(&aside, &path).map_err(|e| io(&path, e))?;
        sync_dir(&root)?;
        Ok(Some(path))
    }
}

/// All vectors of one kind that are on the disk.
struct Known {
    files: Vec<(Vectors, Option<Late>)>,
    /// Which file, and which row of it.
    rows: HashMap<Key, (u32, u32)>,
    /// What the word pieces' vectors are projected on; in all files the same.
    projection: Option<Projection>,
}

impl Known {
    /// Those of the newest generation that has any, and the chunks.
    fn open(kb_dir: &Path, made: Made) -> Result<Self> {
        let mut known = Known { files: Vec::new(), rows: HashMap::new(), projection: None };
        let mut before = generations(kb_dir);
        before.sort_unstable();
        let now = current(kb_dir)?.unwrap_or_default();
        for (_, dir) in before.into_iter().rev().filter(|(number, _)| *number <= now) {
            if known.add(&dir.join(VECTORS), made) {
                break;
            }
        }
        let root = kb_dir.join(IN_PROGRESS);
        for entry in fs::read_dir(&root).into_iter().flatten().flatten() {
            // One of another kind, or one that was never finished.
            if !known.add(&entry.path(), made) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        Ok(known)
    }

    /// Adds a directory of vectors; false where there are none of the kind that is made.
    fn add(&mut self, dir: &Path, made: Made) -> bool {
        let (Ok(vectors), Ok(keys)) = (Vectors::open(&dir.join(SENTENCES)), fs::read(dir.join(KEYS))) else {
            return false;
        };
        let late = if made.tokens { Late::open(&dir.join(TOKENS)).ok() } else { None };
        let (keys, odd) = keys.as_chunks::<32>();
        let is_whole = odd.is_empty()
            && vectors.identity() == made.embedder.identity()
            && keys.len() == vectors.len()
            && late.as_ref().map_or(!made.tokens, |late| late.len() == keys.len());
        if !is_whole {
            return false;
        }
        if let Some(late) = &late {
            let projection = self.projection.get_or_insert_with(|| late.projection().clone());
            if late.identity() != late::identity(made.embedder.identity(), projection) {
                return false;
            }
        }
        let file = self.files.len() as u32;
        self.rows.extend(keys.iter().zip(0u32..).map(|(key, row)| (*key, (file, row))));
        self.files.push((vectors, late));
        true
    }

    fn row(&self, key: &Key) -> Option<Row> {
        let (file, row) = self.rows.get(key)?;
        let (vectors, late) = self.files.get(*file as usize)?;
        let tokens = late.as_ref().and_then(|late| late.packed(*row)).map(<[u8]>::to_vec);
        Some(Row { sentence: vectors.row(*row)?, tokens })
    }
}
