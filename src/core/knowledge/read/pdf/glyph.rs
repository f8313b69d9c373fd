//! Letters with their places become words.

use super::page::{Area, Word};

/// One letter as the PDF library gives it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Glyph {
    /// The letter.
    pub letter: char,
    /// Its place: full advance width, full height of the font.
    pub area: Area,
    /// Size of the font in points.
    pub size: f32,
    /// Set in bold.
    pub bold: bool,
    /// Set in a font whose letters are all as wide.
    pub mono: bool,
    /// Quarter turns clockwise, 0 to 3.
    pub turned: u8,
}

/// A gap wider than this part of the font's size parts two words.
const GAP: f32 = 0.17;

/// Words from letters in the order in which the file draws them.
#[derive(Debug, Default)]
pub struct Words {
    done: Vec<Word>,
    open: Option<Word>,
    /// White space came since the last letter.
    spaced: bool,
}

impl Words {
    /// Takes the next letter; white space ends a word.
    pub fn push(&mut self, glyph: Glyph) {
        let mut letters = [' '; 3];
        let count = plain(glyph.letter, &mut letters);
        let letters = letters.get(..count).unwrap_or_default();
        if letters.iter().any(|c| c.is_whitespace()) {
            self.space();
            return;
        }
        if letters.is_empty() || !glyph.area.x0.is_finite() || !glyph.area.y0.is_finite() {
            return;
        }
        if self.open.as_ref().is_some_and(|word| !follows(word, &glyph)) {
            self.end();
        }
        match self.open.as_mut() {
            Some(word) => {
                word.text.extend(letters);
                word.area = word.area.union(&glyph.area);
                word.size = word.size.max(glyph.size);
                word.bold &= glyph.bold;
                word.mono &= glyph.mono;
            }
            None => {
                self.open = Some(Word {
                    text: letters.iter().collect(),
                    area: glyph.area,
                    size: glyph.size,
                    bold: glyph.bold,
                    mono: glyph.mono,
                    spaced: self.spaced,
                    turned: glyph.turned,
                });
            }
        }
        self.spaced = false;
    }

    /// The word ends in white space.
    pub fn space(&mut self) {
        self.end();
        self.spaced = true;
    }

    /// The word ends here.
    pub fn end(&mut self) {
        self.done.extend(self.open.take());
    }

    /// The words.
    pub fn finish(mut self) -> Vec<Word> {
        self.end();
        self.done
    }
}

/// Does the letter go on with the word?
fn follows(word: &Word, glyph: &Glyph) -> bool {
    if word.turned != glyph.turned {
        return false;
    }
    let size = word.size.max(glyph.size).max(1.0);
    let (a, b) = (word.area, glyph.area);
    // The letter's distance ahead of the word's end, and how far it lies beside its line.
    let (ahead, beside) = match glyph.turned {
        0 => (b.x0 - a.x1, b.y1 - a.y1),
        1 => (b.y0 - a.y1, b.x0 - a.x0),
        2 => (a.x0 - b.x1, b.y0 - a.y0),
        _ => (a.y0 - b.y1, b.x1 - a.x1),
    };
    ahead < GAP * size && ahead > -0.5 * size && beside.abs() < 0.6 * size
}

/// A letter as text has it: ligatures apart, marks of the PDF library and of symbol fonts
/// as what they stand for. Returns how many letters were written.
fn plain(letter: char, out: &mut [char; 3]) -> usize {
    let text: &str = match letter {
        // The library's own mark for a hyphen at a line's end.
        '\u{2}' | '\u{FFFE}' | '\u{AD}' | '\u{2010}' | '\u{2011}' => "-",
        '\u{FB00}' => "ff",
        '\u{FB01}' => "fi",
        '\u{FB02}' => "fl",
        '\u{FB03}' => "ffi",
        '\u{FB04}' => "ffl",
        '\u{FB05}' | '\u{FB06}' => "st",
        // Bullets of Symbol and Wingdings.
        '\u{F0B7}' | '\u{F0A7}' | '\u{F0A8}' | '\u{F06E}' | '\u{F0D8}' | '\u{F076}' => "•",
        '\u{F0B0}' => "°",
        '\u{F0B1}' => "±",
        '\u{F06D}' => "µ",
        '\u{F057}' => "Ω",
        '\u{F0E0}' | '\u{F0E8}' => "→",
        c if c.is_whitespace() || c == '\u{200B}' => " ",
        '\u{FEFF}' | '\u{FFFF}' | '\u{FFFD}' => "",
        c if c.is_control() || ('\u{E000}'..='\u{F8FF}').contains(&c) => "",
        c => {
            out[0] = c;
            return 1;
        }
    };
    let mut count = 0;
    for (slot, c) in out.iter_mut().zip(text.chars()) {
        *slot = c;
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(letters: &[(char, f32, f32)]) -> Vec<String> {
        let mut words = Words::default();
        for (letter, x, y) in letters {
            let area = Area { x0: *x, y0: *y, x1: x + 5.0, y1: y + 10.0 };
            words.push(Glyph { letter: *letter, area, size: 10.0, bold: false, mono: false, turned: 0 });
        }
        words.finish().into_iter().map(|w| w.text).collect()
    }

    #[test]
    fn letters_that_touch_are_a_word_and_gaps_spaces_and_lines_part_them() {
        assert_eq!(words(&[('o', 0., 0.), ('i', 5., 0.), ('l', 10.5, 0.)]), ["oil"]);
        assert_eq!(words(&[('a', 0., 0.), ('b', 8., 0.)]), ["a", "b"]);
        assert_eq!(words(&[('a', 0., 0.), (' ', 5., 0.), ('b', 5., 0.)]), ["a", "b"]);
        assert_eq!(words(&[('a', 0., 0.), ('b', 0., 12.)]), ["a", "b"]);
    }

    #[test]
    fn ligatures_and_the_librarys_marks_become_plain_letters() {
        assert_eq!(words(&[('\u{FB01}', 0., 0.), ('t', 5., 0.), ('\u{2}', 10., 0.)]), ["fit-"]);
        assert_eq!(words(&[('\u{F0B7}', 0., 0.)]), ["•"]);
        assert_eq!(words(&[('\u{E123}', 0., 0.)]), Vec::<String>::new());
    }
}
