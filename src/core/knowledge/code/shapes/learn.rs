//! Learns the shapes of a document's codes.

use std::collections::{BTreeMap, BTreeSet};

use super::super::rows::{Accept, Header, cell_codes, heads_by_number, is_letters, stated_codes};
use super::super::shape::{is_capitals, is_snake, shape};
use super::super::text::{is_after_code_word, is_separated, leading_code};
use super::super::words::{class_of, folded, name_of};
use super::{Column, Shapes, column_key, end_tokens, lettered, start_token};
use crate::core::knowledge::read::{BlockKind, Cell, Document, Row};

/// So many headings of one level must share a shape.
const SIBLINGS: usize = 3;
/// Of a column's cells, at least so many in ten are codes.
const MOSTLY: usize = 6;
/// The same where the header says "code": rows may go on over several lines.
const SOME: usize = 3;
/// Letters before a number in a heading that count sections, pictures and versions.
#[rustfmt::skip]
const NO_CODES: &[&str] = &[
    "STEP", "FIG", "TAB", "PAGE", "CH", "SEC", "APP", "VER", "REV", "VOL", "PART", "NOTE", "NO", "V",
    "PASO",
];

impl Shapes {
    /// The shapes of the codes that `document` lists.
    ///
    /// `names` are the machine's own designations, canonical: "HPU-60 setup", "HPU-75 setup"
    /// are chapters about models, not entries of codes.
    pub fn learn(document: &Document, names: &[String]) -> Self {
        let mut shapes =
            Shapes { models: names.iter().filter_map(|n| Some(shape(n)?.0)).collect(), ..Shapes::default() };
        for code in document.front.get("codes").map(|list| stated_codes(list)).unwrap_or_default() {
            shapes.learn_code(&code);
        }
        let blocks: Vec<(&str, &BlockKind)> =
            document.blocks.iter().map(|b| (b.text.as_str(), &b.kind)).collect();
        let headings = blocks.iter().filter(|(_, kind)| matches!(kind, BlockKind::Heading { .. }));
        shapes.numbers = heads_by_number(headings.map(|(text, _)| *text));
        // The path of headings above each block, by level.
        let mut path: Vec<(u8, bool)> = Vec::new();
        let mut starts: BTreeMap<(u8, String), Vec<Candidate>> = BTreeMap::new();
        let mut ends: BTreeMap<(u8, String), Vec<Candidate>> = BTreeMap::new();
        for (text, kind) in &blocks {
            match kind {
                BlockKind::Heading { level } => {
                    path.retain(|(above, _)| above < level);
                    let faulty = path.iter().any(|(_, faulty)| *faulty);
                    gather(&mut starts, *level, start_token(text), text, faulty);
                    for token in end_tokens(text) {
                        gather(&mut ends, *level, token, text, faulty);
                    }
                    shapes.learn_heading_word(text);
                    path.push((*level, reports(text)));
                }
                BlockKind::Table { header, rows } => {
                    let faulty = path.iter().any(|(_, faulty)| *faulty);
                    shapes.learn_table(header, rows, faulty);
                }
                _ => {}
            }
        }
        shapes.learn_headings(&starts, true);
        shapes.learn_headings(&ends, false);
        shapes
    }

    /// Learns from one code that the document lists.
    fn learn_code(&mut self, code: &str) {
        if self.learn_numbered(code) {
            return;
        }
        if is_snake(code) {
            self.snake = true;
        } else if is_letters(code) {
            self.letters.insert(code.to_owned());
        } else if is_capitals(code) {
            self.names.insert(code.to_owned());
        } else if let Some((shape, runs)) = shape(code) {
            // A bare number's shape would make codes of all numbers.
            if lettered(code) {
                self.add(shape, runs.into_iter().map(|run| (run, run)));
            }
        }
    }

    /// "Alarm 9": what is learned is that numbers after that word are codes.
    fn learn_numbered(&mut self, code: &str) -> bool {
        let Some((word, number)) = code.split_once([' ', ':', '#']) else { return false };
        let number = number.trim_start_matches([' ', ':', '#']);
        let bare = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit());
        let class = class_of(&folded(word)).filter(|_| bare);
        self.words.extend(class.map(name_of));
        class.is_some()
    }

    /// "Alarm 1803: Low voltage": a heading with a code word lists a code.
    fn learn_heading_word(&mut self, heading: &str) {
        let Some(code) = leading_code(heading) else { return };
        if code.span.start == 0 {
            self.learn_numbered(&code.text);
        }
    }

    fn learn_headings(&mut self, found: &BTreeMap<(u8, String), Vec<Candidate>>, at_start: bool) {
        let mut levels = BTreeSet::new();
        for ((level, shape), candidates) in found {
            if self.models.contains(shape) {
                continue;
            }
            let distinct: BTreeSet<&str> = candidates.iter().map(|c| c.token.as_str()).collect();
            if distinct.len() < SIBLINGS || shape == CAPITALS {
                continue;
            }
            // "A1", "B2" are chapters of an annex unless something speaks for codes.
            let clear = candidates.iter().all(|c| c.clear);
            if at_start && !clear && shape != SNAKE {
                continue;
            }
            for candidate in candidates {
                self.learn_code(&candidate.token);
            }
            if shape == SNAKE {
                levels.insert(*level);
            }
        }
        // Among identifiers of several words stand those of one.
        for level in levels {
            for candidate in found.get(&(level, CAPITALS.to_owned())).into_iter().flatten() {
                if candidate.alone && candidate.token.len() >= 3 {
                    self.names.insert(candidate.token.clone());
                }
            }
        }
    }

    fn learn_table(&mut self, header: &[Cell], rows: &[Row], faulty: bool) {
        // A table without a header may say what it is about in its first row.
        let (header, stated) = match (header, rows.first()) {
            ([], Some(first)) => (first.cells.as_slice(), false),
            _ => (header, true),
        };
        let name = |place: usize| match header.get(place) {
            Some(cell) if stated => cell.text.as_str(),
            _ => "",
        };
        let headers: Vec<Header> = header.iter().map(|c| Header::of(&c.text)).collect();
        let reports = headers.iter().any(Header::reports);
        let word = headers.iter().filter(|h| h.reports()).find_map(|h| h.word.clone());
        let faults = reports || faulty || header.iter().any(|c| is_about_faults(&c.text));
        let mut first = None;
        // A running number beside a column of codes only counts the rows.
        let (counted, others): (Vec<_>, Vec<_>) = headers.iter().enumerate().partition(|(_, h)| h.numbers);
        for (place, header_of) in others.into_iter().chain(counted) {
            let cells: Vec<&str> =
                rows.iter().filter_map(|r| r.cells.get(place)).map(|c| c.text.as_str()).collect();
            let column = Cells::of(&cells);
            // Beside a column of codes, a second one has its header or none ("Code | Text | Code | Text").
            let repeats = first.is_none_or(|first: usize| {
                !header_of.numbers && (name(place).is_empty() || name(place) == name(first))
            });
            let leads = place == 0 && faults;
            let read = column.read_as(header_of, word.as_deref(), faults, reports || faulty);
            let read = read.or_else(|| column.leads().filter(|_| leads));
            let Some(column) = read.filter(|_| repeats) else { continue };
            first = first.or(Some(place));
            let accept = Accept { letters: column.letters, ..Accept::HEADED };
            for cell in &cells {
                for code in cell_codes(cell, accept) {
                    self.learn_code(&super::under(&column.word, code));
                }
            }
            let names = (0..header.len()).map(name);
            self.columns.insert(column_key(names, place), column);
        }
    }
}

/// A heading's token that may be a code.
struct Candidate {
    token: String,
    /// Do its digits, a code word, a separator or the section say that it is one?
    clear: bool,
    /// Does nothing but brackets follow?
    alone: bool,
}

const SNAKE: &str = "_";
const CAPITALS: &str = "A";

fn gather(
    found: &mut BTreeMap<(u8, String), Vec<Candidate>>,
    level: u8,
    token: &str,
    heading: &str,
    faulty: bool,
) {
    let at = heading.find(token).unwrap_or(0);
    let after = heading.get(at + token.len()..).unwrap_or_default();
    let key = if is_snake(token) {
        SNAKE.to_owned()
    } else if is_capitals(token) {
        CAPITALS.to_owned()
    } else {
        match shape(token) {
            Some((shape, _)) if lettered(token) && !counts(&shape) => shape,
            _ => return,
        }
    };
    let digits = token.chars().filter(char::is_ascii_digit).count();
    let coded = is_after_code_word(heading.get(..at).unwrap_or_default());
    let clear = digits >= 2 || coded || faulty || is_separated(after);
    let alone = after.trim().is_empty() || after.trim_start().starts_with(['(', '[', '（']);
    found.entry((level, key)).or_default().push(Candidate { token: token.to_owned(), clear, alone });
}

/// Does a shape number chapters or pictures ("FIG#")?
fn counts(shape: &str) -> bool {
    NO_CODES.contains(&shape.split('#').next().unwrap_or_default())
}

/// Is a heading about faults?
fn reports(heading: &str) -> bool {
    let header = Header::of(heading);
    header.reports() || header.codes || is_about_faults(heading)
}

/// Words beside a column of codes: what went wrong, why, what to do.
fn is_about_faults(header: &str) -> bool {
    #[rustfmt::skip]
    const WORDS: &[&str] = &[
        "fault", "faults", "failure", "malfunction", "cause", "causes", "remedy", "remedies",
        "troubleshooting", "causa", "causas", "solucion", "soluciones", "remedio", "averia", "averias",
        "fallo", "fallos", "falla", "fallas", "proteccion", "errores", "error", "errors", "alarm",
        "alarms", "alarma", "alarmas", "diagnostic", "diagnostics", "trouble",
        ];
    let words = super::header_words(header).map(folded);
    words.into_iter().any(|w| WORDS.contains(&w.as_str()))
        || ["故障", "原因", "报警", "对策", "保护"].iter().any(|w| header.contains(w))
}

/// What the cells of a column hold.
struct Cells {
    filled: usize,
    /// Cells of codes, however short.
    short: usize,
    /// Cells of what is a code anywhere.
    clear: usize,
    /// Cells of letters.
    letters: usize,
    /// Cells of bare numbers.
    numbers: usize,
    distinct: usize,
    /// 1, 2, 3, …: a count of the rows.
    counting: bool,
}

impl Cells {
    fn of(cells: &[&str]) -> Self {
        let filled: Vec<&str> = cells.iter().copied().filter(|c| !c.is_empty()).collect();
        let count = |accept: Accept| filled.iter().filter(|c| !cell_codes(c, accept).is_empty()).count();
        let bare = |c: &str| c.chars().all(|c| c.is_ascii_digit());
        let only_letters = Accept { letters: true, ..Accept::default() };
        let clear = count(Accept { names: true, ..Accept::default() });
        Cells {
            filled: filled.len(),
            short: count(Accept::HEADED),
            clear,
            letters: count(only_letters).saturating_sub(count(Accept::default())),
            numbers: filled.iter().filter(|c| bare(c)).count(),
            distinct: filled.iter().collect::<BTreeSet<_>>().len(),
            counting: filled.iter().zip(1usize..).all(|(cell, n)| cell.parse() == Ok(n)),
        }
    }

    /// The first column of a table about faults, where it holds short codes whatever it is
    /// headed ("F2", "EE", "P5").
    fn leads(&self) -> Option<Column> {
        let fits = self.distinct >= SIBLINGS && self.numbers == 0 && self.mostly(self.short + self.letters);
        fits.then(|| Column { word: String::new(), letters: self.letters > 0 })
    }

    fn mostly(&self, count: usize) -> bool {
        count > 0 && count * 10 >= self.filled * MOSTLY
    }

    /// How the column is read, if it is one of codes. `word` is another header's code word,
    /// `faults` says whether the table is about faults, `listed` whether its header or its
    /// section has a code word.
    fn read_as(&self, header: &Header, word: Option<&str>, faults: bool, listed: bool) -> Option<Column> {
        let several = self.distinct >= 2;
        let letters = several && self.letters > 0;
        let column = |word: &str| Some(Column { word: word.to_owned(), letters });
        let own = header.word.as_deref();
        // "Code", "Error code", "Fault", "Parameter", "$".
        let headed = header.codes || own.is_some() || header.settings;
        let with_letters = self.short + if several { self.letters } else { 0 };
        let said = header.codes && several && with_letters * 10 >= self.filled * SOME;
        if headed && (self.mostly(with_letters) || said) {
            // A parameter's number is no alarm's.
            let fallback = if header.settings { Some("Parameter") } else { word };
            return column(own.or(fallback).unwrap_or_default());
        }
        // Terminals and part numbers.
        if header.parts && !header.numbers && self.mostly(self.clear)
            || header.parts && self.mostly(self.clear)
        {
            return column("");
        }
        // "Display", or any other name, beside causes and remedies.
        if faults && several && self.mostly(self.clear) && self.distinct * 10 >= self.filled * MOSTLY {
            return column("");
        }
        if faults && header.display && several && self.mostly(with_letters) && self.numbers == 0 {
            return column("");
        }
        let numbered = self.filled >= SIBLINGS && self.mostly(self.numbers) && self.distinct == self.filled;
        if header.bits && listed && numbered {
            return column("Bit");
        }
        if header.numbers && listed && numbered && (!self.counting || word.is_some()) {
            return word.map(|word| Column { word: word.to_owned(), letters: false });
        }
        None
    }
}
