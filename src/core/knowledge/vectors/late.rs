//! Late interaction (being written).
