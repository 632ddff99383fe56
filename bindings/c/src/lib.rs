//! The C door of oscartoki: `include/oscartoki.h` is made from this crate, README.md tells its conventions once.
//!
//! Rust programs use the crate `oscartoki`; what is here for Rust is [`register`], by which another door hands its objects to C.
#![allow(clippy::missing_safety_doc, reason = "README.md tells once what every pointer and length must be")]
#![cfg_attr(not(feature = "all"), allow(dead_code, reason = "what a client alone does not reach"))]
#![allow(clippy::too_many_arguments, reason = "a C call spells its slices out")]

mod boundary;
mod call;
#[cfg(feature = "all")]
mod carried;
mod client;
#[cfg(feature = "all")]
mod explain;
mod fields;
mod handle;
#[cfg(feature = "all")]
mod hazmat;
#[cfg(feature = "all")]
mod http;
#[cfg(feature = "all")]
mod kept;
mod key;
#[cfg(feature = "all")]
mod keyring;
mod outcome;
#[cfg(feature = "all")]
mod replay;
#[cfg(all(unix, feature = "all"))]
mod ring_files;
#[cfg(feature = "all")]
mod service;
mod settings;
#[cfg(feature = "all")]
mod socktopus;
mod status;
mod table;
#[cfg(feature = "all")]
mod tcx;
mod text;
#[cfg(feature = "all")]
mod v1;
#[cfg(feature = "all")]
mod verdict;

pub use call::*;
#[cfg(feature = "all")]
pub use carried::*;
pub use client::*;
#[cfg(feature = "all")]
pub use explain::*;
pub use handle::{Handle, Registered, register};
#[cfg(feature = "all")]
pub use hazmat::*;
#[cfg(feature = "all")]
pub use http::*;
#[cfg(feature = "all")]
pub use kept::*;
pub use key::*;
#[cfg(feature = "all")]
pub use keyring::*;
pub use outcome::COutcome;
#[cfg(feature = "all")]
pub use replay::*;
#[cfg(all(unix, feature = "all"))]
pub use ring_files::*;
#[cfg(feature = "all")]
pub use service::*;
pub use settings::*;
#[cfg(feature = "all")]
pub use socktopus::*;
pub use status::{
    OSCAR_ABI_VERSION, Status, oscar_abi_version, oscar_error_name, oscar_last_detail, oscar_status_from_name, oscar_status_message,
    oscar_version,
};
#[cfg(feature = "all")]
pub use tcx::*;
pub use text::*;
#[cfg(feature = "all")]
pub use v1::*;
#[cfg(feature = "all")]
pub use verdict::{CVerdict, OSCAR_AUTHORITY_MAX_LEN};
