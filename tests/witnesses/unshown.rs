//! Failures that a lab can't show yet, and why.

/// Gateways of a lab enforce no zones, rules, filters and translation, have one routing table, and
/// no NAT between them.
const NEEDS_PACKET_RULES: [&str; 11] = [
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

const OTHERWISE: [(&str, &str); 2] = [
    (
        "address-not-on-interface",
        "can't show: a lab gives the WAN device the address that the gateway speaks from",
    ),
    (
        "overlapping-lans",
        "no tunnel either: the hq daemon doesn't start, because a route to 10.20.20.0/24 by its own \
         inside interface would carry the traffic past the tunnel",
    ),
];

/// Rules about certificates: no engine authenticates by them yet, and their texts are too long for
/// a page, so that the rules' own tests have them.
pub const CERTIFICATES: [&str; 6] = [
    "certificate-expired",
    "certificate-identity",
    "certificate-issuer",
    "certificate-missing",
    "certificate-not-yet-valid",
    "certificate-profile-missing",
];

/// Of those, what is said of an engine.
pub const NO_CERTIFICATES: &str = "needs certificates in the engine (coming)";

/// Events that a rule predicts and no engine reports: rule, event, why.
const UNREPORTED: [(&str, &str, &str); 1] = [(
    "ike-version-differs",
    "message-rejected",
    "no engine here speaks IKEv1, so none has a message of it to reject",
)];

/// Why no engine reports an event that the rule predicts.
pub fn unreported(code: &str, event: &str) -> Option<&'static str> {
    let mut known = UNREPORTED.iter();
    let found = known.find(|(rule, known, _)| (*rule, *known) == (code, event));
    found.map(|(.., why)| *why)
}

/// Why a lab doesn't show the example of that rule.
pub fn why(code: &str) -> Option<&'static str> {
    if NEEDS_PACKET_RULES.contains(&code) {
        return Some("needs packet rules (coming)");
    }
    let mut others = OTHERWISE.iter();
    others.find(|(rule, _)| *rule == code).map(|(_, why)| *why)
}
