//! What `serve` runs with: its flags, over a TOML file of the same names.

use super::args::ServeArgs;
use super::inputs;
use super::output::Failure;
use oscartoki::OscarError;
use oscartoki::socktopus::SocktopusSecrets;
use oscartoki::tcx::{TcxRules, TcxTable};
use oscartoki_stores::{FileFault, RingSources};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Everything that `serve` needs to know.
#[derive(Debug)]
pub struct Config {
    pub listen: String,
    pub admin_listen: Option<String>,
    /// Without one, nothing but the hub and TCX is served.
    pub audience: Option<String>,
    pub authorities: Vec<String>,
    pub files: RingSources,
    pub memory: Memory,
    pub capacity: usize,
    pub max_ttl_s: i64,
    pub window_ms: i64,
    pub first_start: bool,
    pub ext: Vec<String>,
    pub answer_ext: Vec<String>,
    pub max_body: i64,
    pub max_answer: i64,
    pub tcx: Option<Tcx>,
    /// The apps of the hub; without one there is no hub.
    pub hub_secrets: SocktopusSecrets,
    pub origins: Vec<String>,
}

/// What is served of TCX.
#[derive(Debug)]
pub struct Tcx {
    pub store: PathBuf,
    pub rules: TcxRules,
}

/// Where tokis are remembered.
#[derive(PartialEq, Eq)]
pub enum Memory {
    /// In this process.
    Local,
    /// In a file that the processes of this machine share.
    Mapped(PathBuf),
    /// In a Redis that the machines of a fleet share, by its address.
    Redis(String),
}

impl std::fmt::Debug for Memory {
    /// An address may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Local => f.write_str("local"),
            Self::Mapped(path) => write!(f, "{}", path.display()),
            Self::Redis(_) => f.write_str("redis"),
        }
    }
}

/// The TOML file. An unknown name is an error.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct File {
    listen: Option<String>,
    admin_listen: Option<String>,
    audience: Option<String>,
    authority: Many<String>,
    key: Many<PathBuf>,
    memory: Option<String>,
    capacity: Option<usize>,
    revocations: Option<PathBuf>,
    max_ttl_s: Option<i64>,
    window_s: Option<i64>,
    first_start: bool,
    ext: Many<String>,
    answer_ext: Many<String>,
    max_body: Option<i64>,
    max_answer: Option<i64>,
    tcx_store: Option<PathBuf>,
    tcx_table: Option<String>,
    tcx_lax: bool,
    tcx_pass_memory_s: Option<i64>,
    origin: Many<String>,
    /// App and secret: what `NAME_SOCKTOPUS_SECRET` in the environment says too.
    socktopus_secrets: BTreeMap<String, String>,
}

/// One value, or a list of them.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Many<T> {
    One(T),
    List(Vec<T>),
}

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl<T> Many<T> {
    /// The flag's values, where it was given.
    fn under(self, flag: Vec<T>) -> Vec<T> {
        match self {
            _ if !flag.is_empty() => flag,
            Self::One(one) => vec![one],
            Self::List(list) => list,
        }
    }
}

impl Config {
    /// Reads the file, and lets the flags win.
    pub fn read(args: ServeArgs) -> Result<Self, Failure> {
        let file = match &args.config {
            None => File::default(),
            Some(path) => {
                let text =
                    String::from_utf8(inputs::read(path)?).map_err(|_| Failure::config(format!("{} is not text", path.display())))?;
                // A parser's own message may quote the file's text: only its first line, which names the fault, is kept.
                let fault = |error: toml::de::Error| Failure::config(format!("{}: {}", path.display(), error.message()));
                toml::from_str(&text).map_err(fault)?
            }
        };
        let hub_secrets = hub_secrets(file.socktopus_secrets)?;
        let tcx_store = args.tcx_store.or(file.tcx_store);
        let audience = args.audience.or(file.audience);
        if audience.is_none() && hub_secrets.is_empty() && tcx_store.is_none() {
            return Err(Failure::usage("name the service's audience by --audience NAME"));
        }
        let window_s = args.window_s.or(file.window_s).unwrap_or(30);
        let memory = match args.memory.or(file.memory) {
            None => Memory::Local,
            Some(name) if name == "local" => Memory::Local,
            Some(name) if name.starts_with("redis://") || name.starts_with("redis+unix://") => Memory::Redis(name),
            Some(name) => Memory::Mapped(PathBuf::from(name)),
        };
        let table = args.tcx_table.or(file.tcx_table).unwrap_or_else(|| "documented".to_owned());
        let rules = TcxRules {
            table: TcxTable::from_name(&table)
                .ok_or_else(|| Failure::config(format!("tcx-table is documented or server4, not {table}")))?,
            strict: !(args.tcx_lax || file.tcx_lax),
            pass_memory_ms: args.tcx_pass_memory_s.or(file.tcx_pass_memory_s).map(|seconds| seconds.saturating_mul(1_000)),
            ..TcxRules::default()
        };
        let tcx = tcx_store.map(|store| Tcx { store, rules });
        let list = |flag: Option<String>, file: Many<String>| {
            let given = flag.map(|list| inputs::names(Some(&list)));
            given.unwrap_or_else(|| file.under(Vec::new()).iter().flat_map(|names| inputs::names(Some(names))).collect())
        };
        Ok(Self {
            listen: args.listen.or(file.listen).unwrap_or_else(|| "127.0.0.1:8080".to_owned()),
            admin_listen: args.admin_listen.or(file.admin_listen),
            authorities: file.authority.under(args.authority),
            files: match audience {
                Some(_) => files(file.key.under(args.key), args.revocations.or(file.revocations))?,
                None => RingSources::default(),
            },
            audience,
            memory,
            capacity: args.capacity.or(file.capacity).unwrap_or(1 << 17),
            max_ttl_s: args.max_ttl_s.or(file.max_ttl_s).unwrap_or(600),
            window_ms: window_s.checked_mul(1000).ok_or_else(|| Failure::key(OscarError::Policy("a window of 1 to 30 seconds")))?,
            first_start: args.first_start || file.first_start,
            ext: list(args.ext, file.ext),
            answer_ext: list(args.answer_ext, file.answer_ext),
            max_body: args.max_body.or(file.max_body).unwrap_or(1 << 20),
            max_answer: args.max_answer.or(file.max_answer).unwrap_or(1 << 20),
            tcx,
            hub_secrets,
            origins: file.origin.under(args.origin),
        })
    }
}

/// The secrets of the hub's apps: of the file, and `NAME_SOCKTOPUS_SECRET` of the environment, which wins. No two may be equal.
fn hub_secrets(file: BTreeMap<String, String>) -> Result<SocktopusSecrets, Failure> {
    let mut secrets = SocktopusSecrets::default();
    let mut add = |app: &str, secret: &str| secrets.add(app, secret.as_bytes()).map_err(|error| Failure::key_in(error, app));
    for (app, secret) in file {
        add(&app.to_ascii_lowercase(), &secret)?;
    }
    for (variable, secret) in std::env::vars_os() {
        let Some(app) = variable.to_str().and_then(SocktopusSecrets::app_of) else { continue };
        add(&app, secret.to_str().ok_or_else(|| Failure::config(format!("the secret of {app} is no text")))?)?;
    }
    if secrets.are_distinct() {
        Ok(secrets)
    } else {
        Err(Failure::config("two apps of the hub have one secret, so that a token of one would be good for the other"))
    }
}

/// Key files; stdin and the environment give lines that do not change.
fn files(keys: Vec<PathBuf>, revocations: Option<PathBuf>) -> Result<RingSources, Failure> {
    let mut files = RingSources { revocations, ..RingSources::default() };
    if keys.is_empty() {
        files.fixed = inputs::key_text(None, "OSCAR_KEY", "--key FILE")?;
    }
    for path in keys {
        if inputs::is_stdin(&path) {
            files.fixed = inputs::key_text(Some(&path), "OSCAR_KEY", "--key FILE")?;
        } else {
            files.keys.push(path);
        }
    }
    Ok(files)
}

impl From<FileFault> for Failure {
    fn from(fault: FileFault) -> Self {
        let told = fault.to_string();
        Self::named(fault.name, told.strip_prefix(&format!("{}: ", fault.name)).unwrap_or(&told).to_owned())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Config, File, Memory};
    use crate::cli::args::ServeArgs;
    use std::path::PathBuf;

    #[test]
    fn flags_win_over_the_file() {
        let path = std::env::temp_dir().join(format!("oscar-config-{}.toml", std::process::id()));
        std::fs::write(
            &path,
            "audience = \"a\"\nauthority = [\"b\", \"c\"]\nkey = \"keys\"\nmemory = \"m\"\nwindow-s = 10\next = \"x, y\"\n",
        )
        .unwrap();
        let args = ServeArgs { config: Some(path.clone()), audience: Some("z".into()), ..ServeArgs::default() };
        let config = Config::read(args).unwrap();
        std::fs::remove_file(path).unwrap();
        assert_eq!((config.audience.as_deref().unwrap(), config.window_ms, config.max_ttl_s), ("z", 10_000, 600));
        assert_eq!((config.authorities, config.ext), (vec!["b".to_owned(), "c".to_owned()], vec!["x".to_owned(), "y".to_owned()]));
        assert_eq!((config.memory, config.files.keys), (Memory::Mapped("m".into()), vec![PathBuf::from("keys")]));
    }

    #[test]
    fn an_unknown_name_is_an_error() {
        assert!(toml::from_str::<File>("audiense = \"a\"").is_err());
        assert!(toml::from_str::<File>("max_ttl_s = 5").is_err());
        assert!(toml::from_str::<File>("max-ttl-s = \"5\"").is_err());
    }
}
