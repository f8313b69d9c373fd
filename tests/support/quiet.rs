//! Tests that listen in real time, and tests that take every core, not at the same time.
//!
//! Whoever asks holds it until its test ends: each test is a thread of its own.

use std::cell::RefCell;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

static QUIET: RwLock<()> = RwLock::new(());

enum Held {
    Listening { _with_others: RwLockReadGuard<'static, ()> },
    Computing { _alone: RwLockWriteGuard<'static, ()> },
}

thread_local! {
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
}

fn hold(how: impl FnOnce() -> Held) {
    HELD.with_borrow_mut(|held| {
        if held.is_none() {
            *held = Some(how());
        }
    });
}

/// This test listens or speaks: nobody who takes every core runs meanwhile.
pub fn listen() {
    hold(|| Held::Listening { _with_others: QUIET.read().unwrap_or_else(PoisonError::into_inner) });
}

/// This test takes every core for long.
pub fn compute() {
    hold(|| Held::Computing { _alone: QUIET.write().unwrap_or_else(PoisonError::into_inner) });
}
