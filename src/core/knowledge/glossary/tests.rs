#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;

use super::*;

const OWN: &str = r#"
# ours
[[term]]
en = "pitch bearing"   # of the blade
es = ["rodamiento de pitch", "rodamiento de paso"]
zh = "变桨轴承"

[[term]]
en = "grease"
es = "pasta lubricante"
"#;

#[test]
fn the_longest_phrase_is_translated() {
    let glossary = Glossary::seed();
    let names = glossary.names("the pressure relief valve of the pump leaks", "en", "es");
    assert!(names.iter().any(|n| n.contains("alivio")), "{names:?}");
    assert!(names.contains(&"bomba"));
    // "Valve" alone was part of the longer term.
    assert!(!names.contains(&"válvula"), "{names:?}");
    assert!(glossary.names("液压泵漏油", "zh", "en").contains(&"hydraulic pump"));
}

#[test]
fn inflected_words_are_recognised_and_names_come_once() {
    let glossary = Glossary::seed();
    assert_eq!(glossary.names("bombas, bomba", "es", "en"), glossary.names("bomba", "es", "en"));
    assert!(glossary.translate("bearings", "en", "zh").contains(&"轴承".to_owned()));
}

#[test]
fn the_planners_entry_replaces_the_seeds() {
    let glossary = Glossary::load(Some(OWN)).unwrap();
    assert_eq!(
        glossary.names("the pitch bearing", "en", "es"),
        ["rodamiento de pitch", "rodamiento de paso"]
    );
    assert_eq!(glossary.names("grease", "en", "es"), ["pasta lubricante"]);
    assert_eq!(glossary.names("变桨轴承", "zh", "en"), ["pitch bearing"]);
    assert!(glossary.names("oil", "en", "es").contains(&"aceite"));
}

#[test]
fn a_broken_file_names_its_line() {
    for (text, line) in [
        ("[[term]]\nen = \"a\"\nes = \n", "line 3"),
        ("[[term]]\nen = \"a\"\nfr = \"b\"\n", "line 3"),
        ("\n[[term]]\nen = 3\n", "line"),
        ("[[terms]]\nen = \"a\"\n", "line 1"),
    ] {
        let e = Glossary::load(Some(text)).unwrap_err().to_string();
        assert!(e.contains("glossary.toml") && e.contains(line), "{text:?}: {e}");
    }
}

#[test]
fn what_is_frequent_and_untranslated_is_proposed() {
    let glossary = Glossary::seed();
    let english =
        ["Sucker rod", "Sucker rods", "Oil pump", "E203 Fault", "E203", "4", "Horsehead", "Horsehead"];
    let mut sources: Vec<Source> = english.iter().map(|text| Source { text, language: "en" }).collect();
    sources.extend(["抽油杆", "抽油杆", "轴承"].map(|text| Source { text, language: "zh" }));
    sources.push(Source { text: "Rostschutz Rostschutz", language: "de" });
    let proposals = propose(glossary, sources);
    let terms: Vec<(&str, &str, usize)> =
        proposals.iter().map(|p| (p.term.as_str(), p.language, p.count)).collect();
    assert_eq!(terms, [("horsehead", "en", 2), ("sucker rod", "en", 2), ("抽油杆", "zh", 2)]);
}

#[test]
fn rendered_proposals_are_a_file_to_fill_in() {
    let proposals = [Proposal { term: "say \"when\"".into(), language: "en", count: 3 }];
    let text = render_proposals(&proposals);
    assert!(Glossary::load(Some(&text)).is_ok(), "{text}");
    let filled = text.replace("es = \"\"", "es = \"diga cuándo basta\"");
    let glossary = Glossary::load(Some(&filled)).unwrap();
    assert_eq!(glossary.concepts()[0].names.len(), 2);
}

#[test]
fn proposals_are_bounded() {
    let words: Vec<String> = (0..2000u32)
        .map(|i| {
            let letter = |n: u32| char::from(b'a' + u8::try_from(n % 26).unwrap());
            format!("zq{}{}{}", letter(i), letter(i / 26), letter(i / 676))
        })
        .collect();
    let sources = words.iter().chain(&words).map(|w| Source { text: w, language: "en" });
    assert_eq!(propose(Glossary::seed(), sources).len(), propose::MOST_PROPOSALS);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_file_is_read_or_refused(text in "(\\[\\[term\\]\\]|en|es|zh|=|\"|[a-z]{1,4}|\\n| |#|\\[|\\]|,){0,30}") {
        let _ = Glossary::load(Some(&text));
    }

    #[test]
    fn any_question_is_translated_without_harm(text in "\\PC{0,60}", from in "(en|es|zh|de)", to in "(en|es|zh)") {
        for term in Glossary::seed().translate(&text, &from, &to) {
            prop_assert!(!term.is_empty());
        }
    }
}
