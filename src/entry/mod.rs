//! What arrives: microphone, keys, files; each becomes data and is handed up.

pub mod audio_file;
pub mod keys;
pub mod listen;
pub mod microphone;
pub mod screen;

/// What kind of thing went wrong on this floor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No such device, or it went away.
    Device,
    /// A file that is not what it claims to be.
    Unreadable,
    /// A model that is missing, damaged, or does not run.
    Model,
    /// The file system refused.
    Io,
}

/// An error of the entry floor.
pub type Error = crate::fault::Fault<Kind>;
/// Shorthand.
pub type Result<T> = std::result::Result<T, Error>;
