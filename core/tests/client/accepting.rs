//! Accept: missing, malformed, forged, over the limit, uncovered; and once.

use crate::world::{AUDIENCE, BODY, NOW, PLAIN, Sent, TRUSTING, client, configured, grant_for, key, mint, request, sign};
use oscartoki::{Answer, AnswerHead, AnswerRef, ClientConfig, Content, Headers, Outcome, Request, SignOptions, hazmat};

const OK: AnswerRef<'static> = AnswerRef { status: 200, ext: b"", content: BODY };

fn name(outcome: &Outcome) -> &'static str {
    outcome.error.map_or("ok", |error| error.name())
}

/// Signs a GET, lets `forge` make what arrives, and accepts it.
fn arrive(forge: impl FnOnce(&Sent) -> (AnswerRef<'static>, Option<String>, Option<String>)) -> Outcome {
    let client = client();
    let sent = sign(&client, "GET", PLAIN, NOW);
    let (answer, toki, grant) = forge(&sent);
    let outcome =
        client.accept_ref(sent.context, &answer, toki.as_deref().map(str::as_bytes), grant.as_deref().map(str::as_bytes), NOW + 5, None);
    if !outcome.signed {
        assert_eq!((client.offset_ms(), outcome.resend, outcome.adopted, outcome.code), (None, false, None, None));
        assert!(outcome.may_have_run && outcome.error.is_some() && !outcome.content_authentic);
    }
    outcome
}

#[test]
fn an_authentic_answer_is_accepted() {
    let outcome = arrive(|sent| (OK, Some(mint(sent, 0, NOW, &OK, None)), None));
    assert_eq!(
        (name(&outcome), outcome.code, outcome.signed, outcome.content_authentic, outcome.status),
        ("ok", Some(0), true, true, Some(200))
    );
}

#[test]
fn what_is_missing_or_does_not_parse() {
    assert_eq!(name(&arrive(|_| (OK, None, None))), "missing");
    assert_eq!(name(&arrive(|sent| (OK, None, Some(grant_for(sent, 1_795_300_600, 600).to_text())))), "missing");
    for toki in [
        "",
        "ot2.",
        "ot2.IgMAAaIAOALIXucNL02fnJRTEmwYnotsX",
        "ot1.IgMAAaIAOALIXucNL02fnJRTEmwYnotsXg",
        "IgMAAaIAOALIXucNL02fnJRTEmwYnotsXg",
    ] {
        assert_eq!(name(&arrive(|_| (OK, Some(toki.to_owned()), None))), "malformed", "{toki}");
    }
    assert_eq!(name(&arrive(|sent| (OK, Some(sent.toki.to_text()), None))), "malformed", "its own toki sent back");
    let spaced = arrive(|sent| (OK, Some(format!("{} ", mint(sent, 0, NOW, &OK, None))), None));
    assert_eq!(name(&spaced), "malformed");
    let grant = arrive(|sent| {
        let grant = grant_for(sent, 1_795_300_600, 600);
        (OK, Some(mint(sent, 0, NOW, &OK, Some(&grant))), Some(format!("{}A", grant.to_text())))
    });
    assert_eq!(name(&grant), "malformed");
}

#[test]
fn flags_that_do_not_fit() {
    let none = AnswerRef { content: Content::None, ..OK };
    let ext = AnswerRef { ext: b"\0\x01a\0\x01b", ..OK };
    let stripped_grant = arrive(|sent| (OK, Some(mint(sent, 0, NOW, &OK, Some(&grant_for(sent, 1_795_300_600, 600)))), None));
    assert_eq!(name(&stripped_grant), "malformed");
    let added_grant = arrive(|sent| (OK, Some(mint(sent, 0, NOW, &OK, None)), Some(grant_for(sent, 1_795_300_600, 600).to_text())));
    assert_eq!(name(&added_grant), "malformed");
    assert_eq!(name(&arrive(|sent| (none, Some(mint(sent, 0, NOW, &OK, None)), None))), "malformed", "BODY without content");
    assert_eq!(name(&arrive(|sent| (OK, Some(mint(sent, 0, NOW, &ext, None)), None))), "malformed", "EXT without ext");
    assert_eq!(name(&arrive(|sent| (ext, Some(mint(sent, 0, NOW, &OK, None)), None))), "malformed", "ext without EXT");
}

#[test]
fn what_was_changed_on_the_way() {
    let status = AnswerRef { status: 201, ..OK };
    let content = AnswerRef { content: Content::Bytes(b"{\"ok\":false}"), ..OK };
    for changed in [status, content] {
        assert_eq!(name(&arrive(|sent| (changed, Some(mint(sent, 0, NOW, &OK, None)), None))), "bad_mac");
    }
    let (a, b) = (AnswerRef { ext: b"\0\x01a\0\x01b", ..OK }, AnswerRef { ext: b"\0\x01a\0\x01c", ..OK });
    assert_eq!(name(&arrive(|sent| (b, Some(mint(sent, 0, NOW, &a, None)), None))), "bad_mac");
    let other_request = arrive(|_| {
        let other = hazmat::mint_request(&key(), None, &request("GET"), NOW, [3; 8], true).unwrap();
        (OK, Some(hazmat::mint_answer(&key(), None, &other, 0, NOW, &OK, None).unwrap().to_text()), None)
    });
    assert_eq!(name(&other_request), "bad_mac");
    let other_grant = arrive(|sent| {
        let toki = mint(sent, 0, NOW, &OK, Some(&grant_for(sent, 1_795_300_600, 600)));
        (OK, Some(toki), Some(grant_for(sent, 1_795_300_601, 600).to_text()))
    });
    assert_eq!(name(&other_grant), "bad_mac");
    let other_key = arrive(|sent| {
        let stranger = crate::world::secret().audience_key("other.example.com", 0).unwrap();
        (OK, Some(hazmat::mint_answer(&stranger, None, &sent.toki, 0, NOW, &OK, None).unwrap().to_text()), None)
    });
    assert_eq!(name(&other_key), "bad_mac");
}

#[test]
fn content_that_is_not_covered_is_policy_unless_it_was_asked_for() {
    let none = AnswerRef { content: Content::None, ..OK };
    for code in [0, 1, 6] {
        let outcome = arrive(|sent| (OK, Some(mint(sent, code, NOW, &none, None)), None));
        // The code of a refusal comes first; what is signed has been taken either way.
        assert_eq!(name(&outcome), ["policy", "stale", "", "", "", "", "policy"][usize::from(code)]);
        assert_eq!((outcome.signed, outcome.content_authentic, outcome.offset_ms), (true, false, Some(-5)));
        assert_eq!(outcome.may_have_run, code != 6);
        assert_eq!(outcome.resend, code == 1);
    }
    let client = client();
    let sent = sign(&client, "GET", SignOptions { stream: true, ..PLAIN }, NOW);
    let toki = mint(&sent, 0, NOW, &none, None);
    let outcome = client.accept_ref(sent.context, &none, Some(toki.as_bytes()), None, NOW, None);
    assert_eq!((name(&outcome), outcome.signed, outcome.content_authentic), ("ok", true, false));
}

#[test]
fn an_answer_without_a_body_by_its_nature_has_no_flag_body() {
    for status in [204, 304] {
        let answer = AnswerRef { status, ..OK };
        assert_eq!(name(&arrive(|sent| (answer, Some(mint(sent, 0, NOW, &answer, None)), None))), "malformed", "{status}");
        let bare = AnswerRef { content: Content::None, ..answer };
        assert_eq!(name(&arrive(|sent| (bare, Some(mint(sent, 0, NOW, &bare, None)), None))), "ok", "{status}");
    }
    let client = client();
    let sent = sign(&client, "HEAD", PLAIN, NOW);
    let toki = mint(&sent, 0, NOW, &OK, None);
    assert_eq!(name(&client.accept_ref(sent.context, &OK, Some(toki.as_bytes()), None, NOW, None)), "malformed");
}

#[test]
fn an_answer_over_the_limit_is_policy_and_not_authentic() {
    let client = configured(ClientConfig { max_answer: 11, ..ClientConfig::default() });
    let fits = sign(&client, "GET", PLAIN, NOW);
    let toki = mint(&fits, 0, NOW, &OK, None);
    assert_eq!(name(&client.accept_ref(fits.context, &OK, Some(toki.as_bytes()), None, NOW, None)), "ok");
    let over = AnswerRef { content: Content::Bytes(b"{\"ok\":false}"), ..OK };
    let sent = sign(&client, "GET", PLAIN, NOW);
    let toki = mint(&sent, 0, NOW, &over, None);
    let outcome = client.accept_ref(sent.context, &over, Some(toki.as_bytes()), None, NOW, None);
    assert_eq!((name(&outcome), outcome.signed, outcome.may_have_run), ("policy", false, true));
    let outcome = client.accept_too_large(sign(&client, "GET", PLAIN, NOW).context, 200);
    assert_eq!((name(&outcome), outcome.signed, outcome.status), ("policy", false, Some(200)));
    let outcome = client.accept_none(sign(&client, "POST", TRUSTING, NOW).context);
    assert_eq!((name(&outcome), outcome.signed, outcome.may_have_run, outcome.status), ("missing", false, true, None));
}

#[test]
fn a_second_accept_is_replayed_and_changes_nothing() {
    let client = client();
    let request = Request { verb: "GET".into(), authority: AUDIENCE.into(), target: "/v1/transfer?dry=0".into(), ..Request::default() };
    let good = Answer { status: 200, content: b"{\"ok\":true}".to_vec(), ..Answer::default() };
    for first_is_good in [true, false] {
        let signed = client.sign(&request, PLAIN, NOW, None).unwrap();
        let toki = oscartoki::Toki::parse(signed.toki().as_bytes()).unwrap();
        let grant = signed.grant().map(|text| oscartoki::Grant::parse(text.as_bytes()).unwrap());
        let mint = |ts_ms| hazmat::mint_answer(&key(), grant.as_ref(), &toki, 0, ts_ms, &OK, None).unwrap().to_text();
        let first = client.accept(&signed, &good, first_is_good.then(|| mint(NOW + 7)), None, NOW, None);
        assert_eq!(first.error_name().as_deref(), if first_is_good { None } else { Some("missing") });
        let second = client.accept(&signed, &good, Some(mint(NOW + 50_000)), None, NOW, None);
        assert_eq!(second.error_name().as_deref(), Some("replayed"));
        assert!(second.may_have_run() && !second.signed() && !second.resend());
        assert_eq!(client.offset_ms(), Some(7));
    }
}

#[test]
fn a_head_is_read_strictly() {
    let client = client();
    type Fields = Vec<(&'static [u8], Vec<u8>)>;
    let accept = |make: &dyn Fn(&str) -> Fields| {
        let sent = sign(&client, "GET", PLAIN, NOW);
        let toki = mint(&sent, 0, NOW, &OK, None);
        let owned = make(&toki);
        let pairs: Vec<(&[u8], &[u8])> = owned.iter().map(|(name, field)| (*name, &field[..])).collect();
        client.accept_head(sent.context, &AnswerHead { status: 200, headers: Headers::Pairs(&pairs) }, BODY, NOW, None)
    };
    assert_eq!(name(&accept(&|toki| vec![(b"Oscartoki", toki.into())])), "ok");
    assert_eq!(name(&accept(&|_| vec![(b"oscartoki-error", b"stale".to_vec())])), "missing");
    assert_eq!(name(&accept(&|toki| vec![(b"oscartoki", toki.into()), (b"OSCARTOKI", toki.into())])), "malformed");
    assert_eq!(name(&accept(&|toki| vec![(b"oscartoki", format!("{toki}, {toki}").into())])), "malformed");
    assert_eq!(name(&accept(&|_| vec![(b"oscartoki", Vec::new())])), "malformed");
    assert_eq!(name(&accept(&|toki| vec![(b"oscartoki", toki.into()), (b"oscartokikey", Vec::new())])), "malformed");
}
