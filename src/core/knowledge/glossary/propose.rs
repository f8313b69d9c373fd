//! Terms of an index that have no translation yet, for the planner to fill in.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use super::{Glossary, LANGUAGES};
use crate::core::knowledge::analyse;
use crate::core::knowledge::code;
use crate::core::knowledge::language::is_han;

/// At most so many are proposed: a list that nobody finishes helps nobody.
pub const MOST_PROPOSALS: usize = 200;
/// A term that stands in fewer places is left to its manual.
const OFTEN: usize = 2;
/// A heading of more words is a sentence; only its words are terms.
const LONGEST_TERM: usize = 3;
/// The same in ideographs.
const LONGEST_HAN: usize = 6;

/// Where terms stand: a heading, a table's header or the first cell of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source<'t> {
    /// Its words.
    pub text: &'t str,
    /// The language of its document, as a BCP 47 tag.
    pub language: &'t str,
}

/// A term without a translation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// As the manuals write it, in lower case.
    pub term: String,
    /// "en", "es" or "zh".
    pub language: &'static str,
    /// In how many places it stands.
    pub count: usize,
}

/// How often a term stands somewhere, and how it is written.
#[derive(Default)]
struct Counted {
    times: usize,
    forms: HashMap<String, usize>,
}

/// The terms of `sources` that `glossary` has no translation of: at most
/// [`MOST_PROPOSALS`], the most frequent first. Codes, numbers and single letters are none.
pub fn propose<'t>(glossary: &Glossary, sources: impl IntoIterator<Item = Source<'t>>) -> Vec<Proposal> {
    // By language and analysed form: the count, and each written form with its own.
    let mut counts: BTreeMap<(&'static str, String), Counted> = BTreeMap::new();
    for source in sources {
        let Some(language) = analyse::primary(source.language) else { continue };
        for term in candidates(source.text, language) {
            if glossary.holds(&term, language) || is_covered(glossary, &term, language) {
                continue;
            }
            let key = analyse::terms_in(&term, Some(language)).join(" ");
            if key.is_empty() {
                continue;
            }
            let counted = counts.entry((language, key)).or_default();
            counted.times += 1;
            *counted.forms.entry(term).or_default() += 1;
        }
    }
    let mut out: Vec<Proposal> = counts
        .into_iter()
        .filter(|(_, counted)| counted.times >= OFTEN)
        .filter_map(|((language, _), Counted { times: count, forms })| {
            let (term, _) = forms.into_iter().max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0)))?;
            Some(Proposal { term, language, count })
        })
        .collect();
    out.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| (a.language, &a.term).cmp(&(b.language, &b.term))));
    out.truncate(MOST_PROPOSALS);
    out
}

/// Are all words of a longer term translated one by one?
fn is_covered(glossary: &Glossary, term: &str, language: &str) -> bool {
    language != "zh"
        && term.contains(' ')
        && term.split(' ').all(|word| {
            glossary.holds(word, language) || analyse::question_terms(word, Some(language)).is_empty()
        })
}

/// What may be a term in `text`: itself where it is short, else its words.
fn candidates(text: &str, language: &str) -> Vec<String> {
    if language == "zh" {
        let runs = text.split(|c: char| !is_han(c)).filter(|r| r.chars().nth(1).is_some());
        return runs.filter(|r| r.chars().count() <= LONGEST_HAN).map(str::to_owned).collect();
    }
    let words: Vec<String> = text
        .split(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_'))
        .filter(|w| !w.is_empty() && is_word(w))
        .map(str::to_lowercase)
        .collect();
    let content = |w: &String, letters: usize| {
        w.chars().count() >= letters && !analyse::question_terms(w, Some(language)).is_empty()
    };
    if words.len() > 1 && words.len() <= LONGEST_TERM {
        let ends = [words.first(), words.last()];
        if ends.into_iter().flatten().all(|w| content(w, 3)) {
            return vec![words.join(" ")];
        }
    }
    words.iter().filter(|w| content(w, 4)).cloned().collect()
}

/// Letters only: no code, number or name with digits.
fn is_word(word: &str) -> bool {
    let letters = word.chars().all(|c| c.is_alphabetic() || c == '-');
    let shouted = word.chars().count() <= 4 && word.chars().all(|c| c.is_uppercase());
    letters && !shouted && code::codes_in(word).is_empty()
}

/// Proposals as the TOML that a planner fills in; a name left empty says nothing.
pub fn render_proposals(proposals: &[Proposal]) -> String {
    let mut out = String::from(
        "# Terms of this index that have no translation yet, the most frequent first.\n\
         # Fill in what you know and leave the rest empty; several names go in brackets:\n\
         #   es = [\"rodamiento\", \"cojinete\"]\n\
         # An entry here replaces the built-in one of the same name.\n",
    );
    for proposal in proposals {
        let times = if proposal.count == 1 { "time" } else { "times" };
        let _ = write!(out, "\n[[term]]  # {} {times}\n", proposal.count);
        for language in LANGUAGES {
            let name = if language == proposal.language { proposal.term.as_str() } else { "" };
            let _ = writeln!(out, "{language} = {}", toml::Value::String(name.to_owned()));
        }
    }
    out
}
