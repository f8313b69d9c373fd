//! Finds the passages that a question is about: a code's own entry first, then its
//! mentions, then what the words find (BM25).
//!
//! Deterministic: equal scores are ordered by knowledge base, document and place.

mod quantity;
mod scope;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::analyse;
use super::code::{QueryCodes, normalise, query_codes};
use super::generation::{Generation, Standing};
use super::passage::{Passage, Span};
use crate::core::Result;
use scope::Scope;

/// What is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// The question.
    pub text: String,
    /// How many hits are wanted.
    pub k: usize,
    /// Only this machine's manuals (its name, model or title).
    pub machine: Option<String>,
    /// Also superseded, draft and withdrawn documents.
    pub include_superseded: bool,
    /// Which ways of searching are used.
    pub only: Only,
}

/// Which ways of searching are used; codes are looked up in each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Only {
    /// BM25.
    Words,
    /// Dense vectors.
    Vectors,
    /// Both, fused.
    Fused,
    /// Both, fused, and the best ranked again by late interaction.
    #[default]
    Reranked,
}

/// What a hit was found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FoundBy {
    /// A code of the question.
    Code,
    /// Its words.
    Words,
}

/// Raw scores of a passage, each as its way of searching gives it; scores of one generation
/// are not comparable with another's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Features {
    /// BM25, 0 where the words found it not.
    pub words: f32,
    /// Cosine of the sentence vectors, where it was among the nearest.
    pub cosine: Option<f32>,
    /// Late interaction, where it was ranked again.
    pub late: Option<f32>,
}

/// A passage that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// From 1.
    pub rank: usize,
    /// Falls with the rank: BM25, plus [`OWN_ENTRY`] or [`MENTION`] where found by a code.
    pub score: f32,
    /// What the score is made of.
    pub features: Features,
    /// By code or by words.
    pub found_by: FoundBy,
    /// The passage's id in its generation.
    pub id: u32,
    /// The generation's number.
    pub generation: u64,
    /// Is its document in force?
    pub standing: Standing,
    /// The passage.
    pub passage: Passage,
}

/// Added to the score of a code's own entry.
pub const OWN_ENTRY: f32 = 2000.0;
/// Added to the score of a passage that mentions a code of the question.
pub const MENTION: f32 = 1000.0;

/// What a question found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// Best first.
    pub hits: Vec<Hit>,
    /// The codes in the question; an unknown one means refusal.
    pub codes: QueryCodes,
    /// The highest BM25 score, 0 where the words found nothing.
    pub best_words_score: f32,
    /// How much of the question the best passage holds: the share of the idf of the
    /// question's content words and codes, 0 to 1. Words that no manual has count fully.
    pub coverage: f32,
    /// The machine that the question names clearly, `""` where it names none or several.
    pub machine: String,
    /// What the question may mean, where it can be read in more than one way and each has an
    /// answer: the machines that have a code of this name, or codes that sound alike. Empty
    /// where it is clear.
    pub choices: Vec<String>,
}

/// Scores of passages whose machine the question names are multiplied by this.
const NAMED_MACHINE: f32 = 1.5;
/// Where a figure is asked for, scores of passages that hold one are multiplied by this.
const ASKED_FIGURE: f32 = 1.3;

/// The best `query.k` passages over `generations`.
///
/// # Errors
/// `Kind::Index` where an index cannot be read.
pub fn search(generations: &[&Generation], query: &Query) -> Result<Found> {
    let scopes: Vec<Scope> = generations.iter().map(|g| Scope::of(g, query)).collect();
    let named_somewhere = scopes.iter().any(Scope::names_a_machine);
    let codes = codes_of(generations, &scopes, named_somewhere, &query.text);
    let terms = content_terms(&query.text, &codes.spans);
    let figure = quantity::is_asked(&query.text);
    let mut ranked = Vec::new();
    let mut best_words_score = 0.0f32;
    for (which, (generation, scope)) in generations.iter().zip(&scopes).enumerate() {
        let code_terms: Vec<String> = codes.known.iter().map(|c| c.to_lowercase()).collect();
        let mut scores: BTreeMap<u32, (f32, Features)> = BTreeMap::new();
        for (id, words) in words::bm25(generation, scope, &terms, &code_terms, query.k)? {
            let named = scope.is_named(generation, id);
            let score = if named { words * NAMED_MACHINE } else { words };
            let fits = figure && generation.passage(id).is_some_and(|p| quantity::is_held(&p));
            let score = if fits { score * ASKED_FIGURE } else { score };
            best_words_score = best_words_score.max(score);
            scores.insert(id, (score, Features { words, ..Features::default() }));
        }
        for (id, bonus) in code_entries(generation, scope, named_somewhere, &codes.known) {
            let (score, features) = scores.remove(&id).unwrap_or_default();
            ranked.push(Ranked { which, id, score: score + bonus, features, found_by: FoundBy::Code });
        }
        let others = scores.into_iter().map(|(id, (score, features))| Ranked {
            which,
            id,
            score,
            features,
            found_by: FoundBy::Words,
        });
        ranked.extend(others);
    }
    let place = |r: &Ranked| {
        let generation = generations.get(r.which)?;
        let passage = generation.passage(r.id)?;
        Some((generation.kb.as_str(), passage.document, passage.span.start, passage.span.end))
    };
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| place(a).cmp(&place(b))));
    ranked.truncate(query.k);
    let coverage = match ranked.first().and_then(|top| Some((generations.get(top.which)?, top.id))) {
        Some((generation, id)) => words::coverage(generation, id, &terms, &codes)?,
        None => 0.0,
    };
    let hits = (1..)
        .zip(ranked)
        .filter_map(|(rank, r)| r.into_hit(generations, rank).transpose())
        .collect::<Result<_>>()?;
    let machine = machine_of(&scopes);
    let choices =
        if named_somewhere { Vec::new() } else { machines_with(generations, &scopes, &codes.known) };
    Ok(Found { hits, codes, best_words_score, coverage, machine, choices })
}

/// More than so many choices nobody keeps in mind.
const MOST_CHOICES: usize = 4;

struct Ranked {
    which: usize,
    id: u32,
    score: f32,
    features: Features,
    found_by: FoundBy,
}

impl Ranked {
    fn into_hit(self, generations: &[&Generation], rank: usize) -> Result<Option<Hit>> {
        let Some(generation) = generations.get(self.which) else { return Ok(None) };
        let Some(document) = generation.document_of(self.id) else { return Ok(None) };
        Ok(Some(Hit {
            rank,
            score: self.score,
            features: self.features,
            found_by: self.found_by,
            id: self.id,
            generation: generation.number,
            standing: document.standing.clone(),
            passage: generation.read_passage(self.id)?,
        }))
    }
}

/// The question's codes. Known is what a passage in scope holds: another machine's E203,
/// or one that only a superseded revision has, is no answer.
fn codes_of(
    generations: &[&Generation],
    scopes: &[Scope],
    named_somewhere: bool,
    question: &str,
) -> QueryCodes {
    let held = |normal: &str| {
        generations.iter().zip(scopes).any(|(generation, scope)| {
            generation.vocabulary.codes.get(normal).is_some_and(|entry| {
                entry
                    .own
                    .iter()
                    .chain(&entry.mentions)
                    .any(|id| scope.answers(generation, *id, named_somewhere))
            })
        })
    };
    let in_text = |normal: &str| {
        let vocabularies = || generations.iter().map(|g| &g.vocabulary);
        vocabularies().any(|v| v.designations.contains(normal))
            && !vocabularies().any(|v| v.codes.contains_key(normal))
    };
    query_codes(question, &held, &in_text)
}

/// The passages of the question's codes: own entries, then mentions.
fn code_entries(
    generation: &Generation,
    scope: &Scope,
    named_somewhere: bool,
    codes: &[String],
) -> BTreeMap<u32, f32> {
    let mut bonus = BTreeMap::new();
    let entries = || codes.iter().filter_map(|c| generation.vocabulary.codes.get(c));
    let answers = |id: &&u32| scope.answers(generation, **id, named_somewhere);
    for id in entries().flat_map(|e| &e.mentions).filter(answers) {
        bonus.insert(*id, MENTION);
    }
    for id in entries().flat_map(|e| &e.own).filter(answers) {
        bonus.insert(*id, OWN_ENTRY);
    }
    bonus
}

/// The machines that have an entry of their own for one of `codes`, where there are several:
/// which one is meant is not for us to guess. A manual without a machine is no rival.
fn machines_with(generations: &[&Generation], scopes: &[Scope], codes: &[String]) -> Vec<String> {
    let owners = |code: &String| {
        let mut names = BTreeSet::new();
        for (generation, scope) in generations.iter().zip(scopes) {
            let own = generation.vocabulary.codes.get(code).map(|e| e.own.as_slice()).unwrap_or_default();
            let documents = own
                .iter()
                .filter(|id| scope.answers(generation, **id, false))
                .filter_map(|id| generation.document_of(*id));
            names.extend(documents.map(scope::machine_name).filter(|name| !name.is_empty()));
        }
        names
    };
    let rivals = codes.iter().map(owners).find(|names| names.len() > 1).unwrap_or_default();
    rivals.into_iter().take(MOST_CHOICES).collect()
}

/// The question's terms without its codes, each once.
fn content_terms(question: &str, codes: &[Span]) -> Vec<String> {
    let mut rest = String::with_capacity(question.len());
    let mut at = 0;
    for span in codes {
        rest.push_str(question.get(at..span.start).unwrap_or_default());
        rest.push(' ');
        at = span.end;
    }
    rest.push_str(question.get(at..).unwrap_or_default());
    let mut seen = BTreeSet::new();
    analyse::terms(&rest).into_iter().filter(|t| seen.insert(t.clone())).collect()
}

fn machine_of(scopes: &[Scope]) -> String {
    let names: BTreeSet<&str> = scopes.iter().flat_map(Scope::machines).collect();
    match (names.len(), names.into_iter().next()) {
        (1, Some(name)) => name.to_owned(),
        _ => String::new(),
    }
}

/// Does a passage hold a code, in canonical form?
fn holds(passage: &Passage, code: &str) -> bool {
    passage.codes.iter().any(|c| normalise(c) == code)
}
