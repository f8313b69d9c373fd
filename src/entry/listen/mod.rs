//! From samples to utterances: conversion, level, push-to-talk, trimming. The parts are
//! state machines on `now` and on counts of samples; the [`ear`] drives them.

pub mod ear;
pub mod level;
pub mod push_to_talk;
pub mod resample;
pub mod trim;
