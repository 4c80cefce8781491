//! Traffic selectors in the notations of three prints.

use super::address;
use crossgate_model::Selector;
use ipnet::IpNet;
use std::net::IpAddr;

/// `10.10.10.0/255.255.255.0/0/0`, as an `ident` line has it; an IPv6 prefix by its length.
pub fn ident(selector: &Selector) -> String {
    let net = covering(selector);
    let mask = match net {
        IpNet::V4(net) => net.netmask().to_string(),
        IpNet::V6(net) => net.prefix_len().to_string(),
    };
    let (protocol, port) = (selector.protocol, port(selector).unwrap_or(0));
    format!("{}/{mask}/{protocol}/{port}", address(net.addr()))
}

/// `10.10.10.0/255.255.255.0` or `host 10.10.10.1`, as an `IPSEC FLOW` line has it.
pub fn flow(selector: &Selector) -> String {
    let net = covering(selector);
    let at = address(net.addr());
    let place = match net {
        IpNet::V4(v4) if v4.prefix_len() == v4.max_prefix_len() => format!("host {at}"),
        IpNet::V4(v4) => format!("{at}/{}", v4.netmask()),
        IpNet::V6(v6) => format!("{at}/{}", v6.prefix_len()),
    };
    match port(selector) {
        Some(port) => format!("{place} port {port}"),
        None => place,
    }
}

/// `ip`, `ipv6` or the number of the one protocol.
pub fn protocol(selector: &Selector) -> String {
    match (selector.protocol, selector.start) {
        (0, IpAddr::V4(_)) => "ip".into(),
        (0, IpAddr::V6(_)) => "ipv6".into(),
        (number, _) => number.to_string(),
    }
}

/// `10.10.10.0/0 - 10.10.10.255/65535`, as `show crypto ikev2 session` has it.
pub fn range(selector: &Selector) -> String {
    let (first, last) = (address(selector.start), address(selector.end));
    format!(
        "{first}/{} - {last}/{}",
        selector.start_port, selector.end_port
    )
}

/// The one port, if it is one.
fn port(selector: &Selector) -> Option<u16> {
    (selector.start_port == selector.end_port).then_some(selector.start_port)
}

/// The network that it is, or the smallest one around it: these prints have no notation for other
/// ranges, which only a peer can ask for. [`range`] shows them as they are.
fn covering(selector: &Selector) -> IpNet {
    let mut net = IpNet::from(selector.start);
    while !(net.contains(&selector.start) && net.contains(&selector.end)) {
        match net.supernet() {
            Some(wider) => net = wider,
            None => break,
        }
    }
    net
}
