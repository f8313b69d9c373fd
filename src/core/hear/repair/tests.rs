use proptest::prelude::*;

use super::*;

/// A transcript of words, each with a likelihood after a slash ("fulp/.4 code"); 0.9 where
/// none is said.
fn heard(said: &str) -> Transcript {
    let words: Vec<Word> = said
        .split(' ')
        .enumerate()
        .map(|(n, word)| {
            let (word, p) = word.rsplit_once('/').map_or((word, 0.9), |(w, p)| (w, p.parse().unwrap_or(0.9)));
            let at = n as u64 * 300;
            Word { word: word.to_owned(), p, start_ms: at, end_ms: at + 300 }
        })
        .collect();
    let text = words.iter().map(|w| w.word.as_str()).collect::<Vec<_>>().join(" ");
    Transcript { text, words, language: "en".into(), speech: true, ..Transcript::default() }
}

const CODES: [&str; 19] = [
    "E15",
    "E203",
    "F37",
    "A41",
    "C15",
    "E911",
    "10118",
    "23202",
    "2500",
    "1803",
    "A60",
    "P0A80",
    "AL115",
    "G50",
    "MAX_ENDSTOP_PRESSED",
    "ALARM 9",
    "D30",
    "E50",
    "31340",
];
const TERMS: [&str; 6] = [
    "Exchanging a pitch motor",
    "ODrive motor controller",
    "GB-320 Agitator Gearbox Service Manual",
    "Main relief valve",
    "WT-82 Wind Turbine",
    "Drive parameters",
];

fn lexicon() -> Lexicon {
    Lexicon::new(&CODES, &TERMS)
}

fn mended(said: &str) -> Transcript {
    let mut transcript = heard(said);
    lexicon().repair(&mut transcript);
    transcript
}

#[test]
fn what_sounds_like_a_code_is_taken_for_it() {
    for (said, meant) in [
        ("What does fulp/.5 code F 37 mean?", "What does fault code F37 mean?"),
        ("air/.5 E15", "error E15"),
        ("Arye/.3 911 on the pump", "error E911 on the pump"),
        ("what is 2320 to/.4 now", "what is 23202 now"),
        ("alarm code 25 oval/.4 on it", "alarm code 2500 on it"),
        ("what does everyone/.4 0-1-1-8 mean", "what does error 10118 mean"),
        ("The screen says Area/.3 911.", "The screen says error E911."),
        ("alarm seat/.3 15, what now", "alarm C15, what now"),
        ("alarm G5 all/.5 came up", "alarm G50 came up"),
        ("alarm 3-1-3-4 or/.4 what", "alarm 31340 what"),
        ("alarm a l one one five", "alarm AL115"),
        ("what does e two oh three mean", "what does E203 mean"),
        ("fault P zero A eight zero", "fault P0A80"),
        ("error max end stop pressed now", "error MAX_ENDSTOP_PRESSED now"),
    ] {
        assert_eq!(mended(said).text, meant, "{said}");
    }
}

#[test]
fn what_sounds_like_a_term_is_taken_for_it() {
    for (said, meant) in [
        ("exchange the page/.5 motor", "exchange the pitch motor"),
        ("Ibrive/.4 error", "ODrive error"),
        ("the gear box leaks", "the gearbox leaks"),
    ] {
        assert_eq!(mended(said).text, meant, "{said}");
    }
}

#[test]
fn what_was_heard_clearly_stays() {
    for said in [
        "What does fault code F37 mean?",
        "What does fault code E99 mean on the pump?",
        "What does D15 mean?",
        "We see 15 bolts and 37 nuts.",
        "fill in 911 litres",
        "check 15 bar at the main valve",
        "go to 15",
        "turn the right valve and the main motor",
        "error 2222 on the generator",
        "The birch canoe slid on the smooth planks.",
    ] {
        let transcript = mended(said);
        assert_eq!(transcript.text, said);
        assert!(transcript.raw.is_none());
    }
}

#[test]
fn a_miscounted_run_of_zeros_is_asked_about() {
    let transcript = mended("alarm 1-8003 came up");
    assert_eq!(transcript.text, "alarm 1803 came up");
    assert_eq!(transcript.repairs[0].or, ["18003"]);
}

#[test]
fn two_codes_that_are_equally_near_are_both_named() {
    let transcript = mended("what is E15/.5");
    assert_eq!((transcript.text.as_str(), &transcript.raw), ("what is E15", &None));
    assert_eq!(transcript.repairs[0].or, ["E50"]);
    assert_eq!(mended("what is E15/.3").repairs[0].or, ["E50", "C15"], "E and C rhyme");
    assert!(mended("what is E15/.9").repairs.is_empty());
}

#[test]
fn the_words_keep_their_times_and_the_least_of_their_likelihoods() {
    let transcript = mended("air/.5 F 37/.8 now");
    let words: Vec<_> =
        transcript.words.iter().map(|w| (w.word.as_str(), w.start_ms, w.end_ms, w.p)).collect();
    assert_eq!(words, [("error", 0, 300, 0.5), ("F37", 300, 900, 0.8), ("now", 900, 1200, 0.9)]);
    assert_eq!(transcript.raw.as_deref(), Some("air F 37 now"));
    assert_eq!(transcript.repairs.len(), 2);
}

#[test]
fn a_second_repair_changes_nothing() {
    let mut transcript = mended("What does fulp/.5 code F 37 mean?");
    let once = transcript.clone();
    lexicon().repair(&mut transcript);
    assert_eq!(transcript, once);
}

#[test]
fn without_an_index_only_the_writing_changes() {
    let mut transcript = heard("air/.2 E 15 at fifty newton metres");
    Lexicon::default().repair(&mut transcript);
    assert_eq!(transcript.text, "air E 15 at 50 Nm");
}

#[test]
fn ten_thousand_codes_and_terms_take_little_time() {
    let codes: Vec<String> =
        (0..5_000).map(|n| format!("{}{n}", char::from(b'A' + (n % 26) as u8))).collect();
    let terms: Vec<String> = (0..5_000_u32)
        .map(|n| {
            let syllable = |n: u32| ["ba", "ti", "ro", "ke", "mu", "sal", "dor", "fin"][(n % 8) as usize];
            format!(
                "{}{}{} {}{}",
                syllable(n),
                syllable(n / 8),
                syllable(n / 64),
                syllable(n / 3),
                syllable(n / 512)
            )
        })
        .collect();
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    let terms: Vec<&str> = terms.iter().map(String::as_str).collect();
    let lexicon = Lexicon::new(&codes, &terms);
    let transcript = heard(
        "What does fulp/.3 code seat/.3 15 mean on the batiro/.3 mukebi/.3 of 2320 to/.3 pump/.5 motor/.5 Arye/.3 911",
    );
    let began = std::time::Instant::now();
    for _ in 0..10 {
        lexicon.repair(&mut transcript.clone());
    }
    eprintln!("repair of 15 words with 10,000 codes and terms: {:?}", began.elapsed() / 10);
}

proptest! {
    #[test]
    fn any_transcript_is_taken_without_harm(text in "\\PC{0,60}", language in "(en|es|zh)") {
        let mut transcript = Transcript { text, language, ..Transcript::default() };
        lexicon().repair(&mut transcript);
    }

    #[test]
    fn a_code_that_was_heard_is_never_another(at in 0usize..19, p in 0.3f32..1.0) {
        let code = CODES[at];
        let said = format!("what does error {code}/{p} mean");
        let transcript = mended(&said);
        let normal = crate::core::knowledge::code::normalise(code);
        prop_assert!(crate::core::knowledge::code::normalise(&transcript.text).contains(&normal), "{}", transcript.text);
    }
}

#[test]
fn a_code_that_looks_like_one_of_the_index_and_is_none_stays() {
    for said in ["What is alarm AL-131", "What is error E16?", "alarm AL131 what is it"] {
        let transcript = mended(said);
        assert_eq!(transcript.text, said, "{:?}", transcript.repairs);
    }
}
