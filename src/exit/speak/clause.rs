//! Text cut into clauses: what is synthesised in one go.
//!
//! A clause is a sentence, or a part of a long one: the first sound must not wait for the
//! whole sentence, and one synthesis holds a core, uninterruptible, for at most 250 ms.

use super::speakable::is_number_word;

/// One piece of text for the voice, and the silence after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// Words and plain punctuation, never empty.
    pub text: String,
    /// Silence after the clause, in milliseconds.
    pub pause_ms: u32,
}

/// The longest clause, in characters (about as many as phonemes, stress marks included).
///
/// At most some 2.6 s of sound, which the default voice makes in about 240 ms on one quiet
/// thread of the reference machine (real-time factor 0.09); `with_model_real_time_factor`
/// in `tests/voice.rs` measures it elsewhere.
pub const LONGEST: usize = 48;

/// A part shorter than this is not cut off for a comma: choppy speech is hard to follow.
const SHORTEST: usize = 12;

/// Words before which a speaker may breathe.
const BREATHS: &[&str] = &[
    "after", "and", "at", "because", "before", "between", "but", "by", "for", "from", "if", "in", "into",
    "of", "on", "or", "than", "that", "to", "until", "when", "where", "which", "while", "with", "without",
];

/// [`clauses_within`] the default length.
#[must_use]
pub fn clauses(speakable: &str) -> Vec<Clause> {
    clauses_within(speakable, LONGEST)
}

/// Cuts speakable text at sentence ends, and where a sentence is longer than `longest`
/// characters at its marks, else before a word at which a speaker may breathe, else between
/// any two words (within a number only as a last resort), and a single longer word anywhere: nothing is ever longer.
#[must_use]
pub fn clauses_within(speakable: &str, longest: usize) -> Vec<Clause> {
    let longest = longest.max(SHORTEST);
    let mut clauses = Vec::new();
    for sentence in sentences(speakable) {
        let mut rest = sentence;
        while rest.chars().count() > longest {
            let (head, tail) = rest.split_at(cut(rest, longest));
            push(&mut clauses, head);
            rest = tail.trim_start();
        }
        push(&mut clauses, rest);
    }
    clauses
}

fn push(clauses: &mut Vec<Clause>, text: &str) {
    let text = text.trim();
    if text.contains(char::is_alphanumeric) {
        let pause_ms = match text.chars().last() {
            Some('.' | '?' | '!') => 300,
            Some(':' | ';') => 200,
            Some(',') => 140,
            _ => 0,
        };
        clauses.push(Clause { text: text.to_owned(), pause_ms });
    }
}

/// The sentences of a text. A mark ends one only before white space: "1.5" has none.
fn sentences(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let ends = matches!(c, '.' | '?' | '!' | '。' | '？' | '！');
        let space = c > '\u{3000}' || chars.peek().is_none_or(|(_, next)| next.is_whitespace());
        if c == '\n' || (ends && space) {
            let end = at + c.len_utf8();
            sentences.push(&text[start..end]);
            start = end;
        }
    }
    sentences.push(&text[start..]);
    sentences.retain(|s| !s.trim().is_empty());
    sentences
}

/// Where to cut a text that is longer than `longest` characters: a byte offset inside it,
/// the last of the best kind of cut that leaves at least [`SHORTEST`] characters before it.
fn cut(text: &str, longest: usize) -> usize {
    let offset = |chars: usize| text.char_indices().nth(chars).map_or(text.len(), |(at, _)| at);
    let (shortest, limit) = (offset(SHORTEST), offset(longest));
    let (mut mark, mut breath, mut gap, mut space) = (None, None, None, None);
    for (at, _) in text.match_indices(' ').take_while(|(at, _)| *at <= limit).filter(|(at, _)| *at > 0) {
        let before = text[..at].rsplit(' ').next().unwrap_or("");
        let next = text[at + 1..].split(' ').next().unwrap_or("");
        space = Some(at);
        if !(is_number_word(before) && is_number_word(next)) {
            gap = Some(at);
        }
        if at < shortest {
            continue;
        }
        if before.ends_with([',', ';', ':']) {
            mark = Some(at);
        }
        if BREATHS.contains(&next) {
            breath = Some(at);
        }
    }
    mark.or(breath).or(gap).or(space).unwrap_or(limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, longest: usize, want: &[(&str, u32)]) {
        let got = clauses_within(text, longest);
        let got: Vec<(&str, u32)> = got.iter().map(|c| (c.text.as_str(), c.pause_ms)).collect();
        assert_eq!(got, want);
    }

    #[test]
    fn sentences_part_at_their_ends() {
        check(
            "Stop the pump. Is it hot? Wait!",
            80,
            &[("Stop the pump.", 300), ("Is it hot?", 300), ("Wait!", 300)],
        );
        check("", 80, &[]);
        check(" . , ! ", 80, &[]);
    }

    #[test]
    fn a_long_sentence_parts_at_its_marks_then_at_a_breath_then_anywhere() {
        check(
            "Close the suction valve, open the drain and wait.",
            30,
            &[("Close the suction valve,", 140), ("open the drain and wait.", 300)],
        );
        check(
            "Tighten the flange bolts to one hundred ninety five newton metres.",
            40,
            &[("Tighten the flange bolts", 0), ("to one hundred ninety five newton", 0), ("metres.", 300)],
        );
        check(
            "Set exactly one hundred ninety five",
            28,
            &[("Set exactly", 0), ("one hundred ninety five", 0)],
        );
        check("aaaaaaaaaa bbbbbbbbbb cccccccccc", 24, &[("aaaaaaaaaa bbbbbbbbbb", 0), ("cccccccccc", 0)]);
        check(
            &"x".repeat(50),
            20,
            &[("xxxxxxxxxxxxxxxxxxxx", 0), ("xxxxxxxxxxxxxxxxxxxx", 0), ("xxxxxxxxxx", 0)],
        );
    }

    proptest! {
        #[test]
        fn no_word_is_lost_and_no_clause_is_too_long(text in "([a-z]{1,9}[,;:.?!]? ){0,60}", longest in 20usize..140) {
            let clauses = clauses_within(&text, longest);
            let joined: Vec<&str> = clauses.iter().flat_map(|c| c.text.split_whitespace()).collect();
            prop_assert_eq!(joined, text.split_whitespace().collect::<Vec<_>>());
            for clause in &clauses {
                prop_assert!(clause.text.chars().count() <= longest, "{:?}", clause);
            }
        }

        #[test]
        fn any_text_is_cut_without_panic(text in any::<String>(), longest in 0usize..100) {
            for clause in clauses_within(&text, longest) {
                prop_assert!(clause.text.chars().count() <= longest.max(SHORTEST));
            }
        }
    }
}
