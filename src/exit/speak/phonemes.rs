//! Text to phonemes (IPA), by a warm espeak-ng child.
//!
//! Without `--stdin` or `-f`, espeak-ng reads its input line by line and answers each line
//! at once, also through a pipe (1.51: about 2 ms a clause, against 12 ms and more for a
//! fresh process). One child therefore serves for as long as the voice lives. Since a line
//! may be answered by no line or by several, each is followed by a marker word whose answer
//! is known from the start: everything up to that answer belongs to the line.
//!
//! espeak-ng drops punctuation, which the voice needs for its melody: the clause is split
//! at its marks and they are put back.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::ChildStdin;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::child::{self, Kept};
use crate::exit::Result;

/// How a clause sounds.
pub trait Phonemizer: Send {
    /// The phonemes of `clause` in IPA, decomposed (NFD), with the clause's punctuation and
    /// one space between words.
    ///
    /// # Errors
    /// [`crate::exit::Kind::Voice`] where the phonemizer is missing, late or gone.
    fn phonemes(&mut self, clause: &str) -> Result<String>;
}

/// Past this the child is taken for hung and is replaced.
const LIMIT: Duration = Duration::from_secs(2);
/// espeak-ng reads at most 1000 bytes as one line.
const LONGEST_LINE: usize = 600;
/// Its answer ends the answer of the line before it.
const MARKER: &str = "zyzzyva quincunx";
/// Marks that the voice knows as phonemes.
const PUNCTUATION: &[char] = &['.', ',', ';', ':', '?', '!'];

/// One long-lived `espeak-ng -q --ipa`, fed by lines.
pub struct EspeakNg {
    program: PathBuf,
    voice: String,
    warm: Option<Warm>,
}

impl EspeakNg {
    /// Starts the child. `voice` is espeak-ng's own name, such as "en-us".
    ///
    /// # Errors
    /// [`crate::exit::Kind::Voice`] where espeak-ng is not installed or does not answer.
    pub fn start(voice: &str) -> Result<Self> {
        Self::start_program(Path::new(child::PROGRAM), voice)
    }

    /// [`EspeakNg::start`] with another program than the one on the path.
    ///
    /// # Errors
    /// As [`EspeakNg::start`].
    pub fn start_program(program: &Path, voice: &str) -> Result<Self> {
        let warm = Warm::start(program, voice)?;
        Ok(Self { program: program.to_owned(), voice: voice.to_owned(), warm: Some(warm) })
    }

    /// The answer to one line. A child that has died since the last line is replaced once.
    fn line(&mut self, words: &str) -> Result<String> {
        let was_warm = self.warm.is_some();
        let first = self.try_line(words);
        match first {
            Err(_) if was_warm => self.try_line(words),
            answer => answer,
        }
    }

    fn try_line(&mut self, words: &str) -> Result<String> {
        let mut warm = match self.warm.take() {
            Some(warm) => warm,
            None => Warm::start(&self.program, &self.voice)?,
        };
        let answer = warm.ask(words)?;
        // Only a child that answered in time is kept.
        self.warm = Some(warm);
        Ok(answer)
    }
}

impl Phonemizer for EspeakNg {
    fn phonemes(&mut self, clause: &str) -> Result<String> {
        let mut phonemes = String::new();
        for part in clause.split_inclusive(PUNCTUATION) {
            let (words, mark) = match part.strip_suffix(PUNCTUATION) {
                Some(words) => (words, part.chars().last()),
                None => (part, None),
            };
            for line in lines(&plain(words)) {
                let heard = decompose(&without_switches(&self.line(&line)?)).replace("oːɹ", "ɔːɹ");
                if !phonemes.is_empty() {
                    phonemes.push(' ');
                }
                phonemes.push_str(heard.trim());
            }
            match mark {
                Some(mark) if phonemes.ends_with(|c: char| !PUNCTUATION.contains(&c)) => phonemes.push(mark),
                _ => {}
            }
        }
        Ok(phonemes)
    }
}

struct Warm {
    stdin: ChildStdin,
    answers: Receiver<String>,
    marker: String,
    // Last: the child is killed after its input is closed.
    _child: Kept,
}

impl Warm {
    fn start(program: &Path, voice: &str) -> Result<Self> {
        let mut child = child::start(program, &["-q", "--ipa", "-v", voice])?;
        let (Some(stdin), Some(stdout)) = (child.0.stdin.take(), child.0.stdout.take()) else {
            return Err(child::broken());
        };
        let (send, answers) = mpsc::sync_channel(16);
        // Ends with the child's output, or when nobody listens any more.
        std::thread::Builder::new()
            .name("phonemes".to_owned())
            .spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(std::io::Result::ok) {
                    if send.send(line.trim().to_owned()).is_err() {
                        break;
                    }
                }
            })
            .map_err(|e| child::broken().because(e))?;
        let mut warm = Self { stdin, answers, marker: String::new(), _child: child };
        warm.write(&format!("{MARKER}\n"))?;
        warm.marker = warm.answer(Instant::now() + LIMIT)?;
        Ok(warm)
    }

    fn ask(&mut self, words: &str) -> Result<String> {
        self.write(&format!("{words}\n{MARKER}\n"))?;
        let deadline = Instant::now() + LIMIT;
        let mut phonemes = String::new();
        loop {
            let line = self.answer(deadline)?;
            if line == self.marker {
                return Ok(phonemes);
            }
            if !phonemes.is_empty() {
                phonemes.push(' ');
            }
            phonemes.push_str(&line);
        }
    }

    fn write(&mut self, text: &str) -> Result<()> {
        self.stdin
            .write_all(text.as_bytes())
            .and_then(|()| self.stdin.flush())
            .map_err(|e| child::broken().because(e))
    }

    fn answer(&mut self, deadline: Instant) -> Result<String> {
        let left = deadline.saturating_duration_since(Instant::now());
        self.answers.recv_timeout(left).map_err(|e| match e {
            RecvTimeoutError::Timeout => child::late(LIMIT),
            RecvTimeoutError::Disconnected => child::broken(),
        })
    }
}

/// Words only: espeak-ng must see no line break, no "[[" (its phoneme input) and no mark.
/// A lone "A" that is a letter of a code is written so that it is not read as the article.
pub(super) fn plain(words: &str) -> String {
    let kept: String =
        words
            .chars()
            .map(|c| {
                if c.is_alphanumeric() || c == '\'' || ('\u{0300}'..='\u{036F}').contains(&c) {
                    c
                } else {
                    ' '
                }
            })
            .collect();
    let words: Vec<&str> = kept.split_whitespace().collect();
    let mut plain = String::with_capacity(kept.len());
    for (i, word) in words.iter().enumerate() {
        if i > 0 {
            plain.push(' ');
        }
        let next = words.get(i + 1).copied().unwrap_or("");
        let spelt = i > 0 || is_figure(next);
        plain.push_str(if *word == "A" && spelt { "eigh" } else { word });
    }
    plain
}

/// A single letter or digit, as codes are spelt.
fn is_figure(word: &str) -> bool {
    const FIGURES: [&str; 10] =
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    FIGURES.contains(&word) || (word.chars().count() == 1 && word.chars().all(char::is_uppercase))
}

/// Lines short enough for espeak-ng.
fn lines(words: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words.split(' ').filter(|w| w.contains(char::is_alphanumeric)) {
        // No language has a word of that length; what is left out cannot be said anyway.
        let word: String = word.chars().take(LONGEST_LINE / 4).collect();
        match lines.last_mut() {
            Some(line) if line.len() + word.len() < LONGEST_LINE => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// Without "(en)", by which espeak-ng marks a change of language.
fn without_switches(ipa: &str) -> String {
    let mut out = String::with_capacity(ipa.len());
    let mut inside = false;
    for c in ipa.chars() {
        match c {
            '(' => inside = true,
            ')' => inside = false,
            _ if !inside => out.push(c),
            _ => {}
        }
    }
    out
}

/// NFD for the letters that occur in IPA: the voice's table holds the parts.
fn decompose(ipa: &str) -> String {
    let mut out = String::with_capacity(ipa.len());
    for c in ipa.chars() {
        let (base, mark) = match c {
            'ç' => ('c', '\u{0327}'),
            'ã' => ('a', '\u{0303}'),
            'ẽ' => ('e', '\u{0303}'),
            'ĩ' => ('i', '\u{0303}'),
            'õ' => ('o', '\u{0303}'),
            'ũ' => ('u', '\u{0303}'),
            'ỹ' => ('y', '\u{0303}'),
            'ñ' => ('n', '\u{0303}'),
            'á' => ('a', '\u{0301}'),
            'é' => ('e', '\u{0301}'),
            'í' => ('i', '\u{0301}'),
            'ó' => ('o', '\u{0301}'),
            'ú' => ('u', '\u{0301}'),
            'ä' => ('a', '\u{0308}'),
            'ë' => ('e', '\u{0308}'),
            'ï' => ('i', '\u{0308}'),
            'ö' => ('o', '\u{0308}'),
            'ü' => ('u', '\u{0308}'),
            other => {
                out.push(other);
                continue;
            }
        };
        out.extend([base, mark]);
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn one_warm_child_answers_line_after_line() {
        let mut espeak = EspeakNg::start("en-us").unwrap();
        let first = espeak.phonemes("Close the valve, then wait.").unwrap();
        assert_eq!(first, "klˈoʊs ðə vˈælv, ðˈɛn wˈeɪt.");
        for _ in 0..20 {
            assert_eq!(espeak.phonemes("Close the valve, then wait.").unwrap(), first);
        }
    }

    #[test]
    fn known_differences_from_the_voice_s_own_phonemes_are_mended() {
        let mut espeak = EspeakNg::start("en-us").unwrap();
        assert!(espeak.phonemes("door").unwrap().contains("ɔːɹ"));
        assert_eq!(espeak.phonemes("A two").unwrap(), espeak.phonemes("eigh two").unwrap());
        assert!(espeak.phonemes("A pump").unwrap().starts_with('ɐ'));
        assert_eq!(espeak.phonemes("").unwrap(), "");
        assert_eq!(espeak.phonemes(" ... !").unwrap(), "");
        let long = "hose ".repeat(1000);
        assert_eq!(espeak.phonemes(&long).unwrap().matches("hˈoʊz").count(), 1000);
    }

    #[test]
    fn a_child_that_died_is_replaced() {
        let mut espeak = EspeakNg::start("en-us").unwrap();
        espeak.warm.as_mut().unwrap()._child.0.kill().unwrap();
        assert_eq!(espeak.phonemes("stop").unwrap(), "stˈɑːp");
    }

    #[test]
    fn language_switches_and_composed_letters_go() {
        assert_eq!(without_switches("(en)pˈʌmp(de) aʊs"), "pˈʌmp aʊs");
        assert_eq!(decompose("çã"), "c\u{0327}a\u{0303}");
        assert_eq!(plain("[[x]]\nA B, <b>"), "x eigh B b");
    }
}
