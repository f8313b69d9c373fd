//! A text's lines with their places and indents.

/// One line, without its end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'t> {
    /// Its first byte in the text.
    pub start: usize,
    /// Its words with what stands before them; no white space at the end.
    pub text: &'t str,
    /// Bytes of white space before the words.
    pub lead: usize,
    /// The same in columns; a tab reaches to the next multiple of eight.
    pub indent: usize,
}

impl<'t> Line<'t> {
    /// Is there nothing on it?
    pub(crate) fn is_blank(&self) -> bool {
        self.text.is_empty()
    }

    /// Without the white space before it.
    pub(crate) fn words(&self) -> &'t str {
        self.text.get(self.lead..).unwrap_or_default()
    }

    /// Where its words start.
    pub(crate) fn words_at(&self) -> usize {
        self.start + self.lead
    }

    /// One past its last byte that is not white space.
    pub(crate) fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// The lines of `text` from byte `from` on; `\n`, `\r\n` and a lone `\r` end one.
pub(crate) fn lines(text: &str, from: usize) -> Vec<Line<'_>> {
    let mut out = Vec::new();
    let mut at = from;
    let bytes = text.as_bytes();
    while at < bytes.len() {
        let rest = bytes.get(at..).unwrap_or_default();
        let length = rest.iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(rest.len());
        let raw = text.get(at..at + length).unwrap_or_default();
        let trimmed = raw.trim_end();
        let lead = trimmed.len() - trimmed.trim_start().len();
        let mut indent = 0;
        for c in trimmed.get(..lead).unwrap_or_default().chars() {
            indent = if c == '\t' { indent / 8 * 8 + 8 } else { indent + 1 };
        }
        out.push(Line { start: at, text: trimmed, lead, indent });
        let ending = match rest.get(length..length + 2) {
            Some(b"\r\n") => 2,
            _ => 1,
        };
        at += length + ending;
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn all_line_ends_part_lines() {
        let text = "a\r\n  b \n\n\tc\rd";
        let found: Vec<_> = lines(text, 0).iter().map(|l| (l.words_at(), l.words(), l.indent)).collect();
        assert_eq!(found, [(0, "a", 0), (5, "b", 2), (8, "", 0), (10, "c", 8), (12, "d", 0)]);
    }
}
