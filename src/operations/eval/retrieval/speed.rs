//! How fast, how it grows, and how much memory, on synthetic manuals of three sizes.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::Options;
use super::shelf::{self, Bench, Shelf};
use super::synth;
use crate::core::knowledge::search::{Only, Query};
use crate::operations::eval::report::Figures;
use crate::operations::eval::score::percentile;
use crate::operations::eval::scratch::{Scratch, put};
use crate::operations::outcome::{Error, Kind, Result};
use crate::operations::platform;

/// Passages, about, and what the figures call them. Each holds the one before.
const SIZES: [(usize, &str); 3] = [(1_000, "1k"), (10_000, "10k"), (100_000, "100k")];

/// The size of the largest index that is measured.
pub fn largest(quick: bool) -> &'static str {
    SIZES[if quick { 1 } else { 2 }].1
}

/// Measures speed and memory.
///
/// # Errors
/// Where an index cannot be built, or the process that only searches fails.
pub fn measure(options: &Options, bench: &Bench, tick: &mut dyn FnMut()) -> Result<Figures> {
    let quick = options.quick;
    let scratch = Scratch::new()?;
    let mut figures = Figures::new();
    let mut put_figure = |name: &str, value: f64| figures.insert(format!("retrieval.{name}"), value);
    let sizes = &SIZES[..if quick { 2 } else { 3 }];
    let queries = if quick { 60 } else { 400 };
    let (mut dirs, mut written, mut bytes) = (Vec::new(), 0, 0);
    let mut medians = Vec::new();
    for (passages, name) in sizes {
        let dir = scratch.path().join(name);
        let documents = passages / synth::PASSAGES;
        bytes += write(&dir, written, documents)?;
        written = documents;
        dirs.push(dir);
        let words = Shelf::of_words(bench, &dirs)?;
        put_figure(&format!("passages_{name}"), words.report.passages as f64);
        put_figure("index_mb_per_s", bytes as f64 / 1e6 / words.took.as_secs_f64());
        let shelf = if bench.embedder().is_none() {
            words
        } else {
            drop(words);
            let shelf = Shelf::build(bench, &dirs, None)?;
            put_figure("index_vectors_mb_per_s", bytes as f64 / 1e6 / shelf.took.as_secs_f64());
            shelf
        };
        let before = if shelf.has_vectors { Only::Fused } else { Only::Words };
        let times = times(&shelf, before, queries, documents)?;
        medians.extend(percentile(&times, 50.0));
        for p in [50.0, 99.0] {
            put_figure(&format!("query_ms_p{p}_{name}"), percentile(&times, p).unwrap_or_default());
        }
        if shelf.has_reranker {
            let times = self::times(&shelf, Only::Reranked, queries, documents)?;
            for p in [50.0, 99.0] {
                put_figure(
                    &format!("query_reranked_ms_p{p}_{name}"),
                    percentile(&times, p).unwrap_or_default(),
                );
            }
        }
        if *name == largest(quick) {
            let memory = searching_process(options, shelf.data())?;
            if memory.anonymous_bytes > 0 {
                put_figure(&format!("anonymous_mib_{name}"), memory.anonymous_bytes as f64 / 1048576.0);
            }
        }
        tick();
    }
    if let [.., before, last] = medians.as_slice()
        && *before > 0.0
    {
        put_figure("query_growth", last / before);
    }
    if bench.embedder().is_some() {
        put_figure("embed_passages_per_s", embedding(bench, if quick { 128 } else { 512 })?);
    }
    Ok(figures)
}

/// Writes documents `from..to`; says how many bytes they are.
fn write(dir: &Path, from: usize, to: usize) -> Result<usize> {
    let mut bytes = 0;
    for n in from..to {
        let text = synth::document(n);
        bytes += text.len();
        put(&dir.join(format!("{:02}", n % 32)).join(format!("manual-{n}.md")), &text)?;
    }
    Ok(bytes)
}

/// Milliseconds of each of `queries` searches, a few before them not counted.
fn times(shelf: &Shelf, only: Only, queries: usize, documents: usize) -> Result<Vec<f64>> {
    let warm = queries / 10;
    let mut times = Vec::with_capacity(queries);
    for n in 0..queries + warm {
        let question = synth::question(n, documents);
        let began = Instant::now();
        shelf.search(&question, only, 10)?;
        if n >= warm {
            times.push(began.elapsed().as_secs_f64() * 1000.0);
        }
    }
    Ok(times)
}

/// Passages embedded in a second.
fn embedding(bench: &Bench, passages: usize) -> Result<f64> {
    let texts: Vec<String> = (0..)
        .flat_map(|n| synth::document(n).lines().map(str::to_owned).collect::<Vec<_>>())
        .filter(|line| line.len() > 60)
        .take(passages)
        .collect();
    let lines: Vec<&str> = texts.iter().map(String::as_str).collect();
    let began = Instant::now();
    bench.embed(&lines)?;
    Ok(texts.len() as f64 / began.elapsed().as_secs_f64())
}

/// What a process that only opens an index and searches it says of itself.
#[derive(Debug, Serialize, Deserialize)]
pub struct Memory {
    /// Anonymous resident memory, bytes; 0 where the system does not say.
    pub anonymous_bytes: u64,
}

/// Opens the index of `data` with the installation's bench, searches it, and says what memory
/// that took: the work of the process that [`measure`] starts.
///
/// # Errors
/// Where the index cannot be read.
pub fn search_only(bench: &Bench, data: &Path) -> Result<Memory> {
    let store = shelf::open(data)?;
    for n in 0..20 {
        bench.find(&store, &Query { text: synth::question(n, 10), k: 10, ..Query::default() })?;
    }
    Ok(Memory { anonymous_bytes: platform::anonymous_bytes() })
}

fn searching_process(options: &Options, data: &Path) -> Result<Memory> {
    let failed = || Error::new(Kind::Failed, "the process that measures memory failed");
    let output = Command::new(&options.program)
        .args(["--json", "--data"])
        .arg(&options.data)
        .args(["eval", "retrieval", "--memory-of"])
        .arg(data)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .map_err(|e| failed().because(e))?;
    if !output.status.success() {
        return Err(failed().because(output.status.to_string()));
    }
    serde_json::from_slice(&output.stdout).map_err(|e| failed().because(e))
}

/// Our own binary.
///
/// # Errors
/// Where the system does not say.
pub fn own_program() -> Result<PathBuf> {
    std::env::current_exe().map_err(|e| Error::new(Kind::Failed, "cannot find our own program").because(e))
}
