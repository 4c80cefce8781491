//! Packets in and out, and what the engines make of them.

use super::Daemon;
use crate::dialect::Seen;
use crate::log::{Level, Record};
use crate::sockets::{IKE_PORT, NAT_PORT, Port};
use crossgate_esp::{Notice, OpenOutput, Received, SealOutput};
use crossgate_ike::{Datagram, Output};
use crossgate_model::operate::DebugTopic;
use crossgate_model::view::Encapsulation;
use crossgate_model::{Event, Path, Time};
use crossgate_wire::esp::{KEEPALIVE, Port4500, classify_4500};
use crossgate_wire::ike::{Header, with_non_esp_marker};
use crossgate_wire::ip::{Packet, clamp_mss};
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

/// Packets taken from one source before the others have their turn.
const BATCH: usize = 64;
/// The longest IP packet.
const PACKET_MAX: usize = 65_536;
/// Room for a batch; it ends early when less than a packet is left.
const ARENA: usize = 4 * PACKET_MAX;

/// Memory that is used again for each batch.
pub(super) struct Buffers {
    arena: Vec<u8>,
    ranges: Vec<Range<usize>>,
    sealed: SealOutput,
    opened: OpenOutput,
    /// One packet that is changed on its way to a TUN.
    scratch: Vec<u8>,
}

impl Default for Buffers {
    fn default() -> Self {
        Self {
            arena: vec![0; ARENA],
            ranges: Vec::with_capacity(BATCH),
            sealed: SealOutput::default(),
            opened: OpenOutput::default(),
            scratch: Vec::new(),
        }
    }
}

impl Daemon {
    /// Takes datagrams of one socket, in their order.
    pub(super) fn receive(&mut self, index: usize, port: Port) {
        let mut arena = std::mem::take(&mut self.buffers.arena);
        for _ in 0..BATCH {
            let Some(endpoint) = self.machine.endpoints.get(index) else {
                break;
            };
            let address = endpoint.address;
            match endpoint.receive(port, &mut arena) {
                Ok(Some((length, from))) => {
                    self.datagram(address, port, from, &arena[..length]);
                }
                Ok(None) => break,
                Err(_) => {
                    self.count("receive-failed");
                    break;
                }
            }
        }
        self.buffers.arena = arena;
    }

    fn datagram(&mut self, address: IpAddr, port: Port, from: SocketAddr, octets: &[u8]) {
        match port {
            Port::Ike => self.ike_message(SocketAddr::new(address, IKE_PORT), from, octets),
            Port::Nat => match classify_4500(octets) {
                Port4500::Ike(message) => {
                    self.ike_message(SocketAddr::new(address, NAT_PORT), from, message);
                }
                Port4500::Esp(packet) => {
                    let encapsulation = Encapsulation::Udp {
                        local_port: NAT_PORT,
                        remote_port: from.port(),
                    };
                    self.esp_packet(address, from.ip(), encapsulation, 0, packet);
                }
                Port4500::Keepalive => self.count("keepalives-received"),
                Port4500::Runt => self.count("runts-on-4500"),
            },
            Port::Esp => self.raw_esp(address, from.ip(), octets),
        }
    }

    /// IPv4 comes with its header, IPv6 without.
    fn raw_esp(&mut self, address: IpAddr, from: IpAddr, octets: &[u8]) {
        if address.is_ipv6() {
            return self.esp_packet(address, from, Encapsulation::Esp, 0, octets);
        }
        match Packet::parse(octets) {
            Ok(outer) => {
                self.esp_packet(address, from, Encapsulation::Esp, outer.tos, outer.payload);
            }
            Err(_) => self.count("outer-header-unreadable"),
        }
    }

    fn ike_message(&mut self, local: SocketAddr, remote: SocketAddr, payload: &[u8]) {
        self.debug_packet("received", local, remote, payload);
        let datagram = Datagram {
            local,
            remote,
            payload,
        };
        let now = self.now();
        self.ike.handle(now, datagram);
        self.drain();
    }

    fn esp_packet(
        &mut self,
        local: IpAddr,
        remote: IpAddr,
        encapsulation: Encapsulation,
        tos: u8,
        packet: &[u8],
    ) {
        let path = Path {
            local,
            remote,
            encapsulation,
        };
        let received = Received { path, tos, packet };
        let now = self.now();
        let mut opened = std::mem::take(&mut self.buffers.opened);
        self.esp.open(now, [received], &mut opened);
        for (meta, packet) in opened.packets.iter() {
            self.deliver(meta.interface.as_deref(), packet);
        }
        opened.clear();
        self.buffers.opened = opened;
        self.heed_notices(now);
    }

    /// Hands an inner packet to the kernel by its tunnel's device.
    fn deliver(&mut self, interface: Option<&str>, packet: &[u8]) {
        let mut tuns = self.machine.tuns.iter();
        let Some(tun) = tuns.find(|tun| tun.tunnel.interface.as_deref() == interface) else {
            return self.count("no-tunnel-device");
        };
        let written = match tun.tunnel.mss {
            None => tun.write(packet),
            Some(most) => {
                let scratch = &mut self.buffers.scratch;
                scratch.clear();
                scratch.extend_from_slice(packet);
                clamp_mss(scratch, most);
                tun.write(scratch)
            }
        };
        if written.is_err() {
            self.count("tun-write-failed");
        }
    }

    /// Takes what the kernel has routed into a tunnel, seals and sends it.
    pub(super) fn send_from_tun(&mut self, index: usize) {
        let now = self.now();
        let mut buffers = std::mem::take(&mut self.buffers);
        if let Some(tun) = self.machine.tuns.get(index) {
            if fill(&mut buffers, tun).is_err() {
                *self.counters.entry("tun-read-failed").or_default() += 1;
            }
            let (arena, ranges) = (&buffers.arena, &buffers.ranges);
            let packets = ranges.iter().map(|range| &arena[range.clone()]);
            let interface = tun.tunnel.interface.as_deref();
            self.esp.seal(now, interface, packets, &mut buffers.sealed);
        }
        self.send_sealed(&mut buffers.sealed);
        self.buffers = buffers;
        self.heed_notices(now);
    }

    fn send_sealed(&mut self, sealed: &mut SealOutput) {
        for (meta, packet) in sealed.sealed.iter() {
            self.send_esp(&meta.path, meta.tos, packet);
        }
        for (meta, packet) in sealed.answers.iter() {
            self.deliver(meta.interface.as_deref(), packet);
        }
        sealed.clear();
    }

    fn send_esp(&mut self, path: &Path, tos: u8, packet: &[u8]) {
        let (port, to) = match path.encapsulation {
            Encapsulation::Esp => (Port::Esp, 0),
            Encapsulation::Udp { remote_port, .. } => (Port::Nat, remote_port),
        };
        let to = SocketAddr::new(path.remote, to);
        let sent = self
            .machine
            .endpoint(path.local)
            .map(|endpoint| endpoint.send_with_tos(port, to, packet, tos));
        match sent {
            Some(Ok(())) => {}
            Some(Err(_)) => self.count("esp-send-failed"),
            None => self.count("no-local-address"),
        }
    }

    /// Does what the engines have to say, in their order, until they are silent.
    pub(super) fn drain(&mut self) {
        loop {
            let now = self.now();
            while let Some(output) = self.ike.poll_output() {
                self.act(now, output);
            }
            self.release(now);
            if !self.heed_notices(now) {
                return;
            }
        }
    }

    /// Sends the packets that waited for an SA which is there now.
    fn release(&mut self, now: Time) {
        if self.esp.has_released() {
            let mut sealed = std::mem::take(&mut self.buffers.sealed);
            self.esp.release(now, &mut sealed);
            self.send_sealed(&mut sealed);
            self.buffers.sealed = sealed;
        }
    }

    fn act(&mut self, now: Time, output: Output) {
        match output {
            Output::Transmit {
                local,
                remote,
                payload,
            } => self.transmit(local, remote, &payload),
            Output::Keepalive { local, remote } => self.send_ike(local, remote, &KEEPALIVE),
            Output::InstallChild(sa) => self.install(now, *sa),
            Output::RemoveChild { spi_in } => self.esp.remove(now, spi_in),
            Output::MoveChild { spi_in, path } => self.esp.move_path(spi_in, path),
            Output::IkeKeys(keys) => {
                let written = self.keylog.as_mut().map(|log| log.ike(&keys));
                self.keylog_failed(written);
            }
            Output::Event(event) => {
                self.debug_event(now, &event);
                self.tell(event);
            }
        }
    }

    fn install(&mut self, now: Time, sa: crossgate_model::ChildSa) {
        let written = self.keylog.as_mut().map(|log| log.child(&sa));
        self.keylog_failed(written);
        if let Some(mtu) = self.setting.path_mtus.get(&sa.path.local) {
            self.esp.set_path_mtu(sa.path.remote, *mtu);
        }
        let child = sa.child.clone();
        if let Err(error) = self.esp.install(now, sa) {
            let text = format!("the Child SA could not be installed: {error}");
            self.tell(Record {
                child: Some(child),
                failure: true,
                ..Record::new(Level::Error, "install-failed", text)
            });
        }
    }

    fn keylog_failed(&mut self, written: Option<std::io::Result<()>>) {
        if let Some(Err(error)) = written {
            let text = format!("the key log can't be written: {error}");
            self.tell(Record::warning("keylog", text));
        }
    }

    fn transmit(&mut self, local: SocketAddr, remote: SocketAddr, message: &[u8]) {
        self.debug_packet("sent", local, remote, message);
        if local.port() == NAT_PORT {
            self.send_ike(local, remote, &with_non_esp_marker(message));
        } else {
            self.send_ike(local, remote, message);
        }
    }

    fn send_ike(&mut self, local: SocketAddr, remote: SocketAddr, payload: &[u8]) {
        let port = if local.port() == NAT_PORT {
            Port::Nat
        } else {
            Port::Ike
        };
        let sent = self
            .machine
            .endpoint(local.ip())
            .map(|endpoint| endpoint.send(port, remote, payload));
        match sent {
            Some(Ok(())) => {}
            Some(Err(_)) => self.count("ike-send-failed"),
            None => self.count("no-local-address"),
        }
    }

    /// Forwards what the data plane has to tell; whether there was anything.
    fn heed_notices(&mut self, now: Time) -> bool {
        let mut any = false;
        while let Some(notice) = self.esp.poll_notice() {
            any = true;
            self.heed(now, notice);
        }
        any
    }

    fn heed(&mut self, now: Time, notice: Notice) {
        match notice {
            Notice::Acquire { .. } if self.options.passive => self.count("acquires-while-passive"),
            Notice::Acquire { child } => self.ike.acquire(now, &child),
            Notice::SoftExpired { spi_in } => self.ike.soft_expired(now, spi_in),
            Notice::HardExpired { spi_in } => self.ike.hard_expired(now, spi_in),
            Notice::Moved {
                spi_in,
                local,
                remote,
            } => self.ike.peer_moved(now, spi_in, local, remote),
            Notice::Seen { spi_in } => self.ike.traffic_seen(now, spi_in),
            Notice::Sent { spi_in } => self.ike.traffic_sent(now, spi_in),
        }
    }

    /// The event in the vendor's own words, for each topic that somebody debugs.
    fn debug_event(&mut self, now: Time, event: &Event) {
        if self.debug.is_empty() {
            return;
        }
        let mut sas = self
            .ike
            .connections(now)
            .into_iter()
            .flat_map(|c| c.ike_sas);
        let spis = event.ike_spis;
        let ike_sa = sas.find(|sa| spis == Some((sa.initiator_spi, sa.responder_spi)));
        let number = ike_sa.map(|sa| sa.id);
        let dialect = self.setting.loaded.dialect;
        let topics = self.debug.iter();
        let lines = topics.flat_map(|topic| dialect.debug(event, *topic, number));
        for line in lines.collect::<Vec<_>>() {
            self.tell(Record::new(Level::Debug, "debug", line));
        }
    }

    fn debug_packet(&mut self, verb: &str, local: SocketAddr, remote: SocketAddr, octets: &[u8]) {
        if !self.debug.contains(&DebugTopic::IkePacket) {
            return;
        }
        let what = match Header::parse(octets) {
            Ok(header) => header.to_string(),
            Err(error) => error.to_string(),
        };
        let text = format!("{verb} at {local}: {what}, {} octets", octets.len());
        let seen = Seen {
            sent: verb == "sent",
            local,
            remote,
            octets,
        };
        let mut lines = self.setting.loaded.dialect.debug_packet(&seen, None);
        if lines.is_empty() {
            lines.push(text);
        }
        for line in lines {
            self.tell(Record {
                peer: Some(remote),
                ..Record::new(Level::Debug, "ike-packet", line)
            });
        }
    }
}

/// Reads a batch, and clamps what is to be clamped.
fn fill(buffers: &mut Buffers, tun: &crate::tun::Tun) -> std::io::Result<()> {
    buffers.ranges.clear();
    let mut end = 0;
    while buffers.ranges.len() < BATCH && buffers.arena.len() - end >= PACKET_MAX {
        let Some(length) = tun.read(&mut buffers.arena[end..])? else {
            break;
        };
        if let Some(most) = tun.tunnel.mss {
            clamp_mss(&mut buffers.arena[end..end + length], most);
        }
        buffers.ranges.push(end..end + length);
        end += length;
    }
    Ok(())
}
