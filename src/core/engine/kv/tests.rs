use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

/// `n` tokens of the `kind`-th text.
fn text(kind: u32, n: usize) -> Vec<u32> {
    (0..n as u32).map(|i| kind * 1000 + i).collect()
}

/// Reads a whole text and ends.
fn read(cache: &mut Cache, ids: &[u32], guessed: bool) {
    let mut s = cache.start(ids, ids.len(), guessed).unwrap();
    assert!(cache.grow(&mut s, ids.len()));
    s.advance(ids.len() - s.len());
    cache.finish(s, ids);
}

#[test]
fn a_prefix_is_found_in_whole_pages_and_one_token_is_left_to_compute() {
    let mut cache = Cache::new(8, 0);
    read(&mut cache, &text(1, 40), false);
    assert_eq!(cache.peek(&text(1, 40)), 32);
    assert_eq!(cache.peek(&text(1, 32)), 16, "the last token is always computed");
    assert_eq!(cache.peek(&text(2, 40)), 0);
    let mut other = text(1, 40);
    other[20] = 7;
    let s = cache.start(&other, 40, false).unwrap();
    assert_eq!((s.reused(), s.len(), s.pages().len()), (16, 16, 1));
    assert_eq!(cache.counts().hit_tokens, 16);
}

#[test]
fn another_salt_is_another_key() {
    let key = |salt| Tree::new(2, salt).key(None, &text(1, PAGE));
    assert_ne!(key(1), key(2));
}

#[test]
fn a_prefix_is_shared_while_its_first_asker_still_reads() {
    let mut cache = Cache::new(8, 0);
    let ids = text(1, 64);
    let mut first = cache.start(&ids, 64, false).unwrap();
    let mut beside = cache.start(&ids, 64, false).unwrap();
    assert!(cache.grow(&mut first, 32) && cache.grow(&mut beside, 16));
    first.advance(32);
    cache.keep(&mut first, &ids);
    assert_eq!(cache.follow(&mut beside, &ids), 32, "and its own empty page is free again");
    assert_eq!(beside.pages(), first.pages());
    assert_eq!(cache.counts().used, 2);
}

#[test]
fn pages_are_promised_at_the_start_or_not_at_all() {
    let mut cache = Cache::new(4, 0);
    let mut a = cache.start(&text(1, 10), 40, false).unwrap();
    assert!(cache.start(&text(2, 10), 17, false).is_none(), "three are promised, one is left");
    let mut b = cache.start(&text(2, 10), 16, false).unwrap();
    assert!(cache.grow(&mut b, 16) && cache.grow(&mut a, 40));
    assert!(!cache.grow(&mut a, 49), "more than was promised");
    assert_eq!((cache.counts().free, cache.counts().promised), (0, 0));
    drop(a);
    drop(b);
    assert_eq!(cache.counts().free, 4);
    assert!(cache.fits(64) && !cache.fits(65));
}

#[test]
fn guesses_go_first_then_what_was_used_longest_ago_and_ends_before_beginnings() {
    let mut cache = Cache::new(6, 0);
    read(&mut cache, &text(1, 33), false);
    read(&mut cache, &text(2, 17), false);
    read(&mut cache, &text(3, 17), true);
    read(&mut cache, &text(1, 33), false);
    let held = |cache: &Cache| [1, 2, 3].map(|kind| cache.peek(&text(kind, 33)));
    assert_eq!(held(&cache), [32, 16, 16]);
    let mut evicted = Vec::new();
    let mut s = cache.start(&text(9, 1), 96, false).unwrap();
    for pages in 3..=6 {
        assert!(cache.grow(&mut s, pages * PAGE));
        evicted.push(held(&cache));
    }
    assert_eq!(evicted, [[32, 16, 0], [32, 0, 0], [16, 0, 0], [0, 0, 0]]);
}

#[test]
fn a_guess_that_somebody_asks_for_is_a_guess_no_more() {
    let mut cache = Cache::new(4, 0);
    read(&mut cache, &text(1, 17), true);
    read(&mut cache, &text(2, 17), false);
    read(&mut cache, &text(1, 17), false);
    let mut s = cache.start(&text(9, 1), 64, false).unwrap();
    assert!(cache.grow(&mut s, 48));
    assert_eq!((cache.peek(&text(1, 17)), cache.peek(&text(2, 17))), (16, 0));

    let mut cache = Cache::new(4, 0);
    let mut guess = cache.start(&text(1, 17), 17, true).unwrap();
    assert!(cache.grow(&mut guess, 17));
    guess.advance(17);
    cache.keep(&mut guess, &text(1, 17));
    cache.confirm(&mut guess);
    assert!(cache.tree.all().iter().all(|(.., guessed)| !guessed));
}

#[test]
fn a_cut_never_reaches_into_what_was_kept() {
    let mut cache = Cache::new(4, 0);
    let ids = text(1, 30);
    let mut s = cache.start(&ids, 60, false).unwrap();
    assert!(cache.grow(&mut s, 30));
    s.advance(30);
    cache.keep(&mut s, &ids);
    s.cut(20);
    assert_eq!(s.len(), 20);
    s.cut(3);
    assert_eq!(s.len(), 16);
    s.cut(40);
    assert_eq!(s.len(), 16, "a cut does not lengthen");
}

/// The same cache, told simply: prefixes in a map, the oldest found by looking at all.
#[derive(Default)]
struct Naive {
    /// Whole prefixes: (pins, guessed, when it was let go of).
    kept: BTreeMap<Vec<u32>, (usize, bool, u64)>,
    clock: u64,
}

impl Naive {
    fn prefix(&self, ids: &[u32]) -> usize {
        let whole = ids.len().saturating_sub(1) / PAGE;
        (1..=whole).take_while(|n| self.kept.contains_key(&ids[..n * PAGE])).last().unwrap_or(0) * PAGE
    }
    fn pin(&mut self, ids: &[u32], guessed: bool) {
        let entry = self.kept.entry(ids.to_vec()).or_insert((0, guessed, 0));
        entry.0 += 1;
        entry.1 &= guessed;
    }
    fn let_go(&mut self, ids: &[u32], pages: usize) {
        for n in (1..=pages).rev() {
            self.clock += 1;
            let entry = self.kept.get_mut(&ids[..n * PAGE]).unwrap();
            *entry = (entry.0 - 1, entry.1, self.clock);
        }
    }
    fn evict(&mut self) {
        let leaf =
            |ids: &Vec<u32>| !self.kept.keys().any(|other| other.len() > ids.len() && other.starts_with(ids));
        let oldest = self.kept.iter().filter(|(ids, v)| v.0 == 0 && leaf(ids));
        let oldest = oldest.min_by_key(|(_, v)| (!v.1, v.2)).map(|(ids, _)| ids.clone());
        self.kept.remove(&oldest.expect("something to evict"));
    }
}

struct Running {
    sequence: Sequence,
    ids: Vec<u32>,
    most: usize,
    guessed: bool,
    shared: usize,
}

/// Computes up to `len` in pages that remember what was written in them.
fn write(memory: &mut [Vec<u32>], r: &mut Running, len: usize) {
    for at in r.sequence.len()..len {
        memory[r.sequence.pages()[at / PAGE] as usize][at % PAGE] = r.ids[at];
    }
    r.sequence.advance(len - r.sequence.len());
}

fn check(cache: &mut Cache, naive: &Naive, running: &[Running], memory: &[Vec<u32>], pages: usize) {
    let counts = cache.counts();
    let nodes = cache.tree.all();
    // The tree is the naive one, page by page.
    let told: BTreeMap<_, _> =
        nodes.iter().map(|(_, ids, pins, guessed)| (ids.clone(), (*pins as usize, *guessed))).collect();
    let naive: BTreeMap<_, _> = naive.kept.iter().map(|(ids, v)| (ids.clone(), (v.0, v.1))).collect();
    assert_eq!(told, naive);
    // Every page is in one place.
    let mut places: Vec<PageId> = cache.free.clone();
    places.extend(nodes.iter().map(|n| n.0));
    for r in running {
        places.extend(&r.sequence.pages()[r.shared..]);
    }
    assert_eq!(places.len(), pages);
    assert_eq!(places.into_iter().collect::<BTreeSet<_>>().len(), pages);
    assert!(counts.free + counts.kept >= counts.promised, "{counts:?}");
    // What is shared and what is computed is what it should be.
    for (page, ids, ..) in &nodes {
        assert_eq!(memory[*page as usize], ids[ids.len() - PAGE..]);
    }
    for r in running {
        let found: Vec<u32> = (0..r.sequence.len())
            .map(|at| memory[r.sequence.pages()[at / PAGE] as usize][at % PAGE])
            .collect();
        assert_eq!(found, r.ids[..found.len()]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Starts, growth, keeping, cuts, ends and drops in any order: each step does what the
    /// naive cache does, no page is in two places or lost, no shared page is written, and
    /// whoever was started gets every page up to its promise.
    #[test]
    fn the_cache_does_what_a_naive_one_does(
        pages in 2usize..14,
        steps in prop::collection::vec((0u8..12, 0u32..3, 1usize..90, 0usize..60, any::<bool>()), 1..90),
    ) {
        let mut cache = Cache::new(pages, 42);
        let mut naive = Naive::default();
        let mut memory = vec![vec![u32::MAX; PAGE]; pages];
        let mut running: Vec<Running> = Vec::new();
        for (act, kind, n, m, flag) in steps {
            let at = if running.is_empty() { 0 } else { m % running.len() };
            match (act, running.get_mut(at)) {
                (0..=3, _) => {
                    // Texts of three kinds that part at token `m`.
                    let mut ids = text(0, n + 40);
                    ids.iter_mut().skip(m).for_each(|id| *id += kind * 1000);
                    let (prompt, most) = (&ids[..n], n + m % 40);
                    let prefix = naive.prefix(prompt);
                    prop_assert_eq!(cache.peek(prompt), prefix);
                    let room = cache.counts();
                    let idle = (1..=prefix / PAGE).filter(|p| naive.kept[&ids[..p * PAGE]].0 == 0).count();
                    let fits = room.free + room.kept - idle >= room.promised + most.div_ceil(PAGE) - prefix / PAGE;
                    let started = cache.start(prompt, most, flag);
                    prop_assert_eq!(started.is_some(), fits);
                    if let Some(sequence) = started {
                        prop_assert_eq!(sequence.reused(), prefix);
                        (1..=prefix / PAGE).for_each(|p| naive.pin(&ids[..p * PAGE], flag));
                        running.push(Running { sequence, ids, most, guessed: flag, shared: prefix / PAGE });
                    }
                }
                (4..=6, Some(r)) => {
                    let upto = (r.sequence.len() + n).min(r.most);
                    let more = upto.div_ceil(PAGE).saturating_sub(r.sequence.pages().len());
                    (cache.free.len()..more).for_each(|_| naive.evict());
                    prop_assert!(cache.grow(&mut r.sequence, upto), "a promise is kept");
                    write(&mut memory, r, upto.max(r.sequence.len()));
                }
                (7 | 8, Some(r)) => {
                    let settled = if flag { r.sequence.len() } else { n.min(r.ids.len()) };
                    cache.keep(&mut r.sequence, &r.ids[..settled]);
                    for p in r.shared + 1..=settled.min(r.sequence.len()) / PAGE {
                        naive.pin(&r.ids[..p * PAGE], r.guessed);
                        r.shared = p;
                    }
                }
                (9, Some(r)) => r.sequence.cut(m),
                (10, Some(r)) => {
                    let found = cache.follow(&mut r.sequence, &r.ids[..n.min(r.most)]) / PAGE;
                    for p in r.shared + 1..=r.shared + found {
                        naive.pin(&r.ids[..p * PAGE], r.guessed);
                    }
                    r.shared += found;
                }
                (11, Some(_)) => {
                    let r = running.swap_remove(at);
                    if flag {
                        for p in r.shared + 1..=r.sequence.len() / PAGE {
                            naive.pin(&r.ids[..p * PAGE], r.guessed);
                        }
                        naive.let_go(&r.ids, r.shared.max(r.sequence.len() / PAGE));
                        cache.finish(r.sequence, &r.ids);
                    } else {
                        naive.let_go(&r.ids, r.shared);
                        drop(r.sequence);
                    }
                }
                _ => {}
            }
            check(&mut cache, &naive, &running, &memory, pages);
        }
        // All the pages that were promised can be had by everybody at once.
        for r in &mut running {
            prop_assert!(cache.grow(&mut r.sequence, r.most));
        }
        running.clear();
        let counts = cache.counts();
        prop_assert_eq!((counts.used, counts.promised), (0, 0));
        prop_assert_eq!(counts.free + counts.kept, pages);
    }
}
