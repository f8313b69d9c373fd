//! Markdown (CommonMark with GitHub tables and alerts), with source offsets throughout.

use std::collections::BTreeMap;
use std::ops::Range;

use pulldown_cmark::{BlockQuoteKind, Event, Options, Parser, Tag};

use super::signal::{self, Setting};
use super::{
    Block, BlockKind, Cell, Document, Reader, Row, decode, join_lone_signals, single_spaced, trimmed,
    unreadable,
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
        let text = decode(bytes, name)?;
        let (front, body) = front_matter(&text, name)?;
        let blocks = join_lone_signals(&text, Source::parse(&text, body).blocks());
        Ok(Document { text, front, blocks, ..Document::default() })
    }
}

/// Front matter between `+++` lines (TOML) or `---` lines (`key: value`), and where the
/// body starts.
fn front_matter(text: &str, name: &str) -> Result<(BTreeMap<String, String>, usize)> {
    let mut lines = text.split_inclusive('\n');
    let first = lines.next().unwrap_or_default();
    let fence = first.trim_end();
    if fence != "+++" && fence != "---" {
        return Ok((BTreeMap::new(), 0));
    }
    let start = first.len();
    let mut at = start;
    for line in lines {
        if line.trim_end() == fence {
            let inner = text.get(start..at).unwrap_or_default();
            let body = at + line.len();
            let front = if fence == "+++" { toml_front(inner, name)? } else { yaml_front(inner) };
            return Ok((front, body));
        }
        at += line.len();
    }
    // A lone `---` is a thematic break, a lone `+++` a paragraph.
    Ok((BTreeMap::new(), 0))
}

fn toml_front(inner: &str, name: &str) -> Result<BTreeMap<String, String>> {
    let table: toml::Table = inner.parse().map_err(|e: toml::de::Error| {
        unreadable(
            format!("{name}: front matter is not TOML: {}", e.message()),
            "correct what is between the +++ lines",
        )
    })?;
    let plain = |value: toml::Value| match value {
        toml::Value::String(s) => Some(s),
        toml::Value::Array(list) => {
            let words: Option<Vec<&str>> = list.iter().map(toml::Value::as_str).collect();
            words.map(|w| w.join(", "))
        }
        toml::Value::Table(_) => None,
        other => Some(other.to_string()),
    };
    Ok(table.into_iter().filter_map(|(key, value)| Some((key.to_lowercase(), plain(value)?))).collect())
}

/// The `key: value` lines; nested YAML is left out, not guessed at.
fn yaml_front(inner: &str) -> BTreeMap<String, String> {
    inner
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_alphabetic()))
        .filter_map(|line| line.split_once(':'))
        .map(|(key, value)| (key.trim().to_lowercase(), value.trim().trim_matches(['"', '\'']).to_owned()))
        .filter(|(_, value)| !value.is_empty())
        .collect()
}

/// The parsed events with, for each start, the place of its end.
struct Source<'t> {
    text: &'t str,
    events: Vec<(Event<'t>, Range<usize>)>,
    end_of: Vec<usize>,
}

impl<'t> Source<'t> {
    fn parse(text: &'t str, body: usize) -> Self {
        let options = Options::ENABLE_TABLES | Options::ENABLE_GFM | Options::ENABLE_STRIKETHROUGH;
        let markdown = text.get(body..).unwrap_or_default();
        let events: Vec<_> = Parser::new_ext(markdown, options)
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
        Source { text, events, end_of }
    }

    fn blocks(&self) -> Vec<Block> {
        let mut out = Vec::new();
        for (i, tag) in self.children(0, self.events.len()) {
            self.block(i, tag, &mut out);
        }
        out
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

    fn block(&self, at: usize, tag: &Tag<'t>, out: &mut Vec<Block>) {
        let span = self.span(at);
        match tag {
            Tag::Heading { level, .. } => {
                let kind = BlockKind::Heading { level: *level as u8 };
                self.push(span, self.words(at).text, kind, out);
            }
            Tag::BlockQuote(alert) => {
                let (text, signal) = self.quote(at, *alert);
                self.push(span, text, warning_or(signal, BlockKind::Paragraph), out);
            }
            Tag::List(first) => self.list(at, *first, out),
            Tag::Table(_) => self.table(at, span, out),
            Tag::CodeBlock(_) => self.push(span, self.words(at).text, BlockKind::Code, out),
            _ => {
                let words = self.words(at);
                let kind = warning_or(words.signal(false), BlockKind::Paragraph);
                self.push(span, words.text, kind, out);
            }
        }
    }

    fn push(&self, span: Span, text: String, kind: BlockKind, out: &mut Vec<Block>) {
        if !text.is_empty() && span.start < span.end {
            out.push(Block { span, text, kind });
        }
    }

    fn list(&self, at: usize, first: Option<u64>, out: &mut Vec<Block>) {
        for (nth, (item, _)) in self.children(at + 1, self.end(at)).enumerate() {
            // A warning inside an item governs the item, so it comes first.
            for (quote, alert) in self.quotes(item) {
                if let (text, Some(signal)) = self.quote(quote, alert) {
                    self.push(self.span(quote), text, BlockKind::Warning { signal }, out);
                }
            }
            let words = self.words(item);
            let item_kind = BlockKind::Item { number: first.map(|n| n.saturating_add(nth as u64)) };
            // A step stays a step, however it starts.
            let kind = if first.is_some() { item_kind } else { warning_or(words.signal(false), item_kind) };
            self.push(self.span(item), words.text, kind, out);
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

    fn table(&self, at: usize, span: Span, out: &mut Vec<Block>) {
        let mut header = Vec::new();
        let mut rows = Vec::new();
        for (i, tag) in self.children(at + 1, self.end(at)) {
            let cells: Vec<Cell> =
                self.children(i + 1, self.end(i)).map(|(cell, _)| self.cell(cell)).collect();
            match tag {
                Tag::TableHead => header = cells,
                _ if cells.iter().any(|c| !c.text.is_empty()) => rows.push(Row { span: self.span(i), cells }),
                _ => {}
            }
        }
        out.push(Block { span, text: self.words(at).text, kind: BlockKind::Table { header, rows } });
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
        let mut text = String::new();
        let mut strong = 0usize;
        let mut bold = false;
        for (event, _) in self.events.get(at..self.end(at)).unwrap_or_default() {
            match event {
                Event::Start(Tag::Strong) => strong += 1,
                Event::End(pulldown_cmark::TagEnd::Strong) => strong = strong.saturating_sub(1),
                Event::Text(t) | Event::Code(t) => {
                    if text.trim().is_empty() && !t.trim().is_empty() {
                        bold = strong > 0;
                    }
                    text.push_str(t);
                }
                Event::Html(t) => text.push_str(&without_tags(t)),
                Event::Start(Tag::Emphasis | Tag::Strikethrough | Tag::Link { .. }) => {}
                Event::Start(_) | Event::SoftBreak | Event::HardBreak | Event::InlineHtml(_) => {
                    text.push(' ')
                }
                _ => {}
            }
        }
        Words { text: single_spaced(&text), bold }
    }
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

fn word_of(signal: Signal) -> &'static str {
    match signal {
        Signal::Notice => "NOTICE",
        Signal::Caution => "CAUTION",
        Signal::Warning => "WARNING",
        Signal::Danger => "DANGER",
    }
}

/// What is left of an HTML block without its tags and comments.
fn without_tags(html: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        out.push(' ');
        let close = if after.starts_with("!--") { "-->" } else { ">" };
        rest = after.split_once(close).map_or("", |(_, tail)| tail);
    }
    out.push_str(rest);
    out
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
}
