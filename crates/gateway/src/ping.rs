//! Pings that operators ask for: ICMP echo from an address of ours, beside the loop's other work.

use crate::sockets::receive;
use crossgate_model::Time;
use crossgate_model::operate::{Operation, Outcome, Ping};
use crossgate_wire::ip::{Echo, EchoKind, Packet};
use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// Pings under way at once.
const RUNS_MAX: usize = 16;
const ECHO_HEADER: usize = 8;

/// Pings under way. `T` is who wants to know.
pub struct Pinger<T> {
    runs: Vec<Run<T>>,
    identifier: u16,
}

struct Run<T> {
    ticket: T,
    ping: Ping,
    identifier: u16,
    socket: Socket,
    results: Vec<Option<Duration>>,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    Waiting { sent: Time },
    Pausing { until: Time },
}

impl<T> Pinger<T> {
    /// `identifier` is where the numbers start that tell our pings from others'.
    pub fn new(identifier: u16) -> Self {
        Self {
            runs: Vec::new(),
            identifier,
        }
    }

    /// Sends the first request; the ticket comes back if it can't even be tried.
    pub fn start(&mut self, now: Time, ping: Ping, ticket: T) -> Result<(), (T, Outcome)> {
        if self.runs.len() >= RUNS_MAX {
            let text = format!("{RUNS_MAX} pings are running already");
            return Err((ticket, Outcome::Failed(text)));
        }
        let socket = match open(&ping) {
            Ok(socket) => socket,
            Err(text) => return Err((ticket, Outcome::Failed(text))),
        };
        self.identifier = self.identifier.wrapping_add(1);
        let mut run = Run {
            ticket,
            ping,
            identifier: self.identifier,
            socket,
            results: Vec::new(),
            state: State::Pausing { until: now },
        };
        run.handle_timeout(now);
        self.runs.push(run);
        Ok(())
    }

    pub fn sockets(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.runs.iter().map(|run| run.socket.as_fd())
    }

    /// Takes the answers that have come.
    pub fn receive(&mut self, now: Time) {
        for run in &mut self.runs {
            run.receive(now);
        }
    }

    pub fn handle_timeout(&mut self, now: Time) {
        for run in &mut self.runs {
            run.handle_timeout(now);
        }
    }

    pub fn poll_timeout(&self) -> Option<Time> {
        self.runs.iter().map(Run::due).min()
    }

    /// A ping that is over.
    pub fn poll_finished(&mut self) -> Option<(T, Operation, Outcome)> {
        let index = self.runs.iter().position(Run::is_over)?;
        let run = self.runs.remove(index);
        let outcome = Outcome::Pinged(run.results);
        Some((run.ticket, Operation::Ping(run.ping), outcome))
    }
}

impl<T> Run<T> {
    fn is_over(&self) -> bool {
        self.results.len() >= self.ping.count as usize
    }

    fn due(&self) -> Time {
        match self.state {
            State::Waiting { sent } => sent + self.ping.timeout,
            State::Pausing { until } => until,
        }
    }

    fn handle_timeout(&mut self, now: Time) {
        if self.is_over() || now < self.due() {
            return;
        }
        if let State::Waiting { sent } = self.state {
            self.conclude(None, sent, now);
        }
        if let State::Pausing { until } = self.state
            && until <= now
            && !self.is_over()
        {
            self.send();
            self.state = State::Waiting { sent: now };
        }
    }

    fn conclude(&mut self, round_trip: Option<Duration>, sent: Time, now: Time) {
        self.results.push(round_trip);
        let until = (sent + self.ping.interval).max(now);
        self.state = State::Pausing { until };
    }

    /// The answer that is waited for has the number of results so far.
    fn sequence(&self) -> u16 {
        // A ping of more than 65,535 counts around, as ping programs do.
        self.results.len() as u16
    }

    /// What can't be sent is lost, like what is lost on the way.
    fn send(&self) {
        let header = match self.ping.destination {
            IpAddr::V4(_) => 20,
            IpAddr::V6(_) => 40,
        };
        let data = vec![0xab; usize::from(self.ping.size).saturating_sub(header + ECHO_HEADER)];
        let echo = Echo {
            kind: EchoKind::Request,
            identifier: self.identifier,
            sequence: self.sequence(),
            data: &data,
        };
        let any = unspecified(self.ping.destination);
        let source = self.ping.source.unwrap_or(any);
        let Ok(packet) = echo.build(source, self.ping.destination) else {
            return;
        };
        // The kernel makes the IP header, and ICMPv6's checksum, itself.
        if let Ok(packet) = Packet::parse(&packet) {
            let to = SocketAddr::new(self.ping.destination, 0);
            let _ = self.socket.send_to(packet.payload, &to.into());
        }
    }

    fn receive(&mut self, now: Time) {
        let mut buffer = vec![0; 65_536];
        while let Ok((length, from)) = receive(&self.socket, &mut buffer) {
            let reply = reply_of(self.ping.destination, &buffer[..length]);
            if from.ip() == self.ping.destination
                && reply == Some((self.identifier, self.sequence()))
                && let State::Waiting { sent } = self.state
            {
                self.conclude(Some(now.since(sent)), sent, now);
                self.handle_timeout(now);
            }
        }
    }
}

fn open(ping: &Ping) -> Result<Socket, String> {
    let (domain, protocol) = match ping.destination {
        IpAddr::V4(_) => (Domain::IPV4, Protocol::ICMPV4),
        IpAddr::V6(_) => (Domain::IPV6, Protocol::ICMPV6),
    };
    let cannot = |error: io::Error| format!("cannot open a socket for ICMP: {error}");
    let socket = Socket::new(domain, Type::RAW, Some(protocol)).map_err(cannot)?;
    socket.set_nonblocking(true).map_err(cannot)?;
    if let Some(source) = ping.source {
        let bound = socket.bind(&SocketAddr::new(source, 0).into());
        bound.map_err(|error| match Errno::from_io_error(&error) {
            Some(Errno::ADDRNOTAVAIL) => format!("{source} is not an address of this machine"),
            _ => format!("cannot ping from {source}: {error}"),
        })?;
    }
    Ok(socket)
}

fn unspecified(like: IpAddr) -> IpAddr {
    match like {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}

/// Identifier and sequence of an echo reply. IPv4's raw socket gives the IP header too, IPv6's
/// doesn't, and has checked the sum.
fn reply_of(family: IpAddr, octets: &[u8]) -> Option<(u16, u16)> {
    if family.is_ipv4() {
        let packet = Packet::parse(octets).ok()?;
        let echo = Echo::parse(&packet).ok().flatten()?;
        return (echo.kind == EchoKind::Reply).then_some((echo.identifier, echo.sequence));
    }
    match *octets {
        [129, 0, _, _, a, b, c, d, ..] => {
            Some((u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])))
        }
        _ => None,
    }
}
