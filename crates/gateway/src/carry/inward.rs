//! From the sockets to the TUNs: IKE messages to their engine, ESP packets opened and handed to the
//! kernel, a batch at a time.

use super::Carrier;
use crate::raw;
use crate::sockets::{Endpoint, IKE_PORT, NAT_PORT, Port};
use crate::trains::{self, Train};
use arrayvec::ArrayVec;
use crossgate_esp::{OpenOutput, Received};
use crossgate_model::Path;
use crossgate_model::view::Encapsulation;
use crossgate_wire::esp::{Port4500, classify_4500};
use crossgate_wire::ip::Packet;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

/// Trains taken from one socket before others have their turn.
const TRAINS_MAX: usize = 64;
/// The longest of them.
const TRAIN_OCTETS: usize = 65_536;
/// Room for a batch; it ends early when less than the longest train is left.
const ROOM: usize = 8 * TRAIN_OCTETS;

/// ESP packets that are opened together.
pub const WAITING_MAX: usize = 512;
pub type Waiting<'p> = ArrayVec<Received<'p>, WAITING_MAX>;

/// Memory that is used again for each batch; it takes none before the first.
#[derive(Default)]
pub(super) struct Inward {
    room: Vec<u8>,
    control: Vec<u8>,
    /// Of what comes as ESP itself.
    raw: raw::Room,
    arrived: Vec<(Range<usize>, Train)>,
    /// Datagrams that had found no room.
    overflowed: usize,
    opened: OpenOutput,
}

impl Inward {
    /// What one socket has, in its order.
    fn fill(&mut self, endpoint: &Endpoint, port: Port) -> io::Result<()> {
        self.arrived.clear();
        let filled = match port {
            Port::Esp => endpoint.receive_raw(&mut self.raw, &mut self.arrived),
            Port::Ike | Port::Nat => self.fill_with_trains(endpoint, port),
        };
        let trains = self.arrived.iter();
        self.overflowed = trains
            .map(|(_, train)| endpoint.overflowed(port, train))
            .sum();
        filled
    }

    fn fill_with_trains(&mut self, endpoint: &Endpoint, port: Port) -> io::Result<()> {
        if self.room.is_empty() {
            self.room = vec![0; ROOM];
            self.control = trains::control_buffer();
        }
        let mut end = 0;
        while self.arrived.len() < TRAINS_MAX && self.room.len() - end >= TRAIN_OCTETS {
            let Some(room) = self.room.get_mut(end..) else {
                break;
            };
            let Some(train) = endpoint.receive(port, room, &mut self.control)? else {
                break;
            };
            self.arrived.push((end..end + train.length, train));
            end += train.length;
        }
        Ok(())
    }

    /// They stand in the order of their places.
    fn trains(&mut self, port: Port) -> impl Iterator<Item = (&Train, &mut [u8])> {
        let mut rest = match port {
            Port::Esp => self.raw.octets(),
            Port::Ike | Port::Nat => self.room.as_mut_slice(),
        };
        let mut at = 0;
        self.arrived.iter().map(move |(range, train)| {
            let behind = std::mem::take(&mut rest);
            let gap = range.start.saturating_sub(at);
            let (_, behind) = behind.split_at_mut_checked(gap).unwrap_or_default();
            let (octets, behind) = behind.split_at_mut_checked(range.len()).unwrap_or_default();
            (rest, at) = (behind, range.end);
            (train, octets)
        })
    }
}

/// Where datagrams came in, and from whom.
#[derive(Clone, Copy)]
struct Arrival {
    local: IpAddr,
    from: SocketAddr,
    tos: u8,
}

impl Arrival {
    fn esp<'p>(&self, encapsulation: Encapsulation, tos: u8, packet: &'p mut [u8]) -> Received<'p> {
        let path = Path {
            local: self.local,
            remote: self.from.ip(),
            encapsulation,
        };
        Received { path, tos, packet }
    }
}

/// Takes datagrams of one socket, in their order.
pub fn receive(carrier: &mut impl Carrier, index: usize, port: Port) {
    let mut inward = std::mem::take(&mut carrier.buffers().inward);
    let mut local = None;
    if let Some(endpoint) = carrier.endpoints().get(index) {
        local = Some(endpoint.address);
        if inward.fill(endpoint, port).is_err() {
            carrier.count("receive-failed");
        }
        let overflowed = std::mem::take(&mut inward.overflowed);
        carrier.count_many("receive-queue-full", overflowed);
    }
    let mut opened = std::mem::take(&mut inward.opened);
    if let Some(local) = local {
        trains(carrier, local, port, &mut inward, &mut opened);
    }
    inward.opened = opened;
    carrier.buffers().inward = inward;
}

fn trains(
    carrier: &mut impl Carrier,
    local: IpAddr,
    port: Port,
    inward: &mut Inward,
    opened: &mut OpenOutput,
) {
    let mut waiting = Waiting::new();
    for (train, octets) in inward.trains(port) {
        let arrival = Arrival {
            local,
            from: train.from,
            tos: train.tos,
        };
        if octets.is_empty() {
            datagram(carrier, port, arrival, &mut [], &mut waiting, opened);
        }
        for octets in octets.chunks_mut(train.segment.max(1)) {
            datagram(carrier, port, arrival, octets, &mut waiting, opened);
        }
    }
    open(carrier, &mut waiting, opened);
}

/// ESP joins what waits to be opened; before anything else is heeded, that is opened.
fn datagram<'p>(
    carrier: &mut impl Carrier,
    port: Port,
    arrival: Arrival,
    octets: &'p mut [u8],
    waiting: &mut Waiting<'p>,
    opened: &mut OpenOutput,
) {
    let local_port = match port {
        Port::Ike => IKE_PORT,
        Port::Nat => NAT_PORT,
        Port::Esp => {
            if let Some(received) = raw_esp(carrier, arrival, octets) {
                await_others(carrier, received, waiting, opened);
            }
            return;
        }
    };
    let local = SocketAddr::new(arrival.local, local_port);
    let classified = match port {
        Port::Nat => classify_4500(octets),
        _ => Port4500::Ike(octets),
    };
    match classified {
        // From its first octet on.
        Port4500::Esp(_) => {
            let encapsulation = Encapsulation::Udp {
                local_port: NAT_PORT,
                remote_port: arrival.from.port(),
            };
            let received = arrival.esp(encapsulation, arrival.tos, octets);
            await_others(carrier, received, waiting, opened);
        }
        Port4500::Ike(message) => {
            open(carrier, waiting, opened);
            carrier.ike_message(local, arrival.from, message);
        }
        Port4500::Keepalive => carrier.count("keepalives-received"),
        Port4500::Runt => carrier.count("runts-on-4500"),
    }
}

fn await_others<'p>(
    carrier: &mut impl Carrier,
    received: Received<'p>,
    waiting: &mut Waiting<'p>,
    opened: &mut OpenOutput,
) {
    let Some(received) = carrier.own(received) else {
        return;
    };
    if waiting.is_full() {
        open(carrier, waiting, opened);
    }
    waiting.push(received);
}

/// IPv4 comes with its header, IPv6 without.
fn raw_esp<'p>(
    carrier: &mut impl Carrier,
    arrival: Arrival,
    octets: &'p mut [u8],
) -> Option<Received<'p>> {
    if arrival.local.is_ipv6() {
        return Some(arrival.esp(Encapsulation::Esp, arrival.tos, octets));
    }
    let Ok(outer) = Packet::parse(octets) else {
        carrier.count("outer-header-unreadable");
        return None;
    };
    let (tos, packet) = (outer.tos, outer.header_len()..outer.total_len());
    let packet = octets.get_mut(packet)?;
    Some(arrival.esp(Encapsulation::Esp, tos, packet))
}

/// Opens what waits, and hands it to the kernel.
fn open(carrier: &mut impl Carrier, waiting: &mut Waiting<'_>, opened: &mut OpenOutput) {
    if waiting.is_empty() {
        return;
    }
    carrier.heed_others();
    open_now(carrier, waiting, opened);
}

/// The same, without heeding others.
pub fn open_now(carrier: &mut impl Carrier, waiting: &mut Waiting<'_>, opened: &mut OpenOutput) {
    let now = carrier.now();
    let Some(plane) = carrier.plane() else {
        // The kernel takes ESP before it comes here.
        let count = waiting.drain(..).count();
        return carrier.count_many("esp-past-the-kernel", count);
    };
    plane.open(now, waiting, opened);
    deliver_opened(carrier, waiting, opened);
    opened.clear();
    waiting.clear();
    carrier.heed_notices(now);
}

/// Hands inner packets to the kernel, each tunnel's together.
fn deliver_opened(carrier: &mut impl Carrier, received: &[Received<'_>], opened: &OpenOutput) {
    let packets = &opened.packets;
    let interface = |number: &usize| {
        let packet = packets.get(*number);
        packet.and_then(|packet| packet.interface.as_deref())
    };
    let inner = |number: &usize| {
        let packet = packets.get(*number)?;
        received.get(packet.number).map(|inner| &*inner.packet)
    };
    let mut order = std::mem::take(&mut carrier.buffers().order);
    order.clear();
    order.extend(0..packets.len());
    // Packets of one tunnel stay in their order.
    order.sort_unstable_by(|one, other| {
        let by_tunnel = interface(one).cmp(&interface(other));
        by_tunnel.then(one.cmp(other))
    });
    for run in order.chunk_by(|one, other| interface(one) == interface(other)) {
        let interface = run.first().and_then(interface);
        let Some(queue) = carrier.queue_of(interface) else {
            carrier.count_many("no-tunnel-device", run.len());
            continue;
        };
        let failed = queue.write_all(|at| inner(run.get(at)?));
        carrier.count_many("tun-write-failed", failed);
    }
    carrier.buffers().order = order;
}
