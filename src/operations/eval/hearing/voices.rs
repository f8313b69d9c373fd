//! Speech that is made for the occasion: flite's voices, as child processes.

use std::process::{Command, Stdio};

use super::corpora;
use crate::operations::eval::scratch::Scratch;
use crate::operations::outcome::{Error, Kind, Result};

/// The voices that flite brings along, without the one that tells the time only. `kal` at
/// 8 kHz is a telephone.
pub const VOICES: [&str; 5] = ["slt", "rms", "awb", "kal16", "kal"];

/// Says `text` in a voice, `stretch` times as slow as it would. 16 kHz, at half of full
/// scale.
///
/// # Errors
/// `Missing` where flite is not installed.
pub fn flite(voice: &str, stretch: f32, text: &str) -> Result<Vec<f32>> {
    let scratch = Scratch::new()?;
    let file = scratch.path().join("said.wav");
    let status = Command::new("flite")
        .args(["-voice", voice, "--setf", &format!("duration_stretch={stretch}"), "-t", text, "-o"])
        .arg(&file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(Error::new(Kind::Failed, format!("flite ended with {status}"))),
        Err(e) => {
            return Err(Error::new(
                Kind::Missing,
                "the program flite, which speaks the test sentences, does not start",
            )
            .because(e)
            .hint("apt-get install flite"));
        }
    }
    let mut samples = corpora::samples(&file)?;
    let top = samples.iter().fold(1e-6_f32, |top, s| top.max(s.abs()));
    samples.iter_mut().for_each(|s| *s *= 0.5 / top);
    Ok(samples)
}
