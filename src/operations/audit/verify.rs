//! `audit verify`: walks the chain and names the first record that is not as it was written.
//!
//! What it finds: a record that was changed, taken out, put in or moved, a shortened end
//! (by `audit.head`), a shortened front that no retention record accounts for. What it cannot
//! find: somebody who can write all of the data directory may make the whole chain anew,
//! `audit.head` included, for nothing secret goes into it. Against that, write the head that
//! `audit verify` prints down elsewhere from time to time and give it back by `--head`.

use std::path::Path;

use serde::Serialize;

use super::chain::{GENESIS, Head};
use super::head::{self, Noted};
use super::keep::Cut;
use super::schema::{self, Row};
use super::{broken, open_for_reading};
use crate::operations::outcome::{Error, Kind, Result};

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Is every record as it was written?
    pub whole: bool,
    /// Sealed records in the log.
    pub records: i64,
    /// The first one's place; above 1 after a retention.
    pub first_seq: i64,
    /// The newest one: what to write down elsewhere.
    pub head: Head,
    /// Turns that run, or that a crash cut off and no node has looked at since.
    pub open: i64,
    /// The first record that is not as it was written.
    pub broken: Option<Broken>,
}

/// Where and how the chain is broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// The record's place in the chain, 0 where it has none.
    pub seq: i64,
    /// The record's turn, `""` where it is a missing one.
    pub turn: String,
    /// In a sentence.
    pub what: String,
}

/// Walks the chain. `elsewhere` is the hash of a record that must be in it.
///
/// # Errors
/// No log, or one that SQLite cannot read; a broken chain is a verdict.
pub fn verify(data: &Path, elsewhere: Option<&str>) -> Result<Verdict> {
    // Before the log: a turn that closes meanwhile must not look like one cut off.
    let noted = head::read(data);
    let db = open_for_reading(data)?;
    let wrong = |e| broken(data, e);
    let version: i32 = db.pragma_query_value(None, "user_version", |r| r.get(0)).map_err(wrong)?;
    if version < schema::SCHEMA {
        return Err(Error::new(
            Kind::Missing,
            "the audit log is of an earlier millwright and not chained yet",
        )
        .hint("the next command that starts the node chains it: millwright search \"…\""));
    }
    (|| {
        // One view of the log for all that follows.
        let tx = db.unchecked_transaction()?;
        let mut walk = Walk::new(elsewhere);
        let sql = format!("SELECT {} FROM turns WHERE seq IS NOT NULL ORDER BY seq", schema::COLUMNS);
        let mut statement = tx.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            walk.step(&schema::entry(row)?);
        }
        let loose: Option<(String, String)> = tx
            .prepare("SELECT turn, state FROM turns WHERE seq IS NULL AND state <> 'open' ORDER BY turn")?
            .query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?
            .next()
            .transpose()?;
        let open =
            tx.query_row("SELECT count(*) FROM turns WHERE seq IS NULL AND state = 'open'", [], |r| {
                r.get(0)
            })?;
        let end = head::differs(&tx, &noted)?;
        Ok(walk.end(open, loose, end, &noted))
    })()
    .map_err(wrong)
}

/// The chain as far as it was walked.
struct Walk<'h> {
    elsewhere: Option<&'h str>,
    records: i64,
    first: Option<(i64, String, String)>,
    at: Head,
    cut: Option<Cut>,
    broken: Option<Broken>,
}

impl<'h> Walk<'h> {
    fn new(elsewhere: Option<&'h str>) -> Self {
        Walk { elsewhere, records: 0, first: None, at: Head::genesis(), cut: None, broken: None }
    }

    fn find(&mut self, seq: i64, turn: &str, what: String) {
        self.broken.get_or_insert(Broken { seq, turn: turn.to_owned(), what });
    }

    fn step(&mut self, row: &Row) {
        let Row { entry, previous, hash } = row;
        let (seq, turn) = (entry.seq, entry.turn.as_str());
        if self.first.is_none() {
            self.first = Some((seq, turn.to_owned(), previous.clone()));
        } else if seq != self.at.seq + 1 {
            let (from, to) = (self.at.seq + 1, seq - 1);
            let which =
                if from == to { format!("record {from} is") } else { format!("records {from} to {to} are") };
            self.find(seq, turn, format!("{which} missing before it"));
        } else if *previous != self.at.hash {
            self.find(
                seq,
                turn,
                format!("it does not follow record {}: one of the two was replaced", seq - 1),
            );
        }
        if entry.hash(previous) != *hash {
            self.find(seq, turn, "it was changed after it was written".into());
        }
        match entry.state.as_str() {
            "retention" => self.cut = serde_json::from_str(&entry.what).ok(),
            "gap" => self.find(seq, turn, entry.what.clone()),
            _ => {}
        }
        if self.elsewhere == Some(hash.as_str()) {
            self.elsewhere = None;
        }
        self.records += 1;
        self.at = Head { seq, hash: hash.clone() };
    }

    fn end(
        mut self,
        open: i64,
        loose: Option<(String, String)>,
        end: Option<String>,
        noted: &Noted,
    ) -> Verdict {
        let first_seq = self.first.as_ref().map_or(0, |(seq, ..)| *seq);
        if let Some((seq, turn, previous)) = self.first.take() {
            // The front comes before all that was found behind it.
            let accounted = match &self.cut {
                _ if seq == 1 => previous == GENESIS,
                Some(cut) => cut.through_seq + 1 == seq && cut.hash == previous,
                None => false,
            };
            if !accounted {
                let what = match seq {
                    1 => "the first record does not begin a chain".to_owned(),
                    _ => format!("the records before {seq} are missing, and no retention accounts for them"),
                };
                self.broken = Some(Broken { seq, turn, what });
            }
        }
        if let Some((turn, state)) = loose {
            self.find(0, &turn, format!("it is {state} and not in the chain: it was put in later"));
        }
        if let Some(what) = end {
            let seq = match noted {
                Noted::Head(head) => head.seq,
                Noted::Absent | Noted::Damaged => self.at.seq,
            };
            self.find(seq, "", what);
        }
        if self.elsewhere.is_some() {
            self.find(0, "", "the record whose hash --head gives is not in the log".into());
        }
        Verdict {
            whole: self.broken.is_none(),
            records: self.records,
            first_seq,
            head: self.at,
            open,
            broken: self.broken,
        }
    }
}
