//! Leases of CPU cores (house plan, decision 4).
//!
//! On two cores the recogniser, the model and the voice fight, and that is the latency.
//! Each compute stage therefore asks for threads by [`Class`], and gives them back at its
//! yield points: a holder looks at [`Lease::should_yield`] between steps of at most about
//! 50 ms and calls [`Lease::yield_now`] where it is true.
//!
//! [`State`] is the plain state machine, [`Cores`] the handle that threads share.
//! Invariants: the threads held never exceed the total; while a core is free nobody waits;
//! cores go to the highest class first and within a class in the order of asking.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Moment;

/// Tells the time since the node's own start. The edge has a real one, tests one that
/// they move by hand.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Moment;
}

/// What cores are wanted for, most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Resampling and voice activity.
    Audio,
    /// The transcript that somebody waits for.
    FinalTranscript,
    /// What is about to be heard: the draft being written, the clause being synthesised.
    Speech,
    /// The model reads a prompt that was asked for.
    Prefill,
    /// A transcript of a question that is still being spoken.
    InterimTranscript,
    /// The model reads what may be asked for.
    GuessedPrefill,
    /// Documents being indexed.
    Index,
}

impl Class {
    /// The class's name as the snapshot and the metrics show it.
    pub fn name(self) -> &'static str {
        match self {
            Class::Audio => "audio",
            Class::FinalTranscript => "final transcript",
            Class::Speech => "speech",
            Class::Prefill => "prefill",
            Class::InterimTranscript => "interim transcript",
            Class::GuessedPrefill => "guessed prefill",
            Class::Index => "index",
        }
    }
}

/// Names one asker between asking and giving back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Id(u64);

#[derive(Debug)]
struct Asker {
    id: Id,
    class: Class,
    want: usize,
    /// 0 while it waits.
    threads: usize,
}

/// Who holds cores and who waits for them. No lock, no thread.
#[derive(Debug)]
pub struct State {
    total: usize,
    next: u64,
    /// Holders in the order in which they were served.
    holding: Vec<Asker>,
    /// Waiters by class, then by the order of asking.
    waiting: Vec<Asker>,
}

impl State {
    /// `total` cores (at least one), none of them leased.
    pub fn new(total: usize) -> Self {
        Self { total: total.max(1), next: 0, holding: Vec::new(), waiting: Vec::new() }
    }

    /// Asks for at most `want` threads. They may be there at once: see [`State::threads`].
    pub fn ask(&mut self, class: Class, want: usize) -> Id {
        let id = Id(self.next);
        self.next += 1;
        let asker = Asker { id, class, want: want.clamp(1, self.total), threads: 0 };
        let place = self.waiting.partition_point(|w| w.class <= class);
        self.waiting.insert(place, asker);
        self.serve();
        id
    }

    /// How many threads `id` holds; 0 while it waits, and for an unknown one.
    pub fn threads(&self, id: Id) -> usize {
        self.holding.iter().find(|a| a.id == id).map_or(0, |a| a.threads)
    }

    /// Gives back what `id` holds, or takes it out of the queue.
    pub fn give_back(&mut self, id: Id) {
        self.holding.retain(|a| a.id != id);
        self.waiting.retain(|a| a.id != id);
        self.serve();
    }

    /// Should the holder `id` give its cores back now? True where someone of its own class
    /// or a higher one waits: equals take turns, so that a clause can be synthesised while
    /// the next sentence is written.
    pub fn should_yield(&self, id: Id) -> bool {
        let Some(holder) = self.holding.iter().find(|a| a.id == id) else {
            return false;
        };
        self.waiting.first().is_some_and(|w| w.class <= holder.class)
    }

    /// (class, threads) of every holder, most urgent first.
    pub fn leases(&self) -> Vec<(Class, usize)> {
        let mut leases: Vec<_> = self.holding.iter().map(|a| (a.class, a.threads)).collect();
        leases.sort_unstable();
        leases
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// How many cores there are.
    pub fn total(&self) -> usize {
        self.total
    }

    fn free(&self) -> usize {
        self.total - self.holding.iter().map(|a| a.threads).sum::<usize>()
    }

    /// The first in the queue gets what is free, up to what it wants.
    fn serve(&mut self) {
        while self.free() > 0 && !self.waiting.is_empty() {
            let free = self.free();
            let mut asker = self.waiting.remove(0);
            asker.threads = asker.want.min(free);
            self.holding.push(asker);
        }
    }
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    clock: Arc<dyn Clock>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // No code below panics between two changes of the state, so it is whole even then.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `id` holds threads; returns how many, and how long it took.
    fn wait(&self, mut state: MutexGuard<'_, State>, id: Id) -> (usize, Duration) {
        let threads = state.threads(id);
        if threads > 0 {
            return (threads, Duration::ZERO);
        }
        let from = self.clock.now();
        loop {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            let threads = state.threads(id);
            if threads > 0 {
                return (threads, self.clock.now().saturating_sub(from));
            }
        }
    }
}

/// The cores of one node. Clones share them.
#[derive(Clone)]
pub struct Cores(Arc<Shared>);

impl std::fmt::Debug for Cores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.state().fmt(f)
    }
}

impl Cores {
    /// `total` cores (at least one) to lease; waits are measured with `clock`.
    pub fn new(total: usize, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Shared { state: Mutex::new(State::new(total)), changed: Condvar::new(), clock }))
    }

    /// How many cores there are.
    pub fn total(&self) -> usize {
        self.0.state().total()
    }

    /// Waits for a core, and takes as many as are free, up to `want`. Dropping the lease
    /// gives them back. A thread that holds a lease must not ask for a second one.
    pub fn lease(&self, class: Class, want: usize) -> Lease {
        let mut state = self.0.state();
        let id = state.ask(class, want);
        let (threads, waited) = self.0.wait(state, id);
        Lease { shared: self.0.clone(), id, class, want, threads, waited }
    }

    /// A lease of as many cores as are free, up to `want`; `None` where none is: it never waits.
    pub fn try_lease(&self, class: Class, want: usize) -> Option<Lease> {
        let mut state = self.0.state();
        let id = state.ask(class, want);
        let threads = state.threads(id);
        if threads == 0 {
            state.give_back(id);
            return None;
        }
        drop(state);
        Some(Lease { shared: self.0.clone(), id, class, want, threads, waited: Duration::ZERO })
    }

    /// (class name, threads) of every holder, most urgent first: for the snapshot.
    pub fn leases(&self) -> Vec<(String, usize)> {
        self.0.state().leases().into_iter().map(|(class, n)| (class.name().to_owned(), n)).collect()
    }
}

/// Threads that may compute until the lease is dropped.
pub struct Lease {
    shared: Arc<Shared>,
    id: Id,
    class: Class,
    want: usize,
    threads: usize,
    waited: Duration,
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lease")
            .field("class", &self.class)
            .field("threads", &self.threads)
            .field("waited", &self.waited)
            .finish_non_exhaustive()
    }
}

impl Lease {
    /// How many threads may run; at least one. May change at [`Lease::yield_now`].
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// How long was waited for it, at first and at every yield since.
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// Does someone of this class or a higher one wait? Asked at every yield point.
    pub fn should_yield(&self) -> bool {
        self.shared.state().should_yield(self.id)
    }

    /// Gives the cores back, waits behind those who are as urgent, and takes again.
    pub fn yield_now(&mut self) {
        let mut state = self.shared.state();
        state.give_back(self.id);
        // Whoever was served by that must hear of it before this thread sleeps.
        self.shared.changed.notify_all();
        self.id = state.ask(self.class, self.want);
        let (threads, waited) = self.shared.wait(state, self.id);
        self.threads = threads;
        self.waited += waited;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.shared.state().give_back(self.id);
        self.shared.changed.notify_all();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    use proptest::prelude::*;

    use super::*;

    const CLASSES: [Class; 7] = [
        Class::Audio,
        Class::FinalTranscript,
        Class::Speech,
        Class::Prefill,
        Class::InterimTranscript,
        Class::GuessedPrefill,
        Class::Index,
    ];

    #[derive(Default)]
    struct ByHand(AtomicU64);
    impl Clock for ByHand {
        fn now(&self) -> Moment {
            Duration::from_millis(self.0.load(Ordering::SeqCst))
        }
    }

    #[test]
    fn who_does_not_want_to_wait_gets_what_is_free_or_nothing() {
        let cores = Cores::new(2, Arc::new(ByHand::default()));
        let first = cores.try_lease(Class::InterimTranscript, 2).unwrap();
        assert_eq!(first.threads(), 2);
        assert!(cores.try_lease(Class::FinalTranscript, 1).is_none());
        assert_eq!(cores.0.state().waiting(), 0, "nobody was left in the queue");
        drop(first);
        assert!(cores.try_lease(Class::InterimTranscript, 1).is_some());
    }

    #[test]
    fn a_lone_asker_gets_all_it_wants_at_once() {
        let mut cores = State::new(2);
        let index = cores.ask(Class::Index, 8);
        assert_eq!(cores.threads(index), 2);
        assert!(!cores.should_yield(index));
    }

    #[test]
    fn a_second_asker_gets_the_core_that_is_left() {
        let mut cores = State::new(2);
        cores.ask(Class::Index, 1);
        let draft = cores.ask(Class::Speech, 2);
        assert_eq!(cores.threads(draft), 1);
    }

    #[test]
    fn the_higher_class_goes_first_and_the_holder_is_told() {
        let mut cores = State::new(1);
        let index = cores.ask(Class::Index, 1);
        let guess = cores.ask(Class::GuessedPrefill, 1);
        let transcript = cores.ask(Class::FinalTranscript, 1);
        assert!(cores.should_yield(index));
        cores.give_back(index);
        assert_eq!((cores.threads(transcript), cores.threads(guess)), (1, 0));
        assert!(!cores.should_yield(transcript), "a guess is no reason to stop");
    }

    #[test]
    fn equals_take_turns_so_that_a_clause_is_synthesised_beside_the_draft() {
        let mut cores = State::new(2);
        let draft = cores.ask(Class::Speech, 2);
        let clause = cores.ask(Class::Speech, 1);
        assert!(cores.should_yield(draft));
        cores.give_back(draft);
        let draft = cores.ask(Class::Speech, 2);
        assert_eq!((cores.threads(clause), cores.threads(draft)), (1, 1));
    }

    #[test]
    fn a_waiter_that_leaves_is_forgotten() {
        let mut cores = State::new(1);
        let index = cores.ask(Class::Index, 1);
        let transcript = cores.ask(Class::FinalTranscript, 1);
        cores.give_back(transcript);
        assert!(!cores.should_yield(index));
        assert_eq!(cores.waiting(), 0);
    }

    #[test]
    fn a_yielding_thread_comes_back_after_the_urgent_one_and_its_wait_is_counted() {
        let clock = Arc::new(ByHand::default());
        let cores = Cores::new(1, clock.clone());
        let mut index = cores.lease(Class::Index, 1);
        let urgent = thread::spawn({
            let (cores, clock) = (cores.clone(), clock.clone());
            move || {
                let lease = cores.lease(Class::FinalTranscript, 1);
                // While this one computes, 40 ms pass for the one that yielded.
                clock.0.fetch_add(40, Ordering::SeqCst);
                assert_eq!(cores.leases(), [("final transcript".to_owned(), 1)]);
                drop(lease);
            }
        });
        while !index.should_yield() {
            thread::yield_now();
        }
        index.yield_now();
        urgent.join().unwrap();
        assert_eq!(index.threads(), 1);
        assert_eq!(index.waited(), Duration::from_millis(40));
        drop(index);
        assert!(cores.leases().is_empty());
    }

    proptest! {
        /// Whatever is asked and given back in whatever order: never more threads than
        /// cores, no core idle while someone waits, and all served when all are done.
        #[test]
        fn no_core_is_lost_and_nobody_is_stuck(
            total in 1usize..5,
            acts in prop::collection::vec((0usize..7, 1usize..5, any::<bool>(), any::<prop::sample::Index>()), 1..80),
        ) {
            let mut cores = State::new(total);
            let mut alive: Vec<Id> = Vec::new();
            for (class, want, leave, who) in acts {
                if leave && !alive.is_empty() {
                    cores.give_back(alive.swap_remove(who.index(alive.len())));
                } else {
                    alive.push(cores.ask(CLASSES[class], want));
                }
                let held: usize = cores.leases().iter().map(|(_, n)| n).sum();
                prop_assert!(held <= total);
                prop_assert!(cores.waiting() == 0 || held == total);
                prop_assert_eq!(cores.leases().len() + cores.waiting(), alive.len());
            }
            while let Some(holder) = alive.iter().position(|id| cores.threads(*id) > 0) {
                cores.give_back(alive.swap_remove(holder));
            }
            prop_assert!(alive.is_empty());
        }
    }
}
