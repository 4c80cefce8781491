//! NAT detection and the float to port 4500 (RFC 7296 §2.23), with a NAT or, between two ends of our
//! own kind, without one.
//!
//! Either end may carry ESP in UDP whenever it likes; what it has to know is that the way lets port
//! 4500 pass. So where both say by a Vendor ID that they would, IKE_AUTH goes there. If it isn't
//! answered there it goes on port 500, and all that follows as well, with ESP as IP protocol 50: the
//! port that IKE is on says which it is.

use crate::context::Ends;
use crate::limits::{IKE_PORT, NAT_PORT};
use crate::payloads::Payloads;
use crossgate_crypto::fingerprint;
use crossgate_model::view::Encapsulation;
use crossgate_model::{EventKind, Nat, Path};
use crossgate_wire::ike::{IkeSpi, Notify, NotifyType, Payload, VendorId};
use std::net::SocketAddr;

/// What IKE_SA_INIT showed about the way between the ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct NatStatus {
    /// We are behind a NAT.
    pub local: bool,
    pub remote: bool,
    /// We claim to be behind one, so that ESP goes in UDP.
    pub forced: bool,
    /// Both ends would have ESP in UDP without one, if IKE gets through on port 4500.
    pub agreed: bool,
}

impl NatStatus {
    pub fn any(&self) -> bool {
        self.local || self.remote || self.forced
    }

    /// Whether IKE_AUTH goes to port 4500.
    pub fn floats(&self) -> bool {
        self.any() || self.agreed
    }

    /// Whether an agreement keeps `ends` on port 4500, as nothing else does.
    pub fn holds(&self, ends: Ends) -> bool {
        self.agreed && !self.any() && ends.local.port() == NAT_PORT
    }

    pub fn event(&self) -> EventKind {
        EventKind::NatDetected {
            local: self.local || self.forced,
            remote: self.remote,
        }
    }

    pub fn path(&self, ends: Ends) -> Path {
        let encapsulation = if self.any() || self.holds(ends) {
            Encapsulation::Udp {
                local_port: ends.local.port(),
                remote_port: ends.remote.port(),
            }
        } else {
            Encapsulation::Esp
        };
        Path {
            local: ends.local.ip(),
            remote: ends.remote.ip(),
            encapsulation,
        }
    }

    /// Whether the peer's address and port are followed: it is behind a NAT that may give it new
    /// ones, and we aren't.
    pub fn follows_peer(&self) -> bool {
        self.remote && !self.local
    }
}

/// The two notifies for a message with these SPIs from `ends.local` to `ends.remote`; none where
/// NAT traversal is off.
pub(crate) fn detection(config: &Nat, spis: (IkeSpi, IkeSpi), ends: Ends) -> Vec<Payload> {
    if !config.enabled.value {
        return Vec::new();
    }
    // A port that we don't have makes the hash one of nobody's: the peer sees a NAT before us.
    let source = if config.force_encapsulation.value {
        SocketAddr::new(ends.local.ip(), 0)
    } else {
        ends.local
    };
    let notify = |kind, end| Payload::Notify(Notify::with_data(kind, hash(spis, end)));
    vec![
        notify(NotifyType::NAT_DETECTION_SOURCE_IP, source),
        notify(NotifyType::NAT_DETECTION_DESTINATION_IP, ends.remote),
    ]
}

/// Compares the peer's notifies with where its message came from and went to.
pub(crate) fn detect(
    config: &Nat,
    payloads: &Payloads,
    spis: (IkeSpi, IkeSpi),
    ends: Ends,
) -> NatStatus {
    let differs = |kind, end| {
        let mut hashes = payloads.notifies(kind).peekable();
        let expected = hash(spis, end);
        hashes.peek().is_some() && !hashes.any(|n| fingerprint::equal(&n.data, &expected))
    };
    if !config.enabled.value {
        return NatStatus::default();
    }
    let supported = payloads
        .notify(NotifyType::NAT_DETECTION_SOURCE_IP)
        .is_some();
    NatStatus {
        local: differs(NotifyType::NAT_DETECTION_DESTINATION_IP, ends.local),
        remote: differs(NotifyType::NAT_DETECTION_SOURCE_IP, ends.remote),
        forced: supported && config.force_encapsulation.value,
        agreed: config.agrees_on_udp && is_of_our_kind(payloads),
    }
}

/// Says that ESP may go in UDP without a NAT.
const OUR_KIND: &[u8] = b"CROSSGATE ESP IN UDP";

/// What says so; none where this end would rather not.
pub(crate) fn our_kind(config: &Nat) -> Option<Payload> {
    let payload = Payload::VendorId(VendorId {
        data: OUR_KIND.to_vec(),
    });
    (config.enabled.value && config.agrees_on_udp).then_some(payload)
}

pub(crate) fn is_of_our_kind(payloads: &Payloads) -> bool {
    payloads.vendor_ids().any(|vendor| vendor.data == OUR_KIND)
}

/// Where an initiator goes on after it saw a NAT, or an end of our own kind.
pub(crate) fn floated(ends: Ends) -> Ends {
    let mut ends = ends;
    ends.local.set_port(NAT_PORT);
    if ends.remote.port() == IKE_PORT {
        ends.remote.set_port(NAT_PORT);
    }
    ends
}

/// Back to where it began.
pub(crate) fn sunk(ends: Ends) -> Ends {
    let mut ends = ends;
    ends.local.set_port(IKE_PORT);
    ends.remote.set_port(IKE_PORT);
    ends
}

fn hash((spi_i, spi_r): (IkeSpi, IkeSpi), end: SocketAddr) -> [u8; 20] {
    fingerprint::nat_detection(spi_i.as_bytes(), spi_r.as_bytes(), end.ip(), end.port())
}
