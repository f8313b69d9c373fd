//! Where generations lie, and which one `CURRENT` names.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::core::{Error, Kind, Result};

/// Where a knowledge base lives.
pub fn kb_dir(data: &Path, kb: &str) -> PathBuf {
    data.join("kb").join(kb)
}

/// The knowledge bases of a data directory that have a current generation, by name.
///
/// # Errors
/// `Kind::Io` where the directory cannot be listed.
pub fn knowledge_bases(data: &Path) -> Result<Vec<String>> {
    let root = data.join("kb");
    let entries = match fs::read_dir(&root) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(io(&root, e)),
    };
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| root.join(name).join("CURRENT").is_file())
        .collect();
    names.sort();
    Ok(names)
}

/// A name that is a plain directory name on every system.
pub(crate) fn checked_name(kb: &str) -> Result<&str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let fits = (1..=64).contains(&kb.len()) && kb.chars().all(plain) && !kb.starts_with('.');
    fits.then_some(kb).ok_or_else(|| {
        Error::new(Kind::Index, format!("`{kb}` cannot name a knowledge base"))
            .hint("use letters, digits, `-` and `_`")
    })
}

pub(crate) fn dir_name(number: u64) -> String {
    format!("gen-{number}")
}

/// The number in `gen-N`.
pub(crate) fn number_of(name: &str) -> Option<u64> {
    name.strip_prefix("gen-")?.parse().ok()
}

/// The number of the current generation; `None` where there is none yet.
pub(crate) fn current(kb_dir: &Path) -> Result<Option<u64>> {
    match fs::read_to_string(kb_dir.join("CURRENT")) {
        Ok(text) => match number_of(text.trim()) {
            Some(number) => Ok(Some(number)),
            None => Err(damaged(kb_dir, "CURRENT")),
        },
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(io(&kb_dir.join("CURRENT"), e)),
    }
}

/// Names `number` as the current generation: written aside, synced, renamed.
pub(crate) fn make_current(kb_dir: &Path, number: u64) -> Result<()> {
    let (aside, current) = (kb_dir.join("CURRENT.new"), kb_dir.join("CURRENT"));
    write_synced(&aside, |file| writeln!(file, "{}", dir_name(number)))?;
    fs::rename(&aside, &current).map_err(|e| io(&current, e))?;
    sync_dir(kb_dir)
}

/// All generations there are, finished or not, with their directories.
pub(crate) fn generations(kb_dir: &Path) -> Vec<(u64, PathBuf)> {
    let entries = fs::read_dir(kb_dir).into_iter().flatten().flatten();
    entries.filter_map(|e| Some((number_of(e.file_name().to_str()?)?, e.path()))).collect()
}

/// Writes a file and waits until it is on the disk.
pub(crate) fn write_synced(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<()> {
    let run = || {
        let mut out = std::io::BufWriter::new(File::create(path)?);
        write(&mut out)?;
        out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()
    };
    run().map_err(|e| io(path, e))
}

/// Makes renames and new names in a directory durable, where the system has that.
pub(crate) fn sync_dir(dir: &Path) -> Result<()> {
    if cfg!(unix) {
        File::open(dir).and_then(|d| d.sync_all()).map_err(|e| io(dir, e))?;
    }
    Ok(())
}

/// Gives a file of one generation to another: as a second name of the same bytes, which
/// costs nothing, or as a copy where the file system has no second names. Files of a
/// generation are never written again, so that sharing them is safe.
pub(crate) fn share(from: &Path, to: &Path) -> Result<()> {
    if fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    fs::copy(from, to).and_then(|_| File::open(to)?.sync_all()).map_err(|e| io(to, e))
}

/// Shares all files of a directory, but locks that others hold there.
pub(crate) fn share_all(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).map_err(|e| io(to, e))?;
    for entry in fs::read_dir(from).map_err(|e| io(from, e))? {
        let entry = entry.map_err(|e| io(from, e))?;
        let name = entry.file_name();
        if name.to_string_lossy().ends_with(".lock") {
            continue;
        }
        let (source, target) = (entry.path(), to.join(&name));
        if source.is_dir() {
            share_all(&source, &target)?;
        } else {
            share(&source, &target)?;
        }
    }
    sync_dir(to)
}

pub(crate) fn missing(what: String) -> Error {
    Error::new(Kind::Index, what).hint("millwright index DIR")
}

pub(crate) fn damaged(dir: &Path, name: &str) -> Error {
    missing(format!("the index is damaged: {}", dir.join(name).display()))
}

pub(crate) fn io(path: &Path, e: std::io::Error) -> Error {
    Error::new(Kind::Io, format!("cannot write or read {}", path.display()))
        .because(e)
        .hint("check the disk's free space and the directory's permissions")
}
