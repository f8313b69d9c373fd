//! Which recogniser `auto` means: the best one that knows the languages and is quick enough on
//! this machine.
//!
//! What was measured is remembered beside the models (`DATA/models/recognisers.toml`) by machine
//! and by the model's hash: another machine, or another file, is measured again. A file that
//! cannot be read or written is no error: then it is measured again next time.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What the transcript of a question of 4 s may take: 200 ms after an endpoint at 300 ms of
/// silence, begun at 120 ms.
pub const BUDGET: Duration = Duration::from_millis(380);

const FILE: &str = "recognisers.toml";

/// A recogniser that could be chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Its id.
    pub id: String,
    /// Languages that it knows (ISO 639-1).
    pub languages: Vec<String>,
    /// Bytes of its file: of two the bigger hears better.
    pub size: u64,
    /// What 4 s took here, warm.
    pub took: Duration,
}

/// The candidate's id: of those that know the most of the `needed` languages, the biggest
/// within the budget, or the quickest where none is. `None` where there is no candidate.
pub fn choose<'a>(candidates: &'a [Candidate], needed: &[String], budget: Duration) -> Option<&'a str> {
    let primary = |tag: &str| tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    let knows = |c: &Candidate| needed.iter().filter(|tag| c.languages.contains(&primary(tag))).count();
    let most = candidates.iter().map(knows).max()?;
    let able = || candidates.iter().filter(|c| knows(c) == most);
    able()
        .filter(|c| c.took <= budget)
        .max_by_key(|c| c.size)
        .or_else(|| able().min_by_key(|c| c.took))
        .map(|c| c.id.as_str())
}

/// What was measured on which machine.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    #[serde(default)]
    run: Vec<Run>,
    #[serde(skip)]
    file: PathBuf,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Run {
    machine: String,
    threads: usize,
    sha256: String,
    ms: u64,
}

impl Measured {
    /// What is remembered in a data directory; nothing where there is none or it is damaged.
    pub fn load(data: &Path) -> Measured {
        let file = data.join("models").join(FILE);
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        Measured { file, ..toml::from_str(&text).unwrap_or_default() }
    }

    /// What a model took there.
    pub fn get(&self, machine: &str, threads: usize, sha256: &str) -> Option<Duration> {
        let run =
            self.run.iter().find(|r| r.machine == machine && r.threads == threads && r.sha256 == sha256)?;
        Some(Duration::from_millis(run.ms))
    }

    /// Remembers it, on the disk too where that can be written.
    pub fn put(&mut self, machine: &str, threads: usize, sha256: &str, took: Duration) {
        self.run.retain(|r| !(r.machine == machine && r.threads == threads && r.sha256 == sha256));
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.run.push(Run { machine: machine.into(), threads, sha256: sha256.into(), ms });
        let text = toml::to_string(self).unwrap_or_default();
        let partial = self.file.with_extension("new");
        let written = std::fs::write(&partial, text).and_then(|()| std::fs::rename(&partial, &self.file));
        if let Err(e) = written {
            tracing::warn!("what the recognisers take cannot be remembered: {e}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(id: &str, languages: &[&str], size: u64, ms: u64) -> Candidate {
        Candidate {
            id: id.into(),
            languages: languages.iter().map(ToString::to_string).collect(),
            size,
            took: Duration::from_millis(ms),
        }
    }

    fn chosen(tiny_ms: u64, base_ms: u64, needed: &[&str]) -> String {
        let both = [
            candidate("tiny.en", &["en"], 77, tiny_ms),
            candidate("base", &["zh", "es", "en"], 148, base_ms),
        ];
        let needed: Vec<String> = needed.iter().map(ToString::to_string).collect();
        choose(&both, &needed, BUDGET).unwrap_or_default().to_owned()
    }

    #[test]
    fn the_bigger_model_is_chosen_where_the_machine_is_quick_enough() {
        assert_eq!(chosen(80, 200, &["en"]), "base");
        assert_eq!(chosen(200, 500, &["en-GB"]), "tiny.en");
        assert_eq!(chosen(80, 200, &[]), "base");
    }

    #[test]
    fn a_language_is_never_given_up_for_speed() {
        assert_eq!(chosen(80, 2_000, &["en", "zh-CN"]), "base");
        assert_eq!(chosen(80, 2_000, &["fr"]), "tiny.en", "neither knows it");
    }

    #[test]
    fn where_none_is_quick_enough_it_is_the_quickest() {
        assert_eq!(chosen(900, 2_000, &["en"]), "tiny.en");
        assert_eq!(choose(&[], &[], BUDGET), None);
    }

    #[test]
    fn what_was_measured_is_remembered_for_this_machine_and_this_file_only() {
        let dir = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
        assert!(std::fs::create_dir(dir.path().join("models")).is_ok());
        let mut measured = Measured::load(dir.path());
        assert_eq!(measured.get("here", 2, "aa"), None);
        measured.put("here", 2, "aa", Duration::from_millis(120));
        measured.put("here", 2, "aa", Duration::from_millis(130));
        let again = Measured::load(dir.path());
        assert_eq!(again.get("here", 2, "aa"), Some(Duration::from_millis(130)));
        assert_eq!(again.run.len(), 1);
        for (machine, threads, sha) in [("there", 2, "aa"), ("here", 1, "aa"), ("here", 2, "bb")] {
            assert_eq!(again.get(machine, threads, sha), None);
        }
    }

    #[test]
    fn a_damaged_memory_is_no_memory() {
        let dir = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
        assert!(std::fs::create_dir(dir.path().join("models")).is_ok());
        assert!(std::fs::write(dir.path().join("models").join(FILE), "run = 3 [").is_ok());
        assert_eq!(Measured::load(dir.path()).get("here", 2, "aa"), None);
    }
}
