//! The audit log and what a session remembers, by the commands that show them.

#![allow(clippy::unwrap_used)]

use serde_json::Value;

use crate::support::plant::{Plant, lines, stderr};

const TORQUE: &str = "What is the torque of the M16 flange bolt on the pump jack?";
const CODE: &str = "What does fault code E15 mean on the pump jack?";

fn ask(plant: &Plant, args: &[&str]) -> Value {
    plant.json(&[&["ask"], args, &["--rung", "quoted"]].concat()).remove(0)
}

fn tamper(plant: &Plant, sql: &str) {
    let db = rusqlite::Connection::open(plant.data().join("audit.sqlite")).unwrap();
    db.execute_batch(&format!("DROP TRIGGER sealed; {sql}")).unwrap();
}

#[test]
fn a_log_that_nobody_touched_is_whole_and_a_changed_record_is_named() {
    let plant = Plant::new();
    let turns: Vec<Value> = [TORQUE, CODE].iter().map(|q| ask(&plant, &[q])).collect();
    let whole = plant.json(&["audit", "verify"]).remove(0);
    assert_eq!((&whole["whole"], &whole["records"]), (&true.into(), &2.into()), "{whole}");
    let head = whole["head"]["hash"].as_str().unwrap().to_owned();
    assert_eq!(plant.json(&["audit", "verify", "--head", &head]).remove(0), whole);
    let foreign = plant.run(&["audit", "verify", "--head", &"0".repeat(64)]);
    assert_eq!(foreign.status.code(), Some(1), "{}", stderr(&foreign));
    tamper(&plant, "UPDATE turns SET record = replace(record, '195 Nm', '159 Nm') WHERE seq = 1");
    let broken = plant.run(&["audit", "verify", "--json"]);
    assert_eq!(broken.status.code(), Some(1));
    let verdict = lines(&broken).remove(0);
    assert_eq!(verdict["broken"]["seq"], 1);
    assert_eq!(verdict["broken"]["turn"], turns[0]["turn"]);
}

#[test]
fn a_cut_off_end_is_found_also_after_the_next_turn() {
    let plant = Plant::new();
    ask(&plant, &[TORQUE]);
    ask(&plant, &[CODE]);
    tamper(&plant, "DELETE FROM turns WHERE seq = 2");
    assert_eq!(plant.run(&["audit", "verify"]).status.code(), Some(1));
    ask(&plant, &[TORQUE]);
    let after = plant.run(&["audit", "verify"]);
    assert_eq!(after.status.code(), Some(1));
    assert!(stderr(&after).contains("missing at the end"), "{}", stderr(&after));
}

#[test]
fn without_a_log_there_is_nothing_to_verify_and_that_is_said() {
    let plant = Plant::bare();
    let output = plant.run(&["audit", "verify"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
}

#[test]
fn a_day_is_made_again_and_what_changed_is_listed() {
    let plant = Plant::new();
    let turns: Vec<Value> = [TORQUE, CODE].iter().map(|q| ask(&plant, &["--session", "bay 4", q])).collect();
    ask(&plant, &["--session", "bay 4", "repeat"]);
    let day = {
        let id = turns[0]["turn"].as_str().unwrap();
        format!("{}-{}-{}", &id[..4], &id[4..6], &id[6..8])
    };
    let same = plant.json(&["replay", "--day", &day]);
    assert_eq!(same, [serde_json::json!({"turns": 2, "same": 2, "changed": 0, "failed": 0})]);
    // Another index: without the manual that answered.
    let removed = plant.run(&["index", "remove", "pump-jack/pj-40-service-manual.md"]);
    assert!(removed.status.success(), "{}", stderr(&removed));
    let changed = plant.json(&["replay", "--day", &day]);
    assert_eq!(changed.len(), 3, "{changed:?}");
    assert_eq!(changed[0]["turn"], turns[0]["turn"]);
    let what: Vec<&str> =
        changed[0]["differences"].as_array().unwrap().iter().map(|d| d["what"].as_str().unwrap()).collect();
    assert!(what.contains(&"kind") && what.contains(&"numbers"), "{what:?}");
    assert_eq!(changed[2]["changed"], 2);
    let wrong = plant.run(&["replay", "--day", "yesterday"]);
    assert_eq!(wrong.status.code(), Some(2), "{}", stderr(&wrong));
}

#[test]
fn what_was_understood_is_said_in_short_and_warnings_says_all_of_it_again() {
    let plant = Plant::new();
    let session =
        |args: &[&str]| ask(&plant, &[&["--session", "bay 4", "--operator", "B-17"], args].concat());
    let first = session(&[TORQUE]);
    let full: Vec<&str> =
        first["warnings"].as_array().unwrap().iter().map(|w| w["text"].as_str().unwrap()).collect();
    assert!(!full.is_empty() && full.iter().all(|w| first["text"].as_str().unwrap().contains(w)), "{first}");
    let understood = session(&["understood"]);
    assert_eq!((&understood["kind"], &understood["reused"]), (&"notice".into(), &first["turn"]));
    // Another command, another process: the audit log remembers.
    let again = session(&[TORQUE]);
    let warnings = again["warnings"].as_array().unwrap();
    let text = again["text"].as_str().unwrap();
    for (warning, full) in warnings.iter().zip(&full) {
        assert_eq!(warning["text"], *full, "the record has all of it");
        let said = warning["short"].as_str().unwrap_or(full);
        assert!(full.starts_with(said) && text.contains(said), "{text}");
        assert!(!warning["lockout"].as_bool().unwrap() || warning["short"].is_null());
    }
    let all = session(&["warnings"]);
    assert_eq!(all["kind"], "notice");
    assert!(full.iter().all(|w| all["text"].as_str().unwrap().contains(w)), "{all}");
    let repeated = session(&["repeat"]);
    assert_eq!((&repeated["sentences"], &repeated["reused"]), (&again["sentences"], &again["turn"]));
    // Somebody else hears all of it.
    let other = ask(&plant, &["--session", "bay 4", "--operator", "B-18", TORQUE]);
    assert_eq!(other["text"], first["text"]);
    let rows = plant.json(&["audit", "export", "-"]);
    let noted = rows.iter().find(|r| r["record"]["command"] == "understood").unwrap();
    assert_eq!(noted["operator"], "B-17");
    assert_eq!(noted["record"]["acknowledged"].as_array().unwrap().len(), full.len());
    assert_eq!(plant.json(&["audit", "verify"])[0]["whole"], true);
}

#[test]
fn a_question_asked_twice_in_a_session_is_answered_once() {
    let plant = Plant::new();
    let file = plant.data().join("batch.jsonl");
    std::fs::write(&file, format!("{{\"question\":\"{TORQUE}\"}}\n{{\"question\":\"{TORQUE}\"}}\n")).unwrap();
    let turns = plant.json(&["ask", "--batch", file.to_str().unwrap(), "--rung", "quoted"]);
    assert_eq!(turns[1]["reused"], turns[0]["turn"]);
    assert_eq!((&turns[1]["text"], &turns[1]["machine"]), (&turns[0]["text"], &turns[0]["machine"]));
    let screen = &turns[1]["stages"][0];
    assert!(screen["note"].as_str().unwrap().contains("reused"), "{screen}");
    assert!(!turns[1]["stages"].as_array().unwrap().iter().any(|s| s["stage"] == "retrieve"));
    let replay = plant.json(&["replay", turns[1]["turn"].as_str().unwrap()]).remove(0);
    assert_eq!(replay["same"], true, "{replay}");
}

#[test]
fn a_days_questions_become_golden_rows_that_hold() {
    let plant = Plant::new();
    ask(&plant, &[TORQUE]);
    ask(&plant, &["What does fault code E77 mean on the pump jack?"]);
    let dir = plant.data().join("own");
    std::fs::create_dir(&dir).unwrap();
    let file = dir.join("day.jsonl");
    let written = plant.json(&["audit", "export", "--golden", file.to_str().unwrap()]).remove(0);
    assert_eq!(written["rows"], 2);
    let mut without_models = plant.command(&["eval", "golden", "--json", "--from", dir.to_str().unwrap()]);
    let output = without_models.env("MILLWRIGHT_TURN_RUNG", "quoted").output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let last = lines(&output).pop().unwrap();
    assert_eq!(last["figures"]["golden.typed_right_share"], 1.0, "{last}");
    assert_eq!(last["figures"]["golden.typed_unanswerable_refused_share"], 1.0, "{last}");
}

#[test]
fn where_operators_are_listed_others_are_refused_with_a_hint() {
    let plant = Plant::new();
    std::fs::write(plant.data().join("config.toml"), "[operator]\noperators = [\"B-17\"]\n").unwrap();
    let nobody = plant.run(&["ask", TORQUE, "--rung", "quoted"]);
    assert_eq!(nobody.status.code(), Some(2), "{}", stderr(&nobody));
    assert!(stderr(&nobody).contains("--operator"), "{}", stderr(&nobody));
    let other = plant.run(&["ask", TORQUE, "--rung", "quoted", "--operator", "B-18"]);
    assert_eq!(other.status.code(), Some(2));
    let mut listed = plant.command(&["ask", TORQUE, "--rung", "quoted", "--json"]);
    assert!(listed.env("MILLWRIGHT_OPERATOR", "B-17").output().unwrap().status.success());
}
