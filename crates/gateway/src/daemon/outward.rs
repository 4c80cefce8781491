//! From the TUNs to the sockets: packets that the kernel has routed into a tunnel, sealed and sent
//! a batch at a time.

use super::Daemon;
use crate::sockets::{Endpoint, Marks, Port};
use crate::trains;
use crate::tun::{READ_MAX, Tun};
use crossgate_esp::{Answer, SealOutput, Sealed};
use crossgate_model::view::Encapsulation;
use crossgate_offload::{Header, Packets, split};
use std::io::{self, IoSlice};
use std::net::SocketAddr;

/// Packets or super-packets read from one TUN before others have their turn.
const READS_MAX: usize = 64;
/// Octets after which a batch ends: about what a train each of a few flows takes.
const BATCH_OCTETS: usize = 4 * 65_536;

/// Memory that is used again for each batch.
pub(super) struct Outward {
    read: Vec<u8>,
    packets: Packets,
    pub(super) sealed: SealOutput,
}

impl Default for Outward {
    fn default() -> Self {
        Self {
            read: vec![0; READ_MAX],
            packets: Packets::default(),
            sealed: SealOutput::default(),
        }
    }
}

impl Outward {
    /// Reads a batch. Gives how many reads were not what their header says.
    fn fill(&mut self, tun: &Tun) -> io::Result<usize> {
        self.packets.clear();
        let mut unusable = 0;
        for _ in 0..READS_MAX {
            if self.packets.octets() >= BATCH_OCTETS {
                break;
            }
            let Some(read) = tun.read(&mut self.read)? else {
                break;
            };
            let whole = match Header::parse(read) {
                Ok((header, packet)) => split(&header, packet, &mut self.packets).is_ok(),
                Err(_) => false,
            };
            unusable += usize::from(!whole);
        }
        Ok(unusable)
    }
}

impl Daemon {
    /// Takes what the kernel has routed into a tunnel, seals and sends it.
    pub(super) fn send_from_tun(&mut self, index: usize) {
        let now = self.now();
        let mut outward = std::mem::take(&mut self.outward);
        if let Some(tun) = self.machine.tuns.get(index) {
            let (failed, unusable) = match outward.fill(tun) {
                Ok(unusable) => (0, unusable),
                Err(_) => (1, 0),
            };
            let interface = tun.tunnel.interface.as_deref();
            let packets = outward.packets.iter();
            if let Some(esp) = self.plane.user() {
                esp.seal(now, interface, packets, &mut outward.sealed);
            }
            self.count_many("tun-read-failed", failed);
            self.count_many("tun-read-unusable", unusable);
        }
        self.send_sealed(&mut outward.sealed);
        self.outward = outward;
        self.heed_notices(now);
    }

    pub(super) fn send_sealed(&mut self, sealed: &mut SealOutput) {
        let packets: Vec<(&Sealed, &[u8])> = sealed.sealed.iter().collect();
        let mut rest = packets.as_slice();
        while let Some((meta, _)) = rest.first() {
            let (train, behind) = rest.split_at(train_length(rest));
            rest = behind;
            match self.machine.endpoint(meta.path.local) {
                Some(endpoint) => {
                    let failed = send_train(endpoint, meta, train);
                    self.count_many("esp-send-failed", failed);
                }
                None => self.count_many("no-local-address", train.len()),
            }
        }
        for (meta, packet) in sealed.answers.iter() {
            self.answer(meta, packet);
        }
        sealed.clear();
    }

    /// Sends an answer of ours; one that is not from an address of ours is handed to the kernel by
    /// the device that the question came in by.
    fn answer(&mut self, meta: &Answer, packet: &[u8]) {
        if meta.is_ours {
            if self.answers.send(packet).is_err() {
                self.count("answer-send-failed");
            }
            return;
        }
        let mut tuns = self.machine.tuns.iter();
        match tuns.find(|tun| tun.tunnel.interface.as_deref() == meta.interface.as_deref()) {
            Some(tun) if tun.write(packet).is_ok() => {}
            Some(_) => self.count("tun-write-failed"),
            None => self.count("no-tunnel-device"),
        }
    }
}

/// How many packets, from the first on, are datagrams of one train: of one path, type of
/// service and DF, and of one length but for a shorter last one.
fn train_length(packets: &[(&Sealed, &[u8])]) -> usize {
    let Some(((first, packet), behind)) = packets.split_first() else {
        return 0;
    };
    if !matches!(first.path.encapsulation, Encapsulation::Udp { .. }) {
        return 1;
    }
    let (mut length, mut octets) = (1, packet.len());
    for (meta, next) in behind {
        octets += next.len();
        let joins = meta.path == first.path
            && (meta.tos, meta.df) == (first.tos, first.df)
            && next.len() <= packet.len()
            && length < trains::LENGTH_MAX
            && octets <= trains::OCTETS_MAX;
        if !joins {
            break;
        }
        length += 1;
        if next.len() < packet.len() {
            break;
        }
    }
    length
}

/// Gives how many packets could not be sent.
fn send_train(endpoint: &Endpoint, meta: &Sealed, train: &[(&Sealed, &[u8])]) -> usize {
    let (port, to) = match meta.path.encapsulation {
        Encapsulation::Esp => (Port::Esp, 0),
        Encapsulation::Udp { remote_port, .. } => (Port::Nat, remote_port),
    };
    let to = SocketAddr::new(meta.path.remote, to);
    let marks = Marks {
        tos: meta.tos,
        df: meta.df,
    };
    let segment = train.first().map(|(_, packet)| packet.len());
    if let Some(segment) = segment.and_then(|length| u16::try_from(length).ok())
        && train.len() > 1
    {
        let parts: Vec<_> = train
            .iter()
            .map(|(_, packet)| IoSlice::new(packet))
            .collect();
        let sent = endpoint.send_parts(port, to, &parts, Some(segment), marks);
        // Not where the path needs outer fragments, or the device can't: they go one by one.
        match sent {
            Ok(()) => return 0,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return train.len(),
            Err(_) => {}
        }
    }
    let failed = |(_, packet): &&(&Sealed, &[u8])| {
        let parts = [IoSlice::new(packet)];
        endpoint.send_parts(port, to, &parts, None, marks).is_err()
    };
    train.iter().filter(failed).count()
}
