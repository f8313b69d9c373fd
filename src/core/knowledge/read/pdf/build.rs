//! Parts of pages become a document: headings found by size, weight and number, what a
//! page's end cut in two put together, the stored text written with a span for each block.

use super::figure;
use super::line::without_leaders;
use super::page::{Area, Pages};
use super::para::{Para, mark};
use super::parts::{Part, parts};
use super::rank::Styles;
use super::table::Table;
use super::text::Vocabulary;
use super::{contents, meta, running};
use crate::core::knowledge::passage::Span;
use crate::core::knowledge::read::signal::{self, Setting};
use crate::core::knowledge::read::{
    Block, BlockKind, Cell, Document, Image, PageStart, Picture, Row, join_lone_signals, single_spaced,
};

/// The document that pages make.
pub(super) fn document(pages: Pages) -> Document {
    let Pages { meta: info, pages, mut notes } = pages;
    let mut pages: Vec<_> = pages.into_iter().map(super::page::Page::tidied).collect();
    let running = running::take_out(&mut pages);
    // After the edges went: on a turned page they stand as on all others.
    let pages: Vec<_> = pages.into_iter().map(super::page::Page::upright).collect();
    let words = Vocabulary::of(&pages);
    let parts: Vec<Vec<Part>> = pages.iter().map(|p| parts(p, &words)).collect();
    let mut parts = joined(parts, &words);
    contents::mark(&mut parts, &words);
    let styles = Styles::of(&parts, &words);
    let mut build = Build { words: &words, styles: &styles, out: Document::default(), pictures: 0 };
    for (page, parts) in pages.iter().zip(&parts) {
        let at = build.out.text.len();
        let label = page.label.clone().filter(|l| !l.is_empty() && *l != page.number.to_string());
        build.out.pages.push(PageStart { at, number: page.number, label });
        for part in parts {
            build.part(part, page);
        }
        let span = Span { start: at, end: build.out.text.trim_end().len().max(at) };
        if page.ocr.is_some() && span.start < span.end {
            build.out.ocr.push(span);
        }
    }
    let mut out = build.out;
    out.blocks = join_lone_signals(&out.text, std::mem::take(&mut out.blocks));
    out.meta = meta::front(&info, &running);
    out.notes.append(&mut notes);
    out
}

/// A part and whether it is to be a block; a table of contents is only text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    pub part: Part,
    pub is_block: bool,
}

/// Puts together what the end of a column or page cut in two.
fn joined(pages: Vec<Vec<Part>>, words: &Vocabulary) -> Vec<Vec<Placed>> {
    let mut out: Vec<Vec<Placed>> = Vec::with_capacity(pages.len());
    for (nth, page) in pages.into_iter().enumerate() {
        out.push(Vec::with_capacity(page.len()));
        for (at, part) in page.into_iter().enumerate() {
            // The part before, on this page or the last.
            let home = out.iter().rposition(|p| !p.is_empty());
            let before = home.and_then(|h| out.get_mut(h)).and_then(|p| p.last_mut());
            let turned_page = at == 0 && nth > 0 && home.is_some_and(|h| h + 1 == nth);
            match (before.map(|p| &mut p.part), &part) {
                (Some(Part::Text(a)), Part::Text(b))
                    if goes_on(a, b, turned_page, words) || (at > 0 && names_chapter(a, b, words)) =>
                {
                    a.lines.extend(b.lines.iter().cloned());
                    continue;
                }
                (Some(Part::Table(a)), Part::Table(b)) if turned_page && same_table(a, b) => {
                    if a.header.is_empty() || b.header == a.header || b.header.is_empty() {
                        a.rows.extend(b.rows.iter().cloned());
                    } else {
                        // Its first row was taken for a header that is not repeated.
                        a.rows.push(b.header.clone());
                        a.rows.extend(b.rows.iter().cloned());
                    }
                    continue;
                }
                _ => {}
            }
            if let Some(page) = out.last_mut() {
                page.push(Placed { part, is_block: true });
            }
        }
    }
    out
}

/// Is `a` "Chapter 3" alone on its line, and `b` what the chapter is called?
fn names_chapter(a: &Para, b: &Para, words: &Vocabulary) -> bool {
    let text = a.text(words);
    let Some((name, number)) = text.split_once(' ') else { return false };
    let names = ["chapter", "part", "appendix", "section", "capítulo", "anexo"];
    let named = names.contains(&name.to_lowercase().as_str()) && !number.contains(' ') && number.len() <= 5;
    named && a.lines.len() == 1 && b.size() >= a.size() && b.lines.len() <= 3
}

/// Does a paragraph go on in the next column or on the next page?
fn goes_on(a: &Para, b: &Para, turned_page: bool, words: &Vocabulary) -> bool {
    let next_column = a.column != b.column && b.area().y0 < a.area().y1;
    if !(turned_page || next_column) || a.boxed || b.boxed || a.mono() || b.mono() {
        return false;
    }
    if (a.size() - b.size()).abs() > 0.1 * a.size() || a.bold() != b.bold() {
        return false;
    }
    let (left, right) = (a.text(words), b.text(words));
    if mark(&right).is_some() || figure::caption(&left).is_some() || figure::caption(&right).is_some() {
        return false;
    }
    let ended = left.ends_with(['.', ':', '!', '?', '。', '：', '！', '？', '…']);
    // Chinese has no small letters: the line before must reach its column's end.
    let full = a.lines.last().is_some_and(|l| l.area.x1 > a.column.x1 - 1.6 * l.size);
    let han = left.ends_with(super::line::is_han) && right.starts_with(super::line::is_han);
    !ended
        && (left.ends_with('-')
            || right.starts_with(char::is_lowercase)
            || (han && full && a.lines.len() > 1))
}

/// Is a table on the next page the same one?
fn same_table(a: &Table, b: &Table) -> bool {
    let columns = a.lefts.len() == b.lefts.len();
    let same_header = !a.header.is_empty() && a.header == b.header;
    let same_places = a.lefts.iter().zip(&b.lefts).all(|(x, y)| (x - y).abs() < 6.0);
    let other_header = !b.header.is_empty() && !a.header.is_empty() && a.header != b.header;
    // A second header in other words is a second table, unless it looks like a row.
    let row_like = b.header.iter().any(|c| c.chars().any(|c| c.is_ascii_digit()));
    columns && (same_header || (same_places && (!other_header || row_like)))
}

struct Build<'b> {
    words: &'b Vocabulary,
    styles: &'b Styles,
    out: Document,
    pictures: usize,
}

impl Build<'_> {
    fn part(&mut self, placed: &Placed, page: &super::page::Page) {
        match &placed.part {
            Part::Text(para) => self.text(para, placed.is_block, page),
            Part::Warning(signal, paras) => {
                let start = self.out.text.len();
                for para in paras {
                    self.line(&para.text(self.words));
                }
                let span = self.until_now(start);
                let text = single_spaced(span.of(&self.out.text).unwrap_or_default());
                self.push(span, text, BlockKind::Warning { signal: *signal });
            }
            Part::Table(table) => self.table(table, placed.is_block),
        }
    }

    /// Writes a line of stored text and says where it stands.
    fn line(&mut self, text: &str) -> Span {
        let start = self.out.text.len();
        self.out.text.push_str(text);
        let end = self.out.text.len();
        self.out.text.push('\n');
        Span { start, end }
    }

    fn until_now(&self, start: usize) -> Span {
        Span { start, end: self.out.text.trim_end().len().max(start) }
    }

    fn push(&mut self, span: Span, text: String, kind: BlockKind) {
        if span.start < span.end && !text.is_empty() {
            self.out.blocks.push(Block { span, text, kind });
        }
    }

    fn text(&mut self, para: &Para, is_block: bool, page: &super::page::Page) {
        if para.mono() && para.lines.len() > 1 {
            let start = self.out.text.len();
            for line in &para.lines {
                self.line(line.text.trim());
            }
            let span = self.until_now(start);
            let text = span.of(&self.out.text).unwrap_or_default().to_owned();
            self.blank();
            self.push(span, text, BlockKind::Code);
            return;
        }
        let text = without_leaders(&single_spaced(&para.text(self.words)));
        let span = self.line(&text);
        self.blank();
        if !is_block {
            return;
        }
        let setting = Setting { quoted: para.boxed, bold: para.opens_bold() };
        let level = self.styles.level(para, &text);
        let (kind, words) = match (level, mark(&text)) {
            (Some(level), _) => (BlockKind::Heading { level }, text.clone()),
            (None, Some((Some(number), words))) => {
                (BlockKind::Item { number: Some(number) }, words.to_owned())
            }
            (None, item) => match (signal::leading(&text, setting), item) {
                (Some(signal), _) => (BlockKind::Warning { signal }, text.clone()),
                (None, Some((number, words))) => (BlockKind::Item { number }, words.to_owned()),
                (None, None) => (BlockKind::Paragraph, text.clone()),
            },
        };
        // A warning's heading ("WARNING: Hot surface") is the warning.
        let kind = match (&kind, signal::leading(&text, setting)) {
            (BlockKind::Heading { .. }, Some(signal)) if signal::lone(&text).is_none() => {
                BlockKind::Warning { signal }
            }
            _ => kind,
        };
        if let Some((label, caption)) = figure::caption(&text) {
            self.figure(span, label, caption, &para.area(), page);
        }
        self.push(span, words, kind);
    }

    /// An empty line between paragraphs, as text has it.
    fn blank(&mut self) {
        self.out.text.push('\n');
    }

    fn figure(&mut self, span: Span, label: &str, caption: &str, at: &Area, page: &super::page::Page) {
        let png = figure::picture(page, at).filter(|_| self.pictures < figure::MOST_FIGURES);
        self.pictures += usize::from(png.is_some());
        self.out.figures.push(Picture {
            span,
            label: label.to_owned(),
            caption: caption.to_owned(),
            image: png.map_or(Image::None, |png| Image::Bytes(png.to_vec(), "png")),
        });
    }

    fn table(&mut self, table: &Table, is_block: bool) {
        let start = self.out.text.len();
        let header = if table.header.is_empty() { Vec::new() } else { self.row(&table.header).cells };
        let rows: Vec<Row> = table.rows.iter().map(|cells| self.row(cells)).collect();
        let span = self.until_now(start);
        self.blank();
        if is_block {
            let words: Vec<&str> =
                table.header.iter().chain(table.rows.iter().flatten()).map(String::as_str).collect();
            let text = single_spaced(&words.join(" "));
            self.push(span, text, BlockKind::Table { header, rows });
        }
    }

    fn row(&mut self, cells: &[String]) -> Row {
        let start = self.out.text.len();
        let mut made = Vec::with_capacity(cells.len());
        self.out.text.push('|');
        for cell in cells {
            let text = single_spaced(cell);
            self.out.text.push(' ');
            let from = self.out.text.len();
            self.out.text.push_str(&text);
            let to = self.out.text.len();
            self.out.text.push_str(if text.is_empty() { "|" } else { " |" });
            made.push(Cell { span: Span { start: from, end: to }, text });
        }
        let end = self.out.text.len();
        self.out.text.push('\n');
        Row { span: Span { start, end }, cells: made }
    }
}
