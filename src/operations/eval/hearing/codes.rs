//! Spoken codes and domain terms, with vocabulary and repair and without.

use super::{Options, Sheet, Told};
use crate::operations::outcome::Result;

/// Measures it.
///
/// # Errors
/// Data or a model is missing.
pub fn measure(_options: &Options, _told: &mut dyn Told, _sheet: &mut Sheet) -> Result<()> {
    Ok(())
}
