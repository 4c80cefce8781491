//! Static routes.

use super::Config;
use crate::grammar::Args;
use crate::names;
use crossgate_diag::Spanned;
use crossgate_model::{NextHop, Route};
use ipnet::IpNet;

/// Of a static route without its own.
const DISTANCE_DEFAULT: u8 = 1;

/// `ip route NET MASK [INTERFACE] [NEXT-HOP] [DISTANCE] [name N] …`
pub(super) fn ip(config: &mut Config, args: &mut Args<'_, '_>) -> Option<()> {
    let destination = args.address_and_mask()?.map(|net| IpNet::V4(net.trunc()));
    route(config, args, destination)
}

/// `ipv6 route PREFIX [INTERFACE] [NEXT-HOP] [DISTANCE] …`
pub(super) fn ipv6(config: &mut Config, args: &mut Args<'_, '_>) -> Option<()> {
    let destination = args.ipv6_prefix()?.map(|net| net.trunc());
    route(config, args, destination)
}

fn route(config: &mut Config, args: &mut Args<'_, '_>, destination: Spanned<IpNet>) -> Option<()> {
    let is_first = args.cx.is_new("route", &destination.to_string());
    if args.no && args.is_empty() {
        if !is_first {
            let others = |known: &Route| known.destination != destination;
            config.routes.retain(others);
        }
        return Some(());
    }
    let via = next_hop(args)?;
    let mut route = Route {
        name: None,
        destination,
        via,
        distance: DISTANCE_DEFAULT,
        metric: 0,
        virtual_router: None,
    };
    options(&mut route, args)?;
    let same =
        |known: &Route| known.destination == route.destination && same_hop(&known.via, &route.via);
    let key = format!("{} {}", route.destination.value, hop(&route.via));
    let routes = &mut config.routes;
    if args.no {
        args.cx.remove("way", &key, routes, same);
        return Some(());
    }
    match args.cx.place("way", &key, routes, same) {
        Some(at) => routes
            .get_mut(at)
            .into_iter()
            .for_each(|known| *known = route.clone()),
        None => routes.push(route),
    }
    Some(())
}

/// The same for the same next hop.
fn hop(via: &NextHop) -> String {
    match via {
        NextHop::Interface(interface) => interface.value.clone(),
        NextHop::Address(address) => address.value.to_string(),
        NextHop::Both(interface, address) => format!("{} {}", interface.value, address.value),
        _ => "nowhere".to_owned(),
    }
}

fn next_hop(args: &mut Args<'_, '_>) -> Option<NextHop> {
    let first = args.interface("an interface or a next hop's address")?;
    if let Ok(address) = first.value.parse() {
        return Some(NextHop::Address(first.map(|_| address)));
    }
    if super::interface::looks_like_an_address(&first) {
        args.wrong(first.span, "an interface or an IP address");
        return None;
    }
    if first.value == "Null0" {
        return Some(NextHop::Discard);
    }
    if !names::is_interface(&first) && args.peek(0).is_none() && first.value.len() < 3 {
        args.wrong(first.span, "an interface or a next hop's address");
        return None;
    }
    match args.peek(0).and_then(|word| word.parse().ok()) {
        Some(address) => {
            let word = args.take()?;
            Some(NextHop::Both(first, word.map(|_| address)))
        }
        None => Some(NextHop::Interface(first)),
    }
}

fn options(route: &mut Route, args: &mut Args<'_, '_>) -> Option<()> {
    if args.number_ahead() {
        route.distance = args.number("a distance", 1..=255)?.value as u8;
    }
    loop {
        if args.flag("name").is_some() {
            route.name = Some(args.name("the route's name")?);
        } else if args.flag("tag").is_some() {
            args.number("a tag", 1..=u64::from(u32::MAX))?;
        } else if args.flag("permanent").is_none() {
            break;
        }
    }
    if args
        .flag_ahead("track")
        .or(args.flag_ahead("dhcp"))
        .is_some()
    {
        args.leave_rest("the route stays whatever is tracked or learnt");
    }
    Some(())
}

fn same_hop(a: &NextHop, b: &NextHop) -> bool {
    match (a, b) {
        (NextHop::Interface(a), NextHop::Interface(b)) => a == b,
        (NextHop::Address(a), NextHop::Address(b)) => a == b,
        (NextHop::Both(a, x), NextHop::Both(b, y)) => a == b && x == y,
        (NextHop::Discard, NextHop::Discard) => true,
        _ => false,
    }
}
