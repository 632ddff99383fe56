//! What can be signed, what is safe, and which audience.

use crate::world::{AUDIENCE, NOW, PLAIN, TRUSTING, answer, client, configured, key, mint, request, sample, secret, sign, try_sign};
use oscartoki::encoding::push_lp;
use oscartoki::{AnswerRef, Client, ClientConfig, Content, OscarError, RequestRef, SignOptions, hazmat};

fn name(result: Result<crate::world::Sent, OscarError>) -> &'static str {
    result.map_or_else(|error| error.name(), |_| "signed")
}

fn ext(pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, field) in pairs {
        assert!(push_lp(&mut out, name.as_bytes()) && push_lp(&mut out, field.as_bytes()));
    }
    out
}

const REPEATABLE: SignOptions = SignOptions { repeatable: true, ..PLAIN };

#[test]
fn fields_outside_section_5_are_unsignable_whether_a_probe_goes_first_or_not() {
    let long = vec![b'a'; 256];
    let long_target = [b"/".to_vec(), vec![b'a'; 65_535]].concat();
    let base = request("POST");
    let bad = [
        RequestRef { verb: b"post", ..base },
        RequestRef { verb: b"", ..base },
        RequestRef { verb: b"CONNECT", ..base },
        RequestRef { authority: b"", ..base },
        RequestRef { authority: b"a b", ..base },
        RequestRef { authority: b"::1", ..base },
        RequestRef { authority: &long, ..base },
        RequestRef { target: b"", ..base },
        RequestRef { target: b"v1", ..base },
        RequestRef { target: b"/a#b", ..base },
        RequestRef { target: b"/a b", ..base },
        RequestRef { target: b"*", ..base },
        RequestRef { target: &long_target, ..base },
        RequestRef { ext: &long_target, ..base },
        RequestRef { content: Content::Digest(oscartoki::sha256(b"")), ..base },
    ];
    let client = client();
    for (index, request) in bad.iter().enumerate() {
        for options in [PLAIN, TRUSTING] {
            assert_eq!(name(try_sign(&client, request, options, NOW, None)), "unsignable", "{index}");
        }
    }
    assert_eq!(name(try_sign(&client, &RequestRef { target: b"*", ..request("OPTIONS") }, PLAIN, NOW, None)), "signed");
}

#[test]
fn repeatable_needs_an_idempotency_key_with_a_value() {
    let client = client();
    let good = ext(&[("content-type", "text/plain"), ("idempotency-key", "1")]);
    let sent = try_sign(&client, &RequestRef { ext: &good, ..request("POST") }, REPEATABLE, NOW, None).unwrap();
    assert!(!sent.probe, "what is repeatable is safe");
    let mut cut = good.clone();
    cut.pop();
    let trailing = [&good[..], b"x"].concat();
    let others =
        [ext(&[]), ext(&[("idempotency-key", "")]), ext(&[("Idempotency-Key", "1")]), ext(&[("x", "idempotency-key")]), cut, trailing];
    for (index, ext) in others.iter().enumerate() {
        assert_eq!(name(try_sign(&client, &RequestRef { ext, ..request("POST") }, REPEATABLE, NOW, None)), "unsignable", "{index}");
        for verb in ["GET", "HEAD", "OPTIONS"] {
            assert_eq!(name(try_sign(&client, &RequestRef { ext, ..request(verb) }, REPEATABLE, NOW, None)), "signed", "{index} {verb}");
        }
    }
}

#[test]
fn a_safe_request_is_resent_once_after_a_signed_1_or_2_and_an_unsafe_one_never() {
    let key_ext = ext(&[("idempotency-key", "1")]);
    for code in 0..=7 {
        for (verb, options, safe) in
            [("GET", PLAIN, true), ("HEAD", PLAIN, true), ("OPTIONS", PLAIN, true), ("POST", REPEATABLE, true), ("POST", PLAIN, false)]
        {
            for resend in [false, true] {
                let client = client();
                sample(&client, NOW);
                let request = RequestRef { ext: if options.repeatable { &key_ext } else { b"" }, ..request(verb) };
                let sent = try_sign(&client, &request, SignOptions { resend, ..options }, NOW, None).unwrap();
                let outcome = answer(&client, sent, code, NOW, NOW, None);
                assert_eq!(outcome.resend, safe && !resend && [1, 2].contains(&code), "{verb} {code} {resend}");
                assert_eq!(outcome.may_have_run, ![3, 5, 6].contains(&code));
                assert_eq!((outcome.signed, outcome.code), (true, Some(code)));
                assert_eq!(outcome.error, OscarError::from_code(code));
            }
        }
    }
}

#[test]
fn the_audience_is_configured_or_the_normalised_authority() {
    let bound = client();
    let by_authority = Client::by_authority(&secret(), ClientConfig::default()).unwrap();
    let signed = |client: &Client, authority: &str| {
        let request = RequestRef { authority: authority.as_bytes(), ..request("GET") };
        hazmat_toki(client, &request)
    };
    // Bound: one key whatever the authority; the normalised authority is in M.
    let with = |audience: &str, authority: &str| {
        let key = secret().audience_key(audience, 0).unwrap();
        let request = RequestRef { authority: authority.as_bytes(), ..request("GET") };
        hazmat::mint_request(&key, None, &request, NOW, [9; 8], true).unwrap()
    };
    assert_eq!(signed(&bound, "Other.Example.com:443"), with(AUDIENCE, "other.example.com"));
    assert_eq!(signed(&by_authority, "Other.Example.com:443"), with("other.example.com", "other.example.com"));
    assert_ne!(signed(&by_authority, "other.example.com"), with(AUDIENCE, "other.example.com"));
    assert_eq!(signed(&by_authority.for_audience("x").unwrap(), "api.example.com"), with("x", AUDIENCE));
    for audience in ["", "a b", "ä", &"a".repeat(256)] {
        assert_eq!(by_authority.for_audience(audience).unwrap_err().name(), "unsignable");
        assert_eq!(Client::new(&secret(), audience, ClientConfig::default()).unwrap_err().name(), "unsignable");
    }
}

fn hazmat_toki(client: &Client, request: &RequestRef<'_>) -> oscartoki::Toki {
    let mut out = oscartoki::SignedHeaders::default();
    hazmat::sign(client, request, PLAIN, NOW, None, [9; 8], &mut out).unwrap();
    oscartoki::Toki::parse(out.toki().as_bytes()).unwrap()
}

#[test]
fn audiences_of_one_client_keep_their_own_clocks_and_handles_share_them() {
    let client = Client::by_authority(&secret(), ClientConfig::default()).unwrap();
    let handle = client.for_audience(AUDIENCE).unwrap();
    let sent = sign(&client, "GET", PLAIN, NOW);
    answer(&client, sent, 0, NOW + 5_000, NOW, None);
    assert_eq!((handle.offset_ms(), client.for_audience("b").unwrap().offset_ms()), (Some(5_000), None));
    assert!(!sign(&client, "POST", PLAIN, NOW).probe);
    let other = RequestRef { authority: b"b", ..request("POST") };
    assert!(try_sign(&client, &other, PLAIN, NOW, None).unwrap().probe);
}

#[test]
fn so_many_audiences_are_bounded_and_a_forgotten_one_probes_again() {
    let client = Client::by_authority(&secret(), ClientConfig::default()).unwrap();
    sample(&client, NOW);
    for number in 0..1_100 {
        let authority = format!("h{number}");
        try_sign(&client, &RequestRef { authority: authority.as_bytes(), ..request("GET") }, PLAIN, NOW, None).unwrap();
    }
    assert!(!sign(&client, "POST", PLAIN, NOW).probe, "the one that was heard from is kept");
}

#[test]
fn generation_and_registered_kid_are_configured() {
    let config = ClientConfig { generation: 3, ..ClientConfig::default() };
    let moved = configured(config.clone());
    assert_eq!(moved.kid(), secret().kid(3).unwrap());
    assert_eq!(sign(&moved, "GET", PLAIN, NOW).toki.claimed_id().to_vec(), moved.kid());
    let registered = configured(ClientConfig { kid: Some(vec![7; 8]), ..config.clone() });
    assert_eq!(sign(&registered, "GET", PLAIN, NOW).toki.claimed_id(), [7; 8]);
    for config in [
        ClientConfig { kid: Some(vec![7; 7]), ..config.clone() },
        ClientConfig { max_answer: -1, ..config.clone() },
        ClientConfig { generation: -1, ..config.clone() },
        ClientConfig { ext: vec!["a b".into()], ..config.clone() },
        ClientConfig { answer_ext: vec![String::new()], ..config },
    ] {
        Client::new(&secret(), AUDIENCE, config).unwrap_err();
    }
}

#[test]
fn a_client_of_an_audience_key_is_a_root_holder_of_that_audience_alone() {
    let client = Client::from_audience_key(&key(), ClientConfig::default()).unwrap();
    let sent = sign(&client, "GET", PLAIN, NOW);
    assert!(sent.toki.claimed_want());
    let fields = AnswerRef { status: 200, ..AnswerRef::default() };
    let toki = mint(&sent, 0, NOW, &fields, None);
    assert_eq!(client.accept_ref(sent.context, &fields, Some(toki.as_bytes()), None, NOW, None).error, None);
    assert_eq!(client.for_audience("other").unwrap_err().name(), "unsignable");
}

#[test]
fn a_probe_leaves_out_what_belongs_to_a_body_or_a_condition_but_not_the_covered() {
    let client = configured(ClientConfig { ext: vec!["If-Match".into()], ..ClientConfig::default() });
    for name in ["Content-Digest", "content-length", "Transfer-Encoding", "content-encoding", "Expect", "Trailer", "Range", "If-None-Match"]
    {
        assert!(client.drops_from_probe(name), "{name}");
    }
    for name in ["if-match", "If-Match", "content-type", "authorization", "ifx", "i"] {
        assert!(!client.drops_from_probe(name), "{name}");
    }
}

#[test]
fn nothing_secret_is_printed() {
    let client = client();
    assert_eq!(format!("{client:?}"), "Client(kid 1f0e6552cdeefa20)");
    let sent = sign(&client, "GET", PLAIN, NOW);
    assert!(!format!("{:?}", sent.context).contains("MacKey"));
}
