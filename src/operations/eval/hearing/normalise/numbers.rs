//! Number words as digits.
//!
//! Digits that are spoken one by one are one number ("one eight zero three": 1803), groups
//! add up ("two hundred and five": 205), groups of two stand side by side ("nineteen eighty
//! four": 1984).

use crate::core::knowledge::code::spoken::ENGLISH;

/// What a word does to the number before it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Part {
    /// 0 to 9.
    Digit(u64),
    /// 10 to 19.
    Teen(u64),
    /// 20 to 90.
    Ten(u64),
    /// Hundred, thousand…
    Times(u64),
    /// In figures, of two or more digits.
    Figures,
}

const SMALL_ORDINAL: [&str; 20] = [
    "zeroth",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
];
const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const TENS_ORDINAL: [&str; 8] =
    ["twentieth", "thirtieth", "fortieth", "fiftieth", "sixtieth", "seventieth", "eightieth", "ninetieth"];
const TIMES: [(&str, u64); 4] =
    [("hundred", 100), ("thousand", 1_000), ("million", 1_000_000), ("billion", 1_000_000_000)];

/// The part of a number that a word is, and whether it is an ordinal. "Oh" is asked for apart.
fn part(word: &str) -> Option<(Part, bool)> {
    let at = |list: &[&str]| list.iter().position(|w| *w == word).map(|n| n as u64);
    let small = |n: u64| if n < 10 { Part::Digit(n) } else { Part::Teen(n) };
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        return match word.as_bytes() {
            [digit] => Some((Part::Digit(u64::from(digit - b'0')), false)),
            _ if word.bytes().all(|b| b.is_ascii_digit() || b == b'.') => Some((Part::Figures, false)),
            _ => None,
        };
    }
    at(&ENGLISH)
        .map(|n| (small(n), false))
        .or_else(|| at(&SMALL_ORDINAL).map(|n| (small(n), true)))
        .or_else(|| at(&TENS).map(|n| (Part::Ten((n + 2) * 10), false)))
        .or_else(|| at(&TENS_ORDINAL).map(|n| (Part::Ten((n + 2) * 10), true)))
        .or_else(|| TIMES.iter().find(|(w, _)| *w == word).map(|(_, n)| (Part::Times(*n), false)))
        .or_else(|| {
            TIMES
                .iter()
                .find(|(w, _)| word.strip_suffix("th") == Some(w))
                .map(|(_, n)| (Part::Times(*n), true))
        })
}

/// A number in the making.
#[derive(Debug, Default)]
struct Number {
    /// Its digits so far; empty where there is none.
    digits: String,
    last: Option<Part>,
}

impl Number {
    /// Takes a part in; gives it back where it begins a number of its own.
    fn take(&mut self, part: Part, word: &str) -> Result<(), Part> {
        let grows = match (self.last, part) {
            (None, Part::Times(n)) => Some(n.to_string()),
            (None, Part::Digit(n) | Part::Teen(n) | Part::Ten(n)) => Some(n.to_string()),
            (None, Part::Figures) => Some(word.to_owned()),
            (_, Part::Times(n)) => self.times(n),
            (Some(Part::Figures), _) => None,
            (_, Part::Figures) => self.digits.ends_with('.').then(|| format!("{}{word}", self.digits)),
            // "twenty" and "three", "hundred" and anything: the sum.
            (Some(Part::Ten(_)), Part::Digit(n @ 1..))
            | (Some(Part::Times(_)), Part::Digit(n) | Part::Teen(n) | Part::Ten(n)) => self.plus(n),
            (_, Part::Digit(n) | Part::Teen(n) | Part::Ten(n)) => Some(format!("{}{n}", self.digits)),
        };
        self.digits = grows.ok_or(part)?;
        self.last = Some(part);
        Ok(())
    }

    fn plus(&self, n: u64) -> Option<String> {
        // "twenty" may stand behind digits with leading zeros: only its own end changes.
        let stem = self.digits.trim_start_matches('0');
        let zeros = self.digits.len() - stem.len();
        let value: u64 = stem.parse().ok()?;
        Some(format!("{}{}", "0".repeat(zeros), value.checked_add(n)?))
    }

    fn times(&self, n: u64) -> Option<String> {
        if let Some((_, decimals)) = self.digits.split_once('.') {
            let value: f64 = self.digits.parse().ok()?;
            let product = value * n as f64;
            return (!decimals.is_empty() && product.fract().abs() < 1e-6 && product < 1e15)
                .then(|| format!("{product:.0}"));
        }
        let value: u64 = self.digits.parse().ok()?;
        let (kept, group) = (value / 1_000 * 1_000, value % 1_000);
        if value != 0 && group == 0 {
            return Some(value.checked_mul(n)?.to_string());
        }
        Some(kept.checked_add(group.checked_mul(n)?)?.to_string())
    }
}

/// Words with their numbers as digits; ordinals keep their ending.
pub fn as_digits(words: &[String]) -> Vec<String> {
    let mut out: Vec<String> = Vec::with_capacity(words.len());
    let mut number = Number::default();
    let is_part = |n: usize| words.get(n).is_some_and(|w| part(w).is_some() || w == "oh" || w == "o");
    let mut n = 0;
    while let Some(word) = words.get(n) {
        let next_is_part = is_part(n + 1);
        let inside = number.last.is_some();
        let zero =
            (word == "oh" || word == "o") && (inside || (next_is_part && part_is_digit(words.get(n + 1))));
        match (word.as_str(), part(word)) {
            _ if zero => add(&mut number, &mut out, Part::Digit(0), "0"),
            (_, Some((what, ordinal))) => {
                // Alone, "second" is a time or a place, not a figure.
                if ordinal && !inside && word == "second" {
                    out.push(word.clone());
                } else {
                    add(&mut number, &mut out, what, word);
                    if ordinal {
                        number.digits.push_str(ending(&number.digits));
                        flush(&mut number, &mut out);
                    }
                }
            }
            ("and", _) if matches!(number.last, Some(Part::Times(_))) && next_is_part => {}
            ("point", _) if inside && next_is_part && !number.digits.contains('.') => {
                number.digits.push('.');
                // What follows stands side by side.
                number.last = Some(Part::Digit(0));
            }
            ("double" | "triple", _) if part_is_digit(words.get(n + 1)) => {
                let digit = words.get(n + 1).and_then(|w| part(w)).map_or(0, |(p, _)| match p {
                    Part::Digit(d) => d,
                    _ => 0,
                });
                for _ in 0..if word == "double" { 2 } else { 3 } {
                    add(&mut number, &mut out, Part::Digit(digit), "");
                }
                n += 1;
            }
            _ => {
                flush(&mut number, &mut out);
                out.push(word.clone());
            }
        }
        n += 1;
    }
    flush(&mut number, &mut out);
    out
}

fn part_is_digit(word: Option<&String>) -> bool {
    word.is_some_and(|w| w == "oh" || w == "o" || matches!(part(w), Some((Part::Digit(_), false))))
}

fn add(number: &mut Number, out: &mut Vec<String>, what: Part, word: &str) {
    if number.take(what, word).is_err() {
        flush(number, out);
        // A first part is always taken.
        let _ = number.take(what, word);
    }
}

fn flush(number: &mut Number, out: &mut Vec<String>) {
    let done = std::mem::take(number);
    if !done.digits.is_empty() {
        out.push(done.digits);
    }
}

/// The ending that an ordinal's figures have.
fn ending(digits: &str) -> &'static str {
    if digits.ends_with("11") || digits.ends_with("12") || digits.ends_with("13") {
        return "th";
    }
    match digits.as_bytes().last() {
        Some(b'1') => "st",
        Some(b'2') => "nd",
        Some(b'3') => "rd",
        _ => "th",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> String {
        as_digits(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).join(" ")
    }

    #[test]
    fn numbers_are_written_as_they_are_meant() {
        for (said, want) in [
            ("one eight zero three", "1803"),
            ("two seven two zero", "2720"),
            ("zero one one eight", "0118"),
            ("one oh five", "105"),
            ("two five oh oh", "2500"),
            ("oh one one eight", "0118"),
            ("oh dear", "oh dear"),
            ("twenty three", "23"),
            ("one twenty three", "123"),
            ("two hundred and sixty five", "265"),
            ("one hundred five", "105"),
            ("two thousand four hundred", "2400"),
            ("two thousand and five", "2005"),
            ("one million two hundred thousand", "1200000"),
            ("twelve thousand", "12000"),
            ("twenty oh five", "2005"),
            ("nineteen eighty four", "1984"),
            ("three point five", "3.5"),
            ("two point five million", "2500000"),
            ("zero point seven five", "0.75"),
            ("20 million", "20000000"),
            ("double seven five", "775"),
            ("twenty first", "21st"),
            ("third bolt", "3rd bolt"),
            ("a second time", "a second time"),
            ("wait and see one", "wait and see 1"),
            ("three and four", "3 and 4"),
            ("15 203", "15 203"),
            ("05", "05"),
            ("0 1 1 8", "0118"),
            ("point of no return", "point of no return"),
            ("hundred", "100"),
            ("billion billion billion billion", "1000000000000000000 1000000000000000000"),
            ("21st", "21st"),
        ] {
            assert_eq!(digits(said), want, "{said}");
        }
    }
}
