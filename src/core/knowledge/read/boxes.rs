//! Boxes that Markdown's many dialects set around a warning: `!!! warning`, `::: danger`,
//! `{% alert warning %} … {% endalert %}`.

use std::sync::LazyLock;

use regex::Regex;

use super::signal::{self, Setting};
use super::{Block, BlockKind, rendered, single_spaced, trimmed};
use crate::core::knowledge::passage::Signal;

/// A box is looked for at most this many blocks far.
const LONGEST: usize = 16;

/// The words of a box added to `text`, and `end` moved to theirs; what comes back follows the
/// box: its first table, code or heading, and all after it.
pub(crate) fn words_of(inner: Vec<Block>, text: &mut String, end: &mut usize) -> Vec<Block> {
    let mut after = Vec::new();
    for block in inner {
        let words =
            !matches!(block.kind, BlockKind::Table { .. } | BlockKind::Code | BlockKind::Heading { .. });
        if words && after.is_empty() {
            text.push(' ');
            text.push_str(&block.text);
            *end = block.span.end.max(*end);
        } else {
            after.push(block);
        }
    }
    after
}

/// How grave a box of this class is; `None` for a note, a tip and all others. "alert-danger"
/// and "warning_box" name a box, "warning-lamp" does not.
pub(crate) fn class(names: &str) -> Option<Signal> {
    const BOX: &[&str] = &[
        "",
        "box",
        "note",
        "block",
        "message",
        "callout",
        "admonition",
        "alert",
        "panel",
        "hint",
        "notice",
        "style",
    ];
    let names = names.to_ascii_lowercase();
    let grave = |part: &str| match part {
        "danger" => Some(Signal::Danger),
        "warning" | "error" | "warn" => Some(Signal::Warning),
        "caution" | "attention" => Some(Signal::Caution),
        _ => None,
    };
    names.split(|c: char| c.is_whitespace() || "\"'=,.".contains(c)).find_map(|name| {
        let parts: Vec<&str> = name.split(['-', '_']).collect();
        let (last, before) = parts.split_last()?;
        match grave(last) {
            Some(signal) => before.iter().all(|p| BOX.contains(p)).then_some(signal),
            None => grave(before.first()?).filter(|_| BOX.contains(last) && before.len() == 1),
        }
    })
}

/// The words of a warning box, led by its signal word.
pub(crate) fn led(words: &str, signal: Signal) -> (String, Signal) {
    match signal::leading(words, Setting { quoted: true, bold: true }) {
        Some(own) => (words.to_owned(), own),
        None => (format!("{}: {words}", rendered::word_of(signal)), signal),
    }
}

/// The start of a box in a paragraph's words.
struct Opening {
    class: String,
    /// How it ends; `""` for a box of indented lines.
    closer: &'static str,
    /// Where the words start.
    words: usize,
}

fn opening(text: &str) -> Option<Opening> {
    static OPEN: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r#"^(?:(?:!!!|\?\?\?)\+?\s*([\w-]+)(?:\s+(?:inline|end))*|(:::+)\s*\{?\.?([\w-]+)[^\s\[]*|\{%-?\s*(?:alert|hint|callout|admonition|box)\b([^%]*)%\})\s*"#,
        )
        .ok()
    });
    let found = OPEN.as_ref()?.captures(text)?;
    let words = found.get(0)?.end();
    let group = |i: usize| found.get(i).map(|m| m.as_str().to_owned());
    let (class, closer) = match (group(1), group(3), group(4)) {
        (Some(class), _, _) => (class, ""),
        (_, Some(class), _) => (class, ":::"),
        (_, _, Some(class)) => (class, "{% end"),
        _ => return None,
    };
    Some(Opening { class, closer, words })
}

/// Finds the boxes among a document's blocks.
pub(crate) fn join(text: &str, blocks: Vec<Block>) -> Vec<Block> {
    if !blocks.iter().any(|b| b.text.starts_with(['!', '?', ':', '{'])) {
        return blocks;
    }
    let mut out = Vec::with_capacity(blocks.len());
    let mut at = 0;
    while let Some(block) = blocks.get(at) {
        at += 1;
        let open = matches!(block.kind, BlockKind::Paragraph).then(|| opening(&block.text)).flatten();
        let Some(open) = open else {
            out.push(block.clone());
            continue;
        };
        let own = block.text.get(open.words..).unwrap_or_default();
        let rest = blocks.get(at..).unwrap_or_default();
        let (mut words, taken) = if open.closer.is_empty() {
            // A title in quotes stands before the words.
            let titled = own.strip_prefix('"').and_then(|t| t.split_once('"'));
            let own = titled.map_or(own.to_owned(), |(title, words)| format!("{title} {words}"));
            match rest.first() {
                Some(next)
                    if titled.map_or(own.is_empty(), |(_, w)| w.trim().is_empty()) && is_body(next) =>
                {
                    (format!("{own} {}", next.text), 1)
                }
                _ => (own, 0),
            }
        } else if let Some((words, _)) = own.split_once(open.closer) {
            (words.to_owned(), 0)
        } else {
            match within(own, open.closer, rest) {
                Some(found) => found,
                None => (own.to_owned(), 0),
            }
        };
        words = single_spaced(&words);
        let last = taken.checked_sub(1).and_then(|i| rest.get(i)).unwrap_or(block);
        at += taken;
        let span = trimmed(text, block.span.start, last.span.end);
        if words.is_empty() {
            continue;
        }
        out.push(match class(&open.class) {
            Some(signal) => {
                let (text, signal) = led(&words, signal);
                Block { span, text, kind: BlockKind::Warning { signal } }
            }
            None => Block { span, text: words, kind: BlockKind::Paragraph },
        });
    }
    out.retain(|b| !(matches!(b.kind, BlockKind::Paragraph) && is_closer(&b.text)));
    out
}

fn is_body(block: &Block) -> bool {
    matches!(block.kind, BlockKind::Code | BlockKind::Paragraph)
}

fn is_closer(text: &str) -> bool {
    text.chars().all(|c| c == ':') || (text.starts_with("{% end") && text.ends_with("%}") && text.len() < 40)
}

/// The words up to the closing mark, where only words stand before it.
fn within(own: &str, closer: &str, rest: &[Block]) -> Option<(String, usize)> {
    let mut words = own.to_owned();
    for (i, block) in rest.iter().take(LONGEST).enumerate() {
        if !matches!(block.kind, BlockKind::Paragraph | BlockKind::Item { .. } | BlockKind::Warning { .. }) {
            return None;
        }
        words.push(' ');
        if let Some((last, _)) = block.text.split_once(closer) {
            words.push_str(last);
            return Some((words, i + 1));
        }
        words.push_str(&block.text);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_names_a_box_or_something_else() {
        for (names, want) in [
            ("admonition warning", Some(Signal::Warning)),
            ("alert alert-danger", Some(Signal::Danger)),
            ("note_caution", Some(Signal::Caution)),
            ("warning-box", Some(Signal::Warning)),
            ("style=\"warning\"", Some(Signal::Warning)),
            ("warning-lamp", None),
            ("no-warning", None),
            ("note", None),
        ] {
            assert_eq!(class(names), want, "{names}");
        }
    }
}
