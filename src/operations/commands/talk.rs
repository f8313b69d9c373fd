//! `millwright talk`: a headset and no screen. Enter starts listening, Enter ends it; the
//! answer is spoken and printed. Lines on stdin are Enter too, so that a script can drive
//! it.

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::mpsc;

use super::ask::{ask_with, options, warm};
use super::cli;
use super::loudspeaker::Loudspeaker;
use super::{Context, Result};
use crate::entry::listen::ear::{self, Ear, Press};
use crate::exit::speak::earcon::Earcon;
use crate::operations::outcome::{Error, Kind};
use crate::operations::platform;

pub(super) async fn run(context: &Context, args: cli::Talk) -> Result<()> {
    let device = Some(context.config.audio.input.as_str()).filter(|d| !d.is_empty());
    let (ear, mut heard) = Ear::start(device)?;
    let speaker = Loudspeaker::open(&context.config.audio.output)?;
    let mut client = context.client().await?;
    warm(&mut client, &args.how, true, true).await?;
    context.out.note(&format!("listening on {}; Enter starts, Enter ends, Ctrl-D leaves", ear.device()));
    let mut enters = enters();
    let mut leaving = false;
    loop {
        let event = tokio::select! {
            enter = enters.recv(), if !leaving => {
                match enter {
                    Some(()) => ear.press(Press::Toggle),
                    // End of input: an utterance that is under way is still heard.
                    None => leaving = true,
                }
                if leaving && !ear.is_listening() { break }
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
                speaker.earcon(Earcon::Heard);
                let mut options = options(&args.how, true, true);
                options.endpoint_ms = utterance.endpoint_ms();
                options.overruns = utterance.overruns;
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
                context.out.note("too short: press Enter, speak, press Enter");
                if leaving {
                    break;
                }
            }
            Some(ear::Event::DeviceLost(what)) => context.out.note(&format!("microphone lost: {what}")),
            Some(ear::Event::DeviceBack(name)) => context.out.note(&format!("microphone back: {name}")),
            Some(ear::Event::Level(_)) => {}
        }
    }
    speaker.finish().await;
    client.finish().await;
    Ok(())
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
