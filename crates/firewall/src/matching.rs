//! Whether names of addresses, services and applications mean a packet.

use crate::flow::{AH, ESP, Flow, ICMP, ICMPV6, TCP, UDP};
use crossgate_model::{AddressValue, Policy, ServiceValue, Spanned};
use ipnet::IpNet;
use std::net::IpAddr;
use std::ops::RangeInclusive;

/// Groups inside groups: so deep at most.
const MAX_DEPTH: u8 = 16;
const ANY: &str = "any";

/// An answer that may be missing, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    Yes,
    No,
    Unknown(String),
}

impl Match {
    fn of(yes: bool) -> Self {
        match yes {
            true => Self::Yes,
            false => Self::No,
        }
    }

    /// Both must match.
    pub fn and(self, other: impl FnOnce() -> Match) -> Match {
        match self {
            Self::No => Self::No,
            Self::Yes => other(),
            unknown @ Self::Unknown(_) => match other() {
                Self::No => Self::No,
                _ => unknown,
            },
        }
    }

    /// One of both must match.
    fn or(self, other: impl FnOnce() -> Match) -> Match {
        match self {
            Self::Yes => Self::Yes,
            Self::No => other(),
            unknown @ Self::Unknown(_) => match other() {
                Self::Yes => Self::Yes,
                _ => unknown,
            },
        }
    }

    pub fn negated(self, negate: bool) -> Match {
        match (negate, self) {
            (true, Self::Yes) => Self::No,
            (true, Self::No) => Self::Yes,
            (_, other) => other,
        }
    }
}

/// One of the names; none at all is no condition.
fn any_of(names: &[Spanned<String>], matches: impl Fn(&str) -> Match) -> Match {
    if names.is_empty() {
        return Match::Yes;
    }
    let each = names.iter().map(|name| name.value.as_str());
    each.fold(Match::No, |so_far, name| {
        so_far.or(|| match name == ANY {
            true => Match::Yes,
            false => matches(name),
        })
    })
}

/// Addresses: objects, groups, or written out.
pub(crate) fn addresses(policy: &Policy, names: &[Spanned<String>], address: IpAddr) -> Match {
    any_of(names, |name| {
        address_named(policy, name, address, MAX_DEPTH)
    })
}

fn address_named(policy: &Policy, name: &str, address: IpAddr, depth: u8) -> Match {
    let Some(object) = policy.addresses.named(name) else {
        return written_out(name, address);
    };
    match &object.value {
        AddressValue::Net(net) => Match::of(net.contains(&address)),
        AddressValue::Range(range) => Match::of(in_range(range.value, address)),
        AddressValue::Undefined => Match::No,
        AddressValue::Fqdn(fqdn) => {
            Match::Unknown(format!("only DNS knows the addresses of {}", fqdn.value))
        }
        AddressValue::Group(members) => match depth.checked_sub(1) {
            Some(depth) if !members.is_empty() => any_of(members, |member| {
                address_named(policy, member, address, depth)
            }),
            _ => Match::Unknown(format!("the members of the group {name} aren't known")),
        },
    }
}

fn written_out(name: &str, address: IpAddr) -> Match {
    if let Ok(one) = name.parse::<IpAddr>() {
        return Match::of(one == address);
    }
    if let Ok(net) = name.parse::<IpNet>() {
        return Match::of(net.contains(&address));
    }
    let ends = name.split_once('-');
    let ends = ends.and_then(|(a, b)| Some((a.trim().parse().ok()?, b.trim().parse().ok()?)));
    match ends {
        Some(ends) => Match::of(in_range(ends, address)),
        None => Match::Unknown(format!("nothing is known as {name}")),
    }
}

fn in_range((first, last): (IpAddr, IpAddr), address: IpAddr) -> bool {
    first.is_ipv4() == address.is_ipv4() && (first..=last).contains(&address)
}

/// An address that a name stands for, the first of several.
pub(crate) fn first_address(policy: &Policy, name: &str) -> Option<IpAddr> {
    let object = policy.addresses.named(name);
    match object.map(|object| &object.value) {
        Some(AddressValue::Net(net)) => Some(net.addr()),
        Some(AddressValue::Range(range)) => Some(range.value.0),
        Some(AddressValue::Fqdn(_) | AddressValue::Group(_) | AddressValue::Undefined) => None,
        None => {
            let first = name.split(['/', '-']).next()?;
            first.trim().parse().ok()
        }
    }
}

/// Services: objects, groups, and what PAN-OS has of its own.
pub(crate) fn services<'a>(
    policy: &Policy,
    names: impl IntoIterator<Item = &'a Spanned<String>>,
    flow: &Flow,
) -> Match {
    let names: Vec<_> = names.into_iter().cloned().collect();
    any_of(&names, |name| service_named(policy, name, flow, MAX_DEPTH))
}

fn service_named(policy: &Policy, name: &str, flow: &Flow, depth: u8) -> Match {
    let Some(object) = policy.services.iter().find(|o| o.name.value == name) else {
        return predefined_service(name, flow);
    };
    match &object.value {
        ServiceValue::Ports {
            protocol,
            source,
            destination,
        } => Match::of(
            *protocol == flow.protocol
                && in_one(source, flow.source_port)
                && in_one(destination, flow.destination_port),
        ),
        ServiceValue::Group(members) => match depth.checked_sub(1) {
            Some(depth) if !members.is_empty() => {
                any_of(members, |member| service_named(policy, member, flow, depth))
            }
            _ => Match::Unknown(format!("the members of the group {name} aren't known")),
        },
    }
}

fn in_one(ranges: &[RangeInclusive<u16>], port: u16) -> bool {
    ranges.is_empty() || ranges.iter().any(|range| range.contains(&port))
}

/// `application-default` is no condition on an application that was recognised by its port.
fn predefined_service(name: &str, flow: &Flow) -> Match {
    let tcp =
        |ports: &[u16]| Match::of(flow.protocol == TCP && ports.contains(&flow.destination_port));
    match name {
        "application-default" => Match::Yes,
        "service-http" => tcp(&[80, 8080]),
        "service-https" => tcp(&[443]),
        _ if !matches!(flow.protocol, TCP | UDP) => Match::No,
        _ => Match::Unknown(format!("nothing is known as {name}")),
    }
}

/// Applications: those that a header shows; of the others, that they can't be this protocol.
pub(crate) fn applications(names: &[Spanned<String>], flow: &Flow) -> Match {
    any_of(names, |name| application(name, flow))
}

/// PAN-OS's names (Applipedia).
fn application(name: &str, flow: &Flow) -> Match {
    let udp_to = |port| flow.protocol == UDP && is_port(flow, port);
    match name {
        "ping" => Match::of(flow.protocol == ICMP),
        "ping6" => Match::of(flow.protocol == ICMPV6),
        // ICMP other than echoes.
        "icmp" | "ipv6-icmp" => Match::No,
        "ike" => Match::of(udp_to(500) || udp_to(4500)),
        "ipsec-esp-udp" => Match::of(udp_to(4500)),
        "ipsec-esp" => Match::of(flow.protocol == ESP),
        "ipsec-ah" => Match::of(flow.protocol == AH),
        "ipsec" => Match::of(matches!(flow.protocol, ESP | AH) || udp_to(500) || udp_to(4500)),
        _ if OVER_TCP_OR_UDP.contains(&name) => match flow.protocol {
            TCP | UDP if !udp_to(500) && !udp_to(4500) => unseen(name),
            _ => Match::No,
        },
        _ => unseen(name),
    }
}

/// Applications that no ping, IKE or ESP packet is of.
const OVER_TCP_OR_UDP: [&str; 22] = [
    "dns",
    "ftp",
    "imap",
    "kerberos",
    "ldap",
    "ms-ds-smb",
    "ms-rdp",
    "ms-sql-db",
    "mysql",
    "netbios-ns",
    "ntp",
    "oracle",
    "pop3",
    "postgres",
    "sip",
    "smtp",
    "snmp",
    "ssh",
    "ssl",
    "syslog",
    "telnet",
    "web-browsing",
];

fn is_port(flow: &Flow, port: u16) -> bool {
    flow.destination_port == port || flow.source_port == port
}

fn unseen(name: &str) -> Match {
    Match::Unknown(format!("no header shows whether it is {name}"))
}
