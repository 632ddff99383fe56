//! The arguments of every command.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// oscartoki on the command line: keys, signed requests, and a service.
///
/// Data goes to stdout, messages to stderr. Secrets come from a file, from the environment or from stdin (`-`).
/// Exit codes: 0 done, 1 refused or not authentic, 2 usage, 3 configuration or key, 4 network.
#[derive(Debug, Parser)]
#[command(name = "oscar", version, about, long_about, disable_help_subcommand = true)]
pub struct Cli {
    /// Print one JSON object
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a new root secret
    Keygen(KeygenArgs),
    /// Derive the key that one service gets
    AudienceKey(AudienceKeyArgs),
    /// Print the headers that sign one request
    Mint(MintArgs),
    /// Judge one captured request
    Verify(VerifyArgs),
    /// Send a signed request and check the answer
    Curl(CurlArgs),
    /// Run a service that verifies requests and signs answers
    Serve(Box<ServeArgs>),
    /// Manage the apps and master keys of a TCX store
    #[command(subcommand)]
    Tcx(TcxCommand),
    /// Run services and clients against each other and show what holds
    Demo(DemoArgs),
    /// Tell cause and fix of an error
    Explain(ExplainArgs),
    /// Print a completion script
    Completions(CompletionsArgs),
    /// Print the manual page
    Man,
}

#[derive(Debug, Args)]
pub struct KeygenArgs {
    /// Write it into a new file with mode 0600
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct AudienceKeyArgs {
    /// File with the root secret; - is stdin, else OSCAR_SECRET
    #[arg(long, value_name = "FILE")]
    pub secret: Option<PathBuf>,
    /// The service's name
    #[arg(long, value_name = "NAME")]
    pub audience: String,
    /// Which generation of the key
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub generation: i64,
}

#[derive(Debug, Args)]
pub struct MintArgs {
    /// File with the root secret; - is stdin, else OSCAR_SECRET
    #[arg(long, value_name = "FILE")]
    pub secret: Option<PathBuf>,
    /// The service's name
    #[arg(long, value_name = "NAME")]
    pub audience: String,
    /// The method
    #[arg(short = 'X', long = "request", value_name = "METHOD")]
    pub method: String,
    /// File with the body; - is stdin
    #[arg(long, value_name = "FILE")]
    pub body: Option<PathBuf>,
    /// A header, for --ext
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    pub headers: Vec<String>,
    /// The covered headers of requests, comma separated
    #[arg(long, value_name = "LIST")]
    pub ext: Option<String>,
    /// Which generation of the key
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub generation: i64,
    /// Allow --nonce and --now-ms: for tests only
    #[arg(long)]
    pub hazmat: bool,
    /// The nonce, 16 hexadecimal digits
    #[arg(long, value_name = "HEX", requires = "hazmat")]
    pub nonce: Option<String>,
    /// The time in place of the system clock
    #[arg(long, value_name = "N", requires = "hazmat", allow_hyphen_values = true)]
    pub now_ms: Option<i64>,
    /// The address of the request
    pub url: String,
}

#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Key file; - is stdin, else OSCAR_KEY
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// The service's name
    #[arg(long, value_name = "NAME")]
    pub audience: String,
    /// The method
    #[arg(short = 'X', long = "request", value_name = "METHOD")]
    pub method: String,
    /// File with the body; - is stdin
    #[arg(long, value_name = "FILE")]
    pub body: Option<PathBuf>,
    /// A header, for --ext
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    pub headers: Vec<String>,
    /// The covered headers of requests, comma separated
    #[arg(long, value_name = "LIST")]
    pub ext: Option<String>,
    /// The request's oscartoki header
    #[arg(long, value_name = "TEXT")]
    pub toki: String,
    /// The request's oscartokikey header
    #[arg(long, value_name = "TEXT")]
    pub grant: Option<String>,
    /// The time in place of the system clock
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub now_ms: Option<i64>,
    /// Longest session that is allowed, in seconds
    #[arg(long, value_name = "N", default_value_t = 600)]
    pub max_ttl_s: i64,
    /// For a MAC that does not fit, look for the alteration that makes it fit
    #[arg(long)]
    pub explain: bool,
    /// The address of the request
    pub url: String,
}

#[derive(Debug, Args)]
pub struct CurlArgs {
    /// File with the root secret (os2.) or a handed-out session (oz2.); - is stdin, else OSCAR_SECRET
    #[arg(long, value_name = "FILE")]
    pub secret: Option<PathBuf>,
    /// The service's name; the URL's authority unless named
    #[arg(long, value_name = "NAME")]
    pub audience: Option<String>,
    /// The method; GET, or POST with -d
    #[arg(short = 'X', long = "request", value_name = "METHOD")]
    pub method: Option<String>,
    /// The body: TEXT, or @FILE (@- is stdin)
    #[arg(short = 'd', long = "data", value_name = "TEXT|@FILE")]
    pub data: Option<String>,
    /// A header
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    pub headers: Vec<String>,
    /// Send a probe first, whatever the clock says
    #[arg(long)]
    pub verify_first: bool,
    /// This machine's clock is right: no probe
    #[arg(long)]
    pub trust_clock: bool,
    /// The service knows the request again by its Idempotency-Key: it may be resent
    #[arg(long)]
    pub repeatable: bool,
    /// An answer of 400 and above is a failure
    #[arg(long)]
    pub fail: bool,
    /// Keep clock and grants in this file
    #[arg(long, value_name = "FILE")]
    pub session: Option<PathBuf>,
    /// The covered headers of requests, comma separated
    #[arg(long, value_name = "LIST")]
    pub ext: Option<String>,
    /// The covered headers of answers, comma separated
    #[arg(long, value_name = "LIST")]
    pub answer_ext: Option<String>,
    /// Ask for a new grant on every request
    #[arg(long)]
    pub roll_every: bool,
    /// Take an answer whose content is not covered
    #[arg(long)]
    pub stream: bool,
    /// Which generation of the key
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub generation: i64,
    /// The time in place of the system clock
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub now_ms: Option<i64>,
    /// The longest answer that is read, in bytes
    #[arg(long, value_name = "N", default_value_t = 1 << 20)]
    pub max_answer: i64,
    /// Give up after so many seconds without an answer
    #[arg(long, value_name = "N", default_value_t = 60)]
    pub timeout_s: u64,
    /// The address
    pub url: String,
}

#[derive(Debug, Default, Args)]
pub struct ServeArgs {
    /// TOML with the long names of these flags; flags win
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where to listen; port 0 picks one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// Where /metrics is
    #[arg(long, value_name = "ADDR")]
    pub admin_listen: Option<String>,
    /// The service's name, for which its keys were derived
    #[arg(long, value_name = "NAME")]
    pub audience: Option<String>,
    /// A Host that is this service, beside the audience's name and the address it listens on
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub authority: Vec<String>,
    /// Key file; - is stdin, else OSCAR_KEY
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub key: Vec<PathBuf>,
    /// `local`, the file that the processes of this machine share, or the Redis that a fleet shares [default: local]
    #[arg(long, value_name = "local|FILE|redis://…")]
    pub memory: Option<String>,
    /// How many live requests the memory holds
    #[arg(long, value_name = "N")]
    pub capacity: Option<usize>,
    /// Revocations, reread within 2 s of a change
    #[arg(long, value_name = "FILE")]
    pub revocations: Option<PathBuf>,
    /// Longest session that is allowed, in seconds [default: 600]
    #[arg(long, value_name = "N")]
    pub max_ttl_s: Option<i64>,
    /// The window, 1 to 30 seconds [default: 30]
    #[arg(long, value_name = "N")]
    pub window_s: Option<i64>,
    /// No earlier process accepted these keys: be ready at once
    #[arg(long)]
    pub first_start: bool,
    /// The covered headers of requests, comma separated
    #[arg(long, value_name = "LIST")]
    pub ext: Option<String>,
    /// The covered headers of answers, comma separated
    #[arg(long, value_name = "LIST")]
    pub answer_ext: Option<String>,
    /// The longest body that is read, in bytes [default: 1048576]
    #[arg(long, value_name = "N")]
    pub max_body: Option<i64>,
    /// The longest answer that is digested, in bytes [default: 1048576]
    #[arg(long, value_name = "N")]
    pub max_answer: Option<i64>,
    /// An Origin that may open websockets, beside that of Host
    #[arg(long, value_name = "ORIGIN", num_args = 1..)]
    pub origin: Vec<String>,
    /// Serve TCX from this SQLite file: /tcx/authorize, /tcx/reauthorize, /tcx/echo
    #[arg(long, value_name = "FILE")]
    pub tcx_store: Option<PathBuf>,
    /// The numbers of TCX verdicts [default: documented]
    #[arg(long, value_name = "documented|server4", value_parser = ["documented", "server4"])]
    pub tcx_table: Option<String>,
    /// Take parameters with & and =, which others could stand for
    #[arg(long)]
    pub tcx_lax: bool,
    /// Forget a TCX pass of mode none or param after so many seconds; never unless given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
    pub tcx_pass_memory_s: Option<i64>,
}

#[derive(Debug, Subcommand)]
pub enum TcxCommand {
    /// Apps
    #[command(subcommand)]
    App(TcxAppCommand),
    /// Make a master key of an app; it is told this once
    MasterKey(TcxMasterKeyArgs),
}

#[derive(Debug, Subcommand)]
pub enum TcxAppCommand {
    /// Add an app; its keys are told this once
    Add(TcxAppAddArgs),
    /// List the apps, without their keys
    List(TcxStoreArgs),
    /// Take nothing of an app any more, or again
    Suspend(TcxAppSuspendArgs),
}

#[derive(Debug, Args)]
pub struct TcxStoreArgs {
    /// The SQLite file
    #[arg(long, value_name = "FILE")]
    pub store: PathBuf,
}

#[derive(Debug, Args)]
pub struct TcxAppAddArgs {
    /// What its owner calls it
    pub name: String,
    /// What its passes cover
    #[arg(long, value_name = "none|time|param", default_value = "none", value_parser = ["none", "time", "param"])]
    pub mode: String,
    #[command(flatten)]
    pub store: TcxStoreArgs,
}

#[derive(Debug, Args)]
pub struct TcxAppSuspendArgs {
    /// Which app
    pub app_id: String,
    /// Take it back
    #[arg(long)]
    pub resume: bool,
    #[command(flatten)]
    pub store: TcxStoreArgs,
}

#[derive(Debug, Args)]
pub struct TcxMasterKeyArgs {
    /// Which app
    pub app_id: String,
    /// Good for so many days; until it is revoked unless given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..=36_500))]
    pub days: Option<i64>,
    #[command(flatten)]
    pub store: TcxStoreArgs,
}

#[derive(Debug, Args)]
pub struct DemoArgs {
    /// The Python interpreter in which the package is installed
    #[arg(long, value_name = "PATH", env = "OSCAR_DEMO_PYTHON")]
    pub python: Option<PathBuf>,
    /// The C example client
    #[arg(long, value_name = "PATH", env = "OSCAR_DEMO_C_CLIENT")]
    pub c_client: Option<PathBuf>,
    /// The folder of examples
    #[arg(long, value_name = "DIR", env = "OSCAR_DEMO_EXAMPLES", default_value = "examples")]
    pub examples: PathBuf,
    /// Every client of the examples against every service
    #[arg(long)]
    pub matrix: bool,
    /// Only these clients, comma separated
    #[arg(long, value_name = "LIST", requires = "matrix")]
    pub clients: Option<String>,
    /// Only these services, comma separated
    #[arg(long, value_name = "LIST", requires = "matrix")]
    pub services: Option<String>,
}

#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The error's name
    pub name: String,
}

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// bash, zsh, fish, elvish or powershell
    pub shell: clap_complete::Shell,
}
