//! The ring: what a key file and a file of revocations may say, and what changes together.
#![allow(clippy::unwrap_used)]

use oscartoki::{Dialect, KeyFileError, Keyring, OscarError, Secret, encoding::hex};

const AUDIENCE: &str = "api.example.com";
const KID: &str = "1f0e6552cdeefa20";
const UNTIL: &str = "until=2027-03-01T00:00:00Z";

fn secret() -> Secret {
    Secret::from_bytes(&(0..32).collect::<Vec<u8>>()).unwrap()
}

fn line(generation: i64) -> String {
    secret().audience_key(AUDIENCE, generation).unwrap().to_text()
}

fn ring() -> Keyring {
    Keyring::new(AUDIENCE).unwrap()
}

fn kids(ring: &Keyring) -> Vec<String> {
    ring.kids().iter().map(|kid| hex(kid)).collect()
}

fn load(text: &str) -> Result<Vec<String>, String> {
    let ring = ring();
    ring.try_load(text).map_err(|fault| fault.to_string().split(": ").take(2).collect::<Vec<_>>().join(" "))?;
    Ok(kids(&ring))
}

#[test]
fn a_key_file_holds_one_key_a_line() {
    let both = format!("# clients\r\n\r\n  {}  \n{}\t# the next one\n", line(0), line(1));
    assert_eq!(load(&both).unwrap().len(), 2, "generations stand side by side");
    assert_eq!(load("").unwrap(), Vec::<String>::new());
    assert_eq!(load(&line(0)).unwrap(), [KID]);
    assert_eq!(load(&format!("{} kid=00000000000000FF", line(0))).unwrap(), ["00000000000000ff"]);
    assert_eq!(load(&format!("{}\n{}", line(0), line(0))).unwrap(), [KID], "the same again changes nothing");
}

#[test]
fn what_is_no_key_file() {
    let other = Secret::from_bytes(&[7; 31].into_iter().chain([8]).collect::<Vec<_>>()).unwrap();
    let taken = other.audience_key(AUDIENCE, 0).unwrap().to_text();
    let grant = format!("oz2.{}", &"A".repeat(86));
    for (text, want) in [
        (format!("\n# a comment\n{}", secret().to_text()), "line 3 wrong_kind"),
        (format!("{} kid={KID}", secret().to_text()), "line 1 wrong_kind"),
        (format!("{} kid={KID} x", secret().to_text()), "line 1 wrong_kind"),
        (grant, "line 1 wrong_kind"),
        ("oa3.AAAA".to_owned(), "line 1 malformed"),
        (line(0)[..57].to_owned(), "line 1 malformed"),
        (format!("{}\n{}=", line(0), line(1)), "line 2 malformed"),
        (format!("{} kid=1f0e6552cdeefa", line(0)), "line 1 malformed"),
        (format!("{} kid=1f0e6552cdeefa2g", line(0)), "line 1 malformed"),
        (format!("{} {KID}", line(0)), "line 1 malformed"),
        (format!("{} kid={KID} kid={KID}", line(0)), "line 1 malformed"),
        (format!("{}\n{taken} kid={KID}", line(0)), "line 2 kid_taken"),
        (format!("oa2.{}", "A".repeat(54)), "line 1 weak_secret"),
    ] {
        assert_eq!(load(&text), Err(want.to_owned()), "{text}");
    }
}

#[test]
fn a_load_replaces_all_or_nothing() {
    let ring = ring();
    ring.add_text(&line(0)).unwrap();
    let fault = ring.try_load(&format!("{}\nos2.x", line(1))).unwrap_err();
    assert_eq!(fault, KeyFileError { line: 2, reason: OscarError::WrongKind("") });
    assert_eq!(ring.fault_in_keys(&format!("{}\nos2.x", line(1))), Some(fault.to_string()));
    assert_eq!(ring.fault_in_keys(&line(1)), None);
    assert_eq!(kids(&ring), [KID], "nothing");
    ring.load(&line(1)).unwrap();
    assert!(!ring.holds(secret().kid(0).unwrap()), "all");
    assert!(ring.holds(secret().kid(1).unwrap()));
    assert!(!ring.holds(vec![1]));
}

#[test]
fn keys_are_added_one_by_one_too() {
    let ring = ring();
    ring.add_secret(&secret(), 0).unwrap();
    ring.add(&secret().audience_key(AUDIENCE, 0).unwrap()).unwrap();
    assert_eq!(kids(&ring), [KID]);
    let other = secret().audience_key("other.example.com", 0).unwrap();
    assert_eq!(ring.add(&other), Err(OscarError::KidTaken("")), "another audience's key has the same kid");
    assert!(ring.add_secret(&secret(), -1).is_err() && ring.add_secret(&secret(), 1 << 32).is_err());
    assert_eq!(ring.add_text(&secret().to_text()), Err(OscarError::WrongKind("")));
    ring.add(&other.with_kid(&[9; 8]).unwrap()).unwrap();
    assert_eq!(ring.kids().len(), 2);
}

#[test]
fn a_v1_line_needs_its_fields_once() {
    let good = format!("v1 {UNTIL} dialect=any key=736563726574 kid={KID}");
    for text in [
        good.clone(),
        format!("v1 kid={KID} key=736563726574 dialect=java until=2027-03-01T03:00:00+03:00"),
        format!("v1 {UNTIL} key=00 kid={KID}"),
        format!("{good}\n{good}"),
    ] {
        let ring = ring();
        assert_eq!(ring.load(&text), Ok(()), "{text}");
        assert!(ring.has_v1() && ring.kids().is_empty());
    }
    for (text, want) in [
        (format!("v1 {UNTIL} dialect=any key= kid={KID}"), "weak_secret"),
        (format!("v1 {UNTIL} dialect=any kid={KID}"), "malformed"),
        (format!("v1 dialect=any key=00 kid={KID}"), "malformed"),
        (format!("v1 {UNTIL} dialect=any key=00"), "malformed"),
        (format!("v1 {UNTIL} {UNTIL} key=00 kid={KID}"), "malformed"),
        (format!("v1 {UNTIL} dialect=swift key=00 kid={KID}"), "malformed"),
        (format!("v1 {UNTIL} dialect=any key=0 kid={KID}"), "malformed"),
        (format!("v1 {UNTIL} dialect=any key=00 kid=00"), "malformed"),
        (format!("v1 until=tomorrow dialect=any key=00 kid={KID}"), "malformed"),
        (format!("v1 {UNTIL} dialect=any key=00 kid={KID} more=1"), "malformed"),
        (format!("v1 {UNTIL} dialect=any key=00 kid={KID} more"), "malformed"),
        (format!("{good}\nv1 {UNTIL} key=00 kid={KID}"), "kid_taken"),
        ((0..17).map(|kid| format!("v1 {UNTIL} key=00 kid={kid:016x}\n")).collect(), "policy"),
    ] {
        assert_eq!(ring().load(&text).unwrap_err().name(), want, "{text}");
    }
    let ring = ring();
    assert_eq!(ring.add_v1(vec![1; 8], b"secret".to_vec(), -1, Dialect::Any), Err(OscarError::Malformed("")));
    assert_eq!(ring.add_v1(vec![1; 7], b"secret".to_vec(), 1, Dialect::Any), Err(OscarError::Malformed("")));
    assert_eq!(ring.add_v1(vec![1; 8], Vec::new(), 1, Dialect::Any), Err(OscarError::WeakSecret("")));
    assert!(!ring.has_v1());
    ring.add_v1(vec![1; 8], b"secret".to_vec(), 1, Dialect::Java).unwrap();
    assert!(ring.has_v1());
}

#[test]
fn a_v1_key_is_no_key_of_v2() {
    let key = secret().audience_key(AUDIENCE, 3).unwrap();
    let weak = Err(OscarError::WeakSecret(""));
    let ring = ring();
    ring.add(&key).unwrap();
    let add = |ring: &Keyring, bytes: &[u8]| ring.add_v1(vec![1; 8], bytes.to_vec(), 1, Dialect::Any);
    assert_eq!(add(&ring, key.expose()), weak, "an audience key");
    assert_eq!(add(&ring, &(0..32).collect::<Vec<u8>>()), weak, "the secret that it was derived from");
    assert!(!ring.has_v1());
    assert_eq!(add(&ring, b"another"), Ok(()));
    let ring = Keyring::new(AUDIENCE).unwrap();
    add(&ring, &(0..32).collect::<Vec<u8>>()).unwrap();
    assert_eq!(ring.add_secret(&secret(), 0), weak, "in this order too");
    let file = format!("v1 {UNTIL} key={} kid=0101010101010101\n{}", hex(&(0..32).collect::<Vec<u8>>()), line(0));
    assert_eq!(load(&file), Err("line 2 weak_secret".to_owned()));
}

#[test]
fn revocations_are_lines_of_a_file() {
    let ring = ring();
    let kid = secret().kid(0).unwrap();
    assert_eq!(ring.revoke_key(kid.clone()).unwrap(), format!("revoked {KID}"));
    assert_eq!(ring.revoke_session(kid.clone(), vec![0xa0; 8]).unwrap(), format!("revoked {KID} a0a0a0a0a0a0a0a0"));
    assert_eq!(ring.revoke_issued_before(kid.clone(), 1_795_300_000).unwrap(), format!("revoked {KID} before 1795300000"));
    let text = ring.revocations_text();
    assert_eq!(text, format!("revoked {KID}\nrevoked {KID} a0a0a0a0a0a0a0a0\nrevoked {KID} before 1795300000\n"));
    let other = Keyring::new(AUDIENCE).unwrap();
    other.load_revocations(&format!("# since Monday\n\n{text}")).unwrap();
    assert_eq!(other.revocations_text(), text);
    for (bad, want) in [
        ("revoked", 1),
        ("\nrevoke 1f0e6552cdeefa20", 2),
        ("revoked 1f0e6552cdeefa2", 1),
        ("revoked 1f0e6552cdeefa20 before", 1),
        ("revoked 1f0e6552cdeefa20 before -1", 1),
        ("revoked 1f0e6552cdeefa20 before +1", 1),
        ("revoked 1f0e6552cdeefa20 before 99999999999999999999", 1),
        ("revoked 1f0e6552cdeefa20 a0a0a0a0a0a0a0a0 now", 1),
    ] {
        let fault = other.try_load_revocations(bad).unwrap_err();
        assert_eq!((fault.line, fault.reason), (want, OscarError::Malformed("")), "{bad}");
        assert!(other.fault_in_revocations(bad).unwrap().starts_with("line "));
    }
    assert_eq!(other.revocations_text(), text, "a bad file changes nothing");
    assert!(ring.revoke_key(vec![1]).is_err() && ring.revoke_session(kid.clone(), vec![]).is_err());
    assert!(ring.revoke_issued_before(kid, -1).is_err());
}

#[test]
fn a_reread_takes_back_lines_but_neither_calls_nor_marks() {
    let ring = ring();
    let (one, two) = (vec![1; 8], vec![2; 8]);
    ring.load_revocations("revoked 0303030303030303\nrevoked 0303030303030303 before 50").unwrap();
    ring.revoke_key(one.clone()).unwrap();
    ring.revoke_issued_before(two.clone(), 100).unwrap();
    ring.load_revocations("revoked 0202020202020202 before 40").unwrap();
    let want = "revoked 0101010101010101\nrevoked 0202020202020202 before 100\nrevoked 0303030303030303 before 50\n";
    assert_eq!(ring.revocations_text(), want);
    ring.revoke_issued_before(two, 60).unwrap();
    ring.load_revocations("").unwrap();
    assert_eq!(ring.revocations_text(), want);
    ring.load(&line(0)).unwrap();
    assert_eq!(ring.revocations_text(), want, "other keys, the same revocations");
}

#[test]
fn nothing_printed_holds_a_key() {
    let ring = ring();
    ring.load(&format!("{}\nv1 {UNTIL} key=63616e617279 kid={KID}", line(0))).unwrap();
    let printed = format!("{ring:?}");
    for key in ["canary", "63616e617279", "[99, 97, 110", &line(0)[15..], &hex(secret().audience_key(AUDIENCE, 0).unwrap().expose())] {
        assert!(!printed.contains(key), "{key}");
    }
}
