//! Builds a generation: read, identify, settle revisions, cut, write aside, name it last.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};
use tantivy::TantivyDocument;

use super::passage::{Passage, Shape};
use super::read::{self, MAX_BYTES};
use super::revision::{Identity, Stated, Status, sidecar};
use super::walk::{self, Source};
use super::{analyse, code, cut};
use crate::core::{Error, Kind, Result};

pub use super::generation::{Document, Generation, Standing, Store, kb_dir, knowledge_bases, open_all};
use super::generation::{
    Meta, SCHEMA, Vocabulary, checked_name, current, dir_name, io, make_current, number_of, schema, sync_dir,
    text_name, write_synced,
};
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
struct Entry {
    document: Document,
    text: String,
    passages: Vec<Passage>,
}

type Entries = BTreeMap<String, Entry>;

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
    let id = free_id(root, &source.name, entries)?;
    let passages = cut::cut(&read, &identity, kb, &id)?;
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

/// Decides which of several revisions of one manual is in force. Two files that claim the
/// same revision are a conflict: the later path is left out.
fn settle(entries: &mut Entries, report: &mut Report) {
    let mut manuals: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (id, entry) in entries.iter() {
        manuals.entry(entry.document.identity.manual()).or_default().push(id.clone());
    }
    for ids in manuals.values() {
        drop_conflicts(ids, entries, report);
        let kept: Vec<(&String, &Identity)> =
            ids.iter().filter_map(|id| Some((id, &entries.get(id)?.document.identity))).collect();
        let released = || kept.iter().filter(|(_, identity)| identity.status() == Status::Released);
        let mut standings = Vec::new();
        for (id, identity) in &kept {
            let newer = released()
                .filter(|(_, other)| identity.is_comparable(other) && other.compare(identity).is_gt())
                .max_by(|(_, a), (_, b)| a.compare(b));
            let standing = match (identity.status(), newer) {
                (Status::Draft, _) => Standing::Draft,
                (Status::Withdrawn, _) => Standing::Withdrawn,
                (Status::Released, Some((newer, _))) => Standing::Superseded((*newer).clone()),
                (Status::Released, None) => Standing::Current,
            };
            standings.push(((*id).clone(), standing));
        }
        let in_force: Vec<&str> =
            standings.iter().filter(|(_, s)| *s == Standing::Current).map(|(id, _)| id.as_str()).collect();
        if in_force.len() > 1 {
            report.warnings.push(format!(
                "{}: one title and no revision that says which is newer; all are searched",
                in_force.join(", ")
            ));
        }
        for (id, standing) in standings {
            match &standing {
                Standing::Current => {}
                Standing::Superseded(by) => {
                    report.warnings.push(format!("{id}: superseded by {by}; kept for replay"))
                }
                Standing::Draft => report.warnings.push(format!("{id}: a draft; not searched")),
                Standing::Withdrawn => report.warnings.push(format!("{id}: withdrawn; not searched")),
            }
            if let Some(entry) = entries.get_mut(&id) {
                entry.document.standing = standing;
            }
        }
    }
}

fn drop_conflicts(ids: &[String], entries: &mut Entries, report: &mut Report) {
    let mut kept: Vec<&String> = Vec::new();
    for id in ids {
        let Some(entry) = entries.get(id) else { continue };
        let identity = &entry.document.identity;
        let clash = kept.iter().filter_map(|k| entries.get(*k)).find_map(|other| {
            if other.document.sha256 == entry.document.sha256 {
                return Some(format!("the same text as {}", other.document.id));
            }
            let claimed = identity.revision.is_known() && identity.same_revision(&other.document.identity);
            claimed.then(|| {
                format!(
                    "conflict: claims revision {} of `{}` as {} does, with different content",
                    identity.revision.value, identity.title.value, other.document.id
                )
            })
        });
        match clash {
            Some(reason) => {
                let path = entry.document.source.to_string_lossy().into_owned();
                report.skipped.push(Skipped { path, reason });
                entries.remove(id);
            }
            None => kept.push(id),
        }
    }
}

fn write(
    kb: &str,
    kb_dir: &Path,
    entries: Entries,
    mut report: Report,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report> {
    let mut documents = Vec::with_capacity(entries.len());
    let mut passages = Vec::new();
    let mut texts = Vec::with_capacity(entries.len());
    for mut entry in entries.into_values() {
        let first = id_of(passages.len())?;
        passages.extend(entry.passages);
        entry.document.passages = (first, id_of(passages.len())?);
        report.bytes += entry.document.bytes;
        documents.push(entry.document);
        texts.push(entry.text);
    }
    report.documents = documents.len();
    report.passages = passages.len();
    report.skipped.sort();
    report.warnings.sort();
    if let Ok(before) = Generation::open(kb_dir)
        && before.documents() == documents
        && before.passages() == passages
    {
        report.generation = before.number;
        return Ok(report);
    }
    progress(Progress::Writing { passages: passages.len() });
    fs::create_dir_all(kb_dir).map_err(|e| io(kb_dir, e))?;
    let number = next_number(kb_dir)?;
    let dir = kb_dir.join(dir_name(number));
    fs::create_dir_all(dir.join("texts")).map_err(|e| io(&dir, e))?;
    for (place, text) in texts.iter().enumerate() {
        write_synced(&dir.join(text_name(place)), |out| out.write_all(text.as_bytes()))?;
    }
    write_lines(&dir.join("documents.jsonl"), &documents)?;
    write_lines(&dir.join("passages.jsonl"), &passages)?;
    let vocabulary = vocabulary(&documents, &passages);
    write_synced(&dir.join("codes.json"), |out| Ok(serde_json::to_writer(out, &vocabulary)?))?;
    write_words(&dir.join("tantivy"), &documents, &passages)?;
    let meta = Meta {
        schema: SCHEMA,
        analyser: analyse::VERSION.to_owned(),
        generation: number,
        kb: kb.to_owned(),
        documents: documents.len() as u64,
        passages: passages.len() as u64,
    };
    let meta =
        toml::to_string(&meta).map_err(|e| Error::new(Kind::Io, "cannot write meta.toml").because(e))?;
    write_synced(&dir.join("meta.toml"), |out| out.write_all(meta.as_bytes()))?;
    for synced in [&dir.join("texts"), &dir.join("tantivy"), &dir, kb_dir] {
        sync_dir(synced)?;
    }
    make_current(kb_dir, number)?;
    prune(kb_dir, number);
    report.generation = number;
    Ok(report)
}

fn id_of(place: usize) -> Result<u32> {
    u32::try_from(place).map_err(|e| {
        Error::new(Kind::Index, "more passages than an index can hold")
            .because(e)
            .hint("split the knowledge base")
    })
}

/// The number after the current one; what a killed build left behind is cleared away.
fn next_number(kb_dir: &Path) -> Result<u64> {
    let now = current(kb_dir)?;
    for (number, path) in generations(kb_dir) {
        if now.is_none_or(|now| number > now) {
            fs::remove_dir_all(&path).map_err(|e| io(&path, e))?;
        }
    }
    Ok(now.map_or(1, |n| n + 1))
}

/// Removes generations that are too old. One that cannot be removed (a reader holds it, on
/// some systems) is tried again by the next build.
fn prune(kb_dir: &Path, now: u64) {
    for (number, path) in generations(kb_dir) {
        if number + KEPT <= now {
            let _ = fs::remove_dir_all(path);
        }
    }
}

fn generations(kb_dir: &Path) -> Vec<(u64, PathBuf)> {
    let entries = fs::read_dir(kb_dir).into_iter().flatten().flatten();
    entries.filter_map(|e| Some((number_of(e.file_name().to_str()?)?, e.path()))).collect()
}

fn write_lines<T: Serialize>(path: &Path, rows: &[T]) -> Result<()> {
    write_synced(path, |out| {
        for row in rows {
            serde_json::to_writer(&mut *out, row)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    })
}

fn vocabulary(documents: &[Document], passages: &[Passage]) -> Vocabulary {
    let mut vocabulary = Vocabulary::default();
    let mut terms = BTreeSet::new();
    let named = |d: &Document| format!("{} {}", d.identity.model.value, d.identity.title.value);
    let models: BTreeSet<String> =
        documents.iter().flat_map(|d| analyse::designations(&named(d)).collect::<Vec<_>>()).collect();
    let of_document =
        |d: &Document| std::iter::repeat_n(d.codes.clone(), (d.passages.1 - d.passages.0) as usize);
    let whole = documents.iter().flat_map(of_document);
    for ((id, passage), whole) in (0u32..).zip(passages).zip(whole) {
        let own = cut::own_codes(passage, &whole);
        for written in &passage.codes {
            let normal = code::normalise(written);
            // One manual may mention another's machine: that is no code either.
            if models.contains(&normal) && !own.contains(&normal) {
                continue;
            }
            let entry = vocabulary.codes.entry(normal.clone()).or_default();
            if entry.written.is_empty() {
                entry.written.clone_from(written);
            }
            if own.contains(&normal) { entry.own.push(id) } else { entry.mentions.push(id) }
        }
        let headings = passage.section.iter().map(String::as_str);
        for text in headings.chain([passage.text.as_str(), &passage.title, &passage.machine, &passage.model])
        {
            vocabulary.designations.extend(analyse::designations(text));
        }
        terms.extend(passage.section.last().cloned());
    }
    for document in documents {
        terms.extend(
            [&document.identity.machine, &document.identity.model]
                .into_iter()
                .filter(|f| f.is_known())
                .map(|f| f.value.clone()),
        );
    }
    vocabulary.terms = terms.into_iter().collect();
    vocabulary
}

/// What a passage's body field holds: a row's headers belong to its cells.
pub(super) fn body(passage: &Passage) -> String {
    match passage.shape {
        Shape::Row => passage.fields.iter().map(|f| format!("{} {} ", f.name, f.value)).collect(),
        Shape::Prose | Shape::Step => passage.text.clone(),
    }
}

fn write_words(dir: &Path, documents: &[Document], passages: &[Passage]) -> Result<()> {
    const WRITER_BYTES: usize = 64 << 20;
    let run = || -> tantivy::Result<()> {
        fs::create_dir_all(dir)?;
        let (schema, fields) = schema();
        let index = tantivy::Index::create_in_dir(dir, schema)?;
        // One thread: segments and documents in one fixed order.
        let mut writer: tantivy::IndexWriter = index.writer_with_num_threads(1, WRITER_BYTES)?;
        writer.set_merge_policy(Box::new(tantivy::indexer::NoMergePolicy));
        for (place, document) in (0u64..).zip(documents) {
            let (first, last) = document.passages;
            for id in first..last {
                let Some(passage) = passages.get(id as usize) else { continue };
                let name = format!("{} {} {}", passage.title, passage.machine, passage.model);
                let codes: Vec<String> =
                    passage.codes.iter().map(|c| code::normalise(c).to_lowercase()).collect();
                let mut row = TantivyDocument::default();
                row.add_u64(fields.id, u64::from(id));
                row.add_u64(fields.document, place);
                row.add_text(fields.title, analyse::terms(&name).join(" "));
                row.add_text(fields.heading, analyse::terms(&passage.section.join(" ")).join(" "));
                row.add_text(fields.body, analyse::terms(&body(passage)).join(" "));
                row.add_text(fields.codes, codes.join(" "));
                writer.add_document(row)?;
            }
        }
        writer.commit()?;
        writer.wait_merging_threads()
    };
    run().map_err(|e| {
        Error::new(Kind::Io, format!("cannot write the word index in {}", dir.display()))
            .because(e)
            .hint("check the disk's free space and the directory's permissions")
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
