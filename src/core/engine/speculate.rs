//! Speculation without a draft model: n-grams of the prompt propose what comes next.
