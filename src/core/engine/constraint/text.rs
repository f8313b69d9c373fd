//! Characters, sentences and whole numbers: what the automata need to know about text.

use std::ops::Range;

use crate::core::answer::quantity;
use crate::core::answer::sentence::{self, is_abbreviation, marker_len};
use crate::core::answer::words::{is_negator, words};

/// Is this a character of a number: a digit of any script, a superscript, a fraction, a
/// circled number?
pub(super) fn is_locked(c: char) -> bool {
    c.is_numeric()
}

/// Is this a script that is written without blanks, or its punctuation?
pub(super) fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{2E80}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{FF00}'..='\u{FFEF}')
}

fn opens(c: char) -> bool {
    matches!(c, '(' | '[' | '{' | '"' | '“' | '„' | '‘' | '«')
}

/// Does this mark belong to the word before it?
pub(super) fn closes(c: char) -> bool {
    matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | ')' | ']' | '}' | '”' | '’' | '»')
}

/// May a number or code begin right after `c`?
pub(super) fn may_precede_number(c: char) -> bool {
    c.is_whitespace() || opens(c) || is_unspaced(c)
}

/// May `c` come right after a number with its unit, or a code? Nothing that could go on
/// with it: no letter, no digit, no "-", "/", "°", no inch mark.
pub(super) fn may_follow_number(c: char) -> bool {
    c.is_whitespace() || closes(c) || is_unspaced(c)
}

/// May free text go on with `c` after a number or code? After one that is `tight` by a mark
/// only.
pub(super) fn follows(c: char, tight: bool) -> bool {
    may_follow_number(c) && !(tight && (c.is_whitespace() || c.is_alphabetic()))
}

/// Bytes to characters.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Chars {
    pending: [u8; 4],
    len: u8,
}

impl Chars {
    /// Takes a byte; the character that it completes. A byte that fits nothing completes
    /// U+FFFD.
    pub fn push(&mut self, byte: u8) -> Option<char> {
        if let Some(slot) = self.pending.get_mut(usize::from(self.len)) {
            *slot = byte;
            self.len += 1;
        }
        let bytes = self.pending.get(..usize::from(self.len)).unwrap_or_default();
        let c = match std::str::from_utf8(bytes) {
            Ok(text) => text.chars().next(),
            Err(e) if e.error_len().is_none() => return None,
            Err(_) => Some(char::REPLACEMENT_CHARACTER),
        };
        self.len = 0;
        c
    }

    /// The bytes of a character that is not whole yet.
    pub fn begun(&self) -> &[u8] {
        self.pending.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// How many they are.
    pub fn pending(&self) -> usize {
        usize::from(self.len)
    }
}

/// Counts the sentences of a text while it is written.
///
/// ```text
/// reading ─ . ! ? ─▶ marked ─ closing quote or bracket ─▶ marked
///    ▲                 │ ├─ blank ─▶ marked, blank ─ any other ─▶ one sentence, unless it
///    │   anything else │ │                                        was an abbreviation
///    └─────────────────┘ └─ newline ─▶ one sentence           。！？ ─▶ one sentence at once
/// ```
#[derive(Debug, Clone, Default)]
pub(super) struct Sentences {
    text: String,
    limit: usize,
    count: usize,
    /// Where the mark stands, and where what belongs to it ends.
    mark: Option<(usize, usize)>,
    blank: bool,
}

impl Sentences {
    /// At most `limit` sentences; 0: as many as there come.
    pub fn new(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Was anything but blanks written?
    pub fn is_empty(&self) -> bool {
        self.text.trim_start().is_empty()
    }

    /// Bytes of the whole characters so far.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Takes a character; `mark` where it may end a sentence (it does not inside a number).
    /// Where the last sentence ended before it: the length of the text up to there.
    pub fn push(&mut self, c: char, mark: bool) -> Option<usize> {
        let at = self.text.len();
        self.text.push(c);
        let end = self.text.len();
        if self.limit == 0 {
            return None;
        }
        let mut ended = None;
        match self.mark {
            Some((dot, _)) if !self.blank && closes(c) && !matches!(c, ',' | ';' | ':') => {
                self.mark = Some((dot, end));
            }
            Some((_, upto)) if c == '\n' => ended = Some(upto),
            Some(_) if c.is_whitespace() => self.blank = true,
            Some((dot, upto)) if self.blank => {
                let short = self.text.get(dot..).is_some_and(|t| t.starts_with('.'));
                if short && is_abbreviation(&self.text, dot) {
                    self.mark = None;
                } else {
                    ended = Some(upto);
                }
            }
            Some(_) => self.mark = None,
            None => {}
        }
        if ended.is_some() {
            self.count += 1;
            self.mark = None;
        }
        if self.mark.is_none() && mark && self.count < self.limit {
            self.blank = false;
            match c {
                '.' | '!' | '?' => self.mark = Some((at, end)),
                '。' | '！' | '？' => {
                    self.count += 1;
                    ended = Some(end);
                }
                _ => {}
            }
        }
        ended.filter(|_| self.count >= self.limit)
    }
}

/// Words that turn a meaning round, in the languages of manuals other than English.
const NEGATES: &[&str] = &[
    "nicht", "kein", "keine", "keinen", "keiner", "nie", "niemals", "ohne", "nur", "außer", "nunca", "jamás",
    "sin", "solo", "sólo", "excepto", "salvo", "tampoco", "ne", "pas", "jamais", "sans", "sauf", "ni", "non",
    "mai", "senza", "solo", "não", "nunca", "sem", "不", "未", "勿", "禁", "无", "非", "没", "仅", "除",
];

/// A number with its sign, range and unit, or a code, as it stands in a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Whole {
    /// Where in [`Source::text`].
    pub span: Range<usize>,
    /// May no word come after it? A number that bears no unit in the source takes the
    /// word after it along, so that it gets none in the answer either; this one has none.
    pub tight: bool,
    /// The number of a list's item: not a value that an answer may state.
    pub marker: bool,
}

/// A source with single blanks.
#[derive(Debug, Clone, Default)]
pub(super) struct Source {
    /// The text.
    pub text: String,
    /// Its numbers and codes, in no order; they may overlap.
    pub wholes: Vec<Whole>,
    /// Sentences that say "not", "only", "unless" and their like: a part of one may say the
    /// opposite.
    pub firm: Vec<Range<usize>>,
    /// Where its lines begin.
    pub lines: Vec<usize>,
}

impl Source {
    /// Reads a source, its numbers as the guard reads them.
    pub fn new(original: &str) -> Self {
        let mut new = Self::default();
        // Where each byte of the original went.
        let mut at = Vec::with_capacity(original.len() + 1);
        let mut line = true;
        for c in original.chars() {
            at.extend(std::iter::repeat_n(new.text.len(), c.len_utf8()));
            if c.is_whitespace() || c == '\0' {
                line |= c == '\n';
                if !new.text.is_empty() && !new.text.ends_with(' ') {
                    new.text.push(' ');
                }
            } else {
                if std::mem::take(&mut line) {
                    new.lines.push(new.text.len());
                }
                new.text.push(c);
            }
        }
        at.push(new.text.len());
        new.text.truncate(new.text.trim_end().len());
        let place = |span: &Range<usize>| -> Option<Range<usize>> {
            let span = *at.get(span.start)?..(*at.get(span.end)?).min(new.text.len());
            let text = new.text.get(span.clone())?;
            let from = span.start + (text.len() - text.trim_start().len());
            Some(from..from + text.trim().len())
        };
        let negates =
            |text: &str| words(text).iter().any(|(_, w)| is_negator(w) || NEGATES.contains(&w.as_str()));
        let sentences = sentence::split(original);
        let firm = sentences.iter().filter(|s| s.of(original).is_some_and(negates));
        let firm = firm.filter_map(|s| place(&(s.start..s.end))).collect();
        let reading = quantity::read(original);
        let mut wholes = Vec::new();
        let mut covered = vec![false; new.text.len()];
        let quantities = reading.quantities.iter().map(|q| (&q.span, true, q.ordinal));
        for (span, value, ordinal) in quantities.chain(reading.codes.iter().map(|c| (&c.span, false, false)))
        {
            let Some(span) = place(span) else { continue };
            covered.get_mut(span.clone()).unwrap_or_default().fill(true);
            // "step 3" is one thing.
            let before = if ordinal { new.text.get(..span.start).unwrap_or_default().trim_end() } else { "" };
            let start = if ordinal { before.rfind(' ').map_or(0, |blank| blank + 1) } else { span.start };
            wholes.extend(new.whole(start..span.end, value, false));
        }
        for (i, c) in new.text.char_indices().filter(|(_, c)| is_locked(*c)) {
            if covered.get(i) == Some(&false) {
                wholes.extend(new.whole(i..i + c.len_utf8(), true, new.is_marker(i)));
            }
        }
        new.wholes = wholes;
        new.firm = firm;
        new
    }

    /// Stretches a span over what stands with it between blanks, and a bare number over the
    /// next word.
    fn whole(&self, span: Range<usize>, value: bool, marker: bool) -> Option<Whole> {
        if !self.text.get(span.clone())?.contains(is_locked) {
            return None;
        }
        let before = self.text.get(..span.start)?;
        let start = before.char_indices().rev().find(|(_, c)| may_precede_number(*c));
        let start = start.map_or(0, |(i, c)| i + c.len_utf8());
        let mut end = self.word_end(span.end);
        if marker {
            end += self.text.get(end..)?.find(char::is_alphanumeric).unwrap_or(0);
            return Some(Whole { span: start..self.word_end(end), tight: false, marker });
        }
        let bare = |end: usize| self.text.get(..end).is_some_and(|t| t.ends_with(is_locked));
        let mut tight = false;
        if value && bare(end) {
            let mut after = self.text.get(end..)?.chars();
            match after.next() {
                Some(' ') => {
                    end = self.word_end(end + 1).max(end + 1 + after.next().map_or(0, char::len_utf8))
                }
                Some(c) if is_unspaced(c) && c.is_alphabetic() => end += c.len_utf8(),
                _ => tight = true,
            }
        }
        Some(Whole { span: start..end, tight, marker })
    }

    /// Is this digit one of a list item's number?
    fn is_marker(&self, at: usize) -> bool {
        let line = self.lines.iter().rev().find(|line| **line <= at);
        let line = line.and_then(|line| self.text.get(*line..).zip(Some(at - line)));
        line.is_some_and(|(text, at)| {
            marker_len(text) > 0 && text.bytes().take(at).all(|b| b.is_ascii_digit())
        })
    }

    /// The end of the word that goes on at `at`, without closing punctuation.
    fn word_end(&self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        let word = rest.find(|c: char| c.is_whitespace() || is_unspaced(c)).and_then(|n| rest.get(..n));
        at + word.unwrap_or(rest).trim_end_matches(closes).len()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn wholes(text: &str) -> Vec<String> {
        let source = Source::new(text);
        let mut told: Vec<_> = source
            .wholes
            .iter()
            .map(|w| {
                let mark = if w.marker {
                    "#"
                } else if w.tight {
                    "!"
                } else {
                    ""
                };
                (w.span.start, format!("{}{mark}", &source.text[w.span.clone()]))
            })
            .collect();
        told.sort();
        told.dedup();
        told.into_iter().map(|(_, t)| t).collect()
    }

    #[test]
    fn a_number_takes_sign_range_unit_and_neighbours_along() {
        assert_eq!(wholes("Set it to -0.35 bar."), ["-0.35 bar"]);
        assert_eq!(wholes("from 10 to\n 20 bar, then"), ["10 to 20 bar"]);
        assert_eq!(wholes("Alarm (E-203), see M16/M20."), ["E-203", "M16/M20"]);
        assert_eq!(wholes("压力为0.35MPa时停机"), ["0.35MPa"]);
    }

    #[test]
    fn a_bare_number_takes_the_next_word_along() {
        assert_eq!(wholes("Use 5 bolts."), ["5 bolts"]);
        assert_eq!(wholes("Go to step 5."), ["step 5!"]);
        assert_eq!(wholes("等待5秒后"), ["5秒"]);
    }

    #[test]
    fn the_number_of_a_list_item_is_no_value() {
        assert_eq!(wholes("1. Close V1.\n2. Wait."), ["1. Close#", "V1", "2. Wait#"]);
    }

    fn ended(text: &str, limit: usize) -> Option<&str> {
        let mut s = Sentences::new(limit);
        text.chars().find_map(|c| s.push(c, true)).map(|n| &text[..n])
    }

    #[test]
    fn a_sentence_ends_at_its_mark_once_something_else_begins() {
        assert_eq!(ended("Close it. Then", 1), Some("Close it."));
        assert_eq!(ended("Close it.\n", 1), Some("Close it."));
        assert_eq!(ended("(Close it.) Then", 1), Some("(Close it.)"));
        assert_eq!(ended("A! B? C", 2), Some("A! B?"));
        assert_eq!(ended("关闭阀门。然后", 1), Some("关闭阀门。"));
        assert_eq!(ended("Close it.", 1), None);
        assert_eq!(ended("Is 0.35 bar, e.g. on pump 3.1 of max. 5", 1), None);
        assert_eq!(ended("A. B. C.", 0), None);
    }
}
