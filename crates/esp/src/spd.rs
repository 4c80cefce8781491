//! The SPD: what each interface's packets must be sealed for, and the packets that wait for it
//! (RFC 4301 §4.4.1).
//!
//! Policies are asked in the configuration's order, and the first that selects a packet decides.

mod order;

use crate::handling::Handling;
use crate::selection::Ready;
use crossgate_model::view::ChildCounters;
use crossgate_model::{Gateway, SelectorPair, Time};
use crossgate_wire::ip::Flow;
use order::Ordered;
use smallvec::SmallVec;
use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// Packets of one Child that may wait for its SA.
pub const WAITING_PACKETS: usize = 32;

/// A packet that waited longer for an SA is dropped: whoever sent it has given it up.
pub const WAITING_TIME: Duration = Duration::from_secs(10);

/// Packets without an SA ask for one at most so often for each Child.
pub const ACQUIRE_INTERVAL: Duration = Duration::from_secs(1);

/// One configured Child as the data plane needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The Child's name.
    pub child: String,
    /// The tunnel interface whose packets it is for; absent where packets of any route are meant.
    pub tunnel_interface: Option<String>,
    pub selectors: SelectorPair,
    pub handling: Handling,
}

impl Policy {
    /// Those of every enabled Child of every enabled connection. What belongs to a disabled one has
    /// no policy, so its packets go nowhere.
    pub fn all_of(gateway: &Gateway) -> Vec<Policy> {
        gateway
            .children()
            .filter(|(connection, child)| connection.enabled.value && child.enabled.value)
            .map(|(connection, child)| Policy {
                child: child.name.value.clone(),
                tunnel_interface: child.tunnel_interface.as_ref().map(|i| i.value.clone()),
                selectors: child.selectors.value,
                handling: Handling::of(gateway, connection, child),
            })
            .collect()
    }
}

pub(crate) type ChildId = u32;

/// As many as a Child has while it is rekeyed stand in its own place in memory.
pub(crate) type Spis = SmallVec<[u32; 4]>;

/// A Child by name: its policy, its SAs, its queue.
#[derive(Debug)]
pub(crate) struct Child {
    pub(crate) name: Arc<str>,
    pub(crate) interface: Option<Arc<str>>,
    /// Absent once it is configured no more: then it seals and opens nothing.
    policy: Option<[Ready; 2]>,
    pub(crate) handling: Handling,
    /// Our SPIs, in the order of installation.
    pub(crate) sas: Spis,
    /// Of SAs that are gone, and of packets that had none.
    pub(crate) counters: ChildCounters,
    pub(crate) waiting: VecDeque<Waiting>,
    /// Whether a timer will look at the queue.
    pub(crate) timed: bool,
    last_acquire: Option<Time>,
}

#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) since: Time,
    pub(crate) packet: Box<[u8]>,
}

impl Child {
    fn new(name: Arc<str>) -> Self {
        Self {
            name,
            interface: None,
            policy: None,
            handling: Handling::default(),
            sas: Spis::new(),
            counters: ChildCounters::default(),
            waiting: VecDeque::new(),
            timed: false,
            last_acquire: None,
        }
    }

    pub(crate) fn is_configured(&self) -> bool {
        self.policy.is_some()
    }

    /// `flow` as this end sends it.
    pub(crate) fn selects(&self, flow: &Flow) -> bool {
        self.policy.as_ref().is_some_and(|[local, remote]| {
            local.selects_source(flow) && remote.selects_destination(flow)
        })
    }

    /// The same for a packet that the peer sent: `flow` is as it came.
    pub(crate) fn selects_from_peer(&self, flow: &Flow) -> bool {
        self.policy.as_ref().is_some_and(|[local, remote]| {
            remote.selects_source(flow) && local.selects_destination(flow)
        })
    }

    /// Whether an SA is to be asked for now, which is then remembered.
    pub(crate) fn may_acquire(&mut self, now: Time) -> bool {
        let due = self
            .last_acquire
            .is_none_or(|last| now.since(last) >= ACQUIRE_INTERVAL);
        if due {
            self.last_acquire = Some(now);
        }
        due
    }

    /// False if the queue is full.
    pub(crate) fn enqueue(&mut self, now: Time, packet: &[u8]) -> bool {
        let room = self.waiting.len() < WAITING_PACKETS;
        if room {
            self.waiting.push_back(Waiting {
                since: now,
                packet: packet.into(),
            });
        }
        room
    }

    /// Takes out what has waited too long; gives its number.
    pub(crate) fn give_up_waiting(&mut self, now: Time) -> usize {
        let before = self.waiting.len();
        self.waiting
            .retain(|waiting| now < waiting.since + WAITING_TIME);
        before - self.waiting.len()
    }
}

/// The policies of one interface, or those of none; until policies are replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct List(usize);

/// Of packets that no interface is named for.
const ANYWHERE: List = List(0);

#[derive(Debug, Default)]
pub(crate) struct Spd {
    /// By their number.
    children: Vec<Option<Child>>,
    /// Numbers of Children that are gone.
    free: Vec<ChildId>,
    by_name: BTreeMap<Arc<str>, ChildId>,
    tunnels: BTreeMap<Arc<str>, List>,
    /// By their number.
    lists: Vec<Ordered>,
    /// The Children of each list.
    members: Vec<Vec<ChildId>>,
}

impl Spd {
    /// Replaces all policies. A Child that keeps its name keeps its SAs, counters and queue; gives
    /// the others, which have lost their policy.
    pub(crate) fn set(&mut self, policies: Vec<Policy>) -> Vec<ChildId> {
        for child in self.children.iter_mut().flatten() {
            child.policy = None;
        }
        let more = policies.len().saturating_sub(self.children.len());
        self.children.reserve_exact(more);
        self.tunnels.clear();
        let mut lists = vec![Vec::new()];
        for policy in policies {
            let remote = policy.selectors.remote;
            let (id, interface) = self.configure(policy);
            let list = interface.map_or(ANYWHERE, |name| {
                *self.tunnels.entry(name).or_insert(List(lists.len()))
            });
            if list.0 == lists.len() {
                lists.push(Vec::new());
            }
            if let Some(list) = lists.get_mut(list.0) {
                list.push((id, remote));
            }
        }
        self.lists = lists.iter().map(|list| Ordered::new(list)).collect();
        let ids = |list: Vec<(ChildId, _)>| list.into_iter().map(|(id, _)| id).collect();
        self.members = lists.into_iter().map(ids).collect();
        let gone = self.numbered().filter(|(_, c)| !c.is_configured());
        gone.map(|(id, _)| id).collect()
    }

    /// Gives the Child's number and interface.
    fn configure(&mut self, policy: Policy) -> (ChildId, Option<Arc<str>>) {
        let id = self.id_for(&policy.child);
        let interface = policy.tunnel_interface.map(|name| self.shared(name));
        if let Some(child) = self.child_mut(id) {
            let pair = &policy.selectors;
            child.policy = Some([pair.local, pair.remote].map(Ready::new));
            child.handling = policy.handling;
            child.interface = interface.clone();
        }
        (id, interface)
    }

    /// An interface's name, which all its Children have in one place: each packet that is opened counts
    /// who holds it.
    fn shared(&self, name: String) -> Arc<str> {
        let known = self.tunnels.get_key_value(name.as_str());
        known.map_or_else(|| Arc::from(name), |(known, _)| known.clone())
    }

    fn id_for(&mut self, name: &str) -> ChildId {
        if let Some(id) = self.by_name.get(name) {
            return *id;
        }
        let name = Arc::<str>::from(name);
        let child = Some(Child::new(name.clone()));
        let id = self.free.pop().unwrap_or(self.children.len() as ChildId);
        match self.children.get_mut(id as usize) {
            Some(free) => *free = child,
            None => self.children.push(child),
        }
        self.by_name.insert(name, id);
        id
    }

    /// Forgets a Child that is configured no more and has no SA.
    pub(crate) fn forget_if_gone(&mut self, id: ChildId) -> bool {
        let gone = self
            .child(id)
            .is_some_and(|child| !child.is_configured() && child.sas.is_empty());
        if gone && let Some(child) = self.children.get_mut(id as usize).and_then(Option::take) {
            self.by_name.remove(&child.name);
            self.free.push(id);
        }
        gone
    }

    pub(crate) fn find(&self, name: &str) -> Option<ChildId> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn child(&self, id: ChildId) -> Option<&Child> {
        self.children.get(id as usize)?.as_ref()
    }

    pub(crate) fn child_mut(&mut self, id: ChildId) -> Option<&mut Child> {
        self.children.get_mut(id as usize)?.as_mut()
    }

    pub(crate) fn children(&self) -> impl Iterator<Item = &Child> {
        self.numbered().map(|(_, child)| child)
    }

    fn numbered(&self) -> impl Iterator<Item = (ChildId, &Child)> {
        let children = (0..).zip(&self.children);
        children.filter_map(|(id, child)| Some((id, child.as_ref()?)))
    }

    /// Whose policies are asked for packets that were routed to that interface.
    pub(crate) fn list(&self, interface: Option<&str>) -> Option<List> {
        match interface {
            Some(name) => self.tunnels.get(name).copied(),
            None => Some(ANYWHERE),
        }
    }

    /// Asks for the memory that [`Spd::first_towards`] begins at.
    pub(crate) fn fetch(&self, list: Option<List>, remote: IpAddr) {
        let list = list.and_then(|list| self.lists.get(list.0));
        list.into_iter().for_each(|list| list.fetch(remote));
    }

    /// Those whose policies a list has.
    pub(crate) fn members(&self, list: Option<List>) -> impl Iterator<Item = &Child> {
        let ids = list.and_then(|list| self.members.get(list.0));
        ids.into_iter().flatten().filter_map(|id| self.child(*id))
    }

    /// The first Child of the list that can select a packet to that address; it may not.
    pub(crate) fn first_towards(&self, list: Option<List>, remote: IpAddr) -> Option<ChildId> {
        self.lists.get(list?.0)?.towards(remote).next()
    }

    /// In order all Children of the list that select the packet; nothing without a list.
    pub(crate) fn selecting(
        &self,
        list: Option<List>,
        flow: &Flow,
    ) -> Option<impl Iterator<Item = (ChildId, &Child)>> {
        let ids = self.lists.get(list?.0)?.towards(flow.dst);
        let children = ids.filter_map(|id| Some((id, self.child(id)?)));
        Some(children.filter(|(_, child)| child.selects(flow)))
    }
}
