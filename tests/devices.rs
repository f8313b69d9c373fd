//! Devices come and go: what is there is listed, what goes is noticed, and typing works
//! without any.

#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::plant::{Plant, lines, root, stderr};
use crate::support::sound::Sound;
use crate::support::wait_for;

/// A command that finds no sound device at all.
fn deaf(plant: &Plant, args: &[&str]) -> (Command, tempfile::TempDir) {
    let home = tempfile::tempdir().unwrap();
    let mut command = plant.command(args);
    command
        .env("HOME", home.path())
        .env("PULSE_SERVER", "unix:/nonexistent")
        .env("ALSA_CONFIG_PATH", "/nonexistent");
    (command, home)
}

#[test]
fn devices_without_any_device_is_done_and_says_how_to_go_on() {
    let plant = Plant::bare();
    let (mut command, _home) = deaf(&plant, &["devices", "--json"]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(lines(&output).is_empty(), "{:?}", lines(&output));
    assert!(stderr(&output).contains("no microphone: type the question"), "{}", stderr(&output));
    // To measure what is not there is another matter.
    let (mut command, _home) = deaf(&plant, &["devices", "--level", "1", "--json"]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(lines(&output)[0]["error"]["hint"].as_str().unwrap().contains("typed questions work"));
}

#[test]
fn with_sound_devices_marks_the_default_and_what_the_configuration_picks() {
    let plant = Plant::bare();
    let sound = Sound::start();
    let list =
        |plant: &Plant| lines(&plant.command(&["devices", "--json"]).envs(sound.envs()).output().unwrap());
    let devices = list(&plant);
    for direction in ["input", "output"] {
        let default: Vec<&Value> =
            devices.iter().filter(|d| d["direction"] == direction && d["default"] == true).collect();
        assert_eq!(default.len(), 1, "{devices:?}");
        assert_eq!(default[0]["picked"], true, "{devices:?}");
    }
    std::fs::write(plant.data().join("config.toml"), "[audio]\ninput = \"no such headset\"\n").unwrap();
    let output = plant.command(&["devices", "--json"]).envs(sound.envs()).output().unwrap();
    assert!(lines(&output).iter().all(|d| d["direction"] == "output" || d["picked"] == false));
    assert!(stderr(&output).contains("no such headset"), "{}", stderr(&output));
}

#[test]
fn with_sound_the_meter_shows_how_loud_it_is() {
    let plant = Plant::bare();
    let sound = Sound::start();
    let mut meter =
        plant.command(&["devices", "--level", "20", "--json"]).envs(sound.envs()).spawn().unwrap();
    let mut levels = BufReader::new(meter.stdout.take().unwrap()).lines();
    let mut level = || -> Option<Value> { Some(serde_json::from_str(&levels.next()?.unwrap()).unwrap()) };
    assert!(level().unwrap()["rms_dbfs"].as_f64().unwrap() < -90.0, "the virtual microphone is silent");
    sound.play_into_microphone(&root().join("assets/question.flac"));
    assert!(std::iter::from_fn(level).any(|l| l["peak_dbfs"].as_f64().unwrap() > -20.0));
    meter.kill().unwrap();
    meter.wait().unwrap();
}

#[test]
fn with_sound_a_microphone_that_is_pulled_out_is_noticed() {
    let plant = Plant::bare();
    let sound = Sound::start();
    let mut meter =
        plant.command(&["devices", "--level", "60", "--json"]).envs(sound.envs()).spawn().unwrap();
    let mut levels = BufReader::new(meter.stdout.take().unwrap()).lines();
    levels.next().unwrap().unwrap();
    sound.unplug();
    let pulled = Instant::now();
    let last = levels.map(Result::unwrap).last().unwrap();
    let taken = pulled.elapsed();
    assert_eq!(meter.wait().unwrap().code(), Some(3));
    assert!(last.contains("has stopped"), "{last}");
    // One second is wanted; a busy machine gets two more.
    assert!(taken < Duration::from_secs(3), "noticed after {taken:?}");
    eprintln!("noticed after {} ms", taken.as_millis());
}

fn ended(mut child: Child) -> Option<i32> {
    child.wait().unwrap().code()
}

#[test]
fn with_sound_and_model_a_headset_pulled_in_mid_sentence_is_said_and_listening_goes_on_when_it_is_back() {
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
    writeln!(enter).unwrap();
    wait_for(&mut said, "listening");
    sound.unplug();
    let pulled = Instant::now();
    wait_for(&mut said, "has stopped");
    let taken = pulled.elapsed();
    assert!(taken < Duration::from_secs(3), "noticed after {taken:?}");
    eprintln!("noticed after {} ms", taken.as_millis());
    sound.plug_in();
    wait_for(&mut said, "microphone:");
    writeln!(enter).unwrap();
    wait_for(&mut said, "listening");
    sound.play_into_microphone(&root().join("assets/question.flac"));
    writeln!(enter).unwrap();
    drop(enter);
    let mut stdout = String::new();
    talk.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    assert_eq!(ended(talk), Some(0));
    let turn: Value = serde_json::from_str(stdout.lines().next().unwrap()).unwrap();
    assert!(turn["heard"].as_str().unwrap().contains("M16"), "{turn}");
}
