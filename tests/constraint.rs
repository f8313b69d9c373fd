//! Constraints over a real vocabulary: what may be written may be written in the tokens that
//! the model would write it in.

use millwright::core::engine::Constraint;
use millwright::core::engine::bits::Bits;
use millwright::core::engine::constraint::{Allow, Automaton, Took};
use millwright::core::engine::vocabulary::{Parts, Vocabulary};

use crate::support::model;

const SOURCES: [&str; 3] = [
    "Tightening torque of the M16 flange bolt: 210 Nm, dry thread, in two passes. Never exceed -0.35 bar.",
    "| Alarm | Meaning |\n| E203 | Low oil level (below 12.5 %) |\n| E-17 | Use 4 bolts at 60 °C |",
    "关闭阀门，压力为 3.5 MPa。等待 20 秒。",
];

fn vocabularies() -> Vec<Vocabulary> {
    let files = [
        model("qwen2.5-coder-0.5b", "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"),
        model("smollm2-135m", "SmolLM2-135M-Instruct.Q4_1.gguf"),
    ];
    let read = |path: &std::path::PathBuf| {
        let mut file = std::fs::File::open(path).unwrap();
        let content = candle_core::quantized::gguf_file::Content::read(&mut file).unwrap();
        Vocabulary::new(Parts::of(&content.metadata).unwrap()).unwrap()
    };
    files.iter().map(read).collect()
}

/// Writes a text in its own tokens: how much of it was allowed, and may it end there?
fn write(vocabulary: &Vocabulary, constraint: &Constraint, text: &str) -> (String, bool) {
    let mut automaton = Automaton::new(constraint, vocabulary).unwrap();
    let mut mask = Bits::default();
    let mut written = Vec::new();
    for id in vocabulary.encode(text).unwrap() {
        if automaton.allow(&mut mask) != Allow::Masked || !mask.contains(id) {
            return (vocabulary.decode(&written), false);
        }
        assert_eq!(automaton.take(id), Took::Written, "{text}");
        written.push(id);
    }
    assert_eq!(automaton.allow(&mut mask), Allow::Masked);
    (vocabulary.decode(&written), vocabulary.stops().all(|id| mask.contains(id)))
}

#[test]
fn with_model_the_lock_lets_numbers_through_as_they_stand_in_the_sources() {
    let sources = SOURCES.map(str::to_owned).to_vec();
    let constraint = Constraint::Locked { sources, sentences: 0 };
    for vocabulary in vocabularies() {
        for good in [
            "The torque of the M16 is 210 Nm, in two passes.",
            "E203 means that the level is below 12.5 %. Use 4 bolts (60 °C) for E-17!",
            "Stay above -0.35 bar; 压力 3.5 MPa。",
        ] {
            assert_eq!(write(&vocabulary, &constraint, good), (good.to_owned(), true));
        }
        for (bad, upto) in [
            ("The torque is 211 Nm", "The torque is 21"),
            ("The torque is 210 bar", "The torque is 210"),
            ("Alarm E20", "Alarm E20"),
            ("Take ４ bolts", "Take "),
            ("It is 0.35 bar", "It is "),
        ] {
            let (written, end) = write(&vocabulary, &constraint, bad);
            assert!(!end && written.trim_end() == upto.trim_end(), "{bad}: {written:?}");
        }
    }
}

#[test]
fn with_model_a_copy_goes_through_in_the_models_own_tokens() {
    let sources = SOURCES.map(str::to_owned).to_vec();
    let joins = ["and", ", then"].map(str::to_owned).to_vec();
    let constraint = Constraint::Copy { sources, joins, sentences: 0 };
    for vocabulary in vocabularies() {
        for good in [
            "the M16 flange bolt: 210 Nm, dry thread and Low oil level (below 12.5 %)",
            "Never exceed -0.35 bar.",
            "in two passes. Never exceed -0.35 bar.",
            "关闭阀门，压力为 3.5 MPa。",
        ] {
            assert_eq!(write(&vocabulary, &constraint, good), (good.to_owned(), true));
        }
        for bad in ["the M16 flange bolt: 210", "exceed -0.35 bar.", "the M16 nut", "Close it."] {
            let (written, end) = write(&vocabulary, &constraint, bad);
            assert!(!end, "{bad}: {written:?}");
        }
    }
}
