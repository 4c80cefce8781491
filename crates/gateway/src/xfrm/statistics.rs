//! What the kernel has refused, by the names that the data plane in user space has for it.

use std::collections::BTreeMap;
use std::fs;

/// Of the whole network namespace, since it was made.
const FILE: &str = "/proc/net/xfrm_stat";

/// The kernel's name and ours.
const NAMES: [(&str, &str); 14] = [
    ("XfrmInHdrError", "in-not-esp"),
    ("XfrmInNoStates", "in-unknown-spi"),
    ("XfrmInStateProtoError", "in-bad-icv"),
    ("XfrmInStateModeError", "in-not-tunnelled"),
    ("XfrmInStateSeqError", "in-replayed"),
    ("XfrmInStateExpired", "in-lifetime-ended"),
    ("XfrmInTmplMismatch", "in-outside-selectors"),
    ("XfrmInNoPols", "in-outside-selectors"),
    ("XfrmInPolBlock", "in-outside-selectors"),
    ("XfrmOutStateSeqError", "out-sequence-exhausted"),
    ("XfrmOutStateExpired", "out-lifetime-ended"),
    ("XfrmOutNoStates", "out-no-sa"),
    ("XfrmOutPolBlock", "out-outside-selectors"),
    ("XfrmAcquireError", "acquires-failed"),
];

/// What was refused since a moment.
#[derive(Default)]
pub struct Statistics {
    before: BTreeMap<&'static str, u64>,
}

impl Statistics {
    pub fn start() -> Self {
        Self { before: read() }
    }

    pub fn since(&self) -> BTreeMap<&'static str, u64> {
        let mut now = read();
        for (name, count) in &mut now {
            *count = count.saturating_sub(self.before.get(name).copied().unwrap_or(0));
        }
        now.retain(|_, count| *count > 0);
        now
    }
}

/// A kernel that doesn't count is no worse.
fn read() -> BTreeMap<&'static str, u64> {
    parse(&fs::read_to_string(FILE).unwrap_or_default())
}

fn parse(text: &str) -> BTreeMap<&'static str, u64> {
    let mut all = BTreeMap::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let (Some(name), Some(count)) = (words.next(), words.next()) else {
            continue;
        };
        let ours = NAMES.iter().find(|(theirs, _)| *theirs == name);
        if let (Some((_, ours)), Ok(count)) = (ours, count.parse::<u64>()) {
            *all.entry(*ours).or_default() += count;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_of_one_meaning_are_added() {
        let text = "XfrmInNoStates \t3\nXfrmInNoPols 1\nXfrmInPolBlock 2\nXfrmInError 9\nXfrmInHdrError x\n";
        let expected = BTreeMap::from([("in-unknown-spi", 3), ("in-outside-selectors", 3)]);
        assert_eq!(parse(text), expected);
    }
}
