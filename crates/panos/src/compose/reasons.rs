//! Why a command is there, as far as its words tell: those of a path with a particular reason are
//! not here.

/// The first row counts whose words the path has, in their order.
pub(super) fn of(path: &str) -> Option<&'static str> {
    let has = |(words, _): &&(&str, &'static str)| {
        let mut rest = path;
        words.split(" … ").all(|part| match rest.split_once(part) {
            Some((_, after)) => {
                rest = after;
                true
            }
            None => false,
        })
    };
    ROWS.iter().find(has).map(|(_, why)| *why)
}

const ROWS: &[(&str, &str)] = &[
    ("deviceconfig system hostname", "the firewall's name"),
    ("deviceconfig setting vpn", "a bound against exhaustion"),
    (
        "shared certificate-profile",
        "who signs the peer's certificate",
    ),
    ("shared certificate", "a certificate that a gateway names"),
    (
        "security rules … action",
        "what the rule does with such packets",
    ),
    (
        "security rules",
        "nothing passes between zones without a rule: which packets it is about",
    ),
    (
        "nat rules keep-vpn-addresses",
        "traffic of the tunnel keeps its addresses; the first rule that fits decides",
    ),
    (
        "nat rules",
        "the networks behind this firewall reach the Internet by its address",
    ),
    (
        "import network interface",
        "interfaces of this virtual system",
    ),
    (
        "network interface … adjust-tcp-mss enable",
        "TCP segments fit the tunnel without fragments",
    ),
    (
        "network interface … adjust-tcp-mss",
        "octets that are taken off the MTU for them",
    ),
    (
        "network interface … mtu",
        "larger packets would not fit, sealed, into those outside",
    ),
    ("network interface … comment", "for people"),
    (
        "network interface … link-",
        "the port's state and speed, as the gateway has them",
    ),
    (
        "network interface … ip",
        "the interface's address and prefix length",
    ),
    (
        "network interface tunnel",
        "packets routed here go encrypted to the peer",
    ),
    ("network interface", "an interface of this firewall"),
    (
        "ike-crypto-profiles … encryption",
        "the cipher of the IKE SA; with GCM it protects integrity too",
    ),
    (
        "ike-crypto-profiles … hash non-auth",
        "GCM needs no hash; the PRF follows from the group",
    ),
    (
        "ike-crypto-profiles … hash",
        "the hash for integrity, and the PRF",
    ),
    (
        "ike-crypto-profiles … dh-group",
        "the key exchange of the IKE SA",
    ),
    (
        "ike-crypto-profiles … lifetime",
        "lifetimes are each end's own matter (RFC 7296 §2.8)",
    ),
    (
        "ipsec-crypto-profiles … encryption",
        "the cipher of the Child SAs",
    ),
    (
        "ipsec-crypto-profiles … authentication none",
        "GCM protects integrity itself",
    ),
    (
        "ipsec-crypto-profiles … authentication",
        "the hash that protects what the cipher alone does not",
    ),
    (
        "ipsec-crypto-profiles … dh-group no-pfs",
        "no fresh key exchange at a rekey",
    ),
    (
        "ipsec-crypto-profiles … dh-group",
        "a fresh key exchange at each rekey",
    ),
    (
        "ipsec-crypto-profiles … lifesize",
        "a new key after so much traffic",
    ),
    (
        "ipsec-crypto-profiles … lifetime",
        "the end with the shorter lifetime rekeys",
    ),
    (
        "ike gateway … pre-shared-key",
        "proves both ends to each other; the peer has the same",
    ),
    (
        "ike gateway … authentication certificate",
        "the certificate that proves this end, or who signs the peer's",
    ),
    (
        "ike gateway … protocol version",
        "the schema's default is IKEv1",
    ),
    (
        "ike gateway … ike-crypto-profile",
        "what is offered for IKE SAs",
    ),
    (
        "ike gateway … dpd enable",
        "whether a silent peer is asked if it is alive",
    ),
    (
        "ike gateway … dpd interval",
        "seconds of silence before it is asked",
    ),
    (
        "ike gateway … nat-traversal enable",
        "ESP goes in UDP where a NAT is on the way",
    ),
    (
        "ike gateway … keep-alive-interval",
        "a NAT on the way forgets what is silent for longer",
    ),
    (
        "ike gateway … fragmentation",
        "large IKE messages go in parts that no path drops (RFC 7383)",
    ),
    ("ike gateway … passive-mode", "this end never starts"),
    (
        "ike gateway … local-address interface",
        "IKE leaves from this interface",
    ),
    (
        "ike gateway … local-address ip",
        "and from this one of its addresses",
    ),
    ("ike gateway … peer-address", "where the peer is"),
    ("ike gateway … local-id", "who this end says it is"),
    ("ike gateway … peer-id", "who the peer must say it is"),
    (
        "tunnel ipsec … ike-gateway",
        "which peer the tunnel is with",
    ),
    (
        "tunnel ipsec … ipsec-crypto-profile",
        "what is offered for Child SAs",
    ),
    (
        "tunnel ipsec … proxy-id",
        "one Child SA: these networks, and this protocol of theirs",
    ),
    (
        "tunnel ipsec … anti-replay",
        "packets may overtake each other by so many",
    ),
    (
        "tunnel ipsec … tunnel-interface",
        "what is routed into this interface goes into the tunnel",
    ),
    (
        "virtual-router … static-route … interface tunnel",
        "these networks are in the tunnel",
    ),
    (
        "virtual-router … static-route … destination",
        "a network that is not on an interface of this firewall",
    ),
    ("virtual-router … static-route", "where its packets go"),
    (
        "virtual-router … interface",
        "interfaces that route to each other",
    ),
    ("zone untrust", "the way out"),
    ("zone trust", "the networks behind this firewall"),
    (
        "zone vpn",
        "tunnels have a zone of their own, so that rules say what may pass",
    ),
    ("zone", "rules speak of zones"),
    (" address ", "a name for a network, for the rules"),
    ("address-group", "a name for several networks"),
    ("service", "a name for protocol and ports"),
];
