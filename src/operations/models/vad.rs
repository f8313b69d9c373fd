//! The configured detector of voice activity, opened.

use super::{Role, Store};
use crate::entry::listen::vad::Vad;
use crate::operations::outcome::Result;

/// Opens the detector with the model that `named` names (an id of the manifest, or a file);
/// where nothing is named or it is not installed, the built-in one works alone.
///
/// # Errors
/// The installed one cannot be used.
pub fn open(store: &Store, named: &str) -> Result<Vad> {
    let model = store.locate_if_there(Role::Vad, named)?;
    Ok(Vad::open(model.as_ref().map(|m| m.path.as_path()))?)
}
