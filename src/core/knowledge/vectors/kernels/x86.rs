//! The kernels with x86-64 vector instructions.
//!
//! Every function here is `unsafe` for two reasons, which `Kernels` answers for: the CPU
//! must have the named features, and the slices must have the lengths that
//! `Kernels::dots` and `Kernels::tile` assert. All loads are unaligned loads inside those
//! slices; each block says which bytes it touches.

use std::arch::x86_64::*;

use super::{COLUMNS, ROWS, STEP, Tile};

/// Bytes of one quad of depth in a panel.
const QUAD: usize = COLUMNS * 4;

/// # Safety
/// AVX-512 F, BW and VNNI; `rows` is `out.len()` rows of `query.len()`, a multiple of 64.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) unsafe fn dots_avx512_vnni(rows: &[u8], query: &[i8], out: &mut [i32]) {
    let width = query.len();
    let steps = width / STEP;
    let q = query.as_ptr();
    let mut groups = out.chunks_exact_mut(4);
    let mut row = rows.as_ptr();
    for group in &mut groups {
        let mut sums = [_mm512_setzero_si512(); 4];
        for step in 0..steps {
            // SAFETY: `step * 64 + 64 <= width`, and four whole rows start at `row`.
            unsafe {
                let right = _mm512_loadu_si512(q.add(step * STEP).cast());
                for (r, sum) in sums.iter_mut().enumerate() {
                    let left = _mm512_loadu_si512(row.add(r * width + step * STEP).cast());
                    *sum = _mm512_dpbusd_epi32(*sum, left, right);
                }
            }
        }
        for (place, sum) in group.iter_mut().zip(sums) {
            *place = _mm512_reduce_add_epi32(sum);
        }
        // SAFETY: at most one past the end of `rows`.
        row = unsafe { row.add(4 * width) };
    }
    for place in groups.into_remainder() {
        let mut sum = _mm512_setzero_si512();
        for step in 0..steps {
            // SAFETY: one whole row starts at `row`.
            unsafe {
                let right = _mm512_loadu_si512(q.add(step * STEP).cast());
                let left = _mm512_loadu_si512(row.add(step * STEP).cast());
                sum = _mm512_dpbusd_epi32(sum, left, right);
            }
        }
        *place = _mm512_reduce_add_epi32(sum);
        // SAFETY: at most one past the end of `rows`.
        row = unsafe { row.add(width) };
    }
}

/// # Safety
/// AVX2 and AVX-VNNI; lengths as for [`dots_avx512_vnni`].
#[target_feature(enable = "avx2,avxvnni")]
pub(super) unsafe fn dots_avx_vnni(rows: &[u8], query: &[i8], out: &mut [i32]) {
    for (row, place) in rows.chunks_exact(query.len()).zip(out) {
        let mut sums = [_mm256_setzero_si256(); 2];
        for (left, right) in row.chunks_exact(STEP).zip(query.chunks_exact(STEP)) {
            for (half, sum) in sums.iter_mut().enumerate() {
                // SAFETY: both chunks are 64 bytes; halves of 32.
                unsafe {
                    let left = _mm256_loadu_si256(left.as_ptr().add(half * 32).cast());
                    let right = _mm256_loadu_si256(right.as_ptr().add(half * 32).cast());
                    *sum = _mm256_dpbusd_avx_epi32(*sum, left, right);
                }
            }
        }
        *place = sum_of_eight(_mm256_add_epi32(sums[0], sums[1]));
    }
}

/// # Safety
/// AVX2; lengths as for [`dots_avx512_vnni`].
#[target_feature(enable = "avx2")]
pub(super) unsafe fn dots_avx2(rows: &[u8], query: &[i8], out: &mut [i32]) {
    for (row, place) in rows.chunks_exact(query.len()).zip(out) {
        let mut sums = [_mm256_setzero_si256(); 2];
        for (left, right) in row.chunks_exact(32).zip(query.chunks_exact(32)) {
            for (half, sum) in sums.iter_mut().enumerate() {
                // SAFETY: both chunks are 32 bytes; halves of 16.
                let (left, right) = unsafe {
                    (
                        _mm_loadu_si128(left.as_ptr().add(half * 16).cast()),
                        _mm_loadu_si128(right.as_ptr().add(half * 16).cast()),
                    )
                };
                // In 16 bits the pair sums are exact; `vpmaddubsw` would saturate.
                let pairs = _mm256_madd_epi16(_mm256_cvtepu8_epi16(left), _mm256_cvtepi8_epi16(right));
                *sum = _mm256_add_epi32(*sum, pairs);
            }
        }
        *place = sum_of_eight(_mm256_add_epi32(sums[0], sums[1]));
    }
}

#[target_feature(enable = "avx2")]
fn sum_of_eight(eight: __m256i) -> i32 {
    let four = _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256::<1>(eight));
    let two = _mm_add_epi32(four, _mm_shuffle_epi32::<0b00_00_11_10>(four));
    let one = _mm_add_epi32(two, _mm_shuffle_epi32::<0b00_00_00_01>(two));
    _mm_cvtsi128_si32(one)
}

/// # Safety
/// AVX-512 F, BW and VNNI; `rows` is at most [`ROWS`] rows of `depth`, a multiple of 4;
/// `panel` is `depth * COLUMNS` long.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) unsafe fn tile_avx512_vnni(rows: &[u8], depth: usize, panel: &[i8], out: &mut Tile) {
    // SAFETY: as this function's own, with the number of rows as a constant.
    unsafe {
        match rows.len() / depth {
            6 => rows_avx512_vnni::<6>(rows, depth, panel, out),
            5 => rows_avx512_vnni::<5>(rows, depth, panel, out),
            4 => rows_avx512_vnni::<4>(rows, depth, panel, out),
            3 => rows_avx512_vnni::<3>(rows, depth, panel, out),
            2 => rows_avx512_vnni::<2>(rows, depth, panel, out),
            1 => rows_avx512_vnni::<1>(rows, depth, panel, out),
            _ => {}
        }
    }
}

/// # Safety
/// As [`tile_avx512_vnni`], and `rows` is exactly `R` rows.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
unsafe fn rows_avx512_vnni<const R: usize>(rows: &[u8], depth: usize, panel: &[i8], out: &mut Tile) {
    const { assert!(R <= ROWS) };
    let (a, b) = (rows.as_ptr(), panel.as_ptr());
    let mut sums = [[_mm512_setzero_si512(); 4]; R];
    for quad in 0..depth / 4 {
        // SAFETY: the panel has `depth / 4` quads of 256 bytes; each row has `depth / 4`
        // quads of 4 bytes, read without alignment.
        unsafe {
            let weights: [__m512i; 4] =
                std::array::from_fn(|c| _mm512_loadu_si512(b.add(quad * QUAD + c * STEP).cast()));
            for (r, sums) in sums.iter_mut().enumerate() {
                let four = _mm512_set1_epi32(a.add(r * depth + quad * 4).cast::<i32>().read_unaligned());
                for (sum, weights) in sums.iter_mut().zip(weights) {
                    *sum = _mm512_dpbusd_epi32(*sum, four, weights);
                }
            }
        }
    }
    for (place, sums) in out.iter_mut().zip(sums) {
        for (sixteen, sum) in place.chunks_exact_mut(16).zip(sums) {
            // SAFETY: `sixteen` is 16 integers, 64 bytes.
            unsafe { _mm512_storeu_si512(sixteen.as_mut_ptr().cast(), sum) };
        }
    }
}

/// # Safety
/// AVX2 and AVX-VNNI; lengths as for [`tile_avx512_vnni`].
#[target_feature(enable = "avx2,avxvnni")]
pub(super) unsafe fn tile_avx_vnni(rows: &[u8], depth: usize, panel: &[i8], out: &mut Tile) {
    // SAFETY: as this function's own; chunks of at most three whole rows.
    unsafe {
        for (three, place) in rows.chunks(3 * depth).zip(out.chunks_mut(3)) {
            match three.len() / depth {
                3 => rows_avx_vnni::<3>(three, depth, panel, place),
                2 => rows_avx_vnni::<2>(three, depth, panel, place),
                _ => rows_avx_vnni::<1>(three, depth, panel, place),
            }
        }
    }
}

/// # Safety
/// As [`tile_avx_vnni`], and `rows` is exactly `R` rows.
#[target_feature(enable = "avx2,avxvnni")]
unsafe fn rows_avx_vnni<const R: usize>(rows: &[u8], depth: usize, panel: &[i8], out: &mut [[i32; COLUMNS]]) {
    let (a, b) = (rows.as_ptr(), panel.as_ptr());
    // Two halves of 32 columns, so that sums and weights fit sixteen registers.
    for half in 0..2 {
        let mut sums = [[_mm256_setzero_si256(); 4]; R];
        for quad in 0..depth / 4 {
            // SAFETY: the half's 128 bytes of the quad's 256; four bytes of each row.
            unsafe {
                let at = b.add(quad * QUAD + half * QUAD / 2);
                for (r, sums) in sums.iter_mut().enumerate() {
                    let four = _mm256_set1_epi32(a.add(r * depth + quad * 4).cast::<i32>().read_unaligned());
                    for (c, sum) in sums.iter_mut().enumerate() {
                        let weights = _mm256_loadu_si256(at.add(c * 32).cast());
                        *sum = _mm256_dpbusd_avx_epi32(*sum, four, weights);
                    }
                }
            }
        }
        for (place, sums) in out.iter_mut().zip(sums) {
            for (eight, sum) in place[half * 32..][..32].chunks_exact_mut(8).zip(sums) {
                // SAFETY: `eight` is 8 integers, 32 bytes.
                unsafe { _mm256_storeu_si256(eight.as_mut_ptr().cast(), sum) };
            }
        }
    }
}

/// # Safety
/// AVX2; lengths as for [`tile_avx512_vnni`].
#[target_feature(enable = "avx2")]
pub(super) unsafe fn tile_avx2(rows: &[u8], depth: usize, panel: &[i8], out: &mut Tile) {
    // SAFETY: as this function's own; chunks of at most two whole rows.
    unsafe {
        for (two, place) in rows.chunks(2 * depth).zip(out.chunks_mut(2)) {
            match two.len() / depth {
                2 => rows_avx2::<2>(two, depth, panel, place),
                _ => rows_avx2::<1>(two, depth, panel, place),
            }
        }
    }
}

/// # Safety
/// As [`tile_avx2`], and `rows` is exactly `R` rows.
#[target_feature(enable = "avx2")]
unsafe fn rows_avx2<const R: usize>(rows: &[u8], depth: usize, panel: &[i8], out: &mut [[i32; COLUMNS]]) {
    let (a, b) = (rows.as_ptr(), panel.as_ptr());
    // Four parts of 16 columns; a sum register holds four columns in two halves each.
    for part in 0..4 {
        let mut sums = [[_mm256_setzero_si256(); 4]; R];
        for quad in 0..depth / 4 {
            // SAFETY: the part's 64 bytes of the quad's 256; four bytes of each row.
            unsafe {
                let at = b.add(quad * QUAD + part * QUAD / 4);
                let weights: [__m256i; 4] =
                    std::array::from_fn(|c| _mm256_cvtepi8_epi16(_mm_loadu_si128(at.add(c * 16).cast())));
                for (r, sums) in sums.iter_mut().enumerate() {
                    let four = a.add(r * depth + quad * 4).cast::<i32>().read_unaligned();
                    let four = _mm256_cvtepu8_epi16(_mm_set1_epi32(four));
                    for (sum, weights) in sums.iter_mut().zip(weights) {
                        *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(four, weights));
                    }
                }
            }
        }
        for (place, sums) in out.iter_mut().zip(sums) {
            for (pair, eight) in sums.chunks_exact(2).zip(place[part * 16..][..16].chunks_exact_mut(8)) {
                // hadd: columns 0 1 4 5 | 2 3 6 7; the permutation puts them in order.
                let both = _mm256_hadd_epi32(pair[0], pair[1]);
                let ordered = _mm256_permute4x64_epi64::<0b11_01_10_00>(both);
                // SAFETY: `eight` is 8 integers, 32 bytes.
                unsafe { _mm256_storeu_si256(eight.as_mut_ptr().cast(), ordered) };
            }
        }
    }
}
