//! Which documents a question may be answered from, and which it names.

use std::collections::BTreeSet;

use super::Query;
use crate::core::knowledge::analyse;
use crate::core::knowledge::code::{normalise, spoken_candidates};
use crate::core::knowledge::generation::{Document, Generation, Name, Names, Standing};

/// The documents of one generation, seen from one question.
pub(super) struct Scope {
    /// By the document's place: may it be searched?
    allowed: Vec<bool>,
    /// By the document's place: is it about the machine that the question names?
    named: Vec<bool>,
    /// By the document's place: is its machine unknown?
    anonymous: Vec<bool>,
    /// By the document's place: how clearly does the question name it, from 0 to 1?
    meant: Vec<f32>,
    machines: BTreeSet<String>,
}

impl Scope {
    pub(super) fn of(generation: &Generation, query: &Query) -> Self {
        let documents = generation.documents();
        let wanted = query.machine.as_deref().map(|m| (normalise(m), analyse::terms(m)));
        let allowed: Vec<bool> = documents
            .iter()
            .map(|d| {
                let in_force = query.include_superseded || d.standing == Standing::Current;
                in_force && wanted.as_ref().is_none_or(|(normal, terms)| is_machine(d, normal, terms))
            })
            .collect();
        let names = generation.names();
        let asked = Asked::of(&query.text, names);
        let mut named: Vec<bool> =
            names.iter().zip(&allowed).map(|(name, allowed)| *allowed && asked.names(name)).collect();
        // A machine has a name in each language, and one model in all.
        let models: BTreeSet<&str> = names
            .iter()
            .zip(&named)
            .filter(|(n, named)| **named && !n.model.is_empty())
            .map(|(n, _)| n.model.as_str())
            .collect();
        for ((name, allowed), named) in names.iter().zip(&allowed).zip(&mut named) {
            *named |= *allowed && models.contains(name.model.as_str());
        }
        let anonymous = documents
            .iter()
            .map(|d| d.identity.machine.value.is_empty() && d.identity.model.value.is_empty())
            .collect();
        let machines =
            documents.iter().zip(&named).filter(|(_, named)| **named).map(|(d, _)| machine_name(d)).collect();
        Scope { allowed, named, anonymous, meant: names.meant(&asked.terms), machines }
    }

    /// The places of the documents that may be searched; `None` where that is all of them.
    pub(super) fn places(&self) -> Option<Vec<u64>> {
        let places = || (0u64..).zip(&self.allowed).filter(|(_, allowed)| **allowed).map(|(place, _)| place);
        (!self.allowed.iter().all(|a| *a)).then(|| places().collect())
    }

    /// Does the question name a machine of this generation?
    pub(super) fn names_a_machine(&self) -> bool {
        self.named.iter().any(|n| *n)
    }

    /// Is a passage about a machine that the question names?
    pub(super) fn is_named(&self, generation: &Generation, passage: u32) -> bool {
        self.at(&self.named, generation, passage)
    }

    /// How clearly does the question name the document of a passage, from 0 to 1?
    pub(super) fn meant(&self, generation: &Generation, passage: u32) -> f32 {
        generation.place_of(passage).and_then(|place| self.meant.get(place)).copied().unwrap_or(0.0)
    }

    /// May a passage be searched?
    pub(super) fn allows(&self, generation: &Generation, passage: u32) -> bool {
        self.at(&self.allowed, generation, passage)
    }

    /// May a code be answered from a passage? Where the question names a machine, only from
    /// its manuals and from those whose machine is unknown.
    pub(super) fn answers(&self, generation: &Generation, passage: u32, named_somewhere: bool) -> bool {
        let about = !named_somewhere
            || self.at(&self.named, generation, passage)
            || self.at(&self.anonymous, generation, passage);
        self.at(&self.allowed, generation, passage) && about
    }

    /// The machines that the question names.
    pub(super) fn machines(&self) -> impl Iterator<Item = &str> {
        self.machines.iter().map(String::as_str)
    }

    fn at(&self, list: &[bool], generation: &Generation, passage: u32) -> bool {
        generation.place_of(passage).and_then(|place| list.get(place)).copied().unwrap_or(false)
    }
}

/// What a question says that may name a machine.
struct Asked {
    terms: BTreeSet<String>,
    /// Designations in canonical form, written or spoken.
    designations: BTreeSet<String>,
}

impl Asked {
    fn of(question: &str, names: &Names) -> Self {
        let models: BTreeSet<&str> = names.iter().map(|n| n.model.as_str()).collect();
        let mut designations: BTreeSet<String> = analyse::designations(question).collect();
        designations.extend(spoken_candidates(question, &|c| models.contains(c)));
        Asked { terms: analyse::question_terms(question, None).into_iter().collect(), designations }
    }

    /// The model, or a machine's name of two words or more in full.
    fn names(&self, name: &Name) -> bool {
        (!name.model.is_empty() && self.designations.contains(&name.model))
            || (name.machine.len() >= 2 && name.machine.iter().all(|t| self.terms.contains(t)))
    }
}

/// The designation in a question that no manual holds and that begins as a model of theirs
/// does: another machine of the maker.
pub(super) fn foreign(generations: &[&Generation], question: &str) -> Option<String> {
    let letters = |d: &str| d.chars().take_while(|c| c.is_alphabetic()).collect::<String>();
    let held = |d: &str| generations.iter().any(|g| g.vocabulary.designations.contains(d) || g.known_code(d));
    let designation = analyse::designations(question).find(|d| {
        let like = |name: &Name| {
            name.model.contains(|c: char| c.is_ascii_digit()) && letters(&name.model) == letters(d)
        };
        letters(d).chars().count() >= 2 && !held(d) && generations.iter().any(|g| g.names().iter().any(like))
    })?;
    // As the person wrote it.
    let mut words = question.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'));
    let written = words.find(|w| normalise(w) == designation);
    Some(written.map_or(designation.clone(), str::to_owned))
}

/// Is it what the person calls the machine: its model, or words of its name or title?
fn is_machine(document: &Document, normal: &str, terms: &[String]) -> bool {
    let identity = &document.identity;
    if normalise(&identity.model.value) == normal {
        return true;
    }
    let names = format!("{} {} {}", identity.machine.value, identity.model.value, identity.title.value);
    let own = analyse::terms(&names);
    !terms.is_empty() && terms.iter().all(|t| own.contains(t))
}

/// The machine's name and model on one line; `""` where both are unknown.
pub(super) fn machine_name(document: &Document) -> String {
    let identity = &document.identity;
    let parts = [identity.machine.value.as_str(), identity.model.value.as_str()];
    parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" ")
}
