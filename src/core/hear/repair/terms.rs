//! Terms in what was heard: a word of a known phrase anchors the others ("page motor" is
//! "pitch motor"), a word that is no everyday one is compared with the names of the index
//! ("Ibrive" is "ODrive"), words that were cut in two are joined.

use super::distance::{distance, relative};
use super::entries::Entries;
use super::sounds::{Sound, of_word};
use super::tokens::Token;
use super::vocabulary::{is_code_word, is_common, is_grammar};
use super::{Edit, Why};

/// Of a name, for each phoneme.
const NEAR: f32 = 0.2;
/// A word less likely than this is a guess at a noise: its sound says nothing.
const GUESS: f32 = 0.25;
/// Of the words beside an anchor.
const NEAR_ANCHORED: f32 = 0.27;
/// What lies no further behind the best makes both doubtful.
const MARGIN: f32 = 0.05;
/// Everyday words likelier than this stay.
const SURE: f32 = 0.85;
/// Other words likelier than this stay, unless they all but sound the same.
const CERTAIN: f32 = 0.97;

/// The changes of the words that are not `taken`.
pub(super) fn edits(entries: &Entries, tokens: &[Token], text: &str, taken: &mut [bool]) -> Vec<Edit> {
    let mut out = Vec::new();
    for at in 0..tokens.len() {
        let found = phrase(entries, tokens, text, taken, at);
        if let Some((from, to, edit)) = found {
            taken.iter_mut().take(to).skip(from).for_each(|t| *t = true);
            out.extend(edit);
        }
    }
    for at in 0..tokens.len() {
        if let Some((from, to, edit)) = name(entries, tokens, text, taken, at) {
            taken.iter_mut().take(to).skip(from).for_each(|t| *t = true);
            out.push(edit);
        }
    }
    out
}

fn is_free(taken: &[bool], from: usize, to: usize) -> bool {
    taken.get(from..to).is_some_and(|t| t.iter().all(|t| !t))
}

/// May a word be changed at all?
fn may_change(token: &Token, entries: &Entries) -> bool {
    if token.is_digits() || is_grammar(&token.lower) || is_code_word(&token.lower) || !token.lower.is_ascii()
    {
        return false;
    }
    // A term that was heard is what was said.
    if entries.words.contains(&token.lower) {
        return token.p < 0.4;
    }
    token.p < if is_common(&token.lower) { SURE } else { CERTAIN }
}

/// The phrase around an anchor at `at`.
fn phrase(
    entries: &Entries,
    tokens: &[Token],
    text: &str,
    taken: &[bool],
    at: usize,
) -> Option<(usize, usize, Option<Edit>)> {
    let anchor = tokens.get(at)?;
    if anchor.is_digits() || is_grammar(&anchor.lower) {
        return None;
    }
    let mut best: Option<(f32, usize, usize, &str)> = None;
    let mut rival = f32::MAX;
    for (phrase, place) in entries.with_word(&anchor.lower) {
        let before = phrase.sounds.get(..place).unwrap_or_default();
        let after = phrase.sounds.get(place + 1..).unwrap_or_default();
        let Some((left, from)) = side(entries, tokens, taken, before, at, true) else { continue };
        let Some((right, to)) = side(entries, tokens, taken, after, at + 1, false) else { continue };
        if !is_free(taken, from, to) {
            continue;
        }
        let exact = to - from == phrase.words.len()
            && tokens.get(from..to)?.iter().zip(&phrase.words).all(|(t, w)| t.lower == *w);
        // Said as it is written: there is nothing to mend, and nothing else to find here.
        if exact && !phrase.is_code {
            return None;
        }
        let apart = left.max(right);
        match best {
            Some((least, ..)) if apart >= least => rival = rival.min(apart),
            _ => {
                rival = best.map_or(rival, |(least, ..)| least);
                best = Some((apart, from, to, phrase.written.as_str()));
            }
        }
    }
    let (apart, from, to, written) = best?;
    if rival - apart < MARGIN && apart > 0.0 {
        return None;
    }
    Some((from, to, edit(tokens, text, from, to, written)))
}

/// How far the words on one side of an anchor are from those of a phrase, and where they
/// end.
fn side(
    entries: &Entries,
    tokens: &[Token],
    taken: &[bool],
    wanted: &[Sound],
    edge: usize,
    left: bool,
) -> Option<(f32, usize)> {
    if wanted.is_empty() {
        return Some((0.0, edge));
    }
    let whole: Sound = wanted.concat();
    let mut best: Option<(f32, usize)> = None;
    for words in wanted.len().saturating_sub(1).max(1)..=wanted.len() + 1 {
        let (from, to) =
            if left { (edge.checked_sub(words), Some(edge)) } else { (Some(edge), Some(edge + words)) };
        let (Some(from), Some(to)) = (from, to) else { continue };
        let Some(window) = tokens.get(from..to) else { continue };
        if !is_free(taken, from, to) {
            continue;
        }
        let heard: Sound = window.iter().flat_map(|t| of_word(&t.lower)).collect();
        let length = heard.len().max(whole.len()).max(3) as f32;
        let apart = distance(&heard, &whole, 0.5 * length) / length;
        let p = window.iter().map(|t| t.p).sum::<f32>() / words as f32;
        let same = apart < 0.01;
        // "Agitate or": a word of grammar may be the end of one that was cut.
        let cut = words > wanted.len() && apart < 0.18;
        let may = |t: &Token| may_change(t, entries) || cut && is_grammar(&t.lower) && t.p < CERTAIN;
        let open = same || window.iter().all(may) && window.iter().any(|t| may_change(t, entries));
        if open && apart <= NEAR_ANCHORED * (1.2 - 0.4 * p) && best.is_none_or(|(least, _)| apart < least) {
            best = Some((apart, if left { from } else { to }));
        }
    }
    best
}

/// The name that one or two words at `at` sound like.
fn name(
    entries: &Entries,
    tokens: &[Token],
    text: &str,
    taken: &[bool],
    at: usize,
) -> Option<(usize, usize, Edit)> {
    for words in [2, 1] {
        let Some(window) = tokens.get(at..at + words) else { continue };
        let joined = |t: &Token| t.gap == " " || t.gap == "-";
        let plain = |t: &Token| !t.is_digits() && !t.lower.is_empty() && t.lower.is_ascii();
        if !is_free(taken, at, at + words) || !window.iter().skip(1).all(joined) || !window.iter().all(plain)
        {
            continue;
        }
        let sound: Sound = window.iter().flat_map(|t| of_word(&t.lower)).collect();
        // Cut in two, or spelled otherwise: the same to the ear.
        if let Some(name) = entries.sounding(&sound) {
            let by = name.written.clone();
            let said = words == 1 && window.iter().all(|t| t.lower == by.to_lowercase());
            let known = window.iter().all(|t| entries.words.contains(&t.lower));
            let stays = words == 1
                && window.iter().any(|t| !may_change(t, entries) || is_common(&t.lower) && t.p > 0.5);
            if said || known || stays || window.iter().all(|t| is_grammar(&t.lower)) {
                continue;
            }
            return edit(tokens, text, at, at + words, &by).map(|edit| (at, at + words, edit));
        }
        let everyday = window.iter().any(|t| is_common(&t.lower) || is_grammar(&t.lower));
        let open =
            window.iter().all(|t| may_change(t, entries) && !is_common(&t.lower) && !is_code_word(&t.lower));
        if !open || words == 2 && everyday || sound.len() < 4 {
            continue;
        }
        let p = window.iter().map(|t| t.p).sum::<f32>() / words as f32;
        if p < GUESS {
            continue;
        }
        let limit = NEAR * (1.25 - 0.4 * p);
        let (mut best, mut second): (Option<(f32, &str)>, f32) = (None, f32::MAX);
        for name in entries.of_length(sound.len()) {
            let apart = relative(&sound, &name.sound, limit + MARGIN);
            match best {
                Some((least, _)) if apart >= least => second = second.min(apart),
                _ => {
                    second = best.map_or(second, |(least, _)| least);
                    best = Some((apart, name.written.as_str()));
                }
            }
        }
        if let Some((apart, by)) = best
            && apart <= limit
            && second - apart >= MARGIN
            && !(words == 1 && is_inflection(&window.first()?.lower, &by.to_lowercase()))
            && let Some(edit) = edit(tokens, text, at, at + words, by)
        {
            return Some((at, at + words, edit));
        }
    }
    None
}

/// Are two words one but for their endings ("reversed", "reversing")? Then what was heard is
/// as good.
fn is_inflection(one: &str, other: &str) -> bool {
    let shared = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    // "Valid" and "invalid" are opposites.
    let opposite = one.ends_with(other) || other.ends_with(one);
    opposite || shared >= 4 && shared + 3 >= one.len().max(other.len())
}

/// The change, unless it is none but for capitals.
fn edit(tokens: &[Token], text: &str, from: usize, to: usize, by: &str) -> Option<Edit> {
    let (start, end) = (tokens.get(from)?.start, tokens.get(to.checked_sub(1)?)?.end);
    let heard = text.get(start..end)?;
    (!heard.eq_ignore_ascii_case(by)).then(|| Edit {
        start,
        end,
        by: by.to_owned(),
        or: Vec::new(),
        why: if by.contains('_') { Why::Code } else { Why::Term },
    })
}
