//! What a service counts, for `/metrics` and the like.

use crate::error::OscarError;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the start of this service.
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Requests that were verified.
    pub accepted: i64,
    /// Safe requests that were let through unremembered because the memory was out of reach.
    pub unremembered: i64,
    /// Of those, OscarToki v1.
    pub v1_accepted: i64,
    /// Refusals by error name; every name is here.
    pub refused: HashMap<String, i64>,
}

#[derive(Debug, Default)]
pub(crate) struct Tally {
    accepted: AtomicU64,
    unremembered: AtomicU64,
    v1_accepted: AtomicU64,
    refused: [AtomicU64; OscarError::NAMES.len()],
}

impl Tally {
    pub(crate) fn accept(&self) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn accept_v1(&self) {
        self.accept();
        self.v1_accepted.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn unremembered(&self) {
        self.unremembered.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn refuse(&self, error: OscarError) {
        self.refused[usize::from(error.number()) - 1].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Counters {
        let count = |counter: &AtomicU64| i64::try_from(counter.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
        Counters {
            accepted: count(&self.accepted),
            unremembered: count(&self.unremembered),
            v1_accepted: count(&self.v1_accepted),
            refused: OscarError::NAMES.iter().zip(&self.refused).map(|(name, counter)| ((*name).to_owned(), count(counter))).collect(),
        }
    }
}
