//! Does this sound finished? Judged by the words alone.
//!
//! Whisper sets marks by guess where the sound stops, so a full stop says nothing; a question
//! mark counts only behind a question, and an open end (a preposition, half a code) counts
//! against any mark.

/// Whether a sentence may end where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Completeness {
    /// It is whole: "What is the torque of the M16 bolt?".
    Finished,
    /// It may be.
    #[default]
    Unsure,
    /// More must come: it ends in a preposition, an unfinished number, "fault code E".
    Unfinished,
}

use Completeness::{Finished, Unfinished, Unsure};

/// Judges the words heard so far; `language` is a BCP 47 tag (English, Spanish, Chinese; in
/// any other only an open mark at the end tells something).
pub fn completeness(text: &str, language: &str) -> Completeness {
    let text = text.trim();
    let bare = text.trim_end_matches(|c: char| !c.is_alphanumeric());
    if bare.is_empty() {
        return Unsure;
    }
    let marks = text.get(bare.len()..).unwrap_or_default();
    if marks.contains([',', '…', '-', '–', '—', ':', ';', '，', '、', '：', '；']) || marks.contains("..")
    {
        return Unfinished;
    }
    let asked = marks.contains(['?', '？']);
    match language.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "en" => ENGLISH.judge(bare, asked),
        "es" => SPANISH.judge(bare, asked),
        "zh" => chinese(bare, asked),
        _ => Unsure,
    }
}

/// What the ends of sentences are known by in a language that sets spaces.
struct Grammar {
    /// Nothing ends in these: prepositions, articles, conjunctions.
    open: &'static [&'static str],
    /// Prepositions that a question may leave behind ("what is it for").
    stranded: &'static [&'static str],
    /// Those that belong to a verb ("turn it on").
    particles: &'static [&'static str],
    /// Verbs that want something behind them, unless a pronoun stands before ("what it is").
    auxiliaries: &'static [&'static str],
    pronouns: &'static [&'static str],
    /// A code follows ("fault code"), unless the word before says which one ("the alarm").
    codes: &'static [&'static str],
    which: &'static [&'static str],
    /// Spelled digits; and what makes a number go on.
    digits: &'static [&'static str],
    point: &'static [&'static str],
    /// Whole by themselves.
    commands: &'static [&'static str],
    /// Begin a command that has an object.
    imperatives: &'static [&'static str],
    /// Begin a question, and the verbs of which one must be in it.
    questions: &'static [&'static str],
    verbs: &'static [&'static str],
    /// "what does … mean": with the first and without one of the others it is not over.
    does: &'static [&'static str],
    mean: &'static [&'static str],
}

impl Grammar {
    fn judge(&self, bare: &str, asked: bool) -> Completeness {
        let lower = bare.to_lowercase();
        let words: Vec<&str> = words_of(&lower).collect();
        let Some((&last, before)) = words.split_last() else { return Unsure };
        if self.commands.contains(&words.join(" ").as_str()) {
            return Finished;
        }
        let previous = before.last().copied().unwrap_or_default();
        // "The conveyor shows C15, what do I do?" asks in its last clause.
        let clause = words.get(words.len() - clause_of(&lower).min(words.len())..).unwrap_or_default();
        let has = |of: &[&str]| clause.iter().any(|word| of.contains(word));
        let begins = |with: &[&str]| clause.first().is_some_and(|first| with.contains(first));
        let (is_question, is_order) = (begins(self.questions), begins(self.imperatives));
        // What is done, behind "does": "what does E15" still wants it.
        let does = clause.iter().position(|word| self.does.contains(word)).filter(|_| is_question);
        let done = does.is_some_and(|at| clause.iter().skip(at + 2).any(|word| self.mean.contains(word)));
        if done && self.mean.contains(&last) {
            return Finished;
        }
        if self.stranded.contains(&last) || self.particles.contains(&last) {
            let may_end = is_question || (is_order && self.particles.contains(&last));
            return if may_end { Unsure } else { Unfinished };
        }
        if self.is_open(last, previous, before) {
            return Unfinished;
        }
        if does.is_some() && !done && (is_code(last) || self.codes.contains(&last)) {
            return Unfinished;
        }
        if asked && words.len() >= 5 && has(self.verbs) && (does.is_none() || done) {
            return Finished;
        }
        let whole_order = clause.len() >= 3 && !self.codes.contains(&last) && !is_code(last);
        if whole_order && is_order {
            return Finished;
        }
        Unsure
    }

    /// Does the last word ask for another?
    fn is_open(&self, last: &str, previous: &str, before: &[&str]) -> bool {
        if self.open.contains(&last) || self.point.contains(&last) {
            return true;
        }
        if self.auxiliaries.contains(&last) {
            return !self.pronouns.contains(&previous);
        }
        if self.codes.contains(&last) {
            return !self.which.contains(&previous) && !self.imperatives.contains(&previous);
        }
        // A spelled letter is the beginning of a code.
        if last.chars().count() == 1
            && last.chars().all(char::is_alphabetic)
            && !self.pronouns.contains(&last)
        {
            return !before.is_empty();
        }
        if self.digits.contains(&last) {
            let run = 1 + before.iter().rev().take_while(|word| self.digits.contains(word)).count();
            let chosen =
                before.len() < run || (run == 1 && !is_letter(previous) && !self.codes.contains(&previous));
            // Codes have two digits and more; at the second nobody knows.
            return run <= 2 && !(chosen && run == 1);
        }
        false
    }
}

/// Words of the last clause.
fn clause_of(text: &str) -> usize {
    let ends = |c: char| matches!(c, ',' | '.' | '?' | '!' | ';' | ':');
    let mut count = 0;
    for chunk in text.split_whitespace().rev() {
        if count > 0 && chunk.ends_with(ends) {
            break;
        }
        count += words_of(chunk).count();
    }
    count
}

/// The words of a text in lower case, without their marks.
fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '\'')
        .map(|w| w.trim_matches('\''))
        .filter(|w| !w.is_empty())
}

fn is_letter(word: &str) -> bool {
    word.chars().count() == 1 && word.chars().all(char::is_alphabetic)
}

/// Is it a code or a number, as Whisper writes one ("E15", "203")?
fn is_code(word: &str) -> bool {
    word.contains(|c: char| c.is_ascii_digit())
}

const ENGLISH: Grammar = Grammar {
    open: &[
        "of", "to", "at", "into", "onto", "between", "per", "against", "during", "without", "the", "a", "an",
        "my", "your", "our", "its", "their", "every", "each", "and", "or", "but", "because", "if", "while",
        "than", "whether", "as", "which", "whose", "very", "please", "um", "uh", "the same", "what's",
        "where's", "who's", "i'm", "it's", "there's",
    ],
    stranded: &["for", "with", "from", "about", "by", "under"],
    particles: &["on", "in", "off", "up", "out", "down", "over"],
    auxiliaries: &[
        "is", "are", "was", "were", "am", "be", "does", "do", "did", "has", "have", "had", "can", "could",
        "should", "shall", "will", "would", "must", "may", "might",
    ],
    pronouns: &["i", "it", "this", "that", "they", "you", "we", "he", "she", "there", "to"],
    codes: &["code", "error", "alarm", "fault", "number", "parameter", "warning", "message"],
    which: &[
        "the", "this", "that", "an", "a", "any", "every", "last", "next", "first", "no", "another", "which",
        "what",
    ],
    digits: &["zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
    point: &["point", "dot", "dash", "minus", "slash", "hyphen", "plus", "hundred and"],
    commands: &[
        "stop",
        "wait",
        "yes",
        "no",
        "okay",
        "ok",
        "repeat",
        "next",
        "next step",
        "continue",
        "cancel",
        "help",
        "back",
        "go on",
        "go back",
        "go ahead",
        "understood",
        "say that again",
        "done",
        "stop it",
        "thank you",
        "thanks",
        "warnings",
    ],
    imperatives: &[
        "open",
        "close",
        "start",
        "stop",
        "show",
        "read",
        "tell",
        "explain",
        "find",
        "search",
        "list",
        "repeat",
        "reset",
        "clear",
        "acknowledge",
        "check",
        "turn",
        "switch",
        "set",
        "give",
        "call",
        "log",
        "send",
        "create",
        "cancel",
        "go",
        "play",
        "lock",
        "release",
    ],
    questions: &[
        "what", "how", "why", "when", "where", "which", "who", "is", "are", "does", "do", "did", "can",
        "could", "should", "may", "must", "will", "has", "have", "at", "on", "in", "after", "to", "by",
    ],
    verbs: &[
        "is", "are", "was", "were", "does", "do", "did", "has", "have", "had", "can", "could", "should",
        "shall", "will", "would", "must", "may", "need", "needs", "mean", "means", "shows", "show", "fits",
        "fit", "causes", "happens", "trips", "goes",
    ],
    does: &["does", "do", "did"],
    mean: &[
        "mean", "say", "show", "indicate", "stand", "do", "tell", "need", "have", "want", "come", "happen",
        "cause", "weigh", "hold", "run", "use", "require", "take", "trip", "open", "close", "start", "stop",
        "set", "reset", "change", "check", "replace", "clear", "lock", "release", "drain", "fill", "remove",
        "install", "adjust", "work", "make", "go", "get", "put", "turn", "find", "fix", "test", "clean",
        "connect", "tighten", "read", "apply", "bleed",
    ],
};

const SPANISH: Grammar = Grammar {
    open: &[
        "de", "del", "en", "a", "al", "con", "por", "sin", "sobre", "entre", "desde", "hasta", "según", "el",
        "la", "los", "las", "un", "una", "unos", "unas", "mi", "tu", "su", "cada", "y", "e", "o", "u",
        "pero", "porque", "si", "cuando", "que", "muy", "más", "eh",
    ],
    stranded: &["para"],
    particles: &[],
    auxiliaries: &[
        "es",
        "son",
        "era",
        "está",
        "están",
        "hay",
        "ha",
        "han",
        "puede",
        "puedo",
        "debe",
        "debo",
        "tengo",
        "tiene",
        "va",
        "significa",
        "indica",
    ],
    pronouns: &["qué", "lo", "esto", "eso", "ya", "cómo", "dónde", "cuánto", "cuál", "cuáles", "no"],
    codes: &["código", "error", "alarma", "fallo", "falla", "avería", "número", "parámetro"],
    which: &[
        "el", "la", "este", "esta", "ese", "esa", "un", "una", "otro", "otra", "último", "última", "qué",
    ],
    digits: &["cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve"],
    point: &["punto", "coma", "guion", "guión", "menos", "barra"],
    commands: &[
        "para",
        "alto",
        "espera",
        "sí",
        "no",
        "vale",
        "repite",
        "siguiente",
        "siguiente paso",
        "continúa",
        "cancela",
        "ayuda",
        "atrás",
        "entendido",
        "otra vez",
        "hecho",
        "gracias",
        "detente",
        "sigue",
    ],
    imperatives: &[
        "abre",
        "cierra",
        "arranca",
        "muestra",
        "lee",
        "dime",
        "explica",
        "busca",
        "repite",
        "borra",
        "comprueba",
        "revisa",
        "pon",
        "da",
        "llama",
        "envía",
        "crea",
        "cancela",
        "bloquea",
        "apaga",
        "enciende",
    ],
    questions: &[
        "qué", "cómo", "por", "cuándo", "dónde", "cuál", "cuáles", "cuánto", "cuánta", "cuántos", "cuántas",
        "quién", "a", "en", "de", "con", "es", "está", "hay", "puedo", "debo", "tiene",
    ],
    verbs: &[
        "es",
        "son",
        "está",
        "están",
        "hay",
        "ha",
        "puede",
        "puedo",
        "debe",
        "debo",
        "tiene",
        "tengo",
        "significa",
        "indica",
        "hago",
        "hacer",
        "hace",
        "va",
        "necesita",
        "cambia",
        "dice",
        "quiere",
    ],
    does: &[],
    mean: &[],
};

/// Chinese sets no spaces: a sentence is judged by its last characters.
fn chinese(bare: &str, asked: bool) -> Completeness {
    const OPEN: [&str; 24] = [
        "的", "和", "与", "或", "或者", "在", "是", "把", "被", "对", "从", "到", "跟", "因为", "如果",
        "但是", "而且", "然后", "关于", "第", "点", "负", "杠", "请",
    ];
    const CODES: [&str; 8] = ["代码", "故障码", "报警", "警报", "错误", "故障", "编号", "参数"];
    const ORDERS: [&str; 8] = ["清除", "复位", "确认", "查看", "显示", "这个", "那个", "什么"];
    const COMMANDS: [&str; 20] = [
        "停",
        "停止",
        "停下",
        "等一下",
        "等等",
        "是",
        "是的",
        "好",
        "好的",
        "不",
        "不是",
        "继续",
        "重复",
        "下一步",
        "上一步",
        "取消",
        "帮助",
        "明白",
        "再说一遍",
        "完成",
    ];
    const WHOLE: [&str; 14] = [
        "什么意思",
        "什么",
        "怎么办",
        "怎么处理",
        "怎么做",
        "多少",
        "吗",
        "呢",
        "怎么回事",
        "为什么",
        "如何处理",
        "在哪里",
        "在哪",
        "多大",
    ];
    const ASKS: [&str; 8] = ["什么", "怎么", "多少", "哪", "几", "如何", "多", "吗"];
    const DIGITS: &str = "零一二三四五六七八九幺两〇";
    let bare: String = bare.chars().filter(|c| !c.is_whitespace()).collect();
    let ends = |of: &[&str]| of.iter().any(|end| bare.ends_with(end));
    if COMMANDS.contains(&bare.as_str()) || ends(&WHOLE) {
        return Finished;
    }
    let coded = CODES.iter().find_map(|code| bare.strip_suffix(code));
    if ends(&OPEN) || coded.is_some_and(|before| !ORDERS.iter().any(|order| before.ends_with(order))) {
        return Unfinished;
    }
    if bare.ends_with(|c: char| c.is_ascii_alphabetic()) {
        // "E" of "故障代码 E", but not the "PLC" of a sentence.
        let letters = bare.chars().rev().take_while(char::is_ascii_alphabetic).count();
        return if letters == 1 { Unfinished } else { Unsure };
    }
    let run = bare.chars().rev().take_while(|c| DIGITS.contains(*c)).count();
    if (1..=2).contains(&run) && bare.chars().count() > run {
        return Unfinished;
    }
    if asked && ASKS.iter().any(|ask| bare.contains(ask)) { Finished } else { Unsure }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(language: &str, table: &[(Completeness, &[&str])]) {
        for (want, texts) in table {
            for text in *texts {
                assert_eq!(completeness(text, language), *want, "{text:?}");
            }
        }
    }

    #[test]
    fn english() {
        all(
            "en-US",
            &[
                (
                    Finished,
                    &[
                        "What is the torque of the M16 bolt?",
                        "What does fault code E15 mean on the pump jack?",
                        "what does alarm a four one mean",
                        "How do I lock out the hydraulic power unit?",
                        "Is the pump running now?",
                        "The conveyor shows C15, what do I do?",
                        "Stop.",
                        "next step",
                        "Say that again.",
                        "Open the main relief valve.",
                        "Tell me what it is",
                        "The pump shows E15. What do I do?",
                        "What does G77 do?",
                        "How much oil does the gearbox take?",
                        "What do I do?",
                    ],
                ),
                (
                    Unsure,
                    &[
                        "",
                        "...?",
                        "The conveyor shows C15.",
                        "What is the torque?",
                        "I have a leak.",
                        "Turn it on",
                        "What is it for?",
                        "Where does it come from",
                        "Clear the alarm.",
                        "Reset fault.",
                        "What is E15",
                        "step one",
                        "two",
                        "alarm one two three",
                        "What can it do",
                        "Command M205, what is it for?",
                        "How much oil does that?",
                    ],
                ),
                (
                    Unfinished,
                    &[
                        "What is the torque of",
                        "What is the torque of the.",
                        "What is the torque of the?",
                        "Tighten the bolt and",
                        "I wanted to know if",
                        "what does fault code",
                        "What does fault code E15?",
                        "What does error",
                        "Fault code.",
                        "fault code E",
                        "alarm a one",
                        "alarm E one zero",
                        "one zero",
                        "The pressure is one point",
                        "The pressure is",
                        "How do I set the pressure to",
                        "What is the,",
                        "What is the torque...",
                        "The alarm is E-",
                        "what's",
                    ],
                ),
            ],
        );
    }

    #[test]
    fn spanish() {
        all(
            "es",
            &[
                (
                    Finished,
                    &[
                        "¿Qué significa el código E15 en la bomba?",
                        "¿Cómo cambio el filtro que está en la bomba?",
                        "para",
                        "Siguiente paso.",
                        "Abre la válvula principal.",
                    ],
                ),
                (Unsure, &["La bomba pierde aceite.", "¿Qué es?", "Borra la alarma."]),
                (
                    Unfinished,
                    &[
                        "¿Cuál es el par de apriete de la",
                        "el tornillo del.",
                        "código de error",
                        "alarma E",
                        "alarma e uno cinco",
                        "la presión es dos coma",
                        "si la bomba y",
                        "el par de,",
                    ],
                ),
            ],
        );
    }

    #[test]
    fn chinese() {
        all(
            "zh-CN",
            &[
                (
                    Finished,
                    &[
                        "故障代码 E15 是什么意思？",
                        "报警 A12 怎么处理",
                        "油压是多少",
                        "泵在运行吗",
                        "停",
                        "下一步。",
                        "螺栓的扭矩是多少？",
                    ],
                ),
                (Unsure, &["输送机报 Err05", "清除报警", "这个报警", "泵漏油了。"]),
                (
                    Unfinished,
                    &[
                        "螺栓的",
                        "故障代码",
                        "故障代码 E",
                        "报警 a 一",
                        "压力是二点",
                        "如果",
                        "油泵和，",
                        "我想知道关于",
                    ],
                ),
            ],
        );
    }

    #[test]
    fn in_another_language_only_an_open_mark_tells() {
        assert_eq!(completeness("Was ist das Drehmoment?", "de"), Unsure);
        assert_eq!(completeness("Was ist das,", "de"), Unfinished);
        assert_eq!(completeness("What is the torque of", ""), Unsure);
    }
}
