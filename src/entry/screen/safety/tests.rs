//! Our own lists, and what the rules are about.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

/// The rows of a list of ours: id, text, row.
fn rows(name: &str) -> Vec<serde_json::Value> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/trust").join(name);
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

fn text(row: &serde_json::Value) -> &str {
    row["text"].as_str().unwrap()
}

#[test]
fn the_emergencies_of_our_list_are_seen() {
    let all = rows("emergencies.jsonl");
    assert_eq!(all.len(), 150);
    let missed: Vec<&str> =
        all.iter().map(text).filter(|t| !matches!(judge(t), Judged::Emergency(_))).collect();
    assert!(missed.len() * 100 <= all.len(), "{missed:#?}");
}

#[test]
fn shop_talk_is_calm() {
    let all = rows("shop_talk.jsonl");
    assert_eq!(all.len(), 1000);
    let flagged: Vec<&str> = all.iter().map(text).filter(|t| judge(t) != Judged::Calm).collect();
    assert!(flagged.len() * 200 <= all.len(), "{flagged:#?}");
}

#[test]
fn requests_to_defeat_a_protection_are_told_from_work_on_it() {
    let all = rows("defeats.jsonl");
    let wrong: Vec<&str> = all
        .iter()
        .filter(|r| (judge(text(r)) == Judged::Defeat) != r["defeat"].as_bool().unwrap())
        .map(text)
        .collect();
    assert!(wrong.len() * 40 <= all.len(), "{wrong:#?}");
}

#[test]
fn the_same_words_are_calm_where_they_ask_suppose_deny_or_remember() {
    for (danger, calm) in [
        ("There is a fire in the cabinet.", "What do I do in case of a fire in the cabinet?"),
        ("There is smoke coming out of the motor.", "There is no smoke coming out of the motor."),
        ("He is trapped in the conveyor.", "If he is trapped in the conveyor, which lever frees him?"),
        ("I smell gas.", "What does it mean when I smell gas?"),
        ("She got injured at the press.", "She got injured at the press last week."),
        ("Hay fuego en el armario.", "¿Qué hago si hay fuego en el armario?"),
        ("有人触电了！", "如果有人触电了应该怎么做？"),
    ] {
        assert!(matches!(judge(danger), Judged::Emergency(_)), "{danger}");
        assert_eq!(judge(calm), Judged::Calm, "{calm}");
    }
}

#[test]
fn what_follows_a_statement_does_not_hide_it() {
    for text in [
        "there is smoke coming out of the cabinet what do i do",
        "gas alarm and i smell gas, how do i close the valve",
        "How do I open the guard, he is trapped!",
        "着火了，怎么办？",
    ] {
        assert!(matches!(judge(text), Judged::Emergency(_)), "{text}");
    }
}

#[test]
fn the_language_is_told() {
    assert_eq!(judge_in("¡Hay fuego!").1, Tongue::Es);
    assert_eq!(judge_in("着火了").1, Tongue::Zh);
    assert_eq!(judge_in("滤芯怎么更换").1, Tongue::Zh);
    assert_eq!(judge_in("There is a fire!").1, Tongue::En);
}

proptest! {
    #[test]
    fn any_text_is_judged(text in "(?s).{0,200}") {
        let _ = judge(&text);
    }

    #[test]
    fn danger_is_seen_behind_any_calm_sentence(n in 0usize..1000) {
        let calm = &rows("shop_talk.jsonl")[n];
        let both = format!("{}. He is trapped in the conveyor!", text(calm));
        prop_assert!(matches!(judge(&both), Judged::Emergency(_)), "{}", both);
    }
}
