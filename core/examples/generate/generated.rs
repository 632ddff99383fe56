//! The vectors that this implementation makes of the key of the spec's section 9: every kind minted and verified, then one
//! member at a time changed. What is expected is what the Rust room says; the other rooms and the reference must agree.

mod expect;

use serde_json::{Value, json};

/// How a stale file is made new.
pub const COMMAND: &str = "cargo run -p oscartoki --example generate_vectors";
/// The file, in `core/vectors`.
pub const FILE: &str = "core-changes.json";

const ABOUT: &str = "every kind of toki under the key of section 9, then with one member changed; made by the Rust implementation: \
                     cargo run -p oscartoki --example generate_vectors";
const TS_MS: i64 = 1_795_300_000_123;
const Q: &str = "ot2.IQofDmVSze76IAGiADgBewECAwQFBgcIW8XPj1Fcadcpvhuo3QgFWA";
const K: &str = "ok2.KgAfDmVSze76IKChoqOkpaanawIc-AJYPYh3PGeQSf4";
const NONCE: &str = "0102030405060708";

type Made = Result<Vec<Value>, String>;

/// All cases. Error: a case that is not in the format, which is a fault of this file.
pub fn cases() -> Made {
    let kinds = [requests()?, sessions()?, answers()?, messages()?, urls()?, tickets()?, keys()?, services()?, clients()?];
    Ok(kinds.into_iter().flatten().collect())
}

/// The file's text: a case per line, the same on every run.
pub fn text(cases: &[Value]) -> String {
    let line = |case: &Value| format!(r#"{{"name":{},"op":{},"in":{},"expect":{}}}"#, case["name"], case["op"], case["in"], case["expect"]);
    let lines: Vec<String> = cases.iter().map(line).collect();
    format!("{{\"schema\":1,\"about\":{},\"cases\":[\n{}\n]}}\n", json!(ABOUT), lines.join(",\n"))
}

/// The key of section 9 beside `members`.
fn keyed(members: Value) -> Value {
    let key = json!({
        "secret_hex": "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "audience": "api.example.com", "generation": 0,
    });
    changed(&key, &members)
}

/// `base` with the members of `change` in place of its own; null takes one away.
fn changed(base: &Value, change: &Value) -> Value {
    let mut all = base.clone();
    for (name, value) in change.as_object().into_iter().flatten() {
        all[name] = value.clone();
    }
    if let Some(members) = all.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    all
}

/// The case as it is, then a case for each change.
fn family(op: &str, base: &Value, changes: Vec<(&str, Value)>) -> Made {
    labelled(op, op, base, changes)
}

fn labelled(label: &str, op: &str, base: &Value, changes: Vec<(&str, Value)>) -> Made {
    let same = [("as it is", json!({}))];
    let case = |(name, change): (&str, Value)| {
        let members = changed(base, &change);
        let expect = expect::expectation(op, &members).map_err(|reason| format!("{op}, {name}: {reason}"))?;
        Ok(json!({ "name": format!("{label}: {name}"), "op": op, "in": members, "expect": expect }))
    };
    same.into_iter().chain(changes).map(case).collect()
}

/// What `op` mints of `base`, under `member`.
fn minted(op: &str, base: &Value, member: &str) -> Result<Value, String> {
    let expect = expect::expectation(op, base)?;
    expect["ok"].get(member).cloned().ok_or_else(|| format!("{op} refuses its base"))
}

fn joined(families: impl IntoIterator<Item = Made>) -> Made {
    Ok(families.into_iter().collect::<Result<Vec<_>, _>>()?.concat())
}

/// Changes of the key, which every verifier refuses.
fn other_keys() -> Vec<(&'static str, Value)> {
    vec![
        ("another secret", json!({ "secret_hex": "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" })),
        ("a secret of 31 bytes", json!({ "secret_hex": "00".repeat(31) })),
        ("a secret of equal bytes", json!({ "secret_hex": "07".repeat(32) })),
        ("the next generation", json!({ "generation": 1 })),
        ("a generation below 0", json!({ "generation": -1 })),
    ]
}

fn also(mut changes: Vec<(&'static str, Value)>, more: Vec<(&'static str, Value)>) -> Vec<(&'static str, Value)> {
    changes.extend(more);
    changes
}

fn requests() -> Made {
    let request = keyed(json!({
        "method": "POST", "authority": "api.example.com", "target": "/v1/transfer?dry=0", "body_hex": "7b22616d6f756e74223a31307d",
    }));
    let mint = changed(&request, &json!({ "ts_ms": TS_MS, "nonce_hex": NONCE, "want": true }));
    let verify = changed(&request, &json!({ "now_ms": TS_MS, "toki": minted("toki.mint", &mint, "toki")? }));
    let fields = || {
        vec![
            ("a method in lower case", json!({ "method": "post" })),
            ("no method", json!({ "method": "" })),
            ("an authority with a space", json!({ "authority": "api example.com" })),
            ("the authority in upper case", json!({ "authority": "API.EXAMPLE.COM" })),
            ("a target with a fragment", json!({ "target": "/v1/transfer#top" })),
            ("no target", json!({ "target": "" })),
            ("another method", json!({ "method": "PUT" })),
            ("another target", json!({ "target": "/v1/transfer?dry=1" })),
            ("another body", json!({ "body_hex": "7b22616d6f756e74223a31317d" })),
            ("no body", json!({ "body_hex": null })),
            ("a covered header", json!({ "ext_hex": "00016100023132" })),
        ]
    };
    let minting = vec![("a time below 0", json!({ "ts_ms": -1 })), ("a time of 49 bits", json!({ "ts_ms": 1_i64 << 48 }))];
    let verifying = vec![
        ("another authority", json!({ "authority": "api.example.org" })),
        ("30 s later", json!({ "now_ms": TS_MS + 30_000 })),
        ("30,001 ms later", json!({ "now_ms": TS_MS + 30_001 })),
        ("5 s earlier", json!({ "now_ms": TS_MS - 5_000 })),
        ("a minute earlier", json!({ "now_ms": TS_MS - 60_000 })),
        ("no toki", json!({ "toki": null })),
        ("an empty toki", json!({ "toki": "" })),
        ("a toki with its last character changed", json!({ "toki": Q.replace("QgFWA", "QgFWB") })),
        ("a toki with a character of its tag changed", json!({ "toki": Q.replace("QgFWA", "QgGWA") })),
        ("an answer's toki", json!({ "toki": "ot2.IgMAAaIAOALIXucNL02fnJRTEmwYnotsXg" })),
        ("a grant beside a toki of the root key", json!({ "grant": K })),
    ];
    joined([
        family("toki.mint", &mint, also(fields(), minting)),
        family("toki.verify", &verify, also(also(fields(), verifying), other_keys())),
    ])
}

fn sessions() -> Made {
    let grant = keyed(json!({ "request_toki": Q, "sid_hex": "a0a1a2a3a4a5a6a7", "exp_s": 1_795_300_600, "ttl_s": 600 }));
    let minting = vec![
        ("no life", json!({ "ttl_s": 0 })),
        ("a life beyond 16 bits", json!({ "ttl_s": 65_536 })),
        ("an end beyond 32 bits", json!({ "exp_s": 1_i64 << 32 })),
        ("an end below 0", json!({ "exp_s": -1 })),
        ("another session", json!({ "sid_hex": "a0a1a2a3a4a5a6a8" })),
        ("no request", json!({ "request_toki": "" })),
    ];
    let request = keyed(json!({ "method": "GET", "authority": "api.example.com", "target": "/v1/accounts?limit=10", "grant": K }));
    let mint = changed(&request, &json!({ "ts_ms": TS_MS + 877, "nonce_hex": "0000000000000000" }));
    let verify = changed(&request, &json!({ "now_ms": TS_MS + 877, "toki": minted("toki.mint", &mint, "toki")? }));
    let verifying = vec![
        ("without its grant", json!({ "grant": null })),
        ("a grant with a character changed", json!({ "grant": K.replace("QSf4", "QSg4") })),
        ("another target", json!({ "target": "/v1/accounts?limit=11" })),
        ("31 s later", json!({ "now_ms": TS_MS + 31_877 })),
        ("after the session's end", json!({ "now_ms": 1_795_300_700_000_i64 })),
    ];
    joined([
        family("grant.mint", &grant, minting),
        labelled("toki.verify in a session", "toki.verify", &verify, also(verifying, other_keys())),
    ])
}

fn answers() -> Made {
    let answer = keyed(json!({ "request_toki": Q, "status": 200, "grant": K, "body_hex": "7b226f6b223a747275657d" }));
    let mint = changed(&answer, &json!({ "code": 0, "ts_ms": TS_MS + 333 }));
    let verify = changed(&answer, &json!({ "toki": minted("answer.mint", &mint, "toki")? }));
    let minting = vec![
        ("a code of 8", json!({ "code": 8 })),
        ("a status beyond 16 bits", json!({ "status": 65_536 })),
        ("a time below 0 in an answer", json!({ "ts_ms": -1 })),
        ("a request's toki that is none", json!({ "request_toki": "ot2." })),
    ];
    let verifying = vec![
        ("another status", json!({ "status": 201 })),
        ("another body", json!({ "body_hex": "7b226f6b223a66616c73657d" })),
        ("no body", json!({ "body_hex": null })),
        ("without its grant", json!({ "grant": null })),
        ("a covered header", json!({ "ext_hex": "00016100023132" })),
        ("no toki", json!({ "toki": null })),
        ("the request's own toki", json!({ "toki": Q })),
        ("the answer to another request", json!({ "request_toki": "ot2.IQgfDmVSze76IAAAAAAAAAECAwQFBgcIIFK5lWwcLjxeeK_F5MgKmQ" })),
    ];
    joined([family("answer.mint", &mint, minting), family("answer.verify", &verify, also(verifying, other_keys()))])
}

fn messages() -> Made {
    let message = keyed(json!({ "destination": "billing", "type": "invoice.created", "body_hex": "7b7d" }));
    let mint = changed(&message, &json!({ "ts_ms": TS_MS, "nonce_hex": NONCE, "ttl_s": 3600 }));
    let verify = changed(&message, &json!({ "now_ms": TS_MS, "toki": minted("message.mint", &mint, "toki")? }));
    let minting = vec![
        ("no life", json!({ "ttl_s": 0 })),
        ("a life beyond 32 bits", json!({ "ttl_s": 1_i64 << 32 })),
        ("no destination", json!({ "destination": "" })),
        ("a time of 49 bits", json!({ "ts_ms": 1_i64 << 48 })),
    ];
    let verifying = vec![
        ("another destination", json!({ "destination": "shipping" })),
        ("another type", json!({ "type": "invoice.deleted" })),
        ("another body", json!({ "body_hex": "7b7e" })),
        ("a covered header", json!({ "ext_hex": "00016100023132" })),
        ("no toki", json!({ "toki": null })),
        ("a request's toki", json!({ "toki": Q })),
        ("at its end", json!({ "now_ms": TS_MS + 3_600_000 })),
        ("after its end", json!({ "now_ms": TS_MS + 3_600_001 })),
        ("300,001 ms earlier", json!({ "now_ms": TS_MS - 300_001 })),
    ];
    joined([family("message.mint", &mint, minting), family("message.verify", &verify, also(verifying, other_keys()))])
}

fn urls() -> Made {
    let mint = keyed(json!({ "method": "GET", "authority": "api.example.com", "target": "/files/a.pdf?v=2", "exp_ms": TS_MS + 299_877 }));
    let target = minted("url.mint", &mint, "target")?;
    let verify = changed(&mint, &json!({ "target": target, "exp_ms": null, "now_ms": TS_MS }));
    let edited = |from: &str, to: &str| json!({ "target": target.as_str().unwrap_or_default().replace(from, to) });
    let minting = vec![
        ("a target that is signed already", json!({ "target": target })),
        ("no target", json!({ "target": "" })),
        ("an end below 0", json!({ "exp_ms": -1 })),
    ];
    let verifying = vec![
        ("by HEAD", json!({ "method": "HEAD" })),
        ("another method", json!({ "method": "PUT" })),
        ("another authority", json!({ "authority": "api.example.org" })),
        ("another target", edited("v=2", "v=3")),
        ("the wrong separator", edited("&oscartoki", "?oscartoki")),
        ("without its parameter", json!({ "target": "/files/a.pdf?v=2" })),
        ("at its end", json!({ "now_ms": TS_MS + 299_877 })),
        ("after its end", json!({ "now_ms": TS_MS + 299_878 })),
        ("more than seven days before its end", json!({ "now_ms": TS_MS - 604_800_000 })),
    ];
    joined([family("url.mint", &mint, minting), family("url.verify", &verify, also(verifying, other_keys()))])
}

fn tickets() -> Made {
    let mint =
        keyed(json!({ "connection_hex": "757365722d3432", "origin": "https://app.example.com", "ts_ms": TS_MS, "nonce_hex": NONCE }));
    let ticket = minted("ticket.mint", &mint, "ticket")?;
    let verify = keyed(json!({ "ticket": ticket, "origin": "https://app.example.com", "now_ms": TS_MS }));
    let minting = vec![
        ("no connection", json!({ "connection_hex": "" })),
        ("a connection of 256 bytes", json!({ "connection_hex": "61".repeat(256) })),
        ("an empty Origin", json!({ "origin": "" })),
        ("a time below 0", json!({ "ts_ms": -1 })),
    ];
    let verifying = vec![
        ("another Origin", json!({ "origin": "https://evil.example.com" })),
        ("without its Origin", json!({ "origin": null })),
        ("30 s later", json!({ "now_ms": TS_MS + 30_000 })),
        ("30,001 ms later", json!({ "now_ms": TS_MS + 30_001 })),
        ("no ticket", json!({ "ticket": null })),
        ("a request's toki", json!({ "ticket": Q })),
    ];
    joined([family("ticket.mint", &mint, minting), family("ticket.verify", &verify, also(verifying, other_keys()))])
}

fn keys() -> Made {
    let derive = keyed(json!({}));
    let deriving = vec![
        ("another audience", json!({ "audience": "api.example.org" })),
        ("no audience", json!({ "audience": "" })),
        ("an audience with a space", json!({ "audience": "api example" })),
        ("a generation of 33 bits", json!({ "generation": 1_i64 << 32 })),
    ];
    let parse = json!({ "kind": "audience_key", "text": minted("key.derive", &derive, "audience_key")? });
    let parsing = vec![
        ("an audience key as a secret", json!({ "kind": "secret" })),
        ("an audience key as a session", json!({ "kind": "session" })),
        ("a grant as an audience key", json!({ "text": K })),
        ("nothing", json!({ "text": "" })),
    ];
    joined([family("key.derive", &derive, also(deriving, other_keys())), family("key.parse", &parse, parsing)])
}

fn services() -> Made {
    let request = json!({
        "method": "POST", "authority": "api.example.com", "target": "/v1/transfer?dry=0", "body_hex": "7b22616d6f756e74223a31307d",
        "now_ms": TS_MS, "toki": Q,
    });
    let verify = |change: Value| json!({ "do": "verify", "in": changed(&request, &change) });
    let kid = json!({ "kid_hex": "1f0e6552cdeefa20", "now_ms": TS_MS });
    let revoke = json!({ "do": "revoke_key", "in": kid });
    let lives = [
        ("a request that comes twice", vec![verify(json!({})), verify(json!({}))]),
        ("a forged one spends nothing", vec![verify(json!({ "target": "/" })), verify(json!({}))]),
        ("a key that is revoked between two", vec![verify(json!({})), revoke.clone(), verify(json!({}))]),
        ("a key that was revoked before", vec![revoke, verify(json!({}))]),
    ];
    let settings = json!({
        "keys": [keyed(json!({}))], "authorities": ["api.example.com"], "start_ms": TS_MS - 1000, "first_start": true, "capacity": 8,
    });
    sequences("service", &settings, lives.into_iter().collect())
}

fn clients() -> Made {
    let sign = json!({ "do": "sign", "in": {
        "method": "POST", "authority": "api.example.com", "target": "/v1/transfer?dry=0", "body_hex": "7b22616d6f756e74223a31307d",
        "now_ms": TS_MS, "nonce_hex": NONCE, "trust_clock": true,
    } });
    let answer = json!({
        "of": 0, "now_ms": TS_MS + 313, "status": 200, "toki": "ot2.IgMAAaIAOALIXucNL02fnJRTEmwYnotsXg", "grant": K,
        "body_hex": "7b226f6b223a747275657d",
    });
    let life = |change: Value| vec![sign.clone(), json!({ "do": "accept", "in": changed(&answer, &change) })];
    let lives = vec![
        ("its answer", life(json!({}))),
        ("its answer with another status", life(json!({ "status": 500 }))),
        ("its answer with another body", life(json!({ "body_hex": "7b7d" }))),
        ("its answer without its grant", life(json!({ "grant": null }))),
        ("an answer without a toki", life(json!({ "toki": null }))),
        ("its own toki as the answer", life(json!({ "toki": Q }))),
    ];
    sequences("client", &keyed(json!({})), lives)
}

fn sequences(op: &str, settings: &Value, lives: Vec<(&str, Vec<Value>)>) -> Made {
    let case = |(name, steps): (&str, Vec<Value>)| {
        let mut members = changed(settings, &json!({ "steps": steps }));
        expect::fill_steps(op, &mut members).map_err(|reason| format!("{op}, {name}: {reason}"))?;
        Ok(json!({ "name": format!("{op}: {name}"), "op": op, "in": members, "expect": { "ok": {} } }))
    };
    lives.into_iter().map(case).collect()
}
