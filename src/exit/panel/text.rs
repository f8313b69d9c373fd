//! Text in cells: cleaning, measuring, cutting and wrapping, wide characters included.
//!
//! What is shown comes from manuals and microphones, so it is data: control characters and
//! the marks that reorder text (they could turn a number around) never reach the terminal.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

/// The text without what could move the cursor or reorder its neighbours; line breaks and
/// tabs become spaces.
pub fn clean(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            '\n' | '\r' | '\t' => Some(' '),
            c if c.is_control() => None,
            '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => None,
            c => Some(c),
        })
        .collect()
}

/// How many cells the text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text cut to at most `cells`, with an ellipsis where something is missing.
pub fn fit(text: &str, cells: usize) -> String {
    let text = clean(text);
    if width(&text) <= cells {
        return text;
    }
    let mut out = head(&text, cells.saturating_sub(1));
    if cells > 0 {
        out.push('…');
    }
    out
}

/// The end of the text that fits into `cells`: what a person who is typing wants to see.
pub fn tail(text: &str, cells: usize) -> String {
    let span = Span::raw(text);
    let graphemes: Vec<&str> = span.styled_graphemes(Style::new()).map(|g| g.symbol).collect();
    let mut taken = 0;
    let start = graphemes
        .iter()
        .rposition(|g| {
            taken += width(g);
            taken > cells
        })
        .map_or(0, |i| i + 1);
    graphemes.into_iter().skip(start).collect()
}

fn head(text: &str, cells: usize) -> String {
    let mut taken = 0;
    Span::raw(text)
        .styled_graphemes(Style::new())
        .map(|g| g.symbol)
        .take_while(|g| {
            taken += width(g);
            taken <= cells
        })
        .collect()
}

/// Breaks styled pieces into lines of at most `cells`; lines after the first begin with
/// `indent` spaces. Breaks at spaces and around wide characters, inside a word only where
/// the word is longer than a line.
pub fn wrap(pieces: &[Span<'_>], cells: usize, indent: usize) -> Vec<Line<'static>> {
    let mut wrapper = Wrapper::new(cells.max(1), indent);
    for piece in pieces {
        let cleaned = Span::styled(clean(&piece.content), piece.style);
        for grapheme in cleaned.styled_graphemes(Style::new()) {
            wrapper.take(grapheme.symbol, grapheme.style);
        }
    }
    wrapper.finish()
}

/// One grapheme on its way into a line.
struct Glyph {
    symbol: String,
    style: Style,
    cells: usize,
}

struct Wrapper {
    cells: usize,
    indent: usize,
    done: Vec<Line<'static>>,
    line: Vec<Glyph>,
    line_cells: usize,
    word: Vec<Glyph>,
    word_cells: usize,
}

impl Wrapper {
    fn new(cells: usize, indent: usize) -> Self {
        // An indent that leaves no room for text would never end.
        let indent = if indent * 2 < cells { indent } else { 0 };
        Self { cells, indent, done: vec![], line: vec![], line_cells: 0, word: vec![], word_cells: 0 }
    }

    fn take(&mut self, symbol: &str, style: Style) {
        let cells = width(symbol);
        if cells == 0 {
            return;
        }
        let glyph = Glyph { symbol: symbol.to_string(), style, cells };
        if symbol == " " {
            self.end_word();
            self.line_cells += 1;
            self.line.push(glyph);
            return;
        }
        // Chinese has no spaces: a line may break before any wide character except one
        // that closes what stands before it.
        if cells > 1 && !closes(symbol) {
            self.end_word();
        }
        self.word_cells += cells;
        self.word.push(glyph);
    }

    fn end_word(&mut self) {
        if self.word.is_empty() {
            return;
        }
        if self.line_cells + self.word_cells > self.cells && self.has_text() {
            self.end_line();
        }
        for glyph in std::mem::take(&mut self.word) {
            if self.line_cells + glyph.cells > self.cells && self.has_text() {
                self.end_line();
            }
            self.line_cells += glyph.cells;
            self.line.push(glyph);
        }
        self.word_cells = 0;
    }

    fn has_text(&self) -> bool {
        self.line.iter().any(|g| g.symbol != " ")
    }

    fn end_line(&mut self) {
        while self.line.last().is_some_and(|g| g.symbol == " ") {
            self.line.pop();
        }
        let mut spans: Vec<Span<'static>> = Vec::new();
        for glyph in self.line.drain(..) {
            match spans.last_mut() {
                Some(last) if last.style == glyph.style => last.content.to_mut().push_str(&glyph.symbol),
                _ => spans.push(Span::styled(glyph.symbol, glyph.style)),
            }
        }
        self.done.push(Line::from(spans));
        self.line_cells = self.indent;
        self.line = (0..self.indent)
            .map(|_| Glyph { symbol: " ".to_string(), style: Style::new(), cells: 1 })
            .collect();
    }

    fn finish(mut self) -> Vec<Line<'static>> {
        self.end_word();
        if self.has_text() || self.done.is_empty() {
            self.end_line();
        }
        self.done
    }
}

fn closes(symbol: &str) -> bool {
    matches!(symbol, "。" | "，" | "、" | "；" | "：" | "！" | "？" | "）" | "」" | "』" | "》" | "】")
}

/// Writes a line into one row of an area; a row outside the area is left out.
pub fn put(buf: &mut Buffer, area: Rect, row: u16, line: &Line<'_>) {
    if row < area.height {
        buf.set_line(area.x, area.y + row, line, area.width);
    }
}

/// Milliseconds as a person reads them: `84 ms`, `1.24 s`, `2 min`.
pub fn time(ms: f64) -> String {
    if !ms.is_finite() || ms < 0.0 {
        "–".to_string()
    } else if ms < 999.5 {
        format!("{ms:.0} ms")
    } else if ms < 99_995.0 {
        format!("{:.2} s", ms / 1000.0)
    } else {
        format!("{:.0} min", ms / 60_000.0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn wrapped(text: &str, cells: usize, indent: usize) -> Vec<String> {
        wrap(&[Span::raw(text)], cells, indent).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn lines_break_at_spaces_and_hang_by_the_indent() {
        assert_eq!(wrapped("tighten the flange bolt", 12, 2), ["tighten the", "  flange", "  bolt"]);
    }

    #[test]
    fn a_word_longer_than_the_line_is_broken_inside() {
        assert_eq!(wrapped("ab cdefghij", 4, 0), ["ab", "cdef", "ghij"]);
    }

    #[test]
    fn chinese_breaks_between_characters_but_not_before_a_full_stop() {
        assert_eq!(wrapped("拧紧法兰螺栓。", 12, 0), ["拧紧法兰螺", "栓。"]);
    }

    #[test]
    fn an_empty_text_is_one_empty_line() {
        assert_eq!(wrapped("", 10, 0), [""]);
    }

    #[test]
    fn what_could_steer_the_terminal_is_taken_out() {
        assert_eq!(clean("21\u{202e}0 N\u{1b}[2Jm\nnext"), "210 N[2Jm next");
    }

    #[test]
    fn cutting_never_splits_a_wide_character() {
        assert_eq!(fit("螺栓扭矩", 6), "螺栓…");
        assert_eq!(tail("螺栓扭矩", 5), "扭矩");
        assert_eq!(tail("torque", 3), "que");
    }

    #[test]
    fn times_read_as_a_person_says_them() {
        assert_eq!(time(84.4), "84 ms");
        assert_eq!(time(1240.0), "1.24 s");
        assert_eq!(time(f64::NAN), "–");
    }
}
