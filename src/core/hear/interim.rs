//! stub until the recogniser's branch lands
use super::Transcript;
/// What is shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shown {
    /// Will not change.
    pub stable: String,
    /// May.
    pub rest: String,
}
/// Hypotheses of one utterance.
#[derive(Debug, Default)]
pub struct Interim {}
impl Interim {
    /// The next.
    pub fn update(&mut self, t: &Transcript) -> Shown {
        Shown { stable: String::new(), rest: t.text.clone() }
    }
}
