//! Random bytes for nonces, sids and connection ids: a thread's own ChaCha generator, seeded by the system, redrawn after a fork.

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
                let mut generator = StdRng::try_from_rng(&mut SysRng).map_err(|_| OscarError::Busy("the system gives no random bytes"))?;
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
