//! The same decisions without their steps, for whoever has many packets: what the configuration
//! alone says of a flow is worked out once and kept. Sessions and NAT are asked for each packet.

use crate::flow::Flow;
use crate::verdict::{Outcome, Reason, Step};
use crate::{Firewall, nat, sent_by};
use crossgate_model::Time;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Flows of one interface that are kept; one more, and they are worked out anew.
const FLOWS: usize = 65_536;

/// Through the gateway, to it, or from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    Forward,
    Input,
    Output,
}

/// What the configuration says of a flow.
#[derive(Debug)]
struct Judged {
    /// What stops it whatever sessions there are.
    entry: Result<(), Reason>,
    /// Of a packet whose session is known.
    known: Arc<Outcome>,
    /// Of the first packet; nothing where NAT decides.
    first: Option<Arc<Outcome>>,
}

/// What was asked for last, which the next packets are the likeliest to ask for: so many.
const RECENT: usize = 4;

type Flows = BTreeMap<(Way, Flow), Arc<Judged>>;

#[derive(Debug, Default)]
pub(crate) struct Memo {
    by_interface: BTreeMap<Arc<str>, Flows>,
    recent: [Option<Recent>; RECENT],
    /// Which of them is replaced next.
    oldest: usize,
}

#[derive(Debug)]
struct Recent {
    flow: Flow,
    way: Way,
    interface: Arc<str>,
    judged: Arc<Judged>,
}

impl Memo {
    fn get(&mut self, way: Way, interface: &str, flow: &Flow) -> Option<Arc<Judged>> {
        let mut recent = self.recent.iter().flatten();
        let known = recent.find(|known| {
            known.flow == *flow && known.way == way && *known.interface == *interface
        });
        if let Some(known) = known {
            return Some(known.judged.clone());
        }
        let (interface, flows) = self.by_interface.get_key_value(interface)?;
        let judged = flows.get(&(way, *flow))?.clone();
        let recent = Recent {
            flow: *flow,
            way,
            interface: interface.clone(),
            judged: judged.clone(),
        };
        if let Some(place) = self.recent.get_mut(self.oldest) {
            *place = Some(recent);
        }
        self.oldest = (self.oldest + 1) % RECENT;
        Some(judged)
    }

    fn insert(&mut self, way: Way, interface: &str, flow: Flow, judged: Arc<Judged>) {
        let flows = self.by_interface.entry(interface.into()).or_default();
        if flows.len() >= FLOWS {
            flows.clear();
        }
        flows.insert((way, flow), judged);
    }
}

impl Firewall {
    /// The outcome of [`Firewall::forward`], [`Firewall::input`] or [`Firewall::output`], which it
    /// may be mixed with.
    pub fn decide(&mut self, now: Time, way: Way, interface: &str, flow: Flow) -> Arc<Outcome> {
        let outcome = self.decided(now, way, interface, flow);
        outcome.unwrap_or_else(|reason| Arc::new(Outcome::Drop(reason)))
    }

    fn decided(
        &mut self,
        now: Time,
        way: Way,
        interface: &str,
        flow: Flow,
    ) -> Result<Arc<Outcome>, Reason> {
        let judged = self.judged(way, interface, flow);
        judged.entry?;
        let session = self.sessions.find(&self.gateway, now, interface, &flow);
        match (session, &judged.first) {
            (Some(known), _) if known == flow || way != Way::Forward => Ok(judged.known.clone()),
            (Some(known), _) => Ok(self.judged(way, interface, known).known.clone()),
            (None, Some(first)) => {
                self.remember(now, way, interface, flow, first)?;
                Ok(first.clone())
            }
            (None, None) => {
                let mut steps = Vec::new();
                let outcome = self.forwarded(now, interface, flow, &mut steps);
                outcome.map(Arc::new)
            }
        }
    }

    /// What was let through has a session from now on, where its policy has sessions at all.
    fn remember(
        &mut self,
        now: Time,
        way: Way,
        interface: &str,
        flow: Flow,
        outcome: &Outcome,
    ) -> Result<(), Reason> {
        if !self.gateway.policy.zones_need_rules {
            return Ok(());
        }
        let leaving = match (way, outcome) {
            (_, Outcome::Drop(_)) | (Way::Forward, Outcome::Local) => return Ok(()),
            (Way::Forward, Outcome::Forward { hop, .. }) => hop.interface.as_str(),
            (Way::Input | Way::Output, _) => interface,
        };
        self.sessions.add(now, interface, leaving, flow, flow)
    }

    /// What isn't known yet is worked out.
    fn judged(&mut self, way: Way, interface: &str, flow: Flow) -> Arc<Judged> {
        if let Some(known) = self.memo.get(way, interface, &flow) {
            return known;
        }
        let judged = Arc::new(match way {
            Way::Forward => self.judged_forward(interface, flow),
            Way::Input => self.judged_input(interface, flow),
            Way::Output => self.judged_output(interface, flow),
        });
        self.memo.insert(way, interface, flow, judged.clone());
        judged
    }

    fn judged_forward(&self, arrival: &str, flow: Flow) -> Judged {
        let steps = &mut Vec::new();
        Judged {
            entry: self.enter(arrival, &flow, steps),
            known: shared(self.leave(arrival, flow, steps)),
            first: self.first_forward(arrival, flow, steps),
        }
    }

    fn first_forward(
        &self,
        arrival: &str,
        flow: Flow,
        steps: &mut Vec<Step>,
    ) -> Option<Arc<Outcome>> {
        let hop = match self.taken_route(arrival, flow.destination, steps) {
            Ok(Some(hop)) => hop,
            Ok(None) => return Some(Arc::new(Outcome::Local)),
            Err(reason) => return Some(Arc::new(Outcome::Drop(reason))),
        };
        let way = (arrival, hop.interface.as_str());
        if nat::new_source(&self.gateway, way, &flow, steps).is_some() {
            return None;
        }
        let passed = self.pass_between(way, &flow, steps);
        let passed = passed.and_then(|()| self.pass_out(&hop, &flow, steps));
        Some(shared(passed.map(|()| Outcome::Forward { hop, flow })))
    }

    fn judged_input(&self, arrival: &str, flow: Flow) -> Judged {
        let steps = &mut Vec::new();
        let first = self.pass_in(arrival, &flow, steps);
        Judged {
            entry: self.enter_own(arrival, &flow, steps),
            known: Arc::new(Outcome::Local),
            first: Some(shared(first.map(|()| Outcome::Local))),
        }
    }

    fn judged_output(&self, leaving: &str, flow: Flow) -> Judged {
        let steps = &mut Vec::new();
        let first = self.pass_from(leaving, &flow, steps);
        Judged {
            entry: self.leave_own(leaving, &flow, steps),
            known: Arc::new(sent_by(leaving, flow)),
            first: Some(shared(first.map(|()| sent_by(leaving, flow)))),
        }
    }
}

fn shared(outcome: Result<Outcome, Reason>) -> Arc<Outcome> {
    Arc::new(outcome.unwrap_or_else(Outcome::Drop))
}
