//! The header before each packet of a TUN device with `IFF_VNET_HDR`.

use std::fmt;

/// `struct virtio_net_hdr` of linux/virtio_net.h, in the machine's byte order.
///
/// ```text
///  0       1          2            4            6            8
/// | flags | GSO type | header len | segment len| csum start | csum offset |
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Where in the transport header the checksum is still to be made; `None` if it is complete.
    pub checksum: Option<Checksum>,
    pub segmentation: Option<Segmentation>,
    /// Octets of all headers, which each segment repeats. A hint only; zero without segmentation.
    pub header_len: u16,
    /// Octets of payload of each segment but the last; zero without segmentation.
    pub segment_len: u16,
}

/// A checksum that covers all from `start` on. In its place stands the sum of the pseudo-header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checksum {
    /// Octets from the start of the IP header.
    pub start: u16,
    /// Octets from `start`.
    pub offset: u16,
}

/// What a super-packet is to be cut as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segmentation {
    /// With ECN's CWR in the first segment only.
    Tcp4 {
        ecn: bool,
    },
    Tcp6 {
        ecn: bool,
    },
    /// Datagrams of the same length, of either family.
    Udp,
}

/// A header that no kernel which we asked for these offloads writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderError {
    Truncated { found: usize },
    UnknownSegmentation { found: u8 },
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { found } => {
                let expected = Header::LEN;
                write!(
                    f,
                    "virtio_net_hdr: expected {expected} octets, found {found}"
                )
            }
            Self::UnknownSegmentation { found } => write!(
                f,
                "virtio_net_hdr: expected a GSO type of TCP or UDP_L4, found {found:#04x}"
            ),
        }
    }
}

impl std::error::Error for HeaderError {}

const NEEDS_CHECKSUM: u8 = 1;

const GSO_NONE: u8 = 0;
const GSO_TCP4: u8 = 1;
const GSO_TCP6: u8 = 4;
const GSO_UDP: u8 = 5;
const GSO_ECN: u8 = 0x80;

impl Header {
    pub const LEN: usize = 10;

    /// Reads the header at the start of what a TUN gave, and what is behind it.
    pub fn parse(octets: &[u8]) -> Result<(Self, &[u8]), HeaderError> {
        let found = octets.len();
        let (header, packet) = octets
            .split_first_chunk::<{ Self::LEN }>()
            .ok_or(HeaderError::Truncated { found })?;
        let [flags, kind, a, b, c, d, e, f, g, h] = *header;
        let segmentation = match kind & !GSO_ECN {
            GSO_NONE => None,
            GSO_TCP4 => Some(Segmentation::Tcp4 {
                ecn: kind & GSO_ECN != 0,
            }),
            GSO_TCP6 => Some(Segmentation::Tcp6 {
                ecn: kind & GSO_ECN != 0,
            }),
            GSO_UDP => Some(Segmentation::Udp),
            _ => return Err(HeaderError::UnknownSegmentation { found: kind }),
        };
        let checksum = (flags & NEEDS_CHECKSUM != 0).then_some(Checksum {
            start: u16::from_ne_bytes([e, f]),
            offset: u16::from_ne_bytes([g, h]),
        });
        let read = Self {
            checksum,
            segmentation,
            header_len: u16::from_ne_bytes([a, b]),
            segment_len: u16::from_ne_bytes([c, d]),
        };
        Ok((read, packet))
    }

    pub fn to_bytes(self) -> [u8; Self::LEN] {
        let kind = match self.segmentation {
            None => GSO_NONE,
            Some(Segmentation::Tcp4 { ecn }) => GSO_TCP4 | if ecn { GSO_ECN } else { 0 },
            Some(Segmentation::Tcp6 { ecn }) => GSO_TCP6 | if ecn { GSO_ECN } else { 0 },
            Some(Segmentation::Udp) => GSO_UDP,
        };
        let flags = if self.checksum.is_some() {
            NEEDS_CHECKSUM
        } else {
            0
        };
        let (start, offset) = self.checksum.map_or((0, 0), |sum| (sum.start, sum.offset));
        let [a, b] = self.header_len.to_ne_bytes();
        let [c, d] = self.segment_len.to_ne_bytes();
        let [e, f] = start.to_ne_bytes();
        let [g, h] = offset.to_ne_bytes();
        [flags, kind, a, b, c, d, e, f, g, h]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let segmentations = [
            None,
            Some(Segmentation::Tcp4 { ecn: false }),
            Some(Segmentation::Tcp4 { ecn: true }),
            Some(Segmentation::Tcp6 { ecn: true }),
            Some(Segmentation::Udp),
        ];
        for segmentation in segmentations {
            for checksum in [
                None,
                Some(Checksum {
                    start: 20,
                    offset: 16,
                }),
            ] {
                let header = Header {
                    checksum,
                    segmentation,
                    header_len: 52,
                    segment_len: 1348,
                };
                let octets = [header.to_bytes().as_slice(), b"packet"].concat();
                assert_eq!(Header::parse(&octets), Ok((header, b"packet".as_slice())));
            }
        }
    }

    #[test]
    fn the_layout_is_that_of_linux() {
        let header = Header {
            checksum: Some(Checksum {
                start: 0x0102,
                offset: 0x0304,
            }),
            segmentation: Some(Segmentation::Tcp6 { ecn: true }),
            header_len: 0x0506,
            segment_len: 0x0708,
        };
        let mut expected = vec![1, 0x84];
        for field in [0x0506_u16, 0x0708, 0x0102, 0x0304] {
            expected.extend_from_slice(&field.to_ne_bytes());
        }
        assert_eq!(header.to_bytes().as_slice(), expected);
    }

    #[test]
    fn what_was_not_asked_for_is_refused() {
        assert_eq!(
            Header::parse(&[0; 9]),
            Err(HeaderError::Truncated { found: 9 })
        );
        let mut ufo = [0; 10];
        ufo[1] = 3;
        assert_eq!(
            Header::parse(&ufo),
            Err(HeaderError::UnknownSegmentation { found: 3 })
        );
    }
}
