//! One client in many threads.

use crate::world::{NOW, PLAIN, TRUSTING, answer, configured, grant_for, sign};
use oscartoki::{Client, ClientConfig, Rolling};
use std::collections::HashSet;
use std::sync::Mutex;

#[test]
fn thirty_two_threads_sign_accept_and_roll() {
    const fn shared<T: Send + Sync>() {}
    shared::<Client>();
    shared::<oscartoki::Call>();
    let client = configured(ClientConfig { roll: Rolling::Every, ..ClientConfig::default() });
    let nonces = Mutex::new(HashSet::new());
    std::thread::scope(|scope| {
        for thread in 0..32 {
            let (client, nonces) = (&client, &nonces);
            scope.spawn(move || {
                for round in 0..100 {
                    let now_ms = NOW + round;
                    let sent = sign(client, if thread % 2 == 0 { "GET" } else { "POST" }, TRUSTING, now_ms);
                    assert!(nonces.lock().unwrap().insert(sent.toki.claimed_nonce()), "a nonce twice");
                    let grant = grant_for(&sent, NOW / 1000 + 500 + round, 600);
                    let outcome = answer(client, sent, 0, now_ms, now_ms, Some(&grant));
                    assert_eq!((outcome.error, outcome.grant_error, outcome.offset_ms), (None, None, Some(0)));
                }
            });
        }
    });
    assert_eq!(nonces.lock().unwrap().len(), 3_200);
    assert_eq!(sign(&client, "GET", PLAIN, NOW).grant.unwrap().exp_s(), NOW / 1000 + 599, "the greatest exp won");
}
