//! Warnings that govern what is cited: first, verbatim, gravest first, each once.

use crate::core::answer::Said;
use crate::core::knowledge::passage::{Passage, Warning};

/// The warnings that govern `cited`, each with the passage (index into `cited`) that
/// brought it: gravest first, lockout/tagout first among equals, then in the order given.
/// A warning that several passages share comes once.
pub fn governing<'p>(cited: &[&'p Passage]) -> Vec<(usize, &'p Warning)> {
    let mut all: Vec<(usize, &'p Warning)> = Vec::new();
    for (i, passage) in cited.iter().enumerate() {
        for warning in &passage.warnings {
            if !all.iter().any(|(_, w)| same(&w.text, &warning.text)) {
                all.push((i, warning));
            }
        }
    }
    all.sort_by_key(|(_, w)| (std::cmp::Reverse(w.signal), !w.lockout));
    all
}

/// The governing warnings of `cited` that `said` lacks.
pub fn missing(said: &[Said], cited: &[&Passage]) -> Vec<String> {
    governing(cited)
        .into_iter()
        .filter(|(_, w)| !said.iter().any(|s| same(&s.text, &w.text)))
        .map(|(_, w)| w.text.clone())
        .collect()
}

/// Same words, whatever the line breaks and marks?
pub fn same(a: &str, b: &str) -> bool {
    let key =
        |t: &str| t.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    key(a) == key(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::answer::source::tests::{prose, warning};
    use crate::core::knowledge::passage::Signal;

    #[test]
    fn gravest_first_each_once() {
        let mut a = prose("one");
        let mut b = prose("two");
        a.warnings = vec![
            warning(Signal::Caution, "CAUTION: Hot oil.", 0, false),
            warning(Signal::Danger, "DANGER: Crushing. Keep clear.", 0, false),
        ];
        b.warnings = vec![
            warning(Signal::Danger, "DANGER: Crushing.\nKeep clear.", 50, false),
            warning(Signal::Danger, "DANGER: Lock out the drive.", 90, true),
            warning(Signal::Notice, "NOTICE: Use clean oil.", 150, false),
        ];
        let got: Vec<_> = governing(&[&a, &b]).into_iter().map(|(i, w)| (i, w.text.as_str())).collect();
        assert_eq!(
            got,
            [
                (1, "DANGER: Lock out the drive."),
                (0, "DANGER: Crushing. Keep clear."),
                (0, "CAUTION: Hot oil."),
                (1, "NOTICE: Use clean oil."),
            ]
        );
    }

    #[test]
    fn what_is_not_said_is_missing() {
        let mut a = prose("one");
        a.warnings = vec![
            warning(Signal::Danger, "DANGER: Crushing.", 0, false),
            warning(Signal::Caution, "CAUTION: Hot oil.", 20, false),
        ];
        let said = [Said::of(&a.warnings[1], 1)];
        assert_eq!(missing(&said, &[&a]), ["DANGER: Crushing."]);
        assert!(missing(&[], &[&prose("no warnings")]).is_empty());
    }
}
