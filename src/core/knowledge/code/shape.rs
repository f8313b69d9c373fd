//! The shape of one code: what stays when its digits are counted instead of read.

/// The shape of a token as it is written, and how many digits each of its numbers has:
/// "F-37" is `F#` with 2, "P9-64" is `P#-#` with 1 and 2, "Err07" is `ERR#` with 2. Letters
/// and digits are joined whatever stands between; between two numbers the separator stays,
/// as a hyphen.
///
/// `None` where it is no code's: no digits, other than ASCII, too long.
pub(super) fn shape(token: &str) -> Option<(String, Vec<u8>)> {
    const LONGEST: usize = 24;
    if token.len() > LONGEST || !token.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut out = String::new();
    let mut runs: Vec<u8> = Vec::new();
    let mut separated = false;
    let mut in_number = false;
    for c in token.chars() {
        match c {
            '0'..='9' if in_number => {
                if let Some(run) = runs.last_mut() {
                    *run += 1;
                }
            }
            '0'..='9' => {
                if separated && out.ends_with('#') {
                    out.push('-');
                }
                out.push('#');
                runs.push(1);
                in_number = true;
            }
            'A'..='Z' | 'a'..='z' => {
                out.push(c.to_ascii_uppercase());
                in_number = false;
            }
            '$' if out.is_empty() => out.push('$'),
            '-' | '_' | '.' | ':' | '/' | ' ' => {
                in_number = false;
                separated = true;
                continue;
            }
            _ => return None,
        }
        separated = false;
    }
    (!runs.is_empty()).then_some((out, runs))
}

/// Is it an identifier in capitals with underscores (`MAX_ENDSTOP_PRESSED`)?
pub(super) fn is_snake(token: &str) -> bool {
    const LONGEST: usize = 64;
    let part = |p: &str| !p.is_empty() && p.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    token.len() <= LONGEST
        && token.contains('_')
        && token.contains(|c: char| c.is_ascii_uppercase())
        && token.split('_').all(part)
}

/// Is it one word of capitals, as identifiers of one word are (`OVERSPEED`)?
pub(super) fn is_capitals(token: &str) -> bool {
    token.len() >= 2 && token.len() <= 32 && token.chars().all(|c| c.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_shape_counts_digits_and_keeps_letters() {
        for (token, text, runs) in [
            ("E203", "E#", vec![3]),
            ("F-37", "F#", vec![2]),
            ("Err07", "ERR#", vec![2]),
            ("P9-64", "P#-#", vec![1, 2]),
            ("A1.02", "A#-#", vec![1, 2]),
            ("X1:5", "X#-#", vec![1, 1]),
            ("$130", "$#", vec![3]),
            ("6204-2RS", "#-#RS", vec![4, 1]),
            ("10121", "#", vec![5]),
            ("P0A80", "P#A#", vec![1, 2]),
        ] {
            assert_eq!(shape(token), Some((text.into(), runs)), "{token}");
        }
        assert_eq!(shape("HE"), None);
        assert_eq!(shape("24°"), None);
    }

    #[test]
    fn identifiers_are_told_from_words() {
        assert!(is_snake("MAX_ENDSTOP_PRESSED") && is_snake("PHASE_1_LOST"));
        assert!(!is_snake("vel_limit") && !is_snake("MAX") && !is_snake("_A") && !is_snake("A__B"));
        assert!(is_capitals("OVERSPEED") && !is_capitals("Overspeed"));
    }

    proptest! {
        #[test]
        fn any_token_has_at_most_one_shape(token in "\\PC{0,30}") {
            if let Some((text, runs)) = shape(&token) {
                prop_assert_eq!(text.matches('#').count(), runs.len());
            }
        }
    }
}
