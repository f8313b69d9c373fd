//! Many pieces of bytes in one file, read one at a time through the memory map: what they
//! weigh stays in the page cache, not in this process.
//!
//! ```text
//! <name>.bin   the records, end to end
//! <name>.idx   for each record: where it ends (u64), and a check sum (8 bytes); little-endian
//! ```
//!
//! The check sum is the head of the record's SHA-256. A file that was cut short is found
//! when it is opened, a damaged record when it is read; neither is ever misread.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tantivy::directory::{Directory, MmapDirectory, OwnedBytes};

use super::place::{damaged, io};
use crate::core::Result;

/// Bytes of an entry of the `.idx` file.
const ENTRY: usize = 16;

/// Writes records. What is not [finished](Writer::finish) is a torn file that
/// [`Records::open`] refuses.
pub(crate) struct Writer {
    data: BufWriter<File>,
    index: BufWriter<File>,
    path: PathBuf,
    end: u64,
    count: u32,
}

impl Writer {
    /// Starts `<name>.bin` and `<name>.idx` in `dir`.
    pub(crate) fn create(dir: &Path, name: &str) -> Result<Self> {
        let path = dir.join(format!("{name}.bin"));
        let create = |path: &Path| File::create(path).map(BufWriter::new).map_err(|e| io(path, e));
        let (data, index) = (create(&path)?, create(&dir.join(format!("{name}.idx")))?);
        Ok(Writer { data, index, path, end: 0, count: 0 })
    }

    /// Adds a record; returns its number.
    pub(crate) fn push(&mut self, record: &[u8]) -> Result<u32> {
        let number = self.count;
        self.end += record.len() as u64;
        let end = self.end;
        let mut write = || {
            self.data.write_all(record)?;
            self.index.write_all(&end.to_le_bytes())?;
            self.index.write_all(&check(record))
        };
        write().map_err(|e| io(&self.path, e))?;
        self.count += 1;
        Ok(number)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// Waits until all is on the disk.
    pub(crate) fn finish(self) -> Result<()> {
        let path = self.path;
        let sync = |file: BufWriter<File>| {
            file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()
        };
        sync(self.data).and_then(|()| sync(self.index)).map_err(|e| io(&path, e))
    }

    /// Hands all to the system, so that it can be read; it may be lost with the power.
    pub(crate) fn flush(mut self) -> Result<()> {
        self.data.flush().and_then(|()| self.index.flush()).map_err(|e| io(&self.path, e))
    }
}

/// Reads records.
#[derive(Clone)]
pub(crate) struct Records {
    data: OwnedBytes,
    index: OwnedBytes,
    path: PathBuf,
}

impl Records {
    /// Opens `<name>.bin` in `dir`, which must hold `count` records.
    ///
    /// # Errors
    /// `Kind::Index` where it is missing, cut short, or holds another number of records.
    pub(crate) fn open(dir: &Path, name: &str, count: u64) -> Result<Self> {
        let (data, index) = (format!("{name}.bin"), format!("{name}.idx"));
        let map = |file: &str| -> Result<OwnedBytes> {
            let open = || -> tantivy::Result<OwnedBytes> {
                let slice = MmapDirectory::open(dir)?.open_read(Path::new(file))?;
                Ok(slice.read_bytes()?)
            };
            open().map_err(|e| damaged(dir, file).because(e))
        };
        let records = Records { data: map(&data)?, index: map(&index)?, path: dir.join(&data) };
        let whole = records.index.len() as u64 == count.saturating_mul(ENTRY as u64)
            && records.end_of(records.len()) == Some(records.data.len());
        whole.then_some(records).ok_or_else(|| damaged(dir, &data))
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.index.len() / ENTRY
    }

    /// One record; `None` past the last.
    ///
    /// # Errors
    /// `Kind::Index` where it is not what was written.
    pub(crate) fn get(&self, number: u32) -> Result<Option<&[u8]>> {
        let at = number as usize;
        if at >= self.len() {
            return Ok(None);
        }
        let record = self.range(at).and_then(|range| self.data.as_slice().get(range));
        let sum = self.index.as_slice().get(at * ENTRY + 8..(at + 1) * ENTRY);
        match (record, sum) {
            (Some(record), Some(sum)) if check(record) == sum => Ok(Some(record)),
            _ => Err(self.damaged()),
        }
    }

    /// The error of a record that says something impossible.
    pub(crate) fn damaged(&self) -> crate::core::Error {
        damaged(
            self.path.parent().unwrap_or(&self.path),
            &self.path.file_name().unwrap_or_default().to_string_lossy(),
        )
    }

    fn range(&self, at: usize) -> Option<Range<usize>> {
        Some(self.end_of(at)?..self.end_of(at + 1)?)
    }

    /// Where the first `count` records end.
    fn end_of(&self, count: usize) -> Option<usize> {
        let Some(last) = count.checked_sub(1) else { return Some(0) };
        let bytes = self.index.as_slice().get(last * ENTRY..last * ENTRY + 8)?;
        usize::try_from(u64::from_le_bytes(bytes.try_into().ok()?)).ok()
    }
}

fn check(record: &[u8]) -> [u8; 8] {
    let mut head = [0; 8];
    head.copy_from_slice(Sha256::digest(record).as_slice().get(..8).unwrap_or(&[0; 8]));
    head
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;
    use crate::core::Kind;

    fn written(dir: &Path, records: &[Vec<u8>]) -> Records {
        let mut writer = Writer::create(dir, "r").unwrap();
        for record in records {
            writer.push(record).unwrap();
        }
        writer.finish().unwrap();
        Records::open(dir, "r", records.len() as u64).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn what_was_written_is_read(records in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..12)) {
            let dir = tempfile::tempdir().unwrap();
            let read = written(dir.path(), &records);
            for (n, record) in (0u32..).zip(&records) {
                prop_assert_eq!(read.get(n).unwrap(), Some(record.as_slice()));
            }
            prop_assert_eq!(read.get(records.len() as u32).unwrap(), None);
        }

        /// Whatever byte of whichever file is changed or cut off: an error, or the record
        /// as it was; never another one, never a panic.
        #[test]
        fn damage_is_an_error(index in any::<bool>(), at in any::<prop::sample::Index>(), cut in any::<bool>()) {
            let dir = tempfile::tempdir().unwrap();
            let records = vec![b"torque 45 Nm".to_vec(), b"E203".to_vec(), b"oil".to_vec()];
            drop(written(dir.path(), &records));
            let path = dir.path().join(if index { "r.idx" } else { "r.bin" });
            let mut bytes = fs::read(&path).unwrap();
            let at = at.index(bytes.len());
            if cut { bytes.truncate(at) } else { bytes[at] ^= 0x11 }
            fs::write(&path, bytes).unwrap();
            match Records::open(dir.path(), "r", 3) {
                Err(e) => prop_assert_eq!(e.kind, Kind::Index),
                Ok(read) => {
                    prop_assert!(!cut);
                    for (n, record) in (0u32..).zip(&records) {
                        match read.get(n) {
                            Ok(found) => prop_assert_eq!(found, Some(record.as_slice())),
                            Err(e) => prop_assert_eq!(e.kind, Kind::Index),
                        }
                    }
                }
            }
        }
    }
}
