//! The rated load and its multiples: what is promised, and what happens beyond it.
//!
//! Once the rated load: nobody accepted is late, hardly anybody refused. Four times: as much is
//! done as at the best load, and what is too much is told so at the door. llama-server gets the
//! same token ids at the same instants and writes as many tokens as we did; it has no deadlines,
//! so nobody is refused there and everybody waits.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::peer::{self, Slots};
use super::play::{Played, play};
use super::row::Row;
use super::subject::Mode;
use super::trace::{self, Ask, RATED_ANSWER, RATED_DEVICES};
use super::{Bench, Section, Told};
use crate::operations::eval::report::{Bar, Want};
use crate::operations::eval::score::share;
use crate::operations::outcome::Result;

const SEED: u64 = 31;
/// From the first words that can be searched for to the end of a question.
const TALKS: Duration = Duration::from_millis(1_500);

/// Measures both engines.
///
/// # Errors
/// Where the model cannot be loaded or the peer fails.
pub fn measure(bench: &Bench<'_>, told: &mut dyn Told) -> Result<Vec<Row>> {
    let (once, more) = (bench.length(300, 8), bench.length(120, 4));
    let loads: &[(f64, Duration)] = if bench.options.quick {
        &[(1.0, once), (4.0, more)]
    } else {
        &[(1.0, once), (2.0, more), (3.0, more), (4.0, more)]
    };
    let mut rows = Vec::new();
    let mut theirs = HashMap::new();
    let mut ours = Vec::new();
    for (times, length) in loads {
        let asks = trace::rated(*times, *length, SEED + *times as u64, &bench.card);
        // A fresh engine each time: one load's prompts are not to warm the next one's cache.
        let subject = bench.subject(Mode::Continuous, true)?;
        let what = format!("rated load × {times}");
        let played = play(&subject, &asks, &mut |done| told.progress(&what, done, asks.len()))?;
        drop(subject);
        // The loads between are there to find the peak of our goodput.
        if let Some(peer) = &bench.peer
            && [1.0, 4.0].contains(times)
        {
            let lengths: HashMap<usize, usize> =
                played.seen.iter().filter(|s| s.tokens > 0).map(|s| (s.id, s.tokens)).collect();
            let tokens = |ask: &Ask| lengths.get(&ask.id).copied().unwrap_or(RATED_ANSWER);
            let slots = Slots { slots: RATED_DEVICES, context: RATED_DEVICES * 1_024 };
            let what = format!("rated load × {times}: llama.cpp");
            let tick = &mut |done| told.progress(&what, done, asks.len());
            let (played, setting) = peer.play(&bench.card, bench.threads(), slots, &asks, &tokens, tick)?;
            let row = Row { setting, ..of(&played, *times) };
            let row = bench.sign(row, Section::Rated, peer::NAME, Mode::Continuous.name());
            told.row(&row)?;
            theirs.insert(*times as u64, row);
        }
        ours.push((*times, played));
    }
    let prepared = prepared(bench, once, told)?;
    let peak = ours.iter().filter_map(|(times, p)| of(p, *times).goodput_per_s).fold(0.0, f64::max);
    for (times, played) in &ours {
        let mut row = of(played, *times);
        let beside = theirs.remove(&(*times as u64));
        (row.figures, row.bars) = judge(&row, *times, peak, beside.as_ref());
        let row = bench.sign(row, Section::Rated, "millwright", Mode::Continuous.name());
        told.row(&row)?;
        rows.extend([Some(row), beside].into_iter().flatten());
    }
    told.row(&prepared)?;
    rows.push(prepared);
    Ok(rows)
}

/// The rated load once more, its passages read ahead while the person talks: shown apart, and mixed
/// into no other figure.
fn prepared(bench: &Bench<'_>, length: Duration, told: &mut dyn Told) -> Result<Row> {
    let mut asks = trace::rated(1.0, length, SEED + 1, &bench.card);
    for ask in asks.iter_mut().filter(|a| !a.warm) {
        // All arrive a little later, so that the first one has time to be prepared as well.
        ask.at += TALKS;
        ask.ahead = Some(TALKS);
    }
    let subject = bench.subject(Mode::Continuous, true)?;
    let tick = &mut |done| told.progress("rated load × 1, read ahead", done, asks.len());
    let mut row = of(&play(&subject, &asks, tick)?, 1.0);
    row.trace = "rated load, read ahead while talking".into();
    let p95 = row.first_sentence_ms.p95.map(|p95| ("lab.rated_ahead_first_sentence_ms_p95".to_owned(), p95));
    row.figures.extend(p95);
    Ok(bench.sign(row, Section::Rated, "millwright", Mode::Continuous.name()))
}

fn of(played: &Played, times: f64) -> Row {
    Row { devices: RATED_DEVICES, trace: format!("rated load × {times}"), ..Row::of(played) }
}

/// The figures of a load, and what is wanted of them.
fn judge(row: &Row, times: f64, peak: f64, theirs: Option<&Row>) -> (BTreeMap<String, f64>, Vec<Bar>) {
    let name = |part: &str| format!("lab.rated_{times}x_{part}");
    let mut figures = BTreeMap::new();
    figures.insert(name("misses"), row.deadline_misses as f64);
    figures.insert(name("refused_share"), share(row.refused, row.requests));
    if let Some(goodput) = row.goodput_per_s
        && peak > 0.0
    {
        figures.insert(name("goodput_of_peak"), goodput / peak);
    }
    if let Some(p95) = row.first_sentence_ms.p95 {
        figures.insert(name("first_sentence_ms_p95"), p95);
        if let Some(beside) = theirs.and_then(|t| t.first_sentence_ms.p95) {
            figures.insert(name("first_sentence_p95_of_peer"), p95 / beside);
        }
    }
    let mut bars = Vec::new();
    let mut want = |part: &str, want| bars.push(Bar::of(&figures, &name(part), want));
    if times <= 1.0 {
        want("misses", Want::Equal(0.0));
        want("refused_share", Want::AtMost(0.04));
        if theirs.is_some() {
            want("first_sentence_p95_of_peer", Want::AtMost(0.5));
        }
    } else if times >= 4.0 {
        want("goodput_of_peak", Want::AtLeast(0.9));
        want("misses", Want::Equal(0.0));
    }
    (figures, bars)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::lab::row::Spread;

    fn row(requests: usize, refused: usize, misses: usize, p95: f64, goodput: f64) -> Row {
        Row {
            requests,
            refused,
            deadline_misses: misses,
            first_sentence_ms: Spread { p95: Some(p95), ..Spread::default() },
            goodput_per_s: Some(goodput),
            ..Row::default()
        }
    }

    #[test]
    fn the_rated_load_holds_where_nobody_is_late_and_the_peer_takes_twice_as_long() {
        let theirs = row(100, 0, 20, 4_000.0, 0.2);
        let (figures, bars) = judge(&row(100, 4, 0, 2_000.0, 0.26), 1.0, 0.5, Some(&theirs));
        assert!(bars.iter().all(|b| b.holds) && bars.len() == 3, "{bars:?}");
        assert_eq!(figures.get("lab.rated_1x_first_sentence_p95_of_peer"), Some(&0.5));
        let (_, bars) = judge(&row(100, 5, 1, 2_001.0, 0.26), 1.0, 0.5, Some(&theirs));
        assert!(bars.iter().all(|b| !b.holds), "{bars:?}");
    }

    #[test]
    fn beyond_the_rated_load_goodput_is_held_against_its_peak() {
        let (_, bars) = judge(&row(400, 200, 0, 2_400.0, 0.46), 4.0, 0.5, None);
        assert!(bars.iter().all(|b| b.holds), "{bars:?}");
        let (_, bars) = judge(&row(400, 200, 0, 2_400.0, 0.44), 4.0, 0.5, None);
        assert!(!bars.iter().all(|b| b.holds), "{bars:?}");
        assert!(judge(&row(400, 200, 9, 2_400.0, 0.1), 2.0, 0.5, None).1.is_empty());
    }
}
