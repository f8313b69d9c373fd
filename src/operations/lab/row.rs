//! What a run of the lab prints: one row, its fields fixed by the command line's contract.

use std::collections::BTreeMap;

use serde::Serialize;

use super::play::{End, Played, Seen};
use crate::operations::eval::report::Bar;
use crate::operations::eval::score::percentile;

/// Three percentiles of times in milliseconds; `null` where nothing was measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Spread {
    /// Half are quicker.
    pub p50: Option<f64>,
    /// One in twenty is slower.
    pub p95: Option<f64>,
    /// One in a hundred is slower.
    pub p99: Option<f64>,
}

impl Spread {
    /// Of some values (nearest rank).
    pub fn of(values: impl IntoIterator<Item = f64>) -> Spread {
        let values: Vec<f64> = values.into_iter().filter(|v| v.is_finite()).collect();
        let at = |p| percentile(&values, p);
        Spread { p50: at(50.0), p95: at(95.0), p99: at(99.0) }
    }
}

/// A run.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Row {
    /// `millwright`, or the peer's name.
    pub engine: String,
    /// How requests are put together: single, static, window, adaptive or continuous.
    pub mode: String,
    /// The model's id, or its file's name.
    pub model: String,
    /// How many devices asked.
    pub devices: usize,
    /// Requests that came.
    pub requests: usize,
    /// Of those, refused: at the door, or given up before the first word.
    pub refused: usize,
    /// Of the accepted ones, those without a first sentence at their deadline.
    pub deadline_misses: usize,
    /// Prompt tokens computed per second of reading.
    pub prefill_tps: Option<f64>,
    /// Tokens per second of writing, for one answer (with eight together: for all of them).
    pub decode_tps: Option<f64>,
    /// Arrival to leaving the queue.
    pub wait_ms: Spread,
    /// Arrival to the first token.
    pub first_token_ms: Spread,
    /// Arrival to the first sentence ([`super::sentence`]).
    pub first_sentence_ms: Spread,
    /// Arrival to the last token.
    pub total_ms: Spread,
    /// Most resident memory during the run, bytes.
    pub peak_rss_bytes: Option<u64>,
    /// The section of the lab.
    pub section: &'static str,
    /// The trace that was played.
    pub trace: String,
    /// Answered to their end.
    pub answered: usize,
    /// Ended by the engine before their end: failed, cut at the deadline, or never ended.
    pub failed: usize,
    /// Reading, waits apart.
    pub prefill_ms: Spread,
    /// Tokens of all prompts, and those of them that were found computed.
    pub prompt_tokens: usize,
    /// Of those, found in the cache.
    pub reused_tokens: usize,
    /// Tokens written.
    pub tokens: usize,
    /// From the first arrival to the last end, seconds.
    pub seconds: f64,
    /// Answers whose first sentence was in time, per second.
    pub goodput_per_s: Option<f64>,
    /// Tokens written per second of the run, all devices together.
    pub throughput_tps: Option<f64>,
    /// How it was set, in words.
    pub setting: String,
    /// The share of the machine that others took before its section began, 0 to 1.
    pub others_share: Option<f64>,
    /// Figures that this run gives, by name; see `docs/lab.md`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub figures: BTreeMap<String, f64>,
    /// Those of which something is wanted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bars: Vec<Bar>,
    /// The machine that measured.
    pub machine: String,
    /// The version that was measured.
    pub version: String,
}

impl Row {
    /// What a played trace gives. Warming requests are left out.
    pub fn of(played: &Played) -> Row {
        let seen: Vec<&Seen> = played.seen.iter().filter(|s| !s.warm).collect();
        let is = |end: fn(&End) -> bool| seen.iter().filter(|s| end(&s.end)).count();
        let sum = |part: fn(&Seen) -> usize| seen.iter().map(|s| part(s)).sum::<usize>();
        let refused = is(|e| matches!(e, End::Refused(_)));
        let cancelled = is(|e| matches!(e, End::Cancelled));
        let answered = is(|e| matches!(e, End::Whole));
        let in_time = seen.iter().filter(|s| s.in_time()).count();
        let spread = |part: fn(&Seen) -> Option<f64>| Spread::of(seen.iter().filter_map(|s| part(s)));
        Row {
            requests: seen.len(),
            refused,
            answered,
            failed: seen.len() - refused - cancelled - answered,
            deadline_misses: seen.iter().filter(|s| s.missed()).count(),
            prefill_tps: played.prefill_tps(),
            decode_tps: played.decode_tps(),
            wait_ms: spread(|s| s.wait_ms),
            prefill_ms: spread(|s| s.prefill_ms),
            first_token_ms: spread(|s| s.first_token_ms),
            first_sentence_ms: spread(|s| s.first_sentence_ms),
            total_ms: spread(|s| (s.end == End::Whole).then_some(s.total_ms)),
            peak_rss_bytes: played.peak_rss_bytes,
            prompt_tokens: sum(|s| s.prompt_tokens),
            reused_tokens: sum(|s| s.reused),
            tokens: sum(|s| s.tokens),
            seconds: played.seconds,
            goodput_per_s: rate(in_time as f64, played.seconds),
            throughput_tps: rate(sum(|s| s.tokens) as f64, played.seconds),
            ..Row::default()
        }
    }
}

/// `amount` per second; `None` where no time passed.
pub fn rate(amount: f64, seconds: f64) -> Option<f64> {
    (seconds > 0.0 && amount.is_finite()).then(|| amount / seconds)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::operations::lab::play::tests::seen;

    #[test]
    fn a_row_counts_each_request_once_and_leaves_warming_out() {
        let played = Played {
            seen: vec![
                seen(End::Whole, Some(100.0), 2_500.0),
                seen(End::Whole, Some(2_600.0), 2_500.0),
                seen(End::Refused("too late".into()), None, 2_500.0),
                seen(End::Cut("late".into()), None, 2_500.0),
                seen(End::Cancelled, None, 2_500.0),
                Seen { warm: true, ..seen(End::Whole, Some(9_999.0), 1.0) },
            ],
            seconds: 10.0,
            peak_rss_bytes: Some(7),
        };
        let row = Row::of(&played);
        assert_eq!((row.requests, row.answered, row.refused, row.failed), (5, 2, 1, 1));
        // The late one and the one that was cut; who was refused or left has missed nothing.
        assert_eq!(row.deadline_misses, 2);
        assert_eq!(row.first_sentence_ms.p95, Some(2_600.0));
        assert_eq!(row.goodput_per_s, Some(0.1));
    }

    #[test]
    fn the_fields_of_the_contract_are_there_also_where_nothing_was_measured() {
        let value = serde_json::to_value(Row::default()).unwrap();
        for name in [
            "engine",
            "mode",
            "model",
            "devices",
            "requests",
            "refused",
            "deadline_misses",
            "prefill_tps",
            "decode_tps",
            "wait_ms",
            "first_token_ms",
            "first_sentence_ms",
            "total_ms",
            "peak_rss_bytes",
        ] {
            assert!(value.get(name).is_some(), "{name}");
        }
        assert!(value["wait_ms"].get("p99").unwrap().is_null());
    }
}
