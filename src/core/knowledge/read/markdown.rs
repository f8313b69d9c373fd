//! Markdown (CommonMark with GitHub tables and alerts), with source offsets throughout.

use std::collections::BTreeMap;
use std::ops::Range;

use pulldown_cmark::{BlockQuoteKind, Event, Options, Parser, Tag, TagEnd};

use super::decode::decode_as;
use super::front::{front_matter, summary};
use super::rendered::word_of;
use super::signal::{self, Setting};
use super::table::{self, Header, Stated, StatedRow};
use super::{
    Block, BlockKind, Cell, Document, Image, PageStart, Picture, Reader, boxes, figure, fragment,
    join_lone_signals, page, single_spaced, step, tags, trimmed,
};
use crate::core::Result;
use crate::core::knowledge::passage::{Signal, Span};

/// Reads Markdown.
pub struct Markdown;

impl Reader for Markdown {
    fn format(&self) -> &'static str {
        "Markdown"
    }

    fn read(&self, bytes: &[u8], name: &str) -> Result<Document> {
        let decoded = decode_as(bytes, name, None)?;
        let (text, mut notes) = (decoded.text, decoded.notes);
        let (front, body) = front_matter(&text, name)?;
        let source = Source::parse(&text, body);
        let mut out = Out::default();
        out.blocks.extend(summary(&text, body));
        source.blocks(&mut out);
        if out.cut {
            notes.push("a table has too many cells; its rest was left out".to_owned());
        }
        let pages = page_marks(&mut out.blocks);
        let blocks = join_lone_signals(&text, boxes::join(&text, out.blocks));
        let figures = out.figures;
        drop(source);
        Ok(Document { text, front, blocks, pages, figures, notes, ..Document::default() })
    }
}

/// Tables are looked for in lists and quotes nested this deep.
const DEEPEST: usize = 32;

/// What the events yield.
#[derive(Default)]
struct Out {
    blocks: Vec<Block>,
    figures: Vec<Picture>,
    cut: bool,
}

/// Takes the blocks away that are only a converter's "PAGE 12".
fn page_marks(blocks: &mut Vec<Block>) -> Vec<PageStart> {
    let mut pages = Vec::new();
    blocks.retain(|block| {
        let plain = matches!(block.kind, BlockKind::Heading { .. } | BlockKind::Paragraph);
        match page::mark(&block.text).filter(|_| plain && block.text.len() < 400) {
            Some(number) => {
                pages.push(PageStart { at: block.span.start, number, label: None });
                false
            }
            None => true,
        }
    });
    pages
}

/// The parsed events with, for each start, the place of its end.
struct Source<'t> {
    text: &'t str,
    events: Vec<(Event<'t>, Range<usize>)>,
    end_of: Vec<usize>,
    /// HTML tables of the whole text: a blank line inside one ends it for Markdown only.
    tables: BTreeMap<usize, usize>,
}

impl<'t> Source<'t> {
    fn parse(text: &'t str, body: usize) -> Self {
        let markdown = text.get(body..).unwrap_or_default();
        let events: Vec<_> = Parser::new_ext(markdown, options())
            .into_offset_iter()
            .map(|(event, range)| (event, range.start + body..range.end + body))
            .collect();
        let mut end_of: Vec<usize> = (0..events.len()).collect();
        let mut open = Vec::new();
        for (i, (event, _)) in events.iter().enumerate() {
            match event {
                Event::Start(_) => open.push(i),
                Event::End(_) => {
                    if let Some(slot) = open.pop().and_then(|start| end_of.get_mut(start)) {
                        *slot = i;
                    }
                }
                _ => {}
            }
        }
        let tables = fragment::tables(text);
        Source { text, events, end_of, tables }
    }

    fn blocks(&self, out: &mut Out) {
        self.blocks_between(0, self.events.len(), 0, out);
        self.figures(out);
        out.figures.sort_by_key(|f| f.span.start);
        out.figures.dedup_by_key(|f| f.span);
    }

    fn blocks_between(&self, from: usize, to: usize, depth: usize, out: &mut Out) {
        // Markdown parses on inside an HTML table with blank lines; the table was read whole.
        let mut read_to = 0;
        for (i, tag) in self.children(from, to) {
            let start = self.events.get(i).map_or(0, |(_, range)| range.start);
            if start < read_to {
                continue;
            }
            if let Tag::HtmlBlock = tag {
                read_to = self.html(i, out);
            } else {
                self.block(i, tag, depth, out);
            }
        }
    }

    /// Reads a block of HTML; returns where it ends.
    fn html(&self, at: usize, out: &mut Out) -> usize {
        let range = self.events.get(at).map_or(0..0, |(_, range)| range.clone());
        let mut end = range.end;
        while let Some((_, table_end)) = self.tables.range(range.start..end).next_back()
            && *table_end > end
        {
            end = *table_end;
        }
        let found = fragment::read(self.text, range.start..end);
        out.blocks.extend(found.blocks);
        out.figures.extend(found.figures);
        out.cut |= found.cut;
        end
    }

    /// The starts directly between two places, not what is nested in them.
    fn children(&self, from: usize, to: usize) -> impl Iterator<Item = (usize, &Tag<'t>)> {
        let mut at = from;
        std::iter::from_fn(move || {
            while at < to {
                let here = at;
                at = self.end(here) + 1;
                if let Some((Event::Start(tag), _)) = self.events.get(here) {
                    return Some((here, tag));
                }
            }
            None
        })
    }

    fn end(&self, start: usize) -> usize {
        self.end_of.get(start).copied().unwrap_or(start)
    }

    fn span(&self, at: usize) -> Span {
        let range = self.events.get(at).map_or(0..0, |(_, range)| range.clone());
        trimmed(self.text, range.start, range.end)
    }

    fn block(&self, at: usize, tag: &Tag<'t>, depth: usize, out: &mut Out) {
        let span = self.span(at);
        match tag {
            Tag::Heading { level, .. } => {
                let kind = BlockKind::Heading { level: *level as u8 };
                self.push(span, self.words(at).text, kind, out);
            }
            Tag::BlockQuote(alert) => {
                let (text, signal) = self.quote(at, *alert);
                // A quote that holds more than words is not one warning.
                let simple = self.children(at + 1, self.end(at)).all(|(_, t)| !is_table(t));
                if simple || depth > DEEPEST {
                    self.push(span, text, warning_or(signal, BlockKind::Paragraph), out);
                } else {
                    self.blocks_between(at + 1, self.end(at), depth + 1, out);
                }
            }
            Tag::List(first) => self.list(at, *first, depth, out),
            Tag::Table(_) => self.table(at, span, out),
            Tag::CodeBlock(_) => self.push(span, self.words(at).text, BlockKind::Code, out),
            _ => {
                let words = self.words(at);
                let signal = words.signal(false);
                let parts = || step::blocks(self.text, span).or_else(|| step::entries(self.text, span));
                match if signal.is_none() { parts() } else { None } {
                    // A step that is nothing but markup says nothing.
                    Some(steps) => {
                        let steps = steps.into_iter().map(|s| self.without_markup(s));
                        out.blocks.extend(steps.filter(|s| !s.text.is_empty()));
                    }
                    None => self.push(span, words.text, warning_or(signal, BlockKind::Paragraph), out),
                }
            }
        }
    }

    /// A step cut out of a paragraph, with the paragraph's words instead of its source.
    fn without_markup(&self, mut step: Block) -> Block {
        let inline = Parser::new_ext(&step.text, options());
        let mut text = String::new();
        for event in inline {
            match event {
                Event::Text(t) | Event::Code(t) => text.push_str(&t),
                Event::SoftBreak | Event::HardBreak => text.push(' '),
                _ => {}
            }
        }
        step.text = single_spaced(&text);
        step
    }

    /// The pictures of the whole text, in order.
    fn figures(&self, out: &mut Out) {
        for i in 0..self.events.len() {
            match self.events.get(i) {
                Some((Event::Start(Tag::Image { dest_url, title, .. }), range)) => {
                    let mut caption = self.words(i).text;
                    if caption.is_empty() {
                        caption = single_spaced(title);
                    }
                    let image = match dest_url.as_ref() {
                        path if figure::is_beside(path) => Image::Beside(path.to_owned()),
                        _ => Image::None,
                    };
                    let span = Span { start: range.start, end: range.end };
                    out.figures.push(Picture { span, label: figure::label(&caption), caption, image });
                }
                Some((Event::InlineHtml(html), range)) if html.contains("<img") => {
                    out.figures.extend(fragment::read(self.text, range.clone()).figures);
                }
                _ => {}
            }
        }
    }

    fn push(&self, span: Span, text: String, kind: BlockKind, out: &mut Out) {
        if !text.is_empty() && span.start < span.end {
            out.blocks.push(Block { span, text, kind });
        }
    }

    fn list(&self, at: usize, first: Option<u64>, depth: usize, out: &mut Out) {
        for (nth, (item, _)) in self.children(at + 1, self.end(at)).enumerate() {
            // A warning inside an item governs the item, so it comes first.
            for (quote, alert) in self.quotes(item) {
                if let (text, Some(signal)) = self.quote(quote, alert) {
                    self.push(self.span(quote), text, BlockKind::Warning { signal }, out);
                }
            }
            let number = first.map(|n| n.saturating_add(nth as u64));
            // A table in an item stays a table, with what follows it.
            let table =
                self.children(item + 1, self.end(item)).find(|(_, t)| depth <= DEEPEST && is_table(t));
            let own_end = table.map_or(self.end(item), |(i, _)| i);
            let mut span = self.span(item);
            if let Some((_, range)) = table.and_then(|(i, _)| self.events.get(i)) {
                span = trimmed(self.text, span.start, range.start);
            }
            let words = self.words_between(item, own_end);
            let item_kind = BlockKind::Item { number };
            // A step stays a step, however it starts.
            let kind = if first.is_some() { item_kind } else { warning_or(words.signal(false), item_kind) };
            self.push(span, words.text, kind, out);
            if table.is_some() {
                self.blocks_between(own_end, self.end(item), depth + 1, out);
            }
        }
    }

    /// A block quote's words and, where it is a warning, its signal.
    fn quote(&self, at: usize, alert: Option<BlockQuoteKind>) -> (String, Option<Signal>) {
        let words = self.words(at);
        match alert_signal(alert) {
            // GitHub's `[!WARNING]` is the signal word; the events no longer hold it.
            Some(signal) => (format!("{}: {}", word_of(signal), words.text), Some(signal)),
            None => {
                let signal = words.signal(true);
                (words.text, signal)
            }
        }
    }

    fn quotes(&self, item: usize) -> impl Iterator<Item = (usize, Option<BlockQuoteKind>)> {
        self.children(item + 1, self.end(item)).filter_map(|(i, tag)| match tag {
            Tag::BlockQuote(alert) => Some((i, *alert)),
            _ => None,
        })
    }

    fn table(&self, at: usize, span: Span, out: &mut Out) {
        let mut rows = Vec::new();
        for (i, tag) in self.children(at + 1, self.end(at)) {
            let head = matches!(tag, Tag::TableHead);
            let cells =
                self.children(i + 1, self.end(i)).map(|(c, _)| Stated::new(self.cell(c), head)).collect();
            rows.push(StatedRow { span: self.span(i), cells, head });
        }
        let mut grid = table::grid(rows, Header::Stated);
        if grid.header.iter().all(|c| c.text.is_empty()) {
            // `| | |` over the rows only because Markdown asks for a header.
            grid.header.clear();
        }
        out.cut |= grid.cut;
        out.blocks.extend(table::block(span, grid));
    }

    fn cell(&self, at: usize) -> Cell {
        let mut span = self.span(at);
        if let Some(raw) = span.of(self.text) {
            let inner = raw.trim_start_matches('|');
            let start = span.start + (raw.len() - inner.len());
            let end = start + inner.strip_suffix('|').unwrap_or(inner).len();
            span = trimmed(self.text, start, end);
        }
        Cell { span, text: self.words(at).text }
    }

    /// The words of the element that starts at `at`.
    fn words(&self, at: usize) -> Words {
        self.words_between(at, self.end(at))
    }

    fn words_between(&self, from: usize, to: usize) -> Words {
        let mut text = String::new();
        let mut strong = 0usize;
        let mut bold = false;
        let mut raised = false;
        for (event, _) in self.events.get(from..to).unwrap_or_default() {
            match event {
                Event::Start(Tag::Strong) => strong += 1,
                Event::End(TagEnd::Strong) => strong = strong.saturating_sub(1),
                Event::Text(t) if raised => text.push_str(&tags::raised(t)),
                Event::Text(t) | Event::Code(t) => {
                    // A sign before the first word ("⚠ **Hot**") is no word.
                    let words = |t: &str| t.chars().any(char::is_alphanumeric);
                    if !words(&text) && (words(t) || text.trim().is_empty() && !t.trim().is_empty()) {
                        bold = strong > 0;
                    }
                    text.push_str(t);
                }
                Event::InlineHtml(t) if t.starts_with("<sup") => raised = true,
                Event::InlineHtml(t) if t.starts_with("</sup") => raised = false,
                // `<value>` is a placeholder, and part of the words.
                Event::Html(t) | Event::InlineHtml(t) => {
                    let tokens = tags::tokens(t, 0..t.len());
                    let parts = |n: &str| if tags::parts_words(n) { " " } else { "" };
                    for (_, token) in tokens {
                        match token {
                            tags::Token::Text(t) => text.push_str(&tags::unescaped(t)),
                            tags::Token::Open(n, _) | tags::Token::Close(n) => text.push_str(parts(&n)),
                            tags::Token::Other(_) => {}
                        }
                    }
                }
                Event::Start(Tag::Emphasis | Tag::Strikethrough | Tag::Link { .. }) => {}
                Event::Start(_) | Event::SoftBreak | Event::HardBreak => text.push(' '),
                _ => {}
            }
        }
        Words { text: single_spaced(&without_dialect(&text)), bold }
    }
}

fn is_table(tag: &Tag<'_>) -> bool {
    matches!(tag, Tag::Table(_))
}

fn options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_GFM | Options::ENABLE_STRIKETHROUGH
}

/// Words without the attribute lists of kramdown (`{: .wide}`, `{#anchor}`).
fn without_dialect(text: &str) -> String {
    if !text.contains("{:") && !text.contains("{#") {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("{:").into_iter().chain(rest.find("{#")).min() {
        let (before, after) = rest.split_at(at);
        let close =
            after.find('}').filter(|end| *end < 200 && !after.get(..*end).unwrap_or_default().contains('\n'));
        out.push_str(before);
        match close {
            Some(end) => rest = after.get(end + 1..).unwrap_or_default(),
            None => {
                out.push_str(after.get(..2).unwrap_or_default());
                rest = after.get(2..).unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
    out
}

struct Words {
    text: String,
    bold: bool,
}

impl Words {
    fn signal(&self, quoted: bool) -> Option<Signal> {
        signal::leading(&self.text, Setting { quoted, bold: self.bold })
    }
}

fn warning_or(signal: Option<Signal>, other: BlockKind) -> BlockKind {
    signal.map_or(other, |signal| BlockKind::Warning { signal })
}

fn alert_signal(alert: Option<BlockQuoteKind>) -> Option<Signal> {
    match alert? {
        BlockQuoteKind::Warning => Some(Signal::Warning),
        BlockQuoteKind::Caution => Some(Signal::Caution),
        BlockQuoteKind::Note | BlockQuoteKind::Tip | BlockQuoteKind::Important => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn read(text: &str) -> Document {
        Markdown.read(text.as_bytes(), "m.md").unwrap()
    }

    fn kinds(document: &Document) -> Vec<(&BlockKind, &str, &str)> {
        document
            .blocks
            .iter()
            .map(|b| (&b.kind, b.text.as_str(), b.span.of(&document.text).unwrap()))
            .collect()
    }

    #[test]
    fn front_matter_is_read_and_left_out_of_the_blocks() {
        let toml = read("+++\ntitle = \"Pump jack\"\nvalid_from = 2026-01-02\nyear = 7\n+++\n# A\n");
        assert_eq!(toml.front["title"], "Pump jack");
        assert_eq!(toml.front["valid_from"], "2026-01-02");
        assert_eq!(toml.blocks.len(), 1);
        let yaml = read("---\nTitle: 'Pump jack'\nlist:\n  - a\n---\ntext\n");
        assert_eq!(yaml.front["title"], "Pump jack");
        assert_eq!(yaml.blocks[0].text, "text");
        assert!(read("---\n\njust a rule\n").front.is_empty());
        let brief = read("---\ntitle: Sensor\nbrief: 'Set the sensor.'\n---\nMore.\n");
        assert_eq!(brief.blocks[0].span.of(&brief.text), Some("Set the sensor."));
        let broken = Markdown.read(b"+++\ntitle = \n+++\n", "m.md").unwrap_err();
        assert!(broken.to_string().contains("front matter"), "{broken}");
    }

    #[test]
    fn a_table_has_cells_with_spans() {
        let d = read("| Code | Meaning |\n|---|---|\n| **E203** | Oil level low |\n| E204 |\n");
        let BlockKind::Table { header, rows } = &d.blocks[0].kind else { panic!("{:?}", d.blocks) };
        assert_eq!(header[1].text, "Meaning");
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].cells[0].text, "E203");
        assert_eq!(rows[0].cells[0].span.of(&d.text), Some("**E203**"));
        assert_eq!(rows[0].cells[1].span.of(&d.text), Some("Oil level low"));
        assert_eq!(rows[0].span.of(&d.text), Some("| **E203** | Oil level low |"));
    }

    #[test]
    fn warnings_are_told_from_quotes() {
        let d = read(
            "> **DANGER** Stored energy.\n> Lock out.\n\n> just a quote\n\n**WARNING:** hot\n\n> [!CAUTION]\n> slip\n",
        );
        let found: Vec<_> = kinds(&d).into_iter().map(|(k, t, _)| (k.clone(), t.to_owned())).collect();
        assert_eq!(
            found,
            [
                (BlockKind::Warning { signal: Signal::Danger }, "DANGER Stored energy. Lock out.".to_owned()),
                (BlockKind::Paragraph, "just a quote".to_owned()),
                (BlockKind::Warning { signal: Signal::Warning }, "WARNING: hot".to_owned()),
                (BlockKind::Warning { signal: Signal::Caution }, "CAUTION: slip".to_owned()),
            ]
        );
    }

    #[test]
    fn a_signal_word_on_its_own_line_takes_the_next_block() {
        let d = read("## Belt\n\n### WARNING\n\nKeep hands clear.\n\nText.\n");
        assert_eq!(d.blocks.len(), 3);
        assert_eq!(d.blocks[1].kind, BlockKind::Warning { signal: Signal::Warning });
        assert_eq!(d.blocks[1].text, "WARNING Keep hands clear.");
        assert_eq!(d.blocks[2].kind, BlockKind::Paragraph);
    }

    #[test]
    fn a_step_that_is_nothing_but_markup_is_left_out() {
        let d = read("Step 1: <span></span>\nStep 2: Vent.\n");
        let steps: Vec<_> = d.blocks.iter().map(|b| (b.kind.clone(), b.text.as_str())).collect();
        assert_eq!(steps, [(BlockKind::Item { number: Some(2) }, "Vent.")]);
    }

    #[test]
    fn a_manuals_own_signal_words_and_the_bare_triangle_make_warnings_and_definitions_do_not() {
        let d = read(
            "# Safety\n\n**DANGER** indicates what will kill.\n\n**HAZARD** indicates a situation that could result in death.\n\n\
             # Belt\n\nHAZARD: The belt restarts by itself.\n\n⚠ **Hot drum.** Let it cool.\n\n**HAZARD**\n\nKeep clear.\n",
        );
        let warnings: Vec<_> = d
            .blocks
            .iter()
            .filter_map(|b| match b.kind {
                BlockKind::Warning { signal } => Some((signal, b.text.as_str())),
                _ => None,
            })
            .collect();
        assert_eq!(
            warnings,
            [
                (Signal::Warning, "HAZARD: The belt restarts by itself."),
                (Signal::Warning, "⚠ Hot drum. Let it cool."),
                (Signal::Warning, "HAZARD Keep clear."),
            ]
        );
    }

    #[test]
    fn steps_keep_their_numbers_across_a_warning() {
        let d = read("1. Stop.\n2. Vent.\n\n> **WARNING** hot oil\n\n3. Drain.\n   - slowly\n");
        let steps: Vec<_> = d.blocks.iter().map(|b| b.kind.clone()).collect();
        assert_eq!(steps[0], BlockKind::Item { number: Some(1) });
        assert_eq!(steps[2], BlockKind::Warning { signal: Signal::Warning });
        assert_eq!(steps[3], BlockKind::Item { number: Some(3) });
        assert_eq!(d.blocks[3].span.of(&d.text), Some("3. Drain.\n   - slowly"));
        assert_eq!(d.blocks[3].text, "Drain. slowly");
    }

    #[test]
    fn comments_vanish_and_html_text_stays() {
        let d = read("<!-- draft -->\n\n<p>Oil <b>46</b></p>\n");
        assert_eq!(d.blocks.len(), 1);
        assert_eq!(d.blocks[0].text, "Oil 46");
    }

    #[test]
    fn an_html_table_with_blank_lines_is_one_table() {
        let d = read(
            "# T\n\n<table>\n<tr><td>Code</td><td>Cause</td></tr>\n\n<tr><td>E1</td><td>low</td></tr>\n\n</table>\n\nafter\n",
        );
        assert_eq!(d.blocks.len(), 3, "{:?}", d.blocks);
        let BlockKind::Table { header, rows } = &d.blocks[1].kind else { panic!() };
        assert_eq!((header[0].text.as_str(), rows.len()), ("Code", 1));
        assert_eq!(d.blocks[2].text, "after");
    }

    #[test]
    fn placeholders_stay_and_raised_numbers_stay_apart() {
        let d = read("Set `a` to <value> at 10<sup>3</sup> Pa. [x](y){: .wide}\n");
        assert_eq!(d.blocks[0].text, "Set a to <value> at 10³ Pa. x");
    }

    #[test]
    fn boxes_of_other_dialects_are_warnings() {
        let d = read(
            "!!! danger \"High voltage\"\n\n    Wait 5 min.\n\n::: warning\nHot.\n:::\n\n{% alert warning %}\nOil.\n{% endalert %}\n\n!!! note\n    Fine.\n",
        );
        let found: Vec<_> = d.blocks.iter().map(|b| (b.kind.clone(), b.text.as_str())).collect();
        let warning = |signal| BlockKind::Warning { signal };
        assert_eq!(
            found,
            [
                (warning(Signal::Danger), "DANGER: High voltage Wait 5 min."),
                (warning(Signal::Warning), "WARNING: Hot."),
                (warning(Signal::Warning), "WARNING: Oil."),
                (BlockKind::Paragraph, "Fine."),
            ]
        );
    }

    #[test]
    fn page_marks_part_pages_and_are_no_headings() {
        let d = read("# Pump\n\n====\nPAGE 2\n====\n\nText.\n");
        assert_eq!(d.pages[0].number, 2);
        assert_eq!(d.blocks.len(), 2);
    }

    #[test]
    fn pictures_and_steps_without_list_marks_are_found() {
        let d = read("![Figure 3: valve](img/v.png)\n\n(1) **Stop**.\n(2) Open.\n");
        assert_eq!(d.figures[0].label, "Figure 3");
        assert_eq!(d.figures[0].image, Image::Beside("img/v.png".to_owned()));
        assert_eq!(d.blocks[1].kind, BlockKind::Item { number: Some(1) });
        assert_eq!(d.blocks[1].text, "Stop.");
        assert_eq!(d.blocks[2].span.of(&d.text), Some("(2) Open."));
    }

    #[test]
    fn a_table_in_an_item_keeps_its_rows() {
        let d = read("1. Set:\n\n   | A | B |\n   |---|---|\n   | 1 | 2 |\n\n2. Go.\n");
        assert_eq!(d.blocks.len(), 3, "{:?}", d.blocks);
        assert_eq!(d.blocks[0].text, "Set:");
        assert!(matches!(d.blocks[1].kind, BlockKind::Table { .. }));
    }
}
