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

/// An interface as this firewall numbers it: whoever has many packets has its name looked for once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterfaceId(usize);

#[derive(Debug, Default)]
pub(crate) struct Memo {
    by_name: BTreeMap<Arc<str>, InterfaceId>,
    /// By their number.
    interfaces: Vec<(Arc<str>, Flows)>,
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
    interface: InterfaceId,
    name: Arc<str>,
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

    fn number(&mut self, interface: &str) -> InterfaceId {
        if let Some(known) = self.by_name.get(interface) {
            return *known;
        }
        let (name, id) = (
            Arc::<str>::from(interface),
            InterfaceId(self.interfaces.len()),
        );
        self.by_name.insert(name.clone(), id);
        self.interfaces.push((name, Flows::new()));
        id
    }

    /// All but the interfaces' numbers.
    pub fn forget(&mut self) {
        self.interfaces
            .iter_mut()
            .for_each(|(_, flows)| flows.clear());
        for recents in [&mut self.forward, &mut self.input, &mut self.output] {
            *recents = Recents::default();
        }
    }

    /// Where among the recent ones it is, if it is one of them.
    #[inline]
    fn find(&mut self, way: Way, interface: InterfaceId, key: &Key) -> Option<usize> {
        let recent = &self.recents(way).all;
        let Key::V4(addresses, rest) = *key else {
            return Self::find_another(recent, interface, key);
        };
        recent.iter().position(|known| {
            matches!(known.key, Key::V4(a, b) if a == addresses && b == rest)
                && known.interface == interface
        })
    }

    #[inline(never)]
    fn find_another(recent: &[Recent], interface: InterfaceId, key: &Key) -> Option<usize> {
        let mut recent = recent.iter();
        recent.position(|known| known.key == *key && known.interface == interface)
    }

    /// The same for one that is known and not recent.
    fn recall(&mut self, way: Way, interface: InterfaceId, key: Key) -> Option<usize> {
        let (name, flows) = self.interfaces.get(interface.0)?;
        let recent = Recent {
            key,
            interface,
            name: name.clone(),
            judged: flows.get(&(way, key))?.clone(),
            session: None,
        };
        Some(self.recents(way).put(recent))
    }

    fn insert(
        &mut self,
        way: Way,
        interface: InterfaceId,
        key: Key,
        judged: Judged,
    ) -> Option<usize> {
        let (name, flows) = self.interfaces.get_mut(interface.0)?;
        if flows.len() >= FLOWS {
            flows.clear();
        }
        let judged = Arc::new(judged);
        flows.insert((way, key), judged.clone());
        let recent = Recent {
            key,
            interface,
            name: name.clone(),
            judged,
            session: None,
        };
        Some(self.recents(way).put(recent))
    }

    fn name(&self, interface: InterfaceId) -> Option<Arc<str>> {
        self.interfaces
            .get(interface.0)
            .map(|(name, _)| name.clone())
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
    /// Whether NAT changes the packet, if it is of a session.
    #[inline]
    fn in_session(
        &mut self,
        sessions: &mut Sessions,
        gateway: &Gateway,
        now: Time,
        flow: &Flow,
    ) -> Option<bool> {
        if sessions.is_empty() {
            return None;
        }
        let known = self.session.as_ref();
        if known.is_none_or(|found| !sessions.touch(now, found)) {
            self.session = sessions.find(gateway, now, &self.name, flow);
        }
        Some(self.session.as_ref()?.is_translated)
    }

    fn leaves(&self) -> Option<Flow> {
        self.session.as_ref().map(|found| found.leaves)
    }
}

/// What is decided of a packet.
#[derive(Clone, Copy, Debug)]
pub struct Decided<'a> {
    pub outcome: &'a Arc<Outcome>,
    /// Whether it leaves with other addresses or ports than it came with.
    pub is_translated: bool,
}

impl<'a> Decided<'a> {
    fn as_it_came(outcome: &'a Arc<Outcome>) -> Self {
        Self {
            outcome,
            is_translated: false,
        }
    }
}

impl Firewall {
    /// The number of an interface, which stays the same.
    pub fn interface_id(&mut self, name: &str) -> InterfaceId {
        self.memo.number(name)
    }

    /// The outcome of [`Firewall::forward`], [`Firewall::input`] or [`Firewall::output`], which it
    /// may be mixed with, as `tell` looks at it. Of equal packets it is the very same one, as long
    /// as nothing changes.
    #[inline]
    pub fn decide<T>(
        &mut self,
        now: Time,
        way: Way,
        interface: InterfaceId,
        flow: &Flow,
        mut tell: impl FnMut(Decided<'_>) -> T,
    ) -> T {
        let told = self.decided(now, way, interface, flow, &mut tell);
        told.unwrap_or_else(|reason| {
            let drop = Arc::new(Outcome::Drop(reason));
            tell(Decided::as_it_came(&drop))
        })
    }

    #[inline]
    fn decided<T>(
        &mut self,
        now: Time,
        way: Way,
        interface: InterfaceId,
        flow: &Flow,
        tell: &mut impl FnMut(Decided<'_>) -> T,
    ) -> Result<T, Reason> {
        let place = self.judged(way, interface, flow)?;
        let recent = self.memo.at(way, place)?;
        recent.judged.entry?;
        let session = recent.in_session(&mut self.sessions, &self.gateway, now, flow);
        let judged = &recent.judged;
        match (session, &judged.first) {
            (Some(is_translated), _) if !is_translated || way != Way::Forward => {
                Ok(tell(Decided::as_it_came(&judged.known)))
            }
            (Some(_), _) => {
                let leaves = recent.leaves().unwrap_or(*flow);
                let place = self.judged(way, interface, &leaves)?;
                Ok(tell(Decided {
                    outcome: &self.memo.at(way, place)?.judged.known,
                    is_translated: true,
                }))
            }
            (None, Some(first)) => {
                if self.gateway.policy.zones_need_rules {
                    remember(&mut self.sessions, now, way, &recent.name, *flow, first)?;
                }
                Ok(tell(Decided::as_it_came(first)))
            }
            (None, None) => {
                let (name, mut steps) = (recent.name.clone(), Vec::new());
                let outcome = self.forwarded(now, &name, *flow, &mut steps)?;
                let is_translated =
                    matches!(&outcome, Outcome::Forward { flow: after, .. } if after != flow);
                Ok(tell(Decided {
                    outcome: &Arc::new(outcome),
                    is_translated,
                }))
            }
        }
    }

    /// Where it is known; what isn't known yet is worked out.
    #[inline]
    fn judged(&mut self, way: Way, interface: InterfaceId, flow: &Flow) -> Result<usize, Reason> {
        let key = Key::of(flow);
        match self.memo.find(way, interface, &key) {
            Some(place) => Ok(place),
            None => self.judged_anew(way, interface, key, flow),
        }
    }

    #[inline(never)]
    fn judged_anew(
        &mut self,
        way: Way,
        interface: InterfaceId,
        key: Key,
        flow: &Flow,
    ) -> Result<usize, Reason> {
        if let Some(place) = self.memo.recall(way, interface, key) {
            return Ok(place);
        }
        // A number that another firewall gave is no interface of this one.
        let name = self.memo.name(interface).ok_or(Reason::InterfaceDown)?;
        let judged = match way {
            Way::Forward => self.judged_forward(&name, *flow),
            Way::Input => self.judged_input(&name, *flow),
            Way::Output => self.judged_output(&name, *flow),
        };
        let place = self.memo.insert(way, interface, key, judged);
        place.ok_or(Reason::InterfaceDown)
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
