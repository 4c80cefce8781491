//! Why a key can't be made.

use std::fmt;

/// Key material of a length that the algorithm doesn't take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyError {
    Cipher { found: usize },
    Icv { longest: usize, found: usize },
}

impl KeyError {
    pub(crate) const fn cipher(found: usize) -> Self {
        Self::Cipher { found }
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cipher { found } => write!(
                f,
                "an AES key has 16, 24 or 32 octets; this one has {found}"
            ),
            Self::Icv { longest, found } => write!(
                f,
                "the ICV has 1 to {longest} octets with this hash, not {found}"
            ),
        }
    }
}

impl std::error::Error for KeyError {}
