//! From what was found to what can be said without a model. Pure.

use std::borrow::Cow;

use super::event::{Findings, Ranked};
use crate::core::answer::choose::Choice;
use crate::core::answer::guard::injection;
use crate::core::answer::ladder;
use crate::core::answer::prompt::MOST_PASSAGES;
use crate::core::answer::protect::{self, Keep};
use crate::core::answer::quote::{self, quote};
use crate::core::answer::refusal::{self, Evidence};
use crate::core::knowledge::passage::Passage;
use crate::core::knowledge::search::Hit;

/// The findings without what speaks to an assistant: from here on nothing sees it.
fn masked(mut findings: Findings) -> Findings {
    let hits = findings.found.hits.iter_mut().map(|h| &mut h.passage);
    for passage in hits.chain(&mut findings.siblings) {
        if let Cow::Owned(masked) = injection::masked(passage) {
            *passage = masked;
        }
    }
    let says = |p: &Passage| p.text.chars().any(char::is_alphanumeric);
    findings.found.hits.retain(|h| says(&h.passage));
    findings.siblings.retain(says);
    findings
}

/// Ranks what was found: a refusal where the evidence asks for one, else the passages' own
/// sentences, and the passages for the model. Pure; [`Action::Rank`] asks for it.
pub fn rank(question: &str, findings: Findings) -> Ranked {
    let Findings { found, siblings, threshold, .. } = masked(findings);
    let evidence = Evidence::of(question, &found);
    // Nothing is said from another machine's manual than the one named.
    let hits = hits(found.hits.iter().filter(|h| !h.elsewhere));
    let mut choice = None;
    let answer = match refusal::decide_refusal(&evidence, threshold) {
        None | Some(refusal::Reason::UnknownCode(_)) if !found.choices.is_empty() => {
            refusal::clarify(&found.choices)
        }
        Some(reason) => {
            let nearest: Vec<Passage> = found.hits.iter().map(|h| h.passage.clone()).collect();
            refusal::refuse(&reason, &nearest)
        }
        None => {
            let quoted = quote(question, &hits, &siblings);
            let answer = ladder::quoted(&quoted, "");
            choice = Choice::of(question, &answer, quoted.steps.is_some());
            answer
        }
    };
    let about = found.hits.into_iter().filter(|h| !h.elsewhere);
    let passages = about.take(MOST_PASSAGES).map(|h| h.passage).collect();
    Ranked { answer, passages, choice, evidence }
}

/// Answers a request to defeat a protection. Pure; [`Action::Keep`] asks for it.
pub fn keep(keep: &Keep, findings: Findings) -> Ranked {
    let Findings { found, siblings, .. } = masked(findings);
    let hits = hits(found.hits.iter());
    let answer = protect::keep(keep, &hits, &siblings);
    let cited =
        |p: &Passage| answer.citations.iter().any(|c| c.document == p.document && c.revision == p.revision);
    let passages =
        found.hits.iter().map(|h| &h.passage).filter(|p| cited(p)).take(MOST_PASSAGES).cloned().collect();
    Ranked { answer, passages, choice: None, evidence: Evidence::default() }
}

/// What was found, as the quote takes it.
fn hits<'f>(found: impl Iterator<Item = &'f Hit>) -> Vec<quote::Hit<'f>> {
    found.map(|h| quote::Hit { passage: &h.passage, score: h.score }).collect()
}
