//! The SPD: what each interface's packets must be sealed for, and the packets that wait for it
//! (RFC 4301 §4.4.1).
//!
//! Policies are asked in the configuration's order, and the first that selects a packet decides.

use crate::handling::Handling;
use crate::selection::pair_selects;
use crossgate_model::view::ChildCounters;
use crossgate_model::{Gateway, SelectorPair, Time};
use crossgate_wire::ip::Flow;
use std::collections::{BTreeMap, VecDeque};
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

/// A Child by name: its policy, its SAs, its queue.
#[derive(Debug)]
pub(crate) struct Child {
    pub(crate) name: Arc<str>,
    pub(crate) interface: Option<Arc<str>>,
    /// Absent once it is configured no more: then it seals and opens nothing.
    policy: Option<SelectorPair>,
    pub(crate) handling: Handling,
    /// Our SPIs, in the order of installation.
    pub(crate) sas: Vec<u32>,
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
            sas: Vec::new(),
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
        self.policy.is_some_and(|pair| pair_selects(&pair, flow))
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

#[derive(Debug, Default)]
pub(crate) struct Spd {
    children: BTreeMap<ChildId, Child>,
    by_name: BTreeMap<Arc<str>, ChildId>,
    /// For each tunnel interface its Children, in the configuration's order.
    tunnels: BTreeMap<Arc<str>, Vec<ChildId>>,
    /// The Children of no tunnel interface, likewise.
    anywhere: Vec<ChildId>,
    next_id: ChildId,
}

impl Spd {
    /// Replaces all policies. A Child that keeps its name keeps its SAs, counters and queue; gives
    /// the others, which have lost their policy.
    pub(crate) fn set(&mut self, policies: Vec<Policy>) -> Vec<ChildId> {
        self.tunnels.clear();
        self.anywhere.clear();
        for child in self.children.values_mut() {
            child.policy = None;
        }
        for policy in policies {
            self.add(policy);
        }
        let gone = self.children.iter().filter(|(_, c)| !c.is_configured());
        gone.map(|(id, _)| *id).collect()
    }

    fn add(&mut self, policy: Policy) {
        let id = self.id_for(&policy.child);
        let Some(child) = self.children.get_mut(&id) else {
            return;
        };
        child.policy = Some(policy.selectors);
        child.handling = policy.handling;
        child.interface = policy.tunnel_interface.map(Arc::from);
        match &child.interface {
            Some(name) => self.tunnels.entry(name.clone()).or_default().push(id),
            None => self.anywhere.push(id),
        }
    }

    fn id_for(&mut self, name: &str) -> ChildId {
        if let Some(id) = self.by_name.get(name) {
            return *id;
        }
        let (id, name) = (self.next_id, Arc::<str>::from(name));
        self.next_id += 1;
        self.by_name.insert(name.clone(), id);
        self.children.insert(id, Child::new(name));
        id
    }

    /// Forgets a Child that is configured no more and has no SA.
    pub(crate) fn forget_if_gone(&mut self, id: ChildId) -> bool {
        let gone = self
            .children
            .get(&id)
            .is_some_and(|child| !child.is_configured() && child.sas.is_empty());
        if gone && let Some(child) = self.children.remove(&id) {
            self.by_name.remove(&child.name);
        }
        gone
    }

    pub(crate) fn find(&self, name: &str) -> Option<ChildId> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn child(&self, id: ChildId) -> Option<&Child> {
        self.children.get(&id)
    }

    pub(crate) fn child_mut(&mut self, id: ChildId) -> Option<&mut Child> {
        self.children.get_mut(&id)
    }

    pub(crate) fn children(&self) -> impl Iterator<Item = &Child> {
        self.children.values()
    }

    /// Whose policies are asked for a packet that was routed to that interface.
    pub(crate) fn children_of(
        &self,
        interface: Option<&str>,
    ) -> impl Iterator<Item = (ChildId, &Child)> {
        let ids = match interface {
            Some(name) => self.tunnels.get(name).map_or(&[][..], Vec::as_slice),
            None => &self.anywhere,
        };
        ids.iter()
            .filter_map(|id| self.children.get(id).map(|child| (*id, child)))
    }
}
