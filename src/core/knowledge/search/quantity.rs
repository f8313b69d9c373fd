//! Does a question ask for a figure, and does a passage hold one?
//!
//! "How much oil does the gearbox take" is about the row "Oil quantity | 2.6 l", not about
//! the step that says "let the oil run out", though the step has more of the words.

use crate::core::knowledge::code::is_unit;
use crate::core::knowledge::passage::{Passage, Shape};

/// "How much", "how often", … and things that have a value.
pub(super) fn is_asked(question: &str) -> bool {
    const HOW: &[&str] = &[
        "much", "many", "often", "long", "deep", "high", "low", "far", "thin", "thick", "wide", "hot",
        "cold", "fast", "heavy", "large", "tight", "old",
    ];
    const VALUES: &[&str] = &[
        "torque",
        "pressure",
        "setting",
        "temperature",
        "clearance",
        "interval",
        "voltage",
        "current",
        "speed",
        "capacity",
        "quantity",
        "volume",
        "limit",
        "gap",
        "tension",
        "weight",
        "mass",
        "length",
        "thickness",
        "concentration",
        "hours",
        "power",
        "frequency",
        "depth",
        "width",
        "diameter",
        "backlash",
        "resistance",
        "charge",
    ];
    let words: Vec<String> = question
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .map(str::to_lowercase)
        .collect();
    let how = words
        .windows(2)
        .any(|w| matches!(w, [how, adjective] if how == "how" && HOW.contains(&adjective.as_str())));
    let asks = words.iter().any(|w| matches!(w.as_str(), "what" | "which" | "how"));
    how || (asks && words.iter().any(|w| VALUES.contains(&w.as_str())))
}

/// Does a passage hold a number with a unit, or a row a figure beside its name?
pub(super) fn is_held(passage: &Passage) -> bool {
    let digit = |text: &str| text.contains(|c: char| c.is_ascii_digit());
    match passage.shape {
        Shape::Row => passage.fields.iter().skip(1).any(|f| digit(&f.value)),
        Shape::Prose | Shape::Step => has_quantity(&passage.text),
    }
}

fn has_quantity(text: &str) -> bool {
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric() && !"%°µ".contains(c));
        let rest = word.trim_start_matches(|c: char| c.is_ascii_digit() || ".,-–".contains(c));
        if rest.len() == word.len() || !word.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        let sign = |w: &str| {
            is_unit(w.trim_end_matches(|c: char| !c.is_alphanumeric())) || w.starts_with(['%', '°', 'µ'])
        };
        let unit = if rest.is_empty() { words.peek().copied().unwrap_or_default() } else { rest };
        if sign(unit) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_for_a_figure_are_told_from_others() {
        for question in [
            "How much oil?",
            "how often is it greased",
            "What torque for M16?",
            "what is the relief valve setting",
        ] {
            assert!(is_asked(question), "{question}");
        }
        for question in ["What does E203 mean?", "How do I change the belt?", "can I weld the frame", ""] {
            assert!(!is_asked(question), "{question}");
        }
    }

    #[test]
    fn figures_are_found_with_their_units() {
        for text in [
            "Fill 2.6 l of oil.",
            "between 4 and 6 bar",
            "cool to below 50 °C",
            "45Nm",
            "about 30 %",
            "every 500 hours.",
        ] {
            assert!(has_quantity(text), "{text}");
        }
        for text in ["3. Turn the screw.", "see chapter 4", "E203", "valve V1"] {
            assert!(!has_quantity(text), "{text}");
        }
    }
}
