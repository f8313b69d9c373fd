//! Takes a member out of a Python wheel (a zip archive). Nothing in a wheel is ever run.

use super::digest::{Digest, Hasher};
use super::faults;
use super::manifest::{Member, Part};
use crate::operations::outcome::{Error, Kind, Result};
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;
use zip::ZipArchive;
use zip::result::ZipError;

/// Refuses a wheel that is not, byte for byte, the pinned one.
///
/// # Errors
/// Truncated, wrong hash, or unreadable; each one line.
pub fn check(path: &Path, part: &Part) -> Result<()> {
    let what = || format!("{} {}", part.package, part.version);
    let length = path.metadata().map_err(|e| faults::io("read", path, e))?.len();
    if length != part.size {
        return Err(faults::truncated(&what(), length, part.size));
    }
    let digest = Digest::of_file(path).map_err(|e| faults::io("read", path, e))?;
    if digest != part.sha256 {
        return Err(faults::wrong_hash(&what(), digest, part.sha256));
    }
    Ok(())
}

/// Streams one member of the wheel into `out`, never more bytes than pinned.
///
/// # Errors
/// Where the member is absent, damaged or other than pinned, or `out` refuses.
pub fn extract(wheel: &Path, member: &Member, out: impl Write, to: &Path) -> Result<()> {
    let file = File::open(wheel).map_err(|e| faults::io("read", wheel, e))?;
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|e| damaged(wheel, e))?;
    let entry = archive.by_name(&member.path).map_err(|e| damaged(wheel, e))?;
    copy_pinned(entry, member, out, to)
}

/// Copies a member's bytes, hashing on the way.
///
/// # Errors
/// Truncated or of the wrong hash; or what reading and writing (at `to`) report.
pub fn copy_pinned(from: impl Read, member: &Member, out: impl Write, to: &Path) -> Result<()> {
    // One byte more than pinned is enough to know that it is too long.
    let mut out = Hasher::new(out);
    let copied = io::copy(&mut from.take(member.size.saturating_add(1)), &mut out);
    let written = copied.map_err(|e| match e.kind() {
        // From the decompressor, not from the disk.
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
            Error::new(Kind::Failed, format!("{} is damaged inside its archive", member.path))
                .because(e)
                .hint("get it again: `millwright models pull`")
        }
        _ => faults::io("write", to, e),
    })?;
    let (_, digest) = out.finish();
    if written != member.size {
        return Err(faults::truncated(&member.path, written, member.size));
    }
    if digest != member.sha256 {
        return Err(faults::wrong_hash(&member.path, digest, member.sha256));
    }
    Ok(())
}

fn damaged(wheel: &Path, cause: ZipError) -> Error {
    match cause {
        ZipError::Io(e) => faults::io("read", wheel, e),
        other => Error::new(Kind::Failed, format!("{} is not the wheel that was pinned", wheel.display()))
            .because(other)
            .hint("get it again: `millwright models pull`"),
    }
}
