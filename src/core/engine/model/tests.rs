#![allow(clippy::unwrap_used, clippy::expect_used, clippy::type_complexity)]
//! The decoder beside candle-transformers on small weights made here, every architecture and
//! every type of weights. Real weights: `tests/engine.rs`.

use std::fs::File;
use std::io::BufReader;

use candle_core::quantized::gguf_file::{self, Content, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use candle_transformers::models::{quantized_llama, quantized_qwen2, quantized_qwen3};

use super::decoder::Decoder;
use super::packed::Packed;
use super::shape::Shape;
use super::*;
use crate::core::engine::kernels::Path as Kernel;
use crate::core::engine::kv::PAGE;

const WIDTH: usize = 256;
const INNER: usize = 512;
const LAYERS: usize = 2;
const HEADS: (usize, usize, usize) = (4, 2, 64);
const TOKENS: usize = 100;

const TYPES: [GgmlDType; 10] = [
    GgmlDType::Q4_0,
    GgmlDType::Q4_1,
    GgmlDType::Q5_0,
    GgmlDType::Q5_1,
    GgmlDType::Q8_0,
    GgmlDType::Q4K,
    GgmlDType::Q5K,
    GgmlDType::Q6K,
    GgmlDType::F16,
    GgmlDType::F32,
];

/// Writes a model of small weights that look random and are the same each time.
fn write(architecture: &str, dtype: GgmlDType, to: &std::path::Path) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |n: usize, spread: f32, about: f32| -> Vec<f32> {
        (0..n)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                about + spread * ((state >> 40) as f32 / (1 << 23) as f32 - 1.0)
            })
            .collect()
    };
    let mut tensors: Vec<(String, QTensor)> = Vec::new();
    let mut add = |name: String, rows: usize, depth: usize| {
        let spread = 1.7 / (depth as f32).sqrt();
        let tensor =
            Tensor::from_vec(random(rows * depth, spread, 0.0), (rows, depth), &Device::Cpu).unwrap();
        tensors.push((name, QTensor::quantize(&tensor, dtype).unwrap()));
    };
    let (query, kv, dim) = HEADS;
    add("token_embd.weight".into(), TOKENS, WIDTH);
    add("output.weight".into(), TOKENS, WIDTH);
    for l in 0..LAYERS {
        for (name, rows, depth) in [
            ("attn_q", query * dim, WIDTH),
            ("attn_k", kv * dim, WIDTH),
            ("attn_v", kv * dim, WIDTH),
            ("attn_output", WIDTH, query * dim),
            ("ffn_gate", INNER, WIDTH),
            ("ffn_up", INNER, WIDTH),
            ("ffn_down", WIDTH, INNER),
        ] {
            add(format!("blk.{l}.{name}.weight"), rows, depth);
        }
    }
    let mut vector = |name: String, length: usize, about: f32| {
        let tensor = Tensor::from_vec(random(length, 0.3, about), length, &Device::Cpu).unwrap();
        tensors.push((name, QTensor::quantize(&tensor, GgmlDType::F32).unwrap()));
    };
    vector("output_norm.weight".into(), WIDTH, 1.0);
    for l in 0..LAYERS {
        vector(format!("blk.{l}.attn_norm.weight"), WIDTH, 1.0);
        vector(format!("blk.{l}.ffn_norm.weight"), WIDTH, 1.0);
        match architecture {
            "qwen2" => {
                vector(format!("blk.{l}.attn_q.bias"), query * dim, 0.0);
                vector(format!("blk.{l}.attn_k.bias"), kv * dim, 0.0);
                vector(format!("blk.{l}.attn_v.bias"), kv * dim, 0.0);
            }
            "qwen3" => {
                vector(format!("blk.{l}.attn_q_norm.weight"), dim, 1.0);
                vector(format!("blk.{l}.attn_k_norm.weight"), dim, 1.0);
            }
            _ => {}
        }
    }
    let of = |key: &str| format!("{architecture}.{key}");
    let number = |n: usize| Value::U32(u32::try_from(n).unwrap());
    let metadata: Vec<(String, Value)> = vec![
        ("general.architecture".into(), Value::String(architecture.into())),
        (of("embedding_length"), number(WIDTH)),
        (of("feed_forward_length"), number(INNER)),
        (of("block_count"), number(LAYERS)),
        (of("attention.head_count"), number(query)),
        (of("attention.head_count_kv"), number(kv)),
        (of("attention.key_length"), number(dim)),
        (of("attention.layer_norm_rms_epsilon"), Value::F32(1e-6)),
        (of("context_length"), number(512)),
        (of("rope.freq_base"), Value::F32(10_000.0)),
        (of("rope.dimension_count"), number(dim)),
    ];
    let metadata: Vec<(&str, &Value)> = metadata.iter().map(|(k, v)| (k.as_str(), v)).collect();
    let tensors: Vec<(&str, &QTensor)> = tensors.iter().map(|(k, v)| (k.as_str(), v)).collect();
    gguf_file::write(&mut File::create(to).unwrap(), &metadata, &tensors).unwrap();
}

fn content(path: &std::path::Path) -> Content {
    Content::read(&mut BufReader::new(File::open(path).unwrap())).unwrap()
}

fn decoder(path: &std::path::Path, kernel: Kernel) -> Decoder {
    let content = content(path);
    let shape = Shape::of(&content.metadata).unwrap();
    let packed = Packed::open(path, &content, &path.parent().unwrap().join("packed")).unwrap();
    Decoder::new(shape, packed, 1 << 20, 2, kernel).unwrap()
}

/// The logarithm of the probability of each next token of `ids`, by candle.
fn oracle(path: &std::path::Path, ids: &[u32]) -> Vec<f32> {
    let content = content(path);
    let mut reader = BufReader::new(File::open(path).unwrap());
    let architecture = content.metadata["general.architecture"].to_string().unwrap().clone();
    let mut forward: Box<dyn FnMut(&Tensor, usize) -> candle_core::Result<Tensor>> = match architecture
        .as_str()
    {
        "llama" => {
            let mut m = quantized_llama::ModelWeights::from_gguf(content, &mut reader, &Device::Cpu).unwrap();
            Box::new(move |x, at| m.forward(x, at))
        }
        "qwen2" => {
            let mut m = quantized_qwen2::ModelWeights::from_gguf(content, &mut reader, &Device::Cpu).unwrap();
            Box::new(move |x, at| m.forward(x, at))
        }
        _ => {
            let mut m = quantized_qwen3::ModelWeights::from_gguf(content, &mut reader, &Device::Cpu).unwrap();
            Box::new(move |x, at| m.forward(x, at))
        }
    };
    let mut scores = Vec::new();
    for (at, pair) in ids.windows(2).enumerate() {
        let input = Tensor::new(&pair[..1], &Device::Cpu).unwrap().unsqueeze(0).unwrap();
        let logits = forward(&input, at).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let most = logits.iter().fold(f32::NEG_INFINITY, |a, b| a.max(*b));
        let sum = most + logits.iter().map(|x| (x - most).exp()).sum::<f32>().ln();
        scores.push(logits[pair[1] as usize] - sum);
    }
    scores
}

fn ids(n: usize) -> Vec<u32> {
    (0..n).map(|i| ((i * 37 + i * i * 11 + 5) % TOKENS) as u32).collect()
}

/// Scores of the next tokens of `ids`, read in chunks of `chunk` beside other sequences.
fn scores(decoder: &mut Decoder, ids: &[u32], chunk: usize, beside: usize) -> Vec<f32> {
    let pages: Vec<u32> = (0..ids.len().div_ceil(PAGE) as u32).rev().collect();
    let other: Vec<Vec<u32>> = (0..beside).map(|i| vec![40 + i as u32]).collect();
    let (mut found, mut all) = (Found::default(), Vec::new());
    for (n, part) in ids[..ids.len() - 1].chunks(chunk).enumerate() {
        let start = n * chunk;
        let mut slices: Vec<Slice<'_>> = other
            .iter()
            .map(|pages| Slice {
                tokens: &ids[n % 7..n % 7 + 3],
                start: 0,
                pages,
                want: Want::Best { last: 1, allowed: &[] },
            })
            .collect();
        let want = Want::Score { targets: &ids[start + 1..start + 1 + part.len()] };
        slices.insert(n % (beside + 1), Slice { tokens: part, start, pages: &pages, want });
        decoder.step(&slices, &mut || 1 + n % 2, &mut found).unwrap();
        all.extend(&found.scores);
    }
    all
}

#[test]
fn every_architecture_and_type_of_weights_gives_candles_probabilities() {
    let ids = ids(45);
    for architecture in ["llama", "qwen2", "qwen3"] {
        for dtype in TYPES {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("small.gguf");
            write(architecture, dtype, &path);
            let want = oracle(&path, &ids);
            let got = scores(&mut decoder(&path, Kernel::best()), &ids, 45, 0);
            assert_eq!(got.len(), want.len());
            // Both round their inputs to 8 bits, but for the floats, which we keep as they are
            // (keys and values as f16).
            let most = if matches!(dtype, GgmlDType::F32) { 0.01 } else { 0.15 };
            let off = got.iter().zip(&want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            let mean = got.iter().zip(&want).map(|(a, b)| (a - b).abs()).sum::<f32>() / got.len() as f32;
            assert!(
                off < most && mean < most / 4.0,
                "{architecture} {dtype:?}: off by {off}, {mean} on average"
            );
        }
    }
}

#[test]
fn chunks_company_threads_and_paths_change_no_bit() {
    let ids = ids(70);
    for dtype in [GgmlDType::Q5_0, GgmlDType::Q6K, GgmlDType::F16] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("small.gguf");
        write("qwen2", dtype, &path);
        let alone = scores(&mut decoder(&path, Kernel::best()), &ids, 70, 0);
        for kernel in Kernel::here() {
            for (chunk, beside) in [(1, 0), (7, 1), (16, 7), (33, 2)] {
                let got = scores(&mut decoder(&path, kernel), &ids, chunk, beside);
                let same = got.iter().zip(&alone).all(|(a, b)| a.to_bits() == b.to_bits());
                assert!(same && got.len() == alone.len(), "{dtype:?} {kernel:?} by {chunk} beside {beside}");
            }
        }
    }
}

#[test]
fn a_step_that_does_not_fit_is_refused_and_harms_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("small.gguf");
    write("llama", GgmlDType::Q8_0, &path);
    let mut decoder = decoder(&path, Kernel::best());
    let mut found = Found::default();
    let mut step = |slices: &[Slice<'_>]| decoder.step(slices, &mut || 1, &mut found).map_err(|e| e.kind);
    let of = |tokens, start, pages| Slice { tokens, start, pages, want: Want::Nothing };
    let no = Err(Kind::Compute);
    assert_eq!(step(&[of(&[], 0, &[0])]), no, "no token");
    assert_eq!(step(&[of(&[TOKENS as u32], 0, &[0])]), no, "no such token");
    assert_eq!(step(&[of(&[1, 2], 15, &[0])]), no, "too few pages");
    assert_eq!(step(&[of(&[1], 0, &[1 << 20])]), no, "no such page");
    assert_eq!(step(&[of(&[1], 512, &[0; 40])]), no, "past the window");
    assert_eq!(step(&[of(&[1], 0, &[3]), of(&[2], 1, &[3])]), no, "one page for two");
    assert_eq!(step(&[of(&[1], 0, &[3]), of(&[2], 0, &[4])]), Ok(()));
}

#[test]
fn packed_weights_are_made_once_and_made_anew_where_they_are_broken() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("small.gguf");
    write("qwen3", GgmlDType::Q4_1, &path);
    let sum_of = |d: &mut Decoder| scores(d, &ids(20), 20, 0);
    let want = sum_of(&mut decoder(&path, Kernel::best()));
    let packed = || -> std::path::PathBuf {
        let files = std::fs::read_dir(dir.path().join("packed")).unwrap().map(|f| f.unwrap().path());
        let mut files: Vec<_> = files.filter(|f| f.extension().is_none()).collect();
        assert_eq!(files.len(), 1, "{files:?}");
        files.remove(0)
    };
    let made = std::fs::metadata(packed()).unwrap().modified().unwrap();
    assert_eq!(sum_of(&mut decoder(&path, Kernel::best())), want);
    assert_eq!(std::fs::metadata(packed()).unwrap().modified().unwrap(), made, "used as it is");
    let whole = std::fs::read(packed()).unwrap();
    for broken in [&whole[..whole.len() / 2], b"no weights", &[]] {
        std::fs::write(packed(), broken).unwrap();
        assert_eq!(sum_of(&mut decoder(&path, Kernel::best())), want);
        assert!(std::fs::read(packed()).unwrap() == whole, "made anew, the same");
    }
    // Another model under the same path is another sum.
    write("qwen3", GgmlDType::Q8_0, &path);
    assert_ne!(sum_of(&mut decoder(&path, Kernel::best())), want);
}
