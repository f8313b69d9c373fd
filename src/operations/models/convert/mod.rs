//! Turns a model's published form into the form that its loader reads.

pub mod ct2;
pub mod ggml;
pub mod mel;
mod tokens;

pub use ggml::ct2_to_ggml;
