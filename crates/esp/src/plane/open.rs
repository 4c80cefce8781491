//! In: from sealed packets to inner ones (RFC 4301 §5.2, RFC 4303 §3.4).

use super::DataPlane;
use crate::batch::Batch;
use crate::counters::DropReason;
use crate::ecn;
use crate::lifetime::Direction;
use crate::notice::Notices;
use crate::sa::Sa;
use crate::spd::{Child, Spd};
use crossgate_model::{Path, Time};
use crossgate_wire::esp::{EspPacket, NO_NEXT_HEADER, Trailer};
use crossgate_wire::ip::{Flow, Packet, protocol};
use std::ops::Range;
use std::sync::Arc;

/// An ESP packet as it came: from its SPI on, out of whatever carried it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received<'a> {
    /// Seen from here: the sender is `remote`.
    pub path: Path,
    /// The outer header's type of service or traffic class; 0 where it isn't known.
    pub tos: u8,
    pub packet: &'a [u8],
}

/// What belongs to an inner packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The configured Child.
    pub child: Arc<str>,
    /// Its tunnel interface, which the packet came in by.
    pub interface: Option<Arc<str>>,
    pub spi_in: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenOutcome {
    Opened,
    Dropped(DropReason),
}

/// Filled by a batch of packets; clear it and use it again.
#[derive(Debug, Default)]
pub struct OpenOutput {
    /// Whole IP packets, without what padded them.
    pub packets: Batch<Opened>,
    /// One for each packet that went in, in order.
    pub outcomes: Vec<OpenOutcome>,
}

impl OpenOutput {
    pub fn clear(&mut self) {
        self.packets.clear();
        self.outcomes.clear();
    }
}

impl DataPlane {
    /// Opens ESP packets. Appends to `out`.
    pub fn open<'p>(
        &mut self,
        now: Time,
        packets: impl IntoIterator<Item = Received<'p>>,
        out: &mut OpenOutput,
    ) {
        for received in packets {
            let outcome = match self.open_one(now, &received, &mut out.packets) {
                Ok(()) => OpenOutcome::Opened,
                Err(reason) => {
                    self.drops.count(reason);
                    OpenOutcome::Dropped(reason)
                }
            };
            out.outcomes.push(outcome);
        }
    }

    fn open_one(
        &mut self,
        now: Time,
        received: &Received<'_>,
        out: &mut Batch<Opened>,
    ) -> Result<(), DropReason> {
        let esp = EspPacket::parse(received.packet).map_err(|_| DropReason::NotEsp)?;
        let spi_in = esp.header.spi;
        let sa = self.sad.get_mut(&spi_in).ok_or(DropReason::UnknownSpi)?;
        let mut opening = Opening {
            now,
            spi_in,
            sa,
            spd: &self.spd,
            notices: &mut self.notices,
        };
        let result = opening.open(received, esp.header.sequence, out);
        if let Err(reason) = result {
            reason.count(&mut opening.sa.counters);
            if reason == DropReason::ReceiveLifetimeEnded {
                self.end_sa(spi_in, DropReason::SendLifetimeEnded);
            }
        }
        result
    }
}

/// One packet on its way through one SA.
struct Opening<'s> {
    now: Time,
    spi_in: u32,
    sa: &'s mut Sa,
    spd: &'s Spd,
    notices: &'s mut Notices,
}

impl Opening<'_> {
    fn open(
        &mut self,
        received: &Received<'_>,
        low_half: u32,
        out: &mut Batch<Opened>,
    ) -> Result<(), DropReason> {
        if self.is_over() {
            return Err(DropReason::ReceiveLifetimeEnded);
        }
        let child = self
            .spd
            .child(self.sa.child)
            .filter(|child| child.is_configured())
            .ok_or(DropReason::ReceivePolicyGone)?;
        out.transform(received.packet, |octets| {
            let authentic = self.sa.inbound.authenticate(low_half, octets)?;
            self.after_authentication(received, authentic.newest)?;
            let inner = self.inner(child, received.tos, octets, authentic.plaintext)?;
            self.sa.counters.packets_in += 1;
            self.sa.counters.bytes_in += inner.len() as u64;
            let meta = Opened {
                child: child.name.clone(),
                interface: child.interface.clone(),
                spi_in: self.spi_in,
            };
            Ok((meta, inner))
        })
    }

    /// An SA whose sequence numbers are used up can still receive.
    fn is_over(&self) -> bool {
        self.now >= self.sa.lifetime.expires || self.sa.ended == Some(DropReason::SendLifetimeEnded)
    }

    /// What only the peer can cause, whatever is inside.
    fn after_authentication(
        &mut self,
        received: &Received<'_>,
        newest: bool,
    ) -> Result<(), DropReason> {
        // The peer has this pair (RFC 7296 §2.8).
        self.sa.confirmed = true;
        if self.sa.seen.due(self.now) {
            self.notices.seen(self.spi_in);
        }
        // A packet that was overtaken says nothing about where the peer is now.
        if newest && let Some((local, remote)) = self.sa.movement(self.now, &received.path) {
            self.notices.moved(self.spi_in, local, remote);
        }
        let fits = self.sa.lifetime.spend(Direction::In, received.packet.len());
        if self.sa.take_soft_expiry() {
            self.notices.soft_expired(self.spi_in);
        }
        fits.then_some(()).ok_or(DropReason::ReceiveLifetimeEnded)
    }

    /// Where in `octets` the inner packet is, once it is found good.
    fn inner(
        &self,
        child: &Child,
        outer_tos: u8,
        octets: &mut [u8],
        plaintext: Range<usize>,
    ) -> Result<Range<usize>, DropReason> {
        let start = plaintext.start;
        let content = octets.get(plaintext).unwrap_or_default();
        let trailer = Trailer::parse(content).map_err(|_| DropReason::BadPadding)?;
        let packet = tunnelled(&trailer)?;
        self.check_selectors(child, &packet)?;
        let mark = ecn::decapsulated(packet.tos, outer_tos).ok_or(DropReason::Congested)?;
        let inner = start..start + packet.total_len();
        if mark != ecn::of(packet.tos) {
            ecn::set(octets.get_mut(inner.clone()).unwrap_or_default(), mark);
        }
        Ok(inner)
    }

    fn check_selectors(&self, child: &Child, packet: &Packet<'_>) -> Result<(), DropReason> {
        // What the peer sends from there to here is what we would send from here to there.
        let flow = Flow::of(packet)
            .map_err(|_| DropReason::BadInner)?
            .reversed();
        (self.sa.selects(&flow) && child.selects(&flow))
            .then_some(())
            .ok_or(DropReason::OutsideSelectors)
    }
}

/// The inner packet; traffic-flow padding behind it is left out (RFC 4303 §2.7).
fn tunnelled<'a>(trailer: &Trailer<'a>) -> Result<Packet<'a>, DropReason> {
    let version = match trailer.next_header {
        protocol::IPV4 => 4,
        protocol::IPV6 => 6,
        NO_NEXT_HEADER => return Err(DropReason::Dummy),
        _ => return Err(DropReason::NotTunnelled),
    };
    Packet::parse(trailer.payload)
        .ok()
        .filter(|packet| packet.version() == version)
        .ok_or(DropReason::BadInner)
}
