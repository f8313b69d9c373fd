//! Styles and numbering: which paragraphs are headings, which are items, and their numbers.

use std::collections::BTreeMap;

use crate::core::knowledge::read::xml::{Piece, Xml, attribute, local};

/// Styles refer to styles at most this often.
const LONGEST_CHAIN: usize = 16;

/// What a style says.
#[derive(Debug, Default, Clone)]
struct Style {
    name: String,
    based_on: String,
    outline: Option<u8>,
    list: Option<(String, usize)>,
}

/// The styles of a document by id.
#[derive(Debug, Default)]
pub(super) struct Styles {
    by_id: BTreeMap<String, Style>,
}

/// What kind of paragraph a style makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A heading of this level, from 1.
    Heading(u8),
    /// The document's title.
    Title,
    /// A line of the table of contents.
    Contents,
    /// The caption of a figure or table.
    Caption,
    /// Anything else.
    Body,
}

impl Styles {
    pub(super) fn read(text: &str) -> Self {
        let mut out = Styles::default();
        let mut xml = Xml::new(text);
        let mut id = String::new();
        let mut style = Style::default();
        let mut number = String::new();
        let mut level = 0;
        loop {
            match xml.next() {
                Piece::Open(open) => {
                    let value = || attribute(&open, "val").unwrap_or_default();
                    match local(&open) {
                        "style" => {
                            id = attribute(&open, "styleId").unwrap_or_default();
                            style = Style::default();
                            number.clear();
                            level = 0;
                        }
                        "name" => style.name = value().trim().to_lowercase(),
                        "basedOn" => style.based_on = value(),
                        "outlineLvl" => style.outline = value().parse().ok().filter(|l| *l < 9),
                        "numId" => number = value(),
                        "ilvl" => level = value().parse().unwrap_or(0),
                        _ => {}
                    }
                }
                Piece::Close(name) if name == "style" => {
                    if !number.is_empty() {
                        style.list = Some((std::mem::take(&mut number), level));
                    }
                    out.by_id.insert(std::mem::take(&mut id), std::mem::take(&mut style));
                }
                Piece::End => return out,
                _ => {}
            }
        }
    }

    /// A style and those it is based on.
    fn chain(&self, id: &str) -> impl Iterator<Item = &Style> {
        let first = self.by_id.get(id);
        std::iter::successors(first, |s| self.by_id.get(&s.based_on)).take(LONGEST_CHAIN)
    }

    /// What a paragraph of this style is.
    pub(super) fn role(&self, id: &str) -> Role {
        for style in self.chain(id) {
            match role_by_name(&style.name) {
                Role::Body => {}
                role => return role,
            }
            if let Some(level) = style.outline {
                return Role::Heading(level + 1);
            }
        }
        // Without a styles part the id is all there is.
        if self.by_id.contains_key(id) { Role::Body } else { role_by_name(&id.to_lowercase()) }
    }

    /// The list that a style puts its paragraphs in.
    pub(super) fn list(&self, id: &str) -> Option<(String, usize)> {
        self.chain(id).find_map(|s| s.list.clone())
    }
}

/// Word names its own styles in English, other programs in the user's language.
fn role_by_name(name: &str) -> Role {
    const HEADINGS: &[&str] = &[
        "heading",
        "überschrift",
        "titre",
        "título",
        "titulo",
        "ttulo",
        "titolo",
        "kop",
        "标题",
        "標題",
        "rubrik",
        "nagłówek",
        "заголовок",
        "otsikko",
        "nadpis",
        "overskrift",
        "見出し",
        "제목",
        "encabezado",
        "berschrift",
    ];
    let digits = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = name.get(digits.len()..).unwrap_or_default();
    let words = digits.trim_end();
    if let Some(level) = number.parse::<u8>().ok().filter(|l| (1..=9).contains(l))
        && HEADINGS.contains(&words)
    {
        return Role::Heading(level);
    }
    match name {
        "title" | "titel" | "título" | "titre" | "标题" | "標題" | "titolo" => Role::Title,
        "caption" | "beschriftung" | "题注" | "題注" | "epígrafe" | "descripción" | "légende" | "figure"
        | "illustration" | "table caption" | "abbildung" => Role::Caption,
        _ if words == "toc"
            || words == "contents"
            || name.starts_with("toc ")
            || name.starts_with("contents ") =>
        {
            Role::Contents
        }
        _ => Role::Body,
    }
}

/// One level of a list.
#[derive(Debug, Clone, Default)]
struct Level {
    format: String,
    start: u64,
    text: String,
}

/// A list by its number's id.
#[derive(Debug, Default)]
struct List {
    pattern: String,
    /// Levels that start anew in this list.
    starts: BTreeMap<usize, u64>,
}

/// The lists of a document, and how far each was counted.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    patterns: BTreeMap<String, BTreeMap<usize, Level>>,
    lists: BTreeMap<String, List>,
    counted: BTreeMap<String, [u64; 9]>,
}

/// An item's number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mark {
    /// No number.
    Bullet,
    /// A step: its number, and the mark as printed ("3.2").
    Number(u64, String),
}

impl Numbering {
    pub(super) fn read(text: &str) -> Self {
        let mut out = Numbering::default();
        let mut xml = Xml::new(text);
        let mut pattern = String::new();
        let mut list = String::new();
        let mut level = 0usize;
        loop {
            let Piece::Open(open) = (match xml.next() {
                Piece::End => return out,
                piece => piece,
            }) else {
                continue;
            };
            let value = || attribute(&open, "val").unwrap_or_default();
            match local(&open) {
                "abstractNum" => {
                    pattern = attribute(&open, "abstractNumId").unwrap_or_default();
                    list.clear();
                    out.patterns.entry(pattern.clone()).or_default();
                }
                "lvl" | "lvlOverride" => {
                    level = attribute(&open, "ilvl").and_then(|l| l.parse().ok()).unwrap_or(0).min(8);
                }
                "num" => {
                    list = attribute(&open, "numId").unwrap_or_default();
                    pattern.clear();
                }
                "abstractNumId" if !list.is_empty() => {
                    out.lists.insert(list.clone(), List { pattern: value(), starts: BTreeMap::new() });
                }
                "startOverride" => {
                    if let Some(list) = out.lists.get_mut(&list) {
                        list.starts.insert(level, value().parse().unwrap_or(1));
                    }
                }
                name @ ("numFmt" | "start" | "lvlText") => {
                    let Some(levels) = out.patterns.get_mut(&pattern) else { continue };
                    let level = levels.entry(level).or_insert_with(|| Level { start: 1, ..Level::default() });
                    match name {
                        "numFmt" => level.format = value(),
                        "start" => level.start = value().parse().unwrap_or(1),
                        _ => level.text = value(),
                    }
                }
                _ => {}
            }
        }
    }

    /// Counts one paragraph of a list on, and says its number.
    pub(super) fn count(&mut self, list_id: &str, level: usize) -> Option<Mark> {
        let list = self.lists.get(list_id)?;
        let levels = self.patterns.get(&list.pattern)?;
        let level = level.min(8);
        let own = levels.get(&level)?;
        // Lists of one pattern count together, unless one starts anew.
        let key = if list.starts.is_empty() { format!("p{}", list.pattern) } else { format!("l{list_id}") };
        let start = |l: usize| {
            let stated = levels.get(&l).map_or(1, |v| v.start);
            list.starts.get(&l).copied().unwrap_or(stated)
        };
        let counted = self.counted.entry(key).or_insert([u64::MAX; 9]);
        for (l, slot) in counted.iter_mut().enumerate() {
            if l < level && *slot == u64::MAX {
                *slot = start(l);
            } else if l == level {
                *slot = if *slot == u64::MAX { start(l) } else { slot.saturating_add(1) };
            } else if l > level {
                *slot = u64::MAX;
            }
        }
        if matches!(own.format.as_str(), "bullet" | "none" | "") {
            return Some(Mark::Bullet);
        }
        let number = counted.get(level).copied().unwrap_or(1);
        let mut text = own.text.clone();
        for (l, value) in counted.iter().enumerate().filter(|(_, v)| **v != u64::MAX) {
            let format = levels.get(&l).map_or("decimal", |v| v.format.as_str());
            text = text.replace(&format!("%{}", l + 1), &printed(*value, format));
        }
        Some(Mark::Number(number, text))
    }
}

fn printed(number: u64, format: &str) -> String {
    let letter = |first: u8| {
        let within = u8::try_from(number.saturating_sub(1) % 26).unwrap_or(0);
        char::from(first.saturating_add(within)).to_string()
    };
    match format {
        "lowerLetter" => letter(b'a'),
        "upperLetter" => letter(b'A'),
        "lowerRoman" | "upperRoman" if (1..40).contains(&number) => {
            let tens = "x".repeat(usize::try_from(number / 10).unwrap_or(0));
            let ones = ["", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix"];
            let ones = ones.get(usize::try_from(number % 10).unwrap_or(0)).copied().unwrap_or_default();
            let roman = format!("{tens}{ones}");
            if format == "upperRoman" { roman.to_uppercase() } else { roman }
        }
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_known_by_name_outline_and_ancestry() {
        let styles = Styles::read(
            "<w:styles><w:style w:styleId=\"a\"><w:name w:val=\"heading 2\"/></w:style><w:style w:styleId=\"b\"><w:name w:val=\"Mine\"/><w:basedOn w:val=\"a\"/></w:style><w:style w:styleId=\"c\"><w:name w:val=\"Kapitel\"/><w:pPr><w:outlineLvl w:val=\"0\"/></w:pPr></w:style><w:style w:styleId=\"l\"><w:name w:val=\"loop\"/><w:basedOn w:val=\"l\"/></w:style></w:styles>",
        );
        assert_eq!(styles.role("a"), Role::Heading(2));
        assert_eq!(styles.role("b"), Role::Heading(2));
        assert_eq!(styles.role("c"), Role::Heading(1));
        assert_eq!(styles.role("l"), Role::Body);
        assert_eq!(styles.role("Heading3"), Role::Heading(3));
        for name in ["Überschrift 1", "标题 1", "Título 1", "Titre 1"] {
            assert_eq!(role_by_name(&name.to_lowercase()), Role::Heading(1), "{name}");
        }
        assert_eq!(role_by_name("toc 2"), Role::Contents);
    }

    #[test]
    fn lists_count_by_level_and_start_anew() {
        let mut n = Numbering::read(
            "<w:numbering><w:abstractNum w:abstractNumId=\"0\"><w:lvl w:ilvl=\"0\"><w:start w:val=\"1\"/><w:numFmt w:val=\"decimal\"/><w:lvlText w:val=\"%1.\"/></w:lvl><w:lvl w:ilvl=\"1\"><w:start w:val=\"1\"/><w:numFmt w:val=\"lowerLetter\"/><w:lvlText w:val=\"%1.%2)\"/></w:lvl><w:lvl w:ilvl=\"2\"><w:numFmt w:val=\"bullet\"/></w:lvl></w:abstractNum><w:num w:numId=\"1\"><w:abstractNumId w:val=\"0\"/></w:num><w:num w:numId=\"2\"><w:abstractNumId w:val=\"0\"/><w:lvlOverride w:ilvl=\"0\"><w:startOverride w:val=\"5\"/></w:lvlOverride></w:num></w:numbering>",
        );
        let number = |n, text: &str| Some(Mark::Number(n, text.to_owned()));
        assert_eq!(n.count("1", 0), number(1, "1."));
        assert_eq!(n.count("1", 1), number(1, "1.a)"));
        assert_eq!(n.count("1", 1), number(2, "1.b)"));
        assert_eq!(n.count("1", 0), number(2, "2."));
        assert_eq!(n.count("1", 1), number(1, "2.a)"));
        assert_eq!(n.count("1", 2), Some(Mark::Bullet));
        assert_eq!(n.count("2", 0), number(5, "5."));
        assert_eq!(n.count("9", 0), None);
    }
}
