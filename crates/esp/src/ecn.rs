//! Congestion marks that meet the end of a tunnel (RFC 6040 §4.2).

/// The mark's place in the type of service and in the traffic class.
const ECN: u8 = 0b11;
const NOT_CAPABLE: u8 = 0b00;
const CAPABLE_1: u8 = 0b01;
const CONGESTED: u8 = 0b11;

/// The mark in a type of service or traffic class.
pub(crate) fn of(tos: u8) -> u8 {
    tos & ECN
}

/// What the inner packet's mark becomes for that of the outer header (figure 4); None where the
/// packet must be dropped, since its sender could not be told of the congestion.
pub(crate) fn decapsulated(inner_tos: u8, outer_tos: u8) -> Option<u8> {
    match (of(inner_tos), of(outer_tos)) {
        (NOT_CAPABLE, CONGESTED) => None,
        (NOT_CAPABLE, _) => Some(NOT_CAPABLE),
        (_, CONGESTED) | (CONGESTED, _) => Some(CONGESTED),
        (_, CAPABLE_1) => Some(CAPABLE_1),
        (inner, _) => Some(inner),
    }
}

/// Writes the mark into an IP packet, and corrects an IPv4 header's checksum (RFC 1624 §3).
pub(crate) fn set(packet: &mut [u8], mark: u8) {
    match packet {
        [first, tos, _, _, _, _, _, _, _, _, high, low, ..] if *first >> 4 == 4 => {
            let old = u16::from_be_bytes([*first, *tos]);
            *tos = *tos & !ECN | mark;
            let new = u16::from_be_bytes([*first, *tos]);
            let sum = u16::from_be_bytes([*high, *low]);
            [*high, *low] = replaced(sum, old, new).to_be_bytes();
        }
        // The traffic class is the four bits behind the version and the four after; the mark is in
        // the latter.
        [first, second, ..] if *first >> 4 == 6 => {
            *second = *second & !(ECN << 4) | mark << 4;
        }
        _ => {}
    }
}

fn replaced(sum: u16, old: u16, new: u16) -> u16 {
    let total = u32::from(!sum) + u32::from(!old) + u32::from(new);
    let folded = (total >> 16) + (total & 0xffff);
    let folded = (folded >> 16) + (folded & 0xffff);
    // Below 2^16 after two folds.
    !(folded as u16)
}
