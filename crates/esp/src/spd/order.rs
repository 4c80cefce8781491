//! Policies in their order, and which of them can select a packet to that address: a crypto map or a
//! firewall may have thousands on one interface, and each packet asks.

use super::ChildId;
use crate::table::{Number, Table};
use crossgate_model::Selector;
use std::net::IpAddr;
use std::ops::BitAnd;

/// As many are sooner asked one after the other than looked up.
const FEW: usize = 4;

/// The Children of one interface, in the configuration's order.
#[derive(Debug, Default)]
pub(super) struct Ordered {
    ids: Vec<ChildId>,
    /// Where there are more than a few.
    index: Option<Index>,
}

impl Ordered {
    /// Each with its remote selector.
    pub(super) fn new(policies: &[(ChildId, Selector)]) -> Self {
        Self {
            ids: policies.iter().map(|(id, _)| *id).collect(),
            index: (policies.len() > FEW).then(|| Index::of(policies)),
        }
    }

    /// Asks for the memory that [`Ordered::towards`] begins at.
    pub(super) fn fetch(&self, remote: IpAddr) {
        if let Some(index) = &self.index {
            index.fetch(remote);
        }
    }

    /// In order all that can select a packet to that address, and maybe others.
    pub(super) fn towards(&self, remote: IpAddr) -> impl Iterator<Item = ChildId> {
        let mut next = 0;
        std::iter::from_fn(move || {
            let at = match &self.index {
                None => next,
                Some(index) => index.first_from(next, remote)?,
            };
            next = at + 1;
            self.ids.get(at).copied()
        })
    }
}

/// Remote selectors by network, those of each length apart. Numbers are places in the order.
#[derive(Debug, Default)]
struct Index {
    v4: Vec<Networks<u32>>,
    v6: Vec<Networks<u128>>,
    /// Those whose selector is no network.
    others: Vec<usize>,
    /// For each policy the next one with the same network.
    next_alike: Vec<Option<usize>>,
}

#[derive(Debug)]
struct Networks<A> {
    mask: A,
    /// The first policy of each, and the last one.
    ends: Table<A, (u32, u32)>,
}

impl Index {
    fn of(policies: &[(ChildId, Selector)]) -> Self {
        let mut index = Self {
            next_alike: vec![None; policies.len()],
            ..Self::default()
        };
        for (at, (_, remote)) in policies.iter().enumerate() {
            index.add(at, remote);
        }
        index
    }

    fn add(&mut self, at: usize, remote: &Selector) {
        let before = match (remote.start, remote.end) {
            (IpAddr::V4(start), IpAddr::V4(end)) => {
                let (start, end) = (start.to_bits(), end.to_bits());
                mask(start.into(), end.into())
                    .map(|mask| join(&mut self.v4, mask as u32, start, at))
            }
            (IpAddr::V6(start), IpAddr::V6(end)) => {
                let (start, end) = (start.to_bits(), end.to_bits());
                mask(start, end).map(|mask| join(&mut self.v6, mask, start, at))
            }
            _ => None,
        };
        match before {
            None => self.others.push(at),
            Some(before) => {
                let alike = before.and_then(|before| self.next_alike.get_mut(before));
                alike.into_iter().for_each(|alike| *alike = Some(at));
            }
        }
    }

    fn fetch(&self, remote: IpAddr) {
        match remote {
            IpAddr::V4(remote) => {
                let remote = remote.to_bits();
                self.v4.iter().for_each(|n| n.ends.fetch(remote & n.mask));
            }
            IpAddr::V6(remote) => {
                let remote = remote.to_bits();
                self.v6.iter().for_each(|n| n.ends.fetch(remote & n.mask));
            }
        }
    }

    /// The first policy, from that place on, that can select a packet to `remote`.
    fn first_from(&self, from: usize, remote: IpAddr) -> Option<usize> {
        let of_networks = match remote {
            IpAddr::V4(remote) => self.least(&self.v4, remote.to_bits(), from),
            IpAddr::V6(remote) => self.least(&self.v6, remote.to_bits(), from),
        };
        let behind = self.others.partition_point(|at| *at < from);
        let of_others = self.others.get(behind).copied();
        of_networks.into_iter().chain(of_others).min()
    }

    fn least<A: Number + BitAnd<Output = A>>(
        &self,
        all: &[Networks<A>],
        address: A,
        from: usize,
    ) -> Option<usize> {
        let firsts = all.iter().filter_map(|networks| {
            let (first, _) = networks.ends.get(address & networks.mask)?;
            let mut at = *first as usize;
            // Where the first will do, nothing is asked about others.
            while at < from {
                at = self.next_alike.get(at).copied().flatten()?;
            }
            Some(at)
        });
        firsts.min()
    }
}

/// Adds a policy to its network, and gives the one that was the network's last.
fn join<A: Number>(all: &mut Vec<Networks<A>>, mask: A, start: A, at: usize) -> Option<usize> {
    // As many as there are Children, whose numbers have 32 bits.
    let at = at as u32;
    let known = all.iter().position(|networks| networks.mask == mask);
    let known = known.unwrap_or_else(|| {
        all.push(Networks {
            mask,
            ends: Table::default(),
        });
        all.len() - 1
    });
    let ends = &mut all.get_mut(known)?.ends;
    match ends.get_mut(start) {
        Some((_, last)) => Some(std::mem::replace(last, at) as usize),
        None => {
            ends.insert(start, (at, at));
            None
        }
    }
}

/// Of the network that has these ends, if one has.
fn mask(start: u128, end: u128) -> Option<u128> {
    let differing = start ^ end;
    let is_network = differing & differing.wrapping_add(1) == 0 && start & differing == 0;
    is_network.then_some(!differing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipnet::IpNet;
    use rand_chacha::ChaCha20Rng;
    use rand_core::{Rng, SeedableRng};

    /// Networks of all lengths around the same addresses, ranges, and both families.
    #[test]
    fn an_index_finds_in_order_what_asking_all_would_find() {
        let mut random = ChaCha20Rng::seed_from_u64(3);
        for count in [3, 5, 40, 400] {
            let remotes: Vec<_> = (0..count).map(|_| remote(&mut random)).collect();
            let policies: Vec<_> = (100..).zip(remotes.iter().copied()).collect();
            let ordered = Ordered::new(&policies);
            let mut found_any = 0;
            for _ in 0..2000 {
                let address = address(&mut random);
                let selecting = |id: &ChildId| {
                    let remote = &remotes[*id as usize - 100];
                    remote.matches(address, 0, 0)
                };
                let found: Vec<_> = ordered.towards(address).filter(selecting).collect();
                let all = policies.iter().map(|(id, _)| *id);
                let expected: Vec<_> = all.filter(selecting).collect();
                assert_eq!(found, expected, "{address}");
                found_any += usize::from(!found.is_empty());
            }
            assert!(found_any > 0);
        }
    }

    #[test]
    fn only_what_can_select_is_asked() {
        let of = |third: u8| Selector::net(format!("10.0.{third}.0/24").parse().expect("a net"));
        let policies: Vec<_> = (0..200).map(|n| (u32::from(n), of(n))).collect();
        let ordered = Ordered::new(&policies);
        let asked: Vec<_> = ordered.towards([10, 0, 77, 5].into()).collect();
        assert_eq!(asked, [77]);
    }

    fn remote(random: &mut ChaCha20Rng) -> Selector {
        let address = address(random);
        if random.next_u32().is_multiple_of(5) {
            let end = self::address(random);
            let (start, end) = (address.min(end), address.max(end));
            if start.is_ipv4() == end.is_ipv4() {
                return Selector {
                    start,
                    end,
                    ..Selector::ANY_V4
                };
            }
        }
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let length = longest - (random.next_u32() % 12) as u8;
        let net = IpNet::new(address, if length.is_multiple_of(7) { 0 } else { length });
        Selector::net(net.expect("a length that there is").trunc())
    }

    fn address(random: &mut ChaCha20Rng) -> IpAddr {
        let low = (random.next_u32() % 512) as u16;
        let [a, b] = low.to_be_bytes();
        match random.next_u32() % 3 {
            0 => IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, low]),
            _ => IpAddr::from([10, 0, a, b]),
        }
    }
}
