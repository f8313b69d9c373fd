//! Codes in running text, by the shapes that they have in every manual.

use std::sync::LazyLock;

use regex::Regex;

use super::words::{STANDARDS, class_of, folded, is_designation, is_unit};
use super::{CodeMention, normalise};
use crate::core::knowledge::language::is_han;
use crate::core::knowledge::passage::Span;

fn shapes() -> Option<&'static Regex> {
    static SHAPES: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(concat!(
            r"(?P<hex>0[xX][0-9A-Fa-f]{2,8})",
            r"|(?P<vehicle>[PCBU][0-9][0-9A-F]{3})",
            r"|(?P<word>(?i:alarmas?|alarms?|errores|errors?|faults?|fallos?|fallas?|aver[ií]as?|warning|",
            r"advertencia|aviso|trip|disparo|evento?|err|alm|code|c[oó]digo)",
            r"(?: ?[:#] ?| (?i:(?:code|no\.|number|n[uú]mero|n[.º°]{1,2}) )?|-)[0-9]{1,5})",
            r"|(?P<spaced>(?i:alarma?|error|fault|fallo|falla|aver[ií]a|code|c[oó]digo|warning) [A-Z] [0-9]{1,4})",
            r"|(?P<han>(?:报警|警报|告警|错误|报错|故障|警告|事件|跳闸)(?:代码|编号|码|号)?\s?[:：]?\s?[0-9]{1,5})",
            r"|(?P<err>(?:Err|ERR|err|Alm|ALM)[-_.]?[0-9]{1,4})",
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
    // Chinese sets no spaces around a code.
    let joins = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() && !is_han(c));
    let continues = matches!(next, Some('-' | '.' | '_' | ',')) && second.is_some_and(|c| c.is_ascii_digit());
    let starts_han = text.get(span.start..).is_some_and(|t| t.starts_with(is_han));
    let runs_on = !starts_han && (joins(before) || matches!(before, Some('-' | '_' | '.' | '$' | '#')));
    !runs_on && !joins(next) && !continues
}

fn is_code(text: &str, span: Span, found: &regex::Captures<'_>) -> bool {
    let following = text.get(span.end..).unwrap_or_default().trim_start();
    if found.name("word").is_some() || found.name("spaced").is_some() || found.name("han").is_some() {
        return !is_counted(following);
    }
    let Some(plain) = found.name("plain") else {
        return true;
    };
    let normal = normalise(plain.as_str());
    let digits = normal.chars().filter(char::is_ascii_digit).count();
    let before = text.get(..span.start).unwrap_or_default();
    let standard = word_before(before).is_some_and(|w| STANDARDS.contains(&w.to_uppercase().as_str()));
    let enough = digits >= 2 || is_after_code_word(before);
    enough && !is_designation(&normal) && !standard
}

/// Does a unit or a counter follow a number?
pub(super) fn is_counted(following: &str) -> bool {
    let han = following.chars().next().filter(|c| is_han(*c));
    let unit = match han {
        Some(c) => c.to_string(),
        None => {
            following.split(|c: char| !c.is_alphabetic() || is_han(c)).next().unwrap_or_default().to_owned()
        }
    };
    is_unit(&unit) || following.starts_with(['%', '°'])
}

fn word_before(before: &str) -> Option<&str> {
    before.trim_end().rsplit(|c: char| !c.is_alphanumeric()).next().filter(|w| !w.is_empty())
}

/// Does a text end in a code word ("fault code", "el fallo", "故障代码")?
pub(super) fn is_after_code_word(before: &str) -> bool {
    let Some(word) = word_before(before) else { return false };
    if word.ends_with(is_han) {
        let words = ["报警", "警报", "告警", "错误", "报错", "故障", "警告", "代码", "故障码"];
        return words.iter().any(|w| word.ends_with(w));
    }
    class_of(&folded(word)).is_some_and(|class| class != super::words::Class::Setting)
}

/// The code that a text starts with: "E203 Oil level low", "Fault F-37", "Alarm 9 – door".
pub fn leading_code(text: &str) -> Option<CodeMention> {
    let first = codes_in(text).into_iter().next()?;
    let before = text.get(..first.span.start)?;
    header_words(before).all(|w| class_of(&folded(w)).is_some()).then_some(first)
}

pub(super) fn header_words(header: &str) -> impl Iterator<Item = &str> {
    header.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty())
}

/// The code that a paragraph, list item or title defines: it starts with it, and a
/// separator or nothing follows ("E203: oil level low", "M42 – set a pin").
pub fn defined_code(text: &str) -> Option<CodeMention> {
    if let Some(first) = leading_code(text) {
        return is_separated(text.get(first.span.end..)?).then_some(first);
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
    (shaped && (is_separated(rest) || rest.trim().is_empty())).then(|| CodeMention {
        text: word.to_owned(),
        normal: normalise(word),
        span: Span { start: 0, end: word.len() },
    })
}

/// Does a text go on after a separator?
pub(super) fn is_separated(rest: &str) -> bool {
    rest.trim_start().starts_with([':', '：', '–', '—', '=', '|']) || rest.starts_with(" - ")
}
