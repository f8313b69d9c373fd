//! The question as numbers: its nearest passages, and how near any one of them is.
//!
//! An embedder knows the languages that it was trained on. Asked in another, its neighbours
//! are noise, so it is not asked at all.

use std::collections::BTreeMap;

use super::scope::Scope;
use super::words;
use crate::core::Result;
use crate::core::knowledge::analyse;
use crate::core::knowledge::embed::{Embed, Encoded, Side};
use crate::core::knowledge::generation::Generation;
use crate::core::knowledge::language;
use crate::core::knowledge::vectors::late::{self, Late};

/// What makes numbers of a question.
#[derive(Clone, Copy)]
pub struct Meaning<'a> {
    /// The model.
    pub embedder: &'a dyn Embed,
    /// Languages that it knows, as BCP 47 primary tags; empty means all.
    pub languages: &'a [String],
    /// At most so many threads.
    pub threads: usize,
}

/// A question as numbers.
pub(super) struct Meant<'a> {
    question: &'a str,
    encoded: Encoded,
    by: Meaning<'a>,
}

/// So many of the nearest passages are looked at.
const NEAREST: usize = 64;

impl<'a> Meant<'a> {
    /// The question as numbers, where its language is one that the embedder knows.
    pub(super) fn of(question: &'a str, meaning: Option<Meaning<'a>>) -> Result<Option<Self>> {
        let Some(by) = meaning else { return Ok(None) };
        let han = || question.contains(language::is_han).then_some("zh");
        if language::guess(question).into_iter().chain(han()).any(|tag| !knows(by, tag)) {
            return Ok(None);
        }
        let encoded = by.embedder.encode(&[question], Side::Query, by.threads)?.pop();
        Ok(encoded.map(|encoded| Meant { question, encoded, by }))
    }

    /// Has the generation vectors that were made by the same embedder?
    pub(super) fn fits(&self, generation: &Generation) -> bool {
        generation.vectors.as_ref().is_some_and(|v| v.identity() == self.by.embedder.identity())
    }

    /// The nearest passages in scope with their cosines.
    pub(super) fn nearest(
        &self,
        generation: &Generation,
        scope: &Scope,
        k: usize,
    ) -> Result<Vec<(u32, f32)>> {
        let Some(vectors) = generation.vectors.as_ref().filter(|_| self.fits(generation)) else {
            return Ok(Vec::new());
        };
        vectors.search(&self.encoded.sentence, NEAREST.max(k), self.by.threads, |id| {
            scope.allows(generation, id)
        })
    }

    /// How near one passage is.
    pub(super) fn cosine(&self, generation: &Generation, id: u32) -> Option<f32> {
        let vectors = generation.vectors.as_ref().filter(|_| self.fits(generation))?;
        let row = vectors.row(id)?;
        Some(row.iter().zip(&self.encoded.sentence).map(|(a, b)| a * b).sum())
    }

    /// How well each of some passages answers to the question word by word (late
    /// interaction); `None` where the generation keeps no vectors of words. A word weighs as
    /// much as it is rare; stop words weigh nothing.
    pub(super) fn late(&self, generation: &Generation, ids: &[u32]) -> Option<Vec<(u32, f32)>> {
        let (late, question) = self.pieces(generation)?;
        Some(late.rerank(&question, ids))
    }

    /// What tells how near a generation's passages come to the question's terms; `None` where
    /// it keeps no vectors of words.
    pub(super) fn near<'g>(&self, generation: &'g Generation) -> Option<Near<'g>> {
        let (late, question) = self.pieces(generation)?;
        let terms = question.spans().map(|span| self.terms_at(span)).collect();
        Some(Near { late, question, terms })
    }

    /// The terms of the question's word around a piece.
    fn terms_at(&self, span: std::ops::Range<u32>) -> Vec<String> {
        analyse::question_terms(late::word(self.question, span), Some("en"))
    }

    fn pieces<'g>(&self, generation: &'g Generation) -> Option<(&'g Late, late::Question)> {
        let late = generation.late.as_ref().filter(|_| self.fits(generation))?;
        let weight = |span: std::ops::Range<u32>| {
            self.terms_at(span)
                .iter()
                .map(|t| words::rarity(generation, t).unwrap_or(0.0))
                .fold(0.0, f32::max)
        };
        let question = late.question(&self.encoded.tokens, weight);
        Some((late, question))
    }
}

/// A question's word pieces, ready to be held against passages.
pub(super) struct Near<'g> {
    late: &'g Late,
    question: late::Question,
    /// Of each piece, in the question's order.
    terms: Vec<Vec<String>>,
}

impl Near<'_> {
    /// The cosine of each term of the question with what comes nearest to it in a passage: the
    /// mean over its word pieces.
    pub(super) fn of(&self, id: u32) -> BTreeMap<&str, f32> {
        let mut sums: BTreeMap<&str, (f32, f32)> = BTreeMap::new();
        for (terms, cosine) in self.terms.iter().zip(self.late.matches(&self.question, id)) {
            for term in terms {
                let (sum, count) = sums.entry(term).or_default();
                *sum += cosine;
                *count += 1.0;
            }
        }
        sums.into_iter().map(|(term, (sum, count))| (term, sum / count)).collect()
    }
}

fn knows(by: Meaning<'_>, tag: &str) -> bool {
    by.languages.is_empty() || by.languages.iter().any(|l| l == tag)
}
