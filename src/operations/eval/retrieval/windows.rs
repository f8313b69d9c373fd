//! The plain peer: BM25 over windows of 140 words, with no structure, no codes and no
//! analyser but "runs of letters and digits, lower case; a Chinese character is a word".

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::set::children;
use crate::operations::outcome::Result;

/// Words in a window; windows do not overlap.
const WINDOW: usize = 140;
const K1: f64 = 1.2;
const B: f64 = 0.75;

/// The windows of some directories.
pub struct Windows {
    texts: Vec<String>,
    /// By word: the windows that hold it, and how often.
    postings: BTreeMap<String, Vec<(usize, f64)>>,
    lengths: Vec<f64>,
    mean_length: f64,
}

impl Windows {
    /// Cuts every file below `dirs` that is text.
    ///
    /// # Errors
    /// A directory that cannot be listed.
    pub fn of(dirs: &[PathBuf]) -> Result<Windows> {
        let mut texts = Vec::new();
        for dir in dirs {
            read(dir, &mut texts)?;
        }
        Ok(Windows::over(texts.iter().flat_map(|t| cut(t)).map(str::to_owned).collect()))
    }

    fn over(texts: Vec<String>) -> Windows {
        let mut postings: BTreeMap<String, Vec<(usize, f64)>> = BTreeMap::new();
        let mut lengths = Vec::with_capacity(texts.len());
        for (n, text) in texts.iter().enumerate() {
            let mut counts: BTreeMap<String, f64> = BTreeMap::new();
            for word in words(text) {
                *counts.entry(word.to_lowercase()).or_default() += 1.0;
            }
            lengths.push(counts.values().sum());
            for (word, count) in counts {
                postings.entry(word).or_default().push((n, count));
            }
        }
        let mean_length = lengths.iter().sum::<f64>() / (lengths.len().max(1)) as f64;
        Windows { texts, postings, lengths, mean_length }
    }

    /// The best `k` windows for a question, best first.
    pub fn best(&self, question: &str, k: usize) -> Vec<&str> {
        let asked: BTreeSet<String> = words(question).map(str::to_lowercase).collect();
        let mut scores: BTreeMap<usize, f64> = BTreeMap::new();
        let all = self.texts.len() as f64;
        for posting in asked.iter().filter_map(|word| self.postings.get(word)) {
            let having = posting.len() as f64;
            let idf = (1.0 + (all - having + 0.5) / (having + 0.5)).ln();
            for (n, count) in posting {
                let length = self.lengths.get(*n).copied().unwrap_or_default() / self.mean_length;
                let score = idf * count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * length));
                *scores.entry(*n).or_default() += score;
            }
        }
        let mut ranked: Vec<(usize, f64)> = scores.into_iter().collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        ranked.iter().take(k).filter_map(|(n, _)| self.texts.get(*n)).map(String::as_str).collect()
    }
}

fn read(dir: &Path, texts: &mut Vec<String>) -> Result<()> {
    for path in children(dir)? {
        if path.is_dir() {
            read(&path, texts)?;
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            texts.push(text);
        }
    }
    Ok(())
}

/// Pieces of [`WINDOW`] words.
fn cut(text: &str) -> Vec<&str> {
    let starts: Vec<usize> =
        words(text).map(|w| w.as_ptr() as usize - text.as_ptr() as usize).step_by(WINDOW).collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).filter_map(|(start, end)| text.get(*start..end)).collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let ideograph = |c: char| ('\u{2e80}'..='\u{9fff}').contains(&c);
    text.split(|c: char| !c.is_alphanumeric()).flat_map(move |run| {
        let mut pieces = Vec::new();
        let mut start = 0;
        for (at, c) in run.char_indices().filter(|(_, c)| ideograph(*c)) {
            pieces.extend(run.get(start..at));
            start = at + c.len_utf8();
            pieces.extend(run.get(at..start));
        }
        pieces.extend(run.get(start..));
        pieces.into_iter().filter(|p| !p.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_of_so_many_words_and_lose_none() {
        let text: String = (0..300).map(|n| format!("w{n}, ")).collect();
        let cut = cut(&text);
        assert_eq!(cut.iter().map(|w| words(w).count()).collect::<Vec<_>>(), [140, 140, 20]);
        assert_eq!(words("P1-07参数 ok").collect::<Vec<_>>(), ["P1", "07", "参", "数", "ok"]);
    }

    #[test]
    fn the_window_with_the_rare_word_comes_first() {
        let windows =
            Windows::over(vec!["the pump is on".into(), "the valve of the pump".into(), "the end".into()]);
        assert_eq!(windows.best("which valve of the pump", 2), ["the valve of the pump", "the pump is on"]);
        assert!(windows.best("nothing else", 5).is_empty());
    }
}
