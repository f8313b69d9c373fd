//! `millwright say "text"`.

use serde::Serialize;

use super::cli;
use super::loudspeaker::Loudspeaker;
use super::{Context, Result};
use crate::exit::speak::voice::Pcm;
use crate::exit::speak::wav;
use crate::operations::node::protocol::{Command, Event};
use crate::operations::outcome::{Error, Kind};

/// The line of `say --json`.
#[derive(Debug, Serialize)]
struct Line {
    seconds: f64,
    file: Option<String>,
}

pub(super) async fn run(context: &Context, args: cli::Say) -> Result<()> {
    if args.text.trim().is_empty() {
        return Err(Error::new(Kind::Usage, "there is nothing to say").hint("millwright say \"some text\""));
    }
    let speaker = match &args.out {
        Some(_) => None,
        None => Some(Loudspeaker::open(&context.config.audio.output)?),
    };
    let mut client = context.client().await?;
    let mut sounds = Vec::new();
    client
        .call(Command::Say { text: args.text }, Vec::new(), async |_, _, message| {
            if let Event::Sound { sample_rate, .. } = message.body.event {
                let pcm = Pcm { samples: message.samples.clone(), sample_rate };
                if let Some(speaker) = &speaker {
                    speaker.play(pcm.clone()).await?;
                }
                sounds.push(pcm);
            }
            Ok(())
        })
        .await?;
    if let Some(speaker) = speaker {
        speaker.finish().await;
    }
    client.finish().await;
    let file = match &args.out {
        None => None,
        Some(path) => {
            wav::write(path, &sounds)?;
            Some(path.display().to_string())
        }
    };
    let seconds = sounds.iter().map(Pcm::ms).sum::<u64>() as f64 / 1e3;
    if context.out.json {
        return context.out.line(&Line { seconds, file });
    }
    if let Some(file) = file {
        context.out.note(&format!("{seconds:.1} s written to {file}"));
    }
    Ok(())
}
