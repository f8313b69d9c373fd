//! Text to sound, clause by clause: what `say` and a turn's playback share.

use std::vec;

use super::clause::{self, Clause};
use super::speakable;
use super::voice::{Pcm, Voice};
use crate::exit::Result;

/// Softer than this is silence; breath and the end of an "s" are louder.
const SILENCE: f32 = 0.004;
/// What is left of the silence before and after a clause.
const LEAD_MS: usize = 10;
const TAIL_MS: usize = 30;

/// A clause and its sound, the pause after it included.
#[derive(Debug, Clone, PartialEq)]
pub struct Spoken {
    /// What is said.
    pub clause: Clause,
    /// How it sounds.
    pub pcm: Pcm,
}

/// A voice that takes whole texts.
pub struct Sayer {
    voice: Box<dyn Voice>,
    language: String,
    longest: usize,
}

impl Sayer {
    /// Speaks `language` with `voice`, in clauses of at most [`clause::LONGEST`] characters.
    #[must_use]
    pub fn new(voice: Box<dyn Voice>, language: &str) -> Self {
        Self { voice, language: language.to_owned(), longest: clause::LONGEST }
    }

    /// Other clauses than the default: at most `longest` characters.
    #[must_use]
    pub fn longest(mut self, longest: usize) -> Self {
        self.longest = longest;
        self
    }

    /// The voice's name.
    #[must_use]
    pub fn voice(&self) -> &str {
        self.voice.name()
    }

    /// The clauses of `text`, ready for [`Sayer::speak`]. Cheap.
    #[must_use]
    pub fn clauses(&self, text: &str) -> Vec<Clause> {
        clause::clauses_within(&speakable(text, &self.language), self.longest)
    }

    /// The sound of one clause on `threads` threads. One lease of cores covers one call.
    ///
    /// # Errors
    /// Those of the voice.
    pub fn speak(&mut self, clause: &Clause, threads: usize) -> Result<Pcm> {
        let mut pcm = self.voice.synthesise(&clause.text, threads)?;
        trim(&mut pcm);
        pcm.samples.extend(Pcm::silence(clause.pause_ms, pcm.sample_rate).samples);
        Ok(pcm)
    }

    /// The whole text, each clause synthesised when it is asked for.
    pub fn say(&mut self, text: &str, threads: usize) -> Saying<'_> {
        let clauses = self.clauses(text).into_iter();
        Saying { sayer: self, clauses, threads }
    }
}

/// Cuts the silence around a clause: voices leave up to 400 ms, which would tear a sentence
/// apart where it was cut, and every millisecond before the first sound is heard as delay.
fn trim(pcm: &mut Pcm) {
    let frames = |ms: usize| ms * pcm.sample_rate as usize / 1000;
    let loud = |s: &f32| s.abs() > SILENCE;
    let Some(first) = pcm.samples.iter().position(loud) else {
        return;
    };
    let last = pcm.samples.iter().rposition(loud).unwrap_or(first);
    let start = first.saturating_sub(frames(LEAD_MS));
    let end = (last + 1 + frames(TAIL_MS)).min(pcm.samples.len());
    pcm.samples.truncate(end);
    pcm.samples.drain(..start);
}

/// A text being said; see [`Sayer::say`].
pub struct Saying<'a> {
    sayer: &'a mut Sayer,
    clauses: vec::IntoIter<Clause>,
    threads: usize,
}

impl Iterator for Saying<'_> {
    type Item = Result<Spoken>;

    fn next(&mut self) -> Option<Self::Item> {
        let clause = self.clauses.next()?;
        Some(self.sayer.speak(&clause, self.threads).map(|pcm| Spoken { clause, pcm }))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    /// A voice of one sample per character.
    struct Metronome;

    impl Voice for Metronome {
        fn name(&self) -> &str {
            "metronome"
        }

        fn synthesise(&mut self, clause: &str, threads: usize) -> Result<Pcm> {
            assert_eq!(threads, 2);
            Ok(Pcm { samples: vec![1.0; clause.chars().count()], sample_rate: 1000 })
        }
    }

    #[test]
    fn the_silence_around_a_clause_goes() {
        let mut samples = vec![0.001; 500];
        samples.extend([0.5, 0.0, -0.5]);
        samples.extend([0.001; 500]);
        let mut pcm = Pcm { samples, sample_rate: 1000 };
        trim(&mut pcm);
        assert_eq!(pcm.samples.len(), 10 + 3 + 30);
        assert_eq!(pcm.samples[10], 0.5);
        let mut silence = Pcm::silence(100, 1000);
        trim(&mut silence);
        assert_eq!(silence.ms(), 100);
    }

    #[test]
    fn a_text_is_said_clause_by_clause_with_its_pauses() {
        let mut sayer = Sayer::new(Box::new(Metronome), "en").longest(40);
        let spoken: Vec<Spoken> = sayer.say("**Stop.** Set 5 bar.", 2).map(|s| s.unwrap()).collect();
        let texts: Vec<&str> = spoken.iter().map(|s| s.clause.text.as_str()).collect();
        assert_eq!(texts, ["Stop.", "Set five bar."]);
        assert_eq!(spoken[0].pcm.samples.len(), 5 + spoken[0].clause.pause_ms as usize);
    }
}
