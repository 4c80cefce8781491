//! IKE and ESP between the two gateways themselves, followed by the firewall's own code.

use crate::rule::{Effect, Pair, Party};
use crossgate_firewall::{Firewall, Flow, Step, Verdict};
use crossgate_model::plan::Site;
use crossgate_model::{End, Gateway, Time};
use std::net::IpAddr;
use std::sync::Arc;

const IKE: u16 = 500;
const NAT_TRAVERSAL: u16 = 4500;

/// What a tunnel needs between its gateways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needed {
    Ike,
    Esp,
    /// Both over UDP port 4500.
    Encapsulated,
}

impl Needed {
    pub fn words(self) -> &'static str {
        match self {
            Self::Ike => "UDP port 500",
            Self::Esp => "ESP, protocol 50",
            Self::Encapsulated => "UDP port 4500",
        }
    }
}

/// A packet that does not get through.
pub struct Blocked<'a> {
    pub at: Party<'a>,
    pub peer: Party<'a>,
    pub needed: Needed,
    /// Who sent first, when it was.
    pub starts: End,
    pub flow: Flow,
    pub steps: Vec<Step>,
}

/// Everything that is blocked, whoever starts. Where a NAT between the ends hides their addresses,
/// nothing can be said.
pub fn blocked<'a>(pair: &Pair<'a>) -> Vec<Blocked<'a>> {
    let (Some(plan), Some([ours, theirs]), false) =
        (pair.plan, pair.network(), pair.options.nat_between)
    else {
        return Vec::new();
    };
    let post = |party: Party<'a>, site: &Site, gateway: &Arc<Gateway>| Post {
        party,
        interface: site.wan_interface.clone(),
        address: IpAddr::V4(site.wan.addr()),
        gateway: gateway.clone(),
    };
    let first = post(pair.first, &plan.branch, ours);
    let second = post(pair.second, &plan.hq, theirs);
    let encapsulates = |party: &Party<'_>| party.connection.nat.force_encapsulation.value;
    let data = match encapsulates(&pair.first) || encapsulates(&pair.second) {
        true => Needed::Encapsulated,
        false => Needed::Esp,
    };
    let ways = [(&first, &second), (&second, &first)];
    let each = ways.into_iter().flat_map(|(from, to)| {
        let needed = [Needed::Ike, data];
        needed.map(move |needed| exchange(from, to, needed))
    });
    each.flatten().collect()
}

/// A gateway as its own packets see it.
struct Post<'a> {
    party: Party<'a>,
    interface: String,
    address: IpAddr,
    gateway: Arc<Gateway>,
}

impl Post<'_> {
    fn sends(&self, firewall: &mut Firewall, flow: Flow) -> Verdict {
        firewall.output(Time::START, &self.interface, flow)
    }

    fn takes(&self, firewall: &mut Firewall, flow: Flow) -> Verdict {
        firewall.input(Time::START, &self.interface, flow)
    }
}

/// A packet to the other end and its answer; what stops the first of them that is stopped.
fn exchange<'a>(from: &Post<'a>, to: &Post<'a>, needed: Needed) -> Option<Blocked<'a>> {
    let ports = |port| Flow::udp((from.address, port), (to.address, port));
    let flow = match needed {
        Needed::Ike => ports(IKE),
        Needed::Encapsulated => ports(NAT_TRAVERSAL),
        Needed::Esp => Flow::esp(from.address, to.address),
    };
    let mut near = Firewall::new(from.gateway.clone());
    let mut far = Firewall::new(to.gateway.clone());
    let blocked = |at: &Post<'a>, peer: &Post<'a>, flow: Flow, verdict: Verdict| {
        verdict.dropped().map(|_| Blocked {
            at: at.party,
            peer: peer.party,
            needed,
            starts: from.party.end,
            flow,
            steps: verdict.steps,
        })
    };
    let answer = flow.reversed();
    let there = blocked(from, to, flow, from.sends(&mut near, flow))
        .or_else(|| blocked(to, from, flow, to.takes(&mut far, flow)));
    // Data is answered by data, which is a walk of its own.
    if there.is_some() || needed != Needed::Ike {
        return there;
    }
    blocked(to, from, answer, to.sends(&mut far, answer))
        .or_else(|| blocked(from, to, answer, from.takes(&mut near, answer)))
}

/// What all of one cause do together.
pub fn effect(blocked: &[&Blocked<'_>]) -> Effect {
    let ends = |needed: fn(Needed) -> bool| {
        let of = blocked.iter().filter(move |b| needed(b.needed));
        let mut ends: Vec<End> = of.map(|b| b.starts).collect();
        ends.dedup();
        ends
    };
    match ends(|needed| needed == Needed::Ike).as_slice() {
        [] => {}
        [starts] => return Effect::FailsWhen { starts: *starts },
        _ => return Effect::NeverComesUp,
    }
    let from = match ends(|needed| needed != Needed::Ike).as_slice() {
        [from] => Some(*from),
        _ => None,
    };
    Effect::NoTraffic { from }
}
