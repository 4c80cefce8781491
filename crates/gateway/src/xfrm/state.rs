//! One direction of a Child SA as an XFRM state, and what the kernel tells of it.

use super::message::{
    A_ALG_AEAD, A_ALG_AUTH_TRUNC, A_ALG_CRYPT, A_ENCAP, A_MARK, A_OFFLOAD_DEV, A_REPLAY_ESN_VAL,
    A_REPLAY_VAL, A_SET_MARK, DELSA, ESP, GETSA, Message, NEWSA, Reader, TUNNEL, family,
};
use crate::failclosed::OWN_PACKETS_MARK;
use crossgate_crypto::{Encr, Integ};
use crossgate_model::view::Encapsulation;
use crossgate_model::{ChildSa, DirectionKeys, Path};
use std::net::IpAddr;

/// `struct xfrm_usersa_info`.
const STATE: usize = 224;
const NAME: usize = 64;
/// `XFRM_INF`: no limit.
const NO_LIMIT: u64 = u64::MAX;
const KILOBYTE: u64 = 1024;
/// `XFRM_STATE_AF_UNSPEC`: inner packets of either family.
const BOTH_FAMILIES: u8 = 32;
/// `XFRM_STATE_NOPMTUDISC`.
const CLEAR_DF: u8 = 4;
const ESN: u8 = 128;
const ESP_IN_UDP: u16 = 2;
/// The field of the state itself holds no wider window.
const SMALL_WINDOW: u32 = 32;
/// The kernel's widest.
pub const WIDEST_WINDOW: u32 = 4096;
const OFFLOAD_INBOUND: u8 = 2;
/// Packets after which a rekey is due, where sequence numbers have 32 bits.
const SOFT_PACKETS: u64 = u32::MAX as u64 / 10 * 9;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    In,
    Out,
}

/// How a state is found: its SPI is the receiver's, and so is its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StateId {
    pub destination: IpAddr,
    pub spi: u32,
    pub mark: u32,
}

/// What ties states to their policy and their device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tie {
    /// Of the configured Child.
    pub reqid: u32,
    /// Of the tunnel device.
    pub mark: u32,
    /// The device whose hardware is asked to encrypt.
    pub offload: Option<u32>,
    /// The outer DF bit is clear, whatever the inner one is.
    pub clears_df: bool,
}

pub fn id(sa: &ChildSa, path: &Path, direction: Direction, mark: u32) -> StateId {
    let (destination, spi) = match direction {
        Direction::In => (path.local, sa.spi_in),
        Direction::Out => (path.remote, sa.spi_out),
    };
    StateId {
        destination,
        spi,
        mark,
    }
}

/// The request that installs that direction; a sentence if the kernel has no such cipher.
pub fn add(sa: &ChildSa, direction: Direction, tie: Tie) -> Result<Message, String> {
    let cipher = Cipher::of(sa.encr, sa.integ)?;
    let keys = match direction {
        Direction::In => &sa.keys_in,
        Direction::Out => &sa.keys_out,
    };
    let mut message = Message::new(NEWSA);
    info(&mut message, sa, direction, tie);
    cipher.attributes(&mut message, keys);
    encapsulation(&mut message, &sa.path, direction);
    if needs_wide_window(sa) {
        wide_window(&mut message, sa.esn, sa.replay_window);
    }
    mark(&mut message, tie.mark);
    if direction == Direction::Out {
        // The outer packet takes the route of our own packets, and not the tunnel again.
        message.attribute(A_SET_MARK, |m| {
            m.u32(OWN_PACKETS_MARK);
        });
    }
    // The kernel refuses to leave UDP to hardware.
    if let Some(device) = tie.offload
        && sa.path.encapsulation == Encapsulation::Esp
    {
        message.attribute(A_OFFLOAD_DEV, |m| {
            let inbound = if direction == Direction::In {
                OFFLOAD_INBOUND
            } else {
                0
            };
            m.u32(device).u8(inbound).zeros(3);
        });
    }
    Ok(message)
}

/// `struct xfrm_usersa_info`. Its selector is empty: policies say what is carried.
fn info(m: &mut Message, sa: &ChildSa, direction: Direction, tie: Tie) {
    let id = id(sa, &sa.path, direction, 0);
    let source = match direction {
        Direction::In => sa.path.remote,
        Direction::Out => sa.path.local,
    };
    let octets = |kilobytes: Option<u64>| {
        kilobytes.map_or(NO_LIMIT, |kilobytes| kilobytes.saturating_mul(KILOBYTE))
    };
    let soft_packets = if sa.esn { NO_LIMIT } else { SOFT_PACKETS };
    let seconds = sa.hard_lifetime.as_secs() + u64::from(sa.hard_lifetime.subsec_nanos() > 0);
    let window = match needs_wide_window(sa) {
        true => 0,
        false => u8::try_from(sa.replay_window).unwrap_or(0),
    };
    let esn = if sa.esn { ESN } else { 0 };
    m.zeros(56).address(id.destination).be32(id.spi).u8(ESP);
    m.zeros(3).address(source);
    m.u64(octets(sa.soft_kilobytes))
        .u64(octets(sa.hard_kilobytes));
    m.u64(soft_packets).u64(NO_LIMIT);
    m.u64(0).u64(seconds).u64(0).u64(0);
    m.zeros(32 + 12 + 4);
    let df = match direction {
        Direction::Out if tie.clears_df => CLEAR_DF,
        _ => 0,
    };
    m.u32(tie.reqid).u16(family(id.destination));
    m.u8(TUNNEL).u8(window);
    m.u8(BOTH_FAMILIES | esn | df).zeros(7);
}

fn needs_wide_window(sa: &ChildSa) -> bool {
    sa.esn || sa.replay_window > SMALL_WINDOW
}

/// `struct xfrm_replay_state_esn`; the kernel makes room for as many bits as the window has. With ESN the kernel
/// can't do without one (its width tells the high half): the widest is nearest to none.
fn wide_window(message: &mut Message, esn: bool, window: u32) {
    let window = match window {
        0 if esn => WIDEST_WINDOW,
        window => window.min(WIDEST_WINDOW),
    };
    let words = window.div_ceil(32);
    message.attribute(A_REPLAY_ESN_VAL, |m| {
        m.u32(words).zeros(16).u32(window);
    });
}

pub fn mark(message: &mut Message, mark: u32) {
    message.attribute(A_MARK, |m| {
        m.u32(mark).u32(u32::MAX);
    });
}

fn encapsulation(message: &mut Message, path: &Path, direction: Direction) {
    let Encapsulation::Udp {
        local_port,
        remote_port,
    } = path.encapsulation
    else {
        return;
    };
    let (source, destination) = match direction {
        Direction::In => (remote_port, local_port),
        Direction::Out => (local_port, remote_port),
    };
    message.attribute(A_ENCAP, |m| {
        m.u16(ESP_IN_UDP).be16(source).be16(destination).zeros(18);
    });
}

/// The kernel's names, and how many bits of the ICV are sent.
enum Cipher {
    Combined {
        name: &'static str,
        icv_bits: u32,
    },
    Pair {
        encr: &'static str,
        integ: &'static str,
        icv_bits: u32,
    },
}

impl Cipher {
    fn of(encr: Encr, integ: Option<Integ>) -> Result<Self, String> {
        let bits = |octets: usize| octets as u32 * 8;
        match (encr, integ) {
            (Encr::AesGcm128 | Encr::AesGcm192 | Encr::AesGcm256, None) => Ok(Self::Combined {
                name: "rfc4106(gcm(aes))",
                icv_bits: bits(encr.icv_len()),
            }),
            (Encr::AesCbc128 | Encr::AesCbc192 | Encr::AesCbc256, Some(integ)) => {
                let name = match integ {
                    Integ::HmacSha1_96 => "hmac(sha1)",
                    Integ::HmacSha256_128 => "hmac(sha256)",
                    Integ::HmacSha384_192 => "hmac(sha384)",
                    Integ::HmacSha512_256 => "hmac(sha512)",
                    Integ::HmacMd5_96 => return Err(unsupported(encr, Some(integ))),
                };
                Ok(Self::Pair {
                    encr: "cbc(aes)",
                    integ: name,
                    icv_bits: bits(integ.icv_len()),
                })
            }
            _ => Err(unsupported(encr, integ)),
        }
    }

    fn attributes(&self, message: &mut Message, keys: &DirectionKeys) {
        let bits = |key: &[u8]| key.len() as u32 * 8;
        let (encr, integ) = (keys.encr.expose(), keys.integ.expose());
        match *self {
            Self::Combined { name, icv_bits } => message.attribute(A_ALG_AEAD, |m| {
                named(m, name).u32(bits(encr)).u32(icv_bits).raw(encr);
            }),
            Self::Pair {
                encr: cipher,
                integ: hash,
                icv_bits,
            } => message
                .attribute(A_ALG_AUTH_TRUNC, |m| {
                    named(m, hash).u32(bits(integ)).u32(icv_bits).raw(integ);
                })
                .attribute(A_ALG_CRYPT, |m| {
                    named(m, cipher).u32(bits(encr)).raw(encr);
                }),
        };
    }
}

fn named<'m>(message: &'m mut Message, name: &str) -> &'m mut Message {
    message
        .raw(name.as_bytes())
        .zeros(NAME.saturating_sub(name.len()))
}

fn unsupported(encr: Encr, integ: Option<Integ>) -> String {
    let integ = integ.map_or(String::new(), |integ| format!(" with {}", integ.name()));
    format!("{}{integ} is not offered to the kernel", encr.name())
}

/// `struct xfrm_usersa_id` of a request about one state.
fn about(kind: u16, id: StateId) -> Message {
    let mut message = Message::new(kind);
    message.address(id.destination).be32(id.spi);
    message.u16(family(id.destination)).u8(ESP).zeros(1);
    mark(&mut message, id.mark);
    message
}

pub fn delete(id: StateId) -> Message {
    about(DELSA, id)
}

pub fn get(id: StateId) -> Message {
    about(GETSA, id)
}

/// All states: without a filter the kernel takes an empty request.
pub fn dump() -> Message {
    Message::new(GETSA)
}

/// What the kernel tells of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateInfo {
    pub id: StateId,
    pub counts: Counts,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Of inner packets.
    pub octets: u64,
    pub packets: u64,
    pub replayed: u64,
    pub bad_icv: u64,
}

/// `None` for what is no ESP state in tunnel mode.
pub fn parse(body: &[u8]) -> Option<StateInfo> {
    let reader = Reader(body);
    body.get(..STATE)?;
    if reader.u8(76)? != ESP || reader.u8(214)? != TUNNEL {
        return None;
    }
    Some(StateInfo {
        id: StateId {
            destination: reader.address(56, reader.u16(212)?)?,
            spi: reader.be32(72)?,
            mark: reader.mark(STATE).unwrap_or_default(),
        },
        counts: Counts {
            octets: reader.u64(160)?,
            packets: reader.u64(168)?,
            // The first counts packets that came before the window, the second those seen already.
            replayed: u64::from(reader.u32(192)?) + u64::from(reader.u32(196)?),
            bad_icv: u64::from(reader.u32(200)?),
        },
    })
}

/// Whether a device does the work, as the kernel tells of a state.
pub fn is_offloaded(body: &[u8]) -> bool {
    let mut attributes = Reader(body).attributes(STATE);
    attributes.any(|(kind, _)| kind == A_OFFLOAD_DEV)
}

/// The same state on another path: keys, sequence numbers and window as the kernel tells them.
pub fn moved(body: &[u8], path: &Path, direction: Direction) -> Option<Message> {
    let (source, destination) = match direction {
        Direction::In => (path.remote, path.local),
        Direction::Out => (path.local, path.remote),
    };
    let mut message = Message::new(NEWSA);
    message.raw(body.get(..56)?).address(destination);
    message.raw(body.get(72..80)?).address(source);
    message.raw(body.get(96..STATE)?);
    let kept = [
        A_ALG_AEAD,
        A_ALG_AUTH_TRUNC,
        A_ALG_CRYPT,
        A_REPLAY_VAL,
        A_REPLAY_ESN_VAL,
        A_MARK,
        A_SET_MARK,
    ];
    for (kind, content) in Reader(body).attributes(STATE) {
        if kept.contains(&kind) {
            message.attribute(kind, |m| {
                m.raw(content);
            });
        }
    }
    encapsulation(&mut message, path, direction);
    Some(message)
}
