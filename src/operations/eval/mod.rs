//! Measuring: suites of questions whose right answers are known.
//!
//! [`golden`] scores answers; [`score`] holds the pure rules. A suite prints a row per item,
//! then its figures; every figure's name is listed in `docs/figures.md`.

pub mod golden;
pub mod score;
