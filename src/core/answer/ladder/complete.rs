//! Does a draft say what the passage's own words would have said?
//!
//! The guard finds what a draft adds; this finds what it leaves out. A small model likes to
//! answer "The machine shows E21." where the manual has the cause and the remedy. Measured
//! against the quote, which is ready before any draft and is what is said instead.

use crate::core::answer::Answer;
use crate::core::answer::quantity;
use crate::core::answer::words::{terms, weight};

/// Share of the quote's content words, by their weight, that a draft must hold. What the
/// question said already does not count.
const LEAST: f32 = 0.5;

/// What `draft` leaves out of `quoted`, in words; `None` where it is complete.
pub fn leaves_out(question: &str, quoted: &Answer, draft: &Answer) -> Option<String> {
    let text =
        |answer: &Answer| answer.sentences.iter().map(|s| s.text.as_str()).collect::<Vec<_>>().join("\n");
    missing(question, &text(quoted), &text(draft))
}

fn missing(question: &str, quoted: &str, draft: &str) -> Option<String> {
    let (said, asked) = (quantity::read(draft), quantity::read(question));
    let is_said = |q: &quantity::Quantity| {
        said.quantities.iter().chain(&asked.quantities).any(|s| {
            let unit = |q: &quantity::Quantity| q.unit.as_ref().map(|u| u.symbol.clone());
            s.value == q.value && s.to == q.to && s.tolerance == q.tolerance && unit(s) == unit(q)
        })
    };
    if let Some(missing) = quantity::read(quoted).quantities.into_iter().find(|q| !is_said(q)) {
        return Some(missing.text);
    }
    let stems = |text: &str| terms(text).into_iter().map(|t| t.stem).collect::<Vec<_>>();
    let (asked, held) = (stems(question), stems(draft));
    let mut wanted = stems(quoted);
    wanted.retain(|stem| !asked.contains(stem));
    wanted.sort_unstable();
    wanted.dedup();
    let sum = |stems: &mut dyn Iterator<Item = &String>| stems.map(|s| weight(s)).sum::<f32>();
    let all = sum(&mut wanted.iter());
    let some = sum(&mut wanted.iter().filter(|s| held.contains(s)));
    if some >= LEAST * all {
        return None;
    }
    let heaviest = wanted.iter().filter(|s| !held.contains(s)).max_by(|a, b| weight(a).total_cmp(&weight(b)));
    heaviest.cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_that_only_says_the_question_back_is_no_answer() {
        let quoted = "E21: Main motor overload. Remedy: Let the motor cool down.";
        assert!(missing("What does E21 mean?", quoted, "The unit shows E21.").is_some());
        assert_eq!(
            missing("What does E21 mean?", quoted, "E21 means main motor overload; let it cool down."),
            None
        );
    }

    #[test]
    fn a_number_of_the_quote_is_not_left_out() {
        let quoted = "Grease with 60 g every 500 h.";
        assert_eq!(missing("How much grease?", quoted, "Grease every 500 h."), Some("60 g".to_owned()));
        assert_eq!(missing("How much grease?", quoted, "Grease with 60 g, every 500 h."), None);
        assert!(missing("How much?", "Torque: 45 ± 5 Nm.", "The torque is 45 Nm.").is_some());
    }

    #[test]
    fn what_the_question_said_need_not_be_said_again() {
        let quoted = "Flange bolt, M16, Torque: 195 Nm.";
        assert_eq!(missing("What torque has the M16 flange bolt?", quoted, "195 Nm."), None);
    }
}
