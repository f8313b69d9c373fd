//! faster-whisper in a Python beside us: the same weights, the same files.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Options, Told};
use crate::operations::outcome::{Error, Kind, Result};

/// The number types that it computes in.
pub const COMPUTE: [&str; 2] = ["float32", "int8"];
/// The script, in the repository.
const SCRIPT: &str = "benches/peers/hearing.py";
/// What was kept of earlier runs, in the cache's directory.
const KEPT: &str = "hearing-peer.jsonl";

/// A file for the peer.
#[derive(Debug, Clone, Serialize)]
pub struct Item {
    /// Its number in this run.
    pub id: usize,
    /// Mono, 16 kHz, 16 bit.
    pub wav: PathBuf,
    /// BCP 47 tag.
    pub language: String,
}

/// What the peer made of a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Heard {
    /// The words.
    pub text: String,
    /// How long it took, milliseconds.
    pub ms: f64,
    /// Was it kept from an earlier run?
    pub kept: bool,
}

/// What the peer heard, by file and number type.
pub type Results = BTreeMap<(usize, &'static str), Heard>;

#[derive(Serialize, Deserialize)]
struct Kept {
    key: String,
    text: String,
    ms: f64,
}

/// A line of the script's.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Versions { versions: BTreeMap<String, String> },
    Row { id: usize, compute: String, text: String, ms: f64 },
}

/// The peer, found and asked for its versions.
#[derive(Debug)]
pub struct Peer {
    python: PathBuf,
    script: PathBuf,
    cache: Option<PathBuf>,
    /// Its versions, in words.
    pub versions: String,
}

impl Peer {
    /// The peer that the options name, if they name one.
    ///
    /// # Errors
    /// `Missing` where the script is not in the repository, or the Python has no
    /// faster-whisper.
    pub fn of(options: &Options) -> Result<Option<Peer>> {
        let Some(python) = &options.peer else { return Ok(None) };
        let script = options.repository.join(SCRIPT);
        if !script.is_file() {
            return Err(Error::new(Kind::Missing, format!("{} is not here", script.display()))
                .hint("run the suite in a checkout of millwright, or leave --peer out"));
        }
        let mut peer = Peer {
            python: python.clone(),
            script,
            cache: options.peer_cache.clone(),
            versions: String::new(),
        };
        let mut versions = String::new();
        peer.run(&["--versions".to_owned()], &mut |line| {
            if let Line::Versions { versions: all } = line {
                versions = all.iter().map(|(name, v)| format!("{name} {v}")).collect::<Vec<_>>().join(", ");
            }
            Ok(())
        })?;
        peer.versions = versions;
        Ok(Some(peer))
    }

    /// Every file by every number type, on two threads.
    ///
    /// # Errors
    /// `Failed` where the script fails or leaves a file out.
    pub fn hear(&self, model: &str, items: &[Item], list: &Path, told: &mut dyn Told) -> Result<Results> {
        let mut keys = BTreeMap::new();
        for item in items {
            let bytes =
                std::fs::read(&item.wav).map_err(|e| failed("cannot read back a mixture").because(e))?;
            for compute in COMPUTE {
                keys.insert((item.id, compute), self.key(model, compute, &item.language, &bytes));
            }
        }
        let kept = self.kept();
        let mut results: Results = keys
            .iter()
            .filter_map(|(at, key)| {
                let (text, ms) = kept.get(key)?.clone();
                Some((*at, Heard { text, ms, kept: true }))
            })
            .collect();
        let of = keys.len();
        for compute in COMPUTE {
            let missing: Vec<&Item> =
                items.iter().filter(|item| !results.contains_key(&(item.id, compute))).collect();
            if missing.is_empty() {
                continue;
            }
            let lines: Vec<String> =
                missing.iter().filter_map(|item| serde_json::to_string(item).ok()).collect();
            std::fs::write(list, lines.join("\n") + "\n")
                .map_err(|e| failed("cannot write the peer's list of files").because(e))?;
            let mut arguments: Vec<String> = vec![list.display().to_string()];
            arguments.extend(["--model", model, "--threads", "2", "--compute", compute].map(str::to_owned));
            let mut fresh: Vec<Kept> = Vec::new();
            self.run(&arguments, &mut |line| {
                let Line::Row { id, compute: by, text, ms } = line else { return Ok(()) };
                if let (true, Some(key)) = (by == compute, keys.get(&(id, compute))) {
                    fresh.push(Kept { key: key.clone(), text: text.clone(), ms });
                    results.insert((id, compute), Heard { text, ms, kept: false });
                    told.progress(&format!("faster-whisper, {model}, {compute}"), results.len(), of);
                }
                Ok(())
            })?;
            self.keep(&fresh)?;
        }
        if results.len() < of {
            return Err(failed(&format!("the peer left {} of {of} results out", of - results.len())));
        }
        Ok(results)
    }

    fn key(&self, model: &str, compute: &str, language: &str, wav: &[u8]) -> String {
        let mut hash = Sha256::new();
        for part in [self.versions.as_str(), model, compute, language] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        hash.update(wav);
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What earlier runs kept; a line that cannot be read is left out.
    fn kept(&self) -> BTreeMap<String, (String, f64)> {
        let Some(cache) = &self.cache else { return BTreeMap::new() };
        let text = std::fs::read_to_string(cache.join(KEPT)).unwrap_or_default();
        text.lines()
            .filter_map(|line| serde_json::from_str::<Kept>(line).ok())
            .map(|k| (k.key, (k.text, k.ms)))
            .collect()
    }

    fn keep(&self, fresh: &[Kept]) -> Result<()> {
        let Some(cache) = &self.cache else { return Ok(()) };
        let text: String =
            fresh.iter().filter_map(|k| serde_json::to_string(k).ok()).map(|l| l + "\n").collect();
        std::fs::create_dir_all(cache)
            .and_then(|()| std::fs::OpenOptions::new().create(true).append(true).open(cache.join(KEPT)))
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|e| failed(&format!("cannot keep the peer's results in {}", cache.display())).because(e))
    }

    /// Runs the script and takes its lines as they come. What it complains of goes to stderr.
    fn run(&self, arguments: &[String], take: &mut dyn FnMut(Line) -> Result<()>) -> Result<()> {
        let no_peer = |what: String| {
            Error::new(Kind::Missing, what)
                .hint("name a Python that has faster-whisper: pip install faster-whisper")
        };
        let mut child = Command::new(&self.python)
            .arg(&self.script)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| no_peer(format!("{} cannot be started", self.python.display())).because(e))?;
        let taken = match child.stdout.take() {
            Some(out) => BufReader::new(out).lines().map_while(std::io::Result::ok).try_for_each(|line| {
                match serde_json::from_str(&line) {
                    Ok(line) => take(line),
                    Err(e) => Err(failed(&format!("the peer printed {line:?}")).because(e)),
                }
            }),
            None => Ok(()),
        };
        if taken.is_err() {
            // It may be at work for minutes; its end is awaited below.
            let _ = child.kill();
        }
        let status = child.wait().map_err(|e| failed("the peer was lost").because(e))?;
        taken?;
        if status.success() {
            return Ok(());
        }
        Err(no_peer(format!("{} {} ended with {status}", self.python.display(), self.script.display())))
    }
}

fn failed(what: &str) -> Error {
    Error::new(Kind::Failed, what.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::operations::eval::scratch::Scratch;

    #[test]
    fn what_was_kept_is_found_for_the_same_audio_and_versions_only() {
        let dir = Scratch::new().unwrap();
        let peer = |versions: &str| Peer {
            python: "python3".into(),
            script: "x.py".into(),
            cache: Some(dir.path().join("cache")),
            versions: versions.into(),
        };
        let key = peer("1").key("tiny", "int8", "en", b"sound");
        assert!(peer("1").kept().is_empty());
        peer("1").keep(&[Kept { key: key.clone(), text: "go".into(), ms: 3.0 }]).unwrap();
        assert_eq!(peer("1").kept().get(&key), Some(&("go".to_owned(), 3.0)));
        for other in [
            peer("2").key("tiny", "int8", "en", b"sound"),
            peer("1").key("base", "int8", "en", b"sound"),
            peer("1").key("tiny", "float32", "en", b"sound"),
            peer("1").key("tiny", "int8", "en", b"Sound"),
        ] {
            assert_ne!(other, key);
        }
    }

    #[test]
    fn a_peer_that_is_not_there_is_missing() {
        let peer = Peer {
            python: "/nonexistent/python".into(),
            script: "x.py".into(),
            cache: None,
            versions: String::new(),
        };
        assert_eq!(peer.run(&[], &mut |_| Ok(())).unwrap_err().kind, Kind::Missing);
    }
}
