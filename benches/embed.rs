//! How fast texts become vectors, and vectors are searched. One JSON object a line.
//!
//! ```text
//! cargo bench --bench embed -- texts MODEL_DIR TEXTS.jsonl [THREADS [VECTORS_OUT]]
//! cargo bench --bench embed -- scan [ROWS [THREADS]]
//! cargo bench --bench embed -- late [PASSAGES [TOKENS]]
//! cargo bench --bench embed -- kernels
//! ```
//!
//! `TEXTS.jsonl` has one JSON string a line. `benches/peers/embed.py` runs the first beside
//! sentence-transformers. Times are the best of three (a busy machine only ever adds);
//! `cpu` counts this process's own seconds.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use millwright::core::knowledge::embed::{Embed, Encoder, Side, TokenVectors, steps};
use millwright::core::knowledge::vectors::kernels::{COLUMNS, Kernels, Path as Isa, ROWS};
use millwright::core::knowledge::vectors::{Learner, Vectors, Writer, late};
use serde_json::{Value, json};

fn main() {
    // Cargo adds `--bench`.
    let words: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let number = |at: usize, or: usize| words.get(at).map_or(or, |w| w.parse().expect("a number"));
    let row = match *words {
        ["texts", model, texts, ..] => embed(model, texts, number(3, 1), words.get(4).copied()),
        ["scan", ..] => scan(number(1, 100_000), number(2, 2)),
        ["late", ..] => late(number(1, 2_000), number(2, 80)),
        ["kernels"] => kernels(),
        _ => json!({"usage": "embed -- texts MODEL_DIR TEXTS.jsonl | scan | late | kernels"}),
    };
    println!("{row}");
}

fn embed(model: &str, texts: &str, threads: usize, out: Option<&str>) -> Value {
    let from = Instant::now();
    let encoder = Encoder::open(Path::new(model)).expect("a model");
    let open_ms = ms(from);
    let texts = std::fs::read_to_string(texts).expect("texts");
    let texts: Vec<String> =
        texts.lines().map(|l| serde_json::from_str(l).expect("a string a line")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let (mut wall, mut used, mut longest_ms, mut tokens) = (f64::MAX, f64::MAX, 0.0_f64, 0);
    let mut vectors = Vec::new();
    for _ in 0..3 {
        let (from, cpu) = (Instant::now(), cpu_seconds());
        tokens = 0;
        vectors.clear();
        for step in steps(&texts, threads) {
            let from = Instant::now();
            for one in encoder.encode(&texts[step], Side::Passage, threads).expect("vectors") {
                tokens += one.tokens.len();
                vectors.push(one.sentence);
            }
            longest_ms = longest_ms.max(ms(from));
        }
        wall = wall.min(from.elapsed().as_secs_f64());
        used = used.min(cpu_seconds() - cpu);
    }
    if let Some(path) = out {
        let mut file = BufWriter::new(File::create(path).expect("a file"));
        vectors.iter().for_each(|v| writeln!(file, "{}", json!(v)).expect("written"));
    }
    let question = ["What is the torque of the flange bolt of the pump?"];
    let asked = times(200, || drop(encoder.encode(&question, Side::Query, 1).expect("vectors")));
    let count = texts.len() as f64;
    json!({"engine": "millwright", "path": format!("{:?}", Kernels::best().path()), "threads": threads,
        "texts": texts.len(), "tokens": tokens, "open_ms": open_ms, "texts_per_s": count / wall,
        "texts_per_cpu_s": used.is_normal().then(|| count / used), "tokens_per_s": tokens as f64 / wall,
        "longest_step_ms": longest_ms, "query_ms": asked})
}

fn scan(rows: usize, threads: usize) -> Value {
    const DIMS: usize = 384;
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("vectors");
    let from = Instant::now();
    let mut writer =
        Writer::new(BufWriter::new(File::create(&path).expect("a file")), DIMS, "bench").expect("begun");
    let mut state = 1;
    (0..rows).for_each(|_| writer.push(&noise(&mut state, DIMS)).expect("written"));
    writer.finish().expect("ended").flush().expect("flushed");
    let write_ms = ms(from);
    let before = memory("RssAnon");
    let from = Instant::now();
    let vectors = Vectors::open(&path).expect("vectors");
    let open_ms = ms(from);
    let query = noise(&mut state, DIMS);
    let asked = times(200, || drop(vectors.search(&query, 100, threads, |_| true).expect("hits")));
    json!({"path": format!("{:?}", Kernels::best().path()), "rows": rows, "threads": threads, "write_ms": write_ms,
        "open_ms": open_ms, "search_ms": asked, "anonymous_kib_added": memory("RssAnon") - before,
        "file_kib": memory("RssFile")})
}

fn late(passages: usize, tokens: usize) -> Value {
    const DIMS: usize = 384;
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("tokens");
    let mut state = 1;
    let mut make = |count: usize| {
        let spans = (0..count as u32).map(|i| i..i + 1).collect();
        TokenVectors::new(DIMS, noise(&mut state, DIMS * count), spans)
    };
    let from = Instant::now();
    let mut learner = Learner::new(DIMS);
    while !learner.is_full() {
        make(200).iter().for_each(|(_, vector)| learner.push(vector));
    }
    let projection = learner.finish(late::NUMBERS).expect("a projection");
    let learn_ms = ms(from);
    let out = BufWriter::new(File::create(&path).expect("a file"));
    let mut writer = late::Writer::new(out, "bench", projection.clone()).expect("begun");
    let from = Instant::now();
    for _ in 0..passages {
        writer.push(&late::pack(&projection, &make(tokens), |_| true)).expect("written");
    }
    writer.finish().expect("ended").flush().expect("flushed");
    let write_ms = ms(from);
    let store = late::Late::open(&path).expect("tokens");
    let question = store.question(&make(16), |_| 1.0);
    let ids: Vec<u32> = (0..32).map(|i| i * (passages as u32 / 32)).collect();
    let asked = times(200, || drop(store.rerank(&question, &ids)));
    json!({"passages": passages, "tokens": tokens, "learn_ms": learn_ms, "write_ms": write_ms,
        "rerank_32_ms": asked, "file_bytes": std::fs::metadata(&path).expect("a file").len()})
}

/// Each instruction-set path of this CPU: billions of multiplications a second of a tile
/// that stays in the cache, and of a scan of rows that do.
fn kernels() -> Value {
    const DEPTH: usize = 384;
    const ROUNDS: usize = 2000;
    let rows = vec![77_u8; DEPTH * 256];
    let (panel, query) = (vec![5_i8; DEPTH * COLUMNS], vec![-3_i8; DEPTH]);
    let mut rates = serde_json::Map::new();
    for path in [Isa::Avx512Vnni, Isa::AvxVnni, Isa::Avx2, Isa::Scalar] {
        let Some(kernels) = Kernels::of(path) else { continue };
        let rate = |products: usize, ms: f64| (products * ROUNDS) as f64 / ms / 1e6;
        let mut tile = [[0; COLUMNS]; ROWS];
        let from = Instant::now();
        (0..ROUNDS).for_each(|_| {
            kernels.tile(&rows[..DEPTH * ROWS], DEPTH, std::hint::black_box(&panel), &mut tile)
        });
        let tiles = rate(DEPTH * ROWS * COLUMNS, ms(from));
        let mut dots = vec![0; 256];
        let from = Instant::now();
        (0..ROUNDS).for_each(|_| kernels.dots(std::hint::black_box(&rows), &query, &mut dots));
        let scan = rate(DEPTH * 256, ms(from));
        rates.insert(format!("{path:?}"), json!({"tile_g_per_s": tiles, "scan_g_per_s": scan}));
    }
    Value::Object(rates)
}

/// Numbers without a pattern.
fn noise(state: &mut u32, count: usize) -> Vec<f32> {
    let mut next = || {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (*state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

fn times(count: usize, mut run: impl FnMut()) -> Value {
    let mut all: Vec<f64> = (0..count)
        .map(|_| {
            let from = Instant::now();
            run();
            ms(from)
        })
        .collect();
    all.sort_by(f64::total_cmp);
    json!({"p50": all[count / 2], "p99": all[count * 99 / 100]})
}

fn ms(from: Instant) -> f64 {
    from.elapsed().as_secs_f64() * 1e3
}

/// A line of `/proc/self/status`, in KiB; zero where there is no such file.
fn memory(name: &str) -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Seconds of processor that this process has used; `NaN` where the system does not say.
fn cpu_seconds() -> f64 {
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
    let ticks = |at: usize| after.split_whitespace().nth(at)?.parse::<f64>().ok();
    ticks(11).zip(ticks(12)).map_or(f64::NAN, |(user, system)| (user + system) / TICKS_PER_SECOND)
}
