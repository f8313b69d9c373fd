//! A manual's own signal words: those that it defines itself, in a safety chapter.
//!
//! "HAZARD indicates a situation which, if not avoided, will result in death" makes HAZARD a
//! word for danger in that manual. How grave it is comes from the definition, by the criteria
//! of ANSI Z535.6 and ISO 3864-2: *will* kill or maim, *could* kill or maim, could injure
//! lightly, damages things. A word whose definition speaks of none of these is a note's.

use std::sync::LazyLock;

use regex::Regex;

use super::signal;
use super::{Block, BlockKind, Cell};
use crate::core::knowledge::passage::Signal;

/// Words that one manual may define; more are a glossary.
const MOST: usize = 8;

/// The signal words of one document beside those of the standards.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Legend {
    words: Vec<(String, Signal)>,
}

impl Legend {
    /// Reads the definitions in a document's paragraphs, items and tables.
    pub(super) fn of(blocks: &[Block]) -> Legend {
        let mut legend = Legend::default();
        for block in blocks {
            match &block.kind {
                BlockKind::Table { rows, .. } => {
                    // A table of faults has capitals and damage in it too.
                    let standard = |c: &Cell| signal::is_standard(bare(&c.text));
                    if !rows.iter().any(|r| r.cells.first().is_some_and(standard)) {
                        continue;
                    }
                    for row in rows {
                        let [word, rest @ ..] = row.cells.as_slice() else { continue };
                        let says: Vec<&str> = rest.iter().map(|c| c.text.as_str()).collect();
                        legend.learn(&word.text, &says.join(" "));
                    }
                }
                BlockKind::Paragraph | BlockKind::Item { .. } | BlockKind::Warning { .. } => {
                    if let Some((word, says)) = definition(&block.text).filter(|(_, says)| is_legend(says)) {
                        legend.learn(word, says);
                    }
                }
                BlockKind::Heading { .. } | BlockKind::Code => {}
            }
        }
        legend
    }

    fn learn(&mut self, word: &str, says: &str) {
        let word = bare(word);
        let new = is_capitals(word)
            && !signal::is_standard(word)
            && !self.words.iter().any(|(w, _)| w == word)
            && self.words.len() < MOST;
        if let (true, Some(signal)) = (new, gravity(says)) {
            self.words.push((word.to_owned(), signal));
        }
    }

    /// Does `text` start with one of the manual's own words, set apart by what follows?
    pub(super) fn leading(&self, text: &str) -> Option<Signal> {
        let text = text.trim_start_matches(|c: char| !c.is_alphanumeric());
        self.words.iter().find_map(|(word, signal)| {
            let rest = text.strip_prefix(word.as_str())?;
            if signal::is_definition(rest) {
                return None;
            }
            let marked =
                rest.trim_start().starts_with([':', '：', '!', '！', '—', '–']) || rest.starts_with(" - ");
            // "HAZARD Rotating parts …", but not "HAZARD AREAS" nor "HAZARD zone".
            let mut next = rest.strip_prefix(' ').unwrap_or_default().chars();
            let sentence =
                next.next().is_some_and(char::is_uppercase) && next.next().is_some_and(char::is_lowercase);
            (marked || sentence).then_some(*signal)
        })
    }

    /// Is `text` one of the manual's own words and nothing else?
    pub(super) fn lone(&self, text: &str) -> Option<Signal> {
        let word = bare(text);
        self.words.iter().find(|(w, _)| w == word).map(|(_, signal)| *signal)
    }
}

fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

/// Does a definition speak as a legend of signal words does: of situations, practices and
/// what may come of them? "ERR indicates that the card is damaged" does not.
fn is_legend(says: &str) -> bool {
    static SPEAKS: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(concat!(
            r"(?i)\b(?:situations?|hazard\w*|practices?|precautions?|if (?:it is )?not (?:avoided|followed|observed)|failure to|(?:could|may|might|can|will) (?:result|cause|lead|injure|kill|damage)",
            r"|what (?:could|may|might|can|will)|situaci[oó]n(?:es)?|pr[aá]cticas?|si no se|puede(?:n)? (?:provocar|causar|ocasionar|producir)|gef[aä]hrlich\w*|wenn)\b",
            r"|危险|如不|如果不|可能导致|将导致|会导致",
        ))
        .ok()
    });
    SPEAKS.as_ref().is_some_and(|s| s.is_match(says))
}

/// One or two words in capitals: a signal word is set so that it is seen.
fn is_capitals(word: &str) -> bool {
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    (3..=24).contains(&letters)
        && word.split(' ').count() <= 2
        && word.chars().all(|c| c.is_uppercase() || c == ' ')
}

/// "WORD indicates …": the word, and what is said of it.
fn definition(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches(|c: char| !c.is_alphanumeric());
    let end = text.find(|c: char| !(c.is_uppercase() || c == ' '))?;
    // The verb's own capital, if it has one, is not the word's.
    let word = text.get(..end)?.trim_end();
    let rest = text.get(word.len()..)?;
    signal::is_definition(rest).then_some((word, rest))
}

/// How grave is what a definition speaks of?
fn gravity(says: &str) -> Option<Signal> {
    static PATTERNS: LazyLock<Option<[Regex; 4]>> = LazyLock::new(|| {
        let of = |pattern: &str| Regex::new(&format!("(?i){pattern}")).ok();
        Some([
            of(
                r"\b(?:death|fatal\w*|kill\w*|lethal|serious(?:ly)? (?:personal )?injur\w+|severe(?:ly)? (?:personal )?injur\w+|serious (?:or fatal|bodily)|maim\w*|muerte|mortal\w*|lesi[oó]n(?:es)? graves?|tod|schwer\w* verletz\w+)\b|死亡|重伤|严重(?:的)?(?:人身)?伤害|伤亡",
            )?,
            of(
                r"\b(?:will|immediate(?:ly)?|imminent\w*|provocar[aá]|causar[aá]|resultar[aá]|inminente\w*|unmittelbar\w*)\b|将(?:会)?导致|会导致|必将|立即",
            )?,
            of(r"\b(?:injur\w+|lesi[oó]n(?:es)?|verletz\w+)\b|伤害|受伤|轻伤")?,
            of(
                r"\b(?:damag\w+|destr(?:oy|uct)\w*|da[nñ]os?|da[nñ]ar|loss of data|property|besch[aä]dig\w+|sachsch[aä]d\w+)\b|损坏|损失|设备故障",
            )?,
        ])
    });
    let [grave, certain, light, things] = PATTERNS.as_ref()?;
    // "not related to personal injury" is how the standards word a notice.
    let says = says.to_lowercase();
    let denied = [
        "not related to",
        "no injur",
        "without injur",
        "not involve",
        "no relacionad",
        "不涉及",
        "不会造成人身",
    ];
    if denied.iter().any(|d| says.contains(d)) {
        return Some(Signal::Notice);
    }
    match (grave.is_match(&says), certain.is_match(&says)) {
        (true, true) => Some(Signal::Danger),
        (true, false) => Some(Signal::Warning),
        _ if light.is_match(&says) => Some(Signal::Caution),
        _ => things.is_match(&says).then_some(Signal::Notice),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::knowledge::passage::Span;
    use crate::core::knowledge::read::Row;

    fn block(text: &str) -> Block {
        Block { span: Span { start: 0, end: 0 }, text: text.into(), kind: BlockKind::Paragraph }
    }

    fn legend(texts: &[&str]) -> Legend {
        Legend::of(&texts.iter().map(|t| block(t)).collect::<Vec<_>>())
    }

    #[test]
    fn a_defined_word_is_as_grave_as_its_definition() {
        for (text, word, signal) in [
            (
                "HAZARD indicates a situation that will result in death or serious injury.",
                "HAZARD",
                Signal::Danger,
            ),
            ("ALERT means that serious injury could result.", "ALERT", Signal::Warning),
            ("CARE marks what may cause minor or moderate injury.", "CARE", Signal::Caution),
            ("IMPORTANT identifies practices that can damage the equipment.", "IMPORTANT", Signal::Notice),
            ("IMPORTANT is used for practices not related to personal injury.", "IMPORTANT", Signal::Notice),
            ("RIESGO indica una situación que puede provocar lesiones graves.", "RIESGO", Signal::Warning),
        ] {
            let legend = legend(&[text]);
            assert_eq!(legend.lone(word), Some(signal), "{text}");
            assert_eq!(legend.leading(&format!("{word}: Keep clear.")), Some(signal));
            assert_eq!(legend.leading(text), None, "the definition is no warning");
        }
    }

    #[test]
    fn notes_and_the_standards_own_words_are_not_learned() {
        let legend = legend(&[
            "NOTE indicates useful information.",
            "TIP means a shorter way.",
            "DANGER indicates what will kill.",
            "PLC means programmable logic controller.",
            "Hazard indicates what could kill.",
            "LED OFF indicates that the card is damaged.",
            "ERR means motor damage.",
        ]);
        assert_eq!(legend, Legend::default());
    }

    #[test]
    fn a_table_of_signal_words_is_a_legend_too() {
        let cell = |t: &str| Cell { span: Span { start: 0, end: 0 }, text: t.into() };
        let row = |word: &str, says: &str| Row {
            span: Span { start: 0, end: 0 },
            cells: vec![cell(word), cell(says)],
        };
        let table = |rows| {
            let kind = BlockKind::Table { header: vec![cell("Word"), cell("Meaning")], rows };
            Legend::of(&[Block { kind, ..block("") }])
        };
        let peril = row("PERIL", "Death or severe injury will result");
        let legend = table(vec![peril.clone(), row("WARNING", "Death or severe injury may result")]);
        assert_eq!(legend.leading("PERIL! High voltage."), Some(Signal::Danger));
        assert_eq!(table(vec![peril, row("OVERLOAD", "Damage to the motor")]), Legend::default());
    }

    #[test]
    fn a_word_counts_only_where_it_is_set_apart() {
        let legend = legend(&["HAZARD means that death could result."]);
        for text in
            ["HAZARD: Hot.", "⚠ HAZARD! Hot.", "HAZARD — hot", "HAZARD Rotating parts can catch a sleeve."]
        {
            assert_eq!(legend.leading(text), Some(Signal::Warning), "{text}");
        }
        for text in ["HAZARD AREAS", "HAZARD zone 2", "HAZARDS: many", "Hazard: low", "The HAZARD: x"] {
            assert_eq!(legend.leading(text), None, "{text}");
        }
    }
}
