//! The real terminal: entered, drawn to at a fixed rate, and given back whatever happens:
//! on leaving, on an error, on a panic, on SIGTERM.

use std::io::{IsTerminal, Stdout, Write, stdout};
use std::marker::PhantomData;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange,
    KeyboardEnhancementFlags, PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
};
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, supports_keyboard_enhancement,
};
use crossterm::{cursor, event, execute};
use ratatui::backend::CrosstermBackend;

use crate::core::snapshot::Snapshot;
use crate::entry::keys::Keys;
use crate::exit::{Error, Kind, Result};

use super::view::{Command, View};

/// Time between two frames: 20 a second.
const FRAME: Duration = Duration::from_millis(50);
/// Panics of other threads that are kept until the terminal is given back.
const MOST_PANICS: usize = 16;

/// What must be undone, while it must.
static SCREEN: Mutex<Option<Screen>> = Mutex::new(None);
/// Held while a frame is written, so that nobody gives the terminal back in mid-frame.
static DRAWING: Mutex<()> = Mutex::new(());
/// Panics of other threads: printed at once they would be drawn over and lost.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());
static HOOK: Once = Once::new();

struct Screen {
    owner: ThreadId,
    reports_release: bool,
}

/// The terminal in the panel's hands; dropping it gives it back.
///
/// It stays on the thread that entered it, which is how a panic in the middle of a frame
/// is told from one elsewhere.
pub struct Terminal {
    terminal: ratatui::Terminal<CrosstermBackend<Stdout>>,
    reports_release: bool,
    due: Instant,
    shown: Snapshot,
    _stays_on_its_thread: PhantomData<*const ()>,
}

impl Terminal {
    /// Takes the terminal: raw mode, alternate screen, key releases where it reports them.
    ///
    /// # Errors
    /// `Io` where standard output is no terminal, or it refuses.
    pub fn enter() -> Result<Self> {
        if !stdout().is_terminal() {
            return Err(Error::new(Kind::Io, "the panel needs a terminal, and standard output is none")
                .hint("run `millwright tui` in a terminal, or `millwright talk` without a screen"));
        }
        HOOK.call_once(install_hook);
        enable_raw_mode().map_err(refused)?;
        let reports_release = supports_keyboard_enhancement().unwrap_or(false);
        // From here on there is something to undo, even if the next line fails.
        *locked(&SCREEN) = Some(Screen { owner: thread::current().id(), reports_release });
        let terminal = take(reports_release).inspect_err(|_| restore()).map_err(refused)?;
        Ok(Self {
            terminal,
            reports_release,
            due: Instant::now(),
            shown: Snapshot::default(),
            _stays_on_its_thread: PhantomData,
        })
    }

    /// Does the terminal report the release of a key, so that one can be held to talk?
    pub fn reports_release(&self) -> bool {
        self.reports_release
    }

    /// Columns and rows.
    ///
    /// # Errors
    /// `Io` where the terminal does not say.
    pub fn size(&self) -> Result<(u16, u16)> {
        self.terminal.size().map(|s| (s.width, s.height)).map_err(refused)
    }

    /// Draws one frame; does nothing once the terminal was given back.
    ///
    /// # Errors
    /// `Io` where the terminal refuses.
    pub fn draw(&mut self, snapshot: &Snapshot, view: &View) -> Result<()> {
        let _drawing = locked(&DRAWING);
        if locked(&SCREEN).is_some() {
            self.terminal.draw(|frame| super::draw(frame, snapshot, view)).map_err(refused)?;
        }
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

/// Waits for the next frame, reading keys meanwhile, then draws the newest snapshot. A key
/// that asks something of the node ends the wait at once: call again with what it returned
/// done.
///
/// # Errors
/// `Io` where the terminal refuses.
pub fn run_frame(
    terminal: &mut Terminal,
    keys: &mut Keys,
    view: &mut View,
    started: Instant,
    newest: impl FnOnce() -> Snapshot,
) -> Result<Option<Command>> {
    loop {
        let wait = terminal.due.saturating_duration_since(Instant::now());
        if !event::poll(wait).map_err(refused)? {
            break;
        }
        let event = event::read().map_err(refused)?;
        let action = keys.read(&event, !view.input.is_empty(), started.elapsed());
        if let Some(command) = action.and_then(|a| view.apply(a, &terminal.shown)) {
            return Ok(Some(command));
        }
        // However many keys come: a frame is never later than one key.
        if Instant::now() >= terminal.due {
            break;
        }
    }
    terminal.due = Instant::now() + FRAME;
    terminal.shown = newest();
    view.follow(&terminal.shown);
    let Terminal { shown, .. } = terminal;
    let shown = std::mem::take(shown);
    let drawn = terminal.draw(&shown, view);
    terminal.shown = shown;
    drawn.map(|()| None)
}

/// Gives the terminal back. Safe to call from any thread, at any time and more than once;
/// meant for whoever ends the process (a SIGTERM task). After it nothing is drawn.
pub fn restore() {
    let Some(screen) = locked(&SCREEN).take() else { return };
    // The owner cannot be writing a frame while it is here, unless it panicked in it.
    let _drawing = (screen.owner != thread::current().id()).then(|| locked(&DRAWING));
    let mut out = stdout();
    // Nobody is left to hear of a refusal; each step is tried whatever the last one did.
    if screen.reports_release {
        let _ = execute!(out, PopKeyboardEnhancementFlags);
    }
    let _ = execute!(out, DisableFocusChange, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
    let _ = disable_raw_mode();
    let _ = out.flush();
    for panic in locked(&PANICS).drain(..) {
        eprintln!("{panic}");
    }
}

fn take(reports_release: bool) -> std::io::Result<ratatui::Terminal<CrosstermBackend<Stdout>>> {
    let mut out = stdout();
    execute!(out, EnterAlternateScreen, EnableBracketedPaste, EnableFocusChange)?;
    if reports_release {
        let flags = KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES | KeyboardEnhancementFlags::REPORT_EVENT_TYPES;
        execute!(out, PushKeyboardEnhancementFlags(flags))?;
    }
    let mut terminal = ratatui::Terminal::new(CrosstermBackend::new(out))?;
    terminal.clear()?;
    Ok(terminal)
}

/// A panic on the panel's own thread gives the terminal back before it is printed; one of
/// another thread is kept until then, because the panel goes on.
fn install_hook() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let elsewhere = locked(&SCREEN).as_ref().is_some_and(|s| s.owner != thread::current().id());
        if elsewhere {
            let mut panics = locked(&PANICS);
            if panics.len() < MOST_PANICS {
                panics.push(info.to_string());
            }
        } else {
            restore();
            before(info);
        }
    }));
}

fn refused(e: std::io::Error) -> Error {
    Error::new(Kind::Io, "the terminal refused")
        .because(e)
        .hint("use `millwright talk` where the terminal cannot show the panel")
}

/// The panic that poisons these locks leaves nothing half done under them.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
