//! Shares of answers, with their intervals.

use super::{Judged, Sheet};
use crate::core::answer::{AnswerKind, Rung};
use crate::operations::eval::score::share;

/// Counts over some answers.
#[derive(Debug, Default)]
pub(super) struct Tally {
    answerable: usize,
    unanswerable: usize,
    answerable_refused: usize,
    unanswerable_refused: usize,
    clarified: usize,
    unanswerable_clarified: usize,
    with_keywords: usize,
    delivered: usize,
    on_rung: [usize; 4],
    words: usize,
}

impl Tally {
    pub(super) fn of(judged: &[&Judged]) -> Tally {
        let mut tally = Tally::default();
        for j in judged {
            let refused = usize::from(j.is(AnswerKind::Refusal));
            let clarified = usize::from(j.is(AnswerKind::Clarify));
            if !j.answerable {
                tally.unanswerable += 1;
                tally.unanswerable_refused += refused;
                tally.unanswerable_clarified += clarified;
                continue;
            }
            tally.answerable += 1;
            tally.answerable_refused += refused;
            tally.clarified += clarified;
            if j.is(AnswerKind::Answer) {
                tally.delivered += 1;
                tally.with_keywords += usize::from(j.checked.missing.is_empty());
                tally.words += j.checked.words;
                if let Some(count) = tally.on_rung.get_mut(j.report.rung as usize) {
                    *count += 1;
                }
            }
        }
        tally
    }

    /// What is decided before any rung, and the keywords.
    pub(super) fn put(&self, prefix: &str, sheet: &mut Sheet) {
        sheet.put(&format!("{prefix}answerable"), self.answerable as f64);
        sheet.put(&format!("{prefix}unanswerable"), self.unanswerable as f64);
        let shares = [
            ("unanswerable_refused_share", self.unanswerable_refused, self.unanswerable),
            ("answerable_refused_share", self.answerable_refused, self.answerable),
            ("clarify_share", self.clarified, self.answerable),
            ("unanswerable_clarify_share", self.unanswerable_clarified, self.unanswerable),
            ("keywords_share", self.with_keywords, self.answerable),
        ];
        for (name, part, whole) in shares {
            sheet.put(&format!("{prefix}{name}"), share(part, whole));
            let (low, high) = wilson(part, whole);
            sheet.put(&format!("{prefix}{name}_low"), low);
            sheet.put(&format!("{prefix}{name}_high"), high);
        }
    }

    /// What a rung makes of the answerable questions.
    pub(super) fn put_rung(&self, name: &str, rung: Rung, sheet: &mut Sheet) {
        sheet.put(&format!("{name}_keywords_share"), share(self.with_keywords, self.answerable));
        let here = self.on_rung.get(rung as usize).copied().unwrap_or(0);
        sheet.put(&format!("{name}_reached_share"), share(here, self.delivered));
        sheet.put(&format!("{name}_words"), self.words as f64 / self.delivered.max(1) as f64);
    }
}

/// The 95 % interval of a share (Wilson, 1927).
pub(super) fn wilson(part: usize, whole: usize) -> (f64, f64) {
    if whole == 0 {
        return (0.0, 1.0);
    }
    let (n, p, z) = (whole as f64, part as f64 / whole as f64, 1.96);
    let middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt() / (1.0 + z * z / n);
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_holds_its_share_and_narrows_with_the_number() {
        let (low, high) = wilson(95, 100);
        assert!(low > 0.88 && low < 0.95 && high > 0.95 && high < 0.99, "{low} {high}");
        let (near, far) = wilson(950, 1000);
        assert!(far - near < high - low);
        assert_eq!(wilson(0, 0), (0.0, 1.0));
    }
}
