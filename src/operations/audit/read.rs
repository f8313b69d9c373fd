//! Reading the log: one turn, the newest, those of some days, what a session left.

use std::path::Path;

use rusqlite::{OptionalExtension, params};

use super::{Record, broken, is_eval, open_for_reading, path};
use crate::operations::outcome::{Error, Kind, Result};

/// Turns of a session that are looked through for what it left, newest first.
const TRAIL: i64 = 100;

/// Reads one closed turn; `None` where there is no such turn.
///
/// # Errors
/// No audit log yet, a broken one, or a turn that was never closed.
pub fn read(data: &Path, turn: &str) -> Result<Option<Record>> {
    let row: Option<(String, String, Option<String>)> = open_for_reading(data)?
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
        Some((_, _, Some(text))) => parse(turn, &text).map(Some),
    }
}

fn parse(turn: &str, text: &str) -> Result<Record> {
    serde_json::from_str(text)
        .map_err(|e| Error::new(Kind::Failed, format!("turn {turn} cannot be read")).because(e))
}

/// Ids and states of the newest turns, newest first.
///
/// # Errors
/// A broken log; an absent one is an empty list.
pub fn newest(data: &Path, limit: usize) -> Result<Vec<(String, String, String)>> {
    if !path(data).exists() {
        return Ok(Vec::new());
    }
    let db = open_for_reading(data)?;
    (|| {
        db.prepare(
            "SELECT turn, state, question FROM turns
             WHERE state IN ('open','closed','failed','interrupted')
             ORDER BY opened_ms DESC, turn DESC LIMIT ?1",
        )?
        .query_map([limit as i64], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?
        .collect::<rusqlite::Result<Vec<_>>>()
    })()
    .map_err(|e| broken(data, e))
}

/// The closed turns that were opened in `from_ms..to_ms`, in their order, those of `eval` left
/// out.
///
/// # Errors
/// No audit log, a broken one, or a record that cannot be read.
pub fn of_days(data: &Path, from_ms: i64, to_ms: i64) -> Result<Vec<Record>> {
    let db = open_for_reading(data)?;
    let rows: Vec<(String, String)> = (|| {
        db.prepare(
            "SELECT turn, record FROM turns
             WHERE state = 'closed' AND opened_ms >= ?1 AND opened_ms < ?2 ORDER BY opened_ms, turn",
        )?
        .query_map([from_ms, to_ms], |r| Ok((r.get(0)?, r.get(1)?)))?
        .collect::<rusqlite::Result<Vec<_>>>()
    })()
    .map_err(|e| broken(data, e))?;
    let records: Vec<Record> = rows.iter().map(|(turn, text)| parse(turn, text)).collect::<Result<_>>()?;
    Ok(records.into_iter().filter(|r| !is_eval(&r.report.session)).collect())
}

/// What a session left for the next turn.
#[derive(Debug, Clone, Default)]
pub struct Trail {
    /// Its last answer that was no command.
    pub last: Option<Record>,
    /// The warnings that were acknowledged in it, each with the time.
    pub acknowledged: Vec<(String, i64)>,
}

/// What `operator` left in `session` since `since_ms`.
///
/// # Errors
/// A broken log; an absent one left nothing.
pub fn trail(data: &Path, session: &str, operator: Option<&str>, since_ms: i64) -> Result<Trail> {
    if !path(data).exists() {
        return Ok(Trail::default());
    }
    let db = open_for_reading(data)?;
    let rows: Vec<(String, String, i64)> = (|| {
        db.prepare(
            "SELECT turn, record, closed_ms FROM turns
             WHERE state = 'closed' AND session = ?1 AND operator IS ?2 AND opened_ms >= ?3
             ORDER BY opened_ms DESC, turn DESC LIMIT ?4",
        )?
        .query_map(params![session, operator, since_ms, TRAIL], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?
        .collect::<rusqlite::Result<Vec<_>>>()
    })()
    .map_err(|e| broken(data, e))?;
    let mut trail = Trail::default();
    for (turn, text, at) in rows {
        let record = parse(&turn, &text)?;
        trail.acknowledged.extend(record.acknowledged.iter().map(|w| (w.clone(), at)));
        if trail.last.is_none() && record.command.is_none() {
            trail.last = Some(record);
        }
    }
    Ok(trail)
}
