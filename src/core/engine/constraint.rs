//! What may be written next, token by token.
//!
//! A [`Constraint`] becomes an automaton over token ids. It is asked before each step which
//! ids are allowed, so that only those are compared (house plan, decision 9).

use super::Constraint;
use super::vocabulary::Vocabulary;
use crate::core::Result;

/// What the next step may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Any token.
    Any,
    /// One of these ids, ascending; `end` where the text may also end here.
    OneOf {
        /// Allowed ids.
        ids: Vec<u32>,
        /// May the model end its turn instead?
        end: bool,
    },
    /// Nothing is left to choose: this is the whole text.
    Settled(String),
}

/// The state of a constraint while a text is written.
#[derive(Debug)]
pub enum Automaton {
    /// No constraint.
    Free,
    /// A walk through the trie of the choices.
    Choice {
        /// Texts with their ids, those that still agree with what was written.
        live: Vec<(String, Vec<u32>)>,
        /// How many ids were written.
        depth: usize,
    },
}

impl Automaton {
    /// The automaton at its start.
    ///
    /// # Errors
    /// Where a choice cannot be encoded.
    pub fn new(constraint: &Constraint, vocabulary: &Vocabulary) -> Result<Self> {
        match constraint {
            Constraint::Free => Ok(Automaton::Free),
            Constraint::Choice(texts) => {
                let mut live: Vec<(String, Vec<u32>)> = Vec::with_capacity(texts.len());
                for text in texts {
                    if !live.iter().any(|(known, _)| known == text) {
                        live.push((text.clone(), vocabulary.encode(text)?));
                    }
                }
                Ok(Automaton::Choice { live, depth: 0 })
            }
        }
    }

    /// What the next step may do. With no choices at all the empty text is settled.
    pub fn next(&self) -> Next {
        let Automaton::Choice { live, depth } = self else {
            return Next::Any;
        };
        match live.as_slice() {
            [] => Next::Settled(String::new()),
            [(text, _)] => Next::Settled(text.clone()),
            several => {
                let mut ids: Vec<u32> =
                    several.iter().filter_map(|(_, ids)| ids.get(*depth)).copied().collect();
                ids.sort_unstable();
                ids.dedup();
                Next::OneOf { ids, end: self.whole().is_some() }
            }
        }
    }

    /// Takes the token that was chosen among [`Automaton::next`]'s.
    pub fn take(&mut self, id: u32) {
        if let Automaton::Choice { live, depth } = self {
            live.retain(|(_, ids)| ids.get(*depth) == Some(&id));
            *depth += 1;
        }
    }

    /// The choice that what was written amounts to, where it may end here.
    pub fn whole(&self) -> Option<&str> {
        match self {
            Automaton::Free => None,
            Automaton::Choice { live, depth } => {
                live.iter().find(|(_, ids)| ids.len() == *depth).map(|(text, _)| text.as_str())
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::super::vocabulary::tests::small;
    use super::*;

    fn choice(texts: &[&str]) -> Automaton {
        let texts = texts.iter().map(|t| (*t).to_owned()).collect();
        Automaton::new(&Constraint::Choice(texts), &small()).unwrap()
    }

    #[test]
    fn only_beginnings_of_choices_are_allowed_and_the_last_one_left_is_settled() {
        let v = small();
        let mut a = choice(&["E15", "E50", "none"]);
        let first = |t: &str| v.encode(t).unwrap()[0];
        let mut starts = vec![first("E15"), first("none")];
        starts.sort_unstable();
        assert_eq!(a.next(), Next::OneOf { ids: starts, end: false });
        a.take(first("E15"));
        let Next::OneOf { ids, end } = a.next() else { panic!("two are left") };
        assert_eq!((ids.len(), end), (2, false));
        a.take(first("5"));
        assert_eq!(a.next(), Next::Settled("E50".to_owned()));
    }

    #[test]
    fn a_choice_that_begins_another_may_end_where_it_is_whole() {
        let mut a = choice(&["1", "12"]);
        a.take(small().encode("1").unwrap()[0]);
        let Next::OneOf { ids, end } = a.next() else { panic!("two are left") };
        assert_eq!((ids.len(), end, a.whole()), (1, true, Some("1")));
    }

    #[test]
    fn one_choice_and_no_choice_need_no_model() {
        assert_eq!(choice(&["yes", "yes"]).next(), Next::Settled("yes".to_owned()));
        assert_eq!(choice(&[]).next(), Next::Settled(String::new()));
    }
}
