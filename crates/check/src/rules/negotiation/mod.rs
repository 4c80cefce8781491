//! What the two ends negotiate in IKE_SA_INIT, IKE_AUTH and CREATE_CHILD_SA.

mod pfs_one_sided;

use crate::rule::Rule;

pub const RULES: &[Rule] = &[pfs_one_sided::RULE];
