//! Integer products: the only place with `unsafe` in this room.
//!
//! Two shapes are enough for everything that embeds and searches:
//!
//! - [`Kernels::dots`]: one signed query against many stored rows;
//! - [`Kernels::tile`]: a few activation rows against [`COLUMNS`] packed weight columns.
//!
//! The left operand is *offset binary* (`value + 128` as `u8`), because that is what
//! `vpdpbusd` multiplies with a signed byte; the caller takes `128 × Σ(right)` off again.
//! Sums are exact 32-bit integers, so every path gives the same bits: the path is chosen
//! at run time by what the CPU has, and the tests hold each against [`scalar`].
//!
//! Bounds: a product is below 2^15 in size, so a sum stays exact for up to [`MAX_DEPTH`]
//! terms.

mod scalar;
#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(test)]
mod tests;

use std::sync::OnceLock;

/// Bytes per step of every row: rows are padded to a multiple of it.
pub const STEP: usize = 64;
/// Weight columns that one tile covers.
pub const COLUMNS: usize = 64;
/// Activation rows that one tile covers at most.
pub const ROWS: usize = 6;
/// Longest row or deepest product whose sum cannot overflow.
pub const MAX_DEPTH: usize = 1 << 16;

/// Sums of one tile, row by row.
pub type Tile = [[i32; COLUMNS]; ROWS];

/// An instruction-set path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// 512-bit `vpdpbusd`.
    Avx512Vnni,
    /// 256-bit `vpdpbusd` (AVX-VNNI).
    AvxVnni,
    /// 256-bit multiply-add of 16-bit pairs.
    Avx2,
    /// Plain Rust.
    Scalar,
}

/// Kernels of one path that this CPU has. Made only by [`Kernels::of`], which looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernels(Path);

impl Kernels {
    /// The fastest path of this CPU; looked up once.
    pub fn best() -> Self {
        static BEST: OnceLock<Kernels> = OnceLock::new();
        *BEST.get_or_init(|| {
            let paths = [Path::Avx512Vnni, Path::AvxVnni, Path::Avx2];
            paths.into_iter().find_map(Self::of).unwrap_or(Self(Path::Scalar))
        })
    }

    /// The kernels of `path`, where this CPU has it.
    pub fn of(path: Path) -> Option<Self> {
        let here = match path {
            Path::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Path::Avx512Vnni => {
                std::arch::is_x86_feature_detected!("avx512f")
                    && std::arch::is_x86_feature_detected!("avx512bw")
                    && std::arch::is_x86_feature_detected!("avx512vnni")
            }
            #[cfg(target_arch = "x86_64")]
            Path::AvxVnni => {
                std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("avxvnni")
            }
            #[cfg(target_arch = "x86_64")]
            Path::Avx2 => std::arch::is_x86_feature_detected!("avx2"),
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        };
        here.then_some(Self(path))
    }

    /// Which path these are.
    pub fn path(self) -> Path {
        self.0
    }

    /// `out[r] = Σ rows[r][i] × query[i]` with `rows` as unsigned bytes, each
    /// `query.len()` long.
    ///
    /// # Panics
    /// Where `query.len()` is not a multiple of [`STEP`] up to [`MAX_DEPTH`], or `rows` is
    /// not `out.len()` rows: the caller checked its file when it opened it.
    pub fn dots(self, rows: &[u8], query: &[i8], out: &mut [i32]) {
        assert!(query.len().is_multiple_of(STEP) && query.len() <= MAX_DEPTH, "a row of whole steps");
        assert_eq!(rows.len(), query.len() * out.len(), "whole rows");
        match self.0 {
            Path::Scalar => scalar::dots(rows, query, out),
            // SAFETY (the three below): `Kernels::of` saw the CPU's features, and the
            // assertions above are the functions' conditions on lengths.
            #[cfg(target_arch = "x86_64")]
            Path::Avx512Vnni => unsafe { x86::dots_avx512_vnni(rows, query, out) },
            #[cfg(target_arch = "x86_64")]
            Path::AvxVnni => unsafe { x86::dots_avx_vnni(rows, query, out) },
            #[cfg(target_arch = "x86_64")]
            Path::Avx2 => unsafe { x86::dots_avx2(rows, query, out) },
            #[cfg(not(target_arch = "x86_64"))]
            _ => scalar::dots(rows, query, out),
        }
    }

    /// `out[r][c] = Σ rows[r][i] × panel[i][c]` for the first `rows.len() / depth` rows
    /// (at most [`ROWS`]); the other rows of `out` keep what they hold.
    ///
    /// `panel` is packed as [`pack`] does: for each four steps of depth, for each column,
    /// four weights.
    ///
    /// # Panics
    /// Where `depth` is not a multiple of 4 up to [`MAX_DEPTH`], or the slices are not of
    /// that depth.
    pub fn tile(self, rows: &[u8], depth: usize, panel: &[i8], out: &mut Tile) {
        assert!(depth > 0 && depth.is_multiple_of(4) && depth <= MAX_DEPTH, "whole quads of depth");
        assert_eq!(panel.len(), depth * COLUMNS, "a whole panel");
        assert!(rows.len().is_multiple_of(depth) && rows.len() <= depth * ROWS, "whole rows of a tile");
        match self.0 {
            Path::Scalar => scalar::tile(rows, depth, panel, out),
            // SAFETY (the three below): as in `dots`.
            #[cfg(target_arch = "x86_64")]
            Path::Avx512Vnni => unsafe { x86::tile_avx512_vnni(rows, depth, panel, out) },
            #[cfg(target_arch = "x86_64")]
            Path::AvxVnni => unsafe { x86::tile_avx_vnni(rows, depth, panel, out) },
            #[cfg(target_arch = "x86_64")]
            Path::Avx2 => unsafe { x86::tile_avx2(rows, depth, panel, out) },
            #[cfg(not(target_arch = "x86_64"))]
            _ => scalar::tile(rows, depth, panel, out),
        }
    }
}

/// Packs weights for [`Kernels::tile`]: `weights` is row-major, one row of `depth` per
/// output column. Returns whole panels; columns past the last are zero.
pub fn pack(weights: &[i8], depth: usize) -> Vec<i8> {
    let columns = weights.len() / depth.max(1);
    let panels = columns.div_ceil(COLUMNS);
    let mut packed = vec![0; panels * COLUMNS * depth];
    for (column, row) in weights.chunks_exact(depth.max(1)).enumerate() {
        let (panel, place) = (column / COLUMNS, column % COLUMNS);
        let start = panel * COLUMNS * depth;
        for (quad, four) in row.chunks_exact(4).enumerate() {
            let at = start + quad * COLUMNS * 4 + place * 4;
            packed[at..at + 4].copy_from_slice(four);
        }
    }
    packed
}
