//! To whom it listens, told as it happens in front of the machine.
#![allow(clippy::unwrap_used)]

use super::*;

/// What happens, by a clock that the test moves.
struct Floor {
    attention: Attention,
    now: Moment,
    hearings: u64,
}

fn settings() -> Settings {
    Settings {
        wake: Wake::new("hey millwright"),
        follow_up: Duration::from_secs(8),
        any_speech_stops: true,
        words_stop: true,
    }
}

fn transcript(text: &str) -> Transcript {
    Transcript {
        text: text.to_owned(),
        language: "en".into(),
        speech: !text.is_empty(),
        ..Transcript::default()
    }
}

impl Floor {
    fn new(settings: Settings) -> Self {
        Self { attention: Attention::new(settings), now: Moment::ZERO, hearings: 0 }
    }

    fn pass(&mut self, seconds: u64) -> &mut Self {
        self.now += Duration::from_secs(seconds);
        self
    }

    fn handle(&mut self, event: In) -> Vec<Out> {
        self.attention.handle(event, self.now)
    }

    /// Somebody says something from the first to the last sample; the transcript comes after
    /// the endpoint.
    fn says(&mut self, text: &str, by_key: bool, over_voice: bool) -> Vec<Out> {
        let mut out = self.handle(In::Ear(Event::Started { by_key, over_voice }));
        self.hearings += 1;
        let hearing = self.hearings;
        let hear = Hear { hearing, interim: false, samples: vec![0.0], coverage: 0.9 };
        out.extend(self.handle(In::Ear(Event::Hear(hear))));
        out.extend(self.handle(In::Ear(Event::Utterance(utterance(hearing, by_key, over_voice)))));
        out.extend(self.handle(In::Heard { hearing, transcript: Some(transcript(text)) }));
        out.retain(|o| !matches!(o, Out::Hear { .. } | Out::Sounds(_)));
        out
    }

    fn says_hands_free(&mut self, text: &str) -> Vec<Out> {
        self.says(text, false, false)
    }
}

fn utterance(hearing: u64, by_key: bool, over_voice: bool) -> Utterance {
    Utterance {
        hearing,
        speech_end_offset_ms: 300,
        length_ms: 2_000,
        coverage: 0.9,
        overruns: 0,
        cut: false,
        by_key,
        over_voice,
    }
}

fn asked(out: &[Out]) -> Option<&str> {
    out.iter().find_map(|o| match o {
        Out::Ask(question) => Some(question.transcript.text.as_str()),
        _ => None,
    })
}

#[test]
fn by_the_key_every_utterance_is_for_us() {
    let mut floor = Floor::new(settings());
    let out = floor.says("What does E203 mean?", true, false);
    assert_eq!(asked(&out), Some("What does E203 mean?"));
    assert!(out.contains(&Out::StopVoice) && out.contains(&Out::Listening { by_key: true }));
    // Even what nobody understands: "say that again" is the answer.
    assert_eq!(asked(&floor.says("", true, false)), Some(""));
}

#[test]
fn without_the_wake_phrase_nobody_is_asked_anything() {
    let mut floor = Floor::new(settings());
    let out = floor.says_hands_free("Pass me the torque wrench.");
    assert_eq!(asked(&out), None);
    assert!(matches!(&out[..], [Out::Ignored { why: "without the wake phrase", .. }]), "{out:?}");
}

#[test]
fn the_wake_phrase_and_a_question_are_one_breath() {
    let mut floor = Floor::new(settings());
    let out = floor.says_hands_free("Hey millwright, what is the oil pressure?");
    assert_eq!(asked(&out).map(|t| t.trim_start_matches([',', ' '])), Some("what is the oil pressure?"));
}

#[test]
fn the_wake_phrase_alone_opens_the_ear_for_a_while() {
    let mut floor = Floor::new(settings());
    let out = floor.says_hands_free("Hey millwright");
    assert!(out.contains(&Out::Attend), "{out:?}");
    assert_eq!(
        asked(&floor.pass(3).says_hands_free("What is the oil pressure?")),
        Some("What is the oil pressure?")
    );
    // That was the question; the next one needs the phrase again, until an answer was spoken.
    assert_eq!(asked(&floor.pass(1).says_hands_free("Mind your head.")), None);
    floor.says_hands_free("Hey millwright");
    assert_eq!(asked(&floor.pass(9).says_hands_free("What is the oil pressure?")), None);
}

#[test]
fn after_an_answer_a_question_follows_without_the_phrase_for_some_seconds() {
    let mut floor = Floor::new(settings());
    floor.handle(In::Speaks("Tighten to 195 Nm.".into()));
    floor.pass(4).handle(In::Silent);
    assert_eq!(asked(&floor.pass(2).says_hands_free("And the M10?")), Some("And the M10?"));
    floor.handle(In::Speaks("Tighten to 45 Nm.".into()));
    floor.handle(In::Silent);
    assert_eq!(asked(&floor.pass(9).says_hands_free("And the M8?")), None);
}

#[test]
fn speech_stops_the_voice_at_once_and_what_was_said_is_asked() {
    let mut floor = Floor::new(settings());
    floor.handle(In::Speaks("First isolate the pump and lock it out.".into()));
    assert_eq!(floor.handle(In::Ear(Event::Hush)), [Out::HushVoice(true)], "before it is known to be speech");
    let out = floor.handle(In::Ear(Event::BargeIn));
    assert_eq!(out.first(), Some(&Out::StopVoice), "before anything is transcribed");
    let out = floor.says("What about the M10?", false, true);
    assert_eq!(asked(&out), Some("What about the M10?"));
}

#[test]
fn a_cough_holds_the_voice_for_a_moment_and_no_more() {
    let mut floor = Floor::new(settings());
    floor.handle(In::Speaks("First isolate the pump and lock it out.".into()));
    assert_eq!(floor.handle(In::Ear(Event::Hush)), [Out::HushVoice(true)]);
    assert_eq!(floor.handle(In::Ear(Event::NoBargeIn)), [Out::HushVoice(false)]);
}

#[test]
fn where_only_keywords_stop_the_voice_other_speech_does_not() {
    let mut floor = Floor::new(Settings { any_speech_stops: false, ..settings() });
    floor.handle(In::Speaks("First isolate the pump and lock it out.".into()));
    let out = floor.says("Did you bring the ladder?", false, true);
    assert!(!out.contains(&Out::StopVoice) && asked(&out).is_none(), "{out:?}");
    let out = floor.says("Stop!", false, true);
    assert!(out.contains(&Out::StopVoice) && out.contains(&Out::Stop), "{out:?}");
    floor.handle(In::Speaks("First isolate the pump and lock it out.".into()));
    let out = floor.says("Hey millwright what about the M10?", false, true);
    assert!(out.contains(&Out::StopVoice) && asked(&out).is_some(), "{out:?}");
}

#[test]
fn stop_is_no_question() {
    let mut floor = Floor::new(settings());
    floor.handle(In::Speaks("Tighten to 195 Nm.".into()));
    let out = floor.says("Stop.", false, true);
    assert!(out.contains(&Out::Stop) && asked(&out).is_none());
}

#[test]
fn a_noise_in_the_follow_up_time_asks_nothing_and_mumbled_speech_is_asked_for_again() {
    let mut floor = Floor::new(settings());
    floor.handle(In::Speaks("Tighten to 195 Nm.".into()));
    floor.handle(In::Silent);
    floor.handle(In::Ear(Event::Started { by_key: false, over_voice: false }));
    let noise = Utterance { coverage: 0.2, ..utterance(7, false, false) };
    floor.handle(In::Ear(Event::Utterance(noise)));
    let out = floor.handle(In::Heard { hearing: 7, transcript: Some(transcript("")) });
    assert!(matches!(&out[..], [Out::Ignored { .. }]), "{out:?}");
    assert_eq!(asked(&floor.says_hands_free("")), Some(""));
}

#[test]
fn a_transcript_that_is_ready_before_the_end_is_asked_at_the_end() {
    let mut floor = Floor::new(settings());
    floor.handle(In::Ear(Event::Started { by_key: true, over_voice: false }));
    let hear = Hear { hearing: 1, interim: false, samples: vec![0.0], coverage: 0.9 };
    assert_eq!(floor.handle(In::Ear(Event::Hear(hear.clone()))), [Out::Hear { hear, wake: None }]);
    let out = floor.handle(In::Heard { hearing: 1, transcript: Some(transcript("What is E203?")) });
    assert!(matches!(&out[..], [Out::Sounds(_)]), "{out:?}");
    let out = floor.handle(In::Ear(Event::Utterance(utterance(1, true, false))));
    let [Out::Ask(question)] = &out[..] else { panic!("{out:?}") };
    assert_eq!(question.heard_in, Duration::ZERO);
}

#[test]
fn a_transcript_that_comes_after_the_end_is_asked_when_it_comes() {
    let mut floor = Floor::new(settings());
    floor.handle(In::Ear(Event::Started { by_key: true, over_voice: false }));
    let out = floor.handle(In::Ear(Event::Utterance(utterance(1, true, false))));
    assert_eq!(out, [Out::Hearing]);
    floor.now += Duration::from_millis(120);
    let out = floor.handle(In::Heard { hearing: 1, transcript: Some(transcript("What is E203?")) });
    let [Out::Ask(question)] = &out[..] else { panic!("{out:?}") };
    assert_eq!(question.heard_in, Duration::from_millis(120));
}

#[test]
fn a_guess_that_was_given_up_is_never_asked() {
    let mut floor = Floor::new(settings());
    let hear = |hearing| Event::Hear(Hear { hearing, interim: false, samples: Vec::new(), coverage: 0.9 });
    floor.handle(In::Ear(Event::Started { by_key: true, over_voice: false }));
    floor.handle(In::Ear(hear(1)));
    assert_eq!(floor.handle(In::Ear(Event::GiveUp { hearing: 1 })), [Out::GiveUp(1)]);
    // It comes all the same: too late.
    assert_eq!(floor.handle(In::Heard { hearing: 1, transcript: Some(transcript("What is")) }), []);
    floor.handle(In::Ear(hear(2)));
    floor.handle(In::Ear(Event::Utterance(utterance(2, true, false))));
    let out = floor.handle(In::Heard { hearing: 2, transcript: Some(transcript("What is E203?")) });
    assert_eq!(asked(&out), Some("What is E203?"));
}

#[test]
fn interim_transcripts_run_one_at_a_time_and_give_way_to_a_final_one() {
    let mut floor = Floor::new(settings());
    let hear = |hearing, interim| Event::Hear(Hear { hearing, interim, samples: Vec::new(), coverage: 0.9 });
    floor.handle(In::Ear(Event::Started { by_key: true, over_voice: false }));
    assert_eq!(floor.pass(1).handle(In::Ear(hear(1, true))).len(), 1);
    assert_eq!(floor.pass(1).handle(In::Ear(hear(2, true))), [], "one runs already");
    let out = floor.handle(In::Heard { hearing: 1, transcript: Some(transcript("What is")) });
    assert!(out.iter().any(|o| matches!(o, Out::Show(_))));
    floor.pass(3).handle(In::Ear(hear(3, true)));
    let out = floor.handle(In::Ear(hear(4, false)));
    assert!(matches!(&out[..], [Out::GiveUp(3), Out::Hear { hear, .. }] if hear.hearing == 4), "{out:?}");
}

#[test]
fn a_recogniser_that_fails_is_said_and_asks_nothing() {
    let mut floor = Floor::new(settings());
    floor.handle(In::Ear(Event::Started { by_key: true, over_voice: false }));
    floor.handle(In::Ear(Event::Utterance(utterance(1, true, false))));
    assert_eq!(floor.handle(In::Heard { hearing: 1, transcript: None }), [Out::Failed]);
}

#[test]
fn the_wake_phrase_leaves_the_words_behind_it_with_their_confidence() {
    use crate::core::hear::Word;
    let word = |word: &str, p| Word { word: word.into(), p, ..Word::default() };
    let words = vec![word("Hey", 0.9), word("millwright,", 0.4), word("error", 0.8), word("E15?", 0.7)];
    let mut heard = Transcript { words, ..transcript("Hey millwright, error E15?") };
    strip(&mut heard, "error E15?");
    assert_eq!((heard.text.as_str(), heard.words.len(), heard.words[1].p), ("error E15?", 2, 0.7));
}
