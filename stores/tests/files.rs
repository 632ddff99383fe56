//! The files behind a ring, as operators and other processes treat them.
#![allow(clippy::unwrap_used)]

mod common;

use common::Folder;
use oscartoki::{AudienceKey, Keyring, Secret};
use oscartoki_stores::{FileFault, Reread, RingFiles, RingSources};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

const KID: &str = "0102030405060708";
const PROMISED: Duration = Duration::from_secs(2);

struct World {
    folder: Folder,
    ring: Arc<Keyring>,
    files: RingFiles,
}

impl World {
    /// A ring with one key in `keys`, and a file of revocations that is not there yet.
    fn new(name: &str) -> Self {
        let folder = Folder::new(name);
        fs::write(folder.path("keys"), line() + "\n").unwrap();
        Self::open(folder, "")
    }

    fn open(folder: Folder, fixed: &str) -> Self {
        let ring = Arc::new(Keyring::new("a").unwrap());
        let files = RingFiles::open(ring.clone(), sources(&folder, fixed)).unwrap();
        Self { folder, ring, files }
    }

    fn keys(&self) -> PathBuf {
        self.folder.path("keys")
    }

    fn revoked(&self) -> PathBuf {
        self.folder.path("revoked")
    }

    /// Refreshes as a busy service does until it holds, within what is promised.
    fn until(&self, holds: impl Fn(&Keyring) -> bool) {
        let start = Instant::now();
        while !holds(&self.ring) {
            assert!(start.elapsed() < PROMISED, "not in force within two seconds");
            self.files.refresh().unwrap();
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The faults of so long.
    fn faults(&self, time: Duration) -> Vec<FileFault> {
        let (start, mut faults) = (Instant::now(), Vec::new());
        while start.elapsed() < time {
            faults.extend(self.files.refresh().err());
            std::thread::sleep(Duration::from_millis(5));
        }
        faults
    }
}

fn sources(folder: &Folder, fixed: &str) -> RingSources {
    RingSources { keys: vec![folder.path("keys")], fixed: fixed.to_owned(), revocations: Some(folder.path("revoked")) }
}

fn key() -> Arc<AudienceKey> {
    Arc::new(Secret::generate().unwrap().audience_key("a", 0).unwrap())
}

fn line() -> String {
    key().to_text()
}

#[test]
fn a_changed_file_is_in_force_within_two_seconds() {
    let world = World::new("files-changed");
    assert_eq!(world.ring.kids().len(), 1);
    fs::write(world.keys(), format!("# two\n{}\n\n{}", line(), line())).unwrap();
    world.until(|ring| ring.kids().len() == 2);
    fs::write(world.revoked(), format!("revoked {KID}")).unwrap();
    world.until(|ring| ring.revocations_text().contains(KID));
    fs::write(world.revoked(), "# taken back\n").unwrap();
    world.until(|ring| ring.revocations_text().is_empty());
}

#[test]
fn a_rare_request_finds_the_change_in_force() {
    let world = World::new("files-rare");
    fs::write(world.keys(), format!("{}\n{}\n", line(), line())).unwrap();
    std::thread::sleep(Duration::from_millis(900));
    assert_eq!(world.files.refresh().unwrap(), Reread { keys: true, revocations: false });
    assert_eq!(world.ring.kids().len(), 2);
    assert!(!world.files.refresh().unwrap().any());
}

#[test]
fn a_file_that_is_being_written_is_not_read() {
    let (first, second) = (line(), line());
    // Cut inside of a key, then between two: neither half may ever be in force, nor be called a fault.
    let text = format!("{first}\n{second}\n");
    while_written("files-half", |world, wrote| {
        let before = world.ring.kids();
        for end in (0..text.len()).step_by(9) {
            fs::write(world.keys(), &text[..end]).unwrap();
            wrote(&|| assert_eq!(world.ring.kids(), before))?;
        }
        fs::write(world.keys(), &text).unwrap();
        world.until(|ring| ring.kids().len() == 2);
        Some(())
    });
}

/// What says `None` as soon as this machine was too slow for the check to be fair.
type Wrote<'w> = &'w dyn Fn(&dyn Fn()) -> Option<()>;

/// Runs `test`, which calls its argument after each write: a refresh, and a check. Once more where the machine stood still
/// for so long that the file did as well.
fn while_written(name: &str, test: impl Fn(&World, Wrote) -> Option<()>) {
    let fair = (0..10).any(|_| {
        let world = World::new(name);
        let wrote = |check: &dyn Fn()| {
            let start = Instant::now();
            std::thread::sleep(Duration::from_millis(60));
            let refreshed = world.files.refresh();
            (start.elapsed() < Duration::from_millis(250)).then(|| {
                refreshed.unwrap();
                check();
            })
        };
        test(&world, &wrote).is_some()
    });
    assert!(fair, "this machine is too slow for this test");
}

#[test]
fn a_file_is_replaced_by_rename() {
    let world = World::new("files-rename");
    for round in 2..4 {
        let next = world.folder.path("next");
        fs::write(&next, (0..round).map(|_| line() + "\n").collect::<String>()).unwrap();
        fs::rename(&next, world.keys()).unwrap();
        world.until(|ring| ring.kids().len() == round);
    }
}

#[test]
fn a_file_of_the_same_length_and_moment_is_noticed() {
    let world = World::new("files-moment");
    let other = key();
    // Written in the same instant as the one that was read at the start.
    fs::write(world.keys(), other.to_text() + "\n").unwrap();
    world.until(|ring| ring.kids() == [other.kid()]);
}

#[test]
fn another_process_revokes() {
    let world = World::new("files-process");
    let append = format!("printf 'revoked {KID}\\n' >> {}", world.revoked().display());
    assert!(std::process::Command::new("sh").args(["-c", &append]).status().unwrap().success());
    world.until(|ring| ring.revocations_text().contains(KID));
}

#[test]
fn a_file_that_grows_all_the_time_is_followed() {
    let world = World::new("files-grows");
    world.files.append(&format!("revoked {KID}")).unwrap();
    world.until(|ring| ring.revocations_text().lines().count() == 1);
    let (start, mut written) = (Instant::now(), 1);
    while start.elapsed() < Duration::from_millis(2400) {
        world.files.append(&format!("revoked {KID} {written:016x}")).unwrap();
        written += 1;
        world.files.refresh().unwrap();
        std::thread::sleep(Duration::from_millis(20));
    }
    // It never stood still, and what was appended until a second ago is in force.
    assert!(world.ring.revocations_text().lines().count() > written / 2, "of {written}: {}", world.ring.revocations_text().lines().count());
}

#[test]
fn half_a_revocation_is_not_taken() {
    let text = format!("revoked {KID}\nrevoked 1112131415161718\nrevoked 2122");
    while_written("files-half-line", |world, wrote| {
        world.files.append(&format!("revoked {KID}")).unwrap();
        world.until(|ring| ring.revocations_text().lines().count() == 1);
        for _ in 0..20 {
            fs::write(world.revoked(), &text).unwrap();
            wrote(&|| assert!(world.ring.revocations_text().lines().count() <= 2))?;
        }
        world.until(|ring| ring.revocations_text().lines().count() == 2);
        Some(())
    });
}

#[test]
fn a_fault_is_told_once_and_what_was_good_stays() {
    let world = World::new("files-fault");
    let before = world.ring.kids();
    fs::write(world.keys(), format!("{}\nnonsense\n", line())).unwrap();
    let faults = world.faults(Duration::from_millis(1800));
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!((faults[0].name, &faults[0].path, faults[0].os_error), ("malformed", &world.keys(), None));
    assert!(faults[0].sentence.starts_with("line 2: "), "{}", faults[0].sentence);
    assert_eq!(world.ring.kids(), before);
    // Another fault is told, and the same one again once it was mended between.
    fs::remove_file(world.keys()).unwrap();
    let faults = world.faults(Duration::from_millis(1800));
    assert_eq!((faults.len(), faults[0].name, faults[0].os_error), (1, "config", Some(2)), "{faults:?}");
    assert_eq!(world.ring.kids(), before);
    let good = key();
    fs::write(world.keys(), good.to_text()).unwrap();
    world.until(|ring| ring.kids() == [good.kid()]);
    fs::remove_file(world.keys()).unwrap();
    assert_eq!(world.faults(Duration::from_millis(1800)).len(), 1);
}

#[test]
fn a_fault_of_one_file_does_not_keep_the_other_out() {
    let world = World::new("files-two-faults");
    fs::write(world.keys(), "nonsense\n").unwrap();
    fs::write(world.revoked(), format!("revoked {KID}\n")).unwrap();
    assert_eq!(world.faults(Duration::from_millis(1500)).len(), 1);
    assert!(world.ring.revocations_text().contains(KID));
    fs::write(world.revoked(), "nonsense\n").unwrap();
    fs::write(world.keys(), format!("{}\n{}\n", line(), line())).unwrap();
    assert_eq!(world.faults(Duration::from_millis(1500)).len(), 1);
    assert_eq!(world.ring.kids().len(), 2);
    assert!(world.ring.revocations_text().contains(KID));
    // The same fault once more is none that is new; another one is told.
    fs::write(world.revoked(), "more nonsense\n").unwrap();
    fs::write(world.keys(), "os2.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n").unwrap();
    let told: Vec<_> = world.faults(Duration::from_millis(2000)).into_iter().map(|fault| fault.name).collect();
    assert_eq!(told, ["wrong_kind"]);
}

#[test]
fn open_refuses_and_names_the_place_but_no_secret() {
    let folder = Folder::new("files-open");
    let open = |sources| RingFiles::open(Arc::new(Keyring::new("a").unwrap()), sources).unwrap_err();
    let secret = "os2.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    fs::write(folder.path("one"), line() + "\n").unwrap();
    fs::write(folder.path("keys"), format!("# one\n\n{secret}")).unwrap();
    let two = RingSources { keys: vec![folder.path("one"), folder.path("keys")], fixed: line() + "\n# a", ..RingSources::default() };
    let fault = open(two);
    assert_eq!((&fault.path, fault.name), (&folder.path("keys"), "wrong_kind"));
    assert!(fault.sentence.starts_with("line 3: ") && !fault.to_string().contains("AAEC"), "{fault}");
    let fixed = RingSources { keys: vec![folder.path("one")], fixed: format!("\n{secret}"), ..RingSources::default() };
    assert!(!format!("{fixed:?}").contains("AAEC"));
    let fault = open(fixed);
    assert_eq!(fault.path, PathBuf::new());
    assert!(fault.to_string().starts_with("wrong_kind: the keys that stand in no file: line 2: "), "{fault}");
    assert_eq!(open(sources(&Folder::new("files-absent"), "")).os_error, Some(2));
    fs::write(folder.path("keys"), [0xFF, 0xFE]).unwrap();
    assert_eq!(open(sources(&folder, "")).name, "config");
    fs::write(folder.path("keys"), "").unwrap();
    fs::write(folder.path("revoked"), "\nrevoked 12\n").unwrap();
    let fault = open(sources(&folder, ""));
    assert!((&fault.path, fault.name) == (&folder.path("revoked"), "malformed") && fault.sentence.starts_with("line 2: "), "{fault}");
}

#[test]
fn two_files_that_contradict_are_the_second_ones_fault() {
    let folder = Folder::new("files-taken");
    let (one, two) = (key(), key());
    let registered = format!("{} kid={KID}", two.to_text());
    fs::write(folder.path("one"), format!("{} kid={KID}\n", one.to_text())).unwrap();
    fs::write(folder.path("keys"), format!("# comment\n{registered}\n")).unwrap();
    let sources = RingSources { keys: vec![folder.path("one"), folder.path("keys")], ..RingSources::default() };
    let fault = RingFiles::open(Arc::new(Keyring::new("a").unwrap()), sources).unwrap_err();
    assert_eq!((&fault.path, fault.name), (&folder.path("keys"), "kid_taken"));
    assert!(fault.sentence.starts_with("line 2: "), "{fault}");
}

#[test]
fn fixed_keys_stay_beside_the_files_and_own_keys_are_left_alone() {
    let folder = Folder::new("files-fixed");
    fs::write(folder.path("keys"), line()).unwrap();
    let fixed = key();
    let world = World::open(folder, &fixed.to_text());
    assert_eq!(world.ring.kids().len(), 2);
    fs::write(world.keys(), format!("{}\n{}", line(), line())).unwrap();
    world.until(|ring| ring.kids().len() == 3);
    assert!(world.ring.holds(fixed.kid()));

    let own = key();
    world.ring.load(&own.to_text()).unwrap();
    let only = RingSources { revocations: Some(world.revoked()), ..RingSources::default() };
    let files = RingFiles::open(world.ring.clone(), only).unwrap();
    fs::write(world.revoked(), format!("revoked {KID}")).unwrap();
    std::thread::sleep(Duration::from_millis(900));
    assert!(files.refresh().unwrap().revocations);
    assert_eq!(world.ring.kids(), [own.kid()]);
}

#[test]
fn many_append_and_all_is_read_back() {
    let world = World::new("files-many");
    fs::write(world.revoked(), format!("revoked {KID}")).unwrap();
    std::thread::scope(|scope| {
        for writer in 0..8u8 {
            let world = &world;
            scope.spawn(move || {
                // Each as a process of its own would.
                let files = RingFiles::open(world.ring.clone(), sources(&world.folder, "")).unwrap();
                for session in 0..16u8 {
                    files.append(&world.ring.revoke_session(vec![writer; 8], vec![session; 8]).unwrap()).unwrap();
                    files.refresh().unwrap();
                }
            });
        }
    });
    assert_eq!(fs::read_to_string(world.revoked()).unwrap().lines().count(), 129);
    let other = Arc::new(Keyring::new("a").unwrap());
    RingFiles::open(other.clone(), sources(&world.folder, "")).unwrap();
    world.until(|ring| ring.revocations_text() == other.revocations_text());
}

#[test]
fn what_is_no_revocation_is_not_appended() {
    let world = World::new("files-append");
    for wrong in ["revoked 12", "nonsense", "revoked 0102030405060708\nnonsense", "revoked 0102030405060708 before -1"] {
        assert_eq!(world.files.append(wrong).unwrap_err().name, "malformed", "{wrong}");
    }
    assert!(!world.revoked().exists());
    world.files.append(&format!("revoked {KID}\n")).unwrap();
    assert_eq!(fs::read_to_string(world.revoked()).unwrap(), format!("revoked {KID}\n"));
    fs::remove_dir_all(world.folder.path("")).unwrap();
    assert_eq!(world.files.append(&format!("revoked {KID}")).unwrap_err().os_error, Some(2));
}

#[test]
fn a_refresh_between_two_looks_is_a_look_at_the_clock() {
    let world = World::new("files-cheap");
    let start = Instant::now();
    for _ in 0..1_000_000 {
        world.files.refresh().unwrap();
    }
    // A stat alone takes longer than this for each call.
    assert!(start.elapsed() < Duration::from_millis(1500), "{:?}", start.elapsed());
}

#[test]
fn thirty_two_threads_refresh_while_files_change() {
    let world = World::new("files-threads");
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    world.files.refresh().unwrap();
                    assert!((1..=6).contains(&world.ring.kids().len()));
                    std::thread::sleep(Duration::from_micros(200));
                }
            });
        }
        for round in 2..5 {
            fs::write(world.folder.path("next"), (0..round).map(|_| line() + "\n").collect::<String>()).unwrap();
            fs::rename(world.folder.path("next"), world.keys()).unwrap();
            world.until(|ring| ring.kids().len() == round);
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}
