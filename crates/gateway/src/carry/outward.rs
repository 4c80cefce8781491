//! From the TUNs to the sockets: packets that the kernel has routed into a tunnel, sealed and sent
//! a batch at a time.

use super::Carrier;
use crate::raw::{self, BATCH_MAX};
use crate::sockets::{Endpoint, Marks, Port};
use crate::trains;
use crate::tun;
use arrayvec::ArrayVec;
use crossgate_esp::{Answer, Batch, SealOutput, Sealed};
use crossgate_model::Time;
use crossgate_model::view::Encapsulation;
use crossgate_offload::Reads;
use std::io::{self, IoSlice};
use std::net::SocketAddr;

/// Packets or super-packets read from one TUN before others have their turn.
const READS_MAX: usize = 64;
/// Octets after which a batch ends: about what a train each of a few flows takes.
const BATCH_OCTETS: usize = 4 * 65_536;

/// Memory that is used again for each batch; it takes none before the first.
#[derive(Default)]
pub(super) struct Outward {
    reads: Reads,
    sealed: SealOutput,
}

impl Outward {
    /// Takes a batch by reads that give how many octets they read, or that there is nothing.
    fn fill(&mut self, mut read: impl FnMut(&mut [u8]) -> io::Result<Option<usize>>) -> Filled {
        self.reads.clear();
        let mut filled = Filled::default();
        for _ in 0..READS_MAX {
            if self.reads.octets() >= BATCH_OCTETS {
                break;
            }
            match read(self.reads.room()) {
                Ok(Some(length)) => filled.unusable += usize::from(!self.reads.keep(length)),
                Ok(None) => break,
                Err(error) => {
                    filled.failed = Some(error);
                    break;
                }
            }
        }
        filled
    }
}

/// What came of filling a batch.
#[derive(Debug, Default)]
struct Filled {
    /// Reads that were not what their header says.
    unusable: usize,
    /// Why no more was read.
    failed: Option<io::Error>,
}

/// Takes what the kernel has routed into a tunnel, seals and sends it.
pub fn send_from_tun(carrier: &mut impl Carrier, index: usize) {
    let now = carrier.now();
    let mut outward = std::mem::take(&mut carrier.buffers().outward);
    let mut filled = Filled::default();
    if let Some(queue) = carrier.queue(index) {
        filled = outward.fill(|room| queue.read(room));
        let interface = queue.interface.clone();
        if !carrier.passes_on(index, &mut outward.reads)
            && let Some(plane) = carrier.plane()
        {
            let reads = outward.reads.iter();
            plane.seal(now, interface.as_deref(), reads, &mut outward.sealed);
        }
    }
    carrier.count_many("tun-read-unusable", filled.unusable);
    send_sealed(carrier, &mut outward.sealed);
    carrier.buffers().outward = outward;
    match filled.failed {
        Some(error) if tun::is_gone(&error) => carrier.device_gone(index),
        Some(_) => carrier.count("tun-read-failed"),
        None => {}
    }
    carrier.heed_notices(now);
}

/// Seals and sends what another thread has read.
pub fn send(carrier: &mut impl Carrier, interface: Option<&str>, reads: &Reads) {
    let now = carrier.now();
    let mut sealed = std::mem::take(&mut carrier.buffers().outward.sealed);
    if let Some(plane) = carrier.plane() {
        plane.seal(now, interface, reads.iter(), &mut sealed);
    }
    send_sealed(carrier, &mut sealed);
    carrier.buffers().outward.sealed = sealed;
    carrier.heed_notices(now);
}

/// Shows peers that we have these pairs.
pub fn send_dummies(carrier: &mut impl Carrier, spis: impl Iterator<Item = u32>) {
    let mut sealed = std::mem::take(&mut carrier.buffers().outward.sealed);
    if let Some(plane) = carrier.plane() {
        spis.for_each(|spi_in| plane.seal_dummy(spi_in, &mut sealed));
    }
    send_sealed(carrier, &mut sealed);
    carrier.buffers().outward.sealed = sealed;
}

/// Sends the packets that waited for an SA which is there now.
pub fn release(carrier: &mut impl Carrier, now: Time) {
    let mut sealed = std::mem::take(&mut carrier.buffers().outward.sealed);
    if let Some(plane) = carrier.plane() {
        plane.release(now, &mut sealed);
    }
    send_sealed(carrier, &mut sealed);
    carrier.buffers().outward.sealed = sealed;
}

fn send_sealed(carrier: &mut impl Carrier, sealed: &mut SealOutput) {
    let mut next = 0;
    while let Some((meta, _)) = sealed.sealed.get(next) {
        let endpoint = carrier.endpoint(meta.path.local);
        let (count, failed) = match meta.path.encapsulation {
            Encapsulation::Esp => {
                let packets = raw_packets(&sealed.sealed, next);
                let failed = endpoint.map(|endpoint| endpoint.send_raw(&packets, meta.df));
                (packets.len(), failed)
            }
            Encapsulation::Udp { remote_port, .. } => {
                let train = train(&sealed.sealed, next);
                let together = sealed.sealed.together(next..next + train.len());
                let failed = endpoint
                    .map(|endpoint| send_train(endpoint, meta, remote_port, &train, together));
                (train.len(), failed)
            }
        };
        next += count;
        match failed {
            Some(failed) => carrier.count_many("esp-send-failed", failed),
            None => carrier.count_many("no-local-address", count),
        }
    }
    for (meta, packet) in sealed.answers.iter() {
        answer(carrier, meta, packet);
    }
    sealed.clear();
}

/// Sends an answer of ours; one that is not from an address of ours is handed to the kernel by
/// the device that the question came in by.
fn answer(carrier: &mut impl Carrier, meta: &Answer, packet: &[u8]) {
    if meta.is_ours {
        if carrier.buffers().answers.send(packet).is_err() {
            carrier.count("answer-send-failed");
        }
        return;
    }
    match carrier.queue_of(meta.interface.as_deref()) {
        Some(queue) => {
            if queue.write(packet).is_err() {
                carrier.count("tun-write-failed");
            }
        }
        None => carrier.count("no-tunnel-device"),
    }
}

/// The packets, from that number on, that one system call sends as ESP itself: from one address to
/// one peer, with DF or without. At least one, where there is one.
fn raw_packets(packets: &Batch<Sealed>, number: usize) -> ArrayVec<raw::Packet<'_>, BATCH_MAX> {
    let all = (number..).map_while(|number| packets.get(number));
    let mut first = None;
    let alike = all.take_while(|(meta, _)| {
        let first = *first.get_or_insert((meta.path, meta.df));
        (meta.path, meta.df) == first
    });
    let packets = alike.map(|(meta, octets)| raw::Packet {
        to: SocketAddr::new(meta.path.remote, 0),
        tos: meta.tos,
        octets,
    });
    packets.take(BATCH_MAX).collect()
}

/// Datagrams that are sent as one.
type Train<'b> = ArrayVec<IoSlice<'b>, { trains::LENGTH_MAX }>;

/// The packets, from that number on, that are datagrams of one train: in UDP, of one SA, one path,
/// type of service and DF, and of one length but for a shorter last one. At least one, where there is one.
///
/// The peer may have several threads, of which one gets the whole train, by the SPI of its first.
fn train(packets: &Batch<Sealed>, number: usize) -> Train<'_> {
    let mut train = Train::new();
    let mut all = (number..).map_while(|number| packets.get(number));
    let Some((first, packet)) = all.next() else {
        return train;
    };
    train.push(IoSlice::new(packet));
    let mut octets = packet.len();
    for (meta, next) in all {
        octets += next.len();
        let joins = (meta.spi_in, meta.path) == (first.spi_in, first.path)
            && (meta.tos, meta.df) == (first.tos, first.df)
            && next.len() <= packet.len()
            && !train.is_full()
            && octets <= trains::OCTETS_MAX;
        if !joins {
            break;
        }
        train.push(IoSlice::new(next));
        if next.len() < packet.len() {
            break;
        }
    }
    train
}

/// Gives how many packets could not be sent. The kernel takes them faster from one piece of memory.
fn send_train(
    endpoint: &Endpoint,
    meta: &Sealed,
    port: u16,
    train: &[IoSlice<'_>],
    together: Option<&[u8]>,
) -> usize {
    let to = SocketAddr::new(meta.path.remote, port);
    let marks = Marks {
        tos: meta.tos,
        df: meta.df,
    };
    let segment = train.first().map(|packet| packet.len());
    if let Some(segment) = segment.and_then(|length| u16::try_from(length).ok())
        && train.len() > 1
    {
        let together = together.map(|octets| [IoSlice::new(octets)]);
        let parts = together.as_ref().map_or(train, <[_; 1]>::as_slice);
        let sent = endpoint.send_parts(Port::Nat, to, parts, Some(segment), marks);
        // Not where the path needs outer fragments, or the device can't: they go one by one.
        match sent {
            Ok(()) => return 0,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return train.len(),
            Err(_) => {}
        }
    }
    let failed = |packet: &&IoSlice<'_>| {
        let parts = [**packet];
        endpoint
            .send_parts(Port::Nat, to, &parts, None, marks)
            .is_err()
    };
    train.iter().filter(failed).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossgate_offload::{Checksum, Header, Segmentation};
    use crossgate_wire::ip::{Segments, Udp};

    /// Good ones stand between them, so that one that is refused is seen to spoil no other.
    #[test]
    fn reads_that_are_not_what_their_header_says_are_counted_and_leave_nothing() {
        let udp = Udp {
            source_port: 1,
            destination_port: 2,
            payload: &[7; 3000],
        };
        let packet = udp.build([10, 1, 0, 1].into(), [10, 2, 0, 1].into());
        let packet = packet.expect("a packet");
        let train = Header {
            checksum: Some(Checksum {
                start: 20,
                offset: 6,
            }),
            segmentation: Some(Segmentation::Udp),
            header_len: 28,
            segment_len: 1000,
        };
        let read = |header: Header, octets: &[u8]| [&header.to_bytes()[..], octets].concat();
        let good = read(Header::default(), &packet);
        let no_segments = Header {
            segment_len: 0,
            ..train
        };
        let other_kind = Header {
            segmentation: Some(Segmentation::Tcp4 { ecn: false }),
            ..train
        };
        let sum_outside = Header {
            checksum: Some(Checksum {
                start: 20,
                offset: u16::MAX,
            }),
            segmentation: None,
            ..train
        };
        let mut unknown_kind = good.clone();
        unknown_kind[1] = 0x7f;
        let bad = [
            vec![],
            good[..Header::LEN - 1].to_vec(),
            read(train, &packet[..2000]),
            read(train, &packet[..19]),
            read(no_segments, &packet),
            read(other_kind, &packet),
            read(sum_outside, &packet),
            unknown_kind,
        ];
        let mut reads = bad.iter().flat_map(|bad| [bad, &good]);
        let mut outward = Outward::default();
        let filled = outward.fill(|room| {
            Ok(reads.next().map(|read| {
                room[..read.len()].copy_from_slice(read);
                read.len()
            }))
        });
        assert!(filled.failed.is_none());
        assert_eq!(filled.unusable, bad.len());
        let kept: Vec<_> = outward.reads.iter().collect();
        let kept: Vec<&[u8]> = kept.iter().map(Segments::whole).collect();
        assert_eq!(kept, vec![packet.as_slice(); bad.len()]);
    }

    #[test]
    fn what_was_read_before_a_failure_is_kept() {
        let mut outward = Outward::default();
        let mut reads = 0;
        let filled = outward.fill(|room| {
            reads += 1;
            room[..Header::LEN + 20].fill(0);
            match reads {
                1 => Ok(Some(Header::LEN + 20)),
                _ => Err(io::ErrorKind::BrokenPipe.into()),
            }
        });
        assert!(filled.failed.is_some());
        assert_eq!((reads, outward.reads.packets()), (2, 1));
    }
}
