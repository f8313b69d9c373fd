//! The node: the one process that owns a data directory's models, index writer and audit
//! log, behind one protocol of commands, events and snapshots.
//!
//! [`client`] attaches to a node or becomes it, [`service`] serves connections over what is
//! [`shared`], [`driver`] runs one turn, `indexing` is the index's jobs, [`line`] ties a command to its
//! client,
//! [`session`] is what is remembered between turns, [`resident`] keeps the models, [`mouth`] is the voice's thread,
//! [`protocol`] and [`wire`] are what goes over the socket, [`lock`] says who is the node.

mod ahead;
pub mod client;
pub mod driver;
mod governor;
pub mod hearing;
mod indexing;
pub mod lexicon;
pub mod line;
pub mod lock;
pub mod mouth;
mod pace;
pub mod protocol;
mod recall;
pub mod resident;
pub mod service;
pub mod session;
pub mod shared;
pub mod wire;
