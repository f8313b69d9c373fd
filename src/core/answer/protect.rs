//! What is said where somebody is in danger, or a protection is to be defeated.
//!
//! An emergency gets the site's own text, at once and in full: nothing is searched and no
//! model is asked. A request to defeat a protection is answered with what the manuals say of
//! lockout, guards and interlocks near the thing, never above the quoted rung.

use std::sync::OnceLock;

use regex::Regex;

use super::ladder;
use super::quote::{Hit, quote, share};
use super::refusal::{self, Reason};
use super::words::{Term, terms};
use super::{Answer, AnswerKind, Sentence, sentence};
use crate::core::knowledge::passage::Passage;

/// How a request to defeat a protection is answered, in the asker's language.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keep {
    /// What is searched instead of the question: the thing, and the words of keeping it safe.
    pub search: String,
    /// Said first.
    pub lead: String,
    /// Said where no manual speaks of it.
    pub silent: String,
}

/// The site's text, sentence by sentence; it cites nothing, for no manual says it.
pub fn emergency(text: &str) -> Answer {
    let sentences = sentence::split(text).into_iter().filter_map(|s| s.of(text)).map(|s| s.trim().to_owned());
    let why = "an emergency: the site's own text";
    Answer::own(AnswerKind::Emergency, why, sentences.filter(|s| !s.is_empty()))
}

/// What the manuals say of keeping the protection, or that they say nothing of it.
pub fn keep(keep: &Keep, hits: &[Hit<'_>], siblings: &[Passage]) -> Answer {
    let wanted = terms(&keep.search);
    // Another machine's lockout locks nothing here.
    let named = hits.iter().any(|h| is_named(&wanted, h.passage));
    let mut near: Vec<(f32, Hit<'_>)> = hits
        .iter()
        .enumerate()
        .filter(|(_, hit)| !named || is_named(&wanted, hit.passage))
        .filter_map(|(rank, hit)| Some((worth(&wanted, hit.passage)? / (1.0 + 0.05 * rank as f32), *hit)))
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let near: Vec<Hit<'_>> = near.into_iter().map(|(_, hit)| hit).collect();
    // "How": a procedure is quoted from its first step.
    let question = format!("How is it done: {}?", keep.search);
    let answer = match near.as_slice() {
        [] => None,
        near => Some(ladder::quoted(&quote(&question, near, siblings), "a protection stays in place")),
    };
    match answer {
        Some(answer) if answer.kind == AnswerKind::Answer => {
            let lead = [keep.lead.as_str(), answer.lead.as_str()];
            Answer { lead: lead.join(" ").trim().to_owned(), ..answer }
        }
        _ => {
            let nearest: Vec<Passage> = hits.iter().map(|h| h.passage.clone()).collect();
            Answer {
                sentences: vec![Sentence { text: keep.silent.clone(), citations: Vec::new() }],
                rung_why: "no passage about lockout, guards or interlocks is near".to_owned(),
                ..refusal::refuse(&Reason::SilentOnPoint, &nearest)
            }
        }
    }
}

/// Speaks of what protects.
const PROTECTS: &str = r"(?i)\block[- ]?(?:ed[- ])?out|\btag[- ]?out|\bloto\b|lock and tag|\bisolat(?:e|ed|es|ion|ing|or)\b|interlock|\bguards?\b|\bguarding\b|safety (?:switch|relay|circuit|gate|device|door|chain|function|curtain)|emergency[- ]stop|\be-stop|light curtain|protective device|de-?energi[sz]|bloqueo|etiquetado|enclavamiento|resguardo|consignaci|parada de emergencia|上锁|挂牌|联锁|互锁|防护|护罩|安全门|急停|断电";

/// Forbids to defeat it, or says how it is locked out.
const KEEPS: &str = r"(?i)\b(?:never|do not|don't|must not|may not|shall not|not be|no one|nobody|nunca|no se debe|prohibido)\b[^.]{0,60}\b(?:bypass|defeat|remov|overrid|disabl|jumper|bridg|block|short|operat|run|puente|anul|retir)|\block[- ]?out|\btag[- ]?out|\bloto\b|严禁|禁止|不得|上锁|挂牌";

fn pattern(cell: &'static OnceLock<Option<Regex>>, text: &str) -> Option<&'static Regex> {
    cell.get_or_init(|| Regex::new(text).ok()).as_ref()
}

/// Does what is asked name the passage's machine?
fn is_named(wanted: &[Term], passage: &Passage) -> bool {
    let machine = terms(&passage.machine);
    !machine.is_empty() && machine.iter().all(|t| wanted.iter().any(|w| w.stem == t.stem))
}

/// How well a passage answers, or `None` where it does not speak of what protects.
fn worth(wanted: &[Term], passage: &Passage) -> Option<f32> {
    static ABOUT: OnceLock<Option<Regex>> = OnceLock::new();
    static ORDER: OnceLock<Option<Regex>> = OnceLock::new();
    let (about, order) = (pattern(&ABOUT, PROTECTS)?, pattern(&ORDER, KEEPS)?);
    let heading = about.is_match(&passage.section_path());
    let locked = passage.warnings.iter().any(|w| w.lockout);
    if !heading && !about.is_match(&passage.text) {
        return None;
    }
    let share = share(wanted, &format!("{}\n{}", passage.text, passage.section_path()));
    let points = |yes: bool, n: f32| if yes { n } else { 0.0 };
    Some(
        0.5 + 2.0 * share
            + points(heading, 0.5)
            + points(order.is_match(&passage.text), 0.7)
            + points(locked, 0.3),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::core::answer::Rung;
    use crate::core::answer::source::tests::{prose, warning};
    use crate::core::knowledge::passage::Signal;

    fn request() -> Keep {
        Keep {
            search: "door switch lockout tagout isolation guard interlock".into(),
            lead: "Protections stay in place.".into(),
            silent: "The manuals do not say how to work here without it.".into(),
        }
    }

    fn hit(passage: &Passage) -> Hit<'_> {
        Hit { passage, score: 1.0 }
    }

    #[test]
    fn an_emergency_says_the_sites_text_in_full() {
        let answer = emergency("Stop. Get clear. Call 112.");
        assert_eq!(answer.kind, AnswerKind::Emergency);
        assert_eq!(answer.text(), "Stop. Get clear. Call 112.");
        assert!(answer.citations.is_empty() && answer.sentences.len() == 3);
    }

    #[test]
    fn a_protection_is_kept_by_the_manuals_own_words_the_warning_first() {
        let valve = prose("Open the bypass valve of the filter.");
        let mut door =
            prose("The door switch must not be bypassed. Lock out the main switch before opening the door.");
        door.warnings = vec![warning(Signal::Danger, "DANGER: Lock out before opening.", 0, true)];
        let answer = keep(&request(), &[hit(&valve), hit(&door)], &[]);
        assert_eq!((answer.kind, answer.rung), (AnswerKind::Answer, Rung::Quoted));
        assert!(answer.lead.starts_with("Protections stay in place. "), "{}", answer.lead);
        assert_eq!(answer.warnings.first().unwrap().text, "DANGER: Lock out before opening.");
        assert!(answer.text().contains("must not be bypassed"), "{}", answer.text());
        assert!(!answer.text().contains("bypass valve"));
    }

    #[test]
    fn another_machines_lockout_is_not_said() {
        let mut crane = prose("Lock out isolator Q9.");
        crane.machine = "Overhead crane".into();
        let jack = prose("Lockout and tagout: lock out the breaker Q1 before you enter the guard.");
        let wanted = Keep { search: "overhead crane lockout tagout isolation".into(), ..request() };
        let answer = keep(&wanted, &[hit(&jack), hit(&crane)], &[]);
        assert!(answer.text().contains("Q9") && !answer.text().contains("Q1 "), "{}", answer.text());
    }

    #[test]
    fn where_no_manual_speaks_of_protection_it_is_refused_in_its_own_words() {
        let valve = prose("Open the bypass valve of the filter.");
        for hits in [&[][..], &[hit(&valve)][..]] {
            let answer = keep(&request(), hits, &[]);
            assert_eq!(answer.kind, AnswerKind::Refusal);
            assert_eq!(answer.sentences.first().unwrap().text, request().silent);
        }
    }
}
