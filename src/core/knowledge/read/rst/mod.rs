//! reStructuredText: sections by adornment, drawn and listed tables, admonitions, lists.
//!
//! Read line by line; what is indented belongs to what stands above it. A nested part is
//! read with its own indent, at most [`DEEPEST`] levels deep.

mod directive;
mod inline;
mod listed;
mod tables;

use std::collections::BTreeMap;

use super::decode::decode_as;
use super::lines::{Line, lines};
use super::signal::{self, Setting};
use super::table::{self, Header};
use super::{Block, BlockKind, Document, Picture, Reader, join_lone_signals, meta, step, trimmed};
use crate::core::Result;
use crate::core::knowledge::passage::Span;

/// Parts nested deeper are read as plain paragraphs.
const DEEPEST: usize = 24;

/// Reads reStructuredText.
pub struct ReStructuredText;

impl Reader for ReStructuredText {
    fn format(&self) -> &'static str {
        "reStructuredText"
    }

    fn read(&self, bytes: &[u8], name: &str) -> Result<Document> {
        let decoded = decode_as(bytes, name, None)?;
        let (text, notes) = (decoded.text, decoded.notes);
        let mut reading = Reading { text: &text, out: Out { notes, ..Out::default() }, levels: Vec::new() };
        let all = lines(&text, 0);
        reading.part(&all, 0, 0);
        let Out { blocks, figures, mut notes, meta } = reading.out;
        notes.dedup();
        let blocks = join_lone_signals(&text, blocks);
        Ok(Document { blocks, figures, notes, meta, text, ..Document::default() })
    }
}

/// What was read.
#[derive(Default)]
struct Out {
    blocks: Vec<Block>,
    figures: Vec<Picture>,
    notes: Vec<String>,
    meta: BTreeMap<String, String>,
}

struct Reading<'t> {
    text: &'t str,
    out: Out,
    /// Styles of section titles in the order of their first use: the mark, and whether it
    /// stands above the title too.
    levels: Vec<(char, bool)>,
}

impl<'t> Reading<'t> {
    /// Reads some lines whose own indent is `indent`.
    fn part(&mut self, lines: &[Line<'t>], indent: usize, depth: usize) {
        let mut at = 0;
        while let Some(line) = lines.get(at) {
            let rest = lines.get(at..).unwrap_or_default();
            at += if line.is_blank() {
                1
            } else if line.indent > indent {
                self.quote(rest, indent, depth)
            } else if let Some(taken) = self.title(rest, depth) {
                taken
            } else if line.words().starts_with("..")
                && matches!(line.words().as_bytes().get(2), None | Some(b' '))
            {
                self.explicit(rest, depth)
            } else if let Some(taken) = self.drawn_table(rest) {
                taken
            } else if let Some((number, mark)) = item(line.words()) {
                self.item(rest, number, mark, depth)
            } else if let Some((name, value)) = field(line.words()) {
                self.field(rest, name, value, depth)
            } else if line.words().starts_with("| ") {
                self.line_block(rest)
            } else if line.words().starts_with("__ ") {
                1
            } else {
                self.paragraph(rest, depth)
            }
            .max(1);
        }
    }

    /// Pushes a block of the lines' place.
    fn push(&mut self, span: Span, text: String, kind: BlockKind) {
        if !text.is_empty() && span.start < span.end {
            self.out.blocks.push(Block { span, text, kind });
        }
    }

    /// Running text at a place: a warning where it starts with a signal word, or steps.
    fn running(&mut self, span: Span, raw: &str) {
        let text = inline::words(raw);
        let bold = raw.trim_start().starts_with("**");
        match signal::leading(&text, Setting { quoted: false, bold }) {
            Some(signal) => self.push(span, text, BlockKind::Warning { signal }),
            None => match step::blocks(self.text, span) {
                Some(steps) => {
                    for one in steps {
                        let text = inline::words(&one.text);
                        self.push(one.span, text, one.kind);
                    }
                }
                None => self.push(span, text, BlockKind::Paragraph),
            },
        }
    }

    fn quote(&mut self, lines: &[Line<'t>], indent: usize, depth: usize) -> usize {
        let taken = indented(lines, indent);
        let inner = lines.get(..taken).unwrap_or_default();
        let least = inner.iter().filter(|l| !l.is_blank()).map(|l| l.indent).min().unwrap_or(indent + 1);
        self.nested(inner, least, depth);
        taken
    }

    /// Reads lines as a part of their own, or as one paragraph where they nest too deep.
    fn nested(&mut self, lines: &[Line<'t>], indent: usize, depth: usize) {
        if depth < DEEPEST {
            self.part(lines, indent, depth + 1);
        } else if let Some(span) = place(self.text, lines) {
            let text = inline::words(span.of(self.text).unwrap_or_default());
            self.push(span, text, BlockKind::Paragraph);
        }
    }

    fn title(&mut self, lines: &[Line<'t>], depth: usize) -> Option<usize> {
        let [first, rest @ ..] = lines else { return None };
        if let Some(mark) = adornment(first.words()) {
            let over = rest.first().zip(rest.get(1));
            if let Some((title, under)) = over
                && !title.is_blank()
                && adornment(under.words()) == Some(mark)
                && under.text.len() >= first.text.len().min(4)
                && adornment(title.words()).is_none()
                && depth == 0
            {
                self.heading(title, mark, true);
                return Some(3);
            }
            // A line between paragraphs.
            let alone = rest.first().is_none_or(Line::is_blank);
            let drawn = tables::is_simple_edge(first.words()) || tables::is_grid_edge(first.words());
            return (alone && !drawn && first.words().len() >= 4).then_some(1);
        }
        let under = rest.first()?;
        let mark = adornment(under.words())?;
        let width = first.words().chars().count();
        let long = under.words().len() >= width.clamp(2, 4) && (under.words().len() * 2 >= width);
        if depth > 0 || under.indent > 0 || !long || first.words().starts_with(".. ") {
            return None;
        }
        self.heading(first, mark, false);
        Some(2)
    }

    fn heading(&mut self, title: &Line<'t>, mark: char, over: bool) {
        let level = match self.levels.iter().position(|l| *l == (mark, over)) {
            Some(level) => level,
            None => {
                self.levels.push((mark, over));
                self.levels.len() - 1
            }
        };
        let level = u8::try_from(level + 1).unwrap_or(6).min(6);
        let span = Span { start: title.words_at(), end: title.end() };
        self.push(span, inline::words(title.words()), BlockKind::Heading { level });
    }

    fn drawn_table(&mut self, lines: &[Line<'t>]) -> Option<usize> {
        let first = lines.first()?;
        let (taken, rows) = if tables::is_grid_edge(first.words()) {
            let inside = |l: &&Line<'_>| l.words().starts_with(['+', '|']);
            let taken = lines.iter().take_while(inside).count();
            (taken, tables::grid(self.text, lines.get(..taken)?, first.indent))
        } else if tables::is_simple_edge(first.words()) {
            let taken = simple_table_end(lines)?;
            (taken, tables::simple(self.text, lines.get(..taken)?, first.indent))
        } else {
            return None;
        };
        let span = place(self.text, lines.get(..taken)?)?;
        match rows {
            Some(rows) => self.table(span, rows),
            None => {
                self.out.notes.push("a drawn table whose lines do not meet was kept as text".to_owned());
                let text = super::single_spaced(span.of(self.text).unwrap_or_default());
                self.push(span, text, BlockKind::Code);
            }
        }
        Some(taken)
    }

    fn table(&mut self, span: Span, rows: Vec<table::StatedRow>) {
        let grid = table::grid(rows, Header::Stated);
        if grid.cut {
            self.out.notes.push("a table has too many cells; its rest was left out".to_owned());
        }
        self.out.blocks.extend(table::block(span, grid));
    }

    /// An item of a list with all that is indented below it.
    fn item(&mut self, lines: &[Line<'t>], number: Option<u64>, mark: usize, depth: usize) -> usize {
        let Some(first) = lines.first() else { return 1 };
        let taken = 1 + indented(lines.get(1..).unwrap_or_default(), first.indent);
        // `#.` counts on from the item before.
        let number = number.map(|n| if n == 0 { self.last_number(first) + 1 } else { n });
        let inner = self.inner(lines.get(..taken).unwrap_or_default(), mark, depth);
        let start = first.words_at();
        self.gathered(start, inner, BlockKind::Item { number });
        taken
    }

    /// The number of the step just before a line.
    fn last_number(&self, line: &Line<'_>) -> u64 {
        match self.out.blocks.iter().rev().find(|b| matches!(b.kind, BlockKind::Item { number: Some(_) })) {
            Some(Block { kind: BlockKind::Item { number: Some(n) }, span, .. }) => {
                let between = self.text.get(span.end..line.start).unwrap_or_default();
                if between.trim().is_empty() { *n } else { 0 }
            }
            _ => 0,
        }
    }

    /// The blocks of some lines whose first has `mark` bytes before its words.
    fn inner(&mut self, lines: &[Line<'t>], mark: usize, depth: usize) -> Vec<Block> {
        let Some((first, rest)) = lines.split_first() else { return Vec::new() };
        let mut inside = Vec::with_capacity(lines.len());
        let lead = first.lead + mark;
        let least = rest.iter().filter(|l| !l.is_blank()).map(|l| l.indent).min();
        let indent = least.unwrap_or(first.indent + mark).min(first.indent + mark);
        if first.words().len() > mark {
            inside.push(Line { start: first.start, text: first.text, lead, indent });
        }
        inside.extend_from_slice(rest);
        let before = std::mem::take(&mut self.out.blocks);
        self.nested(&inside, indent, depth);
        std::mem::replace(&mut self.out.blocks, before)
    }

    /// One block of all words in `inner`; its warnings come before it, for they govern it,
    /// and its tables after it.
    fn gathered(&mut self, start: usize, inner: Vec<Block>, kind: BlockKind) {
        let mut text = String::new();
        let mut end = start;
        let mut after = Vec::new();
        for block in inner {
            match block.kind {
                BlockKind::Warning { .. } if after.is_empty() && !text.is_empty() => {
                    self.out.blocks.push(block)
                }
                BlockKind::Table { .. } => after.push(block),
                _ if !after.is_empty() => after.push(block),
                _ => {
                    text.push(' ');
                    text.push_str(&block.text);
                    end = end.max(block.span.end);
                }
            }
        }
        let text = super::single_spaced(&text);
        let is_step = matches!(kind, BlockKind::Item { number: Some(_) });
        let kind = match signal::leading(&text, Setting::default()) {
            Some(signal) if !is_step => BlockKind::Warning { signal },
            _ => kind,
        };
        self.push(trimmed(self.text, start, end), text, kind);
        self.out.blocks.extend(after);
    }

    /// `:name: value`; at the head of the document it speaks about the document.
    fn field(&mut self, lines: &[Line<'t>], name: &str, value: usize, depth: usize) -> usize {
        let Some(first) = lines.first() else { return 1 };
        let taken = 1 + indented(lines.get(1..).unwrap_or_default(), first.indent);
        let only_headings = self.out.blocks.iter().all(|b| matches!(b.kind, BlockKind::Heading { .. }));
        let inner = self.inner(lines.get(..taken).unwrap_or_default(), value, depth);
        if depth == 0 && only_headings && self.out.blocks.len() <= 2 {
            let words: Vec<&str> = inner.iter().map(|b| b.text.as_str()).collect();
            meta::put(&mut self.out.meta, name, &words.join(" "));
            return taken;
        }
        let term = Block {
            span: Span { start: first.words_at(), end: first.words_at() + value.min(first.words().len()) },
            text: format!("{}:", inline::words(name)),
            kind: BlockKind::Paragraph,
        };
        let all = std::iter::once(term).chain(inner).collect();
        self.gathered(first.words_at(), all, BlockKind::Paragraph);
        taken
    }

    fn line_block(&mut self, lines: &[Line<'t>]) -> usize {
        let indent = lines.first().map_or(0, |l| l.indent);
        let goes_on = |l: &&Line<'_>| {
            l.words().starts_with("| ") || l.words() == "|" || (!l.is_blank() && l.indent > indent)
        };
        let taken = lines.iter().take_while(goes_on).count();
        let own = lines.get(..taken).unwrap_or_default();
        let raw: Vec<&str> = own.iter().map(|l| l.words().trim_start_matches('|')).collect();
        if let Some(span) = place(self.text, own) {
            let text = inline::words(&raw.join("\n"));
            let kind = match signal::leading(&text, Setting::default()) {
                Some(signal) => BlockKind::Warning { signal },
                None => BlockKind::Paragraph,
            };
            self.push(span, text, kind);
        }
        taken
    }

    /// A paragraph, a term with its definition, or words before a literal block.
    fn paragraph(&mut self, lines: &[Line<'t>], depth: usize) -> usize {
        let Some(first) = lines.first() else { return 1 };
        let same = |l: &&Line<'_>| !l.is_blank() && l.indent == first.indent;
        let mut taken = lines.iter().take_while(same).count();
        // A title may follow without a blank line.
        if let Some(under) =
            (1..taken).find(|i| lines.get(*i).is_some_and(|l| adornment(l.words()).is_some()))
            && depth == 0
            && under > 1
            && lines.get(under).is_some_and(|l| l.words().len() >= 4)
        {
            taken = under - 1;
        }
        let next = lines.get(taken).filter(|l| !l.is_blank() && l.indent > first.indent);
        let own = lines.get(..taken).unwrap_or_default();
        let Some(span) = place(self.text, own) else { return taken };
        let raw = span.of(self.text).unwrap_or_default();
        if raw.starts_with(">>>") {
            self.push(span, super::single_spaced(raw), BlockKind::Code);
            return taken;
        }
        if next.is_some() && taken == 1 && !raw.ends_with("::") {
            return self.definition(lines, depth);
        }
        match raw.strip_suffix("::") {
            Some(words) => {
                let words = words.trim_end();
                if !words.is_empty() {
                    self.running(span, &format!("{words}:"));
                }
                taken + self.literal(lines.get(taken..).unwrap_or_default(), first.indent)
            }
            None => {
                self.running(span, raw);
                taken
            }
        }
    }

    fn definition(&mut self, lines: &[Line<'t>], depth: usize) -> usize {
        let Some(first) = lines.first() else { return 1 };
        let taken = 1 + indented(lines.get(1..).unwrap_or_default(), first.indent);
        let rest = lines.get(1..taken).unwrap_or_default();
        let least = rest.iter().filter(|l| !l.is_blank()).map(|l| l.indent).min().unwrap_or(0);
        let before = std::mem::take(&mut self.out.blocks);
        self.nested(rest, least, depth);
        let inner = std::mem::replace(&mut self.out.blocks, before);
        let mut term = inline::words(first.words());
        if !term.ends_with([':', '：', '.', '?', '!']) {
            term.push(':');
        }
        let span = Span { start: first.words_at(), end: first.end() };
        let term = Block { span, text: term, kind: BlockKind::Paragraph };
        // A long definition is more than one entry's words.
        let simple = inner.iter().map(|b| b.text.len()).sum::<usize>() <= 1500
            && inner.iter().all(|b| !matches!(b.kind, BlockKind::Item { number: Some(_) } | BlockKind::Code));
        if simple {
            let all = std::iter::once(term).chain(inner).collect();
            self.gathered(first.words_at(), all, BlockKind::Paragraph);
        } else {
            self.out.blocks.push(term);
            self.out.blocks.extend(inner);
        }
        taken
    }

    /// The indented (or quoted) lines after `::`.
    fn literal(&mut self, lines: &[Line<'t>], indent: usize) -> usize {
        let blank = lines.iter().take_while(|l| l.is_blank()).count();
        let rest = lines.get(blank..).unwrap_or_default();
        let quoted = rest.first().and_then(|l| l.words().chars().next()).filter(char::is_ascii_punctuation);
        let taken = match (rest.first(), quoted) {
            (Some(line), _) if line.indent > indent => indented(rest, indent),
            (Some(_), Some(mark)) if blank > 0 => {
                rest.iter().take_while(|l| l.words().starts_with(mark) && l.indent == indent).count()
            }
            _ => 0,
        };
        if let Some(span) = place(self.text, rest.get(..taken).unwrap_or_default()) {
            let text = super::single_spaced(span.of(self.text).unwrap_or_default());
            self.push(span, text, BlockKind::Code);
        }
        if taken == 0 { 0 } else { blank + taken }
    }
}

/// How many of the lines are blank or deeper than `indent`, without blank ones at the end.
fn indented(lines: &[Line<'_>], indent: usize) -> usize {
    let mut taken = 0;
    for (i, line) in lines.iter().enumerate() {
        if line.is_blank() {
            continue;
        }
        if line.indent <= indent {
            break;
        }
        taken = i + 1;
    }
    taken
}

/// The place of some lines, without white space around.
fn place(text: &str, lines: &[Line<'_>]) -> Option<Span> {
    let first = lines.iter().find(|l| !l.is_blank())?;
    let last = lines.iter().rfind(|l| !l.is_blank())?;
    Some(trimmed(text, first.words_at().min(last.end()), last.end())).filter(|s| s.start < s.end)
}

/// The mark of a line that is one mark again and again.
fn adornment(words: &str) -> Option<char> {
    let mark = words.chars().next().filter(char::is_ascii_punctuation)?;
    (words.len() >= 2 && words.chars().all(|c| c == mark) && words != "::" && words != "..").then_some(mark)
}

/// The end of a simple table: its third edge, or its second where the table ends there.
fn simple_table_end(lines: &[Line<'_>]) -> Option<usize> {
    let mut edges = 0;
    for (i, line) in lines.iter().enumerate() {
        if tables::is_simple_edge(line.words()) {
            edges += 1;
            let ends = lines.get(i + 1).is_none_or(Line::is_blank);
            if edges == 3 || (edges == 2 && ends) {
                return Some(i + 1);
            }
        }
    }
    None
}

/// A list's mark: the number of a step (0 where the list counts by itself), and the bytes
/// before the words.
fn item(words: &str) -> Option<(Option<u64>, usize)> {
    let (mark, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    let gap = 1 + rest.len() - rest.trim_start().len();
    let length = (mark.len() + gap).min(words.len());
    if matches!(mark, "*" | "-" | "+" | "•" | "‣" | "⁃") {
        return (!rest.trim().is_empty() || words.len() == 1).then_some((None, length));
    }
    if rest.trim().is_empty() {
        return None;
    }
    let bare = mark.strip_suffix('.').or_else(|| mark.strip_suffix(')'))?;
    let bare = bare.strip_prefix('(').unwrap_or(bare);
    if bare == "#" {
        return Some((Some(0), length));
    }
    let plain = !bare.is_empty() && bare.len() <= 3 && bare.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| bare.parse().ok().map(|n| (Some(n), length))).flatten()
}

/// `:name: value`: the name, and the bytes before the value.
fn field(words: &str) -> Option<(&str, usize)> {
    let inner = words.strip_prefix(':')?;
    let end = inner.find(':').filter(|e| *e > 0 && *e <= 64)?;
    let name = inner.get(..end)?;
    let after = inner.get(end + 1..)?;
    let plain = !name.starts_with(char::is_whitespace) && !name.contains('`') && !after.starts_with('`');
    let gap = after.len() - after.trim_start().len();
    (plain && (gap > 0 || after.is_empty())).then_some((name, 1 + end + 1 + gap))
}

#[cfg(test)]
mod tests;
