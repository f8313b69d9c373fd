//! Indexing as a job: it reads only what has changed, can be stopped, killed and watched,
//! and what is in the index is always whole.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use millwright::core::Kind;
use millwright::core::knowledge::embed::testing::HashEmbedder;
use millwright::core::knowledge::index::{self, Build, Generation, Progress, Report, Standing};
use millwright::core::knowledge::passage::Passage;
use millwright::core::knowledge::search::{Query, search};
use serde_json::Value;

use crate::support::plant::{Plant, lines, stderr};

/// A directory of manuals and a data directory, both gone afterwards.
struct Shop {
    dirs: [PathBuf; 1],
    data: PathBuf,
    _dir: tempfile::TempDir,
}

impl Shop {
    /// `count` manuals, each with a code, a torque and a mark of its own.
    fn of(count: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let shop = Shop { dirs: [dir.path().join("manuals")], data: dir.path().join("data"), _dir: dir };
        fs::create_dir_all(shop.manuals()).unwrap();
        for n in 0..count {
            shop.put(&name(n), manual(n, "first"));
        }
        shop
    }

    fn put(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.manuals().join(name), text).unwrap();
    }

    fn manuals(&self) -> PathBuf {
        self.dirs[0].clone()
    }

    fn data(&self) -> PathBuf {
        self.data.clone()
    }

    fn kb(&self) -> PathBuf {
        index::kb_dir(&self.data(), "main")
    }

    fn build(&self) -> Report {
        self.build_with(|_| {}, &mut |_| {})
    }

    fn build_with<'a>(
        &'a self,
        change: impl FnOnce(&mut Build<'a>),
        progress: &mut dyn FnMut(Progress),
    ) -> Report {
        let mut build = Build::new("main", &self.dirs, &self.data);
        change(&mut build);
        index::build(&build, progress).unwrap()
    }

    fn open(&self) -> Generation {
        Generation::open(&self.kb()).unwrap()
    }

    fn passages(&self) -> Vec<Passage> {
        self.open().passages().collect()
    }
}

fn name(n: usize) -> String {
    format!("manual-{n:03}.md")
}

fn manual(n: usize, mark: &str) -> String {
    format!(
        "+++\ntitle = \"Press {n} manual\"\nmachine = \"Press {n}\"\nmodel = \"PX-{n}\"\nlanguage = \"en\"\nrevision = \"1\"\n+++\n\
         # Press {n} manual\n\nThis text is {mark}.\n\n## Faults\n\n| Code | Meaning |\n|---|---|\n| E{:03} | Ram {n} blocked |\n\n\
         ## Bolts\n\n> **DANGER** Lock out the drive.\n\n1. Tighten the bolts to {} Nm.\n2. Close the guard.\n",
        100 + n,
        40 + n
    )
}

#[test]
fn only_what_has_changed_is_read_again() {
    let shop = Shop::of(6);
    let first = shop.build();
    assert_eq!((first.read, first.unchanged, first.documents), (6, 0, 6));
    shop.put(&name(2), manual(2, "second"));
    shop.put("manual-004.md.manual.toml", "machine = \"Great press\"");
    fs::remove_file(shop.manuals().join(name(5))).unwrap();
    let second = shop.build();
    assert_eq!((second.read, second.unchanged, second.documents), (2, 3, 5));
    // Carried over or read, it is what a build from nothing makes of the same files.
    let carried = shop.passages();
    fs::remove_dir_all(shop.data()).unwrap();
    assert_eq!(shop.build().read, 5);
    assert_eq!(carried, shop.passages());
    assert!(
        carried.iter().any(|p| p.machine == "Great press")
            && carried.iter().any(|p| p.text.contains("second"))
    );
    let third = shop.build();
    assert_eq!((third.read, third.generation), (0, 1), "nothing changed, nothing made");
}

#[test]
fn what_was_said_of_an_unchanged_file_is_said_again() {
    let shop = Shop::of(1);
    shop.put("bare.md", "# Bare\n\nText.\n");
    let first = shop.build();
    assert!(first.warnings.iter().any(|w| w.starts_with("bare.md: machine")), "{:?}", first.warnings);
    shop.put(&name(0), manual(0, "second"));
    assert_eq!(shop.build().warnings, first.warnings);
    assert_eq!(shop.open().remarks().unwrap().warnings, first.warnings);
}

#[test]
fn several_threads_make_the_same_index_as_one() {
    let (one, several) = (Shop::of(24), Shop::of(24));
    one.build();
    several.build_with(|b| b.threads = 4, &mut |_| {});
    assert_eq!(one.passages(), several.passages());
    let query = Query { text: "tighten the bolts of press 7".into(), k: 5, ..Query::default() };
    let found = |shop: &Shop| search(&[&shop.open()], &query, None).unwrap();
    assert_eq!(found(&one), found(&several));
}

#[test]
fn a_job_that_is_stopped_keeps_what_it_has_done_and_goes_on_from_there() {
    let shop = Shop::of(12);
    shop.build();
    for n in 0..12 {
        shop.put(&name(n), manual(n, "second"));
    }
    let stop = AtomicBool::new(false);
    let mut read = 0;
    let report = shop.build_with(|b| b.stop = &stop, &mut |progress| {
        if let Progress::Reading { done, of, bytes, of_bytes, .. } = progress {
            assert!(done <= of && bytes <= of_bytes);
            read = done;
            stop.store(done >= 4, Ordering::Relaxed);
        }
    });
    assert!(report.interrupted && report.left > 0);
    assert_eq!((report.read + report.left, report.documents), (12, 12), "{report:?}");
    assert_eq!(report.read, read);
    let marks = |mark: &str| shop.passages().iter().filter(|p| p.text.contains(mark)).count();
    assert_eq!(
        (marks("second"), marks("first")),
        (report.read, report.left),
        "what was there before is kept"
    );
    let rest = shop.build();
    assert_eq!((rest.read, rest.unchanged, rest.interrupted), (report.left, report.read, false));
    assert_eq!(marks("second"), 12);
}

#[test]
fn a_first_job_that_is_stopped_at_once_leaves_nothing() {
    let shop = Shop::of(3);
    let stop = AtomicBool::new(true);
    let report = shop.build_with(|b| b.stop = &stop, &mut |_| {});
    assert_eq!((report.interrupted, report.left, report.generation), (true, 3, 0));
    assert!(Generation::open(&shop.kb()).is_err());
    assert_eq!(shop.build().documents, 3);
}

#[test]
fn a_damaged_index_says_so_and_is_never_misread() {
    let shop = Shop::of(3);
    shop.build();
    let path = shop.kb().join("gen-1/passages.bin");
    let whole = fs::read(&path).unwrap();
    let at = String::from_utf8_lossy(&whole).find("40 Nm").unwrap();
    let mut changed = whole.clone();
    changed[at] = b'9';
    fs::write(&path, &changed).unwrap();
    let opened = shop.open();
    assert_eq!(opened.verify().unwrap_err().kind, Kind::Index);
    let query = Query { text: "tighten the bolts".into(), k: 9, ..Query::default() };
    let error = search(&[&opened], &query, None).unwrap_err();
    assert_eq!((error.kind, error.hint.as_str()), (Kind::Index, "millwright index DIR"));
    drop(opened);
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(Generation::open(&shop.kb()).err().unwrap().kind, Kind::Index);
    assert_eq!(shop.build().documents, 3, "and a build makes it whole");
    shop.open().verify().unwrap();
}

#[test]
fn a_revision_is_not_searched_before_its_day() {
    let shop = Shop::of(1);
    let coming =
        manual(0, "coming").replace("revision = \"1\"", "revision = \"2\"\nvalid_from = \"2027-01-01\"");
    shop.put("coming.md", coming);
    let report = shop.build_with(|b| b.today = "2026-11-24", &mut |_| {});
    let told = report.warnings.iter().any(|w| w.contains("in force from 2027-01-01"));
    assert!(told, "{:?}", report.warnings);
    let mut generation = shop.open();
    let stands = |g: &Generation, id: &str| g.document(id).unwrap().standing.clone();
    assert_eq!(stands(&generation, "coming.md"), Standing::NotYet);
    assert_eq!(stands(&generation, &name(0)), Standing::Current);
    generation.as_of("2027-01-01");
    assert_eq!(stands(&generation, "coming.md"), Standing::Current);
    assert_eq!(stands(&generation, &name(0)), Standing::Superseded("coming.md".into()));
}

#[test]
fn the_words_can_be_searched_while_the_vectors_are_computed() {
    let shop = Shop::of(8);
    let embedder = HashEmbedder::new(24);
    let mut published = Vec::new();
    let report = shop.build_with(|b| b.embedder = Some(&embedder), &mut |progress| {
        if let Progress::Vectors { .. } = progress {
            published.push(shop.open().vectors.is_some());
        }
    });
    assert_eq!((report.generation, report.vectors), (2, report.passages));
    assert_eq!(published, [false], "the words were in force before the vectors were there");
    let with = shop.open();
    assert_eq!(with.vectors.as_ref().unwrap().len(), with.passage_count());
    with.verify().unwrap();
    assert_eq!(shop.build_with(|b| b.embedder = Some(&embedder), &mut |_| {}).generation, 2, "nothing to do");
    let words = Generation::open_number(&shop.kb(), 1).unwrap();
    assert_eq!(words.passages().collect::<Vec<_>>(), with.passages().collect::<Vec<_>>());
}

#[test]
fn vectors_of_unchanged_passages_are_carried_over_and_a_stop_loses_none() {
    let shop = Shop::of(40);
    let embedder = HashEmbedder::new(24);
    let (dirs, data, stop) = ([shop.manuals()], shop.data(), AtomicBool::new(false));
    let build = Build { stop: &stop, ..Build::new("main", &dirs, &data) };
    shop.build();
    stop.store(true, Ordering::Relaxed);
    let none = index::add_vectors(&build, &embedder, &mut |_| {}).unwrap();
    assert!(none.interrupted && none.computed == 0 && none.generation == 1);
    stop.store(false, Ordering::Relaxed);
    let all = index::add_vectors(&build, &embedder, &mut |_| {}).unwrap();
    assert_eq!((all.generation, all.interrupted), (2, false));
    let before: Vec<_> = (0..all.done as u32).map(|id| shop.open().vectors.unwrap().row(id)).collect();
    shop.put(&name(3), manual(3, "second"));
    shop.build();
    let again = index::add_vectors(&build, &embedder, &mut |_| {}).unwrap();
    assert_eq!((again.generation, again.computed), (4, 1), "one passage has another text");
    let after: Vec<_> = (0..again.done as u32).map(|id| shop.open().vectors.unwrap().row(id)).collect();
    assert_eq!(before.iter().zip(&after).filter(|(a, b)| a != b).count(), 1);
    assert!(Generation::open_number(&shop.kb(), 1).is_ok(), "kept by content, not by number");
}

#[cfg(unix)]
#[test]
fn what_no_manual_is_costs_nothing_and_is_named() {
    let shop = Shop::of(1);
    let huge = fs::File::create(shop.manuals().join("huge.txt")).unwrap();
    huge.set_len(1 << 30).unwrap();
    let pipe = shop.manuals().join("pipe.txt");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let socket = std::os::unix::net::UnixListener::bind(shop.manuals().join("socket.md")).unwrap();
    std::os::unix::fs::symlink(shop.manuals(), shop.manuals().join("loop")).unwrap();
    std::os::unix::fs::symlink("nowhere.md", shop.manuals().join("dangling.md")).unwrap();
    shop.put("nul.md", b"a\0b");
    let began = Instant::now();
    let report = shop.build();
    assert!(began.elapsed() < Duration::from_secs(20));
    let reason = |file: &str| {
        let found = report.skipped.iter().find(|s| Path::new(&s.path).ends_with(file));
        found.map_or_else(|| panic!("{file} in {:?}", report.skipped), |s| s.reason.clone())
    };
    assert!(reason("huge.txt").contains("larger than"));
    assert!(
        reason("pipe.txt").contains("not a regular file")
            && reason("socket.md").contains("not a regular file")
    );
    assert!(reason("loop").contains("already listed") && !reason("dangling.md").is_empty());
    assert!(reason("nul.md").contains("binary"));
    assert_eq!(report.documents, 1);
    drop(socket);
}

// --- the program itself -------------------------------------------------------------------

fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let patience = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < patience, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Killed at any instant: the index opens with the old generation or the new one, and
/// nothing in it is half. `MILLWRIGHT_KILLS` says how often; five times where it does not.
#[test]
fn killed_at_a_random_instant_the_index_is_whole() {
    const FILES: usize = 60;
    let kills: usize = std::env::var("MILLWRIGHT_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(5);
    let plant = Plant::bare();
    let shop = Shop::of(FILES);
    let manuals = shop.manuals().to_string_lossy().into_owned();
    let began = Instant::now();
    plant.json(&["index", &manuals]);
    let whole = began.elapsed();
    let kb = index::kb_dir(plant.data(), "main");
    let (mut seed, mut mark, mut old, mut new) = (0x5EED_u64, "first".to_owned(), 0, 0);
    for kill in 0..kills {
        let next = format!("round{kill}");
        for n in 0..FILES {
            shop.put(&name(n), manual(n, &next));
        }
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let instant = whole.mul_f64((seed >> 33) as f64 / f64::from(1u32 << 31));
        let mut child = plant.command(&["index", &manuals]).spawn().unwrap();
        std::thread::sleep(instant);
        child.kill().unwrap();
        child.wait().unwrap();
        let generation = Generation::open(&kb).unwrap();
        generation.verify().unwrap();
        assert_eq!(generation.documents().len(), FILES);
        let marked = |mark: &str| {
            let says = format!("This text is {mark}.");
            generation.passages().filter(|p| p.text.contains(&says)).count()
        };
        match (marked(&mark), marked(&next)) {
            (FILES, 0) => old += 1,
            (0, FILES) => {
                new += 1;
                mark = next;
            }
            half => panic!("after {instant:?} of {whole:?}: {half:?}"),
        }
        let query = Query { text: "what is E117".into(), k: 3, ..Query::default() };
        let found = search(&[&generation], &query, None).unwrap();
        assert_eq!(found.hits[0].passage.document, name(17));
    }
    assert_eq!(old + new, kills);
    plant.json(&["index", &manuals]);
    let left: Vec<_> = fs::read_dir(&kb).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.len() <= 1 + index::KEPT, "nothing is left behind: {left:?}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_what_is_done_and_the_next_run_goes_on() {
    let plant = Plant::bare();
    let shop = Shop::of(1500);
    let manuals = shop.manuals().to_string_lossy().into_owned();
    let child = plant.command(&["index", &manuals, "--json"]).spawn().unwrap();
    let spool = index::kb_dir(plant.data(), "main").join("gen-1/spool/texts.bin");
    wait_until("the first texts are kept", || fs::metadata(&spool).is_ok_and(|m| m.len() > 0));
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let done = &lines(&output)[0];
    let (read, left) = (done["read"].as_u64().unwrap(), done["left"].as_u64().unwrap());
    assert!(done["interrupted"] == true && read > 0 && left > 0 && read + left == 1500, "{done}");
    assert!(stderr(&output).contains("again"), "{}", stderr(&output));
    assert!(!plant.json(&["search", "tighten the bolts"]).is_empty(), "what was read is searched");
    let rest = plant.json(&["index", &manuals]);
    assert_eq!(rest[0]["read"].as_u64().unwrap(), left);
    assert_eq!(
        (rest[0]["unchanged"].as_u64().unwrap(), rest[0]["documents"].as_u64().unwrap()),
        (read, 1500)
    );
}

#[cfg(unix)]
#[test]
fn a_watched_directory_is_indexed_again_when_it_changes() {
    let plant = Plant::bare();
    let shop = Shop::of(2);
    let manuals = shop.manuals().to_string_lossy().into_owned();
    let mut child = plant
        .command(&["index", &manuals, "--watch", "--json"])
        .env("MILLWRIGHT_INDEX_WATCH_QUIET_MS", "200")
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut rows = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut documents = || -> u64 {
        let row: Value = serde_json::from_str(&rows.next().unwrap().unwrap()).unwrap();
        row["documents"].as_u64().unwrap()
    };
    assert_eq!(documents(), 2);
    shop.put(&name(2), manual(2, "first"));
    assert_eq!(documents(), 3);
    let found = plant.json(&["search", "E102"]);
    assert_eq!(found[0]["document"], name(2).as_str(), "the node that watches serves others");
    fs::remove_file(shop.manuals().join(name(0))).unwrap();
    assert_eq!(documents(), 2);
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn index_check_lists_each_fact_with_its_origin_and_the_conflicts() {
    let plant = Plant::bare();
    let shop = Shop::of(1);
    shop.put("other.md", manual(0, "another text with the same revision"));
    shop.put("wx-20_manual_rev-b_en.txt", "Wind gauge\n\nThe gauge shows the wind.\n");
    let manuals = shop.manuals().to_string_lossy().into_owned();
    let indexed = plant.json(&["index", &manuals]);
    let note = &indexed[0]["skipped"][0];
    assert!(note["reason"].as_str().unwrap().starts_with("conflict"), "{indexed:?}");
    let rows = plant.json(&["index", "--check"]);
    let of = |document: &str| rows.iter().find(|r| r["document"] == document).unwrap();
    assert_eq!(of(&name(0))["origins"]["revision"], "front-matter");
    let gauge = of("wx-20_manual_rev-b_en.txt");
    assert_eq!(
        (&gauge["model"], &gauge["revision"], &gauge["language"]),
        (&Value::from("WX-20"), &Value::from("B"), &Value::from("en"))
    );
    assert_eq!(gauge["origins"]["revision"], "file-name");
    assert_eq!(
        (&gauge["machine"], &gauge["origins"]["machine"]),
        (&Value::from(""), &Value::from("unknown"))
    );
    assert!(gauge["warnings"][0].as_str().unwrap().contains("machine unknown"), "{gauge}");
    let last = rows.last().unwrap();
    assert_eq!(last["documents"], 2);
    assert!(last["skipped"][0]["reason"].as_str().unwrap().starts_with("conflict"), "{last}");
    let table = plant.run(&["index", "--check"]);
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(table.contains("WX-20 N") && table.contains("conflicts"), "{table}");
}
