//! Patterns with what they tell of, and how the parts of a text are meant.

use regex::Regex;

use super::Emergency;

/// The patterns of one language.
pub struct Rules {
    /// Where a new part begins without a mark.
    pub joins: Regex,
    /// Compounds whose words are harmless in them ("emergency stop"): taken out first.
    pub compounds: Regex,
    /// A part that asks.
    pub asks: Regex,
    /// A part that supposes, instructs or tells of the past; nothing in it is happening.
    pub unreal: Regex,
    /// A part about what happens as a rule ("when I start it"): says nothing of now where a
    /// thing is concerned, for that is a symptom; a person is hurt once.
    pub habit: Regex,
    /// A text in which something that burns is meant to, or is over.
    pub calms: Regex,
    /// Ends with a denial of what comes next.
    pub denies: Regex,
    /// What tells of danger.
    pub signs: Vec<(Emergency, Regex)>,
    /// A denial within what a sign of a thing found ("there is no fire").
    pub negates: Regex,
    /// A call that counts only where nothing is asked ("help", but not "help, how do I …").
    pub cries: Regex,
}

/// The same as they are written, each in the form of [`Rules`].
pub struct Patterns<'p> {
    /// What the words in capitals stand for, in the order in which they are replaced.
    pub words: &'p [(&'p str, &'p str)],
    /// See [`Rules`], as the others.
    pub joins: &'p str,
    pub compounds: &'p str,
    pub asks: &'p str,
    pub unreal: &'p str,
    pub habit: &'p str,
    pub calms: &'p str,
    pub denies: &'p str,
    pub negates: &'p str,
    pub signs: &'p [(Emergency, &'p str)],
    pub cries: &'p str,
}

/// Compiles `pattern` with `WORDS` in it replaced by what `words` says they stand for.
/// `None` only if it is no pattern: a test compiles all.
pub fn compile(pattern: &str, words: &[(&str, &str)]) -> Option<Regex> {
    let mut full = pattern.to_owned();
    for (name, stands_for) in words {
        full = full.replace(name, stands_for);
    }
    Regex::new(&full).ok()
}

impl Rules {
    /// `None` only if one of them is no pattern: a test compiles all.
    pub fn compile(patterns: &Patterns<'_>) -> Option<Rules> {
        let re = |pattern: &str| compile(pattern, patterns.words);
        Some(Rules {
            joins: re(patterns.joins)?,
            compounds: re(patterns.compounds)?,
            asks: re(patterns.asks)?,
            unreal: re(patterns.unreal)?,
            habit: re(patterns.habit)?,
            calms: re(patterns.calms)?,
            denies: re(patterns.denies)?,
            negates: re(patterns.negates)?,
            signs: patterns
                .signs
                .iter()
                .map(|(kind, p)| Some((*kind, re(p)?)))
                .collect::<Option<Vec<_>>>()?,
            cries: re(patterns.cries)?,
        })
    }

    /// What kind of emergency `folded` tells of, if any.
    pub fn emergency(&self, folded: &str) -> Option<Emergency> {
        let text = self.compounds.replace_all(folded, " thing ");
        let text = text.replace(" oh no ", " oh ");
        // A part that was a compound's beginning and end both: once more.
        let text = self.compounds.replace_all(&text, " thing ");
        let calm = self.calms.is_match(&text);
        let parts = super::clause::parts(&text, &self.joins);
        let asked = parts.iter().any(|p| self.asks.is_match(p));
        // What is asserted throughout also counts as a whole, over its joints.
        let whole = (parts.len() > 1 && !asked && !parts.iter().any(|p| self.unreal.is_match(p)))
            .then_some(text.as_ref());
        for part in parts.iter().map(String::as_str).chain(whole) {
            if self.asks.is_match(part) || self.unreal.is_match(part) {
                continue;
            }
            let habit = self.habit.is_match(part);
            for (kind, sign) in &self.signs {
                let thing = !matches!(kind, Emergency::Person | Emergency::Call);
                // A burner is meant to burn; gas is never meant to escape.
                let meant = calm && *kind != Emergency::Gas;
                if thing && (meant || habit) {
                    continue;
                }
                let said = sign.find_iter(part).any(|m| {
                    let before = part.get(..m.start()).unwrap_or_default();
                    let denied = thing && self.negates.is_match(m.as_str());
                    !denied && !self.denies.is_match(before.trim_end())
                });
                if said {
                    return Some(*kind);
                }
            }
            if !asked && self.cries.is_match(part) {
                return Some(Emergency::Call);
            }
        }
        None
    }
}
