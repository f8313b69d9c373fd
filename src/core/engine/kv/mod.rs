//! Which pages of the KV cache hold what: plain numbers, no tensors.
//!
//! The cache is cut into pages of [`PAGE`] tokens (all layers and heads of a page lie
//! together). A radix tree over whole pages finds the longest prefix that was computed
//! before; sequences share its pages, counted by reference.
//!
//! A page is in exactly one place: free, private to one sequence, or a node of the tree
//! ([`tree`]). The pages of a [`Sequence`] are nodes first, in the order of their tokens,
//! then private ones; a node's page is never written again.
//!
//! A sequence is started only where all the pages that it may ever need can be had. What it
//! does not hold yet is promised to it: pages that are free or can be evicted are never
//! fewer than the promised ones, so a started sequence always gets its next page.

mod tree;

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tree::Tree;

/// Tokens of one page.
pub const PAGE: usize = 16;

/// The number of a page.
pub type PageId = u32;

/// What the cache holds and did. Pages are counted, tokens where it says so.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Sequences that were started.
    pub lookups: u64,
    /// Tokens of their prompts.
    pub asked_tokens: u64,
    /// Those of them that were found computed.
    pub hit_tokens: u64,
    /// Pages that were evicted.
    pub evicted: u64,
    /// All pages.
    pub pages: usize,
    /// Pages that running sequences hold, shared ones once.
    pub used: usize,
    /// Pages that are kept for later and that no running sequence holds.
    pub kept: usize,
    /// Pages that hold nothing.
    pub free: usize,
    /// Pages that running sequences may still ask for.
    pub promised: usize,
}

/// The pages of one model's KV cache.
#[derive(Debug)]
pub struct Cache {
    tree: Tree,
    free: Vec<PageId>,
    pages: usize,
    promised: usize,
    counts: Counts,
    /// What dropped sequences held; taken back at the next call.
    returned: Arc<Mutex<Vec<Held>>>,
}

/// What a sequence holds.
#[derive(Debug, Default)]
struct Held {
    pages: Vec<PageId>,
    /// So many of the first pages are nodes of the tree, each pinned once by this sequence.
    shared: usize,
    /// Pages that it may hold at most.
    most: usize,
}

/// One sequence's pages. Dropping it gives them back; what was kept stays for others.
#[derive(Debug)]
pub struct Sequence {
    held: Held,
    len: usize,
    reused: usize,
    guessed: bool,
    home: Arc<Mutex<Vec<Held>>>,
}

impl Sequence {
    /// Its pages, by position.
    pub fn pages(&self) -> &[PageId] {
        &self.held.pages
    }

    /// Tokens that are computed: the position of the next one.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Is none computed?
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Tokens that others had computed.
    pub fn reused(&self) -> usize {
        self.reused
    }

    /// Tokens that it may ever have.
    pub fn most(&self) -> usize {
        self.held.most * PAGE
    }

    /// `tokens` more were computed, on pages that [`Cache::grow`] supplied.
    pub fn advance(&mut self, tokens: usize) {
        debug_assert!(self.len + tokens <= self.held.pages.len() * PAGE, "computed past its pages");
        self.len = (self.len + tokens).min(self.held.pages.len() * PAGE);
    }

    /// Forgets what was computed from position `len` on (a rejected draft); it will be
    /// written over. What was kept is settled and stays: kept pages are not for writing.
    pub fn cut(&mut self, len: usize) {
        self.len = self.len.min(len.max(self.held.shared * PAGE));
    }
}

impl Drop for Sequence {
    fn drop(&mut self) {
        let held = std::mem::take(&mut self.held);
        self.home.lock().unwrap_or_else(PoisonError::into_inner).push(held);
    }
}

impl Cache {
    /// A cache of `pages` pages, all free. `salt` stands for whatever else the KV of a token
    /// depends on besides the tokens before it (model, adapter, KV type): it is hashed into
    /// every key.
    pub fn new(pages: usize, salt: u64) -> Self {
        let pages = pages.min(PageId::MAX as usize);
        Self {
            tree: Tree::new(pages, salt),
            free: (0..pages as PageId).rev().collect(),
            pages,
            promised: 0,
            counts: Counts::default(),
            returned: Arc::default(),
        }
    }

    /// Could a sequence of `tokens` ever be started, were it alone?
    pub fn fits(&self, tokens: usize) -> bool {
        tokens.div_ceil(PAGE) <= self.pages
    }

    /// How many of the first `ids` are computed: whole pages, and at least one token is left
    /// to compute. Changes nothing.
    pub fn peek(&self, ids: &[u32]) -> usize {
        let mut parent = None;
        let mut found = 0;
        for ids in reusable(ids) {
            parent = self.tree.find(parent, ids);
            if parent.is_none() {
                break;
            }
            found += PAGE;
        }
        found
    }

    /// Starts a sequence that begins with `ids` and will have at most `most` tokens in all
    /// (drafted ones too). What others computed of it is pinned. Pages that a `guessed`
    /// sequence computes are evicted first, until a confirmed one uses them. `None` where
    /// the pages for `most` tokens cannot be promised now.
    pub fn start(&mut self, ids: &[u32], most: usize, guessed: bool) -> Option<Sequence> {
        self.take_back();
        let most = most.max(ids.len()).div_ceil(PAGE);
        let (mut found, mut idle, mut parent) = (0, 0, None);
        for ids in reusable(ids) {
            let Some(page) = self.tree.find(parent, ids) else { break };
            found += 1;
            idle += usize::from(self.tree.is_idle(page));
            parent = Some(page);
        }
        // What is pinned now can no more be evicted for those who were promised a page.
        if self.free.len() + self.tree.idle() - idle < self.promised + most - found {
            return None;
        }
        let held = Held { pages: Vec::with_capacity(most), shared: 0, most };
        let mut sequence = Sequence { held, len: 0, reused: 0, guessed, home: self.returned.clone() };
        self.promised += most;
        self.follow(&mut sequence, ids);
        self.counts.lookups += 1;
        self.counts.asked_tokens += ids.len() as u64;
        Some(sequence)
    }

    /// Looks again what others have computed of `ids` by now, where the sequence stands at
    /// the end of its shared pages; pins it and moves past it. Returns how many tokens that
    /// were. Useful before each slice of a prompt, while another sequence reads the same.
    pub fn follow(&mut self, sequence: &mut Sequence, ids: &[u32]) -> usize {
        let before = sequence.len;
        if before != sequence.held.shared * PAGE {
            return 0;
        }
        for ids in reusable(ids).skip(sequence.held.shared) {
            let held = &mut sequence.held;
            let Some(page) = self.tree.find(last_shared(held), ids) else { break };
            self.tree.pin(page, sequence.guessed);
            match held.pages.get_mut(held.shared) {
                // Its own page was meant for the same tokens and is empty.
                Some(own) => self.free.push(std::mem::replace(own, page)),
                None => {
                    held.pages.push(page);
                    self.promised -= 1;
                }
            }
            held.shared += 1;
            sequence.len += PAGE;
        }
        let found = sequence.len - before;
        sequence.reused += found;
        self.counts.hit_tokens += found as u64;
        found
    }

    /// Makes sure that the sequence has pages for all positions before `upto`. Always true
    /// where `upto` is at most what the sequence was started with; false, and nothing
    /// changed, past that.
    #[must_use]
    pub fn grow(&mut self, sequence: &mut Sequence, upto: usize) -> bool {
        let held = &mut sequence.held;
        let wanted = upto.div_ceil(PAGE);
        if wanted > held.most {
            return false;
        }
        if wanted > held.pages.len() {
            self.take_back();
        }
        while held.pages.len() < wanted {
            let Some(page) = self.free.pop().or_else(|| self.evict()) else {
                debug_assert!(false, "a promised page is missing");
                return false;
            };
            held.pages.push(page);
            self.promised -= 1;
        }
        true
    }

    /// Lets others find the whole pages of the sequence that are computed; a page that is
    /// not full stays private. `ids` are the sequence's tokens from its first, settled ones
    /// only: no draft that may be rejected. Where the tree already holds the same tokens,
    /// its page takes the place of the sequence's own, which is freed: the same tokens have
    /// the same bits.
    pub fn keep(&mut self, sequence: &mut Sequence, ids: &[u32]) {
        let held = &mut sequence.held;
        let settled = ids.get(..sequence.len).unwrap_or(ids);
        for ids in settled.chunks_exact(PAGE).skip(held.shared) {
            let parent = last_shared(held);
            let Some(own) = held.pages.get_mut(held.shared) else { break };
            if let Some(page) = self.tree.find(parent, ids) {
                self.tree.pin(page, sequence.guessed);
                self.free.push(std::mem::replace(own, page));
            } else if !self.tree.insert(*own, parent, ids, sequence.guessed) {
                break;
            }
            held.shared += 1;
        }
    }

    /// What was guessed turned out right: what the sequence kept and will keep counts as
    /// confirmed.
    pub fn confirm(&mut self, sequence: &mut Sequence) {
        sequence.guessed = false;
        for page in sequence.held.pages.iter().take(sequence.held.shared) {
            self.tree.confirm(*page);
        }
    }

    /// Ends a sequence: keeps its whole pages and gives the rest back. (Dropping it gives
    /// them back as well, and keeps no more than was kept.)
    pub fn finish(&mut self, mut sequence: Sequence, ids: &[u32]) {
        self.keep(&mut sequence, ids);
        drop(sequence);
        self.take_back();
    }

    /// What the cache holds and did.
    pub fn counts(&mut self) -> Counts {
        self.take_back();
        let (free, kept) = (self.free.len(), self.tree.idle());
        Counts {
            pages: self.pages,
            used: self.pages - free - kept,
            kept,
            free,
            promised: self.promised,
            ..self.counts
        }
    }

    fn evict(&mut self) -> Option<PageId> {
        let page = self.tree.evict()?;
        self.counts.evicted += 1;
        Some(page)
    }

    /// Takes back what dropped sequences held. The deepest nodes first: a node must be older
    /// than the one that it hangs on.
    fn take_back(&mut self) {
        let mut returned = self.returned.lock().unwrap_or_else(PoisonError::into_inner);
        for held in returned.drain(..) {
            self.promised -= held.most - held.pages.len();
            let (shared, own) = held.pages.split_at(held.shared);
            self.free.extend_from_slice(own);
            for page in shared.iter().rev() {
                self.tree.unpin(*page);
            }
        }
    }
}

/// The whole pages of a prompt that may come from the cache: its last token is always
/// computed, for what follows it is wanted.
fn reusable(ids: &[u32]) -> std::slice::ChunksExact<'_, u32> {
    ids.get(..ids.len().saturating_sub(1)).unwrap_or_default().chunks_exact(PAGE)
}

/// The node that the next one hangs on.
fn last_shared(held: &Held) -> Option<PageId> {
    held.shared.checked_sub(1).and_then(|last| held.pages.get(last)).copied()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
