//! `millwright transcribe F.wav…`.

use serde::Serialize;

use super::cli;
use super::{Context, Result};
use crate::core::hear::Word;
use crate::core::hear::repair::Repair;
use crate::entry::audio_file;
use crate::operations::node::protocol::{Command, Event};

/// One line of `transcribe --json`.
#[derive(Debug, Serialize)]
struct Line {
    file: String,
    text: String,
    words: Vec<Word>,
    language: String,
    audio_ms: u64,
    ms: f64,
    real_time_factor: f64,
    speech: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    doubt: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    repairs: Vec<Repair>,
}

pub(super) async fn run(context: &Context, args: cli::Transcribe) -> Result<()> {
    let mut client = context.client().await?;
    let warm = Command::Warm { hear: true, answer: None, speak: false };
    client.call(warm, Vec::new(), async |_, _, _| Ok(())).await?;
    for file in &args.files {
        let audio = audio_file::read(file)?;
        let (language, prompt, kb) = (args.language.clone(), args.prompt.clone(), args.kb.clone());
        let command = Command::Transcribe { language, prompt, kb };
        let event = client.call(command, audio.samples, async |_, _, _| Ok(())).await?;
        let Event::Heard { transcript, ms } = event else { continue };
        let line = Line {
            file: file.display().to_string(),
            text: transcript.text,
            words: transcript.words,
            language: transcript.language,
            audio_ms: audio.duration_ms,
            ms,
            real_time_factor: ms / (audio.duration_ms.max(1) as f64),
            speech: transcript.speech,
            doubt: transcript.doubt,
            raw: transcript.raw,
            repairs: transcript.repairs,
        };
        if context.out.json {
            context.out.line(&line)?;
        } else if line.speech {
            context.out.text(&format!("{}\n", line.text))?;
        } else {
            context.out.note(&format!("{}: no speech ({})", line.file, line.doubt));
        }
    }
    client.finish().await;
    Ok(())
}
