//! What a lab can't show yet.

/// Rules about packets that a lab's gateways don't enforce: they have one routing table, and neither
/// zones, filters nor translation, a tunnel's device needs no address, and between the gateways is no
/// NAT.
pub const UNENFORCED: [&str; 11] = [
    "ike-blocked",
    "inside-without-virtual-router",
    "inside-without-zone",
    "nat-before-tunnel",
    "nat-traversal-needed",
    "no-security-rule",
    "rule-shadowed",
    "traffic-filtered",
    "tunnel-interface-without-address",
    "tunnel-without-virtual-router",
    "tunnel-without-zone",
];
