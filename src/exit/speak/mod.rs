//! What is heard.
pub mod clause;
pub mod speakable;
