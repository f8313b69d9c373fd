//! Files of vectors: written, mapped, searched, and refused where they are damaged.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::PathBuf;

use kernels::Path as Isa;
use proptest::prelude::*;

use super::*;

/// Numbers without a pattern that a row or a query would share.
fn vector(seed: u32, dims: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12345);
    (0..dims)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 8_388_608.0 - 1.0
        })
        .collect()
}

fn file(dir: &tempfile::TempDir, count: u32, dims: usize) -> PathBuf {
    let path = dir.path().join("vectors");
    let mut writer = Writer::new(fs::File::create(&path).unwrap(), dims, "fake").unwrap();
    for id in 0..count {
        writer.push(&vector(id, dims)).unwrap();
    }
    writer.finish().unwrap();
    path
}

fn exact(a: &[f32], b: &[f32]) -> f32 {
    let dot = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn the_nearest_rows_come_first_with_their_cosines() {
    let dir = tempfile::tempdir().unwrap();
    let vectors = Vectors::open(&file(&dir, 600, 48)).unwrap();
    assert_eq!((vectors.len(), vectors.dims(), vectors.identity()), (600, 48, "fake"));
    let query = vector(77, 48);
    let hits = vectors.search(&query, 10, 1, |_| true).unwrap();
    assert_eq!(hits.len(), 10);
    assert_eq!(hits[0].0, 77);
    assert!((hits[0].1 - 1.0).abs() < 1e-5);
    assert!(hits.is_sorted_by(|a, b| a.1 >= b.1));
    for (id, score) in hits {
        assert!((score - exact(&query, &vector(id, 48))).abs() < 0.02, "{id}");
    }
}

#[test]
fn threads_and_paths_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut vectors = Vectors::open(&file(&dir, 20_000, 20)).unwrap();
    let query = vector(5, 20);
    let want = vectors.search(&query, 50, 1, |_| true).unwrap();
    for threads in [2, 3, 8] {
        assert_eq!(vectors.search(&query, 50, threads, |_| true).unwrap(), want, "{threads} threads");
    }
    for path in [Isa::Scalar, Isa::Avx2, Isa::AvxVnni, Isa::Avx512Vnni] {
        if let Some(kernels) = Kernels::of(path) {
            vectors.kernels = kernels;
            assert_eq!(vectors.search(&query, 50, 1, |_| true).unwrap(), want, "{path:?}");
        }
    }
}

#[test]
fn only_what_is_allowed_is_found_and_equals_rank_by_id() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("same");
    let mut writer = Writer::new(Vec::new(), 3, "fake").unwrap();
    for _ in 0..9 {
        writer.push(&[1.0, 2.0, 3.0]).unwrap();
    }
    fs::write(&path, writer.finish().unwrap()).unwrap();
    let vectors = Vectors::open(&path).unwrap();
    let ids = |k, allowed: fn(u32) -> bool| -> Vec<u32> {
        vectors.search(&[1.0, 2.0, 3.0], k, 1, allowed).unwrap().into_iter().map(|(id, _)| id).collect()
    };
    assert_eq!(ids(3, |_| true), [0, 1, 2]);
    assert_eq!(ids(3, |id| id % 2 == 1), [1, 3, 5]);
    assert!(ids(3, |_| false).is_empty());
    assert!(ids(0, |_| true).is_empty());
}

#[test]
fn a_row_comes_back_as_it_was_but_for_rounding() {
    let dir = tempfile::tempdir().unwrap();
    let vectors = Vectors::open(&file(&dir, 4, 384)).unwrap();
    let row = vectors.row(3).unwrap();
    assert!(exact(&row, &vector(3, 384)) > 0.9999);
    assert!((row.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-4);
    // Rounding again changes nothing: a row may be carried from file to file.
    let (mut once, mut twice) = (Vec::new(), Vec::new());
    quantise::stored(&vector(3, 384), &mut once);
    quantise::stored(&row, &mut twice);
    assert_eq!(once, twice);
    assert_eq!(vectors.row(4), None);
}

#[test]
fn an_empty_file_finds_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let vectors = Vectors::open(&file(&dir, 0, 384)).unwrap();
    assert!(vectors.is_empty());
    assert_eq!(vectors.search(&vector(1, 384), 5, 2, |_| true).unwrap(), []);
}

#[test]
fn another_width_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let vectors = Vectors::open(&file(&dir, 2, 8)).unwrap();
    assert_eq!(vectors.search(&[1.0; 9], 5, 1, |_| true).unwrap_err().kind, Kind::Index);
    let mut writer = Writer::new(Vec::new(), 8, "fake").unwrap();
    assert!(writer.push(&[1.0; 7]).is_err());
}

#[test]
fn a_damaged_or_missing_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(&dir, 20, 8);
    let whole = fs::read(&path).unwrap();
    for end in [0, 1, 7, 8, 63, 64, 1000, whole.len() - 1] {
        fs::write(&path, &whole[..end]).unwrap();
        assert_eq!(Vectors::open(&path).unwrap_err().kind, Kind::Index, "cut at {end}");
    }
    let mut rotten = whole.clone();
    rotten[70] ^= 1;
    fs::write(&path, &rotten).unwrap();
    assert_eq!(Vectors::open(&path).unwrap().verify().unwrap_err().kind, Kind::Index);
    fs::remove_file(&path).unwrap();
    assert_eq!(Vectors::open(&path).unwrap_err().kind, Kind::Index);
}

#[test]
fn sizes_that_do_not_agree_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("odd");
    for (dims, count) in [(0, 2), (8, 3), (8, u64::MAX), (u64::MAX, 2), (65, 2), (1 << 20, 2)] {
        let mut out = container::Writer::new(Vec::new(), FORM, VERSION, "fake").unwrap();
        out.begin("rows").unwrap();
        out.write(&[128; 128]).unwrap();
        out.begin("scales").unwrap();
        out.write(&[0; 8]).unwrap();
        fs::write(&path, out.finish(&[("dims", dims), ("count", count)]).unwrap()).unwrap();
        assert_eq!(Vectors::open(&path).unwrap_err().kind, Kind::Index, "{dims} × {count}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_ranking_is_the_sorted_scan(count in 0_u32..700, k in 0_usize..40, seed: u32) {
        let dir = tempfile::tempdir().unwrap();
        let vectors = Vectors::open(&file(&dir, count, 16)).unwrap();
        let query = vector(seed, 16);
        let mut all = vectors.search(&query, count as usize, 1, |_| true).unwrap();
        prop_assert_eq!(all.len(), count as usize);
        prop_assert!(all.is_sorted_by(|a, b| a.1 > b.1 || (a.1 == b.1 && a.0 < b.0)));
        all.truncate(k);
        prop_assert_eq!(vectors.search(&query, k, 2, |_| true).unwrap(), all);
    }
}
