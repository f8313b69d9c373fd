//! Words as they are compared: what is said alike is written alike.
//!
//! English in the spirit of the normaliser of Whisper's authors (Radford et al. 2022, appendix
//! C): lower case, no punctuation, contractions in full, fillers left out, numbers as digits.
//! It differs where a plant's words need it: leading zeros stay, digits set apart by hyphens
//! or spaces are one number as those that are spoken one by one are ("0-1-1-8", "zero one
//! one eight"), a spelled run of letters is one word ("A L 115"), "oh" is zero only beside a
//! number, units and signs are words.

mod numbers;

/// The words of a text, or its characters where the language sets no spaces.
pub fn words(text: &str, language: &str) -> Vec<String> {
    match language.split('-').next().unwrap_or_default() {
        "en" => english(text).split_whitespace().map(str::to_owned).collect(),
        "zh" | "ja" | "yue" => {
            text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).map(String::from).collect()
        }
        _ => basic(&text.to_lowercase()).split_whitespace().map(str::to_owned).collect(),
    }
}

/// Letters and digits, all else as spaces.
fn basic(lower: &str) -> String {
    lower.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect()
}

/// Sounds that are no words.
const FILLERS: [&str; 9] = ["hmm", "mm", "mhm", "mmm", "uh", "um", "er", "erm", "ah"];

/// Whole words that stand for others.
const WHOLE: [(&str, &str); 16] = [
    ("won't", "will not"),
    ("can't", "can not"),
    ("cannot", "can not"),
    ("let's", "let us"),
    ("wanna", "want to"),
    ("gonna", "going to"),
    ("gotta", "got to"),
    ("kinda", "kind of"),
    ("dunno", "do not know"),
    ("mr", "mister"),
    ("mrs", "missus"),
    ("dr", "doctor"),
    ("st", "saint"),
    ("okay", "ok"),
    ("o'clock", "oclock"),
    ("'cause", "because"),
];

/// Ends of words that stand for words.
const ENDS: [(&str, &str); 7] = [
    ("n't", " not"),
    ("'re", " are"),
    ("'s", " is"),
    ("'d", " would"),
    ("'ll", " will"),
    ("'ve", " have"),
    ("'m", " am"),
];

/// British spellings that a manual or a question may have.
const SPELLINGS: [(&str, &str); 20] = [
    ("colour", "color"),
    ("colours", "colors"),
    ("grey", "gray"),
    ("metre", "meter"),
    ("metres", "meters"),
    ("litre", "liter"),
    ("litres", "liters"),
    ("centre", "center"),
    ("centred", "centered"),
    ("fibre", "fiber"),
    ("tyre", "tire"),
    ("tyres", "tires"),
    ("neighbour", "neighbor"),
    ("neighbours", "neighbors"),
    ("labour", "labor"),
    ("harbour", "harbor"),
    ("programme", "program"),
    ("aluminium", "aluminum"),
    ("plough", "plow"),
    ("sulphide", "sulfide"),
];

/// Units as they are said, behind a number.
const UNITS: [(&str, &str); 10] = [
    ("mm", "millimeters"),
    ("cm", "centimeters"),
    ("km", "kilometers"),
    ("kg", "kilograms"),
    ("kw", "kilowatts"),
    ("kv", "kilovolts"),
    ("hz", "hertz"),
    ("khz", "kilohertz"),
    ("nm", "newton meters"),
    ("ml", "milliliters"),
];

/// An English text as it is compared.
pub fn english(text: &str) -> String {
    let lower = without_brackets(&text.to_lowercase().replace(['’', '‘', '`'], "'"));
    let spelled: Vec<String> = lower.replace(" '", "'").split_whitespace().map(in_full).collect();
    let plain = signs(&spelled.join(" "));
    let tokens: Vec<String> = plain.split_whitespace().map(str::to_owned).collect();
    let numbered = numbers::as_digits(&tokens);
    let is_number = |word: &String| word.starts_with(|c: char| c.is_ascii_digit());
    let mut words: Vec<&str> = Vec::with_capacity(numbered.len());
    for (n, word) in numbered.iter().enumerate() {
        let behind_number = n.checked_sub(1).and_then(|before| numbered.get(before)).is_some_and(is_number);
        match (found(&UNITS, word), found(&SPELLINGS, word)) {
            (Some(unit), _) if behind_number => words.push(unit),
            _ if FILLERS.contains(&word.as_str()) => {}
            (_, Some(spelling)) => words.push(spelling),
            _ => words.push(word),
        }
    }
    joined_letters(&words)
}

fn found(table: &[(&'static str, &'static str)], word: &str) -> Option<&'static str> {
    table.iter().find(|(key, _)| *key == word).map(|(_, value)| *value)
}

/// Descriptions of sounds are no words.
fn without_brackets(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open: Option<(char, usize)> = None;
    for c in text.chars() {
        match (open, c) {
            (None, '(' | '[' | '<') => {
                open = Some((
                    if c == '(' {
                        ')'
                    } else if c == '[' {
                        ']'
                    } else {
                        '>'
                    },
                    out.len(),
                ));
                out.push(c);
            }
            (Some((end, at)), c) if c == end => {
                out.truncate(at);
                open = None;
            }
            _ => out.push(c),
        }
    }
    out
}

/// A word with its contraction in full.
fn in_full(word: &str) -> String {
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '\'');
    if let Some(whole) = found(&WHOLE, bare) {
        return whole.to_owned();
    }
    for (end, full) in ENDS {
        if let Some(stem) = bare.strip_suffix(end).filter(|stem| !stem.is_empty()) {
            return format!("{stem}{full}");
        }
    }
    word.to_owned()
}

/// Signs as words or spaces; letters and digits apart; points and commas in numbers.
fn signs(text: &str) -> String {
    let all: Vec<char> = text.chars().collect();
    let digit = |n: Option<usize>| n.and_then(|n| all.get(n)).is_some_and(char::is_ascii_digit);
    let mut out = String::with_capacity(text.len() + 16);
    for (n, c) in all.iter().copied().enumerate() {
        let (before, after) = (digit(n.checked_sub(1)), digit(Some(n + 1)));
        match c {
            '.' if before && after => out.push('.'),
            // Thousands, and digits that were set apart.
            ',' | '-' if before && after => {}
            '%' => out.push_str(" percent "),
            '°' => out.push_str(" degrees "),
            '&' => out.push_str(" and "),
            '\'' => {}
            c if c.is_alphanumeric() => {
                let letter_before =
                    n.checked_sub(1).and_then(|b| all.get(b)).is_some_and(|b| b.is_alphabetic());
                if (c.is_ascii_digit() && letter_before)
                    || (c.is_alphabetic() && before && !is_ordinal(&all, n))
                {
                    out.push(' ');
                }
                out.push(folded(c));
            }
            _ => out.push(' '),
        }
    }
    out
}

/// Does "st", "nd", "rd" or "th" begin here, and the word end with it?
fn is_ordinal(all: &[char], at: usize) -> bool {
    let two: String = all.iter().skip(at).take(2).collect();
    ["st", "nd", "rd", "th"].contains(&two.as_str()) && all.get(at + 2).is_none_or(|c| !c.is_alphanumeric())
}

/// A letter without its accent.
fn folded(c: char) -> char {
    match c {
        'à'..='å' => 'a',
        'ç' => 'c',
        'è'..='ë' => 'e',
        'ì'..='ï' => 'i',
        'ñ' => 'n',
        'ò'..='ö' => 'o',
        'ù'..='ü' => 'u',
        other => other,
    }
}

/// Runs of single letters as one word: "a l" and "al" are spelled alike.
fn joined_letters(words: &[&str]) -> String {
    let single = |word: &&str| word.len() == 1 && word.chars().all(|c| c.is_ascii_alphabetic());
    let mut out = String::new();
    let mut after_single = false;
    for word in words {
        let is_single = single(word);
        let joins = out.is_empty() || (is_single && after_single);
        if !joins {
            out.push(' ');
        }
        out.push_str(word);
        after_single = is_single;
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_said_alike_is_written_alike() {
        for (one, other) in [
            ("What's the torque?", "what is the torque"),
            ("It won't start, don't touch it.", "It will not start; do not touch it"),
            ("one eight zero three", "1803"),
            ("one eight zero three", "1-8-0-3"),
            ("zero one one eight", "0-1-1-8"),
            ("two five oh oh", "2500"),
            ("error E203", "error e two zero three"),
            ("error E203", "error E 203"),
            ("alarm A L one one five", "alarm AL115"),
            ("alarm A-L 115", "alarm AL115"),
            ("Umm, uh, the colour", "umm the color"),
            ("F thirty-seven", "F37"),
            ("twenty five percent", "25%"),
            ("one hundred and five bar", "105 bar"),
            ("two thousand three hundred newton metres", "2,300 Nm"),
            ("three point five millimetres", "3.5 millimetres"),
            ("the twenty first bolt", "the 21st bolt"),
            ("double seven", "77"),
            ("nineteen eighty four", "1984"),
            ("[BLANK_AUDIO] stop (wind)", "stop"),
            ("Mr. Smith", "mister smith"),
            ("forty five degrees", "45°"),
            ("cannot", "can't"),
        ] {
            assert_eq!(english(one), english(other), "{one} / {other}");
        }
    }

    #[test]
    fn what_is_said_otherwise_is_not() {
        for (one, other) in [
            ("fifteen", "fifty"),
            ("zero five", "5"),
            ("oh no", "0 no"),
            ("one oh five", "fifteen"),
            ("the cause", "because"),
            ("will", "oil"),
            ("3.5", "35"),
        ] {
            assert_ne!(english(one), english(other), "{one} / {other}");
        }
    }

    #[test]
    fn other_languages_have_words_or_characters() {
        assert_eq!(words("¿Qué significa E-15?", "es"), ["qué", "significa", "e", "15"]);
        assert_eq!(words("液压泵，E15。", "zh"), ["液", "压", "泵", "e", "1", "5"]);
        assert_eq!(words("Go!", "en-GB"), ["go"]);
        assert!(words(" ... ", "en").is_empty());
    }

    proptest! {
        #[test]
        fn any_text_gets_through_and_twice_changes_nothing_in_letters_and_digits(text in "\\PC{0,60}") {
            let once = english(&text);
            prop_assert!(!once.contains(|c: char| c.is_uppercase() && c.is_ascii()));
            prop_assert!(!once.starts_with(' ') && !once.ends_with(' ') && !once.contains("  "));
        }

        #[test]
        fn a_number_in_digits_stays_itself(n in 0_u64..100_000_000) {
            prop_assert_eq!(english(&n.to_string()), n.to_string());
        }
    }
}
