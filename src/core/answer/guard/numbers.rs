//! The number lock: every number with its unit, and every code, must stand in a cited
//! passage, with the same sign, range, tolerance and comparison, and belong to the same
//! thing.
//!
//! A number that only the question holds is not supported: the question is not a source.

use super::held::{Held, Line};
use super::owner;
use crate::core::answer::quantity::{self, Bound, Code, Quantity, convert};
use crate::core::answer::source::Source;

/// What is wrong with a number or code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// The passage holds no such value.
    Absent,
    /// The value is there with another unit.
    Unit,
    /// The value is there with the other sign.
    Sign,
    /// A range was cut or stretched.
    Range,
    /// Another tolerance.
    Tolerance,
    /// "above" became "below".
    Comparison,
    /// "above" was added or left out.
    Uncompared,
    /// It belongs to another thing (the M16's torque on the M10).
    Owner,
    /// The passage holds no such code.
    Code,
}

impl Flaw {
    fn says(self) -> &'static str {
        match self {
            Flaw::Absent => "the passage holds no such value",
            Flaw::Unit => "the passage has another unit",
            Flaw::Sign => "the passage has the other sign",
            Flaw::Range => "the passage has another range",
            Flaw::Tolerance => "the passage has another tolerance",
            Flaw::Comparison => "the passage compares otherwise",
            Flaw::Uncompared => "only one of passage and draft compares",
            Flaw::Owner => "the passage gives it for something else",
            Flaw::Code => "the passage holds no such code",
        }
    }
}

/// A number or code that no cited passage supports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsupported {
    /// As it stands in the draft.
    pub text: String,
    /// Why it is not supported: the nearest miss.
    pub flaw: Flaw,
}

impl std::fmt::Display for Unsupported {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.text, self.flaw.says())
    }
}

/// A number of the draft and the source (index into those given) that holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Locked {
    /// The number.
    pub quantity: Quantity,
    /// Which source.
    pub source: usize,
}

/// Looks every number and code of `draft` up in `sources`.
pub fn check(draft: &str, sources: &[&Source<'_>]) -> (Vec<Locked>, Vec<Unsupported>) {
    let held: Vec<Held> = sources.iter().map(|s| Held::of(s)).collect();
    check_held(&Line::of(draft, false), &[], &held)
}

/// As [`check`], in sources that were read already; `before` are stems of what the draft said
/// before.
pub fn check_held(line: &Line, before: &[String], held: &[Held]) -> (Vec<Locked>, Vec<Unsupported>) {
    let draft = line.text.as_str();
    let wanted = &line.reading;
    let computed = convert::stands(draft);
    // "Setting: 8 Hz" behind "P202: greatest frequency" is said of P202.
    let mut about = wanted.codes.clone();
    if about.is_empty() && labelled(draft) {
        about.extend(before.iter().rev().find_map(|s| code_of(s)));
    }
    let mut locked = Vec::new();
    let mut unsupported = Vec::new();
    for quantity in &wanted.quantities {
        // Computed from the number before it, and marked so.
        if computed.iter().any(|c| c.contains(&quantity.span.start)) {
            continue;
        }
        match hold(quantity, line, &about, before, held) {
            Ok(source) => locked.push(Locked { quantity: quantity.clone(), source }),
            Err(flaw) => unsupported.push(Unsupported { text: quantity.text.clone(), flaw }),
        }
    }
    // What a passage is about (its machine, its heading) supports a code, never a value.
    for code in &wanted.codes {
        if !held.iter().any(|h| h.names(&code.key)) {
            unsupported.push(Unsupported { text: code.text.clone(), flaw: Flaw::Code });
        } else if !verbatim(draft, held)
            && (!owner::code_is_home(code, line, before, held) || owner::said_of_another(code, line, held))
        {
            unsupported.push(Unsupported { text: code.text.clone(), flaw: Flaw::Owner });
        }
    }
    (locked, unsupported)
}

/// Does the draft begin with the name of a field ("Setting: …")?
fn labelled(draft: &str) -> bool {
    draft.find([':', '：']).is_some_and(|at| at < 40)
}

/// The code that a stem stands for ("p202").
fn code_of(stem: &str) -> Option<Code> {
    let shaped = stem.starts_with(|c: char| c.is_ascii_alphabetic())
        && stem.ends_with(|c: char| c.is_ascii_digit())
        && stem.len() >= 3;
    shaped.then(|| Code { text: stem.to_owned(), key: quantity::code_key(stem), span: 0..0 })
}

/// Does a line hold `draft` as it stands? Then nothing in it changed its owner.
fn verbatim(draft: &str, held: &[Held]) -> bool {
    let draft = draft.trim().trim_end_matches(['.', '。', ';', ':', ',']);
    !draft.is_empty() && held.iter().flat_map(|h| &h.lines).any(|l| l.text.contains(draft))
}

/// The source that holds `wanted` of `draft`, or how near the nearest came.
fn hold(
    wanted: &Quantity,
    draft: &Line,
    about: &[Code],
    before: &[String],
    held: &[Held],
) -> Result<usize, Flaw> {
    let mut nearest = Flaw::Absent;
    // Later flaws in this list are nearer misses.
    let rank = |f: Flaw| {
        [
            Flaw::Absent,
            Flaw::Sign,
            Flaw::Unit,
            Flaw::Range,
            Flaw::Comparison,
            Flaw::Uncompared,
            Flaw::Tolerance,
            Flaw::Owner,
        ]
        .iter()
        .position(|x| *x == f)
    };
    let mut holders: Vec<(usize, usize, usize)> = Vec::new();
    // The value with a comparison on one side only: still somebody's.
    let mut loose: Vec<(usize, usize, usize)> = Vec::new();
    for (s, source) in held.iter().enumerate() {
        for (l, line) in source.lines.iter().enumerate() {
            let marked = |m: &f64| quantity::equal(*m, wanted.value);
            if wanted.ordinal && wanted.unit.is_none() && line.reading.markers.iter().any(marked) {
                return Ok(s);
            }
            for (i, have) in line.reading.quantities.iter().enumerate() {
                let found = compare(wanted, have, source.leaning)
                    .and_then(|()| if owned(about, &line.reading.codes) { Ok(()) } else { Err(Flaw::Owner) });
                match found {
                    Ok(()) => holders.push((s, l, i)),
                    Err(flaw) => {
                        if flaw == Flaw::Uncompared {
                            loose.push((s, l, i));
                        }
                        if rank(flaw) > rank(nearest) {
                            nearest = flaw;
                        }
                    }
                }
            }
        }
    }
    let Some(&(source, ..)) = holders.first() else {
        let elsewhere = !loose.is_empty() && !owner::value_is_home(wanted, draft, before, held, &loose);
        return Err(if elsewhere { Flaw::Owner } else { nearest });
    };
    if verbatim(&draft.text, held) || owner::value_is_home(wanted, draft, before, held, &holders) {
        Ok(source)
    } else {
        Err(Flaw::Owner)
    }
}

fn compare(wanted: &Quantity, have: &Quantity, leaning: Option<Bound>) -> Result<(), Flaw> {
    let same = quantity::equal(wanted.value, have.value);
    if !same && quantity::equal(wanted.value, -have.value) && wanted.symbol() == have.symbol() {
        return Err(Flaw::Sign);
    }
    let at_end = have.to.is_some_and(|to| quantity::equal(wanted.value, to));
    if !same && !at_end {
        return Err(Flaw::Absent);
    }
    // "-0" is no zero.
    if same && wanted.value == 0.0 && wanted.value.is_sign_negative() != have.value.is_sign_negative() {
        return Err(Flaw::Sign);
    }
    if !same_unit(wanted.symbol(), have.symbol()) {
        return Err(Flaw::Unit);
    }
    let same_end = match (wanted.to, have.to) {
        (None, None) => true,
        (Some(a), Some(b)) => quantity::equal(a, b),
        _ => false,
    };
    if !same || !same_end {
        return Err(Flaw::Range);
    }
    if wanted.bound != have.bound {
        // What the header compares ("greatest speed") the cell need not.
        let headed = have.bound == Bound::Exact && leaning == Some(wanted.bound);
        // What the header says is the greatest is not "at least".
        let heading = if have.bound == Bound::Exact { leaning.unwrap_or(Bound::Exact) } else { have.bound };
        let turned = wanted.bound != Bound::Exact && heading != Bound::Exact && heading != wanted.bound;
        if turned {
            return Err(Flaw::Comparison);
        } else if !headed {
            return Err(Flaw::Uncompared);
        }
    }
    match (wanted.tolerance, have.tolerance) {
        (None, Some(_)) if !quantity::equal(have.value, have.tolerance.unwrap_or_default()) => Ok(()),
        (None, None) => Ok(()),
        (Some(a), Some(b)) if quantity::equal(a, b) => Ok(()),
        _ => Err(Flaw::Tolerance),
    }
}

/// The same unit, or the same less fully named ("24 V" of "24 V DC").
fn same_unit(wanted: &str, have: &str) -> bool {
    wanted == have
        || !wanted.is_empty()
            && have
                .strip_prefix(wanted)
                .is_some_and(|rest| matches!(rest, " DC" | " AC" | "(g)" | "(a)" | "(A)"))
}

/// May a number of a segment that names `there` be said of the things `about`?
///
/// Codes are compared by kind (the letters they begin with): where draft and segment both
/// name thread sizes, they must share one; likewise valves, alarms and so on.
fn owned(about: &[Code], there: &[Code]) -> bool {
    about.iter().all(|code| {
        let mut kin = there.iter().filter(|c| c.prefix() == code.prefix()).peekable();
        kin.peek().is_none()
            || about
                .iter()
                .filter(|c| c.prefix() == code.prefix())
                .any(|c| there.iter().any(|t| t.key == c.key))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
pub(super) mod tests {
    use super::*;
    use crate::core::answer::source::tests::{prose, record};
    use crate::core::knowledge::passage::Passage;
    use proptest::prelude::*;

    pub fn flaws(draft: &str, passages: &[Passage]) -> Vec<Flaw> {
        let sources: Vec<_> = passages.iter().map(Source::of).collect();
        check(draft, &sources.iter().collect::<Vec<_>>()).1.into_iter().map(|u| u.flaw).collect()
    }

    #[test]
    fn what_the_passage_says_is_supported_in_any_spelling() {
        let p = [prose(
            "Tighten the M16 bolts to 195 ± 5 Nm. The alarm comes above 0.35 bar. Oil: 10–15 l at -20 °C. Three bolts hold it. Replace every 2,000 h.",
        )];
        for draft in [
            "Tighten the M16 bolts to 195 Nm.",
            "The torque is 195 newton metres plus or minus 5 Nm.",
            "The alarm comes when it is more than 0.35 bar.",
            "Fill 10 to 15 litres at minus 20 degrees Celsius.",
            "It has 3 bolts.",
            "Replace it every 2000 hours.",
            "On the PJ-40, tighten M16 to 195 Nm.",
        ] {
            assert_eq!(flaws(draft, &p), [], "{draft}");
        }
    }

    #[test]
    fn each_damage_has_its_name() {
        let p = [prose(
            "Tighten the M16 bolts to 195 ± 5 Nm. Tighten the M10 bolts to 49 Nm. The alarm E203 comes above 0.35 bar. Oil: 10–15 l at -20 °C. The pressure must not exceed 210 bar.",
        )];
        for (draft, flaw) in [
            ("Tighten to 159 Nm.", Flaw::Absent),
            ("Tighten to 195 bar.", Flaw::Unit),
            ("Tighten to 195.", Flaw::Unit),
            ("At 20 °C.", Flaw::Sign),
            ("Fill 10 l.", Flaw::Range),
            ("Fill 15 l.", Flaw::Range),
            ("Fill 10 to 16 l.", Flaw::Range),
            ("Tighten to 195 ± 6 Nm.", Flaw::Tolerance),
            ("The alarm comes below 0.35 bar.", Flaw::Comparison),
            ("The alarm comes at 0.35 bar.", Flaw::Uncompared),
            ("The pressure must exceed 210 bar.", Flaw::Comparison),
            ("Tighten at least to 195 Nm at least.", Flaw::Uncompared),
            ("Tighten the M10 bolts to 195 Nm.", Flaw::Owner),
            ("See alarm E204.", Flaw::Code),
            ("Tighten the M12 bolts.", Flaw::Code),
        ] {
            assert_eq!(flaws(draft, &p).first(), Some(&flaw), "{draft}");
        }
    }

    #[test]
    fn a_rows_value_stays_with_its_row() {
        let rows = [
            record(&[("Joint", "Flange bolt"), ("Thread", "M16"), ("Torque (Nm)", "195")]),
            record(&[("Joint", "Flange bolt"), ("Thread", "M10"), ("Torque (Nm)", "49")]),
        ];
        assert_eq!(flaws("The M16 takes 195 Nm.", &rows), []);
        assert_eq!(flaws("The M10 takes 195 Nm.", &rows), [Flaw::Owner]);
        assert_eq!(flaws("The M16 takes 49 Nm.", &rows), [Flaw::Owner]);
    }

    #[test]
    fn a_number_knows_its_source() {
        let passages = [prose("Set 5 bar."), prose("Wait 10 min.")];
        let sources: Vec<_> = passages.iter().map(Source::of).collect();
        let (locked, bad) = check("Wait 10 minutes at 5 bar.", &sources.iter().collect::<Vec<_>>());
        assert!(bad.is_empty());
        assert_eq!(locked.iter().map(|l| l.source).collect::<Vec<_>>(), [1, 0]);
    }

    #[test]
    fn step_numbers_are_held_by_list_markers() {
        let p = [prose("2. Close the valve.")];
        assert_eq!(flaws("Step 2 closes the valve.", &p), []);
        assert_eq!(flaws("Use 2 valves.", &p), [Flaw::Absent]);
    }

    proptest! {
        #[test]
        fn a_changed_digit_is_always_caught(value in 10u32..99_999, at in 0usize..5, by in 1u32..10, unit in proptest::sample::select(vec!["Nm", "bar", "mm", "°C", "h", "rpm"])) {
            let text = value.to_string();
            let at = at % text.len();
            let damaged: String = text.chars().enumerate().map(|(i, c)| {
                if i == at { char::from_digit((c.to_digit(10).unwrap() + by) % 10, 10).unwrap() } else { c }
            }).collect();
            let p = [prose(&format!("Set the drive to {value} {unit} and wait."))];
            let (right, wrong) = (format!("Set the drive to {value} {unit}."), format!("Set the drive to {damaged} {unit}."));
            prop_assert_eq!(flaws(&right, &p), []);
            prop_assert_ne!(flaws(&wrong, &p), []);
        }

        #[test]
        fn swapped_digits_units_and_comparisons_are_caught(value in 12u32..9_999, i in 0usize..4, unit in 0usize..5) {
            const UNITS: [&str; 5] = ["Nm", "bar", "mm", "°C", "h"];
            let p = [prose(&format!("The alarm comes above {value} {}.", UNITS[unit]))];
            let mut digits: Vec<char> = value.to_string().chars().collect();
            let i = i % (digits.len() - 1);
            let other = UNITS[(unit + 1) % 5];
            let (unit_changed, turned) = (format!("The alarm comes above {value} {other}."), format!("The alarm comes below {value} {}.", UNITS[unit]));
            prop_assert_ne!(flaws(&unit_changed, &p), []);
            prop_assert_ne!(flaws(&turned, &p), []);
            if digits[i] != digits[i + 1] {
                digits.swap(i, i + 1);
                let swapped: String = digits.into_iter().collect();
                let draft = format!("The alarm comes above {swapped} {}.", UNITS[unit]);
                prop_assert_ne!(flaws(&draft, &p), []);
            }
        }

        #[test]
        fn any_draft_against_any_passage_never_panics(draft in "(?s).{0,80}", text in "(?s).{1,80}") {
            let _ = flaws(&draft, &[prose(&text)]);
        }
    }
}
