//! Which paragraphs are headings, and of which level: by their number, else by how their
//! style ranks among the document's.

use std::collections::BTreeMap;

use super::build::Placed;
use super::figure;
use super::para::{Para, mark};
use super::parts::Part;
use super::text::Vocabulary;

/// How headings look in one document.
#[derive(Debug, Default)]
pub(super) struct Styles {
    /// Size of most letters.
    body: f32,
    /// A heading's style (size in half points, bold) and its level.
    levels: BTreeMap<(i32, bool), u8>,
    /// Enough headings with numbers are set large or bold: one that is neither is none.
    strong: bool,
    /// Steps that are set in bold look like numbered headings: which numbers are steps.
    bold_steps: bool,
}

type Style = (i32, bool);

fn style(para: &Para) -> Style {
    ((para.size() * 2.0).round() as i32, para.bold())
}

impl Styles {
    pub fn of(pages: &[Vec<Placed>], words: &Vocabulary) -> Self {
        let parts: Vec<&Part> = pages.iter().flatten().filter(|p| p.is_block).map(|p| &p.part).collect();
        let mut letters: BTreeMap<i32, usize> = BTreeMap::new();
        for part in &parts {
            if let Part::Text(para) = part {
                for line in para.lines.iter().filter(|l| !l.mono) {
                    *letters.entry((line.size * 2.0).round() as i32).or_default() +=
                        line.text.chars().count();
                }
            }
        }
        let body = letters.iter().max_by_key(|(_, n)| **n).map_or(10.0, |(size, _)| *size as f32 / 2.0);
        let bold_steps = bold_steps(&parts, words);
        let mut styles = Styles { body, levels: BTreeMap::new(), strong: false, bold_steps };
        let strong = parts.iter().filter(|part| match part {
            Part::Text(para) => {
                let text = para.text(words);
                section_depth(&text).is_some()
                    && (para.bold() || para.size() >= 1.13 * body)
                    && styles.is_heading(para, &text)
            }
            _ => false,
        });
        styles.strong = strong.count() >= 3;
        let mut depths: BTreeMap<Style, BTreeMap<u8, usize>> = BTreeMap::new();
        for part in &parts {
            let Part::Text(para) = part else { continue };
            let text = para.text(words);
            if !styles.is_heading(para, &text) {
                continue;
            }
            let depth = section_depth(&text).unwrap_or(0);
            *depths.entry(style(para)).or_default().entry(depth).or_default() += 1;
        }
        styles.levels = levels(&depths);
        styles
    }

    /// The level of a heading; `None` for what is none.
    pub fn level(&self, para: &Para, text: &str) -> Option<u8> {
        if !self.is_heading(para, text) {
            return None;
        }
        let ranked = self.levels.get(&style(para)).copied().unwrap_or(3);
        Some(section_depth(text).map_or(ranked, |d| (d + 1).min(6)))
    }

    fn is_heading(&self, para: &Para, text: &str) -> bool {
        let letters = text.chars().count();
        let large = para.size() >= 1.13 * self.body;
        let lines = if para.size() > 1.5 * self.body { 4 } else { 3 };
        if para.lines.len() > lines || letters > 160 || para.mono() || !text.chars().any(char::is_alphabetic)
        {
            return false;
        }
        if figure::caption(text).is_some() || text.ends_with([',', ';', '，', '；', '、']) {
            return false;
        }
        let section = section_depth(text);
        let ends = text.ends_with(['.', '。', '!', '?', ':', '：']) && !text.ends_with("...");
        if let Some(depth) = section {
            // "3. Stop the pump." is a step; "3.2 Lubrication" set apart is a heading.
            let step = depth == 1 && mark(text).is_some();
            if step && (ends || (self.bold_steps && !large) || !(large || para.bold())) {
                return false;
            }
            return large
                || (para.bold() && !ends)
                || (!self.strong && depth >= 2 && para.lines.len() == 1 && letters <= 90 && !ends);
        }
        if mark(text).is_some() {
            return false;
        }
        if large {
            return !ends || para.size() > 1.3 * self.body;
        }
        let capitals = text.chars().filter(|c| c.is_alphabetic()).count() >= 4
            && !text.chars().any(char::is_lowercase)
            && text.chars().any(char::is_uppercase);
        let short = letters <= 90 && para.lines.len() <= 2;
        let bold = para.bold() && !para.boxed && para.size() > 0.93 * self.body;
        short
            && !ends
            && (bold
                || (capitals
                    && !para.boxed
                    && text.split_whitespace().count() >= 2
                    && para.size() > 0.97 * self.body))
    }
}

/// Do numbered bold lines follow one another without text between, as steps do?
fn bold_steps(parts: &[&Part], words: &Vocabulary) -> bool {
    let number = |part: &&Part| match part {
        Part::Text(para) if para.bold() => mark(&para.text(words)).and_then(|(n, _)| n),
        _ => None,
    };
    let follows = parts.windows(2).filter(|w| match w {
        [a, b] => number(a).zip(number(b)).is_some_and(|(a, b)| b == a + 1),
        _ => false,
    });
    follows.count() >= 2
}

/// How deep a section's number is: 1 for "3 Care" and "Chapter 3", 2 for "3.2 Grease".
pub(super) fn section_depth(text: &str) -> Option<u8> {
    let (first, rest) = text.split_once(' ')?;
    let rest = rest.trim_start();
    if matches!(
        first.to_lowercase().as_str(),
        "chapter" | "part" | "appendix" | "capítulo" | "anexo" | "section"
    ) {
        return rest.starts_with(|c: char| c.is_ascii_digit() || c.is_uppercase()).then_some(1);
    }
    if first.starts_with('第') && first.ends_with(['章', '节']) {
        return Some(if first.ends_with('章') { 1 } else { 2 });
    }
    let number = first.trim_end_matches('.');
    let parts: Vec<&str> = number.split(['.', '-']).collect();
    let digits =
        |p: &&str| (1..=2).contains(&p.len()) && p.chars().all(|c| c.is_ascii_digit()) && !p.starts_with('0');
    let lettered = parts.first().is_some_and(|p| p.len() == 1 && p.chars().all(|c| c.is_ascii_uppercase()));
    let numbered = if lettered {
        parts.len() >= 2 && parts.iter().skip(1).all(digits)
    } else {
        parts.iter().all(digits)
    };
    let words =
        rest.chars().take_while(|c| c.is_alphabetic()).count() >= 3 || rest.starts_with(super::line::is_han);
    let title = words && rest.starts_with(|c: char| c.is_uppercase() || super::line::is_han(c));
    (numbered && title).then(|| u8::try_from(parts.len()).unwrap_or(6).min(6))
}

/// The level of each style. A style that is mostly numbered takes its depth; the others
/// take their place between, by size.
fn levels(depths: &BTreeMap<Style, BTreeMap<u8, usize>>) -> BTreeMap<Style, u8> {
    let mut out = BTreeMap::new();
    // Larger first; bold before plain of one size.
    let mut level = 1u8;
    let mut any = false;
    for (style, found) in depths.iter().rev() {
        let total: usize = found.values().sum();
        let numbered = found.iter().filter(|(d, _)| **d > 0).max_by_key(|(_, n)| **n);
        match numbered.filter(|(_, n)| **n * 2 >= total) {
            Some((depth, _)) => level = (depth + 1).max(if any { level } else { 1 }),
            None if any => level = level.saturating_add(1),
            None => {}
        }
        any = true;
        level = level.min(6);
        out.insert(*style, level);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_numbered_and_values_are_not() {
        assert_eq!(section_depth("3.2 Lubrication"), Some(2));
        assert_eq!(section_depth("3 Care"), Some(1));
        assert_eq!(section_depth("A.2 Spare parts"), Some(2));
        assert_eq!(section_depth("第3章 维护"), Some(1));
        assert_eq!(section_depth("4.1 液压泵"), Some(2));
        assert_eq!(section_depth("0.5 Nm"), None);
        assert_eq!(section_depth("12 bolts are"), None);
        assert_eq!(section_depth("2024 Edition"), None);
    }

    #[test]
    fn styles_rank_by_size_around_those_with_numbers() {
        let one = |depth: u8| -> BTreeMap<u8, usize> { [(depth, 3)].into() };
        let found = levels(
            &[((48, true), one(0)), ((32, true), one(1)), ((28, true), one(2)), ((22, true), one(0))].into(),
        );
        assert_eq!(found.values().rev().copied().collect::<Vec<_>>(), [1, 2, 3, 4]);
    }
}
