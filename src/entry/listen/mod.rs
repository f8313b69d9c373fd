//! From samples to utterances: conversion, level, voice activity, endpointing, push-to-talk,
//! trimming; the wake phrase, and the voice of the house itself. The parts are state machines
//! on `now` and on counts of samples; the [`ear`] drives them.

pub mod attention;
pub mod ear;
pub mod endpoint;
pub mod finished;
pub mod level;
pub mod own_voice;
pub mod push_to_talk;
pub mod resample;
pub mod track;
pub mod trim;
pub mod vad;
pub mod wake;
