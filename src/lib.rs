//! # millwright
//!
//! An offline, voice-driven assistant for technicians. A turn walks through the house
//! like this:
//!
//! A key goes down → [`entry::microphone`] fills a ring → [`entry::listen`] cuts the
//! *utterance* → [`core::hear`] makes it a *transcript* → [`entry::screen`] makes the
//! *request* → [`core::knowledge`] finds *passages* → [`core::engine`] writes a *draft*
//! from them → [`core::answer`] lets the guard judge it and picks the *rung* →
//! [`exit::speak`] says the *answer*, [`exit::panel`] shows it, [`exit::render`] fills the
//! other exits → [`operations::audit`] closes the record with the *ledger*.
//!
//! Data flows `entry` → `core` → `exit` and never back; what must travel back (a cancel,
//! a deadline, a snapshot) is a message. Only [`operations`] sees all floors. The order
//! of a turn is decided in one place, the sans-IO state machine [`core::turn`].

pub mod core;
pub mod entry;
pub mod exit;
pub mod fault;
pub mod operations;
mod quiet;
