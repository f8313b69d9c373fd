//! Token vectors made small: their mean taken off, then the few directions in which they
//! differ most (principal components).
//!
//! The directions are learned once from a bounded sample and kept with what they projected:
//! rows of two projections must not meet. No randomness: cyclic Jacobi rotations of the
//! covariance, so the same sample gives the same bits.

use sha2::{Digest, Sha256};

/// Token vectors that are looked at, at most: more change nothing.
pub const SAMPLE: usize = 20_000;

/// Gathers what a projection is learned from: a mean and a covariance, no vectors.
#[derive(Debug, Clone)]
pub struct Learner {
    dims: usize,
    count: usize,
    sum: Vec<f64>,
    /// Sums of products, row-major; only the upper half is filled.
    products: Vec<f64>,
}

impl Learner {
    /// A learner of vectors of `dims` numbers.
    pub fn new(dims: usize) -> Self {
        Self { dims, count: 0, sum: vec![0.0; dims], products: vec![0.0; dims * dims] }
    }

    /// Has it seen enough?
    pub fn is_full(&self) -> bool {
        self.count >= SAMPLE
    }

    /// Looks at one vector, by its direction; one of another width or without direction is
    /// passed over, and so is any after [`SAMPLE`].
    pub fn push(&mut self, vector: &[f32]) {
        let length = vector.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
        if vector.len() != self.dims || !length.is_normal() || self.is_full() {
            return;
        }
        let vector: Vec<f64> = vector.iter().map(|&x| f64::from(x) / length).collect();
        self.count += 1;
        for (i, (&x, sum)) in vector.iter().zip(&mut self.sum).enumerate() {
            *sum += x;
            let row = self.products.iter_mut().skip(i * self.dims + i);
            row.zip(vector.iter().skip(i)).for_each(|(p, &y)| *p += x * y);
        }
    }

    /// The projection to at most `out` numbers; `None` where nothing was seen.
    pub fn finish(mut self, out: usize) -> Option<Projection> {
        let (dims, count) = (self.dims, self.count as f64);
        if self.count == 0 || out == 0 {
            return None;
        }
        let mean: Vec<f64> = self.sum.iter().map(|s| s / count).collect();
        for i in 0..dims {
            for j in i..dims {
                let covariance = self.products[i * dims + j] / count - mean[i] * mean[j];
                self.products[i * dims + j] = covariance;
                self.products[j * dims + i] = covariance;
            }
        }
        let directions = principal(&mut self.products, dims, out.min(dims));
        let mean = mean.into_iter().map(|x| x as f32).collect();
        Some(Projection { dims, mean, directions })
    }
}

/// The `out` eigenvectors of a symmetric matrix with the greatest eigenvalues, greatest
/// first, each with its largest entry positive. `matrix` is left diagonal.
fn principal(matrix: &mut [f64], dims: usize, out: usize) -> Vec<f32> {
    const SWEEPS: usize = 12;
    // Rows are the eigenvectors' transpose, so that a rotation works on two rows.
    let mut vectors = vec![0.0; dims * dims];
    (0..dims).for_each(|i| vectors[i * dims + i] = 1.0);
    for _ in 0..SWEEPS {
        let (mut off, mut diagonal) = (0.0, 0.0);
        for i in 0..dims {
            diagonal += matrix[i * dims + i] * matrix[i * dims + i];
            off += matrix[i * dims + i + 1..(i + 1) * dims].iter().map(|x| x * x).sum::<f64>();
        }
        if off <= diagonal * 1e-18 {
            break;
        }
        for p in 0..dims {
            for q in p + 1..dims {
                rotate(matrix, &mut vectors, dims, p, q);
            }
        }
    }
    let mut order: Vec<usize> = (0..dims).collect();
    order.sort_by(|&a, &b| matrix[b * dims + b].total_cmp(&matrix[a * dims + a]).then(a.cmp(&b)));
    let mut directions = Vec::with_capacity(out * dims);
    for &at in order.iter().take(out) {
        let row = &vectors[at * dims..][..dims];
        let largest = row.iter().fold(0.0_f64, |best, &x| if x.abs() > best.abs() { x } else { best });
        let sign = if largest < 0.0 { -1.0 } else { 1.0 };
        directions.extend(row.iter().map(|&x| (x * sign) as f32));
    }
    directions
}

/// One Jacobi rotation that makes `matrix[p][q]` zero.
fn rotate(matrix: &mut [f64], vectors: &mut [f64], dims: usize, p: usize, q: usize) {
    let off = matrix[p * dims + q];
    let (mp, mq) = (matrix[p * dims + p], matrix[q * dims + q]);
    if off.abs() <= 1e-12 * (mp.abs() * mq.abs()).sqrt() || off == 0.0 {
        return;
    }
    let theta = (mq - mp) / (2.0 * off);
    let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let c = 1.0 / t.hypot(1.0);
    let s = t * c;
    turn(matrix, dims, p, q, c, s);
    for row in matrix.chunks_exact_mut(dims) {
        let (x, y) = (row[p], row[q]);
        row[p] = c * x - s * y;
        row[q] = s * x + c * y;
    }
    turn(vectors, dims, p, q, c, s);
}

/// Turns rows `p < q` of a matrix by an angle.
fn turn(matrix: &mut [f64], dims: usize, p: usize, q: usize, c: f64, s: f64) {
    let (head, tail) = matrix.split_at_mut(q * dims);
    for (x, y) in head[p * dims..][..dims].iter_mut().zip(&mut tail[..dims]) {
        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
    }
}

/// Makes token vectors small.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    dims: usize,
    mean: Vec<f32>,
    /// One row of `dims` per number that comes out.
    directions: Vec<f32>,
}

impl Projection {
    /// Numbers that go in.
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// Numbers that come out.
    pub fn small(&self) -> usize {
        self.directions.len() / self.dims.max(1)
    }

    /// Projects a vector's direction into `out`; one of another width becomes nothing.
    pub fn apply(&self, vector: &[f32], out: &mut Vec<f32>) {
        out.clear();
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        if vector.len() != self.dims || !length.is_normal() {
            out.resize(self.small(), 0.0);
            return;
        }
        let centred: Vec<f32> = vector.iter().zip(&self.mean).map(|(x, m)| x / length - m).collect();
        out.extend(self.directions.chunks_exact(self.dims).map(|direction| dot(direction, &centred)));
    }

    /// Names these directions.
    pub fn identity(&self) -> String {
        let digest = Sha256::digest(self.to_bytes());
        digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// As a file keeps it: the mean, then the directions.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        self.mean.iter().chain(&self.directions).flat_map(|x| x.to_le_bytes()).collect()
    }

    /// From what [`Projection::to_bytes`] made; `None` where the sizes do not agree.
    pub(super) fn from_bytes(bytes: &[u8], dims: usize, small: usize) -> Option<Self> {
        let count = small.checked_add(1)?.checked_mul(dims)?;
        if dims == 0 || small == 0 || count.checked_mul(4)? != bytes.len() {
            return None;
        }
        let mut numbers: Vec<f32> = bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect();
        let directions = numbers.split_off(dims);
        Some(Self { dims, mean: numbers, directions })
    }
}

/// A dot product in one fixed order, in lanes that the compiler makes vectors of.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 16;
    let mut lanes = [0.0_f32; LANES];
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            lanes[lane] = a[lane].mul_add(b[lane], lanes[lane]);
        }
    }
    lanes.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    /// Points that differ along (3, 4, 0)/5 mostly, a little along (0, 0, 1).
    fn learner() -> Learner {
        let mut learner = Learner::new(3);
        for i in -50..=50_i16 {
            let (a, b) = (f32::from(i) / 100.0, f32::from(i * i % 7 - 3) / 200.0);
            // Of nearly unit length, around (0.8, -0.6, 0).
            learner.push(&[0.8 + 0.6 * a, -0.6 + 0.8 * a, b]);
        }
        learner
    }

    #[test]
    fn the_directions_are_those_of_the_greatest_spread() {
        let projection = learner().finish(2).unwrap();
        assert_eq!((projection.dims(), projection.small()), (3, 2));
        let first = &projection.directions[..3];
        assert!((first[0] - 0.6).abs() < 0.05 && (first[1] - 0.8).abs() < 0.05, "{first:?}");
        for (a, b, want) in [(0, 0, 1.0), (0, 1, 0.0), (1, 1, 1.0)] {
            let row = |r: usize| &projection.directions[r * 3..][..3];
            assert!((dot(row(a), row(b)) - want).abs() < 1e-5);
        }
    }

    #[test]
    fn the_same_sample_gives_the_same_bits_and_bytes_bring_it_back() {
        let (a, b) = (learner().finish(2).unwrap(), learner().finish(2).unwrap());
        assert_eq!(a, b);
        assert_eq!(a.identity(), b.identity());
        assert_eq!(Projection::from_bytes(&a.to_bytes(), 3, 2).unwrap(), a);
        assert_eq!(Projection::from_bytes(&a.to_bytes(), 2, 3), None);
        assert_eq!(Projection::from_bytes(&[], 0, 0), None);
    }

    #[test]
    fn nothing_seen_is_nothing_learned() {
        let mut learner = Learner::new(4);
        learner.push(&[0.0; 4]);
        learner.push(&[1.0; 5]);
        assert_eq!(learner.finish(2), None);
    }
}
