//! The README's figures are those of the stored run, and its commands exist.

#![allow(clippy::unwrap_used)]

use serde_json::Value;

use crate::support::plant::{Plant, root};

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// The stored runs whose figures the README shows; the later suites from their first one on.
fn runs() -> Vec<&'static str> {
    let later = ["docs/hearing.json", "docs/trust.json"];
    let stored = later.into_iter().filter(|store| root().join(store).exists());
    ["docs/golden.json", "docs/retrieval.json"].into_iter().chain(stored).collect()
}

/// What a figure is named by in the docs: one entry for each model, condition and number type.
fn listed(name: &str) -> String {
    if let Some(damage) = name.strip_prefix("trust.mutation_") {
        let ending = ["_copies", "_caught_share"].into_iter().find(|e| damage.ends_with(e));
        return ending.map_or_else(|| name.to_owned(), |e| format!("trust.mutation_KIND{e}"));
    }
    if name.starts_with("trust.guard_") {
        let sets = ["_wice", "_faithbench", "_mtrag"];
        return sets.iter().fold(name.to_owned(), |name, set| name.replace(set, "_SET"));
    }
    if let Some(of_trust) = name.strip_prefix("trust.") {
        let rungs = ["quoted_", "constrained_", "recombined_"];
        let of_rung = rungs.iter().find_map(|rung| of_trust.strip_prefix(rung));
        return of_rung.map_or_else(|| name.to_owned(), |rest| format!("trust.RUNG_{rest}"));
    }
    if !name.starts_with("hearing.") {
        return name.to_owned();
    }
    let parts = [
        ("MODEL", &["tiny_en", "base"][..]),
        ("CONDITION", &["clean", "snr20", "snr10", "snr5", "snr0", "recorded"]),
        ("COMPUTE", &["float32", "int8"]),
    ];
    let mut name = format!("{name}_");
    for (part, values) in parts {
        for value in values {
            name = name.replace(&format!("_{value}_"), &format!("_{part}_"));
        }
    }
    name.trim_end_matches('_').to_owned()
}

/// A set's own figures have a name of three parts and are left to the store.
fn is_shown(name: &str) -> bool {
    name.matches('.').count() == 1
}

#[test]
fn the_figures_in_the_readme_are_those_of_the_stored_runs() {
    let readme = read("README.md");
    for store in runs() {
        let run: Value = serde_json::from_str(&read(store)).unwrap();
        let figures = run["figures"].as_object().unwrap();
        let table = readme.split(&format!("<!-- figures: {store} -->")).nth(1).unwrap();
        let table = table.split("<!-- end of figures -->").next().unwrap();
        assert!(table.contains(run["machine"].as_str().unwrap()));
        let mut shown = 0;
        for row in table.lines().filter(|l| l.starts_with("| `")) {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let (name, value) = (cells[1].trim_matches('`'), cells[2]);
            let stored =
                figures.get(name).and_then(Value::as_f64).unwrap_or_else(|| panic!("{name} is not stored"));
            let digits = value.split_once('.').map_or(0, |(_, d)| d.len());
            assert_eq!(value, format!("{stored:.digits$}"), "{name}");
            shown += 1;
        }
        assert_eq!(shown, figures.keys().filter(|name| is_shown(name)).count(), "{store}");
    }
}

#[test]
fn every_figure_has_its_meaning_in_the_docs() {
    let docs = read("docs/figures.md");
    for store in runs() {
        let run: Value = serde_json::from_str(&read(store)).unwrap();
        for name in run["figures"].as_object().unwrap().keys().filter(|name| is_shown(name)) {
            let is_there = |name: &str| docs.contains(&format!("`{name}`"));
            assert!(is_there(name) || is_there(&listed(name)), "{name} is not in docs/figures.md");
        }
    }
}

#[test]
fn every_command_that_the_readme_shows_exists() {
    let plant = Plant::bare();
    let readme = read("README.md");
    let commands = readme.lines().filter_map(|l| l.strip_prefix("$ millwright "));
    for command in commands.map(|c| c.split_whitespace().next().unwrap()) {
        let help = plant.run(&[command, "--help"]);
        assert!(help.status.success(), "millwright {command} --help");
    }
}
