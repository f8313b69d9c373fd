//! Words become runs (what stands together on one line), runs become rows, rows become
//! lines of text.

use super::page::{Area, Word};

/// Runs of one row that lie further apart than this part of the font's size may be of
/// different columns.
pub(super) const APART: f32 = 0.8;
/// Words nearer than this part of the font's size are one word that the file drew in parts.
const TOUCH: f32 = 0.1;

/// Words of one row without a wide gap between them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Run {
    pub text: String,
    pub area: Area,
    /// Of most of its letters.
    pub size: f32,
    pub bold: bool,
    /// Its first word is bold.
    pub opens_bold: bool,
    pub mono: bool,
    pub words: usize,
}

impl Run {
    /// The whole run set as one line after `self`, as a row reads.
    pub fn join(&mut self, next: &Run) {
        if !self.text.is_empty() && spaced(&self.text, &next.text) {
            self.text.push(' ');
        }
        let (a, b) = (letters(&self.text), letters(&next.text));
        if b > a {
            self.size = next.size;
        }
        self.text.push_str(&next.text);
        self.area = self.area.union(&next.area);
        self.bold &= next.bold;
        self.mono &= next.mono;
        self.words += next.words;
    }

    pub fn baseline(&self) -> f32 {
        self.area.y1
    }
}

fn letters(text: &str) -> usize {
    text.chars().count()
}

/// Is a space wanted where `left` ends and `right` starts? Not between Chinese letters.
pub(super) fn spaced(left: &str, right: &str) -> bool {
    let (a, b) = (left.chars().next_back(), right.chars().next());
    !(a.is_some_and(is_han) && b.is_some_and(is_han))
}

/// Letters that are written without spaces.
pub(super) fn is_han(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{FF00}'..='\u{FFEF}')
}

/// The runs of upright words, row by row from above, each row from the left.
pub(super) fn rows_of_words(words: &[Word]) -> Vec<Vec<Run>> {
    let mut order: Vec<&Word> = words.iter().collect();
    order.sort_by(|a, b| a.area.y1.total_cmp(&b.area.y1).then(a.area.x0.total_cmp(&b.area.x0)));
    let mut rows: Vec<Vec<&Word>> = Vec::new();
    for word in order {
        // The last few rows are enough: words come sorted by their lower edge.
        let home = rows
            .iter_mut()
            .rev()
            .take(4)
            .find(|row| row.first().is_some_and(|f| same_row(&f.area, &word.area)));
        match home {
            Some(row) => row.push(word),
            None => rows.push(vec![word]),
        }
    }
    let mut rows: Vec<Vec<Run>> = rows.into_iter().map(runs).collect();
    rows.sort_by(|a, b| top(a).total_cmp(&top(b)));
    rows
}

fn top(row: &[Run]) -> f32 {
    Area::around(row.iter().map(|r| &r.area)).map_or(0.0, |a| a.centre().1)
}

/// Do two boxes stand on one row? Superscripts and mixed sizes do; lines that merely touch
/// do not.
fn same_row(a: &Area, b: &Area) -> bool {
    let low = a.height().min(b.height()).max(0.1);
    a.shared_height(b) > 0.55 * low && (a.y1 - b.y1).abs() < 0.6 * a.height().max(b.height())
}

fn runs(mut row: Vec<&Word>) -> Vec<Run> {
    row.sort_by(|a, b| a.area.x0.total_cmp(&b.area.x0));
    let mut out: Vec<Run> = Vec::new();
    let mut last: Option<&Word> = None;
    for word in row {
        // Letters drawn twice, a little apart, are how some programs make bold type.
        if let (Some(before), Some(run)) = (last, out.last_mut())
            && before.text == word.text
            && (before.area.x0 - word.area.x0).abs() < 0.2 * word.size
        {
            run.bold = true;
            continue;
        }
        let gap = out.last().map_or(f32::MAX, |run| word.area.x0 - run.area.x1);
        let size = word.size.max(last.map_or(0.0, |w| w.size));
        match out.last_mut().filter(|_| gap < APART * size) {
            // A small mark before a word ("¹See") is no part of it.
            Some(run) => {
                let mark = last.is_some_and(|l| l.size < 0.8 * word.size);
                append(run, word, gap < TOUCH * size && !word.spaced && !mark);
            }
            None => out.push(Run {
                text: word.text.clone(),
                area: word.area,
                size: word.size,
                bold: word.bold,
                opens_bold: word.bold,
                mono: word.mono,
                words: 1,
            }),
        }
        last = Some(word);
    }
    out.iter_mut().for_each(unspaced);
    glue_marks(out)
}

fn append(run: &mut Run, word: &Word, touching: bool) {
    let unparted = touching
        && (run.text.ends_with(|c: char| c.is_alphanumeric())
            || word.text.starts_with(|c: char| !c.is_alphanumeric()));
    if !unparted && spaced(&run.text, &word.text) {
        run.text.push(' ');
    }
    // The size of most letters is the run's: a superscript does not change it.
    if letters(&word.text) > letters(&run.text) / 2 && word.size > run.size {
        run.size = word.size;
    }
    run.text.push_str(&word.text);
    run.area = run.area.union(&word.area);
    run.bold &= word.bold || !word.text.chars().any(char::is_alphanumeric);
    run.mono &= word.mono;
    run.words += 1;
}

/// "W A R N I N G" is a word whose letters are set apart.
fn unspaced(run: &mut Run) {
    let singles = run.text.split(' ').all(|w| w.chars().count() == 1);
    if run.words >= 4 && singles && run.text.chars().all(|c| c == ' ' || c.is_uppercase()) {
        run.text.retain(|c| c != ' ');
        run.words = 1;
    }
}

/// A list's mark belongs to what follows it, however far the text is set in.
fn glue_marks(row: Vec<Run>) -> Vec<Run> {
    let mut out: Vec<Run> = Vec::with_capacity(row.len());
    for run in row {
        match out.last_mut() {
            // A page's number belongs to the dots that lead to it.
            Some(entry) if ends_in_leader(&entry.text) || starts_in_leader(&run.text) => entry.join(&run),
            Some(mark)
                if is_mark(&mark.text) && run.area.x0 - mark.area.x1 < 4.5 * run.size.max(mark.size) =>
            {
                let size = run.size;
                let (bold, mono) = (run.bold, run.mono);
                mark.join(&run);
                mark.size = size;
                mark.bold = bold;
                mark.mono = mono;
                mark.opens_bold |= run.opens_bold;
            }
            _ => out.push(run),
        }
    }
    // An entry of a table of contents starts with its section's number.
    let mut at = 1;
    while at < out.len() {
        let entry = out.get(at).is_some_and(|r| leads(&r.text))
            && out.get(at - 1).is_some_and(|r| is_section(&r.text));
        if entry {
            let rest = out.remove(at);
            if let Some(number) = out.get_mut(at - 1) {
                number.join(&rest);
            }
        } else {
            at += 1;
        }
    }
    out
}

/// Does the text end in a row of dots ("Care . . . . ." or "Care .....")?
pub(super) fn ends_in_leader(text: &str) -> bool {
    let dots = text.chars().rev().take_while(|c| matches!(c, '.' | ' ' | '…' | '·'));
    dots.filter(|c| *c != ' ').count() >= 4
}

/// Has the text a row of dots in it?
fn leads(text: &str) -> bool {
    without_leaders(text).contains('…')
}

/// Could the text be a section's number ("3", "9.5.11", "A.1")?
fn is_section(text: &str) -> bool {
    text.len() <= 10 && text.split('.').all(|p| p.len() <= 3 && p.chars().all(|c| c.is_ascii_alphanumeric()))
}

fn starts_in_leader(text: &str) -> bool {
    text.chars().take_while(|c| matches!(c, '.' | ' ' | '…' | '·')).filter(|c| *c != ' ').count() >= 4
}

/// Rows of dots as one sign: nobody reads or searches them.
pub(super) fn without_leaders(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['.', '·']) {
        let (before, dots) = rest.split_at(at);
        let long = dots.len() - dots.trim_start_matches(['.', '·', ' ']).len();
        let (run, after) = dots.split_at(long);
        out.push_str(before);
        if run.chars().filter(|c| *c != ' ').count() >= 4 {
            if !out.ends_with(' ') && !out.is_empty() {
                out.push(' ');
            }
            out.push('…');
            out.push_str(if after.is_empty() { "" } else { " " });
        } else {
            out.push_str(run);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Is the text only a list's mark or a section's number ("•", "3.", "(2)", "4.1.2")?
pub(super) fn is_mark(text: &str) -> bool {
    if is_bullet(text) || number_mark(text).is_some() {
        return true;
    }
    // A section's number has two dots, or one and a short head: "3.2" may be a value.
    let parts: Vec<&str> = text.trim_end_matches('.').split('.').collect();
    parts.len() >= 2
        && (parts.len() >= 3 || text.ends_with('.'))
        && parts.iter().all(|p| (1..=2).contains(&p.len()) && p.chars().all(|c| c.is_ascii_digit()))
}

/// Is the text a bullet?
pub(super) fn is_bullet(text: &str) -> bool {
    matches!(
        text,
        "•" | "▪"
            | "■"
            | "●"
            | "○"
            | "–"
            | "—"
            | "-"
            | "*"
            | "►"
            | "➢"
            | "➤"
            | "□"
            | "☐"
            | "✓"
            | "✔"
            | "◦"
            | "·"
            | "‣"
            | "◆"
            | "▶"
            | "▸"
            | "⁃"
            | "o"
    )
}

/// The number in a step's mark: "3.", "3)", "(3)", "3、".
pub(super) fn number_mark(text: &str) -> Option<u64> {
    let inner = match text.strip_prefix(['(', '（']) {
        Some(rest) => rest.strip_suffix([')', '）'])?,
        None => text.strip_suffix(['.', ')', '、', '．', '）'])?,
    };
    ((1..=3).contains(&inner.len())).then(|| inner.parse().ok()).flatten()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests {
    use super::*;

    /// A word with letters half as wide as they are high.
    pub fn word(text: &str, x: f32, y: f32, size: f32) -> Word {
        let width = text.chars().map(|c| if is_han(c) { size } else { size / 2.0 }).sum::<f32>();
        Word {
            text: text.to_owned(),
            area: Area { x0: x, y0: y, x1: x + width, y1: y + size },
            size,
            ..Word::default()
        }
    }

    /// Words of a text with single spaces.
    pub fn words(text: &str, x: f32, y: f32, size: f32) -> Vec<Word> {
        let mut at = x;
        text.split(' ')
            .map(|t| {
                let w = word(t, at, y, size);
                at = w.area.x1 + size * 0.3;
                w
            })
            .collect()
    }

    fn texts(words: &[Word]) -> Vec<Vec<String>> {
        rows_of_words(words).into_iter().map(|r| r.into_iter().map(|r| r.text).collect()).collect()
    }

    #[test]
    fn words_of_a_row_stand_together_until_a_wide_gap() {
        let mut all = words("Check the oil", 10.0, 10.0, 10.0);
        all.extend(words("45 Nm", 200.0, 10.4, 10.0));
        all.extend(words("next", 10.0, 22.0, 10.0));
        assert_eq!(texts(&all), [vec!["Check the oil", "45 Nm"], vec!["next"]]);
    }

    #[test]
    fn a_superscript_stays_on_its_row_and_parts_of_a_word_join() {
        let all = [word("10", 10.0, 10.0, 10.0), word("3", 20.2, 9.0, 6.0), word("Pa", 26.0, 10.0, 10.0)];
        assert_eq!(texts(&all), [vec!["103 Pa"]]);
    }

    #[test]
    fn marks_are_glued_to_their_text_but_values_are_not() {
        let mut all = words("1.", 10.0, 10.0, 10.0);
        all.extend(words("Stop.", 40.0, 10.0, 10.0));
        all.extend(words("17014", 10.0, 30.0, 10.0));
        all.extend(words("Fuse", 60.0, 30.0, 10.0));
        assert_eq!(texts(&all), [vec!["1. Stop."], vec!["17014", "Fuse"]]);
        assert_eq!(number_mark("(12)"), Some(12));
        assert_eq!(number_mark("2024."), None);
    }

    #[test]
    fn letters_set_apart_are_a_word_and_chinese_has_no_spaces() {
        assert_eq!(texts(&words("W A R N I N G", 10.0, 10.0, 10.0)), [vec!["WARNING"]]);
        assert_eq!(texts(&words("液压 泵", 10.0, 10.0, 10.0)), [vec!["液压泵"]]);
    }
}
