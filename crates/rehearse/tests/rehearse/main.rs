//! Tests of the rehearsal.

mod branches;
mod disturbing;
mod door;
mod exploring;
mod observing;
mod repeating;
mod starring;
mod violating;
