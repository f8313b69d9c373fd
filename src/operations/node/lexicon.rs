//! The plant's own words, for the recogniser: one lexicon per knowledge base and one for
//! all, made when the index is opened.

use std::collections::HashMap;
use std::sync::Arc;

use crate::core::hear::repair::Lexicon;
use crate::core::knowledge::generation::{Generation, Store};

/// The lexicons of a set of pinned generations.
#[derive(Default)]
pub struct Lexicons {
    all: Arc<Lexicon>,
    by_kb: HashMap<String, Arc<Lexicon>>,
}

impl Lexicons {
    /// Those of a store.
    pub fn of(store: &Store) -> Lexicons {
        let mut by_kb: HashMap<String, Arc<Lexicon>> = HashMap::new();
        for generation in &store.generations {
            by_kb.insert(generation.kb.clone(), Arc::new(lexicon(std::slice::from_ref(generation))));
        }
        let all = match store.generations.as_slice() {
            [one] => by_kb.get(&one.kb).cloned().unwrap_or_default(),
            several => Arc::new(lexicon(several)),
        };
        Lexicons { all, by_kb }
    }

    /// That of one knowledge base, with `None` that of all; an empty one where there is no
    /// such base.
    pub fn get(&self, kb: Option<&str>) -> Arc<Lexicon> {
        match kb {
            None => self.all.clone(),
            Some(kb) => self.by_kb.get(kb).cloned().unwrap_or_default(),
        }
    }
}

/// The codes and terms of some generations.
pub fn lexicon(generations: &[Generation]) -> Lexicon {
    let vocabularies = || generations.iter().map(|g| &g.vocabulary);
    let codes: Vec<&str> =
        vocabularies().flat_map(|v| v.codes.values()).map(|c| c.written.as_str()).collect();
    let terms: Vec<&str> = vocabularies().flat_map(|v| &v.terms).map(String::as_str).collect();
    Lexicon::new(&codes, &terms)
}
