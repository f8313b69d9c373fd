//! When to index a directory again that is changing: once it has been quiet for a while, or
//! when it has been changing for too long. A state machine on `now`.
//!
//! ```text
//! still ──change──▶ changing ──quiet for `quiet`, or since `longest`──▶ due ──take──▶ still
//! ```

use std::time::Duration;

use crate::core::Moment;

/// Waits for a directory to be quiet.
#[derive(Debug)]
pub(super) struct Quiet {
    quiet: Duration,
    longest: Duration,
    /// The first and the last change since it was last taken.
    changed: Option<(Moment, Moment)>,
}

impl Quiet {
    /// Due after `quiet` without a change; a directory that never rests, after ten times
    /// that.
    pub(super) fn new(quiet: Duration) -> Self {
        Quiet { quiet, longest: quiet * 10, changed: None }
    }

    /// Something changed.
    pub(super) fn note(&mut self, now: Moment) {
        let first = self.changed.map_or(now, |(first, _)| first);
        self.changed = Some((first, now));
    }

    /// When it is time to index, as far as is known now.
    pub(super) fn due(&self) -> Option<Moment> {
        self.changed.map(|(first, last)| (last + self.quiet).min(first + self.longest))
    }

    /// Is it time? Then all that changed until now counts as seen.
    pub(super) fn take(&mut self, now: Moment) -> bool {
        let due = self.due().is_some_and(|due| due <= now);
        if due {
            self.changed = None;
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(n: u64) -> Moment {
        Duration::from_millis(n)
    }

    #[test]
    fn a_burst_of_changes_is_one() {
        let mut quiet = Quiet::new(ms(1000));
        assert_eq!(quiet.due(), None);
        for at in [0, 300, 900] {
            quiet.note(ms(at));
        }
        assert!(!quiet.take(ms(1899)));
        assert!(quiet.take(ms(1900)));
        assert!(!quiet.take(ms(5000)), "once");
    }

    #[test]
    fn a_directory_that_never_rests_is_indexed_all_the_same() {
        let mut quiet = Quiet::new(ms(1000));
        let taken = (0..300u64).filter(|n| {
            quiet.note(ms(n * 100));
            quiet.take(ms(n * 100))
        });
        assert_eq!(taken.count(), 2, "every ten seconds of thirty");
    }
}
