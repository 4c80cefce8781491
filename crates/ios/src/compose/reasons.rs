//! Why the lines are there that the composer has no particular reason for: by how they begin.

/// Nothing for what separates lines.
pub(super) fn of(line: &str) -> Option<&'static str> {
    let line = unnumbered(line);
    let begins = |(start, _): &&(&str, &'static str)| line.starts_with(*start);
    ROWS.iter().find(begins).map(|(_, why)| *why)
}

/// An access list's entry without its number.
fn unnumbered(line: &str) -> &str {
    let rest = line.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit());
    match rest.starts_with("permit ") || rest.starts_with("deny ") {
        true => rest,
        false => line,
    }
}

/// The first row that a line begins with counts.
const ROWS: &[(&str, &str)] = &[
    ("end", "the configuration ends"),
    ("version", "defaults depend on the release"),
    ("hostname", "the router's name"),
    ("crypto ikev2 proposal", "what is offered for IKE SAs"),
    (
        " encryption",
        "the cipher of the IKE SA; with GCM it protects integrity too",
    ),
    (
        " integrity",
        "the hash that protects what the cipher alone does not",
    ),
    (
        " prf",
        "what keys are derived with; GCM leaves it open, so it is said",
    ),
    (" group", "the key exchange of the IKE SA"),
    (" proposal", "what is offered under this policy"),
    (
        "crypto ikev2 keyring",
        "pre-shared keys are kept in a keyring",
    ),
    (" peer", "one peer, and what is agreed with it"),
    ("  pre-shared-key local", "proves this end to the peer"),
    ("  pre-shared-key remote", "proves the peer to this end"),
    (
        "  pre-shared-key",
        "proves both ends to each other; the peer has the same",
    ),
    (
        "crypto ikev2 profile",
        "who the peer is, and how both prove it",
    ),
    (" authentication remote", "how the peer proves who it is"),
    (" authentication local", "how this end proves who it is"),
    (" keyring local", "where the key for this peer is"),
    (
        " pki trustpoint",
        "the certificate that proves this end, or who signs the peer's",
    ),
    (
        " nat force-encap",
        "ESP goes in UDP even where no NAT is seen",
    ),
    (
        " nat keepalive",
        "a NAT on the way forgets what is silent for longer",
    ),
    (
        "crypto ikev2 fragmentation",
        "large IKE messages go in parts that no path drops (RFC 7383)",
    ),
    (
        "crypto ikev2 cookie-challenge",
        "many half-open negotiations have to prove their address",
    ),
    ("crypto ikev2 limit", "a bound against exhaustion"),
    (
        "no crypto ipsec nat-transparency",
        "NAT traversal is off, as the gateway has it",
    ),
    (
        "crypto ipsec df-bit",
        "whether routers on the way may cut sealed packets",
    ),
    (
        "crypto ipsec fragmentation",
        "packets that are too long are sealed first, and then cut",
    ),
    ("crypto pki trustpoint", "where the certificate is kept"),
    (
        "crypto ipsec transform-set",
        "what is offered for Child SAs",
    ),
    (
        " mode tunnel",
        "whole packets are encrypted, addresses included",
    ),
    (
        " esn",
        "sequence numbers of 64 bits, where the peer has them",
    ),
    ("crypto ipsec profile", "what the tunnel interface asks for"),
    (
        "crypto map",
        "what is encrypted with whom, for the interface that packets leave by",
    ),
    (" set transform-set", "the offer for Child SAs"),
    (" set ikev2-profile", "which peer, and how it is known"),
    (" set peer", "where the peer is"),
    (
        " set security-association replay disable",
        "packets are not checked for repetition",
    ),
    (
        " set security-association replay",
        "packets may overtake each other by so many",
    ),
    (
        " set security-association idle",
        "without traffic for so many seconds the SA goes",
    ),
    (
        "interface Tunnel",
        "packets routed here go encrypted to the peer",
    ),
    ("interface", "an interface of this router"),
    (" description", "for people"),
    (" encapsulation", "the VLAN of this interface"),
    (" ip address", "its address and mask"),
    (" ipv6 address", "its address"),
    (
        " ip mtu",
        "larger packets would not fit, sealed, into those outside",
    ),
    (
        " ip access-group",
        "the packet filter that the gateway has here",
    ),
    (" bandwidth", "kilobits a second, as the gateway has it"),
    (" ip nat inside", "sources from here are translated"),
    (" ip nat outside", "what leaves here is translated"),
    (
        " tunnel source",
        "sealed packets leave from this interface's address",
    ),
    (" tunnel destination", "where the peer is"),
    (
        " tunnel protection ipsec profile",
        "encrypts what is routed here",
    ),
    (" no shutdown", "ports are off until they are told to be on"),
    (" shutdown", "off, as the gateway has it"),
    (
        "ip nat inside source",
        "sources on the access list become this interface's address",
    ),
    ("ip access-list", "a list of packets, by name"),
    (
        "permit",
        "a network of the list, as address and wildcard: from, and to",
    ),
    (
        "deny",
        "not these: the first entry that fits a packet decides",
    ),
];
