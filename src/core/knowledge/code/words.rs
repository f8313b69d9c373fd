//! Words around codes, in English, Spanish and Chinese: what a number is a code of, what it
//! is counted in, what it is a size or a standard of.

/// What sort of thing a code names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Class {
    Alarm,
    Error,
    Fault,
    Warning,
    Event,
    Trip,
    /// "Code" itself: any of the others.
    Code,
    Bit,
    Setting,
}

/// Words of one class: English, Spanish, Chinese; lower case, without accents, the singular
/// that a code is written with first in each language.
#[rustfmt::skip]
const WORDS: &[(Class, &[&str])] = &[
    (Class::Alarm, &["alarm", "alarms", "alm", "alarma", "alarmas", "报警", "警报", "告警", "报警码"]),
    (Class::Error, &["error", "errors", "err", "errores", "错误", "报错", "出错", "错误码"]),
    (Class::Fault, &[
        "fault", "faults", "failure", "failures", "fallo", "fallos", "falla", "fallas", "averia", "averias", "故障",
        "故障码",
    ]),
    (Class::Warning, &["warning", "warnings", "advertencia", "advertencias", "aviso", "avisos", "警告", "警示"]),
    (Class::Event, &["event", "events", "evento", "eventos", "事件"]),
    (Class::Trip, &["trip", "trips", "disparo", "disparos", "跳闸"]),
    (Class::Code, &["code", "codes", "codigo", "codigos", "clave", "claves", "代码", "编码", "代号"]),
    // 位 alone is a place, a level, a unit of anything.
    (Class::Bit, &["bit", "bits", "比特", "故障位", "报警位", "标志位"]),
    (Class::Setting, &[
        "setting", "settings", "parameter", "parameters", "param", "ajuste", "ajustes", "parametro", "parametros",
        "参数", "设置", "设定", "功能码",
    ]),
];

/// Classes whose numbers report that something is wrong; "fault 37" may mean any of them.
pub(super) const REPORTS: &[Class] =
    &[Class::Alarm, Class::Error, Class::Fault, Class::Warning, Class::Event, Class::Trip];

/// The class of a word in lower case and without accents.
pub(super) fn class_of(word: &str) -> Option<Class> {
    WORDS.iter().find(|(_, words)| words.contains(&word)).map(|(class, _)| *class)
}

/// The words of a class.
pub(super) fn words_of(class: Class) -> &'static [&'static str] {
    WORDS.iter().find(|(c, _)| *c == class).map_or(&[], |(_, words)| words)
}

/// The class's English word, in capitals: how an unknown code is named.
pub(super) fn name_of(class: Class) -> String {
    words_of(class).first().map(|w| w.to_uppercase()).unwrap_or_default()
}

/// Chinese words that are cut out of a question, the longest first where one holds another.
pub(super) fn chinese_word(text: &str) -> Option<&'static str> {
    let class_words = WORDS.iter().flat_map(|(_, words)| words.iter().copied());
    let all = class_words.filter(|w| !w.is_ascii()).chain(["杠", "横杠", "点", "号", "美元"]);
    all.filter(|w| text.starts_with(w)).max_by_key(|w| w.len())
}

/// `word` in lower case, without the accents of Spanish, full-width forms as plain ones.
pub(crate) fn folded(word: &str) -> String {
    word.chars()
        .map(crate::core::knowledge::analyse::narrow)
        .flat_map(char::to_lowercase)
        .map(unaccented)
        .collect()
}

/// A letter without its accent; ñ stays, it is a letter of its own.
pub(super) fn unaccented(c: char) -> char {
    match c {
        'á' => 'a',
        'é' => 'e',
        'í' => 'i',
        'ó' => 'o',
        'ú' | 'ü' => 'u',
        'Á' => 'A',
        'É' => 'E',
        'Í' => 'I',
        'Ó' => 'O',
        'Ú' | 'Ü' => 'U',
        c => c,
    }
}

/// Words between a code word and its number.
pub(super) fn is_filler(word: &str) -> bool {
    #[rustfmt::skip]
    let is = matches!(
        word,
        "number" | "no" | "nr" | "num" | "numero" | "nro" | "nº" | "º" | "de" | "del" | "el" | "la" | "of"
        | "the" | "号"
    );
    is
}

/// Words said for a separator inside a code.
pub(super) fn is_separator(word: &str) -> bool {
    #[rustfmt::skip]
    let is = matches!(
        word,
        "dash" | "hyphen" | "minus" | "underscore" | "slash" | "point" | "dot" | "guion" | "menos"
        | "raya" | "punto" | "barra" | "杠" | "横杠" | "点" | "uh" | "um" | "eh"
    );
    is
}

/// Written before a number, these make a standard or a size of it.
#[rustfmt::skip]
pub(super) const STANDARDS: &[&str] = &[
    "ISO", "EN", "DIN", "IEC", "ANSI", "ASTM", "SAE", "VG", "NLGI", "API", "UL", "OSHA", "NFPA", "NEMA",
    "AWG", "RAL", "IP", "PT", "RS", "CAT", "DN", "PN", "UNE", "GB", "JIS", "USB", "RJ", "CO", "SO", "NOX",
    "PH", "PZ", "TX", "NPT", "BSP", "HRC", "UNC", "UNF",
];

/// What a number is counted in; after a number, it is a quantity. Lower case.
const UNITS: &[&str] = &[
    "v",
    "kv",
    "mv",
    "vac",
    "vdc",
    "volt",
    "volts",
    "a",
    "ma",
    "amp",
    "amps",
    "hz",
    "khz",
    "hertz",
    "w",
    "kw",
    "mw",
    "hp",
    "bar",
    "mbar",
    "psi",
    "kpa",
    "mpa",
    "pa",
    "nm",
    "mm",
    "cm",
    "m",
    "km",
    "in",
    "inch",
    "inches",
    "ft",
    "kg",
    "g",
    "lb",
    "l",
    "litres",
    "liters",
    "ml",
    "s",
    "sec",
    "second",
    "seconds",
    "ms",
    "min",
    "minute",
    "minutes",
    "h",
    "hour",
    "hours",
    "day",
    "days",
    "times",
    "c",
    "degree",
    "degrees",
    "percent",
    "rpm",
    "newton",
    "metres",
    "ohm",
    "ppm",
    "db",
    "kn",
    "µm",
    "week",
    "weeks",
    "month",
    "months",
    "year",
    "years",
    "meters",
    "metre",
    "meter",
    "litre",
    "liter",
    "millimetres",
    "millimeters",
    "kilowatts",
    "watts",
    "kilos",
    "bars",
    "feet",
    "pounds",
    "ohms",
    "tb",
    "gb",
    "mb",
    "decibels",
    "decibel",
    "pieces",
    "pcs",
    "euros",
    "people",
    "newtons",
    "kilometres",
    "kilometers",
    // Spanish
    "voltios",
    "amperios",
    "hercios",
    "vatios",
    "kilovatios",
    "grados",
    "segundos",
    "minutos",
    "minuto",
    "horas",
    "hora",
    "dias",
    "dia",
    "semanas",
    "semana",
    "meses",
    "mes",
    "anos",
    "años",
    "veces",
    "vez",
    "litros",
    "litro",
    "metros",
    "metro",
    "milimetros",
    "centimetros",
    "kilogramos",
    "gramos",
    "bares",
    "pulgadas",
    "revoluciones",
    // Chinese: measures and counters, one character enough
    "次",
    "个",
    "台",
    "天",
    "年",
    "月",
    "日",
    "时",
    "小",
    "分",
    "秒",
    "度",
    "伏",
    "安",
    "瓦",
    "千",
    "毫",
    "米",
    "厘",
    "公",
    "升",
    "克",
    "巴",
    "牛",
    "赫",
    "转",
    "周",
    "条",
    "种",
    "根",
    "只",
    "块",
    "层",
    "级",
    "相",
    "路",
    "下",
    "直",
    "般",
    "些",
    "样",
    "旦",
    "起",
    "定",
    "切",
    "点",
    "半",
    "倍",
    "页",
    "章",
    "节",
    "步",
    "者",
    "致",
    "会",
    "共",
    "番",
];

/// Is `word` a unit, or something else that a number counts?
pub(crate) fn is_unit(word: &str) -> bool {
    let word = word.to_lowercase();
    UNITS.contains(&word.as_str())
}

/// Is the canonical form a thread size (M16), a protection class or a standard rather than
/// a code?
pub(crate) fn is_designation(normal: &str) -> bool {
    let digits = normal.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let letters = normal.strip_suffix(digits).unwrap_or_default();
    let thread = letters == "M" && digits.len() <= 2;
    thread || (!digits.is_empty() && STANDARDS.contains(&letters))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_words_of_three_languages_have_one_class() {
        for (word, class) in [
            ("Alarm", Class::Alarm),
            ("alarmas", Class::Alarm),
            ("报警", Class::Alarm),
            ("Avería", Class::Fault),
            ("código", Class::Code),
            ("parámetro", Class::Setting),
        ] {
            assert_eq!(class_of(&folded(word)), Some(class), "{word}");
        }
        assert_eq!(class_of("pump"), None);
        assert_eq!(name_of(Class::Fault), "FAULT");
    }

    #[test]
    fn chinese_words_are_cut_greedily() {
        assert_eq!(chinese_word("功能码P0"), Some("功能码"));
        assert_eq!(chinese_word("报错三零"), Some("报错"));
        assert_eq!(chinese_word("变频器"), None);
    }
}
