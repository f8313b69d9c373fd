//! Handing the log out: JSON lines for programs, CSV for a spreadsheet, and the questions of
//! some days as golden rows, from which a plant makes a regression test of its own.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;

use serde::Serialize;

use super::schema::{self, Row};
use super::{Record, broken, is_eval, open_for_reading};
use crate::core::answer::AnswerKind;
use crate::operations::node::shared::utc_stamp;
use crate::operations::outcome::{Error, Kind, Result};

/// How the rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line: everything.
    Jsonl,
    /// Comma-separated, a header first: what a person looks at.
    Csv,
    /// Golden rows: each question once, with what was answered.
    Golden,
}

/// Writes the sealed records that were opened in `from_ms..to_ms`; returns how many rows.
///
/// # Errors
/// No log, a broken one, or `out` cannot be written.
pub fn export(data: &Path, from_ms: i64, to_ms: i64, format: Format, out: &mut dyn Write) -> Result<usize> {
    let db = open_for_reading(data)?;
    let wrong = |e| broken(data, e);
    let sql = format!(
        "SELECT {} FROM turns WHERE seq IS NOT NULL AND opened_ms >= ?1 AND opened_ms < ?2 ORDER BY seq",
        schema::COLUMNS
    );
    let mut statement = db.prepare(&sql).map_err(wrong)?;
    let mut rows = statement.query([from_ms, to_ms]).map_err(wrong)?;
    let mut sink = Sink::of(format, out)?;
    let mut written = 0;
    while let Some(row) = rows.next().map_err(wrong)? {
        written += usize::from(sink.put(&schema::entry(row).map_err(wrong)?)?);
    }
    sink.end()?;
    Ok(written)
}

fn unwritten(e: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Kind::Failed, "the export cannot be written").because(e)
}

enum Sink<'o> {
    Jsonl(&'o mut dyn Write),
    Csv(Box<csv::Writer<&'o mut dyn Write>>),
    Golden { out: &'o mut dyn Write, seen: HashSet<String> },
}

impl<'o> Sink<'o> {
    fn of(format: Format, out: &'o mut dyn Write) -> Result<Sink<'o>> {
        Ok(match format {
            Format::Jsonl => Sink::Jsonl(out),
            Format::Golden => Sink::Golden { out, seen: HashSet::new() },
            Format::Csv => {
                let mut table = csv::Writer::from_writer(out);
                table.write_record(HEADER).map_err(unwritten)?;
                Sink::Csv(Box::new(table))
            }
        })
    }

    /// Was it written?
    fn put(&mut self, row: &Row) -> Result<bool> {
        match self {
            Sink::Jsonl(out) => {
                let text = with_record(&Line::of(row), row.entry.record.as_deref())?;
                writeln!(out, "{text}").map_err(unwritten)?;
                Ok(true)
            }
            Sink::Csv(table) => {
                let cells = cells(row)?;
                table.write_record(cells.iter().map(|c| harmless(c))).map_err(unwritten)?;
                Ok(true)
            }
            Sink::Golden { out, seen } => {
                let Some(golden) = Golden::of(row)? else { return Ok(false) };
                if !seen.insert(golden.question.to_lowercase()) {
                    return Ok(false);
                }
                line(*out, &golden).map(|()| true)
            }
        }
    }

    fn end(self) -> Result<()> {
        match self {
            Sink::Jsonl(out) | Sink::Golden { out, .. } => out.flush().map_err(unwritten),
            Sink::Csv(mut table) => table.flush().map_err(unwritten),
        }
    }
}

fn line(out: &mut dyn Write, value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string(value).map_err(unwritten)?;
    writeln!(out, "{text}").map_err(unwritten)
}

fn record(row: &Row) -> Result<Option<Record>> {
    let Some(text) = &row.entry.record else { return Ok(None) };
    serde_json::from_str(text).map(Some).map_err(|e| {
        Error::new(Kind::Failed, format!("turn {} cannot be read", row.entry.turn))
            .because(e)
            .hint("millwright audit verify")
    })
}

/// `2026-11-24T16:05:22.042Z`.
fn instant(ms: i64) -> String {
    let stamp = utc_stamp(ms);
    let part = |range: std::ops::Range<usize>| stamp.get(range).unwrap_or_default();
    format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0..4),
        part(4..6),
        part(6..8),
        part(9..11),
        part(11..13),
        stamp.get(13..).unwrap_or_default()
    )
}

/// A row of the JSON lines.
#[derive(Serialize)]
struct Line<'r> {
    seq: i64,
    turn: &'r str,
    session: &'r str,
    operator: Option<&'r str>,
    at: String,
    opened_ms: i64,
    closed_ms: Option<i64>,
    state: &'r str,
    what: &'r str,
    question: &'r str,
    previous: &'r str,
    hash: &'r str,
}

impl<'r> Line<'r> {
    fn of(row: &'r Row) -> Line<'r> {
        let e = &row.entry;
        Line {
            seq: e.seq,
            turn: &e.turn,
            session: &e.session,
            operator: e.operator.as_deref(),
            at: instant(e.opened_ms),
            opened_ms: e.opened_ms,
            closed_ms: e.closed_ms,
            state: &e.state,
            what: &e.what,
            question: &e.question,
            previous: &row.previous,
            hash: &row.hash,
        }
    }
}

/// The line with the stored record in it, to the byte: the hash is over that text.
fn with_record(line: &Line<'_>, record: Option<&str>) -> Result<String> {
    let text = serde_json::to_string(line).map_err(unwritten)?;
    let record = match record {
        None => "null".to_owned(),
        // What is no JSON any more, or not on one line, was changed: it goes out as a string.
        Some(text) => match serde_json::from_str::<serde::de::IgnoredAny>(text) {
            Ok(_) if !text.contains('\n') => text.to_owned(),
            _ => serde_json::to_string(text).map_err(unwritten)?,
        },
    };
    let head = text.strip_suffix('}').unwrap_or(&text);
    Ok(format!("{head},\"record\":{record}}}"))
}

const HEADER: [&str; 21] = [
    "seq",
    "at",
    "turn",
    "session",
    "operator",
    "state",
    "what",
    "machine",
    "question",
    "kind",
    "rung",
    "rung_why",
    "text",
    "warnings",
    "acknowledged",
    "citations",
    "reused",
    "index",
    "answerer",
    "total_ms",
    "hash",
];

fn cells(row: &Row) -> Result<[String; 21]> {
    let e = &row.entry;
    let record = record(row)?;
    let from = |f: &dyn Fn(&Record) -> String| record.as_ref().map(f).unwrap_or_default();
    Ok([
        e.seq.to_string(),
        instant(e.opened_ms),
        e.turn.clone(),
        e.session.clone(),
        e.operator.clone().unwrap_or_default(),
        e.state.clone(),
        e.what.clone(),
        from(&|r| r.report.machine.clone()),
        e.question.clone(),
        from(&|r| word(&r.report.kind)),
        from(&|r| r.report.rung.to_string()),
        from(&|r| r.report.rung_why.clone()),
        from(&|r| r.report.text.clone()),
        from(&|r| r.report.warnings.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join("\n")),
        from(&|r| r.acknowledged.join("\n")),
        from(&|r| {
            let place = |c: &crate::core::answer::Citation| {
                format!("{}@{}#{}-{}", c.document, c.revision, c.start, c.end)
            };
            r.report.citations.iter().map(place).collect::<Vec<_>>().join("\n")
        }),
        from(&|r| r.reused.clone().unwrap_or_default()),
        from(&|r| r.identities.index.join(" ")),
        from(&|r| r.identities.answerer.clone()),
        from(&|r| format!("{:.0}", r.report.total_ms)),
        row.hash.clone(),
    ])
}

fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(s)) => s,
        _ => String::new(),
    }
}

/// A cell that a spreadsheet would take for a formula gets an apostrophe: what was said
/// into a microphone must not compute.
fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

/// A golden row, as `eval golden --from` reads it.
#[derive(Serialize)]
struct Golden {
    id: String,
    question: String,
    answerable: bool,
    expected_doc: Option<String>,
    must_contain: Vec<String>,
}

impl Golden {
    /// `None` where the turn asked nothing of the manuals, or was asked back.
    fn of(row: &Row) -> Result<Option<Golden>> {
        let Some(record) = record(row)? else { return Ok(None) };
        let report = record.report;
        let answerable = match report.kind {
            AnswerKind::Answer => true,
            AnswerKind::Refusal => false,
            AnswerKind::Clarify | AnswerKind::Emergency | AnswerKind::Step | AnswerKind::Notice => {
                return Ok(None);
            }
        };
        if record.command.is_some() || is_eval(&report.session) || report.question.trim().is_empty() {
            return Ok(None);
        }
        let mut must_contain: Vec<String> = Vec::new();
        for number in &report.numbers {
            let said = report.sentences.iter().any(|s| s.text.contains(&number.text));
            if said && !must_contain.contains(&number.text) {
                must_contain.push(number.text.clone());
            }
        }
        let cited = report.sentences.iter().flat_map(|s| &s.citations).next();
        let expected_doc =
            cited.and_then(|n| report.citations.get(n.checked_sub(1)?)).map(|c| c.document.clone());
        Ok(Some(Golden {
            id: report.turn,
            question: report.question,
            answerable,
            expected_doc,
            must_contain,
        }))
    }
}
