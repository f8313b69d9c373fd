//! BM25 over the fields of the word index, and how much of a question a passage holds.

use std::collections::BTreeSet;

use tantivy::Term;
use tantivy::collector::TopDocs;
use tantivy::query::{
    BooleanQuery, BoostQuery, ConstScoreQuery, DisjunctionMaxQuery, Occur, Query, TermQuery, TermSetQuery,
};
use tantivy::schema::{Field, IndexRecordOption};

use super::Asked;
use super::scope::Scope;
use crate::core::knowledge::analyse;
use crate::core::knowledge::code::QueryCodes;
use crate::core::knowledge::generation::Generation;
use crate::core::knowledge::passage::Passage;
use crate::core::{Error, Kind, Result};

/// How much a field counts. A heading says what a passage is about; a title is shared by
/// all passages of a document and only tells documents apart.
const TITLE: f32 = 0.5;
const HEADING: f32 = 1.4;
const BODY: f32 = 1.0;
const CODES: f32 = 2.0;
/// What a term's weaker fields add to its best one.
const OTHER_FIELDS: f32 = 0.3;
/// At least so many candidates are ranked, however few hits are wanted.
const CANDIDATES: usize = 64;

/// The best passages for some terms and codes, with their scores.
pub(super) fn bm25(
    generation: &Generation,
    scope: &Scope,
    terms: &[String],
    codes: &[String],
    k: usize,
) -> Result<Vec<(u32, f32)>> {
    let fields = generation.fields;
    let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
    for term in terms {
        let weighted = [(fields.title, TITLE), (fields.heading, HEADING), (fields.body, BODY)];
        let each = weighted.into_iter().map(|(field, weight)| boosted(field, term, weight)).collect();
        clauses.push((Occur::Should, Box::new(DisjunctionMaxQuery::with_tie_breaker(each, OTHER_FIELDS))));
    }
    clauses.extend(codes.iter().map(|code| (Occur::Should, boosted(fields.codes, code, CODES))));
    if clauses.is_empty() {
        return Ok(Vec::new());
    }
    let mut query: Box<dyn Query> = Box::new(BooleanQuery::new(clauses));
    if let Some(places) = scope.places() {
        let of =
            TermSetQuery::new(places.into_iter().map(|place| Term::from_field_u64(fields.document, place)));
        let only: Box<dyn Query> = Box::new(ConstScoreQuery::new(Box::new(of), 0.0));
        query = Box::new(BooleanQuery::new(vec![(Occur::Must, query), (Occur::Must, only)]));
    }
    let searcher = &generation.searcher;
    let run = || -> tantivy::Result<Vec<(u32, f32)>> {
        let top = searcher
            .search(&query, &TopDocs::with_limit(CANDIDATES.max(k.saturating_mul(2))).order_by_score())?;
        let mut found = Vec::with_capacity(top.len());
        for (score, address) in top {
            let ids = searcher.segment_reader(address.segment_ord).fast_fields().u64("id")?;
            if let Some(id) = ids.first(address.doc_id).and_then(|id| u32::try_from(id).ok()) {
                found.push((id, score));
            }
        }
        Ok(found)
    };
    run().map_err(unreadable)
}

fn boosted(field: Field, term: &str, weight: f32) -> Box<dyn Query> {
    let query = TermQuery::new(Term::from_field_text(field, term), IndexRecordOption::WithFreqs);
    Box::new(BoostQuery::new(Box::new(query), weight))
}

/// The share of the question's idf that a passage holds, 0 to 1.
pub(super) fn coverage(generation: &Generation, id: u32, asked: &Asked, codes: &QueryCodes) -> Result<f32> {
    let Some(passage) = generation.passage(id) else { return Ok(0.0) };
    let held = held_terms(&passage);
    let terms = asked.terms_in(generation, &passage.language);
    let terms = &terms;
    let (mut whole, mut share) = (0.0, 0.0);
    for term in terms {
        let weight = rarity(generation, term)?;
        whole += weight;
        share += if held.contains(term) { weight } else { 0.0 };
    }
    for code in codes.known.iter().chain(&codes.unknown) {
        let in_passages = generation.vocabulary.codes.get(code).map_or(0, |e| e.own.len() + e.mentions.len());
        let weight = idf(generation, in_passages as u64);
        whole += weight;
        share += if super::holds(&passage, code) { weight } else { 0.0 };
    }
    Ok(if whole > 0.0 { share / whole } else { 0.0 })
}

/// The terms of all that a passage says and of what it is about.
pub(super) fn held_terms(passage: &Passage) -> BTreeSet<String> {
    let text = format!(
        "{} {} {} {} {}",
        passage.title,
        passage.machine,
        passage.model,
        passage.section.join(" "),
        analyse::body(passage)
    );
    analyse::terms_in(&text, Some(&passage.language)).into_iter().collect()
}

/// The inverse document frequency of a term, in the field that holds it most often.
pub(super) fn rarity(generation: &Generation, term: &str) -> Result<f32> {
    let fields = generation.fields;
    let mut in_passages = 0;
    for field in [fields.title, fields.heading, fields.body] {
        let count = generation.searcher.doc_freq(&Term::from_field_text(field, term)).map_err(unreadable)?;
        in_passages = in_passages.max(count);
    }
    Ok(idf(generation, in_passages))
}

/// The inverse document frequency of a term that no passage has.
pub(super) fn rarest(generation: &Generation) -> f32 {
    idf(generation, 0)
}

fn idf(generation: &Generation, in_passages: u64) -> f32 {
    let (all, having) = (generation.searcher.num_docs() as f32, in_passages as f32);
    (1.0 + (all - having + 0.5).max(0.0) / (having + 0.5)).ln()
}

fn unreadable(e: tantivy::TantivyError) -> Error {
    Error::new(Kind::Index, "the word index cannot be read").because(e).hint("millwright index DIR")
}
