//! The live path in compressed time: sound in, what would have been asked out.
