//! The log as its users find it: whole, tampered with, shortened, upgraded, exported.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use rusqlite::Connection;

use super::verify::verify;
use super::*;
use crate::core::answer::{AnswerKind, Citation, CitationKind, Number, Sentence};

const DAY: i64 = keep::DAY_MS;

fn record(turn: &str, question: &str) -> Record {
    let report = TurnReport {
        id: None,
        turn: turn.into(),
        session: "s1".into(),
        machine: "pump jack".into(),
        language: "en".into(),
        question: question.into(),
        heard: None,
        kind: AnswerKind::Answer,
        rung: Rung::Quoted,
        rung_why: "no draft was wanted".into(),
        text: "Torque: 195 Nm.".into(),
        sentences: vec![Sentence { text: "Torque: 195 Nm.".into(), citations: vec![1] }],
        citations: vec![Citation {
            kind: CitationKind::Passage,
            document: "pump-jack.md".into(),
            revision: "D".into(),
            section: "Torques".into(),
            page: None,
            page_label: None,
            quote: "| 195 Nm |".into(),
            start: 7,
            end: 17,
            figures: Vec::new(),
        }],
        choices: Vec::new(),
        warnings: Vec::new(),
        numbers: vec![Number { text: "195 Nm".into(), value: 195.0, unit: "Nm".into(), citation: 1 }],
        verdict: Verdict { passed: true, ..Verdict::default() },
        exits: serde_json::Map::new(),
        stages: Vec::new(),
        first_audio_ms: None,
        first_content_ms: Some(0.1 + 0.2),
        total_ms: 12.345,
        reused: None,
    };
    Record {
        report,
        heard: None,
        machine: None,
        kb: None,
        rung_limit: Rung::Quoted,
        model: None,
        passages: Vec::new(),
        prompt_ids: Vec::new(),
        draft: String::new(),
        draft_verdict: None,
        identities: Identities::default(),
        operator: Some("B-12".into()),
        lead: String::new(),
        command: None,
        reused: None,
        acknowledged: Vec::new(),
        evidence: None,
    }
}

fn put(audit: &Audit, turn: &str, at_ms: i64) {
    audit.opened(turn, "s1", Some("B-12"), "What is the torque?", at_ms);
    audit.closed(record(turn, "What is the torque?"), at_ms + 10).unwrap();
}

/// A log with these many closed turns, a day apart from day 1 on.
fn log(turns: i64) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let audit = Audit::open(dir.path(), 0, 0).unwrap();
    for n in 1..=turns {
        put(&audit, &format!("t-{n}"), n * DAY);
    }
    dir
}

/// Changes the file behind the log's back.
fn tamper(dir: &Path, sql: &str) {
    let db = Connection::open(path(dir)).unwrap();
    db.execute_batch("DROP TRIGGER IF EXISTS sealed; PRAGMA ignore_check_constraints = ON;").unwrap();
    db.execute_batch(sql).unwrap();
}

fn check(dir: &Path) -> verify::Verdict {
    verify(dir, None).unwrap()
}

fn broken_at(dir: &Path) -> (i64, String) {
    let verdict = check(dir);
    assert!(!verdict.whole);
    let broken = verdict.broken.unwrap();
    (broken.seq, broken.what)
}

#[test]
fn a_log_that_nobody_touched_is_whole() {
    let dir = log(3);
    let verdict = check(dir.path());
    assert_eq!((verdict.whole, verdict.records, verdict.head.seq), (true, 3, 3));
    assert_eq!(verify(dir.path(), Some(&verdict.head.hash)).unwrap(), verdict);
    assert_eq!(read(dir.path(), "t-2").unwrap().unwrap(), record("t-2", "What is the torque?"));
}

#[test]
fn a_changed_record_is_named() {
    for change in [
        "UPDATE turns SET record = replace(record, '195', '159') WHERE seq = 2",
        "UPDATE turns SET question = 'Another?' WHERE seq = 2",
        "UPDATE turns SET operator = 'B-13' WHERE seq = 2",
        "UPDATE turns SET opened_ms = opened_ms + 1 WHERE seq = 2",
        "UPDATE turns SET hash = 'x' WHERE seq = 2",
    ] {
        let dir = log(4);
        tamper(dir.path(), change);
        let (seq, what) = broken_at(dir.path());
        assert_eq!(seq, 2, "{change}: {what}");
    }
}

#[test]
fn a_changed_record_with_its_hash_made_again_breaks_the_next_link() {
    let dir = log(4);
    let row = {
        let db = Connection::open(path(dir.path())).unwrap();
        let sql = format!("SELECT {} FROM turns WHERE seq = 2", schema::COLUMNS);
        let mut row = db.query_row(&sql, [], schema::entry).unwrap();
        row.entry.question = "Another?".into();
        row
    };
    let hash = row.entry.hash(&row.previous);
    tamper(dir.path(), &format!("UPDATE turns SET question = 'Another?', hash = '{hash}' WHERE seq = 2"));
    assert_eq!(broken_at(dir.path()).0, 3);
}

#[test]
fn removed_inserted_and_reordered_records_are_named() {
    let removed = log(5);
    tamper(removed.path(), "DELETE FROM turns WHERE seq IN (2, 3)");
    let (seq, what) = broken_at(removed.path());
    assert!(seq == 4 && what.contains("2 to 3"), "{seq} {what}");

    let closed_up = log(5);
    tamper(closed_up.path(), "DELETE FROM turns WHERE seq = 2; UPDATE turns SET seq = seq - 1 WHERE seq > 2");
    assert_eq!(broken_at(closed_up.path()).0, 2);

    let inserted = log(3);
    tamper(
        inserted.path(),
        "INSERT INTO turns (turn, session, opened_ms, state, question) VALUES ('x', 's1', 5, 'closed', 'q')",
    );
    let (seq, what) = broken_at(inserted.path());
    assert!(seq == 0 && what.contains("put in later"), "{what}");

    let swapped = log(4);
    tamper(
        swapped.path(),
        "UPDATE turns SET seq = 99 WHERE seq = 2; UPDATE turns SET seq = 2 WHERE seq = 3; UPDATE turns SET seq = 3 WHERE seq = 99",
    );
    assert_eq!(broken_at(swapped.path()).0, 2);

    let front = log(3);
    tamper(front.path(), "DELETE FROM turns WHERE seq = 1");
    let (seq, what) = broken_at(front.path());
    assert!(seq == 2 && what.contains("no retention"), "{what}");
}

#[test]
fn a_cut_off_end_is_found_and_going_on_does_not_heal_it() {
    let dir = log(5);
    tamper(dir.path(), "DELETE FROM turns WHERE seq > 3");
    let (seq, what) = broken_at(dir.path());
    assert!(seq == 5 && what.contains("4 to 5"), "{what}");
    put(&Audit::open(dir.path(), 0, 9 * DAY).unwrap(), "t-9", 9 * DAY);
    let (seq, what) = broken_at(dir.path());
    assert!(seq == 4 && what.contains("4 to 5"), "{seq} {what}");

    let headless = log(2);
    std::fs::remove_file(head::path(headless.path())).unwrap();
    assert!(broken_at(headless.path()).1.contains("audit.head"));
    drop(Audit::open(headless.path(), 0, 9 * DAY).unwrap());
    assert!(broken_at(headless.path()).1.contains("audit.head"));
}

#[test]
fn a_chain_made_anew_is_found_by_a_head_that_was_kept_elsewhere() {
    let dir = log(3);
    let kept = check(dir.path()).head.hash;
    let other = log(2);
    for name in ["audit.sqlite", "audit.head"] {
        std::fs::copy(other.path().join(name), dir.path().join(name)).unwrap();
    }
    for name in ["audit.sqlite-wal", "audit.sqlite-shm"] {
        let _ = std::fs::remove_file(dir.path().join(name));
    }
    assert!(check(dir.path()).whole);
    let verdict = verify(dir.path(), Some(&kept)).unwrap();
    assert!(!verdict.whole && verdict.broken.unwrap().what.contains("--head"));
}

#[test]
fn what_is_too_old_is_dropped_and_the_chain_stays_whole() {
    let dir = log(6);
    // Days 1 to 6; on day 7 three days are kept: 4, 5 and 6.
    drop(Audit::open(dir.path(), 3, 7 * DAY).unwrap());
    let verdict = check(dir.path());
    assert_eq!((verdict.whole, verdict.first_seq, verdict.records), (true, 4, 4), "{verdict:?}");
    assert_eq!(read(dir.path(), "t-3").unwrap(), None);
    // Nothing more to drop: nothing is written.
    drop(Audit::open(dir.path(), 3, 7 * DAY).unwrap());
    assert_eq!(check(dir.path()), verdict);
    // Later all is too old, the earlier retention too.
    let audit = Audit::open(dir.path(), 3, 40 * DAY).unwrap();
    let verdict = check(dir.path());
    assert_eq!((verdict.whole, verdict.records, verdict.first_seq), (true, 1, 8), "{verdict:?}");
    put(&audit, "t-40", 40 * DAY);
    assert!(check(dir.path()).whole);
    // Who shortens it himself needs more than the record of an earlier cut.
    tamper(dir.path(), "DELETE FROM turns WHERE seq = 8");
    assert_eq!(broken_at(dir.path()).0, 9);
}

#[test]
fn a_log_of_the_first_schema_is_chained_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let text = serde_json::to_string(&record("a", "What?")).unwrap();
    {
        let db = Connection::open(path(dir.path())).unwrap();
        db.execute_batch(
            "CREATE TABLE turns (turn TEXT PRIMARY KEY, session TEXT NOT NULL, opened_ms INTEGER NOT NULL,
                 closed_ms INTEGER, state TEXT NOT NULL CHECK (state IN ('open','closed','failed','interrupted')),
                 question TEXT NOT NULL, what TEXT NOT NULL DEFAULT '', record TEXT) STRICT;
             CREATE INDEX turns_by_time ON turns (opened_ms);
             PRAGMA user_version = 1;",
        )
        .unwrap();
        let put = "INSERT INTO turns VALUES (?1, 's', ?2, ?2, ?3, 'What?', '', ?4)";
        db.execute(put, params!["b", 20, "open", None::<String>]).unwrap();
        db.execute(put, params!["a", 10, "closed", text]).unwrap();
    }
    assert_eq!(verify(dir.path(), None).unwrap_err().kind, Kind::Missing);
    let audit = Audit::open(dir.path(), 0, 100).unwrap();
    assert_eq!(audit.interrupted, ["b"]);
    let verdict = check(dir.path());
    assert_eq!((verdict.whole, verdict.records), (true, 3), "{verdict:?}");
    assert_eq!(read(dir.path(), "a").unwrap().unwrap(), record("a", "What?"));
    assert_eq!(newest(dir.path(), 9).unwrap().len(), 2, "the log's own records are no turns");
}

#[test]
fn a_turn_that_a_crash_cut_off_is_sealed_by_the_next_node() {
    let dir = log(1);
    let audit = Audit::open(dir.path(), 0, DAY).unwrap();
    audit.opened("cut", "s1", None, "Half a", DAY);
    audit.failed("broke", "no index", DAY).unwrap();
    assert_eq!(check(dir.path()).open, 1);
    drop(audit);
    let audit = Audit::open(dir.path(), 0, 2 * DAY).unwrap();
    assert_eq!(audit.interrupted, ["cut"]);
    let verdict = check(dir.path());
    assert_eq!((verdict.whole, verdict.records, verdict.open), (true, 3, 0));
    assert!(audit.closed(record("cut", "again?"), DAY).is_err(), "a sealed record is not written over");
}

fn exported(dir: &Path, from: i64, to: i64, format: export::Format) -> (usize, String) {
    let mut out = Vec::new();
    let rows = export::export(dir, from, to, format, &mut out).unwrap();
    (rows, String::from_utf8(out).unwrap())
}

#[test]
fn days_are_exported_as_lines_from_which_the_chain_can_be_computed_again() {
    let dir = log(4);
    let (rows, text) = exported(dir.path(), 2 * DAY, 4 * DAY, export::Format::Jsonl);
    let lines: Vec<serde_json::Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!((rows, lines.len()), (2, 2));
    assert_eq!(lines[0]["turn"], "t-2");
    assert_eq!(lines[0]["operator"], "B-12");
    assert_eq!(lines[0]["record"]["report"]["numbers"][0]["text"], "195 Nm");
    assert_eq!(lines[1]["previous"], lines[0]["hash"]);
}

#[test]
fn the_table_for_a_spreadsheet_computes_nothing() {
    let dir = log(1);
    let audit = Audit::open(dir.path(), 0, DAY).unwrap();
    audit.closed(record("evil", "=HYPERLINK(\"x\"), \"y\""), 2 * DAY).unwrap();
    let (rows, text) = exported(dir.path(), i64::MIN, i64::MAX, export::Format::Csv);
    assert_eq!(rows, 2);
    let mut table = csv::Reader::from_reader(text.as_bytes());
    let question = table.headers().unwrap().iter().position(|h| h == "question").unwrap();
    let cells: Vec<String> = table.records().map(|r| r.unwrap()[question].to_owned()).collect();
    assert_eq!(cells, ["What is the torque?", "'=HYPERLINK(\"x\"), \"y\""]);
}

#[test]
fn a_days_questions_become_golden_rows_each_once() {
    let dir = log(3);
    let audit = Audit::open(dir.path(), 0, DAY).unwrap();
    let mut refused = record("r", "What is E77?");
    refused.report.kind = AnswerKind::Refusal;
    refused.report.numbers.clear();
    refused.report.citations.clear();
    audit.closed(refused, DAY).unwrap();
    let mut command = record("c", "repeat");
    command.command = Some("repeat".into());
    audit.closed(command, DAY).unwrap();
    let (rows, text) = exported(dir.path(), i64::MIN, i64::MAX, export::Format::Golden);
    assert_eq!(rows, 2);
    let lines: Vec<serde_json::Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines[0]["answerable"], true);
    assert_eq!(lines[0]["must_contain"], serde_json::json!(["195 Nm"]));
    assert_eq!(lines[0]["expected_doc"], "pump-jack.md");
    assert_eq!((&lines[1]["question"], &lines[1]["answerable"]), (&"What is E77?".into(), &false.into()));
}

#[test]
fn a_session_leaves_its_last_answer_and_what_was_understood() {
    let dir = log(2);
    let audit = Audit::open(dir.path(), 0, DAY).unwrap();
    let mut understood = record("u", "understood");
    understood.command = Some("understood".into());
    understood.acknowledged = vec!["WARNING: Hot.".into()];
    audit.closed(understood, 3 * DAY).unwrap();
    let left = trail(dir.path(), "s1", Some("B-12"), 0).unwrap();
    assert_eq!(left.last.unwrap().report.turn, "t-2");
    assert_eq!(left.acknowledged, [("WARNING: Hot.".to_owned(), 3 * DAY)]);
    let others = [("s1", None, 0), ("s2", Some("B-12"), 0), ("s1", Some("B-12"), 4 * DAY)];
    for (session, operator, since) in others {
        let left = trail(dir.path(), session, operator, since).unwrap();
        assert!(left.last.is_none() && left.acknowledged.is_empty(), "{session} {operator:?}");
    }
}
