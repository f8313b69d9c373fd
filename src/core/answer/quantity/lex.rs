//! A text as the pieces that quantities are made of.

use super::numeral::{self, Style};
use super::unit::{self, Unit};
use crate::core::answer::sentence::is_abbreviation;

/// One piece.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    /// A number, with its unit where one follows.
    Number(Literal),
    /// A code-shaped word: letters and digits together.
    Code,
    /// Any other word, in lower case.
    Word(String),
    /// A sign.
    Sign(char),
    /// The end of a sentence, item or cell: nothing reaches across it.
    Stop,
}

/// A number as it was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Literal {
    pub value: f64,
    pub unit: Option<Unit>,
    /// Written in words.
    pub spelled: bool,
    /// The number of a list item ("3." at the start of a line).
    pub marker: bool,
}

/// A piece with its bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lexeme {
    pub piece: Piece,
    pub start: usize,
    pub end: usize,
}

/// Cuts `text` into pieces.
pub(super) fn lex(text: &str) -> Vec<Lexeme> {
    let mut out: Vec<Lexeme> = Vec::new();
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = &text[at..];
        let (piece, len) = if c.is_whitespace() {
            let len: usize = rest.chars().take_while(|c| c.is_whitespace()).map(char::len_utf8).sum();
            let blank_line = rest[..len].matches('\n').count() > 1;
            let item = rest[..len].contains('\n') && super::super::sentence::marker_len(&rest[len..]) > 0;
            if !blank_line && !item {
                at += len;
                continue;
            }
            (Piece::Stop, len)
        } else if let Some((value, len)) = fraction_sign(c) {
            with_unit(text, at, value, len, false)
        } else if c.is_ascii_digit() {
            number(text, at)
        } else if is_han(c) {
            han(rest)
        } else if c.is_alphanumeric() {
            word(text, at)
        } else if rest.starts_with("+/-") || rest.starts_with("+/−") {
            (Piece::Sign('±'), rest.chars().take(3).map(char::len_utf8).sum())
        } else if rest.starts_with(">=") || rest.starts_with("=>") {
            (Piece::Sign('≥'), 2)
        } else if rest.starts_with("<=") || rest.starts_with("=<") {
            (Piece::Sign('≤'), 2)
        } else if let Some(sign) = full_width(c) {
            (Piece::Sign(sign), c.len_utf8())
        } else if rest.starts_with("...") {
            (Piece::Sign('…'), 3)
        } else if ends_here(text, at, c) {
            (Piece::Stop, c.len_utf8())
        } else {
            (Piece::Sign(c), c.len_utf8())
        };
        out.push(Lexeme { piece, start: at, end: at + len });
        at += len;
    }
    out
}

fn ends_here(text: &str, at: usize, c: char) -> bool {
    match c {
        '!' | '?' | '。' | ';' | '；' | '|' => true,
        '.' => {
            let next = text[at + 1..].chars().next();
            next.is_none_or(char::is_whitespace) && !is_abbreviation(text, at)
        }
        _ => false,
    }
}

/// Signs as Chinese typesetting has them.
fn full_width(c: char) -> Option<char> {
    Some(match c {
        '＞' => '>',
        '＜' => '<',
        '≧' => '≥',
        '≦' => '≤',
        '～' | '〜' => '~',
        '，' | '、' => ',',
        '（' => '(',
        '）' => ')',
        '：' => ':',
        _ => return None,
    })
}

/// Is `c` a sign of a script that sets no blanks between words?
pub(super) fn is_han(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}')
}

/// Chinese words that a run of signs is cut at: comparisons, negations, joints of ranges,
/// and words that only look like one of them ("不锈钢" is steel). Longer ones first.
const HAN: &[&str] = &[
    "不锈", "不同", "不仅", "不得", "不能", "不可", "不应", "不要", "不会", "禁止", "严禁", "没有", "超过",
    "超出", "大于", "高于", "多于", "长于", "达到", "小于", "低于", "少于", "短于", "不足", "至少", "至多",
    "最大", "最高", "最多", "最长", "最小", "最低", "最少", "最短", "上限", "下限", "以上", "以下", "以内",
    "之内", "之间", "不", "未", "勿", "至", "到", "约", "负", "正负",
];

/// A Chinese word that means something beside a number, or the run of signs up to the next.
fn han(rest: &str) -> (Piece, usize) {
    if let Some(word) = HAN.iter().filter(|w| rest.starts_with(**w)).max_by_key(|w| w.len()) {
        return (Piece::Word((*word).to_owned()), word.len());
    }
    let mut end = rest.len();
    for (i, c) in rest.char_indices() {
        if i > 0 && (!is_han(c) || HAN.iter().any(|w| rest[i..].starts_with(w))) {
            end = i;
            break;
        }
    }
    (Piece::Word(rest[..end].to_owned()), end)
}

fn fraction_sign(c: char) -> Option<(f64, usize)> {
    let value = match c {
        '½' => 0.5,
        '¼' => 0.25,
        '¾' => 0.75,
        _ => return None,
    };
    Some((value, c.len_utf8()))
}

/// A piece for a number of `len` bytes at `at`, taking a unit that follows.
fn with_unit(text: &str, at: usize, value: f64, len: usize, spelled: bool) -> (Piece, usize) {
    let (unit, extra) = match unit::read(&text[at + len..]).or_else(|| qualified(&text[at + len..])) {
        Some((unit, extra)) => (Some(unit), extra),
        None => (None, 0),
    };
    (Piece::Number(Literal { value, unit, spelled, marker: false }), len + extra)
}

/// " operating hours": a unit behind a word that only says of which sort it is.
fn qualified(tail: &str) -> Option<(Unit, usize)> {
    const SORTS: &[&str] = &[
        "operating",
        "working",
        "running",
        "full",
        "whole",
        "complete",
        "consecutive",
        "calendar",
        "further",
        "more",
    ];
    let word = tail.strip_prefix(' ')?;
    let sort = SORTS.iter().find(|s| word.starts_with(**s) && word[s.len()..].starts_with(' '))?;
    let used = 1 + sort.len();
    let (unit, extra) = unit::read(&tail[used..])?;
    // Spelled: "2 more m" is nobody's wording.
    (extra > 3).then_some((unit, used + extra))
}

/// A number in digits, or a code that begins with a digit ("10W-40", "3D", "2024-05-13").
fn number(text: &str, at: usize) -> (Piece, usize) {
    let rest = &text[at..];
    let (digits, len) = digits(rest);
    let Some(value) = digits else {
        return (Piece::Code, len.max(1));
    };
    let tail = &rest[len..];
    let next = tail.chars().next();
    if is_marker(text, at, len, next) {
        return (Piece::Number(Literal { value, unit: None, spelled: false, marker: true }), len + 1);
    }
    // "1/2", "3/4", and "1 1/2" behind a whole number.
    if let Some((part, used)) = fraction(rest) {
        return with_unit(text, at, part, used, false);
    }
    if let Some((part, used)) = tail.strip_prefix(' ').and_then(fraction) {
        return with_unit(text, at, value + part, len + 1 + used, false);
    }
    // "10W-40" is a grade, not ten watts.
    let grade =
        tail.starts_with(|c: char| c.is_alphanumeric() && !is_han(c)) && rest[..code_len(rest)].contains('-');
    // "the 1990s" are years, not seconds.
    let decade = len == 4
        && matches!(rest.as_bytes().first(), Some(b'1' | b'2'))
        && tail.starts_with('s')
        && !tail[1..].starts_with(char::is_alphanumeric);
    if decade {
        return (Piece::Number(Literal { value, unit: None, spelled: false, marker: false }), len + 1);
    }
    // "14 million"
    if let Some((factor, used)) = scale(tail) {
        return with_unit(text, at, value * factor, len + used, false);
    }
    if !grade && let Some((unit, extra)) = unit::read(tail) {
        return (
            Piece::Number(Literal { value, unit: Some(unit), spelled: false, marker: false }),
            len + extra,
        );
    }
    if let Some(c) = next.filter(|c| c.is_alphanumeric() && !is_han(*c) || *c == '_') {
        let run = code_len(rest);
        let glued = &tail[..run.saturating_sub(len)];
        if ["st", "nd", "rd", "th"].contains(&glued.to_lowercase().as_str()) {
            return (Piece::Word(rest[..run].to_lowercase()), run);
        }
        // "4x M16", "2×": the sign is the next piece.
        let times = (c == 'x' || c == 'X') && !tail[1..].starts_with(char::is_alphabetic);
        if !times {
            return (Piece::Code, run.max(len));
        }
    }
    with_unit(text, at, value, len, false)
}

/// " million" behind digits: its factor and bytes.
fn scale(tail: &str) -> Option<(f64, usize)> {
    let word = tail.strip_prefix([' ', '\u{a0}', '-'])?;
    let gap = tail.len() - word.len();
    let end = word.find(|c: char| !c.is_alphabetic()).unwrap_or(word.len());
    let factor = match word.get(..end)?.to_lowercase().as_str() {
        "thousand" => 1e3,
        "million" | "millones" => 1e6,
        "billion" => 1e9,
        _ => return None,
    };
    Some((factor, gap + end))
}

/// Is the number of `len` bytes at `at` that of a list item? `next` follows it.
fn is_marker(text: &str, at: usize, len: usize, next: Option<char>) -> bool {
    if !matches!(next, Some('.' | ')')) || len > 3 {
        return false;
    }
    let after = text[at + len + 1..].chars().next();
    if !after.is_some_and(char::is_whitespace) {
        return false;
    }
    let before = text[..at].trim_end();
    let gap = &text[before.len()..at];
    let ended = before.is_empty() || before.ends_with(['.', '!', '?']);
    let item = gap.contains('\n') && (ended || before.ends_with([':', ';', ')']));
    let blank_line = gap.matches('\n').count() > 1;
    let opens = text[at + len + 1..].trim_start().starts_with(|c: char| c.is_uppercase() || c == '*');
    before.is_empty() || item || blank_line || (ended && next == Some('.') && len <= 2 && opens)
}

/// The value of the digits at the start of `text`, `None` where they are a code of their
/// own (a date, "4.2.1", "4021-33-7"), and their bytes.
///
/// "1,000" and "1 000" have thousands, "0,35" and "1,5" a decimal comma, "1.000,5" and
/// "1,000.5" both.
fn digits(text: &str) -> (Option<f64>, usize) {
    let bytes = text.as_bytes();
    let run = |from: usize| bytes.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
    let mut len = run(0);
    let mut groups = vec![(' ', &text[..len])];
    while let Some(sep) = text[len..].chars().next() {
        let from = len + sep.len_utf8();
        let n = run(from);
        let joins = match sep {
            '.' | ',' => n > 0,
            ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\'' | '’' => {
                let first = groups.first().map_or("", |g| g.1);
                let only_blanks = groups.iter().skip(1).all(|g| g.0 == sep);
                n == 3
                    && only_blanks
                    && (1..=3).contains(&first.len())
                    && !first.starts_with('0')
                    && !text[from + n..].starts_with(|c: char| c.is_alphanumeric())
            }
            _ => false,
        };
        if !joins {
            break;
        }
        groups.push((sep, &text[from..from + n]));
        len = from + n;
    }
    // A date or a part number: digits joined twice by hyphens.
    let dashed = code_len(text);
    if text[..dashed].matches('-').count() >= 2
        && text[..dashed].bytes().all(|b| b.is_ascii_digit() || b == b'-')
    {
        return (None, dashed);
    }
    let count = |c: char| groups.iter().filter(|g| g.0 == c).count();
    let threes = |c: char| groups.iter().filter(|g| g.0 == c).all(|g| g.1.len() == 3);
    let (dots, commas) = (count('.'), count(','));
    let first = groups.first().map_or("", |g| g.1);
    let decimal = match (dots, commas) {
        (0, 0) => None,
        (1, 0) => Some('.'),
        (0, 1) if threes(',') && first.len() <= 3 && first != "0" => None,
        (0, 1) => Some(','),
        (0, _) if threes(',') && first.len() <= 3 => None,
        (_, 0) => return (None, len),
        (1, _) if groups.last().is_some_and(|g| g.0 == '.') && threes(',') => Some('.'),
        (_, 1) if groups.last().is_some_and(|g| g.0 == ',') && threes('.') => Some(','),
        // A list without blanks ("1,2,3"): its first item.
        _ => return (first.parse().ok(), first.len()),
    };
    let mut number = String::with_capacity(len);
    for (sep, group) in &groups {
        if Some(*sep) == decimal {
            number.push('.');
        }
        number.push_str(group);
    }
    (number.parse().ok(), len)
}

/// "3/4" at the start of `text`: its value and bytes. "4/3-way" is no fraction.
fn fraction(text: &str) -> Option<(f64, usize)> {
    let top = text.bytes().take_while(u8::is_ascii_digit).count();
    let rest = text[top..].strip_prefix('/')?;
    let bottom = rest.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=2).contains(&top) || !(1..=3).contains(&bottom) || rest[bottom..].starts_with(['/', '.', '-']) {
        return None;
    }
    let (n, d): (f64, f64) = (text[..top].parse().ok()?, rest[..bottom].parse().ok()?);
    (d != 0.0).then(|| (n / d, top + 1 + bottom))
}

/// A word, a number in words, or a code that begins with a letter.
fn word(text: &str, at: usize) -> (Piece, usize) {
    let rest = &text[at..];
    let run = code_len(rest);
    if rest[..run].bytes().any(|b| b.is_ascii_digit()) {
        return (Piece::Code, run);
    }
    let end = rest
        .find(|c: char| !(c.is_alphanumeric() && !is_han(c) || c == '_' || c == '\'' || c == '’'))
        .unwrap_or(rest.len());
    let end = end.max(rest.chars().next().map_or(1, char::len_utf8));
    // "E 203": one capital and a number without a unit are one code; "A" and "I" are words.
    let capital = end == 1 && rest.starts_with(|c: char| c.is_ascii_uppercase() && c != 'A' && c != 'I');
    if capital && let Some(tail) = rest[1..].strip_prefix(' ') {
        let n = tail.bytes().take_while(u8::is_ascii_digit).count();
        let closed = !tail[n..].starts_with(|c: char| {
            c.is_alphanumeric()
                || matches!(c, '.' | ',' | '/') && tail[n + 1..].starts_with(|d: char| d.is_ascii_digit())
        });
        if n > 0 && closed && unit::read(&tail[n..]).is_none() {
            return (Piece::Code, 2 + n);
        }
    }
    if let Some(n) = numeral::read(rest, Style::Written) {
        let (piece, len) = with_unit(text, at, n.value, n.len, true);
        // "one" alone is a pronoun ("one of the bolts") unless it measures something.
        let counts = n.words > 1 || n.value != 1.0 || matches!(&piece, Piece::Number(l) if l.unit.is_some());
        if counts {
            return (piece, len);
        }
    }
    (Piece::Word(rest[..end].to_lowercase()), end)
}

/// Bytes of the run at the start of `text` that would be one code: letters and digits,
/// joined by `-` where what follows holds a digit and what precedes is short or in
/// capitals ("PJ-40", "10W-40"), and by `.` between digits where letters came before.
pub(super) fn code_len(text: &str) -> usize {
    let piece = |from: usize| -> usize {
        text[from..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').map(char::len_utf8).sum()
    };
    let mut len = piece(0);
    while let Some(sep @ ('-' | '.')) = text[len..].chars().next() {
        let next = piece(len + 1);
        let (head, tail) = (&text[..len], &text[len + 1..len + 1 + next]);
        let digit = |s: &str| s.bytes().any(|b| b.is_ascii_digit());
        let letters = head.bytes().filter(u8::is_ascii_alphabetic).count();
        let joins = match sep {
            '-' => {
                let short =
                    letters <= 5 && (head.len() <= 3 || !head.bytes().any(|b| b.is_ascii_lowercase()));
                let both = digit(head)
                    && letters > 0
                    && tail.starts_with(|c: char| c.is_ascii_alphabetic())
                    && digit(tail);
                // "E203-E207" are two codes; "10-15" is a range; "2024-05-13" a date.
                let numeric = letters == 0 && tail.bytes().all(|b| b.is_ascii_digit());
                let date = numeric
                    && (head.contains('-')
                        || text[len + 1 + next..].starts_with('-')
                            && text[len + 2 + next..].starts_with(|c: char| c.is_ascii_digit()));
                digit(tail) && if numeric { date } else { short && !both && letters > 0 }
            }
            _ => {
                letters > 0
                    && head.ends_with(|c: char| c.is_ascii_digit())
                    && tail.starts_with(|c: char| c.is_ascii_digit())
            }
        };
        if next == 0 || !joins {
            break;
        }
        len += 1 + next;
    }
    len
}
