//! What is played, on one line of time at 16 kHz, gaps included.
//!
//! The device numbers every sample that it is given, silence too. These numbers, not the
//! stamps, say where a block belongs: a stamp is late by whatever the scheduler was doing,
//! and a reference that jumps by 10 ms costs the canceller a second of learning.

use std::collections::VecDeque;
use std::time::Duration;

use rubato::{
    Async, FixedAsync, Resampler as _, SincInterpolationParameters, SincInterpolationType, WindowFunction,
};

use crate::core::Moment;
use crate::core::hear::SAMPLE_RATE;

/// Samples at 16 kHz that are kept: what is older was heard long ago.
const KEPT: usize = 3 * SAMPLE_RATE as usize;
/// Stamps that are off by more than this mean that the device stood still.
const STALL: Duration = Duration::from_millis(150);
/// Input samples that are converted at a time, and taps of the filter: about 1 ms of delay,
/// where the microphone's own converter has 20 (the echo may come back after 20).
const CHUNK: usize = 32;
const TAPS: usize = 64;

/// The reference signal.
#[derive(Default)]
pub(super) struct Reference {
    converter: Option<Converter>,
    rate: u32,
    /// Number of the device's next sample.
    next: u64,
    /// When the device's sample 0 would have been pulled, seconds on the ear's clock.
    origin: f64,
    samples: VecDeque<f32>,
    /// Where on the line of time `samples` begins.
    first: i64,
}

impl Reference {
    /// Takes a run of samples at `rate`, the first of them the device's number `frame`,
    /// pulled at `at`. Returns where on the line its first sample lies.
    pub(super) fn push(&mut self, samples: &[f32], rate: u32, frame: u64, at: Moment) -> i64 {
        let stamped = at.as_secs_f64() - frame as f64 / f64::from(rate.max(1));
        let stalled = (stamped - self.origin).abs() > STALL.as_secs_f64();
        if rate != self.rate || frame < self.next {
            *self = Self { rate, origin: stamped, ..Self::default() };
            self.restart(frame);
        } else if frame > self.next || stalled {
            self.gap(frame);
            if stalled {
                self.origin = stamped;
            }
        }
        let start = self.position(frame);
        self.next = frame + samples.len() as u64;
        match &mut self.converter {
            Some(converter) => converter.push(samples, &mut self.samples),
            None => self.samples.extend(samples),
        }
        while self.samples.len() > KEPT {
            self.samples.pop_front();
            self.first += 1;
        }
        start
    }

    /// Until when it plays, by the ear's clock, were it heard as soon as it is pulled.
    pub(super) fn end(&self) -> Option<Moment> {
        let end = self.origin + self.next as f64 / f64::from(self.rate.max(1));
        (self.rate != 0).then(|| Duration::try_from_secs_f64(end).unwrap_or_default())
    }

    /// Where on the line `at` lies.
    pub(super) fn at(&self, at: f64) -> i64 {
        ((at - self.origin) * f64::from(SAMPLE_RATE)).round() as i64
    }

    /// Reads from `position` on; what is not there is silence.
    pub(super) fn read(&self, position: i64, out: &mut [f32]) {
        for (place, slot) in (position - self.first..).zip(out) {
            *slot = usize::try_from(place).ok().and_then(|p| self.samples.get(p)).copied().unwrap_or(0.0);
        }
    }

    fn position(&self, frame: u64) -> i64 {
        (frame as f64 * f64::from(SAMPLE_RATE) / f64::from(self.rate.max(1))).round() as i64
    }

    /// Nothing was played from `self.next` to `frame`: drains the filter and writes silence.
    fn gap(&mut self, frame: u64) {
        if let Some(converter) = &mut self.converter {
            converter.push(&[0.0; TAPS + CHUNK], &mut self.samples);
        }
        let silent = self.position(frame) - self.first - self.samples.len() as i64;
        match usize::try_from(silent) {
            Ok(silent) if silent < KEPT => self.samples.extend(std::iter::repeat_n(0.0, silent)),
            Ok(_) => self.samples.clear(),
            // The drained tail reaches into what comes: a gap of under 2 ms.
            Err(_) => {
                self.samples.truncate(self.samples.len().saturating_sub(silent.unsigned_abs() as usize))
            }
        }
        self.restart(frame);
    }

    fn restart(&mut self, frame: u64) {
        self.first = self.position(frame) - self.samples.len() as i64;
        self.converter = Converter::new(self.rate);
    }
}

/// A filter with a short delay, for whatever rate the loudspeaker has.
struct Converter {
    sinc: Async<f32>,
    pending: Vec<f32>,
    chunk: Vec<f32>,
    delay: usize,
}

impl Converter {
    /// `None` where nothing is to convert (or no filter exists: then the rate is absurd and
    /// the canceller will find no echo).
    fn new(rate: u32) -> Option<Self> {
        if rate == SAMPLE_RATE || rate == 0 {
            return None;
        }
        let parameters = SincInterpolationParameters {
            sinc_len: TAPS,
            f_cutoff: None,
            oversampling_factor: 128,
            interpolation: SincInterpolationType::Linear,
            window: WindowFunction::BlackmanHarris2,
        };
        let ratio = f64::from(SAMPLE_RATE) / f64::from(rate);
        let sinc = Async::new_sinc(ratio, 1.0, &parameters, CHUNK, 1, FixedAsync::Input).ok()?;
        let (chunk, delay) = (vec![0.0; sinc.output_frames_max()], sinc.output_delay());
        Some(Self { sinc, pending: Vec::new(), chunk, delay })
    }

    fn push(&mut self, samples: &[f32], out: &mut VecDeque<f32>) {
        use audioadapter_buffers::direct::InterleavedSlice;
        self.pending.extend_from_slice(samples);
        let mut used = 0;
        while let Some(input) = self.pending.get(used..used + self.sinc.input_frames_next()) {
            let frames = self.chunk.len();
            let Ok(source) = InterleavedSlice::new(input, 1, input.len()) else { break };
            let Ok(mut sink) = InterleavedSlice::new_mut(&mut self.chunk, 1, frames) else { break };
            let Ok((taken, given)) = self.sinc.process_into_buffer(&source, &mut sink, None) else { break };
            used += taken;
            let dropped = self.delay.min(given);
            self.delay -= dropped;
            out.extend(self.chunk.iter().take(given).skip(dropped));
        }
        self.pending.drain(..used);
    }
}
