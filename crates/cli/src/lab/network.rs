//! The plan made real: five namespaces, the cables between them, addresses and routes.

use super::namespace::Namespace;
use crossgate_gateway::netlink::Netlink;
use crossgate_gateway::routes::{MAIN_TABLE, RouteSpec, Via};
use crossgate_model::plan::{Plan, Site};
use crossgate_model::{Gateway, Interface};
use ipnet::{IpNet, Ipv4Net};
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    InfoData, InfoKind, InfoVeth, LinkAttribute, LinkInfo, LinkMessage,
};
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::AsRawFd;

/// Names of devices inside the namespaces.
pub const WAN: &str = "wan0";
pub const LAN: &str = "lan0";
const LINE: &str = "line";
const HOST: &str = "eth0";
const BRIDGE: &str = "bridge0";

/// All namespaces, with what is in them.
#[derive(Debug)]
pub struct Network {
    pub branch: Place,
    pub hq: Place,
    pub router: Namespace,
}

/// One end's two namespaces.
#[derive(Debug)]
pub struct Place {
    pub gateway: Namespace,
    pub host: Namespace,
}

impl Network {
    /// Device of the router on that site's WAN.
    pub fn router_device(label: &str) -> String {
        format!("to-{label}")
    }

    /// All devices of the router towards that site.
    pub fn router_devices(site: &Site) -> impl Iterator<Item = String> {
        let main = Self::router_device(site.label);
        let further = (1..=site.further.len()).map(move |number| format!("{main}-{number}"));
        std::iter::once(Self::router_device(site.label)).chain(further)
    }

    /// The gateway's device of a line that the tunnel doesn't use, by its place in the site's list.
    pub fn line_device(number: usize) -> String {
        format!("{LINE}{}", number + 1)
    }

    /// The gateways' files say more of the WAN's interfaces than the plan does.
    pub fn build(plan: &Plan, files: [&Gateway; 2]) -> io::Result<Self> {
        let place = || -> io::Result<Place> {
            Ok(Place {
                gateway: Namespace::new()?,
                host: Namespace::new()?,
            })
        };
        let network = Self {
            branch: place()?,
            hq: place()?,
            router: Namespace::new()?,
        };
        let bridged = plan.one_segment();
        let [branch, hq] = files;
        network.site(&plan.branch, branch, &network.branch, bridged)?;
        network.site(&plan.hq, hq, &network.hq, bridged)?;
        if bridged {
            inside(&network.router, bridge)?;
        }
        let has_lines = [&plan.branch, &plan.hq]
            .iter()
            .any(|site| !site.further.is_empty());
        if !bridged || has_lines {
            network.router.enter(forward)??;
        }
        Ok(network)
    }

    fn site(&self, site: &Site, file: &Gateway, place: &Place, bridged: bool) -> io::Result<()> {
        let to_router = Self::router_device(site.label);
        cable((&place.gateway, WAN), (&self.router, &to_router))?;
        cable((&place.gateway, LAN), (&place.host, HOST))?;
        inside(&place.gateway, |net| gateway(net, site, file, bridged))?;
        inside(&place.host, |net| hosts(net, site))?;
        inside(&self.router, |net| {
            net.up("lo")?;
            if !bridged {
                let own = Ipv4Net::new(site.wan_router, site.wan.prefix_len());
                net.address(&to_router, own.unwrap_or(site.wan))?;
            }
            net.up(&to_router)
        })?;
        self.lines(site, place)
    }

    /// What the tunnel doesn't use, but the daemon looks for.
    fn lines(&self, site: &Site, place: &Place) -> io::Result<()> {
        let devices = Self::router_devices(site).skip(1);
        for (number, (line, to_router)) in site.further.iter().zip(devices).enumerate() {
            let device = Self::line_device(number);
            cable((&place.gateway, &device), (&self.router, &to_router))?;
            let router = Ipv4Net::new(line.wan_router, line.wan.prefix_len());
            let ends = [
                (&place.gateway, &device, line.wan),
                (&self.router, &to_router, router.unwrap_or(line.wan)),
            ];
            for (namespace, device, address) in ends {
                inside(namespace, |net| {
                    net.address(device, address)?;
                    net.up(device)
                })?;
            }
        }
        Ok(())
    }
}

fn gateway(net: &mut Devices, site: &Site, file: &Gateway, bridged: bool) -> io::Result<()> {
    net.up("lo")?;
    let interface = file.interface(&site.wan_interface);
    let addresses = wan_addresses(site, interface);
    for address in &addresses {
        net.address(WAN, *address)?;
    }
    for lan in &site.lans {
        net.address(LAN, lan.gateway)?;
    }
    // Before the LAN: where both have one network, the way to the router is by the WAN.
    let is_up = interface.is_none_or(|interface| interface.enabled.value);
    if is_up {
        net.up(WAN)?;
    }
    net.up(LAN)?;
    let reaches_router = addresses.iter().any(|net| net.contains(&site.wan_router));
    if site.needs_default_route && !bridged && is_up && reaches_router {
        net.default_route(site.wan_router)?;
    }
    Ok(())
}

/// Those of the file, whether the gateway speaks from one of them or not; the plan's if it has none.
fn wan_addresses(site: &Site, interface: Option<&Interface>) -> Vec<Ipv4Net> {
    let stated = interface.into_iter().flat_map(|i| &i.addresses);
    let addresses: Vec<Ipv4Net> = stated
        .filter_map(|net| match net.value {
            IpNet::V4(net) => Some(net),
            IpNet::V6(_) => None,
        })
        .collect();
    match addresses.is_empty() {
        true => vec![site.wan],
        false => addresses,
    }
}

/// The hosts of a site share one namespace: one address a LAN, and a default route by the first.
fn hosts(net: &mut Devices, site: &Site) -> io::Result<()> {
    net.up("lo")?;
    for lan in &site.lans {
        let address = Ipv4Net::new(lan.host, lan.gateway.prefix_len());
        net.address(HOST, address.unwrap_or(lan.gateway))?;
    }
    net.up(HOST)?;
    match site.lans.first() {
        Some(lan) => net.default_route(lan.gateway.addr()),
        None => Ok(()),
    }
}

fn forward() -> io::Result<()> {
    std::fs::write("/proc/sys/net/ipv4/ip_forward", "1")
}

/// Both WANs are one segment: the router only bridges.
fn bridge(net: &mut Devices) -> io::Result<()> {
    net.add(kind(BRIDGE, InfoKind::Bridge, None))?;
    net.up(BRIDGE)?;
    let bridge = net.index(BRIDGE)?;
    for label in ["branch", "hq"] {
        let controller = LinkAttribute::Controller(bridge);
        net.set(&Network::router_device(label), vec![controller])?;
    }
    Ok(())
}

/// A veth pair with one end in each namespace.
fn cable(a: (&Namespace, &str), b: (&Namespace, &str)) -> io::Result<()> {
    let there = b.0.fd().as_raw_fd();
    inside(a.0, |net| {
        // Made under a passing name, because both ends are born in this namespace.
        let passing = format!("x-{}", b.1);
        let mut peer = LinkMessage::default();
        peer.attributes.push(LinkAttribute::IfName(passing.clone()));
        let data = InfoData::Veth(InfoVeth::Peer(peer));
        net.add(kind(a.1, InfoKind::Veth, Some(data)))?;
        let name = LinkAttribute::IfName(b.1.to_owned());
        net.set(&passing, vec![name, LinkAttribute::NetNsFd(there)])
    })
}

fn kind(name: &str, kind: InfoKind, data: Option<InfoData>) -> LinkMessage {
    let mut info = vec![LinkInfo::Kind(kind)];
    info.extend(data.map(LinkInfo::Data));
    let mut link = LinkMessage::default();
    let name = LinkAttribute::IfName(name.to_owned());
    link.attributes = vec![name, LinkAttribute::LinkInfo(info)];
    link
}

/// Runs netlink work inside a namespace.
fn inside(
    namespace: &Namespace,
    work: impl FnOnce(&mut Devices) -> io::Result<()> + Send,
) -> io::Result<()> {
    namespace.enter(|| work(&mut Devices(Netlink::open()?)))?
}

/// The devices of one namespace, by name.
struct Devices(Netlink);

impl Devices {
    fn index(&mut self, name: &str) -> io::Result<u32> {
        let devices = self.0.devices()?;
        let device = devices.into_iter().find(|device| device.name == name);
        device
            .map(|device| device.index)
            .ok_or_else(|| io::Error::other(format!("no device {name}")))
    }

    fn add(&mut self, link: LinkMessage) -> io::Result<()> {
        let message = RouteNetlinkMessage::NewLink(link);
        self.0.change(message, NLM_F_CREATE | NLM_F_EXCL)
    }

    fn set(&mut self, name: &str, attributes: Vec<LinkAttribute>) -> io::Result<()> {
        let mut link = LinkMessage::default();
        link.header.index = self.index(name)?;
        link.attributes = attributes;
        self.0.change(RouteNetlinkMessage::SetLink(link), 0)
    }

    fn up(&mut self, name: &str) -> io::Result<()> {
        let index = self.index(name)?;
        self.0.set_up(index)
    }

    fn address(&mut self, name: &str, net: Ipv4Net) -> io::Result<()> {
        let index = self.index(name)?;
        match self.0.add_address(index, IpNet::V4(net)) {
            // Two networks of the selectors may be parts of one interface's, and have one host.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            done => done,
        }
    }

    fn default_route(&mut self, via: Ipv4Addr) -> io::Result<()> {
        let route = RouteSpec {
            table: MAIN_TABLE,
            destination: IpNet::V4(Ipv4Net::default()),
            metric: 0,
            via: Via::Gateway {
                address: IpAddr::V4(via),
                device: None,
            },
        };
        self.0.add_route(&route, None)
    }
}
