//! One node per data directory: whoever holds the lock on `node.lock` is the node.
//!
//! The lock is the operating system's and dies with its holder, so a `kill -9` never
//! leaves a data directory locked. The file's text (the holder's process id) only serves
//! messages; it is never trusted.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use crate::operations::outcome::{Error, Kind, Result};

/// The lock of a data directory; given back when dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock, or `None` where another process holds it.
    ///
    /// # Errors
    /// Where the directory cannot be made or written.
    pub fn try_take(data: &Path) -> Result<Option<Lock>> {
        let refuse = |e: std::io::Error| {
            Error::new(Kind::Failed, format!("cannot use the data directory {}", data.display()))
                .because(e)
                .hint("name another with --data DIR or MILLWRIGHT_DATA")
        };
        std::fs::create_dir_all(data).map_err(refuse)?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(data.join("node.lock"))
            .map_err(refuse)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(e)) => return Err(refuse(e)),
        }
        file.set_len(0).and_then(|()| file.rewind()).map_err(refuse)?;
        write!(file, "{}", std::process::id()).map_err(refuse)?;
        Ok(Some(Lock { file }))
    }

    /// The process that last took the lock, as far as the file says.
    pub fn holder(data: &Path) -> Option<u32> {
        let mut text = String::new();
        File::open(data.join("node.lock")).ok()?.read_to_string(&mut text).ok()?;
        text.trim().parse().ok()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The system would do it at close; an explicit unlock does not wait for that.
        let _ = self.file.unlock();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_data_directory_has_one_holder_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let first = Lock::try_take(dir.path()).unwrap().unwrap();
        assert!(Lock::try_take(dir.path()).unwrap().is_none());
        assert_eq!(Lock::holder(dir.path()), Some(std::process::id()));
        drop(first);
        assert!(Lock::try_take(dir.path()).unwrap().is_some());
    }
}
