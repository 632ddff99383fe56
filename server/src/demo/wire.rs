//! HTTP by hand: what an attacker does, byte for byte, and what no library would send.

use super::world::{AUDIENCE, World};
use oscartoki::{Client, Content, RequestRef, Rolling, SignOptions, SignedHeaders};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// One request as it is on the wire.
#[derive(Clone, Debug)]
pub struct Raw {
    pub verb: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
pub struct Came {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Came {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The code of a signed answer, as it claims.
    pub fn code(&self) -> Option<u8> {
        Some(oscartoki::AnswerToki::parse(self.header("oscartoki")?.as_bytes()).ok()?.claimed_code())
    }

    /// In short, for a row that is not as it must be.
    pub fn short(&self) -> String {
        let reason = self.header("oscartoki-error").map(str::to_owned).or_else(|| self.code().map(|code| format!("signed {code}")));
        format!("{} {}", self.status, reason.unwrap_or_else(|| "unsigned".to_owned()))
    }
}

impl Raw {
    /// A signed request to the audience by its name, which every process takes: with its body's digest in Content-Digest.
    pub fn signed(world: &World, verb: &str, target: &str, body: &[u8]) -> Result<Self, String> {
        let client = world.client(Rolling::Auto)?;
        Self::signed_by(&client, verb, target, body)
    }

    pub fn signed_by(client: &Client, verb: &str, target: &str, body: &[u8]) -> Result<Self, String> {
        let content = if body.is_empty() { Content::None } else { Content::Bytes(body) };
        let request = RequestRef { verb: verb.as_bytes(), authority: AUDIENCE.as_bytes(), target: target.as_bytes(), ext: &[], content };
        let options = SignOptions { trust_clock: true, ..SignOptions::default() };
        let mut signed = SignedHeaders::default();
        client.sign_ref(&request, options, oscar::clock::now_ms(), None, &mut signed).map_err(|error| error.to_string())?;
        let mut raw = Self::plain(verb, target, body).with("oscartoki", signed.toki());
        if let Some(grant) = signed.grant() {
            raw = raw.with("oscartokikey", grant);
        }
        if !body.is_empty() {
            raw = raw.with("content-digest", &oscartoki::http::format_content_digest(&oscartoki::sha256(body)));
        }
        Ok(raw)
    }

    /// An unsigned request.
    pub fn plain(verb: &str, target: &str, body: &[u8]) -> Self {
        Self {
            verb: verb.to_owned(),
            target: target.to_owned(),
            headers: vec![("host".to_owned(), AUDIENCE.to_owned())],
            body: body.to_vec(),
        }
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends it over a connection of its own.
    pub async fn send(&self, address: &str) -> Result<Came, String> {
        let exchange = async {
            let mut stream = TcpStream::connect(address).await?;
            let mut text = format!("{} {} HTTP/1.1\r\nconnection: close\r\n", self.verb, self.target);
            for (name, value) in &self.headers {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
            if !self.body.is_empty() {
                text.push_str(&format!("content-length: {}\r\n", self.body.len()));
            }
            text.push_str("\r\n");
            // In one write: a service may refuse by the head alone and close.
            stream.write_all(&[text.as_bytes(), &self.body].concat()).await?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await?;
            Ok::<_, std::io::Error>(answer)
        };
        let answer =
            tokio::time::timeout(std::time::Duration::from_secs(30), exchange).await.map_err(|_| "no answer in time".to_owned())?;
        parse(&answer.map_err(|error| error.to_string())?).ok_or_else(|| "the answer is no HTTP".to_owned())
    }
}

fn parse(answer: &[u8]) -> Option<Came> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers =
        lines.filter_map(|line| line.split_once(':')).map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect();
    Some(Came { status, headers, body: answer[end + 4..].to_vec() })
}
