//! Packets that come as one.

/// An IP packet, or a super-packet in the place of several that have all selectors, the type of service and the flags of
/// fragmentation in common. None of them is in memory yet.
pub trait Segments {
    /// Begins with the headers that the packets have in common.
    fn whole(&self) -> &[u8];

    /// How many packets it stands for.
    fn count(&self) -> usize;

    /// Octets of the packet with that number, from 0 on; nothing where there is none.
    fn length(&self, number: usize) -> Option<usize>;

    /// Writes the packet with that number over as many octets as it has.
    fn write(&self, number: usize, packet: &mut [u8]);
}

/// One packet, as it is.
impl Segments for &[u8] {
    fn whole(&self) -> &[u8] {
        self
    }

    fn count(&self) -> usize {
        1
    }

    fn length(&self, number: usize) -> Option<usize> {
        let packet = super::Packet::parse(self).ok();
        packet
            .filter(|_| number == 0)
            .map(|packet| packet.total_len())
    }

    fn write(&self, _: usize, packet: &mut [u8]) {
        if let Some(octets) = self.get(..packet.len()) {
            packet.copy_from_slice(octets);
        }
    }
}
