//! Captures as files: classic pcap, microseconds, little-endian
//! (draft-ietf-opsawg-pcap, "PCAP Capture File Format").

use std::io::{self, Write};
use std::time::Duration;

/// Octets of a frame at most.
pub const SNAP_LENGTH: usize = 65_535;

/// What a frame begins with (LINKTYPE_ values of the registry at tcpdump.org).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    Ethernet = 1,
    /// IPv4 or IPv6, by the first four bits.
    RawIp = 101,
}

pub fn write_head(to: &mut impl Write, link: Link) -> io::Result<()> {
    let head = [
        0xa1b2_c3d4,
        0x0004_0002,
        0,
        0,
        SNAP_LENGTH as u32,
        link as u32,
    ];
    write_words(to, &head)
}

/// One frame, and when it was seen since 1970, UTC.
pub fn write_frame(to: &mut impl Write, unix: Duration, octets: &[u8]) -> io::Result<()> {
    let length = octets.len() as u32;
    let seconds = unix.as_secs() as u32;
    write_words(to, &[seconds, unix.subsec_micros(), length, length])?;
    to.write_all(octets)
}

fn write_words(to: &mut impl Write, words: &[u32]) -> io::Result<()> {
    let mut words = words.iter();
    words.try_for_each(|word| to.write_all(&word.to_le_bytes()))
}
