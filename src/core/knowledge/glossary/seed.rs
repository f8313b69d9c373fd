//! The seed: `seed.tsv`, one concept a line, its names in English, Spanish and Chinese
//! between tabs, several names of one language between bars. Lines with `#` are comments.

use super::{Concept, LANGUAGES};

const SEED: &str = include_str!("seed.tsv");

pub(super) fn concepts() -> Vec<Concept> {
    SEED.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).map(concept).collect()
}

fn concept(line: &str) -> Concept {
    let names = |cell: &str| -> Vec<String> {
        cell.split('|').map(str::trim).filter(|n| !n.is_empty()).map(str::to_owned).collect()
    };
    let cells = LANGUAGES.into_iter().zip(line.split('\t').map(names));
    Concept { names: cells.filter(|(_, names)| !names.is_empty()).collect() }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_line_of_the_seed_names_its_concept_in_all_three_languages() {
        for line in SEED.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
            assert_eq!(line.split('\t').count(), 3, "{line}");
            assert_eq!(concept(line).names.len(), 3, "{line}");
        }
        assert!(concepts().len() >= 400, "{}", concepts().len());
    }

    #[test]
    fn chinese_names_are_chinese_and_the_others_are_not() {
        for concept in concepts() {
            for (language, names) in concept.names {
                for name in names {
                    let han = name.contains(crate::core::knowledge::language::is_han);
                    assert!(han == (language == "zh") || name.is_ascii() && name.len() <= 8, "{name}");
                }
            }
        }
    }

    #[test]
    fn no_concept_stands_in_it_twice() {
        let mut seen = HashSet::new();
        for concept in concepts() {
            assert!(seen.insert(concept.names["en"][0].clone()), "{}", concept.names["en"][0]);
        }
    }
}
