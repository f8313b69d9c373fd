//! The directory in which a generation is made, and the spool of what is read for it.
//!
//! It has the next generation's name. Until `CURRENT` names it, it is nothing: dropped, it
//! is removed; left behind by a kill, the next build clears it away.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::make_dir;
use crate::core::Result;
use crate::core::knowledge::generation::place::{current, dir_name, generations, io, make_current};
use crate::core::knowledge::generation::records::{Records, Writer};

/// A generation in the making.
pub(super) struct Stage {
    kb_dir: PathBuf,
    /// The number it will have.
    pub(super) number: u64,
    /// Its directory; it exists once something was written.
    pub(super) dir: PathBuf,
    spool: Mutex<Option<Spool>>,
    published: bool,
}

/// What was read, in the order in which it was.
struct Spool {
    texts: Writer,
    passages: Writer,
}

/// A finished spool, to be read.
pub(super) struct Spooled {
    pub(super) texts: Records,
    pub(super) passages: Records,
}

impl Stage {
    /// The number after the current one; what a killed build left behind is cleared away.
    pub(super) fn begin(kb_dir: &Path) -> Result<Self> {
        let now = current(kb_dir)?;
        for (number, path) in generations(kb_dir) {
            if now.is_none_or(|now| number > now) {
                fs::remove_dir_all(&path).map_err(|e| io(&path, e))?;
            }
        }
        let number = now.map_or(1, |n| n + 1);
        let dir = kb_dir.join(dir_name(number));
        Ok(Stage { kb_dir: kb_dir.to_owned(), number, dir, spool: Mutex::new(None), published: false })
    }

    pub(super) fn kb_dir(&self) -> &Path {
        &self.kb_dir
    }

    /// Where pictures go.
    pub(super) fn figures(&self) -> PathBuf {
        self.dir.join("figures")
    }

    fn spool_dir(&self) -> PathBuf {
        self.dir.join("spool")
    }

    fn spool(&self) -> MutexGuard<'_, Option<Spool>> {
        // A record is pushed or not; a thread that panicked left none half counted.
        self.spool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a document's text and its passages until the generation is written; returns
    /// their numbers.
    pub(super) fn keep(&self, text: &str, passages: &[Vec<u8>]) -> Result<(u32, std::ops::Range<u32>)> {
        let mut slot = self.spool();
        let spool = match &mut *slot {
            Some(spool) => spool,
            empty => {
                let dir = self.spool_dir();
                make_dir(&dir)?;
                let (texts, passages) = (Writer::create(&dir, "texts")?, Writer::create(&dir, "passages")?);
                empty.insert(Spool { texts, passages })
            }
        };
        let number = spool.texts.push(text.as_bytes())?;
        let first = spool.passages.count();
        for passage in passages {
            spool.passages.push(passage)?;
        }
        Ok((number, first..spool.passages.count()))
    }

    /// What was kept; `None` where nothing was.
    pub(super) fn spooled(&self) -> Result<Option<Spooled>> {
        let Some(Spool { texts, passages }) = self.spool().take() else { return Ok(None) };
        let counts = (u64::from(texts.count()), u64::from(passages.count()));
        texts.flush()?;
        passages.flush()?;
        let dir = self.spool_dir();
        let texts = Records::open(&dir, "texts", counts.0)?;
        Ok(Some(Spooled { texts, passages: Records::open(&dir, "passages", counts.1)? }))
    }

    /// Removes the spool. All else of the directory is the generation.
    pub(super) fn clear_spool(&self) -> Result<()> {
        let dir = self.spool_dir();
        match fs::remove_dir_all(&dir) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(io(&dir, e)),
            _ => Ok(()),
        }
    }

    /// Names it as the current generation. Everything in it must be on the disk.
    pub(super) fn publish(&mut self) -> Result<()> {
        make_current(&self.kb_dir, self.number)?;
        self.published = true;
        Ok(())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !self.published {
            // What cannot be removed now is removed when the next build begins.
            let _ = fs::remove_dir_all(&self.dir);
        }
    }
}
