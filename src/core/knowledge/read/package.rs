//! Office files are ZIP archives: opened within limits, so that a small file cannot become a
//! large memory.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::unreadable;
use crate::core::{Error, Result};

/// All entries together may unpack to this many bytes.
const MOST_TOTAL: u64 = 256 << 20;
/// One entry may unpack to this many bytes.
const MOST_ENTRY: u64 = 64 << 20;
/// An entry may unpack to this many times its size …
const MOST_RATIO: u64 = 100;
/// … where it is larger than this.
const RATIO_FROM: u64 = 1 << 20;
/// More entries than this are no office file.
const MOST_ENTRIES: usize = 10_000;

/// An office file's archive.
pub(crate) struct Package<'b> {
    archive: ZipArchive<Cursor<&'b [u8]>>,
    name: &'b str,
    /// Bytes that came out so far: counted, whatever the archive declares.
    unpacked: u64,
}

impl<'b> Package<'b> {
    /// Opens the archive in `bytes`.
    ///
    /// # Errors
    /// `Kind::Unreadable`: no archive, encrypted, too many entries.
    pub(crate) fn open(bytes: &'b [u8], name: &'b str) -> Result<Self> {
        if bytes.starts_with(b"\xD0\xCF\x11\xE0") {
            return Err(unreadable(
                format!("{name}: encrypted, or of the old binary office format"),
                "save it without a password in the current format",
            ));
        }
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|e| {
            unreadable(format!("{name}: not an office file, or damaged"), "open and save it again").because(e)
        })?;
        if archive.len() > MOST_ENTRIES {
            return Err(bomb(name, &format!("more than {MOST_ENTRIES} parts")));
        }
        Ok(Package { archive, name, unpacked: 0 })
    }

    /// The names of all parts.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        self.archive.file_names().filter_map(|n| n.ok().map(std::borrow::Cow::into_owned))
    }

    /// A part's bytes; `None` where there is no such part.
    ///
    /// # Errors
    /// `Kind::Unreadable`: it unpacks to too much, or cannot be unpacked.
    pub(crate) fn part(&mut self, path: &str) -> Result<Option<Vec<u8>>> {
        let Some(index) = self.archive.index_for_name(path) else { return Ok(None) };
        let mut out = Vec::new();
        self.unpack(index, &mut out)?;
        Ok(Some(out))
    }

    /// A part's text, decoded as XML is.
    ///
    /// # Errors
    /// As [`Package::part`], and where it is not text.
    pub(crate) fn text(&mut self, path: &str) -> Result<Option<String>> {
        let Some(bytes) = self.part(path)? else { return Ok(None) };
        super::decode(&bytes, self.name).map(Some)
    }

    /// Unpacks every part once and throws it away: for a library that unpacks by itself,
    /// without limits.
    ///
    /// # Errors
    /// As [`Package::part`].
    pub(crate) fn check_all(&mut self) -> Result<()> {
        for index in 0..self.archive.len() {
            self.unpack(index, &mut std::io::sink())?;
        }
        Ok(())
    }

    fn unpack(&mut self, index: usize, out: &mut dyn std::io::Write) -> Result<()> {
        let name = self.name;
        let damaged = |e: Box<dyn std::error::Error + Send + Sync>| -> Error {
            unreadable(format!("{name}: a part of it cannot be unpacked"), "open and save it again")
                .because(e)
        };
        let mut entry = self.archive.by_index(index).map_err(|e| damaged(e.into()))?;
        let packed = entry.compressed_size();
        let mut unpacked = 0u64;
        let mut buffer = [0u8; 16 << 10];
        loop {
            let read = entry.read(&mut buffer).map_err(|e| damaged(e.into()))?;
            if read == 0 {
                return Ok(());
            }
            unpacked += read as u64;
            self.unpacked += read as u64;
            if unpacked > MOST_ENTRY || self.unpacked > MOST_TOTAL {
                return Err(bomb(name, &format!("more than {} MiB", MOST_TOTAL.min(MOST_ENTRY) >> 20)));
            }
            if unpacked > RATIO_FROM && unpacked > packed.saturating_mul(MOST_RATIO) {
                return Err(bomb(name, &format!("more than {MOST_RATIO} times its size")));
            }
            out.write_all(buffer.get(..read).unwrap_or_default()).map_err(|e| damaged(e.into()))?;
        }
    }
}

fn bomb(name: &str, what: &str) -> Error {
    unreadable(
        format!("{name}: unpacks to {what} (a zip bomb?)"),
        "open and save it again, in parts if it is large",
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
pub(crate) mod tests {
    use std::io::Write;

    use super::*;

    /// An archive of these parts.
    pub(crate) fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options =
            zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        for (name, bytes) in parts {
            writer.start_file(*name, options).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn reason(result: Result<impl Sized>) -> String {
        result.err().unwrap().to_string()
    }

    #[test]
    fn parts_come_out_as_they_went_in() {
        let bytes = archive(&[("a.xml", b"<a/>"), ("b", b"x")]);
        let mut package = Package::open(&bytes, "m.docx").unwrap();
        assert_eq!(package.text("a.xml").unwrap().as_deref(), Some("<a/>"));
        assert!(package.part("c").unwrap().is_none());
        assert_eq!(package.names().count(), 2);
        package.check_all().unwrap();
    }

    #[test]
    fn a_bomb_is_named_while_it_unpacks() {
        let zeros = vec![0u8; 8 << 20];
        let bytes = archive(&[("word/document.xml", &zeros)]);
        assert!(bytes.len() < 64 << 10);
        let mut package = Package::open(&bytes, "m.docx").unwrap();
        assert!(reason(package.part("word/document.xml")).contains("zip bomb"));
        let mut package = Package::open(&bytes, "m.docx").unwrap();
        assert!(reason(package.check_all()).contains("100 times"));
        let many: Vec<String> = (0..=MOST_ENTRIES).map(|i| i.to_string()).collect();
        let parts: Vec<(&str, &[u8])> = many.iter().map(|n| (n.as_str(), &b""[..])).collect();
        assert!(reason(Package::open(&archive(&parts), "m")).contains("parts"));
    }

    #[test]
    fn what_is_no_archive_is_named() {
        assert!(reason(Package::open(b"hello", "m.docx")).contains("not an office file"));
        assert!(reason(Package::open(b"\xD0\xCF\x11\xE0abcdefgh", "m.docx")).contains("encrypted"));
    }
}
