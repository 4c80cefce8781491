//! The gateway as configured.

use crate::address_book::AddressBook;
use crate::behaviour::{Behaviour, Claim, Liveness, ResponderSelectors};
use crate::oversize::Oversize;
use crate::selector::SelectorPair;
use crossgate_crypto::{DhGroup, Encr, Integ, Prf, Secret};
use crossgate_diag::{Span, Spanned};
use ipnet::IpNet;
use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

/// One end: everything that its file says, and the behaviour of its vendor.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// The dialect's name: `ios-xe`, `pan-os`. For messages; nothing may branch on it.
    pub dialect: &'static str,
    pub hostname: Option<Spanned<String>>,
    /// As written: `17.9`, `11.1.0`.
    pub release: Option<Spanned<String>>,
    pub behaviour: Behaviour,
    pub interfaces: Vec<Interface>,
    pub routes: Vec<Route>,
    pub connections: Vec<Connection>,
    pub limits: Limits,
    /// Shared, because a hub is copied for each of its peers that are judged.
    pub policy: Arc<Policy>,
    /// What the device's licence lets through, where the file tells.
    pub throughput_cap: Option<Spanned<ThroughputCap>>,
    /// Certificates that the file holds.
    pub certificates: Vec<Certificate>,
}

impl Gateway {
    pub fn interface(&self, name: &str) -> Option<&Interface> {
        self.interfaces.iter().find(|i| i.name.value == name)
    }

    pub fn connection(&self, name: &str) -> Option<&Connection> {
        self.connections.iter().find(|c| c.name.value == name)
    }

    /// Each Child of each connection.
    pub fn children(&self) -> impl Iterator<Item = (&Connection, &Child)> {
        self.connections
            .iter()
            .flat_map(|c| c.children.iter().map(move |child| (c, child)))
    }

    /// Whether [`Self::assume_address`] of that interface would change anything.
    pub fn awaits_address(&self, interface: &str) -> bool {
        let known = self.interface(interface);
        let mut from_it = self
            .connections
            .iter()
            .filter(|c| c.local.is_from(interface));
        known.is_none_or(|known| known.addresses.is_empty())
            || from_it.any(|c| c.local.address.is_none())
    }

    /// Gives an interface an address that the file lacks: learnt from DHCP, from the device, or
    /// from the other end's file. Whatever the file states stays. Connections from that interface
    /// get the address, and those whose identity defaults to their address, the identity.
    pub fn assume_address(&mut self, interface: &str, address: IpNet) {
        match self
            .interfaces
            .iter_mut()
            .find(|i| i.name.value == interface)
        {
            Some(known) if !known.addresses.is_empty() => {}
            Some(known) => known.addresses.push(Spanned::default_of(address)),
            None => self.interfaces.push(Interface::assumed(interface, address)),
        }
        for connection in &mut self.connections {
            if connection.local.is_from(interface) {
                connection.assume_local(address.addr());
            }
        }
    }
}

/// A bound that a licence sets on encrypted traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThroughputCap {
    /// Bits a second, each way.
    pub bits: u64,
    pub tunnels: u32,
}

/// A certificate of the file.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// IOS-XE: its trustpoint. PAN-OS: its entry.
    pub name: Spanned<String>,
    /// X.509, in DER.
    pub der: Vec<u8>,
    /// Issuer of others, as opposed to the device's own.
    pub is_authority: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterfaceKind {
    Physical,
    Loopback,
    /// Carries what its Children select; its packets are never sent in the clear.
    Tunnel,
}

#[derive(Clone, Debug)]
pub struct Interface {
    pub name: Spanned<String>,
    pub kind: InterfaceKind,
    pub description: Option<Spanned<String>>,
    /// Own addresses with their prefix lengths.
    pub addresses: Vec<Spanned<IpNet>>,
    /// The line that has it take an address which isn't in the file or is another interface's: by
    /// DHCP, negotiated, unnumbered.
    pub learnt_address: Option<Span>,
    /// False after `shutdown`.
    pub enabled: Spanned<bool>,
    /// Octets of an IP packet.
    pub mtu: Option<Spanned<u16>>,
    /// Octets of TCP payload that SYNs are clamped to.
    pub tcp_mss: Option<Spanned<u16>>,
    pub zone: Option<Spanned<String>>,
    pub virtual_router: Option<Spanned<String>>,
    /// Packet filters by name, for what comes in and what goes out.
    pub filter_in: Option<Spanned<String>>,
    pub filter_out: Option<Spanned<String>>,
    /// Bits a second, where the file says so or the kind of interface does.
    pub bandwidth: Option<Spanned<u64>>,
}

impl Interface {
    /// One that the file only names.
    fn assumed(name: &str, address: IpNet) -> Self {
        Self {
            name: Spanned::default_of(name.to_owned()),
            kind: InterfaceKind::Physical,
            description: None,
            addresses: vec![Spanned::default_of(address)],
            learnt_address: None,
            enabled: Spanned::default_of(true),
            mtu: None,
            tcp_mss: None,
            zone: None,
            virtual_router: None,
            filter_in: None,
            filter_out: None,
            bandwidth: None,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Route {
    /// The vendor's name of it, where it has one.
    pub name: Option<Spanned<String>>,
    pub destination: Spanned<IpNet>,
    pub via: NextHop,
    /// Lower wins between routes to one destination.
    pub distance: u8,
    pub metric: u32,
    pub virtual_router: Option<Spanned<String>>,
}

#[derive(Clone, Debug)]
pub enum NextHop {
    Interface(Spanned<String>),
    Address(Spanned<IpAddr>),
    /// Out of that interface to that address.
    Both(Spanned<String>, Spanned<IpAddr>),
    Discard,
}

/// One IKE peer, and the Children that it is to have.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Unique in its gateway. PAN-OS: the IKE gateway. IOS-XE: the IKEv2 profile, followed by
    /// `/PEER` where one profile serves several.
    pub name: Spanned<String>,
    pub version: Spanned<IkeVersion>,
    pub local: LocalEnd,
    pub remote: RemoteEnd,
    /// In order of preference.
    pub proposals: Vec<IkeProposal>,
    pub local_identity: Spanned<Identity>,
    /// The peer's identity must match one of these; none: any is accepted.
    pub remote_identities: Vec<Spanned<IdentityMatch>>,
    pub local_auth: Spanned<Auth>,
    pub remote_auth: Spanned<Auth>,
    /// For signatures: what this end shows, and whom it believes.
    pub certificates: CertificateUse,
    /// Protection against later quantum computers (RFC 8784, RFC 9370), where configured.
    pub post_quantum: Option<Spanned<PostQuantum>>,
    pub lifetime: Spanned<Duration>,
    pub liveness: Option<Spanned<Liveness>>,
    pub nat: Nat,
    /// Octets of the largest IKE message in an IP packet, where fragmentation is on (RFC 7383).
    pub fragmentation: Option<Spanned<u16>>,
    pub initiation: Spanned<Initiation>,
    pub enabled: Spanned<bool>,
    pub children: Vec<Child>,
}

impl Connection {
    fn assume_local(&mut self, address: IpAddr) {
        if self.local.address.is_some() {
            return;
        }
        self.local.address = Some(Spanned::default_of(address));
        if self.identity_awaits_address() {
            self.local_identity.value = Identity::Address(address);
        }
    }

    /// Whether the local identity is to be the local address, which isn't known yet: the
    /// unspecified address stands for it.
    pub fn identity_awaits_address(&self) -> bool {
        self.local_identity.span.is_none()
            && matches!(self.local_identity.value, Identity::Address(a) if a.is_unspecified())
    }
}

/// Which IKE a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IkeVersion {
    V2,
    /// IKEv2, and IKEv1 with a peer that doesn't answer it.
    V2Preferred,
    /// Never brought up here: such a connection is disabled.
    V1,
}

/// The certificates that a connection names; the names are those of [`Gateway::certificates`].
#[derive(Clone, Debug, Default)]
pub struct CertificateUse {
    pub own: Option<Spanned<String>>,
    /// Issuers: IOS-XE's trustpoints, or the authorities of PAN-OS's certificate profile.
    pub trusted: Vec<Spanned<String>>,
    /// The certificate profile or the trustpoint that a method by signature needs is missing.
    pub undefined: Vec<Spanned<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostQuantum {
    /// A post-quantum preshared key.
    Ppk,
    /// An additional key exchange with ML-KEM.
    MlKem,
}

#[derive(Clone, Debug)]
pub struct LocalEnd {
    /// Name as in the configuration, not Linux's.
    pub interface: Option<Spanned<String>>,
    /// Stated, or taken from the interface; absent when the file has neither.
    pub address: Option<Spanned<IpAddr>>,
}

impl LocalEnd {
    fn is_from(&self, interface: &str) -> bool {
        self.interface
            .as_ref()
            .is_some_and(|name| name.value == interface)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemoteEnd {
    Address(Spanned<IpAddr>),
    Name(Spanned<String>),
    /// Whoever comes from anywhere (or that prefix): never initiated to.
    Within(Spanned<IpNet>),
    Any,
}

impl RemoteEnd {
    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Address(address) => Some(address.value),
            _ => None,
        }
    }

    /// Whether a datagram from there may be for this connection.
    pub fn admits(&self, source: IpAddr) -> bool {
        match self {
            Self::Address(address) => address.value == source,
            Self::Within(net) => net.contains(&source),
            Self::Name(_) | Self::Any => true,
        }
    }
}

impl fmt::Display for RemoteEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "{}", address.value),
            Self::Name(name) => f.write_str(name),
            Self::Within(net) => write!(f, "{}", net.value),
            Self::Any => f.write_str("any"),
        }
    }
}

/// An IKE SA offer: each list in order of preference (RFC 7296 §3.3). AEAD and other ciphers may
/// stand in one list here; on the wire they become two proposals.
#[derive(Clone, Debug)]
pub struct IkeProposal {
    pub name: Option<Spanned<String>>,
    pub encr: Vec<Spanned<Encr>>,
    pub integ: Vec<Spanned<Integ>>,
    pub prf: Vec<Spanned<Prf>>,
    pub groups: Vec<Spanned<DhGroup>>,
}

/// An ESP offer. No `integ` for AEAD; likewise two proposals on the wire where both stand here.
#[derive(Clone, Debug)]
pub struct EspProposal {
    pub name: Option<Spanned<String>>,
    pub encr: Vec<Spanned<Encr>>,
    pub integ: Vec<Spanned<Integ>>,
    /// Extended sequence numbers offered (besides plain ones) and preferred.
    pub esn: bool,
}

/// An IKE identity (RFC 7296 §3.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    Address(IpAddr),
    Fqdn(String),
    /// RFC 822 address: IOS-XE's `email`, PAN-OS's `ufqdn`.
    Email(String),
    KeyId(Vec<u8>),
    /// A distinguished name, in DER.
    DistinguishedName(Vec<u8>),
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "address {address}"),
            Self::Fqdn(name) => write!(f, "fqdn {}", name.escape_debug()),
            Self::Email(name) => write!(f, "email {}", name.escape_debug()),
            Self::KeyId(id) => write!(f, "key-id {}", id.escape_ascii()),
            Self::DistinguishedName(der) => write!(f, "dn ({} octets of DER)", der.len()),
        }
    }
}

/// Which identities a peer may show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentityMatch {
    Exactly(Identity),
    /// An address inside a network.
    AddressWithin(IpNet),
    /// An FQDN that is, or ends in a label boundary before, that domain.
    FqdnDomain(String),
    /// An email address of that domain.
    EmailDomain(String),
    Any,
}

impl IdentityMatch {
    pub fn matches(&self, id: &Identity) -> bool {
        match (self, id) {
            (Self::Any, _) => true,
            (Self::Exactly(wanted), _) => same_identity(wanted, id),
            (Self::AddressWithin(net), Identity::Address(address)) => net.contains(address),
            (Self::FqdnDomain(domain), Identity::Fqdn(name)) => ends_in_domain(name, domain, '.'),
            (Self::EmailDomain(domain), Identity::Email(name)) => ends_in_domain(name, domain, '@'),
            _ => false,
        }
    }
}

impl fmt::Display for IdentityMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(id) => write!(f, "{id}"),
            Self::AddressWithin(net) => write!(f, "address in {net}"),
            Self::FqdnDomain(domain) => write!(f, "fqdn in domain {}", domain.escape_debug()),
            Self::EmailDomain(domain) => write!(f, "email in domain {}", domain.escape_debug()),
            Self::Any => f.write_str("any"),
        }
    }
}

/// Names compare without regard to case, as DNS does.
fn same_identity(a: &Identity, b: &Identity) -> bool {
    match (a, b) {
        (Identity::Fqdn(a), Identity::Fqdn(b)) | (Identity::Email(a), Identity::Email(b)) => {
            a.eq_ignore_ascii_case(b)
        }
        _ => a == b,
    }
}

fn ends_in_domain(name: &str, domain: &str, separator: char) -> bool {
    let name = name.to_ascii_lowercase();
    let domain = domain.to_ascii_lowercase();
    name == domain
        || name
            .strip_suffix(domain.as_str())
            .is_some_and(|rest| rest.ends_with(separator))
}

/// How an end proves who it is.
#[derive(Clone, Debug)]
pub enum Auth {
    Psk(PresharedKey),
    RsaSignature,
    EcdsaSignature,
    /// By whatever key the certificate has (RFC 7427, or what a vendor leaves open).
    DigitalSignature,
    Eap,
}

impl Auth {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Psk(_) => "pre-shared key",
            Self::RsaSignature => "RSA signature",
            Self::EcdsaSignature => "ECDSA signature",
            Self::DigitalSignature => "digital signature",
            Self::Eap => "EAP",
        }
    }
}

/// A pre-shared key, if the file lets us know it.
#[derive(Clone, Debug)]
pub enum PresharedKey {
    Known(Secret),
    /// Written encrypted with a key that only the device has (IOS-XE type 6, PAN-OS `-AQ==…`).
    Encrypted,
    /// The file has none for this peer.
    Missing,
}

/// When this end starts a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initiation {
    /// Passive, responder-only.
    Never,
    OnTraffic,
    /// As soon as the gateway runs.
    AtStart,
}

/// NAT traversal (RFC 7296 §2.23).
#[derive(Clone, Debug)]
pub struct Nat {
    pub enabled: Spanned<bool>,
    /// Claim to be behind a NAT, so that ESP is UDP-encapsulated.
    pub force_encapsulation: Spanned<bool>,
    /// Encapsulate without a NAT too, if the peer is a Crossgate that does and is reached on port
    /// 4500. No file says it, and neither vendor's devices do it.
    pub agrees_on_udp: bool,
    pub keepalive: Spanned<Duration>,
}

/// One Child SA that is wanted: one selector pair.
#[derive(Clone, Debug)]
pub struct Child {
    /// Unique in its gateway. PAN-OS: `TUNNEL` or `TUNNEL:PROXYID`. IOS-XE: the tunnel interface
    /// or `MAP SEQ`, followed by `:N` where an ACL has several entries.
    pub name: Spanned<String>,
    /// What the vendor calls the tunnel: PAN-OS's IPsec tunnel, IOS-XE's interface or map entry.
    pub tunnel: Spanned<String>,
    /// The tunnel interface that carries it. Absent for a crypto map: then the policy catches
    /// packets wherever they are routed.
    pub tunnel_interface: Option<Spanned<String>>,
    pub selectors: Spanned<SelectorPair>,
    pub responder_selectors: Claim<ResponderSelectors>,
    pub proposals: Vec<EspProposal>,
    /// The group of the KE payload at a rekey, and for additional Children.
    pub pfs: Option<Spanned<DhGroup>>,
    pub lifetime: Lifetime,
    /// Packets; 0 turns the check off.
    pub replay_window: Spanned<u32>,
    pub oversize: Oversize,
    pub enabled: Spanned<bool>,
}

#[derive(Clone, Debug)]
pub struct Lifetime {
    pub time: Spanned<Duration>,
    /// Kilobytes (1024 octets) of ESP traffic.
    pub kilobytes: Option<Spanned<u64>>,
    /// Without traffic for so long, the Child is deleted.
    pub idle: Option<Spanned<Duration>>,
}

/// Bounds against exhaustion.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Half-open IKE SAs from which a COOKIE is asked for (RFC 7296 §2.6).
    pub cookie_threshold: Spanned<u32>,
    pub max_half_open: Spanned<u32>,
    pub max_ike_sas: Spanned<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            cookie_threshold: Spanned::default_of(500),
            max_half_open: Spanned::default_of(1000),
            max_ike_sas: Spanned::default_of(65_535),
        }
    }
}

/// Rules about packets, kept as configured.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Whether traffic between zones needs a rule. Without, only packet filters stop any.
    pub zones_need_rules: bool,
    pub zones: Vec<Zone>,
    pub addresses: AddressBook,
    pub services: Vec<ServiceObject>,
    pub security_rules: Vec<SecurityRule>,
    pub nat_rules: Vec<NatRule>,
    pub access_lists: Vec<AccessList>,
}

#[derive(Clone, Debug)]
pub struct Zone {
    pub name: Spanned<String>,
    pub interfaces: Vec<Spanned<String>>,
}

#[derive(Clone, Debug)]
pub struct AddressObject {
    pub name: Spanned<String>,
    pub value: AddressValue,
}

#[derive(Clone, Debug)]
pub enum AddressValue {
    Net(Spanned<IpNet>),
    Range(Spanned<(IpAddr, IpAddr)>),
    Fqdn(Spanned<String>),
    Group(Vec<Spanned<String>>),
    /// Rules use the name, and nothing defines it: no address is it.
    Undefined,
}

#[derive(Clone, Debug)]
pub struct ServiceObject {
    pub name: Spanned<String>,
    pub value: ServiceValue,
}

#[derive(Clone, Debug)]
pub enum ServiceValue {
    /// An IP protocol with ports; no range of them: any.
    Ports {
        protocol: u8,
        source: Vec<RangeInclusive<u16>>,
        destination: Vec<RangeInclusive<u16>>,
    },
    Group(Vec<Spanned<String>>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Allow,
    Deny,
}

/// A security rule. `from` and `to` name zones; names are resolved against zones and address objects by whoever enforces it.
#[derive(Clone, Debug)]
pub struct SecurityRule {
    pub name: Spanned<String>,
    pub from: Vec<Spanned<String>>,
    pub to: Vec<Spanned<String>>,
    pub source: Vec<Spanned<String>>,
    pub destination: Vec<Spanned<String>>,
    pub application: Vec<Spanned<String>>,
    pub service: Vec<Spanned<String>>,
    pub action: Spanned<Action>,
    pub negate_source: bool,
    pub negate_destination: bool,
    pub enabled: bool,
}

/// A rule that may translate sources. `from` and `to` name zones or interfaces.
#[derive(Clone, Debug)]
pub struct NatRule {
    pub name: Spanned<String>,
    /// Which packets, where an access list says so instead of `source` and `destination`.
    pub access_list: Option<Spanned<String>>,
    pub from: Vec<Spanned<String>>,
    pub to: Vec<Spanned<String>>,
    pub source: Vec<Spanned<String>>,
    pub destination: Vec<Spanned<String>>,
    pub service: Option<Spanned<String>>,
    pub source_translation: SourceTranslation,
    pub enabled: bool,
}

#[derive(Clone, Debug)]
pub enum SourceTranslation {
    None,
    /// The address of that interface, with new ports.
    Interface(Spanned<String>),
    Addresses(Vec<Spanned<String>>),
}

#[derive(Clone, Debug)]
pub struct AccessList {
    pub name: Spanned<String>,
    pub entries: Vec<AccessEntry>,
}

#[derive(Clone, Debug)]
pub struct AccessEntry {
    pub action: Spanned<Action>,
    /// Source as `local`, destination as `remote`. Absent where a wildcard is no range.
    pub selectors: Option<Spanned<SelectorPair>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_matches_by_kind_and_value() {
        let fqdn = |s: &str| Identity::Fqdn(s.into());
        let address = |s: &str| Identity::Address(s.parse().expect("address"));
        let within = IdentityMatch::AddressWithin("198.51.100.0/24".parse().expect("net"));
        let domain = IdentityMatch::FqdnDomain("example.net".into());
        assert!(within.matches(&address("198.51.100.20")));
        assert!(!within.matches(&address("198.51.101.20")));
        assert!(!within.matches(&fqdn("198.51.100.20")));
        assert!(domain.matches(&fqdn("hq.EXAMPLE.net")));
        assert!(!domain.matches(&fqdn("hqexample.net")));
        assert!(IdentityMatch::Exactly(fqdn("Hq.example.net")).matches(&fqdn("hq.example.net")));
        assert!(!IdentityMatch::Exactly(fqdn("hq")).matches(&Identity::Email("hq".into())));
        assert!(IdentityMatch::Any.matches(&Identity::KeyId(vec![0])));
    }

    #[test]
    fn a_peer_supplied_identity_prints_without_control_characters() {
        let evil = Identity::KeyId(b"\x1b[31m\n".to_vec());
        assert_eq!(evil.to_string(), r"key-id \x1b[31m\n");
        assert_eq!(Identity::Fqdn("a\nb".into()).to_string(), r"fqdn a\nb");
    }
}
