//! A running command's line to its client: events out, controls in.

use std::time::Duration;

use tokio::sync::mpsc;

use super::protocol::{Event, FromNode};
use super::wire::Message;

/// What a running command hears from its client.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Control {
    /// The first sample left for the loudspeaker, so long after it arrived.
    Played(Duration),
    /// The asker has left.
    Cancel,
}

/// Where a command's events go.
#[derive(Debug, Clone)]
pub struct Out {
    id: u64,
    events: mpsc::Sender<Message<FromNode>>,
}

impl Out {
    /// The way back for the command `id`.
    pub fn new(id: u64, events: mpsc::Sender<Message<FromNode>>) -> Out {
        Out { id, events }
    }

    /// Returns when the client has left.
    pub async fn closed(&self) {
        self.events.closed().await;
    }

    /// Sends an event; a client that left is not an error.
    pub async fn send(&self, event: Event) {
        self.send_with(event, Vec::new()).await;
    }

    /// Sends an event if the client has room for it: for progress, which is out of date
    /// before a slow client could read it, and for which nobody should wait.
    pub fn offer(&self, event: Event) {
        let body = FromNode { id: self.id, event };
        let _ = self.events.try_send(Message { body, samples: Vec::new() });
    }

    /// Sends an event with samples.
    pub async fn send_with(&self, event: Event, samples: Vec<f32>) {
        let body = FromNode { id: self.id, event };
        let _ = self.events.send(Message { body, samples }).await;
    }
}
