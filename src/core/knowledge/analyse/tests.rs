use proptest::prelude::*;

use super::*;

fn spanish(text: &str) -> Vec<String> {
    terms_in(text, Some("es"))
}

#[test]
fn english_words_are_stemmed_and_stop_words_left_out() {
    assert_eq!(terms("What are the flange bolts' torques?"), ["flang", "bolt", "torqu"]);
    assert_eq!(terms("Presión"), ["presion"]);
}

#[test]
fn spanish_words_are_stemmed_with_and_without_their_accents() {
    for (one, other) in [
        ("válvulas", "valvula"),
        ("la instalación", "instalaciones"),
        ("instalacion", "instalación"),
        ("presiones", "presion"),
        ("el motor", "los motores"),
        ("bombas hidráulicas", "bomba hidraulica"),
        ("limpie los filtros", "limpiar el filtro"),
    ] {
        assert_eq!(spanish(one), spanish(other), "{one} / {other}");
    }
    assert_eq!(terms_in("¿Qué significa el fallo?", Some("es-MX")), spanish("fallo"));
}

#[test]
fn the_language_of_a_text_is_found_out_where_it_is_not_told() {
    let text = "Cierre la válvula y espere hasta que baje la presión de la bomba.";
    assert_eq!(terms(text), spanish(text));
    assert_eq!(terms_in(text, Some("und")), spanish(text));
    assert_eq!(terms_in("the valves", Some("de")), ["valv"]);
}

#[test]
fn numbers_units_and_designations_are_found_either_way() {
    assert_eq!(terms("45Nm"), terms("45 Nm"));
    assert_eq!(terms("3.5 bar"), ["3.5", "bar"]);
    assert_eq!(spanish("3,5 bar"), ["3.5", "bar"]);
    assert_eq!(terms("1,200 rpm"), ["1200", "rpm"]);
    assert_eq!(terms("PJ-40"), ["pj", "40", "pj40"]);
    assert!(terms("PJ40").iter().all(|t| terms("PJ-40").contains(t)));
    assert_eq!(terms("2026-01"), ["2026", "01"]);
    assert_eq!(terms("Ｅ２０３"), ["e203"]);
}

#[test]
fn chinese_is_found_by_characters_pairs_and_words() {
    let held = terms("检查液压泵的进油过滤器。");
    for word in ["液压", "泵", "液压泵", "过滤器", "进油", "过滤"] {
        let asked = question_terms(word, Some("zh"));
        assert!(!asked.is_empty() && asked.iter().all(|t| held.contains(t)), "{word}: {asked:?} in {held:?}");
    }
    assert!(!held.contains(&"的".to_owned()));
    assert_eq!(question_terms("这个是什么意思？", None), Vec::<String>::new());
    // Latin words among ideographs are analysed as words.
    assert!(terms("SK600变频器").contains(&"sk600".to_owned()));
}

#[test]
fn a_question_asks_for_each_term_once() {
    assert_eq!(question_terms("pump pumps the pump", Some("en")), ["pump"]);
}

#[test]
fn a_question_finds_a_manual_in_another_language() {
    let glossary = Glossary::seed();
    let terms = query_terms("how do i replace the oil filter of the PJ-40", Some("en"), "es", glossary);
    for word in ["filtro", "aceite", "PJ-40"] {
        assert!(spanish(word).iter().all(|t| terms.contains(t)), "{word}: {terms:?}");
    }
    let terms = query_terms("液压泵的压力是多少", Some("zh"), "en", glossary);
    for word in ["hydraulic", "pump", "pressure"] {
        assert!(terms_in(word, Some("en")).iter().all(|t| terms.contains(t)), "{word}: {terms:?}");
    }
    // So few words tell no language.
    let terms = query_terms("cambiar filtro", None, "en", glossary);
    assert!(terms.contains(&"filter".to_owned()) && terms.contains(&"replac".to_owned()), "{terms:?}");
    assert!(query_terms("换油", None, "es", glossary).contains(&"aceit".to_owned()));
    assert_eq!(
        query_terms("oil filter", Some("en"), "en", glossary),
        question_terms("oil filter", Some("en"))
    );
}

#[test]
fn designations_are_canonical() {
    let found: Vec<_> = designations("the PJ-40, M16x60 and 45 Nm").collect();
    assert_eq!(found, ["PJ40", "M16X60", "M16X60"]);
    assert!(designations("set vel_limit now").any(|d| d == "VELLIMIT"));
    assert!(designations("变频器SK600的").any(|d| d == "SK600"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_text_is_analysed_without_harm(text in "\\PC{0,80}", language in "(en|es|zh|und)?") {
        for term in terms_in(&text, Some(&language)) {
            prop_assert!(!term.is_empty() && !term.contains(' '));
        }
    }

    #[test]
    fn what_a_question_asks_for_is_held_by_its_own_text(
        text in "([a-zñáé]{1,8}|[0-9]{1,3}|[液压泵阀门电机过滤器的检查]{1,6}| ){0,12}",
        language in "(en|es|zh)",
    ) {
        let held = terms_in(&text, Some(&language));
        for term in question_terms(&text, Some(&language)) {
            prop_assert!(held.contains(&term), "{term} not in {held:?}");
        }
    }
}

/// Prints how long a megabyte of each language takes:
/// `cargo test --release --lib -- --ignored --nocapture analysing_a_megabyte`.
#[test]
#[ignore = "a measurement"]
fn analysing_a_megabyte() {
    let texts = [
        ("en", "Close the relief valve of the hydraulic pump and wait until the pressure is below 2.5 bar. "),
        (
            "es",
            "Cierre la válvula de alivio de la bomba hidráulica y espere hasta que la presión baje de 2,5 bar. ",
        ),
        ("zh", "关闭液压泵的溢流阀，等待压力降到2.5巴以下，然后检查过滤器和密封圈是否漏油。"),
    ];
    for (language, sentence) in texts {
        let start = std::time::Instant::now();
        let first = terms_in(sentence, Some(language)).len();
        let loaded = start.elapsed();
        let text = sentence.repeat((1 << 20) / sentence.len());
        let passages: Vec<&str> = vec![sentence; text.len() / sentence.len()];
        let start = std::time::Instant::now();
        let whole = terms_in(&text, Some(language)).len();
        let at_once = start.elapsed();
        let start = std::time::Instant::now();
        let sum: usize = passages.iter().map(|p| terms_in(p, Some(language)).len()).sum();
        let apart = start.elapsed();
        println!(
            "{language}: first {loaded:?} ({first}), 1 MiB at once {at_once:?} ({whole}), by sentence {apart:?} ({sum})"
        );
    }
    let start = std::time::Instant::now();
    let concepts = Glossary::seed().concepts().len();
    println!("seed glossary: {concepts} concepts in {:?}", start.elapsed());
}
