//! Colours by meaning. A widget asks for "the style of a wait", never for "grey".
//!
//! Colours are indices into the xterm 256-colour table, which every terminal in use knows
//! and terminal multiplexers pass on unchanged; indices below 16 are avoided because users
//! redefine them. No meaning is carried by colour alone: each has a word or a sign beside it.

use ratatui::style::{Color, Modifier, Style};

use crate::core::knowledge::passage::Signal;
use crate::core::snapshot::Doing;

/// The set of colours in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// White and saturated colours on black, for sunlight and distance.
    #[default]
    Dark,
    /// The palette of Okabe and Ito (2008), told apart by people with any colour vision.
    Safe,
    /// No colour at all, only bold, dim and reversed text; what `NO_COLOR` asks for.
    Plain,
}

impl Theme {
    /// The theme for a process in which `NO_COLOR` is set or not (<https://no-color.org>).
    pub fn preferred(no_color: bool) -> Self {
        if no_color { Theme::Plain } else { Theme::Dark }
    }

    /// The theme after this one.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Theme::Dark => Theme::Safe,
            Theme::Safe => Theme::Plain,
            Theme::Plain => Theme::Dark,
        }
    }

    /// Its name, for the person.
    pub fn name(self) -> &'static str {
        match self {
            Theme::Dark => "dark",
            Theme::Safe => "colour-blind safe",
            Theme::Plain => "plain",
        }
    }

    /// The ground that everything stands on.
    pub fn ground(self) -> Style {
        match self {
            Theme::Plain => Style::new(),
            Theme::Dark | Theme::Safe => Style::new().fg(Color::Indexed(254)).bg(Color::Indexed(16)),
        }
    }

    /// What is to be read first.
    pub fn strong(self) -> Style {
        self.ink(231).add_modifier(Modifier::BOLD)
    }

    /// Running text.
    pub fn text(self) -> Style {
        self.ink(254)
    }

    /// Text that only accompanies: units, ids, hints.
    pub fn faint(self) -> Style {
        match self {
            Theme::Plain => Style::new(),
            _ => self.ink(248),
        }
    }

    /// Rules and empty tracks.
    pub fn rule(self) -> Style {
        match self {
            Theme::Plain => Style::new().add_modifier(Modifier::DIM),
            _ => self.ink(240),
        }
    }

    /// The heading of a section.
    pub fn heading(self) -> Style {
        self.ink(248).add_modifier(Modifier::BOLD)
    }

    /// Words that are still being heard.
    pub fn interim(self) -> Style {
        match self {
            Theme::Plain => Style::new().add_modifier(Modifier::DIM | Modifier::ITALIC),
            _ => self.ink(245).add_modifier(Modifier::ITALIC),
        }
    }

    /// A number of the answer, locked to its citation.
    pub fn number(self) -> Style {
        match self {
            Theme::Plain => Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            Theme::Dark => self.ink(159).add_modifier(Modifier::BOLD),
            Theme::Safe => self.ink(117).add_modifier(Modifier::BOLD),
        }
    }

    /// The number of a citation, `[1]`.
    pub fn citation(self) -> Style {
        match self {
            Theme::Plain => Style::new().add_modifier(Modifier::BOLD),
            Theme::Dark => self.ink(114).add_modifier(Modifier::BOLD),
            Theme::Safe => self.ink(74).add_modifier(Modifier::BOLD),
        }
    }

    /// The chosen row of a list.
    pub fn selected(self) -> Style {
        match self {
            Theme::Plain => Style::new().add_modifier(Modifier::REVERSED),
            _ => Style::new().bg(Color::Indexed(236)),
        }
    }

    /// The line that is typed into.
    pub fn field(self) -> Style {
        match self {
            Theme::Plain => Style::new(),
            _ => self.ink(231).bg(Color::Indexed(235)),
        }
    }

    /// Time spent, or a level within its limits.
    pub fn spent(self) -> Style {
        match self {
            Theme::Plain => Style::new(),
            Theme::Dark => self.ink(78),
            Theme::Safe => self.ink(36),
        }
    }

    /// Time waited.
    pub fn waited(self) -> Style {
        match self {
            Theme::Plain => Style::new().add_modifier(Modifier::DIM),
            Theme::Dark => self.ink(109),
            Theme::Safe => self.ink(110),
        }
    }

    /// Near a limit.
    pub fn near(self) -> Style {
        match self {
            Theme::Plain => Style::new(),
            Theme::Dark => self.ink(220),
            Theme::Safe => self.ink(227),
        }
    }

    /// Past a limit, or failed.
    pub fn over(self) -> Style {
        match self {
            Theme::Plain => Style::new().add_modifier(Modifier::BOLD),
            Theme::Dark => self.ink(203).add_modifier(Modifier::BOLD),
            Theme::Safe => self.ink(208).add_modifier(Modifier::BOLD),
        }
    }

    /// The plate on which a state stands.
    pub fn plate(self, doing: Doing) -> Style {
        let colours = match (self, doing) {
            (Theme::Plain, _) => return Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD),
            (_, Doing::Starting) => (231, 240),
            (_, Doing::Idle) => (16, 248),
            (Theme::Dark, Doing::Listening) => (16, 46),
            (Theme::Dark, Doing::Hearing) => (16, 51),
            (Theme::Dark, Doing::Finding) => (16, 75),
            (Theme::Dark, Doing::Answering) => (16, 177),
            (Theme::Safe, Doing::Listening) => (16, 36),
            (Theme::Safe, Doing::Hearing) => (16, 74),
            (Theme::Safe, Doing::Finding) => (231, 25),
            (Theme::Safe, Doing::Answering) => (16, 175),
            (_, Doing::Speaking) => (16, 231),
        };
        on(colours.0, colours.1)
    }

    /// Large letters in the colour of the state's plate.
    pub fn letters(self, doing: Doing) -> Style {
        match self.plate(doing).bg {
            // Letters made of blocks must not be bold: some fonts widen them.
            Some(colour) => Style::new().fg(colour),
            None => Style::new(),
        }
    }

    /// A warning by its signal word, in the safety colours of ANSI Z535.1. They are a
    /// standard that people are trained on, so both colour themes keep them.
    pub fn signal(self, signal: Signal) -> Style {
        let colours = match (self, signal) {
            (Theme::Plain, Signal::Danger | Signal::Warning) => {
                return Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD);
            }
            (Theme::Plain, _) => return Style::new().add_modifier(Modifier::BOLD),
            (_, Signal::Danger) => (231, 160),
            (_, Signal::Warning) => (16, 208),
            (_, Signal::Caution) => (16, 220),
            (_, Signal::Notice) => (231, 25),
        };
        on(colours.0, colours.1)
    }

    fn ink(self, index: u8) -> Style {
        match self {
            Theme::Plain => Style::new(),
            Theme::Dark | Theme::Safe => Style::new().fg(Color::Indexed(index)),
        }
    }
}

fn on(ink: u8, ground: u8) -> Style {
    Style::new().fg(Color::Indexed(ink)).bg(Color::Indexed(ground)).add_modifier(Modifier::BOLD)
}
