//! A passage as the guard and the quoter read it: its sentences, each with its span.

use super::quantity::unit;
use super::sentence;
use super::words::plain;
use crate::core::knowledge::passage::{Field, Passage, Shape, Span};

/// One sentence of a passage, or a whole row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// What it says, on one line and without Markdown's marks.
    pub text: String,
    /// Where it stands in the stored text.
    pub span: Span,
}

/// A passage cut into sentences. A row of a table is one segment, its cells named by their
/// headers, because a cell means nothing without the others.
#[derive(Debug, Clone)]
pub struct Source<'p> {
    /// The passage.
    pub passage: &'p Passage,
    /// Its sentences in order.
    pub segments: Vec<Segment>,
}

impl<'p> Source<'p> {
    /// Cuts `passage`.
    pub fn of(passage: &'p Passage) -> Self {
        let segments = if passage.shape == Shape::Row && !passage.fields.is_empty() {
            vec![Segment { text: row(passage.fields.iter()), span: passage.span }]
        } else {
            sentences(&passage.text, passage.span.start)
        };
        Source { passage, segments }
    }

    /// All of it as one text.
    pub fn text(&self) -> String {
        self.segments.iter().map(|s| s.text.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// Title, machine and headings: what the passage is about without saying it.
    pub fn context(&self) -> String {
        let p = self.passage;
        format!("{} {} {} {}", p.title, p.machine, p.model, p.section.join(" "))
    }
}

/// The sentences of `text` that begins at byte `at` of the stored text.
pub fn sentences(text: &str, at: usize) -> Vec<Segment> {
    sentence::split(text)
        .into_iter()
        .filter_map(|s| {
            let words = plain(s.of(text)?);
            let span = Span { start: at + s.start, end: at + s.end };
            words.chars().any(char::is_alphanumeric).then_some(Segment { text: words, span })
        })
        .collect()
}

/// The cells as sentences: "Cause: filter blocked. Torque: 195 Nm."
pub fn row<'f>(fields: impl Iterator<Item = &'f Field>) -> String {
    fields.map(phrase).filter(|p| !p.is_empty()).map(|p| stopped(&p)).collect::<Vec<_>>().join(" ")
}

/// One cell under its header: "Torque: 195 Nm", also where the unit stands in the header
/// ("Torque (Nm)" over "195"). Empty where the cell is.
pub fn phrase(field: &Field) -> String {
    let value = plain(&field.value);
    if !value.chars().any(char::is_alphanumeric) {
        return String::new();
    }
    let name = plain(&field.name);
    if name.is_empty() {
        return value;
    }
    match split_unit(&name) {
        Some((head, symbol)) if bare_number(&value) => format!("{head}: {value} {symbol}"),
        _ => format!("{name}: {value}"),
    }
}

/// The cell without its header, with the header's unit where the cell is a bare number.
pub fn value(field: &Field) -> String {
    let value = plain(&field.value);
    let name = plain(&field.name);
    match split_unit(&name) {
        Some((_, symbol)) if bare_number(&value) => format!("{value} {symbol}"),
        _ => value,
    }
}

/// `text` closed by a full stop, where nothing closes it yet.
pub fn stopped(text: &str) -> String {
    if text.ends_with(['.', '!', '?', '。', ':', ';']) { text.to_owned() } else { format!("{text}.") }
}

/// "Torque (Nm)", "Torque [Nm]", "Torque, Nm", "Torque in Nm": name and unit as written.
fn split_unit(name: &str) -> Option<(&str, &str)> {
    let (head, tail) = [('(', ')'), ('[', ']')]
        .iter()
        .find_map(|&(open, close)| {
            let inner = name.strip_suffix(close)?;
            inner.rsplit_once(open)
        })
        .or_else(|| name.rsplit_once(", "))
        .or_else(|| name.rsplit_once(" in "))?;
    unit::whole(tail)?;
    Some((head.trim_end(), tail.trim()))
}

/// Only digits and what joins them in a range or tolerance?
fn bare_number(value: &str) -> bool {
    value.chars().any(|c| c.is_ascii_digit())
        && value.chars().all(|c| c.is_ascii_digit() || " .,±+-−–…/<>≤≥".contains(c))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::core::knowledge::passage::{Signal, Warning};

    /// A stored text with one passage over all of it.
    pub fn prose(text: &str) -> Passage {
        Passage {
            kb: "plant".into(),
            document: "pump-jack.md".into(),
            title: "Pump jack service manual".into(),
            revision: "B".into(),
            machine: "Pump jack".into(),
            model: "PJ-40".into(),
            language: "en".into(),
            section: vec!["Maintenance".into(), "Gear reducer".into()],
            page: Some(3),
            span: Span { start: 0, end: text.len() },
            text: text.into(),
            shape: Shape::Prose,
            fields: Vec::new(),
            codes: Vec::new(),
            own: 0,
            warnings: Vec::new(),
            page_label: None,
            figures: Vec::new(),
            ocr: false,
            orders: None,
        }
    }

    /// A table's row; the stored text is the row in Markdown.
    pub fn record(cells: &[(&str, &str)]) -> Passage {
        let mut text = String::from("|");
        let mut fields = Vec::new();
        for (name, value) in cells {
            text.push(' ');
            let start = text.len();
            text.push_str(value);
            fields.push(Field {
                name: (*name).into(),
                value: (*value).into(),
                span: Span { start, end: text.len() },
                role: None,
            });
            text.push_str(" |");
        }
        let mut passage = prose(&text);
        passage.shape = Shape::Row;
        passage.fields = fields;
        passage.section = vec!["Tables".into(), "Torque table".into()];
        passage
    }

    /// The fault table's row of `code`.
    pub fn fault(code: &str, meaning: &str, cause: &str, remedy: &str) -> Passage {
        let mut passage =
            record(&[("Code", code), ("Meaning", meaning), ("Cause", cause), ("Remedy", remedy)]);
        passage.codes = vec![code.into()];
        passage.own = passage.codes.len();
        passage.section = vec!["Fault table".into()];
        passage
    }

    /// A warning block.
    pub fn warning(signal: Signal, text: &str, at: usize, lockout: bool) -> Warning {
        Warning { signal, text: text.into(), span: Span { start: at, end: at + text.len() }, lockout }
    }

    #[test]
    fn a_unit_in_the_header_goes_with_the_bare_number() {
        let passage = record(&[
            ("Joint", "Flange bolt"),
            ("Torque (Nm)", "195 ± 5"),
            ("Gap, mm", "0.2-0.4"),
            ("Note (if any)", "dry"),
        ]);
        assert_eq!(
            Source::of(&passage).text(),
            "Joint: Flange bolt. Torque: 195 ± 5 Nm. Gap: 0.2-0.4 mm. Note (if any): dry."
        );
    }

    #[test]
    fn a_cell_that_names_its_own_unit_keeps_the_header() {
        let passage = record(&[("Torque (Nm)", "195 Nm"), ("Empty", "–")]);
        assert_eq!(Source::of(&passage).text(), "Torque (Nm): 195 Nm.");
    }

    #[test]
    fn a_sentence_knows_its_bytes() {
        let passage = prose("Close **V1**. Then\nbleed the line.");
        let source = Source::of(&passage);
        assert_eq!(source.segments[0].text, "Close V1.");
        assert_eq!(source.segments[1].text, "Then bleed the line.");
        assert_eq!(source.segments[1].span.of(&passage.text), Some("Then\nbleed the line."));
    }
}
