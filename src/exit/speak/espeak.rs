//! espeak-ng's own voice: always intelligible, never beautiful. The fallback where no
//! neural voice is installed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::child;
use super::phonemes::plain;
use super::voice::{Pcm, Voice};
use crate::exit::{Error, Kind, Result};

/// A clause takes some 10 ms; past this the child is hung.
const LIMIT: Duration = Duration::from_secs(5);
/// Words per minute: a little slower than its default, for people in noise.
const SPEED: &str = "160";

/// espeak-ng as a voice, one child per clause.
pub struct EspeakVoice {
    program: PathBuf,
    voice: String,
    name: String,
}

impl EspeakVoice {
    /// Makes sure that espeak-ng is there and speaks `language` ("en", "es-MX").
    ///
    /// # Errors
    /// [`Kind::Voice`] where it is not installed or has no such voice.
    pub fn start(language: &str) -> Result<Self> {
        let voice = match language.to_ascii_lowercase().replace('_', "-").as_str() {
            "en" => "en-us".to_owned(),
            "zh" | "zh-cn" => "cmn".to_owned(),
            other => other.to_owned(),
        };
        let mut this = Self { program: child::PROGRAM.into(), name: format!("espeak-ng {voice}"), voice };
        this.synthesise("ready", 1)?;
        Ok(this)
    }

    /// With another program than the one on the path.
    #[must_use]
    pub fn program(mut self, program: &Path) -> Self {
        self.program = program.to_owned();
        self
    }
}

impl Voice for EspeakVoice {
    fn name(&self) -> &str {
        &self.name
    }

    fn synthesise(&mut self, clause: &str, _threads: usize) -> Result<Pcm> {
        // Its own reader makes melody from punctuation, so the marks stay.
        let text: Vec<String> = clause
            .split_inclusive(['.', ',', ';', ':', '?', '!'])
            .map(|part| {
                format!(
                    "{}{}",
                    plain(part),
                    part.chars().last().filter(char::is_ascii_punctuation).unwrap_or(' ')
                )
            })
            .collect();
        let args = ["--stdin", "--stdout", "-z", "-s", SPEED, "-v", &self.voice];
        parse(&child::run(&self.program, &args, &text.join(" "), LIMIT)?)
    }
}

/// The samples of a WAV stream of 16-bit mono. Written to a pipe, its header cannot know
/// its length: everything after the start of "data" is sound.
fn parse(wav: &[u8]) -> Result<Pcm> {
    let odd = || {
        Error::new(Kind::Voice, "espeak-ng gave no sound").hint("espeak-ng --voices (is the language there?)")
    };
    let header =
        wav.get(..36).filter(|h| h.starts_with(b"RIFF") && h.get(8..12) == Some(b"WAVE")).ok_or_else(odd)?;
    let rate = header.get(24..28).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes).filter(|r| *r > 0);
    let data = wav.windows(4).position(|w| w == b"data").and_then(|at| wav.get(at + 8..)).ok_or_else(odd)?;
    let samples =
        data.as_chunks().0.iter().map(|s: &[u8; 2]| f32::from(i16::from_le_bytes(*s)) / 32_768.0).collect();
    Ok(Pcm { samples, sample_rate: rate.ok_or_else(odd)? })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn espeak_speaks_a_clause() {
        let mut voice = EspeakVoice::start("en").unwrap();
        let pcm = voice.synthesise("Stop the pump now.", 1).unwrap();
        assert_eq!(pcm.sample_rate, 22_050);
        assert!((600..3000).contains(&pcm.ms()), "{} ms", pcm.ms());
        assert!(pcm.samples.iter().any(|s| s.abs() > 0.05));
        assert_eq!(pcm, voice.synthesise("Stop the pump now.", 2).unwrap());
    }

    #[test]
    fn an_unknown_language_or_a_broken_stream_is_an_error() {
        assert_eq!(EspeakVoice::start("xx-none").err().map(|e| e.kind), Some(Kind::Voice));
        for bytes in [&b""[..], b"RIFF", &[0; 64]] {
            assert_eq!(parse(bytes).unwrap_err().kind, Kind::Voice);
        }
    }
}
