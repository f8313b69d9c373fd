//! Negations, "only" and exceptions that stand on one side only.

use super::opposites::OPPOSITES;
use super::{Clause, GOVERNED, Mark, Near, SAME_WORDS, Turn, alike, common, meets};
use crate::core::answer::words::stem;

/// A negation that is on one side only. Each answers for one: where a sentence has two, two
/// are wanted. In the `same_words` every negation counts; in other words only what one side
/// affirms and the other denies.
pub(super) fn negations(said: &Clause, near: &[Near<'_>], covered: f32) -> Option<String> {
    let same_words = covered >= SAME_WORDS;
    let mut used: Vec<*const Mark> = Vec::new();
    for ours in said.of_turn(Turn::Not) {
        let theirs = near
            .iter()
            .flat_map(|(c, _)| &c.marks)
            .filter(|m| !used.contains(&std::ptr::from_ref(*m)))
            .filter(|m| !same_words || m.turn == Turn::Not)
            // "stops" on both sides is no answer to the "not" of one.
            .filter(|m| m.turn != Turn::Soft || !said.words.iter().any(|w| w.stem == m.own))
            .filter(|m| meets(ours, m, same_words))
            .max_by_key(|m| (m.turn == Turn::Not, common(ours, m)));
        let governed = ours.governed();
        match theirs {
            Some(mark) => used.push(std::ptr::from_ref(mark)),
            // "impossible" for "not possible"
            None if ours.ahead.iter().take(2).any(|w| near.iter().any(|(c, _)| denies(c, w))) => {}
            // "do not touch it until it is cool" for "let it cool before you touch it"
            None if !same_words
                && said.has_word("until")
                && near
                    .iter()
                    .any(|(c, _)| c.has_word("before") && !c.has_word("until") && c.speaks_of(governed)) => {}
            // "stays shut" for "cannot be opened"
            None if !same_words && near.iter().any(|(c, _)| c.opposes(governed.first())) => {}
            None => {
                // Said in words of its own, where the passage says no in others.
                let other = spare(near, &used).filter(|_| !same_words);
                let Some(mark) = other else {
                    return Some("a negation that the passage does not have".to_owned());
                };
                used.push(std::ptr::from_ref(mark));
            }
        }
    }
    let least = if same_words { 0.9 } else { 0.5 };
    for (clause, nearness) in near.iter().filter(|(_, n)| *n >= least).take(3) {
        for theirs in clause.of_turn(Turn::Not).filter(|m| !used.contains(&std::ptr::from_ref(*m))) {
            let governed = theirs.governed();
            let around: Vec<&String> = theirs.ahead.iter().chain(&theirs.behind).collect();
            let spoken = around.iter().filter(|w| said.says(w)).count();
            let speaks = spoken >= 2 && spoken * 5 >= around.len() * 3
                || *nearness >= 0.9
                    && (said.speaks_of(governed) || governed.first().is_some_and(|w| said.says(w)));
            let denied = said.marks.iter().any(|m| match m.turn {
                // One that was answered already is no second one.
                Turn::Not => !same_words && meets(m, theirs, false),
                Turn::Soft => {
                    !same_words && meets(m, theirs, false) && !clause.words.iter().any(|w| w.stem == m.own)
                }
                Turn::Only => !same_words,
                Turn::Unless => false,
            }) || governed.iter().any(|w| denies(said, w) && !denies(clause, w));
            let denied = denied || !same_words && governed.iter().any(|w| said.opposes(Some(w)));
            let elsewhere = near.iter().any(|(c, n)| {
                *n > *nearness && governed.iter().all(|w| c.has(w)) && c.of_turn(Turn::Not).next().is_none()
            });
            // "not before X": "first X", "after X", "once X is".
            let for_a_while =
                theirs.conditional && !same_words && said.words.iter().any(|w| sequence(&w.lower));
            // "must not be left out" bids to do it.
            let bids = !same_words && clause.words.iter().any(|w| omits(&w.lower));
            if speaks && !bids && !denied && !elsewhere && !for_a_while {
                return Some("a negation of the passage is missing".to_owned());
            }
        }
    }
    // "always" for "never", whatever the words around it.
    let always = |c: &Clause| {
        c.words.iter().enumerate().any(|(i, w)| match w.lower.as_str() {
            "always" | "siempre" | "still" | "允" => true,
            // "it does open": said to insist, unless it asks.
            "does" | "did" => i > 1 && c.words.get(i + 1).is_some_and(|n| n.content),
            _ => false,
        })
    };
    let denies_it = |c: &Clause| c.of_turn(Turn::Not).any(|m| !m.conditional);
    if always(said)
        && said.of_turn(Turn::Not).next().is_none()
        && near.iter().filter(|n| n.1 >= 0.5).take(3).any(|(c, _)| denies_it(c))
        && !near.iter().any(|(c, _)| always(c))
    {
        return Some("affirms what the passage denies".to_owned());
    }
    None
}

/// A negation of the nearest clauses that none of the sentence's was answered by.
fn spare<'c>(near: &[Near<'c>], used: &[*const Mark]) -> Option<&'c Mark> {
    let close = near.iter().filter(|(_, n)| *n >= 0.6).take(3);
    close.flat_map(|(c, _)| c.of_turn(Turn::Not)).find(|m| !used.contains(&std::ptr::from_ref(*m)))
}

/// To leave a thing undone.
fn omits(word: &str) -> bool {
    matches!(
        word,
        "left"
            | "omit"
            | "omitted"
            | "skip"
            | "skipped"
            | "forget"
            | "forgotten"
            | "neglect"
            | "neglected"
            | "omitir"
            | "olvidar"
    )
}

/// Words that put one thing after another.
fn sequence(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "until", "before", "after", "once", "first", "then", "when", "whenever", "if", "unless", "only",
        "needs", "requires", "hasta", "antes", "después", "primero", "cuando", "para", "先", "后", "才",
    ];
    WORDS.contains(&word)
}

impl Mark {
    /// The first of the words that it turns round.
    fn governed(&self) -> &[String] {
        let of = if self.ahead.is_empty() { &self.behind } else { &self.ahead };
        of.get(..GOVERNED.min(of.len())).unwrap_or_default()
    }
}

impl Clause {
    /// Has it the word, perhaps in another form?
    fn says(&self, word: &str) -> bool {
        self.has(word) || self.stems.iter().any(|s| alike(s, word))
    }

    fn has_word(&self, word: &str) -> bool {
        self.words.iter().any(|w| w.lower == word)
    }

    /// Has it the opposite of the word?
    fn opposes(&self, word: Option<&String>) -> bool {
        let Some(word) = word else { return false };
        OPPOSITES.iter().any(|(a, b)| {
            let (a, b) = (stem(a), stem(b));
            a == *word && self.has(&b) || b == *word && self.has(&a)
        })
    }

    /// Has it half of the words?
    fn speaks_of(&self, words: &[String]) -> bool {
        words.iter().filter(|w| self.says(w)).count() * 2 >= words.len()
    }
}

/// Has `clause` the word with a prefix that denies it?
fn denies(clause: &Clause, stem: &str) -> bool {
    stem.len() >= 4
        && clause.words.iter().any(|w| {
            ["un", "in", "im", "dis", "non", "ir"]
                .iter()
                .any(|p| w.stem.strip_prefix(p).is_some_and(|rest| rest == stem || alike(rest, stem)))
        })
}

/// "only" and "unless" on one side only.
pub(super) fn restrictions(said: &Clause, near: &[Near<'_>]) -> Option<String> {
    let top: Vec<&Clause> = near.iter().filter(|(_, n)| *n >= 0.85).map(|(c, _)| *c).take(2).collect();
    for (turn, name) in [(Turn::Only, "an \"only\""), (Turn::Unless, "an exception")] {
        let theirs: Vec<&Mark> = near.iter().flat_map(|(c, _)| c.of_turn(turn)).collect();
        if said.of_turn(turn).any(|a| !theirs.iter().any(|b| meets(a, b, false))) {
            return Some(format!("{name} that the passage does not have"));
        }
        let dropped = top.iter().flat_map(|c| c.of_turn(turn)).any(|b| {
            let speaks = b.ahead.is_empty() || b.ahead.iter().take(GOVERNED).any(|w| said.has(w));
            speaks && !said.of_turn(turn).any(|a| meets(a, b, false))
        });
        if dropped {
            return Some(format!("{name} of the passage is missing"));
        }
    }
    None
}
