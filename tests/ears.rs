//! Hearing: what files and microphones give becomes words, and nothing else does.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use hound::{SampleFormat, WavSpec, WavWriter};
use millwright::core::hear::Transcript;
use millwright::core::hear::whisper::{Abort, Job, Options, Recogniser, Refused, Worker};
use millwright::entry::audio_file::{self, Audio, decode};
use millwright::entry::{self, listen::trim};

use crate::support;

/// A recorded question, spoken with a voice whose licence allows it.
fn question() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/question.flac")
}

/// A WAV of these interleaved samples (−1..1).
fn wav(spec: WavSpec, samples: impl IntoIterator<Item = f32>) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut bytes, spec).unwrap();
    let full = (1_i64 << (spec.bits_per_sample - 1)) as f32 - 1.0;
    for sample in samples {
        match spec.sample_format {
            SampleFormat::Float => writer.write_sample(sample).unwrap(),
            SampleFormat::Int => writer.write_sample((sample * full) as i32).unwrap(),
        }
    }
    writer.finalize().unwrap();
    bytes.into_inner()
}

fn spec(channels: u16, sample_rate: u32, bits_per_sample: u16, sample_format: SampleFormat) -> WavSpec {
    WavSpec { channels, sample_rate, bits_per_sample, sample_format }
}

fn sixteen() -> WavSpec {
    spec(1, 16_000, 16, SampleFormat::Int)
}

fn read(bytes: Vec<u8>) -> entry::Result<Audio> {
    decode(Cursor::new(bytes))
}

fn what(result: entry::Result<Audio>) -> String {
    result.unwrap_err().to_string()
}

/// A tone of half a second at any rate.
fn tone(rate: u32) -> impl Iterator<Item = f32> {
    (0..rate / 2).map(move |i| 0.5 * (std::f32::consts::TAU * 300.0 * i as f32 / rate as f32).sin())
}

/// The same sound at another rate: a windowed sinc that lets nothing fold back.
fn at_rate(samples: &[f32], rate: u32) -> Vec<f32> {
    let cutoff = (f64::from(rate) / 16_000.0).min(1.0);
    let reach = (16.0 / cutoff) as isize;
    let weight = |distance: f64| {
        let (x, edge) = (std::f64::consts::PI * cutoff * distance, distance / (reach + 1) as f64);
        let sinc = if x == 0.0 { 1.0 } else { x.sin() / x };
        cutoff * sinc * (0.5 + 0.5 * (std::f64::consts::PI * edge).cos())
    };
    (0..samples.len() * rate as usize / 16_000)
        .map(|i| {
            let at = i as f64 * 16_000.0 / f64::from(rate);
            let near = at as isize - reach..=at as isize + reach;
            let sum: f64 = near
                .filter_map(|j| {
                    Some(f64::from(*samples.get(usize::try_from(j).ok()?)?) * weight(at - j as f64))
                })
                .sum();
            sum as f32
        })
        .collect()
}

/// What was said, without its punctuation.
fn bare(heard: &Transcript) -> String {
    heard.text.to_lowercase().replace(['.', ',', '?', '!'], "")
}

fn white_noise(seconds: usize, level: f32) -> Vec<f32> {
    let mut state = 1_u32;
    (0..16_000 * seconds)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            level * (state as f32 / u32::MAX as f32 * 2.0 - 1.0)
        })
        .collect()
}

// Files

#[test]
fn every_width_rate_and_number_of_channels_gives_the_same_sound() {
    let want = read(wav(sixteen(), tone(16_000))).unwrap();
    assert_eq!((want.source_rate, want.channels, want.duration_ms), (16_000, 1, 500));
    for (channels, rate, bits, format) in [
        (1, 8_000, 8, SampleFormat::Int),
        (2, 8_000, 24, SampleFormat::Int),
        (1, 44_100, 32, SampleFormat::Int),
        (6, 48_000, 16, SampleFormat::Int),
        (1, 96_000, 32, SampleFormat::Float),
    ] {
        let frames = tone(rate).flat_map(|s| std::iter::repeat_n(s, usize::from(channels)));
        let audio = read(wav(spec(channels, rate, bits, format), frames)).unwrap();
        assert_eq!((audio.source_rate, audio.channels, audio.duration_ms), (rate, channels, 500));
        let off = audio.samples[800..7_200].iter().zip(&want.samples[800..7_200]);
        let worst = off.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 0.02, "{bits} bits at {rate} Hz are off by {worst}");
    }
}

#[test]
fn telephone_companding_and_open_lengths_are_read() {
    let mut law = wav(spec(1, 8_000, 8, SampleFormat::Int), [0.0; 4_000]);
    law[20] = 7; // µ-law
    law[44..].fill(0xFF); // its zero
    assert!(read(law.clone()).unwrap().samples.iter().all(|s| s.abs() < 0.001));
    law[20] = 6; // A-law
    law[44..].fill(0xD5); // its smallest
    assert!(read(law).unwrap().samples.iter().all(|s| s.abs() < 0.001));

    let mut piped = wav(sixteen(), tone(16_000));
    piped[40..44].fill(0xFF);
    assert_eq!(read(piped).unwrap().duration_ms, 500);
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/audio").join(name)
}

/// How alike two recordings are, whatever the delay (up to 100 ms) between them: the
/// highest correlation.
fn likeness(a: &[f32], b: &[f32]) -> f32 {
    let at = |delay: usize| {
        let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
        for (a, b) in a.iter().zip(&b[delay..]) {
            (ab, aa, bb) = (ab + a * b, aa + a * a, bb + b * b);
        }
        ab / (aa * bb).sqrt()
    };
    (0..1_600).map(at).fold(0.0, f32::max)
}

#[test]
fn mp3_ogg_and_adpcm_are_the_same_recording() {
    let want = audio_file::read(&question()).unwrap();
    for (name, rate, least) in [
        ("question.mp3", 16_000, 0.95),
        ("question.ogg", 16_000, 0.9),
        ("telephone-ima.wav", 8_000, 0.9),
        ("telephone-ms.wav", 8_000, 0.9),
    ] {
        let audio = audio_file::read(&fixture(name)).unwrap();
        assert_eq!((audio.source_rate, audio.channels), (rate, 1), "{name}");
        // An MP3 begins and ends with the filter's silence; ADPCM may end with a padded block.
        assert!(audio.duration_ms.abs_diff(want.duration_ms) <= 260, "{name}: {} ms", audio.duration_ms);
        let (a, b) = (&want.samples[8_000..56_000], &audio.samples[8_000..]);
        let alike = likeness(a, b);
        assert!(alike > least, "{name} is like the original by {alike}");
    }
}

#[test]
fn the_content_tells_the_format_and_not_the_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("question.wav");
    // A tag with a picture before the sound, in which a frame seems to begin.
    let mut tagged = b"ID3\x03\x00\x00\x00\x00\x01\x00".to_vec();
    tagged.extend([0xFF, 0xFB, 0x90, 0x00].repeat(32));
    tagged.extend(std::fs::read(fixture("question.mp3")).unwrap());
    std::fs::write(&path, tagged).unwrap();
    let plain = audio_file::read(&fixture("question.mp3")).unwrap();
    assert_eq!(audio_file::read(&path).unwrap(), plain);
}

#[test]
fn what_is_audio_but_cannot_be_read_is_named_with_the_way_out() {
    let error = audio_file::read(&fixture("opus.ogg")).unwrap_err();
    assert_eq!(error.kind, entry::Kind::Unreadable);
    assert!(error.what.contains("Opus"), "{error}");
    assert!(error.hint.contains("ffmpeg"), "{}", error.hint);
    for (magic, name) in [
        (&b"\0\0\0\x1CftypM4A \0\0"[..], "AAC"),
        (b"\x30\x26\xB2\x75\x8E\x66\xCF\x11\xA6\xD9\0\xAA", "WMA"),
        (b"#!AMR\n\x3C\x91\x17\x16\xBE\x66", "AMR"),
    ] {
        let error = read(magic.to_vec()).unwrap_err();
        assert!(error.what.contains(name) && error.hint.contains("convert"), "{error}");
    }
    let mut mp3_in_wav = wav(sixteen(), tone(16_000));
    mp3_in_wav[20] = 0x55;
    assert!(what(read(mp3_in_wav)).contains("MP3"));
    // A text in UTF-16 begins with what is nearly an MP3 frame.
    let text: Vec<u8> = "\u{FEFF}Torque 210 Nm".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(what(read(text)).contains("not audio"));
}

#[test]
fn a_compressed_recording_that_is_cut_off_is_an_error() {
    for name in ["question.mp3", "question.ogg"] {
        let mut bytes = std::fs::read(fixture(name)).unwrap();
        bytes.truncate(bytes.len() * 2 / 3);
        let what = what(read(bytes));
        assert!(what.contains("cut off") || what.contains("damaged"), "{name}: {what}");
    }
}

#[test]
fn a_text_file_named_wav_is_told_apart_from_audio() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notes.wav");
    std::fs::write(&path, "Torque the M16 flange bolts to 210 Nm.\n").unwrap();
    let error = audio_file::read(&path).unwrap_err();
    assert_eq!(error.kind, entry::Kind::Unreadable);
    assert!(error.what.contains("notes.wav") && error.what.contains("not audio"), "{error}");
    assert!(!error.hint.is_empty());
}

#[test]
fn a_missing_file_and_a_folder_are_said_to_be_that() {
    for path in [Path::new("/no/such/file.wav"), Path::new("/")] {
        let error = audio_file::read(path).unwrap_err();
        assert_eq!(error.kind, entry::Kind::Io);
        assert!(error.what.contains("cannot open"), "{error}");
    }
}

#[test]
fn an_empty_recording_is_an_error() {
    assert!(what(read(wav(sixteen(), []))).contains("0 samples"));
    assert!(what(read(Vec::new())).contains("not audio"));
}

#[test]
fn a_recording_that_is_cut_off_is_an_error_that_says_how_much_is_there() {
    let mut bytes = wav(sixteen(), tone(16_000).chain(tone(16_000)));
    bytes.truncate(44 + 16_000);
    assert!(what(read(bytes)).contains("cut off: 0.5 s of 1.0 s"));
    let mut flac = std::fs::read(question()).unwrap();
    flac.truncate(flac.len() * 2 / 3);
    let what = what(read(flac));
    assert!(what.contains("cut off") || what.contains("damaged"), "{what}");
}

#[test]
fn more_than_ten_minutes_are_refused_before_they_are_read() {
    let mut bytes = wav(sixteen(), tone(16_000));
    bytes[40..44].copy_from_slice(&(16_000_u32 * 2 * 700).to_le_bytes());
    assert!(what(read(bytes)).contains("longer than 10 minutes"));
}

#[test]
fn no_header_however_damaged_makes_the_reader_panic() {
    use proptest::prelude::*;
    let sound: Vec<f32> = tone(16_000).take(600).collect();
    let plain = wav(sixteen(), sound.clone());
    let extensible = wav(spec(3, 48_000, 24, SampleFormat::Int), sound);
    let flac = std::fs::read(question()).unwrap();
    let seeds = [plain, extensible, flac[..flac.len().min(6_000)].to_vec(), flac];
    let damage = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6);
    let config = ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(seed in 0_usize..4, head in damage.clone(), any in damage, keep in any::<prop::sample::Index>())| {
        let mut bytes = seeds[seed].clone();
        let header = bytes.len().min(96);
        for (at, value) in head {
            bytes[at.index(header)] = value;
        }
        for (at, value) in any {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let _ = read(bytes.clone());
        bytes.truncate(keep.index(bytes.len()));
        let _ = read(bytes);
    });
}

// Words

fn tiny() -> Recogniser {
    Recogniser::load(&support::model("whisper-tiny.en", "ggml-tiny.en.bin")).unwrap()
}

fn options() -> Options {
    Options { threads: 2, ..Options::default() }
}

fn hear(recogniser: &mut Recogniser, samples: &[f32]) -> Transcript {
    recogniser.transcribe(samples, &options()).unwrap()
}

fn asked() -> Vec<f32> {
    let audio = audio_file::read(&question()).unwrap();
    audio.samples[trim::trim(&audio.samples, trim::MARGIN)].to_vec()
}

#[test]
fn with_model_a_question_is_heard_word_by_word() {
    let samples = asked();
    let heard = hear(&mut tiny(), &samples);
    assert!(heard.speech, "{heard:?}");
    assert!(heard.words.len() >= 4, "{heard:?}");
    let words: Vec<&str> = heard.words.iter().map(|word| word.word.as_str()).collect();
    assert_eq!(words.join(" "), heard.text);
    let ends: Vec<u64> = heard.words.iter().map(|word| word.end_ms).collect();
    assert!(ends.is_sorted() && *ends.last().unwrap() <= heard.audio_ms, "{heard:?}");
    assert!(heard.words.iter().all(|word| (0.0..=1.0).contains(&word.p)));
    assert_eq!(heard.audio_ms, samples.len() as u64 / 16);
}

#[test]
fn with_model_the_format_of_the_file_does_not_change_the_words() {
    let samples = asked();
    let mut recogniser = tiny();
    let plain = bare(&hear(&mut recogniser, &samples));
    let stereo = at_rate(&samples, 8_000).into_iter().flat_map(|s| [s, s]);
    let telephone = read(wav(spec(2, 8_000, 24, SampleFormat::Int), stereo)).unwrap();
    assert_eq!(bare(&hear(&mut recogniser, &telephone.samples)), plain);
    let studio = at_rate(&samples, 96_000);
    let studio = read(wav(spec(1, 96_000, 32, SampleFormat::Float), studio)).unwrap();
    assert_eq!(bare(&hear(&mut recogniser, &studio.samples)), plain);
}

#[test]
fn with_model_silence_and_noise_are_not_speech() {
    let mut recogniser = tiny();
    let hum = |seconds: usize| -> Vec<f32> {
        (0..16_000 * seconds).map(|i| 0.1 * (i as f32 * 0.02).sin()).collect()
    };
    for (name, samples) in [
        ("nothing", vec![]),
        ("one sample", vec![0.1]),
        ("silence", vec![0.0; 48_000]),
        ("white noise", white_noise(3, 0.1)),
        ("a short noise", white_noise(1, 0.3)[..6_400].to_vec()),
        ("quiet noise", white_noise(4, 0.002)),
        ("hum", hum(3)),
    ] {
        let heard = hear(&mut recogniser, &samples);
        assert!(!heard.speech && !heard.doubt.is_empty(), "{name} was heard as {heard:?}");
    }
}

#[test]
fn with_model_the_same_utterance_gives_the_same_words_whatever_went_before() {
    let samples = asked();
    let mut recogniser = tiny();
    let first = hear(&mut recogniser, &samples);
    hear(&mut recogniser, &white_noise(6, 0.1));
    let with_prompt =
        Options { prompt: Some("Hydraulic pump, alarm E203, pitch motor.".into()), ..options() };
    recogniser.transcribe(&samples, &with_prompt).unwrap();
    assert_eq!(hear(&mut recogniser, &samples), first);
}

#[test]
fn with_model_a_transcription_can_be_given_up_and_the_next_one_is_whole() {
    let samples = asked();
    let mut recogniser = tiny();
    let first = hear(&mut recogniser, &samples);
    let abort = Abort::default();
    let later = abort.clone();
    let timer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(30));
        later.set();
    });
    let long: Vec<f32> = samples.iter().copied().cycle().take(16_000 * 60).collect();
    let given_up = recogniser.transcribe(&long, &Options { abort, ..options() });
    timer.join().unwrap();
    assert!(given_up.unwrap_err().what.contains("given up"));
    assert_eq!(hear(&mut recogniser, &samples), first);
}

#[test]
fn with_model_more_than_thirty_seconds_are_heard_to_the_end() {
    let samples = asked();
    let mut recogniser = tiny();
    let mut long = samples.clone();
    long.resize(16_000 * 31, 0.0);
    long.extend_from_slice(&samples);
    let heard = hear(&mut recogniser, &long);
    let late = heard.words.iter().filter(|word| word.start_ms > 29_000);
    assert!(heard.speech && late.count() >= 4, "{heard:?}");
}

#[test]
fn with_model_an_english_model_says_that_it_knows_no_other_language() {
    let mut recogniser = tiny();
    let ask = |language: &str| Options { language: Some(language.into()), ..options() };
    assert!(recogniser.transcribe(&[0.0; 100], &ask("en-GB")).is_ok());
    let error = recogniser.transcribe(&[0.0; 100], &ask("es")).unwrap_err();
    assert!(error.what.contains("English only") && !error.hint.is_empty());
    for nonsense in ["", "q\0q", "klingon", "😀"] {
        assert!(recogniser.transcribe(&[0.0; 100], &ask(nonsense)).is_err());
    }
}

#[test]
fn a_file_that_is_no_model_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.bin");
    assert!(Recogniser::load(&path).err().unwrap().what.contains("cannot be read"));
    std::fs::write(&path, [0; 100]).unwrap();
    assert!(Recogniser::load(&path).err().unwrap().what.contains("no Whisper model"));
    let mut header = b"lmgg".to_vec();
    header.extend([0xFF; 100]);
    std::fs::write(&path, header).unwrap();
    assert!(Recogniser::load(&path).err().unwrap().what.contains("damaged"));
}

#[test]
fn with_model_a_model_that_is_cut_off_is_refused() {
    let whole = std::fs::read(support::model("whisper-tiny.en", "ggml-tiny.en.bin")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.bin");
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let error = Recogniser::load(&path).err().unwrap();
    assert!(error.hint.contains("models pull"), "{error}");
}

#[test]
fn with_model_the_worker_answers_and_a_full_mailbox_says_so_at_the_door() {
    let worker = Worker::spawn(support::model("whisper-tiny.en", "ggml-tiny.en.bin"), 1).unwrap();
    let samples = asked();
    let (answers, heard) = mpsc::channel();
    let (begun, begins) = mpsc::channel();
    let (go, wait) = mpsc::channel::<()>();
    let mut wait = Some(wait);
    let mut job = || {
        let (answers, begun, wait) = (answers.clone(), begun.clone(), wait.take());
        Job {
            samples: samples.clone(),
            options: Options::default(),
            threads: Box::new(move || {
                begun.send(()).unwrap();
                wait.iter().for_each(|wait| wait.recv().unwrap());
                2
            }),
            reply: Box::new(move |heard| answers.send(heard.map(|heard| heard.text)).unwrap()),
        }
    };
    assert!(worker.submit(job()).is_ok());
    begins.recv().unwrap();
    assert!(worker.submit(job()).is_ok(), "one may wait");
    assert!(matches!(worker.submit(job()), Err(Refused::Full(_))), "two may not");
    go.send(()).unwrap();
    let first = heard.recv().unwrap().unwrap();
    drop(worker);
    assert_eq!(heard.try_iter().map(Result::unwrap).collect::<Vec<_>>(), [first], "what waited was done");
}

#[test]
fn with_model_a_final_overtakes_an_interim_that_runs() {
    let worker = Worker::spawn(support::model("whisper-tiny.en", "ggml-tiny.en.bin"), 2).unwrap();
    let samples = asked();
    let (answers, heard) = mpsc::channel();
    let (begun, begins) = mpsc::channel();
    let job = |name: &'static str, interim: bool, samples: Vec<f32>| {
        let (answers, begun) = (answers.clone(), begun.clone());
        Job {
            samples,
            options: Options { interim, ..Options::default() },
            threads: Box::new(move || {
                begun.send(name).unwrap();
                2
            }),
            reply: Box::new(move |heard| answers.send((name, heard.map(|heard| heard.text))).unwrap()),
        }
    };
    // Several windows of speech: it would take long.
    let long = samples.iter().copied().cycle().take(16_000 * 120).collect();
    assert!(worker.submit(job("interim", true, long)).is_ok());
    assert_eq!(begins.recv().unwrap(), "interim");
    assert!(worker.submit(job("final", false, samples.clone())).is_ok());
    let (first, given_up) = heard.recv().unwrap();
    assert_eq!(first, "interim");
    assert!(given_up.unwrap_err().what.contains("given up"));
    let (second, text) = heard.recv().unwrap();
    assert!(second == "final" && text.unwrap().split(' ').count() >= 4);
    // An interim for which no core is free is not computed.
    let mut none_free = job("idle", true, samples);
    none_free.threads = Box::new(|| 0);
    assert!(worker.submit(none_free).is_ok());
    assert!(heard.recv().unwrap().1.unwrap_err().what.contains("given up"));
}

#[test]
fn with_model_an_interim_hears_the_words_of_the_final() {
    let mut recogniser = tiny();
    let samples = asked();
    let interim = recogniser.transcribe(&samples, &Options { interim: true, ..options() }).unwrap();
    assert_eq!(interim.text, hear(&mut recogniser, &samples).text);
}
