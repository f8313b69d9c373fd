//! One set asked: every question by every way of searching that its index has.

use std::collections::BTreeMap;

use serde::Serialize;

use super::gold::Code;
use super::measure::Rank;
use super::set::{Form, Question, Set};
use super::shelf::{Shelf, asks_back};
use crate::core::knowledge::search::{Found, FoundBy, Hit, Only, Query};
use crate::operations::outcome::Result;

/// The ways of searching, in the order in which they are printed. The last is what a
/// question gets: everything that the index has.
pub const MODES: [(Only, &str); 4] =
    [(Only::Words, "words"), (Only::Vectors, "vectors"), (Only::Fused, "fused"), (Only::Reranked, WHOLE)];

/// The name of the whole.
pub const WHOLE: &str = "whole";

/// Ranks by way of searching; a way that the index has not is not in it.
pub type Ranks = BTreeMap<&'static str, Vec<Rank>>;

/// The line of one question.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The set.
    pub set: String,
    /// The question's id.
    pub id: String,
    /// As asked.
    pub question: String,
    /// Does a manual answer it?
    pub answerable: bool,
    /// Typed or said?
    pub spoken: bool,
    /// By way of searching: the rank of the first right hit among ten, `null` where none is.
    pub rank: BTreeMap<&'static str, Rank>,
    /// What the whole found first.
    pub first: Option<First>,
    /// Words of the gold answer that the first five of the whole do not hold.
    pub missing: Vec<String>,
    /// Codes of the question that the index has.
    pub codes: Vec<String>,
    /// Codes of the question that it has not.
    pub unknown_codes: Vec<String>,
    /// How a question about a code ended.
    pub code: Option<CodeMark>,
}

/// A hit, shortly.
#[derive(Debug, Clone, Serialize)]
pub struct First {
    /// The document.
    pub document: String,
    /// The heading path.
    pub section: String,
    /// Its codes.
    pub codes: Vec<String>,
}

/// How a question about a code ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeMark {
    /// Its own entry came first.
    First,
    /// It was asked back which code is meant.
    Asked,
    /// Something else came first.
    Missed,
    /// It does not exist, and that was said.
    Named,
    /// It does not exist, that was not said, and no code's entry was found either.
    Silent,
    /// It does not exist, and another code's entry was found for it.
    Answered,
}

/// A set with its ranks.
pub struct Asked {
    /// The set's name.
    pub name: String,
    /// Is it a knowledge base?
    pub is_kb: bool,
    /// Over the answerable questions, in one order.
    pub ranks: Ranks,
    /// A line for every question.
    pub rows: Vec<Row>,
}

/// A set whose manuals cannot be indexed: nothing is found, and that counts.
pub fn unanswered(set: &Set) -> Asked {
    let modes = MODES.iter().map(|(_, name)| *name);
    let answerable = set.questions.iter().filter(|q| q.gold.is_some()).count();
    let ranks = modes.clone().map(|mode| (mode, vec![None; answerable])).collect();
    let rows = set.questions.iter().map(|question| {
        let rank = if question.gold.is_some() {
            modes.clone().map(|m| (m, None)).collect()
        } else {
            BTreeMap::new()
        };
        row(set, question, None, rank, &Found::default())
    });
    Asked { name: set.name.clone(), is_kb: set.is_kb, rows: rows.collect(), ranks }
}

fn needs_vectors(only: Only) -> bool {
    matches!(only, Only::Vectors | Only::Fused)
}

/// Asks every question of a set.
///
/// # Errors
/// Where the index cannot be read.
pub fn ask(set: &Set, shelf: &Shelf<'_>, tick: &mut dyn FnMut()) -> Result<Asked> {
    let mut asked = Asked { name: set.name.clone(), is_kb: set.is_kb, ranks: Ranks::new(), rows: Vec::new() };
    for question in &set.questions {
        let mut rank = BTreeMap::new();
        let mut whole = Found::default();
        for (only, name) in MODES {
            if needs_vectors(only) && !shelf.has_vectors {
                continue;
            }
            let found = shelf.find(&query(question, only))?;
            if question.gold.is_some() {
                let first = found.hits.iter().position(|hit| is_hit(question, shelf, hit)).map(|i| i + 1);
                rank.insert(name, first);
                asked.ranks.entry(name).or_default().push(first);
            }
            whole = found;
        }
        asked.rows.push(row(set, question, Some(shelf), rank, &whole));
        tick();
    }
    Ok(asked)
}

/// The ranks of the whole alone, over the answerable questions.
///
/// # Errors
/// Where the index cannot be read.
pub fn ask_whole(set: &Set, shelf: &Shelf<'_>) -> Result<Vec<Rank>> {
    let answerable = set.questions.iter().filter(|q| q.gold.is_some());
    answerable
        .map(|question| {
            let found = shelf.find(&query(question, Only::Reranked))?;
            Ok(found.hits.iter().position(|hit| is_hit(question, shelf, hit)).map(|i| i + 1))
        })
        .collect()
}

fn query(question: &Question, only: Only) -> Query {
    Query {
        text: question.text.clone(),
        k: 10,
        only,
        spoken: question.form == Form::Spoken,
        ..Query::default()
    }
}

fn is_hit(question: &Question, shelf: &Shelf<'_>, hit: &Hit) -> bool {
    match (&question.gold, shelf.source(hit)) {
        (Some(gold), Some(source)) => gold.is_hit(source, &hit.passage),
        _ => false,
    }
}

fn row(
    set: &Set,
    question: &Question,
    shelf: Option<&Shelf<'_>>,
    rank: BTreeMap<&'static str, Rank>,
    found: &Found,
) -> Row {
    let texts: Vec<String> = found.hits.iter().take(5).map(text_of).collect();
    Row {
        set: set.name.clone(),
        id: question.id.clone(),
        question: question.text.clone(),
        answerable: question.gold.is_some(),
        spoken: question.form == Form::Spoken,
        rank,
        first: found.hits.first().map(|hit| First {
            document: hit.passage.document.clone(),
            section: hit.passage.section_path(),
            codes: hit.passage.codes.clone(),
        }),
        missing: missing(&question.must_contain, &texts.join("\n")),
        codes: found.codes.known.clone(),
        unknown_codes: found.codes.unknown.clone(),
        code: code_mark(question, shelf, found),
    }
}

/// What a passage shows: its headings, its text, its fields.
fn text_of(hit: &Hit) -> String {
    let passage = &hit.passage;
    let mut text = format!("{}\n{}", passage.section_path(), passage.text);
    for field in &passage.fields {
        text.push_str(&format!("\n{}: {}", field.name, field.value));
    }
    text
}

/// The keywords that a text does not hold; case and white space do not matter.
pub fn missing(keywords: &[String], text: &str) -> Vec<String> {
    let fold = |t: &str| t.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let text = fold(text);
    keywords.iter().filter(|k| !text.contains(&fold(k))).cloned().collect()
}

fn code_mark(question: &Question, shelf: Option<&Shelf<'_>>, found: &Found) -> Option<CodeMark> {
    if let Some(code) = question.nonexistent_code.as_deref().filter(|_| question.gold.is_none()) {
        let wanted = Code::parse(code)?;
        let named = found.codes.unknown.iter().filter_map(|c| Code::parse(c)).any(|c| c.is(&wanted));
        let entry = found.hits.iter().any(|h| h.found_by == FoundBy::Code && h.passage.is_entry());
        return Some(match (named, entry) {
            (true, _) => CodeMark::Named,
            (false, false) => CodeMark::Silent,
            (false, true) => CodeMark::Answered,
        });
    }
    let gold = question.gold.as_ref()?;
    gold.code()?;
    let first = found.hits.first();
    let own = first.is_some_and(|h| {
        shelf.and_then(|s| s.source(h)).is_some_and(|source| gold.is_own_entry(source, &h.passage))
    });
    Some(match own {
        true => CodeMark::First,
        false if asks_back(found) => CodeMark::Asked,
        false => CodeMark::Missed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_looked_for_without_case_and_line_ends() {
        let keywords = ["Oil level low".to_owned(), "265 bar".to_owned()];
        assert!(missing(&keywords, "OIL LEVEL\n  low at 265 bar").is_empty());
        assert_eq!(missing(&keywords, "oil level low"), ["265 bar"]);
    }
}
