//! Numbers as a sheet shows them: "45.0 bar", "12 %", "2026-01-02".

use calamine::DataRef;

/// What a cell shows, given its format code.
pub(super) fn shown(value: &DataRef<'_>, format: &str) -> String {
    match value {
        DataRef::Empty => String::new(),
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(n) => number(*n as f64, format),
        DataRef::Float(n) => number(*n, format),
        DataRef::Bool(b) => if *b { "TRUE" } else { "FALSE" }.to_owned(),
        DataRef::DateTime(at) if at.is_duration() => duration(at.as_f64()),
        DataRef::DateTime(at) => {
            let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
            let date = format!("{year:04}-{month:02}-{day:02}");
            let time = format!("{hour:02}:{minute:02}:{second:02}");
            match (at.as_f64() < 1.0, (hour, minute, second) == (0, 0, 0)) {
                (true, _) => time,
                (_, true) => date,
                _ => format!("{date} {time}"),
            }
        }
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        // "#DIV/0!" says nothing about the machine.
        DataRef::Error(_) => String::new(),
    }
}

/// Hours, minutes and seconds of a time in days.
fn duration(days: f64) -> String {
    let seconds = (days * 86_400.0).round().clamp(0.0, 1e12) as u64;
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// A number by its format code: digits after the point, percent, words around it.
fn number(value: f64, format: &str) -> String {
    let section = sections(format, value);
    let Some(layout) = layout(&section) else { return plain(value) };
    let value = if layout.percent { value * 100.0 } else { value };
    let digits = match layout.decimals {
        Some(decimals) => format!("{value:.decimals$}"),
        None => plain(value),
    };
    let percent = if layout.percent { "%" } else { "" };
    // "0.0" over a number that rounds to "-0.0" shows "0.0".
    let digits =
        if digits.trim_matches(['-', '0', '.']).is_empty() { digits.replace('-', "") } else { digits };
    format!("{}{digits}{percent}{}", layout.before, layout.after)
}

/// A number without the noise of binary fractions.
fn plain(value: f64) -> String {
    if value == value.trunc() && value.abs() < 1e15 {
        return format!("{value:.0}");
    }
    let rounded: f64 = format!("{value:.12e}").parse().unwrap_or(value);
    format!("{rounded}")
}

/// The section of a format code that is for this number: positive; negative; zero.
fn sections(format: &str, value: f64) -> String {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for c in format.chars() {
        match c {
            '"' => quoted = !quoted,
            ';' if !quoted => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    // A negative number keeps its sign in ours, whatever the section does with it.
    let wanted = if value == 0.0 && parts.len() >= 3 { 2 } else { 0 };
    parts.swap_remove(wanted.min(parts.len() - 1))
}

/// What a format code says.
#[derive(Debug, Default)]
struct Layout {
    before: String,
    after: String,
    percent: bool,
    /// Digits after the point; as many as there are where it does not say.
    decimals: Option<usize>,
}

/// Reads a format code of plain digits; `None` for fractions, powers and text.
fn layout(section: &str) -> Option<Layout> {
    let mut out = Layout::default();
    let mut seen_digits = false;
    let mut after_point = false;
    let mut decimals = 0;
    let mut optional = false;
    let mut chars = section.chars();
    while let Some(c) = chars.next() {
        let literal = match c {
            '"' => chars.by_ref().take_while(|q| *q != '"').collect::<String>(),
            '\\' | '_' | '*' => {
                let next = chars.next()?;
                if c == '\\' { next.to_string() } else { String::new() }
            }
            '[' => {
                let inside: String = chars.by_ref().take_while(|q| *q != ']').collect();
                // `[$€-407]` is a currency; `[Red]`, `[>5]` are conditions.
                match inside.strip_prefix('$') {
                    Some(currency) => currency.split('-').next().unwrap_or_default().to_owned(),
                    None => String::new(),
                }
            }
            '0' | '#' | '?' => {
                seen_digits = true;
                if after_point {
                    decimals += 1;
                    optional |= c != '0';
                }
                continue;
            }
            '.' => {
                after_point = true;
                continue;
            }
            '%' => {
                out.percent = true;
                continue;
            }
            ',' | '(' | ')' => continue,
            '/' | 'E' | '@' | 'G' | 'e' => return None,
            other => other.to_string(),
        };
        if seen_digits { out.after.push_str(&literal) } else { out.before.push_str(&literal) }
    }
    if !seen_digits || out.before.len() + out.after.len() > 64 {
        return None;
    }
    out.decimals = (!optional).then_some(decimals.min(12));
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_look_as_in_the_sheet() {
        for (value, format, want) in [
            (45.0, "General", "45"),
            (0.1 + 0.2, "General", "0.3"),
            (45.0, "0.0", "45.0"),
            (0.125, "0.0%", "12.5%"),
            (0.6, "0%", "60%"),
            (12.5, "0.0\" bar\"", "12.5 bar"),
            (1234.5, "#,##0.00", "1234.50"),
            (-3.0, "0;[Red]-0", "-3"),
            (5.0, "\"DN \"0", "DN 5"),
            (0.0, "0.0;-0.0;\"-\"", "0"),
            (19.99, "[$€-407] 0.00", "€ 19.99"),
            (1e-7, "0.00E+00", "0.0000001"),
        ] {
            assert_eq!(number(value, format), want, "{value} {format}");
        }
        assert_eq!(duration(1.5), "36:00:00");
    }
}
