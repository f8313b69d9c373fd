//! Words of text, the same for the index, the question and the evidence: lower case,
//! without accents and stop words, stemmed as English or Spanish, Chinese by characters,
//! pairs and dictionary words.
//!
//! [`terms_in`] is what the index holds of a text, [`question_terms`] what a question asks
//! for; of the same text in the same language, the second is part of the first.

mod chinese;
mod latin;
mod tokens;

use super::glossary::{self, Glossary};
use super::language;
use super::passage::{Passage, Shape};
use latin::Latin;
pub(crate) use tokens::narrow;
use tokens::{Comma, Token, tokens};

/// Changes whenever the same text yields other terms; an index of another version is
/// rebuilt rather than misread.
pub const VERSION: &str = "en-es-zh-2/tantivy-0.27/jieba-0.21";

/// The terms of `text`, in its order, repeats included; its language is guessed.
pub fn terms(text: &str) -> Vec<String> {
    terms_in(text, None)
}

/// The terms that the index holds of `text`, in its order, repeats included.
///
/// `language` is a BCP 47 tag ("en", "es-MX", "zh"); where it is none of the three or
/// unknown, the text itself tells, else it counts as English. Ideographs are read as
/// Chinese in every language.
pub fn terms_in(text: &str, language: Option<&str>) -> Vec<String> {
    analyse(text, latin(text, language), chinese::indexed)
}

/// The terms that a question asks for, each once, in its order.
pub fn question_terms(question: &str, language: Option<&str>) -> Vec<String> {
    once(analyse(question, latin(question, language), chinese::asked))
}

/// The terms to look for in passages of the language `of_passages`: the question's own
/// where that is its language, else what the glossary translates, and such words as are the
/// same in every language (numbers, designations, names).
pub fn query_terms(
    question: &str,
    language: Option<&str>,
    of_passages: &str,
    glossary: &Glossary,
) -> Vec<String> {
    let han = || question.contains(language::is_han).then_some("zh");
    let own = language.and_then(primary).or_else(han).or_else(|| language::guess(question));
    let (from, to) = match (own, primary(of_passages)) {
        (Some(from), Some(to)) => (from, to),
        (_, None) => return question_terms(question, own),
        // A few words tell no language: they are read as the passages are written, and as
        // what they may mean in another.
        (None, Some(to)) => {
            let others = glossary::LANGUAGES.into_iter().filter(|l| *l != to);
            let mut out = question_terms(question, Some(to));
            out.extend(others.flat_map(|from| glossary.translate(question, from, to)));
            return once(out);
        }
    };
    if from == to {
        return question_terms(question, Some(to));
    }
    let mut out = glossary.translate(question, from, to);
    let stop_words = match from {
        "es" => latin::SPANISH_STOP_WORDS,
        _ => latin::ENGLISH_STOP_WORDS,
    };
    let kept: Vec<String> = tokens(question, comma(Some(from)))
        .into_iter()
        .filter_map(|token| match token {
            Token::Word(word) if !stop_words.contains(&word.as_str()) => Some(word),
            // What is written in ideographs is no word of English or Spanish.
            _ => None,
        })
        .collect();
    out.extend(question_terms(&kept.join(" "), Some(to)));
    once(out)
}

/// "es-MX" → "es": one of the three languages that have an analyser.
pub(crate) fn primary(tag: &str) -> Option<&'static str> {
    let first = tag.split(['-', '_']).next().unwrap_or_default();
    ["en", "es", "zh"].into_iter().find(|known| first.eq_ignore_ascii_case(known))
}

/// Takes terms one by one.
type Each<'e> = &'e mut dyn FnMut(&str);

fn latin(text: &str, language: Option<&str>) -> Latin {
    match language.and_then(primary).or_else(|| language::guess(text)) {
        Some("es") => Latin::Spanish,
        _ => Latin::English,
    }
}

fn comma(language: Option<&str>) -> Comma {
    if language == Some("es") { Comma::Decimal } else { Comma::Groups }
}

fn analyse(text: &str, latin: Latin, han: fn(&str, Each<'_>)) -> Vec<String> {
    let comma = if latin == Latin::Spanish { Comma::Decimal } else { Comma::Groups };
    let mut out = Vec::new();
    // Words are analysed in runs: setting the analyser up for each would cost more than it.
    let mut run = String::new();
    for token in tokens(text, comma) {
        match token {
            Token::Word(word) => {
                if !run.is_empty() {
                    run.push(' ');
                }
                run.push_str(&latin.prepared(word));
            }
            Token::Han(ideographs) => {
                flush(&mut run, latin, &mut out);
                han(&ideographs, &mut |term| out.push(term.to_owned()));
            }
        }
    }
    flush(&mut run, latin, &mut out);
    out
}

fn flush(run: &mut String, latin: Latin, out: &mut Vec<String>) {
    if !run.is_empty() {
        latin.terms(run, &mut |term| out.push(term.to_owned()));
        run.clear();
    }
}

pub(super) fn once(terms: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    terms.into_iter().filter(|t| seen.insert(t.clone())).collect()
}

/// The words that hold both letters and digits, or are joined by underscores, in canonical
/// form: what a question may name without its being an unknown code.
pub fn designations(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !(c.is_alphanumeric() && !language::is_han(c) || c == '-' || c == '_')).flat_map(
        |word| {
            let joined = (word.contains('_') && word.contains(char::is_alphabetic)).then_some(word);
            let parts = word.split(['-', '_']).chain([word]);
            joined.map(super::code::normalise).filter(|w| w.len() <= 48).into_iter().chain(
                parts.map(super::code::normalise).filter(|w| {
                    w.contains(|c: char| c.is_ascii_digit())
                        && w.contains(char::is_alphabetic)
                        && w.len() <= 24
                }),
            )
        },
    )
}

/// What a passage's body field holds: a row's headers belong to its cells.
pub(super) fn body(passage: &Passage) -> String {
    match passage.shape {
        Shape::Row => passage.fields.iter().map(|f| format!("{} {} ", f.name, f.value)).collect(),
        Shape::Prose | Shape::Step => passage.text.clone(),
    }
}

#[cfg(test)]
mod tests;
