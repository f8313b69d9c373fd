//! Codes in what was heard. Digits that were heard as digits stay; the words around them
//! are compared by sound with what the codes that hold these digits have there: "Arye 911"
//! with "error E 911", "2320 to" with "2320 two".

use super::distance::distance;
use super::entries::{Code, Entries, Held, digit_sounds};
use super::sounds::Sound;
use super::tokens::Token;
use super::vocabulary::{BEFORE_CODES, is_code_word, is_common, is_grammar};
use super::{Edit, Why};
use crate::core::knowledge::code::spoken::{Numeral, Tongue, readings};
use crate::core::knowledge::code::{Why as NearWhy, is_unit, neighbours, normalise};

/// Words before the digits that may have been misheard, and after them.
const MOST_BEFORE: usize = 3;
const MOST_AFTER: usize = 2;
/// More codes with the same digits are not told apart by sound.
const MOST_CODES: usize = 200;
/// What lies no further behind the best is asked about.
const MARGIN: f32 = 0.06;
/// A digit that is made of a word costs this beside its sound.
const MADE: f32 = 0.02;
/// A word less likely than this may well be another.
const DOUBTFUL: f32 = 0.5;
/// A letter less likely than this may be one that rhymes with it.
const UNCLEAR: f32 = 0.4;
/// Words of everyday language likelier than this stay.
const SURE: f32 = 0.9;

/// A run of number words and digits.
pub(super) struct Run {
    pub from: usize,
    pub to: usize,
    /// Its readings as digits, the natural one first.
    pub digits: Vec<String>,
}

/// The runs of numbers in a text.
pub(super) fn runs(tokens: &[Token], tongue: Tongue) -> Vec<Run> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let mut to = at;
        while let Some(token) = tokens.get(to)
            && (is_number(token, tongue) || to > at && is_and(tokens, to, tongue))
            && (to == at || joins(&token.gap))
            && to - at < 10
        {
            to += 1;
        }
        if to == at {
            at += 1;
            continue;
        }
        let words: Vec<&str> =
            tokens.get(at..to).unwrap_or_default().iter().map(|t| t.lower.as_str()).collect();
        let mut digits: Vec<String> = readings(&words, tongue)
            .into_iter()
            .filter(|(_, taken)| *taken == words.len())
            .map(|(digits, _)| digits)
            .collect();
        if words.iter().all(|w| w.starts_with(|c: char| c.is_ascii_digit())) {
            digits = vec![words.concat()];
        }
        digits.truncate(4);
        if !digits.is_empty() {
            out.push(Run { from: at, to, digits });
        }
        at = to;
    }
    out
}

/// Is a word a number? The Spanish "o" is nought in a code and "or" elsewhere.
fn is_number(token: &Token, tongue: Tongue) -> bool {
    let or = tongue == Tongue::Spanish && token.lower == "o";
    token.is_digits() || !or && token.numeral(tongue).is_some()
}

/// Is a word the "and" of an amount: "two hundred and three", "cuarenta y uno"?
pub(super) fn is_and(tokens: &[Token], at: usize, tongue: Tongue) -> bool {
    let numeral = |i: usize| tokens.get(i).and_then(|t| t.numeral(tongue));
    let Some(before) = at.checked_sub(1).and_then(numeral) else { return false };
    let and = tokens.get(at).map_or("", |t| t.lower.as_str());
    let fits = match (tongue, before) {
        (Tongue::English, Numeral::Times(_)) => and == "and",
        (Tongue::Spanish, Numeral::Tens(_)) => and == "y",
        _ => false,
    };
    fits && matches!(numeral(at + 1), Some(Numeral::Unit(_) | Numeral::Teen(_) | Numeral::Tens(_)))
}

/// May what stands between two numbers be nothing but how they were said?
fn joins(gap: &str) -> bool {
    gap.len() <= 3 && gap.chars().all(|c| matches!(c, ' ' | '-' | ',' | '.'))
}

/// A code: its tokens, the change where there is one, and whether a code word is in it.
struct Found {
    from: usize,
    to: usize,
    edit: Option<Edit>,
    worded: bool,
}

/// A way to read a window of words as a code.
struct Reading<'c> {
    code: &'c Code,
    /// The code word that was heard as part of it.
    word: Option<&'static str>,
    from: usize,
    to: usize,
    /// How far apart, for each phoneme and in all.
    apart: f32,
    cost: f32,
    /// In phonemes.
    length: usize,
    /// Digits made of words.
    made: usize,
    /// Its word stands before it already ("error to two").
    bare: bool,
    /// A code word was heard, its letters hardly.
    alone: bool,
}

/// What a code is compared with: the tokens, and what of it is known to come after.
struct Window<'c> {
    code: &'c Code,
    from: usize,
    to: usize,
    after: f32,
    after_length: usize,
    made: usize,
    bare: bool,
}

/// Adds a reading for each way to hear a window that is not too far.
fn compare<'c>(
    heard: &[Sound],
    wanted: &Sound,
    word: Option<(&'static str, &Sound)>,
    window: &Window<'c>,
    out: &mut Vec<Reading<'c>>,
) {
    const FAR: f32 = 0.45;
    /// A letter is heard where leaving it out does not bring the word this much nearer.
    const ALONE: f32 = 0.3;
    let Window { code, from, to, after, after_length, made, bare } = *window;
    for sound in heard {
        let length = (sound.len().max(wanted.len()) + after_length).max(2);
        let limit = FAR * length as f32;
        let before = distance(sound, wanted, limit);
        let cost = before + after;
        if cost < limit {
            let apart = cost / length as f32 + MADE * made as f32;
            let alone = word.is_some_and(|(_, alone)| distance(sound, alone, limit) + ALONE < before);
            let word = word.map(|(word, _)| word);
            out.push(Reading { code, word, from, to, apart, cost, length, made, bare, alone });
        }
    }
}

/// The codes of one text.
pub(super) struct Codes<'a> {
    pub entries: &'a Entries,
    pub tokens: &'a [Token],
    pub text: &'a str,
    pub tongue: Tongue,
    pub language: &'a str,
}

impl Codes<'_> {
    /// What is to be changed about the codes of the text.
    /// The tokens that make codes are marked in `taken`.
    pub(super) fn edits(&self, taken: &mut [bool]) -> Vec<Edit> {
        let mut out: Vec<Edit> = Vec::new();
        let mut after = 0;
        for run in runs(self.tokens, self.tongue) {
            if run.from < after {
                continue;
            }
            let Some(Found { from, to, edit, worded }) = self.code_at(&run, after) else { continue };
            if !worded {
                out.extend(self.code_word_before(from, after));
            }
            taken.iter_mut().take(to).skip(from).for_each(|t| *t = true);
            after = to;
            out.extend(edit);
        }
        out
    }

    fn token(&self, at: usize) -> Option<&Token> {
        self.tokens.get(at)
    }

    fn lower(&self, at: usize) -> &str {
        self.token(at).map_or("", |t| t.lower.as_str())
    }

    fn knows(&self, normal: &str) -> bool {
        self.entries.known.contains(normal)
    }

    /// The code at a run of numbers: the tokens that it takes, and the change where there
    /// is one.
    fn code_at(&self, run: &Run, floor: usize) -> Option<Found> {
        if let Some((from, to, edit)) = self.exact(run, floor) {
            return Some(Found { from, to, edit, worded: false });
        }
        if self.is_of_a_family(run, floor) {
            return None;
        }
        let mut readings: Vec<Reading<'_>> = Vec::new();
        for digits in &run.digits {
            let held = self.entries.with_digits(digits);
            for held in held.iter().take(MOST_CODES) {
                self.read(run, floor, digits, *held, &mut readings);
            }
        }
        readings.retain(|r| self.may_be(r, run));
        readings.sort_by(|a, b| a.apart.total_cmp(&b.apart).then(b.from.cmp(&a.from).reverse()));
        let Some(best) = readings.first() else {
            let (from, to, edit) = self.miscounted(run)?;
            return Some(Found { from, to, edit, worded: false });
        };
        // A lone digit holds up little: what is near to the best may as well be meant.
        let heard = best.code.digits.len() - best.made;
        let margin = match (best.alone, heard < 2) {
            (true, _) => 4.0 * MARGIN,
            (_, true) => 2.0 * MARGIN,
            _ => MARGIN,
        };
        let mut or: Vec<String> = Vec::new();
        for other in &readings {
            let near = other.apart - best.apart < margin;
            if near && other.code.normal != best.code.normal && !or.contains(&other.code.written) {
                or.push(other.code.written.clone());
            }
        }
        // Letters that were heard as letters may have been right.
        if best.word.is_none()
            && let Some(heard) = self.letters_before(run)
            && best.from + 1 == run.from
        {
            let heard = heard.to_uppercase() + &best.code.digits;
            if heard != best.code.normal && best.made == 0 && !or.contains(&heard) {
                or.push(heard);
            }
        }
        or.truncate(3);
        // Which code word it was is told by the whole, not by the phoneme: long ones gain.
        let same =
            |r: &&Reading<'_>| r.code.normal == best.code.normal && r.from == best.from && r.to == best.to;
        let best = readings
            .iter()
            .filter(same)
            .filter(|r| r.word.is_some() == best.word.is_some())
            .min_by(|a, b| a.cost.total_cmp(&b.cost))
            .unwrap_or(best);
        let word = best.word.map(|w| format!("{w} ")).unwrap_or_default();
        let to = if best.bare { best.code.digits.clone() } else { format!("{word}{}", best.code.written) };
        let edit = self.edit(best.from, best.to, to, or, Why::Code);
        let worded = best.word.is_some() || best.code.is_worded();
        Some(Found { from: best.from, to: best.to, edit: Some(edit), worded })
    }

    fn edit(&self, from: usize, to: usize, by: String, or: Vec<String>, why: Why) -> Edit {
        let start = self.token(from).map_or(0, |t| t.start);
        let end = self.token(to.saturating_sub(1)).map_or(start, |t| t.end);
        // The sign of a setting is no token, and stands already.
        let signed = self.text.get(..start).is_some_and(|before| before.ends_with('$'));
        let by = by.strip_prefix('$').filter(|_| signed).map_or(by.clone(), str::to_owned);
        Edit { start, end, by, or, why }
    }

    /// Letters and digits that are a code as they stand, spelled or written; or a code that
    /// was heard clearly and that the index does not have, which is not for us to change.
    fn exact(&self, run: &Run, floor: usize) -> Option<(usize, usize, Option<Edit>)> {
        let mut from = run.from;
        let mut letters = String::new();
        let mut spelled = Vec::new();
        while from > floor && letters.len() < 4 {
            let Some(token) = self.token(from - 1) else { break };
            let glued = self.token(from).is_some_and(|t| joins(&t.gap) && t.gap.len() <= 1);
            let short = token.lower.len() <= 4 && token.lower.chars().all(|c| c.is_ascii_lowercase());
            if !glued || !short || token.numeral(self.tongue).is_some() && token.lower != "o" {
                break;
            }
            from -= 1;
            letters.insert_str(0, &token.lower);
            spelled.push((from, letters.to_uppercase()));
        }
        // "P zero A eight zero": letters between.
        let mut to = run.to;
        let mut tail = String::new();
        let mut tails = vec![(to, String::new())];
        while tail.len() < 4
            && let Some(token) = self.token(to)
            && (token.is_digits() || token.lower.len() == 1 || token.numeral(self.tongue).is_some())
        {
            let more = match token.numeral(self.tongue) {
                Some(Numeral::Unit(n)) => n.to_string(),
                Some(Numeral::Tens(n) | Numeral::Teen(n)) => n.to_string(),
                _ => token.lower.clone(),
            };
            tail.push_str(&more);
            to += 1;
            tails.push((to, tail.to_uppercase()));
        }
        for (from, letters) in spelled.iter().rev() {
            for digits in &run.digits {
                for (to, tail) in tails.iter().rev() {
                    let normal = format!("{letters}{digits}{tail}");
                    if self.knows(&normal) {
                        return Some((*from, *to, self.joined(*from, *to, &normal)));
                    }
                }
            }
        }
        // Its number alone, where that is a code.
        let worded = self.code_word_at(run.from, floor).is_some();
        for digits in &run.digits {
            let long = digits.len() >= 3 || worded;
            if long && (self.knows(digits) || self.worded_code(run.from, digits, floor)) {
                let edit = self.joined(run.from, run.to, digits).filter(|_| digits.len() > 1);
                return Some((run.from, run.to, edit));
            }
        }
        None
    }

    /// "Alarm 9", where the index has ALARM9.
    fn worded_code(&self, from: usize, digits: &str, floor: usize) -> bool {
        self.code_word_at(from, floor).is_some_and(|at| {
            let word = self.lower(at).to_uppercase();
            self.knows(&format!("{word}{digits}")) || word == "DOLLAR" && self.knows(&format!("${digits}"))
        })
    }

    /// The change that writes a code in one word; `None` where it stands so.
    fn joined(&self, from: usize, to: usize, normal: &str) -> Option<Edit> {
        let code = self.entries.codes.iter().find(|c| c.normal == normal);
        let by = code.map_or(normal, |c| c.written.as_str());
        let start = self.token(from)?.start;
        let end = self.token(to.checked_sub(1)?)?.end;
        let heard = self.text.get(start..end)?;
        let p = self.tokens.get(from..to)?.iter().map(|t| t.p).fold(1.0, f32::min);
        // Fifteen and fifty, B and D: where it was not heard clearly, the other may be meant.
        let limit = |why| if why == NearWhy::Number { super::super::CLEAR } else { UNCLEAR };
        let near: Vec<String> = neighbours(normal, Some(self.language), &|c| self.knows(c))
            .into_iter()
            .filter(|n| p < limit(n.why))
            .map(|n| n.code)
            .collect();
        let whole = normalise(heard) == normal && !heard.contains([' ', ',']);
        let differs = if heard.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '.' | ',')) {
            heard != normal
        } else {
            !whole
        };
        if !differs && near.is_empty() {
            return None;
        }
        let by = if differs { by.to_owned() } else { heard.to_owned() };
        Some(Edit { start, end, by, or: near, why: Why::Written })
    }

    /// The code word that stands before a token, perhaps with "number" between.
    fn code_word_at(&self, at: usize, floor: usize) -> Option<usize> {
        let one = at.checked_sub(1).filter(|i| *i >= floor)?;
        let two = one.checked_sub(1).filter(|i| *i >= floor);
        if is_code_word(self.lower(one)) {
            return Some(one);
        }
        two.filter(|two| self.lower(one) == "number" && is_code_word(self.lower(*two)))
    }

    /// Letters and digits that were heard as such and look like the codes of the index, but are
    /// none: somebody asks for a code that the manuals do not have, and shall be told so.
    fn is_of_a_family(&self, run: &Run, floor: usize) -> bool {
        let Some(at) = run.from.checked_sub(1).filter(|at| *at >= floor) else { return false };
        let Some(token) = self.token(at) else { return false };
        let glued = self.token(run.from).is_some_and(|t| t.gap.is_empty() || t.gap == "-");
        let letters = token.is_letters() && (token.lower.len() > 1 || glued && token.p >= DOUBTFUL);
        letters
            && run.digits.iter().any(|digits| {
                let family = |c: &Code| c.prefix == token.lower && c.digits.len() == digits.len();
                self.entries.codes.iter().any(family)
            })
    }

    /// The letters right before a run that were heard as letters.
    fn letters_before(&self, run: &Run) -> Option<String> {
        let token = self.token(run.from.checked_sub(1)?)?;
        token.is_letters().then(|| token.lower.clone())
    }

    /// Reads the words around a run as the rest of a code.
    fn read<'c>(&'c self, run: &Run, floor: usize, digits: &str, held: Held, out: &mut Vec<Reading<'c>>) {
        let Some(code) = self.entries.codes.get(held.code) else { return };
        let (made_before, made_after) = (usize::from(held.before), usize::from(held.after));
        let made = made_before + made_after;
        // A lone digit says too little to build a long code on.
        if made > digits.len() && !(made == 1 && digits.len() == 1) {
            return;
        }
        let first = code.digits.get(..made_before).unwrap_or_default();
        let last = code.digits.get(code.digits.len() - made_after..).unwrap_or_default();
        let prefix = code.prefix_sound();
        let befores: Vec<Sound> =
            digit_sounds(first).into_iter().map(|d| [prefix.clone(), d].concat()).collect();
        let suffix = code.suffix_sound();
        let afters: Vec<Sound> =
            digit_sounds(last).into_iter().map(|d| [d, suffix.clone()].concat()).collect();
        let after = self.best_after(run, &afters);
        let Some((after, to, after_length)) = after else { return };
        // What is said before, with a code word or without, in so many heard words.
        let mut heard: Vec<Sound> = vec![Sound::new()];
        for b in 0..=MOST_BEFORE {
            if b > 0 {
                let Some(at) = run.from.checked_sub(b).filter(|at| *at >= floor) else { break };
                let Some(token) = self.token(at) else { break };
                // What a comma parts is not one sound; before the digits it is a pause.
                let parted = b > 1
                    && self.token(at + 1).is_some_and(|t| t.gap.trim().starts_with([',', '.', '?', '!']));
                if is_code_word(&token.lower) && token.p >= DOUBTFUL || token.is_digits() || parted {
                    break;
                }
                let ways = token.sounds();
                heard = ways
                    .iter()
                    .flat_map(|w| heard.iter().map(move |h| [w.clone(), h.clone()].concat()))
                    .collect();
                heard.truncate(4);
            }
            let from = run.from - b;
            let bare =
                code.is_worded() && from.checked_sub(1).is_some_and(|at| self.lower(at) == code.prefix);
            let window = Window { code, from, to, after, after_length, made, bare };
            if bare {
                for first in digit_sounds(first) {
                    compare(&heard, &first, None, &window, out);
                }
                continue;
            }
            for before in &befores {
                compare(&heard, before, None, &window, out);
                if b > 0 && !code.is_worded() {
                    for (word, sound) in BEFORE_CODES.iter() {
                        let whole = [sound.clone(), before.clone()].concat();
                        compare(&heard, &whole, Some((word, sound)), &window, out);
                    }
                }
            }
        }
    }

    /// The heard words after a run that are nearest to what a code has there: how far, up
    /// to which token, and how long.
    fn best_after(&self, run: &Run, wanted: &[Sound]) -> Option<(f32, usize, usize)> {
        if wanted.iter().all(Vec::is_empty) {
            return Some((0.0, run.to, 0));
        }
        let mut best: Option<(f32, usize, usize)> = None;
        let mut heard = Sound::new();
        for to in run.to..(run.to + MOST_AFTER).min(self.tokens.len()) {
            let token = self.token(to)?;
            if token.gap.contains(['?', '!', ';']) || token.is_digits() {
                break;
            }
            heard.extend(token.sounds().first()?);
            for sound in wanted {
                let cost = distance(&heard, sound, 6.0);
                let length = heard.len().max(sound.len());
                if best.is_none_or(|(least, ..)| cost < least) {
                    best = Some((cost, to + 1, length));
                }
            }
        }
        best
    }

    /// Is a reading near enough for what speaks against it?
    fn may_be(&self, reading: &Reading<'_>, run: &Run) -> bool {
        let replaced: Vec<&Token> =
            (reading.from..run.from).chain(run.to..reading.to).filter_map(|i| self.token(i)).collect();
        // A number alone says nothing about the letters of a code.
        if replaced.is_empty() {
            return false;
        }
        let digits = reading.code.digits.len() - reading.made;
        let context = self.code_word_at(reading.from, 0).is_some();
        let worded = reading.word.is_some() || reading.code.is_worded();
        if context && reading.word.is_some() {
            return false;
        }
        let p = replaced.iter().map(|t| t.p).sum::<f32>() / replaced.len() as f32;
        // Letters that were heard as such, and clearly, are what was said.
        let kept = |t: &Token| matches!(t.lower.as_str(), "a" | "o") || t.lower == reading.code.prefix;
        // Several letters in capitals ("AL") are hardly another letter.
        let several =
            |t: &Token| t.lower.len() > 1 && reading.word.is_none() && reading.code.prefix.len() == 1;
        let clear = |t: &Token| t.is_letters() && (t.p >= DOUBTFUL || several(t));
        if replaced.iter().any(|t| clear(t) && !kept(t)) {
            return false;
        }
        let everyday = |t: &&&Token| is_common(&t.lower) || is_grammar(&t.lower);
        let stays = |t: &Token| t.p >= SURE && everyday(&&t) && !context;
        if replaced.iter().any(|t| stays(t)) {
            return false;
        }
        // "Check 15 bar", "see 15 bolts": everyday words before an everyday number.
        // "Alarm is 61": a clear word of grammar is a letter only where it sounds like one.
        let clear = |t: &Token| is_grammar(&t.lower) && t.lower != "a" && t.p >= DOUBTFUL;
        let letters_only = reading.made == 0 && reading.word.is_none();
        if letters_only && reading.apart > 0.05 && replaced.iter().any(|t| clear(t)) {
            return false;
        }
        let all_everyday = replaced.iter().filter(everyday).count() == replaced.len();
        if all_everyday && !context && (p > DOUBTFUL || digits < 2) {
            return false;
        }
        if !context && is_unit(self.lower(reading.to)) {
            return false;
        }
        // One digit holds up nothing but its own letter.
        let lettered = self.letters_before(run).is_some_and(|letters| letters == reading.code.prefix);
        if digits < 2 && reading.made > 0 && !reading.bare && !lettered {
            return false;
        }
        let mut limit = 0.2;
        if context {
            limit += 0.11;
        } else if worded {
            limit += 0.05;
        }
        if digits >= 3 {
            limit += 0.05;
        }
        if digits < 2 {
            limit -= if reading.made > 0 { 0.1 } else { 0.04 };
        }
        // A sound or two are soon alike.
        if letters_only && reading.length < 5 {
            limit *= 0.2 + 0.16 * reading.length as f32;
        }
        reading.apart <= limit * (1.25 - 0.4 * p)
    }

    /// A number that is a code but for the length of a run of zeros. It is asked about.
    fn miscounted(&self, run: &Run) -> Option<(usize, usize, Option<Edit>)> {
        let digits = run.digits.first().filter(|d| d.len() >= 4 && d.contains("00"))?;
        let context = self.code_word_at(run.from, 0).is_some();
        let mut codes = self.entries.with_zeros(digits).filter(|c| c.prefix.is_empty() || c.is_worded());
        let code = codes.next()?;
        if codes.next().is_some() || !context || code.digits.len() < 3 || self.letters_before(run).is_some() {
            return None;
        }
        let by = if code.prefix.is_empty() { code.written.clone() } else { code.digits.clone() };
        Some((run.from, run.to, Some(self.edit(run.from, run.to, by, vec![digits.clone()], Why::Code))))
    }

    /// A misheard word before a code: "fulp code F37", "air E15".
    fn code_word_before(&self, from: usize, floor: usize) -> Option<Edit> {
        const NEAR: f32 = 0.3;
        const FAR: f32 = 0.6;
        let at = from.checked_sub(1).filter(|at| *at >= floor)?;
        let here = self.lower(at);
        // "Fulp code": the word before the exact one.
        let at = if here == "code" { at.checked_sub(1).filter(|at| *at >= floor)? } else { at };
        if is_code_word(self.lower(at)) {
            return None;
        }
        let mut best: Option<(f32, usize, &'static str)> = None;
        for words in 1..=2 {
            let Some(start) = (at + 1).checked_sub(words).filter(|s| *s >= floor) else { break };
            let window = self.tokens.get(start..=at)?;
            let kept = |t: &Token| {
                let sure = if is_grammar(&t.lower) {
                    0.35
                } else if is_common(&t.lower) {
                    0.85
                } else {
                    1.1
                };
                t.p >= sure || t.is_digits() || t.numeral(self.tongue).is_some()
            };
            if window.iter().any(kept) || window.iter().skip(1).any(|t| t.gap.trim() != "") {
                break;
            }
            let sound: Sound =
                window.iter().filter_map(|t| t.sounds().into_iter().next_back()).flatten().collect();
            for (word, wanted) in BEFORE_CODES.iter() {
                if here == "code" && *word == "code" {
                    continue;
                }
                let length = sound.len().max(wanted.len()).max(1) as f32;
                let p = window.iter().map(|t| t.p).sum::<f32>() / words as f32;
                let apart = distance(&sound, wanted, FAR * length) / length + 0.02 * (words - 1) as f32;
                if apart <= NEAR * (1.2 - 0.35 * p) && best.is_none_or(|(least, ..)| apart < least) {
                    best = Some((apart, start, word));
                }
            }
        }
        let (_, start, word) = best?;
        let capital = self.text.get(self.token(start)?.start..)?.starts_with(char::is_uppercase);
        let word = if capital && start == 0 { capitalised(word) } else { word.to_owned() };
        // "era1": the code begins where the word ends.
        let space = self.token(at + 1).is_some_and(|t| t.gap.is_empty());
        let word = if space { format!("{word} ") } else { word };
        Some(self.edit(start, at + 1, word, Vec::new(), Why::Term))
    }
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}
