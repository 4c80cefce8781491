//! Numbers to values, found with one look at one place: what each packet asks for among 100,000.
//!
//! An array, in which an entry stands at the place that its number's hash says, or behind it. The
//! order of its entries means nothing, so nothing whose order matters may walk over them.

/// A number that can be looked up.
pub(crate) trait Number: Copy + Eq {
    /// Whose upper bits say where to look first. Nobody outside chooses the numbers that are in a
    /// table: they are SPIs of ours and networks of the configuration.
    fn hash(self) -> u64;
}

/// 2^64 by the golden ratio: spreads neighbours.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

impl Number for u32 {
    fn hash(self) -> u64 {
        u64::from(self).wrapping_mul(SPREAD)
    }
}

impl Number for u128 {
    fn hash(self) -> u64 {
        let (high, low) = ((self >> 64) as u64, self as u64);
        (high.wrapping_mul(SPREAD) ^ low).wrapping_mul(SPREAD)
    }
}

#[derive(Debug)]
pub(crate) struct Table<K, V> {
    /// A power of two of them, or none.
    places: Vec<Option<(K, V)>>,
    len: usize,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self {
            places: Vec::new(),
            len: 0,
        }
    }
}

impl<K: Number, V> Table<K, V> {
    const LEAST: usize = 8;

    pub(crate) fn get(&self, number: K) -> Option<&V> {
        let place = self.places.get(self.find(number)?)?;
        place.as_ref().map(|(_, value)| value)
    }

    pub(crate) fn get_mut(&mut self, number: K) -> Option<&mut V> {
        let at = self.find(number)?;
        let place = self.places.get_mut(at)?;
        place.as_mut().map(|(_, value)| value)
    }

    /// Asks for the memory that a look for the number begins at.
    pub(crate) fn fetch(&self, number: K) {
        let place = self.places.get(self.home(number));
        place.into_iter().for_each(crossgate_kernels::prefetch);
    }

    /// Gives what the number had before.
    pub(crate) fn insert(&mut self, number: K, value: V) -> Option<V> {
        if let Some(known) = self.get_mut(number) {
            return Some(std::mem::replace(known, value));
        }
        // A quarter stays empty, so that a search soon ends.
        if (self.len + 1) * 4 > self.places.len() * 3 {
            self.grow();
        }
        self.put(number, value);
        self.len += 1;
        None
    }

    pub(crate) fn remove(&mut self, number: K) -> Option<V> {
        let mut gap = self.find(number)?;
        let (_, value) = self.places.get_mut(gap)?.take()?;
        self.len -= 1;
        // Whatever stands behind and would be found no more moves into the gap.
        let mut at = self.after(gap);
        while let Some(Some((other, _))) = self.places.get(at) {
            if self.distance(self.home(*other), at) >= self.distance(gap, at) {
                self.places.swap(gap, at);
                gap = at;
            }
            at = self.after(at);
        }
        Some(value)
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    fn find(&self, number: K) -> Option<usize> {
        let mut at = self.home(number);
        loop {
            match self.places.get(at)? {
                Some((known, _)) if *known == number => return Some(at),
                Some(_) => at = self.after(at),
                None => return None,
            }
        }
    }

    /// A number that isn't in it; there is room.
    fn put(&mut self, number: K, value: V) {
        let mut at = self.home(number);
        while self.places.get(at).is_some_and(Option::is_some) {
            at = self.after(at);
        }
        if let Some(place) = self.places.get_mut(at) {
            *place = Some((number, value));
        }
    }

    fn grow(&mut self) {
        let places = (self.places.len() * 2).max(Self::LEAST);
        let mut larger = Vec::with_capacity(places);
        larger.resize_with(places, || None);
        let smaller = std::mem::replace(&mut self.places, larger);
        for (number, value) in smaller.into_iter().flatten() {
            self.put(number, value);
        }
    }

    /// Where a number is looked for first; 0 in an empty table.
    fn home(&self, number: K) -> usize {
        let bits = self.places.len().max(1).trailing_zeros();
        let upper = number.hash().checked_shr(u64::BITS - bits);
        upper.unwrap_or_default() as usize
    }

    fn after(&self, at: usize) -> usize {
        (at + 1) & self.places.len().saturating_sub(1)
    }

    fn distance(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & self.places.len().saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::{Rng, SeedableRng};
    use std::collections::BTreeMap;

    /// Few numbers, so that they meet, come and go often.
    #[test]
    fn it_says_what_a_tree_says() {
        let mut random = ChaCha20Rng::seed_from_u64(7);
        for most in [1, 5, 60, 3000] {
            let (mut table, mut tree) = (Table::default(), BTreeMap::new());
            for value in 0..20_000 {
                // Neighbours, and such as have the same lower bits.
                let number = (random.next_u32() % most) << (value % 3 * 8);
                match random.next_u32() % 3 {
                    0 => assert_eq!(table.remove(number), tree.remove(&number)),
                    1 => assert_eq!(table.insert(number, value), tree.insert(number, value)),
                    _ => assert_eq!(table.get(number), tree.get(&number)),
                }
                assert_eq!(table.len, tree.len());
            }
            assert!(tree.iter().all(|(n, value)| table.get(*n) == Some(value)));
        }
    }

    /// All of them are looked for first at the last place: a search goes on at the first.
    #[test]
    fn entries_that_stand_behind_the_end_are_found_and_removed() {
        let mut table = Table::<u32, u32>::default();
        let at_the_end = |n: &u32| n.hash() >> 61 == 7;
        let numbers: Vec<u32> = (1..).filter(at_the_end).take(5).collect();
        for number in &numbers {
            table.insert(*number, *number);
        }
        assert_eq!(table.places.len(), 8);
        for (gone, number) in numbers.iter().enumerate() {
            assert_eq!(table.remove(*number), Some(*number));
            let left = numbers.iter().skip(gone + 1);
            assert!(left.into_iter().all(|n| table.get(*n) == Some(n)));
            assert_eq!(table.get(*number), None);
        }
    }
}
