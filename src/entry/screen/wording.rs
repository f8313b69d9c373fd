//! Wording made uniform: typography, fillers, numbers, units, codes in pieces.

use super::Source;
use crate::core::answer::quantity::{numeral, unit};

/// Typographic variants made one, control characters and a recogniser's remarks about
/// sound ("[BLANK_AUDIO]", "(wind blowing)", "♪") taken out, blanks single.
pub(super) fn letters(text: &str, source: Source) -> String {
    let mut out = String::with_capacity(text.len());
    let mut depth = 0usize;
    for c in text.chars() {
        if source == Source::Heard {
            match c {
                '[' | '(' => depth += 1,
                ']' | ')' => {
                    depth = depth.saturating_sub(1);
                    out.push(' ');
                    continue;
                }
                _ => {}
            }
            if depth > 0 || matches!(c, '♪' | '♫' | '*') {
                continue;
            }
        }
        match c {
            '‘' | '’' | 'ʼ' | '´' | '`' => out.push('\''),
            '“' | '”' | '„' | '«' | '»' => out.push('"'),
            '‐' | '‑' | '‒' => out.push('-'),
            '\u{a0}' | '\u{202f}' | '\u{2009}' => out.push(' '),
            '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{ad}' => {}
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Sounds between words.
pub(super) const FILLERS: &[&str] =
    &["um", "uh", "uhm", "erm", "er", "hm", "hmm", "mhm", "mm-hmm", "ah", "oh"];

/// Words that announce a code.
const ANNOUNCE: &[&str] = &["code", "fault", "error", "alarm", "fehler", "number"];

/// Uniform wording: fillers out, numbers in digits, units as symbols, codes in one piece.
pub(super) fn wording(text: &str, source: Source) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (taken, used) = next(rest, &words, source);
        if let Some(taken) = taken {
            words.push(taken);
        }
        rest = rest.get(used.max(1)..).unwrap_or_default().trim_start();
    }
    join(&words)
}

/// One rewritten piece of `rest` (which begins at a word) and the bytes it took.
fn next(rest: &str, before: &[String], source: Source) -> (Option<String>, usize) {
    let end = rest.find(' ').unwrap_or(rest.len());
    let word = &rest[..end];
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    if source == Source::Heard && FILLERS.contains(&bare.as_str()) && bare != "oh" {
        return (None, end);
    }
    let announced = before
        .last()
        .is_some_and(|w| ANNOUNCE.contains(&w.to_lowercase().trim_matches(|c: char| !c.is_alphanumeric())));
    if let Some((code, used)) = spelled_code(rest, announced) {
        return (Some(code), used);
    }
    // Digits said after a letter or a word like "alarm" are a code's: left to the index.
    let letter = before.last().is_some_and(|w| {
        w.len() == 1
            && w.starts_with(|c: char| c.is_ascii_alphabetic())
            && !matches!(w.as_str(), "a" | "A" | "i" | "I")
    });
    let in_code = announced || letter || before.last().is_some_and(|w| is_number_word(w));
    if !in_code && let Some((number, used)) = spoken_number(rest) {
        return (Some(number), used);
    }
    // "newton metres" without a number before it.
    if let Some((unit, used)) = unit::phrase(rest) {
        return (Some(unit.symbol), used);
    }
    // A unit behind digits: "195 newton-metres", "10 bars".
    let after_digits = before.last().is_some_and(|w| {
        w.ends_with(|c: char| c.is_ascii_digit())
            && w.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+'))
    });
    if after_digits && let Some((unit, used)) = unit::read(rest) {
        return (Some(unit.symbol), used);
    }
    (Some(word.to_owned()), end)
}

fn is_number_word(word: &str) -> bool {
    let lower = word.to_lowercase();
    lower == "oh" || numeral::read(&lower, numeral::Style::Spoken).is_some_and(|n| n.len == lower.len())
}

/// "one hundred ninety five" → "195". A lone small number stays a word ("three-phase",
/// "one of them") unless it measures something.
fn spoken_number(rest: &str) -> Option<(String, usize)> {
    let n = numeral::read(rest, numeral::Style::Spoken)?;
    // "twenty-one-inch" is a word of its own.
    let tail = &rest[n.len..];
    let measured = unit::read(tail);
    if tail.starts_with('-') && measured.is_none() {
        return None;
    }
    let counts = n.words > 1 || n.value >= 13.0 || measured.is_some();
    counts.then(|| match measured {
        Some((unit, len)) => (format!("{} {}", n.digits, unit.symbol), n.len + len),
        None => (n.digits, n.len),
    })
}

/// A code in pieces at the start of `rest`: a letter with digits apart ("E 2 0 3",
/// "F-3-7"), or, where the word before announces a code, letter and number ("F 37",
/// "F-37", "e 203").
fn spelled_code(rest: &str, announced: bool) -> Option<(String, usize)> {
    let mut chars = rest.char_indices().peekable();
    let mut letters = String::new();
    let (_, first) = chars.next().filter(|(_, c)| c.is_ascii_alphabetic())?;
    letters.push(first.to_ascii_uppercase());
    let mut groups: Vec<String> = Vec::new();
    let mut end = 0;
    loop {
        match chars.peek().copied() {
            Some((_, ' ' | '-')) => {
                chars.next();
            }
            Some((_, c)) if c.is_ascii_digit() && groups.is_empty() => {}
            _ => break,
        }
        let mut group = String::new();
        while let Some((i, c)) = chars.peek().copied().filter(|(_, c)| c.is_ascii_digit()) {
            group.push(c);
            end = i + 1;
            chars.next();
        }
        if group.is_empty() {
            break;
        }
        groups.push(group);
    }
    if groups.is_empty() {
        return None;
    }
    let apart = groups.len() >= 2 && groups.iter().all(|g| g.len() == 1);
    let single = groups.len() == 1 && announced;
    if !apart && !single {
        return None;
    }
    // "a 2 3" without an announcement is an article and two numbers.
    if !announced && matches!(first, 'a' | 'I' | 'i') {
        return None;
    }
    // The digits must end the word: "F 37 bar" measures, "E 2 0 3x" is something else.
    let tail = rest.get(end..)?;
    if tail.starts_with(|c: char| c.is_alphanumeric()) || (single && unit::read(tail).is_some()) {
        return None;
    }
    let punctuation: String = tail.chars().take_while(|c| !c.is_whitespace()).collect();
    Some((format!("{letters}{}{punctuation}", groups.concat()), end + punctuation.len()))
}

/// Words joined by blanks; a unit's punctuation comes back to its word.
fn join(words: &[String]) -> String {
    let mut out = String::new();
    for word in words {
        let mark = word.chars().all(|c| matches!(c, '?' | '.' | ',' | '!' | ';' | ':'));
        if !out.is_empty() && !mark {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}
