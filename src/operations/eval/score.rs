//! Pure scoring rules, shared by every suite.

/// Does `text` hold `needle` as whole words and numbers ("4 mm" is not in "14 mm", "265 bar"
/// not in "1265 bar")? Case and white space do not matter.
pub fn holds(text: &str, needle: &str) -> bool {
    let (text, needle) = (fold(text), fold(needle));
    if needle.is_empty() {
        return true;
    }
    text.match_indices(&needle).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + needle.len()..].chars().next();
        let joins = |edge: Option<char>, inside: Option<char>| match (edge, inside) {
            // Chinese sets no spaces: its signs begin and end words anywhere.
            (Some(e), Some(i)) => e.is_alphanumeric() && i.is_alphanumeric() && !is_han(e) && !is_han(i),
            _ => false,
        };
        // "1.5" must not be found in "21.5" nor "5 mm" in "1.5 mm".
        let decimal_before = matches!(before, Some('.' | ','))
            && needle.starts_with(|c: char| c.is_ascii_digit())
            && text[..at - 1].ends_with(|c: char| c.is_ascii_digit());
        !joins(before, needle.chars().next()) && !joins(after, needle.chars().next_back()) && !decimal_before
    })
}

fn is_han(c: char) -> bool {
    ('\u{3400}'..='\u{9FFF}').contains(&c)
}

fn fold(text: &str) -> String {
    let plain = text.replace(['\u{a0}', '\u{202f}'], " ").replace(['−', '–'], "-");
    plain.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Nearest-rank percentile of unsorted values; `None` where there are none.
pub fn percentile(values: &[f64], p: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = ((p / 100.0 * sorted.len() as f64).ceil() as usize).max(1);
    sorted.get(rank - 1).copied()
}

/// `part` of `whole` as a share from 0 to 1; 0 where there is nothing.
pub fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyword_counts_only_as_a_whole_number_or_word() {
        assert!(holds("Torque: 195 Nm.", "195 nm"));
        assert!(holds("a  gap of 4\u{a0}mm", "4 mm"));
        assert!(!holds("a gap of 14 mm", "4 mm"));
        assert!(!holds("a gap of 1.4 mm", "4 mm"));
        assert!(!holds("code E150", "E15"));
        assert!(holds("V-belt slip, E15.", "E15"));
    }

    #[test]
    fn percentiles_are_nearest_rank() {
        let v = [4.0, 1.0, 3.0, 2.0];
        assert_eq!(percentile(&v, 50.0), Some(2.0));
        assert_eq!(percentile(&v, 95.0), Some(4.0));
        assert_eq!(percentile(&[], 50.0), None);
    }
}
