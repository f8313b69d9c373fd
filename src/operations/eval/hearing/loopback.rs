//! The ear in the room, in simulated time: what is played goes to the tap, what comes back to
//! the microphone.

use std::time::Duration;

use super::room::{self, Path};
use crate::core::hear::SAMPLE_RATE;
use crate::entry::listen::own_voice::OwnVoice;
use crate::entry::listen::own_voice::barge::{Barge, Cue};
use crate::entry::listen::vad::Vad;
use crate::operations::eval::retrieval::dice::Dice;

/// Samples of a block of the microphone: 10 ms.
const BLOCK: usize = SAMPLE_RATE as usize / 100;
/// Samples of a block of the tap.
const TAP: usize = 256;
/// Somebody who says something.
#[derive(Debug, Clone)]
pub struct Speaker<'a> {
    /// The recording, 16 kHz.
    pub utterance: &'a [f32],
    /// The sample at which it is laid.
    pub at: usize,
    /// Above the echo, dB.
    pub over_db: f32,
}

/// What is played: the same sound at the loudspeaker's rate and at 16 kHz.
#[derive(Debug, Clone)]
pub struct Played {
    /// At the device's rate.
    pub samples: Vec<f32>,
    /// The device's rate.
    pub rate: u32,
    /// At 16 kHz.
    pub at_16k: Vec<f32>,
}

/// What the ear made of it.
#[derive(Debug, Clone, Default)]
pub struct Heard {
    /// Samples at which it said "hush".
    pub hushes: Vec<usize>,
    /// Samples at which it said "somebody speaks".
    pub stops: Vec<usize>,
    /// What was cleaned, by the ear's latency late.
    pub cleaned: Vec<f32>,
    /// What the microphone heard.
    pub microphone: Vec<f32>,
    /// Of each speaker, where the first sound began, where the voice set in, where it ends.
    pub spoken: Vec<(usize, usize, usize)>,
}

/// Is the canceller there?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancel {
    /// As in the product.
    On,
    /// The microphone as it is, the same decision.
    Off,
}

/// Plays `played` in a room and listens. `noise` is laid over everything, at its own level.
///
/// # Errors
/// Where the detector's model does not run.
pub fn run(
    played: &Played,
    path: &Path,
    speakers: &[Speaker<'_>],
    noise: &[f32],
    cancel: Cancel,
    vad: &mut Vad,
) -> crate::entry::Result<Heard> {
    let echo = room::echo(&played.at_16k, path);
    let level = room::level_of(&echo);
    let mut heard = Heard { microphone: echo, ..Heard::default() };
    let mut dice = Dice::new(path.seed ^ 0x5EED);
    for speaker in speakers {
        let wet = room::convolve(speaker.utterance, &room::response(path.rt60, &mut dice));
        let there = level * 10_f32.powf(speaker.over_db / 20.0);
        let first = room::speak(&mut heard.microphone, &wet, speaker.at, there);
        let voice = speaker.at + room::onset(&wet, 8.0);
        heard.spoken.push((first, voice, speaker.at + wet.len()));
    }
    for (slot, sample) in heard.microphone.iter_mut().zip(noise) {
        *slot += sample;
    }
    room::murmur(&mut heard.microphone, -60.0, &mut dice);
    listen(played, &mut heard, cancel, vad)?;
    Ok(heard)
}

fn listen(played: &Played, heard: &mut Heard, cancel: Cancel, vad: &mut Vad) -> crate::entry::Result<()> {
    let (mut own, mut barge, mut frames) = (OwnVoice::new(), Barge::new(), Vec::new());
    vad.reset();
    let mut tapped = 0;
    for (n, block) in heard.microphone.chunks_exact(BLOCK).enumerate() {
        let end = (n + 1) * BLOCK;
        let now = Duration::from_millis(10 * (n as u64 + 1));
        // The tap has a block once its last sample was pulled.
        while let Some(block) = played.samples.get(tapped..tapped + TAP)
            && (tapped + TAP) as u64 * 1000 <= now.as_millis() as u64 * u64::from(played.rate)
        {
            let at = Duration::from_secs_f64(tapped as f64 / f64::from(played.rate));
            own.played(block, played.rate, tapped as u64, at);
            tapped += TAP;
        }
        let mut samples = block.to_vec();
        own.clean(&mut samples, now);
        if cancel == Cancel::Off {
            samples = block.to_vec();
        }
        heard.cleaned.extend_from_slice(&samples);
        let levels = own.levels().map(|mut levels| {
            if cancel == Cancel::Off {
                levels.left_dbfs = levels.heard_dbfs;
            }
            levels
        });
        let mut cues = vec![barge.levels(levels, 10)];
        frames.clear();
        vad.push(&samples, &mut frames)?;
        cues.extend(frames.iter().map(|frame| barge.frame(*frame)));
        for cue in cues.into_iter().flatten() {
            match cue {
                Cue::Hush => heard.hushes.push(end),
                Cue::Speech => heard.stops.push(end),
                Cue::Nothing => {}
            }
        }
    }
    Ok(())
}
