//! A server that keeps failing is left alone for a while, so that requests don't queue up before it.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Failures in a row that open it.
const FAILURES: u32 = 3;
/// How long it stays open; then one request tries.
const OPEN: Duration = Duration::from_secs(1);

pub struct Breaker {
    failures: AtomicU32,
    /// Milliseconds since `began` until which nobody asks.
    open_until: AtomicU64,
    began: Instant,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { failures: AtomicU32::new(0), open_until: AtomicU64::new(0), began: Instant::now() }
    }
}

impl Breaker {
    /// Whether this request may ask. While it is open, one a second does.
    pub fn lets_through(&self) -> bool {
        if self.failures.load(Ordering::Relaxed) < FAILURES {
            return true;
        }
        let (now, until) = (self.now(), self.open_until.load(Ordering::Relaxed));
        now >= until && self.open_until.compare_exchange(until, now + as_ms(OPEN), Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    pub fn succeeded(&self) {
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    pub fn failed(&self) {
        if self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= FAILURES {
            self.open_until.store(self.now() + as_ms(OPEN), Ordering::Relaxed);
        }
    }

    fn now(&self) -> u64 {
        as_ms(self.began.elapsed())
    }
}

fn as_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::Breaker;

    #[test]
    fn three_failures_open_it_and_one_success_closes_it() {
        let breaker = Breaker::default();
        breaker.failed();
        breaker.failed();
        assert!(breaker.lets_through());
        breaker.failed();
        assert!(!breaker.lets_through() && !breaker.lets_through());
        std::thread::sleep(super::OPEN);
        assert!(breaker.lets_through(), "one tries");
        assert!(!breaker.lets_through(), "the others don't");
        breaker.succeeded();
        assert!(breaker.lets_through());
    }
}
