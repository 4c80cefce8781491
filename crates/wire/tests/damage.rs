//! Good messages, cut off at each place and changed at each byte: no panic, no endless loop, and the laws of
//! `crossgate_wire::fuzzing` hold for whatever still parses.

mod support;

use crossgate_wire::fuzzing::{self, Broken};
use crossgate_wire::ike::{Message, Payload, build_plain_chain};
use support::{capture, messages};

type Law = fn(&[u8]) -> Result<(), Broken>;

/// Every value of every byte.
fn check(good: &[u8], law: Law) {
    check_values(good, law, |_| (0..=255).collect());
}

/// The same for messages of many hundred bytes, with the values that lengths, counts and markers break at.
fn check_at_the_edges(good: &[u8], law: Law) {
    check_values(good, law, |byte| {
        let near = [byte.wrapping_sub(1), byte.wrapping_add(1), byte ^ 0x80];
        [near.as_slice(), &[0, 1, 2, 3, 4, 46, 53, 0x7f, 0xff]].concat()
    });
}

fn check_values(good: &[u8], law: Law, values: impl Fn(u8) -> Vec<u8>) {
    for length in 0..=good.len() {
        law(&good[..length]).unwrap();
    }
    let mut bytes = good.to_vec();
    for at in 0..bytes.len() {
        for value in values(good[at]) {
            bytes[at] = value;
            law(&bytes).unwrap();
        }
        bytes[at] = good[at];
    }
}

fn chain(payloads: &[Payload]) -> Vec<u8> {
    let (first, chain) = build_plain_chain(payloads).unwrap();
    [&[first.0], chain.as_slice()].concat()
}

#[test]
fn a_message_with_every_payload() {
    check_at_the_edges(
        &messages::full_message().emit().unwrap(),
        fuzzing::ike_message,
    );
}

#[test]
fn a_fragment() {
    check(
        &messages::fragment_message().emit().unwrap(),
        fuzzing::ike_message,
    );
}

#[test]
fn a_decrypted_chain_with_every_payload() {
    check_at_the_edges(&chain(&messages::every_payload()), fuzzing::ike_payloads);
}

#[test]
fn each_payload_alone() {
    for payload in messages::every_payload() {
        check(&chain(&[payload]), fuzzing::ike_payloads);
    }
}

#[test]
fn a_fresh_offer_of_a_real_peer() {
    let frames = capture::read("zeek_ikev2.pcap");
    let offer = frames[0].ip().unwrap().get(28..).unwrap();
    assert!(Message::parse(offer).is_ok());
    check_at_the_edges(offer, fuzzing::ike_message);
}

#[test]
fn packets_of_a_tunnel() {
    for packet in messages::packets() {
        check(&packet, fuzzing::esp_packet);
    }
}

/// A cut message is an error at every length, because the header says how long it is.
#[test]
fn no_truncated_message_is_accepted() {
    let good = messages::full_message().emit().unwrap();
    for length in 0..good.len() {
        assert!(Message::parse(&good[..length]).is_err(), "{length} bytes");
    }
}
