//! How weights lie in memory: GGUF's blocks, repacked once for wide integer products.
//!
//! A matrix has `rows` outputs and `depth` inputs. Sixteen rows make a *group*, and a group's
//! weights for one block of depth make a *cell*: first what the block types keep beside the
//! weights (scales, minimums), then the weights, byte-interleaved so that one 64-byte vector
//! holds four neighbours in depth of each of the sixteen rows, which is what `vpdpbusd`
//! multiplies. Cells follow each other in depth, groups in rows: a product reads its weights
//! as one stream. No bit is added: a cell is exactly sixteen of the file's blocks.
//!
//! Weights are kept as the unsigned integers that GGUF stores (Q8_0 with 128 added); what
//! has to be taken off again is [`Format::zero`].
//!
//! Source of the block types: the GGUF specification and ggml's `ggml-common.h`.

use half::f16;
use serde::{Deserialize, Serialize};

/// Output rows of a group.
pub const GROUP: usize = 16;
/// Depth of a sub-block: what shares a scale (Q6_K: two scales).
pub const SUB: usize = 32;

/// A type of weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Format {
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q4K,
    Q5K,
    Q6K,
    F16,
    F32,
}

impl Format {
    /// Every type.
    pub const ALL: [Format; 10] = [
        Format::Q4_0,
        Format::Q4_1,
        Format::Q5_0,
        Format::Q5_1,
        Format::Q8_0,
        Format::Q4K,
        Format::Q5K,
        Format::Q6K,
        Format::F16,
        Format::F32,
    ];

    /// Depth of one block.
    pub const fn block(self) -> usize {
        match self {
            Format::Q4_0 | Format::Q4_1 | Format::Q5_0 | Format::Q5_1 | Format::Q8_0 => 32,
            Format::Q4K | Format::Q5K | Format::Q6K => 256,
            Format::F16 | Format::F32 => 1,
        }
    }

    /// Bytes of one block of one row.
    pub const fn bytes(self) -> usize {
        match self {
            Format::Q4_0 => 18,
            Format::Q4_1 => 20,
            Format::Q5_0 => 22,
            Format::Q5_1 => 24,
            Format::Q8_0 => 34,
            Format::Q4K => 144,
            Format::Q5K => 176,
            Format::Q6K => 210,
            Format::F16 => 2,
            Format::F32 => 4,
        }
    }

    /// Are the weights small integers with scales?
    pub fn is_quantised(self) -> bool {
        !matches!(self, Format::F16 | Format::F32)
    }

    /// Is there a minimum beside the scale?
    pub const fn has_minimum(self) -> bool {
        matches!(self, Format::Q4_1 | Format::Q5_1 | Format::Q4K | Format::Q5K)
    }

    /// What was added to each weight to make it unsigned; 0 where a minimum says it.
    pub const fn zero(self) -> i32 {
        match self {
            Format::Q4_0 => 8,
            Format::Q5_0 => 16,
            Format::Q8_0 => 128,
            Format::Q6K => 32,
            Format::Q4_1 | Format::Q5_1 | Format::Q4K | Format::Q5K | Format::F16 | Format::F32 => 0,
        }
    }

    /// Bytes of a whole matrix, packed.
    pub fn packed_bytes(self, rows: usize, depth: usize) -> usize {
        rows.next_multiple_of(GROUP) * (depth / self.block()) * self.bytes()
    }

    /// Bytes of a cell.
    pub const fn cell(self) -> usize {
        GROUP * self.bytes()
    }

    /// Where the weights begin in a cell.
    pub(super) const fn head(self) -> usize {
        match self {
            Format::Q4_0 | Format::Q5_0 | Format::Q8_0 => 32,
            Format::Q4_1 | Format::Q5_1 => 64,
            Format::Q4K | Format::Q5K => 64 + 192,
            Format::Q6K => 32 + 256,
            Format::F16 | Format::F32 => 0,
        }
    }

    /// Bytes of a sub-block of a cell, without the head.
    pub(super) const fn sub_bytes(self) -> usize {
        match self {
            Format::Q4_0 | Format::Q4_1 | Format::Q4K => 256,
            Format::Q5_0 | Format::Q5_1 | Format::Q5K => 256 + 64,
            Format::Q8_0 => 512,
            Format::Q6K => 256 + 128,
            Format::F16 | Format::F32 => 0,
        }
    }
}

/// One block of one row, taken apart.
struct Block {
    /// f16 scale.
    d: u16,
    /// f16 minimum or scale of minimums.
    m: u16,
    /// The K-quants' inner scales, as the file has them.
    scales: [u8; 16],
    /// Unsigned weights.
    q: [u8; 256],
}

fn half_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

/// Takes a block apart. `b` has [`Format::bytes`].
fn take_apart(format: Format, b: &[u8]) -> Block {
    let mut block = Block { d: 0, m: 0, scales: [0; 16], q: [0; 256] };
    let q = &mut block.q;
    let nibbles = |q: &mut [u8; 256], qs: &[u8]| {
        for i in 0..16 {
            q[i] = qs[i] & 15;
            q[i + 16] = qs[i] >> 4;
        }
    };
    let fifth = |q: &mut [u8; 256], qh: &[u8]| {
        for (i, weight) in q.iter_mut().take(32).enumerate() {
            *weight |= (qh[i / 8] >> (i % 8) & 1) << 4;
        }
    };
    match format {
        Format::Q4_0 => {
            block.d = half_at(b, 0);
            nibbles(q, &b[2..]);
        }
        Format::Q4_1 => {
            (block.d, block.m) = (half_at(b, 0), half_at(b, 2));
            nibbles(q, &b[4..]);
        }
        Format::Q5_0 => {
            block.d = half_at(b, 0);
            nibbles(q, &b[6..]);
            fifth(q, &b[2..6]);
        }
        Format::Q5_1 => {
            (block.d, block.m) = (half_at(b, 0), half_at(b, 2));
            nibbles(q, &b[8..]);
            fifth(q, &b[4..8]);
        }
        Format::Q8_0 => {
            block.d = half_at(b, 0);
            for i in 0..32 {
                q[i] = b[2 + i] ^ 0x80;
            }
        }
        Format::Q4K | Format::Q5K => {
            (block.d, block.m) = (half_at(b, 0), half_at(b, 2));
            block.scales[..12].copy_from_slice(&b[4..16]);
            let (qh, qs) =
                if format == Format::Q5K { (Some(&b[16..48]), &b[48..]) } else { (None, &b[16..]) };
            for (i, weight) in q.iter_mut().enumerate() {
                let (chunk, l) = (i / 64, i % 32);
                let high = i % 64 / 32;
                *weight = qs[chunk * 32 + l] >> (4 * high) & 15;
                if let Some(qh) = qh {
                    *weight |= (qh[l] >> (2 * chunk + high) & 1) << 4;
                }
            }
        }
        Format::Q6K => {
            let (ql, qh) = (&b[..128], &b[128..192]);
            block.scales.copy_from_slice(&b[192..208]);
            block.d = half_at(b, 208);
            for (i, weight) in q.iter_mut().enumerate() {
                let (half, quarter, l) = (i / 128, i % 128 / 32, i % 32);
                let low = ql[half * 64 + (quarter % 2) * 32 + l] >> (4 * (quarter / 2)) & 15;
                let high = qh[half * 32 + l] >> (2 * quarter) & 3;
                *weight = low | high << 4;
            }
        }
        Format::F16 | Format::F32 => {}
    }
    block
}

/// Packs one group: `rows` are the file's bytes of up to sixteen rows; missing ones are
/// zero. `out` has room for the group's cells.
///
/// # Panics
/// Where the rows are not all of the length that `out` was made for.
pub fn pack_group(format: Format, rows: &[&[u8]], out: &mut [u8]) {
    out.fill(0);
    let (size, cell) = (format.bytes(), format.cell());
    if !format.is_quantised() {
        for (step, cell) in out.chunks_exact_mut(cell).enumerate() {
            for (lane, row) in rows.iter().enumerate() {
                cell[lane * size..][..size].copy_from_slice(&row[step * size..][..size]);
            }
        }
        return;
    }
    for (at, cell) in out.chunks_exact_mut(cell).enumerate() {
        for (lane, row) in rows.iter().enumerate() {
            place(format, &take_apart(format, &row[at * size..][..size]), lane, cell);
        }
    }
}

/// Puts one row's block into its lane of a cell.
fn place(format: Format, block: &Block, lane: usize, cell: &mut [u8]) {
    cell[lane * 2..][..2].copy_from_slice(&block.d.to_le_bytes());
    match format {
        Format::Q4_1 | Format::Q5_1 => cell[32 + lane * 2..][..2].copy_from_slice(&block.m.to_le_bytes()),
        Format::Q4K | Format::Q5K => {
            cell[32 + lane * 2..][..2].copy_from_slice(&block.m.to_le_bytes());
            for j in 0..12 {
                cell[64 + j * GROUP + lane] = block.scales[j];
            }
        }
        Format::Q6K => {
            for j in 0..16 {
                cell[32 + j * GROUP + lane] = block.scales[j];
            }
        }
        _ => {}
    }
    for (s, q) in block.q[..format.block()].chunks_exact(SUB).enumerate() {
        let sub = &mut cell[format.head() + s * format.sub_bytes()..][..format.sub_bytes()];
        for (k, &q) in q.iter().enumerate() {
            // The vector that this weight is in, and its byte there.
            let (vector, byte) = (k / 4, lane * 4 + k % 4);
            if format == Format::Q8_0 {
                sub[vector * 64 + byte] = q;
                continue;
            }
            sub[vector % 4 * 64 + byte] |= (q & 15) << (4 * (vector / 4));
            match format {
                Format::Q5_0 | Format::Q5_1 | Format::Q5K => {
                    sub[256 + vector * 8 + byte / 8] |= (q >> 4) << (byte % 8);
                }
                Format::Q6K => sub[256 + vector / 4 * 64 + byte] |= (q >> 4) << (2 * (vector % 4)),
                _ => {}
            }
        }
    }
}

/// A sub-block of one row in plain numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plain {
    /// Unsigned weights.
    pub q: [u8; SUB],
    /// Scales of each half of the depth (the same twice, but for Q6_K).
    pub scale: [f32; 2],
    /// What is added per unit of input.
    pub min: f32,
}

/// Reads row `lane` of sub-block `s` of a cell: the safe twin of the fast paths' loads.
///
/// # Panics
/// Where the cell is not one of `format`.
pub fn read_sub(format: Format, cell: &[u8], s: usize, lane: usize) -> Plain {
    let sub = &cell[format.head() + s * format.sub_bytes()..][..format.sub_bytes()];
    let mut q = [0; SUB];
    for (k, q) in q.iter_mut().enumerate() {
        let (vector, byte) = (k / 4, lane * 4 + k % 4);
        *q = if format == Format::Q8_0 {
            sub[vector * 64 + byte]
        } else {
            let low = sub[vector % 4 * 64 + byte] >> (4 * (vector / 4)) & 15;
            let high = match format {
                Format::Q5_0 | Format::Q5_1 | Format::Q5K => {
                    sub[256 + vector * 8 + byte / 8] >> (byte % 8) & 1
                }
                Format::Q6K => sub[256 + vector / 4 * 64 + byte] >> (2 * (vector % 4)) & 3,
                _ => 0,
            };
            low | high << 4
        };
    }
    let f = |at: usize| f16::from_bits(half_at(cell, at + lane * 2)).to_f32();
    let raw = |j: usize| cell[64 + j * GROUP + lane];
    let (scale, min) = match format {
        Format::Q4_1 | Format::Q5_1 => ([f(0); 2], f(32)),
        Format::Q4K | Format::Q5K => {
            let (scale, min) = if s < 4 {
                (raw(s) & 63, raw(s + 4) & 63)
            } else {
                (raw(s + 4) & 15 | raw(s - 4) >> 6 << 4, raw(s + 4) >> 4 | raw(s) >> 6 << 4)
            };
            ([f(0) * f32::from(scale); 2], -f(32) * f32::from(min))
        }
        Format::Q6K => {
            let inner = |j: usize| f32::from(cell[32 + j * GROUP + lane].cast_signed());
            ([f(0) * inner(2 * s), f(0) * inner(2 * s + 1)], 0.0)
        }
        _ => ([f(0); 2], 0.0),
    };
    Plain { q, scale, min }
}

/// Writes row `row` of a packed matrix as floats: the embedding of a token.
///
/// # Panics
/// Where the matrix has no such row, or `out` is not as long as its depth.
pub fn unpack_row(format: Format, packed: &[u8], row: usize, out: &mut [f32]) {
    let (group, lane) = (row / GROUP, row % GROUP);
    let group_bytes = out.len() / format.block() * format.cell();
    let cells = packed[group * group_bytes..][..group_bytes].chunks_exact(format.cell());
    let size = format.bytes();
    for (cell, out) in cells.zip(out.chunks_exact_mut(format.block())) {
        match format {
            Format::F32 => {
                let b = &cell[lane * size..];
                out[0] = f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
            }
            Format::F16 => out[0] = f16::from_bits(half_at(cell, lane * size)).to_f32(),
            _ => {
                for (s, out) in out.chunks_exact_mut(SUB).enumerate() {
                    unpack_sub(format, cell, s, lane, out);
                }
            }
        }
    }
}

fn unpack_sub(format: Format, cell: &[u8], s: usize, lane: usize, out: &mut [f32]) {
    let plain = read_sub(format, cell, s, lane);
    for (k, out) in out.iter_mut().enumerate() {
        let q = (i32::from(plain.q[k]) - format.zero()) as f32;
        *out = plain.scale[k / 16] * q + plain.min;
    }
}
