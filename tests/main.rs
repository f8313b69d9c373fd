//! The behaviours of millwright, one module each, in one binary (one link step).
//!
//! A test that needs a model, a sound server or a terminal says so in its name
//! (`with_model_…`, `with_sound_…`, `with_terminal_…`). `make test` supplies all three.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

mod ask;
mod audit;
mod constraint;
mod devices;
mod ears;
mod engine;
mod eval;
mod fuzz;
mod hands_free;
mod index;
mod index_job;
mod lab;
mod models;
mod node;
mod pdf;
mod readme;
mod talk;
mod tui;
mod voice;
