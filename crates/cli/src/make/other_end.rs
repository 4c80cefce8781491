//! The gateway at the other end of a connection.

use super::place::{
    Networks, Place, Port, SELECTORS, TCP_HEADERS, TunnelPort, fitting, gateway, stated,
};
use super::said::FromText;
use super::site::{Known, Vendor};
use crossgate_diag::Spanned;
use crossgate_model::config::{CertificateUse, IkeVersion, InterfaceKind, LocalEnd};
use crossgate_model::{
    Auth, Child, Connection, EspProposal, Gateway, Identity, IdentityMatch, IkeProposal,
    Initiation, Nat, NextHop, PresharedKey, RemoteEnd, Selector,
};
use ipnet::{IpNet, Ipv4Net};
use std::net::{IpAddr, Ipv4Addr};

/// What the operator says of the other end.
pub struct Wanted<'a> {
    pub vendor: Vendor,
    pub release: Option<&'a str>,
    pub hostname: Option<&'a str>,
    /// Its addresses on its LANs.
    pub locals: &'a [Ipv4Net],
    /// Networks behind the existing end.
    pub remotes: &'a [Ipv4Net],
    pub wan: Option<Ipv4Net>,
    pub next_hop: Option<Ipv4Addr>,
    /// Where the existing end is.
    pub peer: Option<Ipv4Addr>,
    pub identity: Option<&'a str>,
    pub wan_interface: Option<&'a str>,
    pub lan_interfaces: &'a [String],
    pub tunnel_interface: Option<&'a str>,
}

/// The other end, and what there is to say about it.
pub struct OtherEnd {
    pub gateway: Gateway,
    /// What neither the file nor the operator says.
    pub assumptions: Vec<String>,
    pub cannot: Vec<String>,
}

/// `file` is what the existing end is called in sentences.
pub fn other_end(
    existing: &Gateway,
    connection: &Connection,
    wanted: &Wanted<'_>,
    file: &str,
) -> Result<OtherEnd, String> {
    let mut mirror = Mirror {
        existing,
        connection,
        wanted,
        file,
        assumptions: Vec::new(),
        cannot: Vec::new(),
    };
    let networks = mirror.networks();
    let place = mirror.place(&networks)?;
    let mirrored = mirror.connection(&place)?;
    Ok(OtherEnd {
        gateway: gateway(&place, mirrored, &networks),
        assumptions: mirror.assumptions,
        cannot: mirror.cannot,
    })
}

struct Mirror<'a> {
    existing: &'a Gateway,
    connection: &'a Connection,
    wanted: &'a Wanted<'a>,
    file: &'a str,
    assumptions: Vec<String>,
    cannot: Vec<String>,
}

impl Mirror<'_> {
    /// What the selectors say; where they say any, what the existing end routes.
    fn networks(&self) -> Networks {
        let pairs = self
            .connection
            .children
            .iter()
            .map(|child| child.selectors.value);
        let side = |of: fn(&crossgate_model::SelectorPair) -> Selector| {
            distinct(pairs.clone().map(|pair| of(&pair)).flat_map(|selector| {
                if selector.is_any() {
                    Vec::new()
                } else {
                    selector.nets()
                }
            }))
        };
        let (here, there) = (side(|pair| pair.remote), side(|pair| pair.local));
        let stated = self.wanted.locals.iter().map(|net| IpNet::V4(net.trunc()));
        let local = match here.is_empty() {
            false => here,
            true if self.wanted.locals.is_empty() => distinct(self.routes_into_tunnel()),
            true => distinct(stated),
        };
        let remote = match there.is_empty() {
            false => there,
            true if self.wanted.remotes.is_empty() => distinct(self.networks_behind()),
            true => distinct(self.wanted.remotes.iter().map(|net| net.trunc().into())),
        };
        Networks { local, remote }
    }

    fn routes_into_tunnel(&self) -> impl Iterator<Item = IpNet> + '_ {
        let tunnels = self.connection.children.iter();
        let tunnels: Vec<&str> = tunnels
            .filter_map(|child| child.tunnel_interface.as_ref())
            .map(|name| name.value.as_str())
            .collect();
        let leads = move |route: &&crossgate_model::Route| match &route.via {
            NextHop::Interface(name) | NextHop::Both(name, _) => {
                tunnels.contains(&name.value.as_str())
            }
            _ => false,
        };
        let routes = self.existing.routes.iter().filter(leads);
        routes.map(|route| route.destination.value)
    }

    fn networks_behind(&self) -> impl Iterator<Item = IpNet> + '_ {
        let wan = self.connection.local.interface.as_ref();
        let inside = self.existing.interfaces.iter().filter(move |interface| {
            interface.kind == InterfaceKind::Physical && Some(&interface.name) != wan
        });
        inside.flat_map(|interface| interface.addresses.iter().map(|net| net.value.trunc()))
    }

    fn place(&mut self, networks: &Networks) -> Result<Place, String> {
        let vendor = self.wanted.vendor;
        let named = |name: Option<&str>, habit: String| name.map_or(habit, str::to_owned);
        let wan = Port {
            interface: named(self.wanted.wan_interface, vendor.wan()),
            address: self.wan()?,
        };
        let lans = self.lans(networks)?;
        let next_hop = self.next_hop(&wan)?;
        let hostname = self.wanted.hostname.unwrap_or("peer");
        let release = self.wanted.release.filter(|_| vendor == Vendor::IosXe);
        let default = (vendor == Vendor::IosXe).then_some("17.9");
        Ok(Place {
            vendor,
            release: release.or(default).map(str::to_owned),
            hostname: Some(hostname.to_owned()),
            wan,
            next_hop,
            lans,
            tunnel: self.tunnel(),
            internet: false,
            peer: self.peer_name(),
        })
    }

    /// Where the existing end looks for the other one.
    fn wan(&mut self) -> Result<IpNet, String> {
        let file = self.file;
        match (&self.connection.remote, self.wanted.wan) {
            (RemoteEnd::Address(sought), Some(wan)) if sought.value != wan.addr() => Err(format!(
                "{file} looks for its peer at {}, and --wan says {}",
                sought.value,
                wan.addr()
            )),
            (_, Some(wan)) => Ok(wan.into()),
            (RemoteEnd::Address(sought), None) if sought.is_ipv4() => {
                let net = format!("{}/24", sought.value);
                self.assumptions
                    .push(format!("the WAN's address {net}; --wan says otherwise"));
                net.parse().map_err(|_| format!("{net} is no network"))
            }
            (RemoteEnd::Address(sought), None) => Err(format!(
                "{file} looks for its peer at {}; only IPv4 is mirrored",
                sought.value
            )),
            (other, None) => Err(format!(
                "{file} does not say the address of its peer ({other}); give it with --wan \
                 ADDRESS/LENGTH"
            )),
        }
    }

    fn next_hop(&mut self, wan: &Port) -> Result<Option<IpAddr>, String> {
        let peer = self.peer()?;
        match self.wanted.next_hop.map(IpAddr::V4) {
            Some(hop) if wan.address.contains(&hop) && hop != wan.address.addr() => Ok(Some(hop)),
            Some(hop) => Err(format!(
                "--next-hop {hop} is no other address of {}; expected one",
                wan.address.trunc()
            )),
            None if wan.address.contains(&peer) => Ok(None),
            None => {
                let mut hosts = wan.address.hosts();
                let hop = hosts.find(|host| *host != wan.address.addr());
                if let Some(hop) = hop {
                    let said = format!("the router {hop} on the WAN; --next-hop says otherwise");
                    self.assumptions.push(said);
                }
                Ok(hop)
            }
        }
    }

    fn lans(&mut self, networks: &Networks) -> Result<Vec<Port>, String> {
        let mut addresses: Vec<IpNet> =
            self.wanted.locals.iter().map(|net| (*net).into()).collect();
        if addresses.is_empty() {
            let lans = networks.local.iter().filter(|net| is_lan(net));
            addresses = lans.filter_map(first_host).collect();
            for address in &addresses {
                let said = format!("the LAN's address {address}; --local says otherwise");
                self.assumptions.push(said);
            }
        }
        if addresses.is_empty() || networks.local.is_empty() {
            let file = self.file;
            return Err(format!(
                "{file} names no network behind its peer; give one with --local ADDRESS/LENGTH"
            ));
        }
        if networks.remote.is_empty() {
            let file = self.file;
            return Err(format!(
                "{file} names no network behind its own end; give one with --remote NETWORK"
            ));
        }
        let names = self.wanted.lan_interfaces;
        let port = |(number, address): (usize, IpNet)| Port {
            interface: match names.get(number) {
                Some(name) => name.clone(),
                None => self.wanted.vendor.lan(number),
            },
            address,
        };
        Ok(addresses.into_iter().enumerate().map(port).collect())
    }

    /// Sizes as the existing end has them, or what fits.
    fn tunnel(&self) -> TunnelPort {
        let first = self.connection.children.first();
        let known = first
            .and_then(|child| child.tunnel_interface.as_ref())
            .and_then(|name| self.existing.interface(name));
        let mtu = known.and_then(|tunnel| tunnel.mtu).map(|mtu| mtu.value);
        let mss = known.and_then(|tunnel| tunnel.tcp_mss).map(|mss| mss.value);
        let proposals = first.map_or(&[][..], |child| &child.proposals);
        let fits = fitting(proposals);
        let mss = mss
            .or(mtu.map(|mtu| mtu - TCP_HEADERS))
            .map_or(fits, |mss| mss.min(fits));
        TunnelPort {
            interface: match self.wanted.tunnel_interface {
                Some(name) => name.to_owned(),
                None => self.wanted.vendor.tunnel(),
            },
            address: None,
            mtu: Some(mtu.unwrap_or(mss + TCP_HEADERS).min(fits + TCP_HEADERS)),
            mss: Some(mss),
        }
    }

    /// What the existing end is called in names.
    fn peer_name(&self) -> String {
        let hostname = self
            .existing
            .hostname
            .as_ref()
            .map(|name| name.value.as_str());
        let fits = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let name: String = hostname
            .unwrap_or("")
            .chars()
            .filter(fits)
            .take(20)
            .collect();
        match name.is_empty() {
            true => "peer".to_owned(),
            false => name,
        }
    }

    /// The existing end's address.
    fn peer(&self) -> Result<IpAddr, String> {
        let known = self.connection.local.address.map(|address| address.value);
        let known = known.filter(|address| !address.is_unspecified());
        let peer = known.or(self.wanted.peer.map(IpAddr::V4));
        peer.ok_or_else(|| {
            let interface = self.connection.local.interface.as_ref();
            let interface = interface.map_or("its WAN", |name| name.value.as_str());
            let file = self.file;
            format!("{file} does not say the address of {interface}; give it with --peer ADDRESS")
        })
    }

    fn connection(&mut self, place: &Place) -> Result<Connection, String> {
        let old = self.connection;
        let peer = self.peer()?;
        if old.post_quantum.is_some() {
            self.cannot
                .push("protection against quantum computers: set it by hand".into());
        }
        let nat = Nat {
            force_encapsulation: stated(false),
            agrees_on_udp: false,
            ..old.nat.clone()
        };
        Ok(Connection {
            name: stated(place.vendor.connection(&place.peer)),
            version: stated(IkeVersion::V2),
            local: LocalEnd {
                interface: Some(stated(place.wan.interface.clone())),
                address: Some(stated(place.wan.address.addr())),
            },
            remote: RemoteEnd::Address(stated(peer)),
            proposals: self.ike(place),
            local_identity: self.own_identity(place)?,
            remote_identities: vec![stated(self.peers_identity(peer))],
            local_auth: self.auth(&old.remote_auth.value),
            remote_auth: self.auth(&old.local_auth.value),
            certificates: CertificateUse::default(),
            post_quantum: None,
            lifetime: stated(old.lifetime.value),
            liveness: old.liveness.clone(),
            nat,
            fragmentation: old.fragmentation,
            initiation: stated(Initiation::OnTraffic),
            enabled: stated(true),
            children: self.children(place),
        })
    }

    fn ike(&self, place: &Place) -> Vec<IkeProposal> {
        let [name, _] = place.vendor.offers(&place.peer);
        let all = self.connection.proposals.iter().enumerate();
        let named = all.map(|(number, proposal)| IkeProposal {
            name: Some(stated(numbered(&name, number))),
            ..proposal.clone()
        });
        named.collect()
    }

    /// What the existing end expects to see.
    fn own_identity(&self, place: &Place) -> Result<Spanned<Identity>, String> {
        let wan = place.wan.address.addr();
        let by_default = || Spanned::default_of(Identity::Address(wan));
        let accepted = &self.connection.remote_identities;
        if let Some(said) = self.wanted.identity {
            let known = Known::from_text(said);
            let known = known.ok_or_else(|| format!("--identity: expected {}", Known::EXPECTED))?;
            return Ok(stated(known.0));
        }
        let is_fine = |wanted: &Spanned<IdentityMatch>| wanted.matches(&Identity::Address(wan));
        if accepted.is_empty() || accepted.iter().any(is_fine) {
            return Ok(by_default());
        }
        let mut exact = accepted.iter().filter_map(|wanted| match &wanted.value {
            IdentityMatch::Exactly(identity) => Some(identity.clone()),
            _ => None,
        });
        exact.next().map(stated).ok_or_else(|| {
            let patterns: Vec<String> = accepted.iter().map(|a| a.value.to_string()).collect();
            let file = self.file;
            format!(
                "{file} accepts a peer with {}; say which it is with --identity",
                patterns.join(" or ")
            )
        })
    }

    fn peers_identity(&self, peer: IpAddr) -> IdentityMatch {
        IdentityMatch::Exactly(match &self.connection.local_identity.value {
            Identity::Address(address) if address.is_unspecified() => Identity::Address(peer),
            known => known.clone(),
        })
    }

    fn auth(&mut self, old: &Auth) -> Spanned<Auth> {
        if !matches!(old, Auth::Psk(_)) {
            let what = format!("certificates for the {}: enrol them by hand", old.name());
            if !self.cannot.contains(&what) {
                self.cannot.push(what);
            }
        }
        // A key that is encrypted for the existing device, the new one can't read.
        stated(match old {
            Auth::Psk(PresharedKey::Encrypted) => Auth::Psk(PresharedKey::Missing),
            known => known.clone(),
        })
    }

    fn children(&mut self, place: &Place) -> Vec<Child> {
        let [_, esp] = place.vendor.offers(&place.peer);
        let interface = &place.tunnel.interface;
        let tunnel = place.vendor.tunnel_name(&place.peer, interface);
        let old: Vec<&Child> = self
            .connection
            .children
            .iter()
            .filter(|c| c.enabled.value)
            .collect();
        let child = |(number, child): (usize, &&Child)| Child {
            name: stated(place.vendor.child(&tunnel, number, old.len())),
            tunnel: stated(tunnel.clone()),
            tunnel_interface: Some(stated(interface.clone())),
            selectors: stated(child.selectors.mirrored()),
            responder_selectors: SELECTORS,
            proposals: offers(&child.proposals, &esp),
            ..(*child).clone()
        };
        old.iter().enumerate().map(child).collect()
    }
}

fn offers(proposals: &[EspProposal], name: &str) -> Vec<EspProposal> {
    let named = proposals
        .iter()
        .enumerate()
        .map(|(number, proposal)| EspProposal {
            name: Some(stated(numbered(name, number))),
            ..proposal.clone()
        });
    named.collect()
}

fn numbered(name: &str, number: usize) -> String {
    match number {
        0 => name.to_owned(),
        _ => format!("{name}-{}", number + 1),
    }
}

fn distinct(nets: impl Iterator<Item = IpNet>) -> Vec<IpNet> {
    let mut kept = Vec::new();
    for net in nets.filter(|net| net.prefix_len() > 0) {
        if !kept.contains(&net) {
            kept.push(net);
        }
    }
    kept
}

/// Whether an interface may have it, as opposed to a single host.
fn is_lan(net: &IpNet) -> bool {
    net.addr().is_ipv4() && net.prefix_len() < 31
}

fn first_host(net: &IpNet) -> Option<IpNet> {
    IpNet::new(net.hosts().next()?, net.prefix_len()).ok()
}
