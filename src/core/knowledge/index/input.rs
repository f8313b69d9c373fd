//! What is read for a document: the file and the sidecars that speak about it.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::core::knowledge::read;
use crate::core::knowledge::revision::{Stated, sidecar};
use crate::core::{Error, Kind, Result};

/// Raised whenever a reader, the cut or the identity makes something else of the same
/// bytes: files are then read again although they have not changed.
const READERS: u32 = 4;

/// The largest sidecar, bytes.
const LARGEST_SIDECAR: u64 = 1 << 20;

/// The format and the version of its reader, as a generation keeps it.
pub(super) fn reader(format: &str) -> String {
    format!("{format}/{}/{READERS}", env!("CARGO_PKG_VERSION"))
}

/// The directories by their real paths, each once, in order.
pub(super) fn roots(dirs: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let real = |dir: &PathBuf| {
        fs::canonicalize(dir).map_err(|e| {
            Error::new(Kind::Unreadable, format!("cannot open {}", dir.display()))
                .because(e)
                .hint("name a directory of manuals")
        })
    };
    let roots: BTreeSet<PathBuf> = dirs.iter().map(real).collect::<Result<_>>()?;
    // What lies below another root is listed with it.
    Ok(roots
        .iter()
        .filter(|r| !roots.iter().any(|other| other != *r && r.starts_with(other)))
        .cloned()
        .collect())
}

/// Reads at most `limit` bytes: a file may have grown since it was listed.
pub(super) fn bounded(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let unreadable =
        |e: std::io::Error| read::unreadable("cannot be read", "check its permissions").because(e);
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(unreadable)?;
    file.take(limit + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > limit {
        return Err(read::unreadable(
            format!("larger than {} MiB", limit >> 20),
            "split it into smaller files",
        ));
    }
    Ok(bytes)
}

/// What is stated beside a file.
#[derive(Default)]
pub(super) struct Beside {
    /// The facts.
    pub(super) stated: Stated,
    /// Does a sidecar of its own, rather than the directory's, state the title?
    pub(super) own_title: bool,
    /// Names that the sidecars hold and nobody knows.
    pub(super) odd: Vec<String>,
    /// SHA-256 of the sidecars, hexadecimal; `""` where there are none.
    pub(super) digest: String,
}

impl Beside {
    /// Reads the sidecars of a file: the directory's first, so that its own overrides it.
    /// `alone` says that it is the only one that the directory's speaks about.
    pub(super) fn of(path: &Path, alone: bool) -> Result<Self> {
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let names = [
            ("manual.toml".to_owned(), false),
            (format!("{stem}.manual.toml"), true),
            (format!("{file_name}.manual.toml"), true),
        ];
        let mut beside = Beside::default();
        let mut hash = Sha256::new();
        for (name, is_own) in names {
            let sidecar_path = path.with_file_name(&name);
            if !sidecar_path.is_file() {
                continue;
            }
            let bytes = bounded(&sidecar_path, LARGEST_SIDECAR)?;
            hash.update(format!("{name}\0{alone}\0{}\0", bytes.len()));
            hash.update(&bytes);
            let (facts, odd) = sidecar(&read::decode(&bytes, &name)?, &name)?;
            beside.own_title |= is_own && facts.contains_key("title");
            beside.stated.extend(facts);
            beside.odd.extend(odd);
            beside.digest = hex(&hash.clone().finalize());
        }
        Ok(beside)
    }
}

/// SHA-256, hexadecimal.
pub(super) fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
