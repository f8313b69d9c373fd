//! Plain text: headings by underline, capitals or section number; steps by number.

use super::signal::{self, Setting};
use super::{Block, BlockKind, Document, Reader, decode, join_lone_signals, single_spaced, trimmed};
use crate::core::Result;

/// Reads plain text.
pub struct Plain;

impl Reader for Plain {
    fn format(&self) -> &'static str {
        "plain text"
    }

    fn read(&self, bytes: &[u8], name: &str) -> Result<Document> {
        let text = decode(bytes, name)?;
        let blocks = join_lone_signals(&text, blocks(&text));
        Ok(Document { text, blocks, ..Document::default() })
    }
}

/// One line with its place in the text.
struct Line<'t> {
    start: usize,
    end: usize,
    text: &'t str,
}

fn lines(text: &str) -> Vec<Line<'_>> {
    let mut at = 0;
    text.split_inclusive('\n')
        .map(|raw| {
            let start = at;
            at += raw.len();
            Line { start, end: start + raw.trim_end().len(), text: raw.trim_end() }
        })
        .collect()
}

/// The block that is being gathered.
struct Open {
    start: usize,
    end: usize,
    item: Option<Option<u64>>,
}

fn blocks(text: &str) -> Vec<Block> {
    let lines = lines(text);
    let mut out = Vec::new();
    let mut open: Option<Open> = None;
    let mut i = 0;
    while let Some(line) = lines.get(i) {
        let next = lines.get(i + 1).map_or("", |l| l.text);
        let alone = open.is_none();
        if line.text.is_empty() {
            close(text, open.take(), &mut out);
        } else if let Some(level) = underline(next).filter(|_| alone && is_title(line.text)) {
            heading(text, line, level, &mut out);
            i += 1;
        } else if alone
            && next.is_empty()
            && let Some(level) = heading_level(line.text)
        {
            heading(text, line, level, &mut out);
        } else if let Some(number) = item(line.text) {
            close(text, open.take(), &mut out);
            open = Some(Open { start: line.start, end: line.end, item: Some(number) });
        } else if let Some(block) = open.as_mut() {
            block.end = line.end;
        } else {
            open = Some(Open { start: line.start, end: line.end, item: None });
        }
        i += 1;
    }
    close(text, open, &mut out);
    out
}

fn close(text: &str, open: Option<Open>, out: &mut Vec<Block>) {
    let Some(open) = open else { return };
    let span = trimmed(text, open.start, open.end);
    let raw = span.of(text).unwrap_or_default();
    let words = match open.item {
        Some(_) => single_spaced(raw.trim_start_matches(|c: char| !c.is_whitespace())),
        None => single_spaced(raw),
    };
    if words.is_empty() {
        return;
    }
    let kind = match (open.item, signal::leading(&words, Setting::default())) {
        (Some(Some(number)), _) => BlockKind::Item { number: Some(number) },
        (_, Some(signal)) => BlockKind::Warning { signal },
        (Some(None), None) => BlockKind::Item { number: None },
        (None, None) => BlockKind::Paragraph,
    };
    out.push(Block { span, text: words, kind });
}

fn heading(text: &str, line: &Line<'_>, level: u8, out: &mut Vec<Block>) {
    let span = trimmed(text, line.start, line.end);
    out.push(Block { span, text: single_spaced(line.text), kind: BlockKind::Heading { level } });
}

/// A line of `=` or `-` under a title.
fn underline(line: &str) -> Option<u8> {
    let mark = line.chars().next()?;
    let long = line.chars().count() >= 3 && line.chars().all(|c| c == mark);
    match mark {
        '=' if long => Some(1),
        '-' if long => Some(2),
        _ => None,
    }
}

fn is_title(line: &str) -> bool {
    line.chars().count() <= 80 && line.chars().any(char::is_alphabetic) && underline(line).is_none()
}

/// A line in capitals, or one that starts with a section number of two parts or more
/// ("3.2 Lubrication"); "1. Stop the pump" is a step.
fn heading_level(line: &str) -> Option<u8> {
    if !is_title(line) || line.ends_with(['.', ':', ';', ',', '|']) {
        return None;
    }
    let (first, rest) = line.trim_start().split_once(' ').unwrap_or((line, ""));
    let parts = first.split('.').filter(|p| !p.is_empty()).count();
    let numbered = parts >= 2 && first.chars().all(|c| c.is_ascii_digit() || c == '.');
    if numbered && rest.trim_start().starts_with(char::is_uppercase) {
        return Some(u8::try_from(parts + 1).unwrap_or(6).min(6));
    }
    let letters = line.chars().filter(|c| c.is_alphabetic()).count();
    let capitals =
        letters >= 3 && !line.chars().any(char::is_lowercase) && line.chars().any(char::is_uppercase);
    capitals.then_some(2)
}

/// `Some(Some(n))` for a numbered step, `Some(None)` for a bullet.
fn item(line: &str) -> Option<Option<u64>> {
    let (mark, rest) = line.trim_start().split_once(' ')?;
    if rest.trim().is_empty() {
        return None;
    }
    if matches!(mark, "-" | "*" | "•" | "–") {
        return Some(None);
    }
    let number = mark.strip_suffix(['.', ')'])?;
    (number.len() <= 3).then(|| number.parse().ok()).flatten().map(Some)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::core::knowledge::passage::Signal;

    fn read(text: &str) -> Document {
        Plain.read(text.as_bytes(), "m.txt").unwrap()
    }

    #[test]
    fn headings_paragraphs_steps_and_warnings_are_told_apart() {
        let d = read(
            "Pump jack\n=========\n\nFirst line\nsecond line.\n\nBELT CHANGE\n\nWARNING: keep clear.\n\n1. Stop.\n2. Lock out\n   the drive.\n\n3.2 Grease\n\n- EP2\n",
        );
        let found: Vec<_> = d.blocks.iter().map(|b| (b.kind.clone(), b.text.as_str())).collect();
        assert_eq!(
            found,
            [
                (BlockKind::Heading { level: 1 }, "Pump jack"),
                (BlockKind::Paragraph, "First line second line."),
                (BlockKind::Heading { level: 2 }, "BELT CHANGE"),
                (BlockKind::Warning { signal: Signal::Warning }, "WARNING: keep clear."),
                (BlockKind::Item { number: Some(1) }, "Stop."),
                (BlockKind::Item { number: Some(2) }, "Lock out the drive."),
                (BlockKind::Heading { level: 3 }, "3.2 Grease"),
                (BlockKind::Item { number: None }, "EP2"),
            ]
        );
    }

    #[test]
    fn a_lone_signal_word_is_no_heading() {
        let d = read("DANGER\n\nStored energy.\n\nText.\n");
        assert_eq!(d.blocks[0].kind, BlockKind::Warning { signal: Signal::Danger });
        assert_eq!(d.blocks[0].span.of(&d.text), Some("DANGER\n\nStored energy."));
        assert_eq!(d.blocks.len(), 2);
    }

    #[test]
    fn spans_cover_the_blocks_in_the_stored_text() {
        let d = read("a b\r\nc\r\n\r\n1) go\r\n");
        let texts: Vec<_> = d.blocks.iter().map(|b| b.span.of(&d.text).unwrap()).collect();
        assert_eq!(texts, ["a b\r\nc", "1) go"]);
    }
}
