//! When the first sentence of an answer is there: one rule for every engine.
//!
//! It is there when the text that has come holds a sentence end (`.`, `!` or `?` with white space
//! after it, `。！？`, or a line's end) after at least one word, or [`MOST_WORDS`] whole words, or
//! when the answer has ended. A voice can begin then: the last of these keeps an engine that
//! writes without full stops comparable. `benches/peers/llama.py` holds the same rule for
//! llama.cpp, and a test holds both against the same examples.

/// A clause of so many words is spoken without waiting for its end.
pub const MOST_WORDS: usize = 12;

/// Tokens of so many words, about.
pub const MOST_TOKENS: usize = 16;

/// Is the first sentence of `text` there, while more may follow?
pub fn is_there(text: &str) -> bool {
    let text = text.trim_start();
    let mut words = 0;
    let mut before = ' ';
    for c in text.chars() {
        if matches!(c, '。' | '！' | '？' | '\n') {
            return true;
        }
        if c.is_whitespace() && !before.is_whitespace() {
            words += 1;
            if words >= MOST_WORDS || matches!(before, '.' | '!' | '?') {
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

    /// Shared with `benches/peers/llama.py --self-test`, which reads this file.
    const EXAMPLES: [(&str, bool); 9] = [
        ("", false),
        ("  \n", false),
        ("Close the valve.", false),
        ("Close the valve. Then", true),
        ("Set it to 1.5 bar and", false),
        ("Ready\n", true),
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
