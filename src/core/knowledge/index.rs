//! Builds a generation: read, identify, settle revisions, cut, write aside, name it last.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::cut;
use super::passage::Passage;
use super::read::{self, MAX_BYTES};
use super::revision::{Fact, Identity, Stated, sidecar};
use super::settle::settle;
use super::walk::{self, Source};
use super::write::write;
use crate::core::{Error, Kind, Result};

pub use super::generation::{Document, Generation, Standing, Store, kb_dir, knowledge_bases, open_all};
use super::generation::{checked_name, current};
pub use super::walk::Skipped;

/// Generations that are kept, the current one among them: replay reads the older ones.
pub const KEPT: u64 = 3;

/// How far a build is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// A file is read: how many are done, and of how many.
    Reading {
        /// Files done.
        done: usize,
        /// Files in all.
        of: usize,
        /// The file's name.
        name: String,
    },
    /// The generation is written.
    Writing {
        /// Passages in it.
        passages: usize,
    },
}

/// What a build did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Documents in the generation.
    pub documents: usize,
    /// Passages in it.
    pub passages: usize,
    /// What did not go in, and why.
    pub skipped: Vec<Skipped>,
    /// What went in but lacks something, and what was superseded.
    pub warnings: Vec<String>,
    /// Bytes of stored text.
    pub bytes: u64,
    /// The generation's number.
    pub generation: u64,
}

/// A document on its way into a generation.
pub(super) struct Entry {
    pub(super) document: Document,
    pub(super) text: String,
    pub(super) passages: Vec<Passage>,
}

/// By document id.
pub(super) type Entries = BTreeMap<String, Entry>;

/// Indexes `dirs` into the knowledge base `kb` below `data`: what was indexed from these
/// directories before is replaced, what came from others stays. Where nothing changed, no
/// generation is made and the report names the current one.
///
/// # Errors
/// `Kind::Unreadable` where one of `dirs` holds nothing readable; `Kind::Index` for a name
/// that cannot be a knowledge base's; `Kind::Io` where the disk refuses. The generation
/// before stays in force.
pub fn build(kb: &str, dirs: &[PathBuf], data: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Report> {
    let kb_dir = kb_dir(data, checked_name(kb)?);
    let mut report = Report::default();
    let roots = roots(dirs)?;
    let mut entries = carried_over(&kb_dir, &roots, &mut report)?;
    read_all(kb, &roots, &mut entries, &mut report, progress)?;
    settle(&mut entries, &mut report);
    write(kb, &kb_dir, entries, report, progress)
}

/// Takes one document out of a knowledge base, in a new generation.
///
/// # Errors
/// `Kind::Index` where there is no such document or no index, or it is the last one;
/// `Kind::Io` as for [`build`].
pub fn remove(data: &Path, kb: &str, document: &str) -> Result<Report> {
    let kb_dir = kb_dir(data, checked_name(kb)?);
    let mut report = Report::default();
    let mut entries = entries_of(&Generation::open(&kb_dir)?, |_| true)?;
    if entries.remove(document).is_none() {
        return Err(Error::new(Kind::Index, format!("`{document}` is not in the index `{kb}`"))
            .hint("millwright index --check lists the documents"));
    }
    if entries.is_empty() {
        return Err(Error::new(Kind::Index, format!("`{document}` is the only document of `{kb}`"))
            .hint(format!("delete {} to drop the whole index", kb_dir.display())));
    }
    settle(&mut entries, &mut report);
    write(kb, &kb_dir, entries, report, &mut |_| {})
}

/// The directories by their real paths, each once, in order.
fn roots(dirs: &[PathBuf]) -> Result<Vec<PathBuf>> {
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

/// The documents of the generation before that do not come from `roots`.
fn carried_over(kb_dir: &Path, roots: &[PathBuf], report: &mut Report) -> Result<Entries> {
    if current(kb_dir)?.is_none() {
        return Ok(Entries::new());
    }
    let before = match Generation::open(kb_dir) {
        Ok(before) => before,
        // Of another version or damaged: it cannot be read, so it cannot be carried over.
        Err(e) if e.kind == Kind::Index => {
            report.warnings.push(format!("{e}; only what is named now is in the new index"));
            return Ok(Entries::new());
        }
        Err(e) => return Err(e),
    };
    entries_of(&before, |document| !roots.iter().any(|root| document.source.starts_with(root)))
}

fn entries_of(generation: &Generation, keep: impl Fn(&Document) -> bool) -> Result<Entries> {
    let mut entries = Entries::new();
    for document in generation.documents().iter().filter(|d| keep(d)) {
        let (first, last) = (document.passages.0 as usize, document.passages.1 as usize);
        let passages = generation.passages().get(first..last).unwrap_or_default().to_vec();
        let text = generation.stored_text(&document.id)?;
        entries.insert(document.id.clone(), Entry { document: document.clone(), text, passages });
    }
    Ok(entries)
}

fn read_all(
    kb: &str,
    roots: &[PathBuf],
    entries: &mut Entries,
    report: &mut Report,
    progress: &mut dyn FnMut(Progress),
) -> Result<()> {
    let listings: Vec<_> = roots.iter().map(|root| (root, walk::list(root))).collect();
    let of = listings.iter().map(|(_, listing)| listing.sources.len()).sum();
    let mut done = 0;
    for (root, listing) in listings {
        let mut skipped = listing.skipped;
        let mut read = 0;
        let mut sidecars = Sidecars::default();
        for source in &listing.sources {
            let alone =
                listing.sources.iter().filter(|s| s.path.parent() == source.path.parent()).take(2).count()
                    == 1;
            match read_one(kb, root, source, alone, entries, &mut sidecars, &mut report.warnings) {
                Ok(entry) => {
                    entries.insert(entry.document.id.clone(), entry);
                    read += 1;
                }
                Err(e) => skipped.push(Skipped {
                    path: source.path.to_string_lossy().into_owned(),
                    reason: e.to_string(),
                }),
            }
            done += 1;
            progress(Progress::Reading { done, of, name: source.name.clone() });
        }
        skipped.sort();
        if read == 0 {
            return Err(nothing_readable(root, &skipped));
        }
        report.skipped.extend(skipped);
    }
    Ok(())
}

fn nothing_readable(root: &Path, skipped: &[Skipped]) -> Error {
    let mut what = format!("nothing readable in {}", root.display());
    for Skipped { path, reason } in skipped.iter().take(3) {
        what.push_str(&format!("; {path}: {reason}"));
    }
    Error::new(Kind::Unreadable, what).hint("put Markdown (.md) or plain text (.txt) manuals there")
}

fn read_one(
    kb: &str,
    root: &Path,
    source: &Source,
    alone: bool,
    entries: &Entries,
    sidecars: &mut Sidecars,
    warnings: &mut Vec<String>,
) -> Result<Entry> {
    let bytes = bounded(&source.path, MAX_BYTES)?;
    let read = source.reader.read(&bytes, &source.name)?;
    let (stated, own_sidecar) = sidecars.of(&source.path, warnings)?;
    let stem = source.path.file_stem().unwrap_or_default().to_string_lossy();
    let identity = Identity::of(&read, &stated, own_sidecar || alone, &stem);
    if is_about_the_folder(source, &identity) {
        let what = "a README that names no machine is about the folder, not a manual";
        return Err(read::unreadable(what, "give it front matter with `machine` to index it"));
    }
    let id = free_id(root, &source.name, entries)?;
    let passages = cut::cut(&read, &identity, kb, &id, &[])?;
    if passages.is_empty() {
        return Err(read::unreadable("no text in it", "index files that hold text"));
    }
    if let Some(complaint) = identity.complaint() {
        warnings.push(format!("{id}: {complaint}"));
    }
    let document = Document {
        codes: cut::document_codes(&read, &identity),
        id,
        source: source.path.clone(),
        format: source.reader.format().to_owned(),
        identity,
        standing: Standing::Current,
        sha256: hex(&Sha256::digest(read.text.as_bytes())),
        bytes: read.text.len() as u64,
        passages: (0, 0),
    };
    Ok(Entry { document, text: read.text, passages })
}

/// A README at the top of an indexed directory that says of no machine that it is about it.
fn is_about_the_folder(source: &Source, identity: &Identity) -> bool {
    let stem = source.name.split('.').next().unwrap_or_default();
    let stated = [&identity.machine, &identity.model, &identity.revision].into_iter().any(Fact::is_known);
    stem.eq_ignore_ascii_case("readme") && !stated
}

/// The name below the root; where another directory has the same, with the root's name.
fn free_id(root: &Path, name: &str, entries: &Entries) -> Result<String> {
    if !entries.contains_key(name) {
        return Ok(name.to_owned());
    }
    let root_name = root.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let longer = format!("{root_name}/{name}");
    if entries.contains_key(&longer) {
        return Err(read::unreadable(
            format!("`{longer}` is already indexed from another directory"),
            "rename the file",
        ));
    }
    Ok(longer)
}

/// Reads at most `limit` bytes: a file may have grown since it was listed.
fn bounded(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let unreadable =
        |e: std::io::Error| read::unreadable("cannot be read", "check its permissions").because(e);
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

/// Sidecars as they are found; a directory's own is read once.
#[derive(Default)]
struct Sidecars {
    complained: BTreeSet<PathBuf>,
}

impl Sidecars {
    const LARGEST: u64 = 1 << 20;

    /// What is stated beside a file, and whether by a sidecar of its own.
    fn of(&mut self, path: &Path, warnings: &mut Vec<String>) -> Result<(Stated, bool)> {
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let own = [format!("{file_name}.manual.toml"), format!("{stem}.manual.toml")];
        let shared = "manual.toml".to_owned();
        let mut stated = Stated::new();
        let mut has_own = false;
        // The directory's first, so that the file's own overrides it.
        for (name, is_own) in std::iter::once((shared, false)).chain(own.into_iter().rev().map(|n| (n, true)))
        {
            let beside = path.with_file_name(&name);
            if !beside.is_file() {
                continue;
            }
            let text = read::decode(&bounded(&beside, Self::LARGEST)?, &name)?;
            let (facts, odd) = sidecar(&text, &name)?;
            has_own |= is_own && facts.contains_key("title");
            stated.extend(facts);
            if self.complained.insert(beside) {
                warnings.extend(odd);
            }
        }
        Ok((stated, has_own))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
