//! Push-to-talk: when an utterance starts and when it ends.
//!
//! ```text
//!                      Down                         Up, held ≥ 200 ms
//!            ┌──── Start(pre-roll) ───► Held ──────────────────────────► Trailing
//!            │                          │  ▲                                │ │
//!            │      Up, held < 200 ms   │  └──────────── Down ──────────────┘ │
//!   Idle ◄───┼──────── TooShort ────────┤                                     │
//!    ▲  ▲    │                          │ 30 s                                │
//!    │  │    │                          ▼                                     │
//!    │  │    │                        Spent ◄───────────── 30 s ──────────────┤
//!    │  │    │   Up, or Toggle        │  ▲                                   │
//!    │  └────┼────────────────────────┘  │ 30 s                              │
//!    │       │ Toggle                    │        Toggle, open ≥ 200 ms      │
//!    │       └── Start(pre-roll) ──────► Open ───────────────────────────────┤
//!    │                                                                        │
//!    └──────────── 200 ms of sound later: End ────────────────────────────────┘
//! ```
//! A key that reports its release is *held*; one that does not (many terminals, a touch,
//! a line on standard input) *toggles*: press to start, press again to end. The sound of
//! the 300 ms before the press belongs to the utterance (people begin to speak as they
//! press), and so do the 200 ms after the release. A device that goes away ends in `Idle`.
//!
//! Sound is counted in samples, presses in time; where the sound stops coming, time ends
//! the utterance all the same.

use std::time::Duration;

use crate::core::Moment;
use crate::core::hear::SAMPLE_RATE;

/// Sound before the press that belongs to the utterance, in samples.
pub const PRE_ROLL: usize = SAMPLE_RATE as usize * 3 / 10;
/// Sound after the release that belongs to the utterance, in samples.
pub const HANG_OVER: usize = SAMPLE_RATE as usize / 5;
/// The longest utterance, from the press, in samples: the recogniser's window of 30 s.
pub const LONGEST: usize = SAMPLE_RATE as usize * 30;
/// A press shorter than this is a slip of the finger.
pub const SHORTEST: Duration = Duration::from_millis(200);
/// How much longer than its sound takes the hang-over is waited for.
const STARVED: Duration = Duration::from_millis(700);
/// How long after the cap a toggle is taken for the end that came too late.
const LATE: Duration = Duration::from_secs(2);

/// What the person does with the talk key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// Pressed, by a key that will report its release. Repeats are harmless.
    Down,
    /// Released.
    Up,
    /// Pressed, by something that reports no release: a terminal's key, a touch, Enter.
    Toggle,
}

/// What happens to the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The talk key.
    Key(Key),
    /// So many samples have arrived since the last event; 0 is a tick of the clock.
    Samples(usize),
    /// The microphone went away.
    Lost,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Begin an utterance with the last so many samples before now.
    Start {
        /// Samples before the press, at most.
        pre_roll: usize,
    },
    /// The utterance is complete.
    End(Ended),
    /// Throw the utterance away.
    Drop(Dropped),
}

/// Why an utterance is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The key was released or pressed again.
    Released,
    /// It reached [`LONGEST`].
    TooLong,
}

/// Why an utterance is thrown away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropped {
    /// Shorter than [`SHORTEST`].
    TooShort,
    /// The microphone went away in the middle.
    Lost,
}

/// The state machine of the talk key.
#[derive(Debug, Default)]
pub struct PushToTalk {
    state: State,
}

#[derive(Debug, Default, Clone, Copy)]
enum State {
    #[default]
    Idle,
    Recording {
        by: By,
        since: Moment,
        samples: usize,
    },
    Trailing {
        by: By,
        since: Moment,
        released: Moment,
        left: usize,
        samples: usize,
    },
    /// The cap was reached; the press or release that would have ended it is still to come.
    Spent { by: By, until: Moment },
}

/// How the utterance was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Hold,
    Toggle,
}

impl PushToTalk {
    /// Takes an event at `now`; says what is to be done, if anything.
    pub fn handle(&mut self, event: Event, now: Moment) -> Option<Action> {
        let (state, action) = self.state.after(event, now);
        self.state = state;
        action
    }

    /// Is an utterance being taken?
    pub fn is_recording(&self) -> bool {
        matches!(self.state, State::Recording { .. } | State::Trailing { .. })
    }
}

impl State {
    fn after(self, event: Event, now: Moment) -> (State, Option<Action>) {
        match event {
            Event::Key(key) => self.after_key(key, now),
            Event::Samples(n) => self.after_samples(n, now),
            Event::Lost => match self {
                State::Recording { .. } | State::Trailing { .. } => {
                    (State::Idle, Some(Action::Drop(Dropped::Lost)))
                }
                State::Idle | State::Spent { .. } => (State::Idle, None),
            },
        }
    }

    fn after_key(self, key: Key, now: Moment) -> (State, Option<Action>) {
        let start = |by| {
            let state = State::Recording {
                by,
                since: now,
                samples: 0,
            };
            (state, Some(Action::Start { pre_roll: PRE_ROLL }))
        };
        match (self, key) {
            (State::Idle, Key::Down) => start(By::Hold),
            (State::Idle, Key::Toggle) => start(By::Toggle),

            (
                State::Recording {
                    by: By::Hold,
                    since,
                    samples,
                },
                Key::Up,
            )
            | (
                State::Recording {
                    by: By::Toggle,
                    since,
                    samples,
                },
                Key::Toggle,
            ) => {
                if now.saturating_sub(since) < SHORTEST {
                    return (State::Idle, Some(Action::Drop(Dropped::TooShort)));
                }
                let by = if key == Key::Up { By::Hold } else { By::Toggle };
                (
                    State::Trailing {
                        by,
                        since,
                        released: now,
                        left: HANG_OVER,
                        samples,
                    },
                    None,
                )
            }

            // Pressed again before the hang-over has passed: the sentence goes on.
            (
                State::Trailing {
                    by: By::Hold,
                    since,
                    samples,
                    ..
                },
                Key::Down,
            ) => (
                State::Recording {
                    by: By::Hold,
                    since,
                    samples,
                },
                None,
            ),

            (State::Spent { by: By::Hold, .. }, Key::Up) => (State::Idle, None),
            (
                State::Spent {
                    by: By::Toggle,
                    until,
                },
                Key::Toggle,
            ) if now < until => (State::Idle, None),
            (State::Spent { by: By::Toggle, .. }, Key::Toggle) => start(By::Toggle),
            (State::Spent { by: By::Toggle, .. }, Key::Down) => start(By::Hold),

            // Repeats of a held key, the other kind of press in between, a stray release.
            (state, _) => (state, None),
        }
    }

    fn after_samples(self, n: usize, now: Moment) -> (State, Option<Action>) {
        match self {
            State::Recording { by, .. } | State::Trailing { by, .. }
                if self.samples() + n >= LONGEST =>
            {
                let spent = State::Spent {
                    by,
                    until: now + LATE,
                };
                // Someone who has let go already has nothing more to say.
                let next = if matches!(self, State::Trailing { .. }) {
                    State::Idle
                } else {
                    spent
                };
                (next, Some(Action::End(Ended::TooLong)))
            }
            State::Recording { by, since, samples } => (
                State::Recording {
                    by,
                    since,
                    samples: samples + n,
                },
                None,
            ),
            State::Trailing {
                by,
                since,
                released,
                left,
                samples,
            } => {
                let starved = now.saturating_sub(released) > hang_over() + STARVED;
                if n >= left || starved {
                    return (State::Idle, Some(Action::End(Ended::Released)));
                }
                let (left, samples) = (left - n, samples + n);
                (
                    State::Trailing {
                        by,
                        since,
                        released,
                        left,
                        samples,
                    },
                    None,
                )
            }
            state @ (State::Idle | State::Spent { .. }) => (state, None),
        }
    }

    fn samples(&self) -> usize {
        match *self {
            State::Recording { samples, .. } | State::Trailing { samples, .. } => samples,
            State::Idle | State::Spent { .. } => 0,
        }
    }
}

fn hang_over() -> Duration {
    Duration::from_millis(HANG_OVER as u64 * 1000 / u64::from(SAMPLE_RATE))
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Option<Action> = Some(Action::Start { pre_roll: PRE_ROLL });
    const RELEASED: Option<Action> = Some(Action::End(Ended::Released));
    const TEN_MS: usize = SAMPLE_RATE as usize / 100;

    /// The machine with a clock that sound moves forward.
    #[derive(Default)]
    struct Bench {
        machine: PushToTalk,
        now: Moment,
    }

    impl Bench {
        fn key(&mut self, key: Key) -> Option<Action> {
            self.machine.handle(Event::Key(key), self.now)
        }

        /// Sound for so long, in blocks of 10 ms; what was to be done, and after how long.
        fn hear(&mut self, ms: u64) -> Option<(Action, u64)> {
            for passed in (10..=ms).step_by(10) {
                self.now += Duration::from_millis(10);
                if let Some(action) = self.machine.handle(Event::Samples(TEN_MS), self.now) {
                    return Some((action, passed));
                }
            }
            None
        }
    }

    #[test]
    fn a_held_key_is_an_utterance_with_its_hang_over() {
        let mut bench = Bench::default();
        assert_eq!(bench.key(Key::Down), START);
        assert_eq!(bench.hear(1_000), None);
        assert_eq!(bench.key(Key::Up), None);
        assert_eq!(bench.hear(1_000), Some((Action::End(Ended::Released), 200)));
        assert!(!bench.machine.is_recording());
    }

    #[test]
    fn without_a_release_the_second_press_ends() {
        let mut bench = Bench::default();
        assert_eq!(bench.key(Key::Toggle), START);
        bench.hear(1_000);
        assert_eq!(bench.key(Key::Toggle), None);
        assert_eq!(bench.hear(1_000), Some((Action::End(Ended::Released), 200)));
        assert_eq!(bench.key(Key::Toggle), START);
    }

    #[test]
    fn repeats_of_a_held_key_change_nothing() {
        let mut bench = Bench::default();
        bench.key(Key::Down);
        for _ in 0..20 {
            bench.hear(50);
            assert_eq!(bench.key(Key::Down), None);
        }
        assert_eq!(bench.key(Key::Up), None);
        assert!(bench.hear(300).is_some());
    }

    #[test]
    fn a_slip_of_the_finger_is_no_question() {
        for (down, up) in [(Key::Down, Key::Up), (Key::Toggle, Key::Toggle)] {
            let mut bench = Bench::default();
            bench.key(down);
            bench.hear(150);
            assert_eq!(bench.key(up), Some(Action::Drop(Dropped::TooShort)));
            assert!(!bench.machine.is_recording());
        }
    }

    #[test]
    fn pressing_again_at_once_goes_on_with_the_sentence() {
        let mut bench = Bench::default();
        bench.key(Key::Down);
        bench.hear(500);
        bench.key(Key::Up);
        bench.hear(100);
        assert_eq!(bench.key(Key::Down), None);
        assert_eq!(bench.hear(1_000), None);
        bench.key(Key::Up);
        assert_eq!(
            bench.hear(300).map(|(action, _)| Some(action)),
            Some(RELEASED)
        );
    }

    #[test]
    fn thirty_seconds_are_the_end_and_the_key_must_be_let_go() {
        let mut bench = Bench::default();
        bench.key(Key::Down);
        assert_eq!(
            bench.hear(40_000),
            Some((Action::End(Ended::TooLong), 30_000))
        );
        assert_eq!(
            bench.key(Key::Down),
            None,
            "a repeat must not start another"
        );
        assert_eq!(bench.key(Key::Up), None);
        assert_eq!(bench.key(Key::Down), START);
    }

    #[test]
    fn the_press_that_was_to_end_a_capped_utterance_starts_no_other() {
        let mut bench = Bench::default();
        bench.key(Key::Toggle);
        bench.hear(30_000);
        bench.hear(1_000);
        assert_eq!(bench.key(Key::Toggle), None);
        assert_eq!(bench.key(Key::Toggle), START);

        let mut bench = Bench::default();
        bench.key(Key::Toggle);
        bench.hear(30_000);
        bench.hear(3_000);
        assert_eq!(
            bench.key(Key::Toggle),
            START,
            "long after the cap it is a new question"
        );
    }

    #[test]
    fn a_lost_microphone_drops_what_was_begun() {
        let mut bench = Bench::default();
        bench.key(Key::Down);
        bench.hear(500);
        assert_eq!(
            bench.machine.handle(Event::Lost, bench.now),
            Some(Action::Drop(Dropped::Lost))
        );
        assert_eq!(bench.key(Key::Up), None);
        assert_eq!(bench.machine.handle(Event::Lost, bench.now), None);
    }

    #[test]
    fn where_the_sound_stops_coming_time_ends_the_utterance() {
        let mut bench = Bench::default();
        bench.key(Key::Down);
        bench.hear(500);
        bench.key(Key::Up);
        let later = bench.now + Duration::from_secs(1);
        assert_eq!(bench.machine.handle(Event::Samples(0), later), RELEASED);
    }

    #[test]
    fn any_order_of_events_starts_and_ends_in_turn() {
        use proptest::prelude::*;
        let event = prop_oneof![
            Just(Event::Key(Key::Down)),
            Just(Event::Key(Key::Up)),
            Just(Event::Key(Key::Toggle)),
            (0_usize..20_000).prop_map(Event::Samples),
            Just(Event::Lost),
        ];
        proptest!(|(events in prop::collection::vec((event, 0_u64..500), 0..300))| {
            let (mut machine, mut now, mut open) = (PushToTalk::default(), Moment::ZERO, false);
            for (event, ms) in events {
                now += Duration::from_millis(ms);
                match machine.handle(event, now) {
                    Some(Action::Start { .. }) => {
                        prop_assert!(!open);
                        open = true;
                    }
                    Some(Action::End(_) | Action::Drop(_)) => {
                        prop_assert!(open);
                        open = false;
                    }
                    None => {}
                }
                prop_assert_eq!(machine.is_recording(), open);
            }
        });
    }
}
