//! What manuals become as passages.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;

use super::pieces::LONGEST_PROSE;
use super::*;
use crate::core::knowledge::passage::Shape;
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
fn a_fault_without_a_code_goes_by_its_name() {
    let all = passages(
        "# A\n\n| No | Fault | Cause | Remedy |\n|---|---|---|---|\n| 1 | Start overload | Stuck | Free it |\n\n| 序号 | 故障名称 | 原因 | 对策 |\n|---|---|---|---|\n| 1 | 起动过载 | 卡死 | 检查 |\n",
    );
    assert!(find(&all, "Stuck").own_codes().contains(&"Start overload".to_owned()));
    assert!(find(&all, "卡死").own_codes().contains(&"起动过载".to_owned()));
    let coded = passages(
        "# A\n\n| Code | Fault | Cause | Remedy |\n|---|---|---|---|\n| E1 | Start overload | Stuck | Free |\n",
    );
    assert_eq!(coded[0].own_codes(), ["E1"]);
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
