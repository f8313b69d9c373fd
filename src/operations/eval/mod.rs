//! Measuring: suites of questions whose right answers are known.
//!
//! [`golden`] scores answers, [`retrieval`] what is found for them,
//! [`hearing`] what is heard, [`trust`] what the guard lets through, [`models`] what a
//! model has earned; [`score`] holds the pure
//! rules, [`report`] the form of a suite's last line. A suite prints a row per item, then its
//! figures; every figure's name is listed in `docs/figures.md`.

pub mod golden;
pub mod hearing;
pub mod models;
pub mod report;
pub mod retrieval;
pub mod score;
pub mod scratch;
pub mod trust;
