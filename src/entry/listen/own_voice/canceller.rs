//! The echo canceller: AEC3 of WebRTC, in 4 ms blocks at 16 kHz.
//!
//! `sonora-aec3` is a port of it to Rust: a search for the delay (up to 500 ms), a linear
//! filter of 52 ms in the frequency domain, an estimate of what that leaves, and a suppressor
//! of the rest. It works on samples in the scale of 16-bit integers.

use sonora_aec3::block::Block;
use sonora_aec3::block_processor::BlockProcessor;
use sonora_aec3::config::EchoCanceller3Config;

use crate::core::hear::SAMPLE_RATE;

/// Samples of one block: 4 ms.
pub(super) const BLOCK: usize = 64;
/// The library's scale.
const SCALE: f32 = 32_768.0;

/// Energy of one or more blocks, sums of squares.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Energy {
    /// What the microphone heard.
    pub(super) heard: f64,
    /// What the linear filter left of it.
    pub(super) linear: f64,
    /// What the suppressor left of that.
    pub(super) left: f64,
    /// Samples.
    pub(super) samples: usize,
}

/// The canceller's state of one pair of streams.
pub(super) struct Canceller {
    inner: BlockProcessor,
    capture: Block,
    linear: Block,
    render: Block,
}

impl Canceller {
    pub(super) fn new() -> Self {
        let mut config = EchoCanceller3Config::default();
        config.filter.export_linear_aec_output = true;
        // Somebody speaking shows after 16 ms, not 48, ...
        config.suppressor.dominant_nearend_detection.trigger_threshold = 4;
        // ... and an "s" is not held down to what lies at 2 kHz: "stop" begins with one.
        config.suppressor.high_frequency_suppression.bands_in_limiting_gain = 0;
        // A room with an RT60 of 0.7 s; the default is one of 0.3 s, whose tail is taken for speech.
        config.ep_strength.default_len = 0.92;
        let block = || Block::new(1, 1);
        Self {
            inner: BlockProcessor::new(&config, SAMPLE_RATE as usize, 1, 1),
            capture: block(),
            linear: block(),
            render: block(),
        }
    }

    /// Takes what was played out of `heard`. The result is one block late; `heard` and
    /// `played` are of the same time, or `played` earlier.
    pub(super) fn block(&mut self, played: &[f32; BLOCK], heard: &mut [f32; BLOCK]) -> Energy {
        let fill = |block: &mut Block, samples: &[f32; BLOCK]| {
            for (slot, sample) in block.view_mut(0, 0).iter_mut().zip(samples) {
                *slot = sample.clamp(-1.0, 1.0) * SCALE;
            }
        };
        fill(&mut self.render, played);
        fill(&mut self.capture, heard);
        let before = energy(self.capture.view(0, 0));
        let saturated = heard.iter().any(|s| s.abs() > 0.99);
        self.inner.buffer_render(&self.render);
        self.inner.process_capture(false, saturated, Some(&mut self.linear), &mut self.capture);
        for (slot, sample) in heard.iter_mut().zip(self.capture.view(0, 0)) {
            *slot = (sample / SCALE).clamp(-1.0, 1.0);
        }
        Energy {
            heard: before,
            linear: energy(self.linear.view(0, 0)),
            left: energy(self.capture.view(0, 0)),
            samples: BLOCK,
        }
    }
}

fn energy(samples: &[f32]) -> f64 {
    samples.iter().map(|s| f64::from(s / SCALE).powi(2)).sum()
}
