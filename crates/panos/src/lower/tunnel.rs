//! IPsec tunnels: each proxy ID is one Child of the tunnel's IKE gateway.

use super::Scope;
use super::address::parse_net;
use super::ike::enabled;
use super::profile::{self, IpsecProfile};
use crate::behaviour;
use crate::tree::At;
use crossgate_diag::{Certainty, Finding, Spanned};
use crossgate_model::{Child, Lifetime, Selector, SelectorPair};
use std::collections::BTreeMap;
use std::time::Duration;

/// Packets (schema).
const REPLAY_WINDOW: u32 = 1024;
/// Characters of `TUNNEL:PROXYID`.
const NAME_MAX: usize = 63;

/// By the gateway's name.
pub type ChildrenOf = BTreeMap<String, Vec<Child>>;

pub fn children(scope: &mut Scope<'_>) -> ChildrenOf {
    let mut children = ChildrenOf::new();
    let tunnels: Vec<At<'_>> = scope
        .device
        .below(&["network", "tunnel", "ipsec"])
        .collect();
    for tunnel in tunnels {
        if let Some(gateway) = gateway(scope, tunnel) {
            let of_gateway = children.entry(gateway.word().to_owned()).or_default();
            of_gateway.extend(of_tunnel(scope, tunnel));
        }
    }
    children
}

fn gateway<'t>(scope: &mut Scope<'t>, tunnel: At<'t>) -> Option<At<'t>> {
    let Some(auto_key) = tunnel.get("auto-key") else {
        let title = format!("the tunnel `{}` is not keyed by IKE", tunnel.shown());
        let error = Finding::error("not-obeyed", title);
        scope.tell(error.at(tunnel.span(), "expected `auto-key`; never brought up"));
        return None;
    };
    let mut gateways = auto_key.below(&["ike-gateway"]);
    let Some(gateway) = gateways.next() else {
        let title = format!("the tunnel `{}` has no IKE gateway", tunnel.shown());
        let error = Finding::error("missing-value", title);
        scope.tell(error.at(auto_key.span(), "expected `ike-gateway`"));
        return None;
    };
    if let Some(second) = gateways.next() {
        let title = "only a tunnel's first IKE gateway is obeyed";
        let warning = Finding::warning("not-obeyed", title);
        scope.tell(warning.at(second.span(), "never tried"));
    }
    let section = ["network", "ike", "gateway"];
    if scope
        .device
        .path(&section)
        .and_then(|s| s.get(gateway.word()))
        .is_none()
    {
        let gateways = scope.device.below(&section).map(At::word);
        scope.tell_undefined("IKE gateway", gateway, &section, gateways);
    }
    Some(gateway)
}

fn of_tunnel<'t>(scope: &mut Scope<'t>, tunnel: At<'t>) -> Vec<Child> {
    let profile = profile::ipsec(scope, tunnel);
    let interface = interface(scope, tunnel);
    let is_there = interface
        .as_ref()
        .is_some_and(|i| scope.may_have_interface(&i.value));
    let can_work = profile.is_some() & is_there & expect_supported(scope, tunnel);
    let (proposals, pfs, lifetime) = match profile {
        Some(IpsecProfile {
            proposal,
            pfs,
            lifetime,
        }) => (vec![proposal], pfs, lifetime),
        None => (Vec::new(), None, no_lifetime()),
    };
    selectors(scope, tunnel)
        .into_iter()
        .map(|(name, selectors)| Child {
            name,
            tunnel: tunnel.name(),
            tunnel_interface: interface.clone(),
            selectors,
            responder_selectors: behaviour::responder_selectors(),
            proposals: proposals.clone(),
            pfs,
            lifetime: lifetime.clone(),
            replay_window: replay_window(tunnel),
            oversize: Default::default(),
            enabled: enabled(tunnel, can_work),
        })
        .collect()
}

/// Of a Child that is never brought up.
fn no_lifetime() -> Lifetime {
    Lifetime {
        time: Spanned::default_of(Duration::from_secs(3600)),
        kilobytes: None,
        idle: None,
    }
}

fn interface(scope: &mut Scope<'_>, tunnel: At<'_>) -> Option<Spanned<String>> {
    let Some(interface) = tunnel.value(&["tunnel-interface"]) else {
        let title = format!("the tunnel `{}` has no tunnel interface", tunnel.shown());
        let error = Finding::error("missing-value", title);
        scope.tell(error.at(tunnel.span(), "expected `tunnel-interface`"));
        return None;
    };
    scope.expect_interface(interface);
    Some(interface.name())
}

/// Tells of settings that change packets in a way that isn't supported.
fn expect_supported(scope: &mut Scope<'_>, tunnel: At<'_>) -> bool {
    let mode = tunnel.value(&["ipsec-mode"]);
    let transport = mode.filter(|mode| mode.word() == "transport");
    let gre = tunnel.value(&["enable-gre-encapsulation"]);
    let gre = gre.filter(|gre| gre.word() == "yes");
    for (at, what) in [(transport, "transport mode"), (gre, "GRE in IPsec")] {
        if let Some(at) = at {
            let error = Finding::error("not-obeyed", format!("{what} is not supported"));
            scope.tell(error.at(at.span(), "the tunnel is never brought up"));
        }
    }
    for name in ["copy-tos", "copy-flow-label"] {
        if let Some(at) = tunnel.value(&[name]).filter(|at| at.word() == "yes") {
            let note = Finding::note("not-obeyed", format!("`{name}` is not obeyed"));
            scope.tell(note.at(at.span(), "the outer header has its own"));
        }
    }
    transport.is_none() && gre.is_none()
}

fn replay_window(tunnel: At<'_>) -> Spanned<u32> {
    match tunnel.flag(&["anti-replay"]) {
        Some(on) if !on.value => on.map(|_| 0),
        _ => tunnel
            .number(&["anti-replay-window"])
            .unwrap_or(Spanned::default_of(REPLAY_WINDOW)),
    }
}

/// The tunnel's proxy IDs with the names that PAN-OS prints for them. Without any, everything is
/// selected.
fn selectors(
    scope: &mut Scope<'_>,
    tunnel: At<'_>,
) -> Vec<(Spanned<String>, Spanned<SelectorPair>)> {
    let mut pairs = Vec::new();
    for (list, any) in [
        ("proxy-id", Selector::ANY_V4),
        ("proxy-id-v6", Selector::ANY_V6),
    ] {
        let proxies: Vec<At<'_>> = tunnel.below(&["auto-key", list]).collect();
        for proxy in proxies {
            if let Some(pair) = proxy_id(scope, proxy, any) {
                pairs.push((child_name(scope, tunnel, proxy), proxy.spanned(pair)));
            }
        }
    }
    let said = ["proxy-id", "proxy-id-v6"]
        .into_iter()
        .any(|list| tunnel.below(&["auto-key", list]).next().is_some());
    if !said {
        pairs.push((tunnel.name(), Spanned::default_of(SelectorPair::ANY_V4)));
    }
    pairs
}

fn child_name(scope: &mut Scope<'_>, tunnel: At<'_>, proxy: At<'_>) -> Spanned<String> {
    let name = format!("{}:{}", tunnel.word(), proxy.word());
    if name.chars().count() > NAME_MAX {
        let title = format!("the name `{name}` is longer than {NAME_MAX} characters");
        let warning = Finding::warning("out-of-range", title)
            .at(proxy.span(), "tunnel and proxy ID together")
            .certain(Certainty::Doc);
        scope.tell(warning);
    }
    proxy.spanned(name)
}

fn proxy_id(scope: &mut Scope<'_>, proxy: At<'_>, any: Selector) -> Option<SelectorPair> {
    let local = network(scope, proxy, "local", any)?;
    let remote = network(scope, proxy, "remote", any)?;
    let Some(protocol) = proxy.get("protocol") else {
        return Some(SelectorPair { local, remote });
    };
    if let Some(number) = protocol.number::<u8>(&["number"]) {
        return Some(SelectorPair {
            local: local.only(number.value, 0..=u16::MAX),
            remote: remote.only(number.value, 0..=u16::MAX),
        });
    }
    let with_ports = [("tcp", 6), ("udp", 17)]
        .into_iter()
        .find_map(|(word, number)| {
            let ports = protocol.get(word)?;
            Some(SelectorPair {
                local: local.only(number, port(ports, "local-port")),
                remote: remote.only(number, port(ports, "remote-port")),
            })
        });
    Some(with_ports.unwrap_or(SelectorPair { local, remote }))
}

/// Port 0 is any.
fn port(ports: At<'_>, which: &str) -> std::ops::RangeInclusive<u16> {
    match ports.number::<u16>(&[which]).map(|port| port.value) {
        None | Some(0) => 0..=u16::MAX,
        Some(port) => port..=port,
    }
}

fn network(scope: &mut Scope<'_>, proxy: At<'_>, side: &str, any: Selector) -> Option<Selector> {
    let Some(said) = proxy.value(&[side]) else {
        return Some(any);
    };
    let net = parse_net(said.word()).filter(|net| net.addr().is_ipv4() == any.start.is_ipv4());
    let Some(net) = net else {
        let family = if any.start.is_ipv4() { "IPv4" } else { "IPv6" };
        let title = format!("`{}` is no {family} network", said.shown());
        let error = Finding::error("invalid-value", title)
            .at(said.span(), format!("expected `{side}` of a proxy ID"))
            .noted("this proxy ID is left out");
        scope.tell(error);
        return None;
    };
    if net.trunc() != net {
        let title = format!("`{}` has address bits after its prefix", said.shown());
        let warning = Finding::warning("host-bits", title);
        scope.tell(warning.at(said.span(), format!("taken as {}", net.trunc())));
    }
    Some(Selector::net(net))
}
