//! How loud samples are.

/// The level that silence is given, in dBFS.
pub const FLOOR_DBFS: f32 = -100.0;

/// A magnitude (0..1) in decibels below full scale, at least [`FLOOR_DBFS`].
pub fn dbfs(magnitude: f32) -> f32 {
    if magnitude > 0.0 {
        (20.0 * magnitude.log10()).max(FLOOR_DBFS)
    } else {
        FLOOR_DBFS
    }
}

/// Root mean square of some samples (0..1); 0 for none.
pub fn rms(samples: &[f32]) -> f32 {
    if samples.is_empty() {
        return 0.0;
    }
    let energy: f64 = samples.iter().map(|&s| f64::from(s) * f64::from(s)).sum();
    (energy / samples.len() as f64).sqrt() as f32
}

/// The loudness of each whole frame of so many samples, dBFS, quietest first.
pub fn sorted_frames(samples: &[f32], frame: usize) -> Vec<f32> {
    let mut levels: Vec<f32> = samples
        .chunks_exact(frame.max(1))
        .map(|frame| dbfs(rms(frame)))
        .collect();
    levels.sort_by(f32::total_cmp);
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_scale_is_zero_and_silence_is_the_floor() {
        assert_eq!(dbfs(rms(&[1.0, -1.0])), 0.0);
        assert!((dbfs(rms(&[0.1, -0.1])) + 20.0).abs() < 1e-4);
        assert_eq!(dbfs(rms(&[])), FLOOR_DBFS);
        assert_eq!(dbfs(rms(&[0.0; 10])), FLOOR_DBFS);
    }

    #[test]
    fn frames_are_sorted_by_loudness_and_a_rest_is_left_out() {
        let samples = [0.5, 0.5, 0.1, 0.1, 1.0, 1.0, 0.9];
        let levels: Vec<i32> = sorted_frames(&samples, 2)
            .into_iter()
            .map(|l| l.round() as i32)
            .collect();
        assert_eq!(levels, [-20, -6, 0]);
    }
}
