//! Free wording, but numbers and codes only as they stand in the sources.
//!
//! The text so far is explained in every possible way at once: as free text, and as a walk
//! through a *whole*, a number with its unit or a code of a source. Free text holds no
//! character of a number, so with the first digit only wholes are left; the walk must then
//! come to the whole's end, and what follows must not be able to go on with it.
//!
//! ```text
//!          no digit                       after a blank or bracket
//!        ┌───────────┐      ┌──────────────────────────────────────────┐
//!        └─▶ free ───┘      │                                          ▼
//!             ▲             └── free ─ first byte of a whole ─▶ in the whole ─┐ next byte
//!             └─ blank, closing mark ──── at its end ◀──────────────────┴─────┘
//! ```

use std::sync::Arc;

use super::super::bits::Bits;
use super::Took;
use super::lexicon::Lexicon;
use super::text::{Chars, Sentences, Source, follows, is_locked, may_precede_number};

/// The state of a text under the number lock.
#[derive(Debug, Clone)]
pub struct Locked {
    rules: Arc<Rules>,
    /// May the text up to here be free text?
    free: bool,
    done: bool,
    /// May a whole begin here?
    edge: bool,
    /// The walks through wholes: which one, and how many of its bytes.
    walks: Vec<(u32, u32)>,
    chars: Chars,
    /// While a character is not whole: may it follow what stood before it, as free text?
    leaving: Leaving,
    sentences: Sentences,
}

#[derive(Debug)]
struct Rules {
    lexicon: Arc<Lexicon>,
    wholes: Vec<(Vec<u8>, bool)>,
    /// Tokens that begin a whole, and those that do so after a blank.
    first: Vec<u32>,
    first_blank: Vec<u32>,
}

/// How free text may go on after a whole that came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Leaving {
    /// By a blank or a mark.
    wide: bool,
    /// By a mark only.
    tight: bool,
}

impl Leaving {
    fn allows(self, c: char) -> bool {
        self.wide && follows(c, false) || self.tight && follows(c, true)
    }
}

impl Locked {
    /// The lock at its start.
    pub fn new(sources: &[String], sentences: usize, lexicon: &Arc<Lexicon>) -> Self {
        let mut wholes: Vec<(Vec<u8>, bool)> = Vec::new();
        for source in sources.iter().map(|s| Source::new(s)) {
            for whole in source.wholes.iter().filter(|w| !w.marker) {
                let bytes = source.text.get(whole.span.clone()).unwrap_or_default().as_bytes();
                match wholes.iter_mut().find(|(known, _)| known == bytes) {
                    Some((_, tight)) => *tight &= whole.tight,
                    None => wholes.push((bytes.to_vec(), whole.tight)),
                }
            }
        }
        let firsts = |blank: bool| {
            let (mut ids, mut text) = (Vec::new(), Vec::new());
            for (bytes, _) in &wholes {
                text.clear();
                text.extend(blank.then_some(b' '));
                text.extend_from_slice(bytes);
                lexicon.beginnings(&text, |id| ids.push(id));
            }
            ids.sort_unstable();
            ids.dedup();
            ids.retain(|id| !lexicon.plain().contains(*id) && !lexicon.resume().contains(*id));
            ids
        };
        let (first, first_blank) = (firsts(false), firsts(true));
        Self {
            rules: Arc::new(Rules { lexicon: lexicon.clone(), wholes, first, first_blank }),
            free: true,
            done: false,
            edge: true,
            walks: Vec::new(),
            chars: Chars::default(),
            leaving: Leaving::default(),
            sentences: Sentences::new(sentences),
        }
    }

    /// Puts the tokens that may come next into `mask`, the stop tokens where the text may
    /// end.
    pub fn mask(&self, mask: &mut Bits) {
        let lexicon = &self.rules.lexicon;
        if self.chars.pending() > 0 {
            // What was begun as a number's character is free text no more.
            match self.free && !lexicon.may_lock(self.chars.begun()) {
                true => mask.copy(lexicon.resume()),
                false => mask.fit(lexicon.size()),
            }
        } else {
            let leaving = self.leaving();
            match self.free {
                true => mask.copy(lexicon.plain()),
                false if leaving.wide => mask.copy(lexicon.after_number(false)),
                false if leaving.tight => mask.copy(lexicon.after_number(true)),
                false => mask.fit(lexicon.size()),
            }
            if self.free && self.edge {
                self.rules.first.iter().for_each(|id| mask.insert(*id));
            }
            if self.free || leaving.wide {
                self.rules.first_blank.iter().for_each(|id| mask.insert(*id));
            }
            if (self.free || leaving != Leaving::default()) && !self.sentences.is_empty() {
                lexicon.stop(mask);
            }
        }
        for (whole, at) in &self.walks {
            let (rest, tight) = self.rest(*whole, *at);
            lexicon.beginnings(rest, |id| mask.insert(id));
            lexicon.beyond(rest, tight, |id| mask.insert(id));
        }
    }

    /// Takes a token that the mask allows.
    pub fn take(&mut self, id: u32) -> Took {
        let rules = self.rules.clone();
        let before = self.sentences.len() + self.chars.pending();
        for byte in rules.lexicon.token(id) {
            if let Some(end) = self.step(*byte) {
                self.done = true;
                return Took::Ended { bytes: end.saturating_sub(before) };
            }
        }
        Took::Written
    }

    #[cfg(test)]
    pub(super) fn lexicon(&self) -> &Lexicon {
        &self.rules.lexicon
    }

    /// Has the last sentence ended?
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// Can nothing explain what was written?
    pub fn is_dead(&self) -> bool {
        !self.free
            && self.walks.is_empty()
            && (self.chars.pending() == 0 || self.leaving == Leaving::default())
    }

    fn step(&mut self, byte: u8) -> Option<usize> {
        if self.chars.pending() == 0 {
            self.leaving = self.leaving();
        }
        let begins = self.chars.pending() == 0 && self.free && self.edge;
        let rules = &self.rules;
        let byte_of =
            |whole: u32, at: u32| rules.wholes.get(whole as usize).and_then(|(b, _)| b.get(at as usize));
        self.walks.retain_mut(|(whole, at)| {
            let goes_on = byte_of(*whole, *at) == Some(&byte);
            *at += 1;
            goes_on
        });
        if begins {
            let all = 0..rules.wholes.len() as u32;
            self.walks.extend(all.filter(|w| byte_of(*w, 0) == Some(&byte)).map(|w| (w, 1)));
        }
        let c = self.chars.push(byte)?;
        self.free = self.free && !is_locked(c) || self.leaving.allows(c);
        self.leaving = Leaving::default();
        self.edge = may_precede_number(c);
        self.sentences.push(c, self.free)
    }

    /// What is left of a whole, and whether it is tight.
    fn rest(&self, whole: u32, at: u32) -> (&[u8], bool) {
        let whole = self.rules.wholes.get(whole as usize);
        whole.map_or((&[], false), |(bytes, tight)| (bytes.get(at as usize..).unwrap_or_default(), *tight))
    }

    /// Whether a walk is at its end, and what may follow it.
    fn leaving(&self) -> Leaving {
        let mut leaving = Leaving::default();
        for (whole, at) in &self.walks {
            if let Some((bytes, tight)) = self.rules.wholes.get(*whole as usize)
                && bytes.len() == *at as usize
            {
                leaving.wide |= !tight;
                leaving.tight |= tight;
            }
        }
        leaving
    }
}
