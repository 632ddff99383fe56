//! The Rust side of `verify.c`: the same requests through core's own API. One line each: NAME NS.
#![allow(clippy::unwrap_used)]

use oscartoki::{
    AnswerHeaders, AnswerRef, Client, ClientConfig, Keyring, MemoryReplayLog, RequestRef, Secret, Service, ServiceConfig, SignOptions,
    SignedHeaders, Verdict,
};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

const NOW: i64 = 1_795_300_000_000;
const COUNT: usize = 50_000;

fn best(kept: &mut f64, start: Instant) {
    *kept = kept.min(start.elapsed().as_nanos() as f64 / COUNT as f64);
}

fn main() {
    let rounds = std::env::args().filter_map(|arg| arg.parse().ok()).next().unwrap_or(5);
    let secret = Secret::generate().unwrap();
    let config = ClientConfig { trust_clock: true, ..ClientConfig::default() };
    let client = Client::new(&secret, "api.example.com", config).unwrap();
    let ring = Arc::new(Keyring::new("api.example.com").unwrap());
    ring.add(&secret.audience_key("api.example.com", 0).unwrap()).unwrap();
    let request = RequestRef {
        verb: b"GET",
        authority: b"api.example.com",
        target: b"/v1/accounts?limit=10&filter=open&sort=date+name",
        ..RequestRef::default()
    };
    let answer = AnswerRef { status: 200, ..AnswerRef::default() };
    let (mut sign, mut verify, mut answered) = (f64::MAX, f64::MAX, f64::MAX);
    let fresh_service = || {
        let config = ServiceConfig { authorities: vec!["api.example.com".into()], first_start: true, ..ServiceConfig::default() };
        Service::new(config, ring.clone(), Arc::new(MemoryReplayLog::new(1 << 18)), NOW).unwrap()
    };
    for _ in 0..rounds {
        let service = fresh_service();
        let mut headers = vec![SignedHeaders::default(); COUNT];
        let mut kept = Vec::with_capacity(COUNT);
        let start = Instant::now();
        for out in &mut headers {
            kept.push(client.sign_ref(black_box(&request), SignOptions::default(), NOW + 1, None, out).unwrap());
        }
        best(&mut sign, start);
        drop(kept);
        let verified = |service: &Service, signed: &SignedHeaders| match service.verify_ref(
            black_box(&request),
            Some(signed.toki().as_bytes()),
            None,
            NOW + 2,
        ) {
            Verdict::Accepted(verified) => verified.into_context(),
            _ => panic!("refused"),
        };
        let start = Instant::now();
        for signed in &headers {
            drop(black_box(verified(&service, signed)));
        }
        best(&mut verify, start);
        let service = fresh_service();
        let contexts: Vec<_> = headers.iter().map(|signed| verified(&service, signed)).collect();
        let mut out = AnswerHeaders::default();
        let start = Instant::now();
        for context in contexts {
            service.answer_ref(context, black_box(&answer), NOW + 3, &mut out).unwrap();
        }
        best(&mut answered, start);
    }
    println!("sign {sign:.1}\nverify {verify:.1}\nanswer {answered:.1}");
}
