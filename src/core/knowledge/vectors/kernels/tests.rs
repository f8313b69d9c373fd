//! Every path gives the scalar path's integers, at the extremes too.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;

use super::*;

fn fast() -> Vec<Kernels> {
    [Path::Avx512Vnni, Path::AvxVnni, Path::Avx2].into_iter().filter_map(Kernels::of).collect()
}

fn scalar() -> Kernels {
    Kernels::of(Path::Scalar).unwrap()
}

fn agree_on_dots(rows: &[u8], query: &[i8]) {
    let mut want = vec![0; rows.len() / query.len()];
    scalar().dots(rows, query, &mut want);
    for kernels in fast() {
        let mut got = vec![-1; want.len()];
        kernels.dots(rows, query, &mut got);
        assert_eq!(got, want, "{kernels:?}");
    }
}

fn agree_on_tile(rows: &[u8], depth: usize, panel: &[i8]) {
    let mut want = [[7; COLUMNS]; ROWS];
    scalar().tile(rows, depth, panel, &mut want);
    for kernels in fast() {
        let mut got = [[7; COLUMNS]; ROWS];
        kernels.tile(rows, depth, panel, &mut got);
        assert_eq!(got, want, "{kernels:?}");
    }
}

#[test]
fn the_extremes_neither_saturate_nor_overflow() {
    for query in [-128_i8, 127] {
        agree_on_dots(&vec![255; MAX_DEPTH * 2], &vec![query; MAX_DEPTH]);
        agree_on_tile(&vec![255; 1536 * ROWS], 1536, &vec![query; 1536 * COLUMNS]);
    }
}

#[test]
fn packed_weights_multiply_as_the_matrix_they_came_from() {
    let depth = 8;
    let weights: Vec<i8> = (0..70 * depth).map(|i| (i * 37 % 251) as u8 as i8).collect();
    let rows: Vec<u8> = (0..2 * depth).map(|i| (i * 91 % 256) as u8).collect();
    let packed = pack(&weights, depth);
    for (panel, first) in packed.chunks_exact(depth * COLUMNS).zip([0, COLUMNS]) {
        let mut out = [[0; COLUMNS]; ROWS];
        Kernels::best().tile(&rows, depth, panel, &mut out);
        for (r, row) in rows.chunks_exact(depth).enumerate() {
            for c in 0..COLUMNS {
                let column = weights.chunks_exact(depth).nth(first + c);
                let want: i32 = column.map_or(0, |column| {
                    row.iter().zip(column).map(|(&a, &w)| i32::from(a) * i32::from(w)).sum()
                });
                assert_eq!(out[r][c], want, "row {r} column {}", first + c);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn dots_agree(steps in 1_usize..8, rows in 0_usize..11, seed: [u8; 16]) {
        let byte = |i: usize| seed[i % 16].wrapping_mul(31).wrapping_add((i / 16) as u8 ^ seed[(i / 7) % 16]);
        let rows: Vec<u8> = (0..rows * steps * STEP).map(byte).collect();
        let query: Vec<i8> = (0..steps * STEP).map(|i| byte(i * 3 + 1) as i8).collect();
        agree_on_dots(&rows, &query);
    }

    #[test]
    fn tiles_agree(quads in 1_usize..40, rows in 0_usize..=ROWS, seed: [u8; 16]) {
        let byte = |i: usize| seed[i % 16].wrapping_mul(29).wrapping_add((i / 16) as u8 ^ seed[(i / 5) % 16]);
        let depth = quads * 4;
        let rows: Vec<u8> = (0..rows * depth).map(byte).collect();
        let panel: Vec<i8> = (0..COLUMNS * depth).map(|i| byte(i * 3 + 1) as i8).collect();
        agree_on_tile(&rows, depth, &panel);
    }
}
