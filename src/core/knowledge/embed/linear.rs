//! A linear layer in bytes: `y = W x + b` with weights rounded per output row and inputs
//! per word piece.
//!
//! An input row is `x ≈ step × (u - zero)` with `u` unsigned, over the row's own range
//! (after the activation function most of it is on one side of zero). A weight row is
//! `w ≈ scale × s` with `s` signed. So `Σ w x ≈ step × scale × (Σ u s - zero × Σ s)`, where
//! both sums are exact integers: a row's result does not depend on its neighbours.

use super::weights::Weights;
use crate::core::Result;
use crate::core::knowledge::vectors::kernels::{COLUMNS, Kernels, ROWS, pack};

/// Rows of activations as bytes.
#[derive(Debug, Default)]
pub(super) struct Rounded {
    width: usize,
    bytes: Vec<u8>,
    /// Step and zero of each row.
    scales: Vec<(f32, i32)>,
}

impl Rounded {
    /// Rounds rows of `width` numbers.
    pub(super) fn set(&mut self, rows: &[f32], width: usize) {
        self.width = width;
        self.bytes.resize(rows.len(), 0);
        self.scales.clear();
        for (row, bytes) in rows.chunks_exact(width).zip(self.bytes.chunks_exact_mut(width)) {
            self.scales.push(round(row, bytes));
        }
    }
}

/// Rounds one row; returns its step and zero.
fn round(row: &[f32], bytes: &mut [u8]) -> (f32, i32) {
    const LANES: usize = 16;
    let (mut low, mut high) = ([0.0_f32; LANES], [0.0_f32; LANES]);
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            low[lane] = if chunk[lane] < low[lane] { chunk[lane] } else { low[lane] };
            high[lane] = if chunk[lane] > high[lane] { chunk[lane] } else { high[lane] };
        }
    }
    let low = low.iter().chain(rest).copied().fold(0.0, f32::min);
    let high = high.iter().chain(rest).copied().fold(0.0, f32::max);
    // At least a hair, so that a row of zeros has a step too.
    let step = ((high - low) / 255.0).max(f32::MIN_POSITIVE * 256.0);
    let per_step = 1.0 / step;
    let zero = (-low * per_step).round_ties_even().clamp(0.0, 255.0);
    // Adding 1.5 × 2^23 leaves the rounded number in the low bits: no conversion that
    // must think of what does not fit.
    const SHIFT: f32 = 12_582_912.0;
    let bias = SHIFT + zero;
    for (&x, byte) in row.iter().zip(bytes) {
        let number = (x.mul_add(per_step, bias).to_bits() as i32) - SHIFT.to_bits() as i32;
        *byte = number.clamp(0, 255) as u8;
    }
    (step, zero as i32)
}

/// What follows the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    Nothing,
    Gelu,
}

/// One layer's weights.
pub(super) struct Linear {
    depth: usize,
    columns: usize,
    /// Whole panels of signed bytes.
    packed: Vec<i8>,
    /// Per column, padded to whole panels: scale, sum of the bytes, bias.
    scales: Vec<f32>,
    sums: Vec<i32>,
    biases: Vec<f32>,
}

impl Linear {
    /// From one or more layers of the file that read the same input; their outputs follow
    /// each other. Each is `columns` × `depth`.
    ///
    /// # Errors
    /// `Kind::Model` where a tensor is missing or of another shape.
    pub(super) fn load(weights: &Weights, names: &[String], columns: usize, depth: usize) -> Result<Self> {
        let (mut matrix, mut biases) = (Vec::new(), Vec::new());
        for name in names {
            matrix.extend(weights.numbers(&format!("{name}.weight"), &[columns, depth])?);
            biases.extend(weights.numbers(&format!("{name}.bias"), &[columns])?);
        }
        Ok(Self::new(&matrix, biases, depth))
    }

    fn new(matrix: &[f32], mut biases: Vec<f32>, depth: usize) -> Self {
        let columns = biases.len();
        let (mut bytes, mut scales, mut sums) = (Vec::with_capacity(matrix.len()), Vec::new(), Vec::new());
        for row in matrix.chunks_exact(depth) {
            let max = row.iter().fold(0.0_f32, |max, x| max.max(x.abs()));
            let scale = (max / 127.0).max(f32::MIN_POSITIVE * 256.0);
            let first = bytes.len();
            bytes.extend(row.iter().map(|x| (x / scale).round_ties_even() as i8));
            scales.push(scale);
            sums.push(bytes.iter().skip(first).map(|&b| i32::from(b)).sum());
        }
        let padded = columns.next_multiple_of(COLUMNS);
        scales.resize(padded, 0.0);
        sums.resize(padded, 0);
        biases.resize(padded, 0.0);
        Self { depth, columns, packed: pack(&bytes, depth), scales, sums, biases }
    }

    /// Numbers per output row.
    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// Applies the layer to each row; `out` becomes one row of [`Linear::columns`] each.
    pub(super) fn apply(&self, kernels: Kernels, input: &Rounded, then: Then, out: &mut Vec<f32>) {
        debug_assert_eq!(input.width, self.depth, "rows of this layer's depth");
        out.resize(input.scales.len() * self.columns, 0.0);
        let mut tile = [[0; COLUMNS]; ROWS];
        // A panel stays in the nearest cache while all rows pass it.
        for (at, panel) in self.packed.chunks_exact(self.depth * COLUMNS).enumerate() {
            let first = at * COLUMNS;
            let width = COLUMNS.min(self.columns - first);
            let column = Column {
                scales: chunk(&self.scales, at),
                sums: chunk(&self.sums, at),
                biases: chunk(&self.biases, at),
            };
            let places = out.chunks_mut(self.columns * ROWS);
            let rows = input.bytes.chunks(self.depth * ROWS).zip(input.scales.chunks(ROWS));
            for ((bytes, scales), places) in rows.zip(places) {
                kernels.tile(bytes, self.depth, panel, &mut tile);
                for ((sums, &scale), place) in
                    tile.iter().zip(scales).zip(places.chunks_exact_mut(self.columns))
                {
                    let numbers = column.numbers(sums, scale, then);
                    place[first..first + width].copy_from_slice(&numbers[..width]);
                }
            }
        }
    }
}

/// What a panel's columns need.
struct Column<'l> {
    scales: &'l [f32; COLUMNS],
    sums: &'l [i32; COLUMNS],
    biases: &'l [f32; COLUMNS],
}

impl Column<'_> {
    /// Sums of bytes as numbers again.
    #[inline(always)]
    fn numbers(&self, sums: &[i32; COLUMNS], (step, zero): (f32, i32), then: Then) -> [f32; COLUMNS] {
        let mut numbers = [0.0; COLUMNS];
        for c in 0..COLUMNS {
            let sum = sums[c] - zero * self.sums[c];
            numbers[c] = (sum as f32).mul_add(step * self.scales[c], self.biases[c]);
        }
        if then == Then::Gelu {
            for number in &mut numbers {
                *number = super::maths::gelu(*number);
            }
        }
        numbers
    }
}

/// The `at`th run of [`COLUMNS`]: `new` padded to whole runs.
fn chunk<T>(all: &[T], at: usize) -> &[T; COLUMNS] {
    &all.as_chunks().0[at]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(seed: u32, count: usize) -> Vec<f32> {
        let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(99);
        (0..count)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / 8_388_608.0 - 1.0
            })
            .collect()
    }

    #[test]
    fn the_product_is_near_the_exact_one() {
        let (depth, columns, rows) = (64, 100, 13);
        let (matrix, biases, input) =
            (numbers(1, depth * columns), numbers(2, columns), numbers(3, depth * rows));
        let layer = Linear::new(&matrix, biases.clone(), depth);
        let mut rounded = Rounded::default();
        rounded.set(&input, depth);
        let mut out = Vec::new();
        layer.apply(Kernels::best(), &rounded, Then::Nothing, &mut out);
        assert_eq!(out.len(), rows * columns);
        for (r, row) in input.chunks_exact(depth).enumerate() {
            for (c, (column, bias)) in matrix.chunks_exact(depth).zip(&biases).enumerate() {
                let want = bias + row.iter().zip(column).map(|(x, w)| x * w).sum::<f32>();
                assert!(
                    (out[r * columns + c] - want).abs() < 0.1,
                    "{r} {c}: {} {want}",
                    out[r * columns + c]
                );
            }
        }
    }

    #[test]
    fn rounding_keeps_zero_and_the_range() {
        for row in [vec![0.0; 20], vec![-0.1, 0.0, 5.0], vec![3.0; 17], vec![-2.0, -1.0], vec![1e-40, 0.0]] {
            let mut bytes = vec![0; row.len()];
            let (step, zero) = round(&row, &mut bytes);
            for (&x, &b) in row.iter().zip(&bytes) {
                assert!((step * (i32::from(b) - zero) as f32 - x).abs() <= step, "{row:?}");
            }
        }
    }
}
