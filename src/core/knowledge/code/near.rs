//! Codes that sound alike: fifteen and fifty, B and D, 一 and 七.

use serde::{Deserialize, Serialize};

use super::question::Question;
use super::spoken::{Numeral, Tongue};

/// A code of the index that what was said may have been instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Near {
    /// The neighbour, canonical.
    pub code: String,
    /// The code that was understood, canonical.
    pub of: String,
    /// What sounds alike.
    pub why: Why,
}

/// What sounds alike in two codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Why {
    /// Their numbers: fifteen and fifty, sesenta and setenta, 四 and 十.
    Number,
    /// A letter: B and D, M and N.
    Letter,
}

/// Letters of one group rhyme.
const ENGLISH: &[&str] = &["BCDEGPTVZ", "MN", "FSX", "AH", "JK", "IY", "QU"];
const SPANISH: &[&str] = &["BCDEGPTV", "MN", "FS", "AK", "QU"];
/// More neighbours than this are no question that anybody could answer.
const MOST: usize = 4;

/// How a code was said, as far as it tells what may have been misheard.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard {
    tongue: Tongue,
    /// In numbers of two digits or more, not digit by digit.
    numbers: bool,
    /// In Chinese numerals.
    han: bool,
    /// With letters that were not spelled in the NATO alphabet.
    letters: bool,
}

impl Heard {
    /// What the words of a question tell.
    pub(super) fn of(question: &Question, from: usize, end: usize) -> Self {
        let mut heard = Heard { tongue: question.tongue, numbers: false, han: false, letters: true };
        for at in from..end {
            match question.numeral(at) {
                Some(Numeral::Teen(_) | Numeral::Tens(_) | Numeral::Hundreds(_) | Numeral::Times(_)) => {
                    heard.numbers = true;
                }
                // The recogniser writes digits whatever way they were said.
                Some(Numeral::Digits(digits)) => heard.numbers |= digits.len() >= 2,
                None if question.text(at).contains(|c: char| c.is_ascii_digit()) => heard.numbers = true,
                _ => {}
            }
            heard.han |= question.is_han(at) && question.numeral(at).is_some();
            heard.letters &= !question.letter(at).is_some_and(|l| l.spelled);
        }
        heard
    }
}

/// The codes that `known` holds and that sound like `code` (canonical), said in `language`
/// ("en", "es", "zh"; English letters where unknown).
pub fn neighbours(code: &str, language: Option<&str>, known: &dyn Fn(&str) -> bool) -> Vec<Near> {
    let spanish = language.is_some_and(|l| l.starts_with("es"));
    let tongue = if spanish { Tongue::Spanish } else { Tongue::English };
    let han = language.is_some_and(|l| l.starts_with("zh"));
    heard(code, &Heard { tongue, numbers: true, han, letters: true }, known)
}

pub(super) fn heard(code: &str, heard: &Heard, known: &dyn Fn(&str) -> bool) -> Vec<Near> {
    let letters = code.chars().take_while(|c| !c.is_ascii_digit()).count();
    let (Some(prefix), Some(digits)) = (
        code.char_indices().nth(letters).map_or(Some(code), |(i, _)| code.get(..i)),
        code.char_indices().nth(letters).map_or(Some(""), |(i, _)| code.get(i..)),
    ) else {
        return Vec::new();
    };
    let mut out: Vec<Near> = Vec::new();
    let mut add = |code_near: String, why: Why| {
        let fresh = code_near != code && !out.iter().any(|n| n.code == code_near);
        if fresh && out.len() < MOST && known(&code_near) {
            out.push(Near { code: code_near, of: code.to_owned(), why });
        }
    };
    if digits.chars().all(|c| c.is_ascii_digit()) {
        for other in numbers(digits, heard) {
            add(format!("{prefix}{other}"), Why::Number);
        }
    }
    // A code word ("ALARM9") and an identifier are no letters.
    let spelled = prefix.len() <= 3 && prefix.chars().all(|c| c.is_ascii_uppercase());
    if heard.letters && spelled {
        let groups = if heard.tongue == Tongue::Spanish { SPANISH } else { ENGLISH };
        for (i, letter) in prefix.char_indices() {
            for other in groups.iter().filter(|g| g.contains(letter)).flat_map(|g| g.chars()) {
                let before = prefix.get(..i).unwrap_or_default();
                let after = prefix.get(i + 1..).unwrap_or_default();
                add(format!("{before}{other}{after}{digits}"), Why::Letter);
            }
        }
        // "E A", "E H" and "E 8".
        if prefix.len() == 2 && digits.is_empty() && prefix.ends_with(['A', 'H']) {
            add(format!("{}8", prefix.get(..1).unwrap_or_default()), Why::Letter);
        }
        if prefix.len() == 1 && digits == "8" {
            add(format!("{prefix}A"), Why::Letter);
            add(format!("{prefix}H"), Why::Letter);
        }
    }
    out
}

/// The numbers that sound like `digits`.
fn numbers(digits: &str, heard: &Heard) -> Vec<String> {
    let mut out = Vec::new();
    let mut swap = |start: usize, end: usize, by: String| {
        let (before, after) =
            (digits.get(..start).unwrap_or_default(), digits.get(end..).unwrap_or_default());
        out.push(format!("{before}{by}{after}"));
    };
    if heard.han {
        for (i, digit) in digits.char_indices() {
            match digit {
                '1' => swap(i, i + 1, "7".into()),
                '7' => swap(i, i + 1, "1".into()),
                _ => {}
            }
        }
        match digits {
            "4" => swap(0, 1, "10".into()),
            "10" => swap(0, 2, "4".into()),
            "14" => swap(0, 2, "40".into()),
            "40" => swap(0, 2, "14".into()),
            _ => {}
        }
        return out;
    }
    if !heard.numbers {
        return out;
    }
    // Numbers are said in pairs of digits from the end: "two fifteen", "thirteen oh five".
    let pairs: &[usize] = match digits.len() {
        2 => &[0],
        3 => &[1],
        4 => &[0, 2],
        _ => &[],
    };
    for &start in pairs {
        let Some(&[tens, units]) = digits.as_bytes().get(start..start + 2) else { continue };
        let (tens, units) = (char::from(tens), char::from(units));
        if heard.tongue == Tongue::Spanish {
            match tens {
                '6' => swap(start, start + 1, "7".into()),
                '7' => swap(start, start + 1, "6".into()),
                _ => {}
            }
            continue;
        }
        match (tens, units) {
            ('1', '3'..='9') => swap(start, start + 2, format!("{units}0")),
            ('3'..='9', '0') => swap(start, start + 2, format!("1{tens}")),
            _ => {}
        }
    }
    if heard.tongue == Tongue::Spanish {
        match digits {
            "12" => swap(0, 2, "2".into()),
            "13" => swap(0, 2, "3".into()),
            "2" => swap(0, 1, "12".into()),
            "3" => swap(0, 1, "13".into()),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn near(code: &str, language: &str) -> Vec<String> {
        neighbours(code, Some(language), &|_| true).into_iter().map(|n| n.code).collect()
    }

    #[test]
    fn teens_and_tens_sound_alike() {
        assert!(near("E15", "en").contains(&"E50".into()));
        assert!(near("ALARM30", "en").contains(&"ALARM13".into()));
        assert!(near("1215", "en").contains(&"1250".into()));
        assert!(near("E12", "en").iter().all(|c| c.ends_with("12")));
        assert!(near("E65", "es").contains(&"E75".into()));
        assert!(near("ERR14", "zh").contains(&"ERR40".into()));
        assert!(near("ERR1", "zh").contains(&"ERR7".into()));
    }

    #[test]
    fn letters_of_one_group_sound_alike() {
        let known = |c: &str| ["B15", "D15", "M15"].contains(&c);
        let found = neighbours("B15", Some("en"), &known);
        assert_eq!(found, [Near { code: "D15".into(), of: "B15".into(), why: Why::Letter }]);
        assert!(near("V3", "es").contains(&"B3".into()));
        assert_eq!(neighbours("E8", Some("en"), &|c| c == "EA").len(), 1);
        assert_eq!(neighbours("EA", Some("en"), &|c| c == "E8").len(), 1);
    }

    #[test]
    fn only_codes_of_the_index_are_neighbours() {
        assert!(neighbours("E15", Some("en"), &|c| c == "E15").is_empty());
    }

    proptest! {
        #[test]
        fn sounding_alike_goes_both_ways(digits in 10u32..100) {
            for language in ["en", "zh"] {
                let code = format!("ALARM{digits}");
                for other in near(&code, language) {
                    prop_assert!(near(&other, language).contains(&code), "{code} {other}");
                }
            }
        }

        #[test]
        fn any_code_has_few_neighbours(code in "\\PC{0,12}") {
            prop_assert!(neighbours(&code, None, &|_| true).len() <= MOST);
        }
    }
}
