//! Numbers and letters as people say them, in English, Spanish and Chinese: "two oh three",
//! "doscientos tres", "二百零三", "double five", "echo", "hache".

mod forms;
mod letters;
mod numerals;

pub use forms::spoken_forms;
pub(crate) use forms::{ENGLISH, ENGLISH_TENS};
pub(crate) use letters::{Letter, letter};
pub(crate) use numerals::{Numeral, numeral, readings};

/// Which words of a question are numbers: "once" is eleven in Spanish, "ten" is "have".
/// Chinese numerals are told by their characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tongue {
    English,
    Spanish,
}

impl Tongue {
    /// The tongue of a question's words (lower case, without accents).
    pub(super) fn of<'w>(question: &str, words: impl Iterator<Item = &'w str>) -> Self {
        #[rustfmt::skip]
        const ENGLISH: &[&str] = &[
            "the", "what", "is", "does", "how", "i", "of", "mean", "on", "to", "do", "my", "and", "with",
            "have", "should", "it", "shows", "which", "for", "one", "two", "three", "four", "five", "six",
            "seven", "eight", "nine", "zero", "oh", "hundred", "alarm", "fault", "code", "setting",
                ];
        #[rustfmt::skip]
        const SPANISH: &[&str] = &[
            "el", "la", "los", "que", "como", "codigo", "fallo", "falla", "alarma", "averia", "parametro",
            "en", "del", "de", "es", "significa", "hacer", "para", "mi", "un", "una", "cual", "por",
            "cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "cien",
            "ciento", "con", "hay", "muestra",
                ];
        let mut votes =
            if question.contains(['¿', '¡', 'ñ', 'á', 'é', 'í', 'ó', 'ú']) { 2 } else { 0 };
        for word in words {
            votes += i32::from(SPANISH.contains(&word) || numerals::is_spanish(word));
            votes -= i32::from(ENGLISH.contains(&word));
        }
        if votes > 0 { Tongue::Spanish } else { Tongue::English }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tongue_of_a_question_is_told_by_its_words() {
        for (question, tongue) in [
            ("what does e two oh three mean", Tongue::English),
            ("codigo e dos cero tres", Tongue::Spanish),
            ("e cuarenta y uno", Tongue::Spanish),
            ("alarm once cleared", Tongue::English),
            ("E203", Tongue::English),
        ] {
            assert_eq!(Tongue::of(question, question.split(' ')), tongue, "{question}");
        }
    }
}
