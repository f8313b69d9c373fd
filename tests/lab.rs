//! `millwright lab`: the rows that scripts depend on, and what is said where it cannot measure.

use std::io::Write as _;
use std::process::{Command, Stdio};

use millwright::operations::lab::sentence;
use serde_json::Value;

use crate::support::plant::{Plant, lines, root, stderr};
use crate::support::quiet;

const SMALL: &str = "smollm2-135m";

fn is_a_run(row: &Value) {
    for name in ["devices", "requests", "refused", "deadline_misses"] {
        assert!(row[name].is_u64(), "{name}: {row}");
    }
    for name in ["engine", "mode", "model"] {
        assert!(row[name].is_string(), "{name}: {row}");
    }
    for name in ["prefill_tps", "decode_tps", "peak_rss_bytes"] {
        assert!(row.get(name).is_some_and(|v| v.is_null() || v.is_number()), "{name}: {row}");
    }
    for name in ["wait_ms", "first_token_ms", "first_sentence_ms", "total_ms"] {
        for p in ["p50", "p95", "p99"] {
            assert!(row[name].get(p).is_some_and(|v| v.is_null() || v.is_number()), "{name}.{p}: {row}");
        }
    }
}

#[test]
fn with_model_every_mode_prints_its_runs_and_the_plot_is_drawn() {
    quiet::compute();
    let plant = Plant::without_index();
    let plot = plant.data().join("lab.svg");
    let rows = plant.json(&[
        "lab",
        "--quick",
        "--only",
        "modes",
        "--seconds",
        "2",
        "--model",
        SMALL,
        "--plot",
        plot.to_str().unwrap(),
    ]);
    for row in &rows {
        is_a_run(row);
        assert_eq!((&row["engine"], &row["model"]), (&"millwright".into(), &SMALL.into()));
        let count = |name: &str| row[name].as_u64().unwrap();
        assert_eq!(count("requests"), count("answered") + count("refused") + count("failed"), "{row}");
    }
    for mode in ["single", "static", "window", "adaptive", "continuous"] {
        let traces: Vec<&str> =
            rows.iter().filter(|r| r["mode"] == mode).map(|r| r["trace"].as_str().unwrap()).collect();
        assert_eq!(traces, ["samples", "technicians", "technicians"], "{mode}");
    }
    // The article's sample prompts have a minute each: all of them are answered in some mode.
    assert!(rows.iter().any(|r| r["trace"] == "samples" && r["answered"] == 6), "{rows:?}");
    let svg = std::fs::read_to_string(plot).unwrap();
    assert!(svg.starts_with("<svg") && svg.contains("continuous") && svg.contains("seconds"));
}

#[test]
fn with_model_a_start_is_measured_in_a_process_of_its_own() {
    let plant = Plant::without_index();
    let rows = plant.json(&["lab", "--quick", "--only", "memory", "--model", SMALL]);
    let traces: Vec<&str> = rows.iter().map(|r| r["trace"].as_str().unwrap()).collect();
    assert_eq!(traces, ["cold start", "warm start"]);
    for (row, how) in rows.iter().zip(["cold", "warm"]) {
        is_a_run(row);
        let figure = |part: &str| row["figures"][format!("lab.{how}_{part}")].as_f64();
        assert!(figure("load_ms") < figure("load_to_first_token_ms"), "{row}");
        assert!(figure("load_ms") > Some(0.0) && row["peak_rss_bytes"].as_u64() > Some(0), "{row}");
    }
    let docs = std::fs::read_to_string(root().join("docs/lab.md")).unwrap();
    for name in rows.iter().flat_map(|r| r["figures"].as_object().unwrap().keys()) {
        let listed = name.replace("lab.cold_", "lab.START_").replace("lab.warm_", "lab.START_");
        assert!(docs.contains(&format!("`{listed}`")), "{name} is not in docs/lab.md");
    }
}

#[test]
fn what_the_lab_cannot_measure_it_says() {
    let plant = Plant::bare();
    let told = |args: &[&str], code: i32, word: &str| {
        let output = plant.run(args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(word), "{args:?}: {}", stderr(&output));
    };
    told(&["lab", "--serve"], 3, "not built yet");
    told(&["lab", "--quick"], 3, "models pull");
    told(&["lab", "--model", "no-such-model"], 2, "no-such-model");
    told(&["lab", "--only", "cooking"], 2, "cooking");
}

#[test]
fn with_model_a_peer_that_is_not_there_is_missing_with_the_way_to_get_it() {
    let plant = Plant::without_index();
    let nowhere = plant.data().join("nowhere");
    let output = plant.run(&["lab", "--quick", "--model", SMALL, "--peers", nowhere.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("llama_build.py"), "{}", stderr(&output));
    assert!(lines(&output).iter().all(|l| l.get("error").is_some()));
}

#[test]
fn the_peer_has_a_first_sentence_when_we_have() {
    let texts = [
        "",
        " \n",
        "Close the valve.",
        "Close the valve. Then",
        "Set it to 1.5 bar and",
        "Ready\n",
        "Ready to go\n\n",
        "1. Close the valve",
        "关闭阀门。",
        "Stop!\tNow",
        "one two three four five six seven eight nine ten eleven twelve",
        "one two three four five six seven eight nine ten eleven twelve ",
        "a.b c? d",
    ];
    let mut script = Command::new("python3")
        .arg(root().join("benches/peers/llama.py"))
        .arg("sentences")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let asked: String =
        texts.iter().map(|text| serde_json::json!({"text": text}).to_string() + "\n").collect();
    script.stdin.take().unwrap().write_all(asked.as_bytes()).unwrap();
    let output = script.wait_with_output().unwrap();
    assert!(output.status.success());
    for (text, theirs) in texts.iter().zip(lines(&output)) {
        assert_eq!(theirs["there"].as_bool(), Some(sentence::is_there(text)), "{text:?}");
    }
}
