//! Late interaction: every word piece of a question looks for its nearest piece in a
//! passage, and the passage's score is their weighted mean (ColBERT's MaxSim).
//!
//! Token vectors are projected to [`NUMBERS`] numbers and kept as bytes, one row of 64
//! bytes each: sixty offset-binary numbers, then the row's scale. The question's bytes are
//! zero where a row keeps its scale, so the kernel multiplies whole rows, a row is one
//! cache line, and a file is written in one pass. A passage is a run of rows.
//!
//! Packed rows of unchanged passages are carried from build to build ([`Late::packed`] to
//! [`Writer::push`]) as long as embedder and projection are the same ([`identity`]).

use std::io;
use std::ops::Range;
use std::path::Path;

use tantivy::directory::OwnedBytes;

use super::kernels::{Kernels, STEP};
use super::quantise::{self, Query};
use super::{Projection, container};
use crate::core::Result;
use crate::core::knowledge::embed::TokenVectors;

const FORM: &str = "tokens";
const VERSION: u32 = 1;
/// Bytes of a row.
const ROW: usize = STEP;
/// Numbers of a row; the four bytes after them are its scale.
pub const NUMBERS: usize = ROW - 4;

/// Names what rows mean: the embedder that made the vectors and the directions they were
/// projected on.
pub fn identity(embedder: &str, projection: &Projection) -> String {
    format!("{embedder}/{}", projection.identity())
}

/// Packs a text's token vectors, those whose span `keep` says yes to, into rows.
pub fn pack(projection: &Projection, tokens: &TokenVectors, keep: impl Fn(Range<u32>) -> bool) -> Vec<u8> {
    let (mut rows, mut small, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    for (span, vector) in tokens.iter() {
        if !keep(span) {
            continue;
        }
        projection.apply(vector, &mut small);
        small.resize(NUMBERS, 0.0);
        let scale = quantise::stored(&small, &mut bytes);
        rows.extend_from_slice(bytes.get(..NUMBERS).unwrap_or_default());
        rows.extend_from_slice(&scale.to_le_bytes());
    }
    rows
}

/// The word of `text` around a word piece's span: what its weight and whether it is kept
/// should be judged by. A piece that is no word (punctuation) is itself.
pub fn word(text: &str, span: Range<u32>) -> &str {
    let (start, end) = (span.start as usize, span.end as usize);
    let (Some(before), Some(own), Some(after)) = (text.get(..start), text.get(start..end), text.get(end..))
    else {
        return "";
    };
    if own.is_empty() || !own.chars().all(char::is_alphanumeric) {
        return own;
    }
    let part = |c: char| !c.is_alphanumeric();
    let first = before.char_indices().rev().find(|&(_, c)| part(c)).map_or(0, |(at, c)| at + c.len_utf8());
    let last = after.find(part).map_or(text.len(), |at| end + at);
    text.get(first..last).unwrap_or_default()
}

/// Writes a file of token vectors, passage by passage; four bytes a passage are held in
/// memory. The caller syncs the file.
pub struct Writer<W: io::Write> {
    out: container::Writer<W>,
    projection: Projection,
    rows: u32,
    ends: Vec<u8>,
}

impl<W: io::Write> Writer<W> {
    /// Begins a file of what `embedder` made and `projection` projects.
    ///
    /// # Errors
    /// What `out` says; `InvalidInput` for a projection to more than [`NUMBERS`].
    pub fn new(out: W, embedder: &str, projection: Projection) -> io::Result<Self> {
        if projection.small() > NUMBERS {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a projection to too many numbers"));
        }
        let mut out = container::Writer::new(out, FORM, VERSION, &identity(embedder, &projection))?;
        out.begin("rows")?;
        Ok(Self { out, projection, rows: 0, ends: Vec::new() })
    }

    /// Writes the next passage's packed rows; none is right for a passage without words.
    ///
    /// # Errors
    /// What the output says; `InvalidInput` where these are no packed rows, or too many.
    pub fn push(&mut self, packed: &[u8]) -> io::Result<()> {
        let invalid = || io::Error::new(io::ErrorKind::InvalidInput, "no packed rows");
        let count = packed.len().is_multiple_of(ROW).then_some(packed.len() / ROW);
        let count = count.and_then(|c| u32::try_from(c).ok()).ok_or_else(invalid)?;
        self.rows = self.rows.checked_add(count).ok_or_else(invalid)?;
        self.ends.extend_from_slice(&self.rows.to_le_bytes());
        self.out.write(packed)
    }

    /// Ends the file and gives back the output.
    ///
    /// # Errors
    /// What the output says.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.begin("ends")?;
        self.out.write(&self.ends)?;
        self.out.begin("projection")?;
        self.out.write(&self.projection.to_bytes())?;
        let numbers = [("dims", self.projection.dims() as u64), ("small", self.projection.small() as u64)];
        self.out.finish(&numbers)
    }
}

/// A question as the rows are asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// Each word piece, its weight, which is above zero, and where it stands in the question.
    pieces: Vec<(Query, f32, Range<u32>)>,
}

impl Question {
    /// Where each piece stands in the question.
    pub fn spans(&self) -> impl Iterator<Item = Range<u32>> {
        self.pieces.iter().map(|(_, _, span)| span.clone())
    }

    /// Is there no piece with a weight? Then every passage scores zero.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }
}

/// A file of token vectors, memory-mapped.
pub struct Late {
    file: container::Container,
    rows: OwnedBytes,
    ends: OwnedBytes,
    projection: Projection,
    kernels: Kernels,
}

impl std::fmt::Debug for Late {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Late({} passages, {} rows)", self.len(), self.rows.len() / ROW)
    }
}

impl Late {
    /// Opens a file of token vectors.
    ///
    /// # Errors
    /// `Kind::Index` where it is missing, of another form, or damaged in what was read
    /// ([`Late::verify`] reads the rest).
    pub fn open(path: &Path) -> Result<Self> {
        let file = container::Container::open(path, FORM, VERSION)?;
        let damaged = || container::damaged(path, "its sizes do not agree");
        let (dims, small) = (file.number("dims")?, file.number("small")?);
        let projection = file.checked_section("projection")?;
        let projection = Projection::from_bytes(&projection, dims, small).ok_or_else(damaged)?;
        let (rows, ends) = (file.section("rows")?, file.checked_section("ends")?);
        let (all, rest) = ends.as_chunks::<4>();
        let ordered = all.is_sorted_by_key(|&end| u32::from_le_bytes(end));
        let last = all.last().map_or(0, |&end| u32::from_le_bytes(end) as usize);
        if small > NUMBERS || !rest.is_empty() || !ordered || last.checked_mul(ROW) != Some(rows.len()) {
            return Err(damaged());
        }
        Ok(Self { file, rows, ends, projection, kernels: Kernels::best() })
    }

    /// Reads every byte and compares it with the file's own checksums.
    ///
    /// # Errors
    /// `Kind::Index` where they differ.
    pub fn verify(&self) -> Result<()> {
        self.file.verify()
    }

    /// How many passages.
    pub fn len(&self) -> usize {
        self.ends.len() / 4
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// What made the rows: see [`identity`].
    pub fn identity(&self) -> &str {
        self.file.identity()
    }

    /// The projection of this file, for the next build to go on with.
    pub fn projection(&self) -> &Projection {
        &self.projection
    }

    /// A passage's packed rows; `None` past the end.
    pub fn packed(&self, id: u32) -> Option<&[u8]> {
        let (ends, id) = (self.ends.as_chunks::<4>().0, id as usize);
        let end = |at: usize| ends.get(at).map(|&end| u32::from_le_bytes(end) as usize * ROW);
        let start = if id == 0 { 0 } else { end(id - 1)? };
        self.rows.get(start..end(id)?)
    }

    /// Prepares a question. `weight` says how much a piece counts, by its span (the inverse
    /// document frequency of its [`word`] is a good one); zero or less leaves it out.
    pub fn question(&self, tokens: &TokenVectors, weight: impl Fn(Range<u32>) -> f32) -> Question {
        let mut small = Vec::new();
        let pieces = tokens.iter().filter_map(|(span, vector)| {
            let weight = weight(span.clone());
            self.projection.apply(vector, &mut small);
            small.resize(ROW, 0.0);
            (weight > 0.0 && weight.is_finite()).then(|| (Query::new(&small), weight, span))
        });
        Question { pieces: pieces.collect() }
    }

    /// How well a passage answers to a question's pieces: from 0 to 1; 0 for a passage that
    /// is not there or has no words.
    pub fn score(&self, question: &Question, id: u32) -> f32 {
        let (mut sum, mut weights) = (0.0, 0.0);
        self.each(question, id, |cosine, weight| {
            sum += weight * cosine;
            weights += weight;
        });
        if weights > 0.0 { sum / weights } else { 0.0 }
    }

    /// The cosine of each piece of a question, in its order, with its nearest piece in a
    /// passage.
    pub fn matches(&self, question: &Question, id: u32) -> Vec<f32> {
        let mut found = Vec::with_capacity(question.pieces.len());
        self.each(question, id, |cosine, _| found.push(cosine));
        found
    }

    fn each(&self, question: &Question, id: u32, mut say: impl FnMut(f32, f32)) {
        let rows = self.packed(id).unwrap_or_default();
        let mut dots = vec![0; rows.len() / ROW];
        for (piece, weight, _) in &question.pieces {
            self.kernels.dots(rows, piece.bytes(), &mut dots);
            let cosines = rows.as_chunks::<ROW>().0.iter().zip(&dots).map(|(row, &dot)| {
                piece.cosine(dot, quantise::scale_of(row.get(NUMBERS..).unwrap_or_default()))
            });
            say(cosines.fold(0.0, f32::max), *weight);
        }
    }

    /// Scores the passages `ids`, best first; equals by id.
    pub fn rerank(&self, question: &Question, ids: &[u32]) -> Vec<(u32, f32)> {
        let mut scored: Vec<_> = ids.iter().map(|&id| (id, self.score(question, id))).collect();
        scored.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        scored
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::super::Learner;
    use super::super::kernels::Path as Isa;
    use super::*;
    use crate::core::Kind;
    use crate::core::knowledge::embed::testing::HashEmbedder;
    use crate::core::knowledge::embed::{Embed, Side};

    const PASSAGES: [&str; 5] = [
        "Tighten the flange bolt to 210 Nm with a torque wrench.",
        "Replace the hydraulic filter every 500 hours.",
        "",
        "The flange is painted grey. The wrench lies in the box.",
        "Alarm 17: oil level low, fill up the tank.",
    ];

    fn file(dir: &tempfile::TempDir) -> PathBuf {
        let embedder = HashEmbedder::new(96);
        let encoded = embedder.encode(&PASSAGES, Side::Passage, 1).unwrap();
        let mut learner = Learner::new(96);
        encoded.iter().flat_map(|e| e.tokens.iter()).for_each(|(_, v)| learner.push(v));
        let projection = learner.finish(NUMBERS).unwrap();
        let mut writer = Writer::new(Vec::new(), embedder.identity(), projection.clone()).unwrap();
        for one in &encoded {
            writer.push(&pack(&projection, &one.tokens, |_| true)).unwrap();
        }
        let path = dir.path().join("tokens");
        fs::write(&path, writer.finish().unwrap()).unwrap();
        path
    }

    fn ask(late: &Late, text: &str, weight: impl Fn(Range<u32>) -> f32) -> Question {
        let encoded = HashEmbedder::new(96).encode(&[text], Side::Query, 1).unwrap();
        late.question(&encoded[0].tokens, weight)
    }

    #[test]
    fn the_passage_with_the_questions_words_comes_first() {
        let dir = tempfile::tempdir().unwrap();
        let late = Late::open(&file(&dir)).unwrap();
        assert_eq!(late.len(), 5);
        let question = ask(&late, "torque of the flange bolt", |_| 1.0);
        let ranked = late.rerank(&question, &[4, 3, 2, 1, 0, 99]);
        assert_eq!(ranked[0].0, 0, "{ranked:?}");
        assert_eq!(ranked[1].0, 3, "{ranked:?}");
        assert_eq!(&ranked[4..], [(2, 0.0), (99, 0.0)]);
    }

    #[test]
    fn weights_choose_the_words_that_count() {
        let dir = tempfile::tempdir().unwrap();
        let late = Late::open(&file(&dir)).unwrap();
        let text = "flange filter";
        let only = |wanted: &'static str| {
            ask(&late, text, move |span| f32::from(u8::from(word(text, span) == wanted)))
        };
        assert_eq!(late.rerank(&only("filter"), &[0, 1, 3])[0].0, 1);
        assert_ne!(late.rerank(&only("flange"), &[0, 1, 3])[0].0, 1);
        let none = ask(&late, text, |_| 0.0);
        assert!(none.is_empty());
        assert_eq!(late.score(&none, 0), 0.0);
        assert!((late.score(&only("filter"), 1) - 1.0).abs() < 1e-3, "a word is like itself");
    }

    #[test]
    fn every_path_scores_alike() {
        let dir = tempfile::tempdir().unwrap();
        let mut late = Late::open(&file(&dir)).unwrap();
        let question = ask(&late, "oil alarm on the grey tank", |_| 1.0);
        let want = late.rerank(&question, &[0, 1, 2, 3, 4]);
        for path in [Isa::Scalar, Isa::Avx2, Isa::AvxVnni, Isa::Avx512Vnni] {
            if let Some(kernels) = Kernels::of(path) {
                late.kernels = kernels;
                assert_eq!(late.rerank(&question, &[0, 1, 2, 3, 4]), want, "{path:?}");
            }
        }
    }

    #[test]
    fn packed_rows_go_from_file_to_file() {
        let dir = tempfile::tempdir().unwrap();
        let late = Late::open(&file(&dir)).unwrap();
        let mut writer = Writer::new(Vec::new(), "hash-96", late.projection().clone()).unwrap();
        for id in 0..5 {
            writer.push(late.packed(id).unwrap()).unwrap();
        }
        assert_eq!(late.packed(5), None);
        let copy = dir.path().join("copy");
        fs::write(&copy, writer.finish().unwrap()).unwrap();
        assert_eq!(fs::read(copy).unwrap(), fs::read(dir.path().join("tokens")).unwrap());
        assert_eq!(late.identity(), identity("hash-96", late.projection()));
    }

    #[test]
    fn damage_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = file(&dir);
        let whole = fs::read(&path).unwrap();
        for end in [0, 64, whole.len() / 2, whole.len() - 1] {
            fs::write(&path, &whole[..end]).unwrap();
            assert_eq!(Late::open(&path).unwrap_err().kind, Kind::Index, "cut at {end}");
        }
        let mut rotten = whole;
        rotten[100] ^= 1;
        fs::write(&path, &rotten).unwrap();
        assert_eq!(Late::open(&path).unwrap().verify().unwrap_err().kind, Kind::Index);
    }

    #[test]
    fn ends_that_do_not_fit_the_rows_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("odd");
        for ends in [&[1_u32, 0, 2][..], &[1, 3], &[], &[u32::MAX]] {
            let mut out = container::Writer::new(Vec::new(), FORM, VERSION, "x").unwrap();
            out.begin("rows").unwrap();
            out.write(&[128; 2 * ROW]).unwrap();
            out.begin("ends").unwrap();
            out.write(&ends.iter().flat_map(|e| e.to_le_bytes()).collect::<Vec<_>>()).unwrap();
            out.begin("projection").unwrap();
            out.write(&[0; 8 * 4]).unwrap();
            fs::write(&path, out.finish(&[("dims", 4), ("small", 1)]).unwrap()).unwrap();
            assert_eq!(Late::open(&path).unwrap_err().kind, Kind::Index, "{ends:?}");
        }
    }

    #[test]
    fn a_pieces_word_is_the_run_of_letters_around_it() {
        let text = "Zylinder-Köpfe: 3.5 bar";
        let at = |part: &str| {
            let start = text.find(part).unwrap();
            word(text, start as u32..(start + part.len()) as u32)
        };
        assert_eq!(
            [at("lind"), at("öpf"), at("-"), at("5"), at("bar")],
            ["Zylinder", "Köpfe", "-", "5", "bar"]
        );
        assert_eq!(word(text, 9..10), "Köpfe");
        assert_eq!(word(text, 11..12), "", "not on a character's edge");
        assert_eq!(word(text, 90..95), "");
        assert_eq!(word(text, 3..3), "", "a mark of the tokenizer's own");
    }

    proptest! {
        #[test]
        fn words_of_any_span_never_panic(text in "\\PC*", start: u32, len in 0_u32..20) {
            let start = start % 64;
            let _ = word(&text, start..start + len);
        }
    }
}
