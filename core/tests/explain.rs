//! `explain` names what happened between the client and the service.
#![allow(clippy::unwrap_used)]

use oscartoki::{AudienceKey, Candidate, Content, RequestRef, Secret, explain, hazmat};

const TS: i64 = 1_795_300_000_123;

fn key(audience: &str, generation: i64) -> AudienceKey {
    Secret::from_bytes(&(0..32).collect::<Vec<u8>>()).unwrap().audience_key(audience, generation).unwrap()
}

fn request<'a>(verb: &'a str, authority: &'a str, target: &'a str, body: &'a str) -> RequestRef<'a> {
    RequestRef {
        verb: verb.as_bytes(),
        authority: authority.as_bytes(),
        target: target.as_bytes(),
        ext: b"",
        content: Content::Bytes(body.as_bytes()),
    }
}

fn signed_arrived(signed: &RequestRef<'_>, arrived: &RequestRef<'_>) -> Option<String> {
    let own = key("api.example.com", 0);
    let toki = hazmat::mint_request(&own, None, signed, TS, [1; 8], true).unwrap();
    explain(&[Candidate { label: "api.example.com", key: &own }], arrived, toki.to_text().as_bytes(), None)
}

#[test]
fn names_the_usual_alterations() {
    let host = "api.example.com";
    let base = request("POST", host, "/a/b?x=2&a=1", r#"{"amount":10,"to":"x"}"#);
    for (signed, arrived, words) in [
        (base, RequestRef { authority: b"api.example.com:8080", ..base }, "without its port"),
        (RequestRef { authority: b"api.example.com:8080", ..base }, base, "with port 8080"),
        (RequestRef { target: b"/a/b?a=1&x=2", ..base }, base, "sorted"),
        (RequestRef { target: b"/a/b", ..base }, base, "without its query"),
        (RequestRef { target: b"/a/b/?x=2&a=1", ..base }, base, "one slash more"),
        (base, RequestRef { target: b"/a/b/?x=2&a=1", ..base }, "without its last slash"),
        (RequestRef { target: b"/a?", ..base }, RequestRef { target: b"/a", ..base }, "empty ? that was dropped"),
        (RequestRef { target: b"/a", ..base }, RequestRef { target: b"/a?", ..base }, "without its empty ?"),
        (RequestRef { target: b"/a/b", ..base }, RequestRef { target: b"/a%2Fb", ..base }, "decoded"),
        (RequestRef { target: b"/a%2fb", ..base }, RequestRef { target: b"/a%2Fb", ..base }, "lower case"),
        (RequestRef { target: b"/a?b=%20", ..base }, RequestRef { target: b"/a?b=+", ..base }, "%20"),
        (request("GET", host, "/", ""), request("HEAD", host, "/", ""), "signed GET, and HEAD arrived"),
        (RequestRef { content: Content::None, ..base }, base, "no content"),
        (request("POST", host, "/", "{\"a\": 1, \"b\": \":,\"}"), request("POST", host, "/", r#"{"a":1,"b":":,"}"#), "spaced"),
        (request("POST", host, "/", r#"{"a":1}"#), request("POST", host, "/", "{\"a\": 1}"), "compact"),
        (request("POST", host, "/", r#"{"b":1,"a":2}"#), request("POST", host, "/", "{\"b\": 1, \"a\": 2}"), "signed it compact"),
        (request("POST", host, "/", r#"{"a":1,"b":2}"#), request("POST", host, "/", r#"{"b":2,"a":1}"#), "signed it sorted"),
        (request("POST", host, "/", "x"), request("POST", host, "/", "x\n"), "without its last line break"),
        (base, RequestRef { ext: b"\0\x01a\0\x01b", ..base }, "ext list is empty"),
    ] {
        let sentence = signed_arrived(&signed, &arrived).unwrap_or_default();
        assert!(sentence.contains(words), "{sentence:?} does not say {words:?}");
    }
}

#[test]
fn names_another_key() {
    let (own, other, older) = (key("api.example.com", 1), key("pay.example.com", 1), key("api.example.com", 0));
    let asked = request("GET", "api.example.com", "/", "");
    let all = [
        Candidate { label: "api.example.com generation 1", key: &own },
        Candidate { label: "pay.example.com generation 1", key: &other },
        Candidate { label: "api.example.com generation 0", key: &older },
    ];
    for (minted_with, words) in [(&other, "pay.example.com generation 1"), (&older, "api.example.com generation 0")] {
        let toki = hazmat::mint_request(minted_with, None, &asked, TS, [1; 8], true).unwrap().to_text();
        assert!(explain(&all, &asked, toki.as_bytes(), None).unwrap().contains(words));
        let arrived = RequestRef { target: b"/?", ..asked };
        let both = explain(&all, &arrived, toki.as_bytes(), None).unwrap();
        assert!(both.contains(words) && both.contains("empty ?"), "{both}");
        assert!(explain(&all[..1], &RequestRef { verb: b"PUT", ..asked }, toki.as_bytes(), None).is_none_or(|s| s.contains("kid")));
    }
}

#[test]
fn has_nothing_to_say_of_a_good_toki_or_an_unusual_change() {
    let base = request("POST", "api.example.com", "/a", "x");
    assert_eq!(signed_arrived(&base, &base), None);
    assert_eq!(signed_arrived(&base, &RequestRef { target: b"/b", ..base }), None);
    assert_eq!(signed_arrived(&base, &RequestRef { content: Content::Bytes(b"y"), ..base }), None);
}

#[test]
fn names_what_is_malformed() {
    let own = key("api.example.com", 0);
    let all = [Candidate { label: "api.example.com", key: &own }];
    let asked = request("GET", "api.example.com", "/", "");
    assert!(explain(&all, &asked, b"ot2.", None).unwrap().contains("malformed"));
    let toki = hazmat::mint_request(&own, None, &asked, TS, [1; 8], true).unwrap();
    assert!(explain(&all, &RequestRef { target: b"a", ..asked }, toki.to_text().as_bytes(), None).unwrap().contains("begins with /"));
    let grant = hazmat::mint_grant(&own, &toki, [7; 8], 1_795_300_600, 600).unwrap();
    assert!(explain(&all, &asked, toki.to_text().as_bytes(), Some(grant.to_text().as_bytes())).unwrap().contains("one session"));
    let in_session = hazmat::mint_request(&own, Some(&grant), &asked, TS, [1; 8], false).unwrap();
    let arrived = RequestRef { target: b"/?", ..asked };
    let said = explain(&all, &arrived, in_session.to_text().as_bytes(), Some(grant.to_text().as_bytes())).unwrap();
    assert!(said.contains("empty ?"), "{said}");
    assert_eq!(explain(&[], &asked, toki.to_text().as_bytes(), None), None);
}
