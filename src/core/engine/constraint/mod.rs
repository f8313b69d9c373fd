//! What may be written next, token by token.
//!
//! A [`Constraint`] becomes an automaton over token ids. It is asked before each step which
//! ids are allowed, so that only those are compared (house plan, decision 9).
//!
//! | constraint | what may be written | how it is told |
//! |---|---|---|
//! | `Free` | anything | as it is written |
//! | `Choice` | one of some texts | whole, at the end |
//! | `Locked` ([`locked`]) | free wording; numbers and codes as in the sources | as it is written |
//! | `Copy` ([`copy`]) | spans of the sources and connectives | as it is written |

pub mod copy;
pub mod lexicon;
pub mod locked;
mod text;

use std::sync::Arc;

use super::Constraint;
use super::bits::Bits;
use super::vocabulary::Vocabulary;
use crate::core::Result;

/// What the next step may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allow {
    /// Any token, stop tokens too.
    Any,
    /// One of the tokens of the mask; stop tokens are among them where the text may end.
    Masked,
    /// None: nothing is left to choose, the text is complete.
    Done,
}

/// What became of a token that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Took {
    /// It is part of the text.
    Written,
    /// The text has ended before it or inside it: only its first `bytes` belong to the text.
    Ended {
        /// How many bytes.
        bytes: usize,
    },
}

/// The state of a constraint while a text is written. A clone is cheap: it may run ahead
/// over a draft.
#[derive(Debug, Clone)]
pub enum Automaton {
    /// No constraint.
    Free,
    /// A walk through the trie of the choices.
    Choice(Choice),
    /// The number lock.
    Locked(locked::Locked),
    /// Spans of sources.
    Copy(copy::Copy),
}

/// The choices that still agree with what was written.
#[derive(Debug, Clone)]
pub struct Choice {
    /// All choices, with their ids.
    texts: Arc<[(String, Vec<u32>)]>,
    live: Vec<usize>,
    /// How many ids were written.
    depth: usize,
    lexicon: Arc<lexicon::Lexicon>,
}

impl Automaton {
    /// The automaton at its start.
    ///
    /// # Errors
    /// Where a choice cannot be encoded.
    pub fn new(constraint: &Constraint, vocabulary: &Vocabulary) -> Result<Self> {
        let lexicon = || vocabulary.lexicon();
        Ok(match constraint {
            Constraint::Free => Automaton::Free,
            Constraint::Choice(texts) => {
                let mut unlike: Vec<(String, Vec<u32>)> = Vec::with_capacity(texts.len());
                for text in texts {
                    if !unlike.iter().any(|(known, _)| known == text) {
                        unlike.push((text.clone(), vocabulary.encode(text)?));
                    }
                }
                let live = (0..unlike.len()).collect();
                let lexicon = lexicon().clone();
                Automaton::Choice(Choice { texts: unlike.into(), live, depth: 0, lexicon })
            }
            Constraint::Locked { sources, sentences } => {
                Automaton::Locked(locked::Locked::new(sources, *sentences, lexicon()))
            }
            Constraint::Copy { sources, joins, sentences } => {
                Automaton::Copy(copy::Copy::new(sources, joins, *sentences, lexicon()))
            }
        })
    }

    /// What the next step may do. Where it says [`Allow::Masked`], `mask` has been filled
    /// (and fitted to the vocabulary); otherwise it means nothing.
    pub fn allow(&self, mask: &mut Bits) -> Allow {
        match self {
            Automaton::Free => return Allow::Any,
            Automaton::Choice(choice) => {
                if choice.live.len() <= 1 {
                    return Allow::Done;
                }
                mask.fit(choice.lexicon.size());
                choice.ids().for_each(|id| mask.insert(id));
                if self.whole().is_some() {
                    choice.lexicon.stop(mask);
                }
            }
            Automaton::Locked(locked) if locked.is_done() => return Allow::Done,
            Automaton::Copy(copy) if copy.is_done() => return Allow::Done,
            Automaton::Locked(locked) => locked.mask(mask),
            Automaton::Copy(copy) => copy.mask(mask),
        }
        // Sources without a word leave nothing to copy.
        if mask.is_empty() { Allow::Done } else { Allow::Masked }
    }

    /// Takes the token that was chosen among the allowed ones; not a stop token.
    pub fn take(&mut self, id: u32) -> Took {
        match self {
            Automaton::Free => Took::Written,
            Automaton::Choice(Choice { texts, live, depth, .. }) => {
                live.retain(|n| texts.get(*n).is_some_and(|(_, ids)| ids.get(*depth) == Some(&id)));
                *depth += 1;
                Took::Written
            }
            Automaton::Locked(locked) => locked.take(id),
            Automaton::Copy(copy) => copy.take(id),
        }
    }

    /// Is the text told as it is written? A choice is told whole, when it is made: see
    /// [`Automaton::choice`].
    pub fn streams(&self) -> bool {
        !matches!(self, Automaton::Choice(_))
    }

    /// The choice that was made, once a stop token was chosen or nothing was left to choose.
    pub fn choice(&self) -> Option<&str> {
        let Automaton::Choice(choice) = self else { return None };
        match choice.live.as_slice() {
            [only] => choice.texts.get(*only).map(|(text, _)| text.as_str()),
            _ => self.whole(),
        }
    }

    /// The choice that what was written amounts to, where it may end here.
    fn whole(&self) -> Option<&str> {
        let Automaton::Choice(Choice { texts, live, depth, .. }) = self else { return None };
        let mut live = live.iter().filter_map(|n| texts.get(*n));
        live.find(|(_, ids)| ids.len() == *depth).map(|(text, _)| text.as_str())
    }
}

impl Choice {
    /// The next ids of those that are left.
    fn ids(&self) -> impl Iterator<Item = u32> {
        let live = self.live.iter().filter_map(|n| self.texts.get(*n));
        live.filter_map(|(_, ids)| ids.get(self.depth).copied())
    }
}

/// The masks of a step that verifies a draft: one after each of its tokens, and one before.
/// Its memory is reused.
#[derive(Debug, Default)]
pub struct Masks {
    bits: Vec<Bits>,
    /// So many of them hold; past them all tokens are allowed.
    len: usize,
}

impl Masks {
    /// Fills the masks of the positions after `draft[..0]`, `draft[..1]`, and so on. Returns
    /// how many of the drafted tokens may be verified: up to the first that is not allowed,
    /// or at which the text could end. The masks are one more. Not to be asked of an
    /// automaton that is done.
    pub fn fill(&mut self, automaton: &Automaton, draft: &[u32]) -> usize {
        self.len = 0;
        if matches!(automaton, Automaton::Free) {
            return draft.len();
        }
        let mut ahead = None;
        for at in 0..=draft.len() {
            if self.bits.len() == at {
                self.bits.push(Bits::default());
            }
            let Some(mask) = self.bits.get_mut(at) else { return at };
            let here: &Automaton = ahead.as_ref().unwrap_or(automaton);
            if here.allow(mask) != Allow::Masked {
                // Nothing is to be found here: the token before it is not worth a row.
                return at.saturating_sub(1);
            }
            self.len = at + 1;
            let Some(next) = draft.get(at).filter(|id| mask.contains(**id)) else { return at };
            let next_state = ahead.get_or_insert_with(|| automaton.clone());
            if next_state.take(*next) != Took::Written {
                return at;
            }
        }
        draft.len()
    }

    /// The mask of the `i`-th position; `None` where every token is allowed.
    pub fn get(&self, i: usize) -> Option<&Bits> {
        self.bits.get(..self.len).and_then(|bits| bits.get(i))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
