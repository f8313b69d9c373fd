//! Hearing on the node: an utterance to the recogniser and back, in the words of the manuals.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::shared::Shared;
use crate::core::cores::{Class, Lease};
use crate::core::hear::Transcript;
use crate::core::hear::whisper::{self, Abort, Job, Refused};
use crate::operations::outcome::{Error, Kind, Result};

/// How an utterance is to be transcribed.
#[derive(Debug, Clone, Default)]
pub struct Hearing {
    /// Language; `None` to let the model decide.
    pub language: Option<String>,
    /// Words to expect, in place of the manuals'.
    pub prompt: Option<String>,
    /// The knowledge base whose words are expected; `None` means all.
    pub kb: Option<String>,
    /// The active machine.
    pub machine: Option<String>,
    /// Share of it that is voice, where that is known, 0..1.
    pub coverage: Option<f32>,
    /// A phrase that it may begin with, and the words that make the recogniser expect it.
    pub wake: Option<(String, String)>,
    /// It goes on: whoever waits for a whole one goes first, and nothing is repaired.
    pub interim: bool,
    /// Gives it up.
    pub abort: Abort,
}

/// What was said, in the words of the manuals; also how long was waited for the recogniser's
/// cores.
///
/// # Errors
/// No recogniser is installed, it fails, too many utterances wait, or it was given up.
pub async fn hear(
    node: &Arc<Shared>,
    samples: Vec<f32>,
    mut hearing: Hearing,
) -> Result<(Transcript, Duration)> {
    let lexicon = node.lexicon(hearing.kb.as_deref());
    let interim = hearing.interim;
    let prompt = hearing.prompt.take().or_else(|| lexicon.prompt(hearing.machine.as_deref()));
    hearing.prompt = expecting(prompt, hearing.wake.as_ref().map(|(_, prompt)| prompt.as_str()));
    let (mut transcript, waited) = transcribe(node, samples, hearing).await?;
    if !interim {
        lexicon.repair(&mut transcript);
    }
    Ok((transcript, waited))
}

/// A prompt with that of a wake phrase at its end, where the recogniser minds it most.
pub fn expecting(prompt: Option<String>, wake: Option<&str>) -> Option<String> {
    match (prompt, wake) {
        (Some(prompt), Some(wake)) => Some(format!("{prompt} {wake}")),
        (prompt, wake) => prompt.or_else(|| wake.map(str::to_owned)),
    }
}

/// What was heard, as the recogniser gives it.
///
/// # Errors
/// As [`hear`].
pub async fn transcribe(
    node: &Arc<Shared>,
    samples: Vec<f32>,
    hearing: Hearing,
) -> Result<(Transcript, Duration)> {
    let worker = node.resident.recogniser().await?;
    let Hearing { language, prompt, coverage, interim, abort, wake, .. } = hearing;
    let listen_for = wake.map(|(phrase, _)| phrase);
    let (reply, answer) = tokio::sync::oneshot::channel();
    // Taken when the worker begins with this job, given back when it is done with it.
    let lease: Arc<Mutex<Option<Lease>>> = Arc::default();
    let (cores, taken) = (node.cores.clone(), lease.clone());
    let job = Job {
        samples,
        options: whisper::Options { language, prompt, coverage, interim, abort, listen_for, threads: 0 },
        threads: Box::new(move || {
            let total = cores.total();
            // What is only for showing never makes anybody wait.
            let lease = if interim {
                cores.try_lease(Class::InterimTranscript, total)
            } else {
                Some(cores.lease(Class::FinalTranscript, total))
            };
            let threads = lease.as_ref().map_or(0, Lease::threads);
            *taken.lock().unwrap_or_else(PoisonError::into_inner) = lease;
            threads
        }),
        reply: Box::new(move |heard| {
            let held = lease.lock().unwrap_or_else(PoisonError::into_inner).take();
            let waited = held.as_ref().map_or(Duration::ZERO, Lease::waited);
            drop(held);
            let _ = reply.send((heard, waited));
        }),
    };
    worker.submit(job).map_err(|refused| match refused {
        Refused::Full(_) => {
            Error::new(Kind::Failed, "too many utterances wait for the recogniser").hint("ask again")
        }
        Refused::Stopped(_) => {
            Error::new(Kind::Failed, "the recogniser has ended").hint("start millwright again")
        }
    })?;
    let (heard, waited) =
        answer.await.map_err(|_| Error::new(Kind::Failed, "the recogniser ended in mid-utterance"))?;
    Ok((heard?, waited))
}
