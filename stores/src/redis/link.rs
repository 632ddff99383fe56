//! One connection, and which run of which server is at its other end.

use super::resp::{Answer, Fault, Wire};
use crate::StoreError;
use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Where to connect to.
pub struct Target {
    place: Place,
    user: Option<String>,
    password: Option<String>,
    database: u32,
    /// Without user and password.
    pub address: String,
}

enum Place {
    Tcp(String, u16),
    Unix(PathBuf),
}

/// A connection to a server that does not evict.
pub struct Link {
    wire: Wire,
    /// Another one after every start of the server.
    pub run_id: String,
    /// The scripts that the server has, by their text.
    loaded: HashMap<&'static str, String>,
}

impl Target {
    /// `redis://[USER:PASSWORD@]HOST[:PORT][/DB]` or `redis+unix:///PATH`; user and password percent-encoded where they need it.
    pub fn parse(url: &str) -> Result<Self, StoreError> {
        const SHAPE: StoreError = StoreError::Options("a Redis is named by redis://[USER:PASSWORD@]HOST[:PORT][/DB] or redis+unix:///PATH");
        if url.starts_with("rediss://") {
            return Err(StoreError::Options("a Redis over TLS is not supported here: put it behind a tunnel"));
        }
        if let Some(path) = url.strip_prefix("redis+unix://").or_else(|| url.strip_prefix("unix://")) {
            if !path.starts_with('/') {
                return Err(SHAPE);
            }
            let place = Place::Unix(PathBuf::from(path));
            return Ok(Self { place, user: None, password: None, database: 0, address: path.to_owned() });
        }
        let rest = url.strip_prefix("redis://").ok_or(SHAPE)?;
        let (given, rest) = rest.rsplit_once('@').map_or((None, rest), |(given, rest)| (Some(given), rest));
        let (place, database) = rest.split_once('/').unwrap_or((rest, ""));
        let database = if database.is_empty() { 0 } else { database.parse().map_err(|_| SHAPE)? };
        let (user, password) = match given.map(|given| given.split_once(':').unwrap_or((given, ""))) {
            None => (None, None),
            Some((user, password)) => (Some(decoded(user).ok_or(SHAPE)?), Some(decoded(password).ok_or(SHAPE)?)),
        };
        // An IPv6 host stands in brackets.
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| SHAPE)?),
            _ => (place, 6379),
        };
        let host = host.strip_prefix('[').map_or(Some(host), |host| host.strip_suffix(']')).ok_or(SHAPE)?;
        if host.is_empty() || host.contains(['/', '?', '#', ' ']) {
            return Err(SHAPE);
        }
        let user = user.filter(|user| !user.is_empty());
        let password = password.filter(|password| !password.is_empty());
        Ok(Self { address: format!("{host}:{port}"), place: Place::Tcp(host.to_owned(), port), user, password, database })
    }

    pub fn connect(&self, deadline: Duration) -> Result<Link, StoreError> {
        let failed = |why: String| StoreError::Redis { address: self.address.clone(), why };
        let told = |fault: Fault| failed(format!("Redis does not answer: {}", sentence(&fault)));
        let mut wire = self.open(deadline).map_err(|error| told(Fault::Broken(error)))?;
        match (&self.user, &self.password) {
            (Some(user), Some(password)) => drop(wire.call(&["AUTH", user, password]).map_err(told)?),
            (None, Some(password)) => drop(wire.call(&["AUTH", password]).map_err(told)?),
            _ => {}
        }
        if self.database != 0 {
            wire.call(&["SELECT", &self.database.to_string()]).map_err(told)?;
        }
        let Answer::Text(info) = wire.call(&["INFO"]).map_err(told)? else {
            return Err(failed("it does not tell what it is".to_owned()));
        };
        let line = |name: &str| info.lines().find_map(|line| line.trim_end().strip_prefix(name)?.strip_prefix(':'));
        match line("maxmemory_policy") {
            // Without a limit nothing is evicted, whatever the policy.
            Some(policy) if policy != "noeviction" && line("maxmemory") != Some("0") => {
                return Err(failed(format!("its maxmemory-policy is {policy}, which forgets live entries: set noeviction")));
            }
            Some(policy) if policy.starts_with("allkeys") => {
                return Err(failed(format!("its maxmemory-policy is {policy}, which would forget live entries: set noeviction")));
            }
            Some(_) => {}
            None => return Err(failed("it does not tell its maxmemory-policy, which must be noeviction".to_owned())),
        }
        let run_id = line("run_id").ok_or_else(|| failed("it does not tell its run_id".to_owned()))?.to_owned();
        Ok(Link { wire, run_id, loaded: HashMap::new() })
    }

    fn open(&self, deadline: Duration) -> io::Result<Wire> {
        let wire = match &self.place {
            Place::Tcp(host, port) => Wire::tcp(host, *port, deadline)?,
            Place::Unix(path) => Wire::unix(path)?,
        };
        wire.wait_for(deadline)?;
        Ok(wire)
    }
}

impl Link {
    pub fn wait_for(&self, deadline: Duration) {
        // Zero alone is refused.
        let _ = self.wire.wait_for(deadline);
    }

    pub fn call<W: AsRef<[u8]>>(&mut self, words: &[W]) -> Result<Answer, Fault> {
        self.wire.call(words)
    }

    /// Runs a script, which the server gets once, and again when it has lost it.
    pub fn run(&mut self, script: &'static str, keys: &[String], arguments: &[String]) -> Result<Answer, Fault> {
        if let Some(hash) = self.loaded.get(script).cloned() {
            match self.wire.call(&words(&hash, keys, arguments)) {
                Err(Fault::Refused(word)) if word == "NOSCRIPT" => {}
                came => return came,
            }
        }
        let Answer::Text(hash) = self.wire.call(&["SCRIPT", "LOAD", script])? else {
            return Err(Fault::Broken(io::ErrorKind::InvalidData.into()));
        };
        let came = self.wire.call(&words(&hash, keys, arguments));
        self.loaded.insert(script, hash);
        came
    }
}

fn words<'w>(hash: &'w str, keys: &'w [String], arguments: &'w [String]) -> Vec<std::borrow::Cow<'w, [u8]>> {
    let count = keys.len().to_string().into_bytes();
    let mut words = vec![b"EVALSHA".into(), hash.as_bytes().into(), count.into()];
    words.extend(keys.iter().chain(arguments).map(|word| word.as_bytes().into()));
    words
}

/// The server answered that it has no room, or takes no writes: the connection is good, the answer is no. While it loads, it is out of reach.
pub fn is_refusal(fault: &Fault) -> bool {
    matches!(fault, Fault::Refused(word) if !matches!(word.as_str(), "LOADING" | "MASTERDOWN" | "READONLY"))
}

/// What went wrong, without what was sent.
fn sentence(fault: &Fault) -> String {
    match fault {
        Fault::Refused(word) => word.clone(),
        Fault::Broken(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
            "no answer in time".to_owned()
        }
        Fault::Broken(error) => error.kind().to_string(),
    }
}

/// `%40` is `@`; what is no such text is none.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first == b'%' {
            let (digits, after) = rest.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = after;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Place, Target};

    #[test]
    fn addresses() {
        let parsed = |url: &str| {
            let target = Target::parse(url).unwrap();
            (target.address, target.user, target.password, target.database)
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(parsed("redis://localhost"), ("localhost:6379".to_owned(), None, None, 0));
        assert_eq!(parsed("redis://h:1/"), ("h:1".to_owned(), None, None, 0));
        assert_eq!(parsed("redis://u:p%40%3a@h:1/7"), ("h:1".to_owned(), text("u"), text("p@:"), 7));
        assert_eq!(parsed("redis://:p@h"), ("h:6379".to_owned(), None, text("p"), 0));
        assert_eq!(parsed("redis://[::1]:7"), ("::1:7".to_owned(), None, None, 0));
        assert_eq!(parsed("redis://[::1]"), ("::1:6379".to_owned(), None, None, 0));
        assert!(matches!(Target::parse("redis+unix:///run/redis.sock").unwrap().place, Place::Unix(path) if path.ends_with("redis.sock")));
        for refused in [
            "",
            "h",
            "http://h",
            "rediss://h",
            "redis://",
            "redis://h:x",
            "redis://h:70000",
            "redis://h/x",
            "redis://h/-1",
            "redis://:1",
            "redis://[::1",
            "redis://u:%4@h",
            "redis://u:%zz@h",
            "redis://u:%ff@h",
            "redis://h?x=1",
            "redis+unix://run",
            "unix://",
        ] {
            assert!(Target::parse(refused).is_err(), "{refused}");
        }
    }
}
