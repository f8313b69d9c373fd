//! A vocabulary's tokens by their bytes: which of them begin a given text, and which of
//! them write no number.
//!
//! Built once per vocabulary; the automata only look things up in it.

use std::collections::HashSet;
use std::sync::OnceLock;

use super::super::bits::Bits;
use super::text::{follows, is_locked};

/// The tokens of a vocabulary, sorted.
#[derive(Debug)]
pub struct Lexicon {
    /// What each token writes, one after the other.
    bytes: Vec<u8>,
    /// Where a token's bytes end; they begin where those of the one before end.
    ends: Vec<u32>,
    /// Tokens of one byte, by that byte.
    single: Vec<u32>,
    /// Where in `single` those of a byte begin.
    single_at: Vec<u32>,
    /// Longer tokens in the order of their bytes.
    longer: Vec<u32>,
    /// Where in `longer` those that begin with a pair of bytes begin.
    longer_at: Vec<u32>,
    stops: Vec<u32>,
    plain: Bits,
    after_number: Bits,
    after_number_tight: Bits,
    resume: Bits,
}

impl Lexicon {
    /// Sorts the tokens, given by id; control tokens write nothing. `stops` end the text.
    pub fn new<'a>(tokens: impl Iterator<Item = &'a [u8]>, stops: impl Iterator<Item = u32>) -> Self {
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for token in tokens {
            bytes.extend_from_slice(token);
            ends.push(bytes.len() as u32);
        }
        let mut new = Self {
            bytes,
            ends,
            single: Vec::new(),
            single_at: Vec::new(),
            longer: Vec::new(),
            longer_at: Vec::new(),
            stops: stops.collect(),
            plain: Bits::default(),
            after_number: Bits::default(),
            after_number_tight: Bits::default(),
            resume: Bits::default(),
        };
        new.sort();
        new.class();
        new
    }

    fn sort(&mut self) {
        let all = || 0..self.ends.len() as u32;
        let mut single: Vec<u32> = all().filter(|id| self.token(*id).len() == 1).collect();
        let mut longer: Vec<u32> = all().filter(|id| self.token(*id).len() > 1).collect();
        single.sort_by_key(|id| self.token(*id));
        longer.sort_by_key(|id| self.token(*id));
        let first = |id: u32| self.token(id).first().map_or(0, |b| u32::from(*b));
        let first_two = |id: u32| first(id) << 8 | self.token(id).get(1).map_or(0, |b| u32::from(*b));
        let from = |sorted: &[u32], key: &dyn Fn(u32) -> u32, n: u32| -> Vec<u32> {
            let mut at = 0;
            let mut starts = Vec::with_capacity(n as usize + 1);
            for k in 0..=n {
                while sorted.get(at).is_some_and(|id| key(*id) < k) {
                    at += 1;
                }
                starts.push(at as u32);
            }
            starts
        };
        let (single_at, longer_at) = (from(&single, &first, 1 << 8), from(&longer, &first_two, 1 << 16));
        (self.single, self.single_at) = (single, single_at);
        (self.longer, self.longer_at) = (longer, longer_at);
    }

    /// Sorts the tokens into those that write no locked character, nor the beginning of one,
    /// and says what these begin with.
    fn class(&mut self) {
        let none = Bits::none(self.size());
        let mut sets = [none.clone(), none.clone(), none.clone(), none];
        for id in 0..self.size() as u32 {
            let token = self.token(id);
            // Bytes that only end a character that another token began.
            let lead = token.iter().take_while(|b| **b & 0xC0 == 0x80).count();
            let Some(rest) = token.get(lead..).filter(|_| !token.is_empty()) else { continue };
            let (whole, cut) = match std::str::from_utf8(rest) {
                Ok(whole) => (whole, &rest[rest.len()..]),
                Err(e) if e.error_len().is_none() => {
                    let (whole, cut) = rest.split_at(e.valid_up_to());
                    (std::str::from_utf8(whole).unwrap_or_default(), cut)
                }
                Err(_) => continue,
            };
            if whole.contains(is_locked) || risky().contains(cut) {
                continue;
            }
            if lead > 0 {
                sets[3].insert(id);
                continue;
            }
            sets[0].insert(id);
            if let Some(c) = whole.chars().next() {
                if follows(c, false) {
                    sets[1].insert(id);
                }
                if follows(c, true) {
                    sets[2].insert(id);
                }
            }
        }
        [self.plain, self.after_number, self.after_number_tight, self.resume] = sets;
    }

    /// Ids that there are.
    pub fn size(&self) -> usize {
        self.ends.len()
    }

    /// What a token writes; empty for control tokens and unknown ids.
    pub fn token(&self, id: u32) -> &[u8] {
        let end_of = |id: u32| self.ends.get(id as usize).map(|end| *end as usize);
        let start = id.checked_sub(1).map_or(Some(0), end_of);
        start.zip(end_of(id)).and_then(|(from, to)| self.bytes.get(from..to)).unwrap_or_default()
    }

    /// Does this token end the text?
    pub fn is_stop(&self, id: u32) -> bool {
        self.stops.contains(&id)
    }

    /// Puts the tokens that end the text in.
    pub fn stop(&self, mask: &mut Bits) {
        self.stops.iter().for_each(|id| mask.insert(*id));
    }

    /// Tokens that write no locked character, whole or in part, and begin with a whole one.
    pub(super) fn plain(&self) -> &Bits {
        &self.plain
    }

    /// Those of them that may come right after a number with its unit, or a code; or, where
    /// it is `tight`, after a number after which no word may come.
    pub(super) fn after_number(&self, tight: bool) -> &Bits {
        if tight { &self.after_number_tight } else { &self.after_number }
    }

    /// Tokens that end a character that was begun, and write no locked one.
    pub(super) fn resume(&self) -> &Bits {
        &self.resume
    }

    /// Could these bytes, the beginning of a character, become a locked one?
    pub(super) fn may_lock(&self, begun: &[u8]) -> bool {
        risky().contains(begun)
    }

    /// Calls `found` with every token that `text` begins with.
    pub fn beginnings(&self, text: &[u8], mut found: impl FnMut(u32)) {
        let Some(first) = text.first() else { return };
        let of_first = part(&self.single, &self.single_at, usize::from(*first), 1);
        of_first.iter().for_each(|id| found(*id));
        let Some(second) = text.get(1) else { return };
        let mut range = part(&self.longer, &self.longer_at, pair(*first, *second), 1);
        for depth in 2.. {
            // All of the range begin with the first `depth` bytes; the shortest come first.
            while let [id, rest @ ..] = range
                && self.token(*id).len() == depth
            {
                found(*id);
                range = rest;
            }
            let Some(next) = text.get(depth) else { return };
            range = self.narrow(range, depth, *next);
            if range.is_empty() {
                return;
            }
        }
    }

    /// Calls `found` with every token that begins with all of `text`, a number or code or
    /// the rest of one, and goes on as a text may after one: " %." after "12".
    pub(super) fn beyond(&self, text: &[u8], tight: bool, mut found: impl FnMut(u32)) {
        let (mut range, known) = match text {
            [] => return,
            [only] => (part(&self.longer, &self.longer_at, pair(*only, 0), 256), 1),
            [first, second, ..] => (part(&self.longer, &self.longer_at, pair(*first, *second), 1), 2),
        };
        for (depth, byte) in text.iter().enumerate().skip(known) {
            range = self.narrow(range, depth, *byte);
        }
        for first in FOLLOWING {
            for id in self.narrow(range, text.len(), *first) {
                let tail = self.token(*id).get(text.len()..).and_then(|t| std::str::from_utf8(t).ok());
                let goes_on = |t: &str| t.starts_with(|c| follows(c, tight)) && !t.contains(is_locked);
                if tail.is_some_and(goes_on) {
                    found(*id);
                }
            }
        }
    }

    /// Those of a range with this byte at `depth`; all of it are alike before that.
    fn narrow<'r>(&self, range: &'r [u32], depth: usize, byte: u8) -> &'r [u32] {
        let at = |id: &u32| self.token(*id).get(depth).copied();
        let from = range.partition_point(|id| at(id) < Some(byte));
        let to = range.partition_point(|id| at(id) <= Some(byte));
        range.get(from..to).unwrap_or_default()
    }
}

/// Bytes that begin a locked character, and do not end it.
fn risky() -> &'static HashSet<Vec<u8>> {
    static RISKY: OnceLock<HashSet<Vec<u8>>> = OnceLock::new();
    RISKY.get_or_init(|| {
        let mut risky = HashSet::new();
        for c in ('\0'..=char::MAX).filter(|c| is_locked(*c)) {
            let mut buffer = [0; 4];
            let bytes = c.encode_utf8(&mut buffer).as_bytes();
            risky.extend((1..bytes.len()).filter_map(|n| bytes.get(..n)).map(<[u8]>::to_vec));
        }
        risky
    })
}

/// First bytes of what may follow a number: blanks and closing marks.
const FOLLOWING: &[u8] = b"\n .,;:!?)]}\xC2\xE2\xE3\xEF";

fn pair(first: u8, second: u8) -> usize {
    usize::from(first) << 8 | usize::from(second)
}

/// The ids whose key is one of `keys` from `key` on.
fn part<'s>(sorted: &'s [u32], starts: &[u32], key: usize, keys: usize) -> &'s [u32] {
    let at = |k: usize| starts.get(k).map_or(sorted.len(), |at| *at as usize);
    sorted.get(at(key)..at(key + keys)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn exactly_the_tokens_that_begin_a_text_are_found(
            tokens in prop::collection::vec(prop::collection::vec(97u8..100, 0..5), 0..40),
            text in prop::collection::vec(97u8..100, 0..8),
        ) {
            let lexicon = Lexicon::new(tokens.iter().map(Vec::as_slice), [].into_iter());
            let mut found = Vec::new();
            lexicon.beginnings(&text, |id| found.push(id));
            found.sort_unstable();
            let naive: Vec<u32> = (0..tokens.len() as u32)
                .filter(|id| !lexicon.token(*id).is_empty() && text.starts_with(lexicon.token(*id)))
                .collect();
            prop_assert_eq!(found, naive);
        }
    }

    #[test]
    fn a_token_may_reach_past_a_number_into_what_closes_it() {
        let tokens = ["%.", " %", " %.", " %).", " %s", " %5", " %。", " % ", "%", "bar.", "bars"];
        let lexicon = Lexicon::new(tokens.iter().map(|t| t.as_bytes()), [].into_iter());
        let of = |text: &str, tight| {
            let mut found = Vec::new();
            lexicon.beyond(text.as_bytes(), tight, |id| found.push(tokens[id as usize]));
            found
        };
        assert_eq!(of(" %", false), [" % ", " %.", " %).", " %。"]);
        assert_eq!(of(" %", true), [" %.", " %).", " %。"]);
        assert_eq!((of("%", false), of("bar", false), of("", false)), (vec!["%."], vec!["bar."], vec![]));
    }

    #[test]
    fn numbers_of_every_script_and_their_beginnings_are_not_plain() {
        let two = "²".as_bytes();
        let tokens: [&[u8]; 12] = [
            b"bar",
            b"a1",
            "１".as_bytes(),
            "½".as_bytes(),
            "③".as_bytes(),
            "m²".as_bytes(),
            &two[..1],
            &two[1..],
            "°C".as_bytes(),
            " a\u{308}".as_bytes(),
            b"",
            b". ",
        ];
        let lexicon = Lexicon::new(tokens.into_iter(), [10].into_iter());
        let of = |set: &Bits| (0..12).filter(|id| set.contains(*id)).collect::<Vec<u32>>();
        assert_eq!(of(lexicon.plain()), [0, 8, 9, 11]);
        assert_eq!(of(lexicon.resume()), [7]);
        assert_eq!(of(lexicon.after_number(false)), [9, 11]);
        assert_eq!(of(lexicon.after_number(true)), [11]);
    }
}
