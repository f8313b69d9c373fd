//! The damager: makes one wrong copy of a right answer.
//!
//! It shares no code with the guard that has to notice: its own patterns for numbers, units,
//! codes and comparisons, its own lists of words. What both had wrong in the same way would
//! otherwise never be seen.

use std::sync::OnceLock;

use regex::Regex;

/// What is done to an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Two digits of a number change places, or one becomes another.
    Digit,
    /// Another unit behind a number.
    Unit,
    /// A minus lost or added.
    Sign,
    /// The far end of a range moved.
    RangeEnd,
    /// Another value of the source in its place: a neighbour row's.
    Neighbour,
    /// A negation left out.
    NegationDropped,
    /// A negation put in.
    NotAdded,
    /// A digit of a code changed.
    Code,
    /// A governing warning left out.
    WarningRemoved,
    /// "above" made "below", and the like.
    Comparison,
}

/// All of them.
pub const KINDS: [Kind; 10] = [
    Kind::Digit,
    Kind::Unit,
    Kind::Sign,
    Kind::RangeEnd,
    Kind::Neighbour,
    Kind::NegationDropped,
    Kind::NotAdded,
    Kind::Code,
    Kind::WarningRemoved,
    Kind::Comparison,
];

impl Kind {
    /// The last part of its figure's name.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Digit => "digit",
            Kind::Unit => "unit",
            Kind::Sign => "sign",
            Kind::RangeEnd => "range_end",
            Kind::Neighbour => "neighbour",
            Kind::NegationDropped => "negation_dropped",
            Kind::NotAdded => "not_added",
            Kind::Code => "code",
            Kind::WarningRemoved => "warning_removed",
            Kind::Comparison => "comparison",
        }
    }
}

/// Every copy of `answer` with one damage of `kind`, in the text's order. `source` is where
/// a neighbour's value is taken from. Empty where the answer has nothing of that kind;
/// warnings are not in the text and so not taken out here.
pub fn copies(answer: &str, source: &str, kind: Kind) -> Vec<String> {
    let mut all = match kind {
        Kind::Digit => digits(answer),
        Kind::Unit => units(answer),
        Kind::Sign => signs(answer),
        Kind::RangeEnd => range_ends(answer),
        Kind::Neighbour => neighbours(answer, source),
        Kind::NegationDropped => swapped(answer, NEGATIONS, pattern_negations()),
        Kind::NotAdded => nots(answer),
        Kind::Code => codes(answer),
        Kind::WarningRemoved => Vec::new(),
        Kind::Comparison => swapped(answer, COMPARISONS, pattern_comparisons()),
    };
    all.retain(|copy| copy != answer);
    all
}

/// A pattern that is compiled once; `None` only if it were wrong, and a test says it is not.
macro_rules! pattern {
    ($name:ident, $text:expr) => {
        fn $name() -> Option<&'static Regex> {
            static RE: OnceLock<Option<Regex>> = OnceLock::new();
            RE.get_or_init(|| Regex::new($text).ok()).as_ref()
        }
    };
}

/// Units as they stand behind a figure, and what each is exchanged for.
const UNITS: &[(&str, &str)] = &[
    ("Nm", "kNm"),
    ("bar", "psi"),
    ("psi", "bar"),
    ("MPa", "kPa"),
    ("kPa", "MPa"),
    ("mm", "cm"),
    ("cm", "mm"),
    ("km", "m"),
    ("°C", "°F"),
    ("℃", "℉"),
    ("°F", "°C"),
    ("kW", "W"),
    ("kHz", "Hz"),
    ("MHz", "kHz"),
    ("Hz", "kHz"),
    ("mA", "A"),
    ("VAC", "VDC"),
    ("VDC", "VAC"),
    ("V", "mV"),
    ("A", "mA"),
    ("ms", "s"),
    ("hours", "minutes"),
    ("hour", "minute"),
    ("minutes", "hours"),
    ("minute", "hour"),
    ("seconds", "minutes"),
    ("second", "minute"),
    ("days", "weeks"),
    ("months", "years"),
    ("years", "months"),
    ("kg", "g"),
    ("rpm", "Hz"),
    ("%", "°"),
    ("min", "s"),
    ("h", "min"),
    ("s", "h"),
    ("l", "ml"),
    ("L", "mL"),
    ("g", "kg"),
    ("m", "km"),
    ("segundos", "minutos"),
    ("minutos", "horas"),
    ("horas", "minutos"),
    ("秒", "分钟"),
    ("分钟", "秒"),
    ("小时", "分钟"),
];

pattern!(pattern_figure, r"\d+(?:[.,]\d+)*");
pattern!(
    pattern_measured,
    r"(\d+(?:[.,]\d+)*)([ \u{a0}]?)(Nm|bar|psi|MPa|kPa|mm|cm|km|°C|℃|°F|kW|kHz|MHz|Hz|mA|VAC|VDC|V|A|ms|hours?|minutes?|seconds?|days|months|years|kg|rpm|%|min|h|s|l|L|g|m|segundos|minutos|horas|秒|分钟|小时)"
);
pattern!(pattern_range, r"(\d+(?:[.,]\d+)?)(\s?(?:-|–|~|to|bis|a)\s?)(\d+(?:[.,]\d+)?)");
pattern!(pattern_code, r"\b(?:[A-Za-z]{1,6}[-_.:]?\d{1,5}(?:[.-]\d{1,3})?)\b");

/// Figures that stand alone: not glued to letters, dots or hyphens of a code or a version.
fn figures(text: &str) -> Vec<(usize, usize)> {
    let Some(re) = pattern_figure() else { return Vec::new() };
    re.find_iter(text)
        .map(|m| (m.start(), m.end()))
        .filter(|&(a, b)| {
            let before = text[..a].chars().next_back();
            let after = text[b..].chars().next();
            let glued = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
            let hyphen = matches!(before, Some('-' | '.' | '/' | ':'))
                && text[..a - 1].ends_with(|c: char| c.is_alphanumeric());
            // "3." in front of a step, "[2]" behind a sentence
            let marker = matches!(after, Some('.' | ')'))
                && (a == 0 || text[..a].ends_with('\n') || text[..a].trim_end().ends_with(['.', ':']));
            let mark = before == Some('[') && after == Some(']');
            !glued(before) && !glued(after) && !hyphen && !marker && !mark
        })
        .collect()
}

fn digits(text: &str) -> Vec<String> {
    figures(text)
        .into_iter()
        .filter_map(|(a, b)| {
            let figure: Vec<char> = text[a..b].chars().collect();
            let pair = figure
                .windows(2)
                .position(|w| matches!(w, [x, y] if x.is_ascii_digit() && y.is_ascii_digit() && x != y));
            let mut changed = figure.clone();
            match pair {
                // "10" must not become "01", which is one.
                Some(i) if !(i == 0 && figure.get(1) == Some(&'0')) => changed.swap(i, i + 1),
                _ => {
                    let last = changed.iter_mut().rev().find(|c| c.is_ascii_digit())?;
                    let d = last.to_digit(10)?;
                    *last = char::from_digit((d + 3) % 10, 10)?;
                }
            }
            Some(spliced(text, a, b, &changed.into_iter().collect::<String>()))
        })
        .collect()
}

fn units(text: &str) -> Vec<String> {
    let Some(re) = pattern_measured() else { return Vec::new() };
    re.captures_iter(text)
        .filter_map(|c| {
            let (number, unit) = (c.get(1)?, c.get(3)?);
            // "5 means": the unit must end there; "M5 m…": the number must begin there.
            let ends = !text[unit.end()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/');
            let begins = !text[..number.start()].ends_with(|c: char| c.is_ascii_alphanumeric());
            if !ends || !begins {
                return None;
            }
            let other = UNITS.iter().find(|(from, _)| *from == unit.as_str())?.1;
            Some(spliced(text, unit.start(), unit.end(), other))
        })
        .collect()
}

fn signs(text: &str) -> Vec<String> {
    figures(text)
        .into_iter()
        .filter_map(|(a, b)| {
            let before = text[..a].chars().next_back();
            if matches!(before, Some('-' | '−' | '–')) {
                let dash = before.map_or(1, char::len_utf8);
                let apart = text[..a - dash].chars().next_back().is_none_or(char::is_whitespace);
                return apart.then(|| spliced(text, a - dash, a, ""));
            }
            // A minus where one could stand: before degrees and volts.
            let rest = text[b..].trim_start();
            let signed = ["°C", "°F", "℃", "degrees", "V ", "V."].iter().any(|u| rest.starts_with(u));
            (signed && before.is_none_or(char::is_whitespace)).then(|| spliced(text, a, a, "-"))
        })
        .collect()
}

fn range_ends(text: &str) -> Vec<String> {
    let Some(re) = pattern_range() else { return Vec::new() };
    let alone = figures(text);
    re.captures_iter(text)
        .filter_map(|c| {
            let (near, far) = (c.get(1)?, c.get(3)?);
            // Only where the near end is a figure of its own, and no third part follows.
            let glued = text[far.end()..].starts_with(['-', '/', ':', '.'])
                && text[far.end() + 1..].starts_with(|c: char| c.is_ascii_digit());
            if !alone.iter().any(|f| f.0 == near.start()) || glued {
                return None;
            }
            let last = far.as_str().chars().next_back()?.to_digit(10)?;
            let moved = char::from_digit((last + 2) % 10, 10)?;
            Some(spliced(text, far.end() - 1, far.end(), &moved.to_string()))
        })
        .collect()
}

/// A measured figure replaced by another of the source with the same unit.
fn neighbours(text: &str, source: &str) -> Vec<String> {
    let Some(re) = pattern_measured() else { return Vec::new() };
    let measured = |text: &str| -> Vec<(usize, usize, String, String)> {
        re.captures_iter(text)
            .filter_map(|c| {
                let (number, unit) = (c.get(1)?, c.get(3)?);
                let ends = !text[unit.end()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/');
                let begins = !text[..number.start()]
                    .ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '–' | '~' | '.'));
                (ends && begins).then(|| {
                    (number.start(), number.end(), number.as_str().to_owned(), unit.as_str().to_owned())
                })
            })
            .collect()
    };
    let own = measured(text);
    let theirs = measured(source);
    let mut all = Vec::new();
    for (a, b, number, unit) in &own {
        let other =
            theirs.iter().find(|(_, _, n, u)| u == unit && n != number && !own.iter().any(|o| o.2 == *n));
        if let Some((_, _, n, _)) = other {
            all.push(spliced(text, *a, *b, n));
        }
    }
    all
}

/// What a wording is exchanged for.
type Pair = (&'static str, &'static str);

/// Negations and what is left without them.
const NEGATIONS: &[Pair] = &[
    ("must not", "must"),
    ("should not", "should"),
    ("may not", "may"),
    ("cannot", "can"),
    ("can not", "can"),
    ("can't", "can"),
    ("Do not", "Please"),
    ("do not", "do"),
    ("does not", "does"),
    ("did not", "did"),
    ("don't", "do"),
    ("doesn't", "does"),
    ("is not", "is"),
    ("are not", "are"),
    ("was not", "was"),
    ("were not", "were"),
    ("will not", "will"),
    ("isn't", "is"),
    ("aren't", "are"),
    ("not", ""),
    ("Never", "Always"),
    ("never", "always"),
    ("without", "with"),
    ("no longer", "still"),
    ("there is no", "there is a"),
    ("has no", "has a"),
    ("nunca", "siempre"),
    ("no debe", "debe"),
    ("no se", "se"),
    ("no puede", "puede"),
    ("No", "Sí"),
    ("sin", "con"),
    ("不得", "可以"),
    ("不能", "能"),
    ("禁止", "允许"),
    ("严禁", "可以"),
    ("不要", "要"),
    ("无法", "可以"),
    ("未", "已"),
];
pattern!(
    pattern_negations,
    r"\b(?:must not|should not|may not|cannot|can not|can't|Do not|do not|does not|did not|don't|doesn't|is not|are not|was not|were not|will not|isn't|aren't|not|Never|never|without|no longer|there is no|has no|nunca|no debe|no se|no puede|sin)\b|不得|不能|禁止|严禁|不要|无法|未"
);

/// Comparisons and their contraries.
const COMPARISONS: &[Pair] = &[
    ("above", "below"),
    ("below", "above"),
    ("more than", "less than"),
    ("less than", "more than"),
    ("greater than", "less than"),
    ("higher than", "lower than"),
    ("lower than", "higher than"),
    ("fewer than", "more than"),
    ("at least", "at most"),
    ("at most", "at least"),
    ("maximum", "minimum"),
    ("minimum", "maximum"),
    ("exceeds", "is below"),
    ("exceed", "fall below"),
    ("exceeded", "not reached"),
    ("too high", "too low"),
    ("too low", "too high"),
    ("before", "after"),
    ("after", "before"),
    ("increase", "decrease"),
    ("decrease", "increase"),
    ("up to", "over"),
    ("over", "under"),
    ("under", "over"),
    ("mayor que", "menor que"),
    ("menor que", "mayor que"),
    ("más de", "menos de"),
    ("menos de", "más de"),
    ("por encima de", "por debajo de"),
    ("por debajo de", "por encima de"),
    ("máximo", "mínimo"),
    ("mínimo", "máximo"),
    ("alta", "baja"),
    ("baja", "alta"),
    ("大于", "小于"),
    ("小于", "大于"),
    ("高于", "低于"),
    ("低于", "高于"),
    ("超过", "低于"),
    ("以上", "以下"),
    ("以下", "以上"),
    ("最大", "最小"),
    ("最小", "最大"),
    ("过高", "过低"),
    ("过低", "过高"),
];
pattern!(
    pattern_comparisons,
    r"\b(?:above|below|more than|less than|greater than|higher than|lower than|fewer than|at least|at most|maximum|minimum|exceeds|exceed|exceeded|too high|too low|before|after|increase|decrease|mayor que|menor que|más de|menos de|por encima de|por debajo de|máximo|mínimo|alta|baja)\b|\b(?:over|under|up to)\b \d|大于|小于|高于|低于|超过|以上|以下|最大|最小|过高|过低"
);

fn swapped(text: &str, pairs: &[Pair], re: Option<&'static Regex>) -> Vec<String> {
    let Some(re) = re else { return Vec::new() };
    re.find_iter(text)
        .filter_map(|m| {
            // "over 5": the figure belongs to the pattern only.
            let found = m.as_str().trim_end_matches(|c: char| c.is_ascii_digit() || c == ' ');
            let other = pairs.iter().find(|p| p.0 == found)?.1;
            let end = m.start() + found.len();
            // A word that is left out takes a blank with it.
            let end = if other.is_empty() && text[end..].starts_with(' ') { end + 1 } else { end };
            Some(spliced(text, m.start(), end, other))
        })
        .collect()
}

pattern!(
    pattern_affirmed,
    r"\b(?:must|should|can|may|will|is|are|was|were|has been|have been)\b|\b(?:debe|puede|está|es|indica)\b|可以|必须|应|能够|需要|表示|会"
);
/// Verbs that open an instruction.
const ORDERS: &[&str] = &[
    "Add",
    "Adjust",
    "Bleed",
    "Check",
    "Choose",
    "Clean",
    "Click",
    "Close",
    "Connect",
    "Contact",
    "Create",
    "Cut",
    "Disconnect",
    "Drain",
    "Enable",
    "Enter",
    "Fill",
    "Fit",
    "Go",
    "Grease",
    "Hold",
    "Increase",
    "Inspect",
    "Install",
    "Isolate",
    "Keep",
    "Lock",
    "Loosen",
    "Lower",
    "Measure",
    "Move",
    "Open",
    "Place",
    "Press",
    "Pull",
    "Push",
    "Put",
    "Raise",
    "Read",
    "Reboot",
    "Reduce",
    "Release",
    "Remove",
    "Replace",
    "Reset",
    "Restart",
    "Run",
    "Select",
    "Set",
    "Start",
    "Stop",
    "Support",
    "Swipe",
    "Switch",
    "Take",
    "Tap",
    "Tension",
    "Tighten",
    "Touch",
    "Turn",
    "Update",
    "Use",
    "Verify",
    "Wait",
    "Wash",
    "Write",
];
const ORDERS_ES: &[&str] = &[
    "Abra",
    "Apague",
    "Apriete",
    "Cierre",
    "Compruebe",
    "Desconecte",
    "Engrase",
    "Limpie",
    "Revise",
    "Verifique",
];

fn nots(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(re) = pattern_affirmed() {
        for m in re.find_iter(text) {
            let after = text[m.end()..].trim_start();
            // Not where a negation stands already, nor in a question.
            if after.starts_with("not ") || after.starts_with("no ") || text[..m.start()].ends_with("no ") {
                continue;
            }
            let (found, han) = (m.as_str(), !m.as_str().is_ascii());
            let copy = match found {
                "debe" | "puede" | "está" | "es" | "indica" => spliced(text, m.start(), m.start(), "no "),
                _ if han && text[..m.start()].ends_with(['不', '未', '可']) => continue,
                // "机会", "应用": a part of another word
                "会" | "应" if !text[..m.start()].ends_with([',', '，', '。', '器', '机', '时', '统']) =>
                {
                    continue;
                }
                _ if han => spliced(text, m.start(), m.start(), "不"),
                "has been" => spliced(text, m.start(), m.end(), "has not been"),
                "have been" => spliced(text, m.start(), m.end(), "have not been"),
                _ => spliced(text, m.end(), m.end(), " not"),
            };
            all.push(copy);
        }
    }
    let starts = std::iter::once(0)
        .chain(text.match_indices(". ").map(|(i, s)| i + s.len()))
        .chain(text.match_indices('\n').map(|(i, s)| i + s.len()));
    for at in starts {
        let rest = &text[at..];
        let word = rest.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
        if ORDERS.contains(&word) {
            all.push(spliced(text, at, at + word.len(), &format!("Do not {}", word.to_lowercase())));
        } else if ORDERS_ES.contains(&word) {
            all.push(spliced(text, at, at + word.len(), &format!("No {}", word.to_lowercase())));
        }
    }
    all
}

fn codes(text: &str) -> Vec<String> {
    let Some(re) = pattern_code() else { return Vec::new() };
    re.find_iter(text)
        .filter_map(|m| {
            let code = m.as_str();
            let at = code.rfind(|c: char| c.is_ascii_digit())?;
            let d = code[at..].chars().next()?.to_digit(10)?;
            let other = char::from_digit((d + 1) % 10, 10)?;
            let at = m.start() + at;
            Some(spliced(text, at, at + 1, &other.to_string()))
        })
        .collect()
}

fn spliced(text: &str, from: usize, to: usize, with: &str) -> String {
    format!("{}{with}{}", text.get(..from).unwrap_or_default(), text.get(to..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patterns_compile() {
        let all = [
            pattern_figure(),
            pattern_measured(),
            pattern_range(),
            pattern_code(),
            pattern_negations(),
            pattern_comparisons(),
            pattern_affirmed(),
        ];
        assert!(all.iter().all(Option::is_some));
    }

    #[test]
    fn each_kind_changes_one_thing() {
        let text = "Tighten M16 to 195 Nm. The oil must not exceed -20 °C. Wait 10-15 min.";
        for (kind, want) in [
            (Kind::Digit, "Tighten M16 to 915 Nm. The oil must not exceed -20 °C. Wait 10-15 min."),
            (Kind::Unit, "Tighten M16 to 195 kNm. The oil must not exceed -20 °C. Wait 10-15 min."),
            (Kind::Sign, "Tighten M16 to 195 Nm. The oil must not exceed 20 °C. Wait 10-15 min."),
            (Kind::RangeEnd, "Tighten M16 to 195 Nm. The oil must not exceed -20 °C. Wait 10-17 min."),
            (Kind::NegationDropped, "Tighten M16 to 195 Nm. The oil must exceed -20 °C. Wait 10-15 min."),
            (Kind::NotAdded, "Do not tighten M16 to 195 Nm. The oil must not exceed -20 °C. Wait 10-15 min."),
            (Kind::Code, "Tighten M17 to 195 Nm. The oil must not exceed -20 °C. Wait 10-15 min."),
            (Kind::Neighbour, "Tighten M16 to 49 Nm. The oil must not exceed -20 °C. Wait 10-15 min."),
        ] {
            let all = copies(text, "M10: 49 Nm.", kind);
            assert_eq!(all.first().map(String::as_str), Some(want), "{kind:?}");
        }
        assert!(
            copies("It is above 5 bar.", "", Kind::Comparison).contains(&"It is below 5 bar.".to_owned())
        );
        assert!(copies("Nothing to damage here", "", Kind::Digit).is_empty());
    }

    #[test]
    fn chinese_and_spanish_are_damaged_too() {
        assert_eq!(copies("温度超过 90 ℃。", "", Kind::Comparison), ["温度低于 90 ℃。"]);
        assert_eq!(copies("严禁打开前盖。", "", Kind::NegationDropped), ["可以打开前盖。"]);
        assert_eq!(
            copies("La presión no debe superar 10 bar.", "", Kind::NegationDropped),
            ["La presión debe superar 10 bar."]
        );
    }
}
