//! Speculation without a draft model: answers copy from the prompt, so the prompt proposes
//! what comes next (prompt-lookup decoding, A. Saxena, 2023), and one batched step verifies
//! all of it. What is accepted is what greedy decoding would have written.
//!
//! A proposal is what followed the last tokens where they stood before. Of several such
//! places the one that agrees longest is taken, as a match finder of a compressor does: two
//! agreeing tokens are a guess, ten are a copy. Among equals the earliest is: passages stand
//! before the question, and the question's own words are not what an answer goes on with.
//! Positions are chained by their last [`SHORTEST`] tokens, so that no step reads the prompt.

use std::collections::HashMap;

/// Tokens that must agree at least.
const SHORTEST: usize = 2;
/// Agreeing tokens beyond which one place is as good as another.
const LONGEST: usize = 16;
/// Places that are looked at, the latest first. A common pair of tokens has many.
const PLACES: usize = 24;
/// Drafted tokens per agreeing token: a short agreement is soon over.
const TRUST: usize = 2;

/// Below this share of drafted tokens accepted, drafting costs more than it saves: a
/// drafted row costs about a tenth of the step that an accepted one saves, more in a batch.
const WORTH: f32 = 0.25;
/// Weight of the newest draft in the average.
const NEWEST: f32 = 0.25;
/// Tokens without drafts after a poor average; twice as many each time, up to the most.
const FIRST_REST: usize = 16;
const LONGEST_REST: usize = 256;

/// No earlier place.
const NONE: u32 = u32::MAX;

/// Proposes what comes next in one sequence.
#[derive(Debug, Clone)]
pub struct Proposer {
    text: Vec<u32>,
    /// Where a pair of tokens ended last: the position after it.
    latest: HashMap<[u32; SHORTEST], u32>,
    /// By position: where the pair that ends there ended before.
    earlier: Vec<u32>,
    judge: Judge,
}

impl Proposer {
    /// A proposer over a prompt; `room` is how many tokens will be written after it.
    pub fn new(prompt: &[u32], room: usize) -> Self {
        let all = prompt.len() + room;
        let mut new = Self {
            text: Vec::with_capacity(all),
            latest: HashMap::with_capacity(all),
            earlier: Vec::with_capacity(all + 1),
            judge: Judge::default(),
        };
        new.earlier.push(NONE);
        prompt.iter().for_each(|id| new.append(*id));
        new
    }

    /// The text so far, prompt first.
    pub fn text(&self) -> &[u32] {
        &self.text
    }

    /// A token was written, drafted or not.
    pub fn push(&mut self, id: u32) {
        self.append(id);
        self.judge.wrote();
    }

    fn append(&mut self, id: u32) {
        // The pair that ends here is known from the next token on: a place must have
        // something after it.
        let end = self.text.len();
        if let (Some(pair), Ok(at)) = (self.pair(end), u32::try_from(end)) {
            let before = self.latest.insert(pair, at).unwrap_or(NONE);
            if let Some(slot) = self.earlier.get_mut(end) {
                *slot = before;
            }
        }
        self.text.push(id);
        self.earlier.push(NONE);
    }

    /// Puts at most `most` tokens into `out` (emptied first) that may come next: a run of
    /// the text. None where the last tokens are new, or while drafting rests.
    pub fn propose(&self, most: usize, out: &mut Vec<u32>) {
        out.clear();
        if most == 0 || self.judge.rests() {
            return;
        }
        let end = self.text.len();
        let Some(pair) = self.pair(end) else { return };
        let mut at = self.latest.get(&pair).copied().unwrap_or(NONE);
        let mut best = (0, 0);
        for _ in 0..PLACES {
            if at == NONE {
                break;
            }
            let agree = self.agree(at as usize, end);
            if agree >= best.0 {
                best = (agree, at as usize);
            }
            at = self.earlier.get(at as usize).copied().unwrap_or(NONE);
        }
        let (agree, from) = best;
        if agree >= SHORTEST {
            let run = self.text.get(from..).unwrap_or_default();
            out.extend(run.iter().take(most.min(agree * TRUST)));
        }
    }

    /// Says how a draft went.
    pub fn judge(&mut self, proposed: usize, accepted: usize) {
        self.judge.saw(proposed, accepted);
    }

    /// The share of drafted tokens that was accepted of late.
    pub fn acceptance(&self) -> f32 {
        self.judge.average
    }

    fn pair(&self, end: usize) -> Option<[u32; SHORTEST]> {
        self.text.get(end.checked_sub(SHORTEST)?..end)?.try_into().ok()
    }

    /// How many tokens before `a` and before `b` are the same.
    fn agree(&self, a: usize, b: usize) -> usize {
        let (Some(a), Some(b)) = (self.text.get(..a), self.text.get(..b)) else { return 0 };
        a.iter().rev().zip(b.iter().rev()).take(LONGEST).take_while(|(a, b)| a == b).count()
    }
}

/// Switches drafting off where it does not pay, and tries again later.
#[derive(Debug, Clone)]
struct Judge {
    average: f32,
    /// Tokens to write before the next draft.
    rest: usize,
    next_rest: usize,
}

impl Default for Judge {
    fn default() -> Self {
        Self { average: 1.0, rest: 0, next_rest: FIRST_REST }
    }
}

impl Judge {
    fn rests(&self) -> bool {
        self.rest > 0
    }

    fn wrote(&mut self) {
        self.rest = self.rest.saturating_sub(1);
    }

    fn saw(&mut self, proposed: usize, accepted: usize) {
        if proposed == 0 {
            return;
        }
        let share = accepted.min(proposed) as f32 / proposed as f32;
        self.average += NEWEST * (share - self.average);
        if self.average < WORTH {
            self.rest = self.next_rest;
            self.next_rest = (2 * self.next_rest).min(LONGEST_REST);
            // The next try decides again: one more poor draft and it rests.
            self.average = WORTH;
        } else if self.average > 2.0 * WORTH {
            self.next_rest = FIRST_REST;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn proposed(text: &[u32], most: usize) -> Vec<u32> {
        let mut out = vec![99];
        Proposer::new(text, 0).propose(most, &mut out);
        out
    }

    #[test]
    fn what_followed_the_same_tokens_is_proposed() {
        assert_eq!(proposed(&[1, 2, 3, 4, 5, 6, 7, 8, 2, 3, 4], 3), [5, 6, 7]);
        assert_eq!(proposed(&[1, 2, 3, 4, 5, 1, 2], 9), [3, 4, 5, 1], "twice as far as it agrees");
        assert_eq!(proposed(&[1, 2, 3, 4, 5, 9, 2], 3), [0u32; 0], "one token is not enough");
        assert_eq!(proposed(&[1, 2], 3), [0u32; 0], "the end itself is no place");
        assert_eq!(proposed(&[7, 7, 7], 3), [7], "nothing is made up past the text");
    }

    #[test]
    fn the_longest_agreement_wins_and_among_equals_the_earliest() {
        assert_eq!(proposed(&[9, 2, 3, 4, 0, 1, 2, 3, 5, 0, 1, 2, 3], 1), [5]);
        assert_eq!(proposed(&[2, 3, 4, 0, 2, 3, 5, 0, 8, 2, 3], 1), [4]);
    }

    #[test]
    fn poor_drafts_are_given_up_tried_again_and_come_back_when_they_are_good() {
        let mut p = Proposer::new(&[1, 2, 3, 1, 2], 0);
        let mut out = Vec::new();
        let mut drafts = 0;
        loop {
            p.propose(4, &mut out);
            if out.is_empty() {
                break;
            }
            p.judge(out.len(), 0);
            drafts += 1;
        }
        assert!((3..=8).contains(&drafts), "{drafts}");
        let rest = |p: &mut Proposer| {
            let mut out = Vec::new();
            (0..).find(|_| {
                p.propose(4, &mut out);
                // One, two, one, two: always a place that agrees.
                p.push(1 + p.text().len() as u32 % 2);
                !out.is_empty()
            })
        };
        assert!(rest(&mut p).is_some_and(|n| (FIRST_REST..FIRST_REST + 4).contains(&n)));
        p.judge(4, 0);
        assert!(rest(&mut p).is_some_and(|n| n >= 2 * FIRST_REST - 1), "longer each time");
        for _ in 0..9 {
            p.judge(4, 4);
            p.propose(4, &mut out);
            assert!(!out.is_empty(), "good drafts go on");
        }
        assert!(p.acceptance() > 0.9);
    }

    proptest! {
        /// Whatever is proposed stands in the text, right after a place that reads like the
        /// end; and a place that a plain search finds is found.
        #[test]
        fn a_proposal_stands_in_the_text(
            text in prop::collection::vec(0u32..5, 0..60),
            written in prop::collection::vec(0u32..5, 0..30),
            most in 0usize..9,
        ) {
            let mut p = Proposer::new(&text, written.len());
            written.iter().for_each(|id| p.push(*id));
            let mut out = Vec::new();
            p.propose(most, &mut out);
            let text = p.text().to_vec();
            prop_assert!(out.len() <= most);
            let stands = |at: usize| {
                at >= SHORTEST
                    && text[at - SHORTEST..at] == text[text.len() - SHORTEST..]
                    && text[at..].starts_with(&out)
            };
            let places = (0..text.len()).filter(|at| stands(*at)).count();
            prop_assert_eq!(out.is_empty(), places == 0 || most == 0);
        }
    }
}
