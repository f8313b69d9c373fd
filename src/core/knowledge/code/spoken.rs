//! Numbers and letters as people say them: "two oh three", "thirty seven", "double five",
//! "echo", "eff".

/// What one word of a question may be, besides a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numeral<'t> {
    /// Written digits.
    Digits(&'t str),
    /// Zero to nine.
    Unit(u32),
    /// Ten to nineteen.
    Teen(u32),
    /// Twenty, thirty, … ninety.
    Tens(u32),
    /// "Hundred".
    Hundred,
    /// "Thousand".
    Thousand,
    /// "Double" (2) or "triple" (3).
    Repeat(usize),
}

pub(super) fn numeral(word: &str) -> Option<Numeral<'_>> {
    if word.chars().all(|c| c.is_ascii_digit()) {
        return (!word.is_empty() && word.len() <= 8).then_some(Numeral::Digits(word));
    }
    let lower = word.to_ascii_lowercase();
    Some(match lower.as_str() {
        "zero" | "oh" | "o" | "nought" | "null" => Numeral::Unit(0),
        "one" => Numeral::Unit(1),
        "two" => Numeral::Unit(2),
        "three" => Numeral::Unit(3),
        "four" => Numeral::Unit(4),
        "five" => Numeral::Unit(5),
        "six" => Numeral::Unit(6),
        "seven" => Numeral::Unit(7),
        "eight" => Numeral::Unit(8),
        "nine" | "niner" => Numeral::Unit(9),
        "ten" => Numeral::Teen(10),
        "eleven" => Numeral::Teen(11),
        "twelve" => Numeral::Teen(12),
        "thirteen" => Numeral::Teen(13),
        "fourteen" => Numeral::Teen(14),
        "fifteen" => Numeral::Teen(15),
        "sixteen" => Numeral::Teen(16),
        "seventeen" => Numeral::Teen(17),
        "eighteen" => Numeral::Teen(18),
        "nineteen" => Numeral::Teen(19),
        "twenty" => Numeral::Tens(20),
        "thirty" => Numeral::Tens(30),
        "forty" | "fourty" => Numeral::Tens(40),
        "fifty" => Numeral::Tens(50),
        "sixty" => Numeral::Tens(60),
        "seventy" => Numeral::Tens(70),
        "eighty" => Numeral::Tens(80),
        "ninety" => Numeral::Tens(90),
        "hundred" => Numeral::Hundred,
        "thousand" => Numeral::Thousand,
        "double" => Numeral::Repeat(2),
        "triple" => Numeral::Repeat(3),
        _ => return None,
    })
}

/// The letter that a word says: itself, its name, or its word in the NATO alphabet. The
/// second value is false where the word has other meanings ("a", "i", "golf").
pub(super) fn letter(word: &str) -> Option<(char, bool)> {
    let lower = word.to_ascii_lowercase();
    let mut chars = lower.chars();
    if let (Some(c), None) = (chars.next(), chars.next())
        && c.is_ascii_alphabetic()
    {
        let written = word.starts_with(|c: char| c.is_ascii_uppercase());
        // "a" is an article, "i" a person, "o" a zero, "x" a times, "s" and "t" loose ends.
        return Some((
            c.to_ascii_uppercase(),
            !matches!(c, 'i' | 'o' | 'x') && (written && c != 'a' || !"aiosxt".contains(c)),
        ));
    }
    const NAMES: &[(&str, char)] = &[
        ("alpha", 'A'),
        ("alfa", 'A'),
        ("bravo", 'B'),
        ("charlie", 'C'),
        ("delta", 'D'),
        ("echo", 'E'),
        ("foxtrot", 'F'),
        ("golf", 'G'),
        ("hotel", 'H'),
        ("india", 'I'),
        ("juliet", 'J'),
        ("kilo", 'K'),
        ("lima", 'L'),
        ("mike", 'M'),
        ("november", 'N'),
        ("oscar", 'O'),
        ("papa", 'P'),
        ("quebec", 'Q'),
        ("romeo", 'R'),
        ("sierra", 'S'),
        ("tango", 'T'),
        ("uniform", 'U'),
        ("victor", 'V'),
        ("whiskey", 'W'),
        ("yankee", 'Y'),
        ("zulu", 'Z'),
        ("bee", 'B'),
        ("cee", 'C'),
        ("dee", 'D'),
        ("ee", 'E'),
        ("eff", 'F'),
        ("gee", 'G'),
        ("aitch", 'H'),
        ("jay", 'J'),
        ("kay", 'K'),
        ("pee", 'P'),
        ("ess", 'S'),
    ];
    NAMES.iter().find(|(name, _)| *name == lower).map(|(_, c)| (*c, false))
}

/// Every way to read the run of number words that `words` starts with, as digits with the
/// number of words it takes; the natural one ("thirty seven" is 37 before 307) first.
///
/// Only the whole run counts: "nine nine nine" is not the code 9.
pub(super) fn readings(words: &[&str]) -> Vec<(String, usize)> {
    let mut out = Vec::new();
    extend(words, 0, String::new(), &mut out);
    let longest = out.iter().map(|(_, taken)| *taken).max().unwrap_or(0);
    let mut seen = std::collections::HashSet::new();
    out.retain(|reading| reading.1 == longest && seen.insert(reading.clone()));
    out
}

const MOST_READINGS: usize = 32;
const MOST_DIGITS: usize = 8;

fn extend(words: &[&str], at: usize, so_far: String, out: &mut Vec<(String, usize)>) {
    if so_far.len() > MOST_DIGITS || out.len() >= MOST_READINGS {
        return;
    }
    for (digits, next) in groups(words, at) {
        extend(words, next, format!("{so_far}{digits}"), out);
    }
    if !so_far.is_empty() && out.len() < MOST_READINGS {
        out.push((so_far, at));
    }
}

/// The digits that the group of words at `at` may stand for, the natural one first.
fn groups(words: &[&str], at: usize) -> Vec<(String, usize)> {
    let word = |i: usize| words.get(i).and_then(|w| numeral(w));
    let mut out = Vec::new();
    if let Some((value, next)) = amount(words, at)
        && next > at + 1
    {
        out.push((value.to_string(), next));
    }
    match word(at) {
        Some(Numeral::Digits(d)) => out.push((d.to_owned(), at + 1)),
        Some(Numeral::Unit(n) | Numeral::Teen(n) | Numeral::Tens(n)) => out.push((n.to_string(), at + 1)),
        Some(Numeral::Repeat(times)) => {
            if let Some(Numeral::Unit(n)) = word(at + 1) {
                out.push((n.to_string().repeat(times), at + 2));
            }
        }
        Some(Numeral::Hundred | Numeral::Thousand) | None => {}
    }
    out
}

/// A number said as an amount: "thirty seven", "two hundred and three", "two thousand ten".
fn amount(words: &[&str], at: usize) -> Option<(u32, usize)> {
    let (mut value, mut next) = below_hundred(words, at)?;
    let is = |i: usize, n: Numeral<'_>| words.get(i).and_then(|w| numeral(w)) == Some(n);
    for (unit, times) in [(Numeral::Thousand, 1000), (Numeral::Hundred, 100)] {
        if !is(next, unit) {
            continue;
        }
        value *= times;
        next += 1;
        let and = usize::from(words.get(next).is_some_and(|w| w.eq_ignore_ascii_case("and")));
        if let Some((rest, after)) = below_hundred(words, next + and) {
            if times == 1000 && is(after, Numeral::Hundred) {
                value += rest * 100;
                next = after + 1;
                if let Some((rest, after)) = below_hundred(words, next) {
                    value += rest;
                    next = after;
                }
            } else {
                value += rest;
                next = after;
            }
        }
        break;
    }
    Some((value, next))
}

fn below_hundred(words: &[&str], at: usize) -> Option<(u32, usize)> {
    let word = |i: usize| words.get(i).and_then(|w| numeral(w));
    match (word(at)?, word(at + 1)) {
        (Numeral::Tens(tens), Some(Numeral::Unit(unit @ 1..=9))) => Some((tens + unit, at + 2)),
        (Numeral::Tens(n) | Numeral::Teen(n) | Numeral::Unit(n @ 1..=9), _) => Some((n, at + 1)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(words: &str) -> String {
        let words: Vec<&str> = words.split(' ').collect();
        readings(&words).into_iter().next().map(|(d, _)| d).unwrap_or_default()
    }

    #[test]
    fn spoken_numbers_become_digits() {
        for (said, digits) in [
            ("two oh three", "203"),
            ("thirty seven", "37"),
            ("two hundred three", "203"),
            ("two hundred and three", "203"),
            ("two thousand three hundred ten", "2310"),
            ("one eight zero three", "1803"),
            ("twelve oh five", "1205"),
            ("double five one", "551"),
            ("2 0 3", "203"),
            ("two fifty", "250"),
        ] {
            assert_eq!(first(said), digits, "{said}");
        }
    }

    #[test]
    fn other_readings_follow() {
        let all = readings(&["thirty", "seven"]);
        assert!(all.contains(&("307".into(), 2)) && all.len() == 2, "{all:?}");
        assert!(readings(&["bolt"]).is_empty());
    }

    #[test]
    fn letters_are_read_by_name() {
        assert_eq!(letter("E"), Some(('E', true)));
        assert_eq!(letter("echo"), Some(('E', false)));
        assert_eq!(letter("a"), Some(('A', false)));
        assert_eq!(letter("pump"), None);
    }

    #[test]
    fn a_long_run_of_numbers_stays_bounded() {
        let words = vec!["twenty"; 200];
        assert!(readings(&words).len() <= MOST_READINGS);
    }
}
