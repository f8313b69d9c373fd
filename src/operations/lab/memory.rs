//! Memory, and starting: measured in processes of their own, that do nothing else.
//!
//! *Cold* is the first start of a model: its packed weights are not there yet and are made. *Warm*
//! is every start after that. The model file itself is in the system's page cache both times.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::card::Card;
use super::play::{millis, play};
use super::row::{Row, Spread};
use super::subject::{Mode, Subject};
use super::trace;
use super::{Bench, Section, Told};
use crate::operations::config::Config;
use crate::operations::eval::report::{Bar, Want};
use crate::operations::eval::retrieval::dice::Dice;
use crate::operations::eval::scratch::Scratch;
use crate::operations::outcome::{Error, Kind, Result};
use crate::operations::platform;

/// What a model may take beside its weights and its KV cache.
const BESIDE: u64 = 250 << 20;

/// What a process that only starts a model and answers says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Start {
    /// From the start of loading to a model that takes requests.
    pub load_ms: f64,
    /// From the start of loading to the first token of a first answer.
    pub first_token_ms: f64,
    /// Resident memory after eight answers of 600 tokens together.
    pub rss_bytes: u64,
    /// The most of it.
    pub peak_rss_bytes: u64,
    /// What the KV cache may take.
    pub kv_bound_bytes: u64,
}

/// Loads a model and answers: the work of the process that [`measure`] starts.
///
/// # Errors
/// Where the model cannot be loaded.
pub fn start(data: &Path, config: &Config, named: &str, quick: bool) -> Result<Start> {
    let card = Card::open(data, named)?;
    let mut dice = Dice::new(51);
    let (tokens, written) = if quick { (60, 4) } else { (600, 40) };
    let first = trace::fresh(64, 4, &mut dice, &card);
    let many: Vec<trace::Ask> = (0..8).map(|_| trace::fresh(tokens, written, &mut dice, &card)).collect();
    let path = card.path.clone();
    // The lab's own tokenizer is no part of what is measured.
    drop(card);
    platform::forget_peak();
    let began = Instant::now();
    let subject = Subject::spawn(&path, data, config, Mode::Continuous, true)?;
    let loaded = began.elapsed();
    let played = play(&subject, &[first], &mut |_| {})?;
    let token = played.seen.first().and_then(|s| s.first_token_ms).unwrap_or(f64::NAN);
    play(&subject, &trace::in_order(many), &mut |_| {})?;
    Ok(Start {
        load_ms: millis(loaded),
        first_token_ms: millis(loaded) + token,
        rss_bytes: platform::resident_bytes(),
        peak_rss_bytes: platform::peak_resident_bytes(),
        kv_bound_bytes: subject.kv_bound_bytes,
    })
}

/// Measures a cold and a warm start.
///
/// # Errors
/// Where a process cannot be started or fails.
pub fn measure(bench: &Bench<'_>, told: &mut dyn Told) -> Result<Vec<Row>> {
    // A data directory of its own, so that nothing packed is there.
    let scratch = Scratch::new()?;
    let model = scratch
        .path()
        .join("models")
        .join("lab")
        .join(bench.card.path.file_name().ok_or_else(|| failed("the model has no file name"))?);
    copy(&bench.card.path, &model)?;
    let mut rows = Vec::new();
    for (n, how) in ["cold start", "warm start"].into_iter().enumerate() {
        told.progress(&format!("memory: {how}"), n, 2);
        let start = child(bench, scratch.path(), &model)?;
        let row = bench.sign(row(bench, how, &start), Section::Memory, "millwright", Mode::Continuous.name());
        told.row(&row)?;
        rows.push(row);
    }
    Ok(rows)
}

fn row(bench: &Bench<'_>, how: &str, start: &Start) -> Row {
    let name = |part: &str| format!("lab.{}_{part}", if how.starts_with("cold") { "cold" } else { "warm" });
    let mut row = Row {
        devices: 8,
        requests: 9,
        answered: 9,
        trace: how.into(),
        peak_rss_bytes: Some(start.peak_rss_bytes).filter(|b| *b > 0),
        first_token_ms: Spread::of([start.first_token_ms]),
        ..Row::default()
    };
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let figures = [
        (name("load_ms"), Some(start.load_ms)),
        (name("load_to_first_token_ms"), Some(start.first_token_ms)),
        (name("rss_mib"), Some(mib(start.rss_bytes))),
        (name("peak_rss_mib"), Some(mib(start.peak_rss_bytes))),
        (name("weights_mib"), Some(mib(bench.card.weights.file_bytes))),
        (name("kv_bound_mib"), Some(mib(start.kv_bound_bytes))),
    ];
    row.figures = figures
        .into_iter()
        .filter_map(|(n, v)| Some((n, v.filter(|v| v.is_finite() && *v > 0.0)?)))
        .collect();
    // Packing holds the source and the packed weights for a while: the promise is for the starts
    // after the first.
    if how.starts_with("warm") {
        let bound = bench.card.weights.file_bytes + start.kv_bound_bytes + BESIDE;
        row.bars.push(Bar::of(&row.figures, &name("peak_rss_mib"), Want::AtMost(mib(bound).round())));
    }
    row
}

fn child(bench: &Bench<'_>, data: &Path, model: &Path) -> Result<Start> {
    let output = Command::new(&bench.options.program)
        .args(["--json", "--data"])
        .arg(data)
        .args(["lab", "--start-of"])
        .arg(model)
        .args(bench.options.quick.then_some("--quick"))
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .map_err(|e| failed("cannot start a process to measure").because(e))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(failed("the process that was to be measured failed").because(words));
    }
    serde_json::from_slice(&output.stdout).map_err(|e| failed("the measured process said nothing").because(e))
}

/// A second name of the file, or a copy where the disk has no such thing.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let made = to
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(|_| ())));
    made.map_err(|e| {
        failed("cannot put the model into a directory of its own")
            .because(e)
            .hint("set TMPDIR to a directory with free space")
    })?;
    // Read once, so that both starts find it in the page cache.
    let mut file = fs::File::open(to).map_err(|e| failed("cannot read the model").because(e))?;
    std::io::copy(&mut file, &mut std::io::sink()).map_err(|e| failed("cannot read the model").because(e))?;
    // Let the disk settle; a copy is still being written.
    std::thread::sleep(Duration::from_millis(200));
    Ok(())
}

fn failed(what: &str) -> Error {
    Error::new(Kind::Failed, what)
}
