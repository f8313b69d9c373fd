//! What is played comes back to the microphone: time to stop, and self-hearing.

use serde_json::json;

use super::ears::Ears;
use super::loopback::{self, Cancel, Heard, Played, Speaker};
use super::room::{self, Path};
use super::{Options, SEED, Sheet, Told, corpora, voices, wake};
use crate::core::hear::SAMPLE_RATE;
use crate::core::hear::loudness::rms;
use crate::entry::listen::own_voice::{LATENCY, is_own};
use crate::entry::listen::resample::Resampler;
use crate::exit::speak::voice::pick_voice;
use crate::operations::eval::report::Want;
use crate::operations::eval::retrieval::dice::Dice;
use crate::operations::models::{Store, vad};
use crate::operations::outcome::Result;

/// The grid: echo beside what is played, dB; delay, ms; RT60, s; drift, ppm.
const LEVELS: [f32; 4] = [-6.0, -10.0, -15.0, -20.0];
const DELAYS: [f32; 4] = [20.0, 60.0, 120.0, 200.0];
const ROOMS: [f32; 2] = [0.25, 0.5];
const DRIFTS: [f32; 2] = [0.0, 100.0];
/// Seeds of each point of the grid.
const SEEDS: u64 = 2;
/// What the loudspeaker still has queued when the voice is stopped, ms.
const QUEUED_MS: f64 = 60.0;
/// Somebody speaks every so many samples: 3.5 s, and up to one second more.
const EVERY: usize = 56_000;
/// The ear has learnt the room by then: 2 s.
const FIRST: usize = 32_000;
/// An utterance counts as noticed until so many samples after its end.
const AFTER: usize = 1_600;
/// What is played: an answer as the product gives it.
const ANSWER: [&str; 7] = [
    "Pump jack, M16 flange bolt.",
    "Warning. Lock out the supply and bleed the pressure before you open the cover.",
    "Tighten the flange bolts crosswise in three steps to two hundred and ten newton metres.",
    "Then stop the pump and check the oil level at the sight glass.",
    "If the level is below the lower mark, add oil of the same grade.",
    "The wear limit of the saddle bearing is zero point four millimetres of radial clearance.",
    "Replace the seal whenever the coupling has been taken apart, page thirty four.",
];
/// What is said over it, by each of flite's voices.
const SAID: [&str; 6] =
    ["stop", "wait", "hold on", "hey millwright, stop", "what is the torque of the bolts", "next step"];

/// Sums over the grid.
#[derive(Debug, Default)]
struct Sum {
    minutes: f64,
    hushes: usize,
    stops: usize,
    hushes_without: usize,
    self_heard: usize,
    reduction_db: Vec<f64>,
    first_ms: Vec<f64>,
    voice_ms: Vec<f64>,
    spoken: usize,
    missed: usize,
}

/// Measures it.
///
/// # Errors
/// flite, a voice or a model is missing.
pub fn measure(options: &Options, told: &mut dyn Told, sheet: &mut Sheet) -> Result<()> {
    let played = played(options)?;
    let people = people(options)?;
    let mut vad = vad::open(&Store::open(&options.data)?, &options.config.models.vad)?;
    let mut ears = Ears::open(options, "")?;
    let spoken = ANSWER.join(" ");
    let mut dice = Dice::new(SEED);
    let mut all = Sum::default();
    let points = points(options.quick);
    for (n, path) in points.iter().enumerate() {
        told.progress("barge-in", n, points.len());
        let alone = loopback::run(&played, path, &[], &[], Cancel::On, &mut vad)?;
        let without = loopback::run(&played, path, &[], &[], Cancel::Off, &mut vad)?;
        let said: Vec<(&str, &[f32])> = (0..played.at_16k.len().saturating_sub(FIRST) / EVERY)
            .map(|_| pick(&people, &mut dice))
            .collect();
        let speakers: Vec<Speaker<'_>> = said
            .iter()
            .enumerate()
            .map(|(i, (_, utterance))| Speaker {
                utterance,
                at: FIRST + i * EVERY + dice.below(SAMPLE_RATE as usize),
                over_db: 6.0 * room::unit(&mut dice),
            })
            .collect();
        let talked = loopback::run(&played, path, &speakers, &[], Cancel::On, &mut vad)?;
        all.minutes += alone.microphone.len() as f64 / f64::from(SAMPLE_RATE) / 60.0;
        all.hushes += alone.hushes.len();
        all.stops += alone.stops.len();
        all.hushes_without += without.hushes.len();
        all.reduction_db.push(reduction(&alone));
        // Every point would take an hour: the loudest echo is the worst.
        if path.level_db == LEVELS[0] && path.drift_ppm > 0.0 {
            for transcript in ears.hear(&alone.cleaned)? {
                let own = is_own(&transcript.text, &spoken);
                all.self_heard += usize::from(!own);
                told.row(&json!({"section": "barge", "self_heard": transcript.text, "own": own}))?;
            }
        }
        let mut late = Vec::new();
        for ((name, _), (first, voice, end)) in said.iter().zip(&talked.spoken) {
            let noticed = talked.hushes.iter().find(|at| **at > *first && **at < end + AFTER);
            let ms = |from: &usize| {
                noticed.map(|at| at.saturating_sub(*from) as f64 * 1e3 / f64::from(SAMPLE_RATE) + QUEUED_MS)
            };
            all.spoken += 1;
            all.missed += usize::from(noticed.is_none());
            all.first_ms.extend(ms(first));
            all.voice_ms.extend(ms(voice));
            late.push(json!({"said": name, "first_ms": ms(first), "voice_ms": ms(voice)}));
        }
        told.row(&json!({
            "section": "barge", "level_db": path.level_db, "delay_ms": path.delay_ms, "rt60": path.rt60,
            "drift_ppm": path.drift_ppm, "seed": path.seed, "self_hushes": alone.hushes.len(),
            "self_stops": alone.stops.len(), "self_hushes_without": without.hushes.len(),
            "reduction_db": reduction(&alone), "spoken": late,
        }))?;
    }
    write(&mut all, sheet);
    Ok(())
}

fn write(all: &mut Sum, sheet: &mut Sheet) {
    let per_minute = |n: usize| n as f64 / all.minutes.max(1e-9);
    sheet.put("self_hushes_per_minute", per_minute(all.hushes));
    sheet.put("self_stops_per_minute", per_minute(all.stops));
    sheet.put("self_hushes_per_minute_without", per_minute(all.hushes_without));
    sheet.put("self_heard", all.self_heard as f64);
    sheet.put("echo_reduction_db_p50", quantile(&mut all.reduction_db, 0.5));
    sheet.put("barge_in_ms_p50", quantile(&mut all.first_ms, 0.5));
    sheet.put("barge_in_ms_p95", quantile(&mut all.first_ms, 0.95));
    sheet.put("barge_in_voice_ms_p50", quantile(&mut all.voice_ms, 0.5));
    sheet.put("barge_in_voice_ms_p95", quantile(&mut all.voice_ms, 0.95));
    sheet.put("barge_in_missed_share", all.missed as f64 / all.spoken.max(1) as f64);
    sheet.want("self_stops_per_minute", Want::Equal(0.0));
    sheet.want("self_heard", Want::Equal(0.0));
    sheet.want("barge_in_ms_p50", Want::AtMost(150.0));
    sheet.want("barge_in_ms_p95", Want::AtMost(150.0));
}

/// The points of the grid; a quick run has an eighth of them, each level among them.
fn points(quick: bool) -> Vec<Path> {
    let mut points = Vec::new();
    for level_db in LEVELS {
        for delay_ms in DELAYS {
            for rt60 in ROOMS {
                for drift_ppm in DRIFTS {
                    for _ in 0..SEEDS {
                        let seed = SEED ^ (points.len() as u64) << 8;
                        points.push(Path { level_db, delay_ms, rt60, drift_ppm, seed });
                    }
                }
            }
        }
    }
    // 7 and the lengths of the axes have no common divisor.
    if quick { points.into_iter().step_by(7).collect() } else { points }
}

fn pick<'p>(people: &'p [(String, Vec<f32>)], dice: &mut Dice) -> (&'p str, &'p [f32]) {
    people
        .get(dice.below(people.len()))
        .map_or(("", &[]), |(name, samples)| (name.as_str(), samples.as_slice()))
}

/// The answer by the voice of the product, at its own rate and at 16 kHz.
fn played(options: &Options) -> Result<Played> {
    let mut voice =
        pick_voice(&options.data.join("models"), Some(&options.config.models.voice), "en").required()?;
    let (mut samples, mut rate) = (Vec::new(), SAMPLE_RATE);
    for sentence in ANSWER {
        let pcm = voice.synthesise(sentence, 1)?;
        rate = pcm.sample_rate;
        samples.extend(pcm.samples);
        samples.resize(samples.len() + rate as usize / 4, 0.0);
    }
    // About −20 dBFS, and a second for the last of it to come back.
    let gain = 0.1 / rms(&samples).max(1e-6);
    samples.iter_mut().for_each(|s| *s = (*s * gain).clamp(-1.0, 1.0));
    samples.resize(samples.len() + rate as usize, 0.0);
    let (mut resampler, mut at_16k) = (Resampler::new(rate)?, Vec::new());
    resampler.push(&samples, &mut at_16k)?;
    resampler.finish(&mut at_16k)?;
    Ok(Played { samples, rate, at_16k })
}

/// Who speaks over it: flite's voices, and people who say "stop".
fn people(options: &Options) -> Result<Vec<(String, Vec<f32>)>> {
    let mut people = Vec::new();
    for voice in voices::VOICES {
        for text in SAID {
            people.push((format!("{voice}: {text}"), voices::flite(voice, 1.0, text)?));
        }
    }
    for row in wake::rows(options, "speech/speech.jsonl")? {
        if row["subset"] == "speech_commands" && row["text"] == "stop" {
            let audio = options.from.join("speech").join(row["audio"].as_str().unwrap_or_default());
            people.push((row["id"].as_str().unwrap_or_default().to_owned(), corpora::samples(&audio)?));
        }
    }
    Ok(people)
}

/// By how much the cleaned signal is quieter than the microphone, after 2 s of learning, dB.
fn reduction(heard: &Heard) -> f64 {
    let from = |samples: &[f32], at: usize| f64::from(rms(samples.get(at..).unwrap_or_default())).max(1e-9);
    20.0 * (from(&heard.microphone, FIRST) / from(&heard.cleaned, FIRST + LATENCY)).log10()
}

/// Sorts and picks; 0 for none.
fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len().saturating_sub(1) as f64 * share).round() as usize;
    values.get(at).copied().unwrap_or(0.0)
}
