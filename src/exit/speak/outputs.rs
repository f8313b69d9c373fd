//! The loudspeakers of the system.

use cpal::traits::{DeviceTrait, HostTrait};

use crate::exit::{Error, Kind, Result};
use crate::quiet::{is_device, quietly};

/// An output device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// What the configuration takes; stable across restarts.
    pub id: String,
    /// What to show.
    pub name: String,
    /// Is it what the system would choose?
    pub default: bool,
}

/// All output devices; empty where there is none.
///
/// # Errors
/// `Device` where the sound system itself cannot be asked.
pub fn outputs() -> Result<Vec<Output>> {
    quietly(|| {
        let host = cpal::default_host();
        let default = host.default_output_device().and_then(|device| device.id().ok());
        let devices = host.output_devices().map_err(|e| {
            Error::new(Kind::Device, "the sound system does not answer").because(e).hint("is it running?")
        })?;
        Ok(devices
            .filter_map(|device| {
                let id = device.id().ok().filter(|id| is_device(id.id()))?;
                let name = device.description().map_or_else(|_| id.id().to_owned(), |d| d.name().to_owned());
                Some(Output { id: id.id().to_owned(), name, default: default.as_ref() == Some(&id) })
            })
            .collect())
    })
    .0
}
