//! Where a text's sentences begin and end.
//!
//! Safe for what manuals are full of: decimal points ("0.35 bar"), abbreviations
//! ("max. 210 bar", "see Fig. 3"), list markers ("1. Close V1") and hard-wrapped lines.

use crate::core::knowledge::passage::Span;

/// Abbreviations whose full stop ends no sentence, in lower case and without it.
const ABBREVIATIONS: &[&str] = &[
    "approx", "art", "ca", "cf", "ch", "chap", "dia", "diam", "e.g", "eq", "fig", "figs", "i.e", "incl",
    "max", "min", "nom", "nos", "para", "pos", "ref", "resp", "rev", "sec", "sect", "temp", "vol", "vs",
];

/// Abbreviations that are also words; they abbreviate only before a number ("No. 4").
const BEFORE_NUMBER: &[&str] = &["no", "nr", "p", "pp", "step", "item"];

/// Is the full stop at byte `dot` part of an abbreviation or a number?
pub fn is_abbreviation(text: &str, dot: usize) -> bool {
    let before = text.get(..dot).unwrap_or_default();
    let start = before
        .char_indices()
        .rev()
        .find(|(_, c)| !(c.is_alphanumeric() || *c == '.'))
        .map_or(0, |(i, c)| i + c.len_utf8());
    let word = before.get(start..).unwrap_or_default().to_lowercase();
    let after = text.get(dot + 1..).unwrap_or_default().trim_start();
    let next = after.chars().next();
    if ABBREVIATIONS.contains(&word.as_str()) {
        // "Use 210 bar max. Then …" does end a sentence: an abbreviation is followed by
        // a number or goes on in lower case.
        return next.is_some_and(|c| !c.is_uppercase());
    }
    BEFORE_NUMBER.contains(&word.as_str()) && next.is_some_and(|c| c.is_ascii_digit())
}

/// Length of the list marker that `line` begins with ("- ", "* ", "3. ", "3) "), or 0.
pub fn marker_len(line: &str) -> usize {
    let bytes = line.as_bytes();
    let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    let sign = match bytes.get(digits) {
        Some(b'.' | b')') if (1..=3).contains(&digits) => digits + 1,
        Some(b'-' | b'*' | b'+') if digits == 0 => 1,
        _ => match line.chars().next() {
            Some(c @ ('•' | '–' | '▪')) => c.len_utf8(),
            _ => return 0,
        },
    };
    let blanks = bytes.iter().skip(sign).take_while(|b| matches!(b, b' ' | b'\t')).count();
    if blanks == 0 { 0 } else { sign + blanks }
}

/// The sentences of `text` as byte spans into it, without surrounding blanks.
///
/// A list marker belongs to the sentence that it opens. Table pipes and blank lines end a
/// sentence too.
pub fn split(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    // One past the marker of the list item that is being read: its full stop is no end.
    let mut marker_end = leading_marker(text, 0);
    while let Some((i, c)) = chars.next() {
        let next = chars.peek().map(|&(_, n)| n);
        let end = i + c.len_utf8();
        let ends = match c {
            '.' => {
                end > marker_end
                    && next.is_none_or(|n| n.is_whitespace() || matches!(n, '"' | '”' | ')' | '*'))
                    && !is_abbreviation(text, i)
                    && !inline_marker(text, start, i)
            }
            '!' | '?' => next.is_none_or(|n| n.is_whitespace() || matches!(n, '"' | '”' | ')' | '*')),
            '。' | '！' | '？' | '|' => true,
            '\n' => {
                let rest = text.get(end..).unwrap_or_default();
                let line = rest.trim_start_matches([' ', '\t', '>']);
                let item = if opens_item(text, i, line) { marker_len(line) } else { 0 };
                if item > 0 {
                    marker_end = end + (rest.len() - line.len()) + item;
                }
                let blank = line.is_empty() || line.starts_with(['\n', '\r']);
                blank || line.starts_with('#') || item > 0
            }
            _ => false,
        };
        if ends {
            let mut close = end;
            while let Some(&(j, n)) = chars.peek() {
                if matches!(n, '"' | '”' | ')' | '*') && c != '\n' && c != '|' {
                    close = j + n.len_utf8();
                    chars.next();
                } else {
                    break;
                }
            }
            push(text, start, close, &mut spans);
            start = close;
        }
    }
    push(text, start, text.len(), &mut spans);
    spans
}

/// Does the line after the newline at `newline` open a list item, rather than go on with
/// a sentence that was wrapped before a number ("set it to\n12. Then …")?
fn opens_item(text: &str, newline: usize, line: &str) -> bool {
    if !line.starts_with(|c: char| c.is_ascii_digit()) {
        return true;
    }
    let before = text.get(..newline).unwrap_or_default().trim_end();
    before.is_empty() || before.ends_with(['.', ':', ';', '!', '?', ')'])
}

/// One past the list marker at the start of the line at `at`, or `at`.
fn leading_marker(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let line = rest.trim_start();
    match marker_len(line) {
        0 => at,
        n => at + (rest.len() - line.len()) + n,
    }
}

/// Is the stop at `dot` that of a marker that opens the sentence begun at `start`
/// ("… closed. 2. Open the drain")?
fn inline_marker(text: &str, start: usize, dot: usize) -> bool {
    let head = text.get(start..dot).unwrap_or_default().trim_start();
    (1..=2).contains(&head.len()) && head.bytes().all(|b| b.is_ascii_digit())
}

fn push(text: &str, start: usize, end: usize, spans: &mut Vec<Span>) {
    let Some(piece) = text.get(start..end) else {
        return;
    };
    let trimmed = piece.trim_matches(|c: char| c.is_whitespace() || c == '|');
    if !trimmed.chars().any(char::is_alphanumeric) {
        return;
    }
    let lead = piece.len() - piece.trim_start_matches(|c: char| c.is_whitespace() || c == '|').len();
    spans.push(Span { start: start + lead, end: start + lead + trimmed.len() });
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(text: &str) -> Vec<&str> {
        split(text).iter().map(|s| s.of(text).unwrap()).collect()
    }

    #[test]
    fn decimals_and_abbreviations_end_no_sentence() {
        assert_eq!(
            cut("Set 0.35 bar. Use max. 210 bar, e.g. with oil no. 4. See Fig. 3!"),
            ["Set 0.35 bar.", "Use max. 210 bar, e.g. with oil no. 4.", "See Fig. 3!"]
        );
        assert_eq!(cut("Tighten to 210 Nm max. Then check."), ["Tighten to 210 Nm max.", "Then check."]);
        assert_eq!(cut("Is it open? No. Close it."), ["Is it open?", "No.", "Close it."]);
    }

    #[test]
    fn list_items_are_sentences_and_keep_their_markers() {
        assert_eq!(
            cut("Do this:\n1. Close V1.\n2. Bleed the line. Wait.\n- a note\n- another"),
            ["Do this:", "1. Close V1.", "2. Bleed the line.", "Wait.", "- a note", "- another"]
        );
        assert_eq!(cut("1. Close V1. 2. Open V2."), ["1. Close V1.", "2. Open V2."]);
    }

    #[test]
    fn wrapped_lines_go_on_and_blank_lines_end() {
        assert_eq!(
            cut("The filter is\nblocked. Clean\nit.\n\nNext part"),
            ["The filter is\nblocked.", "Clean\nit.", "Next part"]
        );
        assert_eq!(cut("Set the counter to\n12. Then start."), ["Set the counter to\n12.", "Then start."]);
    }

    #[test]
    fn table_cells_and_chinese_stops_end_sentences() {
        assert_eq!(cut("| E203 | Filter blocked |"), ["E203", "Filter blocked"]);
        assert_eq!(cut("过滤器堵塞。更换滤芯。"), ["过滤器堵塞。", "更换滤芯。"]);
    }

    proptest! {
        #[test]
        fn spans_are_in_order_within_the_text_and_on_boundaries(text in "(?s).{0,200}") {
            let mut last = 0;
            for span in split(&text) {
                prop_assert!(span.start >= last && span.end >= span.start);
                prop_assert!(span.of(&text).is_some());
                last = span.end;
            }
        }
    }
}
