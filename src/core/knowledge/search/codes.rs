//! The codes of a question: which of them some passage in scope holds, which entries they
//! lead to, and what the question may mean besides.

use std::collections::{BTreeMap, BTreeSet};

use super::scope::{self, Scope};
use super::{MENTION, OWN_ENTRY};
use crate::core::knowledge::code::{Lookup, QueryCodes, Shapes, codes_asked, neighbours, normalise};
use crate::core::knowledge::generation::Generation;
use crate::core::knowledge::language::is_han;

/// More choices than this nobody keeps in mind.
const MOST_CHOICES: usize = 4;

/// The question's codes. Known is what a passage in scope holds: another machine's E203,
/// or one that only a superseded revision has, is no answer.
pub(super) fn of(
    generations: &[&Generation],
    scopes: &[Scope],
    named_somewhere: bool,
    question: &str,
    spoken: bool,
) -> QueryCodes {
    let known = |normal: &str| {
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
    let mut several = Shapes::default();
    let shapes = match generations {
        [one] => &one.vocabulary.shapes,
        _ => {
            generations.iter().for_each(|g| several.merge(&g.vocabulary.shapes));
            &several
        }
    };
    let mut found = codes_asked(question, &Lookup { known: &known, in_text: &in_text, shapes, spoken });
    if found.known.is_empty() && found.unknown.is_empty() {
        found.known = names_in(question, &known);
    }
    found
}

/// A name of more words is a sentence.
const LONGEST_NAME: usize = 6;
const LONGEST_HAN_NAME: usize = 12;

/// The faults that a question calls by their names ("start overload", 起动过载), longest first
/// at each place; they stay in the words that are searched.
fn names_in(question: &str, known: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut names = Vec::new();
    let mut note = |name: String| {
        let is_known = known(&name);
        if is_known && !names.contains(&name) {
            names.push(name);
        }
        is_known
    };
    let words: Vec<&str> =
        question.split(|c: char| !(c.is_alphanumeric() || c == '-')).filter(|w| !w.is_empty()).collect();
    let mut at = 0;
    while at < words.len() {
        let lengths = (2..=LONGEST_NAME).rev();
        let taken = lengths
            .filter_map(|n| Some((n, words.get(at..at + n)?)))
            .find(|(_, run)| note(normalise(&run.concat())))
            .map(|(n, _)| n);
        at += taken.unwrap_or(1);
    }
    let signs: Vec<char> = question.chars().collect();
    let mut at = 0;
    while at < signs.len() {
        let taken = (3..=LONGEST_HAN_NAME)
            .rev()
            .filter_map(|n| Some((n, signs.get(at..at + n)?)))
            .filter(|(_, run)| run.iter().all(|c| is_han(*c)))
            .find(|(_, run)| note(run.iter().collect()))
            .map(|(n, _)| n);
        at += taken.unwrap_or(1);
    }
    names
}

/// What being named adds to the entry of a document: more than any words could.
const NAMED: f32 = 10.0;
/// What an entry gains where its whole document is about the code.
const WHOLE: f32 = 5.0;

/// The passages of the question's codes with what each adds to its score: own entries,
/// then mentions; of several entries first that of the manual that the question names, then
/// that of a document that is all about the code.
pub(super) fn entries(
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
        let whole = generation
            .document_of(*id)
            .is_some_and(|d| d.codes.iter().any(|c| codes.contains(&normalise(c))));
        let whole = if whole { WHOLE } else { 0.0 };
        bonus.insert(*id, OWN_ENTRY + NAMED * scope.meant(generation, *id) + whole);
    }
    bonus
}

/// What the codes of a question may mean, where that is not for us to guess: codes that
/// sound alike, else machines that each have an entry of their own for the code.
pub(super) fn choices(
    generations: &[&Generation],
    scopes: &[Scope],
    named_somewhere: bool,
    codes: &QueryCodes,
    spoken: bool,
) -> Vec<String> {
    // A neighbour that is only mentioned somewhere has no answer of its own.
    let has_entry = |code: &String| {
        generations.iter().zip(scopes).any(|(generation, scope)| {
            let entry = generation.vocabulary.codes.get(code);
            entry.is_some_and(|e| e.own.iter().any(|id| scope.answers(generation, *id, named_somewhere)))
        })
    };
    let written = |normal: &String| {
        let entry = generations.iter().find_map(|g| g.vocabulary.codes.get(normal));
        entry.map_or_else(|| normal.clone(), |e| e.written.clone())
    };
    let mut near = codes.near.iter().filter(|n| has_entry(&n.code)).peekable();
    if let Some(of) = near.peek().map(|n| &n.of) {
        let alike = near.filter(|n| n.of == *of).map(|n| &n.code);
        return std::iter::once(of).chain(alike).map(written).take(MOST_CHOICES).collect();
    }
    // Heard, and nothing like it exists but what sounds like it.
    if let (true, [], [unknown, ..]) = (spoken, codes.known.as_slice(), codes.unknown.as_slice()) {
        let language = generations.iter().flat_map(|g| &g.vocabulary.languages).next().map(String::as_str);
        let alike = neighbours(unknown, language, &|code| has_entry(&code.to_owned()));
        return alike.iter().map(|n| written(&n.code)).take(MOST_CHOICES).collect();
    }
    if named_somewhere { Vec::new() } else { machines_with(generations, scopes, &codes.known) }
}

/// The machines that have an entry of their own for one of `codes`, where there are
/// several. A manual without a machine is no rival.
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
