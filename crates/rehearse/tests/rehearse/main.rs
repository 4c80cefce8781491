//! Tests of the rehearsal.

mod disturbing;
mod door;
mod observing;
mod repeating;
