//! `millwright tui` in a real terminal (a pty): typed questions, and the terminal given
//! back.

#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::support::plant::{Plant, root};

struct Tui {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    screen: Arc<Mutex<vt100::Parser>>,
    _pty: Box<dyn MasterPty + Send>,
}

impl Tui {
    fn start(plant: &Plant, rows: u16, cols: u16) -> Tui {
        let pty =
            native_pty_system().openpty(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_millwright"));
        command.args(["--data", plant.data().to_str().unwrap(), "tui", "--rung", "quoted"]);
        command.cwd(root());
        command.env("TERM", "xterm-256color");
        command.env("HOME", plant.data());
        command.env("PULSE_SERVER", "unix:/nonexistent");
        let child = pty.slave.spawn_command(command).unwrap();
        let mut output = pty.master.try_clone_reader().unwrap();
        let size = |n: u16| std::num::NonZero::new(n).unwrap();
        let screen = Arc::new(Mutex::new(vt100::Parser::new(size(rows), size(cols), 0)));
        let painted = screen.clone();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = output.read(&mut bytes) {
                painted.lock().unwrap().process(&bytes[..n]);
            }
        });
        Tui { child, keys: pty.master.take_writer().unwrap(), screen, _pty: pty.master }
    }

    fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    fn wait_for(&self, word: &str) {
        let patience = Instant::now() + Duration::from_secs(60);
        while !self.text().contains(word) {
            assert!(Instant::now() < patience, "no {word:?} on the screen:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The last bytes may still be on their way when the program has ended.
    fn wait_for_the_terminal_back(&self) {
        let patience = Instant::now() + Duration::from_secs(10);
        loop {
            let (alternate, hidden) = {
                let parser = self.screen.lock().unwrap();
                (parser.screen().alternate_screen(), parser.screen().hide_cursor())
            };
            if !alternate && !hidden {
                return;
            }
            assert!(Instant::now() < patience, "alternate screen: {alternate}, cursor hidden: {hidden}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }
}

#[test]
fn with_terminal_and_model_a_typed_question_is_answered_on_the_panel() {
    let plant = Plant::new();
    for (rows, cols) in [(24, 80), (48, 160)] {
        let mut tui = Tui::start(&plant, rows, cols);
        tui.wait_for("READY");
        tui.press("torque of the M16 flange bolt on the pump jack\r");
        tui.wait_for("195 Nm");
        tui.wait_for("WARNING");
        tui.press("\x03");
        assert!(tui.child.wait().unwrap().success());
        tui.wait_for_the_terminal_back();
    }
}

#[cfg(unix)]
#[test]
fn with_terminal_and_model_the_terminal_is_given_back_on_sigterm() {
    let plant = Plant::new();
    let mut tui = Tui::start(&plant, 24, 80);
    tui.wait_for("READY");
    let pid = tui.child.process_id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    tui.child.wait().unwrap();
    tui.wait_for_the_terminal_back();
}
