//! Clock and grants as text.

use crate::world::{AUDIENCE, HOUR_MS, NOW, PLAIN, answer, client, configured, enter_session, request, secret, sign, try_sign};
use oscartoki::{Client, ClientConfig, RequestRef};

#[test]
fn another_process_goes_on_where_this_one_stopped() {
    let first = client();
    let grant = enter_session(&first, NOW, NOW / 1000 + 600, 600);
    let text = first.export_state();
    assert_eq!(text, format!("oscartoki client 1\naudience {AUDIENCE}\nclock 0 {NOW}\ngrant {}\n", grant.to_text()));
    let second = client();
    assert!(sign(&second, "POST", PLAIN, NOW).probe);
    second.import_state(&text).unwrap();
    let sent = sign(&second, "POST", PLAIN, NOW + 5);
    assert_eq!((sent.probe, sent.grant), (false, Some(grant)));
    assert_eq!(answer(&second, sent, 0, NOW + 5, NOW + 5, None).error, None);
    assert!(sign(&second, "POST", PLAIN, NOW + 2 * HOUR_MS).probe);
    assert!(!text.contains(&secret().to_text()[4..]));
}

#[test]
fn a_client_by_authority_keeps_every_audience() {
    let client = Client::by_authority(&secret(), ClientConfig::default()).unwrap();
    for (authority, ahead_ms) in [("a.example.com", 5), ("b.example.com", -7)] {
        let line = format!("oscartoki client 1\naudience {authority}\nclock {ahead_ms} -\n");
        client.import_state(&line).unwrap();
    }
    let text = client.export_state();
    assert_eq!(text, "oscartoki client 1\naudience a.example.com\nclock 5 -\naudience b.example.com\nclock -7 -\n");
    let bound = client.for_audience("b.example.com").unwrap();
    assert_eq!(bound.offset_ms(), Some(-7));
    let request = RequestRef { authority: b"b.example.com", ..request("POST") };
    assert!(try_sign(&client, &request, PLAIN, NOW, None).unwrap().probe, "a sample of unknown age");
}

#[test]
fn what_is_not_ours_is_passed_over() {
    let first = client();
    enter_session(&first, NOW, NOW / 1000 + 600, 600);
    let text = first.export_state();
    let moved = configured(ClientConfig { generation: 1, ..ClientConfig::default() });
    moved.import_state(&text).unwrap();
    assert_eq!((moved.offset_ms(), sign(&moved, "GET", PLAIN, NOW).grant), (Some(0), None), "sessions die with their generation");
    let other = Client::new(&secret(), "other.example.com", ClientConfig::default()).unwrap();
    other.import_state(&text).unwrap();
    assert_eq!(other.offset_ms(), None);
}

#[test]
fn a_delegate_keeps_its_clock_and_no_other_delegate_takes_it() {
    let root = client();
    let session = root.hand_out(60, NOW).unwrap();
    let delegate = || Client::from_session(&session, ClientConfig::default()).unwrap();
    let first = delegate();
    let sent = sign(&first, "GET", PLAIN, NOW);
    answer(&first, sent, 0, NOW + 3, NOW, None);
    let text = first.export_state();
    assert!(!text.contains("grant"));
    let second = delegate();
    second.import_state(&text).unwrap();
    assert_eq!(second.offset_ms(), Some(3));
    let stranger = Client::from_session(&root.hand_out(60, NOW).unwrap(), ClientConfig::default()).unwrap();
    stranger.import_state(&text).unwrap();
    assert_eq!(stranger.offset_ms(), None);
}

#[test]
fn a_text_of_another_form_is_malformed_and_changes_nothing() {
    let client = client();
    let head = format!("oscartoki client 1\naudience {AUDIENCE}\nclock 5 6\n");
    for bad in [
        "".to_owned(),
        "oscartoki client 2\n".to_owned(),
        "oscartoki client 1\nclock 1 2\n".to_owned(),
        format!("{head}clock 1 2\n"),
        format!("{head}grant ok2.AAAA\n"),
        format!("{head}grunt 1\n"),
        format!("{head}\n"),
        format!("{head}audience a b\n"),
        format!("{head}session 00\n"),
        head.replace("5 6", "5"),
        head.replace("5 6", "x 6"),
        head.replace("5 6", "5 x"),
    ] {
        assert_eq!(client.import_state(&bad).unwrap_err().name(), "malformed", "{bad}");
        assert_eq!(client.offset_ms(), None);
    }
    client.import_state(&head).unwrap();
    assert_eq!(client.offset_ms(), Some(5));
}
