//! The voice says what it is told, and the loudspeaker plays it until it is told to stop.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use millwright::exit::Kind;
use millwright::exit::speak::clause::{Clause, LONGEST};
use millwright::exit::speak::earcon::Earcon;
use millwright::exit::speak::piper::{Noise, Piper};
use millwright::exit::speak::playback::{Event, Refused, Speaker};
use millwright::exit::speak::say::Sayer;
use millwright::exit::speak::voice::{Pcm, Voice, pick_voice};
use millwright::exit::speak::wav;
use whisper_rs::{FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters};

use crate::support;
use crate::support::sound::{RECORDED_HZ, Sound};

const SENTENCE: &str = "Tighten the flange bolts to **195 Nm**.";

fn piper() -> Piper {
    let file = |name| support::model("piper-en-us-joe", name);
    Piper::load(&file("en_US-joe-medium.onnx"), &file("en_US-joe-medium.onnx.json")).unwrap()
}

fn spoken(voice: Box<dyn Voice>, text: &str) -> Vec<Pcm> {
    Sayer::new(voice, "en").say(text, 1).map(|s| s.unwrap().pcm).collect()
}

/// What Whisper tiny.en hears in 16 kHz mono.
fn transcribe(samples: &[f32]) -> String {
    whisper_rs::install_logging_hooks();
    let model = support::model("whisper-tiny.en", "ggml-tiny.en.bin");
    let context = WhisperContext::new_with_params(&model, WhisperContextParameters::default()).unwrap();
    let mut state = context.create_state().unwrap();
    let mut params = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
    params.set_n_threads(2);
    params.set_print_progress(false);
    params.set_print_realtime(false);
    params.set_print_timestamps(false);
    state.full(params, samples).unwrap();
    state.as_iter().map(|segment| segment.to_string()).collect()
}

/// The pieces as one signal at 16 kHz, by linear interpolation: enough for a recogniser.
fn at_16_khz(pieces: &[Pcm]) -> Vec<f32> {
    let rate = f64::from(pieces[0].sample_rate);
    let all: Vec<f32> = pieces.iter().flat_map(|p| p.samples.iter().copied()).collect();
    let count = (all.len() as f64 * 16_000.0 / rate) as usize;
    (0..count.saturating_sub(1))
        .map(|i| {
            let at = i as f64 * rate / 16_000.0;
            let (low, part) = (at as usize, at.fract() as f32);
            let next = all.get(low + 1).copied().unwrap_or(0.0);
            all[low] * (1.0 - part) + next * part
        })
        .collect()
}

#[test]
fn with_model_the_neural_voice_says_the_number_and_says_it_the_same_twice() {
    let first = spoken(Box::new(piper()), SENTENCE);
    let ms: u64 = first.iter().map(Pcm::ms).sum();
    assert!((2500..6500).contains(&ms), "{ms} ms");
    assert_eq!(first, spoken(Box::new(piper()), SENTENCE));
    let heard = transcribe(&at_16_khz(&first));
    assert!(heard.contains("195"), "heard {heard:?}");
}

#[test]
fn with_model_threads_change_the_time_and_not_the_words() {
    let mut voice = piper();
    let one = voice.synthesise("Close the suction valve.", 1).unwrap();
    let two = voice.synthesise("Close the suction valve.", 2).unwrap();
    assert_eq!(one.samples.len(), two.samples.len());
    let apart = one.samples.iter().zip(&two.samples).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(apart < 1e-3, "{apart}");
}

#[test]
fn with_model_the_voice_s_own_noise_is_there_for_who_wants_it() {
    let mut lively = piper().noise(Noise::Own);
    let text = "Wait for the pressure to fall.";
    assert_ne!(lively.synthesise(text, 1).unwrap(), lively.synthesise(text, 1).unwrap());
}

#[test]
fn with_model_the_installed_voice_is_picked_and_the_choice_explained() {
    let models = support::model_data().join("models");
    let picked = pick_voice(&models, None, "en");
    assert_eq!(picked.why, "the Piper voice en_US-joe-medium");
    assert_eq!(picked.voice.unwrap().name(), "en_US-joe-medium");
    // An English voice does not read Spanish.
    let picked = pick_voice(&models, None, "es");
    assert_eq!(picked.voice.unwrap().name(), "espeak-ng es");
}

#[test]
fn without_a_model_espeak_ng_speaks_into_a_wav_file() {
    let dir = tempfile::tempdir().unwrap();
    let picked = pick_voice(dir.path(), None, "en");
    let pieces = spoken(picked.voice.unwrap(), "Alarm E203. Stop the pump.");
    let path = dir.path().join("said.wav");
    wav::write(&path, &pieces).unwrap();
    let mut reader = hound::WavReader::open(&path).unwrap();
    assert_eq!((reader.spec().channels, reader.spec().sample_rate), (1, 22_050));
    let loud = reader.samples::<i16>().filter(|s| s.as_ref().unwrap().unsigned_abs() > 2000).count();
    assert!(loud > 5000, "{loud} loud samples");
}

/// Prints how long a clause takes; `cargo test --release --test behaviour
/// real_time_factor -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn with_model_real_time_factor() {
    let mut voice = piper();
    let text = "Tighten the flange bolts to 195 Nm in three passes, crosswise, and check each one again after ten \
                minutes. Close the suction valve, open the drain and wait until the gauge reads 0.5 bar.";
    let clauses = Sayer::new(Box::new(piper()), "en").clauses(text);
    for threads in [1, 2] {
        for Clause { text, .. } in &clauses {
            voice.synthesise(text, threads).unwrap();
        }
        let (mut took, mut sound, mut worst) = (Duration::ZERO, 0, Duration::ZERO);
        for Clause { text, .. } in &clauses {
            let start = Instant::now();
            sound += voice.synthesise(text, threads).unwrap().ms();
            took += start.elapsed();
            worst = worst.max(start.elapsed());
        }
        println!(
            "{threads} threads, {} clauses of at most {LONGEST} characters, {:.1} s of sound: real-time factor {:.3}, longest clause {} ms",
            clauses.len(),
            sound as f64 / 1000.0,
            took.as_millis() as f64 / sound as f64,
            worst.as_millis()
        );
    }
}

/// Runs one of the `in_a_process_of_its_own_` tests below in another environment. Gives
/// back whether it passed, and all that it said.
fn alone(test: &str, envs: &[(String, String)]) -> (bool, String) {
    let Output { status, stdout, stderr } = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "--nocapture", &format!("voice::{test}")])
        .envs(envs.iter().cloned())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
    (status.success() && said.contains("1 passed"), said)
}

fn tone(hertz: f32, ms: u32) -> Pcm {
    let samples =
        (0..ms * 22).map(|i| 0.4 * (std::f32::consts::TAU * hertz * i as f32 / 22_000.0).sin()).collect();
    Pcm { samples, sample_rate: 22_000 }
}

/// Milliseconds of the recording in which this pitch is plainly heard.
fn heard_ms(recording: &[f32], hertz: f32) -> usize {
    let frame = RECORDED_HZ as usize / 50;
    let loud = |samples: &&[f32]| {
        let (mut re, mut im) = (0.0, 0.0);
        for (i, s) in samples.iter().enumerate() {
            let angle = std::f32::consts::TAU * hertz * i as f32 / RECORDED_HZ as f32;
            re += s * angle.cos();
            im += s * angle.sin();
        }
        (re * re + im * im).sqrt() / frame as f32 > 0.1
    };
    recording.chunks_exact(frame).filter(loud).count() * 20
}

#[test]
#[ignore = "run by with_sound_sentences_are_played_in_turn_and_a_flush_stops_them"]
fn in_a_process_of_its_own_the_speaker_plays_and_is_cut_short() {
    let (speaker, events) = Speaker::open(None).unwrap();
    let next = || events.recv_timeout(Duration::from_secs(10)).unwrap();
    for (id, sound) in [(1, tone(500.0, 600)), (2, tone(900.0, 400)), (3, Earcon::Heard.pcm())] {
        speaker.say(id, sound).unwrap();
    }
    assert_eq!(speaker.waiting(), 3);
    let mut times = Vec::new();
    for id in 1..=3 {
        let (started, at) = match next() {
            Event::Started { id, at } => (id, at),
            other => panic!("{id} did not start: {other:?}"),
        };
        let (finished, end) = match next() {
            Event::Finished { id, at } => (id, at),
            other => panic!("{id} did not finish: {other:?}"),
        };
        assert_eq!((started, finished), (id, id));
        times.push((at, end));
    }
    // Pulled one after the other, in about the time that they last.
    let gap = times[1].0 - times[0].1;
    assert!(gap < Duration::from_millis(100), "{gap:?}");
    assert_eq!(speaker.waiting(), 0);
    let held: usize = speaker.tap().since(0).iter().map(|b| b.samples().len()).sum();
    assert!(held > speaker.tap().sample_rate() as usize, "{held}");

    speaker.say(4, tone(1500.0, 5000)).unwrap();
    speaker.say(5, tone(1500.0, 5000)).unwrap();
    assert!(matches!(next(), Event::Started { id: 4, .. }));
    std::thread::sleep(Duration::from_millis(500));
    let start = Instant::now();
    speaker.flush();
    assert!(matches!(next(), Event::Cut { id: 4 }));
    assert!(matches!(next(), Event::Cut { id: 5 }));
    assert!(start.elapsed() < Duration::from_millis(150), "{:?}", start.elapsed());
    std::thread::sleep(Duration::from_millis(300));

    for id in 0..64 {
        speaker.say(id, tone(100.0, 1000)).unwrap();
    }
    assert!(matches!(speaker.say(64, tone(100.0, 1)), Err(Refused::Full(_))));
}

#[test]
fn with_sound_sentences_are_played_in_turn_and_a_flush_stops_them() {
    let sound = Sound::start();
    let recording = sound.record_speaker();
    let (passed, said) = alone("in_a_process_of_its_own_the_speaker_plays_and_is_cut_short", &sound.envs());
    let heard = recording.stop();
    assert!(passed, "{said}");
    for (hertz, want) in [(500.0, 500..=700), (900.0, 320..=480), (1500.0, 400..=900)] {
        let ms = heard_ms(&heard, hertz);
        assert!(want.contains(&ms), "{hertz} Hz for {ms} ms, want {want:?}\n{said}");
    }
}

#[test]
#[ignore = "run by with_sound_with_model_the_number_is_understood_at_the_loudspeaker"]
fn in_a_process_of_its_own_the_voice_speaks_the_sentence() {
    let (speaker, events) = Speaker::open(None).unwrap();
    let pieces = spoken(Box::new(piper()), SENTENCE);
    let last = pieces.len() as u64 - 1;
    for (id, pcm) in pieces.into_iter().enumerate() {
        speaker.say(id as u64, pcm).unwrap();
    }
    loop {
        match events.recv_timeout(Duration::from_secs(20)).unwrap() {
            Event::Finished { id, .. } if id == last => break,
            Event::Lost(e) => panic!("{e}"),
            _ => {}
        }
    }
    std::thread::sleep(Duration::from_millis(200));
}

#[test]
fn with_sound_with_model_the_number_is_understood_at_the_loudspeaker() {
    let sound = Sound::start();
    let recording = sound.record_speaker();
    let (passed, said) = alone("in_a_process_of_its_own_the_voice_speaks_the_sentence", &sound.envs());
    let heard = recording.stop();
    assert!(passed, "{said}");
    let words = transcribe(&heard);
    assert!(words.contains("195"), "heard {words:?}");
}

#[test]
#[ignore = "run by without_a_loudspeaker_the_error_says_what_to_do_and_nothing_is_printed"]
fn in_a_process_of_its_own_no_loudspeaker_is_an_error() {
    let error = Speaker::open(None).err().expect("there is no device");
    assert_eq!(error.kind, Kind::Device);
    println!("ERROR {error} HINT {}", error.hint);
}

#[test]
fn without_a_loudspeaker_the_error_says_what_to_do_and_nothing_is_printed() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join(".asoundrc"), "pcm.!default { type hw card 31 }\n").unwrap();
    let envs = [("HOME".to_owned(), home.path().display().to_string())];
    let (passed, said) = alone("in_a_process_of_its_own_no_loudspeaker_is_an_error", &envs);
    assert!(passed && said.contains("ERROR") && said.contains("--out FILE.wav"), "{said}");
    let complaint = said.lines().find(|line| line.starts_with("ALSA lib"));
    assert_eq!(complaint, None);
}

#[test]
fn with_sound_the_microphone_and_the_loudspeaker_are_apart() {
    let sound = Sound::start();
    let path = Path::new(&sound.envs()[0].1).join("tone.wav");
    wav::write(&path, &[tone(700.0, 500)]).unwrap();
    let recording = sound.record_speaker();
    sound.play_into_microphone(&path);
    assert_eq!(heard_ms(&recording.stop(), 700.0), 0, "the microphone's sound is not at the loudspeaker");
}
