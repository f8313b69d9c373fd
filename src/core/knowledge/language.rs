//! Which language a text is in: English, Spanish or Chinese, by its script, then by its
//! commonest words, then by letter statistics; `None` rather than a guess that may be wrong.

use std::sync::LazyLock;

use whatlang::{Detector, Lang};

/// Fewer letters than this say too little (one ideograph counts as four).
const ENOUGH: usize = 20;
/// So much of a text is looked at, in characters.
const SAMPLE: usize = 8000;

/// Words so common that a text of some length has them, and the other languages do not.
#[rustfmt::skip]
const ENGLISH: &[&str] = &[
    "the", "of", "and", "to", "is", "for", "with", "on", "be", "if", "are", "this", "when", "from", "or",
    "not", "what", "how", "it", "by", "must", "does", "which", "at",
];
#[rustfmt::skip]
const SPANISH: &[&str] = &[
    "el", "los", "las", "la", "de", "del", "y", "que", "en", "para", "con", "por", "una", "un", "se", "es",
    "qué", "cómo", "cuál", "al", "su", "si", "está", "lo", "como", "más", "debe", "sin",
];

/// The language of `text` as a BCP 47 tag ("en", "es", "zh"), or `None` where it is too
/// short, mixed, or in another language.
pub fn guess(text: &str) -> Option<&'static str> {
    let sample = text.char_indices().nth(SAMPLE).map_or(text, |(end, _)| text.get(..end).unwrap_or(text));
    let (mut han, mut kana, mut latin, mut other) = (0usize, 0usize, 0usize, 0usize);
    for c in sample.chars().filter(|c| c.is_alphabetic()) {
        match c {
            _ if is_han(c) => han += 1,
            '\u{3040}'..='\u{30FF}' | '\u{AC00}'..='\u{D7AF}' => kana += 1,
            _ if is_latin(c) => latin += 1,
            _ => other += 1,
        }
    }
    if han * 4 + latin + kana + other < ENOUGH || other > latin + han || kana * 10 > han.max(1) && kana > 2 {
        return None;
    }
    // Chinese manuals are full of Latin designations; other manuals have no ideographs.
    if han >= 4 && han * 4 >= latin {
        return Some("zh");
    }
    by_words(sample)
}

fn is_latin(c: char) -> bool {
    c.is_ascii_alphabetic() || ('\u{C0}'..='\u{24F}').contains(&c)
}

/// Is `c` an ideograph of Chinese?
pub(crate) fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '〇')
}

fn by_words(text: &str) -> Option<&'static str> {
    static DETECTOR: LazyLock<Detector> =
        LazyLock::new(|| Detector::with_allowlist(vec![Lang::Eng, Lang::Spa]));
    let (mut words, mut english, mut spanish) = (0usize, 0usize, 0usize);
    for word in text.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty()) {
        let word = word.to_lowercase();
        words += 1;
        english += usize::from(ENGLISH.contains(&word.as_str()));
        spanish += usize::from(SPANISH.contains(&word.as_str()));
    }
    if english >= 2 && english > spanish * 2 {
        return Some("en");
    }
    if spanish >= 2 && spanish > english * 2 {
        return Some("es");
    }
    // A dozen words without a single common one: some other language, or a list of names.
    if words >= 12 && english.max(spanish) * 12 < words {
        return None;
    }
    let info = DETECTOR.detect(text)?;
    match info.lang() {
        Lang::Eng if info.is_reliable() && english >= spanish => Some("en"),
        Lang::Spa if info.is_reliable() && spanish >= english => Some("es"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_three_languages_are_told_apart() {
        for (text, language) in [
            ("Close the valve and wait until the pressure is below two bar.", "en"),
            ("Cierre la válvula y espere hasta que la presión baje de dos bar.", "es"),
            ("关闭阀门，等待压力降到两巴以下。", "zh"),
            ("变频器 SK600 显示 Err14 时检查散热风扇", "zh"),
            ("What does the alarm on the hydraulic pump mean?", "en"),
            ("¿Qué significa la alarma de la bomba hidráulica?", "es"),
        ] {
            assert_eq!(guess(text), Some(language), "{text}");
        }
    }

    #[test]
    fn what_is_short_or_in_another_language_is_left_open() {
        for text in [
            "",
            "E203",
            "Pump",
            "液压",
            "Der Motor wird durch einen Schalter ausgeschaltet, bevor das Ventil geschlossen werden kann und niemand daneben steht",
            "ポンプのモーターを停止してからバルブを閉じてください",
            "Закройте клапан и подождите, пока давление снизится",
        ] {
            assert_eq!(guess(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_harm(text in "\\PC{0,120}") {
            let _ = guess(&text);
        }
    }
}
