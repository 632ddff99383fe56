//! What waits to be written to one socket: bounded, so that a client which does not read costs nobody else anything.

use axum::extract::ws::Utf8Bytes;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Messages that may wait.
const MESSAGES_MAX: usize = 256;
/// Bytes that may wait.
const BYTES_MAX: usize = 1 << 20;

/// Why a connection ends, by the close code of RFC 6455.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// 1000: the client left, was kicked, or another connection took its place.
    Normal,
    /// 1001: no ping for 20 s, or the hub goes away.
    Away,
    /// 1003: a binary message.
    Unsupported,
    /// 1008: a first frame that is no ticket.
    Policy,
    /// 1009: a message over the limit.
    TooLong,
    /// 1013: the client does not read.
    Slow,
}

impl Ending {
    pub const fn code(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::Away => 1001,
            Self::Unsupported => 1003,
            Self::Policy => 1008,
            Self::TooLong => 1009,
            Self::Slow => 1013,
        }
    }
}

/// A queue with one reader, the connection's task.
#[derive(Default)]
pub struct Outbox {
    state: Mutex<State>,
    change: Notify,
}

#[derive(Default)]
struct State {
    frames: VecDeque<Utf8Bytes>,
    bytes: usize,
    ending: Option<Ending>,
}

/// What the reader gets.
pub enum Work {
    Frame(Utf8Bytes),
    /// Nothing more will come.
    End(Ending),
}

impl Outbox {
    /// Queues a frame; false when the connection ends, or ends now because its queue is full.
    pub fn push(&self, frame: Utf8Bytes) -> bool {
        let mut state = self.lock();
        if state.ending.is_some() {
            return false;
        }
        if state.frames.len() >= MESSAGES_MAX || state.bytes + frame.len() > BYTES_MAX {
            // What waits is given up: its reader would have to read all of it before it learnt why.
            *state = State { ending: Some(Ending::Slow), ..State::default() };
            drop(state);
            self.change.notify_one();
            return false;
        }
        state.bytes += frame.len();
        state.frames.push_back(frame);
        drop(state);
        self.change.notify_one();
        true
    }

    /// Ends the connection after what waits, `last` at the end of it.
    pub fn end(&self, ending: Ending, last: Option<Utf8Bytes>) {
        let mut state = self.lock();
        if state.ending.is_none() {
            state.ending = Some(ending);
            state.frames.extend(last);
            drop(state);
            self.change.notify_one();
        }
    }

    /// The next thing to write, if there is one.
    pub fn take(&self) -> Option<Work> {
        let mut state = self.lock();
        match state.frames.pop_front() {
            Some(frame) => {
                state.bytes = state.bytes.saturating_sub(frame.len());
                if state.frames.is_empty() {
                    // An idle connection holds no room for the burst that was.
                    state.frames = VecDeque::new();
                }
                Some(Work::Frame(frame))
            }
            None => state.ending.map(Work::End),
        }
    }

    /// Completes when something changed since the last time.
    pub async fn changed(&self) {
        self.change.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Ending, Outbox, Work};

    #[test]
    fn a_full_queue_ends_its_connection_alone() {
        let outbox = Outbox::default();
        for _ in 0..256 {
            assert!(outbox.push("x".into()));
        }
        assert!(!outbox.push("x".into()) && !outbox.push("x".into()));
        assert!(matches!(outbox.take(), Some(Work::End(Ending::Slow))));
        let outbox = Outbox::default();
        let long = "x".repeat(1 << 19);
        assert!(outbox.push(long.clone().into()) && outbox.push(long.into()) && !outbox.push("x".into()));
    }

    #[test]
    fn an_end_comes_after_what_waits() {
        let outbox = Outbox::default();
        assert!(outbox.push("a".into()));
        outbox.end(Ending::Normal, Some("CLOSE".into()));
        outbox.end(Ending::Away, Some("never".into()));
        assert!(!outbox.push("b".into()));
        for want in ["a", "CLOSE"] {
            assert!(matches!(outbox.take(), Some(Work::Frame(frame)) if frame == want));
        }
        assert!(matches!(outbox.take(), Some(Work::End(Ending::Normal))));
    }
}
