//! What the loudspeaker was given, for whoever must subtract it from the microphone.
//!
//! The last two seconds of the final mix, in blocks that say when they were pulled. While
//! nothing plays there are no blocks: the gaps in the frame numbers are silence.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Samples of one block, at most.
pub const BLOCK: usize = 256;
/// How far back the tap reaches.
const SECONDS: usize = 2;

/// A run of samples that was pulled in one go.
#[derive(Debug, Clone, Copy)]
pub struct Block {
    /// Number of the first sample, counted from the opening of the device, silence included.
    pub frame: u64,
    /// When the first sample was pulled by the mixer; it is heard up to 60 ms later.
    pub at: Instant,
    samples: [f32; BLOCK],
    filled: usize,
}

impl Block {
    pub(super) fn new(frame: u64, at: Instant) -> Self {
        Self { frame, at, samples: [0.0; BLOCK], filled: 0 }
    }

    /// Adds a sample; `true` once the block is full.
    pub(super) fn push(&mut self, sample: f32) -> bool {
        if let Some(slot) = self.samples.get_mut(self.filled) {
            *slot = sample;
            self.filled += 1;
        }
        self.filled == BLOCK
    }

    /// The samples, mono, at the tap's rate.
    #[must_use]
    pub fn samples(&self) -> &[f32] {
        self.samples.get(..self.filled).unwrap_or_default()
    }
}

/// A view on the last seconds of the mix; clones share it.
#[derive(Clone)]
pub struct Tap {
    rate: Arc<AtomicU32>,
    restarts: Arc<AtomicU32>,
    blocks: Arc<Mutex<VecDeque<Block>>>,
}

impl Tap {
    pub(super) fn new(rate: u32) -> Self {
        Self { rate: Arc::new(AtomicU32::new(rate)), restarts: Arc::default(), blocks: Arc::default() }
    }

    /// Samples per second; another one after another device was opened.
    #[must_use]
    pub fn sample_rate(&self) -> u32 {
        self.rate.load(Ordering::Relaxed)
    }

    /// How often another device was opened: each counts its samples from zero, so whoever
    /// reads on from a number must begin again.
    #[must_use]
    pub fn restarts(&self) -> u32 {
        self.restarts.load(Ordering::Relaxed)
    }

    /// Starts anew for a device that counts from zero.
    pub(super) fn restart(&self, rate: u32) {
        let mut blocks = self.lock();
        self.rate.store(rate, Ordering::Relaxed);
        self.restarts.fetch_add(1, Ordering::Relaxed);
        blocks.clear();
    }

    /// The blocks from sample number `frame` on that are still held, oldest first.
    #[must_use]
    pub fn since(&self, frame: u64) -> Vec<Block> {
        self.lock().iter().filter(|b| b.frame + b.filled as u64 > frame).copied().collect()
    }

    pub(super) fn keep(&self, block: Block) {
        let most = (SECONDS * self.sample_rate() as usize).div_ceil(BLOCK);
        let mut blocks = self.lock();
        while blocks.len() >= most {
            blocks.pop_front();
        }
        blocks.push_back(block);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Block>> {
        // Nothing between lock and unlock can leave the queue half changed.
        self.blocks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tap_holds_two_seconds_and_no_more() {
        let tap = Tap::new(8000);
        let now = Instant::now();
        for n in 0..200 {
            let mut block = Block::new(n * BLOCK as u64, now);
            while !block.push(n as f32) {}
            tap.keep(block);
        }
        let held = tap.since(0);
        assert_eq!(held.len(), 63);
        assert_eq!(held[62].samples()[0], 199.0);
        assert_eq!(tap.since(199 * BLOCK as u64 + 5).len(), 1);
        assert_eq!(tap.since(200 * BLOCK as u64).len(), 0);
    }

    #[test]
    fn another_device_is_told_and_its_numbers_begin_again() {
        let tap = Tap::new(8000);
        let mut block = Block::new(1_000_000, Instant::now());
        while !block.push(0.5) {}
        tap.keep(block);
        tap.restart(16_000);
        assert_eq!((tap.restarts(), tap.sample_rate(), tap.since(0).len()), (1, 16_000, 0));
    }
}
