//! What the scheduler does, one behaviour each.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use super::trials::{Job, cost, job};
use super::*;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn state(settings: Settings) -> State<&'static str> {
    State::new(settings, cost())
}

/// A person's request with plenty of time.
fn person(device: &str, read: usize, write: usize) -> Job {
    job(ms(0), Class::Person, device, read, write, 60_000)
}

fn push(state: &mut State<&'static str>, job: &Job, name: &'static str) -> Ticket {
    state.push(job.ask.clone(), name, job.arrives).unwrap()
}

/// Who starts now, in order.
fn started(state: &mut State<&'static str>, now: u64) -> Vec<&'static str> {
    std::iter::from_fn(|| state.start(ms(now))).map(|(_, name)| name).collect()
}

fn step(state: &mut State<&'static str>, now: u64) -> Vec<(u64, Work)> {
    let mut items = Vec::new();
    state.step(ms(now), &mut items);
    items.iter().map(|i| (i.ticket.0, i.work)).collect()
}

fn single() -> Settings {
    Settings { mode: Mode::Single, ..Settings::default() }
}

#[test]
fn a_person_goes_first_then_the_earliest_deadline_then_the_first_to_come() {
    let mut line = state(single());
    for (name, class, within) in [
        ("guess", Class::Idle, 9400),
        ("event", Class::Event, 9500),
        ("later", Class::Person, 9900),
        ("soon", Class::Person, 9600),
        ("soon too", Class::Person, 9600),
    ] {
        push(&mut line, &job(ms(0), class, "a", 50, 5, within), name);
    }
    let mut order = Vec::new();
    while let Some((ticket, name)) = line.start(ms(0)) {
        order.push(name);
        line.end(ticket, false);
    }
    assert_eq!(order, ["soon", "soon too", "later", "event", "guess"]);
}

#[test]
fn a_lone_request_starts_at_once_and_gets_the_whole_step() {
    let mut line = state(Settings::default());
    push(&mut line, &person("a", 400, 40), "alone");
    assert_eq!(started(&mut line, 0), ["alone"]);
    assert_eq!(step(&mut line, 0), [(0, Work::Read { tokens: 128 })]);
}

#[test]
fn a_step_mixes_those_that_write_with_a_slice_of_what_is_read() {
    let mut line = state(Settings::default());
    let writer = push(&mut line, &person("a", 10, 40), "writes");
    push(&mut line, &person("b", 400, 40), "reads");
    started(&mut line, 0);
    line.read(writer, 10);
    line.wrote(writer, 0, 1);
    assert_eq!(step(&mut line, 20), [(0, Work::Write { draft: 7 }), (1, Work::Read { tokens: 120 })]);
}

#[test]
fn a_long_prompt_gets_its_slice_and_less_beside_those_that_write() {
    let mut line = state(Settings::default());
    push(&mut line, &person("a", 3000, 40), "long");
    started(&mut line, 0);
    assert_eq!(step(&mut line, 0), [(0, Work::Read { tokens: 24 })]);
    let short = push(&mut line, &person("b", 400, 40), "short");
    started(&mut line, 0);
    assert_eq!(step(&mut line, 0), [(0, Work::Read { tokens: 4 }), (1, Work::Read { tokens: 124 })]);
    // Beside one that only writes the slice is what makes the step a quarter longer, but some.
    line.read(short, 400);
    line.wrote(short, 0, 1);
    assert_eq!(step(&mut line, 0), [(0, Work::Read { tokens: 4 }), (1, Work::Write { draft: 7 })]);
}

#[test]
fn long_prompts_hold_their_own_slots_and_no_others() {
    let mut line = state(Settings { slots: 2, kv_tokens: 100_000, ..Settings::default() });
    push(&mut line, &person("a", 2000, 1), "long");
    push(&mut line, &person("b", 2000, 1), "long too");
    push(&mut line, &person("c", 20, 1), "short");
    assert_eq!(started(&mut line, 0), ["long", "short"], "one long at a time");
    line.end(Ticket(2), false);
    push(&mut line, &person("c", 20, 1), "short too");
    assert_eq!(started(&mut line, 0), ["short too"]);
    line.end(Ticket(0), false);
    push(&mut line, &person("c", 20, 1), "short again");
    line.end(Ticket(3), false);
    assert_eq!(started(&mut line, 0), ["long too", "short again"], "the slot was kept for it");
}

#[test]
fn what_cannot_be_ready_is_told_at_the_door_when_it_could_be() {
    let mut line = state(single());
    // 1000 tokens: eight steps of 128 rows, 124 ms each.
    push(&mut line, &job(ms(0), Class::Person, "a", 1000, 0, 5000), "running");
    started(&mut line, 0);
    step(&mut line, 0);
    let ask = |within| job(ms(0), Class::Person, "b", 1000, 0, within).ask;
    let Err(Refusal::TooLate { earliest_ms }) = line.push(ask(1900), "late", ms(0)) else {
        panic!("not in 1.9 s")
    };
    assert!((1900..2300).contains(&earliest_ms), "{earliest_ms}");
    line.push(ask(earliest_ms + 1), "in time", ms(0)).unwrap();
}

#[test]
fn who_would_make_an_admitted_one_late_is_refused_though_it_could_be_in_time() {
    let mut line = state(Settings::default());
    push(&mut line, &job(ms(0), Class::Person, "a", 1000, 0, 1200), "admitted");
    // Its own deadline is earlier: it would go first, and the other would miss.
    let hurried = job(ms(0), Class::Person, "b", 500, 0, 1100).ask;
    let Err(Refusal::TooLate { earliest_ms }) = line.push(hurried.clone(), "hurried", ms(0)) else {
        panic!("one of them is late")
    };
    assert!(earliest_ms > 1200, "{earliest_ms}: after the other");
    // A machine event gives way to a person.
    let mut line = state(Settings::default());
    push(&mut line, &job(ms(0), Class::Event, "plc", 1000, 0, 1200), "event");
    line.push(hurried, "person", ms(0)).unwrap();
}

#[test]
fn the_bound_is_kept_and_only_a_lower_class_makes_room() {
    let mut line = state(Settings { queue_bound: 2, ..single() });
    push(&mut line, &person("a", 1, 1), "person");
    push(&mut line, &job(ms(0), Class::Idle, "a", 1, 1, 9000), "guess");
    let event = job(ms(0), Class::Event, "plc", 1, 1, 9000);
    push(&mut line, &event, "event");
    assert_eq!(line.take_dropped(), [("guess", Why::Refused(Refusal::Full { bound: 2 }))]);
    assert_eq!(line.push(event.ask, "event 2", ms(0)), Err(Refusal::Full { bound: 2 }));
    assert_eq!(line.waiting(), 2);
}

#[test]
fn who_left_and_who_is_late_is_dropped_before_being_started() {
    let mut line = state(single());
    let left = person("a", 1, 1);
    push(&mut line, &left, "left");
    push(&mut line, &job(ms(0), Class::Person, "a", 1, 1, 100), "late");
    push(&mut line, &person("b", 1, 1), "served");
    left.ask.cancel.raise();
    assert_eq!(started(&mut line, 100), ["served"]);
    let dropped = line.take_dropped();
    assert!(
        matches!(dropped[..], [("late", Why::Refused(Refusal::TooLate { .. })), ("left", Why::Cancelled)]),
        "{dropped:?}"
    );
}

#[test]
fn who_leaves_or_is_late_in_flight_is_told_to_end() {
    let mut line = state(Settings::default());
    let left = person("a", 100, 10);
    let left_ticket = push(&mut line, &left, "left");
    let late_ticket = push(&mut line, &job(ms(0), Class::Person, "a", 100, 10, 600), "late");
    started(&mut line, 0);
    left.ask.cancel.raise();
    line.sweep(ms(700));
    assert_eq!(line.take_ended(), [(late_ticket, Why::Late), (left_ticket, Why::Cancelled)]);
    assert_eq!(line.running(), 0);
}

#[test]
fn what_can_no_longer_be_ready_is_not_started() {
    let mut line = state(single());
    push(&mut line, &job(ms(0), Class::Person, "a", 1000, 0, 1200), "hopeless");
    // Nobody came to start it for a second.
    assert!(started(&mut line, 1000).is_empty());
    assert!(matches!(line.take_dropped()[..], [("hopeless", Why::Refused(Refusal::TooLate { .. }))]));
    assert_eq!((line.waiting(), line.running()), (0, 0));
}

#[test]
fn guessed_work_is_paused_for_a_real_request_and_makes_room_where_room_is_scarce() {
    let mut line = state(Settings { slots: 2, ..Settings::default() });
    push(&mut line, &job(ms(0), Class::Idle, "a", 300, 0, 9000), "guess");
    started(&mut line, 0);
    assert_eq!(step(&mut line, 0), [(0, Work::Read { tokens: 24 })], "somebody may come");
    push(&mut line, &person("a", 100, 10), "real");
    started(&mut line, 0);
    assert_eq!(step(&mut line, 0), [(1, Work::Read { tokens: 100 })]);
    push(&mut line, &person("b", 100, 10), "real too");
    assert_eq!(started(&mut line, 0), ["real too"]);
    assert_eq!(line.take_ended(), [(Ticket(0), Why::Refused(Refusal::Full { bound: 8 }))]);
}

#[test]
fn of_equal_deadlines_the_device_with_less_in_flight_goes_first_and_none_holds_all_slots() {
    let mut line = state(Settings { slots: 3, long_slots: 1, ..Settings::default() });
    for name in ["a1", "a2", "a3", "a4"] {
        push(&mut line, &person("a", 100, 10), name);
    }
    push(&mut line, &job(ms(0), Class::Person, "b", 100, 10, 60_200), "b1");
    assert_eq!(started(&mut line, 0), ["a1", "b1", "a2"]);
    push(&mut line, &job(ms(0), Class::Person, "c", 100, 10, 90_000), "c1");
    line.end(Ticket(4), false);
    assert_eq!(started(&mut line, 0), ["c1"], "much later, but a would hold all three");
}

#[test]
fn the_kv_cache_is_not_promised_twice() {
    let mut line = state(Settings { kv_tokens: 1000, ..Settings::default() });
    for name in ["first", "second", "third"] {
        push(&mut line, &person(name, 400, 80), name);
    }
    assert_eq!(started(&mut line, 0), ["first", "second"]);
    line.end(Ticket(0), false);
    assert_eq!(started(&mut line, 0), ["third"]);
    let refused = line.push(person("d", 1000, 10).ask, "never", ms(0));
    assert!(matches!(refused, Err(Refusal::TooLong { window: 1000, .. })), "{refused:?}");
}

#[test]
fn a_window_collects_and_runs_its_batch_to_the_end() {
    let mut line = state(Settings { mode: Mode::Window { ms: 60 }, ..Settings::default() });
    push(&mut line, &person("a", 10, 1), "first");
    assert!(started(&mut line, 0).is_empty());
    let mut items = Vec::new();
    assert_eq!(line.step(ms(0), &mut items), Next::Wait(Some(ms(60))));
    push(&mut line, &person("b", 10, 1), "second");
    assert_eq!(started(&mut line, 60), ["first", "second"]);
    push(&mut line, &person("c", 10, 1), "third");
    assert!(started(&mut line, 200).is_empty(), "the batch runs");
    line.end(Ticket(0), false);
    line.end(Ticket(1), false);
    assert!(started(&mut line, 300).is_empty(), "collects anew");
    assert_eq!(started(&mut line, 360), ["third"]);
}

#[test]
fn a_static_batch_waits_for_its_size_but_not_for_ever() {
    let mut line = state(Settings { mode: Mode::Static { size: 2 }, ..Settings::default() });
    push(&mut line, &person("a", 10, 1), "first");
    assert!(started(&mut line, 100).is_empty());
    push(&mut line, &person("b", 10, 1), "second");
    push(&mut line, &person("c", 10, 1), "third");
    assert_eq!(started(&mut line, 110), ["first", "second"]);
    line.end(Ticket(0), false);
    line.end(Ticket(1), false);
    assert!(started(&mut line, 200).is_empty());
    assert_eq!(started(&mut line, 700), ["third"], "nobody else came");
}

#[test]
fn an_adaptive_window_is_none_for_a_lone_asker() {
    let mut line = state(Settings { mode: Mode::Adaptive { most_ms: 60 }, ..Settings::default() });
    push(&mut line, &person("a", 10, 1), "alone");
    assert_eq!(started(&mut line, 0), ["alone"]);
}
