//! What the two ends negotiate in IKE_SA_INIT, IKE_AUTH and CREATE_CHILD_SA.

mod auth_method_mismatch;
mod both_ends_passive;
mod child_disabled;
mod connection_disabled;
mod esp_proposals_differ;
mod esp_proposals_disjoint;
mod half_open_limit;
mod identity_match_too_wide;
mod identity_unmatched;
mod ike_proposals_differ;
mod ike_proposals_disjoint;
mod ike_version_differs;
mod key_missing;
mod key_not_comparable;
mod keys_differ;
mod lifetimes_differ;
mod liveness_one_sided;
mod nat_traversal_needed;
mod no_child;
mod no_tunnel_meant;
mod one_end_passive;
mod pfs_one_sided;

use crate::rule::Rule;

pub const RULES: &[Rule] = &[
    no_tunnel_meant::RULE,
    ike_version_differs::RULE,
    connection_disabled::RULE,
    no_child::RULE,
    child_disabled::RULE,
    both_ends_passive::RULE,
    one_end_passive::RULE,
    ike_proposals_disjoint::RULE,
    ike_proposals_differ::RULE,
    auth_method_mismatch::RULE,
    key_missing::RULE,
    keys_differ::RULE,
    key_not_comparable::RULE,
    identity_unmatched::RULE,
    identity_match_too_wide::RULE,
    esp_proposals_disjoint::RULE,
    esp_proposals_differ::RULE,
    pfs_one_sided::RULE,
    lifetimes_differ::RULE,
    liveness_one_sided::RULE,
    half_open_limit::RULE,
    nat_traversal_needed::RULE,
];
