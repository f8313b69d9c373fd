//! A made-up plant: many manuals in four revisions each, in three languages and four
//! formats, among them drafts, withdrawn revisions and conflicts. Every revision has other
//! values; a question is right when the revision in force answers it.

use std::path::{Path, PathBuf};

use super::shelf::{Bench, Shelf};
use crate::core::knowledge::generation::Standing;
use crate::core::knowledge::search::Only;
use crate::operations::eval::report::Figures;
use crate::operations::eval::score::{holds, share};
use crate::operations::eval::scratch::{Scratch, put};
use crate::operations::outcome::Result;

/// Revisions of one manual.
const REVISIONS: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    English,
    Spanish,
    Chinese,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Markdown,
    Text,
    Csv,
    Html,
}

/// What became of a manual's revisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// All released: the last is in force.
    Released,
    /// The last is a draft.
    Draft,
    /// The last is withdrawn.
    Withdrawn,
    /// Counted as 1.8, 1.9, 1.10, 1.11.
    Numbered,
    /// Two files claim the last revision, with other values.
    Conflict,
}

struct Manual {
    n: usize,
    language: Language,
    format: Format,
    fate: Fate,
}

/// A planted question.
pub struct Planted {
    /// As asked.
    pub question: String,
    /// The only file that may answer it.
    pub file: PathBuf,
    /// What the answer holds.
    pub value: String,
}

/// A plant as it was written.
pub struct Plant {
    /// Its questions.
    pub questions: Vec<Planted>,
    /// Pairs of files that claim the same revision.
    pub conflicts: Vec<(PathBuf, PathBuf)>,
    /// How many documents it has.
    pub documents: usize,
}

/// Writes about `documents` documents below `dir`.
///
/// # Errors
/// Where the disk refuses.
pub fn write(dir: &Path, documents: usize) -> Result<Plant> {
    let mut plant = Plant { questions: Vec::new(), conflicts: Vec::new(), documents: 0 };
    for n in 0..documents / REVISIONS {
        let manual = Manual::number(n);
        let files: Vec<PathBuf> = (0..REVISIONS).map(|r| dir.join(manual.path(r))).collect();
        for (revision, file) in files.iter().enumerate() {
            manual.write(file, revision)?;
            plant.documents += 1;
        }
        let (last, before) = (REVISIONS - 1, REVISIONS - 2);
        let in_force = match manual.fate {
            Fate::Released | Fate::Numbered => last,
            Fate::Draft | Fate::Withdrawn => before,
            Fate::Conflict => {
                plant.conflicts.extend(files.get(before).cloned().zip(files.get(last).cloned()));
                continue;
            }
        };
        for (part, _) in PARTS.iter().enumerate() {
            plant.questions.push(Planted {
                question: manual.question(part),
                file: files.get(in_force).cloned().unwrap_or_default(),
                value: manual.value(part, in_force),
            });
        }
    }
    Ok(plant)
}

/// Indexes a plant of `documents` documents and asks its questions.
///
/// # Errors
/// Where the plant cannot be written or indexed.
pub fn measure(bench: &Bench, documents: usize, note: &mut dyn FnMut(String)) -> Result<Figures> {
    let scratch = Scratch::new()?;
    let dir = scratch.path().join("plant");
    let plant = write(&dir, documents)?;
    let shelf = Shelf::build(bench, std::slice::from_ref(&dir), None)?;
    let real = |file: &Path| file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let (mut answered, mut superseded, mut shown) = (0, 0, 0);
    for planted in &plant.questions {
        let found = shelf.search(&planted.question, Only::Reranked, 5)?;
        superseded += usize::from(found.hits.iter().any(|h| h.standing != Standing::Current));
        let right = found.hits.first().is_some_and(|hit| {
            shelf.source(hit) == Some(real(&planted.file).as_path())
                && holds(&hit.passage.text, &planted.value)
        });
        answered += usize::from(right);
        if !right && shown < 5 {
            let first = found.hits.first().map_or("nothing", |h| h.passage.document.as_str());
            note(format!("plant: {} wants {}, found {first}", planted.question, planted.value));
            shown += 1;
        }
    }
    let said = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let skipped = shelf.report.skipped.iter().map(|s| format!("{} {}", s.path, s.reason));
        skipped
            .chain(shelf.report.warnings.iter().cloned())
            .any(|line| line.contains("conflict") && line.contains(&name))
    };
    let named = plant.conflicts.iter().filter(|(a, b)| said(a) && said(b)).count();
    Ok(Figures::from([
        ("retrieval.plant_documents".to_owned(), plant.documents as f64),
        ("retrieval.plant_indexed".to_owned(), shelf.report.documents as f64),
        ("retrieval.plant_questions".to_owned(), plant.questions.len() as f64),
        ("retrieval.plant_newest_share".to_owned(), share(answered, plant.questions.len())),
        ("retrieval.plant_superseded_quoted".to_owned(), superseded as f64),
        ("retrieval.plant_conflicts_named_share".to_owned(), share(named, plant.conflicts.len())),
    ]))
}

/// The parts with a value: in three languages, with the unit, the least and the step.
const PARTS: [([&str; 3], &str, usize); 3] = [
    (
        ["tightening torque of the flange bolt", "par de apriete del perno de brida", "法兰螺栓的拧紧力矩"],
        "Nm",
        110,
    ),
    (
        [
            "opening pressure of the relief valve",
            "presión de apertura de la válvula de alivio",
            "溢流阀的开启压力",
        ],
        "bar",
        60,
    ),
    (
        [
            "change interval of the return filter",
            "intervalo de cambio del filtro de retorno",
            "回油滤芯的更换周期",
        ],
        "h",
        1000,
    ),
];

const MACHINES: [([&str; 3], &str); 4] = [
    (["Filling machine", "Máquina llenadora", "灌装机"], "FM"),
    (["Hydraulic press", "Prensa hidráulica", "液压机"], "HP"),
    (["Belt conveyor", "Cinta transportadora", "皮带输送机"], "BC"),
    (["Screw compressor", "Compresor de tornillo", "螺杆压缩机"], "SC"),
];

impl Manual {
    fn number(n: usize) -> Manual {
        let language = [Language::English, Language::Spanish, Language::Chinese][n % 3];
        let format = [Format::Markdown, Format::Text, Format::Csv, Format::Html][n / 3 % 4];
        let fate = match n % 10 {
            6 => Fate::Draft,
            7 => Fate::Withdrawn,
            8 => Fate::Numbered,
            9 => Fate::Conflict,
            _ => Fate::Released,
        };
        Manual { n, language, format, fate }
    }

    fn machine(&self) -> &'static str {
        MACHINES[self.n % 4].0[self.language as usize]
    }

    fn model(&self) -> String {
        format!("{}-{}", MACHINES[self.n % 4].1, 100 + self.n)
    }

    fn path(&self, revision: usize) -> String {
        let ending = match self.format {
            Format::Markdown => "md",
            Format::Text => "txt",
            Format::Csv => "csv",
            Format::Html => "html",
        };
        format!(
            "line-{:02}/{}/file-{:04}{revision}.{ending}",
            self.n % 17,
            self.model().to_lowercase(),
            self.n
        )
    }

    fn revision(&self, revision: usize) -> String {
        // Of a conflict the last two claim the same.
        let last = if self.fate == Fate::Conflict { revision.min(REVISIONS - 2) } else { revision };
        if self.fate == Fate::Numbered {
            return format!("1.{}", 8 + last);
        }
        char::from(b'A' + last as u8).to_string()
    }

    fn status(&self, revision: usize) -> &'static str {
        match self.fate {
            Fate::Draft if revision == REVISIONS - 1 => "draft",
            Fate::Withdrawn if revision == REVISIONS - 1 => "withdrawn",
            _ => "released",
        }
    }

    fn title(&self) -> String {
        let word = ["service manual", "manual de servicio", "维修手册"][self.language as usize];
        format!("{} {} {word}", self.machine(), self.model())
    }

    /// Other in every revision and every manual.
    fn value(&self, part: usize, revision: usize) -> String {
        let (_, unit, least) = PARTS[part];
        format!("{} {unit}", least + self.n % 50 * REVISIONS + revision)
    }

    fn part(&self, part: usize) -> &'static str {
        PARTS[part].0[self.language as usize]
    }

    fn question(&self, part: usize) -> String {
        let (part, machine, model) = (self.part(part), self.machine(), self.model());
        match self.language {
            Language::English => format!("What is the {part} of the {machine} {model}?"),
            Language::Spanish => format!("¿Cuál es el {part} de la {machine} {model}?"),
            Language::Chinese => format!("{machine}{model}{part}是多少？"),
        }
    }

    fn identity(&self, revision: usize) -> String {
        format!(
            "title = \"{}\"\nmachine = \"{}\"\nmodel = \"{}\"\nlanguage = \"{}\"\nrevision = \"{}\"\nstatus = \"{}\"\n",
            self.title(),
            self.machine(),
            self.model(),
            ["en", "es", "zh"][self.language as usize],
            self.revision(revision),
            self.status(revision)
        )
    }

    fn write(&self, file: &Path, revision: usize) -> Result<()> {
        let settings = ["Settings", "Ajustes", "设定值"][self.language as usize];
        let (part, value) =
            [("Setting", "Value"), ("Ajuste", "Valor"), ("项目", "数值")][self.language as usize];
        let general = ["General", "Generalidades", "概述"][self.language as usize];
        let about = [
            "This manual is for trained people. Keep it with the machine.",
            "Este manual es para personal formado. Guárdelo junto a la máquina.",
            "本手册供受过培训的人员使用，请与设备一起保存。",
        ][self.language as usize];
        let rows: Vec<(String, String)> =
            (0..PARTS.len()).map(|p| (capital(self.part(p)), self.value(p, revision))).collect();
        let title = self.title();
        let table =
            |row: &dyn Fn(&str, &str) -> String| rows.iter().map(|(p, v)| row(p, v)).collect::<String>();
        let text = match self.format {
            Format::Markdown => format!(
                "+++\n{}+++\n# {title}\n\n## {general}\n\n{about}\n\n## {settings}\n\n| {part} | {value} |\n|---|---|\n{}",
                self.identity(revision),
                table(&|p, v| format!("| {p} | {v} |\n"))
            ),
            Format::Text => format!(
                "{title}\n\n1 {general}\n\n{about}\n\n2 {settings}\n\n{}",
                table(&|p, v| format!("{p}: {v}.\n\n"))
            ),
            Format::Csv => format!("{part},{value}\n{}", table(&|p, v| format!("{p},{v}\n"))),
            Format::Html => format!(
                "<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1><h2>{general}</h2><p>{about}</p><h2>{settings}</h2><table><tr><th>{part}</th><th>{value}</th></tr>{}</table></body></html>\n",
                table(&|p, v| format!("<tr><td>{p}</td><td>{v}</td></tr>\n"))
            ),
        };
        if self.format != Format::Markdown {
            let mut name = file.file_name().unwrap_or_default().to_owned();
            name.push(".manual.toml");
            put(&file.with_file_name(name), &self.identity(revision))?;
        }
        put(file, &text)
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_plant_has_everything_that_goes_wrong_in_one() {
        let scratch = Scratch::new().unwrap();
        let plant = write(scratch.path(), 160).unwrap();
        assert_eq!(plant.documents, 160);
        assert_eq!(plant.conflicts.len(), 4);
        let manuals: Vec<Manual> = (0..40).map(Manual::number).collect();
        for format in [Format::Markdown, Format::Text, Format::Csv, Format::Html] {
            for language in [Language::English, Language::Spanish, Language::Chinese] {
                assert!(manuals.iter().any(|m| (m.format, m.language) == (format, language)));
            }
        }
        for planted in &plant.questions {
            let text = std::fs::read_to_string(&planted.file).unwrap();
            assert!(holds(&text, &planted.value), "{} {}", planted.question, planted.value);
        }
        let questions: BTreeSet<&str> = plant.questions.iter().map(|q| q.question.as_str()).collect();
        assert_eq!(questions.len(), plant.questions.len());
    }

    #[test]
    fn the_revisions_of_a_manual_differ_and_say_what_they_are() {
        for manual in (0..60).map(Manual::number) {
            let values: BTreeSet<String> = (0..REVISIONS).map(|r| manual.value(0, r)).collect();
            assert_eq!(values.len(), REVISIONS);
            let revisions: BTreeSet<String> = (0..REVISIONS).map(|r| manual.revision(r)).collect();
            assert_eq!(revisions.len(), if manual.fate == Fate::Conflict { 3 } else { 4 });
            assert!(manual.identity(3).contains(manual.status(3)));
        }
    }
}
