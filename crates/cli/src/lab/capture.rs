//! What crosses the WAN, seen from the router between: every packet is kept for a pcap file and
//! judged for plaintext.

use super::namespace::Namespace;
use crate::pcap::{self, Link, SNAP_LENGTH};
use ipnet::Ipv4Net;
use nix::errno::Errno;
use nix::net::if_::if_nametoindex;
use nix::sys::socket::{LinkAddr, recvfrom};
use serde::Serialize;
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{self, Write};
use std::iter::Sum;
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

/// Frames kept at most: a lab's few seconds are far below it.
const FRAMES_MAX: usize = 200_000;
const RECEIVE_BUFFER: usize = 8 << 20;
const ETHERNET_HEADER: usize = 14;
/// How often the capture looks whether it is to end.
const TICK: Duration = Duration::from_millis(20);
/// All protocols (ETH_P_ALL), in network order as packet sockets want it.
const ALL_PROTOCOLS: i32 = (libc::ETH_P_ALL as u16).to_be() as i32;

/// What was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    pub esp_packets: u64,
    pub plaintext_packets: u64,
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            esp_packets: sum.esp_packets + one.esp_packets,
            plaintext_packets: sum.plaintext_packets + one.plaintext_packets,
        })
    }
}

/// A capture under way.
pub struct Capture {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<io::Result<Vec<Frame>>>,
}

struct Frame {
    at: SystemTime,
    /// Index of the device that it came in or went out by.
    device: usize,
    octets: Vec<u8>,
}

/// A finished capture.
pub struct Recording {
    frames: Vec<Frame>,
}

impl Capture {
    /// Captures on all devices of a namespace until [`Self::finish`].
    pub fn start(namespace: &Namespace) -> io::Result<Self> {
        let socket = namespace.enter(open)??;
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = std::thread::spawn(move || record(&socket, &told));
        Ok(Self { stop, thread })
    }

    pub fn finish(self) -> io::Result<Recording> {
        self.stop.store(true, Ordering::Relaxed);
        let frames = self.thread.join();
        let frames = frames.map_err(|_| io::Error::other("the capture thread died"))??;
        Ok(Recording { frames })
    }
}

fn open() -> io::Result<Socket> {
    let protocol = Protocol::from(ALL_PROTOCOLS);
    let socket = Socket::new(Domain::PACKET, Type::RAW, Some(protocol))?;
    socket.set_read_timeout(Some(TICK))?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER).ok();
    Ok(socket)
}

/// Goes on until it is told to stop and nothing more has come.
fn record(socket: &Socket, stop: &AtomicBool) -> io::Result<Vec<Frame>> {
    let mut frames = Vec::new();
    let mut buffer = vec![0; SNAP_LENGTH];
    loop {
        match recvfrom::<LinkAddr>(socket.as_raw_fd(), &mut buffer) {
            Ok((length, Some(from))) if frames.len() < FRAMES_MAX => {
                frames.push(frame(&buffer[..length], from.ifindex()));
            }
            Ok(_) | Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) if stop.load(Ordering::Relaxed) => return Ok(frames),
            Err(Errno::EAGAIN) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "a capture is stamped with the real time"
)]
fn frame(octets: &[u8], device: usize) -> Frame {
    Frame {
        at: SystemTime::now(),
        device,
        octets: octets.to_vec(),
    }
}

impl Recording {
    /// What crossed one device of the namespace that was captured in.
    pub fn of_device(&self, namespace: &Namespace, device: &str) -> io::Result<Recording> {
        let index = namespace.enter(|| if_nametoindex(device))??;
        let mine = |frame: &&Frame| frame.device == index as usize;
        let copy = |frame: &Frame| Frame {
            octets: frame.octets.clone(),
            ..*frame
        };
        let frames = self.frames.iter().filter(mine).map(copy).collect();
        Ok(Recording { frames })
    }

    pub fn tally(&self, protected: &[Ipv4Net]) -> Tally {
        let mut tally = Tally::default();
        for frame in &self.frames {
            match judge(&frame.octets, protected) {
                Seen::Esp => tally.esp_packets += 1,
                Seen::Plaintext => tally.plaintext_packets += 1,
                Seen::Ike | Seen::Other => {}
            }
        }
        tally
    }

    /// Writes a pcap file.
    pub fn write_pcap(&self, mut to: impl Write) -> io::Result<()> {
        pcap::write_head(&mut to, Link::Ethernet)?;
        for frame in &self.frames {
            let since = frame.at.duration_since(SystemTime::UNIX_EPOCH);
            pcap::write_frame(&mut to, since.unwrap_or_default(), &frame.octets)?;
        }
        to.flush()
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Esp,
    Ike,
    /// An outer address of the packet is one of a protected network.
    Plaintext,
    Other,
}

fn judge(frame: &[u8], protected: &[Ipv4Net]) -> Seen {
    const ETHERTYPE_IPV4: [u8; 2] = [0x08, 0x00];
    const ESP: u8 = 50;
    const UDP: u8 = 17;
    if frame.get(12..ETHERNET_HEADER) != Some(&ETHERTYPE_IPV4) {
        return Seen::Other;
    }
    let Some((header, rest)) = ipv4(&frame[ETHERNET_HEADER..]) else {
        return Seen::Other;
    };
    let address = |at: usize| <[u8; 4]>::try_from(&header[at..at + 4]).map(Ipv4Addr::from);
    let inside = |at| address(at).is_ok_and(|a| protected.iter().any(|net| net.contains(&a)));
    match header[9] {
        _ if inside(12) || inside(16) => Seen::Plaintext,
        ESP => Seen::Esp,
        UDP => judge_udp(rest),
        _ => Seen::Other,
    }
}

fn ipv4(packet: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = usize::from(packet.first()? & 0x0f) * 4;
    (length >= 20).then(|| packet.split_at_checked(length))?
}

fn judge_udp(datagram: &[u8]) -> Seen {
    let port = |at: usize| {
        Some(u16::from_be_bytes(
            datagram.get(at..at + 2)?.try_into().ok()?,
        ))
    };
    let ports = (port(0), port(2));
    let payload = datagram.get(8..).unwrap_or_default();
    if ports.0 == Some(500) || ports.1 == Some(500) {
        return Seen::Ike;
    }
    if ports.0 != Some(4500) && ports.1 != Some(4500) {
        return Seen::Other;
    }
    match payload {
        [0, 0, 0, 0, ..] => Seen::Ike,
        [_, _, _, _, ..] => Seen::Esp,
        _ => Seen::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(protocol: u8, source: [u8; 4], destination: [u8; 4], payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![0; 12];
        frame.extend([0x08, 0x00, 0x45, 0, 0, 0, 0, 0, 0, 0, 64, protocol, 0, 0]);
        frame.extend(source.into_iter().chain(destination));
        frame.extend(payload);
        frame
    }

    #[test]
    fn each_kind_of_packet_on_the_wan_is_told_apart() {
        const WAN: ([u8; 4], [u8; 4]) = ([203, 0, 113, 10], [198, 51, 100, 20]);
        let lan: Ipv4Net = "10.10.10.0/24".parse().expect("a network");
        let wan = |protocol, payload: &[u8]| frame(protocol, WAN.0, WAN.1, payload);
        let udp = |port: u16, payload: &[u8]| {
            let mut datagram = [port.to_be_bytes(), port.to_be_bytes()].concat();
            datagram.extend([0; 4]);
            datagram.extend(payload);
            wan(17, &datagram)
        };
        let cases = [
            (wan(50, &[1, 2, 3, 4]), Seen::Esp),
            (udp(500, &[1, 2, 3, 4]), Seen::Ike),
            (udp(4500, &[0, 0, 0, 0, 9]), Seen::Ike),
            (udp(4500, &[0, 0, 1, 0, 9]), Seen::Esp),
            (udp(4500, &[0xff]), Seen::Other),
            (frame(1, [10, 10, 10, 1], WAN.1, &[8, 0]), Seen::Plaintext),
            (frame(50, WAN.0, [10, 10, 10, 9], &[8, 0]), Seen::Plaintext),
            (vec![0; 13], Seen::Other),
            (wan(17, &[])[..20].to_vec(), Seen::Other),
        ];
        for (octets, seen) in cases {
            assert_eq!(judge(&octets, &[lan]), seen, "{octets:02x?}");
        }
    }
}
