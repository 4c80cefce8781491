//! How much fits into the tunnel's packets, and what the interfaces on the way allow.

use crate::agreement::suite::{self, EspSuite};
use crate::rule::{Pair, Party};
use crossgate_diag::Spanned;
use crossgate_esp::{DEFAULT_PATH_MTU, inner_mtu};
use crossgate_firewall::site;
use crossgate_model::plan::{Plan, Site};
use crossgate_model::view::Encapsulation;
use crossgate_model::{Child, End, Interface, Path};
use std::net::IpAddr;

const NAT_TRAVERSAL: u16 = 4500;
/// Octets of IPv4 and TCP headers without options (RFC 9293 §3.7.1).
pub const TCP_HEADERS: u16 = 40;

/// What a pair of Children has room for.
pub struct Room<'a> {
    pub ends: [At<'a>; 2],
    pub suite: EspSuite,
    /// Octets of the largest inner packet that both ends can send unfragmented.
    pub inner: u16,
    pub encapsulated: bool,
}

/// One end of it.
pub struct At<'a> {
    pub party: Party<'a>,
    pub child: &'a Child,
    /// The tunnel's interface, where it has one.
    pub tunnel: Option<&'a Interface>,
    /// Those that the packets go through: the tunnel's or the policy's, and the inside one.
    pub on_the_way: Vec<&'a Interface>,
}

impl Room<'_> {
    /// `AES-CBC-256/HMAC-SHA256-128 in UDP, in packets of 1500 octets`.
    pub fn words(&self) -> String {
        let wrapped = if self.encapsulated { " in UDP" } else { "" };
        format!("{}{wrapped}", self.suite.words())
    }
}

/// Of each pair of Children that chooses a suite, whoever starts.
pub fn rooms<'a>(pair: &Pair<'a>) -> Vec<Room<'a>> {
    let Some(plan) = pair.plan else {
        return Vec::new();
    };
    let of = |[ours, theirs]: [&'a Child; 2]| room(pair, plan, ours, theirs);
    pair.children().iter().copied().filter_map(of).collect()
}

fn room<'a>(pair: &Pair<'a>, plan: &Plan, ours: &'a Child, theirs: &'a Child) -> Option<Room<'a>> {
    let suites = [
        suite::esp(&ours.proposals, &theirs.proposals),
        suite::esp(&theirs.proposals, &ours.proposals),
    ];
    let forced = |party: &Party<'_>| party.connection.nat.force_encapsulation.value;
    let encapsulated = pair.options.nat_between || forced(&pair.first) || forced(&pair.second);
    let outer = outer_mtu(&pair.first, &plan.branch).min(outer_mtu(&pair.second, &plan.hq));
    let path = path(plan, encapsulated);
    let fits = |suite: &EspSuite| inner_mtu(outer, suite.encr, suite.integ, &path);
    let suite = suites.into_iter().flatten().min_by_key(fits)?;
    Some(Room {
        ends: [
            at(pair.first, ours, &plan.branch),
            at(pair.second, theirs, &plan.hq),
        ],
        suite,
        inner: fits(&suite),
        encapsulated,
    })
}

fn path(plan: &Plan, encapsulated: bool) -> Path {
    Path {
        local: IpAddr::V4(plan.branch.wan.addr()),
        remote: IpAddr::V4(plan.hq.wan.addr()),
        encapsulation: match encapsulated {
            true => Encapsulation::Udp {
                local_port: NAT_TRAVERSAL,
                remote_port: NAT_TRAVERSAL,
            },
            false => Encapsulation::Esp,
        },
    }
}

/// Octets of a packet on the outer interface.
fn outer_mtu(party: &Party<'_>, site: &Site) -> u16 {
    let outer = party.gateway().interface(&site.wan_interface);
    let mtu = outer.and_then(|outer| outer.mtu.as_ref());
    mtu.map_or(DEFAULT_PATH_MTU, |mtu| mtu.value)
}

fn at<'a>(party: Party<'a>, child: &'a Child, site: &Site) -> At<'a> {
    let gateway = party.gateway();
    let named = |name: &Spanned<String>| gateway.interface(&name.value);
    let tunnel = child.tunnel_interface.as_ref().and_then(named);
    let outer = party.connection.local.interface.as_ref().and_then(named);
    let inside = site.lans.iter().filter(|lan| {
        let host = IpAddr::V4(lan.host);
        child.selectors.local.start <= host && host <= child.selectors.local.end
    });
    let inside = inside.filter_map(|lan| gateway.interface(&site::arrival(gateway, site, lan)));
    let on_the_way = tunnel.or(outer).into_iter().chain(inside.take(1)).collect();
    At {
        party,
        child,
        tunnel,
        on_the_way,
    }
}

impl At<'_> {
    pub fn end(&self) -> End {
        self.party.end
    }
}
