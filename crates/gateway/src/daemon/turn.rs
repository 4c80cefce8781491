//! The loop: wait, take what has come, drain what it led to, again.

use super::Daemon;
use crate::carry;
use crate::log::{Level, Record};
use crate::server::ClientId;
use crate::sockets::Port;
use crate::waiting::{self, Awaited};
use crossgate_model::Time;
use rustix::event::PollFlags;
use std::io::Read;
use std::os::fd::AsFd;
use std::time::Duration;

/// How long the peers' answers to our deletes are waited for.
const FAREWELL: Duration = Duration::from_secs(2);
/// Of a gateway with few tunnels; with more the list grows.
const SOURCES_USUAL: usize = 32;
/// A deadline that stays in the past through so many turns is a fault.
const SPINS_MAX: u32 = 10_000;
/// A turn then waits at least so long, so that the machine stays usable.
const SPIN_PAUSE: Duration = Duration::from_millis(10);

/// An orderly end is under way.
pub(super) struct Stopping {
    pub(super) until: Time,
}

/// Something that can be waited for.
#[derive(Clone, Copy)]
enum Source {
    Stop,
    Reload,
    Listener,
    Client(ClientId),
    Socket(usize, Port),
    /// What the kernel keeps of ICMP errors about that socket's packets.
    Errors(usize, Port),
    Tun(usize),
    /// What the data plane hears from the kernel, or its workers say.
    Plane,
    Ping,
}

impl Daemon {
    pub(super) fn turn_until_stopped(&mut self) {
        let mut spins = 0;
        while !self.is_done() {
            let pause = self.pause(&mut spins);
            for source in self.wait(pause) {
                self.take(source);
                self.drain();
            }
            self.handle_timeouts();
            self.drain();
        }
    }

    fn is_done(&self) -> bool {
        self.stopping
            .as_ref()
            .is_some_and(|stopping| self.now() >= stopping.until || self.ike.is_quiet())
    }

    /// How long until a timer is due; `None` if there is none.
    fn pause(&mut self, spins: &mut u32) -> Option<Duration> {
        let due = self.next_deadline()?;
        let pause = due.since(self.now());
        *spins = if pause.is_zero() { *spins + 1 } else { 0 };
        if *spins == SPINS_MAX {
            let timer = self.ike.poll_timeout().map(|deadline| deadline.timer);
            let text = format!("a timer that is due is never done; the engine's next is {timer:?}");
            self.tell(Record::new(Level::Error, "loop-stuck", text));
        }
        Some(if *spins < SPINS_MAX {
            pause
        } else {
            SPIN_PAUSE
        })
    }

    fn next_deadline(&self) -> Option<Time> {
        let ike = self.ike.poll_timeout().map(|deadline| deadline.at);
        let stop = self.stopping.as_ref().map(|stopping| stopping.until);
        let all = [
            ike,
            self.plane.poll_timeout(),
            self.pinger.poll_timeout(),
            stop,
        ];
        all.into_iter().flatten().min()
    }

    fn handle_timeouts(&mut self) {
        let now = self.now();
        if self
            .ike
            .poll_timeout()
            .is_some_and(|deadline| deadline.at <= now)
        {
            self.ike.handle_timeout(now);
        }
        if self.plane.poll_timeout().is_some_and(|at| at <= now) {
            self.plane.handle_timeout(now);
        }
        self.pinger.handle_timeout(now);
        self.finish_pings();
    }

    /// Waits for any source, and gives those that are ready.
    fn wait(&self, pause: Option<Duration>) -> impl Iterator<Item = Source> + use<> {
        let ready = waiting::ready(self.sources(), pause).into_iter();
        ready
            .flat_map(|(source, events)| [errors_of(source, events), Some(source)])
            .flatten()
    }

    fn sources(&self) -> Vec<Awaited<'_, Source>> {
        let mut all = Vec::with_capacity(SOURCES_USUAL);
        all.extend([
            (Source::Stop, self.signals.stop.as_fd(), PollFlags::IN),
            (Source::Reload, self.signals.reload.as_fd(), PollFlags::IN),
            (Source::Listener, self.server.listener(), PollFlags::IN),
        ]);
        all.extend(self.server.clients().map(|(id, fd, waits)| {
            let out = if waits {
                PollFlags::OUT
            } else {
                PollFlags::empty()
            };
            (Source::Client(id), fd, PollFlags::IN | out)
        }));
        for (index, endpoint) in self.machine.endpoints.iter().enumerate() {
            let sockets = Port::ALL.into_iter().filter_map(|port| {
                let fd = endpoint.socket(port)?.as_fd();
                Some((Source::Socket(index, port), fd, PollFlags::IN))
            });
            all.extend(sockets);
        }
        let tuns = self.machine.tuns.iter().enumerate();
        all.extend(tuns.filter_map(|(index, tun)| {
            let fd = tun.queues.first()?.as_fd();
            Some((Source::Tun(index), fd, PollFlags::IN))
        }));
        let events = self.plane.events().into_iter();
        all.extend(events.map(|fd| (Source::Plane, fd, PollFlags::IN)));
        let pings = self.pinger.sockets();
        all.extend(pings.map(|fd| (Source::Ping, fd, PollFlags::IN)));
        all
    }

    fn take(&mut self, source: Source) {
        match source {
            Source::Stop => self.stop(),
            Source::Reload => {
                if swallow(&self.signals.reload) {
                    self.reload();
                }
            }
            Source::Listener => self.server.accept(),
            Source::Client(id) => {
                self.server.serve(id);
                self.run_requests();
            }
            Source::Socket(index, port) => carry::receive(self, index, port),
            Source::Errors(index, port) => self.take_errors(index, port),
            Source::Tun(index) => carry::send_from_tun(self, index),
            Source::Plane => {
                let now = self.now();
                if let Some(kernel) = self.plane.kernel() {
                    kernel.hear(now);
                }
                self.hear_workers();
            }
            Source::Ping => {
                let now = self.now();
                self.pinger.receive(now);
                self.finish_pings();
            }
        }
    }

    /// The first time in order, the second time at once.
    fn stop(&mut self) {
        if !swallow(&self.signals.stop) {
            return;
        }
        let now = self.now();
        let again = self.stopping.is_some();
        let until = if again { now } else { now + FAREWELL };
        self.stopping = Some(Stopping { until });
        if !again {
            self.tell(Record::info("stopping", "deleting the SAs with the peers"));
            self.ike.shutdown(now);
        }
    }
}

/// Errors wait beside a socket's datagrams, and are taken first: until then they fail its calls.
fn errors_of(source: Source, events: PollFlags) -> Option<Source> {
    match source {
        Source::Socket(index, port) if events.contains(PollFlags::ERR) => {
            Some(Source::Errors(index, port))
        }
        _ => None,
    }
}

/// Empties a signal's pipe; whether there was anything in it.
fn swallow(mut pipe: &std::os::unix::net::UnixStream) -> bool {
    let mut buffer = [0; 64];
    let mut any = false;
    while pipe.read(&mut buffer).is_ok_and(|length| length > 0) {
        any = true;
    }
    any
}
