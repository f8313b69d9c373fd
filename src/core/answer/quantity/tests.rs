#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;
use proptest::prelude::*;

fn one(text: &str) -> Quantity {
    let mut all = read(text).quantities;
    assert_eq!(all.len(), 1, "{text}: {all:?}");
    all.remove(0)
}

/// Value, far end, tolerance, unit.
fn shape(text: &str) -> (f64, Option<f64>, Option<f64>, String) {
    let q = one(text);
    (q.value, q.to, q.tolerance, q.symbol().to_owned())
}

#[test]
fn values_and_units() {
    for (text, value, unit) in [
        ("Tighten to 195 Nm.", 195.0, "Nm"),
        ("195Nm", 195.0, "Nm"),
        ("195 N·m", 195.0, "Nm"),
        ("195 newton metres", 195.0, "Nm"),
        ("one hundred ninety five newton meters", 195.0, "Nm"),
        ("0.35 bar", 0.35, "bar"),
        ("0,35 bar", 0.35, "bar"),
        ("1,000 h", 1000.0, "h"),
        ("1 000 h", 1000.0, "h"),
        ("10 000 hours", 10_000.0, "h"),
        ("1.000,5 kg", 1000.5, "kg"),
        ("1,000.5 kg", 1000.5, "kg"),
        ("-20 °C", -20.0, "°C"),
        ("−20 °C", -20.0, "°C"),
        ("minus 20 degrees Celsius", -20.0, "°C"),
        ("minus twenty degrees celsius", -20.0, "°C"),
        ("a temperature of +40 °C", 40.0, "°C"),
        ("three bolts", 3.0, ""),
        ("3 bolts", 3.0, ""),
        ("24VDC", 24.0, "V DC"),
        ("3/4 in", 0.75, "in"),
        ("1 1/2 inch", 1.5, "in"),
        ("½ turn", 0.5, ""),
        ("60 %", 60.0, "%"),
        ("3-phase motor", 3.0, ""),
        ("a 10-bar valve", 10.0, "bar"),
        ("5 mm\nper turn", 5.0, "mm/turn"),
        ("12 l/min", 12.0, "l/min"),
        ("Tighten to\n195 Nm", 195.0, "Nm"),
        ("195\nNm", 195.0, "Nm"),
    ] {
        let q = one(text);
        assert!(equal(q.value, value), "{text}: {q:?}");
        assert_eq!(q.symbol(), unit, "{text}");
        assert_eq!(q.to, None, "{text}");
    }
}

#[test]
fn ranges_and_tolerances() {
    for (text, want) in [
        ("10–15 bar", (10.0, Some(15.0), None, "bar")),
        ("10-15 bar", (10.0, Some(15.0), None, "bar")),
        ("10 - 15 bar", (10.0, Some(15.0), None, "bar")),
        ("10 to 15 bar", (10.0, Some(15.0), None, "bar")),
        ("10 bar to 15 bar", (10.0, Some(15.0), None, "bar")),
        ("between 10 and 15 bar", (10.0, Some(15.0), None, "bar")),
        ("from -20 to +60 °C", (-20.0, Some(60.0), None, "°C")),
        ("-20…60 °C", (-20.0, Some(60.0), None, "°C")),
        ("-30 to -10 °C", (-30.0, Some(-10.0), None, "°C")),
        ("two to three millimetres", (2.0, Some(3.0), None, "mm")),
        ("195 ± 5 Nm", (195.0, None, Some(5.0), "Nm")),
        ("195 Nm ± 5 Nm", (195.0, None, Some(5.0), "Nm")),
        ("195 Nm +/- 5 %", (195.0, None, Some(5.0), "Nm")),
        ("195 Nm plus or minus 5 Nm", (195.0, None, Some(5.0), "Nm")),
        ("195 Nm (±5 Nm)", (195.0, None, Some(5.0), "Nm")),
    ] {
        let (value, to, tolerance, unit) = shape(text);
        assert_eq!((value, to, tolerance, unit.as_str()), want, "{text}");
    }
}

#[test]
fn two_values_that_are_no_range() {
    let all = read("Use 4 bolts to hold 10 mm plates, then 15 bar").quantities;
    assert_eq!(
        all.iter().map(|q| (q.value, q.to)).collect::<Vec<_>>(),
        [(4.0, None), (10.0, None), (15.0, None)]
    );
    let sizes = read("a plate of 10 x 20 mm").quantities;
    assert_eq!(sizes.iter().map(Quantity::symbol).collect::<Vec<_>>(), ["mm", "mm"]);
}

#[test]
fn comparisons() {
    use Bound::{Exact, Least, Most};
    for (text, want) in [
        ("above 0.35 bar", Least),
        ("more than 10 mm", Least),
        ("at least 3 bolts", Least),
        ("minimum 10 bar", Least),
        ("min. 10 bar", Least),
        ("≥ 10 bar", Least),
        (">= 10 bar", Least),
        ("> 10 bar", Least),
        ("10 bar or more", Least),
        ("10 bar min.", Least),
        ("must not fall below 10 bar", Least),
        ("not less than 10 bar", Least),
        ("exceeds 80 °C", Least),
        ("below 0.35 bar", Most),
        ("less than 10 mm", Most),
        ("at most 3 bolts", Most),
        ("The maximum working pressure is 210 bar", Most),
        ("Max. pressure: 210 bar", Most),
        ("max. 210 bar", Most),
        ("must not exceed 210 bar", Most),
        ("must never be above 210 bar", Most),
        ("no more than 210 bar", Most),
        ("don't exceed 210 bar", Most),
        ("up to 210 bar", Most),
        ("≤ 210 bar", Most),
        ("210 bar or less", Most),
        ("210 bar (max.)", Most),
        ("within 10 minutes", Most),
        ("Tighten to 195 Nm", Exact),
        ("Never run it. Set 10 bar", Exact),
        ("over the flange bolt, 10 mm", Exact),
    ] {
        assert_eq!(one(text).bound, want, "{text}");
    }
}

#[test]
fn codes_are_codes_and_not_numbers() {
    for (text, keys) in [
        ("Alarm E203 on the PJ-40", vec!["E203", "PJ40"]),
        ("F-37 and F 38", vec!["F37", "F38"]),
        ("M16 x 2 bolts", vec!["M16"]),
        ("oil 10W-40, ISO VG46", vec!["10W40", "VG46"]),
        ("section 4.2.1", vec!["4.2.1"]),
        ("part 4021-33-7", vec!["4021337"]),
        ("on 2024-05-13", vec!["20240513"]),
        ("E203-E207", vec!["E203", "E207"]),
        ("V1.2", vec!["V1.2"]),
        ("valves V1/V2", vec!["V1", "V2"]),
    ] {
        assert_eq!(read(text).codes.iter().map(|c| c.key.as_str()).collect::<Vec<_>>(), keys, "{text}");
    }
    assert!(read("A 5 mm gap").codes.is_empty());
    assert!(read("Alarm E203 on the PJ-40").quantities.is_empty());
    assert_eq!(read("P 5 bar").quantities.len(), 1);
}

#[test]
fn list_markers_ordinals_and_lone_one_are_no_quantities() {
    for text in [
        "1. Close the valve.",
        "Do this:\n2. Open it.\n3) Wait.",
        "the 3rd bolt",
        "one of them",
        "Close it. 2. Open it.",
    ] {
        assert!(read(text).quantities.is_empty(), "{text}: {:?}", read(text).quantities);
    }
    assert_eq!(read("Do this:\n2. Open it.\n3) Wait.").markers, [2.0, 3.0]);
    assert_eq!(one("Set the value to 12.").value, 12.0);
    assert_eq!(one("Torque: 195.").value, 195.0);
    assert_eq!(one("one litre").value, 1.0);
    assert!(one("Repeat step 3").ordinal);
}

proptest! {
    #[test]
    fn reading_never_panics_and_spans_lie_in_the_text(text in "(?s).{0,160}") {
        for q in read(&text).quantities {
            prop_assert!(text.get(q.span.clone()).is_some());
        }
    }

    #[test]
    fn technical_looking_noise_never_panics(text in "[0-9 .,/±\u{a0}–−°CNmbarEMx()\\n:;|+-]{0,80}") {
        let _ = read(&text);
    }

    #[test]
    fn a_number_survives_its_writing(value in 0u32..1_000_000, unit in proptest::sample::select(vec!["Nm", "bar", "mm", "°C"])) {
        let q = one(&format!("Set it to {value} {unit}."));
        prop_assert_eq!(q.value, f64::from(value));
        prop_assert_eq!(q.symbol(), unit);
    }
}
