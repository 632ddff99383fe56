//! What a handle can stand for: one table per type. A handle is 64 bits, positive, 0 is never one; it names its table, its slot and the
//! slot's generation, so that a stale, forged or wrong one finds nothing.

use crate::status::{Fault, Result, Status};
use crate::table::{Gone, Guard, Table};
use oscartoki::socktopus::{SocktopusPings, SocktopusSecrets};
use oscartoki::tcx::TcxClient;
use oscartoki::{
    AnswerContext, Call, Client, Handshake, Keyring, MessageMemory, PendingBody, ReplayLog, Service, SignContext, SignedMessage, V1Client,
    V1Exchange, VerifiedMessage,
};
#[cfg(unix)]
use oscartoki_stores::RingFiles;
use std::sync::{Arc, RwLock};

/// Stands for an object of this library: positive; 0 is none.
pub type Handle = i64;

pub(crate) static CLIENTS: Table<Arc<Client>, 1> = Table::new();
pub(crate) static SERVICES: Table<Arc<Service>, 2> = Table::new();
pub(crate) static KEYRINGS: Table<Arc<Keyring>, 3> = Table::new();
pub(crate) static REPLAY_LOGS: Table<Arc<dyn ReplayLog>, 4> = Table::new();
pub(crate) static SIGNED: Table<SignContext, 5> = Table::new();
pub(crate) static ANSWERS: Table<AnswerContext, 6> = Table::new();
pub(crate) static PENDING: Table<PendingBody, 7> = Table::new();
pub(crate) static TEXTS: Table<String, 8> = Table::new();
pub(crate) static SENT: Table<SignedMessage, 11> = Table::new();
pub(crate) static RECEIVED: Table<VerifiedMessage, 12> = Table::new();
pub(crate) static MEMORIES: Table<Arc<MessageMemory>, 15> = Table::new();
pub(crate) static V1_CLIENTS: Table<V1Client, 13> = Table::new();
pub(crate) static V1_EXCHANGES: Table<Arc<V1Exchange>, 14> = Table::new();
pub(crate) static HANDSHAKES: Table<Handshake, 10> = Table::new();
pub(crate) static CALLS: Table<Call, 9> = Table::new();
#[cfg(unix)]
pub(crate) static RING_FILES: Table<Arc<RingFiles>, 16> = Table::new();
pub(crate) static TCX_CLIENTS: Table<TcxClient, 17> = Table::new();
pub(crate) static SOCKTOPUS_SECRETS: Table<RwLock<SocktopusSecrets>, 18> = Table::new();
pub(crate) static SOCKTOPUS_PINGS: Table<SocktopusPings, 19> = Table::new();

/// An object that a handle can stand for, shared with whoever else holds the `Arc`.
pub trait Registered: sealed::Sealed + Sized {
    #[doc(hidden)]
    fn keep(self) -> Option<Handle>;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! registered {
    ($($object:ty => $table:ident;)*) => {$(
        impl sealed::Sealed for $object {}
        impl Registered for $object {
            fn keep(self) -> Option<Handle> {
                $table.insert(self)
            }
        }
    )*};
}

registered! {
    Arc<Client> => CLIENTS;
    Arc<Service> => SERVICES;
    Arc<Keyring> => KEYRINGS;
    Arc<MessageMemory> => MEMORIES;
    Arc<dyn ReplayLog> => REPLAY_LOGS;
}

#[cfg(unix)]
registered! {
    Arc<RingFiles> => RING_FILES;
}

/// Gives an object a handle of this ABI, without copying it; the `_free` function of its type takes it back. 0 when too many are alive.
pub fn register(object: impl Registered) -> Handle {
    // A fork must not repeat nonces: the guard is there before the first object is.
    #[cfg(unix)]
    oscartoki_stores::fork_guard();
    object.keep().unwrap_or(0)
}

/// [`register`] for this crate's own constructors.
pub(crate) fn keep(object: impl Registered) -> Result<Handle> {
    match register(object) {
        0 => Err(full()),
        handle => Ok(handle),
    }
}

/// Keeps what is no object of core.
pub(crate) fn keep_in<T, const KIND: u8>(table: &Table<T, KIND>, content: T) -> Result<Handle> {
    table.insert(content).ok_or_else(full)
}

/// The object behind a handle, alive until the guard is dropped.
pub(crate) fn look_up<T: Sync, const KIND: u8>(table: &'static Table<T, KIND>, handle: Handle) -> Result<Guard<'static, T, KIND>> {
    table.get(handle).ok_or_else(bad)
}

/// Takes out what is used once. A second use is `replayed`, as the protocol says of every context.
pub(crate) fn take<T, const KIND: u8>(table: &Table<T, KIND>, handle: Handle) -> Result<T> {
    table.take(handle).map_err(|gone| match gone {
        Gone::Used => Fault::new(Status::Replayed, "this context was used before"),
        Gone::Never => bad(),
    })
}

/// Frees a handle; 0 is nothing to free.
pub(crate) fn free<T, const KIND: u8>(table: &Table<T, KIND>, handle: Handle) -> Result<()> {
    if handle == 0 { Ok(()) } else { table.free(handle).map_err(|_| bad()) }
}

fn bad() -> Fault {
    Fault::new(Status::BadHandle, "a handle that is 0, freed, forged or of another type")
}

fn full() -> Fault {
    Fault::new(Status::TooManyHandles, "too many handles of this type are alive")
}
