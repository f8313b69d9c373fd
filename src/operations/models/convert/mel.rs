//! The mel filterbank that Whisper was trained with: Slaney's scale, area-normalised.

/// Hz of the audio that Whisper hears.
const SAMPLE_RATE: f64 = 16_000.0;
/// Samples in one window of the transform.
const WINDOW: usize = 400;
/// Frequencies in one spectrum, 0 Hz to half the sample rate.
pub const BINS: usize = WINDOW / 2 + 1;

/// Slaney's scale is linear below this frequency (Hz) and logarithmic above.
const BREAK_HZ: f64 = 1000.0;
/// Hz per mel in the linear region.
const HZ_PER_MEL: f64 = 200.0 / 3.0;
/// Where the two regions meet, in mel.
const BREAK_MEL: f64 = BREAK_HZ / HZ_PER_MEL;

fn log_step() -> f64 {
    6.4_f64.ln() / 27.0
}

fn mel(hz: f64) -> f64 {
    if hz >= BREAK_HZ { BREAK_MEL + (hz / BREAK_HZ).ln() / log_step() } else { hz / HZ_PER_MEL }
}

fn hz(mel: f64) -> f64 {
    if mel >= BREAK_MEL { BREAK_HZ * (log_step() * (mel - BREAK_MEL)).exp() } else { HZ_PER_MEL * mel }
}

/// `bands` triangular filters over [`BINS`] frequencies, row by row. Computed in f64 and
/// rounded once, as the published files were.
pub fn filterbank(bands: usize) -> Vec<f32> {
    let (low, high) = (mel(0.0), mel(SAMPLE_RATE / 2.0));
    let step = (high - low) / (bands + 1) as f64;
    let edges: Vec<f64> =
        (0..bands + 2).map(|i| hz(if i == bands + 1 { high } else { i as f64 * step + low })).collect();
    let bin_hz = SAMPLE_RATE / WINDOW as f64;
    let mut filters = Vec::with_capacity(bands * BINS);
    for edge in edges.windows(3) {
        let &[left, peak, right] = edge else { continue };
        let area = 2.0 / (right - left);
        for bin in 0..BINS {
            let f = bin as f64 * bin_hz;
            // As the reference does it, to the sign of the zero at 0 Hz: files are compared
            // byte by byte.
            let rising = -(left - f) / (peak - left);
            let falling = (right - f) / (right - peak);
            let height = rising.min(falling);
            filters.push(if height < 0.0 { 0.0 } else { (height * area) as f32 });
        }
    }
    filters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_rises_and_falls_once_and_covers_its_neighbours() {
        let filters = filterbank(80);
        assert_eq!(filters.len(), 80 * BINS);
        for filter in filters.chunks(BINS) {
            assert!(filter.iter().any(|w| *w > 0.0));
            let peak = filter.iter().cloned().fold(0.0, f32::max);
            let at = filter.iter().position(|w| *w == peak).unwrap_or_default();
            assert!(filter[..at].is_sorted());
            assert!(filter[at..].iter().rev().is_sorted());
        }
    }

    #[test]
    fn filters_are_normalised_by_area() {
        // Wide filters are sampled well enough for their sum to be their area.
        for filter in filterbank(80).chunks(BINS).skip(60) {
            let area: f32 = filter.iter().sum::<f32>() * 40.0;
            assert!((area - 1.0).abs() < 0.02, "{area}");
        }
    }

    #[test]
    fn the_lowest_filters_weigh_40_hz_as_worked_out_by_hand() {
        // Edges 0, 37.24, 74.48, 111.72 Hz; height 2 / 74.48 at the peak.
        let filters = filterbank(80);
        assert_eq!(filters[0], 0.0);
        assert!((filters[1] - 0.024_862_59).abs() < 1e-7, "{}", filters[1]);
        assert!((filters[BINS + 1] - 0.001_990_82).abs() < 1e-7, "{}", filters[BINS + 1]);
        assert_eq!(filters[2], 0.0);
    }
}
