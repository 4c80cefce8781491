//! Seal and open against intel-ipsec-mb and ring, alternating in one process, by best decile.
//!
//! `cargo bench -p crossgate-kernels` compares with ring; with `--features ipsec-mb` (Debian:
//! libipsec-mb-dev) also with both paths of ipsec-mb, of which the better one counts.

#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

#[cfg(feature = "ipsec-mb")]
mod ipsec_mb;

use crossgate_kernels::{Hash, OpenKey, Outcome, Packet, Path, SealKey, open, seal};
use std::time::Instant;

const BATCH: usize = 32;
const ROUNDS: usize = 20_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Suite {
    Aes256CbcSha256,
    Aes128CbcSha1,
    Aes256Gcm,
}

impl Suite {
    const ALL: [Self; 3] = [Self::Aes256CbcSha256, Self::Aes128CbcSha1, Self::Aes256Gcm];

    fn name(self) -> &'static str {
        match self {
            Self::Aes256CbcSha256 => "AES-256-CBC+HMAC-SHA-256-128",
            Self::Aes128CbcSha1 => "AES-128-CBC+HMAC-SHA-1-96",
            Self::Aes256Gcm => "AES-256-GCM",
        }
    }

    fn front(self) -> usize {
        if self == Self::Aes256Gcm { 16 } else { 24 }
    }

    fn icv(self) -> usize {
        if self == Self::Aes128CbcSha1 { 12 } else { 16 }
    }

    fn key(self) -> usize {
        if self == Self::Aes128CbcSha1 { 16 } else { 32 }
    }

    /// How many times as fast as ipsec-mb it is to be, sealing and opening: an inner packet of 1400
    /// octets is 1408 with its trailer, one of 64 is 80.
    fn goals(self, data: usize) -> Option<(f64, f64)> {
        match (self, data) {
            (Self::Aes256CbcSha256, 1408) => Some((1.6, 1.3)),
            (Self::Aes256CbcSha256, 80) => Some((1.4, 1.2)),
            (Self::Aes256Gcm, 1408) => Some((1.7, 1.6)),
            (Self::Aes256Gcm, 80) => Some((1.3, 1.3)),
            _ => None,
        }
    }
}

struct Sa {
    cipher: [u8; 32],
    #[cfg_attr(
        not(feature = "ipsec-mb"),
        expect(dead_code, reason = "ours are ready")
    )]
    mac: [u8; 32],
    seal: SealKey,
    open: OpenKey,
}

impl Sa {
    fn new(suite: Suite, number: u8) -> Self {
        let cipher = [number.wrapping_add(3); 32];
        let mac = [number.wrapping_add(9); 32];
        let path = Path::best();
        let key = &cipher[..suite.key()];
        let (seal, open) = match suite {
            Suite::Aes256Gcm => (
                SealKey::gcm(path, key, [1; 4]),
                OpenKey::gcm(path, key, [1; 4]),
            ),
            _ => {
                let (hash, len) = match suite {
                    Suite::Aes128CbcSha1 => (Hash::Sha1, 20),
                    _ => (Hash::Sha256, 32),
                };
                let (mac, icv) = (&mac[..len], suite.icv());
                (
                    SealKey::cbc_hmac(path, key, hash, mac, icv),
                    OpenKey::cbc_hmac(path, key, hash, mac, icv),
                )
            }
        };
        Self {
            cipher,
            mac,
            seal: seal.expect("a key"),
            open: open.expect("a key"),
        }
    }
}

/// A candidate: seals or opens the batch that stands in the buffer.
type Run<'c> = Box<dyn FnMut(&mut [u8]) + 'c>;

fn ours_seal(sas: &[Sa], stride: usize, high: Option<u32>) -> Run<'_> {
    Box::new(move |buffer| {
        let packets = buffer.chunks_exact_mut(stride).zip(sas.iter().cycle());
        let mut batch: Vec<_> = packets
            .map(|(octets, sa)| Packet::new(&sa.seal, high, octets))
            .collect();
        seal(&mut batch);
        assert!(batch.iter().all(|packet| packet.outcome == Outcome::Done));
    })
}

fn ours_open(sas: &[Sa], stride: usize, high: Option<u32>) -> Run<'_> {
    Box::new(move |buffer| {
        let packets = buffer.chunks_exact_mut(stride).zip(sas.iter().cycle());
        let mut batch: Vec<_> = packets
            .map(|(octets, sa)| Packet::new(&sa.open, high, octets))
            .collect();
        open(&mut batch);
        assert!(batch.iter().all(|packet| packet.outcome == Outcome::Done));
    })
}

fn ring_run(sas: &[Sa], stride: usize, sealing: bool) -> Run<'_> {
    use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
    let keys: Vec<_> = sas
        .iter()
        .map(|sa| LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &sa.cipher).expect("a key")))
        .collect();
    Box::new(move |buffer| {
        for (octets, key) in buffer.chunks_exact_mut(stride).zip(keys.iter().cycle()) {
            let (front, rest) = octets.split_at_mut(16);
            let mut nonce = [1; 12];
            nonce[4..].copy_from_slice(&front[8..]);
            let (nonce, aad) = (Nonce::assume_unique_for_key(nonce), Aad::from(&front[..8]));
            let (data, tag) = rest.split_last_chunk_mut::<16>().expect("a tag");
            if sealing {
                let made = key
                    .seal_in_place_separate_tag(nonce, aad, data)
                    .expect("sealed");
                tag.copy_from_slice(made.as_ref());
            } else {
                key.open_in_place_separate_tag(nonce, aad, (*tag).into(), data, 0..)
                    .expect("authentic");
            }
        }
    })
}

/// Nanoseconds a packet of each candidate, by best decile; each starts from the same octets.
fn measure(candidates: &mut [(String, Run<'_>)], start: &[u8], data: usize) -> Vec<f64> {
    let rounds = if data > 1000 { ROUNDS } else { 2 * ROUNDS };
    let mut times = vec![Vec::with_capacity(rounds); candidates.len()];
    let mut buffer = start.to_vec();
    for _ in 0..rounds {
        for ((_, run), times) in candidates.iter_mut().zip(&mut times) {
            buffer.copy_from_slice(start);
            let begin = Instant::now();
            run(&mut buffer);
            times.push(begin.elapsed().as_nanos() as f64 / BATCH as f64);
        }
    }
    times
        .iter_mut()
        .map(|times| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 10]
        })
        .collect()
}

fn main() {
    println!(
        "kernels: {}; {BATCH} packets a batch; ns a packet",
        Path::best()
    );
    // `cargo bench … -- GCM 1408` leaves out what has none of the words.
    let words: Vec<_> = std::env::args().skip(1).collect();
    let asked = |name: &str| {
        let mut words = words.iter().filter(|word| !word.starts_with("--"));
        words.all(|word| name.contains(word.as_str()))
    };
    for suite in Suite::ALL {
        for data in [80, 352, 1408] {
            if !asked(&format!("{} {data}", suite.name())) {
                continue;
            }
            for count in [1, 16] {
                let sas: Vec<_> = (0..count).map(|number| Sa::new(suite, number)).collect();
                compare(suite, data, &sas);
            }
        }
    }
}

fn compare(suite: Suite, data: usize, sas: &[Sa]) {
    let stride = suite.front() + data + suite.icv();
    let plain: Vec<u8> = (0..BATCH * stride)
        .map(|at| ((at * 7) >> 3) as u8)
        .collect();
    let mut sealed = plain.clone();
    ours_seal(sas, stride, None)(&mut sealed);
    for sealing in [true, false] {
        let ours = if sealing {
            ours_seal(sas, stride, None)
        } else {
            ours_open(sas, stride, None)
        };
        let mut candidates = vec![("ours".to_owned(), ours)];
        #[cfg(feature = "ipsec-mb")]
        candidates.extend(ipsec_mb::candidates(suite, sas, stride, sealing));
        if suite == Suite::Aes256Gcm {
            candidates.push(("ring".to_owned(), ring_run(sas, stride, sealing)));
        }
        let (start, end) = if sealing {
            (&plain, &sealed)
        } else {
            (&sealed, &plain)
        };
        for (name, run) in &mut candidates {
            let mut buffer = start.clone();
            run(&mut buffer);
            for (found, expected) in buffer.chunks(stride).zip(end.chunks(stride)) {
                let to = if sealing {
                    stride
                } else {
                    stride - suite.icv()
                };
                assert!(
                    found[suite.front()..to] == expected[suite.front()..to],
                    "{name} disagrees"
                );
            }
        }
        let times = measure(&mut candidates, start, data);
        report(suite, data, sas.len(), sealing, &candidates, &times);
    }
}

fn report(
    suite: Suite,
    data: usize,
    sas: usize,
    sealing: bool,
    candidates: &[(String, Run<'_>)],
    times: &[f64],
) {
    let what = if sealing { "seal" } else { "open" };
    print!("{:29} {what} {data:4} B {sas:2} SA: ", suite.name());
    for ((name, _), time) in candidates.iter().zip(times) {
        print!(" {name} {time:.0}");
    }
    let best_of = |prefix: &str| {
        let matching = candidates
            .iter()
            .zip(times)
            .filter(|((name, _), _)| name.starts_with(prefix));
        matching.map(|(_, time)| *time).reduce(f64::min)
    };
    for library in ["ipsec-mb", "ring"] {
        if let Some(best) = best_of(library) {
            print!("; {library}/ours {:.2}", best / times[0]);
        }
    }
    if let Some((seal, open)) = suite.goals(data) {
        print!(" (at least {})", if sealing { seal } else { open });
    }
    println!();
}
