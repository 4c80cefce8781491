//! What is found when a file is read, by the dialect that reads it: nothing is judged here. These
//! codes have pages as rules have, because the reader of a report asks what they mean.

use crate::rule::{Judge, Rule};

const fn page(code: &'static str, page: &'static str) -> Rule {
    Rule {
        code,
        page,
        judge: Judge::Reading,
    }
}

pub const RULES: &[Rule] = &[
    page("address-unknown", include_str!("address_unknown.md")),
    page("ambiguous-command", include_str!("ambiguous_command.md")),
    page(
        "around-configuration",
        include_str!("around_configuration.md"),
    ),
    page("assumed-release", include_str!("assumed_release.md")),
    page("bad-selector", include_str!("bad_selector.md")),
    page("cut-off", include_str!("cut_off.md")),
    page("default-proposal", include_str!("default_proposal.md")),
    page(
        "default-transform-set",
        include_str!("default_transform_set.md"),
    ),
    page("endless-text", include_str!("endless_text.md")),
    page("hash-beside-gcm", include_str!("hash_beside_gcm.md")),
    page("host-bits", include_str!("host_bits.md")),
    page("ikev1-left-on", include_str!("ikev1_left_on.md")),
    page("incomplete-map", include_str!("incomplete_map.md")),
    page("incomplete-policy", include_str!("incomplete_policy.md")),
    page("incomplete-profile", include_str!("incomplete_profile.md")),
    page(
        "incomplete-proposal",
        include_str!("incomplete_proposal.md"),
    ),
    page(
        "incomplete-transform-set",
        include_str!("incomplete_transform_set.md"),
    ),
    page("incomplete-tunnel", include_str!("incomplete_tunnel.md")),
    page("invalid-value", include_str!("invalid_value.md")),
    page("isakmp-disabled", include_str!("isakmp_disabled.md")),
    page("missing-value", include_str!("missing_value.md")),
    page("nearly-named", include_str!("nearly_named.md")),
    page("not-obeyed", include_str!("not_obeyed.md")),
    page("not-utf8", include_str!("not_utf8.md")),
    page("nothing-to-delete", include_str!("nothing_to_delete.md")),
    page("only-judged", include_str!("only_judged.md")),
    page("out-of-range", include_str!("out_of_range.md")),
    page("overridden", include_str!("overridden.md")),
    page("paging-skipped", include_str!("paging_skipped.md")),
    page("panorama", include_str!("panorama.md")),
    page(
        "private-key-ignored",
        include_str!("private_key_ignored.md"),
    ),
    page("profile-elsewhere", include_str!("profile_elsewhere.md")),
    page("prompt-skipped", include_str!("prompt_skipped.md")),
    page("release-too-old", include_str!("release_too_old.md")),
    page("said-twice", include_str!("said_twice.md")),
    page("skipped-section", include_str!("skipped_section.md")),
    page("text-skipped", include_str!("text_skipped.md")),
    page("unclosed-quote", include_str!("unclosed_quote.md")),
    page("undefined-name", include_str!("undefined_name.md")),
    page("unknown-element", include_str!("unknown_element.md")),
    page("unknown-line", include_str!("unknown_line.md")),
    page("unknown-word", include_str!("unknown_word.md")),
    page(
        "unsupported-algorithm",
        include_str!("unsupported_algorithm.md"),
    ),
    page("unused", include_str!("unused.md")),
    page("unused-proposal", include_str!("unused_proposal.md")),
];
