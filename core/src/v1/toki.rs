//! The toki of v1: what it looks like, whose it is, how old it may be.

use super::digest::{Spelling, h, is_hex, loses_zeros, reverse};
use super::{AGE_MS, AHEAD_MS, Dialect};
use crate::error::{OscarError, Result};
use crate::mac::{TAG_LEN, Tag, sha256};
use subtle::{Choice, ConstantTimeEq};

const NOISE: &[u8] = b"Brouillage de piste";
const NOISE_LEN: usize = 15;

/// Stepping back so far without luck does not happen: each millisecond serves in four of five cases.
const MAX_STEPS: i64 = 1000;

/// A toki of v1, parsed and not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct V1Toki<'a> {
    /// The time as its sender wrote it, which is what was digested.
    time: String,
    /// Cut to milliseconds.
    pub(crate) ts_ms: i64,
    core: &'a str,
    noise: &'a str,
}

/// How far a key fits a toki.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// It is not this key's.
    No,
    /// The core is this key's, the rest of the toki is not what goes with it.
    Core,
    /// All of it.
    Whole,
}

impl<'a> V1Toki<'a> {
    /// Strict shapes; everything else is `malformed`.
    pub(crate) fn parse(text: &'a str, dialect: Dialect) -> Result<Self> {
        const FAULT: OscarError = OscarError::Malformed("a v1 toki is a reversed time, a reversed digest and 15 digits, between |");
        let mut parts = text.split('|');
        let (Some(time), Some(core), Some(noise), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(FAULT);
        };
        if !dialect.takes_digest(core) || noise.len() != NOISE_LEN || !noise.bytes().all(is_hex) {
            return Err(FAULT);
        }
        let time = reverse(time);
        let ts_ms = milliseconds(&time).ok_or(FAULT)?;
        Ok(Self { time, ts_ms, core, noise })
    }

    /// Compares with every spelling of the dialect, in constant time.
    pub(crate) fn fit(&self, key: &[u8], dialect: Dialect) -> Fit {
        let (mut core_fits, mut all_fits) = (Choice::from(0), Choice::from(0));
        for spelling in dialect.spellings() {
            let core = core(*spelling, key, &self.time).as_bytes().ct_eq(self.core.as_bytes());
            core_fits |= core;
            all_fits |= core & noise(*spelling, &self.time).as_bytes().ct_eq(self.noise.as_bytes());
        }
        match (core_fits.into(), all_fits.into()) {
            (_, true) => Fit::Whole,
            (true, false) => Fit::Core,
            (false, false) => Fit::No,
        }
    }

    /// Whether it is this key's, whole.
    pub(crate) fn authenticate(&self, key: &[u8], dialect: Dialect) -> Result<()> {
        if self.fit(key, dialect) == Fit::Whole { Ok(()) } else { Err(OscarError::BadMac("the v1 toki is not this key's")) }
    }

    /// What the memory keys on: (ts, core), the same for both spellings of one core.
    pub(crate) fn identity(&self, key: &[u8]) -> Tag {
        identity(&self.time, &core(Spelling::Full, key, &self.time))
    }
}

/// A toki that we made.
pub(crate) struct Minted {
    pub(crate) text: String,
    pub(crate) ts_ms: i64,
    pub(crate) identity: Tag,
}

/// The newest toki at or before `now_ms` whose digests have no zero for Java to lose.
pub(crate) fn mint(key: &[u8], now_ms: i64) -> Result<Minted> {
    for ts_ms in (now_ms.saturating_sub(MAX_STEPS)..=now_ms).rev() {
        if !(1_000_000_000_000..10_000_000_000_000).contains(&ts_ms) {
            return Err(OscarError::Unsignable("a v1 time has 13 digits"));
        }
        let time = ts_ms.to_string();
        let (inner, outer) = digests(Spelling::Full, key, &time);
        let core = reverse(&outer);
        let text = format!("{}|{core}|{}", reverse(&time), noise(Spelling::Full, &time));
        if [inner, outer, h(Spelling::Full, &[text.as_bytes()])].iter().any(|digest| loses_zeros(digest)) {
            continue;
        }
        return Ok(Minted { text, ts_ms, identity: identity(&time, &core) });
    }
    Err(OscarError::Unsignable("no v1 time near this one serves every original"))
}

/// Age up to 50 s, future up to 5 s, both included.
pub(crate) fn check_age(ts_ms: i64, now_ms: i64) -> Result<()> {
    if ts_ms > now_ms.saturating_add(AHEAD_MS) {
        return Err(OscarError::Stale("the v1 toki is dated ahead of this clock"));
    }
    if ts_ms < now_ms.saturating_sub(AGE_MS) {
        return Err(OscarError::Stale("the v1 toki is older than 50 seconds"));
    }
    Ok(())
}

/// 13 digits of milliseconds, or 10 of seconds with a fraction of 1 to 7, cut.
fn milliseconds(time: &str) -> Option<i64> {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    match time.split_once('.') {
        None if time.len() == 13 && digits(time) => time.parse().ok(),
        Some((seconds, fraction)) if seconds.len() == 10 && digits(seconds) && (1..=7).contains(&fraction.len()) && digits(fraction) => {
            format!("{seconds}{:0<3.3}", fraction).parse().ok()
        }
        _ => None,
    }
}

/// The inner digest and H of it.
fn digests(spelling: Spelling, key: &[u8], time: &str) -> (String, String) {
    let inner = h(spelling, &[key, b" - ", time.as_bytes(), b" - ", key]);
    let outer = h(spelling, &[inner.as_bytes()]);
    (inner, outer)
}

fn core(spelling: Spelling, key: &[u8], time: &str) -> String {
    reverse(&digests(spelling, key, time).1)
}

fn noise(spelling: Spelling, time: &str) -> String {
    let mut noise = h(spelling, &[time.as_bytes(), NOISE]);
    noise.truncate(NOISE_LEN);
    noise
}

fn identity(time: &str, core: &str) -> Tag {
    let mut tag = [0; TAG_LEN];
    tag.copy_from_slice(&sha256(format!("{time}|{core}").as_bytes())[..TAG_LEN]);
    tag
}

#[cfg(test)]
mod tests {
    use super::milliseconds;

    #[test]
    fn times_have_two_shapes() {
        assert_eq!(milliseconds("1795297929123"), Some(1_795_297_929_123));
        assert_eq!(milliseconds("1795297929.0"), Some(1_795_297_929_000));
        assert_eq!(milliseconds("1795297929.12"), Some(1_795_297_929_120));
        assert_eq!(milliseconds("1795297929.1239999"), Some(1_795_297_929_123));
        for bad in [
            "",
            "179529792912",
            "17952979291234",
            "1795297929.",
            "1795297929.12345678",
            "179529792.1",
            "1795297929.1.2",
            "+795297929123",
            "1795297929,1",
        ] {
            assert_eq!(milliseconds(bad), None, "{bad}");
        }
    }
}
