//! The commands, a row each.

use super::words::{Arguments, Command};
use crate::names::interface_name;
use crate::print;
use crossgate_model::operate::{DebugTopic, Operation, Outcome, Ping, Reply, Station, Which};
use crossgate_model::view::{ConnectionView, InterfaceView};
use ipnet::Ipv4Net;
use std::net::IpAddr;
use std::time::Duration;

type Ran = Result<Reply, &'static str>;

pub const COMMANDS: &[Command] = &[
    Command {
        words: "show crypto ikev2 sa {detailed | remote <peer:address>}",
        help: "Shows ikev2 sas",
        run: |a, s| {
            shown(print::ikev2_sa::print(
                s,
                a.address("peer"),
                a.has("detailed"),
            ))
        },
    },
    Command {
        words: "show crypto ikev2 session {detailed}",
        help: "Shows ikev2 active session",
        run: |a, s| shown(print::ikev2_session::print(s, a.has("detailed"))),
    },
    Command {
        words: "show crypto ikev2 profile {<name:word>}",
        help: "Shows ikev2 profiles",
        run: |a, s| shown(print::ikev2_config::profiles(s, a.get("name"))),
    },
    Command {
        words: "show crypto ikev2 proposal {<name:word>}",
        help: "Show ikev2 proposals",
        run: |a, s| shown(print::ikev2_config::proposals(s, a.get("name"))),
    },
    Command {
        words: "show crypto ikev2 policy {<name:word>}",
        help: "Show ikev2 policies",
        run: |a, s| shown(print::ikev2_config::policies(s, a.get("name"))),
    },
    Command {
        words: "show crypto ipsec sa {peer <peer:address> | interface <interface:interface> | detail}",
        help: "IPSEC SA table",
        run: |a, s| {
            let which = print::ipsec_sa::Which {
                peer: a.address("peer"),
                interface: a.get("interface").map(interface_name),
            };
            shown(print::ipsec_sa::print(s.snapshot, &which, a.has("detail")))
        },
    },
    Command {
        words: "show crypto session {remote <peer:address> | detail}",
        help: "Status of active crypto sessions",
        run: |a, s| {
            shown(print::session::print(
                s.snapshot,
                a.address("peer"),
                a.has("detail"),
            ))
        },
    },
    Command {
        words: "show interfaces {<interface:interface>}",
        help: "Interface status and configuration",
        run: interfaces,
    },
    Command {
        words: "show ip interface brief",
        help: "Brief summary of IP status and configuration",
        run: |_, s| shown(print::interface::brief(s.snapshot)),
    },
    Command {
        words: "show ip route {<destination:address>}",
        help: "IP routing table",
        run: |a, s| match a.address("destination") {
            Some(IpAddr::V4(address)) => shown(print::route::entry(s.snapshot, address)),
            Some(IpAddr::V6(_)) => Err("destination"),
            None => shown(print::route::table(s.snapshot)),
        },
    },
    Command {
        words: "show ip route <destination:address> <mask:address>",
        help: "Network mask",
        run: route_to_network,
    },
    Command {
        words: "show running-config {all}",
        help: "Current operating configuration",
        run: |_, s| shown(print::system::running_config(s.masked_config)),
    },
    Command {
        words: "show version",
        help: "System hardware and software status",
        run: |_, s| shown(print::system::version(s.snapshot)),
    },
    Command {
        words: "show clock",
        help: "Display the system clock",
        run: |_, s| shown(print::system::clock(s.snapshot.system.unix_time)),
    },
    Command {
        words: "show privilege",
        help: "Show current privilege level",
        run: |_, _| shown("Current privilege level is 15\n".into()),
    },
    Command {
        words: "show debugging",
        help: "State of each debugging option",
        run: |_, s| shown(print::debug::state(&s.snapshot.debug)),
    },
    Command {
        words: "ping <destination:word> {source <source:source> | repeat <repeat:1-65535> | size <size:36-18024> | timeout <timeout:0-3600>}",
        help: "Send echo messages",
        run: ping,
    },
    Command {
        words: "ping ip <destination:word> {source <source:source> | repeat <repeat:1-65535> | size <size:36-18024> | timeout <timeout:0-3600>}",
        help: "IP echo",
        run: ping,
    },
    Command {
        words: "clear crypto ikev2 sa {remote <peer:address>}",
        help: "Clear ikev2 SAs",
        run: clear_ike,
    },
    Command {
        words: "clear crypto session {remote <peer:address>}",
        help: "Clear all crypto sessions",
        run: clear_ike,
    },
    Command {
        words: "clear crypto sa {peer <peer:address>}",
        help: "Clear all crypto SAs",
        run: clear_children,
    },
    Command {
        words: "debug crypto ikev2",
        help: "IKEv2 debugging",
        run: |_, _| debug(DebugTopic::Ike, true),
    },
    Command {
        words: "debug crypto ikev2 error",
        help: "IKEv2 Error debugging",
        run: |_, _| debug(DebugTopic::IkeError, true),
    },
    Command {
        words: "debug crypto ikev2 internal",
        help: "IKEv2 Internal debugging",
        run: |_, _| debug(DebugTopic::Ike, true),
    },
    Command {
        words: "debug crypto ikev2 packet",
        help: "IKEv2 Packet debugging",
        run: |_, _| debug(DebugTopic::IkePacket, true),
    },
    Command {
        words: "no debug crypto ikev2",
        help: "IKEv2 debugging",
        run: |_, _| debug(DebugTopic::Ike, false),
    },
    Command {
        words: "no debug crypto ikev2 error",
        help: "IKEv2 Error debugging",
        run: |_, _| debug(DebugTopic::IkeError, false),
    },
    Command {
        words: "no debug crypto ikev2 internal",
        help: "IKEv2 Internal debugging",
        run: |_, _| debug(DebugTopic::Ike, false),
    },
    Command {
        words: "no debug crypto ikev2 packet",
        help: "IKEv2 Packet debugging",
        run: |_, _| debug(DebugTopic::IkePacket, false),
    },
    Command {
        words: "no debug all",
        help: "Disable all debugging",
        run: |_, _| operate(Operation::DebugOff, print::debug::all_off),
    },
    Command {
        words: "undebug all",
        help: "Disable all debugging",
        run: |_, _| operate(Operation::DebugOff, print::debug::all_off),
    },
    Command {
        words: "terminal length <length:0-512>",
        help: "Set number of lines on a screen",
        run: accepted,
    },
    Command {
        words: "terminal width <width:0-512>",
        help: "Set width of the display terminal",
        run: accepted,
    },
    Command {
        words: "enable",
        help: "Turn on privileged commands",
        run: accepted,
    },
    Command {
        words: "end",
        help: "Go to privileged exec mode",
        run: accepted,
    },
    Command {
        words: "exit",
        help: "Exit from the EXEC",
        run: accepted,
    },
];

/// What `?` says of the words that end no row, and of values by name.
pub const WORDS: &[(&str, &str)] = &[
    ("all", "All of it"),
    ("clear", "Reset functions"),
    ("crypto", "Encryption module"),
    ("debug", "Debugging functions (see also 'undebug')"),
    ("destination", "IP address or interface name"),
    ("detail", "Details"),
    ("detailed", "Details"),
    ("ikev2", "Internet Key Exchange Version 2"),
    ("interface", "Only of one interface"),
    ("ip", "IP information"),
    ("ipsec", "IPSEC policy"),
    ("length", "Number of lines on screen (0 for no pausing)"),
    ("name", "Only the one of that name"),
    ("no", "Negate a command or set its defaults"),
    ("peer", "IP address of the peer"),
    ("ping", "Send echo messages"),
    ("remote", "Only with one peer"),
    ("repeat", "Repeat count"),
    ("route", "IP routing table"),
    ("show", "Show running system information"),
    ("size", "Datagram size"),
    ("source", "Source address or interface"),
    ("terminal", "Set terminal line parameters"),
    ("timeout", "Timeout in seconds"),
    ("undebug", "Disable debugging functions (see also 'debug')"),
    ("width", "Number of characters on a screen line"),
];

fn shown(text: String) -> Ran {
    Ok(Reply::Print(text))
}

/// Settings of a terminal that isn't there, and modes that are one.
fn accepted(_: &Arguments, _: &Station<'_>) -> Ran {
    shown(String::new())
}

fn operate(
    operation: Operation,
    print: impl FnOnce(&Operation, &Outcome) -> String + Send + 'static,
) -> Ran {
    Ok(Reply::Operate {
        operation,
        print: Box::new(print),
    })
}

fn debug(topic: DebugTopic, on: bool) -> Ran {
    operate(Operation::Debug { topic, on }, print::debug::switched)
}

/// `remote X`, or every peer. A device says nothing where there is nothing to clear, not even that
/// it has no such peer.
fn clear_ike(arguments: &Arguments, station: &Station<'_>) -> Ran {
    let Some(peer) = arguments.address("peer") else {
        return operate(Operation::ClearIke { which: Which::All }, print::silent);
    };
    let is_here = |c: &ConnectionView| {
        c.remote == Some(peer) || c.ike_sas.iter().any(|sa| sa.remote.ip() == peer)
    };
    if !station.snapshot.connections.iter().any(is_here) {
        return shown(String::new());
    }
    let which = Which::Peer(peer);
    operate(Operation::ClearIke { which }, print::silent)
}

/// `show ip route NETWORK MASK`: that network, and none that contains it.
fn route_to_network(arguments: &Arguments, station: &Station<'_>) -> Ran {
    let Some(IpAddr::V4(address)) = arguments.address("destination") else {
        return Err("destination");
    };
    let Some(IpAddr::V4(mask)) = arguments.address("mask") else {
        return Err("mask");
    };
    let net = Ipv4Net::with_netmask(address, mask).map_err(|_| "mask")?;
    shown(print::route::network_entry(station.snapshot, net))
}

fn interfaces(arguments: &Arguments, station: &Station<'_>) -> Ran {
    let Some(written) = arguments.get("interface") else {
        return shown(print::interface::all(station));
    };
    match interface(station, written) {
        Some(one) => shown(print::interface::one(station, one)),
        None => Err("interface"),
    }
}

fn interface<'s>(station: &Station<'s>, written: &str) -> Option<&'s InterfaceView> {
    let name = interface_name(written);
    let mut interfaces = station.snapshot.interfaces.iter();
    interfaces.find(|interface| interface.name.eq_ignore_ascii_case(&name))
}

/// IPsec SAs only; with a peer, those of its tunnel. The IKE SA stays, unless the peer has several
/// tunnels: then everything with that peer is dropped, which is more than asked, never less.
fn clear_children(arguments: &Arguments, station: &Station<'_>) -> Ran {
    let Some(peer) = arguments.address("peer") else {
        return operate(Operation::ClearChild { tunnel: None }, print::silent);
    };
    let with_peer = station
        .snapshot
        .connections
        .iter()
        .filter(|c| c.remote == Some(peer));
    let mut tunnels: Vec<&str> = with_peer
        .flat_map(|c| c.children.iter().map(|child| child.tunnel.as_str()))
        .collect();
    tunnels.dedup();
    match tunnels.as_slice() {
        [] => shown(String::new()),
        [tunnel] => {
            let tunnel = Some((*tunnel).to_owned());
            operate(Operation::ClearChild { tunnel }, print::silent)
        }
        _ => {
            let which = Which::Peer(peer);
            operate(Operation::ClearIke { which }, print::silent)
        }
    }
}

fn ping(arguments: &Arguments, station: &Station<'_>) -> Ran {
    let Some(destination) = arguments.address("destination") else {
        return Ok(Reply::Refused(print::ping::UNKNOWN_HOST.into()));
    };
    let source = match arguments.get("source") {
        None => None,
        Some(written) => match source_address(station, written, destination) {
            Some(address) if !is_ours(station, address) => {
                return Ok(Reply::Refused(print::ping::NOT_OURS.into()));
            }
            Some(address) => Some(address),
            None => return Ok(Reply::Refused(print::ping::INVALID_SOURCE.into())),
        },
    };
    let ping = Ping {
        destination,
        source,
        count: arguments.number("repeat").unwrap_or(5),
        size: arguments.number("size").unwrap_or(100),
        timeout: Duration::from_secs(arguments.number("timeout").unwrap_or(2)),
        interval: Duration::ZERO,
    };
    operate(Operation::Ping(ping), print::ping::print)
}

/// An address, or that of an interface, of the destination's family.
fn source_address(station: &Station<'_>, written: &str, destination: IpAddr) -> Option<IpAddr> {
    if let Ok(address) = written.parse() {
        return Some(address);
    }
    let mut addresses = interface(station, written)?
        .addresses
        .iter()
        .map(ipnet::IpNet::addr);
    addresses.find(|address| address.is_ipv4() == destination.is_ipv4())
}

/// Whether an interface that isn't shut down has that address.
fn is_ours(station: &Station<'_>, address: IpAddr) -> bool {
    let mut up = station.snapshot.interfaces.iter().filter(|i| i.enabled);
    up.any(|interface| interface.addresses.iter().any(|net| net.addr() == address))
}
