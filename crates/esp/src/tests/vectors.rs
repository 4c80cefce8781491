//! Packets that others sealed (`tests/data`).

use crate::fuzzing::{End, path, spi};
use crate::plane::{OpenOutcome, OpenOutput, Received};
use crate::tests::support::{CHILD, plane, policy};
use crate::transform::{Opener, Sealer};
use crossgate_crypto::{Encr, Integ, Secret};
use crossgate_kernels::Outcome;
use crossgate_model::{DirectionKeys, Selector, SelectorPair, Time};
use crossgate_wire::esp::{Trailer, append_trailer};
use serde_json::Value;
use std::ops::Range;

fn cases(text: &str) -> Vec<Value> {
    let cases: Vec<Value> = serde_json::from_str(text).expect("a list");
    assert!(!cases.is_empty());
    cases
}

fn octets(case: &Value, field: &str) -> Vec<u8> {
    let text = case[field].as_str().expect(field);
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal");
    (0..text.len()).step_by(2).map(digit).collect()
}

fn aes_gcm(key: &[u8]) -> Encr {
    match key.len() {
        16 => Encr::AesGcm128,
        24 => Encr::AesGcm192,
        _ => Encr::AesGcm256,
    }
}

/// Where the plaintext is.
fn opened(opener: &Opener, sequence: u64, packet: &mut [u8]) -> Range<usize> {
    let mut batch = [opener.to_open(sequence, packet).expect("a real key")];
    crossgate_kernels::open(&mut batch);
    assert_eq!(batch[0].outcome, Outcome::Done);
    opener.plaintext(packet).expect("a plaintext")
}

#[test]
fn aes_gcm_packets_of_the_published_cases_are_sealed_and_opened_octet_by_octet() {
    for case in cases(include_str!("../../tests/data/mcgrew_gcm_esp.json")) {
        let key = octets(&case, "key");
        let keys = DirectionKeys {
            encr: Secret::new([key.clone(), octets(&case, "salt")].concat()),
            integ: Secret::default(),
        };
        let esn = case["esn"].as_bool().expect("a flag");
        let sealer = Sealer::new(aes_gcm(&key), None, esn, &keys).expect("keys");
        let number = octets(&case, "sequence");
        let sequence = u64::from_be_bytes(number[..].try_into().expect("64 bits"));
        let head = [
            octets(&case, "spi"),
            number[4..].to_vec(),
            octets(&case, "iv"),
        ]
        .concat();
        let plaintext = octets(&case, "plaintext");

        let mut packet = [head.as_slice(), &plaintext].concat();
        sealer.seal(sequence, &mut packet).expect("sealed");
        let expected = [head, octets(&case, "ciphertext"), octets(&case, "icv")].concat();
        assert_eq!(packet, expected, "{}", case["name"]);

        let opener = Opener::new(aes_gcm(&key), None, esn, &keys).expect("keys");
        let part = opened(&opener, sequence, &mut packet);
        assert_eq!(packet[part], plaintext, "{}", case["name"]);
    }
}

fn cbc_keys(case: &Value) -> DirectionKeys {
    DirectionKeys {
        encr: Secret::new(octets(case, "key")),
        integ: Secret::new(vec![9; 32]),
    }
}

/// The published packets have no ICV, so ours is behind them.
fn with_icv(case: &Value) -> Vec<u8> {
    let keys = cbc_keys(case);
    let suite = (Encr::AesCbc128, Some(Integ::HmacSha256_128));
    let sealer = Sealer::new(suite.0, suite.1, false, &keys).expect("keys");
    let published = octets(case, "packet");
    let mut packet = published[..24].to_vec();
    let payload = octets(case, "payload");
    packet.extend_from_slice(&payload);
    let next_header = case["next_header"].as_u64().expect("a number") as u8;
    append_trailer(&mut packet, payload.len(), 16, next_header);
    let sequence = case["sequence"].as_u64().expect("a number");
    sealer.seal(sequence, &mut packet).expect("sealed");
    assert_eq!(packet[..published.len()], published, "{}", case["name"]);
    packet
}

#[test]
fn aes_cbc_packets_of_rfc_3602_are_sealed_octet_by_octet() {
    for case in cases(include_str!("../../tests/data/rfc3602_esp.json")) {
        let mut packet = with_icv(&case);
        let suite = (Encr::AesCbc128, Some(Integ::HmacSha256_128));
        let opener = Opener::new(suite.0, suite.1, false, &cbc_keys(&case)).expect("keys");
        let part = opened(&opener, 0, &mut packet);
        let trailer = Trailer::parse(&packet[part]).expect("a trailer");
        assert_eq!(
            trailer.payload,
            octets(&case, "payload"),
            "{}",
            case["name"]
        );
    }
}

#[test]
fn tunnel_mode_packets_of_rfc_3602_pass_the_data_plane() {
    let all = cases(include_str!("../../tests/data/rfc3602_esp.json"));
    let tunnelled: Vec<_> = all.iter().filter(|case| case["next_header"] == 4).collect();
    assert_eq!(tunnelled.len(), 2);
    let everything = SelectorPair {
        local: Selector::ANY_V4,
        remote: Selector::ANY_V4,
    };
    for case in tunnelled {
        let mut packet = with_icv(case);
        let mut plane = plane(vec![policy(CHILD, everything)]);
        let mut sa =
            crate::fuzzing::agreed(End::B, Encr::AesCbc128, Some(Integ::HmacSha256_128), 0);
        sa.spi_in = 0x8765;
        sa.keys_in = cbc_keys(case);
        sa.local_selectors = vec![everything.local];
        sa.remote_selectors = vec![everything.remote];
        plane.install(Time::START, sa).expect("an SA");
        let mut out = OpenOutput::default();
        let mut received = [Received {
            path: path(End::B),
            tos: 0,
            packet: &mut packet,
        }];
        plane.open(Time::START, &mut received, &mut out);
        assert_eq!(out.outcomes, [OpenOutcome::Opened]);
        assert_eq!(received[0].packet, octets(case, "payload"));
    }
    assert_ne!(spi(End::B, 0), 0x8765);
}
