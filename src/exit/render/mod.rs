//! One answer rendered for its readers, with the same facts in each rendering.
//!
//! [`technician`] writes Markdown with figures and sources, [`spoken`] the sentences in
//! the order in which they are said. [`same_facts`] compares the numbers of a rendering
//! with the answer's own.

use crate::core::answer::quantity::{self, Quantity};
use crate::core::answer::{Answer, AnswerKind, Citation, Number};
use crate::core::knowledge::passage::{Figure, Signal};

/// What a spoken sentence is, so that playback can treat it by kind (a warning is never
/// cut off by a deadline).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpokenKind {
    /// The machine and the thing understood.
    Lead,
    /// A warning, verbatim.
    Warning,
    /// Content.
    Sentence,
    /// A nearest section or possible reading.
    Choice,
}

/// One sentence to be said. Its text is not yet made speakable (units, codes).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    /// What it is.
    pub kind: SpokenKind,
    /// The sentence.
    pub text: String,
}

/// The answer's sentences in the order in which they are said: lead, warnings, content,
/// and the nearest sections of a refusal.
pub fn spoken(answer: &Answer) -> Vec<Spoken> {
    let say = |kind, text: &str| Spoken { kind, text: text.to_owned() };
    let mut out = Vec::new();
    if !answer.lead.is_empty() {
        out.push(say(SpokenKind::Lead, &answer.lead));
    }
    out.extend(answer.warnings.iter().map(|w| say(SpokenKind::Warning, w.words())));
    out.extend(answer.sentences.iter().map(|s| say(SpokenKind::Sentence, &s.text)));
    if answer.kind == AnswerKind::Refusal
        && let Some(nearest) = answer.choices.first()
    {
        out.push(say(SpokenKind::Choice, &format!("The nearest section is {nearest}.")));
    }
    out
}

/// Markdown for a screen or a clipboard: lead, warnings set apart, sentences with the
/// numbers of their citations, choices, sources.
pub fn technician(answer: &Answer) -> String {
    let mut blocks: Vec<String> = Vec::new();
    if !answer.lead.is_empty() {
        blocks.push(format!("**{}**", answer.lead));
    }
    blocks.extend(
        answer
            .warnings
            .iter()
            .map(|w| format!("> {} {} [{}]", symbol(w.signal), one_line(w.words()), w.citation)),
    );
    let sentences: Vec<String> = answer
        .sentences
        .iter()
        .map(|s| s.citations.iter().fold(s.text.clone(), |text, n| format!("{text} [{n}]")))
        .collect();
    if !sentences.is_empty() {
        // Steps and rows are read one to a line, prose runs on.
        let lines = sentences.len() > 3
            || answer.sentences.iter().any(|s| s.text.starts_with(|c: char| c.is_ascii_digit()));
        blocks.push(sentences.join(if lines { "  \n" } else { " " }));
    }
    if !answer.choices.is_empty() {
        let head = if answer.kind == AnswerKind::Refusal { "Nearest sections:" } else { "Choose:" };
        let list: Vec<String> = answer.choices.iter().map(|c| format!("- {c}")).collect();
        blocks.push(format!("{head}\n\n{}", list.join("\n")));
    }
    if !answer.citations.is_empty() {
        let list: Vec<String> =
            answer.citations.iter().enumerate().map(|(i, c)| format!("[{}] {}", i + 1, source(c))).collect();
        blocks.push(format!("Sources:\n\n{}", list.join("  \n")));
    }
    blocks.join("\n\n")
}

/// The sign that sets a warning apart where there is no colour.
fn symbol(signal: Signal) -> &'static str {
    match signal {
        Signal::Danger | Signal::Warning | Signal::Caution => "⚠",
        Signal::Notice => "ℹ",
    }
}

/// "manual.md, revision B, Tables > Torque table, page 3".
fn source(citation: &Citation) -> String {
    let mut parts = vec![citation.document.clone()];
    if !citation.revision.is_empty() {
        parts.push(format!("revision {}", citation.revision));
    }
    if !citation.section.is_empty() {
        parts.push(citation.section.clone());
    }
    if let Some(page) = citation.page_name() {
        parts.push(format!("page {page}"));
    }
    parts.extend(citation.figures.iter().map(figure));
    parts.join(", ")
}

/// "Figure 3 (Belt guard)".
fn figure(figure: &Figure) -> String {
    match (figure.label.as_str(), figure.caption.as_str()) {
        ("", caption) => one_line(caption),
        (label, "") => label.to_owned(),
        (label, caption) => format!("{label} ({})", one_line(caption)),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Do the numbers of a rendering equal the answer's? What differs comes back, one line
/// each: a number of the answer that the rendering lacks, or one that it adds.
///
/// Numbers of the sources' names (revision, page, section) and citation marks may be
/// added; nothing else may.
///
/// # Errors
/// The differences, where there are any.
pub fn same_facts(answer: &Answer, rendered: &str) -> Result<(), Vec<String>> {
    let there = quantity::read(&without_marks(rendered)).quantities;
    let own = quantity::read(&answer.text()).quantities;
    let sources: String = answer
        .citations
        .iter()
        .map(|c| source(c) + ".\n")
        .chain(answer.choices.iter().map(|c| format!("{c}.\n")))
        .collect();
    let about = quantity::read(&sources).quantities;
    let mut differences = Vec::new();
    // What a warning that is said in short leaves out need not be there.
    let left_out = |n: &Number| {
        let mut short = answer.warnings.iter().filter(|w| w.citation == n.citation && w.short.is_some());
        short.any(|w| !quantity::read(w.words()).quantities.iter().any(|q| q.text == n.text))
    };
    for number in answer.numbers.iter().filter(|n| !left_out(n)) {
        let held = there.iter().any(|q| quantity::equal(q.value, number.value) && q.symbol() == number.unit);
        if !held {
            differences.push(format!("missing: {}", number.text));
        }
    }
    for quantity in &there {
        let known = |q: &Quantity| q.same_value(quantity) && q.bound == quantity.bound;
        if !own.iter().any(known) && !about.iter().any(|q| q.same_value(quantity)) {
            differences.push(format!("added: {}", quantity.text));
        }
    }
    if differences.is_empty() { Ok(()) } else { Err(differences) }
}

/// `text` without citation marks ("[3]"); everything else stays where it is.
fn without_marks(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        let (head, tail) = rest.split_at(open);
        out.push_str(head);
        let digits = tail.bytes().skip(1).take_while(u8::is_ascii_digit).count();
        if digits > 0 && tail.as_bytes().get(digits + 1) == Some(&b']') {
            rest = &tail[digits + 2..];
        } else {
            out.push('[');
            rest = &tail[1..];
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::answer::{CitationKind, Rung, Said, Sentence, Verdict};

    fn citation(section: &str, quote: &str) -> Citation {
        Citation {
            kind: CitationKind::Passage,
            document: "pump-jack.md".into(),
            revision: "2.1".into(),
            section: section.into(),
            page: Some(12),
            page_label: None,
            quote: quote.into(),
            start: 0,
            end: quote.len(),
            figures: Vec::new(),
        }
    }

    fn answer() -> Answer {
        Answer {
            kind: AnswerKind::Answer,
            rung: Rung::Quoted,
            rung_why: "no model".into(),
            lead: "Pump jack PJ-40, Torque table:".into(),
            warnings: vec![Said {
                signal: Signal::Danger,
                text: "DANGER: Wait 5 minutes.".into(),
                citation: 1,
                lockout: true,
                short: None,
            }],
            sentences: vec![Sentence {
                text: "Flange bolt, M16, Torque: 195 Nm.".into(),
                citations: vec![2],
            }],
            citations: vec![
                citation("Safety", "DANGER: Wait 5 minutes."),
                citation("4.2 Torque table", "| M16 | 195 |"),
            ],
            choices: vec![],
            numbers: vec![
                Number { text: "5 minutes".into(), value: 5.0, unit: "min".into(), citation: 1 },
                Number { text: "195 Nm".into(), value: 195.0, unit: "Nm".into(), citation: 2 },
            ],
            verdict: Verdict { passed: true, ..Verdict::default() },
        }
    }

    #[test]
    fn the_technician_sees_lead_warnings_answer_and_sources_in_this_order() {
        assert_eq!(
            technician(&answer()),
            "**Pump jack PJ-40, Torque table:**\n\n\
             > ⚠ DANGER: Wait 5 minutes. [1]\n\n\
             Flange bolt, M16, Torque: 195 Nm. [2]\n\n\
             Sources:\n\n\
             [1] pump-jack.md, revision 2.1, Safety, page 12  \n\
             [2] pump-jack.md, revision 2.1, 4.2 Torque table, page 12"
        );
    }

    #[test]
    fn speech_has_the_warning_before_the_content() {
        let kinds: Vec<_> = spoken(&answer()).into_iter().map(|s| s.kind).collect();
        assert_eq!(kinds, [SpokenKind::Lead, SpokenKind::Warning, SpokenKind::Sentence]);
    }

    #[test]
    fn a_refusal_says_the_nearest_section_only() {
        let refusal = Answer {
            kind: AnswerKind::Refusal,
            lead: String::new(),
            warnings: vec![],
            sentences: vec![Sentence { text: "The manuals do not say.".into(), citations: vec![] }],
            citations: vec![],
            choices: vec!["Torque table".into(), "Fault table".into()],
            numbers: vec![],
            ..answer()
        };
        let said: Vec<_> = spoken(&refusal).into_iter().map(|s| s.text).collect();
        assert_eq!(said, ["The manuals do not say.", "The nearest section is Torque table."]);
        assert!(technician(&refusal).contains("Nearest sections:\n\n- Torque table\n- Fault table"));
    }

    #[test]
    fn own_renderings_hold_the_same_facts() {
        let answer = answer();
        assert_eq!(same_facts(&answer, &technician(&answer)), Ok(()));
        let speech = spoken(&answer).into_iter().map(|s| s.text).collect::<Vec<_>>().join("\n");
        assert_eq!(same_facts(&answer, &speech), Ok(()));
    }

    #[test]
    fn a_warning_that_was_understood_is_said_in_short_and_its_left_out_numbers_are_not_missed() {
        let mut answer = answer();
        answer.warnings[0].text = "DANGER: High voltage. Wait 5 minutes.".into();
        answer.warnings[0].short = Some("DANGER: High voltage.".into());
        let said: Vec<_> = spoken(&answer).into_iter().map(|s| s.text).collect();
        assert_eq!(said[1], "DANGER: High voltage.");
        assert_eq!(same_facts(&answer, &said.join("\n")), Ok(()));
        assert_eq!(same_facts(&answer, &technician(&answer)), Ok(()));
        assert!(same_facts(&answer, "DANGER: High voltage.").is_err(), "the answer's own number is missed");
    }

    #[test]
    fn a_changed_added_or_missing_number_is_found() {
        let answer = answer();
        let rendered = technician(&answer);
        assert!(same_facts(&answer, &rendered.replace("195 Nm", "159 Nm")).is_err());
        assert!(same_facts(&answer, &rendered.replace("195 Nm", "195 bar")).is_err());
        assert!(same_facts(&answer, &rendered.replace("195 Nm", "at most 195 Nm")).is_err());
        assert!(same_facts(&answer, &format!("{rendered} Use 7 bolts.")).is_err());
        assert!(same_facts(&answer, "Flange bolt, M16, Torque: 195 Nm.").is_err());
    }
}
