//! The product in plain Rust: what every other path is compared with.

use super::super::activations::TileView;
use super::super::format::{Format, GROUP, SUB, read_sub};
use super::Panel;
use half::f16;

/// One group of weights times one tile of rows; see [`super::panel`].
pub fn panel(format: Format, group: &[u8], tile: TileView<'_>, out: &mut Panel) {
    if !format.is_quantised() {
        return floats(format, group, tile, out);
    }
    let per_cell = format.block() / SUB;
    for row in out.iter_mut().take(tile.size) {
        row.fill(0.0);
    }
    for (c, cell) in group.chunks_exact(format.cell()).enumerate() {
        for s in 0..per_cell {
            let at = (c * per_cell + s) * tile.size;
            for lane in 0..GROUP {
                let plain = read_sub(format, cell, s, lane);
                for (m, row) in out.iter_mut().take(tile.size).enumerate() {
                    let q = &tile.q[(at + m) * SUB..][..SUB];
                    let half = |h: usize, start: i32| {
                        let range = h * 16..h * 16 + 16;
                        let terms = plain.q[range.clone()].iter().zip(&q[range]);
                        start + terms.map(|(w, a)| i32::from(*w) * i32::from(*a)).sum::<i32>()
                    };
                    let scale = tile.scale[at + m];
                    let sum = &mut row[lane];
                    if format == Format::Q6K {
                        for h in 0..2 {
                            let product = half(h, tile.starts[(at + m) * 2 + h]) as f32;
                            *sum = product.mul_add(plain.scale[h] * scale, *sum);
                        }
                    } else {
                        let start = tile.starts.get(at + m).copied().unwrap_or(0);
                        let product = half(1, half(0, start)) as f32;
                        *sum = product.mul_add(plain.scale[0] * scale, *sum);
                        if format.has_minimum() {
                            *sum = plain.min.mul_add(tile.weight[at + m], *sum);
                        }
                    }
                }
            }
        }
    }
}

fn floats(format: Format, group: &[u8], tile: TileView<'_>, out: &mut Panel) {
    for (m, row) in out.iter_mut().take(tile.size).enumerate() {
        row.fill(0.0);
        let x = &tile.floats[m * tile.depth..][..tile.depth];
        for (x, cell) in x.iter().zip(group.chunks_exact(format.cell())) {
            for (sum, b) in row.iter_mut().zip(cell.chunks_exact(format.bytes())) {
                let w = match b {
                    [a, b] => f16::from_bits(u16::from_le_bytes([*a, *b])).to_f32(),
                    [a, b, c, d] => f32::from_le_bytes([*a, *b, *c, *d]),
                    _ => 0.0,
                };
                *sum = w.mul_add(*x, *sum);
            }
        }
    }
}
