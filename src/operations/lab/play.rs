//! Plays a trace to the engine in real time and writes down what the asker sees.
//!
//! Every time is counted from the moment at which the trace says that the request arrives, not
//! from the moment at which the lab got round to handing it in: a lab that lags must not make an
//! engine look quick.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::row::rate;
use super::sentence;
use super::subject::Subject;
use super::trace::Ask;
use crate::core::engine::worker::Stream;
use crate::core::engine::{Cancel, Class, Constraint, Finish, Refusal, Request, Task, Update};
use crate::operations::outcome::{Error, Kind, Result};
use crate::operations::platform;

/// An update may be away so long; then the request counts as stuck.
const STUCK: Duration = Duration::from_secs(180);

/// How a request ended.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// With all of its text.
    Whole,
    /// Refused at the door, or for a more urgent class.
    Refused(String),
    /// Its asker left.
    Cancelled,
    /// Accepted, and yet not answered to its end: cut at its deadline, or given up in the queue.
    Cut(String),
    /// The engine failed, or said nothing more.
    Failed(String),
}

/// What the asker saw of a request. Milliseconds are counted from its arrival.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The request's place in the trace.
    pub id: usize,
    /// It only filled caches.
    pub warm: bool,
    /// It was of the long kind.
    pub long: bool,
    /// When it arrived, from the trace's start.
    pub at: Duration,
    /// How it ended.
    pub end: End,
    /// In the queue and for cores.
    pub wait_ms: Option<f64>,
    /// Reading, waits apart.
    pub prefill_ms: Option<f64>,
    /// Tokens of the prompt; 0 where it was not read.
    pub prompt_tokens: usize,
    /// Of those, found computed.
    pub reused: usize,
    /// The first text.
    pub first_token_ms: Option<f64>,
    /// The first sentence.
    pub first_sentence_ms: Option<f64>,
    /// The end.
    pub total_ms: f64,
    /// Tokens written.
    pub tokens: usize,
    /// When its first sentence was due.
    pub due_ms: f64,
    /// When each text came.
    pub texts_ms: Vec<f64>,
    /// What was written.
    pub text: String,
}

impl Seen {
    fn of(ask: &Ask) -> Seen {
        Seen {
            id: ask.id,
            warm: ask.warm,
            long: ask.long,
            at: ask.at,
            end: End::Failed("it was never asked".into()),
            wait_ms: None,
            prefill_ms: None,
            prompt_tokens: 0,
            reused: 0,
            first_token_ms: None,
            first_sentence_ms: None,
            total_ms: 0.0,
            tokens: 0,
            due_ms: millis(ask.deadline),
            texts_ms: Vec::new(),
            text: String::new(),
        }
    }

    /// Answered whole, the first sentence in time?
    pub fn in_time(&self) -> bool {
        self.end == End::Whole && self.first_sentence_ms.is_some_and(|ms| ms <= self.due_ms)
    }

    /// Accepted, its asker still there, and not in time?
    pub fn missed(&self) -> bool {
        !matches!(self.end, End::Refused(_) | End::Cancelled) && !self.in_time()
    }
}

/// What came of a trace.
#[derive(Debug, Clone, Default)]
pub struct Played {
    /// Every request, in the trace's order.
    pub seen: Vec<Seen>,
    /// From the trace's start to the last end.
    pub seconds: f64,
    /// Most resident memory meanwhile.
    pub peak_rss_bytes: Option<u64>,
}

impl Played {
    /// Prompt tokens computed per second of reading.
    pub fn prefill_tps(&self) -> Option<f64> {
        let read = self.seen.iter().filter_map(|s| Some((s.prompt_tokens - s.reused, s.prefill_ms?)));
        let (tokens, ms) = read.fold((0, 0.0), |(t, ms), (tokens, took)| (t + tokens, ms + took));
        rate(tokens as f64, ms / 1e3)
    }

    /// Tokens per second of one answer's writing: the first token comes of reading.
    pub fn decode_tps(&self) -> Option<f64> {
        let wrote = self.seen.iter().filter_map(|s| {
            let first = s.first_token_ms?;
            (s.end == End::Whole && s.tokens > 1).then(|| (s.tokens - 1, s.total_ms - first))
        });
        let (tokens, ms) = wrote.fold((0, 0.0), |(t, ms), (tokens, took)| (t + tokens, ms + took));
        rate(tokens as f64, ms / 1e3)
    }
}

/// Plays `asks` to the engine. `tick` is told how many have ended. Must be called from a thread
/// of a runtime that may block.
///
/// # Errors
/// Where the lab's own tasks fail; what the engine does is written down, not returned.
pub fn play(subject: &Arc<Subject>, asks: &[Ask], tick: &mut dyn FnMut(usize)) -> Result<Played> {
    tokio::runtime::Handle::current().block_on(async {
        let mut seen = Vec::new();
        for ask in asks.iter().filter(|a| a.warm) {
            seen.push(one(subject.clone(), ask.clone(), Instant::now()).await);
        }
        platform::forget_peak();
        let start = Instant::now();
        let mut running = tokio::task::JoinSet::new();
        for ask in asks.iter().filter(|a| !a.warm) {
            running.spawn(one(subject.clone(), ask.clone(), start + ask.at));
        }
        while let Some(ended) = running.join_next().await {
            let lost = |e| Error::new(Kind::Failed, "the lab lost a request").because(e);
            seen.push(ended.map_err(lost)?);
            tick(seen.len());
        }
        seen.sort_by_key(|s| s.id);
        let peak = platform::peak_resident_bytes();
        let seconds = start.elapsed().as_secs_f64();
        Ok(Played { seen, seconds, peak_rss_bytes: (peak > 0).then_some(peak) })
    })
}

/// One request, from its arrival to its end.
async fn one(subject: Arc<Subject>, ask: Ask, arrives: Instant) -> Seen {
    if let Some(before) = ask.ahead {
        tokio::time::sleep_until((arrives - before).into()).await;
        let request = Request {
            task: Task::Read,
            class: Class::Idle,
            ..request(&subject, &ask, arrives, Cancel::default())
        };
        if let Ok(mut stream) = subject.engine.submit(request) {
            // What is not read when the question comes is read then: the stream is dropped, which
            // ends it.
            let all = async { while stream.next().await.is_some() {} };
            let _ = tokio::time::timeout_at(arrives.into(), all).await;
        }
    }
    tokio::time::sleep_until(arrives.into()).await;
    let mut seen = Seen::of(&ask);
    let cancel = Cancel::default();
    match subject.engine.submit(request(&subject, &ask, arrives, cancel.clone())) {
        Err(refusal) => seen.end = End::Refused(refusal.to_string()),
        Ok(stream) => follow(stream, &ask, arrives, &cancel, &mut seen).await,
    }
    seen.total_ms = since(arrives);
    seen
}

fn request(subject: &Subject, ask: &Ask, arrives: Instant, cancel: Cancel) -> Request {
    let lag = arrives.elapsed();
    Request {
        prompt: ask.prompt.clone(),
        task: Task::Write { constraint: Constraint::Free, max_tokens: ask.max_tokens },
        deadline: subject.now().saturating_sub(lag) + ask.deadline + rest(subject, ask.max_tokens),
        class: ask.class,
        device: ask.device.clone(),
        cancel,
    }
}

/// The engine's deadline is for the whole answer; the lab's for the first sentence, about half of
/// it. So the asker grants the engine what the other half takes at the rate that it says it has.
fn rest(subject: &Subject, max_tokens: usize) -> Duration {
    let after = max_tokens.saturating_sub(sentence::MOST_TOKENS);
    Duration::try_from_secs_f64(after as f64 / subject.engine.status().decode_tps).unwrap_or_default()
}

async fn follow(mut stream: Stream, ask: &Ask, arrives: Instant, cancel: &Cancel, seen: &mut Seen) {
    let leaves = ask.leaves.map(|after| arrives + after);
    loop {
        let limit = leaves.filter(|_| !cancel.is_raised()).unwrap_or_else(|| Instant::now() + STUCK);
        let update = match tokio::time::timeout_at(limit.into(), stream.next()).await {
            Ok(Some(update)) => update,
            Ok(None) => return,
            Err(_) if leaves.is_some() && !cancel.is_raised() => {
                cancel.raise();
                continue;
            }
            Err(_) => {
                seen.end = End::Failed(format!("nothing came for {} s", STUCK.as_secs()));
                return;
            }
        };
        take(update, arrives, seen);
    }
}

/// Writes an update down.
fn take(update: Update, arrives: Instant, seen: &mut Seen) {
    let now = since(arrives);
    match update {
        Update::Started { .. } => seen.wait_ms = Some(now),
        Update::Prefilled { prompt_ids, reused, ms } => {
            (seen.prompt_tokens, seen.reused, seen.prefill_ms) = (prompt_ids.len(), reused, Some(ms));
        }
        Update::Text(text) => {
            seen.first_token_ms.get_or_insert(now);
            seen.texts_ms.push(now);
            seen.text.push_str(&text);
            if seen.first_sentence_ms.is_none() && sentence::is_there(&seen.text) {
                seen.first_sentence_ms = Some(now);
            }
        }
        Update::Scores(_) => {}
        Update::Done { finish, tokens, .. } => {
            seen.tokens = tokens;
            seen.end = match finish {
                Finish::Stop | Finish::Length => End::Whole,
                Finish::Cancelled => End::Cancelled,
                Finish::Late => End::Cut("its deadline passed while it was served".into()),
            };
            if seen.end == End::Whole {
                seen.first_sentence_ms.get_or_insert(now);
            }
        }
        // Accepted, and then not in time: that is a promise broken, not a refusal.
        Update::Refused(refusal @ Refusal::TooLate { .. }) => seen.end = End::Cut(refusal.to_string()),
        Update::Refused(refusal) => seen.end = End::Refused(refusal.to_string()),
        Update::Failed(why) => seen.end = End::Failed(why),
    }
}

fn since(arrives: Instant) -> f64 {
    millis(arrives.elapsed())
}

/// A duration in milliseconds.
pub fn millis(d: Duration) -> f64 {
    d.as_secs_f64() * 1e3
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests {
    use super::*;

    /// A request that ended so, its first sentence after `sentence_ms`.
    pub fn seen(end: End, sentence_ms: Option<f64>, due_ms: f64) -> Seen {
        Seen {
            id: 0,
            warm: false,
            long: false,
            at: Duration::ZERO,
            end,
            wait_ms: None,
            prefill_ms: None,
            prompt_tokens: 0,
            reused: 0,
            first_token_ms: None,
            first_sentence_ms: sentence_ms,
            total_ms: 0.0,
            tokens: 0,
            due_ms,
            texts_ms: Vec::new(),
            text: String::new(),
        }
    }

    #[test]
    fn who_was_accepted_and_dropped_in_the_queue_has_missed_and_was_not_refused() {
        let mut late = seen(End::Whole, None, 100.0);
        take(Update::Refused(Refusal::TooLate { earliest_ms: 5 }), Instant::now(), &mut late);
        assert!(late.missed() && matches!(late.end, End::Cut(_)));
        let mut full = seen(End::Whole, None, 100.0);
        take(Update::Refused(Refusal::Full { bound: 5 }), Instant::now(), &mut full);
        assert!(!full.missed() && matches!(full.end, End::Refused(_)));
    }

    #[test]
    fn an_answer_without_a_full_stop_has_its_first_sentence_at_its_end() {
        let mut s = seen(End::Cancelled, None, 1e9);
        take(Update::Text("Close it".into()), Instant::now(), &mut s);
        assert_eq!(s.first_sentence_ms, None);
        take(Update::Done { finish: Finish::Stop, tokens: 2, ms: 1.0 }, Instant::now(), &mut s);
        assert!(s.in_time() && s.first_token_ms.is_some());
    }

    #[test]
    fn rates_leave_out_what_was_not_computed() {
        let one = Seen {
            prompt_tokens: 600,
            reused: 100,
            prefill_ms: Some(1_000.0),
            first_token_ms: Some(1_000.0),
            total_ms: 2_000.0,
            tokens: 41,
            ..seen(End::Whole, None, 1.0)
        };
        let refused = seen(End::Refused(String::new()), None, 1.0);
        let played = Played { seen: vec![one, refused], seconds: 2.0, peak_rss_bytes: None };
        assert_eq!((played.prefill_tps(), played.decode_tps()), (Some(500.0), Some(40.0)));
    }
}
