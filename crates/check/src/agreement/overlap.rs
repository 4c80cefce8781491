//! Which of many selectors overlap one, without looking at all of them: an end may have thousands.

use crossgate_model::{Selector, SelectorPair};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Pairs of selectors by the addresses of the side that tells most of them apart: a tree in an
/// array, ordered by the first address, each place with the greatest last address below it.
pub struct Overlaps {
    side: fn(&SelectorPair) -> &Selector,
    ranges: Vec<Range>,
}

struct Range {
    start: IpAddr,
    end: IpAddr,
    /// Of this place and those below it.
    greatest_end: IpAddr,
    /// Index of the pair.
    index: usize,
}

impl Overlaps {
    pub fn of(pairs: &[SelectorPair]) -> Self {
        let sides: [fn(&SelectorPair) -> &Selector; 2] = [|pair| &pair.local, |pair| &pair.remote];
        let [locals, remotes] = sides.map(|side| {
            let starts = pairs.iter().map(|pair| side(pair).start);
            starts.collect::<BTreeSet<IpAddr>>().len()
        });
        let [local, remote] = sides;
        let side = if locals > remotes { local } else { remote };
        let ranges = pairs.iter().map(side).enumerate();
        let ranges = ranges.map(|(index, selector)| Range {
            start: selector.start,
            end: selector.end,
            greatest_end: selector.end,
            index,
        });
        let mut ranges: Vec<Range> = ranges.collect();
        ranges.sort_by_key(|range| range.start);
        raise(&mut ranges);
        Self { side, ranges }
    }

    /// Indices of all that may overlap, ascending; some of them may not.
    pub fn with(&self, pair: &SelectorPair) -> Vec<usize> {
        let mut found = Vec::new();
        collect(&self.ranges, (self.side)(pair), &mut found);
        found.sort_unstable();
        found
    }
}

/// Sets each place's greatest end; that of the middle is that of all.
fn raise(ranges: &mut [Range]) -> Option<IpAddr> {
    let middle = ranges.len() / 2;
    let (left, rest) = ranges.split_at_mut(middle);
    let (range, right) = rest.split_first_mut()?;
    let below = [raise(left), raise(right)];
    let greatest = below.into_iter().flatten().fold(range.end, IpAddr::max);
    range.greatest_end = greatest;
    Some(greatest)
}

fn collect(ranges: &[Range], wanted: &Selector, found: &mut Vec<usize>) {
    let (left, rest) = ranges.split_at(ranges.len() / 2);
    let Some((range, right)) = rest.split_first() else {
        return;
    };
    if range.greatest_end < wanted.start {
        return;
    }
    collect(left, wanted, found);
    if range.start <= wanted.end {
        if range.end >= wanted.start {
            found.push(range.index);
        }
        collect(right, wanted, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(local: &str, remote: &str) -> SelectorPair {
        let net = |text: &str| Selector::net(text.parse().expect("a network"));
        SelectorPair {
            local: net(local),
            remote: net(remote),
        }
    }

    /// Every pair that overlaps is among the found ones, whichever side tells them apart.
    #[test]
    fn nothing_that_overlaps_is_missed() {
        let mut remote = Vec::new();
        for third in 0..60_u8 {
            remote.push(pair("10.0.0.0/8", &format!("10.9.{third}.0/24")));
            if third % 7 == 0 {
                remote.push(pair("10.0.0.0/8", &format!("10.9.{third}.0/20")));
            }
        }
        remote.push(pair("10.0.0.0/8", "0.0.0.0/0"));
        remote.push(pair("10.0.0.0/8", "2001:db8::/32"));
        let local: Vec<SelectorPair> = remote.iter().map(SelectorPair::mirrored).collect();
        for pairs in [remote, local] {
            let overlaps = Overlaps::of(&pairs);
            for wanted in &pairs {
                let found = overlaps.with(wanted);
                let all = pairs.iter().enumerate();
                let all = all.filter(|(_, pair)| pair.intersection(wanted).is_some());
                let missed: Vec<_> = all.filter(|(index, _)| !found.contains(index)).collect();
                assert!(missed.is_empty(), "{wanted}: {missed:?}");
                assert!(found.is_sorted(), "{found:?}");
            }
        }
        assert!(Overlaps::of(&[]).with(&pair("::/0", "::/0")).is_empty());
    }

    /// Those far away aren't even looked at.
    #[test]
    fn few_are_found_of_many() {
        let net = |n: usize| format!("10.{}.{}.0/24", n / 256, n % 256);
        let pairs: Vec<_> = (0..4000).map(|n| pair("10.60.0.0/22", &net(n))).collect();
        let overlaps = Overlaps::of(&pairs);
        assert_eq!(overlaps.with(&pair("0.0.0.0/0", "10.3.7.9/32")), [775]);
    }
}
