//! Boxes and packets that were used, to be used again: a packet in a day of them costs no memory of
//! its own.

use crate::node::{Carries, Datagram};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// More of a kind are let go.
const MOST: usize = 32;

const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

#[derive(Debug, Default)]
pub(crate) struct Spare {
    #[allow(clippy::vec_box, reason = "the boxes are what is kept")]
    datagrams: Vec<Box<Datagram>>,
    packets: Vec<Vec<u8>>,
}

impl Spare {
    /// With that payload; the rest is for the caller to say.
    pub fn datagram(&mut self, payload: &[u8]) -> Box<Datagram> {
        let mut datagram = self.datagrams.pop().unwrap_or_else(|| {
            Box::new(Datagram {
                from: NOWHERE,
                to: NOWHERE,
                carries: Carries::Udp,
                tos: 0,
                df: false,
                payload: Vec::new(),
            })
        });
        datagram.payload.clear();
        datagram.payload.extend_from_slice(payload);
        datagram
    }

    pub fn packet(&mut self, octets: &[u8]) -> Vec<u8> {
        let mut packet = self.packets.pop().unwrap_or_default();
        packet.clear();
        packet.extend_from_slice(octets);
        packet
    }

    pub fn keep_datagram(&mut self, datagram: Box<Datagram>) {
        if self.datagrams.len() < MOST {
            self.datagrams.push(datagram);
        }
    }

    pub fn keep_packet(&mut self, packet: Vec<u8>) {
        if self.packets.len() < MOST {
            self.packets.push(packet);
        }
    }
}
