//! Which thread's socket gets a packet from the wire, as programs of the kernel's packet filter: by
//! the four bits of our SPI that say a worker (`crossgate_model::spi`).
//!
//! What says no worker that there is goes to the first, which counts it.

use crate::sys::udp::choose_among_sharers;
use crossgate_model::spi::worker_of;
use nix::libc::{
    BPF_A, BPF_ABS, BPF_ALU, BPF_AND, BPF_B, BPF_IMM, BPF_IND, BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JMP,
    BPF_K, BPF_LD, BPF_LDX, BPF_LEN, BPF_MSH, BPF_RET, BPF_RSH, BPF_SUB, BPF_W, BPF_X, sock_filter,
};
use socket2::{SockFilter, Socket};
use std::io;
use std::net::IpAddr;

/// The number of the first worker.
const FIRST: u32 = 1;
/// The whole packet.
const ALL: u32 = u32::MAX;
/// Where an SPI has its worker.
const SHIFT: u32 = 12;
const BITS: u32 = 0xf;
/// Octets of an SPI.
const SPI: u32 = 4;

/// For sockets on UDP 4500, of which the first bound is that of IKE and the others are the workers',
/// in their order. What has IKE's marker or is too short for an SPI goes to IKE's.
pub fn datagrams(socket: &Socket, workers: u8) -> io::Result<()> {
    let program = [
        // A datagram of less than four octets ends the program here, with 0.
        statement(BPF_LD | BPF_W | BPF_ABS, 0),
        jump(BPF_JEQ, 0, 6, 0),
        statement(BPF_ALU | BPF_RSH | BPF_K, SHIFT),
        statement(BPF_ALU | BPF_AND | BPF_K, BITS),
        jump(BPF_JEQ, 0, 2, 0),
        jump(BPF_JGT, workers.into(), 1, 0),
        statement(BPF_RET | BPF_A, 0),
        statement(BPF_RET | BPF_K, FIRST),
        statement(BPF_RET | BPF_K, 0),
    ];
    choose_among_sharers(socket, &program)
}

/// For a socket on UDP 4500 that receives alone, and was bound first: others only send by the port.
pub fn all_to_first(socket: &Socket) -> io::Result<()> {
    choose_among_sharers(socket, &[statement(BPF_RET | BPF_K, 0)])
}

/// For a worker's socket on protocol 50, of which the kernel gives each a copy.
pub fn esp(socket: &Socket, address: IpAddr, worker: u8, workers: u8) -> io::Result<()> {
    let worker = u32::from(worker);
    let is_first = worker == FIRST;
    // IPv4 comes with its header, whose length goes to X; IPv6 without.
    let header = match address {
        IpAddr::V4(_) => statement(BPF_LDX | BPF_B | BPF_MSH, 0),
        IpAddr::V6(_) => statement(BPF_LDX | BPF_W | BPF_IMM, 0),
    };
    let too_short = if is_first { 6 } else { 7 };
    let (nobody, beyond) = match is_first {
        true => (jump(BPF_JEQ, 0, 1, 0), jump(BPF_JGT, workers.into(), 0, 1)),
        false => (jump(BPF_JEQ, worker, 1, 0), jump(BPF_JEQ, worker, 0, 1)),
    };
    let program = [
        header,
        statement(BPF_LD | BPF_W | BPF_LEN, 0),
        statement(BPF_ALU | BPF_SUB | BPF_X, 0),
        jump(BPF_JGE, SPI, 0, too_short),
        statement(BPF_LD | BPF_W | BPF_IND, 0),
        statement(BPF_ALU | BPF_RSH | BPF_K, SHIFT),
        statement(BPF_ALU | BPF_AND | BPF_K, BITS),
        jump(BPF_JEQ, worker, 2, 0),
        nobody,
        beyond,
        statement(BPF_RET | BPF_K, ALL),
        statement(BPF_RET | BPF_K, 0),
    ];
    let program = program.map(|step| SockFilter::new(step.code, step.jt, step.jf, step.k));
    socket.attach_filter(&program)
}

/// The number of the worker that an ESP packet is for, by the same rule.
pub fn worker_for(packet: &[u8], workers: u8) -> u8 {
    let spi = packet.first_chunk().map(|spi| u32::from_be_bytes(*spi));
    let worker = spi.map(worker_of);
    worker
        .filter(|worker| (1..=workers).contains(worker))
        .unwrap_or(1)
}

fn statement(code: u32, k: u32) -> sock_filter {
    step(code, k, 0, 0)
}

/// Goes on behind so many of the next steps, where A and `k` compare so, and where not.
fn jump(comparison: u32, k: u32, yes: u8, no: u8) -> sock_filter {
    step(BPF_JMP | comparison | BPF_K, k, yes, no)
}

fn step(code: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
    // The kernel's codes have 16 bits.
    let code = code as u16;
    sock_filter { code, jt, jf, k }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossgate_model::spi::for_worker;
    use socket2::{Domain, Type};
    use std::net::{Ipv4Addr, SocketAddr};
    use std::time::Duration;

    const WORKERS: u8 = 3;

    fn sharing(at: SocketAddr) -> Socket {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).expect("a socket");
        socket.set_reuse_port(true).expect("it shares its port");
        socket.set_nonblocking(true).expect("it does not wait");
        socket.bind(&at.into()).expect("a port on loopback");
        socket
    }

    /// Whose sockets have something; what they have is read.
    fn who_got_it(sockets: &[Socket]) -> Vec<usize> {
        let got = |socket: &Socket| {
            socket
                .recv(&mut [std::mem::MaybeUninit::uninit(); 64])
                .is_ok()
        };
        let all = sockets.iter().enumerate();
        all.filter(|(_, socket)| got(socket))
            .map(|(number, _)| number)
            .collect()
    }

    /// From many ports, so that the kernel's own choice would be seen.
    #[test]
    fn a_datagram_goes_to_the_worker_that_its_spi_says() {
        let first = sharing((Ipv4Addr::LOCALHOST, 0).into());
        let at = first.local_addr().expect("its address").as_socket();
        let at = at.expect("an Internet address");
        let mut sockets = vec![first];
        sockets.extend((0..WORKERS).map(|_| sharing(at)));
        datagrams(&sockets[0], WORKERS).expect("the kernel takes the program");
        let spi = |worker| for_worker(0xabcd_e123, worker).to_be_bytes().to_vec();
        let mut cases = vec![
            (vec![0, 0, 0, 0, 7, 7], 0),
            (vec![0xff], 0),
            (vec![1, 2, 3], 0),
            (vec![], 0),
            (spi(0), 1),
            (spi(WORKERS + 1), 1),
            (spi(15), 1),
        ];
        cases.extend((1..=WORKERS).map(|worker| (spi(worker), usize::from(worker))));
        for (octets, expected) in cases {
            for _ in 0..8 {
                let sender = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket");
                sender.send_to(&octets, at).expect("the datagram leaves");
                std::thread::sleep(Duration::from_millis(1));
                assert_eq!(who_got_it(&sockets), [expected], "{octets:?}");
            }
        }
    }
}
