//! Which pages of the KV cache hold what: plain numbers, no tensors.
//!
//! The cache is cut into pages of [`PAGE`] tokens (all layers and heads of a page lie
//! together). A radix tree over whole pages finds the longest prefix that was computed
//! before; sequences share its pages, counted by reference.

/// Tokens of one page.
pub const PAGE: usize = 16;

/// The number of a page.
pub type PageId = u32;
