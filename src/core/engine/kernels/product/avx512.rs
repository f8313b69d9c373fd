//! The product with 512-bit vectors: a lane of sixteen is one output row.

use std::arch::x86_64::*;

use super::super::activations::TileView;
use super::super::format::{Format, GROUP, SUB};
use super::Panel;

/// A sub-block in registers: weights by quads of depth, scales of the halves, minimum.
struct Sub {
    w: [__m512i; 8],
    scale: [__m512; 2],
    min: __m512,
}

/// How a format's cells are read. All functions want AVX-512 F, BW, VL and a pointer to a
/// whole cell.
trait Cells {
    const FORMAT: Format;
    /// What a cell's sub-blocks share.
    type Head: Copy;
    unsafe fn head(cell: *const u8) -> Self::Head;
    unsafe fn sub(cell: *const u8, head: Self::Head, s: usize) -> Sub;
}

#[inline(always)]
unsafe fn halves(at: *const u8) -> __m512 {
    unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(at.cast())) }
}

/// 4-bit weights of a sub-block.
#[inline(always)]
unsafe fn nibbles(at: *const u8) -> [__m512i; 8] {
    unsafe {
        let mask = _mm512_set1_epi8(15);
        let mut w = [_mm512_setzero_si512(); 8];
        for v in 0..4 {
            let both = _mm512_loadu_si512(at.add(v * 64).cast());
            w[v] = _mm512_and_si512(both, mask);
            w[v + 4] = _mm512_and_si512(_mm512_srli_epi16::<4>(both), mask);
        }
        w
    }
}

/// 5-bit weights of a sub-block.
#[inline(always)]
unsafe fn fives(at: *const u8) -> [__m512i; 8] {
    unsafe {
        let mut w = nibbles(at);
        let sixteen = _mm512_set1_epi8(16);
        let masks = at.add(256).cast::<u64>();
        for (v, w) in w.iter_mut().enumerate() {
            *w = _mm512_mask_add_epi8(*w, masks.add(v).read_unaligned(), *w, sixteen);
        }
        w
    }
}

/// Inner scale and minimum of sub-block `s` of the K-quants with minimums, six bits each.
#[inline(always)]
unsafe fn inner(cell: *const u8, s: usize) -> (__m512, __m512) {
    unsafe {
        let (scale, min) = super::avx2::inner(cell, s);
        let float = |v: __m128i| _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(v));
        (float(scale), float(min))
    }
}

macro_rules! simple {
    ($name:ident, $format:expr, $min:expr, $weights:expr) => {
        struct $name;
        impl Cells for $name {
            const FORMAT: Format = $format;
            type Head = ();
            #[inline(always)]
            unsafe fn head(_: *const u8) {}
            #[inline(always)]
            unsafe fn sub(cell: *const u8, (): (), _: usize) -> Sub {
                unsafe {
                    let scale = halves(cell);
                    let min = if $min { halves(cell.add(32)) } else { _mm512_setzero_ps() };
                    Sub { w: $weights(cell.add($format.head())), scale: [scale; 2], min }
                }
            }
        }
    };
}

#[inline(always)]
unsafe fn bytes(at: *const u8) -> [__m512i; 8] {
    unsafe { std::array::from_fn(|v| _mm512_loadu_si512(at.add(v * 64).cast())) }
}

simple!(Q4_0, Format::Q4_0, false, nibbles);
simple!(Q4_1, Format::Q4_1, true, nibbles);
simple!(Q5_0, Format::Q5_0, false, fives);
simple!(Q5_1, Format::Q5_1, true, fives);
simple!(Q8_0, Format::Q8_0, false, bytes);

macro_rules! with_inner {
    ($name:ident, $format:expr, $weights:expr) => {
        struct $name;
        impl Cells for $name {
            const FORMAT: Format = $format;
            type Head = (__m512, __m512);
            #[inline(always)]
            unsafe fn head(cell: *const u8) -> Self::Head {
                // Minus zero minus: the sign bit alone.
                unsafe {
                    let m = halves(cell.add(32));
                    let sign = _mm512_set1_epi32(i32::MIN);
                    (halves(cell), _mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(m), sign)))
                }
            }
            #[inline(always)]
            unsafe fn sub(cell: *const u8, (d, m): Self::Head, s: usize) -> Sub {
                unsafe {
                    let (scale, min) = inner(cell, s);
                    let at = cell.add($format.head() + s * $format.sub_bytes());
                    Sub { w: $weights(at), scale: [_mm512_mul_ps(d, scale); 2], min: _mm512_mul_ps(m, min) }
                }
            }
        }
    };
}

with_inner!(Q4K, Format::Q4K, nibbles);
with_inner!(Q5K, Format::Q5K, fives);

struct Q6K;
impl Cells for Q6K {
    const FORMAT: Format = Format::Q6K;
    type Head = __m512;
    #[inline(always)]
    unsafe fn head(cell: *const u8) -> __m512 {
        unsafe { halves(cell) }
    }
    #[inline(always)]
    unsafe fn sub(cell: *const u8, d: __m512, s: usize) -> Sub {
        unsafe {
            let at = cell.add(Format::Q6K.head() + s * Format::Q6K.sub_bytes());
            let mut w = nibbles(at);
            let mask = _mm512_set1_epi8(0x30);
            for quad in 0..2 {
                let top = _mm512_loadu_si512(at.add(256 + quad * 64).cast());
                let w = &mut w[quad * 4..];
                let put = |w: &mut __m512i, top| *w = _mm512_or_si512(*w, _mm512_and_si512(top, mask));
                put(&mut w[0], _mm512_slli_epi16::<4>(top));
                put(&mut w[1], _mm512_slli_epi16::<2>(top));
                put(&mut w[2], top);
                put(&mut w[3], _mm512_srli_epi16::<2>(top));
            }
            let scale = |j: usize| {
                let raw = _mm_loadu_si128(cell.add(32 + j * GROUP).cast());
                _mm512_mul_ps(d, _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(raw)))
            };
            Sub { w, scale: [scale(2 * s), scale(2 * s + 1)], min: _mm512_setzero_ps() }
        }
    }
}

/// Multiplies.
///
/// # Safety
/// The CPU has AVX-512 F, BW, VL and VNNI; `group` is whole cells of the format and as deep
/// as the tile, whose slices have the lengths that [`TileView`] states for `M` rows.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c")]
unsafe fn multiply<C: Cells, const M: usize>(group: &[u8], tile: TileView<'_>, out: &mut Panel) {
    // SAFETY: by the lengths that are promised above every pointer below stays in its slice:
    // sub-blocks times M rows of quants, scales, weights and starts, and cells of the group.
    unsafe {
        let per_cell = C::FORMAT.block() / SUB;
        let cells = tile.subs / per_cell;
        let (mut cell, mut q) = (group.as_ptr(), tile.q.as_ptr());
        let (mut scale, mut weight, mut start) =
            (tile.scale.as_ptr(), tile.weight.as_ptr(), tile.starts.as_ptr());
        let split = matches!(C::FORMAT, Format::Q6K);
        let starts = C::FORMAT.zero() != 0;
        let mut sums = [_mm512_setzero_ps(); M];
        for _ in 0..cells {
            let head = C::head(cell);
            for s in 0..per_cell {
                super::fetch_ahead(C::FORMAT, cell, s);
                let sub = C::sub(cell, head, s);
                // Rows side by side: each row's sum is a chain of products that wait for each
                // other, and the CPU looks only so far ahead.
                let quad = |m: usize, v: usize| {
                    _mm512_set1_epi32(q.add(m * SUB + v * 4).cast::<i32>().read_unaligned())
                };
                for h in 0..if split { 2 } else { 1 } {
                    let mut dots = [_mm512_setzero_si512(); M];
                    if starts {
                        for (m, dot) in dots.iter_mut().enumerate() {
                            *dot = _mm512_set1_epi32(*start.add(if split { m * 2 + h } else { m }));
                        }
                    }
                    for v in if split { h * 4..h * 4 + 4 } else { 0..8 } {
                        for (m, dot) in dots.iter_mut().enumerate() {
                            *dot = _mm512_dpbusd_epi32(*dot, sub.w[v], quad(m, v));
                        }
                    }
                    for m in 0..M {
                        let both = _mm512_mul_ps(sub.scale[h], _mm512_set1_ps(*scale.add(m)));
                        sums[m] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dots[m]), both, sums[m]);
                    }
                }
                if C::FORMAT.has_minimum() {
                    for (m, sum) in sums.iter_mut().enumerate() {
                        *sum = _mm512_fmadd_ps(sub.min, _mm512_set1_ps(*weight.add(m)), *sum);
                    }
                }
                q = q.add(M * SUB);
                scale = scale.add(M);
                weight = weight.add(M);
                if starts {
                    start = start.add(if split { 2 * M } else { M });
                }
            }
            cell = cell.add(C::FORMAT.cell());
        }
        for (row, sum) in out.iter_mut().zip(sums) {
            _mm512_storeu_ps(row.as_mut_ptr(), sum);
        }
    }
}

/// As [`multiply`], for weights that are floats.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c")]
unsafe fn floats<const M: usize>(half: bool, group: &[u8], tile: TileView<'_>, out: &mut Panel) {
    // SAFETY: the group has a cell per depth, the tile M rows of that depth.
    unsafe {
        let mut sums = [_mm512_setzero_ps(); M];
        let x = tile.floats.as_ptr();
        for k in 0..tile.depth {
            let w = if half {
                halves(group.as_ptr().add(k * 32))
            } else {
                _mm512_loadu_ps(group.as_ptr().add(k * 64).cast())
            };
            for (m, sum) in sums.iter_mut().enumerate() {
                *sum = _mm512_fmadd_ps(w, _mm512_set1_ps(*x.add(m * tile.depth + k)), *sum);
            }
        }
        for (row, sum) in out.iter_mut().zip(sums) {
            _mm512_storeu_ps(row.as_mut_ptr(), sum);
        }
    }
}

macro_rules! sized {
    ($size:expr, $call:ident) => {
        match $size {
            1 => $call!(1),
            2 => $call!(2),
            3 => $call!(3),
            4 => $call!(4),
            5 => $call!(5),
            6 => $call!(6),
            7 => $call!(7),
            _ => $call!(8),
        }
    };
}

/// One group times one tile; see [`super::panel`].
///
/// # Safety
/// As for [`multiply`]; the tile's size is one of `SIZES`.
pub unsafe fn panel(format: Format, group: &[u8], tile: TileView<'_>, out: &mut Panel) {
    macro_rules! of {
        ($cells:ty) => {{
            macro_rules! run {
                ($m:expr) => {
                    // SAFETY: the caller's promise.
                    unsafe { multiply::<$cells, $m>(group, tile, out) }
                };
            }
            sized!(tile.size, run)
        }};
    }
    match format {
        Format::Q4_0 => of!(Q4_0),
        Format::Q4_1 => of!(Q4_1),
        Format::Q5_0 => of!(Q5_0),
        Format::Q5_1 => of!(Q5_1),
        Format::Q8_0 => of!(Q8_0),
        Format::Q4K => of!(Q4K),
        Format::Q5K => of!(Q5K),
        Format::Q6K => of!(Q6K),
        Format::F16 | Format::F32 => {
            macro_rules! run {
                ($m:expr) => {
                    // SAFETY: the caller's promise.
                    unsafe { floats::<$m>(format == Format::F16, group, tile, out) }
                };
            }
            sized!(tile.size, run)
        }
    }
}
