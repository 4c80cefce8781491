//! Packets of the gateway's own to hosts behind it: a TUN would take them for spoofed ones, so they
//! leave by raw sockets that receive nothing.

use crossgate_wire::ip::Packet;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, SocketAddr};

/// Of raw(7): the packet is written with its IP header, and nothing is received.
const IPPROTO_RAW: i32 = 255;

/// Opened when the first packet of the family is sent. Without a mark: where a policy protects the
/// way to the host, it protects these packets too.
#[derive(Default)]
pub struct Answers {
    v4: Option<Socket>,
    v6: Option<Socket>,
}

impl Answers {
    /// Sends a whole IP packet the way that the kernel's routes say.
    pub fn send(&mut self, octets: &[u8]) -> io::Result<()> {
        let packet = Packet::parse(octets).map_err(io::Error::other)?;
        let (place, domain) = match packet.destination {
            IpAddr::V4(_) => (&mut self.v4, Domain::IPV4),
            IpAddr::V6(_) => (&mut self.v6, Domain::IPV6),
        };
        let socket = match place {
            Some(socket) => socket,
            None => place.insert(open(domain)?),
        };
        let to = SocketAddr::new(packet.destination, 0);
        socket.send_to(packet.bytes, &to.into()).map(|_| ())
    }
}

fn open(domain: Domain) -> io::Result<Socket> {
    let socket = Socket::new(domain, Type::RAW, Some(Protocol::from(IPPROTO_RAW)))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}
