//! HTML: parsed as a browser does, walked into rendered text.
//!
//! A page that would be dear to parse (nested without end, formats never closed) is read by
//! its tags alone, in linear time, and that is noted.

mod list;
mod table;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::bytes::Regex;
use scraper::Html;
use scraper::node::{Element, Node};

use super::decode::decode_as;
use super::rendered::Rendered;
use super::signal::Setting;
use super::{
    Document, Image, Reader, boxes, figure, fragment, join_lone_signals, meta, single_spaced, step, tags,
};
use crate::core::Result;
use crate::core::knowledge::passage::Signal;

/// A place in the parsed page.
type At<'h> = ego_tree::NodeRef<'h, Node>;

/// Deeper elements give their words only.
const DEEPEST: usize = 160;
/// Pages dearer than this are read by their tags.
const MOST_DEPTH: usize = 1_000;
const MOST_TAGS: usize = 1_000_000;
const MOST_ATTRIBUTES: usize = 2_000;
/// Open formats times tags: what a parser may have to open again.
const MOST_REOPENED: usize = 5_000_000;

/// Reads HTML.
pub struct HtmlPage;

impl Reader for HtmlPage {
    fn format(&self) -> &'static str {
        "HTML"
    }

    fn read(&self, bytes: &[u8], name: &str) -> Result<Document> {
        let decoded = decode_as(bytes, name, charset(bytes).as_deref())?;
        let cost = tags::cost(&decoded.text);
        let mut document = if cost.depth > MOST_DEPTH
            || cost.tags > MOST_TAGS
            || cost.attributes > MOST_ATTRIBUTES
            || cost.formats.saturating_mul(cost.tags) > MOST_REOPENED
        {
            by_tags(decoded.text)
        } else {
            parsed(&decoded.text)
        };
        document.notes.extend(decoded.notes);
        Ok(document)
    }
}

/// What the page says about its encoding.
fn charset(bytes: &[u8]) -> Option<String> {
    static CHARSET: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"(?i)(?:charset|encoding)\s*=\s*["']?\s*([a-z0-9_:.-]{2,40})"#).ok());
    let head = bytes.get(..bytes.len().min(4096))?;
    let found = CHARSET.as_ref()?.captures(head)?.get(1)?;
    String::from_utf8(found.as_bytes().to_vec()).ok()
}

fn by_tags(text: String) -> Document {
    let found = fragment::read(&text, 0..text.len());
    let mut notes = vec!["nested too deeply or too large for a page: read by its tags alone".to_owned()];
    if found.cut {
        notes.push("too many tags; the rest was left out".to_owned());
    }
    let blocks = join_lone_signals(&text, found.blocks);
    Document { blocks, figures: found.figures, notes, text, ..Document::default() }
}

fn parsed(text: &str) -> Document {
    let page = Html::parse_document(text);
    let mut walk = Walk::default();
    walk.flow(page.tree.root(), 0);
    walk.flush();
    let meta = facts(&page);
    Document { meta, ..walk.out.finish() }
}

/// Title, language and `meta` elements.
fn facts(page: &Html) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for node in page.tree.nodes() {
        let Node::Element(element) = node.value() else { continue };
        match element.name() {
            "title" if !out.contains_key("title") => meta::put(&mut out, "title", &words(node)),
            "html" => meta::put(&mut out, "language", element.attr("lang").unwrap_or_default()),
            "meta" => {
                if let (Some(name), Some(value)) = (element.attr("name"), element.attr("content")) {
                    meta::put(&mut out, name, value);
                }
            }
            _ => {}
        }
    }
    out
}

/// Walks a page and renders it.
#[derive(Default)]
struct Walk {
    out: Rendered,
    /// Words that no block has taken yet; `<br>` is `\n`.
    line: String,
    /// Are the first of them bold?
    bold: bool,
    /// The box that the next words stand in says that they are a warning.
    boxed: Option<Signal>,
    /// Pictures among the words.
    pictures: Vec<(String, Image)>,
}

impl Walk {
    /// Renders what is inside a node.
    fn flow(&mut self, node: At<'_>, depth: usize) {
        for child in node.children() {
            match child.value() {
                Node::Text(text) => self.text(text),
                Node::Element(element) if !is_hidden(element) => self.element(child, element, depth),
                _ => {}
            }
        }
    }

    fn text(&mut self, text: &str) {
        // Line ends of the source are spaces.
        for part in text.split(['\n', '\r']) {
            self.line.push_str(part);
            self.line.push(' ');
        }
        if !text.ends_with(['\n', '\r']) {
            self.line.pop();
        }
    }

    fn element(&mut self, node: At<'_>, element: &Element, depth: usize) {
        let name = element.name();
        if depth > DEEPEST {
            let words = words(node);
            return self.text(&words);
        }
        match name {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.flush();
                let level = name.as_bytes().get(1).map_or(1, |b| b.saturating_sub(b'0'));
                self.out.heading(level, &words(node));
                self.pictures_in(node);
                self.flush();
            }
            "br" => self.line.push('\n'),
            "hr" => self.flush(),
            "ul" | "ol" | "menu" => {
                self.flush();
                self.list(node, element, depth);
            }
            "dl" => {
                self.flush();
                self.described(node, depth);
            }
            "table" => {
                self.flush();
                self.table(node, element, depth);
            }
            "pre" | "textarea" | "xmp" => {
                self.flush();
                self.out.code(&raw(node));
            }
            "figure" => {
                self.flush();
                self.figure(node, depth);
            }
            "img" => self.picture(element),
            "sup" => self.line.push_str(&tags::raised(&words(node))),
            "b" | "strong" => {
                if self.line.trim().is_empty() {
                    self.bold = true;
                }
                self.flow(node, depth + 1);
            }
            _ if tags::parts_words(name)
                && !matches!(name, "time" | "data" | "bdi" | "bdo" | "ruby" | "nobr" | "acronym")
                && !name.contains('-') =>
            {
                self.flush();
                match signal_of(element) {
                    Some(signal) => self.framed(node, signal, depth),
                    None => self.flow(node, depth + 1),
                }
                self.flush();
            }
            _ => self.flow(node, depth + 1),
        }
    }

    /// A box whose class says that it warns.
    fn framed(&mut self, node: At<'_>, signal: Signal, depth: usize) {
        if holds(node, &["table", "ol", "ul", "pre", "h1", "h2"]) || words(node).len() > 2_000 {
            // Its first words are the warning.
            self.boxed = Some(signal);
            self.flow(node, depth + 1);
            self.flush();
            self.boxed = None;
        } else {
            self.out.warning(&words(node), signal);
            self.pictures_in(node);
        }
    }

    /// Makes a block of the words gathered so far.
    fn flush(&mut self) {
        let line = std::mem::take(&mut self.line);
        let bold = std::mem::take(&mut self.bold);
        let setting = Setting { quoted: false, bold };
        if !line.trim().is_empty() {
            let lines: Vec<&str> = line.split('\n').map(str::trim).filter(|l| !l.is_empty()).collect();
            if let Some(signal) = self.boxed.take() {
                self.out.warning(&line, signal);
            } else if lines.len() > 1 && lines.iter().any(|l| step::leading(l).is_some()) {
                for one in lines {
                    self.out.paragraph(one, setting);
                }
            } else {
                self.out.paragraph(&line, setting);
            }
        }
        for (caption, image) in std::mem::take(&mut self.pictures) {
            self.out.figure(&caption, image);
        }
    }

    fn picture(&mut self, element: &Element) {
        let Some(source) = element.attr("src").or_else(|| element.attr("data-src")) else { return };
        let caption = single_spaced(element.attr("alt").unwrap_or_default());
        // A dot that holds a table open is no figure.
        let tiny =
            |name: &str| element.attr(name).and_then(|v| v.parse::<u32>().ok()).is_some_and(|v| v < 16);
        if caption.is_empty() && (tiny("width") || tiny("height")) {
            return;
        }
        let image =
            if figure::is_beside(source) { Image::Beside(source.trim().to_owned()) } else { Image::None };
        self.pictures.push((caption, image));
    }

    /// The pictures below a node whose words were taken already.
    fn pictures_in(&mut self, node: At<'_>) {
        for below in node.descendants() {
            if let Node::Element(element) = below.value()
                && element.name() == "img"
            {
                self.picture(element);
            }
        }
    }

    /// A figure: its caption, else its picture's own words.
    fn figure(&mut self, node: At<'_>, depth: usize) {
        let caption = node.descendants().find(|n| is(n, "figcaption"));
        if holds(node, &["table", "pre"]) || !holds(node, &["img"]) {
            self.flow(node, depth + 1);
            return self.flush();
        }
        self.pictures_in(node);
        let words = caption.map(words).unwrap_or_default();
        let mut pictures = std::mem::take(&mut self.pictures);
        if let Some(first) = pictures.first_mut()
            && !words.is_empty()
        {
            first.0 = words;
        }
        for (caption, image) in pictures {
            self.out.figure(&caption, image);
        }
    }
}

/// Is a node an element of this name?
fn is(node: &At<'_>, name: &str) -> bool {
    node.value().as_element().is_some_and(|e| e.name() == name)
}

/// Is one of these elements below?
fn holds(node: At<'_>, names: &[&str]) -> bool {
    node.descendants().skip(1).any(|n| n.value().as_element().is_some_and(|e| names.contains(&e.name())))
}

/// How grave a box is, by its class, role or type.
fn signal_of(element: &Element) -> Option<Signal> {
    if matches!(element.name(), "body" | "html" | "main" | "article") {
        return None;
    }
    let named = |attribute: &str| element.attr(attribute).and_then(boxes::class);
    named("class").or_else(|| named("role")).or_else(|| named("data-type")).or_else(|| named("epub:type"))
}

/// What a reader of the page does not see, or what only leads through it.
fn is_hidden(element: &Element) -> bool {
    let style = element.attr("style").unwrap_or_default();
    matches!(
        element.name(),
        "script"
            | "style"
            | "nav"
            | "noscript"
            | "template"
            | "svg"
            | "math"
            | "head"
            | "iframe"
            | "object"
            | "button"
            | "select"
            | "input"
            | "canvas"
            | "video"
            | "audio"
    ) || element.attr("hidden").is_some()
        || element.attr("role") == Some("navigation")
        || (style.contains("display") && style.replace(' ', "").contains("display:none"))
}

/// The words below a node, without recursion.
fn words(node: At<'_>) -> String {
    use ego_tree::iter::Edge;
    let mut out = String::new();
    let mut hidden: Option<ego_tree::NodeId> = None;
    let mut sup = false;
    for edge in node.traverse() {
        match edge {
            Edge::Open(at) if hidden.is_none() => match at.value() {
                Node::Text(text) if sup => out.push_str(&tags::raised(text)),
                Node::Text(text) => out.push_str(text),
                Node::Element(element) => {
                    if is_hidden(element) && at.id() != node.id() {
                        hidden = Some(at.id());
                    }
                    sup |= element.name() == "sup";
                    if tags::parts_words(element.name()) {
                        out.push(' ');
                    }
                }
                _ => {}
            },
            Edge::Close(at) => {
                if hidden == Some(at.id()) {
                    hidden = None;
                }
                if let Node::Element(element) = at.value() {
                    if element.name() == "sup" {
                        sup = false;
                    }
                    if tags::parts_words(element.name()) {
                        out.push(' ');
                    }
                }
            }
            Edge::Open(_) => {}
        }
    }
    single_spaced(&out)
}

/// The text below a node as it stands.
fn raw(node: At<'_>) -> String {
    let mut out = String::new();
    for below in node.descendants() {
        match below.value() {
            Node::Text(text) => out.push_str(text),
            Node::Element(element) if element.name() == "br" => out.push('\n'),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests;
