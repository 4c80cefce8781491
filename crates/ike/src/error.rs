//! Our own side's failures: a message that can't be built, a key that can't be made.

use crossgate_crypto::CryptoError;
use std::fmt;

/// Nothing that a peer sends leads here, but for a public value that its group doesn't have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    Wire(crossgate_wire::Error),
    Crypto(CryptoError),
}

impl From<crossgate_wire::Error> for Failure {
    fn from(error: crossgate_wire::Error) -> Self {
        Self::Wire(error)
    }
}

impl From<CryptoError> for Failure {
    fn from(error: CryptoError) -> Self {
        Self::Crypto(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wire(error) => error.fmt(f),
            Self::Crypto(error) => error.fmt(f),
        }
    }
}
