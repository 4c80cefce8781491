//! What a Child's configuration says about packets' sizes: who may be told, who may be cut, and
//! what TCP is let announce.

use crossgate_model::{Connection, Fragmentation, Gateway, Interface, InterfaceKind, OuterDf};
use ipnet::IpNet;
use std::net::IpAddr;

/// IP and TCP headers without options (RFC 9293 §3.7.1).
const TCP_OVER_IPV4: u16 = 40;
const TCP_OVER_IPV6: u16 = 60;
/// No host is told to use smaller segments: Linux takes none.
const LEAST_MSS: u16 = 48;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handling {
    pub outer_df: OuterDf,
    pub fragmentation: Fragmentation,
    /// This gateway's addresses on the tunnel's interface. One of them says that a packet is too
    /// big; where there is none of its family, one of those inside.
    pub on_tunnel: Vec<IpNet>,
    /// Its addresses inside, with their networks.
    pub inside: Vec<IpNet>,
    pub clamps: Vec<Clamp>,
    /// TCP is clamped to what fits the tunnel without being told to.
    pub clamps_to_fit: bool,
    /// What the tunnel's interface takes by its own word, whatever fits.
    pub tunnel_mtu: Option<u16>,
}

/// One interface on the way that lowers the MSS of TCP's handshakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clamp {
    /// The hosts whose connections go through it; absent for all of the tunnel.
    pub hosts: Option<IpNet>,
    pub mss: u16,
}

impl Default for Handling {
    fn default() -> Self {
        Self {
            outer_df: OuterDf::Copy,
            fragmentation: Fragmentation::BeforeEncryption,
            on_tunnel: Vec::new(),
            inside: Vec::new(),
            clamps: Vec::new(),
            clamps_to_fit: false,
            tunnel_mtu: None,
        }
    }
}

impl Handling {
    /// Of a Child, with the interfaces that its packets go through.
    pub(crate) fn of(
        gateway: &Gateway,
        connection: &Connection,
        child: &crossgate_model::Child,
    ) -> Self {
        let outside = connection.local.interface.as_ref();
        let tunnel = child.tunnel_interface.as_ref();
        let named = |name: Option<&crossgate_model::Spanned<String>>| {
            name.and_then(|name| gateway.interface(&name.value))
        };
        let inside = gateway.interfaces.iter().filter(|interface| {
            interface.kind != InterfaceKind::Tunnel
                && interface.enabled.value
                && outside.is_none_or(|outside| outside.value != interface.name.value)
        });
        let inside: Vec<&Interface> = inside.collect();
        let of_all = named(tunnel.or(outside)).and_then(|interface| interface.tcp_mss);
        let of_all = of_all.map(|mss| Clamp {
            hosts: None,
            mss: mss.value,
        });
        Self {
            outer_df: child.oversize.outer_df.value,
            fragmentation: child.oversize.fragmentation.value,
            on_tunnel: named(tunnel).into_iter().flat_map(networks).collect(),
            inside: inside.iter().copied().flat_map(networks).collect(),
            clamps: of_all
                .into_iter()
                .chain(inside.iter().flat_map(|interface| clamps(interface)))
                .collect(),
            clamps_to_fit: gateway.behaviour.clamps_tcp_in_tunnels.value,
            tunnel_mtu: named(tunnel).and_then(|interface| Some(interface.mtu?.value)),
        }
    }

    /// Which address of this gateway speaks to that host: the tunnel's, then the one in the host's
    /// network, then any that is inside.
    pub(crate) fn router_towards(&self, host: IpAddr) -> Option<IpAddr> {
        let family = |net: &&IpNet| net.addr().is_ipv4() == host.is_ipv4();
        let of_tunnel = self.on_tunnel.iter().find(family);
        let beside = self.inside.iter().find(|net| net.contains(&host));
        let any = self.inside.iter().find(family);
        of_tunnel.or(beside).or(any).map(IpNet::addr)
    }

    /// The largest segment that a handshake of that local host may announce, if it is clamped at
    /// all: then never more than what fits.
    pub(crate) fn mss(&self, host: IpAddr, inner_mtu: u16) -> Option<u16> {
        let limits = self.segment_limits(host.is_ipv4(), inner_mtu);
        let of_it = limits.filter(|limit| limit.hosts.is_none_or(|hosts| hosts.contains(&host)));
        of_it.map(|limit| limit.mss).min()
    }

    /// Every limit for handshakes of one family: the smallest that concerns a local host is its own.
    pub fn segment_limits(&self, ipv4: bool, inner_mtu: u16) -> impl Iterator<Item = Clamp> {
        let headers = if ipv4 { TCP_OVER_IPV4 } else { TCP_OVER_IPV6 };
        let taken = self.tunnel_mtu.unwrap_or(inner_mtu).min(inner_mtu);
        let fits = taken.saturating_sub(headers);
        let of_family =
            move |clamp: &&Clamp| clamp.hosts.is_none_or(|net| net.addr().is_ipv4() == ipv4);
        let stated = self.clamps.iter().filter(of_family).copied();
        let whatever_fits = self.clamps_to_fit.then_some(Clamp {
            hosts: None,
            mss: fits,
        });
        stated.chain(whatever_fits).map(move |clamp| Clamp {
            mss: clamp.mss.min(fits).max(LEAST_MSS),
            ..clamp
        })
    }

    /// Whether there is any limit.
    pub fn clamps_tcp(&self) -> bool {
        self.clamps_to_fit || !self.clamps.is_empty()
    }
}

fn networks(interface: &Interface) -> impl Iterator<Item = IpNet> {
    interface.addresses.iter().map(|net| net.value)
}

fn clamps(interface: &Interface) -> impl Iterator<Item = Clamp> {
    let mss = interface.tcp_mss.map(|mss| mss.value);
    mss.into_iter().flat_map(move |mss| {
        networks(interface).map(move |net| Clamp {
            hosts: Some(net.trunc()),
            mss,
        })
    })
}
