//! One file per subcommand; this one starts them and turns their end into an exit code.

mod ask;
mod audit;
pub mod cli;
mod devices;
mod ears;
mod eval;
mod index;
mod lab;
mod loudspeaker;
mod models;
mod output;
mod replay;
mod say;
mod search;
mod still;
mod talk;
mod transcribe;
mod tui;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use super::config::{self, Config};
use super::node::client::Client;
use super::outcome::{Error, Kind, Result};
use super::platform;
use super::readers;
use cli::{Cli, Command};
use output::Output;

/// What every command has at hand.
#[derive(Clone)]
struct Context {
    data: PathBuf,
    config: Config,
    out: Output,
}

impl Context {
    /// Attaches to the node, and says what it has to say.
    async fn client(&self) -> Result<Client> {
        let client = Client::start(&self.data, &self.config).await?;
        if !client.notice.is_empty() {
            self.out.note(&client.notice);
        }
        Ok(client)
    }
}

/// Parses the arguments, runs the command, prints its error; returns the exit code.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    start_log();
    let out = Output::new(cli.json);
    match run(cli, out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            out.fault(&e);
            ExitCode::from(e.kind.exit_code())
        }
    }
}

fn run(cli: Cli, out: Output) -> Result<()> {
    let missing = platform::missing_cpu_features();
    if !missing.is_empty() {
        return Err(Error::new(Kind::Missing, format!("this CPU lacks {}", missing.join(", ")))
            .hint("build from source with `-C target-cpu=native` (answers will be slower)"));
    }
    if let Command::Completions { shell } = cli.command {
        clap_complete::generate(shell, &mut Cli::command(), "millwright", &mut std::io::stdout());
        return Ok(());
    }
    // A child with limits of its own: no data directory, no configuration, no runtime.
    if let Command::ReadPdf(args) = cli.command {
        return read_pdf(&args);
    }
    let data = config::data_dir(cli.data);
    if let Command::Config(cli::Config::Show { defaults: true }) = cli.command {
        return out.text(config::DEFAULTS);
    }
    let config = Config::resolve(&data, std::env::vars())?;
    let context = Context { data, config, out };
    if let Command::Config(_) = cli.command {
        return show_config(&context);
    }
    if let Command::Devices(args) = cli.command {
        return devices::run(&context, &args);
    }
    if let Command::Models(action) = cli.command {
        return models::run(&context, action);
    }
    if let Command::Audit(action) = cli.command {
        return audit::run(&context, action);
    }
    // Messages, sockets and timers; compute has threads of its own.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|e| Error::new(Kind::Failed, "cannot start the runtime").because(e))?;
    let done = runtime.block_on(dispatch(&context, cli.command));
    // Blocking work that nobody waits for any more must not hold up the exit.
    runtime.shutdown_background();
    done
}

async fn dispatch(context: &Context, command: Command) -> Result<()> {
    match command {
        Command::Index(args) => index::run(context, args).await,
        Command::Search(args) => search::run(context, args).await,
        Command::Ask(args) => ask::run(context, args).await,
        Command::Transcribe(args) => transcribe::run(context, args).await,
        Command::Talk(args) => talk::run(context, args).await,
        Command::Tui(args) => tui::run(context, args).await,
        Command::Say(args) => say::run(context, args).await,
        Command::Replay(args) => replay::run(context, args).await,
        Command::Eval(args) => eval::run(context, args).await,
        Command::Lab(args) => lab::run(context, args).await,
        // Handled before the runtime started.
        Command::Models(_)
        | Command::Audit(_)
        | Command::Devices(_)
        | Command::Config(_)
        | Command::ReadPdf(_)
        | Command::Completions { .. } => Ok(()),
    }
}

fn read_pdf(args: &cli::ReadPdf) -> Result<()> {
    let failed = |e| Error::new(Kind::Failed, "cannot hand over the PDF's pages").because(e);
    platform::bound_self(args.memory, args.seconds).map_err(failed)?;
    readers::child::run(&args.library, args.pages, std::io::stdin(), std::io::stdout()).map_err(failed)
}

fn show_config(context: &Context) -> Result<()> {
    if context.out.json {
        return context.out.line(&context.config);
    }
    let text = toml::to_string(&context.config)
        .map_err(|e| Error::new(Kind::Failed, "cannot print the configuration").because(e))?;
    context.out.text(&format!("# data directory: {}\n{text}", context.data.display()))
}

fn start_log() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("MILLWRIGHT_LOG").unwrap_or_else(|_| EnvFilter::new("error"));
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
