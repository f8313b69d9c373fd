//! AsciiDoc: headings, admonitions, tables, lists, delimited blocks.
//!
//! Read line by line. Delimited blocks are read as parts of their own, at most [`DEEPEST`]
//! levels deep.

mod inline;
mod list;
mod table;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use super::decode::decode_as;
use super::lines::{Line, lines};
use super::signal::{self, Setting};
use super::table::Header;
use super::{
    Block, BlockKind, Document, Image, Picture, Reader, boxes, figure, join_lone_signals, single_spaced,
    step, trimmed,
};
use crate::core::Result;
use crate::core::knowledge::passage::{Signal, Span};
use inline::Attributes;

/// Parts nested deeper are read as plain paragraphs.
const DEEPEST: usize = 16;

/// Reads AsciiDoc.
pub struct AsciiDoc;

impl Reader for AsciiDoc {
    fn format(&self) -> &'static str {
        "AsciiDoc"
    }

    fn read(&self, bytes: &[u8], name: &str) -> Result<Document> {
        let decoded = decode_as(bytes, name, None)?;
        let (text, notes) = (decoded.text, decoded.notes);
        let mut reading = Reading {
            text: &text,
            blocks: Vec::new(),
            figures: Vec::new(),
            notes,
            attributes: Attributes::default(),
            set: Set::default(),
        };
        let all = lines(&text, 0);
        let head = reading.head(&all);
        reading.part(all.get(head..).unwrap_or_default(), 0);
        let meta = meta(&reading.attributes);
        let Reading { blocks, figures, mut notes, .. } = reading;
        notes.dedup();
        let blocks = join_lone_signals(&text, blocks);
        Ok(Document { blocks, figures, notes, meta, text, ..Document::default() })
    }
}

/// What the document's attributes say of it, under the names of front matter.
fn meta(attributes: &Attributes) -> BTreeMap<String, String> {
    let names = [
        ("revnumber", "revision"),
        ("lang", "language"),
        ("author", "author"),
        ("revdate", "valid_from"),
        ("doctitle", "title"),
        ("description", "description"),
    ];
    let fact = |(from, to): (&str, &str)| Some((to.to_owned(), attributes.get(from)?.clone()));
    names.into_iter().filter_map(fact).filter(|(_, value)| !value.is_empty()).collect()
}

/// What a block's own lines above it say: `[style,name=value]`, `.Title`.
#[derive(Debug, Default, Clone)]
struct Set {
    style: String,
    named: BTreeMap<String, String>,
    options: String,
    title: Option<Span>,
}

struct Reading<'t> {
    text: &'t str,
    blocks: Vec<Block>,
    figures: Vec<Picture>,
    notes: Vec<String>,
    attributes: Attributes,
    /// For the block that comes next.
    set: Set,
}

impl<'t> Reading<'t> {
    /// Author and revision lines below the title; returns how many lines the head takes
    /// before what [`Reading::part`] reads by itself.
    fn head(&mut self, lines: &[Line<'t>]) -> usize {
        let Some(title) = lines.iter().position(|l| !l.is_blank() && !l.words().starts_with(['/', ':']))
        else {
            return 0;
        };
        let Some(line) = lines.get(title).filter(|l| l.words().starts_with("= ")) else { return 0 };
        for above in lines.get(..title).unwrap_or_default() {
            self.attribute(above.words());
        }
        self.heading(line, line.words().get(2..).unwrap_or_default(), 1);
        let mut at = title + 1;
        if let Some(author) = lines.get(at).filter(|l| is_author(l.words())) {
            let name = author.words().split(['<', ';']).next().unwrap_or_default().trim();
            self.attributes.set("author", name);
            at += 1;
            if let Some((number, date)) = lines.get(at).and_then(|l| revision(l.words())) {
                self.attributes.set("revnumber", &number.unwrap_or_default());
                self.attributes.set("revdate", &date.unwrap_or_default());
                at += 1;
            }
        }
        at
    }

    /// `:name: value`; true where the line is one.
    fn attribute(&mut self, words: &str) -> bool {
        let Some((name, value)) = words.strip_prefix(':').and_then(|w| w.split_once(':')) else {
            return false;
        };
        let plain = !name.is_empty()
            && name.len() <= 64
            && name.chars().all(|c| c.is_alphanumeric() || "_-!".contains(c));
        if !plain || !(value.is_empty() || value.starts_with(' ')) {
            return false;
        }
        let value = value.trim();
        if !name.contains('!') {
            self.attributes.set(name, value);
        }
        true
    }

    fn words(&self, raw: &str) -> String {
        inline::words(raw, &self.attributes)
    }

    fn push(&mut self, span: Span, text: String, kind: BlockKind) {
        if !text.is_empty() && span.start < span.end {
            self.blocks.push(Block { span, text, kind });
        }
    }

    fn heading(&mut self, line: &Line<'_>, words: &str, level: usize) {
        let span = Span { start: line.words_at(), end: line.end() };
        let level = u8::try_from(level).unwrap_or(6).clamp(1, 6);
        let text = self.words(words.trim_end_matches([' ', '=']));
        self.set = Set::default();
        self.push(span, text, BlockKind::Heading { level });
    }

    fn part(&mut self, lines: &[Line<'t>], depth: usize) {
        let mut at = 0;
        while let Some(line) = lines.get(at) {
            let rest = lines.get(at..).unwrap_or_default();
            at += self.block(line, rest, depth).max(1);
        }
    }

    /// Reads the block that starts with `line`; returns how many lines it takes.
    fn block(&mut self, line: &Line<'t>, rest: &[Line<'t>], depth: usize) -> usize {
        let words = line.words();
        if words.is_empty() || words == "+" {
            return 1;
        }
        if line.lead == 0
            && let Some(taken) = self.unindented(line, words, rest, depth)
        {
            return taken;
        }
        if let Some(taken) = self.list(rest, depth) {
            return taken;
        }
        if line.lead > 0 {
            // An indented paragraph is set as it stands.
            let taken = rest.iter().take_while(|l| !l.is_blank() && l.lead > 0).count().max(1);
            self.code(rest.get(..taken).unwrap_or_default());
            return taken;
        }
        self.paragraph(rest)
    }

    fn unindented(
        &mut self,
        line: &Line<'t>,
        words: &'t str,
        rest: &[Line<'t>],
        depth: usize,
    ) -> Option<usize> {
        if words.starts_with("////") && words.bytes().all(|b| b == b'/') {
            return Some(delimited(rest).1);
        }
        if words.starts_with("//") || matches!(words, "'''" | "<<<" | "---" | "***") {
            return Some(1);
        }
        if self.attribute(words) {
            return Some(1);
        }
        if let Some((level, title)) = section(words) {
            self.heading(line, title, level);
            return Some(1);
        }
        if let Some(level) = rest.get(1).and_then(|under| underlined(words, under.text)) {
            self.heading(line, words, level);
            return Some(2);
        }
        if words.starts_with('[') && words.ends_with(']') && self.attribute_line(words) {
            return Some(1);
        }
        if let Some(title) = words.strip_prefix('.').filter(|t| !t.starts_with(['.', ' ']))
            && title.len() > 1
        {
            self.set.title = Some(trimmed(self.text, line.start + 1, line.end()));
            return Some(1);
        }
        if let Some((name, rest)) = words.split_once("::")
            && let Some((target, inside)) = rest.split_once('[')
            && words.ends_with(']')
            && !name.contains(' ')
        {
            return self.macro_block(line, name, target, inside.trim_end_matches(']')).then_some(1);
        }
        if is_delimiter(words) {
            return Some(self.delimited(words, rest, depth));
        }
        None
    }

    /// `[style,name=value]`, `[[anchor]]`.
    fn attribute_line(&mut self, words: &str) -> bool {
        let inner = words.get(1..words.len() - 1).unwrap_or_default();
        if inner.starts_with('[') {
            return true;
        }
        // A line of text in brackets is text.
        if inner.split_whitespace().count() > 12 && !inner.contains('=') {
            return false;
        }
        for (nth, part) in split_attributes(inner).into_iter().enumerate() {
            match part.split_once('=') {
                Some((name, value)) => {
                    let value = value.trim().trim_matches(['"', '\'']).to_owned();
                    let name = name.trim().to_lowercase();
                    if matches!(name.as_str(), "options" | "opts") {
                        self.set.options.push_str(&format!(",{value}"));
                    }
                    self.set.named.insert(name, value);
                }
                None if nth == 0 => {
                    let mut parts = part.split(['%', '.', '#']);
                    self.set.style = parts.next().unwrap_or_default().trim().to_lowercase();
                    let marked =
                        part.split('%').skip(1).map(|o| o.split(['.', '#']).next().unwrap_or_default());
                    for option in marked {
                        self.set.options.push_str(&format!(",{option}"));
                    }
                    let role =
                        part.split('.').skip(1).map(|r| r.split(['%', '#']).next().unwrap_or_default());
                    if let Some(role) = role.into_iter().find(|r| boxes::class(r).is_some()) {
                        self.set.style = role.to_owned();
                    }
                }
                None => {}
            }
        }
        true
    }

    /// `image::path[alt]` and its like; false where the line is none.
    fn macro_block(&mut self, line: &Line<'t>, name: &str, target: &str, inside: &str) -> bool {
        match name {
            "image" => {
                let set = std::mem::take(&mut self.set);
                let alt =
                    split_attributes(inside).into_iter().find(|p| !p.contains('=') || p.starts_with("alt="));
                let alt = alt
                    .map(|a| a.trim_start_matches("alt=").trim_matches('"').to_owned())
                    .unwrap_or_default();
                let mut caption = self.words(&alt);
                let mut span = Span { start: line.words_at(), end: line.end() };
                if let Some(title) = set.title {
                    caption = self.words(title.of(self.text).unwrap_or_default());
                    span = title;
                    self.push(title, caption.clone(), BlockKind::Paragraph);
                }
                let path = inline::words(target, &self.attributes);
                let image = if figure::is_beside(&path) { Image::Beside(path) } else { Image::None };
                self.figures.push(Picture { span, label: figure::label(&caption), caption, image });
            }
            "include" => {
                self.notes.push("a part that the file includes from another file was left out".to_owned())
            }
            "toc" | "ifdef" | "ifndef" | "ifeval" | "endif" | "video" | "audio" | "pass" => {}
            _ => return false,
        }
        true
    }

    fn delimited(&mut self, words: &str, rest: &[Line<'t>], depth: usize) -> usize {
        let set = std::mem::take(&mut self.set);
        let (inside, taken) = delimited(rest);
        let inner = rest.get(1..inside).unwrap_or_default();
        let first = rest.first().map_or(0, Line::words_at);
        match words.as_bytes() {
            [b'-', b'-', b'-', ..] | [b'.', ..] | [b'`', ..] => {
                self.title(&set);
                if set.style == "warning" {
                    self.boxed(first, inner, Signal::Warning, depth);
                } else {
                    self.code(inner);
                }
            }
            [b'+', ..] | [b'/', ..] => {}
            [b'|' | b',' | b':' | b'!', ..] => {
                self.title(&set);
                self.table(words, &set, inner, first, rest.get(taken.saturating_sub(1)));
            }
            _ => match boxes::class(&set.style) {
                Some(signal) => {
                    self.boxed_with_title(&set, first, inner, signal, depth);
                }
                None => {
                    self.title(&set);
                    self.nested(inner, depth);
                }
            },
        }
        taken
    }

    fn title(&mut self, set: &Set) {
        if let Some(span) = set.title {
            let text = self.words(span.of(self.text).unwrap_or_default());
            self.push(span, text, BlockKind::Paragraph);
        }
    }

    fn nested(&mut self, lines: &[Line<'t>], depth: usize) {
        if depth < DEEPEST {
            self.part(lines, depth + 1);
        } else if let Some(span) = place(self.text, lines) {
            let text = self.words(span.of(self.text).unwrap_or_default());
            self.push(span, text, BlockKind::Paragraph);
        }
    }

    fn inside(&mut self, lines: &[Line<'t>], depth: usize) -> Vec<Block> {
        let before = std::mem::take(&mut self.blocks);
        self.nested(lines, depth);
        std::mem::replace(&mut self.blocks, before)
    }

    fn boxed_with_title(
        &mut self,
        set: &Set,
        start: usize,
        lines: &[Line<'t>],
        signal: Signal,
        depth: usize,
    ) {
        let titled = set.title.map_or(start, |t| t.start);
        let before = self.blocks.len();
        self.boxed(start, lines, signal, depth);
        if let (Some(title), Some(block)) = (set.title, self.blocks.get_mut(before))
            && matches!(block.kind, BlockKind::Warning { .. })
        {
            let words = inline::words(title.of(self.text).unwrap_or_default(), &self.attributes);
            let (text, signal) = boxes::led(&words, signal);
            let own = block.text.split_once(": ").map_or(block.text.as_str(), |(_, rest)| rest);
            block.text = format!("{text} {own}");
            block.kind = BlockKind::Warning { signal };
            block.span.start = titled;
        }
    }

    /// One warning of the words in some lines; tables and code follow it.
    fn boxed(&mut self, start: usize, lines: &[Line<'t>], signal: Signal, depth: usize) {
        let inner = self.inside(lines, depth);
        let mut text = String::new();
        let mut end = start;
        let after = boxes::words_of(inner, &mut text, &mut end);
        let text = single_spaced(&text);
        if !text.is_empty() {
            let (text, signal) = boxes::led(&text, signal);
            self.push(trimmed(self.text, start, end), text, BlockKind::Warning { signal });
        }
        self.blocks.extend(after);
    }

    fn code(&mut self, lines: &[Line<'t>]) {
        self.set = Set::default();
        if let Some(span) = place(self.text, lines) {
            let text = single_spaced(span.of(self.text).unwrap_or_default());
            self.push(span, text, BlockKind::Code);
        }
    }

    fn table(&mut self, mark: &str, set: &Set, inner: &[Line<'t>], start: usize, last: Option<&Line<'t>>) {
        let Some(first) = inner.first() else { return };
        let end = inner.last().map_or(first.start, Line::end).max(first.start);
        let format = set.named.get("format").map(String::as_str).unwrap_or_default();
        let own = set.named.get("separator").and_then(|s| s.chars().next());
        let has = |name: &str| set.options.split(',').any(|o| o.trim() == name) || set.style == name;
        let csv = mark.starts_with([',', ':']) || matches!(format, "csv" | "tsv" | "dsv");
        let separator = own.unwrap_or(match (mark.chars().next(), format) {
            (_, "tsv") => '\t',
            (Some(':'), _) | (_, "dsv") => ':',
            (Some(','), _) | (_, "csv") => ',',
            (Some('!'), _) => '!',
            _ => '|',
        });
        let table = table::Set {
            columns: set.named.get("cols").map_or(0, |c| table::columns(c)),
            header: has("header"),
            no_header: has("noheader"),
            separator,
            csv,
        };
        let inside = Span { start: first.start, end };
        let rows = table::rows(self.text, inside, &table, &self.attributes);
        let grid = super::table::grid(rows, Header::Stated);
        if grid.cut {
            self.notes.push("a table has too many cells; its rest was left out".to_owned());
        }
        let span = trimmed(self.text, start, last.map_or(end, Line::end).max(end));
        self.blocks.extend(super::table::block(span, grid));
    }

    fn paragraph(&mut self, lines: &[Line<'t>]) -> usize {
        let mut taken = 1;
        while let Some(line) = lines.get(taken) {
            let words = line.words();
            let ends = line.is_blank()
                || is_delimiter(words)
                || (words.starts_with('[') && words.ends_with(']'))
                || (words.starts_with("//") && line.lead == 0)
                || section(words).is_some_and(|_| line.lead == 0)
                || words == "+";
            if ends {
                break;
            }
            taken += 1;
        }
        let set = std::mem::take(&mut self.set);
        let Some(span) = place(self.text, lines.get(..taken).unwrap_or_default()) else { return taken };
        let raw = span.of(self.text).unwrap_or_default();
        let labelled = admonition(raw);
        let signal = labelled.map_or(boxes::class(&set.style), |(label, _)| boxes::class(label));
        let words = self.words(labelled.map_or(raw, |(_, rest)| rest));
        if let Some(signal) = signal {
            let titled =
                set.title.map(|t| self.words(t.of(self.text).unwrap_or_default())).unwrap_or_default();
            let (text, signal) = boxes::led(&single_spaced(&format!("{titled} {words}")), signal);
            self.push(span, text, BlockKind::Warning { signal });
            return taken;
        }
        self.title(&set);
        if matches!(set.style.as_str(), "source" | "listing" | "literal" | "verse") {
            self.push(span, single_spaced(raw), BlockKind::Code);
            return taken;
        }
        let bold = raw.starts_with('*');
        match signal::leading(&words, Setting { quoted: false, bold }) {
            Some(signal) => self.push(span, words, BlockKind::Warning { signal }),
            None => match step::blocks(self.text, span).filter(|_| labelled.is_none()) {
                Some(steps) => {
                    for one in steps {
                        let text = self.words(&one.text);
                        self.push(one.span, text, one.kind);
                    }
                }
                None => self.push(span, words, BlockKind::Paragraph),
            },
        }
        taken
    }
}

/// `WARNING: words`: the label and the words.
fn admonition(raw: &str) -> Option<(&str, &str)> {
    ["NOTE", "TIP", "IMPORTANT", "CAUTION", "WARNING", "DANGER"].iter().find_map(|label| {
        let rest = raw.strip_prefix(label)?.strip_prefix(':')?;
        rest.starts_with(char::is_whitespace).then_some((*label, rest))
    })
}

/// `== Title`: its level and words.
fn section(words: &str) -> Option<(usize, &str)> {
    let mark = words.chars().next().filter(|c| matches!(c, '=' | '#'))?;
    let level = words.chars().take_while(|c| *c == mark).count();
    let title = words.get(level..)?.strip_prefix(' ')?;
    (level <= 6 && !title.trim().is_empty()).then_some((level, title.trim()))
}

/// A title with a line below it, as AsciiDoc had them first.
fn underlined(title: &str, under: &str) -> Option<usize> {
    let level = match under.chars().next()? {
        '=' => 1,
        '-' => 2,
        '~' => 3,
        '^' => 4,
        '+' => 5,
        _ => return None,
    };
    let mark = under.chars().next()?;
    let width = title.chars().count();
    let length = under.len();
    let fits = length >= 3 && under.chars().all(|c| c == mark) && width.abs_diff(length) <= 2;
    (fits && title.starts_with(char::is_alphanumeric)).then_some(level)
}

fn is_delimiter(words: &str) -> bool {
    if words == "--" || words == "```" || words.starts_with("```") {
        return true;
    }
    if matches!(words, "|===" | ",===" | ":===" | "!===") {
        return true;
    }
    let mark = words.chars().next().unwrap_or(' ');
    "-.=*_+/".contains(mark) && words.len() >= 4 && words.chars().all(|c| c == mark)
        || (words.starts_with('|') && words.len() > 4 && words.bytes().skip(1).all(|b| b == b'='))
}

/// Of a delimited block: the line of its closing delimiter, and the lines it takes. One that
/// is never closed ends at the end.
fn delimited(lines: &[Line<'_>]) -> (usize, usize) {
    let open = lines.first().map_or("", Line::words);
    let close = if open.starts_with("```") { "```" } else { open };
    let found = lines.iter().skip(1).position(|l| l.words() == close).map(|i| i + 1);
    found.map_or((lines.len(), lines.len()), |i| (i, i + 1))
}

/// Parts of an attribute list; a comma in quotes parts nothing.
fn split_attributes(inner: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quoted = false;
    for c in inner.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => {
                out.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = out.last_mut() {
            last.push(c);
        }
    }
    out.into_iter().map(|p| p.trim().to_owned()).collect()
}

fn is_author(words: &str) -> bool {
    let names = words.split(['<', ';', ',']).next().unwrap_or_default();
    let count = names.split_whitespace().count();
    words.starts_with(char::is_uppercase)
        && (1..=4).contains(&count)
        && !words.ends_with('.')
        && !names.contains(|c: char| c.is_ascii_digit() || ":[]{}=".contains(c))
}

/// `v1.2, 2026-01-02: remark`: number and date.
fn revision(words: &str) -> Option<(Option<String>, Option<String>)> {
    static LINE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"^(?:[vV](?:ersion)?\s?([\w.\-]+)|(\d[\w.\-]*))?,?\s*(\d{4}-\d{2}-\d{2})?(?::.*)?$").ok()
    });
    let found = LINE.as_ref()?.captures(words)?;
    let number = found.get(1).or_else(|| found.get(2)).map(|m| m.as_str().to_owned());
    let date = found.get(3).map(|m| m.as_str().to_owned());
    (number.is_some() || date.is_some()).then_some((number, date))
}

/// The place of some lines, without white space around.
fn place(text: &str, lines: &[Line<'_>]) -> Option<Span> {
    let first = lines.iter().find(|l| !l.is_blank())?;
    let last = lines.iter().rfind(|l| !l.is_blank())?;
    Some(trimmed(text, first.words_at(), last.end())).filter(|s| s.start < s.end)
}

#[cfg(test)]
mod tests;
