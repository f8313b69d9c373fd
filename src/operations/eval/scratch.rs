//! A directory of our own below the system's temporary one, gone when it is dropped.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::operations::outcome::{Error, Kind, Result};

/// A temporary directory.
#[derive(Debug)]
pub struct Scratch {
    dir: PathBuf,
}

impl Scratch {
    /// A new, empty one.
    ///
    /// # Errors
    /// Where the system's temporary directory cannot be written.
    pub fn new() -> Result<Scratch> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        loop {
            let n = NEXT.fetch_add(1, Ordering::Relaxed);
            let dir = std::env::temp_dir().join(format!("millwright-eval-{}-{n}", std::process::id()));
            match std::fs::create_dir(&dir) {
                Ok(()) => return Ok(Scratch { dir }),
                // Left by a killed process that had our number.
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(cannot_write(&dir, e)),
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.dir
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed stays for the system's own cleaning.
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// Writes a file and the directories above it.
///
/// # Errors
/// Where the disk refuses.
pub fn put(path: &Path, text: &str) -> Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(|e| cannot_write(parent, e))?;
    }
    std::fs::write(path, text).map_err(|e| cannot_write(path, e))
}

/// Copies a directory with all below it.
///
/// # Errors
/// Where the disk refuses.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    place(from, to, &|source, target| std::fs::copy(source, target).map(drop))
}

/// Puts a directory with all below it somewhere else without copying it: as hard links, and
/// where the disk has none, and for hidden files (locks), as copies.
///
/// # Errors
/// Where the disk refuses.
pub fn lend(from: &Path, to: &Path) -> Result<()> {
    place(from, to, &|source, target| {
        let hidden = source.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
        if hidden || std::fs::hard_link(source, target).is_err() {
            std::fs::copy(source, target)?;
        }
        Ok(())
    })
}

fn place(from: &Path, to: &Path, file: &dyn Fn(&Path, &Path) -> std::io::Result<()>) -> Result<()> {
    std::fs::create_dir_all(to).map_err(|e| cannot_write(to, e))?;
    for entry in std::fs::read_dir(from).map_err(|e| cannot_write(from, e))? {
        let entry = entry.map_err(|e| cannot_write(from, e))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            place(&source, &target, file)?;
        } else {
            file(&source, &target).map_err(|e| cannot_write(&target, e))?;
        }
    }
    Ok(())
}

fn cannot_write(path: &Path, e: std::io::Error) -> Error {
    Error::new(Kind::Failed, format!("cannot write {}", path.display()))
        .because(e)
        .hint("set TMPDIR to a directory with free space")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_scratch_directory_is_gone_with_all_in_it() {
        let scratch = Scratch::new().unwrap();
        let (one, two) = (scratch.path().join("a/b.txt"), scratch.path().join("c"));
        put(&one, "x").unwrap();
        copy(&scratch.path().join("a"), &two).unwrap();
        assert!(two.join("b.txt").is_file());
        let three = scratch.path().join("d");
        lend(&two, &three).unwrap();
        assert_eq!(std::fs::read_to_string(three.join("b.txt")).unwrap(), "x");
        let dir = scratch.path().to_owned();
        drop(scratch);
        assert!(!dir.exists());
    }
}
