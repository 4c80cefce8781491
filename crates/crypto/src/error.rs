//! What can go wrong: wrong sizes from our own side, and refusals of what the peer sent.

use std::fmt;

use crate::algorithm::{DhGroup, Encr, Integ};

/// Blame is in the grouping: the first four are the caller's, the rest the peer's, the last the
/// library's. No variant carries key material.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CryptoError {
    /// The algorithm is known by name so that it can be reported, and isn't implemented.
    Unsupported { algorithm: &'static str },
    /// A key, IV or nonce has the wrong number of octets.
    Length {
        what: &'static str,
        expected: usize,
        found: usize,
    },
    /// Combined-mode ciphers go without an integrity algorithm, the others need one.
    Suite { encr: Encr, integ: Option<Integ> },
    /// prf+ yields at most 255 blocks (RFC 7296 §2.13).
    PrfPlusTooLong { limit: usize, asked: usize },
    /// The octets can't hold IV, one unit of ciphertext and ICV.
    TooShort {
        what: &'static str,
        least: usize,
        found: usize,
    },
    /// CBC ciphertext that isn't a whole number of blocks.
    NotWholeBlocks { block: usize, found: usize },
    /// The integrity check value is wrong: a wrong key or altered octets.
    IntegrityFailed,
    /// The pad length octet claims more than there is.
    Padding { claimed: usize, available: usize },
    /// A public value of the wrong length (RFC 7296 §3.4).
    PublicLength {
        group: DhGroup,
        expected: usize,
        found: usize,
    },
    /// A public value outside the group (RFC 6989 §2).
    PublicInvalid { group: DhGroup },
    /// An operation of the library failed that can't fail on valid input.
    Library { operation: &'static str },
}

impl fmt::Display for CryptoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Unsupported { algorithm } => write!(f, "{algorithm} is not implemented"),
            Self::Length {
                what,
                expected,
                found,
            } => write!(f, "{what}: expected {expected} octets, found {found}"),
            Self::Suite {
                encr,
                integ: Some(integ),
            } => write!(f, "{encr} authenticates itself and takes no {integ}"),
            Self::Suite { encr, integ: None } => {
                write!(f, "{encr} needs an integrity algorithm")
            }
            Self::PrfPlusTooLong { limit, asked } => write!(
                f,
                "prf+: at most {limit} octets of key material, {asked} asked for"
            ),
            Self::TooShort { what, least, found } => {
                write!(f, "{what}: expected at least {least} octets, found {found}")
            }
            Self::NotWholeBlocks { block, found } => write!(
                f,
                "ciphertext: expected a multiple of {block} octets, found {found}"
            ),
            Self::IntegrityFailed => f.write_str("integrity check failed"),
            Self::Padding { claimed, available } => write!(
                f,
                "padding: {claimed} octets claimed, {available} available"
            ),
            Self::PublicLength {
                group,
                expected,
                found,
            } => write!(
                f,
                "public value of {group}: expected {expected} octets, found {found}"
            ),
            Self::PublicInvalid { group } => {
                write!(f, "public value of {group} is not an element of the group")
            }
            Self::Library { operation } => write!(f, "the library refused: {operation}"),
        }
    }
}

impl std::error::Error for CryptoError {}
