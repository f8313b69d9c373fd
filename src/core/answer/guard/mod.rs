//! (being built)
pub mod injection;
pub mod numbers;
pub mod warnings;
