//! An index of some directories, made and searched in process. The only file of the suite
//! that calls the knowledge room, so that a change there is followed here and nowhere else.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::core::answer::calibration::calibrate;
use crate::core::answer::refusal;
use crate::core::knowledge::embed::{Embed, Side, steps};
use crate::core::knowledge::generation::Generation;
use crate::core::knowledge::index::{self, Build, Report, Store};
use crate::core::knowledge::passage::Passage;
use crate::core::knowledge::search::{self, Found, Hit, Only, Query};
use crate::operations::eval::scratch::{Scratch, copy};
use crate::operations::models::embedder::Embedder;
use crate::operations::outcome::{Error, Kind, Result};
use crate::operations::readers::Programs;

/// The name of the one knowledge base of a shelf.
pub const KB: &str = "eval";

/// What indexes are made and searched with.
pub struct Bench {
    tools: Programs,
    embedder: Option<Embedder>,
    threads: usize,
}

impl Bench {
    /// The programs and the embedder (by id, or by path) of the installation in `data`.
    ///
    /// # Errors
    /// An embedder that is installed but cannot be opened.
    pub fn of(data: &Path, embedder: &str, threads: usize) -> Result<Bench> {
        let embedder = Embedder::open(data, embedder)?;
        Ok(Bench { tools: Programs::of(data), embedder, threads })
    }

    /// No embedder, one thread.
    #[cfg(test)]
    pub fn bare(data: &Path) -> Bench {
        Bench { tools: Programs::of(data), embedder: None, threads: 1 }
    }

    /// The embedder, where there is one.
    pub fn embedder(&self) -> Option<&Embedder> {
        self.embedder.as_ref()
    }

    /// Makes vectors of texts, a step at a time.
    ///
    /// # Errors
    /// Where there is no embedder, or it fails.
    pub fn embed(&self, texts: &[&str]) -> Result<()> {
        let Some(embedder) = &self.embedder else {
            return Err(
                Error::new(Kind::Missing, "there is no embedder").hint("millwright models pull embedder")
            );
        };
        for step in steps(texts, self.threads) {
            embedder.encoder.encode(texts.get(step).unwrap_or_default(), Side::Passage, self.threads)?;
        }
        Ok(())
    }

    /// Indexes `dirs` below the data directory `data`: words, and vectors where wanted.
    ///
    /// # Errors
    /// As the index's build.
    pub fn build(&self, dirs: &[PathBuf], data: &Path, vectors: bool) -> Result<Report> {
        let embedder = self.embedder.as_ref().filter(|_| vectors);
        let build = Build {
            threads: self.threads,
            tools: &self.tools,
            embedder: embedder.map(|e| &e.encoder as &dyn Embed),
            ..Build::new(KB, dirs, data)
        };
        Ok(index::build(&build, &mut |_| {})?)
    }

    /// What a query finds.
    ///
    /// # Errors
    /// Where the index cannot be read.
    pub fn find(&self, store: &Store, query: &Query) -> Result<Found> {
        let generations: Vec<_> = store.generations.iter().collect();
        let meaning = self.embedder.as_ref().map(|e| e.meaning(self.threads));
        Ok(search::search(&generations, query, meaning)?)
    }
}

/// A finished index in a directory of its own.
pub struct Shelf<'b> {
    bench: &'b Bench,
    store: Store,
    scratch: Scratch,
    /// What the build said.
    pub report: Report,
    /// How long it took.
    pub took: Duration,
    /// Are its vectors searched? Without, there are only words.
    pub has_vectors: bool,
    /// Is it ranked again?
    pub has_reranker: bool,
}

impl<'b> Shelf<'b> {
    /// Indexes `dirs` with all that the bench has; on top of `base`, where one is given.
    ///
    /// # Errors
    /// As the index's build.
    pub fn build(bench: &'b Bench, dirs: &[PathBuf], base: Option<&Shelf>) -> Result<Shelf<'b>> {
        Shelf::with(bench, dirs, base, true)
    }

    /// Indexes `dirs` without vectors.
    ///
    /// # Errors
    /// As the index's build.
    pub fn of_words(bench: &'b Bench, dirs: &[PathBuf]) -> Result<Shelf<'b>> {
        Shelf::with(bench, dirs, None, false)
    }

    fn with(bench: &'b Bench, dirs: &[PathBuf], base: Option<&Shelf>, vectors: bool) -> Result<Shelf<'b>> {
        let scratch = Scratch::new()?;
        if let Some(base) = base {
            copy(base.scratch.path(), scratch.path())?;
        }
        let began = Instant::now();
        let report = bench.build(dirs, scratch.path(), vectors)?;
        let took = began.elapsed();
        let store = open(scratch.path())?;
        let mut shelf =
            Shelf { bench, store, scratch, report, took, has_vectors: false, has_reranker: false };
        (shelf.has_vectors, shelf.has_reranker) = shelf.ways()?;
        Ok(shelf)
    }

    /// Are vectors searched, and is the best ranked again? Asked of a search in English, which
    /// every embedder knows, for an index may hold what its search does not use.
    fn ways(&self) -> Result<(bool, bool)> {
        let found = |only| self.search("What does the manual say about the error?", only, 10);
        let vectors = found(Only::Vectors)?.hits.iter().any(|h| h.features.cosine.is_some());
        let reranked = found(Only::Reranked)?.hits.iter().any(|h| h.features.late.is_some());
        Ok((vectors, reranked))
    }

    /// The data directory that holds it.
    pub fn data(&self) -> &Path {
        self.scratch.path()
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
        self.bench.find(&self.store, query)
    }

    /// The sections that the steps among the hits stand in, as a turn reads them.
    pub fn siblings(&self, found: &Found) -> Vec<Passage> {
        search::sections(&self.store.generations.iter().collect::<Vec<_>>(), found)
    }

    /// The passages of a document that overlap with some bytes of its stored text.
    pub fn at(&self, document: &str, start: usize, end: usize) -> Vec<Passage> {
        let of = |g: &Generation| {
            let (first, last) = g.document(document).map_or((0, 0), |d| d.passages);
            (first..last).filter_map(|id| g.passage(id)).collect::<Vec<_>>()
        };
        let meets = |p: &Passage| p.span.start < end && start < p.span.end;
        self.store.generations.iter().flat_map(of).filter(meets).collect()
    }

    /// The evidence below which this index refuses.
    pub fn threshold(&self, found: &Found) -> f32 {
        refusal::threshold(&self.store.generations.iter().collect::<Vec<_>>(), found)
    }

    /// Finds out how much evidence an answer needs, as `millwright index` does.
    ///
    /// # Errors
    /// Where the index cannot be read.
    pub fn calibrate(&mut self) -> Result<()> {
        let meaning = self.bench.embedder.as_ref().map(|e| e.meaning(self.bench.threads));
        for generation in &mut self.store.generations {
            let calibration = calibrate(generation, meaning, None)?;
            calibration.keep(generation)?;
            generation.calibration = Some(calibration);
        }
        Ok(())
    }

    /// What is in it.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The file that a hit's document was read from.
    pub fn source(&self, hit: &Hit) -> Option<&Path> {
        let generation = self.store.generations.first()?;
        Some(generation.document(&hit.passage.document)?.source.as_path())
    }
}

/// Does the answer ask which of several codes was meant?
pub fn asks_back(found: &Found) -> bool {
    !found.choices.is_empty()
}

/// Opens what a data directory holds.
///
/// # Errors
/// Where there is no index, or it is damaged.
pub fn open(data: &Path) -> Result<Store> {
    Ok(index::open_all(data, None)?)
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
        let bench = Bench::bare(scratch.path());
        let below = Shelf::build(&bench, &[file("a/manual")], None).unwrap();
        let both = Shelf::build(&bench, &[file("b/manual")], Some(&below)).unwrap();
        assert!(!both.has_vectors && !both.has_reranker, "no embedder, no vectors");
        assert_eq!((below.report.documents, both.report.documents), (1, 2));
        for (question, name) in [("hums at dusk", "a/manual/same.md"), ("pump gurgles", "b/manual/same.md")] {
            let found = both.search(question, Only::Words, 5).unwrap();
            assert_eq!(both.source(&found.hits[0]), Some(file(name).as_path()), "{question}");
        }
        assert!(below.search("pump gurgles", Only::Words, 5).unwrap().hits.is_empty());
    }
}
