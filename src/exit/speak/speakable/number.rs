//! Numbers as English words, without "and" and without hyphens ("one hundred ninety five"),
//! so that a listener in noise hears the figures in the order in which they are written.

use crate::core::knowledge::code::spoken::{ENGLISH as ONES, ENGLISH_TENS as TENS};

const SCALES: [(u64, &str); 3] = [(1_000_000_000, "billion"), (1_000_000, "million"), (1_000, "thousand")];

/// Whether a word belongs to a number: a break beside it may tear the number apart.
pub(in super::super) fn is_word(word: &str) -> bool {
    let word = word.trim_end_matches(['.', ',', ';', ':', '?', '!']);
    let scale = SCALES.iter().any(|(_, name)| *name == word);
    !word.is_empty()
        && (scale
            || ["hundred", "point", "minus"].contains(&word)
            || ONES.contains(&word)
            || TENS.contains(&word))
}

/// More digits than this are read one by one: nobody follows a trillion by ear, and a run
/// that long is a serial number anyway.
const LONGEST_CARDINAL: usize = 12;

/// An integer below 10^12 in words.
fn cardinal(mut n: u64) -> String {
    if n == 0 {
        return ONES[0].to_owned();
    }
    let mut words: Vec<String> = Vec::new();
    for (scale, name) in SCALES {
        if n >= scale {
            words.push(below_thousand(n / scale));
            words.push(name.to_owned());
            n %= scale;
        }
    }
    if n > 0 {
        words.push(below_thousand(n));
    }
    words.join(" ")
}

fn below_thousand(n: u64) -> String {
    let mut words = Vec::with_capacity(4);
    let (hundreds, rest) = ((n / 100) as usize, (n % 100) as usize);
    if hundreds > 0 {
        words.extend([ONES[hundreds % 20], "hundred"]);
    }
    match rest {
        0 => {}
        1..20 => words.push(ONES[rest]),
        _ => {
            words.push(TENS[rest / 10]);
            if !rest.is_multiple_of(10) {
                words.push(ONES[rest % 10]);
            }
        }
    }
    words.join(" ")
}

/// Each ASCII digit as a word of its own: "203" → "two zero three".
pub(super) fn digits(text: &str) -> String {
    let words: Vec<&str> =
        text.chars().filter_map(|c| c.to_digit(10)).map(|d| ONES[d as usize % 20]).collect();
    words.join(" ")
}

/// A run of ASCII digits: a cardinal, or digit by digit where a leading zero or the length
/// says that it is a name rather than an amount.
pub(super) fn integer(text: &str) -> String {
    let named = text.len() > LONGEST_CARDINAL || (text.len() > 1 && text.starts_with('0'));
    match text.parse() {
        Ok(n) if !named => cardinal(n),
        _ => digits(text),
    }
}

/// A number as manuals write it: "1,250" (thousands), "0.35", ".5", and a decimal comma
/// where the comma cannot part thousands ("0,35").
pub(super) fn number(text: &str) -> String {
    let (whole, fraction) = match text.rsplit_once(['.', ',']) {
        Some((whole, part)) if text.contains('.') || part.len() != 3 || whole == "0" => (whole, part),
        _ => (text, ""),
    };
    let whole: String = whole.chars().filter(char::is_ascii_digit).collect();
    // "007.5" is an amount all the same: a point follows only amounts.
    let amount = match whole.trim_start_matches('0') {
        "" if !fraction.is_empty() => "0",
        trimmed if !fraction.is_empty() => trimmed,
        _ => &whole,
    };
    match fraction {
        "" => integer(amount),
        part => format!("{} point {}", integer(amount), digits(part)),
    }
}

/// "1st" … as words, from the digits before the suffix.
pub(super) fn ordinal(text: &str) -> String {
    let words = integer(text);
    let (head, last) = words.rsplit_once(' ').map_or(("", words.as_str()), |(h, l)| (h, l));
    let last = match last {
        "one" => "first".to_owned(),
        "two" => "second".to_owned(),
        "three" => "third".to_owned(),
        "five" => "fifth".to_owned(),
        "eight" => "eighth".to_owned(),
        "nine" => "ninth".to_owned(),
        "twelve" => "twelfth".to_owned(),
        ty if ty.ends_with('y') => format!("{}ieth", ty.trim_end_matches('y')),
        other => format!("{other}th"),
    };
    if head.is_empty() { last } else { format!("{head} {last}") }
}

/// A proper fraction as a fitter says it: "1/2" → "one half", "5/16" → "five sixteenths".
///
/// `None` for anything else ("230/400", "3/2"): those are pairs, not fractions.
pub(super) fn fraction(above: &str, below: &str) -> Option<String> {
    let (a, b): (u8, u8) = (above.parse().ok()?, below.parse().ok()?);
    if a == 0 || a >= b || above.starts_with('0') {
        return None;
    }
    let part = match b {
        2 => "half".to_owned(),
        4 => "quarter".to_owned(),
        3 | 5 | 6 | 8 | 10 | 16 | 32 | 64 => ordinal(below),
        _ => return None,
    };
    Some(format!("{} {part}{}", integer(above), if a == 1 { "" } else { "s" }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads the words back. Only what this module writes.
    fn value(words: &str) -> Option<u64> {
        let (mut total, mut group) = (0u64, 0u64);
        for word in words.split(' ') {
            if let Some(n) = ONES.iter().position(|w| *w == word) {
                group += n as u64;
            } else if let Some(n) = TENS.iter().position(|w| !w.is_empty() && *w == word) {
                group += 10 * n as u64;
            } else if word == "hundred" {
                group *= 100;
            } else {
                let (scale, _) = SCALES.iter().find(|(_, name)| *name == word)?;
                total += group * scale;
                group = 0;
            }
        }
        Some(total + group)
    }

    #[test]
    fn amounts_are_cardinals() {
        for (text, words) in [
            ("0", "zero"),
            ("16", "sixteen"),
            ("195", "one hundred ninety five"),
            ("1,250", "one thousand two hundred fifty"),
            ("20000", "twenty thousand"),
            ("0.35", "zero point three five"),
            (".5", "zero point five"),
            ("0,35", "zero point three five"),
            ("0,350", "zero point three five zero"),
            ("12,5", "twelve point five"),
            ("1,250.75", "one thousand two hundred fifty point seven five"),
            ("1.0", "one point zero"),
        ] {
            assert_eq!(number(text), words, "{text}");
        }
    }

    #[test]
    fn names_are_read_digit_by_digit() {
        assert_eq!(number("007"), "zero zero seven");
        assert_eq!(
            number("1234567890123"),
            "one two three four five six seven eight nine zero one two three"
        );
        assert_eq!(digits("203"), "two zero three");
    }

    #[test]
    fn ordinals_and_fractions() {
        for (text, words) in
            [("1", "first"), ("3", "third"), ("12", "twelfth"), ("20", "twentieth"), ("42", "forty second")]
        {
            assert_eq!(ordinal(text), words);
        }
        assert_eq!(fraction("1", "2").as_deref(), Some("one half"));
        assert_eq!(fraction("3", "4").as_deref(), Some("three quarters"));
        assert_eq!(fraction("5", "16").as_deref(), Some("five sixteenths"));
        assert_eq!(fraction("3", "2"), None);
        assert_eq!(fraction("230", "400"), None);
    }

    proptest! {
        #[test]
        fn every_cardinal_reads_back(n in 0u64..1_000_000_000_000) {
            prop_assert_eq!(value(&cardinal(n)), Some(n));
        }

        #[test]
        fn any_text_is_read_without_panic(text in "[0-9.,]{0,40}") {
            prop_assert!(!number(&text).contains(|c: char| c.is_ascii_digit()));
        }
    }
}
