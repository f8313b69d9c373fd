//! How people say a code: what a recogniser is to expect, and what is read back when two
//! codes sound alike. Whatever is made here, [`codes_asked`](super::super::codes_asked)
//! reads back to the same code.

use super::super::normalise;
use super::super::words::{class_of, folded};
use super::letters::spanish_name;

/// The languages that a code is said in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Voice {
    English,
    Spanish,
    Chinese,
}

/// More digits are said one by one only.
const LONGEST_AMOUNT: usize = 4;

/// The ways to say a code, given as written, in `language` ("en", "es", "zh"; English where
/// unknown), the usual one first: "E203" is "e two zero three", "e two oh three", "e two
/// hundred three". Empty where nothing of it can be said.
pub fn spoken_forms(code: &str, language: Option<&str>) -> Vec<String> {
    let voice = match language.map(|l| l.get(..2).unwrap_or(l)) {
        Some("es") => Voice::Spanish,
        Some("zh") => Voice::Chinese,
        _ => Voice::English,
    };
    // Every part may be said in several ways; what is made of them stays few.
    const MOST: usize = 8;
    let mut forms = vec![String::new()];
    for part in parts(code) {
        let ways = ways(&part, voice);
        forms = ways.iter().flat_map(|way| forms.iter().map(move |form| join(form, way, voice))).collect();
        forms.truncate(MOST);
    }
    let mut seen = std::collections::HashSet::new();
    forms.retain(|f| !f.is_empty() && seen.insert(f.clone()));
    forms
}

fn join(form: &str, way: &str, voice: Voice) -> String {
    let glued = form.is_empty() || voice == Voice::Chinese && !way.is_ascii();
    format!("{form}{}{way}", if glued { "" } else { " " })
}

/// A code's letters, numbers and words.
fn parts(code: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let name = code.contains('_');
    let kind = |c: char| (c.is_ascii_digit(), c.is_alphabetic(), c == '$');
    let mut last = None;
    for c in code.chars() {
        let kind = kind(c);
        if kind == (false, false, false) {
            last = None;
            continue;
        }
        match out.last_mut() {
            Some(part) if last == Some(kind) => part.push(c),
            _ => out.push(c.to_string()),
        }
        last = Some(kind);
    }
    // The words of an identifier are said as words, its letters not one by one.
    if name { out.into_iter().map(|p| if p.len() > 1 { format!("_{p}") } else { p }).collect() } else { out }
}

fn ways(part: &str, voice: Voice) -> Vec<String> {
    if part == "$" {
        return vec![if voice == Voice::Spanish { "dólar" } else { "dollar" }.to_owned()];
    }
    if let Some(word) = part.strip_prefix('_') {
        return ways_of_word(word, voice);
    }
    if part.chars().all(|c| c.is_ascii_digit()) {
        return numbers(part, voice);
    }
    if part.chars().count() > 4 || class_of(&folded(part)).is_some() {
        return vec![folded(part)];
    }
    let lower = normalise(part).to_lowercase();
    let spaced = |name: &dyn Fn(char) -> String| lower.chars().map(name).collect::<Vec<_>>().join(" ");
    match voice {
        Voice::Spanish => {
            vec![spaced(&|c| spanish_name(c).map_or(c.to_string(), str::to_owned)), spaced(&String::from)]
        }
        Voice::English | Voice::Chinese => vec![spaced(&String::from)],
    }
}

fn ways_of_word(word: &str, voice: Voice) -> Vec<String> {
    if word.chars().all(|c| c.is_ascii_digit()) { numbers(word, voice) } else { vec![folded(word)] }
}

fn numbers(digits: &str, voice: Voice) -> Vec<String> {
    let mut out = vec![one_by_one(digits, voice)];
    if voice == Voice::English && digits.contains('0') {
        out.push(one_by_one(digits, voice).replace("zero", "oh"));
    }
    let value: Option<u32> = digits.parse().ok();
    if let Some(value) =
        value.filter(|v| *v > 9 && digits.len() <= LONGEST_AMOUNT && !digits.starts_with('0'))
    {
        out.push(match voice {
            Voice::English => english(value),
            Voice::Spanish => spanish(value),
            Voice::Chinese => chinese(value),
        });
    }
    out
}

/// English for 0 to 19.
pub(crate) const ENGLISH: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
/// English for the tens from 20 on, by how many tens; `""` below.
pub(crate) const ENGLISH_TENS: [&str; 10] =
    ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const SPANISH: [&str; 30] = [
    "cero",
    "uno",
    "dos",
    "tres",
    "cuatro",
    "cinco",
    "seis",
    "siete",
    "ocho",
    "nueve",
    "diez",
    "once",
    "doce",
    "trece",
    "catorce",
    "quince",
    "dieciséis",
    "diecisiete",
    "dieciocho",
    "diecinueve",
    "veinte",
    "veintiuno",
    "veintidós",
    "veintitrés",
    "veinticuatro",
    "veinticinco",
    "veintiséis",
    "veintisiete",
    "veintiocho",
    "veintinueve",
];
const SPANISH_TENS: [&str; 10] =
    ["", "", "", "treinta", "cuarenta", "cincuenta", "sesenta", "setenta", "ochenta", "noventa"];
const SPANISH_HUNDREDS: [&str; 10] = [
    "",
    "ciento",
    "doscientos",
    "trescientos",
    "cuatrocientos",
    "quinientos",
    "seiscientos",
    "setecientos",
    "ochocientos",
    "novecientos",
];
const CHINESE: [&str; 10] = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"];

fn pick<const N: usize>(names: &[&'static str; N], at: u32) -> &'static str {
    usize::try_from(at).ok().and_then(|at| names.get(at)).copied().unwrap_or_default()
}

fn one_by_one(digits: &str, voice: Voice) -> String {
    let names = digits.chars().filter_map(|c| c.to_digit(10)).map(|d| match voice {
        Voice::English => pick(&ENGLISH, d),
        Voice::Spanish => pick(&SPANISH, d),
        Voice::Chinese => pick(&CHINESE, d),
    });
    names.collect::<Vec<_>>().join(if voice == Voice::Chinese { "" } else { " " })
}

/// Words that are not empty, with spaces between.
fn spaced(words: &[&str]) -> String {
    words.iter().copied().filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
}

fn english(n: u32) -> String {
    match n {
        0..20 => pick(&ENGLISH, n).to_owned(),
        20..100 => spaced(&[
            pick(&ENGLISH_TENS, n / 10),
            if n.is_multiple_of(10) { "" } else { pick(&ENGLISH, n % 10) },
        ]),
        100..1000 => spaced(&[&english(n / 100), "hundred", &rest(n % 100, english)]),
        _ => spaced(&[&english(n / 1000), "thousand", &rest(n % 1000, english)]),
    }
}

fn spanish(n: u32) -> String {
    match n {
        0..30 => pick(&SPANISH, n).to_owned(),
        30..100 if n.is_multiple_of(10) => pick(&SPANISH_TENS, n / 10).to_owned(),
        30..100 => spaced(&[pick(&SPANISH_TENS, n / 10), "y", pick(&SPANISH, n % 10)]),
        100 => "cien".to_owned(),
        101..1000 => spaced(&[pick(&SPANISH_HUNDREDS, n / 100), &rest(n % 100, spanish)]),
        1000..2000 => spaced(&["mil", &rest(n % 1000, spanish)]),
        _ => spaced(&[&spanish(n / 1000), "mil", &rest(n % 1000, spanish)]),
    }
}

fn rest(n: u32, say: fn(u32) -> String) -> String {
    if n == 0 { String::new() } else { say(n) }
}

fn chinese(n: u32) -> String {
    let mut out = String::new();
    let mut skipped = false;
    for (unit, name) in [(1000, "千"), (100, "百"), (10, "十"), (1, "")] {
        let digit = n / unit % 10;
        if digit == 0 {
            skipped = !out.is_empty();
            continue;
        }
        if skipped {
            out.push('零');
            skipped = false;
        }
        // "十五", not "一十五".
        if !(digit == 1 && unit == 10 && out.is_empty()) {
            out.push_str(pick(&CHINESE, digit));
        }
        out.push_str(name);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::query_codes;
    use super::*;

    #[test]
    fn a_code_is_said_digit_by_digit_and_as_an_amount() {
        assert_eq!(
            spoken_forms("E203", Some("en")),
            ["e two zero three", "e two oh three", "e two hundred three"]
        );
        assert!(spoken_forms("E203", Some("es")).contains(&"e doscientos tres".to_owned()));
        assert!(spoken_forms("HE", Some("es")).contains(&"hache e".to_owned()));
        assert!(spoken_forms("E203", Some("zh")).contains(&"e二百零三".to_owned()));
        assert_eq!(spoken_forms("MAX_ENDSTOP_PRESSED", None), ["max endstop pressed"]);
        assert_eq!(spoken_forms("Alarm 9", None), ["alarm nine"]);
        assert_eq!(spoken_forms("$130", None)[0], "dollar one three zero");
        assert!(spoken_forms("", None).is_empty());
    }

    #[test]
    fn amounts_are_said_as_people_do() {
        for (n, en, es, zh) in [
            (15, "fifteen", "quince", "十五"),
            (41, "forty one", "cuarenta y uno", "四十一"),
            (100, "one hundred", "cien", "一百"),
            (1803, "one thousand eight hundred three", "mil ochocientos tres", "一千八百零三"),
            (2010, "two thousand ten", "dos mil diez", "二千零一十"),
        ] {
            assert_eq!((english(n).as_str(), spanish(n).as_str(), chinese(n).as_str()), (en, es, zh));
        }
    }

    proptest! {
        #[test]
        fn what_is_said_is_read_back(
            prefix in "[BCFGHJKLMNPQRVZ]{1,2}|\\$|Alarm |Err",
            digits in "[1-9][0-9]{0,3}",
            language in "(en|es|zh)",
        ) {
            let code = format!("{prefix}{digits}");
            let normal = normalise(&code);
            for form in spoken_forms(&code, Some(&language)) {
                let question = match language.as_str() {
                    "es" => format!("qué significa el código {form}"),
                    "zh" => format!("故障代码{form}"),
                    _ => format!("what does code {form} mean"),
                };
                let found = query_codes(&question, &|c| c == normal, &|_| false);
                prop_assert_eq!(&found.known, std::slice::from_ref(&normal), "{}", question);
            }
        }

        #[test]
        fn any_code_is_said_without_harm(code in "\\PC{0,20}", language in "(en|es|zh)?") {
            prop_assert!(spoken_forms(&code, Some(&language)).len() <= 8);
        }
    }
}
