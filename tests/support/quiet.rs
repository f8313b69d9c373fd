//! Tests that listen in real time, and tests that take whole cores, not at the same time.
//!
//! Whoever asks holds it until its test ends: each test is a thread of its own.

use std::cell::RefCell;
use std::sync::{Condvar, Mutex, PoisonError};

/// How many listen, and how many compute; one of them is 0.
static NOW: Mutex<[usize; 2]> = Mutex::new([0, 0]);
static CHANGED: Condvar = Condvar::new();

struct Held(usize);

impl Held {
    fn take(mine: usize) -> Self {
        let now = NOW.lock().unwrap_or_else(PoisonError::into_inner);
        let mut now =
            CHANGED.wait_while(now, |now| now[1 - mine] > 0).unwrap_or_else(PoisonError::into_inner);
        now[mine] += 1;
        Held(mine)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        NOW.lock().unwrap_or_else(PoisonError::into_inner)[self.0] -= 1;
        CHANGED.notify_all();
    }
}

thread_local! {
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
}

fn hold(mine: usize) {
    HELD.with_borrow_mut(|held| {
        if held.is_none() {
            *held = Some(Held::take(mine));
        }
    });
}

/// This test listens or speaks: nobody who takes whole cores runs meanwhile.
pub fn listen() {
    hold(0);
}

/// This test takes whole cores for long.
pub fn compute() {
    hold(1);
}
