//! The state machine on a machine of paper: simulated time, random requests, random cancels.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::HashMap;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

/// SplitMix64.
pub(super) struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    /// From 0 to below 1.
    pub fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
    pub fn between(&mut self, low: usize, high: usize) -> usize {
        low + (self.share() * (high - low + 1) as f64) as usize
    }
    /// The time to the next of `per_second` random arrivals.
    pub fn pause(&mut self, per_second: f64) -> Duration {
        Duration::from_secs_f64(-(1.0 - self.share()).ln() / per_second)
    }
}

/// A request as the trial knows it.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub arrives: Moment,
    pub ask: Ask,
    /// Tokens until it comes to its own end; at most `ask.write`.
    pub answer: usize,
    /// What is left to read where it starts.
    pub found: usize,
    /// When its asker leaves.
    pub leaves: Option<Moment>,
}

pub(super) fn job(
    arrives: Moment,
    class: Class,
    device: &str,
    read: usize,
    write: usize,
    within: u64,
) -> Job {
    Job {
        arrives,
        ask: Ask {
            class,
            deadline: arrives + Duration::from_millis(within),
            device: device.into(),
            cancel: Cancel::default(),
            read,
            write,
            promised: (read + write).next_multiple_of(16),
        },
        answer: write,
        found: read,
        leaves: None,
    }
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum End {
    Done { at: Moment, first: Moment },
    Early(Why),
    Refused(Refusal),
}

struct Flight {
    ticket: Ticket,
    index: usize,
    read: usize,
    left: usize,
    first: Moment,
}

/// What computes in a trial: steps that take what the cost says they take.
pub(super) struct Paper<F: FnMut(usize) -> f64> {
    pub state: State<usize>,
    pub now: Moment,
    pub ends: HashMap<usize, End>,
    flights: Vec<Flight>,
    items: Vec<Item>,
    /// Milliseconds of a step of so many rows.
    millis: F,
    /// Who will leave, the next one last.
    leaving: Vec<(Moment, Cancel)>,
}

impl<F: FnMut(usize) -> f64> Paper<F> {
    pub fn new(settings: Settings, cost: Cost, millis: F) -> Self {
        Self {
            state: State::new(settings, cost),
            now: Moment::ZERO,
            ends: HashMap::new(),
            flights: Vec::new(),
            items: Vec::new(),
            millis,
            leaving: Vec::new(),
        }
    }

    fn end(&mut self, index: usize, end: End) {
        assert!(self.ends.insert(index, end).is_none(), "request {index} left twice");
    }

    fn collect(&mut self) {
        for (index, why) in self.state.take_dropped() {
            self.end(index, End::Early(why));
        }
        for (ticket, why) in self.state.take_ended() {
            let at = self.flights.iter().position(|f| f.ticket == ticket).expect("it was in flight");
            let flight = self.flights.remove(at);
            self.end(flight.index, End::Early(why));
        }
    }

    /// All jobs (by arrival) from the first arrival to the last end. `look` sees the state
    /// before each step.
    pub fn run(&mut self, jobs: &[Job], mut look: impl FnMut(&State<usize>, &[Item], Next)) {
        self.leaving = jobs.iter().filter_map(|j| Some((j.leaves?, j.ask.cancel.clone()))).collect();
        self.leaving.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        let mut coming = jobs.iter().enumerate().peekable();
        loop {
            self.arrive(&mut coming);
            while let Some((ticket, index)) = self.state.start(self.now) {
                let job = &jobs[index];
                self.state.found(ticket, job.found);
                self.flights.push(Flight {
                    ticket,
                    index,
                    read: job.found,
                    left: job.answer,
                    first: Moment::ZERO,
                });
                if job.found == 0 && job.answer == 0 {
                    self.finish(ticket, self.now);
                }
            }
            self.collect();
            let next = self.state.step(self.now, &mut self.items);
            look(&self.state, &self.items, next);
            match (next, coming.peek()) {
                (Next::Run, _) => self.compute(&mut coming),
                (Next::Wait(until), Some((_, job))) => {
                    self.now = job.arrives.min(until.unwrap_or(Moment::MAX)).max(self.now);
                }
                (Next::Wait(Some(until)), None) => self.now = until.max(self.now),
                (Next::Wait(None), None) => break,
            }
        }
    }

    fn arrive<'a>(&mut self, coming: &mut std::iter::Peekable<impl Iterator<Item = (usize, &'a Job)>>) {
        while let Some((_, cancel)) = self.leaving.pop_if(|(at, _)| *at <= self.now) {
            cancel.raise();
        }
        while let Some((index, job)) = coming.next_if(|(_, job)| job.arrives <= self.now) {
            if let Err(refusal) = self.state.push(job.ask.clone(), index, job.arrives) {
                self.end(index, End::Refused(refusal));
            }
            self.collect();
        }
    }

    fn compute<'a>(&mut self, coming: &mut std::iter::Peekable<impl Iterator<Item = (usize, &'a Job)>>) {
        let items = std::mem::take(&mut self.items);
        let rows = items.iter().map(|i| if let Work::Read { tokens } = i.work { tokens } else { 1 }).sum();
        let spent = Duration::from_secs_f64((self.millis)(rows) / 1000.0);
        self.now += spent;
        // Who came while it was computed was asked in at the door at that moment.
        self.arrive(coming);
        self.state.stepped(rows, spent);
        for item in &items {
            // It may have been told to end while the step was computed.
            let Some(f) = self.flights.iter_mut().find(|f| f.ticket == item.ticket) else { continue };
            match item.work {
                Work::Read { tokens } => {
                    assert!(f.read >= tokens && tokens > 0);
                    f.read -= tokens;
                    self.state.read(f.ticket, tokens);
                    if f.read > 0 {
                        continue;
                    }
                    f.first = self.now;
                    self.state.wrote(f.ticket, 0, f.left.min(1));
                }
                Work::Write { .. } => self.state.wrote(f.ticket, 1, 1),
            }
            f.left = f.left.saturating_sub(1);
            if f.left == 0 {
                let ticket = f.ticket;
                self.finish(ticket, self.now);
            }
        }
        self.items = items;
    }

    fn finish(&mut self, ticket: Ticket, at: Moment) {
        self.state.end(ticket, true);
        let i = self.flights.iter().position(|f| f.ticket == ticket).unwrap();
        let flight = self.flights.remove(i);
        self.end(flight.index, End::Done { at, first: flight.first });
    }
}

/// The 0.5 B's: milliseconds of a step without rows, and of a row.
const BASE: f64 = 9.0;
const SLOPE: f64 = 0.9;

pub(super) fn cost() -> Cost {
    let ms = |rows: f64| Duration::from_secs_f64((BASE + SLOPE * rows) / 1000.0);
    Cost::new(&[(1, ms(1.0)), (64, ms(64.0))])
}

/// As the cost says, some steps a little slower or faster.
fn noisy(mut dice: Dice) -> impl FnMut(usize) -> f64 {
    move |rows| (BASE + SLOPE * rows as f64) * (0.94 + 0.12 * dice.share())
}

const MODES: [Mode; 5] = [
    Mode::Single,
    Mode::Static { size: 4 },
    Mode::Window { ms: 60 },
    Mode::Adaptive { most_ms: 60 },
    Mode::Continuous,
];

fn random_jobs(dice: &mut Dice, settings: &Settings, n: usize, per_second: f64) -> Vec<Job> {
    let mut now = Moment::ZERO;
    let mut jobs = Vec::with_capacity(n);
    for _ in 0..n {
        now += dice.pause(per_second);
        let class = [Class::Person, Class::Person, Class::Event, Class::Idle][dice.between(0, 3)];
        let read = if dice.between(0, 19) == 0 { dice.between(1024, 4000) } else { dice.between(0, 600) };
        // Some only read; whoever writes has something to read first.
        let write = if dice.between(0, 5) == 0 || read == 0 { 0 } else { dice.between(1, 60) };
        let within = dice.between(0, 8000) as u64;
        let device = ["a", "b", "c", "d"][dice.between(0, 3)];
        let mut job = job(now, class, device, read, write, within);
        job.answer = job.answer.min(dice.between(1, 60));
        // Some of it was read by others meanwhile.
        job.found = if read > 1 && dice.between(0, 3) == 0 { dice.between(1, read) } else { read };
        if dice.between(0, 199) == 0 {
            job.ask.promised += settings.kv_tokens;
        }
        // Somebody gives up now and then.
        job.leaves =
            (dice.between(0, 4) == 0).then(|| now + Duration::from_millis(dice.between(0, 4000) as u64));
        jobs.push(job);
    }
    jobs
}

/// What holds before each step, whatever comes.
fn check(state: &State<usize>, items: &[Item], next: Next) {
    let (line, s) = (&state.line, state.settings());
    let real: Vec<&Entry> = line.running.iter().filter(|e| e.is_real()).collect();
    assert!(line.running.len() <= s.slots, "more in flight than slots");
    assert!(line.waiting.len() <= s.queue_bound, "more wait than may");
    assert_eq!(line.waiting.len(), state.loads.len(), "each that waits has its load");
    assert!(line.running.iter().map(|e| e.promised).sum::<usize>() <= s.kv_tokens);
    assert!(line.running.iter().filter(|e| e.long).count() <= s.long_slots);
    if next != Next::Run {
        assert!(line.running.is_empty(), "somebody in flight gets nothing");
        assert!(line.waiting.is_empty() || !matches!(s.mode, Mode::Continuous | Mode::Single), "not worked");
        return;
    }
    let of = |e: &Entry| items.iter().find(|i| i.ticket == e.ticket).map(|i| i.work);
    let read = |e: &Entry| if let Some(Work::Read { tokens }) = of(e) { tokens } else { 0 };
    let rows: usize = items
        .iter()
        .map(|i| match i.work {
            Work::Read { tokens } => tokens,
            Work::Write { draft } => 1 + draft,
        })
        .sum();
    assert!(rows <= s.step_tokens, "{rows} rows");
    assert!(!items.is_empty());
    if real.is_empty() {
        return;
    }
    assert!(line.running.iter().all(|e| e.is_real() || of(e).is_none()), "guessed work gives way");
    for e in &real {
        assert!(e.read > 0 || of(e).is_some(), "a writer was left out");
    }
    let long = real.iter().filter(|e| e.long && e.read > 0);
    let long_rows: usize = long.clone().map(|e| read(e)).sum();
    assert!(long.clone().count() == 0 || long_rows > 0, "the long prompt starves");
    let shorts = || real.iter().filter(|e| !(e.long && e.read > 0));
    let wanted: usize = shorts().map(|e| e.read).sum();
    let short_rows: usize = shorts().map(|e| read(e)).sum();
    // Nothing of the step is left over while somebody could use it.
    let left = s.step_tokens - (rows - long_rows - short_rows);
    assert_eq!(short_rows, wanted.min(left - long_rows));
    if shorts().next().is_some() {
        assert!(long_rows <= s.long_step_tokens, "a short one waits behind a long one");
    } else {
        let slice = s.long_step_tokens.max(1).min(left);
        assert_eq!(long_rows, long.map(|e| e.read).sum::<usize>().min(slice));
    }
    let in_flight = |d: &str| line.running.iter().filter(|e| *e.device == *d).count();
    if s.mode == Mode::Continuous && !line.waiting.iter().any(|w| w.long) {
        // Whoever waits waits for a slot, for the cache, or for another device's turn.
        let promised: usize = real.iter().map(|e| e.promised).sum();
        let first = line.waiting.iter().find(|w| in_flight(&w.device) + 1 < s.slots);
        if let Some(first) = first.filter(|w| w.is_real()) {
            let fits = line.waiting.iter().all(|w| promised + w.promised <= s.kv_tokens);
            assert!(real.len() == s.slots || !fits, "a slot is free and {first:?} waits");
        }
    }
}

fn trial(settings: Settings, seed: u64, n: usize, per_second: f64) -> HashMap<usize, End> {
    let mut dice = Dice(seed);
    let jobs = random_jobs(&mut dice, &settings, n, per_second);
    let mut paper = Paper::new(settings, cost(), noisy(dice));
    paper.run(&jobs, check);
    assert_eq!((paper.state.waiting(), paper.state.running()), (0, 0), "somebody is stuck");
    assert!(paper.flights.is_empty(), "a slot is held by nobody");
    assert_eq!(paper.ends.len(), n, "somebody was lost");
    paper.ends
}

#[test]
fn ten_thousand_random_requests_in_every_mode_and_nobody_is_lost_or_stuck() {
    for mode in MODES {
        let ends = trial(Settings { mode, ..Settings::default() }, 7, 10_000, 2.0);
        let done = ends.values().filter(|e| matches!(e, End::Done { .. })).count();
        let left = ends.values().filter(|e| matches!(e, End::Early(Why::Cancelled))).count();
        assert!(done > 1000 && left > 100, "{mode:?}: {done} done, {left} left");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]
    /// Whatever the sizes and the load.
    #[test]
    fn nobody_is_lost_whatever_the_sizes(
        seed: u64,
        mode in prop::sample::select(&MODES[..]),
        (queue_bound, slots, long_slots) in (1usize..12, 1usize..10, 0usize..4),
        (step_tokens, long_step_tokens) in (1usize..200, 0usize..80),
        (long_prompt, kv_tokens) in (100usize..1500, 500usize..9000),
        per_second in 0.2f64..20.0,
    ) {
        let settings = Settings {
            mode, queue_bound, slots, long_slots, long_prompt, step_tokens, long_step_tokens, kv_tokens,
        };
        trial(settings, seed, 150, per_second);
    }
}

/// What became of a load: offered, refused, done in time, accepted but missed.
#[derive(Debug, Default, Clone, Copy)]
struct Load {
    offered: usize,
    refused: usize,
    good: usize,
    missed: usize,
    seconds: f64,
}

impl Load {
    fn goodput(&self) -> f64 {
        self.good as f64 / self.seconds
    }
}

/// 8 devices ask at `rate` times once in 30 s each, 300 to 500 tokens to read, 40 to write.
fn load(mode: Mode, rate: f64, seed: u64, seconds: f64) -> Load {
    let mut dice = Dice(seed);
    let mut jobs = Vec::new();
    let mut now = Moment::ZERO;
    while now.as_secs_f64() < seconds {
        now += dice.pause(8.0 * rate / 30.0);
        let device = format!("headset-{}", dice.between(1, 8));
        jobs.push(job(now, Class::Person, &device, dice.between(300, 500), 40, 2500));
    }
    let mut paper = Paper::new(Settings { mode, ..Settings::default() }, cost(), noisy(dice));
    paper.run(&jobs, |_, _, _| ());
    let mut load = Load { offered: jobs.len(), seconds, ..Load::default() };
    for (index, end) in &paper.ends {
        match end {
            End::Done { at, .. } if *at <= jobs[*index].ask.deadline => load.good += 1,
            End::Refused(_) => load.refused += 1,
            _ => load.missed += 1,
        }
    }
    load
}

#[test]
fn at_the_rated_load_nobody_is_late_and_next_to_nobody_refused() {
    for seed in 0..4 {
        let rated = load(Mode::Continuous, 1.0, seed, 3600.0);
        assert_eq!(rated.missed, 0, "{rated:?}");
        assert!(rated.refused as f64 <= 0.04 * rated.offered as f64, "{rated:?}");
    }
}

#[test]
fn past_its_peak_the_goodput_stays_and_the_rest_is_refused_at_the_door() {
    for seed in 0..3 {
        let loads = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0].map(|rate| load(Mode::Continuous, rate, seed, 1800.0));
        let mut peak: f64 = 0.0;
        for load in &loads {
            assert!(load.goodput() >= 0.9 * peak, "of {peak}: {load:?}");
            assert!(load.missed as f64 <= 0.005 * load.offered as f64, "delayed, not refused: {load:?}");
            peak = peak.max(load.goodput());
        }
        let (four_times, offered) = (&loads[2], loads[2].offered as f64 / loads[2].seconds);
        assert!(four_times.goodput() >= 0.9 * offered, "{four_times:?}");
    }
}

/// Milliseconds from arrival to end, of the jobs that `which` names, ascending.
fn times(jobs: &[Job], ends: &HashMap<usize, End>, which: impl Fn(&Job) -> bool) -> Vec<f64> {
    let spent = |(index, end): (&usize, &End)| match end {
        End::Done { at, .. } => {
            let job = &jobs[*index];
            which(job).then(|| (*at - job.arrives).as_secs_f64() * 1000.0)
        }
        _ => None,
    };
    let mut times: Vec<f64> = ends.iter().filter_map(spent).collect();
    times.sort_by(f64::total_cmp);
    times
}

#[test]
fn a_long_prompt_and_short_ones_do_not_hold_each_other_up() {
    let run = |shorts: bool, longs: bool| {
        let mut dice = Dice(3);
        let mut jobs = Vec::new();
        let mut now = Moment::ZERO;
        while now < Duration::from_secs(1200) {
            now += dice.pause(8.0 / 30.0);
            let read = dice.between(300, 500);
            if shorts {
                jobs.push(job(now, Class::Person, "headset-1", read, 40, 60_000));
            }
        }
        for long in 0..if longs { 60 } else { 0 } {
            jobs.push(job(Duration::from_secs(20 * long), Class::Person, "tablet", 3000, 40, 60_000));
        }
        jobs.sort_by_key(|j| j.arrives);
        let mut paper = Paper::new(Settings::default(), cost(), noisy(dice));
        paper.run(&jobs, check);
        let is_long = |j: &Job| j.ask.read == 3000;
        (times(&jobs, &paper.ends, |j| !is_long(j)), times(&jobs, &paper.ends, is_long))
    };
    let p95 = |times: &[f64]| times[times.len() * 95 / 100];
    let (shorts_alone, longs_alone) = (run(true, false).0, run(false, true).1);
    let (shorts, longs) = run(true, true);
    assert_eq!((shorts.len(), longs.len()), (shorts_alone.len(), 60), "all of them end");
    assert!(p95(&shorts) <= 1.5 * p95(&shorts_alone), "{} {}", p95(&shorts), p95(&shorts_alone));
    let worst = longs.last().unwrap() / longs_alone[0];
    assert!(worst <= 4.0, "{worst}");
}
