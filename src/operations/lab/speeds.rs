//! Raw speed, against the machine and the peer: prefill of 512 tokens, decode alone after them,
//! decode of eight answers together.
//!
//! All of it through the engine's public door, on text that no cache holds, drafting off. Rounds
//! of the two engines alternate, so that a machine that slows down slows both. Of each figure the
//! median round counts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::peer::{self, Speeds};
use super::play::{End, Played, Seen, play};
use super::row::{Row, rate};
use super::subject::{Mode, Subject};
use super::trace::{self, Ask};
use super::{Bench, Section, Told};
use crate::operations::eval::report::{Bar, Want};
use crate::operations::eval::retrieval::dice::Dice;
use crate::operations::eval::score::percentile;
use crate::operations::outcome::Result;

/// Answers written together.
const TOGETHER: usize = 8;

/// How much is read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Tokens read.
    pub read: usize,
    /// Tokens written after them; together with others about as many.
    pub written: usize,
    /// Tokens of each prompt whose answers are written together.
    pub short: usize,
    /// Answers written together.
    pub together: usize,
}

impl Sizes {
    fn of(quick: bool) -> Sizes {
        let (read, written, short) = if quick { (96, 12, 40) } else { (512, 64, 128) };
        Sizes { read, written, short, together: TOGETHER }
    }
}

/// Measures both engines.
///
/// # Errors
/// Where the model cannot be loaded or the peer fails.
pub fn measure(bench: &Bench<'_>, told: &mut dyn Told) -> Result<Vec<Row>> {
    let sizes = Sizes::of(bench.options.quick);
    let rounds = if bench.options.quick { 1 } else { 5 };
    let mut dice = Dice::new(11);
    let (mut alone, mut eight, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    let subject = bench.subject(Mode::Continuous, false)?;
    one(&subject, &[trace::fresh(sizes.read / 4, 4, &mut dice, &bench.card)])?;
    for round in 0..rounds {
        told.progress("speeds: millwright", round, rounds);
        alone.push(one(&subject, &[trace::fresh(sizes.read, sizes.written + 1, &mut dice, &bench.card)])?);
        let together: Vec<Ask> = (0..TOGETHER)
            // Written a little longer: all eight must write for a while.
            .map(|n| Ask {
                device: format!("headset-{n}"),
                ..trace::fresh(sizes.short, sizes.written * 3 / 2, &mut dice, &bench.card)
            })
            .collect();
        eight.push(one(&subject, &trace::in_order(together))?);
        if let Some(peer) = &bench.peer {
            told.progress("speeds: llama.cpp", round, rounds);
            theirs.push(peer.speeds(&bench.card.path, bench.threads(), sizes)?);
        }
    }
    drop(subject);
    let ours = Speeds {
        prefill_tps: median(alone.iter().filter_map(Played::prefill_tps)).unwrap_or(f64::NAN),
        decode_tps: median(alone.iter().filter_map(Played::decode_tps)).unwrap_or(f64::NAN),
        eight_tps: median(eight.iter().filter_map(together)).unwrap_or(f64::NAN),
    };
    let theirs = (!theirs.is_empty()).then(|| Speeds {
        prefill_tps: median(theirs.iter().map(|s| s.prefill_tps)).unwrap_or(f64::NAN),
        decode_tps: median(theirs.iter().map(|s| s.decode_tps)).unwrap_or(f64::NAN),
        eight_tps: median(theirs.iter().map(|s| s.eight_tps)).unwrap_or(f64::NAN),
    });
    let mut rows = Vec::new();
    for (engine, speeds) in [("millwright", Some(ours)), (peer::NAME, theirs)] {
        let Some(speeds) = speeds else { continue };
        let mut first = Row {
            devices: 1,
            requests: rounds,
            answered: rounds,
            trace: format!("{} tokens read, {} written", sizes.read, sizes.written),
            prefill_tps: finite(speeds.prefill_tps),
            decode_tps: finite(speeds.decode_tps),
            ..Row::default()
        };
        let mut second = Row {
            devices: TOGETHER,
            requests: rounds * TOGETHER,
            answered: rounds * TOGETHER,
            trace: format!("{TOGETHER} answers written together"),
            decode_tps: finite(speeds.eight_tps),
            ..Row::default()
        };
        if engine == peer::NAME {
            first.setting = format!("llama-bench -p {0} / -n {1} -d {0}", sizes.read, sizes.written);
            second.setting = format!(
                "llama-batched-bench -npp {} -ntg {} -npl {}",
                sizes.short, sizes.written, sizes.together
            );
        } else {
            measured(&mut first, &alone);
            measured(&mut second, &eight);
            (first.figures, first.bars) = alone_figures(bench, &ours, theirs.as_ref());
            (second.figures, second.bars) = eight_figures(bench, &ours, theirs.as_ref());
        }
        for row in [first, second] {
            let row = bench.sign(row, Section::Speeds, engine, Mode::Continuous.name());
            told.row(&row)?;
            rows.push(row);
        }
    }
    Ok(rows)
}

/// Times and counts of all rounds together.
fn measured(row: &mut Row, rounds: &[Played]) {
    let all = Played {
        seen: rounds.iter().flat_map(|p| p.seen.clone()).collect(),
        seconds: rounds.iter().map(|p| p.seconds).sum(),
        peak_rss_bytes: rounds.iter().filter_map(|p| p.peak_rss_bytes).max(),
    };
    let whole = Row::of(&all);
    let kept = (row.devices, std::mem::take(&mut row.trace), row.prefill_tps, row.decode_tps);
    *row = Row { devices: kept.0, trace: kept.1, prefill_tps: kept.2, decode_tps: kept.3, ..whole };
}

fn one(subject: &Arc<Subject>, asks: &[Ask]) -> Result<Played> {
    // The machine settles: the peer's threads are gone, ours wake up anew.
    std::thread::sleep(Duration::from_millis(200));
    play(subject, asks, &mut |_| {})
}

/// Tokens per second of all answers together, from the moment at which the last of them begins
/// until the first of them ends; where they were never all being written at once, over the whole
/// time of writing.
fn together(played: &Played) -> Option<f64> {
    let wrote: Vec<&Seen> =
        played.seen.iter().filter(|s| s.end == End::Whole && s.first_token_ms.is_some()).collect();
    let begins = |s: &&Seen| s.first_token_ms.unwrap_or_default();
    let last_begins = wrote.iter().map(begins).fold(f64::NAN, f64::max);
    let first_ends = wrote.iter().map(|s| s.total_ms).fold(f64::NAN, f64::min);
    let (from, to) = if first_ends > last_begins {
        (last_begins, first_ends)
    } else {
        (
            wrote.iter().map(begins).fold(f64::NAN, f64::min),
            wrote.iter().map(|s| s.total_ms).fold(f64::NAN, f64::max),
        )
    };
    let texts = wrote.iter().flat_map(|s| &s.texts_ms).filter(|at| **at > from && **at <= to).count();
    rate(texts as f64, (to - from) / 1e3)
}

type Judged = (BTreeMap<String, f64>, Vec<Bar>);

fn alone_figures(bench: &Bench<'_>, ours: &Speeds, theirs: Option<&Speeds>) -> Judged {
    let weights = bench.card.weights;
    let mut figures = BTreeMap::new();
    put(&mut figures, "prefill_tps", Some(ours.prefill_tps));
    put(&mut figures, "decode_tps", Some(ours.decode_tps));
    let operations = ours.prefill_tps * 2.0 * weights.prefill_parameters as f64;
    put(&mut figures, "prefill_int8_share", bench.int8_peak.map(|peak| operations / peak));
    let bytes = ours.decode_tps * weights.bytes_per_token as f64;
    let share = bench.bandwidth.map(|most| bytes / most);
    put(&mut figures, "decode_bandwidth_share", share);
    put(&mut figures, "decode_gb_per_s", Some(bytes / 1e9));
    let Some(theirs) = theirs else { return (figures, Vec::new()) };
    let ratio = ours.decode_tps / theirs.decode_tps;
    put(&mut figures, "prefill_ratio", Some(ours.prefill_tps / theirs.prefill_tps));
    put(&mut figures, "decode_ratio", Some(ratio));
    let bars = vec![
        Bar::of(&figures, "lab.prefill_ratio", Want::AtLeast(1.5)),
        Bar {
            name: "lab.decode_ratio".into(),
            value: finite(ratio),
            want: ">= 1.3, or lab.decode_bandwidth_share >= 0.85".into(),
            holds: ratio >= 1.3 || share.is_some_and(|s| s >= 0.85),
        },
    ];
    (figures, bars)
}

fn eight_figures(bench: &Bench<'_>, ours: &Speeds, theirs: Option<&Speeds>) -> Judged {
    let mut figures = BTreeMap::new();
    put(&mut figures, "eight_tps", Some(ours.eight_tps));
    // One pass over the weights serves all eight.
    let bytes = ours.eight_tps / TOGETHER as f64 * bench.card.weights.bytes_per_token as f64;
    put(&mut figures, "eight_bandwidth_share", bench.bandwidth.map(|most| bytes / most));
    let operations = ours.eight_tps * 2.0 * bench.card.weights.prefill_parameters as f64;
    put(&mut figures, "eight_int8_share", bench.int8_peak.map(|peak| operations / peak));
    let Some(theirs) = theirs else { return (figures, Vec::new()) };
    put(&mut figures, "eight_ratio", Some(ours.eight_tps / theirs.eight_tps));
    let bars = vec![Bar::of(&figures, "lab.eight_ratio", Want::AtLeast(1.5))];
    (figures, bars)
}

fn put(figures: &mut BTreeMap<String, f64>, name: &str, value: Option<f64>) {
    if let Some(value) = value.and_then(finite) {
        figures.insert(format!("lab.{name}"), value);
    }
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    percentile(&values.collect::<Vec<_>>(), 50.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::lab::play::tests::seen;

    fn wrote(from: f64, every: f64, texts: usize) -> Seen {
        let texts_ms: Vec<f64> = (0..texts).map(|n| from + every * n as f64).collect();
        Seen {
            first_token_ms: texts_ms.first().copied(),
            total_ms: texts_ms.last().copied().unwrap_or_default(),
            texts_ms,
            ..seen(End::Whole, None, 1.0)
        }
    }

    #[test]
    fn together_counts_only_while_all_of_them_write() {
        // From 100 ms (the second begins) to 200 ms (the first ends): ten texts of each.
        let played = Played { seen: vec![wrote(0.0, 10.0, 21), wrote(100.0, 10.0, 50)], ..Played::default() };
        assert_eq!(together(&played), Some(200.0));
    }

    #[test]
    fn one_after_the_other_counts_the_whole_time() {
        let played = Played { seen: vec![wrote(0.0, 10.0, 11), wrote(200.0, 10.0, 11)], ..Played::default() };
        // 21 texts after the first one, in 300 ms.
        assert_eq!(together(&played), Some(70.0));
        assert_eq!(together(&Played::default()), None);
    }
}
