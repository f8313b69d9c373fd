//! How a vector becomes bytes, and a sum of bytes a cosine.
//!
//! A stored row is *offset binary* (`round(x × 127 / max) + 128`), the query is signed.
//! With `r` the row's signed bytes and `q` the query's, the kernel sums `(r + 128) × q`,
//! so `128 × Σ q` comes off, the same for every row: rows need no sum of their own.
//!
//! The scale beside a row is one over the length of its *rounded* bytes, so a score is the
//! true cosine of what is stored, and a row's cosine with itself is one.

use super::kernels::STEP;

/// What zero is in offset binary.
const ZERO: u8 = 128;

/// The bytes that a row of `dims` takes.
pub(super) fn padded(dims: usize) -> usize {
    dims.saturating_add(STEP - 1) / STEP * STEP
}

/// Rounds `vector` to signed bytes; returns one over their length (0 for no direction).
fn signed(vector: &[f32], mut put: impl FnMut(i8)) -> f32 {
    let finite = |x: f32| if x.is_finite() { x } else { 0.0 };
    let max = vector.iter().fold(0.0_f32, |max, &x| max.max(finite(x).abs()));
    let factor = if max > 0.0 { 127.0 / max } else { 0.0 };
    let factor = if factor.is_finite() { factor } else { 0.0 };
    let mut square: i64 = 0;
    for &x in vector {
        // In -127 ..= 127 by the choice of the factor.
        let byte = (finite(x) * factor).round_ties_even() as i8;
        square += i64::from(byte) * i64::from(byte);
        put(byte);
    }
    if square > 0 { 1.0 / (square as f64).sqrt() as f32 } else { 0.0 }
}

/// Rounds a row into `row`, padded to whole steps; returns its scale.
pub(super) fn stored(vector: &[f32], row: &mut Vec<u8>) -> f32 {
    row.clear();
    let scale = signed(vector, |byte| row.push(byte.cast_unsigned() ^ ZERO));
    row.resize(padded(vector.len()), ZERO);
    scale
}

/// A scale as the file has it.
pub(super) fn scale_of(bytes: &[u8]) -> f32 {
    match bytes {
        &[a, b, c, d] => f32::from_le_bytes([a, b, c, d]),
        _ => 0.0,
    }
}

/// The scale of row `at` in a section of scales.
pub(super) fn scale_at(scales: &[u8], at: usize) -> Option<f32> {
    let start = at.checked_mul(4)?;
    scales.get(start..start.checked_add(4)?).map(scale_of)
}

/// A query as the kernels take it.
#[derive(Debug, Clone)]
pub(super) struct Query {
    bytes: Vec<i8>,
    scale: f32,
    offset: i32,
}

impl Query {
    pub(super) fn new(vector: &[f32]) -> Self {
        let mut bytes = Vec::with_capacity(padded(vector.len()));
        let scale = signed(vector, |byte| bytes.push(byte));
        bytes.resize(padded(vector.len()), 0);
        let offset = i32::from(ZERO) * bytes.iter().map(|&b| i32::from(b)).sum::<i32>();
        Self { bytes, scale, offset }
    }

    pub(super) fn bytes(&self) -> &[i8] {
        &self.bytes
    }

    /// The cosine behind a kernel's sum. A file's scale may be any bits: what is no number
    /// counts as no likeness.
    pub(super) fn cosine(&self, dot: i32, scale: f32) -> f32 {
        let cosine = (dot - self.offset) as f32 * self.scale * scale;
        if cosine.is_finite() { cosine } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cosine(a: &[f32], b: &[f32]) -> f32 {
        let mut row = Vec::new();
        let scale = stored(a, &mut row);
        let query = Query::new(b);
        let dot = row.iter().zip(query.bytes()).map(|(&r, &q)| i32::from(r) * i32::from(q)).sum();
        query.cosine(dot, scale)
    }

    #[test]
    fn a_vector_is_like_itself_and_unlike_its_opposite() {
        let a: Vec<f32> = (0..70_u16).map(|i| (f32::from(i) * 0.7).sin()).collect();
        let b: Vec<f32> = a.iter().map(|x| -3.0 * x).collect();
        assert!((cosine(&a, &a) - 1.0).abs() < 1e-5);
        assert!((cosine(&a, &b) + 1.0).abs() < 1e-5);
        assert!(cosine(&[1.0, 0.0], &[0.0, 1.0]).abs() < 1e-5);
    }

    #[test]
    fn what_is_no_direction_is_like_nothing() {
        for a in [[0.0, 0.0], [f32::NAN, f32::INFINITY], [f32::MIN_POSITIVE / 4.0, 0.0]] {
            assert_eq!(cosine(&a, &[1.0, 1.0]), 0.0, "{a:?}");
        }
    }

    #[test]
    fn bytes_are_near_the_numbers() {
        let a: Vec<f32> = (0..384_u16).map(|i| (f32::from(i) * 1.3).sin()).collect();
        let b: Vec<f32> = (0..384_u16).map(|i| (f32::from(i) * 1.31).sin()).collect();
        let dot = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f32>();
        let want = dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt();
        assert!((cosine(&a, &b) - want).abs() < 2e-3);
    }
}
