//! The ear: one thread that polls the microphone, converts, meters, runs push-to-talk and
//! says what happened. The thread is a thin driver; [`Ear`] is a state machine on `now`.

use std::collections::VecDeque;
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender, TrySendError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc as events;

use super::level::{Level, Meter};
use super::push_to_talk::{Action, Dropped, Ended, Event as Input, Key, PRE_ROLL, PushToTalk};
use super::resample::Resampler;
use super::trim;
use crate::core::Moment;
use crate::core::hear::SAMPLE_RATE;
use crate::entry::microphone::{Pulse, Source};
use crate::entry::{Error, Kind, Result};

/// How often the microphone is looked at.
const POLL: Duration = Duration::from_millis(10);
/// How often the level is told.
const LEVEL_EVERY: Duration = Duration::from_millis(100);
/// How often a lost microphone is looked for.
const RETRY_EVERY: Duration = Duration::from_secs(1);
/// Key presses that may wait for the ear.
const KEYS: usize = 32;
/// Room in the channel that levels leave free for what must not be lost.
const RESERVE: usize = 8;

/// What the ear says.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The input level, ten times a second.
    Level(Level),
    /// An utterance has begun.
    Started,
    /// An utterance is complete.
    Utterance(Utterance),
    /// A press too short to be a question.
    TooShort,
    /// The microphone went away (or there was none); what was being said is thrown away.
    DeviceLost {
        /// One line for the person.
        why: String,
    },
    /// A microphone is there: the first, or again.
    DeviceBack {
        /// Its name.
        name: String,
    },
}

/// One utterance, trimmed.
#[derive(Debug, Clone, PartialEq)]
pub struct Utterance {
    /// Mono, 16 kHz.
    pub samples: Vec<f32>,
    /// How long ago its last sample of speech was at the moment of the event, in
    /// milliseconds: where the turn's clock starts.
    pub speech_end_offset_ms: u64,
    /// Samples that were lost in it because the ring was full.
    pub overruns: u64,
    /// It was cut off because it became too long.
    pub cut: bool,
}

/// Opens the microphone; called at the start and, after a loss, until it succeeds.
pub type Open = Box<dyn FnMut() -> Result<Box<dyn Source>> + Send>;

/// The state of the ear.
pub struct Ear {
    open: Open,
    line: Option<Line>,
    retry_at: Moment,
    /// A loss is told once, not at every failed try.
    told: bool,
    talk: PushToTalk,
    recent: VecDeque<f32>,
    recording: Vec<f32>,
    overruns_before: u64,
    meter: Meter,
    level_at: Moment,
    raw: Vec<f32>,
    fresh: Vec<f32>,
}

/// An open source and what goes with it.
struct Line {
    source: Box<dyn Source>,
    resampler: Resampler,
    pulse: Pulse,
}

impl Ear {
    /// An ear that has not looked for its microphone yet.
    pub fn new(open: Open) -> Self {
        Self {
            open,
            line: None,
            retry_at: Moment::ZERO,
            told: false,
            talk: PushToTalk::default(),
            recent: VecDeque::with_capacity(PRE_ROLL),
            recording: Vec::new(),
            overruns_before: 0,
            meter: Meter::default(),
            level_at: Moment::ZERO,
            raw: Vec::new(),
            fresh: Vec::new(),
        }
    }

    /// Takes the talk key.
    pub fn key(&mut self, key: Key, now: Moment, say: &mut dyn FnMut(Event)) {
        // Without a microphone there is nothing to begin; what was begun may end.
        if self.line.is_some() || self.talk.is_recording() {
            self.talk(Input::Key(key), now, say);
        }
    }

    /// Looks at the microphone: takes what has arrived, notices its loss and return.
    pub fn poll(&mut self, now: Moment, say: &mut dyn FnMut(Event)) {
        if self.line.is_none() && now >= self.retry_at {
            self.retry_at = now + RETRY_EVERY;
            self.connect(say);
        }
        if let Err(why) = self.listen(now) {
            self.line = None;
            self.retry_at = now + RETRY_EVERY;
            self.talk(Input::Lost, now, say);
            self.recent.clear();
            self.meter = Meter::default();
            self.told = true;
            say(Event::DeviceLost { why: why.to_string() });
        }
        let fresh = std::mem::take(&mut self.fresh);
        self.hear(&fresh, now, say);
        self.fresh = fresh;
        if self.line.is_some() && now >= self.level_at {
            self.level_at = now + LEVEL_EVERY;
            say(Event::Level(self.meter.level()));
        }
    }

    fn connect(&mut self, say: &mut dyn FnMut(Event)) {
        let opened = (self.open)().and_then(|source| {
            let resampler = Resampler::new(source.rate())?;
            Ok(Line { source, resampler, pulse: Pulse::default() })
        });
        match opened {
            Ok(line) => {
                say(Event::DeviceBack { name: line.source.name().to_owned() });
                self.line = Some(line);
                self.told = false;
            }
            Err(error) if !self.told => {
                self.told = true;
                say(Event::DeviceLost { why: error.to_string() });
            }
            Err(_) => {}
        }
    }

    /// Fills `fresh` with what has arrived, at 16 kHz.
    fn listen(&mut self, now: Moment) -> Result<()> {
        self.fresh.clear();
        let Some(line) = &mut self.line else {
            return Ok(());
        };
        self.raw.clear();
        line.source.read(&mut self.raw);
        line.resampler.push(&self.raw, &mut self.fresh)?;
        if line.pulse.is_stalled(line.source.health(), now) {
            let what = format!("the microphone \"{}\" has stopped", line.source.name());
            return Err(Error::new(Kind::Device, what));
        }
        Ok(())
    }

    fn hear(&mut self, fresh: &[f32], now: Moment, say: &mut dyn FnMut(Event)) {
        self.meter.push(fresh);
        if self.talk.is_recording() {
            self.recording.extend_from_slice(fresh);
        }
        let surplus = (self.recent.len() + fresh.len()).saturating_sub(PRE_ROLL);
        self.recent.drain(..surplus.min(self.recent.len()));
        self.recent.extend(&fresh[fresh.len().saturating_sub(PRE_ROLL)..]);
        self.talk(Input::Samples(fresh.len()), now, say);
    }

    fn talk(&mut self, input: Input, now: Moment, say: &mut dyn FnMut(Event)) {
        match self.talk.handle(input, now) {
            None => {}
            Some(Action::Start { pre_roll }) => {
                self.recording.clear();
                let skip = self.recent.len().saturating_sub(pre_roll);
                self.recording.extend(self.recent.iter().skip(skip));
                self.overruns_before = self.overruns();
                say(Event::Started);
            }
            Some(Action::End(ended)) => {
                let samples = std::mem::take(&mut self.recording);
                let overruns = self.overruns().saturating_sub(self.overruns_before);
                say(Event::Utterance(utterance(samples, overruns, ended)));
            }
            Some(Action::Drop(dropped)) => {
                self.recording.clear();
                if dropped == Dropped::TooShort {
                    say(Event::TooShort);
                }
            }
        }
    }

    fn overruns(&self) -> u64 {
        self.line.as_ref().map_or(0, |line| line.source.health().overruns)
    }
}

fn utterance(mut samples: Vec<f32>, overruns: u64, ended: Ended) -> Utterance {
    let whole = samples.len();
    let speech_end = trim::speech(&samples).map_or(whole, |speech| speech.end);
    let kept = trim::trim(&samples, trim::MARGIN);
    samples.truncate(kept.end);
    samples.drain(..kept.start);
    Utterance {
        samples,
        speech_end_offset_ms: (whole - speech_end) as u64 * 1000 / u64::from(SAMPLE_RATE),
        overruns,
        cut: ended == Ended::TooLong,
    }
}

/// The running ear. Dropping it stops the thread and closes the microphone.
pub struct Handle {
    keys: Option<SyncSender<Key>>,
    thread: Option<JoinHandle<()>>,
}

impl Handle {
    /// Starts the ear's thread. `clock` is the node's; `events` should hold at least 32:
    /// levels are dropped where it fills up, and so is an utterance that nobody takes.
    ///
    /// # Errors
    /// `Device` where the system has no thread left.
    pub fn spawn(
        open: Open,
        clock: impl Fn() -> Moment + Send + 'static,
        events: events::Sender<Event>,
    ) -> Result<Self> {
        let (keys, pressed) = mpsc::sync_channel(KEYS);
        let run = move || {
            let mut ear = Ear::new(open);
            let mut say = |event: Event| {
                let spare = matches!(event, Event::Level(_)) && events.capacity() <= RESERVE;
                if !spare && let Err(events::error::TrySendError::Full(lost)) = events.try_send(event) {
                    tracing::warn!(?lost, "nobody takes what the ear says");
                }
            };
            loop {
                match pressed.recv_timeout(POLL) {
                    Ok(key) => ear.key(key, clock(), &mut say),
                    Err(RecvTimeoutError::Timeout) => ear.poll(clock(), &mut say),
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("ear".into())
            .spawn(run)
            .map_err(|e| Error::new(Kind::Device, "the ear cannot be started").because(e))?;
        Ok(Self { keys: Some(keys), thread: Some(thread) })
    }

    /// Hands the talk key to the ear; false where so many presses wait that this one was
    /// not taken.
    pub fn press(&self, key: Key) -> bool {
        self.keys.as_ref().is_some_and(|keys| match keys.try_send(key) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        })
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        drop(self.keys.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the ear's thread panicked");
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::entry::microphone::Health;

    /// A microphone at 48 kHz that a test plays into and unplugs.
    #[derive(Clone, Default)]
    struct Socket(Arc<Mutex<Plug>>);

    #[derive(Default)]
    struct Plug {
        inserted: bool,
        waiting: Vec<f32>,
        health: Health,
    }

    impl Source for Socket {
        fn name(&self) -> &str {
            "headset"
        }
        fn rate(&self) -> u32 {
            48_000
        }
        fn read(&mut self, into: &mut Vec<f32>) {
            into.append(&mut self.0.lock().unwrap().waiting);
        }
        fn health(&self) -> Health {
            self.0.lock().unwrap().health
        }
    }

    /// An ear on a socket, with a clock that sound moves forward.
    struct Bench {
        ear: Ear,
        socket: Socket,
        now: Moment,
        said: Vec<Event>,
    }

    impl Bench {
        fn new(inserted: bool) -> Self {
            let socket = Socket::default();
            socket.0.lock().unwrap().inserted = inserted;
            let source = socket.clone();
            let open = move || -> Result<Box<dyn Source>> {
                if source.0.lock().unwrap().inserted {
                    Ok(Box::new(source.clone()))
                } else {
                    Err(Error::new(Kind::Device, "there is no microphone"))
                }
            };
            Self { ear: Ear::new(Box::new(open)), socket, now: Moment::ZERO, said: Vec::new() }
        }

        /// So long of sound at this loudness, in steps of 10 ms.
        fn play(&mut self, ms: u64, level: f32) {
            for _ in 0..ms / 10 {
                self.now += POLL;
                {
                    let mut plug = self.socket.0.lock().unwrap();
                    if plug.inserted {
                        plug.waiting.extend((0..480).map(|i| level * (i as f32 * 0.13).sin()));
                        plug.health.callbacks += 1;
                    }
                }
                let said = &mut self.said;
                self.ear.poll(self.now, &mut |event| said.push(event));
            }
        }

        fn press(&mut self, key: Key) {
            let said = &mut self.said;
            self.ear.key(key, self.now, &mut |event| said.push(event));
        }

        fn plug(&mut self, inserted: bool) {
            self.socket.0.lock().unwrap().inserted = inserted;
        }

        /// What was said since the last call, levels left out.
        fn said(&mut self) -> Vec<Event> {
            self.said.drain(..).filter(|event| !matches!(event, Event::Level(_))).collect()
        }
    }

    fn utterance_in(events: &[Event]) -> &Utterance {
        let found = events.iter().find_map(|event| match event {
            Event::Utterance(utterance) => Some(utterance),
            _ => None,
        });
        found.expect("no utterance")
    }

    fn back() -> Event {
        Event::DeviceBack { name: "headset".into() }
    }

    #[test]
    fn a_held_key_gives_the_speech_with_its_pre_roll_and_tells_where_it_ended() {
        let mut bench = Bench::new(true);
        bench.play(1_000, 0.0005);
        // The speaker begins 200 ms before the key, and is silent for 500 ms before the release.
        bench.play(200, 0.2);
        bench.press(Key::Down);
        bench.play(1_000, 0.2);
        bench.play(500, 0.0005);
        bench.press(Key::Up);
        bench.play(300, 0.0005);
        let said = bench.said();
        assert_eq!(said[..2], [back(), Event::Started]);
        let utterance = utterance_in(&said);
        let loud = utterance.samples.iter().filter(|s| s.abs() > 0.01).count();
        assert!(loud.abs_diff(19_200) < 1_500, "{loud} samples of 1.2 s of speech");
        assert!(utterance.samples.len() < 16_000 * 17 / 10, "the silence behind is cut");
        // 500 ms before the release and 200 after it; the filter holds 10 ms back.
        assert!(utterance.speech_end_offset_ms.abs_diff(700) <= 30, "{}", utterance.speech_end_offset_ms);
        assert!(!utterance.cut && utterance.overruns == 0);
    }

    #[test]
    fn what_was_lost_in_the_utterance_is_counted_and_what_was_lost_before_is_not() {
        let mut bench = Bench::new(true);
        bench.socket.0.lock().unwrap().health.overruns = 1_000;
        bench.play(500, 0.1);
        bench.press(Key::Toggle);
        bench.play(300, 0.1);
        bench.socket.0.lock().unwrap().health.overruns += 42;
        bench.play(300, 0.1);
        bench.press(Key::Toggle);
        bench.play(300, 0.1);
        assert_eq!(utterance_in(&bench.said()).overruns, 42);
    }

    #[test]
    fn thirty_seconds_are_cut_and_marked_so() {
        let mut bench = Bench::new(true);
        bench.press(Key::Down);
        bench.play(100, 0.1);
        bench.press(Key::Down);
        bench.play(31_000, 0.1);
        assert!(utterance_in(&bench.said()).cut);
    }

    #[test]
    fn a_slip_of_the_finger_says_too_short() {
        let mut bench = Bench::new(true);
        bench.play(100, 0.1);
        bench.press(Key::Down);
        bench.play(100, 0.1);
        bench.press(Key::Up);
        assert_eq!(bench.said(), [back(), Event::Started, Event::TooShort]);
    }

    #[test]
    fn a_headset_unplugged_in_mid_sentence_is_noticed_within_a_second_and_listening_goes_on() {
        let mut bench = Bench::new(true);
        bench.play(500, 0.1);
        bench.press(Key::Down);
        bench.play(500, 0.1);
        assert_eq!(bench.said(), [back(), Event::Started]);

        bench.plug(false);
        bench.play(1_000, 0.0);
        assert!(matches!(bench.said()[..], [Event::DeviceLost { .. }]));
        bench.press(Key::Up);
        bench.press(Key::Toggle);
        bench.play(3_000, 0.0);
        assert_eq!(bench.said(), [], "a loss is told once, and there is nothing to record with");

        bench.plug(true);
        bench.play(1_500, 0.1);
        assert_eq!(bench.said(), [back()]);
        bench.press(Key::Toggle);
        bench.play(500, 0.1);
        bench.press(Key::Toggle);
        bench.play(500, 0.1);
        utterance_in(&bench.said());
    }

    #[test]
    fn with_no_microphone_at_all_that_is_said_once() {
        let mut bench = Bench::new(false);
        bench.play(5_000, 0.0);
        assert!(matches!(bench.said()[..], [Event::DeviceLost { .. }]));
    }

    #[test]
    fn the_level_is_told_ten_times_a_second() {
        let mut bench = Bench::new(true);
        bench.play(2_000, 0.1);
        let levels = bench.said.iter().filter(|event| matches!(event, Event::Level(_))).count();
        assert!((19..=21).contains(&levels), "{levels}");
    }

    #[test]
    fn the_thread_says_what_the_ear_says_and_ends_with_its_handle() {
        let socket = Socket::default();
        let (events, mut said) = events::channel(32);
        let start = std::time::Instant::now();
        let open: Open = Box::new(move || Ok(Box::new(socket.clone())));
        let handle = Handle::spawn(open, move || start.elapsed(), events).unwrap();
        assert_eq!(said.blocking_recv(), Some(back()));
        assert!(handle.press(Key::Down));
        let started =
            std::iter::from_fn(|| said.blocking_recv()).find(|event| !matches!(event, Event::Level(_)));
        assert_eq!(started, Some(Event::Started));
        drop(handle);
        while said.blocking_recv().is_some() {}
    }
}
