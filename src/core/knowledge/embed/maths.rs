//! What lies between the linear layers, in single precision: layer norm, the activation
//! function, softmax and attention.
//!
//! All of it has one fixed order of operations, whatever the text's neighbours: sums run
//! over [`LANES`] lanes that are folded in halves. The loops are written so that the
//! compiler makes vector code of them.

use std::ops::Range;

const LANES: usize = 16;

/// erf by a rational function (odd polynomial of degree 13 over an even one of degree 8),
/// clamped where it is one: off by less than 1e-6.
#[inline(always)]
fn erf(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let z = x * x;
    let mut top = -2.726_142_3e-10_f32;
    for c in [2.770_681_4e-8, -2.101_024e-6, -5.692_506_5e-5, -7.349_906_3e-4, -2.954_6e-3, -1.609_603_3e-2] {
        top = top.mul_add(z, c);
    }
    let mut bottom = -1.456_607_2e-5_f32;
    for c in [-2.133_740_6e-4, -1.682_827e-3, -7.373_329e-3, -1.426_473_9e-2] {
        bottom = bottom.mul_add(z, c);
    }
    x * top / bottom
}

/// `x × Φ(x)`, the exact form of the activation function.
#[inline(always)]
pub(super) fn gelu(x: f32) -> f32 {
    let half = 0.5 * x;
    half.mul_add(erf(x * std::f32::consts::FRAC_1_SQRT_2), half)
}

/// e to the `x` for `x <= 0`; far below it is zero but for a hair.
#[inline(always)]
fn exp(x: f32) -> f32 {
    // x = n ln 2 + r, |r| <= ln 2 / 2; 2^n from the exponent's bits.
    const SHIFT: f32 = 12_582_912.0;
    let x = x.max(-87.0);
    let shifted = x.mul_add(std::f32::consts::LOG2_E, SHIFT);
    let n = shifted - SHIFT;
    let r = n.mul_add(-0.693_359_4, x);
    let r = n.mul_add(2.121_944_4e-4, r);
    let mut p = 1.987_569_1e-4_f32;
    for c in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = p.mul_add(r, c);
    }
    let power = f32::from_bits(shifted.to_bits().wrapping_sub(SHIFT.to_bits()).wrapping_add(127) << 23);
    (p.mul_add(r * r, r) + 1.0) * power
}

/// The sum of `f(x)` in the fixed order.
#[inline(always)]
fn sum(row: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            lanes[lane] += f(chunk[lane]);
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane += f(x);
    }
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] += lanes[lane + half];
        }
        half /= 2;
    }
    lanes[0]
}

/// Layer norm's weights.
pub(super) struct Norm {
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
    pub(super) eps: f32,
}

impl Norm {
    /// Adds `other` to `rows` and normalises each row.
    pub(super) fn add(&self, rows: &mut [f32], other: &[f32]) {
        let width = self.weight.len();
        for (row, other) in rows.chunks_exact_mut(width).zip(other.chunks_exact(width)) {
            row.iter_mut().zip(other).for_each(|(x, o)| *x += o);
            self.apply(row);
        }
    }

    /// Normalises one row.
    pub(super) fn apply(&self, row: &mut [f32]) {
        let count = row.len() as f32;
        let mean = sum(row, |x| x) / count;
        let variance = sum(row, |x| (x - mean) * (x - mean)) / count;
        let factor = 1.0 / (variance + self.eps).sqrt();
        for ((x, w), b) in row.iter_mut().zip(&self.weight).zip(&self.bias) {
            *x = ((*x - mean) * factor).mul_add(*w, *b);
        }
    }
}

/// Makes a row of unit length; one without direction stays as it is.
pub(super) fn unit(row: &mut [f32]) {
    let length = sum(row, |x| x * x).sqrt();
    if length > 0.0 {
        row.iter_mut().for_each(|x| *x /= length);
    }
}

/// The scores' softmax in the first `count` places; the others become zero.
fn softmax(row: &mut [f32], count: usize) {
    let (own, padding) = row.split_at_mut(count);
    let max = own.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    own.iter_mut().for_each(|x| *x = exp(*x - max));
    let factor = 1.0 / sum(own, |x| x);
    own.iter_mut().for_each(|x| *x *= factor);
    padding.fill(0.0);
}

/// Columns of a block of the small products below.
const BLOCK: usize = 16;

/// `out[r][c] = Σ_i left[r][i] × right[i][c]`, for `depth` terms in their order.
/// `right` and `out` have rows of `width`, a multiple of [`BLOCK`].
fn product(left: &[f32], stride: usize, depth: usize, right: &[f32], width: usize, out: &mut [f32]) {
    const ROWS: usize = 4;
    for (left, out) in left.chunks(stride * ROWS).zip(out.chunks_mut(width * ROWS)) {
        if left.len() == stride * ROWS {
            rows::<ROWS>(left, stride, depth, right, width, out);
        } else {
            for (left, out) in left.chunks(stride).zip(out.chunks_mut(width)) {
                rows::<1>(left, stride, depth, right, width, out);
            }
        }
    }
}

#[inline(always)]
fn rows<const R: usize>(
    left: &[f32],
    stride: usize,
    depth: usize,
    right: &[f32],
    width: usize,
    out: &mut [f32],
) {
    let left: [&[f32]; R] = std::array::from_fn(|r| &left[r * stride..][..depth]);
    for column in (0..width).step_by(BLOCK) {
        let mut sums = [[0.0_f32; BLOCK]; R];
        for (i, right) in right.chunks_exact(width).take(depth).enumerate() {
            let Some(right) = right[column..].first_chunk::<BLOCK>() else { continue };
            for (sums, left) in sums.iter_mut().zip(left) {
                let x = left[i];
                for (sum, y) in sums.iter_mut().zip(right) {
                    *sum = x.mul_add(*y, *sum);
                }
            }
        }
        for (sums, out) in sums.iter().zip(out.chunks_exact_mut(width)) {
            out[column..column + BLOCK].copy_from_slice(sums);
        }
    }
}

/// Self-attention, one text at a time: every piece looks at every piece of its own text.
#[derive(Debug, Default)]
pub(super) struct Attention {
    queries: Vec<f32>,
    keys: Vec<f32>,
    values: Vec<f32>,
    scores: Vec<f32>,
    heads: Vec<f32>,
}

impl Attention {
    /// `qkv` has rows of query, key and value side by side, `heads` heads of `head` numbers
    /// each; `texts` are the rows of each text. Writes rows of `heads × head`.
    pub(super) fn apply(
        &mut self,
        qkv: &[f32],
        texts: &[Range<usize>],
        heads: usize,
        head: usize,
        out: &mut Vec<f32>,
    ) {
        let hidden = heads * head;
        out.resize(qkv.len() / 3, 0.0);
        for text in texts {
            let qkv = &qkv[text.start * 3 * hidden..text.end * 3 * hidden];
            let out = &mut out[text.start * hidden..text.end * hidden];
            for at in 0..heads {
                self.one_head(qkv, hidden, at * head, head, out);
            }
        }
    }

    fn one_head(&mut self, qkv: &[f32], hidden: usize, first: usize, head: usize, out: &mut [f32]) {
        let count = qkv.len() / (3 * hidden);
        let (wide, deep) = (count.next_multiple_of(BLOCK), head.next_multiple_of(BLOCK));
        let scale = 1.0 / (head as f32).sqrt();
        self.queries.resize(count * head, 0.0);
        self.keys.clear();
        self.keys.resize(head * wide, 0.0);
        self.values.clear();
        self.values.resize(count * deep, 0.0);
        self.scores.resize(count * wide, 0.0);
        self.heads.resize(count * deep, 0.0);
        for (i, row) in qkv.chunks_exact(3 * hidden).enumerate() {
            let part = |p: usize| &row[p * hidden + first..][..head];
            self.queries[i * head..][..head].iter_mut().zip(part(0)).for_each(|(q, x)| *q = x * scale);
            // Keys stand in columns, so that a piece's scores are neighbours.
            for (d, x) in part(1).iter().enumerate() {
                self.keys[d * wide + i] = *x;
            }
            self.values[i * deep..][..head].copy_from_slice(part(2));
        }
        product(&self.queries, head, head, &self.keys, wide, &mut self.scores);
        for row in self.scores.chunks_exact_mut(wide) {
            softmax(row, count);
        }
        product(&self.scores, wide, count, &self.values, deep, &mut self.heads);
        for (row, out) in self.heads.chunks_exact(deep).zip(out.chunks_exact_mut(hidden)) {
            out[first..first + head].copy_from_slice(&row[..head]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// erf by its series, in double precision.
    fn exact_erf(x: f64) -> f64 {
        let (mut term, mut sum) = (x, x);
        for n in 1..200 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        sum * 2.0 / std::f64::consts::PI.sqrt()
    }

    #[test]
    fn the_activation_function_is_exact_to_the_sixth_place() {
        for i in -800..=800_i16 {
            let x = f32::from(i) / 100.0;
            let want =
                f64::from(x) * 0.5 * (1.0 + exact_erf((f64::from(x) / 2.0_f64.sqrt()).clamp(-5.0, 5.0)));
            assert!((f64::from(gelu(x)) - want).abs() < 4e-6, "{x}: {} {want}", gelu(x));
        }
    }

    #[test]
    fn the_exponential_is_exact_to_the_sixth_place() {
        for i in 0..8700_i16 {
            let x = -f32::from(i) / 100.0;
            let want = f64::from(x).exp();
            assert!((f64::from(exp(x)) / want - 1.0).abs() < 1e-6, "{x}");
        }
        assert!(exp(-1e9) < 1e-37 && exp(f32::NEG_INFINITY) < 1e-37);
    }

    #[test]
    fn a_normalised_row_has_mean_zero_and_variance_one() {
        let norm = Norm { weight: vec![1.0; 37], bias: vec![0.0; 37], eps: 1e-12 };
        let mut row: Vec<f32> = (0..37_u16).map(|i| f32::from(i * i)).collect();
        norm.apply(&mut row);
        let mean = row.iter().sum::<f32>() / 37.0;
        let variance = row.iter().map(|x| x * x).sum::<f32>() / 37.0;
        assert!(mean.abs() < 1e-5 && (variance - 1.0).abs() < 1e-4);
    }

    #[test]
    fn attention_is_the_weighted_mean_of_a_texts_own_values() {
        // Two heads of 8, two texts of 3 and 19 pieces, against the definition.
        let (heads, head) = (2, 8);
        let hidden = heads * head;
        let texts = [0..3, 3..22];
        let qkv: Vec<f32> = (0..22 * 3 * hidden).map(|i| ((i * 7919 % 1000) as f32 / 500.0) - 1.0).collect();
        let mut out = Vec::new();
        Attention::default().apply(&qkv, &texts, heads, head, &mut out);
        let at = |row: usize, part: usize, h: usize, d: usize| {
            qkv[row * 3 * hidden + part * hidden + h * head + d]
        };
        for text in &texts {
            for h in 0..heads {
                for i in text.clone() {
                    let score =
                        |j| (0..head).map(|d| at(i, 0, h, d) * at(j, 1, h, d)).sum::<f32>() / 8.0_f32.sqrt();
                    let weights: Vec<f32> = text.clone().map(|j| score(j).exp()).collect();
                    let total: f32 = weights.iter().sum();
                    for d in 0..head {
                        let want: f32 =
                            text.clone().zip(&weights).map(|(j, w)| w / total * at(j, 2, h, d)).sum();
                        assert!((out[i * hidden + h * head + d] - want).abs() < 1e-5);
                    }
                }
            }
        }
    }
}
