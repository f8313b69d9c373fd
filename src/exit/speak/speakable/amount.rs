//! Amounts: one number or several with what joins them, and the unit written onto them.

use std::sync::LazyLock;

use regex::Regex;

use super::{number, unit};

#[expect(clippy::expect_used, reason = "a constant pattern; every test compiles it")]
static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?|\.\d+)").expect("a constant pattern")
});

/// One or more numbers with what joins them: "195", "-5…+5", "10×20", "230/400V".
pub(super) struct Amount {
    pub(super) words: String,
    pub(super) unit: Option<String>,
    /// What follows after a hyphen: the "-way" of "3-way".
    pub(super) tail: String,
    /// The amount is exactly one (for the unit's singular).
    pub(super) one: bool,
    /// A whole number and nothing else.
    pub(super) plain: bool,
    pub(super) fraction: bool,
}

impl Amount {
    /// `None` where `text` is anything else than an amount from its first to its last
    /// character.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut words = Vec::new();
        let mut rest = text;
        let mut count = 0;
        let mut last;
        loop {
            let (sign, unsigned) = signed(rest);
            let found = NUMBER.find(unsigned)?;
            last = found.as_str();
            count += 1;
            words.extend(sign.map(str::to_owned));
            words.push(number::number(last));
            rest = &unsigned[found.end()..];
            let one = count == 1 && last == "1";
            let done = |words: Vec<String>, unit, tail: &str, plain| {
                Some(Self {
                    words: words.join(" "),
                    unit,
                    tail: tail.to_owned(),
                    one,
                    plain,
                    fraction: false,
                })
            };
            if rest.is_empty() {
                let plain = count == 1 && sign.is_none() && last.bytes().all(|b| b.is_ascii_digit());
                return done(words, None, "", plain);
            }
            if count == 1
                && sign.is_none()
                && let Some(found) = fraction(last, rest)
            {
                return Some(found);
            }
            if let Some(unit) = unit::words(rest, one) {
                return done(words, Some(unit), "", false);
            }
            if rest == "x" || rest == "×" {
                words.push("times".to_owned());
                return done(words, None, "", false);
            }
            if let Some((join, after)) = joined(rest) {
                // "007-12" is a part number, not a range.
                if last.len() > 1 && last.starts_with('0') && !last.contains(['.', ',']) {
                    return None;
                }
                words.push(join.to_owned());
                rest = after;
                continue;
            }
            // "10bar-15bar", "5mm-thick", "24-V", "3-way"
            let (head, tail) = rest.split_once('-').or_else(|| rest.split_once('…'))?;
            if !head.is_empty() && begins_amount(tail) {
                words.extend([unit::words(head, one)?, "to".to_owned()]);
                rest = tail;
                continue;
            }
            if !tail.starts_with(char::is_alphabetic) || tail.contains(|c: char| c.is_ascii_digit()) {
                return None;
            }
            if head.is_empty() {
                if let Some(unit) = unit::words(tail, true) {
                    return done(words, Some(unit), "", false);
                }
                // "2-K" may be a type number; "3-way" is not.
                return if tail.chars().all(char::is_lowercase) && tail.len() > 1 {
                    done(words, None, tail, false)
                } else {
                    None
                };
            }
            let unit = unit::words(head, true)?;
            return done(words, Some(unit), tail, false);
        }
    }
}

/// The sign before a number, as words.
fn signed(text: &str) -> (Option<&'static str>, &str) {
    for (mark, words) in [("+/-", "plus or minus"), ("±", "plus or minus"), ("+", "plus"), ("-", "minus")] {
        if let Some(rest) = text.strip_prefix(mark) {
            return (Some(words), rest);
        }
    }
    (None, text)
}

/// What joins one number to the next, as words, and the text from the next number on.
fn joined(rest: &str) -> Option<(&'static str, &str)> {
    const JOINS: [(&str, &str); 9] = [
        ("...", "to"),
        ("..", "to"),
        ("…", "to"),
        ("-", "to"),
        ("~", "to"),
        (":", "to"),
        ("x", "by"),
        ("×", "by"),
        ("/", "slash"),
    ];
    if signed(rest).0 == Some("plus or minus") {
        return Some(("", rest));
    }
    let (after, words) = JOINS.iter().find_map(|(mark, words)| Some((rest.strip_prefix(mark)?, *words)))?;
    begins_amount(after).then_some((words, after))
}

/// "1/2", "3/4-turn": a proper fraction and what may follow it.
fn fraction(above: &str, rest: &str) -> Option<Amount> {
    let after = rest.strip_prefix('/')?;
    let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
    let (below, tail) = after.split_at(end);
    let words = number::fraction(above, below)?;
    let tail = match tail.strip_prefix('-') {
        None if tail.is_empty() => "",
        Some(word) if !word.is_empty() && word.chars().all(char::is_lowercase) => word,
        _ => return None,
    };
    Some(Amount { words, unit: None, tail: tail.to_owned(), one: false, plain: false, fraction: true })
}

/// Whether a chunk starts with a number, sign and bracket aside.
pub(super) fn begins_amount(chunk: &str) -> bool {
    chunk.trim_start_matches(['+', '-', '±', '(']).starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && chunk.contains(|c: char| c.is_ascii_digit())
}
