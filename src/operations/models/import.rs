//! Brings models in from a file or a directory (a USB stick): wheels, finished files, and
//! members that lie by themselves (a CTranslate2 `model.bin`), recognised by their bytes
//! and never by their names alone.

use super::assembly::Assembly;
use super::digest::Digest;
use super::faults;
use super::manifest::{FileSpec, Manifest, Model, Part, Placed, Source};
use super::pull::{Done, Options, Outcome, refusal};
use super::report::{Event, Report};
use super::store::Store;
use crate::operations::outcome::{Error, Kind, Result};
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// How deep a directory is searched.
const DEPTH: u8 = 4;
/// How many files of a directory are looked at.
const MAX_FILES: usize = 10_000;

/// What a file turned out to be.
#[derive(Clone, Copy)]
enum Known<'m> {
    Finished(&'m FileSpec),
    Wheel(&'m Part),
    Member(Placed<'m>),
}

impl Known<'_> {
    fn size(&self) -> u64 {
        match self {
            Known::Finished(file) => file.size,
            Known::Wheel(part) => part.size,
            Known::Member(placed) => placed.member.size,
        }
    }

    fn sha256(&self) -> Digest {
        match self {
            Known::Finished(file) => file.sha256,
            Known::Wheel(part) => part.sha256,
            Known::Member(placed) => placed.member.sha256,
        }
    }

    fn is_named(&self, name: &str) -> bool {
        match self {
            Known::Finished(file) => file.name == name,
            Known::Wheel(part) => {
                name.starts_with(&format!("{}-{}-", part.package.replace('-', "_"), part.version))
            }
            // Names such as config.json say nothing.
            Known::Member(_) => false,
        }
    }
}

/// Imports what `path` (a file or a directory) holds of any model. Models that are then
/// whole are made, verified and put into place; for others the outcome says what is missing.
///
/// # Errors
/// One line where nothing is recognised, where a file has a known name but other bytes, or
/// where the file system refuses.
pub fn import(store: &Store, path: &Path, options: &Options, report: &mut dyn Report) -> Result<Vec<Done>> {
    let found = recognise(store.manifest(), path)?;
    if found.is_empty() {
        return Err(nothing(path));
    }
    let _lock = store.lock()?;
    let mut done = Vec::new();
    for model in &store.manifest().models {
        let mine: Vec<_> =
            found.iter().filter(|(_, m, _)| m.id == model.id).map(|(p, _, k)| (p, *k)).collect();
        if mine.is_empty() {
            continue;
        }
        let outcome = if store.is_installed(model) {
            Outcome::Present
        } else {
            report.event(Event::Licence(model));
            match refusal(model, options, report) {
                Some(reason) => Outcome::Skipped { reason },
                None => bring(store, model, &mine, report)?,
            }
        };
        done.push(Done { id: model.id.clone(), outcome });
    }
    Ok(done)
}

/// Imports one model from a path of the manifest. The lock is held and the licence accepted.
pub(super) fn only(store: &Store, model: &Model, path: &Path, report: &mut dyn Report) -> Result<Outcome> {
    let found = recognise(store.manifest(), path)?;
    let mine: Vec<_> = found.iter().filter(|(_, m, _)| m.id == model.id).map(|(p, _, k)| (p, *k)).collect();
    if mine.is_empty() {
        return Err(nothing(path));
    }
    bring(store, model, &mine, report)
}

fn bring(
    store: &Store,
    model: &Model,
    found: &[(&PathBuf, Known<'_>)],
    report: &mut dyn Report,
) -> Result<Outcome> {
    let mut assembly = Assembly::resume(store, model)?;
    let mut fetched = 0;
    // Finished files first: what is made needs no parts.
    for (path, known) in found {
        if let Known::Finished(file) = known {
            assembly.add_finished(path, file)?;
            fetched += 1;
        }
    }
    for (path, known) in found {
        for source in &model.sources {
            let missing = assembly.missing(source);
            let wanted = missing.iter().filter(|p| match known {
                Known::Wheel(part) => p.part.is_some_and(|q| std::ptr::eq(q, *part)),
                Known::Member(placed) => {
                    p.member.into == placed.member.into
                        && p.offset == placed.offset
                        && p.member.sha256 == placed.member.sha256
                }
                Known::Finished(_) => false,
            });
            let mut used = false;
            for placed in wanted {
                match known {
                    Known::Wheel(_) => assembly.add_from_wheel(path, placed)?,
                    _ => assembly.add_from_file(path, placed)?,
                }
                used = true;
            }
            fetched += usize::from(used);
        }
    }
    if assembly.finish(report)? {
        return Ok(Outcome::Installed { fetched, kept: 0 });
    }
    let mut missing: Vec<String> = Vec::new();
    for placed in model.sources.first().map(|s| assembly.missing(s)).unwrap_or_default() {
        let name = placed.part.map_or(&placed.member.path, |p| &p.package).clone();
        if missing.last() != Some(&name) {
            missing.push(name);
        }
    }
    Ok(Outcome::Waiting { missing })
}

/// The files at `path` that are, byte for byte, something that the manifest pins. A file
/// given by itself, or one with a known name, must be.
fn recognise<'m>(manifest: &'m Manifest, path: &Path) -> Result<Vec<(PathBuf, &'m Model, Known<'m>)>> {
    let index = index(manifest);
    let files = if path.is_dir() { walk(path)? } else { vec![path.to_owned()] };
    let mut found = Vec::new();
    for file in files {
        let length = file.metadata().map_err(|e| faults::io("read", &file, e))?.len();
        let sized: Vec<_> = index.iter().filter(|(_, known)| known.size() == length).collect();
        let digest = match sized.is_empty() {
            true => None,
            false => Some(Digest::of_file(&file).map_err(|e| faults::io("read", &file, e))?),
        };
        let same: Vec<_> = sized.into_iter().filter(|(_, known)| Some(known.sha256()) == digest).collect();
        if same.is_empty() {
            damaged(&index, &file, length, digest)?;
        }
        found.extend(same.into_iter().map(|(model, known)| (file.clone(), *model, *known)));
    }
    Ok(found)
}

/// Everything that the manifest pins, each once.
fn index(manifest: &Manifest) -> Vec<(&Model, Known<'_>)> {
    let mut all = Vec::new();
    for model in &manifest.models {
        let mut seen = HashSet::new();
        all.extend(model.files.iter().map(|f| (model, Known::Finished(f))));
        for source in &model.sources {
            if let Source::Pip { parts } = source {
                all.extend(parts.iter().map(|p| (model, Known::Wheel(p))));
            }
            let members = source
                .placed()
                .into_iter()
                .filter(|p| seen.insert((&p.member.into, p.offset, p.member.sha256)));
            all.extend(members.map(|p| (model, Known::Member(p))));
        }
    }
    all
}

/// A file that is named like a known one but is not it is an error, whatever else is there.
fn damaged(index: &[(&Model, Known<'_>)], file: &Path, length: u64, digest: Option<Digest>) -> Result<()> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let Some((_, meant)) = index.iter().find(|(_, known)| known.is_named(&name)) else {
        return Ok(());
    };
    let what = file.display().to_string();
    Err(match digest {
        Some(digest) if length == meant.size() => faults::wrong_hash(&what, digest, meant.sha256()),
        _ => faults::truncated(&what, length, meant.size()),
    })
}

fn nothing(path: &Path) -> Error {
    let what = if path.is_dir() { "holds no file" } else { "is no file" };
    Error::new(Kind::Failed, format!("{} {what} of a model that is known here", path.display()))
        .hint("`millwright models list` shows the known ones; any llama or qwen2 GGUF file can be used where it lies with --model PATH")
}

/// The regular files below a directory, in the order of their paths.
fn walk(root: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![(root.to_owned(), DEPTH)];
    while let Some((folder, depth)) = folders.pop() {
        let entries = fs::read_dir(&folder).map_err(|e| faults::io("read", &folder, e))?;
        for entry in entries {
            let entry = entry.map_err(|e| faults::io("read", &folder, e))?;
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth > 0 => folders.push((path, depth - 1)),
                Ok(_) if path.is_file() => files.push(path),
                _ => {}
            }
            if files.len() > MAX_FILES {
                return Err(Error::new(
                    Kind::Usage,
                    format!("{} holds too many files to look through", root.display()),
                )
                .hint("give the folder that holds the models"));
            }
        }
    }
    files.sort();
    Ok(files)
}
