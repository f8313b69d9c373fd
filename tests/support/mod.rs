//! What every behaviour test shares: where the models are.

pub mod plant;
pub mod quiet;
pub mod sound;

use std::io::{BufRead, Lines};
use std::path::PathBuf;

/// The data directory that `make test` has pulled the default models into.
///
/// # Panics
/// With the command that supplies it, where it is not there: a test that needs a model
/// fails loudly rather than being skipped.
pub fn model_data() -> PathBuf {
    let dir = std::env::var_os("MILLWRIGHT_TEST_DATA")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(".data"));
    assert!(
        dir.join("models").is_dir(),
        "no models in {}: run `make models` (or set MILLWRIGHT_TEST_DATA)",
        dir.display()
    );
    dir
}

/// One model file below the data directory.
pub fn model(id: &str, file: &str) -> PathBuf {
    let path = model_data().join("models").join(id).join(file);
    assert!(path.is_file(), "{} is missing: run `make models`", path.display());
    path
}

/// Waits for a line with this word in it.
///
/// # Panics
/// Where the lines end before it, with those that came.
pub fn wait_for(said: &mut Lines<impl BufRead>, word: &str) -> String {
    let mut seen = Vec::new();
    loop {
        let line = said.next().unwrap_or_else(|| panic!("ended before {word:?}: {seen:?}")).unwrap();
        if line.contains(word) {
            return line;
        }
        seen.push(line);
    }
}
