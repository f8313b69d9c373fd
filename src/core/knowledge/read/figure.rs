//! How a manual names its figures.

use std::sync::LazyLock;

use regex::Regex;

/// The name at the start of a caption ("Figure 3", "Fig. 2-1", "图 4"), `""` where there is
/// none.
pub(crate) fn label(caption: &str) -> String {
    static LABEL: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"(?i)^\s*((?:figure|fig\.?|figura|abbildung|abb\.?|illustration|photo|图|圖)\s*[A-Z]?\d+(?:[.\-–][A-Z]?\d+)*[a-z]?)(?:\b|$)",
        )
        .ok()
    });
    let found = LABEL.as_ref().and_then(|r| r.captures(caption)).and_then(|c| c.get(1));
    found.map(|m| m.as_str().to_owned()).unwrap_or_default()
}

/// Is it a path to a file beside the document, rather than an address or inline data?
pub(crate) fn is_beside(path: &str) -> bool {
    let path = path.trim();
    !path.is_empty()
        && path.len() <= 1024
        && !path.contains("://")
        && !path.starts_with(['/', '\\', '#'])
        && !path.split_once(':').is_some_and(|(scheme, _)| scheme.chars().all(|c| c.is_ascii_alphanumeric()))
        && !path.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caption_names_its_figure() {
        assert_eq!(label("Figure 3: the valve"), "Figure 3");
        assert_eq!(label("Fig. 2-1 Pump"), "Fig. 2-1");
        assert_eq!(label("图 4 泵"), "图 4");
        assert_eq!(label("Figura 12. Bomba"), "Figura 12");
        assert_eq!(label("The figure of the pump"), "");
    }

    #[test]
    fn only_relative_paths_lie_beside() {
        assert!(is_beside("img/a b.png") && is_beside("../x.jpg"));
        for path in ["https://x/y.png", "data:image/png;base64,AA", "/etc/x.png", "C:\\x.png", ""] {
            assert!(!is_beside(path), "{path}");
        }
    }
}
