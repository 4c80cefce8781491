//! `interface`, with what makes it a tunnel.

use super::oversize::{self, HasOversize, OversizeSettings};
use super::reasons::{NO_NAT, ONE_TABLE, PATH_MTU};
use super::{Config, Named, entry, remove, switch};
use crate::grammar::{Args, Mode, Rule, Unobeyed, aside, is_digits, lacking, read, run, set};
use crate::names::interface_meant;
use crate::tree::Line;
use crossgate_diag::{Span, Spanned, surely};
use ipnet::IpNet;
use std::net::IpAddr;

#[derive(Clone, Debug)]
pub struct Interface {
    /// In full: `GigabitEthernet0/0/0`.
    pub name: Spanned<String>,
    pub description: Option<Spanned<String>>,
    /// The primary one first.
    pub addresses: Vec<Spanned<IpNet>>,
    /// `ip address dhcp` and its like: the address isn't in the file, or is another interface's.
    pub learnt_address: Option<Span>,
    pub shutdown: Option<Spanned<bool>>,
    pub mtu: Option<Spanned<u16>>,
    pub ip_mtu: Option<Spanned<u16>>,
    pub tcp_mss: Option<Spanned<u16>>,
    /// Before the global ones.
    pub oversize: OversizeSettings,
    pub tunnel: Tunnel,
    pub crypto_map: Option<Spanned<String>>,
    /// `ip access-group`.
    pub filter_in: Option<Spanned<String>>,
    pub filter_out: Option<Spanned<String>>,
    /// `bandwidth`, in kbit/s.
    pub bandwidth: Option<Spanned<u64>>,
    /// `speed`, in Mbit/s.
    pub speed: Option<Spanned<u64>>,
    pub nat: Option<Spanned<NatSide>>,
}

/// On which side of address translation an interface is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NatSide {
    Inside,
    Outside,
}

/// What `tunnel …` lines say.
#[derive(Clone, Debug, Default)]
pub struct Tunnel {
    pub source: Option<Spanned<TunnelEnd>>,
    pub destination: Option<Spanned<TunnelEnd>>,
    /// The default is GRE.
    pub mode: Option<Spanned<TunnelMode>>,
    pub ipsec_profile: Option<Spanned<String>>,
    /// `… ikev2-profile NAME`: instead of the IPsec profile's.
    pub ikev2_profile: Option<Spanned<String>>,
    /// `tunnel protection ipsec policy ipv4 ACL`: one Child SA for each entry of it.
    pub policy: Option<Spanned<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TunnelEnd {
    Address(IpAddr),
    /// A source's interface, a destination's host name.
    Name(String),
    Dynamic,
    /// Neither, as a finding has told.
    Wrong,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TunnelMode {
    /// `ipsec ipv4`: IPv4 in IPv4.
    IpsecV4,
    /// `ipsec ipv4 v6-overlay`: IPv6 in IPv4.
    IpsecV6OverV4,
    /// `ipsec ipv6`: IPv6 in IPv6.
    IpsecV6,
    /// `ipsec ipv6 v4-overlay`: IPv4 in IPv6.
    IpsecV4OverV6,
    IpsecDualOverlay,
    Gre,
    Other,
    /// None at all, as a finding has told.
    Wrong,
}

impl TunnelMode {
    /// Whether both ends' addresses are IPv6; `None` where the mode leaves it to them, or isn't spoken.
    pub fn is_outside_v6(self) -> Option<bool> {
        match self {
            Self::IpsecV4 | Self::IpsecV6OverV4 => Some(false),
            Self::IpsecV6 | Self::IpsecV4OverV6 => Some(true),
            _ => None,
        }
    }
}

impl HasOversize for Interface {
    fn oversize_mut(&mut self) -> &mut OversizeSettings {
        &mut self.oversize
    }
}

impl Named for Interface {
    const WHAT: &'static str = "interface";

    fn new(name: Spanned<String>) -> Self {
        Self {
            name,
            description: None,
            addresses: Vec::new(),
            learnt_address: None,
            shutdown: None,
            mtu: None,
            ip_mtu: None,
            tcp_mss: None,
            oversize: OversizeSettings::default(),
            tunnel: Tunnel::default(),
            crypto_map: None,
            filter_in: None,
            filter_out: None,
            bandwidth: None,
            speed: None,
            nat: None,
        }
    }

    fn name(&self) -> &Spanned<String> {
        &self.name
    }
}

const NO_FILTERS: &str = "packets are not filtered here yet";
const LINK: &str = "settings of links, queues, filters and protocols on interfaces";

pub(crate) static TABLE: &[Rule<Interface>] = &[
    set("description", description),
    set("ip address", ip_address),
    set("ipv6 address", ipv6_address),
    set("shutdown", shutdown),
    set("mtu", mtu),
    set("ip mtu", ip_mtu),
    set("ip tcp adjust-mss", adjust_mss),
    set("crypto ipsec df-bit", oversize::df_bit::<Interface>),
    set(
        "crypto ipsec fragmentation",
        oversize::fragmentation::<Interface>,
    ),
    set("tunnel source", tunnel_source),
    set("tunnel destination", tunnel_destination),
    set("tunnel mode", tunnel_mode),
    set("tunnel protection ipsec profile", protection),
    set("tunnel protection ipsec policy ipv4", protection_policy),
    lacking(
        "tunnel protection ipsec policy ipv6",
        "selectors of a tunnel's policy are IPv4",
    ),
    set("crypto map", crypto_map).when(names_one_map),
    read(
        "ip unnumbered",
        unnumbered,
        Unobeyed::Judged("the interface has no address of its own here"),
    ),
    lacking("vrf forwarding", ONE_TABLE),
    lacking("ip vrf", ONE_TABLE),
    lacking("tunnel vrf", ONE_TABLE),
    lacking("tunnel key", "only GRE has keys"),
    lacking("tunnel route-via", "the kernel's routes decide"),
    set("tunnel path-mtu-discovery", path_mtu_discovery).when(is_what_is_done),
    lacking("tunnel path-mtu-discovery", PATH_MTU),
    aside("tunnel bandwidth", LINK),
    aside("tunnel ttl", LINK),
    aside("tunnel tos", LINK),
    aside("tunnel checksum", LINK),
    aside("tunnel sequence-datagrams", LINK),
    read("ip nat", nat, Unobeyed::Judged(NO_NAT)).when(is_side),
    read(
        "ip access-group",
        access_group,
        Unobeyed::Judged(NO_FILTERS),
    ),
    lacking("zone-member", NO_FILTERS),
    lacking("ip policy", "routes decide by destination only"),
    aside("keepalive", LINK),
    aside("ip ospf", LINK),
    aside("ip eigrp", LINK),
    aside("ip rip", LINK),
    aside("ip router", LINK),
    aside("ip pim", LINK),
    aside("ip igmp", LINK),
    aside("ip nhrp", LINK),
    aside("ip nbar", LINK),
    aside("ip flow", LINK),
    aside("ip route-cache", LINK),
    aside("ip redirects", LINK),
    aside("ip unreachables", LINK),
    aside("ip proxy-arp", LINK),
    aside("ip directed-broadcast", LINK),
    aside("ip mask-reply", LINK),
    aside("ip helper-address", LINK),
    aside("ip virtual-reassembly", LINK),
    aside("ip verify", LINK),
    aside("ip inspect", LINK),
    aside("ip bandwidth-percent", LINK),
    aside("ip hello-interval", LINK),
    aside("ip hold-time", LINK),
    aside("ip summary-address", LINK),
    aside("ip split-horizon", LINK),
    aside("ip authentication", LINK),
    aside("ip dhcp", LINK),
    aside("ip arp", LINK),
    aside("ip tcp", LINK),
    aside("ip load-sharing", LINK),
    aside("ip accounting", LINK),
    aside("ip cef", LINK),
    aside("ip dampening-change", LINK),
    aside("ipv6 enable", LINK),
    aside("ipv6 mtu", LINK),
    aside("ipv6 nd", LINK),
    aside("ipv6 ospf", LINK),
    aside("ipv6 eigrp", LINK),
    aside("ipv6 traffic-filter", LINK),
    aside("ipv6 tcp", LINK),
    aside("ipv6 dhcp", LINK),
    aside("ospfv3", LINK),
    aside("isis", LINK),
    aside("bfd", LINK),
    aside("mpls", LINK),
    aside("switchport", LINK),
    aside("spanning-tree", LINK),
    aside("storm-control", LINK),
    aside("channel-group", LINK),
    aside("channel-protocol", LINK),
    aside("lacp", LINK),
    aside("encapsulation", LINK),
    aside("negotiation", LINK),
    aside("duplex", LINK),
    read("speed", speed, Unobeyed::Aside(LINK)),
    aside("media-type", LINK),
    read("bandwidth", bandwidth, Unobeyed::Aside(LINK)),
    aside("delay", LINK),
    aside("load-interval", LINK),
    aside("carrier-delay", LINK),
    aside("dampening", LINK),
    aside("hold-queue", LINK),
    aside("tx-ring-limit", LINK),
    aside("cdp", LINK),
    aside("lldp", LINK),
    aside("logging", LINK),
    aside("snmp", LINK),
    aside("service-policy", LINK),
    aside("service", LINK),
    aside("bridge-group", LINK),
    aside("standby", LINK),
    aside("vrrp", LINK),
    aside("glbp", LINK),
    aside("arp", LINK),
    aside("mac-address", LINK),
    aside("mop", LINK),
    aside("ntp", LINK),
    aside("dot1q", LINK),
    aside("dot1x", LINK),
    aside("authentication", LINK),
    aside("mab", LINK),
    aside("access-session", LINK),
    aside("cts", LINK),
    aside("macsec", LINK),
    aside("mka", LINK),
    aside("vlan-id", LINK),
    aside("vlan-range", LINK),
    aside("power", LINK),
    aside("udld", LINK),
    aside("fair-queue", LINK),
    aside("random-detect", LINK),
    aside("ppp", LINK),
    aside("pppoe", LINK),
    aside("pppoe-client", LINK),
    aside("dialer", LINK),
    aside("dialer-group", LINK),
    aside("peer", LINK),
    aside("async", LINK),
    aside("pulse-time", LINK),
    aside("clock", LINK),
    aside("serial", LINK),
    aside("autostate", LINK),
    aside("if-state", LINK),
    aside("plim", LINK),
    aside("xconnect", LINK),
    aside("auto", LINK),
    aside("macro", LINK),
    aside("device-tracking", LINK),
    aside("nmsp", LINK),
    aside("performance", LINK),
    aside("flow", LINK),
    aside("trust", LINK),
    aside("backup", LINK),
    aside("member", LINK),
];

pub(super) fn open(config: &mut Config, args: &mut Args<'_, '_>, lines: &[Line]) -> Option<()> {
    // `interface range …` names several at once.
    if args.flag_ahead("range").is_some() {
        args.leave_rest("ranges of interfaces are not expanded");
        return None;
    }
    let name = args.interface("an interface's name")?;
    if let Some(meant) = interface_meant(&name) {
        args.wrong_for(name.span, "a type of interface", &meant);
        return None;
    }
    if args.no {
        remove(&mut config.interfaces, &name, args.cx);
        return Some(());
    }
    args.flag("point-to-point");
    args.flag("multipoint");
    // `interface Virtual-Template1 type tunnel`.
    if args.flag("type").is_some() {
        args.take();
    }
    let interface = entry(&mut config.interfaces, name, args.cx)?;
    run(Mode::Interface, TABLE, lines, interface, args.cx);
    Some(())
}

fn description(interface: &mut Interface, args: &mut Args<'_, '_>) -> Option<()> {
    interface.description = args.unless_no(|args| args.text("a description"))?;
    Some(())
}

fn ip_address(interface: &mut Interface, args: &mut Args<'_, '_>) -> Option<()> {
    if args.no && args.is_empty() {
        interface.addresses.retain(|net| net.addr().is_ipv6());
        interface.learnt_address = None;
        return Some(());
    }
    if args.flag("dhcp").is_some() || args.flag("negotiated").is_some() {
        interface.learnt_address = (!args.no).then_some(args.line);
        args.rest();
        return Some(());
    }
    let net = args.address_and_mask()?.map(IpNet::V4);
    let secondary = args.flag("secondary").is_some();
    forget_address(interface, &net, args);
    if args.no {
        return Some(());
    }
    if secondary {
        interface.addresses.push(net);
        return Some(());
    }
    interface.learnt_address = None;
    // The primary one stands first, and a new one replaces it.
    match interface
        .addresses
        .first_mut()
        .filter(|a| a.addr().is_ipv4())
    {
        Some(primary) => *primary = net,
        None => interface.addresses.insert(0, net),
    }
    Some(())
}

fn ipv6_address(interface: &mut Interface, args: &mut Args<'_, '_>) -> Option<()> {
    if args.no && args.is_empty() {
        interface.addresses.retain(|net| net.addr().is_ipv4());
        return Some(());
    }
    if args.peek(0).is_some_and(|word| !word.contains('/')) {
        args.leave_rest("addresses are of the form 2001:db8::1/64");
        return Some(());
    }
    let net = args.ipv6_prefix()?;
    if let Some("eui-64" | "anycast") = args.keyword(0).as_deref() {
        args.leave_rest("an address is used as it is written");
        return Some(());
    }
    forget_address(interface, &net, args);
    if !args.no {
        interface.addresses.push(net);
    }
    Some(())
}

/// An address stands once among an interface's.
fn forget_address(interface: &mut Interface, net: &Spanned<IpNet>, args: &mut Args<'_, '_>) {
    let key = format!("{} {}", interface.name.value, net.value);
    if !args.cx.is_new("address of an interface", &key) {
        interface.addresses.retain(|known| known != net);
    }
}

fn shutdown(interface: &mut Interface, args: &mut Args<'_, '_>) -> Option<()> {
    interface.shutdown = Some(switch(args.no, args.line));
    Some(())
}

fn mtu(interface: &mut Interface, args: &mut Args<'_, '_>) -> Option<()> {
    interface.mtu = octets(args, 64..=18_000)?;
    Some(())
}

fn ip_mtu(interface: &mut Interface, args: &mut Args<'_, '_>) -> Option<()> {
    interface.ip_mtu = octets(args, 68..=18_000)?;
    Some(())
}

fn adjust_mss(interface: &mut Interface, args: &mut Args<'_, '_>) -> Option<()> {
    interface.tcp_mss = octets(args, 500..=1460)?;
    Some(())
}

/// Ten minutes are the router's own number, too.
fn is_what_is_done(args: &[&str]) -> bool {
    matches!(args, [] | ["age-timer", "10"])
}

fn path_mtu_discovery(_: &mut Interface, args: &mut Args<'_, '_>) -> Option<()> {
    while args.take().is_some() {}
    Some(())
}

fn octets(
    args: &mut Args<'_, '_>,
    range: std::ops::RangeInclusive<u64>,
) -> Option<Option<Spanned<u16>>> {
    let number = args.unless_no(|args| args.number("octets", range))?;
    Some(number.map(|number| number.map(|n| n as u16)))
}

fn tunnel_source(interface: &mut Interface, args: &mut Args<'_, '_>) -> Option<()> {
    let source = args.unless_no(|args| args.interface("an interface or an address"))?;
    interface.tunnel.source = source.map(|source| source.map(tunnel_end));
    Some(())
}

fn tunnel_destination(interface: &mut Interface, args: &mut Args<'_, '_>) -> Option<()> {
    if args.no {
        interface.tunnel.destination = None;
        return Some(());
    }
    let mut end = args.name("an address or a host name")?.map(tunnel_end);
    if let TunnelEnd::Name(name) = &end.value
        && looks_like_an_address(name)
    {
        args.wrong(end.span, "an IP address or a host name");
        end.value = TunnelEnd::Wrong;
    }
    interface.tunnel.destination = Some(end);
    Some(())
}

fn tunnel_end(word: String) -> TunnelEnd {
    match word.parse() {
        Ok(address) => TunnelEnd::Address(address),
        Err(_) if word.eq_ignore_ascii_case("dynamic") => TunnelEnd::Dynamic,
        Err(_) => TunnelEnd::Name(word),
    }
}

/// Four labels beginning with a number are an address with an error, not a name.
pub(crate) fn looks_like_an_address(word: &str) -> bool {
    let first = word.split('.').next().unwrap_or("");
    word.split('.').count() == 4 && is_digits(first)
}

/// A mistyped word of a tunnel mode that is looked at, and what it was to be.
fn mode_meant(args: &Args<'_, '_>) -> Option<(Option<Span>, &'static str)> {
    const WORDS: [&[&str]; 2] = [&["ipsec", "gre"], &["ipv4", "ipv6", "ip", "dual-overlay"]];
    let mut words = WORDS.iter().enumerate();
    words.find_map(|(index, known)| {
        let word = args.word_at(index)?;
        let typed = word.value.to_ascii_lowercase();
        let meant = surely(&typed, known.iter().copied())?;
        (typed != meant).then_some((word.span, meant))
    })
}

fn tunnel_mode(interface: &mut Interface, args: &mut Args<'_, '_>) -> Option<()> {
    if args.no {
        interface.tunnel.mode = None;
        return Some(());
    }
    if let Some((span, meant)) = mode_meant(args) {
        args.wrong_for(span, "a tunnel mode, such as `ipsec ipv4`", meant);
        interface.tunnel.mode = Some(Spanned {
            value: TunnelMode::Wrong,
            span: args.rest().and_then(|words| words.span),
        });
        return Some(());
    }
    let words = args.rest();
    let written = words.as_ref().map_or("", |words| words.value.as_str());
    let written = written.to_ascii_lowercase();
    let mut parts = written.split_whitespace();
    let mode = match (parts.next(), parts.next(), parts.next()) {
        (Some("ipsec"), Some("ipv4"), None) => TunnelMode::IpsecV4,
        (Some("ipsec"), Some("ipv4"), Some("v6-overlay")) => TunnelMode::IpsecV6OverV4,
        (Some("ipsec"), Some("ipv6"), None) => TunnelMode::IpsecV6,
        (Some("ipsec"), Some("ipv6"), Some("v4-overlay")) => TunnelMode::IpsecV4OverV6,
        (Some("ipsec"), Some("dual-overlay"), None) => TunnelMode::IpsecDualOverlay,
        (Some("gre"), Some("ip"), None) => TunnelMode::Gre,
        (None, ..) | (Some("ipsec"), ..) => {
            let span = words.as_ref().and_then(|words| words.span);
            let span = span.or(Some(args.line));
            args.wrong(span, "a tunnel mode, such as `ipsec ipv4`");
            TunnelMode::Wrong
        }
        _ => TunnelMode::Other,
    };
    interface.tunnel.mode = Some(Spanned {
        value: mode,
        span: words.and_then(|words| words.span),
    });
    Some(())
}

fn protection(interface: &mut Interface, args: &mut Args<'_, '_>) -> Option<()> {
    let tunnel = &mut interface.tunnel;
    tunnel.ikev2_profile = None;
    tunnel.ipsec_profile = args.unless_no(|args| args.name("an IPsec profile's name"))?;
    args.flag("shared");
    if args.flag("ikev2-profile").is_some() {
        tunnel.ikev2_profile = Some(args.name("an IKEv2 profile's name")?);
    }
    // `tunnel protection ipsec profile P policy ipv4 ACL` on one line.
    if args.flag("policy").is_some() {
        args.choice("a family", &[("ipv4", ())])?;
        tunnel.policy = Some(args.name("an access list")?);
    }
    Some(())
}

fn protection_policy(interface: &mut Interface, args: &mut Args<'_, '_>) -> Option<()> {
    interface.tunnel.policy = args.unless_no(|args| args.name("an access list"))?;
    Some(())
}

fn unnumbered(interface: &mut Interface, args: &mut Args<'_, '_>, _: &[Line]) -> Option<()> {
    interface.learnt_address = (!args.no).then_some(args.line);
    Some(())
}

fn access_group(interface: &mut Interface, args: &mut Args<'_, '_>, _: &[Line]) -> Option<()> {
    let name = args.take()?.map(str::to_owned);
    let slot = match args.keyword(0).as_deref() {
        Some("in") => &mut interface.filter_in,
        Some("out") => &mut interface.filter_out,
        _ => return None,
    };
    *slot = (!args.no).then_some(name);
    Some(())
}

/// Global mode has commands that begin alike, such as `ip nat inside source …`.
fn is_side(args: &[&str]) -> bool {
    args.len() <= 1
}

fn nat(interface: &mut Interface, args: &mut Args<'_, '_>, _: &[Line]) -> Option<()> {
    const SIDES: [(&str, NatSide); 2] =
        [("inside", NatSide::Inside), ("outside", NatSide::Outside)];
    let line = args.line;
    let side = args.unless_no(|args| args.choice("a side of NAT", &SIDES))?;
    interface.nat = side.map(|side| Spanned::at(side.value, line));
    Some(())
}

fn bandwidth(interface: &mut Interface, args: &mut Args<'_, '_>, _: &[Line]) -> Option<()> {
    interface.bandwidth = plain_number(args);
    Some(())
}

fn speed(interface: &mut Interface, args: &mut Args<'_, '_>, _: &[Line]) -> Option<()> {
    interface.speed = plain_number(args);
    Some(())
}

/// A number, where there is one: words such as `auto` and `inherit` say nothing here.
fn plain_number(args: &mut Args<'_, '_>) -> Option<Spanned<u64>> {
    let word = args.take().filter(|_| !args.no)?;
    let value = word.value.parse().ok()?;
    Some(word.map(|_| value))
}

/// Global mode has a command of the same keywords.
fn names_one_map(args: &[&str]) -> bool {
    args.len() <= 1
}

fn crypto_map(interface: &mut Interface, args: &mut Args<'_, '_>) -> Option<()> {
    interface.crypto_map = args.unless_no(|args| args.name("a crypto map's name"))?;
    Some(())
}
