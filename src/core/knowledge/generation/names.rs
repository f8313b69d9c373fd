//! What the documents of a generation are called: their titles, machines, models and the
//! names of their files. A question may name a manual by any of them.

use std::collections::{BTreeSet, HashMap};

use super::Document;
use crate::core::knowledge::analyse;
use crate::core::knowledge::code::normalise;

/// The names of a generation's documents.
pub(crate) struct Names {
    of: Vec<Name>,
    /// Documents that have a word in their names.
    with: HashMap<String, u32>,
}

/// The names of one document.
pub(crate) struct Name {
    /// The model, canonical; `""` where unknown.
    pub model: String,
    /// The machine's name, as terms.
    pub machine: Vec<String>,
    /// All that it is called, as terms.
    called: BTreeSet<String>,
}

/// What an unspoken word of a name takes from a match.
const UNSAID: f32 = 0.15;
/// What a designation ("GX4000") counts besides its rareness: it names the machine, where
/// words only describe it.
const DESIGNATION: f32 = 5.0;

impl Names {
    pub(super) fn of(documents: &[Document]) -> Self {
        let of: Vec<Name> = documents.iter().map(Name::of).collect();
        let mut with = HashMap::new();
        for term in of.iter().flat_map(|n| &n.called) {
            *with.entry(term.clone()).or_default() += 1;
        }
        Names { of, with }
    }

    /// Each document's names, by its place.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Name> {
        self.of.iter()
    }

    /// How clearly a question with these terms names each document: 1 for the clearest, 0
    /// where it says nothing that tells documents apart. A word counts as much as it is rare
    /// among the documents' names; of two names that hold what was said, the shorter is meant.
    pub(crate) fn meant(&self, terms: &BTreeSet<String>) -> Vec<f32> {
        let rareness = |term: &String| match self.with.get(term) {
            Some(with) => (self.of.len() as f32 / *with as f32).ln(),
            None => 0.0,
        };
        let weight = |term: &String| match rareness(term) {
            // What every document is called tells none apart.
            rare if rare > 0.0 && is_designation(term) => rare + DESIGNATION,
            rare => rare,
        };
        let strength = |name: &Name| {
            let said: f32 = name.called.intersection(terms).map(weight).sum();
            let unsaid: f32 = name.called.difference(terms).map(rareness).sum();
            if said > 0.0 { said * said / (said + UNSAID * unsaid) } else { 0.0 }
        };
        let mut all: Vec<f32> = self.of.iter().map(strength).collect();
        let most = all.iter().copied().fold(0.0, f32::max);
        if most > 0.0 {
            all.iter_mut().for_each(|s| *s /= most);
        }
        all
    }
}

/// Two letters or more with digits: "gx4000".
fn is_designation(term: &str) -> bool {
    term.contains(|c: char| c.is_ascii_digit()) && term.chars().filter(|c| c.is_alphabetic()).count() >= 2
}

impl Name {
    fn of(document: &Document) -> Self {
        let identity = &document.identity;
        let language = Some(identity.language.value.as_str());
        let file = document.id.rsplit_once('.').map_or(document.id.as_str(), |(stem, _)| stem);
        let all = [&identity.title.value, &identity.machine.value, &identity.model.value]
            .into_iter()
            .map(String::as_str)
            .chain(file.split(['/', '_']));
        Name {
            model: normalise(&identity.model.value),
            machine: analyse::question_terms(&identity.machine.value, language),
            called: all.flat_map(|text| analyse::question_terms(text, language)).collect(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn names(called: &[&str]) -> Names {
        let name = |text: &&str| Name {
            model: String::new(),
            machine: Vec::new(),
            called: analyse::question_terms(text, Some("en")).into_iter().collect(),
        };
        let of: Vec<Name> = called.iter().map(name).collect();
        let mut with = HashMap::new();
        for term in of.iter().flat_map(|n| &n.called) {
            *with.entry(term.clone()).or_default() += 1;
        }
        Names { of, with }
    }

    fn asked(question: &str) -> BTreeSet<String> {
        analyse::question_terms(question, Some("en")).into_iter().collect()
    }

    #[test]
    fn a_manual_is_meant_by_the_rare_word_of_its_name() {
        let names = names(&["ATLAS user manual", "ATLAS service manual", "VENTUS service manual"]);
        assert_eq!(names.meant(&asked("error on the ventus")), [0.0, 0.0, 1.0]);
        let meant = names.meant(&asked("E5 in the atlas service manual"));
        assert!(meant[1] == 1.0 && meant[0] < 0.7 && meant[2] < 0.7, "{meant:?}");
        assert_eq!(names.meant(&asked("what is E5")), [0.0; 3]);
    }

    #[test]
    fn a_designation_says_more_than_the_words_beside_it() {
        let names = names(&["GX4000 faults", "GX4000 wiring", "GX900 inverter faults", "Pump"]);
        let meant = names.meant(&asked("inverter GX4000 shows E5"));
        assert!(meant[0] > 0.9 && meant[1] > 0.9 && meant[2] < 0.5, "{meant:?}");
    }

    #[test]
    fn of_two_names_the_shorter_is_meant() {
        let names = names(&["ATLAS ceiling unit user guide", "ATLAS", "VENTUS"]);
        let meant = names.meant(&asked("the atlas shows E5"));
        assert!(meant[1] == 1.0 && meant[0] < 1.0, "{meant:?}");
    }
}
