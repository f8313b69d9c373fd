//! Configuration: defaults, file, environment and flags merge here into one resolved value.
//!
//! [`Config`] is the resolved type; the raw form (every key optional) is a TOML table, so
//! that an unknown key is refused with its name and a partial file is enough.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::core::answer::Rung;
use crate::core::engine::scheduler::{self, Settings};
use crate::core::engine::worker::Options;
use crate::core::ledger::Budgets;
use crate::entry::screen::{Judged, Request, Tongue};

use super::outcome::{Error, Kind, Result};

/// The commented defaults, as `config show` prints them.
pub const DEFAULTS: &str = include_str!("defaults.toml");

/// The resolved configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What belongs to the site.
    pub site: Site,
    /// A turn's deadlines.
    pub turn: Turn,
    /// Budgets by stage.
    pub budgets: Budgets,
    /// Which models.
    pub models: Models,
    /// The model's queue.
    pub engine: Engine,
    /// Devices.
    pub audio: Audio,
    /// When it listens.
    pub listen: Listen,
    /// Indexing.
    pub index: Index,
    /// CPU cores.
    pub cores: Cores,
    /// The audit log.
    pub audit: Audit,
    /// Who asks.
    pub operator: Operator,
}

/// What belongs to the site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Said at once, and in full, where somebody is in danger.
    pub emergency: String,
    /// The same in Spanish; `""`: as `emergency`.
    pub emergency_es: String,
    /// The same in Chinese; `""`: as `emergency`.
    pub emergency_zh: String,
}

impl Site {
    /// What is said to a request that tells of danger, in its language; `None` for any other.
    pub fn emergency_for(&self, request: &Request) -> Option<&str> {
        let Judged::Emergency(_) = request.safety else { return None };
        let own = match request.tongue {
            Tongue::Es => &self.emergency_es,
            Tongue::Zh => &self.emergency_zh,
            Tongue::En => &self.emergency,
        };
        Some(if own.trim().is_empty() { &self.emergency } else { own })
    }

    /// Whoever is in danger must be told something.
    fn check(&self) -> Result<()> {
        if self.emergency.trim().is_empty() {
            return Err(usage("[site]", "`emergency` is empty; it is what is said to a person in danger"));
        }
        Ok(())
    }
}

/// A turn's deadlines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// First cited content, milliseconds from the end of the question.
    pub deadline_ms: u64,
    /// When a turn without an answer is given up, milliseconds.
    pub limit_ms: u64,
    /// The highest rung that is tried.
    pub rung: Rung,
}

/// Which models; each an id of the manifest or a path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Models {
    /// Speech to text.
    pub recogniser: String,
    /// The language model.
    pub answerer: String,
    /// Text to speech.
    pub voice: String,
    /// Vectors of texts; `""` for none.
    pub embedder: String,
    /// Voice activity in noise; `""` for the built-in detector alone.
    pub vad: String,
    /// The highest rung of the language model.
    pub ceiling: Ceiling,
}

/// The highest rung that a language model may answer on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ceiling {
    /// What `eval models` found it to have earned.
    Earned,
    /// This one, whatever the model.
    Recombined,
    /// This one, whatever the model.
    Constrained,
    /// This one, whatever the model.
    Quoted,
}

impl Ceiling {
    /// The rung that the plant decided on; `None` where the model is to earn it.
    pub fn decided(self) -> Option<Rung> {
        match self {
            Ceiling::Earned => None,
            Ceiling::Recombined => Some(Rung::Recombined),
            Ceiling::Constrained => Some(Rung::Constrained),
            Ceiling::Quoted => Some(Rung::Quoted),
        }
    }
}

/// The model's queue, and how its steps are put together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Engine {
    /// How many requests may wait.
    pub queue_bound: usize,
    /// Longest draft, tokens.
    pub max_tokens: usize,
    /// How requests are put together.
    pub mode: Mode,
    /// What the modes `window` and `adaptive` wait, milliseconds.
    pub window_ms: u64,
    /// Requests in flight; a batch of the mode `static`.
    pub slots: usize,
    /// Tokens that one step reads and writes at most.
    pub step_tokens: usize,
    /// From so many tokens left to read a prompt is long.
    pub long_prompt_tokens: usize,
    /// Tokens of a step for long prompts while a short one is in flight.
    pub long_step_tokens: usize,
    /// Memory for the KV cache, MiB.
    pub kv_mib: usize,
    /// Drafts from the prompt, verified along with each token.
    pub speculate: bool,
}

/// How requests are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// One at a time.
    Single,
    /// Full batches.
    Static,
    /// Batches of what came in a window of time.
    Window,
    /// A window that grows with the load.
    Adaptive,
    /// Whoever waits joins the next step.
    Continuous,
}

impl Engine {
    /// What the engine is told.
    pub fn options(&self, threads: usize) -> Options {
        let mode = match self.mode {
            Mode::Single => scheduler::Mode::Single,
            Mode::Static => scheduler::Mode::Static { size: self.slots },
            Mode::Window => scheduler::Mode::Window { ms: self.window_ms },
            Mode::Adaptive => scheduler::Mode::Adaptive { most_ms: self.window_ms },
            Mode::Continuous => scheduler::Mode::Continuous,
        };
        let settings = Settings {
            mode,
            queue_bound: self.queue_bound,
            slots: self.slots,
            long_prompt: self.long_prompt_tokens,
            step_tokens: self.step_tokens,
            long_step_tokens: self.long_step_tokens,
            ..Options::default().settings
        };
        Options { threads, packed: None, kv_mib: self.kv_mib, speculate: self.speculate, settings }
    }

    /// Sizes of which one too small would stop everything, or be silently another.
    fn check(&self) -> Result<()> {
        let least = [
            ("queue_bound", self.queue_bound, 1),
            ("slots", self.slots, 1),
            ("step_tokens", self.step_tokens, 16.max(2 * self.slots)),
            ("long_prompt_tokens", self.long_prompt_tokens, 1),
            ("long_step_tokens", self.long_step_tokens, 1),
            ("kv_mib", self.kv_mib, 16),
        ];
        for (key, value, least) in least {
            if value < least {
                return Err(usage("[engine]", &format!("`{key}` is {value}; it must be at least {least}")));
            }
        }
        if self.long_step_tokens > self.step_tokens / 2 {
            let most = self.step_tokens / 2;
            let value = self.long_step_tokens;
            return Err(usage(
                "[engine]",
                &format!("`long_step_tokens` is {value}; it must be at most half a step, {most}"),
            ));
        }
        Ok(())
    }
}

/// Devices by name; empty means the default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audio {
    /// Microphone.
    pub input: String,
    /// Loudspeaker.
    pub output: String,
}

/// When it listens, and to whom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    /// How listening begins.
    pub mode: ListenMode,
    /// Said first when listening hands-free; `""` for none.
    pub wake_phrase: String,
    /// How long after an answer no wake phrase is needed, milliseconds.
    pub follow_up_ms: u64,
    /// What stops the voice.
    pub barge_in: BargeIn,
    /// Silence that ends a sentence which sounds finished, milliseconds.
    pub silence_ms: u64,
    /// Silence that ends any sentence, milliseconds.
    pub longest_silence_ms: u64,
}

/// How listening begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListenMode {
    /// By the talk key.
    Push,
    /// By the wake phrase.
    HandsFree,
}

/// What stops the voice while it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BargeIn {
    /// Anybody's speech.
    Speech,
    /// "stop", "wait", the wake phrase.
    Keyword,
    /// The talk key alone.
    Key,
}

/// Indexing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// Threads that read and cut files; 0 means all cores but one.
    pub threads: usize,
    /// Vectors of word pieces too: better ranking for some 4 kB a passage on the disk.
    pub token_vectors: bool,
    /// How long a watched directory must be quiet before it is indexed again, milliseconds.
    pub watch_quiet_ms: u64,
}

/// CPU cores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cores {
    /// Cores for compute; 0 means all.
    pub threads: usize,
}

/// The audit log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// Days that records are kept; 0 means for ever.
    pub keep_days: u32,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    /// Who it is where no badge is given; `""` where that is not known.
    pub name: String,
    /// Who may ask; empty: everybody, named or not.
    pub operators: Vec<String>,
}

impl Operator {
    /// Who asks, by the badge that was given or else the configuration.
    ///
    /// # Errors
    /// Wrong usage: there is a list, and the one who asks is not on it.
    pub fn of(&self, badge: Option<&str>) -> Result<Option<String>> {
        let named = badge.map(str::trim).filter(|b| !b.is_empty());
        let who = named.or(Some(self.name.trim())).filter(|w| !w.is_empty());
        if self.operators.is_empty() {
            return Ok(who.map(ToOwned::to_owned));
        }
        // A badge reader and a person do not agree about capitals.
        let listed = |w: &str| self.operators.iter().find(|o| o.trim().to_lowercase() == w.to_lowercase());
        match who {
            Some(who) => match listed(who) {
                Some(as_listed) => Ok(Some(as_listed.trim().to_owned())),
                None => Err(Error::new(Kind::Usage, format!("{who} is not among the operators"))
                    .hint("[operator] operators in config.toml lists who may ask")),
            },
            None => Err(Error::new(Kind::Usage, "it is not known who asks")
                .hint("name the operator: --operator ID, or MILLWRIGHT_OPERATOR=ID")),
        }
    }
}

impl Config {
    /// Defaults, then `DATA/config.toml`, then `MILLWRIGHT_SECTION_KEY` variables.
    ///
    /// # Errors
    /// A file that is not TOML, an unknown key, or a value of the wrong type: each names
    /// the key and, where it came from a file, the line.
    pub fn resolve(data: &Path, env: impl Iterator<Item = (String, String)>) -> Result<Config> {
        let mut merged: toml::Table = parse(DEFAULTS, "the built-in defaults")?;
        let path = data.join("config.toml");
        if path.exists() {
            let text = std::fs::read_to_string(&path).map_err(|e| {
                Error::new(Kind::Failed, format!("cannot read {}", path.display())).because(e)
            })?;
            let source = path.display().to_string();
            merge(&mut merged, parse(&text, &source)?, &source)?;
        }
        for (key, value) in env {
            if let Some(rest) = key.strip_prefix("MILLWRIGHT_") {
                set_from_env(&mut merged, &key, rest, &value)?;
            }
        }
        let config: Config =
            merged.try_into().map_err(|e: toml::de::Error| usage("the configuration", e.message()))?;
        config.engine.check()?;
        config.site.check()?;
        Ok(config)
    }

    /// Threads that compute may use.
    pub fn threads(&self) -> usize {
        let all = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        if self.cores.threads == 0 { all } else { self.cores.threads.min(all) }
    }

    /// Threads that indexing may use: by default all but one, so that a question that is
    /// asked meanwhile finds a free core.
    pub fn index_threads(&self) -> usize {
        let all = self.threads();
        if self.index.threads == 0 { all.saturating_sub(1).max(1) } else { self.index.threads.min(all) }
    }
}

fn usage(place: &str, what: &str) -> Error {
    Error::new(Kind::Usage, format!("{place}: {}", what.trim().replace('\n', " ")))
        .hint("`millwright config show` prints every key with its default")
}

fn parse(text: &str, place: &str) -> Result<toml::Table> {
    text.parse().map_err(|e: toml::de::Error| usage(place, &e.to_string()))
}

/// Lays `over` onto `base`; only keys that exist below may be set.
fn merge(base: &mut toml::Table, over: toml::Table, place: &str) -> Result<()> {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(toml::Value::Table(b)), toml::Value::Table(o)) => {
                merge(b, o, &format!("{place} [{key}]"))?;
            }
            (Some(old), new) if old.same_type(&new) => *old = new,
            (Some(old), new) => {
                let what = format!("`{key}` is a {}, not a {}", old.type_str(), new.type_str());
                return Err(usage(place, &what));
            }
            (None, _) => return Err(usage(place, &format!("unknown key `{key}`"))),
        }
    }
    Ok(())
}

/// `MILLWRIGHT_TURN_DEADLINE_MS=900` sets `[turn] deadline_ms`. Variables that name no
/// section of the configuration (`MILLWRIGHT_DATA`, …) belong to others.
fn set_from_env(base: &mut toml::Table, key: &str, rest: &str, value: &str) -> Result<()> {
    let lower = rest.to_lowercase();
    let Some((section, name)) = lower.split_once('_') else { return Ok(()) };
    let Some(toml::Value::Table(table)) = base.get_mut(section) else { return Ok(()) };
    match table.get_mut(name) {
        None => Err(usage("the environment", &format!("{key} names no key"))),
        Some(toml::Value::Boolean(b)) => match value.parse() {
            Ok(v) => {
                *b = v;
                Ok(())
            }
            Err(_) => Err(usage("the environment", &format!("{key}: `{value}` is not true or false"))),
        },
        Some(toml::Value::Integer(n)) => match value.parse() {
            Ok(v) => {
                *n = v;
                Ok(())
            }
            Err(_) => Err(usage("the environment", &format!("{key}: `{value}` is not a number"))),
        },
        // "a, b": a list.
        Some(toml::Value::Array(list)) => {
            let items = value.split(',').map(str::trim).filter(|i| !i.is_empty());
            *list = items.map(|i| toml::Value::String(i.to_owned())).collect();
            Ok(())
        }
        Some(slot) => {
            *slot = toml::Value::String(value.to_owned());
            Ok(())
        }
    }
}

/// Where this installation keeps models, indexes and the audit log.
///
/// `--data` wins, then `MILLWRIGHT_DATA`, then the platform's place for a user's data.
pub fn data_dir(flag: Option<PathBuf>) -> PathBuf {
    flag.unwrap_or_else(|| {
        let home = |v: &str| std::env::var_os(v).map(PathBuf::from);
        home("XDG_DATA_HOME")
            .or_else(|| home("LOCALAPPDATA"))
            .or_else(|| home("HOME").map(|h| h.join(".local/share")))
            .unwrap_or_else(|| PathBuf::from("."))
            .join("millwright")
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::entry::screen::{Source, screen};

    fn resolve(file: &str, env: &[(&str, &str)]) -> Result<Config> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("config.toml"), file).unwrap();
        Config::resolve(dir.path(), env.iter().map(|(k, v)| (k.to_string(), v.to_string())))
    }

    #[test]
    fn the_defaults_are_a_whole_configuration() {
        let config = resolve("", &[]).unwrap();
        assert_eq!(config.turn.deadline_ms, 1800);
        assert_eq!(config.turn.rung, Rung::Recombined);
    }

    #[test]
    fn a_file_may_set_one_key_and_the_environment_wins_over_it() {
        let file = "[turn]\ndeadline_ms = 900\nlimit_ms = 5000\n";
        let config = resolve(file, &[("MILLWRIGHT_TURN_DEADLINE_MS", "700")]).unwrap();
        assert_eq!((config.turn.deadline_ms, config.turn.limit_ms), (700, 5000));
    }

    #[test]
    fn an_unknown_key_and_a_wrong_type_are_named() {
        let unknown = resolve("[turn]\ndeadlin = 1\n", &[]).unwrap_err();
        assert!(unknown.what.contains("deadlin"), "{unknown}");
        let wrong = resolve("[turn]\ndeadline_ms = \"soon\"\n", &[]).unwrap_err();
        assert!(wrong.what.contains("deadline_ms"), "{wrong}");
        assert_eq!(wrong.kind, Kind::Usage);
    }

    #[test]
    fn the_engines_sizes_are_those_of_the_code_and_impossible_ones_are_refused() {
        let engine = resolve("", &[]).unwrap().engine;
        assert_eq!(engine.options(2), Options::default());
        let window = resolve("[engine]\nmode = \"window\"\n", &[]).unwrap().engine;
        assert_eq!(window.options(2).settings.mode, scheduler::Mode::Window { ms: 60 });
        for (line, key) in [
            ("slots = 0", "slots"),
            ("step_tokens = 8", "step_tokens"),
            ("long_step_tokens = 100", "long_step_tokens"),
        ] {
            let error = resolve(&format!("[engine]\n{line}\n"), &[]).unwrap_err();
            assert!(error.kind == Kind::Usage && error.what.contains(key), "{error}");
        }
    }

    #[test]
    fn the_sites_emergency_text_is_told_in_the_askers_language() {
        let site = resolve("[site]\nemergency = \"Call 333.\"\nemergency_zh = \"\"\n", &[]).unwrap().site;
        let told = |text| site.emergency_for(&screen(text, Source::Typed)).map(str::to_owned);
        assert_eq!(told("There is a fire in the cabinet!").as_deref(), Some("Call 333."));
        assert_eq!(told("¡Hay fuego en el armario!").as_deref(), Some(site.emergency_es.as_str()));
        assert_eq!(told("着火了！").as_deref(), Some("Call 333."), "none of its own");
        assert_eq!(told("fire the burner"), None);
        assert!(resolve("[site]\nemergency = \" \"\n", &[]).is_err());
    }

    #[test]
    fn where_operators_are_listed_others_may_not_ask() {
        let open = resolve("[operator]\nname = \"bench 4\"\n", &[]).unwrap().operator;
        assert_eq!(open.of(None).unwrap().as_deref(), Some("bench 4"));
        assert_eq!(open.of(Some("B-17")).unwrap().as_deref(), Some("B-17"));
        assert_eq!(resolve("", &[]).unwrap().operator.of(Some(" ")).unwrap(), None);
        let env = [("MILLWRIGHT_OPERATOR_OPERATORS", "B-17, B-18"), ("MILLWRIGHT_OPERATOR", "B-17")];
        let listed = resolve("", &env).unwrap().operator;
        assert_eq!(listed.of(Some("b-17")).unwrap().as_deref(), Some("B-17"));
        for nobody in [Some("B-19"), None] {
            let error = listed.of(nobody).unwrap_err();
            assert!(error.kind == Kind::Usage && !error.hint.is_empty(), "{error}");
        }
    }

    #[test]
    fn variables_of_others_are_left_alone() {
        assert!(resolve("", &[("MILLWRIGHT_DATA", "/x"), ("MILLWRIGHT_EVAL", "/y")]).is_ok());
    }
}
