//! When an SA has to be replaced, and when it ends (RFC 4301 §4.4.2.1).

use crossgate_model::{ChildSa, Time};

/// Octets of a kilobyte.
const KILOBYTE: u64 = 1024;

/// One SA's limits, and how much of them is used. Octets are those of ESP packets, each direction
/// for itself.
#[derive(Debug)]
pub(crate) struct Lifetime {
    pub(crate) expires: Time,
    soft_octets: Option<u64>,
    hard_octets: Option<u64>,
    used_in: u64,
    used_out: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    In,
    Out,
}

impl Lifetime {
    pub(crate) fn new(now: Time, sa: &ChildSa) -> Self {
        let octets = |kilobytes: u64| kilobytes.saturating_mul(KILOBYTE);
        Self {
            expires: now + sa.hard_lifetime,
            soft_octets: sa.soft_kilobytes.map(octets),
            hard_octets: sa.hard_kilobytes.map(octets),
            used_in: 0,
            used_out: 0,
        }
    }

    /// Takes so many octets off what is left; false if there isn't that much.
    pub(crate) fn spend(&mut self, direction: Direction, octets: usize) -> bool {
        let used = match direction {
            Direction::In => &mut self.used_in,
            Direction::Out => &mut self.used_out,
        };
        let after = used.saturating_add(octets as u64);
        let fits = self.hard_octets.is_none_or(|hard| after <= hard);
        if fits {
            *used = after;
        }
        fits
    }

    pub(crate) fn soft_reached(&self) -> bool {
        let most = self.used_in.max(self.used_out);
        self.soft_octets.is_some_and(|soft| most >= soft)
    }
}
