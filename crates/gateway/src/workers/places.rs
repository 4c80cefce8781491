//! Which worker a tunnel interface has, and with it all SAs of its Children.

use std::collections::{BTreeMap, BTreeSet};

/// By the configuration's names; absent stands for policies.
pub type Interface = Option<String>;

/// An interface keeps its worker as long as it is there: SPIs of its SAs say it.
#[derive(Debug)]
pub struct Places {
    workers: u8,
    known: BTreeMap<Interface, u8>,
}

impl Places {
    pub fn new(workers: u8) -> Self {
        let known = BTreeMap::new();
        Self { workers, known }
    }

    /// A new interface gets the worker that has the fewest, of those the first.
    pub fn of(&mut self, interface: &Interface) -> u8 {
        if let Some(worker) = self.known.get(interface) {
            return *worker;
        }
        let load = |worker: &u8| self.known.values().filter(|known| *known == worker).count();
        let worker = (1..=self.workers).min_by_key(load).unwrap_or(1);
        self.known.insert(interface.clone(), worker);
        worker
    }

    pub fn keep(&mut self, interfaces: &BTreeSet<Interface>) {
        self.known
            .retain(|interface, _| interfaces.contains(interface));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Interface {
        Some(name.to_owned())
    }

    #[test]
    fn interfaces_are_spread_and_stay_where_they_are() {
        let mut places = Places::new(2);
        let [a, b, c, d] = ["a", "b", "c", "d"].map(named);
        assert_eq!([&a, &b, &c].map(|name| places.of(name)), [1, 2, 1]);
        assert_eq!(places.of(&None), 2);
        // Those of the first are gone: the next ones are its, and nobody moves.
        places.keep(&BTreeSet::from([b.clone(), None]));
        assert_eq!([&d, &a].map(|name| places.of(name)), [1, 1]);
        assert_eq!([&b, &None].map(|name| places.of(name)), [2, 2]);
    }
}
