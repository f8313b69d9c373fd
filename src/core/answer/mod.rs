//! From passages and a draft to an answer that the manuals stand behind.
//!
//! [`quote`] picks the passage's own sentences, [`prompt`] writes what the model reads,
//! [`guard`] judges a draft, [`ladder`] builds the [`Answer`] of a rung, [`refusal`] says when
//! there is none, [`protect`] what is said in danger, [`again`] what is said to a command. Under
//! them lie [`asked`] (what a question wants), [`quantity`] (numbers, units, codes),
//! [`sentence`] and [`words`].

pub mod again;
pub mod asked;
pub mod calibration;
pub mod choose;
pub mod guard;
pub mod ladder;
pub mod prompt;
pub mod protect;
pub mod quantity;
pub mod quote;
pub mod refusal;
pub mod sentence;
pub mod source;
pub mod words;

use serde::{Deserialize, Serialize};

use super::knowledge::passage::{Figure, Signal, Warning};

/// How an answer was made, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rung {
    /// "The manuals do not say", or one question back.
    Refused,
    /// The passage's own sentences, chosen by the ranker.
    Quoted,
    /// Decoding under a source automaton.
    Constrained,
    /// The model's own sentences, each grounded in a cited passage.
    Recombined,
}

impl std::fmt::Display for Rung {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Rung::Refused => "refused",
            Rung::Quoted => "quoted",
            Rung::Constrained => "constrained",
            Rung::Recombined => "recombined",
        })
    }
}

/// What kind of thing is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AnswerKind {
    /// An answer from the manuals.
    Answer,
    /// "The manuals do not say."
    Refusal,
    /// One question back.
    Clarify,
    /// The site's own emergency text.
    Emergency,
    /// A step of a procedure.
    Step,
    /// A notice.
    Notice,
}

/// What a citation points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CitationKind {
    /// A span of a manual.
    Passage,
    /// A field of a machine event.
    Event,
}

/// Where a sentence of an answer comes from. Numbered from 1 in the answer's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Citation {
    /// What it points to.
    pub kind: CitationKind,
    /// Document id.
    pub document: String,
    /// Its revision.
    pub revision: String,
    /// Heading path.
    pub section: String,
    /// Page, where there are pages.
    pub page: Option<u32>,
    /// The page as the manual numbers it, where that differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_label: Option<String>,
    /// The cited text, verbatim.
    pub quote: String,
    /// First byte of the quote in the stored text.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
    /// Figures that the cited passage names or holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<Figure>,
}

impl Citation {
    /// The page as a person finds it in the manual.
    pub fn page_name(&self) -> Option<String> {
        self.page_label.clone().or_else(|| self.page.map(|p| p.to_string()))
    }
}

/// One sentence of an answer with the numbers of its citations (from 1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sentence {
    /// The sentence.
    pub text: String,
    /// Numbers of the citations that hold it, from 1. Never empty in an answer.
    pub citations: Vec<usize>,
}

/// A number of the answer, locked to a citation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Number {
    /// As it stands in the answer.
    pub text: String,
    /// Its value.
    pub value: f64,
    /// Its unit, `""` where it has none.
    pub unit: String,
    /// The citation (from 1) that holds it.
    pub citation: usize,
}

/// What the guard found about one draft.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Verdict {
    /// May the draft be delivered?
    pub passed: bool,
    /// Numbers, units and codes of the draft that no cited passage holds.
    pub unsupported: Vec<String>,
    /// Other reasons, one line each.
    pub reasons: Vec<String>,
}

/// A warning as it is delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// How grave.
    pub signal: Signal,
    /// Verbatim.
    pub text: String,
    /// The citation (from 1) that holds it.
    pub citation: usize,
    /// A lockout/tagout instruction.
    pub lockout: bool,
    /// What of it is said where the person has understood it before; a beginning of `text`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short: Option<String>,
}

impl Said {
    /// A warning with the number of its citation.
    pub fn of(warning: &Warning, citation: usize) -> Self {
        Said {
            signal: warning.signal,
            text: warning.text.clone(),
            citation,
            lockout: warning.lockout,
            short: None,
        }
    }

    /// The words that are said.
    pub fn words(&self) -> &str {
        self.short.as_deref().unwrap_or(&self.text)
    }
}

/// What is delivered.
///
/// Invariants: every sentence has at least one citation unless the kind is `Refusal`,
/// `Clarify`, `Emergency` or `Notice`; every number in `sentences` is in `numbers`; warnings come
/// before sentences in every rendering.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// What kind of thing it is.
    pub kind: AnswerKind,
    /// How it was made.
    pub rung: Rung,
    /// Why not a higher rung; empty on the highest.
    pub rung_why: String,
    /// The machine and the thing understood ("Pump jack, M16 flange bolt:"); may be empty.
    pub lead: String,
    /// Said before anything but the lead.
    pub warnings: Vec<Said>,
    /// What is said.
    pub sentences: Vec<Sentence>,
    /// Where it comes from.
    pub citations: Vec<Citation>,
    /// Possible readings or nearest sections to choose from.
    pub choices: Vec<String>,
    /// The numbers in it.
    pub numbers: Vec<Number>,
    /// The guard's finding about the draft that was judged last, or about the quote.
    pub verdict: Verdict,
}

impl Answer {
    /// Something that no manual says: it cites nothing. `why` says how it came to be.
    pub fn own(kind: AnswerKind, why: &str, sentences: impl IntoIterator<Item = String>) -> Answer {
        let uncited = |text| Sentence { text, citations: Vec::new() };
        Answer {
            kind,
            rung: Rung::Refused,
            rung_why: why.to_owned(),
            lead: String::new(),
            warnings: Vec::new(),
            sentences: sentences.into_iter().map(uncited).collect(),
            citations: Vec::new(),
            choices: Vec::new(),
            numbers: Vec::new(),
            verdict: Verdict { passed: true, ..Verdict::default() },
        }
    }

    /// Lead, warnings and sentences as one text, in the order in which they are said.
    pub fn text(&self) -> String {
        self.spoken_order().collect::<Vec<_>>().join(" ")
    }

    /// Lead, then warnings, then sentences.
    pub fn spoken_order(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.lead.as_str())
            .filter(|l| !l.is_empty())
            .chain(self.warnings.iter().map(Said::words))
            .chain(self.sentences.iter().map(|s| s.text.as_str()))
    }
}
