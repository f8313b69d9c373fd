//! What a step costs, as it was measured; what admission counts with.
//!
//! A step of `rows` tokens takes `base + slope × rows` milliseconds: the weights are read once,
//! then each row is multiplied. The line is fitted to the steps of late by least squares with
//! a fading memory. A step that is slower than the line says is believed at once
//! ([`Cost::careful`]), a faster one by and by: admission that hopes too much costs somebody
//! their deadline.

use std::time::Duration;

/// What the memory keeps of its weight from one step to the next.
const FADE: f64 = 0.97;
/// How far one measurement may be from what was expected, as a factor: a machine that was
/// asleep for a minute is no slow model.
const FAR: f64 = 4.0;
/// Rows² that hold the slope where it was while all steps are alike and say nothing of it.
const INERTIA: f64 = 64.0;
/// Added to what is expected, for what the line does not know (longer contexts, full caches).
const MARGIN: f64 = 1.08;
/// Weight of the newest measurement.
const NEWEST: f64 = 0.3;
/// Weight of the newest measurement where it is good news.
const GOOD_NEWS: f64 = 0.1;
/// What a refusal makes of the hope.
const PROBE: f64 = 1.05;
/// In such a time without steps half of the strain is forgotten, seconds: whoever shared the
/// cores then may be done.
const FORGETS: f64 = 2.0;
/// No step is thought to take longer, milliseconds.
const LONGEST: f64 = 3_600_000.0;

/// The cost of steps and the length of answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Cost {
    /// Milliseconds of a step without rows, and of each row.
    base: f64,
    slope: f64,
    /// Fading sums: weight, rows, milliseconds, rows², rows × milliseconds.
    sums: [f64; 5],
    /// How much slower than the line says steps were of late; at least 1.
    strain: f64,
    /// How much faster than measured the model is hoped to be; see [`Cost::saw_refusal`].
    hope: f64,
    /// Mean length of an answer in tokens, and the mean distance from it.
    answer: f64,
    spread: f64,
    /// Rows and tokens of one writer in one step: more than 1 where drafts are accepted.
    writer_rows: f64,
    writer_tokens: f64,
}

impl Cost {
    /// From what the warm-up measured: rows of a step and the time that it took. No answer
    /// has been seen yet: one or two sentences.
    pub fn new(measured: &[(usize, Duration)]) -> Self {
        let mut cost = Self {
            base: 10.0,
            slope: 1.0,
            sums: [0.0; 5],
            strain: 1.0,
            hope: 1.0,
            answer: 28.0,
            spread: 4.0,
            writer_rows: 1.0,
            writer_tokens: 1.0,
        };
        for (rows, spent) in measured.iter().filter(|(rows, spent)| *rows > 0 && !spent.is_zero()) {
            cost.add(*rows as f64, (spent.as_secs_f64() * 1000.0).min(LONGEST), 4.0);
        }
        // What was measured now says all there is to say: no slope holds it back.
        cost.fit(0.0);
        cost
    }

    fn add(&mut self, rows: f64, ms: f64, weight: f64) {
        let new = [1.0, rows, ms, rows * rows, rows * ms];
        for (sum, new) in self.sums.iter_mut().zip(new) {
            *sum += weight * new;
        }
    }

    fn fit(&mut self, inertia: f64) {
        let [weight, rows, ms, square, product] = self.sums;
        if weight < f64::EPSILON {
            return;
        }
        let (rows, ms) = (rows / weight, ms / weight);
        let variance = (square / weight - rows * rows).max(0.0);
        let covariance = product / weight - rows * ms;
        if variance + inertia > 1e-6 {
            // Neither part of a step is free, and neither is more than the whole of it.
            let steepest = ms / rows.max(1.0);
            let slope = (covariance + inertia * self.slope) / (variance + inertia);
            self.slope = slope.clamp(steepest * 0.01, steepest);
        } else {
            self.slope = self.slope.min(ms / rows.max(1.0));
        }
        self.base = (ms - self.slope * rows).max(0.0);
    }

    /// Milliseconds that a step usually takes.
    pub fn usual(&self, rows: f64) -> f64 {
        (self.base + self.slope * rows).clamp(1e-3, LONGEST)
    }

    /// Milliseconds that a step is sure not to exceed by much: what promises are made with.
    pub fn careful(&self, rows: f64) -> f64 {
        (self.usual(rows) * self.strain * MARGIN / self.hope).clamp(1e-3, LONGEST)
    }

    /// Milliseconds that a step may take, if all goes well: what giving up is reckoned with.
    pub fn hopeful(&self, rows: f64) -> f64 {
        self.usual(rows) / self.hope
    }

    /// Rows that would take the time of a step of `rows` times `share`.
    pub fn rows_worth(&self, rows: f64, share: f64) -> usize {
        (self.usual(rows) * share / self.slope.max(1e-9)) as usize
    }

    /// Takes a step into account.
    pub fn saw_step(&mut self, rows: usize, spent: Duration) {
        if rows == 0 || spent.is_zero() {
            return;
        }
        let expected = self.usual(rows as f64);
        let ms = (spent.as_secs_f64() * 1000.0).clamp(expected / FAR, expected * FAR);
        let strain = ms / expected;
        let weight = if strain > self.strain { NEWEST } else { GOOD_NEWS };
        self.strain = (self.strain + weight * (strain - self.strain)).max(1.0);
        self.hope = 1.0;
        self.sums = self.sums.map(|sum| sum * FADE);
        self.add(rows as f64, ms, 1.0);
        self.fit(INERTIA);
    }

    /// Nothing was computed for so long.
    pub fn rest(&mut self, idle: Duration) {
        self.strain = 1.0 + (self.strain - 1.0) * 0.5f64.powf(idle.as_secs_f64() / FORGETS);
    }

    /// Takes a writer's part of a step into account.
    pub fn saw_write(&mut self, rows: usize, tokens: usize) {
        self.writer_rows += 0.05 * (rows as f64 - self.writer_rows);
        self.writer_tokens += 0.05 * (tokens as f64 - self.writer_tokens);
    }

    /// Takes the length of an answer that came to its own end into account.
    pub fn saw_answer(&mut self, tokens: usize) {
        let off = tokens as f64 - self.answer;
        self.answer += NEWEST * off;
        self.spread += NEWEST * (off.abs() - self.spread);
    }

    /// An idle model refused a request as too late. Costs that were measured while the
    /// machine was busy would otherwise refuse for ever, for nothing new is measured then:
    /// each refusal makes the next one a little less likely, until a request is let in and
    /// measured. Little, because a request that is let in in vain waits until its deadline;
    /// and what is measured then ends the hope.
    pub fn saw_refusal(&mut self) {
        self.hope *= PROBE;
    }

    /// Tokens that are still to be expected of an answer with `written` so far.
    pub fn tokens_left(&self, written: usize) -> f64 {
        let usual = self.answer + self.spread;
        (usual - written as f64).max(usual / 4.0).max(1.0)
    }

    /// Rows of one writer in one step, as they were of late.
    pub fn writer_rows(&self) -> f64 {
        self.writer_rows.max(1.0)
    }

    /// Tokens that one writer wins in one step, as it was of late; carefully.
    pub fn writer_tokens(&self) -> f64 {
        1.0 + 0.8 * (self.writer_tokens - 1.0).max(0.0)
    }

    /// Prompt tokens per second in steps of `rows`.
    pub fn prefill_tps(&self, rows: usize) -> f64 {
        rows as f64 * 1000.0 / self.usual(rows as f64)
    }

    /// New tokens per second of one that is alone.
    pub fn decode_tps(&self) -> f64 {
        self.writer_tokens.max(1.0) * 1000.0 / self.usual(self.writer_rows())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn ms(n: f64) -> Duration {
        Duration::from_secs_f64(n / 1000.0)
    }

    fn measured() -> Cost {
        Cost::new(&[(1, ms(10.0)), (64, ms(73.0))])
    }

    #[test]
    fn two_measurements_make_the_line() {
        let cost = measured();
        assert!((cost.usual(1.0) - 10.0).abs() < 1e-6 && (cost.usual(128.0) - 137.0).abs() < 1e-6);
        assert!((cost.decode_tps() - 100.0).abs() < 1e-6);
        assert_eq!(cost.rows_worth(1.0, 0.5), 5);
    }

    #[test]
    fn the_line_follows_a_machine_that_became_slower_and_one_that_became_faster() {
        for factor in [0.4, 2.5] {
            let mut cost = measured();
            for step in 0..200 {
                let rows = [1, 4, 100][step % 3];
                cost.saw_step(rows, ms(factor * (9.0 + rows as f64)));
            }
            for rows in [1.0, 32.0, 128.0] {
                let off = cost.usual(rows) / (factor * (9.0 + rows));
                assert!((0.97..1.03).contains(&off), "{factor} {rows} {off}");
            }
            assert!(cost.strain < 1.05, "{}", cost.strain);
        }
    }

    #[test]
    fn a_thousand_steps_of_one_row_do_not_forget_what_a_wide_one_costs() {
        let mut cost = measured();
        for _ in 0..1000 {
            cost.saw_step(1, ms(10.0));
        }
        assert!((cost.usual(128.0) - 137.0).abs() < 3.0, "{}", cost.usual(128.0));
    }

    #[test]
    fn slow_steps_are_believed_at_once_and_fast_ones_by_and_by() {
        let mut cost = measured();
        let before = cost.careful(64.0);
        cost.saw_step(64, ms(292.0));
        assert!(cost.careful(64.0) > 1.7 * before);
        cost.saw_step(64, ms(73.0));
        assert!(cost.careful(64.0) > 1.4 * before);
    }

    #[test]
    fn strain_is_forgotten_while_nothing_is_computed() {
        let mut cost = measured();
        cost.saw_step(64, ms(292.0));
        let (strained, usual) = (cost.careful(64.0), cost.usual(64.0) * MARGIN);
        cost.rest(Duration::from_secs(2));
        assert!((cost.careful(64.0) - usual) < 0.51 * (strained - usual));
        cost.rest(Duration::from_secs(600));
        assert!((cost.careful(64.0) - usual).abs() < 0.01);
    }

    #[test]
    fn a_stall_of_a_minute_is_no_slow_model() {
        let mut cost = measured();
        cost.saw_step(1, Duration::from_secs(60));
        assert!(cost.usual(1.0) < 20.0, "{}", cost.usual(1.0));
    }

    #[test]
    fn nonsense_is_survived() {
        for cost in [Cost::new(&[]), Cost::new(&[(0, ms(1.0)), (5, Duration::ZERO)])] {
            assert!(cost.careful(8.0).is_finite() && cost.careful(8.0) > 0.0);
        }
        let mut slow = Cost::new(&[(1, Duration::MAX)]);
        slow.saw_step(1, Duration::MAX);
        assert!(slow.careful(1e9) <= LONGEST);
    }

    #[test]
    fn costs_that_were_measured_on_a_busy_machine_do_not_refuse_for_ever() {
        let mut cost = Cost::new(&[(1, ms(1000.0)), (10, ms(10_000.0))]);
        let mut refused = 0;
        while cost.careful(100.0) > 8000.0 {
            cost.saw_refusal();
            refused += 1;
        }
        assert!(refused < 60, "{refused}");
        cost.saw_step(1, ms(1000.0));
        assert!(cost.careful(100.0) > 50_000.0, "what is measured ends the hope");
    }

    #[test]
    fn answers_are_expected_as_long_as_they_were_and_never_over() {
        let mut cost = measured();
        for _ in 0..40 {
            cost.saw_answer(40);
        }
        assert!((cost.tokens_left(0) - 40.0).abs() < 0.1);
        assert!((cost.tokens_left(30) - 10.0).abs() < 0.1);
        assert!(cost.tokens_left(500) >= 10.0);
    }
}
