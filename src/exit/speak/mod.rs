//! What is heard: text → speakable text → clauses → phonemes → sound → loudspeaker.
//!
//! [`speakable`] makes text fit for a voice, [`clause`] cuts it, [`phonemes`] asks a warm
//! espeak-ng child how it sounds, [`piper`] (or [`espeak`], where no neural voice is
//! installed) makes the sound, [`playback`] plays it sentence by sentence and can be cut
//! short at any moment. [`say`] ties text to sound for whoever wants either a file
//! ([`wav`]) or a loudspeaker. [`earcon`] holds the few tones that need no voice at all.
//!
//! espeak-ng is GPL and therefore always a program of its own, never linked ([`child`]).

mod child;
pub mod clause;
pub mod earcon;
pub mod espeak;
mod feed;
pub mod outputs;
pub mod phonemes;
pub mod piper;
pub mod playback;
mod resample;
pub mod say;
pub mod speakable;
pub mod tap;
pub mod voice;
pub mod wav;

pub use speakable::speakable;
