//! The command line. Its words are a contract: scripts depend on them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::core::answer::Rung;

/// Offline, voice-driven assistant for technicians: spoken questions in, cited and guarded
/// answers out.
#[derive(Debug, Parser)]
#[command(name = "millwright", version, propagate_version = true)]
#[command(after_help = "Exit codes: 0 done (a refusal is done) · 1 failed · 2 wrong usage · \
                        3 something needed is missing, with the command that supplies it")]
pub struct Cli {
    /// Where models, indexes and the audit log of this installation are kept
    #[arg(long, global = true, env = "MILLWRIGHT_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// One JSON object per line on stdout, nothing else there
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Supply, list and check models
    #[command(subcommand)]
    Models(Models),
    /// Read manuals into a knowledge base
    Index(Index),
    /// Search the manuals
    Search(Search),
    /// Ask one question, typed or recorded
    Ask(Ask),
    /// Speech to text
    Transcribe(Transcribe),
    /// Hands-free by headset: press Enter, speak, press Enter
    Talk(Talk),
    /// The panel: speak or type, watch every stage against its budget
    Tui(Tui),
    /// Text to speech
    Say(Say),
    /// Microphones and loudspeakers, and which ones the configuration picks
    Devices(Devices),
    /// Make recorded turns again and say whether they are the same
    Replay(Replay),
    /// Check and export the audit log
    #[command(subcommand)]
    Audit(Audit),
    /// Measure
    Eval(Eval),
    /// Measure the language model's engine, alone and beside its peers
    Lab(Lab),
    /// Show the configuration
    #[command(subcommand)]
    Config(Config),
    /// Read a PDF from stdin, write its pages to stdout (run by this program itself)
    #[command(hide = true)]
    ReadPdf(ReadPdf),
    /// Print a shell's completions
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// `read-pdf`
#[derive(Debug, Args)]
pub struct ReadPdf {
    /// The PDF library
    pub library: PathBuf,
    /// Address space, bytes
    #[arg(long, default_value_t = 1 << 30)]
    pub memory: u64,
    /// Computing time, seconds
    #[arg(long, default_value_t = 300)]
    pub seconds: u64,
    /// Pages beyond these are left out
    #[arg(long, default_value_t = 5_000)]
    pub pages: u32,
}

/// `models …`
#[derive(Debug, Subcommand)]
pub enum Models {
    /// Download and verify (the default models, where nothing is named)
    Pull {
        /// Roles (recogniser, answerer, embedder, voice, vad, reader) or ids
        which: Vec<String>,
        /// Accept licences that need a look before commercial use
        #[arg(long)]
        accept_licences: bool,
    },
    /// Every model of the manifest, and which are here
    List,
    /// Check the SHA-256 of every installed file
    Verify {
        /// Ids; all installed ones where nothing is named
        which: Vec<String>,
    },
    /// Take models from a file or directory, such as a USB stick
    Import {
        /// A finished model file, a wheel, or a directory with such
        path: PathBuf,
        /// Accept licences that need a look before commercial use
        #[arg(long)]
        accept_licences: bool,
    },
}

/// `index …`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Index {
    /// Directories with manuals
    #[arg(required_unless_present_any = ["check", "glossary"])]
    pub dirs: Vec<PathBuf>,
    /// Knowledge base [default: main; with --check all]
    #[arg(long)]
    pub kb: Option<String>,
    /// List what is in the index, where each fact is known from, and what to look at
    #[arg(long, conflicts_with_all = ["dirs", "watch"])]
    pub check: bool,
    /// Print the terms that have no translation yet, for the planner to fill in
    #[arg(long, conflicts_with_all = ["dirs", "watch", "check"])]
    pub glossary: bool,
    /// Index again whenever the directories have changed; Ctrl-C ends it
    #[arg(long)]
    pub watch: bool,
    /// Other things to do with an index
    #[command(subcommand)]
    pub action: Option<IndexAction>,
}

/// `index remove`
#[derive(Debug, Subcommand)]
pub enum IndexAction {
    /// Take a document out
    Remove {
        /// Its id, as `search` prints it
        document: String,
        /// Knowledge base
        #[arg(long, default_value = "main")]
        kb: String,
    },
}

/// `search`
#[derive(Debug, Args)]
pub struct Search {
    /// What to look for
    pub words: String,
    /// How many hits
    #[arg(short, default_value_t = 5)]
    pub k: usize,
    /// Knowledge base; all where none is named
    #[arg(long)]
    pub kb: Option<String>,
    /// One way of searching alone; all of them together where none is named
    #[arg(long, value_enum)]
    pub only: Option<Only>,
    /// Also superseded, draft and withdrawn manuals; the hits say so
    #[arg(long)]
    pub superseded: bool,
}

/// A way of searching; codes are looked up in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Only {
    /// BM25
    Words,
    /// Dense vectors
    Vectors,
    /// Both, fused, without the reranker
    Fused,
}

/// `ask`
#[derive(Debug, Args)]
pub struct Ask {
    /// The question
    #[arg(required_unless_present_any = ["audio", "batch"], conflicts_with_all = ["audio", "batch"])]
    pub question: Option<String>,
    /// A recorded question (WAV, FLAC, MP3 or OGG)
    #[arg(long, value_name = "F.wav", conflicts_with = "batch")]
    pub audio: Option<PathBuf>,
    /// Rows {"id", "question"|"audio"}; each answer carries its row's id
    #[arg(long, value_name = "F.jsonl")]
    pub batch: Option<PathBuf>,
    /// How to answer
    #[command(flatten)]
    pub how: How,
    /// Comma-separated renderings to add
    #[arg(long, value_delimiter = ',', value_enum)]
    pub exit: Vec<Exit>,
    /// Speak the answer
    #[arg(long)]
    pub speak: bool,
    /// Write the spoken answer to a WAV file
    #[arg(long, value_name = "F.wav")]
    pub out: Option<PathBuf>,
}

/// How to answer; shared by `ask`, `talk` and `tui`.
#[derive(Debug, Clone, Args)]
pub struct How {
    /// Knowledge base; all where none is named
    #[arg(long)]
    pub kb: Option<String>,
    /// The machine in front of you
    #[arg(long)]
    pub machine: Option<String>,
    /// The session that the turn belongs to
    #[arg(long)]
    pub session: Option<String>,
    /// Who asks: the number of a badge
    #[arg(long, env = "MILLWRIGHT_OPERATOR", value_name = "ID")]
    pub operator: Option<String>,
    /// Highest rung of the ladder
    #[arg(long, value_parser = rung)]
    pub rung: Option<Rung>,
    /// Time to the first cited content, milliseconds
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=600_000))]
    pub deadline_ms: Option<u64>,
    /// A model's id, or the path of a GGUF file
    #[arg(long, value_name = "ID|PATH")]
    pub model: Option<String>,
}

fn rung(text: &str) -> Result<Rung, String> {
    serde_json::from_value(serde_json::Value::String(text.to_owned()))
        .map_err(|_| "one of recombined, constrained, quoted, refused".to_owned())
}

/// A rendering of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Exit {
    /// Sentence by sentence, as it is said
    Spoken,
    /// Markdown with citations
    Technician,
}

/// `transcribe`
#[derive(Debug, Args)]
pub struct Transcribe {
    /// WAV, FLAC, MP3 or OGG files
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Language; detected where the model can
    #[arg(long)]
    pub language: Option<String>,
    /// Words to expect
    #[arg(long)]
    pub prompt: Option<String>,
    /// Knowledge base whose codes and terms are expected and mended
    #[arg(long)]
    pub kb: Option<String>,
}

/// `talk`
#[derive(Debug, Args)]
pub struct Talk {
    /// How to answer
    #[command(flatten)]
    pub how: How,
    /// When to listen
    #[command(flatten)]
    pub listen: Listen,
}

/// When to listen; flags over the configuration.
#[derive(Debug, Clone, Default, Args)]
pub struct Listen {
    /// Listen always, for the wake phrase, rather than while the talk key is down
    #[arg(long)]
    pub hands_free: bool,
    /// What to say first then; empty: every utterance is a question
    #[arg(long, value_name = "PHRASE", requires = "hands_free")]
    pub wake: Option<String>,
}

/// `tui`
#[derive(Debug, Args)]
pub struct Tui {
    /// How to answer
    #[command(flatten)]
    pub how: How,
    /// When to listen
    #[command(flatten)]
    pub listen: Listen,
    /// Write one frame as a picture instead, with this question answered
    #[arg(long, value_name = "F.svg", requires = "question", hide = true)]
    pub still: Option<PathBuf>,
    /// The question of the picture
    #[arg(long, hide = true)]
    pub question: Option<String>,
    /// Columns and rows of the picture
    #[arg(long, default_value = "120x36", value_parser = columns_by_rows, hide = true)]
    pub size: (u16, u16),
}

fn columns_by_rows(text: &str) -> Result<(u16, u16), String> {
    let (columns, rows) = text.split_once('x').ok_or("COLUMNSxROWS")?;
    let number = |n: &str| n.parse::<u16>().ok().filter(|n| (1..=400).contains(n)).ok_or("1 to 400");
    Ok((number(columns)?, number(rows)?))
}

/// `say`
#[derive(Debug, Args)]
pub struct Say {
    /// The text
    pub text: String,
    /// Write a WAV file instead of playing
    #[arg(long, value_name = "F.wav")]
    pub out: Option<PathBuf>,
}

/// `devices`
#[derive(Debug, Args)]
pub struct Devices {
    /// Open the microphone and print its level for so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub level: Option<u32>,
    /// The microphone to open instead of the configured one: its id, name or a part of it
    #[arg(long, value_name = "NAME", requires = "level")]
    pub input: Option<String>,
}

/// `replay`
#[derive(Debug, Args)]
pub struct Replay {
    /// The turn's id
    #[arg(required_unless_present = "day", conflicts_with = "day")]
    pub turn: Option<String>,
    /// All questions of a day (UTC) instead, after a change of model or index; prints what changed
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub day: Option<String>,
    /// With --day: through this day
    #[arg(long, value_name = "YYYY-MM-DD", requires = "day")]
    pub day_to: Option<String>,
}

/// `audit …`
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Is every record as it was written? Names the first that is not, and exits with 1
    Verify {
        /// The hash of a record that must be in the log: a head that an earlier run printed
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
    },
    /// Write the records of some days
    Export(AuditExport),
}

/// `audit export`
#[derive(Debug, Args)]
pub struct AuditExport {
    /// Where to; `-` means stdout
    pub file: PathBuf,
    /// From this day on (UTC)
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub from: Option<String>,
    /// Through this day
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub to: Option<String>,
    /// How
    #[arg(long, value_enum, default_value = "jsonl")]
    pub format: AuditFormat,
    /// The questions, each once with the numbers of its answer, for `eval golden --from`
    #[arg(long, conflicts_with = "format")]
    pub golden: bool,
}

/// How records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AuditFormat {
    /// One JSON object a line: everything
    Jsonl,
    /// A table for a spreadsheet
    Csv,
}

/// `eval`
#[derive(Debug, Args)]
pub struct Eval {
    /// Suites
    #[arg(required = true, value_enum)]
    pub suites: Vec<Suite>,
    /// Data laid out like the evaluation data; golden reads every *.jsonl in it
    #[arg(long, value_name = "DIR")]
    pub from: Option<PathBuf>,
    /// A third of the items, smaller indexes, fewer kills
    #[arg(long)]
    pub quick: bool,
    /// hearing: a Python with faster-whisper, to be measured beside
    #[arg(long, value_name = "PYTHON")]
    pub peer: Option<PathBuf>,
    /// hearing: keep what the peer gave in DIR, and take it from there for the same audio
    #[arg(long, value_name = "DIR", env = "MILLWRIGHT_PEER_CACHE")]
    pub peer_cache: Option<PathBuf>,
    /// hearing, trust: only these sections
    #[arg(long, value_enum, num_args = 1.., value_name = "NAME")]
    pub section: Vec<Section>,
    /// A model's id, or the path of a GGUF file; models, trust: may be given several times
    #[arg(long, value_name = "ID|PATH")]
    pub model: Vec<String>,
    /// Time to the first cited content, milliseconds
    #[arg(long, value_name = "N")]
    pub deadline_ms: Option<u64>,
    /// golden: who asks
    #[arg(long, env = "MILLWRIGHT_OPERATOR", value_name = "ID", hide = true)]
    pub operator: Option<String>,
    /// Only open and search the index in DIR and print the memory that took: the retrieval
    /// suite starts itself so, to measure a process that does nothing else
    #[arg(long, value_name = "DIR", hide = true)]
    pub memory_of: Option<PathBuf>,
}

/// A suite of `eval`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Suite {
    /// Questions over the sample manuals, or a plant's own
    Golden,
    /// Is the right passage found, how fast, and does the index survive?
    Retrieval,
    /// Is what was said heard, and nothing else?
    Hearing,
    /// Is nothing unsupported said, and refused what no manual says?
    Trust,
    /// Is it in time? (not built yet)
    Turn,
    /// The whole loop, voice to voice (not built yet)
    Voice,
    /// Which rung has a language model earned? The governor obeys what it finds
    Models,
}

/// A section of the suites hearing and trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Section {
    /// Word error rate and time, beside a peer
    Words,
    /// Spoken codes and terms
    Codes,
    /// Endpoint latency and cut-offs
    Endpoints,
    /// What noise asks
    Phantoms,
    /// The wake phrase in noise
    Wake,
    /// Speech into the own voice
    Barge,
    /// Emergencies, shop talk, safe and unsafe prompts
    Screen,
    /// Orders hidden in passages
    Injection,
    /// The guard on labelled sets, beside overlap and similarity
    Guard,
    /// Damaged copies of right answers
    Mutation,
    /// Refused and answered, by rung and by model
    Answers,
    /// Risk and coverage of refusing
    Risk,
}

impl Section {
    /// As the suite knows it.
    pub fn name(self) -> &'static str {
        match self {
            Section::Words => "words",
            Section::Codes => "codes",
            Section::Endpoints => "endpoints",
            Section::Phantoms => "phantoms",
            Section::Wake => "wake",
            Section::Barge => "barge",
            Section::Screen => "screen",
            Section::Injection => "injection",
            Section::Guard => "guard",
            Section::Mutation => "mutation",
            Section::Answers => "answers",
            Section::Risk => "risk",
        }
    }
}

/// `lab`
#[derive(Debug, Args)]
pub struct Lab {
    /// Measure llama.cpp beside; DIR holds llama-server, llama-bench and llama-batched-bench, and
    /// without it they are where benches/peers/llama_build.py puts them
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = "auto")]
    pub peers: Option<String>,
    /// Through the node's server, over the network (not built yet)
    #[arg(long)]
    pub serve: bool,
    /// A model's id, or the path of a GGUF file
    #[arg(long, value_name = "ID|PATH")]
    pub model: Option<String>,
    /// Fewer and shorter runs: shows that it works, not how fast it is
    #[arg(long)]
    pub quick: bool,
    /// Only these parts, comma-separated
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAME")]
    pub only: Vec<LabSection>,
    /// Length of each played trace, instead of each part's own
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub seconds: Option<u64>,
    /// Draw the times to the first sentence
    #[arg(long, value_name = "F.svg")]
    pub plot: Option<PathBuf>,
    /// Only start the model in this file, answer, and print how long that took: the lab starts
    /// itself so, to measure a process that does nothing else
    #[arg(long, value_name = "FILE", hide = true)]
    pub start_of: Option<PathBuf>,
}

/// A part of the lab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LabSection {
    /// Prefill and decode, against the machine and the peer
    Speeds,
    /// One by one, in batches, behind a window, or continuously
    Modes,
    /// The rated load and its multiples
    Rated,
    /// Short prompts beside a long one
    Interference,
    /// Memory, and starting cold and warm
    Memory,
    /// An hour's worth of random requests, compressed
    Hour,
}

/// `config …`
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Print the resolved configuration
    Show {
        /// Print the commented defaults instead
        #[arg(long)]
        defaults: bool,
    },
}
