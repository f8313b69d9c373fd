//! Writes a generation aside and names it last.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::Path;

use serde::Serialize;
use tantivy::TantivyDocument;

use super::stage::{Spooled, Stage};
use super::{Body, Entries, Entry, Hands, KEPT, Progress, Report, make_dir};
use crate::core::answer::guard::injection;
use crate::core::knowledge::cut::series_in;
use crate::core::knowledge::generation::place::{generations, io, share, share_all, sync_dir, write_synced};
use crate::core::knowledge::generation::records::Writer;
use crate::core::knowledge::generation::{
    Codes, Document, Fields, Generation, Input, Meta, Remarks, SCHEMA, Words, schema,
};
use crate::core::knowledge::passage::Passage;
use crate::core::knowledge::{analyse, code};
use crate::core::{Error, Kind, Result};

/// Passages that are analysed between two looks at who else wants the cores.
const BATCH: usize = 256;
/// Headings that the recogniser is told of; more would not help it.
const TERMS: usize = 65_536;
/// Generations of one content that are kept.
const OF_ONE_CONTENT: usize = 8;

/// Writes `entries` as the next generation, or nothing where they are the current one's.
pub(super) fn write(
    kb: &str,
    hands: Hands,
    before: Option<&Generation>,
    stage: &mut Stage,
    entries: Entries,
    mut report: Report,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report> {
    let spooled = stage.spooled()?;
    let mut first = 0;
    let mut documents = Vec::with_capacity(entries.len());
    let mut inputs = Vec::with_capacity(entries.len());
    let mut bodies = Vec::with_capacity(entries.len());
    for Entry { mut document, input, body } in entries.into_values() {
        let last = id_of(first as usize + body_len(&body, &document))?;
        bodies.push(match body {
            Body::Spooled { text, passages } => Source::Spooled { text, passages },
            Body::Before { place } => {
                Source::Before { place, passages: document.passages.0..document.passages.1 }
            }
        });
        document.passages = (first, last);
        first = last;
        report.bytes += document.bytes;
        documents.push(document);
        inputs.push(input);
    }
    report.documents = documents.len();
    report.passages = first as usize;
    report.skipped.sort();
    report.warnings.sort();
    report.warnings.dedup();
    let parts = Parts { before, spooled };
    let remarks = Remarks {
        skipped: report.skipped.clone(),
        warnings: report.warnings.clone(),
        glossary: report.glossary.clone(),
    };
    if let Some(before) = before
        && before.documents() == documents
        && parts.are_those_of(before, &documents, &bodies)?
    {
        if before.remarks().is_ok_and(|r| r == remarks) {
            report.generation = before.number;
            return Ok(report);
        }
        return remark(before, stage, &remarks, report);
    }
    let of = report.passages;
    progress(Progress::Writing { done: 0, of });
    make_dir(&stage.dir)?;
    let designations = contents(hands, &parts, stage, &documents, &bodies, progress)?;
    drop(parts);
    stage.clear_spool()?;
    write_lines(&stage.dir.join("documents.jsonl"), &documents)?;
    write_lines(&stage.dir.join("inputs.jsonl"), &inputs)?;
    figures(before, stage, &inputs)?;
    write_remarks(stage, &remarks)?;
    let meta = Meta {
        schema: SCHEMA,
        analyser: analyse::VERSION.to_owned(),
        generation: stage.number,
        content: stage.number,
        kb: kb.to_owned(),
        documents: documents.len() as u64,
        passages: report.passages as u64,
        designations: designations as u64,
    };
    publish(stage, &meta)?;
    report.generation = stage.number;
    progress(Progress::Words { generation: stage.number });
    Ok(report)
}

/// The same documents with other remarks: a generation of the same content.
fn remark(before: &Generation, stage: &mut Stage, remarks: &Remarks, mut report: Report) -> Result<Report> {
    stage.clear_spool()?;
    let mut meta = Meta::read(before.dir())?;
    let _ = fs::remove_dir_all(&stage.dir);
    share_all(before.dir(), &stage.dir)?;
    // Shared files are never written: each is another file from here on.
    for own in ["report.json", "meta.toml"] {
        let path = stage.dir.join(own);
        fs::remove_file(&path).map_err(|e| io(&path, e))?;
    }
    write_remarks(stage, remarks)?;
    meta.generation = stage.number;
    publish(stage, &meta)?;
    report.generation = stage.number;
    Ok(report)
}

/// Puts `meta.toml` into a directory in which all else is, and names it.
pub(super) fn publish(stage: &mut Stage, meta: &Meta) -> Result<()> {
    meta.write(&stage.dir)?;
    sync_dir(&stage.dir)?;
    sync_dir(stage.kb_dir())?;
    stage.publish()?;
    prune(stage.kb_dir(), meta);
    Ok(())
}

fn write_remarks(stage: &Stage, remarks: &Remarks) -> Result<()> {
    write_synced(&stage.dir.join("report.json"), |out| Ok(serde_json::to_writer(out, remarks)?))
}

fn body_len(body: &Body, document: &Document) -> usize {
    match body {
        Body::Spooled { passages, .. } => passages.len(),
        Body::Before { .. } => (document.passages.1 - document.passages.0) as usize,
    }
}

fn id_of(place: usize) -> Result<u32> {
    u32::try_from(place).map_err(|e| {
        Error::new(Kind::Index, "more passages than an index can hold")
            .because(e)
            .hint("split the knowledge base")
    })
}

/// Where a document's text and passages come from.
enum Source {
    Spooled { text: u32, passages: Range<u32> },
    Before { place: usize, passages: Range<u32> },
}

impl Source {
    fn passages(&self) -> Range<u32> {
        match self {
            Source::Spooled { passages, .. } | Source::Before { passages, .. } => passages.clone(),
        }
    }
}

/// The generation before and what was read since.
struct Parts<'g> {
    before: Option<&'g Generation>,
    spooled: Option<Spooled>,
}

impl Parts<'_> {
    fn text(&self, source: &Source) -> Result<&[u8]> {
        match (source, &self.spooled, self.before) {
            (Source::Spooled { text, .. }, Some(spooled), _) => {
                spooled.texts.get(*text)?.ok_or_else(|| spooled.texts.damaged())
            }
            (Source::Before { place, .. }, _, Some(before)) => before.text_record(*place),
            _ => Err(lost()),
        }
    }

    fn passage(&self, source: &Source, number: u32) -> Result<&[u8]> {
        match (source, &self.spooled, self.before) {
            (Source::Spooled { .. }, Some(spooled), _) => {
                spooled.passages.get(number)?.ok_or_else(|| spooled.passages.damaged())
            }
            (Source::Before { .. }, _, Some(before)) => before.passage_record(number),
            _ => Err(lost()),
        }
    }

    /// Are the passages, too, those of the generation before, whose documents are the same?
    fn are_those_of(&self, before: &Generation, documents: &[Document], sources: &[Source]) -> Result<bool> {
        for (document, source) in documents.iter().zip(sources) {
            if matches!(source, Source::Before { .. }) {
                continue;
            }
            for (was, is) in (document.passages.0..document.passages.1).zip(source.passages()) {
                if before.passage_record(was)? != self.passage(source, is)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

/// Cannot happen: an entry comes from the spool or from the generation before.
fn lost() -> Error {
    Error::new(Kind::Index, "a document was lost while it was indexed").hint("index again")
}

/// What one passage gives to the word index and the vocabulary.
struct Analysed {
    row: TantivyDocument,
    /// Codes: canonical, as written, and whether it is their own entry.
    codes: Vec<(String, String, bool)>,
    designations: Vec<String>,
    heading: Option<String>,
}

/// Writes texts, passages, words and vocabulary in one walk over all passages; returns how
/// many designations there are.
fn contents(
    hands: Hands,
    parts: &Parts,
    stage: &Stage,
    documents: &[Document],
    sources: &[Source],
    progress: &mut dyn FnMut(Progress),
) -> Result<usize> {
    let dir = &stage.dir;
    let mut texts = Writer::create(dir, "texts")?;
    let mut records = Writer::create(dir, "passages")?;
    let tantivy = dir.join("tantivy");
    let mut words = WordIndex::create(&tantivy)?;
    let mut vocabulary = Gathered::of(documents);
    let of = documents.last().map_or(0, |d| d.passages.1) as usize;
    for source in sources {
        texts.push(parts.text(source)?)?;
    }
    let models = vocabulary.models.clone();
    let mut all = sources.iter().enumerate().flat_map(|(place, s)| s.passages().map(move |n| (place, s, n)));
    let mut id = 0u32;
    loop {
        let mut batch: Vec<(usize, &[u8])> = Vec::with_capacity(BATCH);
        for (place, source, number) in all.by_ref().take(BATCH) {
            let record = parts.passage(source, number)?;
            records.push(record)?;
            batch.push((place, record));
        }
        if batch.is_empty() {
            break;
        }
        let fields = words.fields;
        let analysed = hands.each(&batch, |(place, record)| {
            let passage: Passage = serde_json::from_slice(record)
                .map_err(|e| Error::new(Kind::Index, "a passage cannot be read back").because(e))?;
            Ok(analyse(&passage, *place, &models, fields))
        });
        for one in analysed {
            let one: Analysed = one?;
            vocabulary.add(id, &one);
            words.add(id, one.row)?;
            id += 1;
        }
        progress(Progress::Writing { done: id as usize, of });
    }
    texts.finish()?;
    records.finish()?;
    words.finish()?;
    Words::write(dir, &vocabulary.designations)?;
    let count = vocabulary.designations.len();
    let codes = vocabulary.into_codes(documents);
    write_synced(&dir.join("codes.json"), |out| Ok(serde_json::to_writer(out, &codes)?))?;
    Ok(count)
}

fn analyse(passage: &Passage, place: usize, models: &BTreeSet<String>, fields: Fields) -> Analysed {
    // An order to an assistant is not found by its words either.
    let passage = &*injection::masked(passage);
    let mut codes = Vec::with_capacity(passage.codes.len());
    for (nth, written) in passage.codes.iter().enumerate() {
        let normal = code::normalise(written);
        let is_own = nth < passage.own;
        // One manual may mention another's machine: that is no code either.
        if is_own || !models.contains(&normal) {
            codes.push((normal, written.clone(), is_own));
        }
    }
    let headings = passage.section.iter().map(String::as_str);
    let named = headings.chain([passage.text.as_str(), &passage.title, &passage.machine, &passage.model]);
    let name = format!("{} {} {}", passage.title, passage.machine, passage.model);
    let normal: Vec<String> = passage.codes.iter().map(|c| code::normalise(c).to_lowercase()).collect();
    let mut row = TantivyDocument::default();
    row.add_u64(fields.document, place as u64);
    let terms = |text: &str| analyse::terms_in(text, Some(&passage.language)).join(" ");
    row.add_text(fields.title, terms(&name));
    row.add_text(fields.heading, terms(&passage.section.join(" ")));
    row.add_text(fields.body, terms(&analyse::body(passage)));
    row.add_text(fields.codes, normal.join(" "));
    Analysed {
        row,
        codes,
        designations: named.flat_map(analyse::designations).collect(),
        heading: passage.section.last().cloned(),
    }
}

/// The vocabulary as it grows.
struct Gathered {
    codes: Codes,
    designations: BTreeSet<String>,
    headings: BTreeSet<String>,
    /// Designations of machines.
    models: BTreeSet<String>,
}

impl Gathered {
    fn of(documents: &[Document]) -> Self {
        let named = |d: &Document| format!("{} {}", d.identity.model.value, d.identity.title.value);
        let names = |d: &Document| {
            let stated: Vec<String> = d.codes.iter().map(|c| code::normalise(c)).collect();
            let series = series_in(&d.id).filter(move |n| !stated.contains(n));
            analyse::designations(&named(d)).chain(series).collect::<Vec<_>>()
        };
        let models = documents.iter().flat_map(names).collect();
        let (designations, headings) = (BTreeSet::new(), BTreeSet::new());
        Gathered { codes: Codes::default(), designations, headings, models }
    }

    fn add(&mut self, id: u32, passage: &Analysed) {
        for (normal, written, is_own) in &passage.codes {
            if !self.codes.codes.contains_key(normal) {
                self.codes.codes.insert(normal.clone(), Default::default());
            }
            let Some(entry) = self.codes.codes.get_mut(normal) else { continue };
            if entry.written.is_empty() {
                entry.written.clone_from(written);
            }
            if *is_own { entry.own.push(id) } else { entry.mentions.push(id) }
        }
        for word in &passage.designations {
            if !self.designations.contains(word) {
                self.designations.insert(word.clone());
            }
        }
        if let Some(heading) = &passage.heading
            && self.headings.len() < TERMS
            && !self.headings.contains(heading)
        {
            self.headings.insert(heading.clone());
        }
    }

    fn into_codes(mut self, documents: &[Document]) -> Codes {
        for document in documents {
            let names = [&document.identity.machine, &document.identity.model];
            self.headings.extend(names.into_iter().filter(|f| f.is_known()).map(|f| f.value.clone()));
        }
        self.codes.terms = self.headings.into_iter().collect();
        self.codes
    }
}

/// The word index in the making.
struct WordIndex<'d> {
    dir: &'d Path,
    fields: Fields,
    writer: tantivy::IndexWriter,
}

impl<'d> WordIndex<'d> {
    const WRITER_BYTES: usize = 64 << 20;

    fn create(dir: &'d Path) -> Result<Self> {
        make_dir(dir)?;
        let run = || -> tantivy::Result<(Fields, tantivy::IndexWriter)> {
            let (schema, fields) = schema();
            let index = tantivy::Index::create_in_dir(dir, schema)?;
            // One thread: segments and documents in one fixed order.
            let writer = index.writer_with_num_threads(1, Self::WRITER_BYTES)?;
            writer.set_merge_policy(Box::new(tantivy::indexer::NoMergePolicy));
            Ok((fields, writer))
        };
        let (fields, writer) = run().map_err(|e| unwritten(dir, e))?;
        Ok(WordIndex { dir, fields, writer })
    }

    fn add(&mut self, id: u32, mut row: TantivyDocument) -> Result<()> {
        row.add_u64(self.fields.id, u64::from(id));
        self.writer.add_document(row).map(|_| ()).map_err(|e| unwritten(self.dir, e))
    }

    fn finish(mut self) -> Result<()> {
        let dir = self.dir;
        self.writer
            .commit()
            .and_then(|_| self.writer.wait_merging_threads())
            .map_err(|e| unwritten(dir, e))?;
        sync_dir(dir)
    }
}

fn unwritten(dir: &Path, e: tantivy::TantivyError) -> Error {
    Error::new(Kind::Io, format!("cannot write the word index in {}", dir.display()))
        .because(e)
        .hint("check the disk's free space and the directory's permissions")
}

/// Brings the pictures of carried documents over, and drops those that nobody has.
fn figures(before: Option<&Generation>, stage: &Stage, inputs: &[Input]) -> Result<()> {
    let dir = stage.figures();
    let wanted: BTreeMap<&str, ()> =
        inputs.iter().flat_map(|i| &i.figures).map(|file| (file.as_str(), ())).collect();
    if wanted.is_empty() {
        let _ = fs::remove_dir_all(&dir);
        return Ok(());
    }
    make_dir(&dir)?;
    for entry in fs::read_dir(&dir).map_err(|e| io(&dir, e))? {
        let entry = entry.map_err(|e| io(&dir, e))?;
        if !entry.file_name().to_str().is_some_and(|name| wanted.contains_key(name)) {
            fs::remove_file(entry.path()).map_err(|e| io(&entry.path(), e))?;
        }
    }
    for file in wanted.keys() {
        let target = dir.join(file);
        if let Some(kept) = before.and_then(|b| b.figure(file)).filter(|_| !target.is_file()) {
            share(&kept, &target)?;
        }
    }
    sync_dir(&dir)
}

/// Removes generations that are too old. One that cannot be removed (a reader holds it, on
/// some systems) is tried again by the next build.
fn prune(kb_dir: &Path, now: &Meta) {
    let mut contents: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    let mut paths = BTreeMap::new();
    for (number, path) in generations(kb_dir) {
        // One that cannot be read belongs to an older version of this program.
        let content = Meta::read(&path).map_or(number, |meta| meta.content);
        contents.entry(content).or_default().push(number);
        paths.insert(number, path);
    }
    for numbers in contents.values_mut().rev().take(KEPT) {
        numbers.sort_unstable();
        for number in numbers.iter().rev().take(OF_ONE_CONTENT) {
            paths.remove(number);
        }
    }
    paths.remove(&now.generation);
    for path in paths.values() {
        let _ = fs::remove_dir_all(path);
    }
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
