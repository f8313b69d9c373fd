//! The radix tree of computed prefixes, and the order in which its pages are given up.
//!
//! A node is one whole page, and bears its number. Nodes that running sequences use are
//! pinned; whoever pins a node has pinned the path to it. The others are idle and stand in
//! one of two queues, guessed ones and confirmed ones; eviction takes the front of the first
//! queue that has one. As sequences let go of their deepest node first, a node always stands
//! before the one that it hangs on, and whoever confirms a node confirms its path: so the
//! front is a leaf, and no search is needed.

use std::collections::HashMap;

use super::{PAGE, PageId};

/// No node.
const NONE: PageId = PageId::MAX;

#[derive(Debug, Clone)]
struct Node {
    /// Hash of the salt and all tokens up to the end of the page.
    key: u64,
    ids: [u32; PAGE],
    parent: PageId,
    pins: u32,
    guessed: bool,
    /// Neighbours in the queue of idle nodes.
    before: PageId,
    after: PageId,
}

#[derive(Debug, Clone, Copy)]
struct Queue {
    front: PageId,
    back: PageId,
}

/// The tree. Its memory is all there from the beginning.
#[derive(Debug)]
pub(super) struct Tree {
    salt: u64,
    by_key: HashMap<u64, PageId>,
    /// By page; only those that `by_key` names mean anything.
    nodes: Vec<Node>,
    confirmed: Queue,
    guessed: Queue,
    idle: usize,
}

impl Tree {
    pub fn new(pages: usize, salt: u64) -> Self {
        let node =
            Node { key: 0, ids: [0; PAGE], parent: NONE, pins: 0, guessed: false, before: NONE, after: NONE };
        let empty = Queue { front: NONE, back: NONE };
        Self {
            salt,
            by_key: HashMap::with_capacity(pages),
            nodes: vec![node; pages],
            confirmed: empty,
            guessed: empty,
            idle: 0,
        }
    }

    /// Nodes that could be evicted.
    pub fn idle(&self) -> usize {
        self.idle
    }

    /// Is this node pinned by nobody?
    pub fn is_idle(&self, page: PageId) -> bool {
        self.node(page).is_some_and(|n| n.pins == 0)
    }

    /// The page that holds `ids` (one page of them) after `parent`.
    pub fn find(&self, parent: Option<PageId>, ids: &[u32]) -> Option<PageId> {
        let page = *self.by_key.get(&self.key(parent, ids))?;
        // The hash only says where to look.
        let node = self.node(page)?;
        (node.parent == parent.unwrap_or(NONE) && node.ids == *ids).then_some(page)
    }

    /// Makes a page a node, pinned once; its parent is pinned by the same sequence. False
    /// where another node has the same hash by chance: then the page stays private.
    pub fn insert(&mut self, page: PageId, parent: Option<PageId>, ids: &[u32], guessed: bool) -> bool {
        let key = self.key(parent, ids);
        if self.by_key.contains_key(&key) {
            return false;
        }
        let (Ok(ids), Some(node)) = (ids.try_into(), self.nodes.get_mut(page as usize)) else {
            return false;
        };
        let parent = parent.unwrap_or(NONE);
        *node = Node { key, ids, parent, pins: 1, guessed, before: NONE, after: NONE };
        self.by_key.insert(key, page);
        true
    }

    /// One more sequence uses a node.
    pub fn pin(&mut self, page: PageId, guessed: bool) {
        if self.is_idle(page) {
            self.unlink(page);
            self.idle -= 1;
        }
        if let Some(node) = self.nodes.get_mut(page as usize) {
            node.pins += 1;
            node.guessed &= guessed;
        }
    }

    /// A pinned node is no more a guess.
    pub fn confirm(&mut self, page: PageId) {
        if let Some(node) = self.nodes.get_mut(page as usize) {
            node.guessed = false;
        }
    }

    /// One sequence less uses a node; with the last it is idle, and the youngest of them.
    pub fn unpin(&mut self, page: PageId) {
        let Some(node) = self.nodes.get_mut(page as usize) else { return };
        debug_assert!(node.pins > 0, "let go of twice");
        node.pins = node.pins.saturating_sub(1);
        if node.pins == 0 {
            self.link_at_back(page);
            self.idle += 1;
        }
    }

    /// Takes the oldest idle node out, guesses first. It is a leaf.
    pub fn evict(&mut self) -> Option<PageId> {
        let page = [self.guessed.front, self.confirmed.front].into_iter().find(|front| *front != NONE)?;
        self.unlink(page);
        self.idle -= 1;
        let key = self.node(page)?.key;
        self.by_key.remove(&key);
        Some(page)
    }

    fn node(&self, page: PageId) -> Option<&Node> {
        self.nodes.get(page as usize)
    }

    /// Chains the parent's key with the page's tokens (FNV-1a over words, then mixed).
    pub fn key(&self, parent: Option<PageId>, ids: &[u32]) -> u64 {
        let start = parent.and_then(|p| self.node(p)).map_or(self.salt ^ 0xcbf2_9ce4_8422_2325, |n| n.key);
        let hash =
            ids.iter().fold(start, |hash, id| (hash ^ u64::from(*id)).wrapping_mul(0x0000_0100_0000_01b3));
        let mixed = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ (mixed >> 27)
    }

    fn queue(&mut self, guessed: bool) -> &mut Queue {
        if guessed { &mut self.guessed } else { &mut self.confirmed }
    }

    fn link_at_back(&mut self, page: PageId) {
        let Some(guessed) = self.node(page).map(|n| n.guessed) else { return };
        let queue = self.queue(guessed);
        let last = std::mem::replace(&mut queue.back, page);
        if last == NONE {
            queue.front = page;
        }
        if let Some(node) = self.nodes.get_mut(last as usize) {
            node.after = page;
        }
        if let Some(node) = self.nodes.get_mut(page as usize) {
            (node.before, node.after) = (last, NONE);
        }
    }

    fn unlink(&mut self, page: PageId) {
        let Some((before, after, guessed)) = self.node(page).map(|n| (n.before, n.after, n.guessed)) else {
            return;
        };
        match self.nodes.get_mut(before as usize) {
            Some(node) => node.after = after,
            None => self.queue(guessed).front = after,
        }
        match self.nodes.get_mut(after as usize) {
            Some(node) => node.before = before,
            None => self.queue(guessed).back = before,
        }
    }

    /// Every node with all tokens from the beginning to its end, how often it is pinned, and
    /// whether it is a guess.
    #[cfg(test)]
    pub fn all(&self) -> Vec<(PageId, Vec<u32>, u32, bool)> {
        let path = |page: PageId| {
            let mut pages = vec![page];
            while let Some(node) = pages.last().and_then(|p| self.node(*p)).filter(|n| n.parent != NONE) {
                pages.push(node.parent);
            }
            pages.iter().rev().flat_map(|p| self.node(*p).map(|n| n.ids)).flatten().collect()
        };
        let of = |page: PageId| self.node(page).map(|n| (page, path(page), n.pins, n.guessed));
        self.by_key.values().filter_map(|page| of(*page)).collect()
    }
}
