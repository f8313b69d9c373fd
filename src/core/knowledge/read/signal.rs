//! Signal words of the standards: which text is a warning, how grave, and whether it speaks
//! of lockout.

use std::sync::LazyLock;

use regex::Regex;

use crate::core::knowledge::passage::Signal;

/// How a text was set in the manual; a signal word counts more where it is set apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Setting {
    /// In a block quote.
    pub quoted: bool,
    /// Its first word is bold.
    pub bold: bool,
}

/// In lower case. Spanish by UNE-ISO 3864-2, Chinese by GB 2894 and GB/T 15706, German and
/// French as their editions of ISO 3864-2 have them; "attention", "achtung", "cuidado",
/// "atención", "小心" and "警示" are in wide use beside the standards' words, and "严禁" and
/// "禁止" head what is forbidden because it injures. A manual's own words: [`super::legend`].
const WORDS: [(&str, Signal); 29] = [
    ("danger", Signal::Danger),
    ("warning", Signal::Warning),
    ("caution", Signal::Caution),
    ("attention", Signal::Caution),
    ("notice", Signal::Notice),
    ("peligro", Signal::Danger),
    ("advertencia", Signal::Warning),
    ("precaución", Signal::Caution),
    ("precaucion", Signal::Caution),
    ("atención", Signal::Caution),
    ("atencion", Signal::Caution),
    ("cuidado", Signal::Caution),
    ("aviso", Signal::Notice),
    ("gefahr", Signal::Danger),
    ("warnung", Signal::Warning),
    ("vorsicht", Signal::Caution),
    ("achtung", Signal::Caution),
    ("avertissement", Signal::Warning),
    ("危险", Signal::Danger),
    ("危險", Signal::Danger),
    ("警告", Signal::Warning),
    ("警示", Signal::Warning),
    ("严禁", Signal::Warning),
    ("嚴禁", Signal::Warning),
    ("禁止", Signal::Warning),
    ("小心", Signal::Caution),
    ("当心", Signal::Caution),
    ("當心", Signal::Caution),
    ("注意", Signal::Notice),
];

/// The signal word that `text` starts with, where it is one: "DANGER" set apart (bold or
/// in a quote), or "WARNING:" anywhere. "Warning lamp H3 is lit" is not a warning, nor is
/// "WARNING indicates …", which says what the word means. The warning triangle set apart is
/// a warning without a word.
pub fn leading(text: &str, setting: Setting) -> Option<Signal> {
    let Some((word, signal, rest)) = split(text) else {
        return triangle(text, setting).then_some(Signal::Warning);
    };
    if is_definition(rest) {
        return None;
    }
    // Chinese has no capitals: there only what follows, or the setting, makes a signal.
    let upper = !word.chars().any(char::is_lowercase);
    let capital = !word.starts_with(char::is_lowercase);
    let ends =
        rest.trim_start().chars().next().is_none_or(|c| ":：!！—–】]".contains(c)) || rest.starts_with(" - ");
    let apart = setting.bold || (setting.quoted && upper);
    ((capital && (ends || (setting.bold && upper))) || (upper && apart)).then_some(signal)
}

/// "⚠ **Hot surface.**", "> ⚠ Hot surface": the safety alert symbol of ISO 7010 (W001) leads
/// words that are set apart.
fn triangle(text: &str, setting: Setting) -> bool {
    let rest = text.trim_start_matches(|c: char| c.is_whitespace() || "[(【*".contains(c));
    (setting.bold || setting.quoted) && rest.starts_with('⚠') && rest.chars().any(char::is_alphanumeric)
}

/// Is `word`, whatever its case, one of the standards' signal words?
pub(super) fn is_standard(word: &str) -> bool {
    let lower = word.to_lowercase();
    WORDS.iter().any(|(w, _)| *w == lower)
}

/// Does what follows a word say what the word means?
pub(super) fn is_definition(rest: &str) -> bool {
    static VERB: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(concat!(
            // Third person only: "CAUTION: Mark the coupling" is an order.
            r"(?i)^[\s)\]”’*:–—-]*(?:(?:(?:this|the|a) )?(?:signal word|symbol|word) )?",
            r"(?:indicates|means|marks|identifies|denotes|signifies|designates|alerts (?:you|the|to)|warns (?:of|you)|points out|draws attention|is used|refers to|stands for",
            r"|indica|significa|señala|advierte|se (?:usa|utiliza|emplea)|bedeutet|kennzeichnet|weist|signifie|indique)\b",
            r"|^[\s：:）】」”*]*(?:表示[^灯燈器]|是指|意味着|代表)",
        ))
        .ok()
    });
    VERB.as_ref().is_some_and(|v| v.is_match(rest))
}

/// The signal word that is all of `text`.
pub fn lone(text: &str) -> Option<Signal> {
    let (word, signal, rest) = split(text)?;
    let set = !word.starts_with(char::is_lowercase);
    (set && rest.chars().all(|c| !c.is_alphanumeric())).then_some(signal)
}

fn split(text: &str) -> Option<(&str, Signal, &str)> {
    // A sign such as "⚠" may stand before the word.
    let text = text.trim_start_matches(|c: char| !c.is_alphanumeric());
    let end = text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let lower = word.to_lowercase();
    let (_, signal) = WORDS.iter().find(|(w, _)| *w == lower)?;
    Some((word, *signal, rest))
}

/// Does `text` speak of lockout/tagout?
pub fn lockout(text: &str) -> bool {
    static LOCKOUT: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(concat!(
            r"(?i)\b(?:lock(?:ed|ing)?[\s-]*out|tag(?:ged|ging)?[\s-]*out|lockout|tagout|LOTO|lock(?:s|ed|ing)? (?:and|&) tag)\b",
            r"|\b(?:bloque(?:o|ar|e|ado|ada)s? y (?:el )?(?:etiquet|señaliz|consign)|consign(?:ar|ación|e)\b|candados? de bloqueo|bloqueo con candado)",
            r"|上锁|挂牌|锁定挂签|挂锁",
        ))
        .ok()
    });
    LOCKOUT.as_ref().is_some_and(|r| r.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Setting = Setting { quoted: false, bold: false };
    const QUOTED: Setting = Setting { quoted: true, bold: false };
    const BOLD: Setting = Setting { quoted: true, bold: true };

    #[test]
    fn a_signal_word_set_apart_is_a_warning() {
        assert_eq!(leading("DANGER Stored energy.", BOLD), Some(Signal::Danger));
        assert_eq!(leading("⚠ CAUTION hot surface", QUOTED), Some(Signal::Caution));
        assert_eq!(leading("WARNING: pressure", PLAIN), Some(Signal::Warning));
        assert_eq!(leading("Notice: use clean oil", PLAIN), Some(Signal::Notice));
        assert_eq!(leading("WARNING — pressure", PLAIN), Some(Signal::Warning));
    }

    #[test]
    fn spanish_and_chinese_signal_words_count_alike() {
        assert_eq!(leading("PELIGRO: tensión", PLAIN), Some(Signal::Danger));
        assert_eq!(leading("¡ADVERTENCIA! Presión residual", PLAIN), Some(Signal::Warning));
        assert_eq!(leading("Precaución: superficie caliente", PLAIN), Some(Signal::Caution));
        assert_eq!(leading("危险：高压", PLAIN), Some(Signal::Danger));
        assert_eq!(leading("【警告】断电后等待", PLAIN), Some(Signal::Warning));
        assert_eq!(lone("注意"), Some(Signal::Notice));
        assert_eq!(leading("peligro: minúscula", PLAIN), None);
        assert_eq!(leading("警告信息共有32项", PLAIN), None);
        assert!(lockout("Bloquee y etiquete el interruptor Q1") && lockout("执行上锁挂牌"));
        assert!(!lockout("la bomba se bloquea"));
    }

    #[test]
    fn words_in_wide_use_and_of_other_editions_count_too() {
        for (text, signal) in [
            ("ATTENTION: Static discharge", Signal::Caution),
            ("¡CUIDADO! Superficie caliente", Signal::Caution),
            ("ACHTUNG: Heiße Oberfläche", Signal::Caution),
            ("GEFAHR! Hochspannung", Signal::Danger),
            ("AVERTISSEMENT : pression", Signal::Warning),
            ("严禁：带电打开柜门", Signal::Warning),
            ("嚴禁！短接急停", Signal::Warning),
        ] {
            assert_eq!(leading(text, PLAIN), Some(signal), "{text}");
        }
        assert_eq!(leading("严禁带电打开柜门", PLAIN), None, "a sentence, no heading of one");
        assert_eq!(leading("Attention is drawn to chapter 2", BOLD), None);
    }

    #[test]
    fn what_says_what_a_signal_word_means_is_no_warning() {
        for text in [
            "DANGER indicates a hazardous situation which will result in death.",
            "WARNING: indicates what could kill.",
            "CAUTION – This symbol alerts you to light injuries.",
            "PELIGRO indica una situación de muerte.",
            "危险：表示将导致死亡的情况。",
        ] {
            assert_eq!(leading(text, BOLD), None, "{text}");
        }
        assert_eq!(leading("WARNING: Marking lines must stay dry.", PLAIN), Some(Signal::Warning));
    }

    #[test]
    fn the_warning_triangle_set_apart_needs_no_word() {
        assert_eq!(leading("⚠ Hot surface.", QUOTED), Some(Signal::Warning));
        assert_eq!(leading("⚠\u{fe0f} Hot surface.", BOLD), Some(Signal::Warning));
        assert_eq!(leading("⚠ DANGER: Hot.", QUOTED), Some(Signal::Danger), "the word says more");
        assert_eq!(leading("⚠ Hot surface.", PLAIN), None);
        assert_eq!(leading("⚠", QUOTED), None);
    }

    #[test]
    fn other_words_and_notes_are_none() {
        assert_eq!(leading("NOTE: see chapter 3", BOLD), None);
        assert_eq!(leading("WARNING lamp H3 is lit", PLAIN), None);
        assert_eq!(leading("Caution is advised", QUOTED), None);
        assert_eq!(leading("Dangerous goods", BOLD), None);
        assert_eq!(leading("", BOLD), None);
    }

    #[test]
    fn a_word_alone_is_found() {
        assert_eq!(lone("⚠ WARNING!"), Some(Signal::Warning));
        assert_eq!(lone("WARNING LAMPS"), None);
    }

    #[test]
    fn lockout_is_found_in_its_spellings() {
        for text in [
            "Lock out the drive",
            "lockout/tagout",
            "Apply LOTO.",
            "is locked out",
            "tag-out",
            "Lock and tag",
        ] {
            assert!(lockout(text), "{text}");
        }
        assert!(!lockout("the locknut is out of round"));
        assert!(!lockout("a lotion"));
    }
}
