//! Endpoint latency, cut-off rate, voice activity against hand labels.
//!
//! [`labels`] holds the detectors against recordings marked by hand and takes their time;
//! [`turns`] plays commands with silence behind them, with a pause within them and in plant
//! noise through detector and endpointer, the words coming from the recogniser itself.

use super::{Options, Sheet, Told};
use crate::entry::listen::vad::Vad;
use crate::operations::eval::report::Want;
use crate::operations::models::{Role, Store};
use crate::operations::outcome::Result;

mod labels;
mod turns;

/// Measures it.
///
/// # Errors
/// Data or a model is missing.
pub fn measure(options: &Options, told: &mut dyn Told, sheet: &mut Sheet) -> Result<()> {
    let store = Store::open(&options.data)?;
    let model = store.locate_if_there(Role::Vad, &options.config.models.vad)?.map(|model| model.path);
    if model.is_none() {
        told.note("no Silero VAD (millwright models pull vad): the built-in detector works alone");
    }
    labels::measure(options, model.as_deref(), told, sheet)?;
    turns::measure(options, model.as_deref(), told, sheet)?;
    sheet.want("vad_cpu_share", Want::AtMost(0.03));
    sheet.want("endpoint_finished_ms_p95", Want::AtMost(300.0));
    Ok(())
}

/// A fresh detector.
fn detector(model: Option<&std::path::Path>) -> Result<Vad> {
    Ok(Vad::open(model)?)
}
