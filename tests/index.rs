//! Manuals in, the right passage out: what indexing and searching promise.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};

use millwright::core::Kind;
use millwright::core::knowledge::index::{self, Build, Generation, Report, Standing};
use millwright::core::knowledge::passage::{Shape, Signal};
use millwright::core::knowledge::search::{Found, FoundBy, Query, search};

/// A directory of manuals and a data directory, both gone afterwards.
struct Shop {
    dir: tempfile::TempDir,
}

impl Shop {
    fn new() -> Self {
        Shop { dir: tempfile::tempdir().unwrap() }
    }

    fn with(files: &[(&str, &str)]) -> Self {
        let shop = Shop::new();
        for (name, text) in files {
            shop.put(name, text);
        }
        shop
    }

    fn put(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.manuals().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn manuals(&self) -> PathBuf {
        self.dir.path().join("manuals")
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn kb(&self) -> PathBuf {
        index::kb_dir(&self.data(), "shop")
    }

    fn build(&self) -> Report {
        self.build_from(&[self.manuals()]).unwrap()
    }

    fn build_from(&self, dirs: &[PathBuf]) -> millwright::core::Result<Report> {
        index::build(&Build::new("shop", dirs, &self.data()), &mut |_| {})
    }

    fn ask(&self, question: &str) -> Found {
        self.query(Query { text: question.into(), k: 5, ..Query::default() })
    }

    fn query(&self, query: Query) -> Found {
        let store = index::open_all(&self.data(), None).unwrap();
        search(&store.generations.iter().collect::<Vec<_>>(), &query, None).unwrap()
    }
}

const HPU: &str = r#"+++
title = "HPU-60 service manual"
machine = "Hydraulic power unit"
model = "HPU-60"
language = "en"
revision = "B"
+++
# HPU-60 service manual

## Fault codes

> **WARNING** Oil is under pressure.

| Code | Meaning | Remedy |
|---|---|---|
| E203 | Oil level low | Top up to the mark; see E204 |
| E204 | Pump dry run | Bleed the suction line |
| F-37 | Filter clogged | Replace element H12 |

## Tightening torques

| Thread | Torque (Nm) |
|---|---|
| M12 | 79 |
| M16 flange bolt | 195 |

## Replacing the return filter

> **DANGER** Stored energy. Lock out the motor breaker.

1. Close the suction valve.
2. Unscrew the filter bowl and catch the oil.

After work, the oil level falls slightly.
"#;

const PUMP_JACK: &str = r#"+++
title = "Pump jack PJ-40 manual"
machine = "Pump jack"
model = "PJ-40"
language = "en"
revision = "3"
+++
# Pump jack PJ-40

## Faults

| Code | Meaning | Remedy |
|---|---|---|
| E203 | Belt slip | Tension the belt |
| E310 | Brake worn | Replace the lining |

## Lubrication

Grease the wrist pin bearing every 500 hours.
"#;

fn shop() -> Shop {
    let shop = Shop::with(&[("hpu.md", HPU), ("jack/pj40.md", PUMP_JACK)]);
    shop.build();
    shop
}

fn cell(found: &Found, hit: usize, column: usize) -> &str {
    &found.hits[hit].passage.fields[column].value
}

#[test]
fn a_question_finds_the_row_with_its_columns_and_place() {
    let shop = shop();
    let found = shop.ask("What torque for the M16 flange bolt?");
    let passage = &found.hits[0].passage;
    assert_eq!(passage.shape, Shape::Row);
    assert_eq!((passage.fields[1].name.as_str(), passage.fields[1].value.as_str()), ("Torque (Nm)", "195"));
    assert_eq!(passage.section, ["HPU-60 service manual", "Tightening torques"]);
    assert_eq!((passage.document.as_str(), passage.revision.as_str()), ("hpu.md", "B"));
    let generation = Generation::open(&shop.kb()).unwrap();
    let text = generation.stored_text("hpu.md").unwrap();
    assert_eq!(passage.span.of(&text), Some(passage.text.as_str()));
    assert_eq!(passage.fields[1].span.of(&text), Some("195"));
    assert!(found.codes.unknown.is_empty(), "M16 is no code: {:?}", found.codes);
    assert!(found.coverage > 0.9, "{}", found.coverage);
}

#[test]
fn a_codes_own_entry_comes_before_its_mentions_and_other_words() {
    let found = shop().ask("oil level low pump dry run E204 top up the oil");
    assert_eq!(found.codes.known, ["E204"]);
    assert_eq!(cell(&found, 0, 0), "E204");
    assert_eq!(cell(&found, 1, 0), "E203");
    assert_eq!(found.hits[0].found_by, FoundBy::Code);
    assert_eq!(found.hits.last().unwrap().found_by, FoundBy::Words);
    assert!(found.hits.is_sorted_by(|a, b| a.score >= b.score && a.rank < b.rank));
}

#[test]
fn a_spoken_code_finds_its_entry() {
    let shop = shop();
    for (question, meaning) in [
        ("fault f thirty seven", "Filter clogged"),
        ("what does e two oh four mean", "Pump dry run"),
        ("E 3 1 0", "Brake worn"),
    ] {
        let found = shop.ask(question);
        assert_eq!(cell(&found, 0, 1), meaning, "{question}");
    }
}

#[test]
fn an_unknown_code_is_named_as_such() {
    let shop = shop();
    assert_eq!(shop.ask("What does E999 mean?").codes.unknown, ["E999"]);
    assert_eq!(shop.ask("fault f thirty eight").codes.unknown, ["F38"]);
    assert!(shop.ask("grease for the PJ-40 at 24 V, IP65").codes.unknown.is_empty());
}

#[test]
fn the_machine_in_the_question_decides_between_equal_codes() {
    let shop = shop();
    assert_eq!(cell(&shop.ask("E203 on the pump jack"), 0, 1), "Belt slip");
    assert_eq!(cell(&shop.ask("E203 on the hydraulic power unit"), 0, 1), "Oil level low");
    assert_eq!(cell(&shop.ask("p j forty shows e two oh three"), 0, 1), "Belt slip");
    let both = shop.ask("what is E203");
    assert_eq!(both.hits.iter().filter(|h| h.found_by == FoundBy::Code).count(), 2);
    // The pump jack has no F-37, and the other machine's is no answer.
    assert_eq!(shop.ask("fault F37 on the pump jack").codes.unknown, ["F37"]);
}

#[test]
fn a_machine_that_is_asked_for_excludes_the_others() {
    let shop = shop();
    let query = |machine: &str| Query {
        text: "oil level".into(),
        k: 5,
        machine: Some(machine.into()),
        ..Query::default()
    };
    assert!(shop.query(query("HPU-60")).hits.iter().all(|h| h.passage.document == "hpu.md"));
    assert!(shop.query(query("pump jack")).hits.iter().all(|h| h.passage.document == "jack/pj40.md"));
    assert!(shop.query(query("wind turbine")).hits.is_empty());
}

#[test]
fn warnings_travel_with_the_passages_that_they_govern() {
    let found = shop().ask("unscrew the filter bowl");
    let passage = &found.hits[0].passage;
    assert_eq!(passage.shape, Shape::Step);
    assert_eq!(passage.warnings[0].signal, Signal::Danger);
    assert!(passage.warnings[0].lockout);
    assert_eq!(passage.warnings[0].text, "DANGER Stored energy. Lock out the motor breaker.");
}

#[test]
fn nonsense_covers_nothing() {
    let found = shop().ask("how do I bake a sourdough bread");
    assert!(found.coverage < 0.2, "{}", found.coverage);
    assert_eq!(shop().ask("").hits, []);
}

#[test]
fn a_superseded_revision_is_kept_but_not_searched() {
    let old = PUMP_JACK.replace("500 hours", "900 hours").replace("revision = \"3\"", "revision = \"2\"");
    let shop = Shop::with(&[("new.md", PUMP_JACK), ("old.md", &old)]);
    let report = shop.build();
    assert!(
        report.warnings.iter().any(|w| w.contains("old.md: superseded by new.md")),
        "{:?}",
        report.warnings
    );
    let found = shop.ask("How often do I grease the wrist pin?");
    assert!(found.hits.iter().all(|h| h.passage.document == "new.md"));
    assert!(found.hits[0].passage.text.contains("500 hours"));
    let all = shop.query(Query {
        text: "grease the wrist pin".into(),
        k: 9,
        include_superseded: true,
        ..Query::default()
    });
    assert!(all.hits.iter().any(|h| h.standing == Standing::Superseded("new.md".into())));
    let generation = Generation::open(&shop.kb()).unwrap();
    assert!(generation.stored_text("old.md").unwrap().contains("900 hours"));
}

#[test]
fn a_code_that_only_an_old_revision_has_is_unknown() {
    let old = PUMP_JACK.replace("| E310 |", "| E777 |").replace("revision = \"3\"", "revision = \"2\"");
    let shop = Shop::with(&[("new.md", PUMP_JACK), ("old.md", &old)]);
    shop.build();
    assert_eq!(shop.ask("what is E777").codes.unknown, ["E777"]);
}

#[test]
fn two_files_that_claim_one_revision_are_a_named_conflict() {
    let other = PUMP_JACK.replace("500 hours", "900 hours");
    let shop = Shop::with(&[("a.md", PUMP_JACK), ("b.md", &other)]);
    let report = shop.build();
    assert_eq!(report.documents, 1);
    assert!(report.skipped[0].path.ends_with("b.md"));
    assert!(report.skipped[0].reason.starts_with("conflict: claims revision 3"), "{:?}", report.skipped);
}

#[test]
fn what_does_not_go_in_is_listed_with_its_reason() {
    let shop = Shop::with(&[("good.md", "# A\n\nText.\n"), ("scan.pdf", "%PDF"), ("blank.md", "\n\n")]);
    shop.put("program.txt", b"MZ\x90\0\x03\0\0\0\x04\0\0\0");
    shop.put("latin.txt", b"Schl\xFCssel");
    shop.put("bad/manual.toml", "revision = ");
    shop.put("bad/m.md", "text");
    let report = shop.build();
    let reasons: Vec<String> = report
        .skipped
        .iter()
        .map(|s| format!("{}: {}", Path::new(&s.path).file_name().unwrap().to_string_lossy(), s.reason))
        .collect();
    for expected in [
        "m.md: manual.toml: not TOML",
        "blank.md: no text",
        "program.txt: program.txt: binary",
        "scan.pdf: scan.pdf: not a PDF",
    ] {
        assert!(reasons.iter().any(|r| r.starts_with(expected)), "{expected} in {reasons:?}");
    }
    assert_eq!((report.documents, report.skipped.len()), (2, 4), "Windows-1252 is read");
    assert!(
        report.warnings.iter().any(|w| w.starts_with("good.md: machine, model, language, revision unknown"))
    );
}

#[test]
fn a_directory_with_nothing_readable_is_an_error() {
    let shop = Shop::with(&[("scan.pdf", "%PDF")]);
    let error = shop.build_from(&[shop.manuals()]).unwrap_err();
    assert_eq!(error.kind, Kind::Unreadable);
    assert!(error.to_string().contains("nothing readable") && !error.hint.is_empty(), "{error}");
    assert!(index::build(&Build::new("../x", &[shop.manuals()], &shop.data()), &mut |_| {}).is_err());
    let none = index::open_all(&shop.data(), None).err().unwrap();
    assert_eq!((none.kind, none.hint.as_str()), (Kind::Index, "millwright index DIR"));
}

#[test]
fn a_build_that_was_killed_leaves_the_index_as_it_was() {
    let shop = shop();
    // All of a later generation is there but its name in CURRENT: the moment before the rename.
    let half = shop.kb().join("gen-2");
    fs::create_dir_all(half.join("tantivy")).unwrap();
    fs::write(half.join("passages.jsonl"), "{\"half").unwrap();
    fs::write(shop.kb().join("CURRENT.new"), "gen-2").unwrap();
    assert_eq!(Generation::open(&shop.kb()).unwrap().number, 1);
    assert_eq!(cell(&shop.ask("E310"), 0, 1), "Brake worn");
    shop.put("more.md", "# More\n\nText.\n");
    assert_eq!(shop.build().generation, 2);
    assert_eq!(Generation::open(&shop.kb()).unwrap().documents().len(), 3);
}

#[test]
fn a_reader_keeps_the_generation_that_it_opened() {
    let shop = shop();
    let pinned = Generation::open(&shop.kb()).unwrap();
    for n in 0..4 {
        shop.put("more.md", format!("# More\n\nText {n}.\n"));
        shop.build();
    }
    let query = Query { text: "grease the wrist pin".into(), k: 3, ..Query::default() };
    let found = search(&[&pinned], &query, None).unwrap();
    assert!(found.hits[0].passage.text.contains("500 hours"));
    assert!(Generation::open_number(&shop.kb(), 3).is_ok(), "the last three are kept for replay");
    assert!(Generation::open_number(&shop.kb(), 2).is_err(), "older ones are not");
}

#[test]
fn an_index_of_another_version_is_refused_with_the_way_out() {
    let shop = shop();
    let meta = shop.kb().join("gen-1/meta.toml");
    let text = fs::read_to_string(&meta).unwrap().replace("schema = ", "schema = 999");
    fs::write(&meta, text).unwrap();
    let error = Generation::open(&shop.kb()).err().unwrap();
    assert_eq!((error.kind, error.hint.as_str()), (Kind::Index, "millwright index DIR"));
    assert_eq!(shop.build().generation, 2);
    assert!(Generation::open(&shop.kb()).is_ok());
}

#[test]
fn indexing_again_replaces_a_directory_and_leaves_the_others() {
    let shop = shop();
    let other = shop.dir.path().join("other");
    fs::create_dir_all(&other).unwrap();
    fs::write(other.join("hpu.md"), "# Another HPU\n\nA text of its own.\n").unwrap();
    let report = shop.build_from(&[other]).unwrap();
    assert_eq!(report.documents, 3);
    fs::remove_file(shop.manuals().join("jack/pj40.md")).unwrap();
    shop.build();
    let generation = Generation::open(&shop.kb()).unwrap();
    let ids: Vec<_> = generation.documents().iter().map(|d| d.id.as_str()).collect();
    assert_eq!(ids, ["hpu.md", "other/hpu.md"]);
    assert_eq!(shop.build().generation, generation.number, "nothing changed, nothing made");
}

#[test]
fn a_document_can_be_removed() {
    let shop = shop();
    let report = index::remove(&shop.data(), "shop", "jack/pj40.md", "").unwrap();
    assert_eq!(report.documents, 1);
    assert!(shop.ask("E310").codes.unknown.contains(&"E310".to_owned()));
    assert_eq!(index::remove(&shop.data(), "shop", "jack/pj40.md", "").unwrap_err().kind, Kind::Index);
}

#[test]
fn the_same_manuals_give_the_same_answers() {
    let (one, two) = (shop(), shop());
    for question in ["oil level", "E203", "filter replace bolt pump", "belt"] {
        let (a, b) = (one.ask(question), two.ask(question));
        assert_eq!(a, b, "{question}");
    }
}

#[test]
fn a_code_that_two_machines_have_is_asked_back_unless_one_is_named() {
    let shop = shop();
    let found = shop.ask("What does E203 mean?");
    assert_eq!(found.choices, ["Hydraulic power unit HPU-60", "Pump jack PJ-40"]);
    assert!(shop.ask("What does E203 mean on the pump jack?").choices.is_empty());
    assert!(shop.ask("What does E310 mean?").choices.is_empty());
}

#[test]
fn a_heard_code_that_sounds_like_another_is_asked_back_a_written_one_is_not() {
    let shop = Shop::with(&[(
        "door.md",
        "# Door\n\n| Code | Meaning |\n|---|---|\n| E15 | Door open |\n| E50 | Belt off |\n| E27 | Hot |\n",
    )]);
    shop.build();
    let asked = |spoken| Query { text: "what does e fifteen mean".into(), k: 5, spoken, ..Query::default() };
    assert_eq!(shop.query(asked(true)).choices, ["E15", "E50"]);
    assert!(shop.query(asked(false)).choices.is_empty());
    let clear =
        Query { text: "what does e twenty seven mean".into(), k: 5, spoken: true, ..Query::default() };
    assert!(shop.query(clear).choices.is_empty());
}

#[test]
fn the_planners_glossary_leads_from_one_language_to_another() {
    const NOTICE: &str = "---\ntitle: Aviso\nlanguage: es\n---\n# Aviso\n\n## Cuidado del trasgo\n\nLimpie el trasgo cada semana.\n\n## Pintura\n\nPinte la puerta.\n";
    let shop = Shop::with(&[("aviso.md", NOTICE)]);
    shop.build();
    assert!(shop.ask("Where is the frobnicator?").hits.is_empty());
    fs::write(shop.kb().join("glossary.toml"), "[[term]]\nen = \"frobnicator\"\nes = \"trasgo\"\n").unwrap();
    let before = Generation::open(&shop.kb()).unwrap().number;
    shop.build();
    assert!(
        Generation::open(&shop.kb()).unwrap().number > before,
        "a changed glossary is another generation"
    );
    let found = shop.ask("How often is the frobnicator cleaned?");
    assert!(found.hits[0].passage.text.contains("cada semana"), "{:?}", found.hits);
    // One that cannot be read is named, and the index stays as it was.
    fs::write(shop.kb().join("glossary.toml"), "[[term]]\nen = \n").unwrap();
    let error = index::build(&Build::new("shop", &[shop.manuals()], &shop.data()), &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("glossary.toml"), "{error}");
    assert!(!shop.ask("How often is the frobnicator cleaned?").hits.is_empty());
}

#[test]
fn a_passage_names_its_figure_and_the_picture_is_kept() {
    let shop = Shop::with(&[(
        "belt.md",
        "# Belt\n\n## Guard\n\n![Figure 3: Belt guard](guard.gif)\n\nTake the guard off, see Figure 3.\n",
    )]);
    shop.put("guard.gif", b"GIF89a tiny");
    shop.build();
    let hit = &shop.ask("take the belt guard off").hits[0];
    let figure = hit.passage.figures.iter().find(|f| f.label == "Figure 3").expect("the figure is named");
    let file = Generation::open(&shop.kb()).unwrap().figure(figure.file.as_deref().unwrap()).unwrap();
    assert_eq!(fs::read(file).unwrap(), b"GIF89a tiny");
}
