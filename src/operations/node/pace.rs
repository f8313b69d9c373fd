//! How long a job will still take, told from how far it is. No clock: `now` is an argument.

use std::time::Duration;

use crate::core::Moment;

/// The pace of one stretch of work.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pace {
    began: Option<Moment>,
}

/// Before this has passed, nothing is told.
const LEAST: Duration = Duration::from_millis(500);

impl Pace {
    /// Takes note that `done` of `of` is done at `now`; returns how long the rest will take
    /// at the pace so far, where that can be told.
    pub fn left(&mut self, done: u64, of: u64, now: Moment) -> Option<Duration> {
        let began = *self.began.get_or_insert(now);
        let passed = now.saturating_sub(began);
        if passed < LEAST || done == 0 || done > of {
            return None;
        }
        Some(passed.mul_f64((of - done) as f64 / done as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_takes_as_long_as_what_was_done() {
        let mut pace = Pace::default();
        let at = |s| Duration::from_secs(s);
        assert_eq!(pace.left(0, 100, at(10)), None);
        assert_eq!(pace.left(25, 100, at(20)), Some(at(30)));
        assert_eq!(pace.left(100, 100, at(50)), Some(at(0)));
        assert_eq!(pace.left(101, 100, at(50)), None, "more than all is done: nothing is known");
        assert_eq!(Pace::default().left(0, 0, at(1)), None);
    }
}
