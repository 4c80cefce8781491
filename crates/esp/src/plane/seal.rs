//! Out: from inner packets to sealed ones (RFC 4301 §5.1, RFC 4303 §3.3).

use super::{AT_ONCE, AtOnce, DataPlane};
use crate::batch::Batch;
use crate::counters::DropReason;
use crate::handling::Handling;
use crate::iv::Ivs;
use crate::lifetime::Direction;
use crate::mtu::{IPV4_LEAST_LINK_MTU, IPV6_MIN_MTU};
use crate::sa::Sa;
use crate::spd::{Child, ChildId, List};
use crossgate_kernels::Outcome;
use crossgate_model::{Fragmentation, OuterDf, Path, Time};
use crossgate_wire::esp::NO_NEXT_HEADER;
use crossgate_wire::ip::{Flow, Packet, Segments, clamp_mss, fragments, is_syn, protocol, too_big};
use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;

/// Answers to packets that are too big, a second (RFC 1812 §4.3.2.8, RFC 4443 §2.4f).
pub const ANSWERS_PER_SECOND: u32 = 200;

const MAX_IP_PACKET: usize = 65_535;

/// What belongs to a sealed packet, which begins with its SPI: its sender writes the outer headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed {
    pub path: Path,
    /// Names the pair.
    pub spi_in: u32,
    /// For the outer header: DSCP and ECN of the inner one (RFC 4301 §5.1.2, RFC 6040 §4.1).
    pub tos: u8,
    /// For the outer IPv4 header. Never set where the packet needs outer fragments.
    pub df: bool,
}

/// What belongs to an answer to a packet's sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The interface that the packet came in by.
    pub interface: Option<Arc<str>>,
    /// It comes from an address of this gateway; otherwise, where there is none inside, from the
    /// packet's own destination.
    pub is_ours: bool,
}

/// What became of a packet that was to be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealOutcome {
    Sealed,
    /// Cut into fragments that fit, each of which is sealed.
    SealedInFragments,
    /// Sealed, and longer than the path takes: the outer packet is to be fragmented.
    SealedOversize,
    /// It waits for an SA, and comes out of [`DataPlane::release`].
    Waits,
    /// Dropped, because it fits no path and may not be fragmented: its sender is told the size that
    /// would fit, in an answer, unless there have been too many or there may be none for it.
    TooBig {
        mtu: u16,
    },
    Dropped(DropReason),
}

/// Filled by a batch of packets; clear it and use it again.
#[derive(Debug, Default)]
pub struct SealOutput {
    /// For the peers.
    pub sealed: Batch<Sealed>,
    /// For the senders: whole IP packets.
    pub answers: Batch<Answer>,
    /// One for each packet that went in, in order.
    pub outcomes: Vec<SealOutcome>,
}

impl SealOutput {
    pub fn clear(&mut self) {
        self.sealed.clear();
        self.answers.clear();
        self.outcomes.clear();
    }
}

/// How much of something was done in which second.
#[derive(Debug, Default)]
pub(super) struct Budget {
    second: u64,
    spent: u32,
}

impl Budget {
    pub(super) fn spend(&mut self, now: Time, most: u32) -> bool {
        let second = now.since_start().as_secs();
        if second != self.second {
            *self = Self { second, spent: 0 };
        }
        let left = self.spent < most;
        self.spent += u32::from(left);
        left
    }
}

/// What the policies say of a packet.
#[derive(Clone, Copy)]
enum Choice {
    Seal(u32),
    Wait(ChildId),
    Refuse(DropReason, Blame),
}

/// Whose counters a refusal adds to.
#[derive(Clone, Copy)]
enum Blame {
    Nobody,
    Child(ChildId),
    Sa(u32),
}

/// What a Child's SAs say of a packet that its policy selects.
enum Candidate {
    Usable(u32),
    Ended(u32, DropReason),
    Outside,
    NoSa,
}

impl DataPlane {
    /// Seals IP packets that were routed to that tunnel interface, by the configuration's name, or
    /// for `None` by policy; super-packets are cut on the way, straight into the packets that are
    /// sealed. Appends to `out`, which has an outcome for each packet then.
    pub fn seal<S: Segments>(
        &mut self,
        now: Time,
        interface: Option<&str>,
        packets: impl IntoIterator<Item = S>,
        out: &mut SealOutput,
    ) {
        let list = self.spd.list(interface);
        let mut packets = packets.into_iter();
        let mut prepared = std::mem::take(&mut self.prepared);
        loop {
            let some: AtOnce<S> = packets.by_ref().take(AT_ONCE).collect();
            if some.is_empty() {
                break;
            }
            if self.is_larger_than_caches() && some.len() > 1 {
                self.fetch_to_seal(list, &some);
            }
            for packet in &some {
                self.prepare(now, list, packet, &mut prepared, out);
            }
        }
        self.seal_prepared(&prepared, out);
        prepared.clear();
        self.prepared = prepared;
    }

    /// Seals one packet alone, which needs no lists. Appends to `out`.
    pub fn seal_one(
        &mut self,
        now: Time,
        interface: Option<&str>,
        packet: &[u8],
        out: &mut SealOutput,
    ) {
        let list = self.spd.list(interface);
        let mut prepared = std::mem::take(&mut self.prepared);
        self.prepare(now, list, &packet, &mut prepared, out);
        self.seal_prepared(&prepared, out);
        prepared.clear();
        self.prepared = prepared;
    }

    /// Seals a packet without content. The peer drops it, and knows by it that we have the pair
    /// (RFC 4303 §2.6).
    pub fn seal_dummy(&mut self, spi_in: u32, out: &mut SealOutput) {
        let Some(sa) = self.sad.get_mut(spi_in) else {
            return;
        };
        let length = sa.outbound.sealed_len(0);
        if !sa.lifetime.spend(Direction::Out, length) {
            return;
        }
        let meta = Sealed {
            path: sa.path,
            spi_in,
            tos: 0,
            df: false,
        };
        let ivs = &mut self.ivs;
        let written = out.sealed.append(meta, length, |octets| {
            let nothing = |_: &mut [u8]| ();
            sa.outbound.prepare(ivs, NO_NEXT_HEADER, 0, nothing, octets)
        });
        if let Some((sequence, range)) = written {
            let number = out.sealed.len() - 1;
            let prepared = Prepared {
                spi_in,
                sequence,
                range,
                number,
                outcome: out.outcomes.len(),
            };
            out.outcomes.push(SealOutcome::Sealed);
            self.seal_prepared(&[prepared], out);
        }
    }

    /// Whether packets that waited have an SA now.
    pub fn has_released(&self) -> bool {
        !self.released.is_empty()
    }

    /// Seals the packets that waited and have an SA now. Appends to `out`.
    pub fn release(&mut self, now: Time, out: &mut SealOutput) {
        let mut prepared = std::mem::take(&mut self.prepared);
        while let Some(id) = self.released.pop_first() {
            let Some(child) = self.spd.child_mut(id) else {
                continue;
            };
            let (interface, waiting) =
                (child.interface.clone(), std::mem::take(&mut child.waiting));
            let list = self.spd.list(interface.as_deref());
            for waiting in waiting {
                let packet: &[u8] = &waiting.packet;
                self.prepare(now, list, &packet, &mut prepared, out);
            }
        }
        self.seal_prepared(&prepared, out);
        prepared.clear();
        self.prepared = prepared;
    }

    /// Seals all that is prepared, as many in one go as the kernels take. What can't be sealed leaves
    /// neither the batch nor this gateway: no length that the data plane prepares is refused, so this
    /// is a second lock.
    fn seal_prepared(&mut self, prepared: &[Prepared], out: &mut SealOutput) {
        // A double has done it already.
        if self.double.is_some() {
            return;
        }
        if let [one] = prepared {
            return self.seal_alone(one, out);
        }
        let mut failed = Vec::new();
        for (chunk, prepared) in prepared.chunks(AT_ONCE).enumerate() {
            let ranges = prepared.iter().map(|packet| packet.range.clone());
            let octets = out.sealed.at(ranges);
            let (mut numbers, mut batch) = (AtOnce::new(), AtOnce::new());
            for (at, (packet, octets)) in prepared.iter().zip(octets).enumerate() {
                let sa = self.sad.get(packet.spi_in);
                let ready = sa.and_then(|sa| sa.outbound.to_seal(packet.sequence, octets));
                if let Some(ready) = ready {
                    numbers.push(chunk * AT_ONCE + at);
                    batch.push(ready);
                }
            }
            crossgate_kernels::seal(&mut batch);
            let ends = numbers.iter().zip(&batch);
            let bad = ends.filter(|(_, packet)| packet.outcome != Outcome::Done);
            failed.extend(bad.map(|(number, _)| *number));
        }
        for packet in failed.into_iter().rev().filter_map(|at| prepared.get(at)) {
            self.withdraw(packet, out);
        }
    }

    /// One alone needs no lists.
    fn seal_alone(&mut self, prepared: &Prepared, out: &mut SealOutput) {
        let octets = out.sealed.at_mut(prepared.range.clone());
        let sa = self.sad.get(prepared.spi_in);
        let one = sa.and_then(|sa| sa.outbound.to_seal(prepared.sequence, octets));
        let Some(mut one) = one else {
            return;
        };
        crossgate_kernels::seal(std::slice::from_mut(&mut one));
        if one.outcome != Outcome::Done {
            self.withdraw(prepared, out);
        }
    }

    /// What couldn't be sealed.
    fn withdraw(&mut self, packet: &Prepared, out: &mut SealOutput) {
        out.sealed.at_mut(packet.range.clone()).fill(0);
        out.sealed.remove(packet.number);
        self.end_sa(packet.spi_in, DropReason::CipherFailed);
        let refused = self.refuse(DropReason::CipherFailed, Blame::Sa(packet.spi_in));
        if let Some(outcome) = out.outcomes.get_mut(packet.outcome) {
            *outcome = refused;
        }
    }

    /// Finds the SA of what comes as one, and prepares its packets one after the other.
    fn prepare(
        &mut self,
        now: Time,
        list: Option<List>,
        segments: &impl Segments,
        prepared: &mut Vec<Prepared>,
        out: &mut SealOutput,
    ) {
        let whole = Packet::parse(segments.whole());
        let Ok((packet, flow)) = whole.and_then(|packet| Ok((packet, Flow::of(&packet)?))) else {
            let count = segments.count();
            return (0..count).for_each(|_| {
                let refused = self.refuse(DropReason::NotIp, Blame::Nobody);
                out.outcomes.push(refused);
            });
        };
        let mut choice = Choice::Refuse(DropReason::NoPolicy, Blame::Nobody);
        for segment in Segment::all_of(segments, &packet) {
            // The selectors are the same for all, so only an SA that has ended changes what is chosen.
            if !matches!(&choice, Choice::Seal(spi_in) if self.is_usable(now, *spi_in)) {
                choice = self.choose(now, list, &flow);
            }
            let outcome = match choice {
                Choice::Seal(spi_in) => self.prepare_with(now, spi_in, &segment, prepared, out),
                Choice::Wait(id) => self.wait(now, id, &segment),
                Choice::Refuse(reason, blame) => self.refuse(reason, blame),
            };
            out.outcomes.push(outcome);
        }
    }

    fn is_usable(&self, now: Time, spi_in: u32) -> bool {
        let sa = self.sad.get(spi_in);
        sa.is_some_and(|sa| sa.end(now).is_none())
    }

    /// The first policy that selects the packet decides; a later one only gets it where the SAs of
    /// the former were agreed for less.
    fn choose(&self, now: Time, list: Option<List>, flow: &Flow) -> Choice {
        let mut refusal = Choice::Refuse(DropReason::NoPolicy, Blame::Nobody);
        let Some(selecting) = self.spd.selecting(list, flow) else {
            return refusal;
        };
        for (id, child) in selecting {
            match self.candidate(now, child, flow) {
                Candidate::Usable(spi_in) => return Choice::Seal(spi_in),
                Candidate::NoSa => return Choice::Wait(id),
                Candidate::Ended(spi_in, why) => return Choice::Refuse(why, Blame::Sa(spi_in)),
                Candidate::Outside => {
                    refusal = Choice::Refuse(DropReason::OutsideAgreed, Blame::Child(id));
                }
            }
        }
        refusal
    }

    /// The newest SA that the peer is known to have; without one the oldest, which the peer is the
    /// likeliest to have: it may be rekeying that one (RFC 7296 §2.8).
    fn candidate(&self, now: Time, child: &Child, flow: &Flow) -> Candidate {
        let (mut any, mut known, mut oldest, mut ended) = (false, None, None, None);
        // They stand in the order of installation.
        for spi_in in &child.sas {
            let Some(sa) = self.sad.get(*spi_in).filter(|sa| !sa.lingers()) else {
                continue;
            };
            any = true;
            if !sa.selects(flow) {
                continue;
            }
            match sa.end(now) {
                Some(why) => ended = Some((*spi_in, why)),
                None if sa.confirmed => known = Some(*spi_in),
                None => oldest = oldest.or(Some(*spi_in)),
            }
        }
        match (known.or(oldest), ended) {
            (Some(spi_in), _) => Candidate::Usable(spi_in),
            (None, Some((spi_in, why))) => Candidate::Ended(spi_in, why),
            (None, None) if any => Candidate::Outside,
            (None, None) => Candidate::NoSa,
        }
    }

    fn prepare_with(
        &mut self,
        now: Time,
        spi_in: u32,
        segment: &Segment<'_, impl Segments>,
        prepared: &mut Vec<Prepared>,
        out: &mut SealOutput,
    ) -> SealOutcome {
        let Some(sa) = self.sad.get(spi_in) else {
            return self.refuse(DropReason::NoPolicy, Blame::Nobody);
        };
        let child = self.spd.child(sa.child);
        let Some(handling) = child.map(|child| &child.handling) else {
            return self.refuse(DropReason::NoPolicy, Blame::Nobody);
        };
        let packet = segment.of;
        let (size, df) = (
            Size::of(packet, segment.length, sa, handling),
            handling.outer_df,
        );
        let is_syn = is_syn(packet);
        if size == Size::Fits && !is_syn {
            return self.prepare_whole(now, spi_in, segment, (size, df), prepared, out);
        }
        let mss = is_syn.then(|| handling.mss(packet.source, sa.inner_mtu()));
        let mut octets = segment.written(std::mem::take(&mut self.apart));
        if let Some(mss) = mss.flatten()
            && clamp_mss(&mut octets, mss)
        {
            self.tallies.count("tcp-mss-clamped");
        }
        let outcome = match Packet::parse(&octets) {
            Ok(packet) => self.prepare_sized(now, spi_in, &packet, (size, df), prepared, out),
            Err(_) => self.refuse(DropReason::NotIp, Blame::Nobody),
        };
        self.apart = octets;
        outcome
    }

    fn prepare_sized(
        &mut self,
        now: Time,
        spi_in: u32,
        packet: &Packet<'_>,
        (size, df): (Size, OuterDf),
        prepared: &mut Vec<Prepared>,
        out: &mut SealOutput,
    ) -> SealOutcome {
        match size {
            Size::Fits | Size::Oversize => {
                let whole = Segment::whole(&packet.bytes, packet);
                self.prepare_whole(now, spi_in, &whole, (size, df), prepared, out)
            }
            Size::Cut => self.prepare_cut(now, spi_in, packet, df, prepared, out),
            Size::TooBig { mtu } => self.answer(now, spi_in, packet, mtu, out),
            Size::Hopeless => self.refuse(DropReason::TooLong, Blame::Sa(spi_in)),
        }
    }

    fn prepare_whole(
        &mut self,
        now: Time,
        spi_in: u32,
        segment: &Segment<'_, impl Segments>,
        (size, df): (Size, OuterDf),
        prepared: &mut Vec<Prepared>,
        out: &mut SealOutput,
    ) -> SealOutcome {
        let Some(sa) = self.sad.get_mut(spi_in) else {
            return self.refuse(DropReason::NoPolicy, Blame::Nobody);
        };
        let df = size == Size::Fits
            && match df {
                OuterDf::Copy => segment.of.dont_fragment,
                OuterDf::Set => true,
                OuterDf::Clear => false,
            };
        let result = prepare_into(sa, spi_in, &mut self.ivs, segment, df, &mut out.sealed);
        match result {
            Ok((sequence, range)) => {
                prepared.push(Prepared {
                    spi_in,
                    sequence,
                    range,
                    number: out.sealed.len() - 1,
                    outcome: out.outcomes.len(),
                });
                if sa.sent.due(now) {
                    self.notices.sent(spi_in);
                }
                if sa.take_soft_expiry() {
                    self.notices.soft_expired(spi_in);
                }
                if sa.outbound.is_exhausted() {
                    self.end_sa(spi_in, DropReason::SequenceExhausted);
                }
                if size == Size::Oversize {
                    self.tallies.count("out-sealed-oversize");
                    return SealOutcome::SealedOversize;
                }
                SealOutcome::Sealed
            }
            Err(reason) => {
                self.end_sa(spi_in, reason);
                self.refuse(reason, Blame::Sa(spi_in))
            }
        }
    }

    /// Seals a packet in pieces that fit. If the SA ends between them, the rest is refused.
    fn prepare_cut(
        &mut self,
        now: Time,
        spi_in: u32,
        packet: &Packet<'_>,
        df: OuterDf,
        prepared: &mut Vec<Prepared>,
        out: &mut SealOutput,
    ) -> SealOutcome {
        let sa = self.sad.get(spi_in);
        let pieces = sa.and_then(|sa| {
            let identification = sa.outbound.last_sent().unwrap_or_default() as u16;
            fragments(packet, sa.inner_mtu(), identification)
        });
        let Some(pieces) = pieces else {
            return self.refuse(DropReason::TooLong, Blame::Sa(spi_in));
        };
        self.tallies.count("out-fragmented");
        for piece in pieces {
            let Ok(piece) = Packet::parse(&piece) else {
                return self.refuse(DropReason::NotIp, Blame::Nobody);
            };
            let whole = Segment::whole(&piece.bytes, &piece);
            let size = (Size::Fits, df);
            match self.prepare_whole(now, spi_in, &whole, size, prepared, out) {
                SealOutcome::Sealed => {}
                refused => return refused,
            }
        }
        SealOutcome::SealedInFragments
    }

    /// "Too big", from this gateway's address inside; where it has none, from the packet's own
    /// destination.
    fn answer(
        &mut self,
        now: Time,
        spi_in: u32,
        packet: &Packet<'_>,
        mtu: u16,
        out: &mut SealOutput,
    ) -> SealOutcome {
        let sa = self.sad.get(spi_in);
        let child = sa.and_then(|sa| self.spd.child(sa.child));
        let router = child.and_then(|child| child.handling.router_towards(packet.source));
        let meta = Answer {
            interface: child.and_then(|child| child.interface.clone()),
            is_ours: router.is_some(),
        };
        let answer = too_big(packet, router.unwrap_or(packet.destination), mtu);
        if let Ok(Some(answer)) = answer {
            if self.answers.spend(now, ANSWERS_PER_SECOND) {
                out.answers.push(meta, &answer);
                self.tallies.count("too-big-sent");
            } else {
                self.tallies.count("too-big-not-sent");
            }
        }
        self.refuse(DropReason::TooBig, Blame::Sa(spi_in));
        SealOutcome::TooBig { mtu }
    }

    fn wait(
        &mut self,
        now: Time,
        id: ChildId,
        segment: &Segment<'_, impl Segments>,
    ) -> SealOutcome {
        let Some(child) = self.spd.child_mut(id) else {
            return self.refuse(DropReason::NoPolicy, Blame::Nobody);
        };
        if child.may_acquire(now) {
            child.counters.acquires += 1;
            self.notices.acquire(id, child.name.clone());
        }
        self.apart = segment.written(std::mem::take(&mut self.apart));
        if !child.enqueue(now, &self.apart) {
            return self.refuse(DropReason::QueueFull, Blame::Child(id));
        }
        child.counters.no_sa += 1;
        self.watch_queue(id);
        SealOutcome::Waits
    }

    fn refuse(&mut self, reason: DropReason, blame: Blame) -> SealOutcome {
        self.drops.count(reason);
        let counters = match blame {
            Blame::Nobody => None,
            Blame::Child(id) => self.spd.child_mut(id).map(|child| &mut child.counters),
            Blame::Sa(spi_in) => self.sad.get_mut(spi_in).map(|sa| &mut sa.counters),
        };
        if let Some(counters) = counters {
            reason.count(counters);
        }
        SealOutcome::Dropped(reason)
    }
}

/// A packet against what the path takes (RFC 4301 §8).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    Fits,
    /// To be fragmented before it is sealed.
    Cut,
    /// To be sealed, and fragmented then.
    Oversize,
    TooBig {
        mtu: u16,
    },
    Hopeless,
}

impl Size {
    /// Of so many octets, with the addresses and flags of `packet`.
    fn of(packet: &Packet<'_>, len: usize, sa: &Sa, handling: &Handling) -> Self {
        let fits = sa.inner_mtu();
        if len <= usize::from(fits) {
            return Self::Fits;
        }
        let outer_is_whole = handling.outer_df == OuterDf::Set && sa.path.remote.is_ipv4();
        let too_big = match packet.source {
            IpAddr::V4(_) => packet.dont_fragment && handling.outer_df != OuterDf::Clear,
            IpAddr::V6(_) => len > usize::from(IPV6_MIN_MTU),
        };
        if too_big {
            let mtu = match packet.source {
                IpAddr::V4(_) => fits,
                IpAddr::V6(_) => fits.max(IPV6_MIN_MTU),
            };
            Self::TooBig { mtu }
        } else if Self::may_be_cut(packet, sa, handling) {
            Self::Cut
        } else if outer_is_whole && packet.source.is_ipv4() {
            Self::TooBig { mtu: fits }
        } else if sa.outer_total(len) > MAX_IP_PACKET {
            Self::Hopeless
        } else {
            Self::Oversize
        }
    }

    fn may_be_cut(packet: &Packet<'_>, sa: &Sa, handling: &Handling) -> bool {
        packet.source.is_ipv4()
            && handling.fragmentation == Fragmentation::BeforeEncryption
            && sa.takes_fragments()
            && sa.inner_mtu() >= IPV4_LEAST_LINK_MTU
    }
}

/// One packet of what came as one, which is written where it is to be sealed.
struct Segment<'s, S> {
    all: &'s S,
    number: usize,
    length: usize,
    /// The whole, for what its packets have in common.
    of: &'s Packet<'s>,
}

impl<'s, S: Segments> Segment<'s, S> {
    fn all_of(all: &'s S, of: &'s Packet<'s>) -> impl Iterator<Item = Self> {
        let only = (all.count() == 1).then(|| Self::whole(all, of));
        let more = if only.is_some() { 0 } else { all.count() };
        let more = (0..more).filter_map(move |number| {
            let length = all.length(number)?;
            Some(Self {
                number,
                length,
                ..Self::whole(all, of)
            })
        });
        only.into_iter().chain(more)
    }

    /// The only one.
    fn whole(all: &'s S, of: &'s Packet<'s>) -> Self {
        Self {
            all,
            number: 0,
            length: of.total_len(),
            of,
        }
    }

    fn write(&self, packet: &mut [u8]) {
        self.all.write(self.number, packet);
    }

    /// It alone, in that memory.
    fn written(&self, mut room: Vec<u8>) -> Vec<u8> {
        room.resize(self.length, 0);
        self.write(&mut room);
        room
    }
}

/// A packet that stands in the batch, not yet sealed.
pub(super) struct Prepared {
    spi_in: u32,
    sequence: u64,
    range: Range<usize>,
    /// Which one of the batch it is, and which of the outcomes is its.
    number: usize,
    outcome: usize,
}

fn prepare_into(
    sa: &mut Sa,
    spi_in: u32,
    ivs: &mut Ivs,
    segment: &Segment<'_, impl Segments>,
    df: bool,
    out: &mut Batch<Sealed>,
) -> Result<(u64, Range<usize>), DropReason> {
    let (len, packet) = (segment.length, segment.of);
    let sealed_len = sa.outbound.sealed_len(len);
    if !sa.lifetime.spend(Direction::Out, sealed_len) {
        return Err(DropReason::SendLifetimeEnded);
    }
    let meta = Sealed {
        path: sa.path,
        spi_in,
        tos: packet.tos,
        df,
    };
    let next_header = match packet.source {
        IpAddr::V4(_) => protocol::IPV4,
        IpAddr::V6(_) => protocol::IPV6,
    };
    let written = out.append(meta, sealed_len, |octets| {
        let write = |payload: &mut [u8]| segment.write(payload);
        sa.outbound.prepare(ivs, next_header, len, write, octets)
    });
    let written = written.ok_or(DropReason::SequenceExhausted)?;
    sa.counters.packets_out += 1;
    sa.counters.bytes_out += len as u64;
    Ok(written)
}
