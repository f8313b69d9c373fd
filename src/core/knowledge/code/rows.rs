//! Codes of table rows and headings: whose entry a row or a section is.

use super::normalise;
use super::shape::{is_capitals, is_snake};
use super::text::{defined_code, header_words, leading_code};
use super::words::{Class, REPORTS, class_of, folded, is_designation, is_unit};
use crate::core::knowledge::language::is_han;
use crate::core::knowledge::passage::Field;

/// The codes whose own entry a table row is: those in the cell under a column headed as a
/// code, or in the first cell, where the cell holds codes and nothing else. A bare number
/// takes the header's word ("9" under "Alarm", or under "ID" beside "Alarm description",
/// is "Alarm 9"); without one, a column of numbers only counts its rows.
pub fn own_codes_of_row(fields: &[Field]) -> Vec<String> {
    let any_word = fields.iter().find_map(|f| code_word(&f.name));
    // A running number beside a column of codes only counts the rows.
    let headed = fields.iter().map(|field| (field, Header::of(&field.name)));
    let (counted, others): (Vec<_>, Vec<_>) = headed.partition(|(_, header)| header.numbers);
    for (field, header) in others.into_iter().chain(counted) {
        let word = match (&header.word, header.codes, header.numbers) {
            (Some(word), ..) => word.clone(),
            (None, true, _) => String::new(),
            (None, false, true) => any_word.clone().unwrap_or_default(),
            (None, false, false) => continue,
        };
        let codes = cell_codes(&field.value, Accept::HEADED);
        let counts = header.numbers && word.is_empty() && codes.iter().any(|c| is_bare(c));
        if !codes.is_empty() && !counts {
            return codes.into_iter().map(|c| under(&word, c)).collect();
        }
    }
    fields.first().map(|f| cell_codes(&f.value, Accept::default())).unwrap_or_default()
}

/// A cell's code under its header's word: "9" under "Alarm" is "Alarm 9".
pub(super) fn under(word: &str, code: String) -> String {
    match word {
        _ if word.is_empty() || !is_bare(&code) => code,
        "$" => format!("${code}"),
        _ => format!("{word} {code}"),
    }
}

fn is_bare(code: &str) -> bool {
    code.chars().all(|c| c.is_ascii_digit())
}

/// What a table's header says about its column.
#[derive(Debug, Default)]
pub(super) struct Header {
    /// The word that its numbers are codes of, as written: "Alarm", "fallo", "$".
    pub word: Option<String>,
    /// That word's class.
    pub class: Option<Class>,
    /// Is it headed as codes?
    pub codes: bool,
    /// As a running number, an identity?
    pub numbers: bool,
    /// As bits or positions?
    pub bits: bool,
    /// As settings or parameters?
    pub settings: bool,
    /// As what a display shows?
    pub display: bool,
    /// As parts or terminals?
    pub parts: bool,
}

impl Header {
    pub(super) fn of(header: &str) -> Self {
        let mut out = Header::default();
        let mut words: Vec<String> = header_words(header).map(folded).collect();
        let han: String = header.chars().filter(|c| is_han(*c)).collect();
        for (class, word) in HAN {
            if han.contains(word) {
                out.note(*class, word);
            }
        }
        words.retain(|w| !w.contains(is_han));
        for (word, written) in words.iter().zip(header_words(header).filter(|w| !w.contains(is_han))) {
            if let Some(class) = class_of(word) {
                out.note(class, singular(written, word));
            }
            let word = word.as_str();
            out.numbers |= matches!(word, "id" | "no" | "nr" | "number" | "num" | "numero" | "n");
            out.bits |= matches!(word, "position" | "pos" | "posicion");
            out.display |= matches!(
                word,
                "display" | "panel" | "shown" | "pantalla" | "visor" | "indicacion" | "indication"
            );
            out.parts |= matches!(
                word,
                "part"
                    | "article"
                    | "order"
                    | "item"
                    | "terminal"
                    | "terminals"
                    | "pin"
                    | "borne"
                    | "bornes"
                    | "referencia"
                    | "pieza"
            );
        }
        out.numbers |= ["序号", "编号", "号码"].iter().any(|w| han.contains(w));
        out.display |= han.contains("显示");
        out.parts |= ["端子", "件号", "料号"].iter().any(|w| han.contains(w));
        // "Fault current (A)", "alarm limit", 报警值: its numbers are amounts.
        let unit = bracketed(header).is_some_and(|inner| is_unit(inner.trim()) || inner.contains(['%', '°']));
        let amount = words.iter().any(|w| AMOUNTS.contains(&w.as_str()))
            || HAN_AMOUNTS.iter().any(|w| han.contains(w));
        if unit || amount {
            (out.word, out.codes) = (None, false);
        }
        // One "$" is a setting's; two enclose a formula.
        if header.trim_start().starts_with('$') && header.matches('$').count() == 1 {
            (out.word, out.settings) = (Some("$".into()), true);
        }
        out
    }

    fn note(&mut self, class: Class, word: &str) {
        match class {
            Class::Code => self.codes = true,
            Class::Bit => self.bits = true,
            Class::Setting => self.settings = true,
            _ if self.word.is_none() => (self.word, self.class) = (Some(word.to_owned()), Some(class)),
            _ => {}
        }
    }

    /// Does the column report faults?
    pub(super) fn reports(&self) -> bool {
        self.class.is_some_and(|c| REPORTS.contains(&c))
    }
}

/// What numbers beside a code word may be amounts of.
#[rustfmt::skip]
const AMOUNTS: &[&str] = &[
    "limit", "limits", "level", "value", "current", "time", "temperature", "pressure", "voltage", "delay", "count",
    "threshold", "speed", "rate", "percent", "limite", "limites", "nivel", "valor", "corriente", "tiempo",
    "temperatura", "presion", "tension", "retardo", "umbral", "velocidad", "veces",
];
const HAN_AMOUNTS: &[&str] = &["值", "电流", "时间", "温度", "压力", "电压", "延时", "次数", "阈"];

const HAN: &[(Class, &str)] = &[
    (Class::Alarm, "报警"),
    (Class::Alarm, "警报"),
    (Class::Alarm, "告警"),
    (Class::Error, "错误"),
    (Class::Fault, "故障"),
    (Class::Warning, "警告"),
    (Class::Code, "代码"),
    (Class::Code, "编码"),
    (Class::Code, "代号"),
    (Class::Code, "故障码"),
    (Class::Setting, "参数"),
    (Class::Setting, "功能码"),
];

/// "Alarms" → "Alarm": how one of them is written.
fn singular<'w>(written: &'w str, folded: &str) -> &'w str {
    let cut = match folded {
        "errores" => 2,
        "alarms" | "errors" | "faults" | "failures" | "warnings" | "events" | "trips" | "alarmas"
        | "fallos" | "fallas" | "averias" | "advertencias" | "avisos" | "eventos" | "disparos" => 1,
        _ => 0,
    };
    let kept = written.chars().count().saturating_sub(cut);
    let end = written.char_indices().nth(kept).map_or(written.len(), |(i, _)| i);
    written.get(..end).unwrap_or(written)
}

/// The word in a header that its numbers are codes of.
fn code_word(header: &str) -> Option<String> {
    let header = Header::of(header);
    header.word.filter(|_| header.class.is_some())
}

/// What a cell may hold to be one of codes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Accept {
    /// Bare numbers and letters with one digit.
    pub short: bool,
    /// Two or three letters, or one, without digits.
    pub letters: bool,
    /// Names in capitals.
    pub names: bool,
}

impl Accept {
    /// Under a header of codes.
    pub(super) const HEADED: Self = Accept { short: true, letters: false, names: true };
}

/// The codes of a cell that holds nothing else ("E203", "E203 / E204", "ALARM:9").
pub(super) fn cell_codes(cell: &str, accept: Accept) -> Vec<String> {
    let parts: Vec<&str> = cell
        .split([',', ';', '/', '、', '，'])
        .map(|p| p.trim().trim_matches(['`', '"', '“', '”', '「', '」', '[', ']']))
        .filter(|p| !p.is_empty())
        .collect();
    if parts.is_empty() || !parts.iter().all(|part| is_cell_code(part, accept)) {
        return Vec::new();
    }
    parts.into_iter().map(str::to_owned).collect()
}

fn is_cell_code(part: &str, accept: Accept) -> bool {
    if is_snake(part) || accept.names && is_capitals(part) && part.len() > 5 {
        return true;
    }
    if accept.letters && is_letters(part) {
        return true;
    }
    let normal = normalise(part);
    let letters = normal.chars().take_while(char::is_ascii_alphabetic).count();
    let digits = normal.chars().filter(char::is_ascii_digit).count();
    let longest = if accept.short { 16 } else { 12 };
    let short = part.chars().count() <= longest
        && normal.is_ascii()
        && part.chars().filter(|c| *c == ' ').count() <= 1;
    let enough =
        if accept.short { digits >= 1 } else { digits >= 2 && letters >= 1 && !is_designation(&normal) };
    let word = normal.get(..letters).is_some_and(|w| class_of(&w.to_lowercase()).is_some());
    let plain = part.trim_start_matches('$').chars().all(|c| c.is_alphanumeric() || " -_:#.".contains(c));
    let few = normal.chars().filter(char::is_ascii_alphabetic).count() <= 6;
    short && enough && plain && (letters <= 4 && few || word) && !is_quantity(part)
}

/// Letters in capitals, as codes without digits are: "HE", "EC", "P".
pub(super) fn is_letters(part: &str) -> bool {
    part.len() <= 3 && !part.is_empty() && part.chars().all(|c| c.is_ascii_uppercase())
}

/// "24 V", "3.5", "50Hz": a number with a unit or a fraction.
fn is_quantity(part: &str) -> bool {
    let unit = part.trim_start_matches(|c: char| c.is_ascii_digit() || ".-+ ".contains(c));
    let number = part.strip_suffix(unit).unwrap_or_default();
    number.contains(|c: char| c.is_ascii_digit()) && (is_unit(unit) || number.contains('.'))
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
    let accept = Accept { short: numbers, ..Accept::default() };
    let at_end = bracketed(heading).map(|inner| fits(cell_codes(inner, accept))).unwrap_or_default();
    if !at_end.is_empty() || !numbers {
        return at_end;
    }
    let first = heading.split(|c: char| c.is_whitespace() || ":–—".contains(c)).next().unwrap_or_default();
    let number = !first.is_empty() && first.len() <= 6 && is_bare(first);
    if number { fits(vec![first.to_owned()]) } else { Vec::new() }
}

/// What stands in brackets at a text's end.
pub(super) fn bracketed(text: &str) -> Option<&str> {
    let text = text.trim_end();
    let inner = |close, open| text.strip_suffix(close).and_then(|t: &str| t.rsplit_once(open));
    inner(')', '(').or_else(|| inner('）', '（')).or_else(|| inner(']', '[')).map(|(_, inner)| inner)
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
    let accept = Accept { letters: true, ..Accept::HEADED };
    cell_codes(list.trim().trim_start_matches('[').trim_end_matches(']'), accept)
}
