//! What is said as it is written: number words as digits, spelled letters joined, units as
//! symbols. Never another value: what can be read in two ways stays as it was heard.

use super::codes::{is_and, runs};
use super::tokens::Token;
use super::{Edit, Why};
use crate::core::knowledge::code::spoken::{Numeral, Tongue, letter};

/// Units after a number, by their words (lower case, without accents), longest first.
const UNITS: &[(&[&str], &str)] = &[
    (&["newton", "metres"], "Nm"),
    (&["newton", "meters"], "Nm"),
    (&["newton", "metre"], "Nm"),
    (&["newton", "meter"], "Nm"),
    (&["metros", "newton"], "Nm"),
    (&["newton", "metro"], "Nm"),
    (&["degrees", "celsius"], "°C"),
    (&["degrees", "centigrade"], "°C"),
    (&["degree", "celsius"], "°C"),
    (&["grados", "celsius"], "°C"),
    (&["grados", "centigrados"], "°C"),
    (&["degrees", "fahrenheit"], "°F"),
    (&["grados", "fahrenheit"], "°F"),
    (&["litres", "per", "minute"], "l/min"),
    (&["liters", "per", "minute"], "l/min"),
    (&["litros", "por", "minuto"], "l/min"),
    (&["revolutions", "per", "minute"], "rpm"),
    (&["revoluciones", "por", "minuto"], "rpm"),
    (&["per", "cent"], "%"),
    (&["por", "ciento"], "%"),
    (&["percent"], "%"),
    (&["bars"], "bar"),
    (&["bares"], "bar"),
    (&["volts"], "V"),
    (&["voltios"], "V"),
    (&["amps"], "A"),
    (&["amperes"], "A"),
    (&["amperios"], "A"),
    (&["milliamps"], "mA"),
    (&["miliamperios"], "mA"),
    (&["watts"], "W"),
    (&["vatios"], "W"),
    (&["kilowatts"], "kW"),
    (&["kilovatios"], "kW"),
    (&["hertz"], "Hz"),
    (&["hercios"], "Hz"),
    (&["kilohertz"], "kHz"),
    (&["ohms"], "Ω"),
    (&["millimetres"], "mm"),
    (&["millimeters"], "mm"),
    (&["milimetros"], "mm"),
    (&["centimetres"], "cm"),
    (&["centimeters"], "cm"),
    (&["centimetros"], "cm"),
    (&["kilograms"], "kg"),
    (&["kilogramos"], "kg"),
    (&["kilopascals"], "kPa"),
    (&["megapascals"], "MPa"),
    (&["牛", "米"], "Nm"),
    (&["摄", "氏", "度"], "°C"),
    (&["毫", "米"], "mm"),
    (&["千", "瓦"], "kW"),
    (&["毫", "安"], "mA"),
    (&["赫", "兹"], "Hz"),
    (&["伏", "特"], "V"),
    (&["安", "培"], "A"),
];

/// The changes of the words that are not `taken`.
pub(super) fn edits(tokens: &[Token], text: &str, tongue: Tongue, taken: &mut [bool]) -> Vec<Edit> {
    let mut out = Vec::new();
    let mut claim = |from: usize, to: usize, by: String| {
        let free = taken.get(from..to).is_some_and(|t| t.iter().all(|t| !t));
        let (Some(first), Some(last)) = (tokens.get(from), to.checked_sub(1).and_then(|i| tokens.get(i)))
        else {
            return;
        };
        if !free {
            return;
        }
        taken.iter_mut().take(to).skip(from).for_each(|t| *t = true);
        if text.get(first.start..last.end) != Some(by.as_str()) {
            out.push(Edit { start: first.start, end: last.end, by, or: Vec::new(), why: Why::Written });
        }
    };
    for (from, to, by) in letters(tokens, tongue) {
        claim(from, to, by);
    }
    for run in runs(tokens, tongue) {
        let unit = unit(tokens, run.to);
        let digits = digits(tokens, run.from, run.to, &run.digits, tongue, unit.is_some());
        let one = digits.is_some() || run.to - run.from == 1 + decimals(tokens, run.from, run.to);
        if let Some(digits) = digits {
            claim(run.from, run.to, digits);
        }
        if let Some((words, symbol)) = unit
            && tokens.get(run.to).is_some_and(|t| t.gap.trim().is_empty())
            && one
        {
            let spaced = tokens.get(run.to).is_some_and(|t| t.gap.is_empty());
            claim(run.to, run.to + words, format!("{}{symbol}", if spaced { " " } else { "" }));
        }
    }
    out
}

/// Two tokens of a run are one number where only a point or a comma stands between ("1.5").
fn decimals(tokens: &[Token], from: usize, to: usize) -> usize {
    let more = tokens.get(from + 1..to).unwrap_or_default();
    if more.iter().all(|t| t.gap == "." || t.gap == ",") { more.len() } else { 0 }
}

/// The symbol of the unit that stands at `at`, and its words.
fn unit(tokens: &[Token], at: usize) -> Option<(usize, &'static str)> {
    let found = UNITS.iter().find(|(words, _)| {
        tokens
            .get(at..at + words.len())
            .is_some_and(|window| window.iter().zip(*words).all(|(t, w)| t.lower == *w))
    })?;
    Some((found.0.len(), found.1))
}

/// The digits of a run of number words, where there is one way only to read them.
fn digits(
    tokens: &[Token],
    from: usize,
    to: usize,
    readings: &[String],
    tongue: Tongue,
    counted: bool,
) -> Option<String> {
    let run = tokens.get(from..to)?;
    let numerals: Vec<Numeral<'_>> = run.iter().filter_map(|t| t.numeral(tongue)).collect();
    let ands = (from..to).filter(|at| is_and(tokens, *at, tongue)).count();
    // Written digits stand as the recogniser wrote them; a joined list is none of ours.
    let written = |n: &Numeral<'_>| matches!(n, Numeral::Digits(_));
    if numerals.len() + ands < run.len() || numerals.iter().any(written) {
        return None;
    }
    if run.iter().skip(1).any(|t| !matches!(t.gap.as_str(), "" | " " | "-")) {
        return None;
    }
    let value = readings.first()?;
    let one_by_one = numerals.iter().all(|n| matches!(n, Numeral::Unit(_)));
    if numerals.len() == 1 {
        // "One" is a pronoun; "two of them" is no measure.
        let small = one_by_one || matches!(numerals.first(), Some(Numeral::Times(_)));
        let article = tongue == Tongue::Spanish && run.first().is_some_and(|t| t.lower.starts_with("un"));
        return (counted && !article || !small).then(|| value.clone());
    }
    // 三四天 is three or four days; three digits, or a nought, are no such thing.
    let han = run.iter().any(|t| !t.lower.is_ascii());
    let nought = numerals.iter().any(|n| matches!(n, Numeral::Unit(0)));
    if han && one_by_one && numerals.len() < 3 && !nought {
        return None;
    }
    let repeats = numerals.iter().any(|n| matches!(n, Numeral::Repeat(_)));
    if one_by_one || repeats && numerals.iter().all(|n| matches!(n, Numeral::Unit(_) | Numeral::Repeat(_))) {
        return Some(value.clone());
    }
    // An amount: the one reading that takes the run as a whole.
    amount(&numerals).filter(|v| v.to_string() == *value).map(|_| value.clone())
}

/// The value of number words that are one amount by grammar: each part is smaller than what
/// stands before it. "Two fifty" and "twenty twenty five" are none.
fn amount(numerals: &[Numeral<'_>]) -> Option<u64> {
    let (mut total, mut part) = (0_u64, 0_u64);
    // The place that the next word may fill: below this power of ten.
    let (mut room, mut largest) = (1000_u64, u64::MAX);
    for numeral in numerals {
        match numeral {
            Numeral::Unit(n) if *n > 0 && room > 1 => {
                part += u64::from(*n);
                room = 1;
            }
            Numeral::Teen(n) if room >= 100 => {
                part += u64::from(*n);
                room = 1;
            }
            Numeral::Tens(n) if room >= 100 => {
                part += u64::from(*n);
                room = 10;
            }
            Numeral::Hundreds(n) if room >= 1000 => {
                part += u64::from(*n);
                room = 100;
            }
            // 十, after what it takes or alone.
            Numeral::Times(10) => {
                let unit = part % 10;
                part = part - unit + unit.max(1) * 10;
                room = 10;
            }
            Numeral::Unit(0) if room > 1 && (part > 0 || total > 0) => {}
            Numeral::Times(100) if (1..10).contains(&part) => {
                part *= 100;
                room = 100;
            }
            Numeral::Times(1000) if largest > 1000 => {
                total = part.max(1).checked_mul(1000)?;
                (part, room, largest) = (0, 1000, 1000);
            }
            _ => return None,
        }
    }
    total.checked_add(part)
}

/// Runs of spelled letters, two or more: "A L", "echo bravo"; and where digits follow at
/// once, one letter of the NATO alphabet.
fn letters(tokens: &[Token], tongue: Tongue) -> Vec<(usize, usize, String)> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let mut to = at;
        let mut joined = String::new();
        let mut sure = 0;
        while let Some(token) = tokens.get(to)
            && (to == at || matches!(token.gap.as_str(), " " | "-" | ". "))
            && let Some(letter) = letter(&token.lower, "", token.upper, tongue)
            && (token.lower.len() == 1 || letter.spelled)
        {
            sure += usize::from(letter.sure && token.upper || letter.spelled);
            joined.push(letter.letter);
            to += 1;
        }
        let count = to - at;
        let counted =
            at.checked_sub(1).and_then(|i| tokens.get(i)).is_some_and(|t| t.numeral(tongue).is_some());
        // All of them must be clear: "is a C" has an article in it; "9 V" a unit.
        if count >= 2 && sure == count && !counted {
            out.push((at, to, joined));
        }
        at = to.max(at + 1);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tokens::tokens;
    use super::super::{apply, tokens::tongue_of};
    use super::*;
    use crate::core::knowledge::code::spoken_forms;

    pub(crate) fn written(text: &str, language: &str) -> String {
        let tokens = tokens(text);
        let mut taken = vec![false; tokens.len()];
        apply(text, &edits(&tokens, text, tongue_of(language), &mut taken))
    }

    #[test]
    fn numbers_are_written_as_digits_and_units_as_symbols() {
        for (language, said, as_written) in [
            ("en", "Tighten to one hundred ninety five newton metres.", "Tighten to 195 Nm."),
            ("en", "Above 90 degrees Celsius", "Above 90 °C"),
            ("en", "twelve bar or fifty percent", "12 bar or 50 %"),
            ("en", "1.5 millimetres", "1.5 mm"),
            ("en", "two thousand three hundred ten", "2310"),
            ("en", "one oh five", "105"),
            ("en", "it trips at five volts", "it trips at 5 V"),
            ("es", "ciento quince voltios", "115 V"),
            ("es", "dos mil trescientos diez", "2310"),
            ("zh", "一百九十五牛米", "195 Nm"),
            ("zh", "九十摄氏度", "90 °C"),
            ("en", "H P U two fifty", "HPU two fifty"),
            ("en", "echo bravo one", "EB one"),
        ] {
            assert_eq!(written(said, language), as_written);
        }
    }

    #[test]
    fn what_may_be_read_otherwise_stays() {
        for (language, text) in [
            ("en", "the two of them turn one by one"),
            ("en", "twenty twenty five"),
            ("en", "is a C ring or an I beam there"),
            ("en", "steps 2, 3 and 4 of 10-12"),
            ("es", "una bomba y dos motores"),
            ("es", "dos o tres litros"),
            ("zh", "三四天"),
            ("zh", "一直报警"),
        ] {
            assert_eq!(written(text, language), text);
        }
    }

    proptest! {
        #[test]
        fn a_number_is_read_back_from_its_words(n in 10_u32..10_000, language in "(en|es|zh)") {
            // 十 alone is more than a number (十分), 三四 is three or four.
            for form in spoken_forms(&n.to_string(), Some(&language)).into_iter().filter(|f| language != "zh" || f.chars().count() > 2 || f.contains('十') && f.chars().count() > 1 || f.contains('零')) {
                prop_assert_eq!(written(&form, &language), n.to_string(), "{}", form);
            }
        }

        #[test]
        fn once_written_it_stays(words in proptest::collection::vec(
            "(twenty|hundred|thousand|and|one|oh|double|9|15|volts|newton metres|the|A|B|echo|percent|fifteen|, )", 0..12,
        )) {
            let once = written(&words.join(" "), "en");
            prop_assert_eq!(written(&once, "en"), once.clone());
        }

        #[test]
        fn text_without_numbers_and_letters_stays(words in proptest::collection::vec("[a-z]{3,9}", 0..12)) {
            let text = words.join(" ");
            let plain = tokens(&text).iter().all(|t| t.numeral(Tongue::English).is_none());
            prop_assume!(plain && letters(&tokens(&text), Tongue::English).is_empty());
            prop_assert_eq!(written(&text, "en"), text);
        }

        #[test]
        fn any_text_is_taken_without_harm(text in "\\PC{0,60}", language in "(en|es|zh)") {
            let _ = written(&text, &language);
        }
    }
}
