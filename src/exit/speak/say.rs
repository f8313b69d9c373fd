//! Text to sound, clause by clause: what `say` and a turn's playback share.

use std::vec;

use super::clause::{self, Clause};
use super::speakable;
use super::voice::{Pcm, Voice};
use crate::exit::Result;

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
        Self {
            voice,
            language: language.to_owned(),
            longest: clause::LONGEST,
        }
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
        pcm.samples
            .extend(Pcm::silence(clause.pause_ms, pcm.sample_rate).samples);
        Ok(pcm)
    }

    /// The whole text, each clause synthesised when it is asked for.
    pub fn say(&mut self, text: &str, threads: usize) -> Saying<'_> {
        let clauses = self.clauses(text).into_iter();
        Saying {
            sayer: self,
            clauses,
            threads,
        }
    }
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
        Some(
            self.sayer
                .speak(&clause, self.threads)
                .map(|pcm| Spoken { clause, pcm }),
        )
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
            Ok(Pcm {
                samples: vec![1.0; clause.chars().count()],
                sample_rate: 1000,
            })
        }
    }

    #[test]
    fn a_text_is_said_clause_by_clause_with_its_pauses() {
        let mut sayer = Sayer::new(Box::new(Metronome), "en").longest(40);
        let spoken: Vec<Spoken> = sayer
            .say("**Stop.** Set 5 bar.", 2)
            .map(|s| s.unwrap())
            .collect();
        let texts: Vec<&str> = spoken.iter().map(|s| s.clause.text.as_str()).collect();
        assert_eq!(texts, ["Stop.", "Set five bar."]);
        assert_eq!(
            spoken[0].pcm.samples.len(),
            5 + spoken[0].clause.pause_ms as usize
        );
    }
}
