//! Holds a delivered answer against the index, by rules of its own: the guard is what is on
//! trial here.

use std::sync::LazyLock;

use regex::Regex;

use crate::core::answer::AnswerKind;
use crate::core::answer::source::phrase;
use crate::core::knowledge::passage::Passage;
use crate::operations::eval::retrieval::set::Question;
use crate::operations::eval::retrieval::shelf::Shelf;
use crate::operations::eval::score::holds;
use crate::operations::node::protocol::TurnReport;

/// What was found about an answer.
#[derive(Debug, Default)]
pub(super) struct Checked {
    /// Words of the gold answer that it lacks.
    pub missing: Vec<String>,
    /// Numbers with their units, and codes, that none of the sentence's citations holds.
    pub unsupported: Vec<String>,
    /// Warnings over a cited passage that were not delivered.
    pub missing_warnings: usize,
    /// Words that are said, warnings apart.
    pub words: usize,
}

/// Checks `report`, the answer to `question` from `shelf`.
pub(super) fn check(report: &TurnReport, question: &Question, shelf: &Shelf<'_>) -> Checked {
    let said: Vec<&str> = report.sentences.iter().map(|s| s.text.as_str()).collect();
    let mut checked = Checked {
        missing: question.must_contain.iter().filter(|k| !holds(&report.text, k)).cloned().collect(),
        words: said.iter().flat_map(|t| t.split_whitespace()).count(),
        ..Checked::default()
    };
    if report.kind != AnswerKind::Answer {
        return checked;
    }
    let passages: Vec<Vec<Passage>> =
        report.citations.iter().map(|c| shelf.at(&c.document, c.start, c.end)).collect();
    for sentence in &report.sentences {
        let cited: Vec<&Passage> =
            sentence.citations.iter().filter_map(|n| passages.get(n.checked_sub(1)?)).flatten().collect();
        let text: String = cited.iter().map(|p| rendered(p)).collect();
        checked.unsupported.extend(figures(&sentence.text).into_iter().filter(|f| !has(&text, f)));
    }
    let governing = passages.iter().flatten().flat_map(|p| &p.warnings);
    let mut missing: Vec<String> = governing
        .map(|w| squeezed(&w.text))
        .filter(|w| !report.warnings.iter().any(|said| squeezed(&said.text) == *w))
        .collect();
    missing.sort();
    missing.dedup();
    checked.missing_warnings = missing.len();
    checked
}

/// All that a passage says, with its headings, and its cells under their headers and in a row:
/// a figure's unit may stand in the next column.
fn rendered(passage: &Passage) -> String {
    let cells: String = passage.fields.iter().map(|f| format!("{} {}\n", phrase(f), f.value)).collect();
    let row: Vec<&str> = passage.fields.iter().map(|f| f.value.as_str()).collect();
    let about = format!("{} {} {}", passage.title, passage.machine, passage.model);
    format!(
        "{about}\n{}\n{}\n{}\n{cells}\n{}\n",
        row.join(" "),
        passage.section.join("\n"),
        passage.text,
        passage.codes.join(" ")
    )
}

/// Numbers with what follows them where that is a unit, and words of letters and digits.
fn figures(text: &str) -> Vec<String> {
    static FIGURE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(concat!(
            r"[A-Za-z$][A-Za-z]{0,7}[-:]?\d[\w.:-]*\w|[A-Za-z]\d\b",
            r"|\d+(?:[.,]\d+)*(?:\s?(?:Nm|bar|mbar|kPa|MPa|psi|mm|cm|m|µm|km/h|m/s|l/min|l|ml|kg|g|t|kW|W|V|mV|kV|mA|A|Hz|kHz|rpm|min-1|1/min|°C|°F|K|%|h|hours?|min|minutes?|s|seconds?|ms|dB|Ω|kΩ|MΩ)\b)?",
        ))
        .ok()
    });
    let Some(figure) = FIGURE.as_ref() else { return Vec::new() };
    figure.find_iter(text).map(|m| m.as_str().trim().to_owned()).collect()
}

/// Does `text` hold `figure`, whatever the look of its marks, with or without blanks in it?
fn has(text: &str, figure: &str) -> bool {
    let plain = |t: &str| {
        let t = t
            .replace(['−', '–', '‑'], "-")
            .replace(['\u{a0}', '\u{202f}', '\n'], " ")
            .replace(['*', '`'], "");
        t.to_lowercase()
    };
    let close = |t: &str| t.replace(' ', "");
    let (text, figure) = (plain(text), plain(figure));
    stands(&text, &figure) || stands(&close(&text), &close(&figure))
}

/// Does `figure` stand in `text` and not within a longer number?
fn stands(text: &str, figure: &str) -> bool {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let (starts, ends) = (digit(figure.chars().next()), digit(figure.chars().next_back()));
    text.match_indices(figure).any(|(at, found)| {
        let before = text.get(..at).and_then(|t| t.chars().next_back());
        let after = text.get(at + found.len()..).and_then(|t| t.chars().next());
        let within = (starts && digit(before)) || (ends && digit(after));
        !within
    })
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_found_and_looked_up() {
        assert_eq!(figures("E203: torque 195 ± 5 Nm at -20 °C, V1."), ["E203", "195", "5 Nm", "20 °C", "V1"]);
        let text = "Torque (Nm): 195 ± 5 Nm. At −20 °C. E203";
        assert!(figures("E203: 195 ± 5 Nm at 20 °C").iter().all(|f| has(text, f)));
        assert!(has("SL1 10121, M1 29121", "M1") && !has("M12", "M1"));
        assert!(!has(text, "95") && !has(text, "19") && !has(text, "195 bar"));
    }
}
