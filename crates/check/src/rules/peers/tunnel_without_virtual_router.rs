//! A tunnel interface is in no virtual router, so that no route leads to or from it.

use super::tunnel_interfaces;
use crate::rule::{Effect, Found, Judge, One, Rule};
use crossgate_diag::{Certainty, Finding};
use crossgate_model::{Change, Gateway, NextHop};

pub const RULE: Rule = Rule {
    code: "tunnel-without-virtual-router",
    page: include_str!("tunnel_without_virtual_router.md"),
    judge: Judge::One(judge),
};

fn judge(one: &One<'_>, found: &mut Vec<Found>) {
    let gateway = one.side.gateway;
    let Some(beside) = gateway
        .interfaces
        .iter()
        .find(|i| i.virtual_router.is_some())
    else {
        return;
    };
    for (connection, child, interface) in tunnel_interfaces(gateway) {
        if interface.virtual_router.is_some() {
            continue;
        }
        let name = &interface.name.value;
        let finding = Finding::error(RULE.code, format!("{name} is in no virtual router"))
            .at(interface.name.span, "no virtual router")
            .beside(
                child.tunnel_interface.as_ref().and_then(|name| name.span),
                "a tunnel goes through it",
            )
            .beside(
                beside
                    .virtual_router
                    .as_ref()
                    .and_then(|router| router.span),
                "other interfaces are in one",
            )
            .when("as soon as a packet is to go through")
            .starter("whoever starts")
            .certain(Certainty::Doc);
        let found_here =
            Found::with(finding, Effect::NoTraffic { from: None }).about(one.end, connection);
        found.push(match router_of(gateway, name) {
            Some(router) => found_here.cure(
                format!("put {name} into the virtual router `{router}`"),
                vec![(
                    one.end,
                    Change::SetVirtualRouter {
                        interface: name.clone(),
                        router: router.to_owned(),
                    },
                )],
            ),
            None => found_here,
        });
    }
}

/// The virtual router whose route leads into the interface, else the only one that there is.
fn router_of<'a>(gateway: &'a Gateway, interface: &str) -> Option<&'a str> {
    let into = gateway.routes.iter().find(|route| match &route.via {
        NextHop::Interface(name) | NextHop::Both(name, _) => name.value == interface,
        _ => false,
    });
    if let Some(router) = into.and_then(|route| route.virtual_router.as_ref()) {
        return Some(&router.value);
    }
    let mut routers: Vec<&str> = Vec::new();
    for router in gateway
        .interfaces
        .iter()
        .filter_map(|i| i.virtual_router.as_ref())
    {
        if !routers.contains(&router.value.as_str()) {
            routers.push(&router.value);
        }
    }
    match routers.as_slice() {
        [only] => Some(only),
        _ => None,
    }
}
