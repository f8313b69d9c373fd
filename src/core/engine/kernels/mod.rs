//! The engine's arithmetic: the only place with `unsafe` in this room.

pub mod probe;
