//! The WASM door: every call of the C door as a raw export, and beside it the hot ones once more with numbers in place of 64-bit integers, because a
//! BigInt is slow in JavaScript. No glue is generated; bindings/js/src/door.js packs. It needs one import, `host.random(address, length)`.
#![cfg(all(target_family = "wasm", target_os = "unknown"))]

mod hot;
mod room;

pub use hot::*;
pub use oscartoki_c::*;
pub use room::*;
