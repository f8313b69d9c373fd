//! (being built)
pub mod convert;
pub mod digest;
pub mod faults;
pub mod manifest;
