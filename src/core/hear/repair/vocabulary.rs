//! Words that a repair treats with care: those of everyday English, those that carry only
//! grammar, and those that stand before codes.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::sounds::{Sound, of_word};

static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common.txt").split_whitespace().collect());

/// Is it a word of everyday English, inflected or not? Such a word is heard rightly more
/// often than a term is said.
pub(super) fn is_common(word: &str) -> bool {
    let known = |stem: &str| COMMON.contains(stem);
    let word = word.split(['\'', '’']).next().unwrap_or(word);
    if known(word) {
        return true;
    }
    ["s", "es", "d", "ed", "ing", "er", "ly", "r", "y", "st", "est"].iter().any(|ending| {
        word.strip_suffix(ending).is_some_and(|stem| {
            let bytes = stem.as_bytes();
            let doubled = bytes.len() > 3 && bytes.last() == bytes.get(bytes.len() - 2);
            known(stem)
                || *ending == "ing" && known(&format!("{stem}e"))
                || doubled && stem.get(..stem.len() - 1).is_some_and(known)
        })
    })
}

/// Is it a word of grammar? It is not worth a search, and no term on its own.
pub(super) fn is_grammar(word: &str) -> bool {
    #[rustfmt::skip]
    let is = matches!(
        word,
        "a" | "an" | "the" | "and" | "or" | "of" | "to" | "in" | "on" | "at" | "by" | "for" | "from" | "with"
        | "is" | "are" | "was" | "were" | "be" | "been" | "do" | "does" | "did" | "has" | "have" | "had"
        | "i" | "you" | "he" | "she" | "it" | "we" | "they" | "my" | "your" | "its" | "our" | "their" | "me"
        | "this" | "that" | "these" | "those" | "there" | "here" | "what" | "which" | "who" | "how" | "why"
        | "when" | "where" | "if" | "as" | "so" | "not" | "no" | "can" | "could" | "will" | "would" | "should"
        | "may" | "must" | "than" | "then" | "but" | "up" | "down" | "out" | "off" | "after" | "before"
        | "again" | "i'm" | "it's" | "what's" | "that's" | "all" | "mean" | "means" | "one"
    );
    is
}

/// Words that codes stand behind.
pub(super) const CODE_WORDS: [&str; 6] = ["error", "fault", "alarm", "warning", "code", "trip"];

/// The words that a misheard word before a code may have been, with their sounds.
pub(super) static BEFORE_CODES: LazyLock<Vec<(&'static str, Sound)>> =
    LazyLock::new(|| CODE_WORDS.iter().take(5).map(|word| (*word, of_word(word))).collect());

/// Is it a word that codes stand behind?
pub(super) fn is_code_word(word: &str) -> bool {
    let word = word.strip_suffix('s').unwrap_or(word);
    CODE_WORDS.contains(&word)
        || matches!(
            word,
            "failure"
                | "parameter"
                | "setting"
                | "event"
                | "bit"
                | "command"
                | "message"
                | "status"
                | "dollar"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inflected_words_are_common_too() {
        for word in ["checking", "stopped", "bolts", "loosened", "what's", "closing"] {
            assert!(is_common(word), "{word}");
        }
        assert!(!is_common("odrive") && !is_common("fulp"));
    }
}
