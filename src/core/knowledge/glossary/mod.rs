//! A glossary of terms: a question in one language finds a manual in another.
//!
//! The seed is our own list of maintenance terms in English, Spanish and Chinese. A planner's
//! file (`glossary.toml`) adds to it and overrides it: an entry there replaces every seed
//! entry that it shares a name with, in any language. [`propose`] lists the terms of an
//! index that have no translation yet, for the planner to fill in.

mod file;
mod propose;
mod seed;

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use super::analyse;
use crate::core::Result;

pub use propose::{Proposal, Source, propose, render_proposals};

/// The languages of a glossary.
pub const LANGUAGES: [&str; 3] = ["en", "es", "zh"];

/// One thing, by its names in each language; the first name is the usual one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Concept {
    /// Names by language.
    pub names: BTreeMap<&'static str, Vec<String>>,
}

/// Terms and their translations.
///
/// Invariant: every concept has names in two languages or more.
#[derive(Debug, Default)]
pub struct Glossary {
    concepts: Vec<Concept>,
    /// By language and a name's analysed terms joined by spaces: the concepts so called.
    phrases: BTreeMap<&'static str, HashMap<String, Vec<usize>>>,
    /// The longest phrase of each language: terms, or characters in Chinese.
    longest: BTreeMap<&'static str, usize>,
}

impl Glossary {
    /// The seed alone.
    pub fn seed() -> &'static Glossary {
        static SEED: LazyLock<Glossary> = LazyLock::new(|| Glossary::of(seed::concepts()));
        &SEED
    }

    /// The seed under the planner's file, whose text this is.
    ///
    /// # Errors
    /// `Kind::Unreadable` where the file is no TOML or no glossary, with the line; the caller
    /// keeps the glossary that it has.
    pub fn load(planner_file: Option<&str>) -> Result<Glossary> {
        let Some(text) = planner_file else {
            return Ok(Glossary::of(seed::concepts()));
        };
        let own = file::parse(text)?;
        let key = |language: &str, name: &String| (language.to_owned(), phrase(name, language));
        let mut taken = std::collections::HashSet::new();
        for concept in &own {
            taken.extend(concept.names.iter().flat_map(|(lang, names)| names.iter().map(|n| key(lang, n))));
        }
        let free = |concept: &Concept| {
            !concept.names.iter().any(|(lang, names)| names.iter().any(|n| taken.contains(&key(lang, n))))
        };
        // An entry with a name in one language only says "leave this word alone".
        let concepts = own.iter().filter(|c| c.names.len() >= 2).cloned();
        Ok(Glossary::of(concepts.chain(seed::concepts().into_iter().filter(free)).collect()))
    }

    fn of(concepts: Vec<Concept>) -> Self {
        let mut glossary = Glossary { concepts, ..Glossary::default() };
        for (at, concept) in glossary.concepts.iter().enumerate() {
            for (language, names) in &concept.names {
                for name in names {
                    let phrase = phrase(name, language);
                    if phrase.is_empty() {
                        continue;
                    }
                    let length = match *language {
                        "zh" => phrase.chars().count(),
                        _ => phrase.split(' ').count(),
                    };
                    let longest = glossary.longest.entry(language).or_default();
                    *longest = length.max(*longest);
                    let of = glossary.phrases.entry(language).or_default().entry(phrase).or_default();
                    if !of.contains(&at) {
                        of.push(at);
                    }
                }
            }
        }
        glossary
    }

    /// The concepts, the planner's first.
    pub fn concepts(&self) -> &[Concept] {
        &self.concepts
    }

    /// The names, in the language `to`, of what `text` (in the language `from`) speaks of:
    /// the longest phrases count, each once, in the text's order.
    pub fn names(&self, text: &str, from: &str, to: &str) -> Vec<&str> {
        let mut out: Vec<&str> = Vec::new();
        for at in self.found(text, from) {
            let Some(names) = self.concepts.get(at).and_then(|c| c.names.get(to)) else { continue };
            for name in names {
                if !out.contains(&name.as_str()) {
                    out.push(name);
                }
            }
        }
        out
    }

    /// The same as terms of the index, analysed in `to`.
    pub fn translate(&self, text: &str, from: &str, to: &str) -> Vec<String> {
        let names = self.names(text, from, to);
        analyse::once(names.iter().flat_map(|name| analyse::question_terms(name, Some(to))).collect())
    }

    /// Has `term` a translation?
    pub fn holds(&self, term: &str, language: &str) -> bool {
        let phrases = self.phrases.get(language);
        phrases.is_some_and(|p| p.contains_key(&phrase(term, language)))
    }

    /// The concepts that `text` names, longest phrase first at every place, in order.
    fn found(&self, text: &str, from: &str) -> Vec<usize> {
        let (Some(phrases), Some(longest)) = (self.phrases.get(from), self.longest.get(from)) else {
            return Vec::new();
        };
        let (units, glue) = units(text, from);
        let mut out: Vec<usize> = Vec::new();
        let mut at = 0;
        while at < units.len() {
            let most = (*longest).min(units.len() - at);
            let hit = (1..=most).rev().find_map(|length| {
                let phrase = units.get(at..at + length)?.join(glue);
                Some((length, phrases.get(&phrase)?))
            });
            match hit {
                Some((length, concepts)) => {
                    for concept in concepts {
                        if !out.contains(concept) {
                            out.push(*concept);
                        }
                    }
                    at += length;
                }
                None => at += 1,
            }
        }
        out
    }
}

/// A name as it is looked up.
fn phrase(name: &str, language: &str) -> String {
    let (units, glue) = units(name, language);
    units.join(glue)
}

/// What a text is matched by: its terms, or in Chinese its characters (Latin words there
/// stay whole).
fn units(text: &str, language: &str) -> (Vec<String>, &'static str) {
    if language != "zh" {
        return (analyse::terms_in(text, Some(language)), " ");
    }
    let mut out: Vec<String> = Vec::new();
    let mut word = String::new();
    for c in text.chars().map(analyse::narrow) {
        if c.is_ascii_alphanumeric() {
            word.push(c.to_ascii_lowercase());
            continue;
        }
        if !word.is_empty() {
            out.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            out.push(c.to_string());
        }
    }
    if !word.is_empty() {
        out.push(word);
    }
    (out, "")
}

#[cfg(test)]
mod tests;
