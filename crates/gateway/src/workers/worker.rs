//! One worker: a thread with a data plane, sockets and TUNs of its own, which waits for nobody but
//! packets and commands.

use super::Inlets;
use super::message::{Command, HANDED_MAX, Handed, Stray, Word, WorkerReport};
use super::share::Share;
use crate::carry::{self, Buffers, Carrier, WAITING_MAX, Waiting};
use crate::clock::Clock;
use crate::path_mtu::{self, What};
use crate::sockets::{Endpoint, Port};
use crate::steer::worker_for;
use crate::tun::Queue;
use crate::waiting::{self, Awaited};
use crate::wake::{Bell, Inlet};
use crossgate_esp::{DataPlane, OpenOutput, Received, TooBig};
use crossgate_model::{ChildSa, OutboundUse, Time};
use crossgate_offload::Reads;
use rustix::event::PollFlags;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::time::Duration;

/// Words that wait for room; of those that may be lost, no more join.
const UNSENT_MAX: usize = 64;
/// How soon a queue is looked at again that waits for another worker.
const SHARE_PAUSE: Duration = Duration::from_millis(1);
/// How soon words without room are tried again.
const UNSENT_PAUSE: Duration = Duration::from_millis(5);
/// Errors taken from one socket before others have their turn.
const ERRORS_MAX: usize = 64;

pub struct Worker {
    /// From 1 on, of so many.
    pub number: u8,
    pub workers: u8,
    pub clock: Clock,
    pub plane: DataPlane,
    pub commands: Receiver<Command>,
    pub strays: Receiver<Stray>,
    pub handed: Receiver<Handed>,
    /// Rings when there is something of these.
    pub bell: Bell,
    /// Of all workers, by their numbers less one.
    pub others: Vec<Inlets>,
    pub words: Inlet<Word>,
    pub possessions: Possessions,
}

/// What it gets and keeps.
#[derive(Default)]
pub struct Possessions {
    endpoints: Vec<Endpoint>,
    shares: Vec<Share>,
    buffers: Buffers,
    /// Of strays.
    opened: OpenOutput,
    counters: BTreeMap<&'static str, u64>,
    unsent: VecDeque<Word>,
    /// The only SA of a Child has been installed, and its peer not yet been told: nothing more is
    /// taken from TUNs, as it could overtake the message that tells.
    held: bool,
    /// SAs for shares, whose peers are to see that we have them once they are told.
    fresh: Vec<u32>,
    stopping: bool,
}

#[derive(Clone, Copy)]
enum Source {
    Bell,
    Socket(usize, Port),
    Queue(usize),
}

impl Worker {
    pub fn run(mut self) {
        while !self.possessions.stopping {
            self.turn_shares();
            let pause = self.pause();
            for (source, events) in waiting::ready(self.sources(), pause) {
                self.take(source, events);
            }
            self.heed_others();
            self.send_handed();
            self.plane.handle_timeout(self.clock.now());
            self.heed_notices(self.clock.now());
        }
    }

    fn pause(&self) -> Option<Duration> {
        let due = self.plane.poll_timeout();
        let pause = due.map(|due| due.since(self.clock.now()));
        let has = &self.possessions;
        let pause = match has.shares.iter().all(Share::is_open) {
            true => pause,
            false => Some(pause.map_or(SHARE_PAUSE, |pause| pause.min(SHARE_PAUSE))),
        };
        if has.unsent.is_empty() && !has.held {
            return pause;
        }
        // What is due can't be done before there is room, or leave.
        Some(pause.map_or(UNSENT_PAUSE, |pause| pause.max(UNSENT_PAUSE)))
    }

    fn sources(&self) -> Vec<Awaited<'_, Source>> {
        let has = &self.possessions;
        let mut all = vec![(Source::Bell, self.bell.as_fd(), PollFlags::IN)];
        for (index, endpoint) in has.endpoints.iter().enumerate() {
            let sockets = Port::ALL.into_iter().filter_map(|port| {
                let fd = endpoint.socket(port)?.as_fd();
                Some((Source::Socket(index, port), fd, PollFlags::IN))
            });
            all.extend(sockets);
        }
        if !has.held {
            let shares = has.shares.iter().enumerate();
            let open = shares.filter(|(_, share)| share.is_open());
            all.extend(open.map(|(at, share)| {
                let fd = share.queue.as_fd();
                (Source::Queue(at), fd, PollFlags::IN)
            }));
        }
        all
    }

    fn take(&mut self, source: Source, events: PollFlags) {
        match source {
            Source::Bell => {
                self.bell.silence();
                self.heed_others();
            }
            Source::Socket(index, port) => {
                // Errors wait beside a socket's datagrams, and fail its calls until they are taken.
                if events.contains(PollFlags::ERR) {
                    self.take_errors(index, port);
                }
                carry::receive(self, index, port);
            }
            Source::Queue(index) => carry::send_from_tun(self, index),
        }
    }

    fn obey(&mut self, command: Command) {
        let now = self.clock.now();
        let has = &mut self.possessions;
        match command {
            Command::Policies(policies) => self.plane.set_policies(policies),
            Command::Install(sa, is_share) => self.install(now, *sa, is_share),
            Command::Remove(spi_in) => self.plane.remove(now, spi_in),
            Command::Move(spi_in, path) => self.plane.move_path(spi_in, path),
            Command::Settled => {
                has.held = false;
                let fresh = std::mem::take(&mut has.fresh);
                if self.plane.has_released() {
                    carry::release(self, now);
                }
                carry::send_dummies(self, fresh.into_iter());
            }
            Command::PathMtu(remote, mtu) => self.plane.set_path_mtu(remote, mtu),
            Command::TooBig {
                remote,
                mtu,
                quoted,
            } => {
                let quoted = &quoted;
                let said = TooBig {
                    remote,
                    mtu,
                    quoted,
                };
                // What is not believed has a counter of the data plane's.
                if let Ok(mtu) = self.plane.too_big(now, said) {
                    self.say(Word::PathMtuLowered { remote, mtu });
                }
            }
            Command::Endpoint(endpoint) => has.endpoints.push(*endpoint),
            Command::Queue(queue, first) => {
                // In place of one whose device is gone.
                has.shares.retain(|old| old.queue.device != queue.device);
                has.shares.push(Share::new(*queue, first, self.number));
            }
            Command::Keep {
                addresses,
                devices,
                done,
            } => {
                has.endpoints.retain(|e| addresses.contains(&e.address));
                has.shares
                    .retain(|share| devices.contains(&share.queue.device));
                let _ = done.send(());
            }
            Command::Look(reply) => {
                let _ = reply.send(self.report());
            }
            Command::Stop => has.stopping = true,
        }
    }

    fn install(&mut self, now: Time, sa: ChildSa, is_share: bool) {
        let (child, spi_in) = (sa.child.clone(), sa.spi_in);
        let is_shown = is_share && sa.outbound == OutboundUse::Immediately;
        match self.plane.install(now, sa) {
            Ok(()) if self.plane.has_successor(spi_in) => {}
            Ok(()) => {
                self.possessions.held = true;
                self.possessions.fresh.extend(is_shown.then_some(spi_in));
            }
            Err(error) => {
                let error = error.to_string();
                self.say(Word::NotInstalled { child, error });
            }
        }
    }

    fn report(&self) -> WorkerReport {
        let shares = self.possessions.shares.iter();
        WorkerReport {
            esp: self.plane.report(),
            devices: shares.map(|share| share.queue.device.clone()).collect(),
            counters: self.possessions.counters.clone(),
        }
    }

    /// Where packets of devices that others have too go next.
    fn turn_shares(&mut self) {
        let now = self.clock.now();
        for share in &mut self.possessions.shares {
            let interface = share.queue.interface.as_deref();
            let is_ready = share.is_shared() && self.plane.is_ready(now, interface);
            share.offer_again(|to, handed| offer(&self.others, to, handed));
            share.turn(now, is_ready);
        }
    }

    /// Seals what others have read, once the peer knows of the SA.
    fn send_handed(&mut self) {
        for _ in 0..HANDED_MAX {
            if self.possessions.held {
                return;
            }
            let Ok(handed) = self.handed.try_recv() else {
                return;
            };
            carry::send(self, handed.interface.as_deref(), &handed.reads);
            handed.done.fetch_add(1, Ordering::Release);
        }
        // There may be more.
        self.bell.ring();
    }

    /// What other threads got that is ours.
    fn open_strays(&mut self) {
        let mut strays: Vec<Stray> = self.strays.try_iter().take(WAITING_MAX).collect();
        if strays.is_empty() {
            return;
        }
        let mut opened = std::mem::take(&mut self.possessions.opened);
        let mut waiting: Waiting<'_> = strays.iter_mut().map(Stray::received).collect();
        carry::open_now(self, &mut waiting, &mut opened);
        self.possessions.opened = opened;
    }

    fn take_errors(&mut self, index: usize, port: Port) {
        let mut control = path_mtu::control_buffer();
        for _ in 0..ERRORS_MAX {
            let endpoint = self.possessions.endpoints.get(index);
            let Some(socket) = endpoint.and_then(|endpoint| endpoint.socket(port)) else {
                return;
            };
            match path_mtu::next_error(socket, &mut control) {
                // Each worker's socket on protocol 50 hears of it: the first one tells.
                Ok(Some(told))
                    if port == Port::Esp
                        && self.number != 1
                        && !matches!(told.what, What::Device { .. }) => {}
                Ok(Some(told)) => self.say_if_there_is_room(Word::Told(told)),
                Ok(None) => return,
                Err(_) => return self.count("error-queue-failed"),
            }
        }
    }

    /// Nothing of it may be lost, and there is little of it.
    fn say(&mut self, word: Word) {
        self.possessions.unsent.push_back(word);
        self.speak();
    }

    fn say_if_there_is_room(&mut self, word: Word) {
        if self.possessions.unsent.len() >= UNSENT_MAX {
            return self.count("worker-words-lost");
        }
        self.say(word);
    }

    /// Says what waits to be said, as far as there is room.
    fn speak(&mut self) {
        while let Some(word) = self.possessions.unsent.pop_front() {
            if let Err(word) = self.words.offer(word) {
                return self.possessions.unsent.push_front(word);
            }
        }
    }
}

fn offer(others: &[Inlets], to: u8, handed: Handed) -> Result<(), Handed> {
    match others.get(usize::from(to) - 1) {
        Some(other) => other.handed.offer(handed),
        None => Err(handed),
    }
}

impl Carrier for Worker {
    fn now(&self) -> Time {
        self.clock.now()
    }

    fn buffers(&mut self) -> &mut Buffers {
        &mut self.possessions.buffers
    }

    fn plane(&mut self) -> Option<&mut DataPlane> {
        Some(&mut self.plane)
    }

    fn endpoints(&self) -> &[Endpoint] {
        &self.possessions.endpoints
    }

    fn queue(&mut self, index: usize) -> Option<&mut Queue> {
        let share = self.possessions.shares.get_mut(index);
        share.map(|share| &mut share.queue)
    }

    fn queue_of(&mut self, interface: Option<&str>) -> Option<&mut Queue> {
        let shares = self.possessions.shares.iter_mut();
        let mut queues = shares.map(|share| &mut share.queue);
        queues.find(|queue| queue.interface.as_deref() == interface)
    }

    fn own<'p>(&mut self, received: Received<'p>) -> Option<Received<'p>> {
        let worker = worker_for(received.packet, self.workers);
        if worker == self.number {
            return Some(received);
        }
        let other = self.others.get(usize::from(worker) - 1)?;
        let given = other.strays.offer(received.into());
        self.count(match given {
            Ok(()) => "handed-over",
            Err(_) => "hand-over-queue-full",
        });
        None
    }

    fn heed_others(&mut self) {
        while let Ok(command) = self.commands.try_recv() {
            self.obey(command);
        }
        self.open_strays();
    }

    fn ike_message(&mut self, local: SocketAddr, remote: SocketAddr, message: &[u8]) {
        let message = message.to_vec();
        self.say_if_there_is_room(Word::Ike {
            local,
            remote,
            message,
        });
    }

    /// A notice stays in the data plane, which keeps one of a kind, until there is room.
    fn heed_notices(&mut self, _: Time) -> bool {
        self.speak();
        let mut any = false;
        while self.possessions.unsent.is_empty()
            && let Some(notice) = self.plane.poll_notice()
        {
            any = true;
            self.say(Word::Notice(notice));
        }
        any
    }

    fn passes_on(&mut self, index: usize, reads: &mut Reads) -> bool {
        let now = self.clock.now();
        let Some(share) = self.possessions.shares.get_mut(index) else {
            return false;
        };
        if !share.is_shared() {
            return false;
        }
        let interface = share.queue.interface.as_deref();
        share.check(self.plane.is_ready(now, interface));
        let count = reads.packets();
        let passed = share.hand_over(reads, |to, handed| offer(&self.others, to, handed));
        if passed {
            self.count_many("passed-on-to-seal", count);
        }
        passed
    }

    fn device_gone(&mut self, index: usize) {
        if index < self.possessions.shares.len() {
            let queue = self.possessions.shares.remove(index).queue;
            // Of those who have a share of it one tells.
            if queue.number == 0 {
                self.say(Word::DeviceGone(queue.device));
            }
        }
    }

    fn count_many(&mut self, what: &'static str, times: usize) {
        if times > 0 {
            *self.possessions.counters.entry(what).or_default() += times as u64;
        }
    }
}
