//! The recordings that the suite hears: speech with what was said, noises, hand labels.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::entry::audio_file;
use crate::operations::outcome::{Error, Kind, Result};

/// A recording of speech.
#[derive(Debug, Clone, PartialEq)]
pub struct Utterance {
    /// Its name, unique over all corpora.
    pub id: String,
    /// The corpus: a subset of `speech`, `voice` or `golden`.
    pub corpus: String,
    /// The recording.
    pub audio: PathBuf,
    /// What is said; `None` where only `must_contain` is known.
    pub text: Option<String>,
    /// Phrases that a transcript must hold, one way of writing each.
    pub must_contain: Vec<String>,
    /// BCP 47 tag.
    pub language: String,
    /// Was it recorded in noise? Then no more is added.
    pub noisy: bool,
}

/// A noise.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Noise {
    /// Its name.
    pub id: String,
    /// The recording.
    pub audio: PathBuf,
    /// What it is of.
    pub label: String,
    /// Its kind: machine, engine, babble…
    pub category: String,
}

/// A recording whose speech was marked by hand.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Labelled {
    /// Its name.
    pub id: String,
    /// The recording.
    pub audio: PathBuf,
    /// Begin and end of each stretch of speech, seconds.
    pub speech: Vec<(f64, f64)>,
    /// Marked up to here, seconds.
    pub labelled_until: f64,
}

/// Categories of noise that a plant has. Babble and human sounds are left out: who hears
/// other people's words in them hears rightly.
const PLANT: [&str; 4] = ["machine", "engine", "factory", "alarm"];
/// Of transport and public places, the labels of vehicles and roads: stations and halls are
/// full of voices.
const TRAFFIC: [&str; 4] = ["car", "train", "street", "street2"];

impl Noise {
    /// May it be heard in a plant, without anybody's voice in it?
    pub fn is_of_a_plant(&self) -> bool {
        PLANT.contains(&self.category.as_str())
            || (self.category == "transport_or_public" && TRAFFIC.contains(&self.label.as_str()))
    }
}

#[derive(Deserialize)]
struct SpeechRow {
    id: String,
    audio: PathBuf,
    text: Option<String>,
    lang: String,
    subset: String,
    noise: Option<String>,
    #[serde(default)]
    must_contain: Vec<String>,
}

#[derive(Deserialize)]
struct VoiceRow {
    id: String,
    audio: PathBuf,
    voice: String,
    text: String,
}

#[derive(Deserialize)]
struct GoldenRow {
    id: String,
    lang: String,
    audio: Option<PathBuf>,
    say: Option<String>,
}

/// The recordings of `from/speech`.
///
/// # Errors
/// `Missing` where the list is not there or cannot be read.
pub fn speech(from: &Path) -> Result<Vec<Utterance>> {
    let folder = from.join("speech");
    let rows: Vec<SpeechRow> = rows(&folder.join("speech.jsonl"))?;
    let utterance = |row: SpeechRow| Utterance {
        noisy: row.noise.is_some_and(|n| n != "none"),
        id: row.id,
        corpus: row.subset,
        audio: folder.join(row.audio),
        text: row.text,
        must_contain: row.must_contain,
        language: row.lang,
    };
    Ok(rows.into_iter().map(utterance).collect())
}

/// The questions of `from/voice`, each by its synthetic voices.
///
/// # Errors
/// `Missing` where the list is not there or cannot be read.
pub fn voice(from: &Path) -> Result<Vec<Utterance>> {
    let folder = from.join("voice");
    let rows: Vec<VoiceRow> = rows(&folder.join("voice.jsonl"))?;
    let utterance = |row: VoiceRow| Utterance {
        id: format!("voice/{}_{}", row.id, row.voice),
        corpus: "voice".into(),
        audio: folder.join(row.audio),
        text: Some(row.text),
        must_contain: Vec::new(),
        language: "en".into(),
        noisy: false,
    };
    Ok(rows.into_iter().map(utterance).collect())
}

/// The recorded questions of a repository's `tests/golden`; none where it has none.
///
/// # Errors
/// `Missing` where a list cannot be read.
pub fn golden(repository: &Path) -> Result<Vec<Utterance>> {
    let folder = repository.join("tests/golden");
    let Ok(entries) = std::fs::read_dir(&folder) else { return Ok(Vec::new()) };
    let mut lists: Vec<PathBuf> = entries
        .filter_map(|e| e.ok().map(|e| e.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "jsonl"))
        .collect();
    lists.sort();
    let mut all = Vec::new();
    for list in lists {
        for row in rows::<GoldenRow>(&list)? {
            let (Some(audio), Some(say)) = (row.audio, row.say) else { continue };
            all.push(Utterance {
                id: format!("golden/{}", row.id),
                corpus: "golden".into(),
                audio: folder.join(audio),
                text: Some(say),
                must_contain: Vec::new(),
                language: row.lang,
                noisy: false,
            });
        }
    }
    Ok(all)
}

/// The noises of `from/noise`.
///
/// # Errors
/// `Missing` where the list is not there or cannot be read.
pub fn noise(from: &Path) -> Result<Vec<Noise>> {
    let folder = from.join("noise");
    let mut all: Vec<Noise> = rows(&folder.join("noise.jsonl"))?;
    all.iter_mut().for_each(|n| n.audio = folder.join(&n.audio));
    Ok(all)
}

/// The hand-marked recordings of `from/vad`.
///
/// # Errors
/// `Missing` where the list is not there or cannot be read.
pub fn labelled(from: &Path) -> Result<Vec<Labelled>> {
    let folder = from.join("vad");
    let mut all: Vec<Labelled> = rows(&folder.join("vad.jsonl"))?;
    all.iter_mut().for_each(|l| l.audio = folder.join(&l.audio));
    Ok(all)
}

/// A recording's samples, mono at 16 kHz.
///
/// # Errors
/// As [`audio_file::read`].
pub fn samples(audio: &Path) -> Result<Vec<f32>> {
    Ok(audio_file::read(audio)?.samples)
}

fn rows<R: DeserializeOwned>(list: &Path) -> Result<Vec<R>> {
    let missing = |what: String| {
        Error::new(Kind::Missing, what)
            .hint("name a directory laid out like the evaluation data by --from DIR")
    };
    let text = std::fs::read_to_string(list)
        .map_err(|e| missing(format!("cannot read {}", list.display())).because(e))?;
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(n, line)| {
            serde_json::from_str(line).map_err(|e| {
                missing(format!("line {} of {} is not as expected", n + 1, list.display())).because(e)
            })
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::operations::eval::scratch::{Scratch, put};

    #[test]
    fn lists_are_read_and_their_paths_are_below_them() {
        let dir = Scratch::new().unwrap();
        let from = dir.path();
        put(&from.join("speech/speech.jsonl"), r#"{"id":"a/1","audio":"audio/1.flac","text":null,"lang":"en","subset":"a","dur_s":1,"must_contain":["milk"]}

{"id":"b/1","audio":"audio/2.flac","text":"go","lang":"en","subset":"b","noise":"car","snr_db":5}
{"id":"b/2","audio":"audio/3.flac","text":"go","lang":"en","subset":"b","noise":"none"}"#).unwrap();
        let all = speech(from).unwrap();
        assert_eq!(all.iter().map(|u| u.noisy).collect::<Vec<_>>(), [false, true, false]);
        assert_eq!(
            (all[0].text.as_deref(), all[0].must_contain.as_slice()),
            (None, &["milk".to_owned()][..])
        );
        assert_eq!(all[1].audio, from.join("speech/audio/2.flac"));
        put(&from.join("tests/golden/x.jsonl"), "{\"id\":\"x\",\"lang\":\"en\",\"audio\":null}\n{\"id\":\"y\",\"lang\":\"en\",\"audio\":\"audio/y.flac\",\"say\":\"Stop\"}").unwrap();
        assert_eq!(golden(from).unwrap().len(), 1);
        assert_eq!(golden(&from.join("nowhere")).unwrap(), []);
        assert_eq!(voice(from).unwrap_err().kind, Kind::Missing);
    }

    #[test]
    fn a_plant_has_machines_and_vehicles_but_no_voices() {
        let noise = |label: &str, category: &str| Noise {
            id: String::new(),
            audio: PathBuf::new(),
            label: label.into(),
            category: category.into(),
        };
        for (label, category) in
            [("drilling", "machine"), ("smoke alarm", "alarm"), ("train", "transport_or_public")]
        {
            assert!(noise(label, category).is_of_a_plant(), "{label}");
        }
        for (label, category) in
            [("station", "transport_or_public"), ("babble", "babble"), ("clapping", "human_nonspeech")]
        {
            assert!(!noise(label, category).is_of_a_plant(), "{label}");
        }
    }
}
