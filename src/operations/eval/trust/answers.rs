//! Final answers.

use super::{Options, Sheet, Told};
use crate::operations::outcome::Result;

/// Runs the section.
///
/// # Errors
/// Data is missing.
pub fn measure(_options: &Options, _told: &mut dyn Told, _sheet: &mut Sheet) -> Result<()> {
    Ok(())
}
