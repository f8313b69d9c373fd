//! The head beside the log: `audit.head` holds the place and hash of the newest record.
//!
//! The chain alone cannot tell that its last records were cut off; this file can. It is
//! written after the record is on disk, so after a crash it may be one behind, never ahead.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension};

use super::chain::Head;
use super::schema;

/// The head's file in a data directory.
pub fn path(data: &Path) -> PathBuf {
    data.join("audit.head")
}

/// What the file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Noted {
    /// This record was the newest.
    Head(Head),
    /// There is no such file.
    Absent,
    /// It cannot be read as a head.
    Damaged,
}

/// Reads the file.
pub fn read(data: &Path) -> Noted {
    match fs::read_to_string(path(data)) {
        Ok(text) => serde_json::from_str(&text).map_or(Noted::Damaged, Noted::Head),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Noted::Absent,
        Err(_) => Noted::Damaged,
    }
}

/// Writes the file: aside, synced, renamed.
///
/// # Errors
/// What the file system reports.
pub fn write(data: &Path, head: &Head) -> std::io::Result<()> {
    let (file, aside) = (path(data), data.join("audit.head.new"));
    let mut out = fs::File::create(&aside)?;
    out.write_all(serde_json::to_string(head).unwrap_or_default().as_bytes())?;
    out.write_all(b"\n")?;
    out.sync_data()?;
    fs::rename(&aside, &file)
}

/// Does the log still hold what the file says? The sentence says what is wrong.
///
/// # Errors
/// What SQLite reports.
pub fn differs(db: &Connection, noted: &Noted) -> rusqlite::Result<Option<String>> {
    let newest = schema::newest(db)?;
    let head = match noted {
        Noted::Head(head) => head,
        Noted::Absent if newest.seq == 0 => return Ok(None),
        Noted::Absent => return Ok(Some("the file audit.head beside the log is missing".into())),
        Noted::Damaged => return Ok(Some("the file audit.head beside the log cannot be read".into())),
    };
    if head.seq > newest.seq {
        let (from, to) = (newest.seq + 1, head.seq);
        return Ok(Some(format!("records {from} to {to} are missing at the end (audit.head names {to})")));
    }
    if *head == Head::genesis() {
        return Ok(None);
    }
    let hash: Option<String> =
        db.query_row("SELECT hash FROM turns WHERE seq = ?1", [head.seq], |r| r.get(0)).optional()?;
    Ok((hash.as_ref() != Some(&head.hash))
        .then(|| format!("record {} is not the one that the file audit.head beside the log names", head.seq)))
}
