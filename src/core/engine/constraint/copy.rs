//! Only spans of the sources, joined by a closed set of connectives.
//!
//! A span begins where a word of a source begins and ends where one ends, never inside a
//! number with its unit; a sentence that says "not", "only" or the like is taken whole. After a span comes a connective and the next span; after one that
//! ends a sentence of its source the next span may come at once. Works on bytes: positions in
//! the sources that agree with what is being written are followed all at once. A token never
//! reaches from one piece into the next; the blank between them belongs to the later one.

use std::ops::Range;
use std::sync::Arc;

use super::super::bits::Bits;
use super::Took;
use super::lexicon::Lexicon;
use super::text::{Chars, Sentences, Source, closes, is_unspaced};
use crate::core::answer::sentence::is_abbreviation;

/// A span may begin here.
const START: u8 = 1;
/// A span may end here.
const END: u8 = 2;
/// A span that ends here ends a sentence.
const SENTENCE: u8 = 4;
/// A connective ends here.
const JOINED: u8 = 8;
/// The text may end here: after a connective that ends a sentence.
const FULL: u8 = 16;

/// Bytes of a source that are looked at for the next token.
const LONGEST: usize = 64;

/// The state of a text that is copied.
#[derive(Debug, Clone)]
pub struct Copy {
    rules: Arc<Rules>,
    /// Is nothing written yet?
    fresh: bool,
    done: bool,
    /// Where in the rules' text the next byte stands, in every way that agrees; ascending.
    at: Vec<u32>,
    spare: Vec<u32>,
    chars: Chars,
    sentences: Sentences,
}

#[derive(Debug)]
struct Rules {
    lexicon: Arc<Lexicon>,
    /// All sources and connectives, a NUL after each.
    text: Vec<u8>,
    /// What may happen before each byte.
    flags: Vec<u8>,
    /// Where spans begin: those that need a blank before them, and all of them.
    starts: Vec<u32>,
    joins: Vec<u32>,
    /// Tokens that begin a text; a span after another piece; a connective.
    first: Bits,
    next: Bits,
    join: Bits,
}

impl Copy {
    /// The automaton at its start.
    pub fn new(sources: &[String], joins: &[String], sentences: usize, lexicon: &Arc<Lexicon>) -> Self {
        let none = Bits::none(lexicon.size());
        let mut rules = Rules {
            lexicon: lexicon.clone(),
            text: Vec::new(),
            flags: Vec::new(),
            starts: Vec::new(),
            joins: Vec::new(),
            first: none.clone(),
            next: none.clone(),
            join: none,
        };
        sources.iter().for_each(|source| rules.add_source(&Source::new(source)));
        joins.iter().for_each(|join| rules.add_join(join));
        rules.find_tokens();
        Self {
            rules: Arc::new(rules),
            fresh: true,
            done: false,
            at: Vec::new(),
            spare: Vec::new(),
            chars: Chars::default(),
            sentences: Sentences::new(sentences),
        }
    }

    /// Puts the tokens that may come next into `mask`, the stop tokens where the text may
    /// end.
    pub fn mask(&self, mask: &mut Bits) {
        let rules = &self.rules;
        if self.fresh {
            mask.copy(&rules.first);
            return;
        }
        mask.fit(rules.lexicon.size());
        let mut here = 0;
        for at in &self.at {
            here |= rules.flags_at(*at);
            rules.lexicon.beginnings(rules.rest(*at), |id| mask.insert(id));
        }
        if here & END != 0 {
            mask.add(&rules.join);
        }
        if here & (END | FULL) != 0 {
            rules.lexicon.stop(mask);
        }
        if here & (SENTENCE | JOINED) != 0 {
            mask.add(&rules.next);
        }
    }

    /// Takes a token that the mask allows.
    pub fn take(&mut self, id: u32) -> Took {
        let rules = self.rules.clone();
        let token = rules.lexicon.token(id);
        let mut next = std::mem::take(&mut self.spare);
        next.clear();
        let mut here = 0;
        for at in &self.at {
            here |= rules.flags_at(*at);
            rules.follow(*at, token, &mut next);
        }
        if self.fresh {
            rules.starts.iter().for_each(|at| rules.follow(*at, token, &mut next));
        }
        if here & END != 0 {
            rules.joins.iter().for_each(|at| rules.follow(*at, token, &mut next));
        }
        if here & (SENTENCE | JOINED) != 0 {
            rules.starts.iter().for_each(|at| {
                if let Some(token) = rules.after_blank(*at, token) {
                    rules.follow(*at, token, &mut next);
                }
            });
        }
        next.sort_unstable();
        next.dedup();
        self.spare = std::mem::replace(&mut self.at, next);
        self.fresh = false;
        let before = self.sentences.len() + self.chars.pending();
        for byte in token {
            if let Some(c) = self.chars.push(*byte)
                && let Some(end) = self.sentences.push(c, true)
            {
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

    /// Does nothing agree with what was written?
    pub fn is_dead(&self) -> bool {
        !self.fresh && self.at.is_empty()
    }
}

impl Rules {
    fn add_source(&mut self, source: &Source) {
        let base = self.text.len();
        self.text.extend_from_slice(source.text.as_bytes());
        self.text.push(0);
        self.flags.resize(self.text.len(), 0);
        let chars: Vec<(usize, char)> = source.text.char_indices().collect();
        for (n, (i, c)) in chars.iter().enumerate() {
            let before = n.checked_sub(1).and_then(|n| chars.get(n)).map(|(_, c)| *c);
            let after = chars.get(n + 1).map(|(_, c)| *c);
            let opens = |c: Option<char>| c.is_none_or(|c| matches!(c, ' ' | '(' | '[' | '“' | '"'));
            // Scripts without blanks have no word that could be told here: clauses are taken.
            let clause = |c: Option<char>| c.is_some_and(|c| is_unspaced(c) && !c.is_alphanumeric());
            if *c != ' ' && !clause(Some(*c)) && (opens(before) || clause(before)) {
                self.flag(base + i, START);
            }
            let end = i + c.len_utf8();
            let rest = source.text.get(end..).unwrap_or_default().trim_start_matches(closes);
            let word_ends = rest.is_empty() || rest.starts_with(|c: char| c == ' ' || clause(Some(c)));
            if *c != ' ' && (word_ends || clause(Some(*c))) {
                self.flag(base + end, END);
            }
            let mark = matches!(c, '.' | '!' | '?') && after.is_none_or(|c| c == ' ');
            let mark = mark && !(*c == '.' && is_abbreviation(&source.text, *i));
            if mark || matches!(c, '。' | '！' | '？') {
                self.flag(base + end, SENTENCE);
            }
        }
        for Range { start, end } in source.wholes.iter().map(|w| &w.span).chain(&source.firm) {
            self.flags.get_mut(base + start + 1..base + end).unwrap_or_default().fill(0);
        }
        self.flags.get(base..).unwrap_or_default().iter().enumerate().for_each(|(i, flags)| {
            if flags & START != 0 {
                self.starts.push((base + i) as u32);
            }
        });
    }

    fn add_join(&mut self, join: &str) {
        let join = join.trim();
        let Some(first) = join.chars().next() else { return };
        self.joins.push(self.text.len() as u32);
        if !(is_unspaced(first) || matches!(first, ',' | ';' | ':' | '.' | '!' | '?')) {
            self.text.push(b' ');
        }
        self.text.extend_from_slice(join.as_bytes());
        self.text.push(0);
        self.flags.resize(self.text.len(), 0);
        let full = if join.ends_with(['.', '!', '?', '。', '！', '？']) { FULL } else { 0 };
        self.flag(self.text.len() - 1, JOINED | full);
    }

    fn flag(&mut self, at: usize, flag: u8) {
        if let Some(flags) = self.flags.get_mut(at) {
            *flags |= flag;
        }
    }

    fn find_tokens(&mut self) {
        let [mut first, mut next, mut join] = [&self.first, &self.next, &self.join].map(Clone::clone);
        let mut blank = Vec::with_capacity(LONGEST + 1);
        for at in &self.starts {
            let rest = self.rest(*at);
            self.lexicon.beginnings(rest, |id| first.insert(id));
            blank.clear();
            blank.extend((!self.unspaced(*at)).then_some(b' '));
            blank.extend_from_slice(rest);
            self.lexicon.beginnings(&blank, |id| next.insert(id));
        }
        for at in &self.joins {
            self.lexicon.beginnings(self.rest(*at), |id| join.insert(id));
        }
        (self.first, self.next, self.join) = (first, next, join);
    }

    fn flags_at(&self, at: u32) -> u8 {
        self.flags.get(at as usize).copied().unwrap_or(0)
    }

    /// What is left of the source or connective, as far as tokens reach.
    fn rest(&self, at: u32) -> &[u8] {
        let rest = self.text.get(at as usize..).unwrap_or_default();
        let end = rest.iter().take(LONGEST).position(|b| *b == 0).unwrap_or(LONGEST);
        rest.get(..end).unwrap_or(rest)
    }

    /// Does the span that begins here stand without a blank before it?
    fn unspaced(&self, at: u32) -> bool {
        let mut chars = Chars::default();
        self.rest(at).iter().take(4).find_map(|b| chars.push(*b)).is_some_and(is_unspaced)
    }

    /// A token without the blank that the span which begins here needs before it.
    fn after_blank<'t>(&self, at: u32, token: &'t [u8]) -> Option<&'t [u8]> {
        if self.unspaced(at) { Some(token) } else { token.strip_prefix(b" ") }
    }

    fn follow(&self, at: u32, token: &[u8], next: &mut Vec<u32>) {
        if self.rest(at).starts_with(token) {
            next.push(at + token.len() as u32);
        }
    }
}
