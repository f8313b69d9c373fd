//! Inputs of a product, as 8-bit integers.
//!
//! Each 32 neighbours of a row share a scale (as ggml's Q8_0 and Q8_1 do). A row's numbers
//! depend on that row alone, never on its neighbours in the batch.
//!
//! Rows are kept in *tiles* of the sizes that the kernels are made for, so that a kernel
//! walks one pointer: per 32 of depth, the tile's rows one after the other.

use std::cell::RefCell;

use super::format::{Format, SUB};
use super::pool::Pool;
use super::rows::per_path;
use super::{Path, Set, Shared};

/// Rows of the widest tile.
pub const WIDEST: usize = 8;

/// The sizes that kernels are made for, ascending.
pub const SIZES: [usize; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

/// Fewer rows than this are not worth handing out.
const ALONE: usize = 4;
/// Rows of a part.
const PART: usize = 4;

thread_local! {
    static ROW: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Rows that one kernel call takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// Its first row.
    pub first: usize,
    /// Rows that count.
    pub rows: usize,
    /// Rows with padding: one of [`SIZES`].
    pub size: usize,
    /// Padded rows before it.
    at: usize,
}

/// Quantised rows, reused from product to product.
#[derive(Debug, Default)]
pub struct Activations {
    depth: usize,
    rows: usize,
    tiles: Vec<Tile>,
    q: Vec<i8>,
    scale: Vec<f32>,
    /// Sums of the halves of each 32.
    sums: Vec<i32>,
    /// Scale times sum of each 32: what a minimum is multiplied with.
    weight: Vec<f32>,
    /// Where the integer products begin, by what was added to the weights; empty where it
    /// was not asked for yet. For Q6_K by halves.
    starts: [Vec<i32>; 4],
    /// The rows as they came, for weights that are floats.
    floats: Vec<f32>,
}

/// Where [`Activations::starts`] keeps the starts of a format.
fn shelf(format: Format) -> Option<usize> {
    match format {
        Format::Q4_0 => Some(0),
        Format::Q5_0 => Some(1),
        Format::Q8_0 => Some(2),
        Format::Q6K => Some(3),
        _ => None,
    }
}

impl Activations {
    /// Takes `rows` rows of `depth`, a multiple of 32 where they are to be quantised:
    /// `make(row, out)` writes each. `floats`: will there be weights that are floats?
    pub fn fill(
        &mut self,
        path: Path,
        pool: &mut Pool,
        rows: usize,
        depth: usize,
        floats: bool,
        make: &(dyn Fn(usize, &mut [f32]) + Sync),
    ) {
        self.shape(rows, depth, floats);
        let subs = depth / SUB;
        let tiles = &self.tiles;
        let (q, scale) = (Shared::new(&mut self.q), Shared::new(&mut self.scale));
        let (weight, sums) = (Shared::new(&mut self.weight), Shared::new(&mut self.sums));
        let kept = Shared::new(&mut self.floats);
        let (parts, per_part) = if rows < ALONE { (1, rows) } else { (rows.div_ceil(PART), PART) };
        pool.run(parts, &|part| {
            ROW.with_borrow_mut(|x| {
                x.resize(depth, 0.0);
                for row in part * per_part..rows.min((part + 1) * per_part) {
                    make(row, x);
                    let tile = tiles[row / WIDEST];
                    let lane = row - tile.first;
                    if floats {
                        // SAFETY (all below): these places are this row's, and no other part
                        // has this row.
                        unsafe { kept.slice((tile.at + lane) * depth, depth) }.copy_from_slice(x);
                    }
                    for (s, x) in x.as_chunks::<SUB>().0.iter().enumerate() {
                        let at = tile.at * subs + s * tile.size + lane;
                        let Some(q) = unsafe { q.slice(at * SUB, SUB) }.first_chunk_mut() else { return };
                        let (step, halves) = quantise(path, x, q);
                        let sum = (halves[0] + halves[1]) as f32;
                        unsafe {
                            scale.slice(at, 1).fill(step);
                            weight.slice(at, 1).fill(step * sum);
                            sums.slice(2 * at, 2).copy_from_slice(&halves);
                        }
                    }
                }
            });
        });
    }

    fn shape(&mut self, rows: usize, depth: usize, floats: bool) {
        (self.depth, self.rows) = (depth, rows);
        self.tiles.clear();
        let (mut first, mut at) = (0, 0);
        while first < rows {
            let left = (rows - first).min(WIDEST);
            let size = SIZES.into_iter().find(|s| *s >= left).unwrap_or(WIDEST);
            self.tiles.push(Tile { first, rows: left, size, at });
            first += left;
            at += size;
        }
        let subs = depth / SUB;
        // Padding rows keep whatever they hold: their products are thrown away.
        self.q.resize(at * depth, 0);
        self.scale.resize(at * subs, 0.0);
        self.weight.resize(at * subs, 0.0);
        self.sums.resize(at * subs * 2, 0);
        for start in &mut self.starts {
            start.clear();
        }
        self.floats.resize(if floats { at * depth } else { 0 }, 0.0);
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Depth.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The tiles.
    pub fn tiles(&self) -> &[Tile] {
        &self.tiles
    }

    /// Makes ready for weights of `format`. Call it before a product.
    pub fn prepare(&mut self, format: Format) {
        let Some(shelf) = shelf(format) else { return };
        if !self.starts[shelf].is_empty() {
            return;
        }
        let zero = format.zero();
        let starts = &mut self.starts[shelf];
        if format == Format::Q6K {
            starts.extend(self.sums.iter().map(|sum| -zero * sum));
        } else {
            starts.extend(self.sums.as_chunks::<2>().0.iter().map(|[a, b]| -zero * (a + b)));
        }
    }

    /// A tile's numbers, for weights of `format`.
    ///
    /// # Panics
    /// Where [`Activations::prepare`] was not called for it.
    pub fn tile(&self, tile: Tile, format: Format) -> TileView<'_> {
        let subs = self.depth / SUB;
        let (from, len) = (tile.at * subs, tile.size * subs);
        let starts = match shelf(format) {
            None => &[][..],
            Some(3) => &self.starts[3][2 * from..][..2 * len],
            Some(shelf) => &self.starts[shelf][from..][..len],
        };
        TileView {
            size: tile.size,
            subs,
            q: &self.q[from * SUB..][..len * SUB],
            scale: &self.scale[from..][..len],
            weight: &self.weight[from..][..len],
            starts,
            floats: if self.floats.is_empty() {
                &[]
            } else {
                &self.floats[tile.at * self.depth..][..tile.size * self.depth]
            },
            depth: self.depth,
        }
    }
}

/// One tile. Lengths: `q` is subs × size × 32, `scale` and `weight` subs × size, `starts`
/// subs × size (Q6_K: × 2), or empty; `floats` size × depth, or empty.
#[derive(Debug, Clone, Copy)]
pub struct TileView<'a> {
    pub(super) size: usize,
    pub(super) subs: usize,
    pub(super) q: &'a [i8],
    pub(super) scale: &'a [f32],
    pub(super) weight: &'a [f32],
    pub(super) starts: &'a [i32],
    pub(super) floats: &'a [f32],
    pub(super) depth: usize,
}

/// Rounds 32 numbers to 8 bits; returns their scale and the sums of their halves.
#[inline]
fn quantise(path: Path, x: &[f32; SUB], q: &mut [i8; SUB]) -> (f32, [i32; 2]) {
    match path.0 {
        // SAFETY: a `Path` is only made where the CPU has it.
        #[cfg(target_arch = "x86_64")]
        Set::Avx512Vnni => unsafe { avx512::quantise(x, q) },
        _ => quantise_lanes(path, x, q),
    }
}

/// Written out, because the compiler does not always find vectors in the plain form: then a
/// prompt takes half as long again.
#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::*;

    use super::SUB;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma,f16c")]
    pub fn quantise(x: &[f32; SUB], q: &mut [i8; SUB]) -> (f32, [i32; 2]) {
        // SAFETY (loads and stores): 32 numbers are twice sixteen.
        let (a, b) = unsafe { (_mm512_loadu_ps(x.as_ptr()), _mm512_loadu_ps(x.as_ptr().add(16))) };
        let most = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_abs_ps(a), _mm512_abs_ps(b)));
        let inverse = _mm512_set1_ps(if most > 0.0 { 127.0 / most } else { 0.0 });
        let round = |x| {
            let shifted = _mm512_fmadd_ps(x, inverse, _mm512_set1_ps(12_582_912.0));
            _mm512_sub_epi32(_mm512_castps_si512(shifted), _mm512_set1_epi32(0x4b40_0000))
        };
        let (a, b) = (round(a), round(b));
        unsafe {
            _mm_storeu_si128(q.as_mut_ptr().cast(), _mm512_cvtepi32_epi8(a));
            _mm_storeu_si128(q.as_mut_ptr().add(16).cast(), _mm512_cvtepi32_epi8(b));
        }
        (most / 127.0, [_mm512_reduce_add_epi32(a), _mm512_reduce_add_epi32(b)])
    }
}

per_path! {
    /// The twin of [`avx512::quantise`] for the other paths.
    pub fn quantise_lanes(x: &[f32; SUB], q: &mut [i8; SUB]) -> (f32, [i32; 2]) {
        let mut most = [0.0_f32; 16];
        for i in 0..16 {
            let (a, b) = (x[i].abs(), x[i + 16].abs());
            most[i] = if a > b { a } else { b };
        }
        for width in [8, 4, 2, 1] {
            for i in 0..width {
                most[i] = if most[i] > most[i + width] { most[i] } else { most[i + width] };
            }
        }
        let scale = most[0] / 127.0;
        let inverse = if most[0] > 0.0 { 127.0 / most[0] } else { 0.0 };
        let mut rounded = [0_i32; SUB];
        for i in 0..SUB {
            // Adding 1.5 · 2^23 rounds to the nearest whole number, ties to even, and leaves it
            // in the low bits: it is between -127 and 127.
            let shifted = x[i].mul_add(inverse, 12_582_912.0);
            rounded[i] = shifted.to_bits().cast_signed().wrapping_sub(0x4b40_0000);
            q[i] = rounded[i] as i8;
        }
        let mut sums = [0_i32; 2];
        for i in 0..16 {
            sums[0] = sums[0].wrapping_add(rounded[i]);
            sums[1] = sums[1].wrapping_add(rounded[i + 16]);
        }
        (scale, sums)
    }
}
