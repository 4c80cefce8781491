//! The laws of `crossgate_esp::fuzzing` over the corpus of `fuzz/` and over inputs that are made here:
//! anything may come, nothing may break.
//!
//! `UPDATE_EXPECT=1 cargo test -p crossgate-esp` writes our seeds into the corpus; whatever a fuzzer
//! found can be added beside them.

use crossgate_esp::fuzzing::{Broken, open_arbitrary, seal_arbitrary};
use crossgate_wire::ip::{Echo, EchoKind, Ipv4Header, Udp, build_packet, protocol};
use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;

fn check(data: &[u8]) {
    let both: Result<(), Broken> = open_arbitrary(data).and_then(|()| seal_arbitrary(data));
    both.unwrap_or_else(|broken| panic!("{broken:?} {data:02x?}"));
}

/// Packets from A's network to B's, and some that aren't.
fn seeds() -> Vec<Vec<u8>> {
    let (from, to) = (Ipv4Addr::new(10, 1, 0, 10), Ipv4Addr::new(10, 2, 0, 20));
    let echo = Echo {
        kind: EchoKind::Request,
        identifier: 7,
        sequence: 1,
        data: &[1; 32],
    };
    let udp = Udp {
        source_port: 1000,
        destination_port: 2000,
        payload: &[2; 72],
    };
    let mut marked = Vec::new();
    let header = Ipv4Header {
        tos: 0xff,
        dont_fragment: false,
        ..Ipv4Header::new(from, to, 253)
    };
    header.emit(40, &mut marked).expect("a header");
    marked.extend([3; 40]);
    let (v6_from, v6_to) = (from.to_ipv6_mapped(), to.to_ipv6_mapped());
    vec![
        echo.build(from.into(), to.into()).expect("a packet"),
        build_packet(from.into(), to.into(), 253, &[]).expect("a packet"),
        udp.build(from.into(), to.into()).expect("a packet"),
        marked,
        build_packet(v6_from.into(), v6_to.into(), protocol::TCP, &[4; 40]).expect("a packet"),
    ]
}

/// One input for each seed and meaning, with suites that differ.
fn corpus_seeds() -> Vec<(String, Vec<u8>)> {
    let meanings = ["raw", "content", "payload"];
    let pairs = seeds().into_iter().enumerate();
    pairs
        .flat_map(|(index, seed)| {
            meanings.iter().zip(0_u8..).map(move |(name, meaning)| {
                let suite = (index as u8) * 3 + meaning;
                let input = [&[suite, meaning], seed.as_slice()].concat();
                (format!("{name}-{index}"), input)
            })
        })
        .collect()
}

#[test]
fn the_corpus_has_our_seeds_and_replays() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/esp_plane");
    for (name, seed) in corpus_seeds() {
        let path = folder.join(name);
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::create_dir_all(&folder).expect("a folder");
            fs::write(&path, &seed).expect("written");
        }
        assert_eq!(fs::read(&path).expect("a file"), seed, "{}", path.display());
    }
    for entry in fs::read_dir(&folder).expect("a folder") {
        check(&fs::read(entry.expect("an entry").path()).expect("a file"));
    }
}

#[test]
fn whole_packets_under_every_suite_and_meaning() {
    for seed in seeds() {
        for suite in 0..16 {
            for meaning in 0..3 {
                check(&[&[suite, meaning], seed.as_slice()].concat());
            }
        }
    }
}

#[test]
fn damaged_packets_under_every_meaning() {
    for seed in seeds() {
        for meaning in 0..3 {
            let input = [&[0, meaning], seed.as_slice()].concat();
            for at in 2..input.len().min(64) {
                check(&input[..at]);
                for octet in [0x00, 0x01, 0x7f, 0x80, 0xff] {
                    let mut damaged = input.clone();
                    damaged[at] = octet;
                    check(&damaged);
                }
            }
        }
    }
}

#[test]
fn random_octets() {
    let mut random = 1_u64;
    for length in 0..400 {
        let data: Vec<u8> = (0..length)
            .map(|_| {
                random = random.wrapping_mul(6364136223846793005).wrapping_add(99);
                (random >> 56) as u8
            })
            .collect();
        check(&data);
    }
}
