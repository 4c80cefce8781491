//! `show ip route`.

use super::Page;
use crossgate_model::view::{RouteKind, RouteView, Snapshot};
use ipnet::{IpNet, Ipv4Net};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

const CODES: &str = "\
Codes: L - local, C - connected, S - static, R - RIP, M - mobile, B - BGP
       D - EIGRP, EX - EIGRP external, O - OSPF, IA - OSPF inter area 
       N1 - OSPF NSSA external type 1, N2 - OSPF NSSA external type 2
       E1 - OSPF external type 1, E2 - OSPF external type 2, m - OMP
       n - NAT, Ni - NAT inside, No - NAT outside, Nd - NAT DIA
       i - IS-IS, su - IS-IS summary, L1 - IS-IS level-1, L2 - IS-IS level-2
       ia - IS-IS inter area, * - candidate default, U - per-user static route
       H - NHRP, G - NHRP registered, g - NHRP registration summary
       o - ODR, P - periodic downloaded static route, l - LISP
       a - application route
       + - replicated route, % - next hop override, p - overrides from PfR
       & - replicated local route overrides by connected
";

/// Routes to one destination.
type Table<'s> = BTreeMap<Ipv4Net, Vec<&'s RouteView>>;

pub fn table(snapshot: &Snapshot) -> String {
    let mut all = collect(snapshot);
    let default = all.remove(&Ipv4Net::default());
    let mut page = Page(CODES.into());
    page.blank();
    page.line(match default.as_deref().and_then(|routes| routes.first()) {
        Some(RouteView {
            gateway: Some(gateway),
            ..
        }) => {
            format!("Gateway of last resort is {gateway} to network 0.0.0.0")
        }
        Some(_) => "Gateway of last resort is 0.0.0.0 to network 0.0.0.0".into(),
        None => "Gateway of last resort is not set".into(),
    });
    page.blank();
    if let Some(routes) = default {
        route(
            &mut page,
            &format!("{}*    0.0.0.0/0", code(&routes)),
            &routes,
        );
    }
    let mut majors: BTreeMap<Ipv4Net, Table<'_>> = BTreeMap::new();
    for (net, routes) in all {
        majors.entry(major(net)).or_default().insert(net, routes);
    }
    for (major, nets) in majors {
        network(&mut page, major, &nets);
    }
    page.0
}

fn collect(snapshot: &Snapshot) -> Table<'_> {
    let mut all = Table::new();
    for route in &snapshot.routes {
        if let IpNet::V4(net) = route.destination {
            all.entry(net.trunc()).or_default().push(route);
        }
    }
    all
}

/// The network of class A, B or C, under which IOS still lists; what is wider stands for itself.
fn major(net: Ipv4Net) -> Ipv4Net {
    let length = match net.network().octets() {
        [0..128, ..] => 8,
        [128..192, ..] => 16,
        [192..224, ..] => 24,
        _ => return net,
    };
    let length = length.min(net.prefix_len());
    Ipv4Net::new(net.network(), length).map_or(net, |major| major.trunc())
}

/// A network of its class stands alone; subnets stand below a heading, and without their mask
/// where all have the same.
fn network(page: &mut Page, major: Ipv4Net, nets: &Table<'_>) {
    if let (1, Some(routes)) = (nets.len(), nets.get(&major)) {
        return route(page, &format!("{}     {major}", code(routes)), routes);
    }
    let mut lengths: Vec<u8> = nets.keys().map(Ipv4Net::prefix_len).collect();
    lengths.sort_unstable();
    lengths.dedup();
    let (count, at) = (nets.len(), major.network());
    match lengths.as_slice() {
        [length] => {
            page.line(format_args!(
                "      {at}/{length} is subnetted, {count} subnets"
            ));
        }
        several => page.line(format_args!(
            "      {major} is variably subnetted, {count} subnets, {} masks",
            several.len()
        )),
    }
    for (net, routes) in nets {
        let destination = match lengths.len() {
            1 => net.network().to_string(),
            _ => net.to_string(),
        };
        route(
            page,
            &format!("{}        {destination}", code(routes)),
            routes,
        );
    }
}

/// Routes that somebody else gave the kernel are an application's.
fn code(routes: &[&RouteView]) -> char {
    match routes.first().map(|route| route.kind) {
        Some(RouteKind::Connected) => 'C',
        Some(RouteKind::Local) => 'L',
        Some(RouteKind::Static) => 'S',
        Some(RouteKind::Other) | None => 'a',
    }
}

/// Alternatives stand below each other.
fn route(page: &mut Page, head: &str, routes: &[&RouteView]) {
    for (index, route) in routes.iter().enumerate() {
        let head = if index == 0 {
            head.to_owned()
        } else {
            " ".repeat(head.chars().count())
        };
        page.line(format_args!("{head} {}", way(route)));
    }
}

fn way(route: &RouteView) -> String {
    let measure = format!("[{}/{}]", route.distance, route.metric);
    match (&route.gateway, route.kind) {
        (Some(gateway), _) => format!("{measure} via {gateway}"),
        (None, _) => format!("is directly connected, {}", out_of(route)),
    }
}

fn out_of(route: &RouteView) -> &str {
    match &route.interface {
        _ if route.discard => "Null0",
        Some(name) => name,
        None => "unknown",
    }
}

/// `show ip route X`. The default route answers only for itself.
pub fn entry(snapshot: &Snapshot, address: Ipv4Addr) -> String {
    let all = collect(snapshot);
    let fits = |net: &Ipv4Net| {
        net.contains(&address) && (net.prefix_len() > 0 || address.is_unspecified())
    };
    let longest = all
        .iter()
        .filter(|(net, _)| fits(net))
        .max_by_key(|(net, _)| net.prefix_len());
    match longest {
        Some((net, routes)) => description(net, routes),
        None => not_in_table(&all, Ipv4Net::from(address)),
    }
}

/// `show ip route X MASK`: that network itself.
pub fn network_entry(snapshot: &Snapshot, net: Ipv4Net) -> String {
    let all = collect(snapshot);
    match all.get_key_value(&net.trunc()) {
        Some((net, routes)) => description(net, routes),
        None => not_in_table(&all, net),
    }
}

fn not_in_table(all: &Table<'_>, wanted: Ipv4Net) -> String {
    let wanted = major(wanted);
    let known = all
        .keys()
        .any(|net| net.prefix_len() > 0 && major(*net) == wanted);
    format!(
        "% {} not in table\n",
        if known { "Subnet" } else { "Network" }
    )
}

fn description(net: &Ipv4Net, routes: &[&RouteView]) -> String {
    let mut page = Page::default();
    let supernet = if net.prefix_len() == 0 {
        ", supernet"
    } else {
        ""
    };
    page.line(format_args!("Routing entry for {net}{supernet}"));
    if let Some(first) = routes.first() {
        page.line(format_args!(
            "  Known via {}",
            source(first, net.prefix_len() == 0)
        ));
    }
    page.line("  Routing Descriptor Blocks:");
    for (index, route) in routes.iter().enumerate() {
        descriptor(&mut page, route, index == 0);
    }
    page.0
}

fn source(route: &RouteView, default: bool) -> String {
    let (name, note) = match (route.kind, route.gateway) {
        (RouteKind::Connected | RouteKind::Local, _) => {
            ("connected", " (connected, via interface)")
        }
        (RouteKind::Static, None) => ("static", " (connected)"),
        (RouteKind::Static, Some(_)) => ("static", ""),
        (RouteKind::Other, _) => ("application", ""),
    };
    let candidate = if default {
        ", candidate default path"
    } else {
        ""
    };
    let (distance, metric) = (route.distance, route.metric);
    format!("\"{name}\", distance {distance}, metric {metric}{note}{candidate}")
}

fn descriptor(page: &mut Page, route: &RouteView, best: bool) {
    let star = if best { '*' } else { ' ' };
    let hop = match route.gateway {
        Some(IpAddr::V4(gateway)) => gateway.to_string(),
        Some(IpAddr::V6(gateway)) => gateway.to_string().to_uppercase(),
        None => format!("directly connected, via {}", out_of(route)),
    };
    page.line(format_args!("  {star} {hop}"));
    page.line(format_args!(
        "      Route metric is {}, traffic share count is 1",
        route.metric
    ));
}
