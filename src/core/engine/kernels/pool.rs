//! Threads for the parts of one step.
//!
//! A helper spins for work only between [`Pool::wake`] and [`Pool::rest`], that is while the
//! step that it works for holds a lease of cores, and then for no longer than parts of a step
//! are apart: while the step waits for its lease to come back, it sleeps. Parts are handed out
//! by a counter, so a thread that was held up delays no more than the part it is in; which
//! thread computes a part changes nothing in the result.

use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

/// A job as the helpers see it.
struct Job<'a> {
    parts: usize,
    /// The next part that nobody has begun.
    next: AtomicUsize,
    work: &'a (dyn Fn(usize) + Sync),
}

impl Job<'_> {
    fn help(&self) {
        loop {
            let part = self.next.fetch_add(1, Ordering::Relaxed);
            if part >= self.parts {
                return;
            }
            (self.work)(part);
        }
    }
}

/// Turns of a spinning helper before it goes to sleep: some tenths of a millisecond.
const PATIENCE: usize = 20_000;

#[derive(Default)]
struct Shared {
    /// Helpers with a smaller number may spin.
    awake: Mutex<usize>,
    changed: Condvar,
    spinning: AtomicUsize,
    /// Helpers that wait for the next round asleep.
    asleep: AtomicUsize,
    /// Raised by one for every job: a helper works once on each.
    round: AtomicUsize,
    /// The job of this round; null when it is over.
    job: AtomicPtr<Job<'static>>,
    /// Helpers inside the job.
    inside: AtomicUsize,
    /// A helper's part panicked.
    broken: AtomicBool,
    over: AtomicBool,
}

/// The calling thread and its helpers.
pub struct Pool {
    shared: Arc<Shared>,
    helpers: Vec<JoinHandle<()>>,
    awake: usize,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("helpers", &self.helpers.len()).finish_non_exhaustive()
    }
}

impl Pool {
    /// `threads` in all, the calling one among them. Where no more can be started, fewer.
    pub fn new(threads: usize) -> Self {
        let shared = Arc::new(Shared::default());
        let mut helpers = Vec::new();
        for number in 0..threads.saturating_sub(1) {
            let there = shared.clone();
            let started = std::thread::Builder::new()
                .name(format!("engine-{}", number + 1))
                .spawn(move || help(&there, number));
            match started {
                Ok(helper) => helpers.push(helper),
                Err(_) => break,
            }
        }
        Self { shared, helpers, awake: 0 }
    }

    /// Threads there are, awake or not.
    pub fn size(&self) -> usize {
        self.helpers.len() + 1
    }

    /// From now on `threads` threads may work (and spin), the calling one among them.
    pub fn wake(&mut self, threads: usize) {
        let awake = threads.saturating_sub(1).min(self.helpers.len());
        if awake == self.awake {
            return;
        }
        self.awake = awake;
        *self.shared.awake.lock().unwrap_or_else(PoisonError::into_inner) = awake;
        self.shared.spinning.store(awake, Ordering::Release);
        self.shared.changed.notify_all();
    }

    /// Nobody spins any more.
    pub fn rest(&mut self) {
        self.wake(1);
    }

    /// Threads that work now.
    pub fn threads(&self) -> usize {
        self.awake + 1
    }

    /// Runs `work(0)` to `work(parts - 1)`, each once, in any order, and returns when all are
    /// done.
    ///
    /// # Panics
    /// Where a part did.
    pub fn run(&mut self, parts: usize, work: &(dyn Fn(usize) + Sync)) {
        if self.awake == 0 || parts < 2 {
            for part in 0..parts {
                work(part);
            }
            return;
        }
        let job = Job { parts, next: AtomicUsize::new(0), work };
        let shared = &*self.shared;
        // Takes the job back from the helpers however this function is left: no helper may
        // look at it once this frame is gone.
        struct TakeBack<'a>(&'a Shared);
        impl Drop for TakeBack<'_> {
            fn drop(&mut self) {
                self.0.job.store(std::ptr::null_mut(), Ordering::SeqCst);
                while self.0.inside.load(Ordering::SeqCst) != 0 {
                    std::hint::spin_loop();
                }
            }
        }
        let taken_back = TakeBack(shared);
        shared.job.store((&raw const job).cast_mut().cast(), Ordering::SeqCst);
        // In this order, as a helper does it the other way round: either it sees the new round
        // before it sleeps, or it is seen asleep here.
        shared.round.fetch_add(1, Ordering::SeqCst);
        if shared.asleep.load(Ordering::SeqCst) > 0 {
            drop(shared.awake.lock().unwrap_or_else(PoisonError::into_inner));
            shared.changed.notify_all();
        }
        job.help();
        drop(taken_back);
        assert!(!shared.broken.swap(false, Ordering::AcqRel), "a part of the step panicked");
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Release);
        *self.shared.awake.lock().unwrap_or_else(PoisonError::into_inner) = usize::MAX;
        self.shared.changed.notify_all();
        for helper in self.helpers.drain(..) {
            let _ = helper.join();
        }
    }
}

/// A helper's life.
fn help(shared: &Shared, number: usize) {
    let mut seen = 0;
    let mut idle = 0;
    loop {
        {
            let mut awake = shared.awake.lock().unwrap_or_else(PoisonError::into_inner);
            while *awake <= number {
                awake = shared.changed.wait(awake).unwrap_or_else(PoisonError::into_inner);
            }
        }
        while number < shared.spinning.load(Ordering::Acquire) && !shared.over.load(Ordering::Acquire) {
            let round = shared.round.load(Ordering::SeqCst);
            if round == seen {
                idle += 1;
                if idle > PATIENCE {
                    sleep(shared, number, seen);
                    idle = 0;
                }
                std::hint::spin_loop();
                continue;
            }
            (seen, idle) = (round, 0);
            // In this order: who takes the job back first clears the pointer and then waits
            // for the count to fall, so either the pointer is seen as null here or the count
            // is seen there.
            shared.inside.fetch_add(1, Ordering::SeqCst);
            let job = shared.job.load(Ordering::SeqCst);
            if !job.is_null() {
                // SAFETY: `job` points into the frame of `Pool::run`, which does not end
                // before it has cleared the pointer and then seen `inside` at zero. We raised
                // `inside` before we read a pointer that was not yet cleared, and lower it
                // after the last use. The lifetime of `work` is that of the same frame. All
                // that is touched through it is `Sync`.
                let job = unsafe { &*job };
                let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job.help()));
                if done.is_err() {
                    shared.broken.store(true, Ordering::Release);
                }
            }
            shared.inside.fetch_sub(1, Ordering::SeqCst);
        }
        if shared.over.load(Ordering::Acquire) {
            return;
        }
    }
}

/// Sleeps until there is another round than `seen`, or the helper is not wanted any more.
fn sleep(shared: &Shared, number: usize, seen: usize) {
    let mut awake = shared.awake.lock().unwrap_or_else(PoisonError::into_inner);
    shared.asleep.fetch_add(1, Ordering::SeqCst);
    while shared.round.load(Ordering::SeqCst) == seen
        && *awake > number
        && !shared.over.load(Ordering::Acquire)
    {
        awake = shared.changed.wait(awake).unwrap_or_else(PoisonError::into_inner);
    }
    shared.asleep.fetch_sub(1, Ordering::SeqCst);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_part_runs_once_whoever_is_awake() {
        let mut pool = Pool::new(3);
        for threads in [1, 3, 2, 1, 3] {
            pool.wake(threads);
            for parts in [0, 1, 2, 7, 100] {
                let counts: Vec<AtomicUsize> = (0..parts).map(|_| AtomicUsize::new(0)).collect();
                pool.run(parts, &|part| {
                    counts[part].fetch_add(1, Ordering::Relaxed);
                });
                assert!(counts.iter().all(|c| c.load(Ordering::Relaxed) == 1));
            }
        }
    }

    #[test]
    fn helpers_that_fell_asleep_between_two_jobs_are_woken_by_the_next() {
        let mut pool = Pool::new(3);
        pool.wake(3);
        for pause in [0, 3, 0, 3] {
            let ran = AtomicUsize::new(0);
            pool.run(12, &|_| {
                ran.fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!(ran.into_inner(), 12);
            std::thread::sleep(std::time::Duration::from_millis(pause));
        }
    }

    #[test]
    fn a_part_that_panics_is_the_callers_panic_and_the_pool_goes_on() {
        let mut pool = Pool::new(2);
        pool.wake(2);
        for broken in 0..8 {
            let run = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                pool.run(8, &|part| assert_ne!(part, broken));
            }));
            assert!(run.is_err());
        }
        let sum = AtomicUsize::new(0);
        pool.run(5, &|part| {
            sum.fetch_add(part, Ordering::Relaxed);
        });
        assert_eq!(sum.into_inner(), 10);
    }
}
