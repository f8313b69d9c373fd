//! llama.cpp beside us: `benches/peers/llama.py` starts its programs, we give it the trace.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::card::Card;
use super::play::{End, Played, Seen, millis};
use super::speeds::Sizes;
use super::trace::Ask;
use crate::operations::eval::scratch::{Scratch, put};
use crate::operations::outcome::{Error, Kind, Result};

/// What rows call it.
pub const NAME: &str = "llama.cpp";
/// The script, in the repository.
const SCRIPT: &str = "benches/peers/llama.py";

/// Where the peer's programs are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Where {
    /// Where `llama_build.py` puts them.
    Auto,
    /// In this directory.
    Dir(PathBuf),
}

/// llama.cpp, found and asked for its version.
#[derive(Debug)]
pub struct Peer {
    python: PathBuf,
    script: PathBuf,
    dir: Option<PathBuf>,
    /// Its version, in its own words.
    pub version: String,
}

/// Tokens per second, one round.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Speeds {
    /// Reading 512 tokens.
    pub prefill_tps: f64,
    /// Writing after 512 tokens, alone.
    pub decode_tps: f64,
    /// Writing eight answers together, all of them.
    pub eight_tps: f64,
}

/// How llama-server is cut up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slots {
    /// Sequences at a time.
    pub slots: usize,
    /// Tokens of context of all of them together.
    pub context: usize,
}

/// A request as the script reads it.
#[derive(Serialize)]
struct Line<'a> {
    id: usize,
    at_ms: f64,
    ids: Vec<u32>,
    n_predict: usize,
    warm: bool,
    leaves_ms: Option<f64>,
    device: &'a str,
}

/// What the script says of a request.
#[derive(Debug, Deserialize)]
struct Answer {
    id: usize,
    end: String,
    #[serde(default)]
    why: String,
    tokens: usize,
    prompt_tokens: usize,
    reused: usize,
    prefill_ms: Option<f64>,
    first_token_ms: Option<f64>,
    first_sentence_ms: Option<f64>,
    total_ms: f64,
    #[serde(default)]
    text: String,
}

impl Peer {
    /// The peer whose programs are there.
    ///
    /// # Errors
    /// `Missing` where the script is not in the repository, or a program is not there.
    pub fn of(at: &Where, repository: &Path) -> Result<Peer> {
        let script = repository.join(SCRIPT);
        if !script.is_file() {
            return Err(Error::new(Kind::Missing, format!("{} is not here", script.display()))
                .hint("run the lab in a checkout of millwright, or leave --peers out"));
        }
        let dir = match at {
            Where::Auto => None,
            Where::Dir(dir) => Some(dir.clone()),
        };
        let mut peer = Peer { python: "python3".into(), script, dir, version: String::new() };
        let mut version = String::new();
        peer.run(&["version".into()], &mut |line| {
            version = line.get("version").and_then(Value::as_str).unwrap_or_default().to_owned();
            Ok(())
        })
        .map_err(|e| {
            Error::new(Kind::Missing, "llama.cpp's programs are not there")
                .because(e)
                .hint("python3 benches/peers/llama_build.py, or --peers DIR with llama-server in it")
        })?;
        peer.version = version;
        Ok(peer)
    }

    /// One round of its own benches.
    ///
    /// # Errors
    /// `Failed` where they fail.
    pub fn speeds(&self, model: &Path, threads: usize, sizes: Sizes) -> Result<Speeds> {
        let mut arguments = vec!["speeds".to_owned(), "--model".into(), model.display().to_string()];
        for (name, value) in [
            ("--threads", threads),
            ("--prompt", sizes.read),
            ("--write", sizes.written),
            ("--together", sizes.together),
            ("--batch-prompt", sizes.short),
        ] {
            arguments.extend([name.to_owned(), value.to_string()]);
        }
        let mut speeds = None;
        self.run(&arguments, &mut |line| {
            speeds = serde_json::from_value(line).ok();
            Ok(())
        })?;
        speeds.ok_or_else(|| failed("llama.cpp's benches printed no speeds"))
    }

    /// Plays a trace to llama-server: the same token ids at the same instants, and of each answer
    /// as many tokens as `tokens` says. Returns what was seen, and how the server was set.
    ///
    /// # Errors
    /// `Failed` where the server fails.
    pub fn play(
        &self,
        card: &Card,
        threads: usize,
        slots: Slots,
        asks: &[Ask],
        tokens: &dyn Fn(&Ask) -> usize,
        tick: &mut dyn FnMut(usize),
    ) -> Result<(Played, String)> {
        let scratch = Scratch::new()?;
        let trace = scratch.path().join("trace.jsonl");
        let mut lines = String::new();
        for ask in asks {
            let line = Line {
                id: ask.id,
                at_ms: millis(ask.at),
                ids: card.ids(&ask.prompt)?,
                n_predict: tokens(ask),
                warm: ask.warm,
                leaves_ms: ask.leaves.map(millis),
                device: &ask.device,
            };
            let line = serde_json::to_string(&line)
                .map_err(|e| failed("cannot write the peer's trace").because(e))?;
            lines.push_str(&line);
            lines.push('\n');
        }
        put(&trace, &lines)?;
        let mut arguments = vec!["serve".to_owned(), "--model".into(), card.path.display().to_string()];
        for (name, value) in [("--threads", threads), ("--slots", slots.slots), ("--context", slots.context)]
        {
            arguments.extend([name.to_owned(), value.to_string()]);
        }
        arguments.push(trace.display().to_string());
        let mut played = Played::default();
        let mut setting = String::new();
        self.run(&arguments, &mut |line| {
            if let Some(words) = line.get("setting").and_then(Value::as_str) {
                setting = words.to_owned();
            } else if let Some(seconds) = line.get("seconds").and_then(Value::as_f64) {
                played.seconds = seconds;
                played.peak_rss_bytes = line.get("peak_rss_bytes").and_then(Value::as_u64);
            } else {
                let answer: Answer = serde_json::from_value(line)
                    .map_err(|e| failed("the peer's script printed something else than a row").because(e))?;
                if let Some(ask) = asks.iter().find(|a| a.id == answer.id) {
                    played.seen.push(seen(ask, answer));
                    tick(played.seen.len());
                }
            }
            Ok(())
        })?;
        let asked = asks.iter().filter(|a| !a.warm).count();
        if played.seen.len() != asked {
            return Err(failed("the peer's script left requests out"));
        }
        played.seen.sort_by_key(|s| s.id);
        Ok((played, setting))
    }

    /// Runs the script and hands over its lines.
    fn run(&self, arguments: &[String], line: &mut dyn FnMut(Value) -> Result<()>) -> Result<()> {
        let mut command = Command::new(&self.python);
        command.arg(&self.script);
        if let Some(dir) = &self.dir {
            command.arg("--bin").arg(dir);
        }
        let mut child = command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| failed("cannot start python3").because(e))?;
        let told = child.stdout.take().map(|out| {
            BufReader::new(out).lines().try_for_each(|text| {
                let text = text.map_err(|e| failed("the peer's script went away").because(e))?;
                let value = serde_json::from_str(&text)
                    .map_err(|e| failed("the peer's script printed no JSON").because(e))?;
                line(value)
            })
        });
        if !matches!(told, Some(Ok(()))) {
            // It must not go on without a reader; its server ends with it.
            let _ = child.kill();
        }
        let mut complaint = String::new();
        if let Some(mut stderr) = child.stderr.take() {
            let _ = stderr.read_to_string(&mut complaint);
        }
        let status = child.wait().map_err(|e| failed("the peer's script went away").because(e))?;
        if let Some(Err(error)) = told {
            return Err(error);
        }
        if !status.success() {
            let last = complaint.lines().last().unwrap_or("it said nothing").to_owned();
            return Err(failed("the peer's script failed").because(last));
        }
        Ok(())
    }
}

fn seen(ask: &Ask, answer: Answer) -> Seen {
    let end = match answer.end.as_str() {
        "whole" => End::Whole,
        "cancelled" => End::Cancelled,
        _ => End::Failed(answer.why),
    };
    Seen {
        id: ask.id,
        warm: false,
        long: ask.long,
        at: ask.at,
        end,
        // llama-server does not say how long a request waited for a slot.
        wait_ms: None,
        prefill_ms: answer.prefill_ms,
        prompt_tokens: answer.prompt_tokens,
        reused: answer.reused.min(answer.prompt_tokens),
        first_token_ms: answer.first_token_ms,
        first_sentence_ms: answer.first_sentence_ms,
        total_ms: answer.total_ms,
        tokens: answer.tokens,
        due_ms: millis(ask.deadline),
        texts_ms: Vec::new(),
        text: answer.text,
    }
}

fn failed(what: &str) -> Error {
    Error::new(Kind::Failed, what)
}
