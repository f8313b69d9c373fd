//! Does this sound finished? Judged by the words alone.

/// Whether a sentence may end where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Completeness {
    /// It is whole: "What is the torque of the M16 bolt?".
    Finished,
    /// It may be.
    #[default]
    Unsure,
    /// More must come: it ends in a preposition, an unfinished number, "fault code E".
    Unfinished,
}

/// Judges the words heard so far; `language` is a BCP 47 tag (English, Spanish, Chinese).
pub fn completeness(_text: &str, _language: &str) -> Completeness {
    Completeness::Unsure
}
