//! An index generation: everything that belongs together, written aside and named last.
//!
//! ```text
//! DATA/kb/<kb>/CURRENT          "gen-7"; renamed into place when gen-7 is whole
//! DATA/kb/<kb>/gen-7/meta.toml  schema, analyser, counts
//!                   /documents.jsonl   one Document a line
//!                   /texts/<n>.txt     stored text of the n-th document
//!                   /passages.jsonl    one Passage a line; the line is its id
//!                   /codes.json        codes, designations, terms
//!                   /tantivy/          the words
//! ```
//!
//! A generation is never changed once `CURRENT` names it. A reader holds what it opened;
//! it neither blocks a build nor sees one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tantivy::schema::{FAST, Field, INDEXED, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};

use super::analyse;
use super::passage::Passage;
use super::revision::Identity;
use crate::core::{Error, Kind, Result};

/// Changes whenever a file of a generation changes its form.
pub const SCHEMA: u32 = 2;

/// Is a document searched by default, and if not, why?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// In force.
    Current,
    /// A newer revision exists: its document id.
    Superseded(String),
    /// Not yet in force.
    Draft,
    /// No longer in force.
    Withdrawn,
}

/// A document of a generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Its path below the indexed directory, with `/`.
    pub id: String,
    /// The file it was read from.
    pub source: PathBuf,
    /// The format's name.
    pub format: String,
    /// What it is.
    pub identity: Identity,
    /// Codes that the whole document is the entry of, as written.
    pub codes: Vec<String>,
    /// Is it searched?
    pub standing: Standing,
    /// SHA-256 of the stored text, hexadecimal.
    pub sha256: String,
    /// Bytes of stored text.
    pub bytes: u64,
    /// Its passages: the first id, and one past the last.
    pub passages: (u32, u32),
}

/// Where a code stands in a generation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeEntry {
    /// As the manuals write it.
    pub written: String,
    /// Passages that are the code's own entry.
    pub own: Vec<u32>,
    /// Passages that mention it.
    pub mentions: Vec<u32>,
}

/// What the manuals talk about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vocabulary {
    /// Codes by canonical form.
    pub codes: BTreeMap<String, CodeEntry>,
    /// Words with letters and digits, canonical: a question may name them.
    pub designations: BTreeSet<String>,
    /// Machines, models and headings, for the recogniser to expect.
    pub terms: Vec<String>,
}

/// `meta.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Meta {
    pub schema: u32,
    pub analyser: String,
    pub generation: u64,
    pub kb: String,
    pub documents: u64,
    pub passages: u64,
}

/// The fields of the word index.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    pub id: Field,
    /// The document's place in `documents.jsonl`.
    pub document: Field,
    pub title: Field,
    pub heading: Field,
    pub body: Field,
    pub codes: Field,
}

/// The schema of the word index. Texts arrive as terms of `analyse`, joined by spaces.
pub(crate) fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let words = || {
        TextOptions::default().set_indexing_options(
            TextFieldIndexing::default()
                .set_tokenizer("whitespace")
                .set_index_option(IndexRecordOption::WithFreqs),
        )
    };
    let fields = Fields {
        id: builder.add_u64_field("id", FAST),
        document: builder.add_u64_field("document", INDEXED),
        title: builder.add_text_field("title", words()),
        heading: builder.add_text_field("heading", words()),
        body: builder.add_text_field("body", words()),
        codes: builder.add_text_field("codes", words()),
    };
    (builder.build(), fields)
}

/// One knowledge base as it was when it was opened.
pub struct Generation {
    /// Its number.
    pub number: u64,
    /// The knowledge base's name.
    pub kb: String,
    /// Codes, designations, terms.
    pub vocabulary: Vocabulary,
    documents: Vec<Document>,
    passages: Vec<Passage>,
    dir: PathBuf,
    pub(crate) searcher: tantivy::Searcher,
    pub(crate) fields: Fields,
}

impl Generation {
    /// Opens the current generation of the knowledge base in `kb_dir`.
    ///
    /// # Errors
    /// `Kind::Index` where there is none, it is of another schema, or damaged.
    pub fn open(kb_dir: &Path) -> Result<Self> {
        let number = current(kb_dir)?.ok_or_else(|| missing(format!("no index in {}", kb_dir.display())))?;
        Self::open_number(kb_dir, number)
    }

    /// Opens one generation by number, as replay does.
    ///
    /// # Errors
    /// As [`Generation::open`].
    pub fn open_number(kb_dir: &Path, number: u64) -> Result<Self> {
        let dir = kb_dir.join(dir_name(number));
        let text = fs::read_to_string(dir.join("meta.toml")).map_err(|e| {
            missing(format!("index generation {number} in {} cannot be opened", kb_dir.display())).because(e)
        })?;
        let meta: Meta = toml::from_str(&text).map_err(|e| damaged(&dir, "meta.toml").because(e))?;
        if meta.schema != SCHEMA || meta.analyser != analyse::VERSION {
            return Err(missing(format!(
                "index generation {number} of `{}` was made by another version (schema {}, analyser {}; this one reads {SCHEMA}, {})",
                meta.kb,
                meta.schema,
                meta.analyser,
                analyse::VERSION
            )));
        }
        let documents: Vec<Document> = read_lines(&dir, "documents.jsonl")?;
        let passages: Vec<Passage> = read_lines(&dir, "passages.jsonl")?;
        if documents.len() as u64 != meta.documents || passages.len() as u64 != meta.passages {
            return Err(damaged(&dir, "passages.jsonl"));
        }
        let codes = File::open(dir.join("codes.json")).map_err(|e| damaged(&dir, "codes.json").because(e))?;
        let vocabulary = serde_json::from_reader(BufReader::new(codes))
            .map_err(|e| damaged(&dir, "codes.json").because(e))?;
        let open = || -> tantivy::Result<tantivy::Searcher> {
            let index = tantivy::Index::open_in_dir(dir.join("tantivy"))?;
            let reader = index.reader_builder().reload_policy(tantivy::ReloadPolicy::Manual).try_into()?;
            let reader: tantivy::IndexReader = reader;
            Ok(reader.searcher())
        };
        let searcher = open().map_err(|e| damaged(&dir, "tantivy").because(e))?;
        let (_, fields) = schema();
        Ok(Generation {
            number: meta.generation,
            kb: meta.kb,
            vocabulary,
            documents,
            passages,
            dir,
            searcher,
            fields,
        })
    }

    /// The documents, by id.
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// One document.
    pub fn document(&self, id: &str) -> Option<&Document> {
        self.documents.binary_search_by(|d| d.id.as_str().cmp(id)).ok().and_then(|i| self.documents.get(i))
    }

    /// All passages; a passage's id is its place.
    pub fn passages(&self) -> &[Passage] {
        &self.passages
    }

    /// One passage.
    pub fn passage(&self, id: u32) -> Option<&Passage> {
        self.passages.get(id as usize)
    }

    /// The document that a passage belongs to.
    pub fn document_of(&self, passage: u32) -> Option<&Document> {
        self.place_of(passage).and_then(|place| self.documents.get(place))
    }

    /// The place in [`Generation::documents`] of the document that a passage belongs to.
    pub(crate) fn place_of(&self, passage: u32) -> Option<usize> {
        let after = self.documents.partition_point(|d| d.passages.1 <= passage);
        self.documents.get(after).filter(|d| (d.passages.0..d.passages.1).contains(&passage)).map(|_| after)
    }

    /// The passages of the same section, in the manual's order: a step's procedure, a
    /// row's table.
    pub fn section_of(&self, passage: u32) -> &[Passage] {
        let (Some(here), Some(document)) = (self.passage(passage), self.document_of(passage)) else {
            return &[];
        };
        let (first, last) = (document.passages.0 as usize, document.passages.1 as usize);
        let all = self.passages.get(first..last).unwrap_or_default();
        let at = (passage as usize).saturating_sub(first);
        let same = |p: &Passage| p.section == here.section;
        let start = all.get(..at).unwrap_or_default().iter().rposition(|p| !same(p)).map_or(0, |i| i + 1);
        let end =
            all.get(at..).unwrap_or_default().iter().position(|p| !same(p)).map_or(all.len(), |i| at + i);
        all.get(start..end).unwrap_or_default()
    }

    /// A document's stored text, into which all spans point.
    ///
    /// # Errors
    /// `Kind::Index` where the generation has no such document, or its text is damaged.
    pub fn stored_text(&self, document: &str) -> Result<String> {
        let place = self
            .documents
            .binary_search_by(|d| d.id.as_str().cmp(document))
            .map_err(|_| missing(format!("`{document}` is not in the index")))?;
        let name = text_name(place);
        fs::read_to_string(self.dir.join(&name)).map_err(|e| damaged(&self.dir, &name).because(e))
    }

    /// Is this canonical form a code that some passage holds?
    pub fn known_code(&self, normal: &str) -> bool {
        self.vocabulary.codes.contains_key(normal)
    }
}

/// The open generations of one data directory.
pub struct Store {
    /// By knowledge base name.
    pub generations: Vec<Generation>,
}

/// Opens one knowledge base, or with `None` all of them.
///
/// # Errors
/// `Kind::Index` where there is none, or one cannot be opened.
pub fn open_all(data: &Path, kb: Option<&str>) -> Result<Store> {
    let names = match kb {
        Some(name) => vec![checked_name(name)?.to_owned()],
        None => knowledge_bases(data)?,
    };
    if names.is_empty() {
        return Err(missing(format!("nothing is indexed in {}", data.display())));
    }
    let open = |name: &String| Generation::open(&kb_dir(data, name));
    Ok(Store { generations: names.iter().map(open).collect::<Result<_>>()? })
}

/// The knowledge bases of a data directory that have a current generation, by name.
///
/// # Errors
/// `Kind::Io` where the directory cannot be listed.
pub fn knowledge_bases(data: &Path) -> Result<Vec<String>> {
    let root = data.join("kb");
    let entries = match fs::read_dir(&root) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(io(&root, e)),
    };
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| root.join(name).join("CURRENT").is_file())
        .collect();
    names.sort();
    Ok(names)
}

/// Where a knowledge base lives.
pub fn kb_dir(data: &Path, kb: &str) -> PathBuf {
    data.join("kb").join(kb)
}

/// A name that is a plain directory name on every system.
pub(crate) fn checked_name(kb: &str) -> Result<&str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let fits = (1..=64).contains(&kb.len()) && kb.chars().all(plain) && !kb.starts_with('.');
    fits.then_some(kb).ok_or_else(|| {
        Error::new(Kind::Index, format!("`{kb}` cannot name a knowledge base"))
            .hint("use letters, digits, `-` and `_`")
    })
}

pub(crate) fn dir_name(number: u64) -> String {
    format!("gen-{number}")
}

pub(crate) fn text_name(place: usize) -> String {
    format!("texts/{place}.txt")
}

/// The number of the current generation; `None` where there is none yet.
pub(crate) fn current(kb_dir: &Path) -> Result<Option<u64>> {
    match fs::read_to_string(kb_dir.join("CURRENT")) {
        Ok(text) => match number_of(text.trim()) {
            Some(number) => Ok(Some(number)),
            None => Err(damaged(kb_dir, "CURRENT")),
        },
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(io(&kb_dir.join("CURRENT"), e)),
    }
}

/// The number in `gen-N`.
pub(crate) fn number_of(name: &str) -> Option<u64> {
    name.strip_prefix("gen-")?.parse().ok()
}

/// Names `number` as the current generation: written aside, synced, renamed.
pub(crate) fn make_current(kb_dir: &Path, number: u64) -> Result<()> {
    let (aside, current) = (kb_dir.join("CURRENT.new"), kb_dir.join("CURRENT"));
    write_synced(&aside, |file| writeln!(file, "{}", dir_name(number)))?;
    fs::rename(&aside, &current).map_err(|e| io(&current, e))?;
    sync_dir(kb_dir)
}

/// Writes a file and waits until it is on the disk.
pub(crate) fn write_synced(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<()> {
    let run = || {
        let mut out = std::io::BufWriter::new(File::create(path)?);
        write(&mut out)?;
        out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()
    };
    run().map_err(|e| io(path, e))
}

/// Makes renames and new names in a directory durable, where the system has that.
pub(crate) fn sync_dir(dir: &Path) -> Result<()> {
    if cfg!(unix) {
        File::open(dir).and_then(|d| d.sync_all()).map_err(|e| io(dir, e))?;
    }
    Ok(())
}

fn read_lines<T: DeserializeOwned>(dir: &Path, name: &str) -> Result<Vec<T>> {
    let file = File::open(dir.join(name)).map_err(|e| damaged(dir, name).because(e))?;
    BufReader::new(file)
        .lines()
        .map(|line| {
            let line = line.map_err(|e| damaged(dir, name).because(e))?;
            serde_json::from_str(&line).map_err(|e| damaged(dir, name).because(e))
        })
        .collect()
}

fn missing(what: String) -> Error {
    Error::new(Kind::Index, what).hint("millwright index DIR")
}

fn damaged(dir: &Path, name: &str) -> Error {
    missing(format!("the index is damaged: {}", dir.join(name).display()))
}

pub(crate) fn io(path: &Path, e: std::io::Error) -> Error {
    Error::new(Kind::Io, format!("cannot write or read {}", path.display()))
        .because(e)
        .hint("check the disk's free space and the directory's permissions")
}
