//! Fault, alarm and part codes: found by shape, compared in one canonical form.
//!
//! A code is one to four letters with digits (`E203`, `F-37`), a hexadecimal number
//! (`0x2310`), a vehicle code (`P0A80`), or a code word with a number (`ALARM:9`).
//! A bare number is a code only in a column that is headed as one, or after a code word.
//! Thread sizes, protection classes and standards are designations, not codes.

mod query;
mod spoken;

use std::sync::LazyLock;

use regex::Regex;

use super::passage::{Field, Span};

pub use query::{QueryCodes, query_codes, spoken_candidates};

/// A code in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeMention {
    /// As written.
    pub text: String,
    /// In canonical form, see [`normalise`].
    pub normal: String,
    /// Where it stands in the text that was searched.
    pub span: Span,
}

/// A code in canonical form: upper case, letters and digits only ("F-37" → "F37").
pub fn normalise(code: &str) -> String {
    code.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_uppercase)
        .collect()
}

/// Words after which a number is a code.
pub(crate) const CODE_WORDS: &[&str] = &[
    "ALARM", "ERROR", "FAULT", "WARNING", "TRIP", "EVENT", "ERR", "ALM", "CODE", "ALARMS",
    "ERRORS", "FAULTS",
];

/// Written before a number, these make a standard or a size of it.
const STANDARDS: &[&str] = &[
    "ISO", "EN", "DIN", "IEC", "ANSI", "ASTM", "SAE", "VG", "NLGI", "API", "UL", "OSHA", "NFPA",
    "NEMA", "AWG", "RAL", "IP", "PT", "RS", "CAT", "DN", "PN",
];

/// What a number is counted in; after a number, it is a quantity.
const UNITS: &[&str] = &[
    "v", "kv", "mv", "vac", "vdc", "volt", "volts", "a", "ma", "amp", "amps", "hz", "khz", "hertz",
    "w", "kw", "mw", "hp", "bar", "mbar", "psi", "kpa", "mpa", "pa", "nm", "mm", "cm", "m", "km",
    "in", "inch", "inches", "ft", "kg", "g", "lb", "l", "litres", "liters", "ml", "s", "sec",
    "second", "seconds", "ms", "min", "minute", "minutes", "h", "hour", "hours", "day", "days",
    "times", "c", "degree", "degrees", "percent", "rpm", "newton", "metres", "ohm",
];

/// Is `word` a unit, or something else that a number counts?
pub(crate) fn is_unit(word: &str) -> bool {
    UNITS.iter().any(|u| word.eq_ignore_ascii_case(u))
}

/// Is the canonical form a thread size (M16), a protection class or a standard rather than
/// a code?
pub(crate) fn is_designation(normal: &str) -> bool {
    let digits = normal.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let letters = normal.strip_suffix(digits).unwrap_or_default();
    let thread = letters == "M" && digits.len() <= 2;
    thread || (!digits.is_empty() && STANDARDS.contains(&letters))
}

fn shapes() -> Option<&'static Regex> {
    static SHAPES: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(concat!(
            r"(?P<hex>0[xX][0-9A-Fa-f]{2,8})",
            r"|(?P<vehicle>[PCBU][0-9][0-9A-F]{3})",
            r"|(?P<word>(?i:alarms?|errors?|faults?|warning|trip|event|err|alm|code)(?: ?[:#] ?| (?i:(?:code|no\.|number) )?|-)[0-9]{1,5})",
            r"|(?P<spaced>(?i:alarm|error|fault|code|warning) [A-Z] [0-9]{1,4})",
            r"|(?P<plain>[A-Z]{1,4}[-_]?[0-9]{1,5}[A-Z]?)",
        ))
        .ok()
    });
    SHAPES.as_ref()
}

/// The codes in `text`, in its order, each with its span.
///
/// A letter with a single digit ("L1", "A4") is too common to be a code by itself; it is
/// one in a code column, or after a code word.
pub fn codes_in(text: &str) -> Vec<CodeMention> {
    let Some(shapes) = shapes() else {
        return Vec::new();
    };
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| shapes.captures(rest)) {
        let Some(whole) = found.get(0) else { break };
        let span = Span {
            start: at + whole.start(),
            end: at + whole.end(),
        };
        if stands_alone(text, span) && is_code(text, span, &found) {
            let written = whole.as_str();
            let written = if found.name("spaced").is_some() {
                written.split_once(' ').map_or(written, |(_, code)| code)
            } else {
                written
            };
            let span = Span {
                start: span.end - written.len(),
                end: span.end,
            };
            out.push(CodeMention {
                text: written.to_owned(),
                normal: normalise(written),
                span,
            });
            at = span.end;
        } else {
            // Not this one; a code may still start one character on.
            at = span.start
                + text
                    .get(span.start..)
                    .and_then(|r| r.chars().next())
                    .map_or(1, char::len_utf8);
        }
    }
    out
}

fn stands_alone(text: &str, span: Span) -> bool {
    let before = text.get(..span.start).and_then(|t| t.chars().next_back());
    let mut after = text.get(span.end..).unwrap_or_default().chars();
    let (next, second) = (after.next(), after.next());
    let joins = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let continues =
        matches!(next, Some('-' | '.' | '_' | ',')) && second.is_some_and(|c| c.is_ascii_digit());
    !joins(before)
        && !matches!(before, Some('-' | '_' | '.' | '$' | '#'))
        && !joins(next)
        && !continues
}

fn is_code(text: &str, span: Span, found: &regex::Captures<'_>) -> bool {
    let following = text.get(span.end..).unwrap_or_default().trim_start();
    let unit = following
        .split(|c: char| !c.is_alphabetic())
        .next()
        .unwrap_or_default();
    if found.name("word").is_some() || found.name("spaced").is_some() {
        return !is_unit(unit) && !following.starts_with(['%', '°']);
    }
    let Some(plain) = found.name("plain") else {
        return true;
    };
    let normal = normalise(plain.as_str());
    let digits = normal.chars().filter(char::is_ascii_digit).count();
    let word_before = text
        .get(..span.start)
        .unwrap_or_default()
        .trim_end()
        .rsplit(|c: char| !c.is_alphanumeric())
        .next();
    let preceded_by =
        |words: &[&str]| word_before.is_some_and(|w| words.contains(&w.to_uppercase().as_str()));
    let enough = digits >= 2 || preceded_by(&CODE_WORDS);
    enough && !is_designation(&normal) && !preceded_by(&STANDARDS)
}

/// The codes whose own entry a table row is: those in the cell under a column headed as a
/// code, or in the first cell, where the cell holds codes and nothing else. A bare number
/// takes the header's word ("9" under "Alarm" is "Alarm 9").
pub fn own_codes_of_row(fields: &[Field]) -> Vec<String> {
    let headed = fields.iter().filter_map(|f| Some((code_header(&f.name)?, cell_codes(&f.value, true))));
    for (word, codes) in headed {
        if !codes.is_empty() {
            let bare = |c: &String| c.chars().all(|c| c.is_ascii_digit());
            return codes.into_iter().map(|c| if bare(&c) && !word.is_empty() { format!("{word} {c}") } else { c }).collect();
        }
    }
    fields.first().map(|f| cell_codes(&f.value, false)).unwrap_or_default()
}

/// Does a column's header say that its cells are codes? Then the word that a bare number
/// takes, `""` where the header is a general one.
fn code_header(header: &str) -> Option<&str> {
    const GENERAL: &[&str] = &["code", "codes", "message", "display", "id", "no", "código", "故障代码"];
    const WORDS: &[&str] = &["alarm", "error", "fault", "warning", "trip", "event"];
    let words = || header.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    let is_in = |list: &[&str], word: &str| list.contains(&word.to_lowercase().as_str());
    words().find(|w| is_in(WORDS, w)).or_else(|| words().any(|w| is_in(GENERAL, w)).then_some(""))
}

/// The codes of a cell that holds nothing else ("E203", "E203 / E204", "ALARM:9"); under a
/// code header also bare numbers and letters with one digit.
fn cell_codes(cell: &str, headed: bool) -> Vec<String> {
    let parts: Vec<&str> = cell
        .split([',', ';', '/'])
        .map(str::trim)
        .filter(|p| !p.is_empty())
        .collect();
    let shaped = |part: &&str| {
        let normal = normalise(part);
        let letters = normal.chars().take_while(char::is_ascii_alphabetic).count();
        let digits = normal.chars().filter(char::is_ascii_digit).count();
        let short = part.chars().count() <= 12
            && normal.is_ascii()
            && part.chars().filter(|c| *c == ' ').count() <= 1;
        let enough = if headed {
            digits >= 1
        } else {
            digits >= 2 && letters >= 1 && !is_designation(&normal)
        };
        let word = CODE_WORDS.contains(&normal.get(..letters).unwrap_or_default());
        let plain = part
            .chars()
            .all(|c| c.is_alphanumeric() || " -_:#.".contains(c));
        short && enough && plain && (letters <= 4 || word) && !is_quantity(part)
    };
    if parts.is_empty() || !parts.iter().all(|p| shaped(p)) {
        return Vec::new();
    }
    parts.into_iter().map(str::to_owned).collect()
}

/// "24 V", "3.5", "50Hz": a number with a unit or a fraction.
fn is_quantity(part: &str) -> bool {
    let unit = part.trim_start_matches(|c: char| c.is_ascii_digit() || ".-+ ".contains(c));
    let number = part.strip_suffix(unit).unwrap_or_default();
    number.contains(|c: char| c.is_ascii_digit()) && (is_unit(unit) || number.contains('.'))
}

/// The code that a heading or an entry starts with: "E203 Oil level low", "F-37: …",
/// "Alarm 9 – door open", or a heading that is one.
pub fn leading_code(text: &str) -> Option<CodeMention> {
    let first = codes_in(text).into_iter().next()?;
    let before = text.get(..first.span.start)?.trim();
    let codeword = |w: &str| CODE_WORDS.contains(&w.to_uppercase().as_str());
    let only_code_words = before
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .all(codeword);
    only_code_words.then_some(first)
}

/// The code that a paragraph or list item defines: it starts with it, and a separator
/// follows ("E203: oil level low", "F-37 – encoder lost").
pub fn defined_code(text: &str) -> Option<CodeMention> {
    let first = leading_code(text)?;
    let rest = text.get(first.span.end..)?;
    let separated =
        rest.trim_start().starts_with([':', '–', '—', '=', '|']) || rest.starts_with(" - ");
    separated.then_some(first)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn normals(text: &str) -> Vec<String> {
        codes_in(text).into_iter().map(|m| m.normal).collect()
    }

    #[test]
    fn codes_are_found_in_all_their_shapes() {
        assert_eq!(
            normals("E203, F-37; ALARM:9 and 0x2310 (P0A80)"),
            ["E203", "F37", "ALARM9", "0X2310", "P0A80"]
        );
        assert_eq!(normals("fault F 37 and alarm 1803"), ["F37", "ALARM1803"]);
        assert_eq!(normals("see error F3."), ["F3"]);
    }

    #[test]
    fn sizes_quantities_and_standards_are_none() {
        for text in [
            "M16 bolts",
            "M16x60",
            "24V",
            "24 V",
            "400 V",
            "50Hz",
            "IP65",
            "ISO 4413",
            "EN-1037",
            "SAE J1939",
            "45 Nm",
            "V2.1",
            "warning 24 V",
            "L1",
            "2026-01-02",
            "ISO VG 46",
            "PJ-40-2",
            "fault after 10 minutes",
        ] {
            assert_eq!(normals(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn a_row_owns_the_codes_of_its_code_cell() {
        let field = |name: &str, value: &str| Field {
            name: name.into(),
            value: value.into(),
            span: Span { start: 0, end: 0 },
        };
        assert_eq!(
            own_codes_of_row(&[field("Code", "E203 / E204"), field("Meaning", "Oil")]),
            ["E203", "E204"]
        );
        assert_eq!(
            own_codes_of_row(&[field("Alarm", "9"), field("Meaning", "Door")]),
            ["Alarm 9"]
        );
        assert_eq!(
            own_codes_of_row(&[field("No.", "1"), field("Code", "F3")]),
            ["1"]
        );
        assert_eq!(own_codes_of_row(&[field("", "F-37")]), ["F-37"]);
        for (name, value) in [
            ("Thread", "M16"),
            ("Torque", "45"),
            ("Part", "Pump"),
            ("Voltage", "24 V"),
            ("Alarm", "Motor hot"),
        ] {
            assert_eq!(
                own_codes_of_row(&[field(name, value)]),
                Vec::<String>::new(),
                "{value}"
            );
        }
    }

    #[test]
    fn headings_and_entries_name_their_code() {
        assert_eq!(leading_code("E203 Oil level low").unwrap().normal, "E203");
        assert_eq!(
            leading_code("Alarm 9 – door open").unwrap().normal,
            "ALARM9"
        );
        assert_eq!(leading_code("Fault code F-37").unwrap().normal, "F37");
        assert_eq!(leading_code("After E203"), None);
        assert_eq!(defined_code("E203: oil level low").unwrap().normal, "E203");
        assert_eq!(defined_code("E203 is shown when"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_searched_without_harm(text in "[ -~°–ΩE0-9:\\-]{0,60}") {
            for m in codes_in(&text) {
                prop_assert_eq!(m.span.of(&text), Some(m.text.as_str()));
            }
            let _ = (leading_code(&text), defined_code(&text), cell_codes(&text, true));
        }
    }
}
