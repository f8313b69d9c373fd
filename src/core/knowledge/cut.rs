//! Cuts a document's blocks into passages: a table's row, a numbered step, a code's own
//! entry each by itself; running text in pieces that stay within their section.
//!
//! A code's section that is short enough to be said is one passage, its steps and labelled
//! lines ("Cause: …") with it: torn apart, its parts no longer say which code they are about.

use super::code::{self, Shapes};
use super::outline::{Outline, Place};
use super::passage::{Field, Figure, Passage, Shape, Span};
use super::read::{Block, BlockKind, Cell, Document, Row, trimmed, unreadable};
use super::revision::{Identity, Origin};
use super::role;
use crate::core::Result;

/// Running text is gathered up to this many bytes.
const PROSE_BYTES: usize = 900;
/// A single block longer than this is cut at line or sentence ends.
const LONGEST_PROSE: usize = 1800;
/// More warnings than this over one passage could not be spoken before an answer.
pub const MOST_WARNINGS: usize = 32;

/// The language tag of a document whose language is unknown (BCP 47 "undetermined").
pub const UNKNOWN_LANGUAGE: &str = "und";

/// A document in pieces.
pub struct Cut {
    /// The passages, in the document's order.
    pub passages: Vec<Passage>,
    /// The codes that the whole document is the entry of, as written.
    pub codes: Vec<String>,
    /// What its codes look like.
    pub shapes: Shapes,
}

/// Cuts `document`. `files` names, by the figure's place in the document, the pictures that
/// were kept.
///
/// # Errors
/// `Kind::Unreadable` where more than [`MOST_WARNINGS`] warnings govern one passage: the
/// file has warnings but no headings that would say what they are about.
pub fn cut(
    document: &Document,
    identity: &Identity,
    kb: &str,
    id: &str,
    files: &[Option<String>],
) -> Result<Cut> {
    let outline = Outline::of(document);
    let codes = Codes::of(document, identity, id);
    let pieces = Cutter::new(document, &outline, &codes.shapes).pieces();
    let root = title_above(document, identity);
    let mut passages = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let Some(text) = piece.span.of(&document.text) else {
            continue;
        };
        let warnings = outline.governing(piece.place()).ok_or_else(|| {
            unreadable(
                format!("{id}: more than {MOST_WARNINGS} warnings govern one passage"),
                "give the manual headings, so that each warning belongs to a section",
            )
        })?;
        let mut section = outline.path(piece.section);
        section.splice(0..0, root.clone());
        let (piece_codes, own) = codes.of_piece(&piece, text, &section);
        let page = document.pages.iter().take_while(|p| p.at <= piece.span.start).last();
        let language = &identity.language.value;
        passages.push(Passage {
            kb: kb.to_owned(),
            document: id.to_owned(),
            title: identity.title.value.clone(),
            revision: identity.revision.value.clone(),
            machine: identity.machine.value.clone(),
            model: identity.model.value.clone(),
            language: if language.is_empty() { UNKNOWN_LANGUAGE.to_owned() } else { language.clone() },
            section,
            page: page.map(|p| p.number),
            page_label: page.and_then(|p| p.label.clone()),
            span: piece.span,
            text: text.to_owned(),
            shape: piece.shape,
            fields: piece.fields,
            codes: piece_codes,
            own,
            warnings,
            figures: figures(document, piece.span, text, files),
            ocr: document.ocr.iter().any(|o| o.start < piece.span.end && piece.span.start < o.end),
        });
    }
    Ok(Cut { passages, codes: codes.whole, shapes: codes.shapes })
}

/// The title as the first heading, where the document is given one but sets none itself.
fn title_above(document: &Document, identity: &Identity) -> Option<String> {
    let stated = !matches!(identity.title.origin, Origin::Heading | Origin::FileName | Origin::Unknown);
    let sets_one = document.blocks.iter().any(|b| matches!(b.kind, BlockKind::Heading { level: 1 }));
    (stated && !sets_one).then(|| identity.title.value.clone())
}

/// The figures that stand in a passage or are named by it ("see Figure 3").
fn figures(document: &Document, span: Span, text: &str, files: &[Option<String>]) -> Vec<Figure> {
    let named = |label: &str| {
        !label.is_empty()
            && text.match_indices(label).any(|(at, _)| {
                // "Figure 3" is not named by "Figure 31".
                let after = text.get(at + label.len()..).and_then(|t| t.chars().next());
                !after.is_some_and(char::is_alphanumeric)
            })
    };
    document
        .figures
        .iter()
        .enumerate()
        .filter(|(_, f)| (span.start <= f.span.start && f.span.end <= span.end) || named(&f.label))
        .map(|(place, f)| Figure {
            label: f.label.clone(),
            caption: f.caption.clone(),
            file: files.get(place).cloned().flatten(),
        })
        .collect()
}

/// The codes that a whole document is the entry of: its front matter's `codes`, or the one
/// that its title defines ("M42 – set a pin").
fn document_codes(document: &Document, identity: &Identity) -> Vec<String> {
    let stated = document.front.get("codes").map(|list| code::stated_codes(list)).unwrap_or_default();
    if !stated.is_empty() {
        return stated;
    }
    code::defined_code(&identity.title.value).map(|m| m.text).into_iter().collect()
}

/// The machines' designations in a document's path ("GX4000-Series/faults.md"), canonical.
/// A single letter with digits is left out: there it is more often a code.
pub fn series_in(id: &str) -> impl Iterator<Item = String> {
    super::analyse::designations(id).filter(|d| d.chars().take_while(|c| c.is_alphabetic()).count() >= 2)
}

/// What a document as a whole says about codes.
struct Codes {
    whole: Vec<String>,
    shapes: Shapes,
    /// The machine's own designations, which are no codes.
    names: Vec<String>,
}

impl Codes {
    fn of(document: &Document, identity: &Identity, id: &str) -> Self {
        let whole = document_codes(document, identity);
        let defined: Vec<String> = whole.iter().map(|c| code::normalise(c)).collect();
        let mut names: Vec<String> = super::analyse::designations(&identity.title.value).collect();
        names.extend(series_in(id));
        names.retain(|n| !defined.contains(n));
        names.push(code::normalise(&identity.model.value));
        Codes { whole, shapes: Shapes::learn(document, &names), names }
    }

    /// The codes of a piece, its own first, and how many are its own.
    fn of_piece(&self, piece: &Piece, text: &str, section: &[String]) -> (Vec<String>, usize) {
        let mut seen = self.names.clone();
        let mut fresh = |c: &String| {
            let normal = code::normalise(c);
            let fresh = !seen.contains(&normal);
            seen.push(normal);
            fresh
        };
        let mut named =
            if piece.shape == Shape::Row { self.shapes.own_codes_of_row(&piece.fields) } else { Vec::new() };
        named.extend(piece.defines.clone());
        if named.is_empty() {
            named = self.heading_codes(section);
        }
        if named.is_empty() {
            named.clone_from(&self.whole);
        }
        named.retain(&mut fresh);
        let own = named.len();
        named.extend(self.shapes.codes_in(text).into_iter().map(|m| m.text).filter(&mut fresh));
        (named, own)
    }

    /// The codes of the nearest heading that has any: its section is their entry.
    fn heading_codes(&self, section: &[String]) -> Vec<String> {
        let codes = section.iter().rev().map(|h| self.shapes.heading_codes(h));
        codes.into_iter().find(|c| !c.is_empty()).unwrap_or_default()
    }
}

/// A passage to be: what is known of it from the blocks alone.
struct Piece {
    section: usize,
    /// The block that it starts with.
    block: usize,
    span: Span,
    shape: Shape,
    fields: Vec<Field>,
    /// The code that running text defines ("E203: …").
    defines: Option<String>,
}

impl Piece {
    fn place(&self) -> Place {
        Place { section: self.section, block: self.block, is_step: self.shape == Shape::Step }
    }
}

/// Walks the blocks and gathers pieces.
struct Cutter<'d> {
    document: &'d Document,
    outline: &'d Outline,
    pieces: Vec<Piece>,
    shapes: &'d Shapes,
    /// Running text that is being gathered: first block, its place.
    prose: Option<(usize, Span)>,
}

impl<'d> Cutter<'d> {
    fn new(document: &'d Document, outline: &'d Outline, shapes: &'d Shapes) -> Self {
        Cutter { document, outline, pieces: Vec::new(), shapes, prose: None }
    }

    fn pieces(mut self) -> Vec<Piece> {
        let document = self.document;
        let mut entry_ends = 0;
        for (at, block) in document.blocks.iter().enumerate() {
            if at < entry_ends {
                continue;
            }
            match &block.kind {
                BlockKind::Heading { .. } => {
                    self.flush();
                    // "E203 Oil level low" says what the code means: it belongs to the entry.
                    if !self.shapes.heading_codes(&block.text).is_empty() {
                        let start = self.without_marks(block.span);
                        match self.short_entry(at, start.start) {
                            Some((end, span)) => {
                                entry_ends = end;
                                self.piece(at, span, Shape::Prose, labelled(document, at..end), None);
                            }
                            None => self.prose = Some((at, start)),
                        }
                    }
                }
                BlockKind::Table { header, rows } => {
                    self.flush();
                    for row in rows {
                        self.piece(at, row.span, Shape::Row, fields(header, row), None);
                    }
                }
                BlockKind::Item { number: Some(_) } => {
                    self.flush();
                    self.piece(at, block.span, Shape::Step, Vec::new(), defined(block));
                }
                BlockKind::Warning { .. } => {
                    self.flush();
                    self.piece(at, block.span, Shape::Prose, Vec::new(), None);
                }
                BlockKind::Paragraph | BlockKind::Item { number: None } | BlockKind::Code => {
                    self.gather(at, block)
                }
            }
        }
        self.flush();
        self.pieces
    }

    fn piece(&mut self, block: usize, span: Span, shape: Shape, fields: Vec<Field>, defines: Option<String>) {
        let section = self.outline.of_block.get(block).copied().unwrap_or(0);
        self.pieces.push(Piece { section, block, span, shape, fields, defines });
    }

    fn gather(&mut self, at: usize, block: &Block) {
        if let Some(code) = defined(block) {
            self.flush();
            self.piece(at, block.span, Shape::Prose, Vec::new(), Some(code));
            return;
        }
        match self.prose {
            Some((first, span)) if block.span.end.saturating_sub(span.start) <= PROSE_BYTES => {
                self.prose = Some((first, Span { start: span.start, end: block.span.end.max(span.end) }));
            }
            _ => {
                self.flush();
                self.prose = Some((at, block.span));
            }
        }
    }

    /// The section below the code heading at `at`, where it is short enough to be one passage
    /// and holds no table and no warning, whose reach depends on its place: one past its last
    /// block, and its span.
    fn short_entry(&self, at: usize, start: usize) -> Option<(usize, Span)> {
        let after = at + 1;
        let blocks = self.document.blocks.get(after..)?;
        let length = blocks.iter().position(|b| matches!(b.kind, BlockKind::Heading { .. }));
        let own = blocks.get(..length.unwrap_or(blocks.len()))?;
        let plain = own.iter().all(|b| {
            matches!(b.kind, BlockKind::Paragraph | BlockKind::Item { .. } | BlockKind::Code)
                && defined(b).is_none()
        });
        let end = own.iter().map(|b| b.span.end).max()?;
        (plain && end > start && end - start <= LONGEST_PROSE)
            .then_some((after + own.len(), Span { start, end }))
    }

    /// A heading's place without Markdown's `#` before it.
    fn without_marks(&self, span: Span) -> Span {
        let raw = span.of(&self.document.text).unwrap_or_default();
        let marks = raw.len() - raw.trim_start_matches(['#', ' ', '\t']).len();
        Span { start: span.start + marks, end: span.end }
    }

    fn flush(&mut self) {
        let Some((block, span)) = self.prose.take() else {
            return;
        };
        for part in split(&self.document.text, span) {
            self.piece(block, part, Shape::Prose, Vec::new(), None);
        }
    }
}

/// The labelled lines of some blocks ("Cause: stuck throttle").
fn labelled(document: &Document, blocks: std::ops::Range<usize>) -> Vec<Field> {
    let mut fields = Vec::new();
    for block in document.blocks.get(blocks).unwrap_or_default() {
        let mut at = block.span.start;
        for line in block.span.of(&document.text).unwrap_or_default().split_inclusive('\n') {
            if let Some((role, name, value)) = role::label(line) {
                fields.push(Field {
                    name: line.get(name).unwrap_or_default().to_owned(),
                    value: line.get(value.clone()).unwrap_or_default().to_owned(),
                    span: Span { start: at + value.start, end: at + value.end },
                    role: Some(role),
                });
            }
            at += line.len();
        }
    }
    fields
}

fn defined(block: &Block) -> Option<String> {
    code::defined_code(&block.text).map(|m| m.text)
}

fn fields(header: &[Cell], row: &Row) -> Vec<Field> {
    let name = |column: usize| header.get(column).map(|h| h.text.clone()).unwrap_or_default();
    row.cells
        .iter()
        .enumerate()
        .map(|(column, cell)| {
            let name = name(column);
            let role = role::of(&name);
            Field { name, value: cell.text.clone(), span: cell.span, role }
        })
        .collect()
}

/// Cuts an overlong piece of running text at line ends, else sentence ends, else spaces.
fn split(text: &str, span: Span) -> Vec<Span> {
    let mut parts = Vec::new();
    let mut start = span.start;
    while span.end.saturating_sub(start) > LONGEST_PROSE {
        let mut limit = start + PROSE_BYTES;
        while !text.is_char_boundary(limit) {
            limit += 1;
        }
        let window = text.get(start..limit).unwrap_or_default();
        let ends = [window.rfind('\n'), window.rfind(". ").map(|i| i + 1), window.rfind(' ')];
        let end = ends.into_iter().flatten().find(|i| *i > PROSE_BYTES / 3).map_or(limit, |i| start + i);
        parts.push(trimmed(text, start, end));
        start = end;
    }
    parts.push(trimmed(text, start, span.end));
    parts.retain(|p| p.start < p.end);
    parts
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::core::knowledge::read::{Markdown, Plain, Reader};
    use crate::core::knowledge::revision::Stated;

    fn passages(text: &str) -> Vec<Passage> {
        let document = Markdown.read(text.as_bytes(), "m.md").unwrap();
        let identity = Identity::of(&document, &Stated::new(), true, "m");
        let passages = cut(&document, &identity, "kb", "m.md", &[]).unwrap().passages;
        check(&document, &passages);
        passages
    }

    fn check(document: &Document, passages: &[Passage]) {
        for p in passages {
            assert_eq!(p.span.of(&document.text), Some(p.text.as_str()));
            assert!(!p.text.is_empty());
            assert!(p.fields.iter().all(|f| f.span.of(&document.text).is_some()));
            assert!(p.warnings.iter().all(|w| w.span.of(&document.text).is_some_and(|t| !t.is_empty())));
            assert!(p.warnings.is_sorted_by_key(|w| std::cmp::Reverse(w.signal)));
            assert!(p.own <= p.codes.len());
        }
    }

    fn find<'p>(passages: &'p [Passage], words: &str) -> &'p Passage {
        passages.iter().find(|p| p.text.contains(words)).unwrap_or_else(|| panic!("{words}: {passages:#?}"))
    }

    fn warned(passage: &Passage) -> Vec<&str> {
        passage.warnings.iter().map(|w| w.text.as_str()).collect()
    }

    #[test]
    fn a_row_is_a_record_with_its_columns_and_its_code() {
        let all = passages(
            "# HPU\n\n## Faults\n\n| Code | Meaning |\n|---|---|\n| E203 | Oil level low, see E204 |\n| E204 | Pump off |\n",
        );
        let row = find(&all, "| E203");
        assert_eq!(row.shape, Shape::Row);
        assert_eq!(row.section, ["HPU", "Faults"]);
        assert_eq!(row.fields[1].name, "Meaning");
        assert_eq!(row.fields[1].value, "Oil level low, see E204");
        assert_eq!(row.codes, ["E203", "E204"]);
        assert!(row.is_entry());
        assert_eq!(row.own_codes(), ["E203"]);
        assert_eq!(all.len(), 2);
    }

    #[test]
    fn each_step_is_a_passage_and_prose_stays_in_its_section() {
        let all = passages("# A\n\nOne.\n\nTwo.\n\n## B\n\nThree.\n\n1. Stop.\n2. Vent.\n");
        assert_eq!(
            all.iter().map(|p| p.shape).collect::<Vec<_>>(),
            [Shape::Prose, Shape::Prose, Shape::Step, Shape::Step]
        );
        assert_eq!(all[0].text, "One.\n\nTwo.");
        assert_eq!(all[1].section, ["A", "B"]);
    }

    #[test]
    fn a_heading_with_a_code_owns_its_section() {
        let all = passages(
            "# Faults\n\n## F-37 Encoder lost\n\nCheck the plug.\n\n### Remedy\n\nReplace it.\n\n## Other\n\nSee F-37.\n",
        );
        assert!(find(&all, "Check").is_entry() && find(&all, "Replace").is_entry());
        let other = find(&all, "See F-37");
        assert_eq!((other.own, other.codes.as_slice()), (0, ["F-37".to_owned()].as_slice()));
        assert_eq!(find(&all, "Check").own_codes(), ["F-37"]);
        assert_eq!(find(&all, "Check").text, "F-37 Encoder lost\n\nCheck the plug.");
    }

    #[test]
    fn an_entry_that_defines_a_code_is_a_passage_of_its_own() {
        let all = passages("Faults:\n\n- E15: door open\n- E16: belt slack\n");
        assert_eq!(find(&all, "E15").own_codes(), ["E15"]);
        assert_eq!(find(&all, "E15").text, "- E15: door open");
    }

    #[test]
    fn a_document_may_be_one_codes_entry() {
        let all = passages("+++\ncodes = [\"M10\", \"M11\"]\n+++\n# Spindle brake\n\nSee M12.\n");
        assert_eq!(all[0].own_codes(), ["M10", "M11"]);
        let all = passages("# M42 – Set a pin\n\nText.\n");
        assert_eq!(all[0].own_codes(), ["M42"]);
        let all =
            passages("# A\n\n## Stuck (13101, 13102)\n\nx\n\n## Hot (13103)\n\ny\n\n## Cold (13104)\n\nz\n");
        assert_eq!(find(&all, "x").own_codes(), ["13101", "13102"]);
    }

    #[test]
    fn the_machines_own_model_is_no_code() {
        let document = Markdown
            .read(b"+++\nmodel = \"PJ-40\"\n+++\n# PJ-40 manual\n\nThe PJ-40 and valve Y12.\n", "m")
            .unwrap();
        let identity = Identity::of(&document, &Stated::new(), true, "m");
        let all = cut(&document, &identity, "kb", "m", &[]).unwrap().passages;
        assert_eq!(all[0].codes, ["Y12"]);
        assert!(!all[0].is_entry());
    }

    const BELT: &str = "# PJ\n\n## Belt\n\nTakes an hour.\n\n> **DANGER** Lock out the drive.\n\n1. Stop.\n2. Open.\n\n> **CAUTION** Sharp edges.\n\n3. Pull.\n\n### Tension\n\nText.\n\n## Oil\n\nGrease.\n";

    #[test]
    fn a_warning_at_the_head_governs_the_section_and_its_subsections() {
        let all = passages(BELT);
        for words in ["Takes", "Stop", "Open"] {
            assert_eq!(warned(find(&all, words)), ["DANGER Lock out the drive."], "{words}");
        }
        assert!(find(&all, "Stop").warnings[0].lockout);
        assert_eq!(warned(find(&all, "Text."))[0], "DANGER Lock out the drive.");
        assert!(find(&all, "Grease").warnings.is_empty());
    }

    #[test]
    fn a_warning_before_a_step_governs_what_follows() {
        let all = passages(BELT);
        assert_eq!(warned(find(&all, "Pull")), ["DANGER Lock out the drive.", "CAUTION Sharp edges."]);
    }

    #[test]
    fn a_warning_that_nothing_follows_governs_its_section() {
        let all = passages(
            "## T\n\n| Size | Nm |\n|---|---|\n| M16 | 210 |\n\n> **WARNING** Replace the bolts.\n\n## U\n\nx\n",
        );
        assert_eq!(warned(find(&all, "M16")), ["WARNING Replace the bolts."]);
        assert!(find(&all, "x").warnings.is_empty());
    }

    #[test]
    fn a_lockout_step_governs_the_steps_after_it() {
        let all = passages(
            "## Belt\n\n1. Lock out the breaker.\n2. Pull the belt.\n3. Remove the lockout.\n4. Start.\n",
        );
        assert!(find(&all, "breaker").warnings.is_empty());
        assert_eq!(warned(find(&all, "Pull")), ["Lock out the breaker."]);
        assert_eq!(warned(find(&all, "Start")), ["Lock out the breaker."]);
    }

    #[test]
    fn long_prose_is_cut_and_a_flood_of_warnings_is_refused() {
        let all = passages(&"All work and no play. ".repeat(400));
        assert!(all.len() > 5 && all.iter().all(|p| p.text.len() <= LONGEST_PROSE));
        let flood = "**WARNING:** hot\n\ntext\n\n".repeat(MOST_WARNINGS + 1);
        let document = Markdown.read(flood.as_bytes(), "m").unwrap();
        let identity = Identity::of(&document, &Stated::new(), true, "m");
        assert!(cut(&document, &identity, "kb", "m", &[]).err().unwrap().to_string().contains("warnings"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn any_markdown_yields_valid_passages(
            lines in proptest::collection::vec(
                "[ ]{0,6}(#{1,3} |> |> \\*\\*DANGER\\*\\* |\\| |[0-9]{1,9}[.)] |- |\\|---\\|--|```|<p>|[+]{3}|E[0-9]{3}: )?[a-zA-Z|*_`<é液\\[\\]&;!]{0,12}",
                0..24,
            ),
        ) {
            let text = lines.join("\n");
            for reader in [&Markdown as &dyn Reader, &Plain] {
                if let Ok(document) = reader.read(text.as_bytes(), "m") {
                    let identity = Identity::of(&document, &Stated::new(), true, "m");
                    if let Ok(cut) = cut(&document, &identity, "kb", "m", &[]) {
                        check(&document, &cut.passages);
                    }
                }
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for reader in [&Markdown as &dyn Reader, &Plain] {
                if let Ok(document) = reader.read(&bytes, "m") {
                    prop_assert!(document.blocks.iter().all(|b| b.span.of(&document.text).is_some()));
                }
            }
        }
    }
}
