//! What goes wrong with models, each as one clear line and the way out.

use super::digest::Digest;
use crate::operations::outcome::{Error, Kind};
use std::io;
use std::path::Path;

/// A file operation that the system refused; a full disk is said as such.
pub fn io(doing: &str, path: &Path, cause: io::Error) -> Error {
    match cause.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => disk_full(path),
        _ => Error::new(Kind::Failed, format!("cannot {doing} {}", path.display()))
            .because(cause)
            .hint("check the path and that this user may read and write there"),
    }
}

/// No room left where models are kept.
pub fn disk_full(path: &Path) -> Error {
    Error::new(Kind::Failed, format!("the disk is full at {}", path.display()))
        .hint("free some space, then pull again: it goes on at the next missing part; or keep models elsewhere with --data DIR")
}

/// Less room than the pull will take.
pub fn too_little_room(path: &Path, needed: u64, free: u64) -> Error {
    Error::new(
        Kind::Failed,
        format!(
            "the disk is too full: this takes {} MB, {} has {} MB free",
            megabytes(needed),
            path.display(),
            free / 1_000_000
        ),
    )
    .hint("free some space, then pull again; or keep models elsewhere with --data DIR")
}

/// Fewer (or more) bytes than the pin says.
pub fn truncated(what: &str, have: u64, want: u64) -> Error {
    let how = if have < want { "truncated" } else { "too long" };
    Error::new(Kind::Failed, format!("{what} is {how}: {have} of {want} bytes"))
        .hint("get it again: `millwright models pull` goes on at the next missing part")
}

/// The right length, other bytes.
pub fn wrong_hash(what: &str, have: Digest, want: Digest) -> Error {
    Error::new(Kind::Failed, format!("{what} has the wrong SHA-256: {have}, pinned is {want}"))
        .hint("it is damaged or not the file that was pinned; nothing was installed: get it again, or from another source")
}

/// Whole megabytes, rounded up, for messages.
pub fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000)
}
