//! Voice activity against hand labels, frame by frame, and what it costs.

use std::path::Path;
use std::time::Instant;

use serde_json::json;

use super::super::corpora::{self, Labelled};
use super::super::mix;
use super::super::{Options, SEED, Sheet, Told};
use super::detector;
use crate::core::hear::SAMPLE_RATE;
use crate::entry::listen::endpoint::{Cue, Endpointer};
use crate::entry::listen::vad::silero::Silero;
use crate::entry::listen::vad::{FRAME, Frame};
use crate::operations::eval::retrieval::dice::Dice;
use crate::operations::eval::score::{percentile, share};
use crate::operations::outcome::Result;

/// From this probability on a frame is taken for speech: the working point.
const WORKING_POINT: f32 = 0.5;
/// Ends of speech with so much silence behind them are looked for, seconds.
const SILENT_S: f64 = 0.3;
/// So far from the label an end is still taken for the same, milliseconds.
const NEAR_MS: f64 = 400.0;
/// What is timed: so long of each kind of sound, so often; the best counts.
const TIMED: usize = 20 * SAMPLE_RATE as usize;
const TIMES: usize = 5;

/// Measures it.
pub fn measure(
    options: &Options,
    model: Option<&Path>,
    told: &mut dyn Told,
    sheet: &mut Sheet,
) -> Result<()> {
    let clips = corpora::labelled(&options.from)?;
    let mut by_detector: Vec<(&str, Vec<(f32, bool)>)> =
        vec![("earshot", Vec::new()), ("both", Vec::new()), ("silero", Vec::new())];
    let mut ends = Vec::new();
    let mut spoken = Vec::new();
    for clip in &clips {
        let samples = corpora::samples(&clip.audio)?;
        let is_speech = truth(clip, samples.len() / FRAME);
        let light = frames(&samples, None)?;
        let both = frames(&samples, model)?;
        let probabilities = |frames: &[Frame]| frames.iter().map(|f| f.speech).collect::<Vec<f32>>();
        let mut found = vec![probabilities(&light), probabilities(&both)];
        if let Some(model) = model {
            let mut silero = Silero::load(model)?;
            let alone: crate::entry::Result<Vec<f32>> =
                samples.as_chunks::<FRAME>().0.iter().map(|frame| silero.predict(frame)).collect();
            found.push(alone?);
        }
        for ((_, pooled), found) in by_detector.iter_mut().zip(found) {
            pooled.extend(found.into_iter().zip(is_speech.iter().copied()));
        }
        ends.extend(end_errors(clip, &both));
        spoken.extend(samples);
    }
    for (name, pooled) in by_detector.iter().filter(|(_, pooled)| !pooled.is_empty()) {
        let speech = pooled.iter().filter(|(_, speech)| *speech);
        let noise = pooled.iter().filter(|(_, speech)| !speech);
        let missed = speech.clone().filter(|(p, _)| *p < WORKING_POINT).count();
        let wrong = noise.clone().filter(|(p, _)| *p >= WORKING_POINT).count();
        let (missed, wrong) = (share(missed, speech.count()), share(wrong, noise.count()));
        let auc = auc(pooled);
        told.row(&json!({"section": "endpoints", "detector": name, "frames": pooled.len(),
            "auc": auc, "miss_share": missed, "false_alarm_share": wrong}))?;
        sheet.put(&format!("vad_auc_{name}"), auc);
        sheet.put(&format!("vad_miss_share_{name}"), missed);
        sheet.put(&format!("vad_false_alarm_share_{name}"), wrong);
    }
    let far: Vec<f64> = ends.iter().map(|e| e.abs()).collect();
    for (name, value) in [
        ("speech_end_error_ms_p50", percentile(&ends, 50.0)),
        ("speech_end_error_ms_p95", percentile(&far, 95.0)),
    ] {
        if let Some(value) = value {
            sheet.put(name, value);
        }
    }
    cost(options, model, &spoken, sheet)
}

/// What a second of sound costs, as a share of one core.
fn cost(options: &Options, model: Option<&Path>, spoken: &[f32], sheet: &mut Sheet) -> Result<()> {
    let mut dice = Dice::new(SEED);
    let noises: Vec<_> =
        corpora::noise(&options.from)?.into_iter().filter(|noise| noise.is_of_a_plant()).collect();
    let mut noisy = Vec::new();
    for noise in &noises {
        noisy.extend(mix::stretch(&corpora::samples(&noise.audio)?, SAMPLE_RATE as usize, &mut dice));
    }
    let room: Vec<f32> = super::turns::room(TIMED, &mut dice);
    let mut idle: f64 = 0.0;
    for (name, sound) in [("room", &room[..]), ("noise", &noisy[..]), ("speech", spoken)] {
        let sound: Vec<f32> =
            sound.iter().copied().cycle().take(if sound.is_empty() { 0 } else { TIMED }).collect();
        let mut best = f64::INFINITY;
        for _ in 0..TIMES {
            let mut vad = detector(model)?;
            let (begun, mut frames) = (Instant::now(), Vec::new());
            for block in sound.chunks(160) {
                vad.push(block, &mut frames)?;
            }
            best =
                best.min(begun.elapsed().as_secs_f64() * f64::from(SAMPLE_RATE) / sound.len().max(1) as f64);
        }
        sheet.put(&format!("vad_cpu_share_{name}"), best);
        if name != "speech" {
            idle = idle.max(best);
        }
    }
    sheet.put("vad_cpu_share", idle);
    Ok(())
}

fn frames(samples: &[f32], model: Option<&Path>) -> Result<Vec<Frame>> {
    let mut frames = Vec::new();
    detector(model)?.push(samples, &mut frames)?;
    Ok(frames)
}

/// For each frame of the marked part: is most of it speech?
fn truth(clip: &Labelled, frames: usize) -> Vec<bool> {
    let length = FRAME as f64 / f64::from(SAMPLE_RATE);
    (0..frames)
        .map(|i| (i as f64 * length, (i + 1) as f64 * length))
        .take_while(|(_, end)| *end <= clip.labelled_until)
        .map(|(begin, end)| {
            let covered: f64 = clip.speech.iter().map(|(a, b)| (b.min(end) - a.max(begin)).max(0.0)).sum();
            covered > length / 2.0
        })
        .collect()
}

/// How far the ends that the endpointer told at its pauses are from the marked ones with
/// silence behind them, milliseconds; late ones are positive.
fn end_errors(clip: &Labelled, frames: &[Frame]) -> Vec<f64> {
    let mut endpointer = Endpointer::default();
    let mut told = Vec::new();
    for (n, frame) in frames.iter().enumerate() {
        if let Some(Cue::Paused { speech_end }) = endpointer.frame(*frame) {
            told.push(((n + 1) * FRAME - speech_end) as f64 * 1000.0 / f64::from(SAMPLE_RATE));
        }
    }
    let next = |end: f64| {
        clip.speech.iter().map(|(a, _)| *a).filter(|a| *a >= end).fold(clip.labelled_until, f64::min)
    };
    clip.speech
        .iter()
        .map(|(_, end)| *end)
        .filter(|end| next(*end) - end >= SILENT_S)
        .filter_map(|end| {
            let errors = told.iter().map(|t| t - end * 1000.0);
            errors.min_by(|a, b| a.abs().total_cmp(&b.abs())).filter(|e| e.abs() <= NEAR_MS)
        })
        .collect()
}

/// The area under the receiver's curve: how often a frame of speech is likelier than one
/// without (Mann and Whitney's U over all pairs, ties half).
fn auc(pooled: &[(f32, bool)]) -> f64 {
    let mut sorted: Vec<(f32, bool)> = pooled.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut wins, mut speech) = (0.0, 0.0, 0.0);
    for tied in sorted.chunk_by(|a, b| a.0 == b.0) {
        let positive = tied.iter().filter(|(_, speech)| *speech).count() as f64;
        let negative = tied.len() as f64 - positive;
        wins += positive * (below + negative / 2.0);
        below += negative;
        speech += positive;
    }
    if speech == 0.0 || below == 0.0 { 0.0 } else { wins / (speech * below) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_is_one_where_all_speech_is_likelier_and_a_half_where_nothing_is_told() {
        let pairs = |all: &[(f32, bool)]| auc(all);
        assert_eq!(pairs(&[(0.1, false), (0.2, false), (0.8, true)]), 1.0);
        assert_eq!(pairs(&[(0.9, false), (0.2, true)]), 0.0);
        assert_eq!(pairs(&[(0.5, false), (0.5, true)]), 0.5);
        assert_eq!(pairs(&[(0.1, false), (0.3, true), (0.2, true), (0.25, false)]), 0.75);
        assert_eq!(pairs(&[(0.1, true)]), 0.0);
    }

    #[test]
    fn a_frame_is_speech_where_most_of_it_is_marked() {
        let clip = Labelled {
            id: String::new(),
            audio: std::path::PathBuf::new(),
            speech: vec![(0.04, 0.1)],
            labelled_until: 0.14,
        };
        // Frames of 32 ms; the last one reaches beyond what is marked.
        assert_eq!(truth(&clip, 9), [false, true, true, false]);
    }
}
