//! What stands behind `..`: directives, comments, targets.

use super::{Reading, inline, listed, place};
use crate::core::knowledge::passage::{Signal, Span};
use crate::core::knowledge::read::lines::Line;
use crate::core::knowledge::read::{
    Block, BlockKind, Image, Picture, boxes, figure, meta, single_spaced, trimmed,
};

/// A directive taken apart.
pub(super) struct Directive<'a, 't> {
    pub name: String,
    /// What stands behind `::`, and its place.
    pub argument: &'t str,
    pub argument_at: usize,
    /// `:name: value` lines: name, value, and the value's place.
    pub options: Vec<(&'t str, &'t str, usize)>,
    /// The lines below.
    pub content: &'a [Line<'t>],
}

impl Directive<'_, '_> {
    pub(super) fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|o| o.0 == name).map(|o| o.1)
    }

    pub(super) fn number(&self, name: &str) -> usize {
        self.option(name).and_then(|v| v.trim().parse().ok()).unwrap_or(0)
    }
}

impl<'t> Reading<'t> {
    /// Reads explicit markup; returns how many lines it takes.
    pub(super) fn explicit(&mut self, lines: &[Line<'t>], depth: usize) -> usize {
        let Some(first) = lines.first() else { return 1 };
        let taken = 1 + super::indented(lines.get(1..).unwrap_or_default(), first.indent);
        let block = lines.get(..taken).unwrap_or_default();
        let Some(body) = first.words().strip_prefix("..").map(str::trim_start) else { return taken };
        let body_at = first.end() - body.len();
        // `.. [1] text`: a footnote, whose words may hold a figure.
        if body.starts_with('[')
            && let Some(end) = body.find("] ")
        {
            let mark = first.words().len() - body.len() + end + 2;
            let inner = self.inner(block, mark, depth);
            self.gathered(first.words_at(), inner, BlockKind::Paragraph);
            return taken;
        }
        // `.. |name| image:: path`
        let (body, body_at) = match body.strip_prefix('|').and_then(|b| b.split_once("| ")) {
            Some((_, rest)) => (rest.trim_start(), first.end() - rest.trim_start().len()),
            None => (body, body_at),
        };
        if let Some((name, argument)) = directive_name(body) {
            let at = body_at + (body.len() - argument.len());
            let directive = take_apart(name, argument, at, block.get(1..).unwrap_or_default());
            self.directive(&directive, first, depth);
        }
        // Anything else is a comment or a target.
        taken
    }

    fn directive(&mut self, d: &Directive<'_, 't>, first: &Line<'t>, depth: usize) {
        match d.name.as_str() {
            "danger" | "warning" | "caution" | "attention" | "error" => {
                self.admonition(d, first, boxes::class(&d.name).unwrap_or(Signal::Warning), depth);
            }
            "admonition" | "container" | "topic" | "sidebar" => {
                let stated = d.option("class").and_then(boxes::class);
                let titled = boxes::class(d.argument.split_whitespace().next().unwrap_or_default());
                match stated.or(titled).filter(|_| d.name != "topic") {
                    Some(signal) => self.admonition(d, first, signal, depth),
                    None => self.plain(d, depth),
                }
            }
            "code" | "code-block" | "sourcecode" | "parsed-literal" | "literalinclude" | "highlight"
            | "math" | "prompt" | "code-cell" => {
                if let Some(span) = place(self.text, d.content) {
                    let text = single_spaced(span.of(self.text).unwrap_or_default());
                    self.push(span, text, BlockKind::Code);
                }
            }
            "image" | "figure" => self.picture(d, first, depth),
            "list-table" => {
                self.caption(d);
                let rows = listed::list_table(self.text, d);
                self.listed(rows, d, first);
            }
            "csv-table" => {
                self.caption(d);
                if d.option("file").is_some() || d.option("url").is_some() {
                    self.out.notes.push("a csv-table whose rows are in another file was left out".to_owned());
                }
                let rows = listed::csv_table(self.text, d);
                self.listed(rows, d, first);
            }
            "table" => {
                self.caption(d);
                self.content(d, depth);
            }
            "meta" => {
                for (name, value, _) in &d.options {
                    meta::put(&mut self.out.meta, name, &inline::words(value));
                }
            }
            "contents" | "toctree" | "include" | "raw" | "index" | "sectnum" | "section-numbering"
            | "default-role" | "role" | "currentmodule" | "module" | "py:module" | "automodule"
            | "autoclass" | "autofunction" | "highlightlang" | "target-notes" | "tabularcolumns"
            | "header" | "footer" | "bibliography" | "plot" | "graphviz" | "digraph" | "mermaid" | "uml"
            | "todo" | "class" => {}
            "only" | "tabs" | "tab-set" | "grid" | "replace" | "unicode" => self.content(d, depth),
            _ => self.plain(d, depth),
        }
    }

    /// The argument as a paragraph, then the content.
    fn plain(&mut self, d: &Directive<'_, 't>, depth: usize) {
        let span = trimmed(self.text, d.argument_at, d.argument_at + d.argument.len());
        self.running(span, d.argument);
        self.content(d, depth);
    }

    fn content(&mut self, d: &Directive<'_, 't>, depth: usize) {
        let indent = d.content.iter().filter(|l| !l.is_blank()).map(|l| l.indent).min().unwrap_or(0);
        self.nested(d.content, indent, depth);
    }

    fn inside(&mut self, d: &Directive<'_, 't>, depth: usize) -> Vec<Block> {
        let before = std::mem::take(&mut self.out.blocks);
        self.content(d, depth);
        std::mem::replace(&mut self.out.blocks, before)
    }

    /// One warning of all words in the box; tables and code follow it.
    fn admonition(&mut self, d: &Directive<'_, 't>, first: &Line<'t>, signal: Signal, depth: usize) {
        let inner = self.inside(d, depth);
        let mut text = inline::words(d.argument);
        let mut end = first.end();
        let after = boxes::words_of(inner, &mut text, &mut end);
        let (text, signal) = boxes::led(&single_spaced(&text), signal);
        let span = trimmed(self.text, first.words_at(), end);
        // A box of nothing but a picture or code warns of nothing.
        if text.chars().filter(|c| c.is_alphabetic()).count() > 9 || !text.is_ascii() {
            self.push(span, text, BlockKind::Warning { signal });
        }
        self.out.blocks.extend(after);
    }

    fn picture(&mut self, d: &Directive<'_, 't>, first: &Line<'t>, depth: usize) {
        let inner = self.inside(d, depth);
        let alt = d.option("alt").map(inline::words).unwrap_or_default();
        let caption = inner.iter().find(|b| matches!(b.kind, BlockKind::Paragraph));
        let span = caption.map_or(trimmed(self.text, first.words_at(), first.end()), |b| b.span);
        let caption = caption.map_or(alt, |b| b.text.clone());
        let path = d.argument.trim();
        let image = if figure::is_beside(path) { Image::Beside(path.to_owned()) } else { Image::None };
        self.out.figures.push(Picture { span, label: figure::label(&caption), caption, image });
        self.out.blocks.extend(inner);
    }

    fn caption(&mut self, d: &Directive<'_, 't>) {
        let span = trimmed(self.text, d.argument_at, d.argument_at + d.argument.len());
        self.push(span, inline::words(d.argument), BlockKind::Paragraph);
    }

    fn listed(&mut self, rows: Vec<super::table::StatedRow>, d: &Directive<'_, 't>, first: &Line<'t>) {
        let start = rows.first().map_or(first.words_at(), |r| r.span.start);
        let end = place(self.text, d.content).map_or(first.end(), |s| s.end);
        self.table(Span { start: start.min(end), end }, rows);
    }
}

/// `name:: argument`.
fn directive_name(body: &str) -> Option<(&str, &str)> {
    let end = body.find("::")?;
    let name = body.get(..end)?.trim_end();
    let plain = !name.is_empty()
        && name.len() <= 64
        && name.chars().all(|c| c.is_alphanumeric() || "-_:.+".contains(c));
    let after = body.get(end + 2..)?;
    (plain && (after.is_empty() || after.starts_with(char::is_whitespace)))
        .then(|| (name, after.trim_start()))
}

fn take_apart<'a, 't>(
    name: &str,
    argument: &'t str,
    argument_at: usize,
    lines: &'a [Line<'t>],
) -> Directive<'a, 't> {
    let mut options = Vec::new();
    let mut at = 0;
    // An argument may go on below; only options and a blank line part it from the content.
    for line in lines {
        match super::field(line.words()) {
            Some((name, value)) => {
                let words = line.words().get(value..).unwrap_or_default();
                options.push((name, words, line.words_at() + value));
            }
            // The value of the option above goes on.
            None if !line.is_blank() && !options.is_empty() => {
                if let Some(last) = options.last_mut()
                    && last.1.is_empty()
                {
                    *last = (last.0, line.words(), line.words_at());
                }
            }
            None => break,
        }
        at += 1;
    }
    let content = lines.get(at..).unwrap_or_default();
    Directive { name: name.to_lowercase(), argument, argument_at, options, content }
}
