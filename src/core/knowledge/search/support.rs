//! How well a passage supports a question: word by word, by what it holds and by what comes
//! near in meaning. Measured for the best hits only, and comparable between questions of one
//! generation: that is what the rank's score is not.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::words::{rarest, rarity};
use super::{Asked, Meant, QueryCodes};
use crate::core::Result;
use crate::core::knowledge::analyse;
use crate::core::knowledge::generation::Generation;

/// So many of the best hits are measured.
pub(super) const MEASURED: usize = 5;

/// How well one passage supports the question. All from 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Support {
    /// Share of the question's content, by rarity, that stands in the passage, its headings
    /// and its machine's name included.
    pub coverage: f32,
    /// The same, where a word that only comes near in meaning counts for a part; as
    /// `coverage` where nothing measures meaning.
    pub soft: f32,
    /// How well the worst supported of the question's rare words is supported.
    pub weakest: f32,
}

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

/// A question's words in one language of the manuals, with what each weighs.
pub(super) struct Weighed {
    terms: Vec<(String, f32)>,
    /// Those that no manual of the generation has, and their share of the weight.
    pub absent: (Vec<String>, f32),
}

impl Weighed {
    /// The content of `asked` as passages of `language` would hold it. Words of `machines`,
    /// which the question names, say little: all that is written about these has them.
    pub(super) fn of(
        generation: &Generation,
        asked: &Asked,
        machines: &[&str],
        language: &str,
    ) -> Result<Weighed> {
        let in_language = |w: &str| {
            analyse::terms_in(w, Some(language)).into_iter().chain(analyse::terms(w)).collect::<Vec<_>>()
        };
        let asking: BTreeSet<String> = ASKING.iter().flat_map(|w| in_language(w)).collect();
        let named: BTreeSet<String> = machines.iter().flat_map(|m| in_language(m)).collect();
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
        Ok(Weighed { terms, absent: (absent, if all > 0.0 { share / all } else { 0.0 }) })
    }
}

/// What a word of a machine's name counts, as a share of its rarity.
const NAME: f32 = 0.15;
/// Cosines of contextual word pieces start far above zero: what is below the first counts
/// for nothing, what is above the second for all.
const FAR: f32 = 0.45;
const NEAR: f32 = 0.85;
/// A word counts as rare from this share of the rarest one's weight.
const RARE: f32 = 0.6;

/// Measures one passage.
pub(super) fn measure(
    generation: &Generation,
    id: u32,
    weighed: &Weighed,
    codes: &QueryCodes,
    meant: Option<&Meant<'_>>,
) -> Support {
    let Some(passage) = generation.passage(id) else { return Support::default() };
    let text = format!(
        "{} {} {} {} {}",
        passage.title,
        passage.machine,
        passage.model,
        passage.section.join(" "),
        analyse::body(&passage)
    );
    let held: BTreeSet<String> = analyse::terms_in(&text, Some(&passage.language)).into_iter().collect();
    let near: BTreeMap<String, f32> = meant.map(|m| m.near(generation, id)).unwrap_or_default();
    let mut words: Vec<(f32, f32, f32)> = weighed
        .terms
        .iter()
        .map(|(term, weight)| {
            let has = if held.contains(term) { 1.0f32 } else { 0.0 };
            let cosine = near.get(term).copied().unwrap_or(0.0);
            let soft = ((cosine - FAR) / (NEAR - FAR)).clamp(0.0, 0.9);
            (*weight, has, has.max(soft))
        })
        .collect();
    let rarest = words.iter().map(|w| w.0).fold(0.0, f32::max);
    for code in codes.known.iter().chain(&codes.unknown) {
        let has = if super::holds(&passage, code) { 1.0 } else { 0.0 };
        words.push((rarest.max(1.0), has, has));
    }
    let all: f32 = words.iter().map(|w| w.0).sum();
    if all <= 0.0 {
        return Support::default();
    }
    let rarest = words.iter().map(|w| w.0).fold(0.0, f32::max);
    Support {
        coverage: words.iter().map(|(w, has, _)| w * has).sum::<f32>() / all,
        soft: words.iter().map(|(w, _, soft)| w * soft).sum::<f32>() / all,
        weakest: words.iter().filter(|w| w.0 >= RARE * rarest).map(|w| w.2).fold(1.0, f32::min),
    }
}
