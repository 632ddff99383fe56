//! What the originals of TCX and Socktopus produced, and what goes beyond a single vector: tokens, pings, the client's renewals, the authority.
#![allow(clippy::unwrap_used)]

use oscartoki::OscarError;
use oscartoki::socktopus::*;
use oscartoki::tcx::*;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

const NOW: i64 = 1_795_328_800_000;

fn captures(name: &str) -> Vec<Value> {
    let path = format!("{}/vectors/captures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    file["cases"].as_array().unwrap().clone()
}

#[test]
fn every_token_of_the_original_is_minted_and_verified() {
    for case in captures("socktopus") {
        let of = |name: &str| case[name].as_str().unwrap().to_owned();
        let token =
            SocktopusToken { app: of("secret_name"), connection: of("connection_id"), ts_ms: case["timestamp_ms"].as_i64().unwrap() };
        assert_eq!(token.mint(of("secret").as_bytes()).unwrap(), of("token"));
        let mut secrets = SocktopusSecrets::default();
        secrets.add(&token.app, of("secret").as_bytes()).unwrap();
        assert_eq!(SocktopusToken::verify(&secrets, &of("token"), token.ts_ms).unwrap(), token);
        assert_eq!(SocktopusToken::verify(&secrets, &of("token"), token.ts_ms + 5_001).unwrap_err(), OscarError::Stale(""));
    }
}

#[test]
fn every_pass_of_the_original_is_minted_and_verified() {
    for case in captures("tcx") {
        let of = |name: &str| case[name].as_str().unwrap();
        let params: HashMap<String, String> = serde_json::from_value(case["params"].clone()).unwrap();
        let mode = TcxMode::from_name(of("mode")).unwrap();
        let pass = TcxPass {
            mode,
            params: if mode == TcxMode::Param { params.iter().map(|(name, text)| TcxParam::new(name, text)).collect() } else { Vec::new() },
            datetime: params.get("tcx_datetime").cloned(),
            app_public: of("app_public").to_owned(),
        };
        let now = case["params"]["tcx_datetime"].as_str().map_or(NOW, |text| oscartoki::time::parse_datetime14(text).unwrap());
        let verified = pass.verify(of("app_pass"), now, false);
        let dialect = if matches!(of("string_form"), "documented" | "empty") || params.is_empty() {
            TcxDialect::Documented
        } else {
            TcxDialect::Server4
        };
        let token = of("client_token");
        let mixed = token.bytes().any(|byte| byte.is_ascii_uppercase());
        if mixed && dialect == TcxDialect::Server4 {
            // Such a client hashed the token as written; the server folds it, and refuses its own form.
            assert_eq!(verified.unwrap_err(), OscarError::BadMac(""), "{case}");
            assert_eq!(case["original_server_accepts"], false);
            continue;
        }
        let verified = verified.unwrap_or_else(|error| panic!("{error}: {case}"));
        assert_eq!((verified.client_token.as_str(), verified.dialect), (token, dialect), "{case}");
        if !mixed {
            assert_eq!(pass.mint(token, dialect).unwrap(), of("app_pass"), "{case}");
        }
    }
}

#[test]
fn a_verdict_can_be_read_back_in_either_table() {
    for number in ["705000", "70FF000", "50FF003", "F05003", "105102"] {
        assert!(TcxVerdict::read_number(number).is_some(), "{number}");
    }
    assert_eq!(TcxVerdict::read_number("505005"), Some((TcxCode::Tcxtfx, TcxRoute::Call)));
    assert_eq!(TcxVerdict::read_number(""), None);
    assert!(TcxVerdict::new(TcxCode::Tcxsss, TcxTable::Documented, TcxRoute::Call).is_err());
}

#[test]
fn secrets_of_a_hub() {
    assert_eq!(SocktopusSecrets::app_of("YOURAPP_SOCKTOPUS_SECRET").as_deref(), Some("yourapp"));
    assert_eq!(SocktopusSecrets::app_of("My_App_SOCKTOPUS_SECRET").as_deref(), Some("my_app"));
    assert_eq!(SocktopusSecrets::app_of("_SOCKTOPUS_SECRET"), None);
    assert_eq!(SocktopusSecrets::app_of("SOCKTOPUS_SECRET"), None);
    let mut secrets = SocktopusSecrets::default();
    assert_eq!(secrets.add("a", b"").unwrap_err(), OscarError::WeakSecret(""));
    secrets.add("a", b"one").unwrap();
    secrets.add("b", b"two").unwrap();
    assert!(secrets.are_distinct() && secrets.admits("a", b"one"));
    assert!(!secrets.admits("a", b"two") && !secrets.admits("c", b"") && !secrets.admits("c", b"one"));
    secrets.add("c", b"two").unwrap();
    assert!(!secrets.are_distinct());
    assert!(!format!("{secrets:?}").contains("two"));
}

#[test]
fn bodies_of_send_and_kick_are_strict() {
    let send = SocktopusSend {
        app: "a".into(),
        secret: "s".into(),
        messages: vec![SocktopusMessage { recipient: "r".into(), content: "c\n\u{1F511}".into() }],
    };
    assert_eq!(SocktopusSend::parse(send.to_json().as_bytes()).unwrap(), send);
    let kick = SocktopusKick { app: "a".into(), secret: "s".into(), connections: vec!["x".into()] };
    assert_eq!(SocktopusKick::parse(kick.to_json().as_bytes()).unwrap(), kick);
    for text in [
        "",
        "[]",
        "{}",
        r#"{"secretName":"a","secret":"s"}"#,
        r#"{"secretName":"a","secret":"s","messages":[],"more":1}"#,
        r#"{"secretName":1,"secret":"s","messages":[]}"#,
        r#"{"secretName":"a","secret":"s","messages":[{"recipient":"r"}]}"#,
        r#"{"secretName":"a","secret":"s","messages":[{"recipient":"r","content":"c","x":1}]}"#,
        r#"{"secretName":"a","secret":"s","messages":{}}"#,
        r#"{"secretName":"a","secret":"s","messages":[]}x"#,
    ] {
        assert_eq!(SocktopusSend::parse(text.as_bytes()).unwrap_err(), OscarError::Malformed(""), "{text}");
    }
    assert!(SocktopusKick::parse(br#"{"secretName":"a","secret":"s","connections":[1]}"#).is_err());
    assert!(!format!("{send:?}{kick:?}").contains("\"s\""));
}

#[test]
fn frames_and_pings() {
    let data = SocktopusFrame::Data { content: "DATA:PONG".into() };
    assert_eq!(SocktopusFrame::parse(&data.to_text()), Some(data));
    assert_eq!((SocktopusFrame::parse("PONG "), SocktopusRequest::parse("ping")), (None, None));
    let pings = SocktopusPings::new(0);
    assert_eq!(pings.next(0), SocktopusPing::Send);
    assert_eq!(pings.next(0), SocktopusPing::At { at_ms: PING_EVERY_MS });
    pings.pong();
    // As slow as a client may be, two pings fall into every 20 s.
    assert_eq!(pings.next(PING_EVERY_MS), SocktopusPing::Send);
    assert_eq!(pings.next(2 * PING_EVERY_MS), SocktopusPing::Send);
    assert_eq!(pings.next(PING_EVERY_MS + PING_DEADLINE_MS - 1), SocktopusPing::Send);
    assert_eq!(pings.next(PING_EVERY_MS + PING_DEADLINE_MS), SocktopusPing::Dead);
}

/// A store in memory.
#[derive(Default)]
struct Store {
    apps: Vec<TcxApp>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    passes: HashSet<(String, [u8; 32])>,
    access: HashMap<[u8; 32], TcxHeld>,
    refresh: HashMap<[u8; 32], (TcxHeld, [u8; 32])>,
    master: HashMap<[u8; 32], TcxHeld>,
    fails: bool,
}

impl Store {
    fn state(&self) -> Result<std::sync::MutexGuard<'_, State>, TcxStoreFault> {
        let state = self.state.lock().unwrap();
        if state.fails { Err(TcxStoreFault) } else { Ok(state) }
    }
}

impl TcxStore for Store {
    fn app(&self, app_id: &str) -> Result<Option<TcxApp>, TcxStoreFault> {
        Ok(self.apps.iter().find(|app| app.app_id == app_id).cloned())
    }
    fn spend(&self, app_id: &str, pass: &[u8; 32], _: Option<i64>, _: i64) -> Result<TcxSpent, TcxStoreFault> {
        Ok(if self.state()?.passes.insert((app_id.to_owned(), *pass)) { TcxSpent::Fresh } else { TcxSpent::Seen })
    }
    fn issue(&self, issue: &TcxIssue, now_ms: i64) -> Result<TcxSpent, TcxStoreFault> {
        if self.spend(&issue.app_id, &issue.pass, issue.pass_until_ms, now_ms)? == TcxSpent::Seen {
            return Ok(TcxSpent::Seen);
        }
        let held = |until_ms| TcxHeld { app_id: issue.app_id.clone(), until_ms: Some(until_ms) };
        let mut state = self.state()?;
        state.access.insert(issue.access, held(issue.access_until_ms));
        state.refresh.insert(issue.refresh, (held(issue.refresh_until_ms), issue.access));
        Ok(TcxSpent::Fresh)
    }
    fn access(&self, token: &[u8; 32]) -> Result<Option<TcxHeld>, TcxStoreFault> {
        Ok(self.state()?.access.get(token).cloned())
    }
    fn master(&self, token: &[u8; 32]) -> Result<Option<TcxHeld>, TcxStoreFault> {
        Ok(self.state()?.master.get(token).cloned())
    }
    fn renew(
        &self,
        app_id: &str,
        old: &[u8; 32],
        new: &[u8; 32],
        refresh_until_ms: i64,
        access_until_ms: i64,
        now_ms: i64,
    ) -> Result<bool, TcxStoreFault> {
        let mut state = self.state()?;
        match state.refresh.get(old) {
            Some((held, _)) if held.app_id == app_id && held.until_ms.unwrap() > now_ms => {}
            _ => return Ok(false),
        }
        let (mut held, access) = state.refresh.remove(old).unwrap();
        state.access.get_mut(&access).unwrap().until_ms = Some(access_until_ms);
        held.until_ms = Some(refresh_until_ms);
        state.refresh.insert(*new, (held, access));
        Ok(true)
    }
}

fn app(app_id: &str, mode: TcxMode, suspended: bool) -> TcxApp {
    TcxApp { app_id: app_id.into(), app_public: format!("public of {app_id}"), mode, suspended }
}

fn world() -> (Arc<Store>, TcxAuthority) {
    let apps = vec![
        app("1", TcxMode::None, false),
        app("2", TcxMode::Param, false),
        app("3", TcxMode::Time, false),
        app("4", TcxMode::None, true),
    ];
    let store = Arc::new(Store { apps, ..Store::default() });
    (store.clone(), TcxAuthority::new(TcxRules::default(), store))
}

fn client(app_id: &str, kind: TcxType, mode: TcxMode) -> TcxClient {
    TcxClient::new(app_id.into(), "s".into(), format!("public of {app_id}"), kind, mode, TcxDialect::Server4, None, false).unwrap()
}

/// A call as the headers say it.
fn call<'a>(headers: &'a [TcxHeader], params: &'a [TcxParam]) -> TcxCall<'a> {
    let of = |name: &str| headers.iter().find(|header| header.name == name).map(|header| header.text.as_str());
    TcxCall {
        kind: of("X-TCX-TYPE"),
        app_id: of("X-TCX-APP-ID"),
        app_pass: of("X-TCX-APP-PASS"),
        token: of("X-TCX-TOKEN"),
        params,
        has_other_than_text: false,
    }
}

fn code(judged: Result<TcxCaller, (TcxVerdict, OscarError)>) -> String {
    judged.map_or_else(|(verdict, error)| format!("{} {}", verdict.status_code, error.name()), |caller| caller.app_id)
}

#[test]
fn calls_are_judged_in_the_order_of_the_codes() {
    let (store, authority) = world();
    let owtc = client("1", TcxType::Owtc, TcxMode::None);
    let fresh = || owtc.headers(Vec::new(), None, None).unwrap();
    let headers = fresh();
    assert_eq!(code(authority.judge(&call(&headers, &[]), NOW)), "1");
    assert_eq!(code(authority.judge(&call(&headers, &[]), NOW + 86_400_000 * 3_000)), "TCXPFX replayed");
    let judge = |change: &dyn Fn(&mut TcxCall<'_>)| {
        let headers = fresh();
        let mut call = call(&headers, &[]);
        change(&mut call);
        code(authority.judge(&call, NOW))
    };
    assert_eq!(judge(&|call| call.kind = None), "TCXREQ missing");
    assert_eq!(judge(&|call| call.kind = Some("")), "TCXREQ missing");
    assert_eq!(judge(&|call| call.app_id = None), "TCXREQ missing");
    assert_eq!(
        judge(&|call| {
            call.app_id = Some("9");
            call.kind = Some("XTC")
        }),
        "TCXRJC policy"
    );
    assert_eq!(judge(&|call| call.app_id = Some("9")), "TCXAFX unknown_key");
    assert_eq!(judge(&|call| call.app_id = Some("4")), "TCXAFX revoked");
    assert_eq!(judge(&|call| call.app_pass = None), "TCXPFX missing");
    assert_eq!(judge(&|call| call.app_pass = Some("x")), "TCXPFX malformed");
    assert_eq!(judge(&|call| call.app_id = Some("2")), "TCXPFX bad_mac");
    assert_eq!(judge(&|call| call.kind = Some("twtc")), "TCXTFX missing");
    assert_eq!(judge(&|call| call.kind = Some("ftc")), "TCXMKF missing");
    assert_eq!(
        judge(&|call| {
            call.kind = Some("FTC");
            call.token = Some("bm9uZQ==")
        }),
        "TCXMKF unknown_key"
    );
    assert_eq!(
        judge(&|call| {
            call.kind = Some("FTC");
            call.token = Some("bm9uZQ")
        }),
        "TCXMKF malformed"
    );
    store.state.lock().unwrap().fails = true;
    assert_eq!(judge(&|_| ()), "TCXPFX busy");
}

#[test]
fn master_keys_and_tokens_belong_to_one_app() {
    let (store, authority) = world();
    let held = |app: &str, until_ms| TcxHeld { app_id: app.into(), until_ms };
    for (token, held) in [("for ever", held("1", None)), ("over", held("1", Some(NOW))), ("another's", held("2", None))] {
        store.state.lock().unwrap().master.insert(tcx_token_digest(token), held);
    }
    let ftc = |key: &str| {
        let client = TcxClient::new(
            "1".into(),
            "s".into(),
            "public of 1".into(),
            TcxType::Ftc,
            TcxMode::None,
            TcxDialect::Documented,
            Some(key.into()),
            true,
        )
        .unwrap();
        let headers = client.headers(Vec::new(), None, None).unwrap();
        code(authority.judge(&call(&headers, &[]), NOW))
    };
    assert_eq!((ftc("for ever").as_str(), ftc("over").as_str(), ftc("another's").as_str()), ("1", "TCXMKF expired", "TCXMKF policy"));
}

#[test]
fn parameters_are_covered_and_nested_ones_refused() {
    let (_, authority) = world();
    let client = client("2", TcxType::Owtc, TcxMode::Param);
    let params = vec![TcxParam::new("amount", "10.50"), TcxParam::new("currency", "EUR")];
    let headers = client.headers(params.clone(), None, None).unwrap();
    let mut other = params.clone();
    other[0].text = "10.51".into();
    assert_eq!(code(authority.judge(&call(&headers, &other), NOW)), "TCXPFX bad_mac");
    let nested = TcxCall { has_other_than_text: true, ..call(&headers, &params) };
    assert_eq!(code(authority.judge(&nested, NOW)), "TCXPFX malformed");
    let twice = [params.clone(), params.clone()].concat();
    assert_eq!(code(authority.judge(&call(&headers, &twice), NOW)), "TCXPFX malformed");
    // app_pass among the parameters is left out; the rest is what was signed, in any order.
    let mut sent = vec![TcxParam::new("app_pass", "whatever")];
    sent.extend(params.into_iter().rev());
    assert_eq!(code(authority.judge(&call(&headers, &sent), NOW)), "2");
}

#[test]
fn a_client_authorizes_renews_and_calls() {
    let (_, authority) = world();
    for (app, mode) in [("1", TcxMode::None), ("2", TcxMode::Param), ("3", TcxMode::Time)] {
        let client = client(app, TcxType::Twtc, mode);
        let step = client.access(NOW).unwrap();
        assert_eq!(client.access(NOW).unwrap(), TcxStep::Wait, "one asks for all");
        let granted = serve(&authority, &client, step, NOW);
        let TcxStep::Use { token } = client.access(NOW).unwrap() else { panic!() };
        assert!(granted["data"]["token"] == token && token.len() == 40);
        let datetime = client.datetime(NOW);
        let params = if mode == TcxMode::Time { vec![TcxParam::new("tcx_datetime", &datetime)] } else { Vec::new() };
        let headers = client.headers(params.clone(), Some(datetime), Some(token.clone())).unwrap();
        assert_eq!(code(authority.judge(&call(&headers, &params), NOW)), app);

        // Near its end one renews; the others use what they have. The access token lives on.
        let late = NOW + 7_170_000;
        let step = client.access(late).unwrap();
        assert_eq!(client.access(late).unwrap(), TcxStep::Use { token: token.clone() });
        let (TcxStep::Send { path, body, .. }, body_of_first) = (step.clone(), step.clone()) else { panic!() };
        assert_eq!(path, TCX_REAUTHORIZE_PATH);
        let renewed = serve(&authority, &client, step, late);
        assert!(renewed["data"].get("token").is_none() && renewed["data"]["refresh"] != granted["data"]["refresh"]);
        assert_eq!(client.access(late + 60_000).unwrap(), TcxStep::Use { token });

        // The refresh token is spent: once more is refused.
        assert_ne!(body, "");
        let TcxStep::Send { body, .. } = body_of_first else { panic!() };
        let body: Value = serde_json::from_str(&body).unwrap();
        let again = authority.reauthorize(body["app_id"].as_str(), body["token"].as_str(), late);
        assert_eq!(again.unwrap_err().0.status_number, "505101");
    }
}

#[test]
fn a_dead_caller_does_not_stop_the_others() {
    let client = client("1", TcxType::Twtc, TcxMode::None);
    let TcxStep::Send { number, .. } = client.access(NOW).unwrap() else { panic!() };
    assert_eq!(client.access(NOW + 29_999).unwrap(), TcxStep::Wait);
    assert!(matches!(client.access(NOW + 30_000).unwrap(), TcxStep::Send { .. }));
    // The first one's answer is too late, and changes nothing.
    assert_eq!(client.received(number, b"{}", NOW + 30_001).unwrap(), None);
    assert_eq!(client.access(NOW + 30_002).unwrap(), TcxStep::Wait);
}

#[test]
fn a_store_that_fails_is_told_on_the_routes() {
    let (store, authority) = world();
    store.state.lock().unwrap().fails = true;
    let client = client("1", TcxType::Twtc, TcxMode::None);
    let step = client.access(NOW).unwrap();
    let TcxStep::Send { number, body, .. } = step else { panic!() };
    let body: Value = serde_json::from_str(&body).unwrap();
    let call = TcxCall { app_id: body["app_id"].as_str(), app_pass: body["app_pass"].as_str(), ..TcxCall::default() };
    let (verdict, error) = authority.authorize(&call, NOW).unwrap_err();
    assert_eq!((verdict.status_number.as_str(), verdict.status_code.as_str(), error.name()), ("105002", "TCXERX", "busy"));
    let told = client.received(number, &answer(Err(&verdict)), NOW).unwrap().unwrap();
    assert_eq!(told, verdict);
    assert_eq!(authority.authorize(&TcxCall::default(), NOW).unwrap_err().0.status_number, "405000");
    assert_eq!(authority.reauthorize(Some("1"), Some(""), NOW).unwrap_err().0.status_number, "405100");
}

#[test]
fn of_sixteen_that_authorize_with_one_pass_one_is_served() {
    let (_, authority) = world();
    let TcxStep::Send { body, .. } = client("1", TcxType::Twtc, TcxMode::None).access(NOW).unwrap() else { panic!() };
    let body: Value = serde_json::from_str(&body).unwrap();
    let served = std::thread::scope(|scope| {
        let ask = || {
            authority
                .authorize(&TcxCall { app_id: body["app_id"].as_str(), app_pass: body["app_pass"].as_str(), ..TcxCall::default() }, NOW)
        };
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).filter(Result::is_ok).count()
    });
    assert_eq!(served, 1);
}

fn answer(came: Result<Value, &TcxVerdict>) -> Vec<u8> {
    let body = match came {
        Ok(data) => json!({ "status": 1, "status_code": "TCXSSS", "data": data }),
        Err(verdict) => {
            json!({ "status": 0, "status_number": verdict.status_number, "status_code": verdict.status_code, "status_message": verdict.status_message })
        }
    };
    body.to_string().into_bytes()
}

/// The authority answers what the client sends; the client takes it over.
fn serve(authority: &TcxAuthority, client: &TcxClient, step: TcxStep, now_ms: i64) -> Value {
    let TcxStep::Send { number, path, body } = step else { panic!("{step:?}") };
    let body: Value = serde_json::from_str(&body).unwrap();
    let of = |name: &str| body[name].as_str();
    let data = if path == TCX_AUTHORIZE_PATH {
        let texts = body.as_object().unwrap().iter().map(|(name, text)| TcxParam::new(name, text.as_str().unwrap()));
        let params: Vec<TcxParam> = texts.collect();
        let call = TcxCall { app_id: of("app_id"), app_pass: of("app_pass"), params: &params, ..TcxCall::default() };
        let granted = authority.authorize(&call, now_ms).unwrap();
        json!({ "token": granted.token, "refresh": granted.refresh, "expired_at": granted.expired_at })
    } else {
        let renewed = authority.reauthorize(of("app_id"), of("token"), now_ms).unwrap();
        json!({ "refresh": renewed.refresh, "expired_at": renewed.expired_at })
    };
    assert_eq!(client.received(number, &answer(Ok(data.clone())), now_ms).unwrap(), None);
    json!({ "data": data })
}
