//! Who is read and written in the next step: plain state, no lock, no thread, no clock.
