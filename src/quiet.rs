//! Keeps the sound system's own complaints off the terminal, and what is no device off the
//! lists of devices.
//!
//! On Linux, libasound writes to stderr whenever it probes a device that is not there;
//! under a full-screen panel that is garbage on the screen. The words are kept instead:
//! they are the cause of the error that follows.

/// Runs `probe` and gives back what the sound system complained about meanwhile.
#[cfg(target_os = "linux")]
pub(crate) fn quietly<R>(probe: impl FnOnce() -> R) -> (R, String) {
    // The handler belongs to this thread and stays: what the device says later is caught too.
    let words = alsa::Output::local_error_handler();
    let result = probe();
    let words = words.map(|w| w.borrow().to_string()).unwrap_or_default();
    (result, words.lines().next_back().unwrap_or("").to_owned())
}

/// Runs `probe`; other sound systems do not write to the terminal.
#[cfg(not(target_os = "linux"))]
pub(crate) fn quietly<R>(probe: impl FnOnce() -> R) -> (R, String) {
    (probe(), String::new())
}

/// Is this a device, and not one of the converters that ALSA lists beside its devices?
pub(crate) fn is_device(id: &str) -> bool {
    const CONVERTERS: [&str; 9] =
        ["null", "lavrate", "samplerate", "speexrate", "speex", "upmix", "vdownmix", "jack", "oss"];
    !(cfg!(target_os = "linux") && CONVERTERS.contains(&id))
}
