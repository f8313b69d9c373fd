//! What a question wants to know, read from its words alone.

use super::quantity::unit::{self, Dimension};
use super::quantity::{self, Code};
use super::words;

/// What a question asks for. Several may hold at once; none may.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Asked {
    /// "What does E203 mean?"
    pub meaning: bool,
    /// "Why …", "what causes …"
    pub cause: bool,
    /// "What do I do …", "how do I clear …"
    pub remedy: bool,
    /// "How do I …": the steps of a procedure.
    pub how: bool,
    /// "How much", "what pressure": a figure.
    pub figure: bool,
    /// "How often": an interval, which not every time is.
    pub often: bool,
    /// "What does it cost?"
    pub price: bool,
    /// What the figure measures, where the words say so; any of them will do.
    pub dimensions: Vec<Dimension>,
    /// The codes in it.
    pub codes: Vec<Code>,
}

/// Words that ask for a figure of a kind, by stem's beginning in lower case.
const KINDS: &[(&[&str], &[Dimension])] = {
    use Dimension::*;
    &[
        (&["torque", "tighten", "tight", "nm"], &[Torque]),
        (&["pressure", "bar", "psi", "precharge"], &[Pressure]),
        (&["temperature", "hot", "cold", "warm"], &[Temperature]),
        (&["voltage", "volt", "volts"], &[Voltage]),
        (&["current", "amp", "amps", "ampere", "amperes"], &[Current]),
        (
            &[
                "clearance",
                "gap",
                "thickness",
                "distance",
                "diameter",
                "backlash",
                "wear",
                "deflection",
                "runout",
                "mm",
                "thin",
                "thick",
                "deep",
                "wide",
                "tall",
                "far",
            ],
            &[Length],
        ),
        (&["angle"], &[Angle]),
        (&["speed"], &[Speed, Rotation, Frequency, Other]),
        (&["rpm"], &[Rotation]),
        (&["flow"], &[Flow]),
        (&["weight", "mass", "heavy", "weigh"], &[Mass]),
        (&["volume", "litres", "liters", "capacity"], &[Volume]),
        (&["frequency"], &[Frequency, Time]),
        (&["resistance"], &[Resistance]),
        (&["viscosity"], &[Viscosity]),
        (&["loud", "noise", "decibels"], &[Level]),
        (&["interval", "often", "long"], &[Time]),
        (&["power", "wattage", "rating"], &[Power]),
        (&["apriete"], &[Torque]),
        (&["presión", "presion"], &[Pressure]),
        (&["temperatura"], &[Temperature]),
        (&["voltaje"], &[Voltage]),
        (&["corriente", "intensidad"], &[Current]),
        (&["holgura", "distancia", "espesor", "diámetro", "desgaste"], &[Length]),
        (&["ángulo"], &[Angle]),
        (&["velocidad"], &[Speed, Rotation, Frequency, Other]),
        (&["caudal"], &[Flow]),
        (&["peso", "masa"], &[Mass]),
        (&["frecuencia"], &[Frequency, Time]),
        (&["resistencia"], &[Resistance]),
        (&["viscosidad"], &[Viscosity]),
        (&["potencia"], &[Power]),
        (&["intervalo"], &[Time]),
    ]
};

/// The same in Chinese, which has no blanks between its words.
const KINDS_HAN: &[(&str, &[Dimension])] = {
    use Dimension::*;
    &[
        ("力矩", &[Torque]),
        ("扭矩", &[Torque]),
        ("压力", &[Pressure]),
        ("温度", &[Temperature]),
        ("电压", &[Voltage]),
        ("电流", &[Current]),
        ("间隙", &[Length]),
        ("距离", &[Length]),
        ("厚度", &[Length]),
        ("直径", &[Length]),
        ("角度", &[Angle]),
        ("转速", &[Rotation]),
        ("流量", &[Flow]),
        ("重量", &[Mass]),
        ("频率", &[Frequency]),
        ("电阻", &[Resistance]),
        ("粘度", &[Viscosity]),
        ("功率", &[Power]),
        ("多久", &[Time]),
        ("多长时间", &[Time]),
    ]
};

/// Words that ask for a price.
#[rustfmt::skip]
const PRICE: &[&str] = &[
    "cost", "costs", "price", "prices", "expensive", "cheap", "cuesta", "cuestan", "precio", "价格", "多少钱", "费用",
];
/// What a text with a price holds.
const MONEY: &[&str] = &["€", "$", "£", "¥", "eur", "usd", "price", "precio", "价格", "元"];

/// Phrases that ask for something, in lower case.
fn has(text: &str, phrases: &[&str]) -> bool {
    phrases.iter().any(|p| {
        text.match_indices(p).any(|(i, _)| {
            let before = text[..i].chars().next_back();
            let after = text[i + p.len()..].chars().next();
            let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
            (edge(before) || !p.is_ascii()) && (edge(after) || !p.is_ascii())
        })
    })
}

/// Phrases by what they ask for, in lower case.
const MEANING: &[&str] =
    &["mean", "means", "meaning", "stand for", "what is", "what's", "what are", "significa", "是什么"];
const CAUSE: &[&str] =
    &["why", "cause", "causes", "caused", "reason", "reasons", "causa", "por qué", "原因", "为什么"];
#[rustfmt::skip]
const REMEDY: &[&str] = &[
    "what do i do", "what to do", "what should i do", "what must i do", "what now", "remedy", "fix", "clear", "reset",
    "solve", "repair", "get rid of", "react", "respond", "troubleshoot", "qué hago", "怎么办", "处理",
];
#[rustfmt::skip]
const HOW: &[&str] = &[
    "how do i", "how do you", "how do we", "how to", "how can i", "how should i", "how must i", "how is", "how are",
    "steps", "procedure", "what do i have to do", "cómo", "步骤", "怎么",
];
#[rustfmt::skip]
const AMOUNT: &[&str] = &[
    "how much", "how many", "how high", "how low", "how long", "how often", "how far", "how thick", "how thin",
    "how deep", "how wide", "how tall", "how loud", "how hot", "how cold", "how big", "how heavy", "how tight",
    "how fast", "value", "setting", "set to", "adjusted to", "limit", "cuánto", "cuánta", "cuántos", "cuántas", "多少", "多久", "多长时间",
];
/// Words of a question; a text without any is an order ("replace the seal").
#[rustfmt::skip]
const INTERROGATIVE: &[&str] = &[
    "what", "what's", "which", "where", "when", "who", "why", "how", "is", "are", "was", "does", "do", "did", "can",
    "could", "may", "must", "should", "shall", "will", "has", "have",
];

impl Asked {
    /// Reads `question` (normalised wording).
    pub fn of(question: &str) -> Self {
        let text = question.to_lowercase();
        let (meaning, cause, remedy) = (has(&text, MEANING), has(&text, CAUSE), has(&text, REMEDY));
        let codes = quantity::read(question).codes;
        let order = !has(&text, INTERROGATIVE) && codes.is_empty() && text.is_ascii();
        let how = has(&text, HOW) || order;
        let amount = has(&text, AMOUNT);
        let names = !how && !remedy && !cause && names_figure(&text);
        let price = has(&text, PRICE);
        let figure = amount || names || price;
        let dimensions = if figure { dimensions(&text) } else { Vec::new() };
        let often = figure && has(&text, &["how often", "interval", "intervals", "cada cuánto", "多久"]);
        Asked { meaning, cause, remedy, how, figure, often, price, dimensions, codes }
    }

    /// Does a text hold a figure of the kind asked for? True where no kind was named and
    /// any figure is there.
    pub fn is_met_by(&self, text: &str) -> bool {
        let reading = quantity::read(text);
        if self.price {
            return !reading.quantities.is_empty() && MONEY.iter().any(|m| text.to_lowercase().contains(m));
        }
        if self.dimensions.is_empty() {
            return !reading.quantities.is_empty();
        }
        let kinds: Vec<_> =
            reading.quantities.iter().filter_map(|q| q.unit.as_ref()).map(|u| u.dimension).collect();
        let lower = text.to_lowercase();
        if self.often {
            let timed = kinds.contains(&Dimension::Time)
                && has(&lower, &["every", "each", "per", "interval", "cada", "每"]);
            return timed || has(&lower, REGULARLY);
        }
        self.dimensions.iter().any(|d| kinds.contains(d))
    }
}

/// An interval is often a word.
const REGULARLY: &[&str] = &[
    "daily",
    "weekly",
    "monthly",
    "quarterly",
    "yearly",
    "annually",
    "hourly",
    "every shift",
    "each shift",
    "every day",
    "every week",
    "every month",
    "every year",
];

/// What the words of a question for a figure measure.
fn dimensions(text: &str) -> Vec<Dimension> {
    let mut out = Vec::new();
    let mut add = |d: Dimension| {
        if !out.contains(&d) {
            out.push(d);
        }
    };
    let han = KINDS_HAN.iter().filter(|(name, _)| text.contains(name));
    han.for_each(|(_, d)| d.iter().for_each(|d| add(*d)));
    let words = words::words(text);
    for (i, (_, word)) in words.iter().enumerate() {
        KINDS
            .iter()
            .filter(|(names, _)| names.contains(&word.as_str()))
            .for_each(|(_, d)| d.iter().for_each(|d| add(*d)));
        // "how many hours", "in decibels"
        let counted = i > 0 && words.get(i - 1).is_some_and(|(_, w)| w == "many" || w == "in");
        if let Some(unit) = unit::whole(word).filter(|_| counted) {
            add(unit.dimension);
        }
    }
    out
}

/// Parts named after what they measure: they are no figures.
#[rustfmt::skip]
const PARTS: &[&str] = &[
    "switch", "sensor", "valve", "gauge", "line", "relief", "wrench", "transmitter", "regulator", "alarm", "hose",
    "filter", "pump", "monitor", "limiter", "compensator",
];

/// Does the question put the quantity straight behind its question word ("what torque",
/// "what is the oil pressure"), rather than mention it ("what does the pressure switch
/// do", "which valve releases the pressure")?
fn names_figure(text: &str) -> bool {
    let words: Vec<String> = words::words(text).into_iter().map(|(_, w)| w).collect();
    let asks = |w: &String| matches!(w.as_str(), "what" | "which" | "whats" | "qué" | "cuál");
    let Some(ask) = words.iter().position(asks) else { return false };
    let kind = |w: &String| KINDS.iter().any(|(names, _)| names.contains(&w.as_str()));
    let Some(distance) = words.iter().skip(ask).position(kind) else { return false };
    let copula =
        words.get(ask + 1).is_some_and(|w| matches!(w.as_str(), "is" | "are" | "was" | "s" | "es" | "son"));
    let part = words.get(ask + distance + 1).is_some_and(|w| PARTS.contains(&w.trim_end_matches('s')));
    let verb = words.get(ask + 1).is_some_and(|w| matches!(w.as_str(), "does" | "do" | "happens" | "causes"));
    !part && !verb && distance <= if copula { 5 } else { 2 }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use Dimension::*;

    #[test]
    fn figures_are_asked_by_kind() {
        for (question, dimensions) in [
            ("What torque for the M16 flange bolts?", vec![Torque]),
            ("What is the precharge pressure of the accumulator?", vec![Pressure]),
            ("How many Nm for the crank pin?", vec![Torque]),
            ("How often do I grease the bearing?", vec![Time]),
            ("At what temperature does the fan start?", vec![Temperature]),
            ("How many bolts hold the cover?", vec![]),
            ("After how many hours is the filter changed?", vec![Time]),
            ("How thin may the lining become?", vec![Length]),
            ("How loud is the pump in decibels?", vec![Level]),
        ] {
            let asked = Asked::of(question);
            assert!(asked.figure, "{question}");
            assert_eq!(asked.dimensions, dimensions, "{question}");
        }
    }

    #[test]
    fn a_quantity_that_is_only_mentioned_is_not_asked_for() {
        for question in [
            "How do I bleed the pressure line?",
            "What does the pressure switch do?",
            "Which pressure relief valve is fitted?",
            "Which valve releases the pressure of the accumulator?",
            "Why is the temperature high?",
            "What does E203 mean?",
        ] {
            assert!(!Asked::of(question).figure, "{question}");
        }
    }

    #[test]
    fn meaning_cause_remedy_and_procedure() {
        let asked = Asked::of("What does E203 mean and what should I do?");
        assert!(asked.meaning && asked.remedy && !asked.cause);
        assert_eq!(asked.codes[0].key, "E203");
        assert!(Asked::of("why does F-37 come up").cause);
        assert!(Asked::of("How do I replace the seal?").how);
        assert!(Asked::of("Replace the seal").how);
        assert!(!Asked::of("Who may replace the seal?").how);
    }

    #[test]
    fn a_text_meets_what_was_asked() {
        let asked = Asked::of("What torque for the bolts?");
        assert!(asked.is_met_by("Tighten to 195 Nm."));
        assert!(!asked.is_met_by("Set 210 bar."));
        let often = Asked::of("How often is it greased?");
        for text in
            ["Grease it weekly.", "Grease it every 500 hours.", "Grease the bearing, Interval: 6 months."]
        {
            assert!(often.is_met_by(text), "{text}");
        }
        assert!(!often.is_met_by("Charge it for 10 hours."));
    }
}
