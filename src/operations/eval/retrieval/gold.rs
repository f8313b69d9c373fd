//! What a right hit is.
//!
//! A passage is right where it stands in the expected document and its heading path or its
//! codes hold the expected section or code. People and manuals write one code in many ways,
//! so codes are compared without case, separators and leading zeros, and without the code
//! word where only one side has it (`error:15`, "Error 15", 15); "alarm 15" and "error 15"
//! stay two codes. Of a dotted identifier the last part counts.

use std::path::PathBuf;

use crate::core::knowledge::passage::{Passage, Role};

/// What a question should find.
#[derive(Debug, Clone, PartialEq)]
pub enum Gold {
    /// A passage of this file, by its real path; with a target, one that holds it.
    Place(PathBuf, Option<Target>),
    /// A passage below a heading that, folded, is one of these.
    Headings(Vec<String>),
    /// A passage of one of these documents, by the file's name without its ending.
    Stems(Vec<String>),
}

/// A section or code that is expected.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    heading: String,
    code: Option<Code>,
    plain_number: bool,
}

impl Gold {
    /// Is this passage of the document that was read from `source` right?
    pub fn is_hit(&self, source: &std::path::Path, passage: &Passage) -> bool {
        match self {
            Gold::Place(file, target) => source == file && target.as_ref().is_none_or(|t| t.held(passage)),
            Gold::Headings(wanted) => {
                let has = |h: &String| wanted.contains(&fold(h));
                passage.section.iter().any(has) || wanted.contains(&fold(&passage.title))
            }
            Gold::Stems(stems) => source.file_stem().is_some_and(|s| stems.iter().any(|t| s == t.as_str())),
        }
    }

    /// Is it the expected code's own entry, rather than a passage that mentions it?
    pub fn is_own_entry(&self, source: &std::path::Path, passage: &Passage) -> bool {
        let Gold::Place(_, Some(target)) = self else { return self.is_hit(source, passage) };
        self.is_hit(source, passage) && (passage.is_entry() || target.in_headings(passage))
    }

    /// The expected code, where a code is expected.
    pub fn code(&self) -> Option<&Code> {
        match self {
            Gold::Place(_, Some(target)) => target.code.as_ref(),
            _ => None,
        }
    }
}

impl Target {
    /// The target that `expected_section_or_code` names.
    pub fn new(expected: &str) -> Target {
        let number = Code::number_of(expected);
        Target { heading: fold(last_part(expected)), code: Code::parse(expected), plain_number: number }
    }

    fn held(&self, passage: &Passage) -> bool {
        self.in_headings(passage) || self.in_codes(passage)
    }

    fn in_codes(&self, passage: &Passage) -> bool {
        let Some(code) = &self.code else {
            // A fault's name stands for its code where the manual gives it none.
            return passage.codes.iter().any(|c| fold(c) == self.heading);
        };
        let roles = passage.fields.iter().filter(|f| f.role == Some(Role::Code)).map(|f| &f.value);
        passage.codes.iter().chain(roles).filter_map(|c| Code::parse(c)).any(|c| c.is(code))
    }

    fn in_headings(&self, passage: &Passage) -> bool {
        passage.section.iter().map(|h| fold(h)).any(|heading| {
            if !self.plain_number {
                return self.code.as_ref().map_or_else(
                    || heading.contains(&self.heading),
                    |_| holds_words(&heading, &self.heading),
                );
            }
            // "9 Maintenance" is no entry of alarm 9; "Alarm 9: hot" is.
            let rest = heading.split_once(' ').map_or("", |(_, rest)| rest);
            heading == self.heading || holds_words(rest, &self.heading)
        })
    }
}

/// A code in the form in which two are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// The family of its code word ("error"), `""` where it has none.
    word: &'static str,
    /// The rest: upper case, letters and digits only, numbers without leading zeros.
    rest: String,
}

impl Code {
    /// Reads a code; `None` for what does not look like one.
    pub fn parse(text: &str) -> Option<Code> {
        let text = last_part(text.trim());
        let upper = text.to_uppercase();
        let (word, rest) = split_word(&upper);
        let words: Vec<&str> = rest.split_whitespace().collect();
        let digit = |w: &str| w.contains(|c: char| c.is_ascii_digit());
        // "E 203" is one; "4 Settings" and "Table 4" are not.
        let short = match words.as_slice() {
            [_] => true,
            [letters, number] => letters.len() <= 4 && !digit(letters) && digit(number),
            _ => false,
        };
        let shouted = !text.contains(char::is_lowercase);
        let name = shouted && (text.contains('_') || (2..=4).contains(&text.len()));
        let code = short && text.is_ascii() && (digit(rest) || name);
        let rest = canonical(rest);
        (code && !rest.is_empty()).then_some(Code { word, rest })
    }

    /// Are both the same code?
    pub fn is(&self, other: &Code) -> bool {
        self.rest == other.rest && (self.word == other.word || self.word.is_empty() || other.word.is_empty())
    }

    /// The part that an index keys codes by.
    pub fn rest(&self) -> &str {
        &self.rest
    }

    fn number_of(text: &str) -> bool {
        let digits = text.trim();
        !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit() || !c.is_alphanumeric())
    }
}

/// Code words by family; what only says "code" says nothing.
const WORDS: &[(&str, &str)] = &[
    ("ALARMS", "alarm"),
    ("ALARM", "alarm"),
    ("ALM", "alarm"),
    ("ERRORS", "error"),
    ("ERROR", "error"),
    ("ERR", "error"),
    ("FAULTS", "fault"),
    ("FAULT", "fault"),
    ("WARNING", "warning"),
    ("EVENT", "event"),
    ("TRIP", "trip"),
    ("CODE", ""),
    ("BIT", ""),
];

fn split_word(upper: &str) -> (&'static str, &str) {
    for (word, family) in WORDS {
        if let Some(rest) = upper.strip_prefix(word) {
            let joined = rest.starts_with(char::is_alphabetic) || rest.is_empty();
            if !joined {
                let rest = rest.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '$');
                // "fault code 12", "fault bit 12": one word between says nothing.
                let rest = ["CODE ", "BIT ", "NO ", "NUMBER "]
                    .iter()
                    .find_map(|w| rest.strip_prefix(w))
                    .unwrap_or(rest);
                return (family, rest);
            }
        }
    }
    ("", upper)
}

/// Letters and digits only, upper case, each number without leading zeros.
fn canonical(text: &str) -> String {
    let mut out = String::new();
    let mut in_number = false;
    let kept: Vec<char> = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect();
    for (i, c) in kept.iter().enumerate() {
        let digit = c.is_ascii_digit();
        let more = kept.get(i + 1).is_some_and(char::is_ascii_digit);
        if *c == '0' && !in_number && more {
            continue;
        }
        in_number = digit;
        out.push(*c);
    }
    out
}

/// The last part of a dotted identifier (`.interfaces.Motor.error.TOO_HOT`), or all.
fn last_part(text: &str) -> &str {
    let dotted = text.matches('.').count() >= 2 && !text.contains(char::is_whitespace);
    let last = text.rsplit('.').next().unwrap_or(text);
    if dotted && last.chars().any(char::is_alphabetic) { last } else { text }
}

/// Lower case words and numbers, one space between.
pub fn fold(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    spaced.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn holds_words(text: &str, words: &str) -> bool {
    !words.is_empty() && format!(" {text} ").contains(&format!(" {words} "))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::core::knowledge::passage::{Field, Shape, Span};

    fn passage(section: &[&str], codes: &[&str]) -> Passage {
        Passage {
            kb: String::new(),
            document: "m.md".into(),
            title: "Manual".into(),
            revision: String::new(),
            machine: String::new(),
            model: String::new(),
            language: "en".into(),
            section: section.iter().map(|s| (*s).to_owned()).collect(),
            page: None,
            page_label: None,
            span: Span { start: 0, end: 0 },
            text: String::new(),
            shape: Shape::Prose,
            fields: Vec::new(),
            codes: codes.iter().map(|s| (*s).to_owned()).collect(),
            own: usize::from(!codes.is_empty()),
            warnings: Vec::new(),
            figures: Vec::new(),
            ocr: false,
            orders: None,
        }
    }

    fn hit(expected: &str, section: &[&str], codes: &[&str]) -> bool {
        Gold::Place("/m.md".into(), Some(Target::new(expected)))
            .is_hit(Path::new("/m.md"), &passage(section, codes))
    }

    #[test]
    fn one_code_is_written_in_many_ways() {
        for (expected, indexed) in [
            ("error:15", "Error 15"),
            ("error:15", "15"),
            ("122", "fault bit 122"),
            ("ERR01", "Err1"),
            ("ERR81", "Error 81"),
            ("fault bit 150", "BIT 150"),
            ("E-203", "e203"),
            ("04212", "4212"),
            ("$27", "$27"),
            (".a.Motor.error.TOO_HOT", "TOO_HOT"),
            ("HE", "HE"),
            ("Start overload", "start overload"),
        ] {
            assert!(hit(expected, &[], &[indexed]), "{expected} {indexed}");
        }
        for (expected, indexed) in [
            ("error:15", "Alarm 15"),
            ("E15", "15"),
            ("E15", "E150"),
            ("122", "22"),
            ("E10", "E1"),
            ("HE", "HC"),
        ] {
            assert!(!hit(expected, &[], &[indexed]), "{expected} {indexed}");
        }
    }

    #[test]
    fn a_heading_may_hold_the_section_or_the_code() {
        assert!(hit("4 Settings", &["Manual", "4 Settings"], &[]));
        assert!(hit("Settings", &["4. Settings of the valve"], &[]));
        assert!(hit("1803", &["Alarm 1803: Overvoltage"], &[]));
        assert!(hit("MAX_STOP", &["MAX_STOP (0x20)"], &[]));
        assert!(!hit("9", &["9 Maintenance"], &[]), "a section's number is no code");
        assert!(hit("9", &["Alarm 9"], &[]));
        assert!(!hit("E1", &["Alarm E15"], &[]));
    }

    #[test]
    fn a_place_needs_the_document_too() {
        let gold = Gold::Place("/m.md".into(), None);
        assert!(gold.is_hit(Path::new("/m.md"), &passage(&[], &[])));
        assert!(!gold.is_hit(Path::new("/n.md"), &passage(&[], &[])));
        let gold = Gold::Headings(vec![fold("Turning it on")]);
        assert!(gold.is_hit(Path::new("/x"), &passage(&["Basics", "Turning it on."], &[])));
        let gold = Gold::Stems(vec!["install_3".into()]);
        assert!(gold.is_hit(Path::new("/d/install_3.md"), &passage(&[], &[])));
        assert!(!gold.is_hit(Path::new("/d/install_31.md"), &passage(&[], &[])));
    }

    #[test]
    fn a_mention_is_a_hit_but_not_the_own_entry() {
        let gold = Gold::Place("/m.md".into(), Some(Target::new("E204")));
        let mut mention = passage(&[], &["E203", "E204"]);
        mention.own = 0;
        assert!(
            gold.is_hit(Path::new("/m.md"), &mention) && !gold.is_own_entry(Path::new("/m.md"), &mention)
        );
        let mut row = passage(&[], &[]);
        row.fields.push(Field {
            name: "No.".into(),
            value: "E204".into(),
            span: row.span,
            role: Some(Role::Code),
        });
        assert!(gold.is_hit(Path::new("/m.md"), &row));
    }

    #[test]
    fn a_section_is_no_code() {
        for text in ["4 Settings", "Tightening torques", "Location", "输入缺相", "5.1 Maintenance plan"] {
            assert!(Code::parse(text).is_none(), "{text}");
        }
        for text in
            ["E203", "error:15", "HE", "0x2310", "1803", "$2", "fault bit 150", "alarm 12", "MAX_STOP"]
        {
            assert!(Code::parse(text).is_some(), "{text}");
        }
    }
}
