//! The run as a capture: `wan.pcap`, and the tables by which Wireshark reads inside it.
//!
//! Packets are as their sender sends them, so that a NAT, losses and delays are not in it: a lost
//! packet is there once, a duplicated one too.

use super::Day;
use super::logs::FIRST_DAY;
use crate::pcap::{self, Link};
use crossgate_gateway::keylog::KeyLog;
use crossgate_model::ChildSa;
use crossgate_rehearse::trace::{Content, Packet};
use crossgate_rehearse::{Happening, Keys};
use crossgate_wire::ip::{Udp, build_packet, protocol};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

pub fn write(folder: &Path, day: &Day<'_>) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    write_packets(&folder.join("wan.pcap"), day)?;
    // The tables are of this run alone.
    for table in KeyLog::TABLES {
        match fs::remove_file(folder.join(table)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    write_keys(folder, day.world.keys())
}

fn write_packets(path: &Path, day: &Day<'_>) -> io::Result<()> {
    let mut to = BufWriter::new(File::create(path)?);
    pcap::write_head(&mut to, Link::RawIp)?;
    for entry in day.entries() {
        let Happening::Sent { packet, .. } = &entry.what else {
            continue;
        };
        if let Some(whole) = whole(packet) {
            pcap::write_frame(&mut to, FIRST_DAY + entry.at.since_start(), &whole)?;
        }
    }
    to.flush()
}

/// With its outer headers.
fn whole(packet: &Packet) -> Option<Vec<u8>> {
    let payload = packet.octets.as_ref()?;
    let (source, destination) = (packet.from.ip(), packet.to.ip());
    match packet.content {
        Content::Clear => Some(payload.to_vec()),
        Content::Esp { udp: false, .. } => {
            build_packet(source, destination, protocol::ESP, payload).ok()
        }
        _ => Udp {
            source_port: packet.from.port(),
            destination_port: packet.to.port(),
            payload,
        }
        .build(source, destination)
        .ok(),
    }
}

/// Each SA once for each pair of addresses that it is seen with.
fn write_keys(folder: &Path, keys: &Keys) -> io::Result<()> {
    let mut log = KeyLog::open(folder)?;
    let mut known = BTreeSet::new();
    for sa in &keys.ike {
        if known.insert((sa.initiator_spi, sa.responder_spi)) {
            log.ike(sa)?;
        }
    }
    let mut known = BTreeSet::new();
    for sa in &keys.children {
        if known.insert(seen_as(sa)) {
            log.child(sa)?;
        }
    }
    Ok(())
}

/// Equal for the two ends of a pair of SAs, unless a NAT shows them other addresses.
fn seen_as(sa: &ChildSa) -> impl Ord + use<> {
    let ends = [(sa.path.local, sa.spi_in), (sa.path.remote, sa.spi_out)];
    let mut ends = ends;
    ends.sort_unstable();
    ends
}
