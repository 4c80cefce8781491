//! A scenario is bytes: a seed's draws, a fuzzer's input and a saved failure are read by one
//! generator, which makes something sensible of any bytes. When they end, zeros follow.
//!
//! ```text
//! seed u64 | start | traffic | hours | delay | nat | then records of 7 octets, each a disturbance:
//! kind | end | at, u16 of 65536 parts of the run | how long, as at | how much
//! ```
//!
//! With the highest bit of the hours a run is one of minutes, for ends that wait and live shorter:
//! see [`Network::hurried`](crate::Network::hurried).
//!
//! Fields of more than an octet are big-endian.

use super::{Disturbance, Filter, Planned, Scenario, Start, Traffic, Who};
use crate::node::NodeId;
use crate::wan::Conditions;
use crossgate_model::End;
use std::time::Duration;

/// Disturbances of one scenario at most.
pub const MOST: usize = 16;

/// Octets before the disturbances, and of each of these.
pub const HEAD: usize = 13;
pub const RECORD: usize = 7;

/// The last part of a run is undisturbed, so that what must recover can: longer than
/// [`crate::invariant::RECOVERY`], or [`crate::invariant::HURRIED_RECOVERY`].
const CALM: Duration = Duration::from_secs(45 * 60);
const HURRIED_CALM: Duration = Duration::from_secs(10 * 60);

/// Where the octet of the hours is, and the bit in it that makes them minutes.
const LENGTH_AT: usize = 10;
const HURRIED: u8 = 0x80;

/// Whether these bytes mean a run of minutes.
pub fn is_hurried(bytes: &[u8]) -> bool {
    bytes
        .get(LENGTH_AT)
        .is_some_and(|octet| octet & HURRIED != 0)
}

/// The same disturbances in a run of minutes, or of hours.
pub fn set_hurried(bytes: &mut [u8], hurried: bool) {
    if let Some(octet) = bytes.get_mut(LENGTH_AT) {
        *octet = (*octet & !HURRIED) | if hurried { HURRIED } else { 0 };
    }
}

/// How long a run is, and what happens in it.
#[derive(Clone, Copy)]
struct Scale {
    lasts: Duration,
    calm: Duration,
    /// Outages are no longer: so that there is something to see after them.
    outage: Duration,
    flood: Duration,
    /// A clock step, for each of 255.
    step: Duration,
}

impl Scale {
    fn of(octet: u8) -> Self {
        let seconds = Duration::from_secs;
        match octet & HURRIED {
            0 => Self {
                lasts: seconds(3600 * (2 + u64::from(octet % 8))),
                calm: CALM,
                outage: seconds(1200),
                flood: seconds(20),
                step: seconds(20),
            },
            _ => Self {
                lasts: seconds(60 * (1 + u64::from(octet % 4))) + HURRIED_CALM,
                calm: HURRIED_CALM,
                outage: seconds(60),
                flood: seconds(1),
                step: seconds(1),
            },
        }
    }
}

struct Octets<'a>(&'a [u8]);

impl Octets<'_> {
    fn u8(&mut self) -> u8 {
        let [octet] = self.take();
        octet
    }

    fn u16(&mut self) -> u16 {
        u16::from_be_bytes(self.take())
    }

    fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut taken = [0; N];
        for octet in &mut taken {
            if let Some((first, rest)) = self.0.split_first() {
                (*octet, self.0) = (*first, rest);
            }
        }
        taken
    }
}

impl Scenario {
    /// Any bytes give a scenario of two ends, of two to nine hours or of eleven to fourteen minutes.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut octets = Octets(bytes);
        let seed = u64::from_be_bytes(octets.take());
        let start = match octets.u8() % 4 {
            0 => Start::Only(End::First),
            1 => Start::Only(End::Second),
            2 => Start::Both,
            _ => Start::Files,
        };
        let traffic = match octets.u8() % 4 {
            0 => Traffic::RequestAnswer,
            1 => Traffic::Constant,
            2 => Traffic::Bursts,
            _ => Traffic::None,
        };
        let scale = Scale::of(octets.u8());
        let way = Conditions {
            delay: Duration::from_millis(1 + u64::from(octets.u8() % 100)),
            ..Conditions::default()
        };
        let nat = match octets.u8() % 8 {
            0 => Some(End::First),
            1 => Some(End::Second),
            _ => None,
        };
        let mut disturbances = Vec::new();
        while !octets.0.is_empty() && disturbances.len() < MOST {
            disturbances.push(record(&mut octets, scale));
        }
        Self {
            seed,
            lasts: scale.lasts,
            start,
            traffic,
            way,
            nat,
            disturbances,
        }
    }
}

fn record(octets: &mut Octets<'_>, scale: Scale) -> Planned {
    let busy = scale.lasts.saturating_sub(scale.calm);
    let (kind, end) = (octets.u8(), octets.u8());
    let at = busy * u32::from(octets.u16()) / 65_536;
    let long = (busy - at) * u32::from(octets.u16()) / 65_536;
    let much = octets.u8();
    let what = disturbance(kind, end, much, scale.step);
    let most = match what {
        Disturbance::Flood { .. } => scale.flood,
        _ => scale.outage,
    };
    Planned {
        what,
        at,
        lasts: what.lasts().then_some(long.min(most)),
    }
}

fn disturbance(kind: u8, end: u8, much: u8, step: Duration) -> Disturbance {
    use Disturbance as D;
    let node = NodeId(u16::from(end % 2));
    let who = match end % 3 {
        2 => Who::Both,
        end => Who::One(NodeId(u16::from(end))),
    };
    // Parts of a million: up to a half.
    let parts = u32::from(much) * 1960;
    let millis = Duration::from_millis(u64::from(much));
    match kind % 18 {
        0 => D::Loss(parts),
        1 => D::Duplication(parts),
        2 => D::Reordering(parts),
        3 => D::Delay {
            delay: millis * 4,
            jitter: millis * 2,
        },
        4 => D::Mtu(1280 + u16::from(much % 220)),
        5 => D::Block(Filter::Udp500),
        6 => D::Block(Filter::Udp4500),
        7 => D::Block(Filter::Esp),
        8 => D::LinkDown,
        9 => D::NatRebinding,
        10 => D::Reboot(node),
        11 => D::PowerLoss(node),
        12 => D::ClockStep {
            node,
            forwards: true,
            by: step * u32::from(much),
        },
        13 => D::Commit(node),
        14 => D::Flood {
            node,
            per_second: 1 + u32::from(much),
        },
        15 => D::RekeyIke(who),
        _ => D::RekeyChild(who),
    }
}
