//! The loudspeaker as commands use it: plays what a node sends, says when it was first
//! heard, and waits for the end.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::Result;
use crate::exit::speak::earcon::Earcon;
use crate::exit::speak::playback::{Event, Refused, Speaker};
use crate::exit::speak::tap::Tap;
use crate::exit::speak::voice::Pcm;
use crate::operations::outcome::{Error, Kind};

/// How often a full queue or the end of the sound is looked for.
const TICK: Duration = Duration::from_millis(20);
/// A sound that has not started by then will not.
const START_PATIENCE: Duration = Duration::from_secs(2);
/// What the device still holds when the mixer has given its last sample.
const DEVICE_TAIL: Duration = Duration::from_millis(120);

type Waiting = Arc<Mutex<HashMap<u64, (Instant, oneshot::Sender<Duration>)>>>;

/// An open loudspeaker.
pub struct Loudspeaker {
    speaker: Speaker,
    next: AtomicU64,
    waiting: Waiting,
    answer: Mutex<Answer>,
}

/// The answer that is being spoken.
#[derive(Default)]
struct Answer {
    words: String,
    /// Sounds of it are still to come.
    more: bool,
}

impl Loudspeaker {
    /// Opens the device of this name; `""` means the default one.
    ///
    /// # Errors
    /// There is none, or it refuses.
    pub fn open(device: &str) -> Result<Loudspeaker> {
        let (speaker, events) = Speaker::open(Some(device).filter(|d| !d.is_empty()))?;
        let waiting = Waiting::default();
        let asked = waiting.clone();
        std::thread::Builder::new()
            .name("loudspeaker-events".into())
            .spawn(move || {
                while let Ok(event) = events.recv() {
                    match event {
                        Event::Started { id, at } => {
                            let asker = asked.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
                            if let Some((queued, asker)) = asker {
                                let _ = asker.send(at.saturating_duration_since(queued));
                            }
                        }
                        Event::Lost(e) => tracing::error!("loudspeaker lost: {e}"),
                        Event::Finished { .. } | Event::Cut { .. } => {}
                    }
                }
            })
            .map_err(|e| Error::new(Kind::Failed, "cannot start the loudspeaker's thread").because(e))?;
        Ok(Loudspeaker { speaker, next: AtomicU64::new(0), waiting, answer: Mutex::default() })
    }

    /// Queues a sound behind those that wait; waits itself where the queue is full.
    ///
    /// # Errors
    /// The device's thread has ended.
    pub async fn play(&self, pcm: Pcm) -> Result<()> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        self.queue(id, pcm).await
    }

    /// As [`Loudspeaker::play`], and returns when the first sample has left the mixer: how
    /// long after it was queued. `None` where it did not start.
    ///
    /// # Errors
    /// The device's thread has ended.
    pub async fn play_and_hear(&self, pcm: Pcm) -> Result<Option<Duration>> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (tell, told) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(id, (Instant::now(), tell));
        self.queue(id, pcm).await?;
        let started = tokio::time::timeout(START_PATIENCE, told).await;
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        Ok(started.ok().and_then(std::result::Result::ok))
    }

    async fn queue(&self, id: u64, mut pcm: Pcm) -> Result<()> {
        loop {
            match self.speaker.say(id, pcm) {
                Ok(()) => return Ok(()),
                Err(Refused::Full(back)) => pcm = back,
                Err(Refused::Gone) => {
                    return Err(Error::new(Kind::Failed, "the loudspeaker's thread has ended"));
                }
            }
            tokio::time::sleep(TICK).await;
        }
    }

    /// Plays a tone, where there is room for it.
    pub fn earcon(&self, earcon: Earcon) {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let _ = self.speaker.say(id, earcon.pcm());
    }

    /// Stops what plays and forgets what waits.
    pub fn flush(&self) {
        self.speaker.flush();
    }

    /// Holds the sound where it is, or lets it go on.
    pub fn hush(&self, on: bool) {
        self.speaker.hush(on);
    }

    /// An answer with these words follows, sound by sound.
    pub fn begin(&self, words: String) {
        *self.answer() = Answer { words, more: true };
    }

    /// The last sound of the answer has been queued, or will not come.
    pub fn complete(&self) {
        self.answer().more = false;
    }

    /// The words of the answer that is being spoken; `None` where none is.
    pub fn speaks(&self) -> Option<String> {
        let answer = self.answer();
        let speaks = !answer.words.is_empty() && (answer.more || self.speaker.waiting() > 0);
        speaks.then(|| answer.words.clone())
    }

    /// What the device was given.
    pub fn tap(&self) -> Tap {
        self.speaker.tap()
    }

    fn answer(&self) -> std::sync::MutexGuard<'_, Answer> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when everything queued has been heard.
    pub async fn finish(&self) {
        if self.speaker.waiting() == 0 {
            return;
        }
        while self.speaker.waiting() > 0 {
            tokio::time::sleep(TICK).await;
        }
        tokio::time::sleep(DEVICE_TAIL).await;
    }
}
