//! An index generation: everything that belongs together, written aside and named last.
//!
//! ```text
//! DATA/kb/<kb>/CURRENT          "gen-7"; renamed into place when gen-7 is whole
//! DATA/kb/<kb>/gen-7/meta.toml  schema, analyser, counts
//!                   /documents.jsonl   one Document a line
//!                   /inputs.jsonl      what each was read from: the next build reads only
//!                                      what has changed
//!                   /texts.bin, .idx       stored text, by the document's place
//!                   /passages.bin, .idx    one Passage as JSON, by its id
//!                   /codes.json        codes and terms
//!                   /designations.bin, .idx   words with letters and digits, sorted
//!                   /figures/          pictures that passages name
//!                   /report.json       what did not go in, what to look at, and the
//!                                      planner's glossary as it was
//!                   /tantivy/          the words
//!                   /vectors/          where an embedder was there
//! ```
//!
//! A generation is never changed once `CURRENT` names it. A reader holds what it opened;
//! it neither blocks a build nor sees one. Passages, texts and designations stay on the
//! disk and are read through the memory map (`records`).

mod calibration;
mod names;
pub(crate) mod place;
pub(crate) mod records;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tantivy::schema::{FAST, Field, INDEXED, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};

use super::analyse;
use super::code::Shapes;
use super::glossary::{Glossary, Proposal, Source, propose};
use super::passage::Passage;
use super::revision::Identity;
pub use super::standing::Standing;
use super::standing::standings;
use super::vectors::Vectors;
use super::vectors::late::Late;
use super::walk::Skipped;
use crate::core::Result;
pub use calibration::{Calibration, Finding, Point};
pub(crate) use names::{Name, Names};
pub(crate) use place::{checked_name, current, damaged, dir_name, missing};
pub use place::{kb_dir, knowledge_bases};
use records::Records;
pub use words::Words;

/// Changes whenever a file of a generation changes its form.
pub const SCHEMA: u32 = 3;

/// The directory of the vectors, and its files: a vector of each passage, those of its word
/// pieces, and the key of the text that they were made of.
pub(crate) const VECTORS: &str = "vectors";
pub(crate) const SENTENCES: &str = "sentences.vec";
pub(crate) const TOKENS: &str = "tokens.vec";
pub(crate) const KEYS: &str = "keys.bin";

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
    /// What its codes look like.
    pub shapes: Shapes,
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
#[derive(Default)]
pub struct Vocabulary {
    /// Codes by canonical form.
    pub codes: BTreeMap<String, CodeEntry>,
    /// Words with letters and digits, canonical: a question may name them.
    pub designations: Words,
    /// Machines, models and headings, for the recogniser to expect.
    pub terms: Vec<String>,
    /// What the codes of its documents look like.
    pub shapes: Shapes,
    /// Languages of its documents, as their identities have them; `""` where unknown.
    pub languages: BTreeSet<String>,
}

/// `codes.json`.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Codes {
    pub codes: BTreeMap<String, CodeEntry>,
    pub terms: Vec<String>,
}

/// What a document was read from. Where all of it is the same, so is the document, and the
/// next build carries it over unread.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Input {
    /// SHA-256 of the file's bytes, hexadecimal.
    pub file: String,
    /// SHA-256 of the sidecars that speak about it; `""` where none does.
    pub beside: String,
    /// The format's name, and the version of all readers.
    pub reader: String,
    /// What was to be said about it when it was read.
    pub warnings: Vec<String>,
    /// Its pictures' files below `figures/`.
    pub figures: Vec<String>,
    /// Those of them that lie beside the file: the link, and the picture's file.
    pub pictures: Vec<(String, String)>,
}

/// `meta.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Meta {
    pub schema: u32,
    pub analyser: String,
    pub generation: u64,
    /// The generation that first had these documents: the same manuals with vectors added
    /// are a generation of their own, but no other content.
    pub content: u64,
    pub kb: String,
    pub documents: u64,
    pub passages: u64,
    pub designations: u64,
}

impl Meta {
    pub(crate) fn read(dir: &Path) -> Result<Meta> {
        let text = fs::read_to_string(dir.join("meta.toml")).map_err(|e| {
            missing(format!("the index generation {} cannot be opened", dir.display())).because(e)
        })?;
        toml::from_str(&text).map_err(|e| damaged(dir, "meta.toml").because(e))
    }

    pub(crate) fn write(&self, dir: &Path) -> Result<()> {
        let text = toml::to_string(self).map_err(|e| damaged(dir, "meta.toml").because(e))?;
        place::write_synced(&dir.join("meta.toml"), |out| out.write_all(text.as_bytes()))
    }
}

/// `report.json`: what is to be known about a generation besides what is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remarks {
    /// What did not go in, and why.
    pub skipped: Vec<Skipped>,
    /// What went in but lacks something, and what was superseded.
    pub warnings: Vec<String>,
    /// The planner's glossary as it was, `""` where there was none.
    #[serde(default)]
    pub glossary: String,
}

fn remarks_of(dir: &Path) -> Result<Remarks> {
    let text = fs::read(dir.join("report.json")).map_err(|e| damaged(dir, "report.json").because(e))?;
    serde_json::from_slice(&text).map_err(|e| damaged(dir, "report.json").because(e))
}

fn glossary_of(dir: &Path) -> Result<Option<Glossary>> {
    let text = remarks_of(dir)?.glossary;
    if text.is_empty() { Ok(None) } else { Glossary::load(Some(&text)).map(Some) }
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
    /// How much evidence an answer needs, where it was found out.
    pub calibration: Option<Calibration>,
    /// The passages' vectors, where an embedder made them.
    pub vectors: Option<Vectors>,
    /// Those of their word pieces, where they are wanted.
    pub late: Option<Late>,
    documents: Vec<Document>,
    names: OnceLock<Names>,
    /// The planner's, where there is one.
    glossary: Option<Glossary>,
    inputs: Vec<Input>,
    passages: Records,
    texts: Records,
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
        let meta = Meta::read(&dir)?;
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
        let inputs: Vec<Input> = read_lines(&dir, "inputs.jsonl")?;
        let passages = Records::open(&dir, "passages", meta.passages)?;
        let texts = Records::open(&dir, "texts", meta.documents)?;
        let last = documents.last().map_or(0, |d| d.passages.1);
        if documents.len() as u64 != meta.documents
            || inputs.len() != documents.len()
            || u64::from(last) != meta.passages
            || !documents.is_sorted_by(|a, b| a.id < b.id && a.passages.1 == b.passages.0)
        {
            return Err(damaged(&dir, "documents.jsonl"));
        }
        let codes = File::open(dir.join("codes.json")).map_err(|e| damaged(&dir, "codes.json").because(e))?;
        let Codes { codes, terms } = serde_json::from_reader(BufReader::new(codes))
            .map_err(|e| damaged(&dir, "codes.json").because(e))?;
        let designations = Words::open(&dir, meta.designations)?;
        let open = || -> tantivy::Result<tantivy::Searcher> {
            let index = tantivy::Index::open_in_dir(dir.join("tantivy"))?;
            let reader = index.reader_builder().reload_policy(tantivy::ReloadPolicy::Manual).try_into()?;
            let reader: tantivy::IndexReader = reader;
            Ok(reader.searcher())
        };
        let searcher = open().map_err(|e| damaged(&dir, "tantivy").because(e))?;
        if searcher.num_docs() != meta.passages {
            return Err(damaged(&dir, "tantivy"));
        }
        let sentences = dir.join(VECTORS).join(SENTENCES);
        let vectors = sentences.is_file().then(|| Vectors::open(&sentences)).transpose()?;
        let tokens = dir.join(VECTORS).join(TOKENS);
        let late = tokens.is_file().then(|| Late::open(&tokens)).transpose()?;
        let counts = [vectors.as_ref().map(Vectors::len), late.as_ref().map(Late::len)];
        if counts.into_iter().flatten().any(|count| count as u64 != meta.passages) {
            return Err(damaged(&dir, VECTORS));
        }
        let (_, fields) = schema();
        let mut shapes = Shapes::default();
        documents.iter().for_each(|d| shapes.merge(&d.shapes));
        let languages = documents.iter().map(|d| d.identity.language.value.clone()).collect();
        Ok(Generation {
            number: meta.generation,
            kb: meta.kb,
            vocabulary: Vocabulary { codes, designations, terms, shapes, languages },
            calibration: Calibration::read(&dir),
            vectors,
            late,
            documents,
            names: OnceLock::new(),
            glossary: glossary_of(&dir)?,
            inputs,
            passages,
            texts,
            dir,
            searcher,
            fields,
        })
    }

    /// Decides anew which documents are in force, as of `today` (`YYYY-MM-DD`): a revision
    /// that was to come when it was indexed may be in force by now.
    pub fn as_of(&mut self, today: &str) {
        let identities = self.documents.iter().map(|d| (d.id.as_str(), &d.identity)).collect::<Vec<_>>();
        let now = standings(&identities, today);
        for (document, standing) in self.documents.iter_mut().zip(now) {
            document.standing = standing;
        }
    }

    /// What was found about the newest earlier generation that is still on the disk.
    pub fn calibration_before(&self) -> Option<Calibration> {
        let parent = self.dir.parent()?;
        (1..self.number).rev().take(8).find_map(|n| Calibration::read(&parent.join(dir_name(n))))
    }

    /// The directory that holds it.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The documents, by id.
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// One document.
    pub fn document(&self, id: &str) -> Option<&Document> {
        self.place(id).and_then(|i| self.documents.get(i))
    }

    fn place(&self, id: &str) -> Option<usize> {
        self.documents.binary_search_by(|d| d.id.as_str().cmp(id)).ok()
    }

    /// What a document was read from.
    pub(crate) fn input(&self, place: usize) -> Option<&Input> {
        self.inputs.get(place)
    }

    /// How many passages there are.
    pub fn passage_count(&self) -> usize {
        self.passages.len()
    }

    /// All passages, decoded one at a time; a passage's id is its place.
    pub fn passages(&self) -> impl Iterator<Item = Passage> {
        (0..self.passages.len() as u32).filter_map(|id| self.passage(id))
    }

    /// One passage, decoded anew; `None` where there is no such, or it is damaged
    /// ([`Generation::read_passage`] tells the two apart).
    pub fn passage(&self, id: u32) -> Option<Passage> {
        self.read_passage(id).ok()
    }

    /// One passage.
    ///
    /// # Errors
    /// `Kind::Index` where there is no such passage, or it is not what was written.
    pub fn read_passage(&self, id: u32) -> Result<Passage> {
        let record = self.passage_record(id)?;
        serde_json::from_slice(record).map_err(|e| self.passages.damaged().because(e))
    }

    /// A passage as it is stored.
    pub(crate) fn passage_record(&self, id: u32) -> Result<&[u8]> {
        self.passages.get(id)?.ok_or_else(|| missing(format!("there is no passage {id} in the index")))
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
    pub fn section_of(&self, passage: u32) -> Vec<Passage> {
        let (Some(here), Some(document)) = (self.passage(passage), self.document_of(passage)) else {
            return Vec::new();
        };
        let (first, last) = document.passages;
        let same = |id: u32| self.passage(id).filter(|p| p.section == here.section);
        let mut section: Vec<Passage> = (first..passage).rev().map_while(same).collect();
        section.reverse();
        let after: Vec<Passage> = (passage + 1..last).map_while(same).collect();
        section.push(here);
        section.extend(after);
        section
    }

    /// A document's stored text, into which all spans point.
    ///
    /// # Errors
    /// `Kind::Index` where the generation has no such document, or its text is damaged.
    pub fn stored_text(&self, document: &str) -> Result<String> {
        let place =
            self.place(document).ok_or_else(|| missing(format!("`{document}` is not in the index")))?;
        let record = self.text_record(place)?;
        String::from_utf8(record.to_vec()).map_err(|e| self.texts.damaged().because(e))
    }

    pub(crate) fn text_record(&self, place: usize) -> Result<&[u8]> {
        let record = u32::try_from(place).ok().map(|place| self.texts.get(place)).transpose()?.flatten();
        record.ok_or_else(|| self.texts.damaged())
    }

    /// A kept picture, by the name that [`Figure::file`](super::passage::Figure::file) gives.
    pub fn figure(&self, file: &str) -> Option<PathBuf> {
        let plain = !file.is_empty() && file.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
        plain.then(|| self.dir.join("figures").join(file)).filter(|path| path.is_file())
    }

    /// What did not go in, and what is to be looked at.
    ///
    /// # Errors
    /// `Kind::Index` where the file is damaged.
    pub fn remarks(&self) -> Result<Remarks> {
        remarks_of(&self.dir)
    }

    /// What its documents are called.
    pub(crate) fn names(&self) -> &Names {
        self.names.get_or_init(|| Names::of(&self.documents))
    }

    /// Terms of one language in another.
    pub fn glossary(&self) -> &Glossary {
        self.glossary.as_ref().unwrap_or_else(|| Glossary::seed())
    }

    /// Terms of its headings and tables that the glossary has no translation of, for the
    /// planner to fill in.
    pub fn untranslated(&self) -> Vec<Proposal> {
        let mut texts: Vec<(String, String)> = Vec::new();
        for passage in self.passages() {
            let cells = passage.fields.iter().map(|f| f.name.clone());
            let first = passage.fields.first().map(|f| f.value.clone());
            let all = cells.chain(first).chain(passage.section.last().cloned());
            texts.extend(all.map(|text| (text, passage.language.clone())));
        }
        let sources = texts.iter().map(|(text, language)| Source { text, language });
        propose(self.glossary(), sources)
    }

    /// Is this canonical form a code that some passage holds?
    pub fn known_code(&self, normal: &str) -> bool {
        self.vocabulary.codes.contains_key(normal)
    }

    /// Reads every passage and text, and the check sums of the word index: is all of it as
    /// it was written?
    ///
    /// # Errors
    /// `Kind::Index`, with the file that is not.
    pub fn verify(&self) -> Result<()> {
        for id in 0..self.passages.len() as u32 {
            let passage = self.read_passage(id)?;
            let document = self.document_of(id).filter(|d| d.id == passage.document);
            document.ok_or_else(|| self.passages.damaged())?;
        }
        for place in 0..self.documents.len() {
            self.text_record(place)?;
        }
        if let Some(vectors) = &self.vectors {
            vectors.verify()?;
        }
        if let Some(late) = &self.late {
            late.verify()?;
        }
        let broken = self.searcher.index().validate_checksum();
        match broken {
            Ok(files) if files.is_empty() => Ok(()),
            Ok(_) => Err(damaged(&self.dir, "tantivy")),
            Err(e) => Err(damaged(&self.dir, "tantivy").because(e)),
        }
    }
}

/// The open generations of one data directory.
pub struct Store {
    /// By knowledge base name.
    pub generations: Vec<Generation>,
}

impl Store {
    /// The same, with what is in force decided as of `today` (`YYYY-MM-DD`).
    #[must_use]
    pub fn as_of(mut self, today: &str) -> Self {
        for generation in &mut self.generations {
            generation.as_of(today);
        }
        self
    }
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
