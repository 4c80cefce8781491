//! Sockets that ESP leaves by, from the same address, and in UDP the same port, as the one that it comes
//! in by.
//!
//! What can't leave yet waits in a socket's buffer, and a full one takes no more. So each peer has a
//! buffer of its own, up to a bound: one whose way is slower than what is sent to it fills its own, and
//! neither those of others nor that of IKE.

use socket2::Socket;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};

/// Peers beyond these share them.
const LANES_MAX: usize = 64;
/// Peers that are known to have one; a peer that moves is another one.
const PEERS_MAX: usize = 1 << 16;

/// Of one thread, one local address, and one way of carrying ESP; each is made when it is needed.
#[derive(Default)]
pub struct Lanes {
    all: RefCell<AllLanes>,
}

#[derive(Default)]
struct AllLanes {
    sockets: Vec<Socket>,
    of_peers: BTreeMap<SocketAddr, usize>,
}

impl Lanes {
    /// Does something with that peer's socket, which `open` makes if it has none; `None` where it has
    /// none and none can be made.
    pub fn with<T>(
        &self,
        peer: SocketAddr,
        open: impl FnOnce() -> io::Result<Socket>,
        act: impl FnOnce(&Socket) -> T,
    ) -> Option<T> {
        let mut all = self.all.borrow_mut();
        let number = match all.of_peers.get(&peer) {
            Some(number) => *number,
            None => all.give_one(peer, open)?,
        };
        all.sockets.get(number).map(act)
    }
}

impl AllLanes {
    fn give_one(
        &mut self,
        peer: SocketAddr,
        open: impl FnOnce() -> io::Result<Socket>,
    ) -> Option<usize> {
        if self.of_peers.len() >= PEERS_MAX {
            self.of_peers.clear();
        }
        let number = self.of_peers.len() % LANES_MAX;
        if number >= self.sockets.len() {
            self.sockets.push(open().ok()?);
        }
        self.of_peers.insert(peer, number);
        Some(number)
    }
}

/// From now on nothing comes in by that socket: it would have to come from here, and from a port that
/// nobody uses. Where it sends to is said with each datagram.
pub fn only_sends(socket: &Socket, address: IpAddr) -> io::Result<()> {
    const NOBODY: u16 = 1;
    socket.connect(&SocketAddr::new(address, NOBODY).into())
}

/// As many hops as what `like` sends.
pub fn same_hops(socket: &Socket, like: &Socket, address: IpAddr) -> io::Result<()> {
    match address {
        IpAddr::V4(_) => socket.set_ttl_v4(like.ttl_v4()?),
        IpAddr::V6(_) => socket.set_unicast_hops_v6(like.unicast_hops_v6()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steer;
    use socket2::{Domain, Type};
    use std::io::Read;
    use std::net::UdpSocket;
    use std::time::Duration;

    fn sharing(at: SocketAddr) -> Socket {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).expect("a socket");
        socket.set_reuse_port(true).expect("it shares its port");
        let patience = Some(Duration::from_secs(5));
        socket.set_read_timeout(patience).expect("it waits");
        socket.bind(&at.into()).expect("a port on loopback");
        socket
    }

    fn peer(number: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], number))
    }

    #[test]
    fn lanes_send_from_the_port_of_the_socket_that_alone_receives() {
        // An address of this test's own: sockets that share ports are given each other's.
        let main = sharing(SocketAddr::from(([127, 0, 7, 1], 0)));
        steer::all_to_first(&main).expect("a program");
        let at = main.local_addr().expect("its address");
        let at = at.as_socket().expect("of the Internet");
        let lanes = Lanes::default();
        let bound = |_| UdpSocket::bind(peer(0)).expect("a port on loopback");
        let others: Vec<UdpSocket> = (0..100).map(bound).collect();
        for other in &others {
            let to = other.local_addr().expect("its address");
            let open = || {
                let lane = sharing(at);
                only_sends(&lane, at.ip())?;
                Ok(lane)
            };
            let sent = lanes.with(to, open, |lane| lane.send_to(&[1, 2, 3], &to.into()));
            assert_eq!(sent.expect("a lane").expect("sent"), 3);
        }
        assert_eq!(lanes.all.borrow().sockets.len(), LANES_MAX);
        for other in &others {
            let patience = Some(Duration::from_secs(5));
            other.set_read_timeout(patience).expect("it waits");
            let from = other.recv_from(&mut [0; 10]).expect("a datagram");
            assert_eq!(from, (3, at));
            other.send_to(&[4], at).expect("sent");
            assert_eq!((&main).read(&mut [0; 10]).expect("the answer"), 1);
        }
    }

    #[test]
    fn each_peer_keeps_its_own_as_long_as_there_are_enough() {
        let lanes = Lanes::default();
        let open = || UdpSocket::bind(peer(0)).map(Socket::from);
        let port = |number| {
            let port = |lane: &Socket| lane.local_addr().expect("bound").as_socket();
            lanes.with(peer(number), open, port).expect("a lane")
        };
        let first: Vec<_> = (1..=200).map(port).collect();
        let again: Vec<_> = (1..=200).map(port).collect();
        assert_eq!(first, again);
        let mut apart = first[..LANES_MAX].to_vec();
        apart.sort();
        apart.dedup();
        assert_eq!(apart.len(), LANES_MAX);
        assert_eq!(first[0], first[LANES_MAX], "the next one shares the first");
        let refused = Lanes::default().with(peer(1), || Err(io::ErrorKind::Other.into()), |_| ());
        assert_eq!(refused, None);
    }
}
