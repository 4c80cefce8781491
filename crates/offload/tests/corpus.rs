//! The laws of `crossgate_offload::fuzzing` over the corpus of `fuzz/` and over inputs that are made
//! here: any header may come before any packet.
//!
//! `UPDATE_EXPECT=1 cargo test -p crossgate-offload` writes our seeds into the corpus; whatever a
//! fuzzer found can be added beside them.

#[allow(dead_code, reason = "the other tests use the rest of it")]
mod support;

use crossgate_offload::fuzzing::super_packet;
use crossgate_offload::{Checksum, Header};
use std::fs;
use std::path::PathBuf;
use support::Draw;

fn check(data: &[u8]) {
    super_packet(data).unwrap_or_else(|broken| panic!("{broken:?} {data:02x?}"));
}

/// Super-packets of every kind behind headers that don't lie, and a packet without its checksum.
fn seeds() -> Vec<Vec<u8>> {
    let supers = support::wholes(70).into_iter().map(|(whole, kind)| {
        let header = Header {
            segmentation: Some(kind),
            segment_len: 30,
            ..Header::default()
        };
        (header, whole)
    });
    let checksum = Some(Checksum {
        start: 20,
        offset: 16,
    });
    let alone = Header {
        checksum,
        ..Header::default()
    };
    let (packet, _) = support::wholes(9).swap_remove(1);
    let all = supers.chain([(alone, packet)]);
    all.map(|(header, packet)| [&header.to_bytes()[..], &packet].concat())
        .collect()
}

#[test]
fn the_corpus_has_our_seeds_and_replays() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/super_packet");
    for (number, seed) in seeds().into_iter().enumerate() {
        let path = folder.join(format!("read-{number}"));
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

/// The header and those of IP and TCP, octet by octet.
#[test]
fn damaged_reads() {
    for seed in seeds() {
        for at in 0..seed.len().min(100) {
            check(&seed[..at]);
            for octet in [0x00, 0x01, 0x05, 0x06, 0x11, 0x45, 0x7f, 0x80, 0xff] {
                let mut damaged = seed.clone();
                damaged[at] = octet;
                check(&damaged);
            }
        }
    }
}

#[test]
fn arbitrary_headers_before_damaged_packets() {
    let mut draw = Draw::new(3);
    for _ in 0..20_000 {
        let mut packet = draw.batch().pop().unwrap_or_default();
        draw.damage(&mut packet);
        check(&[draw.header(), packet].concat());
    }
}
