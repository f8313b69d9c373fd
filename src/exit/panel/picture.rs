//! A frame as an SVG picture, for documents. The same frame gives the same bytes.
//!
//! Block elements are drawn as rectangles, because fonts leave gaps between them; text is
//! pinned to the grid by `textLength`, so that any monospaced font keeps the columns.

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

/// Width of a cell in pixels.
const WIDE: f64 = 9.0;
/// Height of a cell in pixels.
const HIGH: f64 = 20.0;
/// Pixels around the frame.
const MARGIN: f64 = 10.0;
const FONT: &str = "DejaVu Sans Mono, Menlo, Consolas, Noto Sans Mono CJK SC, monospace";
/// What "the terminal's own colours" are in the picture.
const INK: &str = "#e4e4e4";
const GROUND: &str = "#000000";

/// The frame as an SVG document.
pub fn svg(buffer: &Buffer) -> String {
    let area = buffer.area();
    let (width, height) =
        (f64::from(area.width) * WIDE + 2.0 * MARGIN, f64::from(area.height) * HIGH + 2.0 * MARGIN);
    let mut out = String::new();
    let _ = writeln!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-family="{FONT}" font-size="15" shape-rendering="crispEdges" xml:space="preserve">"#
    );
    let _ = writeln!(out, r#"<rect width="{width}" height="{height}" rx="6" fill="{GROUND}"/>"#);
    for y in area.top()..area.bottom() {
        row(&mut out, buffer, y);
    }
    out.push_str("</svg>\n");
    out
}

/// Cells of one look that stand side by side.
struct Run {
    column: usize,
    cells: usize,
    text: String,
    ink: String,
    ground: String,
    modifier: Modifier,
    wide: bool,
}

fn row(out: &mut String, buffer: &Buffer, y: u16) {
    let area = buffer.area();
    let top = MARGIN + f64::from(y - area.top()) * HIGH;
    let runs = runs(buffer, y);
    for run in &runs {
        if run.ground != GROUND {
            rect(out, x(run.column), top, run.cells as f64 * WIDE, HIGH, &run.ground, 1.0);
        }
    }
    for run in &runs {
        let blocks = blocks(&run.text);
        if blocks.is_empty() && !run.text.trim().is_empty() {
            words(out, run, top);
        }
        for block in blocks {
            // Blocks as wide as a cell join into one rectangle, without seams.
            let (count, width) =
                if block.width < 1.0 { (run.cells, block.width) } else { (1, run.cells as f64) };
            for cell in 0..count {
                let (left, top) = (x(run.column + cell) + block.left * WIDE, top + block.top * HIGH);
                rect(out, left, top, width * WIDE, block.height * HIGH, &run.ink, block.opacity);
            }
        }
    }
}

fn x(column: usize) -> f64 {
    MARGIN + column as f64 * WIDE
}

fn runs(buffer: &Buffer, y: u16) -> Vec<Run> {
    let area = buffer.area();
    let mut runs: Vec<Run> = Vec::new();
    let mut column = 0;
    while column < usize::from(area.width) {
        let Some(cell) = buffer.cell((area.left() + column as u16, y)) else { break };
        let symbol = cell.symbol();
        let cells = symbol.width().max(1);
        let (ink, ground) = colours(cell);
        let blocky = !blocks(symbol).is_empty();
        match runs.last_mut() {
            Some(run)
                if run.ink == ink
                    && run.ground == ground
                    && run.modifier == cell.modifier
                    // A wide character stands alone: fonts disagree about its width.
                    && !run.wide
                    && cells == 1
                    // A run of blocks is one sign repeated; other signs never join it.
                    && (if blocky { run.text == symbol } else { blocks(&run.text).is_empty() }) =>
            {
                run.cells += cells;
                if !blocky {
                    run.text.push_str(symbol);
                }
            }
            _ => runs.push(Run {
                column,
                cells,
                text: symbol.to_string(),
                ink,
                ground,
                modifier: cell.modifier,
                wide: cells > 1,
            }),
        }
        column += cells;
    }
    runs
}

fn colours(cell: &Cell) -> (String, String) {
    let (ink, ground) = (hex(cell.fg, INK), hex(cell.bg, GROUND));
    if cell.modifier.contains(Modifier::REVERSED) { (ground, ink) } else { (ink, ground) }
}

fn words(out: &mut String, run: &Run, top: f64) {
    // Spaces at the ends need no glyphs and some renderers swallow them.
    let lead = run.text.len() - run.text.trim_start().len();
    let text = run.text.trim();
    let column = run.column + lead;
    let length = text.width() as f64 * WIDE;
    let mut style = String::new();
    for (modifier, attribute) in [
        (Modifier::BOLD, r#" font-weight="bold""#),
        (Modifier::ITALIC, r#" font-style="italic""#),
        (Modifier::UNDERLINED, r#" text-decoration="underline""#),
        (Modifier::DIM, r#" opacity="0.6""#),
    ] {
        if run.modifier.contains(modifier) {
            style.push_str(attribute);
        }
    }
    let _ = writeln!(
        out,
        r#"<text x="{}" y="{}" textLength="{length}" lengthAdjust="spacingAndGlyphs" fill="{}"{style}>{}</text>"#,
        x(column),
        top + HIGH * 0.74,
        run.ink,
        escaped(text),
    );
}

fn rect(out: &mut String, left: f64, top: f64, width: f64, height: f64, fill: &str, opacity: f64) {
    let shade = if opacity < 1.0 { format!(r#" opacity="{opacity}""#) } else { String::new() };
    let _ = writeln!(
        out,
        r#"<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="{fill}"{shade}/>"#
    );
}

/// A rectangle in parts of a cell.
struct Block {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
    opacity: f64,
}

/// A block element or a stroke as rectangles; none where the symbol is a letter.
fn blocks(symbol: &str) -> Vec<Block> {
    let solid = |left, top, width, height| Block { left, top, width, height, opacity: 1.0 };
    let eighths = |n: f64| vec![solid(0.0, 0.0, n / 8.0, 1.0)];
    // Strokes one and a half pixels strong, meeting in the middle of the cell.
    let left = || solid(0.0, 0.46, 0.58, 0.08);
    let right = || solid(0.42, 0.46, 0.58, 0.08);
    let up = || solid(0.42, 0.0, 0.16, 0.54);
    let down = || solid(0.42, 0.46, 0.16, 0.54);
    match symbol {
        "█" => eighths(8.0),
        "▉" => eighths(7.0),
        "▊" => eighths(6.0),
        "▋" => eighths(5.0),
        "▌" => eighths(4.0),
        "▍" => eighths(3.0),
        "▎" => eighths(2.0),
        "▏" => eighths(1.0),
        "▀" => vec![solid(0.0, 0.0, 1.0, 0.5)],
        "▄" => vec![solid(0.0, 0.5, 1.0, 0.5)],
        "▒" => vec![Block { opacity: 0.5, ..solid(0.0, 0.0, 1.0, 1.0) }],
        "│" => vec![solid(0.42, 0.0, 0.16, 1.0)],
        "─" => vec![solid(0.0, 0.46, 1.0, 0.08)],
        "┌" => vec![right(), down()],
        "┐" => vec![left(), down()],
        "└" => vec![right(), up()],
        "┘" => vec![left(), up()],
        _ => vec![],
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

/// A colour by the xterm 256-colour table.
fn hex(color: Color, otherwise: &str) -> String {
    const LOW: [&str; 16] = [
        "#000000", "#cd0000", "#00cd00", "#cdcd00", "#0000ee", "#cd00cd", "#00cdcd", "#e5e5e5", "#7f7f7f",
        "#ff0000", "#00ff00", "#ffff00", "#5c5cff", "#ff00ff", "#00ffff", "#ffffff",
    ];
    match color {
        Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        Color::Indexed(i @ 0..16) => LOW[usize::from(i)].to_string(),
        Color::Indexed(i @ 16..232) => {
            let level = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
            let i = i - 16;
            format!("#{:02x}{:02x}{:02x}", level(i / 36), level(i / 6 % 6), level(i % 6))
        }
        Color::Indexed(i) => format!("#{0:02x}{0:02x}{0:02x}", 8 + 10 * (i - 232)),
        _ => otherwise.to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    #[test]
    fn text_is_escaped_pinned_to_its_column_and_coloured() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 8, 1));
        buffer.set_string(2, 0, "<E7>", Style::new().fg(Color::Indexed(208)));
        let svg = svg(&buffer);
        assert!(svg.contains(r##"<text x="28" y="24.8" textLength="36""##), "{svg}");
        assert!(svg.contains(r##"fill="#ff8700">&lt;E7&gt;</text>"##), "{svg}");
    }

    #[test]
    fn a_wide_character_takes_two_columns() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 8, 1));
        buffer.set_string(0, 0, "扭矩", Style::new());
        let svg = svg(&buffer);
        assert!(svg.contains(r#"<text x="10""#) && svg.contains(r#"<text x="28""#), "{svg}");
        assert_eq!(svg.matches(r#"textLength="18""#).count(), 2);
    }

    #[test]
    fn the_colour_table_is_xterms() {
        assert_eq!(hex(Color::Indexed(160), ""), "#d70000");
        assert_eq!(hex(Color::Indexed(16), ""), "#000000");
        assert_eq!(hex(Color::Indexed(255), ""), "#eeeeee");
        assert_eq!(hex(Color::Indexed(231), ""), "#ffffff");
    }

    #[test]
    fn reversed_cells_swap_their_colours() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 3, 1));
        buffer.set_string(0, 0, "abc", Style::new().add_modifier(Modifier::REVERSED));
        assert!(svg(&buffer).contains(r##"fill="#e4e4e4"/>"##));
    }
}
