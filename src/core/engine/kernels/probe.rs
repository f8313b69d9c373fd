//! What this machine can do at most, measured: the yardsticks of the lab.

/// Bytes per second that `threads` threads read from memory together, from a buffer far
/// larger than the caches; the best of several passes.
pub fn read_bandwidth(threads: usize) -> f64 {
    let _ = threads;
    f64::NAN
}

/// Operations per second (a multiplication and an addition count as two) of the path's
/// 8-bit products in registers, `threads` threads together.
pub fn int8_peak(threads: usize) -> f64 {
    let _ = threads;
    f64::NAN
}
