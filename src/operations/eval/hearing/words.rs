//! Word error rate and time of the final transcript, beside a peer on the same weights.
//!
//! Each recording is trimmed as the ear would cut it, then heard clean and in plant noise at
//! four ratios; those that were recorded in noise are heard as they are. The recogniser runs
//! as the product runs it, without vocabulary and repair. The peer hears the same 16 bits.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Instant;

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::super::retrieval::dice::Dice;
use super::super::score::percentile;
use super::super::scratch::Scratch;
use super::corpora::{self, Noise, Utterance};
use super::errors::{Errors, Pair, difference, pooled};
use super::peer::{COMPUTE, Heard, Item, Peer, Results};
use super::{Options, SEED, Sheet, Told, Want, mix, normalise};
use crate::core::hear::SAMPLE_RATE;
use crate::core::hear::whisper::{self, Recogniser};
use crate::operations::models::{Role, Store};
use crate::operations::outcome::{Error, Kind, Result};
use crate::operations::platform;

/// The ear's lead before the first speech, in samples (300 ms).
const LEAD: usize = SAMPLE_RATE as usize * 3 / 10;
/// The final transcript begins at so much silence, in samples (128 ms) …
const TAIL: usize = SAMPLE_RATE as usize * 128 / 1000;
/// … and the endpoint falls so much later, ms: the transcript has a start.
const START_MS: f64 = 300.0 - 128.0;
/// Times are those of utterances up to this length, in samples (6 s).
const SHORT: usize = SAMPLE_RATE as usize * 6;
/// Threads, for us and the peer.
const THREADS: usize = 2;

/// The conditions, by name; `None` adds no noise.
const CONDITIONS: [(&str, Option<f32>); 5] =
    [("clean", None), ("snr20", Some(20.0)), ("snr10", Some(10.0)), ("snr5", Some(5.0)), ("snr0", Some(0.0))];
/// What was recorded in noise.
const RECORDED: &str = "recorded";

/// A model that is measured.
struct Model {
    id: &'static str,
    /// In figures: without a point.
    name: &'static str,
    /// Every so many-th item is heard, by a seeded order within its corpus and condition.
    every: usize,
    /// And every so many-th by the peer; a multiple of the other.
    peer_every: usize,
    every_quick: usize,
    peer_every_quick: usize,
    /// Wanted: the p95 after the endpoint, ms.
    after_endpoint_ms: f64,
    multilingual: bool,
}

const MODELS: [Model; 2] = [
    Model {
        id: "whisper-tiny.en",
        name: "tiny_en",
        every: 3,
        peer_every: 3,
        every_quick: 12,
        peer_every_quick: 24,
        after_endpoint_ms: 200.0,
        multilingual: false,
    },
    Model {
        id: "whisper-base",
        name: "base",
        every: 6,
        peer_every: 12,
        every_quick: 48,
        peer_every_quick: 96,
        after_endpoint_ms: 400.0,
        multilingual: true,
    },
];

/// One utterance in one condition, heard.
struct Result1 {
    item: Item,
    corpus: String,
    utterance: String,
    condition: &'static str,
    short: bool,
    reference: Option<Vec<String>>,
    phrases: Vec<String>,
    text: String,
    speech: bool,
    ms: f64,
    by_peer: bool,
}

/// Measures it.
///
/// # Errors
/// `Missing` where the data, the default recogniser or the named peer is.
pub fn measure(options: &Options, told: &mut dyn Told, sheet: &mut Sheet) -> Result<()> {
    let mut utterances = corpora::speech(&options.from)?;
    utterances.extend(corpora::voice(&options.from)?);
    utterances.extend(corpora::golden(&options.repository)?);
    let mut noises = Vec::new();
    for noise in corpora::noise(&options.from)?.into_iter().filter(Noise::is_of_a_plant) {
        noises.push(corpora::samples(&noise.audio)?);
    }
    if noises.is_empty() {
        return Err(Error::new(Kind::Missing, "there is no noise of machines, engines or vehicles")
            .hint("name a directory laid out like the evaluation data by --from DIR"));
    }
    let peer = Peer::of(options)?;
    told.note(&format!(
        "words: {}; whisper.cpp {} on {THREADS} threads; {}",
        platform::machine(),
        ::whisper_rs::WHISPER_CPP_VERSION,
        peer.as_ref().map_or("no peer (--peer PYTHON)", |p| p.versions.as_str()),
    ));
    let scratch = Scratch::new()?;
    let store = Store::open(&options.data)?;
    for model in &MODELS {
        let located = match store.locate(Role::Recogniser, Some(model.id)) {
            Ok(located) => located,
            Err(e) if model.multilingual => {
                told.note(&format!("words: {} is left out: {e}", model.id));
                continue;
            }
            Err(e) => return Err(e),
        };
        let mut results = hear(model, &located.path, &utterances, &noises, options, scratch.path(), told)?;
        let theirs = match &peer {
            Some(peer) => by_peer(peer, model, &results, scratch.path(), told)?,
            None => Results::new(),
        };
        for result in &mut results {
            told.row(&row(model, result, &theirs))?;
        }
        figures(model, &results, &theirs, sheet);
        bars(model, peer.is_some(), sheet);
    }
    Ok(())
}

/// The items of a model, each heard and, where the peer is to hear it, written.
fn hear(
    model: &Model,
    path: &Path,
    utterances: &[Utterance],
    noises: &[Vec<f32>],
    options: &Options,
    scratch: &Path,
    told: &mut dyn Told,
) -> Result<Vec<Result1>> {
    let (every, peer_every) = if options.quick {
        (model.every_quick, model.peer_every_quick)
    } else {
        (model.every, model.peer_every)
    };
    let plan = plan(utterances, model.multilingual, every, peer_every);
    let mut recogniser = Recogniser::load(path)?;
    recogniser.warm_up()?;
    let of: usize = plan.values().map(Vec::len).sum();
    let by_peer: usize = plan.values().flatten().filter(|chosen| chosen.by_peer).count();
    told.note(&format!(
        "words: {} hears {of} utterances ({}), {} of them beside the peer",
        model.id,
        if every == 1 { "all".to_owned() } else { format!("one in {every}, seeded") },
        if options.peer.is_some() { by_peer } else { 0 },
    ));
    let mut results = Vec::with_capacity(of);
    for (n, chosen) in &plan {
        let Some(utterance) = utterances.get(*n) else { continue };
        let whole = corpora::samples(&utterance.audio)?;
        let speech = mix::trimmed(&whole, LEAD, TAIL);
        for Chosen { condition, snr, by_peer } in chosen {
            let mut dice = Dice::new(seed(&utterance.id, condition));
            let mixed = match snr {
                None => speech.to_vec(),
                Some(snr) => {
                    let noise = noises.get(dice.below(noises.len())).map(Vec::as_slice).unwrap_or_default();
                    mix::at_snr(speech, &mix::stretch(noise, speech.len(), &mut dice), *snr)
                }
            };
            let samples = mix::quantised(&mixed);
            let id = results.len();
            let wav = scratch.join(format!("{}-{id}.wav", model.name));
            if *by_peer && options.peer.is_some() {
                write(&wav, &samples)?;
            }
            // As the peer reads them from the file.
            let heard: Vec<f32> = samples.iter().map(|s| f32::from(*s) / 32_768.0).collect();
            let how = whisper::Options {
                language: Some(utterance.language.clone()),
                threads: THREADS,
                ..whisper::Options::default()
            };
            let begun = Instant::now();
            let transcript = recogniser.transcribe(&heard, &how)?;
            let ms = begun.elapsed().as_secs_f64() * 1e3;
            let language = &utterance.language;
            results.push(Result1 {
                item: Item { id, wav, language: language.clone() },
                corpus: utterance.corpus.clone(),
                utterance: utterance.id.clone(),
                condition,
                short: samples.len() <= SHORT,
                reference: utterance.text.as_ref().map(|text| normalise::words(text, language)),
                phrases: utterance.must_contain.clone(),
                text: transcript.text,
                speech: transcript.speech,
                ms,
                by_peer: *by_peer && options.peer.is_some(),
            });
            told.progress(&format!("{} hears", model.id), results.len(), of);
        }
    }
    Ok(results)
}

/// A condition in which an utterance is heard.
struct Chosen {
    condition: &'static str,
    snr: Option<f32>,
    by_peer: bool,
}

/// Which utterances are heard in which conditions: every so many-th of each corpus, language
/// and condition, in an order that only their names decide.
fn plan(
    utterances: &[Utterance],
    multilingual: bool,
    every: usize,
    peer_every: usize,
) -> BTreeMap<usize, Vec<Chosen>> {
    type Stratum<'u> = (&'u str, &'u str, usize);
    /// Its place in the order, the utterance, the condition.
    type Member = (u64, usize, &'static str, Option<f32>);
    let mut strata: BTreeMap<Stratum<'_>, Vec<Member>> = BTreeMap::new();
    for (n, utterance) in utterances.iter().enumerate() {
        let english = utterance.language == "en";
        if (!english && !multilingual) || (utterance.text.is_none() && utterance.must_contain.is_empty()) {
            continue;
        }
        let conditions: &[(&'static str, Option<f32>)] = match (utterance.noisy, english) {
            (true, _) => &[(RECORDED, None)],
            (false, true) => &CONDITIONS,
            // The English of a language's speech is what noise is measured on.
            (false, false) => CONDITIONS.get(..1).unwrap_or_default(),
        };
        for (at, (condition, snr)) in conditions.iter().enumerate() {
            let order = seed(&utterance.id, condition);
            let stratum = (utterance.corpus.as_str(), utterance.language.as_str(), at);
            strata.entry(stratum).or_default().push((order, n, *condition, *snr));
        }
    }
    let mut plan: BTreeMap<usize, Vec<Chosen>> = BTreeMap::new();
    // One count over all strata: small ones are not favoured by their first item.
    let mut count = 0;
    for mut stratum in strata.into_values() {
        stratum.sort_by_key(|(order, n, ..)| (*order, *n));
        for (_, n, condition, snr) in stratum {
            if count % every.max(1) == 0 {
                let by_peer = count % peer_every.max(1) == 0;
                plan.entry(n).or_default().push(Chosen { condition, snr, by_peer });
            }
            count += 1;
        }
    }
    plan
}

/// The seed of an utterance in a condition.
fn seed(id: &str, condition: &str) -> u64 {
    let digest = Sha256::digest(format!("{id} {condition}"));
    digest.iter().take(8).fold(SEED, |sum, byte| sum.rotate_left(8) ^ u64::from(*byte))
}

fn write(path: &Path, samples: &[i16]) -> Result<()> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: SAMPLE_RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let written = hound::WavWriter::create(path, spec).and_then(|mut writer| {
        samples.iter().try_for_each(|s| writer.write_sample(*s))?;
        writer.finalize()
    });
    written.map_err(|e| {
        Error::new(Kind::Failed, format!("cannot write {}", path.display()))
            .because(e)
            .hint("set TMPDIR to a directory with free space")
    })
}

fn by_peer(
    peer: &Peer,
    model: &Model,
    results: &[Result1],
    scratch: &Path,
    told: &mut dyn Told,
) -> Result<Results> {
    let items: Vec<Item> = results.iter().filter(|r| r.by_peer).map(|r| r.item.clone()).collect();
    let theirs = peer.hear(model.id, &items, &scratch.join("list.jsonl"), told)?;
    let kept = theirs.values().filter(|h| h.kept).count();
    if kept > 0 {
        told.note(&format!(
            "words: {kept} of the peer's {} results, times too, are of earlier runs",
            theirs.len()
        ));
    }
    Ok(theirs)
}

impl Result1 {
    /// The errors of a transcript; `None` where there is no reference.
    fn errors(&self, text: &str) -> Option<Errors> {
        let reference: Vec<&str> = self.reference.as_ref()?.iter().map(String::as_str).collect();
        let heard = normalise::words(text, &self.item.language);
        Some(Errors::between(&reference, &heard.iter().map(String::as_str).collect::<Vec<_>>()))
    }

    /// How many of its phrases a transcript holds.
    fn phrases_in(&self, text: &str) -> usize {
        let plain = |text: &str| format!(" {} ", normalise::words(text, &self.item.language).join(" "));
        let heard = plain(text);
        self.phrases.iter().filter(|phrase| heard.contains(&plain(phrase))).count()
    }

    fn is_english(&self) -> bool {
        self.item.language == "en"
    }
}

fn row(model: &Model, result: &Result1, theirs: &Results) -> serde_json::Value {
    let peer: serde_json::Map<String, serde_json::Value> = COMPUTE
        .iter()
        .filter_map(|compute| {
            let heard = theirs.get(&(result.item.id, *compute))?;
            let edits = result.errors(&heard.text).map(|e| e.edits());
            Some((
                (*compute).to_owned(),
                json!({"text": heard.text, "ms": heard.ms, "edits": edits, "kept": heard.kept}),
            ))
        })
        .collect();
    let errors = result.errors(&result.text);
    json!({
        "section": "words", "model": model.id, "corpus": result.corpus, "id": result.utterance,
        "condition": result.condition, "language": result.item.language,
        "reference": result.reference.as_ref().map(|words| words.join(" ")),
        "heard": result.text, "speech": result.speech, "ms": result.ms,
        "substitutions": errors.map(|e| e.substitutions), "insertions": errors.map(|e| e.insertions),
        "deletions": errors.map(|e| e.deletions), "words": errors.map(|e| e.words),
        "phrases": result.phrases.len(), "phrases_heard": result.phrases_in(&result.text),
        "peer": peer,
    })
}

fn figures(model: &Model, results: &[Result1], theirs: &Results, sheet: &mut Sheet) {
    let name = model.name;
    let english: Vec<&Result1> = results.iter().filter(|r| r.is_english()).collect();
    let peers = |r: &Result1, compute: &'static str| theirs.get(&(r.item.id, compute)).cloned();
    sheet.put(&format!("utterances_{name}"), results.len() as f64);
    let scored = english.iter().filter_map(|r| r.errors(&r.text)).collect::<Vec<_>>();
    put_rate(sheet, &format!("wer_{name}"), pooled(&scored));
    if !model.multilingual {
        put_rate(sheet, "wer_pooled", pooled(&scored));
    }
    let doubted = english.iter().filter(|r| !r.speech).count();
    if !english.is_empty() {
        sheet.put(&format!("doubted_share_{name}"), doubted as f64 / english.len() as f64);
    }
    for condition in CONDITIONS.iter().map(|(c, _)| *c).chain([RECORDED]) {
        let here = || english.iter().filter(move |r| r.condition == condition);
        let sum = |all: Vec<Errors>| pooled(&all);
        put_rate(
            sheet,
            &format!("wer_{name}_{condition}"),
            sum(here().filter_map(|r| r.errors(&r.text)).collect()),
        );
        let phrases: usize = here().map(|r| r.phrases.len()).sum();
        if phrases > 0 {
            let heard: usize = here().map(|r| r.phrases_in(&r.text)).sum();
            sheet.put(&format!("phrases_share_{name}_{condition}"), heard as f64 / phrases as f64);
        }
        for compute in COMPUTE {
            let both = || here().filter_map(|r| Some((*r, peers(r, compute)?)));
            let errors = both().filter_map(|(r, heard)| r.errors(&heard.text)).collect();
            put_rate(sheet, &format!("peer_wer_{name}_{condition}_{compute}"), sum(errors));
            let ours = both().filter_map(|(r, _)| r.errors(&r.text)).collect();
            if compute == COMPUTE[0] {
                put_rate(sheet, &format!("beside_wer_{name}_{condition}"), sum(ours));
            }
            let phrases: usize = both().map(|(r, _)| r.phrases.len()).sum();
            if phrases > 0 {
                let heard: usize = both().map(|(r, heard)| r.phrases_in(&heard.text)).sum();
                sheet.put(
                    &format!("peer_phrases_share_{name}_{condition}_{compute}"),
                    heard as f64 / phrases as f64,
                );
            }
        }
    }
    by_corpus(model, &english, theirs, sheet);
    other_languages(model, results, theirs, sheet);
    differences(model, &english, theirs, sheet);
    times(model, &english, theirs, sheet);
}

fn put_rate(sheet: &mut Sheet, name: &str, errors: Errors) {
    if let Some(rate) = errors.rate() {
        sheet.put(name, rate);
    }
}

fn by_corpus(model: &Model, english: &[&Result1], theirs: &Results, sheet: &mut Sheet) {
    let corpora: BTreeSet<&str> = english.iter().map(|r| r.corpus.as_str()).collect();
    for corpus in corpora {
        let of = || english.iter().filter(move |r| r.corpus == corpus);
        let ours: Vec<Errors> = of().filter_map(|r| r.errors(&r.text)).collect();
        put_rate(sheet, &format!("{corpus}.wer_{}", model.name), pooled(&ours));
        for compute in COMPUTE {
            let all: Vec<Errors> =
                of().filter_map(|r| r.errors(&theirs.get(&(r.item.id, compute))?.text)).collect();
            put_rate(sheet, &format!("{corpus}.peer_wer_{}_{compute}", model.name), pooled(&all));
        }
    }
}

fn other_languages(model: &Model, results: &[Result1], theirs: &Results, sheet: &mut Sheet) {
    let languages: BTreeSet<&str> =
        results.iter().filter(|r| !r.is_english()).map(|r| r.item.language.as_str()).collect();
    for language in languages {
        let rate = if matches!(language, "zh" | "ja") { "cer" } else { "wer" };
        let of = || results.iter().filter(move |r| r.item.language == language);
        let ours: Vec<Errors> = of().filter_map(|r| r.errors(&r.text)).collect();
        put_rate(sheet, &format!("{language}.{rate}_{}", model.name), pooled(&ours));
        for compute in COMPUTE {
            let all: Vec<Errors> =
                of().filter_map(|r| r.errors(&theirs.get(&(r.item.id, compute))?.text)).collect();
            put_rate(sheet, &format!("{language}.peer_{rate}_{}_{compute}", model.name), pooled(&all));
        }
    }
}

fn differences(model: &Model, english: &[&Result1], theirs: &Results, sheet: &mut Sheet) {
    let name = model.name;
    let mut both = Vec::new();
    for compute in COMPUTE {
        let pairs: Vec<Pair> = english
            .iter()
            .filter_map(|r| {
                let heard: &Heard = theirs.get(&(r.item.id, compute))?;
                let (ours, theirs) = (r.errors(&r.text)?, r.errors(&heard.text)?);
                Some(Pair { cluster: r.utterance.clone(), ours, theirs })
            })
            .collect();
        put_difference(sheet, &format!("wer_difference_{name}_{compute}"), &pairs);
        both.extend(pairs);
    }
    put_difference(sheet, &format!("wer_difference_{name}"), &both);
    // A decoder that loops on one word can outweigh a hundred utterances: the same with each
    // utterance at most all wrong.
    both.iter_mut().for_each(|pair| {
        pair.ours = pair.ours.capped();
        pair.theirs = pair.theirs.capped();
    });
    put_difference(sheet, &format!("wer_difference_capped_{name}"), &both);
}

fn put_difference(sheet: &mut Sheet, name: &str, pairs: &[Pair]) {
    if let Some(d) = difference(pairs, SEED) {
        sheet.put(name, d.points);
        sheet.put(&format!("{name}_low"), d.low);
        sheet.put(&format!("{name}_high"), d.high);
    }
}

fn times(model: &Model, english: &[&Result1], theirs: &Results, sheet: &mut Sheet) {
    let name = model.name;
    let short: Vec<&&Result1> = english.iter().filter(|r| r.short).collect();
    let ours: Vec<f64> = short.iter().map(|r| r.ms).collect();
    let mut put = |name: String, values: &[f64], p: f64| {
        if let Some(value) = percentile(values, p) {
            sheet.put(&name, value);
        }
    };
    put(format!("final_ms_p50_{name}"), &ours, 50.0);
    put(format!("final_ms_p95_{name}"), &ours, 95.0);
    let after: Vec<f64> = ours.iter().map(|ms| (ms - START_MS).max(0.0)).collect();
    put(format!("after_endpoint_ms_p50_{name}"), &after, 50.0);
    put(format!("after_endpoint_ms_p95_{name}"), &after, 95.0);
    let mut ratios = Vec::new();
    for compute in COMPUTE {
        let (mine, other): (Vec<f64>, Vec<f64>) =
            short.iter().filter_map(|r| Some((r.ms, theirs.get(&(r.item.id, compute))?.ms))).unzip();
        put(format!("peer_ms_p50_{name}_{compute}"), &other, 50.0);
        put(format!("peer_ms_p95_{name}_{compute}"), &other, 95.0);
        if let (Some(mine), Some(other)) = (percentile(&mine, 50.0), percentile(&other, 50.0)) {
            ratios.push(other / mine.max(1e-3));
        }
    }
    // Against its faster setting.
    if let Some(ratio) = ratios.into_iter().reduce(f64::min) {
        sheet.put(&format!("speed_ratio_{name}"), ratio);
    }
}

fn bars(model: &Model, with_peer: bool, sheet: &mut Sheet) {
    let name = model.name;
    sheet.want(&format!("after_endpoint_ms_p95_{name}"), Want::AtMost(model.after_endpoint_ms));
    if with_peer {
        sheet.want(&format!("wer_difference_{name}"), Want::AtMost(0.5));
        sheet.want(&format!("wer_difference_{name}_high"), Want::AtMost(1.0));
        sheet.want(&format!("wer_difference_capped_{name}"), Want::AtMost(0.5));
        sheet.want(&format!("wer_difference_capped_{name}_high"), Want::AtMost(1.0));
        sheet.want(&format!("speed_ratio_{name}"), Want::AtLeast(2.0));
    }
}

/// The word error rates in %, ours on all and on what the peer heard too, by noise.
pub fn table(sheet: &Sheet) -> String {
    let mut text = String::new();
    let figure = |name: &str| sheet.figures.get(&format!("hearing.{name}"));
    for model in &MODELS {
        if figure(&format!("wer_{}", model.name)).is_none() {
            continue;
        }
        text.push_str(&format!(
            "{:<18}{:>10}{:>10}{:>10}{:>10}\n",
            model.id, "WER %", "beside", COMPUTE[0], COMPUTE[1]
        ));
        for condition in CONDITIONS.iter().map(|(c, _)| *c).chain([RECORDED]) {
            let name = model.name;
            text.push_str(&format!("{condition:<18}"));
            for figure in [
                figure(&format!("wer_{name}_{condition}")),
                figure(&format!("beside_wer_{name}_{condition}")),
                figure(&format!("peer_wer_{name}_{condition}_{}", COMPUTE[0])),
                figure(&format!("peer_wer_{name}_{condition}_{}", COMPUTE[1])),
            ] {
                let cell = figure.map_or_else(|| "–".to_owned(), |v| format!("{:.1}", v * 100.0));
                text.push_str(&format!("{cell:>10}"));
            }
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn utterance(n: usize, language: &str, noisy: bool) -> Utterance {
        Utterance {
            id: format!("{language}/{n}"),
            corpus: if noisy { "field" } else { "studio" }.into(),
            audio: format!("{n}.flac").into(),
            text: Some("stop".into()),
            must_contain: Vec::new(),
            language: language.into(),
            noisy,
        }
    }

    #[test]
    fn a_part_is_taken_evenly_and_the_peers_is_a_part_of_it() {
        let mut all: Vec<Utterance> = (0..60).map(|n| utterance(n, "en", n >= 40)).collect();
        all.push(utterance(60, "zh", false));
        let whole = plan(&all, true, 1, 2);
        let chosen: Vec<&Chosen> = whole.values().flatten().collect();
        assert_eq!(chosen.len(), 40 * 5 + 20 + 1);
        assert_eq!(chosen.iter().filter(|c| c.by_peer).count(), 111);
        assert_eq!(plan(&all, false, 1, 2).values().flatten().count(), 220, "English only");
        let third = plan(&all, true, 3, 6);
        let in_condition = |c: &str| third.values().flatten().filter(|chosen| chosen.condition == c).count();
        for (condition, _) in CONDITIONS {
            assert!((13..=15).contains(&in_condition(condition)), "{condition}");
        }
        assert!(third.values().flatten().filter(|c| c.by_peer).count() >= 36);
    }

    fn heard(id: usize, reference: &str, text: &str, ms: f64) -> Result1 {
        Result1 {
            item: Item { id, wav: "x.wav".into(), language: "en".into() },
            corpus: "studio".into(),
            utterance: id.to_string(),
            condition: "clean",
            short: true,
            reference: Some(normalise::words(reference, "en")),
            phrases: vec!["iced coffee".into(), "two".into()],
            text: text.into(),
            speech: true,
            ms,
            by_peer: true,
        }
    }

    #[test]
    fn figures_are_pooled_over_words_and_the_peer_is_held_against_the_same_utterances() {
        let results = [
            heard(0, "an iced coffee please", "An iced coffee, please.", 100.0),
            heard(1, "two of them", "to of them", 300.0),
        ];
        let theirs: Results =
            [(0, "float32", "an iced coffee please", 400.0), (0, "int8", "an ice coffee", 250.0)]
                .into_iter()
                .map(|(id, compute, text, ms)| ((id, compute), Heard { text: text.into(), ms, kept: false }))
                .collect();
        let mut sheet = Sheet::of("hearing");
        figures(&MODELS[0], &results, &theirs, &mut sheet);
        bars(&MODELS[0], true, &mut sheet);
        let figure = |name: &str| sheet.figures.get(&format!("hearing.{name}")).copied();
        assert_eq!(figure("wer_pooled"), Some(1.0 / 7.0));
        assert_eq!(figure("wer_tiny_en_clean"), Some(1.0 / 7.0));
        assert_eq!(figure("peer_wer_tiny_en_clean_int8"), Some(0.5));
        assert_eq!(figure("beside_wer_tiny_en_clean"), Some(0.0));
        assert_eq!(figure("wer_difference_tiny_en_int8"), Some(-50.0));
        assert_eq!(figure("phrases_share_tiny_en_clean"), Some(0.25));
        assert_eq!(
            (figure("final_ms_p50_tiny_en"), figure("after_endpoint_ms_p95_tiny_en")),
            (Some(100.0), Some(128.0))
        );
        assert_eq!(
            figure("speed_ratio_tiny_en"),
            Some(2.5),
            "against the faster setting, on the same utterance"
        );
        assert!(sheet.bars.iter().all(|bar| bar.holds), "{:?}", sheet.bars);
        assert!(table(&sheet).contains("14.3"));
    }
}
