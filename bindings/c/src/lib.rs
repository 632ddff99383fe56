//! The C door of oscartoki: `include/oscartoki.h` is made from this crate, README.md tells its conventions once.
//!
//! Rust programs use the crate `oscartoki`; what is here for Rust is [`register`], by which another door hands its objects to C.
#![allow(clippy::missing_safety_doc, reason = "README.md tells once what every pointer and length must be")]
#![allow(clippy::too_many_arguments, reason = "a C call spells its slices out")]

mod boundary;
mod call;
mod carried;
mod client;
mod explain;
mod fields;
mod handle;
mod hazmat;
mod http;
mod kept;
mod key;
mod keyring;
mod outcome;
mod replay;
#[cfg(unix)]
mod ring_files;
mod service;
mod settings;
mod socktopus;
mod status;
mod table;
mod tcx;
mod text;
mod v1;
mod verdict;

pub use call::*;
pub use carried::*;
pub use client::*;
pub use explain::*;
pub use handle::{Handle, Registered, register};
pub use hazmat::*;
pub use http::*;
pub use kept::*;
pub use key::*;
pub use keyring::*;
pub use outcome::COutcome;
pub use replay::*;
#[cfg(unix)]
pub use ring_files::*;
pub use service::*;
pub use settings::*;
pub use socktopus::*;
pub use status::{
    OSCAR_ABI_VERSION, Status, oscar_abi_version, oscar_error_name, oscar_last_detail, oscar_status_from_name, oscar_status_message,
    oscar_version,
};
pub use tcx::*;
pub use text::*;
pub use v1::*;
pub use verdict::{CVerdict, OSCAR_AUTHORITY_MAX_LEN};
