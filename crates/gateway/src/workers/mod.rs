//! The data plane on several threads: each worker has a data plane, sockets and TUNs of its own, and
//! no lock. Here is the side of the thread that speaks IKE, to which all of them look like one
//! data plane.
//!
//! - `worker`: the thread; `message`: what is said between it and this side.
//! - `places`: who has which tunnel interface; `share`: an interface that all have a share of.
//!
//! A worker waits for nobody. This side waits for a worker where a command finds no room, and where
//! it wants an answer.

mod message;
mod places;
mod share;
mod worker;

pub use message::Word;

use crate::clock::Clock;
use crate::failure::{self, Failure};
use crate::process;
use crate::sockets::Endpoint;
use crate::steer::worker_for;
use crate::tun::{Queue, Tun};
use crate::wake::{Bell, Inlet, queue};
use crossgate_esp::{DataPlane, Policy, Received, SaReport};
use crossgate_model::spi::worker_of;
use crossgate_model::view::{ChildCounters, WorkerView};
use crossgate_model::{ChildSa, Path};
use message::{
    COMMANDS_MAX, Command, HANDED_MAX, Handed, STRAYS_MAX, Stray, WORDS_MAX, WorkerReport,
};
use places::{Interface, Places};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::ops::Add;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use worker::{Possessions, Worker};

/// An answer that takes longer is not waited for: a worker's batch takes a thousandth of it.
const PATIENCE: Duration = Duration::from_secs(2);

/// All workers.
pub struct Crew {
    /// By their numbers less one.
    hands: Vec<Hand>,
    words: Receiver<Word>,
    /// Rings when one has said something.
    bell: Bell,
    places: Places,
    /// Tunnel interfaces that each worker has a share of.
    shared: BTreeSet<String>,
    /// Interfaces that policies are for.
    interfaces: BTreeSet<Interface>,
    /// Whose inbound SPIs say which workers, by the configured Child.
    children: BTreeMap<String, Vec<u8>>,
    /// Outbound SPIs, each with ours: whom a router's word is for.
    sent: BTreeSet<(u32, u32)>,
    /// The other way: what the peer calls the pair that has our SPI.
    theirs: BTreeMap<u32, u32>,
    /// Numbers of those who have installed SAs whose peers have not been told.
    unsettled: BTreeSet<u8>,
    /// As they were when they were looked at last.
    reports: Vec<WorkerReport>,
}

/// What workers put in for one of them.
#[derive(Clone)]
struct Inlets {
    strays: Inlet<Stray>,
    handed: Inlet<Handed>,
}

struct Hand {
    commands: Inlet<Command>,
    strays: Inlet<Stray>,
    thread: JoinHandle<()>,
}

impl Crew {
    /// Sends so many to work, who have nothing yet.
    pub fn start(workers: u8, clock: Clock) -> Result<Self, Failure> {
        let start = || failure::of("start workers");
        let bell = Bell::new().map_err(start())?;
        let (said, words) = queue(WORDS_MAX, &bell);
        let mut inlets = Vec::new();
        let mut outlets = Vec::new();
        for _ in 1..=workers {
            let bell = Bell::new().map_err(start())?;
            let (commands, heard) = queue(COMMANDS_MAX, &bell);
            let (strays, found) = queue(STRAYS_MAX, &bell);
            let (handed, taken) = queue(HANDED_MAX, &bell);
            inlets.push((commands, Inlets { strays, handed }));
            outlets.push((heard, found, taken, bell));
        }
        let others: Vec<_> = inlets.iter().map(|(_, inlets)| inlets.clone()).collect();
        let mut hands = Vec::new();
        for (number, (inlet, outlet)) in (1..).zip(inlets.into_iter().zip(outlets)) {
            let (commands, strays, handed, bell) = outlet;
            let random = process::entropy().map_err(start())?;
            let worker = Worker {
                number,
                workers,
                clock,
                plane: DataPlane::new(Vec::new(), Box::new(random)),
                commands,
                strays,
                handed,
                bell,
                others: others.clone(),
                words: said.clone(),
                possessions: Possessions::default(),
            };
            let thread = spawn(number, worker).map_err(start())?;
            let (commands, inlets) = inlet;
            hands.push(Hand {
                commands,
                strays: inlets.strays,
                thread,
            });
        }
        Ok(Self {
            hands,
            words,
            bell,
            places: Places::new(workers),
            shared: BTreeSet::new(),
            interfaces: BTreeSet::new(),
            children: BTreeMap::new(),
            sent: BTreeSet::new(),
            theirs: BTreeMap::new(),
            unsettled: BTreeSet::new(),
            reports: vec![WorkerReport::default(); workers.into()],
        })
    }

    pub fn count(&self) -> u8 {
        u8::try_from(self.hands.len()).unwrap_or(u8::MAX)
    }

    /// Each worker gets those of its interfaces, and of those that are shared by all.
    pub fn set_policies(&mut self, policies: Vec<Policy>, shared: &BTreeSet<String>) {
        self.shared = shared.clone();
        self.children.clear();
        self.interfaces.clear();
        let mut each = vec![Vec::new(); self.hands.len()];
        for policy in policies {
            let interface = policy.tunnel_interface.clone();
            let workers = self.workers_of(&interface);
            self.interfaces.insert(interface);
            for worker in &workers {
                if let Some(policies) = each.get_mut(usize::from(*worker) - 1) {
                    policies.push(policy.clone());
                }
            }
            self.children.insert(policy.child, workers);
        }
        for (worker, policies) in (1..).zip(each) {
            self.post(worker, Command::Policies(policies));
        }
    }

    /// First the one that has the interface, then those that have a share of it.
    fn workers_of(&mut self, interface: &Interface) -> Vec<u8> {
        let first = self.places.of(interface);
        let is_shared = interface
            .as_ref()
            .is_some_and(|name| self.shared.contains(name));
        let others = (1..=self.count()).filter(|worker| is_shared && *worker != first);
        std::iter::once(first).chain(others).collect()
    }

    /// Which workers the inbound SPIs of each Child say.
    pub fn children(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.children
    }

    pub fn install(&mut self, sa: ChildSa) {
        let worker = worker_of(sa.spi_in);
        self.forget_pair(sa.spi_in);
        self.sent.insert((sa.spi_out, sa.spi_in));
        self.theirs.insert(sa.spi_in, sa.spi_out);
        self.unsettled.insert(worker);
        let workers = self.children.get(&sa.child);
        let is_share = workers.is_some_and(|workers| workers.first() != Some(&worker));
        self.post(worker, Command::Install(Box::new(sa), is_share));
    }

    /// The peers have been sent what makes usable what was installed.
    pub fn settle(&mut self) {
        for worker in std::mem::take(&mut self.unsettled) {
            self.post(worker, Command::Settled);
        }
    }

    pub fn remove(&mut self, spi_in: u32) {
        self.forget_pair(spi_in);
        self.post(worker_of(spi_in), Command::Remove(spi_in));
    }

    fn forget_pair(&mut self, spi_in: u32) {
        if let Some(spi_out) = self.theirs.remove(&spi_in) {
            self.sent.remove(&(spi_out, spi_in));
        }
    }

    pub fn move_path(&mut self, spi_in: u32, path: Path) {
        self.post(worker_of(spi_in), Command::Move(spi_in, path));
    }

    pub fn set_path_mtu(&mut self, remote: IpAddr, mtu: u16) {
        for worker in 1..=self.count() {
            self.post(worker, Command::PathMtu(remote, mtu));
        }
    }

    /// A router's word goes to whoever sent what it quotes; if it is nobody's, to the first, who counts
    /// it.
    pub fn too_big(&mut self, remote: IpAddr, mtu: u32, quoted: &[u8]) {
        let spi = quoted.first_chunk().map(|spi| u32::from_be_bytes(*spi));
        // Two peers may have chosen the same.
        let pairs = spi.map(|spi| self.sent.range((spi, 0)..=(spi, u32::MAX)));
        let pairs = pairs.into_iter().flatten();
        let mut workers: BTreeSet<u8> = pairs.map(|(_, ours)| worker_of(*ours)).collect();
        if workers.is_empty() {
            workers.insert(1);
        }
        for worker in workers {
            let quoted = quoted.to_vec();
            let said = Command::TooBig {
                remote,
                mtu,
                quoted,
            };
            self.post(worker, said);
        }
    }

    /// Gives a packet that came to this thread to its worker; whether there was room.
    pub fn hand_over(&self, received: Received<'_>) -> bool {
        let worker = worker_for(received.packet, self.count());
        let hand = self.hand(worker);
        hand.is_some_and(|hand| hand.strays.offer(received.into()).is_ok())
    }

    pub fn give_endpoint(&self, worker: u8, endpoint: Endpoint) {
        self.post(worker, Command::Endpoint(Box::new(endpoint)));
    }

    pub fn give_queue(&mut self, queue: Queue) {
        let interface = queue.interface.as_deref().map(str::to_owned);
        let workers = self.workers_of(&interface);
        let worker = workers.get(usize::from(queue.number)).copied();
        if let (Some(worker), Some(first)) = (worker, workers.first()) {
            self.post(worker, Command::Queue(Box::new(queue), *first));
        }
    }

    /// All sockets and devices but these are closed when this is done.
    pub fn keep(&mut self, addresses: &BTreeSet<IpAddr>, tuns: &[Tun]) {
        let interfaces = tuns.iter().map(|tun| tun.tunnel.interface.clone());
        self.places
            .keep(&interfaces.chain(self.interfaces.clone()).collect());
        let devices: BTreeSet<_> = tuns.iter().map(|tun| tun.tunnel.device.clone()).collect();
        let (done, all_done) = sync_channel(self.hands.len());
        for worker in 1..=self.count() {
            let (addresses, devices) = (addresses.clone(), devices.clone());
            let done = done.clone();
            let keep = Command::Keep {
                addresses,
                devices,
                done,
            };
            self.post(worker, keep);
        }
        for _ in &self.hands {
            let _ = all_done.recv_timeout(PATIENCE);
        }
    }

    /// What can be waited for.
    pub fn events(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }

    /// Until there is nothing left.
    pub fn next_word(&self) -> Option<Word> {
        self.words.try_recv().ok()
    }

    /// Before the words are taken.
    pub fn silence(&self) {
        self.bell.silence();
    }

    /// Where some are left.
    pub fn ring(&self) {
        self.bell.ring();
    }

    /// Asks all how they are.
    pub fn look(&mut self) {
        let replies = (1..=self.count()).map(|worker| {
            let (reply, answer) = sync_channel(1);
            self.post(worker, Command::Look(reply));
            answer
        });
        let replies: Vec<_> = replies.collect();
        for (known, reply) in self.reports.iter_mut().zip(replies) {
            if let Ok(report) = reply.recv_timeout(PATIENCE) {
                *known = report;
            }
        }
    }

    pub fn totals(&self, child: &str) -> Option<ChildCounters> {
        let reports = self.reports.iter();
        let each = reports.filter_map(|report| report.esp.children.get(child));
        each.copied().reduce(Add::add)
    }

    pub fn sa(&self, spi_in: u32) -> Option<&SaReport> {
        let reports = self.reports.iter();
        let mut found = reports.filter_map(|report| report.esp.sas.get(&spi_in));
        found.next()
    }

    pub fn counters(&self) -> BTreeMap<&'static str, u64> {
        let mut all = BTreeMap::new();
        for report in &self.reports {
            for (name, count) in report.esp.counters.iter().chain(&report.counters) {
                *all.entry(*name).or_default() += count;
            }
        }
        all
    }

    /// As they were when they were looked at last.
    pub fn views(&self) -> Vec<WorkerView> {
        let reports = (1..).zip(&self.reports);
        let view = |(number, report): (u8, &WorkerReport)| {
            let totals = report.esp.children.values().copied();
            let mut counters = report.esp.counters.clone();
            counters.extend(&report.counters);
            WorkerView {
                number,
                devices: report.devices.clone(),
                sas: report.esp.sas.len(),
                totals: totals.fold(ChildCounters::default(), Add::add),
                counters,
            }
        };
        reports.map(view).collect()
    }

    /// Their sockets and devices are closed when this is done.
    pub fn stop(&mut self) {
        for worker in 1..=self.count() {
            self.post(worker, Command::Stop);
        }
        for hand in self.hands.drain(..) {
            let _ = hand.thread.join();
        }
    }

    fn hand(&self, worker: u8) -> Option<&Hand> {
        self.hands.get(usize::from(worker).checked_sub(1)?)
    }

    /// A worker that is no more has taken the process with it.
    fn post(&self, worker: u8, command: Command) {
        if let Some(hand) = self.hand(worker) {
            let _ = hand.commands.put(command);
        }
    }
}

fn spawn(number: u8, worker: Worker) -> std::io::Result<JoinHandle<()>> {
    let name = format!("worker-{number}");
    thread::Builder::new().name(name).spawn(move || {
        let _watch = Watch;
        worker.run();
    })
}

/// A daemon without one of its workers would go on as if nothing were: it dies as a whole, and what
/// it protects stays closed.
struct Watch;

impl Drop for Watch {
    fn drop(&mut self) {
        if thread::panicking() {
            std::process::abort();
        }
    }
}
