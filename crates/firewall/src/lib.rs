//! What becomes of a packet by a gateway's routes, zones, security rules, packet filters and NAT.
//! Pure: no I/O, no clock; the same calls give the same answers.
//!
//! - [`flow`]: a packet as far as rules look at it.
//! - [`verdict`]: what becomes of it, and each step that decided.
//! - [`routing`]: the longest prefix that counts.
//! - [`site`]: a gateway's file completed by the network that a pair of files means.
//!
//! A packet through the gateway goes: filter of the arrival interface, session, route, zones, NAT
//! rule, security rule, filter of the leaving interface. Security rules see the addresses before
//! and the zones after NAT (PAN-OS administrator's guide, "NAT policy overview"). The translated
//! packet is what an IPsec policy on the leaving interface sees (Cisco, "NAT order of operation").
//! Where a rule can't be decided (an application that only a payload shows, a name that only DNS
//! knows), what allows is taken to match and what denies is not, and a [`Step::Undecided`] says so.

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic
    )
)]

mod filter;
pub mod flow;
mod matching;
mod memo;
mod nat;
pub mod routing;
mod security;
mod session;
pub mod site;
pub mod verdict;

pub use flow::Flow;
pub use memo::{Decided, InterfaceId, Way};
pub use routing::Hop;
pub use security::would_allow;
pub use session::SESSIONS;
pub use verdict::{Outcome, Reason, Step, Verdict};

use crossgate_model::{Gateway, Interface, InterfaceKind, Time};
use memo::Memo;
use routing::Found;
use security::Zones;
use session::Sessions;
use std::net::IpAddr;
use std::sync::Arc;

/// One gateway's rules, and the sessions that they let through.
#[derive(Debug)]
pub struct Firewall {
    gateway: Arc<Gateway>,
    sessions: Sessions,
    memo: Memo,
}

impl Firewall {
    pub fn new(gateway: Arc<Gateway>) -> Self {
        Self {
            gateway,
            sessions: Sessions::default(),
            memo: Memo::default(),
        }
    }

    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// Another configuration. Sessions that it doesn't allow any more end.
    pub fn reconfigure(&mut self, now: Time, gateway: Arc<Gateway>) {
        self.gateway = gateway;
        self.memo.forget();
        for (arrival, flow) in self.sessions.take() {
            if routing::owner(&self.gateway, flow.destination).is_some() {
                self.input(now, &arrival, flow);
            } else if routing::owner(&self.gateway, flow.source).is_some() {
                self.output(now, &arrival, flow);
            } else {
                self.forward(now, &arrival, flow);
            }
        }
    }

    /// Where a packet that arrived there goes; `arrival: None` looks in all virtual routers.
    pub fn route(&self, arrival: Option<&str>, destination: IpAddr) -> Option<Hop> {
        match routing::lookup(&self.gateway, arrival, destination) {
            Found::Hop(hop) => Some(hop),
            _ => None,
        }
    }

    /// A packet from one network to another.
    pub fn forward(&mut self, now: Time, arrival: &str, flow: Flow) -> Verdict {
        let mut steps = Vec::new();
        let outcome = self.forwarded(now, arrival, flow, &mut steps);
        let outcome = outcome.unwrap_or_else(Outcome::Drop);
        Verdict { outcome, steps }
    }

    /// A packet to the gateway itself.
    pub fn input(&mut self, now: Time, arrival: &str, flow: Flow) -> Verdict {
        let mut steps = Vec::new();
        let outcome = self.received(now, arrival, flow, &mut steps);
        Verdict {
            outcome: outcome.map_or_else(Outcome::Drop, |()| Outcome::Local),
            steps,
        }
    }

    /// A packet of the gateway's own. No packet filter looks at those (Cisco, "Configuring IP
    /// access lists": outbound lists don't filter what the router originates).
    pub fn output(&mut self, now: Time, leaving: &str, flow: Flow) -> Verdict {
        let mut steps = Vec::new();
        let outcome = self.sent(now, leaving, flow, &mut steps);
        Verdict {
            outcome: outcome.unwrap_or_else(Outcome::Drop),
            steps,
        }
    }

    fn forwarded(
        &mut self,
        now: Time,
        arrival: &str,
        flow: Flow,
        steps: &mut Vec<Step>,
    ) -> Result<Outcome, Reason> {
        self.enter(arrival, &flow, steps)?;
        if let Some(found) = self.sessions.find(&self.gateway, now, arrival, &flow) {
            steps.push(Step::Session);
            return self.leave(arrival, found.leaves, steps);
        }
        let Some(hop) = self.taken_route(arrival, flow.destination, steps)? else {
            return Ok(Outcome::Local);
        };
        let way = (arrival, hop.interface.as_str());
        let source = nat::new_source(&self.gateway, way, &flow, steps);
        let translated = nat::translate(&self.sessions, now, flow, source)?;
        self.pass_between(way, &flow, steps)?;
        self.pass_out(&hop, &translated, steps)?;
        if self.gateway.policy.zones_need_rules || translated != flow {
            self.sessions
                .add(now, arrival, &hop.interface, flow, translated)?;
        }
        Ok(Outcome::Forward {
            hop,
            flow: translated,
        })
    }

    /// What stops a packet before anything is known of its session.
    fn enter(&self, arrival: &str, flow: &Flow, steps: &mut Vec<Step>) -> Result<(), Reason> {
        let entry = self.interface(arrival)?;
        if routing::is_bare(&self.gateway, entry) {
            return Err(Reason::NoAddress);
        }
        if self.was_protected(arrival, flow) {
            return Ok(());
        }
        filter::pass(&self.gateway, entry.filter_in.as_ref(), flow, steps)
    }

    /// By the rules between the zones of two interfaces.
    fn pass_between(
        &self,
        (arrival, leaving): (&str, &str),
        flow: &Flow,
        steps: &mut Vec<Step>,
    ) -> Result<(), Reason> {
        let zones = Zones::between(&self.gateway, arrival, leaving);
        security::pass(&self.gateway, zones, flow, steps)
    }

    /// The way out, told as a step; nothing where the gateway itself is meant.
    fn taken_route(
        &self,
        arrival: &str,
        destination: IpAddr,
        steps: &mut Vec<Step>,
    ) -> Result<Option<Hop>, Reason> {
        if routing::lacks_router(&self.gateway, arrival) {
            return Err(Reason::NoVirtualRouter);
        }
        let mut told = |interface, route| {
            let route = routing::quoted(&self.gateway, interface, route);
            steps.push(Step::Route(route));
        };
        match routing::lookup(&self.gateway, Some(arrival), destination) {
            Found::Local => Ok(None),
            Found::Nothing => Err(Reason::NoRoute),
            Found::Discard(route) => {
                told(None, Some(route));
                Err(Reason::Discarded)
            }
            Found::Hop(hop) => {
                told(Some(&hop.interface), hop.route);
                Ok(Some(hop))
            }
        }
    }

    /// A packet of a session: routed and filtered, but judged before.
    fn leave(&self, arrival: &str, flow: Flow, steps: &mut Vec<Step>) -> Result<Outcome, Reason> {
        let Some(hop) = self.taken_route(arrival, flow.destination, steps)? else {
            return Ok(Outcome::Local);
        };
        self.pass_out(&hop, &flow, steps)?;
        Ok(Outcome::Forward { hop, flow })
    }

    fn pass_out(&self, hop: &Hop, flow: &Flow, steps: &mut Vec<Step>) -> Result<(), Reason> {
        let leaving = self.interface(&hop.interface)?;
        if self.will_be_protected(&hop.interface, flow) {
            return Ok(());
        }
        filter::pass(&self.gateway, leaving.filter_out.as_ref(), flow, steps)
    }

    fn received(
        &mut self,
        now: Time,
        arrival: &str,
        flow: Flow,
        steps: &mut Vec<Step>,
    ) -> Result<(), Reason> {
        self.enter_own(arrival, &flow, steps)?;
        if self
            .sessions
            .find(&self.gateway, now, arrival, &flow)
            .is_some()
        {
            steps.push(Step::Session);
            return Ok(());
        }
        self.pass_in(arrival, &flow, steps)?;
        self.remember_own(now, arrival, flow)
    }

    fn enter_own(&self, arrival: &str, flow: &Flow, steps: &mut Vec<Step>) -> Result<(), Reason> {
        let entry = self.interface(arrival)?;
        filter::pass(&self.gateway, entry.filter_in.as_ref(), flow, steps)
    }

    /// To the zone of the address that is meant.
    fn pass_in(&self, arrival: &str, flow: &Flow, steps: &mut Vec<Step>) -> Result<(), Reason> {
        let owner = routing::owner(&self.gateway, flow.destination);
        let owner = owner.map_or(arrival, |owner| owner.name.value.as_str());
        self.pass_between((arrival, owner), flow, steps)
    }

    fn sent(
        &mut self,
        now: Time,
        leaving: &str,
        flow: Flow,
        steps: &mut Vec<Step>,
    ) -> Result<Outcome, Reason> {
        self.leave_own(leaving, &flow, steps)?;
        // An answer belongs to the session of what arrived there.
        if self
            .sessions
            .find(&self.gateway, now, leaving, &flow)
            .is_some()
        {
            steps.push(Step::Session);
            return Ok(sent_by(leaving, flow));
        }
        self.pass_from(leaving, &flow, steps)?;
        self.remember_own(now, leaving, flow)?;
        Ok(sent_by(leaving, flow))
    }

    fn leave_own(&self, leaving: &str, flow: &Flow, steps: &mut Vec<Step>) -> Result<(), Reason> {
        self.interface(leaving)?;
        self.has_way_out(leaving, flow.destination, steps)
    }

    /// From the zone of the address that it is sent from.
    fn pass_from(&self, leaving: &str, flow: &Flow, steps: &mut Vec<Step>) -> Result<(), Reason> {
        let owner = routing::owner(&self.gateway, flow.source);
        let owner = owner.map_or(leaving, |owner| owner.name.value.as_str());
        self.pass_between((owner, leaving), flow, steps)
    }

    /// By the file's own routes. Where it has none, what is around the gateway may know one.
    fn has_way_out(&self, leaving: &str, to: IpAddr, steps: &mut Vec<Step>) -> Result<(), Reason> {
        if routing::lacks_router(&self.gateway, leaving) {
            return Err(Reason::NoVirtualRouter);
        }
        match routing::lookup(&self.gateway, Some(leaving), to) {
            Found::Discard(route) => {
                let route = routing::quoted(&self.gateway, None, Some(route));
                steps.push(Step::Route(route));
                Err(Reason::Discarded)
            }
            Found::Hop(hop) if self.is_tunnel(&hop.interface) => Err(Reason::IntoTunnel),
            _ => Ok(()),
        }
    }

    fn is_tunnel(&self, interface: &str) -> bool {
        let known = self.gateway.interface(interface);
        known.is_some_and(|known| known.kind == InterfaceKind::Tunnel)
    }

    fn remember_own(&mut self, now: Time, interface: &str, flow: Flow) -> Result<(), Reason> {
        match self.gateway.policy.zones_need_rules {
            true => self.sessions.add(now, interface, interface, flow, flow),
            false => Ok(()),
        }
    }

    fn interface(&self, name: &str) -> Result<&Interface, Reason> {
        let known = self.gateway.interface(name);
        known
            .filter(|interface| interface.enabled.value)
            .ok_or(Reason::InterfaceDown)
    }

    /// Whether an IPsec policy on that interface takes the packet. Packet filters don't look at
    /// what is inside (Cisco, "Crypto access check on clear-text packets": since 12.3(8)T).
    fn will_be_protected(&self, leaving: &str, flow: &Flow) -> bool {
        self.gateway.children().any(|(connection, child)| {
            let on = connection.local.interface.as_ref();
            child.tunnel_interface.is_none()
                && child.enabled.value
                && on.is_some_and(|on| on.value == leaving)
                && flow.is_in(&child.selectors)
        })
    }

    /// Whether the packet can only have come out of such a policy's SA.
    fn was_protected(&self, arrival: &str, flow: &Flow) -> bool {
        self.will_be_protected(arrival, &flow.reversed())
    }
}

/// A packet of the gateway's own, on its way.
fn sent_by(leaving: &str, flow: Flow) -> Outcome {
    let hop = Hop {
        interface: leaving.to_owned(),
        next_hop: None,
        route: None,
    };
    Outcome::Forward { hop, flow }
}
