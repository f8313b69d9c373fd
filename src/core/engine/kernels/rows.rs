//! What is done to one row at a time: norms, rotation, gates.
//!
//! Written in plain Rust on sixteen lanes and compiled once per instruction-set path: the
//! compiler may use wider vectors, never another order of operations.

use super::{Path, Set};

/// Lanes of a partial sum.
const LANES: usize = 16;

macro_rules! per_path {
    ($(#[$doc:meta])* pub fn $name:ident($($arg:ident: $type:ty),*) $(-> $ret:ty)? $body:block) => {
        $(#[$doc])*
        #[inline]
        pub fn $name(path: Path, $($arg: $type),*) $(-> $ret)? {
            #[inline(always)]
            fn plain($($arg: $type),*) $(-> $ret)? $body
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma,f16c")]
            fn avx512($($arg: $type),*) $(-> $ret)? { plain($($arg),*) }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma,f16c")]
            fn avx2($($arg: $type),*) $(-> $ret)? { plain($($arg),*) }
            match path.0 {
                // SAFETY (both): a `Path` is only made where the CPU has it.
                #[cfg(target_arch = "x86_64")]
                Set::Avx512Vnni => unsafe { avx512($($arg),*) },
                #[cfg(target_arch = "x86_64")]
                Set::AvxVnni | Set::Avx2 => unsafe { avx2($($arg),*) },
                _ => plain($($arg),*),
            }
        }
    };
}
pub(super) use per_path;

per_path! {
    /// `out = x / rms(x) · weight` (Zhang and Sennrich 2019).
    ///
    /// # Panics
    /// Where the slices are not of one length.
    pub fn rms_norm(x: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
        assert!(x.len() == weight.len() && x.len() == out.len(), "one length");
        let mean = sum_of_products(x, x) / x.len() as f32;
        let scale = 1.0 / (mean + epsilon).sqrt();
        for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
            *out = x * scale * weight;
        }
    }
}

/// Summed in sixteen lanes, then the lanes in order.
#[inline(always)]
pub(super) fn sum_of_products(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let (a, rest_a) = a.as_chunks::<LANES>();
    let (b, rest_b) = b.as_chunks::<LANES>();
    for (a, b) in a.iter().zip(b) {
        for i in 0..LANES {
            lanes[i] = a[i].mul_add(b[i], lanes[i]);
        }
    }
    let rest: f32 = rest_a.iter().zip(rest_b).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f32>() + rest
}

per_path! {
    /// `out = silu(gate) · up`.
    pub fn swiglu(gate: &[f32; 16], up: &[f32; 16], out: &mut [f32; 16]) {
        for i in 0..16 {
            out[i] = gate[i] / (1.0 + exp(-gate[i])) * up[i];
        }
    }
}

per_path! {
    /// Rotates the pairs `(x[i], x[i + half])` of one head by `angles[i] = (cos, sin)`: the
    /// order of GPT-NeoX, which Qwen uses (Su and others 2021).
    pub fn rotate_halves(x: &mut [f32], angles: &[(f32, f32)]) {
        let (a, b) = x.split_at_mut(angles.len());
        for ((a, b), (cos, sin)) in a.iter_mut().zip(b).zip(angles) {
            (*a, *b) = (*a * cos - *b * sin, *a * sin + *b * cos);
        }
    }
}

per_path! {
    /// Rotates the pairs `(x[2 i], x[2 i + 1])` of one head: the order in which GGUF files
    /// keep the Llama family.
    pub fn rotate_pairs(x: &mut [f32], angles: &[(f32, f32)]) {
        for ([a, b], (cos, sin)) in x.as_chunks_mut::<2>().0.iter_mut().zip(angles) {
            (*a, *b) = (*a * cos - *b * sin, *a * sin + *b * cos);
        }
    }
}

per_path! {
    /// ln Σ e^x, summed in sixteen lanes.
    pub fn log_sum(x: &[f32]) -> f32 {
        let most = x.iter().fold(f32::NEG_INFINITY, |a, b| a.max(*b));
        let (chunks, rest) = x.as_chunks::<LANES>();
        let mut lanes = [0.0_f32; LANES];
        for chunk in chunks {
            for i in 0..LANES {
                lanes[i] += exp(chunk[i] - most);
            }
        }
        let rest: f32 = rest.iter().map(|x| exp(x - most)).sum();
        most + (lanes.iter().sum::<f32>() + rest).ln()
    }
}

/// e^x by range reduction and a polynomial (Cephes' `expf`), to 2 units in the last place;
/// 0 below -87.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    let clamped = if x < -87.0 { -87.0 } else { x };
    let clamped = if clamped > 88.0 { 88.0 } else { clamped };
    // Adding 1.5 · 2^23 rounds to the nearest whole number and leaves it in the low bits.
    let shifted = clamped.mul_add(std::f32::consts::LOG2_E, 12_582_912.0);
    let n = shifted - 12_582_912.0;
    let r = n.mul_add(-0.693_359_4, clamped);
    let r = n.mul_add(2.121_944_4e-4, r);
    let p = 1.987_569_1e-4_f32;
    let p = p.mul_add(r, 1.398_199_9e-3);
    let p = p.mul_add(r, 8.333_452e-3);
    let p = p.mul_add(r, 4.166_579_6e-2);
    let p = p.mul_add(r, 1.666_666_6e-1);
    let p = p.mul_add(r, 5.0e-1);
    let y = p.mul_add(r * r, r) + 1.0;
    let power = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    if x < -87.0 { 0.0 } else { y * power }
}
