//! The vectors of the protocol's section 9, through the public API.
#![allow(clippy::unwrap_used)]

use oscartoki::{AnswerRef, AudienceKey, Content, Grant, RequestRef, Secret, Toki, encoding, hazmat};

fn key() -> AudienceKey {
    let secret: Vec<u8> = (0..32).collect();
    Secret::from_bytes(&secret).unwrap().audience_key("api.example.com", 0).unwrap()
}

fn request<'a>(verb: &'a str, target: &'a str, body: &'a str) -> RequestRef<'a> {
    let content = if body.is_empty() { Content::None } else { Content::Bytes(body.as_bytes()) };
    RequestRef { verb: verb.as_bytes(), authority: b"api.example.com", target: target.as_bytes(), ext: b"", content }
}

const NONCE: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];
const Q: &str = "ot2.IQofDmVSze76IAGiADgBewECAwQFBgcIW8XPj1Fcadcpvhuo3QgFWA";
const K: &str = "ok2.KgAfDmVSze76IKChoqOkpaanawIc-AJYPYh3PGeQSf4";

#[test]
fn keys() {
    let key = key();
    assert_eq!(encoding::hex(&key.kid()), "1f0e6552cdeefa20");
    assert_eq!(encoding::hex(key.expose()), "1e844ec9faad5b1898a4f77ff1204015d3329b63df4187b64f2b335f94d7c86e");
    assert_eq!(AudienceKey::parse(&key.to_text()).unwrap().to_text(), key.to_text());
}

#[test]
fn request_grant_answer() {
    let key = key();
    let post = request("POST", "/v1/transfer?dry=0", "{\"amount\":10}");
    let q = hazmat::mint_request(&key, None, &post, 1795300000123, NONCE, true).unwrap();
    assert_eq!(q.to_text(), Q);
    assert_eq!(Toki::parse(Q.as_bytes()).unwrap(), q);
    let k = hazmat::mint_grant(&key, &q, [0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7], 1795300600, 600).unwrap();
    assert_eq!(k.to_text(), K);
    assert_eq!(Grant::parse(K.as_bytes()).unwrap(), k);
    let answer = AnswerRef { status: 200, ext: b"", content: Content::Bytes(b"{\"ok\":true}") };
    let r = hazmat::mint_answer(&key, None, &q, 0, 1795300000456, &answer, Some(&k)).unwrap();
    assert_eq!(r.to_text(), "ot2.IgMAAaIAOALIXucNL02fnJRTEmwYnotsXg");
}

#[test]
fn session_and_probe() {
    let key = key();
    let k = Grant::parse(K.as_bytes()).unwrap();
    let get = request("GET", "/v1/accounts?limit=10", "");
    let q = hazmat::mint_request(&key, Some(&k), &get, 1795300001000, [0; 8], false).unwrap();
    assert_eq!(q.to_text(), "ot2.IQGgoaKjpKWmpwGiADgE6AAAAAAAAAAAKAdcjgLTeo10qgnNFT2kLA");
    let probe = request("HEAD", "/v1/transfer?dry=0", "");
    let q0 = hazmat::mint_request(&key, None, &probe, 0, NONCE, true).unwrap();
    assert_eq!(q0.to_text(), "ot2.IQgfDmVSze76IAAAAAAAAAECAwQFBgcIIFK5lWwcLjxeeK_F5MgKmQ");
    let answer = AnswerRef { status: 204, ..AnswerRef::default() };
    let r0 = hazmat::mint_answer(&key, None, &q0, 1, 1795300000456, &answer, None).unwrap();
    assert_eq!(r0.to_text(), "ot2.IgABAaIAOALIgmLgrvIZJPp2gKC94xmvQA");
}
