//! The engine as a whole: two of it, talking over a wire that the tests work message by message.

mod agreed;
mod alive;
mod bounds;
mod collisions;
mod config;
mod detours;
mod door;
mod failures;
mod forge;
mod hostile;
mod nat;
mod rekey;
mod reload;
mod resources;
mod selecting;
mod setup;
mod storm;
