//! `millwright talk` through a virtual headset: a WAV into the microphone, a spoken answer
//! out of the loudspeaker.

#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::support::plant::{Plant, root};
use crate::support::sound::{RECORDED_HZ, Sound};
use crate::support::wait_for;

/// Writes mono 16-bit WAV.
fn write_wav(path: &Path, samples: &[f32]) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RECORDED_HZ,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(path, spec).unwrap();
    for s in samples {
        wav.write_sample((s.clamp(-1.0, 1.0) * 32767.0) as i16).unwrap();
    }
    wav.finalize().unwrap();
}

#[test]
fn with_sound_and_model_a_spoken_question_comes_back_as_a_spoken_answer() {
    let plant = Plant::new();
    let sound = Sound::start();
    let mut talk = plant
        .command(&["talk", "--json", "--rung", "quoted"])
        .envs(sound.envs())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut enter = talk.stdin.take().unwrap();
    let mut said = BufReader::new(talk.stderr.take().unwrap()).lines();
    wait_for(&mut said, "Enter starts");
    let speaker = sound.record_speaker();
    writeln!(enter).unwrap();
    wait_for(&mut said, "listening");
    sound.play_into_microphone(&root().join("assets/question.flac"));
    writeln!(enter).unwrap();
    drop(enter);
    let mut stdout = String::new();
    talk.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    assert!(talk.wait().unwrap().success());
    let turn: Value = serde_json::from_str(stdout.lines().next().unwrap()).unwrap();
    assert!(turn["heard"].as_str().unwrap().contains("M16"), "{turn}");
    assert!(turn["text"].as_str().unwrap().contains("195 Nm"), "{turn}");
    assert!(turn["first_audio_ms"].is_number() && turn["first_content_ms"].is_number(), "{turn}");
    let stages: Vec<_> =
        turn["stages"].as_array().unwrap().iter().map(|s| s["stage"].as_str().unwrap()).collect();
    for stage in ["endpoint", "transcribe", "retrieve", "synthesise", "play"] {
        assert!(stages.contains(&stage), "{stage} is not in {stages:?}");
    }

    let heard = plant.data().join("speaker.wav");
    write_wav(&heard, &speaker.stop());
    let transcript = plant.json(&["transcribe", heard.to_str().unwrap()]).remove(0);
    assert!(transcript["text"].as_str().unwrap().contains("195"), "the loudspeaker said: {transcript}");
}

#[test]
fn without_a_sound_device_talk_ends_with_3_or_says_so() {
    let plant = Plant::new();
    let home = tempfile::tempdir().unwrap();
    let output = plant
        .command(&["talk"])
        .env("HOME", home.path())
        .env("PULSE_SERVER", "unix:/nonexistent")
        .env("ALSA_CONFIG_PATH", "/nonexistent")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
}
