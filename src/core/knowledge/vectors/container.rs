//! A file of named sections with a directory at its end, written in one pass and mapped.
//!
//! ```text
//! magic (8 bytes) padding to 64
//! section, padding to 64                 one after the other, as they were begun
//! directory (JSON: form, version, identity, numbers, sections with their SHA-256)
//! length of the directory (u64) · SHA-256 of the directory · magic
//! ```
//!
//! The directory stands last so that nothing is seeked back to; every section starts on a
//! 64-byte boundary of the file, and so of the mapping. All numbers are little-endian.
//!
//! A mapping must not be written under its reader: files of a generation never are.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tantivy::directory::{Directory as _, MmapDirectory, OwnedBytes};

use crate::core::{Error, Kind, Result};

const MAGIC: &[u8; 8] = b"MWSECT\x00\x01";
const ALIGN: u64 = 64;
/// Length, SHA-256, magic.
const TRAILER: usize = 8 + 32 + 8;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Directory {
    form: String,
    version: u32,
    identity: String,
    numbers: BTreeMap<String, u64>,
    sections: Vec<Section>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Section {
    name: String,
    start: u64,
    len: u64,
    sha256: [u8; 32],
}

/// Writes a container, front to back.
pub(crate) struct Writer<W: std::io::Write> {
    out: W,
    at: u64,
    directory: Directory,
    hash: Sha256,
}

impl<W: std::io::Write> Writer<W> {
    /// Begins a container of a `form` and `version`, holding what `identity` made.
    pub(crate) fn new(out: W, form: &str, version: u32, identity: &str) -> std::io::Result<Self> {
        let directory = Directory {
            form: form.to_owned(),
            version,
            identity: identity.to_owned(),
            numbers: BTreeMap::new(),
            sections: Vec::new(),
        };
        let mut writer = Self { out, at: 0, directory, hash: Sha256::new() };
        writer.put(MAGIC)?;
        Ok(writer)
    }

    /// Begins the next section; the one before is ended.
    pub(crate) fn begin(&mut self, name: &str) -> std::io::Result<()> {
        self.end();
        let padding = self.at.next_multiple_of(ALIGN) - self.at;
        self.put(&[0; ALIGN as usize][..padding as usize])?;
        self.hash = Sha256::new();
        self.directory.sections.push(Section {
            name: name.to_owned(),
            start: self.at,
            len: 0,
            sha256: [0; 32],
        });
        Ok(())
    }

    /// Adds to the section that was begun last.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.hash.update(bytes);
        self.put(bytes)
    }

    /// Ends the container; `numbers` go into its directory. Gives back the output.
    pub(crate) fn finish(mut self, numbers: &[(&str, u64)]) -> std::io::Result<W> {
        self.end();
        self.directory.numbers = numbers.iter().map(|&(name, n)| (name.to_owned(), n)).collect();
        let json = serde_json::to_vec(&self.directory)?;
        self.put(&json)?;
        self.put(&(json.len() as u64).to_le_bytes())?;
        self.put(&Sha256::digest(&json))?;
        self.put(MAGIC)?;
        Ok(self.out)
    }

    fn end(&mut self) {
        if let Some(section) = self.directory.sections.last_mut() {
            section.len = self.at - section.start;
            section.sha256 = std::mem::take(&mut self.hash).finalize().into();
        }
    }

    fn put(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.at += bytes.len() as u64;
        self.out.write_all(bytes)
    }
}

/// A container, mapped into memory.
pub(crate) struct Container {
    path: PathBuf,
    directory: Directory,
    bytes: OwnedBytes,
}

impl Container {
    /// Maps a container and checks its directory: every section lies in the file.
    ///
    /// # Errors
    /// `Kind::Index` where it is missing, damaged, or of another form or version.
    pub(crate) fn open(path: &Path, form: &str, version: u32) -> Result<Self> {
        let bytes = map(path).map_err(|e| {
            let what = format!("cannot open {}", path.display());
            Error::new(Kind::Index, what).because(e).hint("millwright index DIR")
        })?;
        let container = Self::parse(path, bytes)?;
        let found = &container.directory;
        if found.form != form || found.version != version {
            let what = format!("{} is `{}` version {}", path.display(), found.form, found.version);
            return Err(Error::new(Kind::Index, format!("{what}, wanted `{form}` version {version}"))
                .hint("millwright index DIR"));
        }
        Ok(container)
    }

    fn parse(path: &Path, bytes: OwnedBytes) -> Result<Self> {
        let damaged = |what| damaged(path, what);
        let (body, trailer) = bytes.split_last_chunk::<TRAILER>().ok_or_else(|| damaged("it is cut off"))?;
        if !body.starts_with(MAGIC) || !trailer.ends_with(MAGIC) {
            return Err(damaged("it is cut off or no such file"));
        }
        let (length, rest) = trailer.split_first_chunk::<8>().ok_or_else(|| damaged("it is cut off"))?;
        let length =
            usize::try_from(u64::from_le_bytes(*length)).map_err(|e| damaged("its directory").because(e))?;
        let start = body.len().checked_sub(length).ok_or_else(|| damaged("its directory is cut off"))?;
        let json = body.get(start..).unwrap_or_default();
        if !rest.starts_with(&Sha256::digest(json)) {
            return Err(damaged("the checksum of its directory differs"));
        }
        let directory: Directory =
            serde_json::from_slice(json).map_err(|e| damaged("its directory").because(e))?;
        let fits = |s: &Section| {
            s.start.is_multiple_of(ALIGN) && s.start.checked_add(s.len).is_some_and(|end| end <= start as u64)
        };
        if !directory.sections.iter().all(fits) {
            return Err(damaged("a section lies outside of it"));
        }
        Ok(Self { path: path.to_owned(), directory, bytes })
    }

    pub(crate) fn identity(&self) -> &str {
        &self.directory.identity
    }

    /// A number of the directory.
    pub(crate) fn number(&self, name: &str) -> Result<usize> {
        let number = self.directory.numbers.get(name).and_then(|&n| usize::try_from(n).ok());
        number.ok_or_else(|| damaged(&self.path, "a number is missing"))
    }

    /// A section's bytes, as the file has them.
    pub(crate) fn section(&self, name: &str) -> Result<OwnedBytes> {
        Ok(self.bytes.slice(self.range(self.find(name)?)))
    }

    /// A section's bytes, compared with their checksum.
    pub(crate) fn checked_section(&self, name: &str) -> Result<OwnedBytes> {
        self.check(self.find(name)?)?;
        self.section(name)
    }

    /// Compares every section with its checksum.
    pub(crate) fn verify(&self) -> Result<()> {
        self.directory.sections.iter().try_for_each(|section| self.check(section))
    }

    fn find(&self, name: &str) -> Result<&Section> {
        let found = self.directory.sections.iter().find(|s| s.name == name);
        found.ok_or_else(|| damaged(&self.path, "a section is missing"))
    }

    fn range(&self, section: &Section) -> Range<usize> {
        // `parse` saw that both lie in the file, whose size is a `usize`.
        section.start as usize..(section.start + section.len) as usize
    }

    fn check(&self, section: &Section) -> Result<()> {
        let bytes = self.bytes.get(self.range(section)).unwrap_or_default();
        let same = Sha256::digest(bytes).as_slice() == section.sha256;
        same.then_some(()).ok_or_else(|| damaged(&self.path, "a checksum differs"))
    }
}

/// Maps a file into memory, read only, through tantivy's mapping: its pages belong to the
/// file and can be given back by the system at any time.
///
/// # Errors
/// Where the file cannot be opened.
pub(crate) fn map(path: &Path) -> std::result::Result<OwnedBytes, Box<dyn std::error::Error + Send + Sync>> {
    let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else {
        return Err("not the path of a file".into());
    };
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    Ok(MmapDirectory::open(dir)?.open_read(Path::new(name))?.read_bytes()?)
}

pub(crate) fn damaged(path: &Path, what: &str) -> Error {
    Error::new(Kind::Index, format!("the index is damaged: {}: {what}", path.display()))
        .hint("millwright index DIR")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample() -> Vec<u8> {
        let mut writer = Writer::new(Vec::new(), "sample", 3, "someone").unwrap();
        writer.begin("first").unwrap();
        writer.write(b"ab").unwrap();
        writer.write(b"c").unwrap();
        writer.begin("empty").unwrap();
        writer.begin("last").unwrap();
        writer.write(&[7; 100]).unwrap();
        writer.finish(&[("n", 5)]).unwrap()
    }

    fn parse(bytes: Vec<u8>) -> Result<Container> {
        Container::parse(Path::new("sample"), OwnedBytes::new(bytes))
    }

    #[test]
    fn what_was_written_is_read() {
        let file = parse(sample()).unwrap();
        assert_eq!(file.identity(), "someone");
        assert_eq!(file.number("n").unwrap(), 5);
        assert_eq!(file.checked_section("first").unwrap().as_slice(), b"abc");
        assert_eq!(file.checked_section("empty").unwrap().as_slice(), b"");
        assert_eq!(file.section("last").unwrap().as_slice(), [7; 100]);
        file.verify().unwrap();
        assert_eq!(file.section("none").unwrap_err().kind, Kind::Index);
        assert_eq!(file.number("none").unwrap_err().kind, Kind::Index);
    }

    #[test]
    fn every_cut_is_named_damage() {
        let whole = sample();
        for end in 0..whole.len() {
            assert_eq!(parse(whole[..end].to_vec()).err().map(|e| e.kind), Some(Kind::Index), "cut at {end}");
        }
    }

    #[test]
    fn every_changed_byte_of_a_section_or_the_directory_is_found() {
        let whole = sample();
        let sections: Vec<usize> = (64..67).chain(128..228).collect();
        for at in sections.into_iter().chain(228..whole.len()) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x20;
            assert!(parse(bytes).and_then(|f| f.verify()).is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_section_outside_the_file_is_refused_even_with_a_right_checksum() {
        for (start, len) in [(64, 1 << 40), (u64::MAX / 64 * 64, 64), (1, 1)] {
            let section = Section { name: "s".into(), start, len, sha256: [0; 32] };
            let directory = Directory {
                form: "sample".into(),
                version: 3,
                identity: String::new(),
                numbers: BTreeMap::new(),
                sections: vec![section],
            };
            let json = serde_json::to_vec(&directory).unwrap();
            let mut bytes = MAGIC.to_vec();
            bytes.extend_from_slice(&json);
            bytes.extend_from_slice(&(json.len() as u64).to_le_bytes());
            bytes.extend_from_slice(&Sha256::digest(&json));
            bytes.extend_from_slice(MAGIC);
            assert!(parse(bytes).is_err(), "{start} {len}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(head: Vec<u8>, length: u64, tail: Vec<u8>) {
            let mut bytes = MAGIC.to_vec();
            bytes.extend(head);
            bytes.extend(length.to_le_bytes());
            bytes.extend(tail);
            bytes.extend(MAGIC);
            let _ = parse(bytes).and_then(|f| f.verify());
        }
    }
}
