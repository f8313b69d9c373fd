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
    code.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

/// Words after which a number is a code.
pub(crate) const CODE_WORDS: &[&str] = &[
    "ALARM", "ERROR", "FAULT", "WARNING", "TRIP", "EVENT", "ERR", "ALM", "CODE", "ALARMS", "ERRORS", "FAULTS",
];

/// Written before a number, these make a standard or a size of it.
const STANDARDS: &[&str] = &[
    "ISO", "EN", "DIN", "IEC", "ANSI", "ASTM", "SAE", "VG", "NLGI", "API", "UL", "OSHA", "NFPA", "NEMA",
    "AWG", "RAL", "IP", "PT", "RS", "CAT", "DN", "PN",
];

/// What a number is counted in; after a number, it is a quantity.
const UNITS: &[&str] = &[
    "v", "kv", "mv", "vac", "vdc", "volt", "volts", "a", "ma", "amp", "amps", "hz", "khz", "hertz", "w",
    "kw", "mw", "hp", "bar", "mbar", "psi", "kpa", "mpa", "pa", "nm", "mm", "cm", "m", "km", "in", "inch",
    "inches", "ft", "kg", "g", "lb", "l", "litres", "liters", "ml", "s", "sec", "second", "seconds", "ms",
    "min", "minute", "minutes", "h", "hour", "hours", "day", "days", "times", "c", "degree", "degrees",
    "percent", "rpm", "newton", "metres", "ohm", "ppm", "db", "kn", "µm", "week", "weeks", "month", "months",
    "year", "years",
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
        let span = Span { start: at + whole.start(), end: at + whole.end() };
        if stands_alone(text, span) && is_code(text, span, &found) {
            let written = whole.as_str();
            let written = if found.name("spaced").is_some() {
                written.split_once(' ').map_or(written, |(_, code)| code)
            } else {
                written
            };
            let span = Span { start: span.end - written.len(), end: span.end };
            out.push(CodeMention { text: written.to_owned(), normal: normalise(written), span });
            at = span.end;
        } else {
            // Not this one; a code may still start one character on.
            at = span.start + text.get(span.start..).and_then(|r| r.chars().next()).map_or(1, char::len_utf8);
        }
    }
    out
}

fn stands_alone(text: &str, span: Span) -> bool {
    let before = text.get(..span.start).and_then(|t| t.chars().next_back());
    let mut after = text.get(span.end..).unwrap_or_default().chars();
    let (next, second) = (after.next(), after.next());
    let joins = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let continues = matches!(next, Some('-' | '.' | '_' | ',')) && second.is_some_and(|c| c.is_ascii_digit());
    !joins(before) && !matches!(before, Some('-' | '_' | '.' | '$' | '#')) && !joins(next) && !continues
}

fn is_code(text: &str, span: Span, found: &regex::Captures<'_>) -> bool {
    let following = text.get(span.end..).unwrap_or_default().trim_start();
    let unit = following.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    if found.name("word").is_some() || found.name("spaced").is_some() {
        return !is_unit(unit) && !following.starts_with(['%', '°']);
    }
    let Some(plain) = found.name("plain") else {
        return true;
    };
    let normal = normalise(plain.as_str());
    let digits = normal.chars().filter(char::is_ascii_digit).count();
    let word_before =
        text.get(..span.start).unwrap_or_default().trim_end().rsplit(|c: char| !c.is_alphanumeric()).next();
    let preceded_by =
        |words: &[&str]| word_before.is_some_and(|w| words.contains(&w.to_uppercase().as_str()));
    let enough = digits >= 2 || preceded_by(CODE_WORDS);
    enough && !is_designation(&normal) && !preceded_by(STANDARDS)
}

/// The codes whose own entry a table row is: those in the cell under a column headed as a
/// code, or in the first cell, where the cell holds codes and nothing else. A bare number
/// takes the header's word ("9" under "Alarm", or under "ID" beside "Alarm description",
/// is "Alarm 9"); without one, a column of numbers only counts its rows.
pub fn own_codes_of_row(fields: &[Field]) -> Vec<String> {
    let any_word = fields.iter().find_map(|f| code_word(&f.name));
    for field in fields {
        let word =
            match (code_word(&field.name), header_of_codes(&field.name), header_of_numbers(&field.name)) {
                (Some(word), ..) => word,
                (None, true, _) => "",
                (None, false, true) => any_word.unwrap_or_default(),
                (None, false, false) => continue,
            };
        let codes = cell_codes(&field.value, true);
        let bare = |c: &String| c.chars().all(|c| c.is_ascii_digit());
        let counts = header_of_numbers(&field.name) && word.is_empty() && codes.iter().any(bare);
        if !codes.is_empty() && !counts {
            return codes
                .into_iter()
                .map(|c| if bare(&c) && !word.is_empty() { format!("{word} {c}") } else { c })
                .collect();
        }
    }
    fields.first().map(|f| cell_codes(&f.value, false)).unwrap_or_default()
}

fn header_words(header: &str) -> impl Iterator<Item = &str> {
    header.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty())
}

fn is_one_of(word: &str, list: &[&str]) -> bool {
    list.contains(&word.to_lowercase().as_str())
}

/// The word in a header that its numbers are codes of.
fn code_word(header: &str) -> Option<&str> {
    header_words(header).find(|w| is_one_of(w, &["alarm", "error", "fault", "warning", "trip", "event"]))
}

fn header_of_codes(header: &str) -> bool {
    header_words(header).any(|w| is_one_of(w, &["code", "codes", "código", "故障代码"]))
}

fn header_of_numbers(header: &str) -> bool {
    header_words(header).any(|w| is_one_of(w, &["id", "no", "nr", "number"]))
}

/// The codes of a cell that holds nothing else ("E203", "E203 / E204", "ALARM:9"); under a
/// code header also bare numbers and letters with one digit.
fn cell_codes(cell: &str, headed: bool) -> Vec<String> {
    let parts: Vec<&str> = cell.split([',', ';', '/']).map(str::trim).filter(|p| !p.is_empty()).collect();
    let shaped = |part: &&str| {
        let normal = normalise(part);
        let letters = normal.chars().take_while(char::is_ascii_alphabetic).count();
        let digits = normal.chars().filter(char::is_ascii_digit).count();
        let short = part.chars().count() <= 12
            && normal.is_ascii()
            && part.chars().filter(|c| *c == ' ').count() <= 1;
        let enough =
            if headed { digits >= 1 } else { digits >= 2 && letters >= 1 && !is_designation(&normal) };
        let word = CODE_WORDS.contains(&normal.get(..letters).unwrap_or_default());
        let plain = part.chars().all(|c| c.is_alphanumeric() || " -_:#.".contains(c));
        short && enough && plain && (letters <= 4 || word) && !is_quantity(part)
    };
    if parts.is_empty() || !parts.iter().all(shaped) {
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

/// The code that a text starts with: "E203 Oil level low", "Fault F-37", "Alarm 9 – door".
pub fn leading_code(text: &str) -> Option<CodeMention> {
    let first = codes_in(text).into_iter().next()?;
    let before = text.get(..first.span.start)?;
    let codeword = |w: &str| CODE_WORDS.contains(&w.to_uppercase().as_str());
    header_words(before).all(codeword).then_some(first)
}

/// The code that a paragraph, list item or title defines: it starts with it, and a
/// separator or nothing follows ("E203: oil level low", "M42 – set a pin").
pub fn defined_code(text: &str) -> Option<CodeMention> {
    let separated =
        |rest: &str| rest.trim_start().starts_with([':', '–', '—', '=', '|']) || rest.starts_with(" - ");
    if let Some(first) = leading_code(text) {
        return separated(text.get(first.span.end..)?).then_some(first);
    }
    // Set apart like this, also what would be a size elsewhere is a code.
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '-')).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let word = word.trim_end_matches('-');
    let letters = word.chars().take_while(char::is_ascii_uppercase).count();
    let digits = word.get(letters..)?.trim_start_matches('-');
    let shaped = (1..=4).contains(&letters)
        && (1..=5).contains(&digits.len())
        && digits.chars().all(|c| c.is_ascii_digit());
    (shaped && (separated(rest) || rest.trim().is_empty())).then(|| CodeMention {
        text: word.to_owned(),
        normal: normalise(word),
        span: Span { start: 0, end: word.len() },
    })
}

/// The codes whose entry a heading opens: what it starts with, or what stands in brackets
/// at its end ("Oil level low (E203, E204)"). Bare numbers count only where `numbers` says
/// that the document heads its entries so.
pub fn heading_codes(heading: &str, numbers: bool) -> Vec<String> {
    if let Some(code) = leading_code(heading).or_else(|| defined_code(heading)) {
        return vec![code.text];
    }
    let long = |c: &String| c.chars().any(|c| c.is_ascii_alphabetic()) || c.len() >= LONG_NUMBER;
    let fits = |codes: Vec<String>| if codes.iter().all(long) { codes } else { Vec::new() };
    let bracketed = heading.trim_end().strip_suffix(')').and_then(|h| h.rsplit_once('('));
    let at_end = bracketed.map(|(_, inner)| fits(cell_codes(inner, numbers))).unwrap_or_default();
    if !at_end.is_empty() || !numbers {
        return at_end;
    }
    let first = heading.split(|c: char| c.is_whitespace() || ":–—".contains(c)).next().unwrap_or_default();
    let number = !first.is_empty() && first.len() <= 6 && first.chars().all(|c| c.is_ascii_digit());
    if number { fits(vec![first.to_owned()]) } else { Vec::new() }
}

/// A bare number of fewer digits is a chapter or an amount rather than a code.
const LONG_NUMBER: usize = 3;

/// Does a document head its entries with bare numbers? At least three headings say so.
pub fn heads_by_number<'h>(headings: impl Iterator<Item = &'h str>) -> bool {
    headings
        .filter(|h| heading_codes(h, false).is_empty() && !heading_codes(h, true).is_empty())
        .take(3)
        .count()
        == 3
}

/// A list of codes as front matter states it: "E203, E204" or "[E203, E204]".
pub fn stated_codes(list: &str) -> Vec<String> {
    cell_codes(list.trim().trim_start_matches('[').trim_end_matches(']'), true)
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
            role: None,
        };
        assert_eq!(
            own_codes_of_row(&[field("Code", "E203 / E204"), field("Meaning", "Oil")]),
            ["E203", "E204"]
        );
        assert_eq!(own_codes_of_row(&[field("Alarm", "9"), field("Meaning", "Door")]), ["Alarm 9"]);
        assert_eq!(own_codes_of_row(&[field("No.", "1"), field("Code", "F3")]), ["F3"]);
        assert_eq!(own_codes_of_row(&[field("ID", "9"), field("Alarm description", "Door")]), ["Alarm 9"]);
        assert_eq!(own_codes_of_row(&[field("No.", "9"), field("Part", "Seal")]), Vec::<String>::new());
        assert_eq!(own_codes_of_row(&[field("", "F-37")]), ["F-37"]);
        for (name, value) in [
            ("Thread", "M16"),
            ("Torque", "45"),
            ("Part", "Pump"),
            ("Voltage", "24 V"),
            ("Alarm", "Motor hot"),
        ] {
            assert_eq!(own_codes_of_row(&[field(name, value)]), Vec::<String>::new(), "{value}");
        }
    }

    #[test]
    fn headings_and_entries_name_their_code() {
        assert_eq!(leading_code("E203 Oil level low").unwrap().normal, "E203");
        assert_eq!(leading_code("Alarm 9 – door open").unwrap().normal, "ALARM9");
        assert_eq!(leading_code("Fault code F-37").unwrap().normal, "F37");
        assert_eq!(leading_code("After E203"), None);
        assert_eq!(defined_code("E203: oil level low").unwrap().normal, "E203");
        assert_eq!(defined_code("E203 is shown when"), None);
        assert_eq!(defined_code("M42 – set a pin").unwrap().normal, "M42");
        assert_eq!(defined_code("M16 bolts"), None);
        assert_eq!(heading_codes("Oil level low (E203, E204)", false), ["E203", "E204"]);
        assert_eq!(heading_codes("Stuck (13101, 31101)", false), Vec::<String>::new());
        assert_eq!(heading_codes("Stuck (13101, 31101)", true), ["13101", "31101"]);
        assert_eq!(heading_codes("2680: fuel low", true), ["2680"]);
        assert_eq!(heading_codes("8 Faults", true), Vec::<String>::new());
        assert!(heads_by_number(["100 a", "101 b", "102 c"].into_iter()));
        assert!(!heads_by_number(["100 a", "8 b", "E102 c"].into_iter()));
        assert_eq!(stated_codes("[ M10, M11 ]"), ["M10", "M11"]);
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
