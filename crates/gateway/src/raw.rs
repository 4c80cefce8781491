//! ESP as an IP protocol of its own: single packets, many of them by one system call.
//!
//! The kernel makes no trains of them, so this saves the calls, and none of its work for each packet.

use crate::sys::messages::{self, Beside, CONTROL_LEN, Incoming, MESSAGES_MAX, Outgoing};
use crate::trains::{self, Train};
use nix::errno::Errno;
use nix::libc;
use std::net::SocketAddr;
use std::ops::Range;
use std::os::fd::AsFd;

/// Packets that are sent or received by one call: more than the longest super-packet has. Receiving
/// two or four times as many before they are opened was not faster.
pub const BATCH_MAX: usize = MESSAGES_MAX;

/// The longest packet that a socket gives, put together from fragments or not.
const PACKET_MAX: usize = 65_536;
/// From one packet's place to the next: as caches go by the place in a page, they begin at different
/// ones.
const STRIDE: usize = PACKET_MAX + 23 * 64;

const HEADER_LEN: usize = size_of::<libc::cmsghdr>();
const WORD: usize = size_of::<usize>();

/// What the kernel puts behind an IP header that it makes.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'b> {
    /// Of port 0.
    pub to: SocketAddr,
    /// Type of service, or traffic class.
    pub tos: u8,
    pub octets: &'b [u8],
}

/// Memory that is used again for each batch; it takes none before the first, and later only what
/// packets have reached.
#[derive(Default)]
pub struct Room {
    octets: Vec<u8>,
    beside: Beside,
}

impl Room {
    /// Receives what has come, and tells of each packet where it is, in their order.
    pub fn receive(
        &mut self,
        socket: &impl AsFd,
        arrived: &mut Vec<(Range<usize>, Train)>,
    ) -> Result<(), Errno> {
        if self.octets.is_empty() {
            self.octets = vec![0; BATCH_MAX * STRIDE];
        }
        let mut place = 0;
        let take = |packet: Incoming<'_>| {
            if let Some(train) = single(&packet) {
                arrived.push((place..place + train.length, train));
            }
            place += STRIDE;
        };
        let places = self.octets.chunks_mut(STRIDE);
        messages::receive(socket, places, &mut self.beside, take)
    }

    pub fn octets(&mut self) -> &mut [u8] {
        &mut self.octets
    }
}

/// Sends as many as go, from the first on, and says how many did; an error is the first one's.
pub fn send(socket: &impl AsFd, packets: &[Packet<'_>]) -> Result<usize, Errno> {
    let all = packets.iter().map(|packet| {
        let (level, kind) = match packet.to {
            SocketAddr::V4(_) => (libc::IPPROTO_IP, libc::IP_TOS),
            SocketAddr::V6(_) => (libc::IPPROTO_IPV6, libc::IPV6_TCLASS),
        };
        Outgoing {
            to: packet.to,
            control: control(level, kind, packet.tos.into()),
            octets: packet.octets,
        }
    });
    messages::send(socket, all)
}

/// A packet that came, as a train of one; `None` if it has no sender.
fn single(packet: &Incoming<'_>) -> Option<Train> {
    let mut train = Train {
        from: packet.from.as_ref().and_then(trains::address)?,
        length: packet.length,
        segment: packet.length,
        tos: 0,
        overflowed: 0,
    };
    for (level, kind, said) in controls(packet.control) {
        let word = said.first_chunk().map(|word| u32::from_ne_bytes(*word));
        match (level, kind) {
            (libc::IPPROTO_IP, libc::IP_TOS) => train.tos = *said.first()?,
            (libc::IPPROTO_IPV6, libc::IPV6_TCLASS) => train.tos = word?.try_into().ok()?,
            (libc::SOL_SOCKET, libc::SO_RXQ_OVFL) => train.overflowed = word?,
            _ => {}
        }
    }
    Some(train)
}

/// A control message of one word (cmsg(3)).
fn control(level: i32, kind: i32, word: i32) -> [u8; CONTROL_LEN] {
    let length = HEADER_LEN + size_of_val(&word);
    let fields = [level, kind, word].into_iter().flat_map(i32::to_ne_bytes);
    let octets = length.to_ne_bytes().into_iter().chain(fields);
    let mut control = [0; CONTROL_LEN];
    control
        .iter_mut()
        .zip(octets)
        .for_each(|(to, from)| *to = from);
    control
}

/// Control messages, one behind the other: level, kind, and what each says.
fn controls(mut octets: &[u8]) -> impl Iterator<Item = (i32, i32, &[u8])> {
    std::iter::from_fn(move || {
        let (header, _) = octets.split_at_checked(HEADER_LEN)?;
        let (length, fields) = header.split_first_chunk::<WORD>()?;
        let (level, fields) = fields.split_first_chunk::<4>()?;
        let kind = fields.first_chunk::<4>()?;
        let length = usize::from_ne_bytes(*length);
        let said = octets.get(HEADER_LEN..length)?;
        octets = octets
            .get(length.next_multiple_of(WORD)..)
            .unwrap_or_default();
        Some((i32::from_ne_bytes(*level), i32::from_ne_bytes(*kind), said))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::socket::{setsockopt, sockopt};
    use std::net::UdpSocket;

    /// Datagrams go the same way, and ask for no privilege.
    fn pair(address: &str) -> (UdpSocket, UdpSocket) {
        let bound = || UdpSocket::bind(address).expect("a socket on loopback");
        let (sender, receiver) = (bound(), bound());
        let to = receiver.local_addr().expect("its address");
        trains::ask_for_tos(&receiver, to.ip());
        trains::ask_for_overflows(&receiver);
        (sender, receiver)
    }

    fn address(socket: &UdpSocket) -> SocketAddr {
        socket.local_addr().expect("its address")
    }

    /// All that has come.
    fn receive(room: &mut Room, socket: &UdpSocket) -> Vec<(Vec<u8>, Train)> {
        let mut all = Vec::new();
        loop {
            let mut arrived = Vec::new();
            match room.receive(socket, &mut arrived) {
                Ok(()) => assert!((1..=BATCH_MAX).contains(&arrived.len())),
                Err(error) => {
                    assert_eq!((error, arrived), (Errno::EAGAIN, Vec::new()));
                    return all;
                }
            }
            let octets = |(range, train): (Range<_>, _)| (room.octets()[range].to_vec(), train);
            all.extend(arrived.into_iter().map(octets));
        }
    }

    #[test]
    fn packets_arrive_as_they_were_sent() {
        for loopback in ["127.0.0.1:0", "[::1]:0"] {
            let (sender, receiver) = pair(loopback);
            let mut room = Room::default();
            // Again and again, in the same memory; some are longer than a page.
            for lengths in [vec![300; 150], vec![0, 60_000, 1, 9_000, 2], vec![7; 3]] {
                let octets = |(number, length)| vec![number as u8; length];
                let sent: Vec<Vec<u8>> = lengths.into_iter().enumerate().map(octets).collect();
                let packets = sent.iter().enumerate().map(|(number, octets)| Packet {
                    to: address(&receiver),
                    tos: number as u8 & 0xfc,
                    octets,
                });
                let packets: Vec<Packet<'_>> = packets.collect();
                let mut rest = packets.as_slice();
                while !rest.is_empty() {
                    let went = send(&sender, rest).expect("some go");
                    assert_eq!(went, rest.len().min(BATCH_MAX));
                    rest = &rest[went..];
                }
                let arrived = receive(&mut room, &receiver);
                assert_eq!(arrived.len(), packets.len());
                for (packet, (octets, train)) in packets.iter().zip(arrived) {
                    assert_eq!(octets, packet.octets);
                    assert_eq!((train.tos, train.from), (packet.tos, address(&sender)));
                    assert_eq!((train.length, train.segment), (octets.len(), octets.len()));
                }
            }
        }
    }

    #[test]
    fn packets_before_one_that_fails_have_gone() {
        let (sender, receiver) = pair("127.0.0.1:0");
        let packet = |octets| Packet {
            to: address(&receiver),
            tos: 0,
            octets,
        };
        let packets = [&[1; 10][..], &[2; 20], &[3; 70_000], &[4; 40]].map(packet);
        assert_eq!(send(&sender, &packets), Ok(2));
        assert_eq!(send(&sender, &packets[2..]), Err(Errno::EMSGSIZE));
        assert_eq!(send(&sender, &packets[3..]), Ok(1));
        let arrived = receive(&mut Room::default(), &receiver);
        let firsts = arrived.iter().map(|(octets, _)| octets[0]);
        assert_eq!(firsts.collect::<Vec<_>>(), [1, 2, 4]);
    }

    #[test]
    fn packets_that_find_the_queue_full_are_told_with_the_next_one() {
        let (sender, receiver) = pair("127.0.0.1:0");
        setsockopt(&receiver, sockopt::RcvBuf, &4096).expect("a small queue");
        let packet = Packet {
            to: address(&receiver),
            tos: 0,
            octets: &[7; 1000],
        };
        let mut room = Room::default();
        assert_eq!(send(&sender, &[packet; 40]), Ok(40));
        let first = receive(&mut room, &receiver);
        assert!((1..40).contains(&first.len()), "{}", first.len());
        assert!(first.iter().all(|(_, train)| train.overflowed == 0));
        assert_eq!(send(&sender, &[packet]), Ok(1));
        let next = receive(&mut room, &receiver);
        let told: Vec<u32> = next.iter().map(|(_, train)| train.overflowed).collect();
        assert_eq!(told, [40 - first.len() as u32]);
    }

    #[test]
    fn control_messages_that_are_cut_off_say_nothing() {
        let two = [control(1, 2, 3), control(4, 5, 6)].concat();
        let all: Vec<_> = controls(&two).collect();
        let words = [3_i32, 6].map(i32::to_ne_bytes);
        assert_eq!(all, [(1, 2, &words[0][..]), (4, 5, &words[1])]);
        assert_eq!(controls(&two[..CONTROL_LEN]).count(), 1);
        let mut lies = two;
        for length in [0, HEADER_LEN - 1, usize::MAX] {
            lies[..WORD].copy_from_slice(&length.to_ne_bytes());
            assert_eq!(controls(&lies).count(), 0);
        }
    }
}
