//! Attention over paged keys and values.
//!
//! A page holds [`PAGE`] tokens of every layer and KV head: the keys of a head turned on
//! their side (by dimension, then token), the values upright, both in f16. Query rows of one
//! KV head are taken several at a time, so that a page is converted once for all of them.
//!
//! Every row is computed by itself: scores in the order of dimensions, the softmax over all
//! its tokens in the order of their lanes, values in the order of tokens. Tokens past the
//! row's own position weigh exactly nothing.

use std::cell::RefCell;

use half::f16;
use half::slice::HalfFloatSliceExt;

use super::pool::Pool;
use super::rows::{exp, per_path};
use super::{Path, Set, Shared};
use crate::core::engine::kv::{PAGE, PageId};

/// Query rows of one kernel call at most.
const ROWS: usize = 8;
/// Dimensions of a vector of values.
const CHUNK: usize = 16;

/// The shape of a model's attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heads {
    /// Layers.
    pub layers: usize,
    /// Query heads: a multiple of `kv`.
    pub query: usize,
    /// Key and value heads.
    pub kv: usize,
    /// Dimensions of a head: a multiple of 16.
    pub dim: usize,
}

impl Heads {
    /// Query heads that share a KV head.
    pub fn shared(&self) -> usize {
        self.query / self.kv
    }

    /// Numbers of one head's keys (or values) in a page.
    fn block(&self) -> usize {
        self.dim * PAGE
    }

    /// f16 numbers of a page.
    pub fn page(&self) -> usize {
        self.layers * self.kv * 2 * self.block()
    }
}

/// Writes the keys and the values of a row at a position.
pub type KeysAndValues<'a> = dyn Fn(usize, usize, &mut [f32], &mut [f32]) + Sync + 'a;

/// The memory of all pages.
pub struct Pages {
    heads: Heads,
    numbers: Vec<f16>,
}

impl std::fmt::Debug for Pages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages").field("heads", &self.heads).field("count", &self.count()).finish()
    }
}

impl Pages {
    /// Memory for `count` pages. What is never written stays zero, and takes no memory where
    /// the system gives it only when it is touched.
    pub fn new(heads: Heads, count: usize) -> Self {
        Self { heads, numbers: vec![f16::ZERO; heads.page() * count] }
    }

    /// Pages.
    pub fn count(&self) -> usize {
        self.numbers.len() / self.heads.page()
    }

    /// Where a head's keys begin in a page; its values follow.
    fn at(heads: &Heads, page: PageId, layer: usize, kv: usize) -> usize {
        page as usize * heads.page() + (layer * heads.kv + kv) * 2 * heads.block()
    }

    /// Keeps the keys and values of a batch in one layer, a part per page that is written:
    /// `make(row, position, keys, values)` writes those of one row, all KV heads one after
    /// the other.
    ///
    /// # Panics
    /// Where there is no such page, or two spans write to one.
    pub fn keep(&mut self, pool: &mut Pool, layer: usize, writes: &Writes, make: &KeysAndValues<'_>) {
        let heads = self.heads;
        let count = self.count();
        let numbers = Shared::new(&mut self.numbers);
        pool.run(writes.0.len(), &|part| {
            let write = writes.0[part];
            assert!((write.page as usize) < count, "a page that there is");
            let from = Self::at(&heads, write.page, layer, 0);
            // SAFETY: `Writes` holds a page once.
            let blocks = unsafe { numbers.slice(from, heads.kv * 2 * heads.block()) };
            TOKEN.with_borrow_mut(|token| {
                let width = heads.kv * heads.dim;
                token.resize(2 * width, 0.0);
                let (keys, values) = token.split_at_mut(width);
                for i in 0..write.rows {
                    make(write.row + i, write.position + i, keys, values);
                    let place = (write.position + i) % PAGE;
                    for (kv, block) in blocks.chunks_exact_mut(2 * heads.block()).enumerate() {
                        put(block, heads.dim, place, &keys[kv * heads.dim..], &values[kv * heads.dim..]);
                    }
                }
            });
        });
    }

    fn block(&self, layer: usize, page: PageId, kv: usize) -> (&[f16], &[f16]) {
        let block = &self.numbers[Self::at(&self.heads, page, layer, kv)..][..2 * self.heads.block()];
        block.split_at(self.heads.block())
    }
}

/// Puts one token's key and value of one head in its place of a block.
fn put(block: &mut [f16], dim: usize, place: usize, key: &[f32], value: &[f32]) {
    let (keys, values) = block.split_at_mut(dim * PAGE);
    let values = &mut values[place * dim..][..dim];
    // The key goes through the place of the value: it is turned on its side from there.
    values.convert_from_f32_slice(&key[..dim]);
    for (row, key) in keys.chunks_exact_mut(PAGE).zip(values.iter()) {
        row[place] = finite(*key);
    }
    values.convert_from_f32_slice(&value[..dim]);
    values.iter_mut().for_each(|v| *v = finite(*v));
}

/// Rows of a batch that are written to one page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Write {
    page: PageId,
    row: usize,
    position: usize,
    rows: usize,
}

/// The pages that a batch writes to, each once.
#[derive(Debug, Default)]
pub struct Writes(Vec<Write>);

impl Writes {
    /// Those of `spans`; `false` where two spans would write to one page, or a span has too
    /// few pages.
    pub fn plan(&mut self, spans: &[Span<'_>]) -> bool {
        self.0.clear();
        for span in spans {
            let mut done = 0;
            while done < span.rows {
                let position = span.start + done;
                let rows = (PAGE - position % PAGE).min(span.rows - done);
                let Some(page) = span.pages.get(position / PAGE) else { return false };
                self.0.push(Write { page: *page, row: span.row + done, position, rows });
                done += rows;
            }
        }
        self.0.sort_unstable_by_key(|w| w.page);
        self.0.windows(2).all(|pair| pair[0].page != pair[1].page)
    }
}

/// A number that is none must not spread: a weight of zero times it would be none too.
fn finite(x: f16) -> f16 {
    if x.is_finite() { x } else { f16::MAX.copysign(x) }
}

/// One sequence's rows in the batch.
#[derive(Debug, Clone, Copy)]
pub struct Span<'a> {
    /// Its first row in the batch.
    pub row: usize,
    /// Rows.
    pub rows: usize,
    /// The position of the first.
    pub start: usize,
    /// Its pages, by position.
    pub pages: &'a [PageId],
}

/// Some query rows of one KV head of one span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Task {
    span: usize,
    kv: usize,
    /// Counted over the span's tokens, and for each its query heads that share `kv`.
    first: usize,
    rows: usize,
}

/// Cuts the spans of a batch into parts for [`attend`], the longest first: they take longest.
pub fn plan(heads: &Heads, spans: &[Span<'_>], tasks: &mut Vec<Task>) {
    tasks.clear();
    for (span, s) in spans.iter().enumerate() {
        let all = s.rows * heads.shared();
        for kv in 0..heads.kv {
            for first in (0..all).step_by(ROWS) {
                tasks.push(Task { span, kv, first, rows: ROWS.min(all - first) });
            }
        }
    }
    tasks.sort_by_key(|t| {
        let s = &spans[t.span];
        (std::cmp::Reverse(s.start + (t.first + t.rows - 1) / heads.shared()), t.span, t.kv, t.first)
    });
}

/// Calls a kernel made for so many rows; `$few` is its second number for one and two rows,
/// `$many` for more.
macro_rules! by_rows {
    ($rows:expr, $name:ident, $few:expr, $many:expr, ($($arg:expr),* $(,)?)) => {
        match $rows {
            1 => $name::<1, $few>($($arg),*),
            2 => $name::<2, $few>($($arg),*),
            3 => $name::<3, $many>($($arg),*),
            4 => $name::<4, $many>($($arg),*),
            5 => $name::<5, $many>($($arg),*),
            6 => $name::<6, $many>($($arg),*),
            7 => $name::<7, $many>($($arg),*),
            _ => $name::<8, $many>($($arg),*),
        }
    };
}

thread_local! {
    static TOKEN: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
    static SCORES: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// `out[row] = softmax(q · K / √dim) · V` for every row and head of the batch. `q` holds
/// `stride` numbers per row, the query heads first; `out` has all heads of a row side by side.
///
/// # Panics
/// Where the sizes do not fit each other.
#[allow(clippy::too_many_arguments)]
pub fn attend(
    path: Path,
    pool: &mut Pool,
    pages: &Pages,
    layer: usize,
    spans: &[Span<'_>],
    tasks: &[Task],
    q: &[f32],
    stride: usize,
    out: &mut [f32],
) {
    let heads = pages.heads;
    let width = heads.query * heads.dim;
    let shared = heads.shared();
    let out = Shared::new(out);
    let scale = 1.0 / (heads.dim as f32).sqrt();
    pool.run(tasks.len(), &|part| {
        let task = tasks[part];
        let span = spans[task.span];
        let last = span.start + (task.first + task.rows - 1) / shared;
        let used = &span.pages[..last / PAGE + 1];
        // Row and head of the r-th row of the task.
        let place = |r: usize| {
            let (token, head) = ((task.first + r) / shared, (task.first + r) % shared);
            (span.row + token, task.kv * shared + head, span.start + token)
        };
        SCORES.with_borrow_mut(|scores| {
            let long = used.len() * PAGE;
            scores.resize(ROWS * long + ROWS * heads.dim, 0.0);
            let (scores, queries) = scores.split_at_mut(ROWS * long);
            for r in 0..task.rows {
                let (row, head, _) = place(r);
                let q = &q[row * stride + head * heads.dim..][..heads.dim];
                for (d, x) in q.iter().enumerate() {
                    queries[d * ROWS + r] = x * scale;
                }
            }
            let block = |page: PageId| pages.block(layer, page, task.kv);
            let dim = heads.dim;
            let wide = if task.rows > 2 { 2 } else { 4 };
            let (several, rest) = used.split_at(used.len() / wide * wide);
            for (number, some) in several.chunks_exact(wide).enumerate() {
                let at = number * wide * PAGE;
                let keys: [&[f16]; 4] = std::array::from_fn(|i| block(some[i % wide]).0);
                by_rows!(task.rows, score, 4, 2, (path, &keys, queries, dim, scores, long, at));
            }
            for (i, page) in rest.iter().enumerate() {
                let at = (several.len() + i) * PAGE;
                let keys = [block(*page).0; 4];
                by_rows!(task.rows, score, 1, 1, (path, &keys, queries, dim, scores, long, at));
            }
            let mut shares = [0.0; ROWS];
            for (r, share) in shares.iter_mut().enumerate().take(task.rows) {
                let (.., position) = place(r);
                *share = 1.0 / soften(path, &mut scores[r * long..][..long], position + 1);
            }
            let wide = if task.rows > 4 { 2 } else { 4 };
            let mut chunk = 0;
            while chunk < dim / CHUNK {
                let mut sums = [[[0.0; CHUNK]; 4]; ROWS];
                let all = dim / CHUNK - chunk >= wide;
                for (number, page) in used.iter().enumerate() {
                    let (values, at) = (block(*page).1, number * PAGE);
                    if all {
                        match task.rows {
                            1 => gather::<1, 4>(path, values, chunk, dim, scores, long, at, &mut sums),
                            2 => gather::<2, 4>(path, values, chunk, dim, scores, long, at, &mut sums),
                            3 => gather::<3, 4>(path, values, chunk, dim, scores, long, at, &mut sums),
                            4 => gather::<4, 4>(path, values, chunk, dim, scores, long, at, &mut sums),
                            5 => gather::<5, 2>(path, values, chunk, dim, scores, long, at, &mut sums),
                            6 => gather::<6, 2>(path, values, chunk, dim, scores, long, at, &mut sums),
                            7 => gather::<7, 2>(path, values, chunk, dim, scores, long, at, &mut sums),
                            _ => gather::<8, 2>(path, values, chunk, dim, scores, long, at, &mut sums),
                        }
                    } else {
                        by_rows!(
                            task.rows,
                            gather,
                            1,
                            1,
                            (path, values, chunk, dim, scores, long, at, &mut sums)
                        );
                    }
                }
                let done = if all { wide } else { 1 };
                for (r, sums) in sums.iter().enumerate().take(task.rows) {
                    let (row, head, _) = place(r);
                    let from = row * width + head * dim + chunk * CHUNK;
                    // SAFETY: no other task has this head of this row.
                    let out = unsafe { out.slice(from, done * CHUNK) };
                    for (out, sum) in out.iter_mut().zip(sums.as_flattened()) {
                        *out = sum * shares[r];
                    }
                }
                chunk += done;
            }
        });
    });
}

/// Sixteen f16 numbers as floats. Exact for all but infinities, of which there are none
/// (`finite`): the exponent is moved by a multiplication.
#[inline(always)]
fn floats(x: &[f16; 16]) -> [f32; 16] {
    let mut out = [0.0; 16];
    for i in 0..16 {
        let bits = u32::from(x[i].to_bits());
        let magnitude = f32::from_bits((bits & 0x7fff) << 13) * f32::from_bits(0x7780_0000);
        out[i] = f32::from_bits(magnitude.to_bits() | (bits & 0x8000) << 16);
    }
    out
}

/// The two inner loops with 512-bit vectors. The compiler does not find these by itself for
/// every number of rows.
#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::*;

    use super::*;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma,f16c")]
    fn floats(x: &[f16; 16]) -> __m512 {
        // SAFETY: sixteen numbers are 32 bytes.
        _mm512_cvtph_ps(unsafe { _mm256_loadu_si256(x.as_ptr().cast()) })
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma,f16c")]
    pub fn score<const R: usize, const P: usize>(
        keys: &[&[f16]; 4],
        queries: &[f32],
        dim: usize,
        scores: &mut [f32],
        long: usize,
        at: usize,
    ) {
        let mut sums = [[_mm512_setzero_ps(); P]; R];
        let keys: [&[[f16; PAGE]]; P] = std::array::from_fn(|p| &keys[p].as_chunks::<PAGE>().0[..dim]);
        let queries = &queries.as_chunks::<ROWS>().0[..dim];
        for d in 0..dim {
            let key: [__m512; P] = std::array::from_fn(|p| floats(&keys[p][d]));
            for r in 0..R {
                let q = _mm512_set1_ps(queries[d][r]);
                for p in 0..P {
                    sums[r][p] = _mm512_fmadd_ps(key[p], q, sums[r][p]);
                }
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            let out = &mut scores[r * long + at..][..P * PAGE];
            for (out, sum) in out.chunks_exact_mut(PAGE).zip(sums) {
                // SAFETY: sixteen places.
                unsafe { _mm512_storeu_ps(out.as_mut_ptr(), *sum) };
            }
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma,f16c")]
    #[allow(clippy::too_many_arguments)]
    pub fn gather<const R: usize, const W: usize>(
        values: &[f16],
        chunk: usize,
        dim: usize,
        weights: &[f32],
        long: usize,
        at: usize,
        sums: &mut [[[f32; CHUNK]; 4]; ROWS],
    ) {
        let mut mine = [[_mm512_setzero_ps(); W]; R];
        for r in 0..R {
            for w in 0..W {
                // SAFETY: sixteen numbers.
                mine[r][w] = unsafe { _mm512_loadu_ps(sums[r][w].as_ptr()) };
            }
        }
        let mut of = [&[0.0; PAGE]; R];
        for (r, of) in of.iter_mut().enumerate() {
            if let Some(weights) = weights[r * long + at..].first_chunk() {
                *of = weights;
            }
        }
        let values = &values.as_chunks::<CHUNK>().0[..PAGE * dim / CHUNK];
        for token in 0..PAGE {
            let value: [__m512; W] =
                std::array::from_fn(|w| floats(&values[token * dim / CHUNK + chunk + w]));
            for r in 0..R {
                let weight = _mm512_set1_ps(of[r][token]);
                for w in 0..W {
                    mine[r][w] = _mm512_fmadd_ps(value[w], weight, mine[r][w]);
                }
            }
        }
        for (sums, mine) in sums.iter_mut().zip(mine) {
            for (sum, mine) in sums.iter_mut().zip(mine) {
                // SAFETY: sixteen places.
                unsafe { _mm512_storeu_ps(sum.as_mut_ptr(), mine) };
            }
        }
    }
}

macro_rules! for_rows {
    ($(#[$doc:meta])* fn $name:ident<$r:ident, $w:ident>($($arg:ident: $type:ty),*) $body:block) => {
        $(#[$doc])*
        #[allow(clippy::too_many_arguments)]
        #[inline]
        fn $name<const $r: usize, const $w: usize>(path: Path, $($arg: $type),*) {
            #[inline(always)]
            #[allow(clippy::too_many_arguments)]
            fn plain<const $r: usize, const $w: usize>($($arg: $type),*) $body
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma,f16c")]
            #[allow(clippy::too_many_arguments)]
            fn avx2<const $r: usize, const $w: usize>($($arg: $type),*) { plain::<$r, $w>($($arg),*) }
            match path.0 {
                // SAFETY (both): a `Path` is only made where the CPU has it.
                #[cfg(target_arch = "x86_64")]
                Set::Avx512Vnni => unsafe { avx512::$name::<$r, $w>($($arg),*) },
                #[cfg(target_arch = "x86_64")]
                Set::AvxVnni | Set::Avx2 => unsafe { avx2::<$r, $w>($($arg),*) },
                _ => plain::<$r, $w>($($arg),*),
            }
        }
    };
}

for_rows! {
    /// Scores of `P` pages: `scores[r][at..at + 16 P] = q[r] · K`.
    fn score<R, P>(keys: &[&[f16]; 4], queries: &[f32], dim: usize, scores: &mut [f32], long: usize, at: usize) {
        let queries = &queries.as_chunks::<ROWS>().0[..dim];
        for (p, keys) in keys.iter().enumerate().take(P) {
            let mut sums = [[0.0_f32; PAGE]; R];
            for (key, q) in keys.as_chunks::<PAGE>().0[..dim].iter().zip(queries) {
                let key = floats(key);
                for r in 0..R {
                    for i in 0..PAGE {
                        sums[r][i] = key[i].mul_add(q[r], sums[r][i]);
                    }
                }
            }
            for (r, sums) in sums.iter().enumerate() {
                scores[r * long + at + p * PAGE..][..PAGE].copy_from_slice(sums);
            }
        }
    }
}

for_rows! {
    /// Adds one page's values: `sums[r][w] += weights[r][at..at + 16] · V[.., chunk + w]`.
    fn gather<R, W>(values: &[f16], chunk: usize, dim: usize, weights: &[f32], long: usize, at: usize, sums: &mut [[[f32; CHUNK]; 4]; ROWS]) {
        let values = &values.as_chunks::<CHUNK>().0[..PAGE * dim / CHUNK];
        for w in 0..W {
            let mut mine = [[0.0_f32; CHUNK]; R];
            let mut of = [&[0.0; PAGE]; R];
            for r in 0..R {
                mine[r] = sums[r][w];
                if let Some(weights) = weights[r * long + at..].first_chunk() {
                    of[r] = weights;
                }
            }
            for token in 0..PAGE {
                let value = floats(&values[token * dim / CHUNK + chunk + w]);
                for r in 0..R {
                    let weight = of[r][token];
                    for i in 0..CHUNK {
                        mine[r][i] = value[i].mul_add(weight, mine[r][i]);
                    }
                }
            }
            for r in 0..R {
                sums[r][w] = mine[r];
            }
        }
    }
}

per_path! {
    /// Turns the first `live` scores into weights that are not yet divided by their sum, the
    /// others into nothing; returns the sum. The length is a multiple of 16.
    pub fn soften(scores: &mut [f32], live: usize) -> f32 {
        scores[live..].fill(f32::NEG_INFINITY);
        let (chunks, _) = scores.as_chunks_mut::<PAGE>();
        let mut most = [f32::NEG_INFINITY; PAGE];
        for chunk in chunks.iter() {
            for i in 0..PAGE {
                most[i] = if chunk[i] > most[i] { chunk[i] } else { most[i] };
            }
        }
        let most = most.iter().fold(f32::NEG_INFINITY, |a, b| a.max(*b));
        let mut sums = [0.0_f32; PAGE];
        for chunk in chunks {
            for i in 0..PAGE {
                chunk[i] = exp(chunk[i] - most);
                sums[i] += chunk[i];
            }
        }
        sums.iter().sum()
    }
}
