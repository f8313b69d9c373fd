//! A document's sections, and which warnings govern what.
//!
//! ```text
//! ## Belt                       a section
//! Takes an hour.
//! > DANGER …                    at its head: all of the section and its subsections
//! 1. Stop.
//! 2. Lock out the breaker.      a lockout step: the steps that follow
//! > CAUTION …                   further down: what follows, subsections too
//! 3. Pull.
//! ```
//!
//! A warning that nothing follows is about what came before it: all of its section.

use super::cut::MOST_WARNINGS;
use super::passage::{Signal, Warning};
use super::read::{Block, BlockKind, Document, signal};

/// Where a piece of a document stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Its section, as [`Outline`] numbers them.
    pub section: usize,
    /// The block that it starts with.
    pub block: usize,
    /// Is it a numbered step?
    pub is_step: bool,
}

/// The sections of a document and the warnings that stand in them.
pub(super) struct Outline {
    sections: Vec<Section>,
    /// Section of each block.
    pub(super) of_block: Vec<usize>,
}

struct Section {
    title: Option<String>,
    level: u8,
    parent: Option<usize>,
    /// In the document's order.
    warnings: Vec<Governing>,
    /// The last block of content in it or below it.
    last_content: usize,
}

/// A warning, with the reach that its place gives it.
struct Governing {
    warning: Warning,
    block: usize,
    reach: Reach,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// At the head of its section: all of the section and its subsections.
    Section,
    /// Further down: what follows it in the section and its subsections.
    Following,
    /// A lockout step: the steps that follow it in the section itself.
    FollowingSteps,
}

impl Outline {
    pub(super) fn of(document: &Document) -> Self {
        let root = Section { title: None, level: 0, parent: None, warnings: Vec::new(), last_content: 0 };
        let mut outline =
            Outline { sections: vec![root], of_block: Vec::with_capacity(document.blocks.len()) };
        let mut here = 0;
        let mut only_paragraphs_so_far = true;
        for (at, block) in document.blocks.iter().enumerate() {
            if let BlockKind::Heading { level } = block.kind {
                here = outline.open(here, level, &block.text);
                only_paragraphs_so_far = true;
            }
            outline.of_block.push(here);
            match block.kind {
                BlockKind::Warning { signal } => {
                    let reach = if only_paragraphs_so_far { Reach::Section } else { Reach::Following };
                    outline.warn(here, at, block, signal, reach);
                }
                BlockKind::Item { number: Some(_) } => {
                    if is_lockout_step(&block.text) && !outline.is_about_lockout(here) {
                        outline.warn(here, at, block, Signal::Warning, Reach::FollowingSteps);
                    }
                    only_paragraphs_so_far = false;
                    outline.content(here, at);
                }
                BlockKind::Item { number: None } | BlockKind::Table { .. } | BlockKind::Code => {
                    only_paragraphs_so_far = false;
                    outline.content(here, at);
                }
                BlockKind::Paragraph => outline.content(here, at),
                BlockKind::Heading { .. } => {}
            }
        }
        outline.widen_last_warnings();
        outline
    }

    fn open(&mut self, here: usize, level: u8, title: &str) -> usize {
        let mut parent = here;
        while let Some(section) = self.sections.get(parent)
            && section.level >= level
            && let Some(above) = section.parent
        {
            parent = above;
        }
        let title = Some(title.to_owned());
        self.sections.push(Section {
            title,
            level,
            parent: Some(parent),
            warnings: Vec::new(),
            last_content: 0,
        });
        self.sections.len() - 1
    }

    fn warn(&mut self, here: usize, block_at: usize, block: &Block, signal: Signal, reach: Reach) {
        let warning = Warning {
            signal,
            text: block.text.clone(),
            span: block.span,
            lockout: signal::lockout(&block.text),
        };
        if let Some(section) = self.sections.get_mut(here) {
            section.warnings.push(Governing { warning, block: block_at, reach });
        }
    }

    fn content(&mut self, here: usize, block_at: usize) {
        let mut at = Some(here);
        while let Some(section) = at.and_then(|i| self.sections.get_mut(i)) {
            section.last_content = block_at;
            at = section.parent;
        }
    }

    /// A warning that nothing follows in its section is about what came before it.
    fn widen_last_warnings(&mut self) {
        for section in &mut self.sections {
            for governing in &mut section.warnings {
                if governing.reach == Reach::Following && governing.block > section.last_content {
                    governing.reach = Reach::Section;
                }
            }
        }
    }

    fn is_about_lockout(&self, at: usize) -> bool {
        self.ancestry(at).any(|s| s.title.as_deref().is_some_and(signal::lockout))
    }

    /// A section and those above it, innermost first.
    fn ancestry(&self, at: usize) -> impl Iterator<Item = &Section> {
        std::iter::successors(self.sections.get(at), |s| s.parent.and_then(|p| self.sections.get(p)))
    }

    /// Headings from the first level down.
    pub(super) fn path(&self, at: usize) -> Vec<String> {
        let mut path: Vec<String> = self.ancestry(at).filter_map(|s| s.title.clone()).collect();
        path.reverse();
        path
    }

    /// The warnings that govern a piece, gravest first, then in the manual's order; `None`
    /// where there are more than can be.
    pub(super) fn governing(&self, piece: Place) -> Option<Vec<Warning>> {
        let mut found: Vec<&Governing> = Vec::new();
        for (up, section) in self.ancestry(piece.section).enumerate() {
            let reaches = |g: &&Governing| match g.reach {
                Reach::Section => true,
                Reach::Following => g.block <= piece.block,
                Reach::FollowingSteps => up == 0 && piece.is_step && g.block < piece.block,
            };
            found.extend(section.warnings.iter().filter(reaches).take(MOST_WARNINGS + 1));
            if found.len() > MOST_WARNINGS {
                return None;
            }
        }
        found.sort_by_key(|g| (std::cmp::Reverse(g.warning.signal), g.block));
        Some(found.into_iter().map(|g| g.warning.clone()).collect())
    }
}

/// A step that locks something out; taking the locks off again governs nothing.
fn is_lockout_step(text: &str) -> bool {
    let lower = text.to_lowercase();
    #[rustfmt::skip]
    const UNDONE: &[&str] = &[
        "remove", "release", "take off", "clear the lock", "unlock", "retire", "quite", "libere", "desbloque", "解除", "取下",
        "拆除", "移除",
    ];
    let undone = UNDONE.iter().any(|w| lower.contains(w));
    signal::lockout(text) && !undone
}
