//! Every path that this processor has, octet for octet against the libraries: CBC and HMAC against
//! the RustCrypto crates, GCM against aws-lc.

use aes::cipher::{Block, BlockModeEncrypt, KeyIvInit};
use aes::{Aes128, Aes192, Aes256};
use aws_lc_rs::aead::{AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use crossgate_kernels::{Hash, OpenKey, Outcome, Packet, Path, SealKey, open, seal};
use hmac::{Hmac, KeyInit, Mac};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// A suite by its key lengths; without a hash it is GCM.
#[derive(Clone, Copy, Debug)]
struct Suite {
    key: usize,
    hash: Option<(Hash, usize, usize)>,
}

/// Key lengths, hash with key and ICV length: those of RFC 3602, 2404, 4868 and 4106.
const SUITES: [Suite; 9] = [
    Suite {
        key: 32,
        hash: Some((Hash::Sha256, 32, 16)),
    },
    Suite {
        key: 16,
        hash: Some((Hash::Sha1, 20, 12)),
    },
    Suite {
        key: 24,
        hash: Some((Hash::Sha384, 48, 24)),
    },
    Suite {
        key: 32,
        hash: Some((Hash::Sha512, 64, 32)),
    },
    Suite {
        key: 16,
        hash: Some((Hash::Sha256, 32, 16)),
    },
    Suite {
        key: 24,
        hash: Some((Hash::Sha256, 32, 16)),
    },
    Suite {
        key: 16,
        hash: None,
    },
    Suite {
        key: 24,
        hash: None,
    },
    Suite {
        key: 32,
        hash: None,
    },
];

struct Sa {
    suite: Suite,
    cipher: Vec<u8>,
    mac: Vec<u8>,
    salt: [u8; 4],
    seal: SealKey,
    open: OpenKey,
}

impl Sa {
    fn new(path: Path, suite: Suite, rng: &mut ChaCha8Rng) -> Self {
        let cipher = random(suite.key, rng);
        let salt = [1, 2, 3, rng.next_u32() as u8];
        match suite.hash {
            Some((hash, len, icv)) => {
                let mac = random(len, rng);
                let seal = SealKey::cbc_hmac(path, &cipher, hash, &mac, icv).expect("a key");
                let open = OpenKey::cbc_hmac(path, &cipher, hash, &mac, icv).expect("a key");
                Self {
                    suite,
                    cipher,
                    mac,
                    salt,
                    seal,
                    open,
                }
            }
            None => {
                let seal = SealKey::gcm(path, &cipher, salt).expect("a key");
                let open = OpenKey::gcm(path, &cipher, salt).expect("a key");
                Self {
                    suite,
                    cipher,
                    mac: Vec::new(),
                    salt,
                    seal,
                    open,
                }
            }
        }
    }

    fn overhead(&self) -> (usize, usize) {
        self.suite.hash.map_or((16, 16), |(_, _, icv)| (24, icv))
    }

    /// A packet with so much data, as it is before sealing.
    fn plain(&self, data: usize, rng: &mut ChaCha8Rng) -> Vec<u8> {
        let (front, icv) = self.overhead();
        let data = if self.suite.hash.is_some() {
            data / 16 * 16
        } else {
            data
        };
        let mut packet = random(front + data + icv, rng);
        packet[front + data..].fill(0);
        packet
    }

    /// What the libraries make of it.
    fn expected(&self, plain: &[u8], high: Option<u32>) -> Vec<u8> {
        let mut packet = plain.to_vec();
        let (front, icv_len) = self.overhead();
        let end = packet.len() - icv_len;
        let Some((hash, ..)) = self.suite.hash else {
            return self.expected_gcm(packet, high);
        };
        let iv: [u8; 16] = packet[8..24].try_into().expect("16 octets");
        let (blocks, _) = packet[front..end].as_chunks_mut::<16>();
        macro_rules! encrypt {
            ($cipher:ty) => {{
                let mut cipher =
                    cbc::Encryptor::<$cipher>::new_from_slices(&self.cipher, &iv).expect("sizes");
                for block in blocks {
                    cipher.encrypt_block(<&mut Block<$cipher>>::from(block));
                }
            }};
        }
        match self.cipher.len() {
            16 => encrypt!(Aes128),
            24 => encrypt!(Aes192),
            _ => encrypt!(Aes256),
        }
        macro_rules! mac {
            ($hash:ty) => {{
                let mut mac = Hmac::<$hash>::new_from_slice(&self.mac).expect("any length");
                mac.update(&packet[..end]);
                mac.update(
                    high.map(u32::to_be_bytes)
                        .as_ref()
                        .map_or(&[][..], |high| high),
                );
                mac.finalize().into_bytes().to_vec()
            }};
        }
        let icv = match hash {
            Hash::Sha1 => mac!(sha1::Sha1),
            Hash::Sha256 => mac!(sha2::Sha256),
            Hash::Sha384 => mac!(sha2::Sha384),
            Hash::Sha512 => mac!(sha2::Sha512),
        };
        packet[end..].copy_from_slice(&icv[..icv_len]);
        packet
    }

    fn expected_gcm(&self, mut packet: Vec<u8>, high: Option<u32>) -> Vec<u8> {
        let end = packet.len() - 16;
        let nonce: Vec<u8> = self.salt.iter().chain(&packet[8..16]).copied().collect();
        let nonce: [u8; 12] = nonce.try_into().expect("12 octets");
        let mut aad = packet[..4].to_vec();
        aad.extend(high.map(u32::to_be_bytes).into_iter().flatten());
        aad.extend(&packet[4..8]);
        let algorithm = match self.cipher.len() {
            16 => &AES_128_GCM,
            24 => &AES_192_GCM,
            _ => &AES_256_GCM,
        };
        let key = LessSafeKey::new(UnboundKey::new(algorithm, &self.cipher).expect("a key"));
        let nonce = Nonce::assume_unique_for_key(nonce);
        let (data, tag) = packet[16..].split_at_mut(end - 16);
        let made = key.seal_in_place_separate_tag(nonce, Aad::from(aad), data);
        tag.copy_from_slice(made.expect("a tag").as_ref());
        packet
    }
}

fn random(len: usize, rng: &mut ChaCha8Rng) -> Vec<u8> {
    let mut octets = vec![0; len];
    rng.fill_bytes(&mut octets);
    octets
}

/// One packet of a batch: whose, its sequence number's high half, its data, its misalignment.
struct Case {
    sa: usize,
    high: Option<u32>,
    plain: Vec<u8>,
    at: usize,
}

/// Seals and opens the batch, one packet of which may be damaged on its way.
fn check(path: Path, sas: &[Sa], cases: &[Case], damaged: Option<(usize, usize)>) {
    let context = |i: usize| {
        let case = &cases[i];
        let count = cases.len();
        format!(
            "{path}, {:?}, {} octets, packet {i} of {count}",
            sas[case.sa].suite,
            case.plain.len()
        )
    };
    let mut buffers: Vec<Vec<u8>> = cases
        .iter()
        .map(|case| [vec![0xa5; case.at], case.plain.clone(), vec![0x5a; 64]].concat())
        .collect();
    let mut batch: Vec<_> = cases
        .iter()
        .zip(&mut buffers)
        .map(|(case, buffer)| {
            let octets = &mut buffer[case.at..case.at + case.plain.len()];
            Packet::new(&sas[case.sa].seal, case.high, octets)
        })
        .collect();
    seal(&mut batch);
    assert!(batch.iter().all(|packet| packet.outcome == Outcome::Done));
    for (i, (case, buffer)) in cases.iter().zip(&buffers).enumerate() {
        let expected = sas[case.sa].expected(&case.plain, case.high);
        assert!(
            buffer[case.at..case.at + expected.len()] == expected,
            "sealed: {}",
            context(i)
        );
        let around = buffer[..case.at].iter().all(|octet| *octet == 0xa5)
            && buffer[case.at + expected.len()..]
                .iter()
                .all(|octet| *octet == 0x5a);
        assert!(around, "octets around it changed: {}", context(i));
    }
    if let Some((victim, bit)) = damaged {
        let octet = cases[victim].at + bit / 8 % cases[victim].plain.len();
        buffers[victim][octet] ^= 1 << (bit % 8);
    }
    let before = buffers.clone();
    let mut batch: Vec<_> = cases
        .iter()
        .zip(&mut buffers)
        .map(|(case, buffer)| {
            let octets = &mut buffer[case.at..case.at + case.plain.len()];
            Packet::new(&sas[case.sa].open, case.high, octets)
        })
        .collect();
    open(&mut batch);
    let outcomes: Vec<_> = batch.iter().map(|packet| packet.outcome).collect();
    for (i, (case, buffer)) in cases.iter().zip(&buffers).enumerate() {
        let (front, icv) = sas[case.sa].overhead();
        let data = front..case.plain.len() - icv;
        let found = &buffer[case.at..][data.clone()];
        if damaged.is_some_and(|(victim, _)| victim == i) {
            assert_eq!(outcomes[i], Outcome::NotAuthentic, "{}", context(i));
            let wiped = sas[case.sa].suite.hash.is_none() && found.iter().all(|octet| *octet == 0);
            assert!(
                wiped || *buffer == before[i],
                "plaintext released: {}",
                context(i)
            );
        } else {
            assert_eq!(outcomes[i], Outcome::Done, "{}", context(i));
            assert!(*found == case.plain[data], "opened: {}", context(i));
        }
        assert!(
            buffer[..case.at].iter().all(|octet| *octet == 0xa5),
            "{}",
            context(i)
        );
        let behind = &buffer[case.at + case.plain.len()..];
        assert!(behind.iter().all(|octet| *octet == 0x5a), "{}", context(i));
    }
}

fn high(rng: &mut ChaCha8Rng) -> Option<u32> {
    let value = rng.next_u32();
    (value & 1 == 1).then_some(value)
}

fn below(bound: usize, rng: &mut ChaCha8Rng) -> usize {
    rng.next_u32() as usize % bound
}

/// A packet of each of these sizes by itself, under every suite and path.
fn alone(sizes: impl Iterator<Item = usize> + Clone, seed: u64) {
    for path in Path::available() {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for suite in SUITES {
            let sas = [Sa::new(path, suite, &mut rng)];
            for data in sizes.clone() {
                let at = below(64, &mut rng);
                let case = Case {
                    sa: 0,
                    high: high(&mut rng),
                    plain: sas[0].plain(data, &mut rng),
                    at,
                };
                check(path, &sas, &[case], None);
            }
        }
    }
}

#[test]
fn every_small_size_alone() {
    alone(0..=600, 1);
}

/// GCM's counter is carried from its last octet to the next behind 255 blocks.
#[test]
fn sizes_at_which_a_counter_is_carried_alone() {
    let sizes = (3540..3620).chain(4020..4120);
    alone(sizes.chain([9000, 20_000, 65_000]), 7);
}

#[test]
fn every_small_size_in_a_full_batch() {
    for path in Path::available() {
        let mut rng = ChaCha8Rng::seed_from_u64(6);
        for suite in SUITES {
            let sas = [
                Sa::new(path, suite, &mut rng),
                Sa::new(path, suite, &mut rng),
            ];
            // Of CBC, only whole blocks are other sizes.
            let (step, most) = if suite.hash.is_some() {
                (16, 400)
            } else {
                (1, 280)
            };
            for data in (0..=most).step_by(step) {
                // One packet of another size ends what goes in lock-step.
                let cases: Vec<_> = (0..18)
                    .map(|packet| {
                        let data = if packet == 9 { most - data } else { data };
                        let sa = packet / 6 % 2;
                        Case {
                            sa,
                            high: high(&mut rng),
                            plain: sas[sa].plain(data, &mut rng),
                            at: below(64, &mut rng),
                        }
                    })
                    .collect();
                let damaged = (below(cases.len(), &mut rng), rng.next_u32() as usize);
                check(path, &sas, &cases, (data % 2 == 0).then_some(damaged));
            }
        }
    }
}

#[test]
fn batches_of_one_sa() {
    for path in Path::available() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        for suite in SUITES {
            let sas = [Sa::new(path, suite, &mut rng)];
            for count in (1..=33).chain([47, 48, 49, 63, 64, 65, 130]) {
                for equal in [true, false] {
                    let size = below(2000, &mut rng);
                    let cases: Vec<_> = (0..count)
                        .map(|_| {
                            let data = if equal { size } else { below(2000, &mut rng) };
                            let at = below(64, &mut rng);
                            Case {
                                sa: 0,
                                high: high(&mut rng),
                                plain: sas[0].plain(data, &mut rng),
                                at,
                            }
                        })
                        .collect();
                    check(path, &sas, &cases, None);
                }
            }
        }
    }
}

#[test]
fn batches_of_many_sas_of_all_suites_with_one_packet_damaged() {
    for path in Path::available() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for round in 0..120 {
            let sas: Vec<_> = (0..1 + below(20, &mut rng))
                .map(|_| {
                    let suite = SUITES[if round % 3 == 0 {
                        0
                    } else {
                        below(SUITES.len(), &mut rng)
                    }];
                    Sa::new(path, suite, &mut rng)
                })
                .collect();
            let most = if round % 2 == 0 { 200 } else { 2000 };
            let cases: Vec<_> = (0..1 + below(80, &mut rng))
                .map(|_| {
                    let sa = below(sas.len(), &mut rng);
                    let plain = sas[sa].plain(below(most, &mut rng), &mut rng);
                    Case {
                        sa,
                        high: high(&mut rng),
                        plain,
                        at: below(64, &mut rng),
                    }
                })
                .collect();
            let damaged = (below(cases.len(), &mut rng), rng.next_u32() as usize);
            check(path, &sas, &cases, (round % 4 != 0).then_some(damaged));
        }
    }
}

#[test]
fn a_flipped_bit_anywhere_is_found() {
    for path in Path::available() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        for suite in SUITES {
            let sas = [Sa::new(path, suite, &mut rng)];
            let len = sas[0].plain(48, &mut rng).len();
            for bit in 0..8 * len {
                let cases: Vec<_> = (0..3)
                    .map(|_| Case {
                        sa: 0,
                        high: Some(7),
                        plain: sas[0].plain(48, &mut rng),
                        at: 1,
                    })
                    .collect();
                check(path, &sas, &cases, Some((1, bit)));
            }
        }
    }
}

#[test]
fn packets_that_cannot_be_any_are_left_alone() {
    for path in Path::available() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        for suite in SUITES {
            let sa = Sa::new(path, suite, &mut rng);
            let least = sa.plain(0, &mut rng).len();
            for len in 0..least + 40 {
                let whole =
                    len >= least && (suite.hash.is_none() || (len - least).is_multiple_of(16));
                let mut octets = random(len, &mut rng);
                let before = octets.clone();
                let mut batch = [Packet::new(&sa.seal, None, &mut octets)];
                seal(&mut batch);
                let expected = if whole {
                    Outcome::Done
                } else {
                    Outcome::Malformed
                };
                assert_eq!(batch[0].outcome, expected, "{path}, {suite:?}, {len}");
                assert_eq!(octets == before, !whole, "{path}, {suite:?}, {len}");
                let mut octets = before.clone();
                let mut batch = [Packet::new(&sa.open, None, &mut octets)];
                open(&mut batch);
                let expected = if whole {
                    Outcome::NotAuthentic
                } else {
                    Outcome::Malformed
                };
                assert_eq!(batch[0].outcome, expected, "{path}, {suite:?}, {len}");
            }
        }
    }
}
