//! Section 7 through the public API: each rule with its boundary, what changes and what does not, and many threads at once.
#![allow(clippy::unwrap_used)]

mod accepting;
mod calls;
mod clocks;
mod delegates;
mod grants;
mod signing;
mod states;
mod threads;
mod unsigned;
mod world;
