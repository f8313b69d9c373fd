//! Products of packed weights with rows of 8-bit activations.
//!
//! The unit is a *panel*: one group of sixteen outputs times one tile of rows. Every output
//! is summed over depth in one order, by itself: what else is in the tile, and which thread
//! computes it, changes nothing.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod scalar;

#[cfg(test)]
mod tests;

use super::activations::{Activations, SIZES, TileView, WIDEST};
use super::format::{Format, GROUP};
use super::pool::Pool;
use super::{Path, Set, Shared};
use crate::core::engine::bits::Bits;

/// The outputs of one panel, by row of the tile.
pub type Panel = [[f32; GROUP]; WIDEST];

/// Bytes by which weights are fetched ahead of their use. One core's own prefetchers keep too
/// little in flight: on the reference machine two threads read 48 GB/s without this and 80 with
/// it, of 2, 4, 8 and 16 KiB about the same from 8 on.
#[cfg(target_arch = "x86_64")]
const AHEAD: usize = 8192;

/// Asks for the weights that lie [`AHEAD`] of sub-block `s` of `cell`. Past the end of the
/// weights this does nothing: an address that is only fetched is never looked at.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn fetch_ahead(format: Format, cell: *const u8, s: usize) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    let bytes = format.cell() * super::format::SUB / format.block();
    let from = cell.wrapping_add(s * bytes + AHEAD);
    for line in 0..bytes.div_ceil(64) {
        // SAFETY: fetching reads nothing, and may be given any address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(from.wrapping_add(line * 64).cast()) };
    }
}

/// A packed matrix.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    /// The type of its weights.
    pub format: Format,
    /// Outputs.
    pub rows: usize,
    /// Inputs.
    pub depth: usize,
    /// [`Format::packed_bytes`] bytes.
    pub packed: &'a [u8],
}

impl Matrix<'_> {
    fn groups(&self) -> usize {
        self.rows.div_ceil(GROUP)
    }

    fn group(&self, group: usize) -> &[u8] {
        let bytes = self.depth / self.format.block() * self.format.cell();
        &self.packed[group * bytes..][..bytes]
    }

    fn fits(&self, x: &Activations) -> bool {
        let quads = !self.format.is_quantised() || self.depth.is_multiple_of(self.format.block());
        quads
            && self.depth == x.depth()
            && self.packed.len() == self.format.packed_bytes(self.rows, self.depth)
    }
}

/// Multiplies one group of weights with one tile.
///
/// # Panics
/// Where the group is not as deep as the tile.
fn panel(path: Path, format: Format, group: &[u8], tile: TileView<'_>, out: &mut Panel) {
    let lanes = tile.subs * tile.size;
    if format.is_quantised() {
        let starts = match format {
            Format::Q6K => 2 * lanes,
            _ if format.zero() != 0 => lanes,
            _ => 0,
        };
        assert_eq!(group.len() * format.block(), tile.depth * format.cell(), "whole cells of that depth");
        assert!(tile.q.len() == lanes * 32 && tile.scale.len() == lanes && tile.weight.len() == lanes);
        assert!(tile.starts.len() >= starts, "prepared for the format");
    } else {
        assert_eq!(group.len(), tile.depth * format.cell(), "a cell per depth");
        assert_eq!(tile.floats.len(), tile.depth * tile.size, "rows as floats");
    }
    assert!(SIZES.contains(&tile.size), "a size that kernels are made for");
    match path.0 {
        Set::Scalar => scalar::panel(format, group, tile, out),
        // SAFETY (the three below): the lengths were just looked at, and a `Path` is only
        // made where the CPU has it.
        #[cfg(target_arch = "x86_64")]
        Set::Avx512Vnni => unsafe { avx512::panel(format, group, tile, out) },
        #[cfg(target_arch = "x86_64")]
        Set::AvxVnni => unsafe { avx2::panel_vnni(format, group, tile, out) },
        #[cfg(target_arch = "x86_64")]
        Set::Avx2 => unsafe { avx2::panel(format, group, tile, out) },
        #[cfg(not(target_arch = "x86_64"))]
        _ => scalar::panel(format, group, tile, out),
    }
}

/// Groups per part of a product: enough parts that a thread which was held up leaves the rest
/// to the others, few enough that handing out costs nothing.
fn parts(groups: usize, threads: usize) -> (usize, usize) {
    let per_part = groups.div_ceil(threads * 4).max(1);
    (groups.div_ceil(per_part), per_part)
}

/// Computes every panel of `groups` groups in parallel: `of(group)` says which matrix and
/// which of its groups, `done` takes each panel. No two calls of `done` have the same group
/// and row.
fn panels<'a>(
    path: Path,
    pool: &mut Pool,
    x: &Activations,
    groups: usize,
    of: &(dyn Fn(usize) -> (Matrix<'a>, usize) + Sync),
    done: &(dyn Fn(usize, usize, usize, &Panel) + Sync),
) {
    let (count, per_part) = parts(groups, pool.threads());
    pool.run(count, &|part| {
        let mut out = [[0.0; GROUP]; WIDEST];
        for group in part * per_part..groups.min((part + 1) * per_part) {
            let (matrix, at) = of(group);
            let weights = matrix.group(at);
            for tile in x.tiles() {
                panel(path, matrix.format, weights, x.tile(*tile, matrix.format), &mut out);
                done(group, tile.first, tile.rows, &out);
            }
        }
    });
}

/// One of the matrices that are multiplied with the same rows.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// Its weights.
    pub matrix: Matrix<'a>,
    /// Added to each output; as long as the matrix has rows.
    pub bias: Option<&'a [f32]>,
}

/// `out[row] = x[row] × parts`, the outputs of all parts side by side; with `add` the products
/// are added to what `out` holds.
///
/// # Panics
/// Where the sizes do not fit each other.
pub fn multiply(
    path: Path,
    pool: &mut Pool,
    x: &mut Activations,
    parts: &[Part<'_>],
    add: bool,
    out: &mut [f32],
) {
    let width: usize = parts.iter().map(|p| p.matrix.rows).sum();
    assert_eq!(out.len(), width * x.rows(), "an output for each row");
    for part in parts {
        assert!(part.matrix.fits(x), "a matrix of the rows' depth");
        assert!(part.bias.is_none_or(|b| b.len() == part.matrix.rows), "a bias for each output");
        x.prepare(part.matrix.format);
    }
    let find = |mut group: usize| {
        let mut column = 0;
        for part in parts {
            if group < part.matrix.groups() {
                return (part, group, column + group * GROUP);
            }
            group -= part.matrix.groups();
            column += part.matrix.rows;
        }
        unreachable!("no such group")
    };
    let groups = parts.iter().map(|p| p.matrix.groups()).sum();
    let out = Shared::new(out);
    panels(
        path,
        pool,
        x,
        groups,
        &|group| {
            let (part, at, _) = find(group);
            (part.matrix, at)
        },
        &|group, first, rows, panel| {
            let (part, at, column) = find(group);
            let wide = GROUP.min(part.matrix.rows - at * GROUP);
            for (m, sums) in panel.iter().take(rows).enumerate() {
                // SAFETY: no other call has these columns of this row.
                let out = unsafe { out.slice((first + m) * width + column, wide) };
                let bias = part.bias.map(|bias| &bias[at * GROUP..][..wide]);
                for (lane, (out, sum)) in out.iter_mut().zip(sums).enumerate() {
                    let sum = bias.map_or(*sum, |bias| sum + bias[lane]);
                    *out = if add { *out + sum } else { sum };
                }
            }
        },
    );
}

/// `out[row] = silu(x[row] × gate) · (x[row] × up)`: the gated half of a feed-forward layer
/// (SwiGLU, Shazeer 2020).
///
/// # Panics
/// Where the sizes do not fit each other.
pub fn gated(
    path: Path,
    pool: &mut Pool,
    x: &mut Activations,
    gate: Matrix<'_>,
    up: Matrix<'_>,
    out: &mut [f32],
) {
    assert!(gate.fits(x) && up.fits(x) && gate.rows == up.rows, "two matrices of one shape");
    assert_eq!(out.len(), gate.rows * x.rows(), "an output for each row");
    x.prepare(gate.format);
    x.prepare(up.format);
    let (groups, width) = (gate.groups(), gate.rows);
    let out = Shared::new(out);
    let (count, per_part) = parts(groups, pool.threads());
    let x = &*x;
    pool.run(count, &|part| {
        let (mut a, mut b) = ([[0.0; GROUP]; WIDEST], [[0.0; GROUP]; WIDEST]);
        for group in part * per_part..groups.min((part + 1) * per_part) {
            let wide = GROUP.min(width - group * GROUP);
            for tile in x.tiles() {
                panel(path, gate.format, gate.group(group), x.tile(*tile, gate.format), &mut a);
                panel(path, up.format, up.group(group), x.tile(*tile, up.format), &mut b);
                for m in 0..tile.rows {
                    // SAFETY: no other part has these columns of this row.
                    let out = unsafe { out.slice((tile.first + m) * width + group * GROUP, wide) };
                    let mut both = [0.0; GROUP];
                    super::rows::swiglu(path, &a[m], &b[m], &mut both);
                    out.copy_from_slice(&both[..wide]);
                }
            }
        }
    });
}

/// The best of the outputs that `allowed` holds, for each row: (output, its value). Groups
/// without an allowed output are not computed. Of equals the lowest output is best; an output
/// that is not a number is never.
///
/// # Panics
/// Where the sizes do not fit each other.
pub fn best(
    path: Path,
    pool: &mut Pool,
    x: &mut Activations,
    matrix: Matrix<'_>,
    allowed: &[Option<&Bits>],
    out: &mut [Option<(u32, f32)>],
) {
    assert!(matrix.fits(x) && out.len() == x.rows(), "a result for each row");
    x.prepare(matrix.format);
    let x = &*x;
    let may = |row: usize, group: usize| match allowed.get(row) {
        Some(Some(bits)) => bits.group(group),
        _ => u16::MAX,
    };
    let groups = matrix.groups();
    let (count, per_part) = parts(groups, pool.threads());
    out.fill(None);
    let found = std::sync::Mutex::new(out);
    pool.run(count, &|part| {
        let mut sums = [[0.0; GROUP]; WIDEST];
        for tile in x.tiles() {
            let mut mine: [Option<(u32, f32)>; WIDEST] = [None; WIDEST];
            for group in part * per_part..groups.min((part + 1) * per_part) {
                if (0..tile.rows).all(|m| may(tile.first + m, group) == 0) {
                    continue;
                }
                panel(path, matrix.format, matrix.group(group), x.tile(*tile, matrix.format), &mut sums);
                let wide = GROUP.min(matrix.rows - group * GROUP);
                for (m, (best, sums)) in mine.iter_mut().zip(&sums).take(tile.rows).enumerate() {
                    let mask = may(tile.first + m, group);
                    for (lane, sum) in sums.iter().take(wide).enumerate() {
                        let better = best.is_none_or(|(_, top)| *sum > top) && !sum.is_nan();
                        if better && mask >> lane & 1 == 1 {
                            *best = Some(((group * GROUP + lane) as u32, *sum));
                        }
                    }
                }
            }
            let mut found = found.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            for (all, mine) in found[tile.first..].iter_mut().zip(&mine[..tile.rows]) {
                let Some((id, sum)) = *mine else { continue };
                if all.is_none_or(|(best, top)| sum > top || sum == top && id < best) {
                    *all = Some((id, sum));
                }
            }
        }
    });
}
