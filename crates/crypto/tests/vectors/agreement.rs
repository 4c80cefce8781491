//! Diffie-Hellman against the RFCs' cases, and public values that must be refused.

use crossgate_crypto::{CryptoError, DhGroup, DhKeyPair, Secret};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::vector::Vector;

#[test]
fn every_usable_group_has_a_case_and_agrees_with_it() {
    let mut seen = Vec::new();
    for case in Vector::file("agreement.json").cases() {
        let group = DhGroup::from_iana(case.number("group")).unwrap();
        let pair = |field: &str| DhKeyPair::from_private(group, &case.secret(field)).unwrap();
        let (i, r) = (pair("private_i"), pair("private_r"));
        assert_eq!(i.public(), case.octets("public_i"), "{group}");
        assert_eq!(r.public(), case.octets("public_r"), "{group}");
        assert_eq!(
            i.agree(r.public()).unwrap(),
            case.secret("shared"),
            "{group}"
        );
        assert_eq!(
            r.agree(i.public()).unwrap(),
            case.secret("shared"),
            "{group}"
        );
        seen.push(group);
    }
    seen.sort();
    assert_eq!(seen, usable());
}

#[test]
fn drawn_pairs_agree_and_follow_the_seed() {
    for group in usable() {
        let draw = |seed| {
            let mut rng = ChaCha20Rng::seed_from_u64(seed);
            DhKeyPair::generate(group, &mut rng).unwrap()
        };
        let (i, r) = (draw(1), draw(2));
        assert_eq!(i.public(), draw(1).public(), "{group}");
        assert_ne!(i.public(), r.public(), "{group}");
        assert_eq!(i.public().len(), group.public_len(), "{group}");
        let shared = i.agree(r.public()).unwrap();
        assert_eq!(shared, r.agree(i.public()).unwrap(), "{group}");
        assert_eq!(shared.len(), group.shared_len(), "{group}");
    }
}

#[test]
fn an_answer_is_a_drawn_pair_and_its_agreement() {
    for group in usable() {
        let peer = drawn(group);
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let (pair, shared) = DhKeyPair::answer(group, peer.public(), &mut rng).unwrap();
        assert_eq!(shared, peer.agree(pair.public()).unwrap(), "{group}");
    }
}

#[test]
fn nothing_is_drawn_for_a_value_that_shows_to_be_refused() {
    for group in usable() {
        let refuse = |peer: &[u8]| {
            let mut rng = Script(Vec::new());
            DhKeyPair::answer(group, peer, &mut rng)
                .map(|_| ())
                .unwrap_err()
        };
        let short = refuse(&[2]);
        assert!(matches!(short, CryptoError::PublicLength { found: 1, .. }));
        if let Some(prime) = modp_prime(group) {
            let invalid = CryptoError::PublicInvalid { group };
            assert_eq!(refuse(&vec![0; prime.len()]), invalid);
            assert_eq!(refuse(&prime), invalid);
        }
    }
}

#[test]
fn shared_secrets_keep_their_leading_zeros() {
    // 2^1 times 2^1: the shared value is 4, in as many octets as the prime has.
    let one = DhKeyPair::from_private(DhGroup::Modp14, &Secret::new(vec![1])).unwrap();
    let two = DhKeyPair::from_private(DhGroup::Modp14, &Secret::new(vec![2])).unwrap();
    let shared = one.agree(two.public()).unwrap();
    assert_eq!(shared, Secret::new([vec![0; 255], vec![4]].concat()));
}

#[test]
fn public_values_of_the_wrong_length_are_refused() {
    for group in usable() {
        let pair = drawn(group);
        let expected = group.public_len();
        for found in [0, 1, expected - 1, expected + 1] {
            let error = CryptoError::PublicLength {
                group,
                expected,
                found,
            };
            assert_eq!(pair.agree(&vec![2; found]), Err(error));
        }
    }
}

#[test]
fn modp_values_that_give_a_guessable_secret_are_refused() {
    for group in usable() {
        let Some(prime) = modp_prime(group) else {
            continue;
        };
        let small = |value| [vec![0; prime.len() - 1], vec![value]].concat();
        let mut below = prime.clone();
        *below.last_mut().unwrap() -= 1;
        let invalid = Err(CryptoError::PublicInvalid { group });
        let pair = drawn(group);
        for bad in [
            small(0),
            small(1),
            below.clone(),
            prime.clone(),
            vec![0xff; prime.len()],
        ] {
            assert_eq!(pair.agree(&bad), invalid, "{group}");
        }
        assert!(pair.agree(&small(2)).is_ok(), "{group}");
        *below.last_mut().unwrap() -= 1;
        assert!(pair.agree(&below).is_ok(), "{group}: p - 2");
    }
}

#[test]
fn points_off_the_curve_are_refused() {
    for group in [DhGroup::Ecp19, DhGroup::Ecp20, DhGroup::Ecp21] {
        let pair = drawn(group);
        let invalid = Err(CryptoError::PublicInvalid { group });
        let mut off = drawn(group).public().to_vec();
        *off.last_mut().unwrap() ^= 1;
        assert_eq!(pair.agree(&off), invalid, "{group}");
        assert_eq!(pair.agree(&vec![0; off.len()]), invalid, "{group}");
        assert_eq!(pair.agree(&vec![0xff; off.len()]), invalid, "{group}");
    }
}

#[test]
fn x25519_points_of_small_order_are_refused() {
    let group = DhGroup::X25519;
    let pair = drawn(group);
    let mut one = [0; 32];
    one[0] = 1;
    for small_order in [[0; 32], one] {
        let found = pair.agree(&small_order);
        assert_eq!(found, Err(CryptoError::PublicInvalid { group }));
    }
}

#[test]
fn private_values_out_of_range_are_refused() {
    let refused =
        |group, private: Vec<u8>| DhKeyPair::from_private(group, &Secret::new(private)).is_err();
    assert!(refused(DhGroup::Ecp19, vec![0; 32]), "zero");
    assert!(refused(DhGroup::Ecp19, vec![0xff; 32]), "above the order");
    assert!(refused(DhGroup::Ecp19, vec![1; 31]), "short");
    assert!(refused(DhGroup::Modp14, vec![0; 32]), "zero");
    assert!(refused(DhGroup::Modp14, Vec::new()), "empty");
    assert!(
        refused(DhGroup::Modp14, vec![1; 257]),
        "longer than the prime"
    );
}

#[test]
fn scalars_out_of_range_are_drawn_again() {
    // The first draw of 32 octets is above P-256's order, so the pair comes from the second.
    let mut rng = Script(vec![vec![0xff; 32], vec![5; 32]]);
    let drawn = DhKeyPair::generate(DhGroup::Ecp19, &mut rng).unwrap();
    let given = DhKeyPair::from_private(DhGroup::Ecp19, &Secret::new(vec![5; 32])).unwrap();
    assert_eq!(drawn.public(), given.public());
}

#[test]
fn a_generator_that_only_gives_zeros_is_an_error_and_not_a_loop() {
    for group in usable()
        .into_iter()
        .filter(|group| *group != DhGroup::X25519)
    {
        let mut rng = Script(vec![vec![0; 66]; 16]);
        assert!(DhKeyPair::generate(group, &mut rng).is_err(), "{group}");
    }
}

#[test]
fn the_group_that_is_only_named_makes_no_pair() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let error = DhKeyPair::generate(DhGroup::Modp24, &mut rng).unwrap_err();
    assert_eq!(error.to_string(), "MODP-2048-256 is not implemented");
}

/// A generator that says what it is told to.
struct Script(Vec<Vec<u8>>);

impl rand_core::TryRng for Script {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        unreachable!("private values are drawn as octets")
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        unreachable!("private values are drawn as octets")
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Self::Error> {
        octets.copy_from_slice(&self.0.remove(0)[..octets.len()]);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Script {}

fn usable() -> Vec<DhGroup> {
    let usable: Vec<_> = DhGroup::ALL
        .into_iter()
        .filter(|group| group.usable())
        .collect();
    assert_eq!(usable.len(), 12);
    usable
}

fn drawn(group: DhGroup) -> DhKeyPair {
    let mut rng = ChaCha20Rng::seed_from_u64(u64::from(group.iana_id()));
    DhKeyPair::generate(group, &mut rng).unwrap()
}

/// None for the curves.
fn modp_prime(group: DhGroup) -> Option<Vec<u8>> {
    group
        .name()
        .starts_with("MODP")
        .then(|| Vector::file("modp_primes.json").octets(&group.iana_id().to_string()))
}
