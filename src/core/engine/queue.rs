//! The bounded queue before the model: plain state, no lock, no thread, no clock.
//!
//! Order: class first (a person before a machine event before guessed work), within a class
//! the earliest deadline, then the order of arrival. A request that cannot be ready in time
//! is told so at the door; one whose asker left, or whose deadline passed while it waited,
//! is dropped before it is started. Every accepted request leaves exactly once: by
//! [`State::pop`] or by [`State::take_dropped`].

use std::time::Duration;

use super::{Class, Refusal, Request};
use crate::core::Moment;

/// How fast the model was, as it was measured; what admission counts with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Prompt tokens read per second.
    pub prefill_tps: f64,
    /// New tokens written per second.
    pub decode_tps: f64,
    /// Tokens that an answer usually has.
    pub answer_tokens: f64,
    /// How much faster than measured the model is hoped to be; see [`Rates::saw_refusal`].
    hope: f64,
}

/// Weight of the newest measurement, where it is a faster one.
const NEWEST: f64 = 0.3;
/// What a refusal makes of the hope.
const PROBE: f64 = 1.05;

impl Rates {
    /// Rates as measured by the warm-up. No answer has been seen yet: one or two sentences.
    pub fn new(prefill_tps: f64, decode_tps: f64) -> Self {
        Self { prefill_tps, decode_tps, answer_tokens: 32.0, hope: 1.0 }
    }

    /// How long the model will be busy with a request.
    pub fn work(&self, prompt_tokens: usize, max_tokens: usize) -> Duration {
        let written = (max_tokens as f64).min(self.answer_tokens);
        let spent = prompt_tokens as f64 / self.prefill_tps + written / self.decode_tps;
        seconds(spent / self.hope)
    }

    /// Takes `tokens` read in `spent` into account.
    pub fn saw_prefill(&mut self, tokens: usize, spent: Duration) {
        blend(&mut self.prefill_tps, tokens, spent);
        self.hope = 1.0;
    }

    /// Takes `tokens` written in `spent` into account.
    pub fn saw_decode(&mut self, tokens: usize, spent: Duration) {
        blend(&mut self.decode_tps, tokens, spent);
    }

    /// An idle model refused a request as too late. Rates that were measured while the
    /// machine was busy would otherwise refuse for ever, for nothing new is measured then:
    /// each refusal makes the next one a little less likely, until a request is let in and
    /// measured. Little, because a request that is let in in vain waits until its deadline;
    /// and what is measured then ends the hope.
    pub fn saw_refusal(&mut self) {
        self.hope *= PROBE;
    }

    /// Takes the length of a finished answer into account.
    pub fn saw_answer(&mut self, tokens: usize) {
        self.answer_tokens += NEWEST * (tokens as f64 - self.answer_tokens);
    }
}

/// A rate that was never measured, or absurdly slow, must not overflow a duration.
fn seconds(s: f64) -> Duration {
    Duration::try_from_secs_f64(s).unwrap_or(Duration::from_secs(3600)).min(Duration::from_secs(3600))
}

/// A slower measurement is believed at once, a faster one by and by: admission that hopes
/// too much costs somebody their deadline.
fn blend(rate: &mut f64, tokens: usize, spent: Duration) {
    if tokens > 0 && !spent.is_zero() {
        let measured = tokens as f64 / spent.as_secs_f64();
        *rate = measured.min(*rate + NEWEST * (measured - *rate));
    }
}

/// Names an accepted request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// A request that waits, with whatever its owner needs to serve it.
#[derive(Debug)]
pub struct Waiting<T> {
    /// Its name.
    pub ticket: Ticket,
    /// What was asked.
    pub request: Request,
    /// How long it will keep the model busy.
    pub work: Duration,
    /// When it came.
    pub arrived: Moment,
    /// The owner's own.
    pub load: T,
}

impl<T> Waiting<T> {
    fn rank(&self) -> (Class, Moment, Ticket) {
        (self.request.class, self.request.deadline, self.ticket)
    }
}

/// Why an accepted request left without being started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Its asker left.
    Cancelled,
    /// Its deadline passed, or somebody more urgent took its place.
    Refused(Refusal),
}

/// Who waits for the model.
#[derive(Debug)]
pub struct State<T> {
    bound: usize,
    next: u64,
    /// In the order in which they will be served.
    waiting: Vec<Waiting<T>>,
    dropped: Vec<(Waiting<T>, Why)>,
    /// When the request that is being served is expected to be done.
    busy_until: Moment,
}

impl<T> State<T> {
    /// At most `bound` requests (at least one) wait.
    pub fn new(bound: usize) -> Self {
        Self {
            bound: bound.max(1),
            next: 0,
            waiting: Vec::new(),
            dropped: Vec::new(),
            busy_until: Moment::ZERO,
        }
    }

    /// The bound.
    pub fn bound(&self) -> usize {
        self.bound
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Does nobody wait?
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The class of the request that is next.
    pub fn next_class(&self) -> Option<Class> {
        self.waiting.first().map(|w| w.request.class)
    }

    /// Takes a request in, or refuses it at the door. `work` is how long it will keep the
    /// model busy ([`Rates::work`]). Where the queue is full of less urgent classes, the
    /// last of them makes room.
    ///
    /// # Errors
    /// [`Refusal::TooLate`] where what is before it leaves too little time, and
    /// [`Refusal::Full`] at the bound.
    pub fn push(
        &mut self,
        request: Request,
        work: Duration,
        load: T,
        now: Moment,
    ) -> Result<Ticket, Refusal> {
        self.sweep(now);
        let ticket = Ticket(self.next);
        let new = Waiting { ticket, request, work, arrived: now, load };
        let place = self.waiting.partition_point(|w| w.rank() < new.rank());
        let before: Duration = self.waiting.iter().take(place).map(|w| w.work).sum();
        let ready = now.max(self.busy_until) + before + work;
        if ready > new.request.deadline {
            return Err(Refusal::TooLate { earliest_ms: millis_from(now, ready) });
        }
        if self.waiting.len() >= self.bound {
            let full = Refusal::Full { bound: self.bound };
            match self.waiting.pop() {
                Some(last) if last.request.class > new.request.class => {
                    self.dropped.push((last, Why::Refused(full)));
                }
                Some(last) => {
                    self.waiting.push(last);
                    return Err(full);
                }
                None => return Err(full),
            }
        }
        self.next += 1;
        self.waiting.insert(place, new);
        Ok(ticket)
    }

    /// The next request to serve. The model counts as busy with it from now on, until
    /// [`State::idle`] or the next `pop`.
    pub fn pop(&mut self, now: Moment) -> Option<Waiting<T>> {
        self.sweep(now);
        if self.waiting.is_empty() {
            return None;
        }
        let first = self.waiting.remove(0);
        self.busy_until = now + first.work;
        Some(first)
    }

    /// The model has nothing to do any more.
    pub fn idle(&mut self) {
        self.busy_until = Moment::ZERO;
    }

    /// Those that left without being started since the last call; their askers must be told.
    pub fn take_dropped(&mut self) -> Vec<(Waiting<T>, Why)> {
        std::mem::take(&mut self.dropped)
    }

    /// Everything that waits, because the model is gone.
    pub fn drain(&mut self) -> Vec<Waiting<T>> {
        std::mem::take(&mut self.waiting)
    }

    /// Drops those whose asker left or whose deadline passed.
    fn sweep(&mut self, now: Moment) {
        let busy = self.busy_until;
        let gone = |w: &Waiting<T>| w.request.cancel.is_raised() || now >= w.request.deadline;
        for left in self.waiting.extract_if(.., |w| gone(w)) {
            let why = if left.request.cancel.is_raised() {
                Why::Cancelled
            } else {
                let ready = now.max(busy) + left.work;
                Why::Refused(Refusal::TooLate { earliest_ms: millis_from(now, ready) })
            };
            self.dropped.push((left, why));
        }
    }
}

fn millis_from(now: Moment, then: Moment) -> u64 {
    u64::try_from(then.saturating_sub(now).as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::core::engine::{Cancel, Constraint, Prompt, Task};

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn request(class: Class, deadline: Moment) -> Request {
        Request {
            prompt: Prompt { system: String::new(), passages: Vec::new(), question: String::new() },
            task: Task::Write { constraint: Constraint::Free, max_tokens: 32 },
            deadline,
            class,
            device: "headset-1".to_owned(),
            cancel: Cancel::default(),
        }
    }

    fn order(queue: &mut State<&'static str>) -> Vec<&'static str> {
        std::iter::from_fn(|| queue.pop(ms(0))).map(|w| w.load).collect()
    }

    #[test]
    fn a_person_goes_first_then_the_earliest_deadline_then_the_first_to_come() {
        let mut queue = State::new(8);
        for (name, class, deadline) in [
            ("guess", Class::Idle, 400),
            ("event", Class::Event, 500),
            ("later", Class::Person, 900),
            ("soon", Class::Person, 600),
            ("soon too", Class::Person, 600),
        ] {
            queue.push(request(class, ms(deadline)), ms(50), name, ms(0)).unwrap();
        }
        assert_eq!(order(&mut queue), ["soon", "soon too", "later", "event", "guess"]);
    }

    #[test]
    fn what_cannot_be_ready_is_told_at_the_door_when_it_could_be() {
        let mut queue = State::new(8);
        queue.push(request(Class::Person, ms(5000)), ms(700), "running", ms(0)).unwrap();
        queue.pop(ms(0)).unwrap();
        queue.push(request(Class::Person, ms(2000)), ms(300), "before", ms(100)).unwrap();
        let refused = queue.push(request(Class::Person, ms(2100)), ms(1200), "late", ms(100));
        // 600 ms until the running one is done, 300 for the one before, 1200 of its own.
        assert_eq!(refused, Err(Refusal::TooLate { earliest_ms: 2100 }));
        assert!(queue.push(request(Class::Person, ms(2200)), ms(1200), "in time", ms(100)).is_ok());
    }

    #[test]
    fn the_bound_is_kept_and_only_a_lower_class_makes_room() {
        let mut queue = State::new(2);
        queue.push(request(Class::Person, ms(900)), ms(1), "person", ms(0)).unwrap();
        queue.push(request(Class::Idle, ms(900)), ms(1), "guess", ms(0)).unwrap();
        queue.push(request(Class::Event, ms(900)), ms(1), "event", ms(0)).unwrap();
        let dropped = queue.take_dropped();
        assert_eq!(dropped.len(), 1);
        assert_eq!(dropped[0].0.load, "guess");
        assert_eq!(dropped[0].1, Why::Refused(Refusal::Full { bound: 2 }));
        let refused = queue.push(request(Class::Event, ms(900)), ms(1), "event 2", ms(0));
        assert_eq!(refused, Err(Refusal::Full { bound: 2 }));
        assert_eq!(order(&mut queue), ["person", "event"]);
    }

    #[test]
    fn who_left_and_who_is_late_is_dropped_before_being_started() {
        let mut queue = State::new(8);
        let left = request(Class::Person, ms(900));
        let cancel = left.cancel.clone();
        queue.push(left, ms(10), "left", ms(0)).unwrap();
        queue.push(request(Class::Person, ms(100)), ms(10), "late", ms(0)).unwrap();
        queue.push(request(Class::Person, ms(900)), ms(10), "served", ms(0)).unwrap();
        cancel.raise();
        assert_eq!(queue.pop(ms(100)).unwrap().load, "served");
        let dropped = queue.take_dropped();
        assert_eq!(
            dropped.iter().map(|(w, why)| (w.load, why.clone())).collect::<Vec<_>>(),
            [("late", Why::Refused(Refusal::TooLate { earliest_ms: 10 })), ("left", Why::Cancelled),]
        );
    }

    #[test]
    fn rates_follow_what_was_measured_and_survive_nonsense() {
        let mut rates = Rates::new(100.0, 10.0);
        assert_eq!(rates.work(100, 5), ms(1500));
        rates.saw_prefill(100, Duration::from_secs(2));
        assert!((rates.prefill_tps - 50.0).abs() < 1e-9, "slower: at once");
        rates.saw_prefill(150, Duration::from_secs(1));
        assert!((rates.prefill_tps - 80.0).abs() < 1e-9, "faster: by and by");
        rates.saw_decode(3, Duration::ZERO);
        assert_eq!(rates.decode_tps, 10.0);
        assert!(Rates::new(0.0, f64::NAN).work(10, 10) <= Duration::from_secs(7200));
    }

    #[test]
    fn rates_that_were_measured_on_a_busy_machine_do_not_refuse_for_ever() {
        let mut rates = Rates::new(1.0, 1.0);
        let mut refused = 0;
        while rates.work(100, 32) > ms(8000) {
            rates.saw_refusal();
            refused += 1;
        }
        assert!(refused < 60, "{refused}");
    }

    proptest! {
        /// Simulated time: requests come, leave, wait and are served. Each accepted one
        /// leaves exactly once, the bound holds, and an empty queue is reached.
        #[test]
        fn nothing_is_lost_nothing_is_stuck_and_the_bound_is_kept(
            bound in 1usize..6,
            steps in prop::collection::vec((0u64..120, 0usize..3, 1u64..400, 1u64..90, 0u8..10), 1..120),
        ) {
            let mut queue = State::new(bound);
            let mut now = ms(0);
            let mut accepted = Vec::new();
            let mut gone = Vec::new();
            let mut cancels = Vec::new();
            for (pass, class, deadline, work, act) in steps {
                now += ms(pass);
                match act {
                    0..=5 => {
                        let class = [Class::Person, Class::Event, Class::Idle][class];
                        let request = request(class, now + ms(deadline));
                        let cancel = request.cancel.clone();
                        if let Ok(ticket) = queue.push(request, ms(work), (), now) {
                            accepted.push(ticket);
                            cancels.push(cancel);
                        }
                    }
                    6 => if let Some(cancel) = cancels.pop() { cancel.raise() },
                    _ => match queue.pop(now) {
                        Some(w) => {
                            prop_assert!(now < w.request.deadline && !w.request.cancel.is_raised());
                            gone.push(w.ticket);
                        }
                        None => queue.idle(),
                    },
                }
                prop_assert!(queue.len() <= bound);
                gone.extend(queue.take_dropped().into_iter().map(|(w, _)| w.ticket));
            }
            while let Some(w) = queue.pop(now) {
                gone.push(w.ticket);
            }
            gone.extend(queue.take_dropped().into_iter().map(|(w, _)| w.ticket));
            prop_assert!(queue.is_empty());
            gone.sort_unstable();
            prop_assert_eq!(gone, accepted);
        }
    }
}
