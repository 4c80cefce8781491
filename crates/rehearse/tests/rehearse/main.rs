//! Tests of the rehearsal.

mod disturbing;
mod door;
mod exploring;
mod observing;
mod repeating;
mod violating;
