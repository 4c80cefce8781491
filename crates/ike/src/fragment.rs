//! Putting the fragments of a message together (RFC 7383 §2.6), within bounds.

use crate::limits::{MAX_FRAGMENTS, MAX_REASSEMBLED};
use crossgate_wire::ike::PayloadType;
use std::collections::BTreeMap;

/// The fragments of one message so far. Each was verified before it came here.
#[derive(Debug, Default)]
pub(crate) struct Reassembly {
    id: u32,
    total: u16,
    first: Option<PayloadType>,
    parts: BTreeMap<u16, Vec<u8>>,
    octets: usize,
}

/// One verified fragment.
#[derive(Debug)]
pub(crate) struct Part {
    pub id: u32,
    pub number: u16,
    pub total: u16,
    pub first: PayloadType,
    pub content: Vec<u8>,
}

impl Reassembly {
    /// The type of the first payload and the whole content, once all fragments are there; an error
    /// names the counter.
    pub fn add(&mut self, part: Part) -> Result<Option<(PayloadType, Vec<u8>)>, &'static str> {
        if part.total > MAX_FRAGMENTS {
            return Err("too-many-fragments");
        }
        if part.id != self.id || part.total > self.total {
            // Another message, or the sender split it anew into smaller pieces.
            *self = Self {
                id: part.id,
                total: part.total,
                ..Self::default()
            };
        } else if part.total < self.total {
            return Err("fragment-of-older-split");
        }
        if self.parts.contains_key(&part.number) {
            return Err("repeated-fragment");
        }
        self.octets = self.octets.saturating_add(part.content.len());
        if self.octets > MAX_REASSEMBLED {
            *self = Self::default();
            return Err("reassembled-too-long");
        }
        if part.number == 1 {
            self.first = Some(part.first);
        }
        self.parts.insert(part.number, part.content);
        Ok(self.finish())
    }

    fn finish(&mut self) -> Option<(PayloadType, Vec<u8>)> {
        if self.parts.len() < usize::from(self.total) {
            return None;
        }
        let whole = std::mem::take(self);
        let content = whole.parts.into_values().flatten().collect();
        Some((whole.first?, content))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(number: u16, total: u16, content: &[u8]) -> Part {
        let first = if number == 1 {
            PayloadType::SA
        } else {
            PayloadType::NONE
        };
        Part {
            id: 1,
            number,
            total,
            first,
            content: content.to_vec(),
        }
    }

    #[test]
    fn fragments_come_together_in_any_order() {
        let mut reassembly = Reassembly::default();
        assert_eq!(reassembly.add(part(3, 3, b"c")), Ok(None));
        assert_eq!(reassembly.add(part(1, 3, b"a")), Ok(None));
        assert_eq!(reassembly.add(part(1, 3, b"x")), Err("repeated-fragment"));
        let whole = Ok(Some((PayloadType::SA, b"abc".to_vec())));
        assert_eq!(reassembly.add(part(2, 3, b"b")), whole);
    }

    #[test]
    fn a_finer_split_replaces_a_coarser_one_and_not_the_other_way() {
        let mut reassembly = Reassembly::default();
        assert_eq!(reassembly.add(part(1, 2, b"ab")), Ok(None));
        assert_eq!(reassembly.add(part(1, 3, b"a")), Ok(None));
        assert_eq!(
            reassembly.add(part(2, 2, b"c")),
            Err("fragment-of-older-split")
        );
        assert_eq!(reassembly.add(part(2, 3, b"b")), Ok(None));
        assert!(reassembly.add(part(3, 3, b"c")).unwrap().is_some());
    }

    #[test]
    fn fragments_and_their_octets_are_bounded() {
        let mut reassembly = Reassembly::default();
        assert_eq!(reassembly.add(part(1, MAX_FRAGMENTS, b"a")), Ok(None));
        let over = part(1, MAX_FRAGMENTS + 1, b"a");
        assert_eq!(reassembly.add(over), Err("too-many-fragments"));
        assert_eq!(
            reassembly.add(part(2, MAX_FRAGMENTS, &[0; 60_000])),
            Ok(None)
        );
        let long = part(3, MAX_FRAGMENTS, &[0; 6_000]);
        assert_eq!(reassembly.add(long), Err("reassembled-too-long"));
    }
}
