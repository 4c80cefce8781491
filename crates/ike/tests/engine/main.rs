//! The engine as a whole: two of it, talking over a wire that the tests work message by message.

mod collisions;
mod config;
mod door;
mod failures;
mod rekey;
mod setup;
mod storm;
