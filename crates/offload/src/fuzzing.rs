//! What the fuzz target of `fuzz/` runs, and what the tests run over the same corpus.

use crate::{Header, READ_MAX, Reads, SEGMENTS_MAX};
pub use crossgate_wire::fuzzing::Broken;
use crossgate_wire::ip::{Packet, Segments, checksum, transport_checksum};

/// What was read from a TUN, or not: a header and a packet.
///
/// Each packet is written whole, whatever was there before. Packets of a super-packet have right
/// checksums, and one behind the other its payload.
pub fn super_packet(data: &[u8]) -> Result<(), Broken> {
    let data = data.get(..READ_MAX).unwrap_or(data);
    let mut reads = Reads::default();
    if let Some(room) = reads.room().get_mut(..data.len()) {
        room.copy_from_slice(data);
    }
    let kept = reads.keep(data.len());
    let counts = (reads.len(), reads.iter().count(), reads.packets() > 0);
    law(
        counts == (usize::from(kept), usize::from(kept), kept),
        "a read counts",
    )?;
    let Some(split) = reads.iter().next() else {
        return Ok(());
    };
    law(split.count() <= SEGMENTS_MAX, "so many packets")?;
    let is_super = Header::parse(data).is_ok_and(|(header, _)| header.segmentation.is_some());
    let mut payload = Vec::new();
    for number in 0..split.count() {
        let Some(length) = split.length(number) else {
            // One that the data plane refuses.
            return law(!is_super, "a packet of a super-packet has a length");
        };
        let [packet, other] = [0x00, 0xff].map(|before| {
            let mut packet = vec![before; length];
            split.write(number, &mut packet);
            packet
        });
        law(packet == other, "every octet is written")?;
        if is_super {
            payload.extend_from_slice(upper_payload(&packet)?);
        }
    }
    law(
        split.length(split.count()).is_none(),
        "no packet behind the last",
    )?;
    match Packet::parse(split.whole()) {
        Ok(whole) if is_super => law(whole.bytes.ends_with(&payload), "the same payload"),
        _ => Ok(()),
    }
}

/// What TCP or UDP carries in a packet that is whole and summed.
fn upper_payload(octets: &[u8]) -> Result<&[u8], Broken> {
    let packet = Packet::parse(octets).map_err(|error| Broken(error.to_string()))?;
    let ip = octets.get(..packet.header_len()).unwrap_or_default();
    let (source, destination) = (packet.source, packet.destination);
    let sum = transport_checksum(source, destination, packet.protocol, packet.payload);
    let whole = packet.total_len() == octets.len();
    let summed = packet.source.is_ipv6() || checksum(ip) == 0;
    law(whole && summed && sum == 0, "right lengths and checksums")?;
    let header = match packet.payload.get(12) {
        Some(offset) if packet.protocol == 6 => usize::from(offset >> 4) * 4,
        _ => 8,
    };
    let payload = packet.payload.get(header..);
    payload.ok_or_else(|| Broken("a whole header".to_owned()))
}

fn law(holds: bool, what: &str) -> Result<(), Broken> {
    holds.then_some(()).ok_or_else(|| Broken(what.to_owned()))
}
