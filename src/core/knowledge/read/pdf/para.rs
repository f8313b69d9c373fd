//! Lines become paragraphs: where one ends and the next begins.

use super::contents;
use super::figure;
use super::line::{Run, is_bullet, number_mark};
use super::page::Area;
use super::text::Vocabulary;
use crate::core::knowledge::read::signal::{self, Setting};

/// Lines that belong together.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Para {
    pub lines: Vec<Run>,
    /// The column that they stand in.
    pub column: Area,
    /// In a box or on a ground of its own.
    pub boxed: bool,
}

impl Para {
    pub fn area(&self) -> Area {
        Area::around(self.lines.iter().map(|l| &l.area)).unwrap_or_default()
    }

    pub fn text(&self, words: &Vocabulary) -> String {
        words.join(self.lines.iter().map(|l| l.text.as_str()))
    }

    pub fn size(&self) -> f32 {
        self.lines.iter().max_by_key(|l| l.text.chars().count()).map_or(0.0, |l| l.size)
    }

    pub fn bold(&self) -> bool {
        self.lines.iter().all(|l| l.bold)
    }

    pub fn mono(&self) -> bool {
        self.lines.iter().all(|l| l.mono)
    }

    pub fn opens_bold(&self) -> bool {
        self.lines.first().is_some_and(|l| l.opens_bold)
    }
}

/// Gathers the lines of one page, in reading order, into paragraphs.
pub(super) fn paragraphs(lines: &[(Run, Area)], boxed: bool) -> Vec<Para> {
    let mut out: Vec<Para> = Vec::new();
    let leading = leading(lines);
    let right = Right::of(lines);
    for (line, column) in lines {
        match out.last_mut() {
            Some(para) if para.column == *column && goes_on(para, line, leading, right.of_column(column)) => {
                para.lines.push(line.clone());
            }
            _ => out.push(Para { lines: vec![line.clone()], column: *column, boxed }),
        }
    }
    out
}

/// The usual gap between two lines, as a part of the font's size.
fn leading(lines: &[(Run, Area)]) -> f32 {
    let mut gaps: Vec<f32> = lines
        .windows(2)
        .filter_map(|w| match w {
            [(a, _), (b, _)] => {
                let gap = (b.area.y0 - a.area.y1) / a.size.max(1.0);
                ((a.size - b.size).abs() < 0.5 && gap > -0.6 && gap < 1.2).then_some(gap)
            }
            _ => None,
        })
        .collect();
    gaps.sort_by(f32::total_cmp);
    // Below the middle: most gaps are within paragraphs, some are between.
    gaps.get(gaps.len() * 2 / 5).copied().unwrap_or(0.2)
}

/// Where the lines of each column end.
struct Right(Vec<(Area, f32)>);

impl Right {
    fn of(lines: &[(Run, Area)]) -> Self {
        let mut columns: Vec<(Area, Vec<f32>)> = Vec::new();
        for (line, column) in lines {
            match columns.iter_mut().rev().find(|(c, _)| c == column) {
                Some((_, ends)) => ends.push(line.area.x1),
                None => columns.push((*column, vec![line.area.x1])),
            }
        }
        Right(
            columns
                .into_iter()
                .map(|(column, mut ends)| {
                    ends.sort_by(f32::total_cmp);
                    let end = ends.get(ends.len() * 9 / 10).copied().unwrap_or(column.x1);
                    (column, end)
                })
                .collect(),
        )
    }

    fn of_column(&self, column: &Area) -> f32 {
        self.0.iter().find(|(c, _)| c == column).map_or(column.x1, |(_, end)| *end)
    }
}

/// Does the next line go on with the paragraph?
fn goes_on(para: &Para, next: &Run, leading: f32, right: f32) -> bool {
    let (Some(first), Some(last)) = (para.lines.first(), para.lines.last()) else { return false };
    let size = last.size.max(next.size);
    let gap = (next.area.y0 - last.area.y1) / size.max(1.0);
    if next.baseline() <= last.baseline() || gap > leading.max(0.0) + 0.4 || gap > leading + 0.55 {
        return false;
    }
    if (last.size - next.size).abs() > 0.12 * size || last.mono != next.mono {
        return false;
    }
    if last.mono {
        return true;
    }
    if opens(&next.text) || leading_signal(next) || contents::is_dotted(&last.text) {
        return false;
    }
    let item = opens(&first.text);
    let em = size;
    // How much room the last line left, and whether the next line's first word had fitted.
    let word = next.text.split(' ').next().map_or(0, |w| w.chars().count()) as f32;
    let letters = next.text.chars().count().max(1) as f32;
    let room = right - last.area.x1;
    let fitted = room > word * next.area.width() / letters + 0.8 * em + 0.04 * para.column.width();
    let ended = last.text.ends_with(['.', ':', '!', '?', '。', '：', '！', '？', ';', '；']);
    let small = next.text.starts_with(char::is_lowercase);
    if last.bold != next.bold && !small && (fitted || ended) {
        return false;
    }
    if last.bold && !next.bold && para.bold() && fitted {
        return false;
    }
    if fitted && !small && (ended || para.lines.len() > 1 || !centred(last, next)) {
        return false;
    }
    if figure::caption(&next.text).is_some() && (ended || fitted) {
        return false;
    }
    if item {
        // Hanging lines stand under the item's text; what returns to the mark's edge after
        // a full stop is a new paragraph.
        return next.area.x0 > first.area.x0 + 0.4 * em || !(ended || fitted);
    }
    let set_in = next.area.x0 - last.area.x0;
    // A first line that is set in starts a paragraph; the second line of such a one returns.
    if set_in > 0.8 * em && ended && set_in < 0.4 * para.column.width() {
        return false;
    }
    set_in > -0.8 * em || para.lines.len() == 1 || !ended
}

fn centred(a: &Run, b: &Run) -> bool {
    (a.area.centre().0 - b.area.centre().0).abs() < 3.0
}

fn leading_signal(line: &Run) -> bool {
    signal::leading(&line.text, Setting { quoted: false, bold: line.opens_bold }).is_some()
        || signal::lone(&line.text).is_some()
}

/// Does the line open an item of a list?
fn opens(text: &str) -> bool {
    mark(text).is_some()
}

/// An item's number (none for a bullet), and its words.
pub(super) fn mark(text: &str) -> Option<(Option<u64>, &str)> {
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    let rest = rest.trim_start();
    if is_bullet(first) && !rest.is_empty() {
        // A lone "o" or dash before small print may be a word or a minus.
        let doubtful = matches!(first, "o" | "-" | "–" | "—" | "*");
        return (!doubtful || rest.starts_with(|c: char| c.is_alphabetic())).then_some((None, rest));
    }
    if let Some(number) = number_mark(first).filter(|_| !rest.is_empty()) {
        return Some((Some(number), rest));
    }
    if let Some(letter) = text.strip_prefix(['•', '▪', '■', '●', '➢', '►'])
        && !letter.trim().is_empty()
    {
        return Some((None, letter.trim_start()));
    }
    step(text)
}

/// "Step 3: …", "Paso 3. …", "步骤3 …", "1、…", "第3步 …".
fn step(text: &str) -> Option<(Option<u64>, &str)> {
    let number = |text: &str| -> Option<(u64, usize)> {
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let digits = text.get(..end).filter(|d| (1..=3).contains(&d.len()))?;
        Some((digits.parse().ok()?, end))
    };
    for name in ["Step ", "STEP ", "Paso ", "PASO ", "步骤 ", "步骤", "第"] {
        let Some(rest) = text.strip_prefix(name) else { continue };
        let (n, end) = number(rest)?;
        let after = rest.get(end..)?;
        let after = if name == "第" { after.strip_prefix('步')? } else { after };
        let words = after.trim_start_matches([':', '.', ' ', '：', '、', '-', '–', ')']);
        return (!words.is_empty() && words.len() < after.len()).then_some((Some(n), words));
    }
    let (n, end) = number(text)?;
    let rest = text.get(end..)?.strip_prefix(['、', '．'])?;
    Some((Some(n), rest.trim_start())).filter(|(_, words)| !words.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::line::{rows_of_words, tests::words};
    use super::*;

    fn read(lines: &[(&str, f32, f32)]) -> Vec<String> {
        let all: Vec<_> = lines.iter().flat_map(|(t, x, y)| words(t, *x, *y, 10.0)).collect();
        let rows: Vec<Run> = rows_of_words(&all).into_iter().flatten().collect();
        let column = Area::around(rows.iter().map(|r| &r.area)).unwrap_or_default();
        let lines: Vec<(Run, Area)> = rows.into_iter().map(|r| (r, column)).collect();
        let words = Vocabulary::default();
        paragraphs(&lines, false).iter().map(|p| p.text(&words)).collect()
    }

    #[test]
    fn a_gap_or_a_list_mark_ends_a_paragraph() {
        let found = read(&[
            ("The pump must be vented before it is", 50., 0.),
            ("started.", 50., 12.),
            ("Another paragraph after a gap, set as", 50., 32.),
            ("wide as the first.", 50., 44.),
            ("1. Stop the pump and wait until all of", 50., 64.),
            ("it is cold.", 62., 76.),
            ("2. Open it.", 50., 88.),
            ("• A bullet", 50., 100.),
        ]);
        assert_eq!(
            found,
            [
                "The pump must be vented before it is started.",
                "Another paragraph after a gap, set as wide as the first.",
                "1. Stop the pump and wait until all of it is cold.",
                "2. Open it.",
                "• A bullet",
            ]
        );
    }

    #[test]
    fn a_line_that_ends_early_was_meant_to() {
        let found = read(&[
            ("A long line that reaches the right edge.", 50., 0.),
            ("Power 4 kW", 50., 22.),
            ("Voltage 400 V", 50., 34.),
            ("Mass 85 kg", 50., 46.),
        ]);
        assert_eq!(found.len(), 4, "{found:?}");
    }

    #[test]
    fn marks_of_steps_are_known_in_three_languages() {
        assert_eq!(mark("3. Stop."), Some((Some(3), "Stop.")));
        assert_eq!(mark("Step 2: Vent."), Some((Some(2), "Vent.")));
        assert_eq!(mark("Paso 4. Abrir"), Some((Some(4), "Abrir")));
        assert_eq!(mark("步骤2：停泵"), Some((Some(2), "停泵")));
        assert_eq!(mark("1、停泵"), Some((Some(1), "停泵")));
        assert_eq!(mark("- 5 to 7"), None);
        assert_eq!(mark("Steps are"), None);
    }
}
