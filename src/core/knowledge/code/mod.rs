//! Fault, alarm, parameter and part codes: found by shape, compared in one canonical form.
//!
//! A code is one to four letters with digits (`E203`, `F-37`, `Err07`), a hexadecimal number
//! (`0x2310`), a vehicle code (`P0A80`), or a code word with a number (`ALARM:9`, `fallo 9`,
//! `报警9`): [`codes_in`] finds these anywhere. What else is a code, each document shows
//! itself, by the columns and headings that list its codes: letters alone (`HE`), names
//! (`MAX_ENDSTOP_PRESSED`), settings (`$130`), bits, pairs (`P9-64`): [`Shapes`] learns them.
//! Thread sizes, protection classes and standards are designations, not codes, unless the
//! document lists them as codes.
//!
//! [`codes_asked`] reads the codes of a question, written or spoken, in three languages.

mod near;
mod query;
mod question;
mod rows;
mod shape;
mod shapes;
pub(crate) mod spoken;
mod text;
mod words;

use super::passage::Span;

pub use near::{Near, Why, neighbours};
pub use query::{Lookup, QueryCodes, codes_asked, query_codes, spoken_candidates};
pub use rows::{heading_codes, heads_by_number, own_codes_of_row, stated_codes};
pub use shapes::Shapes;
pub use spoken::spoken_forms;
pub use text::{codes_in, defined_code, leading_code};
pub(crate) use words::{folded, is_designation, is_unit};

/// A code in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeMention {
    /// As written.
    pub text: String,
    /// In canonical form, see [`normalise`].
    pub normal: String,
    /// Where it stands in the text that was searched.
    pub span: Span,
}

/// A code in canonical form: upper case, letters and digits only, without accents and
/// full-width forms ("F-37" → "F37"); the "$" of a setting stays ("$130").
pub fn normalise(code: &str) -> String {
    let code = code.trim_start();
    let setting = code.strip_prefix('$').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let letters = code
        .chars()
        .map(super::analyse::narrow)
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_uppercase)
        .map(words::unaccented);
    setting.then_some('$').into_iter().chain(letters).collect()
}

/// Are two canonical codes the same but for zeros before their number ("M42", "M042")?
pub fn is_same(one: &str, other: &str) -> bool {
    let parts = |code: &str| -> Option<(String, String)> {
        let digits = code.trim_start_matches(|c: char| !c.is_ascii_digit());
        let letters = code.strip_suffix(digits)?;
        let plain = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
        plain.then(|| (letters.to_owned(), digits.trim_start_matches('0').to_owned()))
    };
    one == other || parts(one).is_some_and(|p| parts(other) == Some(p))
}

#[cfg(test)]
mod tests;
