//! A plant for tests: a data directory with the sample manuals indexed and the models
//! linked in, and the real binary run on it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// One data directory with everything in it. Removed when dropped.
pub struct Plant {
    dir: tempfile::TempDir,
}

/// The repository's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

impl Plant {
    /// Models and index.
    pub fn new() -> Plant {
        let plant = Plant::without_index();
        copy(&indexed().join("kb"), &plant.data().join("kb"));
        plant
    }

    /// Models, and nothing indexed.
    pub fn without_index() -> Plant {
        let plant = Plant::bare();
        link(&super::model_data().join("models"), &plant.data().join("models"));
        plant
    }

    /// An empty data directory.
    pub fn bare() -> Plant {
        Plant { dir: tempfile::tempdir().unwrap() }
    }

    pub fn data(&self) -> &Path {
        self.dir.path()
    }

    /// The binary on this data directory, with none of the environment's settings.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_millwright"));
        for (key, _) in std::env::vars().filter(|(k, _)| k.starts_with("MILLWRIGHT_")) {
            command.env_remove(key);
        }
        command.current_dir(root()).env("NO_COLOR", "1").arg("--data").arg(self.data()).args(args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs to success and parses every line of stdout as JSON.
    pub fn json(&self, args: &[&str]) -> Vec<Value> {
        let output = self.run(&[args, &["--json"]].concat());
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
        lines(&output)
    }
}

pub fn lines(output: &Output) -> Vec<Value> {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    text.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"))).collect()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The sample manuals, indexed once per test run.
fn indexed() -> &'static Path {
    static INDEXED: OnceLock<PathBuf> = OnceLock::new();
    INDEXED.get_or_init(|| {
        let plant = Plant::bare();
        plant.json(&["index", "knowledge"]);
        plant.dir.keep()
    })
}

fn link(from: &Path, to: &Path) {
    let from = from.canonicalize().unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(from, to).unwrap();
    #[cfg(windows)]
    std::os::windows::fs::symlink_dir(from, to).unwrap();
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
