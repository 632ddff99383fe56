//! The one native library of oscartoki. It holds nothing of its own: it shows two doors, UniFFI's scaffolding (of core and of
//! the bridge between the doors) and the C ABI.

core::uniffi_reexport_scaffolding!();
oscartoki_bridge::uniffi_reexport_scaffolding!();
pub use oscartoki_c::*;
