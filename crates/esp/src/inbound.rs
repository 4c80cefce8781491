//! The receiving half of an SA: window, ICV, decryption (RFC 4303 §3.4).

use crate::counters::DropReason;
use crate::replay::ReplayWindow;
use crate::transform::Opener;
use crossgate_kernels::{OpenKey, Outcome, Packet};
use std::ops::Range;

#[derive(Debug)]
pub(crate) struct Inbound {
    transform: Opener,
    window: ReplayWindow,
}

/// Proof that a packet is the peer's and was not seen before; only [`Inbound::authenticate`] makes
/// one.
#[derive(Debug)]
pub(crate) struct Authentic {
    /// Where in the packet the plaintext is.
    pub(crate) plaintext: Range<usize>,
    /// No packet with a higher number came before.
    pub(crate) newest: bool,
}

impl Inbound {
    pub(crate) fn new(transform: Opener, replay_window: u32) -> Self {
        Self {
            transform,
            window: ReplayWindow::new(replay_window),
        }
    }

    pub(crate) fn fetch_parts(&self) {
        self.transform.fetch_key();
        self.window.fetch();
    }

    /// The whole number of a packet that says this much of it, unless the window has seen it: so
    /// nothing is spent on what is refused anyway (RFC 4303 §3.4.3).
    pub(crate) fn unseen(&self, low_half: u32) -> Result<u64, DropReason> {
        self.sequence(low_half)
            .filter(|sequence| self.window.is_new(*sequence))
            .ok_or(DropReason::Replayed)
    }

    /// What the kernels are to open; nothing in a simulation.
    pub(crate) fn to_open<'p>(
        &'p self,
        sequence: u64,
        octets: &'p mut [u8],
    ) -> Option<Packet<'p, OpenKey>> {
        self.transform.to_open(sequence, octets)
    }

    /// Asks the window once more, as another packet of the batch may have been the same, and moves
    /// it only for what verified.
    pub(crate) fn authenticate(
        &mut self,
        sequence: u64,
        packet: &[u8],
        outcome: Outcome,
    ) -> Result<Authentic, DropReason> {
        if !self.window.is_new(sequence) {
            return Err(DropReason::Replayed);
        }
        let outcome = match outcome {
            Outcome::Waiting => self.transform.open_by_double(sequence, packet),
            outcome => outcome,
        };
        let plaintext = self
            .transform
            .plaintext(packet)
            .filter(|_| outcome == Outcome::Done)
            .ok_or(DropReason::BadIcv)?;
        let newest = self.window.mark(sequence);
        Ok(Authentic { plaintext, newest })
    }

    fn sequence(&self, low_half: u32) -> Option<u64> {
        if self.transform.esn() {
            self.window.extend(low_half)
        } else {
            Some(u64::from(low_half))
        }
    }

    #[cfg(test)]
    pub(crate) fn jump_to(&mut self, highest: u64) {
        self.window.mark(highest);
    }
}
