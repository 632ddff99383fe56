//! The tokikey: what a service answers to a toki, and what the second step carries beside it.

use super::digest::{Spelling, h, loses_zeros, reverse};
use super::toki::V1Toki;
use super::{AHEAD_MS, Dialect};
use crate::error::{OscarError, Result};
use subtle::{Choice, ConstantTimeEq};

/// The first 7 of 13 digits: 1000 seconds.
const BUCKET_MS: i64 = 1_000_000;
/// The buckets that have 7 digits.
const BUCKETS: std::ops::Range<i64> = 1_000_000..10_000_000;
/// Stepping back so far without luck does not happen.
const MAX_STEPS: i64 = 1000;

/// A tokikey, parsed and not verified.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tokikey<'a> {
    text: &'a str,
    digest: &'a str,
    bucket: i64,
}

impl<'a> Tokikey<'a> {
    /// Strict shapes; everything else is `malformed`.
    pub(crate) fn parse(text: &'a str) -> Result<Self> {
        let (digest, bucket) = text.split_once("o_o").ok_or(SHAPE)?;
        if !Dialect::Any.takes_digest(digest) || bucket.len() != 7 || !bucket.bytes().all(|b| b.is_ascii_digit()) {
            return Err(SHAPE);
        }
        Ok(Self { text, digest, bucket: reverse(bucket).parse().map_err(|_| SHAPE)? })
    }

    /// The text of the tokikey that answers a toki, in a bucket in which every original accepts it.
    pub(crate) fn mint(key: &[u8], toki: &str, now_ms: i64) -> Result<String> {
        V1Toki::parse(toki, Dialect::Any)?;
        let bucket = now_ms.div_euclid(BUCKET_MS);
        if !BUCKETS.contains(&bucket) {
            return Err(OscarError::Unsignable("a v1 time has 13 digits"));
        }
        Ok(at(Spelling::Full, key, toki, stop(key, toki, bucket)))
    }

    /// Whether it answers `toki` under `key`, in constant time.
    pub(crate) fn authenticate(&self, key: &[u8], toki: &str, dialect: Dialect) -> Result<()> {
        if !dialect.takes_digest(self.digest) {
            return Err(SHAPE);
        }
        let mut fits = Choice::from(0);
        for spelling in dialect.spellings() {
            fits |= at(*spelling, key, toki, self.bucket).as_bytes().ct_eq(self.text.as_bytes());
        }
        if fits.into() { Ok(()) } else { Err(OscarError::BadMac("the tokikey does not answer this toki under this key")) }
    }

    /// The bucket of now, of the furthest future that a toki may have, the one before, or where our own stepping from those stops.
    pub(crate) fn check_time(&self, key: &[u8], toki: &str, now_ms: i64) -> Result<()> {
        let current = now_ms.div_euclid(BUCKET_MS);
        let starts = [current, now_ms.saturating_add(AHEAD_MS).div_euclid(BUCKET_MS), current - 1];
        if starts.contains(&self.bucket) || starts.iter().any(|start| stop(key, toki, *start) == self.bucket) {
            Ok(())
        } else {
            Err(OscarError::Stale("the tokikey is of another time"))
        }
    }
}

const SHAPE: OscarError = OscarError::Malformed("a tokikey is a digest, o_o and 7 digits");

/// Steps back from a bucket until neither digest has a zero for Java to lose. H(toki) has one in every bucket alike: then none helps.
fn stop(key: &[u8], toki: &str, bucket: i64) -> i64 {
    if loses_zeros(&h(Spelling::Full, &[toki.as_bytes()])) {
        return bucket;
    }
    let serves = |bucket: &i64| {
        let (inner, outer) = digests(Spelling::Full, key, toki, *bucket);
        !loses_zeros(&inner) && !loses_zeros(&outer)
    };
    (bucket - MAX_STEPS..=bucket).rev().find(serves).unwrap_or(bucket)
}

fn at(spelling: Spelling, key: &[u8], toki: &str, bucket: i64) -> String {
    format!("{}o_o{}", digests(spelling, key, toki, bucket).1, reverse(&format!("{bucket:07}")))
}

/// The inner digest and H of it.
fn digests(spelling: Spelling, key: &[u8], toki: &str, bucket: i64) -> (String, String) {
    let of_toki = h(spelling, &[toki.as_bytes()]);
    let inner = h(spelling, &[format!("{bucket:07}").as_bytes(), of_toki.as_bytes(), key]);
    let outer = h(spelling, &[inner.as_bytes()]);
    (inner, outer)
}
