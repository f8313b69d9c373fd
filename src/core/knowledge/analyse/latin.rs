//! Words of English and Spanish: without stop words and accents, stemmed.

use std::sync::LazyLock;

use tantivy::tokenizer::{
    AsciiFoldingFilter, Language, RemoveLongFilter, Stemmer, StopWordFilter, TextAnalyzer,
    WhitespaceTokenizer,
};

use super::Each;

/// Which analysis Latin words get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Latin {
    /// English, and what no other is known of.
    English,
    /// Spanish.
    Spanish,
}

/// Longer words are no words.
const LONGEST: usize = 60;

/// Words that carry no meaning of their own, question words among them.
#[rustfmt::skip]
pub(super) const ENGLISH_STOP_WORDS: &[&str] = &[
    "a", "about", "after", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "been",
    "being", "but", "by", "can", "could", "did", "do", "does", "doing", "for", "from", "get", "give", "go",
    "got", "had", "has", "have", "hello", "here", "hey", "how", "i", "i'm", "if", "in", "into", "is", "it",
    "it's", "its", "just", "know", "let", "long", "many", "may", "me", "mean", "means", "meant", "might",
    "much", "must", "my", "need", "of", "oh", "ok", "on", "or", "our", "please", "say", "says", "shall",
    "should", "so", "some", "such", "tell", "than", "that", "that's", "the", "their", "them", "then",
    "there", "these", "they", "this", "those", "to", "too", "um", "us", "was", "we", "were", "what",
    "what's", "when", "where", "which", "who", "why", "will", "with", "would", "you", "your", "yours",
];

/// The same of Spanish, with and without accents: not everybody types them.
#[rustfmt::skip]
pub(super) const SPANISH_STOP_WORDS: &[&str] = &[
    "a", "ah", "al", "algo", "ante", "antes", "aquí", "aqui", "así", "asi", "aunque", "cada", "como",
    "cómo", "con", "cual", "cuál", "cuáles", "cuales", "cualquier", "cuando", "cuándo", "cuanta", "cuánta",
    "cuánto", "cuanto", "cuántos", "cuantos", "cuántas", "cuantas", "da", "dan", "de", "debe", "deben",
    "debería", "deberia", "debo", "del", "dice", "dime", "donde", "dónde", "e", "el", "él", "ella",
    "ellos", "en", "entre", "era", "es", "esa", "ese", "eso", "esta", "está", "están", "estan", "este",
    "esto", "estos", "estas", "favor", "fue", "ha", "hace", "hacer", "hago", "han", "hasta", "hay", "hola",
    "la", "las", "le", "les", "lo", "los", "me", "mi", "mis", "mucho", "muy", "necesito", "ni", "nos", "o",
    "para", "pero", "por", "porque", "puede", "pueden", "puedo", "pues", "que", "qué", "quien", "quién",
    "quiere", "quiero", "saber", "se", "sea", "según", "segun", "ser", "si", "sí", "significa",
    "significan", "sin", "sobre", "son", "soy", "su", "sus", "también", "tambien", "tan", "te", "tiene",
    "tienen", "tengo", "todo", "todos", "tu", "un", "una", "uno", "unos", "unas", "usted", "va", "y", "ya",
    "yo",
];

impl Latin {
    fn analyser(self) -> TextAnalyzer {
        static ENGLISH: LazyLock<TextAnalyzer> = LazyLock::new(|| {
            TextAnalyzer::builder(WhitespaceTokenizer::default())
                .filter(RemoveLongFilter::limit(LONGEST))
                .filter(AsciiFoldingFilter)
                .filter(StopWordFilter::remove(owned(ENGLISH_STOP_WORDS)))
                .filter(Stemmer::new(Language::English))
                .build()
        });
        // The Spanish stemmer knows endings by their accents, so they are folded after it.
        static SPANISH: LazyLock<TextAnalyzer> = LazyLock::new(|| {
            TextAnalyzer::builder(WhitespaceTokenizer::default())
                .filter(RemoveLongFilter::limit(LONGEST))
                .filter(StopWordFilter::remove(owned(SPANISH_STOP_WORDS)))
                .filter(Stemmer::new(Language::Spanish))
                .filter(AsciiFoldingFilter)
                .build()
        });
        // A clone is a few reference counts; a token stream needs the analyser for itself.
        match self {
            Latin::English => ENGLISH.clone(),
            Latin::Spanish => SPANISH.clone(),
        }
    }

    /// Hands the terms of `words` (in lower case, with single spaces) to `each`.
    pub(super) fn terms(self, words: &str, each: Each<'_>) {
        let mut analyser = self.analyser();
        let mut stream = analyser.token_stream(words);
        while let Some(token) = stream.next() {
            if !token.text.is_empty() {
                each(&token.text);
            }
        }
    }

    /// `word` as its stemmer wants it: typed without its accent, "-cion" is still "-ción".
    pub(super) fn prepared(self, word: String) -> String {
        if self == Latin::English || !word.is_ascii() {
            return word;
        }
        match word.strip_suffix("ion") {
            Some(stem) if stem.ends_with(['c', 's', 'x']) => format!("{stem}ión"),
            _ => word,
        }
    }
}

fn owned(words: &'static [&'static str]) -> impl Iterator<Item = String> {
    words.iter().map(|w| (*w).to_owned())
}
