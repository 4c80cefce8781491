//! What to change in a configuration, in no vendor's words. A dialect's
//! [`Language`](crate::language::Language) says where and how.

use crate::config::{Identity, IdentityMatch};
use crate::selector::SelectorPair;
use crossgate_crypto::{DhGroup, Encr, Integ, Prf, Secret};
use ipnet::IpNet;
use std::net::IpAddr;
use std::time::Duration;

/// One change. Connections and Children are named as in [`crate::Gateway`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Offer these for IKE, and nothing else in what is written for it. A proposal of the file that
    /// has them among others, and that nothing uses, may be taken as it is. `integ` is absent for
    /// AEAD.
    IkeSuite {
        connection: String,
        encr: Encr,
        integ: Option<Integ>,
        prf: Prf,
        group: DhGroup,
    },
    /// Offer exactly these for ESP; `integ` is absent for AEAD.
    EspSuite {
        child: String,
        encr: Encr,
        integ: Option<Integ>,
    },
    /// Perfect forward secrecy by that group, or none.
    Pfs {
        child: String,
        group: Option<DhGroup>,
    },
    /// Select exactly this; seen from the end that changes.
    Selectors {
        child: String,
        to: SelectorPair,
    },
    /// One more selector pair for the tunnel that has that Child.
    AddSelectors {
        beside: String,
        pair: SelectorPair,
    },
    /// That selector pair no longer.
    RemoveSelectors {
        child: String,
    },
    IkeLifetime {
        connection: String,
        to: Duration,
    },
    ChildLifetime {
        child: String,
        to: Duration,
    },
    ChildKilobytes {
        child: String,
        to: Option<u64>,
    },
    /// `name` is what to call the key where it must not be spelled: `the key of hq.xml`.
    PresharedKey {
        connection: String,
        key: Secret,
        name: String,
    },
    LocalIdentity {
        connection: String,
        to: Identity,
    },
    RemoteIdentity {
        connection: String,
        to: IdentityMatch,
    },
    PeerAddress {
        connection: String,
        to: IpAddr,
    },
    /// Speak IKEv2 and nothing else.
    Ikev2Only {
        connection: String,
    },
    /// Start it, instead of waiting for the peer.
    Initiate {
        connection: String,
    },
    NatTraversal {
        connection: String,
    },
    Liveness {
        connection: String,
        interval: Duration,
    },
    ReplayWindow {
        child: String,
        packets: u32,
    },
    EnableInterface {
        interface: String,
    },
    EnableConnection {
        connection: String,
    },
    EnableChild {
        child: String,
    },
    /// Undo what turns IKE off altogether.
    EnableIke,
    /// A static route into an interface.
    AddRoute {
        destination: IpNet,
        interface: String,
    },
    RemoveRoute {
        destination: IpNet,
    },
    SetZone {
        interface: String,
        zone: String,
    },
    SetVirtualRouter {
        interface: String,
        router: String,
    },
    /// A security rule that allows, above the named rule (or at the end).
    Allow {
        name: String,
        from: String,
        to: String,
        source: IpNet,
        destination: IpNet,
        above: Option<String>,
    },
    /// A NAT rule that leaves addresses as they are, above the named rule.
    KeepAddresses {
        name: String,
        from: String,
        to: String,
        source: IpNet,
        destination: IpNet,
        above: Option<String>,
    },
    /// An entry at the top of a packet filter: IKE, NAT traversal and ESP between these hosts.
    PermitIpsec {
        access_list: String,
        source: IpAddr,
        destination: IpAddr,
    },
    /// TCP's maximum segment size that SYNs through the interface are clamped to.
    TcpMss {
        interface: String,
        octets: u16,
    },
    Mtu {
        interface: String,
        octets: u16,
    },
}
