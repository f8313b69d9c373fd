//! `millwright talk`: a headset and no screen. Enter starts listening, Enter ends it; the
//! answer is spoken and printed. Lines on stdin are Enter too, so that a script can drive
//! it.

use std::time::Instant;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::mpsc;

use super::ask::{ask_with, options, warm};
use super::cli;
use super::loudspeaker::Loudspeaker;
use super::{Context, Result};
use crate::entry::listen::ear;
use crate::entry::listen::push_to_talk::Key;
use crate::entry::microphone::Microphone;
use crate::exit::speak::earcon::Earcon;
use crate::operations::outcome::{Error, Kind};
use crate::operations::platform;

/// Events of the ear that may wait; levels are dropped first.
const EAR_EVENTS: usize = 64;

pub(super) async fn run(context: &Context, args: cli::Talk) -> Result<()> {
    let (ear, mut heard) = open_ear(context)?;
    let speaker = Loudspeaker::open(&context.config.audio.output)?;
    let mut client = context.client().await?;
    warm(&mut client, &args.how, true, true).await?;
    context.out.note("Enter starts listening, Enter ends it, Ctrl-D leaves");
    let mut enters = enters();
    let (mut leaving, mut listening) = (false, false);
    loop {
        let event = tokio::select! {
            enter = enters.recv(), if !leaving => {
                match enter {
                    // It stays so until the ear says how it ended.
                    Some(()) => listening |= ear.press(Key::Toggle),
                    // End of input: an utterance that is under way is still heard.
                    None => leaving = true,
                }
                if leaving && !listening { break }
                continue;
            }
            event = heard.recv() => event,
            _ = tokio::signal::ctrl_c() => break,
            () = platform::termination() => break,
        };
        match event {
            None => return Err(Error::new(Kind::Failed, "the microphone's thread ended")),
            Some(ear::Event::Started) => {
                context.out.note("● listening");
                speaker.earcon(Earcon::Listening);
            }
            Some(ear::Event::Utterance(utterance)) => {
                listening = false;
                speaker.earcon(Earcon::Heard);
                let mut options = options(&args.how, true, true);
                options.endpoint_ms = utterance.speech_end_offset_ms as f64;
                match ask_with(&mut client, options, utterance.samples, Some(&speaker)).await {
                    Ok(asked) if context.out.json => context.out.line(&asked.report)?,
                    Ok(asked) => {
                        let text = super::output::turn(&context.out, &asked.report, asked.answer.as_ref());
                        context.out.text(&text)?;
                    }
                    Err(e) => {
                        speaker.earcon(Earcon::Error);
                        context.out.fault(&e);
                    }
                }
                if leaving {
                    break;
                }
            }
            Some(ear::Event::TooShort) => {
                listening = false;
                context.out.note("too short: press Enter, speak, press Enter");
                if leaving {
                    break;
                }
            }
            Some(ear::Event::DeviceLost { why }) => {
                listening = false;
                context.out.note(&why);
                if leaving {
                    break;
                }
            }
            Some(ear::Event::DeviceBack { name }) => context.out.note(&format!("microphone: {name}")),
            Some(ear::Event::Level(_)) => {}
        }
    }
    speaker.finish().await;
    client.finish().await;
    Ok(())
}

/// Starts the ear on the configured microphone; what it says comes by the channel.
pub(super) fn open_ear(context: &Context) -> Result<(ear::Handle, mpsc::Receiver<ear::Event>)> {
    let device = Some(context.config.audio.input.clone()).filter(|d| !d.is_empty());
    let open: ear::Open = Box::new(move || Ok(Box::new(Microphone::open(device.as_deref())?)));
    let started = Instant::now();
    let (events, heard) = mpsc::channel(EAR_EVENTS);
    let ear = ear::Handle::spawn(open, move || started.elapsed(), events)?;
    Ok((ear, heard))
}

/// Lines of stdin, one message each; the channel closes at the end of input.
fn enters() -> mpsc::Receiver<()> {
    let (send, receive) = mpsc::channel(4);
    tokio::spawn(async move {
        let mut lines = BufReader::new(tokio::io::stdin()).lines();
        while let Ok(Some(_)) = lines.next_line().await {
            if send.send(()).await.is_err() {
                break;
            }
        }
    });
    receive
}
