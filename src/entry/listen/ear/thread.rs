//! The ear's thread: looks at the microphone every ten milliseconds, and at the loudspeaker's
//! tap where there is one.

use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc as events;

use super::super::finished::Completeness;
use super::super::push_to_talk::Key;
use super::{Ear, Event};
use crate::core::Moment;
use crate::entry::{Error, Kind, Result};

/// How often the microphone is looked at.
pub(super) const POLL: Duration = Duration::from_millis(10);
/// Orders that may wait for the ear.
const ORDERS: usize = 32;
/// Room in the channel that levels leave free for what must not be lost.
const RESERVE: usize = 16;

/// Hands the ear what the loudspeaker was given since the last call, by [`Ear::played`].
pub type Reference = Box<dyn FnMut(&mut Ear) + Send>;

enum Order {
    Key(Key),
    Sounds(Completeness),
}

/// The running ear. Dropping it stops the thread and closes the microphone.
pub struct Handle {
    orders: Option<SyncSender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl Handle {
    /// Starts the ear's thread. `clock` is the node's; `events` should hold at least 64:
    /// levels and interim transcripts are dropped where it fills up, and so is an utterance
    /// that nobody takes.
    ///
    /// # Errors
    /// `Device` where the system has no thread left.
    pub fn spawn(
        mut ear: Ear,
        mut reference: Option<Reference>,
        clock: impl Fn() -> Moment + Send + 'static,
        events: events::Sender<Event>,
    ) -> Result<Self> {
        let (orders, ordered) = mpsc::sync_channel(ORDERS);
        let run = move || {
            let mut say = |event: Event| {
                let spare =
                    matches!(&event, Event::Level(_)) || matches!(&event, Event::Hear(h) if h.interim);
                if spare && events.capacity() <= RESERVE {
                    return;
                }
                if let Err(events::error::TrySendError::Full(_)) = events.try_send(event) {
                    tracing::warn!("nobody takes what the ear says");
                }
            };
            loop {
                match ordered.recv_timeout(POLL) {
                    Ok(Order::Key(key)) => ear.key(key, clock(), &mut say),
                    Ok(Order::Sounds(completeness)) => ear.sounds(completeness),
                    Err(RecvTimeoutError::Timeout) => {
                        if let Some(reference) = &mut reference {
                            reference(&mut ear);
                        }
                        ear.poll(clock(), &mut say);
                    }
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("ear".into())
            .spawn(run)
            .map_err(|e| Error::new(Kind::Device, "the ear cannot be started").because(e))?;
        Ok(Self { orders: Some(orders), thread: Some(thread) })
    }

    /// Hands the talk key to the ear; false where so many orders wait that this one was not
    /// taken.
    pub fn press(&self, key: Key) -> bool {
        self.order(Order::Key(key))
    }

    /// What the words so far sound like.
    pub fn sounds(&self, completeness: Completeness) {
        self.order(Order::Sounds(completeness));
    }

    fn order(&self, order: Order) -> bool {
        self.orders.as_ref().is_some_and(|orders| orders.try_send(order).is_ok())
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the ear's thread panicked");
        }
    }
}
