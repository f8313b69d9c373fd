//! Questions that an index can be asked of itself: made of its own passages by templates, so
//! that for each it is known whether the index answers it.
//!
//! Three kinds. *Own*: asks for what a passage says. *Held out*: the same question with the
//! passage's whole section taken away, which is what a question looks like that is about the
//! right machine and not in the manual. *Crossed*: a thing of one table and a column of
//! another, and *foreign*: about what no such manual is about.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::core::answer::quantity;
use crate::core::answer::source::phrase;
use crate::core::answer::words::{plain, terms};
use crate::core::knowledge::generation::{Generation, Standing};
use crate::core::knowledge::passage::{Passage, Shape};

/// A question with what is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// As it is asked.
    pub question: String,
    /// Passages that are passed over.
    pub without: BTreeSet<u32>,
    /// Does the index, so cut, answer it?
    pub answerable: bool,
}

/// About what no manual of a machine is about, or about machines that are seldom in one plant.
#[rustfmt::skip]
const FOREIGN: &[(&str, &[&str])] = &[
    ("en", &[
        "How do I descale the coffee machine in the canteen?", "Which tyre pressure has the forklift?",
        "What is the boiling point of ethanol?", "How often is the lift of the office building inspected?",
        "Who do I call to book a meeting room?", "How do I prune an apple tree?", "What colour is the company car?",
        "How do I sharpen the blades of the lawn mower?", "How much holiday is left this year?",
        "What torque do the wheel nuts of the delivery van need?", "How is the swimming pool heater vented?",
        "Which film do I need for the slide projector?", "How do I tune the piano?", "What does the annual licence cost?",
        "How do I change the toner of the copier?", "Which seeds does the drill sow at 12 cm?",
    ]),
    ("es", &[
        "¿Cómo se descalcifica la cafetera del comedor?", "¿Qué presión llevan los neumáticos de la carretilla?",
        "¿Cuánto cuesta la licencia anual?", "¿Cómo se poda un manzano?", "¿De qué color es el coche de la empresa?",
        "¿Cómo cambio el tóner de la fotocopiadora?", "¿Cada cuánto se revisa el ascensor de la oficina?",
        "¿Cómo se afina el piano?",
    ]),
    ("zh", &[
        "食堂的咖啡机怎么除垢？", "叉车的轮胎气压是多少？", "年度许可证多少钱？", "苹果树怎么修剪？", "公司的车是什么颜色？",
        "复印机怎么换碳粉？", "办公楼电梯多久检查一次？", "钢琴怎么调音？",
    ]),
];

/// At most so many own questions, and so many of each other kind.
const OWN: usize = 70;
const HELD_OUT: usize = 70;
const CROSSED: usize = 30;

/// The questions for one generation: at most 200, always the same for the same content.
pub fn questions(generation: &Generation) -> Vec<Trial> {
    let current: Vec<u32> = generation
        .documents()
        .iter()
        .filter(|d| d.standing == Standing::Current)
        .flat_map(|d| d.passages.0..d.passages.1)
        .collect();
    let alike = Alike::of(generation);
    let mut own = Vec::new();
    let mut held_out = Vec::new();
    let mut subjects: Vec<(String, String)> = Vec::new();
    let mut columns: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (n, id) in spread(&current, OWN + HELD_OUT).into_iter().enumerate() {
        let Some(passage) = generation.passage(id) else { continue };
        let Some(question) = ask(&passage, n) else { continue };
        let question = if n % 4 < 2 { question } else { otherwise(&question, language(&passage), n) };
        if let Some((subject, column)) = pair(&passage) {
            columns.entry(language(&passage).to_owned()).or_default().insert(column);
            subjects.push((language(&passage).to_owned(), subject));
        }
        if n % 2 == 0 {
            own.push(Trial { question, without: BTreeSet::new(), answerable: true });
        } else {
            let without = alike.to(generation, id, &passage);
            held_out.push(Trial { question, without, answerable: false });
        }
    }
    let crossed = crossed(generation, &subjects, &columns);
    let languages: BTreeSet<&str> =
        generation.documents().iter().map(|d| tag(&d.identity.language.value)).collect();
    let foreign = FOREIGN.iter().filter(|(tag, _)| languages.contains(tag)).flat_map(|(_, all)| all.iter());
    let foreign =
        foreign.map(|q| Trial { question: (*q).to_owned(), without: BTreeSet::new(), answerable: false });
    own.into_iter().chain(held_out).chain(crossed).chain(foreign).take(200).collect()
}

/// `count` of `ids`, evenly over all of them.
fn spread(ids: &[u32], count: usize) -> Vec<u32> {
    let count = count.min(ids.len());
    (0..count).filter_map(|n| ids.get(n * ids.len() / count.max(1)).copied()).collect()
}

fn tag(language: &str) -> &'static str {
    match language.split(['-', '_']).next() {
        Some("es") => "es",
        Some("zh") => "zh",
        _ => "en",
    }
}

fn language(passage: &Passage) -> &'static str {
    tag(&passage.language)
}

/// Passages by what they say and by their last heading, read once.
struct Alike {
    by_text: HashMap<String, Vec<u32>>,
    by_heading: HashMap<String, Vec<u32>>,
}

impl Alike {
    fn of(generation: &Generation) -> Alike {
        let mut alike = Alike { by_text: HashMap::new(), by_heading: HashMap::new() };
        for (id, passage) in (0u32..).zip(generation.passages()) {
            alike.by_text.entry(passage.text).or_default().push(id);
            if let Some(heading) = passage.section.last() {
                alike.by_heading.entry(heading.clone()).or_default().push(id);
            }
        }
        alike
    }

    /// The passage's section, and all that says the same or stands under a heading of that name.
    fn to(&self, generation: &Generation, id: u32, passage: &Passage) -> BTreeSet<u32> {
        let texts = self.by_text.get(&passage.text).into_iter().flatten();
        let headings = passage.section.last().and_then(|h| self.by_heading.get(h)).into_iter().flatten();
        let mut all: BTreeSet<u32> = texts.chain(headings).copied().chain([id]).collect();
        // Without a heading the document's other passages without one are the section.
        if passage.section.is_empty()
            && let Some(document) = generation.document(&passage.document)
        {
            let (first, last) = document.passages;
            let bare = |id: &u32| generation.passage(*id).is_some_and(|p| p.section.is_empty());
            all.extend((first..last).filter(bare));
        }
        all
    }
}

/// Things of one row and columns of another that no passage holds together.
fn crossed(
    generation: &Generation,
    subjects: &[(String, String)],
    columns: &BTreeMap<String, BTreeSet<String>>,
) -> Vec<Trial> {
    let mut pairs: Vec<(&str, &str, &str)> = Vec::new();
    for (n, (tag, subject)) in subjects.iter().enumerate() {
        let of = columns.get(tag).and_then(|c| c.iter().nth((n * 7 + 3) % c.len()));
        pairs.extend(of.map(|column| (tag.as_str(), column.as_str(), subject.as_str())));
    }
    let lower: Vec<(String, String)> =
        pairs.iter().map(|p| (p.1.to_lowercase(), p.2.to_lowercase())).collect();
    let mut known = vec![false; pairs.len()];
    for p in generation.passages() {
        let cells: String = p.fields.iter().map(phrase).collect();
        let text = format!("{} {} {cells}", p.section.join(" "), p.text).to_lowercase();
        for (known, (column, subject)) in known.iter_mut().zip(&lower) {
            *known = *known || (text.contains(subject) && text.contains(column));
        }
    }
    let unknown = pairs.iter().zip(known).filter(|(_, known)| !known).map(|(pair, _)| pair);
    let ask = |(tag, column, subject): &(&str, &str, &str)| Trial {
        question: of(tag, column, subject),
        without: BTreeSet::new(),
        answerable: false,
    };
    unknown.take(CROSSED).map(ask).collect()
}

/// What a row is about, and one of its columns that holds a figure.
fn pair(passage: &Passage) -> Option<(String, String)> {
    if passage.shape != Shape::Row || passage.is_entry() {
        return None;
    }
    let subject = plain(&passage.fields.first()?.value);
    let column = passage.fields.iter().skip(1).find(|f| !quantity::read(&phrase(f)).quantities.is_empty())?;
    let name = plain(&column.name);
    let name = name.split(['(', '[']).next().unwrap_or_default().trim().to_owned();
    (sayable(&subject) && sayable(&name)).then_some((subject, name))
}

fn sayable(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    (2..=60).contains(&text.chars().count()) && letters * 2 > text.chars().count()
}

fn of(tag: &str, column: &str, subject: &str) -> String {
    match tag {
        "es" => format!("¿Cuál es {} de {}?", lower(column), lower(subject)),
        "zh" => format!("{subject}的{column}是多少？"),
        _ => format!("What is the {} of the {}?", lower(column), lower(subject)),
    }
}

/// The question that a passage answers; `None` where nothing can be made of it.
fn ask(passage: &Passage, n: usize) -> Option<String> {
    let tag = language(passage);
    if let Some((subject, column)) = pair(passage) {
        return Some(on(passage, of(tag, &column, &subject), n));
    }
    let heading = passage.section.last().map(|h| plain(h)).filter(|h| sayable(h));
    match (passage.shape, n % 4) {
        (Shape::Step, 0 | 1) => {
            let heading = bare(&heading?);
            let question = match tag {
                "es" => format!("¿Cómo se hace: {}?", lower(&heading)),
                "zh" => format!("{heading}怎么做？"),
                _ => format!("How do I do the {}?", lower(&heading)),
            };
            Some(on(passage, question, n))
        }
        _ => keywords(passage, n).map(|q| on(passage, q, n)),
    }
}

/// "4.2 Torque table" → "Torque table".
fn bare(heading: &str) -> String {
    heading.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ' ').to_owned()
}

/// Some words of a passage's longest sentence, in their order: what is left of a question when
/// its small words are gone.
fn keywords(passage: &Passage, n: usize) -> Option<String> {
    let source = crate::core::answer::source::Source::of(passage);
    let longest = source.segments.iter().max_by_key(|s| terms(&s.text).len())?;
    let text = &longest.text;
    if language(passage) == "zh" {
        let clause = text.split(|c: char| !c.is_alphanumeric()).max_by_key(|c| c.chars().count())?;
        let han: String = clause.chars().take(12).collect();
        return (han.chars().count() >= 5).then(|| format!("{han}是怎么回事？"));
    }
    let words: Vec<&str> = text
        .split_whitespace()
        .map(|w| w.trim_matches(|c: char| !c.is_alphanumeric()))
        .filter(|w| !terms(w).is_empty() && w.chars().all(|c| c.is_alphabetic() || c == '-'))
        .collect();
    if words.len() < 4 {
        return None;
    }
    let from = n % (words.len() - 3);
    let picked = words.get(from..(from + 4).min(words.len()))?.join(" ");
    Some(match language(passage) {
        "es" => format!("¿Qué hay que saber de {}?", lower(&picked)),
        _ => format!("What about the {}?", lower(&picked)),
    })
}

/// Every other question names the machine.
fn on(passage: &Passage, question: String, n: usize) -> String {
    let name = if passage.machine.is_empty() { &passage.model } else { &passage.machine };
    if n % 4 < 2 || name.is_empty() || !sayable(name) {
        return question;
    }
    let open = question.trim_end_matches(['?', '？']);
    match language(passage) {
        "es" => format!("{open} en {}?", lower(name)),
        "zh" => format!("{name}的{question}"),
        _ => format!("{open} on the {}?", lower(name)),
    }
}

/// A person calls things otherwise than the manual: one word of the question becomes one that
/// says nothing.
fn otherwise(question: &str, tag: &str, n: usize) -> String {
    let (thing, least) = match tag {
        "es" => ("chisme", 4),
        "zh" => return question.to_owned(),
        _ => ("gizmo", 4),
    };
    let words: Vec<&str> = question.split(' ').collect();
    let plain = |w: &&str| w.len() >= least && !terms(w).is_empty() && w.chars().all(char::is_lowercase);
    let candidates: Vec<usize> = (0..words.len()).filter(|&i| words.get(i).is_some_and(plain)).collect();
    let Some(&at) = candidates.get(n / 4 % candidates.len().max(1)) else { return question.to_owned() };
    let word = |(i, w): (usize, &&str)| if i == at { thing.to_owned() } else { (*w).to_owned() };
    words.iter().enumerate().map(word).collect::<Vec<_>>().join(" ")
}

/// Lower case, but for what is written in capitals.
fn lower(text: &str) -> String {
    let word = |w: &str| {
        let upper = w.chars().skip(1).any(|c| c.is_uppercase() || c.is_ascii_digit());
        if upper { w.to_owned() } else { w.to_lowercase() }
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}
