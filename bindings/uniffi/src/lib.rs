//! The one native library: core's generated door and the C door.

pub use oscartoki_c::*;

core::uniffi_reexport_scaffolding!();
