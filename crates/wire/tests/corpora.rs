//! The corpora of `fuzz/`: our seeds are in them as written below, and every file replays without fault.
//!
//! `UPDATE_EXPECT=1 cargo test -p crossgate-wire` writes the seeds; whatever a fuzzer found can be added beside them.

mod support;

use std::fs;
use std::path::PathBuf;

use crossgate_wire::esp::{Port4500, classify_4500};
use crossgate_wire::fuzzing::{self, Broken};
use crossgate_wire::ike::{Message, Payload, build_plain_chain};
use crossgate_wire::ip::{Packet, Udp, protocol};
use support::{capture, messages};

type Seeds = Vec<(String, Vec<u8>)>;

fn check(target: &str, seeds: Seeds, run: fn(&[u8]) -> Result<(), Broken>) {
    let folder = corpus(target);
    for (name, seed) in &seeds {
        let path = folder.join(name);
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, seed).unwrap();
        }
        assert_eq!(&fs::read(&path).unwrap(), seed, "{}", path.display());
    }
    let files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(files.len() >= seeds.len());
    for path in files {
        run(&fs::read(&path).unwrap())
            .unwrap_or_else(|broken| panic!("{}: {broken:?}", path.display()));
    }
}

fn corpus(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target)
}

#[test]
fn ike_messages_replay() {
    let mut seeds = vec![
        (
            "every-payload".to_string(),
            messages::full_message().emit().unwrap(),
        ),
        (
            "fragment".to_string(),
            messages::fragment_message().emit().unwrap(),
        ),
    ];
    seeds.extend(captured(|datagram| match classify_4500(datagram) {
        Port4500::Ike(message) => Message::parse(message).ok().map(|_| message.to_vec()),
        _ => Message::parse(datagram).ok().map(|_| datagram.to_vec()),
    }));
    check("ike_message", seeds, fuzzing::ike_message);
}

#[test]
fn ike_payloads_replay() {
    let chain = |payloads: &[Payload]| {
        let (first, chain) = build_plain_chain(payloads).unwrap();
        [&[first.0], chain.as_slice()].concat()
    };
    let every = messages::every_payload();
    let mut seeds: Seeds = vec![("every-payload".to_string(), chain(&every))];
    seeds.extend(every.iter().enumerate().map(|(index, payload)| {
        (
            format!("payload-{index}"),
            chain(std::slice::from_ref(payload)),
        )
    }));
    check("ike_payloads", seeds, fuzzing::ike_payloads);
}

#[test]
fn esp_packets_replay() {
    let made = messages::packets().into_iter().enumerate();
    let mut seeds: Seeds = made
        .map(|(index, packet)| (format!("packet-{index}"), packet))
        .collect();
    seeds.extend(captured(|datagram| match classify_4500(datagram) {
        Port4500::Esp(packet) if Message::parse(packet).is_err() => Some(packet.to_vec()),
        _ => None,
    }));
    check("esp_packet", seeds, fuzzing::esp_packet);
}

/// What `pick` takes of the first datagrams of captures that differ much from each other.
fn captured(pick: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Seeds {
    const CAPTURES: [&str; 5] = [
        "ikev2four.pcap",
        "scapy_ikev2_nat_t.pcapng",
        "scapy_ikev2_notify_redirect.pcap",
        "zeek_ikev2.pcap",
        "espudp1.pcap",
    ];
    const EACH: usize = 6;
    let mut seeds = Vec::new();
    for name in CAPTURES {
        let frames = capture::read(name);
        let picked = frames
            .iter()
            .filter_map(|frame| pick(&datagram(frame.ip()?)?))
            .take(EACH);
        seeds.extend(
            picked
                .enumerate()
                .map(|(index, seed)| (format!("{name}-{index}"), seed)),
        );
    }
    seeds
}

fn datagram(ip: &[u8]) -> Option<Vec<u8>> {
    let packet = Packet::parse(ip).ok()?;
    (packet.protocol == protocol::UDP).then(|| Udp::parse(&packet).unwrap().payload.to_vec())
}
