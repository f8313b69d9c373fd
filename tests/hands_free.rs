//! `millwright talk --hands-free` on a virtual headset: the wake phrase, a follow-up without
//! it, other people's talk, and a spoken "stop" over the answer.

#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::plant::Plant;
use crate::support::sound::Sound;

/// Sentences as sound files, made by flite's female voice, with some silence around them.
struct Speaker {
    dir: tempfile::TempDir,
}

impl Speaker {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn says(&self, text: &str) -> PathBuf {
        let path = self.dir.path().join(format!("{}.wav", text.replace(|c: char| !c.is_alphanumeric(), "-")));
        let made = Command::new("flite").args(["-voice", "slt", "-t", text, "-o"]).arg(&path).status();
        assert!(made.expect("flite is not installed: apt-get install flite").success());
        path
    }
}

/// A running `talk`, its notes read as they come.
struct Talk {
    child: Child,
    notes: std::sync::mpsc::Receiver<String>,
    seen: Vec<String>,
}

impl Talk {
    fn start(plant: &Plant, sound: &Sound, args: &[&str]) -> Talk {
        let mut child = plant
            .command(&[&["talk", "--json", "--rung", "quoted", "--hands-free"], args].concat())
            .envs(sound.envs())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (tell, notes) = std::sync::mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).all(|line| tell.send(line).is_ok()));
        let mut talk = Talk { child, notes, seen: Vec::new() };
        talk.wait_for("Ctrl-C leaves");
        talk
    }

    fn wait_for(&mut self, word: &str) {
        let patience = Instant::now() + Duration::from_secs(60);
        loop {
            let left = patience.saturating_duration_since(Instant::now());
            match self.notes.recv_timeout(left) {
                Ok(line) if line.contains(word) => return,
                Ok(line) => self.seen.push(line),
                Err(_) => panic!("no {word:?} was said, but {:?}", self.seen),
            }
        }
    }

    /// Ends it as a service is ended; the turns that it had.
    fn end(mut self) -> Vec<Value> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let mut stdout = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        assert!(self.child.wait().unwrap().success(), "{:?}", self.seen);
        stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn say(sound: &Sound, file: &Path) {
    sound.play_into_microphone(file);
}

#[test]
fn with_sound_and_model_the_wake_phrase_asks_and_other_talk_does_not() {
    let (plant, sound, speaker) = (Plant::new(), Sound::start(), Speaker::new());
    let mut talk = Talk::start(&plant, &sound, &[]);
    say(&sound, &speaker.says("Did you bring the long ladder from the van?"));
    talk.wait_for("not for me");
    say(
        &sound,
        &speaker.says("Hey millwright, what is the torque of the M sixteen flange bolt on the pump jack?"),
    );
    talk.wait_for("heard:");
    std::thread::sleep(Duration::from_secs(3));
    let turns = talk.end();
    let [turn] = &turns[..] else { panic!("{turns:?}") };
    assert!(turn["text"].as_str().unwrap().contains("195 Nm"), "{turn}");
    assert!(!turn["heard"].as_str().unwrap().to_lowercase().contains("hey"), "{turn}");
}

#[test]
fn with_sound_and_model_a_spoken_stop_ends_the_answer_at_once() {
    let (plant, sound, speaker) = (Plant::new(), Sound::start(), Speaker::new());
    let mut talk = Talk::start(&plant, &sound, &["--wake", ""]);
    let (question, stop) = (
        speaker.says("What is the torque of the M sixteen flange bolt on the pump jack?"),
        speaker.says("Stop!"),
    );
    say(&sound, &question);
    talk.wait_for("heard:");
    // The answer takes some ten seconds to say. It is on its way when the loudspeaker sounds.
    let recording = sound.record_speaker();
    std::thread::sleep(Duration::from_secs(4));
    say(&sound, &stop);
    std::thread::sleep(Duration::from_secs(4));
    let heard = recording.stop();
    let loud = |from: f32, to: f32| {
        let at = |s: f32| ((s * crate::support::sound::RECORDED_HZ as f32) as usize).min(heard.len());
        heard[at(from)..at(to)].iter().any(|s| s.abs() > 0.02)
    };
    assert!(loud(0.0, 4.0), "no answer was spoken");
    let said: Vec<String> = talk.notes.try_iter().collect();
    assert!(!loud(6.5, 8.0), "the answer went on after \"stop\": {:?} {said:?}", talk.seen);
    assert_eq!(talk.end().len(), 1, "\"stop\" is no question");
}
