//! What this machine can do at most, measured: the yardsticks of the lab.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::pool::Pool;
use super::rows::per_path;
use super::{Path, Set};

/// Bytes read per pass and thread: far more than any cache here holds.
const BUFFER: usize = 256 << 20;
/// Passes; the best counts.
const PASSES: usize = 5;
/// Rounds of the products in registers.
const ROUNDS: usize = 4_000_000;

/// The best of some passes: what `work` does in a second, where it does `amount` at a time on
/// each of `threads` threads.
fn best(threads: usize, amount: f64, work: &(dyn Fn(usize) + Sync)) -> f64 {
    let mut pool = Pool::new(threads);
    pool.wake(threads);
    let passes = (0..PASSES).map(|_| {
        let start = Instant::now();
        pool.run(threads, work);
        amount * threads as f64 / start.elapsed().as_secs_f64()
    });
    passes.fold(0.0, f64::max)
}

per_path! {
    /// The sum of all words.
    pub fn read(words: &[u64]) -> u64 {
        let mut sums = [0_u64; 64];
        for chunk in words.as_chunks::<64>().0 {
            // As the products do; without it a core leaves nearly half of the bandwidth unused.
            #[cfg(target_arch = "x86_64")]
            for line in 0..8 {
                use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
                let ahead = chunk.as_ptr().wrapping_add(1024 + line * 8);
                // SAFETY: fetching reads nothing, and may be given any address.
                unsafe { _mm_prefetch::<_MM_HINT_T0>(ahead.cast()) };
            }
            for i in 0..64 {
                sums[i] = sums[i].wrapping_add(chunk[i]);
            }
        }
        sums.iter().fold(0, |a, b| a.wrapping_add(*b))
    }
}

/// Bytes per second that `threads` threads read from memory together, from a buffer far
/// larger than the caches; the best of several passes.
pub fn read_bandwidth(threads: usize) -> f64 {
    let words = vec![1_u64; BUFFER / 8 * threads.max(1)];
    let total = AtomicU64::new(0);
    best(threads.max(1), BUFFER as f64, &|part| {
        let mine = &words[part * (BUFFER / 8)..][..BUFFER / 8];
        total.fetch_add(read(Path::best(), mine), Ordering::Relaxed);
    })
}

/// Operations per second (a multiplication and an addition count as two) of the path's
/// 8-bit products in registers, `threads` threads together.
pub fn int8_peak(threads: usize) -> f64 {
    let (operations, work): (usize, fn()) = match Path::best().0 {
        #[cfg(target_arch = "x86_64")]
        // SAFETY (both): the CPU has the path.
        Set::Avx512Vnni => (16 * 64 * 2, || unsafe { x86::spin_512() }),
        #[cfg(target_arch = "x86_64")]
        Set::AvxVnni | Set::Avx2 => (8 * 32 * 2, || unsafe { x86::spin_256() }),
        _ => return f64::NAN,
    };
    best(threads.max(1), (operations * ROUNDS) as f64, &|_| work())
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{ROUNDS, black_box};

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    pub fn spin_512() {
        let (a, b) = (_mm512_set1_epi8(black_box(3)), _mm512_set1_epi8(black_box(2)));
        let mut sums = [_mm512_setzero_si512(); 16];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = _mm512_dpbusd_epi32(*sum, a, b);
            }
        }
        black_box(sums);
    }

    #[target_feature(enable = "avx2")]
    pub fn spin_256() {
        let (a, b) = (_mm256_set1_epi8(black_box(3)), _mm256_set1_epi8(black_box(2)));
        let one = _mm256_set1_epi16(1);
        let mut sums = [_mm256_setzero_si256(); 8];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(_mm256_maddubs_epi16(a, b), one));
            }
        }
        black_box(sums);
    }
}
