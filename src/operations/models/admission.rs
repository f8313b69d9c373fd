//! Admission: which rung a language model has earned, and by which figures.
//!
//! `millwright eval models` writes `DATA/models/admission.json`, by the SHA-256 of the weights;
//! the manifest holds what its own models are known to have earned. A model that neither
//! knows may choose among the manual's words, and no more ([`UNKNOWN`]).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use super::{Digest, Located, Manifest, faults};
use crate::core::answer::Rung;
use crate::operations::outcome::{Error, Kind, Result};

/// What a model is held to that nobody has looked at.
pub const UNKNOWN: Rung = Rung::Constrained;

const FILE: &str = "admission.json";

/// What one model has earned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Admission {
    /// The model's id, or its file's name.
    pub model: String,
    /// The highest rung that it may answer on.
    pub ceiling: Rung,
    /// Why it is not the next higher one; empty on the highest.
    pub why: String,
    /// What was measured.
    pub figures: BTreeMap<String, f64>,
    /// The version that measured.
    pub version: String,
    /// The day, `YYYY-MM-DD`.
    pub day: String,
}

/// A file given by path whose SHA-256 is known: a turn must not wait for the hash of
/// hundreds of megabytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    path: PathBuf,
    size: u64,
    modified_ms: u128,
    sha256: Digest,
}

/// The admissions of one data directory.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Admissions {
    /// By SHA-256.
    #[serde(default)]
    models: BTreeMap<String, Admission>,
    #[serde(default)]
    files: Vec<Known>,
}

/// The rung that a model is held to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The highest rung.
    pub ceiling: Rung,
    /// The model as it is named to people.
    pub model: String,
}

impl Held {
    /// Why a higher rung was not tried, for `rung_why`.
    pub fn why(&self) -> String {
        format!("the model {} is admitted up to {}", self.model, self.ceiling)
    }
}

/// The file in a data directory.
pub fn path(data: &Path) -> PathBuf {
    data.join("models").join(FILE)
}

impl Admissions {
    /// What was found in this data directory.
    ///
    /// # Errors
    /// A file that is there and cannot be read: then nothing is admitted by guess.
    pub fn load(data: &Path) -> Result<Admissions> {
        let file = path(data);
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Admissions::default()),
            Err(e) => return Err(faults::io("read", &file, e)),
        };
        serde_json::from_str(&text).map_err(|e| {
            Error::new(Kind::Failed, format!("{} cannot be read", file.display()))
                .because(e)
                .hint("delete it, and measure again: millwright eval models")
        })
    }

    /// Writes it: aside, then renamed.
    ///
    /// # Errors
    /// What the file system reports.
    pub fn save(&self, data: &Path) -> Result<()> {
        let file = path(data);
        let aside = file.with_extension("json.new");
        let text = serde_json::to_string_pretty(self)
            .map_err(|e| Error::new(Kind::Failed, "the admissions cannot be written").because(e))?;
        std::fs::write(&aside, text + "\n")
            .and_then(|()| std::fs::rename(&aside, &file))
            .map_err(|e| faults::io("write", &file, e))
    }

    /// What the weights of this SHA-256 have earned here.
    pub fn get(&self, sha256: &Digest) -> Option<&Admission> {
        self.models.get(&sha256.to_string())
    }

    /// Notes what a model has earned.
    ///
    /// # Errors
    /// Its file cannot be read.
    pub fn put(&mut self, located: &Located, admission: Admission) -> Result<()> {
        let sha256 = match located.sha256 {
            Some(pinned) => pinned,
            None => self.hash(&located.path)?,
        };
        self.models.insert(sha256.to_string(), admission);
        Ok(())
    }

    fn hash(&mut self, path: &Path) -> Result<Digest> {
        let wrong = |e| faults::io("read", path, e);
        let sha256 = Digest::of_file(path).map_err(wrong)?;
        let (path, size, modified_ms) = stamp(path).map_err(wrong)?;
        self.files.retain(|k| k.path != path);
        self.files.push(Known { path, size, modified_ms, sha256 });
        Ok(sha256)
    }

    /// The rung that a model is held to; `named` is its id or path. Quick: no model file is
    /// read. One that was changed since it was looked at is unknown again.
    pub fn held(&self, manifest: &Manifest, named: &str) -> Held {
        let Ok(model) = manifest.get(named) else {
            let known = stamp(Path::new(named)).ok().and_then(|(path, size, modified_ms)| {
                self.files.iter().find(|k| k.path == path && k.size == size && k.modified_ms == modified_ms)
            });
            let name = Path::new(named).file_name().map(|n| n.to_string_lossy().into_owned());
            let name = name.unwrap_or_else(|| named.to_owned());
            // A pinned file that was given by its path is the model of that pin.
            let pinned = known.and_then(|k| {
                manifest.models.iter().find(|m| m.files.first().is_some_and(|f| f.sha256 == k.sha256))
            });
            let earned = known.and_then(|k| self.get(&k.sha256)).map(|a| a.ceiling);
            let ceiling = earned.or(pinned.and_then(|m| m.admitted)).unwrap_or(UNKNOWN);
            return Held { ceiling, model: name };
        };
        let earned = model.files.first().and_then(|f| self.get(&f.sha256)).map(|a| a.ceiling);
        Held { ceiling: earned.or(model.admitted).unwrap_or(UNKNOWN), model: model.id.clone() }
    }
}

/// What tells a file from another under the same name.
fn stamp(path: &Path) -> std::io::Result<(PathBuf, u64, u128)> {
    let path = path.canonicalize()?;
    let about = path.metadata()?;
    let modified = about.modified()?.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis());
    Ok((path, about.len(), modified))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn admission(ceiling: Rung) -> Admission {
        Admission {
            model: "m".into(),
            ceiling,
            why: String::new(),
            figures: BTreeMap::from([("drafts".to_owned(), 40.0)]),
            version: "0".into(),
            day: "2026-11-24".into(),
        }
    }

    fn located(path: &Path, sha256: Option<Digest>) -> Located {
        Located { id: None, path: path.to_owned(), sha256, languages: Vec::new() }
    }

    #[test]
    fn a_model_that_nobody_looked_at_chooses_among_the_manuals_words_and_no_more() {
        let manifest = Manifest::embedded().unwrap();
        let held = Admissions::default().held(&manifest, "/somewhere/new.gguf");
        assert_eq!((held.ceiling, held.model.as_str()), (Rung::Constrained, "new.gguf"));
        assert_eq!(held.why(), "the model new.gguf is admitted up to constrained");
    }

    #[test]
    fn what_was_measured_here_goes_before_what_the_manifest_says() {
        let manifest = Manifest::embedded().unwrap();
        let model = manifest.get("smollm2-135m").unwrap();
        let mut here = Admissions::default();
        let before = here.held(&manifest, "smollm2-135m").ceiling;
        assert_eq!(before, model.admitted.unwrap());
        here.put(&located(Path::new("x"), Some(model.files[0].sha256)), admission(Rung::Quoted)).unwrap();
        assert_eq!(here.held(&manifest, "smollm2-135m").ceiling, Rung::Quoted);
    }

    #[test]
    fn a_file_keeps_what_it_earned_until_it_is_another() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("models")).unwrap();
        let file = dir.path().join("own.gguf");
        std::fs::write(&file, "weights").unwrap();
        let manifest = Manifest::embedded().unwrap();
        let mut here = Admissions::load(dir.path()).unwrap();
        here.put(&located(&file, None), admission(Rung::Recombined)).unwrap();
        here.save(dir.path()).unwrap();
        let again = Admissions::load(dir.path()).unwrap();
        assert_eq!(again, here);
        let name = file.to_str().unwrap();
        assert_eq!(again.held(&manifest, name).ceiling, Rung::Recombined);
        std::fs::write(&file, "other weights").unwrap();
        assert_eq!(again.held(&manifest, name).ceiling, UNKNOWN);
        std::fs::write(path(dir.path()), "{").unwrap();
        assert_eq!(Admissions::load(dir.path()).unwrap_err().kind, Kind::Failed);
    }
}
