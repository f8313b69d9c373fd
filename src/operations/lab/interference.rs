//! Does a long prompt hold up the short ones, and do they hold up the long one?
//!
//! Short prompts come at a steady pace, first alone, then while a prompt of 3,000 tokens is being
//! served; the long one also runs alone. Only short prompts that were there together with the long
//! one are compared. llama-server gets the same token ids at the same instants.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::peer::{self, Slots};
use super::play::{End, Played, Seen, play};
use super::row::{Row, Spread};
use super::subject::{Mode, Subject};
use super::trace::{self, Ask};
use super::{Bench, Section, Told};
use crate::operations::eval::report::{Bar, Want};
use crate::operations::eval::retrieval::dice::Dice;
use crate::operations::outcome::Result;

/// The long prompt comes once the short ones have settled.
const LONG_AT: Duration = Duration::from_secs(1);

/// A short prompt comes no more often than that.
const PACE: Duration = Duration::from_millis(500);
/// The traces are no shorter than that.
const LENGTH: Duration = Duration::from_secs(20);

/// Three traces: the long prompt alone, the short ones alone, and both.
struct Traces {
    long: Vec<Ask>,
    short: Vec<Ask>,
    both: Vec<Ask>,
}

/// Measures both engines.
///
/// # Errors
/// Where the model cannot be loaded or the peer fails.
pub fn measure(bench: &Bench<'_>, told: &mut dyn Told) -> Result<Vec<Row>> {
    told.progress("interference: how fast is it alone", 0, 3);
    let subject = bench.subject(Mode::Continuous, true)?;
    let traces = traces(bench, &subject)?;
    drop(subject);
    let mut rows = Vec::new();
    let ours = Runs::of(&traces, told, "millwright", &mut |asks| {
        // Each run has an engine that has read none of it.
        let subject = bench.subject(Mode::Continuous, true)?;
        Ok((play(&subject, asks, &mut |_| {})?, String::new()))
    })?;
    rows.extend(ours.rows(bench, "millwright", true));
    if let Some(peer) = &bench.peer {
        let slots = Slots { slots: 4, context: 4 * 3_600 };
        let theirs = Runs::of(&traces, told, peer::NAME, &mut |asks| {
            peer.play(&bench.card, bench.threads(), slots, asks, &|a| a.max_tokens, &mut |_| {})
        })?;
        rows.extend(theirs.rows(bench, peer::NAME, false));
    }
    for row in &rows {
        told.row(row)?;
    }
    Ok(rows)
}

/// Two short ones a second (eight times the rated load), fewer where that is more than half of
/// what the engine could do, for as long as the long one may take beside them.
fn traces(bench: &Bench<'_>, subject: &Arc<Subject>) -> Result<Traces> {
    let mut dice = Dice::new(41);
    let once = |ask: Ask| -> Result<Duration> {
        let played = play(subject, &[ask], &mut |_| {})?;
        let ms = played.seen.first().map_or(0.0, |s| s.total_ms);
        Ok(Duration::from_secs_f64(ms / 1e3))
    };
    once(trace::fresh(60, 4, &mut dice, &bench.card))?;
    let short = once(trace::fresh(120, 16, &mut dice, &bench.card))?;
    let every = (short * 2).clamp(PACE, Duration::from_secs(20));
    let length = if bench.options.quick {
        every * 3
    } else {
        // A prompt twenty times as long, beside others: four times as long again.
        let length = (short * 20 * 3 + LONG_AT).max(LENGTH);
        bench.options.seconds.map_or(length, Duration::from_secs)
    };
    let short = trace::short(every, length, 42, &bench.card);
    let long = Ask { at: LONG_AT.min(length / 2), ..trace::long(43, &bench.card) };
    let long = if bench.options.quick {
        Ask { long: true, at: long.at, ..trace::fresh(400, 8, &mut dice, &bench.card) }
    } else {
        long
    };
    let both: Vec<Ask> = short.iter().cloned().chain([long.clone()]).collect();
    Ok(Traces {
        long: trace::in_order(vec![Ask { at: Duration::ZERO, ..long }]),
        both: trace::in_order(both),
        short,
    })
}

/// What an engine made of the three traces.
struct Runs {
    long: Played,
    short: Played,
    both: Played,
    setting: String,
}

type Player<'a> = dyn FnMut(&[Ask]) -> Result<(Played, String)> + 'a;

impl Runs {
    fn of(traces: &Traces, told: &mut dyn Told, engine: &str, play: &mut Player<'_>) -> Result<Runs> {
        let mut next = |n, what: &str, asks: &[Ask]| {
            told.progress(&format!("interference: {engine}, {what}"), n, 3);
            play(asks)
        };
        let (long, _) = next(0, "the long prompt alone", &traces.long)?;
        let (short, _) = next(1, "the short ones alone", &traces.short)?;
        let (both, setting) = next(2, "both", &traces.both)?;
        Ok(Runs { long, short, both, setting })
    }

    /// Short prompts that were there while the long one was: they arrived before it ended and
    /// ended after it arrived.
    fn beside(&self) -> Vec<&Seen> {
        let Some((from, to)) = self.both.seen.iter().find(|s| s.long).map(life) else { return Vec::new() };
        let met = |s: &&Seen| !s.long && life(s).0 < to && life(s).1 > from;
        self.both.seen.iter().filter(met).collect()
    }

    fn figures(&self) -> BTreeMap<String, f64> {
        let mut figures = BTreeMap::new();
        let mut put = |name: &str, value: Option<f64>| {
            figures.extend(value.filter(|v| v.is_finite()).map(|v| (format!("lab.{name}"), v)));
        };
        let alone = Spread::of(self.short.seen.iter().filter_map(whole)).p95;
        let beside = self.beside();
        let met = Spread::of(beside.iter().filter_map(|s| whole(s))).p95;
        put("short_beside_long", Some(beside.len() as f64));
        put("short_alone_ms_p95", alone);
        put("short_beside_long_ms_p95", met);
        put("short_slowdown", met.zip(alone).map(|(m, a)| m / a));
        let long = |played: &Played| played.seen.iter().find(|s| s.long).and_then(whole);
        let (alone, met) = (long(&self.long), long(&self.both));
        put("long_alone_ms", alone);
        put("long_beside_short_ms", met);
        put("long_slowdown", met.zip(alone).map(|(m, a)| m / a));
        figures
    }

    fn rows(&self, bench: &Bench<'_>, engine: &str, judged: bool) -> Vec<Row> {
        let runs = [
            ("long prompt alone", &self.long),
            ("short prompts alone", &self.short),
            ("short prompts beside a long one", &self.both),
        ];
        let mut rows: Vec<Row> = runs
            .into_iter()
            .map(|(trace, played)| {
                let devices = if std::ptr::eq(played, &self.long) { 1 } else { 4 };
                let row = Row { trace: trace.into(), devices, ..Row::of(played) };
                bench.sign(row, Section::Interference, engine, Mode::Continuous.name())
            })
            .collect();
        if let Some(both) = rows.last_mut() {
            both.setting = self.setting.clone();
            both.figures = self.figures();
            if judged {
                both.bars = vec![
                    Bar::of(&both.figures, "lab.short_slowdown", Want::AtMost(1.5)),
                    Bar::of(&both.figures, "lab.long_slowdown", Want::AtMost(4.0)),
                ];
            }
        }
        rows
    }
}

/// From a request's arrival to its end, milliseconds of the trace.
fn life(s: &Seen) -> (f64, f64) {
    let at = s.at.as_secs_f64() * 1e3;
    (at, at + s.total_ms)
}

fn whole(s: &Seen) -> Option<f64> {
    (s.end == End::Whole).then_some(s.total_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::lab::play::tests::seen;

    fn took(at_ms: u64, total_ms: f64, long: bool) -> Seen {
        Seen { at: Duration::from_millis(at_ms), total_ms, long, ..seen(End::Whole, None, 1e9) }
    }

    #[test]
    fn only_short_prompts_that_met_the_long_one_are_compared() {
        let played = |seen| Played { seen, ..Played::default() };
        let runs = Runs {
            long: played(vec![took(0, 2_000.0, true)]),
            short: played(vec![took(0, 100.0, false), took(1_000, 100.0, false)]),
            both: played(vec![
                took(0, 100.0, false),
                took(1_000, 3_000.0, true),
                took(950, 150.0, false),
                took(3_900, 120.0, false),
                took(4_000, 900.0, false),
            ]),
            setting: String::new(),
        };
        let figures = runs.figures();
        assert_eq!(figures.get("lab.short_beside_long"), Some(&2.0));
        assert_eq!(figures.get("lab.short_slowdown"), Some(&1.5));
        assert_eq!(figures.get("lab.long_slowdown"), Some(&1.5));
    }
}
