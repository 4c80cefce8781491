//! UDP (RFC 768).

use std::net::IpAddr;

use super::{Packet, build_packet, protocol, transport_checksum};
use crate::read::Reader;
use crate::write::{narrow_u16, patch_u16};
use crate::{Error, Part};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Udp<'a> {
    pub source_port: u16,
    pub destination_port: u16,
    pub payload: &'a [u8],
}

const HEADER_LEN: usize = 8;

impl<'a> Udp<'a> {
    /// Reads the payload of a whole packet. The checksum is left to the kernel: around ESP it is absent (RFC 3948
    /// §2.1), and a capture taken on the sender may hold one that the network card completes later.
    pub fn parse(packet: &Packet<'a>) -> Result<Self, Error> {
        let part = Part::UdpHeader;
        let mut reader = Reader::new(part, packet.payload, packet.header_len());
        let (source_port, destination_port) = (reader.u16()?, reader.u16()?);
        let offset = reader.offset();
        let length = usize::from(reader.u16()?);
        reader.u16()?;
        let Some(payload_len) = length.checked_sub(HEADER_LEN) else {
            let (field, expected) = ("at least", HEADER_LEN);
            return Err(Error::Length {
                part,
                field,
                offset,
                expected,
                found: length,
            });
        };
        let payload = reader.take(payload_len)?;
        Ok(Udp {
            source_port,
            destination_port,
            payload,
        })
    }

    /// The whole packet with its checksum.
    pub fn build(&self, source: IpAddr, destination: IpAddr) -> Result<Vec<u8>, Error> {
        let length = narrow_u16(
            Part::UdpHeader,
            "length",
            self.payload.len().saturating_add(HEADER_LEN),
        )?;
        let ports = [
            self.source_port.to_be_bytes(),
            self.destination_port.to_be_bytes(),
        ]
        .concat();
        let mut datagram = [
            &ports,
            length.to_be_bytes().as_slice(),
            &[0, 0],
            self.payload,
        ]
        .concat();
        // A sum of 0 is sent as its other form, because 0 means "none".
        let sum = match transport_checksum(source, destination, protocol::UDP, &datagram) {
            0 => 0xffff,
            sum => sum,
        };
        patch_u16(&mut datagram, 6, sum);
        build_packet(source, destination, protocol::UDP, &datagram)
    }
}
