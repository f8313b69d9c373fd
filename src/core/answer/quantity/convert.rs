//! A quantity in another unit, computed: bar and psi, °C and °F, Nm and lbf·ft, and the like.
//!
//! A converted value never stands alone. [`Converted::text`] writes it behind the original,
//! "195 Nm (143.8 lbf·ft, converted)", and [`stands`] accepts exactly that and nothing else,
//! so that a number which nobody computed cannot pass as one.

use super::unit::{self, Unit};
use super::{Quantity, equal, read};

/// How a unit relates to the base of its kind: `base = (value + shift) * factor`.
///
/// Factors: SI Brochure (BIPM, 9th edition) and NIST SP 811, appendix B.
const RATIOS: &[(&str, &str, f64, f64)] = &[
    ("Pa", "pressure", 1.0, 0.0),
    ("kPa", "pressure", 1e3, 0.0),
    ("MPa", "pressure", 1e6, 0.0),
    ("mbar", "pressure", 1e2, 0.0),
    ("bar", "pressure", 1e5, 0.0),
    ("psi", "pressure", 6_894.757_293_168, 0.0),
    ("°C", "temperature", 1.0, 273.15),
    ("°F", "temperature", 5.0 / 9.0, 459.67),
    ("K", "temperature", 1.0, 0.0),
    ("Nm", "torque", 1.0, 0.0),
    ("kNm", "torque", 1e3, 0.0),
    ("lbf·ft", "torque", 1.355_817_948_331_4, 0.0),
    ("lbf·in", "torque", 0.112_984_829_027_6, 0.0),
    ("µm", "length", 1e-6, 0.0),
    ("mm", "length", 1e-3, 0.0),
    ("cm", "length", 1e-2, 0.0),
    ("m", "length", 1.0, 0.0),
    ("km", "length", 1e3, 0.0),
    ("in", "length", 0.0254, 0.0),
    ("ft", "length", 0.3048, 0.0),
    ("ml", "volume", 1e-6, 0.0),
    ("l", "volume", 1e-3, 0.0),
    ("m³", "volume", 1.0, 0.0),
    ("gal", "volume", 3.785_411_784e-3, 0.0),
    ("l/min", "flow", 1e-3 / 60.0, 0.0),
    ("gpm", "flow", 3.785_411_784e-3 / 60.0, 0.0),
    ("g", "mass", 1e-3, 0.0),
    ("kg", "mass", 1.0, 0.0),
    ("t", "mass", 1e3, 0.0),
    ("lb", "mass", 0.453_592_37, 0.0),
    ("oz", "mass", 0.028_349_523_125, 0.0),
    ("W", "power", 1.0, 0.0),
    ("kW", "power", 1e3, 0.0),
    ("MW", "power", 1e6, 0.0),
    ("hp", "power", 745.699_871_582_27, 0.0),
];

/// A quantity with what it is in another unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Converted {
    /// As the manual has it.
    pub original: String,
    /// In the unit asked for, rounded: "143.8", or "145 to 218" for a range.
    pub value: String,
    /// That unit's symbol.
    pub symbol: String,
}

impl Converted {
    /// "195 Nm (143.8 lbf·ft, converted)".
    pub fn text(&self) -> String {
        format!("{} ({} {}, {MARK})", self.original, self.value, self.symbol)
    }
}

/// The word that says that a value was computed.
pub const MARK: &str = "converted";

/// `quantity` in the unit `to`, with its range and tolerance; `None` where it has no unit, the
/// two do not measure the same, or they are the same.
///
/// Rounded to one significant digit more than the original was written with, at least three:
/// enough to lose nothing that the manual says, no more than it can mean.
pub fn convert(quantity: &Quantity, to: &Unit) -> Option<Converted> {
    let from = quantity.unit.as_ref()?;
    if from.symbol == to.symbol {
        return None;
    }
    let places = places(&quantity.text, quantity, &from.symbol, &to.symbol)?;
    let one = |value: f64| computed(value, &from.symbol, &to.symbol).map(|v| decimal(v, places));
    let mut value = one(quantity.value)?;
    if let Some(far) = quantity.to {
        value = format!("{value} to {}", one(far)?);
    }
    if let Some(tolerance) = quantity.tolerance {
        // A difference has no zero point: "± 5 °C" is "± 9 °F".
        let (_, _, factor, _) = row(&from.symbol)?;
        let (_, _, per, _) = row(&to.symbol)?;
        value = format!("{value} ± {}", decimal(tolerance * factor / per, places));
    }
    Some(Converted { original: quantity.text.clone(), value, symbol: to.symbol.clone() })
}

/// The quantities of `text` whose converted form follows them, and where the bracket with the
/// computed value stands: those of its numbers that need no passage because code computed
/// them from the number before.
pub fn stands(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut all = Vec::new();
    let quantities = read(text).quantities;
    for original in &quantities {
        let Some(rest) = text.get(original.span.end..) else { continue };
        let Some(inner) = rest.strip_prefix(" (") else { continue };
        let Some(end) = inner.find(')') else { continue };
        let Some(body) = inner.get(..end) else { continue };
        let Some(value) = body.strip_suffix(MARK).and_then(|b| b.trim_end().strip_suffix(',')) else {
            continue;
        };
        let symbol = value.rsplit(' ').next().and_then(unit::whole);
        let right = symbol.and_then(|unit| convert(original, &unit));
        if right.is_some_and(|right| format!("{} {}", right.value, right.symbol) == value) {
            let start = original.span.end + 2;
            all.push(start..start + body.len());
        }
    }
    all
}

fn row(symbol: &str) -> Option<&'static (&'static str, &'static str, f64, f64)> {
    RATIOS.iter().find(|r| r.0 == symbol)
}

fn computed(value: f64, from: &str, to: &str) -> Option<f64> {
    let (a, b) = (row(from)?, row(to)?);
    (a.1 == b.1).then(|| (value + a.3) * a.2 / b.2 - b.3)
}

/// Decimal places for all numbers of the converted quantity. `None` where the units differ
/// in kind.
fn places(written: &str, quantity: &Quantity, from: &str, to: &str) -> Option<i32> {
    let digits =
        |number: &str| number.trim_start_matches(['0', '.', ',']).bytes().filter(u8::is_ascii_digit).count();
    let significant =
        written.split(|c: char| !(c.is_ascii_digit() || c == '.' || c == ',')).map(digits).max().unwrap_or(0);
    let largest = [Some(quantity.value), quantity.to]
        .into_iter()
        .flatten()
        .filter_map(|v| computed(v, from, to))
        .fold(None, |top: Option<f64>, v| Some(top.map_or(v.abs(), |t| t.max(v.abs()))))?;
    let wanted = (significant as i32 + 1).clamp(3, 6);
    let whole = if largest > 0.0 { largest.log10().floor() as i32 + 1 } else { 1 };
    // A temperature keeps the places it was written with and one more, not its digits: zero
    // lies elsewhere.
    if matches!(to, "°C" | "°F" | "K") {
        let written = written
            .split_once(['.', ','])
            .map_or(0, |(_, d)| d.bytes().take_while(u8::is_ascii_digit).count());
        return Some(written as i32 + 1);
    }
    Some((wanted - whole).clamp(-3, 6))
}

/// `value` with so many places, without zeros that say nothing.
fn decimal(value: f64, places: i32) -> String {
    let step = 10f64.powi(places);
    let rounded = (value * step).round() / step;
    let text = format!("{rounded:.*}", usize::try_from(places).unwrap_or(0));
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if equal(rounded, 0.0) { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn to(text: &str, symbol: &str) -> Option<String> {
        let quantity = read(text).quantities.remove(0);
        convert(&quantity, &unit::whole(symbol).unwrap()).map(|c| c.text())
    }

    #[test]
    fn conversions_keep_the_digits_that_the_manual_has() {
        for (text, symbol, want) in [
            ("195 Nm", "lbf·ft", "195 Nm (143.8 lbf·ft, converted)"),
            ("0.35 bar", "psi", "0.35 bar (5.08 psi, converted)"),
            ("210 bar", "MPa", "210 bar (21 MPa, converted)"),
            ("350 kPa", "bar", "350 kPa (3.5 bar, converted)"),
            ("80 °C", "°F", "80 °C (176 °F, converted)"),
            ("-20 °C", "°F", "-20 °C (-4 °F, converted)"),
            ("100 °F", "°C", "100 °F (37.8 °C, converted)"),
            ("25 mm", "in", "25 mm (0.984 in, converted)"),
            ("10 l", "gal", "10 l (2.64 gal, converted)"),
            ("780 kg", "lb", "780 kg (1720 lb, converted)"),
            ("37 kW", "hp", "37 kW (49.6 hp, converted)"),
            ("10 to 15 bar", "psi", "10 to 15 bar (145 to 218 psi, converted)"),
            ("195 ± 5 Nm", "lbf·ft", "195 ± 5 Nm (143.8 ± 3.7 lbf·ft, converted)"),
            ("20 ± 5 °C", "°F", "20 ± 5 °C (68 ± 9 °F, converted)"),
        ] {
            assert_eq!(to(text, symbol).as_deref(), Some(want), "{text}");
        }
        assert_eq!(to("195 Nm", "bar"), None, "another kind");
        assert_eq!(to("195 Nm", "Nm"), None, "the same");
        assert_eq!(to("3 bolts", "mm"), None, "no unit");
    }

    #[test]
    fn only_the_computed_value_stands_and_only_behind_the_original() {
        let stand = |t: &str| stands(t).len();
        assert_eq!(stand("Tighten to 195 Nm (143.8 lbf·ft, converted)."), 1);
        for wrong in [
            "Tighten to 195 Nm (143.9 lbf·ft, converted).",
            "Tighten to 195 Nm (143.8 lbf·in, converted).",
            "Tighten to 195 Nm (143.8 lbf·ft).",
            "Tighten to 143.8 lbf·ft (converted).",
            "Tighten to 195 Nm, 143.8 lbf·ft, converted.",
        ] {
            assert_eq!(stand(wrong), 0, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn there_and_back_is_the_same(value in 1u32..100_000, pair in proptest::sample::select(vec![("bar", "psi"), ("Nm", "lbf·ft"), ("mm", "in"), ("l", "gal"), ("kg", "lb"), ("kW", "hp"), ("°C", "°F")])) {
            let there = computed(f64::from(value), pair.0, pair.1).unwrap();
            let back = computed(there, pair.1, pair.0).unwrap();
            prop_assert!((back - f64::from(value)).abs() < 1e-6 * f64::from(value));
        }

        #[test]
        fn what_it_writes_stands(value in 1u32..9_999, unit in proptest::sample::select(vec![("bar", "psi"), ("Nm", "lbf·ft"), ("mm", "in"), ("°C", "°F")])) {
            let text = to(&format!("{value} {}", unit.0), unit.1).unwrap();
            prop_assert_eq!(stands(&text).len(), 1, "{}", text);
        }

        #[test]
        fn any_text_is_looked_at_without_a_panic(text in "(?s).{0,80}") {
            let _ = stands(&text);
        }
    }
}
