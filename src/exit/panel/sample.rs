//! Snapshots that look like a day's work, for the panel's own tests.

use crate::core::answer::{
    Answer, AnswerKind, Citation, CitationKind, Number, Rung, Said, Sentence, Verdict,
};
use crate::core::knowledge::passage::Signal;
use crate::core::ledger::{Entry, Ledger, Stage};
use crate::core::snapshot::{Doing, Microphone, Snapshot, TurnView};

fn entry(stage: Stage, wait_ms: f64, ms: f64, budget_ms: u64, note: &str) -> Entry {
    Entry { stage, ms, wait_ms, budget_ms, note: note.to_string() }
}

/// A ledger up to and with `last`, in which the draft was late.
pub fn ledger(last: Stage) -> Ledger {
    let entries = vec![
        entry(Stage::Endpoint, 0.0, 288.0, 300, ""),
        entry(Stage::Transcribe, 24.0, 142.0, 200, ""),
        entry(Stage::Screen, 0.0, 0.4, 5, ""),
        entry(Stage::Retrieve, 0.0, 9.3, 25, ""),
        entry(Stage::Rank, 0.0, 6.1, 15, ""),
        entry(Stage::Prefill, 61.0, 342.0, 350, ""),
        entry(Stage::Draft, 12.0, 1140.0, 900, "cut short: the deadline was near"),
        entry(Stage::Guard, 0.0, 1.8, 10, ""),
        entry(Stage::Render, 0.0, 0.0, 10, "no other exit asked for"),
        entry(Stage::Synthesise, 8.0, 96.0, 120, ""),
        entry(Stage::Play, 0.0, 18.0, 30, ""),
    ];
    Ledger { entries: entries.into_iter().filter(|e| e.stage <= last).collect() }
}

fn citation(document: &str, section: &str, page: u32, quote: &str) -> Citation {
    Citation {
        kind: CitationKind::Passage,
        document: document.to_string(),
        revision: "C".to_string(),
        section: section.to_string(),
        page: Some(page),
        page_label: None,
        quote: quote.to_string(),
        start: 18_204,
        end: 18_204 + quote.len(),
        figures: Vec::new(),
    }
}

fn sentence(text: &str, citations: &[usize]) -> Sentence {
    Sentence { text: text.to_string(), citations: citations.to_vec() }
}

/// An answer with two warnings, two citations and locked numbers.
pub fn answer() -> Answer {
    Answer {
        kind: AnswerKind::Answer,
        rung: Rung::Quoted,
        rung_why: "the draft was late".to_string(),
        lead: "Pump jack PJ-40, M16 flange bolt:".to_string(),
        warnings: vec![
            Said {
                signal: Signal::Danger,
                text: "DANGER: The walking beam can fall. Lock out and tag isolator Q1 and chain the \
                       horsehead before any work on the flange."
                    .to_string(),
                citation: 2,
                lockout: true,
                short: None,
            },
            Said {
                signal: Signal::Caution,
                text: "CAUTION: Never reuse a bolt that was tightened to yield.".to_string(),
                citation: 1,
                lockout: false,
                short: None,
            },
        ],
        sentences: vec![
            sentence("Tighten the M16 flange bolts to 210 N·m in three steps, crosswise.", &[1]),
            sentence("Check the gap with a feeler gauge: 0.05 mm at most.", &[1, 2]),
        ],
        citations: vec![
            citation(
                "pump-jack/service-manual.md",
                "Maintenance > Torque values > Flange bolts",
                14,
                "| M16 8.8 | flange | 210 N·m | 3 steps (70, 140, 210), crosswise, dry thread |",
            ),
            citation(
                "pump-jack/service-manual.md",
                "Maintenance > Before you begin",
                11,
                "DANGER: The walking beam can fall. Lock out and tag isolator Q1 and chain the horsehead \
                 before any work on the flange. The gap is checked with a feeler gauge; it is 0.05 mm at most.",
            ),
        ],
        choices: vec![],
        numbers: [("210 N·m", 210.0, "N·m"), ("0.05 mm", 0.05, "mm"), ("M16", 16.0, "")]
            .map(|(text, value, unit)| Number {
                text: text.to_string(),
                value,
                unit: unit.to_string(),
                citation: 1,
            })
            .to_vec(),
        verdict: Verdict { passed: true, ..Verdict::default() },
    }
}

fn turn() -> TurnView {
    TurnView {
        turn: "20261123-0042".to_string(),
        question: "What is the torque for the M16 flange bolt on the pump jack?".to_string(),
        deadline_ms: 5_000,
        ..TurnView::default()
    }
}

fn earlier(turn: &str, question: &str, ms: f64, rung: Rung) -> TurnView {
    let mut answer = Answer { rung, rung_why: String::new(), warnings: vec![], ..answer() };
    if rung == Rung::Refused {
        answer.kind = AnswerKind::Refusal;
        answer.lead.clear();
        answer.sentences = vec![sentence("The manuals do not say.", &[])];
        answer.citations.clear();
    }
    TurnView {
        turn: turn.to_string(),
        question: question.to_string(),
        answer: Some(answer),
        ledger: ledger(Stage::Guard),
        elapsed_ms: ms,
        deadline_ms: 5_000,
        first_audio_ms: Some(ms * 0.8),
        ..TurnView::default()
    }
}

/// A node that has done some turns and rests.
pub fn idle() -> Snapshot {
    Snapshot {
        hands_free: None,
        doing: Doing::Idle,
        microphone: Microphone {
            device: "USB headset".to_string(),
            level_db: -52.0,
            peak_db: -47.0,
            ..Microphone::default()
        },
        turn: TurnView::default(),
        history: vec![
            earlier("a", "What does alarm E203 mean on the hydraulic power unit?", 1_310.0, Rung::Recombined),
            earlier("b", "How often is the gearbox oil of the wind turbine changed?", 960.0, Rung::Quoted),
            earlier("c", "May the safety relay be bypassed?", 412.0, Rung::Refused),
            earlier("d", "Pitch bearing grease, how much?", 6_200.0, Rung::Constrained),
        ],
        models: vec!["qwen2.5-coder-0.5b".into(), "whisper-tiny.en".into(), "en-us-joe".into()],
        index: "gen 7 · 9 documents · 412 passages".to_string(),
        queue: (0, 8),
        leases: vec![("decode".to_string(), 2)],
        memory_bytes: 812_000_000,
        notice: String::new(),
    }
}

/// A fresh node in which nothing was asked.
pub fn fresh() -> Snapshot {
    Snapshot { history: vec![], ..idle() }
}

/// The same node in any state of a turn, as far as the turn has come by then.
pub fn doing(doing: Doing) -> Snapshot {
    let mut s = Snapshot { doing, ..idle() };
    let began = |elapsed_ms| TurnView { elapsed_ms, ..turn() };
    match doing {
        Doing::Starting => {
            s.models = vec![];
            s.history = vec![];
        }
        Doing::Idle => {
            s.turn = TurnView {
                answer: Some(answer()),
                ledger: ledger(Stage::Play),
                first_audio_ms: Some(764.0),
                ..began(2_148.0)
            };
        }
        Doing::Listening => {
            s.microphone = Microphone { level_db: -18.0, peak_db: -9.0, ..s.microphone };
            s.turn = TurnView {
                question: "What is the torque for the M16".to_string(),
                interim: true,
                ..began(0.0)
            };
        }
        Doing::Hearing => {
            s.turn = TurnView { interim: true, ledger: ledger(Stage::Endpoint), ..began(341.0) };
        }
        Doing::Finding => s.turn = TurnView { ledger: ledger(Stage::Screen), ..began(462.0) },
        Doing::Answering => s.turn = TurnView { ledger: ledger(Stage::Prefill), ..began(1_004.0) },
        Doing::Speaking => {
            s.turn = TurnView {
                answer: Some(answer()),
                ledger: ledger(Stage::Synthesise),
                first_audio_ms: Some(764.0),
                ..began(2_102.0)
            };
        }
    }
    s
}

/// A refusal with the nearest sections.
pub fn refused() -> Snapshot {
    let mut s = doing(Doing::Idle);
    s.turn.question = "What does alarm E999 mean?".to_string();
    s.turn.answer = Some(Answer {
        kind: AnswerKind::Refusal,
        rung: Rung::Refused,
        rung_why: "no passage holds E999".to_string(),
        lead: String::new(),
        warnings: vec![],
        sentences: vec![sentence("The manuals do not say. The nearest sections are:", &[])],
        citations: vec![],
        choices: vec!["Hydraulic power unit > Alarms".into(), "Packaging line > Drive faults".into()],
        numbers: vec![],
        verdict: Verdict { passed: false, unsupported: vec!["E999".into()], reasons: vec![] },
    });
    s
}

/// A question and answer in Chinese.
pub fn chinese() -> Snapshot {
    let mut s = doing(Doing::Speaking);
    s.turn.question = "抽油机M16法兰螺栓的拧紧力矩是多少？请告诉我步骤和注意事项。".to_string();
    if let Some(a) = &mut s.turn.answer {
        a.lead = "抽油机，M16法兰螺栓：".to_string();
        a.warnings.truncate(1);
        a.warnings[0].text =
            "危险：游梁可能坠落。作业前必须对隔离开关Q1上锁挂牌，并用链条固定驴头。".to_string();
        a.sentences =
            vec![sentence("分三步对角拧紧至210 N·m，螺纹保持干燥，用塞尺检查间隙，不超过0.05 mm。", &[1])];
        a.citations.truncate(1);
        a.citations[0].document = "抽油机/维修手册.md".to_string();
        a.citations[0].section = "维护 > 拧紧力矩 > 法兰螺栓".to_string();
        a.citations[0].quote =
            "M16 8.8 级法兰螺栓：210 N·m，分三步（70、140、210），对角，干螺纹".to_string();
    }
    s
}
