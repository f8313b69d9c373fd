//! The engine on a model of paper: a small deterministic one whose pages hold the tokens
//! themselves. What a token is followed by depends on all tokens before it, read from the
//! pages: a wrong page, position or order gives a wrong text.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::chat::Chat;
use super::kv::PAGE;
use super::model::{Forward, Found, Identity, Slice, Want};
use super::scheduler::{Mode, Settings};
use super::vocabulary::tests::small;
use super::worker::{Engine, Options, Stream};
use super::*;
use crate::core::cores::{self, Clock, Cores};
use crate::core::{Error, Kind, Result};

const WINDOW: usize = 1024;

/// A well mixed number of a text.
fn mix(ids: impl IntoIterator<Item = u32>) -> u64 {
    ids.into_iter().fold(0xcbf2_9ce4_8422_2325, |h, id| {
        let h = (h ^ u64::from(id)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        h ^ (h >> 29)
    })
}

/// What a text goes on with: most go on as they did where it agrees longest with what is before,
/// the others anyhow.
fn best(text: &[u32], vocabulary: usize, allowed: Option<&bits::Bits>) -> Option<u32> {
    let allowed = |id: &u32| allowed.is_none_or(|a| a.contains(*id));
    let hash = mix(text.iter().copied());
    let agree = |at: &usize| {
        let before = text[..*at].iter().rev();
        before.zip(text.iter().rev()).take_while(|(a, b)| a == b).count()
    };
    let place =
        (1..text.len()).filter(|at| agree(at) > 1).max_by_key(|at| (agree(at), std::cmp::Reverse(*at)));
    if let Some(id) = place.map(|at| text[at]).filter(allowed)
        && !hash.is_multiple_of(8)
    {
        return Some(id);
    }
    let score = |id: &u32| mix([hash as u32, (hash >> 32) as u32, *id]);
    (0..vocabulary as u32).filter(allowed).max_by_key(|id| (score(id), std::cmp::Reverse(*id)))
}

fn log_probability(text: &[u32], id: u32) -> f32 {
    let hash = mix(text.iter().copied());
    -((mix([hash as u32, id]) % 1000) as f32) / 128.0
}

/// What the paper model may be told to do wrong.
#[derive(Debug, Default)]
struct Orders {
    fail: AtomicBool,
    panic: AtomicBool,
    most_rows: AtomicU64,
    most_slices: AtomicU64,
}

struct Paper {
    pages: Vec<[Option<u32>; PAGE]>,
    vocabulary: usize,
    orders: Arc<Orders>,
}

impl Forward for Paper {
    fn window(&self) -> usize {
        WINDOW
    }

    fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    fn pages(&self) -> usize {
        self.pages.len()
    }

    fn step(
        &mut self,
        slices: &[Slice<'_>],
        threads: &mut dyn FnMut() -> usize,
        found: &mut Found,
    ) -> Result<()> {
        assert!(!self.orders.panic.load(Ordering::SeqCst), "as ordered");
        if self.orders.fail.swap(false, Ordering::SeqCst) {
            return Err(Error::new(Kind::Compute, "as ordered"));
        }
        threads();
        let rows: usize = slices.iter().map(|s| s.tokens.len()).sum();
        self.orders.most_rows.fetch_max(rows as u64, Ordering::SeqCst);
        self.orders.most_slices.fetch_max(slices.len() as u64, Ordering::SeqCst);
        found.best.clear();
        found.scores.clear();
        // All keys and values are written before any are read, as in the real one.
        for slice in slices {
            assert!(!slice.tokens.is_empty());
            for (at, id) in (slice.start..).zip(slice.tokens) {
                let page = slice.pages[at / PAGE] as usize;
                self.pages[page][at % PAGE] = Some(*id);
            }
        }
        for slice in slices {
            let end = slice.start + slice.tokens.len();
            let held = slice.pages.iter().flat_map(|p| self.pages[*p as usize]);
            let text: Vec<u32> = held.take(end).map(|id| id.expect("a token was never computed")).collect();
            let wanted = |last: usize| (0..last).map(move |i| (i, end + 1 - last + i));
            match slice.want {
                Want::Nothing => {}
                Want::Best { last, allowed } => {
                    let mask = |i| allowed.get(i).copied().flatten();
                    found
                        .best
                        .extend(wanted(last).map(|(i, end)| best(&text[..end], self.vocabulary, mask(i))));
                }
                Want::Score { targets } => {
                    let scores =
                        wanted(targets.len()).map(|(i, end)| log_probability(&text[..end], targets[i]));
                    found.scores.extend(scores);
                }
            }
        }
        Ok(())
    }
}

struct SinceStart(Instant);

impl Clock for SinceStart {
    fn now(&self) -> crate::core::Moment {
        self.0.elapsed()
    }
}

struct Bench {
    engine: Engine,
    cores: Cores,
    clock: Arc<dyn Clock>,
    orders: Arc<Orders>,
}

impl Bench {
    fn new(settings: Settings, speculate: bool) -> Self {
        Self::with_pages(settings, speculate, 400)
    }

    fn with_pages(settings: Settings, speculate: bool, pages: usize) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SinceStart(Instant::now()));
        let cores = Cores::new(2, clock.clone());
        let orders = Arc::new(Orders::default());
        let there = orders.clone();
        let open = move || -> Result<worker::Opened> {
            let vocabulary = small();
            let model =
                Paper { pages: vec![[None; PAGE]; pages], vocabulary: vocabulary.tokens(), orders: there };
            let identity = Identity {
                file: "paper".to_owned(),
                architecture: "paper".to_owned(),
                quantisation: String::new(),
                path: "paper".to_owned(),
            };
            Ok((Box::new(model), Chat::new(vocabulary)?, identity))
        };
        let options = Options { speculate, settings, ..Options::default() };
        let engine = Engine::spawn_with("paper", open, options, cores.clone(), clock.clone()).unwrap();
        Self { engine, cores, clock, orders }
    }

    fn plain() -> Self {
        Self::new(Settings { kv_tokens: usize::MAX, ..Settings::default() }, false)
    }

    fn request(&self, passages: &[&str], question: &str, task: Task) -> Request {
        Request {
            prompt: Prompt {
                system: "Answer from the manual in one short sentence, with the number as it stands."
                    .to_owned(),
                passages: passages.iter().map(|p| (*p).to_owned()).collect(),
                question: question.to_owned(),
            },
            task,
            deadline: self.clock.now() + Duration::from_secs(3600),
            class: Class::Person,
            device: "headset-1".to_owned(),
            cancel: Cancel::default(),
        }
    }

    fn ask(&self, passages: &[&str], question: &str) -> Request {
        let task = Task::Write { constraint: Constraint::Free, max_tokens: 40 };
        self.request(passages, question, task)
    }

    fn submit(&self, request: Request) -> Stream {
        self.engine.submit(request).unwrap()
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Told {
    text: String,
    prompt_ids: Vec<u32>,
    reused: usize,
    scores: Vec<(f32, usize)>,
    tokens: usize,
    finish: Finish,
}

/// A stream read to its end; its updates come in their order.
fn read(mut stream: Stream) -> std::result::Result<Told, Update> {
    let mut told = Told {
        text: String::new(),
        prompt_ids: Vec::new(),
        reused: 0,
        scores: Vec::new(),
        tokens: 0,
        finish: Finish::Stop,
    };
    let (mut started, mut is_read) = (false, false);
    while let Some(update) = stream.blocking_next() {
        match update {
            Update::Started { .. } => {
                assert!(!started);
                started = true;
            }
            Update::Prefilled { prompt_ids, reused, .. } => {
                assert!(started && !is_read);
                is_read = true;
                (told.prompt_ids, told.reused) = (prompt_ids, reused);
            }
            Update::Text(piece) => {
                assert!(is_read);
                told.text.push_str(&piece);
            }
            Update::Scores(scores) => told.scores = scores,
            Update::Done { finish, tokens, .. } => {
                assert_eq!(stream.blocking_next(), None, "nothing follows the end");
                (told.finish, told.tokens) = (finish, tokens);
                return Ok(told);
            }
            other => return Err(other),
        }
    }
    panic!("the stream ended without an end")
}

/// What the model writes with no engine around it.
fn by_hand(prompt: &[u32], most: usize) -> (String, usize) {
    let vocabulary = small();
    let (mut text, mut written) = (prompt.to_vec(), Vec::new());
    while written.len() < most {
        let id = best(&text, vocabulary.tokens(), None).unwrap();
        if vocabulary.is_stop(id) {
            break;
        }
        (text.push(id), written.push(id));
    }
    let mut told = vocabulary::Detokeniser::default();
    (written.iter().map(|id| told.push(vocabulary.bytes(*id))).collect(), written.len())
}

const TORQUE: &str = "Tightening torque of the M16 flange bolt: 210 Nm, dry thread, in two passes.";
const ALARM: &str = "E203: low oil level in the tank. Refill to the upper mark and restart the pump.";

fn questions() -> Vec<(Vec<&'static str>, String)> {
    let passages = [vec![TORQUE, ALARM], vec![ALARM], vec![], vec![TORQUE], vec![ALARM, TORQUE]];
    (0..20)
        .map(|i| (passages[i % 5].clone(), format!("What about {i} and {}?", "so on ".repeat(i % 7))))
        .collect()
}

#[test]
fn a_text_is_the_same_alone_among_others_in_slices_and_with_a_prefix_found() {
    let slices = Settings { kv_tokens: usize::MAX, step_tokens: 16, slots: 8, ..Settings::default() };
    let wide = Settings { kv_tokens: usize::MAX, ..Settings::default() };
    let alone = Settings { mode: Mode::Single, ..wide };
    let long = Settings { long_prompt: 200, long_step_tokens: 8, ..slices };
    for (settings, speculate) in
        [(alone, false), (alone, true), (wide, false), (wide, true), (slices, true), (long, true)]
    {
        let settings = Settings { queue_bound: 40, ..settings };
        let bench = Bench::new(settings, speculate);
        let mut reused = 0;
        for round in 0..2 {
            let hold = bench.cores.lease(cores::Class::FinalTranscript, 2);
            let streams: Vec<Stream> =
                questions().iter().map(|(p, q)| bench.submit(bench.ask(p, q))).collect();
            drop(hold);
            for stream in streams {
                let told = read(stream).unwrap();
                let (text, tokens) = by_hand(&told.prompt_ids, 40);
                assert_eq!((told.text, told.tokens), (text, tokens), "{settings:?} {speculate} {round}");
                reused += told.reused;
            }
        }
        assert!(reused > 1000, "{reused} tokens found");
        let status = bench.engine.status();
        assert_eq!((status.in_flight, status.queue_len, status.kv.used, status.kv.promised), (0, 0, 0, 0));
        assert!(status.reused_share() > 0.3, "{status:?}");
        if speculate {
            assert!(status.accepted_share() > 0.2, "{status:?}");
        }
        assert!(bench.orders.most_rows.load(Ordering::SeqCst) <= settings.step_tokens.max(64) as u64);
        assert_eq!(bench.orders.most_slices.load(Ordering::SeqCst) > 1, settings.mode != Mode::Single);
        assert!(bench.cores.leases().is_empty(), "an idle engine holds no core");
    }
}

#[test]
fn a_cache_that_is_too_small_for_all_is_waited_for_and_evicts() {
    let settings = Settings { kv_tokens: usize::MAX, queue_bound: 40, ..Settings::default() };
    let bench = Bench::with_pages(settings, true, 66);
    let streams: Vec<Stream> = questions().iter().map(|(p, q)| bench.submit(bench.ask(p, q))).collect();
    for stream in streams {
        let told = read(stream).unwrap();
        assert_eq!(told.text, by_hand(&told.prompt_ids, 40).0);
    }
    assert!(bench.engine.status().kv.evicted > 0);
}

#[test]
fn a_choice_is_one_of_the_choices_and_told_whole() {
    let bench = Bench::plain();
    let choices = ["the pump is off", "the pump is on", "the pump", "unknown"];
    for question in ["On?", "Off?", "What?", "Which of them?"] {
        let constraint = Constraint::Choice(choices.map(str::to_owned).to_vec());
        let task = Task::Write { constraint, max_tokens: 1 };
        let told = read(bench.submit(bench.request(&[], question, task))).unwrap();
        assert!(choices.contains(&told.text.as_str()), "{told:?}");
        assert_eq!(told.finish, Finish::Stop);
    }
    for (choices, want) in [(vec!["only".to_owned()], "only"), (vec![], "")] {
        let task = Task::Write { constraint: Constraint::Choice(choices), max_tokens: 9 };
        assert_eq!(read(bench.submit(bench.request(&[], "?", task))).unwrap().text, want);
    }
}

#[test]
fn copied_text_is_the_same_with_drafts_and_without() {
    let task = |sentences| Task::Write {
        constraint: Constraint::Copy {
            sources: vec![TORQUE.to_owned(), ALARM.to_owned()],
            joins: vec!["and".to_owned()],
            sentences,
        },
        max_tokens: 60,
    };
    let [plain, drafted] = [false, true].map(|speculate| {
        let bench = Bench::new(Settings { kv_tokens: usize::MAX, ..Settings::default() }, speculate);
        let tell = |q: &str| read(bench.submit(bench.request(&[TORQUE, ALARM], q, task(2)))).unwrap().text;
        ["Torque?", "Alarm?", "Both?"].map(tell)
    });
    assert_eq!(plain, drafted);
    assert!(plain.iter().all(|t| !t.is_empty()), "{plain:?}");
}

#[test]
fn scores_are_those_of_each_continuation_alone() {
    for (step_tokens, system_only) in [(16, false), (128, false), (128, true)] {
        let settings = Settings { kv_tokens: usize::MAX, slots: 4, step_tokens, ..Settings::default() };
        let bench = Bench::new(settings, true);
        let passages: &[&str] = if system_only { &[] } else { &[TORQUE, ALARM] };
        let texts = ["yes", "no", "", "45 Nm", "a longer continuation that needs a page or two of its own"];
        let task = Task::Score(texts.map(str::to_owned).to_vec());
        for _ in 0..2 {
            let told = read(bench.submit(bench.request(passages, "Is it so?", task.clone()))).unwrap();
            let want: Vec<(f32, usize)> = texts
                .iter()
                .map(|text| {
                    let ids = small().encode(text).unwrap();
                    let mut all = told.prompt_ids.clone();
                    let mut sum = 0.0;
                    for id in &ids {
                        sum += f64::from(log_probability(&all, *id));
                        all.push(*id);
                    }
                    (sum as f32, ids.len())
                })
                .collect();
            assert_eq!(told.scores, want);
        }
        let status = bench.engine.status();
        assert_eq!((status.kv.used, status.kv.promised), (0, 0));
        assert!(bench.orders.most_rows.load(Ordering::SeqCst) <= step_tokens.max(64) as u64);
    }
}

#[test]
fn what_was_read_ahead_is_found_when_the_question_comes() {
    let bench = Bench::plain();
    for (class, reused) in [(Class::Idle, 0), (Class::Person, 1)] {
        let ahead = Request { class, ..bench.request(&[TORQUE, ALARM], "", Task::Read) };
        let told = read(bench.submit(ahead)).unwrap();
        assert_eq!((told.tokens, told.finish), (0, Finish::Stop));
        assert!(told.prompt_ids.len() > 150 && told.prompt_ids.len() % PAGE == 0);
        assert_eq!(told.reused, reused * told.prompt_ids.len(), "the second time all of it was there");
        let asked = read(bench.submit(bench.ask(&[TORQUE, ALARM], "What is the torque?"))).unwrap();
        assert!(asked.reused >= told.prompt_ids.len());
        assert!(asked.prompt_ids.starts_with(&told.prompt_ids));
    }
}

#[test]
fn a_failed_step_is_told_to_those_in_it_and_the_next_request_is_served() {
    let bench = Bench::plain();
    bench.orders.fail.store(true, Ordering::SeqCst);
    let failed = read(bench.submit(bench.ask(&[], "Hello?"))).unwrap_err();
    assert!(matches!(&failed, Update::Failed(why) if why.contains("as ordered")), "{failed:?}");
    assert!(read(bench.submit(bench.ask(&[], "Hello?"))).is_ok());
    assert_eq!(bench.engine.status().kv.promised, 0);
}

#[test]
fn a_thread_that_panics_tells_everybody() {
    let bench = Bench::new(Settings { mode: Mode::Single, ..Settings::default() }, false);
    let hold = bench.cores.lease(cores::Class::FinalTranscript, 2);
    let streams = [(); 3].map(|()| bench.submit(bench.ask(&[], "Hello?")));
    bench.orders.panic.store(true, Ordering::SeqCst);
    drop(hold);
    for stream in streams {
        assert_eq!(read(stream), Err(Update::Refused(Refusal::Gone)));
    }
    assert_eq!(bench.engine.submit(bench.ask(&[], "Hello?")).unwrap_err(), Refusal::Gone);
}

#[test]
fn the_door_says_full_too_long_and_too_late() {
    let settings =
        Settings { mode: Mode::Single, queue_bound: 2, kv_tokens: usize::MAX, ..Settings::default() };
    let bench = Bench::new(settings, false);
    let hold = bench.cores.lease(cores::Class::FinalTranscript, 2);
    let ask = |class| bench.engine.submit(Request { class, ..bench.ask(&[], "Hello?") });
    let running = ask(Class::Person).unwrap();
    while !bench.engine.status().busy {
        std::thread::yield_now();
    }
    let (guess, second) = (ask(Class::Idle).unwrap(), ask(Class::Person).unwrap());
    assert_eq!(bench.engine.status().queue_len, 2);
    let third = ask(Class::Person).unwrap();
    let full = Refusal::Full { bound: 2 };
    assert_eq!(read(guess), Err(Update::Refused(full.clone())), "guessed work makes room");
    assert_eq!(ask(Class::Person).unwrap_err(), full);
    drop(hold);
    for stream in [running, second, third] {
        read(stream).unwrap();
    }
    let endless = bench.ask(&[&"word ".repeat(400)], "And?");
    let refusal = bench.engine.submit(endless).unwrap_err();
    assert!(matches!(refusal, Refusal::TooLong { tokens, window: WINDOW } if tokens > 1500), "{refusal:?}");
    let late = Request { deadline: bench.clock.now(), ..bench.ask(&[], "Hello?") };
    assert!(matches!(bench.engine.submit(late), Err(Refusal::TooLate { .. })));
}

#[test]
fn cancels_dropped_streams_and_a_dropped_engine_end_what_they_end() {
    let bench = Bench::plain();
    let hold = bench.cores.lease(cores::Class::FinalTranscript, 2);
    let cancelled = bench.ask(&[TORQUE], "Cancelled?");
    let cancel = cancelled.cancel.clone();
    let (cancelled, dropped) = (bench.submit(cancelled), bench.submit(bench.ask(&[ALARM], "Dropped?")));
    let late = Request { deadline: bench.clock.now() + Duration::from_secs(30), ..bench.ask(&[], "Kept?") };
    let kept = bench.submit(late);
    cancel.raise();
    drop(dropped);
    drop(hold);
    assert_eq!(read(cancelled).unwrap().finish, Finish::Cancelled);
    assert!(matches!(read(kept).unwrap().finish, Finish::Stop | Finish::Length));
    let hold = bench.cores.lease(cores::Class::FinalTranscript, 2);
    let left = [(); 3].map(|()| bench.submit(bench.ask(&[], "And then?")));
    std::thread::scope(|scope| {
        let dropped = scope.spawn(|| drop(bench.engine));
        drop(hold);
        dropped.join().unwrap();
    });
    for stream in left {
        // Whoever was still served before the engine heard of it has a whole answer.
        let end = read(stream);
        assert!(matches!(end, Ok(_) | Err(Update::Refused(Refusal::Gone))), "{end:?}");
    }
}

#[test]
fn hundreds_of_random_requests_and_nothing_is_lost_or_leaked() {
    let settings = Settings {
        queue_bound: 20,
        slots: 6,
        step_tokens: 48,
        long_prompt: 250,
        long_step_tokens: 16,
        kv_tokens: usize::MAX,
        ..Settings::default()
    };
    let bench = Bench::with_pages(settings, true, 150);
    let mut dice = mix([7]);
    let mut roll = |n: u64| {
        dice = mix([dice as u32, (dice >> 32) as u32]);
        (dice >> 20) % n
    };
    let (mut ends, mut refused) = (0, 0);
    let mut streams = Vec::new();
    let asked = 400;
    for i in 0..asked {
        let passages: Vec<&str> = [TORQUE, ALARM, TORQUE].into_iter().take(roll(4) as usize).collect();
        let task = match roll(6) {
            0 => Task::Read,
            1 => Task::Score(vec!["yes".to_owned(), "no, never".to_owned()]),
            2 => {
                Task::Write { constraint: Constraint::Choice(vec!["on".into(), "off".into()]), max_tokens: 9 }
            }
            _ => Task::Write { constraint: Constraint::Free, max_tokens: roll(50) as usize },
        };
        let mut request = bench.request(&passages, &format!("And {}?", roll(30)), task);
        request.class = [Class::Person, Class::Event, Class::Idle][roll(3) as usize];
        request.device = format!("headset-{}", roll(4));
        if roll(8) == 0 {
            request.deadline = bench.clock.now() + Duration::from_millis(roll(60));
        }
        let cancel = request.cancel.clone();
        match bench.engine.submit(request) {
            Ok(stream) => streams.push(stream),
            Err(_) => refused += 1,
        }
        if roll(5) == 0 {
            cancel.raise();
        }
        // Some are read later, some are left.
        if i % 3 == 0 && !streams.is_empty() {
            let stream = streams.swap_remove(roll(streams.len() as u64) as usize);
            if roll(4) > 0 {
                let end = read(stream);
                assert!(matches!(end, Ok(_) | Err(Update::Refused(_))), "{end:?}");
            }
            ends += 1;
        }
    }
    let left = streams.len();
    for stream in streams {
        let end = read(stream);
        assert!(matches!(end, Ok(_) | Err(Update::Refused(_))), "{end:?}");
    }
    assert_eq!(ends + refused + left, asked);
    // The dropped ones are swept with the next step at the latest.
    read(bench.submit(bench.ask(&[], "The last?"))).unwrap();
    let status = bench.engine.status();
    assert_eq!((status.in_flight, status.queue_len, status.kv.used, status.kv.promised), (0, 0, 0, 0));
    assert_eq!(status.kv.free + status.kv.kept, 150);
}
