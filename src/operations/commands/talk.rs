//! `millwright talk`: a headset and no screen. With the talk key, Enter starts listening and
//! Enter ends it; hands-free, the wake phrase does. The answer is spoken and printed. Lines
//! on stdin are Enter too, so that a script can drive it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::mpsc;

use super::ask::{ask_with, options, warm};
use super::cli::{self, How};
use super::ears::{Ears, Said, heard_options};
use super::loudspeaker::Loudspeaker;
use super::{Context, Result};
use crate::entry::listen::attention::Out;
use crate::entry::listen::ear;
use crate::entry::listen::level::Verdict;
use crate::entry::listen::push_to_talk::Key;
use crate::exit::speak::earcon::Earcon;
use crate::operations::config::ListenMode;
use crate::operations::node::client::{Canceller, Client};
use crate::operations::node::protocol::AskOptions;
use crate::operations::outcome::{Error, Kind};
use crate::operations::platform;

pub(super) async fn run(context: &Context, args: cli::Talk) -> Result<()> {
    let context = &args.listen.over(context);
    let speaker = Arc::new(Loudspeaker::open(&context.config.audio.output)?);
    let mut client = context.client().await?;
    let mut ears = Ears::open(context, &args.how, Some(speaker.clone())).await?;
    warm(&mut client, &args.how, true, true).await?;
    let hands_free = context.config.listen.mode == ListenMode::HandsFree;
    context.out.note(&welcome(context));
    let canceller = client.canceller();
    let (jobs, queue) = mpsc::channel(1);
    let running = AtomicUsize::new(0);
    let asking = async {
        let done = ask_all(context, &mut client, queue, &speaker, &running).await;
        client.finish().await;
        done
    };
    let listening = async {
        let mut talk = Talk {
            context,
            how: &args.how,
            speaker: &speaker,
            canceller: &canceller,
            jobs,
            running: &running,
            hands_free,
            under_way: false,
            leaving: false,
            verdict: Verdict::Good,
        };
        talk.serve(&mut ears).await
    };
    let (asked, listened) = tokio::join!(asking, listening);
    speaker.finish().await;
    listened.and(asked)
}

/// What a person should know at the start.
fn welcome(context: &Context) -> String {
    let listen = &context.config.listen;
    match listen.mode {
        ListenMode::Push => "Enter starts listening, Enter ends it, Ctrl-D leaves".to_owned(),
        ListenMode::HandsFree if listen.wake_phrase.is_empty() => "listening; Ctrl-C leaves".to_owned(),
        ListenMode::HandsFree => {
            format!("listening for \"{}\"; Enter works too; Ctrl-C leaves", listen.wake_phrase)
        }
    }
}

/// Asks what comes by the queue, one after the other, until its sender is gone.
async fn ask_all(
    context: &Context,
    client: &mut Client,
    mut queue: mpsc::Receiver<Box<AskOptions>>,
    speaker: &Loudspeaker,
    running: &AtomicUsize,
) -> Result<()> {
    while let Some(options) = queue.recv().await {
        match ask_with(client, *options, Vec::new(), Some(speaker)).await {
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
        running.fetch_sub(1, Ordering::AcqRel);
    }
    Ok(())
}

struct Talk<'a> {
    context: &'a Context,
    how: &'a How,
    speaker: &'a Loudspeaker,
    canceller: &'a Canceller,
    jobs: mpsc::Sender<Box<AskOptions>>,
    running: &'a AtomicUsize,
    hands_free: bool,
    /// An utterance that was begun by the key and has not become a question yet.
    under_way: bool,
    leaving: bool,
    /// What was last said about the level.
    verdict: Verdict,
}

impl Talk<'_> {
    async fn serve(&mut self, ears: &mut Ears) -> Result<()> {
        let mut enters = enters();
        let mut open = true;
        while !self.leaving || self.under_way {
            tokio::select! {
                enter = enters.recv(), if open => match enter {
                    // It stays so until the ear says how it ended.
                    Some(()) => self.under_way |= ears.press(Key::Toggle),
                    // End of input: an utterance that is under way is still heard. Hands-free
                    // needs no input.
                    None => {
                        open = false;
                        self.leaving = !self.hands_free;
                    }
                },
                said = ears.next() => match said {
                    Some(Said::Ear(event)) => self.ear(event),
                    Some(Said::Do(out)) => self.act(out).await,
                    None => return Err(Error::new(Kind::Failed, "the microphone's thread ended")),
                },
                _ = tokio::signal::ctrl_c() => break,
                () = platform::termination() => break,
            }
        }
        Ok(())
    }

    fn ear(&mut self, event: ear::Event) {
        match event {
            ear::Event::DeviceLost { why } => {
                self.under_way = false;
                self.context.out.note(&why);
            }
            ear::Event::Level(level) if level.verdict != self.verdict => {
                self.verdict = level.verdict;
                if let Some(warning) = level.verdict.warning() {
                    self.context.out.note(&format!("{}: {}", warning.text, warning.hint));
                }
            }
            ear::Event::DeviceBack { name } => self.context.out.note(&format!("microphone: {name}")),
            _ => {}
        }
    }

    async fn act(&mut self, out: Out) {
        let note = |line: &str| self.context.out.note(line);
        match out {
            Out::Listening { by_key } => {
                note("● listening");
                if by_key {
                    self.speaker.earcon(Earcon::Listening);
                }
            }
            Out::Hearing => self.speaker.earcon(Earcon::Heard),
            Out::Attend => {
                note("● yes?");
                self.speaker.earcon(Earcon::Listening);
            }
            Out::Ask(question) => {
                self.under_way = false;
                note(&format!("heard: {}", question.transcript.text));
                // One at a time: what is asked now is what is wanted now.
                if self.running.load(Ordering::Acquire) > 0 {
                    self.canceller.cancel().await;
                }
                self.running.fetch_add(1, Ordering::AcqRel);
                let options = heard_options(options(self.how, true, true), *question);
                let _ = self.jobs.send(Box::new(options)).await;
            }
            Out::Stop => {
                note("■ stopped");
                self.canceller.cancel().await;
            }
            Out::Ignored { text, why } if !text.is_empty() => {
                note(&format!("(not for me: {why}: \"{text}\")"))
            }
            Out::TooShort => {
                self.under_way = false;
                note("too short: press Enter, speak, press Enter");
            }
            Out::Failed => {
                self.under_way = false;
                self.speaker.earcon(Earcon::Error);
                note("the recogniser failed: say it again");
            }
            Out::Dropped
            | Out::Ignored { .. }
            | Out::Show(_)
            | Out::StopVoice
            | Out::HushVoice(_)
            | Out::Hear { .. }
            | Out::GiveUp(_)
            | Out::Sounds(_) => {}
        }
    }
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
