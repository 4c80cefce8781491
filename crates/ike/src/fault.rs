//! Faults that can be planted in an engine, so that the search for faults is itself put to the test.
//!
//! Only with the feature `planted-faults`, which tests turn on and no program does; without it
//! nothing can plant one, and the questions below are answered by a constant.

/// What a broken engine would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// When Child rekeys cross, the loser's initiator believes that it has won.
    WrongLoser,
    /// The responder of a Child rekey sends on the new SA before the initiator can receive there.
    EarlyOutbound,
    /// A wish for another group than the one offered ends the negotiation.
    NoRetryOnInvalidKe,
    /// The initiator of a Child rekey leaves the old SA as it is.
    NoDelete,
}

#[cfg(feature = "planted-faults")]
mod planted {
    use super::Fault;
    use crate::Engine;
    use crate::context::Context;

    impl Engine {
        /// Breaks this engine.
        pub fn plant(&mut self, fault: Fault) {
            self.cx.fault = Some(fault);
        }
    }

    impl Context {
        pub fn has(&self, fault: Fault) -> bool {
            self.fault == Some(fault)
        }
    }
}

#[cfg(not(feature = "planted-faults"))]
impl crate::context::Context {
    pub const fn has(&self, _: Fault) -> bool {
        false
    }
}
