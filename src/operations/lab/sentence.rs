//! When the first sentence of an answer is there: one rule for every engine.
//!
//! It is there when the text that has come holds the end of a sentence of at least
//! [`LEAST_WORDS`] words (`.`, `!` or `?` with white space after it, or a line's end: the number of
//! a list's first item is no sentence), or `。！？`, or [`MOST_WORDS`] whole words, or when the answer
//! has ended. A voice can begin then; the bound on words keeps an engine that writes without full
//! stops comparable. `benches/peers/llama.py` holds the same rule for llama.cpp, and a test holds
//! both against the same examples.

/// A sentence has so many words at least.
pub const LEAST_WORDS: usize = 3;

/// A clause of so many words is spoken without waiting for its end.
pub const MOST_WORDS: usize = 12;

/// Tokens of so many words, about.
pub const MOST_TOKENS: usize = 16;

/// Is the first sentence of `text` there, while more may follow?
pub fn is_there(text: &str) -> bool {
    let mut words = 0;
    let mut before = ' ';
    for c in text.trim_start().chars() {
        if matches!(c, '。' | '！' | '？') {
            return true;
        }
        if c.is_whitespace() && !before.is_whitespace() {
            words += 1;
            let ends = c == '\n' || matches!(before, '.' | '!' | '?');
            if words >= MOST_WORDS || ends && words >= LEAST_WORDS {
                return true;
            }
        }
        before = c;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLES: [(&str, bool); 11] = [
        ("", false),
        ("  \n", false),
        ("Close the valve.", false),
        ("Close the valve. Then", true),
        ("Set it to 1.5 bar and", false),
        ("Ready\n", false),
        ("Close it now\n", true),
        ("1. Close it ", false),
        ("关闭阀门。", true),
        ("one two three four five six seven eight nine ten eleven twelve", false),
        ("one two three four five six seven eight nine ten eleven twelve ", true),
    ];

    #[test]
    fn a_sentence_is_there_at_its_end_or_after_twelve_words() {
        for (text, there) in EXAMPLES {
            assert_eq!(is_there(text), there, "{text:?}");
        }
    }

    #[test]
    fn what_is_there_stays_there() {
        for (text, there) in EXAMPLES {
            assert!(!there || is_there(&format!("{text} more")), "{text:?}");
        }
    }
}
