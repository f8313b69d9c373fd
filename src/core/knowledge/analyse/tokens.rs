//! Cuts text into words, numbers and runs of ideographs, the same for every language.
//!
//! Numbers keep their decimal point, "45Nm" is a number and its unit, "PJ-40" is found by
//! its parts and as `pj40`. Full-width letters and digits count as plain ones.

use crate::core::knowledge::language::is_han;

/// How numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comma {
    /// "1,200" is one thousand two hundred.
    Groups,
    /// "3,5" is three and a half.
    Decimal,
}

/// What is cut out; `\0` never occurs in a word.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A word or number, in lower case.
    Word(String),
    /// A run of ideographs.
    Han(String),
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
        _ if is_han(c) => Class::Ideograph,
        '\u{3040}'..='\u{30FF}' => Class::Ideograph,
        '\'' | '’' => Class::Letter,
        _ if c.is_numeric() => Class::Digit,
        _ if c.is_alphabetic() => Class::Letter,
        _ => Class::Other,
    }
}

/// A full-width form as its plain one.
pub(crate) fn narrow(c: char) -> char {
    match u32::from(c) {
        code @ 0xFF01..=0xFF5E => char::from_u32(code - 0xFEE0).unwrap_or(c),
        0x3000 => ' ',
        _ => c,
    }
}

/// The tokens of `text`, in its order.
pub(super) fn tokens(text: &str, comma: Comma) -> Vec<Token> {
    let mut out = Vec::new();
    let chars: Vec<char> = text.chars().map(narrow).collect();
    let at = |i: usize| chars.get(i).copied().map_or(Class::Other, class);
    let mut i = 0;
    // The word before, where only a hyphen stands between.
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
                out.push(Token::Han(chars.get(start..i).unwrap_or_default().iter().collect()));
                joined = None;
                continue;
            }
            // Letters after the digits are a unit ("45Nm") and a word of their own.
            Class::Digit => {
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
        let raw: String = chars.get(start..i).unwrap_or_default().iter().collect();
        push(&mut out, &raw, comma);
        if let Some(before) = joined.take()
            && !before.chars().all(char::is_numeric)
            && (raw.contains(char::is_numeric) || before.contains(char::is_numeric))
        {
            push(&mut out, &format!("{before}{raw}"), comma);
        }
        joined = Some(raw);
    }
    out
}

fn push(out: &mut Vec<Token>, raw: &str, comma: Comma) {
    let word = raw.replace('’', "'");
    let word = word.strip_suffix("'s").unwrap_or(&word).trim_matches('\'');
    if word.is_empty() {
        return;
    }
    let word: String = word.chars().flat_map(char::to_lowercase).collect();
    out.push(Token::Word(if word.contains(',') { number(&word, comma) } else { word }));
}

/// A number with commas in one form: "1,200" as "1200" where commas group, "3,5" as "3.5"
/// where they are decimal.
fn number(word: &str, comma: Comma) -> String {
    match comma {
        Comma::Decimal if word.matches(',').count() == 1 => word.replace(',', "."),
        Comma::Groups if word.split(['.', ',']).skip(1).all(|group| group.len() == 3) => {
            word.replace(',', "")
        }
        _ => word.to_owned(),
    }
}
