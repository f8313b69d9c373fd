//! Words of text, the same for the index, the question and the evidence: lower case,
//! without accents and stop words, stemmed as English.
//!
//! Numbers keep their decimal point, "45Nm" is a number and its unit, "PJ-40" is found as
//! `pj40` and by its parts, and Chinese is cut into pairs of characters.

use std::sync::LazyLock;

use tantivy::tokenizer::{
    AsciiFoldingFilter, Language, RemoveLongFilter, Stemmer, StopWordFilter, TextAnalyzer,
    WhitespaceTokenizer,
};

use super::passage::{Passage, Shape};

/// Changes whenever the same text yields other terms; an index of another version is
/// rebuilt rather than misread.
pub const VERSION: &str = "en-1/tantivy-0.27";

/// Words that carry no meaning of their own, question words among them.
const STOP_WORDS: &[&str] = &[
    "a", "about", "after", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "been", "being",
    "but", "by", "can", "could", "did", "do", "does", "doing", "for", "from", "get", "give", "go", "got",
    "had", "has", "have", "hello", "here", "hey", "how", "i", "i'm", "if", "in", "into", "is", "it", "it's",
    "its", "just", "know", "let", "long", "many", "may", "me", "mean", "means", "meant", "might", "much",
    "must", "my", "need", "of", "oh", "ok", "on", "or", "our", "please", "say", "says", "shall", "should",
    "so", "some", "such", "tell", "than", "that", "that's", "the", "their", "them", "then", "there", "these",
    "they", "this", "those", "to", "too", "um", "us", "was", "we", "were", "what", "what's", "when", "where",
    "which", "who", "why", "will", "with", "would", "you", "your", "yours",
];

/// The terms of `text`, in its order, repeats included.
pub fn terms(text: &str) -> Vec<String> {
    static ANALYSER: LazyLock<TextAnalyzer> = LazyLock::new(|| {
        TextAnalyzer::builder(WhitespaceTokenizer::default())
            .filter(RemoveLongFilter::limit(60))
            .filter(AsciiFoldingFilter)
            .filter(StopWordFilter::remove(STOP_WORDS.iter().map(|w| (*w).to_owned())))
            .filter(Stemmer::new(Language::English))
            .build()
    });
    let words = spaced_words(text);
    let mut out = Vec::new();
    // A clone is two reference counts; a token stream needs the analyser for itself.
    let mut analyser = ANALYSER.clone();
    let mut stream = analyser.token_stream(&words);
    while let Some(token) = stream.next() {
        out.push(token.text.clone());
    }
    out
}

/// The words that hold both letters and digits, or a joined designation, in canonical
/// form: what a question may name without its being an unknown code.
pub fn designations(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_'))
        .flat_map(|word| std::iter::once(word).chain(word.split(['-', '_'])))
        .map(super::code::normalise)
        .filter(|w| {
            w.contains(|c: char| c.is_ascii_digit()) && w.contains(char::is_alphabetic) && w.len() <= 24
        })
}

/// What a passage's body field holds: a row's headers belong to its cells.
pub(super) fn body(passage: &Passage) -> String {
    match passage.shape {
        Shape::Row => passage.fields.iter().map(|f| format!("{} {} ", f.name, f.value)).collect(),
        Shape::Prose | Shape::Step => passage.text.clone(),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    Ideograph,
    Other,
}

fn class(c: char) -> Class {
    match c {
        '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{3040}'..='\u{30FF}' => Class::Ideograph,
        '\'' | '’' => Class::Letter,
        _ if c.is_numeric() => Class::Digit,
        _ if c.is_alphabetic() => Class::Letter,
        _ => Class::Other,
    }
}

/// `text` as lower-case words with single spaces.
fn spaced_words(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let chars: Vec<char> = text.chars().collect();
    let at = |i: usize| chars.get(i).copied().map_or(Class::Other, class);
    let mut i = 0;
    // Start and letters of the word before, where only a hyphen stands between.
    let mut joined: Option<String> = None;
    while i < chars.len() {
        let start = i;
        match at(i) {
            Class::Other => {
                let hyphen = chars.get(i) == Some(&'-') && matches!(at(i + 1), Class::Letter | Class::Digit);
                if !hyphen {
                    joined = None;
                }
                i += 1;
                continue;
            }
            Class::Ideograph => {
                while at(i) == Class::Ideograph {
                    i += 1;
                }
                for pair in chars.get(start..i).unwrap_or_default().windows(2.min(i - start)) {
                    push(&mut out, pair);
                }
                continue;
            }
            Class::Digit => {
                // Digits, with a point or comma between digits; letters after them are a
                // unit ("45Nm") and a word of their own.
                while at(i) == Class::Digit
                    || (matches!(chars.get(i), Some('.' | ',')) && at(i + 1) == Class::Digit)
                {
                    i += 1;
                }
            }
            Class::Letter => {
                while matches!(at(i), Class::Letter | Class::Digit) {
                    i += 1;
                }
            }
        }
        let word = chars.get(start..i).unwrap_or_default();
        push(&mut out, word);
        let digits = |w: &[char]| w.iter().any(|c| c.is_numeric());
        if let Some(before) = joined.take() {
            let whole: Vec<char> = before.chars().chain(word.iter().copied()).collect();
            if digits(&whole) && !before.chars().all(char::is_numeric) {
                push(&mut out, &whole);
            }
        }
        joined = Some(word.iter().collect());
    }
    out
}

fn push(out: &mut String, word: &[char]) {
    let word: String = word.iter().collect::<String>().replace('’', "'");
    let word = word.strip_suffix("'s").unwrap_or(&word).trim_matches('\'');
    if word.is_empty() {
        return;
    }
    if !out.is_empty() {
        out.push(' ');
    }
    out.extend(word.chars().flat_map(char::to_lowercase));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_stemmed_and_stop_words_left_out() {
        assert_eq!(terms("What are the flange bolts' torques?"), ["flang", "bolt", "torqu"]);
        assert_eq!(terms("Presión"), ["presion"]);
    }

    #[test]
    fn numbers_units_and_designations_are_found_either_way() {
        assert_eq!(terms("45Nm"), terms("45 Nm"));
        assert_eq!(terms("3.5 bar"), ["3.5", "bar"]);
        assert_eq!(terms("PJ-40"), ["pj", "40", "pj40"]);
        assert!(terms("PJ40").iter().all(|t| terms("PJ-40").contains(t)));
        assert_eq!(terms("2026-01"), ["2026", "01"]);
    }

    #[test]
    fn chinese_is_cut_into_pairs() {
        assert_eq!(terms("液压泵"), ["液压", "压泵"]);
        assert_eq!(terms("泵"), ["泵"]);
    }

    #[test]
    fn designations_are_canonical() {
        let found: Vec<_> = designations("the PJ-40, M16x60 and 45 Nm").collect();
        assert_eq!(found, ["PJ40", "M16X60", "M16X60"]);
    }

    proptest! {
        #[test]
        fn any_text_is_analysed_without_harm(text in "\\PC{0,80}") {
            for term in terms(&text) {
                prop_assert!(!term.is_empty() && !term.contains(' '));
            }
        }
    }
}
