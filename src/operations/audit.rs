//! The audit log: every turn, in SQLite (WAL), with one writer thread.
//!
//! A turn is written twice: when it opens and when it closes. A row that is still open
//! when the next node starts was cut off by a crash; it is marked `interrupted` and said.
//! Readers (`replay`, `audit`) open the file for themselves and never wait for the writer.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::node::protocol::TurnReport;
use super::outcome::{Error, Kind, Result};
use crate::core::answer::{Rung, Verdict};
use crate::core::hear::Transcript;

/// Raised when the tables change.
const SCHEMA: i32 = 1;
/// Records that may wait for the disk. A full mailbox makes the turn wait for its close,
/// and only that turn: a record is never dropped.
const MAILBOX: usize = 64;

/// What identifies the parts that made an answer: a replay compares them first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Identities {
    /// millwright's version.
    pub version: String,
    /// The language model (file, SHA-256), `""` where none was used.
    pub answerer: String,
    /// The recogniser, `""` where the question was typed.
    pub recogniser: String,
    /// Index generations: `kb#number`.
    pub index: Vec<String>,
}

/// What a turn leaves behind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The answer and its ledger, as `ask --json` prints them.
    pub report: TurnReport,
    /// What was heard, where it was spoken (no audio is kept).
    pub heard: Option<Transcript>,
    /// The active machine that was given.
    pub machine: Option<String>,
    /// The knowledge base that was asked, `None` for all.
    pub kb: Option<String>,
    /// The highest rung that was allowed.
    pub rung_limit: Rung,
    /// The model that was asked for by name, `None` for the configured one.
    #[serde(default)]
    pub model: Option<String>,
    /// `kb/document@revision#start-end` of each passage that was used.
    pub passages: Vec<String>,
    /// The exact prompt token ids; empty where no model was asked.
    pub prompt_ids: Vec<u32>,
    /// What the model wrote, as far as it came.
    pub draft: String,
    /// What the guard found about that draft; `None` where there was none.
    pub draft_verdict: Option<Verdict>,
    /// What made it.
    pub identities: Identities,
}

enum Write {
    Open { turn: String, session: String, question: String, at_ms: i64 },
    Close { record: Box<Record>, at_ms: i64, done: SyncSender<Result<()>> },
    Fail { turn: String, what: String, at_ms: i64, done: SyncSender<Result<()>> },
}

/// The writing end; owned by the node.
#[derive(Debug)]
pub struct Audit {
    mailbox: Option<SyncSender<Write>>,
    thread: Option<JoinHandle<()>>,
    /// Turns that the last node did not close.
    pub interrupted: Vec<String>,
}

/// The audit log's file in a data directory.
pub fn path(data: &Path) -> PathBuf {
    data.join("audit.sqlite")
}

impl Audit {
    /// Opens the log for writing, marks turns that a crash cut off, starts the writer.
    ///
    /// # Errors
    /// A file that is no audit log, of a later schema, or not writable.
    pub fn open(data: &Path) -> Result<Audit> {
        let db = open_for_writing(&path(data))?;
        let interrupted = mark_interrupted(&db).map_err(|e| broken(data, e))?;
        let (mailbox, inbox) = sync_channel(MAILBOX);
        let thread = std::thread::Builder::new()
            .name("audit".into())
            .spawn(move || write_all(&db, &inbox))
            .map_err(|e| Error::new(Kind::Failed, "cannot start the audit thread").because(e))?;
        Ok(Audit { mailbox: Some(mailbox), thread: Some(thread), interrupted })
    }

    /// Notes that a turn began. Never waits: the close carries everything again.
    pub fn opened(&self, turn: &str, session: &str, question: &str, at_ms: i64) {
        if let Some(mailbox) = &self.mailbox {
            let write =
                Write::Open { turn: turn.into(), session: session.into(), question: question.into(), at_ms };
            if let Err(TrySendError::Full(_)) = mailbox.try_send(write) {
                tracing::warn!(turn, "audit mailbox full: the turn's opening is not recorded");
            }
        }
    }

    /// Writes a closed turn and waits until it is on disk.
    ///
    /// # Errors
    /// Where the log cannot be written (disk full): the turn then must not claim a record.
    pub fn closed(&self, record: Record, at_ms: i64) -> Result<()> {
        self.wait_for(|done| Write::Close { record: Box::new(record), at_ms, done })
    }

    /// Notes that a turn ended without an answer, and waits until it is on disk.
    ///
    /// # Errors
    /// Where the log cannot be written.
    pub fn failed(&self, turn: &str, what: &str, at_ms: i64) -> Result<()> {
        self.wait_for(|done| Write::Fail { turn: turn.into(), what: what.into(), at_ms, done })
    }

    fn wait_for(&self, write: impl FnOnce(SyncSender<Result<()>>) -> Write) -> Result<()> {
        let (done, wait) = sync_channel(1);
        let gone = || Error::new(Kind::Failed, "the audit log's writer is gone");
        let mailbox = self.mailbox.as_ref().ok_or_else(gone)?;
        mailbox.send(write(done)).map_err(|_| gone())?;
        wait.recv_timeout(Duration::from_secs(10)).map_err(|_| gone())?
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        self.mailbox = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn broken(data: &Path, cause: rusqlite::Error) -> Error {
    Error::new(Kind::Failed, format!("the audit log {} cannot be used", path(data).display()))
        .because(cause)
        .hint("move the file aside and start again; it stays readable with sqlite3")
}

fn open_for_writing(file: &Path) -> Result<Connection> {
    let data = file.parent().unwrap_or(Path::new("."));
    let db = Connection::open(file).map_err(|e| broken(data, e))?;
    (|| {
        db.busy_timeout(Duration::from_secs(5))?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        let version: i32 = db.pragma_query_value(None, "user_version", |r| r.get(0))?;
        if version > SCHEMA {
            return Err(rusqlite::Error::InvalidParameterName(format!(
                "written by a later millwright (schema {version}, this one knows {SCHEMA})"
            )));
        }
        db.execute_batch(
            "CREATE TABLE IF NOT EXISTS turns (
                 turn TEXT PRIMARY KEY,
                 session TEXT NOT NULL,
                 opened_ms INTEGER NOT NULL,
                 closed_ms INTEGER,
                 state TEXT NOT NULL CHECK (state IN ('open','closed','failed','interrupted')),
                 question TEXT NOT NULL,
                 what TEXT NOT NULL DEFAULT '',
                 record TEXT
             ) STRICT;
             CREATE INDEX IF NOT EXISTS turns_by_time ON turns (opened_ms);",
        )?;
        db.pragma_update(None, "user_version", SCHEMA)
    })()
    .map_err(|e| broken(data, e))?;
    Ok(db)
}

fn mark_interrupted(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let turns: Vec<String> = db
        .prepare("SELECT turn FROM turns WHERE state = 'open' ORDER BY opened_ms")?
        .query_map([], |r| r.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    db.execute(
        "UPDATE turns SET state = 'interrupted', what = 'the node ended in mid-turn'
         WHERE state = 'open'",
        [],
    )?;
    Ok(turns)
}

fn write_all(db: &Connection, inbox: &Receiver<Write>) {
    while let Ok(write) = inbox.recv() {
        match write {
            Write::Open { turn, session, question, at_ms } => {
                let put = db.execute(
                    "INSERT OR IGNORE INTO turns (turn, session, opened_ms, state, question)
                     VALUES (?1, ?2, ?3, 'open', ?4)",
                    params![turn, session, at_ms, question],
                );
                if let Err(e) = put {
                    tracing::warn!(turn, "the audit log did not take a turn's opening: {e}");
                }
            }
            Write::Close { record, at_ms, done } => {
                let _ = done.send(close(db, &record, at_ms));
            }
            Write::Fail { turn, what, at_ms, done } => {
                let put = db.execute(
                    "UPDATE turns SET state = 'failed', what = ?2, closed_ms = ?3 WHERE turn = ?1",
                    params![turn, what, at_ms],
                );
                let _ = done.send(put.map(drop).map_err(|e| refused(e.into())));
            }
        }
    }
}

fn refused(e: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::new(Kind::Failed, "the audit log did not take the turn")
        .because(e)
        .hint("check the free space of the data directory")
}

fn close(db: &Connection, record: &Record, at_ms: i64) -> Result<()> {
    let text = serde_json::to_string(record).map_err(|e| refused(e.into()))?;
    db.execute(
        "INSERT INTO turns (turn, session, opened_ms, closed_ms, state, question, record)
         VALUES (?1, ?2, ?3, ?3, 'closed', ?4, ?5)
         ON CONFLICT (turn) DO UPDATE SET
             closed_ms = excluded.closed_ms, state = 'closed',
             question = excluded.question, record = excluded.record",
        params![record.report.turn, record.report.session, at_ms, record.report.question, text],
    )
    .map_err(|e| refused(e.into()))?;
    Ok(())
}

/// Reads one closed turn; `None` where there is no such turn.
///
/// # Errors
/// No audit log yet, a broken one, or a turn that was never closed.
pub fn read(data: &Path, turn: &str) -> Result<Option<Record>> {
    let file = path(data);
    if !file.exists() {
        return Err(Error::new(Kind::Missing, "there is no audit log yet")
            .hint("ask something first: millwright ask \"…\""));
    }
    let db =
        Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(|e| broken(data, e))?;
    let row: Option<(String, String, Option<String>)> = db
        .query_row("SELECT state, what, record FROM turns WHERE turn = ?1", [turn], |r| {
            Ok((r.get(0)?, r.get(1)?, r.get(2)?))
        })
        .optional()
        .map_err(|e| broken(data, e))?;
    match row {
        None => Ok(None),
        Some((state, what, None)) => {
            let line = format!("turn {turn} is {state} and has no record: {what}");
            Err(Error::new(Kind::Failed, line))
        }
        Some((_, _, Some(text))) => serde_json::from_str(&text)
            .map(Some)
            .map_err(|e| Error::new(Kind::Failed, format!("turn {turn} cannot be read")).because(e)),
    }
}

/// Ids and states of the newest turns, newest first.
///
/// # Errors
/// A broken log; an absent one is an empty list.
pub fn newest(data: &Path, limit: usize) -> Result<Vec<(String, String, String)>> {
    let file = path(data);
    if !file.exists() {
        return Ok(Vec::new());
    }
    let db =
        Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(|e| broken(data, e))?;
    (|| {
        db.prepare("SELECT turn, state, question FROM turns ORDER BY opened_ms DESC, turn DESC LIMIT ?1")?
            .query_map([limit as i64], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?
            .collect::<rusqlite::Result<Vec<_>>>()
    })()
    .map_err(|e| broken(data, e))
}
