//! Front matter: what a text file says about itself before its first line.

use std::collections::BTreeMap;

use super::{Block, BlockKind, single_spaced, unreadable};
use crate::core::Result;
use crate::core::knowledge::passage::Span;

/// Front matter between `+++` lines (TOML) or `---` lines (`key: value`), and where the
/// body starts.
pub(crate) fn front_matter(text: &str, name: &str) -> Result<(BTreeMap<String, String>, usize)> {
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

/// Keys of front matter under which a document says in a sentence what it is about.
const SUMMARY: &[&str] = &["summary", "description", "brief", "abstract"];

/// What front matter says of the document in running text, as its first paragraph: some
/// manuals say it nowhere else. `body` is where the body starts.
pub(crate) fn summary(text: &str, body: usize) -> Option<Block> {
    let mut at = 0;
    for line in text.get(..body)?.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let Some((key, value)) = line.split_once([':', '=']) else { continue };
        if !SUMMARY.contains(&key.trim_end().to_lowercase().as_str()) {
            continue;
        }
        let first = start + key.len() + 1;
        let lead = value.len() - value.trim_start_matches([' ', '\t', '"', '\'']).len();
        let kept = value.trim_matches([' ', '\t', '\r', '\n', '"', '\'']);
        // A block that goes on over lines is left alone.
        if kept.chars().any(char::is_alphabetic) && !kept.starts_with(['|', '>', '[', '{']) {
            let span = Span { start: first + lead, end: first + lead + kept.len() };
            return Some(Block { span, text: single_spaced(kept), kind: BlockKind::Paragraph });
        }
    }
    None
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

/// The `key: value` lines, and lists of single words; nested YAML is left out, not guessed at.
fn yaml_front(inner: &str) -> BTreeMap<String, String> {
    let mut out: BTreeMap<String, String> = BTreeMap::new();
    // The key whose value may follow as a list.
    let mut open = String::new();
    for line in inner.lines() {
        if let Some(item) = line.trim_start().strip_prefix("- ") {
            let item = plain_value(item);
            if !open.is_empty() && !item.is_empty() && !item.contains(": ") {
                let list = out.entry(open.clone()).or_default();
                if !list.is_empty() {
                    list.push_str(", ");
                }
                list.push_str(&item);
            }
            continue;
        }
        if !line.starts_with(char::is_alphabetic) {
            continue;
        }
        let Some((key, value)) = line.split_once(':') else { continue };
        let key = key.trim().to_lowercase();
        let value = plain_value(value);
        open.clear();
        match value.as_str() {
            "" => open = key,
            // A block scalar's lines are not read.
            "|" | ">" | "|-" | ">-" => {}
            _ => {
                out.insert(key, value);
            }
        }
    }
    out
}

/// A value without its quotes, comment and brackets.
fn plain_value(value: &str) -> String {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some((inner, _)) = value.strip_prefix(quote).and_then(|v| v.split_once(quote)) {
            return inner.trim().to_owned();
        }
    }
    let value = value.split_once(" #").map_or(value, |(v, _)| v).trim();
    match value.strip_prefix('[').and_then(|v| v.strip_suffix(']')) {
        Some(list) => {
            let words = list.split(',').map(|w| w.trim().trim_matches(['"', '\'']).trim());
            words.filter(|w| !w.is_empty()).collect::<Vec<_>>().join(", ")
        }
        None => value.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn yaml_values_and_lists_are_read() {
        let text = "---\ntitle: 'Set: tool' \ncodes: [ M10, \"M11\" ]\nalso:\n  - A1\n  - A2\nrev: 3 # third\nlong: >\n  text\n---\nbody";
        let (front, body) = front_matter(text, "m.md").unwrap();
        assert_eq!(front["title"], "Set: tool");
        assert_eq!(front["codes"], "M10, M11");
        assert_eq!(front["also"], "A1, A2");
        assert_eq!(front["rev"], "3");
        assert!(!front.contains_key("long"));
        assert_eq!(&text[body..], "body");
    }
}
