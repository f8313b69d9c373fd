//! Page marks that converters leave in text: "PAGE 12" between rules, a form feed.

use std::sync::LazyLock;

use regex::Regex;

use super::PageStart;

/// The page number where a line or heading is nothing but a page mark.
pub(crate) fn mark(text: &str) -> Option<u32> {
    static MARK: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(?i)^[\s=\-–—*_]*(?:(?:page|página|pagina|seite|pág\.?)\s*(\d{1,5})|第\s*(\d{1,5})\s*[页頁])(?:\s*(?:of|de|von|/)\s*\d{1,5})?[\s=\-–—*_]*$").ok()
    });
    let found = MARK.as_ref()?.captures(text)?;
    found.get(1).or_else(|| found.get(2))?.as_str().parse().ok()
}

/// The pages of a text with form feeds between them.
pub(crate) fn feeds(text: &str) -> Vec<PageStart> {
    if !text.contains('\u{c}') {
        return Vec::new();
    }
    let feeds = text.match_indices('\u{c}').map(|(at, _)| at + 1).filter(|at| *at < text.len());
    std::iter::once(0)
        .chain(feeds)
        .zip(1..)
        .map(|(at, number)| PageStart { at, number, label: None })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_mark_is_told_from_words() {
        assert_eq!(mark("==== PAGE 12"), Some(12));
        assert_eq!(mark("Página 3 de 40"), Some(3));
        assert_eq!(mark("第 7 页"), Some(7));
        assert_eq!(mark("- Page 2 -"), Some(2));
        assert_eq!(mark("Page 2 shows the valve"), None);
        assert_eq!(mark("12"), None);
    }

    #[test]
    fn form_feeds_part_pages() {
        let pages = feeds("a\n\u{c}b\n\u{c}");
        assert_eq!(pages.iter().map(|p| (p.at, p.number)).collect::<Vec<_>>(), [(0, 1), (3, 2)]);
        assert!(feeds("a").is_empty());
    }
}
