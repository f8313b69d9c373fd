//! Lists: steps keep their numbers, an item keeps what is nested in it.

use scraper::node::{Element, Node};

use super::{At, Walk, holds, is, is_hidden, signal_of, words};
use crate::core::knowledge::read::signal::Setting;
use crate::core::knowledge::read::single_spaced;

impl Walk {
    pub(super) fn list(&mut self, node: At<'_>, element: &Element, depth: usize) {
        let ordered = element.name() == "ol";
        let whole = |value: Option<&str>| value.and_then(|v| v.trim().parse::<i64>().ok());
        let mut number = whole(element.attr("start")).unwrap_or(1);
        for child in node.children() {
            let Node::Element(item) = child.value() else {
                if let Node::Text(text) = child.value() {
                    self.text(text);
                }
                continue;
            };
            if is_hidden(item) {
                continue;
            }
            self.flush();
            if item.name() != "li" {
                self.element(child, item, depth + 1);
                continue;
            }
            if let Some(stated) = whole(item.attr("value")) {
                number = stated;
            }
            let stated = ordered.then(|| u64::try_from(number).unwrap_or(0));
            self.item(child, stated, depth);
            number = number.saturating_add(1);
        }
        self.flush();
    }

    /// One item: its warnings come before it, for they govern it, and its tables after it.
    fn item(&mut self, node: At<'_>, number: Option<u64>, depth: usize) {
        if !holds(node, &["table", "div", "p", "section", "aside", "pre", "img", "figure", "h2", "h3", "h4"])
        {
            return self.out.item(number, &words(node));
        }
        let mut after = Vec::new();
        let mut text = String::new();
        self.parts(node, depth, &mut text, &mut after);
        self.out.item(number, &single_spaced(&text));
        self.pictures_in(node);
        for table in after {
            if let Some(element) = table.value().as_element() {
                self.table(table, element, depth + 1);
            }
        }
        self.flush();
    }

    /// Parts an item into words, warnings (rendered at once) and tables.
    fn parts<'h>(&mut self, node: At<'h>, depth: usize, text: &mut String, tables: &mut Vec<At<'h>>) {
        for child in node.children() {
            match child.value() {
                Node::Text(words) => text.push_str(words),
                Node::Element(element) if is_hidden(element) => {}
                Node::Element(element) => {
                    let parts = crate::core::knowledge::read::tags::parts_words(element.name());
                    if element.name() == "table" {
                        tables.push(child);
                    } else if let Some(signal) = signal_of(element).filter(|_| parts) {
                        self.out.warning(&words(child), signal);
                    } else if depth > super::DEEPEST || !holds(child, &["table", "div", "aside", "p"]) {
                        text.push_str(if parts { " " } else { "" });
                        text.push_str(&spaced(child));
                        text.push_str(if parts { " " } else { "" });
                    } else {
                        text.push(' ');
                        self.parts(child, depth + 1, text, tables);
                        text.push(' ');
                    }
                }
                _ => {}
            }
        }
    }

    /// `dt` and `dd`: an entry of its own where the description is words alone.
    pub(super) fn described(&mut self, node: At<'_>, depth: usize) {
        let mut term = String::new();
        let mut entries = Vec::new();
        gather(node, depth, &mut entries);
        for child in entries {
            if is(&child, "dt") {
                self.term(&mut term);
                term = words(child);
            } else if holds(child, &["table", "ol", "pre", "dl"]) || words(child).len() > 1_500 {
                self.term(&mut term);
                self.flow(child, depth + 1);
                self.flush();
            } else {
                let said = words(child);
                let colon = if term.is_empty() || term.ends_with([':', '：', '.', '?']) { "" } else { ":" };
                self.out.paragraph(&format!("{term}{colon} {said}"), Setting::default());
                self.pictures_in(child);
                self.flush();
                term.clear();
            }
        }
        self.term(&mut term);
    }

    fn term(&mut self, term: &mut String) {
        self.out.paragraph(&std::mem::take(term), Setting { quoted: false, bold: true });
    }
}

/// The terms and descriptions, also where `div`s group them.
fn gather<'h>(node: At<'h>, depth: usize, out: &mut Vec<At<'h>>) {
    for child in node.children() {
        if is(&child, "dt") || is(&child, "dd") {
            out.push(child);
        } else if is(&child, "div") && depth < super::DEEPEST {
            gather(child, depth + 1, out);
        }
    }
}

/// Words with a space where the source had one at an edge.
fn spaced(node: At<'_>) -> String {
    let raw = words(node);
    let text: String =
        node.descendants().filter_map(|n| n.value().as_text().map(|t| t.to_string())).collect();
    let lead = if text.starts_with(char::is_whitespace) { " " } else { "" };
    let tail = if text.ends_with(char::is_whitespace) { " " } else { "" };
    format!("{lead}{raw}{tail}")
}
