//! The log's tables, and how older ones become these.
//!
//! One table, `turns`. A row is *open* until its turn ends and then *sealed*: it gets its
//! place in the chain and its hash, and is never changed again (triggers refuse it, so that
//! a bug of ours cannot; who can write the file can drop them, and the chain finds that).

use rusqlite::{Connection, OptionalExtension, params};

use super::chain::{Entry, Head};

/// Raised when the tables change. 1: not chained.
pub const SCHEMA: i32 = 2;

/// The columns of [`entry`], in its order.
pub const COLUMNS: &str =
    "seq, turn, session, operator, opened_ms, closed_ms, state, question, what, record, previous, hash";

const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS turns (
        turn TEXT PRIMARY KEY,
        session TEXT NOT NULL,
        operator TEXT,
        opened_ms INTEGER NOT NULL,
        closed_ms INTEGER,
        state TEXT NOT NULL CHECK (state IN
            ('open','closed','failed','interrupted','retention','upgraded','gap')),
        question TEXT NOT NULL,
        what TEXT NOT NULL DEFAULT '',
        record TEXT,
        seq INTEGER UNIQUE,
        previous TEXT,
        hash TEXT,
        CHECK ((seq IS NULL) = (hash IS NULL) AND (seq IS NULL) = (previous IS NULL))
    ) STRICT;
    CREATE INDEX IF NOT EXISTS turns_by_time ON turns (opened_ms);
    CREATE INDEX IF NOT EXISTS turns_by_session ON turns (session, opened_ms);
    CREATE TRIGGER IF NOT EXISTS sealed BEFORE UPDATE ON turns WHEN OLD.seq IS NOT NULL
        BEGIN SELECT RAISE(ABORT, 'a sealed record is not changed'); END;";

/// Makes the tables, or those of schema 1 into these.
///
/// # Errors
/// What SQLite reports; a later schema is one of them.
pub fn prepare(db: &Connection, now_ms: i64) -> rusqlite::Result<()> {
    let version: i32 = db.pragma_query_value(None, "user_version", |r| r.get(0))?;
    if version > SCHEMA {
        return Err(rusqlite::Error::InvalidParameterName(format!(
            "written by a later millwright (schema {version}, this one knows {SCHEMA})"
        )));
    }
    let tx = db.unchecked_transaction()?;
    if version == 1 {
        upgrade(&tx, now_ms)?;
    } else {
        tx.execute_batch(TABLE)?;
    }
    tx.pragma_update(None, "user_version", SCHEMA)?;
    tx.commit()
}

/// Chains what schema 1 left. Whether it was changed before, nobody can say; a record of
/// its own says so.
fn upgrade(db: &Connection, now_ms: i64) -> rusqlite::Result<()> {
    db.execute_batch("DROP INDEX IF EXISTS turns_by_time; ALTER TABLE turns RENAME TO turns_1;")?;
    db.execute_batch(TABLE)?;
    db.execute_batch(
        "INSERT INTO turns (turn, session, opened_ms, closed_ms, state, question, what, record)
             SELECT turn, session, opened_ms, closed_ms, state, question, what, record FROM turns_1;
         DROP TABLE turns_1;",
    )?;
    let turns: Vec<String> = db
        .prepare("SELECT turn FROM turns WHERE state <> 'open' ORDER BY opened_ms, turn")?
        .query_map([], |r| r.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut head = Head::genesis();
    for turn in &turns {
        head = seal(db, turn, &head)?.unwrap_or(head);
    }
    if !turns.is_empty() {
        let what =
            format!("{} records were written before the log was chained, and chained today", turns.len());
        put_own(db, "upgraded", &what, now_ms, &head)?;
    }
    Ok(())
}

/// The newest sealed record.
///
/// # Errors
/// What SQLite reports.
pub fn newest(db: &Connection) -> rusqlite::Result<Head> {
    let found = db
        .query_row("SELECT seq, hash FROM turns WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1", [], |r| {
            Ok(Head { seq: r.get(0)?, hash: r.get(1)? })
        })
        .optional()?;
    Ok(found.unwrap_or_else(Head::genesis))
}

/// Seals a turn behind `head`; `None` where there is no such turn, or it is sealed already.
///
/// # Errors
/// What SQLite reports.
pub fn seal(db: &Connection, turn: &str, head: &Head) -> rusqlite::Result<Option<Head>> {
    let sql = format!("SELECT {COLUMNS} FROM turns WHERE turn = ?1 AND seq IS NULL");
    let row = db.query_row(&sql, [turn], entry).optional()?;
    let Some(Row { mut entry, .. }) = row else { return Ok(None) };
    entry.seq = head.seq + 1;
    let hash = entry.hash(&head.hash);
    db.execute(
        "UPDATE turns SET seq = ?2, previous = ?3, hash = ?4 WHERE turn = ?1",
        params![turn, entry.seq, head.hash, hash],
    )?;
    Ok(Some(Head { seq: entry.seq, hash }))
}

/// Appends a record of the log's own and seals it.
///
/// # Errors
/// What SQLite reports.
pub fn put_own(db: &Connection, state: &str, what: &str, now_ms: i64, head: &Head) -> rusqlite::Result<Head> {
    let turn = format!("{state}-{}", head.seq + 1);
    db.execute(
        "INSERT INTO turns (turn, session, opened_ms, closed_ms, state, question, what)
         VALUES (?1, '', ?2, ?2, ?3, '', ?4)",
        params![turn, now_ms, state, what],
    )?;
    Ok(seal(db, &turn, head)?.unwrap_or_else(|| head.clone()))
}

/// A row with its hashes; they are empty, and `entry.seq` is 0, where it is not sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The record.
    pub entry: Entry,
    /// The hash before it, as stored.
    pub previous: String,
    /// Its own, as stored.
    pub hash: String,
}

/// Reads a row of [`COLUMNS`].
///
/// # Errors
/// What SQLite reports.
pub fn entry(r: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let entry = Entry {
        seq: r.get::<_, Option<i64>>(0)?.unwrap_or_default(),
        turn: r.get(1)?,
        session: r.get(2)?,
        operator: r.get(3)?,
        opened_ms: r.get(4)?,
        closed_ms: r.get(5)?,
        state: r.get(6)?,
        question: r.get(7)?,
        what: r.get(8)?,
        record: r.get(9)?,
    };
    let text = |at| Ok::<_, rusqlite::Error>(r.get::<_, Option<String>>(at)?.unwrap_or_default());
    Ok(Row { entry, previous: text(10)?, hash: text(11)? })
}
