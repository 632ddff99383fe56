//! The fuzz bodies: plain functions of bytes, driven by `examples/fuzz.rs` on stable and by cargo-fuzz on nightly.
//! A body panics when a rule is broken and says whether its input was taken, so that its seeds prove it is no empty test.

use oscartoki::http::{check_audience, check_target, format_content_digest, normalise_authority, parse_content_digest};
use oscartoki::replay::{LogStart, Recorded, Remembered, ReplayEntry, ReplayLog};
use oscartoki::{
    AnswerHead, AnswerHeaders, AnswerRef, AnswerToki, AudienceKey, Client, ClientConfig, Content, Dialect, ExtList, Grant, Headers,
    Keyring, MessageRef, MessageToki, PresignedUrl, Puce, RequestHead, RequestRef, Secret, Service, ServiceConfig, Session, SignOptions,
    SignedHeaders, Ticket, Toki, V1Key, Verdict, encoding, hazmat, sha256,
};
use std::sync::{Arc, LazyLock};

/// One body with inputs that it takes.
pub struct Body {
    /// Its name, and that of its cargo-fuzz target.
    pub name: &'static str,
    /// Runs it.
    pub run: fn(&[u8]) -> bool,
    /// Inputs for which it says `true`.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All of them.
pub const BODIES: [Body; 5] = [
    Body { name: "texts", run: texts, seeds: text_seeds },
    Body { name: "service", run: service, seeds: || WORLD.requests.iter().map(Sent::to_bytes).collect() },
    Body { name: "client", run: client, seeds: || WORLD.answers.iter().map(Sent::to_bytes).collect() },
    Body { name: "carried", run: carried, seeds: carried_seeds },
    Body { name: "keys", run: keys, seeds: key_seeds },
];

const AUDIENCE: &str = "api.example.com";
const TS: i64 = 1_795_300_000_123;
const NONCE: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];
const SID: [u8; 8] = [0xa0; 8];
const EXT: [&str; 1] = ["x-tenant"];
const DIALECTS: [Dialect; 3] = [Dialect::Any, Dialect::Standard, Dialect::Java];

/// Every text form: what is parsed prints as what was read.
pub fn texts(data: &[u8]) -> bool {
    let mut taken = false;
    let mut same = |printed: Option<String>| {
        if let Some(printed) = printed {
            assert_eq!(printed.as_bytes(), data, "parsed and printed differ");
            taken = true;
        }
    };
    same(Toki::parse(data).ok().map(|toki| toki.to_text()));
    same(AnswerToki::parse(data).ok().map(|toki| toki.to_text()));
    same(Grant::parse(data).ok().map(|grant| grant.to_text()));
    same(MessageToki::parse(data).ok().map(|toki| toki.to_text()));
    same(Ticket::parse(data).ok().map(|ticket| ticket.to_text()));
    if let Ok(text) = std::str::from_utf8(data) {
        same(Secret::parse(text).ok().map(|secret| secret.to_text()));
        same(AudienceKey::parse(text).ok().map(|key| key.to_text()));
        same(Session::parse(text).ok().map(|session| session.to_text()));
        same(encoding::unhex(text).filter(|_| text.bytes().all(|b| !b.is_ascii_uppercase())).map(|bytes| encoding::hex(&bytes)));
        for kind in ["application/json", "application/x-www-form-urlencoded"] {
            if let Ok(puce) = Puce::parse(kind, data) {
                for (kind, written) in [("application/json", puce.to_json()), ("application/x-www-form-urlencoded", puce.to_form())] {
                    let again = Puce::parse(kind, written.as_bytes()).expect("a written puce is read");
                    let same = again.app_name() == puce.app_name() && again.expose() == puce.expose();
                    assert!(same, "a puce is lost in {kind}");
                }
            }
        }
    }
    if let Ok(Some(digest)) = parse_content_digest(data) {
        assert_eq!(parse_content_digest(format_content_digest(&digest).as_bytes()), Ok(Some(digest)));
    }
    if let Ok(headers) = Headers::packed(data) {
        let again = pack(&headers.iter().collect::<Vec<_>>()).expect("what was packed can be");
        assert_eq!(again, data, "headers unpacked and packed differ");
    }
    if let Ok(url) = PresignedUrl::parse(data) {
        assert!(data.len() > url.claimed_target().len());
        taken = true;
    }
    let _ = check_target(b"OPTIONS", data);
    if let Ok(name) = normalise_authority(data, &mut [0; 255]) {
        assert!(check_audience(name).is_ok() && !name.iter().any(u8::is_ascii_uppercase));
    }
    taken
}

/// A request as text (`VERB AUTHORITY TARGET`, header lines, an empty line, the body) judged by its head:
/// accepted is only what was signed.
pub fn service(data: &[u8]) -> bool {
    let world = &*WORLD;
    if let Ok(headers) = Headers::packed(data) {
        let head = RequestHead { verb: b"POST", authority: Some(AUDIENCE.as_bytes()), target: b"/", headers };
        assert!(!is_accepted(world.service.verify_head_ref(&head, Content::None, TS), b""), "packed headers of no request");
    }
    let Some(sent) = Sent::parse(data) else { return false };
    let mut line = sent.line.splitn(3, |b| *b == b' ');
    let (Some(verb), Some(authority), Some(target)) = (line.next(), line.next(), line.next()) else { return false };
    let pairs = sent.pairs();
    let authority = (authority != b"-").then_some(authority);
    let head = RequestHead { verb, authority, target, headers: Headers::Pairs(&pairs) };
    let _ = world.service.wants_body_first(&head);
    let _ = world.service.verify_url_head_ref(&head, TS);
    let accepted = is_accepted(world.service.verify_head_ref(&head, sent.content(), TS), &sent.body);
    if let Some(packed) = pack(&pairs) {
        let head = RequestHead { headers: Headers::packed(&packed).expect("well packed"), ..head };
        assert_eq!(accepted, is_accepted(world.service.verify_head_ref(&head, sent.content(), TS), &sent.body), "packed or not");
    }
    if accepted {
        // The authority is compared by the service, after normalising; everything else byte by byte.
        let covered = |one: &Sent| {
            let mut words = one.line.splitn(3, |b| *b == b' ').map(<[u8]>::to_vec);
            (words.next(), words.nth(1), one.ours(), one.ext(), one.body.clone())
        };
        assert!(world.requests.iter().any(|good| covered(good) == covered(&sent)), "accepted a request that nobody signed");
    }
    accepted
}

/// An answer as text (the status, header lines, an empty line, the content) to a known request: accepted is only what was signed.
pub fn client(data: &[u8]) -> bool {
    let world = &*WORLD;
    let Some(sent) = Sent::parse(data) else { return false };
    let number = std::str::from_utf8(&sent.line).ok().and_then(|line| line.parse::<u16>().ok());
    let Some(status) = number.filter(|status| status.to_string().as_bytes() == sent.line) else { return false };
    let pairs = sent.pairs();
    let head = AnswerHead { status, headers: Headers::Pairs(&pairs) };
    let asking = world.client();
    let mut headers = SignedHeaders::default();
    let options = SignOptions { trust_clock: true, ..SignOptions::default() };
    let context = hazmat::sign(&asking, &post(), options, TS, None, NONCE, &mut headers).expect("a good request is signed");
    let outcome = asking.accept_head(context, &head, sent.content(), TS + 400, None);
    assert!(outcome.signed() || outcome.adopted_sid().is_none(), "a grant of an unsigned answer was adopted");
    assert!(outcome.signed() || !outcome.resend(), "an unsigned answer led to a resend");
    assert!(outcome.signed() || outcome.error.is_some(), "an unsigned answer was accepted");
    if !outcome.signed() {
        return false;
    }
    let covered = |one: &Sent| (one.line.clone(), one.ours(), one.ext(), outcome.content_authentic().then(|| one.body.clone()));
    assert!(
        outcome.error.is_some() || world.answers.iter().any(|good| covered(good) == covered(&sent)),
        "accepted an answer that nobody signed"
    );
    outcome.error.is_none()
}

/// A message (destination, type, toki and content, a line each), a presigned URL, a ticket, a toki of OscarToki v1 and its tokikey:
/// accepted is only what was signed.
pub fn carried(data: &[u8]) -> bool {
    let world = &*WORLD;
    let mut lines = data.splitn(4, |b| *b == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let (destination, kind, toki, content) = (line(), line(), line(), line());
    let mut taken = false;
    let mut only = |accepted: bool, good: &str, what: &str| {
        assert!(!accepted || good.as_bytes() == data, "accepted {what} that nobody signed");
        taken |= accepted;
    };
    if let (Ok(destination), Ok(kind)) = (std::str::from_utf8(destination), std::str::from_utf8(kind)) {
        let message = MessageRef { destination, kind, ext: b"", content: content_of(content) };
        let verified = world.service.verify_message_ref(&message, Some(toki), None, None, TS);
        only(verified.is_ok(), &world.message, "a message");
    }
    let url = RequestRef { verb: b"GET", authority: AUDIENCE.as_bytes(), target: data, ext: &world.no_ext, content: Content::None };
    only(world.service.verify_url_ref(&url, false, TS).is_ok(), &world.url, "a URL");
    only(world.service.verify_ticket_ref(Some(data), None, false, TS).is_ok(), &world.ticket, "a ticket");
    only(world.service.verify_ticket_ref(Some(data), Some(b"https://app.example.com"), true, TS).is_ok(), "", "a ticket without origin");
    if let Ok(text) = std::str::from_utf8(data) {
        for dialect in DIALECTS {
            only(world.v1.verify(text, dialect, TS).is_ok(), &world.v1_toki, "a toki of v1");
            only(world.v1.verify_tokikey(&world.v1_toki, text, dialect, TS).is_ok(), &world.v1_tokikey, "a tokikey");
        }
        let _ = world.v1.mint_tokikey(text, TS);
    }
    taken
}

/// The files that operators edit: of keys, of revocations, and a client's exported state. A bad one changes nothing,
/// a good one prints as what is read again.
pub fn keys(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let ring = Keyring::new(AUDIENCE).expect("a good audience");
    ring.add(&WORLD.key).expect("a good key");
    let before = ring.kids();
    let loaded = ring.try_load(text);
    assert_eq!(loaded.is_err(), ring.fault_in_keys(text).is_some(), "load and check differ");
    if let Err(fault) = loaded {
        assert!(fault.line <= text.lines().count());
        assert_eq!(ring.kids(), before, "a bad key file changed the ring");
    }
    for line in text.lines().take(20) {
        let _ = ring.add_text(line);
    }
    let revoked = ring.try_load_revocations(text);
    assert_eq!(revoked.is_err(), ring.fault_in_revocations(text).is_some(), "load and check differ");
    let printed = ring.revocations_text();
    assert!(revoked.is_ok() || printed.is_empty(), "a bad revocation file changed the ring");
    let again = Keyring::new(AUDIENCE).expect("a good audience");
    assert_eq!(again.load_revocations(&printed), Ok(()), "printed revocations are not read");
    assert_eq!(again.revocations_text(), printed, "revocations printed and read differ");
    let imported = WORLD.client();
    let unchanged = imported.export_state();
    let state = imported.import_state(text);
    let exported = imported.export_state();
    assert!(state.is_ok() || exported == unchanged, "a bad state changed the client");
    let next = WORLD.client();
    assert_eq!(next.import_state(&exported), Ok(()), "an exported state is not imported");
    assert_eq!(next.export_state(), exported, "a state exported and imported differs");
    loaded.is_ok() || revoked.is_ok() || state.is_ok()
}

fn text_seeds() -> Vec<Vec<u8>> {
    let world = &*WORLD;
    let secret = world.secret.to_text();
    let session = world.client().hand_out(600, TS).expect("a good ttl").to_text();
    let of = |sent: &[Sent]| sent.iter().flat_map(|sent| sent.ours().into_iter().flatten()).collect::<Vec<_>>();
    let texts = [secret, world.key.to_text(), session, world.ticket.clone(), world.url.clone()];
    let message = world.message.split('\n').nth(2).map(str::to_owned);
    [texts.into_iter().chain(message).map(String::into_bytes).collect(), of(&world.requests), of(&world.answers)].concat()
}

fn carried_seeds() -> Vec<Vec<u8>> {
    let world = &*WORLD;
    [&world.message, &world.url, &world.ticket, &world.v1_toki, &world.v1_tokikey].map(|text| text.clone().into_bytes()).to_vec()
}

fn key_seeds() -> Vec<Vec<u8>> {
    let key = WORLD.key.to_text();
    let kid = encoding::hex(&WORLD.key.kid_bytes());
    [
        format!("# clients\n{key}\n\nv1 until=2027-03-01T00:00:00Z dialect=any key=6b6579 kid={kid}\n"),
        format!("{key} kid=00112233aabbccdd # registered\n"),
        format!("revoked {kid}\nrevoked {kid} a0a0a0a0a0a0a0a0\nrevoked 00112233aabbccdd before 1795300000\n"),
        WORLD.client().export_state(),
    ]
    .map(String::into_bytes)
    .to_vec()
}

/// Knows nothing: whatever is refused was not refused as a replay.
#[derive(Debug)]
struct Forgetful;

impl ReplayLog for Forgetful {
    fn start(&self, _empty_floor_ms: i64) -> LogStart {
        LogStart::Empty
    }
    fn insert(&self, _entry: &ReplayEntry, _floor_ms: i64, _now_ms: i64) -> Recorded {
        Recorded { remembered: Remembered::Fresh, floor_ms: None }
    }
    fn mark_v2(&self, _kid: [u8; 8]) {}
    fn has_spoken_v2(&self, _kid: [u8; 8]) -> bool {
        false
    }
}

/// One key, and everything that was ever signed with it.
struct World {
    secret: Secret,
    key: AudienceKey,
    service: Service,
    requests: Vec<Sent>,
    answers: Vec<Sent>,
    message: String,
    url: String,
    ticket: String,
    no_ext: Vec<u8>,
    v1: V1Key,
    v1_toki: String,
    v1_tokikey: String,
}

static WORLD: LazyLock<World> = LazyLock::new(|| World::new().expect("a good world"));

impl World {
    fn new() -> oscartoki::Result<Self> {
        let secret = Secret::from_bytes(&sha256(b"the key of the fuzz bodies"))?;
        let key = secret.audience_key(AUDIENCE, 0)?;
        let ring = Arc::new(Keyring::new(AUDIENCE)?);
        ring.add(&key)?;
        let config = ServiceConfig {
            authorities: vec![AUDIENCE.into()],
            ext: EXT.map(String::from).to_vec(),
            first_start: true,
            ..ServiceConfig::default()
        };
        let service = Service::new(config, ring, Arc::new(Forgetful), TS)?;

        let no_ext = service.ext().encode(&Headers::NONE).unwrap_or_default();
        let asked = hazmat::mint_request(&key, None, &post(), TS, NONCE, true)?;
        let grant = hazmat::mint_grant(&key, &asked, SID, TS / 1000 + 600, 600)?;
        let mut requests = Vec::new();
        for (session, verb, tenant, body) in
            [(None, "POST", "", "{\"amount\":10}"), (Some(&grant), "POST", "blue", "{\"amount\":10}"), (Some(&grant), "GET", "", "")]
        {
            let mut headers = vec![("host", AUDIENCE.to_owned())];
            if !tenant.is_empty() {
                headers.push(("x-tenant", tenant.to_owned()));
            }
            let pairs: Vec<_> = headers.iter().map(|(name, field)| (name.as_bytes(), field.as_bytes())).collect();
            let ext = service.ext().encode(&Headers::Pairs(&pairs)).unwrap_or_default();
            let content = content_of(body.as_bytes());
            let request = RequestRef { verb: verb.as_bytes(), ext: &ext, content, ..post() };
            let toki = hazmat::mint_request(&key, session, &request, TS, NONCE, true)?;
            headers.push(("oscartoki", toki.to_text()));
            headers.extend(session.map(|grant| ("oscartokikey", grant.to_text())));
            if !body.is_empty() {
                headers.push(("content-digest", format_content_digest(&sha256(body.as_bytes()))));
            }
            requests.push(Sent::new(&format!("{verb} - /v1/transfer?dry=0"), &headers, body));
        }

        let mut answers = Vec::new();
        for (code, content, grant) in [(0, "{\"ok\":true}", Some(&grant)), (0, "{\"ok\":true}", None), (0, "", None)] {
            let answer = AnswerRef { status: 200, ext: b"", content: content_of(content.as_bytes()) };
            let mut headers = vec![("oscartoki", hazmat::mint_answer(&key, None, &asked, code, TS + 333, &answer, grant)?.to_text())];
            headers.extend(grant.map(|grant| ("oscartokikey", grant.to_text())));
            answers.push(Sent::new("200", &headers, content));
        }

        let message = MessageRef { destination: "billing", kind: "invoice.created", ext: b"", content: Content::Bytes(b"{}") };
        let message = hazmat::mint_message(&key, &message, TS, NONCE, 3600)?.to_text();
        let request = RequestRef { verb: b"GET", target: b"/files/a.pdf?v=2", ext: &no_ext, content: Content::None, ..post() };
        let url = hazmat::mint_url(&key, &request, TS + 300_000)?;
        let ticket = hazmat::mint_ticket(&key, b"user-42", None, TS, NONCE)?.to_text();
        let v1 = V1Key::new(b"a key of the old days")?;
        let v1_toki = v1.mint(TS)?;
        let v1_tokikey = v1.mint_tokikey(&v1_toki, TS)?;
        let message = format!("billing\ninvoice.created\n{message}\n{{}}");
        Ok(Self { secret, key, service, requests, answers, message, url, ticket, no_ext, v1, v1_toki, v1_tokikey })
    }

    fn client(&self) -> Client {
        Client::from_audience_key(&self.key, ClientConfig::default()).expect("a good configuration")
    }
}

fn post() -> RequestRef<'static> {
    RequestRef {
        verb: b"POST",
        authority: AUDIENCE.as_bytes(),
        target: b"/v1/transfer?dry=0",
        ext: b"",
        content: Content::Bytes(b"{\"amount\":10}"),
    }
}

/// The verdict, after the body; what was authenticated is also answered.
fn is_accepted(verdict: Verdict, body: &[u8]) -> bool {
    let (accepted, context) = match verdict {
        Verdict::Accepted(request) => (true, Some(request.into_context())),
        Verdict::Pending(pending) => return is_accepted(pending.finish((!body.is_empty()).then(|| sha256(body)).as_ref()), body),
        Verdict::Refused(refusal) => (false, refusal.into_context()),
        Verdict::Handshake(_) => return false,
    };
    if let Some(context) = context {
        let answer = AnswerRef { status: if accepted { 200 } else { 401 }, ext: b"", content: Content::Bytes(b"{}") };
        let mut headers = AnswerHeaders::default();
        let _ = context.answer_ref(&answer, TS, &mut headers);
        assert!(AnswerToki::parse(headers.toki().as_bytes()).is_ok(), "an answer that can't be read");
    }
    accepted
}

/// An HTTP message as text: first line, header lines, an empty line, content.
struct Sent {
    line: Vec<u8>,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    body: Vec<u8>,
}

impl Sent {
    fn new(line: &str, headers: &[(&str, String)], body: &str) -> Self {
        let headers = headers.iter().map(|(name, field)| (name.as_bytes().to_vec(), field.clone().into_bytes())).collect();
        Self { line: line.into(), headers, body: body.into() }
    }

    fn parse(mut data: &[u8]) -> Option<Self> {
        let mut line = || {
            let end = data.iter().position(|b| *b == b'\n')?;
            let line = &data[..end];
            data = &data[end + 1..];
            Some(line)
        };
        let mut sent = Self { line: line()?.to_vec(), headers: Vec::new(), body: Vec::new() };
        loop {
            let header = line()?;
            if header.is_empty() {
                break;
            }
            let colon = header.iter().position(|b| *b == b':')?;
            sent.headers.push((header[..colon].to_vec(), header[colon + 1..].to_vec()));
        }
        sent.body = data.to_vec();
        Some(sent)
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.line.clone();
        for (name, field) in &self.headers {
            out.extend([b"\n", &name[..], b":", field].concat());
        }
        [out, b"\n\n".to_vec(), self.body.clone()].concat()
    }

    fn pairs(&self) -> Vec<(&[u8], &[u8])> {
        self.headers.iter().map(|(name, field)| (&name[..], &field[..])).collect()
    }

    fn content(&self) -> Content<'_> {
        content_of(&self.body)
    }

    /// The toki and the grant.
    fn ours(&self) -> [Option<Vec<u8>>; 2] {
        let pairs = self.pairs();
        ["oscartoki", "oscartokikey"].map(|name| Headers::Pairs(&pairs).values(name.as_bytes()).next().map(<[u8]>::to_vec))
    }

    /// The covered headers.
    fn ext(&self) -> Option<Vec<u8>> {
        let pairs = self.pairs();
        ExtList::new(EXT).ok()?.encode(&Headers::Pairs(&pairs)).ok()
    }
}

fn content_of(bytes: &[u8]) -> Content<'_> {
    if bytes.is_empty() { Content::None } else { Content::Bytes(bytes) }
}

/// Packed headers; `None` where one is too long.
fn pack(pairs: &[(&[u8], &[u8])]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for field in pairs.iter().flat_map(|(name, field)| [name, field]) {
        out.extend(u16::try_from(field.len()).ok()?.to_be_bytes());
        out.extend_from_slice(field);
    }
    Some(out)
}
