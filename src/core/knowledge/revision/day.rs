//! Days, as manuals write them.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Is it `YYYY-MM-DD`?
pub(super) fn is_iso(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|p| p.len()).collect();
    lengths == [4, 2, 2] && parts.iter().all(|p| p.chars().all(|c| c.is_ascii_digit()))
}

const MONTHS: &[[&str; 3]] = &[
    ["jan", "ene", "jän"],
    ["feb", "feb", "feb"],
    ["mar", "mar", "mär"],
    ["apr", "abr", "apr"],
    ["may", "may", "mai"],
    ["jun", "jun", "jun"],
    ["jul", "jul", "jul"],
    ["aug", "ago", "aug"],
    ["sep", "sep", "sep"],
    ["oct", "oct", "okt"],
    ["nov", "nov", "nov"],
    ["dec", "dic", "dez"],
];

/// A day as `YYYY-MM-DD`: `2024-03-01`, `1.3.2024`, `1 March 2024`, `March 1, 2024`,
/// `1 de marzo de 2024`, `2024年3月1日`. A day that can be read in two ways (`3/1/2024`) is
/// none.
pub(super) fn iso(text: &str) -> Option<String> {
    static NUMBERS: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"^(?:(?<y>\d{4})[-./年](?<m>\d{1,2})[-./月](?<d>\d{1,2})日?|(?<d2>\d{1,2})\.\s?(?<m2>\d{1,2})\.\s?(?<y2>\d{4}))$",
        )
        .ok()
    });
    static WORDS: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"(?i)^(?:(?<d>\d{1,2})\.?\s+(?:de\s+)?(?<m>\p{L}{3,10})\.?\s+(?:de\s+)?(?<y>\d{4})|(?<m2>\p{L}{3,10})\.?\s+(?<d2>\d{1,2}),?\s+(?<y2>\d{4}))$",
        )
        .ok()
    });
    let text = text.trim();
    let part = |c: &Captures, name: &str| {
        let found = c.name(name).or_else(|| c.name(&format!("{name}2")));
        found.map(|m| m.as_str().to_lowercase())
    };
    let (year, month, day) = if let Some(c) = NUMBERS.as_ref()?.captures(text) {
        (part(&c, "y")?, part(&c, "m")?.parse::<u32>().ok()?, part(&c, "d")?)
    } else {
        let c = WORDS.as_ref()?.captures(text)?;
        let name = part(&c, "m")?;
        let month = MONTHS.iter().position(|names| names.iter().any(|n| name.starts_with(n)))? + 1;
        (part(&c, "y")?, u32::try_from(month).ok()?, part(&c, "d")?)
    };
    let day: u32 = day.parse().ok()?;
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then(|| format!("{year}-{month:02}-{day:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_people_write_them() {
        for text in [
            "2024-03-01",
            "1.3.2024",
            "01. 03. 2024",
            "1 March 2024",
            "March 1, 2024",
            "1 de marzo de 2024",
            "1. März 2024",
            "2024年3月1日",
            "2024/3/1",
        ] {
            assert_eq!(iso(text).as_deref(), Some("2024-03-01"), "{text}");
        }
        for text in ["3/1/2024", "March 2024", "2024-13-01", "soon", "", "45 Nm"] {
            assert_eq!(iso(text), None, "{text}");
        }
    }
}
