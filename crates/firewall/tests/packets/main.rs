//! What becomes of packets: each test is a gateway, packets, and the outcomes with their steps.

mod door;
mod filters;
mod nat;
mod routes;
mod rules;
mod sessions;
