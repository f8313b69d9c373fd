//! Number words and what digits a run of them may stand for.

use std::collections::HashSet;

use super::Tongue;

/// What one word of a question may be, besides a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numeral<'t> {
    /// Written digits.
    Digits(&'t str),
    /// Zero to nine.
    Unit(u32),
    /// A whole number below a hundred that takes no unit: ten to nineteen, "veintitrés".
    Teen(u32),
    /// Twenty, thirty, … ninety.
    Tens(u32),
    /// "Doscientos": a whole number of hundreds in one word.
    Hundreds(u32),
    /// "Hundred", "thousand", 十, 百: what stands before it is taken so many times.
    Times(u32),
    /// "Double" (2) or "triple" (3).
    Repeat(usize),
}

use Numeral::{Digits, Hundreds, Repeat, Teen, Tens, Times, Unit};

/// The number that `word` (in lower case, without accents) says.
pub(crate) fn numeral(word: &str, tongue: Tongue) -> Option<Numeral<'_>> {
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        return (word.chars().all(|c| c.is_ascii_digit()) && word.len() <= 8).then_some(Digits(word));
    }
    chinese(word).or_else(|| match tongue {
        Tongue::English => english(word),
        Tongue::Spanish => spanish(word),
    })
}

pub(super) fn is_spanish(word: &str) -> bool {
    !matches!(word, "once" | "mil" | "o" | "doble" | "triple") && spanish(word).is_some()
}

fn chinese(word: &str) -> Option<Numeral<'static>> {
    Some(match word {
        "零" | "〇" | "洞" => Unit(0),
        "一" | "幺" | "壹" => Unit(1),
        "二" | "两" | "贰" => Unit(2),
        "三" | "叁" => Unit(3),
        "四" => Unit(4),
        "五" => Unit(5),
        "六" => Unit(6),
        "七" | "拐" => Unit(7),
        "八" => Unit(8),
        "九" => Unit(9),
        "十" => Times(10),
        "百" => Times(100),
        "千" => Times(1000),
        "万" => Times(10_000),
        _ => return None,
    })
}

fn english(word: &str) -> Option<Numeral<'static>> {
    Some(match word {
        "zero" | "oh" | "o" | "nought" | "naught" | "null" => Unit(0),
        "one" => Unit(1),
        "two" => Unit(2),
        "three" | "tree" => Unit(3),
        "four" | "fower" => Unit(4),
        "five" | "fife" => Unit(5),
        "six" => Unit(6),
        "seven" => Unit(7),
        "eight" => Unit(8),
        "nine" | "niner" => Unit(9),
        "ten" => Teen(10),
        "eleven" => Teen(11),
        "twelve" => Teen(12),
        "thirteen" => Teen(13),
        "fourteen" => Teen(14),
        "fifteen" => Teen(15),
        "sixteen" => Teen(16),
        "seventeen" => Teen(17),
        "eighteen" => Teen(18),
        "nineteen" => Teen(19),
        "twenty" => Tens(20),
        "thirty" => Tens(30),
        "forty" | "fourty" => Tens(40),
        "fifty" => Tens(50),
        "sixty" => Tens(60),
        "seventy" => Tens(70),
        "eighty" => Tens(80),
        "ninety" => Tens(90),
        "hundred" => Times(100),
        "thousand" => Times(1000),
        "double" => Repeat(2),
        "triple" | "treble" => Repeat(3),
        _ => return None,
    })
}

fn spanish(word: &str) -> Option<Numeral<'static>> {
    Some(match word {
        "cero" | "o" => Unit(0),
        "uno" | "un" | "una" => Unit(1),
        "dos" => Unit(2),
        "tres" => Unit(3),
        "cuatro" => Unit(4),
        "cinco" => Unit(5),
        "seis" => Unit(6),
        "siete" => Unit(7),
        "ocho" => Unit(8),
        "nueve" => Unit(9),
        "diez" => Teen(10),
        "once" => Teen(11),
        "doce" => Teen(12),
        "trece" => Teen(13),
        "catorce" => Teen(14),
        "quince" => Teen(15),
        "dieciseis" => Teen(16),
        "diecisiete" => Teen(17),
        "dieciocho" => Teen(18),
        "diecinueve" => Teen(19),
        "veinte" => Tens(20),
        "veintiuno" | "veintiun" => Teen(21),
        "veintidos" => Teen(22),
        "veintitres" => Teen(23),
        "veinticuatro" => Teen(24),
        "veinticinco" => Teen(25),
        "veintiseis" => Teen(26),
        "veintisiete" => Teen(27),
        "veintiocho" => Teen(28),
        "veintinueve" => Teen(29),
        "treinta" => Tens(30),
        "cuarenta" => Tens(40),
        "cincuenta" => Tens(50),
        "sesenta" => Tens(60),
        "setenta" => Tens(70),
        "ochenta" => Tens(80),
        "noventa" => Tens(90),
        "cien" | "ciento" => Hundreds(100),
        "doscientos" | "doscientas" => Hundreds(200),
        "trescientos" | "trescientas" => Hundreds(300),
        "cuatrocientos" | "cuatrocientas" => Hundreds(400),
        "quinientos" | "quinientas" => Hundreds(500),
        "seiscientos" | "seiscientas" => Hundreds(600),
        "setecientos" | "setecientas" => Hundreds(700),
        "ochocientos" | "ochocientas" => Hundreds(800),
        "novecientos" | "novecientas" => Hundreds(900),
        "mil" => Times(1000),
        "doble" => Repeat(2),
        "triple" => Repeat(3),
        _ => return None,
    })
}

/// Every way to read the run of number words that `words` starts with, as digits with the
/// number of words it takes; the natural one ("thirty seven" is 37 before 307) first.
///
/// Only the whole run counts: "nine nine nine" is not the code 9.
pub(crate) fn readings(words: &[&str], tongue: Tongue) -> Vec<(String, usize)> {
    let run = Run { words, tongue };
    let mut out = Vec::new();
    run.extend(0, String::new(), &mut out);
    let longest = out.iter().map(|(_, taken)| *taken).max().unwrap_or(0);
    let mut seen = HashSet::new();
    out.retain(|reading| reading.1 == longest && seen.insert(reading.clone()));
    out
}

const MOST_READINGS: usize = 32;
const MOST_DIGITS: usize = 8;
/// Larger amounts are no codes.
const LARGEST: u32 = 99_999_999;

struct Run<'w> {
    words: &'w [&'w str],
    tongue: Tongue,
}

impl Run<'_> {
    fn at(&self, i: usize) -> Option<Numeral<'_>> {
        numeral(self.words.get(i)?, self.tongue)
    }

    fn is(&self, i: usize, word: &str) -> bool {
        self.words.get(i).is_some_and(|w| *w == word)
    }

    fn extend(&self, at: usize, so_far: String, out: &mut Vec<(String, usize)>) {
        if so_far.len() > MOST_DIGITS || out.len() >= MOST_READINGS {
            return;
        }
        for (digits, next) in self.groups(at) {
            self.extend(next, format!("{so_far}{digits}"), out);
        }
        if !so_far.is_empty() && so_far.len() <= MOST_DIGITS && out.len() < MOST_READINGS {
            out.push((so_far, at));
        }
    }

    /// The digits that the group of words at `at` may stand for, the natural one first.
    fn groups(&self, at: usize) -> Vec<(String, usize)> {
        let mut out = Vec::new();
        if let Some((value, next)) = self.amount(at)
            && next > at + 1
        {
            out.push((value.to_string(), next));
        }
        match self.at(at) {
            Some(Digits(d)) => out.push((d.to_owned(), at + 1)),
            Some(Unit(n) | Teen(n) | Hundreds(n)) => out.push((n.to_string(), at + 1)),
            Some(Tens(n)) => {
                out.push((n.to_string(), at + 1));
                // "Twenty oh three" may be 203.
                if self.at(at + 1) == Some(Unit(0)) {
                    out.push(((n / 10).to_string(), at + 1));
                }
            }
            Some(Repeat(times)) => match self.at(at + 1) {
                Some(Unit(n)) => out.push((n.to_string().repeat(times), at + 2)),
                Some(Digits(d)) if d.len() == 1 => out.push((d.repeat(times), at + 2)),
                _ => {}
            },
            Some(Times(10)) => out.push(("10".into(), at + 1)),
            Some(Times(1000)) if self.tongue == Tongue::Spanish => out.push(("1000".into(), at + 1)),
            Some(Times(_)) | None => {}
        }
        out
    }

    /// A number said as an amount: "thirty seven", "two hundred and three", "doscientos
    /// tres", "二百零三".
    fn amount(&self, at: usize) -> Option<(u32, usize)> {
        let han = self.words.get(at).is_some_and(|w| !w.is_ascii());
        match (han, self.tongue) {
            (true, _) => self.chinese_amount(at),
            (false, Tongue::English) => self.english_amount(at),
            (false, Tongue::Spanish) => self.spanish_amount(at),
        }
    }

    fn english_amount(&self, at: usize) -> Option<(u32, usize)> {
        let (mut value, mut next) = self.below_hundred(at)?;
        for times in [1000, 100] {
            if self.at(next) != Some(Times(times)) {
                continue;
            }
            value *= times;
            next += 1;
            let and = usize::from(self.is(next, "and"));
            if let Some((rest, after)) = self.below_hundred(next + and) {
                if times == 1000 && self.at(after) == Some(Times(100)) {
                    value += rest * 100;
                    next = after + 1;
                    let and = usize::from(self.is(next, "and"));
                    if let Some((rest, after)) = self.below_hundred(next + and) {
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

    fn below_hundred(&self, at: usize) -> Option<(u32, usize)> {
        let and = usize::from(self.tongue == Tongue::Spanish && self.is(at + 1, "y"));
        match (self.at(at)?, self.at(at + 1 + and)) {
            (Tens(tens), Some(Unit(unit @ 1..=9))) => Some((tens + unit, at + 2 + and)),
            (Tens(n) | Teen(n) | Unit(n @ 1..=9), _) => Some((n, at + 1)),
            _ => None,
        }
    }

    fn below_thousand(&self, at: usize) -> Option<(u32, usize)> {
        match self.at(at)? {
            Hundreds(hundreds) => match self.below_hundred(at + 1) {
                Some((rest, next)) => Some((hundreds + rest, next)),
                None => Some((hundreds, at + 1)),
            },
            _ => self.below_hundred(at),
        }
    }

    fn spanish_amount(&self, at: usize) -> Option<(u32, usize)> {
        let thousand = Some(Times(1000));
        let (thousands, next) = match self.below_thousand(at) {
            Some((value, next)) if self.at(next) == thousand => (value, next + 1),
            Some(found) => return Some(found),
            None if self.at(at) == thousand => (1, at + 1),
            None => return None,
        };
        match self.below_thousand(next) {
            Some((rest, next)) => Some((thousands * 1000 + rest, next)),
            None => Some((thousands * 1000, next)),
        }
    }

    /// 二百零三, 十五, 一千八百零三: at least one of 十百千万, each smaller than the one before.
    fn chinese_amount(&self, at: usize) -> Option<(u32, usize)> {
        let (mut value, mut pending, mut i) = (0u32, None, at);
        let (mut largest, mut any) = (u32::MAX, false);
        loop {
            match self.at(i) {
                Some(Unit(0)) if any && pending.is_none() && matches!(self.at(i + 1), Some(Unit(1..=9))) => {}
                Some(Unit(n)) if pending.is_none() && n > 0 => pending = Some(n),
                Some(Times(times)) if times < largest && (pending.is_some() || times == 10) => {
                    value = value.checked_add(pending.take().unwrap_or(1).checked_mul(times)?)?;
                    largest = times;
                    any = true;
                }
                _ => break,
            }
            i += 1;
        }
        let value = value + pending.unwrap_or(0);
        (any && value <= LARGEST).then_some((value, i))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn first(words: &str, tongue: Tongue) -> String {
        let words: Vec<&str> = words.split(' ').collect();
        readings(&words, tongue).into_iter().next().map(|(d, _)| d).unwrap_or_default()
    }

    fn han(text: &str) -> Vec<&str> {
        text.char_indices().filter_map(|(i, c)| text.get(i..i + c.len_utf8())).collect()
    }

    #[test]
    fn english_numbers_become_digits() {
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
            assert_eq!(first(said, Tongue::English), digits, "{said}");
        }
    }

    #[test]
    fn spanish_numbers_become_digits() {
        for (said, digits) in [
            ("dos cero tres", "203"),
            ("doscientos tres", "203"),
            ("cuarenta y uno", "41"),
            ("veintitres", "23"),
            ("mil ochocientos tres", "1803"),
            ("dos mil trescientos diez", "2310"),
            ("ciento quince", "115"),
            ("doble cinco", "55"),
            ("cero siete", "07"),
            ("mil", "1000"),
        ] {
            assert_eq!(first(said, Tongue::Spanish), digits, "{said}");
        }
    }

    #[test]
    fn chinese_numbers_become_digits() {
        for (said, digits) in [
            ("二零三", "203"),
            ("二百零三", "203"),
            ("三零", "30"),
            ("三十", "30"),
            ("十五", "15"),
            ("幺五", "15"),
            ("二十三", "23"),
            ("一千八百零三", "1803"),
            ("两千三百一十", "2310"),
            ("一万零五百", "10500"),
            ("零七", "07"),
        ] {
            let readings = readings(&han(said), Tongue::English);
            assert_eq!(readings.first().map(|(d, _)| d.as_str()), Some(digits), "{said}");
        }
    }

    #[test]
    fn other_readings_follow() {
        let all = readings(&["thirty", "seven"], Tongue::English);
        assert!(all.contains(&("307".into(), 2)) && all.len() == 2, "{all:?}");
        let all = readings(&["twenty", "oh", "three"], Tongue::English);
        assert!(all.contains(&("203".into(), 3)) && all.contains(&("2003".into(), 3)), "{all:?}");
        assert!(readings(&["bolt"], Tongue::English).is_empty());
        assert!(readings(&["once"], Tongue::English).is_empty());
    }

    proptest! {
        #[test]
        fn every_number_is_read_back(n in 1u32..10_000) {
            let digits = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
            let said: String = n.to_string().chars().filter_map(|c| digits.get(c.to_digit(10)? as usize).copied()).collect();
            prop_assert_eq!(readings(&han(&said), Tongue::English).first().map(|(d, _)| d.clone()), Some(n.to_string()));
        }

        #[test]
        fn any_run_of_number_words_stays_bounded(
            words in proptest::collection::vec("(twenty|hundred|and|one|double|9|十|百|万|mil|ciento|y|dos)", 0..200),
        ) {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            for tongue in [Tongue::English, Tongue::Spanish] {
                for (digits, taken) in readings(&words, tongue) {
                    prop_assert!(digits.len() <= MOST_DIGITS && taken <= words.len());
                }
                prop_assert!(readings(&words, tongue).len() <= MOST_READINGS);
            }
        }
    }
}
