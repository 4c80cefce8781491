//! Algorithm suites, secrets, key derivation and Diffie-Hellman.
//!
//! Primitives come from maintained libraries; here live only the ways in which IKEv2 (RFC 7296)
//! and ESP (RFC 4303) put them together:
//!
//! - [`algorithm`]: what each algorithm is called, its IANA number and its sizes;
//! - [`hmac`], [`cbc`], [`gcm`]: keys ready for use, one per direction of an SA;
//! - [`prf`], [`kdf`], [`auth`]: the key schedule and the AUTH value;
//! - [`protect`]: the body of the Encrypted payload;
//! - [`dh`]: key pairs and agreement;
//! - [`fingerprint`]: NAT detection and cookie hashes;
//! - [`pem`], [`signature`]: certificates as text, and the signatures under them;
//! - [`Double`]: what a simulation may do instead.
//!
//! Nothing here does input or output, and randomness is always an argument: the same generator
//! gives the same bytes.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic
    )
)]

pub mod algorithm;
pub mod auth;
pub mod cbc;
pub mod dh;
mod double;
mod error;
pub mod fingerprint;
pub mod gcm;
pub mod hmac;
pub mod kdf;
pub mod pem;
pub mod prf;
pub mod protect;
mod secret;
pub mod signature;

pub use algorithm::{DhGroup, Encr, Integ, Prf};
pub use cbc::CbcKey;
pub use dh::DhKeyPair;
pub use double::Double;
pub use error::CryptoError;
pub use gcm::GcmKey;
pub use hmac::{HmacKey, Icv};
pub use kdf::{ChildKeys, ChildSuite, DirectionKeys, IkeSuite, KeyInputs, SkSet};
pub use prf::PrfKey;
pub use protect::SkKeys;
pub use rand_core::CryptoRng;
pub use secret::Secret;
