//! The lab's picture: time to the first sentence as small multiples, one panel for each way of
//! putting requests together, devices (or load) along, p50 and p95 up. Written by hand as SVG; all
//! panels of a strip share one logarithmic axis of seconds, a line marks the deadline, and below
//! stands how many were refused: they are in no time.

use std::fmt::Write as _;

use super::row::Row;
use super::trace::DEADLINE;
use crate::operations::eval::score::share;

const PANEL: (f64, f64) = (150.0, 190.0);
const GAP: f64 = 14.0;
const LEFT: f64 = 64.0;
const TOP: f64 = 64.0;
const STRIP: f64 = 296.0;
const P50: &str = "#1f5fa8";
const P95: &str = "#c8500a";
const INK: &str = "#222";
const PALE: &str = "#ddd";
const REFUSED: &str = "font-size=\"10\" fill=\"#a02020\"";

/// One point of a panel.
struct Point {
    /// What it stands over along the axis.
    label: String,
    /// Seconds; half are quicker.
    p50: Option<f64>,
    /// Seconds; one in twenty is slower.
    p95: Option<f64>,
    /// Share of the requests that were refused and so are in neither.
    refused: f64,
}

struct Panel {
    title: String,
    points: Vec<Point>,
}

/// The picture of the modes and of the rated load, as far as `rows` have them.
pub fn svg(rows: &[Row]) -> String {
    let modes = panels(rows, "modes", |r| r.trace == "technicians", |r| r.devices.to_string());
    let rated = panels(
        rows,
        "rated",
        |r| r.trace.contains('×'),
        |r| r.trace.rsplit(' ').next().map_or_else(String::new, |times| format!("× {times}")),
    );
    let strips =
        [("Technicians' trace, by mode", "devices", modes), ("Rated load and its multiples", "load", rated)];
    let strips: Vec<_> = strips.into_iter().filter(|(_, _, p)| !p.is_empty()).collect();
    let most = strips.iter().map(|(_, _, p)| p.len()).max().unwrap_or(1) as f64;
    let width = (LEFT + most * (PANEL.0 + GAP) + 20.0).max(560.0);
    let height = TOP + strips.len() as f64 * STRIP + 24.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         font-family=\"sans-serif\" font-size=\"12\" fill=\"{INK}\">\n\
         <title>Time to the first sentence</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    let first = rows.first();
    let model = first.map(|r| r.model.as_str()).unwrap_or_default();
    let machine = first.map(|r| r.machine.as_str()).unwrap_or_default();
    write(
        &mut out,
        LEFT,
        22.0,
        "start",
        "font-size=\"15\" font-weight=\"bold\"",
        &format!("Time to the first sentence, {model}"),
    );
    write(&mut out, LEFT, 40.0, "start", "fill=\"#666\"", machine);
    legend(&mut out, width - 210.0);
    for (n, (title, along, panels)) in strips.iter().enumerate() {
        strip(&mut out, TOP + n as f64 * STRIP, title, along, panels);
    }
    out.push_str("</svg>\n");
    out
}

/// A panel for each engine and mode, in the order of the rows.
fn panels(
    rows: &[Row],
    section: &str,
    is: impl Fn(&Row) -> bool,
    label: impl Fn(&Row) -> String,
) -> Vec<Panel> {
    let mut panels: Vec<Panel> = Vec::new();
    for row in rows.iter().filter(|r| r.section == section && is(r)) {
        let by_mode = section == "modes" && row.engine != super::peer::NAME;
        let title = if by_mode { row.mode.clone() } else { row.engine.clone() };
        let seconds = |ms: Option<f64>| ms.map(|ms| ms / 1e3);
        let point = Point {
            label: label(row),
            p50: seconds(row.first_sentence_ms.p50),
            p95: seconds(row.first_sentence_ms.p95),
            refused: share(row.refused, row.requests),
        };
        match panels.iter_mut().find(|p| p.title == title) {
            Some(panel) => panel.points.push(point),
            None => panels.push(Panel { title, points: vec![point] }),
        }
    }
    panels
}

fn strip(out: &mut String, top: f64, title: &str, along: &str, panels: &[Panel]) {
    let points = || panels.iter().flat_map(|p| &p.points);
    let values = || points().flat_map(|p| [p.p50, p.p95]).flatten();
    let scale = Scale::over(values(), top + 44.0, top + 44.0 + PANEL.1);
    write(out, LEFT, top + 18.0, "start", "font-size=\"13\" font-weight=\"bold\"", title);
    for tick in &scale.ticks {
        write(out, LEFT - 6.0, scale.y(*tick) + 4.0, "end", "", &seconds(*tick));
    }
    let _ = writeln!(
        out,
        "<text transform=\"translate(16 {:.1}) rotate(-90)\" text-anchor=\"middle\">seconds</text>",
        top + 44.0 + PANEL.1 / 2.0
    );
    let mut labels: Vec<&str> = Vec::new();
    for point in points() {
        if !labels.contains(&point.label.as_str()) {
            labels.push(&point.label);
        }
    }
    let due = DEADLINE.as_secs_f64();
    for (n, panel) in panels.iter().enumerate() {
        let left = LEFT + n as f64 * (PANEL.0 + GAP);
        let right = left + PANEL.0;
        write(out, left + PANEL.0 / 2.0, top + 38.0, "middle", "", &panel.title);
        for tick in &scale.ticks {
            line(out, (left, scale.y(*tick)), (right, scale.y(*tick)), PALE, "");
        }
        if scale.holds(due) {
            line(out, (left, scale.y(due)), (right, scale.y(due)), "#888", "stroke-dasharray=\"4 3\"");
            if n == 0 {
                write(
                    out,
                    left + 3.0,
                    scale.y(due) - 4.0,
                    "start",
                    "font-size=\"10\" fill=\"#666\"",
                    "deadline",
                );
            }
        }
        let step = PANEL.0 / labels.len() as f64;
        let x = |label: &str| {
            let at = labels.iter().position(|l| *l == label).unwrap_or_default();
            left + step * (at as f64 + 0.5)
        };
        for label in &labels {
            write(out, x(label), scale.bottom + 16.0, "middle", "", label);
        }
        let place = |p: &Point, value: Option<f64>| Some((x(&p.label), scale.y(value?)));
        curve(out, panel.points.iter().filter_map(|p| place(p, p.p95)), P95);
        curve(out, panel.points.iter().filter_map(|p| place(p, p.p50)), P50);
        for point in panel.points.iter().filter(|p| p.refused > 0.0) {
            let words = format!("{:.0} %", (point.refused * 100.0).max(1.0));
            write(out, x(&point.label), scale.bottom + 30.0, "middle", REFUSED, &words);
        }
        write(out, left + PANEL.0 / 2.0, scale.bottom + 44.0, "middle", "fill=\"#666\"", along);
    }
    if points().any(|p| p.refused > 0.0) {
        write(out, LEFT - 6.0, scale.bottom + 30.0, "end", REFUSED, "refused");
    }
}

/// A logarithmic axis with round ticks.
struct Scale {
    low: f64,
    high: f64,
    top: f64,
    bottom: f64,
    ticks: Vec<f64>,
}

impl Scale {
    fn over(values: impl Iterator<Item = f64>, top: f64, bottom: f64) -> Scale {
        let (mut low, mut high) = (f64::INFINITY, 0.0f64);
        for value in values.filter(|v| v.is_finite() && *v > 0.0) {
            (low, high) = (low.min(value), high.max(value));
        }
        if high <= 0.0 {
            (low, high) = (0.1, 10.0);
        }
        let round: Vec<f64> = (-3..4).flat_map(|p| [1.0, 2.0, 5.0].map(|m: f64| m * 10f64.powi(p))).collect();
        let below = round.iter().copied().rfind(|t| *t <= low).unwrap_or(low);
        let above = round.iter().copied().find(|t| *t >= high && *t > below).unwrap_or(high.max(below * 2.0));
        let ticks = round.into_iter().filter(|t| (below..=above).contains(t)).collect();
        Scale { low: below, high: above, top, bottom, ticks }
    }

    fn y(&self, value: f64) -> f64 {
        let share = (value.max(self.low) / self.low).ln() / (self.high / self.low).ln();
        self.bottom - share.clamp(0.0, 1.0) * (self.bottom - self.top)
    }

    fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

fn legend(out: &mut String, x: f64) {
    for (n, (colour, words)) in
        [(P50, "half are quicker (p50)"), (P95, "one in 20 is slower (p95)")].iter().enumerate()
    {
        let y = 20.0 + 17.0 * n as f64;
        line(out, (x, y - 4.0), (x + 18.0, y - 4.0), colour, "stroke-width=\"2\"");
        let _ = writeln!(
            out,
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3.5\" fill=\"{colour}\"/>",
            x + 9.0,
            y - 4.0
        );
        write(out, x + 24.0, y, "start", "", words);
    }
}

fn curve(out: &mut String, points: impl Iterator<Item = (f64, f64)>, colour: &str) {
    let points: Vec<(f64, f64)> = points.collect();
    let path: String = points.iter().map(|(x, y)| format!("{x:.1},{y:.1} ")).collect();
    let _ = writeln!(
        out,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
        path.trim_end()
    );
    for (x, y) in points {
        let _ = writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{colour}\"/>");
    }
}

fn line(out: &mut String, from: (f64, f64), to: (f64, f64), colour: &str, more: &str) {
    let _ = writeln!(
        out,
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{colour}\" {more}/>",
        from.0, from.1, to.0, to.1
    );
}

fn write(out: &mut String, x: f64, y: f64, anchor: &str, more: &str, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" {more}>{words}</text>");
}

fn seconds(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::lab::row::Spread;

    fn row(section: &'static str, mode: &str, devices: usize, p50: f64) -> Row {
        Row {
            engine: "millwright".into(),
            mode: mode.into(),
            trace: if section == "modes" { "technicians".into() } else { format!("rated load × {devices}") },
            section,
            devices,
            model: "a<b&c".into(),
            first_sentence_ms: Spread { p50: Some(p50), p95: Some(p50 * 3.0), p99: None },
            ..Row::default()
        }
    }

    #[test]
    fn there_is_a_panel_for_each_mode_and_the_words_cannot_break_the_picture() {
        let rows = [
            row("modes", "single", 1, 400.0),
            row("modes", "single", 4, 900.0),
            row("modes", "window", 1, 500.0),
            row("rated", "continuous", 4, 800.0),
        ];
        let svg = svg(&rows);
        assert_eq!(svg.matches("<polyline").count(), 2 * 3);
        assert!(svg.contains("a&lt;b&amp;c") && svg.contains(">× 4<") && !svg.contains("NaN"));
        let mut reader = quick_xml::Reader::from_str(&svg);
        loop {
            match reader.read_event() {
                Ok(quick_xml::events::Event::Eof) => break,
                Ok(_) => {}
                Err(e) => panic!("{e}"),
            }
        }
    }

    #[test]
    fn a_greater_time_is_higher_up_and_the_axis_has_round_ends() {
        let scale = Scale::over([0.31, 4.2].into_iter(), 0.0, 100.0);
        assert!(scale.y(4.0) < scale.y(0.4));
        assert_eq!((scale.low, scale.high), (0.2, 5.0));
        assert_eq!(scale.y(0.2), 100.0);
        assert!(Scale::over([].into_iter(), 0.0, 100.0).ticks.len() > 2);
    }

    #[test]
    fn nothing_measured_is_still_a_picture() {
        assert!(svg(&[]).ends_with("</svg>\n"));
        assert!(
            !svg(&[Row { section: "modes", trace: "technicians".into(), ..Row::default() }]).contains("NaN")
        );
    }
}
