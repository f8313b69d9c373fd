//! What a PDF's pages hold, as the process that reads them says it: words with their
//! places, ruling lines, pictures. Plain data, no PDF library.
//!
//! Lengths are in points (1/72 inch); `y` grows downwards from the page's upper edge, as
//! the page is looked at (its rotation is undone).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// No page is wider or higher than this (the format's own bound is 14,400 points).
const LONGEST: f32 = 20_000.0;

/// The pages of a PDF.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pages {
    /// The PDF's information dictionary under its own names ("Title", "CreationDate"), and
    /// the catalogue's language as "Lang".
    pub meta: BTreeMap<String, String>,
    /// The pages in their order.
    pub pages: Vec<Page>,
    /// What could not be read though the rest was, one clear line each.
    pub notes: Vec<String>,
}

/// One page.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// Counted from 1.
    pub number: u32,
    /// As the document numbers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Points.
    pub width: f32,
    /// Points.
    pub height: f32,
    /// In no particular order.
    #[serde(default)]
    pub words: Vec<Word>,
    /// Thin lines along an axis: the borders of tables and boxes.
    #[serde(default)]
    pub rules: Vec<Area>,
    /// Filled or framed rectangles.
    #[serde(default)]
    pub boxes: Vec<Area>,
    /// Raster pictures.
    #[serde(default)]
    pub images: Vec<Area>,
    /// Other drawing: curves, slanted lines, fills.
    #[serde(default)]
    pub drawings: Vec<Area>,
    /// The page's figures as pictures; they travel beside the rest.
    #[serde(skip)]
    pub pictures: Vec<Rendered>,
    /// The whole page as a grey PNG, where it has pictures but no text.
    #[serde(skip)]
    pub scan: Option<Vec<u8>>,
    /// Were the words read from the page's picture? The mean confidence, 0 to 1.
    #[serde(skip)]
    pub ocr: Option<f32>,
}

/// A part of a page as a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// Which part.
    pub area: Area,
    /// PNG bytes.
    pub png: Vec<u8>,
}

/// A run of letters without white space.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// The letters.
    #[serde(rename = "t")]
    pub text: String,
    /// Where it stands: the letters' full width, the font's full height.
    #[serde(rename = "a")]
    pub area: Area,
    /// Size of the font.
    #[serde(rename = "s")]
    pub size: f32,
    /// Set in bold.
    #[serde(rename = "b", default, skip_serializing_if = "std::ops::Not::not")]
    pub bold: bool,
    /// Set in a font whose letters are all as wide.
    #[serde(rename = "m", default, skip_serializing_if = "std::ops::Not::not")]
    pub mono: bool,
    /// White space came before it in the file.
    #[serde(rename = "p", default, skip_serializing_if = "std::ops::Not::not")]
    pub spaced: bool,
    /// Quarter turns clockwise that the word was turned by, 0 to 3.
    #[serde(rename = "q", default, skip_serializing_if = "is_zero")]
    pub turned: u8,
}

fn is_zero(n: &u8) -> bool {
    *n == 0
}

/// A rectangle; `x0 <= x1`, `y0 <= y1`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f32; 4]", into = "[f32; 4]")]
pub struct Area {
    /// Left.
    pub x0: f32,
    /// Upper.
    pub y0: f32,
    /// Right.
    pub x1: f32,
    /// Lower.
    pub y1: f32,
}

impl From<[f32; 4]> for Area {
    fn from([x0, y0, x1, y1]: [f32; 4]) -> Self {
        Area { x0: x0.min(x1), y0: y0.min(y1), x1: x0.max(x1), y1: y0.max(y1) }
    }
}

impl From<Area> for [f32; 4] {
    fn from(a: Area) -> Self {
        // A hundredth of a point is enough, and short to write.
        [a.x0, a.y0, a.x1, a.y1].map(|v| (v * 100.0).round() / 100.0)
    }
}

impl Area {
    /// Width.
    pub fn width(&self) -> f32 {
        self.x1 - self.x0
    }

    /// Height.
    pub fn height(&self) -> f32 {
        self.y1 - self.y0
    }

    /// The middle.
    pub fn centre(&self) -> (f32, f32) {
        ((self.x0 + self.x1) / 2.0, (self.y0 + self.y1) / 2.0)
    }

    /// Is the middle of `other` inside?
    pub fn holds(&self, other: &Area) -> bool {
        let (x, y) = other.centre();
        x >= self.x0 && x <= self.x1 && y >= self.y0 && y <= self.y1
    }

    /// The smallest rectangle around both.
    pub fn union(&self, other: &Area) -> Area {
        Area {
            x0: self.x0.min(other.x0),
            y0: self.y0.min(other.y0),
            x1: self.x1.max(other.x1),
            y1: self.y1.max(other.y1),
        }
    }

    /// The smallest rectangle around all; `None` around nothing.
    pub fn around<'a>(areas: impl IntoIterator<Item = &'a Area>) -> Option<Area> {
        areas.into_iter().copied().reduce(|a, b| a.union(&b))
    }

    /// How much of their widths is shared; negative where they lie apart.
    pub fn shared_width(&self, other: &Area) -> f32 {
        self.x1.min(other.x1) - self.x0.max(other.x0)
    }

    /// How much of their heights is shared; negative where they lie apart.
    pub fn shared_height(&self, other: &Area) -> f32 {
        self.y1.min(other.y1) - self.y0.max(other.y0)
    }

    fn is_on(&self, width: f32, height: f32) -> bool {
        [self.x0, self.y0, self.x1, self.y1].iter().all(|v| v.is_finite())
            && self.x1 >= 0.0
            && self.y1 >= 0.0
            && self.x0 <= width
            && self.y0 <= height
    }
}

/// More words than this on one page are no text that a person reads.
const MOST_WORDS: usize = 50_000;
/// More lines than this are a drawing, no table.
const MOST_RULES: usize = 2_000;

impl Page {
    /// What can be worked with: finite, on the page, within bounds.
    pub(super) fn tidied(mut self) -> Page {
        let length = |v: f32| if v.is_finite() && v > 0.0 { v.min(LONGEST) } else { 792.0 };
        self.width = length(self.width);
        self.height = length(self.height);
        let (width, height) = (self.width, self.height);
        for areas in [&mut self.rules, &mut self.boxes, &mut self.images, &mut self.drawings] {
            areas.retain(|a| a.is_on(width, height));
            for area in areas.iter_mut() {
                *area = Area {
                    x0: area.x0.max(0.0),
                    y0: area.y0.max(0.0),
                    x1: area.x1.min(width),
                    y1: area.y1.min(height),
                };
            }
            areas.truncate(MOST_RULES);
        }
        self.words.retain(|w| {
            w.area.is_on(width, height)
                && w.size.is_finite()
                && w.area.width() < width
                && w.area.height() < height
                && !w.text.trim().is_empty()
        });
        self.words.truncate(MOST_WORDS);
        for word in &mut self.words {
            // A font of size 1 scaled up by its matrix says 1: the height knows better.
            if word.size < 2.0 || word.size > 4.0 * word.area.height().max(1.0) {
                word.size = word.area.height();
            }
            word.size = word.size.clamp(1.0, 400.0);
        }
        self
    }

    /// Turns a page whose text is mostly turned (a wide table on a tall page).
    pub(super) fn upright(mut self) -> Page {
        let mut letters = [0usize; 4];
        for word in &self.words {
            if let Some(n) = letters.get_mut(usize::from(word.turned % 4)) {
                *n += word.text.chars().count();
            }
        }
        let turns = (0..4u8).max_by_key(|q| (letters[usize::from(*q)], *q == 0)).unwrap_or(0);
        if turns == 0 {
            return self;
        }
        let (width, height) = (self.width, self.height);
        let turn = |a: Area| -> Area {
            match turns {
                // Turned clockwise by a quarter: turn it back.
                1 => Area { x0: a.y0, y0: width - a.x1, x1: a.y1, y1: width - a.x0 },
                2 => Area { x0: width - a.x1, y0: height - a.y1, x1: width - a.x0, y1: height - a.y0 },
                _ => Area { x0: height - a.y1, y0: a.x0, x1: height - a.y0, y1: a.x1 },
            }
        };
        for word in &mut self.words {
            word.area = turn(word.area);
            word.turned = (word.turned + 4 - turns) % 4;
        }
        for areas in [&mut self.rules, &mut self.boxes, &mut self.images, &mut self.drawings] {
            areas.iter_mut().for_each(|a| *a = turn(*a));
        }
        self.pictures.iter_mut().for_each(|p| p.area = turn(p.area));
        if turns % 2 == 1 {
            std::mem::swap(&mut self.width, &mut self.height);
        }
        self
    }
}
