//! How well a passage supports a question: word by word, by what it holds and by what comes
//! near in meaning. Measured for the best hits only, and comparable between questions of one
//! generation: that is what the rank's score is not.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use super::meaning::Near;
use super::words::{held_terms, rarest, rarity};
use super::{Asked, Meant, QueryCodes};
use crate::core::Result;
use crate::core::knowledge::analyse;
use crate::core::knowledge::generation::Generation;

/// So many of the best hits are measured.
pub(super) const MEASURED: usize = 5;

/// Words that ask rather than say what about, in the languages of the analyser.
#[rustfmt::skip]
const ASKING: &[&str] = &[
    "mean", "meaning", "show", "display", "code", "error", "alarm", "fault", "number", "value", "correct", "right",
    "problem", "thing", "need", "use", "happen", "manual", "know", "find", "give", "look", "come", "stand", "tell",
    "explain", "describe", "exactly", "must", "should", "fix", "solve", "do", "say", "appear", "indicate", "cause", "reason", "become",
    "go", "take", "due", "moment", "normal", "may", "get",
    "significa", "código", "error", "fallo", "alarma", "qué", "cómo", "cuál", "debo", "hacer", "indica", "aparece", "muestra",
    "causa", "solución", "manual",
    "什么", "意思", "怎么", "如何", "故障", "报警", "代码", "显示", "原因", "处理", "是什么", "多少", "哪个", "应该", "说明书", "可以", "一下",
];

/// What a word of a machine's name counts, as a share of its rarity.
const NAME: f32 = 0.15;
/// Cosines of contextual word pieces start far above zero: what is below the first counts
/// for nothing, what is above the second for all.
const FAR: f32 = 0.45;
const NEAR: f32 = 0.85;

/// The terms of [`ASKING`], as passages of `language` hold them and as a text of no known
/// language does. Analysed once: it is asked for with every question.
fn asking(language: &str) -> &'static BTreeSet<String> {
    static ASKED: [OnceLock<BTreeSet<String>>; 4] = [const { OnceLock::new() }; 4];
    let primary = analyse::primary(language);
    let terms = match primary {
        Some("en") => &ASKED[0],
        Some("es") => &ASKED[1],
        Some("zh") => &ASKED[2],
        _ => &ASKED[3],
    };
    terms.get_or_init(|| ASKING.iter().flat_map(|w| in_language(w, primary)).collect())
}

fn in_language(text: &str, language: Option<&str>) -> impl Iterator<Item = String> {
    analyse::terms_in(text, language).into_iter().chain(analyse::terms(text))
}

/// A question's words in one language of the manuals, with what each weighs.
pub(super) struct Weighed<'g> {
    generation: &'g Generation,
    near: Option<Near<'g>>,
    terms: Vec<(String, f32)>,
    /// Those that no manual of the generation has, and their share of the weight.
    pub absent: (Vec<String>, f32),
}

impl<'g> Weighed<'g> {
    /// The content of `asked` as passages of `language` would hold it. Words of `machines`,
    /// which the question names, say little: all that is written about these has them.
    pub(super) fn of(
        generation: &'g Generation,
        asked: &Asked,
        meant: Option<&Meant<'_>>,
        machines: &[&str],
        language: &str,
    ) -> Result<Weighed<'g>> {
        let asking = asking(language);
        let named: BTreeSet<String> = machines.iter().flat_map(|m| in_language(m, Some(language))).collect();
        let unknown = rarest(generation);
        let mut terms = Vec::new();
        let mut absent = Vec::new();
        let (mut all, mut share) = (0.0, 0.0);
        for term in asked.terms_in(generation, language) {
            if asking.contains(&term) {
                continue;
            }
            let rare = rarity(generation, &term)?;
            let weight = if named.contains(&term) { NAME * rare } else { rare };
            all += weight;
            if rare >= unknown {
                share += weight;
                absent.push(term.clone());
            }
            terms.push((term, weight));
        }
        let near = meant.and_then(|m| m.near(generation));
        let absent = (absent, if all > 0.0 { share / all } else { 0.0 });
        Ok(Weighed { generation, near, terms, absent })
    }

    /// The share of the question's content, by rarity, that stands in a passage, its headings
    /// and its machine's name included; a word that only comes near in meaning counts for a
    /// part. From 0 to 1.
    pub(super) fn support(&self, id: u32, codes: &QueryCodes) -> f32 {
        let Some(passage) = self.generation.passage(id) else { return 0.0 };
        let held = held_terms(&passage);
        let near = self.near.as_ref().map(|near| near.of(id)).unwrap_or_default();
        let mut words: Vec<(f32, f32)> = self
            .terms
            .iter()
            .map(|(term, weight)| {
                let has = if held.contains(term) { 1.0f32 } else { 0.0 };
                let cosine = near.get(term.as_str()).copied().unwrap_or(0.0);
                (*weight, has.max(((cosine - FAR) / (NEAR - FAR)).clamp(0.0, 0.9)))
            })
            .collect();
        let rarest = words.iter().map(|w| w.0).fold(0.0, f32::max);
        for code in codes.known.iter().chain(&codes.unknown) {
            words.push((rarest.max(1.0), if super::holds(&passage, code) { 1.0 } else { 0.0 }));
        }
        let all: f32 = words.iter().map(|w| w.0).sum();
        if all > 0.0 { words.iter().map(|(w, has)| w * has).sum::<f32>() / all } else { 0.0 }
    }
}
