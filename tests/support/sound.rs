//! A private PulseAudio with a virtual loudspeaker and a virtual microphone.
//!
//! `speaker` is the default sink; what is played there can be recorded. `mic` is a sink
//! whose monitor is the default source: what is played into it is what a program hears
//! from its microphone. Nothing of the machine's own sound is touched.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Rate of what [`Recording::stop`] gives, the recogniser's own.
pub const RECORDED_HZ: u32 = 16_000;

/// A running sound server; it ends with its value.
pub struct Sound {
    dir: TempDir,
    server: Child,
}

impl Sound {
    /// Starts the server and waits until it answers.
    ///
    /// # Panics
    /// Where PulseAudio is not installed or does not start.
    pub fn start() -> Self {
        super::quiet::listen();
        let dir = tempfile::tempdir().unwrap();
        let script = dir.path().join("server.pa");
        std::fs::write(
            &script,
            format!(
                "load-module module-native-protocol-unix socket={} auth-anonymous=1\n\
                 load-module module-null-sink sink_name=speaker rate=48000 channels=2\n\
                 load-module module-null-sink sink_name=mic rate=48000 channels=1\n\
                 set-default-sink speaker\n\
                 set-default-source mic.monitor\n",
                socket(dir.path()).display()
            ),
        )
        .unwrap();
        // ALSA programs (cpal's among them) reach the server through its plug-in.
        std::fs::write(
            dir.path().join(".asoundrc"),
            "pcm.!default { type pulse }\nctl.!default { type pulse }\n",
        )
        .unwrap();
        let server = Command::new("pulseaudio")
            .args([
                "-n",
                "--daemonize=no",
                "--use-pid-file=no",
                "--exit-idle-time=-1",
                "--log-level=error",
                "-F",
            ])
            .arg(&script)
            .envs(envs(dir.path()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("pulseaudio is not installed: apt-get install pulseaudio");
        let sound = Self { dir, server };
        let start = Instant::now();
        while !sound.answers() {
            assert!(start.elapsed() < Duration::from_secs(20), "pulseaudio does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        sound
    }

    fn answers(&self) -> bool {
        let sinks = self.command("pactl").args(["list", "short", "sinks"]).output();
        sinks.is_ok_and(|out| String::from_utf8_lossy(&out.stdout).contains("mic"))
    }

    /// What a program needs in its environment to speak and hear through this server.
    pub fn envs(&self) -> Vec<(String, String)> {
        envs(self.dir.path())
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.envs(self.envs()).stdin(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Plays a WAV file into the microphone, to its end.
    pub fn play_into_microphone(&self, wav: &Path) {
        let status = self.command("paplay").arg("--device=mic").arg(wav).status();
        assert!(status.expect("paplay is not installed: apt-get install pulseaudio-utils").success());
    }

    /// Asks the server for something; what it said.
    pub fn pactl(&self, args: &[&str]) -> String {
        let output = self.command("pactl").args(args).output();
        let output = output.expect("pactl is not installed: apt-get install pulseaudio-utils");
        assert!(output.status.success(), "pactl {args:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Pulls every plug: neither microphone nor loudspeaker is left.
    pub fn unplug(&self) {
        for line in self.pactl(&["list", "short", "modules"]).lines() {
            let (id, module) = line.split_once('\t').unwrap();
            if module.contains("null-sink") {
                self.pactl(&["unload-module", id]);
            }
        }
    }

    /// Plugs both in again.
    pub fn plug_in(&self) {
        for sink in ["speaker", "mic"] {
            self.pactl(&["load-module", "module-null-sink", &format!("sink_name={sink}"), "rate=48000"]);
        }
        self.pactl(&["set-default-sink", "speaker"]);
        self.pactl(&["set-default-source", "mic.monitor"]);
    }

    /// Starts to record what the loudspeaker is sent. Returns once the recording runs.
    pub fn record_speaker(&self) -> Recording {
        let mut child = self
            .command("parec")
            .args(["--device=speaker.monitor", "--format=s16le", "--channels=1", "--latency-msec=20"])
            .arg(format!("--rate={RECORDED_HZ}"))
            .stdout(Stdio::piped())
            .spawn()
            .expect("parec is not installed: apt-get install pulseaudio-utils");
        let mut stdout = child.stdout.take().unwrap();
        // The monitor gives silence too: the first bytes say that it runs.
        let mut first = [0; 2];
        stdout.read_exact(&mut first).unwrap();
        let reader = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            stdout.read_to_end(&mut bytes).unwrap();
            bytes
        });
        Recording { child, reader }
    }
}

impl Drop for Sound {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A running recording.
pub struct Recording {
    child: Child,
    reader: JoinHandle<Vec<u8>>,
}

impl Recording {
    /// Ends it: mono samples at [`RECORDED_HZ`].
    pub fn stop(mut self) -> Vec<f32> {
        // What was played last is still on its way through the monitor.
        std::thread::sleep(Duration::from_millis(300));
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let bytes = self.reader.join().unwrap();
        bytes.as_chunks().0.iter().map(|s: &[u8; 2]| f32::from(i16::from_le_bytes(*s)) / 32_768.0).collect()
    }
}

fn socket(dir: &Path) -> PathBuf {
    dir.join("pulse.sock")
}

fn envs(dir: &Path) -> Vec<(String, String)> {
    let text = |p: &Path| p.display().to_string();
    vec![
        ("HOME".to_owned(), text(dir)),
        ("XDG_RUNTIME_DIR".to_owned(), text(dir)),
        ("XDG_CONFIG_HOME".to_owned(), text(&dir.join("config"))),
        ("PULSE_SERVER".to_owned(), format!("unix:{}", text(&socket(dir)))),
    ]
}
