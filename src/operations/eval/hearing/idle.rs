//! What listening costs while nobody speaks: the processor time of this process while the
//! ear has the microphone open, as a share of one core.

use std::time::{Duration, Instant};

use super::super::report::Want;
use super::{Options, Sheet, Told};
use crate::entry::listen::ear;
use crate::entry::listen::endpoint;
use crate::entry::microphone::Microphone;
use crate::operations::models::{Store, vad};
use crate::operations::outcome::Result;

/// Opening the device and settling is not counted.
const SETTLE: Duration = Duration::from_secs(2);
/// How long it is measured.
const SECONDS: u64 = 20;
/// At most this share of a core.
const MOST: f64 = 0.03;

/// Measures `hearing.idle_cpu_share` on the configured microphone; where there is none, it
/// is said and not measured.
///
/// # Errors
/// The ear cannot be started.
pub fn measure(options: &Options, told: &mut dyn Told, sheet: &mut Sheet) -> Result<()> {
    if cpu().is_none() {
        told.note("idle: not measured: this system does not tell processor time by /proc");
        return Ok(());
    }
    let device = Some(options.config.audio.input.clone()).filter(|d| !d.is_empty());
    if let Err(e) = Microphone::open(device.as_deref()) {
        told.note(&format!("idle: not measured: {e}"));
        return Ok(());
    }
    let open: ear::Open = Box::new(move || Ok(Box::new(Microphone::open(device.as_deref())?)));
    let started = Instant::now();
    let (events, mut heard) = tokio::sync::mpsc::channel(64);
    let vad = vad::open(&Store::open(&options.data)?, &options.config.models.vad)?;
    let ear = ear::Ear::new(open, vad, endpoint::Settings::default(), true);
    let _ear = ear::Handle::spawn(ear, None, move || started.elapsed(), events)?;
    std::thread::sleep(SETTLE);
    let seconds = if options.quick { SECONDS / 4 } else { SECONDS };
    let (before, start) = (cpu().unwrap_or_default(), Instant::now());
    for done in 0..seconds {
        std::thread::sleep(Duration::from_secs(1));
        // What the ear says is taken, as a conversation would.
        while heard.try_recv().is_ok() {}
        told.progress("idle", done as usize + 1, seconds as usize);
    }
    let share =
        cpu().unwrap_or_default().saturating_sub(before).as_secs_f64() / start.elapsed().as_secs_f64();
    sheet.put("idle_cpu_share", share);
    sheet.want("idle_cpu_share", Want::AtMost(MOST));
    Ok(())
}

/// Processor time of this process, user and system.
fn cpu() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // Behind the name in brackets, which may hold anything: fields 14 and 15 of proc(5).
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    // A tick is 10 ms for every program on Linux, whatever the kernel counts in.
    Some(Duration::from_millis(10 * (ticks()? + ticks()?)))
}
