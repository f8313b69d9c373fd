//! One node per data directory: shared, killed, taken over.

#![allow(clippy::unwrap_used)]

use std::process::Child;
use std::time::{Duration, Instant};

use crate::support::plant::{Plant, lines, stderr};

const QUESTION: &str = "What is the torque of the M16 flange bolt on the pump jack?";
/// Long enough that a draft is under way whenever a test looks.
const SLOW: &[&str] = &["ask", QUESTION, "--deadline-ms", "300000", "--json"];

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let patience = Instant::now() + Duration::from_secs(120);
    while !holds() {
        assert!(Instant::now() < patience, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn open_turns(plant: &Plant) -> usize {
    let file = plant.data().join("audit.sqlite");
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let count = || -> rusqlite::Result<i64> {
        rusqlite::Connection::open_with_flags(&file, flags)?.query_row(
            "SELECT count(*) FROM turns WHERE state = 'open'",
            [],
            |r| r.get(0),
        )
    };
    count().unwrap_or(0) as usize
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn with_model_a_second_ask_attaches_and_loads_no_second_model() {
    let plant = Plant::new();
    let first = plant.command(SLOW).spawn().unwrap();
    wait_until("the first turn is open", || open_turns(&plant) == 1);
    let mut second = plant.command(&["ask", QUESTION, "--rung", "quoted", "--json"]).spawn().unwrap();
    let mut peak_kb = 0;
    while second.try_wait().unwrap().is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", second.id())).unwrap_or_default();
        let high = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
        let kb = high.and_then(|v| v.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0);
        peak_kb = peak_kb.max(kb);
        std::thread::sleep(Duration::from_millis(1));
    }
    let second = second.wait_with_output().unwrap();
    assert!(second.status.success(), "{}", stderr(&second));
    assert!(lines(&second)[0]["text"].as_str().unwrap().contains("195 Nm"));
    assert!(peak_kb < 150_000, "the second process took {peak_kb} kB: it loaded a model");
    let first = first.wait_with_output().unwrap();
    assert!(first.status.success(), "{}", stderr(&first));
}

#[test]
fn with_model_a_killed_node_is_told_of_at_the_next_start_and_the_audit_log_is_whole() {
    let plant = Plant::new();
    let node = plant.command(SLOW).spawn().unwrap();
    wait_until("a turn is open", || open_turns(&plant) == 1);
    kill(node);
    let next = plant.run(&["ask", QUESTION, "--rung", "quoted", "--json"]);
    assert!(next.status.success(), "{}", stderr(&next));
    assert!(stderr(&next).contains("cut off"), "{}", stderr(&next));
    let db = rusqlite::Connection::open(plant.data().join("audit.sqlite")).unwrap();
    let check: String = db.query_row("PRAGMA integrity_check", [], |r| r.get(0)).unwrap();
    assert_eq!(check, "ok");
    let states: Vec<String> = db
        .prepare("SELECT state FROM turns ORDER BY turn")
        .unwrap()
        .query_map([], |r| r.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(states, ["interrupted", "closed"]);
    let quiet = plant.run(&["search", "torque"]);
    assert!(!stderr(&quiet).contains("cut off"), "told once: {}", stderr(&quiet));
}

#[test]
fn a_turn_that_failed_was_not_cut_off() {
    let plant = Plant::new();
    let failed = plant.run(&["ask", QUESTION, "--rung", "quoted", "--kb", "no-such-kb"]);
    assert_eq!(failed.status.code(), Some(3), "{}", stderr(&failed));
    let next = plant.run(&["ask", QUESTION, "--rung", "quoted", "--json"]);
    assert!(!stderr(&next).contains("cut off"), "{}", stderr(&next));
}

#[test]
fn with_model_a_client_that_loses_its_node_takes_over() {
    let plant = Plant::new();
    let node = plant.command(SLOW).spawn().unwrap();
    wait_until("the node's own turn is open", || open_turns(&plant) == 1);
    let client = plant.command(SLOW).spawn().unwrap();
    wait_until("the client's turn is open too", || open_turns(&plant) == 2);
    kill(node);
    let client = client.wait_with_output().unwrap();
    assert!(client.status.success(), "{}", stderr(&client));
    assert!(lines(&client)[0]["text"].as_str().unwrap().contains("195"));
}
