//! Commands played through detector and endpointer: how long after the last sample of speech
//! is the end decided, and how often too early?
//!
//! The last sample of speech is that of the clean recording's last 10 ms that are within
//! 40 dB of its loudest (and 6 dB above its quietest, for recordings that have a noise of
//! their own). The words are what the recogniser hears from the beginning up to the pause;
//! they reach the endpointer [`WORDS_MS`] later, whatever else the machine is busy with: how
//! fast the recogniser is, other sections measure.

use std::path::Path;

use serde_json::json;

use super::super::corpora::{self, Utterance};
use super::super::mix;
use super::super::{Options, SEED, Sheet, Told};
use super::detector;
use crate::core::hear::SAMPLE_RATE;
use crate::core::hear::loudness::{dbfs, rms};
use crate::core::hear::whisper::{self, Recogniser};
use crate::entry::listen::endpoint::{Cue, Endpointer, Settings};
use crate::entry::listen::finished::{Completeness, completeness};
use crate::entry::listen::vad::FRAME;
use crate::operations::eval::retrieval::dice::Dice;
use crate::operations::eval::score::{percentile, share};
use crate::operations::models::{Role, Store};
use crate::operations::outcome::Result;

const SECOND: usize = SAMPLE_RATE as usize;
/// Room before and after the speech.
const LEAD: usize = SECOND;
const TAIL: usize = SECOND * 3 / 2;
/// The room's noise, dBFS.
const ROOM_DBFS: f32 = -65.0;
/// A step of the level, in samples (10 ms).
const STEP: usize = SECOND / 100;
/// What is so far below the loudest is no speech, dB; nor what is so near the quietest.
const BELOW_DB: f32 = 40.0;
const ABOVE_DB: f32 = 6.0;
/// A word gap: steps so far below the loudest, dB, and at least so many of them.
const GAP_DB: f32 = 25.0;
const GAP: usize = 4;
/// What the recogniser takes for a short question, milliseconds (tiny.en, two cores), and in
/// frames.
const WORDS_MS: usize = 150;
const WORDS: usize = (WORDS_MS * SECOND / 1000).div_ceil(FRAME);
/// Corpora of short commands.
const COMMANDS: [&str; 3] = ["commands_barista", "commands_home", "grid"];
/// In a quick run every so manieth clip is played.
const QUICK: usize = 4;

/// What is done to a recording.
#[derive(Debug, Clone, Copy)]
enum How {
    Clean,
    /// A pause of so many milliseconds at a word gap.
    Paused(usize),
    /// In plant noise at this ratio, dB.
    Noise(u8),
}

impl How {
    const ALL: [How; 6] =
        [How::Clean, How::Paused(200), How::Paused(400), How::Paused(600), How::Noise(20), How::Noise(10)];

    /// The end of the figures' names.
    fn suffix(self) -> String {
        match self {
            How::Clean => String::new(),
            How::Paused(ms) => format!("_pause_{ms}"),
            How::Noise(db) => format!("_{db}db"),
        }
    }
}

/// How a recording fared.
#[derive(Debug, Default)]
struct Outcome {
    /// The decision after the last sample of speech, milliseconds; before it, negative.
    after_ms: Option<f64>,
    /// What the last words before the end sounded like, where they came in time.
    sounded: Option<Completeness>,
    heard: String,
}

/// Measures it.
pub fn measure(
    options: &Options,
    model: Option<&Path>,
    told: &mut dyn Told,
    sheet: &mut Sheet,
) -> Result<()> {
    let recogniser =
        Store::open(&options.data)?.locate(Role::Recogniser, Some(&options.config.models.recogniser))?;
    let mut stage = Stage {
        model,
        recogniser: Recogniser::load(&recogniser.path)?,
        threads: options.config.threads(),
        settings: Settings {
            silence_ms: options.config.listen.silence_ms,
            longest_silence_ms: options.config.listen.longest_silence_ms,
        },
    };
    stage.recogniser.warm_up()?;
    let clips = clips(options)?;
    let mut noises = Vec::new();
    for noise in corpora::noise(&options.from)?.into_iter().filter(|noise| noise.is_of_a_plant()) {
        noises.push(corpora::samples(&noise.audio)?);
    }
    for how in How::ALL {
        // The same noise for the same clip, whatever is measured beside it.
        let mut dice = Dice::new(SEED);
        let (mut late, mut late_finished, mut cut, mut missed, mut played) =
            (Vec::new(), Vec::new(), 0, 0, 0);
        for (n, clip) in clips.iter().enumerate() {
            told.progress(&format!("endpoints{}", how.suffix()), n, clips.len());
            let speech = corpora::samples(&clip.audio)?;
            let Some((stream, end)) = scene(&speech, how, &noises, &mut dice) else { continue };
            let outcome = stage.play(&stream, end)?;
            played += 1;
            match outcome.after_ms {
                None => missed += 1,
                Some(ms) if ms < 0.0 => cut += 1,
                Some(ms) => {
                    late.push(ms);
                    if outcome.sounded == Some(Completeness::Finished) {
                        late_finished.push(ms);
                    }
                }
            }
            told.row(&json!({"section": "endpoints", "how": format!("{how:?}"), "id": clip.id,
                "after_ms": outcome.after_ms, "heard": outcome.heard,
                "sounded": outcome.sounded.map(|s| format!("{s:?}"))}))?;
        }
        let suffix = how.suffix();
        sheet.put(&format!("endpoint_clips{suffix}"), played as f64);
        sheet.put(&format!("cut_off_share{suffix}"), share(cut, played));
        sheet.put(&format!("endpoint_missed_share{suffix}"), share(missed, played));
        sheet.put(&format!("endpoint_finished_share{suffix}"), share(late_finished.len(), late.len()));
        for (name, values) in [("endpoint", &late), ("endpoint_finished", &late_finished)] {
            for p in [50.0, 95.0] {
                if let Some(ms) = percentile(values, p) {
                    sheet.put(&format!("{name}_ms_p{p}{suffix}"), ms);
                }
            }
        }
    }
    Ok(())
}

fn clips(options: &Options) -> Result<Vec<Utterance>> {
    let mut clips = corpora::speech(&options.from)?;
    clips.retain(|clip| COMMANDS.contains(&clip.corpus.as_str()));
    clips.extend(corpora::voice(&options.from)?);
    clips.extend(corpora::golden(&options.repository)?);
    clips.retain(|clip| clip.language.starts_with("en") && !clip.noisy);
    let step = if options.quick { QUICK } else { 1 };
    Ok(clips.into_iter().step_by(step).collect())
}

/// What all clips have in common.
struct Stage<'m> {
    model: Option<&'m Path>,
    recogniser: Recogniser,
    threads: usize,
    settings: Settings,
}

impl Stage<'_> {
    /// Plays a stream whose speech ends at `end` (samples), up to the first end told.
    fn play(&mut self, stream: &[f32], end: usize) -> Result<Outcome> {
        let mut frames = Vec::new();
        detector(self.model)?.push(stream, &mut frames)?;
        let mut endpointer = Endpointer::new(self.settings.clone());
        let (mut outcome, mut begin) = (Outcome::default(), 0);
        // What the words sounded like, and the frame at which that is known.
        let mut coming: Option<(usize, Completeness)> = None;
        for (n, frame) in frames.iter().enumerate() {
            if let Some((_, sounded)) = coming.take_if(|(at, _)| *at <= n) {
                endpointer.sounds(sounded);
                outcome.sounded = Some(sounded);
            }
            let now = (n + 1) * FRAME;
            match endpointer.frame(*frame) {
                None | Some(Cue::Dropped) => {}
                Some(Cue::Started { back }) => begin = now - back,
                Some(Cue::Resumed) => {
                    coming = None;
                    outcome.sounded = None;
                }
                Some(Cue::Paused { .. }) => {
                    let how = whisper::Options { threads: self.threads, ..whisper::Options::default() };
                    let heard =
                        self.recogniser.transcribe(stream.get(begin..now).unwrap_or_default(), &how)?;
                    coming = Some((n + WORDS, completeness(&heard.text, &heard.language)));
                    outcome.heard = heard.text;
                }
                Some(Cue::Ended { .. }) => {
                    outcome.after_ms = Some((now as f64 - end as f64) * 1000.0 / SECOND as f64);
                    return Ok(outcome);
                }
            }
        }
        Ok(outcome)
    }
}

/// The stream to play, and where its speech ends; `None` where there is no speech in the
/// recording, or no word gap for a pause.
fn scene(speech: &[f32], how: How, noises: &[Vec<f32>], dice: &mut Dice) -> Option<(Vec<f32>, usize)> {
    let levels: Vec<f32> = speech.chunks(STEP).map(|step| dbfs(rms(step))).collect();
    let loudest = levels.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sorted = levels.clone();
    sorted.sort_by(f32::total_cmp);
    let quietest = sorted.get(sorted.len() / 20).copied()?;
    let threshold = (loudest - BELOW_DB).max((quietest + ABOVE_DB).min(loudest - BELOW_DB / 2.0));
    let last = levels.iter().rposition(|level| *level >= threshold)?;
    let mut end = LEAD + ((last + 1) * STEP).min(speech.len());
    let mut stream = vec![0.0; LEAD];
    stream.extend_from_slice(speech);
    if let How::Paused(ms) = how {
        let at = LEAD + gap(&levels, loudest - GAP_DB)? * STEP;
        let pause = SECOND * ms / 1000;
        stream.splice(at..at, std::iter::repeat_n(0.0, pause));
        end += pause;
    }
    // Behind the speech the room is silent, as the recording may not be.
    stream.truncate(end);
    stream.resize(end + TAIL, 0.0);
    if let How::Noise(db) = how
        && !noises.is_empty()
    {
        let noise = noises.get(dice.below(noises.len()))?;
        let noise = mix::stretch(noise, stream.len(), dice);
        stream = mix::at_snr(&stream, &noise, f32::from(db));
    }
    let room = room(stream.len(), dice);
    stream.iter_mut().zip(room).for_each(|(sample, room)| *sample += room);
    Some((stream, end))
}

/// The noise of a quiet room.
pub fn room(length: usize, dice: &mut Dice) -> Vec<f32> {
    // Uniform between −1 and 1 has an RMS of 1/√3.
    let gain = 10_f32.powf(ROOM_DBFS / 20.0) * 3_f32.sqrt();
    (0..length).map(|_| gain * (dice.below(2_001) as f32 / 1_000.0 - 1.0)).collect()
}

/// The middle of the longest word gap in the middle of the speech, in steps.
fn gap(levels: &[f32], threshold: f32) -> Option<usize> {
    let first = levels.iter().position(|level| *level >= threshold)?;
    let last = levels.iter().rposition(|level| *level >= threshold)?;
    let (from, to) = (first + (last - first) / 4, last - (last - first) / 5);
    let mut longest = (0, 0);
    let mut at = from;
    for run in levels.get(from..to)?.chunk_by(|a, b| (*a < threshold) == (*b < threshold)) {
        if run.first().is_some_and(|level| *level < threshold) && run.len() > longest.1 {
            longest = (at, run.len());
        }
        at += run.len();
    }
    (longest.1 >= GAP).then_some(longest.0 + longest.1 / 2)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Tones of so many milliseconds, every second one silent.
    fn tones(spans: &[usize]) -> Vec<f32> {
        let tone = |(n, ms): (usize, &usize)| {
            (0..SECOND * ms / 1000).map(move |i| if n % 2 == 0 { 0.3 * (i as f32 * 0.4).sin() } else { 0.0 })
        };
        spans.iter().enumerate().flat_map(tone).collect()
    }

    #[test]
    fn the_end_of_speech_is_where_the_recording_falls_silent() {
        let speech = tones(&[500, 100, 400, 300]);
        let (stream, end) = scene(&speech, How::Clean, &[], &mut Dice::new(1)).unwrap();
        assert_eq!((stream.len(), end), (2 * SECOND + TAIL, 2 * SECOND));
        assert!((dbfs(rms(&stream[end..])) - ROOM_DBFS).abs() < 0.5);
        assert!(scene(&[], How::Clean, &[], &mut Dice::new(1)).is_none());
    }

    #[test]
    fn a_pause_is_put_into_the_longest_gap() {
        let speech = tones(&[400, 60, 300, 120, 400]);
        let (stream, end) = scene(&speech, How::Paused(400), &[], &mut Dice::new(1)).unwrap();
        assert_eq!(end, LEAD + speech.len() + SECOND * 4 / 10);
        let gap = LEAD + SECOND * 770 / 1000..LEAD + SECOND * 1270 / 1000;
        assert!(dbfs(rms(&stream[gap])) < -60.0, "520 ms of silence");
        assert!(scene(&tones(&[900]), How::Paused(400), &[], &mut Dice::new(1)).is_none());
    }

    #[test]
    fn noise_lies_under_all_of_it() {
        let noise = vec![room(SECOND, &mut Dice::new(9))];
        let (stream, end) = scene(&tones(&[900]), How::Noise(10), &noise, &mut Dice::new(1)).unwrap();
        let speech = dbfs(rms(&stream[LEAD..end]));
        assert!((speech - dbfs(rms(&stream[end..])) - 10.4).abs() < 0.5, "10 dB, and the noise itself");
    }
}
