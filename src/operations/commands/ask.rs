//! `millwright ask "question" | --audio F.wav | --batch F.jsonl`.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::cli::{self, Exit, How};
use super::loudspeaker::Loudspeaker;
use super::{Context, Result};
use crate::core::answer::Answer;
use crate::core::hear::SAMPLE_RATE;
use crate::core::ledger::millis;
use crate::entry::audio_file;
use crate::entry::listen::trim;
use crate::exit::render;
use crate::exit::speak::earcon::Earcon;
use crate::exit::speak::voice::Pcm;
use crate::exit::speak::wav;
use crate::operations::node::client::Client;
use crate::operations::node::protocol::{AskOptions, Command, Event, TurnReport};
use crate::operations::outcome::{Error, Kind};

/// More speech than this, in samples, is no question: the recogniser alone would take longer
/// than any deadline.
const LONGEST_QUESTION: usize = 60 * SAMPLE_RATE as usize;

/// One question: typed, or recorded.
pub(super) enum Question {
    /// Typed.
    Typed(String),
    /// In a sound file.
    Recorded(PathBuf),
    /// Read already.
    Sound(Vec<f32>),
}

/// What one turn brought back.
pub(super) struct Asked {
    pub report: TurnReport,
    pub answer: Option<Answer>,
    pub sounds: Vec<Pcm>,
}

pub(super) async fn run(context: &Context, args: cli::Ask) -> Result<()> {
    let questions = questions(&args)?;
    let mut client = context.client().await?;
    let spoken = args.speak || args.out.is_some();
    warm(
        &mut client,
        &args.how,
        questions.iter().any(|(_, q)| matches!(q, Ok(Question::Recorded(_) | Question::Sound(_)))),
        spoken,
    )
    .await?;
    let speaker = if args.speak { open_or_say_why(context) } else { None };
    let mut failed = 0;
    for (id, question) in questions {
        let asked = match question {
            Ok(question) => ask(&mut client, &args.how, question, spoken, speaker.as_ref()).await,
            Err(e) => Err(e),
        };
        match asked {
            Ok(mut asked) => {
                asked.report.id = id;
                add_exits(&mut asked, &args.exit);
                print(context, &asked)?;
                write_sound(context, &asked, &args, speaker.is_some())?;
            }
            // A row that fails does not end the batch.
            Err(e) if args.batch.is_some() => {
                failed += 1;
                context.out.fault(&e);
            }
            Err(e) => return Err(e),
        }
        if let Some(speaker) = &speaker {
            speaker.finish().await;
        }
    }
    client.finish().await;
    match failed {
        0 => Ok(()),
        n => Err(Error::new(Kind::Failed, format!("{n} rows of the batch failed"))),
    }
}

/// Loads what the turns will need before their clocks start.
pub(super) async fn warm(client: &mut Client, how: &How, hear: bool, speak: bool) -> Result<()> {
    use crate::core::answer::Rung;
    let drafts = !matches!(how.rung, Some(Rung::Quoted | Rung::Refused));
    let answer = drafts.then(|| how.model.clone().unwrap_or_default());
    client.call(Command::Warm { hear, answer, speak }, Vec::new(), async |_, _, _| Ok(())).await?;
    Ok(())
}

/// The options of a turn that this process asks.
pub(super) fn options(how: &How, spoken: bool, played: bool) -> AskOptions {
    AskOptions {
        kb: how.kb.clone(),
        machine: how.machine.clone(),
        session: how.session.clone(),
        operator: how.operator.clone(),
        rung: how.rung,
        deadline_ms: how.deadline_ms,
        model: how.model.clone(),
        speak: spoken,
        played,
        ..AskOptions::default()
    }
}

/// Asks one question and collects what comes back, playing it on the way.
pub(super) async fn ask(
    client: &mut Client,
    how: &How,
    question: Question,
    spoken: bool,
    speaker: Option<&Loudspeaker>,
) -> Result<Asked> {
    let mut options = options(how, spoken, speaker.is_some());
    let samples = match question {
        Question::Typed(text) => {
            options.question = Some(text);
            Vec::new()
        }
        Question::Recorded(path) => spoken_in(&path)?,
        Question::Sound(samples) => samples,
    };
    ask_with(client, options, samples, speaker).await
}

/// A recording that is no question any more.
fn too_long(path: &Path, samples: usize) -> Error {
    let rate = SAMPLE_RATE as usize;
    let (seconds, most) = (samples / rate, LONGEST_QUESTION / rate);
    let what = format!("{}: {seconds} s of speech are too long for a question", path.display());
    Error::new(Kind::Failed, what).hint(format!(
        "ask in at most {most} s; `millwright transcribe` writes down up to {} minutes",
        audio_file::LONGEST_SECONDS / 60
    ))
}

/// The speech in a file.
fn spoken_in(path: &Path) -> Result<Vec<f32>> {
    let audio = audio_file::read(path)?.samples;
    let speech = trim::trim(&audio, trim::MARGIN);
    let speech = audio.get(speech).unwrap_or(&audio);
    if speech.len() > LONGEST_QUESTION {
        return Err(too_long(path, speech.len()));
    }
    Ok(speech.to_vec())
}

/// Asks with these options; `samples` are the utterance where nothing was typed.
pub(super) async fn ask_with(
    client: &mut Client,
    options: AskOptions,
    samples: Vec<f32>,
    speaker: Option<&Loudspeaker>,
) -> Result<Asked> {
    let mut answer = None;
    let mut sounds: Vec<Pcm> = Vec::new();
    let mut heard = false;
    let asked = client
        .call(Command::Ask(Box::new(options)), samples, async |client, id, message| {
            match &message.body.event {
                Event::Answered { answer: a, .. } => {
                    if let Some(speaker) = speaker {
                        let lines = render::spoken(a).into_iter().map(|line| line.text);
                        speaker.begin(lines.collect::<Vec<_>>().join(" "));
                    }
                    answer = Some((**a).clone());
                }
                Event::Sound { sample_rate, .. } => {
                    let pcm = Pcm { samples: message.samples.clone(), sample_rate: *sample_rate };
                    match speaker {
                        Some(speaker) if !heard => {
                            heard = true;
                            if let Some(after) = speaker.play_and_hear(pcm.clone()).await? {
                                let played = Command::Played { after_ms: millis(after) };
                                client.send_as(id, played, Vec::new()).await?;
                            }
                        }
                        Some(speaker) => speaker.play(pcm.clone()).await?,
                        None => {}
                    }
                    sounds.push(pcm);
                }
                _ => {}
            }
            Ok(())
        })
        .await;
    if let Some(speaker) = speaker {
        speaker.complete();
    }
    match asked? {
        Event::Report(report) => {
            // No voice is installed: a tone says that the answer is there to be read.
            if let Some(speaker) = speaker.filter(|_| sounds.is_empty()) {
                speaker.earcon(Earcon::Heard);
            }
            Ok(Asked { report: *report, answer, sounds })
        }
        _ => Err(Error::new(Kind::Failed, "the node sent no report")),
    }
}

/// A row of a batch.
#[derive(Debug, Deserialize)]
struct Row {
    id: Option<Value>,
    question: Option<String>,
    audio: Option<PathBuf>,
}

type Numbered = (Option<Value>, Result<Question>);

fn questions(args: &cli::Ask) -> Result<Vec<Numbered>> {
    if let Some(batch) = &args.batch {
        return rows(batch);
    }
    let question = match (&args.question, &args.audio) {
        // What cannot be asked is said before any model is loaded.
        (_, Some(audio)) => Question::Sound(spoken_in(audio)?),
        (Some(text), None) if text.trim().is_empty() => {
            return Err(Error::new(Kind::Usage, "the question is empty").hint("millwright ask \"…\""));
        }
        (Some(text), None) => Question::Typed(text.clone()),
        (None, None) => {
            return Err(Error::new(Kind::Usage, "there is no question").hint("millwright ask \"…\""));
        }
    };
    Ok(vec![(None, Ok(question))])
}

/// Rows of a JSONL file; `audio` is relative to the file.
fn rows(batch: &Path) -> Result<Vec<Numbered>> {
    let text = std::fs::read_to_string(batch)
        .map_err(|e| Error::new(Kind::Failed, format!("cannot read {}", batch.display())).because(e))?;
    let base = batch.parent().unwrap_or(Path::new("."));
    let rows = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    Ok(rows
        .map(|(n, line)| match serde_json::from_str::<Row>(line) {
            Ok(Row { id, audio: Some(audio), .. }) => (id, Ok(Question::Recorded(base.join(audio)))),
            Ok(Row { id, question: Some(text), .. }) => (id, Ok(Question::Typed(text))),
            Ok(Row { id, .. }) => {
                let what = format!("{} line {}: neither question nor audio", batch.display(), n + 1);
                (id, Err(Error::new(Kind::Failed, what)))
            }
            Err(e) => {
                let what = format!("{} line {}: no JSON row", batch.display(), n + 1);
                (None, Err(Error::new(Kind::Failed, what).because(e)))
            }
        })
        .collect())
}

fn open_or_say_why(context: &Context) -> Option<Loudspeaker> {
    match Loudspeaker::open(&context.config.audio.output) {
        Ok(speaker) => Some(speaker),
        Err(e) => {
            context.out.note(&format!("no loudspeaker: {e}"));
            None
        }
    }
}

fn add_exits(asked: &mut Asked, exits: &[Exit]) {
    let Some(answer) = &asked.answer else { return };
    for exit in exits {
        let (name, value) = match exit {
            Exit::Technician => ("technician", Value::String(render::technician(answer))),
            Exit::Spoken => {
                let lines = render::spoken(answer).into_iter().map(|l| Value::String(l.text)).collect();
                ("spoken", Value::Array(lines))
            }
        };
        asked.report.exits.insert(name.to_owned(), value);
    }
}

/// `--out` says where; without a loudspeaker the sound goes to a file all the same.
fn write_sound(context: &Context, asked: &Asked, args: &cli::Ask, played: bool) -> Result<()> {
    let path = match &args.out {
        Some(path) => path.clone(),
        None if args.speak && !played => context.data.join(format!("answer-{}.wav", asked.report.turn)),
        None => return Ok(()),
    };
    if asked.sounds.is_empty() {
        context.out.note("there is no voice, so nothing was spoken: millwright models pull voice");
        return Ok(());
    }
    wav::write(&path, &asked.sounds)?;
    context.out.note(&format!("spoken answer written to {}", path.display()));
    Ok(())
}

fn print(context: &Context, asked: &Asked) -> Result<()> {
    let out = &context.out;
    if out.json {
        return out.line(&asked.report);
    }
    out.text(&super::output::turn(out, &asked.report, asked.answer.as_ref()))
}
