//! In: from sealed packets to inner ones (RFC 4301 §5.2, RFC 4303 §3.4).

use super::{AT_ONCE, AtOnce, DataPlane};
use crate::counters::{DropReason, Tallies};
use crate::ecn;
use crate::lifetime::Direction;
use crate::notice::Notices;
use crate::sa::Sa;
use crate::spd::{Child, Spd};
use crossgate_kernels::Outcome;
use crossgate_model::{Path, Time};
use crossgate_wire::esp::{EspPacket, NO_NEXT_HEADER, Trailer};
use crossgate_wire::ip::{Flow, Packet, clamp_mss, is_syn, protocol};
use std::ops::Range;
use std::sync::Arc;

/// An ESP packet as it came: from its SPI on, out of whatever carried it.
#[derive(Debug, PartialEq, Eq)]
pub struct Received<'a> {
    /// Seen from here: the sender is `remote`.
    pub path: Path,
    /// The outer header's type of service or traffic class; 0 where it isn't known.
    pub tos: u8,
    /// It is opened in its place. Once it is, this is the inner packet, without what padded it; what
    /// is left of one that is dropped means nothing.
    pub packet: &'a mut [u8],
}

/// What belongs to an inner packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Which of the outcomes is its, from 0 on.
    pub number: usize,
    /// The Child's tunnel interface, which the packet came in by.
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
    /// In order, of each packet that was opened.
    pub packets: Vec<Opened>,
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
    pub fn open(&mut self, now: Time, packets: &mut [Received<'_>], out: &mut OpenOutput) {
        for some in packets.chunks_mut(AT_ONCE) {
            match some {
                [one] => self.open_one(now, one, out),
                some => self.open_some(now, some, out),
            }
        }
    }

    /// Opens one ESP packet alone: it needs no lists, and its SA is looked for once. Appends to
    /// `out`.
    pub fn open_one(&mut self, now: Time, received: &mut Received<'_>, out: &mut OpenOutput) {
        let result = self.open_alone(now, received);
        self.tell(result, out);
    }

    fn open_some(&mut self, now: Time, some: &mut [Received<'_>], out: &mut OpenOutput) {
        if self.is_larger_than_caches() {
            self.fetch_to_open(some);
        }
        let admitted = some.iter().map(|received| self.admit(now, received));
        let admitted: AtOnce<_> = admitted.collect();
        let outcomes = self.verify(&admitted, some);
        for ((received, admitted), verified) in some.iter_mut().zip(&admitted).zip(&outcomes) {
            let result = admitted
                .as_ref()
                .map_err(|reason| *reason)
                .and_then(|admitted| self.let_in(now, admitted, received, *verified));
            self.tell(result, out);
        }
    }

    fn tell(&mut self, result: Result<Origin, DropReason>, out: &mut OpenOutput) {
        let outcome = match result {
            Ok(Origin { interface, spi_in }) => {
                out.packets.push(Opened {
                    number: out.outcomes.len(),
                    interface,
                    spi_in,
                });
                OpenOutcome::Opened
            }
            Err(reason) => {
                self.drops.count(reason);
                OpenOutcome::Dropped(reason)
            }
        };
        out.outcomes.push(outcome);
    }

    fn open_alone(&mut self, now: Time, received: &mut Received<'_>) -> Result<Origin, DropReason> {
        let esp = EspPacket::parse(received.packet).map_err(|_| DropReason::NotEsp)?;
        let header = esp.header;
        let mut opening = self.opening(now, header.spi)?;
        let result = opening.open_alone(header.sequence, received);
        result.inspect_err(|reason| self.refuse_of(header.spi, *reason))
    }

    /// A packet of that SA goes no further.
    #[cold]
    fn refuse_of(&mut self, spi_in: u32, reason: DropReason) {
        if let Some(sa) = self.sad.get_mut(spi_in) {
            reason.count(&mut sa.counters);
        }
        if reason == DropReason::ReceiveLifetimeEnded {
            self.end_sa(spi_in, DropReason::SendLifetimeEnded);
        }
    }

    /// What can be said before anything is spent on a packet.
    fn admit(&mut self, now: Time, received: &Received<'_>) -> Result<Admitted, DropReason> {
        let esp = EspPacket::parse(received.packet).map_err(|_| DropReason::NotEsp)?;
        let spi_in = esp.header.spi;
        let opening = self.opening(now, spi_in)?;
        let admitted = opening.admit(esp.header.sequence);
        let sequence = admitted.map(|(_, sequence)| sequence);
        let sequence = sequence.inspect_err(|reason| self.refuse_of(spi_in, *reason))?;
        Ok(Admitted { spi_in, sequence })
    }

    /// Verifies and decrypts all that is admitted in one go. Nothing is let in by it.
    fn verify(
        &self,
        admitted: &[Result<Admitted, DropReason>],
        packets: &mut [Received<'_>],
    ) -> AtOnce<Outcome> {
        let mut outcomes: AtOnce<_> = admitted.iter().map(|_| Outcome::Waiting).collect();
        let (mut places, mut batch) = (AtOnce::<usize>::new(), AtOnce::new());
        for (at, (admitted, received)) in admitted.iter().zip(packets).enumerate() {
            let Ok(Admitted { spi_in, sequence }) = *admitted else {
                continue;
            };
            let sa = self.sad.get(spi_in);
            let ready = sa.and_then(|sa| sa.inbound.to_open(sequence, received.packet));
            if let Some(ready) = ready {
                places.push(at);
                batch.push(ready);
            }
        }
        crossgate_kernels::open(&mut batch);
        for (at, packet) in places.into_iter().zip(&batch) {
            if let Some(outcome) = outcomes.get_mut(at) {
                *outcome = packet.outcome;
            }
        }
        outcomes
    }

    /// Leaves the inner packet in the place of the received one, if it is good and all before it leave
    /// room for it.
    fn let_in(
        &mut self,
        now: Time,
        admitted: &Admitted,
        received: &mut Received<'_>,
        verified: Outcome,
    ) -> Result<Origin, DropReason> {
        let Admitted { spi_in, sequence } = *admitted;
        let mut opening = self.opening(now, spi_in)?;
        let child = opening.child();
        let result = child.and_then(|child| opening.open(child, sequence, received, verified));
        result.inspect_err(|reason| self.refuse_of(spi_in, *reason))
    }

    fn opening(&mut self, now: Time, spi_in: u32) -> Result<Opening<'_>, DropReason> {
        let sa = self.sad.get_mut(spi_in).ok_or(DropReason::UnknownSpi)?;
        Ok(Opening {
            now,
            spi_in,
            sa,
            spd: &self.spd,
            notices: &mut self.notices,
            tallies: &mut self.tallies,
        })
    }
}

/// What is known of a packet before its verification.
struct Admitted {
    spi_in: u32,
    /// With the high half that the window concluded.
    sequence: u64,
}

/// Where an inner packet came from.
struct Origin {
    interface: Option<Arc<str>>,
    spi_in: u32,
}

/// One packet on its way through one SA.
struct Opening<'s> {
    now: Time,
    spi_in: u32,
    sa: &'s mut Sa,
    spd: &'s Spd,
    notices: &'s mut Notices,
    tallies: &'s mut Tallies,
}

impl<'s> Opening<'s> {
    /// The Child that a packet is for, and its whole number, before anything is spent on it.
    fn admit(&self, low_half: u32) -> Result<(&'s Child, u64), DropReason> {
        let child = self.child()?;
        Ok((child, self.sa.inbound.unseen(low_half)?))
    }

    fn open_alone(
        &mut self,
        low_half: u32,
        received: &mut Received<'_>,
    ) -> Result<Origin, DropReason> {
        let (child, sequence) = self.admit(low_half)?;
        let ready = self.sa.inbound.to_open(sequence, received.packet);
        let verified = ready.map_or(Outcome::Waiting, |mut one| {
            crossgate_kernels::open(std::slice::from_mut(&mut one));
            one.outcome
        });
        self.open(child, sequence, received, verified)
    }

    fn open(
        &mut self,
        child: &Child,
        sequence: u64,
        received: &mut Received<'_>,
        verified: Outcome,
    ) -> Result<Origin, DropReason> {
        let inbound = &mut self.sa.inbound;
        let authentic = inbound.authenticate(sequence, received.packet, verified)?;
        self.after_authentication(received, authentic.newest)?;
        let octets = &mut *received.packet;
        let inner = self.inner(child, received.tos, octets, authentic.plaintext)?;
        self.sa.counters.packets_in += 1;
        self.sa.counters.bytes_in += inner.len() as u64;
        let octets = std::mem::take(&mut received.packet);
        received.packet = octets.get_mut(inner).unwrap_or_default();
        Ok(Origin {
            interface: child.interface.clone(),
            spi_in: self.spi_in,
        })
    }

    /// The Child that the SA is of, while the SA may carry anything for it.
    fn child(&self) -> Result<&'s Child, DropReason> {
        if self.is_over() {
            return Err(DropReason::ReceiveLifetimeEnded);
        }
        let child = self.spd.child(self.sa.child);
        child
            .filter(|child| child.is_configured())
            .ok_or(DropReason::ReceivePolicyGone)
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
        &mut self,
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
        let is_marked = mark != ecn::of(packet.tos);
        let mss = is_syn(&packet).then(|| {
            let handling = &child.handling;
            handling.mss(packet.destination, self.sa.inner_mtu())
        });
        let octets = octets.get_mut(inner.clone()).unwrap_or_default();
        if is_marked {
            ecn::set(octets, mark);
        }
        if let Some(mss) = mss.flatten()
            && clamp_mss(octets, mss)
        {
            self.tallies.count("tcp-mss-clamped");
        }
        Ok(inner)
    }

    fn check_selectors(&self, child: &Child, packet: &Packet<'_>) -> Result<(), DropReason> {
        // What the peer sends from there to here is what we would send from here to there.
        let Ok(flow) = Flow::of(packet) else {
            return Err(DropReason::BadInner);
        };
        (self.sa.selects_from_peer(&flow) && child.selects_from_peer(&flow))
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
    match Packet::parse(trailer.payload) {
        Ok(packet) if packet.version() == version => Ok(packet),
        _ => Err(DropReason::BadInner),
    }
}
