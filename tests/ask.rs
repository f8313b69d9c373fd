//! `millwright ask`: what a turn brings back, and its contract.

#![allow(clippy::unwrap_used)]

use serde_json::Value;

use crate::support::plant::{Plant, lines, stderr};

const TORQUE: &str = "What is the torque of the M16 flange bolt on the pump jack?";

fn ask(plant: &Plant, args: &[&str]) -> Value {
    let mut lines = plant.json(&[&["ask"], args].concat());
    assert_eq!(lines.len(), 1, "one object per turn: {lines:?}");
    lines.remove(0)
}

fn sentences(turn: &Value) -> String {
    let sentences = turn["sentences"].as_array().unwrap();
    sentences.iter().map(|s| s["text"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_typed_question_is_answered_from_the_manual_with_its_citation() {
    let plant = Plant::new();
    let turn = ask(&plant, &[TORQUE, "--rung", "quoted"]);
    assert_eq!(turn["kind"], "answer");
    assert_eq!(turn["rung"], "quoted");
    assert!(sentences(&turn).contains("195 Nm"), "{turn}");
    let citation = &turn["citations"][0];
    assert_eq!(citation["document"], "pump-jack/pj-40-service-manual.md");
    assert_eq!(citation["revision"], "D");
    let quote = citation["quote"].as_str().unwrap();
    assert!(!quote.is_empty());
    let numbers = turn["numbers"].as_array().unwrap();
    assert!(numbers.iter().any(|n| n["value"] == 195.0 && n["unit"] == "Nm"), "{numbers:?}");
}

#[test]
fn the_warning_of_the_section_comes_before_the_answer() {
    let plant = Plant::new();
    let turn = ask(&plant, &[TORQUE, "--rung", "quoted"]);
    let warning = turn["warnings"][0]["text"].as_str().unwrap();
    let text = turn["text"].as_str().unwrap();
    assert!(text.find(warning).unwrap() < text.find("195 Nm").unwrap(), "{text}");
}

#[test]
fn the_json_of_a_turn_holds_every_field_of_the_contract() {
    let plant = Plant::new();
    let turn = ask(&plant, &[TORQUE, "--rung", "quoted", "--exit", "spoken,technician"]);
    for field in [
        "turn",
        "session",
        "machine",
        "language",
        "question",
        "heard",
        "kind",
        "rung",
        "rung_why",
        "text",
        "sentences",
        "citations",
        "choices",
        "warnings",
        "numbers",
        "verdict",
        "exits",
        "stages",
        "first_audio_ms",
        "first_content_ms",
        "total_ms",
    ] {
        assert!(turn.get(field).is_some(), "{field} is missing");
    }
    for field in ["kind", "document", "revision", "section", "page", "quote", "start", "end"] {
        assert!(turn["citations"][0].get(field).is_some(), "citations.{field} is missing");
    }
    assert!(turn["first_audio_ms"].is_null(), "nothing was spoken");
    assert!(turn["exits"]["technician"].as_str().unwrap().contains("[1]"));
    for stage in turn["stages"].as_array().unwrap() {
        assert!(stage["ms"].is_number() && stage["wait_ms"].is_number() && stage["budget_ms"].is_number());
    }
}

#[test]
fn a_code_that_no_manual_holds_is_refused() {
    let plant = Plant::new();
    let turn = ask(&plant, &["What does fault code E77 mean on the pump jack?", "--rung", "quoted"]);
    assert_eq!(turn["kind"], "refusal");
    assert_eq!(turn["rung"], "refused");
    assert!(
        turn["rung_why"].as_str().unwrap().contains("E77") || turn["text"].as_str().unwrap().contains("E77")
    );
}

#[test]
fn the_older_revision_is_not_quoted() {
    let plant = Plant::new();
    let turn = ask(&plant, &["What is the relief valve of the HPU-250 set to?", "--rung", "quoted"]);
    assert!(sentences(&turn).contains("265 bar"), "{turn}");
    assert!(!sentences(&turn).contains("280 bar"), "{turn}");
}

#[test]
fn with_model_a_recorded_question_is_heard_and_answered() {
    let plant = Plant::new();
    let turn = ask(&plant, &["--audio", "assets/question.flac", "--rung", "quoted"]);
    assert!(turn["heard"].as_str().unwrap().contains("M16"), "{}", turn["heard"]);
    assert!(sentences(&turn).contains("195 Nm"), "{turn}");
    let stages: Vec<_> =
        turn["stages"].as_array().unwrap().iter().map(|s| s["stage"].as_str().unwrap()).collect();
    assert!(stages.contains(&"transcribe") && stages.contains(&"retrieve"), "{stages:?}");
}

#[test]
fn with_model_a_draft_that_is_given_time_holds_no_number_that_its_citation_does_not() {
    let plant = Plant::new();
    let turn = ask(&plant, &[TORQUE, "--deadline-ms", "120000"]);
    assert!(turn["stages"].as_array().unwrap().iter().any(|s| s["stage"] == "draft"), "{turn}");
    assert!(sentences(&turn).contains("195"), "{turn}");
    for number in turn["numbers"].as_array().unwrap() {
        let cited = &turn["citations"][number["citation"].as_u64().unwrap() as usize - 1];
        let value = number["text"].as_str().unwrap().split_whitespace().next().unwrap();
        assert!(cited["quote"].as_str().unwrap().contains(value), "{number} is not in {cited}");
    }
}

#[test]
fn with_model_past_the_deadline_the_passage_is_quoted_and_the_ledger_says_why() {
    let plant = Plant::new();
    let turn = ask(&plant, &[TORQUE, "--deadline-ms", "1"]);
    assert_eq!(turn["rung"], "quoted");
    assert!(!turn["rung_why"].as_str().unwrap().is_empty());
    assert!(sentences(&turn).contains("195 Nm"), "{turn}");
}

#[test]
fn with_model_a_replayed_turn_is_the_same_word_for_word() {
    let plant = Plant::new();
    for args in [&["--rung", "quoted"][..], &["--deadline-ms", "120000"]] {
        let turn = ask(&plant, &[&[TORQUE], args].concat());
        let replay = plant.json(&["replay", turn["turn"].as_str().unwrap()]).remove(0);
        assert_eq!(replay["same"], true, "{replay}");
    }
}

#[test]
fn a_batch_answers_every_row_with_its_id_and_reports_the_broken_one() {
    let plant = Plant::new();
    let file = plant.data().join("batch.jsonl");
    std::fs::write(&file, format!("{{\"id\":\"a\",\"question\":\"{TORQUE}\"}}\n{{\"id\":7}}\n{{\"id\":\"c\",\"question\":\"What does E15 mean on the pump jack?\"}}\n")).unwrap();
    let output = plant.run(&["ask", "--batch", file.to_str().unwrap(), "--rung", "quoted", "--json"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let ids: Vec<Value> = lines(&output).into_iter().filter_map(|l| l.get("id").cloned()).collect();
    assert_eq!(ids, ["a", "c"]);
}

#[test]
fn what_is_missing_ends_with_3_and_the_command_that_supplies_it() {
    let plant = Plant::bare();
    let unindexed = plant.run(&["ask", TORQUE, "--rung", "quoted"]);
    assert_eq!(unindexed.status.code(), Some(3), "{}", stderr(&unindexed));
    assert!(stderr(&unindexed).contains("millwright index"), "{}", stderr(&unindexed));
    let unmodelled = plant.run(&["ask", "--audio", "assets/question.flac"]);
    assert_eq!(unmodelled.status.code(), Some(3), "{}", stderr(&unmodelled));
    assert!(stderr(&unmodelled).contains("millwright models pull"), "{}", stderr(&unmodelled));
}

#[test]
fn without_a_model_or_a_voice_the_manual_is_still_quoted() {
    let plant = Plant::new();
    std::fs::remove_file(plant.data().join("models")).unwrap();
    let turn = ask(&plant, &[TORQUE]);
    assert_eq!(turn["rung"], "quoted");
    assert!(turn["rung_why"].as_str().unwrap().contains("not installed"), "{}", turn["rung_why"]);
    let named = plant.run(&["ask", TORQUE, "--model", "smollm2-135m"]);
    assert_eq!(named.status.code(), Some(3), "{}", stderr(&named));
    let out = plant.data().join("answer.wav");
    let mut mute = plant.command(&["ask", TORQUE, "--out", out.to_str().unwrap()]);
    let mute = mute.env("PATH", "/nonexistent").output().unwrap();
    assert!(mute.status.success() && !out.exists(), "{}", stderr(&mute));
    assert!(stderr(&mute).contains("no voice"), "{}", stderr(&mute));
}

#[test]
fn wrong_usage_ends_with_2() {
    let plant = Plant::bare();
    assert_eq!(plant.run(&["ask"]).status.code(), Some(2));
    assert_eq!(plant.run(&["ask", "  "]).status.code(), Some(2));
    assert_eq!(plant.run(&["ask", "x", "--rung", "best"]).status.code(), Some(2));
    assert_eq!(plant.run(&["frobnicate"]).status.code(), Some(2));
}

/// A small model has not earned the highest rung; here the plant decides that it may.
const ANY_MODEL: (&str, &str) = ("MILLWRIGHT_MODELS_CEILING", "recombined");

#[test]
fn with_model_a_replay_asks_the_model_that_was_asked() {
    let plant = Plant::new();
    let run = |args: &[&str]| {
        let output =
            plant.command(&[args, &["--json"]].concat()).env(ANY_MODEL.0, ANY_MODEL.1).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        lines(&output).remove(0)
    };
    let turn = run(&["ask", TORQUE, "--deadline-ms", "120000", "--model", "smollm2-135m"]);
    assert!(turn["stages"].as_array().unwrap().iter().any(|s| s["stage"] == "draft"), "{turn}");
    let replay = run(&["replay", turn["turn"].as_str().unwrap()]);
    assert_eq!(replay["same"], true, "{replay}");
}

#[test]
fn a_model_is_held_to_what_it_has_earned_and_the_turn_says_so() {
    let plant = Plant::new();
    let output = plant
        .command(&["ask", TORQUE, "--json"])
        .env("MILLWRIGHT_MODELS_CEILING", "quoted")
        .output()
        .unwrap();
    let turn = lines(&output).remove(0);
    assert_eq!(turn["rung"], "quoted");
    assert!(turn["rung_why"].as_str().unwrap().contains("allows quoted at most"), "{}", turn["rung_why"]);
    let models = plant.json(&["models", "list"]);
    let admitted = |id: &str| models.iter().find(|m| m["id"] == id).unwrap()["admitted"].clone();
    assert_eq!(admitted("smollm2-135m"), "constrained");
    assert!(admitted("whisper-tiny.en").is_null());
}
