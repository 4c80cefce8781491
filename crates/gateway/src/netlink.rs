//! The kernel's devices, addresses, routes and rules: read and changed, one request at a time.
//!
//! Requests are answered at once by the kernel, so the socket blocks; no peer can delay it.

use crate::routes::{MAIN_TABLE, PROTOCOL, RouteSpec, RuleSpec, Via};
use crossgate_model::view::Traffic;
use ipnet::IpNet;
use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage,
    NetlinkPayload,
};
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{
    InfoData, InfoVti, LinkAttribute, LinkFlags, LinkInfo, LinkMessage, State, Stats64,
};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::rule::{RuleAction, RuleAttribute, RuleMessage, RulePortRange};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use std::io;
use std::net::IpAddr;

/// Room for one datagram of a dump; the kernel sends at most 32 KiB at once.
const RECEIVE_BUFFER: usize = 64 * 1024;

/// A network device of the machine, with its addresses.
#[derive(Clone, Debug, Default)]
pub struct Device {
    pub index: u32,
    pub name: String,
    pub loopback: bool,
    /// Set up by the administrator.
    pub up: bool,
    /// Has carrier, as far as it tells.
    pub running: bool,
    pub mtu: u32,
    pub mac: Option<[u8; 6]>,
    pub addresses: Vec<IpNet>,
    /// Of a VTI: the mark of what comes in by it.
    pub vti_key: Option<u32>,
    pub received: Traffic,
    pub sent: Traffic,
}

impl Device {
    pub fn has(&self, address: IpAddr) -> bool {
        self.addresses.iter().any(|net| net.addr() == address)
    }
}

/// A route as the kernel has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelRoute {
    pub table: u32,
    pub destination: IpNet,
    pub kind: RouteType,
    pub protocol: RouteProtocol,
    pub scope: RouteScope,
    pub gateway: Option<IpAddr>,
    /// Index of the device.
    pub device: Option<u32>,
    pub metric: u32,
}

/// A connection to the kernel.
pub struct Netlink {
    socket: Socket,
    sequence: u32,
}

impl Netlink {
    pub fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        Ok(Self {
            socket,
            sequence: 0,
        })
    }

    /// All devices, in the kernel's order.
    pub fn devices(&mut self) -> io::Result<Vec<Device>> {
        let mut devices = Vec::new();
        for message in self.dump(RouteNetlinkMessage::GetLink(LinkMessage::default()))? {
            if let RouteNetlinkMessage::NewLink(link) = message {
                devices.push(device_of(&link));
            }
        }
        for message in self.dump(RouteNetlinkMessage::GetAddress(AddressMessage::default()))? {
            if let RouteNetlinkMessage::NewAddress(message) = message {
                add_address_of(&message, &mut devices);
            }
        }
        Ok(devices)
    }

    /// All routes of all tables and both families.
    pub fn routes(&mut self) -> io::Result<Vec<KernelRoute>> {
        let mut routes = Vec::new();
        for family in [AddressFamily::Inet, AddressFamily::Inet6] {
            let mut all = RouteMessage::default();
            all.header.address_family = family;
            for message in self.dump(RouteNetlinkMessage::GetRoute(all))? {
                if let RouteNetlinkMessage::NewRoute(route) = message {
                    routes.extend(route_of(&route));
                }
            }
        }
        Ok(routes)
    }

    /// Fails with `AlreadyExists` where one of the same destination, metric and table is there.
    pub fn add_route(&mut self, route: &RouteSpec, device: Option<u32>) -> io::Result<()> {
        let message = route_message(route, device);
        self.change(
            RouteNetlinkMessage::NewRoute(message),
            NLM_F_CREATE | NLM_F_EXCL,
        )
    }

    pub fn delete_route(&mut self, route: &RouteSpec, device: Option<u32>) -> io::Result<()> {
        self.change(
            RouteNetlinkMessage::DelRoute(route_message(route, device)),
            0,
        )
    }

    /// Fails with `AlreadyExists` where the very same rule is there.
    pub fn add_rule(&mut self, rule: &RuleSpec) -> io::Result<()> {
        let message = rule_message(rule);
        self.change(
            RouteNetlinkMessage::NewRule(message),
            NLM_F_CREATE | NLM_F_EXCL,
        )
    }

    pub fn delete_rule(&mut self, rule: &RuleSpec) -> io::Result<()> {
        self.change(RouteNetlinkMessage::DelRule(rule_message(rule)), 0)
    }

    pub fn set_mtu(&mut self, device: u32, mtu: u32) -> io::Result<()> {
        let mut link = LinkMessage::default();
        link.header.index = device;
        link.attributes.push(LinkAttribute::Mtu(mtu));
        self.change(RouteNetlinkMessage::SetLink(link), 0)
    }

    /// Packets that a device's queue holds.
    pub fn set_queue_len(&mut self, device: u32, packets: u32) -> io::Result<()> {
        let mut link = LinkMessage::default();
        link.header.index = device;
        link.attributes.push(LinkAttribute::TxQueueLen(packets));
        self.change(RouteNetlinkMessage::SetLink(link), 0)
    }

    pub fn set_up(&mut self, device: u32) -> io::Result<()> {
        let mut link = LinkMessage::default();
        link.header.index = device;
        link.header.flags = LinkFlags::Up;
        link.header.change_mask = LinkFlags::Up;
        self.change(RouteNetlinkMessage::SetLink(link), 0)
    }

    pub fn add_address(&mut self, device: u32, address: IpNet) -> io::Result<()> {
        let message = RouteNetlinkMessage::NewAddress(address_message(device, address));
        self.change(message, NLM_F_CREATE | NLM_F_EXCL)
    }

    pub fn delete_address(&mut self, device: u32, address: IpNet) -> io::Result<()> {
        let message = RouteNetlinkMessage::DelAddress(address_message(device, address));
        self.change(message, 0)
    }

    /// One request that is acknowledged.
    pub fn change(&mut self, message: RouteNetlinkMessage, flags: u16) -> io::Result<()> {
        self.send(message, NLM_F_REQUEST | NLM_F_ACK | flags)?;
        self.receive(|_| ())
    }

    fn dump(&mut self, message: RouteNetlinkMessage) -> io::Result<Vec<RouteNetlinkMessage>> {
        self.send(message, NLM_F_REQUEST | NLM_F_DUMP)?;
        let mut all = Vec::new();
        self.receive(|message| all.push(message))?;
        Ok(all)
    }

    fn send(&mut self, message: RouteNetlinkMessage, flags: u16) -> io::Result<()> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut header = NetlinkHeader::default();
        header.flags = flags;
        header.sequence_number = self.sequence;
        let mut packet = NetlinkMessage::new(header, NetlinkPayload::from(message));
        packet.finalize();
        let mut octets = vec![0; packet.buffer_len()];
        packet.serialize(&mut octets);
        self.socket.send(&octets, 0).map(|_| ())
    }

    /// Takes messages up to the answer's end: its acknowledgement, or the end of a dump.
    fn receive(&mut self, mut take: impl FnMut(RouteNetlinkMessage)) -> io::Result<()> {
        let mut buffer = vec![0; RECEIVE_BUFFER];
        loop {
            let size = self.socket.recv(&mut &mut buffer[..], 0)?;
            let mut rest = &buffer[..size];
            while !rest.is_empty() {
                let message = NetlinkMessage::<RouteNetlinkMessage>::deserialize(rest)
                    .map_err(io::Error::other)?;
                let length = (message.header.length as usize).next_multiple_of(4);
                rest = rest.get(length.max(16)..).unwrap_or_default();
                if message.header.sequence_number != self.sequence {
                    continue;
                }
                match message.payload {
                    NetlinkPayload::Done(_) => return Ok(()),
                    NetlinkPayload::Error(error) => return error.to_io_result(),
                    NetlinkPayload::InnerMessage(inner) => take(inner),
                    _ => {}
                }
            }
        }
    }
}

/// An acknowledgement is an error message without an error.
trait Acknowledgement {
    fn to_io_result(&self) -> io::Result<()>;
}

impl Acknowledgement for netlink_packet_core::ErrorMessage {
    fn to_io_result(&self) -> io::Result<()> {
        match self.code {
            None => Ok(()),
            Some(_) => Err(self.to_io()),
        }
    }
}

fn device_of(link: &LinkMessage) -> Device {
    let flags = link.header.flags;
    let mut device = Device {
        index: link.header.index,
        loopback: flags.contains(LinkFlags::Loopback),
        up: flags.contains(LinkFlags::Up),
        ..Device::default()
    };
    for attribute in &link.attributes {
        match attribute {
            LinkAttribute::IfName(name) => device.name.clone_from(name),
            LinkAttribute::Mtu(mtu) => device.mtu = *mtu,
            LinkAttribute::Address(mac) => device.mac = mac.as_slice().try_into().ok(),
            // A TUN or loopback device doesn't know; it is up when it is set up.
            LinkAttribute::OperState(state) => {
                device.running = match state {
                    State::Up => true,
                    State::Unknown => device.up,
                    _ => false,
                }
            }
            LinkAttribute::LinkInfo(infos) => device.vti_key = infos.iter().find_map(vti_key),
            LinkAttribute::Stats64(stats) => {
                (device.received, device.sent) = (received(stats), sent(stats));
            }
            _ => {}
        }
    }
    device
}

fn vti_key(info: &LinkInfo) -> Option<u32> {
    let LinkInfo::Data(InfoData::Vti(data)) = info else {
        return None;
    };
    data.iter().find_map(|item| match item {
        InfoVti::IKey(key) => Some(*key),
        _ => None,
    })
}

fn received(stats: &Stats64) -> Traffic {
    Traffic {
        packets: stats.rx_packets,
        bytes: stats.rx_bytes,
        errors: stats.rx_errors,
        drops: stats.rx_dropped,
    }
}

fn sent(stats: &Stats64) -> Traffic {
    Traffic {
        packets: stats.tx_packets,
        bytes: stats.tx_bytes,
        errors: stats.tx_errors,
        drops: stats.tx_dropped,
    }
}

fn add_address_of(message: &AddressMessage, devices: &mut [Device]) {
    let find = |wanted: fn(&AddressAttribute) -> Option<IpAddr>| {
        message.attributes.iter().find_map(wanted)
    };
    // On a point-to-point device `Address` is the far end; `Local` is ours wherever it is told.
    let address = find(|a| match a {
        AddressAttribute::Local(address) => Some(*address),
        _ => None,
    })
    .or_else(|| {
        find(|a| match a {
            AddressAttribute::Address(address) => Some(*address),
            _ => None,
        })
    });
    let net = address.and_then(|address| IpNet::new(address, message.header.prefix_len).ok());
    let device = devices.iter_mut().find(|d| d.index == message.header.index);
    if let (Some(net), Some(device)) = (net, device) {
        device.addresses.push(net);
    }
}

fn address_message(device: u32, address: IpNet) -> AddressMessage {
    let mut message = AddressMessage::default();
    message.header.family = family(address.addr());
    message.header.prefix_len = address.prefix_len();
    message.header.index = device;
    message.attributes = vec![
        AddressAttribute::Local(address.addr()),
        AddressAttribute::Address(address.addr()),
    ];
    message
}

fn family(address: IpAddr) -> AddressFamily {
    match address {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    }
}

fn route_of(message: &RouteMessage) -> Option<KernelRoute> {
    let header = &message.header;
    let any = match header.address_family {
        AddressFamily::Inet => IpAddr::from([0; 4]),
        AddressFamily::Inet6 => IpAddr::from([0; 16]),
        _ => return None,
    };
    let mut route = KernelRoute {
        table: u32::from(header.table),
        destination: IpNet::new(any, header.destination_prefix_length).ok()?,
        kind: header.kind,
        protocol: header.protocol,
        scope: header.scope,
        gateway: None,
        device: None,
        metric: 0,
    };
    for attribute in &message.attributes {
        match attribute {
            RouteAttribute::Table(table) => route.table = *table,
            RouteAttribute::Destination(address) => {
                let address = plain_address(address)?;
                route.destination = IpNet::new(address, header.destination_prefix_length).ok()?;
            }
            RouteAttribute::Gateway(address) => route.gateway = plain_address(address),
            RouteAttribute::Oif(index) => route.device = Some(*index),
            RouteAttribute::Priority(metric) => route.metric = *metric,
            _ => {}
        }
    }
    Some(route)
}

fn plain_address(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(v4) => Some((*v4).into()),
        RouteAddress::Inet6(v6) => Some((*v6).into()),
        _ => None,
    }
}

fn route_message(route: &RouteSpec, device: Option<u32>) -> RouteMessage {
    let mut message = RouteMessage::default();
    message.header.address_family = family(route.destination.addr());
    message.header.destination_prefix_length = route.destination.prefix_len();
    message.header.table = small_table(route.table);
    message.header.protocol = RouteProtocol::Other(PROTOCOL);
    message.header.kind = match route.via {
        Via::Unreachable => RouteType::Unreachable,
        Via::Discard => RouteType::BlackHole,
        Via::Device(_) | Via::Gateway { .. } => RouteType::Unicast,
    };
    message.header.scope = match route.via {
        Via::Device(_) => RouteScope::Link,
        _ => RouteScope::Universe,
    };
    let gateway = match route.via {
        Via::Gateway { address, .. } => Some(RouteAttribute::Gateway(address.into())),
        _ => None,
    };
    message.attributes = vec![
        RouteAttribute::Destination(route.destination.network().into()),
        RouteAttribute::Table(route.table),
        RouteAttribute::Priority(route.metric),
    ];
    message.attributes.extend(gateway);
    message.attributes.extend(device.map(RouteAttribute::Oif));
    message
}

fn rule_message(rule: &RuleSpec) -> RuleMessage {
    let mut message = RuleMessage::default();
    let header = &mut message.header;
    header.family = if rule.v6 {
        AddressFamily::Inet6
    } else {
        AddressFamily::Inet
    };
    header.action = RuleAction::ToTable;
    header.table = small_table(rule.table);
    let attributes = &mut message.attributes;
    attributes.push(RuleAttribute::Priority(rule.priority));
    attributes.push(RuleAttribute::Table(rule.table));
    attributes.push(RuleAttribute::Protocol(RouteProtocol::Other(PROTOCOL)));
    if let Some(net) = rule.source {
        header.src_len = net.prefix_len();
        attributes.push(RuleAttribute::Source(net.network()));
    }
    if let Some(net) = rule.destination {
        header.dst_len = net.prefix_len();
        attributes.push(RuleAttribute::Destination(net.network()));
    }
    if rule.ip_protocol != 0 {
        attributes.push(RuleAttribute::IpProtocol(
            i32::from(rule.ip_protocol).into(),
        ));
    }
    let ports = |(start, end)| RulePortRange { start, end };
    attributes.extend(
        rule.source_ports
            .map(ports)
            .map(RuleAttribute::SourcePortRange),
    );
    let destination = rule.destination_ports.map(ports);
    attributes.extend(destination.map(RuleAttribute::DestinationPortRange));
    attributes.extend(rule.mark.map(RuleAttribute::FwMark));
    message
}

/// The header's octet of a table's number; the attribute has the whole of it.
fn small_table(table: u32) -> u8 {
    if table == MAIN_TABLE {
        return RouteHeader::RT_TABLE_MAIN;
    }
    u8::try_from(table).unwrap_or(RouteHeader::RT_TABLE_UNSPEC)
}
