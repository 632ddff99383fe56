//! The memory of a fleet on a real server, which is flushed, stopped, killed and filled while tokis are replayed: none is accepted twice.
#![allow(clippy::unwrap_used)]

use oscartoki::replay::{LogStart, Remembered, ReplayEntry, ReplayLog, Space};
use oscartoki::{Keyring, RequestRef, Secret, Service, ServiceConfig, Toki, Verdict, hazmat};
use oscartoki_stores::{RedisReplayLog, StoreError};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// A server of this test's own; it dies with its owner.
struct Redis {
    child: Child,
    port: u16,
    folder: PathBuf,
}

impl Redis {
    fn start(options: &[&str]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = std::env::temp_dir().join(format!("oscartoki-redis-{}-{port}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let child = Self::launch(port, &folder, options);
        let redis = Self { child, port, folder };
        redis.wait();
        redis
    }

    fn launch(port: u16, folder: &PathBuf, options: &[&str]) -> Child {
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--appendonly", "no", "--dir"]).arg(folder);
        command.args(["--save", ""]).args(options).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("redis-server is missing: scripts/setup installs it (apt-get install redis-server)")
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    fn wait(&self) {
        let began = Instant::now();
        while self.ask(&["PING"]) != "PONG" {
            assert!(began.elapsed() < Duration::from_secs(20), "Redis does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn ask(&self, words: &[&str]) -> String {
        let Ok(mut connection) = redis::Client::open(self.url()).unwrap().get_connection_with_timeout(Duration::from_secs(2)) else {
            return String::new();
        };
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        command.query(&mut connection).unwrap_or_default()
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status().unwrap().success());
    }

    /// Killed and started again, on what it had written down.
    fn restart(&mut self) {
        self.signal("KILL");
        self.child.wait().unwrap();
        self.child = Self::launch(self.port, &self.folder, &[]);
        self.wait();
    }

    fn log(&self) -> Arc<RedisReplayLog> {
        Arc::new(RedisReplayLog::open(&self.url(), "api.example.com", 1 << 20).unwrap())
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

fn entry(at: u32, ts_ms: i64) -> ReplayEntry {
    let mut tag = [0; 16];
    tag[..4].copy_from_slice(&at.to_be_bytes());
    ReplayEntry { space: Space::Toki, tag, kid: [1; 8], sid: None, ts_ms, keep_ms: 64_000 }
}

/// A machine of the fleet.
struct Machine {
    service: Service,
    key: oscartoki::AudienceKey,
}

impl Machine {
    fn on(log: Arc<RedisReplayLog>, first_start: bool) -> Self {
        let secret = Secret::parse("os2.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8").unwrap();
        let key = secret.audience_key("api.example.com", 0).unwrap();
        let ring = Keyring::new("api.example.com").unwrap();
        ring.add(&key).unwrap();
        let config = ServiceConfig { authorities: vec!["api.example.com".into()], first_start, ..ServiceConfig::default() };
        Self { service: Service::new(config, Arc::new(ring), log, now()).unwrap(), key }
    }

    fn mint(&self, at: u64, ts_ms: i64) -> Toki {
        hazmat::mint_request(&self.key, None, &post(), ts_ms, at.to_be_bytes(), false).unwrap()
    }

    /// `accepted`, or the refusal's name.
    fn verify(&self, toki: &Toki) -> &'static str {
        match self.service.verify_ref(&post(), Some(toki.to_text().as_bytes()), None, now()) {
            Verdict::Accepted(_) => "accepted",
            Verdict::Refused(refusal) => refusal.error().name(),
            verdict => panic!("{verdict:?}"),
        }
    }
}

fn post() -> RequestRef<'static> {
    RequestRef { verb: b"POST", authority: b"api.example.com", target: b"/", ..RequestRef::default() }
}

#[test]
fn one_of_many_machines_gets_it() {
    let redis = Redis::start(&[]);
    let logs = [redis.log(), redis.log()];
    let at = now();
    assert_eq!(logs[0].start(at - 30_000), LogStart::Empty);
    assert_eq!(logs[1].start(at + 4_000), LogStart::Carried { floor_ms: at - 30_000 });
    let (fresh, lost) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (logs, fresh, lost) = (&logs, &fresh, &lost);
            scope.spawn(move || {
                for number in 0..500 {
                    let verdict = loop {
                        match logs[thread % 2].insert(&entry(number, at), at - 30_000, at).remembered {
                            // A busy machine misses the 50 ms; the entry may stand there all the same.
                            Remembered::Unreachable => drop(lost.fetch_add(1, Ordering::Relaxed)),
                            other => break other,
                        }
                        std::thread::sleep(Duration::from_millis(50));
                    };
                    match verdict {
                        Remembered::Fresh => drop(fresh.fetch_add(1, Ordering::Relaxed)),
                        other => assert_eq!(other, Remembered::Seen),
                    }
                }
            });
        }
    });
    let (fresh, lost) = (fresh.into_inner(), lost.into_inner());
    assert!(fresh <= 500 && fresh + lost >= 500, "{fresh} fresh, {lost} lost");
    // The floor rises for all, and never falls.
    assert_eq!(logs[0].insert(&entry(1_000, at), at - 10, at).floor_ms, Some(at - 10));
    assert_eq!(logs[1].insert(&entry(1_001, at), at - 20_000, at).floor_ms, Some(at - 10));
    assert_ne!(logs[1].insert(&entry(1_002, at - 10), at - 20_000, at).remembered, Remembered::Fresh, "at the floor");
    // Spaces don't meet, and a mark is seen by all.
    let v1 = ReplayEntry { space: Space::V1, ..entry(1_001, at) };
    assert_eq!(logs[0].insert(&v1, 0, at).remembered, Remembered::Fresh);
    assert_eq!(logs[1].insert(&v1, 0, at).remembered, Remembered::Seen);
    assert!(!logs[0].has_spoken_v2([9; 8]));
    logs[0].mark_v2([9; 8]);
    assert!(logs[1].has_spoken_v2([9; 8]) && !logs[1].has_spoken_v2([8; 8]));
    // Another memory on the same server.
    let other = RedisReplayLog::open(&redis.url(), "other.example.com", 100).unwrap();
    assert_eq!(other.start(0), LogStart::Empty);
    assert_eq!(other.insert(&entry(1, at), 0, at).remembered, Remembered::Fresh);
}

#[test]
fn a_kid_and_a_session_have_their_share() {
    let redis = Redis::start(&[]);
    let log = RedisReplayLog::open(&redis.url(), "a", 64).unwrap();
    let at = now();
    log.start(0);
    let of = |number, sid| ReplayEntry { sid, ..entry(number, at) };
    let insert = |entry: &ReplayEntry| log.insert(entry, 0, at).remembered;
    for number in 0..4 {
        assert_eq!(insert(&of(number, Some([7; 8]))), Remembered::Fresh);
    }
    assert_eq!(insert(&of(4, Some([7; 8]))), Remembered::Full);
    assert_eq!(insert(&of(0, Some([7; 8]))), Remembered::Seen, "seen comes before room");
    for number in 5..33 {
        assert_eq!(insert(&of(number, None)), Remembered::Fresh, "{number}");
    }
    assert_eq!(insert(&of(40, None)), Remembered::Full);
    assert_eq!(insert(&ReplayEntry { kid: [2; 8], ..of(41, None) }), Remembered::Fresh, "another kid's share is its own");
}

#[test]
fn a_server_that_may_evict_is_refused() {
    for policy in ["allkeys-lru", "allkeys-random", "volatile-ttl"] {
        let redis = Redis::start(&["--maxmemory", "50mb", "--maxmemory-policy", policy]);
        let error = RedisReplayLog::open(&redis.url(), "a", 100).unwrap_err();
        assert!(matches!(&error, StoreError::Redis { .. }) && error.to_string().contains(policy), "{error}");
    }
    for url in ["http://127.0.0.1", "redis://", "rediss://127.0.0.1", "nonsense"] {
        assert!(matches!(RedisReplayLog::open(url, "a", 100), Err(StoreError::Options(_) | StoreError::Redis { .. })), "{url}");
    }
    let began = Instant::now();
    let error = RedisReplayLog::open("redis://user:hidden@127.0.0.1:1", "a", 100).unwrap_err().to_string();
    assert!(error.contains("127.0.0.1:1") && !error.contains("hidden"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(3));
}

#[test]
fn a_flush_a_stop_and_a_restart_let_nothing_through_twice() {
    let mut redis = Redis::start(&[]);
    let machines = [Machine::on(redis.log(), true), Machine::on(redis.log(), false)];
    let mut spent = Vec::new();
    let mut number = 0;
    let mut accept = |spent: &mut Vec<Toki>| {
        number += 1;
        let toki = machines[0].mint(number, now());
        assert_eq!(machines[usize::from(number % 2 == 0)].verify(&toki), "accepted");
        spent.push(toki);
    };
    let replay = |spent: &[Toki], what: &str| {
        for toki in spent {
            for machine in &machines {
                assert_ne!(machine.verify(toki), "accepted", "{what}");
            }
        }
    };
    // A fresh one is good again once the floor, now + 2F, has been passed.
    let heal = || {
        let began = Instant::now();
        let mut number = 1 << 40;
        while {
            number += 1;
            machines[0].verify(&machines[0].mint(number, now())) != "accepted"
        } {
            assert!(began.elapsed() < Duration::from_secs(12), "it never accepts again");
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    for _ in 0..20 {
        accept(&mut spent);
    }
    replay(&spent, "as they are");

    assert_eq!(redis.ask(&["FLUSHALL"]), "OK");
    replay(&spent, "flushed");
    assert_eq!(machines[1].verify(&machines[0].mint(777, now())), "stale", "the floor is ahead");
    heal();
    accept(&mut spent);

    // Saved, used on, killed: it comes back with less than it was told.
    assert_eq!(redis.ask(&["SAVE"]), "OK");
    for _ in 0..20 {
        accept(&mut spent);
    }
    redis.restart();
    replay(&spent, "restarted on an older state");
    heal();
    accept(&mut spent);

    redis.signal("STOP");
    let began = Instant::now();
    for number in 0..3 {
        assert_eq!(machines[0].verify(&machines[0].mint(1 << 50 | number, now())), "busy", "out of reach, and a POST");
    }
    assert!(began.elapsed() < Duration::from_millis(600), "{:?}", began.elapsed());
    let began = Instant::now();
    for toki in spent.iter().take(200) {
        assert_ne!(machines[0].verify(toki), "accepted");
    }
    assert!(began.elapsed() < Duration::from_millis(200), "nobody waits for a server that is down: {:?}", began.elapsed());
    // A safe method is served unremembered, and counted.
    let get = RequestRef { verb: b"GET", ..post() };
    let toki = hazmat::mint_request(&machines[0].key, None, &get, now(), [5; 8], false).unwrap();
    assert!(matches!(machines[0].service.verify_ref(&get, Some(toki.to_text().as_bytes()), None, now()), Verdict::Accepted(_)));
    assert_eq!(machines[0].service.counters().unremembered, 1);
    redis.signal("CONT");
    heal();
    replay(&spent, "stopped and continued");
    accept(&mut spent);
}

#[test]
fn a_full_server_refuses_and_forgets_nothing() {
    let redis = Redis::start(&["--maxmemory", "3mb", "--maxmemory-policy", "noeviction"]);
    let machine = Machine::on(redis.log(), true);
    let mut spent = Vec::new();
    let full = (0..200_000).find_map(|number| {
        let toki = machine.mint(number, now());
        match machine.verify(&toki) {
            "accepted" => {
                spent.push(toki);
                None
            }
            refused => Some(refused),
        }
    });
    assert_eq!(full, Some("busy"));
    assert!(spent.len() > 100, "{}", spent.len());
    for toki in spent.iter().rev().take(500) {
        assert_ne!(machine.verify(toki), "accepted");
    }
}

#[test]
fn a_password_a_database_and_a_socket_lead_there_and_lost_scripts_are_sent_again() {
    let socket = std::env::temp_dir().join(format!("oscartoki-redis-{}.sock", std::process::id()));
    let redis = Redis::start(&["--unixsocket", socket.to_str().unwrap()]);
    assert_eq!(redis.ask(&["CONFIG", "SET", "requirepass", "p@:/"]), "OK");
    let url = |given: &str, end: &str| format!("redis://{given}127.0.0.1:{}{end}", redis.port);
    let opened = RedisReplayLog::open(&url(":p%40%3a%2F@", ""), "a", 100).unwrap();
    let by_user = RedisReplayLog::open(&url("default:p%40%3a%2F@", "/3"), "a", 100).unwrap();
    for wrong in [
        url("", ""),
        url(":hidden@", ""),
        url("nobody:hidden@", ""),
        url(":p%40%3a%2F@", "/99"),
        format!("redis+unix://{}", socket.display()),
    ] {
        let error = RedisReplayLog::open(&wrong, "a", 100).unwrap_err();
        assert!(matches!(&error, StoreError::Redis { .. }) && !error.to_string().contains("hidden"), "{wrong}: {error}");
    }
    let at = now();
    let insert = |log: &RedisReplayLog, number| log.insert(&entry(number, at), at - 30_000, at).remembered;
    assert_eq!((opened.start(at - 30_000), by_user.start(at - 30_000)), (LogStart::Empty, LogStart::Empty));
    assert_eq!((insert(&opened, 1), insert(&opened, 1)), (Remembered::Fresh, Remembered::Seen));
    // The other database is another memory.
    assert_eq!(insert(&by_user, 1), Remembered::Fresh);
    let mut connection = redis::Client::open(url(":p%40%3a%2F@", "")).unwrap().get_connection().unwrap();
    redis::cmd("SCRIPT").arg("FLUSH").exec(&mut connection).unwrap();
    assert_eq!((insert(&opened, 2), insert(&opened, 2), insert(&opened, 1)), (Remembered::Fresh, Remembered::Seen, Remembered::Seen));
    redis::cmd("CONFIG").arg("SET").arg("requirepass").arg("").exec(&mut connection).unwrap();
    let local = RedisReplayLog::open(&format!("redis+unix://{}", socket.display()), "a", 100).unwrap();
    assert_eq!(insert(&local, 2), Remembered::Seen);
    assert_eq!(local.address(), socket.to_str().unwrap());
}
