//! Does somebody speak over the voice?
//!
//! What the canceller leaves of the voice lies at the noise of the room, so that somebody's
//! first sound stands out of it by 20 dB and more, well before a detector of voice activity
//! is sure of it, and also where the suppressor cuts so deep into it that the detector never
//! will be. Hence two steps: *hush* by the level alone, within 50 ms, and then the
//! detector's word on whether that was somebody.
//!
//! ```text
//!             loud for 40 ms                   speech, or loud for 200 ms
//!   listening ───────────────▶ Hush: hushed ───────────────────────────▶ Speech: spoken
//!     ▲   ▲                      │ 400 ms without                          │
//!     │   └──── Nothing ─────────┘                                         │
//!     └─────────────────── quiet for 500 ms ───────────────────────────────┘
//! ```
//! While the canceller still learns (the first second of what it ever hears), what it leaves
//! may be the echo: then only the detector counts, and only for long.

use super::Levels;
use crate::entry::listen::vad::Frame;

/// Above the noise of the room by so much it is loud, dB.
const OVER_FLOOR: f32 = 12.0;
/// Below this it never is, dBFS.
const FAINT: f32 = -55.0;
/// Somebody's sound is above the echo less so much, dB: what is below may be the tail of the
/// room, which is longer than the canceller's filter. (At −6 dB, 16 dB hush 10 ms sooner and
/// by mistake four times as often.)
const TAKEN: f32 = 12.0;
/// The echo is held to have been there a moment ago, falling by so much a second, dB: the
/// tail of a room with an RT60 of 1 s.
const FALL: f32 = 60.0;
/// The detector is sure.
const SPEECH: f32 = 0.5;
/// Loud milliseconds to hush.
const HUSH_MS: u32 = 40;
/// Loud milliseconds that need no detector.
const LOUD_MS: u32 = 200;
/// After so long without a sign of speech it was nothing.
const NOTHING_MS: u32 = 400;
/// After so long without a sound the next one is another interruption.
const QUIET_MS: u32 = 500;
/// Of playing, until the canceller has learnt.
const LEARNING_MS: u32 = 1_200;
/// Loud milliseconds to hush while it learns.
const LEARNING_HUSH_MS: u32 = 200;
/// The floor rises by so much a second, dB; it falls by half of the way in a block.
const RISE: f32 = 9.0;

/// What the machine says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cue {
    /// A sound that is not the voice's own: stop speaking, at least for now.
    Hush,
    /// It is somebody.
    Speech,
    /// It was nobody (a bang): the voice may go on.
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Listening,
    Hushed,
    Spoken,
}

/// The state machine; its clock is the sound itself.
#[derive(Debug, Default)]
pub struct Barge {
    state: State,
    floor: Option<f32>,
    /// The microphone's level, falling slowly; at first, while it learns, as loud as can be.
    heard: f32,
    /// Of loud sound; quiet takes it back.
    loud_ms: u32,
    /// Since the last loud one.
    quiet_ms: u32,
    /// Since it hushed.
    hushed_ms: u32,
    /// The most that the detector gave since it became loud.
    speech: f32,
    /// Of playing, over all of the stream.
    played_ms: u32,
}

impl Barge {
    /// Nothing is played yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes how loud the last `ms` milliseconds (10, say) were; `None` while nothing plays.
    pub fn levels(&mut self, levels: Option<Levels>, ms: u32) -> Option<Cue> {
        let Some(levels) = levels else {
            return self.silence();
        };
        self.played_ms = self.played_ms.saturating_add(ms);
        let left = levels.left_dbfs;
        self.heard = levels.heard_dbfs.max(self.heard - FALL * ms as f32 / 1000.0);
        let floor = self.floor.unwrap_or(left);
        let is_loud = left > FAINT.max(floor + OVER_FLOOR).max(self.heard - TAKEN);
        if is_loud {
            (self.loud_ms, self.quiet_ms) = (self.loud_ms + ms, 0);
        } else {
            self.floor = Some(if left < floor {
                (left + floor) / 2.0
            } else {
                left.min(floor + RISE * ms as f32 / 1000.0)
            });
            (self.loud_ms, self.quiet_ms) = (self.loud_ms.saturating_sub(ms / 2), self.quiet_ms + ms);
        }
        if self.loud_ms == 0 {
            self.speech = 0.0;
        }
        self.step(ms)
    }

    /// Takes what the detector says of the cleaned signal.
    pub fn frame(&mut self, frame: Frame) -> Option<Cue> {
        if self.loud_ms > 0 || self.state == State::Hushed {
            self.speech = self.speech.max(frame.speech);
        }
        self.step(0)
    }

    fn step(&mut self, ms: u32) -> Option<Cue> {
        let learns = self.played_ms < LEARNING_MS;
        match self.state {
            State::Listening => {
                let enough = if learns {
                    self.loud_ms >= LEARNING_HUSH_MS && self.speech >= SPEECH
                } else {
                    self.loud_ms >= HUSH_MS
                };
                enough.then(|| {
                    (self.state, self.hushed_ms) = (State::Hushed, 0);
                    Cue::Hush
                })
            }
            State::Hushed => {
                self.hushed_ms += ms;
                if self.speech >= SPEECH || self.loud_ms >= LOUD_MS {
                    self.state = State::Spoken;
                    return Some(Cue::Speech);
                }
                (self.hushed_ms >= NOTHING_MS).then(|| {
                    self.again();
                    Cue::Nothing
                })
            }
            State::Spoken => {
                if self.quiet_ms >= QUIET_MS {
                    self.again();
                }
                None
            }
        }
    }

    /// Nothing plays: nothing is to be stopped.
    fn silence(&mut self) -> Option<Cue> {
        let hushed = self.state == State::Hushed;
        self.again();
        // Whatever it was, the endpointer has it now.
        hushed.then_some(Cue::Nothing)
    }

    fn again(&mut self) {
        (self.state, self.loud_ms, self.quiet_ms, self.hushed_ms) = (State::Listening, 0, 0, 0);
        self.speech = 0.0;
    }

    /// Forgets the stream.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Milliseconds of a level of the microphone and of what is left of it.
    fn play(barge: &mut Barge, ms: u32, heard: f32, left: f32, speech: f32) -> Vec<(u32, Cue)> {
        let mut cues = Vec::new();
        for n in 1..=ms / 10 {
            let levels = Levels { heard_dbfs: heard, linear_dbfs: heard, left_dbfs: left };
            cues.extend(barge.levels(Some(levels), 10).map(|cue| (10 * n, cue)));
            if n % 3 == 0 {
                cues.extend(barge.frame(Frame { speech, level_dbfs: left }).map(|cue| (10 * n, cue)));
            }
        }
        cues
    }

    /// One that has heard two seconds of the voice.
    fn learnt() -> Barge {
        let mut barge = Barge::new();
        assert_eq!(play(&mut barge, 2_000, -25.0, -62.0, 0.0), []);
        barge
    }

    #[test]
    fn somebody_is_noticed_within_50_ms_and_believed_by_the_detector() {
        let mut barge = learnt();
        let cues = play(&mut barge, 600, -22.0, -26.0, 0.9);
        assert_eq!(cues[0], (40, Cue::Hush));
        assert_eq!(cues[1].1, Cue::Speech);
        assert!(cues[1].0 <= 60 && cues.len() == 2, "{cues:?}");
    }

    #[test]
    fn who_goes_on_speaking_needs_no_detector() {
        let cues = play(&mut learnt(), 600, -22.0, -26.0, 0.1);
        assert_eq!(cues, [(40, Cue::Hush), (200, Cue::Speech)]);
    }

    #[test]
    fn a_bang_is_nothing() {
        let mut barge = learnt();
        assert_eq!(play(&mut barge, 60, -10.0, -12.0, 0.1), [(40, Cue::Hush)]);
        let after = play(&mut barge, 1_000, -25.0, -62.0, 0.1);
        assert_eq!(after.len(), 1);
        assert_eq!(after[0].1, Cue::Nothing);
        // And then it listens again.
        assert_eq!(play(&mut barge, 60, -22.0, -26.0, 0.9)[0].1, Cue::Hush);
    }

    #[test]
    fn a_click_is_less() {
        let mut barge = learnt();
        assert_eq!(play(&mut barge, 20, -10.0, -12.0, 0.9), []);
        assert_eq!(play(&mut barge, 500, -25.0, -62.0, 0.0), []);
    }

    #[test]
    fn the_tail_of_the_room_is_not_somebody() {
        let mut barge = learnt();
        for step in 0..20 {
            assert_eq!(play(&mut barge, 10, -25.0 - step as f32, -50.0, 0.3), [], "{step}");
        }
    }

    #[test]
    fn while_it_learns_the_echo_is_not_somebody_but_long_speech_is() {
        assert_eq!(play(&mut Barge::new(), 600, -20.0, -24.0, 0.2), []);
        let mut barge = Barge::new();
        play(&mut barge, 300, -60.0, -62.0, 0.0);
        let cues = play(&mut barge, 800, -20.0, -24.0, 0.9);
        assert!(cues.iter().any(|(_, cue)| *cue == Cue::Speech), "{cues:?}");
    }

    #[test]
    fn one_interruption_is_told_once_and_the_next_again() {
        let mut barge = learnt();
        let hushes = |cues: Vec<(u32, Cue)>| cues.iter().filter(|(_, cue)| *cue == Cue::Hush).count();
        assert_eq!(hushes(play(&mut barge, 3_000, -22.0, -26.0, 0.9)), 1);
        assert_eq!(hushes(play(&mut barge, 600, -25.0, -62.0, 0.0)), 0);
        assert_eq!(hushes(play(&mut barge, 300, -22.0, -26.0, 0.9)), 1);
    }

    #[test]
    fn steady_noise_becomes_the_floor() {
        let mut barge = learnt();
        let first = play(&mut barge, 1_000, -30.0, -45.0, 0.0);
        assert!(first.len() <= 2, "{first:?}");
        play(&mut barge, 4_000, -30.0, -45.0, 0.0);
        assert_eq!(play(&mut barge, 5_000, -30.0, -45.0, 0.0), []);
    }

    #[test]
    fn while_nothing_plays_nothing_is_stopped() {
        let mut barge = learnt();
        assert_eq!(play(&mut barge, 50, -22.0, -26.0, 0.1), [(40, Cue::Hush)]);
        assert_eq!(barge.levels(None, 10), Some(Cue::Nothing));
        assert_eq!(barge.levels(None, 10), None);
        assert_eq!(barge.frame(Frame { speech: 1.0, level_dbfs: -20.0 }), None);
    }
}
