//! The engine as a whole: two of it, talking over a wire that the tests work message by message.

mod config;
mod door;
mod setup;
