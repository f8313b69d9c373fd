//! A made-up model of a few words: the encoder against the plain definition of BERT.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fs;

use serde_json::json;

use super::*;
use crate::core::knowledge::vectors::kernels::Path as Isa;

const HIDDEN: usize = 32;
const WIDE: usize = 68;
const HEADS: usize = 4;
const LAYERS: usize = 2;
const POSITIONS: usize = 24;
const WORDS: [&str; 12] =
    ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "oil", "pump", "check", "##s", "the", "filter", ":", "level"];

type Tensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// Numbers without a pattern, around zero.
fn numbers(seed: &str, count: usize, size: f32) -> Vec<f32> {
    let mut state = seed.bytes().fold(2_166_136_261_u32, |h, b| (h ^ u32::from(b)).wrapping_mul(16_777_619));
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 8) as f32 / 8_388_608.0 - 1.0) * size
        })
        .collect()
}

fn tensors() -> Tensors {
    let mut all = Tensors::new();
    let mut add = |name: String, shape: &[usize], size: f32, plus: f32| {
        let made = numbers(&name, shape.iter().product(), size).into_iter().map(|x| x + plus).collect();
        all.insert(name, (shape.to_vec(), made));
    };
    for (name, rows) in [("word", WORDS.len()), ("position", POSITIONS), ("token_type", 2)] {
        add(format!("embeddings.{name}_embeddings.weight"), &[rows, HIDDEN], 1.0, 0.0);
    }
    let mut norms = vec!["embeddings.LayerNorm".to_owned()];
    for n in 0..LAYERS {
        let at = |part: &str| format!("encoder.layer.{n}.{part}");
        let linear = [
            ("attention.self.query", HIDDEN, HIDDEN),
            ("attention.self.key", HIDDEN, HIDDEN),
            ("attention.self.value", HIDDEN, HIDDEN),
            ("attention.output.dense", HIDDEN, HIDDEN),
            ("intermediate.dense", WIDE, HIDDEN),
            ("output.dense", HIDDEN, WIDE),
        ];
        for (part, out, input) in linear {
            add(at(&format!("{part}.weight")), &[out, input], 0.3, 0.0);
            add(at(&format!("{part}.bias")), &[out], 0.1, 0.0);
        }
        norms.extend(["attention.output.LayerNorm", "output.LayerNorm"].map(at));
    }
    for name in norms {
        add(format!("{name}.weight"), &[HIDDEN], 0.2, 1.0);
        add(format!("{name}.bias"), &[HIDDEN], 0.1, 0.0);
    }
    all
}

fn safetensors(tensors: &Tensors) -> Vec<u8> {
    let (mut head, mut body) = (serde_json::Map::new(), Vec::new());
    for (name, (shape, numbers)) in tensors {
        let start = body.len();
        body.extend(numbers.iter().flat_map(|x| x.to_le_bytes()));
        head.insert(
            name.clone(),
            json!({"dtype": "F32", "shape": shape, "data_offsets": [start, body.len()]}),
        );
    }
    let head = serde_json::to_vec(&head).unwrap();
    [&(head.len() as u64).to_le_bytes()[..], &head, &body].concat()
}

/// A directory with the model.
fn model() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let vocabulary: BTreeMap<&str, usize> = WORDS.iter().copied().zip(0..).collect();
    let mark = |id: usize| json!({"SpecialToken": {"id": WORDS[id], "type_id": 0}});
    let special = |id: usize| json!({"id": WORDS[id], "ids": [id], "tokens": [WORDS[id]]});
    let tokenizer = json!({
        "version": "1.0",
        // As published files have it: both must be switched off.
        "truncation": {"max_length": 4, "strategy": "LongestFirst", "stride": 0, "direction": "Right"},
        "padding": {"strategy": {"Fixed": 16}, "direction": "Right", "pad_to_multiple_of": null,
            "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"},
        "added_tokens": [],
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "TemplateProcessing",
            "single": [mark(2), {"Sequence": {"id": "A", "type_id": 0}}, mark(3)],
            "pair": [mark(2), {"Sequence": {"id": "A", "type_id": 0}}, mark(3)],
            "special_tokens": {"[CLS]": special(2), "[SEP]": special(3)}},
        "decoder": null,
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocabulary},
    });
    let config = json!({"model_type": "bert", "hidden_act": "gelu", "hidden_size": HIDDEN,
        "intermediate_size": WIDE, "num_attention_heads": HEADS, "num_hidden_layers": LAYERS,
        "max_position_embeddings": POSITIONS, "layer_norm_eps": 1e-12});
    fs::write(dir.path().join("tokenizer.json"), tokenizer.to_string()).unwrap();
    fs::write(dir.path().join("config.json"), config.to_string()).unwrap();
    fs::write(dir.path().join("model.safetensors"), safetensors(&tensors())).unwrap();
    dir
}

/// BERT by its definition, in plain loops: the last layer's rows.
fn reference(ids: &[usize]) -> Vec<Vec<f32>> {
    let all = tensors();
    let get = |name: &str| &all[name].1;
    let row = |name: &str, at: usize| get(name)[at * HIDDEN..(at + 1) * HIDDEN].to_vec();
    let add = |a: &[f32], b: &[f32]| -> Vec<f32> { a.iter().zip(b).map(|(x, y)| x + y).collect() };
    let norm = |name: &str, x: Vec<f32>| -> Vec<f32> {
        let mean = x.iter().sum::<f32>() / HIDDEN as f32;
        let variance = x.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / HIDDEN as f32;
        let (w, b) = (get(&format!("{name}.weight")), get(&format!("{name}.bias")));
        x.iter().zip(w).zip(b).map(|((v, w), b)| (v - mean) / variance.sqrt() * w + b).collect()
    };
    let linear = |name: &str, x: &[f32]| -> Vec<f32> {
        let (w, b) = (get(&format!("{name}.weight")), get(&format!("{name}.bias")));
        w.chunks(x.len()).zip(b).map(|(w, b)| b + w.iter().zip(x).map(|(w, x)| w * x).sum::<f32>()).collect()
    };
    let kind = row("embeddings.token_type_embeddings.weight", 0);
    let mut rows: Vec<Vec<f32>> = ids
        .iter()
        .enumerate()
        .map(|(at, &id)| {
            let word = row("embeddings.word_embeddings.weight", id);
            let sum = add(&add(&word, &row("embeddings.position_embeddings.weight", at)), &kind);
            norm("embeddings.LayerNorm", sum)
        })
        .collect();
    for n in 0..LAYERS {
        let at = |part: &str| format!("encoder.layer.{n}.{part}");
        let part = |name: &str| -> Vec<Vec<f32>> {
            rows.iter().map(|r| linear(&at(&format!("attention.self.{name}")), r)).collect()
        };
        let (q, k, v) = (part("query"), part("key"), part("value"));
        let head = HIDDEN / HEADS;
        let attended: Vec<Vec<f32>> = q
            .iter()
            .map(|q| {
                (0..HEADS)
                    .flat_map(|h| {
                        let of = |x: &[f32]| x[h * head..(h + 1) * head].to_vec();
                        let score = |k: &Vec<f32>| {
                            let dot: f32 = of(q).iter().zip(of(k)).map(|(a, b)| a * b).sum();
                            (dot / (head as f32).sqrt()).exp()
                        };
                        let weights: Vec<f32> = k.iter().map(score).collect();
                        let total: f32 = weights.iter().sum();
                        (0..head)
                            .map(|d| v.iter().zip(&weights).map(|(v, w)| w / total * v[h * head + d]).sum())
                            .collect::<Vec<f32>>()
                    })
                    .collect()
            })
            .collect();
        rows = rows
            .iter()
            .zip(&attended)
            .map(|(row, attended)| {
                let sum = add(row, &linear(&at("attention.output.dense"), attended));
                let middle = norm(&at("attention.output.LayerNorm"), sum);
                // The function itself is held against erf beside it.
                let wide: Vec<f32> = linear(&at("intermediate.dense"), &middle)
                    .into_iter()
                    .map(crate::core::knowledge::embed::maths::gelu)
                    .collect();
                norm(&at("output.LayerNorm"), add(&middle, &linear(&at("output.dense"), &wide)))
            })
            .collect();
    }
    rows
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

const TEXTS: [&str; 5] =
    ["Check the oil level", "pumps", "", "the filter: check oil filter, the pump's level", "Ölpumpe pump"];

#[test]
fn vectors_are_those_of_the_definition_but_for_rounding() {
    let dir = model();
    let encoder = Encoder::open(dir.path()).unwrap();
    assert_eq!(encoder.dims(), HIDDEN);
    let encoded = encoder.encode(&["check the oil pumps: level"], Side::Passage, 1).unwrap();
    let rows = reference(&[2, 6, 8, 4, 5, 7, 10, 11, 3]);
    let mean: Vec<f32> = (0..HIDDEN).map(|d| rows.iter().map(|r| r[d]).sum::<f32>()).collect();
    assert!(cosine(&encoded[0].sentence, &mean) > 0.998, "{}", cosine(&encoded[0].sentence, &mean));
    assert!((encoded[0].sentence.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-5);
    let tokens: Vec<_> = encoded[0].tokens.iter().collect();
    assert_eq!(tokens.len(), 7);
    for ((_, token), row) in tokens.iter().zip(&rows[1..8]) {
        assert!(cosine(token, row) > 0.99, "{}", cosine(token, row));
    }
    let spans: Vec<_> = tokens.iter().map(|(span, _)| span.clone()).collect();
    assert_eq!(spans, [0..5, 6..9, 10..13, 14..18, 18..19, 19..20, 21..26]);
    assert_eq!(encoded[0].covered, 26);
}

#[test]
fn a_text_has_the_same_bits_alone_in_any_batch_on_any_threads_and_every_path() {
    let dir = model();
    let mut encoder = Encoder::open(dir.path()).unwrap();
    let many: Vec<&str> = TEXTS.iter().copied().cycle().take(60).collect();
    let alone: Vec<Encoded> =
        TEXTS.iter().map(|t| encoder.encode(&[t], Side::Passage, 1).unwrap().remove(0)).collect();
    for threads in [1, 2, 7] {
        let batch = encoder.encode(&many, Side::Passage, threads).unwrap();
        assert_eq!(batch.len(), 60);
        for (one, want) in batch.iter().zip(alone.iter().cycle()) {
            assert_eq!(one, want, "{threads} threads");
        }
    }
    for path in [Isa::Scalar, Isa::Avx2, Isa::AvxVnni, Isa::Avx512Vnni] {
        if let Some(kernels) = Kernels::of(path) {
            encoder.kernels = kernels;
            assert_eq!(encoder.encode(&TEXTS, Side::Passage, 1).unwrap(), alone, "{path:?}");
        }
    }
    assert_eq!(encoder.encode(&[], Side::Passage, 2).unwrap(), []);
}

#[test]
fn a_multilingual_tokenizer_has_spans_of_words_too() {
    let dir = model();
    let path = dir.path().join("tokenizer.json");
    let mut tokenizer: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let pieces = ["<pad>", "<unk>", "[CLS]", "[SEP]", "▁", "▁öl", "▁pum", "pe", "油", "▁oil", ":", "x"];
    let vocabulary: Vec<_> = pieces.iter().map(|piece| json!([piece, -2.0])).collect();
    tokenizer["normalizer"] = json!(null);
    tokenizer["pre_tokenizer"] =
        json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true});
    tokenizer["model"] = json!({"type": "Unigram", "unk_id": 1, "vocab": vocabulary, "byte_fallback": false});
    fs::write(&path, tokenizer.to_string()).unwrap();
    let text = "öl pumpe: 油";
    let encoded = Encoder::open(dir.path()).unwrap().encode(&[text], Side::Query, 1).unwrap().remove(0);
    let words: Vec<&str> = encoded
        .tokens
        .iter()
        .map(|(span, _)| text.get(span.start as usize..span.end as usize).unwrap())
        .collect();
    assert_eq!(words, ["öl", "pum", "pe", ":", "", "油"]);
}

#[test]
fn a_long_text_is_cut_and_says_where() {
    let dir = model();
    let encoder = Encoder::open(dir.path()).unwrap();
    assert_eq!(encoder.max_tokens(), POSITIONS);
    let long = "oil ".repeat(50);
    let encoded = encoder.encode(&[&long], Side::Passage, 1).unwrap().remove(0);
    // Two of the places are the marks'.
    assert_eq!(encoded.tokens.len(), POSITIONS - 2);
    assert_eq!(encoded.covered, (POSITIONS - 2) * 4 - 1);
    let begin = long.get(..encoded.covered).unwrap();
    assert_eq!(encoder.encode(&[begin], Side::Passage, 1).unwrap().remove(0).sentence, encoded.sentence);
}

#[test]
fn a_prefix_is_read_but_is_not_the_texts_own() {
    let dir = model();
    let plain = Encoder::open(dir.path()).unwrap();
    let prompts = json!({"prompts": {"query": "check: ", "document": "the "}});
    fs::write(dir.path().join("config_sentence_transformers.json"), prompts.to_string()).unwrap();
    let prefixed = Encoder::open(dir.path()).unwrap();
    assert_ne!(plain.identity(), prefixed.identity());
    let one = |encoder: &Encoder, text, side| encoder.encode(&[text], side, 1).unwrap().remove(0);
    let query = one(&prefixed, "oil pumps", Side::Query);
    assert_eq!(query.sentence, one(&plain, "check: oil pumps", Side::Query).sentence);
    assert_eq!(one(&prefixed, "oil", Side::Passage).sentence, one(&plain, "the oil", Side::Query).sentence);
    let spans: Vec<_> = query.tokens.iter().map(|(span, _)| span).collect();
    assert_eq!(spans, [0..3, 4..8, 8..9]);
    assert_eq!(query.covered, 9);
}

#[test]
fn pooling_follows_the_models_own_file() {
    let dir = model();
    fs::create_dir(dir.path().join("1_Pooling")).unwrap();
    let path = dir.path().join("1_Pooling/config.json");
    fs::write(&path, json!({"pooling_mode_cls_token": true}).to_string()).unwrap();
    let encoder = Encoder::open(dir.path()).unwrap();
    let sentence = encoder.encode(&["oil"], Side::Query, 1).unwrap().remove(0).sentence;
    assert!(cosine(&sentence, &reference(&[2, 4, 3])[0]) > 0.99);
    fs::write(&path, json!({"pooling_mode_max_tokens": true}).to_string()).unwrap();
    assert_eq!(Encoder::open(dir.path()).unwrap_err().kind, Kind::Model);
}

#[test]
fn the_name_follows_the_files_or_is_given() {
    let (a, b) = (model(), model());
    let name = Encoder::open(a.path()).unwrap().identity().to_owned();
    assert_eq!(Encoder::open(b.path()).unwrap().identity(), name);
    assert_eq!(Encoder::open_as(b.path(), "mine").unwrap().identity(), "bert-i8-1:mine");
    let mut tensors = tensors();
    tensors.get_mut("embeddings.LayerNorm.bias").unwrap().1[0] += 1.0;
    fs::write(b.path().join("model.safetensors"), safetensors(&tensors)).unwrap();
    assert_ne!(Encoder::open(b.path()).unwrap().identity(), name);
}

#[test]
fn what_cannot_be_run_is_named() {
    let refused = |change: &dyn Fn(&Path)| {
        let dir = model();
        change(dir.path());
        let fault = Encoder::open(dir.path()).err().or_else(|| {
            // Some faults show only when a text comes.
            Encoder::open(dir.path()).unwrap().encode(&["level"], Side::Query, 1).err()
        });
        assert_eq!(fault.unwrap().kind, Kind::Model);
    };
    for name in FILES {
        refused(&|dir| fs::remove_file(dir.join(name)).unwrap());
        refused(&|dir| fs::write(dir.join(name), "{").unwrap());
    }
    let rewritten = |key: &str, value: serde_json::Value| {
        refused(&|dir| {
            let path = dir.join("config.json");
            let mut config: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            config[key] = value.clone();
            fs::write(path, config.to_string()).unwrap();
        });
    };
    rewritten("model_type", json!("gpt2"));
    rewritten("hidden_act", json!("swish"));
    rewritten("hidden_size", json!(64));
    rewritten("num_attention_heads", json!(5));
    rewritten("num_hidden_layers", json!(3));
    refused(&|dir| {
        let mut tensors = tensors();
        let words = tensors.get_mut("embeddings.word_embeddings.weight").unwrap();
        words.0[0] = 4;
        words.1.truncate(4 * HIDDEN);
        fs::write(dir.join("model.safetensors"), safetensors(&tensors)).unwrap();
    });
}
