//! The wake phrase, found in a transcript by its sound: "Hey, mill right" is it too.

/// A wake phrase to listen for.
#[derive(Debug, Clone)]
pub struct Wake {
    phrase: String,
}

impl Wake {
    /// Listens for `phrase` ("hey millwright"); an empty one is never found.
    pub fn new(phrase: &str) -> Self {
        Self { phrase: phrase.to_lowercase() }
    }

    /// What follows the phrase in what was heard (trimmed, perhaps empty); `None` where the
    /// phrase is not in it.
    pub fn command<'t>(&self, heard: &'t str) -> Option<&'t str> {
        let at = heard.to_lowercase().find(&self.phrase).filter(|_| !self.phrase.is_empty())?;
        heard.get(at + self.phrase.len()..).map(str::trim)
    }
}

/// Said while an answer is being spoken: does it ask the voice to stop?
pub fn is_stop(heard: &str) -> bool {
    let plain = heard.to_lowercase();
    ["stop", "wait"].contains(&plain.trim().trim_end_matches(['.', '!', ',']))
}
