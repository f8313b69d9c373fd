//! The spoken text as it grows: words and plain punctuation, nothing else.

/// After these words a bare number is a name and is read digit by digit: "fifteen" and
/// "fifty" are one word in noise.
const NAMED_BY_NUMBER: &[&str] = &["alarm", "code", "error", "fault"];

/// The words said so far, with plain punctuation only.
#[derive(Default)]
pub(super) struct Words {
    text: String,
    /// The last thing said was an amount.
    pub(super) amount: bool,
}

impl Words {
    /// Adds words; whatever is no letter or apostrophe is left out.
    pub(super) fn say(&mut self, words: &str) {
        if words.is_empty() {
            return;
        }
        for word in words.split_whitespace() {
            let spoken = |c: &char| {
                (c.is_alphabetic() && !c.is_numeric()) || *c == '\'' || ('\u{0300}'..='\u{036F}').contains(c)
            };
            let word: String = word.chars().filter(spoken).collect();
            if !word.contains(char::is_alphabetic) {
                continue;
            }
            if !self.text.is_empty() {
                self.text.push(' ');
            }
            self.text.push_str(&word);
        }
        self.amount = false;
    }

    /// The strongest of the punctuation marks that followed a chunk.
    pub(super) fn punctuate(&mut self, after: &str) {
        for strong in ['?', '!', '.', '…', ':', ';', ',', ')'] {
            if after.contains(strong) {
                return self.pause(match strong {
                    '…' => '.',
                    ')' => ',',
                    mark => mark,
                });
            }
        }
    }

    /// A pause after the last word; a stronger one replaces a weaker.
    pub(super) fn pause(&mut self, mark: char) {
        const ORDER: &str = ",;:.!?";
        let strength = |c: char| ORDER.find(c);
        match self.text.chars().last() {
            None => {}
            Some(last) => match (strength(last), strength(mark)) {
                (Some(old), Some(new)) if new > old => {
                    self.text.pop();
                    self.text.push(mark);
                }
                (Some(_), _) => {}
                (None, _) => self.text.push(mark),
            },
        }
        self.amount = false;
    }

    /// Whether the last word makes a bare number after it a name: "alarm", or one letter.
    pub(super) fn names_a_number(&self) -> bool {
        let last = self.text.rsplit(' ').next().unwrap_or("");
        let letter =
            last.len() == 1 && last.chars().all(|c| c.is_ascii_uppercase()) && last != "A" && last != "I";
        letter || NAMED_BY_NUMBER.iter().any(|w| w.eq_ignore_ascii_case(last))
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}
