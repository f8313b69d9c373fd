//! Warnings that govern what is cited: first, verbatim, gravest first, each once.
//!
//! In full on their first mention. Once the person said to have understood one it is said
//! in [`short_form`]: from its first word, verbatim, to the end of the sentence that names
//! the hazard. Lockout/tagout is never shortened, nor is a warning in which no sentence is
//! known to name a hazard.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::core::answer::sentence;
use crate::core::answer::{Answer, Said};
use crate::core::knowledge::passage::{Passage, Warning};

/// The warnings that govern `cited`, each with the passage (index into `cited`) that
/// brought it: gravest first, lockout/tagout first among equals, then in the order given.
/// A warning that several passages share comes once.
pub fn governing<'p>(cited: &[&'p Passage]) -> Vec<(usize, &'p Warning)> {
    let mut all: Vec<(usize, &'p Warning)> = Vec::new();
    for (i, passage) in cited.iter().enumerate() {
        for warning in &passage.warnings {
            if !all.iter().any(|(_, w)| same(&w.text, &warning.text)) {
                all.push((i, warning));
            }
        }
    }
    all.sort_by_key(|(_, w)| (std::cmp::Reverse(w.signal), !w.lockout));
    all
}

/// The governing warnings of `cited` that `said` lacks. One that is said in short counts
/// where it may be said so, and the short form is its own.
pub fn missing(said: &[Said], cited: &[&Passage]) -> Vec<String> {
    let says = |s: &Said, w: &Warning| {
        same(&s.text, &w.text)
            && s.short.as_deref().is_none_or(|short| Some(short) == short_form(&w.text, w.lockout))
    };
    governing(cited)
        .into_iter()
        .filter(|(_, w)| !said.iter().any(|s| says(s, w)))
        .map(|(_, w)| w.text.clone())
        .collect()
}

/// Same words, whatever the line breaks and marks?
pub fn same(a: &str, b: &str) -> bool {
    key(a) == key(b)
}

/// What a warning is known by in a session: its words without marks, blanks and case.
pub fn key(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Says the warnings of `answer` in short whose [`key`] is in `understood`.
pub fn shorten(answer: &mut Answer, understood: &HashSet<String>) {
    for warning in &mut answer.warnings {
        if understood.contains(&key(&warning.text)) {
            warning.short = short_form(&warning.text, warning.lockout).map(ToOwned::to_owned);
        }
    }
}

/// Says all warnings of `answer` in full again.
pub fn in_full(answer: &mut Answer) {
    for warning in &mut answer.warnings {
        warning.short = None;
    }
}

/// The beginning of a warning, through the first sentence that names the hazard; `None`
/// where nothing may or can be left out.
pub fn short_form(text: &str, lockout: bool) -> Option<&str> {
    if lockout {
        return None;
    }
    let naming = sentence::split(text).into_iter().find(|s| s.of(text).is_some_and(names_a_hazard))?;
    let short = text.get(..naming.end)?.trim_end();
    let rest = text.get(naming.end..)?;
    rest.chars().any(char::is_alphanumeric).then_some(short)
}

/// Does a sentence say what may happen, or to whom? A signal word alone does not.
fn names_a_hazard(sentence: &str) -> bool {
    static HAZARD: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(concat!(
            r"(?i)\b(?:hazard\w*|risks?|dangers? of|injur\w+|death|fatal\w*|kill\w*|lethal|electrocut\w+|(?:electric(?:al)? )?shocks?",
            r"|burns?|scald\w*|crush\w*|shear\w*|entangle\w*|trap(?:s|ped|ping)?|pinch\w*|cut(?:s|ting)? (?:off|injur\w*)|amputat\w+|impact|strikes?|struck",
            r"|explo(?:de|des|sion|sions|sive)|fires?|flammable|ignit\w+|toxic|poison\w*|asphyxia\w+|suffocat\w+|corrosive|caustic|irritat\w+",
            r"|(?:high|dangerous|lethal|live|residual|stored|mains) (?:voltages?|pressures?|energy|charges?|parts?)|under (?:pressure|tension|voltage)|pressuri[sz]ed|energi[sz]ed",
            r"|hot (?:surfaces?|oil|water|steam|parts?|fluids?)|(?:is|are|may be|can be) hot|rotating|moving (?:parts?|machinery)|(?:starts?|restarts?|moves?) (?:by itself|automatically|unexpectedly|without warning)|unexpected(?:ly)?",
            r"|falls?|falling|suspended load|radiation|laser|sharp|slip(?:s|pery|ping)?|damag\w+|destroy\w*|loss of)\b",
            r"|\b(?:peligros? (?:de|por)|riesgos?|lesi[oó]n(?:es)?|muerte|mortal(?:es)?|descarga el[eé]ctrica|electrocuci[oó]n|quemaduras?|aplastamiento|atrapamiento|cizallamiento|explosi[oó]n|incendio|t[oó]xic[oa]s?|asfixia|inflamables?|alta tensi[oó]n|alta presi[oó]n|bajo presi[oó]n|presi[oó]n residual|superficies? calientes?|piezas? (?:m[oó]viles|giratorias)|arranque (?:inesperado|autom[aá]tico)|ca[ií]das?|da[nñ]os?|da[nñ]ar)\b",
            r"|危险性|触电|电击|高压|高温|烫伤|灼伤|烧伤|夹伤|挤压|卷入|剪切|伤害|受伤|伤亡|死亡|爆炸|火灾|起火|易燃|有毒|中毒|窒息|腐蚀|带电|坠落|辐射|损坏|突然(?:启动|起动)|自动(?:启动|起动)|旋转部件|运动部件",
        ))
        .ok()
    });
    HAZARD.as_ref().is_some_and(|h| h.is_match(sentence))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::answer::source::tests::{prose, warning};
    use crate::core::knowledge::passage::Signal;
    use proptest::prelude::*;

    #[test]
    fn gravest_first_each_once() {
        let mut a = prose("one");
        let mut b = prose("two");
        a.warnings = vec![
            warning(Signal::Caution, "CAUTION: Hot oil.", 0, false),
            warning(Signal::Danger, "DANGER: Crushing. Keep clear.", 0, false),
        ];
        b.warnings = vec![
            warning(Signal::Danger, "DANGER: Crushing.\nKeep clear.", 50, false),
            warning(Signal::Danger, "DANGER: Lock out the drive.", 90, true),
            warning(Signal::Notice, "NOTICE: Use clean oil.", 150, false),
        ];
        let got: Vec<_> = governing(&[&a, &b]).into_iter().map(|(i, w)| (i, w.text.as_str())).collect();
        assert_eq!(
            got,
            [
                (1, "DANGER: Lock out the drive."),
                (0, "DANGER: Crushing. Keep clear."),
                (0, "CAUTION: Hot oil."),
                (1, "NOTICE: Use clean oil."),
            ]
        );
    }

    #[test]
    fn what_is_not_said_is_missing() {
        let mut a = prose("one");
        a.warnings = vec![
            warning(Signal::Danger, "DANGER: Crushing.", 0, false),
            warning(Signal::Caution, "CAUTION: Hot oil.", 20, false),
        ];
        let said = [Said::of(&a.warnings[1], 1)];
        assert_eq!(missing(&said, &[&a]), ["DANGER: Crushing."]);
        assert!(missing(&[], &[&prose("no warnings")]).is_empty());
    }

    #[test]
    fn a_warning_in_its_own_short_form_is_said_and_in_any_other_it_is_missing() {
        let mut a = prose("one");
        let text = "DANGER: High voltage. Wait 5 minutes.";
        a.warnings = vec![warning(Signal::Danger, text, 0, false)];
        let own = a.warnings[0].clone();
        let said = |short: Option<&str>| Said { short: short.map(ToOwned::to_owned), ..Said::of(&own, 1) };
        assert!(missing(&[said(None)], &[&a]).is_empty());
        assert!(missing(&[said(Some("DANGER: High voltage."))], &[&a]).is_empty());
        for other in ["DANGER", "", "DANGER: High", "High voltage."] {
            assert_eq!(missing(&[said(Some(other))], &[&a]), [text], "{other}");
        }
        a.warnings[0].lockout = true;
        assert_eq!(missing(&[said(Some("DANGER: High voltage."))], &[&a]), [text]);
    }

    #[test]
    fn the_short_form_ends_with_the_sentence_that_names_the_hazard() {
        for (text, short) in [
            ("DANGER: Crushing hazard. Keep clear of the crank.", "DANGER: Crushing hazard."),
            ("WARNING! Hot oil can burn you. Wear gloves.", "WARNING! Hot oil can burn you."),
            (
                "WARNING Open the cover last. The bus may be energized. Wait 10 minutes.",
                "WARNING Open the cover last. The bus may be energized.",
            ),
            (
                "NOTICE: Excess grease damages the seal. Use at most 40 g.",
                "NOTICE: Excess grease damages the seal.",
            ),
            (
                "ADVERTENCIA: Riesgo de descarga eléctrica. Espere 5 minutos.",
                "ADVERTENCIA: Riesgo de descarga eléctrica.",
            ),
            ("危险：高压触电。断电后等待5分钟。", "危险：高压触电。"),
        ] {
            assert_eq!(short_form(text, false), Some(short));
            assert_eq!(short_form(text, true), None, "lockout is never shortened");
        }
    }

    #[test]
    fn what_may_be_all_of_the_hazard_stays_whole() {
        for text in [
            "DANGER: Crushing hazard.",
            "WARNING: Bleed the pressure first. Then open V4.",
            "CAUTION",
            "",
            "DANGER: Keep off. Moving parts.",
        ] {
            assert_eq!(short_form(text, false), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_short_form_is_a_shorter_beginning(text in "(DANGER: )?([A-Za-z ]{0,20}(hot oil|burns|shock)?[.!] ){0,5}") {
            if let Some(short) = short_form(&text, false) {
                prop_assert!(text.starts_with(short) && short.len() < text.trim_end().len());
                prop_assert!(names_a_hazard(short));
            }
        }
    }
}
