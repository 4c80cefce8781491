//! What the two ends of a tunnel agree upon, from one end's point of view.

use std::fmt;
use std::net::Ipv4Addr;

/// A tunnel as one end has it configured.
#[derive(Clone, Debug)]
pub struct Tunnel {
    pub suite: Suite,
    pub key: String,
    pub local: Endpoint,
    pub remote: Endpoint,
    pub starts: Starts,
}

/// One end.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The address on its own interface.
    pub address: Ipv4Addr,
    /// The address under which the other end reaches it: NAT makes the difference.
    pub reached_at: Ipv4Addr,
    pub identity: Identity,
    pub network: Network,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    Address(Ipv4Addr),
    Fqdn(&'static str),
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Fqdn(name) => f.write_str(name),
        }
    }
}

/// An IPv4 network of prefix length 24, by its first three octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(pub [u8; 3]);

impl Network {
    pub fn host(self, last: u8) -> Ipv4Addr {
        let [a, b, c] = self.0;
        Ipv4Addr::new(a, b, c, last)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/24", self.host(0))
    }
}

/// Algorithms of IKE and ESP. PFS is in IKE's group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suite {
    pub ike: Ike,
    pub esp: Esp,
    pub pfs: bool,
    /// Sequence numbers of 64 bits; PAN-OS has none.
    pub esn: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ike {
    /// AES-CBC-256, SHA-256, group 14.
    Cbc14,
    /// AES-GCM-256, PRF SHA-256, group 19.
    Gcm19,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Esp {
    /// AES-CBC-256, SHA-256.
    CbcSha256,
    /// AES-CBC-256, SHA-512.
    CbcSha512,
    /// AES-GCM-256.
    Gcm,
}

impl Suite {
    pub const CBC: Self = Self {
        ike: Ike::Cbc14,
        esp: Esp::CbcSha256,
        pfs: true,
        esn: false,
    };
    pub const GCM: Self = Self {
        ike: Ike::Gcm19,
        esp: Esp::Gcm,
        pfs: true,
        esn: false,
    };
}

/// Which end begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Starts {
    Local,
    Remote,
}

impl Tunnel {
    /// The same tunnel as the other end has it.
    pub fn mirrored(&self) -> Self {
        Self {
            suite: self.suite,
            key: self.key.clone(),
            local: self.remote.clone(),
            remote: self.local.clone(),
            starts: match self.starts {
                Starts::Local => Starts::Remote,
                Starts::Remote => Starts::Local,
            },
        }
    }
}
