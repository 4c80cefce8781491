//! Static routes of virtual and logical routers.

use super::Scope;
use crate::tree::At;
use crossgate_diag::{Finding, Spanned};
use crossgate_model::{NextHop, Route};
use ipnet::IpNet;

/// What PAN-OS prefers static routes by where nothing is said (schema).
const DISTANCE: u8 = 10;
const METRIC: u32 = 10;

/// A virtual router, or a VRF of a logical one.
pub struct Router<'t> {
    pub name: At<'t>,
    pub body: At<'t>,
}

pub fn routers<'t>(device: At<'t>) -> impl Iterator<Item = Router<'t>> {
    let virtual_ones = device.below(&["network", "virtual-router"]);
    let logical_ones = device.below(&["network", "logical-router"]);
    let vrfs =
        logical_ones.flat_map(|name| name.below(&["vrf"]).map(move |body| Router { name, body }));
    virtual_ones
        .map(|router| Router {
            name: router,
            body: router,
        })
        .chain(vrfs)
}

pub fn routes(scope: &mut Scope<'_>) -> Vec<Route> {
    let mut routes = Vec::new();
    for router in routers(scope.device) {
        for member in router.body.values(&["interface"]) {
            scope.expect_interface(member);
        }
        for (family, default) in [("ip", "static"), ("ipv6", "static-ipv6")] {
            let distance = router.body.number(&["admin-dists", default]);
            let distance = distance.map_or(DISTANCE, |d: Spanned<u8>| d.value);
            let path = ["routing-table", family, "static-route"];
            for entry in router.body.below(&path) {
                routes.extend(route(scope, entry, router.name, distance));
            }
        }
    }
    routes
}

fn route(scope: &mut Scope<'_>, entry: At<'_>, router: At<'_>, distance: u8) -> Option<Route> {
    if entry.path(&["route-table", "no-install"]).is_some() {
        let note = Finding::note("not-obeyed", "this route is not to be installed");
        scope.tell(note.at(entry.span(), "so there is no such route"));
        return None;
    }
    let Some(destination) = destination(scope, entry) else {
        match entry.value(&["destination"]) {
            Some(said) => scope.tell_no_address(said, "expected the network that it leads to"),
            None => {
                let title = format!("the route `{}` has no destination", entry.shown());
                let error = Finding::error("missing-value", title);
                scope.tell(error.at(entry.span(), "expected a network"));
            }
        }
        return None;
    };
    let said = entry.number(&["admin-dist"]);
    Some(Route {
        name: Some(entry.name()),
        destination,
        via: next_hop(scope, entry)?,
        distance: said.map_or(distance, |d: Spanned<u8>| d.value),
        metric: entry.number(&["metric"]).map_or(METRIC, |m| m.value),
        virtual_router: Some(router.name()),
    })
}

fn destination(scope: &Scope<'_>, entry: At<'_>) -> Option<Spanned<IpNet>> {
    let net = scope.book.net(entry.value(&["destination"])?)?;
    Some(net.map(|net| net.trunc()))
}

fn next_hop(scope: &mut Scope<'_>, entry: At<'_>) -> Option<NextHop> {
    let interface = entry.value(&["interface"]);
    if let Some(interface) = interface {
        scope.expect_interface(interface);
    }
    let hop = entry.get("nexthop");
    let kind = hop.and_then(|hop| hop.children().next());
    let address = hop.and_then(|hop| {
        hop.value(&["ip-address"])
            .or_else(|| hop.value(&["ipv6-address"]))
    });
    let resolved = address.and_then(|at| scope.book.address(at));
    match (kind.map(At::word), interface, resolved) {
        (Some("discard"), ..) => Some(NextHop::Discard),
        (Some("ip-address" | "ipv6-address"), None, Some(address)) => {
            Some(NextHop::Address(address))
        }
        (Some("ip-address" | "ipv6-address"), Some(interface), Some(address)) => {
            Some(NextHop::Both(interface.name(), address))
        }
        (None | Some("none"), Some(interface), _) => Some(NextHop::Interface(interface.name())),
        _ => {
            match address.filter(|at| scope.book.address(*at).is_none()) {
                Some(address) => scope.tell_no_address(address, "expected the next hop's address"),
                None => scope.tell(no_next_hop(entry, kind)),
            }
            None
        }
    }
}

fn no_next_hop(entry: At<'_>, kind: Option<At<'_>>) -> Finding {
    let name = entry.shown();
    match kind {
        Some(kind) => {
            let title = format!("next hop `{}` is not obeyed", kind.shown());
            Finding::warning("not-obeyed", title)
                .at(kind.span(), format!("the route `{name}` is left out"))
        }
        None => Finding::error("missing-value", format!("the route `{name}` leads nowhere"))
            .at(entry.span(), "expected an interface or a next hop"),
    }
}
