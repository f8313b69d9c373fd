#![allow(clippy::unwrap_used)]

use super::super::rows::sum_of_products;
use super::*;
use crate::core::engine::kernels::format::{pack_group, unpack_row};

const DEPTH: usize = 512;
const ROWS: usize = 37;

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    /// Between -1 and 1.
    fn float(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}

/// A file's bytes of one row: any bits, but scales that are small numbers.
fn row_of(format: Format, dice: &mut Dice) -> Vec<u8> {
    let mut row: Vec<u8> = (0..DEPTH / format.block() * format.bytes()).map(|_| dice.next() as u8).collect();
    let small = |dice: &mut Dice| half::f16::from_f32(dice.float() / 16.0).to_le_bytes();
    for block in row.chunks_exact_mut(format.bytes()) {
        match format {
            Format::F32 => block.copy_from_slice(&dice.float().to_le_bytes()),
            Format::F16 => block.copy_from_slice(&small(dice)),
            Format::Q6K => block[208..210].copy_from_slice(&small(dice)),
            _ => {
                block[..2].copy_from_slice(&small(dice));
                if format.has_minimum() {
                    block[2..4].copy_from_slice(&small(dice));
                }
            }
        }
    }
    row
}

/// A packed matrix and its weights as floats.
fn matrix(format: Format, dice: &mut Dice) -> (Vec<u8>, Vec<Vec<f32>>) {
    let rows: Vec<Vec<u8>> = (0..ROWS).map(|_| row_of(format, dice)).collect();
    let mut packed = vec![0; format.packed_bytes(ROWS, DEPTH)];
    let group_bytes = DEPTH / format.block() * format.cell();
    for (group, out) in rows.chunks(GROUP).zip(packed.chunks_exact_mut(group_bytes)) {
        let group: Vec<&[u8]> = group.iter().map(Vec::as_slice).collect();
        pack_group(format, &group, out);
    }
    let plain = (0..ROWS)
        .map(|row| {
            let mut out = vec![0.0; DEPTH];
            unpack_row(format, &packed, row, &mut out);
            out
        })
        .collect();
    (packed, plain)
}

fn inputs(n: usize, dice: &mut Dice) -> Vec<Vec<f32>> {
    (0..n).map(|_| (0..DEPTH).map(|_| dice.float()).collect()).collect()
}

fn put(x: &[Vec<f32>], path: Path, pool: &mut Pool) -> Activations {
    let mut activations = Activations::default();
    activations.fill(path, pool, x.len(), DEPTH, true, &|row, out| out.copy_from_slice(&x[row]));
    activations
}

fn product(format: Format, packed: &[u8], x: &[Vec<f32>], path: Path, threads: usize) -> Vec<f32> {
    let mut pool = Pool::new(threads);
    pool.wake(threads);
    let mut out = vec![0.0; ROWS * x.len()];
    let matrix = Matrix { format, rows: ROWS, depth: DEPTH, packed };
    let mut x = put(x, path, &mut pool);
    multiply(path, &mut pool, &mut x, &[Part { matrix, bias: None }], false, &mut out);
    out
}

#[test]
fn every_path_and_every_batch_gives_each_row_the_same_bits() {
    for format in Format::ALL {
        let mut dice = Dice(17);
        let (packed, _) = matrix(format, &mut dice);
        let x = inputs(21, &mut dice);
        let alone: Vec<f32> = x
            .iter()
            .flat_map(|x| product(format, &packed, std::slice::from_ref(x), Path(Set::Scalar), 1))
            .collect();
        for path in Path::here() {
            for n in 1..=x.len() {
                let together = product(format, &packed, &x[..n], path, 1 + n % 2);
                let same = together.iter().zip(&alone).all(|(a, b)| a.to_bits() == b.to_bits());
                assert!(same, "{format:?} {path:?} {n} rows");
            }
        }
    }
}

#[test]
fn a_product_is_that_of_the_files_weights() {
    for format in Format::ALL {
        let mut dice = Dice(5);
        let (packed, weights) = matrix(format, &mut dice);
        let x = inputs(3, &mut dice);
        let out = product(format, &packed, &x, Path::best(), 1);
        for (out, x) in out.chunks_exact(ROWS).zip(&x) {
            for (out, w) in out.iter().zip(&weights) {
                let want: f64 = w.iter().zip(x).map(|(w, x)| f64::from(*w) * f64::from(*x)).sum();
                let size = (sum_of_products(w, w) * sum_of_products(x, x)).sqrt();
                // 8-bit inputs: half a step of 1/127 of the largest, at random.
                let error = (f64::from(*out) - want).abs() / f64::from(size);
                assert!(error < 2e-3, "{format:?}: {out} for {want}");
            }
        }
    }
}

#[test]
fn candle_reads_the_same_weights_from_the_same_blocks() {
    use candle_core::quantized::{GgmlDType, QTensor};
    use candle_core::{Device, Tensor};
    for (format, dtype) in [
        (Format::Q4_0, GgmlDType::Q4_0),
        (Format::Q4_1, GgmlDType::Q4_1),
        (Format::Q5_0, GgmlDType::Q5_0),
        (Format::Q5_1, GgmlDType::Q5_1),
        (Format::Q8_0, GgmlDType::Q8_0),
        (Format::Q4K, GgmlDType::Q4K),
        (Format::Q5K, GgmlDType::Q5K),
        (Format::Q6K, GgmlDType::Q6K),
    ] {
        let mut dice = Dice(99);
        let floats: Vec<f32> = (0..GROUP * DEPTH).map(|_| dice.float()).collect();
        let tensor = Tensor::from_vec(floats, (GROUP, DEPTH), &Device::Cpu).unwrap();
        let quantised = QTensor::quantize(&tensor, dtype).unwrap();
        let want: Vec<Vec<f32>> = quantised.dequantize(&Device::Cpu).unwrap().to_vec2().unwrap();
        let bytes = quantised.data().unwrap();
        let rows: Vec<&[u8]> = bytes.chunks_exact(bytes.len() / GROUP).collect();
        let mut packed = vec![0; format.packed_bytes(GROUP, DEPTH)];
        pack_group(format, &rows, &mut packed);
        for (row, want) in want.iter().enumerate() {
            let mut got = vec![0.0; DEPTH];
            unpack_row(format, &packed, row, &mut got);
            let off = got.iter().zip(want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(off < 1e-6, "{format:?} row {row}: off by {off}");
        }
    }
}

#[test]
fn parts_stand_side_by_side_with_their_biases_and_can_be_added() {
    let mut dice = Dice(3);
    let (a, _) = matrix(Format::Q5_0, &mut dice);
    let (b, _) = matrix(Format::Q8_0, &mut dice);
    let x = inputs(2, &mut dice);
    let mut pool = Pool::new(1);
    let of = |format, packed| Matrix { format, rows: ROWS, depth: DEPTH, packed };
    let bias = [0.5; ROWS];
    let parts = [
        Part { matrix: of(Format::Q5_0, &a), bias: Some(&bias[..]) },
        Part { matrix: of(Format::Q8_0, &b), bias: None },
    ];
    let path = Path::best();
    let mut out = vec![1.0; 4 * ROWS];
    multiply(path, &mut pool, &mut put(&x, path, &mut Pool::new(1)), &parts, true, &mut out);
    let (first, second) = (product(Format::Q5_0, &a, &x, path, 1), product(Format::Q8_0, &b, &x, path, 1));
    for row in 0..2 {
        for i in 0..ROWS {
            assert_eq!(out[row * 2 * ROWS + i], 1.0 + (first[row * ROWS + i] + 0.5));
            assert_eq!(out[row * 2 * ROWS + ROWS + i], 1.0 + second[row * ROWS + i]);
        }
    }
}

#[test]
fn the_best_output_is_the_best_allowed_one() {
    let mut dice = Dice(11);
    let (packed, _) = matrix(Format::Q8_0, &mut dice);
    let x = inputs(18, &mut dice);
    let path = Path::best();
    let all = product(Format::Q8_0, &packed, &x, path, 1);
    let mut some = Bits::none(ROWS);
    [3, 20, 36].into_iter().for_each(|id| some.insert(id));
    let nothing = Bits::none(ROWS);
    let mut allowed = vec![None; 16];
    allowed.extend([Some(&some), Some(&nothing)]);
    let mut pool = Pool::new(2);
    pool.wake(2);
    let mut found = vec![None; 18];
    let matrix = Matrix { format: Format::Q8_0, rows: ROWS, depth: DEPTH, packed: &packed };
    best(path, &mut pool, &mut put(&x, path, &mut Pool::new(1)), matrix, &allowed, &mut found);
    for (row, found) in found.iter().enumerate() {
        let sums = &all[row * ROWS..][..ROWS];
        let may = |id: usize| allowed.get(row).is_none_or(|a| a.is_none_or(|bits| bits.contains(id as u32)));
        let want = (0..ROWS).filter(|id| may(*id)).max_by(|a, b| sums[*a].total_cmp(&sums[*b]));
        assert_eq!(found.map(|(id, _)| id as usize), want, "row {row}");
    }
}
