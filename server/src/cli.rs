//! The command line. Data on stdout, messages on stderr; `--json` on every command.

mod args;
mod config;
mod curl;
mod explain;
mod inputs;
mod keys;
mod mint;
mod output;
mod serve;
mod session;
mod signals;
mod tcx;
mod verify;

pub use args::DemoArgs;
pub use output::{Failure, Output, Said};
pub use serve::runtime;
pub use signals::stop;

use args::{Cli, Command};
use clap::{CommandFactory, Parser};
use std::process::ExitCode;

/// Parses the arguments, runs the command, and turns what became of it into the exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let output = Output { json: cli.json };
    let result = match cli.command {
        Command::Keygen(args) => keys::keygen(&args),
        Command::AudienceKey(args) => keys::audience_key(&args),
        Command::Mint(args) => mint::mint(&args),
        Command::Verify(args) => verify::verify(&args),
        Command::Curl(args) => curl::curl(args, output),
        Command::Serve(args) => serve::serve(*args, output),
        Command::Tcx(command) => tcx::tcx(&command),
        Command::Demo(args) => crate::demo::demo(args, output),
        Command::Explain(args) => explain::explain(&args),
        Command::Completions(args) => completions(args.shell),
        Command::Man => man(),
    };
    output.finish(result)
}

/// clap's own message, with the name that every message has. Help and version are no errors.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let text = error.render().to_string();
    eprint!("{}", text.strip_prefix("error: ").map_or(text.clone(), |rest| format!("error: usage: {rest}")));
    ExitCode::from(output::USAGE)
}

fn completions(shell: clap_complete::Shell) -> Result<Said, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "oscar", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    Ok(Said::text(script.trim_end().to_owned(), serde_json::json!({ "completions": script })))
}

fn man() -> Result<Said, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command())
        .render(&mut page)
        .map_err(|error| Failure::config(format!("the manual page can't be made: {error}")))?;
    let page = String::from_utf8_lossy(&page).into_owned();
    Ok(Said::text(page.trim_end().to_owned(), serde_json::json!({ "man": page })))
}
