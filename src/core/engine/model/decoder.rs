//! The decoder on packed weights: llama, qwen2 and qwen3.
//!
//! A step takes a ragged batch: some sequences read many tokens, some write one. All rows go
//! through a layer together, so that its weights are read from memory once per step.
//! Everything that a step needs is kept from step to step: none of it allocates once the
//! widest batch was seen.

use super::packed::{Packed, Tensor};
use super::shape::{Rotation, Shape};
use super::{Forward, Found, Slice, Want};
use crate::core::engine::kernels::activations::{Activations, WIDEST};
use crate::core::engine::kernels::attention::{Pages, Span, Task, Writes, attend, plan};
use crate::core::engine::kernels::format::unpack_row;
use crate::core::engine::kernels::pool::Pool;
use crate::core::engine::kernels::product::{Matrix, Part, best, gated, multiply};
use crate::core::engine::kernels::rows::{log_sum, rms_norm, rotate_halves, rotate_pairs};
use crate::core::engine::kernels::{Path, in_rows};
use crate::core::engine::kv::PAGE;
use crate::core::{Error, Kind, Result};

/// A matrix that is added to.
#[derive(Debug)]
struct Linear {
    weights: Tensor,
    bias: Option<Vec<f32>>,
}

#[derive(Debug)]
struct Layer {
    attention_norm: Vec<f32>,
    query: Linear,
    key: Linear,
    value: Linear,
    /// Qwen3 norms each head of queries and keys.
    head_norms: Option<(Vec<f32>, Vec<f32>)>,
    output: Linear,
    inner_norm: Vec<f32>,
    gate: Tensor,
    up: Tensor,
    down: Tensor,
}

impl Layer {
    /// All that rows are multiplied with.
    fn matrices(&self) -> [&Tensor; 7] {
        [
            &self.query.weights,
            &self.key.weights,
            &self.value.weights,
            &self.output.weights,
            &self.gate,
            &self.up,
            &self.down,
        ]
    }
}

/// What a step works in.
#[derive(Debug, Default)]
struct Work {
    /// Rows between layers.
    x: Vec<f32>,
    /// Queries, keys and values of each row.
    qkv: Vec<f32>,
    /// Attention's outputs.
    mixed: Vec<f32>,
    /// The gated inner layer.
    inner: Vec<f32>,
    quantised: Activations,
    tasks: Vec<Task>,
    writes: Writes,
    /// Token and position of each row.
    rows: Vec<(u32, usize)>,
    /// Rows whose best next token is wanted.
    wanted: Vec<usize>,
    /// Rows whose next token is scored, and that token.
    scored: Vec<(usize, u32)>,
    best: Vec<Option<(u32, f32)>>,
    logits: Vec<f32>,
}

/// A decoder with its KV cache.
#[derive(Debug)]
pub struct Decoder {
    path: Path,
    shape: Shape,
    weights: Packed,
    embedding: Tensor,
    layers: Vec<Layer>,
    norm: Vec<f32>,
    head: Tensor,
    angles: Vec<(f32, f32)>,
    /// Are there weights that are floats?
    floats: bool,
    pages: Pages,
    pool: Pool,
    work: Work,
}

impl Decoder {
    /// Puts a decoder together, with `kv_bytes` of KV cache (at least one page) and `threads`
    /// threads at most.
    ///
    /// # Errors
    /// [`Kind::Model`] where a tensor is missing or has another shape than the file's
    /// metadata say.
    pub fn new(shape: Shape, weights: Packed, kv_bytes: usize, threads: usize, path: Path) -> Result<Self> {
        let matrix = |name: &str, rows: usize, depth: usize| -> Result<Tensor> {
            let tensor = weights.find(name).ok_or_else(|| missing(name))?;
            if (tensor.rows, tensor.depth) != (rows, depth) {
                return Err(Error::new(
                    Kind::Model,
                    format!("`{name}` is {} by {}, not {rows} by {depth}", tensor.rows, tensor.depth),
                )
                .hint("millwright models verify"));
            }
            Ok(tensor.clone())
        };
        let vector = |name: &str, length: usize| -> Result<Option<Vec<f32>>> {
            let Some(tensor) = weights.find(name) else { return Ok(None) };
            match weights.vector(tensor) {
                Some(numbers) if numbers.len() == length => Ok(Some(numbers)),
                _ => Err(Error::new(Kind::Model, format!("`{name}` is not {length} f32 numbers"))
                    .hint("millwright models verify")),
            }
        };
        let needed = |name: &str, length: usize| -> Result<Vec<f32>> {
            vector(name, length)?.ok_or_else(|| missing(name))
        };
        let heads = shape.heads;
        let (wide, narrow) = (heads.query * heads.dim, heads.kv * heads.dim);
        let mut layers = Vec::with_capacity(heads.layers);
        for layer in 0..heads.layers {
            let of = |part: &str| format!("blk.{layer}.{part}");
            let linear = |part: &str, rows: usize, depth: usize| -> Result<Linear> {
                Ok(Linear {
                    weights: matrix(&of(&format!("{part}.weight")), rows, depth)?,
                    bias: vector(&of(&format!("{part}.bias")), rows)?,
                })
            };
            let norms = (
                vector(&of("attn_q_norm.weight"), heads.dim)?,
                vector(&of("attn_k_norm.weight"), heads.dim)?,
            );
            layers.push(Layer {
                attention_norm: needed(&of("attn_norm.weight"), shape.width)?,
                query: linear("attn_q", wide, shape.width)?,
                key: linear("attn_k", narrow, shape.width)?,
                value: linear("attn_v", narrow, shape.width)?,
                head_norms: norms.0.zip(norms.1),
                output: linear("attn_output", shape.width, wide)?,
                inner_norm: needed(&of("ffn_norm.weight"), shape.width)?,
                gate: matrix(&of("ffn_gate.weight"), shape.inner, shape.width)?,
                up: matrix(&of("ffn_up.weight"), shape.inner, shape.width)?,
                down: matrix(&of("ffn_down.weight"), shape.width, shape.inner)?,
            });
        }
        let tokens =
            weights.find("token_embd.weight").map(|t| t.rows).ok_or_else(|| missing("token_embd.weight"))?;
        let embedding = matrix("token_embd.weight", tokens, shape.width)?;
        // A file without an output layer of its own ties it to the embedding.
        let head = match weights.find("output.weight") {
            Some(_) => matrix("output.weight", tokens, shape.width)?,
            None => embedding.clone(),
        };
        let norm = needed("output_norm.weight", shape.width)?;
        let factors = match weights.find("rope_freqs.weight") {
            Some(_) => vector("rope_freqs.weight", shape.rotated / 2)?,
            None => None,
        };
        let all = layers.iter().flat_map(Layer::matrices);
        let floats = all.chain([&head]).any(|t| !weights.matrix(t).format.is_quantised());
        let pages = (kv_bytes / (heads.page() * 2)).max(1);
        Ok(Self {
            path,
            angles: shape.angles(factors.as_deref()),
            pages: Pages::new(heads, pages),
            pool: Pool::new(threads),
            work: Work::default(),
            shape,
            embedding,
            layers,
            norm,
            head,
            floats,
            weights,
        })
    }

    /// Bytes of weights that a step with one row reads.
    pub fn bytes_per_step(&self) -> usize {
        let matrices = self.layers.iter().flat_map(Layer::matrices).chain([&self.head]);
        matrices.map(|t| self.weights.matrix(t).packed.len()).sum()
    }

    /// Parameters of the matrices that every row goes through, the output layer apart.
    pub fn parameters_per_row(&self) -> usize {
        self.layers.iter().flat_map(Layer::matrices).map(|t| t.rows * t.depth).sum()
    }

    /// Bytes of all weights, and of the KV cache.
    pub fn memory(&self) -> (usize, usize) {
        (self.weights.bytes(), self.pages.count() * self.shape.heads.page() * 2)
    }

    /// The instruction-set path that computes.
    pub fn path(&self) -> Path {
        self.path
    }

    fn check(&self, slices: &[Slice<'_>]) -> Result<()> {
        for slice in slices {
            let end = slice.start + slice.tokens.len();
            let pages = slice.pages.iter().take(end.div_ceil(PAGE));
            let fits = !slice.tokens.is_empty()
                && end <= self.shape.window
                && slice.pages.len() * PAGE >= end
                && pages.clone().all(|p| (*p as usize) < self.pages.count())
                && slice.tokens.iter().all(|t| (*t as usize) < self.embedding.rows);
            let wants = match slice.want {
                Want::Nothing => 0,
                Want::Best { last, .. } => last,
                Want::Score { targets } => targets.len(),
            };
            if !fits || wants > slice.tokens.len() {
                return Err(Error::new(
                    Kind::Compute,
                    format!(
                        "a slice of {} tokens from {} on does not fit its {} pages, the window of {} or the \
                         vocabulary",
                        slice.tokens.len(),
                        slice.start,
                        slice.pages.len(),
                        self.shape.window
                    ),
                ));
            }
        }
        Ok(())
    }

    /// The layers, for the rows that `work` holds.
    fn run(&mut self, spans: &[Span<'_>], threads: &mut dyn FnMut() -> usize) {
        let Self { path, shape, weights, layers, angles, pages, pool, work, floats, .. } = self;
        let (path, floats) = (*path, *floats);
        let heads = shape.heads;
        let (width, wide, narrow) = (shape.width, heads.query * heads.dim, heads.kv * heads.dim);
        let stride = wide + 2 * narrow;
        let count = work.rows.len();
        let Work { x, qkv, mixed, inner, quantised, tasks, writes, .. } = work;
        for (number, layer) in layers.iter().enumerate() {
            pool.wake(threads());
            let (from, norm, epsilon) = (&*x, &layer.attention_norm, shape.epsilon);
            quantised.fill(path, pool, count, width, floats, &|row, out| {
                rms_norm(path, &from[row * width..][..width], norm, epsilon, out);
            });
            let part = |l: &'_ Linear| (weights.matrix(&l.weights), l.bias.is_some());
            let of = |l| part(l).0;
            let parts = [
                Part { matrix: of(&layer.query), bias: layer.query.bias.as_deref() },
                Part { matrix: of(&layer.key), bias: layer.key.bias.as_deref() },
                Part { matrix: of(&layer.value), bias: layer.value.bias.as_deref() },
            ];
            multiply(path, pool, quantised, &parts, false, qkv);
            let half = shape.rotated / 2;
            let turn = |x: &mut [f32], position: usize, norm: Option<&Vec<f32>>| {
                let angles = &angles[position * half..][..half];
                for head in x.chunks_exact_mut(heads.dim) {
                    if let Some(norm) = norm {
                        let mut kept = [0.0; 1024];
                        let kept = &mut kept[..heads.dim];
                        kept.copy_from_slice(head);
                        rms_norm(path, kept, norm, shape.epsilon, head);
                    }
                    match shape.rotation {
                        Rotation::Halves => rotate_halves(path, &mut head[..shape.rotated], angles),
                        Rotation::Pairs => rotate_pairs(path, &mut head[..shape.rotated], angles),
                    }
                }
            };
            let norms = layer.head_norms.as_ref();
            let read = &*qkv;
            pages.keep(pool, number, writes, &|row, position, keys, values| {
                let row = &read[row * stride + wide..][..2 * narrow];
                keys.copy_from_slice(&row[..narrow]);
                values.copy_from_slice(&row[narrow..]);
                turn(keys, position, norms.map(|n| &n.1));
            });
            let rows = &work.rows;
            in_rows(pool, qkv, stride, &|row, x| turn(&mut x[..wide], rows[row].1, norms.map(|n| &n.0)));
            attend(path, pool, pages, number, spans, tasks, qkv, stride, mixed);
            let from = &*mixed;
            quantised.fill(path, pool, count, wide, floats, &|row, out| {
                out.copy_from_slice(&from[row * wide..][..wide]);
            });
            let output = Part { matrix: of(&layer.output), bias: layer.output.bias.as_deref() };
            multiply(path, pool, quantised, &[output], true, x);
            let (from, norm) = (&*x, &layer.inner_norm);
            quantised.fill(path, pool, count, width, floats, &|row, out| {
                rms_norm(path, &from[row * width..][..width], norm, epsilon, out);
            });
            gated(path, pool, quantised, weights.matrix(&layer.gate), weights.matrix(&layer.up), inner);
            let (from, depth) = (&*inner, shape.inner);
            quantised.fill(path, pool, count, depth, floats, &|row, out| {
                out.copy_from_slice(&from[row * depth..][..depth]);
            });
            multiply(
                path,
                pool,
                quantised,
                &[Part { matrix: weights.matrix(&layer.down), bias: None }],
                true,
                x,
            );
        }
    }

    /// The output layer, for the rows that were asked for.
    fn finish(&mut self, slices: &[Slice<'_>], found: &mut Found) {
        let Self { path, shape, weights, norm, head, pool, work, floats, .. } = self;
        let (path, floats, width) = (*path, *floats, shape.width);
        let head: Matrix<'_> = weights.matrix(head);
        let Work { x, quantised, wanted, scored, best: top, logits, .. } = work;
        let x = &*x;
        if !wanted.is_empty() {
            let rows = &*wanted;
            quantised.fill(path, pool, rows.len(), width, floats, &|i, out| {
                rms_norm(path, &x[rows[i] * width..][..width], norm, shape.epsilon, out);
            });
            top.clear();
            top.resize(rows.len(), None);
            // One mask per wanted row, in their order.
            let mut masks = [None; 64];
            let mut more = Vec::new();
            let each = slices.iter().filter_map(|s| match s.want {
                Want::Best { last, allowed } => Some((0..last).map(|i| allowed.get(i).copied().flatten())),
                _ => None,
            });
            let masks = if rows.len() <= masks.len() {
                for (mask, of) in masks.iter_mut().zip(each.flatten()) {
                    *mask = of;
                }
                &masks[..rows.len()]
            } else {
                more.extend(each.flatten());
                &more[..]
            };
            best(path, pool, quantised, head, masks, top);
            found.best.extend(top.iter().map(|t| t.map(|(id, _)| id)));
        }
        for some in scored.chunks(WIDEST) {
            quantised.fill(path, pool, some.len(), width, floats, &|i, out| {
                rms_norm(path, &x[some[i].0 * width..][..width], norm, shape.epsilon, out);
            });
            logits.resize(some.len() * head.rows, 0.0);
            multiply(path, pool, quantised, &[Part { matrix: head, bias: None }], false, logits);
            for ((_, id), logits) in some.iter().zip(logits.chunks_exact(head.rows)) {
                let of = logits.get(*id as usize).copied().unwrap_or(f32::NEG_INFINITY);
                found.scores.push(of - log_sum(path, logits));
            }
        }
    }
}

fn missing(name: &str) -> Error {
    Error::new(Kind::Model, format!("the model file has no tensor `{name}`")).hint("millwright models verify")
}

impl Forward for Decoder {
    fn window(&self) -> usize {
        self.shape.window
    }

    fn vocabulary(&self) -> usize {
        self.embedding.rows
    }

    fn pages(&self) -> usize {
        self.pages.count()
    }

    fn step(
        &mut self,
        slices: &[Slice<'_>],
        threads: &mut dyn FnMut() -> usize,
        found: &mut Found,
    ) -> Result<()> {
        found.best.clear();
        found.scores.clear();
        self.check(slices)?;
        let mut spans = Vec::with_capacity(slices.len());
        let work = &mut self.work;
        work.rows.clear();
        work.wanted.clear();
        work.scored.clear();
        for slice in slices {
            let (row, length) = (work.rows.len(), slice.tokens.len());
            spans.push(Span { row, rows: length, start: slice.start, pages: slice.pages });
            work.rows.extend(slice.tokens.iter().enumerate().map(|(i, t)| (*t, slice.start + i)));
            match slice.want {
                Want::Nothing => {}
                Want::Best { last, .. } => work.wanted.extend(row + length - last..row + length),
                Want::Score { targets } => {
                    let first = row + length - targets.len();
                    work.scored.extend(targets.iter().enumerate().map(|(i, id)| (first + i, *id)));
                }
            }
        }
        if !work.writes.plan(&spans) {
            return Err(Error::new(Kind::Compute, "two slices of a step would write to one page"));
        }
        plan(&self.shape.heads, &spans, &mut work.tasks);
        let (count, heads) = (work.rows.len(), self.shape.heads);
        let wide = heads.query * heads.dim;
        work.x.resize(count * self.shape.width, 0.0);
        work.qkv.resize(count * (wide + 2 * heads.kv * heads.dim), 0.0);
        work.mixed.resize(count * wide, 0.0);
        work.inner.resize(count * self.shape.inner, 0.0);
        self.pool.wake(threads());
        let (table, rows) = (self.weights.matrix(&self.embedding), &self.work.rows);
        in_rows(&mut self.pool, &mut self.work.x, self.shape.width, &|row, out| {
            unpack_row(table.format, table.packed, rows[row].0 as usize, out);
        });
        self.run(&spans, threads);
        self.finish(slices, found);
        self.pool.rest();
        Ok(())
    }
}
