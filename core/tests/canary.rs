//! Key bytes are in nothing that is printed: no Debug, no Display, no error, no panic, no counter.
#![allow(clippy::unwrap_used)]

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use oscartoki::{
    Answer, AnswerHead, AnswerHeaders, AnswerRef, AudienceKey, Candidate, Client, ClientConfig, Content, Dialect, Grant, Headers, Keyring,
    Message, MessageMemory, Puce, ReplayMemory, Request, RequestHead, RequestRef, Secret, Service, ServiceConfig, Session, SignOptions,
    SignedHeaders, Step, V1Client, V1Key, Verdict, encoding, explain_request, hazmat, sha256,
};
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

const AUDIENCE: &str = "api.example.com";
const TS: i64 = 1_795_300_000_123;

/// The keys of this test, and everything printed so far.
struct Canary {
    keys: Vec<(&'static str, Vec<u8>)>,
    printed: Vec<(String, String)>,
}

impl Canary {
    fn debug(&mut self, what: &str, printed: &dyn Debug) {
        self.text(what, format!("{printed:?}"));
        self.text(what, format!("{printed:#?}"));
    }

    fn text(&mut self, what: &str, printed: String) {
        assert!(!printed.is_empty(), "{what} prints nothing at all");
        self.printed.push((what.to_owned(), printed));
    }

    /// No eight bytes of any key, in any form in which bytes are written.
    fn verify(&self) {
        for (name, key) in &self.keys {
            let forms = forms(key);
            for (what, printed) in &self.printed {
                if let Some(form) = leak(&forms, printed) {
                    panic!("{what} shows {name} ({form}): {printed}");
                }
            }
        }
    }
}

/// Every form in which eight bytes in a row of `key` may be written.
fn forms(key: &[u8]) -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    for part in key.windows(8.min(key.len())) {
        let list = |one: fn(&u8) -> String| part.iter().map(one).collect::<Vec<_>>().join(",");
        all.push(("hex", encoding::hex(part)));
        all.push(("a list of numbers", list(u8::to_string)));
        all.push(("a list of hex numbers", list(|b| format!("{b:x}"))));
        all.push(("a list of hex numbers", list(|b| format!("{b:#x}"))));
        all.push(("a list of hex numbers", list(|b| format!("{b:#04x}"))));
        all.extend(std::str::from_utf8(part).ok().map(|text| ("raw", text.to_owned())));
        // Six bytes from each of the three alignments are eight characters of any base64 of the whole.
        for six in part.windows(6) {
            all.push(("base64", URL_SAFE_NO_PAD.encode(six)));
            all.push(("base64", STANDARD_NO_PAD.encode(six)));
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// The form in which `printed` shows eight bytes in a row of a key; blanks between numbers don't hide them.
fn leak(forms: &[(&'static str, String)], printed: &str) -> Option<&'static str> {
    let dense: String = printed.split_whitespace().collect();
    let folded = dense.to_ascii_lowercase();
    let shown = |(form, text): &&(&str, String)| match *form {
        "raw" => printed.contains(text),
        "base64" => dense.contains(text),
        _ => folded.contains(text),
    };
    forms.iter().find(shown).map(|(form, _)| *form)
}

fn content() -> Content<'static> {
    Content::Bytes(b"{\"amount\":10}")
}

fn post() -> RequestRef<'static> {
    RequestRef { verb: b"POST", authority: AUDIENCE.as_bytes(), target: b"/v1/transfer", ext: b"", content: content() }
}

#[test]
fn a_leak_would_be_seen() {
    let key = sha256(b"a canary");
    let text = Secret::from_bytes(&key).unwrap().to_text();
    let seen = |printed: &str| leak(&forms(&key), printed);
    assert_eq!(seen(&format!("Key({})", encoding::hex(&key))), Some("hex"));
    assert_eq!(seen(&encoding::hex(&key[5..13]).to_uppercase()), Some("hex"));
    assert_eq!(seen(&format!("{key:?}")), Some("a list of numbers"));
    assert_eq!(seen(&format!("{key:#?}")), Some("a list of numbers"));
    assert_eq!(seen(&format!("{key:x?}")), Some("a list of hex numbers"));
    assert_eq!(seen(&format!("{key:#04X?}")), Some("a list of hex numbers"));
    assert_eq!(seen(&text), Some("base64"));
    assert_eq!(seen(&text[20..40]), Some("base64"));
    assert_eq!(seen(&encoding::hex(&sha256(b"another"))), None);
    assert_eq!(leak(&forms(b"a key of the old days"), "the key is: key of the old"), Some("raw"));
}

#[test]
fn nothing_that_is_printed_shows_a_key() {
    let secret_bytes = sha256(b"the secret of the canary");
    let secret = Secret::from_bytes(&secret_bytes).unwrap();
    let key = secret.audience_key(AUDIENCE, 0).unwrap();
    let root = Client::new(&secret, AUDIENCE, ClientConfig::default()).unwrap();
    let session = root.hand_out(600, TS).unwrap();
    // oz2. is the grant and S.
    let held = URL_SAFE_NO_PAD.decode(&session.to_text()[4..]).unwrap();
    let v1_bytes = b"ca7ary key of the old days".to_vec();
    let v1 = V1Key::new(&v1_bytes).unwrap();
    let mut canary = Canary {
        keys: vec![
            ("the secret", secret_bytes.to_vec()),
            ("the audience key", key.expose().to_vec()),
            ("the session's key", held[held.len() - 32..].to_vec()),
            ("the v1 key", v1_bytes.clone()),
            ("the person of a puce", b"someone-with-a-puce".to_vec()),
        ],
        printed: Vec::new(),
    };
    canary.debug("Secret", &secret);
    canary.debug("AudienceKey", &key);
    canary.debug("Session", &session);
    canary.debug("V1Key", &v1);
    let puce = Puce::new("app".into(), "someone-with-a-puce".into());
    canary.debug("Puce", &puce);
    canary.debug("Candidate", &Candidate { label: "a label", key: &key });

    let ring = Arc::new(Keyring::new(AUDIENCE).unwrap());
    ring.add(&key).unwrap();
    ring.add_v1(vec![7; 8], v1_bytes.clone(), TS + 1_000_000, Dialect::Any).unwrap();
    let service = service(&ring);
    clients(&mut canary, &root, &session, &service);
    services(&mut canary, &key, &ring, &service);
    carried(&mut canary, &root, &service);
    legacy(&mut canary, &v1);
    errors(&mut canary, &secret, &key, &session, &ring);
    panics(&mut canary, &secret, &key, &session, &v1);
    assert!(canary.printed.len() > 120, "{} texts", canary.printed.len());
    canary.verify();
}

fn service(ring: &Arc<Keyring>) -> Service {
    let config = ServiceConfig { authorities: vec![AUDIENCE.into()], first_start: true, ..ServiceConfig::default() };
    Service::with_memory(config, ring.clone(), &ReplayMemory::local(1000).unwrap(), TS).unwrap()
}

/// A call from its probe to its answer in a session, and a delegate's.
fn clients(canary: &mut Canary, root: &Client, session: &Session, service: &Service) {
    let delegate = Client::from_session(session, ClientConfig::default()).unwrap();
    for (name, client) in [("Client", root), ("Client of a session", &delegate)] {
        for _ in 0..2 {
            let request = Request {
                verb: "POST".into(),
                authority: AUDIENCE.into(),
                target: "/v1/transfer".into(),
                content: b"{}".to_vec(),
                ..Request::default()
            };
            let call = client.call(request.clone(), SignOptions::default());
            while let Step::Send(signed) = call.next(TS, Some(0)) {
                canary.debug("SignedRequest", &signed);
                canary.debug("SignedHeaders", signed.headers());
                let asked = if signed.is_probe() {
                    Request { verb: signed.verb(), content: Vec::new(), ..request.clone() }
                } else {
                    request.clone()
                };
                let judged = service.verify(&asked, Some(signed.toki()), signed.grant(), TS).unwrap();
                canary.debug("JudgedRequest", &judged);
                let judged = if judged.pending() { judged.finish(Some(sha256(b"{}").to_vec())).unwrap() } else { judged };
                let answer = Answer { status: 200, ..Answer::default() };
                let headers = judged.answer(&answer, TS).unwrap();
                canary.debug("SignedAnswer", &headers);
                call.received(&answer, Some(headers.toki), headers.grant, TS, Some(1));
            }
            match call.next(TS, Some(1)) {
                Step::Done(outcome) => canary.debug("Outcome", &outcome),
                other => panic!("{name}: {other:?}"),
            }
            canary.debug("Call", &call);
        }
        canary.debug(name, client);
        canary.debug("ClientConfig", client.config());
        canary.text("state", client.export_state());
        let mut headers = SignedHeaders::default();
        let options = SignOptions { trust_clock: true, ..SignOptions::default() };
        let context = client.sign_ref(&post(), options, TS, None, &mut headers).unwrap();
        canary.debug("SignContext", &context);
        let outcome = client.accept_ref(context, &AnswerRef::default(), Some(headers.toki().as_bytes()), None, TS, None);
        assert!(outcome.error.is_some());
        canary.debug("Outcome", &outcome);
        canary.text("Outcome", outcome.error_text().unwrap());
    }
}

/// Every verdict and what it holds.
fn services(canary: &mut Canary, key: &AudienceKey, ring: &Arc<Keyring>, service: &Service) {
    let mint = |nonce: u8, grant: Option<&Grant>| hazmat::mint_request(key, grant, &post(), TS, [nonce; 8], true).unwrap();
    let asked = mint(1, None);
    canary.debug("Toki", &asked);
    let grant = hazmat::mint_grant(key, &asked, [0xa0; 8], TS / 1000 + 600, 600).unwrap();
    canary.debug("Grant", &grant);
    for (nonce, grant) in [(2, None), (2, None), (3, Some(&grant)), (3, Some(&grant))] {
        let (toki, grant) = (mint(nonce, grant).to_text(), grant.map(Grant::to_text));
        let verdict = service.verify_ref(&post(), Some(toki.as_bytes()), grant.as_deref().map(str::as_bytes), TS);
        canary.debug("Verdict", &verdict);
        let context = match verdict {
            Verdict::Accepted(request) => request.into_context(),
            Verdict::Refused(refusal) => {
                canary.text("Refusal", refusal.error().to_string());
                refusal.into_context().unwrap()
            }
            other => panic!("{other:?}"),
        };
        canary.debug("AnswerContext", &context);
        let mut headers = AnswerHeaders::default();
        context.answer_ref(&AnswerRef { status: 200, ..AnswerRef::default() }, TS, &mut headers).unwrap();
        canary.debug("AnswerHeaders", &headers);
    }
    let toki = mint(4, None).to_text();
    let digest = oscartoki::http::format_content_digest(&sha256(b"{\"amount\":10}"));
    let pairs = [(&b"oscartoki"[..], toki.as_bytes()), (b"host", AUDIENCE.as_bytes()), (b"content-digest", digest.as_bytes())];
    let head = RequestHead { verb: b"POST", authority: None, target: b"/v1/transfer", headers: Headers::Pairs(&pairs) };
    match service.verify_head_ref(&head, Content::None, TS) {
        Verdict::Pending(pending) => {
            canary.debug("PendingBody", &pending);
            canary.debug("Verdict", &pending.finish(None));
        }
        other => panic!("{other:?}"),
    }
    canary.debug("AnswerHead", &AnswerHead { status: 200, headers: Headers::NONE });
    canary.debug("Service", service);
    canary.debug("Keyring", ring);
    canary.debug("ReplayLog", service.log());
    canary.debug("Counters", &service.counters());
    let labels = ["a label".to_owned()];
    let other = Request { verb: "POST".into(), authority: AUDIENCE.into(), target: "/v1/other".into(), ..Request::default() };
    let told = explain_request(&labels, vec![Arc::new(key.clone())], &other, &toki, None).unwrap();
    canary.debug("explain", &told);
}

fn carried(canary: &mut Canary, root: &Client, service: &Service) {
    let envelope = Message { destination: "billing".into(), kind: "paid".into(), ..Message::default() };
    let signed = root.mint_message(envelope.clone(), 60, TS).unwrap();
    canary.debug("SignedMessage", &signed);
    let memory = MessageMemory::local(100, true, TS).unwrap();
    let verified = service.verify_message_ref(&envelope.as_ref(), Some(signed.toki().as_bytes()), Some(&memory), None, TS).unwrap();
    canary.debug("VerifiedMessage", &verified);
    canary.debug("MessageMemory", &memory);
    let url = root.sign_url("GET", AUDIENCE, "/a", b"", TS + 1000).unwrap();
    canary.debug("VerifiedUrl", &service.verify_url("GET", AUDIENCE, &url, b"", false, TS).unwrap());
    let ticket = root.mint_ticket(b"user-42", None, TS).unwrap();
    canary.debug("VerifiedTicket", &service.verify_ticket_ref(Some(ticket.as_bytes()), None, false, TS).unwrap());
    canary.debug("Ticket", &oscartoki::Ticket::parse(ticket.as_bytes()).unwrap());
}

fn legacy(canary: &mut Canary, v1: &V1Key) {
    let client = V1Client::new(v1, Dialect::Any);
    let exchange = client.begin(TS).unwrap();
    canary.debug("V1Client", &client);
    canary.debug("V1Exchange", &exchange);
    canary.debug("V1 error", &v1.verify(&exchange.toki(), Dialect::Any, TS + 100_000).unwrap_err());
}

/// Key texts where others belong, and files with one character too many.
fn errors(canary: &mut Canary, secret: &Secret, key: &AudienceKey, session: &Session, ring: &Keyring) {
    let texts = [secret.to_text(), key.to_text(), session.to_text()];
    let v1 = "v1 until=2027-03-01T00:00:00Z dialect=old key=63613761727920 kid=0707070707070707".to_owned();
    for text in texts.iter().flat_map(|text| [text.clone(), format!("{text}A"), text[1..].to_owned(), text.replace('2', "3")]).chain([v1]) {
        let errors = [Secret::parse(&text).err(), AudienceKey::parse(&text).err(), Session::parse(&text).err(), ring.add_text(&text).err()];
        let fault = ring.fault_in_keys(&format!("# keys\n{text}\n"));
        assert!(errors.iter().flatten().count() >= 2, "{text}");
        for error in errors.into_iter().flatten() {
            canary.debug("OscarError", &error);
            canary.text("OscarError", error.to_string());
        }
        fault.into_iter().for_each(|fault| canary.text("KeyFileError", fault));
        canary.text("KeyFileError", ring.fault_in_revocations(&format!("revoked {text}")).unwrap());
    }
    let other = Secret::from_bytes(&sha256(b"the other secret of the canary")).unwrap().audience_key(AUDIENCE, 0).unwrap();
    let taken = ring.add(&other.with_kid(&key.kid()).unwrap()).unwrap_err();
    assert_eq!(taken.name(), "kid_taken");
    canary.text("OscarError", taken.to_string());
}

/// What a program's own `unwrap` and `expect` print of our values.
fn panics(canary: &mut Canary, secret: &Secret, key: &AudienceKey, session: &Session, v1: &V1Key) {
    let values: [(&str, &dyn Debug); 4] = [("Secret", secret), ("AudienceKey", key), ("Session", session), ("V1Key", v1)];
    let silent = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    let payloads: Vec<_> =
        values.map(|(name, held)| (name, catch_unwind(AssertUnwindSafe(|| panic!("unexpected {held:?}"))).unwrap_err())).into();
    let parsed = catch_unwind(|| Session::parse(&Secret::from_bytes(&sha256(b"the secret of the canary")).unwrap().to_text()).unwrap());
    std::panic::set_hook(silent);
    for (name, payload) in payloads.into_iter().chain([("Session::parse", parsed.unwrap_err())]) {
        canary.text(name, payload.downcast_ref::<String>().unwrap().clone());
    }
}
