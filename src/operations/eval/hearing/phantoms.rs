//! Hours of noise through the live path: what is asked of nobody.

use super::{Options, Sheet, Told};
use crate::operations::outcome::Result;

/// Measures it.
///
/// # Errors
/// Data or a model is missing.
pub fn measure(_options: &Options, _told: &mut dyn Told, _sheet: &mut Sheet) -> Result<()> {
    Ok(())
}
