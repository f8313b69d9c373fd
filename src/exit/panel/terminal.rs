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
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
    supports_keyboard_enhancement,
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
    // Not `Terminal::clear`: it asks for the cursor's place, and waits where nobody answers.
    execute!(out, EnterAlternateScreen, Clear(ClearType::All), EnableBracketedPaste, EnableFocusChange)?;
    if reports_release {
        let flags = KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES
            | KeyboardEnhancementFlags::REPORT_EVENT_TYPES;
        execute!(out, PushKeyboardEnhancementFlags(flags))?;
    }
    ratatui::Terminal::new(CrosstermBackend::new(out))
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

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    //! Each test runs this test binary again inside a pseudo-terminal, as a child that
    //! enters the panel, and looks at what the terminal is left with.

    use std::io::Read;
    use std::path::PathBuf;
    use std::sync::mpsc::{Receiver, channel};

    use portable_pty::{CommandBuilder, NativePtySystem, PtySize, PtySystem};

    use super::*;
    use crate::exit::panel::Theme;

    const MODE: &str = "MILLWRIGHT_TEST_PANEL";
    const PATIENCE: Duration = Duration::from_secs(20);

    /// What runs inside the pseudo-terminal; does nothing in an ordinary test run.
    #[test]
    fn child() {
        let Ok(mode) = std::env::var(MODE) else { return };
        let mut terminal = Terminal::enter().unwrap();
        let held = terminal.reports_release();
        let mut view = View::new(terminal.size().unwrap(), Theme::Dark, held);
        let mut keys = Keys::new(held);
        let snapshot = Snapshot { notice: format!("pid {}", std::process::id()), ..Snapshot::default() };
        if mode == "sigterm" {
            on_sigterm();
        }
        loop {
            let command = run_frame(&mut terminal, &mut keys, &mut view, Instant::now(), || snapshot.clone());
            match command.unwrap() {
                Some(Command::Quit) => break,
                Some(Command::Ask(_)) if mode == "panic" => panic!("as asked"),
                _ => {}
            }
        }
    }

    fn on_sigterm() {
        thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut term =
                    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).unwrap();
                term.recv().await;
                restore();
                std::process::exit(143);
            });
        });
    }

    /// A pseudo-terminal in which a shell runs the child and then says how it was left.
    struct Pty {
        screen: vt100::Parser,
        output: Receiver<Vec<u8>>,
        input: Box<dyn Write + Send>,
        _master: Box<dyn portable_pty::MasterPty + Send>,
    }

    impl Pty {
        fn run(mode: &str) -> Self {
            let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
            let pair = NativePtySystem::default().openpty(size).unwrap();
            let this: PathBuf = std::env::current_exe().unwrap();
            let mut command = CommandBuilder::new("sh");
            command.arg("-c");
            command.arg(format!(
                "'{}' --exact exit::panel::terminal::tests::child --nocapture; stty -a; echo LEFT",
                this.display()
            ));
            command.env(MODE, mode);
            command.env("TERM", "xterm-256color");
            pair.slave.spawn_command(command).unwrap();
            let mut reader = pair.master.try_clone_reader().unwrap();
            let (sender, output) = channel();
            thread::spawn(move || {
                let mut piece = [0; 4096];
                while let Ok(n @ 1..) = reader.read(&mut piece) {
                    if sender.send(piece[..n].to_vec()).is_err() {
                        break;
                    }
                }
            });
            let input = pair.master.take_writer().unwrap();
            Self { screen: vt100::Parser::default(), output, input, _master: pair.master }
        }

        /// Reads until the screen satisfies `seen`, answering what the panel asks of it.
        fn wait(&mut self, what: &str, seen: impl Fn(&vt100::Screen) -> bool) {
            let until = Instant::now() + PATIENCE;
            while !seen(self.screen.screen()) {
                let left = until.saturating_duration_since(Instant::now());
                let Ok(piece) = self.output.recv_timeout(left) else {
                    panic!("never saw {what} in\n{}", self.screen.screen().contents());
                };
                // "Which keyboard flags, which terminal?": one that knows the protocol.
                if piece.windows(3).any(|w| w == b"\x1b[c") {
                    self.input.write_all(b"\x1b[?0u\x1b[?62c").unwrap();
                }
                self.screen.process(&piece);
            }
        }

        fn keys(&mut self, keys: &str) {
            self.input.write_all(keys.as_bytes()).unwrap();
        }

        fn is_sane(&mut self) {
            self.wait("the shell", |s| s.contents().contains("LEFT"));
            let screen = self.screen.screen();
            let text = screen.contents();
            assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste());
            assert!(text.contains(" icanon") && text.contains(" echo "), "{text}");
        }
    }

    fn shows(word: &'static str) -> impl Fn(&vt100::Screen) -> bool {
        move |screen| screen.alternate_screen() && screen.contents().contains(word)
    }

    #[test]
    fn with_terminal_keys_change_the_frame_and_leaving_gives_the_terminal_back() {
        let mut pty = Pty::run("run");
        // The pretended terminal reports key releases, so the panel offers holding.
        pty.wait("the first frame", shows("READY · hold SPACE and speak"));
        pty.keys("?");
        pty.wait("the help", shows("hold and speak, let go to end"));
        pty.keys("\x1b[27u");
        pty.wait("the help gone", |s| !s.contents().contains("let go to end"));
        pty.keys("E203 means");
        pty.wait("what is typed", shows("› E203 means"));
        pty.keys("\x03");
        pty.is_sane();
    }

    #[test]
    fn with_terminal_a_panic_gives_the_terminal_back_and_is_readable() {
        let mut pty = Pty::run("panic");
        pty.wait("the first frame", shows("READY"));
        pty.keys("x\r");
        pty.wait("the panic", |s| !s.alternate_screen() && s.contents().contains("as asked"));
        pty.is_sane();
    }

    #[test]
    fn with_terminal_sigterm_gives_the_terminal_back() {
        let mut pty = Pty::run("sigterm");
        pty.wait("the first frame", shows("pid "));
        let text = pty.screen.screen().contents();
        let pid = text.split("pid ").nth(1).unwrap().split_whitespace().next().unwrap().to_string();
        let kill = std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(kill.success());
        pty.is_sane();
    }
}
