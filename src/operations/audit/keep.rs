//! How long records are kept.
//!
//! What is older is dropped from the front of the chain, and a record at its end says how
//! many went and carries the hash at the cut: the first record that is left must follow
//! exactly that hash, so a chain that was shortened by anything else is found.

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use super::chain::Head;
use super::schema;

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;

/// What a retention record says, as JSON in its `what`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// Records that were dropped by it.
    pub dropped: i64,
    /// The last of them.
    pub through_seq: i64,
    /// That one's hash.
    pub hash: String,
    /// The setting that asked for it.
    pub keep_days: u32,
}

/// Drops records older than `keep_days` before `now_ms`; 0 keeps all. Returns the head that
/// the log then has.
///
/// # Errors
/// What SQLite reports; then nothing was dropped.
pub fn drop_old(db: &Connection, keep_days: u32, now_ms: i64, head: &Head) -> rusqlite::Result<Head> {
    if keep_days == 0 {
        return Ok(head.clone());
    }
    let oldest = now_ms - i64::from(keep_days) * DAY_MS;
    // The front only, up to the first record that is to stay: the chain has no holes.
    let first_kept: Option<i64> = db.query_row(
        "SELECT min(seq) FROM turns WHERE seq IS NOT NULL AND coalesce(closed_ms, opened_ms) >= ?1",
        [oldest],
        |r| r.get(0),
    )?;
    let through = first_kept.unwrap_or(head.seq + 1) - 1;
    let (dropped, hash): (i64, Option<String>) = db.query_row(
        "SELECT count(*), max(CASE WHEN seq = ?1 THEN hash END) FROM turns WHERE seq <= ?1",
        [through],
        |r| Ok((r.get(0)?, r.get(1)?)),
    )?;
    let Some(hash) = hash.filter(|_| dropped > 0) else { return Ok(head.clone()) };
    let cut = Cut { dropped, through_seq: through, hash, keep_days };
    let what = serde_json::to_string(&cut).unwrap_or_default();
    // The bytes are to be gone from the file, not only from the table.
    db.pragma_update(None, "secure_delete", "ON")?;
    let tx = db.unchecked_transaction()?;
    let head = schema::put_own(&tx, "retention", &what, now_ms, head)?;
    tx.execute("DELETE FROM turns WHERE seq <= ?1", params![through])?;
    tx.commit()?;
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(head)
}
