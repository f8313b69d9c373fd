//! Reads every byte again and says what is as pinned.

use super::digest::Digest;
use super::faults;
use super::manifest::Model;
use super::report::{Event, Report};
use super::store::{Store, has_size};
use crate::operations::outcome::{Error, Kind, Result};
use serde::Serialize;
use std::io;
use std::path::PathBuf;

/// What `models verify` found about one file.
#[derive(Debug, Clone, Serialize)]
pub struct Checked {
    /// The model.
    pub id: String,
    /// The file's name.
    pub file: String,
    /// What was found.
    pub state: State,
    /// Where it lies or would lie.
    pub path: PathBuf,
}

/// The state of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Every byte is as pinned.
    Ok,
    /// It is not there.
    Missing,
    /// Other bytes than pinned.
    Wrong,
}

/// Reads every byte of the named models (ids and roles); with nothing named, of those that
/// have anything on disk, or of the defaults where none has. A model that is found wrong
/// loses its receipt, so that it is not used and the next pull replaces it.
///
/// # Errors
/// An unknown name, or a file system that refuses. What is wrong with a file is no error
/// here: it is in the rows, and [`verdict`] makes one of them.
pub fn verify(store: &Store, wanted: &[String], report: &mut dyn Report) -> Result<Vec<Checked>> {
    let mut models = store.manifest().select(wanted)?;
    if wanted.is_empty() {
        let here: Vec<&Model> = store.manifest().models.iter().filter(|m| store.has_traces(m)).collect();
        if !here.is_empty() {
            models = here;
        }
    }
    let mut rows = Vec::new();
    for model in models {
        let found = check(store, model, report)?;
        if found.iter().any(|c| c.state != State::Ok) {
            // A store that cannot be written can still be verified.
            let _ = store.withdraw(model);
        }
        rows.extend(found);
    }
    Ok(rows)
}

/// The outcome of a verification as one error, or none.
///
/// # Errors
/// [`Kind::Failed`] where a file is wrong, else [`Kind::Missing`] where one is missing.
pub fn verdict(rows: &[Checked]) -> Result<()> {
    let named = |state: State| {
        rows.iter().filter(|r| r.state == state).map(|r| format!("{}/{}", r.id, r.file)).collect::<Vec<_>>()
    };
    let (wrong, absent) = (named(State::Wrong), named(State::Missing));
    let mut ids: Vec<&str> = rows.iter().filter(|r| r.state != State::Ok).map(|r| r.id.as_str()).collect();
    ids.dedup();
    let hint = format!("millwright models pull {}", ids.join(" "));
    match (wrong.is_empty(), absent.is_empty()) {
        (true, true) => Ok(()),
        (false, _) => {
            Err(Error::new(Kind::Failed, format!("not as pinned: {}", wrong.join(", "))).hint(hint))
        }
        (true, false) => Err(Error::new(Kind::Missing, format!("missing: {}", absent.join(", "))).hint(hint)),
    }
}

/// What is found about each file of a model by reading all of it.
pub(super) fn check(store: &Store, model: &Model, report: &mut dyn Report) -> Result<Vec<Checked>> {
    let folder = store.folder(model);
    let mut found = Vec::with_capacity(model.files.len());
    for file in &model.files {
        let path = folder.join(&file.name);
        let state = match path.metadata() {
            Err(e) if e.kind() == io::ErrorKind::NotFound => State::Missing,
            Err(e) => return Err(faults::io("read", &path, e)),
            Ok(_) if !has_size(&path, file.size) => State::Wrong,
            Ok(_) => {
                report.event(Event::Hashing { id: &model.id, file: &file.name });
                let digest = Digest::of_file(&path).map_err(|e| faults::io("read", &path, e))?;
                if digest == file.sha256 { State::Ok } else { State::Wrong }
            }
        };
        found.push(Checked { id: model.id.clone(), file: file.name.clone(), state, path });
    }
    Ok(found)
}
