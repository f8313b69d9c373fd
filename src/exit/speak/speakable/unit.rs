//! Units of measure as English words. A unit is looked up as it is written, upper and
//! lower case apart: "mA" is not "MA", and "S" is not "s".

/// One and many of a unit, before any "per …".
struct Name {
    one: String,
    many: String,
}

/// (symbol, one, many). Prefixed forms of [`PREFIXABLE`] units are composed, not listed.
const UNITS: &[(&str, &str, &str)] = &[
    ("%", "percent", "percent"),
    ("‰", "per mille", "per mille"),
    ("ppm", "part per million", "parts per million"),
    ("°", "degree", "degrees"),
    ("°C", "degree Celsius", "degrees Celsius"),
    ("ºC", "degree Celsius", "degrees Celsius"),
    ("℃", "degree Celsius", "degrees Celsius"),
    ("degC", "degree Celsius", "degrees Celsius"),
    ("°F", "degree Fahrenheit", "degrees Fahrenheit"),
    ("ºF", "degree Fahrenheit", "degrees Fahrenheit"),
    ("℉", "degree Fahrenheit", "degrees Fahrenheit"),
    ("K", "kelvin", "kelvins"),
    ("bar", "bar", "bar"),
    ("mbar", "millibar", "millibar"),
    ("psi", "psi", "psi"),
    ("in", "inch", "inches"),
    ("″", "inch", "inches"),
    ("\"", "inch", "inches"),
    ("ft", "foot", "feet"),
    ("mi", "mile", "miles"),
    ("lb", "pound", "pounds"),
    ("lbs", "pound", "pounds"),
    ("lbf", "pound force", "pounds force"),
    ("ft-lb", "foot pound", "foot pounds"),
    ("ft·lb", "foot pound", "foot pounds"),
    ("lb-ft", "pound foot", "pound feet"),
    ("lbf·ft", "pound foot", "pound feet"),
    ("in-lb", "inch pound", "inch pounds"),
    ("gal", "gallon", "gallons"),
    ("gpm", "gallon per minute", "gallons per minute"),
    ("cfm", "cubic foot per minute", "cubic feet per minute"),
    ("hp", "horsepower", "horsepower"),
    ("t", "tonne", "tonnes"),
    ("min", "minute", "minutes"),
    ("mins", "minute", "minutes"),
    ("h", "hour", "hours"),
    ("hr", "hour", "hours"),
    ("hrs", "hour", "hours"),
    ("sec", "second", "seconds"),
    ("rpm", "revolution per minute", "revolutions per minute"),
    ("RPM", "revolution per minute", "revolutions per minute"),
    ("r/min", "revolution per minute", "revolutions per minute"),
    ("U/min", "revolution per minute", "revolutions per minute"),
    ("1/min", "revolution per minute", "revolutions per minute"),
    ("min⁻¹", "revolution per minute", "revolutions per minute"),
    ("min^-1", "revolution per minute", "revolutions per minute"),
    ("min-1", "revolution per minute", "revolutions per minute"),
    ("Nm", "newton metre", "newton metres"),
    ("kNm", "kilonewton metre", "kilonewton metres"),
    ("Ncm", "newton centimetre", "newton centimetres"),
    ("cSt", "centistokes", "centistokes"),
    ("VA", "volt ampere", "volt amperes"),
    ("kVA", "kilovolt ampere", "kilovolt amperes"),
    ("Ah", "ampere hour", "ampere hours"),
    ("mAh", "milliampere hour", "milliampere hours"),
    ("Wh", "watt hour", "watt hours"),
    ("kWh", "kilowatt hour", "kilowatt hours"),
    ("VDC", "volt DC", "volts DC"),
    ("Vdc", "volt DC", "volts DC"),
    ("VAC", "volt AC", "volts AC"),
    ("Vac", "volt AC", "volts AC"),
    ("dB", "decibel", "decibels"),
    ("dB(A)", "decibel A", "decibels A"),
    ("dBA", "decibel A", "decibels A"),
    ("ohm", "ohm", "ohms"),
    ("ohms", "ohm", "ohms"),
    ("kohm", "kilohm", "kilohms"),
    ("baud", "baud", "baud"),
    ("px", "pixel", "pixels"),
    ("kB", "kilobyte", "kilobytes"),
    ("MB", "megabyte", "megabytes"),
    ("GB", "gigabyte", "gigabytes"),
];

/// Units that take an SI prefix: (symbol, one, many).
const PREFIXABLE: &[(&str, &str, &str)] = &[
    ("m", "metre", "metres"),
    ("g", "gram", "grams"),
    ("s", "second", "seconds"),
    ("A", "ampere", "amperes"),
    ("V", "volt", "volts"),
    ("W", "watt", "watts"),
    ("N", "newton", "newtons"),
    ("Pa", "pascal", "pascals"),
    ("J", "joule", "joules"),
    ("Hz", "hertz", "hertz"),
    ("Ω", "ohm", "ohms"),
    ("Ω", "ohm", "ohms"), // U+2126 OHM SIGN beside U+03A9
    ("F", "farad", "farads"),
    ("l", "litre", "litres"),
    ("L", "litre", "litres"),
];

const PREFIXES: &[(&str, &str)] = &[
    ("", ""),
    ("k", "kilo"),
    ("M", "mega"),
    ("G", "giga"),
    ("m", "milli"),
    ("c", "centi"),
    ("d", "deci"),
    ("µ", "micro"),
    ("μ", "micro"),
    ("n", "nano"),
    ("p", "pico"),
];

fn atom(symbol: &str) -> Option<Name> {
    if let Some((_, one, many)) = UNITS.iter().find(|(s, ..)| *s == symbol) {
        return Some(Name { one: (*one).to_owned(), many: (*many).to_owned() });
    }
    // A bare "F" is far more often a letter or Fahrenheit than one farad.
    if symbol == "F" {
        return None;
    }
    PREFIXABLE.iter().find_map(|(base, one, many)| {
        let (_, prefix) = PREFIXES.iter().find(|(p, _)| symbol.strip_suffix(base) == Some(p))?;
        Some(Name { one: format!("{prefix}{one}"), many: format!("{prefix}{many}") })
    })
}

/// An atom with an exponent ("m³", "mm2", "s²") or a product ("N·m").
fn factor(text: &str) -> Option<Name> {
    if let Some(name) = atom(text) {
        return Some(name);
    }
    for (marks, word) in [(["²", "^2", "2"], "square"), (["³", "^3", "3"], "cubic")] {
        if let Some(name) = marks.iter().find_map(|m| text.strip_suffix(m)).and_then(atom) {
            let (one, many) = (name.one, name.many);
            return Some(match (word, one.ends_with("second")) {
                (_, true) => Name { one: format!("{one} squared"), many: format!("{many} squared") },
                _ => Name { one: format!("{word} {one}"), many: format!("{word} {many}") },
            });
        }
    }
    let (a, b) = text.split_once(['·', '⋅', '*', '.'])?;
    let (a, b) = (atom(a)?, atom(b)?);
    Some(Name { one: format!("{} {}", a.one, b.one), many: format!("{} {}", a.one, b.many) })
}

/// The words of a unit: singular where the amount is exactly one.
///
/// `None` means that `symbol` is no unit known here.
pub(super) fn words(symbol: &str, one: bool) -> Option<String> {
    let pick = |n: Name| if one { n.one } else { n.many };
    if let Some(name) = factor(symbol) {
        return Some(pick(name));
    }
    let (above, below) = symbol.split_once('/')?;
    Some(format!("{} per {}", pick(factor(above)?), factor(below)?.one))
}

/// Whether a unit stands alone as one ("torque in Nm"), with no number before it: only
/// those that cannot be mistaken for a word or an abbreviation of something else.
pub(super) fn stands_alone(symbol: &str) -> bool {
    let marked = symbol.chars().skip(1).any(|c| c.is_ascii_uppercase() || c == '/')
        || symbol.contains(['°', 'µ', 'μ', 'Ω', '²', '³', '·', '℃', '℉', '%', '⁻']);
    let known = ["Nm", "mm", "cm", "km", "kg", "rpm", "psi", "kPa", "MPa", "Hz"].contains(&symbol);
    // "VA", "MB" and the like are also abbreviations of other things.
    let ambiguous = symbol.len() == 2 && symbol.chars().all(|c| c.is_ascii_uppercase());
    (marked || known) && !ambiguous
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_spelt_out() {
        for (symbol, many) in [
            ("Nm", "newton metres"),
            ("N·m", "newton metres"),
            ("kN", "kilonewtons"),
            ("bar", "bar"),
            ("mm", "millimetres"),
            ("µm", "micrometres"),
            ("μm", "micrometres"),
            ("°C", "degrees Celsius"),
            ("°F", "degrees Fahrenheit"),
            ("kW", "kilowatts"),
            ("kV", "kilovolts"),
            ("mA", "milliamperes"),
            ("MA", "megaamperes"),
            ("Hz", "hertz"),
            ("kHz", "kilohertz"),
            ("rpm", "revolutions per minute"),
            ("min⁻¹", "revolutions per minute"),
            ("l/min", "litres per minute"),
            ("L/min", "litres per minute"),
            ("kg", "kilograms"),
            ("MPa", "megapascals"),
            ("ms", "milliseconds"),
            ("Ω", "ohms"),
            ("kΩ", "kiloohms"),
            ("MΩ", "megaohms"),
            ("m/s", "metres per second"),
            ("m/s²", "metres per second squared"),
            ("mm/s", "millimetres per second"),
            ("m³/h", "cubic metres per hour"),
            ("N/mm²", "newtons per square millimetre"),
            ("mm2", "square millimetres"),
            ("dB(A)", "decibels A"),
            ("g/cm³", "grams per cubic centimetre"),
            ("%", "percent"),
        ] {
            assert_eq!(words(symbol, false).as_deref(), Some(many), "{symbol}");
        }
        assert_eq!(words("mm", true).as_deref(), Some("millimetre"));
        assert_eq!(words("l/min", true).as_deref(), Some("litre per minute"));
    }

    #[test]
    fn words_and_codes_are_not_units() {
        for text in ["and/or", "bolt", "F", "E", "", "/", "m/", "/s", "·", "x", "Mm3s"] {
            assert_eq!(words(text, false), None, "{text}");
        }
        assert!(stands_alone("Nm") && stands_alone("l/min"));
        assert!(!stands_alone("in") && !stands_alone("bar") && !stands_alone("A") && !stands_alone("min"));
    }
}
