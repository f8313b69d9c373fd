#![allow(clippy::unwrap_used)]
use super::*;

fn wake() -> Wake {
    Wake::new("hey millwright")
}

#[test]
fn the_phrase_is_found_as_it_is_written_and_as_it_sounds() {
    // What tiny.en made of five synthetic voices.
    for heard in [
        "Hey Millwright, what is E15?",
        "hey millwright what is E15?",
        "Hey, mill right, what is E15?",
        "Hey, Milright, what is E15?",
        "Hay mill wright. What is E15?",
        "A mill right, what is E15?",
        "Hey Millbright, what is E15?",
        "Hey, Bill Wright, what is E15?",
        "Emile Wright. What is E15?",
        "Himill Wright, what is E15?",
        "They Millwright, what is E15?",
        "\"Hey Mill Right, what is E15?",
        "Okay, hey Millwright, what is E15?",
        "He millwright, what is E15?",
    ] {
        let command = wake().command(heard, None).map(str::to_lowercase);
        assert_eq!(command.as_deref(), Some("what is e15?"), "{heard}");
    }
}

#[test]
fn the_phrase_may_begin_a_later_clause_but_not_hide_in_one() {
    assert_eq!(wake().command("Give me that. Hey Millwright, stop.", None), Some("stop."));
    assert_eq!(wake().command("I once knew a man they called hey millwright", None), None);
}

#[test]
fn the_phrase_alone_has_an_empty_command() {
    assert_eq!(wake().command("Hey Millwright.", None), Some(""));
    assert_eq!(wake().command("Hey Millwright...", None), Some(""));
}

#[test]
fn ordinary_speech_is_not_the_phrase() {
    for heard in [
        "",
        "They will write the torque down in the log.",
        "He'll write to the manager tomorrow.",
        "I am not right about the bolt.",
        "Hey man, alright, we are done here.",
        "The mill is right behind the gearbox.",
        "Hey Bill, bring me the wrench.",
        "Hey Mike, hand me the light.",
        "Turn the valve right until it stops.",
        "I am still right here.",
        "Hey, wait a minute.",
        "Hey, my light is out.",
        "Is the oil level right?",
        "Email the report right away.",
    ] {
        assert_eq!(wake().command(heard, None), None, "{heard}");
    }
}

#[test]
fn none_of_the_golden_questions_holds_the_phrase() {
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut questions = 0;
    for entry in std::fs::read_dir(golden)
        .unwrap()
        .flatten()
        .filter(|e| e.path().extension().is_some_and(|x| x == "jsonl"))
    {
        for line in std::fs::read_to_string(entry.path()).unwrap().lines() {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            let question = row["question"].as_str().unwrap();
            assert_eq!(wake().command(question, None), None, "{question}");
            let woken = format!("Hey, mill right, {question}");
            assert!(wake().command(&woken, None).is_some_and(|rest| question.ends_with(rest)), "{question}");
            questions += 1;
        }
    }
    assert!(questions > 100);
}

#[test]
fn another_phrase_can_be_chosen_also_in_chinese() {
    assert_eq!(Wake::new("computer").command("Computer, what is E15?", None), Some("what is E15?"));
    assert_eq!(Wake::new("computer").command("The company is late", None), None);
    assert_eq!(Wake::new("oye molino").command("Oye, Molino: ¿qué es E15?", None), Some("qué es E15?"));
    assert_eq!(Wake::new("你好师傅").command("你好，师傅。报警是什么意思？", None), Some("报警是什么意思？"));
    assert_eq!(Wake::new("你好师傅").command("师傅你好", None), None);
    assert_eq!(Wake::new("").command("anything", None), None);
    assert_eq!(Wake::new("...").command("anything", None), None);
}

#[test]
fn the_prompt_spells_the_phrase_as_a_name() {
    assert!(wake().prompt().starts_with("Hey Millwright, "));
    assert_eq!(Wake::new("你好师傅").prompt(), "");
    assert_eq!(Wake::new(" ").prompt(), "");
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_it(heard in ".{0,60}", phrase in "\\PC{0,20}") {
        let wake = Wake::new(&phrase);
        if let Some(rest) = wake.command(&heard, None) {
            proptest::prop_assert!(heard.trim_end().ends_with(rest));
        }
        is_stop(&heard);
    }
}

#[test]
fn what_the_recogniser_holds_for_likely_need_not_be_written_well() {
    let heard = "I am no right, when may I take off the back half?";
    assert_eq!(wake().command(heard, None), None);
    assert_eq!(wake().command(heard, Some(0.03)), None);
    assert_eq!(wake().command(heard, Some(0.2)), Some("when may I take off the back half?"));
    // Left out, as if it had been said before.
    let heard = "How often are the pitch batteries exchanged?";
    assert_eq!(wake().command(heard, Some(0.2)), None);
    assert_eq!(wake().command(heard, Some(0.8)), Some(heard));
}

#[test]
fn its_own_prompt_given_back_on_noise_is_no_question() {
    assert_eq!(wake().command("Hey Millwright, how do I do it?", Some(0.9)), None);
    assert!(wake().command("Hey Millwright, how do I do the reset?", None).is_some());
}
