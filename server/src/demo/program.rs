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

/// One language's client and service.
#[derive(Clone, Debug)]
pub struct Room {
    pub name: String,
    pub client: Program,
    pub service: Program,
}

/// Every folder of the examples that holds `client` or `service`, by name. A room that has only one of them fails where the other is wanted.
pub fn rooms(examples: &Path) -> std::io::Result<Vec<Room>> {
    let mut rooms = Vec::new();
    for entry in std::fs::read_dir(examples)? {
        let entry = entry?;
        let (folder, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if ["client", "service"].iter().all(|file| !folder.join(file).exists()) {
            continue;
        }
        let program = |file: &str| Program::file(&name, None, folder.join(file), "a room has a launcher for both");
        rooms.push(Room { client: program("client"), service: program("service"), name });
    }
    rooms.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(rooms)
}
