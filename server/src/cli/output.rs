//! What a command says and how it ends: exit codes, the line on stderr, the object on stdout.

use oscartoki::{OscarError, Outcome};
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::ExitCode;

/// Refused or not authentic.
pub const REFUSED: u8 = 1;
/// Wrong arguments.
pub const USAGE: u8 = 2;
/// Configuration or key.
pub const CONFIG: u8 = 3;
/// The network.
pub const NETWORK: u8 = 4;

/// How a command prints.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// One JSON object in place of text.
    pub json: bool,
}

/// What a command that was done prints.
#[derive(Debug, Default)]
pub struct Said {
    text: Vec<u8>,
    json: Option<Value>,
}

impl Said {
    /// A line of text, or an object.
    pub fn text(text: impl Into<String>, json: Value) -> Self {
        Self { text: format!("{}\n", text.into()).into_bytes(), json: Some(json) }
    }

    /// Bytes as they are, or an object.
    pub fn bytes(bytes: Vec<u8>, json: Value) -> Self {
        Self { text: bytes, json: Some(json) }
    }

    /// Nothing more: everything was printed as it came.
    pub fn nothing() -> Self {
        Self::default()
    }
}

/// Why a command was not done.
#[derive(Debug)]
pub struct Failure {
    exit: u8,
    name: &'static str,
    sentence: String,
    may_have_run: bool,
    signed: bool,
    status: Option<u16>,
    explained: Option<String>,
    /// What the command prints although it failed (`oscar curl --fail` shows the answer).
    shown: Option<Box<Said>>,
}

impl Failure {
    fn new(exit: u8, name: &'static str, sentence: impl Into<String>) -> Self {
        let sentence = sentence.into();
        Self { exit, name, sentence, may_have_run: false, signed: false, status: None, explained: None, shown: None }
    }

    /// Exit 1 with an error of the protocol.
    pub fn refused(error: OscarError) -> Self {
        Self::new(REFUSED, error.name(), error.detail())
    }

    /// Exit 1 with what a client knows about the refusal.
    pub fn outcome(outcome: &Outcome, sentence: Option<String>) -> Self {
        let error = outcome.error.unwrap_or(OscarError::Missing("the answer was not accepted"));
        let sentence = sentence.unwrap_or_else(|| error.detail().to_owned());
        let known = Self::new(REFUSED, error.name(), sentence);
        Self { may_have_run: outcome.may_have_run, signed: outcome.signed, status: outcome.status, ..known }
    }

    /// Exit 1 for an authentic answer that the caller called a failure.
    pub fn status(status: u16, mut shown: Said) -> Self {
        let known = Self::new(REFUSED, "status", format!("the service answered {status}"));
        let failure = Self { may_have_run: true, signed: true, status: Some(status), ..known };
        // The answer's own object, with what every failure says.
        if let (Some(Value::Object(answer)), Value::Object(says)) = (&mut shown.json, failure.object()) {
            answer.extend(says);
        }
        Self { shown: Some(Box::new(shown)), ..failure }
    }

    /// Exit 1 for rows of the demo that are not as they must be.
    pub fn rows(failed: usize, shown: Said) -> Self {
        let sentence = format!("{failed} rows are not as they must be");
        Self { shown: Some(Box::new(shown)), ..Self::new(REFUSED, "demo", sentence) }
    }

    /// Exit 1 for a demo that was told to end.
    pub fn interrupted() -> Self {
        Self::new(REFUSED, "demo", "it was told to end")
    }

    /// Exit 2.
    pub fn usage(sentence: impl Into<String>) -> Self {
        Self::new(USAGE, "usage", sentence)
    }

    /// Exit 3.
    pub fn config(sentence: impl Into<String>) -> Self {
        Self::new(CONFIG, "config", sentence)
    }

    /// Exit 3 with an error of the protocol: a key, or a name that is none.
    pub fn key(error: OscarError) -> Self {
        Self::new(CONFIG, error.name(), error.detail())
    }

    /// Exit 3 with an error of the protocol and where it stands.
    pub fn key_in(error: OscarError, place: &str) -> Self {
        Self::new(CONFIG, error.name(), format!("{place}: {}", error.detail()))
    }

    /// Exit 3 under a name.
    pub fn named(name: &'static str, sentence: impl Into<String>) -> Self {
        Self::new(CONFIG, name, sentence)
    }

    /// Exit 4.
    pub fn network(sentence: impl Into<String>, may_have_run: bool) -> Self {
        Self { may_have_run, ..Self::new(NETWORK, "network", sentence) }
    }

    /// With what would explain it.
    pub fn explained(self, explained: String) -> Self {
        Self { sentence: format!("{} ({explained})", self.sentence), explained: Some(explained), ..self }
    }

    fn object(&self) -> Value {
        let mut object = json!({ "error": self.name, "may_have_run": self.may_have_run, "signed": self.signed, "status": self.status });
        if let Some(explained) = &self.explained {
            object["explained"] = Value::from(explained.as_str());
        }
        object
    }
}

impl Output {
    /// Prints and ends.
    pub fn finish(self, result: Result<Said, Failure>) -> ExitCode {
        match result {
            Ok(said) => {
                self.say(said);
                ExitCode::SUCCESS
            }
            Err(mut failure) => {
                eprintln!("error: {}: {}", failure.name, one_line(&failure.sentence));
                match failure.shown.take() {
                    Some(shown) => self.say(*shown),
                    None if self.json && failure.exit != USAGE => self.line(&failure.object().to_string()),
                    None => {}
                }
                ExitCode::from(failure.exit)
            }
        }
    }

    fn say(self, said: Said) {
        match said.json {
            Some(object) if self.json => self.line(&object.to_string()),
            _ => write(&said.text),
        }
    }

    /// One line on stdout, at once.
    pub fn line(self, line: &str) {
        write(format!("{line}\n").as_bytes());
    }
}

/// A reader that has gone away (a closed pipe) is no error of ours.
fn write(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(bytes).and_then(|()| out.flush());
}

fn one_line(sentence: &str) -> String {
    sentence.split_whitespace().collect::<Vec<_>>().join(" ")
}
