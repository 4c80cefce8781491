//! What the fuzz targets of `fuzz/` run, and what the tests run over the same corpora: two ends of a
//! tunnel with fixed keys, and the laws that no input may break.

use crate::plane::{OpenOutcome, OpenOutput, Received, SealOutcome, SealOutput};
use crate::selection::Agreed;
use crate::transform::Sealer;
use crate::{DataPlane, Policy};
use crossgate_crypto::{CryptoError, Encr, Integ, Secret};
use crossgate_model::view::{Encapsulation, Role};
use crossgate_model::{ChildSa, DirectionKeys, OutboundUse, Path, Selector, SelectorPair, Time};
use crossgate_wire::esp::{HEADER_LEN, Header};
pub use crossgate_wire::fuzzing::Broken;
use crossgate_wire::ip::{Flow, Packet};
use rand_core::{TryCryptoRng, TryRng};
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// The first octet says which suite, the second how the rest is meant: as a packet from anywhere,
/// as the content of one that the peer sealed, or as its payload.
///
/// What is let through must be an IP packet inside the selectors, no longer than what came.
pub fn open_arbitrary(data: &[u8]) -> Result<(), Broken> {
    let [which, meaning, rest @ ..] = data else {
        return Ok(());
    };
    let (encr, integ) = suite(*which);
    let sealed = match meaning % 3 {
        0 => addressed(rest),
        1 => forged(encr, integ, rest.to_vec())?,
        _ => forged(encr, integ, with_trailer(encr, rest))?,
    };
    let mut plane = end(End::B, encr, integ)?;
    let mut out = OpenOutput::default();
    let (mut first, mut second) = (sealed.clone(), sealed.clone());
    // The second is a replay.
    let mut received = [&mut first, &mut second].map(|packet| Received {
        path: path(End::B),
        tos: *meaning,
        packet: packet.as_mut_slice(),
    });
    plane.open(Time::START, &mut received, &mut out);
    if out.outcomes.get(1) == Some(&OpenOutcome::Opened) {
        return broken("a packet was opened twice");
    }
    let [first, _] = &received;
    match out.packets.first() {
        Some(_) => inside(first.packet, sealed.len()),
        None => Ok(()),
    }
}

/// The first octet says which suite; the rest is an IP packet or not.
///
/// What is sealed must open at the other end as it was.
pub fn seal_arbitrary(data: &[u8]) -> Result<(), Broken> {
    let Some((which, packet)) = data.split_first() else {
        return Ok(());
    };
    let (encr, integ) = suite(*which);
    let (mut a, mut b) = (end(End::A, encr, integ)?, end(End::B, encr, integ)?);
    let (mut sealed, mut opened) = (SealOutput::default(), OpenOutput::default());
    a.seal(Time::START, Some(TUNNEL), [packet], &mut sealed);
    let path = path(End::B);
    let is_empty = sealed.sealed.is_empty();
    let arrive = sealed.sealed.iter_mut().map(|(meta, packet)| Received {
        path,
        tos: meta.tos,
        packet,
    });
    let mut arrive: Vec<_> = arrive.collect();
    b.open(Time::START, &mut arrive, &mut opened);
    let inner = opened.packets.iter();
    let inner = inner.filter_map(|meta| arrive.get(meta.number));
    let inner: Vec<&[u8]> = inner.map(|received| &*received.packet).collect();
    let went = matches!(
        sealed.outcomes.first(),
        Some(SealOutcome::Sealed | SealOutcome::SealedOversize)
    );
    let whole = Packet::parse(packet).map_or(packet, |packet| packet.bytes);
    if sealed.outcomes.first() == Some(&SealOutcome::SealedInFragments) {
        return make_it_again(packet, &inner);
    }
    match inner.first() {
        Some(inner) if went && *inner == whole => Ok(()),
        None if !went && is_empty => Ok(()),
        _ => broken("what was sealed is not what was opened"),
    }
}

/// Fragments carry, one behind the other, what the packet carried.
fn make_it_again(packet: &[u8], pieces: &[&[u8]]) -> Result<(), Broken> {
    let payload = |packet| Packet::parse(packet).map(|packet| packet.payload);
    let pieces: Result<Vec<&[u8]>, _> = pieces.iter().map(|piece| payload(*piece)).collect();
    match (pieces, payload(packet)) {
        (Ok(pieces), Ok(whole)) if pieces.concat() == whole => Ok(()),
        _ => broken("the fragments don't make the packet"),
    }
}

/// One of two ends that mirror each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    A,
    B,
}

pub(crate) const TUNNEL: &str = "Tunnel0";
pub(crate) const CHILD: &str = "sites";

/// Every suite that both ends can speak.
pub(crate) fn suites() -> impl Iterator<Item = (Encr, Option<Integ>)> {
    let usable = Encr::ALL.into_iter().filter(|encr| encr.usable());
    usable.flat_map(|encr| {
        let none = encr.is_aead().then_some((encr, None));
        let all = Integ::ALL
            .into_iter()
            .filter(move |integ| !encr.is_aead() && integ.usable());
        none.into_iter()
            .chain(all.map(move |integ| (encr, Some(integ))))
    })
}

fn suite(which: u8) -> (Encr, Option<Integ>) {
    let all = suites().count().max(1);
    suites()
        .nth(usize::from(which) % all)
        .unwrap_or((Encr::AesGcm128, None))
}

/// What that end's data plane gets from a negotiation; `round` gives each its own keys and SPIs.
pub(crate) fn agreed(end: End, encr: Encr, integ: Option<Integ>, round: u8) -> ChildSa {
    let keys = |towards: End| DirectionKeys {
        encr: Secret::new(vec![key_octet(towards, round); encr.keymat_len()]),
        integ: Secret::new(vec![
            !key_octet(towards, round);
            integ.map_or(0, Integ::key_len)
        ]),
    };
    let pair = selectors(end);
    ChildSa {
        id: u32::from(round),
        connection: "peer".into(),
        child: CHILD.into(),
        role: match end {
            End::A => Role::Initiator,
            End::B => Role::Responder,
        },
        spi_in: spi(end, round),
        spi_out: spi(end.other(), round),
        encr,
        integ,
        esn: false,
        keys_in: keys(end),
        keys_out: keys(end.other()),
        local_selectors: vec![pair.local],
        remote_selectors: vec![pair.remote],
        path: path(end),
        outbound: OutboundUse::Immediately,
        replay_window: 64,
        soft_kilobytes: None,
        hard_kilobytes: None,
        hard_lifetime: Duration::from_secs(3600),
    }
}

impl End {
    pub(crate) fn other(self) -> End {
        match self {
            End::A => End::B,
            End::B => End::A,
        }
    }
}

pub(crate) fn spi(end: End, round: u8) -> u32 {
    match end {
        End::A => 0xa000 + u32::from(round),
        End::B => 0xb000 + u32::from(round),
    }
}

fn key_octet(towards: End, round: u8) -> u8 {
    match towards {
        End::A => round.wrapping_mul(2),
        End::B => round.wrapping_mul(2).wrapping_add(1),
    }
}

pub(crate) fn path(end: End) -> Path {
    let address = |end| {
        IpAddr::V4(match end {
            End::A => Ipv4Addr::new(192, 0, 2, 1),
            End::B => Ipv4Addr::new(198, 51, 100, 1),
        })
    };
    Path {
        local: address(end),
        remote: address(end.other()),
        encapsulation: Encapsulation::Esp,
    }
}

/// A has 10.1.0.0/16, B 10.2.0.0/16.
pub(crate) fn selectors(end: End) -> SelectorPair {
    let net = |second| Selector {
        start: IpAddr::V4(Ipv4Addr::new(10, second, 0, 0)),
        end: IpAddr::V4(Ipv4Addr::new(10, second, 255, 255)),
        ..Selector::ANY_V4
    };
    let of_a = SelectorPair {
        local: net(1),
        remote: net(2),
    };
    match end {
        End::A => of_a,
        End::B => of_a.mirrored(),
    }
}

fn end(end: End, encr: Encr, integ: Option<Integ>) -> Result<DataPlane, Broken> {
    let policy = Policy {
        child: CHILD.into(),
        tunnel_interface: Some(TUNNEL.into()),
        selectors: selectors(end),
        handling: Default::default(),
    };
    let mut plane = DataPlane::new(vec![policy], Box::new(Counting(0)));
    let installed = plane.install(Time::START, agreed(end, encr, integ, 0));
    installed.map_err(|error| Broken(error.to_string()))?;
    Ok(plane)
}

/// Puts B's SPI over the first octets, so that the packet is not refused for that alone.
fn addressed(packet: &[u8]) -> Vec<u8> {
    let spi = spi(End::B, 0).to_be_bytes();
    spi.iter()
        .chain(packet.get(4..).unwrap_or_default())
        .copied()
        .collect()
}

/// Padding and next header IPv4, as a good sender has them.
fn with_trailer(encr: Encr, payload: &[u8]) -> Vec<u8> {
    let mut content = payload.to_vec();
    crossgate_wire::esp::append_trailer(
        &mut content,
        payload.len(),
        crate::transform::block_len(encr),
        crossgate_wire::ip::protocol::IPV4,
    );
    content
}

/// A packet from A to B that verifies, whatever its content is.
fn forged(encr: Encr, integ: Option<Integ>, mut content: Vec<u8>) -> Result<Vec<u8>, Broken> {
    content.resize(
        content
            .len()
            .next_multiple_of(crate::transform::block_len(encr)),
        0,
    );
    let keys = agreed(End::A, encr, integ, 0).keys_out;
    let made = Sealer::new(encr, integ, false, &keys)
        .and_then(|transform| forge(&transform, spi(End::B, 0), 1, &content));
    made.map_err(|error| Broken(error.to_string()))
}

/// Any content, sealed: the way around what a good sender would put there.
pub(crate) fn forge(
    transform: &Sealer,
    spi: u32,
    sequence: u64,
    content: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let low = (sequence & u64::from(u32::MAX)) as u32;
    let header = Header { spi, sequence: low };
    let mut packet = header.to_bytes().to_vec();
    packet.resize(HEADER_LEN + transform.iv_len(), 0xa5);
    packet.extend_from_slice(content);
    transform.seal(sequence, &mut packet)?;
    Ok(packet)
}

fn inside(inner: &[u8], most: usize) -> Result<(), Broken> {
    let parsed = Packet::parse(inner).and_then(|packet| Ok((packet, Flow::of(&packet)?)));
    let Ok((packet, flow)) = parsed else {
        return broken("what was opened is no IP packet");
    };
    let pair = selectors(End::B);
    let agreed = Agreed::new(&[pair.local], &[pair.remote]);
    let whole = packet.total_len() == inner.len() && inner.len() < most;
    if whole && agreed.selects_from_peer(&flow) {
        Ok(())
    } else {
        broken("what was opened is outside the selectors, or too long")
    }
}

fn broken(law: &str) -> Result<(), Broken> {
    Err(Broken(law.to_string()))
}

/// Octets that count: the same input gives the same run. For tests only, as it is no secret.
struct Counting(u64);

impl TryRng for Counting {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|next| next as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        Ok(self.0)
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Infallible> {
        for octet in octets {
            *octet = (self.try_next_u64()? >> 56) as u8;
        }
        Ok(())
    }
}

impl TryCryptoRng for Counting {}
