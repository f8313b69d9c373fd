//! Any sample rate to the house's 16 kHz, as a stream.
//!
//! ```text
//!            push(block of any length)            finish()
//!   device ──────────────► pending ─► FFT chunks ─► drop the filter's delay ─► 16 kHz
//! ```
//! The filter's delay is dropped at the start and drained at the end, so the output
//! begins where the input began and nothing is lost: `n` samples in give
//! `round(n × 16000 / rate)` samples out.

use audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler as _, WindowFunction};

use crate::core::hear::SAMPLE_RATE;
use crate::entry::{Error, Kind, Result};

/// The rates that a file or device may have, in Hz. Below, speech is unintelligible;
/// above, there is no such device, only a damaged header.
pub const RATES: std::ops::RangeInclusive<u32> = 4_000..=384_000;

/// Mono samples at one fixed rate in, mono samples at [`SAMPLE_RATE`] out.
pub struct Resampler {
    /// `None` where both rates are equal: samples pass untouched.
    filter: Option<Filter>,
    rate: u32,
    taken: u64,
    given: u64,
}

struct Filter {
    fft: Fft<f32>,
    pending: Vec<f32>,
    chunk: Vec<f32>,
    /// Samples of the filter's start-up delay that are still to be dropped.
    delay: usize,
}

impl Resampler {
    /// A resampler from `rate` Hz.
    ///
    /// # Errors
    /// `Unreadable` for a rate outside [`RATES`].
    pub fn new(rate: u32) -> Result<Self> {
        if !RATES.contains(&rate) {
            return Err(Error::new(
                Kind::Unreadable,
                format!("a sample rate of {rate} Hz cannot be used"),
            )
            .hint(format!(
                "use a rate from {} to {} Hz",
                RATES.start(),
                RATES.end()
            )));
        }
        let filter = (rate != SAMPLE_RATE)
            .then(|| Filter::new(rate))
            .transpose()?;
        Ok(Self {
            filter,
            rate,
            taken: 0,
            given: 0,
        })
    }

    /// Takes the next samples and appends what is ready to `out`.
    ///
    /// # Errors
    /// Only where the filter itself refuses a chunk, which no input can bring about.
    pub fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) -> Result<()> {
        self.taken += samples.len() as u64;
        let before = out.len();
        match &mut self.filter {
            None => out.extend_from_slice(samples),
            Some(filter) => {
                filter.pending.extend_from_slice(samples);
                filter.run(out)?;
            }
        }
        self.given += (out.len() - before) as u64;
        Ok(())
    }

    /// Drains what the filter still holds; the stream ends here and may begin again.
    ///
    /// # Errors
    /// As [`Resampler::push`].
    pub fn finish(&mut self, out: &mut Vec<f32>) -> Result<()> {
        let owed = self.owed();
        if let Some(filter) = &mut self.filter {
            let target = out.len() + usize::try_from(owed.saturating_sub(self.given)).unwrap_or(0);
            while out.len() < target {
                let silence = filter
                    .fft
                    .input_frames_next()
                    .saturating_sub(filter.pending.len());
                filter
                    .pending
                    .resize(filter.pending.len() + silence.max(1), 0.0);
                filter.run(out)?;
            }
            out.truncate(target);
            filter.reset();
        }
        (self.taken, self.given) = (0, 0);
        Ok(())
    }

    /// How many samples the input so far is worth at 16 kHz.
    fn owed(&self) -> u64 {
        let rate = u64::from(self.rate);
        (self.taken * u64::from(SAMPLE_RATE) + rate / 2) / rate
    }
}

impl Filter {
    fn new(rate: u32) -> Result<Self> {
        // 20 ms in one FFT: long enough for a steep filter edge below 8 kHz, short
        // enough (10 ms of delay) for a live microphone. The ratio of odd rates asks for
        // more; an even length makes the delay a whole number of samples.
        let chunk = (rate / 50).next_multiple_of(2 * rate / gcd(rate, SAMPLE_RATE)) as usize;
        let fft = Fft::new_custom(
            rate as usize,
            SAMPLE_RATE as usize,
            chunk,
            1,
            1,
            WindowFunction::BlackmanHarris2,
            FixedSync::Both,
        )
        .map_err(|e| {
            Error::new(Kind::Unreadable, format!("cannot convert from {rate} Hz")).because(e)
        })?;
        let (chunk, delay) = (vec![0.0; fft.output_frames_max()], fft.output_delay());
        Ok(Self {
            fft,
            pending: Vec::new(),
            chunk,
            delay,
        })
    }

    /// Turns every whole chunk that is pending into output.
    fn run(&mut self, out: &mut Vec<f32>) -> Result<()> {
        let mut used = 0;
        while let Some(input) = self.pending.get(used..used + self.fft.input_frames_next()) {
            let frames = self.chunk.len();
            let source = InterleavedSlice::new(input, 1, input.len()).map_err(refused)?;
            let mut sink =
                InterleavedSlice::new_mut(&mut self.chunk, 1, frames).map_err(refused)?;
            let (taken, given) = self
                .fft
                .process_into_buffer(&source, &mut sink, None)
                .map_err(refused)?;
            used += taken;
            let dropped = self.delay.min(given);
            self.delay -= dropped;
            out.extend(self.chunk.iter().take(given).skip(dropped));
        }
        self.pending.drain(..used);
        Ok(())
    }

    fn reset(&mut self) {
        self.fft.reset();
        self.pending.clear();
        self.delay = self.fft.output_delay();
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn refused(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(Kind::Unreadable, "the sample-rate conversion failed").because(cause)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use std::f32::consts::TAU;

    use super::*;

    fn tone(rate: u32, hz: f32, seconds: f32) -> Vec<f32> {
        let n = (rate as f32 * seconds) as usize;
        (0..n)
            .map(|i| 0.5 * (TAU * hz * i as f32 / rate as f32).sin())
            .collect()
    }

    fn convert(rate: u32, samples: &[f32], block: usize) -> Vec<f32> {
        let mut resampler = Resampler::new(rate).unwrap();
        let mut out = Vec::new();
        for block in samples.chunks(block) {
            resampler.push(block, &mut out).unwrap();
        }
        resampler.finish(&mut out).unwrap();
        out
    }

    #[test]
    fn sixteen_kilohertz_passes_untouched() {
        let samples = tone(16_000, 440.0, 0.3);
        assert_eq!(convert(16_000, &samples, 37), samples);
    }

    #[test]
    fn nothing_is_lost_and_nothing_is_shifted() {
        for rate in [
            8_000, 11_025, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000,
        ] {
            let out = convert(rate, &tone(rate, 300.0, 0.5), 441);
            let want = tone(16_000, 300.0, 0.5);
            assert!(
                out.len().abs_diff(want.len()) <= 1,
                "{rate} Hz gave {} samples",
                out.len()
            );
            // The filter rings at the hard edges of the tone; what is between must match.
            let off = out[800..7_200].iter().zip(&want[800..7_200]);
            let worst = off.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 0.01, "{rate} Hz is off by {worst}");
        }
    }

    #[test]
    fn the_size_of_the_blocks_does_not_matter() {
        let samples = tone(44_100, 700.0, 0.4);
        assert_eq!(
            convert(44_100, &samples, 1),
            convert(44_100, &samples, 100_000)
        );
    }

    #[test]
    fn what_cannot_be_heard_at_sixteen_kilohertz_does_not_fold_back() {
        let out = convert(48_000, &tone(48_000, 12_000.0, 0.5), 480);
        let worst = out[800..7_200].iter().fold(0.0_f32, |w, s| w.max(s.abs()));
        assert!(worst < 0.001, "12 kHz came through at {worst}");
    }

    #[test]
    fn a_finished_stream_can_begin_again() {
        let samples = tone(48_000, 300.0, 0.1);
        let mut resampler = Resampler::new(48_000).unwrap();
        let (mut first, mut second) = (Vec::new(), Vec::new());
        for out in [&mut first, &mut second] {
            resampler.push(&samples, out).unwrap();
            resampler.finish(out).unwrap();
        }
        assert_eq!(first, second);
    }

    #[test]
    fn an_absurd_rate_is_refused() {
        for rate in [0, 1, 3_999, 384_001, u32::MAX] {
            assert_eq!(Resampler::new(rate).err().unwrap().kind, Kind::Unreadable);
        }
    }
}
