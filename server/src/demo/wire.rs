//! HTTP by hand: what an attacker does, byte for byte, and what no library would send.

use super::world::{AUDIENCE, World};
use oscartoki::{Client, Content, RequestRef, Rolling, SignOptions, SignedHeaders};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// The longest wait for an answer, and the most bytes of one body.
const PATIENCE: Duration = Duration::from_secs(30);
const MOST: u64 = 1 << 22;

/// One request as it is on the wire.
#[derive(Clone, Debug)]
pub struct Raw {
    pub verb: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What came back, its transfer coding undone.
#[derive(Debug)]
pub struct Came {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Came {
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The code of a signed answer, as it claims.
    pub fn code(&self) -> Option<u8> {
        Some(oscartoki::AnswerToki::parse(self.header("oscartoki")?.as_bytes()).ok()?.claimed_code())
    }

    /// An answer of somebody else's.
    pub fn made(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { status, headers, body: body.to_vec() }
    }

    /// Whether the connection ends behind it.
    pub fn closes(&self) -> bool {
        self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    /// As it is on the wire; `head`: in answer to HEAD, whose Content-Length tells of another answer.
    pub fn to_bytes(&self, head: bool) -> Vec<u8> {
        let reason = http::StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Unknown");
        let mut text = format!("HTTP/1.1 {} {reason}\r\n", self.status);
        for (name, value) in &self.headers {
            let framing = name.eq_ignore_ascii_case("transfer-encoding") || (name.eq_ignore_ascii_case("content-length") && !head);
            if !framing {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        if !head && self.status != 204 && self.status != 304 {
            text.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        [text.as_bytes(), b"\r\n", &self.body].concat()
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
        let mut text = format!("{} {} HTTP/1.1\r\nconnection: close\r\n", self.verb, self.target);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.body.is_empty() {
            text.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        exchange(address, &[text.as_bytes(), b"\r\n", &self.body].concat(), self.verb == "HEAD").await
    }
}

/// Sends a whole request over a connection of its own; the answer, which has no content if `head`.
pub async fn exchange(address: &str, request: &[u8], head: bool) -> Result<Came, String> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        // In one write: a service may refuse by the head alone and close.
        stream.write_all(request).await?;
        read_answer(&mut BufReader::new(stream), head).await
    };
    let came = tokio::time::timeout(PATIENCE, exchange).await.map_err(|_| "no answer in time".to_owned())?;
    came.map_err(|error| format!("the connection: {error}"))
}

/// One request off a connection; None when there are no more.
pub async fn read_request(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<Passing>> {
    let Some(mut bytes) = read_head(stream).await? else { return Ok(None) };
    let (line, headers) = parse_head(&bytes)?;
    let mut words = line.split(' ').map(str::to_owned);
    let (Some(verb), Some(target)) = (words.next(), words.next()) else { return Err(no_http()) };
    let is = |name: &str, value: &str| find(&headers, name).is_some_and(|found| found.eq_ignore_ascii_case(value));
    if is("expect", "100-continue") {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    if find(&headers, "transfer-encoding").is_some() {
        read_chunks(stream, &mut bytes).await?;
    } else {
        let len = length(&headers)?.unwrap_or(0);
        read_exactly(stream, len, &mut bytes).await?;
    }
    let last = is("connection", "close") || line.ends_with("HTTP/1.0");
    Ok(Some(Passing { verb, target, bytes, last }))
}

/// A request on its way through the proxy.
pub struct Passing {
    pub verb: String,
    pub target: String,
    pub bytes: Vec<u8>,
    /// The client sends no other on this connection.
    pub last: bool,
}

async fn read_answer(stream: &mut BufReader<TcpStream>, head: bool) -> std::io::Result<Came> {
    loop {
        let bytes = read_head(stream).await?.ok_or_else(no_http)?;
        let (line, headers) = parse_head(&bytes)?;
        let status: u16 = line.split(' ').nth(1).and_then(|word| word.parse().ok()).ok_or_else(no_http)?;
        if (100..200).contains(&status) {
            continue;
        }
        let mut body = Vec::new();
        if head || status == 204 || status == 304 {
        } else if find(&headers, "transfer-encoding").is_some() {
            body = read_chunks(stream, &mut Vec::new()).await?;
        } else if let Some(len) = length(&headers)? {
            read_exactly(stream, len, &mut body).await?;
        } else {
            (&mut *stream).take(MOST).read_to_end(&mut body).await?;
        }
        return Ok(Came { status, headers, body });
    }
}

/// Up to the empty line; None when nothing comes at all.
async fn read_head(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read_until(b'\n', &mut bytes).await? == 0 {
            return if bytes.is_empty() { Ok(None) } else { Err(std::io::ErrorKind::UnexpectedEof.into()) };
        }
        if bytes.len() > 1 << 16 {
            return Err(no_http());
        }
    }
    Ok(Some(bytes))
}

/// The first line and the headers.
fn parse_head(bytes: &[u8]) -> std::io::Result<(String, Vec<(String, String)>)> {
    let head = String::from_utf8_lossy(bytes);
    let mut lines = head.trim_end().split("\r\n");
    let line = lines.next().ok_or_else(no_http)?.to_owned();
    let header = |line: &str| line.split_once(':').map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()));
    Ok((line, lines.filter_map(header).collect()))
}

/// The content of a chunked body; `raw` gets it as it stands there.
async fn read_chunks(stream: &mut BufReader<TcpStream>, raw: &mut Vec<u8>) -> std::io::Result<Vec<u8>> {
    let mut content = Vec::new();
    loop {
        let at = raw.len();
        stream.read_until(b'\n', raw).await?;
        let line = String::from_utf8_lossy(&raw[at..]);
        let size = line.trim().split(';').next().and_then(|size| usize::from_str_radix(size, 16).ok()).ok_or_else(no_http)?;
        let at = raw.len();
        if size == 0 {
            while stream.read_until(b'\n', raw).await? > 2 {}
            return Ok(content);
        }
        read_exactly(stream, size + 2, raw).await?;
        content.extend_from_slice(&raw[at..at + size]);
    }
}

async fn read_exactly(stream: &mut BufReader<TcpStream>, len: usize, into: &mut Vec<u8>) -> std::io::Result<()> {
    let at = into.len();
    if len as u64 > MOST {
        return Err(no_http());
    }
    into.resize(at + len, 0);
    stream.read_exact(&mut into[at..]).await.map(|_| ())
}

fn length(headers: &[(String, String)]) -> std::io::Result<Option<usize>> {
    find(headers, "content-length").map(|value| value.parse().map_err(|_| no_http())).transpose()
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn no_http() -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, "this is no HTTP")
}
