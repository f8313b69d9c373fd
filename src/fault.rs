//! One shape for every error: what kind it is, what happened, why, and the way out.
//!
//! Each floor has its own `enum` of kinds (`entry::Kind`, `core::Kind`, …) and an
//! alias `Error = Fault<Kind>`. Kinds become exit codes, HTTP statuses and spoken
//! sentences in one place, `operations::outcome`; nobody else maps them.

use std::error::Error as StdError;
use std::fmt;

/// An error of one floor.
///
/// `what` is one clear line. `hint` says what the person can do, as a command where
/// there is one; it may be empty only where nothing can be done.
#[derive(Debug)]
pub struct Fault<K> {
    /// What kind of thing went wrong; decides the exit code.
    pub kind: K,
    /// One clear line, without a trailing full stop.
    pub what: String,
    /// What lies beneath, where something does.
    pub cause: Option<Box<dyn StdError + Send + Sync>>,
    /// The way out.
    pub hint: String,
}

impl<K> Fault<K> {
    /// A fault without a cause or hint.
    pub fn new(kind: K, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), cause: None, hint: String::new() }
    }

    /// Adds what lies beneath.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Adds the way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// The same fault seen from another floor.
    pub fn lift<L>(self, kind: impl FnOnce(&K) -> L) -> Fault<L> {
        Fault { kind: kind(&self.kind), what: self.what, cause: self.cause, hint: self.hint }
    }
}

impl<K> fmt::Display for Fault<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        let mut cause = self.cause.as_deref().map(|c| c as &dyn StdError);
        while let Some(c) = cause {
            write!(f, ": {c}")?;
            cause = c.source();
        }
        Ok(())
    }
}

impl<K: fmt::Debug> StdError for Fault<K> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.as_deref().map(|c| c as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_reads_as_one_line_with_its_causes() {
        #[derive(Debug, PartialEq)]
        enum K {
            Missing,
        }
        let io = std::io::Error::other("disk gone");
        let f = Fault::new(K::Missing, "cannot open the index").because(io).hint("millwright index DIR");
        assert_eq!(f.to_string(), "cannot open the index: disk gone");
        assert_eq!(f.hint, "millwright index DIR");
        assert!(f.lift(|k| *k == K::Missing).kind);
    }
}
