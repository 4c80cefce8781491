//! Who gives way when both ends rekey the same SA at once (RFC 7296 §2.8.1, §2.8.2).
//!
//! ```text
//!   us                                   peer
//!   req1: REKEY_SA, Ni1   -->   <--      req2: REKEY_SA, Ni2
//!   resp2: Nr2            -->   <--      resp1: Nr1
//! ```
//!
//! Three SAs then exist. Of the two new ones, that of the exchange which has the lowest of the four
//! nonces is redundant, and its initiator deletes it; the initiator of the other one deletes the
//! old SA. [`Rank`] is the lower nonce of one exchange, so the lower rank loses.

use crossgate_model::event::Side;

/// The lower of an exchange's two nonces. Nonces compare octet by octet from the first; if one is
/// the beginning of the other, it is the lower (RFC 7296 §2.8.1): the order of byte strings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank(Vec<u8>);

impl Rank {
    pub fn of(nonce_i: &[u8], nonce_r: &[u8]) -> Self {
        Self(nonce_i.min(nonce_r).to_vec())
    }
}

/// Whose exchange made the SA that stays. Equal ranks can't be with honest nonces; ours then goes.
pub(crate) fn survivor(ours: &Rank, peers: &Rank) -> Side {
    if ours > peers { Side::Us } else { Side::Peer }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exchange_with_the_lowest_of_the_four_nonces_loses() {
        let ours = Rank::of(&[5; 16], &[9; 16]);
        let peers = Rank::of(&[7; 16], &[6; 16]);
        assert_eq!(survivor(&ours, &peers), Side::Peer);
        assert_eq!(survivor(&peers, &ours), Side::Us);
    }

    #[test]
    fn a_nonce_that_begins_another_is_lower_and_octets_count_from_the_first() {
        let short = Rank::of(&[1; 16], &[1; 16]);
        let long = Rank::of(&[1; 17], &[1; 17]);
        assert!(short < long);
        assert!(Rank::of(&[2], &[2]) > Rank::of(&[1, 255], &[1, 255]));
    }
}
