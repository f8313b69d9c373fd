//! The article's question: one by one, in batches, behind a window, or continuously?
//!
//! Each mode plays its sample prompts, all at once, and the technicians' trace from 1, 4, 8 and 16
//! devices. The same engine computes the same steps in all modes: only who is let into them
//! differs. llama-server plays the same traces, where it is there.

use super::peer::{self, Slots};
use super::play::play;
use super::row::Row;
use super::subject::Mode;
use super::trace::{self, Ask};
use super::{Bench, Section, Told};
use crate::operations::outcome::Result;

const DEVICES: [usize; 4] = [1, 4, 8, 16];
const SEED: u64 = 21;

/// A trace by its name.
struct Trace {
    name: &'static str,
    devices: usize,
    asks: Vec<Ask>,
}

/// Measures every mode, and the peer.
///
/// # Errors
/// Where the model cannot be loaded or the peer fails.
pub fn measure(bench: &Bench<'_>, told: &mut dyn Told) -> Result<Vec<Row>> {
    let length = bench.length(30, 3);
    let samples = trace::samples();
    let mut traces = vec![Trace { name: "samples", devices: samples.len(), asks: samples }];
    for devices in DEVICES.into_iter().take(if bench.options.quick { 2 } else { 4 }) {
        let mut asks = trace::technicians(devices, length, SEED + devices as u64, &bench.card);
        if bench.options.quick {
            // The long prompt alone would take longer than all the rest.
            asks.retain(|a| !a.long);
        }
        traces.push(Trace { name: "technicians", devices, asks: trace::in_order(asks) });
    }
    let mut rows = Vec::new();
    for mode in Mode::ALL {
        let subject = bench.subject(mode, true)?;
        for (n, trace) in traces.iter().enumerate() {
            // A mode must not live on what the trace before it left in the cache: every trace has
            // passages of its own, and every mode an engine of its own.
            let what = format!("modes: {}, {} of {} devices", mode.name(), trace.name, trace.devices);
            let of = trace.asks.len();
            let played = play(&subject, &trace.asks, &mut |done| told.progress(&what, done, of))?;
            let setting = if n == 0 { mode_setting(mode).to_owned() } else { String::new() };
            let row = named(Row { setting, ..Row::of(&played) }, trace);
            let row = bench.sign(row, Section::Modes, "millwright", mode.name());
            told.row(&row)?;
            rows.push(row);
        }
    }
    let Some(peer) = &bench.peer else { return Ok(rows) };
    for trace in &traces {
        let what = format!("modes: llama.cpp, {} of {} devices", trace.name, trace.devices);
        let of = trace.asks.len();
        // Unified and generous: any of the sequences may be the long one.
        let slots = Slots { slots: 4, context: 4 * 3_600 };
        let (played, setting) =
            peer.play(&bench.card, bench.threads(), slots, &trace.asks, &|a| a.max_tokens, &mut |done| {
                told.progress(&what, done, of);
            })?;
        let row = named(Row { setting, ..Row::of(&played) }, trace);
        let row = bench.sign(row, Section::Modes, peer::NAME, Mode::Continuous.name());
        told.row(&row)?;
        rows.push(row);
    }
    Ok(rows)
}

fn named(row: Row, trace: &Trace) -> Row {
    Row { devices: trace.devices, trace: trace.name.to_owned(), ..row }
}

fn mode_setting(mode: Mode) -> &'static str {
    match mode {
        Mode::Single => "one request at a time",
        Mode::Static => "batches of 4, each to its end",
        Mode::Window => "gathered for 60 ms, each batch to its end",
        Mode::Adaptive => "gathered for up to 60 ms, longer under load",
        Mode::Continuous => "every step takes in who is there",
    }
}
