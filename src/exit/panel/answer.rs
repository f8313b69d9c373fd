//! The answer and where it comes from, in one column that scrolls: lead, sentences with
//! the numbers of their citations, choices, and the list of sources.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::core::answer::{Answer, AnswerKind, Citation, CitationKind, Rung};
use crate::core::snapshot::{Doing, Snapshot, TurnView};

use super::theme::Theme;
use super::view::View;
use super::{heading, node, state, text};

/// The lines of the column, and at which line each citation begins.
pub struct Flow {
    /// All lines.
    pub lines: Vec<Line<'static>>,
    /// First line of each citation.
    pub citations: Vec<usize>,
}

/// Lays the column out for `cells` cells. `whole_quotes` asks for every quote in full
/// rather than only the selected one.
pub fn flow(snapshot: &Snapshot, view: &View, cells: usize, whole_quotes: bool) -> Flow {
    let theme = view.theme;
    let turn = view.turn(snapshot);
    let mut flow = Flow { lines: vec![], citations: vec![] };
    if let Some(fault) = &turn.fault {
        for (i, part) in fault.lines().enumerate() {
            let sign = if i == 0 { Span::styled("✖ ", theme.over()) } else { Span::raw("  ") };
            let style = if i == 0 { theme.strong() } else { theme.text() };
            flow.lines.extend(text::wrap(&[sign, Span::styled(part.to_string(), style)], cells, 2));
        }
    }
    match &turn.answer {
        Some(answer) => {
            said(&mut flow, answer, theme, cells, whole_quotes);
            sources(&mut flow, answer, view, cells, whole_quotes);
        }
        None if turn.fault.is_none() => flow.lines.extend(nothing_yet(snapshot, view, cells, whole_quotes)),
        None => {}
    }
    flow
}

fn said(flow: &mut Flow, answer: &Answer, theme: Theme, cells: usize, airy: bool) {
    if !answer.lead.is_empty() {
        flow.lines.extend(text::wrap(&[Span::styled(answer.lead.clone(), theme.strong())], cells, 0));
    }
    for sentence in &answer.sentences {
        if airy && !flow.lines.is_empty() {
            flow.lines.push(Line::default());
        }
        let mut spans = with_numbers(&sentence.text, answer, theme);
        for n in &sentence.citations {
            spans.push(Span::styled(format!(" [{n}]"), theme.citation()));
        }
        flow.lines.extend(text::wrap(&spans, cells, 0));
    }
    for (i, choice) in answer.choices.iter().enumerate() {
        let number = Span::styled(format!("{:>3}  ", i + 1), theme.citation());
        flow.lines.extend(text::wrap(&[number, Span::styled(choice.clone(), theme.text())], cells, 5));
    }
    let doubts = answer.verdict.unsupported.iter().map(|u| format!("no source holds {u}"));
    // Why the draft was thrown away is worth a line only where its place was taken.
    if answer.rung < Rung::Constrained && !answer.verdict.passed {
        for doubt in doubts.chain(answer.verdict.reasons.iter().cloned()) {
            flow.lines.extend(text::wrap(
                &[Span::styled(format!("guard: {doubt}"), theme.faint())],
                cells,
                7,
            ));
        }
    }
}

/// The sentence with the answer's locked numbers set off.
fn with_numbers(sentence: &str, answer: &Answer, theme: Theme) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    let mut rest = sentence;
    while !rest.is_empty() {
        let next = answer
            .numbers
            .iter()
            .filter(|n| !n.text.is_empty())
            .filter_map(|n| rest.find(&n.text).map(|at| (at, n.text.len())))
            .min_by_key(|&(at, len)| (at, std::cmp::Reverse(len)));
        let Some((at, len)) = next else { break };
        spans.push(Span::styled(rest[..at].to_string(), theme.text()));
        spans.push(Span::styled(rest[at..at + len].to_string(), theme.number()));
        rest = &rest[at + len..];
    }
    spans.push(Span::styled(rest.to_string(), theme.text()));
    spans
}

fn sources(flow: &mut Flow, answer: &Answer, view: &View, cells: usize, whole_quotes: bool) {
    if answer.citations.is_empty() {
        return;
    }
    let theme = view.theme;
    flow.lines.push(Line::default());
    flow.lines.push(heading::line("SOURCES", "", cells, theme));
    for (i, citation) in answer.citations.iter().enumerate() {
        if whole_quotes && i > 0 {
            flow.lines.push(Line::default());
        }
        let selected = view.selected == Some(i);
        flow.citations.push(flow.lines.len());
        let sign = if selected { "▶" } else { " " };
        let number = Span::styled(format!("{sign}[{}] ", i + 1), theme.citation());
        let indent = number.width();
        let whole = selected || whole_quotes;
        let place = if whole { place(citation) } else { short_place(citation, cells.saturating_sub(indent)) };
        let place = Span::styled(place, if selected { theme.strong() } else { theme.text() });
        let quote = format!("“{}”", text::clean(citation.quote.trim()));
        let mut lines = text::wrap(&[number, place], cells, indent);
        let quote = Span::styled(format!("{}{quote}", " ".repeat(indent)), theme.faint());
        let quoted = text::wrap(&[quote], cells, indent);
        let room = if whole { quoted.len() } else { 1 };
        let cut = quoted.len() > room;
        lines.extend(quoted.into_iter().take(room));
        for figure in citation.figures.iter().filter(|_| whole) {
            let file = figure.file.as_deref().map(|f| format!(" → {f}")).unwrap_or_default();
            let shown = format!("{}▣ {} {}{file}", " ".repeat(indent), figure.label, figure.caption);
            let shown = Span::styled(text::clean(shown.trim_end()), theme.faint());
            lines.extend(text::wrap(&[shown], cells, indent));
        }
        if let (true, Some(last)) = (cut, lines.last_mut()) {
            let short = text::fit(&last.to_string(), cells.saturating_sub(2));
            *last = Line::styled(format!("{}…”", short.trim_end_matches('…').trim_end()), theme.faint());
        }
        if selected {
            lines = lines.into_iter().map(|l| l.style(theme.selected())).collect();
        }
        flow.lines.extend(lines);
    }
}

/// Document, revision, page and section of a citation in one line.
pub fn place(citation: &Citation) -> String {
    let mut parts = vec![citation.document.clone()];
    if citation.kind == CitationKind::Event {
        parts.push("machine event".to_string());
    }
    if !citation.revision.is_empty() {
        parts.push(format!("rev. {}", citation.revision));
    }
    if let Some(page) = citation.page_name() {
        parts.push(format!("p. {page}"));
    }
    if !citation.section.is_empty() {
        parts.push(citation.section.clone());
    }
    parts.join(" · ")
}

/// The same in at most `cells` cells: the outer headings go first, the innermost last.
fn short_place(citation: &Citation, cells: usize) -> String {
    let mut short = citation.clone();
    while text::width(&place(&short)) > cells {
        let section = short.section.trim_start_matches("… > ");
        let Some((_, inner)) = section.split_once(" > ") else { break };
        short.section = format!("… > {inner}");
    }
    text::fit(&place(&short), cells)
}

fn nothing_yet(snapshot: &Snapshot, view: &View, cells: usize, wide: bool) -> Vec<Line<'static>> {
    let theme = view.theme;
    let turn = view.turn(snapshot);
    if snapshot.doing == Doing::Idle && turn.question.is_empty() {
        let how = match &snapshot.hands_free {
            Some(wake) if !wake.is_empty() => format!("Say \"{wake}\" and ask."),
            _ if view.hold_to_talk => "Hold SPACE (or F5) and ask.".to_owned(),
            _ => "Press SPACE (or F5), ask, press it again.".to_owned(),
        };
        let mut lines = vec![
            Line::default(),
            Line::styled(text::fit(&how, cells), theme.strong()),
            Line::styled(
                text::fit("Or type a question and press ENTER. Press ? for help.", cells),
                theme.text(),
            ),
            Line::default(),
        ];
        // On a wide screen the node stands in the head of the frame.
        if !wide {
            lines.extend(node::lines(snapshot, theme, cells));
        }
        return lines;
    }
    let busy = match snapshot.doing {
        Doing::Idle | Doing::Listening => return vec![],
        _ => state::advice(snapshot, view.hold_to_talk),
    };
    let sign = state::sign(snapshot.doing, view.tick);
    vec![Line::styled(text::fit(&format!("{sign} {busy} …"), cells), theme.interim())]
}

/// Draws the heading and, below it, the column from the view's scroll on.
pub fn draw(buf: &mut Buffer, area: Rect, snapshot: &Snapshot, view: &View, whole_quotes: bool) {
    let theme = view.theme;
    let turn = view.turn(snapshot);
    let cells = usize::from(area.width);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let flow = flow(snapshot, view, cells, whole_quotes);
    let rows = usize::from(body.height);
    let first = usize::from(view.scroll).min(flow.lines.len().saturating_sub(rows));
    for (row, line) in flow.lines.iter().skip(first).take(rows).enumerate() {
        text::put(buf, body, row as u16, line);
    }
    let title = match (first, flow.lines.len().saturating_sub(first + rows)) {
        (0, 0) => title(turn).to_string(),
        (0, below) => format!("{} ▼ {below} more", title(turn)),
        (above, 0) => format!("{} ▲ {above} above", title(turn)),
        (above, below) => format!("{} ▲ {above} above ▼ {below} more", title(turn)),
    };
    text::put(buf, area, 0, &heading::line(&title, &rung(turn), cells, theme));
}

fn title(turn: &TurnView) -> &'static str {
    match turn.answer.as_ref().map(|a| a.kind) {
        None | Some(AnswerKind::Answer) => "ANSWER",
        Some(AnswerKind::Refusal) => "REFUSED",
        Some(AnswerKind::Clarify) => "WHICH ONE?",
        Some(AnswerKind::Emergency) => "EMERGENCY",
        Some(AnswerKind::Step) => "STEP",
        Some(AnswerKind::Notice) => "NOTICE",
    }
}

/// The rung as steps of a ladder, its name, and why it is not a higher one.
fn rung(turn: &TurnView) -> String {
    let Some(answer) = &turn.answer else { return String::new() };
    let steps = match answer.rung {
        Rung::Refused => "■□□□",
        Rung::Quoted => "■■□□",
        Rung::Constrained => "■■■□",
        Rung::Recombined => "■■■■",
    };
    if answer.rung_why.is_empty() {
        format!("{steps} {}", answer.rung)
    } else {
        format!("{steps} {}: {}", answer.rung, text::clean(&answer.rung_why))
    }
}
