//! The way of a packet from one end's hosts to the other's: routes, rules, NAT, packet filters,
//! sizes, and what the device may encrypt.

mod cerm_cap;
mod ike_blocked;
mod ike_walk;
mod inside_without_virtual_router;
mod inside_without_zone;
mod mss_too_large;
mod mtu_too_large;
mod nat_before_tunnel;
pub(crate) mod no_route_into_tunnel;
mod no_security_rule;
mod overlapping_lans;
mod room;
mod route_past_tunnel;
mod rule_shadowed;
mod traffic_filtered;
pub(crate) mod walk;

use crate::rule::Rule;

pub const RULES: &[Rule] = &[
    overlapping_lans::RULE,
    inside_without_virtual_router::RULE,
    inside_without_zone::RULE,
    no_route_into_tunnel::RULE,
    route_past_tunnel::RULE,
    nat_before_tunnel::RULE,
    no_security_rule::RULE,
    rule_shadowed::RULE,
    traffic_filtered::RULE,
    ike_blocked::RULE,
    cerm_cap::RULE,
    mtu_too_large::RULE,
    mss_too_large::RULE,
];
