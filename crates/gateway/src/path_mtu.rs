//! The outer DF bit, and what comes back when a packet with it is too long for a link: the kernel
//! keeps ICMP errors about a socket's packets in the socket's error queue (ip(7), IP_RECVERR).
//!
//! The kernel's own path MTU, which it takes from errors that nobody has proven, is not used for
//! packets with DF (IP_PMTUDISC_PROBE): the data plane decides what it believes.

use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt,
};
use rustix::net::sockopt::{
    Ipv4PathMtuDiscovery, Ipv6PathMtuDiscovery, set_ip_mtu_discover, set_ipv6_mtu_discover,
};
use std::io::{self, IoSliceMut};
use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd};

/// Octets of a quoted packet that are kept: more than enough to tell which it was.
const QUOTED: usize = 64;

/// Of linux/errqueue.h: who made an error.
const ORIGIN_LOCAL: u8 = 1;
const ORIGIN_ICMP: u8 = 2;
const ORIGIN_ICMPV6: u8 = 3;
/// Type and code of "fragmentation needed" (RFC 1191 §4) and "packet too big" (RFC 4443 §3.2).
const FRAGMENTATION_NEEDED: (u8, u8) = (3, 4);
const PACKET_TOO_BIG: (u8, u8) = (2, 0);

/// One error about a packet of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Where the packet was going.
    pub remote: IpAddr,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A router says that the next link takes so many octets; what it quotes of the packet behind
    /// IP's and UDP's headers.
    Router { mtu: u32, quoted: Vec<u8> },
    /// The device here takes no more.
    Device { mtu: u32 },
    /// Something else than its length.
    Other,
}

/// Room for what the kernel says beside a quoted packet.
pub fn control_buffer() -> Vec<u8> {
    // An extended error with the address of its sender, for which the longest has room.
    nix::cmsg_space!([u8; 64])
}

pub fn ask_for_errors(socket: &impl AsFd, address: IpAddr) -> io::Result<()> {
    match address {
        IpAddr::V4(_) => setsockopt(socket, sockopt::Ipv4RecvErr, &true)?,
        IpAddr::V6(_) => setsockopt(socket, sockopt::Ipv6RecvErr, &true)?,
    }
    Ok(())
}

/// What is sent from now on has DF.
pub fn forbid_fragments(socket: &impl AsFd, address: IpAddr) -> io::Result<()> {
    match address {
        IpAddr::V4(_) => set_ip_mtu_discover(socket, Ipv4PathMtuDiscovery::PROBE)?,
        IpAddr::V6(_) => set_ipv6_mtu_discover(socket, Ipv6PathMtuDiscovery::PROBE)?,
    }
    Ok(())
}

/// What is sent from now on is fragmented where it has to be.
pub fn allow_fragments(socket: &impl AsFd, address: IpAddr) -> io::Result<()> {
    match address {
        IpAddr::V4(_) => set_ip_mtu_discover(socket, Ipv4PathMtuDiscovery::DONT)?,
        IpAddr::V6(_) => set_ipv6_mtu_discover(socket, Ipv6PathMtuDiscovery::DONT)?,
    }
    Ok(())
}

/// The next error of a socket's queue; `None` when there is none.
pub fn next_error(socket: &impl AsFd, control: &mut [u8]) -> io::Result<Option<Told>> {
    let mut quoted = [0; QUOTED];
    let mut parts = [IoSliceMut::new(&mut quoted)];
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    let fd = socket.as_fd().as_raw_fd();
    let message = match recvmsg::<SockaddrStorage>(fd, &mut parts, Some(control), flags) {
        Ok(message) => message,
        Err(nix::errno::Errno::EAGAIN) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let length = message.bytes;
    let Some(remote) = message.address.as_ref().and_then(crate::trains::address) else {
        return Err(io::Error::other("an error about a packet to nowhere"));
    };
    let mut error = None;
    for told in message.cmsgs()? {
        match told {
            ControlMessageOwned::Ipv4RecvErr(told, _)
            | ControlMessageOwned::Ipv6RecvErr(told, _) => error = Some(told),
            _ => {}
        }
    }
    let quoted = quoted.get(..length).unwrap_or_default();
    let what = error.map_or(What::Other, |error| {
        let kind = (error.ee_type, error.ee_code);
        match (error.ee_origin, kind) {
            (ORIGIN_ICMP, FRAGMENTATION_NEEDED) | (ORIGIN_ICMPV6, PACKET_TOO_BIG) => What::Router {
                mtu: error.ee_info,
                quoted: quoted.to_vec(),
            },
            (ORIGIN_LOCAL, _) if error.ee_info > 0 => What::Device { mtu: error.ee_info },
            _ => What::Other,
        }
    });
    Ok(Some(Told {
        remote: remote.ip(),
        what,
    }))
}
