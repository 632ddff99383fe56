//! Random bytes for nonces, sids, connection ids and secrets. Where there is a system, a thread's own ChaCha generator, seeded by it and redrawn after
//! a fork; in WebAssembly, what the host gives by [`host::set_entropy`].

pub(crate) use source::{draw, draw_secret};

/// Two words that nobody else knows, to spread what is kept in a table.
pub(crate) fn salt() -> [u64; 2] {
    match (cfg!(all(target_family = "wasm", target_os = "unknown")), draw(), draw()) {
        // The standard library has no randomness of its own there.
        (true, Ok(one), Ok(two)) => [u64::from_ne_bytes(one), u64::from_ne_bytes(two)],
        _ => {
            use std::hash::{BuildHasher as _, RandomState};
            let source = RandomState::new();
            [source.hash_one(0), source.hash_one(1)]
        }
    }
}

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod source {
    use crate::error::{OscarError, Result};
    use crate::fork;
    use rand::rngs::{StdRng, SysRng};
    use rand::{Rng as _, SeedableRng as _};
    use std::cell::RefCell;

    thread_local! {
        static SOURCE: RefCell<Option<(u64, StdRng)>> = const { RefCell::new(None) };
    }

    /// Eight fresh random bytes, without a system call but for the first of a thread and after a fork.
    pub(crate) fn draw() -> Result<[u8; 8]> {
        SOURCE.with_borrow_mut(|source| {
            let forks = fork::count();
            let mut bytes = [0; 8];
            match source {
                Some((born, generator)) if *born == forks => generator.fill_bytes(&mut bytes),
                _ => {
                    let mut generator =
                        StdRng::try_from_rng(&mut SysRng).map_err(|_| OscarError::Busy("the system gives no random bytes"))?;
                    generator.fill_bytes(&mut bytes);
                    *source = Some((forks, generator));
                }
            }
            Ok(bytes)
        })
    }

    /// 32 random bytes straight from the system, for a new secret.
    pub(crate) fn draw_secret() -> Result<[u8; 32]> {
        use rand::TryRng as _;
        let mut bytes = [0; 32];
        SysRng.try_fill_bytes(&mut bytes).map_err(|_| OscarError::Busy("the system gives no random bytes"))?;
        Ok(bytes)
    }
}

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
mod source {
    use super::host;
    use crate::error::Result;
    use std::cell::RefCell;

    const POOL: usize = 256;

    thread_local! {
        /// What the host gave and nobody has drawn yet: the last so many bytes.
        static SOURCE: RefCell<([u8; POOL], usize)> = const { RefCell::new(([0; POOL], 0)) };
    }

    /// Eight fresh random bytes; the host is asked once for 32 of them. What was given out is forgotten.
    pub(crate) fn draw() -> Result<[u8; 8]> {
        SOURCE.with_borrow_mut(|(pool, left)| {
            if *left == 0 {
                host::fill(pool)?;
                *left = POOL;
            }
            let mut bytes = [0; 8];
            let at = POOL - *left;
            bytes.swap_with_slice(&mut pool[at..at + 8]);
            *left -= 8;
            Ok(bytes)
        })
    }

    /// 32 random bytes straight from the host, for a new secret.
    pub(crate) fn draw_secret() -> Result<[u8; 32]> {
        let mut bytes = [0; 32];
        host::fill(&mut bytes)?;
        Ok(bytes)
    }
}

/// WebAssembly has no randomness of its own: whoever embeds this crate there says where it comes from.
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub mod host {
    use crate::error::{OscarError, Result};
    use std::sync::OnceLock;

    /// Fills all of a buffer with random bytes of cryptographic quality; `false` when it can't.
    pub type Entropy = fn(&mut [u8]) -> bool;

    static SOURCE: OnceLock<Entropy> = OnceLock::new();

    /// Says, once, where random bytes come from. Before it, what draws a nonce is `busy`.
    pub fn set_entropy(source: Entropy) {
        let _ = SOURCE.set(source);
    }

    pub(super) fn fill(bytes: &mut [u8]) -> Result<()> {
        match SOURCE.get() {
            Some(source) if source(bytes) => Ok(()),
            _ => Err(OscarError::Busy("the host gives no random bytes")),
        }
    }
}
