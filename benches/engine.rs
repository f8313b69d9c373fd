//! What a step of the decoder costs: `cargo bench --bench engine -- MODEL.gguf [PACKED_DIR]`.
//!
//! Prints a JSON line per shape of step: rows, milliseconds (median and best), tokens per
//! second, and the share of what this machine can read from memory and multiply at most.

use std::path::PathBuf;
use std::time::Instant;

use millwright::core::engine::kernels::{Path, probe};
use millwright::core::engine::kv::PAGE;
use millwright::core::engine::model::{Forward, Found, Slice, Want, load};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1).filter(|a| a != "--bench");
    let Some(model) = args.next() else {
        eprintln!("usage: cargo bench --bench engine -- MODEL.gguf [PACKED_DIR]");
        return Ok(());
    };
    let packed = args.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let threads = std::thread::available_parallelism()?.get();
    let (bandwidth, peak) = (probe::read_bandwidth(threads), probe::int8_peak(threads));
    let start = Instant::now();
    let loaded = load(std::path::Path::new(&model), &packed, 256 << 20, threads)?;
    let mut decoder = loaded.decoder;
    println!(
        "{}",
        serde_json::json!({
            "model": loaded.identity.file, "path": Path::best().name(), "threads": threads,
            "load_ms": start.elapsed().as_millis() as u64,
            "read_gb_s": bandwidth / 1e9, "int8_gop_s": peak / 1e9,
        })
    );
    let vocabulary = decoder.vocabulary();
    let token = |i: usize| ((i * 7919 + 13) % vocabulary) as u32;
    let tokens: Vec<u32> = (0..1024).map(token).collect();
    let pages: Vec<Vec<u32>> =
        (0..16).map(|s| (0..64).map(|i| (s * 64 + i) % decoder.pages() as u32).collect()).collect();
    let mut found = Found::default();
    // (what, sequences, tokens of each, where they start)
    let shapes = [
        ("prefill", 1, 512, 0),
        ("prefill", 1, 128, 384),
        ("prefill", 1, 64, 448),
        ("decode", 1, 1, 512),
        ("verify", 1, 4, 512),
        ("verify", 1, 8, 512),
        ("decode", 4, 1, 512),
        ("decode", 8, 1, 512),
        ("decode", 16, 1, 512),
    ];
    for (what, sequences, each, at) in shapes {
        if sequences * 33 > decoder.pages() {
            continue;
        }
        let mut times: Vec<f64> = (0..if each > 64 { 5 } else { 25 })
            .map(|_| {
                let slices: Vec<Slice<'_>> = pages[..sequences]
                    .iter()
                    .map(|pages| Slice {
                        tokens: &tokens[..each],
                        start: at,
                        pages: &pages[..(at + each).div_ceil(PAGE)],
                        want: Want::Best { last: if what == "prefill" { 1 } else { each }, allowed: &[] },
                    })
                    .collect();
                let start = Instant::now();
                decoder.step(&slices, &mut || threads, &mut found).map(|()| start.elapsed().as_secs_f64())
            })
            .collect::<Result<_, _>>()?;
        times.sort_by(f64::total_cmp);
        let (median, rows) = (times[times.len() / 2], (sequences * each) as f64);
        println!(
            "{}",
            serde_json::json!({
                "step": what, "sequences": sequences, "rows": rows, "at": at,
                "ms": median * 1e3, "best_ms": times[0] * 1e3, "tokens_per_s": rows / median,
                "of_bandwidth": decoder.bytes_per_step() as f64 / median / bandwidth,
                "of_int8_peak": 2.0 * decoder.parameters_per_row() as f64 * rows / median / peak,
            })
        );
    }
    Ok(())
}
