//! Section 6 through the public API: every line with its boundary, what is answered, and many threads at once.
#![allow(clippy::unwrap_used)]

mod answers;
mod bodies;
mod heads;
mod lines;
mod start;
mod threads;
mod world;
