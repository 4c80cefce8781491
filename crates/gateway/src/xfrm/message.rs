//! Messages of the XFRM netlink family, as `linux/xfrm.h` lays them out: written into memory that is
//! wiped, read with checks. Numbers are in the machine's order, but for SPIs and ports.

use std::fmt;
use std::net::IpAddr;
use zeroize::Zeroizing;

pub const NEWSA: u16 = 0x10;
pub const DELSA: u16 = 0x11;
pub const GETSA: u16 = 0x12;
pub const DELPOLICY: u16 = 0x14;
pub const GETPOLICY: u16 = 0x15;
pub const ACQUIRE: u16 = 0x17;
pub const EXPIRE: u16 = 0x18;
pub const UPDPOLICY: u16 = 0x19;
pub const MAPPING: u16 = 0x26;

pub const A_ALG_CRYPT: u16 = 2;
pub const A_ENCAP: u16 = 4;
pub const A_TMPL: u16 = 5;
pub const A_REPLAY_VAL: u16 = 10;
pub const A_ALG_AEAD: u16 = 18;
pub const A_ALG_AUTH_TRUNC: u16 = 20;
pub const A_MARK: u16 = 21;
pub const A_REPLAY_ESN_VAL: u16 = 23;
pub const A_OFFLOAD_DEV: u16 = 28;
pub const A_SET_MARK: u16 = 29;

pub const AF_INET: u16 = 2;
pub const AF_INET6: u16 = 10;
pub const ESP: u8 = 50;
/// `XFRM_MODE_TUNNEL`.
pub const TUNNEL: u8 = 1;

/// `struct nlmsghdr`.
pub const HEADER: usize = 16;
/// A message of ours with the longest keys and the widest window is shorter, so that growing never
/// leaves a copy of keys behind.
const ROOM: usize = 2048;

/// A request to the kernel. It may hold keys: wiped when dropped, and not shown.
pub struct Message {
    octets: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, length) = (self.kind(), self.octets.len());
        write!(f, "Message({kind:#x}, {length} octets)")
    }
}

impl Message {
    pub fn new(kind: u16) -> Self {
        let mut octets = Zeroizing::new(Vec::with_capacity(ROOM));
        octets.extend_from_slice(&[0; 4]);
        octets.extend_from_slice(&kind.to_ne_bytes());
        octets.extend_from_slice(&[0; HEADER - 6]);
        Self { octets }
    }

    pub fn kind(&self) -> u16 {
        Reader(&self.octets).u16(4).unwrap_or_default()
    }

    pub fn u8(&mut self, value: u8) -> &mut Self {
        self.raw(&[value])
    }

    pub fn u16(&mut self, value: u16) -> &mut Self {
        self.raw(&value.to_ne_bytes())
    }

    pub fn be16(&mut self, value: u16) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    pub fn u32(&mut self, value: u32) -> &mut Self {
        self.raw(&value.to_ne_bytes())
    }

    pub fn be32(&mut self, value: u32) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    pub fn u64(&mut self, value: u64) -> &mut Self {
        self.raw(&value.to_ne_bytes())
    }

    /// `xfrm_address_t`: 16 octets, whichever family.
    pub fn address(&mut self, address: IpAddr) -> &mut Self {
        match address {
            IpAddr::V4(v4) => self.raw(&v4.octets()).zeros(12),
            IpAddr::V6(v6) => self.raw(&v6.octets()),
        }
    }

    pub fn zeros(&mut self, count: usize) -> &mut Self {
        let length = self.octets.len();
        self.octets.resize(length + count, 0);
        self
    }

    pub fn raw(&mut self, octets: &[u8]) -> &mut Self {
        self.octets.extend_from_slice(octets);
        self
    }

    /// An attribute: `fill` writes what is in it.
    pub fn attribute(&mut self, kind: u16, fill: impl FnOnce(&mut Self)) -> &mut Self {
        let start = self.octets.len();
        self.u16(0).u16(kind);
        fill(self);
        let length = u16::try_from(self.octets.len() - start).unwrap_or(u16::MAX);
        if let Some(field) = self.octets.get_mut(start..start + 2) {
            field.copy_from_slice(&length.to_ne_bytes());
        }
        self.pad()
    }

    fn pad(&mut self) -> &mut Self {
        let missing = self.octets.len().next_multiple_of(4) - self.octets.len();
        self.zeros(missing)
    }

    /// Ready to be sent.
    pub fn finish(&mut self, flags: u16, sequence: u32) -> &[u8] {
        let length = u32::try_from(self.octets.len()).unwrap_or(u32::MAX);
        if let Some(field) = self.octets.get_mut(..4) {
            field.copy_from_slice(&length.to_ne_bytes());
        }
        if let Some(field) = self.octets.get_mut(6..8) {
            field.copy_from_slice(&flags.to_ne_bytes());
        }
        if let Some(field) = self.octets.get_mut(8..12) {
            field.copy_from_slice(&sequence.to_ne_bytes());
        }
        &self.octets
    }
}

pub fn family(address: IpAddr) -> u16 {
    match address {
        IpAddr::V4(_) => AF_INET,
        IpAddr::V6(_) => AF_INET6,
    }
}

/// Reads fields at their places; what isn't there is `None`.
#[derive(Clone, Copy)]
pub struct Reader<'b>(pub &'b [u8]);

impl<'b> Reader<'b> {
    fn array<const N: usize>(self, at: usize) -> Option<[u8; N]> {
        self.0.get(at..at.checked_add(N)?)?.try_into().ok()
    }

    pub fn u8(self, at: usize) -> Option<u8> {
        self.0.get(at).copied()
    }

    pub fn u16(self, at: usize) -> Option<u16> {
        self.array(at).map(u16::from_ne_bytes)
    }

    pub fn be16(self, at: usize) -> Option<u16> {
        self.array(at).map(u16::from_be_bytes)
    }

    pub fn u32(self, at: usize) -> Option<u32> {
        self.array(at).map(u32::from_ne_bytes)
    }

    pub fn be32(self, at: usize) -> Option<u32> {
        self.array(at).map(u32::from_be_bytes)
    }

    pub fn u64(self, at: usize) -> Option<u64> {
        self.array(at).map(u64::from_ne_bytes)
    }

    pub fn address(self, at: usize, family: u16) -> Option<IpAddr> {
        match family {
            AF_INET => self.array::<4>(at).map(IpAddr::from),
            AF_INET6 => self.array::<16>(at).map(IpAddr::from),
            _ => None,
        }
    }

    /// Kind and content of each attribute from there on.
    pub fn attributes(self, at: usize) -> impl Iterator<Item = (u16, &'b [u8])> {
        let mut rest = self.0.get(at..).unwrap_or_default();
        std::iter::from_fn(move || {
            let length = usize::from(Reader(rest).u16(0)?);
            let kind = Reader(rest).u16(2)?;
            let content = rest.get(4..length)?;
            rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
            Some((kind, content))
        })
    }

    /// The value of a mark, which is followed by its mask.
    pub fn mark(self, at: usize) -> Option<u32> {
        let mark = self.attributes(at).find(|(kind, _)| *kind == A_MARK);
        Reader(mark?.1).u32(0)
    }
}

/// Kind, sequence number and body of each message of a datagram.
pub fn split(octets: &[u8]) -> impl Iterator<Item = (u16, u32, &[u8])> {
    let mut rest = octets;
    std::iter::from_fn(move || {
        let header = Reader(rest);
        let length = usize::try_from(header.u32(0)?).ok()?;
        let (kind, sequence) = (header.u16(4)?, header.u32(8)?);
        let body = rest.get(HEADER..length)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, sequence, body))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_short_anywhere_ends_the_reading_and_nothing_else() {
        let mut message = Message::new(ACQUIRE);
        message.zeros(280).attribute(A_MARK, |m| {
            m.u32(7).u32(u32::MAX);
        });
        message.attribute(A_SET_MARK, |m| {
            m.u32(9);
        });
        let whole = message.finish(0, 5).to_vec();
        for end in 0..whole.len() {
            assert_eq!(split(&whole[..end]).count(), 0, "{end}");
            let body = whole.get(HEADER..end).unwrap_or_default();
            assert!(Reader(body).attributes(280).count() < 2, "{end}");
        }
        let (kind, sequence, body) = split(&whole).next().expect("one");
        assert_eq!((kind, sequence), (ACQUIRE, 5));
        assert_eq!(Reader(body).mark(280), Some(7));
        // A length of zero would be read for ever.
        assert_eq!(split(&[0; 64]).count(), 0);
        assert_eq!(Reader(&[0; 64]).attributes(0).count(), 0);
    }

    #[test]
    fn the_kernels_keys_are_not_shown() {
        let mut message = Message::new(NEWSA);
        message.raw(b"key of the laboratory");
        assert_eq!(format!("{message:?}"), "Message(0x10, 37 octets)");
    }
}
