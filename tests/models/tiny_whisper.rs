//! A whole Whisper of one layer, 64 wide, in CTranslate2's format and, written by other
//! means, in ggml's.

use super::world::noise;
use half::f16;
use std::ops::Range;

pub const WIDTH: usize = 64;
const TOKENS: [&str; 3] = ["Ġa", "b", "<|endoftext|>"];

pub fn tokenizer() -> Vec<u8> {
    let vocab: Vec<String> = TOKENS.iter().enumerate().map(|(i, t)| format!("\"{t}\":{i}")).collect();
    format!("{{\"model\":{{\"vocab\":{{{}}}}}}}", vocab.join(",")).into_bytes()
}

/// Small f16 numbers that depend on the name alone.
fn numbers(name: &str, count: usize) -> Vec<f16> {
    let seed = name.bytes().fold(7_u32, |s, b| s.wrapping_mul(31).wrapping_add(b.into()));
    noise(seed, count).into_iter().map(|b| f16::from_f32(f32::from(b) / 64.0 - 2.0)).collect()
}

/// Name and dimensions of every variable, in the order of the file.
fn variables() -> Vec<(String, Vec<usize>)> {
    let d = WIDTH;
    let mut all: Vec<(String, Vec<usize>)> = vec![
        ("decoder/embeddings/weight".into(), vec![5, d]),
        ("decoder/position_encodings/encodings".into(), vec![4, d]),
        ("encoder/conv1/bias".into(), vec![d]),
        ("encoder/conv1/weight".into(), vec![d, 80, 3]),
        ("encoder/conv2/bias".into(), vec![d]),
        ("encoder/conv2/weight".into(), vec![d, d, 3]),
        ("encoder/position_encodings/encodings".into(), vec![6, d]),
    ];
    let mut linear = |name: String, rows: usize, columns: usize| {
        all.push((format!("{name}/bias"), vec![rows]));
        all.push((format!("{name}/weight"), vec![rows, columns]));
    };
    for side in ["decoder", "encoder"] {
        let layer = format!("{side}/layer_0");
        if side == "decoder" {
            linear(format!("{layer}/attention/linear_0"), d, d);
            linear(format!("{layer}/attention/linear_1"), 2 * d, d);
            linear(format!("{layer}/attention/linear_2"), d, d);
        }
        linear(format!("{layer}/ffn/linear_0"), 4 * d, d);
        linear(format!("{layer}/ffn/linear_1"), d, 4 * d);
        linear(format!("{layer}/self_attention/linear_0"), 3 * d, d);
        linear(format!("{layer}/self_attention/linear_1"), d, d);
    }
    for norm in [
        "decoder/layer_0/attention/layer_norm",
        "decoder/layer_0/ffn/layer_norm",
        "decoder/layer_0/self_attention/layer_norm",
        "decoder/layer_norm",
        "encoder/layer_0/ffn/layer_norm",
        "encoder/layer_0/self_attention/layer_norm",
        "encoder/layer_norm",
    ] {
        all.push((format!("{norm}/beta"), vec![d]));
        all.push((format!("{norm}/gamma"), vec![d]));
    }
    all
}

fn values(name: &str, count: usize) -> Vec<f16> {
    let mut values = numbers(name, count);
    let d = WIDTH;
    let keys = match name {
        n if n.ends_with("self_attention/linear_0/bias") => d..2 * d,
        n if n.ends_with("attention/linear_1/bias") && !n.contains("self_") => 0..d,
        _ => 0..0,
    };
    values[keys].fill(f16::ZERO);
    values
}

/// `kind`: CTranslate2's number for the type of the weights (0 float32, 1 int8, 4 float16).
pub fn ct2(kind: u8) -> Vec<u8> {
    let text = |s: &str| {
        let mut bytes = (s.len() as u16 + 1).to_le_bytes().to_vec();
        bytes.extend_from_slice(s.as_bytes());
        bytes.push(0);
        bytes
    };
    let mut file = 6_u32.to_le_bytes().to_vec();
    file.extend(text("WhisperSpec"));
    file.extend(3_u32.to_le_bytes());
    let variables = variables();
    file.extend((variables.len() as u32 + 1).to_le_bytes());
    // A scalar that is not a weight, as real files have.
    file.extend(text("decoder/num_heads"));
    file.extend([0, 2, 2, 0, 0, 0, 1, 0]);
    for (name, dims) in variables {
        file.extend(text(&name));
        file.push(dims.len() as u8);
        dims.iter().for_each(|d| file.extend((*d as u32).to_le_bytes()));
        file.push(kind);
        let count: usize = dims.iter().product();
        let values = values(&name, count);
        let data: Vec<u8> = match kind {
            0 => values.iter().flat_map(|v| v.to_f32().to_le_bytes()).collect(),
            1 => vec![1; count],
            _ => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        };
        file.extend((data.len() as u32).to_le_bytes());
        file.extend(data);
    }
    file.extend(1_u32.to_le_bytes());
    file.extend(text("decoder/projection/weight"));
    file.extend(text("decoder/embeddings/weight"));
    file
}

/// What follows the filterbank in the ggml file: tokens, then tensor by tensor.
pub fn expected_tail() -> Vec<u8> {
    let d = WIDTH;
    let mut file = Ggml(3_i32.to_le_bytes().to_vec());
    for token in [&b" a"[..], b"b", b"<|endoftext|>"] {
        file.number(token.len());
        file.0.extend(token);
    }
    let positions = "position_encodings/encodings";
    file.tensor("encoder.positional_embedding", &format!("encoder/{positions}"), 0..6, &[6, d], true);
    for (conv, channels) in [("conv1", 80), ("conv2", d)] {
        let (to, from) = (format!("encoder.{conv}"), format!("encoder/{conv}"));
        file.tensor(&format!("{to}.weight"), &format!("{from}/weight"), 0..d, &[d, channels, 3], false);
        file.tensor(&format!("{to}.bias"), &format!("{from}/bias"), 0..d, &[d, 1], true);
    }
    file.block("encoder");
    file.norm("encoder.ln_post", "encoder/layer_norm");
    file.tensor("decoder.positional_embedding", &format!("decoder/{positions}"), 0..4, &[4, d], true);
    file.tensor("decoder.token_embedding.weight", "decoder/embeddings/weight", 0..5, &[5, d], false);
    file.block("decoder");
    file.norm("decoder.ln", "decoder/layer_norm");
    file.0
}

/// Writes ggml the straightforward way: every tensor whole, in memory.
struct Ggml(Vec<u8>);

impl Ggml {
    fn number(&mut self, n: usize) {
        self.0.extend((n as i32).to_le_bytes());
    }

    fn tensor(&mut self, name: &str, from: &str, rows: Range<usize>, dims: &[usize], wide: bool) {
        let (_, all) = variables().into_iter().find(|(n, _)| n == from).unwrap();
        let values = values(from, all.iter().product());
        let per_row: usize = dims[1..].iter().product();
        for n in [dims.len(), name.len(), usize::from(!wide)] {
            self.number(n);
        }
        dims.iter().rev().for_each(|d| self.number(*d));
        self.0.extend(name.as_bytes());
        for v in &values[rows.start * per_row..rows.end * per_row] {
            if wide {
                self.0.extend(v.to_f32().to_le_bytes());
            } else {
                self.0.extend(v.to_le_bytes());
            }
        }
    }

    fn weight(&mut self, to: &str, from: &str, rows: Range<usize>, columns: usize) {
        let dims = [rows.len(), columns];
        self.tensor(&format!("{to}.weight"), &format!("{from}/weight"), rows, &dims, false);
    }

    fn linear(&mut self, to: &str, from: &str, rows: Range<usize>, columns: usize) {
        self.weight(to, from, rows.clone(), columns);
        let dims = [rows.len()];
        self.tensor(&format!("{to}.bias"), &format!("{from}/bias"), rows, &dims, true);
    }

    fn norm(&mut self, to: &str, from: &str) {
        self.tensor(&format!("{to}.weight"), &format!("{from}/gamma"), 0..WIDTH, &[WIDTH], true);
        self.tensor(&format!("{to}.bias"), &format!("{from}/beta"), 0..WIDTH, &[WIDTH], true);
    }

    fn block(&mut self, side: &str) {
        let d = WIDTH;
        let to = |name: &str| format!("{side}.blocks.0.{name}");
        let from = |name: &str| format!("{side}/layer_0/{name}");
        let fused = from("self_attention/linear_0");
        self.linear(&to("attn.query"), &fused, 0..d, d);
        self.weight(&to("attn.key"), &fused, d..2 * d, d);
        self.linear(&to("attn.value"), &fused, 2 * d..3 * d, d);
        self.linear(&to("attn.out"), &from("self_attention/linear_1"), 0..d, d);
        self.norm(&to("attn_ln"), &from("self_attention/layer_norm"));
        if side == "decoder" {
            let fused = from("attention/linear_1");
            self.linear(&to("cross_attn.query"), &from("attention/linear_0"), 0..d, d);
            self.weight(&to("cross_attn.key"), &fused, 0..d, d);
            self.linear(&to("cross_attn.value"), &fused, d..2 * d, d);
            self.linear(&to("cross_attn.out"), &from("attention/linear_2"), 0..d, d);
            self.norm(&to("cross_attn_ln"), &from("attention/layer_norm"));
        }
        self.linear(&to("mlp.0"), &from("ffn/linear_0"), 0..4 * d, d);
        self.linear(&to("mlp.2"), &from("ffn/linear_1"), 0..d, 4 * d);
        self.norm(&to("mlp_ln"), &from("ffn/layer_norm"));
    }
}
