//! AsciiDoc's lists: ordered, unordered, described; an item keeps what is nested in it.

use super::{Line, Reading, is_delimiter, section};
use crate::core::knowledge::passage::Span;
use crate::core::knowledge::read::signal::{self, Setting};
use crate::core::knowledge::read::{Block, BlockKind, single_spaced, trimmed};

/// The mark of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Mark {
    /// `*`, `**`, `-`.
    Bullet(String),
    /// `.`, `..`, or a number.
    Ordered(String, Option<u64>),
    /// `term::`, with its colons.
    Term(String),
}

impl Mark {
    fn same_list(&self, other: &Mark) -> bool {
        match (self, other) {
            (Mark::Bullet(a), Mark::Bullet(b)) | (Mark::Term(a), Mark::Term(b)) => a == b,
            (Mark::Ordered(a, _), Mark::Ordered(b, _)) => a == b,
            _ => false,
        }
    }
}

/// The mark of a line, the term before it, and where the words after it start.
fn mark(words: &str) -> Option<(Mark, &str, usize)> {
    let (first, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    let after = words.len() - rest.trim_start().len();
    if !rest.trim().is_empty() {
        let all = |c: char| first.len() <= 5 && first.chars().all(|m| m == c);
        if first == "-" || all('*') {
            return Some((Mark::Bullet(first.to_owned()), "", after));
        }
        if all('.') {
            return Some((Mark::Ordered(first.to_owned(), None), "", after));
        }
        if let Some(number) = first.strip_suffix('.')
            && number.len() <= 3
            && let Ok(n) = number.parse()
        {
            return Some((Mark::Ordered("1.".to_owned(), Some(n)), "", after));
        }
    }
    // `<1> words`: the callouts of a listing.
    for colons in ["::::", ":::", "::", ";;"] {
        let Some(end) = words.find(colons) else { continue };
        let term = words.get(..end)?;
        let after = words.get(end + colons.len()..)?;
        let ends = after.is_empty() || after.starts_with(char::is_whitespace);
        let plain = !term.trim().is_empty() && term.len() <= 300 && !term.starts_with(['[', '|']);
        if ends && plain {
            let gap = after.len() - after.trim_start().len();
            return Some((Mark::Term(colons.to_owned()), term.trim(), end + colons.len() + gap));
        }
        return None;
    }
    None
}

impl<'t> Reading<'t> {
    /// Reads a list, where the first line is an item; returns how many lines it takes.
    pub(super) fn list(&mut self, lines: &[Line<'t>], depth: usize) -> Option<usize> {
        let (root, ..) = mark(lines.first()?.words())?;
        let set = std::mem::take(&mut self.set);
        self.title(&set);
        let mut at = 0;
        let start = set.named.get("start").and_then(|s| s.parse::<u64>().ok()).unwrap_or(1);
        let mut number = start.saturating_sub(1);
        while let Some(line) = lines.get(at)
            && let Some((here, term, words_at)) = mark(line.words())
            && here.same_list(&root)
        {
            let taken = item_lines(lines.get(at..).unwrap_or_default(), &root);
            let own = lines.get(at..at + taken).unwrap_or_default();
            match &here {
                Mark::Ordered(_, stated) => {
                    number = stated.unwrap_or(number + 1);
                    self.entry(own, words_at, None, BlockKind::Item { number: Some(number) }, depth);
                }
                Mark::Bullet(_) => self.entry(own, words_at, None, BlockKind::Item { number: None }, depth),
                Mark::Term(_) => self.entry(own, words_at, Some(term), BlockKind::Paragraph, depth),
            }
            at += taken;
            // Blank lines and comments part items, not the list.
            let gap =
                lines.get(at..)?.iter().take_while(|l| l.is_blank() || l.words().starts_with("//")).count();
            let next = lines.get(at + gap).and_then(|l| mark(l.words()));
            if next.is_some_and(|(m, ..)| m.same_list(&root)) {
                at += gap;
            }
        }
        Some(at.max(1))
    }

    /// One item: its own words, and what is attached or nested below.
    fn entry(
        &mut self,
        lines: &[Line<'t>],
        words_at: usize,
        term: Option<&str>,
        kind: BlockKind,
        depth: usize,
    ) {
        let Some(first) = lines.first() else { return };
        // The item's own text goes to the first line that starts something else.
        let mut own = 1;
        let term_alone = term.is_some() && first.words().len() <= words_at;
        while let Some(line) = lines.get(own) {
            let skips = term_alone && own == 1 && line.is_blank();
            let ends = line.is_blank()
                || line.words() == "+"
                || is_delimiter(line.words())
                || mark(line.words()).is_some()
                || (line.words().starts_with('[') && line.words().ends_with(']'));
            if ends && !skips {
                break;
            }
            own += 1;
        }
        let head_end = lines
            .get(..own)
            .unwrap_or_default()
            .iter()
            .rfind(|l| !l.is_blank())
            .map_or(first.end(), Line::end);
        let raw_start = (first.words_at() + words_at).min(head_end);
        let raw = self.text.get(raw_start..head_end).unwrap_or_default();
        let own_words = self.words(raw);
        let mut text = match term {
            Some(term) => {
                let term = self.words(term);
                let colon = if term.ends_with([':', '.', '?']) { "" } else { ":" };
                format!("{term}{colon} {own_words}")
            }
            None => own_words,
        };
        let inner = self.inside(lines.get(own..).unwrap_or_default(), depth);
        let start = first.words_at();
        let mut end = head_end;
        // A described term with long parts below is more than one entry's words.
        let whole = term.is_none() || inner.iter().map(|b| b.text.len()).sum::<usize>() <= 1500;
        let mut after = Vec::new();
        for block in inner {
            match block.kind {
                BlockKind::Warning { .. } if after.is_empty() && term.is_none() => self.blocks.push(block),
                BlockKind::Table { .. } => after.push(block),
                _ if !after.is_empty() || !whole => after.push(block),
                _ => {
                    text.push(' ');
                    text.push_str(&block.text);
                    end = end.max(block.span.end);
                }
            }
        }
        let text = single_spaced(&text);
        let is_step = matches!(kind, BlockKind::Item { number: Some(_) });
        let bold = raw.starts_with('*');
        let kind = match signal::leading(&text, Setting { quoted: false, bold }) {
            Some(signal) if !is_step => BlockKind::Warning { signal },
            _ => kind,
        };
        let span: Span = trimmed(self.text, start, end);
        if !text.is_empty() && span.start < span.end {
            self.blocks.push(Block { span, text, kind });
        }
        self.blocks.extend(after);
    }
}

/// How many lines an item takes, with what is nested or attached, blank lines at its end left
/// out.
fn item_lines(lines: &[Line<'_>], root: &Mark) -> usize {
    let mut at = 1;
    let mut taken = 1;
    let mut attached = false;
    let term_alone = matches!(root, Mark::Term(_))
        && lines.first().and_then(|l| mark(l.words()).map(|(_, _, w)| l.words().len() <= w)).unwrap_or(false);
    while let Some(line) = lines.get(at) {
        let words = line.words();
        if line.is_blank() {
            let next = lines.get(at..).unwrap_or_default().iter().find(|l| !l.is_blank());
            let goes_on = next.is_some_and(|l| {
                let other = mark(l.words()).is_some_and(|(m, ..)| !m.same_list(root));
                let nests = other && section(l.words()).is_none() && (l.lead > 0 || deeper(root, l.words()));
                l.words() == "+" || nests || (term_alone && taken == 1 && plain(l))
            });
            if !goes_on {
                break;
            }
            at += lines.get(at..).unwrap_or_default().iter().take_while(|l| l.is_blank()).count();
            continue;
        }
        if !attached {
            let same = mark(words).is_some_and(|(m, ..)| m.same_list(root));
            let starts_other = line.lead == 0
                && (section(words).is_some()
                    || (is_delimiter(words) && words != "--" && !words.starts_with("|==")));
            if same || starts_other {
                break;
            }
        }
        if is_delimiter(words) {
            at += super::delimited(lines.get(at..).unwrap_or_default()).1;
            attached = false;
            taken = at.min(lines.len());
            continue;
        }
        // `[source]` after `+` speaks about the block that follows it.
        attached = words == "+" || (attached && words.starts_with('[') && words.ends_with(']'));
        at += 1;
        taken = at;
    }
    taken
}

/// Is a line below a term plain words, or a list of its own?
fn plain(line: &Line<'_>) -> bool {
    section(line.words()).is_none() && !is_delimiter(line.words()) && !line.words().starts_with('[')
}

/// Does the mark of `words` nest below `root` without an indent?
fn deeper(root: &Mark, words: &str) -> bool {
    match (root, mark(words)) {
        (Mark::Bullet(a), Some((Mark::Bullet(b), ..))) => b.len() > a.len() || a == "-",
        (Mark::Ordered(a, _), Some((Mark::Ordered(b, _), ..))) => b.len() > a.len(),
        (Mark::Term(a), Some((Mark::Term(b), ..))) => b.len() > a.len() || b == ";;",
        // Another kind of list after a blank line nests as well.
        (_, Some((Mark::Term(_), ..))) => false,
        (_, Some(_)) => true,
        (_, None) => false,
    }
}
