//! What leaves: sound, the panel, renderings of an answer.

pub mod panel;
pub mod render;
pub mod speak;

/// What kind of thing went wrong on this floor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No such device, or it went away.
    Device,
    /// The voice or its phonemizer is missing.
    Voice,
    /// A computation failed inside the voice.
    Compute,
    /// The file system or terminal refused.
    Io,
}

/// An error of the exit floor.
pub type Error = crate::fault::Fault<Kind>;
/// Shorthand.
pub type Result<T> = std::result::Result<T, Error>;
