//! A turn in simulated time: every way down the ladder, and never silence.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use super::{Action, Asked, Event, Findings, Given, Limits, Reason, Replay, Turn, rank};
use crate::core::Moment;
use crate::core::answer::guard::warnings;
use crate::core::answer::protect::Keep;
use crate::core::answer::{Answer, AnswerKind, Rung, ladder};
use crate::core::engine::{Finish, Refusal, Update};
use crate::core::hear::Transcript;
use crate::core::knowledge::code::QueryCodes;
use crate::core::knowledge::generation::Standing;
use crate::core::knowledge::passage::{Field, Passage, Shape, Signal, Span, Warning};
use crate::core::knowledge::search::{Features, Found, FoundBy, Hit};
use crate::core::ledger::{Budgets, Stage};

const QUESTION: &str = "What is the torque of the M16 flange bolt on the pump jack?";
const TEXT: &str = "| Flange bolt | M16 | 195 Nm |";

fn at(ms: u64) -> Moment {
    Duration::from_millis(ms)
}

fn budgets() -> Budgets {
    Budgets {
        endpoint_ms: 300,
        transcribe_ms: 200,
        screen_ms: 5,
        retrieve_ms: 30,
        rank_ms: 10,
        prefill_ms: 600,
        draft_ms: 900,
        guard_ms: 10,
        render_ms: 5,
        synthesise_ms: 90,
        play_ms: 60,
    }
}

fn limits(rung: Rung) -> Limits {
    Limits { deadline: at(1800), limit: at(60_000), rung, budgets: budgets(), spoken: false, replay: None }
}

fn field(name: &str, value: &str) -> Field {
    let start = TEXT.find(value).unwrap();
    Field {
        name: name.into(),
        value: value.into(),
        span: Span { start, end: start + value.len() },
        role: None,
    }
}

fn passage() -> Passage {
    Passage {
        kb: "main".into(),
        document: "pump-jack/manual.md".into(),
        title: "PJ-40 Pump Jack Service Manual".into(),
        revision: "D".into(),
        machine: "pump jack".into(),
        model: "PJ-40".into(),
        language: "en".into(),
        section: vec!["Service manual".into(), "Tightening torques".into()],
        page: None,
        span: Span { start: 0, end: TEXT.len() },
        text: TEXT.into(),
        shape: Shape::Row,
        fields: vec![field("Fastener", "Flange bolt"), field("Thread", "M16"), field("Torque", "195 Nm")],
        codes: Vec::new(),
        own: 0,
        warnings: vec![Warning {
            signal: Signal::Warning,
            text: "WARNING: Bleed the wellhead pressure first.".into(),
            span: Span { start: 0, end: 0 },
            lockout: false,
        }],
        page_label: None,
        figures: Vec::new(),
        ocr: false,
        orders: None,
    }
}

fn findings(hits: Vec<Passage>, codes: QueryCodes) -> Event {
    let hits = hits
        .into_iter()
        .enumerate()
        .map(|(i, passage)| Hit {
            rank: i + 1,
            score: 9.0,
            features: Features::default(),
            support: 1.0,
            elsewhere: false,
            found_by: FoundBy::Words,
            id: 0,
            generation: 1,
            standing: Standing::Current,
            passage,
        })
        .collect();
    let found = Found {
        hits,
        codes,
        best_words_score: 9.0,
        coverage: 1.0,
        mass: 2.0,
        foreign: None,
        absent: Vec::new(),
        machine: "pump jack".into(),
        choices: Vec::new(),
    };
    Event::Found(Box::new(Findings { found, siblings: Vec::new(), threshold: 0.69, wait: Duration::ZERO }))
}

fn asked() -> Event {
    Event::Screened(Asked { question: QUESTION.into(), is_question: true, ..Asked::default() })
}

/// A typed turn that has just been handed its passages at 10 ms.
fn found(limits: Limits) -> (Turn, Vec<Action>) {
    let mut turn = Turn::new(limits);
    turn.handle(Event::Typed(QUESTION.into()), at(0));
    turn.handle(asked(), at(1));
    let actions = rank_found(&mut turn, findings(vec![passage()], QueryCodes::default()), 10);
    (turn, actions)
}

/// Hands in the findings at `ms` and does the ranking that the turn then asks for.
fn rank_found(turn: &mut Turn, findings: Event, ms: u64) -> Vec<Action> {
    let mut actions = turn.handle(findings, at(ms));
    match actions.pop() {
        Some(Action::Rank { question, findings }) => {
            turn.handle(Event::Ranked(Box::new(rank(&question, *findings))), at(ms))
        }
        other => panic!("no ranking asked for: {other:?}"),
    }
}

/// Does the judging that the turn asks for.
fn judge(turn: &mut Turn, mut actions: Vec<Action>, ms: u64) -> Vec<Action> {
    match actions.pop() {
        Some(Action::Judge { draft, passages }) => {
            actions
                .extend(turn.handle(Event::Judged(Box::new(ladder::from_draft(&draft, &passages))), at(ms)));
            actions
        }
        other => panic!("no judging asked for: {other:?}"),
    }
}

fn delivered(actions: &[Action]) -> Answer {
    let answers: Vec<&Answer> = actions
        .iter()
        .filter_map(|a| match a {
            Action::Deliver(answer) => Some(answer.as_ref()),
            _ => None,
        })
        .collect();
    assert_eq!(answers.len(), 1, "{actions:?}");
    answers[0].clone()
}

fn prefilled() -> Event {
    Event::Draft(Update::Prefilled { prompt_ids: vec![1, 2, 3], reused: 0, ms: 100.0 })
}

fn text(piece: &str) -> Event {
    Event::Draft(Update::Text(piece.into()))
}

fn done() -> Event {
    Event::Draft(Update::Done { finish: Finish::Stop, tokens: 9, ms: 200.0 })
}

#[test]
fn a_quoted_answer_needs_no_model_and_puts_the_warning_first() {
    let (mut turn, actions) = found(limits(Rung::Quoted));
    let answer = delivered(&actions);
    assert_eq!((answer.kind, answer.rung), (AnswerKind::Answer, Rung::Quoted));
    assert!(answer.text().contains("195 Nm"), "{}", answer.text());
    assert!(answer.text().find("Bleed").unwrap() < answer.text().find("195 Nm").unwrap());
    assert_eq!(turn.first_content, Some(at(10)));
    assert_eq!(turn.handle(Event::Rendered, at(11)), [Action::Close]);
}

#[test]
fn a_grounded_draft_in_time_is_delivered_recombined() {
    let (mut turn, actions) = found(limits(Rung::Recombined));
    assert!(matches!(&actions[..], [Action::Draft { .. }]), "{actions:?}");
    turn.handle(prefilled(), at(200));
    turn.handle(text("The torque of the M16 flange bolt is 195 Nm."), at(400));
    let actions = turn.handle(done(), at(500));
    let answer = delivered(&judge(&mut turn, actions, 505));
    assert_eq!(answer.rung, Rung::Recombined);
    assert_eq!(turn.ledger.of(Stage::Guard).unwrap().ms, 5.0);
    assert_eq!(turn.prompt_ids, [1, 2, 3]);
    assert_eq!(turn.ledger.of(Stage::Draft).unwrap().ms, 300.0);
}

#[test]
fn a_draft_with_another_number_falls_to_the_quote() {
    let (mut turn, _) = found(limits(Rung::Recombined));
    turn.handle(prefilled(), at(200));
    turn.handle(text("The torque of the M16 flange bolt is 159 Nm."), at(400));
    let actions = turn.handle(done(), at(500));
    let answer = delivered(&judge(&mut turn, actions, 505));
    assert_eq!(answer.rung, Rung::Quoted);
    assert!(answer.rung_why.contains("guard"), "{}", answer.rung_why);
    assert!(answer.text().contains("195 Nm") && !answer.text().contains("159"));
    assert!(!turn.draft_verdict.as_ref().unwrap().passed);
}

#[test]
fn a_late_draft_is_left_behind_at_its_deadline() {
    let (mut turn, _) = found(limits(Rung::Recombined));
    let (deadline, reason) = turn.next_deadline().unwrap();
    assert_eq!((deadline, reason), (at(1785), Reason::DraftLate));
    assert!(turn.handle(Event::Tick, at(1700)).is_empty(), "not yet");
    let actions = turn.handle(Event::Tick, deadline);
    assert_eq!(actions[0], Action::CancelDraft);
    let answer = delivered(&actions);
    assert_eq!(answer.rung, Rung::Quoted);
    assert!(answer.rung_why.contains("1785 ms"), "{}", answer.rung_why);
    assert!(turn.handle(done(), at(1900)).is_empty(), "what comes later changes nothing");
}

#[test]
fn of_a_late_draft_its_finished_sentences_count() {
    let (mut turn, _) = found(limits(Rung::Recombined));
    turn.handle(prefilled(), at(200));
    turn.handle(text("The torque of the M16 flange bolt is 195 Nm. The"), at(400));
    let actions = turn.handle(Event::Tick, at(1785));
    let answer = delivered(&judge(&mut turn, actions, 1786));
    assert_eq!(answer.rung, Rung::Recombined);
    assert_eq!(turn.draft, "The torque of the M16 flange bolt is 195 Nm.");
}

#[test]
fn a_refusal_at_the_engines_door_and_a_dead_model_cost_the_draft_not_the_answer() {
    let ends = [
        Event::Draft(Update::Refused(Refusal::TooLate { earliest_ms: 6200 })),
        Event::Draft(Update::Refused(Refusal::Gone)),
        Event::Draft(Update::Failed("out of memory".into())),
        Event::Failed { what: "the model is missing".into(), hint: String::new(), missing: true },
    ];
    for end in ends {
        let (mut turn, _) = found(limits(Rung::Recombined));
        let answer = delivered(&turn.handle(end, at(20)));
        assert_eq!(answer.rung, Rung::Quoted);
        assert!(!answer.rung_why.is_empty());
    }
}

#[test]
fn a_code_that_no_manual_holds_is_refused_before_any_model_is_asked() {
    let mut turn = Turn::new(limits(Rung::Recombined));
    turn.handle(Event::Typed("What does E77 mean?".into()), at(0));
    turn.handle(
        Event::Screened(Asked {
            question: "What does E77 mean?".into(),
            is_question: true,
            ..Asked::default()
        }),
        at(1),
    );
    let codes = QueryCodes { unknown: vec!["E77".into()], ..QueryCodes::default() };
    let answer = delivered(&rank_found(&mut turn, findings(vec![passage()], codes), 9));
    assert_eq!((answer.kind, answer.rung), (AnswerKind::Refusal, Rung::Refused));
    assert!(answer.text().contains("E77"));
}

#[test]
fn silence_is_asked_back_and_never_searched() {
    let mut turn = Turn::new(limits(Rung::Recombined));
    turn.handle(Event::Spoken { endpoint: at(250), heard_in: Duration::ZERO }, at(1000));
    let transcript = Transcript { speech: false, doubt: "no speech in it".into(), ..Transcript::default() };
    let answer = delivered(&turn.handle(Event::Transcribed { transcript, wait: at(20) }, at(1100)));
    assert_eq!(answer.kind, AnswerKind::Clarify);
    let heard = turn.ledger.of(Stage::Transcribe).unwrap();
    assert_eq!((heard.ms, heard.wait_ms), (80.0, 20.0));
    assert_eq!(turn.ledger.of(Stage::Endpoint).unwrap().ms, 250.0);
}

#[test]
fn the_clock_of_a_spoken_turn_starts_at_the_last_sample_of_speech() {
    let mut turn = Turn::new(Limits { spoken: true, ..limits(Rung::Quoted) });
    turn.handle(Event::Spoken { endpoint: at(250), heard_in: Duration::ZERO }, at(1000));
    let transcript = Transcript { speech: true, text: QUESTION.into(), ..Transcript::default() };
    turn.handle(Event::Transcribed { transcript, wait: Duration::ZERO }, at(1100));
    turn.handle(asked(), at(1101));
    delivered(&rank_found(&mut turn, findings(vec![passage()], QueryCodes::default()), 1110));
    turn.handle(Event::Rendered, at(1110));
    assert_eq!(turn.first_content, None, "spoken content counts when it is synthesised");
    turn.handle(Event::Synthesised { wait: Duration::ZERO }, at(1180));
    turn.handle(Event::Synthesised { wait: Duration::ZERO }, at(1300));
    turn.handle(Event::Played { after: at(30) }, at(1210));
    assert_eq!(turn.first_content, Some(at(430)));
    assert_eq!(turn.first_audio, Some(at(460)));
    assert_eq!(turn.handle(Event::Voiced, at(1400)), [Action::Close]);
    assert!(turn.is_closed());
}

#[test]
fn retrieval_that_never_comes_ends_the_turn_with_an_error() {
    let mut turn = Turn::new(limits(Rung::Recombined));
    turn.handle(Event::Typed(QUESTION.into()), at(0));
    turn.handle(asked(), at(1));
    let (deadline, reason) = turn.next_deadline().unwrap();
    assert_eq!(reason, Reason::TurnLate);
    let actions = turn.handle(Event::Tick, deadline);
    assert!(matches!(&actions[..], [Action::Fail { .. }, Action::Close]), "{actions:?}");
}

#[test]
fn a_cancelled_turn_stops_its_draft_and_closes() {
    let (mut turn, _) = found(limits(Rung::Recombined));
    let actions = turn.handle(Event::Cancelled, at(50));
    assert!(matches!(&actions[..], [Action::CancelDraft, Action::Fail { .. }, Action::Close]), "{actions:?}");
    assert!(turn.handle(done(), at(60)).is_empty());
}

#[test]
fn a_replay_keeps_what_the_clock_decided() {
    let why = "a draft would be ready in 6200 ms at the earliest";
    let replay = Some(Replay { why: why.into(), judged: None, chosen: false });
    let (_, actions) = found(Limits { replay, ..limits(Rung::Recombined) });
    assert_eq!(delivered(&actions).rung_why, why);

    let first = "The torque of the M16 flange bolt is 195 Nm.";
    let replay = Some(Replay { why: String::new(), judged: Some(first.len()), chosen: false });
    let (mut turn, _) = found(Limits { replay, ..limits(Rung::Recombined) });
    turn.handle(prefilled(), at(5000));
    turn.handle(text(&format!("{first} And more that was cut.")), at(6000));
    let actions = turn.handle(done(), at(7000));
    assert_eq!(delivered(&judge(&mut turn, actions, 7001)).rung, Rung::Recombined);
    assert_eq!(turn.draft, first);
}

#[test]
fn an_emergency_is_answered_from_the_screen_with_the_sites_text() {
    let mut turn = Turn::new(limits(Rung::Recombined));
    turn.handle(Event::Typed("he is trapped".into()), at(0));
    let emergency = Some("Get clear. Call 112.".to_owned());
    let actions = turn.handle(
        Event::Screened(Asked {
            question: "he is trapped".into(),
            is_question: true,
            emergency,
            ..Asked::default()
        }),
        at(2),
    );
    match actions.as_slice() {
        [Action::Deliver(answer)] => {
            assert_eq!(
                (answer.kind, answer.text()),
                (AnswerKind::Emergency, "Get clear. Call 112.".to_owned())
            );
        }
        other => panic!("{other:?}"),
    }
    assert!(turn.handle(Event::Rendered, at(3)).contains(&Action::Close));
    assert!(turn.ledger.of(Stage::Retrieve).is_none());
}

#[test]
fn a_request_to_defeat_a_protection_searches_for_keeping_it_and_asks_no_model() {
    let mut turn = Turn::new(limits(Rung::Recombined));
    turn.handle(Event::Typed("bypass the door switch".into()), at(0));
    let way = Keep { search: "door switch lockout".into(), lead: "Kept.".into(), silent: "Not said.".into() };
    let asked = Asked { is_question: true, keep: Some(way.clone()), ..Asked::default() };
    let actions = turn.handle(Event::Screened(asked), at(1));
    assert_eq!(actions, [Action::Search("door switch lockout".into())]);
    let mut actions = turn.handle(findings(vec![passage()], QueryCodes::default()), at(5));
    let Some(Action::Keep { keep, findings }) = actions.pop() else { panic!("not asked to keep it") };
    assert_eq!(keep, way);
    let ranked = super::keep(&keep, *findings);
    assert_eq!(ranked.answer.kind, AnswerKind::Refusal, "a torque table says nothing of protection");
    let actions = turn.handle(Event::Ranked(Box::new(ranked)), at(6));
    assert!(matches!(actions.as_slice(), [Action::Deliver(_)]), "{actions:?}");
}

/// A turn whose passage has a warning that can be shortened and a lockout that cannot.
fn warned(rung: Rung, understood: bool) -> Turn {
    let mut turn = Turn::new(limits(rung));
    if understood {
        let texts = ["DANGER: Crushing hazard. Wait 5 minutes.", "WARNING: Risk of restart. Lock out Q1."];
        turn.understood = texts.iter().map(|t| warnings::key(t)).collect();
    }
    turn.handle(Event::Typed(QUESTION.into()), at(0));
    turn.handle(asked(), at(1));
    turn
}

fn warned_passage() -> Passage {
    let warning = |signal, text: &str, lockout| Warning {
        signal,
        text: text.into(),
        span: Span { start: 0, end: 0 },
        lockout,
    };
    let mut passage = passage();
    passage.warnings = vec![
        warning(Signal::Danger, "DANGER: Crushing hazard. Wait 5 minutes.", false),
        warning(Signal::Warning, "WARNING: Risk of restart. Lock out Q1.", true),
    ];
    passage
}

#[test]
fn warnings_are_whole_however_late_the_draft_and_however_it_ends() {
    let whole = "DANGER: Crushing hazard. Wait 5 minutes. WARNING: Risk of restart. Lock out Q1.";
    let late = |turn: &mut Turn| {
        let deadline = turn.next_deadline().unwrap().0;
        turn.handle(Event::Tick, deadline)
    };
    let cut = |turn: &mut Turn| {
        turn.handle(prefilled(), at(200));
        turn.handle(text("The torque of the M16 flange bolt is 195 Nm. And"), at(400));
        let actions = late(turn);
        judge(turn, actions, 1790)
    };
    let dead = |turn: &mut Turn| turn.handle(Event::Draft(Update::Failed("gone".into())), at(20));
    type End<'a> = &'a dyn Fn(&mut Turn) -> Vec<Action>;
    for end in [&late as End<'_>, &cut, &dead] {
        let mut turn = warned(Rung::Recombined, false);
        rank_found(&mut turn, findings(vec![warned_passage()], QueryCodes::default()), 10);
        let answer = delivered(&end(&mut turn));
        let said = answer.text();
        assert!(said.find(whole).unwrap() < said.find("195 Nm").unwrap(), "{said}");
    }
}

#[test]
fn an_understood_warning_is_said_in_short_on_every_rung_and_a_lockout_never() {
    for rung in [Rung::Quoted, Rung::Recombined] {
        let mut turn = warned(rung, true);
        let actions = rank_found(&mut turn, findings(vec![warned_passage()], QueryCodes::default()), 10);
        let answer = match rung {
            Rung::Quoted => delivered(&actions),
            _ => {
                turn.handle(prefilled(), at(200));
                turn.handle(text("The torque of the M16 flange bolt is 195 Nm."), at(400));
                let actions = turn.handle(done(), at(500));
                delivered(&judge(&mut turn, actions, 505))
            }
        };
        assert_eq!(answer.rung, rung);
        let said = answer.text();
        assert!(said.contains("DANGER: Crushing hazard. WARNING: Risk of restart. Lock out Q1."), "{said}");
        assert!(!said.contains("5 minutes"), "{said}");
        assert!(answer.warnings[0].text.contains("Wait 5 minutes."), "the record has all of it");
        assert!(warnings::missing(&answer.warnings, &[&warned_passage()]).is_empty());
    }
}

#[test]
fn an_answer_that_is_there_already_is_delivered_without_a_search_and_the_ledger_says_whose() {
    let (_, actions) = found(limits(Rung::Quoted));
    let before = delivered(&actions);
    let mut turn = Turn::new(limits(Rung::Recombined));
    turn.handle(Event::Typed(QUESTION.into()), at(0));
    let given = Some(Box::new(Given { answer: before.clone(), note: "of turn t-1".into() }));
    let asked = Asked { question: QUESTION.into(), is_question: true, given, ..Asked::default() };
    assert_eq!(delivered(&turn.handle(Event::Screened(asked), at(1))), before);
    assert_eq!(turn.ledger.of(Stage::Screen).unwrap().note, "of turn t-1");
    assert!(turn.ledger.of(Stage::Retrieve).is_none());
    assert_eq!(turn.handle(Event::Rendered, at(2)), [Action::Close]);
}

#[test]
fn why_a_model_is_held_down_is_said_with_the_answer() {
    let mut turn = Turn::new(limits(Rung::Quoted));
    turn.held = "the model m is admitted up to quoted".into();
    turn.handle(Event::Typed(QUESTION.into()), at(0));
    turn.handle(asked(), at(1));
    let actions = rank_found(&mut turn, findings(vec![passage()], QueryCodes::default()), 10);
    assert_eq!(delivered(&actions).rung_why, "the model m is admitted up to quoted");
}
