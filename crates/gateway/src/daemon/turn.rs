//! The loop: wait, take what has come, drain what it led to, again.

use super::Daemon;
use crate::log::{Level, Record};
use crate::server::ClientId;
use crate::sockets::Port;
use crossgate_model::Time;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// How long the peers' answers to our deletes are waited for.
const FAREWELL: Duration = Duration::from_secs(2);
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
    /// What the data plane hears from the kernel.
    Kernel,
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
    fn wait(&self, pause: Option<Duration>) -> Vec<Source> {
        let sources = self.sources();
        let mut fds: Vec<_> = sources
            .iter()
            .map(|(_, fd, flags)| PollFd::from_borrowed_fd(*fd, *flags))
            .collect();
        let pause = pause.map(|pause| Timespec {
            tv_sec: pause.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: pause.subsec_nanos().into(),
        });
        // Interrupted by a signal: its pipe is readable next time.
        if poll(&mut fds, pause.as_ref()).is_err() {
            return Vec::new();
        }
        let events: Vec<_> = fds.iter().map(PollFd::revents).collect();
        let sources = sources.into_iter().zip(events);
        let ready = sources.filter(|(_, events)| !events.is_empty());
        ready
            .flat_map(|((source, ..), events)| [errors_of(source, events), Some(source)])
            .flatten()
            .collect()
    }

    fn sources(&self) -> Vec<(Source, BorrowedFd<'_>, PollFlags)> {
        let mut all = vec![
            (Source::Stop, self.signals.stop.as_fd(), PollFlags::IN),
            (Source::Reload, self.signals.reload.as_fd(), PollFlags::IN),
            (Source::Listener, self.server.listener(), PollFlags::IN),
        ];
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
        all.extend(tuns.map(|(index, tun)| (Source::Tun(index), tun.as_fd(), PollFlags::IN)));
        let events = self.plane.events().into_iter();
        all.extend(events.map(|fd| (Source::Kernel, fd, PollFlags::IN)));
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
            Source::Socket(index, port) => self.receive(index, port),
            Source::Errors(index, port) => self.take_errors(index, port),
            Source::Tun(index) => self.send_from_tun(index),
            Source::Kernel => {
                let now = self.now();
                if let Some(kernel) = self.plane.kernel() {
                    kernel.hear(now);
                }
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
