//! What runs it; the only floor that sees all others.

pub mod audit;
pub mod commands;
pub mod config;
pub mod eval;
pub mod lab;
pub mod models;
pub mod node;
pub mod outcome;
pub mod platform;
pub mod readers;
