//! Plain text: headings by underline, capitals or section number; steps by number; tables by
//! their columns.

mod columns;

use std::sync::LazyLock;

use regex::Regex;

use super::decode::decode_as;
use super::lines::{Line, lines};
use super::signal::{self, Setting};
use super::table::{self, Header};
use super::{
    Block, BlockKind, Document, PageStart, Reader, join_lone_signals, page, single_spaced, step, trimmed,
};
use crate::core::Result;
use crate::core::knowledge::passage::Span;

/// Reads plain text.
pub struct Plain;

impl Reader for Plain {
    fn format(&self) -> &'static str {
        "plain text"
    }

    fn read(&self, bytes: &[u8], name: &str) -> Result<Document> {
        let decoded = decode_as(bytes, name, None)?;
        let (text, mut notes) = (decoded.text, decoded.notes);
        let mut reading =
            Reading { text: &text, blocks: Vec::new(), pages: Vec::new(), open: None, cut: false };
        reading.all();
        let Reading { blocks, mut pages, cut, .. } = reading;
        if cut {
            notes.push("a table has too many cells; its rest was left out".to_owned());
        }
        if pages.is_empty() {
            pages = page::feeds(&text);
        }
        let blocks = join_lone_signals(&text, blocks);
        Ok(Document { text, blocks, pages, notes, ..Document::default() })
    }
}

/// The block that is being gathered.
struct Open {
    start: usize,
    end: usize,
    /// Where the words start, and the number of the step that it is.
    item: Option<(usize, Option<u64>)>,
}

struct Reading<'t> {
    text: &'t str,
    blocks: Vec<Block>,
    pages: Vec<PageStart>,
    open: Option<Open>,
    cut: bool,
}

impl<'t> Reading<'t> {
    fn all(&mut self) {
        let lines = lines(self.text, 0);
        let mut at = 0;
        while let Some(line) = lines.get(at) {
            at += self.line(line, lines.get(at..).unwrap_or_default());
        }
        self.close();
    }

    /// Takes a line; returns how many it took.
    fn line(&mut self, line: &Line<'t>, rest: &[Line<'t>]) -> usize {
        // A form feed may stand before the words of a page's first line.
        let words = line.words();
        let next = rest.get(1).map_or("", |l| l.words());
        let alone = self.open.is_none();
        if words.is_empty() {
            self.close();
            return 1;
        }
        if let Some(number) = page::mark(words) {
            self.close();
            self.pages.push(PageStart { at: line.start, number, label: None });
            return 1;
        }
        if alone {
            if let Some(level) = underline(next).filter(|_| is_title(words)) {
                self.heading(line, level);
                return 2;
            }
            if underline(words).is_some() {
                return 1;
            }
            if let Some(taken) = self.table(rest) {
                return taken;
            }
            if next.is_empty()
                && let Some(level) = heading_level(words)
            {
                self.heading(line, level);
                return 1;
            }
        }
        if let Some((number, mark)) = item(words) {
            self.close();
            let words_at = line.words_at() + mark;
            self.open =
                Some(Open { start: line.words_at(), end: line.end(), item: Some((words_at, number)) });
        } else if let Some(block) = self.open.as_mut() {
            block.end = line.end();
        } else {
            self.open = Some(Open { start: line.words_at(), end: line.end(), item: None });
        }
        1
    }

    fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        let span = trimmed(self.text, open.start, open.end);
        let from = open.item.map_or(span.start, |(words_at, _)| words_at);
        let words = single_spaced(self.text.get(from..span.end).unwrap_or_default());
        if words.is_empty() {
            return;
        }
        if open.item.is_none()
            && let Some(entries) = step::entries(self.text, span)
        {
            return self.blocks.extend(entries);
        }
        let kind = match (open.item, signal::leading(&words, Setting::default())) {
            (Some((_, Some(number))), _) => BlockKind::Item { number: Some(number) },
            (_, Some(signal)) => BlockKind::Warning { signal },
            (Some((_, None)), None) => BlockKind::Item { number: None },
            (None, None) => BlockKind::Paragraph,
        };
        self.blocks.push(Block { span, text: words, kind });
    }

    fn heading(&mut self, line: &Line<'_>, level: u8) {
        let span = Span { start: line.words_at(), end: line.end() };
        self.blocks.push(Block {
            span,
            text: single_spaced(line.words()),
            kind: BlockKind::Heading { level },
        });
    }

    /// A table drawn with tabs, bars or spaces.
    fn table(&mut self, lines: &[Line<'t>]) -> Option<usize> {
        let (rows, taken) = columns::table(lines)?;
        let last = lines.get(taken.checked_sub(1)?)?;
        let span = Span { start: lines.first()?.words_at(), end: last.end() };
        let grid = table::grid(rows, Header::Guessed);
        self.cut |= grid.cut;
        self.blocks.push(table::block(span, grid)?);
        Some(taken)
    }
}

/// A line of `=` or `-` under a title.
fn underline(line: &str) -> Option<u8> {
    let mark = line.chars().next()?;
    let long = line.len() >= 3 && line.chars().all(|c| c == mark);
    match mark {
        '=' if long => Some(1),
        '-' | '~' | '_' if long => Some(2),
        _ => None,
    }
}

fn is_title(line: &str) -> bool {
    line.len() <= 320
        && line.chars().count() <= 80
        && line.chars().any(char::is_alphabetic)
        && underline(line).is_none()
}

/// A line in capitals, one that starts with a section number of two parts or more ("3.2
/// Lubrication"), a chapter; "1. Stop the pump" is a step.
fn heading_level(line: &str) -> Option<u8> {
    static CHAPTER: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(concat!(
            r"^(?:(?i:chapter|section|part|annex|appendix|capítulo|capitulo|sección|seccion|anexo|kapitel)",
            r"\s+(?:\d{1,3}(?:\.\d{1,3})*|[IVX]{1,5}|[A-Z])(?:[ :.–—-]|$)",
            r"|第\s*[0-9一二三四五六七八九十百]{1,4}\s*[章节節部篇]|附录|附錄|[一二三四五六七八九十]{1,3}、)"
        ))
        .ok()
    });
    if !is_title(line) || line.ends_with(['.', ':', ';', ',', '|', '。', '：', '；', '，']) {
        return None;
    }
    if CHAPTER.as_ref().is_some_and(|r| r.is_match(line)) {
        let section = line.contains(['节', '節', '、']) && !line.contains('章');
        return Some(if section { 2 } else { 1 });
    }
    let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let parts = first.split('.').filter(|p| !p.is_empty()).count();
    let numbered = parts >= 2 && first.len() <= 16 && first.chars().all(|c| c.is_ascii_digit() || c == '.');
    // Scripts without capitals have none to start with.
    let starts = |c: char| c.is_uppercase() || (c.is_alphabetic() && !c.is_lowercase());
    if numbered && rest.trim_start().starts_with(starts) {
        return Some(u8::try_from(parts + 1).unwrap_or(6).min(6));
    }
    let letters = line.chars().filter(|c| c.is_alphabetic()).count();
    let capitals =
        letters >= 3 && !line.chars().any(char::is_lowercase) && line.chars().any(char::is_uppercase);
    capitals.then_some(2)
}

/// The mark of an item: the number where it is a step, and the bytes before its words.
fn item(line: &str) -> Option<(Option<u64>, usize)> {
    if let Some((number, words)) = step::leading(line) {
        return Some((Some(number), words));
    }
    let (mark, rest) = line.split_once(char::is_whitespace)?;
    if rest.trim().is_empty() {
        return None;
    }
    let words = line.len() - rest.trim_start().len();
    matches!(mark, "-" | "*" | "•" | "–" | "·" | "●" | "▪" | "○" | "◆").then_some((None, words))
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

    #[test]
    fn chinese_headings_and_steps_are_told_apart() {
        let d = read("第3章 维护\n\n3.2 润滑\n\n步骤 1：停机。\n2、加油。\n");
        let found: Vec<_> = d.blocks.iter().map(|b| (b.kind.clone(), b.text.as_str())).collect();
        assert_eq!(
            found,
            [
                (BlockKind::Heading { level: 1 }, "第3章 维护"),
                (BlockKind::Heading { level: 3 }, "3.2 润滑"),
                (BlockKind::Item { number: Some(1) }, "停机。"),
                (BlockKind::Item { number: Some(2) }, "加油。"),
            ]
        );
    }

    #[test]
    fn columns_and_pages_are_found() {
        let d =
            read("Code   Meaning\n----   -------\nE1     oil low\nE2     oil hot\n\n\u{c}PAGES\n\nText.\n");
        let BlockKind::Table { header, rows } = &d.blocks[0].kind else { panic!("{:?}", d.blocks) };
        assert_eq!(header[1].text, "Meaning");
        assert_eq!(rows[1].cells[1].span.of(&d.text), Some("oil hot"));
        assert_eq!(d.pages.len(), 2);
        let d = read("Code\tMeaning\nE1\toil low\nE2\toil hot\n");
        let BlockKind::Table { rows, .. } = &d.blocks[0].kind else { panic!("{:?}", d.blocks) };
        assert_eq!(rows.len(), 2);
        let d = read("| Code | Meaning |\n| E1 | low |\n");
        assert!(matches!(d.blocks[0].kind, BlockKind::Table { .. }));
        let d = read("This is  a sentence with  odd gaps\nand another  line of it.\n");
        assert_eq!(d.blocks[0].kind, BlockKind::Paragraph);
    }

    #[test]
    fn lines_that_define_codes_stand_alone() {
        let d = read("E15: door open\nE16: belt slack\n");
        assert_eq!(d.blocks.len(), 2);
    }
}
