//! Lines become one text: words that a line's end cut in two are put together again.

use std::collections::HashSet;

use super::line::spaced;
use super::page::Page;

/// The words of a document, in lower case: they tell whether "lubri-" + "cation" is one
/// word and "high-" + "pressure" is two.
#[derive(Debug, Default)]
pub(super) struct Vocabulary(HashSet<String>);

impl Vocabulary {
    pub fn of(pages: &[Page]) -> Self {
        let words = pages.iter().flat_map(|p| &p.words);
        Vocabulary(words.map(|w| bare(&w.text).to_lowercase()).filter(|w| w.len() > 2).collect())
    }

    fn has(&self, word: &str) -> bool {
        self.0.contains(&word.to_lowercase())
    }

    /// Lines as one text.
    pub fn join<'l>(&self, lines: impl IntoIterator<Item = &'l str>) -> String {
        let mut out = String::new();
        for line in lines {
            self.append(&mut out, line);
        }
        out
    }

    /// Adds the next line.
    pub fn append(&self, out: &mut String, line: &str) {
        if out.is_empty() || line.is_empty() {
            out.push_str(line);
            return;
        }
        let Some(left) = out.strip_suffix('-').filter(|l| l.ends_with(char::is_alphanumeric)) else {
            if spaced(out, line) {
                out.push(' ');
            }
            out.push_str(line);
            return;
        };
        let head = last_word(left);
        let tail = line.split(char::is_whitespace).next().unwrap_or_default();
        let tail = bare(tail);
        let letters =
            head.chars().all(char::is_alphabetic) && tail.chars().next().is_some_and(char::is_lowercase);
        let joined = format!("{head}{tail}");
        let hyphened = format!("{head}-{tail}");
        // A code ("E-" + "203") keeps its hyphen, and so does what the document writes so.
        if letters && (self.has(&joined) || !self.has(&hyphened)) {
            out.truncate(out.len() - 1);
        }
        out.push_str(line);
    }
}

fn last_word(text: &str) -> &str {
    let start = text
        .rfind(|c: char| !c.is_alphanumeric())
        .map_or(0, |i| i + text.get(i..).and_then(|t| t.chars().next()).map_or(1, char::len_utf8));
    text.get(start..).unwrap_or_default()
}

fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::super::line::tests::word;
    use super::*;

    #[test]
    fn words_cut_by_a_lines_end_are_put_together() {
        let page = Page { words: vec![word("high-pressure", 0., 0., 9.)], ..Page::default() };
        let words = Vocabulary::of(&[page]);
        assert_eq!(words.join(["the lubri-", "cation of"]), "the lubrication of");
        assert_eq!(words.join(["a high-", "pressure hose"]), "a high-pressure hose");
        assert_eq!(words.join(["alarm E-", "203 and"]), "alarm E-203 and");
        assert_eq!(words.join(["液压", "泵"]), "液压泵");
        assert_eq!(words.join(["5 –", "7 bar"]), "5 – 7 bar");
    }
}
