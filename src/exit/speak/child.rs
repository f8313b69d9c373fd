//! espeak-ng as a child process that is gone when it is late or no longer wanted.

use std::io::{ErrorKind, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use crate::exit::{Error, Kind, Result};

/// The program's name where no path is configured.
pub(super) const PROGRAM: &str = "espeak-ng";

/// A child that is killed and reaped when dropped.
pub(super) struct Kept(pub(super) Child);

impl Drop for Kept {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts `program` with all its streams piped, stderr dropped.
pub(super) fn start(program: &Path, args: &[&str]) -> Result<Kept> {
    Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map(Kept)
        .map_err(|e| missing(program, e))
}

/// Runs `program` once: `input` in, everything it prints out, within `limit`.
pub(super) fn run(program: &Path, args: &[&str], input: &str, limit: Duration) -> Result<Vec<u8>> {
    let mut child = start(program, args)?;
    let (Some(mut stdin), Some(mut stdout)) = (child.0.stdin.take(), child.0.stdout.take()) else {
        return Err(Error::new(Kind::Voice, "espeak-ng has no input or output"));
    };
    let (done, output) = mpsc::sync_channel(1);
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = stdout.read_to_end(&mut bytes).map(|_| bytes);
        // Nobody waits any more after the limit.
        let _ = done.send(read);
    });
    // It reads all of its input before it answers, and a clause fits into a pipe.
    let written = stdin.write_all(input.as_bytes());
    drop(stdin);
    let answer = output.recv_timeout(limit);
    drop(child);
    // The child is gone, so its output has ended and the reader with it.
    let _ = reader.join();
    written.map_err(|e| broken().because(e))?;
    match answer {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(e)) => Err(broken().because(e)),
        Err(RecvTimeoutError::Timeout) => Err(late(limit)),
        Err(RecvTimeoutError::Disconnected) => Err(broken()),
    }
}

fn missing(program: &Path, e: std::io::Error) -> Error {
    let what = match e.kind() {
        ErrorKind::NotFound => format!("{} is not installed", program.display()),
        _ => format!("{} does not start", program.display()),
    };
    Error::new(Kind::Voice, what).because(e).hint("apt-get install espeak-ng")
}

pub(super) fn broken() -> Error {
    Error::new(Kind::Voice, "espeak-ng ended in mid-sentence")
        .hint("espeak-ng --version (1.51 or newer works)")
}

pub(super) fn late(limit: Duration) -> Error {
    Error::new(Kind::Voice, format!("espeak-ng gave no answer within {} ms", limit.as_millis()))
        .hint("espeak-ng --version (1.51 or newer works)")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn an_absent_program_says_how_to_get_it() {
        let error = run(Path::new("no-such-voice"), &[], "x", Duration::from_secs(1)).unwrap_err();
        assert_eq!(error.kind, Kind::Voice);
        assert!(error.what.contains("no-such-voice is not installed"));
        assert_eq!(error.hint, "apt-get install espeak-ng");
    }

    #[cfg(unix)]
    #[test]
    fn a_child_that_hangs_is_killed_at_the_limit() {
        let start = std::time::Instant::now();
        let error = run(Path::new("sleep"), &["30"], "", Duration::from_millis(50)).unwrap_err();
        assert!(error.what.contains("no answer within 50 ms"), "{error}");
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}
