//! `millwright devices`: microphones and loudspeakers, and how loud it is at one.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::Result;
use super::{Context, cli};
use crate::entry::listen::level::{Level, Meter, Verdict};
use crate::entry::listen::resample::Resampler;
use crate::entry::microphone::{self, Health, Microphone, Pulse, Source};
use crate::exit::speak::outputs;
use crate::operations::outcome::{Error, Kind};

/// How often the microphone is looked at.
const POLL: Duration = Duration::from_millis(20);
/// How often the level is told.
const TOLD_EVERY: Duration = Duration::from_millis(250);

/// One line of `devices --json`.
#[derive(Debug, Serialize)]
struct Line {
    direction: &'static str,
    id: String,
    name: String,
    /// The system's default.
    default: bool,
    /// What this installation would open.
    picked: bool,
}

/// One line of `devices --level --json`.
#[derive(Debug, Serialize)]
struct LevelLine<'a> {
    device: &'a str,
    ms: u64,
    rms_dbfs: f32,
    peak_dbfs: f32,
    clipping: bool,
    lost: u64,
}

pub(super) fn run(context: &Context, args: &cli::Devices) -> Result<()> {
    let wanted = &context.config.audio;
    if let Some(seconds) = args.level {
        let input = args.input.as_ref().unwrap_or(&wanted.input);
        return meter(context, Some(input.as_str()).filter(|i| !i.is_empty()), seconds);
    }
    let inputs = listed(context, "microphones", microphone::devices().map_err(Error::from));
    let inputs = inputs.into_iter().map(|d| (d.id, d.name, d.default)).collect();
    let outputs = listed(context, "loudspeakers", outputs::outputs().map_err(Error::from));
    let outputs = outputs.into_iter().map(|d| (d.id, d.name, d.default)).collect();
    let inputs = lines(context, "input", inputs, &wanted.input);
    let outputs = lines(context, "output", outputs, &wanted.output);
    for line in inputs.iter().chain(&outputs) {
        if context.out.json {
            context.out.line(line)?;
        } else {
            context.out.text(&shown(line))?;
        }
    }
    if inputs.is_empty() {
        context.out.note("there is no microphone: type the question, or plug one in");
    }
    if outputs.is_empty() {
        context.out.note("there is no loudspeaker: answers are shown, and --out F.wav writes them");
    }
    if !context.out.json && (!inputs.is_empty() || !outputs.is_empty()) {
        context.out.note("* default of the system · → picked; [audio] in config.toml names others");
    }
    Ok(())
}

/// A sound system that does not answer has no devices, and says why.
fn listed<D>(context: &Context, what: &str, devices: Result<Vec<D>>) -> Vec<D> {
    devices.unwrap_or_else(|e| {
        context.out.note(&format!("no {what}: {e}"));
        Vec::new()
    })
}

fn lines(
    context: &Context,
    direction: &'static str,
    devices: Vec<(String, String, bool)>,
    wanted: &str,
) -> Vec<Line> {
    let names = devices.iter().map(|(id, name, _)| (id.as_str(), name.as_str()));
    let picked = match wanted {
        "" => devices.iter().position(|(_, _, default)| *default),
        _ => microphone::choose(names, wanted).ok(),
    };
    if picked.is_none() && !wanted.is_empty() {
        context
            .out
            .note(&format!("[audio] {direction} = \"{wanted}\" fits none of the {direction}s, or several"));
    }
    let line = |(at, (id, name, default))| Line { direction, id, name, default, picked: picked == Some(at) };
    devices.into_iter().enumerate().map(line).collect()
}

fn shown(line: &Line) -> String {
    let default = if line.default { '*' } else { ' ' };
    let picked = if line.picked { '→' } else { ' ' };
    format!("{picked}{default} {:<6}  {:<44}  {}\n", line.direction, line.name, line.id)
}

/// Prints the level of a microphone for a while.
fn meter(context: &Context, input: Option<&str>, seconds: u32) -> Result<()> {
    let mut microphone = Microphone::open(input)?;
    if !context.out.json {
        context.out.note(&format!("{} at {} Hz: speak", microphone.name(), microphone.rate()));
    }
    let (mut ear, start) = (Ear::new(&microphone)?, Instant::now());
    let (end, mut told) = (Duration::from_secs(u64::from(seconds)), TOLD_EVERY);
    while start.elapsed() < end {
        std::thread::sleep(POLL);
        let health = ear.listen(&mut microphone, start.elapsed())?;
        if start.elapsed() >= told {
            told += TOLD_EVERY;
            print(context, microphone.name(), start.elapsed(), ear.meter.level(), health)?;
        }
    }
    Ok(())
}

/// What stands between the microphone and its meter.
struct Ear {
    resampler: Resampler,
    pulse: Pulse,
    meter: Meter,
    clipped: u64,
    raw: Vec<f32>,
    samples: Vec<f32>,
}

impl Ear {
    fn new(source: &Microphone) -> Result<Self> {
        Ok(Self {
            resampler: Resampler::new(source.rate())?,
            pulse: Pulse::default(),
            meter: Meter::default(),
            clipped: 0,
            raw: Vec::new(),
            samples: Vec::new(),
        })
    }

    /// Takes what has arrived; an error where the device has gone.
    fn listen(&mut self, source: &mut Microphone, now: Duration) -> Result<Health> {
        self.raw.clear();
        self.samples.clear();
        source.read(&mut self.raw);
        self.resampler.push(&self.raw, &mut self.samples)?;
        self.meter.push(&self.samples);
        let health = source.health();
        if health.clipped > self.clipped {
            self.clipped = health.clipped;
            self.meter.clipped();
        }
        if self.pulse.is_stalled(health, now) {
            let what = format!("the microphone \"{}\" has stopped", source.name());
            return Err(Error::new(Kind::Missing, what)
                .hint("is it unplugged? `millwright devices` lists what is there"));
        }
        Ok(health)
    }
}

fn print(context: &Context, device: &str, at: Duration, level: Level, health: Health) -> Result<()> {
    let clipping = level.verdict == Verdict::Clipping;
    if context.out.json {
        return context.out.line(&LevelLine {
            device,
            ms: u64::try_from(at.as_millis()).unwrap_or(u64::MAX),
            rms_dbfs: level.rms_dbfs,
            peak_dbfs: level.peak_dbfs,
            clipping,
            lost: health.overruns,
        });
    }
    // A cell is 2 dB, from −60 dBFS to full scale.
    let cells = |dbfs: f32| ((dbfs + 60.0) / 2.0).clamp(0.0, 30.0) as usize;
    let mut trouble = String::new();
    if let Some(warning) = level.verdict.warning() {
        trouble = format!("  {}: {}", warning.text, warning.hint);
    }
    if health.overruns > 0 {
        trouble.push_str(&format!("  lost {}", health.overruns));
    }
    context.out.text(&format!(
        "{:<30} {:>5.0} dBFS  peak {:>4.0}{trouble}\n",
        "█".repeat(cells(level.rms_dbfs)),
        level.rms_dbfs,
        level.peak_dbfs
    ))
}
