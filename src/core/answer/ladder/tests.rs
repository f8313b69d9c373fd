#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;
use crate::core::answer::quote::{Hit, quote};
use crate::core::answer::source::tests::{prose, record, warning};
use crate::core::knowledge::passage::Signal;

fn hits(passages: &[Passage]) -> Vec<Hit<'_>> {
    passages.iter().enumerate().map(|(i, passage)| Hit { passage, score: 10.0 - i as f32 }).collect()
}

fn torque() -> Passage {
    let mut row = record(&[("Joint", "Flange bolt"), ("Thread", "M16"), ("Torque (Nm)", "195")]);
    row.warnings = vec![
        warning(Signal::Caution, "CAUTION: Wear gloves.", 500, false),
        warning(Signal::Danger, "DANGER: Lock out the drive. Wait 5 minutes.", 400, true),
    ];
    row
}

#[test]
fn a_quoted_answer_has_lead_warnings_citations_and_numbers() {
    let passages = [torque()];
    let answer = quoted(&quote("What torque for M16?", &hits(&passages), &[]), "no draft was asked for");
    assert_eq!(answer.rung, Rung::Quoted);
    assert_eq!(answer.rung_why, "no draft was asked for");
    assert_eq!(answer.lead, "Pump jack PJ-40, Torque table:");
    assert_eq!(
        answer.spoken_order().collect::<Vec<_>>(),
        [
            "Pump jack PJ-40, Torque table:",
            "DANGER: Lock out the drive. Wait 5 minutes.",
            "CAUTION: Wear gloves.",
            "Flange bolt, M16, Torque: 195 Nm."
        ]
    );
    assert!(answer.warnings[0].lockout);
    assert_eq!(answer.sentences[0].citations, [3]);
    assert_eq!(answer.citations[2].quote, "Flange bolt | M16 | 195");
    assert_eq!(
        passages[0].text.get(answer.citations[2].start..answer.citations[2].end),
        Some("Flange bolt | M16 | 195")
    );
    let numbers: Vec<_> =
        answer.numbers.iter().map(|n| (n.text.as_str(), n.value, n.unit.as_str(), n.citation)).collect();
    assert_eq!(numbers, [("5 minutes", 5.0, "min", 1), ("195 Nm", 195.0, "Nm", 3)]);
    assert!(answer.verdict.passed);
}

#[test]
fn a_grounded_draft_stands_on_the_highest_rung_with_the_same_warnings() {
    let passages = [torque(), prose("The cover has four screws.")];
    let answer = from_draft("The M16 flange bolt has a torque of 195 Nm [1].", &passages).unwrap();
    assert_eq!((answer.rung, answer.rung_why.as_str()), (Rung::Recombined, ""));
    assert_eq!(answer.warnings.len(), 2);
    assert_eq!(answer.sentences[0].citations, [3]);
    assert_eq!(answer.citations.len(), 3, "only what is cited");
    assert_eq!(answer.numbers.last().unwrap().value, 195.0);
}

#[test]
fn an_ungrounded_draft_is_no_answer_and_says_why() {
    let verdict = from_draft("The M16 flange bolt has a torque of 159 Nm.", &[torque()]).unwrap_err();
    assert!(!verdict.passed);
    assert!(why_of(&verdict).contains("159 Nm"), "{}", why_of(&verdict));
}

#[test]
fn nothing_quoted_is_a_refusal() {
    let answer = quoted(&Quoted::default(), "no draft");
    assert_eq!(answer.kind, AnswerKind::Refusal);
}

#[test]
fn a_part_of_a_procedure_says_which_part_in_the_lead() {
    let passage = prose("Close the valve.");
    let lead = lead(&passage, Some(Steps { first: 1, shown: 6, total: 9 }));
    assert_eq!(lead, "Pump jack PJ-40, Gear reducer, steps 1 to 6 of 9:");
}
