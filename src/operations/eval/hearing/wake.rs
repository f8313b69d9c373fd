//! Wake phrase and command in noise: how many are missed, and what else wakes.

use serde_json::json;

use super::live::{Happened, Live, Setup, What};
use super::{Options, SEED, Sheet, Told, corpora, voices};
use crate::core::hear::SAMPLE_RATE;
use crate::core::hear::loudness::rms;
use crate::entry::listen::attention::Out;
use crate::entry::listen::wake::Wake;
use crate::operations::eval::report::Want;
use crate::operations::eval::retrieval::dice::Dice;
use crate::operations::outcome::{Error, Kind, Result};

/// The phrase that is measured.
const PHRASE: &str = "hey millwright";
/// Signal to noise, dB.
const RATIOS: [(&str, Option<f32>); 4] =
    [("clean", None), ("20", Some(20.0)), ("10", Some(10.0)), ("5", Some(5.0))];
/// How much slower than its own rate a voice speaks.
const STRETCH: [f32; 3] = [0.85, 1.0, 1.2];
/// Clips; a quick run has fewer.
const CLIPS: usize = 120;
const QUICK: usize = 30;
/// Noise before and after the words, seconds.
const AROUND: f32 = 1.0;
/// A shorter noise is a bang: two seconds, in samples.
const SHORTEST_NOISE: usize = SAMPLE_RATE as usize * 2;
/// Silence after a clip, in samples: two seconds end every utterance.
const AFTER: usize = SAMPLE_RATE as usize * 2;
/// What a machine is called in the noise's list.
const PLANT: [&str; 5] = ["machine", "engine", "factory", "environment", "transport_or_public"];

/// Measures it.
///
/// # Errors
/// Data, flite or a model is missing.
pub fn measure(options: &Options, told: &mut dyn Told, sheet: &mut Sheet) -> Result<()> {
    let mut setup = Setup::of(options, true)?;
    setup.attention.wake = Wake::new(PHRASE);
    let mut live = Live::new(setup)?;
    let noises = noises(options)?;
    let commands = commands(options)?;
    let count = if options.quick { QUICK } else { CLIPS };
    let mut missed = [0_usize; RATIOS.len()];
    let mut dice = Dice::new(SEED);
    for n in 0..count {
        told.progress("wake phrase", n, count);
        let (voice, stretch) = (voices::VOICES[n % voices::VOICES.len()], dice.pick(&STRETCH));
        let command = &commands[dice.below(commands.len())];
        let said = voices::flite(voice, stretch, &format!("{PHRASE}, {command}"))?;
        for (slot, (name, ratio)) in missed.iter_mut().zip(RATIOS) {
            let noise = &noises[dice.below(noises.len())];
            let clip = mixed(&said, ratio.map(|ratio| (noise.as_slice(), ratio)), &mut dice);
            let heard = command_of(&mut live, &clip)?;
            let is_missed = heard.command.as_deref().is_none_or(str::is_empty);
            *slot += usize::from(is_missed);
            told.row(&json!({
                "section": "wake", "voice": voice, "stretch": stretch, "snr": name, "said": command,
                "heard": heard.texts, "likelihoods": heard.likelihoods, "firsts": heard.firsts,
                "command": heard.command, "missed": is_missed,
            }))?;
        }
    }
    for (missed, (name, _)) in missed.iter().zip(RATIOS) {
        sheet.put(&format!("wake_missed_share_{name}"), *missed as f64 / count.max(1) as f64);
    }
    sheet.put("wake_clips", count as f64);
    sheet.want("wake_missed_share_10", Want::AtMost(0.05));
    false_wakes(options, &mut live, told, sheet)
}

/// Everything that people say in the evaluation data is said without the phrase.
fn false_wakes(options: &Options, live: &mut Live, told: &mut dyn Told, sheet: &mut Sheet) -> Result<()> {
    let rows: Vec<_> =
        rows(options, "speech/speech.jsonl")?.into_iter().filter(|r| r["lang"] == "en").collect();
    let step = if options.quick { 8 } else { 1 };
    let (mut woken, mut samples) = (0_usize, 0_usize);
    let total = rows.len().div_ceil(step);
    for (n, row) in rows.iter().step_by(step).enumerate() {
        told.progress("false wakes", n, total);
        let speech =
            corpora::samples(&options.from.join("speech").join(row["audio"].as_str().unwrap_or_default()))?;
        samples += speech.len();
        let heard = command_of(live, &speech)?;
        woken += usize::from(heard.command.is_some());
        told.row(&json!({
            "section": "wake", "without": row["id"], "heard": heard.texts,
            "likelihoods": heard.likelihoods, "firsts": heard.firsts, "command": heard.command,
        }))?;
    }
    let hours = samples as f64 / f64::from(SAMPLE_RATE) / 3600.0;
    sheet.put("false_wakes", woken as f64);
    sheet.put("false_wakes_per_hour", woken as f64 / hours.max(1e-9));
    Ok(())
}

/// What the ear made of a clip.
struct Heard {
    texts: Vec<String>,
    likelihoods: Vec<f32>,
    /// How sure the recogniser is of its own first words.
    firsts: Vec<f32>,
    command: Option<String>,
}

/// What would have been asked by `samples`: what follows the phrase or, where that is all of
/// an utterance, the utterance after it.
fn command_of(live: &mut Live, samples: &[f32]) -> Result<Heard> {
    live.calm();
    let mut heard = Heard { texts: Vec::new(), likelihoods: Vec::new(), firsts: Vec::new(), command: None };
    let mut happened = live.play(samples)?;
    happened.extend(live.play(&vec![0.0; AFTER])?);
    for Happened { what, .. } in happened {
        match what {
            What::Heard(transcript) => {
                heard.likelihoods.extend(transcript.phrase);
                let first = transcript.words.iter().take(3).map(|w| w.p);
                heard.firsts.push(first.clone().sum::<f32>() / first.count().max(1) as f32);
                heard.texts.push(transcript.text);
            }
            What::Do(Out::Attend) => {
                heard.command.get_or_insert_default();
            }
            What::Do(Out::Ask(question)) if heard.command.as_deref().is_none_or(str::is_empty) => {
                heard.command = Some(question.transcript.text);
            }
            _ => {}
        }
    }
    Ok(heard)
}

/// The words with a second of noise or silence around them; the ratio is that of the words
/// where they sound (within 20 dB of the loudest 20 ms) to the noise.
fn mixed(said: &[f32], noise: Option<(&[f32], f32)>, dice: &mut Dice) -> Vec<f32> {
    let around = (AROUND * SAMPLE_RATE as f32) as usize;
    let mut clip = vec![0.0; around];
    clip.extend_from_slice(said);
    clip.resize(clip.len() + around, 0.0);
    let Some((noise, ratio)) = noise.filter(|(noise, _)| !noise.is_empty()) else { return clip };
    let levels: Vec<f32> = said.chunks(320).map(rms).collect();
    let loudest = levels.iter().copied().fold(0.0, f32::max);
    let loud: Vec<f32> = levels.into_iter().filter(|l| *l > loudest / 10.0).map(|l| l * l).collect();
    let speech = (loud.iter().sum::<f32>() / loud.len().max(1) as f32).sqrt();
    let gain = speech / rms(noise).max(1e-6) * 10_f32.powf(-ratio / 20.0);
    let from = dice.below(noise.len());
    for (slot, sample) in clip.iter_mut().zip(noise.iter().cycle().skip(from)) {
        *slot = (*slot + gain * sample).clamp(-1.0, 1.0);
    }
    clip
}

/// Plant noises of two seconds and more.
fn noises(options: &Options) -> Result<Vec<Vec<f32>>> {
    let mut noises = Vec::new();
    for noise in corpora::noise(&options.from)? {
        if PLANT.contains(&noise.category.as_str()) {
            noises.push(corpora::samples(&noise.audio)?);
        }
    }
    noises.retain(|samples| samples.len() >= SHORTEST_NOISE);
    if noises.is_empty() { Err(nothing("plant noise")) } else { Ok(noises) }
}

/// The English questions of the golden set.
fn commands(options: &Options) -> Result<Vec<String>> {
    let golden = options.repository.join("tests/golden");
    let mut files: Vec<_> = std::fs::read_dir(&golden)
        .map_err(|e| nothing("tests/golden").because(e))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|x| x == "jsonl"))
        .collect();
    files.sort();
    let mut commands = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).map_err(|e| nothing("tests/golden").because(e))?;
        let rows = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        commands.extend(
            rows.filter(|r| r["lang"] == "en").filter_map(|r| r["question"].as_str().map(str::to_owned)),
        );
    }
    if commands.is_empty() { Err(nothing("questions in tests/golden")) } else { Ok(commands) }
}

/// The rows of a table of the evaluation data.
pub(super) fn rows(options: &Options, table: &str) -> Result<Vec<serde_json::Value>> {
    let path = options.from.join(table);
    let text = std::fs::read_to_string(&path).map_err(|e| nothing(&path.display().to_string()).because(e))?;
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

fn nothing(what: &str) -> Error {
    Error::new(Kind::Missing, format!("there is no {what}"))
        .hint("run it in the repository, with --from a directory laid out like the evaluation data")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_that_of_the_words_to_the_noise() {
        let said: Vec<f32> = (0..16_000).map(|i| 0.3 * (i as f32 * 0.3).sin()).collect();
        let noise = vec![0.05, -0.05, 0.05, 0.05, -0.05];
        let clip = mixed(&said, Some((&noise, 10.0)), &mut Dice::new(1));
        assert_eq!(clip.len(), 48_000);
        let ratio = 20.0 * (rms(&said) / rms(&clip[..16_000])).log10();
        assert!((ratio - 10.0).abs() < 0.1, "{ratio}");
        assert_eq!(mixed(&said, None, &mut Dice::new(1))[0], 0.0);
    }
}
