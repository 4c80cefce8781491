//! An interface that a tunnel needs is shut down.

use super::interfaces;
use crate::rule::{Effect, Found, Judge, One, Rule};
use crossgate_diag::{Certainty, Finding};
use crossgate_model::{Change, Connection, Interface};
use std::collections::{BTreeMap, BTreeSet};

pub const RULE: Rule = Rule {
    code: "tunnel-interface-down",
    page: include_str!("tunnel_interface_down.md"),
    judge: Judge::One(judge),
};

fn judge(one: &One<'_>, found: &mut Vec<Found>) {
    let gateway = one.side.gateway;
    let interfaces = interfaces(gateway);
    let mut told = BTreeSet::new();
    for connection in &gateway.connections {
        for (interface, role) in needed(&interfaces, connection) {
            let name = &interface.name.value;
            if interface.enabled.value || !told.insert(name) {
                continue;
            }
            let title = format!(
                "{name}, {role} of `{}`, is shut down",
                connection.name.value
            );
            let finding = Finding::error(RULE.code, title)
                .at(interface.enabled.span.or(interface.name.span), "shut down")
                .when("before IKE_SA_INIT")
                .starter("whoever starts")
                .certain(Certainty::Doc);
            let change = Change::EnableInterface {
                interface: name.clone(),
            };
            found.push(
                Found::with(finding, Effect::NeverComesUp)
                    .about(one.end, connection)
                    .cure(format!("switch {name} on"), vec![(one.end, change)]),
            );
        }
    }
}

fn needed<'a>(
    interfaces: &BTreeMap<&str, &'a Interface>,
    connection: &Connection,
) -> impl Iterator<Item = (&'a Interface, &'static str)> {
    let tunnels = connection
        .children
        .iter()
        .filter_map(|child| child.tunnel_interface.as_ref());
    let tunnels = tunnels.map(|name| (name, "the tunnel interface"));
    let local = connection.local.interface.iter();
    let all = tunnels.chain(local.map(|name| (name, "the interface towards the peer")));
    all.filter_map(|(name, role)| Some((*interfaces.get(name.value.as_str())?, role)))
}
