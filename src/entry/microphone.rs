//! The microphone: a cpal input stream whose callback only copies into a ring.
//!
//! Nothing in the callback locks, allocates or logs. It makes each frame mono ([`mixer`])
//! and pushes it; what does not fit is counted. Loss is told by callbacks that stop coming
//! ([`Pulse`]): some drivers report an unplugged headset, others fall silent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{BufferSize, FromSample, Sample, SampleFormat, SizedSample, StreamConfig, SupportedBufferSize};

mod mixer;

use super::{Error, Kind, Result};
use crate::core::Moment;
use crate::quiet::{is_device, quietly};
use mixer::Mixer;

/// The ring holds this many seconds: an ear that is late by less loses nothing.
const RING_SECONDS: usize = 2;
/// Frames per callback where the device lets us choose: 21 ms at 48 kHz. ALSA over
/// PipeWire drops sound with fewer.
const FRAMES: u32 = 1024;
/// So long without a callback, and the device is gone.
const STALLED: Duration = Duration::from_millis(700);
/// A device may take so long to deliver its first block: sound servers wake it up.
const STARTING: Duration = Duration::from_secs(3);

/// Something that sound is read from at its own rate: the microphone, or a test's stand-in.
pub trait Source: Send {
    /// What to call it when talking to a person.
    fn name(&self) -> &str;
    /// Samples per second.
    fn rate(&self) -> u32;
    /// Appends the mono samples (−1..1) that have arrived since the last call.
    fn read(&mut self, into: &mut Vec<f32>);
    /// What it knows about its own health.
    fn health(&self) -> Health;
}

/// Counts since the source was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Health {
    /// Blocks that the device has delivered.
    pub callbacks: u64,
    /// Samples that did not fit into the ring, or that the driver lost.
    pub overruns: u64,
    /// Peaks that were cut off at full scale, in any channel.
    pub clipped: u64,
    /// The driver has said that the stream goes on, on another device: the system's default
    /// has changed. Open the source again to learn its name and rate.
    pub moved: bool,
    /// The driver has said that the stream is over.
    pub failed: bool,
}

/// An input device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// What [`Microphone::open`] takes; stable across restarts.
    pub id: String,
    /// What to show.
    pub name: String,
    /// Is it what the system would choose?
    pub default: bool,
}

/// An open microphone. Dropping it closes the stream, in the background.
pub struct Microphone {
    name: String,
    rate: u32,
    ring: rtrb::Consumer<f32>,
    shared: Arc<Shared>,
    stream: Option<cpal::Stream>,
}

#[derive(Default)]
struct Shared {
    callbacks: AtomicU64,
    overruns: AtomicU64,
    clipped: AtomicU64,
    moved: AtomicBool,
    failed: AtomicBool,
}

/// All input devices; empty where there is none.
///
/// # Errors
/// `Device` where the sound system itself cannot be asked.
pub fn devices() -> Result<Vec<Device>> {
    quietly(|| {
        let host = cpal::default_host();
        let default = host.default_input_device().and_then(|device| device.id().ok());
        let devices = host.input_devices().map_err(|e| refused("the sound system does not answer", e))?;
        Ok(devices
            .filter_map(|device| {
                let id = device.id().ok().filter(|id| is_device(id.id()))?;
                let name = device.description().map_or_else(|_| id.id().to_owned(), |d| d.name().to_owned());
                Some(Device { id: id.id().to_owned(), name, default: default.as_ref() == Some(&id) })
            })
            .collect())
    })
    .0
}

impl Microphone {
    /// Opens the device with this id or name (a part of the name is enough where only one
    /// device has it), or the system's default, at the device's own rate.
    ///
    /// # Errors
    /// `Device` where there is none, it is in use, or it cannot be read.
    pub fn open(device: Option<&str>) -> Result<Self> {
        // The ear looks for a lost microphone every second: not on the panel, please.
        let (opened, complaint) = quietly(|| Self::try_open(device));
        opened.map_err(|e| match e.cause {
            None if !complaint.is_empty() => e.because(complaint),
            _ => e,
        })
    }

    fn try_open(device: Option<&str>) -> Result<Self> {
        let host = cpal::default_host();
        let device = match device {
            Some(wanted) => find(&host, wanted)?,
            None => host.default_input_device().ok_or_else(|| {
                Error::new(Kind::Device, "there is no microphone").hint("plug one in, or type the question")
            })?,
        };
        let name = device.description().map_or_else(|_| device.to_string(), |d| d.name().to_owned());
        let supported = device
            .default_input_config()
            .map_err(|e| refused(&format!("the microphone \"{name}\" cannot be opened"), e))?;
        let config = StreamConfig { buffer_size: buffer(supported.buffer_size()), ..supported.config() };
        let (producer, ring) = rtrb::RingBuffer::new(RING_SECONDS * config.sample_rate as usize);
        let shared = Arc::new(Shared::default());
        let stream = listen(&device, config, supported.sample_format(), producer, &shared)
            .and_then(|stream| stream.play().map(|()| stream))
            .map_err(|e| refused(&format!("the microphone \"{name}\" cannot be opened"), e))?;
        Ok(Self { name, rate: config.sample_rate, ring, shared, stream: Some(stream) })
    }
}

impl Drop for Microphone {
    fn drop(&mut self) {
        // Closing waits for the driver, and the driver of a sound server that was killed
        // may never return (libpulse 16): that must not take the ear with it.
        let Some(stream) = self.stream.take() else {
            return;
        };
        let closing = std::thread::Builder::new().name("microphone-close".into()).spawn(move || drop(stream));
        if let Err(error) = closing {
            tracing::warn!(%error, "no thread to close the microphone on");
        }
    }
}

impl Source for Microphone {
    fn name(&self) -> &str {
        &self.name
    }

    fn rate(&self) -> u32 {
        self.rate
    }

    fn read(&mut self, into: &mut Vec<f32>) {
        if let Ok(chunk) = self.ring.read_chunk(self.ring.slots()) {
            let (first, second) = chunk.as_slices();
            into.extend_from_slice(first);
            into.extend_from_slice(second);
            chunk.commit_all();
        }
    }

    fn health(&self) -> Health {
        Health {
            callbacks: self.shared.callbacks.load(Relaxed),
            overruns: self.shared.overruns.load(Relaxed),
            clipped: self.shared.clipped.load(Relaxed),
            moved: self.shared.moved.load(Relaxed),
            failed: self.shared.failed.load(Relaxed),
        }
    }
}

/// Tells a device that went away by the callbacks that stopped coming.
#[derive(Debug, Default)]
pub struct Pulse {
    last: Option<(u64, Moment)>,
}

impl Pulse {
    /// Has the source stopped, seen at `now`? Call it at every look at the source.
    pub fn is_stalled(&mut self, health: Health, now: Moment) -> bool {
        match self.last {
            Some((callbacks, since)) if callbacks == health.callbacks => {
                let patience = if callbacks == 0 { STARTING } else { STALLED };
                health.failed || now.saturating_sub(since) > patience
            }
            _ => {
                self.last = Some((health.callbacks, now));
                health.failed
            }
        }
    }
}

fn find(host: &cpal::Host, wanted: &str) -> Result<cpal::Device> {
    let devices = host.input_devices().map_err(|e| refused("the sound system does not answer", e))?;
    let (names, mut devices): (Vec<_>, Vec<_>) = devices
        .map(|device| {
            let id = device.id().map(|id| id.id().to_owned()).unwrap_or_default();
            let name = device.description().map(|d| d.name().to_owned()).unwrap_or_default();
            ((id, name), device)
        })
        .unzip();
    let at = choose(names.iter().map(|(id, name)| (id.as_str(), name.as_str())), wanted)?;
    Ok(devices.swap_remove(at))
}

/// Which of these (id, name) is wanted: the one with this id or name, or the only one whose
/// name it is a part of, whatever the case.
///
/// # Errors
/// `Device` where none or several fit.
pub fn choose<'a>(devices: impl Iterator<Item = (&'a str, &'a str)> + Clone, wanted: &str) -> Result<usize> {
    if let Some(at) = devices.clone().position(|(id, name)| id == wanted || name == wanted) {
        return Ok(at);
    }
    let lower = wanted.to_lowercase();
    let part = |name: &str| name.to_lowercase().contains(&lower);
    let partly: Vec<(usize, &str)> =
        devices.enumerate().filter(|(_, (_, name))| part(name)).map(|(at, (_, name))| (at, name)).collect();
    let names: Vec<&str> = partly.iter().map(|&(_, name)| name).collect();
    let what = match partly.as_slice() {
        [(at, _)] => return Ok(*at),
        [] => format!("there is no microphone called \"{wanted}\""),
        _ => format!("\"{wanted}\" fits several microphones: {}", names.join(", ")),
    };
    Err(Error::new(Kind::Device, what)
        .hint("`millwright devices` lists them; empty [audio] input in config.toml means the default"))
}

/// A fixed power of two of at least [`FRAMES`] where the device has one.
fn buffer(supported: &SupportedBufferSize) -> BufferSize {
    match *supported {
        SupportedBufferSize::Range { min, max } => {
            let frames = min.max(FRAMES).checked_next_power_of_two().unwrap_or(u32::MAX);
            if frames <= max { BufferSize::Fixed(frames) } else { BufferSize::Default }
        }
        SupportedBufferSize::Unknown => BufferSize::Default,
    }
}

fn listen(
    device: &cpal::Device,
    config: StreamConfig,
    format: SampleFormat,
    ring: rtrb::Producer<f32>,
    shared: &Arc<Shared>,
) -> std::result::Result<cpal::Stream, cpal::Error> {
    match format {
        SampleFormat::I8 => stream::<i8>(device, config, ring, shared),
        SampleFormat::I16 => stream::<i16>(device, config, ring, shared),
        SampleFormat::I24 => stream::<cpal::I24>(device, config, ring, shared),
        SampleFormat::I32 => stream::<i32>(device, config, ring, shared),
        SampleFormat::U8 => stream::<u8>(device, config, ring, shared),
        SampleFormat::U16 => stream::<u16>(device, config, ring, shared),
        SampleFormat::U24 => stream::<cpal::U24>(device, config, ring, shared),
        SampleFormat::U32 => stream::<u32>(device, config, ring, shared),
        SampleFormat::F32 => stream::<f32>(device, config, ring, shared),
        SampleFormat::F64 => stream::<f64>(device, config, ring, shared),
        other => Err(cpal::Error::with_message(
            cpal::ErrorKind::UnsupportedConfig,
            format!("its samples are {other}"),
        )),
    }
}

fn stream<T>(
    device: &cpal::Device,
    config: StreamConfig,
    mut ring: rtrb::Producer<f32>,
    shared: &Arc<Shared>,
) -> std::result::Result<cpal::Stream, cpal::Error>
where
    T: SizedSample,
    f32: FromSample<T>,
{
    let channels = usize::from(config.channels).max(1);
    let mut mixer = Mixer::new(config.channels, config.sample_rate);
    let (heard, broken) = (Arc::clone(shared), Arc::clone(shared));
    device.build_input_stream::<T, _, _>(
        config,
        move |data, _| {
            heard.callbacks.fetch_add(1, Relaxed);
            let (lost, clipped) = copy(data, channels, &mut mixer, &mut ring);
            if lost > 0 {
                heard.overruns.fetch_add(lost, Relaxed);
            }
            if clipped > 0 {
                heard.clipped.fetch_add(clipped, Relaxed);
            }
        },
        move |error| match error.kind() {
            cpal::ErrorKind::Xrun => {
                broken.overruns.fetch_add(1, Relaxed);
            }
            cpal::ErrorKind::DeviceChanged => broken.moved.store(true, Relaxed),
            // The stream goes on, with a thread of lower priority.
            cpal::ErrorKind::RealtimeDenied => {}
            _ => broken.failed.store(true, Relaxed),
        },
        None,
    )
}

/// Makes interleaved frames mono and puts them into the ring; how many samples did not fit,
/// and how many peaks were cut off.
fn copy<T>(data: &[T], channels: usize, mixer: &mut Mixer, ring: &mut rtrb::Producer<f32>) -> (u64, u64)
where
    T: Sample,
    f32: FromSample<T>,
{
    let (blend, clipped) = mixer.look(data.iter().map(|&s| f32::from_sample(s)));
    let frames = data.chunks_exact(channels);
    let offered = frames.len();
    let mono = frames.enumerate().map(|(at, f)| blend.mono(at, f.iter().map(|&s| f32::from_sample(s))));
    let room = offered.min(ring.slots());
    let taken = ring.write_chunk_uninit(room).map_or(0, |chunk| chunk.fill_from_iter(mono));
    ((offered - taken) as u64, clipped)
}

fn refused(what: &str, cause: cpal::Error) -> Error {
    let hint = match cause.kind() {
        cpal::ErrorKind::DeviceBusy => {
            "another program is using it: close that one, or choose another microphone"
        }
        cpal::ErrorKind::PermissionDenied => {
            "allow this user to record (on Linux: membership of the group \"audio\")"
        }
        _ => "check that it is plugged in; typed questions work without one",
    };
    Error::new(Kind::Device, what).because(cause).hint(hint)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    /// Puts one block into the ring; how many samples did not fit.
    fn put<T: Sample>(data: &[T], channels: u16, ring: &mut rtrb::Producer<f32>) -> u64
    where
        f32: FromSample<T>,
    {
        copy(data, usize::from(channels), &mut Mixer::new(channels, 48_000), ring).0
    }

    #[test]
    fn frames_are_mixed_to_mono_whatever_their_format() {
        let (mut producer, mut consumer) = rtrb::RingBuffer::new(8);
        assert_eq!(put(&[i16::MAX, 0, i16::MIN, i16::MIN], 2, &mut producer), 0);
        assert_eq!(put(&[0_u8, 128], 1, &mut producer), 0);
        assert_eq!(put(&[0.25_f32, 0.25, 0.25, 0.25], 4, &mut producer), 0);
        let heard: Vec<f32> = std::iter::from_fn(|| consumer.pop().ok()).collect();
        assert_eq!(heard.len(), 5);
        for (heard, want) in heard.iter().zip([0.5, -1.0, -1.0, 0.0, 0.25]) {
            assert!((heard - want).abs() < 0.001, "{heard} is not {want}");
        }
    }

    #[test]
    fn what_does_not_fit_is_counted_and_what_fits_is_kept() {
        let (mut producer, mut consumer) = rtrb::RingBuffer::new(4);
        assert_eq!(put(&[0.1_f32, 0.2, 0.3], 1, &mut producer), 0);
        assert_eq!(put(&[0.4_f32, 0.5, 0.6], 1, &mut producer), 2);
        let heard: Vec<f32> = std::iter::from_fn(|| consumer.pop().ok()).collect();
        assert_eq!(heard, [0.1, 0.2, 0.3, 0.4]);
    }

    #[test]
    fn a_microphone_is_chosen_by_id_by_name_or_by_a_part_that_only_one_has() {
        let devices = [("hw:0", "Built-in Audio"), ("hw:1", "USB Headset"), ("hw:2", "USB Headset Pro")];
        let choose = |wanted| choose(devices.iter().copied(), wanted);
        assert_eq!(choose("hw:2").unwrap(), 2);
        assert_eq!(choose("USB Headset").unwrap(), 1);
        assert_eq!(choose("built-IN").unwrap(), 0);
        let several = choose("usb").unwrap_err();
        assert!(several.what.contains("USB Headset, USB Headset Pro"), "{several}");
        let none = choose("Bluetooth").unwrap_err();
        assert!(none.what.contains("no microphone called") && none.hint.contains("devices"), "{none}");
    }

    #[test]
    fn a_device_that_falls_silent_is_noticed_within_a_second() {
        let at = Duration::from_millis;
        let beat = |callbacks| Health { callbacks, ..Health::default() };
        let mut pulse = Pulse::default();
        for i in 0..100 {
            assert!(!pulse.is_stalled(beat(1 + i / 2), at(i * 10)), "a callback every 20 ms is alive");
        }
        assert!(!pulse.is_stalled(beat(50), at(1_500)));
        assert!(pulse.is_stalled(beat(50), at(1_900)));
    }

    #[test]
    fn a_device_has_time_to_start() {
        let at = Duration::from_millis;
        let mut pulse = Pulse::default();
        assert!(!pulse.is_stalled(Health::default(), at(0)));
        assert!(!pulse.is_stalled(Health::default(), at(2_900)));
        assert!(pulse.is_stalled(Health::default(), at(3_100)));
    }

    #[test]
    fn a_stream_error_is_noticed_at_once() {
        let mut pulse = Pulse::default();
        assert!(pulse.is_stalled(Health { failed: true, ..Health::default() }, Moment::ZERO));
    }

    #[test]
    fn the_buffer_is_a_power_of_two_that_the_device_has() {
        let range = |min, max| buffer(&SupportedBufferSize::Range { min, max });
        assert_eq!(range(16, 8_192), BufferSize::Fixed(1_024));
        assert_eq!(range(1_500, 8_192), BufferSize::Fixed(2_048));
        assert_eq!(range(16, 512), BufferSize::Default);
        assert_eq!(range(u32::MAX, u32::MAX), BufferSize::Fixed(u32::MAX));
        assert_eq!(buffer(&SupportedBufferSize::Unknown), BufferSize::Default);
    }

    #[test]
    fn a_name_that_no_device_has_is_an_error_with_a_way_out() {
        if let Err(error) = Microphone::open(Some("no such microphone anywhere")) {
            assert_eq!(error.kind, Kind::Device);
            assert!(!error.hint.is_empty());
        } else {
            panic!("a microphone of that name was opened");
        }
    }
}
