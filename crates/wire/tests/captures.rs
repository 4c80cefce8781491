//! Captures of other implementations: well-formed messages read to the expected summary and are written back byte for
//! byte, malformed ones give the expected error. The sources are in `data/README.md`; each summary is `<capture>.txt`
//! beside its capture.

mod support;

use std::fmt::Write as _;

use crossgate_wire::esp::{EspPacket, Port4500, classify_4500};
use crossgate_wire::fuzzing;
use crossgate_wire::ike::{Chain, HEADER_LEN, Message};
use crossgate_wire::ip::{Packet, Udp, protocol};
use expect_test::expect_file;
use support::capture;

fn check(name: &str) {
    let mut summary = String::new();
    for (index, frame) in capture::read(name).iter().enumerate() {
        let text = frame.ip().map_or("not IP".to_string(), describe_packet);
        writeln!(summary, "{}: {text}", index + 1).unwrap();
        check_every_suffix(&frame.bytes);
    }
    expect_file![support::data(&format!("{name}.txt"))].assert_eq(&summary);
}

/// No part of a capture, read as anything, may break a parser.
fn check_every_suffix(frame: &[u8]) {
    for start in 0..frame.len() {
        fuzzing::ike_message(&frame[start..]).unwrap();
        fuzzing::ike_payloads(&frame[start..]).unwrap();
        fuzzing::esp_packet(&frame[start..]).unwrap();
    }
}

fn describe_packet(bytes: &[u8]) -> String {
    let packet = match Packet::parse(bytes) {
        Ok(packet) => packet,
        Err(error) => return format!("{error}"),
    };
    let what = match packet.protocol {
        protocol::ESP => describe_esp(packet.payload),
        protocol::UDP if packet.fragment.is_some() => "a fragment".to_string(),
        protocol::UDP => {
            Udp::parse(&packet).map_or_else(|error| error.to_string(), |udp| describe_udp(&udp))
        }
        other => format!("protocol {other}"),
    };
    format!("{} > {} {what}", packet.source, packet.destination)
}

fn describe_udp(udp: &Udp<'_>) -> String {
    if udp.source_port != 4500 && udp.destination_port != 4500 {
        return describe_ike(udp.payload);
    }
    match classify_4500(udp.payload) {
        Port4500::Ike(message) => describe_ike(message),
        Port4500::Esp(packet) => describe_esp(packet),
        Port4500::Keepalive => "keepalive".to_string(),
        Port4500::Runt => "runt".to_string(),
    }
}

fn describe_esp(bytes: &[u8]) -> String {
    match EspPacket::parse(bytes) {
        Ok(packet) => {
            let (header, body) = (packet.header, packet.body.len());
            format!(
                "ESP {:#010x} sequence {}, {body} bytes",
                header.spi, header.sequence
            )
        }
        Err(error) => format!("{error}"),
    }
}

fn describe_ike(bytes: &[u8]) -> String {
    match Message::parse(bytes) {
        Ok(message) => {
            assert_eq!(
                message.emit().unwrap(),
                without_critical_bits(&message, bytes),
                "{message}"
            );
            format!("{message}")
        }
        Err(error) => format!("{error}"),
    }
}

/// Some senders set the critical bit on payload types that everybody must know; there it says nothing (RFC 7296 §2.5)
/// and isn't kept, the one difference that we make.
fn without_critical_bits(message: &Message, bytes: &[u8]) -> Vec<u8> {
    let (header, chain) = bytes.split_at(HEADER_LEN);
    let mut cleared = chain.to_vec();
    for raw in Chain::new(message.header.next_payload, chain) {
        cleared[raw.unwrap().offset + 1] = 0;
    }
    [header, &cleared].concat()
}

macro_rules! captures {
    ($($test:ident: $file:literal;)*) => {
        $(#[test] fn $test() { check($file); })*
    };
}

captures! {
    four_exchanges_with_cookie_and_rekeys: "ikev2four.pcap";
    initiator_of_a_test_bench: "ikev2pI2.pcap";
    initiator_with_a_length_that_crashed_another_parser: "ikev2pI2-segfault.pcapng";
    identification: "ikev2-id-normal.pcap";
    identification_cut_short: "ikev2-id-short.pcap";
    cisco_vendor_ids_behind_nat: "scapy_ikev2_nat_t.pcapng";
    redirect: "scapy_ikev2_notify_redirect.pcap";
    invalid_ke_payload_then_fragments: "zeek_ikev2.pcap";
    weak_groups_offered: "suri_ikev2_weak.pcap";
    esp_without_udp: "02-sunrise-sunset-esp.pcap";
    esp_with_a_stronger_cipher: "08-sunrise-sunset-esp2.pcap";
    esp_in_udp: "espudp1.pcap";
    ikev1_floats_to_4500: "isakmp4500.pcap";
    ikev1_delete_that_crashed_another_parser: "isakmp-delete-segfault.pcap";
    ikev1_identification_that_crashed_another_parser: "isakmp-identification-segfault.pcap";
    ikev1_chain_that_never_ends: "isakmp-no-none-np.pcapng";
    ikev1_payload_that_points_to_itself: "isakmp-pointer-loop.pcap";
    udp_encapsulation_cut_short: "isakmp-rfc3948-oobr.pcap";
    udp_encapsulation_cut_shorter: "isakmp-3948-oobr-2.pcap";
    payloads_that_reach_past_the_end: "isakmp-various-oobr.pcap";
}
