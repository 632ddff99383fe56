//! The `oscar` command: see [`cli`].

mod cli;
mod demo;

fn main() -> std::process::ExitCode {
    cli::main()
}
