//! tesseract as a child process: a picture of a page in, words with places out.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, mpsc};
use std::time::Duration;

use super::host::Kept;
use crate::core::knowledge::read::pdf::{Area, Page, Word};

/// The languages that are read, where they are installed.
const LANGUAGES: [&str; 3] = ["eng", "spa", "chi_sim"];
/// Surer than this on average, no other language is tried.
const SURE: f32 = 0.8;
/// More output than this is no page of text, in bytes.
const MOST_OUTPUT: u64 = 16 << 20;

/// The program that reads pictures of pages.
#[derive(Debug)]
pub struct Ocr {
    program: PathBuf,
    /// Those installed; asked once.
    languages: OnceLock<Vec<String>>,
    /// The language that fitted the last page: a document stays in one.
    last: Mutex<Option<String>>,
}

/// What was read from a picture.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seen {
    /// The words, at their places on the page.
    pub words: Vec<Word>,
    /// How sure on average, 0 to 1.
    pub confidence: f32,
}

impl Ocr {
    /// The program at a path or on the search path.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Ocr { program: program.into(), languages: OnceLock::new(), last: Mutex::new(None) }
    }

    /// Reads the picture of a page, in the language that fits best.
    ///
    /// # Errors
    /// Why not, as half a line: the program is not installed, failed or took too long.
    pub fn read(&self, png: &[u8], page: &Page, limit: Duration) -> Result<Seen, String> {
        let installed = self.languages.get_or_init(|| languages(&self.program));
        if installed.is_empty() {
            return Err("tesseract is not installed".to_owned());
        }
        let remembered = self.last.lock().map(|l| l.clone()).unwrap_or_default();
        let mut best: Option<(String, Seen)> = None;
        let others = installed.iter().filter(|l| Some(*l) != remembered.as_ref());
        for language in remembered.iter().chain(others) {
            let tsv = run(&self.program, language, png, limit)?;
            let seen = words(&tsv, page);
            let better = best.as_ref().is_none_or(|(_, b)| seen.confidence > b.confidence);
            if better {
                best = Some((language.clone(), seen));
            }
            if best.as_ref().is_some_and(|(_, b)| b.confidence > SURE || b.words.is_empty()) {
                break;
            }
        }
        let (language, seen) = best.ok_or("tesseract has no language for it")?;
        if let Ok(mut last) = self.last.lock() {
            *last = Some(language);
        }
        Ok(seen)
    }
}

/// The installed ones of our languages.
fn languages(program: &Path) -> Vec<String> {
    let listed = Command::new(program).arg("--list-langs").stdin(Stdio::null()).output();
    let listed = listed.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
    LANGUAGES
        .into_iter()
        .filter(|l| listed.lines().any(|line| line.trim() == *l))
        .map(str::to_owned)
        .collect()
}

/// Runs the program once, within `limit`.
fn run(program: &Path, language: &str, png: &[u8], limit: Duration) -> Result<String, String> {
    let mut child = Command::new(program)
        .args(["stdin", "stdout", "-l", language, "--psm", "3", "tsv"])
        .env("OMP_THREAD_LIMIT", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map(Kept)
        .map_err(|_| "tesseract is not installed".to_owned())?;
    let (Some(mut stdin), Some(stdout)) = (child.0.stdin.take(), child.0.stdout.take()) else {
        return Err("tesseract has no input or output".to_owned());
    };
    let (done, output) = mpsc::sync_channel(1);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let _ = stdin.write_all(png);
        });
        scope.spawn(move || {
            let mut bytes = Vec::new();
            let read = stdout.take(MOST_OUTPUT).read_to_end(&mut bytes).map(|_| bytes);
            // Nobody waits any more after the limit.
            let _ = done.send(read);
        });
        let read = output.recv_timeout(limit);
        // Ends both threads, whatever they wait for.
        let _ = child.0.kill();
        match read {
            Ok(Ok(bytes)) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Ok(Err(e)) => Err(format!("tesseract failed: {e}")),
            Err(_) => Err(format!("tesseract took longer than {} s", limit.as_secs_f32())),
        }
    })
}

/// The words in tesseract's table, placed on the page.
fn words(tsv: &str, page: &Page) -> Seen {
    let mut across = (0.0f32, 0.0f32);
    let mut line = Area::default();
    let mut words: Vec<Word> = Vec::new();
    let (mut sure, mut letters) = (0.0f32, 0usize);
    for row in tsv.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let [level, _, _, _, _, _, left, top, width, height, confidence, text] = columns.as_slice() else {
            continue;
        };
        let number = |t: &str| t.parse::<f32>().ok().filter(|n| n.is_finite() && n.abs() < 1e6);
        let (Some(x), Some(y), Some(w), Some(h)) = (number(left), number(top), number(width), number(height))
        else {
            continue;
        };
        match *level {
            "1" => across = (w, h),
            "4" => line = Area { x0: x, y0: y, x1: x + w, y1: y + h },
            "5" => {
                let confidence = number(confidence).unwrap_or(0.0).clamp(0.0, 100.0) / 100.0;
                // Specks and rules come out as unsure signs.
                let sign = !text.chars().any(char::is_alphanumeric);
                if across.0 <= 0.0 || text.trim().is_empty() || confidence < if sign { 0.5 } else { 0.1 } {
                    continue;
                }
                let count = text.chars().count();
                sure += confidence * count as f32;
                letters += count;
                let (sx, sy) = (page.width / across.0, page.height / across.1.max(1.0));
                // A word's box is as tight as its letters; its line's box is not.
                let area = Area { x0: x * sx, x1: (x + w) * sx, y0: line.y0 * sy, y1: line.y1 * sy };
                let own = Area { y0: y * sy, y1: (y + h) * sy, ..area };
                let tall = area.height() > 2.5 * own.height();
                let area = if tall { own } else { area };
                words.push(Word { text: (*text).to_owned(), area, size: area.height(), ..Word::default() });
            }
            _ => {}
        }
    }
    even(&mut words);
    Seen { words, confidence: if letters == 0 { 0.0 } else { sure / letters as f32 } }
}

/// A line's height depends on its letters: sizes near the usual one are the usual one.
fn even(words: &mut [Word]) {
    let mut sizes: Vec<f32> = words.iter().map(|w| w.size).collect();
    sizes.sort_by(f32::total_cmp);
    let Some(usual) = sizes.get(sizes.len() / 2).copied() else { return };
    for word in words {
        if (0.6..1.4).contains(&(word.size / usual.max(0.1))) {
            word.size = usual;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn tesseracts_table_becomes_words_on_the_page() {
        let tsv = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n\
                   1\t1\t0\t0\t0\t0\t0\t0\t2000\t4000\t-1\t\n\
                   4\t1\t1\t1\t1\t0\t100\t200\t800\t40\t-1\t\n\
                   5\t1\t1\t1\t1\t1\t100\t210\t200\t30\t96.5\tTorque\n\
                   5\t1\t1\t1\t1\t2\t320\t205\t80\t30\t5\t|\n\
                   5\t1\t1\t1\t1\t3\t420\t205\t80\t30\t90\t45\n\
                   garbage\n";
        let page = Page { width: 200.0, height: 400.0, ..Page::default() };
        let seen = words(tsv, &page);
        let texts: Vec<&str> = seen.words.iter().map(|w| w.text.as_str()).collect();
        assert_eq!(texts, ["Torque", "45"]);
        assert_eq!(seen.words[0].area, Area { x0: 10.0, y0: 20.0, x1: 30.0, y1: 24.0 });
        assert!(seen.confidence > 0.9);
    }

    #[test]
    fn without_the_program_a_page_stays_unread() {
        let ocr = Ocr::new("no-such-program-anywhere");
        let why = ocr.read(&[], &Page::default(), Duration::from_secs(1)).unwrap_err();
        assert_eq!(why, "tesseract is not installed");
    }
}
