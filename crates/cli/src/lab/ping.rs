//! ICMP echo from a host of the lab.

use super::namespace::Namespace;
use crossgate_wire::ip::{Echo, EchoKind, Packet};
use serde::Serialize;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};

const DATA: [u8; 56] = [0xc9; 56];

/// How many were sent, and how many came back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    pub sent: u32,
    pub received: u32,
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.sent += other.sent;
        self.received += other.received;
    }
}

/// Sends `count` requests, each after the answer to the last or after `patience`.
pub fn ping(
    from: &Namespace,
    (source, destination): (Ipv4Addr, Ipv4Addr),
    count: u16,
    patience: Duration,
) -> io::Result<Count> {
    from.enter(|| {
        let pinger = Pinger::open(source, destination)?;
        let mut tally = Count::default();
        for sequence in 1..=count {
            tally.sent += 1;
            tally.received += u32::from(pinger.once(sequence, patience)?);
        }
        Ok(tally)
    })?
}

struct Pinger {
    socket: Socket,
    source: Ipv4Addr,
    destination: Ipv4Addr,
    identifier: u16,
}

impl Pinger {
    fn open(source: Ipv4Addr, destination: Ipv4Addr) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4))?;
        socket.set_header_included_v4(true)?;
        Ok(Self {
            socket,
            source,
            destination,
            identifier: std::process::id() as u16,
        })
    }

    #[allow(clippy::disallowed_methods, reason = "a lab runs in real time")]
    fn once(&self, sequence: u16, patience: Duration) -> io::Result<bool> {
        let until = Instant::now() + patience;
        let to = SockAddr::from(SocketAddrV4::new(self.destination, 0));
        let request = self.request(sequence)?;
        // Refused at once (fail closed) is no answer, and no fault of the lab.
        let mut refused = self.socket.send_to(&request, &to).is_err();
        let mut buffer = [0; 2048];
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            if refused {
                std::thread::sleep(left.min(Duration::from_millis(50)));
                refused = self.socket.send_to(&request, &to).is_err();
                continue;
            }
            let left = left.max(Duration::from_millis(1));
            self.socket.set_read_timeout(Some(left))?;
            if let Ok(length) = (&self.socket).read(&mut buffer)
                && self.is_answer(&buffer[..length], sequence)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn request(&self, sequence: u16) -> io::Result<Vec<u8>> {
        let echo = Echo {
            kind: EchoKind::Request,
            identifier: self.identifier,
            sequence,
            data: &DATA,
        };
        let packet = echo.build(self.source.into(), self.destination.into());
        packet.map_err(|error| io::Error::other(error.to_string()))
    }

    fn is_answer(&self, octets: &[u8], sequence: u16) -> bool {
        let Ok(packet) = Packet::parse(octets) else {
            return false;
        };
        let Ok(Some(echo)) = Echo::parse(&packet) else {
            return false;
        };
        packet.source == self.destination
            && echo.kind == EchoKind::Reply
            && (echo.identifier, echo.sequence) == (self.identifier, sequence)
    }
}
