//! The model: one ragged batch per step.

use super::bits::Bits;
use super::kv::PageId;
use crate::core::Result;

/// One sequence's part of a step.
#[derive(Debug, Clone, Copy)]
pub struct Slice<'a> {
    /// The tokens to read, one after the other; at least one.
    pub tokens: &'a [u32],
    /// The position of the first of them: so many tokens of the sequence are in its pages.
    pub start: usize,
    /// The sequence's pages, by position; enough for all of `tokens`.
    pub pages: &'a [PageId],
    /// What to compute after them.
    pub want: Want<'a>,
}

/// What is asked of the output layer.
#[derive(Debug, Clone, Copy)]
pub enum Want<'a> {
    /// Nothing: more of the prompt follows.
    Nothing,
    /// The best next token after each of the last `last` tokens of the slice. `allowed[i]`
    /// holds for the i-th of them; past the end of `allowed`, and where it is `None`, every
    /// token is allowed. Of equals the lowest id is best.
    Best {
        /// After how many of the last tokens.
        last: usize,
        /// Which tokens may follow.
        allowed: &'a [Option<&'a Bits>],
    },
    /// The natural logarithm of the probability of `targets[i]` after the i-th of the last
    /// `targets.len()` tokens of the slice.
    Score {
        /// The tokens that are scored.
        targets: &'a [u32],
    },
}

/// What a step computed: for each slice in order, and each of its wanted positions in order,
/// one entry. Reused from step to step.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Found {
    /// Best tokens; `None` where no allowed score was a number.
    pub best: Vec<Option<u32>>,
    /// Logarithms of probabilities.
    pub scores: Vec<f32>,
}

/// What computes steps.
pub trait Forward {
    /// Tokens that a sequence may have.
    fn window(&self) -> usize;

    /// Tokens of the vocabulary.
    fn vocabulary(&self) -> usize;

    /// Pages of KV cache that it has memory for.
    fn pages(&self) -> usize;

    /// Computes one step. `threads` is asked before each layer how many threads may run: the
    /// place to give cores back. The same sequence gives the same bits whatever else is in
    /// the batch and however it is sliced.
    ///
    /// # Errors
    /// [`Kind::Compute`](crate::core::Kind::Compute) where a slice does not fit its pages or
    /// the window.
    fn step(
        &mut self,
        slices: &[Slice<'_>],
        threads: &mut dyn FnMut() -> usize,
        found: &mut Found,
    ) -> Result<()>;
}
