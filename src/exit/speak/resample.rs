//! Mono sound to another sample rate.

use audioadapter_buffers::direct::SequentialSlice;
use rubato::{Fft, FixedSync, Resampler};

use super::voice::Pcm;
use crate::exit::{Error, Kind, Result};

const CHUNK: usize = 1024;

/// The samples of `pcm` at `rate`, as long in time as before.
pub(super) fn to_rate(pcm: &Pcm, rate: u32) -> Result<Vec<f32>> {
    if pcm.sample_rate == rate || pcm.samples.is_empty() {
        return Ok(pcm.samples.clone());
    }
    let failed = |cause: String| {
        Error::new(Kind::Compute, format!("cannot resample from {} to {rate} Hz", pcm.sample_rate))
            .because(cause)
    };
    if pcm.sample_rate == 0 || rate == 0 {
        return Err(failed("a rate is zero".to_owned()));
    }
    let mut resampler = Fft::<f32>::new(pcm.sample_rate as usize, rate as usize, CHUNK, 1, FixedSync::Input)
        .map_err(|e| failed(e.to_string()))?;
    let length = pcm.samples.len();
    let input = SequentialSlice::new(&pcm.samples, 1, length).map_err(|e| failed(e.to_string()))?;
    let output = resampler.process_all(&input, length, None).map_err(|e| failed(e.to_string()))?;
    Ok(output.take_data())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn a_tone_keeps_its_pitch_and_length() {
        let tone = |rate: u32| -> Vec<f32> {
            (0..rate / 2).map(|i| (std::f32::consts::TAU * 440.0 * i as f32 / rate as f32).sin()).collect()
        };
        let got = to_rate(&Pcm { samples: tone(22_050), sample_rate: 22_050 }, 48_000).unwrap();
        let want = tone(48_000);
        assert!(got.len().abs_diff(want.len()) <= 1, "{} against {}", got.len(), want.len());
        let worst =
            got.iter().zip(&want).skip(2000).take(20_000).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 0.01, "{worst}");
    }
}
