//! A reader of pcap and pcapng files, as far as our captures need it: packets in file order with their link type.
//! A file that breaks off gives the packets before that.

/// One captured frame.
pub struct Frame {
    pub link: u32,
    pub bytes: Vec<u8>,
}

pub fn read(name: &str) -> Vec<Frame> {
    let bytes = std::fs::read(super::data(name)).unwrap();
    match bytes.first_chunk::<4>().unwrap() {
        [0x0a, 0x0d, 0x0d, 0x0a] => read_pcapng(&bytes),
        [0xd4, 0xc3, 0xb2, 0xa1] => read_pcap(&bytes, u32::from_le_bytes),
        [0xa1, 0xb2, 0xc3, 0xd4] => read_pcap(&bytes, u32::from_be_bytes),
        magic => panic!("{name}: expected a capture, found {magic:02x?}"),
    }
}

impl Frame {
    /// The IP packet inside, whatever it looks like.
    pub fn ip(&self) -> Option<&[u8]> {
        const NULL: u32 = 0;
        const ETHERNET: u32 = 1;
        const RAW: [u32; 3] = [12, 14, 101];
        match self.link {
            NULL => self.bytes.get(4..),
            ETHERNET => match self.bytes.get(12..14)? {
                [0x08, 0x00] | [0x86, 0xdd] => self.bytes.get(14..),
                _ => None,
            },
            link if RAW.contains(&link) => Some(&self.bytes),
            link => panic!("link type {link}"),
        }
    }
}

type ReadU32 = fn([u8; 4]) -> u32;

fn u32_at(bytes: &[u8], at: usize, read: ReadU32) -> Option<u32> {
    bytes
        .get(at..)?
        .first_chunk::<4>()
        .map(|field| read(*field))
}

fn read_pcap(bytes: &[u8], read: ReadU32) -> Vec<Frame> {
    // The upper bits tell of check sequences.
    let link = u32_at(bytes, 20, read).unwrap() & 0xffff;
    let mut rest = &bytes[24..];
    let mut frames = Vec::new();
    while let Some(length) = u32_at(rest, 8, read) {
        let end = rest.len().min(16 + length as usize);
        frames.push(Frame {
            link,
            bytes: rest[16..end].to_vec(),
        });
        rest = &rest[end..];
    }
    frames
}

fn read_pcapng(bytes: &[u8]) -> Vec<Frame> {
    let read: ReadU32 = match bytes[8..12] {
        [0x4d, 0x3c, 0x2b, 0x1a] => u32::from_le_bytes,
        _ => u32::from_be_bytes,
    };
    let (mut rest, mut link, mut frames) = (bytes, 0, Vec::new());
    while let (Some(kind), Some(length)) = (u32_at(rest, 0, read), u32_at(rest, 4, read)) {
        let length = (length as usize).clamp(12, rest.len());
        let block = &rest[..length];
        match kind {
            1 => link = u32_at(block, 8, read).unwrap() & 0xffff,
            6 => frames.extend(enhanced_packet(block, link, read)),
            _ => {}
        }
        rest = &rest[length..];
    }
    frames
}

fn enhanced_packet(block: &[u8], link: u32, read: ReadU32) -> Option<Frame> {
    let length = u32_at(block, 20, read)? as usize;
    let end = block.len().min(28 + length);
    Some(Frame {
        link,
        bytes: block.get(28..end)?.to_vec(),
    })
}
