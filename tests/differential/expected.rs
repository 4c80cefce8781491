//! A case, and what the rehearsal says of it.

use crate::swanctl;
use crossgate_diag::{Certainty, Sources};
use crossgate_gateway::dialect::{Dialect, Hints};
use crossgate_model::behaviour::ResponderSelectors;
use crossgate_model::plan::{Plan, Site};
use crossgate_model::{Behaviour, Claim, Connection, End, Gateway, Initiation, Policy};
use crossgate_rehearse::observe::{Options, observe};
use std::net::Ipv4Addr;

/// One pair, of which strongSwan is one end.
pub struct Case {
    pub name: String,
    pub foreign: End,
    pub starter: End,
    pub plan: Plan,
    /// Of our end.
    pub text: String,
    /// Of strongSwan's.
    pub swanctl: String,
    pub expected: Expected,
}

/// Whether the tunnel comes up, by our own rehearsal.
#[derive(Clone)]
pub struct Expected {
    /// With the foreign end as the RFC has it.
    pub by_rfc: bool,
    /// With the foreign end as its vendor has it.
    pub by_profile: bool,
    /// What of the vendor's profile makes the difference, if there is one.
    pub decides: Option<String>,
}

impl Case {
    /// `None` where strongSwan can't be that end, or its userspace ESP forbids it.
    pub fn new(name: &str, texts: &[String; 2], foreign: End, starter: End) -> Option<Self> {
        let [a, b] = texts.each_ref().map(|text| read(text));
        let gateways = [a?, b?];
        let plan = Plan::new(&gateways[0], &gateways[1]).ok()?;
        let mut completed = gateways.clone();
        for (gateway, site) in completed.iter_mut().zip(sites(&plan)) {
            gateway.assume_address(&site.wan_interface, site.wan.into());
        }
        let ends = completed.each_ref().map(|gateway| gateway.clone());
        let connection = |end: End| {
            let site = sites(&plan)[end as usize];
            ends[end as usize].connection(&site.connection)
        };
        let (theirs, ours) = (connection(foreign)?, connection(foreign.other())?);
        let lives = is_in_the_world(&plan) && works(ours) && works(theirs);
        let starts = connection(starter)?.initiation.value != Initiation::Never;
        if !(lives && starts) {
            return None;
        }
        let swanctl = swanctl::of(theirs).ok()?;
        Some(Self {
            name: name.to_owned(),
            foreign,
            starter,
            text: texts[foreign.other() as usize].clone(),
            swanctl,
            plan,
            expected: expected(&gateways, foreign, starter),
        })
    }

    pub fn is_same(&self, other: &Self) -> bool {
        let key = |case: &Self| (case.name.clone(), case.foreign, case.starter);
        key(self) == key(other)
    }

    pub fn site(&self, end: End) -> &Site {
        sites(&self.plan)[end as usize]
    }
}

fn expected(gateways: &[Gateway; 2], foreign: End, starter: End) -> Expected {
    let gateways = &gateways.each_ref().map(without_packet_rules);
    let with = |change: fn(&mut Gateway)| {
        let mut gateways = gateways.clone();
        change(&mut gateways[foreign as usize]);
        comes_up(&gateways, starter)
    };
    let (by_rfc, by_profile) = (with(by_the_rfc), comes_up(gateways, starter));
    let decides = (by_rfc != by_profile).then(|| {
        let what = match with(narrows) == by_rfc {
            true => "what it answers to selectors",
            false => "more than one thing",
        };
        format!("{}: {what}", gateways[foreign as usize].behaviour.name)
    });
    Expected {
        by_rfc,
        by_profile,
        decides,
    }
}

/// The daemon enforces no zones, rules and filters on packets yet, and no peer negotiates them.
fn without_packet_rules(gateway: &Gateway) -> Gateway {
    let mut gateway = gateway.clone();
    gateway.policy = Policy::default().into();
    for interface in &mut gateway.interfaces {
        (interface.filter_in, interface.filter_out) = (None, None);
    }
    gateway
}

fn comes_up([a, b]: &[Gateway; 2], starter: End) -> bool {
    let observation = observe(a, b, Options::default());
    let mut starts = observation.starts.iter();
    let run = starts.find(|run| run.starter == starter);
    run.is_some_and(|run| run.totals.sas_installed >= 2)
}

fn read(text: &str) -> Option<Gateway> {
    let mut sources = Sources::new();
    let dialect = Dialect::of(text)?;
    let file = sources.add("file", text);
    dialect
        .read(&mut sources, file, &Hints::default())
        .ok()
        .map(|read| read.gateway)
}

fn sites(plan: &Plan) -> [&Site; 2] {
    [&plan.branch, &plan.hq]
}

/// The userspace ESP of strongSwan needs NAT traversal at both ends.
fn works(connection: &Connection) -> bool {
    let child = connection.children.first().is_some_and(|c| c.enabled.value);
    connection.enabled.value && connection.nat.enabled.value && child
}

/// The world's WANs are these two.
fn is_in_the_world(plan: &Plan) -> bool {
    let net = |address: Ipv4Addr| {
        let [a, b, c, _] = address.octets();
        [a, b, c]
    };
    net(plan.branch.wan.addr()) == [203, 0, 113] && net(plan.hq.wan.addr()) == [198, 51, 100]
}

fn by_the_rfc(gateway: &mut Gateway) {
    let own = gateway.behaviour.tunnel_needs_address;
    gateway.behaviour = Behaviour {
        tunnel_needs_address: own,
        ..Behaviour::rfc7296()
    };
    narrows(gateway);
}

fn narrows(gateway: &mut Gateway) {
    let narrow = Claim::new(ResponderSelectors::Narrow, Certainty::Rfc, "RFC 7296 §2.9");
    let children = gateway.connections.iter_mut().flat_map(|c| &mut c.children);
    children.for_each(|child| child.responder_selectors = narrow);
}
