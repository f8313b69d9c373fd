//! Fault codes, type numbers and the like: read so that no two can be confused.

use super::number::digits;

/// What a character is to the reader.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// An ASCII digit.
    Digit,
    /// A letter or an apostrophe inside a word.
    Letter,
    /// Anything else.
    Mark,
}

impl Class {
    fn of(c: char) -> Self {
        match c {
            '0'..='9' => Self::Digit,
            '\'' => Self::Letter,
            _ if c.is_alphabetic() && !c.is_numeric() => Self::Letter,
            _ => Self::Mark,
        }
    }
}

/// The text cut into runs of digits and of letters; every mark is a run of its own.
pub(super) fn runs(text: &str) -> Vec<(Class, &str)> {
    let mut runs: Vec<(Class, &str)> = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices() {
        let class = Class::of(c);
        match runs.last_mut() {
            Some((last, run)) if *last == class && class != Class::Mark => {
                *run = &text[start..at + c.len_utf8()]
            }
            _ => {
                start = at;
                runs.push((class, &text[at..at + c.len_utf8()]));
            }
        }
    }
    runs
}

/// A code, letter by letter and digit by digit: "E203" → "E two zero three". Runs of
/// letters that are plainly a word stay one ("ALARM:9" → "ALARM nine").
pub(super) fn read(code: &str) -> String {
    let runs = runs(code);
    let mut words = Vec::with_capacity(runs.len());
    for (i, (class, run)) in runs.iter().enumerate() {
        let digit =
            |at: Option<usize>| at.and_then(|at| runs.get(at)).is_some_and(|(c, _)| *c == Class::Digit);
        match class {
            Class::Digit => words.push(digits(run)),
            Class::Letter => words.push(letters(run)),
            // A decimal point is never lost, whatever stands around it.
            Class::Mark if *run == "." && digit(i.checked_sub(1)) && digit(Some(i + 1)) => {
                words.push("point".to_owned())
            }
            Class::Mark => {}
        }
    }
    words.join(" ")
}

/// "0x2310" → "zero x two three one zero", from the figures after the "0x".
pub(super) fn hexadecimal(figures: &str) -> String {
    let spelt: Vec<String> = figures
        .chars()
        .map(|c| {
            if c.is_ascii_digit() {
                digits(c.encode_utf8(&mut [0; 4]))
            } else {
                c.to_ascii_uppercase().to_string()
            }
        })
        .collect();
    format!("zero x {}", spelt.join(" "))
}

/// A run of letters inside a code: a word where it can be said as one, else its letters.
fn letters(run: &str) -> String {
    if is_word(run) {
        return run.to_owned();
    }
    let spelt: Vec<String> = run.chars().map(|c| c.to_uppercase().collect()).collect();
    spelt.join(" ")
}

/// At least four letters, a vowel, and no run of more than two consonants.
fn is_word(run: &str) -> bool {
    let (mut letters, mut vowels, mut consonants) = (0, 0, 0);
    for c in run.chars() {
        letters += 1;
        if "AEIOUYaeiouy".contains(c) {
            consonants = 0;
            vowels += 1;
        } else {
            consonants += 1;
        }
        if consonants > 2 {
            return false;
        }
    }
    letters >= 4 && vowels > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_inside_codes_stay_words() {
        for (code, spoken) in [
            ("ALARM:9", "ALARM nine"),
            ("SRVO-023", "S R V O zero two three"),
            ("E203", "E two zero three"),
            ("e-stop2", "E stop two"),
            ("A2.5x", "A two point five X"),
        ] {
            assert_eq!(read(code), spoken);
        }
    }
}
