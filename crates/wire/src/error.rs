//! Why bytes aren't a packet, or a value can't become one.

use std::fmt;

use crate::ike::{Header, PayloadType};

/// What is wrong, in which part, at which offset, with both values.
///
/// Offsets count from the first byte that was handed to the parser: the IKE header for a datagram, the first
/// decrypted byte for an inner payload chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// A field or a declared length reaches past the end: `expected` bytes wanted, `found` left.
    Truncated {
        part: Part,
        offset: usize,
        expected: usize,
        found: usize,
    },
    /// A length field that can't be right by itself, or that disagrees with the bytes present.
    Length {
        part: Part,
        field: &'static str,
        offset: usize,
        expected: usize,
        found: usize,
    },
    /// A field has a value that its RFC forbids.
    Value {
        part: Part,
        field: &'static str,
        offset: usize,
        expected: &'static str,
        found: u64,
    },
    /// A declared number of elements isn't the number present.
    Count {
        part: Part,
        field: &'static str,
        offset: usize,
        expected: usize,
        found: usize,
    },
    /// Bytes follow where the part must end.
    Trailing {
        part: Part,
        offset: usize,
        found: usize,
    },
    /// More elements than our bound.
    TooMany {
        part: Part,
        offset: usize,
        limit: usize,
    },
    /// An encrypted payload inside an encrypted payload.
    Nested { part: Part, offset: usize },
    /// The header is IKEv1's, which is recognised and never spoken (RFC 7296 §2.5).
    Ikev1(Header),
    /// A major version that is neither 1 nor 2 (RFC 7296 §2.5).
    MajorVersion(Header),
    /// A value is too large for its field on the wire; only emission gives this.
    TooLong {
        part: Part,
        field: &'static str,
        limit: usize,
        found: usize,
    },
}

/// The part of a packet that an [`Error`] speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    IkeHeader,
    /// All payloads of a message, or of what was decrypted.
    PayloadChain,
    /// The generic header of a payload, before its type's own fields.
    PayloadHeader(PayloadType),
    Payload(PayloadType),
    Proposal,
    Transform,
    TransformAttribute,
    TrafficSelector,
    ConfigAttribute,
    EspHeader,
    EspTrailer,
    /// Either family's, before the version is known.
    IpHeader,
    Ipv4Header,
    Ipv6Header,
    Ipv6Extension,
    UdpHeader,
    TcpHeader,
    /// Of another protocol with ports.
    TransportHeader,
    Icmp,
}

impl Error {
    /// The part that is to blame; `None` for a whole message of a version that we don't speak.
    pub fn part(&self) -> Option<Part> {
        match *self {
            Error::Truncated { part, .. }
            | Error::Length { part, .. }
            | Error::Value { part, .. }
            | Error::Count { part, .. }
            | Error::Trailing { part, .. }
            | Error::TooMany { part, .. }
            | Error::Nested { part, .. }
            | Error::TooLong { part, .. } => Some(part),
            Error::Ikev1(_) | Error::MajorVersion(_) => None,
        }
    }

    /// A word for counters: datagrams that were dropped are counted by reason.
    pub fn reason(&self) -> &'static str {
        match self {
            Error::Truncated { .. } => "truncated",
            Error::Length { .. } => "bad-length",
            Error::Value { .. } => "bad-value",
            Error::Count { .. } => "bad-count",
            Error::Trailing { .. } => "trailing-bytes",
            Error::TooMany { .. } => "too-many",
            Error::Nested { .. } => "nested-encrypted",
            Error::Ikev1(_) => "ikev1",
            Error::MajorVersion(_) => "major-version",
            Error::TooLong { .. } => "too-long",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Error::Truncated {
                part,
                offset,
                expected,
                found,
            } => {
                write!(
                    f,
                    "{part} at offset {offset}: expected {expected} bytes, found {found}"
                )
            }
            Error::Length {
                part,
                field,
                offset,
                expected,
                found,
            } => {
                write!(
                    f,
                    "{part} at offset {offset}: expected {field} {expected}, found {found}"
                )
            }
            Error::Value {
                part,
                field,
                offset,
                expected,
                found,
            } => {
                write!(
                    f,
                    "{part} at offset {offset}: expected {field} {expected}, found {found}"
                )
            }
            Error::Count {
                part,
                field,
                offset,
                expected,
                found,
            } => {
                write!(
                    f,
                    "{part} at offset {offset}: expected {expected} {field}, found {found}"
                )
            }
            Error::Trailing {
                part,
                offset,
                found,
            } => {
                write!(
                    f,
                    "{part} ends at offset {offset}, but {found} more bytes follow"
                )
            }
            Error::TooMany {
                part,
                offset,
                limit,
            } => {
                write!(
                    f,
                    "{part} at offset {offset}: more than the {limit} that are accepted"
                )
            }
            Error::Nested { part, offset } => {
                write!(
                    f,
                    "{part} at offset {offset} is inside an encrypted payload already"
                )
            }
            Error::Ikev1(_) => write!(f, "IKEv1 message, expected IKEv2"),
            Error::MajorVersion(header) => {
                write!(
                    f,
                    "expected IKE major version 2, found {}",
                    header.version.major
                )
            }
            Error::TooLong {
                part,
                field,
                limit,
                found,
            } => {
                write!(f, "{part}: {field} can be at most {limit}, found {found}")
            }
        }
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Part::PayloadHeader(kind) => return write!(f, "{kind} payload header"),
            Part::Payload(kind) => return write!(f, "{kind} payload"),
            Part::IkeHeader => "IKE header",
            Part::PayloadChain => "payload chain",
            Part::Proposal => "proposal",
            Part::Transform => "transform",
            Part::TransformAttribute => "transform attribute",
            Part::TrafficSelector => "traffic selector",
            Part::ConfigAttribute => "configuration attribute",
            Part::EspHeader => "ESP header",
            Part::EspTrailer => "ESP trailer",
            Part::IpHeader => "IP header",
            Part::Ipv4Header => "IPv4 header",
            Part::Ipv6Header => "IPv6 header",
            Part::Ipv6Extension => "IPv6 extension header",
            Part::UdpHeader => "UDP header",
            Part::TcpHeader => "TCP header",
            Part::TransportHeader => "transport header",
            Part::Icmp => "ICMP message",
        };
        f.write_str(name)
    }
}
