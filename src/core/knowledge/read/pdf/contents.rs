//! Tables of contents: they stay in the stored text and are no blocks, for what they say is
//! said again where they point.

use super::build::Placed;
use super::parts::Part;
use super::text::Vocabulary;

/// Marks the entries of tables of contents, and lists of figures and tables.
pub(super) fn mark(pages: &mut [Vec<Placed>], words: &Vocabulary) {
    let mut within = false;
    // Is this a page of contents? The one after it may have few entries left.
    let mut contents = false;
    for page in pages.iter_mut() {
        let dotted =
            page.iter().filter(|p| matches!(&p.part, Part::Text(t) if is_dotted(&t.text(words)))).count();
        contents = dotted >= 6 || (contents && dotted > 0);
        for placed in page {
            match &placed.part {
                Part::Text(para) => {
                    let text = para.text(words);
                    if is_title(&text) {
                        within = true;
                        placed.is_block = false;
                    } else if (is_dotted(&text) && (within || contents))
                        || (para.lines.len() >= 2 && is_index(para.lines.iter().map(|l| &l.text)))
                    {
                        placed.is_block = false;
                    } else if within {
                        // A wrapped entry has no number at its own end.
                        within = ends_in_page(&text);
                        placed.is_block = !within;
                    }
                }
                Part::Table(table) if within => {
                    let numbered = table.rows.iter().filter(|r| r.last().is_some_and(|c| is_page(c))).count();
                    within = numbered * 10 >= table.rows.len() * 7;
                    placed.is_block = !within;
                }
                Part::Table(table) => {
                    within = false;
                    placed.is_block = !is_index(table.header.iter().chain(table.rows.iter().flatten()));
                }
                Part::Warning(..) => within = false,
            }
        }
    }
}

fn is_title(text: &str) -> bool {
    let text: String = text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    let text = text.trim_end_matches(':');
    matches!(
        text,
        "contents"
            | "table of contents"
            | "list of figures"
            | "list of tables"
            | "目录"
            | "目 录"
            | "índice"
            | "contenido"
            | "tabla de contenido"
            | "índice general"
    )
}

/// An index at a book's end: "belt, 12", "bearing, 4, 17".
fn is_index<'t>(entries: impl Iterator<Item = &'t String>) -> bool {
    let (mut all, mut pointing) = (0usize, 0usize);
    for entry in entries.filter(|e| e.chars().filter(|c| c.is_alphabetic()).count() > 1) {
        all += 1;
        let pages = entry.rsplit_once(", ").is_some_and(|(word, page)| is_page(page) && !word.is_empty());
        pointing += usize::from(pages);
    }
    all >= 4 && pointing * 10 >= all * 7
}

/// "Lubrication ........ 17".
pub(super) fn is_dotted(text: &str) -> bool {
    let Some((rest, last)) = text.trim_end().rsplit_once([' ', '.', '…']) else { return false };
    let leader = rest
        .chars()
        .rev()
        .take_while(|c| matches!(c, '.' | ' ' | '…' | '·' | '_'))
        .filter(|c| *c != ' ')
        .count();
    is_page(last) && (leader >= 3 || rest.trim_end().ends_with('…'))
}

fn ends_in_page(text: &str) -> bool {
    text.split_whitespace().count() <= 24 && text.split_whitespace().next_back().is_some_and(is_page)
}

fn is_page(text: &str) -> bool {
    let text = text.trim();
    let digits = |t: &str| (1..=4).contains(&t.len()) && t.chars().all(|c| c.is_ascii_digit());
    digits(text)
        || text.split_once('-').is_some_and(|(a, b)| a.len() <= 3 && digits(b))
        || (!text.is_empty() && text.len() <= 6 && text.chars().all(|c| "ivxl".contains(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_contents_are_known() {
        assert!(is_dotted("3.2 Lubrication .......... 17"));
        assert!(is_dotted("Preface . . . . . . . iv"));
        assert!(is_dotted("4 Faults ........4-12"));
        assert!(!is_dotted("Tank capacity ........ 40 L"));
        assert!(!is_dotted("See chapter 3."));
        assert!(is_title("TABLE OF CONTENTS"));
        assert!(!is_title("Contents of the box"));
    }
}
