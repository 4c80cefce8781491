//! Trains of datagrams: UDP's segmentation offload (Linux 4.18) and receive offload (5.0), with the
//! type of service that goes with each.
//!
//! The kernel's cost is per buffer. A train of datagrams of one length to one peer is one buffer on
//! its way down, and what a network card or a sender on this machine gives as one comes up as one.

use nix::errno::Errno;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, sendmsg, setsockopt,
    sockopt,
};
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd};

/// Datagrams in one train (the kernel's UDP_MAX_SEGMENTS).
pub const LENGTH_MAX: usize = 64;
/// Octets in one train, so that UDP's and IP's header find room in a packet's length.
pub const OCTETS_MAX: usize = 65_000;

/// One or more datagrams of one sender that came as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Train {
    pub from: SocketAddr,
    /// Octets of all of them, at the start of the buffer.
    pub length: usize,
    /// Octets of each but the last, which may be shorter.
    pub segment: usize,
    pub tos: u8,
    /// Datagrams that found the socket's queue full, ever since it was opened, as far as was known
    /// when this one came.
    pub overflowed: u32,
}

/// Room for what the kernel says beside a datagram.
pub fn control_buffer() -> Vec<u8> {
    nix::cmsg_space!(i32, i32, u32)
}

/// Asks for the type of service of each datagram. A kernel that can't tell it is no worse.
pub fn ask_for_tos(socket: &impl AsFd, address: IpAddr) {
    let _ = match address {
        IpAddr::V4(_) => setsockopt(socket, sockopt::IpRecvTos, &true),
        IpAddr::V6(_) => setsockopt(socket, sockopt::Ipv6RecvTClass, &true),
    };
}

/// Asks how many datagrams found no room.
pub fn ask_for_overflows(socket: &impl AsFd) {
    let _ = setsockopt(socket, sockopt::RxqOvfl, &1);
}

/// Asks for trains. A kernel that has none goes on giving single datagrams.
pub fn ask_for_trains(socket: &impl AsFd) {
    let _ = setsockopt(socket, sockopt::UdpGroSegment, &true);
}

/// The next train. `buffer` is to be as long as the longest, `control` from [`control_buffer`].
pub fn receive(socket: &impl AsFd, buffer: &mut [u8], control: &mut [u8]) -> io::Result<Train> {
    let fd = socket.as_fd().as_raw_fd();
    let mut parts = [IoSliceMut::new(buffer)];
    let message =
        recvmsg::<SockaddrStorage>(fd, &mut parts, Some(control), MsgFlags::MSG_DONTWAIT)?;
    let from = message.address.as_ref().and_then(address);
    let mut train = Train {
        from: from.ok_or_else(|| io::Error::other("a datagram without a sender"))?,
        length: message.bytes,
        segment: message.bytes,
        tos: 0,
        overflowed: 0,
    };
    for told in message.cmsgs()? {
        match told {
            ControlMessageOwned::UdpGroSegments(octets) => {
                let octets = usize::try_from(octets).ok().filter(|octets| *octets > 0);
                train.segment = octets.unwrap_or(train.length);
            }
            ControlMessageOwned::RxqOvfl(ever) => train.overflowed = ever,
            ControlMessageOwned::Ipv4Tos(tos) => train.tos = tos,
            ControlMessageOwned::Ipv6TClass(class) => {
                train.tos = u8::try_from(class).unwrap_or_default();
            }
            _ => {}
        }
    }
    Ok(train)
}

pub fn address(storage: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = storage.as_sockaddr_in();
    let v6 = storage.as_sockaddr_in6();
    v4.map(|v4| SocketAddrV4::new(v4.ip(), v4.port()).into())
        .or_else(|| {
            v6.map(|v6| SocketAddrV6::new(v6.ip(), v6.port(), v6.flowinfo(), v6.scope_id()).into())
        })
}

/// Sends `parts` one behind the other: as one datagram, or where `segment` says so, cut into
/// datagrams of so many octets.
pub fn send(
    socket: &impl AsFd,
    to: SocketAddr,
    parts: &[IoSlice<'_>],
    segment: Option<u16>,
    tos: u8,
) -> Result<(), Errno> {
    let class = i32::from(tos);
    let marked = match to {
        SocketAddr::V4(_) => ControlMessage::Ipv4Tos(&tos),
        SocketAddr::V6(_) => ControlMessage::Ipv6TClass(&class),
    };
    let cut = segment.as_ref().map(ControlMessage::UdpGsoSegments);
    let (one, two);
    let said: &[ControlMessage<'_>] = match cut {
        Some(cut) => {
            two = [marked, cut];
            &two
        }
        None => {
            one = [marked];
            &one
        }
    };
    let fd = socket.as_fd().as_raw_fd();
    let to = SockaddrStorage::from(to);
    sendmsg(fd, parts, said, MsgFlags::MSG_DONTWAIT, Some(&to)).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;

    #[test]
    fn a_train_arrives_as_it_was_sent() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let receiver = UdpSocket::bind(address).expect("a socket on loopback");
            let sender = UdpSocket::bind(address).expect("a socket on loopback");
            let to = receiver.local_addr().expect("its address");
            ask_for_tos(&receiver, to.ip());
            ask_for_trains(&receiver);
            let octets = [[1; 100], [2; 100]].concat();
            let parts = [IoSlice::new(&octets), IoSlice::new(&[3; 30])];
            send(&sender, to, &parts, Some(100), 0x28).expect("a train");
            let mut datagrams = Vec::new();
            let (mut buffer, mut control) = (vec![0; 65_536], control_buffer());
            while let Ok(train) = receive(&receiver, &mut buffer, &mut control) {
                assert_eq!(train.tos, 0x28);
                assert_eq!(Ok(train.from), sender.local_addr().map_err(|_| ()));
                let pieces = buffer[..train.length].chunks(train.segment);
                datagrams.extend(pieces.map(<[u8]>::to_vec));
            }
            assert_eq!(datagrams, [vec![1; 100], vec![2; 100], vec![3; 30]]);
        }
    }

    #[test]
    fn datagrams_that_find_the_queue_full_are_told_with_the_next_one() {
        let receiver = UdpSocket::bind("127.0.0.1:0").expect("a socket on loopback");
        let sender = UdpSocket::bind("127.0.0.1:0").expect("a socket on loopback");
        let to = receiver.local_addr().expect("its address");
        setsockopt(&receiver, sockopt::RcvBuf, &4096).expect("a small queue");
        ask_for_overflows(&receiver);
        let (mut buffer, mut control) = (vec![0; 65_536], control_buffer());
        let mut send = |count: usize| {
            for _ in 0..count {
                let parts = [IoSlice::new(&[7; 1000])];
                send(&sender, to, &parts, None, 0).expect("sent");
            }
            let received = || receive(&receiver, &mut buffer, &mut control).ok();
            std::iter::from_fn(received).collect::<Vec<Train>>()
        };
        let first = send(100);
        assert!((1..100).contains(&first.len()), "{}", first.len());
        assert!(first.iter().all(|train| train.overflowed == 0));
        let next = send(1);
        let lost = 100 - first.len();
        assert_eq!(
            next.first().map(|train| train.overflowed as usize),
            Some(lost)
        );
    }

    #[test]
    fn a_train_of_datagrams_that_are_too_long_is_refused_whole() {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket on loopback");
        let to = socket.local_addr().expect("its address");
        let octets = vec![0; 65_000];
        let sent = send(&socket, to, &[IoSlice::new(&octets)], Some(1), 0);
        assert_eq!(sent, Err(Errno::EINVAL));
    }
}
