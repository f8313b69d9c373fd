//! Spoken codes and domain terms, with vocabulary and repair and without: the questions over
//! the manuals of `kb` and the golden ones, each with the index of its own manuals, and
//! strings of digits with an index that lists them among others.
//!
//! Both transcripts are made of the same sound: one as the model gives it, one with the
//! prompt of the index and mended by it. A code counts as heard where the search would read
//! it, so that "F 37" is F37 before and after.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::super::retrieval::dice::Dice;
use super::super::retrieval::shelf::{Bench, Shelf};
use super::corpora::{self, Noise, Utterance};
use super::errors::Errors;
use super::{Options, SEED, Sheet, Told, Want, mix, normalise};
use crate::core::hear::repair::Lexicon;
use crate::core::hear::whisper::{self, Recogniser};
use crate::core::hear::{SAMPLE_RATE, Transcript};
use crate::core::knowledge::code::{Lookup, codes_asked};
use crate::core::knowledge::generation::Generation;
use crate::operations::models::{Role, Store};
use crate::operations::node::lexicon::lexicon;
use crate::operations::outcome::{Error, Kind, Result};

/// As the ear cuts: sound before the first speech and after the last, in samples.
const LEAD: usize = SAMPLE_RATE as usize * 3 / 10;
const TAIL: usize = SAMPLE_RATE as usize * 128 / 1000;
/// Words do not depend on threads, and time is not measured here.
const THREADS: usize = 1;
/// The conditions, by name.
const CONDITIONS: [(&str, Option<f32>); 5] =
    [("clean", None), ("snr20", Some(20.0)), ("snr10", Some(10.0)), ("snr5", Some(5.0)), ("snr0", Some(0.0))];
/// Other strings of digits in the index beside those that are spoken.
const DECOYS: usize = 400;

/// What an utterance is heard with.
struct Plant {
    lexicon: Lexicon,
    /// `None` for strings of digits.
    shelf: Option<usize>,
    /// Words of its terms.
    terms: BTreeSet<String>,
}

/// What was counted.
#[derive(Debug, Default, Clone)]
struct Tally {
    codes: usize,
    codes_raw: usize,
    codes_repaired: usize,
    /// Codes that were not heard, and are asked about.
    asked: usize,
    /// Utterances whose code no manual has, or that have none, and in which one was read.
    without: usize,
    wrong_raw: usize,
    wrong_repaired: usize,
    terms: usize,
    term_errors_raw: usize,
    term_errors_repaired: usize,
    plain_words: usize,
    false_repairs: usize,
}

/// Measures it.
///
/// # Errors
/// `Missing` where the data or the recogniser is.
pub fn measure(options: &Options, told: &mut dyn Told, sheet: &mut Sheet) -> Result<()> {
    let bench = Bench::of(&options.data, &options.config.models.embedder, THREADS)?;
    let mut utterances = corpora::voice(&options.from)?;
    utterances.extend(corpora::golden(&options.repository)?.into_iter().filter(|u| u.language == "en"));
    let speech = corpora::speech(&options.from)?;
    let spoken = |corpus: &str| speech.iter().filter(|u| u.corpus == corpus && !u.noisy).cloned().collect();
    let digits: Vec<Utterance> = spoken("fsdd_strings");
    let plain: Vec<Utterance> = spoken("noizeus");
    let mut noises = Vec::new();
    for noise in corpora::noise(&options.from)?.into_iter().filter(Noise::is_of_a_plant) {
        noises.push(corpora::samples(&noise.audio)?);
    }
    if noises.is_empty() {
        return Err(Error::new(Kind::Missing, "there is no noise of machines, engines or vehicles")
            .hint("name a directory laid out like the evaluation data by --from DIR"));
    }
    let mut shelves: Vec<Shelf<'_>> = Vec::new();
    let mut plants: BTreeMap<String, Plant> = BTreeMap::new();
    for name in utterances.iter().map(kb_of).collect::<BTreeSet<_>>() {
        let dir = match name.as_str() {
            "golden" => options.repository.join("knowledge"),
            kb => options.from.join("kb").join(kb).join("manual"),
        };
        told.progress("indexing", shelves.len(), plants.len() + 1);
        let shelf = Shelf::of_words(&bench, &[dir])?;
        plants.insert(name, plant(&shelf.store().generations, Some(shelves.len())));
        shelves.push(shelf);
    }
    plants.insert("digits".into(), listed(&digits));

    let located = Store::open(&options.data)?.locate(Role::Recogniser, None)?;
    let mut hearing = Hearing { recogniser: Recogniser::load(&located.path)?, noises: &noises };
    hearing.recogniser.warm_up()?;
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    let mut digit_tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    let every = if options.quick { 4 } else { 1 };
    let all = utterances.iter().map(|u| (u, kb_of(u)));
    let all: Vec<_> = all.chain(digits.iter().map(|u| (u, "digits".to_owned()))).step_by(every).collect();
    for (n, (utterance, name)) in all.iter().enumerate() {
        let Some(plant) = plants.get(name) else { continue };
        let generations =
            plant.shelf.and_then(|at| shelves.get(at)).map(|s| s.store().generations.as_slice());
        for (condition, snr) in CONDITIONS {
            let (raw, mended) = hearing.twice(utterance, condition, snr, &plant.lexicon)?;
            let tallies = if generations.is_some() { &mut tallies } else { &mut digit_tallies };
            let tally = tallies.entry(condition).or_default();
            count(tally, utterance, plant, generations.and_then(<[_]>::first), &raw, &mended);
            told.row(&json!({
                "utterance": utterance.id, "condition": condition, "said": utterance.text,
                "raw": raw.text, "heard": mended.raw, "mended": mended.text, "repairs": mended.repairs,
            }))?;
        }
        told.progress("codes", n + 1, all.len());
    }
    // Speech without codes, with the words of the golden manuals.
    let mut none = Tally::default();
    if let Some(plant) = plants.get("golden").or_else(|| plants.values().next()) {
        for utterance in plain.iter().step_by(every) {
            let (_, mended) = hearing.twice(utterance, "clean", None, &plant.lexicon)?;
            falsely(&mut none, utterance, &mended);
        }
    }
    tallies.values_mut().for_each(|t| {
        none.plain_words += t.plain_words;
        none.false_repairs += t.false_repairs;
    });
    figures(&tallies, &digit_tallies, &none, sheet);
    Ok(())
}

/// The knowledge base that a question is about.
fn kb_of(utterance: &Utterance) -> String {
    let id = utterance.id.strip_prefix("voice/").filter(|_| utterance.corpus == "voice");
    id.and_then(|id| id.rsplit_once('-')).map_or_else(|| "golden".to_owned(), |(kb, _)| kb.to_owned())
}

fn plant(generations: &[Generation], shelf: Option<usize>) -> Plant {
    let words = generations.iter().flat_map(|g| &g.vocabulary.terms).flat_map(|t| normalise::words(t, "en"));
    let terms = words.filter(|w| w.len() >= 5 && w.chars().all(|c| c.is_ascii_lowercase())).collect();
    Plant { lexicon: lexicon(generations), shelf, terms }
}

/// An index that lists the strings that are spoken, among others as long.
fn listed(digits: &[Utterance]) -> Plant {
    let mut dice = Dice::new(SEED);
    let mut codes: Vec<String> = digits.iter().map(digits_of).collect();
    for n in 0..DECOYS {
        let length = 2 + n % 5;
        codes.push((0..length).map(|_| dice.below(10).to_string()).collect());
    }
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    Plant { lexicon: Lexicon::new(&codes, &[]), shelf: None, terms: BTreeSet::new() }
}

fn digits_of(utterance: &Utterance) -> String {
    digits_in(utterance.text.as_deref().unwrap_or_default())
}

fn digits_in(text: &str) -> String {
    normalise::words(text, "en").concat().chars().filter(char::is_ascii_digit).collect()
}

/// The recogniser with the noises that it hears through.
struct Hearing<'n> {
    recogniser: Recogniser,
    noises: &'n [Vec<f32>],
}

impl Hearing<'_> {
    /// An utterance in one condition: as the model hears it, and with a lexicon.
    fn twice(
        &mut self,
        utterance: &Utterance,
        condition: &str,
        snr: Option<f32>,
        lexicon: &Lexicon,
    ) -> Result<(Transcript, Transcript)> {
        let whole = corpora::samples(&utterance.audio)?;
        let speech = mix::trimmed(&whole, LEAD, TAIL);
        let mixed = match snr {
            None => speech.to_vec(),
            Some(snr) => {
                let mut dice = Dice::new(seed(&utterance.id, condition));
                let noise = self.noises.get(dice.below(self.noises.len())).map(Vec::as_slice);
                mix::at_snr(speech, &mix::stretch(noise.unwrap_or_default(), speech.len(), &mut dice), snr)
            }
        };
        let mut how =
            whisper::Options { language: Some("en".into()), threads: THREADS, ..whisper::Options::default() };
        let raw = self.recogniser.transcribe(&mixed, &how)?;
        how.prompt = lexicon.prompt(None);
        let mut mended =
            if how.prompt.is_some() { self.recogniser.transcribe(&mixed, &how)? } else { raw.clone() };
        lexicon.repair(&mut mended);
        Ok((raw, mended))
    }
}

/// The seed of an utterance in a condition.
fn seed(id: &str, condition: &str) -> u64 {
    let digest = Sha256::digest(format!("codes {id} {condition}"));
    digest.iter().take(8).fold(SEED, |sum, byte| sum.rotate_left(8) ^ u64::from(*byte))
}

/// The codes of an index that a text asks for.
fn codes_in(text: &str, generation: &Generation) -> BTreeSet<String> {
    let vocabulary = &generation.vocabulary;
    let known = |code: &str| vocabulary.codes.contains_key(code);
    let in_text = |code: &str| vocabulary.designations.contains(code) && !known(code);
    let lookup = Lookup { known: &known, in_text: &in_text, shapes: &vocabulary.shapes, spoken: false };
    codes_asked(text, &lookup).known.into_iter().collect()
}

fn count(
    tally: &mut Tally,
    utterance: &Utterance,
    plant: &Plant,
    generation: Option<&Generation>,
    raw: &Transcript,
    mended: &Transcript,
) {
    let said = utterance.text.as_deref().unwrap_or_default();
    let asks = mended.repairs.iter().any(|r| !r.or.is_empty());
    let Some(generation) = generation else {
        let digits = digits_in(said);
        let right = digits_in(&mended.text) == digits;
        tally.codes += 1;
        tally.codes_raw += usize::from(digits_in(&raw.text) == digits);
        tally.codes_repaired += usize::from(right);
        tally.asked += usize::from(!right && asks);
        return;
    };
    let codes = codes_in(said, generation);
    let (raw_codes, mended_codes) = (codes_in(&raw.text, generation), codes_in(&mended.text, generation));
    for code in &codes {
        tally.codes += 1;
        tally.codes_raw += usize::from(raw_codes.contains(code));
        tally.codes_repaired += usize::from(mended_codes.contains(code));
        tally.asked += usize::from(!mended_codes.contains(code) && asks);
    }
    tally.without += 1;
    tally.wrong_raw += usize::from(raw_codes.iter().any(|c| !codes.contains(c)));
    tally.wrong_repaired += usize::from(mended_codes.iter().any(|c| !codes.contains(c)) && !asks);
    let words = |text: &str| normalise::words(text, "en").into_iter().collect::<BTreeSet<_>>();
    let (raw_words, mended_words) = (words(&raw.text), words(&mended.text));
    for term in words(said).iter().filter(|w| plant.terms.contains(*w)) {
        tally.terms += 1;
        tally.term_errors_raw += usize::from(!raw_words.contains(term));
        tally.term_errors_repaired += usize::from(!mended_words.contains(term));
    }
    if codes.is_empty() {
        falsely(tally, utterance, mended);
    }
}

/// Words that were right before the repair and are not after it.
fn falsely(tally: &mut Tally, utterance: &Utterance, mended: &Transcript) {
    let words = |text: &str| normalise::words(text, "en");
    let said = words(utterance.text.as_deref().unwrap_or_default());
    let said: Vec<&str> = said.iter().map(String::as_str).collect();
    let errors = |text: &str| {
        let heard = words(text);
        Errors::between(&said, &heard.iter().map(String::as_str).collect::<Vec<_>>()).edits()
    };
    let before = mended.raw.as_deref().unwrap_or(&mended.text);
    tally.plain_words += words(before).len();
    tally.false_repairs += errors(&mended.text).saturating_sub(errors(before));
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn figures(
    tallies: &BTreeMap<&str, Tally>,
    digits: &BTreeMap<&str, Tally>,
    plain: &Tally,
    sheet: &mut Sheet,
) {
    let mut put = |name: &str, value: Option<f64>| {
        if let Some(value) = value {
            sheet.put(name, value);
        }
    };
    let sum = |of: fn(&Tally) -> usize| tallies.values().map(of).sum::<usize>();
    // Codes are terms too.
    let items = sum(|t| t.terms + t.codes);
    let raw = sum(|t| t.term_errors_raw + t.codes - t.codes_raw);
    let repaired = sum(|t| t.term_errors_repaired + t.codes - t.codes_repaired);
    put("terms", Some(items as f64));
    put("term_error_rate_raw", share(raw, items));
    put("term_error_rate_repaired", share(repaired, items));
    put("term_errors_saved_share", (raw > 0).then(|| 1.0 - repaired as f64 / raw as f64));
    for (condition, tally) in tallies {
        put(&format!("code_exact_raw_{condition}"), share(tally.codes_raw, tally.codes));
        put(&format!("code_exact_repaired_{condition}"), share(tally.codes_repaired, tally.codes));
    }
    for (condition, tally) in digits {
        put(&format!("digits_exact_raw_{condition}"), share(tally.codes_raw, tally.codes));
        put(&format!("digits_exact_repaired_{condition}"), share(tally.codes_repaired, tally.codes));
    }
    put("codes_spoken", Some(sum(|t| t.codes) as f64));
    put("code_asked_share", share(sum(|t| t.asked), sum(|t| t.codes)));
    put("code_wrong_share_raw", share(sum(|t| t.wrong_raw), sum(|t| t.without)));
    put("code_wrong_share_repaired", share(sum(|t| t.wrong_repaired), sum(|t| t.without)));
    put("false_repairs_per_1000_words", share(plain.false_repairs * 1000, plain.plain_words));
    sheet.want("term_errors_saved_share", Want::AtLeast(1.0 / 3.0));
    sheet.want("false_repairs_per_1000_words", Want::AtMost(5.0));
}
