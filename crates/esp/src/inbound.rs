//! The receiving half of an SA: window, ICV, decryption (RFC 4303 §3.4).

use crate::counters::DropReason;
use crate::replay::ReplayWindow;
use crate::transform::Transform;
use std::ops::Range;

#[derive(Debug)]
pub(crate) struct Inbound {
    transform: Transform,
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
    pub(crate) fn new(transform: Transform, replay_window: u32) -> Self {
        Self {
            transform,
            window: ReplayWindow::new(replay_window),
        }
    }

    /// Refuses what the window has seen before spending anything on it, verifies, decrypts in place,
    /// and only then moves the window (RFC 4303 §3.4.3).
    pub(crate) fn authenticate(
        &mut self,
        low_half: u32,
        packet: &mut [u8],
    ) -> Result<Authentic, DropReason> {
        let sequence = self.sequence(low_half).ok_or(DropReason::Replayed)?;
        if !self.window.is_new(sequence) {
            return Err(DropReason::Replayed);
        }
        let plaintext = self
            .transform
            .open(sequence, packet)
            .map_err(|_| DropReason::BadIcv)?;
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
