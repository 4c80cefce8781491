//! What must never leave in the clear, in routes and rules (ARCHITECTURE.md, invariant 10).
//!
//! Each network beyond a tunnel has a route of last resort that refuses its packets. It is made
//! before anything else, loses to the tunnel's own route while there is one, and outlives a daemon
//! that dies: the next one adopts it, and only an orderly stop removes it.

use crate::routes::{LAST_RESORT_METRIC, MAIN_TABLE, POLICY_TABLE, RouteSpec, RuleSpec, Via};
use crossgate_model::tunnelled::{is_inside, routed_networks, tunnelled_networks};
use crossgate_model::{Child, Gateway, Selector, SelectorPair};
use ipnet::IpNet;
use std::collections::BTreeSet;

/// Rules are looked up in this order: our own packets, then what a policy protects.
const OWN_PACKETS_PRIORITY: u32 = 5200;
const POLICY_PRIORITY: u32 = 5201;
/// On the daemon's own packets, so that a policy doesn't catch them.
pub const OWN_PACKETS_MARK: u32 = 0x6367;

/// The routes of last resort.
pub fn last_resorts(gateway: &Gateway) -> BTreeSet<RouteSpec> {
    let main = tunnelled_networks(gateway).into_iter();
    let main = main.map(|net| last_resort(MAIN_TABLE, net));
    let policy = policy_networks(gateway).into_iter();
    main.chain(policy.map(|net| last_resort(POLICY_TABLE, net)))
        .collect()
}

fn last_resort(table: u32, destination: IpNet) -> RouteSpec {
    RouteSpec {
        table,
        destination,
        metric: LAST_RESORT_METRIC,
        via: Via::Unreachable,
    }
}

/// Networks of that tunnel interface's Children which only a default route leads to: each needs a
/// route of its own beside its route of last resort.
pub fn reached_by_default(gateway: &Gateway, interface: &str) -> BTreeSet<IpNet> {
    let routed = routed_networks(gateway);
    let children = gateway.children().map(|(_, child)| child);
    children
        .filter(|child| {
            child
                .tunnel_interface
                .as_ref()
                .is_some_and(|i| i.value == interface)
        })
        .flat_map(|child| child.selectors.remote.nets())
        .filter(|net| net.prefix_len() > 0 && !is_inside(net, &routed))
        .collect()
}

/// Where Children without a tunnel interface lead.
pub fn policy_networks(gateway: &Gateway) -> BTreeSet<IpNet> {
    policy_children(gateway)
        .flat_map(|child| child.selectors.remote.nets())
        .collect()
}

/// The rules that bring policy-protected packets to the policy's table.
pub fn policy_rules(gateway: &Gateway) -> BTreeSet<RuleSpec> {
    let pairs = policy_children(gateway).map(|child| &child.selectors.value);
    let mut rules: BTreeSet<RuleSpec> = pairs.flat_map(rules_of).collect();
    let families: BTreeSet<bool> = rules.iter().map(|rule| rule.v6).collect();
    rules.extend(families.into_iter().map(own_packets));
    rules
}

fn policy_children(gateway: &Gateway) -> impl Iterator<Item = &Child> {
    let children = gateway.children().map(|(_, child)| child);
    children.filter(|child| child.tunnel_interface.is_none())
}

fn own_packets(v6: bool) -> RuleSpec {
    RuleSpec {
        v6,
        priority: OWN_PACKETS_PRIORITY,
        source: None,
        destination: None,
        ip_protocol: 0,
        source_ports: None,
        destination_ports: None,
        mark: Some(OWN_PACKETS_MARK),
        table: MAIN_TABLE,
    }
}

fn rules_of(pair: &SelectorPair) -> Vec<RuleSpec> {
    let mut rules = Vec::new();
    for source in pair.local.nets() {
        for destination in pair.remote.nets() {
            rules.push(RuleSpec {
                v6: !source.addr().is_ipv4(),
                priority: POLICY_PRIORITY,
                source: not_any(source),
                destination: not_any(destination),
                ip_protocol: pair.local.protocol,
                source_ports: ports(&pair.local),
                destination_ports: ports(&pair.remote),
                mark: None,
                table: POLICY_TABLE,
            });
        }
    }
    rules
}

fn not_any(net: IpNet) -> Option<IpNet> {
    (net.prefix_len() > 0).then_some(net)
}

fn ports(selector: &Selector) -> Option<(u16, u16)> {
    let range = (selector.start_port, selector.end_port);
    // A rule has no range from zero; of the protocols with ports, none uses port zero.
    (range != (0, u16::MAX)).then(|| (range.0.max(1), range.1.max(1)))
}
