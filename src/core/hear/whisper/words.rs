//! From Whisper's tokens to words with a confidence.

use super::super::{Word, is_spaced};

/// A text token as the decoder gave it.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// Its bytes: part of a word, sometimes part of a character.
    pub bytes: Vec<u8>,
    /// Its probability, 0..1.
    pub p: f32,
    /// Start and end, milliseconds.
    pub span: (u64, u64),
}

/// What the tokens say.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Said {
    /// The whole text, trimmed.
    pub text: String,
    /// Word by word.
    pub words: Vec<Word>,
    /// Mean probability of all its tokens, 0..1; 0 where there is none.
    pub p: f32,
    /// Probability of its least likely word, 0..1; 0 where there is none.
    pub least: f32,
    /// Were sounds described ("[BLANK_AUDIO]", "(wind)")? They are left out.
    pub sounds: bool,
}

/// Builds words from tokens; `audio_ms` bounds their times.
pub fn build(tokens: &[Token], language: &str, audio_ms: u64) -> Said {
    let unspaced = !is_spaced(language);
    let mut pieces: Vec<Piece> = Vec::new();
    for token in whole_characters(tokens) {
        let begins = token.text.starts_with(' ')
            || (unspaced && token.text.chars().any(char::is_alphanumeric))
            || pieces.last().is_none_or(|piece| sound_closed(&piece.text));
        match pieces.last_mut() {
            Some(piece) if !begins => piece.extend(token),
            _ => pieces.push(token),
        }
    }
    let before = pieces.len();
    let pieces = without_sounds(pieces);
    let (sum, count) = pieces.iter().fold((0.0, 0), |(sum, n), piece| (sum + piece.p_sum, n + piece.tokens));
    let text: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
    let mut clock = 0;
    let words: Vec<Word> = pieces
        .iter()
        .filter(|piece| !piece.text.trim().is_empty())
        .map(|piece| {
            // The decoder's times are estimates: keep them in order and within the audio.
            let start = piece.span.0.clamp(clock, audio_ms.max(clock));
            let end = piece.span.1.clamp(start, audio_ms.max(start));
            clock = end;
            Word { word: piece.text.trim().to_owned(), p: piece.p(), start_ms: start, end_ms: end }
        })
        .collect();
    Said {
        text: text.trim().to_owned(),
        least: words.iter().map(|word| word.p).reduce(f32::min).unwrap_or_default(),
        words,
        p: if count == 0 { 0.0 } else { sum / count as f32 },
        sounds: pieces.len() < before,
    }
}

/// A word in the making.
#[derive(Debug, Clone)]
struct Piece {
    text: String,
    p_sum: f32,
    tokens: usize,
    span: (u64, u64),
}

impl Piece {
    fn p(&self) -> f32 {
        self.p_sum / self.tokens.max(1) as f32
    }

    fn extend(&mut self, other: Piece) {
        self.text.push_str(&other.text);
        self.p_sum += other.p_sum;
        self.tokens += other.tokens;
        self.span.1 = self.span.1.max(other.span.1);
    }
}

/// Joins tokens until they are whole characters.
fn whole_characters(tokens: &[Token]) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(tokens.len());
    let mut open: Option<(Vec<u8>, Piece)> = None;
    for (at, token) in tokens.iter().enumerate() {
        let this = Piece { text: String::new(), p_sum: token.p, tokens: 1, span: token.span };
        let (bytes, piece) = match open.take() {
            Some((mut bytes, mut piece)) => {
                bytes.extend_from_slice(&token.bytes);
                piece.extend(this);
                (bytes, piece)
            }
            None => (token.bytes.clone(), this),
        };
        match std::str::from_utf8(&bytes) {
            Err(e) if e.error_len().is_none() && at + 1 < tokens.len() => open = Some((bytes, piece)),
            _ => pieces.push(Piece { text: String::from_utf8_lossy(&bytes).into_owned(), ..piece }),
        }
    }
    pieces
}

/// What a description of a sound ends with, if a word begins one.
fn sound_opened(word: &str) -> Option<char> {
    let word = word.trim_start();
    match word.chars().next()? {
        '[' => Some(']'),
        '(' => Some(')'),
        '（' => Some('）'),
        '【' => Some('】'),
        '♪' => Some('♪'),
        // A lone asterisk may be a multiplication.
        '*' if word.len() > 1 => Some('*'),
        _ => None,
    }
}

/// Is the word a description of a sound that is complete?
fn sound_closed(word: &str) -> bool {
    sound_opened(word).is_some_and(|end| is_closed(word.trim(), end, true))
}

fn is_closed(word: &str, end: char, opens: bool) -> bool {
    let rest = word.trim_end_matches(['.', ',', '!', '?']);
    rest.ends_with(end) && (!opens || rest.chars().count() > 1)
}

/// Leaves out descriptions of sounds, from their opening bracket to their closing one, or
/// to the end where none closes.
fn without_sounds(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut inside = None;
    pieces
        .into_iter()
        .filter(|piece| {
            let word = piece.text.trim();
            let opens = inside.is_none();
            if opens {
                inside = sound_opened(word);
            }
            let Some(end) = inside else { return true };
            if is_closed(word, end, opens) {
                inside = None;
            }
            false
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(texts: &[&str]) -> Vec<Token> {
        let spans = (0..).map(|i| (i * 100, i * 100 + 100));
        texts
            .iter()
            .zip(spans)
            .map(|(text, span)| Token { bytes: text.as_bytes().to_vec(), p: 0.5, span })
            .collect()
    }

    fn said(texts: &[&str]) -> Said {
        build(&tokens(texts), "en", 60_000)
    }

    fn words(said: &Said) -> Vec<&str> {
        said.words.iter().map(|word| word.word.as_str()).collect()
    }

    #[test]
    fn a_leading_space_begins_a_word() {
        let said = said(&[" What", " does", " E", "203", " mean", "?"]);
        assert_eq!(words(&said), ["What", "does", "E203", "mean?"]);
        assert_eq!(said.text, "What does E203 mean?");
        assert_eq!((said.words[2].start_ms, said.words[2].end_ms), (200, 400));
    }

    #[test]
    fn a_word_is_as_sure_as_its_tokens_on_average() {
        let mut tokens = tokens(&[" F", "37"]);
        tokens[0].p = 1.0;
        assert_eq!(build(&tokens, "en", 1_000).words[0].p, 0.75);
    }

    #[test]
    fn descriptions_of_sounds_are_left_out() {
        for (texts, want) in [
            (&[" [", "BLANK", "_", "AUDIO", "]"][..], ""),
            (&[" (", "wind", " blowing", ")"], ""),
            (&[" *", "sighs", "*", " Stop", "."], "Stop."),
            (&[" Stop", " [", "music", "]", " now"], "Stop now"),
            (&["♪", " la", " la", " ♪"], ""),
            (&["[", "noise", "]", "Stop"], "Stop"),
            (&[" 3", " *", " 4"], "3 * 4"),
            (&[" (", "keyboard", " clicking"], ""),
        ] {
            assert_eq!(said(texts).text, want, "{texts:?}");
        }
        assert!(said(&[" [", "music", "]"]).sounds && !said(&[" Stop"]).sounds);
    }

    #[test]
    fn a_character_may_take_several_tokens() {
        let bytes = "油".as_bytes();
        let half = |bytes: &[u8]| Token { bytes: bytes.to_vec(), p: 0.5, span: (0, 100) };
        let said = build(&[half(&bytes[..2]), half(&bytes[2..])], "zh", 1_000);
        assert_eq!((said.text.as_str(), said.words.len()), ("油", 1));
        assert_eq!(build(&[half(&bytes[..2])], "zh", 1_000).text, "\u{FFFD}");
    }

    #[test]
    fn without_spaces_each_token_is_a_word_and_keeps_its_punctuation() {
        let said = build(&tokens(&["液", "压", "泵", "。"]), "zh", 1_000);
        assert_eq!(words(&said), ["液", "压", "泵。"]);
        assert_eq!(said.text, "液压泵。");
    }

    #[test]
    fn times_stay_in_order_and_within_the_audio() {
        let mut tokens = tokens(&[" one", " two", " three"]);
        tokens[0].span = (0, 900);
        tokens[1].span = (300, 400);
        tokens[2].span = (5_000, 9_000);
        let said = build(&tokens, "en", 1_000);
        let spans: Vec<_> = said.words.iter().map(|word| (word.start_ms, word.end_ms)).collect();
        assert_eq!(spans, [(0, 900), (900, 900), (1_000, 1_000)]);
    }

    #[test]
    fn no_tokens_say_nothing() {
        assert_eq!(build(&[], "en", 0), Said::default());
    }
}
