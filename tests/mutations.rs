//! `check` against the engines: good pairs changed in every way that their languages have, each
//! judged and rehearsed. The two must say the same.

#[path = "mutations/base.rs"]
mod base;
#[path = "mutations/choice.rs"]
mod choice;
#[path = "mutations/edit.rs"]
mod edit;
#[path = "mutations/style.rs"]
mod style;
#[path = "mutations/table.rs"]
mod table;

use choice::{mutations, starts};
use std::collections::{BTreeMap, BTreeSet};

/// Chooses the pairs of mutations.
const SEED: u64 = 3;

#[test]
fn no_two_mutations_have_one_name_and_no_row_of_a_table_is_for_nothing() {
    let starts = starts();
    assert_eq!(table::unused(&starts), Vec::<String>::new());
    let mut names = BTreeSet::new();
    let mut counts: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for start in &starts {
        for mutation in mutations(start, SEED) {
            assert!(names.insert(mutation.name.clone()), "{}", mutation.name);
            let of_kind = counts.entry(mutation.kind).or_default();
            *of_kind.entry(mutation.base).or_default() += 1;
        }
    }
    for (kind, of_base) in &counts {
        println!("{kind:16} {of_base:?}");
    }
    println!("{} in all", names.len());
}
