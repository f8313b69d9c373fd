//! An index of some directories, made and searched in process. The only file of the suite
//! that calls the knowledge room, so that a change there is followed here and nowhere else.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::core::knowledge::embed::{Embed, Side, steps};
use crate::core::knowledge::index::{self, Build, Report, Store};
use crate::core::knowledge::search::{self, Found, Hit, Only, Query};
use crate::operations::eval::scratch::{Scratch, copy};
use crate::operations::models::embedder;
use crate::operations::outcome::Result;

/// The name of the one knowledge base of a shelf.
pub const KB: &str = "eval";

/// An embedder that several shelves share.
pub type Embedder = Arc<embedder::Embedder>;

/// The embedder that the data directory holds, `None` where it holds none.
///
/// # Errors
/// Where it cannot be loaded.
pub fn embedder(data: &Path, named: &str) -> Result<Option<Embedder>> {
    Ok(embedder::Embedder::open(data, named)?.map(Arc::new))
}

/// Makes vectors of `texts`; how long that takes is the caller's to measure.
///
/// # Errors
/// Where the model fails.
pub fn embed(embedder: &Embedder, texts: &[String]) -> Result<()> {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    for step in steps(&texts, threads()) {
        embedder.encoder.encode(texts.get(step).unwrap_or_default(), Side::Passage, threads())?;
    }
    Ok(())
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// A finished index in a directory of its own.
pub struct Shelf {
    store: Store,
    scratch: Scratch,
    embedder: Option<Embedder>,
    /// What the build said.
    pub report: Report,
    /// How long it took.
    pub took: Duration,
}

impl Shelf {
    /// Indexes `dirs`; on top of `base`, where one is given.
    ///
    /// # Errors
    /// As the index's build.
    pub fn build(dirs: &[PathBuf], base: Option<&Shelf>, embedder: Option<&Embedder>) -> Result<Shelf> {
        let scratch = Scratch::new()?;
        if let Some(base) = base {
            copy(base.scratch.path(), scratch.path())?;
        }
        let began = Instant::now();
        let report = build(dirs, scratch.path(), embedder)?;
        let took = began.elapsed();
        let store = open(scratch.path())?;
        Ok(Shelf { store, scratch, embedder: embedder.cloned(), report, took })
    }

    /// The data directory that holds it.
    pub fn data(&self) -> &Path {
        self.scratch.path()
    }

    /// Has it vectors? Without them, only the words can be searched.
    pub fn has_vectors(&self) -> bool {
        has_vectors(&self.store)
    }

    /// The best `k` for a question.
    ///
    /// # Errors
    /// Where the index cannot be read.
    pub fn search(&self, text: &str, only: Only, k: usize) -> Result<Found> {
        self.find(&Query { text: text.to_owned(), k, only, ..Query::default() })
    }

    /// The best hits for a query of any kind.
    ///
    /// # Errors
    /// Where the index cannot be read.
    pub fn find(&self, query: &Query) -> Result<Found> {
        find(&self.store, query, self.embedder.as_ref())
    }

    /// The file that a hit's document was read from.
    pub fn source(&self, hit: &Hit) -> Option<&Path> {
        let generation = self.store.generations.first()?;
        Some(generation.document(&hit.passage.document)?.source.as_path())
    }

    /// Is there a code, in the index's own canonical form?
    pub fn knows_code(&self, normal: &str) -> bool {
        self.store.generations.iter().any(|g| g.known_code(normal))
    }
}

/// Does the answer ask which of several codes was meant?
pub fn asks_back(found: &Found) -> bool {
    !found.choices.is_empty()
}

/// Indexes `dirs` below the data directory `data`.
///
/// # Errors
/// As the index's build.
pub fn build(dirs: &[PathBuf], data: &Path, embedder: Option<&Embedder>) -> Result<Report> {
    let job = Build {
        threads: threads(),
        embedder: embedder.map(|e| &e.encoder as &dyn Embed),
        ..Build::new(KB, dirs, data)
    };
    Ok(index::build(&job, &mut |_| {})?)
}

/// Opens what a data directory holds.
///
/// # Errors
/// Where there is no index, or it is damaged.
pub fn open(data: &Path) -> Result<Store> {
    Ok(index::open_all(data, None)?)
}

/// Has an index vectors?
pub fn has_vectors(store: &Store) -> bool {
    store.generations.iter().any(|g| g.vectors.is_some())
}

/// The best `k` for a question.
///
/// # Errors
/// Where the index cannot be read.
pub fn find(store: &Store, asked: &Query, embedder: Option<&Embedder>) -> Result<Found> {
    let generations: Vec<_> = store.generations.iter().collect();
    Ok(search::search(&generations, asked, embedder.map(|e| e.meaning(threads())))?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::operations::eval::scratch::put;

    #[test]
    fn a_shelf_on_top_of_another_finds_in_both_and_says_from_which_file() {
        let scratch = Scratch::new().unwrap();
        let file = |name: &str| scratch.path().canonicalize().unwrap().join(name);
        put(&file("a/manual/same.md"), "# Fan\n\nThe fan hums at dusk.\n").unwrap();
        put(&file("b/manual/same.md"), "# Pump\n\nThe pump gurgles.\n").unwrap();
        let below = Shelf::build(&[file("a/manual")], None, None).unwrap();
        let both = Shelf::build(&[file("b/manual")], Some(&below), None).unwrap();
        assert_eq!((below.report.documents, both.report.documents), (1, 2));
        for (question, name) in [("hums at dusk", "a/manual/same.md"), ("pump gurgles", "b/manual/same.md")] {
            let found = both.search(question, Only::Words, 5).unwrap();
            assert_eq!(both.source(&found.hits[0]), Some(file(name).as_path()), "{question}");
        }
        assert!(below.search("pump gurgles", Only::Words, 5).unwrap().hits.is_empty());
    }
}
