//! What a service is told before it starts, and what becomes of it.

use crate::error::{OscarError, Result};
use crate::http::ExtList;
use crate::time::{TTL_S, WINDOW_MS};

/// How a service is configured. Times and counts that make no sense are `policy`, names `malformed`, both found by
/// [`Service::new`](crate::Service::new).
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceConfig {
    /// The names that a request may be sent to. Empty: every request is `unknown_authority`, unless a name is fixed.
    #[cfg_attr(feature = "uniffi", uniffi(default = []))]
    pub authorities: Vec<String>,
    /// The one name that stands for Host, which is then ignored.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub fixed_authority: Option<String>,
    /// W: how old a request may be, 1,000 to 30,000 ms; equal on all nodes.
    #[cfg_attr(feature = "uniffi", uniffi(default = 30000))]
    pub window_ms: i64,
    /// The longest life that a grant may have, in seconds.
    #[cfg_attr(feature = "uniffi", uniffi(default = 600))]
    pub max_ttl_s: i64,
    /// The life of the grants that are made here, in seconds; `max_ttl_s` where that is shorter.
    #[cfg_attr(feature = "uniffi", uniffi(default = 600))]
    pub grant_ttl_s: i64,
    /// The covered headers of requests, in the clients' order.
    #[cfg_attr(feature = "uniffi", uniffi(default = []))]
    pub ext: Vec<String>,
    /// The covered headers of answers, in the clients' order.
    #[cfg_attr(feature = "uniffi", uniffi(default = []))]
    pub answer_ext: Vec<String>,
    /// No earlier process accepted these keys: the service is ready at once. For the first start, and tests.
    #[cfg_attr(feature = "uniffi", uniffi(default = false))]
    pub first_start: bool,
    /// The longest body of a request, in bytes.
    #[cfg_attr(feature = "uniffi", uniffi(default = 1048576))]
    pub max_body: i64,
    /// The longest answer that is buffered and digested, in bytes; a longer one has BODY 0.
    #[cfg_attr(feature = "uniffi", uniffi(default = 1048576))]
    pub max_answer: i64,
    /// The server hides an empty `?`: the MAC is tried without one and, failing, with it.
    #[cfg_attr(feature = "uniffi", uniffi(default = false))]
    pub empty_query_hidden: bool,
}

impl Default for ServiceConfig {
    fn default() -> Self {
        Self {
            authorities: Vec::new(),
            fixed_authority: None,
            window_ms: WINDOW_MS,
            max_ttl_s: TTL_S,
            grant_ttl_s: TTL_S,
            ext: Vec::new(),
            answer_ext: Vec::new(),
            first_start: false,
            max_body: 1 << 20,
            max_answer: 1 << 20,
            empty_query_hidden: false,
        }
    }
}

/// A configuration that makes sense.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) window_ms: i64,
    pub(crate) max_ttl_s: i64,
    pub(crate) grant_ttl_s: i64,
    pub(crate) ext: ExtList,
    pub(crate) answer_ext: ExtList,
    pub(crate) first_start: bool,
    pub(crate) max_body: usize,
    pub(crate) max_answer: usize,
    pub(crate) empty_query_hidden: bool,
}

impl Rules {
    pub(crate) fn new(config: ServiceConfig) -> Result<Self> {
        if !(1_000..=30_000).contains(&config.window_ms) {
            return Err(OscarError::Policy("the window is 1 to 30 seconds"));
        }
        if config.max_ttl_s < 1 || config.grant_ttl_s < 1 {
            return Err(OscarError::Policy("a grant lives at least one second"));
        }
        let size = |bytes| usize::try_from(bytes).map_err(|_| OscarError::Policy("a size is not negative"));
        Ok(Self {
            window_ms: config.window_ms,
            max_ttl_s: config.max_ttl_s,
            // The field of a grant has 16 bits.
            grant_ttl_s: config.grant_ttl_s.min(config.max_ttl_s).min(i64::from(u16::MAX)),
            ext: ExtList::new(config.ext)?,
            answer_ext: ExtList::new(config.answer_ext)?,
            first_start: config.first_start,
            max_body: size(config.max_body)?,
            max_answer: size(config.max_answer)?,
            empty_query_hidden: config.empty_query_hidden,
        })
    }
}
