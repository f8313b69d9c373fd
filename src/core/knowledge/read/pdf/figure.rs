//! Figures: captions, and which part of the page each is about.

use super::line::rows_of_words;
use super::page::{Area, Page};

/// At most so many figures of a document are kept as pictures.
pub const MOST_FIGURES: usize = 64;
/// A picture that needs more bytes is not kept.
pub const MOST_PICTURE: usize = 2 << 20;

/// A caption's label ("Figure 3") and the words after it.
pub(super) fn caption(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let name =
        ["Figure", "FIGURE", "Fig.", "FIG.", "Fig", "Figura", "FIGURA", "Abbildung", "Abb.", "图", "圖"]
            .into_iter()
            .find(|n| {
                text.strip_prefix(n).is_some_and(|rest| {
                    let apart = rest.starts_with(|c: char| c.is_whitespace() || c.is_ascii_digit());
                    apart && rest.trim_start().starts_with(|c: char| c.is_ascii_alphanumeric())
                })
            })?;
    let after = text.get(name.len()..)?;
    let number = after.trim_start();
    let end = number
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '–' | '_')))
        .unwrap_or(number.len());
    let label = number.get(..end)?.trim_end_matches(['.', '-', '–', '_']);
    let digits = label.chars().any(|c| c.is_ascii_digit());
    if !digits || label.len() > 10 {
        return None;
    }
    let start = name.len() + (after.len() - number.len());
    let rest =
        text.get(start + label.len()..)?.trim_start_matches(['.', ':', '：', '—', '–', '-', ' ', '\u{3000}']);
    // "Figure 3 shows the pump" speaks of a figure: a caption's next word is no small verb.
    let parted = text.get(start + label.len()..)?.starts_with(['.', ':', '：', '—', '–']);
    let speaks = rest.starts_with(|c: char| c.is_lowercase() || c == ',' || c == ')');
    (parted || !speaks).then_some((text.get(..start + label.len())?, rest))
}

/// The parts of a page that its captions are about, to be kept as pictures.
pub fn wanted(page: &Page) -> Vec<Area> {
    if page.images.is_empty() && page.drawings.is_empty() {
        return Vec::new();
    }
    let rows = rows_of_words(&page.words);
    let runs: Vec<_> = rows.iter().flatten().collect();
    let mut out: Vec<Area> = Vec::new();
    for run in runs.iter().filter(|r| caption(&r.text).is_some()) {
        let found = drawn(page, &run.area, true).or_else(|| drawn(page, &run.area, false));
        if let Some(area) = found.filter(|a| !out.contains(a)) {
            out.push(area);
        }
        if out.len() == 16 {
            break;
        }
    }
    out
}

/// What is drawn next to a caption, above or below it.
fn drawn(page: &Page, caption: &Area, above: bool) -> Option<Area> {
    let pieces: Vec<Area> = page
        .images
        .iter()
        .chain(&page.drawings)
        .copied()
        .filter(|a| a.height() > 1.0 && a.width() > 1.0)
        .filter(|a| a.width() < 0.98 * page.width || a.height() < 0.9 * page.height)
        .filter(|a| if above { a.y1 <= caption.y0 + 4.0 } else { a.y0 >= caption.y1 - 4.0 })
        .collect();
    let distance = |a: &Area| if above { caption.y0 - a.y1 } else { a.y0 - caption.y1 };
    let nearest = pieces
        .iter()
        .filter(|a| distance(a) < 60.0 && a.x0 < caption.x1 + 150.0 && a.x1 > caption.x0 - 150.0)
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
    let mut whole = *nearest;
    // What stands near belongs to the same drawing; a few rounds reach all of it.
    for _ in 0..8 {
        let before = whole;
        for piece in &pieces {
            if piece.shared_width(&whole) > -16.0 && piece.shared_height(&whole) > -16.0 {
                whole = whole.union(piece);
            }
        }
        if whole == before {
            break;
        }
    }
    // Its labels too.
    for word in &page.words {
        let near = word.area.shared_width(&whole) > -4.0 && word.area.shared_height(&whole) > -4.0;
        let outside = if above { word.area.y1 <= caption.y0 } else { word.area.y0 >= caption.y1 };
        if near && outside && word.text.chars().count() <= 12 {
            whole = whole.union(&word.area);
        }
    }
    (whole.width() > 30.0 && whole.height() > 30.0).then_some(whole)
}

/// The picture that belongs to a caption.
pub(super) fn picture<'p>(page: &'p Page, at: &Area) -> Option<&'p [u8]> {
    let near = |a: &Area| {
        let (above, below) = (at.y0 - a.y1, a.y0 - at.y1);
        if above >= -6.0 { above } else { below.max(0.0) + 20.0 }
    };
    page.pictures
        .iter()
        .filter(|p| near(&p.area) < 80.0 && p.png.len() <= MOST_PICTURE)
        .min_by(|a, b| near(&a.area).total_cmp(&near(&b.area)))
        .map(|p| p.png.as_slice())
}

#[cfg(test)]
mod tests {
    use super::super::line::tests::words;
    use super::*;

    #[test]
    fn captions_are_told_from_sentences_about_figures() {
        assert_eq!(caption("Figure 3: Pump, front view"), Some(("Figure 3", "Pump, front view")));
        assert_eq!(caption("Fig. 2-1 Belt"), Some(("Fig. 2-1", "Belt")));
        assert_eq!(caption("图 3 液压泵"), Some(("图 3", "液压泵")));
        assert_eq!(caption("Figura 4. Vista"), Some(("Figura 4", "Vista")));
        assert_eq!(caption("Figure 3 shows the pump"), None);
        assert_eq!(caption("Figures are drawn"), None);
        assert_eq!(caption("Figure out why"), None);
    }

    #[test]
    fn a_caption_wants_the_picture_above_it() {
        let picture = Area { x0: 100.0, y0: 100.0, x1: 300.0, y1: 250.0 };
        let page = Page {
            width: 600.0,
            height: 800.0,
            images: vec![picture, Area { x0: 100.0, y0: 500.0, x1: 200.0, y1: 600.0 }],
            words: words("Figure 3: Pump", 100.0, 260.0, 10.0),
            ..Page::default()
        };
        assert_eq!(wanted(&page), [picture]);
    }
}
