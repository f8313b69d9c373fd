//! Right answers with the passages that say them: gold answers of the sets, answers rated
//! grounded or supported, quotes of our own manuals, and our own recombined ones.
//!
//! An answer is taken as right only where every figure in it stands in its passages: in some
//! sets the gold answer brings a figure of its own, and there the guard is right to object.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

use super::super::Options;
use crate::core::answer::Said;
use crate::core::answer::guard::warnings;
use crate::core::answer::quote::{self, Hit};
use crate::core::knowledge::passage::{Passage, Shape, Span};
use crate::operations::eval::retrieval::set::{children, lines};
use crate::operations::eval::retrieval::shelf::{Bench, Shelf};
use crate::operations::outcome::Result;

/// A right answer.
#[derive(Debug, Clone)]
pub struct Gold {
    /// The row's id with its set's name before it.
    pub id: String,
    /// Which set.
    pub set: &'static str,
    /// The answer's sentences, as a model may have drafted them.
    pub answer: String,
    /// The governing warnings, as they are said before it.
    pub warnings: Vec<Said>,
    /// What it stands on.
    pub passages: Vec<Passage>,
    /// Share of its tokens that the sentences it stands on have.
    pub overlap: f64,
}

/// Below this share of its tokens in what it stands on, an answer is recombined.
pub const RECOMBINED: f64 = 0.8;

/// All right answers, and how many were set aside.
///
/// # Errors
/// Data that cannot be read.
pub fn all(options: &Options) -> Result<(Vec<Gold>, usize)> {
    let mut all = Vec::new();
    let bench = Bench::of(&options.data, "", 2)?;
    for dir in children(&options.from.join("kb"))? {
        let (manual, file) = (dir.join("manual"), dir.join("questions.jsonl"));
        if manual.is_dir() && file.is_file() {
            all.extend(over(&bench, "kb", &manual, &lines(&file)?)?);
        }
    }
    let (golden, knowledge) = (options.repository.join("tests/golden"), options.repository.join("knowledge"));
    if golden.is_dir() && knowledge.is_dir() {
        let mut rows: Vec<Question> = Vec::new();
        for file in children(&golden)?.into_iter().filter(|f| f.extension().is_some_and(|e| e == "jsonl")) {
            rows.extend(lines::<Question>(&file)?);
        }
        all.extend(over(&bench, "golden", &knowledge, &rows)?);
    }
    all.extend(written(&options.from, &options.repository)?);
    let found = all.len();
    all.retain(|g| figures_stand(&g.answer, &g.passages));
    for gold in &mut all {
        gold.overlap = overlap(&gold.answer, &gold.passages);
    }
    let aside = found - all.len();
    Ok((all, aside))
}

#[derive(Deserialize)]
struct Question {
    id: String,
    question: String,
    answerable: bool,
    #[serde(default)]
    expected_doc: Option<String>,
    #[serde(default)]
    expected_section_or_code: Option<String>,
    #[serde(default)]
    expected_section: Option<String>,
    #[serde(default)]
    answer: Option<String>,
}

/// The gold answers of questions over manuals, each with the passages of the index that it
/// was written from, and the quoted answer over the same passages.
fn over(bench: &Bench, set: &'static str, manual: &Path, rows: &[Question]) -> Result<Vec<Gold>> {
    let shelf = Shelf::of_words(bench, &[manual.to_owned()])?;
    let Some(generation) = shelf.store().generations.first() else {
        return Ok(Vec::new());
    };
    let passages: Vec<Passage> = generation.passages().collect();
    let bags: Vec<BTreeSet<String>> = passages.iter().map(|p| tokens(&whole(p))).collect();
    let mut all = Vec::new();
    for row in rows.iter().filter(|r| r.answerable) {
        let (Some(answer), Some(doc)) = (&row.answer, &row.expected_doc) else { continue };
        let wanted = tokens(answer);
        let asked = tokens(&row.question);
        let held = |i: usize| {
            let bag = bags.get(i)?;
            let part = |of: &BTreeSet<String>| of.iter().filter(|t| bag.contains(*t)).count();
            // The shorter of two that hold it; section and question decide between the rest.
            let text = passages.get(i).map(whole).unwrap_or_default();
            let named = [&row.expected_section, &row.expected_section_or_code]
                .into_iter()
                .flatten()
                .filter(|s| text.contains(s.as_str()))
                .count();
            let key = part(&wanted) * 1000 + part(&asked) * 100 + named * 1500;
            Some(key as i64 - bag.len() as i64)
        };
        let best = (0..passages.len())
            .filter(|&i| passages.get(i).is_some_and(|p| doc.ends_with(&p.document)))
            .max_by_key(|&i| held(i));
        let Some(best) = best else { continue };
        let covered = bags.get(best).map_or(0, |bag| wanted.iter().filter(|t| bag.contains(*t)).count());
        if covered * 10 < wanted.len() * 6 {
            continue;
        }
        // With its neighbours: what a neighbour row says must not be taken for its own.
        let mut given: Vec<Passage> = passages.get(best).cloned().into_iter().collect();
        for i in [best.checked_sub(1), Some(best + 1)].into_iter().flatten() {
            let same = passages.get(i).filter(|p| Some(&p.document) == given.first().map(|g| &g.document));
            given.extend(same.cloned());
        }
        all.push(with_warnings(format!("{set}/{}", row.id), set, answer.clone(), given.clone()));
        if set == "golden" {
            let hits: Vec<Hit<'_>> =
                given.iter().take(1).map(|passage| Hit { passage, score: 1.0 }).collect();
            let said: Vec<String> =
                quote::quote(&row.question, &hits, &[]).sentences.iter().map(|s| s.text.clone()).collect();
            if !said.is_empty() {
                all.push(with_warnings(format!("quoted/{}", row.id), "quoted", said.join("\n\n"), given));
            }
        }
    }
    Ok(all)
}

fn with_warnings(id: String, set: &'static str, answer: String, passages: Vec<Passage>) -> Gold {
    let cited: Vec<&Passage> = passages.iter().take(1).collect();
    let warnings = warnings::governing(&cited).into_iter().map(|(_, w)| Said::of(w, 1)).collect();
    Gold { id, set, answer, warnings, passages, overlap: 1.0 }
}

#[derive(Deserialize)]
struct Wice {
    id: String,
    claim: String,
    evidence: Vec<String>,
    label: String,
}

#[derive(Deserialize)]
struct Context {
    text: String,
}

#[derive(Deserialize)]
struct Rated {
    id: String,
    contexts: Vec<Context>,
    response: String,
    grounded: Option<bool>,
}

#[derive(Deserialize)]
struct Asked {
    id: String,
    #[serde(default)]
    contexts: Vec<Context>,
    answer: String,
    answerable: Option<bool>,
}

#[derive(Deserialize)]
struct Evidenced {
    id: String,
    answer: String,
    evidence: Vec<String>,
}

#[derive(Deserialize)]
struct Manual {
    id: String,
    manual: String,
    answer: String,
    section_path: String,
}

#[derive(Deserialize)]
struct Section {
    title: String,
    text: String,
}

#[derive(Deserialize)]
struct Own {
    id: String,
    source: String,
    answer: String,
}

/// Answers that come with what they stand on.
fn written(from: &Path, repository: &Path) -> Result<Vec<Gold>> {
    let mut all = Vec::new();
    let mut add = |set: &'static str, id: &str, answer: &str, texts: Vec<&str>| {
        let passages: Vec<Passage> =
            texts.into_iter().filter(|t| !t.trim().is_empty()).map(passage).collect();
        let answer = answer.replace("\\n", "\n").replace("\r\n", "\n").trim().to_owned();
        if !passages.is_empty() && !answer.is_empty() {
            all.push(Gold {
                id: format!("{set}/{id}"),
                set,
                answer,
                warnings: Vec::new(),
                passages,
                overlap: 1.0,
            });
        }
    };
    for row in rows::<Wice>(&from.join("groundedness/wice.jsonl"))? {
        if row.label == "supported" {
            let text = row.evidence.join("\n\n");
            add("wice", &row.id, &row.claim, vec![&text]);
        }
    }
    for row in rows::<Rated>(&from.join("groundedness/mtrag_human.jsonl"))? {
        if row.grounded == Some(true) {
            add("mtrag", &row.id, &row.response, row.contexts.iter().map(|c| c.text.as_str()).collect());
        }
    }
    for row in rows::<Asked>(&from.join("techqa/mtrag_un.jsonl"))? {
        if row.answerable == Some(true) {
            add("mtrag_un", &row.id, &row.answer, row.contexts.iter().map(|c| c.text.as_str()).collect());
        }
    }
    for row in rows::<Evidenced>(&from.join("techqa/ord_qa.jsonl"))? {
        add("ord", &row.id, &row.answer, row.evidence.iter().map(String::as_str).collect());
    }
    for file in ["emanual_qa", "emanual_remote_qa"] {
        for row in rows::<Manual>(&from.join(format!("techqa/{file}.jsonl")))? {
            let corpus = from.join(format!("techqa/emanual_corpus_{}.jsonl", row.manual));
            let heading = row.section_path.rsplit('>').next().unwrap_or_default().trim().to_lowercase();
            let wanted = tokens(&row.answer);
            let sections = rows::<Section>(&corpus)?;
            let best = sections.iter().max_by_key(|s| {
                let bag = tokens(&s.text);
                let held = wanted.iter().filter(|t| bag.contains(*t)).count();
                held * 10 + if s.title.to_lowercase() == heading { wanted.len() } else { 0 }
            });
            if let Some(section) = best {
                add("emanual", &row.id, &row.answer, vec![&section.text]);
            }
        }
    }
    for row in rows::<Own>(&repository.join("tests/trust/recombined.jsonl"))? {
        add("own", &row.id, &row.answer, vec![&row.source]);
    }
    Ok(all)
}

/// The rows of a file, none where it is not there.
fn rows<T: serde::de::DeserializeOwned>(file: &Path) -> Result<Vec<T>> {
    if file.is_file() { lines(file) } else { Ok(Vec::new()) }
}

/// A text as a passage of running text.
pub fn passage(text: &str) -> Passage {
    Passage {
        kb: String::new(),
        document: String::new(),
        title: String::new(),
        revision: String::new(),
        machine: String::new(),
        model: String::new(),
        language: String::new(),
        section: Vec::new(),
        page: None,
        page_label: None,
        span: Span { start: 0, end: text.len() },
        text: text.to_owned(),
        shape: Shape::Prose,
        fields: Vec::new(),
        codes: Vec::new(),
        own: 0,
        warnings: Vec::new(),
        figures: Vec::new(),
        ocr: false,
        orders: None,
    }
}

/// What a passage says with what it is about.
pub fn whole(p: &Passage) -> String {
    let cells: String = p.fields.iter().map(|f| format!(" {}: {}", f.name, f.value)).collect();
    format!("{} {} {} {} {}{cells}", p.title, p.machine, p.model, p.section.join(" "), p.text)
}

/// Runs of letters and digits in lower case; a Chinese sign is one of its own.
fn tokens(text: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let mut token = String::new();
    for c in text.chars() {
        let han = ('\u{3400}'..='\u{9fff}').contains(&c);
        if !c.is_alphanumeric() || han {
            if !token.is_empty() {
                all.insert(std::mem::take(&mut token));
            }
            if han {
                all.insert(c.to_string());
            }
        } else {
            token.extend(c.to_lowercase());
        }
    }
    if !token.is_empty() {
        all.insert(token);
    }
    all
}

/// Does every figure of `answer` stand in `passages`?
fn figures_stand(answer: &str, passages: &[Passage]) -> bool {
    let figures = |text: &str| -> BTreeSet<String> {
        tokens(&text.replace(',', "")).into_iter().filter(|t| t.bytes().all(|b| b.is_ascii_digit())).collect()
    };
    let held: BTreeSet<String> = passages.iter().flat_map(|p| figures(&whole(p))).collect();
    figures(answer).is_subset(&held)
}

/// Share of the answer's tokens that the sentences it stands on have: for each sentence of
/// the answer the two sentences of the passages that share most with it.
fn overlap(answer: &str, passages: &[Passage]) -> f64 {
    let cut = |text: &str| -> Vec<BTreeSet<String>> {
        text.split(['.', '!', '?', '\n', '。', '|']).map(tokens).filter(|t| !t.is_empty()).collect()
    };
    let held: Vec<BTreeSet<String>> = passages.iter().flat_map(|p| cut(&whole(p))).collect();
    let (mut shared, mut total) = (0usize, 0usize);
    for sentence in cut(answer) {
        let of = |bag: &BTreeSet<String>| sentence.intersection(bag).count();
        let first = held.iter().max_by_key(|b| of(b)).cloned().unwrap_or_default();
        let open: BTreeSet<String> = sentence.difference(&first).cloned().collect();
        let second = held.iter().map(|b| open.intersection(b).count()).max().unwrap_or(0);
        shared += of(&first) + second;
        total += sentence.len();
    }
    if total == 0 { 1.0 } else { shared as f64 / total as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlap_counts_the_sentences_that_it_stands_on() {
        let p = [passage("The pump is green. Close the valve slowly. Oil is black.")];
        assert!((overlap("Close the valve.", &p) - 1.0).abs() < 1e-9);
        assert!((overlap("Shut the valve gently.", &p) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn a_figure_that_no_passage_has_sets_the_answer_aside() {
        let p = [passage("Wait 1,000 h.")];
        assert!(figures_stand("It takes 1000 h.", &p) && !figures_stand("It takes 100 h.", &p));
    }
}
