//! The data plane that the kernel is: it seals and opens, and we tell it what, with which keys, and
//! hear what becomes of it.
//!
//! Each tunnel device has a mark, which its states and policies bear; each configured Child has a
//! number (`reqid`), which ties its policies to its states. Of several states the kernel takes the
//! newest, so that a state that is not to be used yet is not installed yet.

use super::event::Event;
use super::message::Message;
use super::policy::{self, Family, Piece, Policies, Policy, Rule};
use super::socket::{Events, Requests, is_gone};
use super::state::{self, Counts, Direction, StateId, StateInfo, Tie};
use super::statistics::Statistics;
use crate::clamp::{Clamps, Rules};
use crossgate_crypto::{Encr, Integ};
use crossgate_esp::{ACQUIRE_INTERVAL, DEFAULT_PATH_MTU, Handling, LINGER, Notice};
use crossgate_model::view::{ChildCounters, Encapsulation};
use crossgate_model::{ChildSa, OutboundUse, OuterDf, Path, Selector, SelectorPair, Time};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::Add;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// The kernel is asked for its counts so often, for signs of life.
const LOOK: Duration = Duration::from_secs(1);
/// And so often while an outbound half waits for the peer to use its own.
const LOOK_CLOSELY: Duration = Duration::from_millis(50);
/// Policies of the first Child; each Child has two priorities.
const FIRST_PRIORITY: u32 = 1000;
/// A pair that was to be a device's, and is the kernel's own.
const OFFLOAD_REFUSED: &str = "offload-refused";
/// Of a policy that the kernel had: no policy that is wanted is the same.
const FORGOTTEN: u32 = u32::MAX;

/// A configured Child as the kernel is to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub child: String,
    /// The tunnel's.
    pub device: String,
    /// Of the tunnel device.
    pub mark: u32,
    pub selectors: SelectorPair,
    /// The outer DF bit by the SAs to come: one that is there stays as it is.
    pub handling: Handling,
    /// Outer addresses, where the peer has a known one: an SA can be asked for.
    pub ends: Option<(IpAddr, IpAddr)>,
}

impl Wanted {
    fn clears_df(&self) -> bool {
        self.handling.outer_df == OuterDf::Clear
    }
}

pub struct KernelPlane {
    requests: Requests,
    events: Events,
    children: BTreeMap<String, Child>,
    /// By our SPI.
    sas: BTreeMap<u32, Sa>,
    /// Numbers of Children are not used again.
    next_reqid: u32,
    path_mtus: BTreeMap<IpAddr, u16>,
    /// Devices whose hardware is asked to encrypt, by local address.
    offload: BTreeMap<IpAddr, u32>,
    clamps: Clamps,
    /// Why TCP is not clamped though it should be.
    unclamped: Option<String>,
    /// Devices whose rules may have to change.
    to_clamp: BTreeSet<String>,
    notices: VecDeque<Notice>,
    next_look: Option<Time>,
    statistics: Statistics,
    /// What went wrong between us and the kernel, by name.
    troubles: BTreeMap<&'static str, u64>,
}

struct Child {
    reqid: u32,
    mark: u32,
    /// Absent once it is configured no more.
    wanted: Option<Wanted>,
    order: u32,
    in_force: Policies,
    /// Octets of an inner packet that go through whole, as of its last SAs.
    inner_mtu: Option<u16>,
    /// Our SPIs, in the order of installation.
    sas: Vec<u32>,
    /// Of SAs that are gone.
    gone: ChildCounters,
    last_acquire: Option<Time>,
}

struct Sa {
    child: String,
    spi_out: u32,
    mark: u32,
    path: Path,
    encr: Encr,
    integ: Option<Integ>,
    local_selectors: Vec<Selector>,
    remote_selectors: Vec<Selector>,
    outbound: Outbound,
    /// Removed with a successor in place: still opens what is on its way, until then.
    lingers_until: Option<Time>,
    soft_told: bool,
    hard_told: bool,
    last_move: Option<Time>,
    came: Counts,
    went: Counts,
}

enum Outbound {
    /// The request that installs it, once the peer has shown that it has the pair.
    Waits(Message),
    Installed,
    Gone,
}

impl Sa {
    fn id(&self, spi_in: u32, direction: Direction) -> StateId {
        let (destination, spi) = match direction {
            Direction::In => (self.path.local, spi_in),
            Direction::Out => (self.path.remote, self.spi_out),
        };
        StateId {
            destination,
            spi,
            mark: self.mark,
        }
    }

    fn counters(&self) -> ChildCounters {
        ChildCounters {
            packets_in: self.came.packets,
            bytes_in: self.came.octets,
            packets_out: self.went.packets,
            bytes_out: self.went.octets,
            auth_errors: self.came.bad_icv,
            replayed: self.came.replayed,
            ..ChildCounters::default()
        }
    }

    fn lingers(&self) -> bool {
        self.lingers_until.is_some()
    }
}

impl KernelPlane {
    /// `table` is nftables' for the clamps.
    pub fn open(table: String) -> io::Result<Self> {
        Ok(Self {
            requests: Requests::open()?,
            events: Events::open()?,
            children: BTreeMap::new(),
            sas: BTreeMap::new(),
            next_reqid: 1,
            path_mtus: BTreeMap::new(),
            offload: BTreeMap::new(),
            clamps: Clamps::new(table),
            unclamped: None,
            to_clamp: BTreeSet::new(),
            notices: VecDeque::new(),
            next_look: None,
            statistics: Statistics::start(),
            troubles: BTreeMap::new(),
        })
    }

    /// Asks the hardware of the device that each local address is on.
    pub fn set_offload(&mut self, devices: BTreeMap<IpAddr, u32>) {
        self.offload = devices;
    }

    /// Replaces what is configured. SAs of Children that keep their name stay; those of others carry
    /// nothing any more. A sentence for each Child that the kernel can't be told.
    pub fn set_policies(&mut self, wanted: Vec<Wanted>) -> Vec<String> {
        for child in self.children.values_mut() {
            child.wanted = None;
            // Policies may have gone with a device that was made again: all are told again.
            let in_force = child.in_force.values_mut();
            in_force.for_each(|policy| policy.priority = FORGOTTEN);
        }
        for (order, wanted) in (0..).zip(wanted) {
            let next = self.next_reqid;
            let child = self.children.entry(wanted.child.clone());
            let child = child.or_insert_with(|| Child {
                reqid: next,
                mark: wanted.mark,
                wanted: None,
                order,
                in_force: Policies::new(),
                inner_mtu: None,
                sas: Vec::new(),
                gone: ChildCounters::default(),
                last_acquire: None,
            });
            if child.reqid == next {
                self.next_reqid += 1;
            }
            child.order = order;
            child.wanted = Some(wanted);
        }
        self.prepare_clamps();
        let names: Vec<String> = self.children.keys().cloned().collect();
        let told = names.iter().filter_map(|name| self.program(name).err());
        told.collect()
    }

    fn prepare_clamps(&mut self) {
        let wanted = self.children.values().filter_map(|c| c.wanted.as_ref());
        let clamped = wanted.filter(|wanted| wanted.handling.clamps_tcp());
        self.to_clamp = clamped.map(|wanted| wanted.device.clone()).collect();
        if self.to_clamp.is_empty() {
            self.clamps.close();
            self.unclamped = None;
        } else {
            self.unclamped = self.clamps.open().err();
            self.to_clamp.extend(self.clamps.devices().cloned());
        }
    }

    /// Why TCP is not clamped though the file says so.
    pub fn unclamped(&self) -> Option<&str> {
        self.unclamped.as_deref()
    }

    /// Clamps TCP to what the SAs take that were installed, moved or told of since.
    pub fn settle(&mut self) {
        let devices = std::mem::take(&mut self.to_clamp);
        if !self.clamps.is_open() {
            return;
        }
        for device in devices {
            let mut rules = Rules::default();
            for child in self.children.values() {
                if let (Some(wanted), Some(mtu)) = (&child.wanted, child.inner_mtu)
                    && wanted.device == device
                {
                    rules.append(Rules::of(&wanted.selectors, &wanted.handling, mtu));
                }
            }
            if self.clamps.set(&device, rules).is_err() {
                *self.troubles.entry("kernel-clamp-failed").or_default() += 1;
            }
        }
    }

    /// Heeds that a Child's SAs or their paths have changed. Without any the last size stays, for
    /// those that come next.
    fn measure(&mut self, name: &str) {
        let Some(child) = self.children.get(name) else {
            return;
        };
        let live = child.sas.iter().filter(|spi_in| {
            let sa = self.sas.get(spi_in);
            sa.is_some_and(|sa| !sa.lingers())
        });
        let least = live.filter_map(|spi_in| self.inner_mtu(*spi_in)).min();
        if let (Some(mtu), Some(child)) = (least, self.children.get_mut(name))
            && child.inner_mtu.replace(mtu) != Some(mtu)
        {
            let device = child.wanted.as_ref().map(|wanted| wanted.device.clone());
            self.to_clamp.extend(device);
        }
    }

    /// Inbound at once, so that what the peer sends next is opened; outbound as `sa.outbound` says.
    pub fn install(&mut self, now: Time, sa: ChildSa) -> Result<(), String> {
        let child = self.children.get(&sa.child);
        let Some(child) = child.filter(|child| child.wanted.is_some()) else {
            let name = sa.child.escape_debug();
            return Err(format!("child {name}: no policy has that name"));
        };
        let mut tie = Tie {
            reqid: child.reqid,
            mark: child.mark,
            offload: self.offload.get(&sa.path.local).copied(),
            clears_df: child.wanted.as_ref().is_some_and(Wanted::clears_df),
        };
        let waits = sa.outbound == OutboundUse::AfterPeer && self.usable(&child.sas).is_some();
        let inbound = &mut state::add(&sa, Direction::In, tie)?;
        let asked = self.ask("inbound SA", inbound);
        if asked.is_err() && tie.offload.take().is_some() {
            *self.troubles.entry(OFFLOAD_REFUSED).or_default() += 1;
            self.ask("inbound SA", &mut state::add(&sa, Direction::In, tie)?)?;
        } else {
            asked?;
        }
        self.count_unless_offloaded(&sa, tie);
        let mut outbound = state::add(&sa, Direction::Out, tie)?;
        if !waits && let Err(reason) = self.ask("outbound SA", &mut outbound) {
            let id = state::id(&sa, &sa.path, Direction::In, tie.mark);
            self.forget(&mut state::delete(id));
            return Err(reason);
        }
        let (name, spi_in) = (sa.child.clone(), sa.spi_in);
        self.sas.insert(
            spi_in,
            Sa {
                child: sa.child,
                spi_out: sa.spi_out,
                mark: tie.mark,
                path: sa.path,
                encr: sa.encr,
                integ: sa.integ,
                local_selectors: sa.local_selectors,
                remote_selectors: sa.remote_selectors,
                outbound: match waits {
                    true => Outbound::Waits(outbound),
                    false => Outbound::Installed,
                },
                lingers_until: None,
                soft_told: false,
                hard_told: false,
                last_move: None,
                came: Counts::default(),
                went: Counts::default(),
            },
        );
        if let Some(child) = self.children.get_mut(&name) {
            child.sas.push(spi_in);
        }
        self.look_by(now + if waits { LOOK_CLOSELY } else { LOOK });
        self.measure(&name);
        let programmed = self.program(&name);
        if programmed.is_err() {
            self.erase(spi_in);
        }
        programmed
    }

    /// The kernel says nothing where a device can't encrypt, and does it by itself.
    fn count_unless_offloaded(&mut self, sa: &ChildSa, tie: Tie) {
        let asks = tie.offload.is_some() && sa.path.encapsulation == Encapsulation::Esp;
        let id = state::id(sa, &sa.path, Direction::In, tie.mark);
        if asks
            && !self
                .requests
                .state(id)
                .is_ok_and(|body| state::is_offloaded(&body))
        {
            *self.troubles.entry(OFFLOAD_REFUSED).or_default() += 1;
        }
    }

    /// Takes a pair out of use, as the data plane in user space does: with a successor it still opens
    /// for [`LINGER`] what is on its way.
    pub fn remove(&mut self, now: Time, spi_in: u32) {
        let Some(name) = self.sas.get(&spi_in).map(|sa| sa.child.clone()) else {
            return;
        };
        let siblings = self.children.get(&name).map(|child| child.sas.clone());
        let siblings = siblings.unwrap_or_default();
        let others = siblings.iter().copied().filter(|other| *other != spi_in);
        let live = |spi: &u32| self.sas.get(spi).is_some_and(|sa| !sa.lingers());
        let successors: Vec<u32> = others.filter(live).collect();
        if successors.is_empty() {
            siblings.into_iter().for_each(|spi| self.erase(spi));
        } else {
            // First the new, then without the old.
            successors.into_iter().for_each(|spi| self.activate(spi));
            self.end_outbound(spi_in);
            if let Some(sa) = self.sas.get_mut(&spi_in) {
                sa.lingers_until = Some(now + LINGER);
            }
            self.look_by(now + LINGER);
        }
        self.program_or_count(&name);
    }

    /// From now on the pair's packets take that path: the same keys and numbers, as the kernel has them.
    pub fn move_path(&mut self, spi_in: u32, path: Path) {
        self.activate(spi_in);
        let Some(sa) = self.sas.get(&spi_in) else {
            return;
        };
        let (name, old) = (sa.child.clone(), sa.path);
        for direction in [Direction::Out, Direction::In] {
            let id = sa.id(spi_in, direction);
            if direction == Direction::Out && !matches!(sa.outbound, Outbound::Installed) {
                continue;
            }
            let moved = match self.requests.state(id) {
                Ok(body) => state::moved(&body, &path, direction),
                Err(_) => None,
            };
            let Some(mut moved) = moved else {
                *self.troubles.entry("kernel-move-failed").or_default() += 1;
                continue;
            };
            // Where only ports differ it is the same state, and only one of them can be.
            let gone = self.requests.change(&mut state::delete(id));
            let made = self.requests.change(&mut moved);
            if gone.is_err() || made.is_err() {
                *self.troubles.entry("kernel-move-failed").or_default() += 1;
            }
        }
        if let Some(sa) = self.sas.get_mut(&spi_in) {
            sa.path = path;
        }
        self.measure(&name);
        if old.remote != path.remote || old.local != path.local {
            self.program_or_count(&name);
        }
    }

    pub fn set_path_mtu(&mut self, remote: IpAddr, path_mtu: u16) {
        if self.path_mtus.insert(remote, path_mtu) == Some(path_mtu) {
            return;
        }
        let there = self.sas.values().filter(|sa| sa.path.remote == remote);
        let children: BTreeSet<String> = there.map(|sa| sa.child.clone()).collect();
        children.iter().for_each(|name| self.measure(name));
    }

    pub fn poll_notice(&mut self) -> Option<Notice> {
        self.notices.pop_front()
    }

    /// The past while a notice waits to be polled.
    pub fn poll_timeout(&self) -> Option<Time> {
        match self.notices.is_empty() {
            true => self.next_look,
            false => Some(Time::START),
        }
    }

    pub fn handle_timeout(&mut self, now: Time) {
        if self.next_look.is_none_or(|at| now < at) {
            return;
        }
        self.look();
        let done = |sa: &Sa| sa.lingers_until.is_some_and(|until| until <= now);
        let done: Vec<_> = self.sas.iter().filter(|(_, sa)| done(sa)).collect();
        let done: Vec<(u32, String)> = done.iter().map(|(k, sa)| (**k, sa.child.clone())).collect();
        for (spi_in, child) in done {
            self.erase(spi_in);
            self.program_or_count(&child);
        }
        let waits = |sa: &Sa| matches!(sa.outbound, Outbound::Waits(_));
        self.next_look = match self.sas.is_empty() {
            true => None,
            false if self.sas.values().any(waits) => Some(now + LOOK_CLOSELY),
            false => Some(now + LOOK),
        };
    }

    /// Takes what the kernel has to tell.
    pub fn hear(&mut self, now: Time) {
        let mut events = Vec::new();
        if self.events.take(&mut events).is_err() {
            // Ends of SAs that were not heard of are seen at the next look.
            *self.troubles.entry("kernel-events-lost").or_default() += 1;
        }
        for event in events {
            self.heed(now, event);
        }
    }

    fn heed(&mut self, now: Time, event: Event) {
        match event {
            Event::Acquire { reqid, mark } => self.acquire(now, reqid, mark),
            Event::Expired { id, hard } => {
                let found = self.sas.iter_mut().find(|(spi_in, sa)| {
                    [Direction::In, Direction::Out]
                        .iter()
                        .any(|direction| sa.id(**spi_in, *direction) == id)
                });
                let Some((spi_in, sa)) = found else { return };
                if sa.lingers() {
                    return;
                }
                let spi_in = *spi_in;
                if hard && !std::mem::replace(&mut sa.hard_told, true) {
                    self.notices.push_back(Notice::HardExpired { spi_in });
                } else if !hard && !std::mem::replace(&mut sa.soft_told, true) {
                    self.notices.push_back(Notice::SoftExpired { spi_in });
                }
            }
            Event::Moved {
                local,
                spi_in,
                remote,
            } => {
                let sa = self.sas.get_mut(&spi_in);
                let Some(sa) = sa.filter(|sa| sa.path.local == local) else {
                    return;
                };
                let Encapsulation::Udp { local_port, .. } = sa.path.encapsulation else {
                    return;
                };
                if sa.last_move.is_none_or(|last| now.since(last) >= LOOK) {
                    sa.last_move = Some(now);
                    let local = SocketAddr::new(sa.path.local, local_port);
                    self.notices.push_back(Notice::Moved {
                        spi_in,
                        local,
                        remote,
                    });
                }
            }
        }
    }

    fn acquire(&mut self, now: Time, reqid: u32, mark: u32) {
        let mut children = self.children.iter_mut();
        let found = children.find(|(_, child)| child.reqid == reqid && child.mark == mark);
        let Some((name, child)) = found else { return };
        child.gone.acquires += 1;
        let due = child
            .last_acquire
            .is_none_or(|last| now.since(last) >= ACQUIRE_INTERVAL);
        if due {
            child.last_acquire = Some(now);
            let child = name.as_str().into();
            self.notices.push_back(Notice::Acquire { child });
        }
    }

    /// What can be waited for.
    pub fn events(&self) -> BorrowedFd<'_> {
        self.events.as_fd()
    }

    pub fn totals(&self, child: &str) -> Option<ChildCounters> {
        let child = self.children.get(child)?;
        let live = child.sas.iter().filter_map(|spi| self.counters(*spi));
        Some(live.fold(child.gone, Add::add))
    }

    pub fn counters(&self, spi_in: u32) -> Option<ChildCounters> {
        self.sas.get(&spi_in).map(Sa::counters)
    }

    pub fn path_mtu(&self, spi_in: u32) -> Option<u16> {
        let remote = self.sas.get(&spi_in)?.path.remote;
        let known = self.path_mtus.get(&remote).copied();
        Some(known.unwrap_or(DEFAULT_PATH_MTU))
    }

    pub fn inner_mtu(&self, spi_in: u32) -> Option<u16> {
        let (sa, outer) = (self.sas.get(&spi_in)?, self.path_mtu(spi_in)?);
        Some(crossgate_esp::inner_mtu(outer, sa.encr, sa.integ, &sa.path))
    }

    /// What the kernel has refused in this network namespace, and what it has refused us.
    pub fn drops(&self) -> BTreeMap<&'static str, u64> {
        let mut all = self.statistics.since();
        for (name, count) in &self.troubles {
            *all.entry(name).or_default() += count;
        }
        all
    }

    /// Removes every state and policy: an end.
    pub fn clear(&mut self) {
        let all: Vec<u32> = self.sas.keys().copied().collect();
        all.into_iter().for_each(|spi_in| self.erase(spi_in));
        for child in self.children.values_mut() {
            child.wanted = None;
        }
        let names: Vec<String> = self.children.keys().cloned().collect();
        names.iter().for_each(|name| self.program_or_count(name));
        self.clamps.close();
    }

    /// Reads the counts, and tells what they say of the peer and of us.
    pub fn look(&mut self) {
        let Ok(states) = self.requests.states() else {
            *self.troubles.entry("kernel-dump-failed").or_default() += 1;
            return;
        };
        let states: BTreeMap<StateId, StateInfo> = states.into_iter().map(|s| (s.id, s)).collect();
        let mut confirmed = Vec::new();
        for (spi_in, sa) in &mut self.sas {
            let spi_in = *spi_in;
            let came = states.get(&sa.id(spi_in, Direction::In)).map(|s| s.counts);
            let went = states.get(&sa.id(spi_in, Direction::Out)).map(|s| s.counts);
            let (before_in, before_out) = (sa.came.packets, sa.went.packets);
            sa.came = came.unwrap_or(sa.came);
            sa.went = went.unwrap_or(sa.went);
            if sa.came.packets > before_in {
                self.notices.push_back(Notice::Seen { spi_in });
                confirmed.push(spi_in);
            }
            if sa.went.packets > before_out {
                self.notices.push_back(Notice::Sent { spi_in });
            }
            let lost =
                came.is_none() || (went.is_none() && matches!(sa.outbound, Outbound::Installed));
            if lost && !sa.lingers() && !std::mem::replace(&mut sa.hard_told, true) {
                self.notices.push_back(Notice::HardExpired { spi_in });
            }
        }
        confirmed.into_iter().for_each(|spi| self.activate(spi));
    }

    fn look_by(&mut self, at: Time) {
        self.next_look = Some(self.next_look.map_or(at, |next| next.min(at)));
    }

    /// Installs the outbound half if it waits.
    fn activate(&mut self, spi_in: u32) {
        let Some(sa) = self.sas.get_mut(&spi_in) else {
            return;
        };
        if !matches!(sa.outbound, Outbound::Waits(_)) {
            return;
        }
        let name = sa.child.clone();
        let waiting = std::mem::replace(&mut sa.outbound, Outbound::Installed);
        if let Outbound::Waits(mut message) = waiting
            && self.requests.change(&mut message).is_err()
        {
            *self.troubles.entry("kernel-install-failed").or_default() += 1;
            self.notices.push_back(Notice::HardExpired { spi_in });
        }
        self.program_or_count(&name);
    }

    fn end_outbound(&mut self, spi_in: u32) {
        let Some(sa) = self.sas.get(&spi_in) else {
            return;
        };
        let id = sa.id(spi_in, Direction::Out);
        let installed = matches!(sa.outbound, Outbound::Installed);
        let last = installed.then(|| self.last_counts(id)).flatten();
        if installed {
            self.forget(&mut state::delete(id));
        }
        if let Some(sa) = self.sas.get_mut(&spi_in) {
            sa.outbound = Outbound::Gone;
            sa.went = last.unwrap_or(sa.went);
        }
    }

    fn last_counts(&mut self, id: StateId) -> Option<Counts> {
        let body = self.requests.state(id).ok()?;
        Some(state::parse(&body)?.counts)
    }

    /// Ends both halves and keeps their counts.
    fn erase(&mut self, spi_in: u32) {
        self.end_outbound(spi_in);
        let Some(mut sa) = self.sas.remove(&spi_in) else {
            return;
        };
        let id = sa.id(spi_in, Direction::In);
        sa.came = self.last_counts(id).unwrap_or(sa.came);
        self.forget(&mut state::delete(id));
        self.notices.retain(|notice| !is_about(notice, spi_in));
        if let Some(child) = self.children.get_mut(&sa.child) {
            child.sas.retain(|other| *other != spi_in);
            child.gone = child.gone + sa.counters();
        }
    }

    /// The newest pair whose outbound half may be used.
    fn usable(&self, sas: &[u32]) -> Option<&Sa> {
        let sas = sas.iter().rev().filter_map(|spi| self.sas.get(spi));
        sas.filter(|sa| !sa.lingers())
            .find(|sa| matches!(sa.outbound, Outbound::Installed))
    }

    /// What the kernel's policies for a Child are to be now.
    fn wanted(&self, child: &Child) -> Result<Policies, String> {
        let mut all = Policies::new();
        let Some(wanted) = &child.wanted else {
            return Ok(all);
        };
        let priority = FIRST_PRIORITY + 2 * child.order;
        let put = |all: &mut Policies, pieces: Vec<Piece>, rule, priority| {
            for piece in pieces {
                all.entry(piece).or_insert(Policy { rule, priority });
            }
        };
        let out = policy::Direction::Out;
        let usable = self.usable(&child.sas);
        if let Some(sa) = usable {
            let agreed = policy::pieces(out, &sa.local_selectors, &sa.remote_selectors)?;
            let (local, remote) = (sa.path.local, sa.path.remote);
            put(&mut all, agreed, Rule::Seal { local, remote }, priority);
        }
        let rest = match (usable, wanted.ends) {
            (None, Some((local, remote))) => Rule::Seal { local, remote },
            _ => Rule::Refuse,
        };
        let SelectorPair { local, remote } = wanted.selectors;
        let configured = policy::pieces(out, &[local], &[remote])?;
        put(&mut all, configured, rest, priority + 1);
        for sa in child.sas.iter().filter_map(|spi| self.sas.get(spi)) {
            let (local, remote) = (&sa.local_selectors, &sa.remote_selectors);
            let opened = policy::pieces(policy::Direction::In, local, remote)?;
            let outer = Family::of(sa.path.remote);
            put(&mut all, opened, Rule::Opened { outer }, priority);
        }
        Ok(all)
    }

    /// Brings the kernel's policies for a Child to what they are to be.
    fn program(&mut self, name: &str) -> Result<(), String> {
        let Some(child) = self.children.get(name) else {
            return Ok(());
        };
        let told = |reason| format!("child {}: {reason}", name.escape_debug());
        let wanted = self.wanted(child).map_err(told)?;
        let (reqid, mark) = (child.reqid, child.mark);
        let new_mark = child.wanted.as_ref().map_or(mark, |wanted| wanted.mark);
        let mut in_force = child.in_force.clone();
        let mut steps = Vec::new();
        if new_mark != mark {
            // It has another device now: nothing of the old one's stays.
            let tie = policy::Tie { reqid, mark };
            steps.extend(policy::changes(&in_force, &Policies::new(), tie));
            in_force.clear();
        }
        let tie = policy::Tie {
            reqid,
            mark: new_mark,
        };
        steps.extend(policy::changes(&in_force, &wanted, tie));
        for mut step in steps {
            match self.requests.change(&mut step.message) {
                Ok(()) => {}
                Err(error) if step.policy.is_none() && is_gone(&error) => {}
                Err(error) => return Err(told(format!("the kernel refuses its policy: {error}"))),
            }
            if let Some(child) = self.children.get_mut(name) {
                match step.policy {
                    Some(policy) => child.in_force.insert(step.piece, policy),
                    None => child.in_force.remove(&step.piece),
                };
            }
        }
        if let Some(child) = self.children.get_mut(name) {
            child.mark = new_mark;
            if child.wanted.is_none() && child.sas.is_empty() {
                self.children.remove(name);
            }
        }
        Ok(())
    }

    fn program_or_count(&mut self, name: &str) {
        if self.program(name).is_err() {
            *self.troubles.entry("kernel-policy-failed").or_default() += 1;
        }
    }

    fn ask(&mut self, what: &str, message: &mut Message) -> Result<(), String> {
        let asked = self.requests.change(message);
        asked.map_err(|error| format!("the kernel refuses its {what}: {error}"))
    }

    /// Deletes what may be gone already.
    fn forget(&mut self, message: &mut Message) {
        match self.requests.change(message) {
            Err(error) if !is_gone(&error) => {
                *self.troubles.entry("kernel-delete-failed").or_default() += 1;
            }
            _ => {}
        }
    }
}

fn is_about(notice: &Notice, spi: u32) -> bool {
    match notice {
        Notice::Acquire { .. } => false,
        Notice::SoftExpired { spi_in }
        | Notice::HardExpired { spi_in }
        | Notice::Moved { spi_in, .. }
        | Notice::Seen { spi_in }
        | Notice::Sent { spi_in } => *spi_in == spi,
    }
}
