//! What is wanted.

use std::sync::OnceLock;

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::Source;
use super::wording::FILLERS;

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Intent {
    /// An answer from the manuals.
    Question,
    /// Something of the assistant itself.
    Command(Command),
    /// Something of a procedure that is being gone through.
    Step(Step),
    /// What was read or done ("pressure is at 210 bar", "I replaced the filter").
    Report,
    /// Nothing that a manual could answer ("thank you").
    Chatter,
    /// No words: silence, noise, a recogniser that went round in circles.
    Empty,
}

/// A spoken or typed command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Command {
    /// Be quiet.
    Stop,
    /// Say the last answer again.
    Repeat,
    /// Say all warnings in full.
    Warnings,
    /// The warnings were understood.
    Understood,
}

impl Command {
    /// Its name in the audit.
    pub fn name(self) -> &'static str {
        match self {
            Command::Stop => "stop",
            Command::Repeat => "repeat",
            Command::Warnings => "warnings",
            Command::Understood => "understood",
        }
    }
}

/// What is said while going through a procedure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// The step at hand is done, or the one named.
    Done(Option<u16>),
    /// The next one.
    Next,
    /// The one before.
    Back,
}

const STOP: &[&str] = &[
    "stop",
    "stop it",
    "stop talking",
    "stop speaking",
    "be quiet",
    "quiet",
    "silence",
    "shut up",
    "cancel",
    "cancel that",
    "never mind",
    "nevermind",
    "enough",
    "that's enough",
    "abort",
];
const REPEAT: &[&str] = &[
    "repeat",
    "repeat that",
    "repeat it",
    "say that again",
    "say it again",
    "say again",
    "again",
    "once more",
    "one more time",
    "pardon",
    "come again",
    "what did you say",
    "can you repeat that",
    "could you repeat that",
];
const WARNINGS: &[&str] = &[
    "warnings",
    "repeat the warnings",
    "repeat warnings",
    "say the warnings",
    "all warnings",
    "read the warnings",
    "what are the warnings",
];
const UNDERSTOOD: &[&str] = &["understood", "i understand", "got it", "acknowledged", "acknowledge", "roger"];
const CHATTER: &[&str] = &[
    "hello",
    "hi",
    "hey",
    "hello there",
    "good morning",
    "good evening",
    "goodbye",
    "bye",
    "bye bye",
    "thank you",
    "thanks",
    "thank you very much",
    "thanks a lot",
    "thank you so much",
    "thanks for watching",
    "thank you for watching",
    "ok",
    "okay",
    "alright",
    "all right",
    "yes",
    "no",
    "yeah",
    "cool",
    "great",
    "nice",
    "how are you",
    "test",
    "testing",
    "you",
];
const DONE: &[&str] = &[
    "done",
    "step done",
    "it is done",
    "it's done",
    "that's done",
    "i'm done",
    "finished",
    "completed",
    "complete",
    "listo",
    "hecho",
    "terminado",
    "paso hecho",
    "ya está",
    "完成",
    "完成了",
    "做完了",
    "好了",
    "做好了",
];
const NEXT: &[&str] = &[
    "next",
    "next step",
    "next one",
    "go on",
    "continue",
    "what's next",
    "what is next",
    "go to the next step",
    "siguiente",
    "siguiente paso",
    "el siguiente",
    "continúa",
    "下一步",
    "继续",
];
const BACK: &[&str] = &[
    "back",
    "go back",
    "previous",
    "previous step",
    "one step back",
    "step back",
    "last step again",
    "atrás",
    "paso anterior",
    "上一步",
    "返回",
];

/// Recognised only where it is all that was said: "stop the pump" is a question's
/// business, "stop" is ours.
pub(super) fn intent(text: &str, source: Source) -> Intent {
    let spoken: Vec<String> = text
        .to_lowercase()
        .split_whitespace()
        .map(|w| w.trim_matches(|c: char| !c.is_alphanumeric() && c != '\'').to_owned())
        .filter(|w| !w.is_empty() && !FILLERS.contains(&w.as_str()) && w != "please")
        .collect();
    if !spoken.iter().any(|w| w.chars().any(char::is_alphanumeric))
        || (source == Source::Heard && circles(&spoken))
    {
        return Intent::Empty;
    }
    let said = spoken.join(" ");
    let is = |list: &[&str]| list.contains(&said.as_str());
    if is(STOP) {
        Intent::Command(Command::Stop)
    } else if is(REPEAT) {
        Intent::Command(Command::Repeat)
    } else if is(WARNINGS) {
        Intent::Command(Command::Warnings)
    } else if is(UNDERSTOOD) {
        Intent::Command(Command::Understood)
    } else if is(CHATTER) {
        Intent::Chatter
    } else if let Some(step) = step(&said) {
        Intent::Step(step)
    } else if is_report(text, &said) {
        Intent::Report
    } else {
        Intent::Question
    }
}

/// A step of a procedure, where it is all that was said ("step 3 done").
fn step(said: &str) -> Option<Step> {
    let said = said.trim_matches(['。', '！', '，']);
    let is = |list: &[&str]| list.contains(&said);
    if is(DONE) {
        return Some(Step::Done(None));
    }
    if is(NEXT) {
        return Some(Step::Next);
    }
    if is(BACK) {
        return Some(Step::Back);
    }
    static NAMED: OnceLock<Option<Regex>> = OnceLock::new();
    let named = NAMED.get_or_init(|| {
        Regex::new(r"^(?:step|paso) (?:number |número )?([a-z]+|\d{1,3}) (?:is |está )?(?:done|finished|complete|completed|listo|hecho)$|^第([一二三四五六七八九十]|\d{1,3})步(?:完成|做完|好)了?$").ok()
    });
    let found = named.as_ref()?.captures(said)?;
    let word = found.get(1).or_else(|| found.get(2))?.as_str();
    number(word).map(|n| Step::Done(Some(n)))
}

fn number(word: &str) -> Option<u16> {
    const WORDS: [[&str; 3]; 10] = [
        ["one", "uno", "一"],
        ["two", "dos", "二"],
        ["three", "tres", "三"],
        ["four", "cuatro", "四"],
        ["five", "cinco", "五"],
        ["six", "seis", "六"],
        ["seven", "siete", "七"],
        ["eight", "ocho", "八"],
        ["nine", "nueve", "九"],
        ["ten", "diez", "十"],
    ];
    let said = (1u16..).zip(WORDS).find(|(_, names)| names.contains(&word)).map(|(n, _)| n);
    said.or_else(|| word.parse().ok())
}

/// A statement of what was done or read; nothing in it asks.
fn is_report(text: &str, said: &str) -> bool {
    static ASKS: OnceLock<Option<Regex>> = OnceLock::new();
    static TELLS: OnceLock<Option<Regex>> = OnceLock::new();
    let asks = ASKS.get_or_init(|| {
        Regex::new(r"[?？¿]|\b(?:what|what's|how|why|when|where|which|who|can|could|should|shall|do|does|did|may|must|would|is it|is that|is this|are they|tell me|show me|give me|find|explain|qué|que|cómo|como|cuándo|dónde|cuál|cuánto|puedo|debo)\b|什么|怎么|如何|多少|哪|吗|呢|是否|几").ok()
    });
    let tells = TELLS.get_or_init(|| {
        Regex::new(concat!(
            r"^(?:i|we|i've|we've|i have|we have|i just|we just) (?:just |already |now )*(?:replaced|changed|tightened|cleaned|checked|adjusted|filled|refilled|greased|lubricated|topped|drained|installed|removed|reset|measured|locked|isolated|tagged|finished|fitted|set|bled|opened|closed|switched|turned|tested|inspected|repaired|found|see|read|got|torqued|swapped|flushed|mounted|connected|disconnected)\b",
            r"|\b(?:is|are|reads|shows|reading|stands|was|measures|measured) (?:now |still |only |at |about |around |up to |down to )*[-+]?\d+(?:[.,]\d+)? ?(?:[a-z°%µ/]+)?$",
            r"|^(?:he|hemos|acabo de) (?:cambiado|reemplazado|apretado|limpiado|revisado|llenado|engrasado|medido|cambiar|reemplazar|limpiar|revisar)\b",
            r"|^(?:我|我们)?(?:已经|刚刚|刚)?(?:更换|换|清洗|拧紧|检查|加|测量)(?:了|过|好了|完)",
        ))
        .ok()
    });
    let (Some(asks), Some(tells)) = (asks.as_ref(), tells.as_ref()) else { return false };
    !asks.is_match(&text.to_lowercase()) && tells.is_match(said)
}

/// A recogniser that lost its way says the same few words over and over.
fn circles(words: &[String]) -> bool {
    let mut distinct: Vec<&String> = words.iter().collect();
    distinct.sort();
    distinct.dedup();
    words.len() >= 8 && distinct.len() * 4 <= words.len()
}
