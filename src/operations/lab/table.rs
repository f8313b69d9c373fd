//! The lab's rows for people.

use std::fmt::Write as _;

use super::row::{Row, Spread};

const HEAD: [&str; 13] = [
    "engine",
    "mode",
    "trace",
    "devices",
    "asked",
    "refused",
    "missed",
    "read t/s",
    "write t/s",
    "wait ms",
    "1st token ms",
    "1st sentence ms",
    "total ms",
];

/// All rows, a table for each section, its figures and bars under it. Times are p50/p95/p99.
pub fn text(rows: &[Row]) -> String {
    let mut text = String::new();
    let mut sections: Vec<&str> = rows.iter().map(|r| r.section).collect();
    sections.dedup();
    for section in sections {
        let these: Vec<&Row> = rows.iter().filter(|r| r.section == section).collect();
        let _ = writeln!(text, "\n{section}");
        let mut cells: Vec<Vec<String>> = vec![HEAD.iter().map(|h| (*h).to_owned()).collect()];
        cells.extend(these.iter().map(|r| line(r)));
        columns(&mut text, &cells);
        for row in &these {
            for (name, value) in &row.figures {
                let _ = writeln!(text, "  {name:<44} {:>10}{}", number(*value), beside(row));
            }
        }
        for bar in these.iter().flat_map(|r| &r.bars) {
            let word = if bar.holds { "holds" } else { "FAILS" };
            let value = bar.value.map_or_else(|| "not measured".to_owned(), number);
            let _ = writeln!(text, "  {word:<5} {} {} ({value})", bar.name, bar.want);
        }
    }
    text
}

fn beside(row: &Row) -> String {
    if row.engine == super::peer::NAME { format!("  {}", row.engine) } else { String::new() }
}

fn line(row: &Row) -> Vec<String> {
    let speed = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |v| format!("{v:.1}"));
    vec![
        row.engine.clone(),
        row.mode.clone(),
        row.trace.clone(),
        row.devices.to_string(),
        row.requests.to_string(),
        row.refused.to_string(),
        row.deadline_misses.to_string(),
        speed(row.prefill_tps),
        speed(row.decode_tps),
        spread(row.wait_ms),
        spread(row.first_token_ms),
        spread(row.first_sentence_ms),
        spread(row.total_ms),
    ]
}

fn spread(s: Spread) -> String {
    let at = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |v| format!("{v:.0}"));
    if s.p50.is_none() { "–".to_owned() } else { format!("{}/{}/{}", at(s.p50), at(s.p95), at(s.p99)) }
}

/// Whole numbers as such, others with three digits that count.
pub fn number(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e12 {
        format!("{value:.0}")
    } else if value.abs() >= 100.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.3}")
    }
}

/// Left-aligned words, right-aligned numbers; every column as wide as its widest cell.
fn columns(text: &mut String, cells: &[Vec<String>]) {
    const WORDS: usize = 3;
    let width = |column: usize| cells.iter().filter_map(|r| r.get(column)).map(|c| c.chars().count()).max();
    let widths: Vec<usize> = (0..HEAD.len()).map(|c| width(c).unwrap_or(0)).collect();
    for row in cells {
        let mut line = String::from(" ");
        for (n, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let blank = " ".repeat(width.saturating_sub(cell.chars().count()));
            let _ = if n < WORDS { write!(line, " {cell}{blank} ") } else { write!(line, " {blank}{cell} ") };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::eval::report::Bar;

    #[test]
    fn a_table_says_what_was_not_measured_and_what_fails() {
        let row = Row {
            engine: "millwright".into(),
            mode: "single".into(),
            trace: "samples".into(),
            section: "modes",
            requests: 6,
            total_ms: Spread { p50: Some(12.4), p95: Some(30.0), p99: None },
            figures: [("lab.x".to_owned(), 0.25)].into(),
            bars: vec![Bar { name: "lab.y".into(), value: None, want: ">= 1".into(), holds: false }],
            ..Row::default()
        };
        let text = text(&[row]);
        assert!(text.contains("12/30/–") && text.contains("FAILS lab.y >= 1 (not measured)"), "{text}");
        let lines: Vec<&str> = text.lines().collect();
        let columns = |line: &str| line.split("  ").filter(|c| !c.trim().is_empty()).count();
        assert_eq!(columns(lines[2]), HEAD.len(), "{}", lines[2]);
        assert_eq!(columns(lines[3]), HEAD.len(), "{}", lines[3]);
    }
}
