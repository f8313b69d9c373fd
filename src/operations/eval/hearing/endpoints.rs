//! Endpoint latency, cut-off rate, voice activity against hand labels.

use super::{Options, Sheet, Told};
use crate::operations::outcome::Result;

/// Measures it.
///
/// # Errors
/// Data or a model is missing.
pub fn measure(_options: &Options, _told: &mut dyn Told, _sheet: &mut Sheet) -> Result<()> {
    Ok(())
}
