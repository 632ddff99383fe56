//! What is run: the programs of the examples, found by where they lie.

use super::world::World;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::Command;

/// A client or a service, and how it is run.
#[derive(Clone, Debug)]
pub struct Program {
    pub name: String,
    pub way: Way,
}

/// How.
#[derive(Clone, Debug)]
pub enum Way {
    /// The library, in this process.
    Here,
    /// These words, then the arguments.
    Words(Vec<OsString>),
    /// Not at all, and why.
    Missing(String),
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Program {
    pub fn here(name: &str) -> Self {
        Self { name: name.to_owned(), way: Way::Here }
    }

    /// A file that can be run, with what stands before it.
    pub fn file(name: &str, before: Option<&Path>, file: PathBuf, fix: &str) -> Self {
        let way = if file.exists() {
            Way::Words(before.map(OsString::from).into_iter().chain([file.into()]).collect())
        } else {
            Way::Missing(format!("{} is not there: {fix}", file.display()))
        };
        Self { name: name.to_owned(), way }
    }

    /// This program's own command.
    pub fn ours(name: &str, command: &str) -> Self {
        let way = match std::env::current_exe() {
            Ok(path) => Way::Words(vec![path.into(), command.into()]),
            Err(error) => Way::Missing(error.to_string()),
        };
        Self { name: name.to_owned(), way }
    }

    /// A Python file of the examples.
    pub fn python(world: &World, file: &str) -> Self {
        let Some(python) = &world.args.python else {
            let reason = "no Python interpreter was named: --python PATH (scripts/setup makes one)".to_owned();
            return Self { name: "Python".to_owned(), way: Way::Missing(reason) };
        };
        Self::file("Python", Some(python), world.args.examples.join("python").join(file), "name the examples by --examples DIR")
    }

    /// Its command, with nothing of this environment that would change what it does.
    pub fn command(&self) -> Result<Command, String> {
        let words = match &self.way {
            Way::Words(words) => words,
            Way::Missing(reason) => return Err(reason.clone()),
            Way::Here => return Err(format!("{self} is not a program")),
        };
        let (first, rest) = words.split_first().ok_or("there is nothing to run")?;
        let mut command = Command::new(first);
        command.args(rest).env_remove("OSCAR_SECRET").env_remove("OSCAR_KEY");
        // A proxy of this machine is not meant, and lines are wanted when they are written.
        command.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1").env("PYTHONUNBUFFERED", "1");
        command.stdin(Stdio::null()).kill_on_drop(true);
        Ok(command)
    }
}

/// The line of a program's messages that tells most: the first that names an error, else the last.
pub fn telling(messages: &str) -> &str {
    let lines = || messages.lines().map(str::trim).filter(|line| !line.is_empty());
    lines().find(|line| line.contains("rror: ")).or_else(|| lines().next_back()).unwrap_or("it said nothing")
}

/// The programs of the examples.
#[derive(Clone, Debug, Default)]
pub struct Programs {
    pub clients: Vec<Program>,
    pub services: Vec<Program>,
}

/// Every folder that holds `client` or `service`, by name; `service-x` is one more service, `FOLDER-x`. Who has only one of the two is missing
/// where the other is wanted.
pub fn programs(examples: &Path) -> std::io::Result<Programs> {
    let mut found = Programs::default();
    let mut folders: Vec<_> = std::fs::read_dir(examples)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    folders.sort();
    for folder in folders {
        let room = name_of(&folder);
        if ["client", "service"].iter().all(|file| !folder.join(file).exists()) {
            continue;
        }
        let program = |name: &str, file: &str| Program::file(name, None, folder.join(file), "a room has a launcher for both");
        found.clients.push(program(&room, "client"));
        found.services.push(program(&room, "service"));
        let mut more: Vec<_> = std::fs::read_dir(&folder)?.filter_map(|entry| Some(name_of(&entry.ok()?.path()))).collect();
        more.sort();
        for file in more.iter().filter(|file| file.starts_with("service-") && !file.contains('.')) {
            found.services.push(program(&file.replacen("service", &room, 1), file));
        }
    }
    Ok(found)
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
