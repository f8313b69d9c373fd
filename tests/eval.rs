//! `millwright eval`: what is measured, and what is said where it cannot be.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::plant::{Plant, root, stderr};

fn put(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

const MANUAL: &str = "# Mixer MX-4\n\n## Faults\n\n| Code | Meaning | Remedy |\n|---|---|---|\n\
                      | E21 | Bowl missing | Put the bowl in |\n| E22 | Lid open | Close the lid |\n\n\
                      ## Cleaning\n\nWipe the bowl with a soft cloth after every batch.\n";

const QUESTIONS: &str = r#"{"id":"m-1","question":"What does E21 mean?","form":"written","lang":"en","answerable":true,"expected_doc":"manual/mixer.md","expected_section_or_code":"E21","must_contain":["bowl missing"]}
{"id":"m-2","question":"error e two two","form":"spoken","lang":"en","answerable":true,"expected_doc":"manual/mixer.md","expected_section_or_code":"E22","must_contain":["lid"]}
{"id":"m-3","question":"How is the bowl cleaned?","form":"written","lang":"en","answerable":true,"expected_doc":"manual/mixer.md","expected_section_or_code":"Cleaning","must_contain":["soft cloth"]}
{"id":"m-4","question":"What does E29 mean?","form":"written","lang":"en","answerable":false,"expected_doc":null,"expected_section_or_code":null,"must_contain":[],"why":"no such code","nonexistent_code":"E29"}
"#;

#[test]
fn a_suite_that_needs_data_says_so() {
    let plant = Plant::bare();
    let empty = Plant::bare();
    for suite in ["retrieval", "hearing"] {
        let output = plant.run(&["eval", suite]);
        assert_eq!(output.status.code(), Some(3), "{suite}");
        assert!(stderr(&output).contains("--from"), "{}", stderr(&output));
        let output = plant.run(&["eval", suite, "--from", empty.data().to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(3), "{suite}");
    }
    assert_eq!(plant.run(&["eval", "hearing", "--section", "cooking"]).status.code(), Some(2));
}

#[test]
fn a_suite_that_is_not_built_says_so() {
    let plant = Plant::bare();
    for suite in ["turn", "voice"] {
        let output = plant.run(&["eval", suite]);
        assert_eq!(output.status.code(), Some(3), "{suite}");
        assert!(stderr(&output).contains("not built yet"), "{}", stderr(&output));
    }
    assert_eq!(plant.run(&["eval", "cooking"]).status.code(), Some(2));
}

#[test]
fn retrieval_prints_a_row_for_each_question_then_named_figures() {
    let plant = Plant::bare();
    let from = plant.data().join("from");
    put(&from.join("kb/mixer/manual/mixer.md"), MANUAL);
    put(&from.join("kb/mixer/questions.jsonl"), QUESTIONS);
    put(&from.join("kb/other/manual/fan.md"), "# Fan\n\n## Cleaning\n\nDust the blades.\n");
    let output = plant
        .command(&["eval", "retrieval", "--quick", "--json", "--from", from.to_str().unwrap()])
        .current_dir(plant.data())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let lines = crate::support::plant::lines(&output);
    let (last, rows) = lines.split_last().unwrap();
    // A quick run takes every third of each kind: the first written, spoken and unanswerable.
    let ids: Vec<&str> = rows.iter().map(|r| r["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["m-1", "m-2", "m-4"]);
    assert_eq!(rows[0]["rank"]["words"], 1);
    assert_eq!((&rows[0]["code"], &rows[2]["code"]), (&"first".into(), &"named".into()));
    assert_eq!(last["suite"], "retrieval");
    let figures = last["figures"].as_object().unwrap();
    let figure = |name: &str| figures.get(&format!("retrieval.{name}")).and_then(Value::as_f64);
    for name in ["recall_at_5", "mrr_at_10", "mixer.recall_at_5", "recall_at_5_distracted", "keywords_share"]
    {
        assert_eq!(figure(name), Some(1.0), "{name}");
    }
    assert_eq!((figure("kills"), figure("kills_broken")), (Some(5.0), Some(0.0)));
    assert_eq!(figure("plant_superseded_quoted"), Some(0.0));
    assert!(figure("passages_10k") > Some(9000.0) && figure("query_ms_p99_10k") > Some(0.0));
    for bar in last["bars"].as_array().unwrap() {
        let name = bar["name"].as_str().unwrap();
        assert_eq!(bar["value"].as_f64(), figures.get(name).and_then(Value::as_f64), "{name}");
        assert!(bar["want"].is_string() && bar["holds"].is_boolean());
    }
    let docs = fs::read_to_string(root().join("docs/figures.md")).unwrap();
    for name in figures.keys() {
        let listed = name.replace("retrieval.mixer.", "retrieval.SET.");
        let by_way = ["_words", "_vectors", "_fused"].iter().find_map(|way| listed.strip_suffix(way));
        let pooled = by_way.map(|_| listed.replace("SET.", ""));
        let named = |n: &str| docs.contains(&format!("`{n}`"));
        assert!(named(&listed) || pooled.is_some_and(|p| named(&p)), "{name} is not in docs/figures.md");
    }
    let bars: Vec<&str> =
        last["bars"].as_array().unwrap().iter().map(|b| b["name"].as_str().unwrap()).collect();
    assert!(bars.iter().all(|name| docs.contains(&format!("`{name}`"))), "{bars:?}");
}
