//! The audit log: every turn, in SQLite (WAL), with one writer thread.
//!
//! A turn is written twice: when it opens and when it closes. A row that is still open
//! when the next node starts was cut off by a crash; it is marked `interrupted` and said.
//! A turn that ended is sealed into a hash [`chain`]: [`verify`] finds what was changed
//! afterwards, [`keep`] drops what is too old without breaking it, [`export`] hands it out.
//! Readers (`replay`, `audit`) open the file for themselves and never wait for the writer.
//! No audio is kept.

pub mod chain;
pub mod day;
pub mod export;
mod head;
pub mod keep;
mod read;
mod schema;
#[cfg(test)]
mod tests;
pub mod verify;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, params};
use serde::{Deserialize, Serialize};

use super::node::protocol::TurnReport;
use super::outcome::{Error, Kind, Result};
use crate::core::answer::{Rung, Verdict};
use crate::core::hear::Transcript;

use chain::Head;
pub use read::{Trail, newest, of_days, read, trail};

/// The session of questions that `eval` asks, alone or as in `eval-1`: they measure, nobody
/// wanted to know. Replays of a day and golden rows leave them out.
pub const EVAL: &str = "eval";

fn is_eval(session: &str) -> bool {
    session.strip_prefix(EVAL).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

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
    /// Who asked, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// The machine and the thing understood, as they were said first.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub lead: String,
    /// The turn was a command to the assistant: `repeat`, `warnings`, `understood`, `stop`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The turn whose answer was given again, where none was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reused: Option<String>,
    /// The warnings, verbatim, that the person said to have understood by this turn.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acknowledged: Vec<String>,
    /// What the decision to answer or to refuse stood on: the evidence and the calibrated
    /// threshold that it was held against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<serde_json::Value>,
}

enum Write {
    Open { turn: String, session: String, operator: Option<String>, question: String, at_ms: i64 },
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
    /// Opens the log for writing: drops what is older than `keep_days` before `now_ms` (0:
    /// nothing), marks turns that a crash cut off, starts the writer.
    ///
    /// # Errors
    /// A file that is no audit log, of a later schema, or not writable.
    pub fn open(data: &Path, keep_days: u32, now_ms: i64) -> Result<Audit> {
        let wrong = |e| broken(data, e);
        let db = open_for_writing(data, now_ms)?;
        let mut log = Log { head: schema::newest(&db).map_err(wrong)?, db, data: data.to_owned() };
        log.take_up(now_ms).map_err(wrong)?;
        let interrupted = log.mark_interrupted(now_ms).map_err(wrong)?;
        log.head = keep::drop_old(&log.db, keep_days, now_ms, &log.head).map_err(wrong)?;
        log.note_head();
        let (mailbox, inbox) = sync_channel(MAILBOX);
        let thread = std::thread::Builder::new()
            .name("audit".into())
            .spawn(move || log.write_all(&inbox))
            .map_err(|e| Error::new(Kind::Failed, "cannot start the audit thread").because(e))?;
        Ok(Audit { mailbox: Some(mailbox), thread: Some(thread), interrupted })
    }

    /// Notes that a turn began. Never waits: the close carries everything again.
    pub fn opened(&self, turn: &str, session: &str, operator: Option<&str>, question: &str, at_ms: i64) {
        if let Some(mailbox) = &self.mailbox {
            let write = Write::Open {
                turn: turn.into(),
                session: session.into(),
                operator: operator.map(Into::into),
                question: question.into(),
                at_ms,
            };
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
        .hint("move it and audit.head aside and start again; it stays readable with sqlite3")
}

fn open_for_writing(data: &Path, now_ms: i64) -> Result<Connection> {
    let db = Connection::open(path(data)).map_err(|e| broken(data, e))?;
    (|| {
        db.busy_timeout(Duration::from_secs(5))?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        schema::prepare(&db, now_ms)
    })()
    .map_err(|e| broken(data, e))?;
    Ok(db)
}

/// The log for reading alone.
fn open_for_reading(data: &Path) -> Result<Connection> {
    let file = path(data);
    if !file.exists() {
        return Err(Error::new(Kind::Missing, "there is no audit log yet")
            .hint("ask something first: millwright ask \"…\""));
    }
    Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(|e| broken(data, e))
}

/// The writer's own end: the file, and the newest record of its chain.
struct Log {
    db: Connection,
    data: PathBuf,
    head: Head,
}

impl Log {
    /// Compares the log with `audit.head`. Where the log has lost records meanwhile, a record
    /// says so for good: to go on must not heal the chain.
    fn take_up(&mut self, now_ms: i64) -> rusqlite::Result<()> {
        if let Some(what) = head::differs(&self.db, &head::read(&self.data))? {
            // A log that was chained just now has no head yet, and that is no loss.
            let upgraded: bool = self.db.query_row(
                "SELECT count(*) FROM turns WHERE state = 'upgraded' AND seq = ?1",
                [self.head.seq],
                |r| Ok(r.get::<_, i64>(0)? > 0),
            )?;
            if !upgraded || head::read(&self.data) != head::Noted::Absent {
                tracing::warn!("the audit log: {what}");
                let what = format!("when the node started, {what}");
                self.head = schema::put_own(&self.db, "gap", &what, now_ms, &self.head)?;
            }
        }
        Ok(())
    }

    fn mark_interrupted(&mut self, now_ms: i64) -> rusqlite::Result<Vec<String>> {
        let turns: Vec<String> = self
            .db
            .prepare("SELECT turn FROM turns WHERE state = 'open' ORDER BY opened_ms")?
            .query_map([], |r| r.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let tx = self.db.unchecked_transaction()?;
        let mut head = self.head.clone();
        for turn in &turns {
            tx.execute(
                "UPDATE turns SET state = 'interrupted', what = 'the node ended in mid-turn', closed_ms = ?2
                 WHERE turn = ?1",
                params![turn, now_ms],
            )?;
            head = schema::seal(&tx, turn, &head)?.unwrap_or(head);
        }
        tx.commit()?;
        self.head = head;
        Ok(turns)
    }

    /// Writes `audit.head`. That it cannot be written costs the proof, not the record.
    fn note_head(&self) {
        if let Err(e) = head::write(&self.data, &self.head) {
            tracing::warn!("audit.head cannot be written: {e}");
        }
    }

    fn write_all(mut self, inbox: &Receiver<Write>) {
        while let Ok(write) = inbox.recv() {
            match write {
                Write::Open { turn, session, operator, question, at_ms } => {
                    let put = self.db.execute(
                        "INSERT OR IGNORE INTO turns (turn, session, operator, opened_ms, state, question)
                         VALUES (?1, ?2, ?3, ?4, 'open', ?5)",
                        params![turn, session, operator, at_ms, question],
                    );
                    if let Err(e) = put {
                        tracing::warn!(turn, "the audit log did not take a turn's opening: {e}");
                    }
                }
                Write::Close { record, at_ms, done } => {
                    let _ = done.send(self.close(&record, at_ms));
                }
                Write::Fail { turn, what, at_ms, done } => {
                    let _ = done.send(self.fail(&turn, &what, at_ms).map_err(|e| refused(e.into())));
                }
            }
        }
    }

    fn close(&mut self, record: &Record, at_ms: i64) -> Result<()> {
        let text = serde_json::to_string(record).map_err(|e| refused(e.into()))?;
        let report = &record.report;
        self.sealed(&report.turn, |db| {
            db.execute(
                "INSERT INTO turns (turn, session, operator, opened_ms, closed_ms, state, question, record)
                 VALUES (?1, ?2, ?3, ?4, ?4, 'closed', ?5, ?6)
                 ON CONFLICT (turn) DO UPDATE SET
                     closed_ms = excluded.closed_ms, state = 'closed', operator = excluded.operator,
                     question = excluded.question, record = excluded.record",
                params![report.turn, report.session, record.operator, at_ms, report.question, text],
            )
        })
        .map_err(|e| refused(e.into()))
    }

    fn fail(&mut self, turn: &str, what: &str, at_ms: i64) -> rusqlite::Result<()> {
        self.sealed(turn, |db| {
            db.execute(
                "INSERT INTO turns (turn, session, opened_ms, closed_ms, state, question, what)
                 VALUES (?1, '', ?3, ?3, 'failed', '', ?2)
                 ON CONFLICT (turn) DO UPDATE SET
                     state = 'failed', what = excluded.what, closed_ms = excluded.closed_ms",
                params![turn, what, at_ms],
            )
        })
    }

    /// Writes a turn's end and its place in the chain together, then the head.
    fn sealed(
        &mut self,
        turn: &str,
        write: impl FnOnce(&Connection) -> rusqlite::Result<usize>,
    ) -> rusqlite::Result<()> {
        let tx = self.db.unchecked_transaction()?;
        write(&tx)?;
        let head = schema::seal(&tx, turn, &self.head)?;
        tx.commit()?;
        if let Some(head) = head {
            self.head = head;
            self.note_head();
        }
        Ok(())
    }
}

fn refused(e: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::new(Kind::Failed, "the audit log did not take the turn")
        .because(e)
        .hint("check the free space of the data directory")
}
