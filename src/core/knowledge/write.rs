//! Writes a generation aside and names it last.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use tantivy::TantivyDocument;

use super::generation::{
    Document, Generation, Meta, SCHEMA, Vocabulary, current, dir_name, io, make_current, number_of, schema,
    sync_dir, text_name, write_synced,
};
use super::index::{Entries, KEPT, Progress, Report};
use super::passage::Passage;
use super::{analyse, code, cut};
use crate::core::{Error, Kind, Result};

/// Writes `entries` as the next generation, or nothing where they are the current one's.
pub(super) fn write(
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
                row.add_text(fields.body, analyse::terms(&analyse::body(passage)).join(" "));
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
