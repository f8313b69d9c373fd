//! The engine's arithmetic: the only place with `unsafe` in this room.
//!
//! Every kernel has a path in plain Rust, and paths for AVX2 and AVX-512 VNNI that are
//! chosen at run time. All of them do the same operations on each number in the same order
//! (integer sums are exact, floats are combined per row of the batch and per output in the
//! order of depth), so a row has the same bits alone and in any batch, and on every path;
//! the tests hold the paths against each other bit by bit.

pub mod activations;
pub mod attention;
pub mod format;
pub mod pool;
pub mod probe;
pub mod product;
pub mod rows;

use std::sync::OnceLock;

/// The instruction sets that there are kernels for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    /// 512-bit vectors with `vpdpbusd`.
    Avx512Vnni,
    /// 256-bit vectors with `vpdpbusd` (AVX-VNNI).
    AvxVnni,
    /// 256-bit vectors.
    Avx2,
    /// Plain Rust.
    Scalar,
}

impl Set {
    fn is_here(self) -> bool {
        match self {
            Set::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Set::Avx512Vnni => {
                std::arch::is_x86_feature_detected!("avx512f")
                    && std::arch::is_x86_feature_detected!("avx512bw")
                    && std::arch::is_x86_feature_detected!("avx512vl")
                    && std::arch::is_x86_feature_detected!("avx512vnni")
                    && Set::Avx2.is_here()
            }
            #[cfg(target_arch = "x86_64")]
            Set::AvxVnni => std::arch::is_x86_feature_detected!("avxvnni") && Set::Avx2.is_here(),
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => {
                std::arch::is_x86_feature_detected!("avx2")
                    && std::arch::is_x86_feature_detected!("fma")
                    && std::arch::is_x86_feature_detected!("f16c")
            }
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }
}

/// An instruction-set path that this CPU has: only [`Path::here`] makes one, and it looks.
/// Every kernel relies on that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path(Set);

impl Path {
    /// The paths of this CPU, the fastest first; plain Rust is the last.
    pub fn here() -> impl Iterator<Item = Path> {
        let all = [Set::Avx512Vnni, Set::AvxVnni, Set::Avx2, Set::Scalar];
        all.into_iter().filter(|set| set.is_here()).map(Path)
    }

    /// The fastest one; looked up once.
    pub fn best() -> Self {
        static BEST: OnceLock<Path> = OnceLock::new();
        *BEST.get_or_init(|| Path::here().next().unwrap_or(Path(Set::Scalar)))
    }

    /// Its name, for people and for the audit.
    pub fn name(self) -> &'static str {
        match self.0 {
            Set::Avx512Vnni => "avx512-vnni",
            Set::AvxVnni => "avx-vnni",
            Set::Avx2 => "avx2",
            Set::Scalar => "scalar",
        }
    }
}

/// Rows that one part takes of work on rows.
const ROWS_PER_PART: usize = 4;

/// Does `work(row, its numbers)` on every row of `rows`, each `width` long.
pub fn in_rows(
    pool: &mut pool::Pool,
    rows: &mut [f32],
    width: usize,
    work: &(dyn Fn(usize, &mut [f32]) + Sync),
) {
    let count = rows.len() / width;
    let shared = Shared::new(rows);
    pool.run(count.div_ceil(ROWS_PER_PART), &|part| {
        for row in part * ROWS_PER_PART..count.min((part + 1) * ROWS_PER_PART) {
            // SAFETY: no other part has this row.
            work(row, unsafe { shared.slice(row * width, width) });
        }
    });
}

/// A slice that the parts of one job write to, each its own places.
struct Shared<'a, T> {
    start: *mut T,
    len: usize,
    _slice: std::marker::PhantomData<&'a mut [T]>,
}

// SAFETY: it is a mutable slice whose places are given out one by one; who asks for a place
// promises that nobody else has it.
unsafe impl<T: Send> Sync for Shared<'_, T> {}

impl<'a, T> Shared<'a, T> {
    fn new(slice: &'a mut [T]) -> Self {
        Self { start: slice.as_mut_ptr(), len: slice.len(), _slice: std::marker::PhantomData }
    }

    /// `len` places from `from` on.
    ///
    /// # Safety
    /// While the slice lives nobody else has one of these places.
    ///
    /// # Panics
    /// Where there are no such places.
    #[allow(clippy::mut_from_ref)]
    unsafe fn slice(&self, from: usize, len: usize) -> &mut [T] {
        assert!(from.checked_add(len).is_some_and(|end| end <= self.len), "within the slice");
        // SAFETY: within the slice, and by the caller's promise nobody else's.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(from), len) }
    }
}
