//! Vectors of passages: stored as bytes, memory-mapped, scanned by brute force.
//!
//! One file holds a generation's sentence vectors, one row a passage, the row's number
//! being the passage's id. `container` is the file's form, `quantise` how a vector becomes
//! bytes, `kernels` the integer products, `late` the token vectors that rerank.
//!
//! At this size (a million rows are a third of a gigabyte) a scan is bound by memory
//! bandwidth and beats an index: no build, no recall lost, filters cost nothing.
//!
//! Invariants: what a file says of itself is checked when it is opened, so that no later
//! read can leave it; scores do not depend on the number of threads, nor on the
//! instruction-set path; equal scores rank by id.

pub(crate) mod container;
pub mod kernels;
pub mod late;
mod project;
mod quantise;
mod top;

use std::io::Write;
use std::path::Path;

use kernels::Kernels;
use quantise::{Query, padded};
use tantivy::directory::OwnedBytes;
use top::Top;

use crate::core::{Error, Kind, Result};

pub use project::{Learner, Projection};

/// What the container calls a file of sentence vectors.
const FORM: &str = "vectors";
/// Changes when a file of vectors changes its meaning.
const VERSION: u32 = 1;
/// Rows whose dot products are taken at a time: they fit the first-level cache's shadow
/// and keep a filter's calls few.
const BLOCK: usize = 256;

/// Writes a file of vectors, row by row: only the rows' scales are held in memory (four
/// bytes a row). The caller syncs the file, as with all files of a generation.
pub struct Writer<W: Write> {
    out: container::Writer<W>,
    dims: usize,
    row: Vec<u8>,
    scales: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Begins a file of vectors of `dims` numbers made by the embedder `identity`.
    ///
    /// # Errors
    /// What `out` says; [`std::io::ErrorKind::InvalidInput`] for an impossible `dims`.
    pub fn new(out: W, dims: usize, identity: &str) -> std::io::Result<Self> {
        if dims == 0 || padded(dims) > kernels::MAX_DEPTH {
            return Err(std::io::Error::new(
                std::io::ErrorKind::InvalidInput,
                "vectors of no or too many numbers",
            ));
        }
        let mut out = container::Writer::new(out, FORM, VERSION, identity)?;
        out.begin("rows")?;
        Ok(Self { out, dims, row: Vec::new(), scales: Vec::new() })
    }

    /// Writes the next row. A vector need not be of unit length: only its direction counts.
    ///
    /// # Errors
    /// What the output says; [`std::io::ErrorKind::InvalidInput`] where the row is of
    /// another width.
    pub fn push(&mut self, vector: &[f32]) -> std::io::Result<()> {
        if vector.len() != self.dims {
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, "a vector of another width"));
        }
        let scale = quantise::stored(vector, &mut self.row);
        self.scales.extend_from_slice(&scale.to_le_bytes());
        self.out.write(&self.row)
    }

    /// Ends the file and gives back the output.
    ///
    /// # Errors
    /// What the output says.
    pub fn finish(mut self) -> std::io::Result<W> {
        let count = self.scales.len() / 4;
        self.out.begin("scales")?;
        self.out.write(&self.scales)?;
        self.out.finish(&[("dims", self.dims as u64), ("count", count as u64)])
    }
}

/// A file of vectors, memory-mapped: its pages belong to the file, not to this process.
pub struct Vectors {
    file: container::Container,
    dims: usize,
    count: usize,
    rows: OwnedBytes,
    scales: OwnedBytes,
    kernels: Kernels,
}

impl std::fmt::Debug for Vectors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vectors({} × {}, {})", self.count, self.dims, self.file.identity())
    }
}

impl Vectors {
    /// Opens a file of vectors.
    ///
    /// # Errors
    /// `Kind::Index` where it is missing, of another form, or damaged in what was read
    /// ([`Vectors::verify`] reads the rest).
    pub fn open(path: &Path) -> Result<Self> {
        let file = container::Container::open(path, FORM, VERSION)?;
        let damaged = || container::damaged(path, "its sizes do not agree");
        let (dims, count) = (file.number("dims")?, file.number("count")?);
        let (rows, scales) = (file.section("rows")?, file.checked_section("scales")?);
        let stride = padded(dims);
        if dims == 0 || stride > kernels::MAX_DEPTH || u32::try_from(count).is_err() {
            return Err(damaged());
        }
        if count.checked_mul(stride) != Some(rows.len()) || count.checked_mul(4) != Some(scales.len()) {
            return Err(damaged());
        }
        Ok(Self { file, dims, count, rows, scales, kernels: Kernels::best() })
    }

    /// Reads every byte and compares it with the file's own checksums.
    ///
    /// # Errors
    /// `Kind::Index` where they differ.
    pub fn verify(&self) -> Result<()> {
        self.file.verify()
    }

    /// Numbers per vector.
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Which embedder made the rows.
    pub fn identity(&self) -> &str {
        self.file.identity()
    }

    /// One row as numbers again, of unit length but for rounding: what an incremental build
    /// carries over. `None` past the end.
    pub fn row(&self, id: u32) -> Option<Vec<f32>> {
        let stride = padded(self.dims);
        let at = id as usize;
        let row = self.rows.get(at.checked_mul(stride)?..)?.get(..self.dims)?;
        let scale = quantise::scale_at(&self.scales, at)?;
        Some(row.iter().map(|&b| (f32::from(b) - 128.0) * scale).collect())
    }

    /// The `k` nearest rows among those that `allowed` says yes to, by cosine, nearest
    /// first, on at most `threads` threads.
    ///
    /// # Errors
    /// `Kind::Index` where the query is of another width than the rows.
    pub fn search(
        &self,
        query: &[f32],
        k: usize,
        threads: usize,
        allowed: impl Fn(u32) -> bool + Sync,
    ) -> Result<Vec<(u32, f32)>> {
        if query.len() != self.dims {
            let what =
                format!("the index holds vectors of {}, the question is one of {}", self.dims, query.len());
            return Err(Error::new(Kind::Index, what).hint("millwright index DIR, with the embedder of now"));
        }
        let query = Query::new(query);
        // A thread is worth its start from about a megabyte of rows on.
        let threads = threads.clamp(1, (self.count / 4096).max(1));
        let share = self.count.div_ceil(threads).next_multiple_of(BLOCK);
        let scan = |first: usize| {
            let mut top = Top::new(k);
            self.scan(&query, first, (first + share).min(self.count), &allowed, &mut top);
            top
        };
        let mut best = std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads)
                .map(|t| t * share)
                .filter(|&f| f < self.count)
                .map(|f| scope.spawn(move || scan(f)))
                .collect();
            let mut best = scan(0);
            for other in others {
                // A panic there is a defect of `allowed` or of ours: it goes on here.
                best.merge(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            best
        });
        Ok(best.take())
    }

    fn scan(&self, query: &Query, first: usize, end: usize, allowed: &impl Fn(u32) -> bool, top: &mut Top) {
        let stride = query.bytes().len();
        let mut dots = [0; BLOCK];
        for block in (first..end).step_by(BLOCK) {
            let count = BLOCK.min(end - block);
            let dots = &mut dots[..count];
            // The sizes were checked when the file was opened.
            self.kernels.dots(&self.rows[block * stride..][..count * stride], query.bytes(), dots);
            let scales = self.scales[block * 4..][..count * 4].chunks_exact(4);
            for (place, (dot, scale)) in dots.iter().zip(scales).enumerate() {
                let score = query.cosine(*dot, quantise::scale_of(scale));
                let id = (block + place) as u32;
                if top.wants(id, score) && allowed(id) {
                    top.push(id, score);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
