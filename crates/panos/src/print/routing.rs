//! `show routing route`.

use crossgate_model::view::{RouteKind, RouteView, Snapshot};
use ipnet::IpNet;
use std::net::IpAddr;

const FLAGS: &str = "\
flags: A:active, ?:loose, C:connect, H:host, S:static, ~:internal, R:rip, O:ospf, B:bgp, \n\
\x20      Oi:ospf intra-area, Oo:ospf inter-area, O1:ospf ext-type-1, O2:ospf ext-type-2, E:ecmp, M:multicast\n";

/// A destination as an operator gives it: a network, or an address.
pub fn prefix(text: &str) -> Option<IpNet> {
    let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
    text.parse().ok().or_else(address)
}

pub fn route(snapshot: &Snapshot, destination: Option<IpNet>, router: Option<&str>) -> String {
    let meant = |route: &&RouteView| {
        let there = destination.is_none_or(|d| d.trunc() == route.destination.trunc());
        there && router.is_none_or(|name| virtual_router(route) == name)
    };
    let routes: Vec<_> = snapshot.routes.iter().filter(meant).collect();
    let mut out = format!("{FLAGS}\n");
    for (id, name) in routers(&routes).into_iter().enumerate() {
        out += &format!("\nVIRTUAL ROUTER: {name} (id {})\n  ==========\n", id + 1);
        out += "destination                                 nexthop                                 \
                metric flags      age   interface          next-AS    \n";
        for route in routes.iter().filter(|route| virtual_router(route) == name) {
            out += &line(route);
        }
    }
    out + &format!("total routes shown: {}\n", routes.len())
}

fn virtual_router(route: &RouteView) -> &str {
    route.virtual_router.as_deref().unwrap_or("default")
}

fn routers<'a>(routes: &[&'a RouteView]) -> Vec<&'a str> {
    let mut names: Vec<&str> = routes.iter().map(|route| virtual_router(route)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn line(route: &RouteView) -> String {
    let own = || match route.kind {
        RouteKind::Connected => route.destination.addr().to_string(),
        _ => "0.0.0.0".to_owned(),
    };
    let nexthop = match route.gateway {
        _ if route.discard => "discard".to_owned(),
        Some(gateway) => gateway.to_string(),
        None => own(),
    };
    let flags = match route.kind {
        RouteKind::Connected => "A C",
        RouteKind::Local => "A H",
        RouteKind::Static | RouteKind::Other => "A S",
    };
    let interface = match route.kind {
        RouteKind::Local => "",
        _ => route.interface.as_deref().unwrap_or(""),
    };
    format!(
        "{:<43} {nexthop:<39} {:<6} {flags:<16} {interface:<18} \n",
        route.destination.trunc().to_string(),
        route.metric,
    )
}
