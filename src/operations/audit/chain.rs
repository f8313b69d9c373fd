//! The chain: each sealed record carries the hash of the one before it and its own.
//!
//! A record's hash is the SHA-256 of its canonical JSON: one object, its keys in
//! alphabetical order, no blanks, strings in UTF-8 with only `"`, `\` and control
//! characters escaped; every value is a string, an integer or `null`. The key `previous`
//! holds the hash of the record before, so a record that is changed, taken out, put in or
//! moved breaks the link of the next. The report of a turn goes in as the text that is
//! stored, so no second program has to print numbers as this one does.

use serde::{Deserialize, Serialize};

use crate::operations::models::Digest;

/// What the first record of a log names as the hash before it.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A record of the log without its hashes. The order of the fields is that of the
/// canonical JSON: alphabetical, with `previous` between `operator` and `question`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry {
    /// When it was closed, milliseconds since 1970.
    pub closed_ms: Option<i64>,
    /// When it was opened, milliseconds since 1970.
    pub opened_ms: i64,
    /// Who asked, where that is known.
    pub operator: Option<String>,
    /// The question.
    pub question: String,
    /// The report as JSON text, where there is one.
    pub record: Option<String>,
    /// Its place in the chain, from 1.
    pub seq: i64,
    /// The session.
    pub session: String,
    /// `closed`, `failed`, `interrupted`; `retention`, `upgraded` and `gap` are the log's own.
    pub state: String,
    /// The turn's id.
    pub turn: String,
    /// Why, where it did not end with an answer.
    pub what: String,
}

/// The same with `previous` in its place.
#[derive(Serialize)]
struct Canonical<'e> {
    closed_ms: Option<i64>,
    opened_ms: i64,
    operator: Option<&'e str>,
    previous: &'e str,
    question: &'e str,
    record: Option<&'e str>,
    seq: i64,
    session: &'e str,
    state: &'e str,
    turn: &'e str,
    what: &'e str,
}

impl Entry {
    /// The record's hash, behind `previous`: 64 hexadecimal digits.
    pub fn hash(&self, previous: &str) -> String {
        let canonical = Canonical {
            closed_ms: self.closed_ms,
            opened_ms: self.opened_ms,
            operator: self.operator.as_deref(),
            previous,
            question: &self.question,
            record: self.record.as_deref(),
            seq: self.seq,
            session: &self.session,
            state: &self.state,
            turn: &self.turn,
            what: &self.what,
        };
        // Strings and integers always serialise; a hash of nothing would match no record.
        let text = serde_json::to_vec(&canonical).unwrap_or_default();
        Digest::of(&text).to_string()
    }
}

/// The newest record of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Its place; 0 where nothing is sealed yet.
    pub seq: i64,
    /// Its hash.
    pub hash: String,
}

impl Head {
    /// Before the first record.
    pub fn genesis() -> Head {
        Head { seq: 0, hash: GENESIS.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_canonical_json_which_any_program_can_write() {
        let entry = Entry {
            closed_ms: Some(20),
            opened_ms: 10,
            question: "què \"1\"?\n".into(),
            record: Some("{\"a\":0.1}".into()),
            seq: 1,
            session: "s".into(),
            state: "closed".into(),
            turn: "t-1".into(),
            ..Entry::default()
        };
        let text = format!(
            concat!(
                r#"{{"closed_ms":20,"opened_ms":10,"operator":null,"previous":"{}","#,
                r#""question":"què \"1\"?\n","record":"{{\"a\":0.1}}","seq":1,"session":"s","#,
                r#""state":"closed","turn":"t-1","what":""}}"#
            ),
            GENESIS
        );
        assert_eq!(entry.hash(GENESIS), Digest::of(text.as_bytes()).to_string());
    }

    #[test]
    fn every_part_of_a_record_and_the_hash_before_it_count() {
        let one = Entry { turn: "t".into(), ..Entry::default() };
        let first = one.hash(GENESIS);
        let others = [
            Entry { closed_ms: Some(1), ..one.clone() },
            Entry { opened_ms: 1, ..one.clone() },
            Entry { operator: Some(String::new()), ..one.clone() },
            Entry { question: "q".into(), ..one.clone() },
            Entry { record: Some(String::new()), ..one.clone() },
            Entry { seq: 1, ..one.clone() },
            Entry { session: "s".into(), ..one.clone() },
            Entry { state: "x".into(), ..one.clone() },
            Entry { turn: "u".into(), ..one.clone() },
            Entry { what: "w".into(), ..one.clone() },
        ];
        assert!(others.iter().all(|o| o.hash(GENESIS) != first));
        assert_ne!(one.hash(&first), first);
    }
}
