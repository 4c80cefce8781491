//! In: from sealed packets to inner ones (RFC 4301 §5.2, RFC 4303 §3.4).

use super::{AT_ONCE, AtOnce, DataPlane};
use crate::batch::Batch;
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
        let mut packets = packets.into_iter();
        loop {
            let some: AtOnce<Received<'p>> = packets.by_ref().take(AT_ONCE).collect();
            match some.as_slice() {
                [] => return,
                [one] => self.open_one(now, one, out),
                some => self.open_some(now, some, out),
            }
        }
    }

    /// Opens one ESP packet alone: it needs no lists, and its SA is looked for once. Appends to
    /// `out`.
    pub fn open_one(&mut self, now: Time, received: &Received<'_>, out: &mut OpenOutput) {
        let result = self.open_alone(now, received, &mut out.packets);
        self.tell(result, out);
    }

    fn open_some(&mut self, now: Time, some: &[Received<'_>], out: &mut OpenOutput) {
        if self.is_larger_than_caches() {
            self.fetch_to_open(some);
        }
        // Lent, never handed over: a list has room for a whole batch, and moves with all of it.
        let staged = some
            .iter()
            .map(|received| self.stage(now, received, &mut out.packets));
        let staged: AtOnce<_> = staged.collect();
        let outcomes = self.verify(&staged, &mut out.packets);
        for (staged, verified) in staged.iter().zip(&outcomes) {
            let result = staged
                .as_ref()
                .map_err(|reason| *reason)
                .and_then(|staged| self.let_in(now, staged, *verified, &mut out.packets));
            self.tell(result, out);
        }
    }

    fn tell(&mut self, result: Result<(), DropReason>, out: &mut OpenOutput) {
        let outcome = result.map_or_else(OpenOutcome::Dropped, |()| OpenOutcome::Opened);
        if let OpenOutcome::Dropped(reason) = outcome {
            self.drops.count(reason);
        }
        out.outcomes.push(outcome);
    }

    fn open_alone(
        &mut self,
        now: Time,
        received: &Received<'_>,
        out: &mut Batch<Opened>,
    ) -> Result<(), DropReason> {
        let esp = EspPacket::parse(received.packet).map_err(|_| DropReason::NotEsp)?;
        let spi_in = esp.header.spi;
        let mut opening = self.opening(now, spi_in)?;
        let result = opening.open_alone(esp.header.sequence, received, out);
        result.inspect_err(|reason| self.refuse_of(spi_in, *reason))
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

    /// What can be said before anything is spent on a packet; good ones are copied behind the batch.
    fn stage<'p>(
        &mut self,
        now: Time,
        received: &'p Received<'p>,
        out: &mut Batch<Opened>,
    ) -> Result<Staged<'p>, DropReason> {
        let esp = EspPacket::parse(received.packet).map_err(|_| DropReason::NotEsp)?;
        let spi_in = esp.header.spi;
        let opening = self.opening(now, spi_in)?;
        let admitted = opening.admit(esp.header.sequence);
        let sequence = admitted.map(|(_, sequence)| sequence);
        let sequence = sequence.inspect_err(|reason| self.refuse_of(spi_in, *reason))?;
        Ok(Staged {
            received,
            spi_in,
            sequence,
            range: out.stage(received.packet),
        })
    }

    /// Verifies and decrypts all that is staged in one go. Nothing is let in by it.
    fn verify(
        &self,
        staged: &[Result<Staged<'_>, DropReason>],
        out: &mut Batch<Opened>,
    ) -> AtOnce<Outcome> {
        let mut outcomes: AtOnce<_> = staged.iter().map(|_| Outcome::Waiting).collect();
        let good = staged.iter().enumerate();
        let good = good.filter_map(|(at, staged)| Some((at, staged.as_ref().ok()?)));
        let octets = out.staged(good.clone().map(|(_, staged)| staged.range.clone()));
        let (mut places, mut batch) = (AtOnce::<usize>::new(), AtOnce::new());
        for ((at, staged), octets) in good.zip(octets) {
            let sa = self.sad.get(staged.spi_in);
            let ready = sa.and_then(|sa| sa.inbound.to_open(staged.sequence, octets));
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

    /// Takes a packet into the batch, if it is good and all before it leave room for it.
    fn let_in(
        &mut self,
        now: Time,
        staged: &Staged<'_>,
        verified: Outcome,
        out: &mut Batch<Opened>,
    ) -> Result<(), DropReason> {
        let mut opening = self.opening(now, staged.spi_in)?;
        let child = opening.child();
        let result = child.and_then(|child| opening.open(child, staged, verified, out));
        result.inspect_err(|reason| self.refuse_of(staged.spi_in, *reason))
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

/// A packet that waits in the batch's buffer for its verification.
struct Staged<'p> {
    received: &'p Received<'p>,
    spi_in: u32,
    /// With the high half that the window concluded.
    sequence: u64,
    range: Range<usize>,
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
        received: &Received<'_>,
        out: &mut Batch<Opened>,
    ) -> Result<(), DropReason> {
        let (child, sequence) = self.admit(low_half)?;
        let range = out.stage(received.packet);
        let octets = out.staged_mut(range.clone());
        let ready = self.sa.inbound.to_open(sequence, octets);
        let verified = ready.map_or(Outcome::Waiting, |mut one| {
            crossgate_kernels::open(std::slice::from_mut(&mut one));
            one.outcome
        });
        let staged = Staged {
            received,
            spi_in: self.spi_in,
            sequence,
            range,
        };
        self.open(child, &staged, verified, out)
    }

    fn open(
        &mut self,
        child: &Child,
        staged: &Staged<'_>,
        verified: Outcome,
        out: &mut Batch<Opened>,
    ) -> Result<(), DropReason> {
        let octets = out.staged_mut(staged.range.clone());
        let authentic = self
            .sa
            .inbound
            .authenticate(staged.sequence, octets, verified)?;
        self.after_authentication(staged.received, authentic.newest)?;
        let inner = self.inner(child, staged.received.tos, octets, authentic.plaintext)?;
        self.sa.counters.packets_in += 1;
        self.sa.counters.bytes_in += inner.len() as u64;
        let meta = Opened {
            interface: child.interface.clone(),
            spi_in: self.spi_in,
        };
        let start = staged.range.start;
        out.keep(meta, start + inner.start..start + inner.end);
        Ok(())
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
