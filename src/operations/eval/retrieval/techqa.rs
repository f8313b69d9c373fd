//! Question sets whose corpus is a file of sections rather than a directory of manuals: each
//! section is written as a document of its own, under its title.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use super::gold::{Gold, fold};
use super::set::{Form, Question, Set, children, lines};
use crate::operations::eval::scratch::put;
use crate::operations::outcome::Result;

#[derive(Deserialize)]
struct Section {
    section_id: String,
    title: String,
    text: String,
}

#[derive(Deserialize)]
struct ManualRow {
    id: String,
    manual: String,
    question: String,
    section_path: String,
}

#[derive(Deserialize)]
struct PassageRow {
    passage_id: String,
    text: String,
}

#[derive(Deserialize)]
struct EvidenceRow {
    id: String,
    question: String,
    evidence_ids: Vec<String>,
}

/// The sets of `DIR/techqa`: a set for each `emanual_corpus_<manual>.jsonl` with the
/// questions of every `emanual_*qa.jsonl` about it, and one for `ord_corpus.jsonl`. The
/// documents are written below `work`.
///
/// # Errors
/// A line that is no such row, or a disk that refuses.
pub fn sets(from: &Path, work: &Path) -> Result<Vec<Set>> {
    let dir = from.join("techqa");
    let mut corpora = Vec::new();
    let mut rows: Vec<ManualRow> = Vec::new();
    for file in children(&dir)? {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(rest) = name.strip_prefix("emanual_").and_then(|n| n.strip_suffix(".jsonl")) else {
            continue;
        };
        if let Some(manual) = rest.strip_prefix("corpus_") {
            corpora.push((manual.to_owned(), lines::<Section>(&file)?));
        } else if rest.ends_with("qa") {
            rows.extend(lines::<ManualRow>(&file)?);
        }
    }
    let mut sets = Vec::new();
    for (manual, sections) in corpora {
        sets.push(emanual(&manual, &sections, &rows, work)?);
    }
    let (corpus, questions) = (dir.join("ord_corpus.jsonl"), dir.join("ord_qa.jsonl"));
    if corpus.is_file() && questions.is_file() {
        sets.push(evidence("ord", &lines::<PassageRow>(&corpus)?, &lines::<EvidenceRow>(&questions)?, work)?);
    }
    sets.retain(|s| !s.questions.is_empty());
    Ok(sets)
}

fn emanual(manual: &str, sections: &[Section], rows: &[ManualRow], work: &Path) -> Result<Set> {
    let name = format!("emanual_{manual}");
    let dir = work.join(&name);
    for section in sections {
        let body = section.text.strip_prefix(section.title.as_str()).unwrap_or(&section.text);
        let text = format!("# {}\n\n{}\n", one_line(&section.title), plain(body));
        put(&dir.join(format!("{}.md", file_name(&section.section_id))), &text)?;
    }
    let titles: BTreeSet<String> = sections.iter().map(|s| fold(&s.title)).collect();
    let questions = rows.iter().filter(|r| r.manual == manual).filter_map(|row| {
        // Some paths end at a heading inside a section: its nearest section is right then.
        let nearest = row.section_path.rsplit('>').map(fold).find(|t| titles.contains(t))?;
        Some(question(&row.id, &row.question, Gold::Headings(vec![nearest])))
    });
    Ok(Set { name, dirs: vec![dir], questions: questions.collect(), is_kb: false })
}

fn evidence(name: &str, passages: &[PassageRow], rows: &[EvidenceRow], work: &Path) -> Result<Set> {
    let dir = work.join(name);
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    // Of passages with the same text an index keeps one, and any of them is right.
    let mut stems: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for passage in passages {
        let first = format!("id:{}", passage.passage_id);
        let text = passage.text.strip_prefix(&first).unwrap_or(&passage.text).trim_start();
        let stem = file_name(&passage.passage_id);
        put(&dir.join(format!("{stem}.md")), text)?;
        names.insert(&passage.passage_id, text);
        stems.entry(text).or_default().push(stem);
    }
    let questions = rows.iter().filter_map(|row| {
        let texts = row.evidence_ids.iter().filter_map(|id| names.get(id.as_str()));
        let stems: Vec<String> = texts.filter_map(|t| stems.get(t)).flatten().cloned().collect();
        (!stems.is_empty()).then(|| question(&row.id, &row.question, Gold::Stems(stems)))
    });
    Ok(Set { name: name.to_owned(), dirs: vec![dir], questions: questions.collect(), is_kb: false })
}

fn question(id: &str, text: &str, gold: Gold) -> Question {
    Question {
        id: id.to_owned(),
        text: text.to_owned(),
        form: Form::Written,
        gold: Some(gold),
        must_contain: Vec::new(),
        nonexistent_code: None,
    }
}

/// A name that is a file's on every system, and not `readme`.
fn file_name(id: &str) -> String {
    let safe: String =
        id.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect();
    safe.trim_start_matches('.').to_owned()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Running text as Markdown: what would start a heading, a list or a table does not.
fn plain(text: &str) -> String {
    let mark = |line: &str| {
        let line = line.trim();
        if line.starts_with(['#', '-', '+', '*', '>', '|', '=', '`', '~']) {
            format!("\\{line}")
        } else {
            line.to_owned()
        }
    };
    text.lines().map(mark).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::operations::eval::scratch::Scratch;

    #[test]
    fn sections_become_documents_and_paths_their_nearest_section() {
        let scratch = Scratch::new().unwrap();
        let at = |name: &str| scratch.path().join("techqa").join(name);
        put(
            &at("emanual_corpus_mixer.jsonl"),
            "{\"manual\":\"mixer\",\"section_id\":\"s/1\",\"title\":\"Cleaning\",\"text\":\"Cleaning\\n- wipe it\"}\n",
        )
        .unwrap();
        put(
            &at("emanual_qa.jsonl"),
            concat!(
                "{\"id\":\"1\",\"manual\":\"mixer\",\"question\":\"q\",\"section_path\":\"Care>Cleaning>The bowl\"}\n",
                "{\"id\":\"2\",\"manual\":\"other\",\"question\":\"q\",\"section_path\":\"Care\"}\n",
                "{\"id\":\"3\",\"manual\":\"mixer\",\"question\":\"q\",\"section_path\":\"Not there\"}\n"
            ),
        )
        .unwrap();
        put(&at("ord_corpus.jsonl"), "{\"passage_id\":\"a_1\",\"text\":\"id:a_1\\n# A\\ntext\"}\n{\"passage_id\":\"b_1\",\"text\":\"id:b_1\\n# A\\ntext\"}\n").unwrap();
        put(&at("ord_qa.jsonl"), "{\"id\":\"o\",\"question\":\"q\",\"evidence_ids\":[\"a_1\"]}\n").unwrap();
        let work = scratch.path().join("work");
        let sets = sets(scratch.path(), &work).unwrap();
        let names: Vec<&str> = sets.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["emanual_mixer", "ord"]);
        assert_eq!(sets[0].questions.len(), 1);
        assert_eq!(sets[0].questions[0].gold, Some(Gold::Headings(vec!["cleaning".into()])));
        assert_eq!(sets[1].questions[0].gold, Some(Gold::Stems(vec!["a_1".into(), "b_1".into()])));
        let read = |path: &str| std::fs::read_to_string(work.join(path)).unwrap();
        assert_eq!(read("emanual_mixer/s_1.md"), "# Cleaning\n\n\n\\- wipe it\n");
        assert_eq!(read("ord/a_1.md"), "# A\ntext");
    }

    #[test]
    fn nothing_there_is_no_set() {
        let scratch = Scratch::new().unwrap();
        assert!(sets(scratch.path(), scratch.path()).unwrap().is_empty());
    }
}
