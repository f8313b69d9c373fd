//! The product with 256-bit vectors: a group's sixteen rows are two vectors of eight.
//!
//! A sub-block is unpacked to bytes on the stack once and then multiplied with every row of
//! the tile.

use std::arch::x86_64::*;

use super::super::activations::TileView;
use super::super::format::{Format, GROUP, SUB};
use super::Panel;

/// A sub-block in plain bytes, as Q8_0 lies, with its scales and minimum.
#[repr(C, align(64))]
struct Sub {
    w: [u8; GROUP * SUB],
    scale: [[f32; GROUP]; 2],
    min: [f32; GROUP],
}

#[inline(always)]
unsafe fn halves(at: *const u8) -> [__m256; 2] {
    unsafe { [0, 16].map(|o| _mm256_cvtph_ps(_mm_loadu_si128(at.add(o).cast()))) }
}

#[inline(always)]
unsafe fn store(to: &mut [f32; GROUP], v: [__m256; 2]) {
    unsafe {
        _mm256_storeu_ps(to.as_mut_ptr(), v[0]);
        _mm256_storeu_ps(to.as_mut_ptr().add(8), v[1]);
    }
}

/// Sixteen bytes as two vectors of floats.
#[inline(always)]
unsafe fn floats_of(v: __m128i, signed: bool) -> [__m256; 2] {
    unsafe {
        let high = _mm_srli_si128::<8>(v);
        [v, high].map(|v| {
            _mm256_cvtepi32_ps(if signed { _mm256_cvtepi8_epi32(v) } else { _mm256_cvtepu8_epi32(v) })
        })
    }
}

#[inline(always)]
unsafe fn times(a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
    unsafe { [_mm256_mul_ps(a[0], b[0]), _mm256_mul_ps(a[1], b[1])] }
}

/// Inner scales and minimums of sub-block `s` of the K-quants with minimums, six bits each, a
/// byte for each row.
#[inline(always)]
pub(super) unsafe fn inner(cell: *const u8, s: usize) -> (__m128i, __m128i) {
    unsafe {
        let raw = |j: usize| _mm_loadu_si128(cell.add(64 + j * GROUP).cast());
        let low = |v: __m128i, bits: i8| _mm_and_si128(v, _mm_set1_epi8(bits));
        if s < 4 {
            return (low(raw(s), 63), low(raw(s + 4), 63));
        }
        let top = |v: __m128i| _mm_slli_epi16::<4>(low(_mm_srli_epi16::<6>(v), 3));
        (
            _mm_or_si128(low(raw(s + 4), 15), top(raw(s - 4))),
            _mm_or_si128(low(_mm_srli_epi16::<4>(raw(s + 4)), 15), top(raw(s))),
        )
    }
}

/// Unpacks sub-block `s` of a cell.
#[inline(always)]
unsafe fn unpack(format: Format, cell: *const u8, s: usize, to: &mut Sub) {
    unsafe {
        let at = cell.add(format.head() + s * format.sub_bytes());
        weights(format, at, &mut to.w);
        let d = halves(cell);
        match format {
            Format::Q4K | Format::Q5K => {
                let (scale, min) = inner(cell, s);
                let m = halves(cell.add(32)).map(|m| _mm256_xor_ps(m, _mm256_set1_ps(-0.0)));
                store(&mut to.scale[0], times(d, floats_of(scale, false)));
                store(&mut to.min, times(m, floats_of(min, false)));
            }
            Format::Q6K => {
                for h in 0..2 {
                    let raw = _mm_loadu_si128(cell.add(32 + (2 * s + h) * GROUP).cast());
                    store(&mut to.scale[h], times(d, floats_of(raw, true)));
                }
            }
            _ => {
                store(&mut to.scale[0], d);
                if format.has_minimum() {
                    store(&mut to.min, halves(cell.add(32)));
                }
            }
        }
    }
}

#[inline(always)]
unsafe fn weights(format: Format, at: *const u8, to: &mut [u8; GROUP * SUB]) {
    unsafe {
        let load = |o: usize| _mm256_loadu_si256(at.add(o).cast());
        let mut put = |o: usize, v: __m256i| _mm256_storeu_si256(to.as_mut_ptr().add(o).cast(), v);
        if format == Format::Q8_0 {
            for o in (0..512).step_by(32) {
                put(o, load(o));
            }
            return;
        }
        let mask = _mm256_set1_epi8(15);
        // Byte i of a lane of 32 bits picks bit i: which byte of the four, which bit of it.
        let spread = _mm256_setr_epi8(
            0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3,
        );
        let bit = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64.cast_signed());
        let sixteen = _mm256_set1_epi8(16);
        for v in 0..8 {
            for h in 0..2 {
                let both = load(v % 4 * 64 + h * 32);
                let low = if v < 4 { both } else { _mm256_srli_epi16::<4>(both) };
                let low = _mm256_and_si256(low, mask);
                let all = match format {
                    Format::Q5_0 | Format::Q5_1 | Format::Q5K => {
                        let bits = at.add(256 + v * 8 + h * 4).cast::<i32>().read_unaligned();
                        let bits = _mm256_shuffle_epi8(_mm256_set1_epi32(bits), spread);
                        let set = _mm256_cmpeq_epi8(_mm256_and_si256(bits, bit), bit);
                        _mm256_or_si256(low, _mm256_and_si256(set, sixteen))
                    }
                    Format::Q6K => {
                        let top = load(256 + v / 4 * 64 + h * 32);
                        let top = match v % 4 {
                            0 => _mm256_slli_epi16::<4>(top),
                            1 => _mm256_slli_epi16::<2>(top),
                            2 => top,
                            _ => _mm256_srli_epi16::<2>(top),
                        };
                        _mm256_or_si256(low, _mm256_and_si256(top, _mm256_set1_epi8(0x30)))
                    }
                    _ => low,
                };
                put(v * 64 + h * 32, all);
            }
        }
    }
}

/// `dot + Σ weights × activations` of four neighbours in depth.
#[inline(always)]
unsafe fn quad<const VNNI: bool>(wide: bool, dot: __m256i, w: __m256i, a: __m256i) -> __m256i {
    unsafe {
        if VNNI {
            return _mm256_dpbusd_avx_epi32(dot, w, a);
        }
        // Pairs of at most 63 × 127 × 2 do not leave 16 bits; 8-bit weights are made signed
        // first, and then 128 × 127 × 2 does not either.
        let pairs = if wide {
            let signed = _mm256_xor_si256(w, _mm256_set1_epi8(i8::MIN));
            _mm256_maddubs_epi16(_mm256_abs_epi8(signed), _mm256_sign_epi8(a, signed))
        } else {
            _mm256_maddubs_epi16(w, a)
        };
        _mm256_add_epi32(dot, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
    }
}

#[inline(always)]
unsafe fn multiply<const VNNI: bool>(format: Format, group: &[u8], tile: TileView<'_>, out: &mut Panel) {
    // SAFETY: as for the 512-bit twin: the slices have the lengths that `TileView` states,
    // and the group is whole cells as deep as the tile.
    unsafe {
        let per_cell = format.block() / SUB;
        // Without `vpdpbusd` 8-bit weights are multiplied as signed ones: nothing to take off.
        let wide = format == Format::Q8_0 && !VNNI;
        let starts = format.zero() != 0 && !wide;
        let halves = if format == Format::Q6K { 2 } else { 1 };
        let mut sub = Sub { w: [0; 512], scale: [[0.0; GROUP]; 2], min: [0.0; GROUP] };
        for row in out.iter_mut().take(tile.size) {
            row.fill(0.0);
        }
        for block in 0..tile.subs {
            let (c, s) = (block / per_cell, block % per_cell);
            let cell = group.as_ptr().add(c * format.cell());
            super::fetch_ahead(format, cell, s);
            unpack(format, cell, s, &mut sub);
            for (m, row) in out.iter_mut().take(tile.size).enumerate() {
                let at = block * tile.size + m;
                let q = tile.q.as_ptr().add(at * SUB);
                let activation = _mm256_set1_ps(*tile.scale.get_unchecked(at));
                for side in 0..2 {
                    let mut sum = _mm256_loadu_ps(row.as_ptr().add(side * 8));
                    for h in 0..halves {
                        let mut dot = if starts {
                            _mm256_set1_epi32(*tile.starts.get_unchecked(at * halves + h))
                        } else {
                            _mm256_setzero_si256()
                        };
                        for v in h * 4..if halves == 2 { h * 4 + 4 } else { 8 } {
                            let w = _mm256_load_si256(sub.w.as_ptr().add(v * 64 + side * 32).cast());
                            let a = _mm256_set1_epi32(q.add(v * 4).cast::<i32>().read_unaligned());
                            dot = quad::<VNNI>(wide, dot, w, a);
                        }
                        let scale = _mm256_loadu_ps(sub.scale[h].as_ptr().add(side * 8));
                        let both = _mm256_mul_ps(scale, activation);
                        sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot), both, sum);
                    }
                    if format.has_minimum() {
                        let min = _mm256_loadu_ps(sub.min.as_ptr().add(side * 8));
                        let weight = _mm256_set1_ps(*tile.weight.get_unchecked(at));
                        sum = _mm256_fmadd_ps(min, weight, sum);
                    }
                    _mm256_storeu_ps(row.as_mut_ptr().add(side * 8), sum);
                }
            }
        }
    }
}

#[inline(always)]
unsafe fn floats(half: bool, group: &[u8], tile: TileView<'_>, out: &mut Panel) {
    // SAFETY: the group has a cell per depth, the tile `size` rows of that depth.
    unsafe {
        for (m, row) in out.iter_mut().take(tile.size).enumerate() {
            let mut sums = [_mm256_setzero_ps(); 2];
            for k in 0..tile.depth {
                let w = if half {
                    halves(group.as_ptr().add(k * 32))
                } else {
                    [0, 8].map(|o| _mm256_loadu_ps(group.as_ptr().add(k * 64).cast::<f32>().add(o)))
                };
                let x = _mm256_set1_ps(*tile.floats.get_unchecked(m * tile.depth + k));
                sums = [_mm256_fmadd_ps(w[0], x, sums[0]), _mm256_fmadd_ps(w[1], x, sums[1])];
            }
            store(row, sums);
        }
    }
}

macro_rules! path {
    ($name:ident, $vnni:expr, $features:expr) => {
        /// One group times one tile; see [`super::panel`].
        ///
        /// # Safety
        /// The CPU has the features; `group` is whole cells of the format and as deep as the
        /// tile, whose slices have the lengths that [`TileView`] states.
        #[target_feature(enable = $features)]
        pub unsafe fn $name(format: Format, group: &[u8], tile: TileView<'_>, out: &mut Panel) {
            macro_rules! of {
                ($format:expr) => {
                    // SAFETY: the caller's promise.
                    unsafe { multiply::<$vnni>($format, group, tile, out) }
                };
            }
            // The format is a constant in each arm, so that the loops are made for it.
            match format {
                Format::Q4_0 => of!(Format::Q4_0),
                Format::Q4_1 => of!(Format::Q4_1),
                Format::Q5_0 => of!(Format::Q5_0),
                Format::Q5_1 => of!(Format::Q5_1),
                Format::Q8_0 => of!(Format::Q8_0),
                Format::Q4K => of!(Format::Q4K),
                Format::Q5K => of!(Format::Q5K),
                Format::Q6K => of!(Format::Q6K),
                // SAFETY: the caller's promise.
                Format::F16 | Format::F32 => unsafe { floats(format == Format::F16, group, tile, out) },
            }
        }
    };
}

path!(panel, false, "avx2,fma,f16c");
path!(panel_vnni, true, "avx2,fma,f16c,avxvnni");
