//! The loudspeaker: sentences in, sound out, cut short at any moment.
//!
//! ```text
//! say() ─mailbox─▶ speaker thread ─ring─▶ Feed ─▶ rodio mixer ─▶ cpal callback
//! flush() ───────────a count───────────────▲ │
//! events ◀────────── speaker thread ◀─ring───┘ (what was pulled, and the tap)
//! ```
//!
//! The speaker thread owns the device, resamples, and wakes only while something plays. At
//! most 60 ms are queued at the device, so a flush is heard within that.

use std::num::NonZero;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use cpal::traits::{DeviceTrait, HostTrait};
use rodio::{DeviceSinkBuilder, MixerDeviceSink};

use super::feed::{Ends, Feed, Note, Sentence, Shared};
use super::resample;
use super::tap::Tap;
use super::voice::Pcm;
use crate::exit::{Error, Kind, Result};
use crate::quiet::quietly;

/// Sentences that may wait; the next is refused.
pub const MOST: usize = 64;
/// How often the thread looks at the rings while something plays.
const TICK: Duration = Duration::from_millis(5);
/// How often it looks after the device while nothing does.
const IDLE: Duration = Duration::from_millis(500);
/// No sample, not even silence, was pulled for so long: the device is gone.
const STALLED: Duration = Duration::from_millis(1500);
/// Two periods of this many seconds each are queued at the device.
const PERIOD_SECONDS: f64 = 0.030;
/// Events nobody has read yet; newer ones are dropped.
const MOST_EVENTS: usize = 4 * MOST;

/// What happened to a sentence, or to the device.
#[derive(Debug)]
pub enum Event {
    /// The mixer pulled its first sample; it is heard up to 60 ms later.
    Started {
        /// As given to [`Speaker::say`].
        id: u64,
        /// When.
        at: Instant,
    },
    /// The mixer pulled its last sample.
    Finished {
        /// As given to [`Speaker::say`].
        id: u64,
        /// When.
        at: Instant,
    },
    /// It was flushed, or the device was lost, before its end.
    Cut {
        /// As given to [`Speaker::say`].
        id: u64,
    },
    /// The device went away. The next sentence tries to open it again.
    Lost(Error),
}

/// Why a sentence was not taken.
#[derive(Debug)]
pub enum Refused {
    /// [`MOST`] sentences wait already; here it is back.
    Full(Pcm),
    /// The speaker thread has ended.
    Gone,
}

struct Say {
    id: u64,
    flushes: u64,
    pcm: Pcm,
}

/// An open loudspeaker. Dropping it stops the sound and closes the device.
pub struct Speaker {
    mailbox: Option<SyncSender<Say>>,
    shared: Arc<Shared>,
    waiting: Arc<AtomicUsize>,
    glitches: Arc<AtomicU64>,
    tap: Tap,
    name: String,
    thread: Option<JoinHandle<()>>,
}

impl Speaker {
    /// Opens the output device of this name (a part of the name is enough where only one
    /// device has it), or the system's default one.
    ///
    /// # Errors
    /// [`Kind::Device`] where there is none or it refuses.
    pub fn open(device: Option<&str>) -> Result<(Self, Receiver<Event>)> {
        let (mailbox, orders) = mpsc::sync_channel(MOST);
        let (events, received) = mpsc::sync_channel(MOST_EVENTS);
        let (opened, answer) = mpsc::sync_channel(1);
        let shared = Arc::new(Shared::default());
        let waiting = Arc::new(AtomicUsize::new(0));
        let glitches = Arc::new(AtomicU64::new(0));
        let thread = {
            let wanted = device.map(str::to_owned);
            let (shared, waiting, glitches) =
                (Arc::clone(&shared), Arc::clone(&waiting), Arc::clone(&glitches));
            std::thread::Builder::new().name("speaker".to_owned()).spawn(move || {
                // The device lives and dies on this thread: some systems ask for that.
                let line = match Line::open(wanted.as_deref(), &shared, &glitches) {
                    Ok(line) => line,
                    Err(e) => {
                        let _ = opened.send(Err(e));
                        return;
                    }
                };
                let tap = Tap::new(line.rate.get());
                if opened.send(Ok((tap.clone(), line.name.clone()))).is_err() {
                    return;
                }
                Worker {
                    wanted,
                    line: Some(line),
                    shared,
                    waiting,
                    glitches,
                    tap,
                    events,
                    inside: Vec::new(),
                }
                .run(&orders);
            })
        }
        .map_err(|e| Error::new(Kind::Device, "cannot start the speaker's thread").because(e))?;
        let (tap, name) = answer.recv().unwrap_or_else(|_| {
            Err(Error::new(Kind::Device, "the speaker's thread ended before it had opened a device"))
        })?;
        Ok((
            Self { mailbox: Some(mailbox), shared, waiting, glitches, tap, name, thread: Some(thread) },
            received,
        ))
    }

    /// The device's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Queues a sentence behind those that wait. Never blocks.
    ///
    /// # Errors
    /// [`Refused::Full`] with the sentence where [`MOST`] wait already.
    pub fn say(&self, id: u64, pcm: Pcm) -> std::result::Result<(), Refused> {
        let taken =
            self.waiting.fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| (n < MOST).then_some(n + 1));
        if taken.is_err() {
            return Err(Refused::Full(pcm));
        }
        let order = Say { id, flushes: self.shared.flushes.load(Ordering::Acquire), pcm };
        let Some(mailbox) = &self.mailbox else {
            return Err(Refused::Gone);
        };
        mailbox.try_send(order).map_err(|e| {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            match e {
                TrySendError::Full(order) => Refused::Full(order.pcm),
                TrySendError::Disconnected(_) => Refused::Gone,
            }
        })
    }

    /// Stops what plays and forgets what waits (barge-in). At once for the mixer; the
    /// device plays out the at most 60 ms that it already has.
    pub fn flush(&self) {
        self.shared.flushes.fetch_add(1, Ordering::AcqRel);
        self.hush(false);
    }

    /// Holds the sound where it is, or lets it go on: somebody may be speaking.
    pub fn hush(&self, on: bool) {
        self.shared.hushed.store(on, Ordering::Release);
    }

    /// Sentences that wait or play.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Acquire)
    }

    /// How often the device ran out of sound or complained in mid-stream.
    #[must_use]
    pub fn glitches(&self) -> u64 {
        self.glitches.load(Ordering::Relaxed)
    }

    /// What the device was given, for an echo canceller.
    #[must_use]
    pub fn tap(&self) -> Tap {
        self.tap.clone()
    }
}

impl Drop for Speaker {
    fn drop(&mut self) {
        self.flush();
        self.mailbox = None;
        if let Some(thread) = self.thread.take() {
            // A panic in there has been reported by its own hook.
            let _ = thread.join();
        }
    }
}

/// An open device with the rings to its callback.
struct Line {
    name: String,
    rate: NonZero<u32>,
    ends: Ends,
    lost: Arc<Mutex<Option<cpal::Error>>>,
    // Dropping it closes the device.
    _sink: MixerDeviceSink,
}

impl Line {
    fn open(wanted: Option<&str>, shared: &Arc<Shared>, glitches: &Arc<AtomicU64>) -> Result<Self> {
        let (line, complaint) = quietly(|| Self::try_open(wanted, shared, glitches));
        line.map_err(|e| match e.cause {
            None if !complaint.is_empty() => e.because(complaint),
            _ => e,
        })
    }

    fn try_open(wanted: Option<&str>, shared: &Arc<Shared>, glitches: &Arc<AtomicU64>) -> Result<Self> {
        let device = find(wanted)?;
        let name = device.description().map_or_else(|_| device.to_string(), |d| d.name().to_owned());
        let refused = |e: rodio::DeviceSinkError| {
            Error::new(Kind::Device, format!("the loudspeaker \"{name}\" cannot be opened"))
                .because(e)
                .hint("plug it in or choose another, or use --out FILE.wav")
        };
        let rate = device
            .default_output_config()
            .map_err(|e| refused(rodio::DeviceSinkError::DefaultSinkConfigError(e)))?
            .sample_rate();
        let builder = DeviceSinkBuilder::from_device(device).map_err(refused)?;
        let lost = Arc::new(Mutex::new(None));
        let on_error = {
            let (lost, glitches) = (Arc::clone(&lost), Arc::clone(glitches));
            move |e: cpal::Error| match e.kind() {
                // The driver's word for "gone". After anything else the stream goes on, or
                // stops being pulled, which the thread sees for itself.
                cpal::ErrorKind::DeviceNotAvailable
                | cpal::ErrorKind::HostUnavailable
                | cpal::ErrorKind::StreamInvalidated => {
                    *lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(e);
                }
                cpal::ErrorKind::RealtimeDenied | cpal::ErrorKind::DeviceChanged => {}
                _ => {
                    glitches.fetch_add(1, Ordering::Relaxed);
                }
            }
        };
        let builder =
            builder.with_buffer_size(cpal::BufferSize::Fixed(period(rate))).with_error_callback(on_error);
        let mut sink = builder.open_sink_or_fallback().map_err(refused)?;
        sink.log_on_drop(false);
        let rate = sink.config().sample_rate();
        shared.frames.store(0, Ordering::Relaxed);
        let (feed, ends) = Feed::new(rate, MOST, Arc::clone(shared));
        sink.mixer().add(feed);
        Ok(Self { name, rate, ends, lost, _sink: sink })
    }
}

/// The largest power of two of frames within [`PERIOD_SECONDS`].
fn period(rate: u32) -> u32 {
    let frames = (f64::from(rate) * PERIOD_SECONDS) as u32;
    1 << frames.max(1).ilog2()
}

fn find(wanted: Option<&str>) -> Result<cpal::Device> {
    let host = cpal::default_host();
    let Some(wanted) = wanted else {
        return host.default_output_device().ok_or_else(|| {
            Error::new(Kind::Device, "there is no loudspeaker").hint("plug one in, or use --out FILE.wav")
        });
    };
    let devices = host.output_devices().map_err(|e| {
        Error::new(Kind::Device, "the sound system does not answer")
            .because(e)
            .hint("is it running? or use --out FILE.wav")
    })?;
    let named: Vec<(String, cpal::Device)> = devices
        .filter_map(|d| {
            let id = d.id().map(|id| id.id().to_owned()).unwrap_or_default();
            let name = d.description().map_or_else(|_| d.to_string(), |d| d.name().to_owned());
            (id == wanted || name.contains(wanted)).then_some((id, d))
        })
        .collect();
    let exact = named.iter().position(|(id, _)| id == wanted);
    match (exact, named.len()) {
        (None, 2..) => {
            Err(Error::new(Kind::Device, format!("{} loudspeakers are called \"{wanted}\"", named.len()))
                .hint("give more of the name in [audio] output of config.toml"))
        }
        (exact, _) => named.into_iter().nth(exact.unwrap_or(0)).map(|(_, d)| d).ok_or_else(|| {
            Error::new(Kind::Device, format!("there is no loudspeaker called \"{wanted}\""))
                .hint("the system's sound settings list the names; empty [audio] output in config.toml means the default")
        }),
    }
}

/// The speaker thread's state.
struct Worker {
    wanted: Option<String>,
    line: Option<Line>,
    shared: Arc<Shared>,
    waiting: Arc<AtomicUsize>,
    glitches: Arc<AtomicU64>,
    tap: Tap,
    events: SyncSender<Event>,
    /// Ids handed to the callback and not yet back.
    inside: Vec<u64>,
}

impl Worker {
    /// Select → event → handle, until the [`Speaker`] is dropped.
    fn run(mut self, orders: &Receiver<Say>) {
        let mut progress = (0, Instant::now());
        let mut quiet_since = Instant::now();
        loop {
            let lively = !self.inside.is_empty() || quiet_since.elapsed() < IDLE;
            match orders.recv_timeout(if lively { TICK } else { IDLE }) {
                Ok(order) => {
                    self.take(order);
                    quiet_since = Instant::now();
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.collect();
            let frames = self.shared.frames.load(Ordering::Relaxed);
            if self.line.is_none() || frames != progress.0 {
                progress = (frames, Instant::now());
            }
            if !self.inside.is_empty() {
                quiet_since = Instant::now();
            }
            self.look_after(progress.1);
        }
    }

    fn take(&mut self, order: Say) {
        if let Err(e) = self.hand_over(order.id, order.flushes, &order.pcm) {
            self.event(Event::Lost(e));
            self.ended(Event::Cut { id: order.id });
        }
    }

    fn hand_over(&mut self, id: u64, flushes: u64, pcm: &Pcm) -> Result<()> {
        let line = match &mut self.line {
            Some(line) => line,
            None => {
                let line = Line::open(self.wanted.as_deref(), &self.shared, &self.glitches)?;
                self.tap.restart(line.rate.get());
                self.line.insert(line)
            }
        };
        let samples = resample::to_rate(pcm, line.rate.get())?;
        // As many sentences fit into the ring as are ever let in.
        if line.ends.sentences.push(Sentence { id, flushes, samples }).is_ok() {
            self.inside.push(id);
        } else {
            self.ended(Event::Cut { id });
        }
        Ok(())
    }

    /// Empties the rings from the callback.
    fn collect(&mut self) {
        let Some(line) = &mut self.line else { return };
        while let Ok(block) = line.ends.tap.pop() {
            self.tap.keep(block);
        }
        let notes: Vec<Note> = std::iter::from_fn(|| line.ends.notes.pop().ok()).collect();
        for note in notes {
            match note {
                Note::Started { id, at } => self.event(Event::Started { id, at }),
                Note::Ended { sentence, cut, at } => {
                    let id = sentence.id;
                    if let Some(i) = self.inside.iter().position(|inside| *inside == id) {
                        self.inside.remove(i);
                    }
                    self.ended(if cut { Event::Cut { id } } else { Event::Finished { id, at } });
                }
            }
        }
    }

    /// Gives the device up where it said so, or where it has stopped pulling.
    fn look_after(&mut self, progress: Instant) {
        let Some(line) = &self.line else { return };
        let said = line.lost.lock().unwrap_or_else(PoisonError::into_inner).take();
        let stalled = progress.elapsed() > STALLED;
        if said.is_none() && !stalled {
            return;
        }
        let mut error = Error::new(Kind::Device, format!("the loudspeaker \"{}\" went away", line.name))
            .hint("plug it in again: the next answer looks for it");
        if let Some(e) = said {
            error = error.because(e);
        }
        self.line = None;
        self.event(Event::Lost(error));
        for id in std::mem::take(&mut self.inside) {
            self.ended(Event::Cut { id });
        }
    }

    fn ended(&self, event: Event) {
        self.waiting.fetch_sub(1, Ordering::AcqRel);
        self.event(event);
    }

    fn event(&self, event: Event) {
        // Whoever does not read its events loses them; the sound goes on.
        let _ = self.events.try_send(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_sixty_milliseconds_are_queued_at_the_device() {
        for rate in [16_000, 22_050, 44_100, 48_000, 96_000] {
            let queued = 2.0 * f64::from(period(rate)) / f64::from(rate);
            assert!((0.029..=0.060).contains(&queued), "{rate} Hz: {queued} s");
            assert!(period(rate).is_power_of_two());
        }
    }
}
