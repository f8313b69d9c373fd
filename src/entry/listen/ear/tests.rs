//! The ear on a socket that a test plays into.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::{Arc, Mutex};

use super::thread::POLL;
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
        Self::of(inserted, false)
    }

    fn of(inserted: bool, hands_free: bool) -> Self {
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
        Self {
            ear: Ear::new(Box::new(open), Vad::default(), endpoint::Settings::default(), hands_free),
            socket,
            now: Moment::ZERO,
            said: Vec::new(),
        }
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

    /// What was said since the last call; levels and transcripts on the way left out.
    fn said(&mut self) -> Vec<Event> {
        let beside = |e: &Event| matches!(e, Event::Level(_) | Event::Hear(_) | Event::GiveUp { .. });
        self.said.drain(..).filter(|event| !beside(event)).collect()
    }

    /// The sound of the utterance that was said, as it was given to be transcribed.
    fn sound_of(&self, utterance: &Utterance) -> Vec<f32> {
        let heard = self.said.iter().find_map(|event| match event {
            Event::Hear(hear) if hear.hearing == utterance.hearing => Some(hear.samples.clone()),
            _ => None,
        });
        heard.expect("no transcript was asked for")
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
    let samples = bench.sound_of(utterance_in(&bench.said));
    let said = bench.said();
    assert_eq!(said[..2], [back(), Event::Started { by_key: true, over_voice: false }]);
    let utterance = utterance_in(&said);
    let loud = samples.iter().filter(|s| s.abs() > 0.01).count();
    assert!(loud.abs_diff(19_200) < 1_500, "{loud} samples of 1.2 s of speech");
    assert!(samples.len() < 16_000 * 17 / 10, "the silence behind is cut");
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
    assert_eq!(bench.said(), [back(), Event::Started { by_key: true, over_voice: false }, Event::TooShort]);
}

#[test]
fn a_headset_unplugged_in_mid_sentence_is_noticed_within_a_second_and_listening_goes_on() {
    let mut bench = Bench::new(true);
    bench.play(500, 0.1);
    bench.press(Key::Down);
    bench.play(500, 0.1);
    assert_eq!(bench.said(), [back(), Event::Started { by_key: true, over_voice: false }]);

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
    let (events, mut said) = tokio::sync::mpsc::channel(32);
    let start = std::time::Instant::now();
    let open: Open = Box::new(move || Ok(Box::new(socket.clone())));
    let ear = Ear::new(open, Vad::default(), endpoint::Settings::default(), false);
    let handle = Handle::spawn(ear, None, move || start.elapsed(), events).unwrap();
    assert_eq!(said.blocking_recv(), Some(back()));
    assert!(handle.press(Key::Down));
    let started = std::iter::from_fn(|| said.blocking_recv()).find(|event| !matches!(event, Event::Level(_)));
    assert_eq!(started, Some(Event::Started { by_key: true, over_voice: false }));
    drop(handle);
    while said.blocking_recv().is_some() {}
}

/// An ear that listens hands-free to what is played at 48 kHz.
fn hands_free() -> Bench {
    Bench::of(true, true)
}

impl Bench {
    /// Plays 16 kHz sound: each sample three times is 48 kHz, well enough for speech.
    fn play_sound(&mut self, samples: &[f32]) {
        for step in samples.chunks(160) {
            self.now += POLL;
            {
                let mut plug = self.socket.0.lock().unwrap();
                plug.waiting.extend(step.iter().flat_map(|s| [*s; 3]));
                plug.health.callbacks += 1;
            }
            let said = &mut self.said;
            self.ear.poll(self.now, &mut |event| said.push(event));
        }
    }

    fn utterances(&self) -> Vec<&Utterance> {
        let found = self.said.iter();
        found.filter_map(|event| if let Event::Utterance(u) = event { Some(u) } else { None }).collect()
    }
}

fn question() -> Vec<f32> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/question.flac");
    crate::entry::audio_file::read(&path).unwrap().samples
}

#[test]
fn hands_free_a_spoken_question_is_one_utterance_and_its_transcript_is_asked_for_before_its_end() {
    let mut bench = hands_free();
    bench.play(1_000, 0.0005);
    bench.play_sound(&question());
    bench.play(2_000, 0.0005);
    let [utterance] = bench.utterances()[..] else { panic!("{:?}", bench.said()) };
    assert!(!utterance.by_key && !utterance.cut && utterance.coverage > 0.5, "{utterance:?}");
    let place = |what: &dyn Fn(&Event) -> bool| bench.said.iter().position(what).unwrap();
    let asked = place(&|e| matches!(e, Event::Hear(h) if h.hearing == utterance.hearing && !h.interim));
    let over = place(&|e| matches!(e, Event::Utterance(_)));
    let levels = bench.said[asked..over].iter().filter(|e| matches!(e, Event::Level(_))).count();
    assert!(levels >= 1, "a transcript that is asked for at the end comes too late");
    let sound = bench.sound_of(utterance);
    assert!(sound.len().abs_diff(question().len()) < 16_000, "{} samples", sound.len());
    assert!(bench.said.iter().any(|e| matches!(e, Event::Hear(h) if h.interim)), "nothing to show meanwhile");
}

#[test]
fn hands_free_two_questions_are_two_utterances_with_rising_numbers() {
    let mut bench = hands_free();
    for _ in 0..2 {
        bench.play_sound(&question());
        bench.play(2_500, 0.0005);
    }
    let utterances = bench.utterances();
    assert_eq!(utterances.len(), 2, "{:?}", bench.said);
    assert!(utterances[0].hearing < utterances[1].hearing);
}

#[test]
fn hands_free_a_room_without_speech_says_nothing() {
    let mut bench = hands_free();
    bench.play(5_000, 0.0005);
    bench.play(5_000, 0.2);
    assert!(bench.utterances().is_empty());
}

#[test]
fn the_key_takes_over_an_utterance_that_was_begun_by_the_voice() {
    let mut bench = hands_free();
    let question = question();
    let (first, rest) = question.split_at(question.len() / 2);
    bench.play_sound(first);
    bench.press(Key::Down);
    bench.play_sound(rest);
    bench.play(600, 0.0005);
    bench.press(Key::Up);
    bench.play(300, 0.0005);
    let [utterance] = bench.utterances()[..] else { panic!("{:?}", bench.said()) };
    assert!(utterance.by_key);
    let sound = bench.sound_of(utterance);
    let spoken = trim::speech(&question).unwrap().len();
    assert!(sound.len() + 1_600 > spoken, "the first half is lost: {} of {spoken} samples", sound.len());
}

#[test]
fn a_device_that_moved_is_opened_again_and_named() {
    let mut bench = Bench::new(true);
    bench.play(300, 0.01);
    bench.said();
    bench.socket.0.lock().unwrap().health.moved = true;
    bench.play(10, 0.01);
    bench.socket.0.lock().unwrap().health.moved = false;
    bench.play(100, 0.01);
    assert_eq!(bench.said(), [back()]);
}
