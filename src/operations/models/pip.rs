//! Fetches pinned wheels through `pip download`: plants often allow only a package mirror,
//! and pip knows the way to it (its own configuration and environment are left alone).
//!
//! Only wheels are taken, without their dependencies, and with hashes required; pip runs
//! nothing that is in them.

use super::faults;
use super::manifest::Part;
use super::wheel;
use crate::operations::outcome::{Error, Kind, Result};
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

/// How often the size of what pip has downloaded is looked at.
const TICK: Duration = Duration::from_millis(100);
/// The end of pip's messages that is kept.
const KEPT: usize = 64 << 10;

/// How pip is called.
#[derive(Debug, Clone)]
pub struct Pip {
    /// Program and first arguments.
    pub command: Vec<OsString>,
}

impl Default for Pip {
    /// `python3 -m pip` (on Windows `python -m pip`).
    fn default() -> Self {
        let python = if cfg!(windows) { "python" } else { "python3" };
        Self { command: [python, "-m", "pip"].map(OsString::from).to_vec() }
    }
}

impl Pip {
    /// Brings the wheel of `part` into `folder` (created) and returns its path. A right
    /// wheel that is there already is not fetched again; a wrong one is removed.
    /// `progress` hears the bytes so far, about ten times a second.
    ///
    /// # Errors
    /// One line for each of: no Python, no pip, no network, no such package, another hash,
    /// a full disk; else the last thing that pip said.
    pub fn download(&self, part: &Part, folder: &Path, progress: &mut dyn FnMut(u64)) -> Result<PathBuf> {
        if let Ok(Some(wheel)) = the_wheel(folder) {
            match wheel::check(&wheel, part) {
                Ok(()) => return Ok(wheel),
                Err(_) => fs::remove_file(&wheel).map_err(|e| faults::io("remove", &wheel, e))?,
            }
        }
        let scratch = folder.join("tmp");
        empty(&scratch)?;
        let requirements = folder.join("requirements.txt");
        let line = format!("{}=={} --hash=sha256:{}\n", part.package, part.version, part.sha256);
        fs::write(&requirements, line).map_err(|e| faults::io("write", &requirements, e))?;

        let (status, said) = self.run(folder, &requirements, &scratch, progress)?;
        let fetched = the_wheel(folder).map_err(|e| faults::io("read", folder, e))?;
        let _ = fs::remove_dir_all(&scratch);
        match fetched {
            Some(wheel) if status.success() => match wheel::check(&wheel, part) {
                Ok(()) => Ok(wheel),
                Err(fault) => {
                    let _ = fs::remove_file(&wheel);
                    Err(fault)
                }
            },
            _ => Err(explain(part, &said, folder)),
        }
    }

    fn run(
        &self,
        folder: &Path,
        requirements: &Path,
        scratch: &Path,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(ExitStatus, String)> {
        let (program, first) = self.command.split_first().ok_or_else(|| no_python("pip", None))?;
        let spawned = Command::new(program)
            .args(first)
            .args(["download", "--only-binary=:all:", "--no-deps", "--require-hashes"])
            .args(["--no-cache-dir", "--no-input", "--disable-pip-version-check", "--progress-bar", "off"])
            .arg("--dest")
            .arg(folder)
            .arg("--requirement")
            .arg(requirements)
            // Its downloads belong on the disk that has the room, and their size is the progress.
            .envs(["TMPDIR", "TEMP", "TMP"].map(|name| (name, scratch)))
            // Its messages are read by us: keep the system's part of them in English.
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| no_python(&program.to_string_lossy(), Some(e)))?;
        let mut running = Running(spawned);
        let errors = running.0.stderr.take();
        let listener = thread::spawn(move || errors.map(last_words).unwrap_or_default());
        let status = loop {
            match running.0.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) => {
                    progress(bytes_below(scratch, 4));
                    thread::sleep(TICK);
                }
                Err(e) => {
                    return Err(Error::new(Kind::Failed, "pip cannot be waited for").because(e));
                }
            }
        };
        Ok((status, listener.join().unwrap_or_default()))
    }
}

/// A child that does not outlive us by an early return.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The end of what a stream says, until it closes.
fn last_words(mut stream: impl Read) -> String {
    let mut kept = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = stream.read(&mut buffer) {
        kept.extend_from_slice(buffer.get(..n).unwrap_or_default());
        if kept.len() > 2 * KEPT {
            kept.drain(..kept.len() - KEPT);
        }
    }
    String::from_utf8_lossy(&kept).into_owned()
}

/// The only wheel in a folder, if there is one.
fn the_wheel(folder: &Path) -> io::Result<Option<PathBuf>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "whl") && path.is_file() {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

fn empty(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            return Err(faults::io("empty", folder, e));
        }
        _ => {}
    }
    fs::create_dir_all(folder).map_err(|e| faults::io("create", folder, e))
}

/// Bytes of the files below a folder, as far as they can be read.
fn bytes_below(folder: &Path, depth: u8) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    entries
        .flatten()
        .filter_map(|entry| entry.metadata().ok().map(|m| (entry.path(), m)))
        .map(|(path, m)| if m.is_dir() && depth > 0 { bytes_below(&path, depth - 1) } else { m.len() })
        .sum()
}

fn no_python(program: &str, cause: Option<io::Error>) -> Error {
    let fault = Error::new(Kind::Missing, format!("{program} cannot be started, and models come through pip"))
        .hint("install Python 3 with pip (Debian: apt-get install python3 python3-pip), or bring the files: `millwright models import PATH`");
    match cause {
        Some(cause) => fault.because(cause),
        None => fault,
    }
}

/// One line and the way out from what pip said. pip has no codes for this; these words
/// have stood in its messages for years, and where none is found its last line is given.
fn explain(part: &Part, said: &str, folder: &Path) -> Error {
    const UNREACHABLE: &[&str] = &[
        "NewConnectionError",
        "Failed to establish a new connection",
        "Temporary failure in name resolution",
        "Name or service not known",
        "Network is unreachable",
        "ConnectTimeoutError",
        "ConnectTimeout",
        "ReadTimeoutError",
        "ProxyError",
        "SSLError",
        "Connection broken",
        "Connection reset",
        "RemoteDisconnected",
    ];
    let holds = |text: &str, words: &[&str]| words.iter().any(|w| text.contains(w));
    let any = |words: &[&str]| holds(said, words);
    let name = format!("{} {}", part.package, part.version);
    let fault = if any(&["No space left on device", "Disk quota exceeded"]) {
        return faults::disk_full(folder);
    } else if any(&["No module named pip"]) {
        Error::new(Kind::Missing, "Python has no pip, and models come through it")
            .hint("install pip (Debian: apt-get install python3-pip), or bring the files: `millwright models import PATH`")
    } else if any(&["DO NOT MATCH THE HASHES"]) {
        Error::new(Kind::Failed, format!("the package index gave {name} with the wrong SHA-256"))
            .hint("the index or a cache on the way is damaged or changed; nothing was installed: try another index, or `millwright models import PATH`")
    } else if any(UNREACHABLE) {
        Error::new(Kind::Failed, format!("no network: the package index cannot be reached for {name}"))
            .hint("connect (or set pip's index, proxy or certificate), then pull again: it goes on here; offline: `millwright models import PATH`")
    } else if any(&["No matching distribution found", "Could not find a version"]) {
        Error::new(Kind::Failed, format!("the package index has no {name}")).hint(
            "point pip at an index that carries it, or bring the files: `millwright models import PATH`",
        )
    } else {
        Error::new(Kind::Failed, format!("pip could not download {name}"))
            .hint("see what pip says; offline: `millwright models import PATH`")
    };
    // Where the network is the cause, pip's last line would blame the package.
    let lines = || said.lines().map(str::trim);
    let last = lines()
        .rfind(|l| holds(l, UNREACHABLE))
        .map(innermost)
        .or_else(|| lines().rfind(|l| !l.is_empty() && !l.starts_with("[notice]")));
    match last {
        Some(line) => fault.because(line),
        None => fault,
    }
}

/// The reason inside pip's "… after connection broken by 'Error(<object …>: reason)': /path".
fn innermost(line: &str) -> &str {
    let reason = line.split_once(">: ").map_or(line, |(_, reason)| reason);
    reason.split_once("')").map_or(reason, |(reason, _)| reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::models::digest::Digest;

    fn said(text: &str) -> Error {
        let part = Part {
            package: "some-model".into(),
            version: "1.0".into(),
            size: 1,
            sha256: Digest::of(b""),
            members: Vec::new(),
        };
        explain(&part, text, Path::new("/data"))
    }

    #[test]
    fn no_network_and_no_such_package_are_told_apart() {
        let none = "ERROR: Could not find a version that satisfies the requirement some-model==1.0 (from versions: none)\n\
                    ERROR: No matching distribution found for some-model==1.0\n";
        let cut = format!(
            "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError('<HTTPSConnection object at 0x7f>: Failed to \
             establish a new connection: [Errno -3] Temporary failure in name resolution')': /simple/some-model/\n{none}"
        );
        assert!(
            said(none).to_string().starts_with("the package index has no some-model 1.0: ERROR: No matching")
        );
        assert_eq!(
            said(&cut).to_string(),
            "no network: the package index cannot be reached for some-model 1.0: Failed to establish a new \
             connection: [Errno -3] Temporary failure in name resolution"
        );
    }

    #[test]
    fn a_full_disk_a_missing_pip_and_a_wrong_hash_are_recognised() {
        let full =
            said("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device");
        assert_eq!(full.to_string(), "the disk is full at /data");
        assert_eq!(said("/usr/bin/python3: No module named pip").kind, Kind::Missing);
        let hash = said("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.");
        assert!(hash.to_string().contains("wrong SHA-256"));
    }

    #[test]
    fn anything_else_gives_the_last_line_of_pip() {
        let fault = said("WARNING: x\nERROR: the moon is in the way\n\n");
        assert_eq!(fault.to_string(), "pip could not download some-model 1.0: ERROR: the moon is in the way");
        assert!(!fault.hint.is_empty());
    }
}
