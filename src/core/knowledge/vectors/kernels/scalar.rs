//! The kernels in plain Rust: what the fast ones are held against, and what runs where
//! the CPU has none of them.

use super::{COLUMNS, Tile};

pub(super) fn dots(rows: &[u8], query: &[i8], out: &mut [i32]) {
    for (row, sum) in rows.chunks_exact(query.len().max(1)).zip(out) {
        *sum = row.iter().zip(query).map(|(&r, &q)| i32::from(r) * i32::from(q)).sum();
    }
}

pub(super) fn tile(rows: &[u8], depth: usize, panel: &[i8], out: &mut Tile) {
    for (row, sums) in rows.chunks_exact(depth).zip(out) {
        *sums = [0; COLUMNS];
        for (four, columns) in row.chunks_exact(4).zip(panel.chunks_exact(COLUMNS * 4)) {
            for (sum, weights) in sums.iter_mut().zip(columns.chunks_exact(4)) {
                *sum += four.iter().zip(weights).map(|(&a, &w)| i32::from(a) * i32::from(w)).sum::<i32>();
            }
        }
    }
}
