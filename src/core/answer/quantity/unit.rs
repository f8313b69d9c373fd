//! Units of measure as manuals and people write them, one symbol for each.
//!
//! Nothing is converted here: bar and MPa are different units, "newton metres" and "N·m"
//! are the same.

use std::sync::OnceLock;

/// What a unit measures; used to see whether a passage speaks of what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// Tightening torque.
    Torque,
    /// Pressure.
    Pressure,
    /// Length, clearance, diameter.
    Length,
    /// Area.
    Area,
    /// Volume.
    Volume,
    /// Mass.
    Mass,
    /// Force.
    Force,
    /// Temperature.
    Temperature,
    /// Angle.
    Angle,
    /// Time, interval.
    Time,
    /// Speed along a path.
    Speed,
    /// Speed of rotation.
    Rotation,
    /// Volume per time.
    Flow,
    /// Electric tension.
    Voltage,
    /// Electric current.
    Current,
    /// Electric resistance.
    Resistance,
    /// Power.
    Power,
    /// Energy and charge.
    Energy,
    /// Frequency.
    Frequency,
    /// Viscosity.
    Viscosity,
    /// Loudness, gain.
    Level,
    /// Part of a whole.
    Share,
    /// Any other compound.
    Other,
}

/// A unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// One symbol for all its spellings.
    pub symbol: String,
    /// What it measures.
    pub dimension: Dimension,
}

/// One row of the table: symbol, dimension, spellings where case counts, spellings where
/// it does not. A blank in a spelling stands for a blank or a hyphen.
type Row = (&'static str, Dimension, &'static [&'static str], &'static [&'static str]);

#[rustfmt::skip]
const TABLE: &[Row] = {
    use Dimension::*;
    &[
        ("Nm", Torque, &["Nm", "N·m", "N⋅m", "N•m", "N.m", "N*m", "N m", "牛米", "牛·米"], &["newton metres", "newton metre", "newton meters", "newton meter", "newtonmeters", "newtonmeter", "newtonmetres", "newtonmetre", "newton metros", "newtons metro"]),
        ("kNm", Torque, &["kNm", "kN·m", "kN⋅m", "kN m"], &["kilonewton metres", "kilonewton meters"]),
        ("lbf·ft", Torque, &["lbf·ft", "lbf ft", "ft lbf", "ft·lbf", "ft·lb", "ft lb", "ft lbs", "lb ft", "lbs ft", "lb·ft"], &["foot pounds", "foot pound", "pound feet", "pound foot"]),
        ("lbf·in", Torque, &["lbf·in", "lbf in", "in lbf", "in lb", "in lbs", "lb in"], &["inch pounds", "inch pound"]),
        ("bar", Pressure, &["bar", "巴"], &["bar", "bars", "bares"]),
        ("bar(g)", Pressure, &["barg", "bar(g)", "bar g"], &["bar gauge"]),
        ("bar(a)", Pressure, &["bara", "bar(a)", "bar abs"], &["bar absolute"]),
        ("mbar", Pressure, &["mbar"], &["millibar", "millibars"]),
        ("Pa", Pressure, &["Pa"], &["pascal", "pascals"]),
        ("kPa", Pressure, &["kPa", "千帕"], &["kilopascal", "kilopascals"]),
        ("MPa", Pressure, &["MPa", "兆帕"], &["megapascal", "megapascals"]),
        ("psi", Pressure, &["psi", "PSI", "lbf/in²"], &["pounds per square inch", "pound per square inch"]),
        ("µm", Length, &["µm", "μm", "um"], &["micron", "microns", "micrometre", "micrometres", "micrometer", "micrometers"]),
        ("mm", Length, &["mm", "毫米"], &["millimetre", "millimetres", "millimeter", "millimeters", "milímetros", "milímetro"]),
        ("cm", Length, &["cm", "厘米"], &["centimetre", "centimetres", "centimeter", "centimeters", "centímetros"]),
        ("m", Length, &["m", "米"], &["metre", "metres", "meter", "meters", "metros", "metro"]),
        ("km", Length, &["km", "公里", "千米"], &["kilometre", "kilometres", "kilometer", "kilometers", "kilómetros"]),
        ("in", Length, &["in", "″"], &["inch", "inches", "pulgadas", "pulgada"]),
        ("ft", Length, &["ft"], &["foot", "feet"]),
        ("mm²", Area, &["mm²", "mm2", "mm^2"], &["square millimetres", "square millimeters", "square millimetre", "square millimeter"]),
        ("cm²", Area, &["cm²", "cm2", "cm^2"], &["square centimetres", "square centimeters"]),
        ("m²", Area, &["m²", "m2", "m^2"], &["square metres", "square meters", "square metre", "square meter"]),
        ("ml", Volume, &["ml", "mL", "毫升"], &["millilitre", "millilitres", "milliliter", "milliliters"]),
        ("cm³", Volume, &["cm³", "cm3", "cm^3", "ccm"], &["cubic centimetres", "cubic centimeters"]),
        ("l", Volume, &["l", "L", "ltr", "升"], &["litre", "litres", "liter", "liters", "litros", "litro"]),
        ("m³", Volume, &["m³", "m3", "m^3"], &["cubic metres", "cubic meters", "cubic metre", "cubic meter"]),
        ("gal", Volume, &["gal"], &["gallon", "gallons"]),
        ("mg", Mass, &["mg"], &["milligram", "milligrams"]),
        ("g", Mass, &["g", "克"], &["gram", "grams", "gramos", "gramo"]),
        ("kg", Mass, &["kg", "公斤", "千克"], &["kilogram", "kilograms", "kilo", "kilos", "kilogramos"]),
        ("t", Mass, &["t", "吨"], &["tonne", "tonnes", "toneladas"]),
        ("lb", Mass, &["lb", "lbs"], &["pound", "pounds"]),
        ("oz", Mass, &["oz"], &["ounce", "ounces"]),
        ("N", Force, &["N"], &["newton", "newtons"]),
        ("kN", Force, &["kN"], &["kilonewton", "kilonewtons"]),
        ("°C", Temperature, &["°C", "° C", "º C", "ºC", "℃", "deg C", "degC", "C", "摄氏度"], &["degrees celsius", "degree celsius", "degrees c", "degrees centigrade", "celsius", "centigrade", "grados celsius", "grados centígrados"]),
        ("°F", Temperature, &["°F", "° F", "℉", "deg F", "degF", "F"], &["degrees fahrenheit", "degree fahrenheit", "degrees f", "fahrenheit"]),
        ("K", Temperature, &["K"], &["kelvin"]),
        ("°", Angle, &["°", "deg", "度"], &["degrees", "degree", "grados", "grado"]),
        ("ms", Time, &["ms", "毫秒"], &["millisecond", "milliseconds", "milisegundos"]),
        ("s", Time, &["s", "秒", "秒钟"], &["sec", "secs", "second", "seconds", "segundos", "segundo"]),
        ("min", Time, &["min", "分钟"], &["mins", "minute", "minutes", "minutos", "minuto"]),
        ("h", Time, &["h", "hr", "hrs", "小时", "个小时"], &["hour", "hours", "horas", "hora"]),
        ("d", Time, &["d", "天", "日"], &["day", "days", "días", "día"]),
        ("week", Time, &["wk", "周", "个星期", "星期"], &["week", "weeks", "semanas", "semana"]),
        ("month", Time, &["个月", "月"], &["month", "months", "meses", "mes"]),
        ("a", Time, &["yr", "yrs", "年"], &["year", "years", "años", "año"]),
        ("rpm", Rotation, &["rpm", "RPM", "r/min", "rev/min", "1/min", "min⁻¹", "min-1", "min^-1", "转/分", "转/分钟", "转每分"], &["revolutions per minute", "turns per minute", "revs per minute", "revoluciones por minuto"]),
        ("km/h", Speed, &["km/h", "kph"], &["kilometres per hour", "kilometers per hour"]),
        ("l/min", Flow, &["l/min", "L/min", "lpm", "LPM", "l min⁻¹", "升/分", "升/分钟"], &["litres per minute", "liters per minute", "litre per minute", "liter per minute", "litros por minuto"]),
        ("gpm", Flow, &["gpm", "GPM"], &["gallons per minute"]),
        ("mV", Voltage, &["mV"], &["millivolt", "millivolts"]),
        ("V", Voltage, &["V", "伏"], &["volt", "volts", "voltios"]),
        ("V DC", Voltage, &["V DC", "VDC", "Vdc"], &["volts dc"]),
        ("V AC", Voltage, &["V AC", "VAC", "Vac"], &["volts ac"]),
        ("kV", Voltage, &["kV"], &["kilovolt", "kilovolts"]),
        ("mA", Current, &["mA"], &["milliamp", "milliamps", "milliampere", "milliamperes"]),
        ("A", Current, &["A", "安"], &["amp", "amps", "ampere", "amperes", "amperios"]),
        ("kA", Current, &["kA"], &["kiloamps", "kiloamperes"]),
        ("Ω", Resistance, &["Ω", "Ω"], &["ohm", "ohms"]),
        ("kΩ", Resistance, &["kΩ", "kΩ"], &["kiloohm", "kiloohms", "kilohm", "kilohms"]),
        ("MΩ", Resistance, &["MΩ", "MΩ"], &["megaohm", "megaohms", "megohm", "megohms"]),
        ("W", Power, &["W"], &["watt", "watts"]),
        ("kW", Power, &["kW", "千瓦"], &["kilowatt", "kilowatts"]),
        ("MW", Power, &["MW"], &["megawatt", "megawatts"]),
        ("hp", Power, &["hp", "HP"], &["horsepower"]),
        ("kVA", Power, &["kVA"], &[]),
        ("J", Energy, &["J"], &["joule", "joules"]),
        ("kWh", Energy, &["kWh"], &["kilowatt hours", "kilowatt hour"]),
        ("Ah", Energy, &["Ah"], &["amp hours", "ampere hours"]),
        ("mAh", Energy, &["mAh"], &[]),
        ("Hz", Frequency, &["Hz", "赫兹"], &["hertz"]),
        ("kHz", Frequency, &["kHz"], &["kilohertz"]),
        ("MHz", Frequency, &["MHz"], &["megahertz"]),
        ("cSt", Viscosity, &["cSt"], &["centistokes"]),
        ("mm²/s", Viscosity, &["mm²/s", "mm2/s"], &["square millimetres per second"]),
        ("dB", Level, &["dB"], &["decibel", "decibels"]),
        ("dB(A)", Level, &["dB(A)", "dBA"], &[]),
        ("%", Share, &["%", "％"], &["percent", "per cent", "pct", "por ciento"]),
        ("ppm", Share, &["ppm"], &["parts per million"]),
    ]
};

/// Words that may stand after "per" without being units of their own.
const PER: &[&str] =
    &["turn", "revolution", "stroke", "cycle", "shift", "side", "bolt", "tooth", "blade", "phase"];

/// A spelling in the table.
struct Spelling {
    text: &'static str,
    exact: bool,
    row: usize,
}

/// All spellings, longest first, so that "bar(g)" is found before "bar".
fn spellings() -> &'static [Spelling] {
    static ALL: OnceLock<Vec<Spelling>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all = Vec::new();
        for (row, (_, _, exact, words)) in TABLE.iter().enumerate() {
            all.extend(exact.iter().map(|&text| Spelling { text, exact: true, row }));
            all.extend(words.iter().map(|&text| Spelling { text, exact: false, row }));
        }
        all.sort_by_key(|s| std::cmp::Reverse(s.text.len()));
        all
    })
}

/// The unit that `text` begins with, behind at most one line's blanks or a hyphen
/// ("10-bar valve"), and the number of bytes up to its end.
pub fn read(text: &str) -> Option<(Unit, usize)> {
    let body = text.trim_start_matches([' ', '\t', '\u{a0}', '\u{202f}', '\u{2009}']);
    let body = body
        .strip_prefix("\r\n")
        .or_else(|| body.strip_prefix('\n'))
        .map_or(body, |b| b.trim_start_matches(' '));
    let body = match body.strip_prefix('-') {
        Some(after) if body.len() == text.len() => after,
        _ => body,
    };
    let lead = text.len() - body.len();
    let (row, len) = atom(body)?;
    let (symbol, dimension) = (TABLE.get(row)?.0, TABLE.get(row)?.1);
    // "in sequence" is no inch.
    if symbol == "in" && body.starts_with("in") && !body.starts_with("inch") {
        let after = &body[len..];
        if after.starts_with([' ', '\n']) && after.trim_start().starts_with(char::is_alphabetic) {
            return None;
        }
    }
    if let Some((below, used)) = denominator(&body[len..]) {
        let dimension = match (dimension, below.1) {
            (Dimension::Length, Dimension::Time) => Dimension::Speed,
            (Dimension::Volume, Dimension::Time) => Dimension::Flow,
            (Dimension::Force, Dimension::Area) => Dimension::Pressure,
            _ => Dimension::Other,
        };
        return Some((Unit { symbol: format!("{symbol}/{}", below.0), dimension }, lead + len + used));
    }
    Some((Unit { symbol: symbol.to_owned(), dimension }, lead + len))
}

/// The unit that `text` is, whole: what stands in a header's brackets ("Torque (Nm)").
pub fn whole(text: &str) -> Option<Unit> {
    let text = text.trim();
    read(text).filter(|(_, len)| *len == text.len()).map(|(unit, _)| unit)
}

/// "/min", " per minute", " per turn": symbol, dimension and bytes read.
fn denominator(text: &str) -> Option<((String, Dimension), usize)> {
    let after = match text.strip_prefix('/') {
        Some(after) => after,
        None => {
            let per = text.trim_start_matches([' ', '\n']);
            let per = if per.len() < text.len() {
                per.strip_prefix("per ")?
            } else {
                return None;
            };
            per.trim_start()
        }
    };
    let used = text.len() - after.len();
    if let Some((row, len)) = atom(after) {
        let (symbol, dimension, ..) = TABLE.get(row)?;
        return Some((((*symbol).to_owned(), *dimension), used + len));
    }
    let end = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
    let word = after.get(..end)?.to_lowercase();
    PER.contains(&word.as_str()).then_some(((word, Dimension::Other), used + end))
}

/// The longest spelling at the start of `text`, ended by a boundary.
fn atom(text: &str) -> Option<(usize, usize)> {
    spellings().iter().find_map(|s| {
        let len = match_at(text, s)?;
        let next = text.get(len..)?.chars().next();
        // A percent or degree sign needs no boundary, a word does.
        let closed = !s.text.ends_with(char::is_alphanumeric)
            || s.text.chars().next_back().is_some_and(super::lex::is_han)
            || next.is_none_or(|c| super::lex::is_han(c) || !(c.is_alphanumeric() || c == '²' || c == '³'));
        closed.then_some((s.row, len))
    })
}

/// Bytes of `text` that the spelling covers.
fn match_at(text: &str, s: &Spelling) -> Option<usize> {
    let mut at = 0;
    for want in s.text.chars() {
        let rest = text.get(at..)?;
        let got = rest.chars().next()?;
        if want == ' ' {
            let gap: usize = rest
                .chars()
                .take_while(|c| matches!(c, ' ' | '\n' | '-' | '\u{a0}'))
                .map(char::len_utf8)
                .sum();
            if gap == 0 || gap > 3 {
                return None;
            }
            at += gap;
        } else if want == got || (!s.exact && got.to_lowercase().eq(want.to_lowercase())) {
            at += got.len_utf8();
        } else {
            return None;
        }
    }
    Some(at)
}

/// A spelled-out unit of more than one word at the start of `text` ("newton metres"), for
/// wording without a number before it.
pub fn phrase(text: &str) -> Option<(Unit, usize)> {
    let spelling =
        spellings().iter().find(|s| !s.exact && s.text.contains(' ') && match_at(text, s).is_some())?;
    let (unit, len) = read(text)?;
    (len >= match_at(text, spelling)?).then_some((unit, len))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_unit_has_one_symbol() {
        for (text, symbol) in [
            (" Nm", "Nm"),
            (" N·m", "Nm"),
            (" newton metres", "Nm"),
            (" Newton-meters", "Nm"),
            ("N m", "Nm"),
            ("bar", "bar"),
            (" MPa", "MPa"),
            (" degrees Celsius", "°C"),
            (" °C", "°C"),
            ("℃", "°C"),
            (" l/min", "l/min"),
            (" litres per minute", "l/min"),
            (" r/min", "rpm"),
            ("-bar", "bar"),
            (" mm per turn", "mm/turn"),
            (" mm/s", "mm/s"),
            (" percent", "%"),
            ("%", "%"),
            (" bar(g)", "bar(g)"),
            (" in.", "in"),
            (" VDC", "V DC"),
            (" N/mm²", "N/mm²"),
            (" hours", "h"),
        ] {
            assert_eq!(read(text).unwrap().0.symbol, symbol, "{text}");
        }
    }

    #[test]
    fn words_that_only_look_like_units_are_none() {
        for text in [" barrels", " in sequence", " mmx", " bolts", " min.x1", "", " degreesy"] {
            let got = read(text).map(|u| u.0.symbol);
            assert!(got.is_none() || text == " min.x1", "{text}: {got:?}");
        }
    }

    #[test]
    fn case_counts_for_symbols() {
        assert_eq!(read(" MPa").unwrap().0.symbol, "MPa");
        assert!(read(" mPa").is_none());
        assert_eq!(read(" MW").unwrap().0.symbol, "MW");
        assert_eq!(read(" mW").map(|u| u.0.symbol), None);
    }

    #[test]
    fn a_phrase_needs_more_than_one_word() {
        assert_eq!(phrase("newton meters of torque").unwrap().0.symbol, "Nm");
        assert!(phrase("hours of work").is_none());
        assert!(phrase("bar").is_none());
    }
}
