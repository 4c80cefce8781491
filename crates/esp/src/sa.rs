//! A pair of SAs: both halves, what they may carry, where it goes, and until when.

use crate::counters::DropReason;
use crate::inbound::Inbound;
use crate::lifetime::Lifetime;
use crate::mtu::{inner_mtu, outer_len};
use crate::outbound::Outbound;
use crate::selection::Agreed;
use crate::spd::ChildId;
use crate::transform::{Key, Transform};
use crossgate_crypto::{CryptoError, Double, Encr, Integ};
use crossgate_model::view::{ChildCounters, Encapsulation};
use crossgate_model::{ChildSa, DirectionKeys, OutboundUse, Path, Time};
use crossgate_wire::ip::Flow;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Signs of life are told at most so often for each pair, and so are moves.
const NOTICE_INTERVAL: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Sa {
    pub(crate) child: ChildId,
    pub(crate) path: Path,
    pub(crate) inbound: Inbound,
    pub(crate) outbound: Outbound,
    pub(crate) lifetime: Lifetime,
    pub(crate) counters: ChildCounters,
    /// The outbound half may carry traffic though an older SA could (RFC 7296 §2.8).
    pub(crate) confirmed: bool,
    /// Its Child had another pair when it was installed: whoever made it is about to use it.
    pub(crate) follows: bool,
    /// Removed with a successor in place: still opens what is on its way, until then.
    pub(crate) lingers_until: Option<Time>,
    /// Why nothing is sealed or opened any more.
    pub(crate) ended: Option<DropReason>,
    /// The engine has been told that a rekey is due.
    pub(crate) soft_told: bool,
    pub(crate) seen: Pace,
    pub(crate) sent: Pace,
    pub(crate) moved: Pace,
    encr: Encr,
    integ: Option<Integ>,
    agreed: Agreed,
    path_mtu: u16,
    inner_mtu: u16,
}

impl Sa {
    /// The key material is wiped when `agreed` is dropped; what stays are the ciphers' own keys.
    pub(crate) fn new(
        now: Time,
        child: ChildId,
        agreed: ChildSa,
        path_mtu: u16,
        double: Option<&Arc<dyn Double>>,
    ) -> Result<Self, CryptoError> {
        let lifetime = Lifetime::new(now, &agreed);
        let (encr, integ) = (agreed.encr, agreed.integ);
        let transform_in = transform(&agreed, &agreed.keys_in, double)?;
        let transform_out = transform(&agreed, &agreed.keys_out, double)?;
        Ok(Self {
            child,
            path: agreed.path,
            inbound: Inbound::new(transform_in, agreed.replay_window),
            outbound: Outbound::new(agreed.spi_out, transform_out),
            lifetime,
            counters: ChildCounters::default(),
            confirmed: agreed.outbound == OutboundUse::Immediately,
            follows: false,
            lingers_until: None,
            ended: None,
            soft_told: false,
            seen: Pace::default(),
            sent: Pace::default(),
            moved: Pace::default(),
            encr,
            integ,
            agreed: Agreed::new(&agreed.local_selectors, &agreed.remote_selectors),
            path_mtu,
            inner_mtu: inner_mtu(path_mtu, encr, integ, &agreed.path),
        })
    }

    pub(crate) fn path_mtu(&self) -> u16 {
        self.path_mtu
    }

    pub(crate) fn inner_mtu(&self) -> u16 {
        self.inner_mtu
    }

    pub(crate) fn set_path_mtu(&mut self, path_mtu: u16) {
        self.path_mtu = path_mtu;
        self.inner_mtu = inner_mtu(path_mtu, self.encr, self.integ, &self.path);
    }

    pub(crate) fn set_path(&mut self, path: Path, path_mtu: u16) {
        self.path = path;
        self.set_path_mtu(path_mtu);
    }

    /// With outer headers, for so much inner packet.
    pub(crate) fn outer_total(&self, inner: usize) -> usize {
        outer_len(&self.path) + self.outbound.sealed_len(inner)
    }

    /// Whether it was agreed for that packet; `flow` as this end sends it.
    pub(crate) fn selects(&self, flow: &Flow) -> bool {
        self.agreed.selects(flow)
    }

    /// The same for a packet that the peer sent: `flow` is as it came.
    pub(crate) fn selects_from_peer(&self, flow: &Flow) -> bool {
        self.agreed.selects_from_peer(flow)
    }

    /// Whether the peer takes fragments, of which the later ones show no ports (RFC 4301 §7.1).
    pub(crate) fn takes_fragments(&self) -> bool {
        self.agreed.shows_no_ports()
    }

    pub(crate) fn lingers(&self) -> bool {
        self.lingers_until.is_some()
    }

    /// Why it may carry nothing now, if so.
    pub(crate) fn end(&self, now: Time) -> Option<DropReason> {
        self.ended
            .or((now >= self.lifetime.expires).then_some(DropReason::SendLifetimeEnded))
    }

    /// Says once that a rekey is due.
    pub(crate) fn take_soft_expiry(&mut self) -> bool {
        let due = self.lifetime.soft_reached() || self.outbound.is_nearly_exhausted();
        due && !std::mem::replace(&mut self.soft_told, true)
    }

    /// Where the peer is now, if an authentic packet in UDP shows that it isn't where we send to.
    pub(crate) fn movement(&mut self, now: Time, came: &Path) -> Option<(SocketAddr, SocketAddr)> {
        let (_, expected) = udp_ends(&self.path)?;
        let (local, remote) = udp_ends(came)?;
        (remote != expected && self.moved.due(now)).then_some((local, remote))
    }
}

/// One direction's, real or doubled.
fn transform<K: Key>(
    agreed: &ChildSa,
    keys: &DirectionKeys,
    double: Option<&Arc<dyn Double>>,
) -> Result<Transform<K>, CryptoError> {
    let real = Transform::new(agreed.encr, agreed.integ, agreed.esn, keys)?;
    Ok(match double {
        None => real,
        Some(double) => real.doubled(keys, double.clone()),
    })
}

fn udp_ends(path: &Path) -> Option<(SocketAddr, SocketAddr)> {
    match path.encapsulation {
        Encapsulation::Esp => None,
        Encapsulation::Udp {
            local_port,
            remote_port,
        } => Some((
            SocketAddr::new(path.local, local_port),
            SocketAddr::new(path.remote, remote_port),
        )),
    }
}

/// Something that is told at most once an interval.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pace(Option<Time>);

impl Pace {
    /// Whether it may be told now, which is then remembered.
    pub(crate) fn due(&mut self, now: Time) -> bool {
        let due = self.0.is_none_or(|last| now >= last + NOTICE_INTERVAL);
        if due {
            self.0 = Some(now);
        }
        due
    }
}
