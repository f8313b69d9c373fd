//! Text made fit to be spoken: no markup, and nothing that a voice could misread.
//!
//! Markdown goes first ([`markdown`]), then every figure, unit, sign and code becomes
//! words ([`english`]). The order of the figures is never changed and none is dropped:
//! what is heard is what was guarded.

mod amount;
mod code;
mod english;
mod markdown;
mod number;
mod unit;
mod words;

pub(super) use number::is_word as is_number_word;

/// `text` (plain or Markdown) as words and plain punctuation (`. , ; : ? !` and `'`).
///
/// `language` is a tag such as "en" or "en-US". English comes back without any digit or
/// symbol. In other languages the markup goes and the voice itself reads the figures.
#[must_use]
pub fn speakable(text: &str, language: &str) -> String {
    let prose = markdown::prose(text);
    let english = language.get(..2).is_none_or(|l| l.eq_ignore_ascii_case("en"));
    if english { english::read(&prose) } else { prose.split_whitespace().collect::<Vec<_>>().join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, spoken: &str) {
        assert_eq!(speakable(text, "en"), spoken, "from {text:?}");
    }

    #[test]
    fn amounts_with_units() {
        check("Tighten to 195 Nm.", "Tighten to one hundred ninety five newton metres.");
        check("195Nm", "one hundred ninety five newton metres.");
        check("The gap is 0.35 mm", "The gap is zero point three five millimetres.");
        check("1 bar or 1 l/min", "one bar or one litre per minute.");
        check("24 V DC", "twenty four volts DC.");
        check("at 1,450 rpm", "at one thousand four hundred fifty revolutions per minute.");
        check("at 1500 min⁻¹", "at one thousand five hundred revolutions per minute.");
        check(
            "45 °C, 45°C and 45 ° C",
            "forty five degrees Celsius, forty five degrees Celsius and forty five degrees Celsius.",
        );
        check("98% of 5 kΩ", "ninety eight percent of five kiloohms.");
        check("40 N m", "forty newton metres.");
        check("Wait 5 min. Then 10 s", "Wait five minutes. Then ten seconds.");
        check(
            "a 24-V supply, 3-way valve, 10-bar line",
            "a twenty four volt supply, three way valve, ten bar line.",
        );
        check("torque in Nm", "torque in newton metres.");
    }

    #[test]
    fn tolerances_and_ranges() {
        check("10 ± 0.5 mm", "ten plus or minus zero point five millimetres.");
        check("10±0.5mm", "ten plus or minus zero point five millimetres.");
        for range in ["10-15 bar", "10–15 bar", "10 – 15 bar", "10 bar - 15 bar", "10...15 bar", "10…15bar"]
        {
            let spoken = speakable(range, "en");
            assert!(spoken.ends_with("to fifteen bar."), "{range:?} gave {spoken:?}");
            assert!(spoken.starts_with("ten "), "{range:?} gave {spoken:?}");
        }
        check("-10 to +40 °C", "minus ten to plus forty degrees Celsius.");
        check("−5…5 V", "minus five to five volts.");
        check(
            "≤ 5 bar, >3 mm, ~20 %",
            "at most five bar, more than three millimetres, about twenty percent.",
        );
        check("-10–-5 °C", "minus ten to minus five degrees Celsius.");
    }

    #[test]
    fn codes_are_read_letter_by_letter() {
        check("Alarm E203", "Alarm E two zero three.");
        check("fault F-37.", "fault F three seven.");
        check("ALARM:9", "ALARM nine.");
        check("register 0x2310", "register zero x two three one zero.");
        check("0xBEEF", "zero x B E E F.");
        check("(SRVO-023)", "S R V O zero two three.");
        check("MX-200", "M X two zero zero.");
        check("E 15 or E 50", "E one five or E five zero.");
        check("alarm 15, fault code 50", "alarm one five, fault code five zero.");
        check("HPU-30A", "H P U three zero A.");
        check("P0420 and 2K4", "P zero four two zero and two K four.");
        check("part 007-12", "part zero zero seven one two.");
        check("X1:3", "X one three.");
        check("terminals L1/L2/L3", "terminals L one L two L three.");
    }

    #[test]
    fn threads_and_sizes() {
        check("M16", "M sixteen.");
        check("M16x1.5", "M sixteen by one point five.");
        check("M12×80 bolts", "M twelve by eighty bolts.");
        check("class 8.8", "class eight point eight.");
        check("10 x 20 mm", "ten by twenty millimetres.");
        check("10×20×30 mm", "ten by twenty by thirty millimetres.");
        check("Ø20 mm", "diameter twenty millimetres.");
        check(
            "1/2 turn, 3/4\", 1 1/2 turns, 1½",
            "one half turn, three quarters inches, one and one half turns, one and one half.",
        );
        check("3x", "three times.");
        check(
            "230/400 V, a 3/2-way valve",
            "two hundred thirty slash four hundred volts, a three slash two way valve.",
        );
        check("5mm-thick shim", "five millimetre thick shim.");
        check("ratio 1:50 at 12:30", "ratio one to fifty at twelve thirty.");
        check("v1.2.3", "version one point two point three.");
        check("2026-05-13", "thirteen May two thousand twenty six.");
        check("the 2nd and 21st", "the second and twenty first.");
    }

    #[test]
    fn marks_become_pauses_or_words() {
        check("Vent it (slowly) — then wait", "Vent it, slowly, then wait.");
        check("pump/motor & on/off", "pump motor and on off.");
        check("See [1], [2, 3].", "See.");
        check(
            "max. 5 bar, approx. 3 mm, e.g. oil",
            "maximum five bar, approximately three millimetres, for example oil.",
        );
        check("No. 5, #6, Fig. 7", "number five, number six, figure seven.");
        check("Open https://x.example/a?b=1 now", "Open now.");
        check("edit /etc/pump/limits.conf now", "edit limits dot conf now.");
        check("“Stop!” he said…", "Stop! he said.");
        check("the operator’s valve", "the operator's valve.");
        check("a + b = c", "a plus b equals c.");
        check("", "");
        check("*** --- ```", "");
    }

    #[test]
    fn markdown_is_not_read() {
        check(
            "## Torque\n\n| Bolt | Torque |\n|---|---|\n| M16 | 195 Nm |\n\n1. **Lock out**\n2. Vent",
            "Torque. Bolt, Torque. M sixteen, one hundred ninety five newton metres. one, Lock out. two, Vent.",
        );
    }

    #[test]
    fn other_languages_keep_their_figures_for_the_voice() {
        assert_eq!(speakable("**Apriete** a 195 Nm", "es"), "Apriete a 195 Nm.");
        assert_eq!(speakable("拧紧到 195 Nm", "zh"), "拧紧到 195 Nm.");
    }

    proptest! {
        #[test]
        fn any_text_becomes_plain_words(text in any::<String>()) {
            let spoken = speakable(&text, "en");
            prop_assert!(
                !spoken.contains(|c: char| c.is_numeric() || "*_#`|<>[]{}~^=\\/".contains(c)),
                "{:?} gave {:?}", text, spoken
            );
        }

        #[test]
        fn technical_text_becomes_plain_words(text in r"[ A-Za-z0-9.,:/+\-±°µΩ%()x×=<>*_#|\n]{0,60}") {
            let spoken = speakable(&text, "en");
            prop_assert!(!spoken.contains(|c: char| c.is_numeric() || "*_#|<>/%".contains(c)), "{}", spoken);
        }

        #[test]
        fn a_code_keeps_every_letter_and_digit(code in "[B-HJ-Z]{1,3}[-:]?[0-9]{2,5}") {
            prop_assume!(unit::words(code.trim_start_matches(|c: char| !c.is_ascii_digit()), false).is_none());
            prop_assume!(!code.starts_with('M'));
            let spoken = speakable(&format!("Alarm {code} is active"), "en");
            let spelt: Vec<String> = code
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .map(|c| if c.is_ascii_digit() { number::digits(&c.to_string()) } else { c.to_string() })
                .collect();
            prop_assert_eq!(spoken, format!("Alarm {} is active.", spelt.join(" ")));
        }

        #[test]
        fn no_figure_is_lost(n in 0u64..1_000_000, tenths in 0u32..100, unit in "(Nm|bar|mm|°C|kW|rpm|l/min|%)") {
            for text in [format!("set {n} {unit} now"), format!("set {n}.{tenths:02}{unit} now")] {
                let spoken = speakable(&text, "en");
                let words = spoken.strip_prefix("set ").unwrap_or("");
                prop_assert!(words.starts_with(&number::number(&n.to_string())), "{} gave {}", text, spoken);
            }
        }
    }
}
