//! Finds the passages that a question is about: a code's own entry first, then its
//! mentions, then what the words (BM25) and the meaning (dense vectors) find together.
//!
//! ```text
//! question ─▶ scope ─▶ codes ─────────────────▶ own entries, mentions ─┐
//!                  ├─▶ words in each language ─▶ BM25 ──┐              ├─▶ hits
//!                  └─▶ vector ──▶ nearest passages ─────┴▶ fuse ▶ late ┘
//! ```
//!
//! Deterministic: equal scores are ordered by knowledge base, document and place.

mod codes;
mod fuse;
mod meaning;
mod quantity;
mod scope;
mod support;
mod words;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::analyse;
use super::code::{QueryCodes, normalise};
use super::generation::{Generation, Standing};
use super::language;
use super::passage::{Passage, Shape, Span};
use crate::core::Result;
use fuse::{Candidate, RANKED_AGAIN, add_late, best_first, fuse, keep_best_words};
pub use meaning::Meaning;
use meaning::Meant;
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
    /// Passages, by id, that are passed over: calibration asks what an index would find if it
    /// did not have them.
    pub without: BTreeSet<u32>,
    /// Was it heard rather than typed? Codes that sound alike are asked back.
    pub spoken: bool,
    /// Was it heard clearly? Then a code that the index has is taken as it was heard.
    pub clear: bool,
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
    /// Falls with the rank: 0 to 1 for the best of this question, plus [`OWN_ENTRY`] or
    /// [`MENTION`] where found by a code.
    pub score: f32,
    /// What the score is made of.
    pub features: Features,
    /// The share of the question's content, by rarity, that it holds or comes near to, 0 to 1:
    /// comparable between questions of one generation. Zero for all but the best few.
    pub support: f32,
    /// Is it about another machine than the one that the question names?
    pub elsewhere: bool,
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
    /// The same in units of the weight of a word that no manual of the best hit's index has.
    pub mass: f32,
    /// How much of the question the best passage holds: the share of the idf of the
    /// question's content words and codes, 0 to 1. Words that no manual has count fully.
    pub coverage: f32,
    /// A model that the question names and no manual is about, though it is called like one of
    /// theirs (`BP-30` beside `BP-22`).
    pub foreign: Option<String>,
    /// Terms of the question that no manual has.
    pub absent: Vec<String>,
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

/// The best `query.k` passages over `generations`. `meaning` makes numbers of the question;
/// without it only words are searched.
///
/// # Errors
/// `Kind::Index` where an index cannot be read, `Kind::Compute` where the embedder fails.
pub fn search(generations: &[&Generation], query: &Query, meaning: Option<Meaning<'_>>) -> Result<Found> {
    let scopes: Vec<Scope> = generations.iter().map(|g| Scope::of(g, query)).collect();
    let named_somewhere = scopes.iter().any(Scope::names_a_machine);
    let codes = codes::of(generations, &scopes, named_somewhere, &query.text, query.spoken && !query.clear);
    let asked = Asked::of(&query.text, &codes.spans);
    let meant = match query.only {
        Only::Words => None,
        _ => Meant::of(&query.text, meaning)?,
    };
    let figure = quantity::is_asked(&query.text);
    let code_terms: Vec<String> = codes.known.iter().map(|c| c.to_lowercase()).collect();
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut bonuses: BTreeMap<(usize, u32), f32> = BTreeMap::new();
    let mut best_words_score = 0.0f32;
    for (which, (generation, scope)) in generations.iter().zip(&scopes).enumerate() {
        let mut found: BTreeMap<u32, Features> = BTreeMap::new();
        if query.only != Only::Vectors {
            let terms = asked.terms_for(generation);
            for (id, words) in words::bm25(generation, scope, &terms, &code_terms, query.k)? {
                found.entry(id).or_default().words = words;
            }
        }
        if let Some(meant) = &meant {
            for (id, cosine) in meant.nearest(generation, scope, query.k)? {
                found.entry(id).or_default().cosine = Some(cosine);
            }
        }
        for (id, bonus) in codes::entries(generation, scope, named_somewhere, &codes.known) {
            found.entry(id).or_default();
            bonuses.insert((which, id), bonus);
        }
        found.retain(|id, _| !query.without.contains(id));
        for (id, mut features) in found {
            if let (Some(meant), None) = (&meant, features.cosine) {
                features.cosine = meant.cosine(generation, id);
            }
            let named = scope.is_named(generation, id);
            let fits = figure && generation.passage(id).is_some_and(|p| quantity::is_held(&p));
            let weight = if named { NAMED_MACHINE } else { 1.0 } * if fits { ASKED_FIGURE } else { 1.0 };
            let words = features.words * weight;
            best_words_score = best_words_score.max(words);
            candidates.push(Candidate { which, id, words, features, score: 0.0 });
        }
    }
    fuse(&mut candidates, query.only);
    if let (Some(meant), Only::Reranked) = (&meant, query.only) {
        rank_again(&mut candidates, meant, generations);
    }
    let bonus = |c: &Candidate| bonuses.get(&(c.which, c.id)).copied().unwrap_or(0.0);
    candidates.iter_mut().for_each(|c| c.score += bonus(c));
    candidates.sort_by(best_first);
    if bonuses.is_empty() && !matches!(query.only, Only::Words | Only::Vectors) {
        keep_best_words(&mut candidates);
    }
    candidates.truncate(query.k);
    let coverage = match candidates.first().and_then(|top| Some((generations.get(top.which)?, top.id))) {
        Some((generation, id)) => words::coverage(generation, id, &asked, &codes)?,
        None => 0.0,
    };
    let machines: Vec<&str> = scopes.iter().flat_map(Scope::machines).collect();
    let mut absent = (Vec::new(), f32::INFINITY);
    let mut supports: Vec<f32> = Vec::new();
    let mut weighed: BTreeMap<(usize, String), support::Weighed<'_>> = BTreeMap::new();
    for candidate in candidates.iter().take(support::MEASURED) {
        let Some(generation) = generations.get(candidate.which) else { continue };
        let language = generation.passage(candidate.id).map_or_else(String::new, |p| p.language);
        let weighed = match weighed.entry((candidate.which, language)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => {
                let of = support::Weighed::of(generation, &asked, meant.as_ref(), &machines, &free.key().1)?;
                free.insert(of)
            }
        };
        if weighed.absent.1 < absent.1 {
            absent.clone_from(&weighed.absent);
        }
        supports.push(weighed.support(candidate.id, &codes));
    }
    let best = candidates.first().and_then(|top| generations.get(top.which));
    let mass = best_words_score / best.map_or(1.0, |g| words::rarest(g)).max(1.0);
    let choices = codes::choices(generations, &scopes, named_somewhere, &codes, query.spoken);
    let is_code = |c: &Candidate| bonuses.contains_key(&(c.which, c.id));
    let elsewhere = |c: &Candidate| match (generations.get(c.which), scopes.get(c.which)) {
        (Some(generation), Some(scope)) => !scope.answers(generation, c.id, named_somewhere),
        _ => false,
    };
    let hits = (1..)
        .zip(&candidates)
        .filter_map(|(rank, c)| {
            let support = supports.get(rank - 1).copied().unwrap_or_default();
            hit(c, is_code(c), generations, rank, support, elsewhere(c)).transpose()
        })
        .collect::<Result<_>>()?;
    Ok(Found {
        hits,
        codes,
        best_words_score,
        coverage,
        mass,
        foreign: scope::foreign(generations, &query.text),
        absent: absent.0,
        machine: machine_of(&scopes),
        choices,
    })
}

/// Procedures whose whole sections are read for one question.
const SECTIONS: usize = 3;

/// All passages of the sections that the best steps among the hits stand in, in the manual's
/// order: so that a procedure can be read from its first step.
pub fn sections(generations: &[&Generation], found: &Found) -> Vec<Passage> {
    let mut all: Vec<Passage> = Vec::new();
    for hit in found.hits.iter().filter(|h| h.passage.shape == Shape::Step).take(SECTIONS) {
        let own = generations.iter().find(|g| g.kb == hit.passage.kb && g.number == hit.generation);
        let section = own.map_or_else(Vec::new, |g| g.section_of(hit.id));
        if !section.first().is_some_and(|p| all.contains(p)) {
            all.extend(section);
        }
    }
    all
}

/// Late interaction over the best so far.
fn rank_again(candidates: &mut [Candidate], meant: &Meant<'_>, generations: &[&Generation]) {
    candidates.sort_by(best_first);
    let best = candidates.len().min(RANKED_AGAIN);
    let Some(best) = candidates.get_mut(..best) else { return };
    for (which, generation) in generations.iter().enumerate() {
        let ids: Vec<u32> = best.iter().filter(|c| c.which == which).map(|c| c.id).collect();
        let late: BTreeMap<u32, f32> = meant.late(generation, &ids).unwrap_or_default().into_iter().collect();
        for candidate in best.iter_mut().filter(|c| c.which == which) {
            if let Some(late) = late.get(&candidate.id) {
                add_late(candidate, *late);
            }
        }
    }
}

fn hit(
    candidate: &Candidate,
    by_code: bool,
    generations: &[&Generation],
    rank: usize,
    support: f32,
    elsewhere: bool,
) -> Result<Option<Hit>> {
    let Some(generation) = generations.get(candidate.which) else { return Ok(None) };
    let Some(document) = generation.document_of(candidate.id) else { return Ok(None) };
    Ok(Some(Hit {
        rank,
        score: candidate.score,
        features: candidate.features,
        support,
        elsewhere,
        found_by: if by_code { FoundBy::Code } else { FoundBy::Words },
        id: candidate.id,
        generation: generation.number,
        standing: document.standing.clone(),
        passage: generation.read_passage(candidate.id)?,
    }))
}

/// What a question asks for in words.
struct Asked {
    /// The question without its codes.
    text: String,
    language: Option<&'static str>,
}

impl Asked {
    fn of(question: &str, codes: &[Span]) -> Self {
        let mut text = String::with_capacity(question.len());
        let mut at = 0;
        for span in codes {
            text.push_str(question.get(at..span.start).unwrap_or_default());
            text.push(' ');
            at = span.end;
        }
        text.push_str(question.get(at..).unwrap_or_default());
        Asked { text, language: language::guess(question) }
    }

    /// The terms to look for in a generation's passages of a language.
    fn terms_in(&self, generation: &Generation, of_passages: &str) -> Vec<String> {
        analyse::query_terms(&self.text, self.language, of_passages, generation.glossary())
    }

    /// The terms to look for in a generation, over the languages of its manuals, each once.
    fn terms_for(&self, generation: &Generation) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let languages = &generation.vocabulary.languages;
        languages
            .iter()
            .flat_map(|l| self.terms_in(generation, l))
            .filter(|t| seen.insert(t.clone()))
            .collect()
    }
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
