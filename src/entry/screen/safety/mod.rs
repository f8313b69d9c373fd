//! Safety judged in context: does what was said tell of danger now, or ask how to defeat a
//! protection?
//!
//! Words alone do not decide. An emergency is a *statement that something dangerous is
//! happening*: a hazard or a hurt person, in a part of the text that asserts it. Parts that
//! ask ("what does the gas alarm mean"), suppose ("in case of fire"), deny ("no smoke") or
//! tell of the past ("the fire last week") assert nothing. A request to defeat a protection
//! is a verb of defeating (bypass, jumper, skip) that acts on a thing that protects (interlock,
//! guard, lockout), outside of parts that ask why not or how to undo it.
//!
//! ```text
//! text ─▶ clause: parts, each with how it is meant ─▶ english, spanish ─┐
//!      └▶ chinese (no blanks between words: read by itself) ───────────┴─▶ Judged
//! ```
//!
//! Everything is a pure function of the text; [`warm`] compiles the patterns beforehand.

mod chinese;
mod clause;
mod defeat;
mod english;
mod rules;
mod spanish;

use serde::{Deserialize, Serialize};

/// What an emergency is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Emergency {
    /// Something burns or smokes.
    Fire,
    /// Gas or fumes escape.
    Gas,
    /// A person is hurt, caught or in danger.
    Person,
    /// Something exploded, or is about to.
    Explosion,
    /// A dangerous liquid runs out.
    Chemical,
    /// Something falls, tips or runs away.
    Collapse,
    /// Help is called for.
    Call,
}

/// How what was said is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Judged {
    /// Work.
    Calm,
    /// Something dangerous is happening now.
    Emergency(Emergency),
    /// A protection (interlock, guard, lockout) is to be defeated or left out.
    Defeat,
}

/// The languages in which a text can be judged, for the site's text in the asker's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tongue {
    /// English.
    En,
    /// Spanish.
    Es,
    /// Chinese.
    Zh,
}

/// Longer texts are judged by their first so many characters: what is happening now is said
/// first, and judging must not take long.
const LONGEST: usize = 2000;

/// Judges `text`. An emergency outweighs a request.
pub fn judge(text: &str) -> Judged {
    judge_in(text).0
}

/// Judges `text`, and says in which language its words were understood.
pub fn judge_in(text: &str) -> (Judged, Tongue) {
    let text: String = text.chars().take(LONGEST).collect();
    let folded = clause::fold(&text);
    let hanzi = chinese::fold(&text);
    if let Some(kind) = chinese::emergency(&hanzi) {
        return (Judged::Emergency(kind), Tongue::Zh);
    }
    if let Some(kind) = english::emergency(&folded) {
        return (Judged::Emergency(kind), Tongue::En);
    }
    if let Some(kind) = spanish::emergency(&folded) {
        return (Judged::Emergency(kind), Tongue::Es);
    }
    match () {
        () if chinese::defeat(&hanzi) => (Judged::Defeat, Tongue::Zh),
        () if defeat::english(&folded) => (Judged::Defeat, Tongue::En),
        () if defeat::spanish(&folded) => (Judged::Defeat, Tongue::Es),
        () if chinese::is_chinese(&hanzi) => (Judged::Calm, Tongue::Zh),
        () => (Judged::Calm, Tongue::En),
    }
}

/// A question without its words of defeating: the thing that it is about.
pub fn without_defeat(question: &str) -> String {
    defeat::without_verbs(question)
}

/// Compiles the patterns, so that the first question does not wait for them.
pub fn warm() {
    let _ = judge("一 one");
}

#[cfg(test)]
mod tests;
