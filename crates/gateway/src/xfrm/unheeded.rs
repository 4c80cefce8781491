//! What the file asks for Children's packets, and the kernel doesn't do.

use crossgate_esp::{Handling, Policy};
use crossgate_model::OuterDf;
use std::collections::BTreeMap;

/// Names in one sentence.
const NAMES_MAX: usize = 3;

/// A sentence for each thing, with the Children that it concerns. `unclamped` says why TCP is not
/// clamped, where it can't be.
pub fn unheeded(policies: &[Policy], unclamped: Option<&str>) -> Vec<String> {
    let mut all: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for policy in policies {
        for sentence in of(&policy.handling, unclamped) {
            all.entry(sentence).or_default().push(&policy.child);
        }
    }
    let told = all.into_iter();
    told.map(|(sentence, children)| format!("{}: {sentence}", names(&children)))
        .collect()
}

fn of(handling: &Handling, unclamped: Option<&str>) -> impl Iterator<Item = String> {
    let clamps = unclamped.filter(|_| handling.clamps_tcp()).map(|reason| {
        format!("the kernel does not clamp TCP's segments, and the path MTU must be discovered: {reason}")
    });
    let df = match handling.outer_df {
        OuterDf::Copy => None,
        OuterDf::Set => {
            Some("the kernel copies the inner DF bit and does not set the outer one (`df-bit set`)")
        }
        OuterDf::Clear => Some(
            "the kernel clears the outer DF bit, but answers a packet with an inner one that is too long instead of cutting it (`df-bit clear`)",
        ),
    };
    clamps.into_iter().chain(df.map(str::to_owned))
}

fn names(children: &[&str]) -> String {
    let (first, rest) = children.split_at(children.len().min(NAMES_MAX));
    let more = match rest.len() {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    format!("{}{more}", first.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossgate_esp::Clamp;
    use crossgate_model::{Selector, SelectorPair};

    fn policy(child: &str, handling: Handling) -> Policy {
        Policy {
            child: child.into(),
            tunnel_interface: None,
            selectors: SelectorPair {
                local: Selector::ANY_V4,
                remote: Selector::ANY_V4,
            },
            handling,
        }
    }

    #[test]
    fn what_the_kernel_does_not_do_is_told_by_name_and_nothing_else() {
        let plain = policy("plain", Handling::default());
        let no_nft = Some("no program `nft`");
        assert_eq!(unheeded(&[plain], no_nft), Vec::<String>::new());
        let clear = || Handling {
            outer_df: OuterDf::Clear,
            ..Handling::default()
        };
        let clamped = Handling {
            clamps: vec![Clamp {
                hosts: None,
                mss: 1360,
            }],
            outer_df: OuterDf::Set,
            ..Handling::default()
        };
        let mut all: Vec<Policy> = ["a", "b", "c", "d", "e"].map(|c| policy(c, clear())).into();
        all.push(policy("f", clamped));
        assert_eq!(unheeded(&all, None).len(), 2, "it clamps");
        let told = unheeded(&all, no_nft);
        let whose: Vec<_> = told
            .iter()
            .filter_map(|text| text.split(':').next())
            .collect();
        let many = "a, b, c and 2 more";
        assert_eq!(whose, [many, "f", "f"], "{told:?}");
        for (told, word) in told
            .iter()
            .zip(["df-bit clear", "df-bit set", "no program"])
        {
            assert!(told.contains(word), "{told}");
        }
    }
}
