//! The same decisions without their steps, for whoever has many packets: what the configuration
//! alone says of a flow is worked out once and kept. Sessions and NAT are asked for each packet.

use crate::flow::{Flow, Key};
use crate::session::{Found, Sessions};
use crate::verdict::{Outcome, Reason, Step};
use crate::{Firewall, nat, sent_by};
use crossgate_model::{Gateway, Time};
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

/// What was asked for last, which the next packets are the likeliest to ask for: so many of a way.
const RECENT: usize = 4;

type Flows = BTreeMap<(Way, Key), Arc<Judged>>;

#[derive(Debug, Default)]
pub(crate) struct Memo {
    by_interface: BTreeMap<Arc<str>, Flows>,
    forward: Recents,
    input: Recents,
    output: Recents,
}

#[derive(Debug, Default)]
struct Recents {
    all: Vec<Recent>,
    /// Which of them is replaced next.
    oldest: usize,
}

#[derive(Debug)]
struct Recent {
    key: Key,
    interface: Arc<str>,
    judged: Arc<Judged>,
    /// That of the last packet.
    session: Option<Found>,
}

impl Memo {
    fn recents(&mut self, way: Way) -> &mut Recents {
        match way {
            Way::Forward => &mut self.forward,
            Way::Input => &mut self.input,
            Way::Output => &mut self.output,
        }
    }

    /// Where among the recent ones it is, if it is known.
    fn find(&mut self, way: Way, interface: &str, key: Key) -> Option<usize> {
        let mut recent = self.recents(way).all.iter();
        let place = recent.position(|known| known.key == key && *known.interface == *interface);
        place.or_else(|| self.recall(way, interface, key))
    }

    fn recall(&mut self, way: Way, interface: &str, key: Key) -> Option<usize> {
        let (interface, flows) = self.by_interface.get_key_value(interface)?;
        let recent = Recent {
            key,
            interface: interface.clone(),
            judged: flows.get(&(way, key))?.clone(),
            session: None,
        };
        Some(self.recents(way).put(recent))
    }

    fn insert(&mut self, way: Way, interface: &str, key: Key, judged: Arc<Judged>) -> usize {
        let interface = match self.by_interface.get_key_value(interface) {
            Some((known, _)) => known.clone(),
            None => interface.into(),
        };
        let flows = self.by_interface.entry(interface.clone()).or_default();
        if flows.len() >= FLOWS {
            flows.clear();
        }
        flows.insert((way, key), judged.clone());
        self.recents(way).put(Recent {
            key,
            interface,
            judged,
            session: None,
        })
    }

    fn at(&mut self, way: Way, place: usize) -> Result<&mut Recent, Reason> {
        // It was found there, or put there, a moment ago.
        self.recents(way).all.get_mut(place).ok_or(Reason::NoRoute)
    }
}

impl Recents {
    fn put(&mut self, recent: Recent) -> usize {
        let place = self.oldest;
        self.oldest = (place + 1) % RECENT;
        match self.all.get_mut(place) {
            Some(oldest) => *oldest = recent,
            None => self.all.push(recent),
        }
        place
    }
}

impl Recent {
    /// The packet as it leaves, if it is of a session.
    fn in_session(
        &mut self,
        sessions: &mut Sessions,
        gateway: &Gateway,
        now: Time,
        flow: &Flow,
    ) -> Option<Flow> {
        let known = self.session.as_ref();
        if known.is_none_or(|found| !sessions.touch(now, found)) {
            self.session = sessions.find(gateway, now, &self.interface, flow);
        }
        Some(self.session.as_ref()?.leaves)
    }
}

impl Firewall {
    /// The outcome of [`Firewall::forward`], [`Firewall::input`] or [`Firewall::output`], which it
    /// may be mixed with, as `tell` looks at it. Of equal packets it is the very same one, as long
    /// as nothing changes.
    pub fn decide<T>(
        &mut self,
        now: Time,
        way: Way,
        interface: &str,
        flow: &Flow,
        mut tell: impl FnMut(&Arc<Outcome>) -> T,
    ) -> T {
        let told = self.decided(now, way, interface, flow, &mut tell);
        told.unwrap_or_else(|reason| tell(&Arc::new(Outcome::Drop(reason))))
    }

    fn decided<T>(
        &mut self,
        now: Time,
        way: Way,
        interface: &str,
        flow: &Flow,
        tell: &mut impl FnMut(&Arc<Outcome>) -> T,
    ) -> Result<T, Reason> {
        let place = self.judged(way, interface, flow);
        let recent = self.memo.at(way, place)?;
        recent.judged.entry?;
        let session = recent.in_session(&mut self.sessions, &self.gateway, now, flow);
        let judged = &recent.judged;
        match (session, &judged.first) {
            (Some(known), _) if known == *flow || way != Way::Forward => Ok(tell(&judged.known)),
            (Some(known), _) => {
                let place = self.judged(way, interface, &known);
                Ok(tell(&self.memo.at(way, place)?.judged.known))
            }
            (None, Some(first)) => {
                if self.gateway.policy.zones_need_rules {
                    remember(&mut self.sessions, now, way, interface, *flow, first)?;
                }
                Ok(tell(first))
            }
            (None, None) => {
                let mut steps = Vec::new();
                let outcome = self.forwarded(now, interface, *flow, &mut steps)?;
                Ok(tell(&Arc::new(outcome)))
            }
        }
    }

    /// Where it is known; what isn't known yet is worked out.
    fn judged(&mut self, way: Way, interface: &str, flow: &Flow) -> usize {
        let key = Key::of(flow);
        if let Some(place) = self.memo.find(way, interface, key) {
            return place;
        }
        let judged = Arc::new(match way {
            Way::Forward => self.judged_forward(interface, *flow),
            Way::Input => self.judged_input(interface, *flow),
            Way::Output => self.judged_output(interface, *flow),
        });
        self.memo.insert(way, interface, key, judged)
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

/// What was let through has a session from now on, where policies have sessions at all.
fn remember(
    sessions: &mut Sessions,
    now: Time,
    way: Way,
    interface: &str,
    flow: Flow,
    outcome: &Outcome,
) -> Result<(), Reason> {
    let leaving = match (way, outcome) {
        (_, Outcome::Drop(_)) | (Way::Forward, Outcome::Local) => return Ok(()),
        (Way::Forward, Outcome::Forward { hop, .. }) => hop.interface.as_str(),
        (Way::Input | Way::Output, _) => interface,
    };
    sessions.add(now, interface, leaving, flow, flow)
}

fn shared(outcome: Result<Outcome, Reason>) -> Arc<Outcome> {
    Arc::new(outcome.unwrap_or_else(Outcome::Drop))
}
