//! Numbered steps where a format has no list markup: "Step 1:", "步骤 1", "Paso 1", "(1)",
//! "1)", "1、".

use std::sync::LazyLock;

use regex::Regex;

use super::{Block, BlockKind, single_spaced, trimmed};
use crate::core::knowledge::passage::Span;

/// The number of the step that `text` is, and where its words start.
pub(crate) fn leading(text: &str) -> Option<(u64, usize)> {
    static STEP: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(concat!(
            r"^\s*(?:",
            r"(?:(?i:step|paso|schritt|étape|passo)\s{1,3}(\d{1,3})\s*(?:[:：.)–—-]|\s)\s*)",
            r"|(?:步骤|步驟|第)\s*(\d{1,3})\s*(?:步[:：、.]?|[:：、.)]|\s)\s*",
            r"|[(（](\d{1,3})[)）]\s*",
            r"|(\d{1,3})(?:[)）]\s+|[、．]\s*|[.]\s+)",
            r"|([①-⑳])\s*",
            r")"
        ))
        .ok()
    });
    let found = STEP.as_ref()?.captures(text)?;
    let end = found.get(0)?.end();
    if !text.get(end..)?.chars().any(char::is_alphabetic) {
        return None;
    }
    let number = (1..=4).find_map(|i| found.get(i)).and_then(|m| m.as_str().parse().ok());
    let circled = || found.get(5)?.as_str().chars().next().map(|c| u64::from(u32::from(c) - 0x245F));
    // "第 3 章" is a chapter: only 第 … 步 names a step.
    if text.trim_start().starts_with('第') && !found.get(0)?.as_str().contains('步') {
        return None;
    }
    number.or_else(circled).map(|n| (n, end))
}

/// The steps of a paragraph whose every line is one (a line that is none belongs to the
/// step before it); `None` where the paragraph does not start with a step.
pub(crate) fn blocks(text: &str, span: Span) -> Option<Vec<Block>> {
    let raw = span.of(text)?;
    leading(raw)?;
    let mut starts: Vec<(usize, u64, usize)> = Vec::new();
    let mut at = span.start;
    for line in raw.split_inclusive('\n') {
        if let Some((number, words)) = leading(line) {
            starts.push((at, number, at + words));
        }
        at += line.len();
    }
    let mut out = Vec::new();
    for (i, (start, number, words)) in starts.iter().enumerate() {
        let end = starts.get(i + 1).map_or(span.end, |next| next.0);
        let block = trimmed(text, *start, end);
        let kind = BlockKind::Item { number: Some(*number) };
        let words = single_spaced(text.get(*words..end).unwrap_or_default());
        out.push(Block { span: block, text: words, kind });
    }
    (!out.is_empty()).then_some(out)
}

/// The entries of a paragraph whose lines each define a code ("E15: door open"), two or
/// more; a line that defines none belongs to the entry before it.
pub(crate) fn entries(text: &str, span: Span) -> Option<Vec<Block>> {
    static ENTRY: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"^\s*(?:[*_`]{0,3})(?:[A-Za-z]{1,5}[-. ]?)?(?:0x)?[0-9A-F]*\d[0-9A-Za-z.]{0,5}(?:[*_`]{0,3})\s?(?:[:：=]|\s[–—-])\s*\S").ok()
    });
    let entry = ENTRY.as_ref()?;
    let raw = span.of(text)?;
    if !raw.contains('\n') || !entry.is_match(raw) {
        return None;
    }
    let mut starts = Vec::new();
    let mut at = span.start;
    for line in raw.split_inclusive('\n') {
        if entry.is_match(line) {
            starts.push(at);
        }
        at += line.len();
    }
    if starts.len() < 2 {
        return None;
    }
    let ends = starts.iter().skip(1).copied().chain([span.end]);
    let blocks = starts.iter().zip(ends).map(|(start, end)| {
        let span = trimmed(text, *start, end);
        let words = single_spaced(span.of(text).unwrap_or_default());
        Block { span, text: words, kind: BlockKind::Paragraph }
    });
    Some(blocks.collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_known_by_their_marks() {
        fn number(text: &str) -> Option<(u64, &str)> {
            leading(text).map(|(n, end)| (n, &text[end..]))
        }
        assert_eq!(number("Step 1: Stop the pump."), Some((1, "Stop the pump.")));
        assert_eq!(number("STEP 12 Vent"), Some((12, "Vent")));
        assert_eq!(number("Paso 3. Abra"), Some((3, "Abra")));
        assert_eq!(number("步骤 2：断电"), Some((2, "断电")));
        assert_eq!(number("第3步：断电"), Some((3, "断电")));
        assert_eq!(number("(4) Open"), Some((4, "Open")));
        assert_eq!(number("（4）打开"), Some((4, "打开")));
        assert_eq!(number("5) Open"), Some((5, "Open")));
        assert_eq!(number("6、打开"), Some((6, "打开")));
        assert_eq!(number("③ Open"), Some((3, "Open")));
    }

    #[test]
    fn figures_and_chapters_are_no_steps() {
        for text in ["(3)", "第3章 概述", "1.5 bar", "Step by step", "12 V supply", "2026, spring", "1) 5"]
        {
            assert_eq!(leading(text), None, "{text}");
        }
    }

    #[test]
    fn the_lines_of_a_paragraph_become_steps() {
        let text = "(1) Stop.\nWait.\n(2) Open.\n";
        let found = blocks(text, Span { start: 0, end: text.len() }).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].text, "Stop. Wait.");
        assert_eq!(found[1].span.of(text), Some("(2) Open."));
        assert!(blocks("Intro\n(1) x", Span { start: 0, end: 11 }).is_none());
    }

    #[test]
    fn lines_that_define_codes_are_entries() {
        let text = "E15: door open\nE16: belt\nslack\n17014 - pump off\n";
        let found = entries(text, Span { start: 0, end: text.len() }).unwrap();
        let words: Vec<_> = found.iter().map(|b| b.text.as_str()).collect();
        assert_eq!(words, ["E15: door open", "E16: belt slack", "17014 - pump off"]);
        for text in ["E15: door open\nand more", "It was 12: and\nthen 13: too", "plain\nE1: x\nE2: y"] {
            assert!(entries(text, Span { start: 0, end: text.len() }).is_none(), "{text}");
        }
    }
}
